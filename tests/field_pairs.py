"""Writes interlaced H.264 without an encoder: frames coded as two field pictures (PAFF), losslessly.

The encoders that make the other clips write no field pictures. Here each field is a picture and an access unit of
its own, as ITU-T H.264 has it (3.1, 7.4.1.2.4); macroblocks are I_PCM, or skipped where a picture repeats the one
before, so that the samples which must come out are known exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from frame_number import draw_frame_number

WIDTH, HEIGHT = 128, 96
MACROBLOCK = 16
CHROMA = 128
# Of the slice headers, as the sequence parameter set tells them.
FRAME_NUM_BITS, ORDER_COUNT_BITS = 4, 8
SLICE, IDR_SLICE, SEQUENCE_SET, PICTURE_SET, DELIMITER = 1, 5, 7, 8, 9
I_SLICE, P_SLICE = 7, 5
I_PCM = {I_SLICE: 25, P_SLICE: 5 + 25}


class Coding(Enum):
    """How one frame is coded."""

    TOP_FIRST = "top field, then bottom field"
    BOTTOM_FIRST = "bottom field, then top field"
    FRAME = "one frame picture"


@dataclass(frozen=True)
class CodedFrame:
    """A frame's number, its luma samples (HEIGHT, WIDTH) and its access units, one or two, with start codes."""

    number: int
    luma: np.ndarray
    access_units: tuple[bytes, ...]


class _Bits:
    """The payload of a NAL unit (7.2, 9.1)."""

    def __init__(self) -> None:
        self._bits: list[int] = []

    def u(self, count: int, value: int) -> None:
        self._bits += [value >> shift & 1 for shift in reversed(range(count))]

    def ue(self, *values: int) -> None:
        for value in values:
            length = (value + 1).bit_length()
            self.u(2 * length - 1, value + 1)

    def aligned(self, samples: np.ndarray) -> None:
        self._bits += [0] * (-len(self._bits) % 8)
        self._bits += np.unpackbits(samples.ravel()).tolist()

    def with_trailing_bits(self) -> bytes:
        return np.packbits(np.array([*self._bits, 1], np.uint8)).tobytes()


def _nal(kind: int, reference: bool, payload: bytes) -> bytes:
    escaped, zeros = bytearray(), 0
    for byte in payload:
        if zeros >= 2 and byte <= 3:
            escaped.append(3)
            zeros = 0
        escaped.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return b"\0\0\0\1" + bytes([(3 if reference else 0) << 5 | kind]) + bytes(escaped)


def parameter_sets() -> bytes:
    """Main profile, level 3, interlaced coding allowed, CAVLC, two reference frames, no loop filter by default."""
    sequence = _Bits()
    sequence.u(24, 77 << 16 | 30)
    sequence.ue(0, FRAME_NUM_BITS - 4, 0, ORDER_COUNT_BITS - 4, 2)
    sequence.u(1, 0)  # gaps_in_frame_num_value_allowed_flag
    sequence.ue(WIDTH // MACROBLOCK - 1, HEIGHT // MACROBLOCK // 2 - 1)
    # frame_mbs_only, mb_adaptive_frame_field, direct_8x8_inference, frame_cropping, vui_parameters_present
    sequence.u(5, 0b00100)
    picture = _Bits()
    picture.ue(0, 0)
    picture.u(2, 0)  # CAVLC, bottom_field_pic_order_in_frame_present_flag
    picture.ue(0, 0, 0)
    picture.u(3, 0)  # weighted prediction
    picture.ue(0, 0, 0)
    picture.u(3, 0b100)  # deblocking_filter_control_present_flag
    return _nal(SEQUENCE_SET, True, sequence.with_trailing_bits()) + _nal(
        PICTURE_SET, True, picture.with_trailing_bits()
    )


def _picture(
    luma: np.ndarray, before: np.ndarray | None, *, frame_num: int, order_count: int, is_idr: bool, parity: int | None
) -> bytes:
    """A slice of all macroblocks; those equal to `before` are skipped. ``parity``: 0 top, 1 bottom, None a frame."""
    bits, kind = _Bits(), I_SLICE if before is None else P_SLICE
    bits.ue(0, kind, 0)
    bits.u(FRAME_NUM_BITS, frame_num)
    bits.u(1, parity is not None)
    if parity is not None:
        bits.u(1, parity)
    if is_idr:
        bits.ue(0)
    bits.u(ORDER_COUNT_BITS, order_count)
    if kind == P_SLICE:
        bits.u(2, 0)  # num_ref_idx_active_override_flag, ref_pic_list_modification_flag_l0
    bits.u(2 if is_idr else 1, 0)  # dec_ref_pic_marking
    bits.ue(0, 1)  # slice_qp_delta, disable_deblocking_filter_idc
    skipped = 0
    for row in range(0, luma.shape[0], MACROBLOCK):
        for column in range(0, luma.shape[1], MACROBLOCK):
            place = np.s_[row : row + MACROBLOCK, column : column + MACROBLOCK]
            if before is not None and (luma[place] == before[place]).all():
                skipped += 1
                continue
            if kind == P_SLICE:
                bits.ue(skipped)
            skipped = 0
            bits.ue(I_PCM[kind])
            bits.aligned(np.append(luma[place].ravel(), np.full(MACROBLOCK**2 // 2, CHROMA, np.uint8)))
    if skipped:
        bits.ue(skipped)
    return _nal(IDR_SLICE if is_idr else SLICE, True, bits.with_trailing_bits())


def write(codings: Sequence[Coding], first_number: int, idr_every: int) -> list[CodedFrame]:
    """One frame for each entry, numbered from ``first_number`` on.

    An IDR picture with parameter sets comes every ``idr_every`` frames; its second field is intra-coded, too. All
    other frames refer to the one before. Presentation order is decoding order.
    """
    background = np.random.default_rng(3).integers(40, 200, (HEIGHT, WIDTH, 1), dtype=np.uint8).repeat(3, axis=2)
    frames: list[CodedFrame] = []
    for index, coding in enumerate(codings):
        picture = background.copy()
        draw_frame_number(picture, first_number + index)
        luma = (16 + picture[..., 0].astype(np.uint16) * 219 // 255).astype(np.uint8)
        since_idr = index % idr_every
        before = frames[-1].luma if since_idr else None
        parities = {Coding.TOP_FIRST: (0, 1), Coding.BOTTOM_FIRST: (1, 0), Coding.FRAME: (None,)}[coding]
        access_units = []
        for place, parity in enumerate(parities):
            lines = np.s_[:] if parity is None else np.s_[parity::2]
            is_first = since_idr == 0 and place == 0
            unit = _nal(DELIMITER, False, b"\xf0") + (parameter_sets() if is_first else b"")
            unit += _picture(
                luma[lines],
                None if before is None else before[lines],
                frame_num=since_idr % (1 << FRAME_NUM_BITS),
                order_count=(2 * since_idr + place) % (1 << ORDER_COUNT_BITS),
                is_idr=is_first,
                parity=parity,
            )
            access_units.append(unit)
        frames.append(CodedFrame(first_number + index, luma, tuple(access_units)))
    return frames

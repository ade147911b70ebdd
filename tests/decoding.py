"""What the decoder tests share: frames, decoders with recorded outputs, and exact colour conversion."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from clips_lib import Clip
from savant_rs.deepstream import (
    FlexibleDecoder,
    FlexibleDecoderConfig,
    FlexibleDecoderOutput,
    Hardware,
    SurfaceView,
    VideoFormat,
    backend,
)
from savant_rs.gstreamer import PacketReader
from savant_rs.primitives import Codec, VideoFrame, VideoFrameContent

SOURCE = "camera-1"
POOL_SIZE = 4
WAIT_S = 30.0
# Tests share their cores with whatever else runs: a drain must not be given up for that.
PATIENCE_MS = 20_000
# Where pictures are decoded: in hardware where it can, and in software. Without a GPU that is the same.
WHERE = [Hardware.SOFTWARE] if backend() == "host" else [Hardware.PREFERRED, Hardware.SOFTWARE]

# Kr and Kb of ITU-R BT.601, BT.709 and BT.2020.
LUMA_WEIGHTS = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722), "bt2020nc": (0.2627, 0.0593)}


def make_frame(codec: Codec | None, width: int, height: int, **values: Any) -> VideoFrame:
    """A frame of ``SOURCE`` without content."""
    content = values.pop("content", VideoFrameContent.none())
    return VideoFrame(values.pop("source_id", SOURCE), (30, 1), width, height, content, codec=codec, **values)


def packets_of(path: Path, **options: Any) -> list[tuple[VideoFrame, bytes]]:
    """All packets of a file in decode order."""
    with PacketReader(path, SOURCE, **options) as reader:
        return list(reader)


def packets(clip: Clip, **options: Any) -> list[tuple[VideoFrame, bytes]]:
    """All packets of a clip in decode order."""
    return packets_of(clip.path, **options)


def assert_each_is_nearest(pictures: Sequence[np.ndarray], expected: Sequence[np.ndarray]) -> None:
    """Each picture, filtered as it may be, is less different from its own than from the other expected ones."""
    assert len(pictures) == len(expected)
    for index, picture in enumerate(pictures):
        differences = [np.abs(picture.astype(float) - other).mean() for other in expected]
        assert np.argmin(differences) == index, differences


@dataclass
class Picture:
    """A delivered picture; ``pixels`` has shape (height, width, 4), or is 1-D for planar formats; dtype uint8."""

    frame: VideoFrame
    decoded: Any
    pixels: np.ndarray
    color_format: int
    savant_ids: list[tuple[Any, int]]
    buffer_pts_ns: int | None


@dataclass
class Recorder:
    """A result callback that keeps what it sees, and the pixels of every picture.

    The deliveries are unsealed by ``pictures``, after the decoder has been shut down.
    """

    events: list[tuple[str, Any]] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    keep_pixels: bool = True
    _pictures: list[Picture] = field(default_factory=list)
    _seals: list[Any] = field(default_factory=list)

    def __call__(self, output: FlexibleDecoderOutput) -> None:
        self.threads.append(threading.get_ident())
        if output.is_frame:
            frame = output.as_frame()
            delivery = frame.take_delivery()
            self.events.append(("frame", frame.frame))
            # The consumer of a real program unseals in another thread; here a thread per picture does.
            consumer = threading.Thread(target=self._consume, args=(delivery, frame.decoded_frame))
            consumer.start()
            self._seals.append(consumer)
        elif output.is_skipped:
            self.events.append(("skipped", output.as_skipped()))
        elif output.is_parameter_change:
            change = output.as_parameter_change()
            self.events.append(("change", (parameters(change.old), parameters(change.new))))
        elif output.is_source_eos:
            self.events.append(("eos", output.as_source_eos().source_id))
        elif output.is_error:
            self.events.append(("error", output.as_error()))
        else:
            self.events.append((repr(output), None))

    def _consume(self, delivery: Any, decoded: Any) -> None:
        frame, buffer = delivery.unseal(timeout_ms=int(WAIT_S * 1000))
        view = SurfaceView.from_buffer(buffer)
        pixels = view.download() if self.keep_pixels else np.empty(0)
        picture = Picture(frame, decoded, pixels, view.color_format, buffer.savant_ids(), buffer.pts_ns)
        self._pictures.append(picture)

    @property
    def pictures(self) -> list[Picture]:
        """The delivered pictures in the order of their delivery."""
        for consumer in self._seals:
            consumer.join(WAIT_S)
        order = {frame.uuid: index for index, (kind, frame) in enumerate(self.events) if kind == "frame"}
        return sorted(self._pictures, key=lambda picture: order[picture.frame.uuid])

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.events]

    @property
    def skips(self) -> list[Any]:
        return [value for kind, value in self.events if kind == "skipped"]

    @property
    def reasons(self) -> list[str]:
        return [reason_name(skip.reason) for skip in self.skips]


def parameters(value: Any) -> tuple[Codec, int, int]:
    return (value.codec, value.width, value.height)


def reason_name(reason: Any) -> str:
    """The one reason that is true, without its ``is_``."""
    names = [name for name in dir(reason) if name.startswith("is_") and getattr(reason, name)]
    assert len(names) == 1, names
    return names[0].removeprefix("is_")


def config(**builders: Any) -> FlexibleDecoderConfig:
    """A configuration for ``SOURCE``; each keyword calls the ``with_`` method of that name.

    A dictionary gives the method's keyword arguments, anything else its only argument.
    """
    made = FlexibleDecoderConfig(SOURCE, 0, builders.pop("pool_size", POOL_SIZE))
    builders.setdefault("idle_timeout_ms", PATIENCE_MS)
    for name, value in builders.items():
        change = getattr(made, f"with_{name}")
        made = change(**value) if isinstance(value, dict) else change(value)
    return made


@contextmanager
def recorded(**builders: Any) -> Iterator[tuple[FlexibleDecoder, Recorder]]:
    """A decoder with its recorder, shut down gracefully at the end; every frame must be accounted for."""
    recorder = Recorder()
    decoder = FlexibleDecoder(config(**builders), recorder)
    try:
        yield decoder, recorder
    finally:
        if repr(decoder) == "FlexibleDecoder(running)":
            decoder.graceful_shutdown()
    assert_accounted(decoder.stats())


def assert_accounted(stats: dict[str, Any]) -> None:
    ended = stats["delivered"] + sum(stats["skipped"].values()) + stats["errors"] + stats["lost"]
    assert stats["submitted"] == ended + stats["in_flight"], stats
    assert stats["in_flight"] == 0, stats


def planes_of(pixels: np.ndarray, format: VideoFormat, width: int, height: int) -> tuple[np.ndarray, ...]:
    """The Y, U and V planes of a downloaded 4:2:0 picture, shapes (height, width) and twice (ceil, ceil) of half."""
    chroma_height, chroma_width = -(-height // 2), -(-width // 2)
    luma, chroma = np.split(pixels, [height * width])
    if format == VideoFormat.I420:
        first, second = chroma.reshape(2, chroma_height, chroma_width)
    else:
        pairs = chroma.reshape(chroma_height, chroma_width, 2)
        first, second = np.moveaxis(pairs, -1, 0)
    if format == VideoFormat.NV21:
        first, second = second, first
    return luma.reshape(height, width), first, second


def rgba_from_planes(planes: tuple[np.ndarray, ...], matrix: str, full_range: bool, bits: int = 8) -> np.ndarray:
    """Y'CbCr planes as float64 RGB, shape (height, width, 3), each chroma sample replicated over its block.

    The equations of ITU-R BT.601, 709 and 2020: E'R = Y + 2 (1 - Kr) Cr, E'B = Y + 2 (1 - Kb) Cb,
    E'G = (Y - Kr R - Kb B) / (1 - Kr - Kb).
    """
    luma, cb, cr = (plane.astype(np.float64) for plane in planes)
    height, width = luma.shape

    def upsampled(chroma: np.ndarray) -> np.ndarray:
        rows, columns = -(-height // chroma.shape[0]), -(-width // chroma.shape[1])
        return chroma.repeat(rows, axis=0).repeat(columns, axis=1)[:height, :width] - (1 << (bits - 1))

    step, greatest = 1 << (bits - 8), (1 << bits) - 1
    y = luma / greatest if full_range else (luma / step - 16) / 219
    scale = greatest if full_range else 224 * step
    cb, cr = upsampled(cb) / scale, upsampled(cr) / scale
    kr, kb = LUMA_WEIGHTS[matrix]
    red, blue = y + 2 * (1 - kr) * cr, y + 2 * (1 - kb) * cb
    green = (y - kr * red - kb * blue) / (1 - kr - kb)
    return np.clip(np.stack([red, green, blue], axis=-1) * 255, 0, 255)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB, for a peak of 255."""
    error = np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2)
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))

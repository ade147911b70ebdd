"""Every codec: each frame once, in presentation order, with the right identity and the right pixels."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from clips_lib import CLIPS, Clip, read_frame_number
from decoding import SOURCE, Picture, make_frame, packets, recorded
from savant_rs.deepstream import FlexibleDecoderConfig, Hardware, SavantIdMetaKind, VideoFormat, backend
from savant_rs.primitives import Codec, VideoFrame
from vp9_superframes import frames_of, made_hidden, shows_again, slot_of_hidden, superframe

Unit = tuple[VideoFrame, bytes]

VIDEO = [clip for clip in CLIPS.values() if not clip.is_still]


def name(clip: Clip) -> str:
    return clip.name


def is_hardware(clip: Clip) -> bool:
    """Whether this machine decodes the clip in hardware: video, and JPEG of even block sizes, on a GPU."""
    if str(backend()) != "deepstream":
        return False
    fits = clip.width % 8 == 0 and clip.height % 8 == 0
    return clip.codec in {"h264", "hevc", "vp8", "vp9"} or (clip.codec == "jpeg" and fits)


@pytest.mark.parametrize("clip", CLIPS.values(), ids=name)
def test_every_frame_once_in_presentation_order(clip: Clip) -> None:
    sent = packets(clip)
    with recorded() as (decoder, recorder):
        for frame, data in sent:
            decoder.submit(frame, data)
    pictures = recorder.pictures
    assert len(pictures) == clip.frames
    assert recorder.reasons == ["no_picture"] * clip.hidden
    assert {skip.reason.detail for skip in recorder.skips} <= {"not_shown"}
    numbers = [read_frame_number(picture.pixels) for picture in pictures]
    assert numbers == list(clip.numbers)
    assert decoder.stats()["orphans"] == 0

    submitted = {id(frame) for frame, _ in sent}
    for picture in pictures:
        assert id(picture.frame) in submitted, "the very object comes back"
        assert picture.pixels.shape == (clip.height, clip.width, 4)
        assert (picture.pixels[..., 3] == 255).all() or clip.pixel_format == "rgba"
        decoded = picture.decoded
        assert decoded.frame_id == int(picture.frame.uuid.replace("-", ""), 16)
        assert decoded.format == VideoFormat.RGBA
        assert decoded.codec == picture.frame.codec
        assert decoded.decoder
        assert decoded.hardware is is_hardware(clip)
        assert picture.savant_ids == [(SavantIdMetaKind.FRAME, decoded.frame_id)]
        assert picture.buffer_pts_ns == decoded.pts_ns


def test_png_pixels_are_exact() -> None:
    expected = np.random.default_rng(7).integers(0, 256, (20, 30, 4), dtype=np.uint8)
    with recorded() as (decoder, recorder):
        decoder.submit(make_frame(Codec.Png, 30, 20), png(expected))
    np.testing.assert_array_equal(recorder.pictures[0].pixels, expected)


def png(pixels: np.ndarray) -> bytes:
    """An RGBA PNG, written without a library."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_raw_pixels_are_exact_and_rgb_becomes_opaque() -> None:
    rgba = np.random.default_rng(8).integers(0, 256, (13, 17, 4), dtype=np.uint8)
    with recorded() as (decoder, recorder):
        decoder.submit(make_frame(Codec.RawRgba, 17, 13), rgba.tobytes())
        decoder.submit(make_frame(Codec.RawRgb, 17, 13), np.ascontiguousarray(rgba[..., :3]).tobytes())
    first, second = (picture.pixels for picture in recorder.pictures)
    np.testing.assert_array_equal(first, rgba)
    np.testing.assert_array_equal(second[..., :3], rgba[..., :3])
    assert (second[..., 3] == 255).all()


@pytest.mark.parametrize("codec", [Codec.RawRgba, Codec.RawRgb])
def test_a_raw_payload_of_the_wrong_size_is_refused_and_not_counted(codec: Codec) -> None:
    size = 8 * 8 * (4 if codec == Codec.RawRgba else 3)
    with recorded() as (decoder, recorder):
        for wrong in (size - 1, size + 1, 0):
            with pytest.raises(RuntimeError, match=f"{wrong} bytes.*8x8 needs exactly {size}"):
                decoder.submit(make_frame(codec, 8, 8), bytes(wrong))
        decoder.submit(make_frame(codec, 8, 8), bytes(size))
    assert decoder.stats()["submitted"] == 1
    assert len(recorder.pictures) == 1


def test_a_picture_of_another_size_is_letterboxed_into_the_declared_one() -> None:
    clip = CLIPS["jpeg_640x360"]
    (_, data) = packets(clip)[0]
    with recorded() as (decoder, recorder):
        decoder.submit(make_frame(Codec.Jpeg, 640, 640), data)
        decoder.submit(make_frame(Codec.Jpeg, 640, 360), data)
    boxed, plain = (picture.pixels for picture in recorder.pictures)
    np.testing.assert_array_equal(boxed[140:500], plain)
    assert not boxed[:140].any()
    assert not boxed[500:].any()


def decoded_with_repeats(
    clip: Clip, sent: Sequence[Unit], again: Sequence[Unit], numbers: Sequence[int]
) -> tuple[list[Picture], list[Picture]]:
    """The pictures of the packets ``sent``: those with ``numbers``, and those of the packets ``again`` among them.

    The latter ask for a picture of before. NVIDIA's decoder does not show it; then they are skipped, and say why.
    """
    with recorded() as (decoder, recorder):
        for frame, data in sent:
            decoder.submit(frame, data)
    repeats = {frame.uuid for frame, _ in again}
    details = Counter(skip.reason.detail for skip in recorder.skips)
    assert details == ({"repeated": len(again)} if is_hardware(clip) else {})
    assert decoder.stats()["orphans"] == 0

    skipped = {skip.frame.uuid for skip in recorder.skips}
    assert skipped <= repeats
    assert [picture.frame.uuid for picture in recorder.pictures] == [
        frame.uuid for frame, _ in sent if frame.uuid not in skipped
    ]
    own = [picture for picture in recorder.pictures if picture.frame.uuid not in repeats]
    assert [read_frame_number(picture.pixels) for picture in own] == list(numbers)
    assert {picture.decoded.hardware for picture in own} == {is_hardware(clip)}
    assert not any(picture.decoded.is_corrupt for picture in own)
    return own, [picture for picture in recorder.pictures if picture.frame.uuid in repeats]


@pytest.mark.parametrize("slot", [0, 2, 7])
def test_a_picture_of_vp9_that_is_shown_again_belongs_to_the_packet_that_asks_for_it(slot: int) -> None:
    clip = CLIPS["vp9_640x360"]
    sent, again = [], []
    for index, (frame, data) in enumerate(packets(clip)):
        sent.append((frame, data))
        for padding in {0: (0, 0), 9: (1,), 30: (0, 0, 15)}.get(index, ()):
            ask = make_frame(Codec.Vp9, clip.width, clip.height, pts=frame.pts)
            again.append((ask, shows_again(slot) + bytes(padding)))
            sent.append(again[-1])
    own, repeats = decoded_with_repeats(clip, sent, again, clip.numbers)
    repeated = [picture.pixels for picture in repeats]
    for pixels in repeated[:2]:
        np.testing.assert_array_equal(pixels, own[0].pixels, "a key frame is in every slot")
    for pixels in repeated[3:]:
        np.testing.assert_array_equal(pixels, repeated[-1])
    assert {read_frame_number(pixels) for pixels in repeated} <= set(clip.numbers)


@pytest.mark.parametrize("begins_hidden", [False, True])
def test_a_superframe_of_vp9_may_show_what_it_hides(begins_hidden: bool) -> None:
    clip = CLIPS["vp9_640x360"]
    sent, again, expected = [], [], []
    for place, (frame, data) in enumerate(packets(clip)):
        hidden, *shown = frames_of(data)
        if shown:
            ask = make_frame(Codec.Vp9, clip.width, clip.height, pts=frame.pts)
            again.append((ask, superframe([hidden, shows_again(slot_of_hidden(hidden))])))
            expected.append(clip.numbers[place + 1 :])
            sent += [again[-1], (frame, *shown)]
        elif begins_hidden and place == 0:
            again.append((frame, superframe([made_hidden(data), shows_again(0)])))
            expected.append(clip.numbers[:1])
            sent.append(again[-1])
        else:
            sent.append((frame, data))
    assert len(again) > 1
    _, repeats = decoded_with_repeats(clip, sent, again, clip.numbers[begins_hidden:])
    for picture, numbers in zip(repeats, expected, strict=not is_hardware(clip)):
        assert read_frame_number(picture.pixels) in numbers


def test_a_superframe_of_vp9_that_shows_two_pictures_stands_for_one() -> None:
    """It must not (Annex B). What it shows behind the first has no frame to go with."""
    clip = CLIPS["vp9_640x360"]
    asking = 0
    with recorded() as (decoder, recorder):
        for frame, data in packets(clip):
            hidden, *shown = frames_of(data)
            if shown:
                asking += 1
                data = superframe([hidden, *shown, shows_again(slot_of_hidden(hidden))])
            decoder.submit(frame, data)
    assert asking
    assert recorder.reasons == []
    assert [read_frame_number(picture.pixels) for picture in recorder.pictures] == list(clip.numbers)
    assert decoder.stats()["orphans"] == (0 if is_hardware(clip) else asking)


def test_a_jpeg_of_any_size_decodes_on_the_cpu() -> None:
    clip = CLIPS["jpeg_100x100"]
    (_, data) = packets(clip)[0]
    with recorded() as (decoder, recorder):
        for codec in (Codec.Jpeg, Codec.SwJpeg):
            decoder.submit(make_frame(codec, 100, 100), data)
    assert [picture.decoded.hardware for picture in recorder.pictures] == [False, False]
    assert [picture.decoded.codec for picture in recorder.pictures] == [Codec.Jpeg, Codec.SwJpeg]


def test_a_jpeg_that_no_chip_takes_makes_no_decoder_where_hardware_is_required() -> None:
    """Sides that are no multiple of 8: a chip that takes the codec does not take this picture."""
    (_, data) = packets(CLIPS["jpeg_100x100"])[0]
    with recorded(hardware=Hardware.REQUIRED) as (decoder, recorder):
        decoder.submit(make_frame(Codec.Jpeg, 100, 100), data)
    assert recorder.reasons == ["decoder_creation_failed"]
    assert recorder.skips[0].data == data
    assert "hardware" in recorder.skips[0].reason.detail


@pytest.mark.parametrize("clip", [CLIPS["h264_bpyramid_640x360"], CLIPS["hevc_720p"], CLIPS["vp9_640x360"]], ids=name)
@pytest.mark.parametrize("times", ["equal", "backward", "random"])
def test_timestamps_do_not_matter_to_order_and_identity(clip: Clip, times: str) -> None:
    """The decoder never sees the user's times: whatever they are, no frame is lost and no two are swapped."""
    generator = random.Random(3)
    sent = packets(clip)
    made = {
        "equal": lambda index: 5,
        "backward": lambda index: 10_000 - index,
        "random": lambda index: generator.randrange(1000),
    }[times]
    expected_number = {}
    in_presentation_order = sorted(sent, key=lambda packet: packet[0].pts)
    for (frame, _), number in zip(in_presentation_order, clip.numbers, strict=True):
        expected_number[frame.uuid] = number
    with recorded() as (decoder, recorder):
        for index, (frame, data) in enumerate(sent):
            frame.pts, frame.dts = made(index), None
            decoder.submit(frame, data)
    pictures = recorder.pictures
    assert [read_frame_number(picture.pixels) for picture in pictures] == list(clip.numbers)
    for picture in pictures:
        assert expected_number[picture.frame.uuid] == read_frame_number(picture.pixels)
        assert picture.decoded.pts_ns == picture.frame.pts


def test_times_are_converted_with_the_time_base() -> None:
    data = bytes(16 * 16 * 4)
    with recorded() as (decoder, recorder):
        decoder.submit(make_frame(Codec.RawRgba, 16, 16, pts=3), data)
        decoder.submit(make_frame(Codec.RawRgba, 16, 16, pts=9, dts=7, duration=2, time_base=(1, 90_000)), data)
    first, second = (picture.decoded for picture in recorder.pictures)
    assert (first.pts_ns, first.dts_ns, first.duration_ns) == (3_000, None, None)
    assert (second.pts_ns, second.dts_ns, second.duration_ns) == (100_000, 77_777, 22_222)


def test_internal_content_is_the_payload() -> None:
    from savant_rs.primitives import VideoFrameContent

    pixels = bytes(range(256))
    with recorded() as (decoder, recorder):
        decoder.submit(make_frame(Codec.RawRgba, 8, 8, content=VideoFrameContent.internal(pixels)))
    assert recorder.pictures[0].pixels.tobytes() == pixels


def test_the_frame_is_read_once_at_submit() -> None:
    frame = make_frame(Codec.RawRgba, 8, 8, pts=1)
    with recorded() as (decoder, recorder):
        decoder.submit(frame, bytes(256))
        frame.pts = 999
    assert recorder.pictures[0].decoded.pts_ns == 1_000
    assert recorder.pictures[0].frame.pts == 999


@pytest.mark.parametrize("pool_size", [1, 2, 0])
def test_small_and_unlimited_pools(pool_size: int) -> None:
    clip = CLIPS["h264_320x240"]
    with recorded(pool_size=pool_size) as (decoder, recorder):
        for frame, data in packets(clip):
            decoder.submit(frame, data)
    assert len(recorder.pictures) == clip.frames


def test_configuration_defaults_and_builders() -> None:
    plain = FlexibleDecoderConfig(SOURCE, 0, 4)
    assert (plain.source_id, plain.gpu_id, plain.pool_size) == ("camera-1", 0, 4)
    assert (plain.idle_timeout_ms, plain.detect_buffer_limit) == (1000, 30)
    assert plain.stall_timeout_ms == 10_000
    assert [plain.with_stall_timeout_ms(ms).stall_timeout_ms for ms in (7, 0)] == [7, 0]
    changed = plain.with_idle_timeout_ms(5).with_detect_buffer_limit(7)
    assert (changed.idle_timeout_ms, changed.detect_buffer_limit) == (5, 7)
    assert (plain.idle_timeout_ms, plain.detect_buffer_limit) == (1000, 30)
    assert repr(changed) == (
        'FlexibleDecoderConfig(source_id="camera-1", gpu_id=0, pool_size=4, idle_timeout_ms=5, detect_buffer_limit=7)'
    )

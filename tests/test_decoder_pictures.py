"""Every codec: each frame once, in presentation order, with the right identity and the right pixels."""

from __future__ import annotations

import random
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clips_lib import CLIPS, Clip, native_planes, read_frame_number
from decoding import SOURCE, make_frame, packets, psnr, recorded, rgba_from_planes
from savant_rs.deepstream import FlexibleDecoderConfig, SavantIdMetaKind, VideoFormat, backend
from savant_rs.primitives import Codec

VIDEO = [clip for clip in CLIPS.values() if not clip.is_still]
YUV_4_2_0 = [clip for clip in CLIPS.values() if clip.pixel_format in {"yuv420p", "yuvj420p"}]
# Names as ffmpeg prints them; what is not tagged counts as BT.601.
MATRICES = {"bt709": "bt709", "bt2020nc": "bt2020nc"}


def name(clip: Clip) -> str:
    return clip.name


def is_hardware(clip: Clip) -> bool:
    """Whether this machine decodes the clip in hardware: video on a GPU."""
    return str(backend()) == "deepstream" and clip.codec in {"h264", "hevc", "vp8", "vp9"}


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


@pytest.mark.ffmpeg
@pytest.mark.parametrize("clip", YUV_4_2_0, ids=name)
def test_pixels_agree_with_the_reference_decoder(clip: Clip) -> None:
    with recorded() as (decoder, recorder):
        for frame, data in packets(clip):
            decoder.submit(frame, data)
    matrix = MATRICES.get(clip.color_space or "", "bt601")
    full_range = clip.color_range == "pc"
    for picture, planes in zip(recorder.pictures, native_planes(clip), strict=True):
        expected = rgba_from_planes(planes, matrix, full_range)
        got = picture.pixels[..., :3]
        if clip.codec == "jpeg":
            # libjpeg-turbo interpolates chroma, and two inverse DCTs differ.
            assert psnr(got, expected) >= 40
        else:
            assert np.abs(got - expected).max() <= 2


@pytest.mark.ffmpeg
@pytest.mark.parametrize(
    ("tags", "matrix", "full_range"),
    [
        ([], "bt601", False),
        (["-colorspace", "bt709"], "bt709", False),
        (["-colorspace", "bt2020nc"], "bt2020nc", False),
        (["-colorspace", "bt709", "-color_range", "pc"], "bt709", True),
    ],
    ids=["untagged", "bt709", "bt2020", "bt709-full"],
)
@pytest.mark.parametrize("encoder", ["libx264", "libx265"])
def test_matrix_and_range_of_a_high_definition_stream(
    tmp_path: Path, encoder: str, tags: list[str], matrix: str, full_range: bool
) -> None:
    """What is not tagged counts as BT.601, whatever the size."""
    path = tmp_path / "colour.mkv"
    source = "testsrc2=size=1280x720:rate=5:duration=0.4,format=yuv420p"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-c:v", encoder, *tags, str(path)]
    subprocess.run(command, check=True, capture_output=True)
    clip = replace(CLIPS["h264_1080p"], path=path, width=1280, height=720, pixel_format="yuv420p")
    with recorded() as (decoder, recorder):
        for frame, data in packets(clip):
            decoder.submit(frame, data)
    for picture, planes in zip(recorder.pictures, native_planes(clip), strict=True):
        assert np.abs(picture.pixels[..., :3] - rgba_from_planes(planes, matrix, full_range)).max() <= 2


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


def test_a_jpeg_of_any_size_decodes_on_the_cpu() -> None:
    clip = CLIPS["jpeg_100x100"]
    (_, data) = packets(clip)[0]
    with recorded() as (decoder, recorder):
        for codec in (Codec.Jpeg, Codec.SwJpeg):
            decoder.submit(make_frame(codec, 100, 100), data)
    assert [picture.decoded.hardware for picture in recorder.pictures] == [False, False]
    assert [picture.decoded.codec for picture in recorder.pictures] == [Codec.Jpeg, Codec.SwJpeg]


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
    changed = plain.with_idle_timeout_ms(5).with_detect_buffer_limit(7)
    assert (changed.idle_timeout_ms, changed.detect_buffer_limit) == (5, 7)
    assert (plain.idle_timeout_ms, plain.detect_buffer_limit) == (1000, 30)
    assert repr(changed) == (
        'FlexibleDecoderConfig(source_id="camera-1", gpu_id=0, pool_size=4, idle_timeout_ms=5, detect_buffer_limit=7)'
    )

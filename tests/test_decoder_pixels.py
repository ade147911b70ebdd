"""Every codec's pixels: native planes equal the reference decoder's, RGBA agrees with exact arithmetic on them.

The reference is the MD5 of each picture's planes as ffmpeg decodes them (``clips/reference.json``). RGBA is
compared with a float64 conversion of the native planes, which have been compared with the reference.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from clips_lib import CLIPS, CLIPS_DIR, Clip
from decoding import (
    LUMA_WEIGHTS,
    SOURCE,
    make_frame,
    packets,
    packets_of,
    planes_of,
    psnr,
    recorded,
    rgba_from_planes,
)
from savant_rs.deepstream import VideoFormat, backend
from savant_rs.primitives import Codec, VideoFrame

YUV_4_2_0 = [clip for clip in CLIPS.values() if clip.pixel_format in {"yuv420p", "yuvj420p"}]
# JPEG decoders differ in their inverse DCT, so theirs are compared by PSNR (``test_jpeg_pixels``).
EXACT = [clip for clip in YUV_4_2_0 if clip.codec != "jpeg"]
# NvBufSurfaceColorFormat of NV12 in (matrix, full range).
NV12_COLOR_FORMATS = {
    ("bt601", False): 6,
    ("bt601", True): 7,
    ("bt709", False): 33,
    ("bt709", True): 34,
    ("bt2020nc", False): 36,
}
COLOUR_CLIPS = {
    f"{codec}_{tags}": colour
    for codec in ("h264", "hevc")
    for tags, colour in {
        "untagged": ("bt601", False),
        "bt709": ("bt709", False),
        "bt2020nc": ("bt2020nc", False),
        "bt709_full": ("bt709", True),
    }.items()
}


def name(clip: Clip) -> str:
    return clip.name


def decoded(sent: list[tuple[VideoFrame, bytes]], output: VideoFormat = VideoFormat.RGBA) -> list:
    with recorded(output=output) as (decoder, recorder):
        for frame, data in sent:
            decoder.submit(frame, data)
    return recorder.pictures


def colour_of(clip: Clip) -> tuple[str, bool]:
    """Matrix and full range; what is not tagged counts as BT.601, limited."""
    matrix = clip.color_space if clip.color_space in LUMA_WEIGHTS else "bt601"
    return matrix, clip.color_range == "pc"


host = pytest.mark.skipif(
    backend() != "host", reason="NvBufSurfTransform has no NV21, and resamples the chroma of I420"
)


@pytest.mark.parametrize(
    "output",
    [VideoFormat.NV12, pytest.param(VideoFormat.NV21, marks=host), pytest.param(VideoFormat.I420, marks=host)],
    ids=str,
)
@pytest.mark.parametrize("clip", EXACT, ids=name)
def test_native_planes_equal_the_reference_decoders(clip: Clip, output: VideoFormat) -> None:
    pictures = decoded(packets(clip), output)
    digests = []
    for picture in pictures:
        assert picture.decoded.format == output
        planes = planes_of(picture.pixels, output, clip.width, clip.height)
        digests.append(hashlib.md5(b"".join(plane.tobytes() for plane in planes)).hexdigest())
    assert digests == list(clip.plane_md5)


@pytest.mark.gpu
def test_each_picture_that_the_transform_cannot_make_is_an_error_output() -> None:
    clip = CLIPS["h264_320x240"]
    sent = packets(clip)
    with recorded(output=VideoFormat.NV21) as (decoder, recorder):
        for frame, data in sent:
            decoder.submit(frame, data)
    assert recorder.kinds == ["error"] * clip.frames
    errors = [error for _, error in recorder.events]
    assert sorted(error.frame.uuid for error in errors) == sorted(frame.uuid for frame, _ in sent)
    assert all("NV12" in error.message and "NV21" in error.message for error in errors), errors[0].message
    assert decoder.stats()["errors"] == clip.frames


@pytest.mark.parametrize("clip", EXACT, ids=name)
def test_rgba_agrees_with_exact_arithmetic(clip: Clip) -> None:
    colour = colour_of(clip)
    native = decoded(packets(clip), VideoFormat.NV12)
    for picture, planes in zip(decoded(packets(clip)), native, strict=True):
        expected = rgba_from_planes(planes_of(planes.pixels, VideoFormat.NV12, clip.width, clip.height), *colour)
        assert np.abs(picture.pixels[..., :3] - expected).max() <= 2


@pytest.mark.parametrize(("stem", "colour"), COLOUR_CLIPS.items(), ids=COLOUR_CLIPS.keys())
def test_matrix_and_range_of_a_high_definition_stream(stem: str, colour: tuple[str, bool]) -> None:
    """What is not tagged counts as BT.601, whatever the size."""
    path: Path = CLIPS_DIR / "colour" / f"{stem}.mkv"
    native = decoded(packets_of(path), VideoFormat.NV12)
    assert len(native) == 2
    for picture, planes in zip(decoded(packets_of(path)), native, strict=True):
        assert planes.color_format == NV12_COLOR_FORMATS[colour]
        expected = rgba_from_planes(planes_of(planes.pixels, VideoFormat.NV12, 1280, 720), *colour)
        assert np.abs(picture.pixels[..., :3] - expected).max() <= 2


@pytest.mark.parametrize("clip", [clip for clip in YUV_4_2_0 if clip.codec == "jpeg"], ids=name)
def test_jpeg_pixels(clip: Clip) -> None:
    """Hardware and software decoders agree on JPEG: both are near the original samples."""
    codecs = (Codec.Jpeg, Codec.SwJpeg)
    both = []
    for codec in codecs:
        sent = packets(clip)
        for frame, _ in sent:
            frame.codec = codec
        both.append(decoded(sent))
    for first, second in zip(*both, strict=True):
        # libjpeg-turbo interpolates chroma, hardware replicates it, and two inverse DCTs differ.
        assert psnr(first.pixels[..., :3], second.pixels[..., :3]) >= 40


def test_a_picture_that_cannot_be_decoded_is_an_error_and_the_next_one_works() -> None:
    cut_off = CLIPS["png_rgb_320x180"].path.read_bytes()[:1000]
    with recorded(output=VideoFormat.NV12) as (decoder, recorder):
        decoder.submit(make_frame(Codec.Png, 320, 180), cut_off)
        clip = CLIPS["h264_320x240"]
        for frame, data in packets(clip):
            decoder.submit(frame, data)
    assert recorder.kinds == ["error", "change", *["frame"] * clip.frames]
    assert "PNG" in recorder.events[0][1].message
    assert recorder.events[0][1].frame.source_id == SOURCE

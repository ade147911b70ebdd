"""Streams that are not 8-bit 4:2:0 progressive of an even size: all pictures, with the right colours."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from decoding import WHERE, assert_each_is_nearest, packets_of, reason_name, recorded, rgba_from_planes
from savant_rs.deepstream import Hardware

pytestmark = pytest.mark.ffmpeg

FRAMES = 12
X264 = ("-c:v", "libx264", "-crf", "24", "-x264-params")
X265 = ("-c:v", "libx265", "-crf", "24", "-x265-params")
VP9 = ("-c:v", "libvpx-vp9", "-b:v", "300k", "-g", "6")
AV1 = ("-c:v", "libaom-av1", "-crf", "35", "-cpu-used", "8", "-g", "6")


@dataclass(frozen=True)
class Stream:
    """What ffmpeg is asked to make."""

    arguments: tuple[str, ...]
    pixel_format: str = "yuv420p"
    size: tuple[int, int] = (192, 160)
    container: str = "mkv"
    matrix: str = "bt601"
    tagged_full_range: bool = False
    is_interlaced: bool = False

    @property
    def bits(self) -> int:
        return next((bits for bits in (10, 12) if f"p{bits}" in self.pixel_format), 8)

    @property
    def is_full_range(self) -> bool:
        """Also what ffmpeg makes of grey pictures, and tags them with."""
        return self.tagged_full_range or self.pixel_format == "gray"


def x264(params: str = "keyint=6:bframes=2", *more: str) -> tuple[str, ...]:
    return (*X264, params, *more)


def x265(params: str = "keyint=6:bframes=2") -> tuple[str, ...]:
    return (*X265, f"log-level=error:{params}")


def tagged(encoder: tuple[str, ...], matrix: str, tag: str, full: bool, pixel_format: str = "yuv420p") -> Stream:
    """A stream that names its matrix by ``tag``, as ffmpeg calls it."""
    arguments = (*encoder, "-colorspace", tag, "-color_range", "pc" if full else "tv")
    return Stream(arguments, pixel_format, matrix=matrix, tagged_full_range=full)


STREAMS = {
    "h264-10bit": Stream(x264(), "yuv420p10le"),
    "h264-422": Stream(x264(), "yuv422p"),
    "h264-422-10bit": Stream(x264(), "yuv422p10le"),
    "h264-444": Stream(x264(), "yuv444p"),
    "h264-gray": Stream(x264(), "gray"),
    "h264-odd-size": Stream(x264(), size=(641, 359), pixel_format="yuv444p"),
    "h264-cropped": Stream(x264(), size=(194, 158)),
    "h264-slices": Stream(x264("keyint=6:slices=4")),
    "h264-mbaff": Stream(x264("keyint=6:tff=1", "-flags", "+ilme+ildct"), is_interlaced=True),
    "h264-intra-only": Stream(x264("keyint=1")),
    "h264-zero-latency": Stream(x264("keyint=6:bframes=0:sliced-threads=1:threads=4")),
    "hevc-10bit": Stream(x265(), "yuv420p10le"),
    "hevc-12bit": Stream(x265(), "yuv420p12le"),
    "hevc-422": Stream(x265(), "yuv422p"),
    "hevc-444-10bit": Stream(x265(), "yuv444p10le"),
    "hevc-odd-size": Stream(x265(), size=(193, 159), pixel_format="yuv444p"),
    "hevc-slices": Stream(x265("keyint=6:slices=3")),
    "hevc-cropped": Stream(x265(), size=(194, 158)),
    "vp9-profile-1": Stream(VP9, "yuv444p"),
    "vp9-profile-2": Stream(VP9, "yuv420p10le"),
    "vp9-profile-3": Stream(VP9, "yuv422p12le"),
    "vp9-odd-size": Stream(VP9, size=(193, 159)),
    "vp8-odd-size": Stream(("-c:v", "libvpx", "-b:v", "300k"), size=(193, 159)),
    "av1-10bit": Stream(AV1, "yuv420p10le"),
    "av1-444": Stream(AV1, "yuv444p"),
    "av1-odd-size": Stream(AV1, size=(193, 159)),
    "av1-gray": Stream(AV1, "gray"),
    "h264-one-pixel": Stream(x264(), size=(1, 1), pixel_format="yuv444p"),
    "vp8-one-pixel": Stream(("-c:v", "libvpx", "-b:v", "300k"), size=(1, 1)),
    "vp9-one-pixel": Stream(VP9, size=(1, 1)),
    "av1-one-pixel": Stream(AV1, size=(1, 1)),
    "h264-bt601-525": tagged(x264(), "bt601", "smpte170m", full=False),
    "h264-bt601-625": tagged(x264(), "bt601", "bt470bg", full=False),
    "hevc-bt709-10bit": tagged(x265(), "bt709", "bt709", full=False, pixel_format="yuv420p10le"),
    "hevc-bt709-444": tagged(x265(), "bt709", "bt709", full=False, pixel_format="yuv444p"),
    "vp9-bt709-10bit": tagged(VP9, "bt709", "bt709", full=False, pixel_format="yuv420p10le"),
    "hevc-bt2020-10bit-full": tagged(x265(), "bt2020nc", "bt2020nc", full=True, pixel_format="yuv420p10le"),
    "vp9-bt709-full": tagged(VP9, "bt709", "bt709", full=True),
    "vp9-bt2020-10bit": tagged(VP9, "bt2020nc", "bt2020nc", full=False, pixel_format="yuv420p10le"),
    "av1-bt709-full": tagged(AV1, "bt709", "bt709", full=True),
    "av1-bt2020-10bit": tagged(AV1, "bt2020nc", "bt2020nc", full=False, pixel_format="yuv420p10le"),
}


def make(stream: Stream, path: Path) -> None:
    width, height = stream.size
    source = f"testsrc2=size=192x160:rate=25,scale={width}:{height},format=yuv444p"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-frames:v", str(FRAMES)]
    subprocess.run([*command, *stream.arguments, "-pix_fmt", stream.pixel_format, str(path)], check=True)


def reference_planes(stream: Stream, path: Path) -> list[tuple[np.ndarray, ...]]:
    """Y, U and V of each picture as ffmpeg decodes them; grey pictures get neutral chroma."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-vsync", "passthrough", "-pix_fmt", stream.pixel_format]
    raw = subprocess.run([*command, "-f", "rawvideo", "-"], check=True, stdout=subprocess.PIPE).stdout
    width, height = stream.size
    half_width, half_height = -(-width // 2), -(-height // 2)
    chroma = {"420": (half_height, half_width), "422": (height, half_width), "444": (height, width)}
    subsampling = next((key for key in chroma if key in stream.pixel_format), None)
    shapes = [(height, width), *([chroma[subsampling]] * 2 if subsampling else [])]
    samples = np.frombuffer(raw, "<u2" if stream.bits > 8 else np.uint8)
    edges = np.cumsum([0, *(rows * columns for rows, columns in shapes)])
    pictures = []
    for picture in samples.reshape(-1, edges[-1]):
        planes = [picture[a:b].reshape(s) for a, b, s in zip(edges, edges[1:], shapes, strict=False)]
        neutral = np.full((height, width), 1 << (stream.bits - 1), picture.dtype)
        pictures.append(tuple(planes if subsampling else [*planes, neutral, neutral]))
    return pictures


@pytest.mark.parametrize("hardware", WHERE)
@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_pictures_and_colours(stream: Stream, hardware: Hardware, tmp_path: Path) -> None:
    path = tmp_path / f"stream.{stream.container}"
    make(stream, path)
    expected = reference_planes(stream, path)
    assert len(expected) == FRAMES
    with recorded(hardware=hardware) as (decoder, recorder):
        for frame, data in packets_of(path):
            decoder.submit(frame, data)
    pictures = recorder.pictures
    assert len(pictures) == FRAMES, recorder.events
    assert set(recorder.reasons) <= {"no_picture"}
    exact = [rgba_from_planes(planes, stream.matrix, stream.is_full_range, stream.bits) for planes in expected]
    colours = [picture.pixels[..., :3] for picture in pictures]
    (is_hardware,) = {picture.decoded.hardware for picture in pictures}
    if is_hardware and stream.is_interlaced:
        assert_each_is_nearest(colours, exact)  # NVIDIA's element deinterlaces
    else:
        # What NvBufSurfTransform makes of deeper samples (docs/gpu-facts.md).
        limit = 4 if is_hardware and stream.bits > 8 else 2
        assert np.abs(np.stack(colours) - np.stack(exact)).max() <= limit


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["h264-cropped", "hevc-10bit", "hevc-444-10bit", "vp9-profile-2"])
def test_hardware_decodes_what_it_can(name: str, tmp_path: Path) -> None:
    assert where(STREAMS[name], tmp_path) == {True}


@pytest.mark.parametrize(
    "name",
    ["hevc-odd-size", "vp8-odd-size", "vp9-odd-size", "hevc-bt709-10bit", "hevc-bt709-444", "vp9-bt709-10bit"],
)
def test_what_would_come_out_wrong_is_decoded_in_software(name: str, tmp_path: Path) -> None:
    """NVIDIA's element leaves out the last column and row of odd sizes, and may mark colours that they do not have."""
    assert where(STREAMS[name], tmp_path) == {False}


def where(stream: Stream, folder: Path) -> set[bool]:
    """Whether the pictures were decoded in hardware, which is preferred."""
    path = folder / f"stream.{stream.container}"
    make(stream, path)
    with recorded() as (decoder, recorder):
        for frame, data in packets_of(path):
            decoder.submit(frame, data)
    return {picture.decoded.hardware for picture in recorder.pictures}


RGB = {
    "h264": ("libx264rgb", "rgb24", "mkv"),
    "hevc": ("libx265", "gbrp", "mkv"),
    "hevc-10bit": ("libx265", "gbrp10le", "mkv"),
    "hevc-12bit": ("libx265", "gbrp12le", "mkv"),
    "vp9": ("libvpx-vp9", "gbrp", "webm"),
    "av1": ("libaom-av1", "gbrp", "mkv"),
}


@pytest.mark.parametrize(("codec", "pixel_format", "container"), RGB.values(), ids=RGB)
def test_pictures_coded_as_green_blue_and_red(codec: str, pixel_format: str, container: str, tmp_path: Path) -> None:
    """Each is the nearest of 8 bits, whatever range the stream names."""
    path = tmp_path / f"rgb.{container}"
    source = ["-f", "lavfi", "-i", "testsrc2=size=160x96", "-frames:v", str(FRAMES)]
    fast = ["-cpu-used", "8"] if codec == "libaom-av1" else []
    command = ["ffmpeg", "-v", "error", *source, "-c:v", codec, *fast, "-pix_fmt", pixel_format, str(path)]
    subprocess.run(command, check=True, capture_output=True)
    raw_format = "gbrp" if pixel_format == "rgb24" else pixel_format
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", raw_format, "-"]
    raw = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    greatest = next((1023 if bits == "10" else 4095 for bits in ("10", "12") if bits in pixel_format), 255)
    samples = np.frombuffer(raw, "<u2" if greatest > 255 else np.uint8).reshape(FRAMES, 3, 96, 160)
    expected = np.moveaxis(samples[:, [2, 0, 1]], 1, -1) * (255 / greatest)
    with recorded() as (decoder, recorder):
        for frame, data in packets_of(path):
            decoder.submit(frame, data)
    pictures = recorder.pictures
    assert len(pictures) == FRAMES, recorder.events
    for picture, exact in zip(pictures, expected, strict=True):
        assert np.abs(picture.pixels[..., :3] - exact).max() <= 0.5
        assert (picture.pixels[..., 3] == 255).all()


@pytest.mark.parametrize("hardware", WHERE)
@pytest.mark.parametrize(
    ("codec", "pixel_format"),
    [("libvpx-vp9", "yuv440p"), ("libvpx-vp9", "yuv440p10le"), ("libx265", "gray10le"), ("libx265", "gray12le")],
)
def test_samples_without_a_picture_format_are_refused_by_name(
    codec: str, pixel_format: str, hardware: Hardware, tmp_path: Path
) -> None:
    """GStreamer has no format for them, and libav's element would crash the process."""
    path = tmp_path / "stream.mkv"
    source = ["-f", "lavfi", "-i", "testsrc=s=64x64:r=5:d=1"]
    command = ["ffmpeg", "-v", "error", *source, "-pix_fmt", pixel_format, "-c:v", codec, str(path)]
    subprocess.run(command, check=True, capture_output=True)
    with recorded(hardware=hardware) as (decoder, recorder):
        for frame, data in packets_of(path):
            decoder.submit(frame, data)
    assert set(recorder.kinds) == {"skipped"}
    first, *others = (skip.reason for skip in recorder.skips)
    assert first.is_decoder_creation_failed and "no picture format" in first.detail
    # What cannot begin a session waits, and decoders of VP9 begin anywhere.
    assert {reason.detail if codec == "libvpx-vp9" else reason_name(reason) for reason in others} == {
        first.detail if codec == "libvpx-vp9" else "waiting_for_keyframe"
    }

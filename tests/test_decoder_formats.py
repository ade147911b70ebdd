"""Streams that are not 8-bit 4:2:0 progressive of an even size: all pictures, with the right colours."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from decoding import packets_of, recorded, rgba_from_planes
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
    size: tuple[int, int] = (160, 96)
    container: str = "mkv"

    @property
    def bits(self) -> int:
        return next((bits for bits in (10, 12) if f"p{bits}" in self.pixel_format), 8)

    @property
    def is_full_range(self) -> bool:
        """What ffmpeg makes of grey pictures, and tags them with."""
        return self.pixel_format == "gray"


def x264(params: str = "keyint=6:bframes=2", *more: str) -> tuple[str, ...]:
    return (*X264, params, *more)


def x265(params: str = "keyint=6:bframes=2") -> tuple[str, ...]:
    return (*X265, f"log-level=error:{params}")


STREAMS = {
    "h264-10bit": Stream(x264(), "yuv420p10le"),
    "h264-422": Stream(x264(), "yuv422p"),
    "h264-422-10bit": Stream(x264(), "yuv422p10le"),
    "h264-444": Stream(x264(), "yuv444p"),
    "h264-gray": Stream(x264(), "gray"),
    "h264-odd-size": Stream(x264(), size=(161, 95), pixel_format="yuv444p"),
    "h264-cropped": Stream(x264(), size=(162, 94)),
    "h264-slices": Stream(x264("keyint=6:slices=4")),
    "h264-mbaff": Stream(x264("keyint=6:tff=1", "-flags", "+ilme+ildct")),
    "h264-intra-only": Stream(x264("keyint=1")),
    "h264-zero-latency": Stream(x264("keyint=6:bframes=0:sliced-threads=1:threads=4")),
    "hevc-10bit": Stream(x265(), "yuv420p10le"),
    "hevc-12bit": Stream(x265(), "yuv420p12le"),
    "hevc-422": Stream(x265(), "yuv422p"),
    "hevc-444-10bit": Stream(x265(), "yuv444p10le"),
    "hevc-cropped": Stream(x265(), size=(162, 94)),
    "vp9-profile-1": Stream(VP9, "yuv444p"),
    "vp9-profile-2": Stream(VP9, "yuv420p10le"),
    "vp9-profile-3": Stream(VP9, "yuv422p12le"),
    "vp9-odd-size": Stream(VP9, size=(161, 95)),
    "vp8-odd-size": Stream(("-c:v", "libvpx", "-b:v", "300k"), size=(161, 95)),
    "av1-10bit": Stream(AV1, "yuv420p10le"),
    "av1-444": Stream(AV1, "yuv444p"),
    "av1-odd-size": Stream(AV1, size=(161, 95)),
    "av1-gray": Stream(AV1, "gray"),
}


def make(stream: Stream, path: Path) -> None:
    width, height = stream.size
    source = f"testsrc2=size={width}x{height}:rate=25,format=yuv444p"
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


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_pictures_and_colours(stream: Stream, tmp_path: Path) -> None:
    path = tmp_path / f"stream.{stream.container}"
    make(stream, path)
    expected = reference_planes(stream, path)
    assert len(expected) == FRAMES
    with recorded(hardware=Hardware.SOFTWARE) as (decoder, recorder):
        for frame, data in packets_of(path):
            decoder.submit(frame, data)
    pictures = recorder.pictures
    assert len(pictures) == FRAMES, recorder.events
    assert set(recorder.reasons) <= {"no_picture"}
    for picture, planes in zip(pictures, expected, strict=True):
        exact = rgba_from_planes(planes, "bt601", stream.is_full_range, stream.bits)
        assert np.abs(picture.pixels[..., :3] - exact).max() <= 2

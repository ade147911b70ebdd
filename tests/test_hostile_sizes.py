"""Sizes and rates that nobody can mean: a clear error, little memory, and the decoder goes on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clips_lib import CLIPS, Clip
from decoding import config, make_frame, packets, recorded
from gst_features import has_gst_feature
from savant_rs.deepstream import FlexibleDecoder
from savant_rs.primitives import Codec, VideoFrame

MEBIBYTE = 1 << 20
needs_libav = pytest.mark.skipif(
    not has_gst_feature("avdec_vp9"), reason="libvpx takes memory within the limit at once"
)
# Of these sizes one picture alone would take more, wherever its memory were touched.
MAX_GROWTH = 256 * MEBIBYTE


def resident_bytes() -> int:
    """The most memory that this process has had since its peak was forgotten."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024


@pytest.fixture(scope="module")
def in_use() -> None:
    """What the first decoder takes for all that come after it is no growth."""
    submitted(*packets(CLIPS["h264_320x240"]))


@pytest.fixture(autouse=True)
def bounded_memory(in_use: None) -> Iterator[None]:
    Path("/proc/self/clear_refs").write_text("5")
    before = resident_bytes()
    yield
    assert resident_bytes() - before < MAX_GROWTH


def submitted(*sent: tuple[VideoFrame, bytes], **builders: Any) -> Any:
    with recorded(**builders) as (decoder, recorder):
        for frame, data in sent:
            decoder.submit(frame, data)
    return recorder


def refusals(recorder: Any) -> list[str]:
    """What is told of each frame that has no picture."""
    told = [value for kind, value in recorder.events if kind in {"skipped", "error"}]
    return [value.message if hasattr(value, "message") else f"{value.reason.detail}" for value in told]


def vp8_key_frame(width: int, height: int) -> bytes:
    """RFC 6386, 9.1: the frame tag of a shown key frame, the start code, and 14 bits of each side; then nothing."""
    tag = (1 << 4 | 40 << 5).to_bytes(3, "little")
    return tag + b"\x9d\x01\x2a" + width.to_bytes(2, "little") + height.to_bytes(2, "little") + bytes(64)


def vp9_key_frame(width: int, height: int) -> bytes:
    """VP9 bitstream specification, 6.2: a shown key frame of profile 0 up to its size; then nothing."""
    bits = "10" + "00" + "0" + "0" + "1" + "0" + f"{0x498342:024b}" + "001" + "0"
    bits += f"{width - 1:016b}{height - 1:016b}"
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big") + bytes(64)


@pytest.mark.parametrize("name", ["h264_320x240", "hevc_640x360", "vp9_640x360", "jpeg_640x360", "png_rgb_320x180"])
def test_a_declared_size_that_no_buffer_has(name: str) -> None:
    clip = CLIPS[name]
    data = packets(clip)[0][1] if not clip.is_still else clip.path.read_bytes()
    codec = {"jpeg": Codec.SwJpeg, "mjpeg": Codec.SwJpeg, "png": Codec.Png}.get(clip.codec)
    codec = codec or packets(clip)[0][0].codec
    for size in ((65535, 65535), (2**31 - 1, 1), (1, 2**31 - 1), (2**31 - 1, 2**31 - 1)):
        recorder = submitted((make_frame(codec, *size), data))
        assert recorder.reasons == ["decoder_creation_failed"]
        assert "no pool of output buffers" in refusals(recorder)[0]


@pytest.mark.parametrize("size", [(0, 1), (1, 0), (-1, 8), (2**32, 8), (2**63 - 1, 8)])
def test_a_frame_has_a_size(size: tuple[int, int]) -> None:
    with pytest.raises(SystemError, match="must be from 1 to 4294967295"):
        make_frame(Codec.H264, *size)


@pytest.mark.parametrize("codec", [Codec.RawRgba, Codec.RawRgb], ids=str)
@pytest.mark.parametrize("side", [65535, 2**31 - 1])
def test_a_raw_picture_of_such_a_size_is_refused_by_its_length(codec: Codec, side: int) -> None:
    decoder = FlexibleDecoder(config(), lambda output: None)
    expected = side * side * (4 if codec == Codec.RawRgba else 3)
    with pytest.raises(RuntimeError, match=f"needs exactly {min(expected, 2**64 - 1)}"):
        decoder.submit(make_frame(codec, side, side), bytes(64))
    decoder.shutdown()


@pytest.mark.parametrize(
    ("codec", "data", "told"),
    [
        (Codec.Vp9, vp9_key_frame(65536, 65536), "is more than the limit of"),
        pytest.param(Codec.Vp9, vp9_key_frame(16384, 16384), "corrupt", marks=needs_libav),
        pytest.param(Codec.Vp8, vp8_key_frame(16383, 16383), "corrupt", marks=needs_libav),
        (Codec.Vp8, vp8_key_frame(0, 0), "corrupt"),
        (Codec.Vp8, vp8_key_frame(0, 8), "corrupt"),
    ],
)
def test_a_key_frame_that_claims_such_a_size(codec: Codec, data: bytes, told: str) -> None:
    """The stream goes on with the next key frame."""
    clip: Clip = CLIPS["vp9_640x360" if codec == Codec.Vp9 else "vp8_320x180"]
    after = packets(clip)
    recorder = submitted((make_frame(codec, clip.width, clip.height), data), *after)
    assert told in refusals(recorder)[0]
    assert len(recorder.pictures) == clip.frames


@pytest.mark.parametrize("fps", [(2**31 - 1, 1), (1, 2**31 - 1), (-(2**31), -(2**31)), (0, 0), (1, 0), (-1, 1)])
def test_a_frame_rate_that_nobody_can_mean(fps: tuple[int, int]) -> None:
    clip = CLIPS["h264_320x240"]
    sent = packets(clip)
    for frame, _ in sent:
        frame.fps = fps
    assert len(submitted(*sent).pictures) == clip.frames


def test_times_that_nobody_can_mean() -> None:
    clip = CLIPS["h264_320x240"]
    sent = packets(clip)
    for frame, _ in sent:
        frame.time_base = (2**31 - 1, 1)
        frame.pts, frame.dts, frame.duration = 2**63 - 1, 2**63 - 1, 2**63 - 1
    recorder = submitted(*sent)
    assert len(recorder.kinds) == clip.frames

"""H.264 whose frames are coded as two field pictures: one picture comes out of two access units."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clips_lib import read_frame_number
from decoding import WHERE, Recorder, assert_each_is_nearest, make_frame, recorded, rgba_from_planes
from field_pairs import CHROMA, HEIGHT, WIDTH, CodedFrame, Coding, write
from gst_features import has_gst_feature
from savant_rs.deepstream import Hardware, VideoFormat
from savant_rs.gstreamer import PacketReader
from savant_rs.primitives import Codec, VideoFrame

FIRST_NUMBER = 0xF000
TOP, BOTTOM, FRAME = Coding.TOP_FIRST, Coding.BOTTOM_FIRST, Coding.FRAME
SEQUENCES = {
    "top-first": write([TOP] * 12, FIRST_NUMBER, idr_every=5),
    "bottom-first": write([BOTTOM] * 12, FIRST_NUMBER, idr_every=5),
    "one-long-group": write([TOP] * 40, FIRST_NUMBER, idr_every=40),
    "fields-and-frames": write([TOP, FRAME] * 6 + [BOTTOM, FRAME] * 6, FIRST_NUMBER, idr_every=8),
}
every_sequence = pytest.mark.parametrize("coded", SEQUENCES.values(), ids=SEQUENCES)


def submit_fields(coded: Sequence[CodedFrame], **builders: Any) -> tuple[Recorder, list[VideoFrame], list[VideoFrame]]:
    """Decodes the access units one by one; returns also the frames of the pictures' first and second ones."""
    firsts, seconds = [], []
    with recorded(**builders) as (decoder, recorder):
        for frame in coded:
            for place, data in enumerate(frame.access_units):
                submitted = make_frame(Codec.H264, WIDTH, HEIGHT)
                (seconds if place else firsts).append(submitted)
                decoder.submit(submitted, data)
    assert decoder.stats()["orphans"] == 0
    return recorder, firsts, seconds


@every_sequence
def test_a_pair_of_fields_is_one_picture_with_the_frame_of_its_first(coded: list[CodedFrame]) -> None:
    recorder, firsts, seconds = submit_fields(coded)
    pictures = recorder.pictures
    assert [read_frame_number(picture.pixels) for picture in pictures] == [frame.number for frame in coded]
    assert [picture.frame.uuid for picture in pictures] == [frame.uuid for frame in firsts]
    assert recorder.reasons == ["no_picture"] * len(seconds)
    assert [skip.frame.uuid for skip in recorder.skips] == [frame.uuid for frame in seconds]
    assert [skip.reason.detail for skip in recorder.skips] == ["second_field"] * len(seconds)


@every_sequence
def test_the_lines_of_both_fields_are_woven(coded: list[CodedFrame]) -> None:
    """In software: NVIDIA's decoder element makes progressive pictures of them by itself."""
    if not has_gst_feature("avdec_h264"):
        pytest.skip("of the software decoders only avdec_h264 decodes field pictures")
    recorder, _, _ = submit_fields(coded, hardware=Hardware.SOFTWARE)
    chroma = np.full((HEIGHT // 2, WIDTH // 2), CHROMA, np.uint8)
    for picture, frame in zip(recorder.pictures, coded, strict=True):
        expected = rgba_from_planes((frame.luma, chroma, chroma), "bt601", full_range=False)
        assert np.abs(picture.pixels[..., :3] - expected).max() <= 2


@every_sequence
def test_both_fields_in_one_packet(coded: list[CodedFrame]) -> None:
    """Containers and other parsers keep the two access units of a frame together."""
    with recorded() as (decoder, recorder):
        for frame in coded:
            decoder.submit(make_frame(Codec.H264, WIDTH, HEIGHT), b"".join(frame.access_units))
    assert recorder.kinds == ["frame"] * len(coded)
    assert [read_frame_number(picture.pixels) for picture in recorder.pictures] == [frame.number for frame in coded]


@every_sequence
def test_the_packet_reader_gives_each_field_by_itself(coded: list[CodedFrame], tmp_path: Path) -> None:
    path = tmp_path / "fields.h264"
    path.write_bytes(b"".join(data for frame in coded for data in frame.access_units))
    with PacketReader(path) as reader:
        sent = list(reader)
    assert len(sent) == sum(len(frame.access_units) for frame in coded)
    assert {(frame.width, frame.height) for frame, _ in sent} == {(WIDTH, HEIGHT)}


@pytest.mark.ffmpeg
@every_sequence
def test_the_streams_are_what_they_are_meant_to_be(coded: list[CodedFrame], tmp_path: Path) -> None:
    """Another decoder gives back the very samples that were written."""
    path = tmp_path / "fields.h264"
    path.write_bytes(b"".join(data for frame in coded for data in frame.access_units))
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-vsync", "passthrough", "-f", "rawvideo", "-"]
    raw = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    pictures = np.frombuffer(raw, np.uint8).reshape(-1, HEIGHT * WIDTH * 3 // 2)
    assert len(pictures) == len(coded)
    for picture, frame in zip(pictures, coded, strict=True):
        np.testing.assert_array_equal(picture[: HEIGHT * WIDTH].reshape(HEIGHT, WIDTH), frame.luma)
        assert (picture[HEIGHT * WIDTH :] == CHROMA).all()


@pytest.mark.ffmpeg
@pytest.mark.parametrize("hardware", WHERE)
@pytest.mark.parametrize("container", ["hevc", "ts", "mp4", "mkv"])
def test_each_field_of_hevc_is_a_picture_of_its_own(container: str, hardware: Hardware, tmp_path: Path) -> None:
    """Of the size that is coded, however the file tells it."""
    rate, count = 25, 20
    raw, path = tmp_path / "raw.hevc", tmp_path / f"fields.{container}"
    source = ["-f", "lavfi", "-i", f"testsrc2=size=176x144:rate={rate}", "-frames:v", str(count), "-pix_fmt", "yuv420p"]
    encoder = ["-c:v", "libx265", "-x265-params", "log-level=none:interlace=tff:bframes=0:keyint=8"]
    subprocess.run(["ffmpeg", "-v", "error", *source, *encoder, raw], check=True)
    if path != raw:
        # From raw data it comes without times.
        make_times = ["-fflags", "+genpts", "-r", str(rate)]
        subprocess.run(["ffmpeg", "-v", "error", *make_times, "-i", raw, "-c", "copy", path], check=True)
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-i",
        path,
        "-vsync",
        "passthrough",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "yuv420p",
        "-",
    ]
    expected = np.frombuffer(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout, np.uint8)
    with PacketReader(path, "camera-1") as reader:
        sent = list(reader)
    frames = [frame for frame, _ in sent]
    assert {(frame.width, frame.height, frame.fps) for frame in frames} == {(176, 144, (rate, 1))}
    assert {frame.duration for frame in frames} == {10**9 // rate}
    times = [frame.pts - frames[0].pts for frame in frames]
    assert all(abs(time - index * 10**9 // rate) < 10**6 for index, time in enumerate(times)), times
    with recorded(hardware=hardware, output=VideoFormat.I420) as (decoder, recorder):
        for frame, data in sent:
            decoder.submit(frame, data)
    assert recorder.kinds == ["frame"] * count
    fields = np.stack([picture.pixels for picture in recorder.pictures])
    if recorder.pictures[0].decoded.hardware:
        assert_each_is_nearest(fields, expected.reshape(fields.shape))  # NVIDIA's element filters them a little
    else:
        assert np.array_equal(fields, expected.reshape(fields.shape))

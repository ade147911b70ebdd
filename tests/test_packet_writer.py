"""Files out of packets: containers, times, and what a killed process leaves behind."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clips_lib import CLIPS, read_frame_number
from decoding import make_frame, packets, recorded
from encoding import (
    FRAME_NS,
    NANOSECONDS,
    assert_ffmpeg_is_content,
    config,
    encode,
    ffmpeg_rgba,
    needs_encoder,
    numbered_picture,
    probe,
    software,
)
from savant_rs.gstreamer import PacketReader, PacketWriter
from savant_rs.primitives import Codec, VideoFrameContent

WIDTH, HEIGHT = 160, 120
COUNT = 60
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "mp4": ("mp4", {}),
    "fragmented": ("mp4", {"fragmented": True}),
    "mkv": ("mkv", {}),
    "ts": ("ts", {}),
}
FILES = [
    pytest.param(kind, codec, marks=needs_encoder(codec), id=f"{kind}-{codec.name()}")
    for kind, codecs in {
        "mp4": [Codec.H264, Codec.Hevc, Codec.Av1],
        "fragmented": [Codec.H264, Codec.Hevc],
        "mkv": [Codec.H264, Codec.Hevc, Codec.Av1, Codec.Jpeg],
        "ts": [Codec.H264, Codec.Hevc],
    }.items()
    for codec in codecs
]
every_file = pytest.mark.parametrize(("kind", "codec"), FILES)
needs_h264 = needs_encoder(Codec.H264)


def open_writer(folder: Path, kind: str, **options: Any) -> tuple[Path, PacketWriter]:
    ending, own = KINDS[kind]
    path = folder / f"file.{ending}"
    return path, PacketWriter(path, **own, **options)


def numbers_of(path: Path) -> list[int]:
    """The numbers in the pictures of a file, by this package's reader and decoder."""
    with recorded() as (decoder, recorder), PacketReader(path, "camera-1") as reader:
        for frame, data in reader:
            decoder.submit(frame, data)
    return [read_frame_number(p.pixels.reshape(HEIGHT, WIDTH, 4)) for p in recorder.pictures]


@pytest.mark.ffmpeg
@pytest.mark.parametrize("b_frames", [0, 2])
@every_file
def test_written_files_are_read_by_everybody(kind: str, codec: Codec, b_frames: int, tmp_path: Path) -> None:
    if b_frames and codec not in (Codec.H264, Codec.Hevc):
        pytest.skip("the codec has no B frames here")
    outputs = encode(software(codec, WIDTH, HEIGHT).with_b_frames(b_frames), map(numbered_picture, range(COUNT)))
    path, writer = open_writer(tmp_path, kind, on_bad_timestamps="raise")
    with writer:
        for output in outputs:
            writer.write(output)
    assert numbers_of(path) == list(range(COUNT))
    told = probe(path, "-count_packets", "-show_packets")
    [stream] = told["streams"]
    assert (stream["width"], stream["height"], int(stream["nb_read_packets"])) == (WIDTH, HEIGHT, COUNT)
    times = sorted(float(packet["pts_time"]) for packet in told["packets"])
    steps = {round(later - earlier, 3) for earlier, later in itertools.pairwise(times)}
    assert steps == {FRAME_NS / 1e9}
    assert_ffmpeg_is_content(path)
    pictures = ffmpeg_rgba(path, WIDTH, HEIGHT)
    assert [read_frame_number(picture) for picture in pictures] == list(range(COUNT))


@pytest.mark.ffmpeg
@pytest.mark.parametrize(
    "name", ["h264_bpyramid_640x360", "hevc_720p", "vp9_640x360", "vp8_altref_640x360", "mjpeg_480x272"]
)
def test_packets_of_a_reader_are_written_as_they_are(name: str, tmp_path: Path) -> None:
    clip = CLIPS[name]
    given = packets(clip)
    path = tmp_path / "copy.mkv"
    with PacketWriter(path) as writer:
        for frame, data in given:
            writer.write(frame, data)
    assert writer.fixed_timestamps == 0
    probe(path)
    with PacketReader(path) as reader:
        copied = list(reader)
    assert [data for _, data in copied] == [data for _, data in given]
    first = copied[0][0].pts - given[0][0].pts
    # Matroska counts in milliseconds.
    for (copy, _), (frame, _) in zip(copied, given, strict=True):
        assert abs(copy.pts - frame.pts - first) <= 1_500_000


@needs_h264
@pytest.mark.ffmpeg
def test_bad_times_are_fixed_and_counted(tmp_path: Path) -> None:
    outputs = encode(config(Codec.H264, WIDTH, HEIGHT), map(numbered_picture, range(10)))
    times = [0, 0, 40, 10, 80, 120, 120, 120, 90, 200]
    path = tmp_path / "fixed.mp4"
    with PacketWriter(path) as writer:
        for output, time in zip(outputs, times, strict=True):
            frame = make_frame(Codec.H264, WIDTH, HEIGHT, pts=time * 1_000_000, time_base=NANOSECONDS)
            writer.write(frame, output.data)
    assert writer.fixed_timestamps == 5
    packets_told = probe(path, "-show_packets")["packets"]
    decode_times = [float(packet["dts_time"]) for packet in packets_told]
    assert decode_times == sorted(set(decode_times))
    assert numbers_of(path) == list(range(10))


def test_bad_times_raise_if_asked_to_and_the_packet_is_left_out(tmp_path: Path) -> None:
    outputs = encode(config(Codec.Jpeg, WIDTH, HEIGHT), map(numbered_picture, range(3)))
    path = tmp_path / "raise.mkv"
    with PacketWriter(path, on_bad_timestamps="raise") as writer:
        writer.write(outputs[0])
        with pytest.raises(ValueError, match="times"):
            writer.write(outputs[0])
        writer.write(outputs[1])
    assert numbers_of(path) == [0, 1]


@needs_h264
@pytest.mark.parametrize("kind", ["fragmented", "ts", "mkv"])
def test_a_killed_process_leaves_a_playable_file(kind: str, tmp_path: Path) -> None:
    ending, options = KINDS[kind]
    path = tmp_path / f"killed.{ending}"
    script = f"""
        import os, signal, time
        from encoding import encode, config, numbered_picture
        from savant_rs.gstreamer import PacketWriter
        from savant_rs.primitives import Codec
        outputs = encode(config(Codec.H264, {WIDTH}, {HEIGHT}), map(numbered_picture, range(200)))
        writer = PacketWriter({str(path)!r}, **{options!r})
        for output in outputs:
            writer.write(output)
        time.sleep(1)  # what was written gets to the file
        os.kill(os.getpid(), signal.SIGKILL)
    """
    search = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], env={**os.environ, "PYTHONPATH": search}, timeout=100
    )
    assert done.returncode == -signal.SIGKILL
    numbers = numbers_of(path)
    assert numbers == list(range(len(numbers)))
    # At most the last fragment, or what the muxer holds back, is missing.
    assert len(numbers) >= 150


@needs_h264
def test_a_full_disk_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "full.ts"
    path.symlink_to("/dev/full")
    outputs = encode(config(Codec.H264, WIDTH, HEIGHT), map(numbered_picture, range(5)))
    writer = PacketWriter(path)

    def fill() -> None:
        for output in itertools.cycle(outputs):
            writer.write(output)

    with pytest.raises(OSError, match=r"full\.ts: no space"):
        fill()
    with pytest.raises(OSError, match="no space"):
        writer.close()
    with pytest.raises(RuntimeError, match="closed"):
        writer.write(outputs[0])


def test_files_that_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        PacketWriter(tmp_path / "nowhere" / "file.mp4")
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(IsADirectoryError):
        PacketWriter(tmp_path / "folder.mp4")
    with pytest.raises(ValueError, match="mkv"):
        PacketWriter(tmp_path / "file.avi")
    with pytest.raises(ValueError, match="fragmented"):
        PacketWriter(tmp_path / "file.ts", fragmented=True)
    with pytest.raises(ValueError, match="fix"):
        PacketWriter(tmp_path / "file.ts", on_bad_timestamps="guess")  # type: ignore[arg-type]


@needs_h264
def test_what_does_not_belong_into_the_file_is_refused(tmp_path: Path) -> None:
    [jpeg] = encode(config(Codec.Jpeg, WIDTH, HEIGHT), [numbered_picture(0)])
    [h264] = encode(config(Codec.H264, WIDTH, HEIGHT), [numbered_picture(0)])
    with PacketWriter(tmp_path / "file.ts") as writer:
        with pytest.raises(ValueError, match="jpeg"):
            writer.write(jpeg)
        writer.write(h264)
    with PacketWriter(tmp_path / "file.mkv") as writer:
        writer.write(jpeg)
        with pytest.raises(ValueError, match=r"jpeg.*h264"):
            writer.write(h264)
        with pytest.raises(TypeError):
            writer.write(jpeg, jpeg.data)  # type: ignore[call-overload]
        with pytest.raises(TypeError):
            writer.write(b"")  # type: ignore[call-overload]
        frame = make_frame(Codec.H264, WIDTH, HEIGHT)
        with pytest.raises(ValueError, match="data"):
            writer.write(frame)
        with pytest.raises(ValueError, match="codec"):
            writer.write(make_frame(None, WIDTH, HEIGHT), jpeg.data)
    frame, data = packets(CLIPS["h264_320x240"], stream_format="avc")[0]
    with PacketWriter(tmp_path / "file.mp4") as writer, pytest.raises(ValueError, match="start code"):
        writer.write(frame, data)


def test_a_frame_may_bring_its_own_content(tmp_path: Path) -> None:
    [output] = encode(config(Codec.Jpeg, WIDTH, HEIGHT), [numbered_picture(5)])
    content = VideoFrameContent.internal(output.data)
    path = tmp_path / "own.mkv"
    with PacketWriter(path) as writer:
        writer.write(make_frame(Codec.Jpeg, WIDTH, HEIGHT, content=content))
        writer.close()
        writer.close()
    assert numbers_of(path) == [5]


def test_a_file_without_a_packet_is_empty(tmp_path: Path) -> None:
    path, writer = open_writer(tmp_path, "mp4")
    path.write_bytes(b"before")
    with writer:
        pass
    path, writer = open_writer(tmp_path, "mp4")
    writer.close()
    assert path.stat().st_size == 0


@needs_h264
def test_dropping_a_writer_completes_its_file(tmp_path: Path) -> None:
    outputs = encode(config(Codec.H264, WIDTH, HEIGHT), map(numbered_picture, np.arange(4)))
    path, writer = open_writer(tmp_path, "mp4")
    for output in outputs:
        writer.write(output)
    del writer
    assert numbers_of(path) == [0, 1, 2, 3]

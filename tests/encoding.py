"""What the encoder tests share: pictures to encode, and what is made of the packets."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from clips_lib import Clip
from decoding import SOURCE, packets, recorded
from frame_number import draw_frame_number
from savant_rs.deepstream import (
    BufferGenerator,
    EncodedOutput,
    Encoder,
    EncoderConfig,
    SharedBuffer,
    SurfaceView,
    VideoFormat,
)
from savant_rs.primitives import Codec, VideoFrame, VideoFrameContent

NANOSECONDS = (1, 1_000_000_000)
FRAME_NS = 40_000_000
FPS = 25
SUFFIXES = {Codec.H264: "h264", Codec.Hevc: "hevc", Codec.Av1: "obu", Codec.Jpeg: "mjpeg", Codec.Png: "png"}


def config(codec: Codec, width: int, height: int) -> EncoderConfig:
    """For RGBA pictures, 25 a second."""
    return EncoderConfig(codec, width, height).format(VideoFormat.RGBA).fps(FPS, 1)


def clip_pictures(clip: Clip, count: int | None = None) -> np.ndarray:
    """The first pictures of a clip as RGBA, shape (count, height, width, 4), dtype uint8."""
    with recorded() as (decoder, recorder):
        for frame, data in packets(clip)[:count]:
            decoder.submit(frame, data)
    return np.stack([picture.pixels.reshape(clip.height, clip.width, 4) for picture in recorder.pictures])


def numbered_picture(number: int, width: int = 160, height: int = 120) -> np.ndarray:
    """An RGBA picture of a slope that carries a number, shape (height, width, 4)."""
    picture = np.full((height, width, 4), 255, np.uint8)
    picture[..., :3] = np.add.outer(np.arange(height), np.arange(width))[..., None] % 200
    draw_frame_number(picture, number)
    return picture


def buffers(pictures: Iterable[np.ndarray], *, step_ns: int | None = FRAME_NS) -> Iterator[SharedBuffer]:
    """RGBA pictures in buffers of one pool, with ids and times that count up."""
    generator: BufferGenerator | None = None
    for number, picture in enumerate(pictures):
        height, width = picture.shape[:2]
        generator = generator or BufferGenerator(VideoFormat.RGBA, width, height, pool_size=4)
        buffer = generator.acquire(id=number)
        SurfaceView.from_buffer(buffer).upload(np.ascontiguousarray(picture))
        if step_ns is not None:
            buffer.pts_ns = number * step_ns
            buffer.duration_ns = step_ns
        yield buffer


def encode(config: EncoderConfig, pictures: Iterable[np.ndarray]) -> list[EncodedOutput]:
    """All packets of an encoder of its own."""
    encoder = Encoder(config)
    outputs = list(encoder.encode(buffers(pictures)))
    encoder.graceful_shutdown()
    assert_accounted(encoder)
    return outputs


def assert_accounted(encoder: Encoder) -> None:
    stats = encoder.stats()
    assert stats["submitted"] == stats["encoded"] + stats["failed"] + stats["lost"], stats
    assert stats["in_flight"] == 0, stats


def frame_of(output: EncodedOutput, width: int, height: int) -> VideoFrame:
    """The packet's description, for a decoder."""
    return VideoFrame(
        SOURCE,
        (FPS, 1),
        width,
        height,
        VideoFrameContent.none(),
        codec=output.codec,
        keyframe=output.keyframe,
        time_base=NANOSECONDS,
        pts=output.pts_ns or 0,
        duration=output.duration_ns,
    )


def decoded(outputs: Sequence[EncodedOutput], width: int, height: int, **builders: Any) -> list[Any]:
    """The pictures that this package's decoder makes of packets."""
    with recorded(pool_size=8, **builders) as (decoder, recorder):
        for output in outputs:
            decoder.submit(frame_of(output, width, height), output.data)
    assert recorder.kinds.count("frame") == len(outputs), recorder.events
    return recorder.pictures


def stream(outputs: Sequence[EncodedOutput], folder: Path) -> Path:
    """The packets as an elementary stream."""
    path = folder / f"stream.{SUFFIXES[outputs[0].codec]}"
    path.write_bytes(b"".join(output.data for output in outputs))
    return path


def probe(path: Path, *entries: str) -> dict[str, Any]:
    """What ffprobe tells about the only stream, which must cause no message."""
    command = ["ffprobe", "-v", "warning", "-of", "json", *entries, "-show_streams", str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stderr == "", done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def ffmpeg_rgba(path: Path, width: int, height: int) -> np.ndarray:
    """The pictures that ffmpeg makes of a file, shape (count, height, width, 4)."""
    options = ["-v", "error", "-i", str(path), "-vsync", "passthrough", "-pix_fmt", "rgba", "-f", "rawvideo", "-"]
    done = subprocess.run(["ffmpeg", *options], check=True, capture_output=True)
    assert done.stderr == b"", done.stderr
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, height, width, 4)


def nal_types(data: bytes, codec: Codec) -> list[int]:
    """The types of the NAL units of a byte stream."""
    found = []
    position = data.find(b"\0\0\1")
    while position >= 0:
        head = data[position + 3]
        found.append(head & 31 if codec == Codec.H264 else head >> 1 & 63)
        position = data.find(b"\0\0\1", position + 3)
    return found

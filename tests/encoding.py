"""What the encoder tests share: pictures to encode, and what is made of the packets."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clips_lib import Clip
from decoding import SOURCE, WAIT_S, packets, recorded
from decoding import config as decoder_config
from frame_number import draw_frame_number
from gst_features import has_gst_feature
from savant_rs.deepstream import (
    BufferGenerator,
    EncodedOutput,
    Encoder,
    EncoderConfig,
    FlexibleDecoder,
    Hardware,
    SealedDelivery,
    SharedBuffer,
    SurfaceView,
    VideoFormat,
    backend,
    has_nvenc,
)
from savant_rs.primitives import Codec, VideoFrame, VideoFrameContent

NANOSECONDS = (1, 1_000_000_000)
FRAME_NS = 40_000_000
FPS = 25
SUFFIXES = {Codec.H264: "h264", Codec.Hevc: "hevc", Codec.Av1: "obu", Codec.Jpeg: "mjpeg", Codec.Png: "png"}
# The elements that make video in software.
SOFTWARE = {Codec.H264: "x264enc", Codec.Hevc: "x265enc", Codec.Av1: "av1enc"}
VIDEO = [*SOFTWARE]
NVENC = backend() == "deepstream" and has_nvenc(0)


def needs_encoder(codec: Codec) -> pytest.MarkDecorator:
    """Skips a test where nothing encodes the codec, in hardware or software."""
    element = SOFTWARE.get(codec)
    is_here = NVENC or element is None or has_gst_feature(element)
    return pytest.mark.skipif(not is_here, reason=f"needs {element} of GStreamer")


def each_codec(*codecs: Codec) -> pytest.MarkDecorator:
    """Runs a test with each of these as its ``codec``, where that can be encoded."""
    rows = [pytest.param(codec, marks=needs_encoder(codec), id=codec.name()) for codec in codecs]
    return pytest.mark.parametrize("codec", rows)


def config(codec: Codec, width: int, height: int) -> EncoderConfig:
    """For RGBA pictures, 25 a second, with whatever encodes here."""
    made = EncoderConfig(codec, width, height).format(VideoFormat.RGBA).fps(FPS, 1)
    return made.with_hardware(Hardware.PREFERRED)


def software(codec: Codec, width: int, height: int) -> EncoderConfig:
    """The same, made by the CPU."""
    return config(codec, width, height).with_hardware(Hardware.SOFTWARE)


def clip_pictures(clip: Clip, count: int | None = None) -> np.ndarray:
    """The first pictures of a clip as RGBA, shape (count, height, width, 4), dtype uint8."""
    with recorded() as (decoder, recorder):
        for frame, data in packets(clip)[:count]:
            decoder.submit(frame, data)
    return np.stack([picture.pixels.reshape(clip.height, clip.width, 4) for picture in recorder.pictures])


def decoded_buffers(clip: Clip, **builders: Any) -> Iterator[tuple[SharedBuffer, VideoFrame]]:
    """The pictures of a clip as its decoder delivers them, with their frames."""
    deliveries: queue.SimpleQueue[SealedDelivery | None] = queue.SimpleQueue()

    def feed() -> None:
        decoder = FlexibleDecoder(
            decoder_config(**builders), lambda output: deliveries.put(output.as_frame().take_delivery())
        )
        for frame, data in packets(clip):
            decoder.submit(frame, data)
        decoder.graceful_shutdown()
        deliveries.put(None)

    feeder = threading.Thread(target=feed)
    feeder.start()
    while (delivery := deliveries.get(timeout=WAIT_S)) is not None:
        frame, buffer = delivery.unseal()
        yield buffer, frame
    feeder.join(WAIT_S)


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


def assert_ffmpeg_is_content(path: Path) -> None:
    """Decodes a file with ffmpeg, which must say nothing."""
    done = subprocess.run(
        ["ffmpeg", "-v", "warning", "-i", str(path), "-f", "null", "-"], check=True, capture_output=True, text=True
    )
    assert done.stderr == "", done.stderr


def nal_types(data: bytes, codec: Codec) -> list[int]:
    """The types of the NAL units of a byte stream."""
    found = []
    position = data.find(b"\0\0\1")
    while position >= 0:
        head = data[position + 3]
        found.append(head & 31 if codec == Codec.H264 else head >> 1 & 63)
        position = data.find(b"\0\0\1", position + 3)
    return found

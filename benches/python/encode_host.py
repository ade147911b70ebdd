#!/usr/bin/env python3
"""Encoding 1080p RGBA in system memory: this library beside PyAV, OpenCV, ffmpeg and gst-launch-1.0.

    python benches/python/encode_host.py [--rows h264 jpeg] [--frames 120] [--rounds 9] [--seconds-limit 220]

H.264 is made by x264 with the same settings everywhere (preset veryfast, 8 Mbit/s with a buffer of one second, a key
frame every 30 frames, no B frames, no scene cuts, as many threads as x264 likes), JPEG of quality 90 with chroma halved
in both directions. The pictures are 24 frames of a test clip, over and over. ffmpeg and gst-launch-1.0 are processes
that read them from files in memory, and what they need to start is measured on one frame and taken off.

The packets of each program are decoded and compared with the pictures before anything is timed. The programs take turns
within a round; in each round our rate is divided by that of the fastest peer. Prints one JSON document.

Needs ffmpeg, gst-launch-1.0 and the dependency group ``bench``.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from _programs.machine import machine
from clips_lib import CLIPS
from savant_rs.deepstream import (
    BufferGenerator,
    DgpuPreset,
    Encoder,
    EncoderConfig,
    EncoderProperties,
    H264DgpuProps,
    JpegProps,
    SharedBuffer,
    SurfaceView,
    VideoFormat,
)
from savant_rs.gstreamer import Codec

CLIP = CLIPS["h264_1080p"]
WIDTH, HEIGHT, FPS = CLIP.width, CLIP.height, 30
PICTURES = 24
BITRATE, INTERVAL, QUALITY = 8_000_000, 30, 90
PSNR_LIMIT_DB = 33
X264 = {
    "keyint": INTERVAL,
    "bframes": 0,
    "scenecut": 0,
    "bitrate": BITRATE // 1000,
    "vbv-maxrate": BITRATE // 1000,
    "vbv-bufsize": BITRATE // 1000,
}
X264_TEXT = ":".join(f"{name}={value}" for name, value in X264.items())
QUIET = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}


@dataclass(frozen=True)
class Material:
    """What is encoded: the pictures, shape (count, height, width, 4), and a file of them, with one each beside it."""

    pictures: np.ndarray
    file: Path


Run = Callable[[Material, int], list[bytes]]


def ours(config: EncoderConfig) -> Run:
    """The pictures are written into surfaces beforehand; a copy into a pooled one stands for whoever makes pictures."""

    def run(material: Material, frames: int) -> list[bytes]:
        encoder = Encoder(config)
        generator = BufferGenerator(VideoFormat.RGBA, WIDTH, HEIGHT, pool_size=8)

        def buffers() -> Iterator[SharedBuffer]:
            for picture in itertools.islice(itertools.cycle(material.pictures), frames):
                buffer = generator.acquire()
                SurfaceView.from_buffer(buffer).upload(picture)
                yield buffer

        packets = [packet.data for packet in encoder.encode(buffers())]
        encoder.graceful_shutdown()
        return packets

    return run


def h264_config() -> EncoderConfig:
    props = H264DgpuProps(bitrate=BITRATE, vbv_buf_size=BITRATE, iframeinterval=INTERVAL, preset=DgpuPreset.P3)
    config = EncoderConfig(Codec.H264, WIDTH, HEIGHT).format(VideoFormat.RGBA).fps(FPS, 1)
    return config.properties(EncoderProperties.h264_dgpu(props))


def jpeg_config() -> EncoderConfig:
    config = EncoderConfig(Codec.Jpeg, WIDTH, HEIGHT).format(VideoFormat.RGBA)
    return config.properties(EncoderProperties.jpeg(JpegProps(QUALITY)))


def pyav(make: Callable[[np.ndarray], av.VideoFrame]) -> Run:
    def run(material: Material, frames: int) -> list[bytes]:
        context = av.CodecContext.create("libx264", "w")
        context.width, context.height, context.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        context.framerate, context.time_base = Fraction(FPS), Fraction(1, FPS)
        context.options = {"preset": "veryfast", "x264-params": X264_TEXT}
        packets = []
        for number, picture in enumerate(itertools.islice(itertools.cycle(material.pictures), frames)):
            frame = make(picture)
            frame.pts = number
            packets += [bytes(packet) for packet in context.encode(frame)]
        return packets + [bytes(packet) for packet in context.encode(None)]

    return run


def converted_by_av(picture: np.ndarray) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(picture, format="rgba").reformat(format="yuv420p")


def converted_by_cv2(picture: np.ndarray) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(cv2.cvtColor(picture, cv2.COLOR_RGBA2YUV_I420), format="yuv420p")


def opencv_jpeg(material: Material, frames: int) -> list[bytes]:
    bgr = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    options = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    packets = []
    for picture in itertools.islice(itertools.cycle(material.pictures), frames):
        cv2.cvtColor(picture, cv2.COLOR_RGBA2BGR, dst=bgr)
        packets.append(cv2.imencode(".jpg", bgr, options)[1].tobytes())
    return packets


def ffmpeg(material: Material, frames: int) -> list[bytes]:
    target = material.file.with_suffix(".ffmpeg.h264")
    raw = f"-f rawvideo -pix_fmt rgba -video_size {WIDTH}x{HEIGHT} -framerate {FPS}".split()
    coding = f"-pix_fmt yuv420p -c:v libx264 -preset veryfast -x264-params {X264_TEXT}".split()
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-stream_loop", "-1", *raw, "-i", str(material.file)]
    subprocess.run([*command, "-frames:v", str(frames), *coding, str(target)], **QUIET)
    return [target.read_bytes()]


def gst_launch(coding: str, suffix: str) -> Run:
    def run(material: Material, frames: int) -> list[bytes]:
        target = material.file.with_suffix(suffix)
        caps = f"video/x-raw,format=RGBA,width={WIDTH},height={HEIGHT},framerate={FPS}/1"
        source = f"multifilesrc location={material.file.parent}/%02d.rgba loop=true num-buffers={frames} caps={caps}"
        command = f"gst-launch-1.0 -q {source} ! queue ! videoconvert n-threads=0 ! {coding}"
        command += f" ! filesink location={target}"
        subprocess.run(command.split(), **QUIET)
        return [target.read_bytes()]

    return run


GST_H264 = (
    "video/x-raw,format=NV12 ! queue ! x264enc speed-preset=veryfast bframes=0 key-int-max=30 bitrate=8000 "
    "vbv-buf-capacity=1000 option-string=scenecut=0 ! video/x-h264,stream-format=byte-stream"
)
GST_JPEG = f"video/x-raw,format=I420,colorimetry=1:4:0:0 ! queue ! jpegenc quality={QUALITY}"
PROGRAMS: dict[str, dict[str, Run]] = {
    "h264": {
        "ours": ours(h264_config()),
        "pyav": pyav(converted_by_av),
        "pyav, I420 by cv2": pyav(converted_by_cv2),
        "ffmpeg": ffmpeg,
        "gst-launch": gst_launch(GST_H264, ".gst.h264"),
    },
    "jpeg": {
        "ours": ours(jpeg_config()),
        "cv2.imencode": opencv_jpeg,
        "gst-launch": gst_launch(GST_JPEG, ".gst.mjpeg"),
    },
}
PROCESSES = {"ffmpeg", "gst-launch"}


def material(folder: Path) -> Material:
    command = ["ffmpeg", "-v", "error", "-i", str(CLIP.path), "-frames:v", str(PICTURES), "-pix_fmt", "rgba"]
    raw = subprocess.run([*command, "-f", "rawvideo", "-"], check=True, stdout=subprocess.PIPE).stdout
    file = folder / "pictures.rgba"
    file.write_bytes(raw)
    pictures = np.frombuffer(raw, np.uint8).reshape(PICTURES, HEIGHT, WIDTH, 4).copy()
    for number, picture in enumerate(pictures):
        (folder / f"{number:02}.rgba").write_bytes(picture.tobytes())
    return Material(pictures, file)


def check(codec: str, run: Run, source: Material) -> dict[str, float]:
    """Number of pictures, PSNR in dB of the worst of them, and bytes of all."""
    packets = run(source, PICTURES)
    reader = av.CodecContext.create("h264" if codec == "h264" else "mjpeg", "r")
    parsed = [packet for data in packets for packet in reader.parse(data)] + reader.parse(b"")
    if codec == "h264":
        frames = [frame.to_ndarray(format="rgb24") for packet in [*parsed, None] for frame in reader.decode(packet)]
    else:
        frames = [cv2.imdecode(np.frombuffer(packet, np.uint8), cv2.IMREAD_COLOR_RGB) for packet in parsed]
    worst = float("inf")
    for frame, picture in zip(frames, source.pictures, strict=True):
        difference = frame.astype(np.int16) - picture[..., :3]
        worst = min(worst, 10 * np.log10(255**2 / max(np.mean(np.square(difference, dtype=np.int32)), 1e-9)))
    assert worst >= PSNR_LIMIT_DB, worst
    return {"pictures": len(frames), "psnr_db": round(float(worst), 1), "bytes": sum(map(len, packets))}


def seconds(run: Run, source: Material, frames: int) -> float:
    begin = time.perf_counter()
    run(source, frames)
    return time.perf_counter() - begin


def spread(values: list[float]) -> dict[str, float]:
    """The median and the quartiles."""
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    return {"median": round(middle, 3), "25%": round(low, 3), "75%": round(high, 3)}


def measure(codec: str, source: Material, frames: int, rounds: int, deadline: float) -> dict[str, object]:
    programs = PROGRAMS[codec]
    checks = {name: check(codec, run, source) for name, run in programs.items()}
    start = {name: seconds(run, source, 1) if name in PROCESSES else 0.0 for name, run in programs.items()}
    rates: list[dict[str, float]] = []
    while len(rates) < rounds and time.monotonic() < deadline:
        rates.append({name: frames / (seconds(run, source, frames) - start[name]) for name, run in programs.items()})
        print(codec, {name: round(rate) for name, rate in rates[-1].items()}, file=sys.stderr)
    peers = [name for name in programs if name != "ours"]
    return {
        "rounds": len(rates),
        "checks": checks,
        "fps": {name: spread([each[name] for each in rates]) for name in programs},
        "ours_to_best_peer": spread([each["ours"] / max(each[name] for name in peers) for each in rates]),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", nargs="+", choices=PROGRAMS, default=list(PROGRAMS))
    parser.add_argument("--frames", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds-limit", type=float, default=220, help="no round begins later")
    options = parser.parse_args()
    deadline = time.monotonic() + options.seconds_limit
    shared_memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared_memory if shared_memory.is_dir() else None) as folder:
        source = material(Path(folder))
        rows = {codec: measure(codec, source, options.frames, options.rounds, deadline) for codec in options.rows}
    print(json.dumps({"machine": machine(), "frames": options.frames, "rows": rows}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Decoding one 1080p H.264 stream to RGBA in system memory: this library beside gst-launch-1.0.

Both decode the same access units, a test clip repeated, with the same decoder element; the outputs are
checked before anything is timed, and the timed runs take turns. Prints one JSON document.

    python benches/python/decode_host.py [--loops 10] [--rounds 3]

Needs ffmpeg (to write the repeated file for gst-launch-1.0) and gst-launch-1.0.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from _programs.gst_launch import execution_seconds, pictures
from _programs.machine import machine
from clips_lib import CLIPS, Clip, read_frame_number
from savant_rs.deepstream import (
    FlexibleDecoder,
    FlexibleDecoderConfig,
    FlexibleDecoderOutput,
    SealedDelivery,
    SharedBuffer,
    SurfaceView,
)
from savant_rs.gstreamer import PacketReader
from savant_rs.primitives import VideoFrame, VideoFrameContent

CLIP = CLIPS["h264_1080p"]
SOURCE_ID = "bench"
POOL_SIZE = 16
LIMIT_S = 600
PIPELINES = {
    "gst-launch": "avdec_h264 ! videoconvert",
    "gst-launch, videoconvert n-threads=CORES": "avdec_h264 ! queue ! videoconvert n-threads={cores}",
}

Packet = tuple[VideoFrame, bytes]


def repeated(clip: Clip, loops: int) -> Iterator[Packet]:
    """The packets of the clip over and over, with timestamps that go on."""
    with PacketReader(str(clip.path), SOURCE_ID) as reader:
        packets = list(reader)
    length_ns = clip.frames * 1_000_000_000 // clip.fps
    for loop in range(loops):
        for frame, data in packets:
            yield shifted(frame, loop * length_ns), data


def shifted(frame: VideoFrame, offset_ns: int) -> VideoFrame:
    """A new frame like this one, `offset_ns` later."""
    return VideoFrame(
        frame.source_id,
        frame.fps,
        frame.width,
        frame.height,
        VideoFrameContent.none(),
        codec=frame.codec,
        keyframe=frame.keyframe,
        time_base=frame.time_base,
        pts=frame.pts + offset_ns,
        dts=None if frame.dts is None else frame.dts + offset_ns,
        duration=frame.duration,
    )


def decode(packets: list[Packet], take: Callable[[SharedBuffer], None]) -> float:
    """Decode the packets, hand every buffer to `take` on a thread of its own; returns seconds."""
    deliveries: queue.SimpleQueue[SealedDelivery | None] = queue.SimpleQueue()
    element: list[str] = []

    def on_output(output: FlexibleDecoderOutput) -> None:
        frame = output.as_frame()
        if frame is not None:
            element[:] = [frame.decoded_frame.decoder]
            deliveries.put(frame.take_delivery())

    def consume() -> None:
        while (delivery := deliveries.get()) is not None:
            take(delivery.unseal()[1])
            del delivery

    consumer = threading.Thread(target=consume)
    consumer.start()
    decoder = FlexibleDecoder(FlexibleDecoderConfig(SOURCE_ID, 0, POOL_SIZE), on_output)
    started = time.perf_counter()
    for frame, data in packets:
        decoder.submit(frame, data)
    decoder.graceful_shutdown()
    deliveries.put(None)
    consumer.join()
    seconds = time.perf_counter() - started
    delivered = decoder.stats()["delivered"]
    if delivered != len(packets) or element != ["avdec_h264"]:
        raise SystemExit(f"{delivered} of {len(packets)} frames came out of {element}")
    return seconds


def check_ours(clip: Clip) -> None:
    """Every picture comes out once and in order, as its number tells."""
    numbers: list[int] = []
    decode(
        list(repeated(clip, 2)),
        lambda buffer: numbers.append(read_frame_number(np.asarray(SurfaceView.from_buffer(buffer)))),
    )
    if numbers != list(clip.numbers) * 2:
        raise SystemExit(f"wrong pictures: {numbers}")


def gst_launch(file: Path, pipeline: str, sink: str) -> str:
    """Run gst-launch-1.0 on the file and return what it printed."""
    middle = pipeline.format(cores=os.cpu_count())
    line = f"filesrc location={file} ! qtdemux ! h264parse ! {middle} ! video/x-raw,format=RGBA ! {sink}"
    command = ["gst-launch-1.0", "-v", *line.split()]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=LIMIT_S).stdout


def check_gst(file: Path, pipeline: str, frames: int) -> None:
    """The pipeline gives every frame too."""
    printed = gst_launch(file, pipeline, "fakesink sync=false silent=false")
    found = pictures(printed)
    if found != frames:
        raise SystemExit(f"gst-launch gave {found} of {frames} frames")


def time_gst(file: Path, pipeline: str) -> float:
    """Seconds in the playing state, as gst-launch-1.0 itself reports: start-up does not count."""
    printed = gst_launch(file, pipeline, "fakesink sync=false")
    seconds = execution_seconds(printed)
    if seconds is None:
        raise SystemExit(f"gst-launch did not say how long it took:\n{printed}")
    return seconds


def write_repeated(clip: Clip, loops: int, target: Path) -> None:
    """The same access units as a file, without encoding anything again."""
    command = ["ffmpeg", "-v", "error", "-stream_loop", str(loops - 1), "-i", str(clip.path), "-c", "copy"]
    subprocess.run([*command, str(target)], check=True)


def main() -> None:
    """Check, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--loops", type=int, default=10, help="how often the clip of 60 frames is repeated")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    report = {"machine": machine(), "clip": CLIP.name, "frames": CLIP.frames * options.loops}
    seconds: dict[str, list[float]] = {"savant_rs.deepstream": [], **{name: [] for name in PIPELINES}}
    check_ours(CLIP)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "repeated.mp4"
        write_repeated(CLIP, options.loops, file)
        for pipeline in PIPELINES.values():
            check_gst(file, pipeline, CLIP.frames * options.loops)
        for _ in range(options.rounds):
            packets = list(repeated(CLIP, options.loops))
            seconds["savant_rs.deepstream"].append(decode(packets, lambda _buffer: None))
            for name, pipeline in PIPELINES.items():
                seconds[name].append(time_gst(file, pipeline))
    report["fps"] = {
        name: {
            "median": round(report["frames"] / statistics.median(values), 1),
            "each": [round(report["frames"] / value, 1) for value in values],
        }
        for name, values in seconds.items()
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()

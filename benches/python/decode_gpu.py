#!/usr/bin/env python3
"""Decoding 1080p H.264 streams to RGBA in GPU memory: this library beside gst-launch-1.0, in one run.

    python benches/python/decode_gpu.py [--loops 20] [--streams 1 7 14] [--rounds 3]

Both decode the same access units, a test clip repeated, with nvv4l2decoder, and convert on the GPU. Ours
delivers every picture sealed to a Python callback. The output of one stream is checked before anything is
timed, and the timed runs take turns. Prints one JSON document: frames per second over all streams, and CPU
seconds per 1,000 frames.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from clips_lib import CLIPS, read_frame_number
from savant_rs.deepstream import FlexibleDecoder, FlexibleDecoderConfig, Hardware, SurfaceView, backend
from savant_rs.gstreamer import PacketReader

CLIP = CLIPS["h264_1080p"]
POOL_SIZE = 8
# gst-launch-1.0 finds NVIDIA's plugins by this variable; this process must not scan them.
PEER_PLUGINS = os.environ.get("PEER_GST_PLUGIN_PATH")
PEER_ENVIRONMENT = {**os.environ, **({"GST_PLUGIN_PATH": PEER_PLUGINS} if PEER_PLUGINS else {})}
OURS, PEER = "savant_rs.deepstream", "gst-launch nvv4l2decoder ! nvvideoconvert"


def read_clip(source_id: str) -> list:
    with PacketReader(CLIP.path, source_id) as reader:
        return list(reader)


class Stream:
    """One decoder, fed by a thread, whose callback takes each delivery and lets it go."""

    def __init__(self, name: str, loops: int) -> None:
        self.loops, self.packets, self.delivered = loops, read_clip(name), 0
        config = FlexibleDecoderConfig(name, 0, POOL_SIZE).with_hardware(Hardware.REQUIRED)
        self.decoder = FlexibleDecoder(config, self.on_output)

    def on_output(self, output: object) -> None:
        if output.is_frame:
            output.as_frame().take_delivery()
            self.delivered += 1

    def feed(self) -> None:
        for _ in range(self.loops):
            for frame, data in self.packets:
                self.decoder.submit(frame, data)
        self.decoder.graceful_shutdown()


def ours(streams: int, loops: int, _: Path) -> tuple[float, float]:
    running = [Stream(f"bench-{index}", loops) for index in range(streams)]
    threads = [threading.Thread(target=stream.feed) for stream in running]
    before, started = cpu_seconds(resource.RUSAGE_SELF), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed, used = time.perf_counter() - started, cpu_seconds(resource.RUSAGE_SELF) - before
    for stream in running:
        assert stream.delivered == loops * CLIP.frames, stream.decoder.stats()
    return elapsed, used


def peer(streams: int, loops: int, path: Path) -> tuple[float, float]:
    branch = (
        f"filesrc location={path} ! h264parse ! nvv4l2decoder ! nvvideoconvert ! "
        "video/x-raw(memory:NVMM),format=RGBA ! fakesink sync=false"
    )
    command = ["gst-launch-1.0", *(branch.split() * streams)]
    before = cpu_seconds(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=PEER_ENVIRONMENT)
    match = re.search(r"Execution ended after (\d+):(\d+):([\d.]+)", done.stdout)
    if done.returncode or not match:
        raise RuntimeError(done.stdout[-800:] + done.stderr[-800:])
    hours, minutes, seconds = match.groups()
    elapsed = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    return elapsed, cpu_seconds(resource.RUSAGE_CHILDREN) - before


def cpu_seconds(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def check_output() -> None:
    numbers = []

    def on_output(output: object) -> None:
        if output.is_frame:
            deliveries.append(output.as_frame().take_delivery())

    deliveries: list = []
    config = FlexibleDecoderConfig("check", 0, CLIP.frames).with_hardware(Hardware.REQUIRED)
    decoder = FlexibleDecoder(config, on_output)
    for frame, data in read_clip("check"):
        decoder.submit(frame, data)
    decoder.graceful_shutdown()
    for delivery in deliveries:
        _, buffer = delivery.unseal()
        numbers.append(read_frame_number(SurfaceView.from_buffer(buffer).download()))
    assert numbers == list(CLIP.numbers), numbers


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--loops", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 7, 14])
    args = parser.parse_args()
    if str(backend()) != "deepstream":
        print("this benchmark needs the DeepStream backend", file=sys.stderr)
        return 2
    check_output()
    results: dict = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "loop.h264"
        path.write_bytes(b"".join(data for _, data in read_clip("loop")) * args.loops)
        for streams in args.streams:
            frames = streams * args.loops * CLIP.frames
            row: dict = {OURS: [], PEER: []}
            for _ in range(args.rounds):
                for name, run in ((OURS, ours), (PEER, peer)):
                    elapsed, used = run(streams, args.loops, path)
                    row[name].append((frames / elapsed, used / frames * 1000))
            results[f"{streams} streams"] = {
                name: {
                    "fps": round(statistics.median(fps for fps, _ in runs), 1),
                    "each": [round(fps, 1) for fps, _ in runs],
                    "cpu_s_per_1000": round(statistics.median(cpu for _, cpu in runs), 3),
                }
                for name, runs in row.items()
            }
    json.dump(
        {"machine": {"cores": os.cpu_count(), "python": platform.python_version()}, "fps": results},
        sys.stdout,
        indent=1,
    )
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Many streams in one pool: threads, memory, frames per second, and how long shutdowns take.

    python benches/python/many_streams.py [--streams 256] [--clip h264_320x240] [--seconds 20]

Every source is fed by a few threads that take turns, as fast as its decoder takes packets; every picture counts
for its own source, and the pool's counters must add up. On a machine with a GPU, `--streams 64 --clip h264_1080p`
beside `--streams 14` tells what the number of streams costs. Exit status 1 if a frame is amiss or a shutdown of 64
busy streams takes longer than it may.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from clips_lib import CLIPS, Clip
from savant_rs import deepstream
from savant_rs.deepstream import FlexibleDecoderOutput, FlexibleDecoderPool, FlexibleDecoderPoolConfig
from savant_rs.gstreamer import PacketReader
from savant_rs.primitives import VideoFrame, VideoFrameContent

POOL_SIZE = 4
FEEDERS = 8
NEVER_MS = 3_600_000
IDLE_TIMEOUT_S = 1.0
IMMEDIATE_LIMIT_S = 2.0
BUSY_STREAMS = 64
MIB = 1024 * 1024
PAGE = os.sysconf("SC_PAGE_SIZE")


def resident_mib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / MIB


def thread_names() -> Counter[str]:
    """How many threads of each kind this process has; numbers in names do not count."""
    names: Counter[str] = Counter()
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):
            names[re.sub(r"-?\d+", "", (task / "comm").read_text().strip())] += 1
    return names


def device_mib() -> int | None:
    """What all processes use of the GPU's memory; None on the host backend."""
    return None if str(deepstream.backend()) == "host" else deepstream.gpu_mem_used_mib(0)


class Streams:
    """A pool whose sources all get the packets of one clip, again and again."""

    def __init__(self, clip: Clip, count: int) -> None:
        with PacketReader(clip.path, "any") as reader:
            self.packets = [(frame, bytes(data)) for frame, data in reader]
        self.count = count
        self.delivered: Counter[str] = Counter()
        self.others: Counter[str] = Counter()
        self.stop = threading.Event()
        self.pool = FlexibleDecoderPool(FlexibleDecoderPoolConfig(0, POOL_SIZE, NEVER_MS), self.on_output)
        self.feeders = [threading.Thread(target=self.feed, args=(index,)) for index in range(FEEDERS)]
        for feeder in self.feeders:
            feeder.start()

    def on_output(self, output: FlexibleDecoderOutput) -> None:
        frame = output.as_frame()
        if frame is not None:
            self.delivered[frame.frame.source_id] += 1
        else:
            self.others[repr(output)] += 1

    def feed(self, feeder: int) -> None:
        sources = [f"s{index}" for index in range(feeder, self.count, FEEDERS)]
        while not self.stop.is_set():
            for shape, data in self.packets:
                for source in sources:
                    frame = VideoFrame(
                        source, (30, 1), shape.width, shape.height, VideoFrameContent.none(), codec=shape.codec
                    )
                    try:
                        self.pool.submit(frame, data)
                    except RuntimeError:
                        return

    def end_feeding(self) -> None:
        self.stop.set()
        for feeder in self.feeders:
            feeder.join()

    def check(self) -> None:
        stats = self.pool.stats()
        ended = stats["delivered"] + sum(stats["skipped"].values()) + stats["errors"] + stats["lost"]
        assert stats["submitted"] == ended and stats["in_flight"] == 0, stats
        assert sum(self.delivered.values()) == stats["delivered"], (self.delivered, stats)
        assert not self.others, self.others


def measure(clip: Clip, count: int, seconds: float) -> None:
    base_threads, base_mib, base_device_mib = sum(thread_names().values()), resident_mib(), device_mib()
    streams = Streams(clip, count)
    begin = time.monotonic()
    while len(streams.delivered) < count:
        time.sleep(0.05)
        assert time.monotonic() - begin < 300, f"{len(streams.delivered)} of {count} streams have a picture"
    first_s = time.monotonic() - begin
    before, since = Counter(streams.delivered), time.monotonic()
    time.sleep(seconds)
    elapsed = time.monotonic() - since
    rates = sorted((streams.delivered[source] - before[source]) / elapsed for source in streams.delivered)
    names, mib = thread_names(), resident_mib()
    added = sum(names.values()) - base_threads - FEEDERS
    print(f"{count} streams of {clip.width}x{clip.height} {clip.codec}, {deepstream.backend()} backend")
    print(f"  every stream has a picture after {first_s:.1f} s")
    print(f"  {sum(rates):.0f} fps in all; a stream {rates[0]:.1f} to {rates[-1]:.1f}, median {rates[count // 2]:.1f}")
    print(f"  {added} threads ({added / count:.2f} a stream): {dict(names.most_common(7))}")
    print(f"  {mib - base_mib:.0f} MiB ({(mib - base_mib) / count:.2f} a stream)")
    if base_device_mib is not None:
        added_mib = (device_mib() or 0) - base_device_mib
        print(f"  {added_mib} MiB of GPU memory ({added_mib / count:.1f} a stream, the context of CUDA included)")
    streams.stop.set()
    streams.pool.shutdown()
    streams.end_feeding()
    streams.check()


def shutdown_seconds(clip: Clip, graceful: bool) -> float:
    streams = Streams(clip, BUSY_STREAMS)
    while len(streams.delivered) < BUSY_STREAMS:
        time.sleep(0.05)
    begin = time.monotonic()
    if graceful:
        streams.pool.graceful_shutdown()
    else:
        streams.pool.shutdown()
    seconds = time.monotonic() - begin
    streams.end_feeding()
    streams.check()
    return seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=256)
    parser.add_argument("--clip", choices=sorted(CLIPS), default="h264_320x240")
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    clip = CLIPS[options.clip]
    measure(clip, options.streams, options.seconds)
    is_fast = True
    for graceful, limit in ((False, IMMEDIATE_LIMIT_S), (True, IDLE_TIMEOUT_S + 2)):
        seconds = shutdown_seconds(clip, graceful)
        is_fast &= seconds < limit
        name = "graceful" if graceful else "immediate"
        print(f"  {name} shutdown of {BUSY_STREAMS} busy streams: {seconds:.2f} s (limit {limit:.0f} s)")
    return 0 if is_fast else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Decode many files on all GPUs of a machine: each source on the GPU that has the fewest.

    python examples/many_gpus.py tests/clips/h264_1080p.mp4 tests/clips/hevc_720p.mkv

There is one pool a GPU. Without a GPU, or with one, everything goes to device 0. A picture stays on its GPU: a buffer
of one GPU in a batch of another raises.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter

from savant_rs.deepstream import FlexibleDecoderOutput, FlexibleDecoderPool, FlexibleDecoderPoolConfig, init_cuda
from savant_rs.gstreamer import PacketReader

POOL_SIZE = 8
IDLE_MS = 60_000


def visible_gpus() -> int:
    """How many devices there are; 1 without a GPU."""
    count = 0
    while True:
        try:
            init_cuda(count)
        except RuntimeError:
            return max(count, 1)
        count += 1


class Spread:
    """A pool on each GPU."""

    def __init__(self) -> None:
        self.pictures: Counter[str] = Counter()
        gpus = range(visible_gpus())
        self.pools = [
            FlexibleDecoderPool(FlexibleDecoderPoolConfig(gpu, POOL_SIZE, IDLE_MS), self.on_output) for gpu in gpus
        ]
        self.sources = Counter(dict.fromkeys(gpus, 0))

    def on_output(self, output: FlexibleDecoderOutput) -> None:
        frame, error = output.as_frame(), output.as_error()
        if frame is not None:
            self.pictures[frame.frame.source_id] += 1
        elif error is not None:
            print(error.message, file=sys.stderr)

    def place(self) -> int:
        """The GPU for another source."""
        gpu = min(self.sources, key=self.sources.__getitem__)
        self.sources[gpu] += 1
        return gpu

    def feed(self, path: str, source_id: str, gpu: int) -> None:
        with PacketReader(path, source_id) as packets:
            for frame, data in packets:
                self.pools[gpu].submit(frame, data)


def main() -> None:
    spread = Spread()
    feeders = []
    for number, path in enumerate(sys.argv[1:]):
        source_id, gpu = f"{number}: {path}", spread.place()
        print(f"{source_id} on device {gpu}")
        feeders.append(threading.Thread(target=spread.feed, args=(path, source_id, gpu)))
    for feeder in feeders:
        feeder.start()
    for feeder in feeders:
        feeder.join()
    for pool in spread.pools:
        pool.graceful_shutdown()
    for source_id, count in sorted(spread.pictures.items()):
        print(f"{source_id}: {count} pictures")


if __name__ == "__main__":
    main()

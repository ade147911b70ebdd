"""Growth of the resident set over many decoders: create, submit, shut down, again.

    MALLOC_ARENA_MAX=2 python benches/python/rss_slope.py [--cycles 2000]

Prints the least-squares slope in bytes per cycle, after WARM_UP cycles in which the allocators' caches fill,
and the native objects that are left. Free memory that malloc keeps is given back before each reading, since
it comes and goes by more than a leak would show. Each cycle decodes four packets of one of several codecs; half of the
decoders are shut down at once, half gracefully. Exit status 1 above LIMIT_BYTES or with objects left.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import os
import sys
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

import numpy as np

from clips_lib import CLIPS
from savant_rs.deepstream import FlexibleDecoder, FlexibleDecoderConfig, _native
from savant_rs.gstreamer import PacketReader

# Slopes of earlier cycles scatter by hundreds of bytes while the allocator settles.
WARM_UP = 4000
SAMPLES = 200
LIMIT_BYTES = 200
NAMES = ("h264_320x240", "hevc_640x360", "vp8_320x180", "vp9_640x360", "av1_640x360", "jpeg_100x100", "png_rgb_320x180")
LIBC = ctypes.CDLL(None)
PAGE = os.sysconf("SC_PAGE_SIZE")


def resident_bytes() -> int:
    gc.collect()
    LIBC.malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def cycle(index: int, streams: list[list]) -> None:
    decoder = FlexibleDecoder(FlexibleDecoderConfig("rss", 0, 2), lambda output: None)
    for frame, data in streams[index % len(streams)]:
        decoder.submit(frame, data)
    (decoder.shutdown if index % 2 else decoder.graceful_shutdown)()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cycles", type=int, default=2000, help="how many are measured, after the warm-up")
    cycles = parser.parse_args().cycles
    streams = []
    for name in NAMES:
        with PacketReader(CLIPS[name].path, "rss") as reader:
            streams.append(list(islice(reader, 4)))
    every = max(1, cycles // SAMPLES)
    measured = []
    for index in range(-WARM_UP, cycles):
        cycle(index, streams)
        if index >= 0 and index % every == 0:
            measured.append((index, resident_bytes()))
    slope = float(np.polyfit(*np.array(measured, dtype=np.float64).T, 1)[0])
    left = _native._live_objects()
    print(f"{cycles} cycles: {slope:.1f} bytes a cycle, {resident_bytes() / 2**20:.1f} MiB resident, left: {left}")
    return int(slope > LIMIT_BYTES or any(left.values()))


if __name__ == "__main__":
    sys.exit(main())

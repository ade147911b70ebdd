"""Streams with faults, changes of codec and size, and evictions, for a long time: does anything grow?

    make soak ARGS="[--minutes 30] [--streams 16] [--fps 20] [--seed 1]"

Each source sends clips of all codecs in turn, each time with other faults, and now and then pauses for so long that it
is evicted. The resident set is read every few seconds while the streams run; at the end of each twelfth of the time all
sources pause until they have been evicted, and threads, file descriptors, native objects and the GPU's memory are
counted. What the second of six parts of the time shows is the measure for the last (of 30 minutes, 5 to 10 for 25 to
30; before, caches fill), so the last part sends what the second one did. `make` sets glibc so that it gives back what
was freed: `malloc_trim` reaches neither the cache of each thread nor the stacks of threads that have ended, which
fill for hours.

Exit status 1 if the median resident set grew by more than LIMIT_MB or what is allocated at rest by more than
LIMIT_IN_USE_MB (on a GPU, where the driver's part comes and goes with its decoders, the GPU's memory by more than
LIMIT_GPU_MIB), threads or descriptors grew, an object was left, or the counters do not add up.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import os
import sys
import threading
import time
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from random import Random
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from clips_lib import CLIPS
from savant_rs import deepstream
from savant_rs.deepstream import FlexibleDecoderOutput, FlexibleDecoderPool, FlexibleDecoderPoolConfig, _native
from savant_rs.gstreamer import PacketReader
from savant_rs.primitives import VideoFrame
from savant_rs.testing import FaultInjector

LIMIT_MB = 3.0
LIMIT_IN_USE_MB = 0.5
LIMIT_GPU_MIB = 8
# Neighbours differ in codec, size or both.
NAMES = (
    "h264_320x240",
    "h264_bpyramid_640x360",
    "hevc_640x360",
    "vp8_320x180",
    "vp9_640x360",
    "mjpeg_480x272",
    "hevc_open_gop_320x240",
    "png_rgb_320x180",
    "h264_open_gop_320x240",
    "av1_640x360",
)
POOL_SIZE = 4
EVICTION_TTL_MS = 500
PAUSE_S = 1.5
SETTLE_LIMIT_S = 60
SAMPLE_S = 2.0
ROUNDS = 12
PARTS = 6
# GLib keeps threads for the next pipeline as long as this.
IDLE_THREADS_S = 16
LIBC = ctypes.CDLL(None)
PAGE = os.sysconf("SC_PAGE_SIZE")


class Mallinfo(ctypes.Structure):
    """`struct mallinfo2` of glibc 2.33 and later."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


LIBC.mallinfo2.restype = Mallinfo


def resident_mb() -> float:
    """The resident set in 10^6 bytes, without what malloc only keeps."""
    gc.collect()
    LIBC.malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 1e6


def in_use_mb() -> float:
    """What is allocated, in 10^6 bytes: where the resident set grows and this does not, the heap has holes."""
    info = LIBC.mallinfo2()
    return (info.uordblks + info.hblkhd) / 1e6


@dataclass(frozen=True)
class Rest:
    """What is there while no source is."""

    threads: int
    descriptors: int
    objects: int
    mb: float
    in_use_mb: float
    gpu_mib: int

    @classmethod
    def take(cls) -> Rest:
        on_host = str(deepstream.backend()) == "host"
        return cls(
            threads=len(os.listdir("/proc/self/task")),
            descriptors=len(os.listdir("/proc/self/fd")),
            objects=sum(_native._live_objects().values()),
            mb=resident_mb(),
            in_use_mb=in_use_mb(),
            gpu_mib=0 if on_host else deepstream.gpu_mem_used_mib(0),
        )


class Soak:
    """A pool, and a thread for each source that feeds it."""

    def __init__(self, streams: int, fps: float, seed: int) -> None:
        self.packets = []
        for name in NAMES:
            with PacketReader(CLIPS[name].path, "any") as reader:
                self.packets.append(list(reader))
        self.fps, self.seed = fps, seed
        self.faults = 0
        self.outputs = 0
        self.raised: list[BaseException] = []
        self.stop = threading.Event()
        self.run = threading.Event()
        self.part = 0
        self.pool = FlexibleDecoderPool(FlexibleDecoderPoolConfig(0, POOL_SIZE, EVICTION_TTL_MS), self.on_output)
        self.feeders = [threading.Thread(target=self.feed, args=(index,)) for index in range(streams)]
        for feeder in self.feeders:
            feeder.start()

    def on_output(self, output: FlexibleDecoderOutput) -> None:
        self.outputs += 1

    def play_each_clip(self) -> None:
        """Decodes each clip alone and intact, so that what begins with its first use (threads of the process, the
        driver's memory) has begun before anything is measured."""
        for name, packets in zip(NAMES, self.packets, strict=True):
            for frame, data in packets:
                self.pool.submit(renewed(frame, name), data)
            self.settle()

    def feed(self, index: int) -> None:
        part = None
        try:
            while not self.stop.is_set():
                if part != self.part:
                    part = self.part
                    # The last part repeats the second.
                    schedule = 1 if part == PARTS - 1 else part
                    random, turn = Random((self.seed * PARTS + schedule) * 1000 + index), index
                self.send_clip(f"s{index}", self.packets[turn % len(NAMES)], random)
                turn += 1
                if random.random() < 0.1:
                    self.stop.wait(PAUSE_S)
        except BaseException as error:
            self.raised.append(error)

    def send_clip(self, source: str, packets: list[tuple[VideoFrame, bytes]], random: Random) -> None:
        injector = FaultInjector(
            ((renewed(frame, source), data) for frame, data in packets),
            loss=random.choice([0, 0.01, 0.05, 0.2]),
            truncate=random.choice([0, 0, 0.05]),
            bitflip=random.choice([0, 0, 0.05]),
            duplicate=random.choice([0, 0, 0.05]),
            reorder=random.choice([0, 0, 3]),
            join_mid_gop=random.random() < 0.1,
            seed=random.randrange(1 << 32),
        )
        part = self.part
        for frame, data in injector:
            self.run.wait()
            if self.stop.is_set() or part != self.part:
                break
            self.pool.submit(frame, data)
            self.stop.wait(random.uniform(0, 2) / self.fps)
        self.faults += injector.faults.total()

    def rest(self, part: int, threads: int) -> Rest:
        """Pauses the sources until they have been evicted, and looks at what is left then.

        Waits for idle threads to end as long as there are more than `threads`. What follows is of `part`.
        """
        self.run.clear()
        self.settle()
        time.sleep(1)
        end = time.monotonic() + IDLE_THREADS_S
        while len(os.listdir("/proc/self/task")) > threads and time.monotonic() < end:
            time.sleep(0.1)
        rest = Rest.take()
        self.part = part
        self.run.set()
        return rest

    def settle(self) -> None:
        """Waits until all sources have been evicted."""
        end = time.monotonic() + SETTLE_LIMIT_S
        while self.pool.stats()["sources"] or self.pool.stats()["in_flight"] or any(_native._live_objects().values()):
            assert time.monotonic() < end, f"the pool does not come to rest: {_native._live_objects()}"
            time.sleep(0.1)

    def end(self) -> None:
        self.stop.set()
        self.run.set()
        for feeder in self.feeders:
            feeder.join()
        self.pool.graceful_shutdown()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--streams", type=int, default=16)
    parser.add_argument("--fps", type=float, default=20, help="of each stream")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    soak = Soak(options.streams, options.fps, options.seed)
    resident: list[list[float]] = []
    rests: list[Rest] = []
    soak.play_each_clip()
    soak.run.set()
    for turn in range(1, ROUNDS + 1):
        end = time.monotonic() + options.minutes * 60 / ROUNDS
        resident.append([])
        while time.monotonic() < end:
            time.sleep(SAMPLE_S)
            resident[-1].append(resident_mb())
        rests.append(soak.rest(turn * PARTS // ROUNDS, min((rest.threads for rest in rests), default=0)))
        print(f"  running {median(resident[-1]):.1f} MB; at rest {rests[-1]}", flush=True)
    soak.end()
    stats = soak.pool.stats()
    return report(options, soak, stats, resident, rests)


def renewed(frame: VideoFrame, source: str) -> VideoFrame:
    """The frame of another source; its times are those of before, so they jump back with each clip."""
    copy = frame.copy()
    copy.source_id = source
    return copy


def report(options: argparse.Namespace, soak: Soak, stats: dict, resident: list[list[float]], rests: list[Rest]) -> int:
    """Prints the figures; returns the exit status."""
    rounds = ROUNDS // PARTS
    parts = slice(rounds, 2 * rounds), slice(ROUNDS - rounds, ROUNDS)
    running = [median(chain.from_iterable(resident[part])) for part in parts]
    mb, in_use, threads, descriptors, gpu_mib = (
        [median(getattr(rest, name) for rest in rests[part]) for part in parts]
        for name in ("mb", "in_use_mb", "threads", "descriptors", "gpu_mib")
    )
    left = _native._live_objects()
    ended = stats["delivered"] + sum(stats["skipped"].values()) + stats["errors"] + stats["lost"]
    adds_up = stats["submitted"] == ended and stats["in_flight"] == 0 and not soak.raised
    print(
        f"{options.streams} streams, {options.minutes:g} minutes, {deepstream.backend()} backend, seed {options.seed}"
    )
    print(f"  {stats['submitted']} packets, {soak.faults} faults, {stats['delivered']} pictures")
    print(f"  skipped: {dict(stats['skipped'])}; errors: {stats['errors']}; lost: {stats['lost']}")
    print(f"  resident, running: {running[0]:.1f} to {running[1]:.1f} MB ({running[1] - running[0]:+.1f})")
    print(f"  resident, at rest: {mb[0]:.1f} to {mb[1]:.1f} MB; allocated of it: {in_use[0]:.2f} to {in_use[1]:.2f} MB")
    print(f"  GPU memory: {gpu_mib[0]:.0f} to {gpu_mib[1]:.0f} MiB")
    print(f"  threads: {threads[0]:.0f} to {threads[1]:.0f}; descriptors: {descriptors[0]:.0f} to {descriptors[1]:.0f}")
    print(f"  left at the end: {left}; counters {'add up' if adds_up else f'do not add up: {stats}'}")
    for error in soak.raised:
        print(f"  raised: {error!r}")
    growth = running[1] - running[0], in_use[1] - in_use[0], gpu_mib[1] - gpu_mib[0]
    on_host = str(deepstream.backend()) == "host"
    is_flat = (
        (not on_host or (growth[0] <= LIMIT_MB and growth[1] <= LIMIT_IN_USE_MB))
        and growth[2] <= LIMIT_GPU_MIB
        and threads[1] <= threads[0]
        and descriptors[1] <= descriptors[0]
    )
    return int(not (is_flat and adds_up and not any(left.values())))


if __name__ == "__main__":
    sys.exit(main())

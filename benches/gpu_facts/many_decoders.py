"""What it costs to have a decoder, one after the other and 64 at once.

    python benches/gpu_facts/run.py --only many_decoders

Times in milliseconds from the creation of the object, GPU memory in MiB as NVML tells for the whole GPU.
"""

from __future__ import annotations

import statistics
import threading
import time
from functools import partial
from typing import Any

from clips_lib import CLIPS, Clip
from savant_rs.deepstream import FlexibleDecoder, FlexibleDecoderConfig, FlexibleDecoderOutput, gpu_mem_used_mib
from savant_rs.gstreamer import PacketReader
from section import Section, milliseconds

CLIP = CLIPS["h264_1080p"]
POOL_SIZE = 4
CYCLES = 10
AT_ONCE = 64
FIRST_PICTURE_LIMIT_S = 20
MAX_LAPS = 4


def read(clip: Clip) -> list:
    with PacketReader(clip.path, "source") as reader:
        return list(reader)


class Timed:
    """A decoder that is fed until its first picture comes."""

    def __init__(self, section: Section, packets: list) -> None:
        self.packets = packets
        self.first_picture = threading.Event()
        self.created = time.perf_counter()
        self.until_picture_s: float | None = None
        self.shutdown_s: float | None = None
        self.complaints: list[str] = []
        config = FlexibleDecoderConfig("source", 0, POOL_SIZE).with_hardware(section.hardware)
        self.decoder = FlexibleDecoder(config, self.on_output)

    def on_output(self, output: FlexibleDecoderOutput) -> None:
        if output.is_frame and not self.first_picture.is_set():
            self.until_picture_s = time.perf_counter() - self.created
            self.first_picture.set()
        elif output.is_skipped and len(self.complaints) < 3:
            self.complaints.append(str(output.as_skipped().reason))
        elif output.is_error and len(self.complaints) < 3:
            self.complaints.append(output.as_error().message)

    def feed(self) -> None:
        for _ in range(MAX_LAPS):
            for frame, data in self.packets:
                if self.first_picture.is_set():
                    return
                self.decoder.submit(frame, data)
        self.first_picture.wait(FIRST_PICTURE_LIMIT_S)

    def shutdown(self) -> None:
        started = time.perf_counter()
        self.decoder.shutdown()
        self.shutdown_s = time.perf_counter() - started


def memory_mib() -> int | None:
    try:
        return gpu_mem_used_mib(0)
    except RuntimeError:
        return None


def one_after_the_other(section: Section) -> dict[str, Any]:
    packets, until_picture, shutdown = read(CLIP), [], []
    for _ in range(1 + CYCLES):
        timed = Timed(section, packets)
        timed.feed()
        timed.shutdown()
        if timed.until_picture_s is None or timed.shutdown_s is None:
            return {"no_picture": timed.complaints}
        until_picture.append(timed.until_picture_s)
        shutdown.append(timed.shutdown_s)
    return {
        "until_first_picture_in_process_ms": milliseconds(until_picture[:1])[0],
        "until_picture_median_ms": milliseconds([statistics.median(until_picture[1:])])[0],
        "until_picture_ms": milliseconds(until_picture[1:]),
        "shutdown_median_ms": milliseconds([statistics.median(shutdown[1:])])[0],
        "shutdown_ms": milliseconds(shutdown[1:]),
    }


def in_threads(work: list) -> float:
    """Calls all functions at once; returns the seconds until the last has returned."""
    threads = [threading.Thread(target=function, daemon=True) for function in work]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started


def at_once(section: Section, count: int) -> dict[str, Any]:
    packets, before = read(CLIP), memory_mib()
    started = time.perf_counter()
    timed = [Timed(section, packets) for _ in range(count)]
    objects_s = time.perf_counter() - started
    feeding_s = in_threads([one.feed for one in timed])
    full = memory_mib()
    shutdown_s = in_threads([one.shutdown for one in timed])
    pictures = sorted(one.until_picture_s for one in timed if one.until_picture_s is not None)
    per_decoder = None if before is None or full is None else round((full - before) / count, 1)
    return {
        "decoders": count,
        "with_a_picture": len(pictures),
        "objects_ms": milliseconds([objects_s])[0],
        "all_have_a_picture_ms": milliseconds([objects_s + feeding_s])[0],
        "until_picture_ms: first, median, last": milliseconds([pictures[0], statistics.median(pictures), pictures[-1]])
        if pictures
        else [],
        "gpu_memory_mib: before, with all, after": [before, full, memory_mib()],
        "gpu_memory_mib_per_decoder": per_decoder,
        "shutdown_of_all_ms": milliseconds([shutdown_s])[0],
        "shutdown_ms: median, longest": milliseconds(
            [statistics.median(one.shutdown_s or 0 for one in timed), max(one.shutdown_s or 0 for one in timed)]
        ),
        "complaints": sorted({text[:160] for one in timed for text in one.complaints})[:3],
    }


def main() -> None:
    section = Section(__doc__)
    section.attempt(f"{CYCLES} decoders, one after the other", partial(one_after_the_other, section))
    section.attempt(f"{AT_ONCE} decoders at once", partial(at_once, section, AT_ONCE), limit_s=40)
    section.finish()


if __name__ == "__main__":
    main()

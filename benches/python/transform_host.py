#!/usr/bin/env python3
"""Letterboxing into 640x640 RGBA in system memory: this library beside OpenCV, and batches beside GStreamer too.

Single pictures on one thread, and batches of eight 1080p pictures on as many threads as ``--threads`` says. Eight
frames take turns, so that no picture stays in the cache, except GStreamer's one; outputs are compared before anything
is timed, and the timed repetitions take turns. Prints one JSON document, with ``--markdown`` a table behind it.

    python benches/python/transform_host.py [--repetitions 9] [--loops 12] [--threads 1 2] [--markdown]

Needs gst-launch-1.0 and the extra `opencv`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from _letterboxing import (
    CONFIG,
    FRAMES,
    TARGET,
    Frame,
    Run,
    compared,
    inner,
    resize,
    smooth_frames,
    take_turns,
    timed,
    upload,
)
from _programs.machine import machine
from savant_rs.deepstream import BufferGenerator, SurfaceView

OURS = "savant_rs.deepstream"
HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Subject:
    """A source format and size, with OpenCV's ways to the same picture."""

    format: str
    size: tuple[int, int]
    rivals: dict[str, Callable[[Frame, Frame], None]]

    @property
    def name(self) -> str:
        """What the report calls it."""
        return f"{self.format} {self.size[0]}x{self.size[1]} to RGBA {TARGET[0]}x{TARGET[1]}"


def convert_then_resize(frame: Frame, canvas: Frame) -> None:
    """NV12: convert all pixels, then scale."""
    resize(cv2.cvtColor(frame, cv2.COLOR_YUV2RGBA_NV12), canvas)


def resize_then_convert(frame: Frame, canvas: Frame) -> None:
    """NV12: scale both planes to a smaller NV12, then convert."""
    height, width = frame.shape[0] * 2 // 3, frame.shape[1]
    rows, columns = inner((width, height))
    view = canvas[rows, columns]
    size = view.shape[1::-1]
    luma = cv2.resize(frame[:height], size, interpolation=cv2.INTER_LINEAR)
    pairs = frame[height:].reshape(height // 2, width // 2, 2)
    chroma = cv2.resize(pairs, (size[0] // 2, size[1] // 2), interpolation=cv2.INTER_LINEAR)
    cv2.cvtColorTwoPlane(luma, chroma, cv2.COLOR_YUV2RGBA_NV12, dst=view)


RGBA_RIVALS = {"cv2.resize": resize}
NV12_RIVALS = {"cv2 resize, cvtColorTwoPlane": resize_then_convert, "cv2 cvtColor, resize": convert_then_resize}
SUBJECTS = [
    Subject(format, size, rivals)
    for format, rivals in (("RGBA", RGBA_RIVALS), ("NV12", NV12_RIVALS))
    for size in ((1920, 1080), (1280, 720), (1600, 900))
]


def measure(subject: Subject, repetitions: int, loops: int) -> dict[str, object]:
    """Compare, then time."""
    frames = smooth_frames(subject.format, subject.size)
    sources = upload(subject.format, subject.size, frames)
    generator = BufferGenerator("RGBA", *TARGET, pool_size=2)
    canvas = np.zeros((TARGET[1], TARGET[0], 4), np.uint8)
    runs: dict[str, Run] = {OURS: lambda index: generator.transform(sources[index], CONFIG)}
    for name, rival in subject.rivals.items():
        runs[name] = lambda index, rival=rival: rival(frames[index], canvas)
    differences = {}
    for name in subject.rivals:
        worst = 0
        for index in range(FRAMES):
            ours = SurfaceView.from_buffer(runs[OURS](index)).download()
            runs[name](index)
            worst = max(worst, int(np.abs(ours.astype(int) - canvas).max()))
        differences[name] = worst
    if min(differences.values()) > 2:
        raise SystemExit(f"{subject.name}: the outputs differ by {differences} levels")
    turns = {name: lambda run=run: timed(run, loops * FRAMES) for name, run in runs.items()}
    each = take_turns(turns, repetitions)
    return {"subject": subject.name, "threads": 1, "greatest difference": differences, **compared(each, OURS)}


def measure_batch(threads: int, repetitions: int, loops: int) -> dict[str, object]:
    """Batches in a process with so many threads."""
    command = [sys.executable, "-m", "_programs.batch", "--threads", threads]
    command += ["--repetitions", repetitions, "--loops", loops]
    environment = {**os.environ, "RAYON_NUM_THREADS": str(threads)}
    done = subprocess.run(
        [str(part) for part in command], cwd=HERE, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout)


def markdown(results: Sequence[dict]) -> str:
    """A row for each program that the library is compared with."""
    lines = [
        "| what | threads | ours, ms | beside | theirs, ms | theirs / ours, median (25 to 75 %) |",
        "| --- " * 6 + "|",
    ]
    for result in results:
        ms = result["ms"]
        for name, ratio in result["their time / ours"].items():
            lines.append(
                f"| {result['subject']} | {result['threads']} | {ms[OURS]['median']:.2f} | {name} | "
                f"{ms[name]['median']:.2f} | {ratio['median']:.2f} ({ratio['25%']:.2f} to {ratio['75%']:.2f}) |"
            )
    return "\n".join(lines)


def main() -> None:
    """Compare, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--loops", type=int, default=12, help="rounds of eight frames in a repetition")
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2], help="of the batches; none for no batches")
    parser.add_argument("--markdown", action="store_true", help="print a table, too")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    report = {"machine": machine(), "opencv": cv2.__version__}
    results = [measure(subject, options.repetitions, options.loops) for subject in SUBJECTS]
    results += [measure_batch(threads, options.repetitions, options.loops) for threads in options.threads]
    print(json.dumps({**report, "results": results}, indent=2))
    if options.markdown:
        print(markdown(results))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Letterboxing 1080p into 640x640 RGBA in system memory on one thread: this library beside OpenCV.

Eight frames take turns, so that no picture stays in the cache; outputs are compared before anything is timed, and
the timed repetitions take turns. Prints one JSON document.

    python benches/python/transform_host.py [--repetitions 9] [--loops 12]

Needs the extra `opencv`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from _programs.machine import machine
from savant_rs.deepstream import BufferGenerator, SharedBuffer, SurfaceView, TransformConfig

FRAMES = 8
TARGET = (640, 640)
CONFIG = TransformConfig()

Frame = np.ndarray


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


def inner(size: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of the picture in the target."""
    rect = CONFIG.letterbox_rect(*size, *TARGET)
    return slice(rect.top, rect.top + rect.height), slice(rect.left, rect.left + rect.width)


def resize(frame: Frame, canvas: Frame) -> None:
    """RGBA: scale straight into a kept canvas, whose borders stay."""
    rows, columns = inner(frame.shape[1::-1])
    view = canvas[rows, columns]
    cv2.resize(frame, view.shape[1::-1], dst=view, interpolation=cv2.INTER_LINEAR)


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
    Subject("RGBA", (1920, 1080), RGBA_RIVALS),
    Subject("RGBA", (1280, 720), RGBA_RIVALS),
    Subject("RGBA", (1600, 900), RGBA_RIVALS),
    Subject("NV12", (1920, 1080), NV12_RIVALS),
    Subject("NV12", (1280, 720), NV12_RIVALS),
    Subject("NV12", (1600, 900), NV12_RIVALS),
]


def smooth_frames(subject: Subject) -> list[Frame]:
    """Pictures whose samples change slowly, as filters of other precision and chroma siting then agree."""
    width, height = subject.size
    rows, channels = (height * 3 // 2, 1) if subject.format == "NV12" else (height, 4)
    y, x = np.mgrid[:rows, :width].astype(np.float32)
    frames = []
    for index in range(FRAMES):
        waves = [np.sin((x + 40 * index) / (150 + 20 * c)) * np.cos(y / (170 + 10 * c)) for c in range(channels)]
        pixels = np.stack([(128 + 70 * wave).round().astype(np.uint8) for wave in waves], axis=-1)
        if channels == 1:
            pixels = pixels[..., 0]
            pairs = pixels[height:].reshape(height // 2, width // 2, 2)
            pairs[..., 0] = (128 + 40 * np.sin(x[: height // 2, : width // 2] / 200 + index)).astype(np.uint8)
            pairs[..., 1] = (128 + 40 * np.cos(y[: height // 2, : width // 2] / 200 + index)).astype(np.uint8)
        frames.append(np.ascontiguousarray(pixels))
    return frames


def upload(subject: Subject, frames: list[Frame]) -> list[SharedBuffer]:
    """The frames in surfaces."""
    generator = BufferGenerator(subject.format, *subject.size, pool_size=FRAMES)
    buffers = []
    for frame in frames:
        buffer = generator.acquire()
        view = SurfaceView.from_buffer(buffer)
        if subject.format == "NV12":
            luma, pairs = (np.asarray(plane) for plane in view.planes())
            luma[:], pairs[:] = frame[: subject.size[1]], frame[subject.size[1] :].reshape(pairs.shape)
        else:
            view.upload(frame)
        buffers.append(buffer)
    return buffers


def timed(run: Callable[[int], object], loops: int) -> float:
    """Milliseconds a frame."""
    started = time.perf_counter()
    for index in range(loops * FRAMES):
        run(index % FRAMES)
    return (time.perf_counter() - started) * 1e3 / (loops * FRAMES)


def quartiles(values: list[float]) -> dict[str, float]:
    """Median and the middle half."""
    low, middle, high = statistics.quantiles(values, n=4)
    return {"median": round(middle, 3), "25%": round(low, 3), "75%": round(high, 3)}


def measure(subject: Subject, repetitions: int, loops: int) -> dict[str, object]:
    """Compare, then time."""
    frames = smooth_frames(subject)
    sources = upload(subject, frames)
    generator = BufferGenerator("RGBA", *TARGET, pool_size=2)
    canvas = np.zeros((TARGET[1], TARGET[0], 4), np.uint8)
    runs: dict[str, Callable[[int], object]] = {
        "savant_rs.deepstream": lambda index: generator.transform(sources[index], CONFIG)
    }
    for name, rival in subject.rivals.items():
        runs[name] = lambda index, rival=rival: rival(frames[index], canvas)
    differences = {}
    for name in subject.rivals:
        worst = 0
        for index in range(FRAMES):
            ours = SurfaceView.from_buffer(runs["savant_rs.deepstream"](index)).download()
            runs[name](index)
            worst = max(worst, int(np.abs(ours.astype(int) - canvas).max()))
        differences[name] = worst
    if min(differences.values()) > 2:
        raise SystemExit(f"{subject.name}: the outputs differ by {differences} levels")
    each: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repetitions):
        for name, run in runs.items():
            each[name].append(timed(run, loops))
    ours = each["savant_rs.deepstream"]
    return {
        "subject": subject.name,
        "greatest difference": differences,
        "ms a frame": {name: quartiles(values) for name, values in each.items()},
        "their time / ours": {
            name: quartiles([theirs / mine for theirs, mine in zip(each[name], ours, strict=True)])
            for name in subject.rivals
        },
    }


def main() -> None:
    """Compare, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--loops", type=int, default=12, help="rounds of eight frames in a repetition")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    report = {"machine": machine(), "opencv": cv2.__version__}
    report["results"] = [measure(subject, options.repetitions, options.loops) for subject in SUBJECTS]
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()

"""What the benchmarks of letterboxing share: pictures, surfaces that hold them, OpenCV's way, and timing."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

import cv2
import numpy as np

from savant_rs.deepstream import BufferGenerator, SharedBuffer, SurfaceView, TransformConfig

FRAMES = 8
TARGET = (640, 640)
CONFIG = TransformConfig()

Frame = np.ndarray
Size = tuple[int, int]
Run = Callable[[int], object]


def inner(size: Size) -> tuple[slice, slice]:
    """Rows and columns of the picture in the target."""
    rect = CONFIG.letterbox_rect(*size, *TARGET)
    return slice(rect.top, rect.top + rect.height), slice(rect.left, rect.left + rect.width)


def resize(frame: Frame, canvas: Frame) -> None:
    """RGBA: scale straight into a kept canvas, whose borders stay."""
    rows, columns = inner(frame.shape[1::-1])
    view = canvas[rows, columns]
    cv2.resize(frame, view.shape[1::-1], dst=view, interpolation=cv2.INTER_LINEAR)


def smooth_frames(format: str, size: Size) -> list[Frame]:
    """Pictures whose samples change slowly, as filters of other precision and chroma siting then agree."""
    width, height = size
    rows, channels = (height * 3 // 2, 1) if format == "NV12" else (height, 4)
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


def upload(format: str, size: Size, frames: list[Frame]) -> list[SharedBuffer]:
    """The frames in surfaces."""
    generator = BufferGenerator(format, *size, pool_size=FRAMES)
    buffers = []
    for frame in frames:
        buffer = generator.acquire()
        view = SurfaceView.from_buffer(buffer)
        if format == "NV12":
            luma, pairs = (np.asarray(plane) for plane in view.planes())
            luma[:], pairs[:] = frame[: size[1]], frame[size[1] :].reshape(pairs.shape)
        else:
            view.upload(frame)
        buffers.append(buffer)
    return buffers


def timed(run: Run, turns: int) -> float:
    """Milliseconds a turn; each gets the number of its frame."""
    started = time.perf_counter()
    for index in range(turns):
        run(index % FRAMES)
    return (time.perf_counter() - started) * 1e3 / turns


def take_turns(runs: Mapping[str, Callable[[], float]], repetitions: int) -> dict[str, list[float]]:
    """What each measured, one after the other in every repetition."""
    each: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repetitions):
        for name, run in runs.items():
            each[name].append(run())
    return each


def compared(each: Mapping[str, list[float]], ours: str) -> dict[str, object]:
    """Milliseconds, and those of the others by ours."""
    return {
        "ms": {name: quartiles(values) for name, values in each.items()},
        "their time / ours": {
            name: quartiles([theirs / mine for theirs, mine in zip(values, each[ours], strict=True)])
            for name, values in each.items()
            if name != ours
        },
    }


def quartiles(values: list[float]) -> dict[str, float]:
    """Median and the middle half."""
    low, middle, high = statistics.quantiles(values, n=4)
    return {"median": round(middle, 3), "25%": round(low, 3), "75%": round(high, 3)}

#!/usr/bin/env python3
"""Letterboxing eight 1080p pictures into a 640x640 RGBA batch on a GPU: this library beside the bare NVIDIA call.

    python benches/python/transform_gpu.py [--repetitions 9] [--calls 200]

The bare call is NvBufSurfTransform on two batches of eight slots, preceded by two fills of the margins, on a stream
of its own; it knows its surfaces, rectangles and parameters beforehand. Ours takes eight buffers and a batch from
Python. Outputs are compared before anything is timed, and the timed repetitions take turns. Prints one JSON document.

Needs the DeepStream backend with the libraries of DeepStream 8 or later, and CuPy.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import cupy
import numpy as np

from _programs.machine import machine
from savant_rs.deepstream import (
    BufferGenerator,
    SharedBuffer,
    SurfaceBatch,
    SurfaceView,
    TransformConfig,
    UniformBatchGenerator,
    backend,
)

SLOTS = 8
SOURCE, TARGET = (1920, 1080), (640, 640)
COLOR_FORMATS = {"RGBA": 19, "NV12": 6}
CONFIG = TransformConfig()
RECT = CONFIG.letterbox_rect(*SOURCE, *TARGET)


class CreateParams(ctypes.Structure):
    """NvBufSurfaceCreateParams."""

    _fields_ = (
        ("gpu_id", ctypes.c_uint32),
        ("width", ctypes.c_uint32),
        ("height", ctypes.c_uint32),
        ("size", ctypes.c_uint32),
        ("is_contiguous", ctypes.c_bool),
        ("color_format", ctypes.c_uint32),
        ("layout", ctypes.c_uint32),
        ("mem_type", ctypes.c_uint32),
        ("reserved", ctypes.c_void_p * 4),
    )


class Slot(ctypes.Structure):
    """The head of NvBufSurfaceParams, which has 416 bytes from DeepStream 8 on."""

    _fields_ = (
        ("width", ctypes.c_uint32),
        ("height", ctypes.c_uint32),
        ("pitch", ctypes.c_uint32),
        ("color_format", ctypes.c_uint32),
        ("layout", ctypes.c_uint32),
        ("buffer_desc", ctypes.c_uint64),
        ("data_size", ctypes.c_uint32),
        ("data_ptr", ctypes.c_void_p),
        ("rest", ctypes.c_char * (416 - 48)),
    )


class Surface(ctypes.Structure):
    """NvBufSurface."""

    _fields_ = (
        ("gpu_id", ctypes.c_uint32),
        ("batch_size", ctypes.c_uint32),
        ("num_filled", ctypes.c_uint32),
        ("is_contiguous", ctypes.c_bool),
        ("mem_type", ctypes.c_uint32),
        ("slots", ctypes.POINTER(Slot)),
    )


class TransformRect(ctypes.Structure):
    """NvBufSurfTransformRect, which has 48 bytes from DeepStream 8 on."""

    _fields_ = (
        ("top", ctypes.c_uint32),
        ("left", ctypes.c_uint32),
        ("width", ctypes.c_uint32),
        ("height", ctypes.c_uint32),
        ("reserved", ctypes.c_void_p * 4),
    )


class TransformParams(ctypes.Structure):
    """NvBufSurfTransformParams."""

    _fields_ = (
        ("flags", ctypes.c_uint32),
        ("flip", ctypes.c_uint32),
        ("filter", ctypes.c_uint32),
        ("src_rects", ctypes.POINTER(TransformRect)),
        ("dst_rects", ctypes.POINTER(TransformRect)),
        ("reserved", ctypes.c_void_p * 4),
    )


class SessionParams(ctypes.Structure):
    """NvBufSurfTransformConfigParams."""

    _fields_ = (
        ("compute_mode", ctypes.c_uint32),
        ("gpu_id", ctypes.c_int32),
        ("stream", ctypes.c_void_p),
        ("reserved", ctypes.c_void_p * 4),
    )


def library(name: str) -> ctypes.CDLL:
    """A library that the backend has loaded: two copies in one process would not do."""
    paths = re.findall(rf"(/\S*{re.escape(name)}\S*)", Path("/proc/self/maps").read_text())
    if not paths:
        raise SystemExit(f"{name} is not loaded; the backend is {backend()!r}")
    return ctypes.CDLL(paths[0])


def check(name: str, code: int) -> None:
    if code:
        raise SystemExit(f"{name} returned {code}")


class Bare:
    """NVIDIA's library, called directly."""

    FILTER_BILINEAR = 1
    CROP_DST_AND_FILTER = (1 << 1) | (1 << 2)
    COMPUTE_GPU = 1

    def __init__(self, format: str) -> None:
        self._surfaces = library("libnvbufsurface.so")
        self._transform = library("libnvbufsurftransform.so").NvBufSurfTransform
        self._set_session = library("libnvbufsurftransform.so").NvBufSurfTransformSetSessionParams
        self._cuda = ctypes.CDLL("libcuda.so.1")
        self.source = self._create(SOURCE, COLOR_FORMATS[format])
        self.target = self._create(TARGET, COLOR_FORMATS["RGBA"])
        self._stream = cupy.cuda.Stream(non_blocking=True)
        self._session = SessionParams(self.COMPUTE_GPU, 0, self._stream.ptr)
        check("NvBufSurfTransformSetSessionParams", self._set_session(ctypes.byref(self._session)))
        self._rects = (TransformRect * SLOTS)(
            *(TransformRect(RECT.top, RECT.left, RECT.width, RECT.height) for _ in range(SLOTS))
        )
        self._params = TransformParams(self.CROP_DST_AND_FILTER, 0, self.FILTER_BILINEAR, None, self._rects)

    def _create(self, size: tuple[int, int], color_format: int) -> Surface:
        surface = ctypes.POINTER(Surface)()
        params = CreateParams(0, *size, 0, True, color_format, 0, 2)
        check(
            "NvBufSurfaceCreate",
            self._surfaces.NvBufSurfaceCreate(ctypes.byref(surface), SLOTS, ctypes.byref(params)),
        )
        surface.contents.num_filled = SLOTS
        return surface.contents

    def transform(self) -> None:
        """The call alone."""
        check(
            "NvBufSurfTransform",
            self._transform(ctypes.byref(self.source), ctypes.byref(self.target), ctypes.byref(self._params)),
        )
        self._stream.synchronize()

    def clear_and_transform(self) -> None:
        """The margins of all slots with one fill each, and the call."""
        first = self.target.slots[0]
        spacing = self.target.slots[1].data_ptr - first.data_ptr
        below = RECT.top + RECT.height
        for start, rows in ((0, RECT.top), (below, TARGET[1] - below)):
            address, row_bytes = first.data_ptr + start * first.pitch, rows * first.pitch
            check(
                "cuMemsetD2D8Async",
                self._cuda.cuMemsetD2D8Async(
                    ctypes.c_uint64(address),
                    ctypes.c_size_t(spacing),
                    ctypes.c_uint8(0),
                    ctypes.c_size_t(row_bytes),
                    ctypes.c_size_t(SLOTS),
                    ctypes.c_void_p(self._stream.ptr),
                ),
            )
        self.transform()

    def fill(self, buffers: list[SharedBuffer]) -> None:
        """Give the source the pictures of our buffers, which the same library laid out."""
        for slot, buffer in zip(self.source.slots[:SLOTS], buffers, strict=True):
            start = SurfaceView.from_buffer(buffer).planes()[0].__cuda_array_interface__["data"][0]
            cupy.cuda.runtime.memcpy(slot.data_ptr, start, slot.data_size, cupy.cuda.runtime.memcpyDeviceToDevice)

    def picture(self, index: int) -> np.ndarray:
        """A slot of the target."""
        slot = self.target.slots[index]
        memory = cupy.cuda.MemoryPointer(cupy.cuda.UnownedMemory(slot.data_ptr, slot.data_size, self), 0)
        strides = (slot.pitch, 4, 1)
        return cupy.ndarray((TARGET[1], TARGET[0], 4), cupy.uint8, memory, strides).get()


def sources(format: str) -> list[SharedBuffer]:
    """Eight buffers of noise, each of an allocation of its own."""
    generator = BufferGenerator(format, *SOURCE, pool_size=SLOTS)
    buffers = [generator.acquire() for _ in range(SLOTS)]
    for seed, buffer in enumerate(buffers):
        random = np.random.default_rng(seed)
        for plane in SurfaceView.from_buffer(buffer).planes():
            target = cupy.asarray(plane)
            target[...] = cupy.asarray(random.integers(0, 256, target.shape, np.uint8))
    cupy.cuda.runtime.deviceSynchronize()
    return buffers


def us_a_call(run: Callable[[], object], calls: int) -> float:
    """The median of many calls, in microseconds."""
    times = []
    for _ in range(calls):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return 1e6 * statistics.median(times)


def quartiles(values: list[float]) -> dict[str, float]:
    """Median and the middle half."""
    low, middle, high = statistics.quantiles(values, n=4)
    return {"median": round(middle, 3), "25%": round(low, 3), "75%": round(high, 3)}


def compare(format: str, bare: Bare, batch: SurfaceBatch) -> int:
    """The greatest difference of any sample of any slot."""
    buffer = batch.shared_buffer()
    views = [SurfaceView.from_buffer(buffer, slot).download() for slot in range(SLOTS)]
    worst = max(int(np.abs(view.astype(int) - bare.picture(slot)).max()) for slot, view in enumerate(views))
    if worst > 0:
        raise SystemExit(f"{format}: the outputs differ by up to {worst} levels")
    return worst


def measure(format: str, repetitions: int, calls: int) -> dict[str, object]:
    """Compare, then time."""
    buffers = sources(format)
    generator = UniformBatchGenerator("RGBA", *TARGET, SLOTS, pool_size=2)
    batch = generator.acquire_batch(CONFIG)
    jobs = [(slot, buffer, None) for slot, buffer in enumerate(buffers)]
    bare = Bare(format)
    bare.fill(buffers)

    def one_by_one() -> None:
        for slot, buffer, rect in jobs:
            batch.transform_slot(slot, buffer, rect)

    finished = generator.acquire_batch(CONFIG)
    finished.transform_slots(jobs)
    finished.finalize()
    bare.clear_and_transform()
    difference = compare(format, bare, finished)
    runs: dict[str, Callable[[], object]] = {
        "ours": lambda: batch.transform_slots(jobs),
        "ours, slot by slot": one_by_one,
        "bare, with clears": bare.clear_and_transform,
        "bare": bare.transform,
    }
    for run in runs.values():
        us_a_call(run, calls)
    each: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repetitions):
        for name, run in runs.items():
            each[name].append(us_a_call(run, calls))
    pairs = zip(each["ours"], each["bare, with clears"], strict=True)
    return {
        "source": format,
        "greatest difference": difference,
        "us a batch": {name: quartiles(values) for name, values in each.items()},
        "ours / bare with clears": quartiles([ours / theirs for ours, theirs in pairs]),
    }


def main() -> None:
    """Compare, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--calls", type=int, default=200)
    options = parser.parse_args()
    results = [measure(format, options.repetitions, options.calls) for format in COLOR_FORMATS]
    print(json.dumps({"machine": machine(), "results": results}, indent=2))


if __name__ == "__main__":
    main()

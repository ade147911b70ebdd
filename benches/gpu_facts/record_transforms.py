#!/usr/bin/env python3
"""Records what NvBufSurfTransform makes of small known pictures, for study on machines without a GPU.

    python benches/gpu_facts/record_transforms.py OUTPUT.npz

Each array in the file is named ``case/source`` or ``case/result``; a case's name tells the pixel formats,
the sizes and the filter. Needs the DeepStream backend and CuPy (for the planes of planar formats).
"""

from __future__ import annotations

import sys
import time
from typing import Any

import cupy
import numpy as np

from savant_rs.deepstream import (
    BufferGenerator,
    Interpolation,
    Padding,
    Rect,
    SharedBuffer,
    SurfaceView,
    TransformConfig,
)

FILTERS = ("NEAREST", "BILINEAR", "GPU_CUBIC_VIC_5TAP", "GPU_SUPER_VIC_10TAP", "GPU_LANCZOS_VIC_SMART", "DEFAULT")
# Source and destination sizes: exact and inexact ratios, up and down, tiny and common ones.
SIZES = (
    ((64, 48), (64, 48)),
    ((64, 48), (32, 24)),
    ((64, 48), (20, 15)),
    ((64, 48), (128, 96)),
    ((37, 21), (100, 57)),
    ((100, 57), (37, 21)),
    ((7, 5), (23, 17)),
    ((160, 120), (97, 71)),
    ((97, 71), (160, 120)),
    ((320, 180), (213, 120)),
)
FORMATS = ("RGBA", "BGRx", "NV12", "NV21", "I420", "UYVY", "GRAY8")
TIME_LIMIT_S = 60


def planes(buffer: SharedBuffer) -> list[cupy.ndarray]:
    return [cupy.asarray(plane) for plane in SurfaceView.from_buffer(buffer).planes()]


def filled(format: str, size: tuple[int, int], generator: np.random.Generator) -> SharedBuffer:
    """Random samples in a random block of gradients: both hide different mistakes."""
    buffer = BufferGenerator(format, *size, pool_size=1).acquire()
    for plane in planes(buffer):
        noise = generator.integers(0, 256, plane.shape, np.uint8)
        rows = np.linspace(0, 255, plane.shape[0]).astype(np.uint8)
        noise[:, : plane.shape[1] // 2] = rows.reshape(-1, *([1] * (plane.ndim - 1)))
        plane[...] = cupy.asarray(noise)
    cupy.cuda.runtime.deviceSynchronize()
    return buffer


def ramp(size: tuple[int, int]) -> SharedBuffer:
    """R and G tell the column and row (modulo 256), B both: shows which source pixel was taken."""
    width, height = size
    buffer = BufferGenerator("RGBA", width, height, pool_size=1).acquire()
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[..., 0], pixels[..., 1], pixels[..., 3] = np.arange(width)[None], np.arange(height)[:, None], 255
    SurfaceView.from_buffer(buffer).upload(pixels)
    return buffer


def packed(buffer: SharedBuffer) -> np.ndarray:
    return SurfaceView.from_buffer(buffer).download()


class Recorder:
    """Runs cases until the time is up; keeps going when the library refuses one."""

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self.refused: dict[str, str] = {}
        self.deadline = time.monotonic() + TIME_LIMIT_S

    def record(
        self, name: str, source: SharedBuffer, format: str, size: tuple[int, int], rect: Any = None, **config: Any
    ) -> None:
        if time.monotonic() > self.deadline:
            self.refused[name] = "out of time"
            return
        try:
            target = BufferGenerator(format, *size, pool_size=1)
            result = target.transform(source, TransformConfig(**config), src_rect=rect)
            self.arrays[f"{name}/source"], self.arrays[f"{name}/result"] = packed(source), packed(result)
        except Exception as error:
            self.refused[name] = str(error)


def main() -> int:
    generator = np.random.default_rng(11)
    recorder = Recorder()
    stretch = {"padding": Padding.NONE}
    for source_size, size in SIZES:
        between = f"{source_size[0]}x{source_size[1]} to {size[0]}x{size[1]}"
        sources = {"ramp": ramp(source_size), "random": filled("RGBA", source_size, generator)}
        nv12 = filled("NV12", source_size, generator)
        for filter in FILTERS:
            chosen = {**stretch, "interpolation": getattr(Interpolation, filter)}
            for kind, source in sources.items():
                recorder.record(f"RGBA {kind} to RGBA, {between}, {filter}", source, "RGBA", size, **chosen)
            for to in ("NV12", "RGBA"):
                recorder.record(f"NV12 to {to}, {between}, {filter}", nv12, to, size, **chosen)
    # Colour: every pair of formats at one size.
    for first in FORMATS:
        source = filled(first, (64, 48), generator)
        for second in FORMATS:
            recorder.record(f"{first} to {second}, 64x48", source, second, (64, 48), **stretch)
            recorder.record(f"{first} to {second}, 64x48 to 32x32 letterbox", source, second, (32, 32))
    # Crops, on even and odd edges.
    source = ramp((160, 120))
    for rect in (Rect(0, 0, 80, 60), Rect(1, 3, 81, 61), Rect(11, 7, 33, 21)):
        for filter in ("NEAREST", "BILINEAR"):
            name = f"RGBA ramp crop {rect.top},{rect.left},{rect.width}x{rect.height} to 97x71, {filter}"
            chosen = {**stretch, "interpolation": getattr(Interpolation, filter)}
            recorder.record(name, source, "RGBA", (97, 71), rect, **chosen)
    np.savez_compressed(sys.argv[1], **recorder.arrays)
    print(f"{len(recorder.arrays) // 2} cases recorded, {len(recorder.refused)} refused")
    for name, reason in recorder.refused.items():
        print(f"refused: {name}: {reason[:200]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

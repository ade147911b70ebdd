"""What the GpuMat helpers use of an OpenCV with CUDA, for machines where OpenCV has none.

A mat is real memory at a real address: of the CPU on the host backend, of CUDA (through CuPy) on the DeepStream
backend. What OpenCV would do silently, giving a target that does not fit memory of its own, is an error here.
"""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any

import numpy as np

from savant_rs.deepstream import backend

CV_8U, CV_32F = 0, 5
# Depth and channels by type, in OpenCV 4's numbers.
TYPES = {"CV_8UC1": 0, "CV_8UC3": 16, "CV_8UC4": 24, "CV_32FC4": 29}
SAMPLES = {CV_8U: np.uint8, CV_32F: np.float32}
INTER_NEAREST, INTER_LINEAR = 0, 1
HOST = backend() == "host"
arrays: Any = np if HOST else importlib.import_module("cupy")


def at(address: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Any:
    """The bytes at an address as an array."""
    interface = {"shape": shape, "strides": strides, "typestr": "|u1", "data": (address, False), "version": 3}
    name = "__array_interface__" if HOST else "__cuda_array_interface__"
    return arrays.asarray(SimpleNamespace(**{name: interface}))


def on_cpu(array: Any) -> np.ndarray:
    return array if HOST else arrays.asnumpy(array)


class Stream:
    def __init__(self) -> None:
        self.waits = 0

    def waitForCompletion(self) -> None:
        self.waits += 1
        if not HOST:
            arrays.cuda.Device().synchronize()


class GpuMat:
    def __init__(self, rows: int, cols: int, type: int, memory: Any = None) -> None:
        self._type = type
        if memory is None:
            memory = arrays.full((rows, cols, self.channels()), 99, SAMPLES[self.depth()])
        self._pixels = memory

    def type(self) -> int:
        return self._type

    def depth(self) -> int:
        return self._type % 8

    def channels(self) -> int:
        return self._type // 8 + 1

    def size(self) -> tuple[int, int]:
        return self._pixels.shape[1], self._pixels.shape[0]

    @property
    def step(self) -> int:
        return self._pixels.strides[0]

    def cudaPtr(self) -> int:
        return self._pixels.ctypes.data if HOST else self._pixels.data.ptr

    def setTo(self, value: tuple[float, ...]) -> None:
        self._pixels[:] = arrays.asarray(value[: self.channels()], self._pixels.dtype)

    def upload(self, pixels: np.ndarray) -> None:
        self._pixels[:] = arrays.asarray(pixels.reshape(self._pixels.shape))

    def download(self) -> np.ndarray:
        return on_cpu(self._pixels).copy()

    def copyTo(self, stream: Stream, target: GpuMat) -> GpuMat:
        assert isinstance(stream, Stream) and target.size() == self.size() and target.type() == self.type()
        target._pixels[:] = self._pixels
        return target


def create(rows: int, cols: int, type: int, address: int, step: int) -> GpuMat:
    channels = type // 8 + 1
    return GpuMat(rows, cols, type, at(address, (rows, cols, channels), (step, channels, 1)))


def sampled(pixels: np.ndarray, axis: int, count: int, interpolation: int) -> np.ndarray:
    """One direction scaled, as OpenCV does: pixel centres for linear, the left one for nearest."""
    length = pixels.shape[axis]
    if interpolation == INTER_NEAREST:
        return pixels.take(np.arange(count) * length // count, axis)
    assert interpolation == INTER_LINEAR
    position = ((np.arange(count) + 0.5) * length / count - 0.5).clip(0, length - 1)
    left = position.astype(int)
    weight = (position - left).reshape([-1 if dimension == axis else 1 for dimension in range(3)])
    right = (left + 1).clip(max=length - 1)
    return pixels.take(left, axis) * (1 - weight) + pixels.take(right, axis) * weight


def resize(source: GpuMat, size: tuple[int, int], target: GpuMat, *, interpolation: int, stream: Stream) -> GpuMat:
    assert isinstance(stream, Stream) and target.size() == size and target.type() == source.type()
    wide = sampled(source.download(), 1, size[0], interpolation)
    target.upload(sampled(wide, 0, size[1], interpolation).round().astype(np.uint8))
    return target


def module() -> Any:
    """In place of ``cv2``."""
    cuda = SimpleNamespace(
        GpuMat=GpuMat,
        Stream=Stream,
        createGpuMatFromCudaMemory=create,
        resize=resize,
        getCudaEnabledDeviceCount=lambda: 1,
    )
    return SimpleNamespace(cuda=cuda, __version__="a double", CV_8U=CV_8U, **TYPES)

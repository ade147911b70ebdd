"""What the GpuMat helpers use of an OpenCV with CUDA, for machines where OpenCV has none.

A mat is real memory at a real address: of the CPU on the host backend, of CUDA (through CuPy) on the DeepStream
backend. What OpenCV would do silently, giving a target that does not fit memory of its own, is an error here.
"""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np

from savant_rs.deepstream import backend

CHANNELS = {cv2.CV_8UC1: 1, cv2.CV_8UC3: 3, cv2.CV_8UC4: 4, cv2.CV_32FC1: 1, cv2.CV_32FC4: 4}
SAMPLES = {cv2.CV_8U: np.uint8, cv2.CV_32F: np.float32}
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
        sample = SAMPLES[type % 8]
        self._pixels = arrays.full((rows, cols, CHANNELS[type]), 99, sample) if memory is None else memory

    def type(self) -> int:
        return self._type

    def depth(self) -> int:
        return self._type % 8

    def channels(self) -> int:
        return CHANNELS[self._type]

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
    channels = CHANNELS[type]
    return GpuMat(rows, cols, type, at(address, (rows, cols, channels), (step, channels, 1)))


def resize(source: GpuMat, size: tuple[int, int], target: GpuMat, *, interpolation: int, stream: Stream) -> GpuMat:
    assert isinstance(stream, Stream) and target.size() == size and target.type() == source.type()
    target.upload(cv2.resize(source.download(), size, interpolation=interpolation))
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
    names = {name: getattr(cv2, name) for name in dir(cv2) if name.startswith("CV_")}
    return SimpleNamespace(cuda=cuda, __version__=cv2.__version__, **names)

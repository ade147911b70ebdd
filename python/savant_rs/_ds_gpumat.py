"""OpenCV on the pixels of buffers; the names are public as those of ``savant_rs.deepstream``.

On CUDA memory this needs an OpenCV that is built with CUDA, which no package on PyPI is (see docs/drawing.md);
:func:`nvgstbuf_as_mat` does the same for system memory with any OpenCV, or with NumPy alone.
"""

# savant_rs.deepstream imports this module, so what is needed of it is imported when it is used.
from __future__ import annotations

import importlib
from collections.abc import Generator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from cv2.cuda import GpuMat, Stream
    from numpy.typing import NDArray

    from savant_rs.deepstream import BufferGenerator, SharedBuffer

CV_8U = 0
INTER_LINEAR = 1
RGBA_CHANNELS = 4


def _load_cv2() -> ModuleType:
    """OpenCV, if it has CUDA.

    Raises:
        ImportError: if not; the text says how to get one.
    """
    advice = (
        "packages on PyPI have no CUDA: build OpenCV with -DWITH_CUDA=ON and its contrib modules cudev, cudaarithm, "
        "cudaimgproc and cudawarping (docs/drawing.md of savant-rs-deepstream has the recipe)"
    )
    try:
        cv2 = importlib.import_module("cv2")
    except ImportError as error:
        raise ImportError(f"this needs OpenCV with CUDA, and there is none; {advice}", name="cv2") from error
    if cv2.cuda.getCudaEnabledDeviceCount() == 0:
        raise ImportError(f"this needs OpenCV with CUDA, and {cv2.__version__} has none; {advice}", name="cv2")
    return cv2


class GpuMatCudaArray:
    """Gives a ``cv2.cuda.GpuMat`` of 8-bit samples and 1 or 4 channels the ``__cuda_array_interface__``, version 3.

    The array has shape ``(height, width)`` or ``(height, width, 4)`` and the mat's row distance in bytes; it is the
    same device memory, writable. The mat is kept alive. Work on the mat's stream is for the caller to wait for: no
    stream is named. Raises ``ValueError`` for other mats.
    """

    __slots__ = ("__cuda_array_interface__", "_mat")

    def __init__(self, mat: GpuMat) -> None:
        if mat.depth() != CV_8U:
            raise ValueError(f"unsupported depth {mat.depth()}: only 8-bit unsigned samples (CV_8U) have an interface")
        channels = mat.channels()
        if channels not in (1, RGBA_CHANNELS):
            raise ValueError(f"unsupported channel count {channels}: expected 1 or {RGBA_CHANNELS}")
        width, height = mat.size()
        pixel = () if channels == 1 else (channels,)
        self._mat = mat
        self.__cuda_array_interface__: dict[str, Any] = {
            "shape": (height, width, *pixel),
            "strides": (mat.step, *pixel, 1),
            "typestr": "|u1",
            "descr": [("", "|u1")],
            "data": (mat.cudaPtr(), False),
            "version": 3,
        }


def make_gpu_mat(width: int, height: int, channels: int = 4) -> GpuMat:
    """A ``cv2.cuda.GpuMat`` of ``height`` rows and ``width`` columns of 8-bit samples, all zero.

    ``channels`` is 1 or 4, ``ValueError`` otherwise. Blocks until the zeros are there. Raises ``ImportError`` without
    an OpenCV with CUDA.
    """
    if channels not in (1, RGBA_CHANNELS):
        raise ValueError(f"unsupported channel count {channels}: expected 1 or {RGBA_CHANNELS}")
    cv2 = _load_cv2()
    mat: GpuMat = cv2.cuda.GpuMat(height, width, cv2.CV_8UC1 if channels == 1 else cv2.CV_8UC4)
    mat.setTo((0, 0, 0, 0))
    return mat


@contextmanager
def nvbuf_as_gpu_mat(
    data_ptr: int, pitch: int, width: int, height: int, stream: Stream | None = None
) -> Generator[tuple[GpuMat, Stream], None, None]:
    """CUDA memory as a ``cv2.cuda.GpuMat``, without a copy, and a stream to work on.

    ``data_ptr`` is a device address, trusted to be that of ``height`` rows of ``width`` pixels of 4 bytes, ``pitch``
    bytes apart. Yields ``(mat, stream)``: the mat is ``CV_8UC4``, the stream the one given or a new one. The end of the
    block waits for the stream, also after an exception. Raises ``ValueError`` for a pitch below a row, ``ImportError``
    without an OpenCV with CUDA.
    """
    cv2 = _load_cv2()
    if pitch < width * RGBA_CHANNELS:
        raise ValueError(f"rows {pitch} bytes apart do not hold {width} pixels of {RGBA_CHANNELS} bytes")
    if stream is None:
        stream = cv2.cuda.Stream()
    mat = cv2.cuda.createGpuMatFromCudaMemory(height, width, cv2.CV_8UC4, data_ptr, pitch)
    try:
        yield mat, stream
    finally:
        stream.waitForCompletion()


@contextmanager
def nvgstbuf_as_gpu_mat(
    buf: SharedBuffer | int, stream: Stream | None = None
) -> Generator[tuple[GpuMat, Stream], None, None]:
    """Slot 0 of an RGBA buffer in CUDA memory as a ``cv2.cuda.GpuMat``, without a copy, and a stream to work on.

    ``buf`` is a :class:`SharedBuffer` or the address of a live ``GstBuffer``; nobody else may use its pixels during the
    block. The rest is as in :func:`nvbuf_as_gpu_mat`. Raises ``RuntimeError`` on the host backend, whose twin is
    :func:`nvgstbuf_as_mat`, and if the buffer holds no surface.
    """
    from savant_rs.deepstream import backend, get_nvbufsurface_info

    _load_cv2()
    if backend() == "host":
        raise RuntimeError("the host backend has no CUDA memory; use nvgstbuf_as_mat")
    with nvbuf_as_gpu_mat(*get_nvbufsurface_info(buf), stream=stream) as pair:
        yield pair


@contextmanager
def nvgstbuf_as_mat(buf: SharedBuffer) -> Generator[tuple[NDArray[np.uint8], None], None, None]:
    """Slot 0 of a buffer in system memory as an OpenCV mat, without a copy: the host backend's
    :func:`nvgstbuf_as_gpu_mat`. Addition.

    Yields ``(mat, None)``: there is no stream. The mat is a ``uint8`` array of shape ``(height, width, 4)`` for RGBA,
    writable, whose rows may lie apart. Nobody else may use the pixels during the block. Raises ``RuntimeError`` for
    memory that the CPU does not reach and for formats with several planes.
    """
    import numpy as np

    from savant_rs.deepstream import SurfaceView

    view = SurfaceView.from_buffer(buf)
    if not hasattr(view, "__array_interface__"):
        raise RuntimeError("the CPU does not reach the buffer's memory; use nvgstbuf_as_gpu_mat")
    yield np.asarray(view), None


def from_gpumat(
    gen: BufferGenerator, gpumat: GpuMat, *, interpolation: int = INTER_LINEAR, id: int | None = None
) -> SharedBuffer:
    """A buffer of an RGBA pool with the pixels of a ``cv2.cuda.GpuMat`` of type ``CV_8UC4``.

    A mat of another size is scaled with ``interpolation``, a flag of OpenCV, without regard to its aspect; one of the
    pool's size is copied. ``id`` is attached as ``(SavantIdMetaKind.FRAME, id)``. Blocks while all buffers of the pool
    are out, and until the pixels are complete; work on the mat's stream must be. Raises ``ValueError`` for another
    type, ``RuntimeError`` on the host backend, ``ImportError`` without an OpenCV with CUDA.
    """
    cv2 = _load_cv2()
    if gpumat.type() != cv2.CV_8UC4:
        raise ValueError(f"unsupported type {gpumat.type()}: expected CV_8UC4")
    buffer = gen.acquire(id)
    with nvgstbuf_as_gpu_mat(buffer) as (target, stream):
        # OpenCV writes to the memory of a target that has the right size and type.
        if gpumat.size() == target.size():
            gpumat.copyTo(stream, target)
        else:
            cv2.cuda.resize(gpumat, target.size(), target, interpolation=interpolation, stream=stream)
    return buffer

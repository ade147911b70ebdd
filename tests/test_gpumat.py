"""The helpers for OpenCV: layouts, the same memory, streams, scaling; with OpenCV's own GpuMat where it has CUDA."""

from __future__ import annotations

import gc
import importlib
import inspect
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import opencv_double
from drawing import GARBAGE, empty, filled, pixels_of, random_pixels
from savant_rs import deepstream
from savant_rs.deepstream import (
    BufferGenerator,
    GpuMatCudaArray,
    SavantIdMetaKind,
    SurfaceView,
    backend,
    from_gpumat,
    make_gpu_mat,
    nvbuf_as_gpu_mat,
    nvgstbuf_as_gpu_mat,
    nvgstbuf_as_mat,
)

INTER_NEAREST, INTER_LINEAR = 0, 1
on_host = pytest.mark.skipif(backend() != "host", reason="a rule of the host backend")


def opencv_with_cuda() -> Any:
    """OpenCV, if it is there and has CUDA."""
    try:
        cv2 = importlib.import_module("cv2")
    except ImportError:
        return None
    return cv2 if cv2.cuda.getCudaEnabledDeviceCount() > 0 else None


@pytest.fixture
def opencv(monkeypatch: pytest.MonkeyPatch) -> Any:
    """OpenCV with CUDA, or its double."""
    if cv2 := opencv_with_cuda():
        return cv2
    double = opencv_double.module()
    monkeypatch.setitem(sys.modules, "cv2", double)
    # The double's mats are system memory there.
    monkeypatch.setattr(deepstream, "backend", lambda: "deepstream")
    return double


class RecordingStream:
    """Counts how often somebody waits."""

    waits = 0

    def waitForCompletion(self) -> None:
        self.waits += 1


def mat_of(opencv: Any, pixels: np.ndarray) -> Any:
    mat = opencv.cuda.GpuMat(*pixels.shape[:2], opencv.CV_8UC4)
    mat.upload(pixels)
    return mat


# --- GpuMatCudaArray ---


@pytest.mark.parametrize(("type", "shape"), [("CV_8UC4", (48, 64, 4)), ("CV_8UC1", (48, 64))])
def test_the_interface_describes_the_mat(opencv: Any, type: str, shape: tuple[int, ...]) -> None:
    mat = opencv.cuda.GpuMat(48, 64, getattr(opencv, type))
    interface = GpuMatCudaArray(mat).__cuda_array_interface__
    assert interface == {
        "shape": shape,
        "strides": (mat.step, 4, 1) if len(shape) == 3 else (mat.step, 1),
        "typestr": "|u1",
        "descr": [("", "|u1")],
        "data": (mat.cudaPtr(), False),
        "version": 3,
    }


def test_other_mats_have_no_interface(opencv: Any) -> None:
    with pytest.raises(ValueError, match=r"unsupported.*depth"):
        GpuMatCudaArray(opencv.cuda.GpuMat(4, 4, opencv.CV_32FC4))
    with pytest.raises(ValueError, match="unsupported channel"):
        GpuMatCudaArray(opencv.cuda.GpuMat(4, 4, opencv.CV_8UC3))


def test_the_interface_is_made_once_and_nothing_can_be_added(opencv: Any) -> None:
    array = GpuMatCudaArray(opencv.cuda.GpuMat(4, 4, opencv.CV_8UC4))
    assert array.__cuda_array_interface__ is array.__cuda_array_interface__
    with pytest.raises(AttributeError):
        array.more = 1


@pytest.mark.gpu
def test_cupy_and_views_use_the_memory_of_a_mat(opencv: Any, cupy: Any) -> None:
    pixels = random_pixels(64, 48)
    array = GpuMatCudaArray(mat_of(opencv, pixels))
    gc.collect()
    seen = cupy.asarray(array)
    assert seen.data.ptr == array.__cuda_array_interface__["data"][0]
    assert (cupy.asnumpy(seen) == pixels).all()
    view = SurfaceView.from_cuda_array(array)
    view.fill([1, 2, 3, 4])
    assert (cupy.asnumpy(seen) == (1, 2, 3, 4)).all()


# --- make_gpu_mat ---


@pytest.mark.parametrize("channels", [1, 4])
def test_a_new_mat_is_zero(opencv: Any, channels: int) -> None:
    mat = make_gpu_mat(64, 48, channels)
    assert mat.size() == (64, 48) and mat.channels() == channels and mat.depth() == opencv.CV_8U
    assert (mat.download() == 0).all()


def test_a_new_mat_has_four_channels_by_default(opencv: Any) -> None:
    assert make_gpu_mat(3, 2).type() == opencv.CV_8UC4


@pytest.mark.parametrize("channels", [0, 2, 3, 5])
def test_other_channel_counts(channels: int) -> None:
    with pytest.raises(ValueError, match="channel"):
        make_gpu_mat(64, 48, channels)


# --- memory of buffers as mats ---


@pytest.mark.parametrize("size", [(64, 48), (33, 17), (1920, 1080)])
def test_a_mat_is_the_memory_of_the_buffer(opencv: Any, size: tuple[int, int]) -> None:
    pixels = random_pixels(*size)
    buffer = empty(*size)
    view = SurfaceView.from_buffer(buffer)
    with nvgstbuf_as_gpu_mat(buffer) as (mat, stream):
        assert isinstance(stream, opencv.cuda.Stream)
        assert mat.size() == size and mat.type() == opencv.CV_8UC4
        assert (mat.cudaPtr(), mat.step) == (view.data_ptr, view.pitch)
        assert (mat.download() == GARBAGE).all()
        mat.upload(pixels)
    assert (view.download() == pixels).all()
    with nvgstbuf_as_gpu_mat(buffer.gst_buffer_ptr) as (mat, _):
        assert (mat.download() == pixels).all()


def test_raw_memory_as_a_mat(opencv: Any) -> None:
    pixels = random_pixels(64, 48)
    view = SurfaceView.from_buffer(filled(pixels))
    # The lower right part of the picture.
    address = view.data_ptr + 8 * view.pitch + 4 * 4
    with nvbuf_as_gpu_mat(address, view.pitch, 60, 40) as (mat, _):
        assert mat.size() == (60, 40) and mat.step == view.pitch
        assert (mat.download() == pixels[8:, 4:]).all()
        mat.upload(np.zeros((40, 60, 4), np.uint8))
    pixels[8:, 4:] = 0
    assert (view.download() == pixels).all()


def test_rows_must_hold_the_pixels(opencv: Any) -> None:
    with pytest.raises(ValueError, match="255 bytes"), nvbuf_as_gpu_mat(4096, 255, 64, 48):
        pass
    with pytest.raises(ValueError, match="bytes"), nvgstbuf_as_gpu_mat(empty(640, 48, "GRAY8")):
        pass


@pytest.mark.parametrize("fails", [False, True])
def test_the_stream_is_waited_for(opencv: Any, fails: bool) -> None:
    buffer = empty(64, 48)
    address, pitch, width, height = deepstream.get_nvbufsurface_info(buffer)
    for enter in (
        lambda stream: nvgstbuf_as_gpu_mat(buffer, stream),
        lambda stream: nvbuf_as_gpu_mat(address, pitch, width, height, stream),
    ):
        stream = RecordingStream()
        try:
            with enter(stream) as (_, given):
                assert given is stream and stream.waits == 0
                if fails:
                    raise KeyError("body")
        except KeyError:
            assert fails
        assert stream.waits == 1


# --- from_gpumat ---


def test_a_mat_of_the_same_size_is_copied(opencv: Any) -> None:
    pixels = random_pixels(64, 48)
    buffer = from_gpumat(BufferGenerator("RGBA", 64, 48, pool_size=1), mat_of(opencv, pixels))
    assert (pixels_of(buffer) == pixels).all() and buffer.savant_ids() == []


@pytest.mark.parametrize("interpolation", [INTER_NEAREST, INTER_LINEAR])
def test_a_mat_of_another_size_is_stretched(opencv: Any, interpolation: int) -> None:
    # Quarters of one colour each, so that the aspect shows and the filter hardly matters.
    pixels = random_pixels(2, 2).repeat(32, axis=0).repeat(16, axis=1)
    generator = BufferGenerator("RGBA", 80, 40, pool_size=1)
    buffer = from_gpumat(generator, mat_of(opencv, pixels), interpolation=interpolation, id=7)
    assert buffer.savant_ids() == [(SavantIdMetaKind.FRAME, 7)]
    result = pixels_of(buffer)
    expected = random_pixels(2, 2)
    assert (result[4:16, 4:36] == expected[0, 0]).all() and (result[4:16, 44:76] == expected[0, 1]).all()
    assert (result[24:36, 4:36] == expected[1, 0]).all() and (result[24:36, 44:76] == expected[1, 1]).all()
    assert (result[..., 3] == 255).all()


def test_the_default_interpolation_is_linear(opencv: Any) -> None:
    mat = mat_of(opencv, random_pixels(64, 48))
    buffers = [
        from_gpumat(BufferGenerator("RGBA", 100, 31, pool_size=1), mat, **options)
        for options in ({}, {"interpolation": INTER_LINEAR}, {"interpolation": INTER_NEAREST})
    ]
    default, linear, nearest = map(pixels_of, buffers)
    assert (default == linear).all() and (default != nearest).any()


def test_mats_of_other_types_are_refused(opencv: Any) -> None:
    generator = BufferGenerator("RGBA", 64, 48, pool_size=1)
    for type in (opencv.CV_8UC1, opencv.CV_8UC3, opencv.CV_32FC4):
        with pytest.raises(ValueError, match="type"):
            from_gpumat(generator, opencv.cuda.GpuMat(48, 64, type))
    assert generator.stats()["in_use"] == 0


def test_options_are_keyword_only() -> None:
    parameters = inspect.signature(from_gpumat).parameters
    assert [parameters[name].kind for name in ("interpolation", "id")] == [inspect.Parameter.KEYWORD_ONLY] * 2


# --- the host's twin ---


@on_host
def test_opencv_draws_on_a_buffer_in_place() -> None:
    cv2 = importlib.import_module("cv2")
    pixels = random_pixels(65, 48)
    buffer = filled(pixels)
    with nvgstbuf_as_mat(buffer) as (mat, stream):
        assert stream is None and (mat == pixels).all()
        cv2.rectangle(mat, (10, 5), (29, 24), (255, 0, 0, 255), cv2.FILLED)
        mat[40:, :3] = cv2.GaussianBlur(mat[40:, :3], (3, 3), 0) // 2
        expected = mat.copy()
    pixels[5:25, 10:30] = (255, 0, 0, 255)
    assert (expected[:40] == pixels[:40]).all() and (expected[40:, :3] != pixels[40:, :3]).any()
    assert (pixels_of(buffer) == expected).all()


@on_host
def test_formats_of_several_planes_are_no_mat() -> None:
    with pytest.raises(RuntimeError, match="NV12"), nvgstbuf_as_mat(empty(64, 48, "NV12")):
        pass


@pytest.mark.gpu
def test_device_memory_is_no_mat_of_the_cpu() -> None:
    with pytest.raises(RuntimeError, match="nvgstbuf_as_gpu_mat"), nvgstbuf_as_mat(empty(64, 48)):
        pass


@on_host
def test_the_host_backend_refers_to_the_twin(opencv: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deepstream, "backend", backend)
    buffer = empty(64, 48)
    with pytest.raises(RuntimeError, match="nvgstbuf_as_mat"), nvgstbuf_as_gpu_mat(buffer):
        pass
    generator = BufferGenerator("RGBA", 64, 48, pool_size=1)
    with pytest.raises(RuntimeError, match="nvgstbuf_as_mat"):
        from_gpumat(generator, mat_of(opencv, random_pixels(64, 48)))
    assert generator.stats()["in_use"] == 0


# --- without OpenCV, or without CUDA in it ---


def calls() -> list[Any]:
    generator = BufferGenerator("RGBA", 64, 48, pool_size=1)
    return [
        lambda: make_gpu_mat(64, 48),
        lambda: from_gpumat(generator, object()),
        lambda: nvgstbuf_as_gpu_mat(empty(64, 48)).__enter__(),
        lambda: nvbuf_as_gpu_mat(4096, 256, 64, 48).__enter__(),
    ]


@on_host
def test_an_opencv_without_cuda_is_told_about() -> None:
    assert opencv_with_cuda() is None
    importlib.import_module("cv2")
    for call in calls():
        with pytest.raises(ImportError, match=r"WITH_CUDA=ON.*docs/drawing.md"):
            call()


def test_a_missing_opencv_is_told_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    for call in calls():
        with pytest.raises(ImportError, match="there is none"):
            call()


def test_importing_the_package_imports_neither_library() -> None:
    script = """
import sys
import savant_rs._ds_gpumat, savant_rs.deepstream
assert savant_rs.deepstream.make_gpu_mat is savant_rs._ds_gpumat.make_gpu_mat
print(sorted({"cv2", "skia"} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"

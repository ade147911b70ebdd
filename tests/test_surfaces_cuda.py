"""Surfaces in memory of a GPU."""

import ctypes
import gc
import threading
from types import SimpleNamespace

import numpy as np
import pytest

import savant_rs.deepstream as ds
from savant_rs.deepstream import (
    BufferGenerator,
    MemType,
    SurfaceView,
    TransformConfig,
)

pytestmark = pytest.mark.gpu

# memory type -> (DLPack device type, reached by the CPU, reached by CUDA)
MEM_TYPES = {
    MemType.DEFAULT: (2, False, True),
    MemType.CUDA_DEVICE: (2, False, True),
    MemType.CUDA_PINNED: (3, True, True),
    MemType.CUDA_UNIFIED: (13, True, True),
    MemType.SYSTEM: (1, True, False),
}

desktop = pytest.mark.skipif(ds.is_jetson_kernel(), reason="Jetson has other memory types")


def make_view(format="RGBA", width=64, height=48, mem_type=None, **arguments):
    generator = BufferGenerator(format, width, height, mem_type=mem_type, pool_size=1)
    return SurfaceView.from_buffer(generator.acquire(), **arguments)


def random_pixels(height, width, channels=4):
    return np.random.default_rng(5).integers(0, 256, (height, width, channels), np.uint8)


@desktop
@pytest.mark.parametrize("mem_type", MEM_TYPES, ids=lambda mem_type: mem_type.name())
@pytest.mark.parametrize("format", ["RGBA", "GRAY8", "NV12", "I420", "UYVY"])
def test_every_memory_type_holds_pixels(mem_type, format):
    device_type, cpu, cuda = MEM_TYPES[mem_type]
    view = make_view(format, 65, 33, mem_type)
    assert view.__dlpack_device__()[0] == device_type
    assert not view.download().any()
    view.memset(7)
    assert (view.download() == 7).all()
    if view.channels in (1, 4):
        assert hasattr(view, "__array_interface__") == cpu
        assert hasattr(view, "__cuda_array_interface__") == cuda
        pixels = random_pixels(33, 65, view.channels)
        view.upload(pixels)
        assert (view.download() == pixels).all()
        view.fill(range(1, view.channels + 1))
        assert (view.download() == np.arange(1, view.channels + 1)).all()
        if cpu:
            assert (np.asarray(view).reshape(33, 65, -1) == view.download()).all()


@desktop
@pytest.mark.parametrize("mem_type", [MemType.SURFACE_ARRAY, MemType.HANDLE])
def test_memory_types_of_jetson_are_refused(mem_type):
    with pytest.raises(RuntimeError, match=mem_type.name()):
        BufferGenerator("RGBA", 64, 64, mem_type=mem_type)


def test_a_gpu_that_does_not_exist():
    with pytest.raises(RuntimeError, match="99"):
        BufferGenerator("RGBA", 64, 64, gpu_id=99)


def test_calls_leave_the_current_context_alone():
    """In a new thread there is none before, and there must be none afterwards."""
    cuda = ctypes.CDLL("libcuda.so.1")
    seen = []

    def current():
        context = ctypes.c_void_p()
        assert cuda.cuCtxGetCurrent(ctypes.byref(context)) == 0
        return context.value

    def work():
        seen.append(current())
        view = make_view()
        view.fill([1, 2, 3, 4])
        BufferGenerator("RGBA", 32, 32).transform(view_buffer, TransformConfig())
        view.download()
        del view
        seen.append(current())

    view_buffer = BufferGenerator("RGBA", 64, 48).acquire()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [None, None]


def test_init_cuda_makes_a_context_current():
    cuda = ctypes.CDLL("libcuda.so.1")
    seen = []

    def work():
        ds.init_cuda(0)
        context = ctypes.c_void_p()
        cuda.cuCtxGetCurrent(ctypes.byref(context))
        seen.append(context.value)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen[0]


def test_the_cuda_array_interface():
    """With strides, also where nothing lies behind a row."""
    view = make_view("RGBA", 128, 4)
    assert view.__cuda_array_interface__ == {
        "shape": (4, 128, 4),
        "strides": (512, 4, 1),
        "typestr": "|u1",
        "descr": [("", "|u1")],
        "data": (view.data_ptr, False),
        "version": 3,
    }
    gray = make_view("GRAY8").__cuda_array_interface__
    assert gray["shape"] == (48, 64) and gray["strides"][1] == 1
    with pytest.raises(RuntimeError, match="NV12"):
        _ = make_view("NV12").__cuda_array_interface__


def test_a_view_of_a_view():
    view = make_view()
    other = SurfaceView.from_cuda_array(view)
    assert (other.data_ptr, other.pitch, other.color_format) == (view.data_ptr, view.pitch, 19)
    other.fill([4, 3, 2, 1])
    assert (view.download() == [4, 3, 2, 1]).all()
    luma = SurfaceView.from_cuda_array(make_view("NV12").planes()[0])
    assert (luma.width, luma.height, luma.color_format) == (64, 48, 1)


@desktop
@pytest.mark.parametrize("mem_type", MEM_TYPES, ids=lambda mem_type: mem_type.name())
def test_a_view_of_a_view_through_dlpack(mem_type):
    view = make_view("RGBA", 65, 33, mem_type)
    other = SurfaceView.from_dlpack(view)
    assert other.__dlpack_device__() == view.__dlpack_device__()
    assert (other.data_ptr, other.pitch, other.read_only) == (view.data_ptr, view.pitch, False)
    pixels = random_pixels(33, 65)
    other.upload(pixels)
    assert (view.download() == pixels).all()
    view.fill([4, 3, 2, 1])
    assert (other.download() == [4, 3, 2, 1]).all()


def test_read_only_cuda_memory():
    view = make_view()
    view.fill([4, 3, 2, 1])
    interface = view.__cuda_array_interface__ | {"data": (view.data_ptr, True)}
    shown = SurfaceView.from_cuda_array(SimpleNamespace(__cuda_array_interface__=interface, owner=view))
    assert shown.read_only and not view.read_only
    for write in (
        lambda: shown.memset(1),
        lambda: shown.fill([1, 2, 3, 4]),
        lambda: shown.upload(random_pixels(48, 64)),
    ):
        with pytest.raises(RuntimeError, match="read-only"):
            write()
    assert (shown.download() == [4, 3, 2, 1]).all()
    assert shown.__cuda_array_interface__["data"] == (view.data_ptr, True)
    with pytest.raises(BufferError, match="read-only"):
        shown.__dlpack__()
    assert SurfaceView.from_dlpack(shown).read_only


def test_dlpack_protocol():
    view = make_view()
    for stream in (None, 1, 2, -1):
        capsule = view.__dlpack__(stream=stream, max_version=(1, 0))
        assert "versioned" in repr(capsule)
        del capsule  # frees what nobody consumed
    for arguments in ({"stream": 0}, {"stream": -2}, {"dl_device": (1, 0)}, {"copy": True}):
        with pytest.raises(BufferError):
            view.__dlpack__(**arguments)
    with pytest.raises(BufferError):
        make_view("NV12").__dlpack__()


def test_what_is_not_cuda_memory():
    array = SimpleNamespace(
        __cuda_array_interface__={
            "shape": (4, 8, 4),
            "typestr": "|u1",
            "data": (4096, False),
            "strides": None,
            "version": 3,
        }
    )
    with pytest.raises(RuntimeError, match="cuPointerGetAttribute"):
        SurfaceView.from_cuda_array(array)


# --- transform ---


def test_many_threads_transform_at_once():
    failures = []

    def work(number):
        try:
            source = BufferGenerator("RGBA", 320, 240).acquire()
            generator = BufferGenerator("RGBA", 160, 120, pool_size=1)
            for step in range(50):
                color = [2 * number, 2 * step, 3, 255]
                SurfaceView.from_buffer(source).fill(color)
                result = SurfaceView.from_buffer(generator.transform(source, TransformConfig()))
                assert abs(result.download().astype(int) - color).max() <= 1
                del result
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_memory_is_given_back():
    def cycle():
        generator = BufferGenerator("RGBA", 1920, 1080, pool_size=4)
        views = [SurfaceView.from_buffer(generator.acquire()) for _ in range(4)]
        for view in views:
            view.memset(1)

    cycle()
    gc.collect()
    before = ds.gpu_mem_used_mib()
    for _ in range(30):
        cycle()
    gc.collect()
    # One cycle takes 32 MiB, so a leak would be 960 MiB.
    assert ds.gpu_mem_used_mib() - before < 200

"""SurfaceView."""

import gc

import numpy as np
import pytest

import savant_rs.deepstream as ds
from savant_rs.deepstream import BufferGenerator, SurfaceView
from transforms import byte_view

host = pytest.mark.skipif(ds.backend() != "host", reason="a rule of the host backend")

# format -> (NvBufSurfaceColorFormat, channels, bytes of a 9 x 5 picture without padding)
FORMATS = {
    "RGBA": (19, 4, 180),
    "BGRx": (24, 4, 180),
    "NV12": (6, 0, 45 + 30),
    "NV21": (8, 0, 45 + 30),
    "I420": (2, 0, 45 + 30),
    "UYVY": (10, 2, 90),
    "GRAY8": (1, 1, 45),
}


def make_view(format="RGBA", width=9, height=5, **arguments):
    return SurfaceView.from_buffer(BufferGenerator(format, width, height, pool_size=1).acquire(), **arguments)


@pytest.mark.parametrize("format", FORMATS)
def test_properties(format):
    color_format, channels, _ = FORMATS[format]
    # 2 is the per-thread default stream, which exists wherever there is CUDA.
    view = make_view(format, cuda_stream=2)
    assert (view.width, view.height, view.gpu_id, view.cuda_stream) == (9, 5, 0, 2)
    assert (view.color_format, view.channels, view.pitch) == (color_format, channels, 512)
    assert view.data_ptr % 256 == 0
    assert bool(view) is True
    assert repr(view) == f"SurfaceView(9x5, ch={channels}, gpu=0)"
    assert type(view).__module__ == "savant_rs.deepstream"


def test_construction_errors():
    buffer = BufferGenerator("RGBA", 8, 8).acquire()
    for exception in (ValueError, RuntimeError):
        with pytest.raises(exception, match="bounds"):
            SurfaceView.from_buffer(buffer, 1)
    with pytest.raises(TypeError):
        SurfaceView()
    with pytest.raises(TypeError):
        SurfaceView.from_buffer(None)
    with pytest.raises(OverflowError):
        SurfaceView.from_buffer(buffer, -1)
    assert buffer.strong_count == 1


@pytest.mark.parametrize("format", FORMATS)
def test_memset_and_download_every_format(format):
    view = make_view(format)
    view.memset(7)
    pixels = view.download()
    assert pixels.dtype == np.uint8 and pixels.size == FORMATS[format][2]
    assert pixels.shape == ((5, 9, view.channels) if view.channels else (pixels.size,))
    assert (pixels == 7).all()


def test_memset_and_fill_cover_the_padding():
    view = make_view()
    rows = byte_view(view, view.height, view.pitch, view.pitch)
    view.memset(200)
    assert view.pitch > 9 * 4 and (rows.download() == 200).all()
    view.fill([1, 2, 3, 4])
    assert rows.download().tobytes() == bytes([1, 2, 3, 4]) * (view.pitch * view.height // 4)


@pytest.mark.parametrize("color", [[1, 2, 3, 4], (1, 2, 3, 4), bytes([1, 2, 3, 4])])
def test_fill_is_in_memory_order(color):
    for format in ("RGBA", "BGRx"):
        view = make_view(format)
        view.fill(color)
        assert (view.download() == [1, 2, 3, 4]).all()


def test_fill_errors():
    for color in ([1, 2, 3], [], [1] * 5):
        with pytest.raises(ValueError, match="components"):
            make_view().fill(color)
    for format in ("NV12", "UYVY"):
        with pytest.raises(ValueError, match="channels"):
            make_view(format).fill([1, 2])
    for color in ([256, 0, 0, 0], [-1, 0, 0, 0]):
        with pytest.raises(OverflowError):
            make_view().fill(color)
    with pytest.raises(TypeError):
        make_view().fill(["1", 2, 3, 4])
    for value in (256, -1):
        with pytest.raises(OverflowError):
            make_view().memset(value)
    with pytest.raises(TypeError):
        make_view().memset(1.5)


def random_pixels(height, width, channels):
    return np.random.default_rng(3).integers(0, 256, (height, width, channels), np.uint8)


@pytest.mark.parametrize("format", ["RGBA", "BGRx", "GRAY8"])
def test_upload_touches_the_top_left_only(format):
    view = make_view(format)
    view.memset(9)
    pixels = random_pixels(2, 4, view.channels)
    view.upload(pixels)
    result = view.download()
    assert (result[:2, :4] == pixels).all()
    assert (result[2:] == 9).all() and (result[:, 4:] == 9).all()


@pytest.mark.parametrize("shape", [(6, 9, 4), (5, 10, 4), (5, 9, 3), (5, 9, 1)])
def test_upload_of_a_wrong_shape(shape):
    view = make_view()
    for exception in (ValueError, RuntimeError):
        with pytest.raises(exception):
            view.upload(np.zeros(shape, np.uint8))
    assert not view.download().any()


@pytest.mark.parametrize(
    "array", [np.zeros((5, 9), np.uint8), np.zeros((5, 9, 4), np.float32), np.zeros((1, 5, 9, 4), np.uint8)]
)
def test_upload_of_a_wrong_type(array):
    for exception in (ValueError, TypeError):
        with pytest.raises(exception, match="3-D"):
            make_view().upload(array)


def test_upload_needs_c_order_and_an_array():
    pixels = random_pixels(5, 18, 4)
    with pytest.raises(ValueError, match="contiguous"):
        make_view().upload(pixels[:, ::2])
    with pytest.raises(ValueError, match="contiguous"):
        make_view().upload(np.asfortranarray(random_pixels(5, 9, 4)))
    for wrong in (None, [[[1, 2, 3, 4]]], b"1234"):
        with pytest.raises(TypeError):
            make_view().upload(wrong)
    with pytest.raises(RuntimeError, match="NV12"):
        make_view("NV12").upload(np.zeros((5, 9, 1), np.uint8))


def test_upload_of_a_read_only_array():
    pixels = random_pixels(5, 9, 4)
    pixels.flags.writeable = False
    view = make_view()
    view.upload(pixels)
    assert (view.download() == pixels).all()


def test_download_into_an_array():
    view = make_view()
    pixels = random_pixels(5, 9, 4)
    view.upload(pixels)
    out = np.zeros((5, 9, 4), np.uint8)
    assert view.download(out) is out
    assert (out == pixels).all()
    planes = np.zeros(75, np.uint8)
    nv12 = make_view("NV12")
    nv12.memset(4)
    assert nv12.download(out=planes) is planes and (planes == 4).all()
    read_only = np.zeros((5, 9, 4), np.uint8)
    read_only.flags.writeable = False
    for wrong in (
        np.zeros((5, 9, 3), np.uint8),
        np.zeros((9, 5, 4), np.uint8),
        np.zeros((5, 9, 4), np.float32),
        np.zeros(180, np.uint8),
        np.zeros((5, 9, 8), np.uint8)[:, :, ::2],
        read_only,
        "array",
    ):
        with pytest.raises((ValueError, TypeError)):
            view.download(wrong)
    with pytest.raises(ValueError, match="75"):
        nv12.download(np.zeros(74, np.uint8))


@host
@pytest.mark.parametrize("adopt", [np.asarray, np.from_dlpack])
@pytest.mark.parametrize("format", ["RGBA", "GRAY8"])
def test_arrays_share_the_pixels_and_keep_them_alive(adopt, format):
    generator = BufferGenerator(format, 9, 5, pool_size=1)
    buffer = generator.acquire()
    view = SurfaceView.from_buffer(buffer)
    array = adopt(view)
    assert array.shape == ((5, 9, 4) if format == "RGBA" else (5, 9))
    view.memset(3)
    assert (array == 3).all()
    array[:] = 8
    assert (view.download() == 8).all()
    del buffer, view
    gc.collect()
    with pytest.raises(TimeoutError):
        generator.acquire(timeout_ms=0)
    assert (array == 8).all()
    array[:] = 1
    part = array[1:2, 1:]
    del array
    gc.collect()
    assert (part == 1).all()
    del part
    gc.collect()
    assert generator.acquire(timeout_ms=0)


@host
def test_array_interface():
    view = make_view("RGBA", 128, 4)
    assert view.__array_interface__ == {
        "shape": (4, 128, 4),
        "strides": (512, 4, 1),
        "typestr": "|u1",
        "descr": [("", "|u1")],
        "data": (view.data_ptr, False),
        "version": 3,
    }
    gray = make_view("GRAY8").__array_interface__
    assert (gray["shape"], gray["strides"]) == ((5, 9), (512, 1))
    with pytest.raises(RuntimeError, match="I420"):
        _ = make_view("I420").__array_interface__


@host
def test_there_is_no_cuda_array_interface_on_the_host():
    assert not hasattr(make_view(), "__cuda_array_interface__")
    assert hasattr(SurfaceView, "__cuda_array_interface__")


@host
def test_dlpack_protocol():
    generator = BufferGenerator("RGBA", 9, 5, pool_size=1)
    view = SurfaceView.from_buffer(generator.acquire())
    assert view.__dlpack_device__() == (1, 0)
    for versioned in ({}, {"max_version": (1, 0)}):
        capsule = view.__dlpack__(**versioned)
        assert ("versioned" in repr(capsule)) == bool(versioned)
        del capsule  # frees what nobody consumed
    view.__dlpack__(dl_device=(1, 0), copy=False)
    for arguments in ({"stream": 1}, {"dl_device": (2, 0)}, {"copy": True}):
        with pytest.raises(BufferError):
            view.__dlpack__(**arguments)
    with pytest.raises(BufferError):
        make_view("NV12").__dlpack__()
    del view
    assert generator.acquire(timeout_ms=0)


class CudaArray:
    """Something with `__cuda_array_interface__`."""

    def __init__(self, **fields):
        self.__cuda_array_interface__ = {
            "shape": (4, 8, 4),
            "typestr": "|u1",
            "data": (4096, False),
            "strides": None,
            "version": 3,
        } | fields


@pytest.mark.parametrize(
    ("fields", "keyword"),
    [
        ({"typestr": "<f4"}, "unsupported dtype"),
        ({"typestr": "<f4", "shape": (1,)}, "unsupported dtype"),
        ({"shape": (1, 4, 8, 4)}, "unsupported shape"),
        ({"shape": (8,)}, "unsupported shape"),
        ({"shape": (4, 8, 3)}, "unsupported channel"),
        ({"data": (0, False)}, "null"),
        ({"strides": ()}, "strides"),
        ({"strides": (32, 8, 2)}, "strides"),
        ({"strides": (31, 4, 1)}, "strides"),
        ({"shape": (4, 8), "strides": (64, 2)}, "strides"),
    ],
)
def test_cuda_arrays_are_checked(fields, keyword):
    with pytest.raises(ValueError, match=keyword):
        SurfaceView.from_cuda_array(CudaArray(**fields))


def test_what_is_no_cuda_array():
    for wrong in (object(), None, np.zeros((4, 8, 4), np.uint8)):
        with pytest.raises(TypeError, match="__cuda_array_interface__"):
            SurfaceView.from_cuda_array(wrong)


@host
@pytest.mark.parametrize(
    "fields", [{}, {"shape": (4, 8)}, {"shape": (4, 8, 1), "typestr": "<u1"}, {"strides": (512, 4, 1)}]
)
def test_the_host_cannot_reach_cuda_arrays(fields):
    with pytest.raises(RuntimeError, match="host backend cannot reach CUDA memory"):
        SurfaceView.from_cuda_array(CudaArray(**fields))


@host
def test_a_host_view_is_no_cuda_array():
    with pytest.raises(TypeError, match="__cuda_array_interface__"):
        SurfaceView.from_cuda_array(make_view())

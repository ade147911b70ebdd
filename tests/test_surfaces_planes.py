"""SurfaceView.planes and SurfacePlane."""

import gc

import numpy as np
import pytest

import savant_rs.deepstream as ds
from savant_rs.deepstream import BufferGenerator, SurfacePlane, SurfaceView

host = pytest.mark.skipif(ds.backend() != "host", reason="a rule of the host backend")


def random_pixels(*shape):
    return np.random.default_rng(7).integers(0, 256, shape, np.uint8)


def make_view(format, width=9, height=5):
    return SurfaceView.from_buffer(BufferGenerator(format, width, height, pool_size=1).acquire())


# format -> shapes and strides of the planes of a 9 x 5 picture
PLANES = {
    "RGBA": [((5, 9, 4), (512, 4, 1))],
    "BGRx": [((5, 9, 4), (512, 4, 1))],
    "UYVY": [((5, 9, 2), (512, 2, 1))],
    "GRAY8": [((5, 9), (512, 1))],
    "NV12": [((5, 9), (512, 1)), ((3, 5, 2), (512, 2, 1))],
    "NV21": [((5, 9), (512, 1)), ((3, 5, 2), (512, 2, 1))],
    "I420": [((5, 9), (512, 1)), ((3, 5), (256, 1)), ((3, 5), (256, 1))],
}


@pytest.mark.parametrize("format", PLANES)
def test_planes(format):
    view = make_view(format)
    planes = view.planes()
    assert [(plane.shape, plane.strides) for plane in planes] == PLANES[format]
    assert all(type(plane) is SurfacePlane for plane in planes)
    assert planes[0].data_ptr == view.data_ptr
    assert type(planes[0]).__module__ == "savant_rs.deepstream"
    assert repr(planes[-1]) == "SurfacePlane(shape={}, strides={})".format(*PLANES[format][-1])
    with pytest.raises(TypeError):
        SurfacePlane()


@host
@pytest.mark.parametrize("adopt", [np.asarray, np.from_dlpack])
@pytest.mark.parametrize("format", PLANES)
def test_planes_are_arrays_in_place(format, adopt):
    view = make_view(format)
    arrays = [adopt(plane) for plane in view.planes()]
    assert [(array.shape, array.strides) for array in arrays] == PLANES[format]
    for number, array in enumerate(arrays):
        array[:] = random_pixels(*array.shape) // 2 + number
    packed = np.concatenate([array.ravel() for array in arrays])
    assert (view.download().ravel() == packed).all()
    view.memset(3)
    assert all((array == 3).all() for array in arrays)


@host
def test_the_interfaces_of_a_plane():
    luma, chroma = make_view("NV12").planes()
    assert chroma.__array_interface__ == {
        "shape": (3, 5, 2),
        "strides": (512, 2, 1),
        "typestr": "|u1",
        "descr": [("", "|u1")],
        "data": (chroma.data_ptr, False),
        "version": 3,
    }
    assert not hasattr(chroma, "__cuda_array_interface__")
    assert luma.__dlpack_device__() == (1, 0)
    for arguments in ({"stream": 1}, {"dl_device": (2, 0)}, {"copy": True}):
        with pytest.raises(BufferError):
            luma.__dlpack__(**arguments)


def test_planes_are_views_of_their_buffer():
    buffer = BufferGenerator("I420", 9, 5).acquire()
    view = SurfaceView.from_buffer(buffer)
    planes = view.planes()
    assert buffer.strong_count == 2 + 3
    del planes
    assert buffer.strong_count == 2


@host
@pytest.mark.parametrize("adopt", [np.asarray, np.from_dlpack])
def test_an_array_of_a_plane_outlives_everything_else(adopt):
    generator = BufferGenerator("NV12", 9, 5, pool_size=1)
    view = SurfaceView.from_buffer(generator.acquire())
    view.memset(8)
    chroma = adopt(view.planes()[1])
    del view
    gc.collect()
    with pytest.raises(TimeoutError):
        generator.acquire(timeout_ms=0)
    part = chroma[1:, :, 1]
    del chroma
    gc.collect()
    assert (part == 8).all()
    with pytest.raises(TimeoutError):
        generator.acquire(timeout_ms=0)
    del part
    gc.collect()
    assert generator.acquire(timeout_ms=0)


@host
def test_an_array_outlives_the_generator():
    view = make_view("I420")
    view.memset(5)
    arrays = [np.from_dlpack(plane) for plane in view.planes()]
    del view
    gc.collect()
    assert all((array == 5).all() for array in arrays)
    arrays[2][:] = 6
    assert (arrays[1] == 5).all() and (arrays[2] == 6).all()


@pytest.mark.parametrize("max_version", [None, (1, 0)])
def test_a_capsule_that_nobody_consumes_gives_its_buffer_back(max_version):
    generator = BufferGenerator("NV12", 9, 5, pool_size=1)
    capsule = SurfaceView.from_buffer(generator.acquire()).planes()[1].__dlpack__(max_version=max_version)
    gc.collect()
    with pytest.raises(TimeoutError):
        generator.acquire(timeout_ms=0)
    del capsule
    assert generator.acquire(timeout_ms=0)

"""PyTorch and CuPy in the same memory of a GPU as our surfaces, without a copy."""

import gc

import numpy as np
import pytest

from savant_rs.deepstream import BufferGenerator, SurfaceView

pytestmark = pytest.mark.gpu


def random_pixels(height, width, channels=4):
    return np.random.default_rng(5).integers(0, 256, (height, width, channels), np.uint8)


SHAPES = [(48, 64), (48, 64, 1), (48, 64, 4)]

# --- CuPy ---


def test_cupy_shares_the_pixels_and_keeps_them_alive(cupy):
    generator = BufferGenerator("RGBA", 64, 48, pool_size=1)
    view = SurfaceView.from_buffer(generator.acquire())
    for adopt in (cupy.asarray, cupy.from_dlpack):
        array = adopt(view)
        assert array.shape == (48, 64, 4) and array.data.ptr == view.data_ptr
        view.memset(3)
        assert bool((array == 3).all())
        array[:] = 8
        assert (view.download() == 8).all()
    address = view.data_ptr
    del view
    gc.collect()
    with pytest.raises(TimeoutError):
        generator.acquire(timeout_ms=0)
    assert array.data.ptr == address and bool((array == 8).all())
    del array
    gc.collect()
    assert generator.acquire(timeout_ms=0)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("adopt", [SurfaceView.from_cuda_array, SurfaceView.from_dlpack])
def test_views_of_cupy_arrays(cupy, adopt, shape):
    array = cupy.zeros(shape, cupy.uint8)
    view = adopt(array)
    channels = 4 if shape[2:] == (4,) else 1
    assert (view.width, view.height, view.channels, view.pitch) == (64, 48, channels, 64 * channels)
    assert view.data_ptr == array.data.ptr and view.__dlpack_device__() == (2, 0)
    assert view.color_format == {1: 1, 4: 19}[channels]
    view.fill(range(1, channels + 1))
    assert (cupy.asnumpy(array).reshape(48, 64, channels) == np.arange(1, channels + 1)).all()
    array.fill(9)
    assert (view.download() == 9).all()
    pixels = random_pixels(48, 64, channels)
    view.upload(pixels)
    assert (cupy.asnumpy(array).reshape(pixels.shape) == pixels).all()


@pytest.mark.parametrize("adopt", [SurfaceView.from_cuda_array, SurfaceView.from_dlpack])
def test_the_memory_of_a_cupy_array_lives_as_long_as_its_view(cupy, adopt):
    pool = cupy.get_default_memory_pool()
    gc.collect()
    before = pool.used_bytes()
    array = cupy.full((48, 64, 4), 7, cupy.uint8)
    view = adopt(array)
    del array
    gc.collect()
    assert pool.used_bytes() > before and (view.download() == 7).all()
    again = cupy.from_dlpack(view)
    del view
    gc.collect()
    assert pool.used_bytes() > before and (cupy.asnumpy(again) == 7).all()
    del again
    gc.collect()
    assert pool.used_bytes() == before


@pytest.mark.parametrize("adopt", [SurfaceView.from_cuda_array, SurfaceView.from_dlpack])
def test_the_neighbours_of_a_part_of_an_array_stay_untouched(cupy, adopt):
    whole = cupy.full((48, 64, 4), 7, cupy.uint8)
    view = adopt(whole[8:16, 4:20])
    assert (view.width, view.height, view.pitch) == (16, 8, 64 * 4)
    view.memset(1)
    view.fill([1, 1, 1, 1])
    view.upload(np.ones((8, 16, 4), np.uint8))
    expected = np.full((48, 64, 4), 7, np.uint8)
    expected[8:16, 4:20] = 1
    assert (cupy.asnumpy(whole) == expected).all()


@pytest.mark.parametrize("adopt", ["asarray", "from_dlpack"])
def test_cupy_shares_the_planes_of_nv12(cupy, adopt):
    generator = BufferGenerator("NV12", 65, 33, pool_size=1)
    view = SurfaceView.from_buffer(generator.acquire())
    luma, chroma = planes = view.planes()
    y, uv = (getattr(cupy, adopt)(plane) for plane in planes)
    assert (y.shape, y.data.ptr) == ((33, 65), luma.data_ptr)
    assert (uv.shape, uv.data.ptr) == ((17, 33, 2), chroma.data_ptr)
    y[:] = 100
    uv[..., 0], uv[..., 1] = 50, 60
    assert (view.download() == [100] * (33 * 65) + [50, 60] * (17 * 33)).all()
    address = uv.data.ptr
    del view, planes, luma, chroma, y
    gc.collect()
    with pytest.raises(TimeoutError):
        generator.acquire(timeout_ms=0)
    assert uv.data.ptr == address and bool((uv[..., 1] == 60).all())
    del uv
    gc.collect()
    assert generator.acquire(timeout_ms=0)


# --- PyTorch ---


def test_torch_shares_the_pixels_and_keeps_them_alive(torch):
    generator = BufferGenerator("RGBA", 64, 48, pool_size=1)
    view = SurfaceView.from_buffer(generator.acquire())
    for adopt in (torch.from_dlpack, lambda view: torch.as_tensor(view, device="cuda")):
        tensor = adopt(view)
        assert tuple(tensor.shape) == (48, 64, 4) and tensor.data_ptr() == view.data_ptr
        view.memset(3)
        assert bool((tensor == 3).all())
        tensor.fill_(8)
        assert (view.download() == 8).all()
        del tensor
    tensor = torch.from_dlpack(view)
    del view
    gc.collect()
    with pytest.raises(TimeoutError):
        generator.acquire(timeout_ms=0)
    assert bool((tensor == 8).all())
    del tensor
    gc.collect()
    assert generator.acquire(timeout_ms=0)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("adopt", "device"),
    [
        (SurfaceView.from_cuda_array, "cuda"),
        (SurfaceView.from_dlpack, "cuda"),
        (SurfaceView.from_dlpack, "cpu"),
    ],
)
def test_views_of_torch_tensors(torch, adopt, device, shape):
    tensor = torch.zeros(shape, dtype=torch.uint8, device=device)
    view = adopt(tensor)
    channels = 4 if shape[2:] == (4,) else 1
    assert (view.width, view.height, view.channels, view.pitch) == (64, 48, channels, 64 * channels)
    assert view.data_ptr == tensor.data_ptr()
    assert view.__dlpack_device__() == {"cpu": (1, 0), "cuda": (2, 0)}[device]
    view.fill([5] * channels)
    assert bool((tensor == 5).all())
    tensor.fill_(9)
    assert (view.download() == 9).all()
    pixels = random_pixels(48, 64, channels)
    view.upload(pixels)
    assert (tensor.cpu().numpy().reshape(pixels.shape) == pixels).all()


@pytest.mark.parametrize("adopt", [SurfaceView.from_cuda_array, SurfaceView.from_dlpack])
def test_the_memory_of_a_tensor_lives_as_long_as_its_view(torch, adopt):
    gc.collect()
    before = torch.cuda.memory_allocated()
    tensor = torch.full((48, 64, 4), 7, dtype=torch.uint8, device="cuda")
    view = adopt(tensor)
    del tensor
    gc.collect()
    assert torch.cuda.memory_allocated() > before and (view.download() == 7).all()
    again = torch.from_dlpack(view)
    del view
    gc.collect()
    assert torch.cuda.memory_allocated() > before and (again.cpu() == 7).all()
    del again
    gc.collect()
    assert torch.cuda.memory_allocated() == before


def test_torch_shares_the_planes_of_nv12(torch):
    generator = BufferGenerator("NV12", 65, 33, pool_size=1)
    view = SurfaceView.from_buffer(generator.acquire())
    for value, adopt in enumerate((torch.from_dlpack, lambda plane: torch.as_tensor(plane, device="cuda"))):
        luma, chroma = planes = view.planes()
        y, uv = (adopt(plane) for plane in planes)
        assert (tuple(y.shape), y.data_ptr()) == ((33, 65), luma.data_ptr)
        assert (tuple(uv.shape), uv.data_ptr()) == ((17, 33, 2), chroma.data_ptr)
        y.fill_(100 + value)
        uv[..., 0], uv[..., 1] = 50, 60 + value
        assert (view.download() == [100 + value] * (33 * 65) + [50, 60 + value] * (17 * 33)).all()
    address = uv.data_ptr()
    del view, planes, luma, chroma, y
    gc.collect()
    with pytest.raises(TimeoutError):
        generator.acquire(timeout_ms=0)
    assert uv.data_ptr() == address and bool((uv[..., 1] == 61).all())
    del uv
    gc.collect()
    assert generator.acquire(timeout_ms=0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda torch: torch.zeros((48, 64, 4), device="cuda"), "unsupported dtype"),
        (lambda torch: torch.zeros((48, 64, 3), dtype=torch.uint8, device="cuda"), "unsupported channel count 3"),
        (lambda torch: torch.zeros((4, 48, 64), dtype=torch.uint8, device="cuda").permute(1, 2, 0), "strides"),
    ],
)
def test_tensors_that_are_no_pictures(torch, make, message):
    with pytest.raises(ValueError, match=message):
        SurfaceView.from_dlpack(make(torch))

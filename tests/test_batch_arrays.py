"""Whole uniform batches as arrays of other libraries, without a copy."""

from __future__ import annotations

import gc
import threading

import numpy as np
import pytest

import capsules
import savant_rs.deepstream as ds
from batches import PLAIN, picture, source
from savant_rs.deepstream import MemType, SurfaceBatch, UniformBatchGenerator, set_num_filled

host = pytest.mark.skipif(ds.backend() != "host", reason="the pixels are in system memory on the host backend only")
gpu = pytest.mark.gpu

WIDTH, HEIGHT = 33, 17
CHANNELS = {"RGBA": 4, "BGRx": 4, "GRAY8": 1}


def generator(format: str = "RGBA", slots: int = 3, **arguments) -> UniformBatchGenerator:
    return UniformBatchGenerator(format, WIDTH, HEIGHT, slots, 1, **arguments)


def filled(pool: UniformBatchGenerator, count: int = 3) -> tuple[SurfaceBatch, np.ndarray]:
    """A finalized batch, and its pixels."""
    format = pool.format.name()
    pixels = [picture(seed, WIDTH, HEIGHT, CHANNELS[format]) for seed in range(count)]
    batch = pool.acquire_batch(PLAIN)
    batch.finalize()
    set_num_filled(batch.shared_buffer(), count)
    for slot, some in enumerate(pixels):
        batch.upload_slot(slot, some)
    return batch, np.stack(pixels).reshape(count, HEIGHT, WIDTH, *[4] * (CHANNELS[format] == 4))


# --- NumPy ---


@host
@pytest.mark.parametrize("format", CHANNELS)
@pytest.mark.parametrize("adopt", [np.asarray, np.from_dlpack])
def test_numpy_shares_the_pixels(adopt, format):
    batch, pixels = filled(generator(format))
    array = adopt(batch)
    assert array.shape == pixels.shape and array.dtype == np.uint8
    assert array.ctypes.data == batch.view(0).data_ptr
    assert (array == pixels).all()
    array[1] = 9
    assert (batch.view(1).download() == 9).all()
    batch.memset_slot(2, 8)
    assert (array[2] == 8).all() and (array[0] == pixels[0]).all()


@host
def test_the_interface_is_that_of_a_view_with_one_dimension_more():
    batch, _ = filled(generator())
    view = batch.view(0)
    interface, of_view = batch.__array_interface__, view.__array_interface__
    assert interface["shape"] == (3, *of_view["shape"])
    assert interface["strides"][1:] == of_view["strides"]
    assert interface["strides"][0] == batch.view(1).data_ptr - view.data_ptr
    assert interface["data"] == of_view["data"] == (view.data_ptr, False)
    assert batch.__dlpack_device__() == (1, 0)
    assert not hasattr(batch, "__cuda_array_interface__")
    managed = capsules.consume(batch.__dlpack__())
    tensor = managed.tensor
    assert (tensor.data, tensor.ndim, tuple(tensor.shape[:4])) == (view.data_ptr, 4, (3, HEIGHT, WIDTH, 4))
    assert tuple(tensor.strides[:4]) == interface["strides"]
    capsules.delete(managed)


@host
@pytest.mark.parametrize("count", [1, 2])
def test_the_array_has_the_filled_slots(count):
    batch, pixels = filled(generator(), count)
    assert (np.asarray(batch) == pixels).all() and np.asarray(batch).shape[0] == count
    set_num_filled(batch.shared_buffer(), batch.max_batch_size)
    assert np.asarray(batch).shape[0] == 3


@host
def test_an_array_keeps_the_pixels_alive():
    pool = generator()
    for adopt in (np.asarray, np.from_dlpack):
        batch, pixels = filled(pool)
        array = adopt(batch)[1:]
        del batch
        gc.collect()
        with pytest.raises(TimeoutError):
            pool.acquire_batch(PLAIN, timeout_ms=0)
        assert (array == pixels[1:]).all()
        del array
        gc.collect()
        assert pool.acquire_batch(PLAIN, timeout_ms=0)


@host
def test_a_consumer_on_another_thread_lets_go_of_the_batch():
    pool = generator()
    batch, _ = filled(pool)
    managed = capsules.consume(batch.__dlpack__(max_version=(1, 0)))
    del batch
    with pytest.raises(TimeoutError):
        pool.acquire_batch(PLAIN, timeout_ms=0)
    thread = threading.Thread(target=capsules.delete, args=(managed,))
    thread.start()
    thread.join()
    assert pool.acquire_batch(PLAIN, timeout_ms=0)


def test_slots_of_a_transformed_batch_are_one_array(request):
    """The whole way: pictures of other buffers, scaled into slots, read as one array."""
    # NVIDIA's library works in even sizes.
    batch = UniformBatchGenerator("RGBA", 64, 48, 3, 1).acquire_batch(PLAIN)
    pixels = [picture(seed) for seed in range(3)]
    batch.transform_slots([(slot, source(some), None) for slot, some in enumerate(pixels)])
    batch.finalize()
    if ds.backend() == "host":
        array = np.asarray(batch)
    else:
        cupy = request.getfixturevalue("cupy")
        array = cupy.asnumpy(cupy.asarray(batch))
    assert (array == np.stack(pixels)).all()


# --- what is no array ---

EXPORTS = {
    "host": ["__array_interface__", "__dlpack__", "__dlpack_device__"],
    "deepstream": ["__cuda_array_interface__", "__dlpack__", "__dlpack_device__"],
}


def exports(batch: SurfaceBatch):
    for name in EXPORTS[ds.backend()]:
        yield lambda name=name: getattr(batch, name)() if "dlpack" in name else getattr(batch, name)


def test_a_batch_without_filled_slots_is_no_array():
    batch = generator().acquire_batch(PLAIN)
    batch.transform_slot(0, source(picture(1)))
    for export in exports(batch):
        with pytest.raises(RuntimeError, match="no slot is filled"):
            export()
    batch.finalize()
    for export in exports(batch):
        assert export()


@pytest.mark.parametrize("format", ["NV12", "I420"])
def test_formats_with_several_planes_are_no_array(format):
    batch = generator(format).acquire_batch(PLAIN)
    batch.finalize()
    set_num_filled(batch.shared_buffer(), 3)
    for export in exports(batch):
        with pytest.raises(RuntimeError, match="multi-plane"):
            export()


@gpu
def test_unevenly_spaced_slots_are_no_array():
    """NVIDIA's library allocates slots in system memory one by one."""
    batch, _ = filled(generator(slots=8, mem_type=MemType.SYSTEM), 8)
    addresses = {batch.view(slot + 1).data_ptr - batch.view(slot).data_ptr for slot in range(7)}
    if len(addresses) == 1:
        pytest.skip("this allocator put them at even distances")
    with pytest.raises(RuntimeError, match="evenly spaced"):
        np.asarray(batch)


# --- CuPy and PyTorch ---


@gpu
@pytest.mark.parametrize("mem_type", [MemType.CUDA_DEVICE, MemType.CUDA_UNIFIED])
@pytest.mark.parametrize("format", ["RGBA", "GRAY8"])
def test_cupy_shares_the_pixels_and_keeps_them_alive(cupy, format, mem_type):
    pool = generator(format, mem_type=mem_type)
    for adopt in (cupy.asarray, cupy.from_dlpack):
        batch, pixels = filled(pool)
        array = adopt(batch)
        assert array.shape == pixels.shape and array.data.ptr == batch.view(0).data_ptr
        assert (cupy.asnumpy(array) == pixels).all()
        array[1] = 9
        assert (batch.view(1).download() == 9).all()
        del batch
        gc.collect()
        with pytest.raises(TimeoutError):
            pool.acquire_batch(PLAIN, timeout_ms=0)
        assert (cupy.asnumpy(array)[0] == pixels[0]).all()
        del array
        gc.collect()
        assert pool.acquire_batch(PLAIN, timeout_ms=0)


@gpu
@pytest.mark.parametrize("format", ["RGBA", "GRAY8"])
def test_torch_shares_the_pixels_and_keeps_them_alive(torch, format):
    pool = generator(format)
    for adopt in (torch.from_dlpack, lambda batch: torch.as_tensor(batch, device="cuda")):
        batch, pixels = filled(pool)
        tensor = adopt(batch)
        assert tuple(tensor.shape) == pixels.shape and tensor.data_ptr() == batch.view(0).data_ptr
        assert (tensor.cpu().numpy() == pixels).all()
        tensor[1].fill_(9)
        assert (batch.view(1).download() == 9).all()
        del batch
        gc.collect()
        with pytest.raises(TimeoutError):
            pool.acquire_batch(PLAIN, timeout_ms=0)
        assert (tensor.cpu().numpy()[0] == pixels[0]).all()
        del tensor
        gc.collect()
        assert pool.acquire_batch(PLAIN, timeout_ms=0)


@gpu
@pytest.mark.parametrize("mem_type", [MemType.DEFAULT, MemType.CUDA_PINNED, MemType.CUDA_UNIFIED])
def test_slots_of_a_batch_are_one_allocation(mem_type):
    batch, pixels = filled(generator(slots=8, mem_type=mem_type), 8)
    interface = batch.__cuda_array_interface__
    assert interface["shape"] == pixels.shape
    assert interface["strides"][0] == batch.view(1).data_ptr - batch.view(0).data_ptr

"""NonUniformBatch."""

from __future__ import annotations

import gc

import numpy as np
import pytest

import savant_rs.deepstream as ds
from batches import PLAIN, download, picture, source
from savant_rs.deepstream import (
    BufferGenerator,
    NonUniformBatch,
    SavantIdMetaKind,
    SharedBuffer,
    SurfaceView,
    UniformBatchGenerator,
    get_nvbufsurface_info,
    set_num_filled,
)
from savant_rs.deepstream._native import _test_consume_shared_buffer

host = pytest.mark.skipif(ds.backend() != "host", reason="a rule of the host backend")


def view(buffer: SharedBuffer, slot: int = 0) -> SurfaceView:
    return SurfaceView.from_buffer(buffer, slot)


def test_construction():
    assert NonUniformBatch().gpu_id == 0 and NonUniformBatch(0).num_filled == 0
    assert repr(NonUniformBatch()) == "NonUniformBatch(num_filled=0, gpu=0)"
    with pytest.raises(RuntimeError):
        NonUniformBatch(99)
    with pytest.raises(OverflowError):
        NonUniformBatch(-1)
    with pytest.raises(TypeError):
        NonUniformBatch().add(source(picture(1)))


def test_an_empty_batch_is_used_up_by_its_finalize():
    batch = NonUniformBatch()
    with pytest.raises(RuntimeError, match="empty"):
        batch.finalize()
    with pytest.raises(RuntimeError, match="finalized"):
        batch.finalize()


def test_slots_are_those_of_the_views_in_order():
    pixels = [picture(1), picture(2, 20, 10), picture(3, 33, 17, 1)]
    buffers = [source(some, format) for some, format in zip(pixels, ("RGBA", "BGRx", "GRAY8"), strict=True)]
    nv12 = BufferGenerator("NV12", 64, 32).acquire()
    view(nv12).memset(77)
    batch = NonUniformBatch()
    for number, buffer in enumerate([*buffers, nv12, buffers[0]]):
        batch.add(view(buffer))
        assert batch.num_filled == number + 1
    result = batch.finalize([(SavantIdMetaKind.FRAME, 5), (SavantIdMetaKind.BATCH, 6)])
    assert result.savant_ids() == [(SavantIdMetaKind.FRAME, 5), (SavantIdMetaKind.BATCH, 6)]
    assert result.strong_count == 1 and result.pts_ns is None
    for slot in (0, 1, 2, 4):
        buffer = buffers[slot % 4]
        assert (download(result, slot) == pixels[slot % 4]).all()
        assert view(result, slot).data_ptr == get_nvbufsurface_info(buffer)[0]
    assert (view(result, 3).width, view(result, 3).color_format) == (64, 6)
    assert (download(result, 3) == 77).all()
    with pytest.raises(RuntimeError, match="bounds"):
        view(result, 5)
    set_num_filled(result, 2)
    with pytest.raises(RuntimeError, match="bounds"):
        view(result, 2)


def test_a_used_up_batch_refuses_everything_but_its_device():
    batch = NonUniformBatch()
    batch.add(view(source(picture(1))))
    batch.finalize()
    for call in (batch.finalize, lambda: batch.num_filled, lambda: batch.add(view(source(picture(1))))):
        with pytest.raises(RuntimeError, match="finalized"):
            call()
    assert batch.gpu_id == 0 and repr(batch) == "NonUniformBatch(<finalized>, gpu=0)"


def test_a_view_brings_its_own_slot():
    batch = UniformBatchGenerator("RGBA", 64, 48, 3, 1).acquire_batch(PLAIN)
    batch.transform_slots([(slot, source(picture(slot)), None) for slot in range(3)])
    batch.finalize()
    assembled = NonUniformBatch()
    for slot in (2, 0):
        assembled.add(batch.view(slot))
    result = assembled.finalize()
    assert (download(result, 0) == picture(2)).all() and (download(result, 1) == picture(0)).all()


def test_an_array_of_another_library_can_be_added(request):
    array = picture(1)
    expected = array.copy()
    batch = NonUniformBatch()
    if ds.backend() == "host":
        batch.add(SurfaceView.from_dlpack(array))
    else:
        cupy = request.getfixturevalue("cupy")
        batch.add(SurfaceView.from_cuda_array(cupy.asarray(array)))
    del array
    batch.add(view(source(picture(2))))
    result = batch.finalize()
    gc.collect()
    assert (download(result, 0) == expected).all() and (download(result, 1) == picture(2)).all()


@pytest.mark.gpu
def test_views_of_several_memory_types_are_refused():
    batch = NonUniformBatch()
    batch.add(view(source(picture(1))))
    batch.add(SurfaceView.from_dlpack(picture(1)))
    with pytest.raises(RuntimeError, match="memory type"):
        batch.finalize()
    with pytest.raises(RuntimeError, match="finalized"):
        batch.finalize()


# --- lifetimes ---


def test_sources_stay_out_of_their_pools_until_the_buffer_goes():
    generator = BufferGenerator("RGBA", 64, 48, pool_size=1)
    buffer = generator.acquire()
    view(buffer).upload(picture(1))
    assert buffer.strong_count == 1
    batch = NonUniformBatch()
    batch.add(view(buffer))
    assert buffer.strong_count == 2
    result = batch.finalize()
    assert buffer.strong_count == 1, "the hold is a reference to the GstBuffer now"
    del buffer, batch
    gc.collect()
    with pytest.raises(TimeoutError):
        generator.acquire(timeout_ms=0)
    assert (download(result) == picture(1)).all()
    kept = view(result)
    with pytest.raises(RuntimeError, match="outstanding"):
        _test_consume_shared_buffer(result)
    del result
    with pytest.raises(TimeoutError):
        generator.acquire(timeout_ms=0)
    assert (kept.download() == picture(1)).all()
    del kept
    assert generator.acquire(timeout_ms=0)


@pytest.mark.parametrize("finalized", [False, True])
def test_what_is_dropped_gives_its_sources_back(finalized):
    generator = BufferGenerator("RGBA", 64, 48, pool_size=1)
    batch = NonUniformBatch()
    batch.add(view(generator.acquire()))
    with pytest.raises(TimeoutError):
        generator.acquire(timeout_ms=0)
    result = batch.finalize() if finalized else None
    del batch, result
    assert generator.acquire(timeout_ms=0)


def test_pixels_are_written_only_by_who_has_them_alone():
    buffer = source(picture(1))
    original = view(buffer)
    batch = NonUniformBatch()
    batch.add(original)
    original.memset(5)
    result = batch.finalize()
    assembled = view(result)
    assert (assembled.download() == 5).all()
    for shared in (original, assembled):
        with pytest.raises(RuntimeError, match="shared"):
            shared.memset(6)
    del buffer, original, shared
    assembled.memset(6)
    assert (assembled.download() == 6).all()


@host
def test_read_only_memory_stays_read_only():
    array = picture(1)
    array.flags.writeable = False
    batch = NonUniformBatch()
    batch.add(SurfaceView.from_dlpack(array))
    assembled = view(batch.finalize())
    assert assembled.read_only and not np.asarray(assembled).flags.writeable
    with pytest.raises(RuntimeError, match="read-only"):
        assembled.memset(1)
    assert (assembled.download() == array).all()


def test_no_surface_is_leaked():
    from savant_rs.deepstream._native import _live_objects

    gc.collect()
    before = _live_objects()["surfaces"]
    batch = NonUniformBatch()
    for seed in range(3):
        batch.add(view(source(picture(seed))))
    result = batch.finalize()
    assert _live_objects()["surfaces"] == before + 4
    del batch, result
    assert _live_objects()["surfaces"] == before

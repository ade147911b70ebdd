"""UniformBatchGenerator and SurfaceBatch."""

from __future__ import annotations

import inspect
import threading

import numpy as np
import pytest

from batches import PLAIN, download, picture, source
from savant_rs.deepstream import (
    BufferGenerator,
    DstPadding,
    Interpolation,
    MemType,
    Padding,
    Rect,
    SavantIdMetaKind,
    SurfaceBatch,
    SurfaceView,
    TransformConfig,
    UniformBatchGenerator,
    VideoFormat,
    get_nvbufsurface_info,
    get_savant_id_meta,
    set_num_filled,
)


def make_batch(slots: int = 4, format: str = "RGBA", config: TransformConfig = PLAIN, **arguments) -> SurfaceBatch:
    return UniformBatchGenerator(format, 64, 48, slots, 1).acquire_batch(config, **arguments)


def sources(count: int) -> tuple[list[np.ndarray], list]:
    pixels = [picture(seed) for seed in range(count)]
    return pixels, [source(some) for some in pixels]


# --- the generator ---


def test_signatures():
    assert str(inspect.signature(UniformBatchGenerator)) == (
        "(format, width, height, max_batch_size, pool_size=2, fps_num=30, fps_den=1, gpu_id=0, mem_type=None)"
    )
    assert str(inspect.signature(UniformBatchGenerator.acquire_batch)) == (
        "(self, /, config, ids=None, *, timeout_ms=None)"
    )
    assert str(inspect.signature(SurfaceBatch.transform_slot)) == "(self, /, slot, src_buf, src_rect=None)"
    with pytest.raises(TypeError):
        SurfaceBatch()


def test_properties():
    generator = UniformBatchGenerator(VideoFormat.NV12, 640, 480, 3, mem_type=MemType.DEFAULT)
    assert (generator.format, generator.width, generator.height) == (VideoFormat.NV12, 640, 480)
    assert (generator.gpu_id, generator.max_batch_size) == (0, 3)
    batch = generator.acquire_batch(PLAIN)
    assert (batch.max_batch_size, batch.num_filled, batch.is_finalized) == (3, 0, False)
    assert repr(generator) == "UniformBatchGenerator(NV12, 640x480, max_batch_size=3, in_use=1, pool_size=2)"
    assert repr(batch) == "SurfaceBatch(num_filled=0, max_batch_size=3, finalized=False)"


@pytest.mark.parametrize(
    "arguments",
    [
        {"max_batch_size": 0},
        {"max_batch_size": 1025},
        {"width": 0},
        {"fps_den": 0},
        {"gpu_id": 99},
        {"pool_size": 2**32 - 1},
    ],
)
def test_impossible_pools(arguments):
    with pytest.raises(RuntimeError):
        UniformBatchGenerator(**{"format": "RGBA", "width": 64, "height": 48, "max_batch_size": 2, **arguments})


def test_wrong_arguments():
    with pytest.raises(ValueError, match="nope"):
        UniformBatchGenerator("nope", 64, 48, 2)
    with pytest.raises(OverflowError):
        UniformBatchGenerator("RGBA", 64, 48, -1)
    generator = UniformBatchGenerator("RGBA", 64, 48, 2)
    for config in (None, {}):
        with pytest.raises(TypeError):
            generator.acquire_batch(config)
    with pytest.raises(OverflowError):
        generator.acquire_batch(PLAIN, [(SavantIdMetaKind.FRAME, 2**128)])


def test_a_batch_holds_its_buffer_until_its_last_reference_goes():
    generator = UniformBatchGenerator("RGBA", 64, 48, 2, 1)
    batch = generator.acquire_batch(PLAIN)
    with pytest.raises(TimeoutError):
        generator.acquire_batch(PLAIN, timeout_ms=0)
    # An unfinalized batch gives its buffer back.
    del batch
    batch = generator.acquire_batch(PLAIN, timeout_ms=0)
    batch.transform_slot(0, source(picture(1)))
    batch.finalize()
    view = batch.view(0)
    del batch
    with pytest.raises(TimeoutError):
        generator.acquire_batch(PLAIN, timeout_ms=0)
    assert (view.download() == picture(1)).all()
    del view
    assert generator.acquire_batch(PLAIN, timeout_ms=0).num_filled == 0


def test_a_blocked_acquire_lets_other_threads_run():
    generator = UniformBatchGenerator("RGBA", 64, 48, 2, 1)
    held = [generator.acquire_batch(PLAIN)]
    acquired = []
    waiter = threading.Thread(target=lambda: acquired.append(generator.acquire_batch(PLAIN)))
    waiter.start()
    # Each turn of this loop takes the GIL, which the waiter must have let go of.
    while generator.stats()["waits"] == 0 and waiter.is_alive():
        pass
    assert not acquired and waiter.is_alive()
    held.clear()
    waiter.join()
    assert acquired[0].num_filled == 0


# --- filling ---


def test_the_states_of_a_batch():
    batch, (pixels, buffers) = make_batch(), sources(2)
    for call in (
        lambda: batch.view(0),
        lambda: batch.memset_slot(0, 1),
        lambda: batch.upload_slot(0, pixels[0]),
    ):
        with pytest.raises(RuntimeError, match="Slot 0 is out of bounds"):
            call()
    batch.transform_slot(2, buffers[0])
    assert (batch.num_filled, batch.is_finalized) == (3, False)
    batch.transform_slot(1, buffers[1])
    assert batch.num_filled == 3
    for slot in (2, 4):
        with pytest.raises(RuntimeError, match="bounds"):
            batch.view(slot)
    for slot in (4, 2**32 - 1):
        with pytest.raises(RuntimeError, match=r"Slot .* is out of bounds"):
            batch.transform_slot(slot, buffers[0])
    batch.finalize()
    assert (batch.num_filled, batch.is_finalized) == (3, True)
    assert (batch.view(2).download() == pixels[0]).all()
    assert (batch.view(1).download() == pixels[1]).all()
    for call in (batch.finalize, lambda: batch.transform_slot(0, buffers[0]), lambda: batch.transform_slots([])):
        with pytest.raises(RuntimeError, match="finalized"):
            call()
    for slot in (3, 4):
        with pytest.raises(RuntimeError, match="bounds"):
            batch.view(slot)
    with pytest.raises(OverflowError):
        batch.view(-1)


def test_slots_that_were_never_reached_can_be_used_through_the_fill_count():
    batch = make_batch()
    batch.finalize()
    assert batch.num_filled == 0
    buffer = batch.shared_buffer()
    with pytest.raises(RuntimeError, match="bounds"):
        SurfaceView.from_buffer(buffer, 0)
    set_num_filled(buffer, 9)
    batch.memset_slot(3, 7)
    batch.upload_slot(0, picture(1, 20, 10))
    assert (download(buffer, 3) == 7).all()
    assert (download(buffer)[:10, :20] == picture(1, 20, 10)).all()
    with pytest.raises(RuntimeError, match="bounds"):
        batch.view(4)
    assert batch.num_filled == 0


def test_upload_has_the_rules_of_a_view():
    batch = make_batch()
    batch.transform_slot(0, source(picture(1)))
    batch.finalize()
    for wrong, exceptions in (
        (np.zeros((49, 64, 4), np.uint8), (ValueError, RuntimeError)),
        (np.zeros((48, 64, 3), np.uint8), (ValueError, RuntimeError)),
        (np.zeros((48, 64), np.uint8), (ValueError, TypeError)),
        (np.zeros((48, 64, 4), np.float32), (ValueError, TypeError)),
        (np.zeros((48, 128, 4), np.uint8)[:, ::2], (ValueError,)),
    ):
        for exception in exceptions:
            with pytest.raises(exception):
                batch.upload_slot(0, wrong)
    with pytest.raises(OverflowError):
        batch.memset_slot(0, 256)
    assert (batch.view(0).download() == picture(1)).all()


def test_a_slot_may_be_written_again_and_a_source_used_often():
    batch, (pixels, buffers) = make_batch(), sources(2)
    batch.transform_slot(0, buffers[0])
    batch.transform_slot(1, buffers[0])
    batch.transform_slot(0, buffers[1].gst_buffer_ptr)
    batch.finalize()
    assert (batch.view(0).download() == pixels[1]).all()
    assert (batch.view(1).download() == pixels[0]).all()
    assert buffers[0].strong_count == 1


def test_neighbours_are_not_touched():
    batch = make_batch(3)
    set_num_filled(batch.shared_buffer(), 3)
    for slot in range(3):
        batch.memset_slot(slot, 7)
    batch.transform_slot(1, source(picture(1)))
    batch.finalize()
    set_num_filled(batch.shared_buffer(), 3)
    assert (batch.view(1).download() == picture(1)).all()
    for slot in (0, 2):
        assert (batch.view(slot).download() == 7).all()


def test_ids_are_on_the_buffer_from_the_start_and_transforms_leave_them_alone():
    ids = [(SavantIdMetaKind.FRAME, 2**127 + 5), (SavantIdMetaKind.BATCH, 1), (SavantIdMetaKind.FRAME, 1)]
    batch = make_batch(2, ids=ids)
    buffer = batch.shared_buffer()
    assert buffer.savant_ids() == ids and get_savant_id_meta(buffer) == ids
    other = BufferGenerator("RGBA", 64, 48).acquire_with_params(1, 2, 3)
    batch.transform_slots([(0, other, None), (1, other, None)])
    batch.finalize()
    assert buffer.savant_ids() == ids and buffer.pts_ns is None
    for empty in (None, [], ()):
        assert make_batch(ids=empty).shared_buffer().savant_ids() == []


def test_handles_are_counted():
    batch = make_batch()
    buffer = batch.shared_buffer()
    assert buffer.strong_count == 2
    again = batch.shared_buffer()
    assert buffer.strong_count == 3 and again.gst_buffer_ptr == buffer.gst_buffer_ptr
    del batch
    assert buffer.strong_count == 2
    set_num_filled(buffer.gst_buffer_ptr, 2)
    assert get_nvbufsurface_info(buffer)[2:] == (64, 48)


# --- many slots at once ---


@pytest.mark.parametrize("format", ["RGBA", "GRAY8"])
def test_transform_slots_puts_each_picture_into_its_slot(format):
    channels = {"RGBA": 4, "GRAY8": 1}[format]
    pixels = [picture(seed, channels=channels) for seed in range(6)]
    batch = make_batch(8, format)
    batch.transform_slots([(slot, source(pixels[slot], format), None) for slot in (5, 0, 3, 1, 4, 2)])
    assert batch.num_filled == 6
    batch.finalize()
    for slot in range(6):
        assert (batch.view(slot).download() == pixels[slot]).all()


def test_transform_slots_equals_transform_slot():
    """Letterboxing, crops, other sizes, and borders that were not black before."""
    config = TransformConfig(Padding.SYMMETRIC, DstPadding(4, 2, 4, 2), Interpolation.BILINEAR)
    buffers = [source(picture(seed, *size)) for seed, size in enumerate([(64, 48), (100, 20), (32, 64), (64, 48)])]
    jobs = list(zip(range(4), buffers, [None, Rect(2, 4, 60, 16), Rect(0, 0, 32, 32), None], strict=True))
    results = []
    for run in (
        lambda batch: [batch.transform_slot(*job) for job in jobs],
        lambda batch: batch.transform_slots(jobs),
        lambda batch: batch.transform_slots(tuple(reversed(jobs))),
    ):
        batch = make_batch(4, config=config)
        set_num_filled(batch.shared_buffer(), 4)
        for slot in range(4):
            batch.memset_slot(slot, 99)
        run(batch)
        batch.finalize()
        results.append([batch.view(slot).download() for slot in range(4)])
    for result in results[1:]:
        assert all((one == other).all() for one, other in zip(results[0], result, strict=True))
    for slot in range(4):
        assert not results[0][slot][:2].any() and not results[0][slot][:, :4].any()
        assert results[0][slot].any()


def test_transform_slots_refuses_what_it_cannot_do_and_counts_nothing():
    batch, (_, buffers) = make_batch(), sources(2)
    batch.transform_slot(0, buffers[0])
    for jobs, exception, message in (
        ([(1, buffers[0], None), (1, buffers[1], None)], RuntimeError, "more than one"),
        ([(1, buffers[0], None), (4, buffers[1], None)], RuntimeError, "bounds"),
        ([(1, buffers[0], None), (2, buffers[1], Rect(0, 64, 1, 1))], RuntimeError, "outside"),
        ([(1, batch.shared_buffer(), None)], RuntimeError, "one of its sources"),
        ([(1, 0, None)], ValueError, "null"),
        ([(1, None, None)], TypeError, None),
        ([(1, buffers[0])], (TypeError, ValueError), None),
        ([(-1, buffers[0], None)], OverflowError, None),
        (None, TypeError, None),
    ):
        with pytest.raises(exception, match=message):
            batch.transform_slots(jobs)
    assert (batch.num_filled, batch.is_finalized) == (1, False)
    batch.transform_slots([])
    assert batch.num_filled == 1


def test_a_batch_is_filled_by_many_threads():
    batch, (pixels, buffers) = make_batch(8), sources(8)
    failures = []

    def fill(slot: int) -> None:
        try:
            for _ in range(20):
                batch.transform_slot(slot, buffers[slot])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=fill, args=(slot,)) for slot in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    batch.finalize()
    assert not failures and batch.num_filled == 8
    for slot in range(8):
        assert (batch.view(slot).download() == pixels[slot]).all()

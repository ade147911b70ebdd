"""BufferGenerator."""

import inspect
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import savant_rs.deepstream as ds
from savant_rs.deepstream import (
    BufferGenerator,
    Interpolation,
    MemType,
    Padding,
    Rect,
    SavantIdMetaKind,
    SurfaceView,
    TransformConfig,
    VideoFormat,
)
from transforms import odd_sizes


def test_signatures():
    assert str(inspect.signature(BufferGenerator)) == (
        "(format, width, height, fps_num=30, fps_den=1, gpu_id=0, mem_type=None, pool_size=4)"
    )
    assert str(inspect.signature(BufferGenerator.acquire)) == "(self, /, id=None, *, timeout_ms=None)"


def test_properties_and_caps():
    generator = BufferGenerator("NV12", 641, 479, 25, 2)
    assert (generator.format, generator.width, generator.height) == (VideoFormat.NV12, 641, 479)
    assert not hasattr(generator, "gpu_id")
    caps = generator.nvmm_caps_str()
    assert caps.startswith("video/x-raw(memory:NVMM)")
    fields = ["format=(string)NV12", "width=(int)641", "height=(int)479", "framerate=(fraction)25/2"]
    positions = [caps.index(field) for field in fields]
    assert positions == sorted(positions)


class Named:
    def __init__(self, name):
        self._name = name

    def name(self):
        return self._name


@pytest.mark.parametrize("format", [VideoFormat.BGRx, "BGRx", Named("BGRx")])
def test_format_argument(format):
    assert BufferGenerator(format, 8, 8).format == VideoFormat.BGRx


@pytest.mark.parametrize(
    ("format", "exception"),
    [("nv12", ValueError), (Named("nope"), ValueError), (0, TypeError), (None, TypeError), (Named(3), TypeError)],
)
def test_wrong_format_argument(format, exception):
    with pytest.raises(exception):
        BufferGenerator(format, 8, 8)


@pytest.mark.parametrize(
    "mem_type", [None, MemType.DEFAULT, MemType.SYSTEM, MemType.CUDA_DEVICE, 0, 2, 6, 99, 2**70, True, Named("system")]
)
def test_mem_type_argument(mem_type):
    buffer = BufferGenerator("RGBA", 8, 8, mem_type=mem_type).acquire()
    assert SurfaceView.from_buffer(buffer).data_ptr != 0


@pytest.mark.parametrize(
    ("mem_type", "exception"),
    [("cuda_device", TypeError), (-1, TypeError), (1.5, TypeError), (Named("CUDA_DEVICE"), ValueError)],
)
def test_wrong_mem_type_argument(mem_type, exception):
    with pytest.raises(exception):
        BufferGenerator("RGBA", 8, 8, mem_type=mem_type)


@pytest.mark.parametrize(
    "arguments",
    [
        {"width": 0},
        {"width": 2**31},
        {"width": 2**20, "height": 2**20},
        {"fps_den": 0},
        {"fps_num": -1},
        {"gpu_id": 99},
        {"mem_type": MemType.HANDLE},
        {"mem_type": MemType.SURFACE_ARRAY},
        {"pool_size": 2**32 - 1},
    ],
)
def test_impossible_pools(arguments):
    with pytest.raises(RuntimeError):
        BufferGenerator(**{"format": "RGBA", "width": 64, "height": 64, **arguments})


@pytest.mark.parametrize("arguments", [{"width": -1}, {"height": 2**32}, {"fps_num": 2**31}, {"pool_size": -1}])
def test_integers_out_of_range(arguments):
    with pytest.raises(OverflowError):
        BufferGenerator(**{"format": "RGBA", "width": 64, "height": 64, **arguments})


def test_ids_of_128_bits():
    generator = BufferGenerator("RGBA", 8, 8)
    for id in (0, 2**64, 2**127 + 5, 2**128 - 1):
        assert generator.acquire(id=id).savant_ids() == [(SavantIdMetaKind.FRAME, id)]
    for id in (2**128, -1):
        with pytest.raises(OverflowError):
            generator.acquire(id)
    with pytest.raises(TypeError):
        generator.acquire("1")


def test_what_an_acquired_buffer_carries():
    generator = BufferGenerator("RGBA", 8, 8, pool_size=1)
    stamped = generator.acquire_with_params(5, 6, 7)
    assert (stamped.pts_ns, stamped.duration_ns) == (5, 6)
    assert stamped.savant_ids() == [(SavantIdMetaKind.FRAME, 7)]
    del stamped
    recycled = generator.acquire()
    assert (recycled.pts_ns, recycled.duration_ns, recycled.savant_ids()) == (None, None, [])
    assert recycled.strong_count == 1


def test_acquire_with_params_refuses_the_unset_marker():
    generator = BufferGenerator("RGBA", 8, 8, pool_size=1)
    with pytest.raises(ValueError, match="unset"):
        generator.acquire_with_params(2**64 - 1, 0)
    with pytest.raises(OverflowError):
        generator.acquire_with_params(0, 2**64)
    # The buffer of the failed call is back.
    assert generator.acquire(timeout_ms=0)


def test_timeout():
    generator = BufferGenerator("RGBA", 8, 8, pool_size=1)
    buffer = generator.acquire()
    with pytest.raises(TimeoutError):
        generator.acquire(timeout_ms=0)
    with pytest.raises(TimeoutError):
        generator.acquire_with_params(1, 2, timeout_ms=30)
    with pytest.raises(OverflowError):
        generator.acquire(timeout_ms=-1)
    with pytest.raises(TypeError):
        generator.acquire(None, 30)
    del buffer
    assert generator.acquire(timeout_ms=0)


def test_a_blocked_acquire_lets_other_threads_run_and_gets_the_buffer():
    generator = BufferGenerator("RGBA", 8, 8, pool_size=1)
    held = [generator.acquire()]
    acquired = []
    waiter = threading.Thread(target=lambda: acquired.append(generator.acquire(1)))
    waiter.start()
    # The main thread keeps executing Python while the waiter is blocked.
    deadline = time.monotonic() + 0.2
    steps = 0
    while time.monotonic() < deadline:
        steps += 1
    assert steps > 0 and not acquired and waiter.is_alive()
    held.clear()
    waiter.join(20)
    assert acquired[0].savant_ids() == [(SavantIdMetaKind.FRAME, 1)]


def test_views_keep_a_buffer_out_of_the_pool():
    generator = BufferGenerator("RGBA", 8, 8, pool_size=1)
    view = SurfaceView.from_buffer(generator.acquire())
    with pytest.raises(TimeoutError):
        generator.acquire(timeout_ms=0)
    del view
    assert generator.acquire(timeout_ms=0)


def test_ctrl_c_ends_a_blocked_acquire():
    code = """
import savant_rs.deepstream as ds
generator = ds.BufferGenerator("RGBA", 8, 8, pool_size=1)
held = generator.acquire()
try:
    print("blocking", flush=True)
    generator.acquire()
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=os.environ)
    assert process.stdout.readline() == "blocking\n"
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    assert output == "interrupted\n"


def test_unlimited_pool():
    generator = BufferGenerator("GRAY8", 8, 8, pool_size=0)
    assert len([generator.acquire(timeout_ms=0) for _ in range(20)]) == 20


def test_buffers_outlive_their_generator():
    buffer = BufferGenerator("RGBA", 8, 8, pool_size=2).acquire()
    view = SurfaceView.from_buffer(buffer)
    view.memset(7)
    assert (view.download() == 7).all()


def filled_source(width=8, height=4):
    buffer = BufferGenerator("RGBA", width, height).acquire_with_params(1, 2, 3)
    pixels = np.arange(1, width * height * 4 + 1, dtype=np.uint8).reshape(height, width, 4)
    SurfaceView.from_buffer(buffer).upload(pixels)
    return buffer, pixels


def test_transform_inherits_neither_ids_nor_timestamps():
    source, _ = filled_source()
    result = BufferGenerator("RGBA", 8, 8).transform(source, TransformConfig())
    assert (result.pts_ns, result.duration_ns, result.savant_ids()) == (None, None, [])
    assert source.strong_count == 1
    result = BufferGenerator("RGBA", 8, 8).transform(source, TransformConfig(), 9)
    assert result.savant_ids() == [(SavantIdMetaKind.FRAME, 9)]


@pytest.mark.parametrize(("height", "top"), [(8, 2), pytest.param(7, 1, marks=odd_sizes)])
def test_transform_letterboxes_with_zero_borders(height, top):
    source, pixels = filled_source()
    generator = BufferGenerator("RGBA", 8, height, pool_size=1)
    SurfaceView.from_buffer(generator.acquire()).memset(77)
    result = SurfaceView.from_buffer(generator.transform(source, TransformConfig())).download()
    assert (result[top : top + 4] == pixels).all()
    assert not result[:top].any() and not result[top + 4 :].any()


@pytest.mark.parametrize(
    ("crop", "size"),
    [
        (Rect(2, 2, 100, 2), (16, 8)),
        (Rect(2, 2, 100, 2), (4, 2)),
        (Rect(2, 2, 100, 2), (10, 6)),
        pytest.param(Rect(1, 3, 5, 3), (13, 9), marks=odd_sizes),
    ],
    ids=["enlarged", "reduced", "uneven", "odd"],
)
def test_transform_nearest_crop(crop, size):
    source, pixels = filled_source()
    config = TransformConfig(Padding.NONE, interpolation=Interpolation.NEAREST)
    result = SurfaceView.from_buffer(BufferGenerator("RGBA", *size).transform(source, config, src_rect=crop)).download()
    cropped = pixels[crop.top :, crop.left :][: crop.height, : crop.width]
    rows, columns = (np.arange(size[1 - axis]) * cropped.shape[axis] // size[1 - axis] for axis in (0, 1))
    assert (result == cropped[rows][:, columns]).all()


def test_transform_failures_give_the_destination_back():
    source, _ = filled_source()
    generator = BufferGenerator("RGBA", 32, 32, pool_size=1)
    nearest = TransformConfig(interpolation=Interpolation.NEAREST)
    with pytest.raises(RuntimeError, match="outside"):
        generator.transform(source, nearest, src_rect=Rect(0, 8, 1, 1))
    nearest.dst_padding = ds.DstPadding(left=17)
    with pytest.raises(RuntimeError, match="dst_padding"):
        generator.transform(source, nearest)
    with pytest.raises(TypeError):
        generator.transform(None, nearest)
    with pytest.raises(TypeError):
        generator.transform(source, None)
    with pytest.raises(ValueError, match="null"):
        generator.transform(0, nearest)
    assert generator.acquire(timeout_ms=0)


def test_transform_from_an_address():
    source, pixels = filled_source()
    result = BufferGenerator("RGBA", 8, 4).transform(source.gst_buffer_ptr, TransformConfig())
    assert (SurfaceView.from_buffer(result).download() == pixels).all()


def test_send_eos_refuses_null():
    with pytest.raises(ValueError, match="null"):
        BufferGenerator.send_eos(0)
    with pytest.raises(OverflowError):
        BufferGenerator.send_eos(-1)


def test_every_surface_is_freed():
    from savant_rs.deepstream._native import _live_objects

    before = _live_objects()["surfaces"]
    for format in ("RGBA", "I420"):
        generator = BufferGenerator(format, 64, 64, pool_size=3)
        buffers = [generator.acquire() for _ in range(3)]
        views = [SurfaceView.from_buffer(buffer) for buffer in buffers]
        assert _live_objects()["surfaces"] >= before + 3
        del generator, buffers, views
    assert _live_objects()["surfaces"] == before

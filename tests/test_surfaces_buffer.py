"""SharedBuffer and the functions on buffers."""

import ctypes
import struct
import zlib

import numpy as np
import pytest

from savant_rs.deepstream import (
    BufferGenerator,
    SavantIdMetaKind,
    SharedBuffer,
    SurfaceView,
    get_nvbufsurface_info,
    get_savant_id_meta,
    set_num_filled,
)
from savant_rs.deepstream._native import _test_consume_shared_buffer

FORMATS = ["RGBA", "BGRx", "NV12", "NV21", "I420", "UYVY", "GRAY8"]


@pytest.fixture
def buffer():
    return BufferGenerator("RGBA", 64, 48, pool_size=1).acquire()


def test_only_the_library_makes_buffers():
    with pytest.raises(TypeError):
        SharedBuffer()


def test_strong_count_follows_views(buffer):
    assert buffer.strong_count == 1
    view = SurfaceView.from_buffer(buffer)
    assert buffer.strong_count == 2
    assert repr(buffer) == "SharedBuffer(strong_count=2)"
    del view
    assert buffer.strong_count == 1


@pytest.mark.parametrize("name", ["pts_ns", "duration_ns"])
def test_times(buffer, name):
    assert getattr(buffer, name) is None
    for value in (0, 1, 2**64 - 2):
        setattr(buffer, name, value)
        assert getattr(buffer, name) == value
    with pytest.raises(TypeError):
        setattr(buffer, name, None)
    with pytest.raises(ValueError, match="unset"):
        setattr(buffer, name, 2**64 - 1)
    for value in (-1, 2**64):
        with pytest.raises(OverflowError):
            setattr(buffer, name, value)
    assert getattr(buffer, name) == 2**64 - 2


def test_ids_are_replaced_in_order(buffer):
    ids = [(SavantIdMetaKind.BATCH, 2**128 - 1), (SavantIdMetaKind.FRAME, 3), (SavantIdMetaKind.FRAME, 3)]
    buffer.set_savant_ids(ids)
    assert buffer.savant_ids() == ids
    assert get_savant_id_meta(buffer) == ids
    buffer.set_savant_ids(((SavantIdMetaKind.FRAME, 1),))
    assert buffer.savant_ids() == [(SavantIdMetaKind.FRAME, 1)]
    assert get_savant_id_meta(buffer) == [("frame", 1)]
    buffer.set_savant_ids([])
    assert buffer.savant_ids() == []


def test_wrong_ids(buffer):
    for id in (-1, 2**128):
        with pytest.raises(OverflowError):
            buffer.set_savant_ids([(SavantIdMetaKind.FRAME, id)])
    for ids in (None, [1], [(0, 1)], [("frame", 1)], [(SavantIdMetaKind.FRAME, "1")]):
        with pytest.raises(TypeError):
            buffer.set_savant_ids(ids)


def test_a_consumed_buffer_is_empty(buffer):
    assert buffer and not buffer.is_consumed
    _test_consume_shared_buffer(buffer)
    assert not buffer and buffer.is_consumed
    assert "consumed" in repr(buffer)
    for use in (
        lambda: buffer.pts_ns,
        lambda: buffer.duration_ns,
        lambda: buffer.strong_count,
        lambda: buffer.gst_buffer_ptr,
        lambda: setattr(buffer, "pts_ns", 1),
        lambda: buffer.savant_ids(),
        lambda: buffer.set_savant_ids([]),
        lambda: buffer.save_png("/nonexistent/never.png"),
        lambda: SurfaceView.from_buffer(buffer),
        lambda: get_savant_id_meta(buffer),
        lambda: set_num_filled(buffer, 1),
        lambda: _test_consume_shared_buffer(buffer),
    ):
        with pytest.raises(RuntimeError, match="consumed"):
            use()


def test_a_failed_consume_leaves_the_handle_usable(buffer):
    view = SurfaceView.from_buffer(buffer)
    with pytest.raises(RuntimeError, match="outstanding"):
        _test_consume_shared_buffer(buffer)
    assert buffer and buffer.strong_count == 2
    del view
    _test_consume_shared_buffer(buffer)
    assert buffer.is_consumed


def test_info(buffer):
    view = SurfaceView.from_buffer(buffer)
    expected = (view.data_ptr, view.pitch, 64, 48)
    assert get_nvbufsurface_info(buffer) == expected
    assert get_nvbufsurface_info(buffer.gst_buffer_ptr) == expected
    # Slot 0 is described whatever the fill count.
    set_num_filled(buffer, 0)
    assert get_nvbufsurface_info(buffer) == expected


def test_num_filled(buffer):
    set_num_filled(buffer, 0)
    with pytest.raises(ValueError, match="bounds"):
        SurfaceView.from_buffer(buffer)
    set_num_filled(buffer.gst_buffer_ptr, 5)
    SurfaceView.from_buffer(buffer)
    with pytest.raises(RuntimeError, match="bounds"):
        SurfaceView.from_buffer(buffer, 1)


@pytest.mark.parametrize("function", [get_nvbufsurface_info, get_savant_id_meta, lambda buf: set_num_filled(buf, 1)])
def test_buffer_arguments(function):
    with pytest.raises(ValueError, match="null"):
        function(0)
    for wrong in (None, "buffer", 1.5, object()):
        with pytest.raises(TypeError):
            function(wrong)
    for wrong in (-1, 2**64):
        with pytest.raises(OverflowError):
            function(wrong)


class Gst:
    """The few GStreamer functions needed to hold references, as a pipeline would."""

    def __init__(self):
        self.library = ctypes.CDLL("libgstreamer-1.0.so.0")
        for name, result, arguments in (
            ("gst_mini_object_ref", ctypes.c_void_p, [ctypes.c_void_p]),
            ("gst_mini_object_unref", None, [ctypes.c_void_p]),
            ("gst_buffer_copy_deep", ctypes.c_void_p, [ctypes.c_void_p]),
            ("gst_buffer_new", ctypes.c_void_p, []),
            ("gst_buffer_new_memdup", ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_size_t]),
            ("gst_element_factory_make", ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_char_p]),
            ("gst_object_ref_sink", ctypes.c_void_p, [ctypes.c_void_p]),
            ("gst_object_unref", None, [ctypes.c_void_p]),
        ):
            function = getattr(self.library, name)
            function.restype, function.argtypes = result, arguments
            setattr(self, name, function)


@pytest.fixture(scope="module")
def gst():
    return Gst()


def test_a_buffer_that_a_pipeline_shares_is_not_modified(buffer, gst):
    address = buffer.gst_buffer_ptr
    view = SurfaceView.from_buffer(buffer)
    gst.gst_mini_object_ref(address)
    try:
        for change in (
            lambda: setattr(buffer, "pts_ns", 1),
            lambda: buffer.set_savant_ids([(SavantIdMetaKind.FRAME, 1)]),
            lambda: set_num_filled(buffer, 1),
            lambda: set_num_filled(address, 1),
            lambda: view.memset(1),
        ):
            with pytest.raises(RuntimeError, match="shared"):
                change()
        assert buffer.pts_ns is None and buffer.savant_ids() == []
    finally:
        gst.gst_mini_object_unref(address)
    buffer.pts_ns = 1
    view.memset(1)


@pytest.mark.parametrize("format", FORMATS)
def test_gstreamer_copies_have_their_own_pixels_and_ids(gst, format):
    buffer = BufferGenerator(format, 33, 17).acquire_with_params(5, 6, 2**100)
    SurfaceView.from_buffer(buffer).memset(9)
    copy = gst.gst_buffer_copy_deep(buffer.gst_buffer_ptr)
    SurfaceView.from_buffer(buffer).memset(1)
    assert get_savant_id_meta(copy) == [(SavantIdMetaKind.FRAME, 2**100)]
    # Takes the copy's only reference over.
    view = SurfaceView.from_buffer(copy)
    del buffer
    assert (view.download() == 9).all()


def test_a_view_of_an_address_takes_the_reference(buffer, gst):
    generator = BufferGenerator("RGBA", 8, 8, pool_size=1)
    buffer = generator.acquire()
    address = gst.gst_mini_object_ref(buffer.gst_buffer_ptr)
    with pytest.raises(ValueError, match="bounds"):
        SurfaceView.from_buffer(address, 1)
    view = SurfaceView.from_buffer(address)
    del buffer
    with pytest.raises(TimeoutError):
        generator.acquire(timeout_ms=0)
    view.memset(3)
    del view
    assert generator.acquire(timeout_ms=0)
    with pytest.raises(ValueError, match="null"):
        SurfaceView.from_buffer(0)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "memories"),
        (b"", "memories"),
        (bytes(63), "63 bytes"),
        (bytes(72), "surfaceList"),
        (struct.pack("<IIIIIIQ", 0, 0, 1, 0, 6, 0, 4096).ljust(72, b"\0"), "batchSize is 0"),
        (struct.pack("<IIIIIIQ", 0, 1025, 1, 0, 6, 0, 4096).ljust(64, b"\0"), "batchSize is 1025"),
    ],
)
def test_foreign_buffers_are_checked(gst, content, reason):
    address = gst.gst_buffer_new_memdup(content, len(content)) if content else gst.gst_buffer_new()
    try:
        for use in (get_nvbufsurface_info, SurfaceView.from_buffer, lambda buf: set_num_filled(buf, 1)):
            with pytest.raises(RuntimeError, match=reason):
                use(address)
        assert get_savant_id_meta(address) == []
    finally:
        gst.gst_mini_object_unref(address)


@pytest.mark.parametrize("stride", [384, 416])
def test_foreign_surfaces_of_both_generations_are_read(gst, stride):
    """A batch of two GRAY8 surfaces laid out by hand, 8 x 4 with a pitch of 16."""
    pixels = np.arange(2 * 64, dtype=np.uint8)
    slots = ctypes.create_string_buffer(2 * stride)
    for index in range(2):
        pointer = pixels.ctypes.data + index * 64
        struct.pack_into("<IIIIIxxxxQIxxxxQ", slots, index * stride, 8, 4, 16, 1, 0, 0, 64, pointer)
        for offset, value in ((48, 1), (52, 8), (68, 4), (84, 16), (100, 0), (116, 64), (132, 1)):
            struct.pack_into("<I", slots, index * stride + offset, value)
    head = struct.pack("<IIIIIIQ", 0, 2, 7, 0, 6, 0, ctypes.addressof(slots))
    descriptor = head.ljust(64 if stride == 384 else 72, b"\0")
    address = gst.gst_buffer_new_memdup(descriptor, len(descriptor))
    assert get_nvbufsurface_info(address) == (pixels.ctypes.data, 16, 8, 4)
    # Readers stop at the batch size, though numFilled is 7.
    with pytest.raises(RuntimeError, match="bounds"):
        SurfaceView.from_buffer(address, 2)
    view = SurfaceView.from_buffer(address, 1)
    assert (view.download()[:, :, 0] == pixels[64:].reshape(4, 16)[:, :8]).all()
    view.memset(5)
    assert (pixels[64:] == 5).all() and (pixels[:64] == np.arange(64)).all()


def test_send_eos(gst):
    sink = gst.gst_object_ref_sink(gst.gst_element_factory_make(b"fakesink", None))
    source = gst.gst_object_ref_sink(gst.gst_element_factory_make(b"appsrc", None))
    try:
        with pytest.raises(RuntimeError, match="appsrc"):
            BufferGenerator.send_eos(sink)
        BufferGenerator.send_eos(source)
    finally:
        gst.gst_object_unref(sink)
        gst.gst_object_unref(source)


def read_png(path):
    """(colour type, samples) of a PNG file, decoded with the standard library."""
    content = path.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    position, data = 8, b""
    while position < len(content):
        length, kind = struct.unpack(">I4s", content[position : position + 8])
        chunk = content[position + 8 : position + 8 + length]
        if kind == b"IHDR":
            width, height, depth, color = struct.unpack(">IIBB", chunk[:10])
        elif kind == b"IDAT":
            data += chunk
        position += length + 12
    assert depth == 8
    channels = {0: 1, 2: 3, 6: 4}[color]
    raw = np.frombuffer(zlib.decompress(data), np.uint8).reshape(height, 1 + width * channels)
    samples = raw[:, 1:].reshape(height, width, channels).astype(np.int32)
    rows = np.zeros((height + 1, width + 1, channels), np.int32)
    for y, (filter_type, row) in enumerate(zip(raw[:, 0], samples, strict=True), 1):
        for x in range(1, width + 1):
            left, up, corner = rows[y, x - 1], rows[y - 1, x], rows[y - 1, x - 1]
            estimate = left + up - corner
            distances = [abs(estimate - left), abs(estimate - up), abs(estimate - corner)]
            nearest = np.where(
                (distances[0] <= distances[1]) & (distances[0] <= distances[2]),
                left,
                np.where(distances[1] <= distances[2], up, corner),
            )
            rows[y, x] = (row[x - 1] + [0, left, up, (left + up) // 2, nearest][filter_type]) % 256
    return color, rows[1:, 1:]


@pytest.mark.parametrize("format", FORMATS)
def test_save_png(tmp_path, format):
    buffer = BufferGenerator(format, 9, 5).acquire()
    view = SurfaceView.from_buffer(buffer)
    path = tmp_path / "picture.png"
    if view.channels in (1, 4):
        pixels = np.random.default_rng(1).integers(0, 256, (5, 9, view.channels), np.uint8)
        view.upload(pixels)
        expected = pixels[:, :, [2, 1, 0]] if format == "BGRx" else pixels
    else:
        view.memset(128)
        # Y = Cb = Cr = 128 in limited range is a grey of (128 - 16) * 255 / 219.
        expected = np.full((5, 9, 3), 130)
    buffer.save_png(path)
    color, actual = read_png(path)
    assert color == {"RGBA": 6, "GRAY8": 0}.get(format, 2)
    assert (actual == expected).all()


def test_save_png_errors(buffer, tmp_path):
    with pytest.raises(OSError, match="no-such-folder"):
        buffer.save_png(str(tmp_path / "no-such-folder" / "picture.png"))
    with pytest.raises(TypeError):
        buffer.save_png(3)

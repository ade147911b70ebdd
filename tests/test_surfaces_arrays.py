"""Arrays of other libraries as views, through DLPack, in memory of the CPU."""

import datetime
import gc
import threading
import weakref

import numpy as np
import pytest

import capsules
import savant_rs.deepstream as ds
from capsules import CPU, CUDA, OPENCL, READ_ONLY, UNVERSIONED, VERSIONED, Exported
from savant_rs.deepstream import BufferGenerator, SurfaceView

host = pytest.mark.skipif(ds.backend() != "host", reason="a rule of the host backend")


def random_pixels(*shape):
    return np.random.default_rng(7).integers(0, 256, shape, np.uint8)


def make_view(format="RGBA", width=9, height=5, **arguments):
    return SurfaceView.from_buffer(BufferGenerator(format, width, height, pool_size=1).acquire(), **arguments)


def exported(array, **arguments):
    return Exported(array.ctypes.data, array.shape, **arguments)


# --- from_dlpack: what is accepted ---


@pytest.mark.parametrize(("shape", "color_format"), [((5, 9), 1), ((5, 9, 1), 1), ((5, 9, 4), 19)])
def test_a_view_of_a_numpy_array(shape, color_format):
    array = random_pixels(*shape)
    view = SurfaceView.from_dlpack(array, cuda_stream=2)
    assert (view.width, view.height, view.color_format, view.gpu_id) == (9, 5, color_format, 0)
    assert (view.data_ptr, view.pitch, view.cuda_stream) == (array.ctypes.data, array.strides[0], 2)
    assert view.__dlpack_device__() == (1, 0) and view.read_only is False
    assert (view.download().reshape(shape) == array).all()
    view.memset(6)
    assert (array == 6).all()
    array[:] = 8
    assert (view.download() == 8).all()
    view.fill(range(1, view.channels + 1))
    assert (array.reshape(5, 9, -1) == np.arange(1, view.channels + 1)).all()
    pixels = random_pixels(2, 3, view.channels)
    view.upload(pixels)
    assert (array.reshape(5, 9, -1)[:2, :3] == pixels).all()


@pytest.mark.parametrize("channels", [1, 4])
def test_the_neighbours_of_a_part_of_an_array_stay_untouched(channels):
    whole = np.full((8, 12, channels), 7, np.uint8)
    view = SurfaceView.from_dlpack(whole[2:5, 3:8])
    assert (view.width, view.height, view.pitch) == (5, 3, 12 * channels)
    expected = whole.copy()
    for step, write in enumerate(
        (
            lambda value: view.memset(value),
            lambda value: view.fill([value] * channels),
            lambda value: view.upload(np.full((3, 5, channels), value, np.uint8)),
        )
    ):
        write(step)
        expected[2:5, 3:8] = step
        assert (whole == expected).all()
        assert (view.download() == step).all()


@pytest.mark.parametrize("shape", [(1, 9, 4), (5, 1, 4), (1, 1), (5, 1), (1, 9)])
def test_sides_of_one(shape):
    """The stride of a side of one says nothing, whatever it is."""
    array = random_pixels(*shape)
    strides = [3 if length == 1 else stride for length, stride in zip(shape, array.strides, strict=True)]
    for strided in (array, exported(array, strides=strides).capsule):
        view = SurfaceView.from_dlpack(strided)
        assert (view.height, view.width) == shape[:2] and view.pitch >= view.width * view.channels
        assert (view.download().reshape(shape) == array).all()


@pytest.mark.parametrize("name", [VERSIONED, UNVERSIONED])
def test_capsules_without_strides_and_with_an_offset(name):
    array = random_pixels(5, 9, 4)
    made = Exported(array.ctypes.data - 100, array.shape, name=name, byte_offset=100)
    view = SurfaceView.from_dlpack(made.capsule)
    assert (view.data_ptr, view.pitch) == (array.ctypes.data, 36)
    assert (view.download() == array).all()


def test_a_view_and_a_plane_are_arrays_too():
    view = make_view()
    other = SurfaceView.from_dlpack(view)
    assert (other.data_ptr, other.pitch, other.color_format) == (view.data_ptr, view.pitch, 19)
    other.fill([4, 3, 2, 1])
    assert (view.download() == [4, 3, 2, 1]).all()
    luma, chroma = make_view("NV12").planes()
    gray = SurfaceView.from_dlpack(luma)
    assert (gray.data_ptr, gray.color_format) == (luma.data_ptr, 1)
    with pytest.raises(ValueError, match="unsupported channel count 2"):
        SurfaceView.from_dlpack(chroma)


# --- from_dlpack: what is refused ---

REFUSED_ARRAYS = [
    (np.zeros((5, 9, 4), np.float32), "unsupported dtype"),
    (np.zeros((5, 9, 4), np.int8), "unsupported dtype"),
    (np.zeros((5, 9, 4), np.bool_), "unsupported dtype"),
    (np.zeros((5, 9, 4), np.uint16), "unsupported dtype"),
    (np.zeros((5, 9, 3), np.uint8), "unsupported channel count 3"),
    (np.zeros((1, 5, 9, 4), np.uint8), "unsupported shape"),
    (np.zeros(9, np.uint8), "unsupported shape"),
    (np.zeros((), np.uint8), "unsupported shape"),
    (np.zeros((0, 9, 4), np.uint8), "unsupported shape"),
    (np.zeros((5, 0), np.uint8), "unsupported shape"),
    (np.zeros((5, 18, 4), np.uint8)[:, ::2], "unsupported strides"),
    (np.zeros((5, 9, 8), np.uint8)[:, :, ::2], "unsupported strides"),
    (np.zeros((9, 5, 4), np.uint8).transpose(1, 0, 2), "unsupported strides"),
    (np.zeros((5, 9, 4), np.uint8)[::-1], "unsupported strides"),
    (np.broadcast_to(np.zeros((1, 9, 4), np.uint8), (5, 9, 4)), "unsupported strides"),
]


@pytest.mark.parametrize(("array", "message"), REFUSED_ARRAYS)
def test_arrays_that_are_no_pictures(array, message):
    with pytest.raises(ValueError, match=message):
        SurfaceView.from_dlpack(array)


@pytest.mark.parametrize("name", [VERSIONED, UNVERSIONED])
@pytest.mark.parametrize(
    ("changes", "exception", "message"),
    [
        ({"dtype": (1, 8, 4)}, ValueError, "4 lanes"),
        ({"dtype": (6, 8, 1)}, ValueError, "code 6"),
        ({"data": 0}, ValueError, "null"),
        ({"data": 0, "byte_offset": 64}, ValueError, "null"),
        ({"byte_offset": 2**64 - 1}, ValueError, "byte offset"),
        ({"shape": None}, ValueError, "unsupported shape"),
        ({"shape": (-5, 9)}, ValueError, "unsupported shape"),
        ({"shape": (2**32, 9)}, ValueError, "unsupported shape"),
        ({"shape": (2, 2**31), "strides": (2**32, 1)}, ValueError, "distance of rows"),
        ({"shape": (2**31, 2)}, RuntimeError, "4 GiB"),
        ({"strides": (35, 4, 1)}, ValueError, "unsupported strides"),
        ({"device": (OPENCL, 0)}, ValueError, r"device \(4, 0\)"),
        ({"device": (CUDA, -1)}, ValueError, r"device \(2, -1\)"),
    ],
)
def test_tensors_that_are_no_pictures(name, changes, exception, message):
    array = np.zeros((5, 9, 4), np.uint8)
    made = Exported(**({"data": array.ctypes.data, "shape": array.shape, "name": name} | changes))
    with pytest.raises(exception, match=message):
        SurfaceView.from_dlpack(made.capsule)
    # What the checks refuse is still the exporter's; what the backend refuses was consumed.
    assert made.consumed == (exception is RuntimeError)
    assert len(made.deletions) == made.consumed


def test_a_tensor_of_a_later_version_is_not_looked_at():
    made = Exported(0, None, major=2)
    with pytest.raises(BufferError, match="version 2"):
        SurfaceView.from_dlpack(made.capsule)
    assert not made.consumed and not made.deletions


@host
@pytest.mark.parametrize("device", [(CUDA, 0), (3, 0), (13, 0)])
def test_the_host_cannot_reach_cuda_tensors(device):
    made = Exported(4096, (5, 9, 4), device=device)
    with pytest.raises(RuntimeError, match="host backend cannot reach CUDA memory"):
        SurfaceView.from_dlpack(made.capsule)
    assert made.consumed and len(made.deletions) == 1


def test_what_has_no_protocol():
    class NoDevice:
        def __dlpack__(self, **_):
            raise AssertionError("never called")

    class NoCapsule:
        def __dlpack_device__(self):
            return (1, 0)

        def __dlpack__(self, **_):
            return 5

    for wrong, message in (
        (object(), "no __dlpack__"),
        (None, "no __dlpack__"),
        (NoDevice(), "no __dlpack_device__"),
        (NoCapsule(), "capsule"),
    ):
        with pytest.raises(TypeError, match=message):
            SurfaceView.from_dlpack(wrong)
    with pytest.raises(ValueError, match="no DLPack tensor"):
        SurfaceView.from_dlpack(datetime.datetime_CAPI)


# --- from_dlpack: the protocol ---


class Exporter:
    """Something with `__dlpack__` that remembers how it was called; its memory is always the CPU's."""

    def __init__(self, device=(CPU, 0), *, old=False):
        self.array = random_pixels(5, 9, 4)
        self.device, self.old, self.calls = device, old, []

    def __dlpack_device__(self):
        return self.device

    def __dlpack__(self, **arguments):
        self.calls.append(arguments)
        if self.old and "max_version" in arguments:
            raise TypeError("unexpected keyword argument 'max_version'")
        self.made = exported(self.array, name=UNVERSIONED if self.old else VERSIONED)
        return self.made.capsule


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize(
    ("device", "cuda_stream", "stream"),
    [
        ((CPU, 0), 7, {}),
        ((3, 0), 7, {}),
        ((CUDA, 0), 0, {"stream": 1}),
        ((CUDA, 0), 1, {"stream": 1}),
        ((CUDA, 0), 2, {"stream": 2}),
        ((13, 0), 4711, {"stream": 4711}),
    ],
)
def test_how_an_exporter_is_called(old, device, cuda_stream, stream):
    exporter = Exporter(device, old=old)
    view = SurfaceView.from_dlpack(exporter, cuda_stream=cuda_stream)
    assert exporter.calls == [stream | {"max_version": (1, 0)}, stream][: 1 + old]
    assert (view.download() == exporter.array).all()
    assert exporter.made.consumed and not exporter.made.deletions
    del view
    assert len(exporter.made.deletions) == 1


def test_errors_of_an_exporter_are_passed_on():
    class Refuses:
        def __dlpack_device__(self):
            return (1, 0)

        def __dlpack__(self, **_):
            raise BufferError("not today")

    with pytest.raises(BufferError, match="not today"):
        SurfaceView.from_dlpack(Refuses())


@pytest.mark.parametrize("name", [VERSIONED, UNVERSIONED])
def test_a_capsule_is_consumed_once_and_deleted_once(name):
    array = random_pixels(5, 9, 4)
    made = exported(array, name=name)
    view = SurfaceView.from_dlpack(made.capsule)
    assert made.consumed
    with pytest.raises(ValueError, match="consumed"):
        SurfaceView.from_dlpack(made.capsule)
    made.capsule = None
    gc.collect()
    assert not made.deletions
    assert (view.download() == array).all()
    del view
    assert made.deletions == [threading.get_ident()]


def test_a_capsule_without_a_deleter():
    array = random_pixels(5, 9, 4)
    view = SurfaceView.from_dlpack(exported(array, deleter=False).capsule)
    assert (view.download() == array).all()
    del view


def test_a_refused_capsule_of_a_library_is_freed_by_it():
    array = np.zeros((5, 9, 3), np.uint8)
    gone = weakref.ref(array)
    with pytest.raises(ValueError, match="channel"):
        SurfaceView.from_dlpack(array)
    del array
    gc.collect()
    assert gone() is None


# --- read-only memory ---


def read_only_pixels(*shape):
    array = random_pixels(*shape)
    array.flags.writeable = False
    return array


def test_read_only_memory_is_not_written():
    array = read_only_pixels(5, 9, 4)
    before = array.copy()
    view = SurfaceView.from_dlpack(array)
    assert view.read_only is True
    for write in (
        lambda: view.memset(1),
        lambda: view.fill([1, 2, 3, 4]),
        lambda: view.upload(np.zeros((5, 9, 4), np.uint8)),
    ):
        with pytest.raises(RuntimeError, match="read-only"):
            write()
    assert (array == before).all() and (view.download() == before).all()


def test_read_only_memory_stays_read_only_for_others():
    view = SurfaceView.from_dlpack(read_only_pixels(5, 9, 4))
    for pixels in (view, *view.planes()):
        assert pixels.__array_interface__["data"] == (view.data_ptr, True)
        assert not np.asarray(pixels).flags.writeable
        assert not np.from_dlpack(pixels).flags.writeable
        with pytest.raises(BufferError, match="read-only"):
            pixels.__dlpack__()
        managed = capsules.consume(pixels.__dlpack__(max_version=(1, 0)))
        assert managed.flags == READ_ONLY
        capsules.delete(managed)
        assert SurfaceView.from_dlpack(pixels).read_only
    writable = SurfaceView.from_dlpack(random_pixels(5, 9, 4))
    assert np.asarray(writable).flags.writeable and np.from_dlpack(writable).flags.writeable
    managed = capsules.consume(writable.__dlpack__(max_version=(1, 0)))
    assert managed.flags == 0
    capsules.delete(managed)


def test_only_the_flag_for_read_only_counts():
    array = random_pixels(5, 9, 4)
    assert SurfaceView.from_dlpack(exported(array, flags=READ_ONLY | 2).capsule).read_only
    assert not SurfaceView.from_dlpack(exported(array, flags=2).capsule).read_only


# --- lifetimes ---


def test_the_memory_of_an_array_lives_as_long_as_somebody_uses_it():
    class Pixels(np.ndarray):
        """A class of its own, so that NumPy cannot put another object in its place."""

    array = random_pixels(5, 9, 4).view(Pixels)
    expected = array.copy()
    gone = weakref.ref(array)
    view = SurfaceView.from_dlpack(array)
    del array
    gc.collect()
    assert gone() is not None and (view.download() == expected).all()
    plane = view.planes()[0]
    capsule = plane.__dlpack__(max_version=(1, 0))
    del view, plane
    gc.collect()
    again = SurfaceView.from_dlpack(capsule)
    del capsule
    gc.collect()
    assert gone() is not None and (again.download() == expected).all()
    del again
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("max_version", [None, (1, 0)])
def test_a_consumer_on_another_thread_lets_go_without_the_gil(max_version):
    """Its deleter frees the view, and that calls the deleter of the array's owner."""
    array = random_pixels(5, 9, 4)
    made = exported(array)
    managed = capsules.consume(SurfaceView.from_dlpack(made.capsule).__dlpack__(max_version=max_version))
    tensor = managed.tensor
    assert (tensor.data, tensor.ndim, tuple(tensor.shape[:3])) == (array.ctypes.data, 3, (5, 9, 4))
    assert tuple(tensor.strides[:3]) == (36, 4, 1) and (tensor.code, tensor.bits, tensor.lanes) == (1, 8, 1)
    gc.collect()
    assert not made.deletions
    # ctypes releases the GIL around the call.
    thread = threading.Thread(target=capsules.delete, args=(managed,))
    thread.start()
    thread.join()
    assert len(made.deletions) == 1 and made.deletions != [threading.get_ident()]


def test_views_of_one_array_on_many_threads():
    array = np.zeros((40, 64, 4), np.uint8)
    failures = []

    def work(number):
        rows = slice(5 * number, 5 * number + 5)
        try:
            for value in range(100):
                view = SurfaceView.from_dlpack(array[rows])
                view.fill([number, value, 0, 0])
                assert (view.download() == [number, value, 0, 0]).all()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert (array[:, :, 1] == 99).all() and (array[::5, 0, 0] == range(8)).all()


def test_views_of_arrays_leave_no_buffer(live_gst_objects):
    assert not live_gst_objects("""
        import numpy as np
        from savant_rs.deepstream import SurfaceView
        def main():
            view = SurfaceView.from_dlpack(np.zeros((5, 9, 4), np.uint8))
            array = np.from_dlpack(view.planes()[0]) if hasattr(view, "__array_interface__") else None
            del view
            assert array is None or not array.any()
        main()
        """)

"""The order of work on CUDA streams, ours and those of other libraries.

Each test lets a stream sleep and paint afterwards, and reads meanwhile. It reads twice: once with the
synchronisation left out, which must see the old pixels while the stream is still busy, or the test could
not fail; and once with it, which must see the new ones.
"""

import ctypes

import numpy as np
import pytest

from savant_rs.deepstream import BufferGenerator, MemType, SurfaceView, is_jetson_kernel

pytestmark = pytest.mark.gpu

# Half a second at the highest clock, longer at lower ones.
SLEEP_CYCLES = 1_000_000_000

OLD, NEW = 1, 2


def acquire(mem_type=None):
    return BufferGenerator("RGBA", 640, 480, mem_type=mem_type, pool_size=1).acquire()


class Painter:
    """Paints memory on a stream that has much else to do."""

    def __init__(self, torch, stream, paint):
        self.torch, self.stream, self.paint = torch, stream, paint
        # The first use of a kernel loads it, which may wait for the whole device.
        self(OLD)
        self.finish()

    def __call__(self, value):
        with self.torch.cuda.stream(self.stream):
            self.torch.cuda._sleep(SLEEP_CYCLES)
            self.paint(value)

    def finish(self):
        self.stream.synchronize()

    @property
    def busy(self):
        return not self.stream.query()


class WithoutHandshake:
    """A view whose exports leave the synchronisation out."""

    def __init__(self, view):
        self.view = view

    def __dlpack_device__(self):
        return self.view.__dlpack_device__()

    def __dlpack__(self, *, stream=None, **arguments):
        return self.view.__dlpack__(stream=-1, **arguments)


def test_a_view_waits_for_its_own_stream_and_no_other(torch):
    stream, buffer = torch.cuda.Stream(), acquire()
    right = SurfaceView.from_buffer(buffer, cuda_stream=stream.cuda_stream)
    wrong = SurfaceView.from_buffer(buffer)
    painter = Painter(torch, stream, torch.from_dlpack(wrong).fill_)
    assert (wrong.download() == OLD).all()

    painter(NEW)
    pixels = wrong.download()
    assert painter.busy and (pixels == OLD).all()
    pixels = right.download()
    assert not painter.busy and (pixels == NEW).all()


def with_torch(request, stream):
    torch = request.getfixturevalue("torch")

    def read(source, copy):
        with torch.cuda.stream(stream):
            tensor = torch.from_dlpack(source)
            copy.copy_(tensor)
            return tensor

    return torch, read, lambda copy: copy.cpu().numpy()


class CudaStream:
    """PyTorch's stream with the protocol that it does not have in all versions."""

    def __init__(self, stream):
        self.stream = stream

    def __cuda_stream__(self):
        return (0, self.stream.cuda_stream)


def cupy_stream(cupy, stream):
    """PyTorch's stream as one of CuPy, which renamed its way to make them."""
    if hasattr(cupy.cuda.Stream, "from_external"):
        return cupy.cuda.Stream.from_external(CudaStream(stream))
    return cupy.cuda.ExternalStream(stream.cuda_stream)


def with_cupy(request, stream):
    cupy = request.getfixturevalue("cupy")

    def read(source, copy):
        with cupy_stream(cupy, stream):
            array = cupy.from_dlpack(source)
            cupy.copyto(copy, array)
            return array

    return cupy, read, cupy.asnumpy


@pytest.mark.parametrize("library", [with_torch, with_cupy])
def test_the_stream_of_a_consumer_waits_for_that_of_the_view(torch, request, library):
    stream, consumer = torch.cuda.Stream(), torch.cuda.Stream()
    view = SurfaceView.from_buffer(acquire(), cuda_stream=stream.cuda_stream)
    painter = Painter(torch, stream, torch.from_dlpack(view).fill_)
    library, read, to_numpy = library(request, consumer)
    # Made before the painter is busy: an allocation may wait for the whole device.
    copy = library.asarray(torch.zeros((480, 640, 4), dtype=torch.uint8, device="cuda"))
    torch.cuda.synchronize()
    # Letting go of an export waits for the view's stream, so all of them stay until the end.
    kept = [read(view, copy)]
    consumer.synchronize()
    assert (to_numpy(copy) == OLD).all()
    copy[:] = 0
    torch.cuda.synchronize()

    painter(NEW)
    kept.append(read(WithoutHandshake(view), copy))
    consumer.synchronize()
    assert painter.busy
    assert (to_numpy(copy) == OLD).all()
    painter.finish()

    painter(NEW + 1)
    kept.append(read(view, copy))
    assert painter.busy, "the CPU waited"
    consumer.synchronize()
    assert not painter.busy
    assert (to_numpy(copy) == NEW + 1).all()


@pytest.mark.skipif(is_jetson_kernel(), reason="Jetson has other memory types")
def test_the_cpu_waits_for_the_stream_of_the_view(torch):
    driver = ctypes.CDLL("libcuda.so.1")
    stream = torch.cuda.Stream()
    view = SurfaceView.from_buffer(acquire(MemType.CUDA_PINNED), cuda_stream=stream.cuda_stream)
    address, handle = ctypes.c_uint64(view.data_ptr), ctypes.c_void_p(stream.cuda_stream)
    size = ctypes.c_size_t(view.pitch * view.height)

    def paint(value):
        assert driver.cuMemsetD8Async(address, ctypes.c_ubyte(value), size, handle) == 0

    painter = Painter(torch, stream, paint)
    painter(NEW)
    unsynchronised = np.from_dlpack(WithoutHandshake(view))
    pixels = unsynchronised.copy()
    assert painter.busy and (pixels == OLD).all()
    pixels = np.from_dlpack(view)
    assert not painter.busy and (pixels == NEW).all()


@pytest.mark.parametrize("own_stream", [False, True])
def test_from_dlpack_waits_for_the_exporter(torch, own_stream):
    stream = torch.cuda.Stream()
    cuda_stream = torch.cuda.Stream().cuda_stream if own_stream else 0
    tensor = torch.zeros((480, 640, 4), dtype=torch.uint8, device="cuda")
    torch.cuda.synchronize()
    painter = Painter(torch, stream, tensor.fill_)
    assert (SurfaceView.from_dlpack(tensor, cuda_stream=cuda_stream).download() == OLD).all()

    painter(NEW)
    # Here PyTorch speaks for its default stream, which knows nothing of the painter.
    wrong = SurfaceView.from_dlpack(tensor, cuda_stream=cuda_stream)
    pixels = wrong.download()
    assert painter.busy and (pixels == OLD).all()
    with torch.cuda.stream(stream):
        right = SurfaceView.from_dlpack(tensor, cuda_stream=cuda_stream)
    assert painter.busy, "the CPU waited"
    pixels = right.download()
    assert not painter.busy and (pixels == NEW).all()


@pytest.mark.parametrize("own_stream", [False, True])
def test_from_cuda_array_waits_for_the_stream_of_the_interface(torch, cupy, own_stream):
    stream = torch.cuda.Stream()
    cuda_stream = torch.cuda.Stream().cuda_stream if own_stream else 0
    array = cupy.zeros((480, 640, 4), cupy.uint8)
    current = cupy_stream(cupy, stream)

    def paint(value):
        with current:
            array.fill(value)

    cupy.cuda.Device().synchronize()
    painter = Painter(torch, stream, paint)
    assert (SurfaceView.from_cuda_array(array, cuda_stream=cuda_stream).download() == OLD).all()

    painter(NEW)
    # Here the interface names the default stream.
    wrong = SurfaceView.from_cuda_array(array, cuda_stream=cuda_stream)
    pixels = wrong.download()
    assert painter.busy and (pixels == OLD).all()
    with current:
        assert array.__cuda_array_interface__["stream"] == stream.cuda_stream
        right = SurfaceView.from_cuda_array(array, cuda_stream=cuda_stream)
    assert painter.busy, "the CPU waited"
    pixels = right.download()
    assert not painter.busy and (pixels == NEW).all()

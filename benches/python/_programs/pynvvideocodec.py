"""PyNvVideoCodec: one decoder a stream, each in a thread of its own, pictures in GPU memory.

That is what its samples give as the way to decode many streams at once (samples/advanced/decode_perf.py).
``--output native`` leaves the pictures in NV12, which is its fastest; ``--output rgb`` has them converted to
interleaved RGB, which is the nearest to RGBA that it has.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

import numpy as np
import PyNvVideoCodec as nvc

from _programs.steady import Task, measure_streams, serve
from clips_lib import read_frame_number

CODECS = {"h264": nvc.cudaVideoCodec.H264, "hevc": nvc.cudaVideoCodec.HEVC}
OUTPUTS = {"": nvc.OutputColorType.NATIVE, "native": nvc.OutputColorType.NATIVE, "rgb": nvc.OutputColorType.RGB}


def decoded(task: Task) -> Iterator[nvc.DecodedFrame]:
    """The pictures of one stream, each valid until the next is taken."""
    units = task.units()
    decoder = nvc.CreateDecoder(
        gpuid=0, codec=CODECS[task.clip.codec], usedevicememory=True, outputColorType=OUTPUTS[task.output]
    )
    packets = [packet(unit) for unit in units]
    for _ in range(task.loops):
        for unit in packets:
            yield from decoder.Decode(unit)
    # A packet without data is the end of the stream.
    yield from decoder.Decode(nvc.PacketData())


def packet(unit: bytes) -> nvc.PacketData:
    """A packet that points at the bytes, which must outlive it."""
    made = nvc.PacketData()
    made.bsl_data = ctypes.cast(ctypes.c_char_p(unit), ctypes.c_void_p).value
    made.bsl = len(unit)
    return made


def check(task: Task) -> None:
    """Every picture comes out once and in order, as the number in its luma plane or in RGB tells."""
    clip = task.clip
    shape = (clip.height, clip.width, 3) if task.output == "rgb" else (clip.height, clip.width)
    copy = Copier()
    numbers = [read_frame_number(copy.to_host(frame.GetPtrToPlane(0), shape)) for frame in decoded(task)]
    if numbers != list(clip.numbers):
        raise SystemExit(f"wrong pictures: {numbers}")


class Copier:
    """Copies from GPU memory in the primary context of the first GPU, which the decoders use, too."""

    def __init__(self) -> None:
        self._cuda = ctypes.CDLL("libcuda.so.1")
        context = ctypes.c_void_p()
        self._call("cuInit", 0)
        self._call("cuDevicePrimaryCtxRetain", ctypes.byref(context), 0)
        self._call("cuCtxSetCurrent", context)

    def to_host(self, address: int, shape: tuple[int, ...]) -> np.ndarray:
        """Samples without padding between rows, dtype uint8."""
        host = np.empty(shape, np.uint8)
        self._call("cuCtxSynchronize")
        self._call(
            "cuMemcpyDtoH_v2",
            host.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_uint64(address),
            ctypes.c_size_t(host.nbytes),
        )
        return host

    def _call(self, name: str, *arguments: object) -> None:
        code = getattr(self._cuda, name)(*arguments)
        if code:
            raise SystemExit(f"{name} returned {code}")


if __name__ == "__main__":
    serve(lambda task: measure_streams(task, decoded), check)

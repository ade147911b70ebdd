"""GPU memory by NVML, over many decoders, frames and canvases. Other users of the GPU disturb these tests."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

import savant_rs.deepstream as ds
from clips_lib import CLIPS
from decoding import config, packets
from drawing import draw_rect, rendered
from savant_rs.deepstream import FlexibleDecoder, FlexibleDecoderOutput, Hardware, SkiaCanvas

pytestmark = pytest.mark.gpu

THREADS = 4
CYCLES = 100
FRAMES = 20_000
# The driver takes memory in pieces of 2 MiB, and a first use of anything may take one.
TOLERANCE_MIB = 8


def decode(loops: int, limit: int | None = None) -> int:
    """Decodes a clip with a decoder of its own; returns the number of delivered frames."""
    delivered = 0

    def count(output: FlexibleDecoderOutput) -> None:
        nonlocal delivered
        delivered += output.is_frame

    decoder = FlexibleDecoder(config(hardware=Hardware.REQUIRED), count)
    sent = packets(CLIPS["h264_320x240"])[:limit]
    for _ in range(loops):
        for frame, data in sent:
            decoder.submit(frame, data)
    decoder.graceful_shutdown()
    assert delivered == loops * len(sent)
    return delivered


def in_threads(times: int, loops: int, limit: int | None = None) -> int:
    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(lambda _: decode(loops, limit), range(times)))


def test_memory_is_flat_over_decoders() -> None:
    in_threads(2 * THREADS, 1, 10)
    before = ds.gpu_mem_used_mib()
    assert in_threads(CYCLES, 1, 10) == 10 * CYCLES
    assert ds.gpu_mem_used_mib() - before <= TOLERANCE_MIB


def test_memory_is_flat_over_frames() -> None:
    frames = CLIPS["h264_320x240"].frames
    in_threads(THREADS, 10)
    before = ds.gpu_mem_used_mib()
    assert in_threads(THREADS, FRAMES // THREADS // frames + 1) >= FRAMES
    assert ds.gpu_mem_used_mib() - before <= TOLERANCE_MIB


def test_memory_is_flat_over_canvases() -> None:
    def draw(times: int) -> None:
        for _ in range(times):
            with SkiaCanvas.create(1280, 720) as canvas:
                draw_rect(canvas, 0, 0, 9, 9, 255, 0, 0, 255)
                assert rendered(canvas)[0, 0].tolist() == [255, 0, 0, 255]

    draw(20)
    before = ds.gpu_mem_used_mib()
    draw(CYCLES)
    assert ds.gpu_mem_used_mib() - before <= TOLERANCE_MIB

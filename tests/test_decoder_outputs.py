"""Outputs that are pulled, in threads and in event loops."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from typing import Any

import pytest

from clips_lib import CLIPS
from decoding import SOURCE, assert_accounted, config, packets
from pools import packets_for, pool_config, submit_until_full, wait_until
from savant_rs.deepstream import FlexibleDecoder, FlexibleDecoderPool
from test_decoder_pool import RAW, raw_frame

CLIP = CLIPS["h264_320x240"]


def feed(decoder: FlexibleDecoder) -> None:
    for frame, data in packets(CLIP):
        decoder.submit(frame, data)
    decoder.source_eos(SOURCE)
    decoder.graceful_shutdown()


def started(target: Any, *args: Any) -> threading.Thread:
    thread = threading.Thread(target=target, args=args)
    thread.start()
    return thread


def test_outputs_come_in_order_and_end_after_the_shutdown() -> None:
    decoder = FlexibleDecoder(config(), None)
    feeder = started(feed, decoder)
    times, kinds = [], Counter()
    for output in decoder.outputs():
        kinds[repr(output)] += 1
        if output.is_frame:
            delivery = output.as_frame().take_delivery()
            assert delivery.try_unseal() is None, "the output is still there"
            del output
            frame, _ = delivery.unseal(timeout_ms=0)
            times.append(frame.pts)
    feeder.join(30)
    assert times == sorted(times) and len(times) == CLIP.frames
    assert kinds["FlexibleDecoderOutput(SourceEos)"] == 1
    assert_accounted(decoder.stats())
    assert list(decoder.outputs()) == []


def test_nobody_pulling_is_back_pressure() -> None:
    decoder = FlexibleDecoder(config(pool_size=0), None)
    with pytest.raises(TimeoutError):
        submit_until_full(decoder.submit, lambda: raw_frame(SOURCE), RAW)
    submitted = decoder.stats()["submitted"]
    assert 16 <= submitted <= 80
    outputs = decoder.outputs()
    assert next(outputs).is_frame
    stopper = started(decoder.graceful_shutdown)
    assert sum(output.is_frame for output in outputs) == submitted - 1
    stopper.join(30)


@pytest.mark.parametrize("end", ["shutdown", "graceful_shutdown"])
def test_an_end_wakes_whoever_waits(end: str) -> None:
    decoder = FlexibleDecoder(config(), None)
    found: list[Any] = []
    outputs = decoder.outputs()
    consumer = started(lambda: found.extend(outputs))
    decoder.submit(raw_frame(SOURCE), RAW)
    wait_until(lambda: found)
    getattr(decoder, end)()
    consumer.join(30)
    assert not consumer.is_alive()


def test_an_immediate_shutdown_with_nobody_pulling() -> None:
    decoder = FlexibleDecoder(config(pool_size=0), None)
    with pytest.raises(TimeoutError):
        submit_until_full(decoder.submit, lambda: raw_frame(SOURCE), RAW)
    decoder.shutdown()
    assert_accounted(decoder.stats())
    assert len(list(decoder.outputs())) == decoder.stats()["delivered"]


def test_a_decoder_with_a_callback_has_no_outputs_to_pull() -> None:
    decoder = FlexibleDecoder(config(), lambda output: None)
    with pytest.raises(RuntimeError, match="callback"):
        decoder.outputs()


def test_a_pool_is_pulled_by_several_threads() -> None:
    pool = FlexibleDecoderPool(pool_config(), None)
    counts: Counter[str] = Counter()
    lock = threading.Lock()

    def consume() -> None:
        for output in pool.outputs():
            with lock:
                counts[output.as_frame().frame.source_id] += 1

    def produce(source: str) -> None:
        for frame, data in packets_for(CLIP, source):
            pool.submit(frame, data)

    consumers = [started(consume) for _ in range(3)]
    producers = [started(produce, source) for source in "abcd"]
    for producer in producers:
        producer.join(30)
    pool.graceful_shutdown()
    for consumer in consumers:
        consumer.join(30)
    assert counts == dict.fromkeys("abcd", CLIP.frames)
    assert_accounted(pool.stats())


def test_in_an_event_loop_outputs_need_no_thread(native_threads: Any) -> None:
    async def consume(decoder: FlexibleDecoder) -> int:
        count = 0
        async for output in decoder.outputs():
            count += output.is_frame
        return count

    async def run() -> list[int]:
        decoders = [FlexibleDecoder(config(), None) for _ in range(4)]
        feeders = [started(feed, decoder) for decoder in decoders]
        counts = await asyncio.gather(*map(consume, decoders))
        assert not [name for name in native_threads() if name.startswith("asyncio")]
        for feeder in feeders:
            feeder.join(30)
        return counts

    assert asyncio.run(run()) == [CLIP.frames] * 4


def test_a_cancelled_wait_loses_no_output() -> None:
    async def run() -> int:
        decoder = FlexibleDecoder(config(), None)
        outputs = decoder.outputs()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(outputs.__anext__(), 0.05)
        feeder = started(feed, decoder)
        count = 0
        async for output in outputs:
            count += output.is_frame
        feeder.join(30)
        return count

    assert asyncio.run(run()) == CLIP.frames

"""Deliveries stay sealed while their output lives, and hold their buffer until they are dropped."""

from __future__ import annotations

import gc
import threading

import pytest

from clips_lib import CLIPS
from decoding import config, make_frame, packets
from savant_rs.deepstream import FlexibleDecoder, FlexibleDecoderOutput, FrameOutput, SealedDelivery
from savant_rs.primitives import Codec
from test_decoder_sessions import wait_until

RAW = bytes(8 * 8 * 4)


class Harness:
    """A decoder whose callback hands its outputs out: ``keep`` decides what survives the callback."""

    def __init__(self, keep: str, pool_size: int = 4) -> None:
        self.keep = keep
        self.kept: list[FlexibleDecoderOutput | FrameOutput] = []
        self.deliveries: list[SealedDelivery] = []
        self.decoder = FlexibleDecoder(config(pool_size=pool_size), self)

    def __call__(self, output: FlexibleDecoderOutput) -> None:
        if not output.is_frame:
            return
        if self.keep == "output":
            self.kept.append(output)
        elif self.keep == "frame":
            self.kept.append(output.as_frame())
        self.deliveries.append(output.as_frame().take_delivery())

    def decode(self, count: int = 1) -> None:
        for _ in range(count):
            self.decoder.submit(make_frame(Codec.RawRgba, 8, 8), RAW)


def delivered(keep: str) -> Harness:
    harness = Harness(keep)
    harness.decode()
    harness.decoder.graceful_shutdown()
    return harness


@pytest.mark.parametrize("keep", ["output", "frame"])
def test_the_seal_stays_closed_while_the_output_is_kept(keep: str) -> None:
    harness = delivered(keep)
    delivery = harness.deliveries[0]
    assert repr(delivery) == "SealedDelivery(released=false)"
    assert delivery.is_released() is False
    assert delivery.try_unseal() is None
    with pytest.raises(TimeoutError):
        delivery.unseal(timeout_ms=50)
    with pytest.raises(TimeoutError):
        delivery.unseal(timeout_ms=0)

    harness.kept.clear()
    assert repr(delivery) == "SealedDelivery(released=true)"
    frame, buffer = delivery.unseal()
    assert frame.codec == Codec.RawRgba
    assert buffer.strong_count == 1
    assert repr(delivery) == "SealedDelivery(<consumed>)"
    for call in (delivery.is_released, delivery.try_unseal, delivery.unseal):
        with pytest.raises(RuntimeError, match="consumed"):
            call()


def test_returning_from_the_callback_opens_the_seal() -> None:
    delivery = delivered("nothing").deliveries[0]
    assert delivery.is_released() is True
    pair = delivery.try_unseal()
    assert isinstance(pair, tuple)
    assert len(pair) == 2


def test_unseal_waits_for_another_thread_to_let_go() -> None:
    harness = delivered("frame")
    releaser = threading.Timer(0.05, harness.kept.clear)
    releaser.start()
    frame, _ = harness.deliveries[0].unseal()
    assert frame.width == 8
    releaser.join()


def test_a_delivery_can_be_taken_once_and_snapshots_tell() -> None:
    seen = []

    def callback(output: FlexibleDecoderOutput) -> None:
        frame = output.as_frame()
        assert output.as_frame() is frame
        before = frame.decoded_frame
        first, second = frame.take_delivery(), frame.take_delivery()
        after = frame.decoded_frame
        seen.append((before.has_buffer, after.has_buffer, first is None, second is None))

    decoder = FlexibleDecoder(config(), callback)
    decoder.submit(make_frame(Codec.RawRgba, 8, 8), RAW)
    decoder.graceful_shutdown()
    assert seen == [(True, False, False, True)]


def test_unsealing_inside_the_callback_that_delivers_raises_instead_of_hanging() -> None:
    seen = []

    def callback(output: FlexibleDecoderOutput) -> None:
        delivery = output.as_frame().take_delivery()
        with pytest.raises(RuntimeError, match="callback"):
            delivery.unseal()
        with pytest.raises(TimeoutError):
            delivery.unseal(timeout_ms=10)
        seen.append(True)

    decoder = FlexibleDecoder(config(), callback)
    decoder.submit(make_frame(Codec.RawRgba, 8, 8), RAW)
    decoder.graceful_shutdown()
    assert seen == [True]


def test_deliveries_that_nobody_takes_return_to_the_pool() -> None:
    clip = CLIPS["h264_320x240"]
    outputs = []
    decoder = FlexibleDecoder(config(pool_size=1), lambda output: outputs.append(output.is_frame))
    for frame, data in packets(clip):
        decoder.submit(frame, data)
    decoder.graceful_shutdown()
    assert outputs == [True] * clip.frames


def test_held_deliveries_exhaust_the_pool_and_releasing_one_resumes_decoding() -> None:
    harness = Harness("nothing", pool_size=2)
    harness.decode(4)
    wait_until(lambda: harness.decoder.stats()["blocked_on"] == "pool" and len(harness.deliveries) == 2)
    stats = harness.decoder.stats()
    assert stats["delivered"] == 2
    assert stats["pool"] == {"capacity": 2, "in_use": 2}
    del harness.deliveries[0]
    wait_until(lambda: harness.decoder.stats()["delivered"] == 3)
    harness.deliveries.clear()
    harness.decoder.graceful_shutdown()
    assert harness.decoder.stats()["delivered"] == 4


def test_an_unopened_delivery_outlives_its_decoder() -> None:
    harness = delivered("nothing")
    delivery = harness.deliveries.pop()
    del harness
    gc.collect()
    _, buffer = delivery.unseal()
    assert buffer.pts_ns == 0


def test_a_shutdown_wakes_a_decoder_that_waits_for_buffers() -> None:
    harness = Harness("nothing", pool_size=1)
    harness.decode(3)
    wait_until(lambda: harness.decoder.stats()["blocked_on"] == "pool" and len(harness.deliveries) == 1)
    harness.decoder.shutdown()
    stats = harness.decoder.stats()
    assert (stats["delivered"], stats["lost"], stats["in_flight"]) == (1, 2, 0)

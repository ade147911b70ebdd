"""Packets that come faster than they are decoded."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

import pytest

from clips_lib import CLIPS, Clip, read_frame_number
from decoding import SOURCE, Recorder, assert_accounted, config, packets, recorded
from pools import pool_config, submit_until_full, wait_until
from savant_rs.deepstream import (
    FlexibleDecoder,
    FlexibleDecoderConfig,
    FlexibleDecoderPool,
    FlexibleDecoderPoolConfig,
    QueuePolicy,
)
from savant_rs.primitives import VideoFrame
from test_decoder_pool import RAW, raw_frame


class Gate:
    """A recorder that takes no output before it is opened."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        self.opened = threading.Event()

    def __call__(self, output: Any) -> None:
        assert self.opened.wait(60)
        self.recorder(output)


@dataclass
class Overflow:
    """What became of a clip that was submitted while nothing came out."""

    recorder: Recorder
    sent: list[VideoFrame]
    # Packets that found no room before anything came out.
    waited: int

    @property
    def dropped(self) -> list[Any]:
        return [skip for skip in self.recorder.skips if skip.reason.is_queue_overflow]

    def check_pictures(self, clip: Clip) -> None:
        """Each picture that came out is intact, and that of its own packet."""
        numbers = numbers_by_packet(clip)
        position = {frame.uuid: index % clip.packets for index, frame in enumerate(self.sent)}
        for picture in self.recorder.pictures:
            assert read_frame_number(picture.pixels) == numbers[position[picture.frame.uuid]]


def overflow(clip: Clip, policy: QueuePolicy, laps: int = 1) -> Overflow:
    """Submits a clip several times while the callback takes nothing; where that makes a submit wait, it may go on."""
    gate = Gate()
    decoder = FlexibleDecoder(config(pool_size=2).with_queue_policy(policy, max_packets=6), gate)
    sent, waited = [], 0
    for _ in range(laps):
        for frame, data in packets(clip):
            sent.append(frame)
            try:
                decoder.submit(frame, data, timeout_ms=100)
            except TimeoutError:
                waited += 1
                gate.opened.set()
                decoder.submit(frame, data)
    gate.opened.set()
    decoder.graceful_shutdown()
    assert_accounted(decoder.stats())
    assert decoder.stats()["submitted"] == len(gate.recorder.kinds) == len(sent)
    errors = [error.message for kind, error in gate.recorder.events if kind == "error"]
    assert not errors, errors
    return Overflow(gate.recorder, sent, waited)


def numbers_by_packet(clip: Clip) -> dict[int, int]:
    """The number in the picture of each packet that shows one, by the packet's place in the clip."""
    with recorded() as (decoder, recorder):
        sent = packets(clip)
        for frame, data in sent:
            decoder.submit(frame, data)
    places = {frame.uuid: index for index, (frame, _) in enumerate(sent)}
    return {places[picture.frame.uuid]: read_frame_number(picture.pixels) for picture in recorder.pictures}


def test_the_configuration() -> None:
    for plain in (FlexibleDecoderConfig("s", 0, 4), FlexibleDecoderPoolConfig(0, 4, 5)):
        assert (plain.queue_policy, plain.max_packets) == (QueuePolicy.BLOCK, 16)
        changed = plain.with_queue_policy(QueuePolicy.DROP_OLDEST_GOP, max_packets=3)
        assert (changed.queue_policy, changed.max_packets) == (QueuePolicy.DROP_OLDEST_GOP, 3)
        with pytest.raises(ValueError, match="max_packets"):
            plain.with_queue_policy(QueuePolicy.BLOCK, max_packets=0)
        with pytest.raises(TypeError):
            plain.with_queue_policy(1)  # type: ignore[arg-type]
    assert repr(QueuePolicy.DROP_NON_REFERENCE) == "QueuePolicy.DROP_NON_REFERENCE"


@pytest.mark.parametrize(
    "name",
    [
        "h264_bpyramid_640x360",
        "h264_open_gop_320x240",
        "hevc_720p",
        "hevc_open_gop_320x240",
        "vp8_altref_640x360",
        "vp9_640x360",
        "av1_640x360",
        "mjpeg_480x272",
    ],
)
def test_after_old_groups_of_pictures_were_dropped_every_picture_is_right(name: str) -> None:
    result = overflow(CLIPS[name], QueuePolicy.DROP_OLDEST_GOP, laps=3)
    assert result.waited == 0
    assert {skip.reason.detail for skip in result.dropped} == {"drop_oldest_gop"}
    assert all(skip.data for skip in result.dropped)
    result.check_pictures(CLIPS[name])


@pytest.mark.parametrize("name", ["h264_bpyramid_640x360", "hevc_720p", "mjpeg_480x272"])
def test_pictures_that_no_other_refers_to_are_dropped_alone(name: str) -> None:
    clip = CLIPS[name]
    result = overflow(clip, QueuePolicy.DROP_NON_REFERENCE)
    assert {skip.reason.detail for skip in result.dropped} == {"drop_non_reference"}
    assert len(result.recorder.pictures) == clip.packets - len(result.dropped), "nothing else is amiss"
    result.check_pictures(clip)


@pytest.mark.parametrize("name", ["h264_bpyramid_640x360", "hevc_720p", "vp9_640x360", "av1_640x360"])
def test_a_packet_that_found_no_room_may_come_again(name: str) -> None:
    clip = CLIPS[name]
    result = overflow(clip, QueuePolicy.BLOCK)
    assert result.waited
    assert len(result.recorder.pictures) == clip.frames
    result.check_pictures(clip)


def test_where_nothing_can_be_dropped_the_submit_waits() -> None:
    clip = CLIPS["vp9_640x360"]
    result = overflow(clip, QueuePolicy.DROP_NON_REFERENCE)
    assert result.waited and not result.dropped
    assert len(result.recorder.pictures) == clip.frames


@pytest.mark.parametrize("is_pool", [False, True])
def test_a_submit_that_finds_no_room_in_time_says_why_and_is_not_counted(is_pool: bool) -> None:
    held: list[Any] = []
    target: Any
    if is_pool:
        target = FlexibleDecoderPool(pool_config(pool_size=2), held.append)
    else:
        target = FlexibleDecoder(config(pool_size=2), held.append)

    with pytest.raises(TimeoutError, match="all 2 output buffers are in use") as raised:
        submit_until_full(target.submit, lambda: raw_frame(SOURCE), RAW)
    text = str(raised.value)
    assert "16 packets" in text and SOURCE in text
    before = target.stats()["submitted"]
    begin = time.monotonic()
    with pytest.raises(TimeoutError):
        target.submit(raw_frame(SOURCE), RAW, timeout_ms=100)
    assert 0.1 <= time.monotonic() - begin < 5
    assert target.stats()["submitted"] == before
    held.clear()
    target.submit(raw_frame(SOURCE), RAW, timeout_ms=30_000)
    wait_until(lambda: held.clear() or target.stats()["in_flight"] == 0)
    target.graceful_shutdown()
    assert target.stats()["delivered"] == before + 1


def test_a_submit_that_waits_for_a_callback_says_so() -> None:
    gate = Gate()
    decoder = FlexibleDecoder(config(pool_size=0), gate)
    with pytest.raises(TimeoutError, match="an output is in the user's hands"):
        submit_until_full(decoder.submit, lambda: raw_frame(SOURCE), RAW)
    gate.opened.set()
    decoder.graceful_shutdown()
    assert_accounted(decoder.stats())

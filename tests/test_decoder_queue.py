"""Packets that come faster than they are decoded."""

from __future__ import annotations

import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clips_lib import CLIPS, Clip, read_frame_number
from decoding import SOURCE, Recorder, assert_accounted, config, packets, packets_of, recorded
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


def overflow(path: Path, policy: QueuePolicy, laps: int = 1) -> Overflow:
    """Submits a clip several times while the callback takes nothing; where that makes a submit wait, it may go on."""
    gate = Gate()
    decoder = FlexibleDecoder(config(pool_size=2).with_queue_policy(policy, max_packets=6), gate)
    sent, waited = [], 0
    for _ in range(laps):
        for frame, data in packets_of(path):
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
    result = overflow(CLIPS[name].path, QueuePolicy.DROP_OLDEST_GOP, laps=3)
    assert result.waited == 0
    assert {skip.reason.detail for skip in result.dropped} == {"drop_oldest_gop"}
    assert all(skip.data for skip in result.dropped)
    result.check_pictures(CLIPS[name])


def test_a_stream_that_has_no_random_access_point_left_is_told_of_and_goes_on_at_the_next() -> None:
    clip = CLIPS["h264_baseline_640x360"]
    gate = Gate()
    decoder = FlexibleDecoder(config(pool_size=2).with_queue_policy(QueuePolicy.DROP_OLDEST_GOP, max_packets=6), gate)
    decoder.submit(*packets(clip)[0])
    for _ in range(12):
        for frame, data in packets(clip)[1:30]:
            decoder.submit(frame, data, timeout_ms=0)
    gate.opened.set()
    wait_until(lambda: "error" in gate.recorder.kinds)
    wait_until(lambda: decoder.stats()["blocked_on"] == "random_access")
    errors = [error for kind, error in gate.recorder.events if kind == "error"]
    assert len(errors) == 1 and "no random access point came in the 300 packets" in errors[0].message
    assert errors[0].frame is None and decoder.stats()["errors"] == 0
    for frame, data in packets(clip):
        decoder.submit(frame, data)
        wait_until(lambda: decoder.stats()["queue_depths"]["input"] < 4)
    assert decoder.stats()["blocked_on"] != "random_access"
    decoder.graceful_shutdown()
    assert_accounted(decoder.stats())
    last = gate.recorder.pictures[-clip.packets :]
    assert [read_frame_number(picture.pixels) for picture in last] == list(numbers_by_packet(clip).values())


@pytest.mark.parametrize("name", ["h264_bpyramid_640x360", "hevc_720p", "mjpeg_480x272"])
def test_pictures_that_no_other_refers_to_are_dropped_alone(name: str) -> None:
    clip = CLIPS[name]
    result = overflow(clip.path, QueuePolicy.DROP_NON_REFERENCE)
    assert {skip.reason.detail for skip in result.dropped} == {"drop_non_reference"}
    assert len(result.recorder.pictures) == clip.packets - len(result.dropped), "nothing else is amiss"
    result.check_pictures(clip)


@pytest.mark.ffmpeg
@pytest.mark.parametrize("encoder", ["libvpx", "libvpx-vp9"])
def test_pictures_of_the_upper_temporal_layer_are_dropped_alone(encoder: str, tmp_path: Path) -> None:
    """Streams for video calls: every other picture is one that nothing depends on. What is left is not changed."""
    path = tmp_path / "layers.ivf"
    source = ["-f", "lavfi", "-i", "testsrc2=size=192x144:rate=25", "-frames:v", "60"]
    layers = "ts_number_layers=2:ts_target_bitrate=100,150:ts_rate_decimator=2,1:ts_periodicity=2:ts_layer_id=0,1"
    options = ["-deadline", "realtime", "-cpu-used", "5", "-lag-in-frames", "0", "-auto-alt-ref", "0", "-g", "60"]
    resilient = ["-error-resilient", "default", "-ts-parameters", f"{layers}:ts_layering_mode=2", "-b:v", "150k"]
    subprocess.run(["ffmpeg", "-v", "error", *source, "-c:v", encoder, *options, *resilient, str(path)], check=True)
    with recorded() as (decoder, everything):
        for frame, data in packets_of(path):
            decoder.submit(frame, data)
    whole = [picture.pixels for picture in everything.pictures]
    assert len(whole) == 60
    result = overflow(path, QueuePolicy.DROP_NON_REFERENCE)
    assert {skip.reason.detail for skip in result.dropped} == {"drop_non_reference"}
    assert len(result.recorder.pictures) == 60 - len(result.dropped)
    places = {frame.uuid: index for index, frame in enumerate(result.sent)}
    assert all(places[skip.frame.uuid] % 2 == 1 for skip in result.dropped)
    for picture in result.recorder.pictures:
        assert np.array_equal(picture.pixels, whole[places[picture.frame.uuid]])


@pytest.mark.ffmpeg
def test_a_decoder_that_begins_again_gets_the_parameter_sets_of_before(tmp_path: Path) -> None:
    """At a recovery point that does not repeat them."""
    path = tmp_path / "open.h264"
    source = ["-f", "lavfi", "-i", "testsrc2=size=192x160:rate=25", "-frames:v", "80", "-pix_fmt", "yuv420p"]
    encoder = ["-c:v", "libx264", "-colorspace", "bt709", "-x264-params", "keyint=10:open-gop=1:scenecut=0"]
    subprocess.run(["ffmpeg", "-v", "error", *source, *encoder, str(path)], check=True)
    (first, data), *others = packets_of(path)
    sent = [(first, data), *((frame, without_parameter_sets(data)) for frame, data in others)]
    with recorded() as (decoder, everything):
        for frame, data in sent:
            decoder.submit(frame, data)
    whole = {picture.frame.uuid: picture.pixels for picture in everything.pictures}
    assert len(whole) == 80
    gate = Gate()
    decoder = FlexibleDecoder(config(pool_size=2).with_queue_policy(QueuePolicy.DROP_OLDEST_GOP, max_packets=6), gate)
    for place, (frame, data) in enumerate(sent):
        if place == 35:
            gate.opened.set()
        if gate.opened.is_set():
            wait_until(lambda: decoder.stats()["queue_depths"]["input"] < 4)
        decoder.submit(frame, data)
    decoder.graceful_shutdown()
    dropped = [skip for skip in gate.recorder.skips if skip.reason.is_queue_overflow]
    late = [picture for picture in gate.recorder.pictures if picture.frame.pts > dropped[-1].frame.pts]
    assert len(late) > 20
    for picture in late:
        np.testing.assert_array_equal(picture.pixels, whole[picture.frame.uuid])


def without_parameter_sets(data: bytes) -> bytes:
    """An access unit of H.264 with start codes."""
    units = data.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")[1:]
    return b"".join(b"\0\0\1" + unit for unit in units if unit[0] & 31 not in {7, 8})


@pytest.mark.parametrize("name", ["h264_bpyramid_640x360", "hevc_720p", "vp9_640x360", "av1_640x360"])
def test_a_packet_that_found_no_room_may_come_again(name: str) -> None:
    clip = CLIPS[name]
    result = overflow(clip.path, QueuePolicy.BLOCK)
    assert result.waited
    assert len(result.recorder.pictures) == clip.frames
    result.check_pictures(clip)


def test_where_nothing_can_be_dropped_the_submit_waits() -> None:
    clip = CLIPS["vp9_640x360"]
    result = overflow(clip.path, QueuePolicy.DROP_NON_REFERENCE)
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

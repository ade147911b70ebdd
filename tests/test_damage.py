"""Damaged streams under each policy: what is damaged says so or stays away, and the next intact group is whole.

Pictures are judged by the planes that the same decoder makes of the undamaged clip.
"""

from __future__ import annotations

import hashlib
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from clips_lib import CLIPS, Clip
from decoding import SOURCE, WHERE, Recorder, assert_accounted, config, packets, packets_of, recorded
from gst_features import has_gst_feature
from pools import pool_config, submit_until_full
from savant_rs.deepstream import (
    DamagePolicy,
    FlexibleDecoder,
    FlexibleDecoderConfig,
    FlexibleDecoderPool,
    FlexibleDecoderPoolConfig,
    Hardware,
    VideoFormat,
)
from savant_rs.primitives import VideoFrame
from test_decoder_pool import RAW, raw_frame

POLICIES = (DamagePolicy.DELIVER, DamagePolicy.DROP_UNTIL_KEYFRAME, DamagePolicy.ERROR)
MOVING = [clip for clip in CLIPS.values() if not clip.is_still and clip.codec != "jpeg"]
# Small ones, one a codec and kind.
NAMES = (
    "h264_bpyramid_640x360",
    "h264_open_gop_320x240",
    "hevc_open_gop_320x240",
    "vp8_320x180",
    "vp9_640x360",
    "av1_640x360",
)
# The first packet is a random access point, the twelfth of these clips is not.
LOST = 11


@dataclass
class Outcomes:
    """What became of the packets, by their place among those sent."""

    digests: dict[int, str] = field(default_factory=dict)
    corrupt: set[int] = field(default_factory=set)
    skipped: dict[int, tuple[str, str | None]] = field(default_factory=dict)
    errors: list[int] = field(default_factory=list)
    hardware: bool = False

    @property
    def unmarked(self) -> dict[int, str]:
        return {place: digest for place, digest in self.digests.items() if place not in self.corrupt}


def decode(
    sent: list[tuple[VideoFrame, bytes]],
    policy: DamagePolicy = DamagePolicy.DELIVER,
    before: Callable[[FlexibleDecoder, int], None] = lambda decoder, place: None,
    **builders: Any,
) -> Outcomes:
    """Decodes packets; ``before`` is called in front of each."""
    with recorded(damage_policy=policy, output=VideoFormat.NV12, **builders) as (decoder, recorder):
        for place, (frame, data) in enumerate(sent):
            before(decoder, place)
            decoder.submit(frame, data)
    places = {frame.uuid: place for place, (frame, _) in enumerate(sent)}
    outcomes = Outcomes()
    for picture in recorder.pictures:
        place = places[picture.frame.uuid]
        outcomes.digests[place] = hashlib.md5(picture.pixels.tobytes()).hexdigest()
        outcomes.hardware |= picture.decoded.hardware
        if picture.decoded.is_corrupt:
            outcomes.corrupt.add(place)
    for kind, value in recorder.events:
        if kind == "skipped":
            reason = "damaged" if value.reason.is_damaged else "other"
            outcomes.skipped[places[value.frame.uuid]] = (reason, value.reason.detail)
        elif kind == "error":
            outcomes.errors.append(places[value.frame.uuid])
    return outcomes


@pytest.fixture(scope="module")
def intact() -> Callable[[Clip], dict[int, str]]:
    """The digest of each picture of an undamaged clip, by the place of its packet."""
    known: dict[str, dict[int, str]] = {}

    def digests(clip: Clip) -> dict[int, str]:
        if clip.name not in known:
            known[clip.name] = decode(packets(clip)).digests
        return known[clip.name]

    return digests


def two_laps(clip: Clip, lost: int) -> list[tuple[VideoFrame, bytes]]:
    """The clip without one packet, then whole."""
    first = packets(clip)
    return [*first[:lost], *first[lost + 1 :], *packets(clip)]


def place_in_clip(clip: Clip, lost: int, place: int) -> int:
    """Of a packet of ``two_laps``."""
    if place < lost:
        return place
    return place + 1 if place < clip.packets - 1 else place - (clip.packets - 1)


def check_two_laps(clip: Clip, lost: int, outcomes: Outcomes, expected: dict[int, str]) -> None:
    """No damaged picture is unmarked, and the second lap is whole."""
    unmarked = outcomes.unmarked
    wrong = [place for place, digest in unmarked.items() if digest != expected[place_in_clip(clip, lost, place)]]
    assert not wrong
    second = range(clip.packets - 1, 2 * clip.packets - 1)
    whole = {place for place in second if place_in_clip(clip, lost, place) in expected}
    assert whole <= unmarked.keys()


def test_the_configuration() -> None:
    for plain in (FlexibleDecoderConfig("s", 0, 4), FlexibleDecoderPoolConfig(0, 4, 5)):
        assert plain.damage_policy == DamagePolicy.DELIVER
        assert plain.with_damage_policy(DamagePolicy.ERROR).damage_policy == DamagePolicy.ERROR
        with pytest.raises(TypeError):
            plain.with_damage_policy(1)  # type: ignore[arg-type]
    assert repr(DamagePolicy.DROP_UNTIL_KEYFRAME) == "DamagePolicy.DROP_UNTIL_KEYFRAME"


@pytest.mark.parametrize("clip", MOVING, ids=lambda clip: clip.name)
def test_nothing_of_an_undamaged_stream_is_taken_for_damage(clip: Clip) -> None:
    outcomes = decode(packets(clip), DamagePolicy.DROP_UNTIL_KEYFRAME)
    assert len(outcomes.digests) == clip.frames
    assert not outcomes.corrupt and not outcomes.errors
    assert all(reason == "other" for reason, _ in outcomes.skipped.values())


@pytest.mark.parametrize("policy", POLICIES, ids=str)
@pytest.mark.parametrize(
    "name",
    [
        "h264_bpyramid_640x360",
        "h264_open_gop_320x240",
        "h264_baseline_640x360",
        "hevc_640x360",
        "hevc_open_gop_320x240",
    ],
)
def test_a_loss_that_the_headers_tell_of(name: str, policy: DamagePolicy, intact: Any) -> None:
    """Every fifth packet in turn: the pictures that it leaves undamaged are exact, the others do not pass as such."""
    clip = CLIPS[name]
    expected = intact(clip)
    damaged = 0
    for lost in range(2, 40, 5):
        outcomes = decode(two_laps(clip, lost), policy)
        check_two_laps(clip, lost, outcomes, expected)
        reasons = {value for value in outcomes.skipped.values() if value[0] == "damaged"}
        if policy == DamagePolicy.DELIVER:
            damaged += len(outcomes.corrupt) + (len(outcomes.skipped) if outcomes.hardware else 0)
            assert not reasons and not outcomes.errors
        else:
            assert not outcomes.corrupt
            damaged += len(reasons)
        if policy == DamagePolicy.DROP_UNTIL_KEYFRAME:
            assert reasons <= {("damaged", "drop_until_keyframe")}
            assert not outcomes.errors
        if policy == DamagePolicy.ERROR:
            assert reasons <= {("damaged", "error")}
            assert len(outcomes.errors) == bool(outcomes.errors or reasons)
    assert damaged, "some of the lost ones were referred to"


@pytest.mark.parametrize("policy", POLICIES, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_a_loss_that_the_caller_tells_of(name: str, policy: DamagePolicy, intact: Any) -> None:
    clip = CLIPS[name]

    def tell(decoder: FlexibleDecoder, place: int) -> None:
        if place == LOST:
            decoder.discontinuity(SOURCE)

    outcomes = decode(two_laps(clip, LOST), policy, tell)
    check_two_laps(clip, LOST, outcomes, intact(clip))
    damaged = [place for place, value in outcomes.skipped.items() if value[0] == "damaged"]
    if policy == DamagePolicy.DELIVER:
        assert not damaged and not outcomes.errors
        assert outcomes.hardware or LOST in outcomes.corrupt
        return
    assert not outcomes.corrupt
    assert damaged and min(damaged) >= LOST
    assert len(outcomes.errors) == (policy == DamagePolicy.ERROR)


@pytest.mark.skipif(not has_gst_feature("avdec_h264"), reason="needs libav's elements: others paint over damage")
@pytest.mark.parametrize("policy", POLICIES, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_a_packet_of_garbage(name: str, policy: DamagePolicy, intact: Any) -> None:
    """What a software decoder makes of it is damage; hardware may shift pictures of VP8 and VP9 (docs/gpu-facts.md)."""
    clip = CLIPS[name]
    expected = intact(clip)
    sent = [*packets(clip), *packets(clip)]
    sent[LOST] = (sent[LOST][0], b"\xff" * len(sent[LOST][1]))
    outcomes = decode(sent, policy, hardware=Hardware.SOFTWARE)
    wrong = [place for place, digest in outcomes.unmarked.items() if digest != expected[place % clip.packets]]
    assert not wrong
    assert {place for place in outcomes.unmarked if place >= clip.packets} == {
        place + clip.packets for place in expected
    }
    assert LOST not in outcomes.unmarked
    if policy == DamagePolicy.DELIVER:
        assert outcomes.corrupt
    else:
        assert not outcomes.corrupt
        assert len(outcomes.errors) == (policy == DamagePolicy.ERROR)


@pytest.mark.parametrize("name", ["vp8_320x180", "vp9_640x360", "av1_640x360"])
def test_a_stream_joined_between_key_frames_begins_damaged(name: str, intact: Any) -> None:
    clip = CLIPS[name]
    sent = [*packets(clip)[LOST:], *packets(clip)]
    expected = {}
    for place in range(len(sent)):
        if (place + LOST) % clip.packets in intact(clip):
            expected[place] = intact(clip)[(place + LOST) % clip.packets]
    second_lap = {place for place in expected if place >= clip.packets - LOST}
    for policy in POLICIES:
        outcomes = decode(sent, policy)
        assert outcomes.unmarked.items() <= expected.items()
        assert second_lap <= outcomes.unmarked.keys()
        assert 0 not in outcomes.unmarked
        assert policy == DamagePolicy.DELIVER or not outcomes.corrupt


def test_timestamps_may_jump_repeat_and_begin_again_at_a_discontinuity(intact: Any) -> None:
    clip = CLIPS["h264_bpyramid_640x360"]
    expected = intact(clip)
    sent = []
    for lap, pts in enumerate((10**9, 0, 7, 7, 10**12)):
        for index, (frame, data) in enumerate(packets(clip)):
            frame.pts = pts if lap == 3 else pts + index
            frame.dts = None
            sent.append((frame, data))

    def tell(decoder: FlexibleDecoder, place: int) -> None:
        if place and place % clip.packets == 0:
            decoder.discontinuity(SOURCE)

    outcomes = decode(sent, DamagePolicy.ERROR, tell)
    assert outcomes.digests == {place: expected[place % clip.packets] for place in range(len(sent))}


class TestDiscontinuity:
    def test_of_another_source_does_nothing(self) -> None:
        clip = CLIPS["h264_320x240"]
        outcomes = decode(packets(clip), DamagePolicy.ERROR, lambda decoder, place: decoder.discontinuity("another"))
        assert len(outcomes.digests) == clip.frames

    def test_of_a_pool(self) -> None:
        clip = CLIPS["h264_320x240"]
        recorder = Recorder(keep_pixels=False)
        pool = FlexibleDecoderPool(pool_config(damage_policy=DamagePolicy.DROP_UNTIL_KEYFRAME), recorder)
        pool.discontinuity("nobody")
        assert pool.stats()["sources"] == {}
        for place, (frame, data) in enumerate(packets(clip)):
            if place == LOST:
                pool.discontinuity(SOURCE)
            pool.submit(frame, data)
        pool.graceful_shutdown()
        assert recorder.kinds.count("frame") == LOST
        assert set(recorder.reasons) == {"damaged"}
        with pytest.raises(RuntimeError, match="shut down"):
            pool.discontinuity(SOURCE)
        assert_accounted(pool.stats())

    def test_after_a_shutdown_raises(self) -> None:
        decoder = FlexibleDecoder(config(), lambda output: None)
        decoder.shutdown()
        with pytest.raises(RuntimeError, match="shut down"):
            decoder.discontinuity(SOURCE)

    def test_does_not_wait_for_a_submit_that_waits(self) -> None:
        held: list[Any] = []
        decoder = FlexibleDecoder(config(pool_size=1), held.append)
        with pytest.raises(TimeoutError):
            submit_until_full(decoder.submit, lambda: raw_frame(SOURCE), RAW)

        def submit() -> None:
            with pytest.raises((RuntimeError, TimeoutError)):
                decoder.submit(raw_frame(SOURCE), RAW, timeout_ms=3000)

        waiting = threading.Thread(target=submit)
        waiting.start()
        telling = threading.Thread(target=decoder.discontinuity, args=(SOURCE,))
        telling.start()
        telling.join(2)
        assert not telling.is_alive() and waiting.is_alive()
        decoder.shutdown()
        waiting.join(10)
        assert not waiting.is_alive()

    def test_from_a_callback(self) -> None:
        clip = CLIPS["h264_320x240"]
        told = threading.Event()

        def callback(output: Any) -> None:
            if not told.is_set():
                decoder.discontinuity(SOURCE)
                told.set()

        decoder = FlexibleDecoder(config(damage_policy=DamagePolicy.DROP_UNTIL_KEYFRAME), callback)
        for _ in range(2):
            for frame, data in packets(clip):
                decoder.submit(frame, data)
        decoder.graceful_shutdown()
        assert told.is_set()
        assert_accounted(decoder.stats())


@pytest.mark.ffmpeg
@pytest.mark.parametrize("hardware", WHERE)
@pytest.mark.parametrize("lost", [25, 39, 45])
def test_damage_ends_where_a_gradual_refresh_is_complete(lost: int, hardware: Hardware, tmp_path: Path) -> None:
    """The first picture is the only IDR picture; messages say where refreshes begin and how long they take."""
    path, period = tmp_path / "refreshed.h264", 20
    source = ["-f", "lavfi", "-i", "testsrc2=s=320x240:r=25", "-frames:v", "90", "-pix_fmt", "yuv420p"]
    encoder = ["-c:v", "libx264", "-bf", "0", "-x264-params", f"intra-refresh=1:keyint={period}"]
    subprocess.run(["ffmpeg", "-v", "error", *source, *encoder, path], check=True)
    sent = packets_of(path)
    whole = decode(sent, hardware=hardware)
    assert not whole.corrupt and len(whole.digests) == len(sent)
    places = [place for place in range(len(sent)) if place != lost]
    got = decode([sent[place] for place in places], hardware=hardware)
    if got.hardware:
        # NVIDIA's decoder gets nothing up to a random access point: pictures would go to others' frames.
        assert [places[index] for index in got.digests] == places[:lost]
        assert all(got.digests[place] == whole.digests[place] for place in range(lost))
        assert set(got.skipped.values()) == {("other", "missing_reference")}
        return
    damaged = {place for index, place in enumerate(places) if got.digests[index] != whole.digests[place]}
    marked = {places[index] for index in got.corrupt}
    # The refresh that begins next is complete as soon as all columns of macroblocks are new.
    recovered = (lost // period + 1) * period + recovery_frame_count(sent[period][1])
    assert damaged and damaged <= marked
    assert marked == set(range(lost + 1, recovered))
    dropped = decode([sent[place] for place in places], policy=DamagePolicy.DROP_UNTIL_KEYFRAME, hardware=hardware)
    assert {places[index] for index in dropped.digests} == set(places) - marked


def recovery_frame_count(data: bytes) -> int:
    """Of the message in a NAL unit of its own, as x264 writes it: the first number of its payload (H.264, D.1.8)."""
    payload = data[data.index(b"\0\0\1\x06\x06") + 6 :]
    bits = "".join(f"{byte:08b}" for byte in payload[:4])
    zeros = bits.index("1")
    return int(bits[zeros : 2 * zeros + 1], 2) - 1


def test_a_decoder_that_broke_down_gives_way_to_software() -> None:
    """One that has no moment to spare is given up; a preferred hardware decoder is not tried again."""
    clip = CLIPS["h264_1080p"]
    hardware: list[bool] = []
    errors = 0

    def callback(output: Any) -> None:
        nonlocal errors
        errors += output.is_error
        if errors and output.is_frame:
            hardware.append(output.as_frame().decoded_frame.hardware)

    decoder = FlexibleDecoder(config(stall_timeout_ms=1), callback)
    for _ in range(20):
        for frame, data in packets(clip):
            decoder.submit(frame, data)
    decoder.graceful_shutdown()
    assert_accounted(decoder.stats())
    assert errors
    assert not any(hardware)

"""Streams that begin badly, or go on so: what a decoder cannot begin with is told of, and the same decoder goes on."""

from __future__ import annotations

import os
from contextlib import ExitStack

import pytest

from clips_lib import CLIPS, Clip, read_frame_number
from decoding import Recorder, packets, recorded
from savant_rs.deepstream import Hardware
from savant_rs.primitives import VideoFrame

START_CODE = b"\0\0\1"
HEVC_VPS, HEVC_SPS = START_CODE + b"\x40\1", START_CODE + b"\x42\1"
HEVC = ("hevc_640x360", "hevc_open_gop_320x240")


def decode(sent: list[tuple[VideoFrame, bytes]], **builders: object) -> Recorder:
    with recorded(**builders) as (decoder, recorder):
        for frame, data in sent:
            decoder.submit(frame, data)
    return recorder


def numbers(recorder: Recorder) -> dict[str, int]:
    """The number read from each picture that is not marked as damaged, by its frame."""
    whole = [picture for picture in recorder.pictures if not picture.decoded.is_corrupt]
    return {picture.frame.uuid: read_frame_number(picture.pixels) for picture in whole}


def expected(clip: Clip, sent: list[tuple[VideoFrame, bytes]]) -> dict[str, int]:
    """The same of the clip's own packets, undamaged."""
    whole = packets(clip)
    seen = numbers(decode(whole))
    return {
        frame.uuid: seen[original.uuid]
        for (frame, _), (original, _) in zip(sent, whole, strict=True)
        if original.uuid in seen
    }


def outcomes(recorder: Recorder) -> int:
    return sum(kind in ("frame", "skipped", "error") for kind in recorder.kinds)


def video_sets(sent: list[tuple[VideoFrame, bytes]]) -> list[int]:
    return [place for place, (_, data) in enumerate(sent) if HEVC_VPS in data]


@pytest.mark.parametrize("length", [3, 10, 20])
@pytest.mark.parametrize("name", HEVC)
def test_a_cut_video_parameter_set_costs_no_picture(name: str, length: int) -> None:
    """Nothing in it is needed; NVIDIA's parser would end the process over it."""
    sent = packets(CLIPS[name])
    cut_at = video_sets(sent)[1]
    frame, data = sent[cut_at]
    begin = data.index(HEVC_VPS)
    sent[cut_at] = frame, data[: begin + len(START_CODE) + length] + data[data.index(HEVC_SPS, begin) - 1 :]
    recorder = decode(sent)
    assert set(recorder.kinds) == {"frame"}
    assert numbers(recorder) == expected(CLIPS[name], sent)


@pytest.mark.parametrize("name", HEVC)
def test_a_packet_that_ends_within_its_video_parameter_set_costs_no_other_group(name: str) -> None:
    clip = CLIPS[name]
    sent, whole = packets(clip), packets(clip)
    cut_at = video_sets(sent)[1]
    frame, data = sent[cut_at]
    sent[cut_at] = frame, data[: data.index(HEVC_VPS) + 20]
    recorder = decode([*sent, *whole])
    seen, right = numbers(recorder), expected(clip, whole)
    assert {uuid: seen.get(uuid) for uuid in right} == right
    assert frame.uuid not in seen
    assert outcomes(recorder) == len(sent) + len(whole)


@pytest.mark.parametrize("name", ["vp8_altref_640x360", "vp9_640x360"])
def test_a_stream_that_is_joined_between_key_frames_comes_back_with_the_next(name: str) -> None:
    """Hardware is not given up for it."""
    clip = CLIPS[name]
    joined, whole = packets(clip)[5:], packets(clip)
    hardware = {picture.decoded.hardware for picture in decode(packets(clip)).pictures}
    recorder = decode([*joined, *whole])
    seen, right = numbers(recorder), expected(clip, whole)
    assert {uuid: seen.get(uuid) for uuid in right} == right
    of_whole = [picture for picture in recorder.pictures if picture.frame.uuid in right]
    assert {picture.decoded.hardware for picture in of_whole} == hardware
    assert outcomes(recorder) == len(joined) + len(whole)


def test_av1_on_one_thread_comes_back_after_a_frame_that_cannot_be_decoded() -> None:
    """As many other decoders as cores leave it one."""
    clip, other = CLIPS["av1_640x360"], packets(CLIPS["h264_320x240"])[:4]
    sent = packets(clip)
    lost, intact = 21, 40
    assert sent[intact][0].keyframe
    right = expected(clip, sent)
    with ExitStack() as others:
        for _ in range(os.cpu_count() or 1):
            decoder, _ = others.enter_context(recorded())
            for frame, data in other:
                decoder.submit(frame, data)
        recorder = decode([*sent[:lost], *sent[lost + 1 :]])
    seen = numbers(recorder)
    assert "skipped" in recorder.kinds
    for frame, _ in sent[intact:]:
        assert seen[frame.uuid] == right[frame.uuid]


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["vp8_altref_640x360", "vp9_640x360"])
def test_packets_before_the_first_key_frame_are_skipped_by_hardware(name: str) -> None:
    clip = CLIPS[name]
    sent = packets(clip)[5:]
    start = next(place for place, (frame, _) in enumerate(sent) if frame.keyframe)
    recorder = decode(sent, hardware=Hardware.REQUIRED)
    assert "error" not in recorder.kinds
    skipped = {skip.frame.uuid for skip in recorder.skips}
    assert {frame.uuid for frame, _ in sent[:start]} <= skipped
    assert {picture.frame.uuid for picture in recorder.pictures} == {frame.uuid for frame, _ in sent[start:]} - skipped


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["vp8_320x180", "vp8_altref_640x360", "vp9_640x360"])
def test_low_latency_shows_no_hidden_pictures(name: str) -> None:
    """NVIDIA's element would return those too, as the pictures of other frames."""

    def configured(config, frame):
        for codec in ("vp8", "vp9"):
            inner = getattr(config, f"as_{codec}")()
            if inner is not None:
                return getattr(config, f"with_{codec}")(inner.with_low_latency_mode(True))
        raise AssertionError(config)

    clip = CLIPS[name]
    sent = packets(clip)
    recorder = decode(sent, hardware=Hardware.REQUIRED, decoder_config_callback=configured)
    assert list(numbers(recorder).values()) == list(clip.numbers)

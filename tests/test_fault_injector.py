"""The fault injector itself: which packets come out of it, and what it counts. Nothing is decoded."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from clips_lib import CLIPS
from decoding import packets
from savant_rs.gstreamer import PacketReader
from savant_rs.primitives import VideoFrame
from savant_rs.testing import FaultInjector

CLIP = CLIPS["h264_320x240"]
SENT = [packet for _ in range(10) for packet in packets(CLIP)]


def injected(**faults: Any) -> tuple[list[tuple[VideoFrame, bytes]], dict[str, int]]:
    injector = FaultInjector(SENT, **faults)
    return list(injector), injector.faults


def test_without_faults_everything_passes_as_it_is() -> None:
    received, faults = injected()
    assert all(frame is original for (frame, _), (original, _) in zip(received, SENT, strict=True))
    assert [data for _, data in received] == [data for _, data in SENT]
    assert not any(faults.values())


def test_the_seed_decides() -> None:
    faults = {"loss": 0.1, "truncate": 0.1, "bitflip": 0.1, "duplicate": 0.1, "reorder": 3, "join_mid_gop": True}
    first, again, other = (injected(**faults, seed=seed) for seed in (1, 1, 2))
    assert [data for _, data in first[0]] == [data for _, data in again[0]]
    assert first[1] == again[1]
    assert [data for _, data in first[0]] != [data for _, data in other[0]]


@pytest.mark.parametrize("probability", [0.01, 0.2, 1.0])
def test_loss(probability: float) -> None:
    received, faults = injected(loss=probability)
    lost = len(SENT) - len(received)
    assert faults["lost"] == lost
    assert abs(lost / len(SENT) - probability) < 0.06
    left = iter(SENT)
    assert all(packet in left for packet in received), "the order stays"


def test_truncation_leaves_a_beginning() -> None:
    received, faults = injected(truncate=0.3)
    shorter = [(data, whole) for (_, data), (_, whole) in zip(received, SENT, strict=True) if data != whole]
    assert len(shorter) == faults["truncated"]
    assert abs(len(shorter) / len(SENT) - 0.3) < 0.08
    assert all(data and whole.startswith(data) for data, whole in shorter)


def test_flipped_bits() -> None:
    received, faults = injected(bitflip=0.3)
    flips = []
    for (_, data), (_, whole) in zip(received, SENT, strict=True):
        assert len(data) == len(whole)
        flips.append((int.from_bytes(data, "big") ^ int.from_bytes(whole, "big")).bit_count())
    assert sum(map(bool, flips)) == faults["flipped"]
    assert set(flips) == set(range(9))


def test_duplicates_have_frames_of_their_own() -> None:
    received, faults = injected(duplicate=0.3)
    assert len(received) == len(SENT) + faults["duplicated"]
    pairs = [(a, b) for a, b in pairwise(received) if a[1] == b[1]]
    assert len(pairs) == faults["duplicated"] > 0
    for (first, _), (second, _) in pairs:
        assert first is not second and first.uuid == second.uuid


@pytest.mark.parametrize("distance", [1, 4])
def test_reordering_has_a_limit(distance: int) -> None:
    received, faults = injected(reorder=distance)
    index_of = {id(frame): index for index, (frame, _) in enumerate(SENT)}
    order = [index_of[id(frame)] for frame, _ in received]
    assert sorted(order) == list(range(len(SENT)))
    assert max(place - index for place, index in enumerate(order)) == distance
    overtaken = sum(index < max(order[:place], default=0) for place, index in enumerate(order))
    assert faults["reordered"] == overtaken > 0


def test_joining_behind_the_first_key_frame() -> None:
    first = next(index for index, (frame, _) in enumerate(SENT) if frame.keyframe)
    received, faults = injected(join_mid_gop=True)
    assert received == SENT[first + 1 :]
    assert faults["joined"] == first + 1


def test_a_stream_without_key_frames_ends() -> None:
    dependent = [packet for packet in SENT if not packet[0].keyframe]
    injector = FaultInjector(dependent, join_mid_gop=True)
    assert list(injector) == []
    assert injector.faults["joined"] == len(dependent)


def test_a_reader_is_read_as_it_goes() -> None:
    with PacketReader(CLIP.path, "camera-1") as reader:
        injector = FaultInjector(reader, reorder=2, seed=3)
        next(injector)
        assert len(list(reader)) >= CLIP.packets - 4


@pytest.mark.parametrize("name", ["loss", "truncate", "bitflip", "duplicate"])
@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_probabilities_out_of_range(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        FaultInjector(SENT, **{name: value})


def test_a_negative_distance() -> None:
    with pytest.raises(ValueError, match="reorder"):
        FaultInjector(SENT, reorder=-1)

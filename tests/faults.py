"""Every fault on every codec: what is sent, and what must be true of what comes out.

A clip comes several times, first with faults, the last time whole. A group of pictures counts as intact if all of its
packets arrive in a row, as they were sent: each of its pictures must come out, with the right number in it. Beside it
a clean stream is decoded, which must not notice anything.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

from clips_lib import CLIPS, Clip, FrameNumberError, read_frame_number
from decoding import Picture, Recorder
from pools import packets_for, recorded_pool
from savant_rs.primitives import Codec, VideoFrame
from savant_rs.testing import FaultInjector

Packet = tuple[VideoFrame, bytes]
DAMAGED, CLEAN = "damaged", "clean"

# One clip a codec, whose groups of pictures are closed.
CLIP_OF = {
    "h264": CLIPS["h264_bpyramid_640x360"],
    "hevc": CLIPS["hevc_640x360"],
    "vp8": CLIPS["vp8_320x180"],
    "vp9": CLIPS["vp9_640x360"],
    "av1": CLIPS["av1_640x360"],
    "jpeg": CLIPS["mjpeg_480x272"],
    "png": CLIPS["png_rgb_320x180"],
}
CLEAN_CLIP = CLIPS["h264_320x240"]
# A still is sent as often as a clip has pictures.
STILLS_A_LAP = 20


def injected(**faults: Any) -> Callable[[Sequence[Packet], int], list[Packet]]:
    return lambda packets, seed: list(FaultInjector(packets, seed=seed, **faults))


def with_cut_key_frames(packets: Sequence[Packet], seed: int) -> list[Packet]:
    """Of every packet that begins a group only the headers arrive."""
    firsts = {id(group[0][0]) for group in _groups(packets)}
    return [(frame, data[: max(16, len(data) // 20)] if id(frame) in firsts else data) for frame, data in packets]


def with_garbage(packets: Sequence[Packet], seed: int) -> list[Packet]:
    """Every tenth packet or so is random bytes."""
    random = Random(seed)
    return [
        (frame, random.randbytes(random.randint(1, 2000)) if random.random() < 0.1 else data) for frame, data in packets
    ]


def with_flipped_size(packets: Sequence[Packet], seed: int) -> list[Packet]:
    """The frames of a stretch in the middle declare half the size; their pictures are what they were."""
    for frame, _ in _middle(packets, seed):
        frame.width, frame.height = frame.width // 2, frame.height // 2
    return list(packets)


def with_flipped_codec(packets: Sequence[Packet], seed: int) -> list[Packet]:
    """The frames of a stretch in the middle declare another codec; their data is what it was."""
    for frame, _ in _middle(packets, seed):
        frame.codec = Codec.VP8 if frame.codec != Codec.VP8 else Codec.H264
    return list(packets)


def _middle(packets: Sequence[Packet], seed: int) -> Sequence[Packet]:
    random = Random(seed)
    third = len(packets) // 3
    return packets[random.randint(1, third) : random.randint(third + 1, len(packets) - 1)]


FAULTS: dict[str, Callable[[Sequence[Packet], int], list[Packet]]] = {
    "loss 1 %": injected(loss=0.01),
    "loss 5 %": injected(loss=0.05),
    "loss 20 %": injected(loss=0.2),
    "truncation": injected(truncate=0.1),
    "cut key frames": with_cut_key_frames,
    "bit flips": injected(bitflip=0.1),
    "mid-GOP join": injected(join_mid_gop=True),
    "duplicates": injected(duplicate=0.1),
    "reordering": injected(reorder=3),
    "garbage": with_garbage,
    "size flip": with_flipped_size,
    "codec flip": with_flipped_codec,
}


@dataclass(frozen=True)
class Sent:
    """A packet as it was submitted: the number of its picture, if it shows one, and whether that must come out."""

    frame: VideoFrame
    data: bytes
    number: int | None
    is_intact: bool


@dataclass(frozen=True)
class Verdict:
    """What became of a damaged stream and of the clean one beside it. ``str`` of it is empty if all is well."""

    sent: int
    damaged: int
    delivered: int
    intact: int
    missing: list[int | None]
    wrong: list[tuple[int | None, int | None]]
    outcomes: Counter[int]
    clean_kinds: Counter[str]
    clean_is_right: bool
    seconds: float

    def __str__(self) -> str:
        found = {
            "intact pictures missing": self.missing,
            "intact pictures wrong": self.wrong,
            "packets without exactly one outcome": {times for times in self.outcomes if times != 1},
            "the clean stream": [] if self.clean_is_right else dict(self.clean_kinds),
        }
        return "; ".join(f"{what}: {which}" for what, which in found.items() if which)


def stream(codec: str, fault: str, laps: int, seed: int) -> list[Sent]:
    """``laps`` times the codec's clip with a fault, and once whole."""
    clip = CLIP_OF[codec]
    whole = [_lap(clip) for _ in range(laps + 1)]
    damaged = FAULTS[fault]([packet for lap in whole[:-1] for packet in lap], seed)
    sent = [*damaged, *whole[-1]]
    number_of = {id(frame): number for lap in whole for (frame, _), number in zip(lap, _numbers(codec), strict=True)}
    intact: set[int] = set()
    places = {id(frame): place for place, (frame, _) in enumerate(sent)}
    for group in (group for lap in whole for group in _groups(lap)):
        place = places.get(id(group[0][0]), len(sent))
        arrived = sent[place : place + len(group)]
        if len(arrived) == len(group) and all(
            frame is original and data == whole and _declares(frame, clip)
            for (frame, data), (original, whole) in zip(arrived, group, strict=True)
        ):
            intact.update(id(frame) for frame, _ in group)
    # The frame of a duplicate is a copy that nobody expects.
    expected = {key: number for key, number in number_of.items() if key in intact and number is not None}
    return [Sent(frame, data, number_of.get(id(frame)), id(frame) in expected) for frame, data in sent]


def _lap(clip: Clip) -> list[Packet]:
    if not clip.is_still:
        return packets_for(clip, DAMAGED)
    return [packet for _ in range(STILLS_A_LAP) for packet in packets_for(clip, DAMAGED)]


@cache
def _numbers(codec: str) -> list[int | None]:
    """The number in the picture of each packet of the clip, as it is decoded without faults."""
    clip = CLIP_OF[codec]
    lap = _lap(clip)
    with recorded_pool() as (pool, recorder):
        for frame, data in lap:
            pool.submit(frame, data)
    seen = {id(picture.frame): read_frame_number(picture.pixels) for picture in recorder.of[DAMAGED].pictures}
    assert list(seen.values()) == ([*clip.numbers] * STILLS_A_LAP if clip.is_still else [*clip.numbers])
    return [seen.get(id(frame)) for frame, _ in lap]


def _groups(lap: Sequence[Packet]) -> list[list[Packet]]:
    groups: list[list[Packet]] = []
    for packet in lap:
        if packet[0].keyframe or not groups:
            groups.append([])
        groups[-1].append(packet)
    return groups


def _declares(frame: VideoFrame, clip: Clip) -> bool:
    return (frame.width, frame.height) == (clip.width, clip.height) and frame.codec == Codec.from_name(clip.codec)


def decode(codec: str, fault: str, laps: int, seed: int) -> Verdict:
    """Decodes the damaged stream and the clean one in one pool, each fed by a thread of its own."""
    sent = stream(codec, fault, laps, seed)
    clean = [packet for _ in range(laps + 1) for packet in packets_for(CLEAN_CLIP, CLEAN)]
    errors: list[BaseException] = []

    def feed(pool: Any, packets: Sequence[Packet]) -> None:
        try:
            for frame, data in packets:
                pool.submit(frame, data)
        except BaseException as error:
            errors.append(error)

    begin = time.monotonic()
    with recorded_pool(pool_size=8) as (pool, recorder):
        feeders = [
            threading.Thread(target=feed, args=(pool, packets), daemon=True)
            for packets in ([(unit.frame, unit.data) for unit in sent], clean)
        ]
        for feeder in feeders:
            feeder.start()
        for feeder in feeders:
            feeder.join()
    seconds = time.monotonic() - begin
    if errors:
        raise errors[0]
    return _verdict(sent, recorder.of[DAMAGED], recorder.of[CLEAN], laps, seconds)


def _verdict(sent: Sequence[Sent], damaged: Recorder, clean: Recorder, laps: int, seconds: float) -> Verdict:
    seen = {id(picture.frame): _number(picture) for picture in damaged.pictures}
    ended = Counter(id(value if kind == "frame" else value.frame) for kind, value in damaged.events if kind in ENDS)
    intact = [unit for unit in sent if unit.is_intact]
    came = [(unit.number, seen[id(unit.frame)]) for unit in intact if id(unit.frame) in seen]
    clean_numbers = [_number(picture) for picture in clean.pictures]
    return Verdict(
        sent=len(sent),
        damaged=len(sent) - len(intact),
        delivered=len(seen),
        intact=len(intact),
        missing=[unit.number for unit in intact if id(unit.frame) not in seen],
        wrong=[(number, read) for number, read in came if number != read],
        outcomes=Counter(ended[id(unit.frame)] for unit in sent),
        clean_kinds=Counter(clean.kinds),
        clean_is_right=clean_numbers == [*CLEAN_CLIP.numbers] * (laps + 1) and set(clean.kinds) == {"frame"},
        seconds=seconds,
    )


ENDS = ("frame", "skipped", "error")


def _number(picture: Picture) -> int | None:
    try:
        return read_frame_number(picture.pixels)
    except FrameNumberError:
        return None

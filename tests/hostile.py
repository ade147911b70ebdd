"""Streams as bad networks deliver them: joined late, with lost or repeated access units.

Each knows which of its pictures the accident cannot reach: those must come out once, with the right number and
in order, whatever the decoder makes of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from clips_lib import CLIPS, Clip, FrameNumberError, read_frame_number
from decoding import Picture, packets
from savant_rs.primitives import VideoFrame


@dataclass(frozen=True)
class Unit:
    """One access unit to submit.

    ``number`` is that of its picture, counted from the clip's first; ``lap`` tells which time the clip comes.
    """

    frame: VideoFrame
    data: bytes
    number: int
    is_intact: bool = True
    lap: int = 0


@dataclass(frozen=True)
class Hostile:
    """What happens to a stream: ``send`` gives the access units in the order of their submission."""

    name: str
    clip: Clip
    send: Callable[[Clip], list[Unit]]


@dataclass
class Verdict:
    """What came out: of the intact pictures by number, and of the others by what was seen on them."""

    right: int
    missing: list[int]
    wrong: list[tuple[int, int | None]]
    in_order: bool
    others_right: int
    others_changed: int


def units(clip: Clip, intact: Collection[int] | None = None, lap: int = 0) -> list[Unit]:
    """The clip's access units in decoding order, in new frames; all pictures are intact unless told otherwise."""
    sent = packets(clip)
    shown = sorted(range(len(sent)), key=lambda index: sent[index][0].pts)
    numbers = {index: number for number, index in enumerate(shown)}
    return [
        Unit(frame, data, numbers[index], intact is None or numbers[index] in intact, lap)
        for index, (frame, data) in enumerate(sent)
    ]


def without(lost: Iterable[int], intact: Collection[int]) -> Callable[[Clip], list[Unit]]:
    """Loses the access units with these indices in decoding order."""
    indices = set(lost)
    return lambda clip: [unit for index, unit in enumerate(units(clip, intact)) if index not in indices]


def without_then_whole(lost: int, intact: Collection[int]) -> Callable[[Clip], list[Unit]]:
    """Loses one access unit, then the stream comes once more, whole."""
    return lambda clip: [*without([lost], intact)(clip), *units(clip, lap=1)]


def joined_at(index: int, first_intact: int) -> Callable[[Clip], list[Unit]]:
    """Begins with the access unit of this index in decoding order."""
    return lambda clip: units(clip, range(first_intact, clip.frames))[index:]


def repeated(indices: Collection[int], intact: Collection[int]) -> Callable[[Clip], list[Unit]]:
    """Sends the access units with these indices twice, the second time in a frame of its own."""

    def send(clip: Clip) -> list[Unit]:
        pairs = zip(units(clip, intact), units(clip, intact), strict=True)
        return [unit for index, pair in enumerate(pairs) for unit in (pair if index in indices else pair[:1])]

    return send


# Both clips have a random access picture at each 20th number, which is decoded before the three leading
# pictures in front of it: at the indices 0, 17, 37 and 57.
OPEN_GOP = (CLIPS["h264_open_gop_320x240"], CLIPS["hevc_open_gop_320x240"])
# Of the losses at 16, 33, 50 and 67, the second and the third are of reference pictures.
EVERY_17TH = without(range(16, 80, 17), {*range(15), *range(16, 33), *range(40, 49), *range(60, 80)} - {67})

HOSTILE = (
    *(Hostile("whole open GOPs", clip, units) for clip in OPEN_GOP),
    *(Hostile("every 17th lost", clip, EVERY_17TH) for clip in OPEN_GOP),
    *(Hostile("a reference lost", clip, without([5], {*range(5), *range(20, 80)})) for clip in OPEN_GOP),
    *(Hostile("a random access picture lost", clip, without([37], {*range(37), *range(60, 80)})) for clip in OPEN_GOP),
    *(Hostile("a group repeated", clip, repeated(range(18, 37), {*range(17), *range(40, 80)})) for clip in OPEN_GOP),
    *(Hostile("joined between two groups", clip, joined_at(17, 20)) for clip in OPEN_GOP),
    # The pictures in front of the loss that still wait to be shown may be lost with it.
    Hostile("an IDR picture lost", CLIPS["h264_bpyramid_640x360"], without_then_whole(50, range(44))),
    Hostile("an IDR picture lost", CLIPS["hevc_720p"], without_then_whole(30, range(24))),
)


def judge(clip: Clip, sent: Sequence[Unit], pictures: Sequence[Picture]) -> Verdict:
    """Compares the numbers drawn into the delivered pictures with those of the frames they came with."""
    seen = {picture.frame.uuid: _number(clip, picture) for picture in pictures}
    of_frame = {unit.frame.uuid: unit for unit in sent}
    intact = [unit for unit in sent if unit.is_intact]
    delivered = [of_frame[picture.frame.uuid] for picture in pictures]
    others = [unit for unit in delivered if not unit.is_intact]
    order = [(unit.lap, unit.number) for unit in delivered if unit.is_intact]
    return Verdict(
        right=sum(seen.get(unit.frame.uuid) == unit.number for unit in intact),
        missing=[unit.number for unit in intact if unit.frame.uuid not in seen],
        wrong=[
            (unit.number, seen[unit.frame.uuid])
            for unit in intact
            if unit.frame.uuid in seen and seen[unit.frame.uuid] != unit.number
        ],
        in_order=order == sorted(order),
        others_right=sum(seen[unit.frame.uuid] == unit.number for unit in others),
        others_changed=sum(seen[unit.frame.uuid] != unit.number for unit in others),
    )


def _number(clip: Clip, picture: Picture) -> int | None:
    """The number in a picture, counted from the clip's first; ``None`` where it cannot be read."""
    try:
        return read_frame_number(picture.pixels) - clip.numbers[0]
    except FrameNumberError:
        return None

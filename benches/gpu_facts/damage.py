"""What becomes of damaged access units, and of the intact stream that follows.

    python benches/gpu_facts/run.py --only damage

A clip comes twice through one decoder: first with a quarter of its access units damaged (with a fixed seed), the first
one excepted, then whole. Of the second time every picture must come out, with the frame of its own access unit.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from clips_lib import CLIPS, Clip, FrameNumberError, read_frame_number
from decoding import Picture, packets, recorded
from section import IDLE_TIMEOUT_MS, Section, outcomes

NAMES = ("h264_bpyramid_640x360", "hevc_720p", "vp8_altref_640x360", "vp9_640x360")
SHARE = 0.25
SEED = 7

Damage = Callable[[random.Random, bytes], bytes]


def flipped(generator: random.Random, data: bytes) -> bytes:
    """A few bits are flipped anywhere."""
    spoilt = bytearray(data)
    for _ in range(generator.randint(1, 20)):
        spoilt[generator.randrange(len(spoilt))] ^= 1 << generator.randrange(8)
    return bytes(spoilt)


def truncated(generator: random.Random, data: bytes) -> bytes:
    """The end is missing."""
    return data[: max(1, int(len(data) * generator.uniform(0.05, 0.95)))]


def overwritten(generator: random.Random, data: bytes) -> bytes:
    """All but the first bytes are noise."""
    return data[:8] + generator.randbytes(max(0, len(data) - 8))


DAMAGES: tuple[Damage, ...] = (flipped, truncated, overwritten)


def number(clip: Clip, picture: Picture) -> int | None:
    try:
        return read_frame_number(picture.pixels) - clip.numbers[0]
    except FrameNumberError:
        return None


def numbers_of_packets(section: Section, clip: Clip) -> dict[int, int | None]:
    """By index in decoding order, the number of each packet that shows a picture: from the intact clip."""
    sent = packets(clip)
    places = {frame.uuid: index for index, (frame, _) in enumerate(sent)}
    with recorded(hardware=section.hardware, idle_timeout_ms=IDLE_TIMEOUT_MS) as (decoder, recorder):
        for frame, data in sent:
            decoder.submit(frame, data)
    return {places[picture.frame.uuid]: number(clip, picture) for picture in recorder.pictures}


def survive(section: Section, clip: Clip, damage: Damage) -> dict[str, Any]:
    expected = numbers_of_packets(section, clip)
    if sorted(expected.values(), key=str) != sorted(range(clip.frames), key=str):
        return {"intact clip": "does not decode in full", "numbers": sorted(expected.items())[:10]}
    generator = random.Random(SEED)
    damaged, whole = packets(clip), packets(clip)
    places = {
        frame.uuid: (lap, index) for lap, sent in enumerate((damaged, whole)) for index, (frame, _) in enumerate(sent)
    }
    spoilt = 0
    with recorded(hardware=section.hardware, idle_timeout_ms=IDLE_TIMEOUT_MS) as (decoder, recorder):
        for index, (frame, data) in enumerate(damaged):
            is_spoilt = index > 0 and generator.random() < SHARE
            spoilt += is_spoilt
            decoder.submit(frame, damage(generator, data) if is_spoilt else data)
        for frame, data in whole:
            decoder.submit(frame, data)
    seen = {places[picture.frame.uuid]: number(clip, picture) for picture in recorder.pictures}
    after = {index: seen.get((1, index), "missing") for index in expected}
    before = Counter(
        "right" if value == expected.get(index) else "changed" for (lap, index), value in seen.items() if not lap
    )
    return {
        "packets": len(damaged),
        "damaged": spoilt,
        "pictures_of_damaged_lap": dict(before),
        "whole_lap_right": sum(value == expected[index] for index, value in after.items()),
        "whole_lap_frames": clip.frames,
        "whole_lap_wrong: expected, seen": [(expected[i], value) for i, value in after.items() if value != expected[i]][
            :10
        ],
        **outcomes(recorder, decoder.stats()),
    }


def main() -> None:
    section = Section(__doc__)
    for name in NAMES:
        for damage in DAMAGES:
            section.attempt(f"{name}: {damage.__name__}", partial(survive, section, CLIPS[name], damage))
    section.finish()


if __name__ == "__main__":
    main()

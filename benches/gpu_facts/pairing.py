"""Whether pictures come with the frames of their own access units, through everything that may upset the pairing.

    python benches/gpu_facts/run.py --only pairing

The pictures carry numbers. `right`, `missing` and `wrong` are about those that losses and repetitions cannot have
reached; of the others it is counted how many show the number of their frame, and how many another or none.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from clips_lib import CLIPS, read_frame_number
from decoding import make_frame, recorded
from field_pairs import HEIGHT, WIDTH, CodedFrame, Coding, write
from hostile import HOSTILE, Hostile, judge, units
from savant_rs.primitives import Codec
from section import IDLE_TIMEOUT_MS, Section, outcomes

WHOLE = [Hostile("whole", CLIPS[name], units) for name in ("h264_bpyramid_640x360", "hevc_720p")]
FIELDS = {
    "top field first": [Coding.TOP_FIRST] * 30,
    "bottom field first": [Coding.BOTTOM_FIRST] * 30,
    "fields and frames": [Coding.TOP_FIRST, Coding.FRAME, Coding.BOTTOM_FIRST] * 10,
}
FIRST_NUMBER = 0xF000


def pair(section: Section, hostile: Hostile) -> dict[str, Any]:
    sent = hostile.send(hostile.clip)
    with recorded(hardware=section.hardware, idle_timeout_ms=IDLE_TIMEOUT_MS) as (decoder, recorder):
        for unit in sent:
            decoder.submit(unit.frame, unit.data)
    verdict = judge(hostile.clip, sent, recorder.pictures)
    return {
        "intact": sum(unit.is_intact for unit in sent),
        "right": verdict.right,
        "missing": verdict.missing[:10],
        "wrong": verdict.wrong[:10],
        "in_order": verdict.in_order,
        "others_right": verdict.others_right,
        "others_changed": verdict.others_changed,
        **outcomes(recorder, decoder.stats()),
    }


def pair_fields(section: Section, coded: Sequence[CodedFrame], together: bool) -> dict[str, Any]:
    """Tells for each picture its number and to which access unit of which frame it was given."""
    owners = {}
    with recorded(hardware=section.hardware, idle_timeout_ms=IDLE_TIMEOUT_MS) as (decoder, recorder):
        for frame in coded:
            for place, data in enumerate([b"".join(frame.access_units)] if together else frame.access_units):
                submitted = make_frame(Codec.H264, WIDTH, HEIGHT)
                owners[submitted.uuid] = (frame.number - FIRST_NUMBER, place)
                decoder.submit(submitted, data)
    pictures = [
        (read_frame_number(picture.pixels) - FIRST_NUMBER, *owners[picture.frame.uuid]) for picture in recorder.pictures
    ]
    right = [entry for entry in pictures if entry == (entry[0], entry[0], 0)]
    wrong = [entry for entry in pictures if entry != (entry[0], entry[0], 0)]
    skipped = [owners[skip.frame.uuid] for skip in recorder.skips]
    return {
        "frames": len(coded),
        "right": len(right),
        "wrong: number, of frame, of its access unit": wrong[:10],
        "skipped first fields": sum(place == 0 for _, place in skipped),
        "skipped second fields": sum(place == 1 for _, place in skipped),
        **outcomes(recorder, decoder.stats()),
    }


def main() -> None:
    section = Section(__doc__)
    for hostile in (*WHOLE, *HOSTILE):
        section.attempt(f"{hostile.clip.name}: {hostile.name}", partial(pair, section, hostile))
    for name, codings in FIELDS.items():
        coded = write(codings, FIRST_NUMBER, idr_every=8)
        for together in (False, True):
            label = f"{name}, {'one packet a frame' if together else 'one packet a picture'}"
            section.attempt(label, partial(pair_fields, section, coded, together))
    section.finish()


if __name__ == "__main__":
    main()

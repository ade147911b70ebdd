"""Groups of pictures that are open, or that arrive with access units missing or repeated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from clips_lib import CLIPS
from decoding import recorded
from hostile import HOSTILE, Hostile, Unit, Verdict, joined_at, judge


@dataclass(frozen=True)
class Decoded:
    """What became of a hostile stream, without the pixels."""

    hostile: Hostile
    sent: list[Unit]
    verdict: Verdict
    delivered: list[str]
    skipped: list[str]
    stats: dict[str, Any]


@pytest.fixture(scope="module", params=HOSTILE, ids=lambda hostile: f"{hostile.name}-{hostile.clip.codec}")
def decoded(request: pytest.FixtureRequest) -> Decoded:
    hostile: Hostile = request.param
    sent = hostile.send(hostile.clip)
    with recorded() as (decoder, recorder):
        for unit in sent:
            decoder.submit(unit.frame, unit.data)
    return Decoded(
        hostile,
        sent,
        verdict=judge(hostile.clip, sent, recorder.pictures),
        delivered=[frame.uuid for kind, frame in recorder.events if kind == "frame"],
        skipped=[skip.frame.uuid for skip in recorder.skips],
        stats=decoder.stats(),
    )


def test_pictures_that_an_accident_cannot_reach(decoded: Decoded) -> None:
    """Each comes out once, in order, and paired with the frame of its own access unit."""
    assert (decoded.verdict.wrong, decoded.verdict.missing) == ([], [])
    assert decoded.verdict.right == sum(unit.is_intact for unit in decoded.sent)
    assert decoded.verdict.in_order


def test_every_access_unit_of_a_hostile_stream_has_one_outcome(decoded: Decoded) -> None:
    assert decoded.stats["submitted"] == len(decoded.sent)
    assert decoded.stats["errors"] == 0
    assert sorted(decoded.delivered + decoded.skipped) == sorted(unit.frame.uuid for unit in decoded.sent)


def test_leading_pictures_without_their_references_are_skipped() -> None:
    """A decoder that begins at a CRA picture cannot decode the RASL pictures behind it."""
    clip = CLIPS["hevc_open_gop_320x240"]
    sent = joined_at(17, 20)(clip)
    leading = [unit.frame.uuid for unit in sent if unit.number < 20]
    assert len(leading) == 3
    with recorded() as (decoder, recorder):
        for unit in sent:
            decoder.submit(unit.frame, unit.data)
    assert [skip.frame.uuid for skip in recorder.skips] == leading
    assert {skip.reason.detail for skip in recorder.skips} == {"missing_reference"}
    # They are given up while the stream goes on, not at its end.
    kinds = recorder.kinds
    assert kinds.index("skipped") < len(kinds) - len(leading)


def test_an_h264_stream_joined_behind_its_only_idr_picture_never_begins() -> None:
    """Recovery points are no random access points here: that takes an IDR picture."""
    clip = CLIPS["h264_open_gop_320x240"]
    sent = joined_at(17, 20)(clip)
    with recorded(detect_buffer_limit=len(sent)) as (decoder, recorder):
        for unit in sent:
            decoder.submit(unit.frame, unit.data)
        assert recorder.kinds == []
    assert recorder.reasons == ["waiting_for_keyframe"] * len(sent)


def test_an_h264_stream_joined_behind_its_first_idr_picture_begins_at_the_next() -> None:
    clip = CLIPS["h264_open_gop_320x240"]
    sent = [*joined_at(17, 80)(clip), *joined_at(0, 0)(clip)]
    late = [unit.frame.uuid for unit in sent[:63]]
    with recorded(detect_buffer_limit=len(late)) as (decoder, recorder):
        for unit in sent:
            decoder.submit(unit.frame, unit.data)
    assert [skip.frame.uuid for skip in recorder.skips] == late
    verdict = judge(clip, sent, recorder.pictures)
    assert (verdict.right, verdict.wrong, verdict.missing) == (clip.frames, [], [])

"""Groups of pictures that are open, or that arrive with access units missing or repeated."""

from __future__ import annotations

import pytest

from clips_lib import CLIPS
from decoding import recorded
from hostile import HOSTILE, Hostile, joined_at, judge


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: f"{hostile.name}-{hostile.clip.codec}")
def test_pictures_that_an_accident_cannot_reach(hostile: Hostile) -> None:
    """Each comes out once, in order, and paired with the frame of its own access unit."""
    sent = hostile.send(hostile.clip)
    with recorded() as (decoder, recorder):
        for unit in sent:
            decoder.submit(unit.frame, unit.data)
    verdict = judge(hostile.clip, sent, recorder.pictures)
    assert (verdict.wrong, verdict.missing) == ([], [])
    assert verdict.right == sum(unit.is_intact for unit in sent)
    assert verdict.in_order
    assert decoder.stats()["submitted"] == len(sent)
    assert decoder.stats()["errors"] == 0
    outcomes = [frame.uuid for kind, frame in recorder.events if kind == "frame"]
    outcomes += [skip.frame.uuid for skip in recorder.skips]
    assert sorted(outcomes) == sorted(unit.frame.uuid for unit in sent)


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

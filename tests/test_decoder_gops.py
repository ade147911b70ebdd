"""Groups of pictures that are open, or that arrive with access units missing or repeated."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clips_lib import Clip
from decoding import config, packets, packets_of, recorded
from hostile import HOSTILE, OPEN_GOP, Hostile, Unit, Verdict, joined_at, judge
from savant_rs.deepstream import FlexibleDecoder


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


@pytest.mark.parametrize("clip", OPEN_GOP, ids=lambda clip: clip.codec)
def test_leading_pictures_without_their_references_are_skipped(clip: Clip) -> None:
    """A decoder that begins at a CRA picture or a recovery point cannot decode the leading pictures behind it."""
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


def test_what_comes_before_a_recovery_point_waits_for_it() -> None:
    clip = OPEN_GOP[0]
    sent = joined_at(3, 20)(clip)
    early = [unit.frame.uuid for unit in sent[:14]]
    with recorded() as (decoder, recorder):
        for unit in sent:
            decoder.submit(unit.frame, unit.data)
    waited = [skip.frame.uuid for skip in recorder.skips if skip.reason.is_waiting_for_keyframe]
    assert waited == early
    verdict = judge(clip, sent, recorder.pictures)
    assert (verdict.right, verdict.wrong, verdict.missing) == (60, [], [])


def test_a_stream_joined_at_a_recovery_point_beside_others() -> None:
    """Beside other decoders one has a single thread, with which libav's element fails on a gap in front."""
    clip = OPEN_GOP[0]
    sent = joined_at(17, 20)(clip)
    others = [FlexibleDecoder(config(), lambda output: None) for _ in range((os.cpu_count() or 1) + 1)]
    for other in others:
        for frame, data in packets(clip)[:2]:
            other.submit(frame, data)
    with recorded() as (decoder, recorder):
        for unit in sent:
            decoder.submit(unit.frame, unit.data)
    verdict = judge(clip, sent, recorder.pictures)
    assert (verdict.right, verdict.wrong, verdict.missing) == (60, [], [])
    for other in others:
        other.shutdown()


@pytest.mark.ffmpeg
def test_pictures_that_are_refreshed_bit_by_bit_are_no_place_to_begin(tmp_path: Path) -> None:
    """Intra refresh has recovery points that many pictures follow; only its first picture is an IDR picture."""
    path = tmp_path / "refreshed.h264"
    source = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25", "-frames:v", "60"]
    encoder = ["-c:v", "libx264", "-bf", "0", "-x264-params", "intra-refresh=1:keyint=15"]
    subprocess.run(["ffmpeg", "-v", "error", *source, *encoder, str(path)], check=True)
    sent = packets_of(path)
    with recorded(detect_buffer_limit=9) as (decoder, recorder):
        for frame, data in sent[1:]:
            decoder.submit(frame, data)
    assert recorder.reasons == ["detection_buffer_overflow"] * 50 + ["waiting_for_keyframe"] * 9
    with recorded() as (decoder, recorder):
        for frame, data in sent:
            decoder.submit(frame, data)
    assert recorder.kinds == ["frame"] * 60

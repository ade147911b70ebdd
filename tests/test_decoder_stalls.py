"""A decoder that takes nothing for too long is given up, and the stream goes on."""

from __future__ import annotations

import re
import time

from clips_lib import CLIPS
from decoding import packets, recorded
from savant_rs.deepstream import Hardware

CLIP = CLIPS["h264_1080p"]
MESSAGE = re.compile(
    r"the decoder took no packet and returned nothing for 1 ms; \d+ packets queued, \d+ inside; "
    r"\S+, \d+ of 4 output buffers in use; (last delivered: pts \d+ ns|nothing was delivered before)"
)


def test_a_decoder_without_a_moment_to_spare_is_given_up_and_submit_goes_on() -> None:
    """Opening any decoder for a packet of this size takes longer than the limit, while others queue behind it."""
    sent = []
    with recorded(stall_timeout_ms=1, hardware=Hardware.SOFTWARE) as (decoder, recorder):
        recorder.keep_pixels = False
        for _ in range(20):
            for frame, data in packets(CLIP):
                sent.append(frame.uuid)
                decoder.submit(frame, data)
            if "error" in recorder.kinds:
                break
    errors = [error for kind, error in recorder.events if kind == "error"]
    assert errors
    assert all(MESSAGE.fullmatch(error.message) for error in errors), errors[0].message
    told = [value.uuid if kind == "frame" else value.frame.uuid for kind, value in recorder.events]
    assert sorted(told) == sorted(sent)


def test_an_idle_decoder_does_not_stall() -> None:
    """It keeps its last pictures until more packets come, however long that takes."""
    with recorded(stall_timeout_ms=2000) as (decoder, recorder):
        recorder.keep_pixels = False
        for frame, data in packets(CLIP)[:20]:
            decoder.submit(frame, data)
        time.sleep(2.5)
    assert recorder.kinds == ["frame"] * 20

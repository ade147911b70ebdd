"""Sources that have been idle for too long."""

from __future__ import annotations

import logging
import threading
import time
from itertools import pairwise
from typing import Any

import pytest

from clips_lib import CLIPS, read_frame_number
from pools import packets_for, pool_config, recorded_pool, wait_until
from savant_rs.deepstream import EvictionDecision, FlexibleDecoderPool, _native
from test_decoder_pool import RAW, raw_frame

TTL_MS = 200
SMALL = CLIPS["h264_320x240"]
LOGGER = "savant_rs.deepstream"


def submit_all(pool: FlexibleDecoderPool, source_id: str) -> None:
    for frame, data in packets_for(SMALL, source_id):
        pool.submit(frame, data)


def test_the_decisions() -> None:
    evict, keep = EvictionDecision.EVICT, EvictionDecision.KEEP
    assert (evict.is_evict, evict.is_keep, keep.is_evict, keep.is_keep) == (True, False, False, True)
    assert evict == EvictionDecision.EVICT and evict != keep and evict != 0
    assert len({evict, keep, EvictionDecision.KEEP}) == 2
    assert (repr(evict), repr(keep)) == ("EvictionDecision.EVICT", "EvictionDecision.KEEP")
    with pytest.raises(TypeError):
        EvictionDecision()
    with pytest.raises(TypeError):
        int(evict)  # type: ignore[call-overload]


def test_an_idle_source_is_evicted_and_its_time_may_start_again() -> None:
    with recorded_pool(TTL_MS) as (pool, recorder):
        for lap in range(2):
            begin = time.monotonic()
            submit_all(pool, "a")
            wait_until(lambda: not pool.stats()["sources"])
            assert time.monotonic() - begin > TTL_MS / 1000
            assert pool.stats()["evictions"] == lap + 1
            wait_until(lambda: _native._live_objects()["sessions"] == 0)
        stats = pool.stats()
    assert stats["submitted"] == stats["delivered"] == 2 * SMALL.frames, "the counts of evicted sources stay"
    numbers = [read_frame_number(picture.pixels) for picture in recorder.of["a"].pictures]
    assert numbers == list(SMALL.numbers) * 2
    assert set(recorder.of["a"].kinds) == {"frame"}, "no parameter change, nothing skipped"


def test_the_callback_is_asked_on_a_thread_of_its_own_and_keep_restarts_the_time() -> None:
    asked: list[tuple[str, int, float]] = []

    def callback(source_id: str) -> EvictionDecision:
        asked.append((source_id, threading.get_ident(), time.monotonic()))
        return EvictionDecision.KEEP if len(asked) < 3 else EvictionDecision.EVICT

    with recorded_pool(TTL_MS, callback) as (pool, recorder):
        pool.submit(raw_frame("a"), RAW)
        submitted = time.monotonic()
        wait_until(lambda: not pool.stats()["sources"])
        assert pool.stats()["evictions"] == 1
        pool.submit(raw_frame("a"), RAW)
    assert [source for source, _, _ in asked] == ["a"] * 3
    assert threading.get_ident() not in {thread for _, thread, _ in asked}
    moments = [submitted, *(moment for _, _, moment in asked)]
    assert all(later - earlier > TTL_MS / 1000 for earlier, later in pairwise(moments))
    assert recorder.of["a"].kinds == ["frame"] * 2


@pytest.mark.parametrize("result", [ValueError("no"), None, 1], ids=["raises", "none", "int"])
def test_anything_but_a_decision_evicts_and_is_logged(result: Any, caplog: pytest.LogCaptureFixture) -> None:
    def callback(source_id: str) -> Any:
        if isinstance(result, Exception):
            raise result
        return result

    with caplog.at_level(logging.ERROR, LOGGER), recorded_pool(TTL_MS, callback) as (pool, _):
        pool.submit(raw_frame("a"), RAW)
        wait_until(lambda: not pool.stats()["sources"])
    assert len(caplog.records) == 1
    assert "the eviction callback" in caplog.records[0].getMessage()


def test_frames_and_only_frames_keep_a_source() -> None:
    with recorded_pool(400) as (pool, _):
        pool.submit(raw_frame("a"), RAW)
        pool.submit(raw_frame("b"), RAW)
        begin = time.monotonic()
        while "b" in pool.stats()["sources"]:
            assert time.monotonic() - begin < 30
            pool.submit(raw_frame("a"), RAW)
            if "b" in pool.stats()["sources"]:
                pool.source_eos("b")
            time.sleep(0.02)
        assert "a" in pool.stats()["sources"]
        pool.source_eos("b")
        assert "b" not in pool.stats()["sources"]


def test_a_submit_waits_for_the_decision_about_its_own_source_only() -> None:
    asked, decide = threading.Event(), threading.Event()

    def callback(source_id: str) -> EvictionDecision:
        asked.set()
        assert decide.wait(60)
        return EvictionDecision.EVICT

    with recorded_pool(TTL_MS, callback) as (pool, recorder):
        pool.submit(raw_frame("a"), RAW)
        assert asked.wait(30)
        waiting = threading.Thread(target=pool.submit, args=(raw_frame("a"), RAW))
        waiting.start()
        for _ in range(30):
            pool.submit(raw_frame("b"), RAW)
        wait_until(lambda: pool.stats()["sources"]["b"]["delivered"] == 30)
        assert waiting.is_alive()
        assert pool.stats()["sources"]["a"]["submitted"] == 1
        decide.set()
        waiting.join(30)
        assert not waiting.is_alive()
    assert recorder.of["a"].kinds == ["frame"] * 2


def test_a_shutdown_ends_the_wait_for_a_decision() -> None:
    asked, decide = threading.Event(), threading.Event()
    errors = []

    def callback(source_id: str) -> EvictionDecision:
        asked.set()
        assert decide.wait(60)
        return EvictionDecision.KEEP

    def submit() -> None:
        try:
            pool.submit(raw_frame("a"), RAW)
        except RuntimeError as error:
            errors.append(str(error))

    with recorded_pool(TTL_MS, callback) as (pool, _):
        pool.submit(raw_frame("a"), RAW)
        assert asked.wait(30)
        waiting = threading.Thread(target=submit)
        waiting.start()
        shutdown = threading.Thread(target=pool.shutdown)
        shutdown.start()
        waiting.join(30)
        decide.set()
        shutdown.join(30)
        assert not shutdown.is_alive()
    assert errors == ["the decoder pool is shut down"]


def test_calls_on_the_pool_from_the_eviction_callback() -> None:
    errors = []

    def callback(source_id: str) -> EvictionDecision:
        pool.submit(raw_frame(source_id), RAW)
        pool.source_eos(source_id)
        pool.submit(raw_frame("other"), RAW)
        for call in (pool.shutdown, pool.graceful_shutdown):
            try:
                call()
            except RuntimeError as error:
                errors.append(str(error))
        return EvictionDecision.EVICT

    with recorded_pool(TTL_MS, callback) as (pool, recorder):
        pool.submit(raw_frame("a"), RAW)
        wait_until(lambda: errors)
    assert all("inside a callback" in error for error in errors)
    assert recorder.of["a"].kinds[:3] == ["frame", "frame", "eos"]


def test_old_frames_come_before_new_ones_while_nobody_takes_the_old() -> None:
    """The consumer holds every buffer, so the evicted decoder cannot be drained; the new frames queue behind it."""
    held: list[Any] = []
    pts: list[int] = []
    hold = threading.Event()
    hold.set()

    def callback(output: Any) -> None:
        pts.append(output.as_frame().frame.pts)
        if hold.is_set():
            held.append(output)

    pool = FlexibleDecoderPool(pool_config(TTL_MS, pool_size=2), callback)

    def submit(times: range) -> None:
        for moment in times:
            frame = raw_frame("a")
            frame.pts = moment
            pool.submit(frame, RAW)

    submit(range(6))
    wait_until(lambda: pool.stats()["evictions"] == 1)
    submit(range(6, 12))
    assert pts == [0, 1]
    assert pool.stats()["sources"]["a"]["in_flight"] == 10
    hold.clear()
    held.clear()
    pool.graceful_shutdown()
    assert pts == list(range(12))

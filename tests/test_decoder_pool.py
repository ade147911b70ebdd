"""Many sources in one pool: routing, order, ends of stream, shutdowns and counters."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable

import pytest

from clips_lib import CLIPS, read_frame_number
from decoding import assert_accounted, make_frame
from pools import PoolRecorder, packets_for, pool_config, recorded_pool, wait_until
from savant_rs.deepstream import (
    DecoderConfig,
    FlexibleDecoderPool,
    FlexibleDecoderPoolConfig,
    Hardware,
    TransformConfig,
    VideoFormat,
    _native,
)
from savant_rs.primitives import Codec, VideoFrame

NAMES = ["h264_bpyramid_640x360", "h264_320x240", "vp8_320x180", "mjpeg_480x272"]
SMALL = CLIPS["h264_320x240"]
RAW = bytes(8 * 8 * 4)


def raw_frame(source_id: str) -> VideoFrame:
    return make_frame(Codec.RawRgba, 8, 8, source_id=source_id)


def test_defaults_builders_and_repr() -> None:
    config = FlexibleDecoderPoolConfig(0, 4, 5000)
    assert (config.gpu_id, config.pool_size, config.eviction_ttl_ms) == (0, 4, 5000)
    assert (config.idle_timeout_ms, config.detect_buffer_limit, config.stall_timeout_ms) == (1000, 30, 10_000)
    changed = (
        config.with_idle_timeout_ms(7)
        .with_detect_buffer_limit(8)
        .with_stall_timeout_ms(9)
        .with_hardware(Hardware.SOFTWARE)
        .with_output(VideoFormat.GRAY8, 64, 32, TransformConfig())
    )
    assert repr(config) == (
        "FlexibleDecoderPoolConfig(gpu_id=0, pool_size=4, eviction_ttl_ms=5000, idle_timeout_ms=1000, "
        "detect_buffer_limit=30)"
    )
    assert (changed.idle_timeout_ms, changed.detect_buffer_limit, changed.stall_timeout_ms) == (7, 8, 9)
    assert (changed.eviction_ttl_ms, changed.hardware) == (5000, Hardware.SOFTWARE)
    assert (changed.output_format, changed.output_size) == (VideoFormat.GRAY8, (64, 32))
    for wrong in [(-1, 4, 5), (0, -1, 5), (0, 4, -5)]:
        with pytest.raises(OverflowError):
            FlexibleDecoderPoolConfig(*wrong)
    with pytest.raises(TypeError, match="callable"):
        FlexibleDecoderPool(config, 3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="callable"):
        FlexibleDecoderPool(config, print, 3)  # type: ignore[arg-type]


def test_each_source_has_a_decoder_and_keeps_its_own_pictures_in_order() -> None:
    built = []

    def callback(decoder_config: DecoderConfig, frame: VideoFrame) -> DecoderConfig:
        built.append(frame.source_id)
        return decoder_config

    with recorded_pool(decoder_config_callback=callback) as (pool, recorder):
        streams = [packets_for(CLIPS[name], name) for name in NAMES]
        for packets in zip(*streams, strict=False):
            for frame, data in packets:
                pool.submit(frame, data)
        for stream in streams:
            for frame, data in stream[min(map(len, streams)) :]:
                pool.submit(frame, data)
        assert sorted(pool.stats()["sources"]) == sorted(NAMES)
    assert sorted(built) == sorted(NAMES), "one decoder a source"
    for name in NAMES:
        recorded = recorder.of[name]
        assert {picture.frame.source_id for picture in recorded.pictures} == {name}
        assert [read_frame_number(picture.pixels) for picture in recorded.pictures] == list(CLIPS[name].numbers)


def test_a_source_whose_consumer_is_stuck_does_not_stop_another() -> None:
    stuck, go_on = threading.Event(), threading.Event()
    others = []

    def callback(output: object) -> None:
        if output.as_frame().frame.source_id == "slow":
            stuck.set()
            assert go_on.wait(60)
        else:
            others.append(output.is_frame)

    pool = FlexibleDecoderPool(pool_config(), callback)

    def feed() -> None:
        for _ in range(60):
            pool.submit(raw_frame("slow"), RAW)

    feeder = threading.Thread(target=feed)
    feeder.start()
    assert stuck.wait(30)
    wait_until(lambda: pool.stats()["sources"]["slow"]["queue_depths"]["input"] == 16)
    for frame, data in packets_for(SMALL, "fast")[:40]:
        pool.submit(frame, data)
    wait_until(lambda: len(others) >= 20)
    others.clear()
    assert feeder.is_alive(), "the queue of the stuck source is full"
    go_on.set()
    feeder.join(30)
    pool.graceful_shutdown()
    assert_accounted(pool.stats())
    assert pool.stats()["sources"]["slow"]["delivered"] == 60


def test_skips_come_from_the_submitting_thread_and_make_a_decoder() -> None:
    with recorded_pool() as (pool, recorder):
        pool.submit(make_frame(None, 8, 8, source_id="a"), b"x")
        assert recorder.of["a"].reasons == ["unsupported_codec"]
        assert recorder.of["a"].threads == [threading.get_ident()]
        assert list(pool.stats()["sources"]) == ["a"]


def test_source_eos_keeps_its_place_and_makes_no_decoder() -> None:
    with recorded_pool() as (pool, recorder):
        pool.source_eos("nobody")
        assert recorder.of["nobody"].events == [("eos", "nobody")]
        assert recorder.of["nobody"].threads == [threading.get_ident()]
        assert pool.stats()["sources"] == {}
        for frame, data in packets_for(SMALL, "a"):
            pool.submit(frame, data)
        pool.source_eos("a")
        for frame, data in packets_for(SMALL, "a"):
            pool.submit(frame, data)
    assert recorder.of["a"].kinds == ["frame"] * SMALL.frames + ["eos"] + ["frame"] * SMALL.frames


@pytest.mark.parametrize("first", ["shutdown", "graceful_shutdown"])
def test_every_call_after_a_shutdown_raises_but_stats(first: str) -> None:
    with recorded_pool() as (pool, _):
        assert repr(pool) == "FlexibleDecoderPool(running)"
        pool.submit(raw_frame("a"), RAW)
        getattr(pool, first)()
        assert repr(pool) == "FlexibleDecoderPool(shut_down)"
        calls: list[Callable[[], object]] = [
            pool.shutdown,
            pool.graceful_shutdown,
            lambda: pool.source_eos("a"),
            lambda: pool.source_eos("unknown"),
            lambda: pool.submit(raw_frame("a"), RAW),
            lambda: pool.submit(make_frame(None, 8, 8, source_id="b")),
        ]
        for call in calls:
            with pytest.raises(RuntimeError, match="shut down"):
                call()
        assert pool.stats()["submitted"] == 1


def test_a_graceful_shutdown_drains_all_sources_and_an_immediate_one_none() -> None:
    for graceful in (True, False):
        go_on = threading.Event()

        def callback(output: object, go_on: threading.Event = go_on) -> None:
            assert go_on.wait(60)

        pool = FlexibleDecoderPool(pool_config(), callback)
        for index in range(8):
            for _ in range(5):
                pool.submit(raw_frame(f"s{index}"), RAW)
        shut = threading.Thread(target=pool.graceful_shutdown if graceful else pool.shutdown)
        shut.start()
        wait_until(lambda pool=pool: repr(pool).endswith("(shut_down)"))
        if not graceful:
            # The sources are abandoned one by one, behind that.
            wait_until(lambda pool=pool: pool.stats()["lost"] > 0)
        go_on.set()
        shut.join(30)
        assert not shut.is_alive()
        stats = pool.stats()
        assert stats["submitted"] == stats["delivered"] + stats["lost"] == 40, stats
        assert (stats["lost"] == 0) == graceful


def test_a_graceful_shutdown_with_a_limit_counts_what_remains_as_lost() -> None:
    held = []
    # Every picture holds one of the two buffers of its source: nothing more comes out.
    pool = FlexibleDecoderPool(pool_config(pool_size=2), lambda output: held.append(output))
    for index in range(3):
        for _ in range(6):
            pool.submit(raw_frame(f"s{index}"), RAW)
    wait_until(lambda: len(held) == 6)
    begin = time.monotonic()
    pool.graceful_shutdown(timeout_ms=200)
    assert 0.2 <= time.monotonic() - begin < 5
    stats = pool.stats()
    assert (stats["delivered"], stats["lost"], stats["in_flight"]) == (6, 12, 0)


def test_a_shutdown_from_inside_a_callback_raises() -> None:
    errors = []

    def callback(output: object) -> None:
        for call in (pool.shutdown, pool.graceful_shutdown):
            try:
                call()
            except RuntimeError as error:
                errors.append(str(error))

    pool = FlexibleDecoderPool(pool_config(), callback)
    pool.submit(raw_frame("a"), RAW)
    pool.graceful_shutdown()
    assert len(errors) == 2 and "inside a callback" in errors[0]


def test_callbacks_of_two_sources_may_submit_to_each_other() -> None:
    """Each waits for the other's queue if a submit from a callback waits at all."""
    refused = []

    def callback(output: object) -> None:
        frame = output.as_frame()
        if frame is None or pool.stats()["submitted"] > 400:
            return
        other = "b" if frame.frame.source_id == "a" else "a"
        for _ in range(8):
            try:
                pool.submit(raw_frame(other), RAW)
            except RuntimeError as error:
                refused.append(str(error))

    pool = FlexibleDecoderPool(pool_config(), callback)
    for source in "ab":
        pool.submit(raw_frame(source), RAW)
    wait_until(lambda: pool.stats()["submitted"] > 400 and pool.stats()["in_flight"] == 0)
    pool.graceful_shutdown()
    assert_accounted(pool.stats())
    assert all("cannot wait" in text for text in refused)


def test_the_counters_are_sums() -> None:
    with recorded_pool() as (pool, _):
        for name in ("a", "b"):
            for _ in range(3):
                pool.submit(raw_frame(name), RAW)
        pool.submit(make_frame(None, 8, 8, source_id="b"), b"x")
        wait_until(lambda: pool.stats()["in_flight"] == 0)
        stats = pool.stats()
    sources = stats["sources"]
    assert (sources["a"]["delivered"], sources["b"]["delivered"]) == (3, 3)
    assert (stats["submitted"], stats["delivered"], stats["skipped"]) == (7, 6, {"unsupported_codec": 1})
    assert stats["pool"]["capacity"] == sources["a"]["pool"]["capacity"] + sources["b"]["pool"]["capacity"] == 8
    assert stats["latency_ns"]["max"] == max(source["latency_ns"]["max"] for source in sources.values())
    assert stats["evictions"] == 0


def test_a_dropped_pool_is_torn_down_in_the_background(native_threads: Callable[[], list[str]]) -> None:
    class Owner:
        def __init__(self) -> None:
            self.pool = FlexibleDecoderPool(pool_config(), self.callback, self.evict)

        def callback(self, output: object) -> None:
            pass

        def evict(self, source_id: str) -> None:
            pass

    owner = Owner()
    for index in range(4):
        owner.pool.submit(raw_frame(f"s{index}"), RAW)
    gone = weakref.ref(owner)
    wait_until(lambda: "savant-sweep" in native_threads())
    wait_until(lambda: gone().pool.stats()["in_flight"] == 0)
    del owner
    gc.collect()
    assert gone() is None
    wait_until(lambda: not any(_native._live_objects().values()))
    wait_until(lambda: not {"savant-sweep", "savant-delivery"} & set(native_threads()))


def test_frames_are_split_by_source_under_many_feeders() -> None:
    with recorded_pool() as (pool, recorder):

        def feed(source: str) -> None:
            for frame, data in packets_for(SMALL, source):
                pool.submit(frame, data)

        feeders = [threading.Thread(target=feed, args=(f"s{index}",)) for index in range(8)]
        for feeder in feeders:
            feeder.start()
        for feeder in feeders:
            feeder.join()
    assert isinstance(recorder, PoolRecorder)
    for index in range(8):
        numbers = [read_frame_number(picture.pixels) for picture in recorder.of[f"s{index}"].pictures]
        assert numbers == list(SMALL.numbers)

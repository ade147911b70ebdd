"""Random schedules of real threads around a decoder or a pool."""

from __future__ import annotations

import gc
import logging
import random
import threading
import time
from collections import Counter
from typing import Any

from clips_lib import CLIPS
from decoding import SOURCE, assert_accounted, config, make_frame
from pools import packets_for, pool_config
from savant_rs.deepstream import EvictionDecision, FlexibleDecoder, FlexibleDecoderPool, QueuePolicy
from savant_rs.primitives import Codec

WAIT_S = 30
FEEDERS = 3
STEPS = 30
SOURCES = (SOURCE, "b", "c")
POOL_SIZE = 3
MAX_HELD = POOL_SIZE - 1
CALLS_FROM_CALLBACKS = 30

logging.getLogger("savant_rs.deepstream").addFilter(lambda record: "by a schedule" not in record.getMessage())
_PACKETS = [data for _, data in packets_for(CLIPS["h264_320x240"], SOURCE)]


class Schedule:
    """One schedule: what it does depends on the seed only, when it does it on the machine."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        choice = random.Random(seed)
        self.is_pool = choice.random() < 0.5
        self.end = choice.choice(["graceful_shutdown", "shutdown", "drop"])
        self.is_h264 = choice.random() < 0.3
        self.manners = choice.choices(["quick", "raise", "sleep", "hold", "submit", "eos", "gc", "log"], k=6)
        self.taken: Counter[int] = Counter()
        self.told: Counter[int] = Counter()
        self.lock = threading.Lock()
        self.held: list[Any] = []
        self.calls_left = CALLS_FROM_CALLBACKS
        self.keep = choice.random() < 0.5
        policy = choice.choice([QueuePolicy.BLOCK, QueuePolicy.DROP_OLDEST_GOP, QueuePolicy.DROP_NON_REFERENCE])
        made: Any
        if self.is_pool:
            made = FlexibleDecoderPool(
                pool_config(choice.choice([0, 1, 60_000]), pool_size=POOL_SIZE), self, self.evict
            )
        else:
            made = FlexibleDecoder(config(pool_size=POOL_SIZE).with_queue_policy(policy), self)
        self.target = made

    def evict(self, source_id: str) -> EvictionDecision:
        return EvictionDecision.KEEP if self.keep else EvictionDecision.EVICT

    def __call__(self, output: Any) -> None:
        inner = output.as_frame() or output.as_skipped() or output.as_error()
        if inner is not None and inner.frame is not None:
            with self.lock:
                self.told[inner.frame.pts] += 1
        manner = self.manners[sum(self.told.values()) % len(self.manners)]
        if manner == "raise":
            raise ValueError("by a schedule")
        if manner == "sleep":
            time.sleep(0.001)
        elif manner == "hold" and output.is_frame:
            self.held.append(inner.take_delivery())
            if len(self.held) > MAX_HELD:
                self.held.pop(0)
        elif manner == "submit" and output.is_frame and self.may_call():
            self.submit(random.randrange(1 << 30, 1 << 40))
        elif manner == "eos" and self.may_call():
            self.attempt(lambda: self.target.source_eos("from a callback"))
        elif manner == "gc":
            gc.collect(0)
        elif manner == "log":
            logging.getLogger("savant_rs.deepstream").info("a line")

    def may_call(self) -> bool:
        """Calls from callbacks bring more callbacks, so there is an end to them."""
        self.calls_left -= 1
        return self.calls_left > 0

    def attempt(self, call: Any) -> bool:
        """Calls; what a shutdown or a callback refuses is fine."""
        try:
            call()
        except (RuntimeError, AttributeError) as error:
            allowed = ("shut down", "cannot wait", "'Schedule' object has no attribute 'target'")
            if not any(text in str(error) for text in allowed):
                raise
            return False
        return True

    def submit(self, number: int) -> None:
        source = SOURCES[number % len(SOURCES)] if self.is_pool else SOURCE
        if self.is_h264:
            frame = make_frame(Codec.H264, 320, 240, source_id=source, pts=number)
            data = _PACKETS[number % len(_PACKETS)]
        else:
            side = 8 if number % 40 else 16
            frame = make_frame(Codec.RawRgba, side, 8, source_id=source, pts=number)
            data = bytes(side * 8 * 4)
        if self.attempt(lambda: self.target.submit(frame, data)):
            with self.lock:
                self.taken[number] += 1

    def feed(self, feeder: int) -> None:
        choice = random.Random(self.seed * FEEDERS + feeder)
        for step in range(STEPS):
            kind = choice.random()
            if kind < 0.9:
                self.submit(feeder * STEPS + step)
            elif kind < 0.95:
                self.attempt(lambda: self.target.source_eos(choice.choice(SOURCES)))
            else:
                self.target.stats()

    def run(self) -> None:
        feeders = [threading.Thread(target=self.feed, args=(index,), daemon=True) for index in range(FEEDERS)]
        for feeder in feeders:
            feeder.start()
        if self.end == "shutdown":
            time.sleep(random.Random(self.seed).random() * 0.005)
            self.target.shutdown()
        for feeder in feeders:
            feeder.join(WAIT_S)
            assert not feeder.is_alive(), f"seed {self.seed}: a feeder hangs"
        if self.end == "drop":
            target = self.target
            del self.target
            del target
            return
        if self.end == "graceful_shutdown":
            self.target.graceful_shutdown()
        self.check()

    def check(self) -> None:
        stats = self.target.stats()
        assert_accounted(stats)
        assert stats["submitted"] == sum(self.taken.values()), f"seed {self.seed}"
        told, lost = sum(self.told.values()), stats["lost"]
        assert told + lost == stats["submitted"], f"seed {self.seed}: {told} told of {stats}"
        assert not self.told - self.taken, f"seed {self.seed}: told twice or never taken"


def run_schedule(seed: int) -> None:
    """Runs the schedule of this seed to its end, within ``WAIT_S``; fails if it hangs or a frame is amiss."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            Schedule(seed).run()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(2 * WAIT_S)
    assert not thread.is_alive(), f"seed {seed} hangs"
    if errors:
        raise errors[0]

"""What the tests of decoder pools share."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from clips_lib import Clip
from decoding import POOL_SIZE, Recorder, assert_accounted
from savant_rs.deepstream import FlexibleDecoderOutput, FlexibleDecoderPool, FlexibleDecoderPoolConfig
from savant_rs.gstreamer import PacketReader
from savant_rs.primitives import VideoFrame

LIMIT_S = 30
NEVER_MS = 3_600_000
PATIENCE_MS = 20_000


class PoolRecorder:
    """A result callback that keeps the outputs of each source apart, as ``Recorder`` does for one."""

    def __init__(self, keep_pixels: bool = True) -> None:
        self.of: defaultdict[str, Recorder] = defaultdict(lambda: Recorder(keep_pixels=keep_pixels))
        self._lock = threading.Lock()

    def __call__(self, output: FlexibleDecoderOutput) -> None:
        with self._lock:
            recorder = self.of[source_of(output)]
        recorder(output)


def source_of(output: FlexibleDecoderOutput) -> str:
    """The source that an output belongs to; ``""`` when it does not tell."""
    if output.is_source_eos:
        return output.as_source_eos().source_id
    inner = output.as_frame() or output.as_skipped() or output.as_error()
    frame = getattr(inner, "frame", None)
    return frame.source_id if frame is not None else ""


def packets_for(clip: Clip, source_id: str) -> list[tuple[VideoFrame, bytes]]:
    """All packets of a clip as those of a source."""
    with PacketReader(clip.path, source_id) as reader:
        return list(reader)


def pool_config(eviction_ttl_ms: int = NEVER_MS, **builders: Any) -> FlexibleDecoderPoolConfig:
    """A configuration; each keyword calls the ``with_`` method of that name with its one argument."""
    made = FlexibleDecoderPoolConfig(0, builders.pop("pool_size", POOL_SIZE), eviction_ttl_ms)
    builders.setdefault("idle_timeout_ms", PATIENCE_MS)
    for name, value in builders.items():
        made = getattr(made, f"with_{name}")(value)
    return made


@contextmanager
def recorded_pool(
    eviction_ttl_ms: int = NEVER_MS, eviction_callback: Callable[[str], Any] | None = None, **builders: Any
) -> Iterator[tuple[FlexibleDecoderPool, PoolRecorder]]:
    """A pool with its recorder, shut down gracefully at the end; every frame must be accounted for."""
    recorder = PoolRecorder()
    pool = FlexibleDecoderPool(pool_config(eviction_ttl_ms, **builders), recorder, eviction_callback)
    try:
        yield pool, recorder
    finally:
        if repr(pool) == "FlexibleDecoderPool(running)":
            pool.graceful_shutdown()
    assert_accounted(pool.stats())


def wait_until(condition: Callable[[], object], limit_s: float = LIMIT_S) -> None:
    """Wait for what another thread brings about."""
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def submit_until_full(submit: Callable[..., None], frame: Callable[[], VideoFrame], data: bytes) -> None:
    """Submits until there is no room for a while, which raises ``TimeoutError``."""
    for _ in range(400):
        submit(frame(), data, timeout_ms=200)

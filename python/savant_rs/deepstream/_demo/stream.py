"""One video file, one decoder: the thread that feeds it and the callback that takes its output."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from savant_rs.deepstream import (
    DecodedFrame,
    FlexibleDecoder,
    FlexibleDecoderConfig,
    FlexibleDecoderOutput,
    SealedDelivery,
)
from savant_rs.gstreamer import PacketReader


@dataclass(frozen=True)
class Arrival:
    """A sealed frame on its way from a decoder's callback to the consumer."""

    stream: Stream
    delivery: SealedDelivery


@dataclass
class Facts:
    """What was seen of a stream so far. Each field has one writing thread; anyone may read.

    `notes` tell what the decoder said about single frames, `failures` why the run is not a success.
    """

    size: str = ""
    codec: str = ""
    decoder: str = ""
    hardware: bool = False
    consumed: int = 0
    notes: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    started_s: float | None = None
    last_output_s: float | None = None
    done: bool = False

    @property
    def fps(self) -> float:
        """Delivered pictures a second, from the first submit to the last delivery."""
        if self.started_s is None or self.last_output_s is None or self.last_output_s <= self.started_s:
            return 0.0
        return self.consumed / (self.last_output_s - self.started_s)


class Stream:
    """Reads `path`, submits every packet to a decoder of its own, queues every sealed frame in `arrivals`.

    The callback never blocks: what bounds the queue is the decoder's pool, since a queued frame holds
    one of its buffers.
    """

    def __init__(self, path: Path, source_id: str, arrivals: queue.SimpleQueue[Arrival | None], *,
                 gpu_id: int, pool_size: int) -> None:  # fmt: skip
        self.path = path
        self.source_id = source_id
        self.facts = Facts()
        self._arrivals = arrivals
        self._stop = threading.Event()
        config = FlexibleDecoderConfig(source_id, gpu_id, pool_size)
        self._decoder = FlexibleDecoder(config, self._on_output)
        self._feeder = threading.Thread(target=self._feed, name=f"feed-{source_id}", daemon=True)

    def start(self) -> None:
        """Start feeding on a thread of its own."""
        self._feeder.start()

    def stop(self) -> None:
        """Ask the feeding thread to submit nothing more. Returns at once."""
        self._stop.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for the feeding thread, which ends when the decoder has given back every frame."""
        self._feeder.join(timeout_s)
        return not self._feeder.is_alive()

    def stats(self) -> dict[str, Any]:
        """The decoder's counters; they answer after its shutdown too."""
        return self._decoder.stats()

    def count_consumed(self) -> None:
        """Note that one frame of this stream has been unsealed and looked at."""
        self.facts.consumed += 1
        self.facts.last_output_s = time.monotonic()

    def _feed(self) -> None:
        try:
            self._submit_all()
        except Exception as error:
            self.facts.failures.append(f"feeding it failed: {error!r}")
        try:
            self._decoder.graceful_shutdown()
        except Exception as error:
            self.facts.failures.append(f"its shutdown failed: {error!r}")
        self.facts.done = True

    def _submit_all(self) -> None:
        with PacketReader(str(self.path), self.source_id) as packets:
            for frame, data in packets:
                if self._stop.is_set():
                    self.facts.failures.append("stopped before the end of the file")
                    return
                if self.facts.started_s is None:
                    self.facts.started_s = time.monotonic()
                    self.facts.size = f"{frame.width}x{frame.height}"
                    self.facts.codec = frame.codec.name() if frame.codec else "?"
                self._decoder.submit(frame, data)

    def _on_output(self, output: FlexibleDecoderOutput) -> None:
        frame_output = output.as_frame()
        if frame_output is not None:
            self._note_decoder(frame_output.decoded_frame)
            delivery = frame_output.take_delivery()
            if delivery is not None:
                self._arrivals.put(Arrival(self, delivery))
            return
        error = output.as_error()
        if error is not None:
            self._note(error.message)
        skipped = output.as_skipped()
        if skipped is not None and skipped.reason.is_decoder_creation_failed:
            self._note(skipped.reason.detail or "no decoder could be made")

    def _note_decoder(self, decoded: DecodedFrame) -> None:
        if not self.facts.decoder:
            self.facts.decoder = decoded.decoder
            self.facts.hardware = decoded.hardware

    def _note(self, message: str) -> None:
        if message not in self.facts.notes:
            self.facts.notes.append(message)

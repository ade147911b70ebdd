"""What every program is told, what it measures and what it answers.

The clock begins when every stream has its first picture, so that the creation of decoders does not count, and
stops with the last picture. As sinks do while a pipeline prerolls, a stream keeps its first picture until all
have theirs. Pictures after the first of each stream are counted.
"""

from __future__ import annotations

import argparse
import json
import pickle
import resource
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from clips_lib import CLIPS, Clip

PREROLL_LIMIT_S = 15


@dataclass(frozen=True)
class Task:
    """`streams` times at once, the access units of the clip, `loops` times over."""

    clip: Clip
    units: list[bytes]
    streams: int
    loops: int
    check: bool
    output: str

    @property
    def frames_per_stream(self) -> int:
        return self.loops * self.clip.frames


@dataclass(frozen=True)
class Measured:
    """Frames and seconds in the steady stretch, CPU seconds there, and both over the program's whole work."""

    frames: int
    seconds: float
    cpu_seconds: float
    total_frames: int
    total_seconds: float


class Clock:
    """Runs from the moment when all streams have their first picture to the last picture of all."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._created = time.perf_counter()
        self._all_prerolled = threading.Barrier(task.streams, action=self._start)
        self._lock = threading.Lock()

    def first_picture(self) -> None:
        """To be called by each stream; waits for the others."""
        self._all_prerolled.wait(PREROLL_LIMIT_S)

    def last_picture(self) -> None:
        """To be called by each stream; the last call counts."""
        with self._lock:
            self._stopped, self._cpu_stopped = time.perf_counter(), cpu_seconds()

    def measured(self) -> Measured:
        """To be called when the decoders are gone."""
        frames = self._task.streams * self._task.frames_per_stream
        return Measured(
            frames - self._task.streams,
            self._stopped - self._started,
            self._cpu_stopped - self._cpu_started,
            frames,
            time.perf_counter() - self._created,
        )

    def _start(self) -> None:
        self._started, self._cpu_started = time.perf_counter(), cpu_seconds()


def cpu_seconds() -> float:
    """User and system time of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def read_task() -> Task:
    """The task in the arguments of this program."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clip", type=CLIPS.__getitem__, required=True)
    parser.add_argument("--units", type=lambda path: pickle.loads(Path(path).read_bytes()), required=True)
    parser.add_argument("--streams", type=int, default=1)
    parser.add_argument("--loops", type=int, default=1)
    parser.add_argument("--output", default="")
    parser.add_argument("--check", action="store_true", help="check the pictures of one stream, measure nothing")
    return Task(**vars(parser.parse_args()))


def answer(measured: Measured | None) -> None:
    """Prints the result, in one line of JSON."""
    print(json.dumps(asdict(measured) if measured else {"checked": True}), flush=True)

"""What every program is told, what it measures and what it answers.

The clock begins when every stream has its first picture, so that the creation of decoders does not count, and
stops with the last picture. As sinks do while a pipeline prerolls, a stream keeps its first picture until all
have theirs. Pictures after the first of each stream are counted.
"""

from __future__ import annotations

import argparse
import json
import pickle
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from _programs.processes import ThreadWatch, cpu_seconds, peak_rss_bytes
from clips_lib import CLIPS, Clip

PREROLL_LIMIT_S = 15
PICTURES_A_LOOK = 16


@dataclass(frozen=True)
class Task:
    """`streams` times at once, what `file` holds of the clip, `loops` times over.

    With a `picture`, a check leaves its first picture there, or compares it with what is there. With `threads`, the CPU
    time of threads is watched.
    """

    clip: Clip
    file: Path
    streams: int
    loops: int
    check: bool
    output: str
    picture: Path | None
    threads: bool

    def units(self) -> list[bytes]:
        """The access units of the clip, where the file is a pickled list of them."""
        return pickle.loads(self.file.read_bytes())

    @property
    def frames_per_stream(self) -> int:
        return self.loops * self.clip.frames


@dataclass(frozen=True)
class Measured:
    """Frames and seconds in the steady stretch, CPU seconds there, and frames and seconds of the whole work.

    CPU seconds by name of the thread are there if they were asked for and the program decodes in its own process.
    """

    frames: int
    seconds: float
    cpu_seconds: float
    total_frames: int
    total_seconds: float
    peak_rss_bytes: int
    cpu_seconds_by_thread: dict[str, float] = field(default_factory=dict)


class Clock:
    """Runs from the moment when all streams have their first picture to the last picture of all.

    A program that ends each stream as soon as it is through passes `held`: the last pictures of a stream do not count
    then, and no stream ends before `wait_for_others` returns. Otherwise the teardown of decoders, for which NVIDIA's
    driver stops those that still work, would be part of the stretch; gst-launch-1.0 tears down when all are through.
    """

    def __init__(self, task: Task, held: int = 0) -> None:
        self._task, self._held = task, held
        self._created = time.perf_counter()
        self._all_prerolled = threading.Barrier(task.streams, action=self._start)
        self._through, self._left = threading.Event(), task.streams
        self._lock = threading.Lock()
        self._threads: ThreadWatch | None = None

    def first_picture(self) -> None:
        """To be called by each stream; waits for the others."""
        self._all_prerolled.wait(PREROLL_LIMIT_S)

    def look_at_threads(self) -> None:
        """To be called now and then, since a decoder's threads may end before its last picture is taken."""
        if self._threads:
            with self._lock:
                self._threads.look()

    def wait_for_others(self) -> None:
        """To be called by each stream after it was given everything; waits for the `last_picture` of all."""
        self._through.wait(PREROLL_LIMIT_S)

    def last_picture(self) -> None:
        """To be called by each stream; the last call counts."""
        self.look_at_threads()
        with self._lock:
            self._stopped, self._cpu_stopped = time.perf_counter(), cpu_seconds()
            self._left -= 1
            if not self._left:
                self._through.set()

    def measured(self) -> Measured:
        """To be called when the decoders are gone."""
        frames = self._task.streams * self._task.frames_per_stream
        return Measured(
            frames - self._task.streams * (1 + self._held),
            self._stopped - self._started,
            self._cpu_stopped - self._cpu_started,
            frames,
            time.perf_counter() - self._created,
            peak_rss_bytes(),
            self._threads.seconds_by_name() if self._threads else {},
        )

    def _start(self) -> None:
        if self._task.threads:
            self._threads = ThreadWatch()
        self._started, self._cpu_started = time.perf_counter(), cpu_seconds()


class _Stream(threading.Thread):
    """Takes each picture of one decoder and lets it go."""

    def __init__(self, task: Task, clock: Clock, pictures: Iterable[object]) -> None:
        super().__init__()
        self.task, self.clock, self.pictures, self.delivered = task, clock, pictures, 0

    def run(self) -> None:
        for _ in self.pictures:
            self.delivered += 1
            if self.delivered == 1:
                self.clock.first_picture()
            elif self.delivered % PICTURES_A_LOOK == 0:
                self.clock.look_at_threads()
            if self.delivered == self.task.frames_per_stream:
                self.clock.last_picture()


def measure_streams(task: Task, pictures: Callable[[Task], Iterable[object]]) -> Measured:
    """Decodes in this process: for each stream a thread that goes through its pictures."""
    clock = Clock(task)
    streams = [_Stream(task, clock, pictures(task)) for _ in range(task.streams)]
    for stream in streams:
        stream.start()
    for stream in streams:
        stream.join()
    counts = [stream.delivered for stream in streams]
    if counts != [task.frames_per_stream] * task.streams:
        raise SystemExit(f"{counts} pictures came out of {task.frames_per_stream} frames a stream")
    return clock.measured()


def serve(measure: Callable[[Task], Measured], check: Callable[[Task], None]) -> None:
    """The main function of a program: does what its arguments say and prints one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clip", required=True, help="name of the test clip whose pictures they are")
    parser.add_argument("--codec", required=True)
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--streams", type=int, default=1)
    parser.add_argument("--loops", type=int, default=1)
    parser.add_argument("--output", default="")
    parser.add_argument("--check", action="store_true", help="check the pictures of one stream, measure nothing")
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--threads", action="store_true")
    values = vars(parser.parse_args())
    clip = replace(CLIPS[values.pop("clip")], codec=values.pop("codec"))
    task = Task(clip=clip, **values)
    if task.check:
        check(task)
    print(json.dumps({"checked": True} if task.check else asdict(measure(task))), flush=True)

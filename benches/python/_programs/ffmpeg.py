"""The ffmpeg program, one process a stream; `OUTPUTS` says what becomes of the planes.

The pictures end in its null muxer, which takes them without a copy. When it has its first picture, and how many it
had when all streams had theirs, is read from its progress reports, of which there is one in five milliseconds.
"""

from __future__ import annotations

import subprocess
import threading
import time

from _programs.pictures import check_pictures, read_raw_pictures
from _programs.processes import cpu_seconds, peak_rss_bytes
from _programs.steady import Measured, Task, serve

OUTPUTS = {"rgba": ["-vf", "format=rgba"], "decode-only": []}
PROGRESS = ["-progress", "pipe:1", "-stats_period", "0.005"]
FIRST_PICTURE_LIMIT_S = 15


def command(task: Task, *output: str) -> list[str]:
    return ["ffmpeg", "-nostdin", "-v", "error", "-i", str(task.file), "-fps_mode", "passthrough", *output]


class Stream(threading.Thread):
    """One process, and what it said last about itself."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        arguments = [*OUTPUTS[task.output], *PROGRESS, "-f", "null", "-"]
        self._process = subprocess.Popen(command(task, *arguments), stdout=subprocess.PIPE, text=True)
        self.has_picture = threading.Event()
        self.frames, self.peak_rss_bytes = 0, 0

    def run(self) -> None:
        for line in self._process.stdout:
            key, _, value = line.strip().partition("=")
            if key == "frame":
                self.frames = int(value)
                if self.frames:
                    self.has_picture.set()
            elif key == "progress":
                self.peak_rss_bytes = peak_rss_bytes(self._process.pid) or self.peak_rss_bytes
                if value == "end":
                    self.stopped, self.cpu_stopped = time.perf_counter(), self.cpu_seconds()

    def cpu_seconds(self) -> float:
        return cpu_seconds(self._process.pid)

    def close(self) -> None:
        if self._process.wait():
            raise SystemExit(f"ffmpeg ended with {self._process.returncode}")


def measure(task: Task) -> Measured:
    created = time.perf_counter()
    streams = [Stream(task) for _ in range(task.streams)]
    for stream in streams:
        stream.start()
    for stream in streams:
        if not stream.has_picture.wait(FIRST_PICTURE_LIMIT_S):
            raise SystemExit("ffmpeg gave no picture")
    started, decoded = time.perf_counter(), sum(stream.frames for stream in streams)
    cpu_started = sum(stream.cpu_seconds() for stream in streams)
    for stream in streams:
        stream.join()
        stream.close()
    counts = [stream.frames for stream in streams]
    if counts != [task.frames_per_stream] * task.streams:
        raise SystemExit(f"{counts} pictures came out of {task.frames_per_stream} frames a stream")
    return Measured(
        sum(counts) - decoded,
        max(stream.stopped for stream in streams) - started,
        sum(stream.cpu_stopped for stream in streams) - cpu_started,
        sum(counts),
        time.perf_counter() - created,
        sum(stream.peak_rss_bytes for stream in streams),
    )


def check(task: Task) -> None:
    """Of a process that only decodes, the decoder is checked by what comes out behind a conversion."""
    raw = command(task, *OUTPUTS["rgba"], "-f", "rawvideo", "pipe:1")
    check_pictures(task, read_raw_pictures(raw, task))


if __name__ == "__main__":
    serve(measure, check)

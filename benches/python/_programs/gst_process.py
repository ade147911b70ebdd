"""gst-launch-1.0 as a process that is watched.

Its own clock runs from the moment when every branch has prerolled, with its first picture in the sink.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Mapping

from _programs.processes import cpu_seconds, peak_rss_bytes
from _programs.steady import Measured, Task


def execution_seconds(printed: str) -> float | None:
    """Seconds in the playing state, as gst-launch-1.0 itself reports: start-up does not count."""
    match = re.search(r"Execution ended after (\d+):(\d+):(\d+\.\d+)", printed)
    if match is None:
        return None
    hours, minutes, seconds = match.groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def measure_branch(branch: str, task: Task, environment: Mapping[str, str] | None = None) -> Measured:
    """Runs the branch, which gives all frames of one stream to its sink, as often as there are streams."""
    started, printed, cpu, peak_rss = time.perf_counter(), "", [], 0
    line_by_line = {
        "stdout": subprocess.PIPE,
        "stderr": subprocess.STDOUT,
        "text": True,
        "errors": "replace",
        "env": environment,
    }
    with subprocess.Popen(["gst-launch-1.0", *(branch.split() * task.streams)], **line_by_line) as process:
        for line in process.stdout:
            printed += line
            if "Setting pipeline to PLAYING" in line or "Execution ended" in line:
                cpu.append(cpu_seconds(process.pid))
                peak_rss = peak_rss_bytes(process.pid)
    total = time.perf_counter() - started
    seconds = execution_seconds(printed)
    if process.returncode or seconds is None or len(cpu) != 2:
        raise SystemExit(f"gst-launch-1.0 ended with {process.returncode}: {printed[-1500:]}")
    frames = task.streams * task.frames_per_stream
    return Measured(frames - task.streams, seconds, cpu[1] - cpu[0], frames, total, peak_rss)

"""gst-launch-1.0 with NVIDIA's elements: pictures as RGBA in GPU memory, dropped by a fakesink.

Its own clock runs from the moment when every branch has prerolled, with its first picture in the sink.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

from _programs.steady import Measured, Task, answer, read_task

PARSERS = {"h264": "h264parse", "hevc": "h265parse"}
DECODE = "nvv4l2decoder ! nvvideoconvert ! video/x-raw(memory:NVMM),format=RGBA"
# gst-launch-1.0 finds NVIDIA's plugins by this variable; this process must not scan them.
PLUGINS = os.environ.get("PEER_GST_PLUGIN_PATH")
ENVIRONMENT = {**os.environ, **({"GST_PLUGIN_PATH": PLUGINS} if PLUGINS else {})}
STAT_USER_TIME, STAT_SYSTEM_TIME = 11, 12


def execution_seconds(printed: str) -> float | None:
    """Seconds in the playing state, as gst-launch-1.0 itself reports: start-up does not count."""
    match = re.search(r"Execution ended after (\d+):(\d+):(\d+\.\d+)", printed)
    if match is None:
        return None
    hours, minutes, seconds = match.groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def pictures(printed: str) -> int:
    """Buffers that reached a ``fakesink silent=false`` of ``gst-launch-1.0 -v``."""
    return len(re.findall(r"last-message = chain", printed))


def command(path: Path, task: Task, sink: str) -> list[str]:
    branch = f"filesrc location={path} ! {PARSERS[task.clip.codec]} ! {DECODE} ! {sink}"
    return [*(["-v"] if task.check else []), *(branch.split() * task.streams)]


def measure(path: Path, task: Task) -> Measured:
    started, printed, cpu = time.perf_counter(), "", []
    line_by_line = {
        "stdout": subprocess.PIPE,
        "stderr": subprocess.STDOUT,
        "text": True,
        "errors": "replace",
        "env": ENVIRONMENT,
    }
    with subprocess.Popen(["gst-launch-1.0", *command(path, task, "fakesink sync=false")], **line_by_line) as process:
        for line in process.stdout:
            printed += line
            if "Setting pipeline to PLAYING" in line or "Execution ended" in line:
                cpu.append(cpu_seconds(process.pid))
    total = time.perf_counter() - started
    seconds = execution_seconds(printed)
    if process.returncode or seconds is None or len(cpu) != 2:
        raise SystemExit(f"gst-launch-1.0 ended with {process.returncode}: {printed[-1500:]}")
    frames = task.streams * task.frames_per_stream
    return Measured(frames - task.streams, seconds, cpu[1] - cpu[0], frames, total)


def check(path: Path, task: Task) -> None:
    """Every picture reaches the sink."""
    sink = "fakesink sync=false silent=false"
    done = subprocess.run(
        ["gst-launch-1.0", *command(path, task, sink)],
        capture_output=True,
        text=True,
        errors="replace",
        env=ENVIRONMENT,
    )
    found = pictures(done.stdout)
    if found != task.clip.frames:
        raise SystemExit(f"gst-launch-1.0 gave {found} of {task.clip.frames} pictures: {done.stderr[-1500:]}")


def cpu_seconds(process_id: int) -> float:
    """User and system time of another process."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[STAT_USER_TIME]) + int(fields[STAT_SYSTEM_TIME])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    task = read_task()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "repeated"
        path.write_bytes(b"".join(task.units) * task.loops)
        answer(check(path, task) if task.check else measure(path, task))


if __name__ == "__main__":
    main()

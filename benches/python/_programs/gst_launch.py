"""gst-launch-1.0 with NVIDIA's elements: pictures as RGBA in GPU memory, dropped by a fakesink."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path

from _programs.gst_process import measure_branch
from _programs.steady import Measured, Task, serve

PARSERS = {"h264": "h264parse", "hevc": "h265parse"}
DECODE = "nvv4l2decoder ! nvvideoconvert ! video/x-raw(memory:NVMM),format=RGBA"
# gst-launch-1.0 finds NVIDIA's plugins by this variable; this process must not scan them.
PLUGINS = os.environ.get("PEER_GST_PLUGIN_PATH")
ENVIRONMENT = {**os.environ, **({"GST_PLUGIN_PATH": PLUGINS} if PLUGINS else {})}


def branch(folder: str, task: Task, sink: str) -> str:
    """One branch of the pipeline, which reads the access units of the whole stream from a file of its own making."""
    path = Path(folder) / "repeated"
    path.write_bytes(b"".join(task.units()) * task.loops)
    return f"filesrc location={path} ! {PARSERS[task.clip.codec]} ! {DECODE} ! {sink}"


def measure(task: Task) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        return measure_branch(branch(folder, task, "fakesink sync=false"), task, ENVIRONMENT)


def check(task: Task) -> None:
    """Every picture reaches the sink."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["gst-launch-1.0", "-v", *branch(folder, task, "fakesink sync=false silent=false").split()],
            capture_output=True,
            text=True,
            errors="replace",
            env=ENVIRONMENT,
        )
    found = len(re.findall(r"last-message = chain", done.stdout))
    if found != task.clip.frames:
        raise SystemExit(f"gst-launch-1.0 gave {found} of {task.clip.frames} pictures: {done.stderr[-1500:]}")


if __name__ == "__main__":
    serve(measure, check)

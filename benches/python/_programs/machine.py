"""What the figures were taken on."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path


def machine() -> dict[str, object]:
    models = re.findall(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "gpu": _printed("nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"),
        "load_before": os.getloadavg()[0],
        "gstreamer": _printed("gst-launch-1.0", "--version"),
        "python": platform.python_version(),
    }


def _printed(*command: str) -> str | None:
    """The first line that a program prints; ``None`` if there is none."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return (done.stdout.splitlines() or [""])[0] if done.returncode == 0 else None

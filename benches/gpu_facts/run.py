#!/usr/bin/env python3
"""Runs the sections of facts one after the other, each in a process and with a time limit of its own.

    python benches/gpu_facts/run.py --library-dir DEEPSTREAM_LIB_DIR [--only pairing damage] [--hardware preferred]

What they print passes through at once, so a section that is stopped leaves what it found until then. Only the facts
about the libraries need their folder.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The clips and what judges pictures belong to the tests, gst-launch-1.0 to the benchmarks.
MODULES = (HERE.parents[1] / "tests", HERE.parent / "python")
# Seconds for each section; those that decode end by themselves before.
LIMITS = {"facts": 20, "pairing": 40, "size_change": 20, "damage": 40, "many_decoders": 40}
GRACE_S = 5


def run(section: str, arguments: list[str]) -> str:
    """Returns how the section ended."""
    command = [sys.executable, "-u", HERE / f"{section}.py", *arguments]
    search = os.pathsep.join([*map(str, MODULES), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(command, start_new_session=True, env={**os.environ, "PYTHONPATH": search})
    try:
        return f"exit status {process.wait(LIMITS[section] + GRACE_S)}"
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return "stopped at its limit"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library-dir", help="the folder of DeepStream's libraries")
    parser.add_argument("--only", nargs="+", choices=LIMITS, default=list(LIMITS))
    parser.add_argument(
        "--hardware", choices=("required", "preferred"), default="required", help="preferred: also without a GPU"
    )
    options = parser.parse_args()
    for section in options.only:
        if section == "facts" and options.library_dir is None:
            print("# facts: left out, they need --library-dir", flush=True)
            continue
        started = time.monotonic()
        decodes = ["--limit", str(LIMITS[section]), "--hardware", options.hardware]
        ended = run(section, [options.library_dir] if section == "facts" else decodes)
        print(f"# {section}: {ended}, {time.monotonic() - started:.1f} s", flush=True)


if __name__ == "__main__":
    main()

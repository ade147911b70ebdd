#!/usr/bin/env python3
"""Decoding 1080p streams in GPU memory: this library beside gst-launch-1.0 and PyNvVideoCodec.

    python benches/python/decode_gpu.py [--codecs h264 hevc] [--streams 1 7 14] [--loops 20] [--rounds 3]
                                        [--seconds-limit 180] [--markdown]

All decode the same access units, a test clip repeated, with the same chip. Each run is a process of its own; the
programs take turns within a round. What is compared is the steady stretch, from the moment when every stream has its
first picture to the last picture (``_programs/steady.py``), beside it the whole work with the creation of decoders and
their end. The pictures of each program are checked before anything is timed; what failed is said, not left out.

Prints one JSON document, with ``--markdown`` a table behind it, and each run as it ends on standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from _programs.machine import machine
from _programs.steady import Measured
from clips_lib import CLIPS, Clip
from savant_rs.deepstream import backend
from savant_rs.gstreamer import PacketReader

HERE = Path(__file__).resolve().parent
RUN_LIMIT_S = 20
CLIP_OF_CODEC = {"h264": CLIPS["h264_1080p"], "hevc": CLIPS["hevc_1080p"]}


@dataclass
class Program:
    """One of the programs; `failure` tells why it is not run any more, `unverified` what its check said."""

    name: str
    module: str
    output: str = ""
    unverified: dict[str, str] = field(default_factory=dict)
    failure: str | None = None


@dataclass(frozen=True)
class Row:
    """What is measured together: one clip, so many streams at once."""

    codec: str
    streams: int

    def __str__(self) -> str:
        return f"{self.codec}, {self.streams} streams"


Results = dict[tuple[Row, str], list[Measured]]


class Failed(Exception):
    """A run of a program ended without a result; the text says how."""


class TimedOut(Failed):
    """It did not end in time."""


def programs() -> list[Program]:
    return [
        Program("savant_rs.deepstream, RGBA, Python callback", "ours"),
        Program("gst-launch-1.0, nvvideoconvert to RGBA", "gst_launch"),
        Program("PyNvVideoCodec, RGB", "pynvvideocodec", "rgb"),
        Program("PyNvVideoCodec, NV12", "pynvvideocodec", "native"),
    ]


def run(program: Program, clip: Clip, units: Path, limit: float, *options: object) -> dict:
    """Runs a program to its end and returns its answer."""
    command = [sys.executable, "-m", f"_programs.{program.module}", "--clip", clip.name, "--units", units]
    command += ["--output", program.output, *options]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "errors": "replace"}
    # In a group of its own, so that what it started ends with it.
    process = subprocess.Popen([str(part) for part in command], cwd=HERE, start_new_session=True, **pipes)
    try:
        printed, complaints = process.communicate(timeout=max(limit, 1))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise TimedOut(f"did not end within {limit:.0f} s") from None
    try:
        return json.loads(printed.splitlines()[-1])
    except (IndexError, ValueError):
        raise Failed(f"exit status {process.returncode}: {complaints.strip()[-400:]}") from None


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def check(compared: Sequence[Program], units: dict[str, Path], deadline: float) -> None:
    for program in compared:
        for codec, path in units.items():
            limit = min(RUN_LIMIT_S, deadline - time.monotonic())
            try:
                run(program, CLIP_OF_CODEC[codec], path, limit, "--check")
                say(f"{program.name}, {codec}: pictures are right")
            except Failed as failed:
                program.unverified[codec] = str(failed)
                say(f"{program.name}, {codec}: {failed}")
                if isinstance(failed, TimedOut):
                    program.failure = str(failed)
                    break


def turns(rows: Sequence[Row], compared: Sequence[Program], rounds: int) -> Iterator[tuple[Row, Program]]:
    for _ in range(rounds):
        for row in rows:
            for program in compared:
                yield row, program


def measure(
    rows: Sequence[Row],
    compared: Sequence[Program],
    units: dict[str, Path],
    options: argparse.Namespace,
    deadline: float,
) -> Results:
    results: Results = {}
    for row, program in turns(rows, compared, options.rounds):
        left = deadline - time.monotonic()
        if program.failure or left <= 0:
            continue
        numbers = ["--streams", row.streams, "--loops", options.loops]
        try:
            answer = run(program, CLIP_OF_CODEC[row.codec], units[row.codec], min(RUN_LIMIT_S, left), *numbers)
        except Failed as failed:
            # For want of time any program fails.
            if left >= RUN_LIMIT_S or not isinstance(failed, TimedOut):
                program.failure = f"{row}: {failed}"
            say(f"{program.name}, {row}: {failed}")
            continue
        measured = Measured(**answer)
        results.setdefault((row, program.name), []).append(measured)
        say(f"{program.name}, {row}: {measured.frames / measured.seconds:.0f} fps")
    return results


def summary(results: Results) -> list[dict[str, object]]:
    return [
        {
            "codec": row.codec,
            "streams": row.streams,
            "program": name,
            "fps": round(statistics.median(run.frames / run.seconds for run in runs), 1),
            "each": [round(run.frames / run.seconds, 1) for run in runs],
            "total_fps": round(statistics.median(run.total_frames / run.total_seconds for run in runs), 1),
            "cpu_s_per_1000": round(statistics.median(run.cpu_seconds / run.frames * 1000 for run in runs), 3),
        }
        for (row, name), runs in results.items()
    ]


def markdown(rows: Sequence[dict]) -> str:
    lines = [
        "| codec | streams | program | fps | fps with start and end | CPU s per 1,000 frames | runs |",
        "| --- " * 7 + "|",
    ]
    for row in rows:
        figures = f"{row['fps']:,.0f} | {row['total_fps']:,.0f} | {row['cpu_s_per_1000']:.2f} | {len(row['each'])}"
        lines.append(f"| {row['codec']} | {row['streams']} | {row['program']} | {figures} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--codecs", nargs="+", choices=CLIP_OF_CODEC, default=list(CLIP_OF_CODEC))
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 7, 14])
    parser.add_argument("--loops", type=int, default=20, help="how often the clip of 60 frames is repeated")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds-limit", type=float, default=180, help="no run begins later, and none goes on")
    parser.add_argument("--markdown", action="store_true", help="print a table, too")
    options = parser.parse_args()
    if str(backend()) != "deepstream":
        print("this benchmark needs the DeepStream backend", file=sys.stderr)
        return 2
    deadline = time.monotonic() + options.seconds_limit
    compared, rows = programs(), [Row(codec, streams) for codec in options.codecs for streams in options.streams]
    taken_on = machine()
    with tempfile.TemporaryDirectory() as folder:
        units = {}
        for codec in options.codecs:
            with PacketReader(CLIP_OF_CODEC[codec].path) as reader:
                units[codec] = Path(folder) / codec
                units[codec].write_bytes(pickle.dumps([data for _, data in reader]))
        check(compared, units, deadline)
        table = summary(measure(rows, compared, units, options, deadline))
    failures = {
        program.name: {"unverified": program.unverified, "failure": program.failure}
        for program in compared
        if program.unverified or program.failure
    }
    print(json.dumps({"machine": taken_on, "loops": options.loops, "rows": table, "failures": failures}, indent=1))
    if options.markdown:
        print(markdown(table))
    return 0


if __name__ == "__main__":
    sys.exit(main())

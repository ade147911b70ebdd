#!/usr/bin/env python3
"""Decoding 1080p streams to RGBA in system memory: this library beside PyAV, OpenCV, ffmpeg and gst-launch-1.0.

    python benches/python/decode_host.py [--rows h264:1 h264:4 hevc:1] [--programs ours pyav opencv] [--loops 10]
                                         [--rounds 9] [--seconds-limit 2400] [--threads] [--markdown]

A row is a codec and a number of streams that are decoded at once. All decode the same access units, 60 frames
repeated, from the disk or, ours, out of memory. Each run is a process of its own; the programs take turns within a
round. What is compared is the steady stretch, from the moment when every stream has its first picture to the last
picture (``_programs/steady.py``), so that starting up counts for none of them. The pictures of each program are checked
before anything is timed: their frame numbers, and the first one against ours; what failed is said, not left out.

In each round our rate is divided by that of the fastest peer of this round, and by that of the faster program that only
decodes; by the latter also our rate where pictures are letterboxed into 640x640. Of these ratios the median and the
quartiles are told.

Prints one JSON document, with ``--markdown`` tables behind it, and each run as it ends on standard error.
Needs ffmpeg, gst-launch-1.0 and the dependency group ``bench``. torchcodec is not among the peers: PyPI has it only
with a torch of more than 500 MB.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from _clips_1080p import CODECS, once, repeated
from _harness import Comparison, Program, Row, Turn
from _programs.machine import machine

RUN_LIMIT_S = 60
OURS, LETTERBOXED = "ours", "ours-letterboxed"
PEERS = {
    "pyav": ("pyav", "auto"),
    "pyav-to-ndarray": ("pyav", "to-ndarray"),
    "pyav-1-thread": ("pyav", "single"),
    "opencv": ("opencv", ""),
    "ffmpeg": ("ffmpeg", "rgba"),
    "gst-launch": ("gst_launch_host", "plain"),
    "gst-launch-queue": ("gst_launch_host", "queue"),
}
DECODE_ONLY = {
    "ffmpeg-decode-only": ("ffmpeg", "decode-only"),
    "gst-launch-decode-only": ("gst_launch_host", "decode-only"),
}
PROGRAMS = {OURS: ("ours_host", ""), LETTERBOXED: ("ours_host", "letterboxed"), **PEERS, **DECODE_ONLY}
ROWS = [Row("h264", 1), Row("h264", 4), *(Row(codec, 1) for codec in CODECS[1:])]


def row(text: str) -> Row:
    codec, _, streams = text.partition(":")
    if codec not in CODECS or not streams.isdigit() or int(streams) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not CODEC:STREAMS with a codec of {', '.join(CODECS)}")
    return Row(codec, int(streams))


def spread(values: Iterable[float], digits: int) -> dict[str, float]:
    """The median and the quartiles."""
    values = list(values)
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    return {"median": round(middle, digits), "25%": round(low, digits), "75%": round(high, digits)}


def program_summary(name: str, runs: Sequence[Turn]) -> dict[str, object]:
    def per_frame_ms(seconds: float, run: Turn) -> float:
        return 1000 * seconds / run.measured.frames

    threads = {thread for run in runs for thread in run.measured.cpu_seconds_by_thread}
    used = {
        thread: statistics.median(per_frame_ms(run.measured.cpu_seconds_by_thread.get(thread, 0), run) for run in runs)
        for thread in threads
    }
    return {
        "program": name,
        "fps": spread((run.fps for run in runs), 1),
        "cpu_ms_per_frame": round(statistics.median(per_frame_ms(run.measured.cpu_seconds, run) for run in runs), 3),
        "peak_rss_mib": round(statistics.median(run.measured.peak_rss_bytes for run in runs) / 2**20),
        "cpu_ms_per_frame_by_thread": {
            thread: round(value, 3) for thread, value in sorted(used.items(), key=lambda item: -item[1]) if value > 0
        },
    }


def ratio(turns: Sequence[Turn], one: str, others: Iterable[str]) -> dict[str, float] | None:
    """The rate of one program by that of the fastest of the others, in each round that all of them finished."""
    by_program = {name: {turn.round: turn.fps for turn in turns if turn.program == name} for name in (one, *others)}
    ours, present = by_program.pop(one), [rates for rates in by_program.values() if rates]
    rounds = set(ours).intersection(*present) if present else set()
    return spread((ours[turn] / max(rates[turn] for rates in present) for turn in rounds), 3) if rounds else None


def row_summary(row: Row, turns: Sequence[Turn]) -> dict[str, object]:
    by_program = {name: [turn for turn in turns if turn.program == name] for name in PROGRAMS}
    return {
        "codec": row.codec,
        "streams": row.streams,
        "rounds": len(by_program[OURS]),
        "ours_to_best_peer": ratio(turns, OURS, PEERS),
        "ours_to_decode_only": ratio(turns, OURS, DECODE_ONLY),
        "letterboxed_to_decode_only": ratio(turns, LETTERBOXED, DECODE_ONLY),
        "programs": [program_summary(name, runs) for name, runs in by_program.items() if runs],
    }


def markdown(rows: Sequence[dict], threads: bool) -> str:
    def ratios(values: dict[str, float] | None) -> str:
        return f"{values['median']:.2f} ({values['25%']:.2f} to {values['75%']:.2f})" if values else "-"

    lines = [
        "| codec | streams | rounds | ours / best peer, median (25 to 75 %) | ours / decode only | "
        "letterboxed / decode only |",
        "| --- " * 6 + "|",
        *(
            f"| {row['codec']} | {row['streams']} | {row['rounds']} | "
            f"{ratios(row['ours_to_best_peer'])} | {ratios(row['ours_to_decode_only'])} | "
            f"{ratios(row['letterboxed_to_decode_only'])} |"
            for row in rows
        ),
        "",
        "| codec | streams | program | fps, median (25 to 75 %) | CPU ms per frame | peak RSS, MiB |",
        "| --- " * 6 + "|",
        *(
            f"| {row['codec']} | {row['streams']} | {program['program']} | {program['fps']['median']:.0f} "
            f"({program['fps']['25%']:.0f} to {program['fps']['75%']:.0f}) | {program['cpu_ms_per_frame']:.2f} | "
            f"{program['peak_rss_mib']} |"
            for row in rows
            for program in row["programs"]
        ),
    ]
    if threads:
        lines += ["", "| codec | streams | our thread | CPU ms per frame |", "| --- " * 4 + "|"]
        lines += [
            f"| {row['codec']} | {row['streams']} | {thread} | {value:.2f} |"
            for row in rows
            for program in row["programs"]
            if program["program"] == OURS
            for thread, value in program["cpu_ms_per_frame_by_thread"].items()
        ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=row, nargs="+", default=ROWS, metavar="CODEC:STREAMS")
    parser.add_argument("--programs", nargs="+", choices=PROGRAMS, default=list(PROGRAMS))
    parser.add_argument("--loops", type=int, default=10, help="how often the clip of 60 frames is repeated")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds-limit", type=float, default=2400, help="no run begins later, and none goes on")
    parser.add_argument("--threads", action="store_true", help="tell the CPU time by name of the thread, too")
    parser.add_argument("--markdown", action="store_true", help="print tables, too")
    options = parser.parse_args()
    programs = [Program(name, *PROGRAMS[name]) for name in PROGRAMS if name in options.programs]
    comparison = Comparison(programs, RUN_LIMIT_S, options.seconds_limit)
    report: dict[str, object] = {"machine": machine(), "loops": options.loops}
    with tempfile.TemporaryDirectory() as folder:
        clips = {codec: once(codec, Path(folder)) for codec in dict.fromkeys(row.codec for row in options.rows)}
        for codec, clip in clips.items():
            comparison.check(codec, clip, "--picture", clip.file.with_suffix(".npy"))
        streams = {codec: repeated(clip, options.loops) for codec, clip in clips.items()}
        watched = ["--threads"] if options.threads else []
        turns = comparison.measure(options.rows, streams, options.rounds, "--loops", options.loops, *watched)
    rows = [row_summary(row, [turn for turn in turns if turn.row == row]) for row in options.rows]
    print(json.dumps({**report, "rows": rows, "failures": comparison.failures()}, indent=1))
    if options.markdown:
        print(markdown(rows, options.threads))
    return 0


if __name__ == "__main__":
    sys.exit(main())

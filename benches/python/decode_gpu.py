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
import pickle
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from _harness import Comparison, Material, Program, Row, Turn
from _programs.machine import machine
from clips_lib import CLIPS, Clip
from savant_rs.deepstream import backend
from savant_rs.gstreamer import PacketReader

RUN_LIMIT_S = 20
CLIP_OF_CODEC = {"h264": CLIPS["h264_1080p"], "hevc": CLIPS["hevc_1080p"]}


def programs() -> list[Program]:
    return [
        Program("savant_rs.deepstream, RGBA, Python callback", "ours"),
        Program("gst-launch-1.0, nvvideoconvert to RGBA", "gst_launch"),
        Program("PyNvVideoCodec, RGB", "pynvvideocodec", "rgb"),
        Program("PyNvVideoCodec, NV12", "pynvvideocodec", "native"),
    ]


def access_units(clip: Clip, folder: Path) -> Material:
    """The clip with its access units in a file, which not every program could take out of the container."""
    with PacketReader(clip.path) as reader:
        units = folder / clip.codec
        units.write_bytes(pickle.dumps([data for _, data in reader]))
    return Material(clip, units)


def summary(turns: Sequence[Turn]) -> list[dict[str, object]]:
    runs_of: dict[tuple[Row, str], list[Turn]] = {}
    for turn in turns:
        runs_of.setdefault((turn.row, turn.program), []).append(turn)
    return [
        {"codec": row.codec, "streams": row.streams, "program": name, **figures(runs)}
        for (row, name), runs in runs_of.items()
    ]


def figures(runs: Sequence[Turn]) -> dict[str, object]:
    measured = [run.measured for run in runs]
    return {
        "fps": round(statistics.median(run.fps for run in runs), 1),
        "each": [round(run.fps, 1) for run in runs],
        "total_fps": round(statistics.median(each.total_frames / each.total_seconds for each in measured), 1),
        "cpu_s_per_1000": round(statistics.median(1000 * each.cpu_seconds / each.frames for each in measured), 3),
    }


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
    comparison = Comparison(programs(), RUN_LIMIT_S, options.seconds_limit)
    rows = [Row(codec, streams) for codec in options.codecs for streams in options.streams]
    report: dict[str, object] = {"machine": machine(), "loops": options.loops}
    with tempfile.TemporaryDirectory() as folder:
        materials = {codec: access_units(CLIP_OF_CODEC[codec], Path(folder)) for codec in options.codecs}
        for codec, material in materials.items():
            comparison.check(codec, material)
        table = summary(comparison.measure(rows, materials, options.rounds, "--loops", options.loops))
    print(json.dumps({**report, "rows": table, "failures": comparison.failures()}, indent=1))
    if options.markdown:
        print(markdown(table))
    return 0


if __name__ == "__main__":
    sys.exit(main())

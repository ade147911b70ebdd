#!/usr/bin/env python3
"""Decodes every stream of a folder and compares the pictures with ffmpeg's.

    python tests/conformance.py DIR [--hardware software|preferred|required] [--limit SECONDS] [--json]

For each file: every access unit must have one outcome; the native planes of 8-bit 4:2:0 pictures must equal
ffmpeg's (framemd5), in order; those of Motion JPEG, which leaves the inverse transform to the decoder, must be 45 dB
from them; of other pictures the RGBA must be within 2 levels of exact arithmetic on ffmpeg's planes. Each file is
decoded in a process of its own, so that a crash or a hang is that file's. Exit status 1 if a file fails. Needs ffmpeg
and ffprobe.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from decoding import LUMA_WEIGHTS, planes_of, psnr, rgba_from_planes
from savant_rs.deepstream import FlexibleDecoder, FlexibleDecoderConfig, Hardware, SurfaceView, VideoFormat
from savant_rs.gstreamer import PacketReader

SUFFIXES = {".264", ".jsv", ".h264", ".265", ".h265", ".hevc", ".bit", ".ivf", ".obu", ".mp4", ".mkv", ".webm", ".ts"}
TOLERANCE = 2
JPEG_PSNR_DB = 45
DRAIN_MS = 20_000


@dataclass(frozen=True)
class Reference:
    """What ffprobe says of a file's video."""

    codec: str
    pixel_format: str
    matrix: str
    is_full_range: bool

    @property
    def is_420(self) -> bool:
        return self.pixel_format in {"yuv420p", "yuvj420p"}

    @property
    def is_jpeg(self) -> bool:
        return self.codec == "mjpeg"

    @property
    def bits(self) -> int:
        return next((bits for bits in (10, 12) if f"p{bits}" in self.pixel_format), 8)


def probe(path: Path) -> Reference:
    show = "stream=codec_name,pix_fmt,color_space,color_range"
    command = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", show, "-of", "json", str(path)]
    stream = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["streams"][0]
    matrix = stream.get("color_space", "")
    full = stream.get("color_range") == "pc" or stream["pix_fmt"].startswith("yuvj")
    matrix = matrix if matrix in LUMA_WEIGHTS else "bt601"
    return Reference(stream["codec_name"], stream["pix_fmt"], matrix, full)


def ffmpeg(path: Path, *output: str) -> subprocess.Popen[bytes]:
    command = ["ffmpeg", "-v", "quiet", "-i", str(path), "-map", "0:v:0", "-vsync", "passthrough", "-autoscale", "0"]
    return subprocess.Popen([*command, *output, "-"], stdout=subprocess.PIPE)


def reference_md5s(path: Path) -> list[str]:
    """MD5 of the native planes of each picture as ffmpeg decodes them."""
    with ffmpeg(path, "-f", "framemd5") as process:
        assert process.stdout
        report = process.stdout.read().decode()
    return [line.rsplit(",", 1)[1].strip() for line in report.splitlines() if line and not line.startswith("#")]


def reference_planes(path: Path, reference: Reference, size: tuple[int, int]) -> Iterator[tuple[np.ndarray, ...]]:
    """The planes of each picture, one at a time; pictures of another size end it."""
    width, height = size
    shifts = {"420": (1, 1), "422": (1, 0), "444": (0, 0), "440": (0, 1)}
    shift = next((shifts[key] for key in shifts if key in reference.pixel_format), None)
    shapes = [(height, width)]
    if shift:
        shapes += [(-(-height >> shift[1]), -(-width >> shift[0]))] * 2
    dtype = np.dtype("<u2" if reference.bits > 8 else np.uint8)
    with ffmpeg(path, "-f", "rawvideo") as process:
        assert process.stdout
        while True:
            planes = []
            for rows, columns in shapes:
                data = process.stdout.read(rows * columns * dtype.itemsize)
                if len(data) < rows * columns * dtype.itemsize:
                    return
                planes.append(np.frombuffer(data, dtype).reshape(rows, columns))
            neutral = np.full((height, width), 1 << (reference.bits - 1), dtype)
            yield tuple(planes) if shift else (*planes, neutral, neutral)


class Collector:
    """Compares pictures as they come; the outputs themselves are let go of."""

    def __init__(self, path: Path, reference: Reference) -> None:
        self.path, self.reference = path, reference
        self.outcomes: Counter[str] = Counter()
        self.deliveries: list[Any] = []
        self.errors: list[str] = []

    def __call__(self, output: Any) -> None:
        if output.is_frame:
            self.outcomes["delivered"] += 1
            self.deliveries.append(output.as_frame().take_delivery())
        elif output.is_skipped:
            reason = output.as_skipped().reason
            self.outcomes[f"skipped: {reason!r}"] += 1
        elif output.is_error:
            self.outcomes["error"] += 1
            self.errors.append(output.as_error().message)
        else:
            self.outcomes[repr(output)] += 1

    def pictures(self) -> Iterator[Any]:
        """The views of what has been delivered since, one at a time."""
        while self.deliveries:
            _, buffer = self.deliveries.pop(0).unseal()
            yield SurfaceView.from_buffer(buffer)


def examine(path: Path, hardware: str) -> dict[str, Any]:
    """Decodes one file; returns what happened and how the pictures compare."""
    reference = probe(path)
    collector = Collector(path, reference)
    output = VideoFormat.NV12 if reference.is_420 else VideoFormat.RGBA
    config = FlexibleDecoderConfig("conformance", 0, 0).with_output(output).with_idle_timeout_ms(DRAIN_MS)
    decoder = FlexibleDecoder(config.with_hardware(getattr(Hardware, hardware.upper())), collector)
    if not reference.is_420:
        compare = within_tolerance(path, reference)
    elif reference.is_jpeg:
        compare = by_psnr(path, reference)
    else:
        compare = exact(path)
    next(compare)
    with PacketReader(path, "conformance") as reader:
        for frame, data in reader:
            decoder.submit(frame, data)
            for view in collector.pictures():
                compare.send(view)
    decoder.graceful_shutdown()
    for view in collector.pictures():
        compare.send(view)
    compared = compare.send(None)
    stats = decoder.stats()
    ended = stats["delivered"] + sum(stats["skipped"].values()) + stats["errors"] + stats["lost"]
    return {
        "file": path.name,
        "pixel_format": reference.pixel_format,
        "access_units": stats["submitted"],
        "outcomes": dict(collector.outcomes),
        "errors": sorted(set(collector.errors))[:3],
        "accounted": stats["submitted"] == ended and stats["lost"] == 0,
        **compared,
    }


def exact(path: Path) -> Any:
    """A coroutine: takes views of NV12 pictures, and ``None`` for the verdict."""
    expected, seen = reference_md5s(path), []
    while (view := (yield)) is not None:
        planes = planes_of(view.download(), VideoFormat.NV12, view.width, view.height)
        seen.append(hashlib.md5(b"".join(plane.tobytes() for plane in planes)).hexdigest())
    wrong = [index for index, pair in enumerate(zip(seen, expected, strict=False)) if pair[0] != pair[1]]
    yield {"pictures": len(seen), "reference_pictures": len(expected), "wrong": wrong[:10], "equal": seen == expected}


def by_psnr(path: Path, reference: Reference) -> Any:
    """The same for views of NV12 pictures that another decoder may make a little differently."""
    planes, wrong, count, worst = None, [], 0, math.inf
    while (view := (yield)) is not None:
        if planes is None:
            planes = reference_planes(path, reference, (view.width, view.height))
        expected = next(planes, None)
        count += 1
        if expected is None:
            continue
        actual = planes_of(view.download(), VideoFormat.NV12, view.width, view.height)
        ratio = min(psnr(*pair) for pair in zip(actual, expected, strict=True))
        worst = min(worst, ratio)
        if ratio < JPEG_PSNR_DB:
            wrong.append(count - 1)
    missing = sum(1 for _ in planes) if planes else 0
    # JSON knows no infinity.
    result = {
        "pictures": count,
        "reference_pictures": count + missing,
        "wrong": wrong[:10],
        "worst_db": min(worst, 99.0),
    }
    yield {**result, "equal": not wrong and not missing}


def within_tolerance(path: Path, reference: Reference) -> Any:
    """The same for views of RGBA pictures."""
    planes, wrong, count, worst = None, [], 0, 0.0
    while (view := (yield)) is not None:
        if planes is None:
            planes = reference_planes(path, reference, (view.width, view.height))
        expected = next(planes, None)
        count += 1
        if expected is None:
            continue
        rgb = rgba_from_planes(expected, reference.matrix, reference.is_full_range, reference.bits)
        error = float(np.abs(view.download()[..., :3] - rgb).max())
        worst = max(worst, error)
        if error > TOLERANCE:
            wrong.append(count - 1)
    missing = sum(1 for _ in planes) if planes else 0
    result = {"pictures": count, "reference_pictures": count + missing, "wrong": wrong[:10], "worst_levels": worst}
    yield {**result, "equal": not wrong and not missing}


def run_one(path: Path, options: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, __file__, "--one", str(path), "--hardware", options.hardware]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=options.limit)
    except subprocess.TimeoutExpired:
        return {"file": path.name, "failed": f"did not end within {options.limit} s"}
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        return {"file": path.name, "failed": last[0]}
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def verdict(result: dict[str, Any]) -> str:
    if "failed" in result:
        return f"FAILED: {result['failed']}"
    if not result["accounted"]:
        return f"FAILED: unaccounted access units: {result['outcomes']}"
    if result["equal"]:
        return "ok"
    return f"deviates: {result['pictures']} of {result['reference_pictures']} pictures, wrong {result['wrong']}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--hardware", choices=("software", "preferred", "required"), default="preferred")
    parser.add_argument("--limit", type=float, default=120, help="seconds for one file")
    parser.add_argument("--json", action="store_true", help="print one JSON document a file")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(examine(options.one, options.hardware)))
        return 0
    if not options.folder:
        parser.error("a folder is needed")
    files = sorted(path for path in options.folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    verdicts: Counter[str] = Counter()
    for path in files:
        result = run_one(path, options)
        said = verdict(result)
        verdicts[said.split(":")[0]] += 1
        skipped = {key: count for key, count in result.get("outcomes", {}).items() if key != "delivered"}
        print(json.dumps(result) if options.json else f"{path.name}: {said} {skipped or ''}", flush=True)
    print(f"{len(files)} files: " + ", ".join(f"{count} {name}" for name, count in verdicts.items()))
    return 1 if verdicts["FAILED"] else 0


if __name__ == "__main__":
    sys.exit(main())

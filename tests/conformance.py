#!/usr/bin/env python3
"""Decodes every stream of a folder and compares the pictures with ffmpeg's.

    python tests/conformance.py DIR [--hardware software|preferred|required] [--limit SECONDS] [--json]

For each file: there must be as many access units as ffprobe counts, each with one outcome, and the pictures must be
ffmpeg's, in order. Native planes of 8-bit 4:2:0 and 4:2:2 must be equal (framemd5); those of Motion JPEG, which leaves
the inverse transform to the decoder, 45 dB from them. Of other pictures the RGBA must be within 2 levels of exact
arithmetic on ffmpeg's planes, within 4 where a GPU may have converted more than 8 bits; of Motion JPEG 40 dB.

A file is "ok"; or it "deviates", which is told by reason; or it "FAILED": it crashed, hung, left an access unit without
an outcome, or could not be read. Files of codecs that are not decoded here, and those that ffmpeg cannot read either,
are "passed over". Each file is decoded in a process of its own, so that a crash or a hang is that file's. Exit status 1
if a file fails. Needs ffmpeg and ffprobe.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import signal
import subprocess
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from decoding import LUMA_WEIGHTS, planes_of, psnr, rgba_from_planes
from savant_rs.deepstream import FlexibleDecoder, FlexibleDecoderConfig, Hardware, SurfaceView, VideoFormat, backend
from savant_rs.gstreamer import PacketReader

SUFFIXES = {".264", ".jsv", ".h264", ".265", ".h265", ".hevc", ".bit", ".ivf", ".obu", ".mp4", ".mkv", ".webm", ".ts"}
SUFFIXES |= {".jvt", ".avc", ".26l", ".h26l", ".hevc", ".av1"}
CODECS = {"h264", "hevc", "vp8", "vp9", "av1", "mjpeg"}
# Levels of RGBA; deeper samples come out of NvBufSurfTransform up to 4 away (docs/gpu-facts.md).
TOLERANCE, TOLERANCE_OF_DEEP_HARDWARE = 2, 4
JPEG_PLANES_DB, JPEG_RGBA_DB = 45, 40
DRAIN_MS = 20_000
# How many of ffmpeg's pictures may be missing in a row before one that is found again.
LOOKAHEAD = 8
# By how much width and height of chroma are shifted.
CHROMA_SHIFTS = {"420": (1, 1), "422": (1, 0), "444": (0, 0), "440": (0, 1), "gbrp": (0, 0)}


@dataclass(frozen=True)
class Reference:
    """What ffprobe says of a file's video; ``pixel_format`` is empty where ffmpeg cannot decode it."""

    codec: str
    pixel_format: str
    size: tuple[int, int]
    matrix: str
    is_full_range: bool
    packets: int

    @property
    def output(self) -> VideoFormat:
        """The format in which the pictures are asked for: with ffmpeg's samples, if there is one."""
        if self.pixel_format in {"yuv420p", "yuvj420p"}:
            return VideoFormat.NV12
        if self.pixel_format in {"yuv422p", "yuvj422p"} and self.size[0] % 2 == 0:
            return VideoFormat.UYVY
        return VideoFormat.RGBA

    @property
    def is_jpeg(self) -> bool:
        return self.codec == "mjpeg"

    @property
    def bits(self) -> int:
        return next((bits for bits in (10, 12) if f"p{bits}" in self.pixel_format), 8)


def probe(path: Path) -> Reference | None:
    """``None`` where ffprobe finds no video at all."""
    show = "stream=codec_name,pix_fmt,width,height,color_space,color_range,nb_read_packets"
    command = ["ffprobe", "-v", "quiet", "-select_streams", "v:0", "-count_packets", "-show_entries", show]
    done = subprocess.run([*command, "-of", "json", str(path)], capture_output=True, check=False)
    if done.returncode < 0:
        raise RuntimeError(f"ffprobe ended by signal {-done.returncode}")
    streams = json.loads(done.stdout).get("streams") if done.returncode == 0 else None
    if not streams:
        return None
    (stream,) = streams
    pixel_format, matrix = stream.get("pix_fmt", ""), stream.get("color_space", "")
    return Reference(
        stream.get("codec_name", "unknown"),
        pixel_format,
        (stream.get("width", 0), stream.get("height", 0)),
        matrix if matrix in LUMA_WEIGHTS else "bt601",
        stream.get("color_range") == "pc" or pixel_format.startswith("yuvj"),
        int(stream.get("nb_read_packets", 0)),
    )


def ffmpeg(path: Path, *output: str) -> subprocess.Popen[bytes]:
    # As coded: neither turned nor cut as a container wants the pictures to be shown.
    whole = ["-ignore_editlist", "1"] if path.suffix == ".mp4" else []
    source = [*whole, "-noautorotate", "-i", str(path), "-map", "0:v:0"]
    command = ["ffmpeg", "-v", "quiet", *source, "-vsync", "passthrough", "-autoscale", "0"]
    return subprocess.Popen([*command, *output, "-"], stdout=subprocess.PIPE)


def reference_md5s(path: Path) -> Iterator[str]:
    """MD5 of the native planes of each picture as ffmpeg decodes them."""
    with ffmpeg(path, "-f", "framemd5") as process:
        assert process.stdout
        report = process.stdout.read().decode()
    yield from (line.rsplit(",", 1)[1].strip() for line in report.splitlines() if line and not line.startswith("#"))


def reference_planes(path: Path, reference: Reference) -> Iterator[tuple[np.ndarray, ...]]:
    """The planes of each picture, one at a time; they must all have the size that ffprobe tells."""
    width, height = reference.size
    shift = next((shift for key, shift in CHROMA_SHIFTS.items() if key in reference.pixel_format), None)
    shapes = [(height, width)]
    if shift:
        shapes += [(-(-height >> shift[1]), -(-width >> shift[0]))] * 2
    dtype = np.dtype("<u2" if reference.bits > 8 else np.uint8)
    sizes = [rows * columns * dtype.itemsize for rows, columns in shapes]
    neutral = np.full((height, width), 1 << (reference.bits - 1), dtype)
    with ffmpeg(path, "-f", "rawvideo") as process:
        assert process.stdout
        while len(data := process.stdout.read(sum(sizes))) == sum(sizes):
            parts = (data[end - size : end] for size, end in zip(sizes, itertools.accumulate(sizes), strict=True))
            planes = [np.frombuffer(part, dtype).reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
            yield tuple(planes) if shift else (*planes, neutral, neutral)


def reference_rgb(path: Path, reference: Reference) -> Iterator[np.ndarray]:
    """The same as RGB, shape (height, width, 3), from 0 to 255."""
    for planes in reference_planes(path, reference):
        if reference.pixel_format.startswith("gbrp"):
            green, blue, red = planes
            yield np.stack([red, green, blue], axis=-1) * (255.0 / ((1 << reference.bits) - 1))
        else:
            yield rgba_from_planes(planes, reference.matrix, reference.is_full_range, reference.bits)


def native_planes(view: SurfaceView, output: VideoFormat) -> tuple[np.ndarray, ...]:
    """Y, U and V of a picture in NV12, or in UYVY of even width."""
    pixels = view.download()
    if output == VideoFormat.UYVY:
        packed = pixels.reshape(view.height, 2 * view.width)
        return packed[:, 1::2], packed[:, ::4], packed[:, 2::4]
    planes: tuple[np.ndarray, ...] = planes_of(pixels, output, view.width, view.height)
    return planes


def md5(planes: tuple[np.ndarray, ...]) -> str:
    return hashlib.md5(b"".join(plane.tobytes() for plane in planes)).hexdigest()


def least_psnr(actual: tuple[np.ndarray, ...], expected: tuple[np.ndarray, ...]) -> float:
    pairs = list(zip(actual, expected, strict=True))
    return min(psnr(*pair) for pair in pairs) if all(a.shape == b.shape for a, b in pairs) else 0.0


def is_near(actual: np.ndarray, expected: np.ndarray, tolerance: int) -> bool:
    return actual.shape == expected.shape and bool(np.abs(actual - expected).max() <= tolerance)


@dataclass
class Comparison:
    """Finds each delivered picture among ffmpeg's, in order.

    ``of`` makes of a view what is compared by ``matches`` with what ``expected`` yields. Numbers count pictures from 0.
    """

    expected: Iterator[Any]
    of: Callable[[SurfaceView], Any]
    matches: Callable[[Any, Any], bool]
    lookahead: int | None
    pictures: int = 0
    reference_pictures: int = 0
    unlike: list[int] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    window: deque[tuple[int, Any]] = field(default_factory=deque)

    def take(self, view: SurfaceView) -> None:
        while self.lookahead is None or len(self.window) < self.lookahead:
            if (following := next(self.expected, None)) is None:
                break
            self.window.append((self.reference_pictures, following))
            self.reference_pictures += 1
        actual = self.of(view)
        position = next((i for i, (_, each) in enumerate(self.window) if self.matches(actual, each)), None)
        if position is not None:
            self.missing += [self.window.popleft()[0] for _ in range(position)]
            self.window.popleft()
        else:
            self.unlike.append(self.pictures)
            if len(self.window) == self.lookahead:
                self.missing.append(self.window.popleft()[0])
        self.pictures += 1

    def verdict(self) -> dict[str, Any]:
        rest = sum(1 for _ in self.expected)
        self.missing += [number for number, _ in self.window]
        self.missing += range(self.reference_pictures, self.reference_pictures + rest)
        return {
            "pictures": self.pictures,
            "reference_pictures": self.reference_pictures + rest,
            "unlike": self.unlike,
            "missing": self.missing,
        }


def comparison(path: Path, reference: Reference, hardware: str) -> Comparison:
    """How the pictures of a file are compared."""
    output, is_jpeg = reference.output, reference.is_jpeg
    if output == VideoFormat.RGBA:
        expected = reference_rgb(path, reference)
        is_deep_hardware = reference.bits > 8 and hardware != "software" and backend() == "deepstream"
        tolerance = TOLERANCE_OF_DEEP_HARDWARE if is_deep_hardware else TOLERANCE

        def resembles(a: np.ndarray, b: np.ndarray) -> bool:
            return least_psnr((a,), (b,)) >= JPEG_RGBA_DB if is_jpeg else is_near(a, b, tolerance)

        return Comparison(expected, lambda view: view.download()[..., :3], resembles, LOOKAHEAD)
    if is_jpeg:
        planes = reference_planes(path, reference)
        return Comparison(
            planes, lambda view: native_planes(view, output), lambda a, b: least_psnr(a, b) >= JPEG_PLANES_DB, LOOKAHEAD
        )
    return Comparison(
        reference_md5s(path), lambda view: md5(native_planes(view, output)), lambda a, b: bool(a == b), None
    )


class Collector:
    """Compares pictures as they come; the outputs themselves are let go of."""

    def __init__(self) -> None:
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
    if reference and reference.codec not in CODECS:
        return {"file": path.name, "passed_over": reference.codec}
    compared = comparison(path, reference, hardware) if reference and reference.pixel_format else None
    output = reference.output if reference else VideoFormat.RGBA
    config = FlexibleDecoderConfig("conformance", 0, 0).with_output(output).with_idle_timeout_ms(DRAIN_MS)
    collector = Collector()
    decoder = FlexibleDecoder(config.with_hardware(getattr(Hardware, hardware.upper())), collector)
    sizes: set[tuple[int, int]] = set()

    def look() -> None:
        for view in collector.pictures():
            sizes.add((view.width, view.height))
            if compared:
                compared.take(view)

    try:
        for frame, data in PacketReader(path, "conformance"):
            decoder.submit(frame, data)
            look()
    except RuntimeError as error:
        kind = "failed" if compared else "passed_over"
        return {"file": path.name, kind: str(error)}
    decoder.graceful_shutdown()
    look()
    stats = decoder.stats()
    ended = stats["delivered"] + sum(stats["skipped"].values()) + stats["errors"] + stats["lost"]
    return {
        "file": path.name,
        "pixel_format": reference.pixel_format if reference else "",
        "sizes": sorted(sizes),
        "reference_size": reference.size if reference else None,
        "access_units": stats["submitted"],
        "reference_access_units": reference.packets if reference else 0,
        "outcomes": dict(collector.outcomes),
        "errors": sorted(set(collector.errors))[:3],
        "accounted": stats["submitted"] == ended and stats["lost"] == 0,
        **(compared.verdict() if compared else {}),
    }


def run_one(path: Path, options: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, __file__, "--one", str(path), "--hardware", options.hardware]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=options.limit)
    except subprocess.TimeoutExpired:
        return {"file": path.name, "failed": f"did not end within {options.limit} s"}
    if done.returncode < 0:
        return {"file": path.name, "failed": f"crashed, {signal.Signals(-done.returncode).name}"}
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        return {"file": path.name, "failed": last[0]}
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def deviations(result: dict[str, Any]) -> Iterator[str]:
    """Each reason for which a file is not as ffmpeg has it."""
    if "pictures" not in result:
        yield "ffmpeg cannot decode it"
        return
    if result["access_units"] != result["reference_access_units"]:
        yield f"{result['access_units']} access units, ffprobe counts {result['reference_access_units']}"
    if [result["reference_size"]] != result["sizes"] and result["unlike"]:
        yield f"sizes {result['sizes']}, ffprobe tells {result['reference_size']}"
    pictures = f"of {result['reference_pictures']} pictures"
    if result["missing"]:
        yield f"{len(result['missing'])} {pictures} missing, the first is {result['missing'][0]}"
    if result["unlike"]:
        yield f"{len(result['unlike'])} delivered like none of ffmpeg's, the first is {result['unlike'][0]}"
    yield from (f"error: {message}" for message in result["errors"])


def verdict(result: dict[str, Any]) -> str:
    if "passed_over" in result:
        return f"passed over: {result['passed_over']}"
    if "failed" in result:
        return f"FAILED: {result['failed']}"
    if not result["accounted"]:
        return f"FAILED: unaccounted access units: {result['outcomes']}"
    reasons = "; ".join(deviations(result))
    return f"deviates: {reasons}" if reasons else "ok"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--hardware", choices=("software", "preferred", "required"), default="preferred")
    parser.add_argument("--limit", type=float, default=300, help="seconds for one file")
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

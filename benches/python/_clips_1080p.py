"""Streams of 1920x1080 in every codec, for as long as a benchmark needs them.

H.264 and HEVC are test clips; the others are made of the former, with its frame numbers in the pictures.
"""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

from _harness import Material
from clips_lib import CLIPS

SOURCES = {"hevc": CLIPS["hevc_1080p"]}
SOURCE = CLIPS["h264_1080p"]
ENCODERS = {
    # Of BT.709 a VP8 stream itself cannot tell, and the programs would not agree about it.
    "vp8": "-vf scale=out_color_matrix=bt601 -colorspace smpte170m -c:v libvpx -b:v 3M -cpu-used 5 -auto-alt-ref 0",
    "vp9": "-c:v libvpx-vp9 -b:v 2M -cpu-used 5 -row-mt 1",
    "av1": "-c:v libsvtav1 -preset 9 -crf 35",
    "jpeg": "-c:v mjpeg -q:v 4",
}
CODECS = ("h264", "hevc", *ENCODERS)


def once(codec: str, folder: Path) -> Material:
    """60 frames of the codec in a Matroska file."""
    clip = replace(SOURCES.get(codec, SOURCE), codec=codec)
    encoder = ENCODERS.get(codec, "-c:v copy").split()
    return Material(clip, _ffmpeg(folder / f"{codec}.mkv", "-i", clip.path, *encoder))


def repeated(material: Material, loops: int) -> Material:
    """The same access units over and over, not encoded again."""
    target = material.file.with_stem(f"{material.file.stem}-{loops}")
    options = ["-stream_loop", loops - 1, "-i", material.file, "-c", "copy"]
    return replace(material, file=_ffmpeg(target, *options))


def _ffmpeg(target: Path, *options: object) -> Path:
    command = ["ffmpeg", "-nostdin", "-v", "error", *options, target]
    subprocess.run([str(part) for part in command], check=True, stderr=subprocess.PIPE)
    return target

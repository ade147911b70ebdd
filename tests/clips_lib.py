"""The checked-in test clips and what is known about them.

``CLIPS`` maps a clip's name (the file name without its ending) to its reference data, which
``clips/make_clips.py`` took from ffmpeg: nothing here decodes, except ``native_planes``.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from frame_number import FrameNumberError, read_frame_number

__all__ = ["CLIPS", "CLIPS_DIR", "Clip", "FrameNumberError", "native_planes", "read_frame_number"]

CLIPS_DIR = Path(__file__).resolve().parent / "clips"

# ffmpeg's names of codecs that are called otherwise here.
_CODEC_NAMES = {"mjpeg": "jpeg"}


@dataclass(frozen=True)
class Clip:
    """One clip. ``numbers`` and ``plane_md5`` are in presentation order, one entry a picture."""

    path: Path
    codec: str
    profile: str | None
    width: int
    height: int
    pixel_format: str
    color_range: str | None
    color_space: str | None
    fps: int
    packets: int
    frames: int
    numbers: tuple[int, ...]
    plane_md5: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def hidden(self) -> int:
        """Packets that carry no shown picture (alternate reference frames)."""
        return self.packets - self.frames

    @property
    def is_still(self) -> bool:
        return self.path.suffix in {".jpg", ".png"}


def _load() -> dict[str, Clip]:
    clips = {}
    for file_name, entry in json.loads((CLIPS_DIR / "reference.json").read_text()).items():
        values = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
        values["codec"] = _CODEC_NAMES.get(entry["codec"], entry["codec"])
        clip = Clip(path=CLIPS_DIR / file_name, **values)
        clips[clip.name] = clip
    return clips


CLIPS: dict[str, Clip] = _load()


def native_planes(clip: Clip) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """The Y, U and V planes of each picture as ffmpeg decodes them, in presentation order.

    Shapes (height, width) and twice (ceil(height / 2), ceil(width / 2)), dtype uint8; for clips in 4:2:0 only.
    """
    if clip.pixel_format not in {"yuv420p", "yuvj420p"}:
        raise ValueError(f"{clip.name} is {clip.pixel_format}, not planar 4:2:0")
    command = ["ffmpeg", "-v", "error", "-i", str(clip.path), "-map", "0:v:0", "-vsync", "passthrough"]
    raw = subprocess.run([*command, "-f", "rawvideo", "-"], check=True, stdout=subprocess.PIPE).stdout
    chroma = (-(-clip.height // 2), -(-clip.width // 2))
    sizes = [clip.height * clip.width, chroma[0] * chroma[1], chroma[0] * chroma[1]]
    pictures = np.frombuffer(raw, np.uint8).reshape(-1, sum(sizes))
    edges = np.cumsum([0, *sizes])
    shapes = [(clip.height, clip.width), chroma, chroma]
    return [
        tuple(picture[edges[i] : edges[i + 1]].reshape(shapes[i]) for i in range(3))  # type: ignore[misc]
        for picture in pictures
    ]

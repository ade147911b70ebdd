#!/usr/bin/env python3
"""Makes the clips in ``containers/``: what containers hold beside the video, and how they hold open GOPs.

    python3 tests/clips/make_container_clips.py

Needs ffmpeg with libx264. The pictures are ffmpeg's own test pattern.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "containers"
ENDINGS = ("mp4", "ts", "mkv")
H264 = ["-c:v", "libx264", "-crf", "40"]


def video(seconds: float, rate: int, size: str = "160x120") -> list[str]:
    return ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={seconds}"]


# 100 pictures in 4 seconds beside 15 seconds of sound; 30 pictures in open groups of 10.
SOUND = ["-f", "lavfi", "-i", "sine=duration=15:sample_rate=8000", "-c:a", "aac", "-b:a", "8k"]
OPEN_GOP = ["-x264-params", "open-gop=1:keyint=10:bframes=3"]
CLIPS = {
    **{f"with_sound.{ending}": [*video(4, 25), *SOUND, *H264] for ending in ENDINGS},
    **{f"open_gop.{ending}": [*video(1, 30), *H264, *OPEN_GOP] for ending in ENDINGS},
    "mpeg2.ts": [*video(0.2, 25, "64x48"), "-c:v", "mpeg2video"],
}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, options in CLIPS.items():
        command = ["ffmpeg", "-v", "error", "-y", *options, "-fflags", "+bitexact", str(FOLDER / name)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()

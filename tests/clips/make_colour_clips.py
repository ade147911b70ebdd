#!/usr/bin/env python3
"""Makes the clips in ``colour/``: two HD pictures each, tagged with a matrix and range or not at all.

    python3 tests/clips/make_colour_clips.py

Needs ffmpeg with libx264 and libx265. The file names say how a clip is tagged.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "colour"
SOURCE = "testsrc2=size=1280x720:rate=5:duration=0.4,boxblur=4,format=yuv420p"
ENCODERS = {"h264": ("libx264", "-x264-params"), "hevc": ("libx265", "-x265-params")}
TAGS = {
    "untagged": [],
    "bt709": ["-colorspace", "bt709"],
    "bt2020nc": ["-colorspace", "bt2020nc"],
    "bt709_full": ["-colorspace", "bt709", "-color_range", "pc"],
}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for codec, (encoder, option) in ENCODERS.items():
        for name, tags in TAGS.items():
            command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", SOURCE, "-c:v", encoder, "-crf", "34"]
            quiet = [option, "log-level=error"] if codec == "hevc" else []
            path = FOLDER / f"{codec}_{name}.mkv"
            subprocess.run([*command, *quiet, *tags, "-fflags", "+bitexact", str(path)], check=True)


if __name__ == "__main__":
    main()

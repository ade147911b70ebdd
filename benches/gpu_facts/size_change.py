"""What the decoder element itself does when the size changes at a key frame: which caps it announces, when.

    python benches/gpu_facts/run.py --only size_change

gst-launch-1.0 alone, without this library. `seen` is the order in which caps and pictures reached the sink.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from _programs.gst_launch import ENVIRONMENT, PARSERS
from clips_lib import CLIPS
from savant_rs.deepstream import Hardware
from savant_rs.gstreamer import PacketReader
from section import Section

STREAMS = {
    "h264": ("h264_640x360", "h264_320x240", "h264_640x360"),
    "hevc": ("hevc_720p", "hevc_640x360", "hevc_720p"),
}
LIMIT_S = 12
CAPS = re.compile(r"fakesink0\.GstPad:sink: caps = (video/x-raw[^,]*).*width=\(int\)(\d+), height=\(int\)(\d+)")


def access_units(name: str) -> bytes:
    """The clip with start codes, parameter sets in front of each key frame."""
    with PacketReader(CLIPS[name].path) as reader:
        return b"".join(data for _, data in reader)


def seen(printed: str) -> list[str]:
    """Caps, and the number of pictures between them."""
    events: list[str] = []
    pictures = 0
    for line in printed.splitlines():
        caps = CAPS.search(line.replace("\\", ""))
        if caps:
            events += [f"{pictures} pictures"] if pictures else []
            events.append("{} {}x{}".format(*caps.groups()))
            pictures = 0
        pictures += "last-message = chain" in line
    return [*events, f"{pictures} pictures"]


def change(codec: str, decoder: str) -> dict[str, Any]:
    names = STREAMS[codec]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stream"
        path.write_bytes(b"".join(map(access_units, names)))
        line = f"filesrc location={path} ! {PARSERS[codec]} ! {decoder} ! fakesink silent=false sync=false"
        command = ["gst-launch-1.0", "-v", *line.split()]
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=LIMIT_S, env=ENVIRONMENT
        )
    return {
        "sent": [f"{CLIPS[name].frames} of {CLIPS[name].width}x{CLIPS[name].height}" for name in names],
        "seen": seen(done.stdout),
        "exit_status": done.returncode,
        "complaints": done.stderr[-300:],
    }


def main() -> None:
    section = Section(__doc__)
    decoder = "nvv4l2decoder" if section.hardware == Hardware.REQUIRED else "decodebin"
    for codec in STREAMS:
        section.attempt(codec, partial(change, codec, decoder))
    section.finish()


if __name__ == "__main__":
    main()

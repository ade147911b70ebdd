#!/usr/bin/env python3
"""Makes the one-picture samples that ``python -m savant_rs.deepstream`` decodes, one a codec.

Needs ffmpeg with libx264, libx265, libvpx and libaom. The picture is ffmpeg's own test pattern.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

TARGET = Path(__file__).resolve().parents[2] / "python/savant_rs/deepstream/_doctor/samples"
# A multiple of 16, and large enough for hardware decoders of every codec.
SIZE = 160
IVF_FILE_HEADER = 32
IVF_FRAME_HEADER = 12

# codec: (container, encoder options)
SAMPLES = {
    "h264": ("h264", ["-c:v", "libx264", "-bsf:v", "filter_units=remove_types=6"]),
    "hevc": ("hevc", ["-c:v", "libx265", "-x265-params", "log-level=error:info=0"]),
    "vp8": ("ivf", ["-c:v", "libvpx"]),
    "vp9": ("ivf", ["-c:v", "libvpx-vp9"]),
    "av1": ("ivf", ["-c:v", "libaom-av1", "-cpu-used", "8"]),
    "jpeg": ("image2pipe", ["-c:v", "mjpeg", "-huffman", "default"]),
    "png": ("image2pipe", ["-c:v", "png"]),
}


def sample(container: str, options: list[str], pixel_format: str) -> bytes:
    """One coded picture without any container."""
    source = ["-f", "lavfi", "-i", f"smptebars=size={SIZE}x{SIZE}", "-frames:v", "1", "-pix_fmt", pixel_format]
    command = ["ffmpeg", "-v", "error", *source, *options, "-flags:v", "+bitexact", "-f", container, "-"]
    data = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    return data[IVF_FILE_HEADER + IVF_FRAME_HEADER :] if container == "ivf" else data


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    for codec, (container, options) in SAMPLES.items():
        pixel_format = {"png": "rgb24", "jpeg": "yuvj420p"}.get(codec, "yuv420p")
        data = sample(container, options, pixel_format)
        (TARGET / f"{codec}.bin").write_bytes(data)
        print(f"{codec}: {len(data)} bytes")


if __name__ == "__main__":
    main()

"""GStreamer's videoconvertscale in gst-launch-1.0: one picture, scaled again and again.

It does not move from picture to picture as the other programs do, so it reads from the cache.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from _programs.gst_process import execution_seconds


@dataclass(frozen=True)
class Scaling:
    """A picture of H x W x 4 bytes, RGBA, and the width and height that it is letterboxed into."""

    picture: np.ndarray
    target: tuple[int, int]
    threads: int

    def scaled(self) -> np.ndarray:
        """The picture as it comes out."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "scaled.rgba"
            self._run(1, f"filesink location={file}")
            return np.fromfile(file, np.uint8).reshape(self.target[1], self.target[0], 4)

    def ms_a_frame(self, frames: int) -> float:
        """Milliseconds a frame, from the moment when the first one has come out."""
        return execution_seconds(self._run(frames + 1, "fakesink sync=false")) * 1e3 / frames

    def _run(self, frames: int, sink: str) -> str:
        height, width = self.picture.shape[:2]
        with tempfile.NamedTemporaryFile(suffix=".rgba") as file:
            file.write(self.picture.tobytes())
            file.flush()
            branch = (
                f"filesrc location={file.name} blocksize={self.picture.nbytes} ! "
                f"rawvideoparse format=rgba width={width} height={height} ! imagefreeze num-buffers={frames} ! "
                f"videoconvertscale n-threads={self.threads} ! video/x-raw,format=RGBA,pixel-aspect-ratio=1/1,"
                f"width={self.target[0]},height={self.target[1]} ! {sink}"
            )
            return subprocess.run(
                ["gst-launch-1.0", *branch.split()],
                check=True,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=60,
            ).stdout

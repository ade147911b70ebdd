"""OpenCV with its own FFmpeg: read as BGR, turned into RGBA, both into arrays that are kept."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from _programs.pictures import serve_pictures
from _programs.steady import Task


def pictures(task: Task) -> Iterator[np.ndarray]:
    height, width = task.clip.height, task.clip.width
    bgr, rgba = np.empty((height, width, 3), np.uint8), np.empty((height, width, 4), np.uint8)
    capture = cv2.VideoCapture(str(task.file), cv2.CAP_FFMPEG)
    while capture.read(bgr)[0]:
        yield cv2.cvtColor(bgr, cv2.COLOR_BGR2RGBA, dst=rgba)
    capture.release()


if __name__ == "__main__":
    serve_pictures(pictures)

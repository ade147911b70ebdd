"""The contact sheet: a row of small pictures for each stream, saved as a PNG."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from savant_rs.deepstream import BufferGenerator, SurfaceView, VideoFormat

from .consumer import THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH

GAP = 8
BACKGROUND = (24, 24, 28, 255)


def compose(rows: list[list[NDArray[np.uint8]]]) -> NDArray[np.uint8]:
    """Lay the pictures out, one list a row, each centred in its cell; shape (height, width, 4)."""
    columns = max(1, *(len(row) for row in rows))
    cell_width, cell_height = THUMBNAIL_WIDTH + GAP, THUMBNAIL_HEIGHT + GAP
    sheet = np.empty((len(rows) * cell_height + GAP, columns * cell_width + GAP, 4), np.uint8)
    sheet[...] = BACKGROUND
    for row, pictures in enumerate(rows):
        for column, picture in enumerate(pictures):
            height, width = picture.shape[:2]
            top = GAP + row * cell_height + (THUMBNAIL_HEIGHT - height) // 2
            left = GAP + column * cell_width + (THUMBNAIL_WIDTH - width) // 2
            sheet[top : top + height, left : left + width] = picture
    return sheet


def save_png(picture: NDArray[np.uint8], path: Path) -> None:
    """Write RGBA pixels, shape (height, width, 4), through a surface of the library."""
    height, width = picture.shape[:2]
    generator = BufferGenerator(VideoFormat.RGBA, width, height, pool_size=1)
    buffer = generator.acquire()
    SurfaceView.from_buffer(buffer).upload(picture)
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer.save_png(str(path))

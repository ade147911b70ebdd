"""The machine-readable frame number that every test clip carries in its top-left corner.

A number of 16 bits is drawn as a grid of black and white cells, 8 columns by 4 rows: the two upper
rows are the bits, most significant first, the two lower rows their complement. A cell is
``max(12, width // 40)`` pixels wide and high, which survives lossy coding and chroma subsampling.

The high byte of a number tells the clip and the low byte the frame, so a picture that came out of
the wrong stream is found as surely as one that came out at the wrong place.
"""

from __future__ import annotations

import numpy as np

COLUMNS = 8
BITS = 16
ROWS = 2 * BITS // COLUMNS
MIN_CELL = 12
CELLS_PER_WIDTH = 40
BLACK_BELOW = 80
WHITE_ABOVE = 175


class FrameNumberError(ValueError):
    """The picture carries no readable number."""


def cell_size(width: int) -> int:
    """Side of one cell in pixels, for a picture of this width."""
    return max(MIN_CELL, width // CELLS_PER_WIDTH)


def _bits(number: int) -> np.ndarray:
    if not 0 <= number < 1 << BITS:
        raise ValueError(f"a frame number has {BITS} bits, got {number}")
    bits = np.array([number >> shift & 1 for shift in reversed(range(BITS))], dtype=np.uint8)
    return np.concatenate([bits, 1 - bits]).reshape(ROWS, COLUMNS)


def draw_frame_number(picture: np.ndarray, number: int) -> None:
    """Draw ``number`` into ``picture``, shape (height, width, channels), dtype uint8, in place."""
    cell = cell_size(picture.shape[1])
    strip = np.kron(_bits(number) * np.uint8(255), np.ones((cell, cell), dtype=np.uint8))
    picture[: ROWS * cell, : COLUMNS * cell, :3] = strip[..., None]


def read_frame_number(picture: np.ndarray) -> int:
    """Read the number of ``picture``, shape (height, width[, channels]), dtype uint8.

    Of more than one channel the first three are averaged. Raises ``FrameNumberError`` where a cell
    is neither black nor white, or a bit does not agree with its complement.
    """
    height, width = picture.shape[:2]
    cell = cell_size(width)
    if height < ROWS * cell or width < COLUMNS * cell:
        raise FrameNumberError(f"a picture of {width}x{height} has no room for a number")
    strip = np.asarray(picture[: ROWS * cell, : COLUMNS * cell], dtype=np.float64)
    if strip.ndim == 3:
        strip = strip[..., :3].mean(axis=2)
    edge = cell // 4
    cells = strip.reshape(ROWS, cell, COLUMNS, cell)[:, edge : cell - edge, :, edge : cell - edge]
    levels = cells.mean(axis=(1, 3))
    if ((levels > BLACK_BELOW) & (levels < WHITE_ABOVE)).any():
        raise FrameNumberError(f"cells that are neither black nor white:\n{levels.round()}")
    bits = (levels >= WHITE_ABOVE).astype(int).reshape(2, BITS)
    if (bits[0] == bits[1]).any():
        raise FrameNumberError(f"a bit and its complement agree:\n{bits}")
    return int("".join(map(str, bits[0])), 2)

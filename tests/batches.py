"""What the tests of batches have in common."""

from __future__ import annotations

import numpy as np

from savant_rs.deepstream import BufferGenerator, Padding, SharedBuffer, SurfaceView, TransformConfig

# Without scaling every interpolation of every backend gives the source's own pixels.
PLAIN = TransformConfig(Padding.NONE)


def picture(seed: int, width: int = 64, height: int = 48, channels: int = 4) -> np.ndarray:
    """Noise that differs from that of another seed in almost every byte."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)


def source(pixels: np.ndarray, format: str = "RGBA") -> SharedBuffer:
    """A buffer of a pool of its own with these pixels."""
    buffer = BufferGenerator(format, pixels.shape[1], pixels.shape[0], pool_size=1).acquire()
    SurfaceView.from_buffer(buffer).upload(pixels)
    return buffer


def download(buffer: SharedBuffer, slot: int = 0) -> np.ndarray:
    """A copy of the pixels of a slot."""
    return SurfaceView.from_buffer(buffer, slot).download()

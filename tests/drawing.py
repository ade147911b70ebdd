"""Canvases and buffers for tests of drawing."""

from __future__ import annotations

import numpy as np
import skia

from savant_rs.deepstream import BufferGenerator, SharedBuffer, SkiaCanvas, SurfaceView

GARBAGE = 77


def random_pixels(width: int, height: int, seed: int = 3) -> np.ndarray:
    """Opaque RGBA noise, which no shifted, flipped or scaled copy resembles."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)
    pixels[..., 3] = 255
    return pixels


def empty(width: int, height: int, format: str = "RGBA") -> SharedBuffer:
    """A buffer whose bytes are GARBAGE."""
    buffer = BufferGenerator(format, width, height, pool_size=1).acquire()
    SurfaceView.from_buffer(buffer).memset(GARBAGE)
    return buffer


def filled(pixels: np.ndarray) -> SharedBuffer:
    buffer = empty(pixels.shape[1], pixels.shape[0])
    SurfaceView.from_buffer(buffer).upload(pixels)
    return buffer


def pixels_of(buffer: SharedBuffer) -> np.ndarray:
    return SurfaceView.from_buffer(buffer).download()


def rendered(canvas: SkiaCanvas) -> np.ndarray:
    """The canvas, through a buffer of its size."""
    buffer = empty(canvas.width, canvas.height)
    canvas.render_to_nvbuf(buffer)
    return pixels_of(buffer)


def draw_pixels(canvas: SkiaCanvas, pixels: np.ndarray) -> None:
    """Draws an image over the whole canvas, alpha included."""
    image = skia.Image.fromarray(pixels, skia.kRGBA_8888_ColorType)
    canvas.canvas().drawImage(image, 0, 0, skia.SamplingOptions(), skia.Paint(BlendMode=skia.BlendMode.kSrc))


def draw_rect(canvas: SkiaCanvas, left: int, top: int, right: int, bottom: int, *rgba: int) -> None:
    red, green, blue, alpha = rgba
    paint = skia.Paint(Color=skia.Color(red, green, blue, alpha))
    canvas.canvas().drawRect(skia.Rect.MakeLTRB(left, top, right, bottom), paint)

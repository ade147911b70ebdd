"""Scaling with every filter, on every backend, against arithmetic in float64."""

from __future__ import annotations

import numpy as np
import pytest

from batches import source
from savant_rs.deepstream import (
    BufferGenerator,
    Interpolation,
    Padding,
    Rect,
    SurfaceView,
    TransformConfig,
    backend,
)

CUBIC = Interpolation.GPU_CUBIC_VIC_5TAP
SUPER = Interpolation.GPU_SUPER_VIC_10TAP
LANCZOS = Interpolation.GPU_LANCZOS_VIC_SMART
# Where NVIDIA's filters sample is in docs/gpu-facts.md; only some of it is what the host does.
host = pytest.mark.skipif(backend() != "host", reason="NVIDIA's library samples at other positions")
# Even sizes: NVIDIA's library rounds others.
SIZES = [((64, 48), (32, 24)), ((64, 48), (128, 96)), ((160, 120), (98, 70)), ((48, 36), (16, 12))]


def scale(
    pixels: np.ndarray,
    size: tuple[int, int],
    interpolation: Interpolation,
    rect: Rect | None = None,
    format: str = "RGBA",
) -> np.ndarray:
    config = TransformConfig(Padding.NONE, interpolation=interpolation)
    result = BufferGenerator(format, *size).transform(source(pixels, format), config, src_rect=rect)
    return SurfaceView.from_buffer(result).download()


def smooth(size: tuple[int, int], channels: int = 4) -> np.ndarray:
    """A picture whose samples change slowly, other in each channel."""
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    waves = [128 + 100 * np.sin(x / (9 + c) + c) * np.cos(y / (7 + c)) for c in range(channels)]
    return np.stack(waves, axis=-1).round().astype(np.uint8)


def bilinear(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Pixel centres, no smoothing: the four neighbours of (i + 0.5) * scale - 0.5."""
    result = pixels.astype(np.float64)
    for axis, length in ((0, size[1]), (1, size[0])):
        source = result.shape[axis]
        at = ((np.arange(length) + 0.5) * source / length - 0.5).clip(0, source - 1)
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, source - 1)
        weight = (at - low).reshape([-1 if a == axis else 1 for a in range(3)])
        result = result.take(low, axis) * (1 - weight) + result.take(high, axis) * weight
    return result


@host
@pytest.mark.parametrize(("source", "size"), SIZES)
@pytest.mark.parametrize("channels", [1, 4])
def test_bilinear_samples_at_pixel_centres(source: tuple[int, int], size: tuple[int, int], channels: int) -> None:
    pixels = smooth(source, channels)
    got = scale(pixels, size, Interpolation.BILINEAR, format="GRAY8" if channels == 1 else "RGBA")
    assert np.abs(got - bilinear(pixels, size)).max() <= 1.5


def test_super_sampling_is_the_mean_of_all_pixels() -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (48, 64, 4), np.uint8)
    mean = pixels.reshape(12, 4, 16, 4, 4).mean(axis=(1, 3))
    assert np.abs(scale(pixels, (16, 12), SUPER) - mean).max() <= 1.5


@host
@pytest.mark.parametrize("interpolation", [Interpolation.BILINEAR, CUBIC, LANCZOS], ids=str)
@pytest.mark.parametrize(("source", "size"), SIZES[:2])
def test_every_filter_keeps_a_smooth_picture(
    interpolation: Interpolation, source: tuple[int, int], size: tuple[int, int]
) -> None:
    pixels = smooth(source)
    error = np.abs(scale(pixels, size, interpolation) - bilinear(pixels, size))[2:-2, 2:-2]
    assert error.max() <= 6


@pytest.mark.parametrize("interpolation", [Interpolation.BILINEAR, CUBIC, SUPER, LANCZOS], ids=str)
def test_without_scaling_every_filter_copies(interpolation: Interpolation) -> None:
    pixels = np.random.default_rng(4).integers(0, 256, (48, 64, 4), np.uint8)
    assert (scale(pixels, (64, 48), interpolation) == pixels).all()


@host
@pytest.mark.parametrize("interpolation", [Interpolation.BILINEAR, CUBIC, SUPER, LANCZOS], ids=str)
def test_what_lies_around_a_crop_does_not_show(interpolation: Interpolation) -> None:
    pixels = np.full((48, 64, 4), 255, np.uint8)
    pixels[10:30, 20:44] = 40
    got = scale(pixels, (36, 30), interpolation, Rect(10, 20, 24, 20))
    assert (got == 40).all()


def test_letterboxing_scales_into_the_rectangle_and_clears_the_rest() -> None:
    pixels = smooth((64, 36))
    generator = BufferGenerator("RGBA", 96, 96, pool_size=1)
    SurfaceView.from_buffer(generator.acquire()).memset(77)
    result = SurfaceView.from_buffer(generator.transform(source(pixels), TransformConfig())).download()
    assert np.abs(result[21:75][1:-1] - bilinear(pixels, (96, 54))[1:-1]).max() <= 20
    assert not result[:20].any() and not result[76:].any()

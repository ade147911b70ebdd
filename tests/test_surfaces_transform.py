"""Transforms between all formats: where pixels land, what lies around them, and their values."""

from __future__ import annotations

import numpy as np
import pytest

from savant_rs.deepstream import (
    BufferGenerator,
    ComputeMode,
    DstPadding,
    Interpolation,
    LetterboxMap,
    Padding,
    Rect,
    SharedBuffer,
    SurfaceView,
    TransformConfig,
    backend,
)

FORMATS = ["RGBA", "BGRx", "NV12", "NV21", "I420", "UYVY", "GRAY8"]
FILTERS = [
    Interpolation.NEAREST,
    Interpolation.BILINEAR,
    Interpolation.GPU_CUBIC_VIC_5TAP,
    Interpolation.GPU_SUPER_VIC_10TAP,
    Interpolation.GPU_LANCZOS_VIC_SMART,
]
# NVIDIA's library works in even sizes and not with every pair of formats (docs/gpu-facts.md).
host = pytest.mark.skipif(backend() != "host", reason="a rule of the host backend")

CHECK_ROWS = [
    ((800, 600), (800, 800), Padding.SYMMETRIC, None, (0, 100, 800, 600)),
    pytest.param((800, 600), (840, 660), Padding.SYMMETRIC, (10, 20, 10, 20), (10, 22, 820, 615), marks=host),
    pytest.param((1920, 1080), (650, 650), Padding.RIGHT_BOTTOM, (5, 5, 5, 5), (5, 5, 640, 360), marks=host),
    ((800, 600), (820, 640), Padding.NONE, (10, 20, 10, 20), (10, 20, 800, 600)),
    ((1920, 1080), (640, 640), Padding.SYMMETRIC, None, (0, 140, 640, 360)),
    # The odd pixel that is left over lies at the bottom.
    pytest.param((64, 32), (64, 65), Padding.SYMMETRIC, None, (0, 16, 64, 32), marks=host),
]


def filled(pixels: np.ndarray, format: str = "RGBA") -> SharedBuffer:
    buffer = BufferGenerator(format, pixels.shape[1], pixels.shape[0], pool_size=1).acquire()
    SurfaceView.from_buffer(buffer).upload(pixels)
    return buffer


def transform(
    source: SharedBuffer,
    format: str,
    size: tuple[int, int],
    config: TransformConfig | None = None,
    rect: Rect | None = None,
) -> SharedBuffer:
    """Into a buffer whose bytes were 77."""
    generator = BufferGenerator(format, *size, pool_size=1)
    SurfaceView.from_buffer(generator.acquire()).memset(77)
    return generator.transform(source, config or TransformConfig(), src_rect=rect)


def pixels_of(buffer: SharedBuffer) -> np.ndarray:
    return SurfaceView.from_buffer(buffer).download()


def blocks(size: tuple[int, int], seed: int = 5) -> np.ndarray:
    """Opaque colours that are the same in each block of 2x2 pixels."""
    colours = np.random.default_rng(seed).integers(0, 256, (size[1] // 2, size[0] // 2, 4), np.uint8)
    colours[..., 3] = 255
    return colours.repeat(2, axis=0).repeat(2, axis=1)


@pytest.mark.parametrize(("source", "size", "padding", "inset", "expected"), CHECK_ROWS)
def test_pixels_lie_in_the_rectangle_and_zeros_around_it(source, size, padding, inset, expected) -> None:
    white = np.full((source[1], source[0], 4), 255, np.uint8)
    config = TransformConfig(padding, inset and DstPadding(*inset))
    result = pixels_of(transform(filled(white), "RGBA", size, config))
    left, top, width, height = expected
    wanted = np.zeros_like(result)
    wanted[top : top + height, left : left + width] = 255
    assert (result == wanted).all()


@host
@pytest.mark.parametrize("target", FORMATS)
@pytest.mark.parametrize("source", FORMATS)
def test_every_pair_of_formats_keeps_colours(source: str, target: str) -> None:
    pixels = blocks((32, 16))
    if source == "GRAY8" or target == "GRAY8":
        pixels[..., :3] = pixels[..., :1]
    first = transform(filled(pixels), source, (32, 16))
    back = pixels_of(transform(transform(first, target, (32, 16)), "RGBA", (32, 16)))
    # Each of the three conversions may round chroma and luma; a colour outside their gamut is clipped.
    grey = pixels[..., 0].astype(int) if "GRAY8" in (source, target) else None
    error = np.abs(back.astype(int) - (pixels if grey is None else grey[..., None]))[..., :3]
    assert error.max() <= 4
    assert (back[..., 3] == 255).all()


@host
@pytest.mark.parametrize("format", ["NV12", "NV21", "I420", "UYVY", "BGRx"])
def test_a_round_trip_of_colour_blocks_is_within_two_levels(format: str) -> None:
    pixels = blocks((64, 64), 8)
    back = pixels_of(transform(transform(filled(pixels), format, (64, 64)), "RGBA", (64, 64)))
    assert np.abs(back.astype(int) - pixels).max() <= 2


@host
@pytest.mark.parametrize("interpolation", FILTERS, ids=str)
@pytest.mark.parametrize("format", FORMATS)
def test_a_copy_in_the_same_format_is_exact(format: str, interpolation: Interpolation) -> None:
    source = BufferGenerator(format, 33, 17, pool_size=1).acquire()
    for number, plane in enumerate(SurfaceView.from_buffer(source).planes()):
        array = np.asarray(plane)
        array[:] = np.random.default_rng(number).integers(0, 256, array.shape, np.uint8)
    result = transform(source, format, (33, 17), TransformConfig(interpolation=interpolation))
    planes = zip(SurfaceView.from_buffer(source).planes(), SurfaceView.from_buffer(result).planes(), strict=True)
    assert all((np.asarray(before) == np.asarray(after)).all() for before, after in planes)


@host
@pytest.mark.parametrize(("format", "border"), [("NV12", [16, 128]), ("I420", [16, 128, 128]), ("UYVY", [[128, 16]])])
def test_borders_of_other_formats_are_black(format: str, border: list) -> None:
    white = np.full((16, 32, 4), 255, np.uint8)
    result = transform(filled(white), format, (32, 32))
    for plane, expected in zip(SurfaceView.from_buffer(result).planes(), border, strict=True):
        rows = np.asarray(plane)
        quarter = len(rows) // 4
        assert (rows[:quarter] == expected).all() and (rows[-quarter:] == expected).all()
        assert (rows[quarter:-quarter] != 16).all()


@host
@pytest.mark.parametrize("interpolation", FILTERS, ids=str)
@pytest.mark.parametrize("format", FORMATS)
def test_a_marker_is_found_where_the_map_says(format: str, interpolation: Interpolation) -> None:
    source, size = (200, 120), (97, 131)
    config = TransformConfig(Padding.SYMMETRIC, DstPadding(3, 2, 4, 9), interpolation)
    crop = Rect(top=11, left=23, width=141, height=77)
    scale_map = LetterboxMap(config, *source, *size, crop)
    for x, y in [(40, 30), (90, 60), (150, 80)]:
        pixels = np.zeros((source[1], source[0], 4), np.uint8)
        pixels[y - 4 : y + 4, x - 4 : x + 4] = 255
        marked = transform(filled(pixels), format, source)
        found = pixels_of(transform(marked, "RGBA", size, config, crop))[..., 0].astype(float)
        found[found < 60] = 0
        rows, columns = np.indices(found.shape) + 0.5
        centre = np.array([[(found * columns).sum(), (found * rows).sum()]]) / found.sum()
        assert np.abs(centre - scale_map.forward(np.array([[x, y]], float))).max() <= 1


@pytest.mark.parametrize("interpolation", [Interpolation.NEAREST, Interpolation.BILINEAR], ids=str)
def test_a_marker_in_rgba_is_found_where_the_map_says(interpolation: Interpolation) -> None:
    config = TransformConfig(interpolation=interpolation)
    pixels = np.zeros((120, 160, 4), np.uint8)
    pixels[56:64, 36:44] = 255
    found = pixels_of(transform(filled(pixels), "RGBA", (80, 80), config))[..., 0].astype(float)
    rows, columns = np.indices(found.shape) + 0.5
    centre = np.array([[(found * columns).sum(), (found * rows).sum()]]) / found.sum()
    expected = LetterboxMap(config, 160, 120, 80, 80).forward(np.array([[40.0, 60.0]]))
    assert np.abs(centre - expected).max() <= 1


def test_a_crop_may_stick_out_but_not_lie_outside() -> None:
    pixels = blocks((32, 32))
    nearest = TransformConfig(Padding.NONE, interpolation=Interpolation.NEAREST)
    result = pixels_of(transform(filled(pixels), "RGBA", (16, 16), nearest, Rect(16, 16, 100, 100)))
    assert (result == pixels[16:, 16:]).all()
    with pytest.raises(RuntimeError, match="outside"):
        transform(filled(pixels), "RGBA", (16, 16), nearest, Rect(32, 0, 4, 4))


def test_padding_must_leave_sixteen_pixels() -> None:
    pixels = blocks((32, 32))
    transform(filled(pixels), "RGBA", (32, 32), TransformConfig(dst_padding=DstPadding(16)))
    with pytest.raises(RuntimeError, match="dst_padding"):
        transform(filled(pixels), "RGBA", (32, 32), TransformConfig(dst_padding=DstPadding(17)))
    assert pixels_of(transform(filled(pixels), "RGBA", (8, 8))).any()


@host
def test_the_vic_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="VIC"):
        transform(filled(blocks((32, 32))), "RGBA", (16, 16), TransformConfig(compute_mode=ComputeMode.VIC))

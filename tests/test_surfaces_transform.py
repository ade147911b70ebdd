"""Transforms: where pixels land and what lies around them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

import numpy as np
import pytest

from batches import download, source
from format_pairs import converts
from savant_rs.deepstream import (
    BufferGenerator,
    ComputeMode,
    DstPadding,
    Interpolation,
    LetterboxMap,
    Padding,
    Rect,
    SurfaceView,
    TransformConfig,
    is_jetson_kernel,
)
from transforms import (
    FILTERS,
    FORMATS,
    RULES,
    Geometry,
    blocks,
    byte_view,
    coordinates,
    drawn,
    framed,
    is_nearest,
    kept,
    odd_sizes,
    possible,
    read_planes,
    transform,
    write_planes,
)

CHECK_ROWS = [
    ((800, 600), (800, 800), Padding.SYMMETRIC, None, (0, 100, 800, 600)),
    pytest.param((800, 600), (840, 660), Padding.SYMMETRIC, (10, 20, 10, 20), (10, 22, 820, 615), marks=odd_sizes),
    pytest.param((1920, 1080), (650, 650), Padding.RIGHT_BOTTOM, (5, 5, 5, 5), (5, 5, 640, 360), marks=odd_sizes),
    ((800, 600), (820, 640), Padding.NONE, (10, 20, 10, 20), (10, 20, 800, 600)),
    ((1920, 1080), (640, 640), Padding.SYMMETRIC, None, (0, 140, 640, 360)),
    # The odd pixel that is left over lies at the bottom.
    pytest.param((64, 32), (64, 65), Padding.SYMMETRIC, None, (0, 16, 64, 32), marks=odd_sizes),
]


# --- rectangles ---


@pytest.mark.parametrize(("size", "target", "padding", "inset", "expected"), CHECK_ROWS)
def test_pixels_lie_in_the_rectangle_and_zeros_around_it(size, target, padding, inset, expected) -> None:
    white = np.full((size[1], size[0], 4), 255, np.uint8)
    config = TransformConfig(padding, inset and DstPadding(*inset))
    result = download(transform(source(white), "RGBA", target, config))
    left, top, width, height = expected
    assert (result == framed(target, Rect(top, left, width, height), 255)).all()


def test_nearest_shows_each_pixel_of_the_crop_where_the_prediction_says() -> None:
    """Thousands of random geometries: the crop, the rectangle and every pixel in it."""
    for geometry, scale_map in islice(possible(drawn(1)), RULES.geometries):
        pixels = coordinates(geometry.source)
        result = geometry.run(pixels, Interpolation.NEAREST)
        assert is_nearest(result, pixels, scale_map), geometry


def test_bilinear_fills_the_rectangle_that_the_prediction_says() -> None:
    for geometry, scale_map in islice(possible(drawn(2)), RULES.geometries):
        white = np.full((*geometry.source[::-1], 4), 255, np.uint8)
        result = geometry.run(white, Interpolation.BILINEAR)
        mask = framed(geometry.size, scale_map.rect, 255)
        assert (result[mask == 255] >= 255 - RULES.truncation).all() and not result[mask == 0].any(), geometry


@pytest.mark.parametrize("interpolation", [Interpolation.NEAREST, Interpolation.BILINEAR], ids=str)
def test_a_plain_picture_stays_plain(interpolation: Interpolation) -> None:
    colour = (10, 20, 30, 255)
    for geometry, scale_map in islice(possible(drawn(7)), RULES.geometries // 10):
        result = geometry.run(np.full((*geometry.source[::-1], 4), colour, np.uint8), interpolation)
        expected = framed(geometry.size, scale_map.rect, np.array(colour))
        assert np.abs(result - expected.astype(int)).max() <= RULES.truncation, geometry


def refusal(call: Callable[..., object], *arguments: object) -> str | None:
    try:
        call(*arguments)
    except RuntimeError as error:
        return str(error)
    return None


def test_what_cannot_be_predicted_cannot_be_transformed() -> None:
    refused = [(geometry, refusal(geometry.scale_map)) for geometry in islice(drawn(3), RULES.geometries)]
    impossible = [(geometry, reason) for geometry, reason in refused if reason is not None]
    assert len(impossible) > RULES.geometries // 50
    for geometry, reason in impossible:
        pixels = np.zeros((*geometry.source[::-1], 4), np.uint8)
        assert refusal(geometry.run, pixels, Interpolation.NEAREST) == reason, geometry


# --- markers ---


def assert_marker_is_found(
    geometry: Geometry, scale_map: LetterboxMap, interpolation: Interpolation, format: str, at: np.ndarray
) -> bool:
    """Whether the crop has room for a marker there, four pixels of the result wide; if so it is found."""
    crop, scale = scale_map.crop, np.array(scale_map.scale)
    half = np.maximum(4, np.ceil(2 / scale)).astype(int)
    corner, room = np.array([crop.left, crop.top]), np.array([crop.width, crop.height]) - 2 * half
    if (room < 0).any():
        return False
    point = corner + half + np.floor(at * (room + 1)).astype(int)
    (left, top), (width, height) = point - half, 2 * half
    pixels = framed(geometry.source, Rect(top, left, width, height), 255)
    found = geometry.run(pixels, interpolation, format)[..., 0].astype(float)
    found[found < 60] = 0
    rows, columns = np.indices(found.shape) + 0.5
    centre = np.array([(found * columns).sum(), (found * rows).sum()]) / found.sum()
    # One pixel of the source or of the result, whichever is larger.
    distance = np.abs(centre - scale_map.forward(point[None].astype(float))[0])
    assert (distance <= np.maximum(1, scale)).all(), (geometry, point, distance)
    return True


@pytest.mark.parametrize("interpolation", [Interpolation.NEAREST, Interpolation.BILINEAR], ids=str)
def test_a_marker_is_found_where_the_map_says(interpolation: Interpolation) -> None:
    random = np.random.default_rng(4)
    found = [
        assert_marker_is_found(*geometry, interpolation, "RGBA", random.random(2))
        for geometry in islice(possible(drawn(4, 200)), RULES.geometries // 4)
    ]
    assert sum(found) > len(found) // 2


@pytest.mark.parametrize("interpolation", FILTERS, ids=str)
@pytest.mark.parametrize("format", [name for name in FORMATS if converts("RGBA", name) and converts(name, "RGBA")])
def test_a_marker_of_every_format_is_found_with_every_filter(format: str, interpolation: Interpolation) -> None:
    # Not every filter of NVIDIA's can enlarge, or keep a size.
    reduced = (pair for pair in possible(drawn(5, 200)) if max(pair[1].scale) < 0.9)
    if format in RULES.simple_filters_only and interpolation not in FILTERS[:2]:
        with pytest.raises(RuntimeError, match=format):
            transform(transform(source(blocks((64, 64))), format, (64, 64)), "RGBA", (32, 32),
                      TransformConfig(interpolation=interpolation))  # fmt: skip
        return
    random = np.random.default_rng(5)
    found = [
        assert_marker_is_found(*geometry, interpolation, format, random.random(2)) for geometry in islice(reduced, 8)
    ]
    assert sum(found) >= 4


@pytest.mark.parametrize("interpolation", FILTERS, ids=str)
@pytest.mark.parametrize("format", ["RGBA", "NV12", "I420"])
def test_nothing_but_the_picture_is_filtered(format: str, interpolation: Interpolation) -> None:
    """Whatever other pictures were in memory before."""
    random = np.random.default_rng(6)
    reduced = [geometry for geometry, scale_map in islice(possible(drawn(5, 200)), 60) if max(scale_map.scale) < 0.9]
    assert len(reduced) >= 8
    for geometry in reduced[:8]:
        pixels = blocks(geometry.source)
        expected = geometry.run(pixels, interpolation, format).astype(int)
        for _ in range(6):
            noise = random.integers(0, 256, (200, 200, 4), dtype=np.uint8)
            transform(source(noise), format, (100, 100), TransformConfig(interpolation=Interpolation.BILINEAR))
            assert np.abs(geometry.run(pixels, interpolation, format) - expected).max() <= RULES.beyond_edges, geometry


# --- crops, borders and limits ---


def test_a_crop_may_stick_out_but_not_lie_outside() -> None:
    pixels = blocks((32, 32))
    nearest = TransformConfig(Padding.NONE, interpolation=Interpolation.NEAREST)
    result = download(transform(source(pixels), "RGBA", (16, 16), nearest, Rect(16, 16, 100, 100)))
    assert (result == pixels[16:, 16:]).all()
    with pytest.raises(RuntimeError, match="outside"):
        transform(source(pixels), "RGBA", (16, 16), nearest, Rect(32, 0, 4, 4))


def test_padding_must_leave_sixteen_pixels() -> None:
    pixels = blocks((32, 32))
    transform(source(pixels), "RGBA", (32, 32), TransformConfig(dst_padding=DstPadding(16)))
    with pytest.raises(RuntimeError, match="dst_padding"):
        transform(source(pixels), "RGBA", (32, 32), TransformConfig(dst_padding=DstPadding(17)))
    assert download(transform(source(pixels), "RGBA", (8, 8))).any()


@pytest.mark.parametrize(
    ("format", "border"),
    [("NV12", [16, 128]), ("I420", [16, 128, 128]), ("UYVY", [[128, 16]]), ("NV21", [16, 128]), ("GRAY8", [0])],
)
def test_borders_of_other_formats_are_black(format: str, border: list) -> None:
    if not converts("RGBA", format):
        pytest.skip("not supported by this backend but for plain copies")
    # A colour that RGB has too: NVIDIA's library letterboxes by way of it.
    level = 150
    buffer = BufferGenerator(format, 32, 16, pool_size=1).acquire()
    write_planes(buffer, [np.full_like(plane, level) for plane in read_planes(buffer)])
    result = transform(buffer, format, (32, 32))
    for plane, expected in zip(read_planes(result), border, strict=True):
        quarter = len(plane) // 4
        assert (plane[:quarter] == expected).all() and (plane[-quarter:] == expected).all()
        assert np.abs(plane[quarter:-quarter].astype(int) - level).max() <= RULES.truncation


def test_a_rectangle_that_covers_everything_clears_nothing() -> None:
    """Which shows in the bytes behind each row."""
    whole = TransformConfig(Padding.NONE, interpolation=Interpolation.NEAREST)
    view = SurfaceView.from_buffer(transform(source(blocks((32, 16))), "RGBA", (10, 6), whole))
    rows = byte_view(view, view.height, view.pitch, view.pitch).download()[:, :, 0]
    assert view.pitch > 40 and (rows[:, 40:] == 77).all()
    assert (rows[:, 3:40:4] == 255).all()


@pytest.mark.parametrize("interpolation", [*FILTERS, Interpolation.DEFAULT], ids=str)
@pytest.mark.parametrize("format", [name for name in FORMATS if converts(name, name)])
def test_a_copy_in_the_same_format_is_exact(format: str, interpolation: Interpolation) -> None:
    size = kept(33, 17)
    buffer = BufferGenerator(format, *size, pool_size=1).acquire()
    random = np.random.default_rng(6)
    planes = [random.integers(0, 256, plane.shape, np.uint8) for plane in read_planes(buffer)]
    write_planes(buffer, planes)
    result = transform(buffer, format, size, TransformConfig(interpolation=interpolation))
    assert all((before == after).all() for before, after in zip(planes, read_planes(result), strict=True))


@pytest.mark.skipif(is_jetson_kernel(), reason="Jetson has one")
def test_the_vic_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="VIC"):
        transform(source(blocks((32, 32))), "RGBA", (16, 16), TransformConfig(compute_mode=ComputeMode.VIC))

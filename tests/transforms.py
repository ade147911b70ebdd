"""What the tests of transforms have in common: where the backends differ, random geometries, planes in and out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from batches import download, source
from capsules import Exported
from savant_rs.deepstream import (
    BufferGenerator,
    DstPadding,
    Interpolation,
    LetterboxMap,
    Padding,
    Rect,
    SharedBuffer,
    SurfacePlane,
    SurfaceView,
    TransformConfig,
    backend,
)

FORMATS = ["RGBA", "BGRx", "NV12", "NV21", "I420", "UYVY", "GRAY8"]
PADDINGS = [Padding.NONE, Padding.RIGHT_BOTTOM, Padding.SYMMETRIC]
FILTERS = [
    Interpolation.NEAREST,
    Interpolation.BILINEAR,
    Interpolation.GPU_CUBIC_VIC_5TAP,
    Interpolation.GPU_SUPER_VIC_10TAP,
    Interpolation.GPU_LANCZOS_VIC_SMART,
]


@dataclass(frozen=True)
class Rules:
    """Where the backends differ (docs/gpu-facts.md)."""

    step: int
    """Sizes and edges that are multiples of it are kept, others are rounded."""
    truncation: int
    """By how many levels a plain colour may be too small after BILINEAR."""
    rounding: int
    """By how many levels colours may differ after the way to another format and back."""
    geometries: int
    """How many random geometries a test tries."""
    exact_quotients: bool
    """NEAREST shows source pixel floor(i * source / destination) also where that quotient is exact; else it may be
    the one before."""
    simple_filters_only: tuple[str, ...]
    """Formats that only NEAREST and BILINEAR scale."""
    beyond_edges: int
    """Levels by which what lies in memory beyond the picture shows in it, with the other filters."""


RULES = {
    "host": Rules(1, 0, 2, 4000, True, (), 0),
    "deepstream": Rules(2, 1, 4, 300, False, ("UYVY", "GRAY8"), 40),
}[str(backend())]
odd_sizes = pytest.mark.skipif(RULES.step > 1, reason="NVIDIA's library rounds odd sizes and edges")


def kept(*sides: int) -> tuple[int, ...]:
    """The next smaller sizes that the backend does not round."""
    return tuple(side // RULES.step * RULES.step for side in sides)


def transform(
    buffer: SharedBuffer,
    format: str,
    size: tuple[int, int],
    config: TransformConfig | None = None,
    rect: Rect | None = None,
) -> SharedBuffer:
    """Into a buffer whose bytes were 77."""
    generator = BufferGenerator(format, *size, pool_size=1)
    SurfaceView.from_buffer(generator.acquire()).memset(77)
    return generator.transform(buffer, config or TransformConfig(), src_rect=rect)


def blocks(size: tuple[int, int], seed: int = 5) -> np.ndarray:
    """Opaque colours that are the same in each block of 2x2 pixels."""
    colours = np.random.default_rng(seed).integers(0, 256, (size[1] // 2, size[0] // 2, 4), np.uint8)
    colours[..., 3] = 255
    return colours.repeat(2, axis=0).repeat(2, axis=1)


def framed(size: tuple[int, int], rect: Rect, inside: np.ndarray | int) -> np.ndarray:
    """RGBA pixels (height, width, 4) that are zero outside of a rectangle."""
    pixels = np.zeros((size[1], size[0], 4), np.uint8)
    pixels[rect.top : rect.top + rect.height, rect.left : rect.left + rect.width] = inside
    return pixels


def coordinates(size: tuple[int, int]) -> np.ndarray:
    """RGBA pixels (height, width, 4) whose red and green tell the column and the row."""
    x, y = np.meshgrid(*map(np.arange, size))
    return np.stack([x, y, np.full_like(x, 255), np.full_like(x, 255)], axis=-1).astype(np.uint8)


def is_nearest(result: np.ndarray, pixels: np.ndarray, scale_map: LetterboxMap) -> bool:
    """Whether it is what NEAREST makes of RGBA pixels: source pixel floor(i * source / destination), from the crop's
    corner on, and zeros around the rectangle."""
    crop, rect = scale_map.crop, scale_map.rect
    row_choices = [crop.top + rows for rows in _shown(crop.height, rect.height)]
    column_choices = [crop.left + columns for columns in _shown(crop.width, rect.width)]
    inside = result[rect.top : rect.top + rect.height, rect.left : rect.left + rect.width]
    choices = [pixels[rows][:, columns] for rows in row_choices for columns in column_choices]
    is_shown = np.any([(inside == choice).all(-1) for choice in choices], axis=0)
    return bool(is_shown.all()) and bool((framed(result.shape[1::-1], rect, inside) == result).all())


def _shown(source: int, destination: int) -> list[np.ndarray]:
    """Which pixels of a side may be shown."""
    product = np.arange(destination) * source
    plain = product // destination
    if RULES.exact_quotients:
        return [plain]
    return [plain, np.maximum(0, plain - (product % destination == 0))]


# --- planes ---


def byte_view(pixels: SurfacePlane | SurfaceView, height: int, row_bytes: int, pitch: int) -> SurfaceView:
    """The bytes behind a plane as a GRAY8 view; whoever has it keeps the plane's buffer."""
    device = pixels.__dlpack_device__()
    return SurfaceView.from_dlpack(
        Exported(pixels.data_ptr, (height, row_bytes), strides=(pitch, 1), device=device).capsule
    )


def write_planes(buffer: SharedBuffer, planes: Sequence[np.ndarray]) -> None:
    """Fills the planes of slot 0, whatever the format; shapes as `SurfaceView.planes` gives them."""
    for plane, samples in zip(SurfaceView.from_buffer(buffer).planes(), planes, strict=True):
        assert samples.shape == plane.shape
        rows = samples.reshape(len(samples), -1, 1)
        byte_view(plane, *rows.shape[:2], plane.strides[0]).upload(np.ascontiguousarray(rows))


def read_planes(buffer: SharedBuffer) -> list[np.ndarray]:
    """Copies of the planes of slot 0."""
    shapes = [plane.shape for plane in SurfaceView.from_buffer(buffer).planes()]
    ends = np.cumsum([np.prod(shape) for shape in shapes])
    parts = np.split(download(buffer).ravel(), ends[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


# --- geometries ---


@dataclass(frozen=True)
class Geometry:
    """One way to put a picture into another; sizes are (width, height)."""

    source: tuple[int, int]
    size: tuple[int, int]
    padding: Padding
    inset: tuple[int, int, int, int] | None
    crop: tuple[int, int, int, int] | None
    """Top, left, width, height."""

    @property
    def src_rect(self) -> Rect | None:
        return self.crop and Rect(*self.crop)

    def config(self, interpolation: Interpolation = Interpolation.NEAREST) -> TransformConfig:
        return TransformConfig(self.padding, self.inset and DstPadding(*self.inset), interpolation)

    def scale_map(self) -> LetterboxMap:
        """Raises RuntimeError if the transform cannot be."""
        return LetterboxMap(self.config(), *self.source, *self.size, self.src_rect)

    def run(self, pixels: np.ndarray, interpolation: Interpolation, format: str = "RGBA") -> np.ndarray:
        """What becomes of RGBA pixels, which are `format` before they are scaled."""
        buffer = source(pixels)
        if format != "RGBA":
            buffer = transform(buffer, format, self.source)
        return download(transform(buffer, "RGBA", self.size, self.config(interpolation), self.src_rect))


def drawn(seed: int, largest: int = 96) -> Iterator[Geometry]:
    """Geometries without end, possible and impossible ones, in sizes that the backend keeps."""
    random = np.random.default_rng(seed)

    def side(least: int, greatest: int) -> int:
        return RULES.step * int(random.integers(-(-least // RULES.step), greatest // RULES.step + 1))

    while True:
        width, height = side(1, largest), side(1, largest)
        yield Geometry(
            (width, height),
            (side(1, largest), side(1, largest)),
            PADDINGS[random.integers(len(PADDINGS))],
            (side(0, 12), side(0, 12), side(0, 12), side(0, 12)) if random.random() < 0.5 else None,
            (side(0, height), side(0, width), side(1, width), side(1, height)) if random.random() < 0.5 else None,
        )


def possible(geometries: Iterable[Geometry]) -> Iterator[tuple[Geometry, LetterboxMap]]:
    """Those with a rectangle, which the backend does not round."""
    for geometry in geometries:
        try:
            scale_map = geometry.scale_map()
        except RuntimeError:
            continue
        rect = scale_map.rect
        edges = (rect.left, rect.top, rect.width, rect.height)
        if kept(*edges) == edges:
            yield geometry, scale_map

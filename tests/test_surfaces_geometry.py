"""Rect, DstPadding, TransformConfig and letterboxing."""

import numpy as np
import pytest

from savant_rs.deepstream import DstPadding, Interpolation, LetterboxMap, Padding, Rect, TransformConfig


def test_argument_order():
    rect = Rect(1, 2, 3, 4)
    assert (rect.top, rect.left, rect.width, rect.height) == (1, 2, 3, 4)
    padding = DstPadding(1, 2, 3, 4)
    assert (padding.left, padding.top, padding.right, padding.bottom) == (1, 2, 3, 4)


def test_repr():
    assert repr(Rect(top=1, left=2, width=3, height=4)) == "Rect(top=1, left=2, width=3, height=4)"
    assert repr(DstPadding(left=5)) == "DstPadding(left=5, top=0, right=0, bottom=0)"
    assert repr(TransformConfig()).startswith("TransformConfig(")


def test_fields_are_unsigned_and_writable():
    rect = Rect(0, 0, 0, 0)
    rect.width = 2**32 - 1
    assert rect.width == 2**32 - 1
    for value in (-1, 2**32):
        with pytest.raises(OverflowError):
            rect.top = value
        with pytest.raises(OverflowError):
            DstPadding(value)
    with pytest.raises(TypeError):
        Rect(1, 2, 3)
    with pytest.raises(TypeError):
        Rect(1, 2, 3, 4.0)


def test_equality():
    assert DstPadding.uniform(3) == DstPadding(3, 3, 3, 3)
    assert DstPadding(3) != DstPadding(0, 3)
    assert DstPadding() != 0
    assert hash(DstPadding.uniform(3)) == hash(DstPadding(3, 3, 3, 3))
    # Rect and TransformConfig compare by identity.
    assert Rect(1, 2, 3, 4) != Rect(1, 2, 3, 4)
    assert TransformConfig() != TransformConfig()


def test_transform_config_defaults_and_copies():
    config = TransformConfig()
    assert config.padding == Padding.SYMMETRIC
    assert config.interpolation == Interpolation.BILINEAR
    assert config.dst_padding is None
    config.dst_padding = DstPadding(1)
    config.dst_padding.left = 9
    assert config.dst_padding == DstPadding(1)
    config.dst_padding = None
    assert config.dst_padding is None


@pytest.mark.parametrize("name", ["padding", "interpolation", "compute_mode"])
def test_transform_config_refuses_none_and_ints(name):
    for value in (None, 0, "none"):
        with pytest.raises(TypeError):
            TransformConfig(**{name: value})
        with pytest.raises(TypeError):
            setattr(TransformConfig(), name, value)


@pytest.mark.parametrize(
    ("src", "dst", "padding", "inset", "expected"),
    [
        ((800, 600), (800, 800), Padding.SYMMETRIC, None, (0, 100, 800, 600)),
        ((800, 600), (840, 660), Padding.SYMMETRIC, (10, 20, 10, 20), (10, 22, 820, 615)),
        ((1920, 1080), (650, 650), Padding.RIGHT_BOTTOM, (5, 5, 5, 5), (5, 5, 640, 360)),
        ((800, 600), (820, 640), Padding.NONE, (10, 20, 10, 20), (10, 20, 800, 600)),
        ((1920, 1080), (640, 640), Padding.SYMMETRIC, None, (0, 140, 640, 360)),
    ],
)
def test_letterbox_rect(src, dst, padding, inset, expected):
    config = TransformConfig(padding, inset and DstPadding(*inset))
    rect = config.letterbox_rect(*src, *dst)
    assert (rect.left, rect.top, rect.width, rect.height) == expected


def test_letterbox_rect_needs_sixteen_pixels_of_padded_sides():
    assert TransformConfig(dst_padding=DstPadding(left=16)).letterbox_rect(32, 32, 32, 32).width == 16
    with pytest.raises(RuntimeError, match="dst_padding"):
        TransformConfig(dst_padding=DstPadding(left=17)).letterbox_rect(32, 32, 32, 32)
    assert TransformConfig().letterbox_rect(32, 32, 8, 8).width == 8


def test_letterbox_rect_takes_the_aspect_ratio_of_the_visible_crop():
    rect = TransformConfig().letterbox_rect(100, 100, 64, 64, src_rect=Rect(0, 80, 100, 10))
    assert (rect.left, rect.top, rect.width, rect.height) == (0, 16, 64, 32)
    with pytest.raises(RuntimeError, match="outside"):
        TransformConfig().letterbox_rect(100, 100, 64, 64, Rect(100, 0, 1, 1))
    with pytest.raises(RuntimeError):
        TransformConfig().letterbox_rect(10_000, 1, 100, 100)


CONFIG = TransformConfig(Padding.RIGHT_BOTTOM, DstPadding(3, 5, 7, 9))


def test_letterbox_map_has_the_numbers_of_the_transform():
    scale_map = LetterboxMap(CONFIG, 200, 100, 90, 74, Rect(top=20, left=10, width=40, height=1000))
    crop, rect = scale_map.crop, scale_map.rect
    assert (crop.left, crop.top, crop.width, crop.height) == (10, 20, 40, 80)
    assert (rect.left, rect.top, rect.width, rect.height) == (3, 5, 30, 60)
    assert scale_map.scale == (0.75, 0.75)
    assert scale_map.offset == (3 - 10 * 0.75, 5 - 20 * 0.75)
    assert repr(scale_map) == f"LetterboxMap(crop={crop!r}, rect={rect!r})"


def test_letterbox_map_forward_is_the_formula_and_inverse_its_inverse():
    scale_map = LetterboxMap(CONFIG, 1920, 1080, 641, 487, Rect(11, 13, 1777, 999))
    points = np.random.default_rng(1).uniform(-4000, 4000, (1000, 2))
    crop, rect = scale_map.crop, scale_map.rect
    scale = np.array([rect.width / crop.width, rect.height / crop.height])
    expected = (points - [crop.left, crop.top]) * scale + [rect.left, rect.top]
    mapped = scale_map.forward(points)
    assert np.abs(mapped - expected).max() <= 1e-9
    assert np.abs(scale_map.inverse(mapped) - points).max() <= 1e-9
    boxes = points.reshape(-1, 4)
    assert (scale_map.forward_boxes(boxes) == mapped.reshape(-1, 4)).all()
    assert np.abs(scale_map.inverse_boxes(scale_map.forward_boxes(boxes)) - boxes).max() <= 1e-9
    assert (scale_map.forward(points[::-3]) == mapped[::-3]).all()
    assert scale_map.forward(np.empty((0, 2))).shape == (0, 2)


@pytest.mark.parametrize(
    ("method", "columns"), [("forward", 2), ("inverse", 2), ("forward_boxes", 4), ("inverse_boxes", 4)]
)
def test_letterbox_map_refuses_other_arrays(method, columns):
    call = getattr(LetterboxMap(CONFIG, 64, 64, 64, 64), method)
    for shape in [(columns,), (3, columns + 1), (1, 3, columns)]:
        with pytest.raises(ValueError, match=rf"\(N, {columns}\)"):
            call(np.zeros(shape))
    for wrong in (np.zeros((3, columns), np.float32), np.zeros((3, columns), int), [[0.0] * columns]):
        with pytest.raises(TypeError, match="float64"):
            call(wrong)

"""Rect, DstPadding, TransformConfig and letterboxing."""

import pytest

from savant_rs.deepstream import DstPadding, Interpolation, Padding, Rect, TransformConfig
from savant_rs.deepstream._native import letterbox


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
def test_letterbox(src, dst, padding, inset, expected):
    rect = letterbox(src, dst, padding, inset and DstPadding(*inset))
    assert (rect.left, rect.top, rect.width, rect.height) == expected


def test_letterbox_needs_sixteen_pixels():
    assert letterbox((32, 32), (32, 32), dst_padding=DstPadding(left=16)).width == 16
    with pytest.raises(RuntimeError, match="dst_padding"):
        letterbox((32, 32), (32, 32), dst_padding=DstPadding(left=17))

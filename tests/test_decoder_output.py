"""Pictures in a size, format and placement of the user's own, scaled as they are decoded. On both backends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from clips_lib import CLIPS, Clip, read_frame_number
from decoding import Picture, Recorder, config, packets, recorded
from savant_rs.deepstream import (
    DstPadding,
    FlexibleDecoderConfig,
    Interpolation,
    Padding,
    TransformConfig,
    VideoFormat,
    backend,
)

H264 = CLIPS["h264_bpyramid_640x360"]
STILL = CLIPS["jpeg_640x360"]
KINDS = [H264, CLIPS["av1_640x360"], STILL]


def decode(clip: Clip, **output: Any) -> Recorder:
    """The first pictures of a clip, with these arguments of ``with_output``."""
    with recorded(output=output) as (decoder, recorder):
        for frame, data in packets(clip)[:8]:
            decoder.submit(frame, data)
    return recorder


def place(picture: Picture) -> tuple[int, int, int, int]:
    """Left, top, width and height of what the picture covers."""
    rect = picture.decoded.rect
    return rect.left, rect.top, rect.width, rect.height


def covered(picture: Picture) -> np.ndarray:
    left, top, width, height = place(picture)
    return picture.pixels[top : top + height, left : left + width]


def borders(picture: Picture) -> np.ndarray:
    left, top, width, height = place(picture)
    outside = np.ones(picture.pixels.shape[:2], dtype=bool)
    outside[top : top + height, left : left + width] = False
    return picture.pixels[outside]


@pytest.mark.parametrize("clip", KINDS, ids=lambda clip: clip.name)
def test_without_a_size_pictures_cover_the_declared_one(clip: Clip) -> None:
    pictures = decode(clip).pictures
    assert {place(picture) for picture in pictures} == {(0, 0, clip.width, clip.height)}


@pytest.mark.parametrize("clip", KINDS, ids=lambda clip: clip.name)
@pytest.mark.parametrize("interpolation", [Interpolation.NEAREST, Interpolation.BILINEAR])
def test_pictures_are_letterboxed_into_a_size_of_the_users_own(clip: Clip, interpolation: Interpolation) -> None:
    transform = TransformConfig(interpolation=interpolation)
    recorder = decode(clip, width=320, height=320, transform=transform)
    assert len(recorder.pictures) == min(clip.frames, 8)
    for picture in recorder.pictures:
        assert picture.pixels.shape == (320, 320, 4)
        assert place(picture) == (0, 70, 320, 180)
        assert not borders(picture).any()
        assert (covered(picture)[..., 3] == 255).all()


def test_the_right_pictures_come_out_small() -> None:
    clip = CLIPS["h264_1080p"]
    pictures = decode(clip, width=960, height=960).pictures
    numbers = [read_frame_number(np.ascontiguousarray(covered(picture))) for picture in pictures]
    assert numbers == sorted(numbers) and set(numbers) <= set(clip.numbers)


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        (TransformConfig(), (0, 70, 320, 180)),
        (TransformConfig(padding=Padding.RIGHT_BOTTOM), (0, 0, 320, 180)),
        (TransformConfig(padding=Padding.NONE), (0, 0, 320, 320)),
        (TransformConfig(dst_padding=DstPadding.uniform(32)), (32, 88, 256, 144)),
    ],
    ids=["symmetric", "right_bottom", "none", "dst_padding"],
)
def test_the_rectangle_is_where_the_picture_lies(
    transform: TransformConfig, expected: tuple[int, int, int, int]
) -> None:
    for picture in decode(H264, width=320, height=320, transform=transform).pictures:
        assert place(picture) == expected
        assert not borders(picture).any()
        assert covered(picture)[..., 3].all()


def test_small_pictures_in_yuv_have_black_borders() -> None:
    for picture in decode(H264, format=VideoFormat.NV12, width=320, height=320).pictures:
        luma = picture.pixels[: 320 * 320].reshape(320, 320)
        chroma = picture.pixels[320 * 320 :].reshape(160, 320)
        assert place(picture) == (0, 70, 320, 180)
        assert (luma[:70] == 16).all() and (luma[250:] == 16).all()
        assert (chroma[:35] == 128).all() and (chroma[125:] == 128).all()
        assert luma[70:250].std() > 10


def test_the_scaled_picture_has_the_colours_of_the_large_one() -> None:
    large = decode(H264).pictures
    small = decode(H264, width=320, height=180).pictures
    for whole, half in zip(large, small, strict=True):
        mean = [picture.pixels[..., :3].mean(axis=(0, 1)) for picture in (whole, half)]
        assert np.abs(mean[0] - mean[1]).max() < 1.5


@pytest.mark.skipif(backend() != "host", reason="NVIDIA's library samples at other positions")
def test_the_scaled_picture_is_that_of_the_large_one() -> None:
    """Halved exactly, each pixel lies between those that it was made of."""
    large = decode(H264).pictures
    small = decode(H264, width=320, height=180).pictures
    for whole, half in zip(large, small, strict=True):
        blocks = whole.pixels[..., :3].astype(int).reshape(180, 2, 320, 2, 3)
        error = np.abs(half.pixels[..., :3] - blocks.mean(axis=(1, 3)))
        # Chroma is interpolated rather than repeated, so that single pixels at edges differ more.
        assert error.mean() < 1.5


@pytest.mark.parametrize("options", [{"width": 320}, {"height": 320}, {"width": 0, "height": 320}])
def test_half_a_size_is_refused(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="both"):
        FlexibleDecoderConfig("camera", 0, 4).with_output(VideoFormat.RGBA, **options)


def test_what_cannot_be_placed_makes_no_decoder() -> None:
    transform = TransformConfig(dst_padding=DstPadding.uniform(150))
    recorder = decode(H264, width=310, height=310, transform=transform)
    assert recorder.reasons[0] == "decoder_creation_failed"
    assert not recorder.pictures
    assert "dst_padding" in recorder.skips[0].reason.detail


def test_the_configuration_tells_what_was_set() -> None:
    plain = config()
    assert plain.output_size is None
    assert plain.output_transform.interpolation == Interpolation.NEAREST
    changed = plain.with_output(VideoFormat.NV12, 64, 48)
    assert (changed.output_format, changed.output_size) == (VideoFormat.NV12, (64, 48))
    assert changed.output_transform.interpolation == Interpolation.BILINEAR
    assert plain.output_size is None
    own = TransformConfig(padding=Padding.NONE)
    assert plain.with_output(transform=own).output_transform.padding == Padding.NONE

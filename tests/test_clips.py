"""The clips on disk are the ones that the reference data speaks of, and their numbers can be read."""

from __future__ import annotations

import numpy as np
import pytest

from clips_lib import CLIPS, Clip, FrameNumberError, native_planes, read_frame_number
from frame_number import COLUMNS, ROWS, cell_size, draw_frame_number

PLANAR = [clip for clip in CLIPS.values() if clip.pixel_format in {"yuv420p", "yuvj420p"}]


def test_every_clip_file_has_reference_data_and_the_other_way_round() -> None:
    folder = next(iter(CLIPS.values())).path.parent
    media = {path for path in folder.iterdir() if path.suffix not in {".md", ".py", ".json"} and path.is_file()}
    assert media == {clip.path for clip in CLIPS.values()}


def test_no_two_clips_share_a_frame_number() -> None:
    numbers = [number for clip in CLIPS.values() for number in clip.numbers]
    assert len(numbers) == len(set(numbers))


@pytest.mark.ffmpeg
@pytest.mark.parametrize("clip", PLANAR, ids=lambda clip: clip.name)
def test_luma_carries_the_numbers_in_presentation_order(clip: Clip) -> None:
    assert tuple(read_frame_number(luma) for luma, _, _ in native_planes(clip)) == clip.numbers


@pytest.mark.parametrize("number", [0, 1, 0x00FF, 0xA5C3, 0xFFFF])
@pytest.mark.parametrize("width", [100, 320, 1920])
def test_numbers_survive_noise(number: int, width: int) -> None:
    generator = np.random.default_rng(number + width)
    picture = np.full((240, width, 4), 128, np.uint8)
    draw_frame_number(picture, number)
    noisy = picture.astype(np.int16) + generator.integers(-60, 61, picture.shape, dtype=np.int16)
    assert read_frame_number(noisy.clip(0, 255).astype(np.uint8)) == number


def test_a_wrong_cell_is_an_error_and_not_another_number() -> None:
    picture = np.full((240, 320, 4), 128, np.uint8)
    draw_frame_number(picture, 77)
    cell = cell_size(320)
    for row in range(ROWS):
        for column in range(COLUMNS):
            spoilt = picture.copy()
            area = spoilt[row * cell : (row + 1) * cell, column * cell : (column + 1) * cell]
            area[...] = 255 - area
            with pytest.raises(FrameNumberError):
                read_frame_number(spoilt)


def test_a_picture_without_a_number_is_an_error() -> None:
    with pytest.raises(FrameNumberError):
        read_frame_number(np.full((360, 640, 4), 128, np.uint8))
    with pytest.raises(FrameNumberError):
        read_frame_number(np.zeros((20, 20, 4), np.uint8))

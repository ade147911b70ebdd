"""The demonstration, run as a user runs it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from clips_lib import CLIPS, read_frame_number
from decoding import packets_of, recorded
from gst_features import has_gst_feature
from savant_rs.deepstream import TransformConfig

LIMIT_S = 100
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
SHEET = Path("demo-out/contact-sheet.png")
needs_h264_encoder = pytest.mark.skipif(not has_gst_feature("x264enc"), reason="needs x264enc")


def run(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=LIMIT_S)


def demo(*files: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return run("savant_rs.deepstream.demo", *files, cwd=cwd)


def test_demo_decodes_streams_of_several_codecs_at_once(tmp_path: Path) -> None:
    clips = [CLIPS[name] for name in ("h264_bpyramid_640x360", "hevc_720p", "vp8_altref_640x360", "mjpeg_480x272")]
    done = demo(*(clip.path for clip in clips), cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    for clip in clips:
        row = re.search(rf"{re.escape(clip.path.name)}.*", done.stdout)
        assert row is not None
        assert f"{clip.width}x{clip.height}" in row[0]
        cells = [cell.strip() for cell in re.split("[│|]", row[0])]
        assert cells[4:6] == [str(clip.packets), str(clip.frames)], row[0]
    assert (tmp_path / SHEET).read_bytes().startswith(PNG_SIGNATURE)
    frames = sum(clip.frames for clip in clips)
    assert re.search(rf"^{frames} pictures in \d+ batches of up to 8, 640x640 RGBA$", done.stdout, re.MULTILINE)


@needs_h264_encoder
def test_the_mosaic_shows_every_stream_letterboxed(tmp_path: Path) -> None:
    clips = [CLIPS[name] for name in ("h264_bpyramid_640x360", "hevc_720p", "mjpeg_480x272")]
    done = demo(*(clip.path for clip in clips), cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    told = re.search(r"mosaic: (\S+), (\d+) pictures", done.stdout)
    assert told is not None, done.stdout
    with recorded() as (decoder, recorder):
        sent = packets_of(tmp_path / told[1])
        for frame, data in sent:
            decoder.submit(frame, data)
    assert len(recorder.pictures) == len(sent) == int(told[2])
    last = recorder.pictures[-1].pixels
    assert last.shape == (640, 640, 4)
    # Tiles in the order of the files; the fourth is free.
    for clip, (top, left) in zip(clips, ((0, 0), (0, 320), (320, 0)), strict=True):
        tile = last[top : top + 320, left : left + 320]
        covers = TransformConfig().letterbox_rect(clip.width, clip.height, 640, 640)
        edge, height = covers.top // 2, covers.height // 2
        rows = edge + np.arange(clip.height) * height // clip.height
        columns = np.arange(clip.width) * 320 // clip.width
        assert read_frame_number(tile[rows[:, None], columns]) & 0xFF == clip.frames - 1
        assert tile[: edge - 2, :, :3].max() < 30
        # The band of its name.
        assert 8 < tile[-20:-4, -10:, :3].mean() < 40
    assert last[322:, 322:, :3].max() < 30


def test_demo_takes_the_same_file_twice(tmp_path: Path) -> None:
    path = CLIPS["h264_320x240"].path
    done = demo(path, path, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{path.name}#1" in done.stdout


def test_demo_makes_its_own_input_where_there_are_no_clips(tmp_path: Path) -> None:
    done = demo(cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / SHEET).is_file()


def test_demo_names_a_missing_file(tmp_path: Path) -> None:
    done = demo("nowhere.mp4", cwd=tmp_path)
    assert done.returncode == 2
    assert "nowhere.mp4" in done.stderr


def test_demo_fails_on_a_file_that_is_no_video(tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("this is not a video\n" * 100)
    done = demo(text, CLIPS["h264_320x240"].path, cwd=tmp_path)
    assert done.returncode == 1
    assert "not accounted for: notes.mp4" in done.stderr


def test_demo_ends_when_the_consumer_fails(tmp_path: Path) -> None:
    script = tmp_path / "failing.py"
    script.write_text(
        "import sys\n"
        "from savant_rs.deepstream import demo\n"
        "from savant_rs.deepstream._demo import consumer\n"
        "def fail(*_):\n"
        "    raise RuntimeError('the consumer gave up')\n"
        "consumer.shrink = fail\n"
        f"sys.exit(demo.main([{str(CLIPS['h264_1080p'].path)!r}, '--pool-size', '2']))\n"
    )
    done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "the consumer gave up" in done.stderr


@pytest.mark.parametrize("module", ["savant_rs.deepstream.demo"])
def test_help_needs_no_file(module: str, tmp_path: Path) -> None:
    assert run(module, "--help", cwd=tmp_path).returncode == 0

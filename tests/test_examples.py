"""The examples and the one in the README run as they are."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from clips_lib import CLIPS, CLIPS_DIR, Clip
from savant_rs.gstreamer import PacketReader

REPOSITORY = Path(__file__).resolve().parents[1]
LIMIT_S = 60
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def run(*arguments: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=LIMIT_S
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["h264_bpyramid_640x360", "hevc_720p", "vp9_640x360", "mjpeg_480x272"])
def test_decode_example_prints_every_picture(name: str, tmp_path: Path) -> None:
    clip: Clip = CLIPS[name]
    picture = tmp_path / "first.png"
    printed = run(REPOSITORY / "examples/decode.py", clip.path, picture, cwd=tmp_path)
    assert len(re.findall(r" ns  ", printed)) == clip.frames
    assert f"{clip.frames} pictures" in printed
    assert picture.read_bytes().startswith(PNG_SIGNATURE)


def test_batch_example_uses_every_picture(tmp_path: Path) -> None:
    clips = [CLIPS[name] for name in ("h264_bpyramid_640x360", "mjpeg_480x272")]
    printed = run(REPOSITORY / "examples/batch.py", *(clip.path for clip in clips), cwd=tmp_path)
    batches = re.findall(r"^batch of (\d+) from (\d) sources: \w+ \((\d+), ", printed, re.MULTILINE)
    frames = sum(clip.frames for clip in clips)
    assert sum(int(size) for size, _, _ in batches) == frames and f"{frames} pictures" in printed
    assert all(size == length for size, _, length in batches)
    assert [int(size) for size, _, _ in batches[:-1]] == [8] * (len(batches) - 1)


def test_the_first_readme_example_runs_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/clips").symlink_to(CLIPS_DIR)
    code = re.search(r"```python\n(.*?)```", (REPOSITORY / "README.md").read_text(), re.DOTALL)
    assert code is not None
    (tmp_path / "example.py").write_text(code[1])
    printed = run("example.py", cwd=tmp_path)
    assert f"{CLIPS['h264_bpyramid_640x360'].frames} pictures" in printed


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_transcode_example_writes_every_picture(codec: str, tmp_path: Path) -> None:
    clip = CLIPS["hevc_720p"]
    target = tmp_path / "smaller.mp4"
    printed = run(REPOSITORY / "examples/transcode.py", clip.path, target, "--codec", codec, cwd=tmp_path)
    assert f"{clip.frames} pictures" in printed
    with PacketReader(target) as reader:
        frames = [frame for frame, _ in reader]
    assert [(frame.width, frame.height) for frame in frames] == [(640, 360)] * clip.frames

"""The examples and the one in the README run as they are."""

from __future__ import annotations

import importlib.util
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest

import batches
import decoding
from clips_lib import CLIPS, CLIPS_DIR, Clip
from encoding import each_codec
from savant_rs.deepstream import backend
from savant_rs.gstreamer import Codec, PacketReader

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
    printed = run(REPOSITORY / "examples/batch.py", "boxes", *(clip.path for clip in clips), cwd=tmp_path)
    batches = re.findall(r"^batch of (\d+) from \d sources: (\w+) \((\d+), ", printed, re.MULTILINE)
    frames = sum(clip.frames for clip in clips)
    assert sum(int(size) for size, _, _ in batches) == frames and f"{frames} pictures" in printed
    assert all(size == length for size, _, length in batches)
    assert [int(size) for size, _, _ in batches[:-1]] == [8] * (len(batches) - 1)
    # PyTorch takes the batch in place where there is one, and a GPU machine has it.
    has_torch = backend() == "deepstream" or importlib.util.find_spec("torch") is not None
    assert {kind for _, kind, _ in batches} == {"Tensor" if has_torch else "ndarray"}


# Sizes that every backend scales as asked for: as large as in the batch, portrait, twice as large, half as large.
@pytest.mark.parametrize("size", [(640, 360), (480, 640), (1280, 720), (320, 240)])
def test_batch_example_maps_boxes_back_to_the_marker(size: tuple[int, int], tmp_path: Path) -> None:
    width, height = size
    marker = np.array([width // 4, height // 8, width // 2, height // 2])
    left, top, right, bottom = marker
    pixels = np.full((height, width, 4), (40, 60, 50, 255), np.uint8)
    pixels[top:bottom, left:right] = 255
    batches.source(pixels).save_png(tmp_path / "marked.png")
    printed = run(REPOSITORY / "examples/batch.py", "boxes", "marked.png", cwd=tmp_path)
    found = re.search(r"^marked.png: brightest in \[(.*)\], see (.*)$", printed, re.MULTILINE)
    assert found is not None, printed
    box = np.array([int(number) for number in found[1].split(",")])
    # One pixel of the picture or of the batch, whichever is larger.
    tolerance = max(1, max(size) / 640)
    assert np.abs(box - marker).max() <= tolerance
    with decoding.recorded() as (decoder, recorder):
        for frame, data in decoding.packets_of(tmp_path / found[2]):
            decoder.submit(frame, data)
    drawn = recorder.pictures[0].pixels
    red = (drawn == (255, 0, 0, 255)).all(axis=2)
    rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
    around = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
    assert (around - box).tolist() == [-3, -3, 3, 3]
    assert (drawn[~red] == pixels[~red]).all()


def test_the_first_readme_example_runs_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/clips").symlink_to(CLIPS_DIR)
    code = re.search(r"```python\n(.*?)```", (REPOSITORY / "README.md").read_text(), re.DOTALL)
    assert code is not None
    (tmp_path / "example.py").write_text(code[1])
    printed = run("example.py", cwd=tmp_path)
    assert f"{CLIPS['h264_bpyramid_640x360'].frames} pictures" in printed


@each_codec(Codec.H264, Codec.Hevc)
def test_transcode_example_writes_every_picture(codec: Codec, tmp_path: Path) -> None:
    clip = CLIPS["hevc_720p"]
    target = tmp_path / "smaller.mp4"
    printed = run(REPOSITORY / "examples/transcode.py", clip.path, target, "--codec", codec.name(), cwd=tmp_path)
    assert f"{clip.frames} pictures" in printed
    with PacketReader(target) as reader:
        frames = [frame for frame, _ in reader]
    assert [(frame.width, frame.height) for frame in frames] == [(640, 360)] * clip.frames


def test_draw_example_draws_on_every_picture(tmp_path: Path) -> None:
    clip = CLIPS["h264_bpyramid_640x360"]
    magenta = np.full((64, 96, 4), (255, 0, 255, 255), np.uint8)
    magenta[20:44, 20:76] = 0
    batches.source(magenta).save_png(tmp_path / "sprite.png")
    target = tmp_path / "drawn.mp4"
    arguments = (clip.path, target, "--sprite", "sprite.png", "--width", "640", "--height", "360")
    assert f"{clip.frames} pictures" in run(REPOSITORY / "examples/draw.py", *arguments, cwd=tmp_path)
    with decoding.recorded() as (decoder, recorder):
        for path in (clip.path, target):
            for frame, data in decoding.packets_of(path):
                decoder.submit(frame, data)
    pictures = [picture.pixels for picture in recorder.pictures]
    assert len(pictures) == 2 * clip.frames
    height, width = pictures[0].shape[:2]
    some = slice(None, clip.frames, clip.frames // 4)
    originals, results = (half[some] for half in (pictures[: clip.frames], pictures[clip.frames :]))

    def roughness(part: np.ndarray) -> float:
        return float(np.abs(np.diff(part[..., :3], axis=1)).mean())

    for before, after in zip(np.array(originals, int), np.array(results, int), strict=True):
        corner = after[16:80, width - 112 : width - 16]
        frame = np.ones((64, 96), bool)
        frame[18:46, 18:78] = False
        assert np.abs(corner[frame][:, :3] - (255, 0, 255)).mean() < 12
        inside = np.s_[24:40, 24:72]
        assert np.abs(corner[inside] - before[16:80, width - 112 : width - 16][inside]).mean() < 12
        lower_left = np.s_[height // 2 + 8 : height - 8, 8 : width // 4]
        assert roughness(after[lower_left]) < 0.5 * roughness(before[lower_left])
        green = after[..., 1] - after[..., [0, 2]].max(axis=2) > 100
        # Two outlines of four pixels around a fifth by a quarter of the picture.
        outlines = 2 * 4 * 2 * (width // 5 + height // 4)
        assert 0.6 * outlines < green.sum() < 1.4 * outlines


def test_many_gpus_example_decodes_every_file(tmp_path: Path) -> None:
    clips = [CLIPS[name] for name in ("h264_bpyramid_640x360", "mjpeg_480x272", "h264_320x240")]
    printed = run(REPOSITORY / "examples/many_gpus.py", *(clip.path for clip in clips), cwd=tmp_path)
    counts = re.findall(r"^(\d): .*: (\d+) pictures$", printed, re.MULTILINE)
    assert counts == [(str(number), str(clip.frames)) for number, clip in enumerate(clips)]
    assert "on device 0" in printed


def test_metrics_example_serves_what_prometheus_reads(tmp_path: Path) -> None:
    clip = CLIPS["h264_320x240"]
    path = tmp_path / 'with "quotes".mp4'
    path.symlink_to(clip.path)
    command = [sys.executable, str(REPOSITORY / "examples/metrics.py"), str(path), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout is not None
            address = program.stdout.readline().strip()
            label = f'source="{path}"'.replace(' "', ' \\"').replace('s".', 's\\".')
            expected = f"savant_decoder_delivered_total{{{label}}} "
            end = time.monotonic() + LIMIT_S
            value, page = 0, ""
            # The decoder keeps its last pictures until more packets come.
            while value < clip.frames - 20:
                assert time.monotonic() < end, page
                with urllib.request.urlopen(address) as response:
                    page = response.read().decode()
                found = [line for line in page.splitlines() if line.startswith(expected)]
                value = int(found[0].removeprefix(expected)) if found else 0
            assert re.search(r"^# TYPE savant_decoder_delivered_total counter$", page, re.MULTILINE)
            lines = [line for line in page.splitlines() if not line.startswith("#")]
            assert all(re.fullmatch(r"[a-z_0-9]+(\{.*\})? [0-9.e-]+", line) for line in lines), page
        finally:
            program.send_signal(signal.SIGINT)
        assert program.wait(LIMIT_S) == 0

"""Nothing is left behind: native objects, threads and memory."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from clips_lib import CLIPS
from decoding import config, make_frame, packets, recorded
from savant_rs.deepstream import FlexibleDecoder, _native
from savant_rs.primitives import Codec
from test_decoder_sessions import wait_until

NOTHING = {"sessions": 0, "encoders": 0, "surfaces": 0}


def nothing_is_left() -> bool:
    gc.collect()
    return bool(_native._live_objects() == NOTHING)


@pytest.mark.parametrize("name", ["h264_320x240", "vp8_320x180", "mjpeg_480x272", "png_rgb_320x180"])
@pytest.mark.parametrize("end", ["graceful_shutdown", "shutdown", "drop"])
def test_no_native_object_survives_its_decoder(name: str, end: str, native_threads: Callable[[], list[str]]) -> None:
    def run() -> None:
        decoder = FlexibleDecoder(config(), lambda output: None)
        for frame, data in packets(CLIPS[name]):
            decoder.submit(frame, data)
        if end != "drop":
            getattr(decoder, end)()
            assert _native._live_objects()["sessions"] == 0

    run()
    before = native_threads()
    run()
    wait_until(nothing_is_left)
    # GStreamer keeps idle threads for the next task, so there may be fewer, but no more.
    wait_until(lambda: len(native_threads()) <= len(before))


def test_many_sessions_of_one_decoder_leave_nothing() -> None:
    with recorded() as (decoder, recorder):
        recorder.keep_pixels = False
        for size in range(16, 76):
            decoder.submit(make_frame(Codec.RawRgba, size, 16), bytes(size * 16 * 4))
        wait_until(lambda: decoder.stats()["in_flight"] == 0)
        for picture in recorder.pictures:
            assert picture.frame.height == 16
        # Sessions are torn down as they end, not at the end of the decoder.
        wait_until(lambda: _native._live_objects()["sessions"] <= 1)
    wait_until(nothing_is_left)


def test_gstreamer_objects_are_gone_at_the_end(live_gst_objects: Callable[[str], list[str]]) -> None:
    script = """
        from clips_lib import CLIPS
        from savant_rs.deepstream import FlexibleDecoder, FlexibleDecoderConfig
        from savant_rs.gstreamer import PacketReader

        def run():
            clip = CLIPS["h264_320x240"]
            decoder = FlexibleDecoder(FlexibleDecoderConfig("s", 0, 4), lambda output: None)
            with PacketReader(clip.path, "s") as reader:
                for frame, data in reader:
                    decoder.submit(frame, data)
            decoder.graceful_shutdown()
            assert decoder.stats()["delivered"] == clip.frames

        run()
    """
    assert live_gst_objects(script) == []


def test_an_interpreter_that_exits_with_live_decoders() -> None:
    script = """
from clips_lib import CLIPS
from savant_rs.deepstream import FlexibleDecoder, FlexibleDecoderConfig
from savant_rs.gstreamer import PacketReader

def callback(output):
    print("frame", flush=True)

decoder = FlexibleDecoder(FlexibleDecoderConfig("s", 0, 4), callback)
for frame, data in list(PacketReader(CLIPS["h264_320x240"].path, "s"))[:20]:
    decoder.submit(frame, data)
"""
    search = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": search}
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""

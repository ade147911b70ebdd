"""Software decoders share the cores, whenever they come and go."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from clips_lib import CLIPS, Clip, read_frame_number
from decoding import packets, recorded
from gst_features import has_gst_feature
from pools import wait_until
from savant_rs.deepstream import DecoderConfig, FlexibleDecoder, Hardware, backend
from savant_rs.primitives import VideoFrame

CORES = len(os.sched_getaffinity(0))
# Threads that GLib keeps for the next element, for some seconds.
IDLE = 2

pools_in_system_memory = pytest.mark.skipif(
    backend() != "host", reason="on a GPU a decoder keeps its threads: device memory may not hold a second pool"
)

pytestmark = [
    pytest.mark.skipif(CORES < 2, reason="a single core is not shared"),
    pytest.mark.skipif(not has_gst_feature("avdec_h264"), reason="needs libav's elements: others have no threads"),
]


@pytest.fixture
def decoding_threads(native_threads: Callable[[], list[str]]) -> Callable[[], int]:
    """Counts the threads of elements, and those that libav makes from there, with the same name or its own."""
    return lambda: sum(thread.startswith(("appsrc", "av:")) for thread in native_threads())


def enter_others(stack: ExitStack) -> list[FlexibleDecoder]:
    """So many that each decoder has one core at most."""
    return [stack.enter_context(recorded(hardware=Hardware.SOFTWARE))[0] for _ in range(CORES)]


def submit_clip(clip: Clip, *decoders: FlexibleDecoder) -> None:
    for frame, data in packets(clip):
        for decoder in decoders:
            decoder.submit(frame, data)


@pools_in_system_memory
@pytest.mark.parametrize("name", ["h264_320x240", "vp9_640x360"])
def test_a_decoder_gives_threads_back_when_others_come(name: str, decoding_threads: Callable[[], int]) -> None:
    clip, asked = CLIPS[name], []

    def choose(found: DecoderConfig, frame: VideoFrame) -> DecoderConfig:
        asked.append(found)
        return found

    made = recorded(hardware=Hardware.SOFTWARE, decoder_config_callback=choose)
    with made as (decoder, recorder), ExitStack() as stack:
        submit_clip(clip, decoder)
        assert decoding_threads() > 1 + IDLE
        others = enter_others(stack)
        for _ in range(2):
            submit_clip(clip, decoder, *others)
        wait_until(lambda: decoding_threads() <= 1 + CORES + IDLE)
    assert set(recorder.kinds) == {"frame"}
    assert len(asked) == 1, "the stream is the same"
    assert [read_frame_number(picture.pixels) for picture in recorder.pictures] == [*clip.numbers] * 3


@pools_in_system_memory
@pytest.mark.parametrize("name", ["h264_320x240", "vp9_640x360"])
def test_a_decoder_gets_threads_when_others_leave(name: str, decoding_threads: Callable[[], int]) -> None:
    clip = CLIPS[name]
    with recorded(hardware=Hardware.SOFTWARE) as (decoder, recorder):
        with ExitStack() as stack:
            others = enter_others(stack)
            for _ in range(2):
                submit_clip(clip, *others, decoder)
            wait_until(lambda: decoding_threads() <= 1 + CORES + IDLE)
        submit_clip(clip, decoder)
        wait_until(lambda: decoding_threads() > 1 + IDLE)
    assert set(recorder.kinds) == {"frame"}
    assert [read_frame_number(picture.pixels) for picture in recorder.pictures] == [*clip.numbers] * 3


@pytest.mark.parametrize("name", ["h264_open_gop_320x240", "hevc_open_gop_320x240"])
def test_pictures_that_refer_back_past_a_random_access_point_keep_their_decoder(name: str) -> None:
    clip = CLIPS[name]
    with ExitStack() as stack:
        decoder, recorder = stack.enter_context(recorded(hardware=Hardware.SOFTWARE))
        for index, (frame, data) in enumerate(packets(clip)):
            decoder.submit(frame, data)
            if index == 0:
                for _ in range(CORES):
                    stack.enter_context(recorded(hardware=Hardware.SOFTWARE))[0].submit(frame, data)
        decoder.graceful_shutdown()
    assert [read_frame_number(picture.pixels) for picture in recorder.pictures] == list(clip.numbers)

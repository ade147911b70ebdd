"""Callbacks that raise, return nonsense, or change the decoder's configuration."""

from __future__ import annotations

import logging
import threading

import pytest

from clips_lib import CLIPS
from decoding import config, make_frame, packets, recorded
from savant_rs.deepstream import DecoderConfig, FlexibleDecoder, JpegDecoderConfig
from savant_rs.primitives import Codec, VideoFrame

LOGGER = "savant_rs.deepstream"
JPEG = packets(CLIPS["jpeg_640x360"])[0][1]


def test_a_raising_result_callback_does_not_stop_decoding(caplog: pytest.LogCaptureFixture) -> None:
    clip = CLIPS["h264_320x240"]
    calls = []

    def callback(output: object) -> None:
        calls.append(1)
        raise ValueError("from the user")

    decoder = FlexibleDecoder(config(), callback)
    with caplog.at_level(logging.ERROR, LOGGER):
        for frame, data in packets(clip):
            decoder.submit(frame, data)
        decoder.graceful_shutdown()
    assert len(calls) == clip.frames
    assert len(caplog.records) == clip.frames
    assert "ValueError: from the user" in caplog.records[0].getMessage()
    assert caplog.records[0].exc_info is None, "a traceback would keep the output alive"


def test_the_config_callback_is_called_once_per_activation_on_the_submitting_thread() -> None:
    calls = []

    def callback(decoder_config: DecoderConfig, frame: VideoFrame) -> DecoderConfig:
        calls.append((decoder_config.codec(), frame, threading.get_ident()))
        return decoder_config

    first, second, third = (make_frame(Codec.Jpeg, width, 360) for width in (640, 640, 320))
    with recorded(decoder_config_callback=callback) as (decoder, recorder):
        for frame in (first, second, third):
            decoder.submit(frame, JPEG)
        decoder.submit(make_frame(None, 8, 8), b"skipped")
    here = threading.get_ident()
    assert [(codec, thread) for codec, _, thread in calls] == [(Codec.Jpeg, here)] * 2
    assert [frame for _, frame, _ in calls] == [first, third]
    # The skip comes from the submitting thread and may overtake pictures that are still being decoded.
    assert recorder.reasons == ["unsupported_codec"]
    assert [kind for kind in recorder.kinds if kind != "skipped"] == ["frame", "frame", "change", "frame"]


@pytest.mark.parametrize("result", [ValueError("no"), None, 5], ids=["raises", "none", "int"])
def test_a_config_callback_that_fails_is_logged_and_ignored(result: object, caplog: pytest.LogCaptureFixture) -> None:
    def callback(decoder_config: DecoderConfig, frame: VideoFrame) -> object:
        if isinstance(result, Exception):
            raise result
        return result

    with caplog.at_level(logging.ERROR, LOGGER), recorded(decoder_config_callback=callback) as (decoder, recorder):
        decoder.submit(make_frame(Codec.Jpeg, 640, 360), JPEG)
    assert recorder.kinds == ["frame"]
    assert len(caplog.records) == 1


def test_the_config_callback_may_choose_the_cpu() -> None:
    def callback(decoder_config: DecoderConfig, frame: VideoFrame) -> DecoderConfig:
        return decoder_config.with_jpeg(JpegDecoderConfig.cpu())

    with recorded(decoder_config_callback=callback) as (decoder, recorder):
        decoder.submit(make_frame(Codec.Jpeg, 640, 360), JPEG)
    assert recorder.pictures[0].decoded.codec == Codec.Jpeg, "the frame's codec is reported"
    assert recorder.pictures[0].decoded.decoder == "libjpeg-turbo"


def test_a_config_of_another_codec_is_refused_with_the_reason() -> None:
    def callback(decoder_config: DecoderConfig, frame: VideoFrame) -> DecoderConfig:
        from savant_rs.deepstream import Vp8DecoderConfig

        return decoder_config.with_vp8(Vp8DecoderConfig())

    with recorded(decoder_config_callback=callback) as (decoder, recorder):
        decoder.submit(make_frame(Codec.Jpeg, 640, 360), JPEG)
    assert recorder.reasons == ["decoder_creation_failed"]
    assert "vp8" in recorder.skips[0].reason.detail


def test_a_callback_may_log_collect_garbage_and_take_its_time() -> None:
    import gc
    import time

    clip = CLIPS["h264_320x240"]
    seen = []

    def callback(output: object) -> None:
        gc.collect()
        logging.getLogger("a user").info("frame")
        time.sleep(0.002)
        seen.append(output.is_frame)

    decoder = FlexibleDecoder(config(pool_size=1), callback)
    for frame, data in packets(clip):
        decoder.submit(frame, data)
    decoder.graceful_shutdown()
    assert seen == [True] * clip.frames

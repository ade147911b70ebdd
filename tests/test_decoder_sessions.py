"""Activation, stream formats, parameter changes, ends of stream and shutdowns."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest

from clips_lib import CLIPS, read_frame_number
from decoding import SOURCE, config, make_frame, packets, recorded
from pools import wait_until
from savant_rs.deepstream import (
    DecoderConfig,
    FlexibleDecoder,
    H264DecoderConfig,
    H264StreamFormat,
    HevcStreamFormat,
)
from savant_rs.primitives import Codec, VideoFrame

H264 = CLIPS["h264_bpyramid_640x360"]
SMALL = CLIPS["h264_320x240"]
JPEG = packets(CLIPS["jpeg_640x360"])[0][1]
PNG = packets(CLIPS["png_rgb_320x180"])[0][1]


def short_start_codes(data: bytes) -> bytes:
    return data.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01")


@pytest.mark.parametrize(
    ("name", "stream_format", "expected"),
    [
        ("h264_bpyramid_640x360", "annexb", H264StreamFormat.BYTE_STREAM),
        ("h264_bpyramid_640x360", "avc", H264StreamFormat.AVC),
        ("hevc_720p", "annexb", HevcStreamFormat.BYTE_STREAM),
        ("hevc_720p", "avc", HevcStreamFormat.HVC1),
    ],
)
def test_both_framings_decode_and_the_config_callback_sees_them(
    name: str, stream_format: str, expected: object
) -> None:
    seen = []

    def callback(decoder_config: DecoderConfig, frame: VideoFrame) -> DecoderConfig:
        inner = decoder_config.as_h264() or decoder_config.as_hevc()
        seen.append((inner.stream_format, frame.codec))
        return decoder_config

    clip = CLIPS[name]
    with recorded(decoder_config_callback=callback) as (decoder, recorder):
        for frame, data in packets(clip, stream_format=stream_format):
            decoder.submit(frame, data)
    codec = Codec.H264 if clip.codec == "h264" else Codec.Hevc
    assert seen == [(expected, codec)]
    assert [read_frame_number(picture.pixels) for picture in recorder.pictures] == list(clip.numbers)


@pytest.mark.parametrize("name", ["h264_bpyramid_640x360", "hevc_720p"])
def test_three_byte_start_codes_decode(name: str) -> None:
    clip = CLIPS[name]
    with recorded() as (decoder, recorder):
        for frame, data in packets(clip):
            decoder.submit(frame, short_start_codes(data))
    assert [read_frame_number(picture.pixels) for picture in recorder.pictures] == list(clip.numbers)


def test_a_first_length_of_256_to_511_is_not_taken_for_a_start_code() -> None:
    formats = []

    def callback(decoder_config: DecoderConfig, frame: VideoFrame) -> DecoderConfig:
        formats.append(decoder_config.as_h264().stream_format)
        return decoder_config

    sent = packets(SMALL, stream_format="avc")
    # A supplemental enhancement information unit of 300 bytes in front: its length begins 00 00 01.
    user_data = b"\x06\x05\xff\x28" + bytes(range(1, 256)) + b"\x01" * 40 + b"\x80"
    assert len(user_data) == 300
    with recorded(decoder_config_callback=callback) as (decoder, recorder):
        for index, (frame, data) in enumerate(sent):
            prefix = len(user_data).to_bytes(4, "big") + user_data if index == 0 else b""
            decoder.submit(frame, prefix + data)
    assert formats == [H264StreamFormat.AVC]
    assert len(recorder.pictures) == SMALL.frames


def test_a_resolution_change_separates_old_and_new_frames() -> None:
    old, new = packets(H264)[:50], packets(SMALL)
    with recorded() as (decoder, recorder):
        for frame, data in [*old, *new]:
            decoder.submit(frame, data)
            if frame is new[0][0]:
                assert "change" in recorder.kinds, "told before submit returns"
    assert recorder.kinds == ["frame"] * 50 + ["change"] + ["frame"] * len(new)
    assert recorder.events[50][1] == ((Codec.H264, 640, 360), (Codec.H264, 320, 240))
    sizes = [picture.pixels.shape[1] for picture in recorder.pictures]
    assert sizes == [640] * 50 + [320] * len(new)


def test_a_codec_change_names_both_codecs() -> None:
    with recorded() as (decoder, recorder):
        decoder.submit(make_frame(Codec.Jpeg, 320, 180), JPEG)
        decoder.submit(make_frame(Codec.Png, 320, 180), PNG)
    assert recorder.kinds == ["frame", "change", "frame"]
    assert recorder.events[1][1] == ((Codec.Jpeg, 320, 180), (Codec.Png, 320, 180))


def test_a_change_is_told_also_when_the_new_codec_waits_for_a_keyframe() -> None:
    with recorded() as (decoder, recorder):
        decoder.submit(make_frame(Codec.Jpeg, 640, 360), JPEG)
        decoder.submit(make_frame(Codec.H264, 640, 360), b"\x00\x00\x00\x01\x41\x9a")
        assert recorder.kinds == ["frame", "change"]
    assert recorder.reasons == ["waiting_for_keyframe"]


def test_many_changes_lose_nothing() -> None:
    with recorded() as (decoder, recorder):
        for size in range(16, 46):
            decoder.submit(make_frame(Codec.RawRgba, size, 16), bytes(size * 16 * 4))
    assert recorder.kinds == ["frame"] + ["change", "frame"] * 29


def test_source_eos_on_an_idle_decoder_is_synchronous() -> None:
    with recorded() as (decoder, recorder):
        decoder.source_eos("any id")
        assert recorder.events == [("eos", "any id")]
        assert recorder.threads == [threading.get_ident()]


@pytest.mark.parametrize("name", ["h264_bpyramid_640x360", "vp9_640x360", "mjpeg_480x272"])
def test_source_eos_keeps_its_place_and_the_decoder_goes_on(name: str) -> None:
    clip = CLIPS[name]
    sent = packets(clip)
    with recorded() as (decoder, recorder):
        for frame, data in sent:
            decoder.submit(frame, data)
        decoder.source_eos(SOURCE)
        for frame, data in packets(clip):
            decoder.submit(frame, data)
    assert recorder.kinds == ["frame"] * clip.frames + ["eos"] + ["frame"] * clip.frames


def test_source_eos_comes_out_without_more_input() -> None:
    told = threading.Event()
    frames = []

    def callback(output: object) -> None:
        if output.is_source_eos:
            told.set()
        elif output.is_frame:
            frames.append(1)

    decoder = FlexibleDecoder(config(), callback)
    for frame, data in packets(H264):
        decoder.submit(frame, data)
    decoder.source_eos(SOURCE)
    assert told.wait(30)
    assert len(frames) == H264.frames
    decoder.shutdown()


def test_a_graceful_shutdown_delivers_everything() -> None:
    with recorded() as (decoder, recorder):
        assert repr(decoder) == "FlexibleDecoder(running)"
        for frame, data in packets(H264):
            decoder.submit(frame, data)
        decoder.graceful_shutdown()
        assert len(recorder.kinds) == H264.frames
        assert repr(decoder) == "FlexibleDecoder(shut_down)"


def test_an_immediate_shutdown_drops_and_counts_what_is_inside() -> None:
    blocked, go_on = threading.Event(), threading.Event()
    delivered = []

    def callback(output: object) -> None:
        delivered.append(output.is_frame)
        blocked.set()
        assert go_on.wait(30)

    decoder = FlexibleDecoder(config(), callback)
    for frame, data in packets(H264)[:10]:
        decoder.submit(frame, data)
    assert blocked.wait(30)
    stopper = threading.Thread(target=decoder.shutdown)
    stopper.start()
    go_on.set()
    stopper.join(30)
    assert not stopper.is_alive()
    stats = decoder.stats()
    assert len(delivered) == stats["delivered"] <= 10
    assert stats["lost"] == 10 - stats["delivered"] > 0
    assert stats["in_flight"] == 0


@pytest.mark.parametrize("first", ["shutdown", "graceful_shutdown"])
def test_every_call_after_a_shutdown_raises_but_stats(first: str) -> None:
    with recorded() as (decoder, _):
        getattr(decoder, first)()
        calls = [
            decoder.shutdown,
            decoder.graceful_shutdown,
            lambda: decoder.source_eos("x"),
            lambda: decoder.submit(make_frame(Codec.Jpeg, 640, 360), JPEG),
            lambda: decoder.submit(make_frame(None, 8, 8, source_id="other")),
        ]
        for call in calls:
            with pytest.raises(RuntimeError, match="shut down"):
                call()
        assert decoder.stats()["submitted"] == 0


def test_arguments_of_the_wrong_type() -> None:
    with recorded() as (decoder, recorder):
        with pytest.raises(TypeError):
            decoder.submit("frame", b"data")  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            decoder.submit(make_frame(Codec.Jpeg, 8, 8), 3.5)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            decoder.source_eos(None)  # type: ignore[arg-type]
        decoder.submit(make_frame(Codec.Jpeg, 640, 360), list(JPEG))
    with pytest.raises(TypeError, match="callable"):
        FlexibleDecoder(config(), 3)  # type: ignore[arg-type]
    assert decoder.stats()["delivered"] == 1, recorder.events


def test_a_submit_from_inside_the_callback() -> None:
    sent = iter(packets(CLIPS["mjpeg_480x272"]))
    kinds = []

    def callback(output: object) -> None:
        kinds.append(output.is_frame)
        following = next(sent, None)
        if following:
            decoder.submit(*following)

    decoder = FlexibleDecoder(config(), callback)
    decoder.submit(*next(sent))
    # One after the other: a decoder that holds a picture back until the next packet never gets there.
    wait_until(lambda: len(kinds) == 30, limit_s=10)
    decoder.graceful_shutdown()
    assert kinds == [True] * 30


def test_a_parameter_change_from_inside_the_callback() -> None:
    kinds = []

    def callback(output: object) -> None:
        kinds.append(repr(output))
        if len(kinds) == 1:
            decoder.submit(make_frame(Codec.RawRgba, 16, 8), bytes(16 * 8 * 4))

    decoder = FlexibleDecoder(config(), callback)
    decoder.submit(make_frame(Codec.RawRgba, 8, 8), bytes(8 * 8 * 4))
    wait_until(lambda: len(kinds) == 3)
    decoder.graceful_shutdown()
    assert kinds == [f"FlexibleDecoderOutput({kind})" for kind in ("Frame", "ParameterChange", "Frame")]


def test_too_many_submits_from_a_callback_raise_and_are_not_counted() -> None:
    refused = []

    def callback(output: object) -> None:
        if refused:
            return
        for _ in range(200):
            try:
                decoder.submit(make_frame(Codec.RawRgba, 8, 8), bytes(256))
            except RuntimeError as error:
                refused.append(str(error))

    decoder = FlexibleDecoder(config(), callback)
    decoder.submit(make_frame(Codec.RawRgba, 8, 8), bytes(256))
    wait_until(lambda: decoder.stats()["in_flight"] == 0 and refused)
    decoder.graceful_shutdown()
    stats = decoder.stats()
    assert "cannot wait" in refused[0]
    assert stats["submitted"] == stats["delivered"] == 1 + 200 - len(refused)


@pytest.mark.parametrize("call", ["shutdown", "graceful_shutdown"])
def test_a_shutdown_from_inside_the_callback_raises(call: str) -> None:
    errors = []

    def callback(output: object) -> None:
        try:
            getattr(decoder, call)()
        except RuntimeError as error:
            errors.append(str(error))

    decoder = FlexibleDecoder(config(), callback)
    decoder.submit(make_frame(Codec.RawRgba, 8, 8), bytes(256))
    decoder.graceful_shutdown()
    assert call in errors[0]


def test_concurrent_submits_are_all_taken() -> None:
    with recorded() as (decoder, recorder):

        def feed() -> None:
            for _ in range(20):
                decoder.submit(make_frame(Codec.RawRgba, 8, 8), bytes(256))

        threads = [threading.Thread(target=feed) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert recorder.kinds == ["frame"] * 120


def test_a_fresh_length_prefixed_config_has_no_parameter_sets() -> None:
    def callback(decoder_config: DecoderConfig, frame: VideoFrame) -> DecoderConfig:
        return DecoderConfig.from_h264(H264DecoderConfig(H264StreamFormat.AVC))

    with recorded(decoder_config_callback=callback) as (decoder, recorder):
        frame, data = packets(SMALL, stream_format="avc")[0]
        decoder.submit(frame, data)
    assert recorder.reasons == ["decoder_creation_failed"]
    assert "avc" in recorder.skips[0].reason.detail


def test_a_dropped_decoder_is_collected_with_its_callback() -> None:
    class Owner:
        def __init__(self) -> None:
            self.decoder = FlexibleDecoder(config(), self.callback)

        def callback(self, output: object) -> None:
            pass

    owner = Owner()
    owner.decoder.submit(make_frame(Codec.RawRgba, 8, 8), bytes(256))
    gone = weakref.ref(owner)
    wait_until(lambda: gone().decoder.stats()["in_flight"] == 0)
    del owner
    gc.collect()
    assert gone() is None

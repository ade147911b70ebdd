"""The encoder's promises: one output for each picture, in order, with what was submitted."""

from __future__ import annotations

import gc
import logging
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clips_lib import CLIPS, read_frame_number
from decoding import make_frame, psnr
from encoding import (
    FRAME_NS,
    VIDEO,
    assert_accounted,
    buffers,
    clip_pictures,
    config,
    decoded,
    each_codec,
    encode,
    ffmpeg_rgba,
    nal_types,
    needs_encoder,
    numbered_picture,
    software,
    stream,
)
from pools import wait_until
from savant_rs import deepstream
from savant_rs.deepstream import (
    BufferGenerator,
    EncodedOutput,
    Encoder,
    EncoderConfig,
    SurfaceView,
    VideoFormat,
    _native,
)
from savant_rs.primitives import Codec

WIDTH, HEIGHT = 160, 120
STILLS = [Codec.Jpeg, Codec.Png, Codec.RawRgba, Codec.RawRgb]
WAIT_S = 30.0
MOST_GROWTH_MIB = 6
every_codec = each_codec(*VIDEO, *STILLS)
every_video = each_codec(*VIDEO)
needs_h264 = needs_encoder(Codec.H264)


@every_codec
def test_every_picture_comes_out_once_in_order_with_what_was_submitted(codec: Codec) -> None:
    count = 40
    frames = [make_frame(codec, WIDTH, HEIGHT) for _ in range(count)]
    encoder = Encoder(config(codec, WIDTH, HEIGHT))
    given = zip(buffers(map(numbered_picture, range(count))), frames, strict=True)
    outputs = list(encoder.encode(given))
    assert [output.id for output in outputs] == list(range(count))
    assert all(output.frame is frame for output, frame in zip(outputs, frames, strict=True))
    assert [output.pts_ns for output in outputs] == [number * FRAME_NS for number in range(count)]
    assert [output.dts_ns for output in outputs] == [output.pts_ns for output in outputs]
    assert {output.duration_ns for output in outputs} == {FRAME_NS}
    assert {(output.codec, output.encoder, output.hardware) for output in outputs} == {
        (codec, encoder.encoder, encoder.hardware)
    }
    assert outputs[0].keyframe
    pictures = decoded(outputs, WIDTH, HEIGHT)
    numbers = [read_frame_number(picture.pixels.reshape(HEIGHT, WIDTH, 4)) for picture in pictures]
    assert numbers == list(range(count))
    encoder.graceful_shutdown()
    assert encoder.stats()["encoded"] == count
    assert_accounted(encoder)


@pytest.mark.slow
@each_codec(Codec.H264, Codec.Jpeg)
def test_two_thousand_pictures_are_exact(codec: Codec) -> None:
    count = 2000
    frames = [make_frame(codec, WIDTH, HEIGHT) for _ in range(count)]
    times = np.random.default_rng(2).integers(0, 2**62, count).tolist()

    def given() -> Any:
        for time, frame, buffer in zip(times, frames, buffers(map(numbered_picture, range(count))), strict=True):
            buffer.pts_ns = time
            yield buffer, frame

    encoder = Encoder(config(codec, WIDTH, HEIGHT))
    outputs = list(encoder.encode(given()))
    encoder.graceful_shutdown()
    assert_accounted(encoder)
    assert [output.id for output in outputs] == list(range(count))
    assert [output.pts_ns for output in outputs] == times
    assert all(output.frame is frame for output, frame in zip(outputs, frames, strict=True))
    numbers = [
        read_frame_number(picture.pixels.reshape(HEIGHT, WIDTH, 4)) for picture in decoded(outputs, WIDTH, HEIGHT)
    ]
    assert numbers == list(range(count))


@pytest.mark.ffmpeg
@each_codec(*VIDEO, Codec.Jpeg)
@pytest.mark.parametrize("name", ["hevc_720p", "h264_1080p"])
def test_defaults_keep_real_pictures(codec: Codec, name: str, tmp_path: Any) -> None:
    clip = CLIPS[name]
    pictures = clip_pictures(clip, 12)
    outputs = encode(config(codec, clip.width, clip.height), pictures)
    own = [picture.pixels.reshape(pictures.shape[1:]) for picture in decoded(outputs, clip.width, clip.height)]
    assert len(own) == len(pictures)
    for made, given in zip(own, pictures, strict=True):
        assert psnr(made[..., :3], given[..., :3]) >= 35
    if codec != Codec.Av1:  # a bare stream of AV1 is nothing that ffmpeg reads
        other = ffmpeg_rgba(stream(outputs, tmp_path), clip.width, clip.height)
        assert len(other) == len(pictures)
        assert all(psnr(a[..., :3], b[..., :3]) >= 35 for a, b in zip(other, pictures, strict=True))


def test_png_and_raw_pictures_are_exact() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (37, 51, 4), np.uint8)
    for codec, expected in [
        (Codec.RawRgba, picture),
        (Codec.RawRgb, picture[..., :3]),
    ]:
        [output] = encode(config(codec, 51, 37), [picture])
        assert output.data == np.ascontiguousarray(expected).tobytes()
    [output] = encode(config(Codec.Png, 51, 37), [picture])
    [made] = decoded([output], 51, 37)
    assert np.array_equal(made.pixels.reshape(picture.shape), picture)


@pytest.mark.parametrize("format", [VideoFormat.NV12, VideoFormat.I420, VideoFormat.BGRx, VideoFormat.GRAY8])
@each_codec(Codec.H264, Codec.Jpeg, Codec.RawNv12)
def test_buffers_of_other_formats_are_converted(codec: Codec, format: VideoFormat) -> None:
    rgba = next(buffers([numbered_picture(7)]))
    converted = BufferGenerator(format, WIDTH, HEIGHT).transform(rgba, deepstream.TransformConfig())
    [output] = list(Encoder(config(codec, WIDTH, HEIGHT)).encode([converted]))
    if codec == Codec.RawNv12:
        luma = np.frombuffer(output.data, np.uint8)[: WIDTH * HEIGHT].reshape(HEIGHT, WIDTH)
        assert read_frame_number(luma) == 7
    else:
        [made] = decoded([output], WIDTH, HEIGHT)
        assert read_frame_number(made.pixels.reshape(HEIGHT, WIDTH, 4)) == 7


@every_video
def test_times_may_repeat_run_backwards_and_be_missing(codec: Codec) -> None:
    times = [5_000, 5_000, 1_000, None, 0, 2**62, 7]
    encoder = Encoder(config(codec, WIDTH, HEIGHT))

    def pictures() -> Any:
        for time, buffer in zip(times, buffers(map(numbered_picture, range(7)), step_ns=None), strict=True):
            if time is not None:
                buffer.pts_ns = time
            yield buffer

    outputs = list(encoder.encode(pictures()))
    assert [output.pts_ns for output in outputs] == times
    assert [output.id for output in outputs] == list(range(7))
    numbers = [read_frame_number(p.pixels.reshape(HEIGHT, WIDTH, 4)) for p in decoded(outputs, WIDTH, HEIGHT)]
    assert numbers == list(range(7))


def test_the_times_of_the_frame_count_where_the_buffer_has_none() -> None:
    frame = make_frame(Codec.Jpeg, WIDTH, HEIGHT, pts=7, duration=2)
    [buffer] = buffers([numbered_picture(0)], step_ns=None)
    [output] = Encoder(config(Codec.Jpeg, WIDTH, HEIGHT)).encode([(buffer, frame, 99)])
    assert (output.pts_ns, output.duration_ns, output.id) == (7_000, 2_000, 99)
    assert output.frame is frame


@each_codec(Codec.H264, Codec.Hevc)
def test_parameter_sets_stand_in_front_of_every_key_frame(codec: Codec) -> None:
    sets = {Codec.H264: {7, 8}, Codec.Hevc: {32, 33, 34}}[codec]
    outputs = encode(config(codec, WIDTH, HEIGHT), map(numbered_picture, range(70)))
    keys = [index for index, output in enumerate(outputs) if output.keyframe]
    assert keys == [0, 30, 60]
    for index, output in enumerate(outputs):
        assert output.data.startswith((b"\0\0\1", b"\0\0\0\1"))
        types = nal_types(output.data, codec)
        assert [types.count(one) for one in sets] == [int(index in keys)] * len(sets)
    # So decoding can begin at any of them.
    assert len(decoded(outputs[30:], WIDTH, HEIGHT)) == 40


@each_codec(Codec.H264, Codec.Hevc)
def test_b_frames_come_in_decode_order(codec: Codec) -> None:
    outputs = encode(software(codec, WIDTH, HEIGHT).with_b_frames(2), map(numbered_picture, range(40)))
    times = [output.pts_ns for output in outputs]
    assert sorted(times) == [number * FRAME_NS for number in range(40)] != times
    decode_times = [output.dts_ns for output in outputs]
    assert decode_times == sorted(set(decode_times))
    assert all(dts <= pts for dts, pts in zip(decode_times, times, strict=True))
    assert [output.id for output in outputs] == [pts // FRAME_NS for pts in times]
    numbers = [read_frame_number(p.pixels.reshape(HEIGHT, WIDTH, 4)) for p in decoded(outputs, WIDTH, HEIGHT)]
    assert numbers == list(range(40))


@every_codec
def test_a_flush_brings_everything_out_and_the_encoder_goes_on(codec: Codec) -> None:
    outputs: list[EncodedOutput] = []
    encoder = Encoder(config(codec, WIDTH, HEIGHT), outputs.append)
    for lap in range(3):
        for buffer in buffers(map(numbered_picture, range(5))):
            encoder.submit(buffer, id=lap)
        encoder.flush()
        assert [output.id for output in outputs] == [done for done in range(lap + 1) for _ in range(5)]
    assert all(outputs[index].keyframe for index in [0, 5, 10])
    encoder.flush()
    encoder.graceful_shutdown()
    assert_accounted(encoder)


def test_a_buffer_with_other_references_is_refused_and_stays_usable() -> None:
    outputs: list[EncodedOutput] = []
    encoder = Encoder(config(Codec.Jpeg, WIDTH, HEIGHT), outputs.append)
    [buffer] = buffers([numbered_picture(0)])
    view = SurfaceView.from_buffer(buffer)
    with pytest.raises(RuntimeError, match="2"):
        encoder.submit(buffer)
    assert buffer and buffer.strong_count == 2
    del view
    encoder.submit(buffer)
    assert buffer.is_consumed
    with pytest.raises(RuntimeError, match="consumed"):
        encoder.submit(buffer)
    encoder.graceful_shutdown()
    assert encoder.stats()["submitted"] == len(outputs) == 1


def test_a_buffer_of_another_size_or_number_of_pictures_is_refused() -> None:
    encoder = Encoder(config(Codec.Jpeg, WIDTH, HEIGHT), print)
    small = BufferGenerator(VideoFormat.RGBA, 64, 64).acquire()
    generator = deepstream.UniformBatchGenerator(VideoFormat.RGBA, WIDTH, HEIGHT, 2)
    batch = generator.acquire_batch(deepstream.TransformConfig()).shared_buffer()
    for buffer in [small, batch]:
        with pytest.raises(ValueError, match="160x120"):
            encoder.submit(buffer)
        assert not buffer.is_consumed
    assert encoder.stats()["submitted"] == 0


@needs_h264
def test_the_pool_gets_its_buffers_back() -> None:
    generator = BufferGenerator(VideoFormat.RGBA, WIDTH, HEIGHT, pool_size=2)
    encoder = Encoder(config(Codec.H264, WIDTH, HEIGHT), print)
    for _ in range(50):
        encoder.submit(generator.acquire())
    encoder.graceful_shutdown()
    assert generator.stats()["in_use"] == 0


def test_an_encoder_hands_outputs_to_its_callback_or_to_the_iterator() -> None:
    [buffer] = buffers([numbered_picture(0)])
    with pytest.raises(RuntimeError, match="encode"):
        Encoder(config(Codec.Jpeg, WIDTH, HEIGHT)).submit(buffer)
    assert buffer
    with pytest.raises(RuntimeError, match="submit"):
        Encoder(config(Codec.Jpeg, WIDTH, HEIGHT), print).encode([buffer])
    with pytest.raises(TypeError):
        Encoder(config(Codec.Jpeg, WIDTH, HEIGHT), 3)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        list(Encoder(config(Codec.Jpeg, WIDTH, HEIGHT)).encode([3]))  # type: ignore[list-item]


@needs_h264
def test_after_a_shutdown_everything_is_refused_but_the_statistics() -> None:
    for end in ["shutdown", "graceful_shutdown"]:
        encoder = Encoder(config(Codec.H264, WIDTH, HEIGHT), print)
        for buffer in buffers(map(numbered_picture, range(20))):
            encoder.submit(buffer)
        getattr(encoder, end)()
        [buffer] = buffers([numbered_picture(0)])
        for call in [
            lambda encoder=encoder, buffer=buffer: encoder.submit(buffer),
            encoder.flush,
            encoder.shutdown,
            encoder.graceful_shutdown,
        ]:
            with pytest.raises(RuntimeError, match="shut down"):
                call()
        assert buffer
        assert encoder.stats()["submitted"] == 20
        assert_accounted(encoder)
        assert (encoder.stats()["lost"] == 0) == (end == "graceful_shutdown")
        assert "shut_down" in repr(encoder)


def test_an_exception_of_the_callback_is_logged_and_ignored(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_output: object) -> None:
        raise ZeroDivisionError("on purpose")

    with caplog.at_level(logging.ERROR, logger="savant_rs.deepstream"):
        encoder = Encoder(config(Codec.Jpeg, WIDTH, HEIGHT), fail)
        for buffer in buffers(map(numbered_picture, range(3))):
            encoder.submit(buffer)
        encoder.graceful_shutdown()
    assert encoder.stats()["encoded"] == 3
    assert sum("on purpose" in record.getMessage() for record in caplog.records) == 3


@every_codec
def test_many_encoders_leave_nothing_behind(codec: Codec, native_threads: Any) -> None:
    def once() -> None:
        encoder = Encoder(config(codec, WIDTH, HEIGHT), lambda _output: None)
        for buffer in buffers(map(numbered_picture, range(3))):
            encoder.submit(buffer)
        encoder.graceful_shutdown()

    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    def resident_mib() -> float:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    # The first ones fill the allocator's arenas, one a thread.
    for _ in range(30):
        once()
    gc.collect()
    before, threads, files, memory = _native._live_objects(), native_threads(), open_files(), resident_mib()
    for _ in range(100):
        once()
    gc.collect()
    after = _native._live_objects()
    assert all(after[kind] <= count for kind, count in before.items()), (before, after)
    # A thread is gone a moment after its work is.
    wait_until(lambda: len(native_threads()) <= len(threads))
    assert open_files() <= files
    # One picture is 75 KiB: a hundred encoders that kept one each would be seen. What x265 takes for each core of a
    # large machine stays in the arenas of the C library, with its element alone too.
    assert codec == Codec.Hevc or resident_mib() <= memory + MOST_GROWTH_MIB


@needs_h264
def test_an_encoder_that_is_dropped_ends() -> None:
    gc.collect()
    before = _native._live_objects()["encoders"]
    encoder = Encoder(config(Codec.H264, WIDTH, HEIGHT), lambda _output: None)
    for buffer in buffers(map(numbered_picture, range(5))):
        encoder.submit(buffer)
    del encoder
    assert _native._live_objects()["encoders"] == before


@needs_h264
@needs_encoder(Codec.Hevc)
def test_nothing_of_gstreamer_is_left_alive(live_gst_objects: Any) -> None:
    left = live_gst_objects(
        """
        def run():
            from encoding import encode, config, numbered_picture
            from savant_rs.primitives import Codec
            for codec in [Codec.H264, Codec.Hevc]:
                assert len(encode(config(codec, 160, 120), map(numbered_picture, range(10)))) == 10
        run()
        """
    )
    assert [entry for entry in left if "Enc" in entry or "Pipeline" in entry or "App" in entry] == []


def test_the_configuration_is_copied() -> None:
    changed = EncoderConfig(Codec.Jpeg, WIDTH, HEIGHT)
    encoder = Encoder(changed)
    changed.fps(0, 0)
    assert len(list(encoder.encode(buffers([numbered_picture(0)])))) == 1

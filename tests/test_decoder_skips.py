"""Frames that are not decoded: each is told once, with its reason, in the order of the checks."""

from __future__ import annotations

import threading

import pytest

from clips_lib import CLIPS, read_frame_number
from decoding import SOURCE, make_frame, packets, recorded
from savant_rs.deepstream import Hardware
from savant_rs.primitives import Codec, VideoFrameContent

IDR = b"\x00\x00\x00\x01\x65\x88\x84\x00"
DUMMY = b"\x00\x00\x00\x01\x41\x9a\x00\x00"
JPEG = packets(CLIPS["jpeg_640x360"])[0][1]
PNG = packets(CLIPS["png_rgb_320x180"])[0][1]


def test_skips_come_on_the_calling_thread_before_submit_returns() -> None:
    with recorded() as (decoder, recorder):
        decoder.submit(make_frame(None, 8, 8), b"x")
        assert recorder.reasons == ["unsupported_codec"]
        assert recorder.threads == [threading.get_ident()]


def test_the_order_of_the_checks() -> None:
    with recorded() as (decoder, recorder):
        decoder.submit(make_frame(None, 8, 8, source_id="other"))
        decoder.submit(make_frame(None, 8, 8))
        decoder.submit(make_frame(None, 8, 8), b"garbage")
        decoder.submit(make_frame(Codec.Jpeg, 8, 8), b"garbage")
    assert recorder.reasons == ["source_id_mismatch", "no_payload", "unsupported_codec", "invalid_payload"]


def test_data_and_detail_of_each_reason() -> None:
    external = VideoFrameContent.external("file", "/clip")
    with recorded() as (decoder, recorder):
        decoder.submit(make_frame(Codec.Jpeg, 8, 8, source_id="other"), JPEG)
        decoder.submit(make_frame(Codec.Jpeg, 8, 8, content=external))
        decoder.submit(make_frame(Codec.RawNv12, 8, 8), b"nv12")
        decoder.submit(make_frame(None, 8, 8), b"nothing")
        decoder.submit(make_frame(Codec.Png, 8, 8), b"garbage")
    mismatch, no_payload, nv12, no_codec, invalid = recorder.skips
    assert mismatch.data is None
    assert f'"{SOURCE}"' in mismatch.reason.detail
    assert '"other"' in mismatch.reason.detail
    assert (no_payload.data, no_payload.reason.detail) == (None, None)
    assert (nv12.data, nv12.reason.detail) == (b"nv12", "raw_nv12")
    assert (no_codec.data, no_codec.reason.detail) == (b"nothing", "(none)")
    assert invalid.data == b"garbage"
    assert "PNG" in invalid.reason.detail


def test_the_very_frame_comes_back() -> None:
    frame = make_frame(None, 8, 8)
    with recorded() as (decoder, recorder):
        decoder.submit(frame, b"x")
    assert recorder.skips[0].frame is frame


@pytest.mark.parametrize("damaged", [b"", b"\xff", b"garbage" * 9, JPEG[:40], b"\xff\xd8\xff\xd9"])
def test_a_damaged_jpeg_is_invalid_and_the_next_good_one_decodes(damaged: bytes) -> None:
    good = make_frame(Codec.Jpeg, 640, 360)
    with recorded() as (decoder, recorder):
        decoder.submit(make_frame(Codec.Jpeg, 640, 360), damaged)
        decoder.submit(good, JPEG)
    assert recorder.kinds == ["skipped", "frame"]
    assert recorder.reasons == ["invalid_payload"]
    assert recorder.pictures[0].frame.uuid == good.uuid


@pytest.mark.parametrize("damaged", [b"", PNG[:15], b"garbage" * 9, PNG[:12] + b"XXXX" + PNG[16:]])
def test_a_damaged_png_is_invalid_and_the_next_good_one_decodes(damaged: bytes) -> None:
    good = make_frame(Codec.Png, 320, 180)
    with recorded() as (decoder, recorder):
        decoder.submit(make_frame(Codec.Png, 320, 180), damaged)
        decoder.submit(good, PNG)
    assert recorder.reasons == ["invalid_payload"]
    assert recorder.pictures[0].frame.uuid == good.uuid


@pytest.mark.parametrize(
    ("codec", "size", "data"),
    [(Codec.SwJpeg, (640, 360), JPEG[: len(JPEG) // 2]), (Codec.Png, (320, 180), PNG[: len(PNG) // 2])],
    ids=["jpeg", "png"],
)
def test_a_picture_that_passes_the_header_check_but_is_damaged_is_an_error_output(
    codec: Codec, size: tuple[int, int], data: bytes
) -> None:
    broken, good = make_frame(codec, *size), make_frame(codec, *size)
    with recorded() as (decoder, recorder):
        decoder.submit(broken, data)
        decoder.submit(good, PNG if codec == Codec.Png else JPEG)
    assert recorder.kinds == ["error", "frame"]
    error = recorder.events[0][1]
    assert error.frame is broken
    assert error.message
    assert decoder.stats()["errors"] == 1


def test_a_damaged_jpeg_costs_no_other_picture() -> None:
    """Hardware conceals the damage and delivers a picture, software reports it."""
    clip = CLIPS["jpeg_640x360"]
    broken, good = (make_frame(Codec.Jpeg, clip.width, clip.height) for _ in range(2))
    with recorded() as (decoder, recorder):
        decoder.submit(broken, JPEG[: len(JPEG) // 2])
        decoder.submit(good, JPEG)
    assert recorder.kinds in (["error", "frame"], ["frame", "frame"])
    told = [value if kind == "frame" else value.frame for kind, value in recorder.events]
    assert [frame.uuid for frame in told] == [broken.uuid, good.uuid]
    assert read_frame_number(recorder.pictures[-1].pixels) == clip.numbers[0]


def test_too_many_packets_without_a_random_access_point() -> None:
    with recorded(detect_buffer_limit=3) as (decoder, recorder):
        for expected in (0, 0, 0, 4, 4):
            decoder.submit(make_frame(Codec.H264, 64, 64), DUMMY)
            assert len(recorder.skips) == expected
        assert recorder.reasons == ["detection_buffer_overflow"] * 4
    assert recorder.reasons[4:] == ["waiting_for_keyframe"]
    assert all(skip.data == DUMMY for skip in recorder.skips)


@pytest.mark.parametrize(("name", "codec"), [("h264_bpyramid_640x360", Codec.H264), ("hevc_720p", Codec.Hevc)])
def test_packets_before_the_first_random_access_point(name: str, codec: Codec) -> None:
    sent = packets(CLIPS[name])
    size = (CLIPS[name].width, CLIPS[name].height)
    # The keyframe flag says nothing: only what is in the packet counts.
    early = [(make_frame(codec, *size, keyframe=True), data) for _, data in sent[1:4]]
    with recorded() as (decoder, recorder):
        for frame, data in early:
            decoder.submit(frame, data)
        assert recorder.kinds == []
        for frame, data in sent:
            decoder.submit(frame, data)
    assert [skip.frame.uuid for skip in recorder.skips] == [frame.uuid for frame, _ in early]
    assert recorder.reasons == ["waiting_for_keyframe"] * 3
    assert len(recorder.pictures) == CLIPS[name].frames


def test_a_bare_idr_does_not_begin() -> None:
    with recorded() as (decoder, recorder):
        decoder.submit(make_frame(Codec.H264, 64, 64, keyframe=True), IDR)
        assert recorder.kinds == []
    assert recorder.reasons == ["waiting_for_keyframe"]


def test_an_immediate_shutdown_while_detecting_loses_what_is_buffered() -> None:
    with recorded() as (decoder, recorder):
        decoder.submit(make_frame(Codec.H264, 64, 64), DUMMY)
        decoder.shutdown()
    assert recorder.kinds == []
    assert decoder.stats()["lost"] == 1


def test_a_codec_change_while_detecting_is_no_parameter_change() -> None:
    with recorded() as (decoder, recorder):
        decoder.submit(make_frame(Codec.H264, 640, 360), DUMMY)
        decoder.submit(make_frame(Codec.Jpeg, 640, 360), JPEG)
    assert recorder.kinds == ["skipped", "frame"]
    assert recorder.reasons == ["waiting_for_keyframe"]


def test_hardware_that_is_required_but_not_there() -> None:
    with recorded(hardware=Hardware.REQUIRED) as (decoder, recorder):
        decoder.submit(make_frame(Codec.Png, 320, 180), PNG)
    assert recorder.reasons == ["decoder_creation_failed"]
    assert "hardware" in recorder.skips[0].reason.detail
    assert recorder.skips[0].data == PNG


def test_a_gpu_that_does_not_exist_fails_at_the_first_frame() -> None:
    from savant_rs.deepstream import FlexibleDecoder, FlexibleDecoderConfig

    skips = []
    decoder = FlexibleDecoder(FlexibleDecoderConfig(SOURCE, 7, 4), lambda output: skips.append(output.as_skipped()))
    decoder.submit(make_frame(Codec.Jpeg, 640, 360), JPEG)
    assert skips[0].reason.is_decoder_creation_failed
    assert "7" in skips[0].reason.detail
    decoder.shutdown()


def test_a_damaged_stream_goes_on_with_the_next_intact_group_of_pictures() -> None:
    clip = CLIPS["h264_bpyramid_640x360"]
    sent = packets(clip)
    with recorded() as (decoder, recorder):
        for index, (frame, data) in enumerate(sent):
            damaged = data[: len(data) // 3] + b"\x55" * 50 if 3 < index < 8 else data
            decoder.submit(frame, damaged)
    second_group = [frame.uuid for frame, _ in sent[50:]]
    delivered = {picture.frame.uuid: picture for picture in recorder.pictures}
    assert all(uuid in delivered for uuid in second_group)
    assert read_frame_number(recorder.pictures[-1].pixels) == clip.numbers[-1]


def test_a_vp9_stream_goes_on_with_the_next_key_frame_after_a_packet_that_lies_about_its_size() -> None:
    """Flipped bits in one packet's header claim a picture of 14337x48387."""
    clip = CLIPS["vp9_640x360"]
    damaged, whole = packets(clip), packets(clip)
    frame, data = damaged[49]
    damaged[49] = (frame, bytes.fromhex("960180901c005e8100030064") + data[12:])
    with recorded() as (decoder, recorder):
        for frame, data in damaged + whole:
            decoder.submit(frame, data)
    assert [read_frame_number(picture.pixels) for picture in recorder.pictures[-clip.frames :]] == list(clip.numbers)
    assert [picture.frame.uuid for picture in recorder.pictures[-clip.frames :]] == [frame.uuid for frame, _ in whole]

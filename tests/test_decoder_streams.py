"""Streams whose shape changes on the way, or whose packets are cut in unusual places. No ffmpeg, every backend."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from clips_lib import CLIPS, Clip, read_frame_number
from decoding import Recorder, make_frame, packets, packets_of, recorded
from savant_rs.deepstream import Hardware, backend
from savant_rs.primitives import Codec, VideoFrame

H264 = CLIPS["h264_bpyramid_640x360"]
BASELINE = CLIPS["h264_baseline_640x360"]
HEVC = CLIPS["hevc_640x360"]
START_CODE = b"\0\0\0\1"
# NAL unit types of the parameter sets: those of H.264 in the lower five bits, those of HEVC above the lowest bit.
PARAMETER_SETS = {Codec.H264: {7, 8}, Codec.HEVC: {32, 33, 34}}


def units(data: bytes) -> list[bytes]:
    """NAL units of Annex B data, without start codes."""
    parts = data.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")
    return [part for part in parts if part]


def kind(unit: bytes, codec: Codec) -> int:
    return unit[0] & 0x1F if codec == Codec.H264 else unit[0] >> 1 & 0x3F


def in_annex_b(parts: list[bytes]) -> bytes:
    return b"".join(START_CODE + part for part in parts)


def decode(sent: list[tuple[VideoFrame, bytes]]) -> Recorder:
    with recorded() as (decoder, recorder):
        for frame, data in sent:
            decoder.submit(frame, data)
    return recorder


def numbers(recorder: Recorder) -> list[int]:
    return [read_frame_number(picture.pixels) for picture in recorder.pictures]


@pytest.mark.parametrize("clip", [BASELINE, HEVC], ids=lambda clip: clip.codec)
def test_parameter_sets_only_in_front(clip: Clip) -> None:
    """Later random access pictures come without them."""
    sent = []
    for index, (frame, data) in enumerate(packets(clip)):
        kept = [unit for unit in units(data) if not index or kind(unit, frame.codec) not in PARAMETER_SETS[frame.codec]]
        sent.append((frame, in_annex_b(kept)))
    recorder = decode(sent)
    assert numbers(recorder) == list(clip.numbers)
    assert recorder.kinds == ["frame"] * clip.frames


def test_what_decoders_of_hevc_ignore_is_no_picture(tmp_path: Path) -> None:
    """Further layers, each of whose slices the parser takes for an access unit, and slices of a reserved type."""
    layers = [bytes([1 << 1, layer << 3 | 1, 0x80, 0x12, 0x34, 0x80]) for layer in (1, 2, 3)]
    reserved = bytes([24 << 1, 1, 0x80, 0x12, 0x80])
    path = tmp_path / "clip.bit"
    path.write_bytes(b"".join(in_annex_b([*units(data), reserved, *layers]) for _, data in packets(HEVC)))
    recorder = decode(packets_of(path))
    assert numbers(recorder) == list(HEVC.numbers)
    assert Counter(skip.reason.detail for skip in recorder.skips) == {"not_shown": len(layers) * HEVC.packets}


@pytest.mark.parametrize("clip", [BASELINE, HEVC], ids=lambda clip: clip.codec)
def test_length_prefixed_data_with_parameter_sets_in_band(clip: Clip) -> None:
    """AVC3 and HEV1: as some containers keep them."""
    sent = [
        (frame, b"".join(len(unit).to_bytes(4, "big") + unit for unit in units(data))) for frame, data in packets(clip)
    ]
    assert numbers(decode(sent)) == list(clip.numbers)


def test_parameter_sets_that_change_without_the_size() -> None:
    """Another profile, another reordering, the same codec and size: no parameter change, nothing lost."""
    sent = [*packets(H264), *packets(BASELINE), *packets(H264)]
    recorder = decode(sent)
    assert recorder.kinds == ["frame"] * len(sent)
    assert numbers(recorder) == [*H264.numbers, *BASELINE.numbers, *H264.numbers]


def test_a_size_that_changes_where_the_frames_declare_it() -> None:
    small = CLIPS["h264_320x240"]
    recorder = decode([*packets(H264), *packets(small)])
    assert recorder.kinds == ["frame"] * H264.frames + ["change"] + ["frame"] * small.frames
    assert numbers(recorder) == [*H264.numbers, *small.numbers]


def test_a_size_that_changes_behind_the_frames_back() -> None:
    """Pictures keep coming in the declared size, letterboxed: (height, width) 240x320 in 360x640 is 480 wide."""
    small = CLIPS["h264_320x240"]
    sent = packets(H264)
    for frame, data in packets(small):
        frame.width, frame.height = 640, 360
        sent.append((frame, data))
    recorder = decode(sent)
    assert recorder.kinds == ["frame"] * len(sent)
    pictures = recorder.pictures
    assert {picture.pixels.shape for picture in pictures} == {(360, 640, 4)}
    for picture in pictures[H264.frames :]:
        assert not picture.pixels[:, :80].any() and not picture.pixels[:, 560:].any()
        assert picture.pixels[:, 80:560, 3].all()


@pytest.mark.parametrize("clip", [BASELINE, HEVC], ids=lambda clip: clip.codec)
def test_two_access_units_in_one_packet(clip: Clip) -> None:
    """One picture is the frame's, the other belongs to none; both are counted."""
    sent = packets(clip)
    pairs = [(first[0], first[1] + second[1]) for first, second in zip(sent[::2], sent[1::2], strict=True)]
    with recorded() as (decoder, recorder):
        for frame, data in pairs:
            decoder.submit(frame, data)
    stats = decoder.stats()
    outcomes = Counter(recorder.kinds)
    assert stats["submitted"] == len(pairs)
    assert stats["delivered"] + stats["orphans"] <= len(sent)
    assert outcomes["frame"] + outcomes["skipped"] == len(pairs)
    assert len({picture.frame.uuid for picture in recorder.pictures}) == outcomes["frame"]


@pytest.mark.parametrize("clip", [BASELINE, HEVC], ids=lambda clip: clip.codec)
@pytest.mark.parametrize("together", [2, 3])
def test_several_access_units_in_one_packet_in_software(clip: Clip, together: int) -> None:
    """The frame gets one of their pictures, whole; the others belong to none."""
    sent = packets(clip)
    groups = [sent[start : start + together] for start in range(0, clip.frames, together)]
    with recorded(hardware=Hardware.SOFTWARE) as (decoder, recorder):
        for group in groups:
            decoder.submit(group[0][0], b"".join(data for _, data in group))
    stats = decoder.stats()
    assert Counter(recorder.kinds) == {
        "frame": len(groups),
        "FlexibleDecoderOutput(OrphanFrame)": clip.frames - len(groups),
    }
    assert (stats["delivered"], stats["orphans"]) == (len(groups), clip.frames - len(groups))
    shown = {picture.frame.uuid: read_frame_number(picture.pixels) for picture in decode(sent).pictures}
    delivered = {picture.frame.uuid: read_frame_number(picture.pixels) for picture in recorder.pictures}
    for group in groups:
        assert delivered[group[0][0].uuid] in {shown[frame.uuid] for frame, _ in group}


@pytest.mark.skipif(backend() != "host", reason="the hardware that is asked for is there")
@pytest.mark.parametrize("clip", [BASELINE, HEVC], ids=lambda clip: clip.codec)
def test_packets_that_waited_come_back_when_no_decoder_can_be_made(clip: Clip) -> None:
    """Each once, oldest first, then the one that detection ended with."""
    sent = packets(clip)
    start, waiting = sent[0], sent[1:5]
    frames = [frame for frame, _ in [*waiting, start]]
    with recorded(hardware=Hardware.REQUIRED) as (decoder, recorder):
        for frame, data in [*waiting, start]:
            decoder.submit(frame, data)
    assert [skip.frame.uuid for skip in recorder.skips] == [frame.uuid for frame in frames]
    assert recorder.reasons == ["decoder_creation_failed"] * len(frames)


def test_an_access_unit_in_two_packets_loses_nothing_behind_it() -> None:
    """Half an access unit is damage: one outcome each, and the next group of pictures is whole."""
    sent = packets(BASELINE)
    cut = 5
    frame, data = sent[cut]
    half = len(data) // 2
    second = make_frame(Codec.H264, frame.width, frame.height)
    sent[cut : cut + 1] = [(frame, data[:half]), (second, data[half:])]
    recorder = decode(sent)
    assert len(recorder.events) == len(sent)
    pixels = {picture.frame.uuid: picture.pixels for picture in recorder.pictures}
    next_group = [pixels[frame.uuid] for frame, _ in sent[31:]]
    assert [read_frame_number(picture) for picture in next_group] == list(BASELINE.numbers[30:])


@pytest.mark.parametrize("codec", [Codec.H264, Codec.HEVC, Codec.VP8, Codec.VP9, Codec.AV1])
def test_nothing_but_garbage(codec: Codec) -> None:
    """Random bytes have one outcome each, and the decoder can be shut down."""
    import random

    generator = random.Random(11)
    sent = [(make_frame(codec, 64, 64), generator.randbytes(generator.randrange(1, 400))) for _ in range(60)]
    recorder = decode(sent)
    assert not {"frame"} & set(recorder.kinds)
    assert len(recorder.events) >= len(sent)

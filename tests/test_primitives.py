"""Frames, codecs and what else is in savant_rs.primitives."""

from __future__ import annotations

import gc
import json
import threading
import uuid
from typing import Any

import pytest

import savant_rs
from savant_rs import deepstream, gstreamer, primitives
from savant_rs.primitives import (
    Codec,
    EndOfStream,
    VideoFrame,
    VideoFrameCodec,
    VideoFrameContent,
    VideoFrameTranscodingMethod,
)

CODECS = {
    "H264": ("h264", "avc"),
    "Hevc": ("hevc", "h265"),
    "Jpeg": ("jpeg",),
    "SwJpeg": ("swjpeg",),
    "Av1": ("av1",),
    "Png": ("png",),
    "Vp8": ("vp8",),
    "Vp9": ("vp9",),
    "RawRgba": ("raw_rgba",),
    "RawRgb": ("raw_rgb",),
    "RawNv12": ("raw_nv12",),
}


def make_frame(**changes: Any) -> VideoFrame:
    values = {
        "source_id": "cam",
        "fps": (30, 1),
        "width": 640,
        "height": 360,
        "content": VideoFrameContent.none(),
    }
    return VideoFrame(**{**values, **changes})


class TestCodec:
    def test_is_one_class_under_all_its_names(self) -> None:
        assert gstreamer.Codec is primitives.Codec is VideoFrameCodec
        assert (Codec.__module__, Codec.__name__) == ("savant_rs.primitives", "Codec")

    @pytest.mark.parametrize(("number", "member"), list(enumerate(CODECS)))
    def test_members_are_numbered_from_zero(self, number: int, member: str) -> None:
        codec = getattr(Codec, member)
        assert int(codec) == number
        assert codec == number
        assert codec != number + 1
        assert hash(codec) == hash(number)
        assert repr(codec) == f"Codec.{member}"

    @pytest.mark.parametrize("member", CODECS)
    def test_names_lead_back_to_the_member(self, member: str) -> None:
        codec = getattr(Codec, member)
        assert codec.name() == CODECS[member][0]
        for name in CODECS[member]:
            assert Codec.from_name(name) == codec
            assert Codec.from_name(f" {name.upper()}\t") == codec

    def test_h265_is_hevc(self) -> None:
        assert Codec.from_name(" H265 ") == Codec.Hevc

    @pytest.mark.parametrize("name", ["", "  ", "h266", "raw-rgba", "RawRgba"])
    def test_unknown_names_are_refused(self, name: str) -> None:
        with pytest.raises(ValueError, match="unknown codec"):
            Codec.from_name(name)

    def test_upper_case_names_are_aliases(self) -> None:
        aliases = ["HEVC", "JPEG", "SW_JPEG", "AV1", "PNG", "VP8", "VP9", "RAW_RGBA", "RAW_RGB", "RAW_NV12"]
        members = [member for member in CODECS if member != "H264"]
        for alias, member in zip(aliases, members, strict=True):
            assert getattr(Codec, alias) == getattr(Codec, member)

    def test_members_of_other_enums_are_never_equal(self) -> None:
        assert Codec.H264 != deepstream.Padding.NONE
        assert VideoFrameTranscodingMethod.Copy != Codec.H264
        assert Codec.H264 != "h264"

    def test_cannot_be_called_iterated_or_ordered(self) -> None:
        with pytest.raises(TypeError):
            Codec()
        with pytest.raises(TypeError):
            iter(Codec)  # type: ignore[call-overload]
        with pytest.raises(TypeError):
            _ = Codec.Hevc > Codec.H264  # type: ignore[operator]


class TestTranscodingMethod:
    def test_numbers(self) -> None:
        assert int(VideoFrameTranscodingMethod.Copy) == 0
        assert int(VideoFrameTranscodingMethod.Encoded) == 1
        assert repr(VideoFrameTranscodingMethod.Copy) == "VideoFrameTranscodingMethod.Copy"
        assert VideoFrameTranscodingMethod.__module__ == "savant_rs.primitives"


class TestContent:
    def test_internal(self) -> None:
        content = VideoFrameContent.internal(b"\x00\x01payload")
        assert content.is_internal() is True
        assert (content.is_external(), content.is_none()) == (False, False)
        assert content.get_data() == b"\x00\x01payload"
        for read in (content.get_method, content.get_location):
            with pytest.raises(TypeError, match="not external"):
                read()

    def test_internal_copies_what_may_change(self) -> None:
        data = bytearray(b"abc")
        content = VideoFrameContent.internal(data)
        data[0] = 0
        assert content.get_data() == b"abc"

    def test_external(self) -> None:
        content = VideoFrameContent.external("file", "/a/b.bin")
        assert content.is_external()
        assert (content.get_method(), content.get_location()) == ("file", "/a/b.bin")
        assert VideoFrameContent.external("zeromq").get_location() is None
        with pytest.raises(TypeError, match="not internal"):
            content.get_data()

    def test_none_has_no_data(self) -> None:
        content = VideoFrameContent.none()
        assert callable(content.is_none)
        assert content.is_none()
        with pytest.raises(TypeError):
            content.get_data()

    def test_is_equal_by_value_and_unhashable(self) -> None:
        assert VideoFrameContent.internal(b"a") == VideoFrameContent.internal(b"a")
        assert VideoFrameContent.internal(b"a") != VideoFrameContent.internal(b"b")
        assert VideoFrameContent.internal(b"") != VideoFrameContent.none()
        with pytest.raises(TypeError, match="unhashable"):
            hash(VideoFrameContent.none())

    def test_cannot_be_called_and_takes_no_text(self) -> None:
        with pytest.raises(TypeError):
            VideoFrameContent()
        with pytest.raises(TypeError):
            VideoFrameContent.internal("text")  # type: ignore[arg-type]


class TestVideoFrame:
    def test_defaults(self) -> None:
        frame = VideoFrame("cam", (30, 1), 640, 360, VideoFrameContent.none())
        assert frame.transcoding_method == VideoFrameTranscodingMethod.Copy
        assert (frame.codec, frame.keyframe, frame.dts, frame.duration) == (None, None, None, None)
        assert (frame.time_base, frame.pts) == ((1, 1_000_000), 0)
        assert (frame.previous_frame_seq_id, frame.previous_keyframe_uuid) == (None, None)
        assert (frame.attributes, frame.transformations) == ([], [])

    def test_positional_order(self) -> None:
        frame = VideoFrame(
            "cam",
            (25, 2),
            1920,
            1080,
            VideoFrameContent.internal(b"x"),
            VideoFrameTranscodingMethod.Encoded,
            Codec.Vp9,
            True,
            (1, 90_000),
            3600,
            1800,
            900,
        )
        assert (frame.source_id, frame.fps, frame.width, frame.height) == ("cam", (25, 2), 1920, 1080)
        assert frame.content.get_data() == b"x"
        assert frame.transcoding_method == VideoFrameTranscodingMethod.Encoded
        assert (frame.codec, frame.keyframe) == (Codec.Vp9, True)
        assert (frame.time_base, frame.pts, frame.dts, frame.duration) == ((1, 90_000), 3600, 1800, 900)

    OUT_OF_BOUNDS = (
        ("width", 0),
        ("width", -1),
        ("width", 2**32),
        ("height", 0),
        ("time_base", (0, 1)),
        ("time_base", (1, 0)),
        ("time_base", (-1, 30)),
        ("pts", -1),
        ("dts", -1),
        ("duration", -1),
    )

    @pytest.mark.parametrize(("field", "value"), OUT_OF_BOUNDS)
    def test_constructor_refuses_with_system_error(self, field: str, value: object) -> None:
        with pytest.raises(SystemError, match=field):
            make_frame(**{field: value})

    @pytest.mark.parametrize(("field", "value"), OUT_OF_BOUNDS)
    def test_setters_refuse_with_value_error_and_change_nothing(self, field: str, value: object) -> None:
        frame = make_frame(pts=5, dts=4, duration=3)
        before = getattr(frame, field)
        with pytest.raises(ValueError, match=field):
            setattr(frame, field, value)
        assert getattr(frame, field) == before

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("source_id", "other"),
            ("fps", (0, 1)),
            ("width", 2**32 - 1),
            ("height", 1),
            ("content", VideoFrameContent.external("file")),
            ("transcoding_method", VideoFrameTranscodingMethod.Encoded),
            ("codec", Codec.RawRgb),
            ("codec", None),
            ("keyframe", False),
            ("time_base", (1001, 30_000)),
            ("pts", 2**63 - 1),
            ("dts", 0),
            ("duration", None),
            ("creation_timestamp_ns", 123),
        ],
    )
    def test_properties_can_be_set(self, field: str, value: object) -> None:
        frame = make_frame(codec=Codec.H264, duration=1)
        setattr(frame, field, value)
        assert getattr(frame, field) == value

    @pytest.mark.parametrize(
        "field",
        [
            "uuid",
            "memory_handle",
            "previous_frame_seq_id",
            "previous_keyframe_uuid",
            "json",
            "json_pretty",
            "attributes",
            "transformations",
        ],
    )
    def test_the_rest_is_read_only(self, field: str) -> None:
        with pytest.raises(AttributeError):
            setattr(make_frame(), field, None)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("source_id", 1),
            ("fps", "30/1"),
            ("width", "640"),
            ("content", b"bytes"),
            ("codec", "h264"),
            ("codec", 0),
            ("transcoding_method", 0),
        ],
    )
    def test_other_types_are_refused(self, field: str, value: object) -> None:
        with pytest.raises(TypeError):
            make_frame(**{field: value})
        with pytest.raises(TypeError):
            setattr(make_frame(), field, value)

    def test_numbers_beyond_the_type_overflow(self) -> None:
        with pytest.raises(OverflowError):
            make_frame(fps=(2**31, 1))
        with pytest.raises(OverflowError):
            make_frame(pts=2**63)

    def test_uuids_are_fresh_and_ordered_by_time(self) -> None:
        ids = [uuid.UUID(make_frame().uuid) for _ in range(100)]
        assert ids == sorted(ids)
        assert len(set(ids)) == len(ids)
        assert {identity.version for identity in ids} == {7}

    def test_creation_time_is_now(self) -> None:
        first = make_frame().creation_timestamp_ns
        assert first <= make_frame().creation_timestamp_ns
        assert first > 1_600_000_000_000_000_000

    def test_hash_is_the_memory_handle(self) -> None:
        frame = make_frame()
        assert hash(frame) == hash(frame.memory_handle)
        assert {frame: 1}[frame] == 1

    def test_copy_is_independent_and_describes_the_same_picture(self) -> None:
        frame = make_frame(content=VideoFrameContent.internal(b"abc"), pts=7)
        copy = frame.copy()
        assert copy.uuid == frame.uuid
        assert copy != frame
        assert copy.memory_handle != frame.memory_handle
        copy.pts = 8
        frame.source_id = "other"
        assert (frame.pts, copy.source_id) == (7, "cam")
        del frame
        gc.collect()
        assert copy.content.get_data() == b"abc"

    def test_json_describes_the_frame_without_its_payload(self) -> None:
        frame = make_frame(codec=Codec.Hevc, content=VideoFrameContent.internal(bytes(1000)), source_id='a"b')
        value = json.loads(frame.json)
        assert value == json.loads(frame.json_pretty)
        assert (value["uuid"], value["source_id"], value["codec"]) == (frame.uuid, 'a"b', "hevc")
        assert (value["width"], value["fps"], value["time_base"]) == (640, [30, 1], [1, 1_000_000])
        assert value["content"] == {"internal": {"size": 1000}}
        assert len(frame.json) < 1000
        assert "\n" in frame.json_pretty

    def test_repr_identifies_the_frame(self) -> None:
        frame = make_frame(codec=Codec.Png)
        for part in ("VideoFrame(", frame.uuid, "png", "640x360", '"cam"'):
            assert part in repr(frame)

    def test_threads_see_whole_values(self) -> None:
        frame = make_frame(fps=(1, 1))
        torn: list[tuple[int, int]] = []

        def write(number: int) -> None:
            for _ in range(2000):
                frame.fps = (number, number)

        def read() -> None:
            for _ in range(2000):
                numerator, denominator = frame.fps
                if numerator != denominator:
                    torn.append((numerator, denominator))

        threads = [threading.Thread(target=write, args=(number,)) for number in (1, 2, 3)]
        threads.append(threading.Thread(target=read))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert torn == []


class TestEndOfStream:
    def test_names_its_source(self) -> None:
        end = EndOfStream("cam")
        assert end.source_id == "cam"
        assert json.loads(end.json)["source_id"] == "cam"
        assert end == EndOfStream(source_id="cam")
        with pytest.raises(TypeError, match="unhashable"):
            hash(end)
        with pytest.raises(AttributeError):
            end.source_id = "other"  # type: ignore[misc]


def test_the_package_knows_its_version() -> None:
    assert savant_rs.__version__[0].isdigit()


@pytest.mark.parametrize("module", [primitives, gstreamer])
def test_all_names_are_there_and_documented(module: Any) -> None:
    for name in module.__all__:
        assert getattr(module, name).__doc__, name
        assert getattr(module, name).__module__.startswith("savant_rs."), name

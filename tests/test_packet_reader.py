"""PacketReader over real files: what is read, how it is cut and timed, and how failures look."""

from __future__ import annotations

import http.server
import itertools
import os
import shutil
import signal
import struct
import subprocess
import sys
import textwrap
import threading
import wave
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Literal

import pytest

from clips_lib import CLIPS, CLIPS_DIR, Clip
from gst_features import gst_plugin_file, has_gst_feature
from savant_rs.gstreamer import Codec, PacketReader
from savant_rs.primitives import VideoFrame

SECOND_NS = 1_000_000_000
CONTAINERS = CLIPS_DIR / "containers"

NAL_CODECS = {"h264", "hevc"}
PARAMETER_SETS = {"h264": {7, 8}, "hevc": {32, 33, 34}}
# Clips in containers that hold no presentation times.
ELEMENTARY = {".h264", ".hevc"}

every_clip = pytest.mark.parametrize("clip", list(CLIPS.values()), ids=list(CLIPS))
nal_clips = pytest.mark.parametrize(
    "clip", [pytest.param(clip, id=name) for name, clip in CLIPS.items() if clip.codec in NAL_CODECS]
)


def read(clip: Clip | Path, stream_format: Literal["annexb", "avc"] = "annexb") -> list[tuple[VideoFrame, bytes]]:
    path = clip.path if isinstance(clip, Clip) else clip
    with PacketReader(path, stream_format=stream_format) as reader:
        return list(reader)


def nal_type(codec: str, nal: bytes) -> int:
    return nal[0] >> 1 & 0x3F if codec == "hevc" else nal[0] & 0x1F


def annex_b_units(data: bytes) -> list[bytes]:
    assert data.startswith((b"\0\0\1", b"\0\0\0\1"))
    return [nal.rstrip(b"\0") for nal in data.split(b"\0\0\1")[1:]]


def length_prefixed_units(data: bytes) -> list[bytes]:
    units = []
    while data:
        size = int.from_bytes(data[:4], "big")
        assert 0 < size <= len(data) - 4
        units.append(data[4 : 4 + size])
        data = data[4 + size :]
    return units


@every_clip
def test_every_packet_is_read_once(clip: Clip) -> None:
    packets = read(clip)
    assert len(packets) == clip.packets
    for frame, data in packets:
        assert frame.codec == Codec.from_name(clip.codec)
        assert (frame.width, frame.height) == (clip.width, clip.height)
        assert frame.source_id == str(clip.path)
        assert frame.content.is_none()
        assert isinstance(data, bytes)
        assert data
    assert len({frame.uuid for frame, _ in packets}) == len(packets)


@every_clip
def test_times(clip: Clip) -> None:
    frames = [frame for frame, _ in read(clip)]
    assert {frame.time_base for frame in frames} == {(1, SECOND_NS)}
    pts = [frame.pts for frame in frames]
    assert min(pts) >= 0
    if clip.is_still:
        assert pts == [0]
        return
    if not clip.hidden:
        shown = sorted(pts)
        steps = [later - earlier for earlier, later in itertools.pairwise(shown)]
        assert all(abs(step - SECOND_NS / clip.fps) < 2_000_000 for step in steps)
    if clip.codec in NAL_CODECS:
        dts = [frame.dts for frame in frames if frame.dts is not None]
        assert dts == sorted(dts)
        assert all(frame.dts is None or 0 <= frame.dts <= frame.pts for frame in frames)
    else:
        assert {frame.dts for frame in frames} == {None}
    if clip.path.suffix == ".ivf":
        # An IVF file has a time base, but neither a frame rate nor durations.
        assert {(frame.fps, frame.duration) for frame in frames} == {((0, 1), None)}
    else:
        assert {frame.fps for frame in frames} == {(clip.fps, 1)}
        assert {frame.duration for frame in frames} == {SECOND_NS // clip.fps}


def test_presentation_times_are_those_of_the_container() -> None:
    # The B-frame pyramid shows pictures in another order than they are decoded in.
    frames = [frame for frame, _ in read(CLIPS["h264_bpyramid_640x360"])]
    step = SECOND_NS // CLIPS["h264_bpyramid_640x360"].fps
    assert [frame.dts for frame in frames[:4]] == [0, step, 2 * step, 3 * step]
    assert [frame.pts // step for frame in frames[:4]] == [2, 6, 4, 3]


@every_clip
def test_key_frames(clip: Clip) -> None:
    frames = [frame for frame, _ in read(clip)]
    assert frames[0].keyframe is True
    if clip.is_still or clip.codec == "jpeg":
        assert all(frame.keyframe for frame in frames)
    else:
        assert 1 <= sum(bool(frame.keyframe) for frame in frames) < len(frames) / 4


@every_clip
def test_frames_know_what_came_before(clip: Clip) -> None:
    last_key_frame = None
    for number, (frame, _) in enumerate(read(clip)):
        assert frame.previous_frame_seq_id == (number - 1 if number else None)
        assert frame.previous_keyframe_uuid == last_key_frame
        if frame.keyframe:
            last_key_frame = frame.uuid


@nal_clips
def test_parameter_sets_precede_every_random_access_point(clip: Clip) -> None:
    for frame, data in read(clip):
        types = [nal_type(clip.codec, nal) for nal in annex_b_units(data)]
        if frame.keyframe:
            slices = [index for index, kind in enumerate(types) if kind < 6 or 16 <= kind <= 31]
            assert PARAMETER_SETS[clip.codec] <= set(types[: slices[0]])


@nal_clips
def test_avc_has_the_same_nal_units_behind_their_sizes(clip: Clip) -> None:
    annex_b, avc = read(clip), read(clip, stream_format="avc")
    assert len(avc) == len(annex_b)
    for (_, with_start_codes), (_, with_sizes) in zip(annex_b, avc, strict=True):
        assert length_prefixed_units(with_sizes) == annex_b_units(with_start_codes)


def test_avc_changes_nothing_for_other_codecs() -> None:
    clip = CLIPS["vp9_640x360"]
    assert [data for _, data in read(clip, stream_format="avc")] == [data for _, data in read(clip)]


@pytest.mark.parametrize("name", ["jpeg_100x100", "jpeg_640x360", "png_rgb_320x180", "png_rgba_320x180"])
def test_a_picture_is_one_packet_of_the_whole_file(name: str) -> None:
    ((_, data),) = read(CLIPS[name])
    assert data == CLIPS[name].path.read_bytes()


def test_source_id_and_kinds_of_location() -> None:
    path = CLIPS["h264_320x240"].path
    for location in (path, str(path), path.as_uri()):
        frame, _ = next(PacketReader(location, "cam-1"))
        assert frame.source_id == "cam-1"
    frame, _ = next(PacketReader(path_or_uri=os.fspath(path), source_id=None))
    assert frame.source_id == str(path)


def test_paths_with_odd_characters(tmp_path: Path) -> None:
    for name in ("a b%20c.mp4", "ü#?.mp4", "100%.mp4", os.fsdecode(b"\xff.mp4")):
        shutil.copy(CLIPS["h264_320x240"].path, tmp_path / name)
        assert len(read(tmp_path / name)) == CLIPS["h264_320x240"].packets


@pytest.mark.parametrize("ending", ["mp4", "ts", "mkv"])
def test_other_streams_do_not_hold_up_the_video(ending: str) -> None:
    """More sound than any queue holds, most of it behind the video."""
    assert len(read(CONTAINERS / f"with_sound.{ending}")) == 100


@pytest.mark.parametrize("ending", ["mp4", "ts", "mkv"])
def test_parameter_sets_precede_open_gops(ending: str) -> None:
    sent = read(CONTAINERS / f"open_gop.{ending}")
    key_units = [annex_b_units(data) for frame, data in sent if frame.keyframe]
    types = [[nal_type("h264", nal) for nal in unit] for unit in key_units]
    assert len(types) == 3
    assert sum(5 in unit for unit in types) == 1
    assert all({7, 8} <= set(unit) for unit in types)


def test_a_stream_without_video_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16000))
    reader = PacketReader(path)
    # Which of the two depends on whether GStreamer has wavparse.
    with pytest.raises(RuntimeError, match=r"no video stream.*audio/x-(raw|wav)"):
        next(reader)
    assert list(reader) == []


def test_an_unknown_codec_is_named() -> None:
    with pytest.raises(RuntimeError, match=r"no known codec.*video/mpeg, mpegversion=\(int\)2"):
        read(CONTAINERS / "mpeg2.ts")


def test_missing_and_unreadable_files(tmp_path: Path) -> None:
    missing = tmp_path / "missing.mp4"
    with pytest.raises(FileNotFoundError) as raised:
        PacketReader(missing)
    assert raised.value.filename == str(missing)
    with pytest.raises(FileNotFoundError):
        PacketReader(missing.as_uri())
    with pytest.raises(IsADirectoryError):
        PacketReader(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        PacketReader(tmp_path / "pipe")


@pytest.mark.parametrize("content", [b"", b"no video, just text", bytes(range(256)) * 40])
def test_files_that_are_no_media(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file.mp4"
    path.write_bytes(content)
    reader = PacketReader(path)
    with pytest.raises(RuntimeError, match=r"file\.mp4"):
        next(reader)
    assert list(reader) == []


def test_a_file_without_its_index_is_an_error_every_time(tmp_path: Path) -> None:
    """The demuxer fails at once, often before the pipeline around it listens."""
    content = CLIPS["h264_320x240"].path.read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(content.replace(b"moov", b"free"))
    for _ in range(20):
        with pytest.raises(RuntimeError, match=r"cut\.mp4"):
            read(path)


def test_a_cut_file_yields_what_is_there(tmp_path: Path) -> None:
    clip = CLIPS["h264_640x360"]
    path = tmp_path / "cut.ts"
    path.write_bytes(clip.path.read_bytes()[: clip.path.stat().st_size // 2])
    whole, cut = read(clip), read(path)
    assert 1 < len(cut) < len(whole)
    assert [data for _, data in cut[:-1]] == [data for _, data in whole[: len(cut) - 1]]


def test_wrong_arguments() -> None:
    path = CLIPS["h264_320x240"].path
    with pytest.raises(ValueError, match="'annexb' or 'avc'"):
        PacketReader(path, stream_format="hvc1")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        PacketReader(path, None, "avc")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        PacketReader(5)  # type: ignore[arg-type]


def test_closing_ends_the_iteration() -> None:
    with PacketReader(CLIPS["h264_1080p"].path) as reader:
        assert iter(reader) is reader
        next(reader)
    assert list(reader) == []
    reader.close()


def test_close_wakes_a_waiting_thread(stalling_url: str) -> None:
    reader = PacketReader(stalling_url)
    packets: list[object] = []
    started = threading.Event()

    def read_on() -> None:
        for packet in reader:
            packets.append(packet)
            started.set()

    waiting = threading.Thread(target=read_on)
    waiting.start()
    assert started.wait(30)
    reader.close()
    waiting.join()
    assert 1 <= len(packets) < CLIPS["h264_640x360"].packets
    assert list(reader) == []


def test_closed_readers_leave_no_threads(native_threads: Callable[[], list[str]]) -> None:
    """GLib keeps a few idle threads for its next task; their number does not grow."""

    def open_and_close() -> int:
        readers = [PacketReader(CLIPS["h264_1080p"].path) for _ in range(5)]
        for reader in readers:
            next(reader)
        for reader in readers:
            reader.close()
        return len(native_threads())

    first = open_and_close()
    assert max(open_and_close() for _ in range(10)) <= first + 2


def test_threads_share_a_reader() -> None:
    clip = CLIPS["h264_bpyramid_640x360"]
    reader = PacketReader(clip.path)
    seen: list[int] = []
    threads = [threading.Thread(target=lambda: seen.extend(frame.pts for frame, _ in reader)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == sorted(frame.pts for frame, _ in read(clip))


def test_ctrl_c_interrupts_waiting(stalling_url: str) -> None:
    script = textwrap.dedent(
        """
        import sys
        from savant_rs.gstreamer import PacketReader

        reader = PacketReader(sys.argv[1])
        try:
            for number, _ in enumerate(reader):
                if number == 0:
                    print("reading", flush=True)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        """
    )
    with subprocess.Popen([sys.executable, "-c", script, stalling_url], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "reading\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "interrupted\n"
        assert process.wait(timeout=30) == 0


def test_a_missing_plugin_is_named_with_its_package(tmp_path: Path) -> None:
    """A GStreamer with nothing but its core and playback plugins."""
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    for name in ("coreelements", "typefindfunctions", "playback", "app", "matroska"):
        file = gst_plugin_file(name)
        (plugins / file.name).symlink_to(file)
    script = textwrap.dedent(
        """
        import sys
        from savant_rs.gstreamer import PacketReader

        for path in sys.argv[1:]:
            try:
                print(len(list(PacketReader(path))))
            except RuntimeError as error:
                print(error)
        """
    )
    names = ["vp8_altref_640x360", "h264_640x360", "vp8_320x180", "h264_baseline_640x360", "jpeg_100x100"]
    done = subprocess.run(
        [sys.executable, "-c", script, *(str(CLIPS[name].path) for name in names)],
        env={
            **os.environ,
            "GST_PLUGIN_SYSTEM_PATH_1_0": str(plugins),
            "GST_PLUGIN_PATH_1_0": str(plugins),
            "GST_REGISTRY_1_0": str(tmp_path / "registry"),
            "SAVANT_BACKEND": "host",
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    webm, ts, ivf, h264, jpeg = done.stdout.splitlines()
    assert int(webm) == CLIPS["vp8_altref_640x360"].packets
    for line, element in ((ts, "tsdemux"), (ivf, "ivfparse"), (h264, "h264parse"), (jpeg, "jpegparse")):
        assert element in line
        assert "gstreamer1.0-plugins-bad" in line


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves the clips. ``/stall/NAME`` sends the first half of a clip and then nothing more."""

    released = threading.Event()

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        if not self.path.startswith("/stall/"):
            super().do_GET()
            return
        content = (CLIPS_DIR / self.path.removeprefix("/stall/")).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2])
        self.released.wait()


@pytest.fixture
def http_server() -> Iterator[str]:
    if not has_gst_feature("souphttpsrc", "curlhttpsrc"):
        pytest.skip("needs an HTTP source element of GStreamer")
    handler = partial(QuietHandler, directory=str(CLIPS_DIR))
    QuietHandler.released.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        QuietHandler.released.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def stalling_url(http_server: str) -> str:
    return f"{http_server}/stall/{CLIPS['h264_640x360'].path.name}"


def test_urls(http_server: str) -> None:
    clip = CLIPS["h264_320x240"]
    url = f"{http_server}/{clip.path.name}"
    packets = list(PacketReader(url))
    assert [data for _, data in packets] == [data for _, data in read(clip)]
    assert {frame.source_id for frame, _ in packets} == {url}
    with pytest.raises(RuntimeError, match="no-such-file"):
        next(PacketReader(f"{http_server}/no-such-file.mp4"))


def test_a_scheme_without_a_source_element() -> None:
    with pytest.raises(RuntimeError, match="no GStreamer plugin"):
        next(PacketReader("no-such-scheme://host/file.mp4"))


def test_nothing_stays_alive(live_gst_objects: Callable[[str], list[str]]) -> None:
    alive = live_gst_objects(
        """
        from clips_lib import CLIPS
        from savant_rs.gstreamer import PacketReader

        def read_some():
            reader = PacketReader(CLIPS["h264_640x360"].path)
            next(reader)

        def read_all(name):
            assert len(list(PacketReader(CLIPS[name].path))) == CLIPS[name].packets

        def fail():
            try:
                list(PacketReader(__file__))
            except RuntimeError:
                pass

        read_some()
        for name in ("h264_320x240", "vp8_320x180", "jpeg_100x100"):
            read_all(name)
        fail()
        """
    )
    assert alive == []


def leb128(number: int) -> bytes:
    parts = []
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])


def open_bitstream_units(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Header and body of each unit of a temporal unit, sizes left out (AV1 bitstream specification, 5.3)."""
    while data:
        header, data = data[: 1 + (data[0] >> 2 & 1)], data[1 + (data[0] >> 2 & 1) :]
        size, length = 0, 0
        while not length or data[length - 1] & 0x80:
            size |= (data[length] & 0x7F) << 7 * length
            length += 1
        yield header, data[length : length + size]
        data = data[length + size :]


def with_delimiters(clip: Clip) -> list[list[tuple[bytes, bytes]]]:
    units = [list(open_bitstream_units(data)) for _, data in read(clip)]
    return [[(b"\x12", b""), *(unit for unit in each if unit[0][0] >> 3 & 15 != 2)] for each in units]


def low_overhead(clip: Clip) -> bytes:
    units = (unit for each in with_delimiters(clip) for unit in each)
    return b"".join(header + leb128(len(body)) + body for header, body in units)


def annex_b(clip: Clip) -> bytes:
    """Sizes in front of temporal units, frame units and units, which do not tell their own."""
    stream = b""
    for each in with_delimiters(clip):
        bare = [bytes([header[0] & ~2]) + header[1:] + body for header, body in each]
        frame_unit = b"".join(leb128(len(unit)) + unit for unit in bare)
        temporal_unit = leb128(len(frame_unit)) + frame_unit
        stream += leb128(len(temporal_unit)) + temporal_unit
    return stream


@pytest.mark.parametrize("suffix", ["obu", "bin"])
@pytest.mark.parametrize("make", [low_overhead, annex_b])
def test_av1_without_a_container(make: Callable[[Clip], bytes], suffix: str, tmp_path: Path) -> None:
    clip = CLIPS["av1_640x360"]
    path = tmp_path / f"clip.{suffix}"
    path.write_bytes(make(clip))
    sent = read(path)
    assert len(sent) == clip.packets
    assert {(frame.codec, frame.width, frame.height) for frame, _ in sent} == {(Codec.AV1, clip.width, clip.height)}
    for (_, data), (_, expected) in zip(sent, read(clip), strict=True):
        assert [unit for unit in open_bitstream_units(data) if unit[1]] == [
            unit for unit in open_bitstream_units(expected) if unit[1]
        ]


@pytest.mark.parametrize("make", [low_overhead, annex_b])
def test_damaged_av1_without_a_container_ends(make: Callable[[Clip], bytes], tmp_path: Path) -> None:
    """Cut short or changed anywhere: access units, or an error, but no crash of the process."""
    import random

    whole, generator = make(CLIPS["av1_640x360"]), random.Random(5)
    path = tmp_path / "clip.obu"
    for _ in range(25):
        damaged = bytearray(whole[: generator.randrange(20, len(whole))])
        for _ in range(generator.randrange(6)):
            damaged[generator.randrange(16, len(damaged))] = generator.randrange(256)
        path.write_bytes(damaged)
        try:
            count = len(read(path))
        except RuntimeError:
            continue
        assert count <= CLIPS["av1_640x360"].packets * 2


@pytest.mark.parametrize(
    ("name", "ignored"),
    [
        pytest.param("h264_baseline_640x360", b"\x1e\x11\x80", id="h264-unspecified"),
        pytest.param("hevc_640x360", b"\x7c\x01\x12\x34\x80", id="hevc-unspecified"),
        pytest.param("hevc_640x360", b"\x5a\x01\x12\x34\x80", id="hevc-reserved"),
        pytest.param("hevc_640x360", b"\x30\x01\x12\x34\x80", id="hevc-reserved-slice"),
    ],
)
@pytest.mark.parametrize("suffix", ["bit", "bin"])
def test_nal_units_that_decoders_ignore_do_not_hide_the_codec(
    name: str, ignored: bytes, suffix: str, tmp_path: Path
) -> None:
    clip = CLIPS[name]
    path = tmp_path / f"clip.{suffix}"
    path.write_bytes(b"".join(data + b"\0\0\1" + ignored for _, data in read(clip)))
    sent = read(path)
    assert len(sent) == clip.packets
    assert {(frame.codec, frame.width, frame.height) for frame, _ in sent} == {
        (Codec.from_name(clip.codec), clip.width, clip.height)
    }


@pytest.mark.parametrize(("front", "end"), [(400, 0), (0, 80), (400, 40)])
def test_what_an_edit_list_takes_away_is_read(front: int, end: int, tmp_path: Path) -> None:
    """``front`` and ``end`` are in milliseconds. What comes behind the cut refers to pictures in front of it."""
    clip = CLIPS["h264_bpyramid_640x360"]
    whole = read(clip)
    movie = bytearray(clip.path.read_bytes())
    # Behind the name: version, flags and times of the media header; version, flags and count of the edit list.
    (timescale,) = struct.unpack_from(">I", movie, movie.index(b"mdhd") + 16)
    edit = movie.index(b"elst") + 12
    duration, begin = struct.unpack_from(">Ii", movie, edit)
    struct.pack_into(">Ii", movie, edit, duration - front - end, begin + front * timescale // 1000)
    path = tmp_path / "cut.mp4"
    path.write_bytes(movie)
    cut = read(path)
    assert [data for _, data in cut] == [data for _, data in whole]
    assert [(frame.pts, frame.dts) for frame, _ in cut] == [(frame.pts, frame.dts) for frame, _ in whole]

"""PacketReader over RTSP, from a real server on loopback that drops, stalls and comes back with another size."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from clips_lib import CLIPS, Clip, read_frame_number
from decoding import SOURCE, packets, recorded
from rtsp import RtspServer, has_rtsp_server
from savant_rs.gstreamer import PacketReader, Reconnect
from savant_rs.primitives import VideoFrame

pytestmark = pytest.mark.skipif(
    not has_rtsp_server(), reason="needs GStreamer's RTSP server: python3-gi, gir1.2-gst-rtsp-server-1.0"
)

SMALL, LARGE = CLIPS["h264_320x240"], CLIPS["h264_640x360"]
QUICK = Reconnect(first_delay_ms=50, max_delay_ms=100, stall_timeout_ms=400)
SECOND_NS = 1_000_000_000

Packets = list[tuple[VideoFrame, bytes]]


def decode(received: Packets) -> list[int]:
    """The numbers in the pictures of packets, in the order of their delivery."""
    with recorded() as (decoder, recorder):
        for frame, data in received:
            decoder.submit(frame, data)
    return [read_frame_number(picture.pixels) for picture in recorder.pictures]


def numbers_of_first(clip: Clip, count: int) -> list[int]:
    """The numbers in the pictures of a clip's first packets, in order of presentation."""
    times = [frame.pts for frame, _ in packets(clip)]
    shown = sorted(times)
    return sorted(clip.numbers[shown.index(time)] for time in times[:count])


def take(reader: PacketReader, count: int) -> Packets:
    return list(itertools.islice(reader, count))


@pytest.fixture
def server() -> Iterator[RtspServer]:
    """Serves the small clip as ``camera``."""
    with closing(RtspServer(camera=SMALL)) as server:
        yield server


def test_every_picture_arrives() -> None:
    """All codecs over TCP and UDP at once, as each takes as long as its clip does."""
    names = ["h264_320x240", "h264_640x360", "hevc_720p", "mjpeg_480x272", "vp8_altref_640x360"]
    clips = [CLIPS[name] for name in names]

    def read(job: tuple[str, Clip]) -> Packets:
        scheme, clip = job
        # A busy machine may drop datagrams.
        for _ in range(1 if scheme == "rtspt" else 4):
            with PacketReader(serving.url(clip.name, scheme), SOURCE) as reader:
                received = list(reader)
            if len(received) == clip.packets:
                assert reader.rtp_packets_lost == 0
                break
        return received

    jobs = [*itertools.product(["rtspt", "rtspu"], clips), ("rtsp", SMALL)]
    with closing(RtspServer(*clips)) as serving, ThreadPoolExecutor(len(jobs)) as threads:
        read_packets = list(threads.map(read, jobs))
    for (scheme, clip), received in zip(jobs, read_packets, strict=True):
        label = f"{scheme} {clip.name}"
        assert len(received) == clip.packets, label
        assert {(frame.width, frame.height) for frame, _ in received} == {(clip.width, clip.height)}, label
        assert decode(received) == list(clip.numbers), label


@pytest.mark.parametrize("scheme", ["rtspt", "rtspu"])
def test_lost_packets_are_counted_where_they_are_missing(scheme: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Three access units, each of one RTP packet; a reader that lags behind learns of them in their place, too."""
    with (
        closing(RtspServer(SMALL, lost=[25, 26, 27])) as server,
        PacketReader(server.url(SMALL.name, scheme)) as reader,
    ):
        received = [(data, reader.rtp_packets_lost) for _, data in take(reader, 12)]
        time.sleep(0.8)
        received += [(data, reader.rtp_packets_lost) for _, data in reader]
    sent = [data for _, data in packets(SMALL)]
    assert len(received) == len(sent) - 3
    first = next(index for index, (data, _) in enumerate(received) if data != sent[index])
    assert [data for data, _ in received[first:]] == sent[first + 3 :]
    assert [lost for _, lost in received] == [0] * first + [3] * (len(received) - first)
    assert capfd.readouterr().err.count("RTP packets are lost on the way") == 1


def test_a_source_that_drops_before_its_first_packet_is_an_error() -> None:
    with (
        closing(RtspServer(SMALL, lost=range(1, 1000))) as server,
        PacketReader(server.url(SMALL.name)) as reader,
    ):
        time.sleep(0.5)
        server.drop()
        with pytest.raises(RuntimeError, match="the server has ended the stream or dropped the connection"):
            next(reader)


def test_a_source_that_is_lost_ends_without_reconnection() -> None:
    """All at once, as the end of some is known by nothing coming for three seconds."""

    def read(job: tuple[str, str]) -> tuple[int, str]:
        how, scheme = job
        with closing(RtspServer(camera=SMALL)) as server, PacketReader(server.url("camera", scheme)) as reader:
            received = len(take(reader, 3))
            getattr(server, how)()
            try:
                received += len(list(reader))
            except RuntimeError as error:
                return received, str(error)
            assert reader.connections == 1
            return received, "ended"

    jobs = [("drop", "rtspt"), ("drop", "rtspu"), ("kill", "rtspt"), ("kill", "rtspu")]
    with ThreadPoolExecutor(len(jobs)) as threads:
        ends = dict(zip(jobs, threads.map(read, jobs), strict=True))
    assert all(3 <= received < SMALL.packets for received, _ in ends.values()), ends
    assert "rtspsrc" in ends.pop(("kill", "rtspu"))[1]
    assert {reason for _, reason in ends.values()} == {"ended"}, ends


def test_a_source_that_stalls_is_waited_for(server: RtspServer) -> None:
    with PacketReader(server.url("camera")) as reader:
        received = take(reader, 3)
        server.stall()
        threading.Timer(1.0, server.resume).start()
        received += list(reader)
        assert reader.connections == 1
    assert len(received) == SMALL.packets


@pytest.mark.parametrize("scheme", ["rtspt", "rtspu"])
@pytest.mark.parametrize("how", ["drop", "kill", "stall"])
def test_a_lost_source_is_read_on(how: str, scheme: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The second server has another size; a server that only drops goes on with the clip from its beginning."""
    with (
        closing(RtspServer(camera=SMALL)) as first_server,
        PacketReader(first_server.url("camera", scheme), SOURCE, reconnect=QUICK) as reader,
    ):
        before = take(reader, 8)
        assert reader.connections == 1
        getattr(first_server, how)()
        if how == "stall":
            # Whatever was on its way; then the port is free for another server.
            threading.Timer(0.6, first_server.kill).start()
        back = SMALL if how == "drop" else LARGE
        after: Packets = []

        def read_on() -> None:
            for packet in reader:
                (before if reader.connections == 1 else after).append(packet)
                if len(after) == 8:
                    return

        waiting = threading.Thread(target=read_on)
        waiting.start()
        if how != "drop":
            first_server.wait()
            with closing(RtspServer(camera=back, port=first_server.port)):
                waiting.join(20)
        waiting.join(20)
        assert reader.connections == 2

    assert 8 <= len(before) < SMALL.packets
    assert [(frame.width, frame.height) for frame, _ in after] == [(back.width, back.height)] * 8
    assert [frame.previous_frame_seq_id is None for frame, _ in before + after] == [
        index in (0, len(before)) for index in range(len(before + after))
    ]
    assert after[0][0].keyframe
    assert max(frame.pts for frame, _ in before) < min(frame.pts for frame, _ in after)
    gap = after[0][0].pts - before[-1][0].pts
    assert gap < 20 * SECOND_NS
    assert "connecting again in 50 ms" in capfd.readouterr().err

    assert decode(before + after) == numbers_of_first(SMALL, len(before)) + numbers_of_first(back, 8)


def test_times_go_on_by_the_time_that_passed(server: RtspServer) -> None:
    with PacketReader(server.url("camera"), reconnect=QUICK) as reader:
        ((first, _),) = take(reader, 1)
        begun = time.monotonic_ns()
        assert len(take(reader, 8)) == 8
        server.drop()
        back = next(frame for frame, _ in reader if reader.connections == 2)
        passed = time.monotonic_ns() - begun
    assert back.pts - first.pts == pytest.approx(passed, abs=SECOND_NS // 5)


def test_attempts_are_limited(server: RtspServer) -> None:
    server.kill()
    policy = Reconnect(attempts=3, first_delay_ms=100, max_delay_ms=150)
    reader = PacketReader(server.url("camera"), reconnect=policy)
    begun = time.monotonic()
    with pytest.raises(RuntimeError, match="3 attempts in a row brought no packet"):
        next(reader)
    assert time.monotonic() - begun >= 0.25
    assert list(reader) == []
    assert reader.connections == 0


def test_a_server_that_never_answers_uses_up_attempts(server: RtspServer) -> None:
    server.stall()
    reader = PacketReader(
        server.url("camera"), reconnect=Reconnect(attempts=2, first_delay_ms=1, max_delay_ms=1, stall_timeout_ms=200)
    )
    with pytest.raises(RuntimeError, match=r"no packet for 200 ms; 2 attempts in a row"):
        next(reader)


def test_a_program_that_reads_slowly_loses_no_connection(server: RtspServer) -> None:
    with PacketReader(server.url("camera"), reconnect=QUICK) as reader:
        assert len(take(reader, 2)) == 2
        time.sleep(1.0)
        assert len(take(reader, 20)) == 20
        assert reader.connections == 1


def test_closing_ends_a_pause_at_once(server: RtspServer, capfd: pytest.CaptureFixture[str]) -> None:
    server.kill()
    reader = PacketReader(server.url("camera"), reconnect=Reconnect(first_delay_ms=60_000, max_delay_ms=60_000))
    ended = threading.Event()

    def read_on() -> None:
        assert list(reader) == []
        ended.set()

    threading.Thread(target=read_on).start()
    deadline = time.monotonic() + 20
    while "connecting again in 60000 ms" not in capfd.readouterr().err and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not ended.is_set()
    reader.close()
    assert ended.wait(2)


def test_ctrl_c_ends_a_pause() -> None:
    script = textwrap.dedent(
        """
        from savant_rs.gstreamer import PacketReader, Reconnect

        try:
            next(PacketReader("rtspt://127.0.0.1:9/x", reconnect=Reconnect(first_delay_ms=60_000, max_delay_ms=60_000)))
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        """
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert any("connecting again in 60000 ms" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "interrupted\n"
        assert process.wait(timeout=30) == 0


def test_passwords_stay_out_of_messages() -> None:
    reader = PacketReader("rtspt://me:secret@127.0.0.1:9/x")
    with pytest.raises(RuntimeError, match=r"rtspt://me:\*\*\*@127") as raised:
        next(reader)
    assert "secret" not in str(raised.value)


def test_only_live_sources_reconnect() -> None:
    for location in (SMALL.path, str(SMALL.path), "https://127.0.0.1:9/a.mp4"):
        with pytest.raises(ValueError, match="no live source"):
            PacketReader(location, reconnect=Reconnect())


def test_policies_are_checked_values() -> None:
    policy = Reconnect(attempts=5)
    assert repr(policy) == ("Reconnect(attempts=5, first_delay_ms=500, max_delay_ms=10000, stall_timeout_ms=10000)")
    assert policy == Reconnect(attempts=5, stall_timeout_ms=10_000)
    assert policy != Reconnect()
    assert hash(policy) == hash(Reconnect(attempts=5))
    for wrong in (
        {"attempts": 0},
        {"first_delay_ms": 0},
        {"stall_timeout_ms": 0},
        {"first_delay_ms": 20, "max_delay_ms": 10},
    ):
        with pytest.raises(ValueError, match="must"):
            Reconnect(**wrong)
    with pytest.raises(TypeError):
        Reconnect(5)  # type: ignore[call-arg]


def test_reconnections_leave_nothing_behind(
    server: RtspServer, native_threads: Callable[[], list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    """Connections that are dropped at their first packet, which GStreamer's jitter buffers do not get over alone."""

    def counts() -> tuple[int, int]:
        return len(native_threads()), len(os.listdir("/proc/self/fd"))

    policy = Reconnect(first_delay_ms=1, max_delay_ms=1, stall_timeout_ms=150)
    with PacketReader(server.url("camera"), reconnect=policy) as reader:
        seen = []
        for connection in range(1, 51):
            next(packet for packet in reader if reader.connections == connection)
            seen.append(counts())
            server.drop()
    # GLib keeps a few idle threads for its next task.
    assert all(threads <= seen[0][0] + 2 and fds <= seen[0][1] + 2 for threads, fds in seen), seen
    assert "left behind" not in capfd.readouterr().err


def test_reconnections_leave_no_gstreamer_objects(live_gst_objects: Callable[[str], list[str]]) -> None:
    assert not live_gst_objects(
        """
        from contextlib import closing

        from clips_lib import CLIPS
        from rtsp import RtspServer
        from savant_rs.gstreamer import PacketReader, Reconnect

        def work():
            policy = Reconnect(first_delay_ms=1, stall_timeout_ms=150)
            with closing(RtspServer(camera=CLIPS["h264_320x240"])) as server:
                with PacketReader(server.url("camera"), reconnect=policy) as reader:
                    for connection in range(1, 6):
                        next(packet for packet in reader if reader.connections == connection)
                        server.drop()

        work()
        """
    )

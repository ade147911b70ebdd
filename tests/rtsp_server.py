"""An RTSP server of the test clips: ``rtsp_server.py PORT LOST NAME=CLIP...`` serves each at ``/NAME``, in real time.

Run by the system's Python, which has the bindings of GStreamer and of its RTSP server. Prints the port that it listens
at. What its payloaders push under the numbers LOST (a list with commas, from 0) gets lost: a packet, or all those of a
NAL unit. Each client is served from the first picture of the clip on. Every line on the standard input drops all
connections; the server ends with its standard input.
"""

import itertools
import sys
from collections.abc import Collection
from pathlib import Path

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

DEMUXERS = {".mkv": "matroskademux", ".mp4": "qtdemux", ".ts": "tsdemux", ".webm": "matroskademux"}
# Parser and payloader of each codec that the names of clips begin with.
PAYLOADERS = {
    "h264": "h264parse ! rtph264pay",
    "hevc": "h265parse ! rtph265pay",
    "mjpeg": "rtpjpegpay",
    "vp8": "rtpvp8pay",
}


def factory(clip: Path, lost: Collection[int]) -> GstRtspServer.RTSPMediaFactory:
    codec = clip.stem.partition("_")[0]
    made = GstRtspServer.RTSPMediaFactory()
    made.set_launch(f'( filesrc location="{clip}" ! {DEMUXERS[clip.suffix]} ! {PAYLOADERS[codec]} name=pay0 )')

    def on_configure(_: object, media: GstRtspServer.RTSPMedia) -> None:
        pushes = itertools.count()
        result = {True: Gst.PadProbeReturn.DROP, False: Gst.PadProbeReturn.OK}
        pad = media.get_element().get_by_name("pay0").get_static_pad("src")
        kinds = Gst.PadProbeType.BUFFER | Gst.PadProbeType.BUFFER_LIST
        pad.add_probe(kinds, lambda *_: result[next(pushes) in lost])

    if lost:
        made.connect("media-configure", on_configure)
    return made


def main() -> None:
    port, lost, *mounts = sys.argv[1:]
    numbers = [int(number) for number in filter(None, lost.split(","))]
    Gst.init(None)
    server = GstRtspServer.RTSPServer(service=port, address="127.0.0.1")
    for mount in mounts:
        name, _, clip = mount.partition("=")
        server.get_mount_points().add_factory(f"/{name}", factory(Path(clip), numbers))
    if not server.attach(None):
        sys.exit(f"cannot listen at {port}")
    print(server.get_bound_port(), flush=True)
    loop = GLib.MainLoop()

    def on_input(*_: object) -> bool:
        if sys.stdin.readline():
            server.client_filter(lambda *_: GstRtspServer.RTSPFilterResult.REMOVE)
            return True
        loop.quit()
        return False

    GLib.io_add_watch(sys.stdin.fileno(), GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN | GLib.IOCondition.HUP, on_input)
    loop.run()


main()

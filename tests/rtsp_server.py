"""An RTSP server of the test clips: ``rtsp_server.py PORT NAME=CLIP...`` serves each clip at ``/NAME``, in real time.

Run by the system's Python, which has the bindings of GStreamer and of its RTSP server. Prints the port that it listens
at. Each client is served from the first picture of the clip on. Every line on the standard input drops all connections;
the server ends with its standard input.
"""

import sys
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


def factory(clip: Path) -> GstRtspServer.RTSPMediaFactory:
    codec = clip.stem.partition("_")[0]
    made = GstRtspServer.RTSPMediaFactory()
    made.set_launch(f'( filesrc location="{clip}" ! {DEMUXERS[clip.suffix]} ! {PAYLOADERS[codec]} name=pay0 )')
    return made


def main() -> None:
    port, *mounts = sys.argv[1:]
    Gst.init(None)
    server = GstRtspServer.RTSPServer(service=port, address="127.0.0.1")
    for mount in mounts:
        name, _, clip = mount.partition("=")
        server.get_mount_points().add_factory(f"/{name}", factory(Path(clip)))
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

"""A real RTSP server on loopback, which can be made to drop, to stall and to come back."""

from __future__ import annotations

import functools
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path

from clips_lib import Clip

SYSTEM_PYTHON = "/usr/bin/python3"


@functools.cache
def has_rtsp_server() -> bool:
    """Whether GStreamer's RTSP server and its bindings are installed."""
    script = "import gi; gi.require_version('GstRtspServer', '1.0')"
    try:
        return subprocess.run([SYSTEM_PYTHON, "-c", script], capture_output=True).returncode == 0
    except OSError:
        return False


class RtspServer:
    """Serves clips, each by its name or that of its keyword, until it is left or killed; at a free port by default.

    ``lost`` tells what gets lost of each clip, see ``rtsp_server.py``.
    """

    def __init__(self, *clips: Clip, port: int = 0, lost: Iterable[int] = (), **named: Clip) -> None:
        named.update({clip.name: clip for clip in clips})
        mounts = [f"{name}={clip.path}" for name, clip in named.items()]
        self._process = subprocess.Popen(
            [
                SYSTEM_PYTHON,
                str(Path(__file__).parent / "rtsp_server.py"),
                str(port),
                ",".join(map(str, lost)),
                *mounts,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def url(self, name: str, scheme: str = "rtspt") -> str:
        return f"{scheme}://127.0.0.1:{self.port}/{name}"

    def drop(self) -> None:
        """Drops all connections and goes on."""
        assert self._process.stdin is not None
        print(file=self._process.stdin, flush=True)

    def stall(self) -> None:
        """Goes on neither sending nor answering, with all connections open."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """After a stall."""
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Ends at once, without a word to its clients."""
        self._process.kill()
        self._process.communicate()

    def wait(self) -> None:
        """Until it has ended."""
        self._process.wait(20)

    def close(self) -> None:
        if self._process.poll() is None:
            self.kill()

"""What the system knows about a running process."""

from __future__ import annotations

import os
import re
import resource
from collections import Counter
from contextlib import suppress
from pathlib import Path

_STAT_USER_TIME, _STAT_SYSTEM_TIME = 11, 12


def cpu_seconds(process_id: int | None = None) -> float:
    """User and system time of a process, in the system's ticks, or of this one, to the microsecond."""
    if process_id is not None:
        return _stat(Path(f"/proc/{process_id}/stat"))[1]
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def peak_rss_bytes(process_id: int | str = "self") -> int:
    """The largest resident set that a process, this one by default, has had; 0 if it has ended."""
    status = Path(f"/proc/{process_id}/status").read_text()
    found = re.search(r"VmHWM:\s*(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0


class ThreadWatch:
    """CPU time of the threads of this process, as seen last before they ended."""

    def __init__(self) -> None:
        self._first = self._last = self._seen()

    def look(self) -> None:
        self._last = {**self._last, **self._seen()}

    def seconds_by_name(self) -> dict[str, float]:
        """User and system time between the first look and the last, threads with numbered names together."""
        seconds: Counter[str] = Counter()
        for thread, (name, used) in self._last.items():
            seconds[re.sub(r"\d+(?=:|$)", "N", name)] += used - self._first.get(thread, (name, 0.0))[1]
        return dict(seconds)

    @staticmethod
    def _seen() -> dict[str, tuple[str, float]]:
        seen = {}
        for task in Path("/proc/self/task").iterdir():
            # A thread may end meanwhile.
            with suppress(FileNotFoundError, ProcessLookupError):
                seen[task.name] = _stat(task / "stat")
        return seen


def _stat(path: Path) -> tuple[str, float]:
    """The name and the CPU time in a stat file of /proc."""
    before, _, after = path.read_text().rpartition(")")
    fields = after.split()
    ticks = int(fields[_STAT_USER_TIME]) + int(fields[_STAT_SYSTEM_TIME])
    return before.partition("(")[2], ticks / os.sysconf("SC_CLK_TCK")

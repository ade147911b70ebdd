"""What the sections share: each thing they try reports at once, and neither an error nor a hang ends the section.

A section is a program of its own, started by ``run.py``, which puts the tests' modules on its path. It prints one line
of JSON for each thing that it tries and ends by its limit.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn

from decoding import Recorder, reason_name
from savant_rs.deepstream import Hardware

HARDWARE = {"required": Hardware.REQUIRED, "preferred": Hardware.PREFERRED}
# A decoder that returns nothing for so long while it is drained has failed.
IDLE_TIMEOUT_MS = 3000


class Section:
    """The options of a section, and the time that it has left."""

    def __init__(self, description: str | None) -> None:
        parser = argparse.ArgumentParser(description=(description or "").splitlines()[0])
        parser.add_argument("--limit", type=float, default=60, help="seconds after which nothing more is tried")
        parser.add_argument("--hardware", choices=HARDWARE, default="required", help="preferred: also without a GPU")
        options = parser.parse_args()
        self.name = Path(sys.argv[0]).stem
        self.hardware = HARDWARE[options.hardware]
        self._deadline = time.monotonic() + options.limit

    def attempt(self, name: str, work: Callable[[], dict[str, Any]], limit_s: float = 15) -> None:
        """Does the work in a thread and prints its result, its error, or that it hangs; then goes on."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            self._report(name, {"not_tried": "the section's time is up"})
            return
        result: dict[str, Any] = {}

        def run() -> None:
            try:
                result.update(work())
            except BaseException as error:
                where = traceback.extract_tb(error.__traceback__)[-1]
                result["error"] = f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"[:600]

        started = time.monotonic()
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(min(limit_s, left))
        if thread.is_alive():
            frame = sys._current_frames().get(thread.ident or 0)
            hangs_in = traceback.format_stack(frame)[-1].strip() if frame else "?"
            self._report(name, {"hangs_in": hangs_in, "after_s": round(time.monotonic() - started, 1)})
        else:
            self._report(name, {**result, "seconds": round(time.monotonic() - started, 2)})

    def finish(self) -> NoReturn:
        """Ends the program even when something hangs."""
        sys.stdout.flush()
        os._exit(0)

    def _report(self, name: str, values: dict[str, Any]) -> None:
        print(json.dumps({"section": self.name, "tried": name, **values}), flush=True)


def outcomes(recorder: Recorder, stats: dict[str, Any]) -> dict[str, Any]:
    """What became of the submitted frames, for a report."""
    skips = Counter(skip.reason.detail or reason_name(skip.reason) for skip in recorder.skips)
    errors = [value.message for kind, value in recorder.events if kind == "error"]
    return {
        "submitted": stats["submitted"],
        "delivered": stats["delivered"],
        "skipped": dict(skips),
        "errors": stats["errors"],
        "error_texts": sorted({text[:160] for text in errors})[:3],
        "lost": stats["lost"],
        "orphans": stats["orphans"],
        "decoders": sorted({picture.decoded.decoder for picture in recorder.pictures}),
    }


def milliseconds(seconds: Iterable[float]) -> list[float]:
    return [round(value * 1000, 1) for value in seconds]

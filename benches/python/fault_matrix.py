"""Every fault on every codec, as a Markdown table for docs/reliability.md.

    python benches/python/fault_matrix.py [--laps 4] [--seed 1] [--codecs h264 vp9]

Of each stream the clip comes `--laps` times with a fault and once whole, as `tests/faults.py` tells; beside it a clean
stream is decoded in the same pool. A cell tells how many of the pictures of intact groups came out right, and how many
pictures came out of all packets. Exit status 1 if anything is amiss; a stream that takes longer than LIMIT_S hangs.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import threading
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from faults import CLIP_OF, FAULTS, Verdict, decode
from savant_rs import deepstream

LIMIT_S = 120


def within_limit(codec: str, fault: str, laps: int, seed: int) -> Verdict:
    """Decodes in another thread, so that one that hangs ends the program and not its user's patience."""
    done: list[Verdict] = []
    thread = threading.Thread(target=lambda: done.append(decode(codec, fault, laps, seed)), daemon=True)
    thread.start()
    thread.join(LIMIT_S)
    if thread.is_alive():
        print(f"{codec}, {fault}: hangs", flush=True)
        os._exit(1)
    if not done:
        raise SystemExit(f"{codec}, {fault}: failed")
    return done[0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--laps", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--codecs", nargs="+", choices=list(CLIP_OF), default=list(CLIP_OF))
    options = parser.parse_args()
    complaints, slowest, packets = [], 0.0, 0
    print(f"| fault | {' | '.join(options.codecs)} |")
    print(f"| --- |{' --- |' * len(options.codecs)}")
    for fault in FAULTS:
        cells = []
        for codec in options.codecs:
            verdict = within_limit(codec, fault, options.laps, options.seed)
            right = verdict.intact - len(verdict.missing) - len(verdict.wrong)
            cells.append(f"{right}/{verdict.intact}, {verdict.delivered}/{verdict.sent}")
            slowest, packets = max(slowest, verdict.seconds), packets + verdict.sent
            if str(verdict):
                complaints.append(f"{codec}, {fault}: {verdict}")
        print(f"| {fault} | {' | '.join(cells)} |", flush=True)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, {deepstream.backend()} backend"
    print(f"\n{date.today()}, {machine}, seed {options.seed}: {packets} packets, slowest stream {slowest:.1f} s")
    print("\n".join(complaints) or "sums hold, nothing hangs, clean streams lose nothing")
    return int(bool(complaints))


if __name__ == "__main__":
    sys.exit(main())

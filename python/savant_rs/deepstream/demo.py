"""Decodes several video files at once, batches the pictures, and shows them: a contact sheet and a mosaic video.

    python -m savant_rs.deepstream.demo [FILES...]

Each file is read on a thread of its own and fed to a ``FlexibleDecoder``. The decoder's callback hands
the sealed delivery to one consumer thread, which unseals what has arrived and letterboxes it into a batch, as a
network takes it. The slots of each batch become tiles of a mosaic, which is encoded again.
The exit status is 0 only if every submitted frame is accounted for.
"""

from __future__ import annotations

import argparse
import queue
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.live import Live

from savant_rs.deepstream import backend

from ._demo.batches import SIDE, SLOTS, Batches
from ._demo.consumer import Consumer
from ._demo.inputs import NoInput, choose
from ._demo.mosaic import Mosaic
from ._demo.report import final_table, imbalances, live_table, notes
from ._demo.sheet import compose, save_png
from ._demo.stream import Arrival, Stream

SHEET_NAME = "contact-sheet.png"
MOSAIC_NAME = "mosaic.mp4"
REFRESH_PER_SECOND = 8
LOG_WIDTH = 150
STOP_LIMIT_S = 30.0


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m savant_rs.deepstream.demo", description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", metavar="FILE", help="video files; by default the test clips")
    parser.add_argument(
        "--out", type=Path, default=Path("demo-out"), help="folder for the contact sheet and the mosaic"
    )
    parser.add_argument("--gpu-id", type=int, default=0, help="GPU that decodes, where there is one")
    parser.add_argument("--pool-size", type=int, default=8, help="RGBA buffers for each stream")
    parser.add_argument("--pictures", type=int, default=6, help="pictures for each stream on the contact sheet")
    return parser.parse_args(arguments)


def open_streams(
    paths: list[Path], arrivals: queue.SimpleQueue[Arrival | None], gpu_id: int, pool: int
) -> list[Stream]:
    """One stream a file; a file that is given twice gets two names."""
    streams = []
    for index, path in enumerate(paths):
        name = path.name if paths.index(path) == index else f"{path.name}#{index}"
        streams.append(Stream(path, name, arrivals, gpu_id=gpu_id, pool_size=pool))
    return streams


def open_mosaic(path: Path, names: list[str], gpu_id: int, console: Console) -> Mosaic | None:
    """The mosaic, unless nothing here encodes H.264: then the console tells why."""
    try:
        return Mosaic(path, names, gpu_id)
    except RuntimeError as error:
        console.print(f"note: no mosaic: {error}", markup=False)
        return None


def finish_mosaic(mosaic: Mosaic, console: Console) -> list[str]:
    """Complete the file; returns what is amiss."""
    try:
        mosaic.finish()
    except RuntimeError as error:
        return [f"the mosaic: {error}"]
    if mosaic.names.missing is not None:
        console.print(f"note: no names in the mosaic: {mosaic.names.missing}", markup=False)
    console.print(f"mosaic: {mosaic.path}, {mosaic.pictures} pictures by {mosaic.encoder}", markup=False)
    return []


def wait_for(streams: list[Stream], consumer: Consumer, console: Console) -> None:
    """Show progress until every stream has ended, or the consumer has failed."""
    with Live(get_renderable=lambda: live_table(streams), console=console, transient=True,
              refresh_per_second=REFRESH_PER_SECOND):  # fmt: skip
        while consumer.failure is None and not all(stream.facts.done for stream in streams):
            time.sleep(1 / REFRESH_PER_SECOND)


def stop_all(streams: list[Stream], consumer: Consumer) -> list[str]:
    """End every thread; the texts name those that do not end in time."""
    for stream in streams:
        stream.stop()
    feeding = [stream.source_id for stream in streams if not stream.join(STOP_LIMIT_S)]
    stuck = [f"{source_id}: the feeding thread did not end" for source_id in feeding]
    if not consumer.finish(STOP_LIMIT_S):
        stuck.append("the consumer thread did not end")
    return stuck


def decode(paths: list[Path], options: argparse.Namespace, console: Console) -> list[str]:
    """Decode the files and print the tables; returns why the run is not a success."""
    arrivals: queue.SimpleQueue[Arrival | None] = queue.SimpleQueue()
    streams = open_streams(paths, arrivals, options.gpu_id, options.pool_size)
    source_ids = [stream.source_id for stream in streams]
    batches = Batches(options.gpu_id)
    mosaic = open_mosaic(options.out / MOSAIC_NAME, source_ids, options.gpu_id, console)
    consumer = Consumer(arrivals, source_ids, pictures=options.pictures, batches=batches, mosaic=mosaic)
    consumer.start()
    for stream in streams:
        stream.start()
    try:
        wait_for(streams, consumer, console)
    finally:
        problems = stop_all(streams, consumer)
    if consumer.failure is not None:
        problems.append(f"the consumer failed:\n{consumer.failure}")
    console.print(final_table(streams))
    for note in notes(streams):
        console.print(f"note: {note}", markup=False)
    console.print(f"{batches.pictures} pictures in {batches.count} batches of up to {SLOTS}, {SIDE}x{SIDE} RGBA")
    if mosaic is not None:
        problems += finish_mosaic(mosaic, console)
    rows = [consumer.thumbnails[stream.source_id].pictures() for stream in streams]
    if any(rows):
        sheet = options.out / SHEET_NAME
        save_png(compose(rows), sheet)
        console.print(f"contact sheet: {sheet}")
    return problems + imbalances(streams, batches.pictures)


def main(arguments: list[str] | None = None) -> int:
    """Run the demonstration; returns the exit status."""
    options = parse_arguments(arguments)
    console = Console() if sys.stdout.isatty() else Console(width=LOG_WIDTH)
    try:
        console.print(f"backend: {backend()}")
        with tempfile.TemporaryDirectory() as scratch:
            problems = decode(choose(options.files, Path(scratch)), options, console)
    except NoInput as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    for problem in problems:
        print(f"not accounted for: {problem}", file=sys.stderr)
    if not problems:
        console.print("every submitted frame is accounted for")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

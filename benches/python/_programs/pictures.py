"""What programs have in common that deliver RGBA pictures in system memory."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from _programs.steady import Task, measure_streams, serve
from clips_lib import read_frame_number

LEAST_PSNR_DB = 40


def serve_pictures(pictures: Callable[[Task], Iterable[np.ndarray]]) -> None:
    """The main function of a program that decodes in its own process; `pictures` gives those of one stream."""
    serve(lambda task: measure_streams(task, pictures), lambda task: check_pictures(task, pictures(task)))


def read_raw_pictures(command: list[str], task: Task) -> Iterator[np.ndarray]:
    """The pictures that a command writes to its standard output as plain RGBA bytes."""
    shape = (task.clip.height, task.clip.width, 4)
    size = int(np.prod(shape))
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        while len(data := process.stdout.read(size)) == size:
            yield np.frombuffer(data, np.uint8).reshape(shape)
    if process.returncode or data:
        raise SystemExit(f"{command[0]} ended with {process.returncode} and {len(data)} bytes of a picture")


def check_pictures(task: Task, pictures: Iterable[np.ndarray]) -> None:
    """Every picture comes out once and in order, as its number tells, and the first looks like the other programs'.

    Pictures of shape (height, width, 4), dtype uint8, each valid until the next is taken. The first program that is
    checked leaves its first picture for the others.
    """
    numbers: list[int] = []
    for picture in pictures:
        if not numbers:
            first = picture.copy()
        numbers.append(read_frame_number(picture))
    if numbers != list(task.clip.numbers):
        raise SystemExit(f"wrong pictures: {numbers}")
    if task.picture is None:
        return
    if not task.picture.exists():
        np.save(task.picture, first)
        return
    psnr = psnr_db(first, np.load(task.picture))
    if psnr < LEAST_PSNR_DB:
        raise SystemExit(f"the first picture differs from the first program's: PSNR {psnr:.1f} dB")


def psnr_db(left: np.ndarray, right: np.ndarray) -> float:
    """Peak signal to noise ratio of two pictures, all channels together; infinite if they are equal."""
    error = np.mean((left.astype(np.float64) - right) ** 2)
    return float(10 * np.log10(255**2 / error)) if error else float("inf")

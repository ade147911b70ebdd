"""Runs the programs of a comparison, each in a process of its own, and lets them take turns."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from _programs.steady import Measured
from clips_lib import Clip

HERE = Path(__file__).resolve().parent


@dataclass
class Program:
    """One of the programs. By codec, `unverified` tells what its check said, `failed` why it is not run any more."""

    name: str
    module: str
    output: str = ""
    unverified: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Material:
    """What is decoded: `clip` knows its pictures, `file` is what the programs are given."""

    clip: Clip
    file: Path


@dataclass(frozen=True)
class Row:
    """What is measured together: one codec, so many streams at once."""

    codec: str
    streams: int

    def __str__(self) -> str:
        return f"{self.codec}, {self.streams} streams"


@dataclass(frozen=True)
class Turn:
    """One run of one program."""

    row: Row
    program: str
    round: int
    measured: Measured

    @property
    def fps(self) -> float:
        return self.measured.frames / self.measured.seconds


class Failed(Exception):
    """A run of a program ended without a result; the text says how."""


class TimedOut(Failed):
    """It did not end in time."""


class Comparison:
    """The programs beside each other, none of them for longer than `run_limit_s`, all within `seconds_limit`."""

    def __init__(self, programs: Sequence[Program], run_limit_s: float, seconds_limit: float) -> None:
        self.programs, self._run_limit = programs, run_limit_s
        self._deadline = time.monotonic() + seconds_limit

    def check(self, codec: str, material: Material, *options: object) -> None:
        """Has each program check its pictures; to be done before anything is timed."""
        for program in self.programs:
            try:
                self._run(program, material, "--check", *options)
                say(f"{program.name}, {codec}: pictures are right")
            except Failed as failed:
                program.unverified[codec] = str(failed)
                if isinstance(failed, TimedOut):
                    program.failed[codec] = str(failed)
                say(f"{program.name}, {codec}: {failed}")

    def measure(
        self, rows: Sequence[Row], materials: Mapping[str, Material], rounds: int, *options: object
    ) -> list[Turn]:
        """The runs that came to an end; `options` go to each program."""
        done = []
        for turn, row, program in (
            (turn, row, program) for turn in range(rounds) for row in rows for program in self.programs
        ):
            left = self._left()
            if left <= 0 or row.codec in program.failed:
                continue
            try:
                answer = self._run(program, materials[row.codec], "--streams", row.streams, *options)
            except Failed as failed:
                # For want of time any program fails.
                if left >= self._run_limit or not isinstance(failed, TimedOut):
                    program.failed[row.codec] = f"{row}: {failed}"
                say(f"{program.name}, {row}: {failed}")
                continue
            done.append(Turn(row, program.name, turn, Measured(**answer)))
            say(f"{program.name}, {row}: {done[-1].fps:.0f} fps")
        return done

    def failures(self) -> dict[str, dict[str, dict[str, str]]]:
        """By program, what its checks said and why it was not run to the end."""
        return {
            program.name: {"unverified": program.unverified, "failed": program.failed}
            for program in self.programs
            if program.unverified or program.failed
        }

    def _left(self) -> float:
        return self._deadline - time.monotonic()

    def _run(self, program: Program, material: Material, *options: object) -> dict:
        """Runs a program to its end and returns its answer."""
        limit = max(min(self._run_limit, self._left()), 1)
        command = [sys.executable, "-m", f"_programs.{program.module}", "--output", program.output]
        command += ["--clip", material.clip.name, "--codec", material.clip.codec, "--file", material.file, *options]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "errors": "replace"}
        # In a group of its own, so that what it started ends with it.
        process = subprocess.Popen([str(part) for part in command], cwd=HERE, start_new_session=True, **pipes)
        try:
            printed, complaints = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise TimedOut(f"did not end within {limit:.0f} s") from None
        try:
            return json.loads(printed.splitlines()[-1])
        except (IndexError, ValueError):
            raise Failed(f"exit status {process.returncode}: {complaints.strip()[-400:]}") from None


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)

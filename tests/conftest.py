"""Fixtures and marks that every test may use."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

import pytest

from clips_lib import CLIPS, Clip
from gst_features import has_gst_feature

REQUIRE_GPU = "SAVANT_REQUIRE_GPU"
SUBPROCESS_LIMIT_S = 100


def _gpu_is_usable() -> bool:
    from savant_rs import deepstream

    return str(deepstream.backend()) == "deepstream"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what this machine cannot run; under SAVANT_REQUIRE_GPU=1 a missing GPU is a failure."""
    if item.get_closest_marker("gpu") and not _gpu_is_usable():
        if os.environ.get(REQUIRE_GPU) == "1":
            pytest.fail(f"{REQUIRE_GPU}=1, and the DeepStream backend is not usable here", pytrace=False)
        pytest.skip("needs an NVIDIA GPU with DeepStream")
    if item.get_closest_marker("ffmpeg") and shutil.which("ffmpeg") is None:
        pytest.skip("needs ffmpeg")


def _load(name: str) -> ModuleType:
    """A library that a GPU machine has: that one is missing there is a failure, its warnings are not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(name)


@pytest.fixture
def cupy() -> ModuleType:
    """CuPy, for tests with the gpu mark."""
    return _load("cupy")


@pytest.fixture
def torch() -> ModuleType:
    """PyTorch with CUDA, for tests with the gpu mark."""
    torch = _load("torch")
    assert torch.cuda.is_available()
    return torch


@pytest.fixture(scope="session")
def clips() -> Mapping[str, Clip]:
    """The checked-in clips by name."""
    return CLIPS


# The tracer also prints the pattern of its records, with %s in place of the values.
_LIVE_OBJECT = re.compile(r"object-alive, type-name=\(string\)(?!%s)")

# Appended to a script so that GStreamer reports what is still alive when nothing should be.
_REPORT_LIVE_OBJECTS = """
import ctypes as _ctypes, gc as _gc
_gc.collect()
_ctypes.CDLL("libgstreamer-1.0.so.0").gst_deinit()
"""


@pytest.fixture
def live_gst_objects(tmp_path: Path) -> Callable[[str], list[str]]:
    """Runs a Python script in a process of its own; returns GStreamer's list of objects alive at its end.

    Each entry is one line of GStreamer's `leaks` tracer: a pipeline, an element, a buffer. The script
    must have let go of everything; module-level names are still alive, so work inside functions.
    """
    if not has_gst_feature("leaks"):
        pytest.skip("needs the leaks tracer of GStreamer's core tracers")

    def run(script: str) -> list[str]:
        path = tmp_path / "script.py"
        path.write_text(textwrap.dedent(script) + _REPORT_LIVE_OBJECTS)
        search = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
        tracing = {"GST_TRACERS": "leaks", "GST_DEBUG": "GST_TRACER:7", "GST_DEBUG_NO_COLOR": "1"}
        done = subprocess.run(
            [sys.executable, str(path)],
            env={**os.environ, **tracing, "PYTHONPATH": search},
            capture_output=True,
            text=True,
            timeout=SUBPROCESS_LIMIT_S,
        )
        assert done.returncode == 0, done.stderr
        return [line for line in done.stderr.splitlines() if _LIVE_OBJECT.search(line)]

    return run


@pytest.fixture
def native_threads() -> Callable[[], list[str]]:
    """Names of all threads of this process, native ones included, sorted."""

    def names() -> list[str]:
        found = []
        for task in Path("/proc/self/task").iterdir():
            try:
                found.append((task / "comm").read_text().strip())
            except OSError:
                # The thread ended while the list was read.
                continue
        return sorted(found)

    return names

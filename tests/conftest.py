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
from collections import Counter
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
_LIVE_OBJECT = re.compile(r"object-alive, type-name=\(string\)(?!%s)(\w+),.* description=\(string\)(.*), ref-count=")
_ADDRESS = re.compile(r"0x[0-9a-f]+")

# Appended to a script so that GStreamer reports what is still alive when nothing should be.
_REPORT_LIVE_OBJECTS = """
import ctypes as _ctypes, gc as _gc
_gc.collect()
_ctypes.CDLL("libgstreamer-1.0.so.0").gst_deinit()
"""


# NVIDIA's element makes caps for its class that stay for ever, some when it first looks at its device.
_FIRST_USE = """
import ctypes, savant_rs.deepstream
gst = ctypes.CDLL("libgstreamer-1.0.so.0")
gst.gst_init(None, None)
gst.gst_element_factory_make.restype = ctypes.c_void_p
element = ctypes.c_void_p(gst.gst_element_factory_make(b"nvv4l2decoder", None))
if element:
    NULL, READY = 1, 2
    gst.gst_element_set_state(element, READY)
    gst.gst_element_set_state(element, NULL)
    gst.gst_object_unref(element)
"""


def _all_live_gst_objects(script: str, folder: Path) -> Counter[str]:
    """Type and text of what is alive at the end of a script, without the addresses."""
    path = folder / "script.py"
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
    found = filter(None, map(_LIVE_OBJECT.search, done.stderr.splitlines()))
    return Counter(_ADDRESS.sub("0x", f"{line[1]}: {line[2]}") for line in found)


@pytest.fixture(scope="session")
def always_live_gst_objects(tmp_path_factory: pytest.TempPathFactory) -> Counter[str]:
    """What plugins and their classes keep for ever from their first use on."""
    return _all_live_gst_objects(_FIRST_USE, tmp_path_factory.mktemp("first_use"))


@pytest.fixture
def live_gst_objects(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], list[str]]:
    """Runs a Python script in a process of its own; returns what of GStreamer is alive because of it at its end.

    Each entry tells the type and the text of an object that GStreamer's `leaks` tracer reports: a pipeline, an
    element, a buffer. The script must have let go of everything; module-level names are still alive, so work
    inside functions.
    """
    if not has_gst_feature("leaks"):
        pytest.skip("needs the leaks tracer of GStreamer's core tracers")
    always: Counter[str] = request.getfixturevalue("always_live_gst_objects")
    return lambda script: [*(_all_live_gst_objects(script, tmp_path) - always).elements()]


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

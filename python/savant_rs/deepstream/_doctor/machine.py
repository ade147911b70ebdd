"""What this machine is: versions, GPU, and things that are known to get in the way."""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from savant_rs import deepstream

DISTRIBUTION = "savant-rs-deepstream"
NVIDIA_VERSION_FILE = Path("/proc/driver/nvidia/version")


def gstreamer_version() -> str:
    """The version of the GStreamer that is loaded into this process."""
    library = ctypes.CDLL("libgstreamer-1.0.so.0")
    numbers = [ctypes.c_uint() for _ in range(4)]
    library.gst_version(*(ctypes.byref(number) for number in numbers))
    return ".".join(str(number.value) for number in numbers[:3])


def distribution_version(name: str) -> str | None:
    """The installed version of a Python distribution, or None."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def driver_version() -> str:
    """The NVIDIA kernel driver, as it describes itself, or that there is none."""
    try:
        return NVIDIA_VERSION_FILE.read_text().splitlines()[0].removeprefix("NVRM version:").strip()
    except OSError:
        return "no NVIDIA driver"


def _answer(question: Callable[[], object]) -> str:
    try:
        return str(question())
    except RuntimeError as error:
        return f"no ({error})"


def facts() -> list[tuple[str, str]]:
    """Names and values, in the order in which they are printed."""
    jetson = deepstream.is_jetson_kernel()
    model = _answer(deepstream.jetson_model) if jetson else "no"
    return [
        ("backend", str(deepstream.backend())),
        (DISTRIBUTION, distribution_version(DISTRIBUTION) or "not installed as a distribution"),
        ("Python", f"{platform.python_version()} ({platform.python_implementation()})"),
        ("NumPy", distribution_version("numpy") or "missing"),
        ("GStreamer", gstreamer_version()),
        ("system", f"{platform.system()} {platform.machine()}, {' '.join(platform.libc_ver())}"),
        ("NVIDIA driver", driver_version()),
        ("GPU 0", _answer(deepstream.gpu_architecture)),
        ("Jetson", model),
    ]


def hints() -> list[str]:
    """What the user should know or do."""
    found = []
    if NVIDIA_VERSION_FILE.exists() and deepstream.backend() != "deepstream":
        found.append("this machine has an NVIDIA driver, but decodes on the CPU; SAVANT_BACKEND=deepstream tells why")
    if deepstream.is_jetson_kernel():
        found.append("this is a Jetson: nothing here has been tested on one")
    return found

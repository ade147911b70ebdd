"""What Python knows about this machine."""

from __future__ import annotations

import platform
from importlib import metadata
from pathlib import Path
from typing import Any

DISTRIBUTION = "savant-rs-deepstream"
NVIDIA_WHEEL = "nvidia-deepstream-videodecode-cu13"
NVIDIA_WHEEL_LIBRARIES = "nvidia/deepstream_videodecode/_libs"
DISTRIBUTIONS = (DISTRIBUTION, "numpy", NVIDIA_WHEEL, "nvidia-cuda-runtime", "nvidia-npp")


def distributions() -> dict[str, str | None]:
    """The installed versions of the distributions that matter; None for those that are not installed."""
    return {name: distribution_version(name) for name in DISTRIBUTIONS}


def distribution_version(name: str) -> str | None:
    """The installed version of a Python distribution, or None."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def system() -> dict[str, str]:
    """The operating system and the interpreter."""
    return {
        "system": platform.system(),
        "machine": platform.machine(),
        "libc": " ".join(platform.libc_ver()),
        "python": f"{platform.python_version()} ({platform.python_implementation()})",
    }


def deepstream_version(root: Path) -> str | None:
    """The version of the DeepStream whose libraries are in ``root``: that of the wheel or of the installation."""
    try:
        wheel = metadata.distribution(NVIDIA_WHEEL)
        if Path(str(wheel.locate_file(NVIDIA_WHEEL_LIBRARIES))).resolve() == root.resolve():
            return wheel.version
    except metadata.PackageNotFoundError:
        pass
    try:
        first, *_ = (root.resolve().parent / "version").read_text().splitlines()
    except (OSError, ValueError):
        return None
    return first.removeprefix("Version:").strip()


def driver_library_version(path: object) -> str | None:
    """The version in the name of a library of the driver, as in ``libcuda.so.580.95.05``."""
    if not isinstance(path, str):
        return None
    version = Path(path).name.partition(".so.")[2]
    return version if "." in version else None


def with_versions(report: dict[str, Any]) -> dict[str, Any]:
    """The native report, in which DeepStream and every library also have their version or None."""
    deepstream, driver = dict(report["deepstream"]), dict(report["driver"])
    driver["libraries"] = [
        {**library, "version": driver_library_version(library["path"])} for library in driver["libraries"]
    ]
    if "root" in deepstream:
        version = deepstream_version(Path(deepstream["root"]))
        deepstream["version"] = version
        deepstream["libraries"] = [{**library, "version": version} for library in deepstream["libraries"]]
    return {**report, "deepstream": deepstream, "driver": driver}

"""What has to happen before the native module is loaded, and what is said when that fails."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import re
import sys
import warnings
from pathlib import Path
from types import ModuleType

NATIVE_MODULE = "savant_rs.deepstream._native"
NVIDIA_PACKAGE = Path("nvidia", "deepstream_videodecode")
# The variables that the native module's library search obeys, in its order.
LIBRARY_FOLDER_VARIABLES = ("SAVANT_DEEPSTREAM_LIB_DIR", "DEEPSTREAM_LIB_DIR", "NVIDIA_DEEPSTREAM_DECODE_LIB_DIR")
OTHER_DISTRIBUTION = "savant-rs"

GSTREAMER_PACKAGES = (
    "libgstreamer1.0-0",
    "libgstreamer-plugins-base1.0-0",
    "gstreamer1.0-plugins-base",
    "gstreamer1.0-plugins-good",
    "gstreamer1.0-libav",
)
# The dynamic linker's message about a library that GStreamer consists of or depends on.
_MISSING_GSTREAMER = re.compile(r"(lib(?:gst\w+|glib|gobject|gio|gmodule)-[\w.]+): cannot open shared object")


def prepare() -> None:
    """Sets the process up for the native module, which reads the environment as it loads."""
    _point_libv4l2_at_its_plugins()
    _warn_about_the_other_distribution()


def load_native() -> ModuleType:
    """Imports the native module and tells it where NVIDIA's wheel is.

    On a machine with an NVIDIA driver this also makes NVIDIA's elements known to GStreamer.

    Raises:
        ImportError: naming the Debian packages to install when GStreamer's libraries are missing.
    """
    try:
        native = importlib.import_module(NATIVE_MODULE)
    except ImportError as error:
        missing = _MISSING_GSTREAMER.search(str(error))
        if missing is None:
            raise
        raise ImportError(
            f"savant_rs.deepstream needs GStreamer, but {missing[1]} is not installed. On Debian and Ubuntu: "
            f"apt-get install {' '.join(GSTREAMER_PACKAGES)}",
            name=error.name,
            path=error.path,
        ) from error
    native._set_search(_nvidia_site_packages())
    native._offer_elements()
    return native


def _point_libv4l2_at_its_plugins() -> None:
    """Sets LIBV4L2_PLUGIN_DIR to the plugin folder beside NVIDIA's libraries, if there is one.

    libv4l2 reads the variable with getenv, so it has to be in the environment of the process
    before any of those libraries is loaded. A value set by the user stays.
    """
    if "LIBV4L2_PLUGIN_DIR" in os.environ:
        return
    libraries = _nvidia_library_folder()
    if libraries and (plugins := libraries / "v4l_plugins").is_dir():
        os.environ["LIBV4L2_PLUGIN_DIR"] = str(plugins)


def _nvidia_library_folder() -> Path | None:
    """The folder that the environment demands, else that of NVIDIA's wheel, which is not imported."""
    for variable in LIBRARY_FOLDER_VARIABLES:
        if demanded := os.environ.get(variable):
            return Path(demanded)
    return next((path / NVIDIA_PACKAGE / "_libs" for path in _nvidia_site_packages()), None)


def _nvidia_site_packages() -> list[Path]:
    """The folders of the import path that have NVIDIA's wheel, in order."""
    paths = dict.fromkeys(Path(entry or os.curdir).absolute() for entry in sys.path)
    return [path for path in paths if (path / NVIDIA_PACKAGE).is_dir()]


def other_distribution() -> str | None:
    """What is wrong if the distribution with the same package is installed too, else None."""
    try:
        version = importlib.metadata.version(OTHER_DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        return None
    return (
        f"the distribution {OTHER_DISTRIBUTION} {version} is installed beside savant-rs-deepstream; both put "
        f"files into the package savant_rs, so one has overwritten some of the other's. Use separate virtual "
        f"environments, or uninstall both and install the one that you need."
    )


def _warn_about_the_other_distribution() -> None:
    if problem := other_distribution():
        warnings.warn(problem, RuntimeWarning, stacklevel=3)

#!/usr/bin/env python3
"""Checks a built wheel: what it holds, what it needs, and that it installs and imports.

    python3 .ci/check_wheel.py dist/savant_rs_deepstream-....whl

Needs readelf (binutils) and pip's network or cache for the wheel's dependencies.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "savant_rs/deepstream"
NATIVE = f"{PACKAGE}/_native.abi3.so"
REQUIRED = (
    NATIVE,
    f"{PACKAGE}/__init__.py",
    f"{PACKAGE}/__main__.py",
    f"{PACKAGE}/demo.py",
    f"{PACKAGE}/_native.pyi",
    "savant_rs/__init__.py",
    "savant_rs/_ds_gpumat.py",
    "savant_rs/_ds_skia_canvas.py",
    "savant_rs/primitives/__init__.py",
    "savant_rs/gstreamer/__init__.py",
    "savant_rs/testing/__init__.py",
)
# Of this library and of those that are built into it.
LICENCES = ("LICENSE", "dav1d.txt", "libjpeg-turbo.md")
# Libraries of the system, and tests: none of them belongs into the wheel.
FORBIDDEN = re.compile(r"\.libs/|(^|/)lib(gst|glib|gobject|gio|nv|cuda)[^/]*\.so|(^|/)tests?/|__pycache__")
# A native module may sit in one place only.
SHARED_OBJECT = re.compile(r"\.so(\.\d+)*$")
SYSTEM_LIBRARIES = re.compile(r"lib(gst\w+-1\.0|glib-2\.0|gobject-2\.0|gio-2\.0|c|m|gcc_s|pthread|dl|rt)\.so|ld-linux")
NEWEST_GLIBC = (2, 36)
# Of the same length, so that it can replace the real name inside the ELF file.
GSTREAMER, ABSENT = b"libgstreamer-1.0.so.0", b"libgstabsent-1.0.so.0"
IMPORT_CHECK = """
import savant_rs.deepstream as deepstream
import savant_rs.gstreamer, savant_rs.primitives
assert "site-packages" in deepstream.__file__, deepstream.__file__
generator = deepstream.BufferGenerator("RGBA", 64, 48, pool_size=1)
view = deepstream.SurfaceView.from_buffer(generator.acquire())
assert (view.width, view.height) == (64, 48)
"""
IMPORT_WITHOUT_GSTREAMER = """
try:
    import savant_rs.deepstream
except ImportError as error:
    print(error)
else:
    raise SystemExit("the import went well without GStreamer")
"""


class Failed(Exception):
    """One check failed; the text says which and why."""


def require(condition: bool, text: str) -> None:
    """Raise unless the condition holds."""
    if not condition:
        raise Failed(text)


def run(*command: str | Path, **options: object) -> str:
    """Run a command and return what it printed; its failure is a failed check."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    require(done.returncode == 0, f"{' '.join(map(str, command))}:\n{done.stdout}{done.stderr}")
    return done.stdout


def check_contents(names: list[str]) -> None:
    """Everything that must be inside is, and nothing else's library."""
    missing = [name for name in REQUIRED if name not in names]
    require(not missing, f"missing: {missing}")
    for licence in LICENCES:
        require(any(name.endswith(f"/{licence}") for name in names), f"the licence {licence} is missing")
    require(any(name.endswith("/py.typed") for name in names), "there is no py.typed")
    forbidden = [name for name in names if FORBIDDEN.search(name)]
    require(not forbidden, f"must not be inside: {forbidden}")
    shared = [name for name in names if SHARED_OBJECT.search(name)]
    require(shared == [NATIVE], f"shared objects: {shared}")


def check_linkage(library: Path) -> None:
    """Only system libraries are linked, GStreamer is, and the C library need not be too new."""
    needed = re.findall(r"\(NEEDED\).*\[(.+)\]", run("readelf", "-d", library))
    unknown = [name for name in needed if not SYSTEM_LIBRARIES.match(name)]
    require(not unknown, f"links {unknown}")
    require(GSTREAMER.decode() in needed, f"does not link GStreamer: {needed}")
    versions = re.findall(r"GLIBC_(\d+)\.(\d+)", run("readelf", "--version-info", "-W", library))
    newest = max((int(major), int(minor)) for major, minor in versions)
    require(newest <= NEWEST_GLIBC, f"needs glibc {newest[0]}.{newest[1]}, newer than {NEWEST_GLIBC}")
    print(f"links {', '.join(needed)}; newest glibc symbol {newest[0]}.{newest[1]}")


def check_install(wheel: Path, folder: Path) -> Path:
    """A fresh environment: install, import, make a buffer, find the command. Returns its interpreter."""
    run(sys.executable, "-m", "venv", folder / "venv")
    python = folder / "venv/bin/python"
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel)
    run(python, "-c", IMPORT_CHECK, cwd=folder)
    run(folder / "venv/bin/savant-deepstream", "--help")
    return python


def check_missing_gstreamer(python: Path, folder: Path) -> None:
    """With a library name that nothing provides, the loader fails as it does without GStreamer."""
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('platlib'))").strip())
    library = site / NATIVE
    content = library.read_bytes()
    require(content.count(GSTREAMER) > 0, "the library's needed names were not found")
    library.write_bytes(content.replace(GSTREAMER, ABSENT))
    message = run(python, "-c", IMPORT_WITHOUT_GSTREAMER, cwd=folder)
    for package in ("libgstreamer1.0-0", "gstreamer1.0-plugins-base"):
        require(package in message, f"the ImportError does not name {package}: {message}")
    print(f"without GStreamer the import says: {message.strip()}")


def main() -> int:
    """Run every check; returns the exit status."""
    wheel = Path(sys.argv[1]).resolve()
    try:
        with tempfile.TemporaryDirectory() as name, zipfile.ZipFile(wheel) as archive:
            folder = Path(name)
            check_contents([entry for entry in archive.namelist() if not entry.endswith("/")])
            check_linkage(Path(archive.extract(NATIVE, folder)))
            python = check_install(wheel, folder)
            check_missing_gstreamer(python, folder)
    except Failed as failure:
        print(f"{wheel.name}: {failure}", file=sys.stderr)
        return 1
    print(f"{wheel.name}: {wheel.stat().st_size // 1024} KiB, all checks passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())

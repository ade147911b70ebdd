"""What the GStreamer that is loaded into this process has."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

import savant_rs.deepstream  # noqa: F401  (loads GStreamer)


def _gst() -> ctypes.CDLL:
    gst = ctypes.CDLL("libgstreamer-1.0.so.0")
    gst.gst_init(None, None)
    gst.gst_registry_get.restype = ctypes.c_void_p
    for find in (gst.gst_registry_lookup_feature, gst.gst_registry_find_plugin):
        find.restype, find.argtypes = ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_char_p]
    gst.gst_plugin_get_filename.restype, gst.gst_plugin_get_filename.argtypes = ctypes.c_char_p, [ctypes.c_void_p]
    return gst


def has_gst_feature(*names: str) -> bool:
    """Whether GStreamer has one of these elements or tracers."""
    gst = _gst()
    return any(gst.gst_registry_lookup_feature(gst.gst_registry_get(), name.encode()) for name in names)


def needs_gst_feature(*names: str) -> pytest.MarkDecorator:
    """Skips a test where GStreamer has none of these elements."""
    return pytest.mark.skipif(not has_gst_feature(*names), reason=f"needs {' or '.join(names)} of GStreamer")


def gst_plugin_file(name: str) -> Path:
    """The file of a plugin that GStreamer has."""
    gst = _gst()
    plugin = gst.gst_registry_find_plugin(gst.gst_registry_get(), name.encode())
    assert plugin, name
    return Path(gst.gst_plugin_get_filename(plugin).decode())

"""What the GStreamer that is loaded into this process has."""

from __future__ import annotations

import ctypes

import savant_rs.deepstream  # noqa: F401  (loads GStreamer)


def has_gst_feature(*names: str) -> bool:
    """Whether GStreamer has one of these elements or tracers."""
    gst = ctypes.CDLL("libgstreamer-1.0.so.0")
    gst.gst_init(None, None)
    gst.gst_registry_get.restype = gst.gst_registry_lookup_feature.restype = ctypes.c_void_p
    gst.gst_registry_lookup_feature.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    return any(gst.gst_registry_lookup_feature(gst.gst_registry_get(), name.encode()) for name in names)

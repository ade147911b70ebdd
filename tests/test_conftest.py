"""The leak check sees a leak: a check that never reports anything would prove nothing."""

from __future__ import annotations

from collections.abc import Callable

LEAK_ONE_BUFFER = """
import ctypes
gst = ctypes.CDLL("libgstreamer-1.0.so.0")
gst.gst_init(None, None)
gst.gst_buffer_new.restype = ctypes.c_void_p
leaked = gst.gst_buffer_new()
if not {leak}:
    gst.gst_mini_object_unref(ctypes.c_void_p(leaked))
"""


def test_live_gst_objects_reports_a_leaked_buffer(live_gst_objects: Callable[[str], list[str]]) -> None:
    (line,) = live_gst_objects(LEAK_ONE_BUFFER.format(leak=True))
    assert "GstBuffer" in line


def test_live_gst_objects_is_empty_when_nothing_leaks(live_gst_objects: Callable[[str], list[str]]) -> None:
    assert live_gst_objects(LEAK_ONE_BUFFER.format(leak=False)) == []

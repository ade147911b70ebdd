"""The leak check sees a leak: a check that never reports anything would prove nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

LEAK_BUFFERS = """
import ctypes
gst = ctypes.CDLL("libgstreamer-1.0.so.0")
gst.gst_init(None, None)
gst.gst_buffer_new.restype = ctypes.c_void_p
buffers = [gst.gst_buffer_new() for _ in range(3)]
for buffer in buffers[{leaked}:]:
    gst.gst_mini_object_unref(ctypes.c_void_p(buffer))
"""


def test_live_gst_objects_reports_leaked_buffers(live_gst_objects: Callable[[str], list[str]]) -> None:
    first, second = live_gst_objects(LEAK_BUFFERS.format(leaked=2))
    assert first.startswith("GstBuffer: ")
    assert first == second


def test_live_gst_objects_is_empty_when_nothing_leaks(live_gst_objects: Callable[[str], list[str]]) -> None:
    assert live_gst_objects(LEAK_BUFFERS.format(leaked=0)) == []


@pytest.mark.parametrize("always_live_gst_objects", [Counter()])
def test_live_gst_objects_reports_more_of_what_is_always_alive(
    live_gst_objects: Callable[[str], list[str]], always_live_gst_objects: Counter[str]
) -> None:
    always_live_gst_objects.update(live_gst_objects(LEAK_BUFFERS.format(leaked=0)))
    (leak,) = live_gst_objects(LEAK_BUFFERS.format(leaked=1))
    always_live_gst_objects[leak] += 1
    assert live_gst_objects(LEAK_BUFFERS.format(leaked=1)) == []
    assert live_gst_objects(LEAK_BUFFERS.format(leaked=2)) == [leak]

#!/usr/bin/env python3
"""Facts about a GPU and NVIDIA's libraries that the DeepStream backend is designed by; prints JSON.

    python benches/gpu_facts/facts.py DEEPSTREAM_LIB_DIR

Uses ctypes alone, so that it tells what the libraries do and not what this project does with them. The
results for one machine are in docs/gpu-facts.md.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

CODECS = {"h264": 4, "jpeg": 5, "hevc": 8, "vp8": 9, "vp9": 10, "av1": 11}
CHROMA = {"4:0:0": 0, "4:2:0": 1, "4:2:2": 2, "4:4:4": 3}
DEPTHS = (8, 10, 12)
MEMORY_TYPES = {"default": 0, "pinned": 1, "device": 2, "unified": 3, "surface_array": 4, "system": 6}
COLOR_FORMATS = {"GRAY8": 1, "I420": 2, "NV12": 6, "RGBA": 19, "BGRx": 24}
PARAMS_STRIDE = 416


class DecodeCaps(ctypes.Structure):
    """CUVIDDECODECAPS of the Video Codec SDK."""

    _fields_ = (
        ("codec", ctypes.c_int),
        ("chroma", ctypes.c_int),
        ("bit_depth_minus_8", ctypes.c_uint),
        ("reserved1", ctypes.c_uint * 3),
        ("is_supported", ctypes.c_ubyte),
        ("engines", ctypes.c_ubyte),
        ("output_format_mask", ctypes.c_ushort),
        ("max_width", ctypes.c_uint),
        ("max_height", ctypes.c_uint),
        ("max_macroblocks", ctypes.c_uint),
        ("min_width", ctypes.c_ushort),
        ("min_height", ctypes.c_ushort),
        ("rest", ctypes.c_uint * 11),
    )


class CreateParams(ctypes.Structure):
    """NvBufSurfaceCreateParams of DeepStream 8 and later; the tail is zero."""

    _fields_ = (
        ("gpu_id", ctypes.c_uint32),
        ("width", ctypes.c_uint32),
        ("height", ctypes.c_uint32),
        ("size", ctypes.c_uint32),
        ("is_contiguous", ctypes.c_bool),
        ("color_format", ctypes.c_int),
        ("layout", ctypes.c_int),
        ("mem_type", ctypes.c_int),
        ("reserved", ctypes.c_void_p * 4),
    )


class Surface(ctypes.Structure):
    """The head of NvBufSurface."""

    _fields_ = (
        ("gpu_id", ctypes.c_uint32),
        ("batch_size", ctypes.c_uint32),
        ("num_filled", ctypes.c_uint32),
        ("is_contiguous", ctypes.c_bool),
        ("mem_type", ctypes.c_int),
        ("surface_list", ctypes.c_void_p),
    )


def driver() -> dict:
    cuda = ctypes.CDLL("libcuda.so.1")
    device, context = ctypes.c_int(), ctypes.c_void_p()
    name = ctypes.create_string_buffer(100)
    version = ctypes.c_int()
    major, minor = ctypes.c_int(), ctypes.c_int()
    codes = [
        cuda.cuInit(0),
        cuda.cuDeviceGet(ctypes.byref(device), 0),
        cuda.cuDeviceGetName(name, 100, device),
        cuda.cuDriverGetVersion(ctypes.byref(version)),
        cuda.cuDeviceGetAttribute(ctypes.byref(major), 75, device),
        cuda.cuDeviceGetAttribute(ctypes.byref(minor), 76, device),
        cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), device),
        cuda.cuCtxSetCurrent(context),
    ]
    return {
        "codes": codes,
        "name": name.value.decode(),
        "cuda": version.value,
        "capability": f"{major.value}.{minor.value}",
    }


def decoder_capabilities() -> dict:
    cuvid = ctypes.CDLL("libnvcuvid.so.1")
    answers = {}
    for codec, codec_number in CODECS.items():
        for chroma, chroma_number in CHROMA.items():
            for depth in DEPTHS:
                caps = DecodeCaps(codec=codec_number, chroma=chroma_number, bit_depth_minus_8=depth - 8)
                code = cuvid.cuvidGetDecoderCaps(ctypes.byref(caps))
                if code or caps.is_supported:
                    size = f"{caps.min_width}x{caps.min_height}..{caps.max_width}x{caps.max_height}"
                    text = f"{size}, {caps.engines} engines, {caps.max_macroblocks} macroblocks"
                    answers[f"{codec} {chroma} {depth}"] = f"error {code}" if code else text
    return answers


def surfaces(library_dir: Path) -> dict:
    library = ctypes.CDLL(str(library_dir / "libnvbufsurface.so"), mode=ctypes.RTLD_GLOBAL)
    answers = {}
    for memory, mem_type in MEMORY_TYPES.items():
        for format_name, color_format in COLOR_FORMATS.items():
            for contiguous in (False, True):
                surface = ctypes.POINTER(Surface)()
                params = CreateParams(0, 640, 360, 0, contiguous, color_format, 0, mem_type)
                code = library.NvBufSurfaceCreate(ctypes.byref(surface), 4, ctypes.byref(params))
                key = f"{memory} {format_name} contiguous={contiguous}"
                if code:
                    answers[key] = f"error {code}"
                    continue
                head = surface.contents
                slots = [head.surface_list + slot * PARAMS_STRIDE for slot in range(4)]
                addresses = [ctypes.c_uint64.from_address(slot + 40).value for slot in slots]
                pitch = ctypes.c_uint32.from_address(slots[0] + 8).value
                size = ctypes.c_uint32.from_address(slots[0] + 32).value
                gaps = [after - before for before, after in pairwise(addresses)]
                answers[key] = (
                    f"memType {head.mem_type}, isContiguous {int(head.is_contiguous)}, pitch {pitch}, "
                    f"dataSize {size}, gaps {gaps}"
                )
                library.NvBufSurfaceDestroy(surface)
    return answers


def plugin_in_process(library_dir: Path) -> str:
    """Loads the decoder's plugin by file in a fresh process that was not told where plugins are."""
    script = f"""
import ctypes
for name in ("libnvbufsurface", "libnvbufsurftransform", "libnvv4l2"):
    ctypes.CDLL({str(library_dir)!r} + "/" + name + ".so", mode=ctypes.RTLD_GLOBAL)
gst = ctypes.CDLL("libgstreamer-1.0.so.0")
gst.gst_init(None, None)
error = ctypes.c_void_p()
gst.gst_plugin_load_file.restype = ctypes.c_void_p
gst.gst_element_factory_find.restype = ctypes.c_void_p
before = bool(gst.gst_element_factory_find(b"nvv4l2decoder"))
plugin = gst.gst_plugin_load_file({str(library_dir)!r}.encode() + b"/libgstnvvideo4linux2.so", ctypes.byref(error))
print("before", before, "loaded", bool(plugin), "after", bool(gst.gst_element_factory_find(b"nvv4l2decoder")))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    return (done.stdout or done.stderr)[-500:].strip()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library_dir", type=Path)
    library_dir = parser.parse_args().library_dir.resolve()
    facts: dict = {"date": time.strftime("%Y-%m-%d"), "driver": driver()}
    facts["decoder capabilities"] = decoder_capabilities()
    facts["surfaces"] = surfaces(library_dir)
    facts["plugin loaded by file"] = plugin_in_process(library_dir)
    json.dump(facts, sys.stdout, indent=1)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())

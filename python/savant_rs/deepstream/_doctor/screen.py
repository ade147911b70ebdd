"""The document on one screen."""

from __future__ import annotations

from itertools import groupby
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table

from .document import error_of
from .machine import DISTRIBUTION

Document = dict[str, Any]


def show(document: Document, output: TextIO) -> None:
    """Print the document for people."""
    console = Console(file=output, soft_wrap=not output.isatty(), markup=False, highlight=False, emoji=False)
    console.print(_facts(document))
    for table in (_libraries(document), _gpu_modes(document), _codecs(document)):
        if table.row_count:
            console.print(table)
    if tried := document["deepstream"].get("tried"):
        console.print("DeepStream was looked for in this order:")
        for number, attempt in enumerate(tried, 1):
            console.print(f"{number:3}. {attempt}")
    for hint in document["hints"]:
        console.print(f"hint: {hint}")


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _text(value: object) -> str:
    problem = error_of(value)
    return str(value) if problem is None else f"unknown: {_heading(problem)}"


def _heading(problem: str) -> str:
    """What is wrong, without the list of places that were tried; that is printed once."""
    first, *_ = problem.splitlines() or [""]
    return first.removesuffix("; tried in this order:")


def _facts(document: Document) -> Table:
    table = Table(show_header=False, box=None)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    system, installed, driver = document["system"], document["distributions"], document["driver"]
    requested = document["requested_backend"]
    table.add_row("backend", _text(document["backend"]) + (f" (SAVANT_BACKEND={requested})" if requested else ""))
    table.add_row(DISTRIBUTION, installed[DISTRIBUTION] or "not installed as a distribution")
    table.add_row("Python", f"{system['python']}, NumPy {installed['numpy']}")
    table.add_row("system", f"{system['system']} {system['machine']}, {system['libc']}")
    table.add_row("GStreamer", document["gstreamer"]["version"])
    table.add_row("PacketReader", _reader(document["gstreamer"]["reader"]))
    table.add_row("nvv4l2decoder", _plugin(document["gstreamer"]["nvv4l2decoder"]))
    table.add_row("DeepStream", _deepstream(document["deepstream"]))
    if driver["visible"] or error_of(driver["cuda"]) is None:
        table.add_row("NVIDIA driver", _text(driver["version"]))
        table.add_row("CUDA", _text(driver["cuda"]))
    else:
        table.add_row("NVIDIA driver", "none")
    for gpu in _gpus(document):
        table.add_row(f"GPU {gpu['gpu_id']}", _gpu(gpu))
    if document["jetson"]:
        table.add_row("Jetson", _text(document["jetson_model"]))
    return table


def _reader(elements: list[dict[str, Any]]) -> str:
    missing = [element["name"] for element in elements if not element["installed"]]
    return f"lacks {', '.join(missing)}" if missing else f"has its {len(elements)} elements"


def _plugin(plugin: dict[str, Any]) -> str:
    return f"no: {_heading(plugin['error'])}" if "error" in plugin else f"{plugin['version']}, {plugin['path']}"


def _deepstream(found: dict[str, Any]) -> str:
    if "error" in found:
        return f"no: {found['error']}"
    generation = found["generation"] or "no known generation"
    version = found["version"] or "version unknown"
    return f"{version}, {found['root']} ({found['place']}), slots of {found['slot_stride']} bytes: {generation}"


def _gpus(document: Document) -> list[dict[str, Any]]:
    return [] if error_of(document["gpus"]) else document["gpus"]


def _gpu(gpu: dict[str, Any]) -> str:
    memory, nvenc = gpu["memory"], gpu["nvenc"]
    if error_of(memory) is None:
        memory = f"{memory['used_mib']} of {memory['total_mib']} MiB in use"
    if isinstance(nvenc, bool):
        nvenc = "yes" if nvenc else "no"
    architecture = f"{_text(gpu['architecture'])} ({_text(gpu['capability'])})"
    return f"{_text(gpu['name'])}, {architecture}, memory: {_text(memory)}, NVENC: {_text(nvenc)}"


def _libraries(document: Document) -> Table:
    """NVIDIA's libraries; no row where there is no sign of any."""
    table = _table("NVIDIA's libraries", "library", "version", "file, or what is wrong")
    found = document["deepstream"].get("libraries", [])
    if document["driver"]["visible"] or found:
        for library in [*found, *document["driver"]["libraries"]]:
            table.add_row(library["name"], library["version"] or "", error_of(library["path"]) or library["path"])
    return table


def _gpu_modes(document: Document) -> Table:
    table = _table("what the GPUs decode", "GPU", "codec", "chroma", "bits", "size in pixels", "engines")
    for gpu in _gpus(document):
        number, modes = str(gpu["gpu_id"]), gpu["decodes"]
        if problem := error_of(modes):
            table.add_row(number, problem)
            continue
        for codec, chroma, bits, limits, engines in _grouped(modes):
            table.add_row(number, codec, chroma, bits, limits, engines)
    return table


def _grouped(modes: list[dict[str, Any]]) -> list[tuple[str, str, str, str, str]]:
    """One row for the chroma formats of a codec that have the same bit depths and limits."""
    rows: dict[tuple[str, str, str, str], list[str]] = {}
    for (codec, chroma), same in groupby(modes, key=lambda mode: (mode["codec"], mode["chroma"])):
        by_limits: dict[tuple[str, str], list[str]] = {}
        for mode in same:
            limits = "x".join(map(str, mode["min_size"])) + " to " + "x".join(map(str, mode["max_size"]))
            by_limits.setdefault((limits, str(mode["engines"])), []).append(str(mode["bit_depth"]))
        for (limits, engines), bits in by_limits.items():
            rows.setdefault((codec, " ".join(bits), limits, engines), []).append(chroma)
    return [(codec, " ".join(chroma), bits, limits, engines) for (codec, bits, limits, engines), chroma in rows.items()]


def _codecs(document: Document) -> Table:
    table = _table("decoders", "codec", "decoder", "where", "software elements of GStreamer")
    elements = {row["codec"]: row["elements"] for row in document["gstreamer"]["decoders"]}
    for row in document["codecs"]:
        where = "hardware" if row["hardware"] else "software"
        software = ", ".join(map(_element, elements.get(row["codec"], [])))
        table.add_row(
            row["codec"], row["decoder"] or "none", where if row["decoder"] else _heading(row["problem"]), software
        )
    return table


def _element(element: dict[str, Any]) -> str:
    return str(element["name"]) if element["installed"] else f"no {element['name']} ({element['package']})"

"""What the user should know or do, concluded from the document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from savant_rs.deepstream import _loading

Document = dict[str, Any]

INSTALL_DEEPSTREAM = "pip install 'savant-rs-deepstream[deepstream]'"


def hints(document: Document) -> list[str]:
    """One text a hint, the most urgent first."""
    return [hint for rule in RULES for hint in rule(document)]


def _apt(packages: Iterable[str]) -> str:
    return f"apt-get install {' '.join(dict.fromkeys(packages))}"


def _missing_decoders(document: Document) -> Iterator[str]:
    preferred = {row["codec"]: row["elements"][0] for row in document["gstreamer"]["decoders"]}
    missing = [row["codec"] for row in document["codecs"] if row["decoder"] is None]
    packages = [
        preferred[codec]["package"] for codec in missing if codec in preferred and not preferred[codec]["installed"]
    ]
    if packages:
        yield f"no decoder for {', '.join(missing)}: {_apt(packages)}"


def _second_best_decoders(document: Document) -> Iterator[str]:
    for row in document["gstreamer"]["decoders"]:
        best, *others = row["elements"]
        used = next((found["decoder"] for found in document["codecs"] if found["codec"] == row["codec"]), None)
        if used in [other["name"] for other in others]:
            yield f"{row['codec']} is decoded by {used}; {best['name']} is better: {_apt([best['package']])}"


def _missing_reader_elements(document: Document) -> Iterator[str]:
    missing = [element for element in document["gstreamer"]["reader"] if not element["installed"]]
    if missing:
        names = ", ".join(element["name"] for element in missing)
        yield f"PacketReader lacks {names}: {_apt(element['package'] for element in missing)}"


def _unused_gpu(document: Document) -> Iterator[str]:
    if not document["driver"]["visible"] or document["backend"] == "deepstream":
        return
    if document["requested_backend"] == "host":
        yield "there is an NVIDIA driver, but SAVANT_BACKEND=host keeps to the CPU"
    elif isinstance(document["gpus"], dict):
        yield f"there is an NVIDIA driver, but CUDA shows no GPU: {document['gpus']['error']}"
    elif "error" in document["deepstream"]:
        yield f"there is an NVIDIA GPU, but no usable DeepStream: {INSTALL_DEEPSTREAM}"
    else:
        yield "there is an NVIDIA GPU and DeepStream, but the CPU is used; SAVANT_BACKEND=deepstream tells why"


def _driver_without_video(document: Document) -> Iterator[str]:
    for library in document["driver"]["libraries"]:
        if document["driver"]["visible"] and library["name"].startswith("libnvcuvid") and "error" in library["path"]:
            yield (
                f"the driver's {library['name']} is missing, so the GPU cannot decode; a container needs "
                "NVIDIA_DRIVER_CAPABILITIES=compute,utility,video"
            )


def _missing_element(document: Document) -> Iterator[str]:
    problem = document["gstreamer"]["nvv4l2decoder"].get("error")
    if problem and document["backend"] == "deepstream":
        yield f"nvv4l2decoder cannot be used: {problem}"


def _jetson(document: Document) -> Iterator[str]:
    if document["jetson"]:
        yield "this is a Jetson: nothing here has been tested on one"


def _other_distribution(_: Document) -> Iterator[str]:
    if problem := _loading.other_distribution():
        yield problem


RULES: tuple[Callable[[Document], Iterator[str]], ...] = (
    _other_distribution,
    _missing_decoders,
    _second_best_decoders,
    _missing_reader_elements,
    _unused_gpu,
    _driver_without_video,
    _missing_element,
    _jetson,
)

#!/usr/bin/env python3
"""What a backend makes of every pair of formats: the expected tables, and how a pair is examined.

    python tests/format_pairs.py

prints the table of this machine, as it stands below, and what is behind each cell that is not `ok`.

ok: plain areas are within `TOLERANCE` levels of exact arithmetic in BT.601, limited range, alpha 255. other: a picture
comes out that is not. refused: RuntimeError that names both formats. error: any other one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from decoding import LUMA_WEIGHTS, rgba_from_planes
from savant_rs.deepstream import BufferGenerator, backend
from transforms import FORMATS, read_planes, transform, write_planes

# The host is within a level of exact arithmetic, and NVIDIA's RGBA within a level of the host's (docs/gpu-facts.md).
TOLERANCE = 2

HOST = """
from     RGBA     BGRx     NV12     NV21     I420     UYVY     GRAY8
RGBA     ok       ok       ok       ok       ok       ok       ok
BGRx     ok       ok       ok       ok       ok       ok       ok
NV12     ok       ok       ok       ok       ok       ok       ok
NV21     ok       ok       ok       ok       ok       ok       ok
I420     ok       ok       ok       ok       ok       ok       ok
UYVY     ok       ok       ok       ok       ok       ok       ok
GRAY8    ok       ok       ok       ok       ok       ok       ok
"""

# As measured with DeepStream 9.0's NvBufSurfTransform on an H100.
DEEPSTREAM = """
from     RGBA     BGRx     NV12     NV21     I420     UYVY     GRAY8
RGBA     ok       ok       ok       refused  ok       ok       ok
BGRx     ok       ok       ok       refused  ok       ok       ok
NV12     ok       ok       ok       refused  ok       ok       ok
NV21     refused  refused  refused  ok       refused  refused  refused
I420     ok       ok       ok       refused  ok       ok       ok
UYVY     ok       ok       ok       refused  ok       ok       ok
GRAY8    ok       ok       ok       refused  ok       ok       ok
"""

Pair = tuple[str, str]


def parsed(table: str) -> dict[Pair, str]:
    head, *rows = (line.split() for line in table.strip().splitlines())
    return {(row[0], target): outcome for row in rows for target, outcome in zip(head[1:], row[1:], strict=True)}


def written(outcomes: Mapping[Pair, str]) -> str:
    rows = [[source, *(outcomes[source, target] for target in FORMATS)] for source in FORMATS]
    lines = ["".join(f"{cell:<9}" for cell in row).rstrip() for row in [["from", *FORMATS], *rows]]
    return "\n".join(lines)


EXPECTED = parsed({"host": HOST, "deepstream": DEEPSTREAM}[str(backend())])


def converts(source: str, target: str) -> bool:
    """Whether this backend converts a pair as it should."""
    return EXPECTED[source, target] == "ok"


# --- the reference ---

BLOCK = 16
SIZE = (4 * BLOCK, 4 * BLOCK)


def colours() -> np.ndarray:
    """RGB pixels in float64: the corners of the cube and eight other colours, each a block."""
    corners = np.array([[r, g, b] for r in (0, 255) for g in (0, 255) for b in (0, 255)])
    others = np.random.default_rng(8).integers(0, 256, (8, 3))
    grid = np.concatenate([corners, others]).reshape(4, 4, 3).astype(np.float64)
    return grid.repeat(BLOCK, axis=0).repeat(BLOCK, axis=1)


def encoded(rgb: np.ndarray, format: str) -> list[np.ndarray]:
    """RGB (height, width, 3) as the planes of a format, float64. Chroma is that of each block's first pixel."""
    if format in ("RGBA", "BGRx"):
        order = slice(None) if format == "RGBA" else slice(None, None, -1)
        return [np.concatenate([rgb[..., order], np.full((*rgb.shape[:2], 1), 255.0)], axis=-1)]
    red_weight, blue_weight = LUMA_WEIGHTS["bt601"]
    red, green, blue = np.moveaxis(rgb / 255, -1, 0)
    y = red_weight * red + (1 - red_weight - blue_weight) * green + blue_weight * blue
    cb, cr = 128 + 112 * (blue - y) / (1 - blue_weight), 128 + 112 * (red - y) / (1 - red_weight)
    luma = 16 + 219 * y
    if format == "UYVY":
        pairs = np.stack([cb[:, ::2], cr[:, ::2]], axis=-1).reshape(luma.shape)
        return [np.stack([pairs, luma], axis=-1)]
    cb, cr = cb[::2, ::2], cr[::2, ::2]
    chroma = {
        "GRAY8": [],
        "I420": [cb, cr],
        "NV12": [np.stack([cb, cr], axis=-1)],
        "NV21": [np.stack([cr, cb], axis=-1)],
    }
    return [luma, *chroma[format]]


def decoded(planes: list[np.ndarray], format: str) -> np.ndarray:
    """The planes of a format as RGB (height, width, 3), float64."""
    first, *chroma = planes
    if format in ("RGBA", "BGRx"):
        return first[..., :3].astype(np.float64)[..., :: 1 if format == "RGBA" else -1]
    if format == "UYVY":
        first, chroma = first[..., 1], [first[:, ::2, 0], first[:, 1::2, 0]]
    elif format == "GRAY8":
        chroma = [np.full_like(first, 128)] * 2
    elif format != "I420":
        chroma = [*np.moveaxis(chroma[0], -1, 0)][:: 1 if format == "NV12" else -1]
    return rgba_from_planes((first, *chroma), "bt601", False)


def error(actual: list[np.ndarray], expected: list[np.ndarray], format: str) -> float:
    """The greatest difference in the middle of the blocks, where the positions of chroma samples do not matter."""
    greatest = 0.0
    for some, exact in zip(actual, expected, strict=True):
        difference = np.abs(some - exact)[..., : 3 if format == "BGRx" else None]
        block = len(some) // 4
        middle = [index for index in range(len(some)) if block // 4 <= index % block < block - block // 4]
        greatest = max(greatest, float(difference[middle][:, middle].max()))
    return greatest


def examined(source: str, target: str) -> tuple[str, str]:
    """The outcome of a pair, and what is behind it."""
    planes = [plane.round().astype(np.uint8) for plane in encoded(colours(), source)]
    buffer = BufferGenerator(source, *SIZE, pool_size=1).acquire()
    write_planes(buffer, planes)
    try:
        result = read_planes(transform(buffer, target, SIZE))
    except RuntimeError as refusal:
        names_both = re.search(rf"\b{source}\b.* to .*\b{target}\b", str(refusal))
        return ("refused" if names_both else "error"), str(refusal)
    off = error(result, encoded(decoded(planes, source), target), target)
    return ("ok" if off <= TOLERANCE else "other"), f"{off:.1f} levels"


def all_examined() -> dict[Pair, tuple[str, str]]:
    return {(source, target): examined(source, target) for source in FORMATS for target in FORMATS}


def report(results: Mapping[Pair, tuple[str, str]]) -> str:
    """The table, and a line for each cell that is not `ok`."""
    table = written({pair: outcome for pair, (outcome, _) in results.items()})
    lines = [f"{pair[0]} to {pair[1]}: {why}" for pair, (outcome, why) in results.items() if outcome != "ok"]
    return "\n".join([table, "", *lines])


if __name__ == "__main__":
    print(report(all_examined()))

"""Transforms between all pairs of formats."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from batches import download, source
from format_pairs import EXPECTED, all_examined, converts, report
from transforms import FORMATS, RULES, blocks, transform


def test_every_pair_converts_exactly_or_is_refused_by_name() -> None:
    """The outcome of each pair is that of the table in format_pairs.py."""
    results = all_examined()
    assert {pair: outcome for pair, (outcome, _) in results.items()} == EXPECTED, f"\n{report(results)}"


def converted(*formats: str) -> bool:
    return all(converts(first, second) for first, second in pairwise(formats))


@pytest.mark.parametrize(
    ("first", "second"),
    [(first, second) for first in FORMATS for second in FORMATS if converted("RGBA", first, second, "RGBA")],
)
def test_colours_survive_two_formats(first: str, second: str) -> None:
    pixels = blocks((64, 32), 8)
    if "GRAY8" in (first, second):
        pixels[..., :3] = pixels[..., :1]
    buffer = source(pixels)
    for format in (first, second, "RGBA"):
        buffer = transform(buffer, format, (64, 32))
    back = download(buffer)
    # Each of the three conversions may round chroma and luma; a colour outside their gamut is clipped.
    assert np.abs(back.astype(int) - pixels)[..., :3].max() <= 2 * RULES.rounding
    assert (back[..., 3] == 255).all()


@pytest.mark.parametrize(
    "format", [name for name in FORMATS if name not in ("RGBA", "GRAY8") and converted("RGBA", name, "RGBA")]
)
def test_a_round_trip_of_colour_blocks_changes_little(format: str) -> None:
    pixels = blocks((64, 64), 8)
    back = download(transform(transform(source(pixels), format, (64, 64)), "RGBA", (64, 64)))
    assert np.abs(back.astype(int) - pixels).max() <= RULES.rounding

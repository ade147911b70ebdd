"""Random geometries in batches: each picture of a call has a size, a crop and a rectangle of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import pytest

from batches import source
from savant_rs.deepstream import UniformBatchGenerator, set_num_filled
from transforms import RULES, Geometry, coordinates, drawn, is_nearest, possible

SLOTS = 8


def into_the_target_of(first: Geometry, seed: int) -> Iterator[Geometry]:
    """Random sources and crops, with the size and the configuration of a geometry."""
    return (replace(some, size=first.size, padding=first.padding, inset=first.inset) for some in drawn(seed))


@pytest.mark.parametrize("at_once", [True, False])
def test_each_slot_has_the_pixels_that_its_prediction_says(at_once: bool) -> None:
    for seed, (first, _) in enumerate(islice(possible(drawn(6)), RULES.geometries // 20)):
        batch = UniformBatchGenerator("RGBA", *first.size, SLOTS, 1).acquire_batch(first.config())
        set_num_filled(batch.shared_buffer(), SLOTS)
        jobs, expected = [], []
        for slot, (geometry, scale_map) in enumerate(islice(possible(into_the_target_of(first, seed)), SLOTS)):
            pixels = coordinates(geometry.source)
            jobs.append((slot, source(pixels), geometry.src_rect))
            expected.append((pixels, scale_map))
            # What a recycled batch may hold.
            batch.memset_slot(slot, 77)
        if at_once:
            batch.transform_slots(jobs)
        else:
            for job in jobs:
                batch.transform_slot(*job)
        batch.finalize()
        for slot, (pixels, scale_map) in enumerate(expected):
            assert is_nearest(batch.view(slot).download(), pixels, scale_map), (first, slot)

"""Faults of every kind on every codec, a few packets of each; ``benches/python/fault_matrix.py`` does it at length."""

from __future__ import annotations

import pytest

from faults import CLIP_OF, FAULTS, decode

# At 1 % hardly one packet of so few is lost.
SHORT = [fault for fault in FAULTS if fault not in ("loss 1 %", "loss 5 %")]

# What is lost or delayed leaves the other pictures of these intact.
STANDS_ALONE = ("jpeg", "png")


@pytest.mark.parametrize("fault", SHORT)
@pytest.mark.parametrize("codec", CLIP_OF)
def test_a_fault_reaches_only_the_groups_of_pictures_that_it_hits(codec: str, fault: str) -> None:
    """One outcome a packet, all pictures of intact groups right, nothing lost from a clean stream beside it."""
    verdict = decode(codec, fault, laps=1, seed=4)
    assert str(verdict) == ""
    assert verdict.damaged > 0 or codec in STANDS_ALONE
    assert verdict.intact > 0

"""A few seeds of each kind; `make simulate` runs thousands."""

from __future__ import annotations

import pytest

from tests.simulation.troubles import KINDS, run

SEEDS = {"": 11, "lost": 11, "set back": 11, "two": 11, "outage": 6}  # some fifty runs; an outage costs three of others


@pytest.mark.parametrize(("kind", "seed"), [(kind, seed) for kind in KINDS for seed in range(SEEDS[kind])])
def test_whatever_happens_nothing_is_lost_doubled_or_deleted_before_its_time(kind: str, seed: int) -> None:
    assert run(seed, kind) == []

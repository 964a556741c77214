"""A few seeds of each kind; `make simulate` runs thousands."""

from __future__ import annotations

import pytest

from tests.simulation.troubles import run

SEEDS = 13  # of each kind: some fifty runs


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("kind", ["", "lost", "set back", "two"])
def test_whatever_happens_nothing_is_lost_doubled_or_deleted_before_its_time(kind: str, seed: int) -> None:
    assert run(seed, kind) == []

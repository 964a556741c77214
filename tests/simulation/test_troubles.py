"""A few seeds of each kind; `make simulate` runs thousands. And what an outage counts as due."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import cycle

import pytest

from tests.simulation.troubles import CLOCKS, KINDS, Hosts, Troubled, run
from tests.workflows.interleavings import Interleaving
from tests.workflows.platform import Platform
from tests.workflows.proofs import silence

SEEDS = {"": 11, "lost": 11, "set back": 11, "two": 11, "outage": 6}  # some fifty runs; an outage costs three of others


@pytest.mark.parametrize(("kind", "seed"), [(kind, seed) for kind in KINDS for seed in range(SEEDS[kind])])
def test_whatever_happens_nothing_is_lost_doubled_or_deleted_before_its_time(kind: str, seed: int) -> None:
    with silence():
        assert run(seed, kind) == []


class PausedAtSlots(Troubled):
    """In an outage that nothing notices, protection stops at a slot and goes on at the next; then a slot has its peace.
    All is done by one host, whose clock is as much from the true time as `seed`, an index of CLOCKS, says."""

    def _new_platform(self) -> Platform:
        return Platform(world=Hosts(random=Always(self.seed)))

    def _guard(self, call: str, target: str) -> None:
        self.ledger.see(call, target)

    def _troubles(self) -> tuple[Callable[[], None], ...]:
        return (next(self.happens),)

    def outlast(self) -> list[str]:
        """The slots that counted."""
        self.happens = cycle((lambda: None, self._stop, self._resume))
        self._lose_region()
        counted = sorted(f"{slot:%H:%M}" for _, slot in self.due.slots)
        Interleaving._calm_down(self)
        return counted


class Always(random.Random):
    def __init__(self, drawn: int) -> None:
        super().__init__()
        self.drawn = drawn

    def randrange(self, *within: object) -> int:  # type: ignore[override]
        return self.drawn


@pytest.mark.parametrize("host", range(len(CLOCKS)))
def test_in_an_outage_a_slot_counts_unless_it_was_taken_back_at_its_instant(host: int) -> None:
    """By a host whose clock is slow it had not come yet when protection stopped: then nothing is on record of it."""
    outage = PausedAtSlots(host, kind="outage")

    counted = outage.outlast()

    assert Interleaving._judge(outage) == []
    assert counted == ["13:00", "14:30", "16:00", "17:30", "18:00"]  # nothing happened then; the last ends the outage

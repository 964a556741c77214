"""What snapshots cost, held against a disk as a row of blocks and snapshots as sets of them."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest

from backup_core.domain.cost import GIB, DiskUse, Price, Stored, stored

BLOCKS = 20_000
START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Store:
    """Azure's rule, block by block: a snapshot holds the blocks that changed since the one before it, the first one
    all; who is deleted leaves what is its own to the next."""

    def __init__(self) -> None:
        self._kept: list[tuple[datetime, set[int]]] = []

    def take(self, at: datetime, changed: set[int]) -> None:
        self._kept.append((at, set(changed) if self._kept else set(range(BLOCKS))))

    def delete(self, index: int) -> None:
        _, blocks = self._kept.pop(index)
        if index < len(self._kept):
            self._kept[index][1].update(blocks)

    @property
    def instants(self) -> list[datetime]:
        return [at for at, _ in self._kept]

    @property
    def size(self) -> int:
        return sum(len(blocks) for _, blocks in self._kept)


def a_history(chance: random.Random) -> tuple[Store, DiskUse]:
    """Points at random hours of some weeks, random writes between them, and deletions in any order."""
    store, writes_an_hour = Store(), chance.randrange(20, 400)
    at = START
    for _ in range(chance.randrange(10, 60)):
        hours = chance.randrange(1, 30)
        changed = set(chance.choices(range(BLOCKS), k=hours * writes_an_hour))
        at += hours * HOUR
        store.take(at, changed)
    for _ in range(chance.randrange(len(store.instants) - 1)):
        store.delete(chance.randrange(len(store.instants)))
    untouched = (1 - 1 / BLOCKS) ** (24 * writes_an_hour)
    return store, DiskUse(used_bytes=BLOCKS, changed_a_day=BLOCKS * (1 - untouched))


@pytest.mark.parametrize("seed", range(100))
def test_the_formula_agrees_with_blocks_within_a_hundredth(seed: int) -> None:
    store, use = a_history(random.Random(seed))
    reckoned = stored(use, store.instants)
    assert reckoned.expected == pytest.approx(store.size, rel=0.01)
    assert store.size <= reckoned.at_most * 1.01


def test_the_order_of_points_does_not_matter_and_none_cost_nothing() -> None:
    use = DiskUse(used_bytes=100 * GIB, changed_a_day=GIB)
    instants = [START + hours * HOUR for hours in (5, 1, 9)]
    assert stored(use, instants) == stored(use, sorted(instants))
    assert stored(use, []) == Stored()
    assert stored(use, instants[:1]) == Stored(expected=100 * GIB, at_most=100 * GIB)


def test_a_disk_that_does_not_change_costs_its_used_bytes_once() -> None:
    kept = [START + hours * HOUR for hours in range(1000)]
    assert stored(DiskUse(used_bytes=GIB, changed_a_day=0), kept) == Stored(expected=GIB, at_most=GIB)


@pytest.mark.parametrize(("used", "changed"), [(-1, 0), (1, 2), (1, -1), (0, 1)])
def test_impossible_uses_are_refused(used: float, changed: float) -> None:
    with pytest.raises(ValueError, match="a part of those that are used"):
        DiskUse(used_bytes=used, changed_a_day=changed)


def test_a_price_is_of_gib_and_month() -> None:
    price = Price(region="eastus", redundancy="ZRS", currency="USD", a_gib_month=0.05, read_on=date(2026, 7, 1))
    assert price.a_month(10 * GIB) == pytest.approx(0.5)

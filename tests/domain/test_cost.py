"""What snapshots hold, beside a disk of blocks whose snapshots are sets of them: one that goes hands on its own."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from backup_core.domain.cost import GIB, Churn, Held, by_month, held, held_at
from backup_core.domain.forecast import Lifetime, forecast_points, lifetimes
from tests.builders import policy
from tests.cases import every_case

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HISTORIES = 100
SNAPSHOTS = 30
Write = Callable[[random.Random, int], set[int]]


@dataclass
class Blocks:
    """A disk all of whose blocks are used, and its snapshots by when they were taken, each with the blocks it holds."""

    count: int
    changed: set[int] = field(default_factory=set)  # since the newest snapshot
    snapshots: dict[datetime, set[int]] = field(default_factory=dict)

    def snapshot(self, at: datetime) -> None:
        self.snapshots[at] = self.changed if self.snapshots else set(range(self.count))
        self.changed = set()

    def delete(self, at: datetime) -> None:
        """Of a block that the next one holds, too, the older content is freed; the others are its own from now on."""
        newer = [other for other in self.snapshots if other > at]
        heir = self.snapshots[min(newer)] if newer else self.changed
        heir |= self.snapshots.pop(at)

    @property
    def held(self) -> int:
        return sum(map(len, self.snapshots.values()))


def alike(blocks: int) -> Write:
    """Writes that meet every block alike."""
    return lambda chance, count: set(chance.choices(range(blocks), k=count))


def mostly_hot(blocks: int) -> Write:
    """Writes of which nine in ten meet the first twentieth of the blocks."""
    hot = range(blocks // 20)

    def write(chance: random.Random, count: int) -> set[int]:
        return set(chance.choices(hot, k=count * 9 // 10)) | set(chance.choices(range(blocks), k=count // 10))

    return write


def estimate(points: Sequence[datetime], churn: Churn) -> float:
    return list(held([Lifetime(taken_at=at, goes_at=None) for at in points], churn))[-1].size


def play(seed: int, blocks: int, an_hour: int, write: Write, gaps: Sequence[int]) -> list[tuple[int, list[datetime]]]:
    """A history of snapshots `gaps` hours apart, one of the existing ones deleted now and then, in any order: what was
    held after each snapshot, and the snapshots that existed."""
    chance, disk, at, seen = random.Random(seed), Blocks(blocks), START, []
    for _ in range(SNAPSHOTS):
        gap = chance.choice(gaps)
        at += gap * HOUR
        disk.changed |= write(chance, gap * an_hour)
        disk.snapshot(at)
        while len(disk.snapshots) > 1 and chance.random() < 0.4:
            disk.delete(chance.choice(list(disk.snapshots)))
        seen.append((disk.held, sorted(disk.snapshots)))
    return seen


@every_case("seed", range(HISTORIES))
def test_the_formula_is_within_one_percent_of_the_blocks_when_churn_is_known(seed: int) -> None:
    chance = random.Random(f"disk {seed}")
    blocks, an_hour = chance.randrange(20_000, 40_000), chance.randrange(20, 300)
    in_an_hour = blocks * -math.expm1(an_hour * math.log1p(-1 / blocks))  # different ones, of so many writes
    churn = Churn(used_bytes=blocks * GIB, changed_bytes=round(in_an_hour * GIB), within=HOUR)
    for true, points in play(seed, blocks, an_hour, alike(blocks), gaps=(1, 2, 4, 24)):
        assert estimate(points, churn) / GIB == pytest.approx(true, rel=0.01)


@pytest.mark.parametrize("seed", range(10))
def test_blocks_that_are_written_most_are_never_estimated_too_low_by_a_churn_of_the_shortest_gap(seed: int) -> None:
    blocks, an_hour = 20_000, 300
    write, chance = mostly_hot(blocks), random.Random(seed)
    hours = [len(write(chance, an_hour)) for _ in range(200)]
    churn = Churn(used_bytes=blocks, changed_bytes=round(sum(hours) / len(hours)), within=HOUR)
    for true, points in play(seed, blocks, an_hour, write, gaps=(1, 2, 4, 24)):
        assert estimate(points, churn) >= 0.99 * true


def test_a_churn_of_a_day_is_too_low_for_hourly_points_of_a_disk_that_writes_the_same_blocks_all_day() -> None:
    """What the description warns of: it is to be known for the shortest gap."""
    blocks, an_hour = 20_000, 300
    write, chance = mostly_hot(blocks), random.Random(0)
    days = [len(write(chance, 24 * an_hour)) for _ in range(20)]
    churn = Churn(used_bytes=blocks, changed_bytes=round(sum(days) / len(days)), within=DAY)
    true, points = play(0, blocks, an_hour, write, gaps=(1,))[-1]
    assert estimate(points, churn) < 0.95 * true


def test_what_differs_grows_ever_more_slowly_and_never_above_what_is_used() -> None:
    churn = Churn(used_bytes=100, changed_bytes=50)
    assert [churn.between(days * DAY) for days in (0, 1, 2, 3)] == pytest.approx([0, 50, 75, 87.5])
    assert churn.between(10_000 * DAY) == 100
    assert churn.between(DAY / 2) == pytest.approx(100 * (1 - 0.5**0.5))


def test_a_disk_that_is_rewritten_whole_or_not_at_all_or_is_empty() -> None:
    days = [START + number * DAY for number in range(3)]
    assert estimate(days, Churn(used_bytes=100, changed_bytes=100)) == 300
    assert estimate(days, Churn(used_bytes=100, changed_bytes=0)) == 100
    assert estimate(days, Churn(used_bytes=0, changed_bytes=0)) == 0


@pytest.mark.parametrize(
    ("used", "changed", "within"), [(100, 101, DAY), (100, -1, DAY), (-1, -1, DAY), (100, 1, timedelta(0))]
)
def test_a_churn_that_cannot_be_is_refused(used: int, changed: int, within: timedelta) -> None:
    with pytest.raises(ValueError, match="cannot change"):
        Churn(used_bytes=used, changed_bytes=changed, within=within)


def test_a_point_that_goes_hands_on_what_only_it_held() -> None:
    churn = Churn(used_bytes=1000, changed_bytes=100)
    first, second, third = (START + number * DAY for number in range(3))
    points = [
        Lifetime(taken_at=first, goes_at=third + 2 * DAY),
        Lifetime(taken_at=second, goes_at=third + DAY),
        Lifetime(taken_at=third, goes_at=None),
    ]
    assert [(step.at, step.points, round(step.size)) for step in held(points, churn)] == [
        (first, 1, 1000),
        (second, 2, 1100),
        (third, 3, 1200),
        (third + DAY, 2, 1190),  # a tenth of what changed on the first day changed on the second day again
        (third + 2 * DAY, 1, 1000),
    ]


def test_the_newest_goes_as_its_successor_comes_and_only_then_is_another_whole_one_not_needed() -> None:
    churn = Churn(used_bytes=1000, changed_bytes=100)
    both = [Lifetime(taken_at=START, goes_at=START + DAY), Lifetime(taken_at=START + DAY, goes_at=START + 3 * DAY)]
    assert [(step.points, round(step.size)) for step in held(both, churn)] == [(1, 1000), (1, 1000), (0, 0)]


def test_points_of_one_instant_hold_nothing_twice() -> None:
    churn = Churn(used_bytes=1000, changed_bytes=100)
    assert estimate([START, START], churn) == 1000


def test_what_is_held_is_told_for_any_instant() -> None:
    steps = [Held(at=START, points=1, size=5.0), Held(at=START + DAY, points=2, size=7.0)]
    told = held_at(steps, [START - HOUR, START, START + HOUR, START + 2 * DAY])
    assert [(each.points, each.size) for each in told] == [(0, 0.0), (1, 5.0), (1, 5.0), (2, 7.0)]


def test_a_month_is_billed_by_the_part_of_it_in_which_so_much_is_held() -> None:
    steps = [Held(at=START + 10 * DAY, points=1, size=31.0 * GIB), Held(at=START + 41 * DAY, points=2, size=62.0 * GIB)]
    months = by_month(steps, START + 5 * DAY, START + 45 * DAY)
    assert [(each.begin, each.end) for each in months] == [
        (START + 5 * DAY, START + 31 * DAY),
        (START + 31 * DAY, START + 45 * DAY),
    ]
    assert [each.gib_months for each in months] == pytest.approx([21.0, 31 * 10 / 28 + 62 * 4 / 28])


def test_a_policy_holds_what_its_points_hold_together() -> None:
    nightly = policy(intervals=["R/2026-01-01T02:00:00/P1D"], retention="P7D", tags={"Weekly": ("FirstOfWeek", "P28D")})
    points = forecast_points(nightly, START, START + 90 * DAY)
    lived = lifetimes((point.slot, point.expires_at) for point in points)
    steps = list(held(lived, Churn(used_bytes=64, changed_bytes=0)))
    (there,) = held_at(steps, [START + 60 * DAY])
    assert (there.points, there.size) == (10, 64.0)


def test_nothing_is_billed_where_nothing_is_held() -> None:
    assert [each.gib_months for each in by_month([], START, START + 31 * DAY)] == [0.0]

"""When limits of Azure will be met: snapshots of a disk and of a region, ARM's writes, background copies.

What exists is counted by its own expiry, what will come by the policy's forecast (domain/forecast.py), day by day. Days
are instants one day apart; a count is of the points that exist at that instant.

Leaves to others: reading what exists, and how full a region is (workflows/limits_forecast.py).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from backup_core.domain.forecast import ForecastPoint
from backup_core.domain.schedule import Schedule

_DAY = timedelta(days=1)
_TICK = timedelta(microseconds=1)
_SLOTS_AT_MOST = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A limit, the most that there will be, and the first day on which there is more than the limit; None when that
    does not come within what was looked at."""

    limit: int
    most: int
    on: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstMinute:
    """The minute in which most starts are due, and how many."""

    at: datetime | None = None
    starts: int = 0


def days_from(begin: datetime, count: int) -> tuple[datetime, ...]:
    return tuple(begin + number * _DAY for number in range(count))


def to_come(points: Iterable[ForecastPoint], days: Sequence[datetime]) -> tuple[int, ...]:
    """How many points of a policy's forecast exist on each day. `days` rise evenly."""
    changes = [0] * (len(days) + 1)
    for point in points:
        first, gone = bisect_right(days, point.slot - _TICK), bisect_right(days, point.expires_at - _TICK)
        if first < gone:
            changes[first] += 1
            changes[gone] -= 1
    return tuple(accumulate(changes[:-1]))


def to_remain(expiries: Iterable[datetime | None], days: Sequence[datetime]) -> tuple[int, ...]:
    """How many of the points that exist are still there on each day; those without an expiry stay."""
    changes = [0] * (len(days) + 1)
    for expires_at in expiries:
        changes[0] += 1
        if expires_at is not None:
            changes[bisect_right(days, expires_at - _TICK)] -= 1
    return tuple(accumulate(changes[:-1]))


def total(*counts: Sequence[int]) -> tuple[int, ...]:
    return tuple(map(sum, zip(*counts, strict=True)))


def reached(counts: Sequence[int], days: Sequence[datetime], limit: int) -> Reached:
    over = (day for day, count in zip(days, counts, strict=True) if count > limit)
    return Reached(limit=limit, most=max(counts, default=0), on=next(over, None))


def worst_minute(schedules: Mapping[Schedule, int], begin: datetime, end: datetime) -> WorstMinute:
    """Of the minutes from `begin` up to `end`, by how many disks follow each schedule."""
    starts: Counter[datetime] = Counter()
    for schedule, disks in schedules.items():
        for slot in schedule.slots_between(begin - _TICK, end - _TICK, _SLOTS_AT_MOST):
            starts[slot.replace(second=0)] += disks
    if not starts:
        return WorstMinute()
    at = min(starts, key=lambda minute: (-starts[minute], minute))
    return WorstMinute(at=at, starts=starts[at])


def seconds_to_start(starts: int, *, burst: float, a_second: float) -> float:
    """How long it takes until the last of so many is started, when that many go at once and the rest by the second."""
    return max(0.0, starts - burst) / a_second

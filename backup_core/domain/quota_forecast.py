"""When limits of Azure will be met: snapshots of a disk and of a region, ARM's writes, copies in the background.

What exists is counted by its own expiry, what will come by the forecast of its policy (domain/forecast.py). Days are
instants one day apart; a count is of the points that exist at that instant.

Leaves to others: reading what exists, and how full a region is (workflows/quota_forecast.py).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate
from math import ceil

from backup_core.domain.copying import AT_ONCE, CopyRule
from backup_core.domain.durations import parse_duration
from backup_core.domain.forecast import ForecastPoint
from backup_core.domain.pacing import FRONT_DOOR, Pace
from backup_core.domain.surroundings import Usage

SNAPSHOTS_OF_REGION_LIMIT = 75_000  # of each redundancy, in a region of a subscription (reported)
COPIES_LIMIT = 50  # under way at a time in a subscription (documented: compute, incremental snapshots)
WRITES_AT_ONCE = int(FRONT_DOOR["writes"][0])  # of a subscription
_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)
_TICK = timedelta(microseconds=1)
_STARTS_PLACED = 20_000  # of a minute; more of them are told as so many


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A limit, the most that there will be, and when there is more than the limit for the first time; None when that
    does not come within what was looked at."""

    limit: int
    most: int
    on: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstMinute:
    """The minute in which most backups are due, how many, and how many seconds later the last of them begins."""

    at: datetime | None
    starts: int
    last_after_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneLoad:
    """Copies that go to a region: how many are under way or wait at a time, how many are due in a day at most, how many
    can be made in one, and the first point whose copy is not whole a day later; None when that does not come."""

    at_once: Reached
    due_in_a_day: int
    made_in_a_day: int
    behind_on: datetime | None


def days_from(begin: datetime, count: int) -> tuple[datetime, ...]:
    return tuple(begin + number * _DAY for number in range(count))


def to_come(points: Iterable[ForecastPoint], days: Sequence[datetime]) -> tuple[int, ...]:
    """How many points of a policy's forecast exist on each day. `days` rise."""
    changes = [0] * (len(days) + 1)
    for point in points:
        first, gone = bisect_right(days, point.slot - _TICK), bisect_right(days, point.expires_at - _TICK)
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


def reached(counts: Sequence[int], days: Sequence[datetime], limit: int) -> Reached:
    over = (day for day, count in zip(days, counts, strict=True) if count > limit)
    return Reached(limit=limit, most=max(counts, default=0), on=next(over, None))


def region_reached(counts: Sequence[int], days: Sequence[datetime], usage: Usage | None) -> Reached:
    """When a region is full of snapshots of one redundancy, if all that comes is of that one: `counts` are ours by
    day, the first as of now. `usage` is Azure's own count, which knows others' too; None where it may not be asked."""
    if usage is None:
        return reached(counts, days, SNAPSHOTS_OF_REGION_LIMIT)
    return reached([usage.current + max(count - counts[0], 0) for count in counts], days, usage.limit)


def starts_by_minute(starts: Mapping[datetime, int]) -> Counter[datetime]:
    """The backups that are due in each minute, by how many are due at each slot."""
    minutes: Counter[datetime] = Counter()
    for slot, disks in starts.items():
        minutes[slot.replace(second=0, microsecond=0)] += disks
    return minutes


def worst_minute(minutes: Mapping[datetime, int], location: str) -> WorstMinute:
    """The first of the worst; how long its backups take to begin says the pacing of a subscription that is at rest."""
    if not minutes:
        return WorstMinute(at=None, starts=0, last_after_seconds=0.0)
    at = min(minutes, key=lambda minute: (-minutes[minute], minute))
    now, count = at.timestamp(), min(minutes[at], _STARTS_PLACED)
    _, places = Pace(subscription="").places([location] * count, now=now, until=float("inf"))
    last = max((place for place in places if place is not None), default=now)
    return WorstMinute(at=at, starts=minutes[at], last_after_seconds=last - now)


def writes_reached(minutes: Mapping[datetime, int]) -> Reached:
    """Whether more backups are due in a minute than ARM takes writes at once."""
    over = [minute for minute, starts in minutes.items() if starts > WRITES_AT_ONCE]
    return Reached(limit=WRITES_AT_ONCE, most=max(minutes.values(), default=0), on=min(over, default=None))


def copies_reached(starts: Mapping[datetime, int], lasting: timedelta) -> Reached:
    """How many copies in the background are under way at a time, if each lasts as long."""
    under_way: deque[tuple[datetime, int]] = deque()
    now, most, on = 0, 0, None
    for slot in sorted(starts):
        while under_way and under_way[0][0] <= slot:
            now -= under_way.popleft()[1]
        under_way.append((slot + lasting, starts[slot]))
        now += starts[slot]
        most = max(most, now)
        if now > COPIES_LIMIT and on is None:
            on = slot
    return Reached(limit=COPIES_LIMIT, most=most, on=on)


def to_be_copied(points: Iterable[ForecastPoint], rule: CopyRule) -> tuple[ForecastPoint, ...]:
    """The points that a rule copies, each with when its copy expires."""
    kept = {each.tag_name.casefold(): parse_duration(each.retention) for each in rule.kept}
    told = ((point, kept.get(point.tag_name.casefold())) for point in points)
    return tuple(replace(point, expires_at=length.after(point.slot)) for point, length in told if length is not None)


def chain_behind(copies: Iterable[ForecastPoint], lasting: timedelta) -> datetime | None:
    """The first point of a disk whose copy is not whole a day later though it never waits for other disks': copies of a
    disk are made one after another."""
    whole_at = None
    for copy in copies:
        whole_at = max(copy.slot, whole_at or copy.slot) + lasting
        if whole_at - copy.slot > _DAY:
            return copy.slot
    return None


def lane_load(starts: Mapping[datetime, int], lasting: timedelta, behind: Iterable[datetime | None] = ()) -> LaneLoad:
    """How a region keeps up with the copies that are due at each slot, if each lasts as long. `behind`: when disks fall
    behind by themselves."""
    left, most, before = 0.0, 0, None
    over, late = None, [at for at in behind if at is not None]
    for slot in sorted(starts):
        if before is not None:
            left = max(0.0, left - (slot - before) / lasting * AT_ONCE)
        left, before = left + starts[slot], slot
        most = max(most, ceil(left))
        if left > AT_ONCE and over is None:
            over = slot
        if ceil(left / AT_ONCE) * lasting > _DAY:
            late.append(slot)
    by_day: Counter[datetime] = Counter()
    for slot, disks in starts.items():
        by_day[slot.replace(hour=0, minute=0, second=0, microsecond=0)] += disks
    return LaneLoad(
        at_once=Reached(limit=AT_ONCE, most=most, on=over),
        due_in_a_day=max(by_day.values(), default=0),
        made_in_a_day=int(_DAY / lasting * AT_ONCE),
        behind_on=min(late, default=None),
    )

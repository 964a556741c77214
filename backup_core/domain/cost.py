"""What the snapshots of a disk hold over time, and so what is billed for them.

Azure bills incremental snapshots by what they hold: all that is used of the disk for the oldest, and for each other
one what changed since the one before it that is still there (documented: compute, incremental snapshots). A point that
goes hands the blocks that only it held to the next one, so that what counts is always the gap between neighbours:

    bytes = used + the sum, over neighbours, of what differs between them

How much differs between two points depends on how long they lie apart. It is reckoned as of writes that meet every used
block alike: of what has not changed yet, each stretch of time changes the same share. So it rises ever more slowly, and
never above what is used. Blocks that are written more often than others make a disk differ less over longer gaps, and
more over shorter ones, than that: known for a time no longer than the shortest gap, churn is never estimated too low.

Leaves to others: which points exist when (domain/forecast.py), and prices (domain/prices.py).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from itertools import chain, groupby, islice, pairwise
from operator import itemgetter
from typing import NamedTuple

from backup_core.domain.counted_work import EXPIRED_POINT, GIGABYTE_SECONDS_OF_BOTH, SCHEDULED_BACKUP
from backup_core.domain.durations import add_months
from backup_core.domain.forecast import Lifetime

GIB = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Churn:
    """Of a disk of which `used_bytes` are used: `changed_bytes` of them differ between two looks `within` apart.
    Raises ValueError for what cannot be."""

    used_bytes: int
    changed_bytes: int
    within: timedelta = timedelta(days=1)

    def __post_init__(self) -> None:
        if not 0 <= self.changed_bytes <= self.used_bytes or self.within <= timedelta(0):
            raise ValueError(f"{self.changed_bytes} of {self.used_bytes} bytes cannot change within {self.within}")

    def between(self, gap: timedelta) -> float:
        """The bytes that differ between two points so far apart."""
        if self.changed_bytes == self.used_bytes:
            return float(self.used_bytes) if gap else 0.0
        unchanged = math.log1p(-self.changed_bytes / self.used_bytes)
        return -math.expm1(unchanged * (gap / self.within)) * self.used_bytes


class Held(NamedTuple):
    """From `at` on so many points exist, and hold so many bytes together. (Of minutes there are a hundred thousand: a
    tuple is made several times as fast.)"""

    at: datetime
    points: int
    size: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthHeld:
    """A month of the calendar, in UTC, as far as it is looked at. `gib_months` is what is billed: the GiB that are
    held, each for its part of the whole month."""

    begin: datetime
    end: datetime
    gib_months: float


def held(points: Iterable[Lifetime], churn: Churn) -> Iterator[Held]:
    """How what is held changes, from the first point on. Points may go in any order; one that comes as another goes is
    there before it."""
    return _sized(_turns(tuple(points)), churn)


def held_at(steps: Sequence[Held], instants: Sequence[datetime]) -> tuple[Held, ...]:
    """What is held at each of these instants, which rise."""
    found, step, left = [], None, list(reversed(steps))
    for at in instants:
        while left and left[-1].at <= at:
            step = left.pop()
        found.append(Held(at=at, points=step.points, size=step.size) if step else Held(at=at, points=0, size=0.0))
    return tuple(found)


def by_month(steps: Sequence[Held], begin: datetime, end: datetime) -> tuple[MonthHeld, ...]:
    """What is billed from `begin` to `end`, month by month."""
    return tuple(
        MonthHeld(begin=since, end=until, gib_months=_byte_seconds(steps, since, until) / seconds / GIB)
        for since, until, seconds in _months(begin, end)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What is known of a disk: its size, or what of it is used; None where nobody has said so. `churn` is known only
    beside `used_bytes`."""

    size_bytes: int
    used_bytes: int | None = None
    churn: Churn | None = None

    @property
    def least(self) -> Churn:
        """Nothing changes."""
        return Churn(used_bytes=self.used_bytes or 0, changed_bytes=0)

    @property
    def most(self) -> Churn:
        """All of it changes between any two points."""
        used = self.size_bytes if self.used_bytes is None else self.used_bytes
        return Churn(used_bytes=used, changed_bytes=used)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What is held on the dates that were asked for, and month by month."""

    dates: tuple[Held, ...]
    months: tuple[MonthHeld, ...]

    @property
    def gib_months(self) -> float:
        return sum(month.gib_months for month in self.months)


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """No less than `least`, no more than `most`; `estimate` is None where churn is not known."""

    least: float
    estimate: float | None
    most: float

    def less(self, other: Between) -> Between:
        """Bound by bound: what is looked at differs in one thing only."""
        known = self.estimate is not None and other.estimate is not None
        estimate = self.estimate - other.estimate if known else None  # type: ignore[operator]
        return Between(least=self.least - other.least, estimate=estimate, most=self.most - other.most)

    def times(self, factor: float) -> Between:
        estimate = None if self.estimate is None else self.estimate * factor
        return Between(least=self.least * factor, estimate=estimate, most=self.most * factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Of one disk, from `begin` to `end`, in which `taken` points come and `gone` go."""

    begin: datetime
    end: datetime
    taken: int
    gone: int
    least: Course
    likely: Course | None
    most: Course

    def between(self, of: Callable[[Course], float]) -> Between:
        return Between(
            least=of(self.least), estimate=None if self.likely is None else of(self.likely), most=of(self.most)
        )


def estimate(
    points: Sequence[Lifetime], use: Use, begin: datetime, end: datetime, *, dates: Sequence[datetime]
) -> Estimate:
    """Of a disk of which `points` exist at `begin` or come later. `dates` rise."""
    turns = tuple(_turns(points))

    def course(churn: Churn) -> Course:
        steps = list(_sized(turns, churn))
        return Course(dates=held_at(steps, dates), months=by_month(steps, begin, end))

    return Estimate(
        begin=begin,
        end=end,
        taken=sum(begin < point.taken_at <= end for point in points),
        gone=sum(point.goes_at is not None and begin < point.goes_at <= end for point in points),
        least=course(use.least),
        likely=None if use.churn is None else course(use.churn),
        most=course(use.most),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyLifetime:
    """A copy in another region. `is_to_come`: it is yet to be transferred, or was within what is looked at."""

    lifetime: Lifetime
    is_to_come: bool


def transferred_gib(copies: Sequence[CopyLifetime], use: Use) -> Between:
    """What goes to another region for the copies of a disk to come, given oldest first: of the first all that is used,
    of each other one what differs from the copy before it (documented)."""

    def gib(churn: Churn) -> float:
        total, before = 0.0, None
        for copy in copies:
            at = copy.lifetime.taken_at
            if copy.is_to_come:
                total += churn.used_bytes if before is None else churn.between(at - before)
            before = at
        return total / GIB

    return Between(least=gib(use.least), estimate=None if use.churn is None else gib(use.churn), most=gib(use.most))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the control plane does for scheduled backups and points that go."""

    executions: float
    gigabyte_seconds: float
    storage: float
    arm: float


def control_plane(backups: int, gone: int, *, memory_mb: int) -> Asked:
    """As counted for one of each; gigabyte-seconds were counted for both together, and go by executions."""
    kinds = ((SCHEDULED_BACKUP, backups), (EXPIRED_POINT, gone))
    executions = sum(work.executions * times for work, times in kinds)
    both = sum(work.executions for work, _ in kinds)
    return Asked(
        executions=executions,
        gigabyte_seconds=GIGABYTE_SECONDS_OF_BOTH[memory_mb] * executions / both,
        storage=sum((work.storage + work.host_storage) * times for work, times in kinds),
        arm=sum(work.arm * times for work, times in kinds),
    )


class _Turn(NamedTuple):
    """From `at` on so many points exist. `gaps` between neighbours are there since then; those with False no more."""

    at: datetime
    points: int
    gaps: list[tuple[timedelta, bool]]


def _turns(points: Sequence[Lifetime]) -> Iterator[_Turn]:
    """What comes and goes when, however much a gap may hold."""
    row = _Row(points=points)
    for at, together in groupby(sorted(_changes(points)), key=itemgetter(0)):
        row.gaps = []
        for _, goes, number in together:
            row.remove(number) if goes else row.append(number)
        yield _Turn(at, len(row.older), row.gaps)


def _sized(turns: Iterable[_Turn], churn: Churn) -> Iterator[Held]:
    between = cache(churn.between)  # a schedule has few different gaps
    size, before = 0.0, 0
    for at, points, gaps in turns:
        if not before:
            size = float(churn.used_bytes)
        for gap, joins in gaps:
            size += between(gap) if joins else -between(gap)
        before = points
        yield Held(at, points, size if points else 0.0)


@dataclass(slots=True, kw_only=True)
class _Row:
    """The points that exist, each with its neighbours."""

    points: Sequence[Lifetime]
    gaps: list[tuple[timedelta, bool]] = field(default_factory=list)  # that came, or went
    newest: int | None = None
    older: dict[int, int | None] = field(default_factory=dict)
    newer: dict[int, int | None] = field(default_factory=dict)

    def append(self, number: int) -> None:
        """A point that was taken after all that exist."""
        self._join(self.newest, number)
        self.newer[number], self.newest = None, number

    def remove(self, number: int) -> None:
        older, newer = self.older.pop(number), self.newer.pop(number)
        self._note(older, number, joins=False)
        self._note(number, newer, joins=False)
        self._join(older, newer)
        if newer is None:
            self.newest = older

    def _join(self, older: int | None, newer: int | None) -> None:
        self._note(older, newer, joins=True)
        if older is not None:
            self.newer[older] = newer
        if newer is not None:
            self.older[newer] = older

    def _note(self, older: int | None, newer: int | None, *, joins: bool) -> None:
        """The oldest has no gap before it, and the newest none after it."""
        if older is not None and newer is not None:
            self.gaps.append((self.points[newer].taken_at - self.points[older].taken_at, joins))


def _changes(points: Sequence[Lifetime]) -> Iterator[tuple[datetime, bool, int]]:
    """When, whether a point goes then, and which: as they sort, one comes before another goes."""
    for number, point in enumerate(points):
        yield point.taken_at, False, number
        if point.goes_at is not None:
            yield max(point.goes_at, point.taken_at), True, number


def _byte_seconds(steps: Sequence[Held], begin: datetime, end: datetime) -> float:
    first = max(bisect_right(steps, begin, key=lambda step: step.at) - 1, 0)
    total = 0.0
    for step, following in pairwise(chain(islice(steps, first, None), [None])):
        if step is None or step.at >= end:
            break
        until = end if following is None else min(following.at, end)
        total += step.size * (until - max(step.at, begin)).total_seconds()
    return total


def _months(begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, float]]:
    """The part of each month of the calendar that lies between, and how many seconds the whole month has."""
    first = begin.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while first < end:
        following = add_months(first, 1)
        yield max(first, begin), min(following, end), (following - first).total_seconds()
        first = following

"""When backups are due: repeating intervals (`R/<start>/<duration>`) in a time zone, and the slots they make.

Rules, where Azure's documentation leaves them open:
- Intervals of hours, minutes and seconds repeat in absolute time from the start instant, whatever the clocks show.
- Intervals of days, weeks, months and years keep the start's wall-clock time. When clocks go forward over that time,
  the slot comes as much later as they went (02:30 becomes 03:30, as RFC 5545 has it), but never on another day; when
  they go back, the first of the two counts. A month without the start's day has its slot on its last day.
- A start with an offset is that instant; its wall-clock time is the one that the schedule's zone shows then. A start
  without an offset is wall-clock time in the zone.
- Several intervals are united; an instant that several of them name is one slot. Slots are whole seconds.

No question costs more when the start lies longer ago. Leaves to others: what is done at a slot.
"""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import count, islice
from math import ceil, gcd, lcm

from backup_core.domain.durations import Duration, add_months, parse_duration
from backup_core.domain.zones import find_zone

INTERVALS_LIMIT = 24
SHORTEST_INTERVAL = timedelta(minutes=1)
LONGEST_INTERVAL_YEARS = 10
START_YEARS = range(1970, 2200)

_DAY = 86_400
_MONTH = 30.436875 * _DAY  # the Gregorian mean
_MONTHS_DRIFT = 3 * _DAY  # no run of months differs from its mean length by more
_CLOCK_CHANGE = 3 * 3600  # no zone moves its clocks further at once, but for those that skip a whole day
_CLOCK_GRID = 900  # every zone's offset is a multiple of 15 minutes nowadays
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EXPECTED = "R/<start>/<duration> is expected, for example R/2026-01-01T00:00:00+00:00/PT4H"
START = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})T(?P<time>[0-9]{2}:[0-9]{2})(?:(?P<seconds>:[0-9]{2})(?:\.[0-9]+)?)?"
    r"(?P<offset>Z|[+-][0-9]{2}:?[0-9]{2})?"
)


class ScheduleFaults(ValueError):
    """All that is wrong with a schedule: (index of the interval, or None for the time zone; what)."""

    def __init__(self, faults: Sequence[tuple[int | None, str]]) -> None:
        super().__init__("; ".join(message for _, message in faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Made by `parse`. All instants asked and answered are aware; answers are UTC."""

    texts: tuple[str, ...]
    time_zone: str
    zone: tzinfo = field(compare=False, repr=False)
    intervals: tuple[Interval, ...] = field(compare=False, repr=False)

    @classmethod
    def parse(cls, texts: Sequence[str], time_zone: str) -> Schedule:
        """Read repeating intervals and the zone's name. Raises ScheduleFaults that names every fault."""
        faults: list[tuple[int | None, str]] = []
        zone: tzinfo = UTC
        try:
            zone = find_zone(time_zone)
        except ValueError as error:
            faults.append((None, str(error)))
        if not 1 <= len(texts) <= INTERVALS_LIMIT:
            faults.append((0, f"{len(texts)} repeating intervals; 1 to {INTERVALS_LIMIT} are expected"))
        intervals = []
        for index, text in enumerate(texts[:INTERVALS_LIMIT]):
            try:
                intervals.append(_parse_interval(text, zone))
            except ValueError as error:
                faults.append((index, str(error)))
        if faults:
            raise ScheduleFaults(faults)
        return cls(texts=tuple(texts), time_zone=time_zone, zone=zone, intervals=_without_repeats(intervals))

    def next_slot(self, after: datetime) -> datetime:
        """The first slot later than `after`."""
        return min(interval.slot_after(after) for interval in self.intervals)

    def slots_after(self, after: datetime) -> Iterator[datetime]:
        """All slots later than `after`, oldest first, without end."""
        for slot in heapq.merge(*(interval.forwards(after) for interval in self.intervals)):
            if slot != after:
                yield slot
                after = slot

    def newest_slot(self, at: datetime) -> datetime | None:
        """The newest slot that is not later than `at`; None before the first."""
        found = (interval.newest_slot(at) for interval in self.intervals)
        return max((slot for slot in found if slot is not None), default=None)

    def slots_between(self, after: datetime, until: datetime, limit: int) -> tuple[datetime, ...]:
        """The newest `limit` slots later than `after` and not later than `until`, oldest first."""
        return tuple(islice(_backwards(self.intervals, after, until), limit))[::-1]

    def count_between(self, after: datetime, until: datetime) -> int:
        """How many slots are later than `after` and not later than `until`.

        Reckoned, not walked, for one interval and for any number of exact ones; where wall-clock intervals are united
        with others, the slots of the wall-clock ones are walked.
        """
        if len(self.intervals) == 1:
            return self.intervals[0].count_between(after, until)
        exact = tuple(interval for interval in self.intervals if interval.is_exact)
        calendar = tuple(interval for interval in self.intervals if not interval.is_exact)
        apart = (slot for slot in _backwards(calendar, after, until) if not any(one.names(slot) for one in exact))
        return _count_exact(exact, after, until) + sum(1 for _ in apart)

    @property
    def first_slot(self) -> datetime:
        return min(interval.start for interval in self.intervals)

    @property
    def min_gap(self) -> timedelta:
        """No two slots lie closer together, ever (they may never lie so close)."""
        own = [interval.min_gap for interval in self.intervals]
        between = [
            _min_gap_between(one, other)
            for index, one in enumerate(self.intervals)
            for other in self.intervals[index + 1 :]
        ]
        return timedelta(seconds=min(own + between))

    def max_slots_in(self, window_seconds: int) -> int:
        """No half-open window of that length holds more slots, wherever it begins (it may never hold so many)."""
        if window_seconds <= 0:
            return 0
        united = sum(interval.max_slots_in(window_seconds) for interval in self.intervals)
        return min(united, ceil(window_seconds / max(1, self.min_gap.total_seconds())))


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """One repeating interval. `start` is its first slot; `wall` the wall-clock time that calendar repeats keep."""

    start: datetime
    wall: datetime
    zone: tzinfo
    period: Duration

    @property
    def is_exact(self) -> bool:
        return self.period.is_exact

    @property
    def seconds(self) -> int:
        """The period of an exact interval."""
        return self.period.clock_seconds

    def slot(self, index: int) -> datetime:
        """Slot number `index`, from 0. Does not fall with the index; a day that the zone skipped shares the next's."""
        if self.is_exact:
            return self.start + timedelta(seconds=self.seconds * index)
        if index == 0:
            return self.start
        months = add_months(self.wall, self.period.calendar_months * index)
        return to_instant(months + timedelta(days=self.period.calendar_days * index), self.zone)

    def index_at(self, at: datetime) -> int:
        """The number of the newest slot not later than `at`; -1 before the first."""
        if at < self.start:
            return -1
        if self.is_exact:
            return int((at - self.start) // timedelta(seconds=self.seconds))
        index = int((at - self.start).total_seconds() / self._mean_seconds)
        while self.slot(index) > at:  # the mean is off by days at most: one or two rounds
            index -= 1
        while self.slot(index + 1) <= at:
            index += 1
        return index

    @property
    def _mean_seconds(self) -> float:
        return self.period.calendar_months * _MONTH + self.period.calendar_days * _DAY

    def newest_slot(self, at: datetime) -> datetime | None:
        index = self.index_at(at)
        return self.slot(index) if index >= 0 else None

    def slot_after(self, after: datetime) -> datetime:
        return self.slot(self.index_at(after) + 1)

    def names(self, instant: datetime) -> bool:
        return self.newest_slot(instant) == instant

    def forwards(self, after: datetime) -> Iterator[datetime]:
        numbers = count(self.index_at(after) + 1)
        if self.is_exact:
            step = timedelta(seconds=self.seconds)
            return (self.start + step * number for number in numbers)
        return map(self.slot, numbers)

    def backwards(self, after: datetime, until: datetime) -> Iterator[datetime]:
        for index in range(self.index_at(until), -1, -1):
            slot = self.slot(index)
            if slot <= after:
                return
            yield slot

    def count_between(self, after: datetime, until: datetime) -> int:
        first, last = self.index_at(after) + 1, self.index_at(until)
        if last < first:
            return 0
        count = last - first + 1
        if not self.is_exact and self.period.calendar_months == 0 and self.period.calendar_days == 1:
            # A skipped day's slot is the next day's: the time that really passed tells how many days there were.
            days = round((self.slot(last) - self.slot(first)).total_seconds() / _DAY)
            count = min(count, days + 1)
        return count

    @property
    def clock_slack(self) -> int:
        """By how many seconds changing clocks can draw two slots together."""
        return 0 if self.is_exact or _is_utc(self.zone) else _CLOCK_CHANGE

    @property
    def min_gap(self) -> int:
        if self.is_exact:
            return self.seconds
        return (28 * self.period.calendar_months + self.period.calendar_days) * _DAY - self.clock_slack

    def max_slots_in(self, window_seconds: int) -> int:
        if self.is_exact:
            return ceil(window_seconds / self.seconds)
        drift = self.clock_slack + (_MONTHS_DRIFT if self.period.calendar_months else 0)
        by_mean = ceil((window_seconds + drift) / self._mean_seconds)
        return min(by_mean, ceil(window_seconds / self.min_gap))

    @property
    def grid(self) -> int:
        """All slots are `start` plus or minus a multiple of this many seconds."""
        if self.is_exact:
            return self.seconds
        if not _is_utc(self.zone):
            return _CLOCK_GRID
        return _DAY if self.period.calendar_months else _DAY * self.period.calendar_days

    @property
    def wall_grid(self) -> int:
        """The same for the wall-clock times of a calendar interval."""
        return _DAY if self.period.calendar_months else _DAY * self.period.calendar_days


def to_instant(wall: datetime, zone: tzinfo) -> datetime:
    """The UTC instant of a wall-clock time: the first of two; past a gap as far as the time lies in it.

    If that would be the next day already (Nuuk's clocks go from 23:00 to 00:00), as far before the gap: a day that is
    not skipped as a whole has its slot.
    """
    instant = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if instant.astimezone(zone).date() != wall.date():
        earlier = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
        return earlier if earlier.astimezone(zone).date() == wall.date() else instant
    return instant


def _parse_interval(text: str, zone: tzinfo) -> Interval:
    parts = text.split("/") if isinstance(text, str) else []
    if len(parts) != 3:
        raise ValueError(f"{text!r:.80} is not a repeating interval; {_EXPECTED}")
    if parts[0] != "R":
        raise ValueError(f"{text!r:.80} does not repeat without end; {_EXPECTED}")
    period = _parse_period(parts[2])
    start, wall = _parse_start(parts[1], zone)
    return Interval(start=start, wall=wall, zone=zone, period=period)


def _parse_period(text: str) -> Duration:
    period = parse_duration(text)
    if period.clock_seconds and not period.is_exact:
        raise ValueError(
            f"{text!r} mixes days with hours; an interval is either of days and longer, or of hours, minutes and "
            f"seconds (write P1DT12H as PT36H)"
        )
    if period.approximate_seconds < SHORTEST_INTERVAL.total_seconds():
        raise ValueError(f"{text!r} is shorter than the shortest interval, PT1M")
    if period.approximate_seconds > LONGEST_INTERVAL_YEARS * 366 * _DAY:
        raise ValueError(f"{text!r} is longer than the longest interval, P{LONGEST_INTERVAL_YEARS}Y")
    return period


def _parse_start(text: str, zone: tzinfo) -> tuple[datetime, datetime]:
    match = START.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r:.80} is not a date and time, for example 2026-01-01T00:00:00+00:00")
    offset = match["offset"] or ""
    try:
        written = datetime.fromisoformat(f"{match['date']}T{match['time']}{match['seconds'] or ':00'}{offset}")
    except ValueError as error:
        raise ValueError(f"{text!r} is not a date and time: {error}") from error
    if written.year not in START_YEARS:
        raise ValueError(f"{text!r} lies outside the years {START_YEARS[0]} to {START_YEARS[-1]}")
    if written.tzinfo is None:
        return to_instant(written, zone), written
    return written.astimezone(UTC), written.astimezone(zone).replace(tzinfo=None, fold=0)


def _is_utc(zone: tzinfo) -> bool:
    return str(zone) in ("UTC", "Etc/UTC")


def _without_repeats(intervals: Sequence[Interval]) -> tuple[Interval, ...]:
    """Leave out intervals whose every slot is another's too: they add nothing, and bounds are closer without them."""
    kept: list[Interval] = []
    for interval in sorted(intervals, key=lambda one: (one.grid, one.start)):
        if not any(_covers(other, interval) for other in kept):
            kept.append(interval)
    return tuple(kept)


def _covers(wide: Interval, narrow: Interval) -> bool:
    """Whether an exact interval, not begun later, names every slot of `narrow`."""
    apart = int((narrow.start - wide.start).total_seconds())
    return (
        wide.is_exact and apart >= 0 and narrow.grid % wide.seconds == 0 and apart % wide.seconds == 0
    ) or wide == narrow


def _backwards(intervals: Sequence[Interval], after: datetime, until: datetime) -> Iterator[datetime]:
    """The united slots, newest first, each once."""
    newest: datetime | None = None
    for slot in heapq.merge(*(interval.backwards(after, until) for interval in intervals), reverse=True):
        if slot != newest:
            yield slot
            newest = slot


@dataclass(frozen=True, slots=True)
class _Run:
    """Every `step` seconds from `first` (seconds since 1970) to the end of a window; once when `step` is 0."""

    first: int
    step: int

    def count(self, end: int) -> int:
        return (end - self.first) // self.step + 1 if self.step else 1

    def holds(self, second: int) -> bool:
        return second == self.first or (
            self.step > 0 and second >= self.first and (second - self.first) % self.step == 0
        )


def _count_exact(intervals: Sequence[Interval], after: datetime, until: datetime) -> int:
    """The size of the union, by inclusion and exclusion over what several of the intervals have in common.

    Common runs without a slot in the window are dropped, equal ones are counted together: few remain.
    """
    begin, end = _second(after) + 1, _second(until)
    signed: Counter[_Run] = Counter()  # runs, with how often each is to be counted
    for interval in intervals:
        run = _run(_second(interval.start), interval.seconds, begin, end)
        if run is None:
            continue
        added = Counter({run: 1})
        for other, times in signed.items():
            both = _common(other, run, end)
            if both is not None:
                added[both] -= times
        for one, times in added.items():
            signed[one] += times
        signed = Counter({one: times for one, times in signed.items() if times})
    return sum(times * run.count(end) for run, times in signed.items())


def _run(first: int, step: int, begin: int, end: int) -> _Run | None:
    """What lies between `begin` and `end`, both inclusive, of every `step` seconds from `first`."""
    if first < begin:
        first += -(-(begin - first) // step) * step
    if first > end:
        return None
    return _Run(first, step if first + step <= end else 0)


def _common(one: _Run, other: _Run, end: int) -> _Run | None:
    """What two runs share (Chinese remainders); None when they share nothing."""
    if one.step == 0 or other.step == 0:
        single, run = (one, other) if one.step == 0 else (other, one)
        return single if run.holds(single.first) else None
    divisor, apart = gcd(one.step, other.step), other.first - one.first
    if apart % divisor:
        return None
    rounds = apart // divisor * pow(one.step // divisor, -1, other.step // divisor) % (other.step // divisor)
    return _run(one.first + one.step * rounds, lcm(one.step, other.step), max(one.first, other.first), end)


def _second(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(seconds=1)


def _min_gap_between(one: Interval, other: Interval) -> int:
    by_grid = _nearest(one.start, other.start, gcd(one.grid, other.grid))
    if one.is_exact or other.is_exact:
        return by_grid
    by_wall = _nearest(one.wall, other.wall, gcd(one.wall_grid, other.wall_grid)) - one.clock_slack
    return max(by_grid, by_wall)


def _nearest(one: datetime, other: datetime, grid: int) -> int:
    """The shortest distance, other than none, of two series that repeat on a common grid."""
    apart = int((other - one).total_seconds()) % grid
    return min(apart, grid - apart) if apart else grid

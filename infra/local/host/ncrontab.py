"""Timer schedules: six-field NCRONTAB `{second minute hour day month day-of-week}`, five fields, or a time span.

As the NCrontab library reads them, not as Unix cron does: day and day-of-week must BOTH match, Sunday is 0 only, and
`5/10` means from 5 to the end in steps of 10. (Python's cron libraries put seconds last and join the days with "or".)
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from .settings import parse_time_span

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
           "november", "december")  # fmt: skip
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_FIELDS = (("second", 0, 59), ("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 6))
_NAMES = {"month": (1, _MONTHS), "weekday": (0, _DAYS)}
# A schedule like 30 February never comes: give up after the longest gap between two 29 Februaries on one weekday.
_FURTHEST = 41


class BadSchedule(Exception):
    """The text is neither NCRONTAB nor a time span."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crontab:
    """The values that each field admits, sorted; `weekday` counts from Sunday = 0."""

    second: tuple[int, ...]
    minute: tuple[int, ...]
    hour: tuple[int, ...]
    day: frozenset[int]
    month: frozenset[int]
    weekday: frozenset[int]
    zone: tzinfo

    def next_after(self, moment: datetime) -> datetime:
        """The first occurrence later than `moment` (aware), aware in UTC. Raises BadSchedule if there is none."""
        local = moment.astimezone(self.zone).replace(tzinfo=None)
        for day in self._days_from(local):
            for candidate in self._times_of(day, after=local):
                # In an hour that the clocks skip the run comes as much later; in one that they repeat, it comes once.
                instant = candidate.replace(tzinfo=self.zone).astimezone(UTC)
                if instant > moment:
                    return instant
        raise BadSchedule("the schedule has no next occurrence")

    def _days_from(self, local: datetime) -> Iterator[datetime]:
        for year in range(local.year, local.year + _FURTHEST):
            for month in sorted(self.month):
                if (year, month) < (local.year, local.month):
                    continue
                for day in range(1, calendar.monthrange(year, month)[1] + 1):
                    date = datetime(year, month, day)  # noqa: DTZ001 - wall clock of the schedule's zone
                    if date.date() >= local.date() and self._admits(date):
                        yield date

    def _admits(self, date: datetime) -> bool:
        return date.day in self.day and date.isoweekday() % 7 in self.weekday

    def _times_of(self, day: datetime, *, after: datetime) -> Iterator[datetime]:
        same_day = day.date() == after.date()
        for hour in self.hour:
            if same_day and hour < after.hour:
                continue
            for minute in self.minute:
                if same_day and (hour, minute) < (after.hour, after.minute):
                    continue
                for second in self.second:
                    candidate = day.replace(hour=hour, minute=minute, second=second)
                    if candidate > after:
                        yield candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A constant interval (only for dedicated plans in Azure)."""

    every: timedelta

    def next_after(self, moment: datetime) -> datetime:
        return (moment + self.every).astimezone(UTC)


Schedule = Crontab | Interval


def parse_schedule(text: str, zone: tzinfo = UTC) -> Schedule:
    """A schedule from its text. Raises BadSchedule."""
    fields = text.split()
    if len(fields) in (5, 6):
        fields = ["0", *fields] if len(fields) == 5 else fields
        values = {name: _field(part, name, low, high) for part, (name, low, high) in zip(fields, _FIELDS, strict=True)}
        return _crontab(values, zone)
    try:
        return Interval(every=parse_time_span(text))
    except ValueError as error:
        raise BadSchedule(f"The schedule expression '{text}' was not recognized as a valid cron expression.") from error


def is_oftener_than_each_minute(schedule: Schedule, moment: datetime) -> bool:
    """Whether any of the next occurrences are less than a minute apart: such timers are never monitored."""
    last = schedule.next_after(moment)
    for _ in range(5):
        following = schedule.next_after(last)
        if following - last < timedelta(minutes=1):
            return True
        last = following
    return False


def _crontab(values: dict[str, set[int]], zone: tzinfo) -> Crontab:
    return Crontab(
        second=tuple(sorted(values["second"])),
        minute=tuple(sorted(values["minute"])),
        hour=tuple(sorted(values["hour"])),
        day=frozenset(values["day"]),
        month=frozenset(values["month"]),
        weekday=frozenset(values["weekday"]),
        zone=zone,
    )


def _field(text: str, name: str, low: int, high: int) -> set[int]:
    admitted: set[int] = set()
    for part in text.split(","):
        admitted |= _part(part, name, low, high)
    return admitted


def _part(text: str, name: str, low: int, high: int) -> set[int]:
    span, slash, step_text = text.partition("/")
    step = _number(step_text, name) if slash else 1
    first_text, dash, last_text = span.partition("-")
    if span == "*":
        first, last = low, high
    else:
        first = _number(first_text, name)
        last = _number(last_text, name) if dash else high if slash else first
    first, last = min(first, last), max(first, last)
    if first < low or last > high or step < 1:
        raise BadSchedule(f"'{text}' is out of range for the {name} field ({low} to {high})")
    return set(range(first, last + 1, step))


def _number(text: str, name: str) -> int:
    if text.isascii() and text.isdigit():
        return int(text)
    base, names = _NAMES.get(name, (0, ()))
    for value, full in enumerate(names, base):
        if len(text) >= 3 and full.startswith(text.lower()):
            return value
    raise BadSchedule(f"'{text}' is not a valid value for the {name} field")

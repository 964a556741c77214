"""ISO 8601 durations in whole numbers, as retention rules and repeating intervals write them (`P7D`, `PT4H`, `P1M`).

Leaves to others: what a duration is used for, and which lengths are allowed there.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, datetime, timedelta
from functools import lru_cache

_DAY = 86_400
FORM = re.compile(
    r"P(?:(?P<years>[0-9]+)Y)?(?:(?P<months>[0-9]+)M)?(?:(?P<weeks>[0-9]+)W)?(?:(?P<days>[0-9]+)D)?"
    r"(?:T(?=[0-9])(?:(?P<hours>[0-9]+)H)?(?:(?P<minutes>[0-9]+)M)?(?:(?P<seconds>[0-9]+)S)?)?"
)
_DIGITS_LIMIT = 9  # per part; longer numbers are beyond the years below anyway
_YEARS_LIMIT = 1000  # keeps every sum with a present-day instant within what datetime can hold
_EXPECTED = "an ISO 8601 duration in whole numbers is expected, for example P7D, PT4H or P1M"


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """Parts are kept as written: P1W and P7D are equally long but not equal. Compare by `approximate_seconds`."""

    years: int = 0
    months: int = 0
    weeks: int = 0
    days: int = 0
    hours: int = 0
    minutes: int = 0
    seconds: int = 0

    def iso(self) -> str:
        """The text that `parse_duration` reads back; `PT0S` when all parts are zero."""
        date = _write((self.years, "Y"), (self.months, "M"), (self.weeks, "W"), (self.days, "D"))
        time = _write((self.hours, "H"), (self.minutes, "M"), (self.seconds, "S"))
        if not date and not time:
            return "PT0S"
        return f"P{date}T{time}" if time else f"P{date}"

    @property
    def is_exact(self) -> bool:
        """Whether it is made of hours, minutes and seconds only: the same length whatever the calendar says."""
        return not (self.years or self.months or self.weeks or self.days)

    @property
    def calendar_months(self) -> int:
        return 12 * self.years + self.months

    @property
    def calendar_days(self) -> int:
        return 7 * self.weeks + self.days

    @property
    def clock_seconds(self) -> int:
        return 3600 * self.hours + 60 * self.minutes + self.seconds

    @property
    def approximate_seconds(self) -> int:
        """With 365 days to the year and 30 to the month: for comparing, not for reckoning."""
        return _DAY * (365 * self.years + 30 * self.months + self.calendar_days) + self.clock_seconds

    @property
    def longest_seconds(self) -> int:
        """No shorter than the duration is from any instant: 366 days to twelve months, 31 to each further one."""
        years, months = divmod(self.calendar_months, 12)
        return _DAY * (366 * years + 31 * months + self.calendar_days) + self.clock_seconds

    def after(self, instant: datetime) -> datetime:
        """The UTC instant this long after `instant` (aware), reckoned on the UTC calendar.

        Years and months go first and end at the month's last day when it is shorter (Jan 31 + P1M = Feb 28 or 29),
        the rest follows. Raises OverflowError beyond the year 9999.
        """
        if instant.tzinfo is None:
            raise ValueError(f"an aware instant is needed, not {instant.isoformat()}")
        moved = instant.astimezone(UTC)
        if self.years or self.months:
            moved = add_months(moved, self.calendar_months)
        return moved + timedelta(days=self.calendar_days, seconds=self.clock_seconds)


def parse_duration(text: str) -> Duration:
    """Read an ISO 8601 duration. Raises ValueError that says what is expected.

    Not read: fractions, signs, `P` alone, anything longer than 1000 years.
    """
    if not isinstance(text, str):
        raise ValueError(f"{text!r:.80} is not a duration; {_EXPECTED}")
    return _parse(text)


@lru_cache(maxsize=256)  # a deployment has few, and each step reads some
def _parse(text: str) -> Duration:
    match = FORM.fullmatch(text)
    if match is None or not any(match.groupdict().values()):
        raise ValueError(f"{text!r:.80} is not a duration; {_EXPECTED}")
    parts = {name: digits for name, digits in match.groupdict().items() if digits}
    if any(len(digits) > _DIGITS_LIMIT for digits in parts.values()):
        raise ValueError(f"{text!r:.80} is too long a duration; at most P{_YEARS_LIMIT}Y is read")
    duration = Duration(**{name: int(digits) for name, digits in parts.items()})
    if duration.approximate_seconds > _YEARS_LIMIT * 365 * _DAY:
        raise ValueError(f"{text!r:.80} is too long a duration; at most P{_YEARS_LIMIT}Y is read")
    return duration


def add_months(moment: datetime, months: int) -> datetime:
    """`moment` that many months later, on the same day or the month's last. Raises OverflowError beyond year 9999."""
    if not months:
        return moment
    year, month = divmod(12 * moment.year + moment.month - 1 + months, 12)
    if year > MAXYEAR:
        raise OverflowError(f"{months} months after {moment.isoformat()} is beyond the calendar")
    return moment.replace(year=year, month=month + 1, day=min(moment.day, _days_in(year, month + 1)))


def _days_in(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _write(*parts: tuple[int, str]) -> str:
    return "".join(f"{number}{unit}" for number, unit in parts if number)

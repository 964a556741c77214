"""Timer schedules: six-field NCRONTAB `{second minute hour day month day-of-week}` in the zone of the app, by cronsim.

The NCrontab library of the real host differs in what the app has no use for, and that is refused: a day of the month
and a weekday together, which both have to match there; Sunday as 7; five fields; a time span in place of a schedule.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from cronsim import CronSim, CronSimError

_ANY = datetime(2000, 1, 1, tzinfo=UTC)


class BadSchedule(Exception):
    """The text is no NCRONTAB, none that is imitated, or one that never comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    text: str
    zone: tzinfo

    def next_after(self, moment: datetime) -> datetime:
        """The first occurrence later than `moment` (aware), aware in UTC."""
        return next(CronSim(self.text, moment.astimezone(self.zone))).astimezone(UTC)


def parse_schedule(text: str, zone: tzinfo = UTC) -> Schedule:
    """A schedule from its text. Raises BadSchedule."""
    fields = text.split()
    if len(fields) != 6 or "7" in fields[5] or "*" not in (fields[3], fields[5]):
        raise BadSchedule(f"The schedule expression '{text}' was not recognized as a valid cron expression.")
    schedule = Schedule(text=text.upper(), zone=zone)
    try:
        schedule.next_after(_ANY)
    except (CronSimError, StopIteration) as error:
        raise BadSchedule(f"The schedule expression '{text}' is no valid cron expression, or never comes.") from error
    return schedule


def is_oftener_than_each_minute(schedule: Schedule, moment: datetime) -> bool:
    """Whether any of the next occurrences are less than a minute apart: such timers are never monitored."""
    last = schedule.next_after(moment)
    for _ in range(5):
        following = schedule.next_after(last)
        if following - last < timedelta(minutes=1):
            return True
        last = following
    return False

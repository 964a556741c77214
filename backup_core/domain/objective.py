"""Recovery-point objectives: how old an instance's newest good point may become, and where the instance stands.

The objective is the instance's own, a duration in its tag `diskbackup-rpo`, else its policy's: the longest gap between
two slots of the schedule and a grace on top, a quarter of that gap, at least 15 minutes and at most 6 hours.

An instance is held to it from the first slot of its present configuration on, so that a new schedule, or protection
that is resumed, is no breach before its first backup can have come.

Leaves to others: who looks when (workflows/objectives.py) and what is told (workflows/alerts.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import lru_cache
from itertools import pairwise
from math import lcm

from backup_core.domain.alert import Cause
from backup_core.domain.durations import parse_duration
from backup_core.domain.instance import BackupInstance, ProtectionState
from backup_core.domain.schedule import Interval, Schedule

TAG = "diskbackup-rpo"
SHORTEST = timedelta(minutes=15)
LONGEST = timedelta(days=366)
LEAST_GRACE = timedelta(minutes=15)
MOST_GRACE = timedelta(hours=6)
LATE_AFTER = timedelta(minutes=5)  # a backup that runs well has its point by then
CLOCK_SKEW = timedelta(seconds=10)  # by which Azure's clock, which dates the points, may be behind ours
_DAY = 86_400
_FOUR_YEARS = 1461 * _DAY  # after which months are as long as before
_MOST_SLOTS_WALKED = 10_000
_LONGEST_WALK = timedelta(days=40 * 366)


class ObjectiveState(Enum):
    PROTECTED = "protected"
    AT_RISK = "atRisk"
    BREACHED = "breached"
    PAUSED = "paused"
    ERROR = "error"


IN_TROUBLE = (ObjectiveState.AT_RISK, ObjectiveState.BREACHED)
_PAUSED = {
    ProtectionState.STOPPED: "Protection is stopped; all recovery points are kept.",
    ProtectionState.SUSPENDED: "Backups are suspended.",
    ProtectionState.DELETING: "The instance is being deleted.",
    ProtectionState.SOFT_DELETED: "The instance is soft-deleted.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """All of an instance that its standing follows from, whatever time it is: small enough for a column of its own."""

    state: ProtectionState
    objective_seconds: int
    point_at: datetime | None  # when the newest good point was taken
    owed_at: datetime  # the first slot that no good point answers yet
    breaches_at: datetime
    has_failed: bool = False  # whether a backup of that slot, or of a later one, ended without a point
    trouble: str = ""  # what else is known to be wrong: the cause of an open alert, or the code of an error

    @property
    def objective(self) -> timedelta:
        return timedelta(seconds=self.objective_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`age` is that of the newest good point, None without one."""

    state: ObjectiveState
    reason: str
    objective: timedelta
    age: timedelta | None


def standing_of(instance: BackupInstance, now: datetime) -> Standing:
    return judge(marks_of(instance), now)


def judge(marks: Marks, now: datetime) -> Standing:
    """Where an instance stands, and why."""
    state, reason = _verdict(marks, now)
    age = None if marks.point_at is None else max(now - marks.point_at, timedelta(0))
    return Standing(state=state, reason=reason, objective=marks.objective, age=age)


def _verdict(marks: Marks, now: datetime) -> tuple[ObjectiveState, str]:
    if marks.state in _PAUSED:
        return ObjectiveState.PAUSED, _PAUSED[marks.state]
    if marks.state is ProtectionState.ERROR:
        return ObjectiveState.ERROR, f"The disk could not be protected as asked{_because(marks)}."
    if marks.state is ProtectionState.CONFIGURING:
        return ObjectiveState.AT_RISK, "Protection is being configured."
    if now >= marks.breaches_at:
        return ObjectiveState.BREACHED, f"{_point(marks, now)}{_because(marks)}."
    if marks.point_at is None or now >= marks.point_at + marks.objective:
        first = f"the first backup of the present schedule is due at {_time(marks.owed_at)}"
        return ObjectiveState.AT_RISK, f"{_point(marks, now)}; {first}{_because(marks)}."
    if marks.has_failed or now >= marks.owed_at + LATE_AFTER:
        missing = f"the slot of {_time(marks.owed_at)} has no recovery point{'' if marks.has_failed else ' yet'}"
        return ObjectiveState.AT_RISK, f"{_point(marks, now)}; {missing}{_because(marks)}."
    return ObjectiveState.PROTECTED, f"{_point(marks, now)}."


def _point(marks: Marks, now: datetime) -> str:
    objective = f"the objective is {length_text(marks.objective)}"
    if marks.point_at is None:
        return f"There is no recovery point; {objective}"
    return f"The newest recovery point is {length_text(now - marks.point_at)} old; {objective}"


def _because(marks: Marks) -> str:
    return f" ({marks.trouble})" if marks.trouble else ""


def marks_of(instance: BackupInstance) -> Marks:
    schedule = instance.policy.schedule
    objective = objective_of(instance)
    first = instance.due_from or schedule.next_slot(instance.created_at)
    point_at = instance.newest_point.created_at if instance.newest_point else None
    owed_at = first if point_at is None else max(first, schedule.next_slot(point_at + CLOCK_SKEW))
    newest_slot = instance.newest_slot
    return Marks(
        state=instance.state,
        objective_seconds=int(objective.total_seconds()),
        point_at=point_at,
        owed_at=owed_at,
        breaches_at=max(first, point_at or first) + objective,
        has_failed=newest_slot is not None and newest_slot >= owed_at and instance.active is None,
        trouble=_trouble(instance),
    )


def _trouble(instance: BackupInstance) -> str:
    if instance.error is not None:
        return instance.error.code
    return next((opened.cause for opened in reversed(instance.alerts) if opened.cause != Cause.RPO), "")


def objective_of(instance: BackupInstance) -> timedelta:
    """The instance's own objective, or its policy's when it has none or it cannot be read."""
    try:
        own = own_objective(instance.tags)
    except ValueError:
        own = None  # refused when it is configured; what an older release took counts as none
    return own or policy_objective(instance.policy.schedule, _reference(instance).year)


def needs_check(instance: BackupInstance) -> bool:
    """Whether it may breach its objective though every backup succeeds: it asks for more than its schedule gives."""
    return objective_of(instance) < policy_objective(instance.policy.schedule, _reference(instance).year)


def _reference(instance: BackupInstance) -> datetime:
    return instance.newest_point.created_at if instance.newest_point else instance.created_at


def own_objective(tags: Mapping[str, str]) -> timedelta | None:
    """What the tag says; None without one. Raises ValueError that says what is expected."""
    text = next((value for name, value in tags.items() if name.lower() == TAG), None)
    if text is None:
        return None
    length = timedelta(seconds=parse_duration(text.strip()).approximate_seconds)
    if not SHORTEST <= length <= LONGEST:
        raise ValueError(f"{text!r}: an objective lasts from PT15M to P366D")
    return length


def policy_objective(schedule: Schedule, year: int) -> timedelta:
    gap = longest_gap(schedule, year)
    return gap + min(max(gap / 4, LEAST_GRACE), MOST_GRACE)


@lru_cache(maxsize=1024)
def longest_gap(schedule: Schedule, year: int) -> timedelta:
    """No two neighbouring slots lie further apart, as the calendar and the clocks of about that year have it.

    Found by walking the slots until they repeat. Where that would be a long walk, the longest gap of one interval by
    itself, which the others can only shorten.
    """
    alone = min(_longest_alone(interval) for interval in schedule.intervals)
    if len(schedule.intervals) == 1 and schedule.intervals[0].is_exact:
        return timedelta(seconds=alone)
    begin = max(schedule.first_slot, datetime(year, 1, 1, tzinfo=UTC))
    until = max(begin, *(interval.start for interval in schedule.intervals)) + _repeats_after(schedule)
    if (
        until - begin > _LONGEST_WALK
        or schedule.max_slots_in(int((until - begin).total_seconds())) > _MOST_SLOTS_WALKED
    ):
        return timedelta(seconds=alone)
    slots = schedule.slots_between(begin - timedelta(seconds=1), until, _MOST_SLOTS_WALKED)
    return max((later - earlier for earlier, later in pairwise(slots)), default=timedelta(seconds=alone))


def _longest_alone(interval: Interval) -> int:
    """In seconds."""
    if interval.is_exact:
        return interval.seconds
    days = 31 * interval.period.calendar_months + interval.period.calendar_days
    return days * _DAY + interval.clock_slack


def _repeats_after(schedule: Schedule) -> timedelta:
    """How long a walk sees all gaps: the common period and one more of the longest, a year where clocks change."""
    periods = [_repeat_seconds(interval) for interval in schedule.intervals]
    common = lcm(*periods)
    if any(interval.clock_slack for interval in schedule.intervals):
        common = max(common, 366 * _DAY)
    total = common + max(_longest_alone(interval) for interval in schedule.intervals)
    return timedelta(seconds=min(total, 2 * int(_LONGEST_WALK.total_seconds())))


def _repeat_seconds(interval: Interval) -> int:
    months, days = interval.period.calendar_months, interval.period.calendar_days
    if interval.is_exact:
        return interval.seconds
    return lcm(months, 48) // 48 * _FOUR_YEARS * max(1, days) if months else days * _DAY


def length_text(length: timedelta) -> str:
    """`3 d 4 h`, `4 h 10 min` or `10 min`: for people."""
    minutes = max(int(length.total_seconds() // 60), 0)
    days, rest = divmod(minutes, 24 * 60)
    hours, left = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {left} min" if left else f"{hours} h"
    return f"{left} min"


def _time(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")

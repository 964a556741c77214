"""What the compliance report says of copies in other regions: for each, whether it is as near to the disk as it may be,
and what became of the copies that were due.

A copy was made when its job completed, and missed when it was due and will not be made any more, or waits for longer
than the region's objective (domain/copying.py) allows. One that became whole later than that was late, as far as it is
kept still. Attempts that failed count for themselves: what failed once and was made then is no miss.

Leaves to others: the rest of the report (domain/compliance.py).
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from backup_core.domain.copying import CopyRule, CopyState, behind, copy_objective
from backup_core.domain.health import CopyGlance, JobGlance
from backup_core.domain.instance import BackupInstance, CopyStanding
from backup_core.domain.job import JobStatus
from backup_core.domain.objective import ObjectiveState, standing_of

_THERE = (CopyState.COMPLETED, CopyState.EXPIRING)


@dataclass(slots=True, kw_only=True)
class CopyTally:
    """What jobs and records of the copies of an instance in one lane add up to, as they are read. Of points of the
    period, `owed_since` are the times of those that wait, in seconds since 1970, and `took` the seconds until copies of
    the others were whole."""

    location: str = ""
    made: int = 0
    failed: int = 0
    missed: int = 0
    kept: int = 0
    lost: int = 0
    blocked: int = 0
    owed_since: array[int] = field(default_factory=lambda: array("q"))
    took: array[int] = field(default_factory=lambda: array("q"))
    newest: CopyGlance | None = None

    def add_job(self, job: JobGlance) -> None:
        """One that was begun in the period."""
        self.made += job.status is JobStatus.COMPLETED
        self.missed += job.is_missed
        self.failed += job.status is JobStatus.FAILED and not job.is_missed

    def add_copy(self, copy: CopyGlance, *, is_of_period: bool) -> None:
        """What is kept counts whenever its point was taken."""
        self.location = copy.location
        self.kept += copy.state in _THERE
        self.blocked += copy.is_blocked
        if copy.state is CopyState.COMPLETED and (self.newest is None or copy.point_at > self.newest.point_at):
            self.newest = copy
        if not is_of_period:
            return
        self.lost += copy.state is CopyState.LOST and copy.completed_at is not None
        if copy.state in (CopyState.WAITING, CopyState.COPYING):
            self.owed_since.append(int(copy.point_at.timestamp()))
        elif copy.completed_at is not None:
            self.took.append(int((copy.completed_at - copy.point_at).total_seconds()))

    def forget_copies(self) -> None:
        """There are too many to be read: what was counted of them is too little."""
        self.kept = self.lost = self.blocked = 0
        self.owed_since, self.took, self.newest = array("q"), array("q"), None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionReport:
    """`age` is that of the data in the newest whole copy, None without one; `objective` how old it may be, None without
    a rule, which has no name then. `waiting` are owed still; those that wait for too long are in `missed`, too."""

    location: str
    rule_name: str
    state: ObjectiveState
    objective: timedelta | None
    age: timedelta | None
    newest_id: str
    newest_at: datetime | None
    completed_at: datetime | None
    made: int
    late: int
    failed: int
    missed: int
    waiting: int
    kept: int
    lost: int
    blocked: int


def regions_of(
    instance: BackupInstance, rules: Sequence[CopyRule], tallies: Mapping[str, CopyTally], now: datetime
) -> tuple[RegionReport, ...]:
    """Of each lane that `rules` of the vault copy to, or that anything is known of, in the order of their locations."""
    mine = {rule.lane: rule for rule in rules if rule.is_of(instance.policy.name)}
    standings = {each.lane: each for each in instance.copy_standings}
    late = {each.lane for each in behind(instance, mine.values(), now)}
    found = [
        _region(instance, mine.get(lane), standings.get(lane), tallies.get(lane) or CopyTally(), lane in late, now)
        for lane in sorted({*mine, *standings, *tallies})
    ]
    return tuple(sorted(found, key=lambda region: (region.location, region.rule_name)))


def _region(
    instance: BackupInstance,
    rule: CopyRule | None,
    known: CopyStanding | None,
    tally: CopyTally,
    is_late: bool,
    now: datetime,
) -> RegionReport:
    objective = copy_objective(instance, rule) if rule is not None else None
    newest_at = known.newest_at if known is not None else None
    newest_id = known.newest_id if known is not None else ""
    too_old = objective is not None and instance.takes_scheduled_backups
    return RegionReport(
        location=rule.location if rule is not None else known.location if known is not None else tally.location,
        rule_name=rule.name if rule is not None else "",
        state=_state(instance, rule, newest_at, is_late, now),
        objective=objective,
        age=max(now - newest_at, timedelta(0)) if newest_at is not None else None,
        newest_id=newest_id,
        newest_at=newest_at,
        completed_at=tally.newest.completed_at if tally.newest and tally.newest.copy_id == newest_id else None,
        made=tally.made,
        late=sum(took > objective.total_seconds() for took in tally.took) if objective is not None else 0,
        failed=tally.failed,
        missed=tally.missed + (_overdue(tally, now - objective) if objective is not None and too_old else 0),
        waiting=len(tally.owed_since),
        kept=tally.kept,
        lost=tally.lost,
        blocked=tally.blocked,
    )


def _overdue(tally: CopyTally, since: datetime) -> int:
    return sum(at < since.timestamp() for at in tally.owed_since)


def _state(
    instance: BackupInstance, rule: CopyRule | None, newest_at: datetime | None, is_late: bool, now: datetime
) -> ObjectiveState:
    """What is paused or in error at home is so everywhere, and so is a region that nothing is copied to any more."""
    at_home = standing_of(instance, now).state
    if at_home in (ObjectiveState.PAUSED, ObjectiveState.ERROR):
        return at_home
    if rule is None:
        return ObjectiveState.PAUSED
    if is_late:
        return ObjectiveState.BREACHED
    return ObjectiveState.AT_RISK if newest_at is None else ObjectiveState.PROTECTED

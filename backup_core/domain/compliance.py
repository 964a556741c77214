"""Compliance: for each instance, what its schedule asked for in a period and what was done.

Rules: a slot was taken when its own backup completed; one that a later backup stood for, or that failed, was missed. A
slot whose backup began more than five minutes after it was late. A restore that completed is a restore test, as is a
test that passed; one that failed counts for itself, and the newest one is told with what it saw. The longest gap is the
longest time within the period from one good point to the next, the period's ends included. Of copies in other regions
each region tells for itself (domain/copy_report.py).

What is not known: a schedule that was changed within the period counts as if it had always been the present one, and
slots of a time in which protection was paused and resumed count as missed. An instance that is paused now is asked for
slots up to the last that was begun.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from backup_core.domain.copy_report import CopyTally, RegionReport, regions_of
from backup_core.domain.copying import CopyRule
from backup_core.domain.health import CopyGlance, JobGlance, PointGlance
from backup_core.domain.hold import Hold, standing
from backup_core.domain.instance import BackupInstance
from backup_core.domain.job import Job, JobOperation, JobStatus
from backup_core.domain.objective import LATE_AFTER, ObjectiveState, objective_of, standing_of
from backup_core.domain.recovery_point import PointState
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.restore_test import RestoreTest

_SECOND = timedelta(seconds=1)
_SUCCESS = (JobStatus.COMPLETED, JobStatus.COMPLETED_WITH_WARNINGS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From `begin` (in it) to `end` (not in it)."""

    begin: datetime
    end: datetime

    def __contains__(self, at: datetime) -> bool:
        return self.begin <= at < self.end


@dataclass(slots=True, kw_only=True)
class Tally:
    """What the jobs, points and copies of one instance add up to, as they are read: `copies` by lane. `point_times` are
    seconds since 1970."""

    taken: int = 0
    late: int = 0
    failed: int = 0
    running: int = 0
    on_demand: int = 0
    restores: int = 0
    tests_failed: int = 0
    newest_test: JobGlance | None = None
    lost: int = 0
    held: int = 0
    point_times: array[int] = field(default_factory=lambda: array("q"))
    copies: defaultdict[str, CopyTally] = field(default_factory=lambda: defaultdict(CopyTally))

    def add_job(self, job: JobGlance, period: Period, *, is_lost: bool) -> None:
        """Count a job, if its slot, or without one its creation, lies in the period. Is its point lost, so is the
        time at which it was good."""
        if (job.slot or job.created_at) not in period:
            return
        if job.operation is JobOperation.RESTORE_TEST:
            self._add_test(job)
        elif job.operation is JobOperation.RESTORE:
            self.restores += job.status in _SUCCESS
        elif job.operation is JobOperation.BACKUP:
            self._add_backup(job, is_lost)
        elif job.operation is JobOperation.COPY and job.lane:
            self.copies[job.lane].add_job(job)

    def _add_test(self, job: JobGlance) -> None:
        self.restores += job.status in _SUCCESS
        self.tests_failed += job.status is JobStatus.FAILED
        has_verdict = job.status in (*_SUCCESS, JobStatus.FAILED)
        if has_verdict and (self.newest_test is None or job.created_at > self.newest_test.created_at):
            self.newest_test = job

    def _add_backup(self, job: JobGlance, is_lost: bool) -> None:
        began = job.started_at or job.created_at
        if job.status in _SUCCESS and not is_lost:
            self.point_times.append(int(began.timestamp()))
        if job.slot is None:
            self.on_demand += job.status in _SUCCESS
            return
        self.taken += job.status in _SUCCESS
        self.late += job.status in _SUCCESS and began - job.slot > LATE_AFTER
        self.failed += job.status is JobStatus.FAILED
        self.running += not job.status.is_terminal

    def add_point(self, point: PointGlance, period: Period, now: datetime) -> None:
        """Whether it is held counts whenever it was taken."""
        self.held += point.is_held_at(now)
        if point.created_at not in period:
            return
        if point.state is PointState.LOST:
            self.lost += 1
        else:
            self.point_times.append(int(point.created_at.timestamp()))

    def add_copy(self, copy: CopyGlance, period: Period) -> None:
        self.copies[copy.lane].add_copy(copy, is_of_period=copy.point_at in period)

    def forget_records(self) -> None:
        """There are too many points or copies to be read: what was counted of them is too little."""
        self.lost = self.held = 0
        for copies in self.copies.values():
            copies.forget_copies()


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreEvidence:
    """What a restore test saw. Of one whose row is not read for the report, only its id, time and verdict are known."""

    job_id: str
    at: datetime
    verdict: str  # Passed, PassedWithWarnings, Failed
    point_id: str = ""
    point_time: datetime | None = None
    sampled_bytes: int = 0
    data_hash: str = ""
    findings: tuple[str, ...] = ()

    @classmethod
    def at_a_glance(cls, job: JobGlance) -> RestoreEvidence:
        return cls(job_id=job.job_id, at=job.created_at, verdict=_VERDICTS[job.status])

    @classmethod
    def of(cls, job: Job) -> RestoreEvidence:
        """As an auditor needs it: the sampled bytes are those of the disk, which the snapshot's were held against."""
        test = RestoreTest.of(job)
        return cls(
            job_id=job.job_id,
            at=job.created_at,
            verdict=_VERDICTS[job.status],
            point_id=job.point_id,
            point_time=datetime.fromisoformat(test.point_time) if test.point_time else None,
            sampled_bytes=sum(int(each["length"]) for each in test.ranges),
            data_hash=test.digest,
            findings=(*test.faults, *(warning.message for warning in job.warnings)),
        )


_VERDICTS = {
    JobStatus.COMPLETED: "Passed",
    JobStatus.COMPLETED_WITH_WARNINGS: "PassedWithWarnings",
    JobStatus.FAILED: "Failed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceReport:
    """`missed` are the slots due that were neither taken nor are being taken; those that failed are among them. `held`
    counts the points that are held now by holds of their own, `holds` names those on the instance or its vault."""

    vault: VaultKey
    name: str
    disk_id: str
    policy_name: str
    state: ObjectiveState
    objective: timedelta
    due: int
    taken: int
    late: int
    missed: int
    failed: int
    on_demand: int
    lost: int
    held: int
    holds: tuple[str, ...]
    restore_tests: int
    tests_failed: int
    last_test: RestoreEvidence | None
    longest_gap: timedelta
    copies: tuple[RegionReport, ...] = ()


def report_of(
    vault: VaultKey,
    instance: BackupInstance,
    tally: Tally,
    period: Period,
    now: datetime,
    holds: Iterable[Hold] = (),
    last_test: RestoreEvidence | None = None,
    rules: Sequence[CopyRule] = (),
) -> InstanceReport:
    """`holds` and copy `rules`: those of the vault."""
    due = _slots_due(instance, period, now)
    return InstanceReport(
        vault=vault,
        name=instance.name,
        disk_id=instance.disk_id,
        policy_name=instance.policy.name,
        state=standing_of(instance, now).state,
        objective=objective_of(instance),
        due=due,
        taken=tally.taken,
        late=tally.late,
        missed=max(0, due - tally.taken - tally.running),
        failed=tally.failed,
        on_demand=tally.on_demand,
        lost=tally.lost,
        held=tally.held,
        holds=tuple(hold.name for hold in standing((*holds, *instance.holds), now)),
        restore_tests=tally.restores,
        tests_failed=tally.tests_failed,
        last_test=last_test,
        longest_gap=_longest_gap(instance, tally.point_times, period, now),
        copies=regions_of(instance, rules, tally.copies, now),
    )


def _slots_due(instance: BackupInstance, period: Period, now: datetime) -> int:
    begin, end = max(period.begin, instance.created_at), min(period.end, now + _SECOND)
    if not instance.takes_scheduled_backups:
        end = min(end, (instance.newest_slot or instance.created_at) + _SECOND)
    return instance.policy.schedule.count_between(begin - _SECOND, end - _SECOND) if begin < end else 0


def _longest_gap(instance: BackupInstance, times: array[int], period: Period, now: datetime) -> timedelta:
    begin = max(period.begin, instance.policy.schedule.next_slot(instance.created_at))
    end = min(period.end, now)
    if begin >= end:
        return timedelta(0)
    inside = sorted(time for time in set(times) if begin.timestamp() <= time <= end.timestamp())
    bounds = [begin, *(datetime.fromtimestamp(time, UTC) for time in inside), end]
    return max(later - earlier for earlier, later in pairwise(bounds))

"""What must hold of slots and jobs whatever happened, in words and in code. Each check answers the faults it found.

1. *Every slot that became due has one end*: it was taken (its job completed, or its recovery point is there), or its
   job failed or was cancelled, or it is on record as missed, with the reason. Exactly one of these; a failed job whose
   snapshot turned up whole after all, and was adopted, counts as taken.
2. *A slot has one job at most*, and the count of missed slots is that of the slots missed.
3. *An ended job stays as it ended*: no later write changes its status, its end, its error or its point.

They ask for records only, so that any simulation can be held to them: a platform in memory, a fleet, tables read back
from an emulator. What became due is for the caller to know; `Due` notes it for a platform in memory.

Leaves to others: points and snapshots (`Platform.check_invariants`), and processes that die (tests/chaos).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from backup_core.domain.instance import MISSED_SLOTS_KEPT, BackupInstance, ProtectionState
from backup_core.domain.job import Job, JobOperation, JobStatus
from backup_core.domain.naming import scheduled_job_id
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import VaultKey


class End(Enum):
    TAKEN = "taken"
    FAILED = "failed"
    CANCELLED = "cancelled"
    MISSED = "missed"


_ENDS = {
    JobStatus.COMPLETED: End.TAKEN,
    JobStatus.COMPLETED_WITH_WARNINGS: End.TAKEN,
    JobStatus.FAILED: End.FAILED,
    JobStatus.CANCELLED: End.CANCELLED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What is on record of one instance: of one generation, where several bore its name one after another. `instance`
    is None where it was deleted: then its jobs are all there is, and name the slots that they stood for."""

    jobs: Sequence[Job]
    points: Sequence[RecoveryPoint]
    instance: BackupInstance | None

    @classmethod
    def of_generation(cls, vault: VaultKey, name: str, generation: str, every: Records) -> Records:
        """The part of `every` that is of one generation."""
        jobs = [
            job
            for job in every.jobs
            if job.slot is not None and job.job_id == scheduled_job_id(vault, name, generation, job.slot)
        ]
        own = {job.job_id for job in jobs}
        instance = every.instance if every.instance and every.instance.generation == generation else None
        return cls(jobs=jobs, points=[point for point in every.points if point.job_id in own], instance=instance)

    def scheduled(self) -> Iterator[Job]:
        return (job for job in self.jobs if job.operation is JobOperation.BACKUP and job.slot is not None)

    @property
    def is_gone(self) -> bool:
        """Whether what the instance itself knew has gone with it, or will."""
        return self.instance is None or self.instance.state is ProtectionState.DELETING


def ends_of(slot: datetime, records: Records) -> set[End]:
    """All ends that the records tell of a slot."""
    ends = {_ENDS[job.status] for job in records.scheduled() if job.slot == slot and job.is_ended}
    if any(point.slot == slot for point in records.points):
        ends = (ends - {End.FAILED}) | {End.TAKEN}
    stood_for = any(slot in job.missed_slots for job in records.scheduled() if job.status is JobStatus.CANCELLED)
    if (stood_for and not ends) or (records.instance is not None and slot in records.instance.missed_slots):
        ends.add(End.MISSED)
    return ends


def faults_of_slots(due: Iterable[datetime], records: Records) -> list[str]:
    """Invariants 1 and 2, once everything is quiet. What a deleted instance had on record itself is gone with it, as
    its points are: of its slots it is only asked that none has two ends."""
    return [*_ends(due, records), *_jobs(records), *_counts(records.instance)]


def _ends(due: Iterable[datetime], records: Records) -> Iterator[str]:
    for slot in due:
        ends = ends_of(slot, records)
        if not ends and not records.is_gone:
            yield f"slot {slot:%d. %H:%M} was due and left no trace"
        elif len(ends) > 1:
            yield f"slot {slot:%d. %H:%M} is {' and '.join(sorted(end.value for end in ends))}"


def _jobs(records: Records) -> Iterator[str]:
    for slot, count in Counter(job.slot for job in records.scheduled()).items():
        if count > 1:
            yield f"slot {slot} has {count} jobs"
    yield from (f"job {job.job_id} of {job.slot} is {job.status.value}" for job in records.jobs if not job.is_ended)


def _counts(instance: BackupInstance | None) -> Iterator[str]:
    if instance is None:
        return
    named = len(instance.missed_slots)
    if instance.missed_count < named or (named < MISSED_SLOTS_KEPT and instance.missed_count != named):
        yield f"{named} missed slots are named, and {instance.missed_count} counted"
    yield from (f"{missed.slot} is missed for no reason" for missed in instance.missed if not missed.because)


@dataclass(slots=True)
class Endings:
    """Invariant 3: shown all jobs again and again, it tells what changed of one that had ended."""

    _ended: dict[str, Job] = field(default_factory=dict)

    def look(self, jobs: Iterable[Job]) -> list[str]:
        faults = []
        for job in jobs:
            before = self._ended.get(job.job_id)
            if before is not None and job != before:
                faults.append(f"job {job.job_id} had ended as {before.status.value} and is {job.status.value} now")
            if job.is_ended:
                self._ended[job.job_id] = job
        return faults


@dataclass(slots=True)
class Due:
    """Which slots became due: asked at each of their instants, before anything else happens then.

    A slot is due when its instance takes scheduled backups, by the schedule that it has at that instant, and not before
    the first slot of its present configuration.
    """

    slots: set[tuple[str, datetime]] = field(default_factory=set)  # the instance's generation and the slot

    def note(self, now: datetime, instance: BackupInstance | None) -> None:
        if instance is None or not instance.takes_scheduled_backups or instance.due_from is None:
            return
        if now >= instance.due_from and instance.policy.schedule.newest_slot(now) == now:
            self.slots.add((instance.generation, now))

    def by_generation(self) -> dict[str, list[datetime]]:
        found: dict[str, list[datetime]] = {}
        for generation, slot in sorted(self.slots):
            found.setdefault(generation, []).append(slot)
        return found

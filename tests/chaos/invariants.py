"""What must hold whatever dies, read off the simulator's ledger, the records and the queues. Each check names faults.

Leaves to others: making things die (rounds.py).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from backup_core.domain.agenda import AgendaKind
from backup_core.domain.durations import parse_duration
from backup_core.domain.instance import BackupInstance
from backup_core.domain.job import Job, JobOperation, JobStatus
from backup_core.domain.recovery_point import OWNER_VALUE, PointState, RecoveryPoint
from infra.local.demo.clients import Entry
from tests.benchmarks.scene import Scene

# A sweep a minute, and up to two minutes until another host takes over the timer of one that died.
EXPIRY_DELAY = timedelta(minutes=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the round asked of the product: the slots of every instance, requests accepted, and what is not to go."""

    slots: Sequence[datetime]
    accepted: Counter[str]  # on-demand backups by instance
    held: frozenset[str]  # snapshot ids
    foreign: frozenset[str]  # snapshot ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that can be known once everything is quiet."""

    created: Sequence[Entry]
    deleted: Sequence[Entry]
    jobs: Sequence[Job]
    instances: Sequence[BackupInstance]
    points: Sequence[RecoveryPoint]
    watched: int
    poisoned: dict[str, int]

    @classmethod
    def of(cls, scene: Scene) -> Evidence:
        ledger = scene.ledger()
        return cls(
            created=[entry for entry in ledger if entry.what == "snapshot.created"],
            deleted=[entry for entry in ledger if entry.what == "snapshot.deleted"],
            jobs=scene.jobs(),
            instances=scene.instances(),
            points=scene.points(),
            watched=len(list(scene.store.agenda(AgendaKind.WATCH))),
            poisoned=scene.poisoned(),
        )


def faults(asked: Asked, seen: Evidence) -> list[str]:
    """Every invariant that does not hold, in words; none is what we want."""
    return [
        *_lost_slots(asked, seen),
        *_lost_requests(asked, seen),
        *_doubles(seen),
        *_wrong_deletions(asked, seen),
        *_leftovers(asked, seen),
        *(f"{count} messages in {queue}" for queue, count in seen.poisoned.items()),
    ]


def _lost_slots(asked: Asked, seen: Evidence) -> Iterator[str]:
    """A slot is taken; or it is recorded as missed, and a later one was taken for it.

    At a slot a minute, a start that died with its host is overtaken by the next slot before it is sent again.
    """
    taken = {(entry.tag("instance"), entry.slot) for entry in seen.created if entry.tag("owner")}
    for instance in seen.instances:
        for slot in asked.slots:
            is_caught_up = any((instance.name, later) in taken for later in asked.slots if later > slot)
            if (instance.name, slot) not in taken and not (slot in instance.missed_slots and is_caught_up):
                yield f"slot {slot:%H:%M} of {instance.name} is lost"


def _lost_requests(asked: Asked, seen: Evidence) -> Iterator[str]:
    done = Counter(job.instance_name for job in seen.jobs if job.user_triggered and job.status is JobStatus.COMPLETED)
    for name, count in asked.accepted.items():
        if done[name] < count:
            yield f"{count - done[name]} accepted on-demand backups of {name} are lost"


def _doubles(seen: Evidence) -> Iterator[str]:
    ours = [entry for entry in seen.created if entry.tag("owner")]
    for (job, instance), count in Counter((entry.tag("job"), entry.tag("instance")) for entry in ours).items():
        if count > 1:
            yield f"{count} snapshots of job {job} of {instance}"
    scheduled = Counter((entry.tag("instance"), entry.slot) for entry in ours if entry.slot is not None)
    for (instance, slot), count in scheduled.items():
        if count > 1:
            yield f"{count} snapshots of {instance} for the slot {slot}"


def _wrong_deletions(asked: Asked, seen: Evidence) -> Iterator[str]:
    deleted_at = {entry.id: entry.at for entry in seen.deleted}
    family = defaultdict(list)
    for entry in seen.created:
        family[entry.tag("instance")].append(entry)
    for entry in seen.deleted:
        if entry.tag("owner") != OWNER_VALUE or entry.id in asked.foreign:
            yield f"{entry.id} was deleted and is not ours"
            continue
        if entry.id in asked.held:
            yield f"{entry.id} was deleted and is held"
        if parse_duration(entry.tag("retention")).after(entry.created_at) > entry.at:
            yield f"{entry.id} was deleted before it expired"
        newer = [other for other in family[entry.tag("instance")] if other.created_at > entry.created_at]
        if not any(deleted_at.get(other.id, entry.at) >= entry.at for other in newer if other.at < entry.at):
            yield f"{entry.id} was deleted and was the newest"


def _leftovers(asked: Asked, seen: Evidence) -> Iterator[str]:
    for job in seen.jobs:
        if job.status is not JobStatus.COMPLETED:
            yield f"job {job.job_id} ({job.operation.value}, {job.instance_name}) is {job.status.value}: {job.error}"
    yield from (f"{instance.name} is held by a backup" for instance in seen.instances if instance.active)
    yield from (
        f"point {point.point_id} is {point.state.value}"
        for point in seen.points
        if point.state is not PointState.COMPLETED
    )
    gone = {entry.id for entry in seen.deleted}
    standing = {entry.id for entry in seen.created} - gone - asked.foreign
    recorded = {point.snapshot_id.lower() for point in seen.points}
    yield from (f"snapshot {orphan} has no recovery point" for orphan in sorted(standing - recorded))
    yield from (f"the snapshot of a recovery point is gone: {lost}" for lost in sorted(recorded - standing))
    yield from (
        f"point {point.point_id} of {point.instance_name} outlived its time"
        for point in _overdue(seen, by=EXPIRY_DELAY)
    )
    if seen.watched:
        yield f"{seen.watched} watch rows are left on the agenda"


def is_settled(asked: Asked, seen: Evidence) -> bool:
    """Whether nothing is under way any more: every slot answered for, every job ended, nothing left that may expire."""
    backups = [job for job in seen.jobs if job.operation is JobOperation.BACKUP]
    return (
        all(instance.active is None for instance in seen.instances)
        and (not asked.slots or all(instance.newest_slot == max(asked.slots) for instance in seen.instances))
        and len(backups) >= asked.accepted.total()
        and all(job.is_ended for job in seen.jobs)
        and all(point.is_good for point in seen.points)
        and not _overdue(seen, by=timedelta(0))
        and not seen.watched
    )


def _overdue(seen: Evidence, *, by: timedelta) -> list[RecoveryPoint]:
    """Points that expired at least `by` ago and that nothing protects."""
    newest = {instance.newest_point.point_id for instance in seen.instances if instance.newest_point}
    late = datetime.now(UTC) - by
    return [
        point
        for point in seen.points
        if point.expires_at and point.expires_at < late and not point.holds and point.point_id not in newest
    ]

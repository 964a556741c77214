"""The deletion of expired points: what becomes of each, of the job that deletes them, and when the next may go.

Leaves to others: which points expire (domain/retention.py), and the deletion itself (workflows/retention.py).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from backup_core.domain.errors import BackupError
from backup_core.domain.hold import Hold
from backup_core.domain.instance import BackupInstance, ProtectionState
from backup_core.domain.job import Job, JobError, JobOperation, JobStatus, job_id
from backup_core.domain.messages import ExpirePoints
from backup_core.domain.recovery_point import PointState, RecoveryPoint
from backup_core.domain.retention import held_until, next_expiry_at

BLOCKED_RETRY = timedelta(minutes=30)  # when a lock or a missing role is looked at again
DELETE_SNAPSHOTS = "Delete expired snapshots"
KEPT = "RecoveryPointKept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Azure has taken the request to delete; what becomes of it is to be observed, at `url` if there is one."""

    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """Azure deleted the snapshot, or looks minutes apart did not find it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """Its snapshot was not found, and that is not believed yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Untouched:
    """Azure knows nothing of the deletion any more, and the snapshot is as it was: to be asked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """It is not deleted now, because of an error or because it is to be kept by now. `certain`: its snapshot was looked
    at, and is whole and the point's own. `bound_until`: when Azure's immutability of it ends, if that is why."""

    because: str
    error: BackupError | None
    certain: bool
    bound_until: datetime | None = None


Fate = Gone | Unseen | Untouched | Back | Asked


def expiry_job(message: ExpirePoints, instance: BackupInstance, points: Sequence[RecoveryPoint], now: datetime) -> Job:
    """Two runs that begin with the same point at the same instant name the same job: one of them begins anew."""
    identity = (message.vault.partition, message.instance_name, instance.generation, points[0].point_id)
    job = Job(
        job_id=job_id(now, JobOperation.EXPIRE, *identity),
        operation=JobOperation.EXPIRE,
        instance_name=instance.name,
        created_at=now,
        policy_name=instance.policy.name,
        disk_id=instance.disk_id,
        disk_location=instance.disk_location,
        friendly_name=instance.friendly_name,
        details={"points": len(points), "deleted": []},
    )
    return job.step(DELETE_SNAPSHOTS, "InProgress", at=now, progress_percent=0, to=JobStatus.IN_PROGRESS)


def marked_state(point: RecoveryPoint) -> PointState:
    return point.state if point.state is PointState.LOST else PointState.EXPIRING


def record_after(point: RecoveryPoint, fate: Fate, now: datetime) -> RecoveryPoint | None:
    """The point's record as its fate makes it; None when it goes."""
    match fate:
        case Gone():
            return None
        case Unseen():
            asked_at, since = point.deletion_asked_at or now, point.absent_since or now
            return replace(point, deletion_asked_at=asked_at, absent_since=since)
        case Asked():
            return replace(point, deletion_asked_at=now, deletion_url=fate.url, absent_since=None)
        case Untouched():
            return replace(point, deletion_asked_at=None, deletion_url="", absent_since=None)
        case Back():
            return _brought_back(point, fate, now)


def _brought_back(point: RecoveryPoint, fate: Back, now: datetime) -> RecoveryPoint:
    """Among the good points again if its snapshot is certain; with the reason, and looked at again later, if Azure or a
    doubt kept it."""
    good = point.state is not PointState.LOST and fate.certain
    return replace(
        point,
        state=PointState.COMPLETED if good else point.state,
        expiry_job_id="",
        deletion_asked_at=None,
        deletion_url="",
        expiry_blocked=None if fate.error is None else fate.because,
        blocked_until=None if fate.error is None else now + BLOCKED_RETRY,
        absent_since=None if fate.certain else point.absent_since,
        immutable_until=fate.bound_until or point.immutable_until,
    )


def ended(fates: Mapping[str, Fate]) -> int:
    return sum(isinstance(fate, Gone | Back) for fate in fates.values())


def settle(job: Job, fates: Mapping[str, Fate], *, attempts: int, unsettled: int, now: datetime) -> Job:
    """The job ends when none of its points waits any more. It is cancelled when all of them are kept after all."""
    deleted = [*job.details.get("deleted", []), *(each for each, fate in fates.items() if isinstance(fate, Gone))]
    warnings = (*job.warnings, *(_warning(each, fate) for each, fate in fates.items() if isinstance(fate, Back)))
    retries, details = max(job.retry_count, attempts), {**job.details, "deleted": deleted}
    settled: dict[str, Any] = {"details": details, "warnings": warnings, "retry_count": retries}
    if unsettled:
        return replace(job, touched_at=now, **settled)
    if not deleted and all(warning.code == KEPT for warning in warnings):
        return job.advance(JobStatus.CANCELLED, at=now, **settled)
    status = JobStatus.COMPLETED_WITH_WARNINGS if warnings else JobStatus.COMPLETED
    return job.step(DELETE_SNAPSHOTS, "Completed", at=now, progress_percent=100, to=status, **settled)


def _warning(point_id: str, fate: Back) -> JobError:
    if fate.error is not None:
        return JobError.of(fate.error)
    return JobError(
        code=KEPT,
        message=f"Recovery point '{point_id}' was about to be deleted and is kept: {fate.because}.",
        recommended_action="None: its snapshot is whole, and it can be restored.",
    )


def ready(points: Iterable[RecoveryPoint], going: Container[str], now: datetime) -> frozenset[str]:
    """By id: what may go, and what came back from its deletion in doubt: looked at again whatever its dates say."""
    wanted = [point for point in points if point.point_id in going or point.state is PointState.EXPIRING]
    return frozenset(point.point_id for point in wanted).difference(_resting(wanted, now))


def _resting(points: Iterable[RecoveryPoint], now: datetime) -> frozenset[str]:
    return frozenset([point.point_id for point in points if point.blocked_until and now < point.blocked_until])


def expiry_due_at(
    instance: BackupInstance, points: Sequence[RecoveryPoint], now: datetime, *, held: Sequence[Hold]
) -> datetime | None:
    """When the agenda must look at the instance again: at once while something is begun, else at the next expiry, the
    end of a refused point's rest, or the purge. `held`: holds that stand on all its points."""
    if any(point.expiry_job_id for point in points):
        return now.replace(microsecond=0)
    resting = _resting(points, now)
    again = frozenset() if instance.keeps_all_points else resting  # where all is kept: whether the point is good
    tried = (point for point in points if point.state is PointState.EXPIRING or point.point_id in again)
    candidates = [point.blocked_until or now for point in tried]
    if instance.purge_at is not None:
        candidates.append(max(instance.purge_at, held_until(held, now)) if held else instance.purge_at)
    if instance.state is ProtectionState.DELETING:
        return min(candidates, default=now + BLOCKED_RETRY).replace(microsecond=0)
    if not instance.keeps_all_points:
        free = [point for point in points if point.point_id not in resting]
        expiry = next_expiry_at(free, now=now, protected=instance.is_protected, held=held)
        candidates += [expiry] if expiry is not None else []
    return max(min(candidates), now + timedelta(seconds=1)).replace(microsecond=0) if candidates else None

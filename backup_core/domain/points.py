"""A recovery point as it is taken, lost or found again, and what it makes of its instance's row: the workflows commit
both in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from backup_core.domain.disk import Disk, Snapshot
from backup_core.domain.durations import Duration, parse_duration
from backup_core.domain.hold import POINT, Hold, HoldLabel, from_labels
from backup_core.domain.instance import ActiveBackup, BackupInstance, PointCount, PointSummary
from backup_core.domain.naming import adopted_point_id
from backup_core.domain.origin import OriginPoint
from backup_core.domain.recovery_point import PointState, RecoveryPoint, SnapshotLabel
from backup_core.domain.resource_ids import VaultKey


def new_point(
    instance: BackupInstance, active: ActiveBackup, snapshot: Snapshot, *, completed_at: datetime
) -> RecoveryPoint:
    """The record of `snapshot`. It expires its retention after the snapshot's own creation, as Azure's points do."""
    job, retention = active.job, promised(instance, active)
    return RecoveryPoint(
        instance_name=instance.name,
        point_id=job.point_id,
        snapshot_id=snapshot.id,
        created_at=snapshot.created_at,
        completed_at=completed_at,
        expires_at=retention.after(snapshot.created_at) if retention else None,
        tag_name=job.retention_tag,
        policy_name=instance.policy.name,
        policy_version=instance.policy.version,
        slot=job.slot,
        job_id=job.job_id,
        disk_id=instance.disk_id,
        disk_size_bytes=snapshot.size_bytes,
        location=snapshot.location,
        disk=active.disk,
        snapshot_unique_id=snapshot.unique_id,
        installation_id=active.installation_id,
        retention=retention.iso() if retention else "",
    )


def with_point(instance: BackupInstance, point: RecoveryPoint, *, is_new: bool = True) -> BackupInstance:
    """The instance with the point as its newest, unless it has a newer one. `is_new`: it has one more than before."""
    newest = instance.newest_point
    is_newest = newest is None or newest.created_at < point.created_at
    return replace(
        instance,
        point_count=_one_more(instance.point_count, point) if is_new else instance.point_count,
        newest_point=summary_of(point) if is_newest else newest,
    )


def count_of(points: Iterable[RecoveryPoint]) -> PointCount:
    """Of all the points of an instance."""
    taken = [point.created_at for point in points if point.state is not PointState.LOST]
    return PointCount(count=len(taken), oldest_at=min(taken, default=None))


def _one_more(known: PointCount | None, point: RecoveryPoint) -> PointCount | None:
    if known is None:
        return None
    return PointCount(count=known.count + 1, oldest_at=min(known.oldest_at or point.created_at, point.created_at))


def _one_less(known: PointCount | None, point: RecoveryPoint, others: Iterable[RecoveryPoint]) -> PointCount | None:
    """The number is of the row that the change is made in; of when the oldest was taken, `others` may be of before."""
    if known is None or point.state is PointState.LOST:
        return known
    left = count_of(other for other in others if other.point_id != point.point_id)
    return PointCount(count=max(0, known.count - 1), oldest_at=left.oldest_at)


def summary_of(point: RecoveryPoint) -> PointSummary:
    return PointSummary(
        point_id=point.point_id,
        created_at=point.created_at,
        expires_at=point.expires_at,
        disk_bytes=point.disk_size_bytes,
    )


def earlier_expiry(instance: BackupInstance, point: RecoveryPoint, now: datetime) -> datetime | None:
    """When the expiry agenda must look at the instance, if that is sooner than it would already.

    The point that was the newest until now may have expired long ago: it was kept only for want of a newer one.
    """
    previous = instance.newest_point
    candidates = [at for at in (point.expires_at, previous.expires_at if previous else None) if at is not None]
    if not candidates:
        return None
    soonest = max(min(candidates), now).replace(microsecond=0)
    due = instance.expiry_due_at
    return soonest if due is None or soonest < due else None


def label_of(
    vault: VaultKey, instance: BackupInstance, active: ActiveBackup, held: Iterable[Hold] = ()
) -> SnapshotLabel:
    """What the snapshot of a running backup is to say of itself. `held`: holds that stand on instance and vault."""
    return SnapshotLabel(
        vault=vault,
        instance_name=instance.name,
        point_id=active.job.point_id,
        job_id=active.job.job_id,
        tag_name=active.job.retention_tag,
        retention=promised(instance, active),
        policy_name=instance.policy.name,
        slot=active.job.slot,
        disk=active.disk,
        installation_id=active.installation_id,
        holds=tuple(map(HoldLabel.of, held)),
    )


def promised(instance: BackupInstance, active: ActiveBackup) -> Duration | None:
    """How long the point is kept: as its snapshot was promised, whatever becomes of the policy while it is taken."""
    if active.retention is None:
        return instance.policy.retention_duration(active.job.retention_tag)
    return parse_duration(active.retention) if active.retention else None


def with_slot(instance: BackupInstance, point: RecoveryPoint) -> BackupInstance:
    """The instance, knowing that the point's slot was taken: the next one is judged by it, and none is taken twice."""
    slot = point.slot
    if slot is None:
        return instance
    return replace(
        instance,
        newest_slot=max(slot, instance.newest_slot or slot),
        last_success_slot=max(slot, instance.last_success_slot or slot),
    )


def without_point(instance: BackupInstance, lost: RecoveryPoint, others: Iterable[RecoveryPoint]) -> BackupInstance:
    """The instance once `lost` is no good point any more: the newest good one of `others` takes its place."""
    others = tuple(others)
    instance = replace(instance, point_count=_one_less(instance.point_count, lost, others))
    if instance.newest_point is None or instance.newest_point.point_id != lost.point_id:
        return instance
    good = (point for point in others if point.is_good and point.point_id != lost.point_id)
    newest = max(good, key=lambda point: point.created_at, default=None)
    return replace(instance, newest_point=None if newest is None else summary_of(newest))


def adopted_point(
    vault: VaultKey,
    instance: BackupInstance,
    origin: OriginPoint,
    snapshot: Snapshot,
    *,
    installation_id: str,
    disk: Disk | None,
) -> RecoveryPoint:
    """The record of a snapshot that Azure Backup took, with the expiry that it promised. `disk` is the instance's as it
    is now: where it is still the one that the snapshot was taken of, it tells what the snapshot does not keep."""
    assert origin.created_at is not None, "a point without its time does not come over"
    tag_name = origin.tag_name or instance.policy.default_tag
    rule = instance.policy.retention_duration(tag_name)
    bare = RecoveryPoint(
        instance_name=instance.name,
        point_id=adopted_point_id(vault, instance.name, origin.name, snapshot.created_at),
        snapshot_id=snapshot.id,
        created_at=snapshot.created_at,
        completed_at=origin.created_at,
        expires_at=origin.expires_at,
        tag_name=tag_name,
        policy_name=origin.policy_name,
        disk_id=snapshot.source_id,
        disk_size_bytes=snapshot.size_bytes,
        location=snapshot.location,
        snapshot_unique_id=snapshot.unique_id,
        installation_id=installation_id,
        retention=rule.iso() if rule else "",
        adopted_from=origin.name,
    )
    is_same_disk = disk is not None and disk.unique_id == snapshot.source_unique_id
    told = disk.raw if is_same_disk and disk is not None else label_of_point(vault, bare).description(snapshot)
    return replace(bare, disk=told)


def label_of_point(vault: VaultKey, point: RecoveryPoint) -> SnapshotLabel:
    """What the snapshot of a point is to say of itself."""
    return SnapshotLabel(
        vault=vault,
        instance_name=point.instance_name,
        point_id=point.point_id,
        job_id=point.job_id,
        tag_name=point.tag_name,
        retention=parse_duration(point.retention) if point.retention else None,
        policy_name=point.policy_name,
        slot=point.slot,
        disk=point.disk,
        installation_id=point.installation_id,
        adopted_from=point.adopted_from,
    )


def point_from_label(label: SnapshotLabel, snapshot: Snapshot, *, completed_at: datetime) -> RecoveryPoint:
    """The record as the snapshot itself tells it. Of the disk, and of holds, it knows only what fits into a tag."""
    return RecoveryPoint(
        instance_name=label.instance_name,
        point_id=label.point_id,
        snapshot_id=snapshot.id,
        created_at=snapshot.created_at,
        completed_at=completed_at,
        expires_at=label.retention.after(snapshot.created_at) if label.retention else None,
        tag_name=label.tag_name,
        policy_name=label.policy_name,
        slot=label.slot,
        job_id=label.job_id,
        disk_id=snapshot.source_id,
        disk_size_bytes=snapshot.size_bytes,
        location=snapshot.location,
        disk=label.description(snapshot),
        snapshot_unique_id=snapshot.unique_id,
        installation_id=label.installation_id,
        retention=label.retention.iso() if label.retention else "",
        holds=from_labels((each for each in label.holds if each.scope == POINT), completed_at),
    )

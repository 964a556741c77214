"""Whether an instance may have one more backup on demand: one at a time, so many a day, and never the schedule's room.

Azure keeps 500 incremental snapshots of a disk. What the policy keeps at most is reserved for the schedule, whether it
is there yet or not, up to the 450 that a policy may keep: the rest is for backups on demand.
Leaves to others: whether the instance takes backups at all (workflows/on_demand.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from backup_core.domain.errors import BackupError, OnDemandBackupsUsedUp, OperationUnderWay, SnapshotRoomReserved
from backup_core.domain.instance import BackupInstance
from backup_core.domain.job import Job, instant_of
from backup_core.domain.policy import SCHEDULED_POINTS_LIMIT, BackupPolicy, points_kept_at_most
from backup_core.domain.recovery_point import PointState, RecoveryPoint
from backup_core.domain.validation import SNAPSHOTS_OF_DISK_LIMIT

DAY = timedelta(days=1)


def recent(instance: BackupInstance, now: datetime) -> tuple[str, ...]:
    """Jobs of backups on demand that were asked for within the last day, oldest first."""
    return tuple(each for each in instance.on_demand if (at := instant_of(each)) is not None and now - at < DAY)


def refusal(
    instance: BackupInstance, newest: Job | None, points: Iterable[RecoveryPoint], *, now: datetime, a_day: int
) -> BackupError | None:
    """Why no backup on demand may be asked for now, None when one may. `newest` is the job of the last one."""
    if newest is not None and not newest.is_ended:
        return OperationUnderWay(
            f"Backup on demand of '{instance.name}' is under way already: job {newest.job_id} is "
            f"{newest.status.value}. One at a time is permitted on a backup instance."
        )
    asked = recent(instance, now)
    if len(asked) >= a_day:
        oldest = instant_of(asked[0]) if asked else None
        then = f"; the next one is possible from {oldest + DAY:%Y-%m-%dT%H:%M:%SZ}" if oldest else ""
        return OnDemandBackupsUsedUp(
            f"{len(asked)} backups on demand of '{instance.name}' were asked for within 24 hours; {a_day} are "
            f"permitted{then}."
        )
    room = room_of(instance.policy, points)
    if room.left < 1:
        return SnapshotRoomReserved(
            f"{room.on_demand} snapshots of disk '{instance.disk_id}' are backups on demand and {room.scheduled} are "
            f"scheduled ones; of the {SNAPSHOTS_OF_DISK_LIMIT} that Azure keeps, {room.reserved} are reserved for the "
            f"schedule of policy '{instance.policy.name}'."
        )
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Snapshots of one disk: those on demand, the scheduled ones, and how many the policy may come to keep."""

    on_demand: int
    scheduled: int
    reserved: int

    @property
    def left(self) -> int:
        """For backups on demand."""
        return SNAPSHOTS_OF_DISK_LIMIT - self.on_demand - max(self.scheduled, self.reserved)


def room_of(policy: BackupPolicy, points: Iterable[RecoveryPoint]) -> Room:
    there = [point for point in points if point.state is not PointState.LOST]
    on_demand = sum(point.slot is None for point in there)
    retention = {tag.tag_name: rule.duration for tag in policy.criteria if (rule := policy.retention_of(tag.tag_name))}
    kept = points_kept_at_most(policy.schedule, policy.criteria, retention)
    return Room(on_demand=on_demand, scheduled=len(there) - on_demand, reserved=min(kept, SCHEDULED_POINTS_LIMIT))

"""Points whose snapshots somebody else took: their records, and our tags on their snapshots, written and taken off. And
what becomes of one instance, or one disk, in a run of a job that moves such points.

Leaves to others: points of Azure Backup (origin_steps.py), and what scripts took (adopting.py).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from backup_core.domain.agenda import expiry_row
from backup_core.domain.disk import Snapshot
from backup_core.domain.errors import BackupError, Fault, InvalidInput
from backup_core.domain.instance import BackupInstance
from backup_core.domain.job import Job, JobError
from backup_core.domain.points import with_point, without_point
from backup_core.domain.recovery_point import TAG_PREFIX, RecoveryPoint
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.vault import Vault
from backup_core.ports import Change, Insert, Ports, Remove, Replace, Stored, every

TOGETHER = 50  # points that are written in one transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """`points` came over, or went back, in this run; `left` says what did not, and why."""

    points: int = 0
    left: tuple[JobError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """For Azure, or for the next run."""

    points: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    faults: tuple[Fault, ...]
    error: BackupError | None = None

    def as_error(self) -> JobError:
        return JobError.of(self.error or InvalidInput(self.faults))


Outcome = Done | Waits | Refused


def write_points(
    ports: Ports, vault: VaultKey, stored: Stored[BackupInstance], points: Sequence[RecoveryPoint]
) -> None:
    """Points (at most TOGETHER) and instance in one transaction; the expiry agenda is told first. Raises
    StateConflict."""
    instance = stored.value
    for point in points:
        instance = with_point(instance, point)
    due_at = min((point.expires_at for point in points if point.expires_at), default=None)
    if due_at is not None and (instance.expiry_due_at is None or due_at < instance.expiry_due_at):
        due_at = max(due_at, ports.clock.now()).replace(microsecond=0)
        ports.store.schedule([expiry_row(vault, instance.name, due_at)])
        instance = replace(instance, expiry_due_at=due_at)
    ports.store.commit(vault, [Replace(stored, instance), *map(Insert, points)])


def forget_points(ports: Ports, vault: VaultKey, name: str, ids: Collection[str]) -> int:
    """Take the records of these points away, but for those that are being restored or deleted; the snapshots are not
    touched. Answers how many went. Raises StateConflict."""
    everything = list(every(ports, RecoveryPoint, vault, name))
    going = [each for each in everything if each.value.point_id in ids and not is_in_use(each.value)]
    gone = {each.value.point_id for each in going}
    left = [each.value for each in everything if each.value.point_id not in gone]
    for start in range(0, len(going), TOGETHER):
        stored = ports.store.get(BackupInstance, vault, name)
        if stored is None:
            return start
        instance = stored.value
        for each in going[start : start + TOGETHER]:
            instance = without_point(instance, each.value, left)
        changes: list[Change] = [Replace(stored, instance), *map(Remove, going[start : start + TOGETHER])]
        ports.store.commit(vault, changes)
    return len(going)


def is_moving_now(ports: Ports, vault: VaultKey) -> bool:
    """Whether a job of the vault moves points right now, so that records and tags do not agree for a moment."""
    stored = ports.store.get(Vault, vault)
    job = ports.store.get(Job, vault, stored.value.move_job_id) if stored and stored.value.move_job_id else None
    return job is not None and not job.value.is_ended


def is_in_use(point: RecoveryPoint) -> bool:
    return bool(point.restoring or point.expiry_job_id)


def take_off_tags(ports: Ports, snapshot: Snapshot) -> bool:
    """Whether the snapshot bore tags of ours, which Azure then was asked to take off."""
    others = {tag: value for tag, value in snapshot.tags.items() if not tag.lower().startswith(TAG_PREFIX)}
    if len(others) == len(snapshot.tags):
        return False
    ports.cloud.tag_snapshot(snapshot.id, others)
    return True

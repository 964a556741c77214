"""An alert: one cause at one backup instance, raised once, resolved once.

The instance's row knows which of its alerts are open, so that a change of its state raises and resolves in the same
transaction and without reading. The alert's own row is for people: they list, acknowledge, and look back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from backup_core.domain.errors import BackupError, DiskNotFound, PermissionMissing
from backup_core.domain.job import JobError, time_ordered_hex

RAISE_AGAIN_AFTER = timedelta(hours=24)  # an alert that is still open is told of again once a day


class AlertState(Enum):
    """Azure Monitor's words for `monitorCondition`."""

    FIRED = "Fired"
    RESOLVED = "Resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAlert:
    """What an instance remembers of an alert of its own. The alert's id follows from `cause` and `raised_at`."""

    cause: str
    raised_at: datetime
    told_at: datetime
    occurrences: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """`alert_id` is 32 hex digits that sort newest first. `fired_type` is the event's type that told of it."""

    alert_id: str
    cause: str
    instance_name: str
    fired_type: str
    raised_at: datetime
    told_at: datetime
    severity: str
    disk_id: str = ""
    state: AlertState = AlertState.FIRED
    occurrences: int = 1
    error: JobError | None = None
    job_id: str = ""
    resolved_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""


def alert_id(vault_partition: str, instance_name: str, cause: str, raised_at: datetime) -> str:
    return time_ordered_hex(raised_at, "alert", vault_partition, instance_name, cause)


class Cause:
    """The causes that are known by name; of a failed job, the error's code is part of it, so that fifty disks that fail
    for one reason are one digest."""

    RPO = "RpoBreached"
    SOURCE_DISK = "SourceDiskDeleted"
    PERMISSION = "PermissionLost"
    RESTORE_PERMISSION = "RestorePermissionLost"
    EXPIRY = "ExpiryBlocked"
    QUOTA = "QuotaNear"
    BACKUP = "BackupFailed"
    SLOTS = "SlotsMissed"
    RESTORE = "RestoreFailed"
    PROTECTION = "ProtectionFailed"
    BINDING = "ImmutabilityNotBound"
    BRAKE = "DeletionsStopped"
    RESTORE_TEST = "RestoreTestFailed"
    TEST_LEFTOVER = "RestoreTestLeftover"
    COPY = "CopyFailed"  # with the region, and the error's code
    COPY_BEHIND = "CopyBehind"  # with the region
    COPY_EXPIRY = "CopyExpiryBlocked"  # with the error's code
    COPY_BINDING = "CopyNotBound"  # with the region


_FIRED = {
    Cause.RPO: "DiskBackup.Rpo.Breached",
    Cause.SOURCE_DISK: "DiskBackup.SourceDisk.Deleted",
    Cause.PERMISSION: "DiskBackup.Permission.Lost",
    Cause.RESTORE_PERMISSION: "DiskBackup.Permission.Lost",
    Cause.EXPIRY: "DiskBackup.RecoveryPoint.ExpiryBlocked",
    Cause.QUOTA: "DiskBackup.Quota.Near",
}
_RESOLVED = {
    Cause.RPO: "DiskBackup.Rpo.Recovered",
    Cause.PERMISSION: "DiskBackup.Permission.Regained",
    Cause.RESTORE_PERMISSION: "DiskBackup.Permission.Regained",
}


def fired_type(cause: str) -> str:
    return _FIRED.get(cause.partition(".")[0], "DiskBackup.Alert.Fired")


def resolved_type(cause: str) -> str:
    return _RESOLVED.get(cause.partition(".")[0], "DiskBackup.Alert.Resolved")


def cause_of_failure(job_cause: str, error: BackupError) -> str:
    """`job_cause` is Cause.BACKUP or PROTECTION."""
    if isinstance(error, PermissionMissing):
        return permission_cause(error.role)
    if isinstance(error, DiskNotFound):
        return Cause.SOURCE_DISK
    return f"{job_cause}.{error.code}"


def permission_cause(role: str) -> str:
    """Of what protects a disk: a backup that succeeds ends it, a restore does not."""
    return f"{Cause.PERMISSION}.{role.replace(' ', '')}"


def cause_of_failed_restore(error: BackupError, target_group: str) -> str:
    """A missing role is about where the disk was to go: a backup, or a restore elsewhere, proves nothing of it."""
    if isinstance(error, PermissionMissing):
        role = error.role.replace(" ", "")
        return f"{Cause.RESTORE_PERMISSION}.{role}{_at(target_group)}"
    return f"{Cause.RESTORE}.{error.code}"


def ended_by_restore(alerts: Sequence[OpenAlert], target_group: str) -> list[str]:
    """The causes of open alerts that a restore into `target_group` ends."""
    kinds = {Cause.RESTORE: "", Cause.RESTORE_PERMISSION: _at(target_group)}
    return [
        opened.cause
        for opened in alerts
        if opened.cause.endswith(kinds.get(opened.cause.partition(".")[0], "\n"))  # no cause ends so
    ]


def _at(group: str) -> str:
    return f"@{group.lower()}"

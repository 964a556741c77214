"""An alert: one cause at one backup instance, raised once, resolved once.

The instance's row knows which of its alerts are open, so that a change of its state raises and resolves in the same
transaction and without reading. The alert's own row is for people: they list, acknowledge, and look back.
"""

from __future__ import annotations

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
    EXPIRY = "ExpiryBlocked"
    QUOTA = "QuotaNear"
    BACKUP = "BackupFailed"
    SLOTS = "SlotsMissed"
    RESTORE = "RestoreFailed"
    PROTECTION = "ProtectionFailed"


_FIRED = {
    Cause.RPO: "DiskBackup.Rpo.Breached",
    Cause.SOURCE_DISK: "DiskBackup.SourceDisk.Deleted",
    Cause.PERMISSION: "DiskBackup.Permission.Lost",
    Cause.EXPIRY: "DiskBackup.RecoveryPoint.ExpiryBlocked",
    Cause.QUOTA: "DiskBackup.Quota.Near",
}
_RESOLVED = {Cause.RPO: "DiskBackup.Rpo.Recovered", Cause.PERMISSION: "DiskBackup.Permission.Regained"}


def fired_type(cause: str) -> str:
    return _FIRED.get(cause.partition(".")[0], "DiskBackup.Alert.Fired")


def resolved_type(cause: str) -> str:
    return _RESOLVED.get(cause.partition(".")[0], "DiskBackup.Alert.Resolved")


def cause_of_failure(job_cause: str, error: BackupError) -> str:
    """`job_cause` is Cause.BACKUP, RESTORE or PROTECTION."""
    if isinstance(error, PermissionMissing):
        return f"{Cause.PERMISSION}.{error.role.replace(' ', '')}"
    if isinstance(error, DiskNotFound):
        return Cause.SOURCE_DISK
    return f"{job_cause}.{error.code}"

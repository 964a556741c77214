"""Which events tell of what. An event is a pure function of the change it tells of, so that a step that runs again
publishes the same event under the same id.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from backup_core.domain.errors import BackupError, MessageMalformed
from backup_core.domain.job import Job, JobOperation, JobStatus
from backup_core.domain.naming import event_id
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import VaultKey
from backup_core.ports import Event

_THING = {
    JobOperation.BACKUP: "Job",
    JobOperation.RESTORE: "Restore",
    JobOperation.EXPIRE: "Expiry",
    JobOperation.CONFIGURE: "Protection",
    JobOperation.DELETE: "Protection",
}
_ENDING = {
    JobStatus.COMPLETED: "Completed",
    JobStatus.COMPLETED_WITH_WARNINGS: "CompletedWithWarnings",
    JobStatus.FAILED: "Failed",
    JobStatus.CANCELLED: "Cancelled",
}


def job_ended(vault: VaultKey, job: Job) -> Event:
    """`DiskBackup.<Thing>.<Ending>` for an ended job; `Protection.Configured` and `.Deleted` for those two."""
    ending = _ENDING[job.status]
    if job.status is JobStatus.COMPLETED and job.operation is JobOperation.CONFIGURE:
        ending = "Configured"
    if job.status is JobStatus.COMPLETED and job.operation is JobOperation.DELETE:
        ending = "Deleted"
    content: dict[str, Any] = {
        "jobId": f"{vault.resource_id}/backupJobs/{job.job_id}",
        "operation": job.operation.value,
        "status": job.status.value,
        "correlationId": job.correlation_id or job.job_id,
        "dataSourceId": job.disk_id,
        "startTime": _text(job.started_at),
        "endTime": _text(job.ended_at),
        "slot": _text(job.slot),
        "missedSlots": job.missed_count,
    }
    if job.error:
        content["error"] = {
            "code": job.error.code,
            "message": job.error.message,
            "recommendedActions": [job.error.recommended_action],
        }
    return _event(
        f"DiskBackup.{_THING[job.operation]}.{ending}", vault, job.instance_name, job.ended_at, job.job_id, content
    )


def point_created(vault: VaultKey, point: RecoveryPoint) -> Event:
    return _point_event("Created", vault, point, point.completed_at)


def point_expired(vault: VaultKey, point: RecoveryPoint, at: datetime) -> Event:
    return _point_event("Expired", vault, point, at)


def point_lost(vault: VaultKey, point: RecoveryPoint, at: datetime) -> Event:
    return _point_event("Lost", vault, point, at)


def expiry_blocked(vault: VaultKey, point: RecoveryPoint, at: datetime) -> Event:
    return _point_event("ExpiryBlocked", vault, point, at, reason=point.expiry_blocked)


def orphan_found(vault: VaultKey, instance_name: str, snapshot_id: str, reason: str, at: datetime) -> Event:
    content = {"snapshotId": snapshot_id, "reason": reason}
    return _event("DiskBackup.Snapshot.Orphaned", vault, instance_name, at, snapshot_id.lower(), content)


def message_poisoned(vault: VaultKey, instance_name: str, identity: str, error: BackupError, at: datetime) -> Event:
    told = {"code": error.code, "message": error.message, "recommendedActions": [error.recommended_action]}
    content = {"error": told}
    return _event("DiskBackup.Message.Poisoned", vault, instance_name, at, identity, content)


def write_events(events: Sequence[Event]) -> str:
    """Events as JSON text for a queue message; `read_events` reads it back."""
    return json.dumps([_row(event) for event in events])


def _row(event: Event) -> dict[str, Any]:
    return {field.name: getattr(event, field.name) for field in fields(event)} | {"at": event.at.isoformat()}


def read_events(text: str) -> list[Event]:
    """Raises MessageMalformed when the text is not what `write_events` wrote."""
    try:
        rows = json.loads(text)
        if not isinstance(rows, list):
            raise TypeError(f"a list is expected, not {rows!r:.80}")
        return [Event(**{**row, "at": datetime.fromisoformat(row["at"])}) for row in rows]
    except (TypeError, ValueError, KeyError) as error:
        raise MessageMalformed(f"A PublishEvents message holds no events: {error}") from error


def _point_event(what: str, vault: VaultKey, point: RecoveryPoint, at: datetime, **more: Any) -> Event:
    content: Mapping[str, Any] = {
        "recoveryPointId": point.point_id,
        "snapshotId": point.snapshot_id,
        "dataSourceId": point.disk_id,
        "recoveryPointTime": _text(point.created_at),
        "expiryTime": _text(point.expires_at),
        "retentionTagName": point.tag_name,
        **more,
    }
    return _event(f"DiskBackup.RecoveryPoint.{what}", vault, point.instance_name, at, point.point_id, content)


def _event(
    type_: str, vault: VaultKey, instance_name: str, at: datetime | None, identity: str, content: Mapping[str, Any]
) -> Event:
    assert at is not None, "events tell of things that have happened"
    return Event(
        id=event_id(vault.partition, instance_name.lower(), type_, identity),
        type=type_,
        source=vault.resource_id,
        subject=f"backupInstances/{instance_name}",
        at=at,
        content=content,
    )


def _text(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None

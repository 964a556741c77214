"""Which events tell of what. An event is a pure function of the change it tells of, so that a step that runs again
tells the same under the same id.

Leaves to others: the types and their words (domain/events.py), when an alert fires (alerts.py), delivery (outbox.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from backup_core.domain.alert import Alert, resolved_type
from backup_core.domain.brake import Batch, GoOn
from backup_core.domain.copying import PointCopy
from backup_core.domain.errors import BackupError
from backup_core.domain.events import PREFIX, Event, kind_of
from backup_core.domain.guard import GuardMapping, Unlock
from backup_core.domain.heartbeat import SetBack
from backup_core.domain.hold import Hold, Holdable
from backup_core.domain.instance import BackupInstance
from backup_core.domain.job import OF_VAULT, Job, JobError, JobOperation, JobStatus
from backup_core.domain.naming import event_id
from backup_core.domain.outbox import RefusedEvent
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.vault import Vault, Weakening

_ENDING = {
    JobStatus.COMPLETED: "Completed",
    JobStatus.COMPLETED_WITH_WARNINGS: "CompletedWithWarnings",
    JobStatus.FAILED: "Failed",
    JobStatus.CANCELLED: "Cancelled",
}
_RESTORES = (JobOperation.RESTORE, JobOperation.RESTORE_TOGETHER)
EVENT_REFUSED = f"{PREFIX}Event.Refused"


def job_ended(vault: VaultKey, job: Job) -> Event:
    """`<Thing>.<Ending>` for an ended job; `Protection.Configured` and `.Deleted` for those two. A restore that left
    something behind succeeded: its `status` says more."""
    ending = _ENDING[job.status]
    if job.operation in _RESTORES and job.status is JobStatus.COMPLETED_WITH_WARNINGS:
        ending = _ENDING[JobStatus.COMPLETED]
    if job.status is JobStatus.COMPLETED:
        ending = job.operation.success
    return _job_event(f"{job.operation.event}.{ending}", vault, job, job.ended_at)


def restore_started(vault: VaultKey, job: Job) -> Event:
    own: dict[str, Any] = {"targetDiskId": job.target_disk_id, "recoveryPointId": job.point_id}
    return _job_event("Restore.Started", vault, job, job.created_at, **own)


def _job_event(name: str, vault: VaultKey, job: Job, at: datetime | None, **own: Any) -> Event:
    return _event(
        name,
        vault,
        "" if job.instance_name == OF_VAULT else job.instance_name,
        at,
        job.job_id,
        error=job.error,
        dataSourceId=job.disk_id or None,
        jobId=f"{vault.resource_id}/backupJobs/{job.job_id}",
        correlationId=job.correlation_id or job.job_id,
        operation=job.operation.value,
        status=job.status.value,
        startTime=_text(job.started_at),
        endTime=_text(job.ended_at),
        slot=_text(job.slot),
        missedSlots=job.missed_count,
        **own,
    )


def point_created(vault: VaultKey, point: RecoveryPoint) -> Event:
    return _point_event("RecoveryPoint.Created", vault, point, point.completed_at)


def point_expired(vault: VaultKey, point: RecoveryPoint, at: datetime) -> Event:
    return _point_event("RecoveryPoint.Expired", vault, point, at)


def point_lost(vault: VaultKey, point: RecoveryPoint, at: datetime) -> Event:
    return _point_event("RecoveryPoint.Lost", vault, point, at)


def _point_event(name: str, vault: VaultKey, point: RecoveryPoint, at: datetime) -> Event:
    return _event(
        name,
        vault,
        point.instance_name,
        at,
        point.point_id,
        dataSourceId=point.disk_id or None,
        jobId=f"{vault.resource_id}/backupJobs/{point.job_id}" if point.job_id else None,
        recoveryPointId=point.point_id,
        snapshotId=point.snapshot_id,
        recoveryPointTime=_text(point.created_at),
        expiryTime=_text(point.expires_at),
        retentionTagName=point.tag_name,
    )


def copy_expired(vault: VaultKey, copy: PointCopy, at: datetime) -> Event:
    return _copy_event("Copy.Expired", vault, copy, at)


def copy_lost(vault: VaultKey, copy: PointCopy, at: datetime) -> Event:
    return _copy_event("Copy.Lost", vault, copy, at)


def _copy_event(name: str, vault: VaultKey, copy: PointCopy, at: datetime) -> Event:
    return _event(
        name,
        vault,
        copy.instance_name,
        at,
        f"{copy.copy_id}/{copy.attempt}",
        dataSourceId=copy.disk_id or None,
        jobId=None,
        recoveryPointId=copy.point_id,
        snapshotId=copy.snapshot_id,
        recoveryPointTime=_text(copy.point_at),
        expiryTime=_text(copy.expires_at),
        retentionTagName=copy.tag_name,
    )


def hold_set(vault: VaultKey, thing: Holdable, hold: Hold, at: datetime) -> Event:
    """Set, or no longer being cleared, on a recovery point, a backup instance or the vault."""
    return _hold_event("LegalHold.Set", vault, thing, hold, at)


def hold_cleared(vault: VaultKey, thing: Holdable, hold: Hold, at: datetime) -> Event:
    own: dict[str, Any] = {"clearedBy": hold.cleared_by or None, "effectiveTime": _text(hold.ends_at)}
    return _hold_event("LegalHold.Cleared", vault, thing, hold, at, **own)


def _hold_event(name: str, vault: VaultKey, thing: Holdable, hold: Hold, at: datetime, **own: Any) -> Event:
    point = thing if isinstance(thing, RecoveryPoint) else None
    instance = thing if isinstance(thing, BackupInstance) else None
    instance_name = point.instance_name if point else instance.name if instance else ""
    disk_id = point.disk_id if point else instance.disk_id if instance else ""
    return _event(
        name,
        vault,
        instance_name,
        at,
        f"{point.point_id if point else ''}/{hold.name.lower()}/{at.isoformat()}",
        dataSourceId=disk_id or None,
        recoveryPointId=point.point_id if point else None,
        holdName=hold.name,
        reason=hold.reason,
        setBy=hold.set_by or None,
        setTime=_text(hold.set_at),
        **own,
    )


def protection_changed(
    what: str, vault: VaultKey, instance: BackupInstance, at: datetime, correlation_id: str = ""
) -> Event:
    """`what` is Stopped, Suspended, Resumed or Undeleted. Each change has its own id: the revision that it made."""
    return _event(
        f"Protection.{what}",
        vault,
        instance.name,
        at,
        f"{instance.generation}/{instance.revision}",
        dataSourceId=instance.disk_id,
        correlationId=correlation_id or None,
    )


def data_deleted(vault: VaultKey, instance: BackupInstance, job: Job) -> Event:
    """Somebody asked to delete a backup instance: at once, or at `purge_at`."""
    return _event(
        "BackupData.Deleted",
        vault,
        instance.name,
        job.created_at,
        job.job_id,
        dataSourceId=instance.disk_id,
        jobId=f"{vault.resource_id}/backupJobs/{job.job_id}",
        correlationId=job.correlation_id or job.job_id,
        scheduledPurgeTime=_text(instance.purge_at),
    )


def vault_weakened(vault: Vault, weaker: Sequence[Weakening], at: datetime) -> Event:
    """Somebody asked for less than the vault promises. The same wish within a minute is told once."""
    changes = [str(each) for each in weaker]
    own: dict[str, Any] = {"changes": changes, "effectiveTime": _text(vault.weaker_from or at)}
    return _event("Vault.Weakened", vault.key, "", at, "\n".join([f"{at:%Y-%m-%dT%H:%M}", *changes]), **own)


def deletions_stopped(vault: VaultKey, batch: Batch) -> Event:
    own: dict[str, Any] = {"batchName": batch.name, "reason": batch.said, "causedBy": list(batch.causes)}
    return _event("Deletions.Stopped", vault, "", batch.since, batch.name, **own)


def deletions_let_go(vault: VaultKey, said: GoOn) -> Event:
    own: dict[str, Any] = {
        "batchName": said.batch.name,
        "backupInstances": said.batch.instances,
        "recoveryPoints": said.batch.points,
        "causedBy": list(said.batch.causes),
        "callerId": said.by,
        "reason": said.reason,
        "effectiveUntil": _text(said.until),
    }
    return _event("Deletions.LetGo", vault, "", said.at, said.batch.name, **own)


def identity_changed(before: Vault, after: Vault, at: datetime) -> Event:
    """The same wish within a minute is told once."""
    own: dict[str, Any] = {"identityBefore": before.acts_as, "identityAfter": after.acts_as}
    identity = f"{at:%Y-%m-%dT%H:%M}\n{before.acts_as}\n{after.acts_as}"
    return _event("Vault.IdentityChanged", after.key, "", at, identity, **own)


def vault_rebuilt(vault: VaultKey, mapping: GuardMapping | None, at: datetime) -> Event:
    guard = mapping.guard_id if mapping else None
    return _event("Vault.Rebuilt", vault, "", at, at.isoformat(), resourceGuardId=guard)


def guard_mapped(mapping: GuardMapping) -> Event:
    own: dict[str, Any] = {"resourceGuardId": mapping.guard_id, "callerId": mapping.by}
    identity = f"{mapping.guard_id.lower()}\n{mapping.at.isoformat()}"
    return _event("ResourceGuard.Mapped", mapping.vault, "", mapping.at, identity, **own)


def guard_unmapped(mapping: GuardMapping, at: datetime) -> Event:
    """Each mapping ends once."""
    identity = f"{mapping.guard_id.lower()}\n{mapping.at.isoformat()}"
    return _event("ResourceGuard.Unmapped", mapping.vault, "", at, identity, resourceGuardId=mapping.guard_id)


def guard_weakened(vault: VaultKey, guard_id: str, operations: Sequence[str], at: datetime) -> Event:
    """The same wish within a minute is told once."""
    own: dict[str, Any] = {"resourceGuardId": guard_id, "operations": list(operations)}
    identity = "\n".join([guard_id.lower(), f"{at:%Y-%m-%dT%H:%M}", *operations])
    return _event("ResourceGuard.Weakened", vault, "", at, identity, **own)


def guard_unlocked(vault: VaultKey, unlock: Unlock) -> Event:
    return _unlock_event("ResourceGuard.Unlocked", vault, unlock, unlock.at, unlock.by)


def guard_used(vault: VaultKey, unlock: Unlock) -> Event:
    return _unlock_event("ResourceGuard.UnlockUsed", vault, unlock, unlock.used_at, unlock.used_by)


def _unlock_event(name: str, vault: VaultKey, unlock: Unlock, at: datetime | None, by: str) -> Event:
    own: dict[str, Any] = {
        "operation": unlock.operation.value,
        "resourceId": unlock.resource_id,
        "callerId": by,
        "unlockExpiryTime": _text(unlock.until),
    }
    return _event(name, vault, "", at, f"{unlock.subject}\n{unlock.by}\n{unlock.at.isoformat()}", **own)


def retention_shortened(
    vault: VaultKey, policy_name: str, rules: Sequence[str], users: Sequence[str], at: datetime
) -> Event:
    identity = f"{policy_name}\n{at.isoformat()}"
    own: dict[str, Any] = {"policyName": policy_name, "rules": list(rules)}
    return _event("Policy.RetentionShortened", vault, "", at, identity, items=users, **own)


def orphan_found(vault: VaultKey, instance_name: str, snapshot_id: str, reason: str, at: datetime) -> Event:
    own: dict[str, Any] = {"snapshotId": snapshot_id, "reason": reason}
    return _event("Snapshot.Orphaned", vault, instance_name, at, snapshot_id.lower(), **own)


def test_disk_orphaned(vault: VaultKey, disk_id: str, job_id: str, at: datetime) -> Event:
    """One id a day for each disk."""
    own: dict[str, Any] = {"diskId": disk_id, "testJobId": job_id}
    return _event("RestoreTest.DiskOrphaned", vault, OF_VAULT, at, f"{disk_id.lower()}\n{at:%Y-%m-%d}", **own)


def foreign_found(vault: VaultKey, instance_name: str, snapshot_id: str, reason: str, at: datetime) -> Event:
    """One id a day for each snapshot."""
    own: dict[str, Any] = {"snapshotId": snapshot_id, "reason": reason}
    return _event("Snapshot.Foreign", vault, instance_name, at, f"{snapshot_id.lower()}\n{at:%Y-%m-%d}", **own)


def tags_changed(vault: VaultKey, point: RecoveryPoint, reason: str, at: datetime) -> Event:
    """One id a day for each snapshot."""
    own: dict[str, Any] = {"snapshotId": point.snapshot_id, "recoveryPointId": point.point_id, "reason": reason}
    identity = f"{point.snapshot_id.lower()}\n{at:%Y-%m-%d}"
    return _event("Snapshot.TagsChanged", vault, point.instance_name, at, identity, **own)


def message_poisoned(vault: VaultKey, instance_name: str, identity: str, error: BackupError, at: datetime) -> Event:
    return _event("Message.Poisoned", vault, instance_name, at, identity, error=JobError.of(error))


def rule_failed(vault: VaultKey, rule_name: str, disk_id: str, error: BackupError, at: datetime) -> Event:
    """What a protection rule wants of a disk cannot be done. One id a day for each disk and error."""
    identity = f"{disk_id.lower()}\n{error.code}\n{at:%Y-%m-%d}"
    own: dict[str, Any] = {"dataSourceId": disk_id, "protectionRuleName": rule_name or None}
    return _event("ProtectionRule.Failed", vault, "", at, identity, error=JobError.of(error), **own)


def quota_near(vault: VaultKey, cause: str, subscription: str, error: BackupError, at: datetime) -> Event:
    """About a region as a whole: no backup instance is affected more than another."""
    own: dict[str, Any] = {"cause": cause, "alertIds": [], "subscriptionId": subscription, "occurrences": 1}
    identity = f"{subscription}/{cause}/{at.isoformat()}"
    return _event("Quota.Near", vault, "", at, identity, error=JobError.of(error), **own)


def event_refused(vault: VaultKey, refused: RefusedEvent) -> Event:
    own: dict[str, Any] = {"refusedEventId": refused.event.id, "refusedEventType": refused.event.type}
    error = JobError(code=refused.code, message=refused.message, recommended_action="Read the event through the API.")
    return _event("Event.Refused", vault, "", refused.refused_at, refused.event.id, error=error, **own)


def scheduler_stalled(vault: VaultKey, since: datetime, missed: int, at: datetime) -> Event:
    own: dict[str, Any] = {"since": _text(since), "missedSlots": missed}
    return _event("Scheduler.Stalled", vault, "", at, since.isoformat(), **own)


def tables_set_back(vault: VaultKey, found: SetBack) -> Event:
    """Seen, or settled."""
    own: dict[str, Any] = {"tablesTime": _text(found.tables_at), "worldTime": _text(found.world_at)}
    if found.resumed_at is None:
        return _event("Tables.SetBack", vault, "", found.seen_at, found.seen_at.isoformat(), **own)
    return _event("Tables.Resumed", vault, "", found.resumed_at, found.seen_at.isoformat(), **own)


def scheduler_recovered(vault: VaultKey, since: datetime, at: datetime) -> Event:
    return _event("Scheduler.Recovered", vault, "", at, since.isoformat(), since=_text(at))


def alert_fired(vault: VaultKey, alert: Alert) -> Event:
    return _alert_event(alert.fired_type.removeprefix(PREFIX), vault, alert, alert.told_at, error=alert.error)


def alert_resolved(vault: VaultKey, alert: Alert, at: datetime) -> Event:
    return _alert_event(resolved_type(alert.cause).removeprefix(PREFIX), vault, alert, at)


def _alert_event(name: str, vault: VaultKey, alert: Alert, at: datetime, *, error: JobError | None = None) -> Event:
    return _event(
        name,
        vault,
        alert.instance_name,
        at,
        f"{alert.alert_id}/{alert.occurrences}",
        error=error,
        dataSourceId=alert.disk_id or None,
        jobId=f"{vault.resource_id}/backupJobs/{alert.job_id}" if alert.job_id else None,
        cause=alert.cause,
        alertIds=[f"{vault.resource_id}/backupAlerts/{alert.alert_id}"],
        subscriptionId=vault.subscription,
        occurrences=alert.occurrences,
    )


def _event(
    name: str,
    vault: VaultKey,
    instance_name: str,
    at: datetime | None,
    identity: str,
    *,
    error: JobError | None = None,
    items: Sequence[str] | None = None,
    **own: Any,
) -> Event:
    """An event with the data that all carry; `own` are the fields of its type."""
    assert at is not None, "events tell of things that have happened"
    kind = kind_of(f"{PREFIX}{name}")
    affected = list(items) if items is not None else [instance_name] if instance_name else []
    common: Mapping[str, Any] = {
        "severity": kind.severity.value,
        "category": kind.category,
        "description": kind.says,
        "vaultId": vault.resource_id,
        "backupInstanceId": f"{vault.resource_id}/backupInstances/{instance_name}" if instance_name else None,
        "affectedItems": affected,
        "affectedItemCount": len(affected),
        "possibleCauses": [error.message] if error else list(kind.causes),
        "recommendedActions": [*([error.recommended_action] if error else []), *kind.actions],
    }
    if "error" in kind.fields:
        own["error"] = _error(error)
    return Event(
        id=event_id(vault.partition, instance_name.lower(), kind.type, identity),
        type=kind.type,
        source=vault.resource_id,
        subject=f"backupInstances/{instance_name}" if instance_name else vault.name,
        at=at,
        content={**common, **own},
    )


def _error(error: JobError | None) -> dict[str, Any] | None:
    if error is None:
        return None
    return {"code": error.code, "message": error.message, "recommendedActions": [error.recommended_action]}


def _text(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None

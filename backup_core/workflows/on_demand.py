"""A backup on demand: what is asked is checked, and its job queued before anybody is told that it will be taken.

Leaves to others: taking it (backup.py), and how many one may ask for (domain/on_demand.py).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial

from backup_core.domain import on_demand
from backup_core.domain.errors import Fault, InvalidInput, NotFound, ResourceInUse
from backup_core.domain.instance import BackupInstance
from backup_core.domain.job import Job, JobOperation, job_id
from backup_core.domain.messages import StartBackup
from backup_core.domain.pacing import OF_A_START
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import DISK, VaultKey, parse_resource_id
from backup_core.ports import Insert, Ports, Replace, again_on_conflict, every
from backup_core.workflows.pacing import count_request
from backup_core.workflows.watching import STALL_AFTER, backup_watch


def request_backup(
    ports: Ports,
    vault: VaultKey,
    instance_name: str,
    *,
    rule_name: str,
    retention_tag: str | None,
    correlation_id: str = "",
) -> Job:
    """Queue an on-demand backup. Raises NotFound, ResourceInUse (not protected now, or no room for one more now),
    InvalidInput (rule, tag), StateConflict when a step of the instance's own was faster each time."""
    request = partial(_request_backup, ports, vault, instance_name, rule_name, retention_tag, correlation_id)
    return again_on_conflict(request)


def _request_backup(
    ports: Ports, vault: VaultKey, instance_name: str, rule_name: str, retention_tag: str | None, correlation_id: str
) -> Job:
    stored = ports.store.get(BackupInstance, vault, instance_name)
    if stored is None or stored.value.is_deleted:
        raise NotFound(f"Backup instance '{instance_name}' was not found in vault '{vault.name}'.")
    instance = stored.value
    if not instance.takes_scheduled_backups:
        raise ResourceInUse(
            f"Backup instance '{instance_name}' is in state {instance.state.value}; backups need ProtectionConfigured."
        )
    _check_request(instance, rule_name, retention_tag)
    now = ports.clock.now()
    _check_room(ports, vault, instance, now)
    job = Job(
        job_id=job_id(now, JobOperation.BACKUP, vault.partition, instance_name, "on-demand"),
        operation=JobOperation.BACKUP,
        instance_name=instance.name,
        created_at=now,
        touched_at=now,
        user_triggered=True,
        policy_name=instance.policy.name,
        disk_id=instance.disk_id,
        disk_location=instance.disk_location,
        friendly_name=instance.friendly_name,
        retention_tag=retention_tag or instance.policy.default_tag,
        correlation_id=correlation_id,
    )
    watch_due_at = (now + STALL_AFTER).replace(microsecond=0)
    message = StartBackup(
        vault=vault,
        instance_name=instance.name,
        job_id=job.job_id,
        revision=instance.revision,
        watch_due_at=watch_due_at,
    )
    ports.store.schedule([backup_watch(message, watch_due_at)])
    asked = replace(instance, on_demand=(*on_demand.recent(instance, now), job.job_id))
    ports.store.commit(vault, [Replace(stored, asked), Insert(job)])
    count_request(ports, parse_resource_id(instance.disk_id, DISK).subscription, OF_A_START)
    ports.queue.send(message)
    return job


def _check_room(ports: Ports, vault: VaultKey, instance: BackupInstance, now: datetime) -> None:
    """Raises OperationUnderWay, OnDemandBackupsUsedUp, SnapshotRoomReserved."""
    newest = ports.store.get(Job, vault, instance.on_demand[-1]) if instance.on_demand else None
    refused = on_demand.refusal(
        instance,
        newest.value if newest else None,
        (stored.value for stored in every(ports, RecoveryPoint, vault, instance.name)),
        now=now,
        a_day=ports.limits.on_demand_a_day,
    )
    if refused is not None:
        raise refused


def _check_request(instance: BackupInstance, rule_name: str, retention_tag: str | None) -> None:
    faults = []
    if rule_name != instance.policy.backup_rule_name:
        faults.append(
            Fault(
                target="backupRuleOptions.ruleName",
                message=f"policy '{instance.policy.name}' has the backup rule '{instance.policy.backup_rule_name}'",
            )
        )
    if retention_tag and instance.policy.retention_of(retention_tag) is None:
        faults.append(
            Fault(
                target="backupRuleOptions.triggerOption.retentionTagOverride",
                message=f"policy '{instance.policy.name}' has no retention rule '{retention_tag}'",
            )
        )
    if faults:
        raise InvalidInput(faults)

"""Configure what is protected: vaults, policies and backup instances.

Vaults and policies are written at once. An instance is accepted as a job: `configure_protection` looks at its disk and
puts it on the agenda. A changed policy reaches its instances by the same step.
"""

from __future__ import annotations

import logging
import uuid
from dataclasses import replace
from datetime import datetime, timedelta

from backup_core.domain.agenda import AgendaRow
from backup_core.domain.disk import BACKGROUND_COPY_SKUS, Disk
from backup_core.domain.errors import BackupError, Fault, InvalidInput, NotFound, ResourceInUse, Throttled
from backup_core.domain.instance import BackupInstance, InstanceRequest, ProtectionState
from backup_core.domain.job import Job, JobError, JobOperation, JobStatus, job_id
from backup_core.domain.messages import ConfigureProtection, ExpirePoints
from backup_core.domain.policy import BackupPolicy, check_background_copy
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.vault import Vault
from backup_core.ports import Change, Insert, Ports, Put, Remove, Replace, StateConflict, Stored, every
from backup_core.workflows import alerts
from backup_core.workflows.backup import expiry_row
from backup_core.workflows.dispatch import backup_row
from backup_core.workflows.turns import come_back, commit, tell
from backup_core.workflows.watching import STALL_AFTER, watch_row

log = logging.getLogger("diskbackup.protection")

CONFIGURE = "Configure Protection"
DELETE = "Delete Backup Instance"
EXPIRE_SOON = timedelta(seconds=90)
_TRIES = 5


def put_vault(ports: Ports, vault: Vault) -> tuple[Vault, bool]:
    """Write a vault; answers it and whether it is new. Its place in the world cannot change (InvalidInput)."""
    for _ in range(_TRIES):
        stored = ports.store.get(Vault, vault.key)
        if stored and stored.value.location.lower() != vault.location.lower():
            message = f"vault '{vault.key.name}' lies in {stored.value.location} and cannot be moved"
            raise InvalidInput([Fault(target="location", message=message, code="InvalidResourceLocation")])
        change: Change = Insert(vault)
        if stored:
            vault = replace(vault, created_at=stored.value.created_at)
            change = Replace(stored, vault)
        try:
            ports.store.commit(vault.key, [change])
        except StateConflict:
            continue
        return vault, stored is None
    raise ResourceInUse(f"Vault '{vault.key.name}' is changing too often; try again.")


def delete_vault(ports: Ports, key: VaultKey) -> bool:
    """Delete an empty vault with its policies; False when there is none. Raises ResourceInUse if it has instances."""
    stored = ports.store.get(Vault, key)
    if stored is None:
        return False
    instances = ports.store.page(BackupInstance, key, limit=1)
    if instances.items or instances.corrupt:
        raise ResourceInUse(f"Vault '{key.name}' still holds backup instances; delete them first.")
    for policy in list(every(ports, BackupPolicy, key)):
        ports.store.commit(key, [Remove(policy)])
    ports.store.commit(key, [Remove(stored)])
    return True


def put_policy(ports: Ports, vault: VaultKey, policy: BackupPolicy) -> BackupPolicy:
    """Write a policy. On an existing one it governs the backups to come: its instances are configured anew.

    Raises NotFound (vault), InvalidInput when an instance's kind of disk forbids the new schedule.
    """
    _require_vault(ports, vault)
    for _ in range(_TRIES):
        stored = ports.store.get(BackupPolicy, vault, policy.name)
        if stored is not None and stored.value.properties == policy.properties:
            return stored.value
        users = _users(ports, vault, policy.name) if stored else []
        _check_kinds(policy, users)
        try:
            ports.store.commit(vault, [Replace(stored, policy) if stored else Insert(policy)])
        except StateConflict:
            continue
        for instance in users:
            reconfigure(ports, vault, instance.name)
        return policy
    raise ResourceInUse(f"Policy '{policy.name}' is changing too often; try again.")


def delete_policy(ports: Ports, vault: VaultKey, name: str) -> bool:
    """Delete a policy; False when there is none. Raises ResourceInUse while an instance uses it."""
    stored = ports.store.get(BackupPolicy, vault, name)
    if stored is None:
        return False
    users = [instance.name for instance in _users(ports, vault, name)]
    if users:
        named = ", ".join(users[:5]) + (f" and {len(users) - 5} more" if len(users) > 5 else "")
        raise ResourceInUse(f"Policy '{name}' is used by {len(users)} backup instances ({named}).")
    try:
        ports.store.commit(vault, [Remove(stored)])
    except StateConflict as conflict:
        raise ResourceInUse(f"Policy '{name}' changed while it was being deleted; try again.") from conflict
    return True


def configure_instance(ports: Ports, vault: VaultKey, request: InstanceRequest) -> tuple[BackupInstance, Job, bool]:
    """Accept protection of a disk, or another policy for it; answers the instance, its job and whether it is new.

    Raises NotFound (vault), InvalidInput naming every fault, ResourceInUse (being deleted).
    """
    _require_vault(ports, vault)
    policy = ports.store.get(BackupPolicy, vault, request.policy_name)
    for _ in range(_TRIES):
        stored = ports.store.get(BackupInstance, vault, request.name)
        faults = _faults(request, policy, stored.value if stored else None)
        if faults:
            raise InvalidInput(faults)
        assert policy is not None, "its absence is a fault"
        now = ports.clock.now()
        job = _config_job(vault, request, JobOperation.CONFIGURE, now)
        instance = _wanted(stored.value if stored else None, request, policy.value, job, now)
        try:
            _accept(ports, vault, stored, instance, job)
        except StateConflict:
            continue
        return instance, job, stored is None
    raise ResourceInUse(f"Backup instance '{request.name}' is changing too often; try again.")


def _faults(
    request: InstanceRequest, policy: Stored[BackupPolicy] | None, existing: BackupInstance | None
) -> list[Fault]:
    faults = []
    if policy is None:
        message = f"policy '{request.policy_name}' was not found in the vault; create it first"
        faults.append(Fault(target="properties.policyInfo.policyId", message=message))
    if existing is None:
        return faults
    if existing.state is ProtectionState.DELETING:
        raise ResourceInUse(f"Backup instance '{request.name}' is being deleted; wait until it is gone.")
    if existing.disk_id.lower() != request.disk_id.lower():
        message = f"the instance protects {existing.disk_id}; protect another disk by another instance"
        faults.append(Fault(target="properties.dataSourceInfo.resourceID", message=message))
    if existing.snapshot_group_id.lower() != request.snapshot_group_id.lower():
        message = f"the snapshots lie in {existing.snapshot_group_id}; the group cannot be changed"
        target = "properties.policyInfo.policyParameters.dataStoreParametersList[0].resourceGroupId"
        faults.append(Fault(target=target, message=message))
    return faults


def _wanted(
    existing: BackupInstance | None, request: InstanceRequest, policy: BackupPolicy, job: Job, now: datetime
) -> BackupInstance:
    """The instance as asked for. A new revision makes messages and agenda rows of the old schedule recognisable."""
    if existing is not None:
        return replace(
            existing,
            revision=existing.revision + 1,
            friendly_name=request.friendly_name,
            policy=policy,
            state=ProtectionState.UPDATING,
            tags=request.tags,
            request=request.request,
            config_job_id=job.job_id,
            error=None,
        )
    return BackupInstance(
        name=request.name,
        generation=uuid.uuid5(uuid.NAMESPACE_URL, job.job_id).hex[:12],
        revision=1,
        friendly_name=request.friendly_name,
        disk_id=request.disk_id,
        disk_location=request.disk_location,
        snapshot_group_id=request.snapshot_group_id,
        policy=policy,
        state=ProtectionState.CONFIGURING,
        created_at=now,
        tags=request.tags,
        request=request.request,
        config_job_id=job.job_id,
    )


def _accept(
    ports: Ports, vault: VaultKey, stored: Stored[BackupInstance] | None, instance: BackupInstance, job: Job
) -> None:
    """Write instance and job together. The watch is there before them, so that a lost message is made good."""
    ports.store.schedule([_watch(vault, instance.name, job)])
    ports.store.commit(vault, [Replace(stored, instance) if stored else Insert(instance), Insert(job)])
    ports.queue.send(ConfigureProtection(vault=vault, instance_name=instance.name, job_id=job.job_id))


def reconfigure(ports: Ports, vault: VaultKey, instance_name: str) -> Job | None:
    """Bring an instance's copy of its policy up to date; None when it is up to date, gone or being deleted."""
    for _ in range(_TRIES):
        stored = ports.store.get(BackupInstance, vault, instance_name)
        if stored is None or stored.value.state is ProtectionState.DELETING:
            return None
        policy = ports.store.get(BackupPolicy, vault, stored.value.policy.name)
        if policy is None or policy.value.properties == stored.value.policy.properties:
            return None
        if stored.value.state in (ProtectionState.STOPPED, ProtectionState.SUSPENDED):
            changed = replace(stored.value, revision=stored.value.revision + 1, policy=policy.value)
            try:
                ports.store.commit(vault, [Replace(stored, changed)])
            except StateConflict:
                continue
            return None
        request = _request_of(stored.value)
        job = _config_job(vault, request, JobOperation.CONFIGURE, ports.clock.now())
        instance = _wanted(stored.value, request, policy.value, job, ports.clock.now())
        try:
            _accept(ports, vault, stored, instance, job)
        except StateConflict:
            continue
        return job
    log.warning("instance.busy instance=%s: its policy's change waits for the reconciler", instance_name)
    return None


def _request_of(instance: BackupInstance) -> InstanceRequest:
    return InstanceRequest(
        name=instance.name,
        friendly_name=instance.friendly_name,
        disk_id=instance.disk_id,
        disk_location=instance.disk_location,
        snapshot_group_id=instance.snapshot_group_id,
        policy_name=instance.policy.name,
        tags=instance.tags,
        request=instance.request,
    )


def configure_protection(ports: Ports, message: ConfigureProtection) -> None:
    """Look at the disk, put the instance on the agenda and end the job; or come back, or record why not."""
    stored = ports.store.get(BackupInstance, message.vault, message.instance_name)
    job = ports.store.get(Job, message.vault, message.job_id)
    if job is None:
        log.warning("configure.unknown job_id=%s", message.job_id)
        return
    if job.value.is_ended:
        tell(ports, message, [alerts.job_ended(message.vault, job.value)])
        return
    if stored is None or stored.value.config_job_id != message.job_id:
        _end_job(ports, message, job, JobStatus.CANCELLED)  # a later request took its place
        return
    try:
        disk = ports.cloud.get_disk(stored.value.disk_id)
        _check_disk(stored.value, disk)
    except BackupError as error:
        again_at = come_back(ports, message, error, message.job_id)
        if again_at is None:
            _refuse(ports, message, stored, job, error)
        else:
            _note_wait(ports, message, job, error, again_at)
        return
    _protect(ports, message, stored, job, disk)


def _note_wait(
    ports: Ports, message: ConfigureProtection, job: Stored[Job], error: BackupError, again_at: datetime
) -> None:
    """Let the watch know that the job waits by plan."""
    retries = message.attempts + (0 if isinstance(error, Throttled) else 1)
    waiting = replace(job.value, touched_at=ports.clock.now(), look_again_at=again_at, retry_count=retries)
    try:
        ports.store.commit(message.vault, [Replace(job, waiting)])
    except StateConflict:
        log.info("configure.wait_unrecorded job_id=%s", message.job_id)


def _check_disk(instance: BackupInstance, disk: Disk) -> None:
    fault = check_background_copy(instance.policy) if disk.sku in BACKGROUND_COPY_SKUS else None
    if fault is not None:
        raise InvalidInput([replace(fault, message=f"{disk.sku} disk: {fault.message}")])


def _protect(
    ports: Ports, message: ConfigureProtection, stored: Stored[BackupInstance], job: Stored[Job], disk: Disk
) -> None:
    now = ports.clock.now()
    first_slot = stored.value.policy.schedule.next_slot(now)
    instance = replace(
        stored.value,
        state=ProtectionState.CONFIGURED,
        disk_location=disk.location,
        disk_sku=disk.sku,
        expiry_due_at=stored.value.expiry_due_at or first_expiry(stored.value.policy, first_slot),
        error=None,
    )
    # The agenda first: a row without a protected instance is cleared away, an instance without a row is not backed up.
    rows = [backup_row(message.vault, instance, first_slot)]
    if instance.expiry_due_at is not None:
        rows.append(expiry_row(message.vault, instance.name, instance.expiry_due_at))
    ports.store.schedule(rows)
    ended = job.value.step(CONFIGURE, "Completed", at=now).advance(JobStatus.COMPLETED, at=now)
    if not commit(ports, message, [Replace(stored, instance), Replace(job, ended)]):
        return
    log.info("protection.configured instance=%s policy=%s", instance.name, instance.policy.name)
    tell(ports, message, [alerts.job_ended(message.vault, ended)])
    ports.store.unschedule([_watch(message.vault, message.instance_name, ended)])


def first_expiry(policy: BackupPolicy, first_slot: datetime) -> datetime:
    """When a point of `first_slot` can expire at the soonest. On the agenda from the start, so that no backup need
    write that row."""
    return min(rule.duration.after(first_slot) for rule in policy.retention_rules)


def _refuse(
    ports: Ports, message: ConfigureProtection, stored: Stored[BackupInstance], job: Stored[Job], error: BackupError
) -> None:
    now = ports.clock.now()
    failed = job.value.step(CONFIGURE, "Failed", at=now).advance(JobStatus.FAILED, at=now, error=error)
    instance = replace(stored.value, state=ProtectionState.ERROR, error=JobError.of(error))
    if commit(ports, message, [Replace(stored, instance), Replace(job, failed)]):
        log.error("protection.refused instance=%s code=%s %s", instance.name, error.code, error.message)
        tell(ports, message, [alerts.job_ended(message.vault, failed)])
        ports.store.unschedule([_watch(message.vault, message.instance_name, failed)])


def _end_job(ports: Ports, message: ConfigureProtection, job: Stored[Job], status: JobStatus) -> None:
    ended = job.value.advance(status, at=ports.clock.now())
    if commit(ports, message, [Replace(job, ended)]):
        tell(ports, message, [alerts.job_ended(message.vault, ended)])
        ports.store.unschedule([_watch(message.vault, message.instance_name, ended)])


def delete_instance(ports: Ports, vault: VaultKey, name: str) -> Job | None:
    """Delete an instance with its recovery points, as a job; None when there is none. Asking again answers that job."""
    for _ in range(_TRIES):
        stored = ports.store.get(BackupInstance, vault, name)
        if stored is None:
            return None
        running = ports.store.get(Job, vault, stored.value.config_job_id) if stored.value.config_job_id else None
        if stored.value.state is ProtectionState.DELETING and running is not None:
            return running.value
        now = ports.clock.now()
        job = _config_job(vault, _request_of(stored.value), JobOperation.DELETE, now)
        job = job.step(DELETE, "InProgress", at=now).advance(JobStatus.IN_PROGRESS, at=now)
        due_at = (now + EXPIRE_SOON).replace(microsecond=0)
        deleting = replace(stored.value, state=ProtectionState.DELETING, config_job_id=job.job_id, expiry_due_at=due_at)
        ports.store.schedule([expiry_row(vault, stored.value.name, due_at)])
        try:
            ports.store.commit(vault, [Replace(stored, deleting), Put(job)])
        except StateConflict:
            continue
        ports.queue.send(ExpirePoints(vault=vault, instance_name=stored.value.name, due_at=due_at))
        return job
    raise ResourceInUse(f"Backup instance '{name}' is changing too often to delete it; try again.")


def _config_job(vault: VaultKey, request: InstanceRequest, operation: JobOperation, now: datetime) -> Job:
    return Job(
        job_id=job_id(now, operation, vault.partition, request.name, uuid.uuid4().hex),
        operation=operation,
        instance_name=request.name,
        created_at=now,
        touched_at=now,
        user_triggered=True,
        policy_name=request.policy_name,
        disk_id=request.disk_id,
        disk_location=request.disk_location,
        friendly_name=request.friendly_name,
    )


def _watch(vault: VaultKey, instance_name: str, job: Job) -> AgendaRow:
    return watch_row(vault, instance_name, job.job_id, "configure", job.created_at + STALL_AFTER)


def _check_kinds(policy: BackupPolicy, users: list[BackupInstance]) -> None:
    fault = check_background_copy(policy)
    named = [instance.name for instance in users if instance.disk_sku in BACKGROUND_COPY_SKUS]
    if fault is not None and named:
        raise InvalidInput([replace(fault, message=f"{fault.message} (used by {', '.join(named[:5])})")])


def _require_vault(ports: Ports, vault: VaultKey) -> None:
    if ports.store.get(Vault, vault) is None:
        raise NotFound(f"Backup vault '{vault.name}' was not found in resource group '{vault.group}'.")


def _users(ports: Ports, vault: VaultKey, policy_name: str) -> list[BackupInstance]:
    return [
        stored.value
        for stored in every(ports, BackupInstance, vault)
        if stored.value.policy.name.lower() == policy_name.lower()
    ]

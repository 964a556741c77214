"""Protect a disk: a backup instance is accepted as a job, and `configure_protection` looks at its disk and puts it on
the agenda. A changed policy, and protection that is resumed, reach it by the same step.

Leaves to others: vaults and policies (vaults.py), and the ways out of protection (lifecycle.py).
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from backup_core.domain import validation as rules
from backup_core.domain.agenda import AgendaRow, backup_row, copies_row, expiry_row
from backup_core.domain.alert import Cause, cause_of_failure, permission_cause
from backup_core.domain.disk import Disk
from backup_core.domain.errors import BackupError, Fault, InvalidInput, NotFound, ResourceInUse
from backup_core.domain.events import Event
from backup_core.domain.guard import Critical
from backup_core.domain.instance import BackupInstance, InstanceRequest, PointCount, ProtectionState
from backup_core.domain.job import Job, JobError, JobOperation, JobStatus, job_id
from backup_core.domain.messages import ConfigureProtection
from backup_core.domain.objective import TAG, own_objective
from backup_core.domain.policy import BackupPolicy, does_less, shortened_rules
from backup_core.domain.protection_rule import RULE_TAG
from backup_core.domain.resource_ids import VaultKey, parse_group_id
from backup_core.domain.vault import check_shortening
from backup_core.ports import (
    Change,
    Insert,
    Ports,
    Remove,
    Replace,
    StateConflict,
    Stored,
    again_on_conflict,
    until_committed,
)
from backup_core.workflows import announcements, outbox
from backup_core.workflows.absence import weigh
from backup_core.workflows.alerts import fire, resolve
from backup_core.workflows.catalogue import find_vault, open_vault
from backup_core.workflows.claims import release_claim, take_claim
from backup_core.workflows.guards import ask_leave
from backup_core.workflows.objectives import is_in_trouble, objective_row
from backup_core.workflows.snapshot_groups import remember_group
from backup_core.workflows.turns import come_back, commit, open_job
from backup_core.workflows.watching import STALL_AFTER, watch_row

log = logging.getLogger("diskbackup.protection")

_READ_DISK = permission_cause("Disk Backup Reader")  # what a look at the disk proves; snapshots take another role

CONFIGURE = "Configure Protection"
PAUSED = (ProtectionState.STOPPED, ProtectionState.SUSPENDED)
EXPIRE_SOON = timedelta(seconds=90)


def configure_instance(
    ports: Ports,
    vault: VaultKey,
    request: InstanceRequest,
    *,
    still: Callable[[BackupInstance | None], bool] = lambda _: True,
    correlation_id: str = "",
    by: str | None = None,
    ruled: bool = False,
    resumes: bool = True,
) -> tuple[BackupInstance, Job, bool]:
    """Accept protection of a disk, or another policy for it; answers the instance, its job and whether it is new.
    `by` is who asks (see guards.ask_leave), or if `ruled` who wrote the rule that does. What is stopped or suspended
    takes backups again only if it `resumes`; else it takes what is asked and stays so, and its job has ended.

    Only while `still` holds of the instance as it is: for who judged it before. Raises NotFound (vault), InvalidInput
    naming every fault, ResourceInUse (being deleted, soft-deleted, or not as it was judged), GuardLocked.
    """
    settings = open_vault(ports, vault)
    policy = ports.store.get(BackupPolicy, vault, request.policy_name)

    def attempt() -> tuple[BackupInstance, Job, bool]:
        stored = ports.store.get(BackupInstance, vault, request.name)
        existing = stored.value if stored else None
        _refuse_going(existing)
        faults = [*rules.check_rules(settings, request, policy.value if policy else None, ports.bounds)]
        faults += rules.check_unchanged(existing, request) if existing else ()
        faults = [*rules.in_instance(faults), *_tag_faults(request, existing)]
        if faults:
            raise InvalidInput(faults)
        assert policy is not None, "its absence is a fault"
        if not still(existing):
            raise ResourceInUse(f"Backup instance '{request.name}' was changed meanwhile; it is judged anew.")
        shorter = _shortened(existing, policy.value)
        refused = check_shortening(settings, "properties.policyInfo.policyId", shorter)
        if refused:
            raise InvalidInput(refused)
        if existing is not None:
            _ask_leave(ports, vault, existing, request, policy.value, by, ruled=ruled)
        now = ports.clock.now()
        job = config_job(vault, request, JobOperation.CONFIGURE, now, correlation_id)
        if stored is not None and not resumes and _stays_paused(stored.value):
            return _change_paused(ports, vault, stored, request, policy.value, job, shorter)
        take_claim(ports, vault, request.name, request.disk_id)
        instance = _wanted(existing, request, policy.value, job, now)
        if existing is not None and existing.keeps_all_points and by is not None:
            instance = replace(instance, resumed_at=now, resumed_by=by)
        events = []
        if shorter:
            events.append(announcements.retention_shortened(vault, policy.value.name, shorter, [instance.name], now))
        if existing is not None and existing.state in PAUSED:
            events.append(announcements.protection_changed("Resumed", vault, instance, now, correlation_id))
        _accept(ports, vault, stored, instance, job, events)
        return instance, job, existing is None

    return until_committed(f"Backup instance '{request.name}'", attempt)


def _stays_paused(existing: BackupInstance) -> bool:
    """A rebuilt instance is stopped because nobody knows better: whoever configures it wants it protected."""
    return existing.state in PAUSED and not existing.rebuilt


def _change_paused(
    ports: Ports,
    vault: VaultKey,
    stored: Stored[BackupInstance],
    request: InstanceRequest,
    policy: BackupPolicy,
    job: Job,
    shorter: Sequence[str],
) -> tuple[BackupInstance, Job, bool]:
    """Resuming has a request of its own: a client that only states again what it wants of an instance (Terraform does)
    must not have points expire that were to be kept for ever. Raises StateConflict."""
    now = job.created_at
    instance = replace(
        stored.value,
        revision=stored.value.revision + 1,
        friendly_name=request.friendly_name,
        policy=policy,
        tags=request.tags,
        request=request.request,
        config_job_id=job.job_id,
    )
    ended = job.advance(JobStatus.COMPLETED, at=now)
    events = [announcements.job_ended(vault, ended)]
    if shorter:
        events.append(announcements.retention_shortened(vault, policy.name, shorter, [instance.name], now))
    outbox.commit(ports, vault, [Replace(stored, instance), Insert(ended)], events)
    return instance, ended, False


def _refuse_going(existing: BackupInstance | None) -> None:
    """Raises ResourceInUse."""
    if existing is not None and existing.state is ProtectionState.DELETING:
        raise ResourceInUse(f"Backup instance '{existing.name}' is being deleted; wait until it is gone.")
    if existing is not None and existing.is_deleted:
        raise ResourceInUse(
            f"Backup instance '{existing.name}' is soft-deleted until {existing.purge_at}: undelete it, or protect the "
            "disk by an instance of another name."
        )


def _shortened(existing: BackupInstance | None, policy: BackupPolicy) -> list[str]:
    """What an instance that moves to `policy` is promised less than by its own. A change of its own policy was judged
    when it was made."""
    if existing is None or existing.policy.name.lower() == policy.name.lower():
        return []
    return shortened_rules(existing.policy, policy)


def _ask_leave(
    ports: Ports,
    vault: VaultKey,
    existing: BackupInstance,
    request: InstanceRequest,
    policy: BackupPolicy,
    by: str | None,
    *,
    ruled: bool,
) -> None:
    """For a policy that does less, and for an instance that a person hands to a rule, which may stop it. Raises
    GuardLocked."""
    resource_id = f"{vault.resource_id}/backupInstances/{existing.name}"
    is_moved = existing.policy.name.lower() != policy.name.lower()
    if is_moved and does_less(existing.policy, policy, ports.clock.now()):
        ask_leave(ports, vault, Critical.MODIFY_POLICY, resource_id, by)
    if not ruled and request.tags.get(RULE_TAG) not in (None, existing.tags.get(RULE_TAG)):
        ask_leave(ports, vault, Critical.STOP, resource_id, by)


def _tag_faults(request: InstanceRequest, existing: BackupInstance | None) -> list[Fault]:
    """An objective of its own that cannot be read. What an older release took must not keep a disk from protection."""
    if existing is not None and existing.tags == request.tags:
        return []
    try:
        own_objective(request.tags)
    except ValueError as error:
        return [Fault(target=f"tags.{TAG}", message=str(error))]
    return []


def _wanted(
    existing: BackupInstance | None, request: InstanceRequest, policy: BackupPolicy, job: Job, now: datetime
) -> BackupInstance:
    """The instance as asked for. A new revision makes messages and agenda rows of the old schedule recognisable."""
    if existing is not None:
        paused = existing.state in PAUSED  # points may have expired meanwhile: look at once
        goes_on = existing.takes_scheduled_backups and existing.policy.schedule == policy.schedule
        return replace(
            existing,
            due_from=existing.due_from if goes_on else None,
            paused_at=None,
            rescheduled_at=existing.rescheduled_at if goes_on else now,
            expiry_due_at=soon(now) if paused else existing.expiry_due_at,
            revision=existing.revision + 1,
            friendly_name=request.friendly_name,
            policy=policy,
            state=ProtectionState.UPDATING,
            tags=request.tags,
            request=request.request,
            config_job_id=job.job_id,
            error=None,
            rebuilt=False,
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
        point_count=PointCount(count=0),
    )


def _accept(
    ports: Ports,
    vault: VaultKey,
    stored: Stored[BackupInstance] | None,
    instance: BackupInstance,
    job: Job,
    events: Sequence[Event] = (),
) -> None:
    """Write instance and job together. The watch is there before them, so that a lost message is made good.

    Vault and policy are looked for once more after it: whoever deletes them looks for instances after that. Raises
    NotFound, ResourceInUse when a new instance finds its vault gone or going.
    """
    ports.store.schedule([_watch(vault, instance.name, job)])
    changes: list[Change] = [Replace(stored, instance) if stored else Insert(instance), Insert(job)]
    outbox.commit(ports, vault, changes, events)
    try:
        open_vault(ports, vault)
    except (NotFound, ResourceInUse):
        _withdraw(ports, vault, instance, job)
        raise
    if ports.store.get(BackupPolicy, vault, instance.policy.name) is None:
        write_back(ports, vault, instance.policy)
    ports.queue.send(ConfigureProtection(vault=vault, instance_name=instance.name, job_id=job.job_id))


def _withdraw(ports: Ports, vault: VaultKey, instance: BackupInstance, job: Job) -> None:
    """Take back a new instance whose vault is gone or going; one that protected before keeps it from going."""
    stored, running = (ports.store.get(BackupInstance, vault, instance.name), ports.store.get(Job, vault, job.job_id))
    if stored is None or running is None or stored.value.state is not ProtectionState.CONFIGURING:
        return
    try:
        ports.store.commit(vault, [Remove(stored), Remove(running)])
    except StateConflict:
        log.warning("protection.unwithdrawn instance=%s: its configuration sees to it", instance.name)
        return
    release_claim(ports, vault, stored.value)
    ports.store.unschedule([_watch(vault, instance.name, job)])
    log.warning("protection.withdrawn instance=%s vault=%s", instance.name, vault.resource_id)


def write_back(ports: Ports, vault: VaultKey, policy: BackupPolicy) -> None:
    """A policy that is in use though it was deleted at the same time."""
    try:
        ports.store.commit(vault, [Insert(policy)])
    except StateConflict:
        return  # somebody wrote it meanwhile
    log.warning("policy.written_back policy=%s vault=%s", policy.name, vault.resource_id)


def reconfigure(ports: Ports, vault: VaultKey, instance_name: str) -> Job | None:
    """Bring an instance's copy of its policy up to date; None when it is up to date, gone or being deleted."""

    def attempt() -> Job | None:
        stored = ports.store.get(BackupInstance, vault, instance_name)
        if stored is None or stored.value.state is ProtectionState.DELETING:
            return None
        policy = ports.store.get(BackupPolicy, vault, stored.value.policy.name)
        if policy is None and stored.value.takes_scheduled_backups:
            write_back(ports, vault, stored.value.policy)
        if policy is None or policy.value.properties == stored.value.policy.properties:
            return None
        if stored.value.state in (*PAUSED, ProtectionState.SOFT_DELETED):
            changed = replace(stored.value, revision=stored.value.revision + 1, policy=policy.value)
            ports.store.commit(vault, [Replace(stored, changed)])
            return None
        request = request_of(stored.value)
        job = config_job(vault, request, JobOperation.CONFIGURE, ports.clock.now())
        instance = _wanted(stored.value, request, policy.value, job, ports.clock.now())
        _accept(ports, vault, stored, instance, job)
        return job

    try:
        return again_on_conflict(attempt)
    except StateConflict:
        log.warning("instance.busy instance=%s: its policy's change waits for the reconciler", instance_name)
        return None


def resume_protection(
    ports: Ports, vault: VaultKey, name: str, *, correlation_id: str = "", by: str | None = None
) -> Job | None:
    """Take backups again, by the policy as it stands now; None when they are being taken (recorded: 200, empty). `by`
    is who asks; None: the app itself, which ends what it began.

    Raises NotFound, InvalidInput (another instance protects the disk by now), ResourceInUse (being deleted).
    """
    instance = present_instance(ports, vault, name).value
    if instance.takes_scheduled_backups or instance.state is ProtectionState.CONFIGURING:
        return None
    return _configure_anew(ports, vault, instance, correlation_id, by)


def sync_instance(ports: Ports, vault: VaultKey, name: str, *, correlation_id: str = "") -> Job | None:
    """Look at the disk again and put the agenda right, whatever went wrong before; None while protection is paused,
    when there is nothing to look after. Raises NotFound, InvalidInput, ResourceInUse."""
    instance = present_instance(ports, vault, name).value
    return None if instance.state in PAUSED else _configure_anew(ports, vault, instance, correlation_id)


def _configure_anew(
    ports: Ports, vault: VaultKey, instance: BackupInstance, correlation_id: str, by: str | None = None
) -> Job:
    _, job, _ = configure_instance(ports, vault, request_of(instance), correlation_id=correlation_id, by=by)
    return job


def present_instance(ports: Ports, vault: VaultKey, name: str) -> Stored[BackupInstance]:
    """An instance to be changed. Raises NotFound (soft-deleted ones too), ResourceInUse when it is being deleted."""
    stored = ports.store.get(BackupInstance, vault, name)
    if stored is None or stored.value.is_deleted:
        raise NotFound(f"Backup instance '{name}' was not found in vault '{vault.name}'.")
    if stored.value.state is ProtectionState.DELETING:
        raise ResourceInUse(f"Backup instance '{name}' is being deleted; wait until it is gone.")
    return stored


def request_of(instance: BackupInstance) -> InstanceRequest:
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
    job = open_job(ports, message)
    if job is None:
        return
    if stored is None or stored.value.config_job_id != message.job_id:
        _end_job(ports, message, job, JobStatus.CANCELLED)  # a later request took its place
        return
    is_new = stored.value.state is ProtectionState.CONFIGURING
    if is_new and not _is_open(ports, message.vault):
        _withdraw(ports, message.vault, stored.value, job.value)
        return
    try:
        take_claim(ports, message.vault, stored.value.name, stored.value.disk_id)
        disk = ports.cloud.get_disk(stored.value.disk_id)
        _check_disk(stored.value, disk)
    except BackupError as error:
        message, error = weigh(ports, message, error, is_known=is_new)
        if not come_back(ports, message, job, error):
            _refuse(ports, message, stored, job, error)
        return
    _protect(ports, message, stored, job, disk)


def _is_open(ports: Ports, vault: VaultKey) -> bool:
    found = find_vault(ports, vault)
    return found is not None and not found.closing


def _check_disk(instance: BackupInstance, disk: Disk) -> None:
    faults = rules.in_instance(rules.check_interval(instance.policy, disk))
    if faults:
        raise InvalidInput(faults)


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
        due_from=stored.value.due_from or first_slot,
        expiry_due_at=stored.value.expiry_due_at or first_expiry(stored.value.policy, first_slot),
        error=None,
    )
    remember_group(ports, message.vault, parse_group_id(instance.snapshot_group_id))
    # The agenda first: a row without a protected instance is cleared away, an instance without a row is not backed up.
    rows = [backup_row(message.vault, instance, first_slot)]
    if instance.expiry_due_at is not None:
        rows.append(expiry_row(message.vault, instance.name, instance.expiry_due_at))
    if instance.copy_standings:
        rows.append(copies_row(message.vault, instance.name, now))  # all of them stayed while protection was stopped
    if is_in_trouble(instance, now):
        rows.append(objective_row(message.vault, instance))
    ports.store.schedule(rows)
    ended = job.value.step(CONFIGURE, "Completed", at=now, to=JobStatus.COMPLETED)
    cleared = resolve(ports, message.vault, instance, Cause.PROTECTION, _READ_DISK, Cause.SOURCE_DISK)
    changes: list[Change] = [Replace(stored, cleared.instance), Replace(job, ended), *cleared.changes]
    if not commit(ports, message, changes, [announcements.job_ended(message.vault, ended), *cleared.events]):
        return
    log.info("protection.configured instance=%s policy=%s", instance.name, instance.policy.name)
    ports.store.unschedule([_watch(message.vault, message.instance_name, ended)])


def first_expiry(policy: BackupPolicy, first_slot: datetime) -> datetime:
    """When a point of `first_slot` can expire at the soonest. On the agenda from the start, so that no backup need
    write that row."""
    return min(rule.duration.after(first_slot) for rule in policy.retention_rules)


def _refuse(
    ports: Ports, message: ConfigureProtection, stored: Stored[BackupInstance], job: Stored[Job], error: BackupError
) -> None:
    now = ports.clock.now()
    failed = job.value.step(CONFIGURE, "Failed", at=now, to=JobStatus.FAILED, error=error)
    told = JobError.of(error)
    instance = replace(stored.value, state=ProtectionState.ERROR, error=told, paused_at=now)
    cause = cause_of_failure(Cause.PROTECTION, error)
    alerted = fire(ports, message.vault, instance, cause, error=told, job_id=failed.job_id)
    changes: list[Change] = [Replace(stored, alerted.instance), Replace(job, failed), *alerted.changes]
    if commit(ports, message, changes, [announcements.job_ended(message.vault, failed), *alerted.events]):
        log.error("protection.refused instance=%s code=%s %s", instance.name, error.code, error.message)
        ports.store.unschedule([_watch(message.vault, message.instance_name, failed)])


def _end_job(ports: Ports, message: ConfigureProtection, job: Stored[Job], status: JobStatus) -> None:
    ended = job.value.advance(status, at=ports.clock.now())
    if commit(ports, message, [Replace(job, ended)], [announcements.job_ended(message.vault, ended)]):
        ports.store.unschedule([_watch(message.vault, message.instance_name, ended)])


def soon(now: datetime) -> datetime:
    """When an instance's expiry is due that must be looked at without delay: a lost message is made good by then."""
    return (now + EXPIRE_SOON).replace(microsecond=0)


def config_job(
    vault: VaultKey, request: InstanceRequest, operation: JobOperation, now: datetime, correlation_id: str = ""
) -> Job:
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
        correlation_id=correlation_id,
    )


def _watch(vault: VaultKey, instance_name: str, job: Job) -> AgendaRow:
    return watch_row(vault, instance_name, job.job_id, "configure", job.created_at + STALL_AFTER)

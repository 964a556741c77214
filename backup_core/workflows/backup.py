"""Take one backup: claim the instance, start the snapshot, observe it until usable, record the recovery point.

`start_backup` and `observe_backup` each do one round and return; what is left to do is a message with a delay. Both may
run twice, late, or on two hosts at once: the instance row's ETag lets one of them through, and names are derived.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from backup_core.domain import on_demand
from backup_core.domain.agenda import AgendaKind, AgendaRow
from backup_core.domain.alert import Cause, cause_of_failure
from backup_core.domain.disk import Disk, Snapshot
from backup_core.domain.durations import Duration, parse_duration
from backup_core.domain.errors import (
    BackupError,
    Fault,
    InvalidInput,
    NotFound,
    OperationFailed,
    ResourceInUse,
    SnapshotNotFound,
    SnapshotNotOurs,
)
from backup_core.domain.instance import ActiveBackup, BackupInstance, PointSummary, ProtectionState
from backup_core.domain.job import Job, JobError, JobOperation, JobStatus, job_id
from backup_core.domain.messages import ExpirePoints, ObserveBackup, StartBackup
from backup_core.domain.naming import Seal, point_id, promise_text, scheduled_job_id, snapshot_id
from backup_core.domain.objective import needs_watch
from backup_core.domain.ownership import NotProven, prove_backup
from backup_core.domain.recovery_point import RecoveryPoint, SnapshotLabel, is_ours
from backup_core.domain.resource_ids import DISK, VaultKey, parse_group_id, parse_resource_id
from backup_core.domain.snapshot_tags import snapshot_tags
from backup_core.domain.tagging import choose_tag
from backup_core.ports import Change, Insert, Ports, Put, Replace, StateConflict, Stored, every
from backup_core.workflows import alerts
from backup_core.workflows.absence import weigh
from backup_core.workflows.alarms import fire, resolve
from backup_core.workflows.dispatch import backup_row
from backup_core.workflows.installations import installation_id
from backup_core.workflows.objectives import SLOW_ROUNDS, look_later
from backup_core.workflows.overview import find_vault
from backup_core.workflows.turns import FIRST_LOOK, commit, look_delay, next_turn, note_deferral
from backup_core.workflows.watching import STALL_AFTER, backup_watch, watch_row

log = logging.getLogger("diskbackup.backup")

TRIGGER = "Trigger Backup"
REQUEST_ROUNDS = 3  # how often a request is decided anew when a step of the instance was faster
SNAPSHOT_UNIQUE_ID = "snapshot_unique_id"  # among a job's details: which snapshot it ended with
BUSY_DELAY = timedelta(seconds=15)
BUSY_ROUNDS_ON_DEMAND = 240  # an hour
LOOKS_FOR_A_MISSING_SNAPSHOT = 3
_ENDED_BY_SUCCESS = (Cause.BACKUP, Cause.PERMISSION, Cause.SOURCE_DISK, Cause.RPO)  # alerts that a new point ends
WATCH_MARGIN = timedelta(seconds=20)  # how long a deferred step may lie in the queue before its watch comes


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
    for _ in range(REQUEST_ROUNDS - 1):
        try:
            return _request_backup(ports, vault, instance_name, rule_name, retention_tag, correlation_id)
        except StateConflict:
            continue
    return _request_backup(ports, vault, instance_name, rule_name, retention_tag, correlation_id)


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


def start_backup(ports: Ports, message: StartBackup) -> None:
    """Claim the instance for the job and ask Azure for the snapshot, or come back later, or record why not."""
    stored = ports.store.get(BackupInstance, message.vault, message.instance_name)
    if stored is None:
        _stand_down(ports, message)
        return
    if stored.value.active and stored.value.active.job.job_id == message.job_id:
        _issue(ports, message, stored.value)
        return
    job = _wanted_job(ports, message, stored)
    if job is None or _is_busy(ports, message, stored, job):
        return
    try:
        disk = ports.cloud.get_disk(stored.value.disk_id)
    except BackupError as error:
        is_known = any(alert.cause == Cause.SOURCE_DISK for alert in stored.value.alerts)
        message, error = weigh(ports, message, error, is_known=is_known)
        _retreat(ports, message, stored, job, error)
        return
    claimed = _claim(ports, message, stored, job, disk)
    if claimed is not None:
        _issue(ports, message, claimed)


def _wanted_job(ports: Ports, message: StartBackup, stored: Stored[BackupInstance]) -> Job | None:
    """The job to run, or None when it has run already or nobody wants it any more (rows are tidied on the way)."""
    instance = stored.value
    if not instance.takes_scheduled_backups:
        _stand_down(ports, message)
        return None
    if message.slot is None:
        queued = ports.store.get(Job, message.vault, message.job_id)
        return None if queued is None or queued.value.is_ended else queued.value
    same = _is_same_generation(message, instance)
    if same and instance.newest_slot is not None and message.slot <= instance.newest_slot:
        _answer_late(ports, message, stored)
        return None
    if not (same and message.revision == instance.revision) and not _follow_new_schedule(ports, message, instance):
        return None
    return Job(
        job_id=message.job_id,
        operation=JobOperation.BACKUP,
        instance_name=instance.name,
        created_at=ports.clock.now(),
        policy_name=instance.policy.name,
        disk_id=instance.disk_id,
        disk_location=instance.disk_location,
        friendly_name=instance.friendly_name,
        slot=message.slot,
        missed_slots=message.missed_slots,
        missed_count=message.missed_count,
    )


def _is_same_generation(message: StartBackup, instance: BackupInstance) -> bool:
    """Whether the message is of this instance, not of an earlier one of its name: revisions count from 1 in each."""
    assert message.slot is not None, "an on-demand job is looked up by its id"
    own = scheduled_job_id(message.vault, instance.name, instance.generation, message.slot)
    return message.job_id == own


def _follow_new_schedule(ports: Ports, message: StartBackup, instance: BackupInstance) -> bool:
    """A message of an older policy, or of an earlier instance of that name: put the agenda right, and take the slot
    only if it is this instance's and the present schedule has it."""
    schedule = instance.policy.schedule
    assert message.slot is not None, "only scheduled messages carry a revision that matters"
    right_row = backup_row(message.vault, instance, schedule.next_slot(ports.clock.now()))
    ports.store.schedule([right_row])
    if message.next_due_at is not None and message.next_due_at != right_row.due_at:
        ports.store.unschedule([replace(right_row, due_at=message.next_due_at)])
    if _is_same_generation(message, instance) and schedule.newest_slot(message.slot) == message.slot:
        return True
    _unwatch(ports, message)
    return False


def _answer_late(ports: Ports, message: StartBackup, stored: Stored[BackupInstance]) -> None:
    """A slot not newer than the newest taken: it ran already, or a later one overtook it in the queue while it was put
    off. Then it is missed, which its job or the instance's list must say."""
    assert message.slot is not None, "on-demand backups have no order"
    if _has_trace(ports, message, stored.value):
        return
    missed = stored.value.miss((*message.missed_slots, message.slot), message.missed_count + 1)
    if commit(ports, message, [Replace(stored, missed)]):
        log.warning("backup.overtaken instance=%s slot=%s", message.instance_name, message.slot)
        _unwatch(ports, message)


def _has_trace(ports: Ports, message: StartBackup, instance: BackupInstance) -> bool:
    assert message.slot is not None, "on-demand backups have no order"
    return instance.has_missed(message.slot) or ports.store.get(Job, message.vault, message.job_id) is not None


def _is_busy(ports: Ports, message: StartBackup, stored: Stored[BackupInstance], job: Job) -> bool:
    """One backup at a time: wait for the running one, unless this slot's successor is due: then it is a missed slot."""
    instance = stored.value
    if instance.active is None:
        return False
    now = ports.clock.now()
    next_due = message.next_due_at or (instance.policy.schedule.next_slot(message.slot) if message.slot else None)
    if message.slot is not None and next_due is not None and now >= next_due:
        slots = (*message.missed_slots, message.slot)
        missed = replace(instance.miss(slots, message.missed_count + 1), newest_slot=message.slot)
        if commit(ports, message, [Replace(stored, missed)]):
            _unwatch(ports, message)
            log.warning("backup.superseded instance=%s slot=%s", instance.name, message.slot)
        return True
    _defer(ports, message, stored, job, BUSY_DELAY)
    return True


def _claim(
    ports: Ports, message: StartBackup, stored: Stored[BackupInstance], job: Job, disk: Disk
) -> BackupInstance | None:
    """Write the running job and the instance that it holds, in one transaction; None when another was faster."""
    instance, now = stored.value, ports.clock.now()
    if message.slot is not None:
        choice = choose_tag(
            instance.policy.criteria, message.slot, instance.last_success_slot, instance.policy.schedule.zone
        )
        job = replace(job, retention_tag=choice.tag_name, details={**job.details, "tag_because": choice.because})
    at = message.slot or job.created_at
    disk_name = parse_resource_id(instance.disk_id, DISK).name
    group = parse_group_id(instance.snapshot_group_id)
    job = replace(
        job,
        point_id=point_id(message.vault, instance.name, job.job_id, at),
        retry_count=message.attempts,
        details={**job.details, "disk_size_bytes": disk.size_bytes},
    ).step(TRIGGER, "InProgress", at=now, progress_percent=0)
    if job.status is JobStatus.QUEUED:
        job = job.advance(JobStatus.IN_PROGRESS, at=now)
    own_id = installation_id(ports)
    duration = instance.policy.retention_duration(job.retention_tag)
    retention = duration.iso() if duration else ""
    seal = Seal(
        installation_id=own_id,
        promise=promise_text(job.retention_tag, retention),
        disk_id=disk.id,
        disk_unique_id=disk.unique_id,
    )
    active = ActiveBackup(
        job=job,
        snapshot_id=snapshot_id(message.vault, instance.name, disk_name, group, job.job_id, at, seal),
        disk=disk.raw,
        watch_due_at=message.watch_due_at or now,
        installation_id=own_id,
        retention=retention,
    )
    claimed = replace(instance.miss(message.missed_slots, message.missed_count), active=active)
    if message.slot is not None:
        claimed = replace(claimed, newest_slot=message.slot)
    if instance.newest_slot != instance.last_success_slot:
        look_later(ports, message.vault, claimed)
    if not commit(ports, message, [Replace(stored, claimed), Put(job)]):
        return None
    return claimed


def _issue(ports: Ports, message: StartBackup, instance: BackupInstance) -> None:
    """Ask for the snapshot of the claimed job. Asking twice takes one snapshot: the name is the job's."""
    active = instance.active
    assert active is not None, "only called for the job that holds the instance"
    label = SnapshotLabel(
        vault=message.vault,
        instance_name=instance.name,
        point_id=active.job.point_id,
        job_id=active.job.job_id,
        tag_name=active.job.retention_tag,
        retention=_promised(instance, active),
        policy_name=instance.policy.name,
        slot=active.job.slot,
        disk=active.disk,
        installation_id=active.installation_id,
    )
    disk, vault = Disk(raw=active.disk), find_vault(ports, message.vault)
    tags = snapshot_tags(
        label.tags(), instance=instance.tags, vault=vault.tags if vault is not None else {}, disk=disk.tags
    )
    try:
        operation_url = ports.cloud.start_snapshot(active.snapshot_id, source=disk, tags=tags)
    except BackupError as error:
        stored = ports.store.get(BackupInstance, message.vault, message.instance_name)
        if stored is not None and stored.value.active and stored.value.active.job.job_id == message.job_id:
            _retreat(ports, message, stored, stored.value.active.job, error)
        return
    observe = ObserveBackup(
        vault=message.vault,
        instance_name=instance.name,
        job_id=active.job.job_id,
        operation_url=operation_url,
        watch_due_at=message.watch_due_at or active.watch_due_at,
    )
    ports.queue.send(observe, delay=FIRST_LOOK)


def _promised(instance: BackupInstance, active: ActiveBackup) -> Duration | None:
    """How long the point is kept: as its snapshot was promised, whatever becomes of the policy while it is taken."""
    if active.retention is None:
        return instance.policy.retention_duration(active.job.retention_tag)
    return parse_duration(active.retention) if active.retention else None


def _retreat(ports: Ports, message: StartBackup, stored: Stored[BackupInstance], job: Job, error: BackupError) -> None:
    """Come back later if the error may pass; else the job fails, and with it this slot, not the next."""
    turn = next_turn(message, error, job.job_id)
    if turn is None:
        _fail(ports, message, stored, job, error)
        return
    note_deferral(turn, error, job.job_id)
    if turn.message.attempts + turn.message.deferrals == SLOW_ROUNDS:
        look_later(ports, message.vault, stored.value)
    _send_later(ports, turn.message, turn.delay)
    active = stored.value.active
    if active is not None and active.job.job_id == job.job_id and turn.message.attempts > job.retry_count:
        _note(ports, message, stored, active, replace(job, retry_count=turn.message.attempts))


def _fail(
    ports: Ports,
    message: StartBackup | ObserveBackup,
    stored: Stored[BackupInstance],
    job: Job,
    error: BackupError,
) -> None:
    """Record the failed job and free the instance. A snapshot that Azure left half made is asked to be deleted."""
    instance, now = stored.value, ports.clock.now()
    held = instance.active if instance.active and instance.active.job.job_id == job.job_id else None
    if held is not None:
        _discard_snapshot(ports, held.snapshot_id)
    failed = replace(job, retry_count=_retries(job, message)).advance(JobStatus.FAILED, at=now, error=error)
    freed = replace(instance, active=None) if held else instance.miss(job.missed_slots, job.missed_count)
    if job.slot is not None:
        freed = replace(freed, newest_slot=max(job.slot, instance.newest_slot or job.slot))
    look_later(ports, message.vault, freed)
    alarm = fire(
        ports,
        message.vault,
        freed,
        cause_of_failure(Cause.BACKUP, error),
        error=JobError.of(error),
        job_id=job.job_id,
    )
    changes: list[Change] = [Replace(stored, alarm.instance), Put(failed), *alarm.changes]
    if not commit(ports, message, changes, [alerts.job_ended(message.vault, failed), *alarm.events]):
        return
    log.error("backup.failed job_id=%s instance=%s code=%s %s", job.job_id, instance.name, error.code, error.message)
    _hurry_deletion(ports, message.vault, freed)
    _unwatch(ports, message)


def _discard_snapshot(ports: Ports, snapshot: str) -> None:
    try:
        found = ports.cloud.find_snapshot(snapshot)
        if found is not None and not found.is_usable and is_ours(found.tags):
            ports.cloud.delete_snapshot(snapshot)
    except BackupError as error:
        log.warning("backup.leftover snapshot=%s code=%s; the reconciler reports it", snapshot, error.code)


def observe_backup(ports: Ports, message: ObserveBackup) -> None:
    """Look once whether the snapshot is usable: record the point, or look again later, or fail the job."""
    stored = ports.store.get(BackupInstance, message.vault, message.instance_name)
    active = stored.value.active if stored else None
    if stored is None or active is None or active.job.job_id != message.job_id:
        log.info("observe.late job_id=%s", message.job_id)  # an earlier run of this step ended the job
        return
    try:
        snapshot = _look(ports, message, active)
    except BackupError as error:
        turn = next_turn(message, error, message.job_id)
        if turn is None:
            _fail(ports, message, stored, active.job, error)
        else:
            note_deferral(turn, error, message.job_id)
            if turn.message.attempts + turn.message.deferrals == SLOW_ROUNDS:
                look_later(ports, message.vault, stored.value)
            _send_later(ports, turn.message, turn.delay)
        return
    if snapshot is not None and snapshot.is_usable:
        _complete_if_own(ports, message, stored, active, snapshot)
    else:
        _look_again(ports, message, stored, active, snapshot)


def _look(ports: Ports, message: ObserveBackup, active: ActiveBackup) -> Snapshot | None:
    """The snapshot as it is now; None while the operation runs. Raises OperationFailed, SnapshotNotFound.

    The operation is asked first: only it knows why a snapshot failed. Its output carries the finished snapshot.
    """
    operation = ports.cloud.get_operation(message.operation_url) if message.operation_url else None
    if operation is not None and operation.status in ("Failed", "Canceled"):
        raise OperationFailed(
            f"Azure ended the snapshot as {operation.status}: {operation.error_message}",
            code=operation.error_code or None,
        )
    if operation is not None and operation.status != "Succeeded":
        return None
    snapshot = ports.cloud.snapshot_of(operation) if operation else None
    snapshot = snapshot or ports.cloud.find_snapshot(active.snapshot_id)
    if snapshot is None and message.looks < LOOKS_FOR_A_MISSING_SNAPSHOT:
        return None  # reads may lag behind a write that Azure accepted
    if snapshot is None:
        raise SnapshotNotFound(f"Snapshot '{active.snapshot_id}' is not there after Azure accepted it.")
    if snapshot.provisioning_state in ("Failed", "Canceled"):
        raise OperationFailed(f"Snapshot '{active.snapshot_id}' is in state {snapshot.provisioning_state}.")
    return snapshot


def _look_again(
    ports: Ports,
    message: ObserveBackup,
    stored: Stored[BackupInstance],
    active: ActiveBackup,
    snapshot: Snapshot | None,
) -> None:
    """Come back after a delay that grows; record the progress, so that the watch knows that waiting is no stall."""
    if message.looks == SLOW_ROUNDS:
        look_later(ports, message.vault, stored.value)
    delay, now = look_delay(message.looks + 1), ports.clock.now()
    url = message.operation_url if snapshot is None else ""  # a finished operation has no more to tell
    ports.queue.send(replace(message, looks=message.looks + 1, operation_url=url, attempts=0), delay=delay)
    percent = int(snapshot.completion_percent) if snapshot else None
    job = active.job.step(TRIGGER, "InProgress", at=now, progress_percent=percent)
    _note(
        ports,
        message,
        stored,
        active,
        replace(job, look_again_at=now + delay, retry_count=_retries(active.job, message)),
    )


def _note(
    ports: Ports,
    message: StartBackup | ObserveBackup,
    stored: Stored[BackupInstance],
    active: ActiveBackup,
    job: Job,
) -> None:
    """Record the running job's progress. A conflict is no matter: the next round records."""
    waiting = replace(stored.value, active=replace(active, job=job))
    try:
        ports.store.commit(message.vault, [Replace(stored, waiting), Put(job)])
    except StateConflict:
        log.info("backup.round_unrecorded job_id=%s: the instance changed meanwhile", job.job_id)


def _retries(job: Job, message: StartBackup | ObserveBackup) -> int:
    """All rounds that met a transient error: an observation counts anew from each look that succeeds."""
    if isinstance(message, StartBackup):
        return max(job.retry_count, message.attempts)
    return job.retry_count + message.attempts


def _complete_if_own(
    ports: Ports,
    message: ObserveBackup,
    stored: Stored[BackupInstance],
    active: ActiveBackup,
    snapshot: Snapshot,
) -> None:
    """Azure takes no new snapshot under a name that is taken, and says that all is well: what somebody put there before
    is no backup of ours."""
    judgement = prove_backup(active, snapshot)
    if isinstance(judgement, NotProven):
        reasons = "; ".join(judgement.because)
        error = SnapshotNotOurs(f"Snapshot '{snapshot.id}' is not of this backup: {reasons}.", target=snapshot.id)
        _fail(ports, message, stored, active.job, error)
    else:
        _complete(ports, message, stored, active, snapshot)


def _complete(
    ports: Ports,
    message: ObserveBackup,
    stored: Stored[BackupInstance],
    active: ActiveBackup,
    snapshot: Snapshot,
) -> None:
    """Record the point, its tag and expiry, the job's end and the instance's news in one transaction."""
    instance, now = stored.value, ports.clock.now()
    point = new_point(instance, active, snapshot, completed_at=now)
    job = active.job.step(TRIGGER, "Completed", at=now, progress_percent=100).advance(JobStatus.COMPLETED, at=now)
    details = {**job.details, SNAPSHOT_UNIQUE_ID: snapshot.unique_id}
    job = replace(job, retry_count=_retries(active.job, message), details=details)
    expiry = earlier_expiry(instance, point, now)
    if expiry is not None:
        ports.store.schedule([expiry_row(message.vault, instance.name, expiry)])
    changed = replace(
        with_point(instance, point),
        active=None,
        expiry_due_at=expiry or instance.expiry_due_at,
        last_success_slot=job.slot or instance.last_success_slot,
    )
    cleared = resolve(ports, message.vault, changed, *_ENDED_BY_SUCCESS)
    if needs_watch(changed):
        look_later(ports, message.vault, cleared.instance)
    changes: list[Change] = [Replace(stored, cleared.instance), Put(job), Put(point), *cleared.changes]
    told = [alerts.job_ended(message.vault, job), alerts.point_created(message.vault, point), *cleared.events]
    if not commit(ports, message, changes, told):
        return
    log.info("backup.completed job_id=%s instance=%s point=%s", job.job_id, instance.name, point.point_id)
    _hurry_deletion(ports, message.vault, changed)
    _unwatch(ports, message)


def _hurry_deletion(ports: Ports, vault: VaultKey, instance: BackupInstance) -> None:
    """A deletion that waited for this backup to end goes on at once, not with the next sweep."""
    if instance.state is ProtectionState.DELETING and instance.expiry_due_at is not None:
        ports.queue.send(ExpirePoints(vault=vault, instance_name=instance.name, due_at=instance.expiry_due_at))


def new_point(
    instance: BackupInstance, active: ActiveBackup, snapshot: Snapshot, *, completed_at: datetime
) -> RecoveryPoint:
    """The record of `snapshot`. It expires its retention after the snapshot's own creation, as Azure's points do."""
    job, retention = active.job, _promised(instance, active)
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


def with_point(instance: BackupInstance, point: RecoveryPoint) -> BackupInstance:
    newest = instance.newest_point
    if newest is not None and newest.created_at >= point.created_at:
        return instance
    return replace(instance, newest_point=summary_of(point))


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


def expiry_row(vault: VaultKey, instance_name: str, due_at: datetime) -> AgendaRow:
    return AgendaRow(
        kind=AgendaKind.EXPIRY, due_at=due_at.replace(microsecond=0), vault=vault, instance_name=instance_name
    )


def _stand_down(ports: Ports, message: StartBackup) -> None:
    """The instance is gone or takes no backups: its agenda row goes too, and a queued job is cancelled."""
    if message.next_due_at is not None:
        row = AgendaRow(
            kind=AgendaKind.BACKUP,
            due_at=message.next_due_at,
            vault=message.vault,
            instance_name=message.instance_name,
        )
        ports.store.unschedule([row])
    job = ports.store.get(Job, message.vault, message.job_id)
    if job is not None and not job.value.is_ended:
        cancelled = job.value.advance(JobStatus.CANCELLED, at=ports.clock.now())
        if not commit(ports, message, [Replace(job, cancelled)], [alerts.job_ended(message.vault, cancelled)]):
            return
    _unwatch(ports, message)


def _defer(ports: Ports, message: StartBackup, stored: Stored[BackupInstance], job: Job, delay: timedelta) -> None:
    if message.slot is None and message.deferrals >= BUSY_ROUNDS_ON_DEMAND:
        busy = ResourceInUse(f"Another backup of '{job.instance_name}' ran for an hour; this one was given up.")
        _fail(ports, message, stored, job, busy)
        return
    if message.slot is not None:
        look_later(ports, message.vault, stored.value)
    _send_later(ports, replace(message, deferrals=message.deferrals + 1), delay)


def _send_later(ports: Ports, message: StartBackup | ObserveBackup, delay: timedelta) -> None:
    """Send the step again after `delay`; where the watch would come first, let it come after, lest it sends one too."""
    back_at = ports.clock.now() + delay
    old = message.watch_due_at
    if old is None or back_at + WATCH_MARGIN > old:
        later = (back_at + STALL_AFTER).replace(microsecond=0)
        ports.store.schedule([_watch_of(message, later)])
        message = replace(message, watch_due_at=later)
    ports.queue.send(message, delay=delay)
    if old is not None and old != message.watch_due_at:
        ports.store.unschedule([_watch_of(message, old)])


def _watch_of(message: StartBackup | ObserveBackup, due_at: datetime) -> AgendaRow:
    if isinstance(message, StartBackup):
        return backup_watch(message, due_at)
    return watch_row(message.vault, message.instance_name, message.job_id, "backup", due_at)


def _unwatch(ports: Ports, message: StartBackup | ObserveBackup) -> None:
    """The job needs no looking after any more. A row that stood elsewhere finds the job ended and goes by itself."""
    if message.watch_due_at is not None:
        row = watch_row(message.vault, message.instance_name, message.job_id, "backup", message.watch_due_at)
        ports.store.unschedule([row])

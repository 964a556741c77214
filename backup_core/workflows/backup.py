"""Take one backup: claim the instance, start the snapshot, observe it until usable, record the recovery point.

`start_backup` and `observe_backup` each do one round and return; what is left to do is a message with a delay. Both may
run twice, late, or on two hosts at once: the instance row's ETag lets one of them through, and names are derived.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from backup_core.domain import on_demand
from backup_core.domain.agenda import AgendaKind, AgendaRow, backup_row, expiry_row
from backup_core.domain.alert import Cause, cause_of_failure
from backup_core.domain.disk import Disk, Snapshot
from backup_core.domain.errors import (
    BackupCancelled,
    BackupError,
    Fault,
    InvalidInput,
    NotFound,
    OperationFailed,
    ResourceInUse,
    SlotMissed,
    SnapshotNotFound,
    SnapshotNotOurs,
)
from backup_core.domain.events import Event
from backup_core.domain.instance import (
    ActiveBackup,
    BackupInstance,
    Misses,
    ProtectionState,
    PutOff,
)
from backup_core.domain.job import TAKEN_AGAIN, Job, JobError, JobOperation, JobStatus, job_id
from backup_core.domain.messages import ExpirePoints, ObserveBackup, StartBackup
from backup_core.domain.naming import Seal, point_id, promise_text, scheduled_job_id, snapshot_id
from backup_core.domain.objective import needs_watch
from backup_core.domain.ownership import NotProven, prove_backup
from backup_core.domain.pacing import OF_A_START
from backup_core.domain.points import earlier_expiry, label_of, new_point, with_point
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import DISK, VaultKey, parse_group_id, parse_resource_id
from backup_core.domain.snapshot_tags import snapshot_tags
from backup_core.domain.starting import (
    Does,
    Start,
    Verdict,
    caught_up,
    decide,
    decide_after_refusal,
    give_way,
    is_of_earlier_schedule,
    is_of_generation,
    job_of_slot,
    slots_of,
    stays_on_record,
)
from backup_core.domain.tagging import choose_tag
from backup_core.ports import Change, Insert, Ports, Put, Replace, StateConflict, Stored, every
from backup_core.workflows import announcements, outbox
from backup_core.workflows.absence import weigh
from backup_core.workflows.alerts import Alerted, fire, resolve
from backup_core.workflows.catalogue import recent_vault_tags
from backup_core.workflows.deletion import discard_half_made
from backup_core.workflows.installations import installation_id
from backup_core.workflows.objectives import SLOW_ROUNDS, look_later
from backup_core.workflows.pacing import count_request, in_line
from backup_core.workflows.turns import (
    FIRST_LOOK,
    OPERATIONS_AT_MOST,
    commit,
    look_delay,
    next_turn,
    note_deferral,
    operation_delay,
)
from backup_core.workflows.watching import STALL_AFTER, backup_watch, watch_row

log = logging.getLogger("diskbackup.backup")

TRIGGER = "Trigger Backup"
REQUEST_ROUNDS = 3  # how often a request is decided anew when a step of the instance was faster
SNAPSHOT_UNIQUE_ID = "snapshot_unique_id"  # among a job's details: which snapshot it ended with
BUSY_DELAY = timedelta(seconds=15)
LOOKS_FOR_A_MISSING_SNAPSHOT = 3
# Alerts that a new point ends.
_ENDED_BY_SUCCESS = (Cause.BACKUP, Cause.SLOTS, Cause.PERMISSION, Cause.SOURCE_DISK, Cause.RPO)


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


def start_backup(ports: Ports, message: StartBackup) -> None:
    """Claim the instance for the job and ask Azure for the snapshot, or come back later, or record why not."""
    stored = ports.store.get(BackupInstance, message.vault, message.instance_name)
    row = _row_of_job(ports, message, stored)
    start = _start(ports, message, stored, row)
    verdict = decide(start)
    if stored is not None and is_of_earlier_schedule(message, stored.value):
        _follow_new_schedule(ports, message, stored.value)
    if stored is None:
        _give_up(ports, message, None, row, verdict)
        return
    match verdict.does:
        case Does.RUN:
            _run(ports, message, stored, row, start)
        case Does.RESUME:
            _resume(ports, message, stored, verdict.misses)
        case Does.WAIT:
            _wait(ports, message, stored, row, verdict.because, BUSY_DELAY)
        case Does.FAIL:
            _fail_unbegun(ports, message, stored, row, start, ResourceInUse(f"Given up: {verdict.because}."))
        case Does.GIVE_UP:
            _give_up(ports, message, stored, row, verdict)
        case Does.STAND_DOWN:
            _stand_down(ports, message, stored, verdict)
        case _:
            assert_never(verdict.does)


def _row_of_job(ports: Ports, message: StartBackup, stored: Stored[BackupInstance] | None) -> Stored[Job] | None:
    """The job's own row, where there may be one: the first message of a slot that is the newest spares the read."""
    newest = stored.value.newest_slot if stored else None
    is_late = message.slot is not None and newest is not None and message.slot <= newest
    is_first = message.turn == message.deferrals == message.attempts == message.doubts == 0
    if message.slot is not None and is_first and not is_late:
        return None
    return ports.store.get(Job, message.vault, message.job_id)


def _start(ports: Ports, message: StartBackup, stored: Stored[BackupInstance] | None, row: Stored[Job] | None) -> Start:
    instance = stored.value if stored else None
    return Start(
        message=message,
        instance=instance,
        job=row.value if row else None,
        begun=slots_begun(ports, message, instance),
        now=ports.clock.now(),
    )


def slots_begun(ports: Ports, message: StartBackup, instance: BackupInstance | None) -> frozenset[datetime]:
    """Those of the message's slots that have a job, or a point whose job is forgotten: looked for where a slot as late
    was begun or given up."""
    if instance is None or instance.newest_slot is None or not is_of_generation(message, instance):
        return frozenset()
    late = [slot for slot in slots_of(message) if slot <= instance.newest_slot]
    return frozenset(slot for slot in late if _was_begun(ports, message.vault, instance, slot))


def _was_begun(ports: Ports, vault: VaultKey, instance: BackupInstance, slot: datetime) -> bool:
    own_job = scheduled_job_id(vault, instance.name, instance.generation, slot)
    own_point = point_id(vault, instance.name, own_job, slot)
    return (
        ports.store.get(Job, vault, own_job) is not None
        or ports.store.get(RecoveryPoint, vault, instance.name, own_point) is not None
    )


def _follow_new_schedule(ports: Ports, message: StartBackup, instance: BackupInstance) -> None:
    """Put the agenda right after a message of an older policy, or of an earlier instance of that name: that one's row
    may have stood where this one's should, and be all that came of a slot."""
    schedule = instance.policy.schedule
    own = is_of_generation(message, instance)
    due_at = schedule.next_slot(ports.clock.now()) if own else instance.next_due_at
    ports.store.schedule([backup_row(message.vault, instance, due_at)])
    if message.next_due_at is not None and schedule.newest_slot(message.next_due_at) != message.next_due_at:
        _leave_agenda(ports, message, instance)


def _run(
    ports: Ports, message: StartBackup, stored: Stored[BackupInstance], row: Stored[Job] | None, start: Start
) -> None:
    if stored.value.put_off is not None:
        message = replace(message, doubts=max(message.doubts, stored.value.put_off.doubts))
    try:
        disk = ports.cloud.get_disk(stored.value.disk_id)
    except BackupError as error:
        is_known = any(alert.cause == Cause.SOURCE_DISK for alert in stored.value.alerts)
        message, error = weigh(ports, message, error, is_known=is_known)
        _refused(ports, message, stored, row, start, error)
        return
    held = _claim(ports, message, stored, row, start, disk)
    if held is not None:
        _issue(ports, message, held)


def _refused(
    ports: Ports,
    message: StartBackup,
    stored: Stored[BackupInstance],
    row: Stored[Job] | None,
    start: Start,
    error: BackupError,
) -> None:
    """The disk could not be read: come back if that may pass and the next slot is not due; the job fails if not."""
    error = in_line(ports, error, stored.value) if message.slot is not None else error
    turn = next_turn(message, error, message.job_id)
    verdict = decide_after_refusal(start, f"Azure put it off ({error.code})", may_pass=turn is not None)
    if turn is None:
        _fail_unbegun(ports, message, stored, row, start, error)
    elif verdict.does is Does.GIVE_UP:
        heir = replace(stored.value, put_off=_put_off(turn.message, ports.clock.now(), verdict.because))
        _give_up(ports, message, Stored(heir, stored.etag), row, verdict)
    else:
        note_deferral(turn, error, message.job_id)
        if turn.message.attempts + turn.message.deferrals == SLOW_ROUNDS:
            look_later(ports, message.vault, stored.value)
        _wait(ports, turn.message, stored, row, verdict.because, turn.delay)


def _new_job(ports: Ports, message: StartBackup, instance: BackupInstance | None, misses: Misses) -> Job:
    """The job of a scheduled backup, which is not written before it begins, or ends without."""
    job = job_of_slot(message, misses, ports.clock.now())
    if instance is None:
        return job
    return replace(
        job,
        instance_name=instance.name,
        policy_name=instance.policy.name,
        disk_id=instance.disk_id,
        disk_location=instance.disk_location,
        friendly_name=instance.friendly_name,
    )


def _claim(
    ports: Ports,
    message: StartBackup,
    stored: Stored[BackupInstance],
    row: Stored[Job] | None,
    start: Start,
    disk: Disk,
) -> _Held | None:
    """Write the running job and the instance that it holds, in one transaction; None when another was faster."""
    instance, now = stored.value, ports.clock.now()
    job = row.value if row else _new_job(ports, message, instance, caught_up(start))
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
        turn=message.turn,
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
    claimed = replace(instance.miss(caught_up(start)), active=active)
    claimed = replace(claimed, put_off=None) if message.slot is not None else claimed
    if message.slot is not None:
        claimed = give_way(claimed, message.slot)
    if instance.newest_slot != instance.last_success_slot:
        look_later(ports, message.vault, claimed)
    changes: list[Change] = [Replace(stored, claimed), _written(row, job)]
    try:
        instance_etag, job_etag = outbox.commit(ports, message.vault, changes, [])
    except StateConflict:
        _decide_anew(ports, message)
        return None
    return _Held(instance=Stored(claimed, instance_etag), row=Stored(job, job_etag))


def _written(row: Stored[Job] | None, job: Job) -> Change:
    """A job is inserted, or replaced as it was read: one that ended meanwhile stays as it ended."""
    return Insert(job) if row is None else Replace(row, job)


def _decide_anew(ports: Ports, message: StartBackup) -> None:
    """The instance changed, or its job is there already: look again in a second, at the job's row too."""
    ports.queue.send(replace(message, deferrals=message.deferrals + 1), delay=timedelta(seconds=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """An instance with the backup that holds it, and the row of that backup's job, as they were read or written."""

    instance: Stored[BackupInstance]
    row: Stored[Job] | None

    @property
    def active(self) -> ActiveBackup:
        assert self.instance.value.active is not None, "made only for an instance that is held"
        return self.instance.value.active

    @property
    def job(self) -> Job:
        return self.active.job

    def going_on(self, job: Job) -> list[Change]:
        """The changes that record the running job's progress."""
        changed = replace(self.instance.value, active=replace(self.active, job=job))
        return [Replace(self.instance, changed), _written(self.row, job)]


def _held(ports: Ports, message: StartBackup | ObserveBackup, job_etag: str = "") -> _Held | None:
    """What the message's job holds, if the message is of its present turn. A hold of a job that has ended is let go."""
    stored = ports.store.get(BackupInstance, message.vault, message.instance_name)
    active = stored.value.active if stored else None
    if stored is None or active is None or active.job.job_id != message.job_id or message.turn < active.job.turn:
        log.info("step.late step=%s job_id=%s", type(message).__name__, message.job_id)
        return None
    row = Stored(active.job, job_etag) if job_etag else ports.store.get(Job, message.vault, message.job_id)
    if row is not None and row.value.is_ended:
        log.warning("backup.let_go job_id=%s instance=%s: its job has ended", message.job_id, message.instance_name)
        commit(ports, message, [Replace(stored, replace(stored.value, active=None))])
        return None
    return _Held(instance=stored, row=row)


def _resume(ports: Ports, message: StartBackup, stored: Stored[BackupInstance], misses: Misses) -> None:
    """A copy of a message whose job is under way, from the watch or from a tick that ran twice."""
    recorded = stored.value.miss(misses)
    if recorded != stored.value:
        commit(ports, message, [Replace(stored, recorded)])
        return
    held = _held(ports, message)
    if held is not None:
        _issue(ports, message, held)


def _issue(ports: Ports, message: StartBackup, held: _Held) -> None:
    """Ask for the snapshot of the claimed job. Asking twice takes one snapshot: the name is the job's."""
    instance, active = held.instance.value, held.active
    disk, vault_tags = Disk(raw=active.disk), recent_vault_tags(ports, message.vault)
    own_tags = label_of(message.vault, instance, active).tags()
    tags = snapshot_tags(own_tags, instance=instance.tags, vault=vault_tags, disk=disk.tags)
    try:
        operation_url = ports.cloud.start_snapshot(active.snapshot_id, source=disk, tags=tags)
    except BackupError as error:
        _retreat(ports, message, held, error)
        return
    observe = ObserveBackup(
        vault=message.vault,
        instance_name=instance.name,
        job_id=active.job.job_id,
        operation_url=operation_url,
        watch_due_at=message.watch_due_at or active.watch_due_at,
        turn=active.job.turn,
        job_etag=held.row.etag if held.row else "",
    )
    ports.queue.send(observe, delay=FIRST_LOOK)


def _retreat(ports: Ports, message: StartBackup | ObserveBackup, held: _Held, error: BackupError) -> None:
    """Come back later if the error may pass; else the job fails, and with it this slot, not the next."""
    if isinstance(message, StartBackup) and message.slot is not None:
        error = in_line(ports, error, held.instance.value)
    turn = next_turn(message, error, message.job_id)
    if turn is None:
        _fail(ports, message, held, error)
        return
    note_deferral(turn, error, message.job_id)
    if turn.message.attempts + turn.message.deferrals == SLOW_ROUNDS:
        look_later(ports, message.vault, held.instance.value)
    job = held.job
    if isinstance(turn.message, StartBackup):
        job = replace(job, retry_count=max(job.retry_count, turn.message.attempts))
    _go_on_later(ports, turn.message, held, job, turn.delay)


def _go_on_later(ports: Ports, message: StartBackup | ObserveBackup, held: _Held, job: Job, delay: timedelta) -> None:
    """Record the running job's progress and until when its silence is no stall, then send its next turn. Whoever
    records first sends; a copy that comes second finds the turn taken and stands down."""
    now = ports.clock.now()
    waiting = replace(job, turn=held.job.turn + 1, touched_at=now, look_again_at=now + delay)
    if commit(ports, message, held.going_on(waiting)):
        ports.queue.send(replace(message, turn=waiting.turn), delay=delay)


def _wait(
    ports: Ports,
    message: StartBackup,
    stored: Stored[BackupInstance],
    row: Stored[Job] | None,
    because: str,
    delay: timedelta,
) -> None:
    """Put off what has not begun, as `_go_on_later` does for what has: the turn of a request stands in its job, that of
    a slot in the instance."""
    now = ports.clock.now()
    later = replace(message, turn=message.turn + 1)
    change: Change
    if row is not None:
        waiting = replace(row.value, turn=later.turn, touched_at=now, look_again_at=now + delay)
        change = Replace(row, replace(waiting, retry_count=message.attempts))
    else:
        assert message.slot is not None, "a request has a job"
        look_later(ports, message.vault, stored.value)
        change = Replace(stored, replace(stored.value, put_off=_put_off(later, now + delay, because)))
    if commit(ports, message, [change]):
        ports.queue.send(later, delay=delay)


def _put_off(message: StartBackup, until: datetime, because: str) -> PutOff | None:
    if message.slot is None:
        return None
    return PutOff(
        job_id=message.job_id,
        slot=message.slot,
        turn=message.turn,
        until=until,
        because=because,
        attempts=message.attempts,
        doubts=message.doubts,
    )


def _give_up(
    ports: Ports,
    message: StartBackup,
    stored: Stored[BackupInstance] | None,
    row: Stored[Job] | None,
    verdict: Verdict,
) -> None:
    """Take nothing, and leave the trace of it: an open job ends as cancelled, the slots are on record as missed. Of an
    instance that is gone, or on its way out, a cancelled job is the record that stays."""
    now, cancelled = ports.clock.now(), BackupCancelled(f"Nothing was taken: {verdict.because}.")
    mine = stored if stored is not None and stays_on_record(message, stored.value) else None
    changes: list[Change] = []
    events: list[Event] = []
    job = row.value if row else None
    if row is None and mine is None and message.slot is not None and message.slot in verdict.misses.slots:
        older = replace(verdict.misses, slots=verdict.misses.slots[:-1], count=verdict.misses.count - 1)
        job = _new_job(ports, message, stored.value if stored else None, older)
    if job is not None and not job.is_ended:
        ended = job.advance(JobStatus.CANCELLED, at=now, error=cancelled)
        changes.append(_written(row, ended))
        events.append(announcements.job_ended(message.vault, ended))
    if mine is not None:
        alerted = _missed(ports, message, mine.value, verdict)
        changes += [Replace(mine, alerted.instance)] if alerted.instance != mine.value else []
        changes += alerted.changes
        events += alerted.events
    try:
        if changes:
            outbox.commit(ports, message.vault, changes, events)
    except StateConflict:
        _decide_anew(ports, message)
        return
    log.warning("backup.given_up instance=%s slot=%s: %s", message.instance_name, message.slot, verdict.because)
    if stored is None or not stored.value.takes_scheduled_backups:  # else the row may be a later instance's own
        _leave_agenda(ports, message, mine.value if mine is not None else None)
    _unwatch(ports, message)


def _missed(ports: Ports, message: StartBackup, instance: BackupInstance, verdict: Verdict) -> Alerted:
    """The instance with the missed slots on record, and the alert where nobody asked for that."""
    changed = instance.miss(verdict.misses)
    if message.slot in verdict.misses.slots:
        assert message.slot is not None, "None is no slot"
        changed = give_way(changed, message.slot)
    if not verdict.alarming:
        return Alerted(instance=changed)
    look_later(ports, message.vault, changed)
    error = SlotMissed(f"The backup of {message.slot:%Y-%m-%dT%H:%M:%SZ} was not taken: {verdict.because}.")
    return fire(ports, message.vault, changed, Cause.SLOTS, error=JobError.of(error))


def _stand_down(ports: Ports, message: StartBackup, stored: Stored[BackupInstance], verdict: Verdict) -> None:
    """Another message does the work, or did: what only this one knows of goes on record."""
    recorded = stored.value.miss(verdict.misses)
    if recorded != stored.value and not commit(ports, message, [Replace(stored, recorded)]):
        return
    log.info("start.stood_down job_id=%s: %s", message.job_id, verdict.because)


def _fail_unbegun(
    ports: Ports,
    message: StartBackup,
    stored: Stored[BackupInstance],
    row: Stored[Job] | None,
    start: Start,
    error: BackupError,
) -> None:
    """Record the failed job of a backup that never held the instance."""
    job = row.value if row else _new_job(ports, message, stored.value, caught_up(start))
    failed = replace(job, retry_count=message.attempts)
    failed = failed.advance(JobStatus.FAILED, at=ports.clock.now(), error=error)
    left = stored.value.miss(caught_up(start))
    left = replace(give_way(left, message.slot), put_off=None) if message.slot is not None else left
    if _record_failure(ports, message, [_written(row, failed)], stored, left, failed, error):
        return
    _decide_anew(ports, message)


def _fail(ports: Ports, message: StartBackup | ObserveBackup, held: _Held, error: BackupError) -> None:
    """Record the failed job and free the instance. A snapshot that Azure left half made is asked to be deleted."""
    held = replace(held, instance=discard_half_made(ports, message.vault, held.instance).instance)
    failed = replace(held.job, retry_count=_retries(held.job, message))
    failed = failed.advance(JobStatus.FAILED, at=ports.clock.now(), error=error)
    freed = replace(held.instance.value, active=None)
    if _record_failure(ports, message, [_written(held.row, failed)], held.instance, freed, failed, error):
        _hurry_deletion(ports, message.vault, freed)
        return
    ports.queue.send(message, delay=timedelta(seconds=1))


def _record_failure(
    ports: Ports,
    message: StartBackup | ObserveBackup,
    changes: list[Change],
    stored: Stored[BackupInstance],
    instance: BackupInstance,
    failed: Job,
    error: BackupError,
) -> bool:
    """Whether the failure is on record; False when instance or job changed meanwhile."""
    look_later(ports, message.vault, instance)
    cause = cause_of_failure(Cause.BACKUP, error)
    alerted = fire(ports, message.vault, instance, cause, error=JobError.of(error), job_id=failed.job_id)
    changes = [Replace(stored, alerted.instance), *changes, *alerted.changes]
    try:
        outbox.commit(ports, message.vault, changes, [announcements.job_ended(message.vault, failed), *alerted.events])
    except StateConflict:
        return False
    log.error("backup.failed job_id=%s instance=%s code=%s %s", failed.job_id, instance.name, error.code, error.message)
    return True


def observe_backup(ports: Ports, message: ObserveBackup) -> None:
    """Look once whether the snapshot is usable: record the point, or look again later, or fail the job."""
    held = _held(ports, message, message.job_etag)
    if held is None:
        return
    message = replace(message, job_etag="")  # good for one commit: a later turn reads the row
    try:
        snapshot = _look(ports, message, held.active)
    except OperationFailed as error:
        _take_again(ports, message, held, error)
    except BackupError as error:
        _retreat(ports, message, held, error)
    else:
        if snapshot is not None and snapshot.is_usable:
            _complete_if_own(ports, message, held, snapshot)
        else:
            _look_again(ports, message, held, snapshot)


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


def _take_again(ports: Ports, message: ObserveBackup, held: _Held, error: OperationFailed) -> None:
    """Azure gave the operation up. For a reason that passes, what it left is cleared away and the same job asks anew,
    as long as its next slot is not due; else the job fails."""
    job, instance = held.job, held.instance.value
    again_at = ports.clock.now() + operation_delay(job.failed_operations)
    succeeded = job.slot is not None and again_at >= instance.policy.schedule.next_slot(job.slot)
    wanted = instance.takes_scheduled_backups and not succeeded and job.failed_operations < OPERATIONS_AT_MOST
    if not error.transient or not wanted:
        _fail(ports, message, held, error)
        return
    discarded = discard_half_made(ports, message.vault, held.instance)
    held = replace(held, instance=discarded.instance)
    if not discarded.is_clear:
        _fail(ports, message, held, error)
        return
    log.warning("backup.taken_again job_id=%s instance=%s code=%s", job.job_id, instance.name, error.code)
    look_later(ports, message.vault, instance)
    start = StartBackup(
        vault=message.vault,
        instance_name=message.instance_name,
        job_id=message.job_id,
        slot=job.slot,
        revision=instance.revision,
        watch_due_at=message.watch_due_at,
        turn=message.turn,
    )
    tried = replace(
        job,
        retry_count=_retries(job, message) + 1,
        failed_operations=job.failed_operations + 1,
        details={**job.details, TAKEN_AGAIN: f"{error.code}: {error.message}"},
    )
    _go_on_later(ports, start, held, tried, again_at - ports.clock.now())


def _look_again(ports: Ports, message: ObserveBackup, held: _Held, snapshot: Snapshot | None) -> None:
    """Come back after a delay that grows; record the progress, so that the watch knows that waiting is no stall."""
    if message.looks == SLOW_ROUNDS:
        look_later(ports, message.vault, held.instance.value)
    url = message.operation_url if snapshot is None else ""  # a finished operation has no more to tell
    percent = int(snapshot.completion_percent) if snapshot else None
    job = held.job.step(TRIGGER, "InProgress", at=ports.clock.now(), progress_percent=percent)
    job = replace(job, retry_count=_retries(held.job, message))
    again = replace(message, looks=message.looks + 1, operation_url=url, attempts=0)
    _go_on_later(ports, again, held, job, look_delay(message.looks + 1))


def _retries(job: Job, message: StartBackup | ObserveBackup) -> int:
    """All rounds that met a transient error: an observation counts anew from each look that succeeds."""
    if isinstance(message, StartBackup):
        return max(job.retry_count, message.attempts)
    return job.retry_count + message.attempts


def _complete_if_own(ports: Ports, message: ObserveBackup, held: _Held, snapshot: Snapshot) -> None:
    """Azure takes no new snapshot under a name that is taken, and says that all is well: what somebody put there before
    is no backup of ours."""
    judgement = prove_backup(held.active, snapshot)
    if isinstance(judgement, NotProven):
        reasons = "; ".join(judgement.because)
        error = SnapshotNotOurs(f"Snapshot '{snapshot.id}' is not of this backup: {reasons}.", target=snapshot.id)
        _fail(ports, message, held, error)
    else:
        _complete(ports, message, held, snapshot)


def _complete(ports: Ports, message: ObserveBackup, held: _Held, snapshot: Snapshot) -> None:
    """Record the point, its tag and expiry, the job's end and the instance's news in one transaction."""
    instance, active, now = held.instance.value, held.active, ports.clock.now()
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
    changes: list[Change] = [
        Replace(held.instance, cleared.instance),
        _written(held.row, job),
        Put(point),
        *cleared.changes,
    ]
    told = [
        announcements.job_ended(message.vault, job),
        announcements.point_created(message.vault, point),
        *cleared.events,
    ]
    if not commit(ports, message, changes, told):
        return
    log.info("backup.completed job_id=%s instance=%s point=%s", job.job_id, instance.name, point.point_id)
    _hurry_deletion(ports, message.vault, changed)


def _hurry_deletion(ports: Ports, vault: VaultKey, instance: BackupInstance) -> None:
    """A deletion that waited for this backup to end goes on at once, not with the next sweep."""
    if instance.state is ProtectionState.DELETING and instance.expiry_due_at is not None:
        ports.queue.send(ExpirePoints(vault=vault, instance_name=instance.name, due_at=instance.expiry_due_at))


def _leave_agenda(ports: Ports, message: StartBackup, instance: BackupInstance | None) -> None:
    """Remove the row that dispatch left for the message's instance, which is gone, or takes no backups by that
    schedule. A row that became due before it was to go is for the next tick, whose message tells of its slots."""
    if message.next_due_at is None:
        return
    if instance is not None and message.next_due_at <= ports.clock.now() and instance.was_due(message.next_due_at):
        return
    row = AgendaRow(
        kind=AgendaKind.BACKUP,
        due_at=message.next_due_at,
        vault=message.vault,
        instance_name=message.instance_name,
    )
    ports.store.unschedule([row])


def _unwatch(ports: Ports, message: StartBackup) -> None:
    """What has no job may leave nothing that tells the watch of its end."""
    if message.watch_due_at is not None:
        row = watch_row(message.vault, message.instance_name, message.job_id, "backup", message.watch_due_at)
        ports.store.unschedule([row])

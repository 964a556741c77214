"""Start one backup: claim the instance, and ask Azure for the snapshot.

`start_backup` does one round and returns; what is left to do is a message with a delay. It may run twice, late, or on
two hosts at once: the instance row's ETag lets one of them through, and names are derived.

Leaves to others: the backup once it runs (running_backup.py), and its end (backup_observation.py).
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from backup_core.domain.agenda import AgendaKind, AgendaRow, backup_row
from backup_core.domain.alert import Cause
from backup_core.domain.disk import Disk
from backup_core.domain.errors import BackupCancelled, BackupError, ResourceInUse, SlotMissed
from backup_core.domain.events import Event
from backup_core.domain.hold import all_holds, standing
from backup_core.domain.instance import BackupInstance, Misses
from backup_core.domain.job import Job, JobError, JobStatus
from backup_core.domain.messages import ObserveBackup, StartBackup
from backup_core.domain.naming import point_id, scheduled_job_id
from backup_core.domain.points import label_of
from backup_core.domain.recovery_point import HOLD_TAG, RecoveryPoint
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.snapshot_tags import snapshot_tags
from backup_core.domain.starting import (
    Does,
    Start,
    Verdict,
    begin,
    caught_up,
    decide,
    decide_after_refusal,
    give_way,
    is_of_earlier_schedule,
    is_of_generation,
    job_of_slot,
    put_off,
    slots_of,
    stays_on_record,
)
from backup_core.domain.tags import find
from backup_core.ports import Change, Ports, Replace, StateConflict, Stored
from backup_core.workflows import announcements, outbox
from backup_core.workflows.absence import weigh
from backup_core.workflows.alerts import Alerted, fire
from backup_core.workflows.catalogue import recent_vault
from backup_core.workflows.installations import installation_id
from backup_core.workflows.objectives import SLOW_ROUNDS, check_objective_later
from backup_core.workflows.pacing import in_line
from backup_core.workflows.running_backup import RunningBackup, record_failure, retreat, running_backup, written
from backup_core.workflows.turns import FIRST_LOOK, commit, next_turn, note_deferral
from backup_core.workflows.watching import watch_row

log = logging.getLogger("diskbackup.backup")

BUSY_DELAY = timedelta(seconds=15)


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
    running = _claim(ports, message, stored, row, start, disk)
    if running is not None:
        _issue(ports, message, running)


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
        heir = replace(stored.value, put_off=put_off(turn.message, ports.clock.now(), verdict.because))
        _give_up(ports, message, Stored(heir, stored.etag), row, verdict)
    else:
        note_deferral(turn, error, message.job_id)
        if turn.message.attempts + turn.message.deferrals == SLOW_ROUNDS:
            check_objective_later(ports, message.vault, stored.value)
        _wait(ports, turn.message, stored, row, verdict.because, turn.delay)


def _claim(
    ports: Ports,
    message: StartBackup,
    stored: Stored[BackupInstance],
    row: Stored[Job] | None,
    start: Start,
    disk: Disk,
) -> RunningBackup | None:
    """Write the running job and the instance that it claims, in one transaction; None when another was faster."""
    claimed = begin(start, disk, installation_id(ports), now=ports.clock.now())
    assert claimed.active is not None, "begun"
    if stored.value.newest_slot != stored.value.last_success_slot:
        check_objective_later(ports, message.vault, claimed)
    job = claimed.active.job
    try:
        etags = outbox.commit(ports, message.vault, [Replace(stored, claimed), written(row, job)], [])
    except StateConflict:
        _decide_anew(ports, message)
        return None
    instance_etag, job_etag = etags
    return RunningBackup(instance=Stored(claimed, instance_etag), row=Stored(job, job_etag))


def _decide_anew(ports: Ports, message: StartBackup) -> None:
    """The instance changed, or its job is there already: look again in a second, at the job's row too."""
    ports.queue.send(replace(message, deferrals=message.deferrals + 1), delay=timedelta(seconds=1))


def _resume(ports: Ports, message: StartBackup, stored: Stored[BackupInstance], misses: Misses) -> None:
    """A copy of a message whose job is under way, from the watch or from a tick that ran twice."""
    recorded = stored.value.miss(misses)
    if recorded != stored.value:
        commit(ports, message, [Replace(stored, recorded)])
        return
    running = running_backup(ports, message)
    if running is not None:
        _issue(ports, message, running, is_again=True)


def _issue(ports: Ports, message: StartBackup, running: RunningBackup, *, is_again: bool = False) -> None:
    """Ask for the snapshot of the claimed job. Asking twice takes one snapshot: the name is the job's. Its tags are
    written anew; what they say of holds stays, for the tables that knew of it may have been set back."""
    instance, active = running.instance.value, running.active
    disk, settings = Disk(raw=active.disk), recent_vault(ports, message.vault)
    held = standing(all_holds(instance, settings), ports.clock.now())
    own_tags = label_of(message.vault, instance, active, held).tags()
    vault_tags = settings.tags if settings is not None else {}
    tags = snapshot_tags(own_tags, instance=instance.tags, vault=vault_tags, disk=disk.tags)
    try:
        there = ports.cloud.find_snapshot(active.snapshot_id) if is_again else None
        if there is not None and (claimed := find(there.tags, HOLD_TAG)):
            tags = {**tags, HOLD_TAG: claimed}
        operation_url = ports.cloud.start_snapshot(active.snapshot_id, source=disk, tags=tags)
    except BackupError as error:
        retreat(ports, message, running, error)
        return
    observe = ObserveBackup(
        vault=message.vault,
        instance_name=instance.name,
        job_id=active.job.job_id,
        operation_url=operation_url,
        watch_due_at=message.watch_due_at or active.watch_due_at,
        quiet_until=message.quiet_until,
        turn=active.job.turn,
        job_etag=running.row.etag if running.row else "",
        on_demand=active.job.user_triggered,
        copies=settings is not None and any(rule.is_of(instance.policy.name) for rule in settings.copy_rules),
    )
    ports.queue.send(observe, delay=FIRST_LOOK)


def _wait(
    ports: Ports,
    message: StartBackup,
    stored: Stored[BackupInstance],
    row: Stored[Job] | None,
    because: str,
    delay: timedelta,
) -> None:
    """Put off what has not begun, as `go_on_later` does for what has: the turn of a request stands in its job, that of
    a slot in the instance."""
    now = ports.clock.now()
    later = replace(message, turn=message.turn + 1)
    change: Change
    if row is not None:
        waiting = replace(row.value, turn=later.turn, touched_at=now, look_again_at=now + delay)
        change = Replace(row, replace(waiting, retry_count=message.attempts))
    else:
        assert message.slot is not None, "a request has a job"
        check_objective_later(ports, message.vault, stored.value)
        change = Replace(stored, replace(stored.value, put_off=put_off(later, now + delay, because)))
    if commit(ports, message, [change]):
        ports.queue.send(later, delay=delay)


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
        job = job_of_slot(message, older, now, stored.value if stored else None)
    if job is not None and not job.is_ended:
        ended = job.advance(JobStatus.CANCELLED, at=now, error=cancelled)
        changes.append(written(row, ended))
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
    check_objective_later(ports, message.vault, changed)
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
    """Record the failed job of a backup that never began."""
    now = ports.clock.now()
    job = row.value if row else job_of_slot(message, caught_up(start), now, stored.value)
    failed = replace(job, retry_count=message.attempts)
    failed = failed.advance(JobStatus.FAILED, at=now, error=error)
    left = stored.value.miss(caught_up(start))
    left = replace(give_way(left, message.slot), put_off=None) if message.slot is not None else left
    if record_failure(ports, message, [written(row, failed)], stored, left, failed, error):
        return
    _decide_anew(ports, message)


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

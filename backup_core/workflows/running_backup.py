"""A running backup: its instance and the row of its job, which change together, step for step.

Leaves to others: how it begins (backup.py) and how it ends well (backup_observation.py).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import timedelta

from backup_core.domain.alert import Cause, cause_of_failure
from backup_core.domain.errors import BackupError
from backup_core.domain.instance import ActiveBackup, BackupInstance, ProtectionState
from backup_core.domain.job import Job, JobError, JobStatus
from backup_core.domain.messages import ExpirePoints, ObserveBackup, StartBackup
from backup_core.domain.resource_ids import VaultKey
from backup_core.ports import Change, Insert, Ports, Replace, StateConflict, Stored
from backup_core.workflows import announcements, outbox
from backup_core.workflows.alerts import fire
from backup_core.workflows.deletion import discard_half_made
from backup_core.workflows.objectives import SLOW_ROUNDS, check_objective_later
from backup_core.workflows.pacing import in_line
from backup_core.workflows.turns import commit, next_turn, note_deferral

log = logging.getLogger("diskbackup.backup")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningBackup:
    """An instance that a backup has claimed, and the row of that backup's job, as they were read or written."""

    instance: Stored[BackupInstance]
    row: Stored[Job] | None

    @property
    def active(self) -> ActiveBackup:
        assert self.instance.value.active is not None, "made only for an instance that a backup has claimed"
        return self.instance.value.active

    @property
    def job(self) -> Job:
        return self.active.job

    def going_on(self, job: Job) -> list[Change]:
        """The changes that record the running job's progress."""
        changed = replace(self.instance.value, active=replace(self.active, job=job))
        return [Replace(self.instance, changed), written(self.row, job)]


def running_backup(ports: Ports, message: StartBackup | ObserveBackup, job_etag: str = "") -> RunningBackup | None:
    """The message's backup, if it runs and the message is of its present turn. One whose job has ended lets its
    instance go."""
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
    return RunningBackup(instance=stored, row=row)


def retreat(ports: Ports, message: StartBackup | ObserveBackup, running: RunningBackup, error: BackupError) -> None:
    """Come back later if the error may pass; else the job fails, and with it this slot, not the next."""
    if isinstance(message, StartBackup) and message.slot is not None:
        error = in_line(ports, error, running.instance.value)
    turn = next_turn(message, error, message.job_id)
    if turn is None:
        fail(ports, message, running, error)
        return
    note_deferral(turn, error, message.job_id)
    if turn.message.attempts + turn.message.deferrals == SLOW_ROUNDS:
        check_objective_later(ports, message.vault, running.instance.value)
    job = running.job
    if isinstance(turn.message, StartBackup):
        job = replace(job, retry_count=max(job.retry_count, turn.message.attempts))
    go_on_later(ports, turn.message, running, job, turn.delay)


def go_on_later(
    ports: Ports, message: StartBackup | ObserveBackup, running: RunningBackup, job: Job, delay: timedelta
) -> None:
    """Record the running job's progress and until when its silence is no stall, then send its next turn. Whoever
    records first sends; a copy that comes second finds the turn taken and stands down."""
    now = ports.clock.now()
    waiting = replace(job, turn=running.job.turn + 1, touched_at=now, look_again_at=now + delay)
    if commit(ports, message, running.going_on(waiting)):
        ports.queue.send(replace(message, turn=waiting.turn), delay=delay)


def retries(job: Job, message: StartBackup | ObserveBackup) -> int:
    """All rounds that met a transient error: an observation counts anew from each look that succeeds."""
    if isinstance(message, StartBackup):
        return max(job.retry_count, message.attempts)
    return job.retry_count + message.attempts


def fail(ports: Ports, message: StartBackup | ObserveBackup, running: RunningBackup, error: BackupError) -> None:
    """Record the failed job and free the instance. A snapshot that Azure left half made is asked to be deleted."""
    running = replace(running, instance=discard_half_made(ports, message.vault, running.instance).instance)
    failed = replace(running.job, retry_count=retries(running.job, message))
    failed = failed.advance(JobStatus.FAILED, at=ports.clock.now(), error=error)
    freed = replace(running.instance.value, active=None)
    if record_failure(ports, message, [written(running.row, failed)], running.instance, freed, failed, error):
        hurry_deletion(ports, message.vault, freed)
        return
    ports.queue.send(message, delay=timedelta(seconds=1))


def record_failure(
    ports: Ports,
    message: StartBackup | ObserveBackup,
    changes: list[Change],
    stored: Stored[BackupInstance],
    instance: BackupInstance,
    failed: Job,
    error: BackupError,
) -> bool:
    """Whether the failure is on record; False when instance or job changed meanwhile."""
    check_objective_later(ports, message.vault, instance)
    cause = cause_of_failure(Cause.BACKUP, error)
    alerted = fire(ports, message.vault, instance, cause, error=JobError.of(error), job_id=failed.job_id)
    changes = [Replace(stored, alerted.instance), *changes, *alerted.changes]
    try:
        outbox.commit(ports, message.vault, changes, [announcements.job_ended(message.vault, failed), *alerted.events])
    except StateConflict:
        return False
    log.error("backup.failed job_id=%s instance=%s code=%s %s", failed.job_id, instance.name, error.code, error.message)
    return True


def written(row: Stored[Job] | None, job: Job) -> Change:
    """A job is inserted, or replaced as it was read: one that ended meanwhile stays as it ended."""
    return Insert(job) if row is None else Replace(row, job)


def hurry_deletion(ports: Ports, vault: VaultKey, instance: BackupInstance) -> None:
    """A deletion that waited for this backup to end, or for its last copy to go, goes on at once, not with the next
    sweep."""
    if instance.state is ProtectionState.DELETING and instance.expiry_due_at is not None:
        noted = instance.expiry_row_at or instance.expiry_due_at  # of an earlier row, it would stand down
        due_at = max(instance.expiry_due_at, noted)
        ports.queue.send(ExpirePoints(vault=vault, instance_name=instance.name, due_at=due_at))

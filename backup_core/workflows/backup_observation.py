"""Observe a snapshot until it is usable, and record the recovery point: one look, and what it shows decides.

Leaves to others: how a backup begins (backup.py), and what a look can show (domain/observation.py).
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import assert_never

from backup_core.domain.agenda import expiry_row
from backup_core.domain.alert import Cause
from backup_core.domain.copying import with_new_copies
from backup_core.domain.disk import OperationState, Snapshot
from backup_core.domain.errors import BackupError, OperationFailed, SnapshotNotFound, SnapshotNotOurs
from backup_core.domain.instance import ActiveBackup
from backup_core.domain.job import SNAPSHOT_UNIQUE_ID, TAKEN_AGAIN, JobStatus
from backup_core.domain.messages import ObserveBackup, StartBackup
from backup_core.domain.objective import needs_check
from backup_core.domain.observation import GivenUp, Missing, Running, Usable
from backup_core.domain.ownership import NotProven, prove_backup
from backup_core.domain.points import earlier_expiry, new_point, with_point
from backup_core.domain.starting import TRIGGER
from backup_core.ports import Change, Ports, Put, Replace
from backup_core.workflows import announcements
from backup_core.workflows.alerts import resolve
from backup_core.workflows.binding import bind_soon
from backup_core.workflows.copying import wanted_of
from backup_core.workflows.deletion import discard_half_made
from backup_core.workflows.objectives import SLOW_ROUNDS, check_objective_later
from backup_core.workflows.running_backup import (
    RunningBackup,
    fail,
    go_on_later,
    hurry_deletion,
    retreat,
    retries,
    running_backup,
    written,
)
from backup_core.workflows.turns import OPERATIONS_AT_MOST, commit, look, look_delay, operation_delay

log = logging.getLogger("diskbackup.backup")

# Alerts that a new point ends.
_ENDED_BY_SUCCESS = (Cause.BACKUP, Cause.SLOTS, Cause.PERMISSION, Cause.SOURCE_DISK, Cause.RPO)


def observe_backup(ports: Ports, message: ObserveBackup) -> None:
    """Look once whether the snapshot is usable: record the point, or look again later, or fail the job."""
    running = running_backup(ports, message, message.job_etag)
    if running is None:
        return
    message = replace(message, job_etag="")  # good for one commit: a later turn reads the row
    try:
        seen = _look(ports, message, running.active)
    except BackupError as error:
        retreat(ports, message, running, error)
        return
    match seen:
        case Usable(snapshot):
            _complete_if_own(ports, message, running, snapshot)
        case Running(percent):
            _look_again(ports, message, running, percent)
        case GivenUp(failure):
            _take_again(ports, message, running, failure)
        case Missing():
            snapshot_id = running.active.snapshot_id
            gone = SnapshotNotFound(f"Snapshot '{snapshot_id}' is not there after Azure accepted it.")
            retreat(ports, message, running, gone)
        case _:
            assert_never(seen)


def _look(ports: Ports, message: ObserveBackup, active: ActiveBackup) -> Running | Usable[Snapshot] | Missing | GivenUp:
    """The operation's output carries the finished snapshot, which spares a call."""

    def find(operation: OperationState | None) -> Snapshot | None:
        snapshot = ports.cloud.snapshot_of(operation) if operation is not None else None
        return snapshot or ports.cloud.find_snapshot(active.snapshot_id)

    return look(ports, message.operation_url, message.looks, f"snapshot '{active.snapshot_id}'", find)


def _take_again(ports: Ports, message: ObserveBackup, running: RunningBackup, error: OperationFailed) -> None:
    """Azure gave the operation up. For a reason that passes, what it left is cleared away and the same job asks anew,
    as long as its next slot is not due; else the job fails."""
    job, instance = running.job, running.instance.value
    again_at = ports.clock.now() + operation_delay(job.failed_operations)
    succeeded = job.slot is not None and again_at >= instance.policy.schedule.next_slot(job.slot)
    wanted = instance.takes_scheduled_backups and not succeeded and job.failed_operations < OPERATIONS_AT_MOST
    if not error.transient or not wanted:
        fail(ports, message, running, error)
        return
    discarded = discard_half_made(ports, message.vault, running.instance)
    running = replace(running, instance=discarded.instance)
    if not discarded.is_clear:
        fail(ports, message, running, error)
        return
    log.warning("backup.taken_again job_id=%s instance=%s code=%s", job.job_id, instance.name, error.code)
    check_objective_later(ports, message.vault, instance)
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
        retry_count=retries(job, message) + 1,
        failed_operations=job.failed_operations + 1,
        details={**job.details, TAKEN_AGAIN: f"{error.code}: {error.message}"},
    )
    go_on_later(ports, start, running, tried, again_at - ports.clock.now())


def _look_again(ports: Ports, message: ObserveBackup, running: RunningBackup, percent: int | None) -> None:
    """Come back after a delay that grows; record the progress, so that the watch knows that waiting is no stall."""
    if message.looks == SLOW_ROUNDS:
        check_objective_later(ports, message.vault, running.instance.value)
    url = message.operation_url if percent is None else ""  # a finished operation has no more to tell
    job = running.job.step(TRIGGER, "InProgress", at=ports.clock.now(), progress_percent=percent)
    job = replace(job, retry_count=retries(running.job, message))
    again = replace(message, looks=message.looks + 1, operation_url=url, attempts=0)
    go_on_later(ports, again, running, job, look_delay(message.looks + 1))


def _complete_if_own(ports: Ports, message: ObserveBackup, running: RunningBackup, snapshot: Snapshot) -> None:
    """Azure takes no new snapshot under a name that is taken, and says that all is well: what somebody put there before
    is no backup of ours."""
    judgement = prove_backup(running.active, snapshot)
    if isinstance(judgement, NotProven):
        reasons = "; ".join(judgement.because)
        error = SnapshotNotOurs(f"Snapshot '{snapshot.id}' is not of this backup: {reasons}.", target=snapshot.id)
        fail(ports, message, running, error)
    else:
        _complete(ports, message, running, snapshot)


def _complete(ports: Ports, message: ObserveBackup, running: RunningBackup, snapshot: Snapshot) -> None:
    """Record the point, its tag and expiry, the job's end and the instance's news in one transaction."""
    instance, active, now = running.instance.value, running.active, ports.clock.now()
    point = new_point(instance, active, snapshot, completed_at=now)
    job = active.job.step(
        TRIGGER,
        "Completed",
        at=now,
        progress_percent=100,
        to=JobStatus.COMPLETED,
        retry_count=retries(active.job, message),
        details={**active.job.details, SNAPSHOT_UNIQUE_ID: snapshot.unique_id},
    )
    expiry = earlier_expiry(instance, point, now)
    if expiry is not None:
        ports.store.schedule([expiry_row(message.vault, instance.name, expiry)])
    copies = wanted_of(ports, message.vault, instance, point) if message.copies else ()
    point = replace(point, copying=tuple(copy.lane for copy in copies))
    changed = replace(
        with_new_copies(with_point(instance, point), copies),
        active=None,
        expiry_due_at=expiry or instance.expiry_due_at,
        last_success_slot=job.slot or instance.last_success_slot,
    )
    cleared = resolve(ports, message.vault, changed, *_ENDED_BY_SUCCESS)
    if needs_check(changed):
        check_objective_later(ports, message.vault, cleared.instance)
    changes: list[Change] = [Replace(running.instance, cleared.instance), written(running.row, job), Put(point)]
    told = [announcements.job_ended(message.vault, job), announcements.point_created(message.vault, point)]
    if not commit(ports, message, [*changes, *map(Put, copies), *cleared.changes], [*told, *cleared.events]):
        return
    log.info("backup.completed job_id=%s instance=%s point=%s", job.job_id, instance.name, point.point_id)
    bind_soon(ports, message.vault, changed, point)
    hurry_deletion(ports, message.vault, changed)

"""Restore a recovery point, or its copy in another region, to a new disk: check the request, start the disk, observe it
until it is whole.

A restore never overwrites. `start_restore` and `observe_restore` each do one round and return; run twice, they find the
disk that carries this job's tag and go on with it. While a restore runs, what it reads is kept whatever its dates say.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from backup_core.domain.acting import Place, check_bounds, check_choice
from backup_core.domain.alert import cause_of_failed_restore, ended_by_restore
from backup_core.domain.copying import PointCopy
from backup_core.domain.errors import (
    BackupError,
    Fault,
    InvalidInput,
    OperationFailed,
    RestoredOtherwise,
    SnapshotNotFound,
    TablesSetBack,
    TargetDiskExists,
)
from backup_core.domain.instance import BackupInstance
from backup_core.domain.job import (
    COPY_ID,
    COPY_LOCATION,
    COPY_SNAPSHOT,
    PART_OF,
    TAKEN_AGAIN,
    Job,
    JobError,
    JobOperation,
    JobStatus,
    job_id,
)
from backup_core.domain.messages import ObserveRestore, StartRestore
from backup_core.domain.observation import GIVEN_UP, GivenUp, Missing, Running, Usable
from backup_core.domain.pacing import OF_A_RESTORE
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import DISK, VaultKey, parse_resource_id
from backup_core.domain.restore import (
    RESTORE_JOB_TAG,
    RestoreRequest,
    check_keys,
    check_restore,
    check_subscription,
    disk_to_be,
)
from backup_core.domain.restored_disk import RestoredDisk, encryption_sets_of
from backup_core.domain.vault import Vault
from backup_core.ports import Change, Insert, Ports, Replace, Stored, until_committed
from backup_core.workflows import announcements, outbox
from backup_core.workflows.acting import acting_for
from backup_core.workflows.alerts import Alerted, fire, resolve
from backup_core.workflows.catalogue import get_vault
from backup_core.workflows.pacing import count_request
from backup_core.workflows.restore_source import Source, check_source, find_source, released, source_of_job
from backup_core.workflows.set_back import set_back
from backup_core.workflows.turns import (
    FIRST_LOOK,
    OPERATIONS_AT_MOST,
    come_back,
    commit,
    go_on_later,
    look,
    look_delay,
    open_job,
    operation_delay,
)
from backup_core.workflows.validation import check_offer
from backup_core.workflows.watching import STALL_AFTER, watch_row

log = logging.getLogger("diskbackup.restore")

TRIGGER = "Trigger Restore"
TARGET = "restoreTargetInfo.datasourceInfo.resourceID"


def request_restore(
    ports: Ports, vault: VaultKey, instance_name: str, request: RestoreRequest, *, correlation_id: str = ""
) -> Job:
    """Queue a restore and hold what it reads for as long as it runs: the point's snapshot, or its copy where the
    request names another region.

    Raises NotFound (vault, instance, point), InvalidInput naming every fault, ResourceInUse (the point is being
    deleted).
    """
    record, acting = get_vault(ports, vault), acting_for(ports, vault)

    def attempt() -> Job:
        instance, source = find_source(ports, vault, instance_name, request)
        faults = check_request(ports, record, instance.value, source, request)
        faults += check_choice(request.acts_as, record.acts_as, "identityDetails")
        faults = faults or check_offer(acting, record, source.point, request, is_copy=source.copy is not None)
        if faults:
            raise InvalidInput(faults)
        now, point = ports.clock.now(), source.point
        job = restore_job(vault, instance.value, point, request, now, correlation_id, copy=source.copy)
        begin_restore(ports, vault, instance, source, job)
        return job

    return until_committed(f"Backup instance '{instance_name}'", attempt)


def check_request(
    ports: Ports, vault: Vault, instance: BackupInstance, source: Source, request: RestoreRequest
) -> list[Fault]:
    """Why a source cannot be restored as asked, by our own records alone; empty when it can."""
    asked = replace(request, location=None) if source.faults else request
    faults = [*source.faults, *check_restore(asked, source.point, is_copy=source.copy is not None)]
    faults += check_subscription(request, instance.disk_id, allowed=vault.allows_cross_subscription_restore)
    faults += check_bounds(ports.bounds, vault.key, {TARGET: (Place.TARGET, request.target_disk_id)})
    faults += check_keys(encryption_sets_of(source.point.disk), request)
    return faults


def begin_restore(ports: Ports, vault: VaultKey, instance: Stored[BackupInstance], source: Source, job: Job) -> None:
    """Record the job, hold what it reads, and send its first message. Raises StateConflict."""
    message = StartRestore(vault=vault, instance_name=instance.value.name, job_id=job.job_id)
    watch = watch_row(vault, message.instance_name, job.job_id, "restore", job.created_at + STALL_AFTER)
    ports.store.schedule([watch])
    changes: list[Change] = [Replace(instance, instance.value), source.held_by(job), Insert(job)]
    outbox.commit(ports, vault, changes, [announcements.restore_started(vault, job)])
    count_request(ports, parse_resource_id(job.target_disk_id, DISK).subscription, OF_A_RESTORE)
    ports.queue.send(message)


def restore_job(
    vault: VaultKey,
    instance: BackupInstance,
    point: RecoveryPoint,
    request: RestoreRequest,
    now: datetime,
    correlation_id: str,
    *,
    copy: PointCopy | None = None,
    part_of: str = "",
) -> Job:
    """The job of a restore that was asked for `now`. `copy`: that of the point which it reads. `part_of`: by the job of
    that id, for several disks."""
    identity = (vault.partition, instance.name, request.target_disk_id, point.point_id, *filter(None, (part_of,)))
    return Job(
        job_id=job_id(now, JobOperation.RESTORE, *identity),
        operation=JobOperation.RESTORE,
        instance_name=instance.name,
        created_at=now,
        touched_at=now,
        user_triggered=True,
        policy_name=point.policy_name,
        disk_id=instance.disk_id,
        disk_location=instance.disk_location,
        friendly_name=instance.friendly_name,
        point_id=point.point_id,
        target_disk_id=parse_resource_id(request.target_disk_id, DISK).text,
        details={
            "request": request.as_json(),
            "point_time": point.created_at.isoformat(),
            **({PART_OF: part_of} if part_of else {}),
            **_of_copy(copy),
        },
        correlation_id=correlation_id,
    )


def _of_copy(copy: PointCopy | None) -> dict[str, str]:
    """What a job notes of the copy that it reads."""
    if copy is None:
        return {}
    return {COPY_ID: copy.copy_id, COPY_LOCATION: copy.location, COPY_SNAPSHOT: copy.snapshot_id}


def start_restore(ports: Ports, message: StartRestore) -> None:
    """Ask Azure for the new disk, or come back later, or record why not."""
    stored = open_job(ports, message)
    if stored is None:
        return
    source = source_of_job(ports, message.vault, stored.value)
    try:
        if source is None:
            raise SnapshotNotFound(f"Recovery point '{stored.value.point_id}' is gone.")
        disk = disk_to_be(stored.value.job_id, source.point, stored.value.details["request"])
        operation_url = _start_disk(ports, message.vault, stored.value, source, disk)
    except BackupError as error:
        _retreat(ports, message, stored, error)
        return
    now = ports.clock.now()
    job = replace(stored.value, warnings=_warnings(stored.value, disk))
    job = job.step(TRIGGER, "InProgress", at=now, progress_percent=0)
    if job.status is JobStatus.QUEUED:
        job = job.advance(JobStatus.IN_PROGRESS, at=now)
    if not commit(ports, message, [Replace(stored, job)]):
        return
    observe = ObserveRestore(
        vault=message.vault,
        instance_name=message.instance_name,
        job_id=message.job_id,
        operation_url=operation_url,
        turn=job.turn,
    )
    ports.queue.send(observe, delay=FIRST_LOOK)


def _start_disk(ports: Ports, vault: VaultKey, job: Job, source: Source, disk: RestoredDisk) -> str:
    """PUT the disk, unless it is there: ours already under way ("" to look at the disk itself), or another's. Ours that
    Azure failed to make is asked for anew under its name."""
    there = ports.cloud.find_disk(job.target_disk_id)
    if there is not None and there.tags.get(RESTORE_JOB_TAG) != job.job_id:
        raise TargetDiskExists(f"Disk '{job.target_disk_id}' exists already.", target=job.target_disk_id)
    if there is not None and there.provisioning_state not in GIVEN_UP:
        return ""
    check_tables(ports, job)
    check_source(ports, vault, source)
    return ports.cloud.start_disk(job.target_disk_id, disk.body)


def check_tables(ports: Ports, job: Job) -> None:
    """A restore of tables that were set back may have ended, and its disk have been deleted by its owner."""
    held = set_back(ports)
    if held is not None and job.created_at <= held.seen_at:
        raise TablesSetBack(
            f"The app's tables were set back to {held.tables_at:%Y-%m-%d %H:%M} UTC; whether this restore ended is not "
            "known, so it is not run again.",
            target=job.target_disk_id or None,
        )


def _warnings(job: Job, disk: RestoredDisk) -> tuple[JobError, ...]:
    """What the job has to say of the new disk, however often its first step runs."""
    target = job.target_disk_id
    return tuple(JobError.of(RestoredOtherwise(f"Not restored: {loss}.", target=target)) for loss in disk.losses)


def _retreat(ports: Ports, message: StartRestore | ObserveRestore, stored: Stored[Job], error: BackupError) -> None:
    if not come_back(ports, message, stored, error):
        _end(ports, message, stored, JobStatus.FAILED, error)


def observe_restore(ports: Ports, message: ObserveRestore) -> None:
    """Look once whether the disk is whole: complete the job, or look again later, or fail it."""
    stored = open_job(ports, message)
    if stored is None:
        return
    target = stored.value.target_disk_id
    try:
        seen = look(
            ports, message.operation_url, message.looks, f"disk '{target}'", lambda _: ports.cloud.find_disk(target)
        )
    except BackupError as error:
        _retreat(ports, message, stored, error)
        return
    match seen:
        case Usable():
            _end(ports, message, stored, JobStatus.COMPLETED, None)
        case Running(percent):
            _look_again(ports, message, stored, percent)
        case GivenUp(failure):
            _make_again(ports, message, stored, failure)
        case Missing():
            absent = OperationFailed(f"Disk '{target}' is not there after Azure accepted it.")
            _end(ports, message, stored, JobStatus.FAILED, absent)
        case _:
            assert_never(seen)


def _make_again(ports: Ports, message: ObserveRestore, stored: Stored[Job], error: OperationFailed) -> None:
    """Azure gave the operation up: for a reason that passes the disk is asked for anew, a few times."""
    job = stored.value
    if not error.transient or job.failed_operations >= OPERATIONS_AT_MOST:
        error = OperationFailed(
            f"{error.message} If disk '{job.target_disk_id}' is there half made, delete it.", code=error.code
        )
        _end(ports, message, stored, JobStatus.FAILED, error)
        return
    log.warning("restore.made_again job_id=%s code=%s", job.job_id, error.code)
    start = StartRestore(vault=message.vault, instance_name=message.instance_name, job_id=message.job_id)
    tried = replace(
        job,
        retry_count=job.retry_count + 1,
        failed_operations=job.failed_operations + 1,
        details={**job.details, TAKEN_AGAIN: f"{error.code}: {error.message}"},
    )
    go_on_later(ports, start, stored, tried, operation_delay(job.failed_operations))


def _look_again(ports: Ports, message: ObserveRestore, stored: Stored[Job], percent: int | None) -> None:
    url = message.operation_url if percent is None else ""
    job = stored.value.step(TRIGGER, "InProgress", at=ports.clock.now(), progress_percent=percent)
    again = replace(message, looks=message.looks + 1, operation_url=url, attempts=0, deferrals=0)
    go_on_later(ports, again, stored, job, look_delay(message.looks + 1))


def _end(
    ports: Ports,
    message: StartRestore | ObserveRestore,
    stored: Stored[Job],
    status: JobStatus,
    error: BackupError | None,
) -> None:
    """End the job and let go of its point in one transaction, then tell."""
    now = ports.clock.now()
    job = stored.value
    if status is JobStatus.COMPLETED:
        job = job.step(TRIGGER, "Completed", at=now, progress_percent=100)
    if job.status is JobStatus.QUEUED and status is JobStatus.COMPLETED:
        job = job.advance(JobStatus.IN_PROGRESS, at=now)
    if status is JobStatus.COMPLETED and job.warnings:
        status = JobStatus.COMPLETED_WITH_WARNINGS
    job = job.advance(status, at=now, error=error)
    changes: list[Change] = [Replace(stored, job), *released(ports, message.vault, job)]
    events = [announcements.job_ended(message.vault, job)]
    instance = ports.store.get(BackupInstance, message.vault, message.instance_name)
    if instance is not None:
        alerted = _alerted(ports, message.vault, instance.value, job, error)
        changes += [Replace(instance, alerted.instance), *alerted.changes]
        events += alerted.events
    if not commit(ports, message, changes, events):
        return
    level = logging.ERROR if job.error else logging.INFO
    log.log(level, "restore.ended job_id=%s status=%s", job.job_id, status.value)
    row = watch_row(message.vault, message.instance_name, job.job_id, "restore", job.created_at + STALL_AFTER)
    ports.store.unschedule([row])


def _alerted(ports: Ports, vault: VaultKey, instance: BackupInstance, job: Job, error: BackupError | None) -> Alerted:
    """A failed restore raises an alert, which the next one that succeeds ends."""
    group = parse_resource_id(job.target_disk_id, DISK).group_id.text
    if error is None:
        ended = ended_by_restore(instance.alerts, group)
        return resolve(ports, vault, instance, *ended) if ended else Alerted(instance=instance)
    cause = cause_of_failed_restore(error, group)
    return fire(ports, vault, instance, cause, error=JobError.of(error), job_id=job.job_id)

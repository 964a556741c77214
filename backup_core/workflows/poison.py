"""What becomes of a message that failed five times or that nobody can read: a failed job if one can be named, an event.

Leaves to others: the tries themselves (the platform's queue trigger) and passing faults (workflows/turns.py), which
never get here.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace

from backup_core.domain.errors import BackupError, MessageMalformed, RecordCorrupt
from backup_core.domain.instance import BackupInstance, ProtectionState
from backup_core.domain.job import Job, JobOperation, JobStatus
from backup_core.domain.messages import (
    ConfigureProtection,
    Message,
    ObserveRestore,
    StartBackup,
    StartRestore,
    decode,
)
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import VaultKey
from backup_core.ports import Change, Insert, Ports, Replace, StateConflict, Stored
from backup_core.workflows import alerts, outbox

log = logging.getLogger("diskbackup.poison")

NOWHERE = VaultKey(subscription="unknown", group="unknown", name="unknown")


class StepGivenUp(BackupError):
    """A step that failed five times for a reason that this product did not foresee."""

    code = "StepGivenUp"
    recommended_action = (
        "Look for this job id in the function's log, mend the cause, and run the operation again; a scheduled backup "
        "comes again at its next slot. Please report the logged exception."
    )


def give_up(ports: Ports, kind: type[Message], text: str | bytes) -> None:
    """Record that the step of a poison message of `kind` was given up. Never raises for what the message holds."""
    try:
        message = decode(kind, text)
    except MessageMalformed as error:
        _report_unreadable(ports, kind, text, error)
        return
    given_up = StepGivenUp(f"{kind.__name__} failed five times and was given up.")
    log.error("step.given_up step=%s instance=%s", kind.__name__, message.instance_name)
    job_id = getattr(message, "job_id", "")
    if job_id:
        _fail_job(ports, message, job_id, given_up)
    identity = job_id or f"{kind.__name__}:{message.instance_name}"
    event = alerts.message_poisoned(message.vault, message.instance_name, identity, given_up, ports.clock.now())
    outbox.record(ports, message.vault, [event])


def _report_unreadable(ports: Ports, kind: type[Message], text: str | bytes, error: MessageMalformed) -> None:
    raw = text if isinstance(text, bytes) else text.encode(errors="replace")
    digest = hashlib.sha256(raw).hexdigest()[:16]
    log.error("message.unreadable kind=%s digest=%s %s", kind.__name__, digest, error.message)
    event = alerts.message_poisoned(NOWHERE, kind.queue, digest, error, ports.clock.now())
    outbox.record(ports, NOWHERE, [event])


def _fail_job(ports: Ports, message: Message, job_id: str, error: StepGivenUp) -> None:
    """Fail the job and let go of what it held. A record that cannot be read stays; the event tells of the rest."""
    try:
        job = ports.store.get(Job, message.vault, job_id)
    except RecordCorrupt as corrupt:
        log.error("record.corrupt %s", corrupt)
        return
    begun = job.value if job else _unbegun_job(ports, message, job_id)
    if begun is None or begun.is_ended:
        return
    failed = begun.advance(JobStatus.FAILED, at=ports.clock.now(), error=error)
    record: Change = Replace(job, failed) if job else Insert(failed)
    try:
        changes = [record, *_release(ports, message, failed)]
        outbox.commit(ports, message.vault, changes, [alerts.job_ended(message.vault, failed)])
    except StateConflict:
        log.warning("step.given_up_unrecorded job_id=%s: the job moved on meanwhile", job_id)
        return


def _unbegun_job(ports: Ports, message: Message, job_id: str) -> Job | None:
    """A scheduled backup that never got as far as its job: the failed job is the trace of its slot, and stops the watch
    from sending it again."""
    if not isinstance(message, StartBackup) or message.slot is None:
        return None
    return Job(
        job_id=job_id,
        operation=JobOperation.BACKUP,
        instance_name=message.instance_name,
        created_at=ports.clock.now(),
        slot=message.slot,
        missed_slots=message.missed_slots,
        missed_count=message.missed_count,
    )


def _release(ports: Ports, message: Message, failed: Job) -> list[Change]:
    """What the job held: its instance, or the point that it restored from."""
    try:
        if isinstance(message, StartRestore | ObserveRestore):
            return _release_point(ports, message, failed)
        instance = ports.store.get(BackupInstance, message.vault, message.instance_name)
    except RecordCorrupt as corrupt:
        log.error("record.corrupt %s", corrupt)
        return []
    if instance is None:
        return []
    if isinstance(message, ConfigureProtection):
        return _refuse_instance(instance, failed)
    active = instance.value.active
    if active is None or active.job.job_id != failed.job_id:
        return []
    return [Replace(instance, replace(instance.value, active=None))]


def _release_point(ports: Ports, message: Message, failed: Job) -> list[Change]:
    point = ports.store.get(RecoveryPoint, message.vault, message.instance_name, failed.point_id)
    if point is None or failed.job_id not in point.value.restoring:
        return []
    others = tuple(other for other in point.value.restoring if other != failed.job_id)
    return [Replace(point, replace(point.value, restoring=others))]


def _refuse_instance(instance: Stored[BackupInstance], failed: Job) -> list[Change]:
    if instance.value.config_job_id != failed.job_id:
        return []
    return [Replace(instance, replace(instance.value, state=ProtectionState.ERROR, error=failed.error))]

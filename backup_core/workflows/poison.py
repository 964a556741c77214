"""What becomes of a message that failed five times or that nobody can read: a failed job if one can be named, an event.

Leaves to others: the tries themselves (the platform's queue trigger) and passing faults (workflows/turns.py), which
never get here.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace

from backup_core.domain.errors import BackupError, MessageMalformed, RecordCorrupt
from backup_core.domain.events import Event
from backup_core.domain.instance import BackupInstance, Misses, ProtectionState
from backup_core.domain.job import Job, JobError, JobStatus
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
from backup_core.domain.starting import Start, caught_up, give_way, is_of_generation, job_of_slot
from backup_core.ports import Change, Insert, Ports, Replace, StateConflict, Stored
from backup_core.workflows import announcements, outbox
from backup_core.workflows.backup import slots_begun

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
    event = announcements.message_poisoned(message.vault, message.instance_name, identity, given_up, ports.clock.now())
    outbox.record(ports, message.vault, [event])


def _report_unreadable(ports: Ports, kind: type[Message], text: str | bytes, error: MessageMalformed) -> None:
    raw = text if isinstance(text, bytes) else text.encode(errors="replace")
    digest = hashlib.sha256(raw).hexdigest()[:16]
    log.error("message.unreadable kind=%s digest=%s %s", kind.__name__, digest, error.message)
    event = announcements.message_poisoned(NOWHERE, kind.queue, digest, error, ports.clock.now())
    outbox.record(ports, NOWHERE, [event])


def _fail_job(ports: Ports, message: Message, job_id: str, error: StepGivenUp) -> None:
    """Fail the job and let go of what it held. A record that cannot be read stays; the event tells of the rest."""
    try:
        job = ports.store.get(Job, message.vault, job_id)
    except RecordCorrupt as corrupt:
        log.error("record.corrupt %s", corrupt)
        return
    instance = _instance(ports, message)
    begun = job.value if job else _unbegun_job(ports, message, instance)
    changes: list[Change] = []
    events: list[Event] = []
    if begun is not None and not begun.is_ended:
        failed = begun.advance(JobStatus.FAILED, at=ports.clock.now(), error=error)
        changes = [Replace(job, failed) if job else Insert(failed), *_release_point(ports, message, failed)]
        events = [announcements.job_ended(message.vault, failed)]
    if instance is not None:
        released = _released(ports, message, instance.value, begun, error)
        changes += [Replace(instance, released)] if released != instance.value else []
    try:
        if changes:
            outbox.commit(ports, message.vault, changes, events)
    except StateConflict:
        log.warning("step.given_up_unrecorded job_id=%s: the job moved on meanwhile", job_id)


def _instance(ports: Ports, message: Message) -> Stored[BackupInstance] | None:
    try:
        return ports.store.get(BackupInstance, message.vault, message.instance_name)
    except RecordCorrupt as corrupt:
        log.error("record.corrupt %s", corrupt)
        return None


def _unbegun_job(ports: Ports, message: Message, instance: Stored[BackupInstance] | None) -> Job | None:
    """A scheduled backup that never got as far as its job: the failed job is the trace of its slot, and stops the watch
    from sending it again. A slot that is on record as missed needs none."""
    if not isinstance(message, StartBackup) or message.slot is None:
        return None
    if instance is not None and is_of_generation(message, instance.value) and instance.value.has_missed(message.slot):
        return None
    return job_of_slot(message, Misses(slots=message.missed_slots, count=message.missed_count), ports.clock.now())


def _released(
    ports: Ports, message: Message, instance: BackupInstance, job: Job | None, error: StepGivenUp
) -> BackupInstance:
    """The instance without what an unfinished job had of it; it knows of all slots that the message stood for."""
    ends = job is not None and not job.is_ended
    if isinstance(message, ConfigureProtection) and ends and instance.config_job_id == message.job_id:
        return replace(instance, state=ProtectionState.ERROR, error=JobError.of(error), paused_at=ports.clock.now())
    if isinstance(message, StartBackup) and message.slot is not None and is_of_generation(message, instance):
        instance = instance.miss(_caught_up(ports, message, instance))
        instance = give_way(instance, message.slot) if ends else instance
    held = instance.active is not None and job is not None and instance.active.job.job_id == job.job_id
    return replace(instance, active=None) if held and ends else instance


def _caught_up(ports: Ports, message: StartBackup, instance: BackupInstance) -> Misses:
    begun = slots_begun(ports, message, instance)
    return caught_up(Start(message=message, instance=instance, job=None, begun=begun, now=ports.clock.now()))


def _release_point(ports: Ports, message: Message, failed: Job) -> list[Change]:
    """A restore lets go of its point."""
    if not isinstance(message, StartRestore | ObserveRestore):
        return []
    try:
        point = ports.store.get(RecoveryPoint, message.vault, message.instance_name, failed.point_id)
    except RecordCorrupt as corrupt:
        log.error("record.corrupt %s", corrupt)
        return []
    if point is None or failed.job_id not in point.value.restoring:
        return []
    others = tuple(other for other in point.value.restoring if other != failed.job_id)
    return [Replace(point, replace(point.value, restoring=others))]

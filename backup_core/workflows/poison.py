"""What becomes of a message that failed five times or that nobody can read: a failed job if one can be named, an event.

Leaves to others: the tries themselves (the platform's queue trigger) and passing faults (workflows/turns.py), which
never get here.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from backup_core.domain.copying import PointCopy
from backup_core.domain.errors import BackupError, MessageMalformed, RecordCorrupt
from backup_core.domain.events import Event
from backup_core.domain.instance import BackupInstance, Misses, ProtectionState
from backup_core.domain.job import Job, JobError, JobStatus
from backup_core.domain.messages import (
    ClearUpTests,
    ConfigureProtection,
    GoOnTesting,
    ObserveCopy,
    ObserveRestore,
    Sendable,
    StartBackup,
    StartCopy,
    StartRestore,
)
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.starting import Start, caught_up, give_way, is_of_generation, job_of_slot
from backup_core.ports import Change, Insert, Ports, Replace, StateConflict, Stored
from backup_core.workflows import announcements, outbox
from backup_core.workflows.backup import slots_begun
from backup_core.workflows.copying import again, enlist
from backup_core.workflows.restore_source import released
from backup_core.workflows.restore_tests import CLEAR_UP_SOON
from backup_core.workflows.restore_together import as_it_stands

log = logging.getLogger("diskbackup.poison")

NOWHERE = VaultKey(subscription="unknown", group="unknown", name="unknown")


class StepGivenUp(BackupError):
    """A step that failed five times for a reason that this product did not foresee."""

    code = "StepGivenUp"
    recommended_action = (
        "Look for this job id in the function's log, mend the cause, and run the operation again; a scheduled backup "
        "comes again at its next slot. Please report the logged exception."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LettingGo:
    """What giving up a kind of message means beyond the failed job that it names: the job of one that never got as far
    as its own, how a job ends that does more than fail, what its instance keeps in mind (with the error if the job
    fails with it), and what else lets go."""

    unbegun: Callable[[Ports, Any, Stored[BackupInstance] | None], Job | None] | None = None
    ending: Callable[[Ports, VaultKey, Job, StepGivenUp], Job] | None = None
    instance: Callable[[Ports, Any, BackupInstance, StepGivenUp | None], BackupInstance] | None = None
    others: Callable[[Ports, Any, Job], list[Change]] | None = None


NOTHING_MORE = LettingGo()


def give_up(ports: Ports, message: Sendable, letting_go: LettingGo) -> None:
    """Record that the step of a poison message was given up. Raises CloudUnavailable."""
    vault, instance_name = getattr(message, "vault", NOWHERE), getattr(message, "instance_name", "")
    given_up = StepGivenUp(f"{type(message).__name__} failed five times and was given up.")
    log.error("step.given_up step=%s instance=%s", type(message).__name__, instance_name)
    job_id = getattr(message, "job_id", "")
    if job_id:
        _fail_job(ports, message, letting_go, job_id, given_up)
    identity = job_id or f"{type(message).__name__}:{instance_name}"
    event = announcements.message_poisoned(vault, instance_name, identity, given_up, ports.clock.now())
    outbox.record(ports, vault, [event])


def report_unreadable(ports: Ports, queue: str, text: str | bytes, error: MessageMalformed) -> None:
    raw = text if isinstance(text, bytes) else text.encode(errors="replace")
    digest = hashlib.sha256(raw).hexdigest()[:16]
    log.error("message.unreadable queue=%s digest=%s %s", queue, digest, error.message)
    event = announcements.message_poisoned(NOWHERE, queue, digest, error, ports.clock.now())
    outbox.record(ports, NOWHERE, [event])


def _fail_job(ports: Ports, message: Any, letting_go: LettingGo, job_id: str, error: StepGivenUp) -> None:
    """Fail the job and let go of what it held. A record that cannot be read stays; the event tells of the rest."""
    try:
        job = ports.store.get(Job, message.vault, job_id)
    except RecordCorrupt as corrupt:
        log.error("record.corrupt %s", corrupt)
        return
    instance = _instance(ports, message)
    begun = job.value if job else letting_go.unbegun(ports, message, instance) if letting_go.unbegun else None
    failed = None
    changes: list[Change] = []
    events: list[Event] = []
    if begun is not None and not begun.is_ended:
        failed = _ended(ports, message, letting_go, begun, error)
        changes = [Replace(job, failed) if job else Insert(failed)]
        changes += letting_go.others(ports, message, failed) if letting_go.others else []
        events = [announcements.job_ended(message.vault, failed)]
    if instance is not None:
        released = instance.value
        if letting_go.instance is not None:
            released = letting_go.instance(ports, message, released, error if failed else None)
        if failed is not None and released.active is not None and released.active.job.job_id == job_id:
            released = replace(released, active=None)
        changes += [Replace(instance, released)] if released != instance.value else []
    try:
        if changes:
            outbox.commit(ports, message.vault, changes, events)
    except StateConflict:
        log.warning("step.given_up_unrecorded job_id=%s: the job moved on meanwhile", job_id)


def _ended(ports: Ports, message: Any, letting_go: LettingGo, job: Job, error: StepGivenUp) -> Job:
    if letting_go.ending is not None:
        return letting_go.ending(ports, message.vault, job, error)
    return job.advance(JobStatus.FAILED, at=ports.clock.now(), error=error)


def _instance(ports: Ports, message: Any) -> Stored[BackupInstance] | None:
    try:
        return ports.store.get(BackupInstance, message.vault, message.instance_name)
    except RecordCorrupt as corrupt:
        log.error("record.corrupt %s", corrupt)
        return None


def _unbegun_backup(ports: Ports, message: StartBackup, instance: Stored[BackupInstance] | None) -> Job | None:
    """A scheduled backup that never got as far as its job: the failed job is the trace of its slot, and stops the watch
    from sending it again. A slot that is on record as missed needs none."""
    if message.slot is None:
        return None
    if instance is not None and is_of_generation(message, instance.value) and instance.value.has_missed(message.slot):
        return None
    return job_of_slot(message, Misses(slots=message.missed_slots, count=message.missed_count), ports.clock.now())


def _without_slots(
    ports: Ports, message: StartBackup, instance: BackupInstance, error: StepGivenUp | None
) -> BackupInstance:
    """The instance knows of all slots that the message stood for."""
    if message.slot is None or not is_of_generation(message, instance):
        return instance
    begun = slots_begun(ports, message, instance)
    missed = caught_up(Start(message=message, instance=instance, job=None, begun=begun, now=ports.clock.now()))
    return instance.miss(missed) if error is None else give_way(instance.miss(missed), message.slot)


def _in_error(
    ports: Ports, message: ConfigureProtection, instance: BackupInstance, error: StepGivenUp | None
) -> BackupInstance:
    if error is None or instance.config_job_id != message.job_id:
        return instance
    return replace(instance, state=ProtectionState.ERROR, error=JobError.of(error), paused_at=ports.clock.now())


def _released(ports: Ports, message: StartRestore | ObserveRestore, failed: Job) -> list[Change]:
    return released(ports, message.vault, failed)


def _cleared_soon(ports: Ports, message: GoOnTesting, failed: Job) -> list[Change]:
    """Its place stays until what it may have left behind is gone, which is looked at once this is recorded."""
    ports.queue.send(ClearUpTests(vault=message.vault), delay=CLEAR_UP_SOON)
    return released(ports, message.vault, failed)


def _owed_again(ports: Ports, message: StartCopy | ObserveCopy, failed: Job) -> list[Change]:
    """The copy is still owed, under another name. Its ticket is found by the lane's row on the agenda."""
    try:
        copy = ports.store.get(PointCopy, message.vault, message.instance_name, str(failed.details.get("copy")))
    except RecordCorrupt as corrupt:
        log.error("record.corrupt %s", corrupt)
        return []
    if copy is None or copy.value.job_id != failed.job_id:
        return []
    waiting = again(copy.value, ports.clock.now(), "its step was given up")
    enlist(ports, message.vault, message.instance_name, message.lane, waiting.ready_at)
    return [Replace(copy, waiting)]


def _not_copying(
    ports: Ports, message: StartCopy | ObserveCopy, instance: BackupInstance, error: StepGivenUp | None
) -> BackupInstance:
    copy = ports.store.get(PointCopy, message.vault, instance.name, instance.copying) if instance.copying else None
    is_its = copy is not None and copy.value.job_id == message.job_id
    return replace(instance, copying="") if is_its and error is not None else instance


OF_COPY = LettingGo(others=_owed_again, instance=_not_copying)
OF_BACKUP = LettingGo(unbegun=_unbegun_backup, instance=_without_slots)
OF_CONFIGURATION = LettingGo(instance=_in_error)
OF_RESTORE = LettingGo(others=_released)
OF_RESTORE_TOGETHER = LettingGo(ending=as_it_stands)
OF_RESTORE_TEST = LettingGo(others=_cleared_soon)

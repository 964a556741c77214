"""What becomes of the start of a backup: decided as a value, before anything is asked of Azure or written.

A start message of the schedule stands for slots: its own, and those of ticks that did not run. Every slot that became
due ends as a point, as a job that failed or was cancelled, or on record as missed with its reason. A verdict therefore
names the slots that end as missed with it; the others of its message are the backup's own or on record already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from backup_core.domain.disk import Disk
from backup_core.domain.instance import ActiveBackup, BackupInstance, Misses, ProtectionState, PutOff
from backup_core.domain.job import Job, JobOperation, JobStatus
from backup_core.domain.messages import StartBackup
from backup_core.domain.naming import Seal, point_id, promise_text, scheduled_job_id, snapshot_id
from backup_core.domain.resource_ids import DISK, VaultKey, parse_group_id, parse_resource_id
from backup_core.domain.tagging import choose_tag

TRIGGER = "Trigger Backup"  # a backup's one step, as Azure names it
NONE_MISSED = Misses()
BUSY_LIMIT = timedelta(hours=1)  # how long a backup on demand waits behind another


class Does(Enum):
    """What the step does with a start message."""

    RUN = "claim the instance and take the snapshot"
    RESUME = "ask Azure again for the snapshot of the job that runs"
    WAIT = "come back later"
    FAIL = "end the job as failed"
    GIVE_UP = "take nothing: the slot is recorded as missed, a job as cancelled"
    STAND_DOWN = "nothing: what there was to do is done, or another message does it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`misses` are recorded in any case. `alarming`: an operator should hear of it, for nobody asked for it."""

    does: Does
    because: str = ""
    misses: Misses = NONE_MISSED
    alarming: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A start message with what is on record: its instance, the row of its job, and which of its slots have a job
    (`begun`), as far as these were looked for."""

    message: StartBackup
    instance: BackupInstance | None
    job: Job | None
    begun: frozenset[datetime]
    now: datetime

    @property
    def running(self) -> ActiveBackup | None:
        """The running backup, if it is this message's."""
        active = self.instance.active if self.instance else None
        return active if active is not None and active.job.job_id == self.message.job_id else None

    @property
    def is_succeeded(self) -> bool:
        """Whether the next slot is due already: then it is taken, and this one is not."""
        slot, instance = self.message.slot, self.instance
        return slot is not None and instance is not None and self.now >= instance.policy.schedule.next_slot(slot)


def decide(start: Start) -> Verdict:
    return _of_request(start) if start.message.slot is None else _of_slot(start, start.message.slot)


def decide_after_refusal(start: Start, because: str, *, may_pass: bool) -> Verdict:
    """After Azure refused what a backup needs before it can begin; `may_pass` while it makes sense to come back."""
    if not may_pass:
        return Verdict(does=Does.FAIL, because=because, misses=caught_up(start))
    if start.is_succeeded:
        return _miss(start, f"{because}, until the next slot was due", alarming=True)
    return Verdict(does=Does.WAIT, because=because)


def slots_of(message: StartBackup) -> tuple[datetime, ...]:
    """All slots that a message names, oldest first; its own is the last."""
    return message.missed_slots if message.slot is None else (*message.missed_slots, message.slot)


def job_of_slot(message: StartBackup, misses: Misses, at: datetime, instance: BackupInstance | None = None) -> Job:
    """The job of a scheduled backup, which is not written before it begins, or ends without: as much of it as its
    message tells, and its instance where there is one."""
    return Job(
        job_id=message.job_id,
        operation=JobOperation.BACKUP,
        instance_name=instance.name if instance else message.instance_name,
        created_at=at,
        slot=message.slot,
        missed_slots=misses.slots,
        missed_count=misses.count,
        policy_name=instance.policy.name if instance else "",
        disk_id=instance.disk_id if instance else "",
        disk_location=instance.disk_location if instance else "",
        friendly_name=instance.friendly_name if instance else "",
    )


def begin(start: Start, disk: Disk, installation_id: str, *, now: datetime) -> BackupInstance:
    """The instance as the backup claims it: with its running job, the name that its snapshot will have, and how long
    its point is promised to be kept. Its job may be on record already, as that of a request is."""
    instance, message = start.instance, start.message
    assert instance is not None, "a backup is of an instance"
    job = _job_begun(start, instance, disk, now)
    duration = instance.policy.retention_duration(job.retention_tag)
    retention = duration.iso() if duration else ""
    seal = Seal(
        installation_id=installation_id,
        promise=promise_text(job.retention_tag, retention),
        disk_id=disk.id,
        disk_unique_id=disk.unique_id,
    )
    disk_name = parse_resource_id(instance.disk_id, DISK).name
    group, at = parse_group_id(instance.snapshot_group_id), message.slot or job.created_at
    active = ActiveBackup(
        job=job,
        snapshot_id=snapshot_id(message.vault, instance.name, disk_name, group, job.job_id, at, seal),
        disk=disk.raw,
        watch_due_at=message.watch_due_at or now,
        installation_id=installation_id,
        retention=retention,
    )
    missing = instance.miss(caught_up(start))
    if message.slot is None:
        return replace(missing, active=active)
    return replace(missing, active=active, newest_slot=_newest_slot(missing, message.slot), put_off=None)


def _job_begun(start: Start, instance: BackupInstance, disk: Disk, now: datetime) -> Job:
    message = start.message
    job = start.job or job_of_slot(message, caught_up(start), now, instance)
    tag_name, details = job.retention_tag, job.details
    if message.slot is not None:
        choice = choose_tag(
            instance.policy.criteria, message.slot, instance.last_success_slot, instance.policy.schedule.zone
        )
        tag_name, details = choice.tag_name, {**details, "tag_because": choice.because}
    return job.step(
        TRIGGER,
        "InProgress",
        at=now,
        progress_percent=0,
        to=JobStatus.IN_PROGRESS if job.status is JobStatus.QUEUED else None,
        turn=message.turn,
        retention_tag=tag_name,
        point_id=point_id(message.vault, instance.name, job.job_id, message.slot or job.created_at),
        retry_count=message.attempts,
        details={**details, "disk_size_bytes": disk.size_bytes},
    )


def put_off(message: StartBackup, until: datetime, because: str) -> PutOff | None:
    """What is noted of a slot whose start waits for `message`, visible then; None of a request, whose job waits."""
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


def is_of_generation(message: StartBackup, instance: BackupInstance) -> bool:
    """Whether a message is of this instance, not of an earlier one of its name: revisions count from 1 in each."""
    return message.slot is None or is_own_job(message.vault, instance, message.job_id, message.slot)


def stays_on_record(message: StartBackup, instance: BackupInstance) -> bool:
    """Whether what the instance is told of the message's slots outlasts it."""
    return is_of_generation(message, instance) and instance.state is not ProtectionState.DELETING


def is_own_job(vault: VaultKey, instance: BackupInstance, job_id: str, slot: datetime) -> bool:
    return job_id == scheduled_job_id(vault, instance.name, instance.generation, slot)


def is_of_earlier_schedule(message: StartBackup, instance: BackupInstance) -> bool:
    """Whether the agenda row that a message came from may be wrong by now."""
    if message.slot is None or not instance.takes_scheduled_backups:
        return False
    return message.revision != instance.revision or not is_of_generation(message, instance)


def caught_up(start: Start) -> Misses:
    """The slots that the message's own stands for."""
    message = start.message
    because = "it was not started in its time"
    if message.slot is not None:
        because += f"; the backup of {message.slot:%Y-%m-%dT%H:%M:%SZ} stands for it"
    return _misses(start, message.missed_slots, message.missed_count, because)


def _of_request(start: Start) -> Verdict:
    job, instance = start.job, start.instance
    if job is None or job.is_ended:
        return Verdict(does=Does.STAND_DOWN, because="its job has ended")
    if start.running is not None:
        return _resume(start, start.running)
    if instance is None or not instance.takes_scheduled_backups:
        return Verdict(does=Does.GIVE_UP, because=_pause_of(instance))
    if start.message.turn < job.turn:
        return Verdict(does=Does.STAND_DOWN, because="a later message goes on")
    if instance.active is None:
        return Verdict(does=Does.RUN)
    if start.now - job.created_at > BUSY_LIMIT:
        return Verdict(does=Does.FAIL, because="another backup ran for an hour")
    return Verdict(does=Does.WAIT, because="another backup runs")


def _of_slot(start: Start, slot: datetime) -> Verdict:
    instance, message = start.instance, start.message
    if instance is None:
        return _miss(start, _pause_of(None))
    if not is_of_generation(message, instance):
        return _of_earlier_instance(start, slot, instance)
    if start.running is not None:
        return _resume(start, start.running)
    if start.job is not None and not start.job.is_ended:
        return Verdict(does=Does.GIVE_UP, because="its instance has let go of it", misses=caught_up(start))
    if _is_on_record(start, slot, instance):
        return Verdict(does=Does.STAND_DOWN, because="it is on record", misses=caught_up(start))
    if not instance.takes_scheduled_backups:
        return _miss(start, _pause_of(instance), only_due=True)
    if message.revision != instance.revision and instance.policy.schedule.newest_slot(slot) != slot:
        return _miss(start, "the schedule was changed before it could be taken", only_due=True)
    if _is_overtaken(slot, instance):
        return _miss(start, "a later slot overtook it", alarming=True)
    if instance.put_off is not None and instance.put_off.slot == slot and message.turn < instance.put_off.turn:
        return Verdict(does=Does.STAND_DOWN, because="a later message goes on", misses=caught_up(start))
    if instance.active is None:
        return Verdict(does=Does.RUN, misses=caught_up(start))
    if start.is_succeeded:
        return _miss(start, "an earlier backup ran until the next slot was due", alarming=True)
    return Verdict(does=Does.WAIT, because="an earlier backup runs")


def _of_earlier_instance(start: Start, slot: datetime, instance: BackupInstance) -> Verdict:
    """Of an instance of the same name that was deleted. What is younger than its successor never was due."""
    if slot > instance.created_at:
        return Verdict(does=Does.GIVE_UP, because="its backup instance was deleted before it was due")
    return _miss(start, _pause_of(None))


def _resume(start: Start, active: ActiveBackup) -> Verdict:
    if start.message.turn < active.job.turn:
        return Verdict(does=Does.STAND_DOWN, because="a later message goes on", misses=caught_up(start))
    return Verdict(does=Does.RESUME, misses=caught_up(start))


def _is_on_record(start: Start, slot: datetime, instance: BackupInstance) -> bool:
    return start.job is not None or slot in start.begun or instance.has_missed(slot)


def _is_overtaken(slot: datetime, instance: BackupInstance) -> bool:
    """Whether a later slot was begun or given up, or waits for its turn; or this one was, and left no trace."""
    waiting = instance.put_off
    is_past = instance.newest_slot is not None and slot <= instance.newest_slot
    return is_past or (waiting is not None and slot < waiting.slot)


def _miss(start: Start, because: str, *, only_due: bool = False, alarming: bool = False) -> Verdict:
    """Give up the slot and all that it stands for; with `only_due` what never became due is nobody's loss."""
    message = start.message
    misses = _misses(start, slots_of(message), message.missed_count + 1, because, only_due=only_due)
    return Verdict(does=Does.GIVE_UP, because=because, misses=misses, alarming=alarming and misses.count > 0)


def _misses(start: Start, slots: Sequence[datetime], count: int, because: str, *, only_due: bool = False) -> Misses:
    """Those of `slots` that have no job of their own."""
    instance = start.instance
    named = tuple(slot for slot in slots if slot not in start.begun)
    if only_due and instance is not None:
        named = tuple(slot for slot in named if instance.was_due(slot))
    return Misses(slots=named, count=count - (len(slots) - len(named)), because=because) if named else NONE_MISSED


_PAUSES = {
    ProtectionState.STOPPED: "protection was stopped",
    ProtectionState.SUSPENDED: "backups were suspended",
    ProtectionState.ERROR: "protection could not be configured",
    ProtectionState.CONFIGURING: "protection was being configured",
    ProtectionState.DELETING: "the backup instance was deleted",
    ProtectionState.SOFT_DELETED: "the backup instance was deleted",
}


def _pause_of(instance: BackupInstance | None) -> str:
    """Why an instance takes no backups."""
    what = _PAUSES[instance.state] if instance is not None else "the backup instance was deleted"
    return f"{what} before it could be taken"


def give_way(instance: BackupInstance, slot: datetime) -> BackupInstance:
    """The instance once `slot` was begun or given up: no older one is begun any more."""
    return replace(instance, newest_slot=_newest_slot(instance, slot))


def _newest_slot(instance: BackupInstance, slot: datetime) -> datetime:
    return max(slot, instance.newest_slot or slot)

"""Restore several disks to one moment, by one job whose parts are ordinary restores.

The request is checked by our own records, and every fault of every disk told at once. Its job then looks at Azure for
all of them; only when nothing stands in the way of any, their restores begin. Each is a job of its own, which goes on
whatever becomes of this one; this one ends when all have, and names what was made, which stays, and what was not.

Its step may run twice at any moment. The parts' jobs have names that follow from it. How far its look came is in its
row, and that it is over is there before the first restore begins: else a second look would find new disks in the way.

Leaves to others: one disk's restore (restore.py), and how the job ends (domain/restore_together.py).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from backup_core.domain.acting import check_choice
from backup_core.domain.copying import PointCopy
from backup_core.domain.errors import (
    BackupError,
    CloudUnavailable,
    Fault,
    InvalidInput,
    NotFound,
    ResourceInUse,
    advice_for,
)
from backup_core.domain.guard import Critical
from backup_core.domain.instance import BackupInstance
from backup_core.domain.job import OF_VAULT, Job, JobError, JobOperation, JobStatus, Subtask, job_id
from backup_core.domain.messages import RestoreTogether
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.restore import RestoreRequest
from backup_core.domain.restore_together import (
    PLACE,
    REQUESTS_KEPT,
    VALIDATE,
    Chosen,
    KnownRequest,
    Outcome,
    Part,
    TogetherRequest,
    as_they_stand,
    check_named_once,
    outcome,
    parts_of,
    placed,
    refusal,
    spread_of,
    standing,
)
from backup_core.domain.restored_copy import copy_of_slot, lies_elsewhere
from backup_core.domain.vault import Vault
from backup_core.ports import (
    Change,
    Insert,
    Ports,
    Remove,
    Replace,
    StateConflict,
    Stored,
    again_on_conflict,
    every,
    until_committed,
)
from backup_core.workflows import announcements
from backup_core.workflows.catalogue import find_point_of_slot, get_vault
from backup_core.workflows.guards import ask_leave_of_all
from backup_core.workflows.restore import begin_restore, check_request, check_tables, restore_job
from backup_core.workflows.restore_source import Source, find_source, source_of
from backup_core.workflows.run_time import Time
from backup_core.workflows.turns import FIRST_LOOK, come_back, commit, go_on_later, look_delay, open_job
from backup_core.workflows.validation import check_restores
from backup_core.workflows.watching import STALL_AFTER, watch_row

log = logging.getLogger("diskbackup.restore_together")

CLEARED_AT_ONCE = 50  # known requests that are old, with each new one
SNAPSHOTS_CHECKED = 20  # disks of which a preview reads the snapshots, too: questions may use a share of calls only
AT_ONCE = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a request would restore, and every reason why it would not."""

    chosen: tuple[Chosen, ...]
    faults: tuple[Fault, ...]


def preview_restore_together(ports: Ports, vault: VaultKey, request: TogetherRequest) -> Preview:
    """By what the request itself is checked by, and one look at Azure. Nothing is changed. Raises NotFound (vault),
    Throttled, CloudUnavailable."""
    record = get_vault(ports, vault)
    chosen, faults = _choose(ports, record, request)
    sparing = len(chosen) > SNAPSHOTS_CHECKED
    for found in check_restores(ports, record, chosen, sparing=sparing):
        faults += found
    return Preview(chosen=tuple(chosen), faults=tuple(dict.fromkeys(faults)))


def request_restore_together(
    ports: Ports, vault: VaultKey, request: TogetherRequest, *, by: str | None = None, correlation_id: str = ""
) -> Job:
    """Queue the job; answers that which the same request led to before, by its id. `by` is who asks (see
    guards.ask_leave). Raises NotFound (vault), InvalidInput naming every fault of every disk, GuardLocked,
    ResourceInUse."""
    record = get_vault(ports, vault)

    def attempt() -> Job:
        known = _find_known(ports, vault, request)
        if known is not None:
            return known
        chosen, faults = _choose(ports, record, request)
        if faults:
            raise InvalidInput(faults)
        instances = [f"{vault.resource_id}/backupInstances/{each.instance_name}" for each in chosen]
        ask_leave_of_all(ports, vault, Critical.RESTORE, instances, by)
        job = _new_job(vault, chosen, ports.clock.now(), correlation_id)
        ports.store.schedule([_watch(vault, job)])
        ports.store.commit(vault, [Insert(job), *_noted(ports, vault, request, job)])
        return job

    job = until_committed(f"Request '{request.request_id}' of vault '{vault.name}'", attempt)
    ports.queue.send(RestoreTogether(vault=vault, instance_name=OF_VAULT, job_id=job.job_id, turn=job.turn))
    return job


def _find_known(ports: Ports, vault: VaultKey, request: TogetherRequest) -> Job | None:
    """The job of the same request. Raises InvalidInput for another one under its name."""
    stored = ports.store.get(KnownRequest, vault, request.request_id) if request.request_id else None
    if stored is None:
        return None
    if stored.value.digest != request.digest:
        message = f"'{request.request_id}' is the id of another request, which led to job '{stored.value.job_id}'"
        raise InvalidInput([Fault(target="requestId", message=message)])
    job = ports.store.get(Job, vault, stored.value.job_id)
    return job.value if job is not None else None


def _noted(ports: Ports, vault: VaultKey, request: TogetherRequest, job: Job) -> list[Change]:
    """That the request led to the job; with it goes what is too old to be sent again."""
    if not request.request_id:
        return []
    now = ports.clock.now()
    note = KnownRequest(request_id=request.request_id, job_id=job.job_id, digest=request.digest, at=now)
    stored = ports.store.get(KnownRequest, vault, request.request_id)  # of a job that is gone
    known = ports.store.page(KnownRequest, vault, limit=CLEARED_AT_ONCE).items
    old = [Remove(each) for each in known if each.value.at + REQUESTS_KEPT <= now]
    old = [each for each in old if each.stored.value.request_id.lower() != request.request_id.lower()]
    return [Replace(stored, note) if stored else Insert(note), *old]


def _choose(ports: Ports, vault: Vault, request: TogetherRequest) -> tuple[list[Chosen], list[Fault]]:
    """The points that are meant, and what our own records have against it."""
    faults = check_choice(request.acts_as, vault.acts_as, "identityDetails") + check_named_once(request.wanted)
    chosen = []
    for index, (name, wish) in enumerate(request.wanted):
        found, refused = _choose_one(ports, vault, name, wish, request.slot)
        chosen.append(found)
        faults += placed(refused, index)
    return chosen, faults


def _choose_one(
    ports: Ports, vault: Vault, name: str, wish: RestoreRequest, slot: datetime | None
) -> tuple[Chosen, list[Fault]]:
    try:
        if slot is not None:
            wish = replace(wish, point_id=_of_slot(ports, vault.key, name, wish, slot))
        instance, source = find_source(ports, vault.key, name, wish)
    except InvalidInput as error:
        return Chosen(instance_name=name, request=wish), list(error.faults)
    except (NotFound, ResourceInUse) as error:
        fault = Fault(target="backupInstanceName", message=error.message, code=error.code)
        return Chosen(instance_name=name, request=wish), [fault]
    return _chosen(instance.value, source, wish), check_request(ports, vault, instance.value, source, wish)


def _chosen(instance: BackupInstance, source: Source, wish: RestoreRequest) -> Chosen:
    """Without the point where a copy was asked for and is not there."""
    point = None if source.faults else source.point
    return Chosen(instance_name=instance.name, request=wish, instance=instance, point=point, copy=source.copy)


def _of_slot(ports: Ports, vault: VaultKey, name: str, wish: RestoreRequest, slot: datetime) -> str:
    """The id of the point of a slot, which may be gone where its copy is meant."""
    instance = ports.store.get(BackupInstance, vault, name)
    found: RecoveryPoint | PointCopy | None = None
    if instance is not None and lies_elsewhere(wish, instance.value.disk_location):
        copies = [each.value for each in every(ports, PointCopy, vault, name)]
        found = copy_of_slot(copies, wish.location or "", slot)
    if found is None:
        found = find_point_of_slot(ports, vault, name, slot)
    if found is None:
        raise NotFound(f"Backup instance '{name}' has no recovery point of the slot {slot:%Y-%m-%dT%H:%M:%SZ}.")
    return found.point_id


def _new_job(vault: VaultKey, chosen: Sequence[Chosen], now: datetime, correlation_id: str) -> Job:
    targets = [each.request.target_disk_id for each in chosen]
    identity = job_id(now, JobOperation.RESTORE_TOGETHER, vault.partition, *targets)
    parts = [_part(vault, each, now, identity) for each in chosen]
    spread = spread_of(each.point.created_at for each in chosen if each.point is not None)
    assert spread is not None, "a request names a disk at least"
    return Job(
        job_id=identity,
        operation=JobOperation.RESTORE_TOGETHER,
        instance_name=OF_VAULT,
        created_at=now,
        touched_at=now,
        user_triggered=True,
        friendly_name=f"{len(parts)} disks",
        subtasks=(Subtask(name=VALIDATE), *(part.subtask() for part in parts)),
        details={
            "parts": [part.as_json() for part in parts],
            "oldest": spread.oldest.isoformat(),
            "newest": spread.newest.isoformat(),
        },
        correlation_id=correlation_id,
    )


def _part(vault: VaultKey, chosen: Chosen, now: datetime, whole: str) -> Part:
    instance, point = chosen.instance, chosen.point
    assert instance is not None, "a disk without an instance is a fault"
    assert point is not None, "a disk without a point is a fault"
    job, copy = restore_job(vault, instance, point, chosen.request, now, "", part_of=whole), chosen.copy
    return Part(
        instance_name=instance.name,
        disk_id=instance.disk_id,
        point_id=point.point_id,
        point_time=point.created_at.isoformat(),
        target_disk_id=job.target_disk_id,
        job_id=job.job_id,
        request=chosen.request.as_json(),
        copy_id=copy.copy_id if copy is not None else "",
        location=copy.location if copy is not None else "",
        snapshot_id=copy.snapshot_id if copy is not None else "",
    )


def _watch(vault: VaultKey, job: Job) -> Any:
    return watch_row(vault, OF_VAULT, job.job_id, "together", job.created_at + STALL_AFTER)


# ---------------------------------------------------------------- the step


def restore_together(ports: Ports, message: RestoreTogether) -> None:
    """One round of the job, with as much as it has time for: look, begin, or see how the restores stand."""
    stored = open_job(ports, message)
    if stored is None:
        return
    work = _Work(ports=ports, message=message, stored=stored, job=_begun(stored.value, ports.clock.now()))
    try:
        work.run()
    except BackupError as error:
        if come_back(ports, message, Stored(work.job, stored.etag), error):
            return
        work.give_up(error)


def as_it_stands(ports: Ports, vault: VaultKey, whole: Job, error: BackupError) -> Job:
    """`whole`, ended because of `error` (see domain/restore_together.as_they_stand); its subtasks say how each restore
    stands now, not that it failed with the job that looked at it."""
    parts, begun = parts_of(whole), bool(whole.details.get("begun"))
    jobs = _jobs_of(ports, vault, parts)
    ended, now = as_they_stand(parts, jobs, begun=begun, error=error), ports.clock.now()
    job = replace(whole, warnings=(*whole.warnings, *ended.warnings)).advance(ended.status, at=now, error=ended.error)
    for part in parts:
        stand = standing(part, jobs.get(part.job_id), begun=begun)
        job = job if stand == "NotStarted" else job.step(part.step, stand, at=now)
    return job


def _jobs_of(ports: Ports, vault: VaultKey, parts: Sequence[Part]) -> Mapping[str, Job]:
    """The parts' own jobs: their names begin with the digits of one instant, so that they lie together."""
    names = sorted(part.job_id for part in parts)
    found = every(ports, Job, vault, first=names[0], last=names[-1])
    return {stored.value.job_id: stored.value for stored in found}


def _begun(job: Job, now: datetime) -> Job:
    return job.advance(JobStatus.IN_PROGRESS, at=now) if job.status is JobStatus.QUEUED else job


@dataclass(slots=True, kw_only=True)
class _Work:
    """One run on the job; `job` is as it is to be kept."""

    ports: Ports
    message: RestoreTogether
    stored: Stored[Job]
    job: Job

    @property
    def vault(self) -> VaultKey:
        return self.message.vault

    def run(self) -> None:
        time = Time.of_run(self.ports)
        if not self._is_checked:
            self._check(time)
            if self._is_checked and self.job.details.get("faults"):
                self._refuse()
            else:
                self._go_on(AT_ONCE)
        elif not self._begin(time):
            self._go_on(AT_ONCE)
        else:
            self._observe()

    def _go_on(self, delay: timedelta, *, looks: int = 0) -> None:
        again = replace(self.message, looks=looks, attempts=0, deferrals=0, doubts=0)
        go_on_later(self.ports, again, self.stored, self.job, delay)

    def _note(self, **details: Any) -> None:
        self.job = replace(self.job, details={**self.job.details, **details})

    def _step(self, name: str, status: str, percent: int | None = None) -> None:
        known = next((task.status for task in self.job.subtasks if task.name == name), "")
        if known != status or percent is not None:
            self.job = self.job.step(name, status, at=self.ports.clock.now(), progress_percent=percent)

    # --- check: nothing is made before all have been checked ---

    @property
    def _checked(self) -> int:
        return int(self.job.details.get("looked", 0))

    @property
    def _is_checked(self) -> bool:
        return self._checked == len(self.job.details["parts"])

    def _check(self, time: Time) -> None:
        """Check one disk after the other. What was found is kept whatever interrupts it."""
        check_tables(self.ports, self.job)
        parts, record = parts_of(self.job), get_vault(self.ports, self.vault)
        chosen = [self._chosen(part) for part in parts]
        for found in check_restores(self.ports, record, chosen, first=self._checked):
            index = self._checked
            if chosen[index].instance is None:
                message = f"backup instance '{parts[index].instance_name}' was not found"
                found = [Fault(target=f"{PLACE}[{index}]", message=message, code=NotFound.code), *found]
            faults = [*self.job.details.get("faults", ()), *({"part": index, **_fault(each)} for each in found)]
            self._note(looked=index + 1, faults=faults)
            self._step(VALIDATE, "InProgress", 100 * (index + 1) // len(parts))
            if time.is_up:
                return

    def _chosen(self, part: Part) -> Chosen:
        instance = self.ports.store.get(BackupInstance, self.vault, part.instance_name)
        source = source_of(self.ports, self.vault, part.instance_name, part.point_id, part.copy_id)
        return Chosen(
            instance_name=part.instance_name,
            request=part.wish(),
            instance=instance.value if instance else None,
            point=source.point if source else None,
            copy=source.copy if source else None,
        )

    def _refuse(self) -> None:
        parts = parts_of(self.job)
        faults = [_as_error(raw, parts) for raw in self.job.details["faults"]]
        self._step(VALIDATE, "Failed")
        for part in parts:
            self._step(part.step, "Skipped")
        self.end(Outcome(status=JobStatus.FAILED, error=refusal(parts, faults), warnings=tuple(faults)))

    # --- begin ---

    def _begin(self, time: Time) -> bool:
        """Whether all restores have begun, or been refused."""
        self._step(VALIDATE, "Completed")
        if self.job.details.get("begun"):
            return True
        for index, part in enumerate(parts_of(self.job)):
            if part.refused is None:
                self._replace_part(index, replace(part, refused=self._begin_part(part)))
            if time.is_up and index + 1 < len(parts_of(self.job)):
                return False
        self._note(begun=True)
        return True

    def _replace_part(self, index: int, part: Part) -> None:
        known = list(self.job.details["parts"])
        self._note(parts=[*known[:index], part.as_json(), *known[index + 1 :]])
        self._step(part.step, "Failed" if part.refused else "InProgress")

    def _begin_part(self, part: Part) -> JobError | None:
        """Begin a restore, unless it has; why it cannot be, if that is for good."""
        try:
            again_on_conflict(partial(self._begin_once, part))
        except StateConflict as conflict:
            raise CloudUnavailable(f"Backup instance '{part.instance_name}' is changing too often.") from conflict
        except BackupError as error:
            if error.transient:
                raise
            return JobError.of(error)
        return None

    def _begin_once(self, part: Part) -> None:
        if self.ports.store.get(Job, self.vault, part.job_id) is not None:
            return
        instance, source = find_source(self.ports, self.vault, part.instance_name, part.wish())
        if source.faults:
            raise InvalidInput(list(source.faults))
        whole = self.job
        job = restore_job(
            self.vault,
            instance.value,
            source.point,
            part.wish(),
            whole.created_at,
            whole.correlation_id,
            copy=source.copy,
            part_of=whole.job_id,
        )
        begin_restore(self.ports, self.vault, instance, source, replace(job, touched_at=self.ports.clock.now()))

    # --- see how they stand ---

    def _observe(self) -> None:
        parts = parts_of(self.job)
        jobs = _jobs_of(self.ports, self.vault, parts)
        stands = [standing(part, jobs.get(part.job_id), begun=True) for part in parts]
        for part, stand in zip(parts, stands, strict=True):
            self._step(part.step, stand)
        if "InProgress" not in stands:
            self.end(outcome(parts, jobs))
            return
        looks = self.message.looks
        self._go_on(look_delay(looks) if looks else FIRST_LOOK, looks=looks + 1)

    def end(self, ended: Outcome) -> None:
        now = self.ports.clock.now()
        self._end(replace(self.job, warnings=ended.warnings).advance(ended.status, at=now, error=ended.error))

    def give_up(self, error: BackupError) -> None:
        self._end(as_it_stands(self.ports, self.vault, self.job, error))

    def _end(self, job: Job) -> None:
        told = announcements.job_ended(self.vault, job)
        if not commit(self.ports, self.message, [Replace(self.stored, job)], [told]):
            return
        level = logging.ERROR if job.error else logging.INFO
        log.log(level, "restore_together.ended job_id=%s status=%s", job.job_id, job.status.value)
        self.ports.store.unschedule([_watch(self.vault, job)])


def _fault(fault: Fault) -> dict[str, str]:
    return {"target": fault.target, "message": fault.message, "code": fault.code}


def _as_error(raw: Mapping[str, Any], parts: Sequence[Part]) -> JobError:
    """What the look found at a disk, or at what several have in common."""
    is_of_one = str(raw["target"]).startswith(f"{PLACE}[")
    message = f"{parts[int(raw['part'])].instance_name}: {raw['message']}" if is_of_one else str(raw["message"])
    return JobError(
        code=raw["code"],
        message=message,
        recommended_action=advice_for(raw["code"]),
        target=parts[int(raw["part"])].target_disk_id if is_of_one else str(raw["target"]),
        user_error=True,
    )

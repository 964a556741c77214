"""Move the instances of a vault of Azure Backup over, take them back there, or let go of the old ones; adopt snapshots
that scripts took, or let go of those: one job for a vault, in passes over its instances (of an adoption: over disks),
each step short and safe to run twice.

What a job is to do with one of them is in origin_steps.py and adopting.py; where it stands is in its own row, or in the
tags of its snapshots, so that whatever is interrupted is gone on with by the next pass, by the watch, or by another job
of the same kind. A pass works for a while and comes back behind the last one that it looked at; when all are looked at
and some wait for Azure, the next pass begins a little later.

Leaves to others: what comes over at all (importing.py, domain/adoption_rule.py).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from backup_core.domain.adoption_rule import AdoptionRule, rule_of
from backup_core.domain.errors import BackupError, Fault, InvalidInput, OperationUnderWay
from backup_core.domain.instance import BackupInstance, MoveStep
from backup_core.domain.job import OF_VAULT, Job, JobError, JobOperation, JobStatus, job_id
from backup_core.domain.messages import MoveInstances
from backup_core.domain.reach import Author, is_within
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.vault import Vault
from backup_core.ports import Insert, Ports, Replace, StateConflict, Stored, every, until_committed
from backup_core.workflows import adopting, announcements
from backup_core.workflows.adopted_points import Done, Outcome, Refused, Waits
from backup_core.workflows.catalogue import open_vault, stored_vault
from backup_core.workflows.importing import MaySee, find_origin
from backup_core.workflows.origin_steps import Arrival, bring_over, let_go, take_back
from backup_core.workflows.run_time import Time
from backup_core.workflows.turns import come_back, commit, go_on_later, open_job
from backup_core.workflows.watching import STALL_AFTER, watch_row

log = logging.getLogger("diskbackup.moving")

MOVE = "Move Backup Instances"
NEXT_PASS = timedelta(seconds=30)  # Azure Backup takes a minute or two to stop protection (recorded)
PASSES_AT_MOST = 240  # two hours at the least, for what waits for Azure
WARNINGS_AT_MOST = 100

NOT_FINISHED = "ImportNotFinished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a job is, as it keeps it: behind which instance its pass goes on ("": at the first), which pass that is,
    how many instances it looks at, have been done, and wait, and how many points came over."""

    after: str = ""
    number: int = 1
    total: int = 0
    done: int = 0
    waiting: int = 0
    points: int = 0

    @classmethod
    def of(cls, job: Job) -> Progress:
        return cls(**job.details.get("progress", {}))

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @property
    def is_first(self) -> bool:
        return self.number == 1

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 0


def request_import(ports: Ports, vault: VaultKey, origin_id: str, *, author: Author, correlation_id: str = "") -> Job:
    """Begin to move a vault of Azure Backup over into `vault`, for whoever asks. Raises NotFound, InvalidInput (no such
    vault, outside of the bounds), OperationUnderWay."""
    origin = find_origin(ports, open_vault(ports, vault), origin_id)
    return _begin(ports, vault, JobOperation.IMPORT, origin.id, author, correlation_id)


def request_undo(ports: Ports, vault: VaultKey, origin_id: str, *, author: Author, correlation_id: str = "") -> Job:
    """Begin to give back what came over from a vault. Raises as request_import."""
    origin = find_origin(ports, open_vault(ports, vault), origin_id)
    return _begin(ports, vault, JobOperation.UNDO_IMPORT, origin.id, author, correlation_id)


def request_finish(ports: Ports, vault: VaultKey, origin_id: str, *, author: Author, correlation_id: str = "") -> Job:
    """Begin to have Azure Backup forget the instances of which nothing is left there. Raises as request_import."""
    origin = find_origin(ports, open_vault(ports, vault), origin_id)
    return _begin(ports, vault, JobOperation.FINISH_IMPORT, origin.id, author, correlation_id)


def request_adoption(
    ports: Ports, vault: VaultKey, rule: AdoptionRule, *, author: Author, correlation_id: str = ""
) -> Job:
    """Begin to adopt what a rule finds, for whoever asks. Raises NotFound, InvalidInput, OperationUnderWay."""
    open_vault(ports, vault)
    adopting.check_rule(ports, vault, rule)
    return _begin(ports, vault, JobOperation.ADOPT, rule.scope, author, correlation_id, rule)


def request_undo_adoption(
    ports: Ports, vault: VaultKey, rule: AdoptionRule, *, author: Author, correlation_id: str = ""
) -> Job:
    """Begin to let go of what was adopted and a rule means. Raises NotFound, OperationUnderWay."""
    open_vault(ports, vault)
    return _begin(ports, vault, JobOperation.UNDO_ADOPTION, rule.scope, author, correlation_id, rule)


def _begin(
    ports: Ports,
    vault: VaultKey,
    operation: JobOperation,
    origin_id: str,
    author: Author,
    correlation_id: str,
    rule: AdoptionRule | None = None,
) -> Job:
    """One at a time for a vault: its row names the job, by its ETag. The watch is there before the job, and the job's
    name before the job: one that is named and not there never began."""

    def attempt() -> Job:
        stored = stored_vault(ports, vault)
        _refuse_second(ports, stored.value)
        job = _new_job(ports, vault, operation, origin_id, author, correlation_id)
        if rule is not None:
            job = replace(job, details={**job.details, "rule": rule.as_json()})
        ports.store.schedule([_watch(vault, job)])
        ports.store.commit(vault, [Replace(stored, replace(stored.value, move_job_id=job.job_id))])
        ports.store.commit(vault, [Insert(job)])
        return job

    job = until_committed(f"Vault '{vault.name}'", attempt)
    ports.queue.send(MoveInstances(vault=vault, instance_name=OF_VAULT, job_id=job.job_id))
    return job


def _refuse_second(ports: Ports, vault: Vault) -> None:
    running = ports.store.get(Job, vault.key, vault.move_job_id) if vault.move_job_id else None
    if running is not None and not running.value.is_ended:
        message = (
            f"Job '{running.value.job_id}' ({running.value.operation.value}) of vault '{vault.key.name}' is running."
        )
        raise OperationUnderWay(message)


def _new_job(
    ports: Ports, vault: VaultKey, operation: JobOperation, origin_id: str, author: Author, correlation_id: str
) -> Job:
    now = ports.clock.now()
    who = {"object_id": author.object_id, "groups": list(author.groups), "has_full_access": author.has_full_access}
    return Job(
        job_id=job_id(now, operation, vault.partition, origin_id),
        operation=operation,
        instance_name=OF_VAULT,
        created_at=now,
        touched_at=now,
        user_triggered=True,
        friendly_name=origin_id.rpartition("/")[2],
        details={"origin": origin_id, "author": who},
        correlation_id=correlation_id,
    )


def _watch(vault: VaultKey, job: Job) -> Any:
    return watch_row(vault, OF_VAULT, job.job_id, "import", job.created_at + STALL_AFTER)


# ---------------------------------------------------------------- the step


def move_instances(ports: Ports, message: MoveInstances) -> None:
    """Work on the vault's instances for a while; come back for the rest, or end the job."""
    stored = open_job(ports, message)
    if stored is None:
        return
    work = _Work(ports=ports, vault=message.vault, stored=stored, job=stored.value, time=Time.of_run(ports))
    try:
        work.run()
    except StateConflict:
        log.info("move.turn_taken job_id=%s", message.job_id)  # another goes on with the job
    except BackupError as error:
        _interrupted(ports, message, work, error)
    else:
        _go_on_or_end(ports, message, work)


def _go_on_or_end(ports: Ports, message: MoveInstances, work: _Work) -> None:
    message = replace(message, attempts=0, deferrals=0, doubts=0)
    if work.is_paused:
        go_on_later(ports, message, work.stored, work.job, timedelta(0))
    elif work.progress.waiting and work.progress.number < PASSES_AT_MOST:
        again = replace(work.progress, after="", number=work.progress.number + 1)
        go_on_later(ports, message, work.stored, work.with_progress(again), NEXT_PASS)
    else:
        _end(ports, message, work.stored, work.ended_early() if work.progress.waiting else work.job)


def _interrupted(ports: Ports, message: MoveInstances, work: _Work, error: BackupError) -> None:
    """What was done is kept, whatever stopped it; and whoever came further begins to count its attempts anew."""
    stored = work.stored
    if work.has_moved:
        message = replace(message, attempts=0, deferrals=0, doubts=0)
    if come_back(ports, message, Stored(work.job, stored.etag), error):
        return
    failed = work.job.step(MOVE, "Failed", at=ports.clock.now())
    failed = failed.advance(JobStatus.FAILED, at=ports.clock.now(), error=error)
    if commit(ports, message, [Replace(stored, failed)], [announcements.job_ended(message.vault, failed)]):
        log.error("move.failed vault=%s code=%s %s", message.vault.resource_id, error.code, error.message)
        ports.store.unschedule([_watch(message.vault, failed)])


def _end(ports: Ports, message: MoveInstances, stored: Stored[Job], job: Job) -> None:
    now = ports.clock.now()
    if job.status is JobStatus.QUEUED:
        job = job.advance(JobStatus.IN_PROGRESS, at=now)
    status = JobStatus.COMPLETED_WITH_WARNINGS if job.warnings else JobStatus.COMPLETED
    ended = job.step(MOVE, "Completed", at=now, progress_percent=100, to=status)
    if commit(ports, message, [Replace(stored, ended)], [announcements.job_ended(message.vault, ended)]):
        log.info("move.ended vault=%s operation=%s", message.vault.resource_id, ended.operation.value)
        ports.store.unschedule([_watch(message.vault, ended)])


@dataclass(slots=True, kw_only=True)
class _Work:
    """One run on a job; `job` is as it is to be kept. It is written behind each instance, so that a host that dies
    costs the work on one; raises StateConflict when another run has gone on with it."""

    ports: Ports
    vault: VaultKey
    stored: Stored[Job]
    job: Job
    time: Time
    is_paused: bool = False
    has_moved: bool = False

    @property
    def progress(self) -> Progress:
        return Progress.of(self.job)

    @property
    def origin_id(self) -> str:
        return str(self.job.details["origin"])

    def run(self) -> None:
        names, step = self._plan()
        if not self.progress.after:
            done = 0 if self._looks_at_all else self.progress.done
            fresh = replace(self.progress, total=max(self.progress.total, len(names)), waiting=0, done=done)
            self.job = self.with_progress(fresh)
        for name in (each for each in names if each.lower() > self.progress.after.lower()):
            if self.time.is_up:
                self.is_paused = True
                return
            self._note(name, self._outcome(name, step))
            (etag,) = self.ports.store.commit(self.vault, [Replace(self.stored, self.job)])
            self.stored, self.has_moved = Stored(self.job, etag), True

    def _plan(self) -> tuple[Sequence[str], Callable[[str], Outcome]]:
        """The instances of this pass, in the order of their names, and what is to be done with each."""
        if self.job.operation is JobOperation.IMPORT:
            arrival = Arrival.of(self.ports, self.vault, self.origin_id, may_see=self._may_see())
            names = arrival.names if self.progress.is_first else self._moved({MoveStep.RECORDING, MoveStep.ADOPTED})
            return names, lambda name: bring_over(self.ports, arrival, name, self.time)
        if self._looks_at_all:
            return self._plan_adoption(rule_of(self.job.details["rule"]))
        names = self._moved(set(MoveStep))
        if self.job.operation is JobOperation.FINISH_IMPORT:
            return names, lambda name: let_go(self.ports, self.vault, name, self.time)
        return names, lambda name: take_back(self.ports, self.vault, name, self.time, self._by)

    def _plan_adoption(self, rule: AdoptionRule) -> tuple[Sequence[str], Callable[[str], Outcome]]:
        """The disks whose snapshots the rule finds; back, the instances that may have some."""
        may_see = self._may_see()
        if self.job.operation is JobOperation.ADOPT:
            found = adopting.Arrival.of(self.ports, self.vault, rule, may_see=may_see)
            return found.disks, lambda disk: adopting.adopt_of_disk(self.ports, found, disk, self.time)
        instances = (stored.value for stored in every(self.ports, BackupInstance, self.vault))
        names = [each.name for each in instances if may_see(each.disk_id) and may_see(each.snapshot_group_id)]
        wanted = [name for name in names if rule.instance_name.lower() in ("", name.lower())]
        return sorted(wanted, key=str.lower), lambda name: adopting.let_go_of_found(
            self.ports, self.vault, name, rule, may_see=may_see, time=self.time, by=self._by
        )

    @property
    def _looks_at_all(self) -> bool:
        """Whether each pass looks at everything anew: where nothing is written down of what has been seen to."""
        return self.job.operation in (JobOperation.ADOPT, JobOperation.UNDO_ADOPTION)

    @property
    def _by(self) -> str:
        return str(self.job.details["author"]["object_id"])

    def _moved(self, steps: set[MoveStep]) -> list[str]:
        """The instances from that origin, at these steps, that whoever asked may reach."""
        may_see, start = self._may_see(), f"{self.origin_id.lower()}/"
        found = []
        for instance in (stored.value for stored in every(self.ports, BackupInstance, self.vault)):
            origin = instance.origin
            if origin is None or origin.step not in steps or not origin.instance_id.lower().startswith(start):
                continue
            if may_see(instance.disk_id) and may_see(instance.snapshot_group_id):
                found.append(instance.name)
        return sorted(found, key=str.lower)

    def _may_see(self) -> MaySee:
        """What whoever asked may reach, by the scopes as they are now."""
        who = self.job.details["author"]
        author = Author(object_id=who["object_id"], groups=tuple(who["groups"]), has_full_access=who["has_full_access"])
        closed = author.closed(self.ports.scopes)
        return lambda resource_id: not is_within(resource_id, closed)

    def _outcome(self, name: str, step: Callable[[str], Outcome]) -> Outcome:
        """What stops one instance for good stops no other. Raises what may pass by itself."""
        try:
            return step(name)
        except StateConflict:
            return Waits()  # somebody changed it; the next pass decides anew
        except InvalidInput as error:
            return Refused(faults=error.faults)
        except BackupError as error:
            if error.transient:
                raise
            return Refused(faults=(Fault(target=name, message=error.message, code=error.code),), error=error)

    def _note(self, name: str, outcome: Outcome) -> None:
        progress = replace(self.progress, after=name)
        warnings: list[JobError] = []
        match outcome:
            case Waits(points=points):
                progress = replace(progress, waiting=progress.waiting + 1, points=progress.points + points)
            case Refused():  # looked at again in each pass, and counted and told once
                progress = replace(progress, done=progress.done + (progress.is_first or self._looks_at_all))
                warnings = [self._warning(name, outcome.as_error())]
            case Done(points=points, left=left):
                progress = replace(progress, done=progress.done + 1, points=progress.points + points)
                warnings = [self._warning(name, each) for each in left]
        told = {(each.target, each.code) for each in self.job.warnings}
        news = [each for each in warnings if (each.target, each.code) not in told]
        kept = (*self.job.warnings, *news)[:WARNINGS_AT_MOST]
        self.job = replace(self.with_progress(progress), warnings=kept)

    def _warning(self, name: str, error: JobError) -> JobError:
        """Of an adoption, `name` is a disk's id; of its undoing, an instance here."""
        if self.job.operation is JobOperation.ADOPT:
            return replace(error, target=name)
        above = self.vault.resource_id if self._looks_at_all else self.origin_id
        return replace(error, target=f"{above}/backupInstances/{name}")

    def with_progress(self, progress: Progress) -> Job:
        now = self.ports.clock.now()
        job = self.job.advance(JobStatus.IN_PROGRESS, at=now) if self.job.status is JobStatus.QUEUED else self.job
        job = job.step(MOVE, "InProgress", at=now, progress_percent=min(progress.percent, 99))
        return replace(job, details={**job.details, "progress": progress.as_json()})

    def ended_early(self) -> Job:
        """The job, with a word on what still waits."""
        waiting = self.progress.waiting
        told = JobError(
            code=NOT_FINISHED,
            message=f"{waiting} backup instances still wait for Azure Backup.",
            recommended_action="Look at the jobs of the old vault, then ask again: it goes on where it stands.",
        )
        return replace(self.job, warnings=(*self.job.warnings, told))

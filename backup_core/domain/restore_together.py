"""Several disks restored to one moment, as one job with parts: what is asked for, which points are meant, how far those
lie apart, and how the job ends when its parts have.

Nothing here makes several disks consistent with each other: each is as it was at its own point, and how far the points
lie apart is told.

Leaves to others: one disk's restore, which each part is (domain/restore.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from backup_core.domain.copying import PointCopy
from backup_core.domain.errors import BackupError, Fault
from backup_core.domain.instance import BackupInstance
from backup_core.domain.job import Job, JobError, JobStatus, Subtask
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.restore import RestoreRequest

DISKS_AT_MOST = 100  # of one request: each is a restore of its own, which takes calls of ARM
REQUESTS_KEPT = timedelta(days=1)  # how long a request that is sent again is known
VALIDATE = "Validate Restores"
PLACE = "restores"  # the list in a request's body


@dataclass(frozen=True, slots=True, kw_only=True)
class TogetherRequest:
    """One of `at` and `slot` is set: of each disk the newest point that is not later is meant, or that of the slot.
    `wanted` are the instances by name, each with what it is to become; their `point_id` is open."""

    wanted: tuple[tuple[str, RestoreRequest], ...]
    at: datetime | None = None
    slot: datetime | None = None
    request_id: str = ""
    acts_as: str | None = None

    @property
    def digest(self) -> str:
        """The same for the same wish, by whatever name it is sent."""
        return hashlib.sha256(repr(replace(self, request_id="")).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRequest:
    """That a request, by its sender's own name for it, led to a job: sent again, it leads to that one."""

    request_id: str
    job_id: str
    digest: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What a request means of one disk; `point` is None where there is none to restore. Where its `copy` is meant, it
    is as in that region."""

    instance_name: str
    request: RestoreRequest
    instance: BackupInstance | None = None
    point: RecoveryPoint | None = None
    copy: PointCopy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One disk of a job that restores several. `job_id` names its own job, whether it was begun or not; `refused` says
    why it could not be. Of a copy in another region: which one, where, and its snapshot's id."""

    instance_name: str
    disk_id: str
    point_id: str
    point_time: str
    target_disk_id: str
    job_id: str
    request: Mapping[str, Any]
    refused: JobError | None = None
    copy_id: str = ""
    location: str = ""
    snapshot_id: str = ""

    @property
    def step(self) -> str:
        """The name of its subtask in the job of all: instances are named once."""
        return f"Restore {self.instance_name}"

    def wish(self) -> RestoreRequest:
        wanted = self.request
        return RestoreRequest(
            point_id=self.point_id,
            target_disk_id=self.target_disk_id,
            location=self.location or None,
            sku=wanted["sku"],
            zones=None if wanted["zones"] is None else tuple(wanted["zones"]),
            size_gb=wanted["size_gb"],
            tags=wanted["tags"],
            keeps_source_tags=wanted["keeps_source_tags"],
        )

    def as_json(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**values, "request": dict(self.request), "refused": _error_json(self.refused)}

    @classmethod
    def of_json(cls, raw: Mapping[str, Any]) -> Part:
        return cls(**{**raw, "refused": JobError(**raw["refused"]) if raw["refused"] else None})

    def subtask(self) -> Subtask:
        told = {
            "JobId": self.job_id,
            "DataSourceId": self.disk_id,
            "RecoveryPointId": self.point_id,
            "RecoveryPointTime": self.point_time.replace("+00:00", "Z"),
            "TargetDiskId": self.target_disk_id,
        }
        return Subtask(name=self.step, details=told)


def parts_of(job: Job) -> tuple[Part, ...]:
    """Of a job that restores several disks; none of others."""
    return tuple(Part.of_json(raw) for raw in job.details.get("parts", ()))


def _error_json(error: JobError | None) -> dict[str, Any] | None:
    return None if error is None else {name: getattr(error, name) for name in error.__dataclass_fields__}


def check_named_once(wanted: Sequence[tuple[str, RestoreRequest]]) -> list[Fault]:
    """Whether no instance, and no new disk, is named twice."""
    faults = []
    instances: dict[str, int] = {}
    targets: dict[str, int] = {}
    for index, (name, request) in enumerate(wanted):
        first = instances.setdefault(name.lower(), index)
        if first != index:
            message = f"'{name}' is named by {PLACE}[{first}] already"
            faults.append(Fault(target=f"{PLACE}[{index}].backupInstanceName", message=message))
        first = targets.setdefault(request.target_disk_id.lower(), index)
        if first != index and request.target_disk_id:
            message = f"'{request.target_disk_id}' is the new disk of {PLACE}[{first}] already"
            place = f"{PLACE}[{index}].restoreTargetInfo.datasourceInfo.resourceID"
            faults.append(Fault(target=place, message=message))
    return faults


def placed(faults: Iterable[Fault], index: int) -> list[Fault]:
    """Faults of one disk's restore, with their places in the body of all."""
    return [replace(fault, target=f"{PLACE}[{index}].{fault.target}") for fault in faults]


# ---------------------------------------------------------------- how far the points lie apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The times of the oldest and the newest of some points."""

    oldest: datetime
    newest: datetime

    @property
    def apart(self) -> timedelta:
        return self.newest - self.oldest


def spread_of(times: Iterable[datetime]) -> Spread | None:
    """None of no points."""
    known = sorted(times)
    return Spread(oldest=known[0], newest=known[-1]) if known else None


def spread_of_machines(points: Iterable[RecoveryPoint]) -> Mapping[str, tuple[int, Spread]]:
    """Of each virtual machine (by its id) of which several disks are among these, how many and their spread. Which
    machine a disk was of is told by what was noted of it when its point was taken."""
    machines: dict[str, list[RecoveryPoint]] = {}
    names: dict[str, str] = {}
    for point in points:
        machine = str(point.disk.get("managedBy") or "")
        if machine:
            names.setdefault(machine.lower(), machine)
            machines.setdefault(machine.lower(), []).append(point)
    found = {}
    for key, each in machines.items():
        spread = spread_of(point.created_at for point in each)
        if spread is not None and len(each) > 1:
            found[names[key]] = (len(each), spread)
    return found


# ---------------------------------------------------------------- how the job ends


class NothingRestored(BackupError):
    """Before anything was made, something stood in the way of at least one of the disks."""

    code = "RestoreTogetherRefused"
    is_user_error = True
    recommended_action = (
        "Nothing was made. Do what the job's warnings say, or leave these disks out, and send the request again under "
        "another requestId."
    )


class RestoredInPart(BackupError):
    code = "RestoredInPart"
    recommended_action = (
        "What was made stays, and costs until it is deleted: the job's subtasks name each new disk. Look at the jobs "
        "of those that failed, and restore them again."
    )


class PartNotBegun(BackupError):
    """The record of a part's own job cannot be found."""

    code = "RestoreJobGone"
    recommended_action = "Look whether the disk is there; restore it again under another name if not."


class RestoreGoesOn(BackupError):
    """The job of all ended before the restore of one of its disks did, which is a job of its own."""

    code = "RestoreGoesOn"
    recommended_action = "Look at that job: it tells how the restore ends. Do not restore the disk again before it has."


def standing(part: Part, job: Job | None, *, begun: bool) -> str:
    """How a part stands, as a subtask says it: NotStarted, InProgress, Completed or Failed."""
    if part.refused is not None:
        return "Failed"
    if job is None:
        return "Failed" if begun else "NotStarted"
    if not job.is_ended:
        return "InProgress"
    return "Completed" if job.status in _MADE else "Failed"


_MADE = (JobStatus.COMPLETED, JobStatus.COMPLETED_WITH_WARNINGS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    status: JobStatus
    error: BackupError | None = None
    warnings: tuple[JobError, ...] = ()


def outcome(parts: Sequence[Part], jobs: Mapping[str, Job]) -> Outcome:
    """How the job of all ends, once its parts have: with what each of them has to say."""
    failed = [part for part in parts if standing(part, jobs.get(part.job_id), begun=True) == "Failed"]
    told = [each for part in parts for each in _told(part, jobs.get(part.job_id))]
    if not failed:
        status = JobStatus.COMPLETED_WITH_WARNINGS if told else JobStatus.COMPLETED
        return Outcome(status=status, warnings=tuple(told))
    made = [part for part in parts if part not in failed]
    message = f"{len(made)} of {len(parts)} disks were restored"
    message += f" and stay ({_named(made)}); " if made else "; "
    error = RestoredInPart(f"{message}{len(failed)} were not: {_named(failed)}.")
    return Outcome(status=JobStatus.FAILED, error=error, warnings=tuple(told))


def as_they_stand(parts: Sequence[Part], jobs: Mapping[str, Job], *, begun: bool, error: BackupError) -> Outcome:
    """How the job of all ends when `error` keeps it from looking on: as its parts have, once all have. Else it fails,
    and says of which restores it will not see the end, for they go on by themselves."""
    stands = [standing(part, jobs.get(part.job_id), begun=begun) for part in parts]
    if begun and "InProgress" not in stands:
        return outcome(parts, jobs)
    told = [
        each
        for part, stand in zip(parts, stands, strict=True)
        if stand != "NotStarted"
        for each in ([_going(part)] if stand == "InProgress" else _told(part, jobs.get(part.job_id)))
    ]
    return Outcome(status=JobStatus.FAILED, error=error, warnings=tuple(told))


def _going(part: Part) -> JobError:
    error = RestoreGoesOn(f"The restore goes on by itself, as job '{part.job_id}'.")
    return _of(part, JobError.of(error))


def refusal(parts: Sequence[Part], faults: Sequence[JobError]) -> NothingRestored:
    """Of a job whose look found something in the way: every fault in its words."""
    said = "; ".join(fault.message for fault in faults)
    return NothingRestored(
        f"None of {len(parts)} disks was restored, for {len(faults)} faults stand in the way: {said}"
    )


def _told(part: Part, job: Job | None) -> list[JobError]:
    if part.refused is not None:
        return [_of(part, part.refused)]
    if job is None:
        gone = PartNotBegun(f"Job '{part.job_id}' cannot be found.", target=part.target_disk_id)
        return [_of(part, JobError.of(gone))]
    return [_of(part, each) for each in (*((job.error,) if job.error else ()), *job.warnings)]


def _of(part: Part, error: JobError) -> JobError:
    return replace(error, message=f"{part.instance_name}: {error.message}", target=part.target_disk_id)


def _named(parts: Sequence[Part]) -> str:
    return ", ".join(part.target_disk_id.rpartition("/")[2] for part in parts)

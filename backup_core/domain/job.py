"""A job: one run of an operation with its status, steps, times and error. One transition table for all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Self

from backup_core.domain.errors import BackupError

TAKEN_AGAIN = "taken_again_because"  # among the details: why an operation that Azure gave up was asked for anew
PART_OF = "part_of"  # among the details of a restore: the job that restores several disks together, of which it is one
COPY_ID = "copy"  # among the details of what makes or reads a copy in another region: which one
COPY_LOCATION = "location"  # and that region
COPY_SNAPSHOT = "snapshot"  # and its snapshot's id
SNAPSHOT_UNIQUE_ID = "snapshot_unique_id"  # among the details of a backup: which snapshot it ended with
_LATEST_MILLISECOND = (1 << 48) - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OF_VAULT = "(vault)"  # stands for an instance's name in what is of a whole vault; no instance can be called so
LAST_OF_INSTANT = "~"  # sorts after every id that begins with the digits of an instant


class JobOperation(Enum):
    """A kind of job: its value is its name in the API and in reports; the types of its events begin with `event`, and
    end with `success` when it went well."""

    BACKUP = "Backup", "Job"
    RESTORE = "Restore", "Restore"
    RESTORE_TOGETHER = "RestoreTogether", "RestoreTogether"
    SWAP = "SwapDisks", "Swap"
    UNDO_SWAP = "UndoSwap", "Swap", "Undone"
    EXPIRE = "ExpireRecoveryPoints", "Expiry"
    COPY = "CopyRecoveryPoint", "Copy"
    CONFIGURE = "ConfigureProtection", "Protection", "Configured"
    DELETE = "DeleteBackupInstance", "Protection", "Deleted"
    IMPORT = "ImportVault", "Import", "Completed"
    UNDO_IMPORT = "UndoImport", "Import", "Undone"
    FINISH_IMPORT = "FinishImport", "Import", "Finished"
    ADOPT = "AdoptSnapshots", "Import", "Completed"
    UNDO_ADOPTION = "UndoAdoption", "Import", "Undone"
    RESTORE_TEST = "RestoreTest", "RestoreTest", "Passed"

    _value_: str
    event: str
    success: str

    def __new__(cls, name: str, event: str, success: str = "Completed") -> Self:
        member = object.__new__(cls)
        member._value_, member.event, member.success = name, event, success
        return member


class JobStatus(Enum):
    """Azure's names, but for QUEUED, which Azure shows as InProgress."""

    QUEUED = "Queued"
    IN_PROGRESS = "InProgress"
    COMPLETED = "Completed"
    COMPLETED_WITH_WARNINGS = "CompletedWithWarnings"
    FAILED = "Failed"
    CANCELLED = "Cancelled"

    @property
    def is_terminal(self) -> bool:
        return not _TRANSITIONS[self]


_ENDED = (JobStatus.COMPLETED, JobStatus.COMPLETED_WITH_WARNINGS, JobStatus.FAILED, JobStatus.CANCELLED)
_TRANSITIONS: Mapping[JobStatus, tuple[JobStatus, ...]] = {
    JobStatus.QUEUED: (JobStatus.IN_PROGRESS, JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED),
    JobStatus.IN_PROGRESS: _ENDED,
    **dict.fromkeys(_ENDED, ()),
}


class WrongTransition(Exception):
    """A move that the table does not list: a fault in this product, never an operator's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobError:
    code: str
    message: str
    recommended_action: str
    transient: bool = False
    target: str | None = None
    user_error: bool | None = None  # None: of an older release, which did not keep it

    @classmethod
    def of(cls, error: BackupError) -> JobError:
        return cls(
            code=error.code,
            message=error.message,
            recommended_action=error.recommended_action,
            transient=error.transient,
            target=error.target,
            user_error=error.is_user_error,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Subtask:
    """`status` is NotStarted, InProgress, Completed, Failed or Skipped; `progress_percent` 0 to 100."""

    name: str
    status: str = "NotStarted"
    progress_percent: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """`job_id` is a GUID that sorts newest first. `details` holds what only one operation needs, as JSON values."""

    job_id: str
    operation: JobOperation
    instance_name: str
    created_at: datetime
    status: JobStatus = JobStatus.QUEUED
    user_triggered: bool = False
    started_at: datetime | None = None
    ended_at: datetime | None = None
    touched_at: datetime | None = None  # last sign of life: what the stall check looks at
    look_again_at: datetime | None = None  # until then silence is no stall
    turn: int = 0  # which of its messages goes on (domain/messages.py)
    failed_operations: int = 0  # that Azure gave up for a reason that passes, and that were asked for anew
    policy_name: str = ""
    disk_id: str = ""
    disk_location: str = ""
    friendly_name: str = ""
    slot: datetime | None = None
    missed_slots: tuple[datetime, ...] = ()
    missed_count: int = 0
    retention_tag: str = ""
    point_id: str = ""
    target_disk_id: str = ""
    retry_count: int = 0
    subtasks: tuple[Subtask, ...] = ()
    error: JobError | None = None
    warnings: tuple[JobError, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    correlation_id: str = ""  # of the request that asked for it

    @property
    def is_ended(self) -> bool:
        return self.status.is_terminal

    def advance(self, status: JobStatus, *, at: datetime, error: BackupError | None = None, **changes: Any) -> Job:
        """Move to `status`, with `changes` in the same copy. Raises WrongTransition for a move that the table lacks."""
        if status not in _TRANSITIONS[self.status]:
            raise WrongTransition(f"job {self.job_id}: {self.status.value} -> {status.value}")
        ended, subtasks = status.is_terminal, changes.pop("subtasks", self.subtasks)
        return replace(
            self,
            status=status,
            started_at=self.started_at or at,
            ended_at=at if ended else None,
            touched_at=at,
            look_again_at=None,
            error=JobError.of(error) if error else None,
            subtasks=_close_subtasks(subtasks, status, at) if ended else subtasks,
            **changes,
        )

    def step(
        self,
        name: str,
        status: str,
        *,
        at: datetime,
        progress_percent: int | None = None,
        to: JobStatus | None = None,
        **changes: Any,
    ) -> Job:
        """Set one subtask's status, adding it when it is new; with `changes`, and the job's own status, in one copy."""
        tasks = {task.name: task for task in self.subtasks}
        known = tasks.get(name) or Subtask(name=name)
        tasks[name] = replace(
            known,
            status=status,
            progress_percent=progress_percent if progress_percent is not None else known.progress_percent,
            started_at=known.started_at or at,
            ended_at=at if status in ("Completed", "Failed", "Skipped") else None,
        )
        changes["subtasks"] = tuple(tasks.values())
        return replace(self, touched_at=at, **changes) if to is None else self.advance(to, at=at, **changes)


def time_ordered_hex(at: datetime, *identity: str) -> str:
    """32 hex digits: 12 that count down with time (so that the newest sorts first), 20 of a hash of `identity`.

    The same instant and identity give the same digits: a step that runs twice names the same thing.
    """
    milliseconds = _LATEST_MILLISECOND - int(at.timestamp() * 1000)
    digest = hashlib.sha256("\n".join(part.lower() for part in identity).encode()).hexdigest()
    return f"{milliseconds:012x}{digest[:20]}"


def job_id(at: datetime, operation: JobOperation, *identity: str) -> str:
    """A GUID for the job of `operation` at `at`: deterministic, newest first in text order."""
    digits = time_ordered_hex(at, operation.value, *identity)
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def first_id_at(at: datetime) -> str:
    """The smallest job id of the instant `at`: ids that sort after it are older, ids before it are newer."""
    digits = f"{_LATEST_MILLISECOND - int(at.timestamp() * 1000):012x}"
    return f"{digits[:8]}-{digits[8:]}"


def last_id_at(at: datetime) -> str:
    """What sorts just behind all job ids of the instant `at`."""
    return first_id_at(at) + LAST_OF_INSTANT


def instant_of(job_id: str) -> datetime | None:
    """When the job of that id was made (of a scheduled backup: its slot), to the millisecond; None for another's id."""
    digits = job_id.replace("-", "")
    try:
        milliseconds = _LATEST_MILLISECOND - int(digits[:12], 16)
        return _EPOCH + timedelta(milliseconds=milliseconds) if len(digits) == 32 else None
    except (ValueError, OverflowError):
        return None


def _close_subtasks(subtasks: tuple[Subtask, ...], status: JobStatus, at: datetime) -> tuple[Subtask, ...]:
    end = subtask_status(status)
    return tuple(task if task.ended_at else replace(task, status=end, ended_at=at) for task in subtasks)


def subtask_status(status: JobStatus) -> str:
    """How a subtask stands that goes on and ends with its job."""
    words = {JobStatus.FAILED: "Failed", JobStatus.CANCELLED: "Skipped"}
    return words.get(status, "Completed") if status.is_terminal else "InProgress"

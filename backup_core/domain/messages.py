"""Queue messages: what each step needs to find its work. Every message may arrive twice, late, or after its work is done.

`version` is written into each message from the first day; steps refuse versions they do not know.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from backup_core.domain.resource_ids import VaultKey

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StartBackup:
    """Take the backup `job_id`: of `slot` when scheduled; on demand `slot` is None and the job is already queued.

    `next_due_at` is where dispatch moved the instance's agenda row, so that the step can remove it when the instance
    no longer wants it. `deferrals` counts throttled or busy rounds, `attempts` rounds that met a transient error.
    """

    queue: ClassVar[str] = "diskbackup-start-backup"
    vault: VaultKey
    instance_name: str
    job_id: str
    revision: int = 0
    slot: datetime | None = None
    missed_slots: tuple[datetime, ...] = ()
    missed_count: int = 0
    next_due_at: datetime | None = None
    watch_due_at: datetime | None = None
    deferrals: int = 0
    attempts: int = 0
    version: int = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserveBackup:
    """Look whether the snapshot of `job_id` is usable. `looks` grows the delay to the next look."""

    queue: ClassVar[str] = "diskbackup-observe-backup"
    vault: VaultKey
    instance_name: str
    job_id: str
    operation_url: str = ""
    looks: int = 0
    attempts: int = 0
    version: int = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpirePoints:
    """Delete what has expired of one instance. `due_at` names the agenda row to move on when done."""

    queue: ClassVar[str] = "diskbackup-expire-points"
    vault: VaultKey
    instance_name: str
    due_at: datetime
    attempts: int = 0
    version: int = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRestore:
    queue: ClassVar[str] = "diskbackup-start-restore"
    vault: VaultKey
    instance_name: str
    job_id: str
    deferrals: int = 0
    attempts: int = 0
    version: int = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserveRestore:
    queue: ClassVar[str] = "diskbackup-observe-restore"
    vault: VaultKey
    instance_name: str
    job_id: str
    operation_url: str = ""
    looks: int = 0
    attempts: int = 0
    version: int = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigureProtection:
    """Bring an instance to the state that its row asks for: look at the disk, then put it on the agenda."""

    queue: ClassVar[str] = "diskbackup-configure-protection"
    vault: VaultKey
    instance_name: str
    job_id: str
    deferrals: int = 0
    attempts: int = 0
    version: int = VERSION


Message = StartBackup | ObserveBackup | ExpirePoints | StartRestore | ObserveRestore | ConfigureProtection
MESSAGE_TYPES: tuple[type[Message], ...] = (
    StartBackup,
    ObserveBackup,
    ExpirePoints,
    StartRestore,
    ObserveRestore,
    ConfigureProtection,
)

"""A backup instance: one protected disk, what was asked of it, and where its backups stand.

One table row. Every change to the instance, its jobs and its points goes through a transaction that checks this row's
ETag, which makes it the lock of all that belongs to the instance (design decisions 9 and 13).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from backup_core.domain.alert import OpenAlert
from backup_core.domain.hold import Hold
from backup_core.domain.job import Job, JobError
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.resource_ids import DISK, VaultKey, parse_resource_id

MISSED_SLOTS_KEPT = 50
STRAGGLING = timedelta(seconds=30)  # clocks that differ, and how long one call to Azure may be on its way


class ProtectionState(Enum):
    """Azure's words for `currentProtectionState`."""

    CONFIGURING = "ConfiguringProtection"
    UPDATING = "UpdatingProtection"
    CONFIGURED = "ProtectionConfigured"
    STOPPED = "ProtectionStopped"
    SUSPENDED = "BackupsSuspended"
    ERROR = "ProtectionError"
    DELETING = "SoftDeleting"
    SOFT_DELETED = "SoftDeleted"

    @property
    def keeps_all_points(self) -> bool:
        """Whether no point expires: stopped protection retains for ever, until it is resumed or deleted (documented;
        suspended backups retain as their policy says), and a soft-deleted instance can be undeleted whole."""
        return self in (ProtectionState.STOPPED, ProtectionState.SOFT_DELETED)

    @property
    def takes_scheduled_backups(self) -> bool:
        return self in (ProtectionState.CONFIGURED, ProtectionState.UPDATING)

    @property
    def will_be_backed_up(self) -> bool:
        """Whether it takes backups, or does so as soon as it is configured."""
        return self is ProtectionState.CONFIGURING or self.takes_scheduled_backups


@dataclass(frozen=True, slots=True, kw_only=True)
class PointSummary:
    """The newest good point, as much as completion and health need of it."""

    point_id: str
    created_at: datetime
    expires_at: datetime | None
    disk_bytes: int = 0  # the disk's size at that time; 0 where an older release did not note it


@dataclass(frozen=True, slots=True, kw_only=True)
class PointCount:
    """How many points an instance has, but for those that are lost, and when the oldest of them was taken: what every
    change of its points says anew, and the reconciler puts right."""

    count: int
    oldest_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveBackup:
    """The backup that holds the instance now. Carries its job and the disk's description until the point is recorded.

    `watch_due_at` names the agenda row that looks after the job (it may have moved on since). `retention` is what the
    point is promised, in ISO 8601: whatever becomes of the policy meanwhile, it stays. None: a backup that an older
    release began, which is kept as the policy says when it ends.
    """

    job: Job
    snapshot_id: str
    disk: Mapping[str, Any]
    watch_due_at: datetime
    installation_id: str = ""
    retention: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PutOff:
    """The start of a scheduled backup that waits before it has a job: for its `turn`-th message, which is visible
    `until` then, because of what. One for each instance: an older slot gives way to a newer one, which inherits its
    `doubts` about the disk."""

    job_id: str
    slot: datetime
    turn: int
    until: datetime
    because: str
    attempts: int = 0
    doubts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedSlot:
    """A slot that no backup of its own was taken of, and why ("" where an older release recorded it)."""

    slot: datetime
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Misses:
    """Slots to be recorded as missed for one reason: the newest by name, oldest first; `count` of them in all."""

    slots: tuple[datetime, ...] = ()
    count: int = 0
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionPermit:
    """One run's leave to delete snapshots of the instance. By its own clock it asks Azure for none from `until` on.

    Whoever wrote it takes it from the row when done; one that a dead host left behind counts until `over_at`.
    """

    holder: str  # a name that only this run knows
    until: datetime

    @property
    def over_at(self) -> datetime:
        """From when on, by anybody's clock, no deletion under this permit can reach Azure any more."""
        return self.until + STRAGGLING


@dataclass(frozen=True, slots=True, kw_only=True)
class BrakeMark:
    """What the deletion brake (domain/brake.py) noted of an instance: that it was counted, when, or that `points` of it
    wait, or did, in a batch. `whole`: all goes with the instance, as it was at that `revision`."""

    counted_at: datetime | None = None
    batch_name: str = ""
    waits: bool = False
    whole: bool = False
    revision: int = 0
    points: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyStanding:
    """How an instance stands in a region that its points are copied to: whose data the newest whole copy holds, and the
    oldest point that waits for its copy. There is one as long as anything is recorded of copies there."""

    lane: str
    location: str
    newest_at: datetime | None = None
    newest_id: str = ""
    waiting_since: datetime | None = None


class MoveStep(Enum):
    """How far an instance has come over from Azure Backup, or gone back."""

    RECORDING = "Recording"  # its points get records, and protection is stopped there
    ADOPTED = "Adopted"  # it is stopped there, and all its points are recorded and bear our tags
    DONE = "Done"  # it is protected here, or its disk is gone, or it was not protected there
    GOING_BACK = "GoingBack"  # what came over is let go of, then protection is resumed there
    LETTING_GO = "LettingGo"  # Azure Backup is told to forget it


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The instance of Azure Backup that one came from, as long as that may be there.

    `state` is how its protection stood when it was first seen; `asked_at` when Azure Backup was last asked to change
    it, or to delete the instance."""

    instance_id: str
    state: str
    step: MoveStep
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceRequest:
    """What a client asks for with PUT on an instance. `request` keeps its properties, to be answered as they came.
    `acts_as` is the identity that it expects its vault to act with, None where it did not say."""

    name: str
    friendly_name: str
    disk_id: str
    disk_location: str
    snapshot_group_id: str
    policy_name: str
    tags: Mapping[str, str] = field(default_factory=dict)
    request: Mapping[str, Any] = field(default_factory=dict)
    acts_as: str | None = None


def described(disk_id: str, location: str, snapshot_group_id: str) -> Mapping[str, Any]:
    """An instance's `request` as a client of the API would have written it, where none did."""
    name = disk_id.rpartition("/")[2]
    store = {
        "dataStoreType": "OperationalStore",
        "objectType": "AzureOperationalStoreParameters",
        "resourceGroupId": snapshot_group_id,
    }
    source = {
        "resourceID": disk_id,
        "resourceUri": disk_id,
        "datasourceType": DISK,
        "resourceName": name,
        "resourceType": DISK,
        "resourceLocation": location,
        "objectType": "Datasource",
    }
    return {
        "friendlyName": name,
        "dataSourceInfo": source,
        "policyInfo": {"policyParameters": {"dataStoreParametersList": [store]}},
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupInstance:
    """`generation` tells this instance from an earlier one of the same name; `revision` counts changes of its policy.

    `policy` is a copy of the policy as it stood at that revision: a backup needs no other row to be decided.
    """

    name: str
    generation: str
    revision: int
    friendly_name: str
    disk_id: str
    disk_location: str
    snapshot_group_id: str
    policy: BackupPolicy
    state: ProtectionState
    created_at: datetime
    tags: Mapping[str, str] = field(default_factory=dict)
    request: Mapping[str, Any] = field(default_factory=dict)  # the client's properties, to be answered as they came
    error: JobError | None = None
    disk_sku: str = ""  # as last seen; empty until the disk was looked at
    config_job_id: str = ""
    active: ActiveBackup | None = None
    due_from: datetime | None = None  # the first slot of its present configuration; None until it is on the agenda
    newest_slot: datetime | None = None  # newest slot that a job was started for, whatever came of it
    last_success_slot: datetime | None = None
    newest_point: PointSummary | None = None
    point_count: PointCount | None = None  # None where an older release wrote the row, until the reconciler has counted
    expiry_due_at: datetime | None = None  # the expiry agenda's row for this instance
    expiry_row_at: datetime | None = None  # the row of the message that goes on with it, as it was last moved
    missed_slots: tuple[datetime, ...] = ()
    missed_count: int = 0
    missed_because: Mapping[str, str] = field(default_factory=dict)  # by slot, as ISO 8601
    put_off: PutOff | None = None
    paused_at: datetime | None = None  # since when it takes no scheduled backups; None while it does
    rescheduled_at: datetime | None = None  # when it got another schedule, or was resumed, last
    deleted_at: datetime | None = None  # soft-deleted since
    deleted_by: str = ""  # the object id of who asked for its deletion; "" where that is not known
    purge_at: datetime | None = None  # when a soft-deleted instance goes for good
    resumed_at: datetime | None = None  # when somebody last ended that all its points were kept
    resumed_by: str = ""  # who that was
    brake: BrakeMark | None = None  # what the deletion brake noted of it
    alerts: tuple[OpenAlert, ...] = ()
    on_demand: tuple[str, ...] = ()  # jobs of the last day's backups on demand, oldest first
    rebuilt: bool = False  # written back from its snapshots, and not configured since
    holds: tuple[Hold, ...] = ()  # on all its points, those that have ended included
    deletion: DeletionPermit | None = None  # whose holder may be deleting snapshots right now
    origin: Origin | None = None  # where it came from
    copying: str = ""  # the id of the copy under way: Azure copies one snapshot of a disk at a time
    copy_standings: tuple[CopyStanding, ...] = ()  # by region
    copies_row_at: datetime | None = None  # as `expiry_row_at`, of the expiry of copies

    def deletes_until(self, now: datetime) -> datetime | None:
        """Until when a deletion that was permitted may yet reach Azure; None when none can."""
        return self.deletion.over_at if self.deletion is not None and now < self.deletion.over_at else None

    @property
    def is_moving(self) -> bool:
        """Whether its snapshots may lack our tags, as they get or lose them."""
        return self.origin is not None and self.origin.step in (MoveStep.RECORDING, MoveStep.GOING_BACK)

    @property
    def is_protected(self) -> bool:
        """Whether its newest good point must stay even when expired."""
        return self.state is not ProtectionState.DELETING

    @property
    def keeps_all_points(self) -> bool:
        return self.state.keeps_all_points

    @property
    def is_deleted(self) -> bool:
        """Whether it has left the list of backup instances for that of the deleted ones."""
        return self.state is ProtectionState.SOFT_DELETED

    @property
    def holds_disk(self) -> bool:
        """Whether no other instance may protect its disk. One that was only written back from its snapshots may have
        been deleted, softly, before the tables were lost: nobody knows."""
        return not self.rebuilt and self.state not in (ProtectionState.DELETING, ProtectionState.SOFT_DELETED)

    @property
    def is_in_vain(self) -> bool:
        """Whether it was configured for a disk that it never got to see: what is not there keeps nobody out."""
        seen = self.disk_sku, self.due_from, self.newest_slot, self.newest_point
        return self.state not in (ProtectionState.CONFIGURING, ProtectionState.CONFIGURED) and not any(seen)

    @property
    def takes_scheduled_backups(self) -> bool:
        return self.state.takes_scheduled_backups

    @property
    def next_due_at(self) -> datetime:
        """The first slot that no backup was begun for, and that was not given up."""
        schedule = self.policy.schedule
        first = self.due_from or schedule.next_slot(self.created_at)
        return first if self.newest_slot is None else max(first, schedule.next_slot(self.newest_slot))

    @property
    def missed(self) -> tuple[MissedSlot, ...]:
        """The newest missed slots, oldest first, each with its reason."""
        reasons = self.missed_because
        return tuple(MissedSlot(slot=slot, because=reasons.get(slot.isoformat(), "")) for slot in self.missed_slots)

    def was_due(self, slot: datetime) -> bool:
        """Whether a slot that is not to be taken became due at all: what the agenda still held when protection was
        paused, or got another schedule, never did."""
        changed_at = self.rescheduled_at if self.takes_scheduled_backups else self.paused_at
        return changed_at is None or slot <= changed_at

    def has_missed(self, slot: datetime) -> bool:
        """Whether `slot` is recorded as missed. The list names the newest only: an older one may have been on it."""
        named = self.missed_slots
        return slot in named or (len(named) == MISSED_SLOTS_KEPT and slot < named[0])

    def miss(self, misses: Misses) -> BackupInstance:
        """Record missed slots: the newest few by name, all of them by count, each once. Those without a name are older
        than the named: they were recorded together with the oldest of these, or not yet."""
        news = tuple(slot for slot in misses.slots if not self.has_missed(slot))
        unnamed = misses.count - len(misses.slots) if misses.slots[:1] == news[:1] else 0
        if not news and not unnamed:
            return self
        kept = tuple(sorted({*self.missed_slots, *news}))[-MISSED_SLOTS_KEPT:]
        known = {**self.missed_because, **{slot.isoformat(): misses.because for slot in news}}
        return replace(
            self,
            missed_slots=kept,
            missed_count=self.missed_count + len(news) + unnamed,
            missed_because={text: known[text] for slot in kept if (text := slot.isoformat()) in known},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskClaim:
    """Which instance protects a disk: one row for each disk, whatever vault it is protected from.

    It counts only as long as that instance is there and holds the disk; a later one takes it over otherwise.
    """

    disk_id: str
    vault: VaultKey
    instance_name: str

    @property
    def key(self) -> str:
        return disk_key(self.disk_id)


def disk_key(disk_id: str) -> str:
    """`<subscription>:<group>:<name>` of a disk, in small letters: a name that a table's key can hold."""
    disk = parse_resource_id(disk_id, DISK)
    return f"{disk.subscription}:{disk.group}:{disk.name}".lower()

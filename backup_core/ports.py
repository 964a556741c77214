"""What the workflows and the API need of the outside world: seven ports, each with a contract for all its adapters.

`tests/contract` runs one suite per port over the in-memory fake and over the real adapter.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from backup_core.domain.acting import Bound
from backup_core.domain.agenda import AgendaKind, AgendaRow
from backup_core.domain.alert import Alert
from backup_core.domain.audit import AuditRecord, AuditScope
from backup_core.domain.brake import Brake
from backup_core.domain.copying import CopyLane, LaneWait, PointCopy
from backup_core.domain.data_sample import ByteRange
from backup_core.domain.disk import Disk, OperationState, Snapshot
from backup_core.domain.errors import ResourceInUse
from backup_core.domain.events import Event
from backup_core.domain.guard import GuardMapping, ResourceGuard, Unlock
from backup_core.domain.health import CopyGlance, InstanceGlance, JobGlance, PointGlance
from backup_core.domain.heartbeat import Heartbeat
from backup_core.domain.installation import Installation
from backup_core.domain.instance import BackupInstance, DiskClaim
from backup_core.domain.job import Job
from backup_core.domain.messages import Sendable
from backup_core.domain.origin import OriginInstance, OriginPoint, OriginPolicy, OriginVault
from backup_core.domain.outbox import DigestItem, OutboxEvent, RefusedEvent
from backup_core.domain.pacing import News, Pace
from backup_core.domain.permissions import Permissions
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.protection_rule import ProtectionRule
from backup_core.domain.reach import Scope
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import GroupId, VaultKey
from backup_core.domain.restore_test_plan import RestoreTestPlaces, RestoreTestPlan
from backup_core.domain.restore_together import KnownRequest
from backup_core.domain.snapshot_group import SnapshotGroup
from backup_core.domain.storage_day import StorageDay
from backup_core.domain.surroundings import BilledDay, EncryptionSet, Group, Identity, Lock, Offer, Usage
from backup_core.domain.swap import DataDisk, Machine
from backup_core.domain.vault import Promises, Vault

log = logging.getLogger("diskbackup.ports")

MEMORY_LIMIT = 10_000  # a few names for each vault
KEPT_LIMIT = 2_000
_TRIES = 5  # of a change that others may make at the same time

Record = (
    Vault
    | BackupPolicy
    | BackupInstance
    | Job
    | RecoveryPoint
    | DiskClaim
    | Alert
    | OutboxEvent
    | DigestItem
    | RefusedEvent
    | ProtectionRule
    | Heartbeat
    | Installation
    | SnapshotGroup
    | Pace
    | ResourceGuard
    | GuardMapping
    | Unlock
    | KnownRequest
    | Brake
    | StorageDay
    | RestoreTestPlan
    | RestoreTestPlaces
    | PointCopy
    | CopyLane
    | LaneWait
)
R = TypeVar("R", bound=Record)
Glance = InstanceGlance | JobGlance | PointGlance | CopyGlance  # of BackupInstance, Job, RecoveryPoint, PointCopy
G = TypeVar("G", bound=Glance)
T = TypeVar("T")


class Clock(Protocol):
    def now(self) -> datetime:
        """The present instant: aware, UTC."""
        ...


@dataclass(frozen=True, slots=True)
class Stored(Generic[R]):
    """A record as read, with the ETag that a later change must still find."""

    value: R
    etag: str


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """At most `limit` records in key order; `next_token` is None on the last page. Unreadable rows are left out and
    named in `corrupt`."""

    items: tuple[Stored[R], ...]
    next_token: str | None = None
    corrupt: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GlancePage(Generic[G]):
    """As Page, of what is seen at a glance."""

    items: tuple[G, ...]
    next_token: str | None = None
    corrupt: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Insert(Generic[R]):
    """Add a record that must not exist."""

    value: R


@dataclass(frozen=True, slots=True)
class Replace(Generic[R]):
    """Replace a record that must be as it was read."""

    stored: Stored[R]
    value: R


@dataclass(frozen=True, slots=True)
class Put(Generic[R]):
    """Write a record whether it exists or not. Only beside a Replace that guards it, and never a job: one that has
    ended stays as it ended, so that a job is inserted, or replaced as it was read."""

    value: R

    def __post_init__(self) -> None:
        if isinstance(self.value, Job):
            raise TypeError("a job is inserted, or replaced as it was read")


@dataclass(frozen=True, slots=True)
class Remove(Generic[R]):
    """Delete a record that must be as it was read."""

    stored: Stored[R]


Change = Insert[Any] | Replace[Any] | Put[Any] | Remove[Any]


class StateConflict(Exception):
    """A commit met a record that changed, exists already, or is gone: load again and decide again."""


class StateStore(Protocol):
    """Records live in their vault's partition; a vault's own record lives beside those of the other vaults, and the
    claims on disks of all vaults lie together.

    Keys: Vault (); BackupPolicy (name); BackupInstance (name); Job (job_id); RecoveryPoint (instance_name, point_id);
    DiskClaim (disk_key), ProtectionRule (rule_key), DigestItem (group, key), SnapshotGroup (key), Pace (subscription),
    ResourceGuard (key), GuardMapping (key), StorageDay (key), Heartbeat (), Installation (), whatever vault is named;
    Alert (alert_id); OutboxEvent (key); RefusedEvent (key); Unlock (subject, by); KnownRequest (request_id); Brake ();
    RestoreTestPlan (name); RestoreTestPlaces ().
    PointCopy (instance_name, copy_id). Lanes of copies lie together, each with who waits there: CopyLane (key),
    LaneWait (lane, key).
    Names are compared without case. Raises CloudUnavailable when the storage does not answer, InvalidInput for a name
    that no table key can hold or a page token that the store did not make.
    """

    def get(self, record: type[R], vault: VaultKey, *key: str) -> Stored[R] | None:
        """One record or None. Raises RecordCorrupt when the row cannot be read."""
        ...

    def page(
        self,
        record: type[R],
        vault: VaultKey,
        *key_prefix: str,
        first: str | None = None,
        last: str | None = None,
        among: Collection[str] = (),
        token: str | None = None,
        limit: int = 1000,
    ) -> Page[R]:
        """Records of one kind, in key order (jobs and points: newest first).

        `first` and `last` bound the final key part (inclusive): for jobs and points, ids bound times. `among`, instead
        of a prefix, for kinds whose keys have two parts: rows whose keys begin with one of these, and those of others
        that lie between.
        """
        ...

    def glance(
        self,
        glance: type[G],
        vault: VaultKey,
        *key_prefix: str,
        first: str | None = None,
        last: str | None = None,
        among: Collection[str] = (),
        token: str | None = None,
        limit: int = 999,
    ) -> GlancePage[G]:
        """As `page`, but only a small column of each row is read: one transaction for up to 999. A page that holds rows
        of an older release, which lack the column, costs one more: it is read whole.

        `among` as `page` has it.
        """
        ...

    def vaults(
        self, *, subscription: str | None = None, group: str | None = None, token: str | None = None, limit: int = 1000
    ) -> Page[Vault]:
        """Vaults of a subscription, of a group in it, or all."""
        ...

    def commit(self, vault: VaultKey, changes: Sequence[Change]) -> tuple[str, ...]:
        """Make all changes (1 to 100 records of one vault; the vault's own, or a claim, only alone) or none.

        Answers the new ETag of each record, in order ("" of a removed one).

        Raises StateConflict, InvalidInput (code EntityTooLarge) for a record that is too large for a table's row.
        """
        ...

    def due(self, kind: AgendaKind, *, until: datetime, limit: int) -> tuple[AgendaRow, ...]:
        """Rows of `kind` with due_at <= `until`, oldest first, at most `limit`. Costs what is due, not what exists.

        An unreadable row is reported and set aside, so that it does not stay at the head for ever; the reconciler
        finds its instance without a row and writes a sound one.
        """
        ...

    def agenda(self, kind: AgendaKind) -> Iterator[AgendaRow]:
        """All rows of a kind: for the reconciler only, costs what exists."""
        ...

    def schedule(self, rows: Sequence[AgendaRow], *, instead_of: Sequence[AgendaRow] = ()) -> None:
        """Write rows (any number; not atomic together). Writing a row again replaces its content. Then delete those
        that they stand for, absent ones being fine: no row of an instance goes before its new ones of that kind are
        there, and what is written is not deleted."""
        ...

    def unschedule(self, rows: Sequence[AgendaRow]) -> None:
        """Delete rows; absent ones are fine."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PoisonMessage:
    """A message that failed five times, or that the host could not read, as it lies in the poison queue of `queue`."""

    queue: str
    text: bytes
    message_id: str
    receipt: str


class JobQueue(Protocol):
    def send(self, message: Sendable, *, delay: timedelta = timedelta(0)) -> None:
        """Put a message into its queue, visible after `delay`. Raises CloudUnavailable."""
        ...

    def send_all(self, messages: Sequence[tuple[Sendable, timedelta]]) -> None:
        """As `send` for each message and its delay, several at once and in no order. Raises what the first that failed
        raised, once all were tried: the others are in their queues."""
        ...

    def poisoned(self, queue: str) -> tuple[PoisonMessage, ...]:
        """Up to 32 messages of the poison queue of `queue`, oldest first. For five minutes nobody else is given them;
        then they are there again, unless they were forgotten. One transaction. Raises CloudUnavailable."""
        ...

    def forget(self, message: PoisonMessage) -> None:
        """Delete a poison message; one that is gone, or was given to another meanwhile, is fine. Raises
        CloudUnavailable."""
        ...

    def leave_mark(self, text: str) -> None:
        """Keep a short text (ASCII) beside the queues, over whatever was there: it outlives the tables. Raises
        CloudUnavailable."""
        ...

    def read_mark(self) -> str | None:
        """What was last kept so. Raises CloudUnavailable."""
        ...


_ASKING: ContextVar[bool] = ContextVar("diskbackup.asking", default=False)


@contextmanager
def asking() -> Iterator[None]:
    """Calls of the cloud that are made within only ask: no work waits for what they answer. They have a share of the
    calls that Azure allows, and raise Throttled without a place in line when it is used up or work needs it."""
    before = _ASKING.set(True)
    try:
        yield
    finally:
        _ASKING.reset(before)


def is_asking() -> bool:
    return _ASKING.get()


class DiskCloud(Protocol):
    """Azure's disk resource provider. No method waits for an operation; none retries by sleeping.

    That something is not there is what one answer said: only the thing's own absence is told by None or by the errors
    named below. An answer about what it lies in (SubscriptionNotFound), or one that nobody knows, is a passing error.
    Whoever acts on an absence for good looks twice (workflows/absence.py).

    Each raises the errors of domain/errors.py: Throttled, CloudUnavailable, PermissionMissing, ScopeLocked, ... on top
    of those it names. The seconds that Throttled tells are already the caller's own place in line, but for who is
    `asking`.
    """

    def get_disk(self, disk_id: str) -> Disk:
        """Raises DiskNotFound (also when its group is gone)."""
        ...

    def find_disk(self, disk_id: str) -> Disk | None:
        """A disk that may be absent. Raises RestoreGroupNotFound when its group is."""
        ...

    def start_snapshot(self, snapshot_id: str, *, source: Disk, tags: Mapping[str, str]) -> str:
        """Ask for an incremental snapshot, as closed to the network as its disk; answer the operation's URL ("" if
        none). Asking again under the same name and source succeeds and takes nothing new. Raises SnapshotGroupNotFound,
        SnapshotLimitReached."""
        ...

    def start_copy(
        self, snapshot_id: str, *, source: Snapshot, location: str, tags: Mapping[str, str], encryption_set_id: str = ""
    ) -> str:
        """Ask for an incremental copy of a snapshot in another region, with a key of that region's encryption set if
        one is named, no more open to the network than the source; answer the operation's URL ("" if none). That it
        succeeds says nothing of the copy, which is done when the new snapshot is complete. Asking again under the same
        name and source succeeds and copies nothing new. Raises SnapshotNotFound (the source), SnapshotGroupNotFound,
        NotAllowedNow while Azure copies as many as it may, or another of the same disk."""
        ...

    def find_snapshot(self, snapshot_id: str) -> Snapshot | None:
        """None when the snapshot itself is not there. Raises SnapshotGroupNotFound."""
        ...

    def get_operation(self, url: str) -> OperationState | None:
        """An operation's state, or None when Azure has forgotten it or does not let the app read it."""
        ...

    def snapshot_of(self, operation: OperationState) -> Snapshot | None:
        """The snapshot in a succeeded operation's output, if it is there."""
        ...

    def delete_snapshot(self, snapshot_id: str) -> str:
        """Ask for deletion; answer the operation's URL, for a deletion may still fail ("" if none: the snapshot itself
        tells). An absent snapshot is fine, an absent group is not. Raises SnapshotGroupNotFound, ScopeLocked,
        PermissionMissing."""
        ...

    def bind_snapshot(self, snapshot_id: str, *, days: int) -> None:
        """Ask Azure to let nobody delete the snapshot for so many days from its immutability policy's start on; one
        that has none, or one that has expired, starts now. Asks for no less than there is: Azure refuses that. The
        snapshot itself tells what became of it. Raises SnapshotNotFound, SnapshotGroupNotFound, RequestRefused."""
        ...

    def tag_snapshot(self, snapshot_id: str, tags: Mapping[str, str]) -> None:
        """Ask for a snapshot to have these tags, in place of all those that it has: whoever changes some looks at it
        first. An absent snapshot is fine, an absent group is not. Raises SnapshotGroupNotFound, ScopeLocked,
        PermissionMissing."""
        ...

    def list_snapshots(self, group: GroupId) -> Iterator[Snapshot]:
        """All snapshots of a resource group. Raises SnapshotGroupNotFound."""
        ...

    def list_all_snapshots(self, subscription: str) -> Iterator[Snapshot]:
        """All snapshots of a subscription that we may see. Raises SubscriptionNotFound."""
        ...

    def list_disks(self, scope: str) -> Iterator[Disk]:
        """All disks of a subscription or a resource group (its id) that we may see; none of an absent group. Raises
        SubscriptionNotFound."""
        ...

    def start_disk(self, disk_id: str, body: Mapping[str, Any]) -> str:
        """PUT a new disk; answer the operation's URL. Raises RestoreGroupNotFound, SnapshotNotFound."""
        ...

    def delete_disk(self, disk_id: str) -> str:
        """Ask for a disk's deletion; answer the operation's URL ("" if none). An absent disk is fine. Raises
        NotAllowedNow (attached, or access to it is granted), ScopeLocked, PermissionMissing."""
        ...

    def start_access(self, resource_id: str, *, lasts: timedelta) -> str:
        """Ask for a signed URL by which the bytes of a disk or snapshot can be read as long as it `lasts`; answer the
        URL of the operation, whose output `read_data` takes. Raises DiskNotFound, SnapshotNotFound, NotAllowedNow."""
        ...

    def end_access(self, resource_id: str) -> str:
        """Ask to end all access to the bytes of a disk or snapshot; answer the operation's URL ("" if none). Ending
        what is not granted, or is of an absent one, is fine."""
        ...

    def read_data(self, operation: OperationState, resource_id: str, ranges: Sequence[ByteRange]) -> Iterator[bytes]:
        """The bytes of each range, read one after another as they are asked for, by the signed URL in the output of an
        operation that granted access. Neither the app's token nor the URL goes anywhere else. Raises RequestRefused
        (the URL does not let them be read, or there are fewer), CloudUnavailable."""
        ...

    def find_machine(self, machine_id: str) -> Machine | None:
        """A virtual machine with its instance view. None when it, or its group, is not there."""
        ...

    def detach_disks(self, machine_id: str, disk_ids: Sequence[str]) -> str:
        """Ask for data disks to be taken off a machine; answer the operation's URL. Raises MachineRefused."""
        ...

    def attach_disks(self, machine_id: str, disks: Sequence[DataDisk]) -> str:
        """Ask for data disks to be attached as they say; as detach_disks."""
        ...

    def replace_os_disk(self, machine: Machine, disk_id: str) -> str:
        """Ask for another OS disk, if the machine still is as it was read; as detach_disks."""
        ...

    def find_group(self, group: GroupId) -> Group | None:
        """None when the subscription can be read and has no such group."""
        ...

    def locks_at(self, group: GroupId) -> tuple[Lock, ...]:
        """The locks on the group, on what lies in it, and those above it that ARM shows; none for an absent group."""
        ...

    def permissions_at(self, scope: str) -> Permissions:
        """What our identity may do at `scope` (a group's or resource's id), as ARM sees it; nothing where nothing is.

        Raises PermissionMissing when it may not even ask, which is what holding no role there looks like.
        """
        ...

    def regions(self, subscription: str) -> frozenset[str]:
        """The names of the regions that a subscription has, in small letters. Raises PermissionMissing."""
        ...

    def find_encryption_set(self, set_id: str) -> EncryptionSet | None:
        """A disk encryption set. Raises ValueError for what is no such set's id."""
        ...

    def usage(self, subscription: str, location: str) -> Mapping[str, Usage]:
        """Compute's counters of a region, by name (see domain/surroundings.py)."""
        ...

    def offered_disks(self, subscription: str, location: str) -> Offer:
        """The kinds of disk that a subscription may have in a region, with their zones. Raises PermissionMissing."""
        ...

    def billed(self, scope: str, tags: Mapping[str, str], first: date, last: date) -> tuple[BilledDay, ...]:
        """What Cost Management says was billed for the snapshots below `scope` (a subscription's or a group's id) that
        have all of these tags, on each of the days `first` to `last` of which it knows anything, oldest first."""
        ...

    def acting_as(self, identity: str) -> DiskCloud:
        """This cloud with calls made as a user-assigned identity (its resource id, compared without case), or as the
        app's own for "". One that the app does not hold is answered too: its calls raise IdentityNotHeld."""
        ...

    def holds(self, identity: str) -> bool:
        """Whether the app holds a user-assigned identity. Not a call of Azure."""
        ...

    def news(self) -> Sequence[News]:
        """What Azure's answers to this process, whoever asked, told of its budgets since this was last called, and
        other processes should know. Not a call of Azure."""
        ...

    def identity(self, resource_id: str = "") -> Identity:
        """Who makes calls, as the token tells: the app's own identity, or the user-assigned one of that id, which the
        app must hold, whoever this cloud acts as. Not an ARM call. Raises CredentialRefused where there is no token."""
        ...


class AzureBackup(Protocol):
    """Azure Disk Backup itself: vaults that are moved in from. Ids are those of ARM; no method waits or retries.

    Each raises the errors of domain/errors.py: Throttled, CloudUnavailable, PermissionMissing, ... Lists raise
    RequestRefused when what they are of is not there: an empty list is one that Azure answered.
    """

    def acting_as(self, identity: str) -> AzureBackup:
        """As DiskCloud.acting_as."""
        ...

    def find_vault(self, vault_id: str) -> OriginVault | None: ...

    def list_policies(self, vault_id: str) -> Iterator[OriginPolicy]:
        """All policies of a vault, of whatever kind of data source."""
        ...

    def list_instances(self, vault_id: str) -> Iterator[OriginInstance]:
        """All instances of a vault, of whatever kind, in no order; those that are soft-deleted are not among them."""
        ...

    def find_instance(self, instance_id: str) -> OriginInstance | None: ...

    def list_points(self, instance_id: str) -> Iterator[OriginPoint]:
        """All recovery points of an instance, without their snapshots, which a list does not tell (recorded)."""
        ...

    def find_point(self, instance_id: str, name: str) -> OriginPoint | None:
        """One recovery point, with the snapshot that it names."""
        ...

    def stop_protection(self, instance_id: str) -> None:
        """Ask for no more backups, and for all data to be kept for ever (documented); the instance tells when it is
        done, after a minute or more (recorded)."""
        ...

    def resume_protection(self, instance_id: str) -> None:
        """Ask for backups by the policy again; as stop_protection."""
        ...

    def delete_instance(self, instance_id: str) -> None:
        """Ask Azure Backup to forget an instance and to delete every snapshot that its points name (documented); an
        absent one is fine."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An event that a topic refused for good, with the topic's words."""

    event: Event
    code: str
    message: str


class EventSink(Protocol):
    def publish(self, events: Sequence[Event]) -> tuple[Refusal, ...]:
        """Deliver events in order, at least once each. Answers those that the topic will never take (malformed for it,
        too large), which a later try would not change. Raises CloudUnavailable, Throttled, PermissionMissing or another
        error when the topic takes none now."""
        ...


@dataclass(frozen=True, slots=True)
class AuditPage:
    """At most `limit` records, newest first; `next_token` is None on the last page. Unreadable rows are left out and
    named in `corrupt`."""

    items: tuple[AuditRecord, ...]
    next_token: str | None = None
    corrupt: tuple[str, ...] = ()


class AuditLog(Protocol):
    """What was asked of the API. Records are added and never changed, and go by their age only.

    A record is kept with the vault that its path names, whether that vault exists or not, else with the subscription.
    """

    def append(self, record: AuditRecord) -> None:
        """Keep a record; once it returns, the record is safe. Adding the same one again is fine. Raises
        CloudUnavailable."""
        ...

    def page(self, scope: AuditScope, *, token: str | None = None, limit: int = 100) -> AuditPage:
        """Records of a vault, or those of a subscription that name no vault. Raises CloudUnavailable, InvalidInput
        for a token that the log did not make."""
        ...

    def purge(self, *, before: datetime, limit: int) -> int:
        """Remove records that are older than `before`, at most `limit`; answers how many. Costs what exists. Raises
        CloudUnavailable."""
        ...


class Memory:
    """What this process remembers from call to call, as instants by name. A process that forgets it makes some calls
    once more than needed; nothing else depends on it. `keep` holds a value for a while, for answers that many ask for.
    What was written longest ago makes room. Thread-safe.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._instants: dict[str, datetime] = {}
        self._kept: dict[str, tuple[datetime, Any]] = {}

    def recall(self, name: str) -> datetime | None:
        with self._lock:
            return self._instants.get(name)

    def note(self, name: str, instant: datetime) -> None:
        self._write(self._instants, MEMORY_LIMIT, name, instant)

    def keep(self, name: str, value: object, *, until: datetime) -> None:
        self._write(self._kept, KEPT_LIMIT, name, (until, value))

    def kept(self, name: str, kind: type[T], *, now: datetime) -> T | None:
        """What was kept under `name`, if it is of that kind and its time is not over."""
        with self._lock:
            until, value = self._kept.get(name, (now, None))
        return value if now < until and isinstance(value, kind) else None

    def _write(self, names: dict[str, T], limit: int, name: str, value: T) -> None:
        with self._lock:
            names.pop(name, None)  # written anew, a name goes to the end of those that make room
            if len(names) >= limit:
                del names[next(iter(names))]
            names[name] = value


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one may take of what all share: `on_demand_a_day` backups on demand of one instance within 24 hours;
    `questions_a_minute` to one process of one caller and of all, of whose own `answered_anew` are looked into each
    time, and others answered as they were within `answers_last`."""

    on_demand_a_day: int = 10  # Azure's own limit (documented)
    audit_days: int = 400  # how long audit records are kept
    questions_a_minute: int = 30
    questions_of_all_a_minute: int = 60
    answered_anew: int = 5
    answers_last: timedelta = timedelta(seconds=30)
    snapshots_at_once: int = 20_000  # that a run of the reconciler keeps in memory, at 4 KB each (measured)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """All seven, as the composition root hands them to a workflow, and what the process remembers. `scopes` are those
    that are for few, for what is done later on somebody's behalf; `limits` what one may take of what all share;
    `promises` what is asked of every vault; `bounds` keep vaults from acting elsewhere; `swaps_disks` whether this
    deployment may change virtual machines."""

    clock: Clock
    store: StateStore
    queue: JobQueue
    cloud: DiskCloud
    events: EventSink
    audit: AuditLog
    azure_backup: AzureBackup
    memory: Memory = field(default_factory=Memory)
    scopes: tuple[Scope, ...] = ()
    limits: Limits = field(default_factory=Limits)
    promises: Promises = field(default_factory=Promises)
    bounds: tuple[Bound, ...] = ()
    swaps_disks: bool = False


def again_on_conflict(attempt: Callable[[], T]) -> T:
    """What `attempt` answers, which loads, decides and commits: made again, a few times, when somebody else was faster.
    Raises StateConflict when it never was fast enough, and whatever else it raises."""
    for _ in range(_TRIES - 1):
        try:
            return attempt()
        except StateConflict:
            continue
    return attempt()


def until_committed(what: str, attempt: Callable[[], T]) -> T:
    """As again_on_conflict, for who waits for an answer. Raises ResourceInUse of `what` in place of StateConflict."""
    try:
        return again_on_conflict(attempt)
    except StateConflict as conflict:
        raise ResourceInUse(f"{what} is changing too often; try again.") from conflict


class Paged(Protocol):
    @property
    def next_token(self) -> str | None: ...


S = TypeVar("S", bound=Paged)


def pages(read: Callable[[str | None], S]) -> Iterator[S]:
    """All pages that `read` answers, from the first (None) on, each by the token of the one before."""
    token: str | None = None
    while True:
        page = read(token)
        yield page
        token = page.next_token
        if token is None:
            return


def every(
    ports: Ports, record: type[R], vault: VaultKey, *key_prefix: str, first: str | None = None, last: str | None = None
) -> Iterator[Stored[R]]:
    """All readable records of one kind, page by page, bounded as StateStore.page has it; unreadable ones are logged and
    left out."""
    for page in pages(lambda token: ports.store.page(record, vault, *key_prefix, first=first, last=last, token=token)):
        for row in page.corrupt:
            log.error("record.corrupt %s", row)
        yield from page.items

"""Queue messages: what each step needs to find its work. Each may arrive twice, late, or after its work is done.

`turn` says for which turn of its job a message is. The job's record counts its turns: whoever records that the job
waits sends the next turn, and a message of an earlier one stands down. So a job has one live chain of messages, however
long they lie in the queue and however often the watch sends a copy. An expiry has no job: there the agenda row that its
message names takes the turn's place (workflows/expiry_rows.py).

Queues are few, by who waits for what lies in them (docs/decisions/0020-few-queues-and-a-knock.md); a message says its
`kind`, and its `version` from the first day. Kinds and versions that are not known are refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from functools import cache, partial
from typing import Any, ClassVar, TypeVar, cast

from backup_core.domain.errors import MessageMalformed
from backup_core.domain.resource_ids import VaultKey

VERSION = 1
BACKUP = "diskbackup-backup"  # scheduled backups, and what follows their pace
RETENTION = "diskbackup-retention"
REQUESTS = "diskbackup-requests"  # somebody waits for an answer: no herd stands before it
RESOURCE_EVENTS = "diskbackup-resource-events"  # Event Grid delivers into it
QUEUES = (BACKUP, RETENTION, REQUESTS, RESOURCE_EVENTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartBackup:
    """Take the backup `job_id`: of `slot` when scheduled; on demand `slot` is None and the job is already queued.

    `next_due_at` is where dispatch moved the instance's agenda row, so that the step can remove it when the instance
    no longer wants it. `deferrals` counts throttled or busy rounds, `attempts` rounds that met a transient error, and
    `doubts` looks at something that was not there, which is not believed at once. Until `quiet_until` somebody else
    sees to it that what it records of events is delivered.
    """

    kind: ClassVar[str] = "start_backup"
    vault: VaultKey
    instance_name: str
    job_id: str
    revision: int = 0
    slot: datetime | None = None
    missed_slots: tuple[datetime, ...] = ()
    missed_count: int = 0
    next_due_at: datetime | None = None
    watch_due_at: datetime | None = None
    quiet_until: datetime | None = None
    turn: int = 0
    deferrals: int = 0
    attempts: int = 0
    doubts: int = 0
    version: int = VERSION

    @property
    def queue(self) -> str:
        return REQUESTS if self.slot is None else BACKUP


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserveBackup:
    """Look whether the snapshot of `job_id` is usable. `looks` grows the delay to the next look. `job_etag` is that of
    the job's row when the message was sent, where the sender knew it: the first look then need not read the row.
    `quiet_until` is that of its StartBackup."""

    kind: ClassVar[str] = "observe_backup"
    vault: VaultKey
    instance_name: str
    job_id: str
    operation_url: str = ""
    job_etag: str = ""
    on_demand: bool = False
    copies: bool = False  # whether the vault has a copy rule for the instance's policy
    watch_due_at: datetime | None = None
    quiet_until: datetime | None = None
    looks: int = 0
    turn: int = 0
    deferrals: int = 0
    attempts: int = 0
    doubts: int = 0
    version: int = VERSION

    @property
    def queue(self) -> str:
        return REQUESTS if self.on_demand else BACKUP


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpirePoints:
    """Delete what has expired of one instance. `due_at` names the agenda row to move on when done, and tells which of
    several messages goes on: that of the latest row. `looks` grows the delay to the next look at deletions that Azure
    has accepted."""

    kind: ClassVar[str] = "expire_points"
    queue: ClassVar[str] = RETENTION
    vault: VaultKey
    instance_name: str
    due_at: datetime
    looks: int = 0
    deferrals: int = 0
    attempts: int = 0
    doubts: int = 0
    version: int = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class StartCopy:
    """Copy the next point of an instance that is to go to `lane`, by the ticket that `job_id` names. Nobody waits for
    it but the disk's next copy."""

    kind: ClassVar[str] = "start_copy"
    queue: ClassVar[str] = RETENTION
    vault: VaultKey
    instance_name: str
    job_id: str
    lane: str
    turn: int = 0
    deferrals: int = 0
    attempts: int = 0
    doubts: int = 0
    version: int = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserveCopy:
    """Look whether the copy of `job_id` is whole."""

    kind: ClassVar[str] = "observe_copy"
    queue: ClassVar[str] = RETENTION
    vault: VaultKey
    instance_name: str
    job_id: str
    lane: str
    operation_url: str = ""
    looks: int = 0
    turn: int = 0
    deferrals: int = 0
    attempts: int = 0
    doubts: int = 0
    version: int = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpireCopies:
    """Delete what has expired of an instance's copies. `due_at` as of ExpirePoints."""

    kind: ClassVar[str] = "expire_copies"
    queue: ClassVar[str] = RETENTION
    vault: VaultKey
    instance_name: str
    due_at: datetime
    looks: int = 0
    deferrals: int = 0
    attempts: int = 0
    doubts: int = 0
    version: int = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class BindPoint:
    """Have Azure keep the snapshot of a recovery point of an immutable vault, or that of its copy `copy_id`. Nobody
    waits for it."""

    kind: ClassVar[str] = "bind_point"
    queue: ClassVar[str] = RETENTION
    vault: VaultKey
    instance_name: str
    point_id: str
    copy_id: str = ""
    looks: int = 0
    deferrals: int = 0
    attempts: int = 0
    doubts: int = 0
    version: int = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelHolds:
    """Write the holds of an instance's points into the tags of their snapshots, and of the copies of these, behind what
    `after` names: a point by its id, a copy by its own with `~` before it.
    `whole_vault`: then go on with the next instance by name; "" comes before the first."""

    kind: ClassVar[str] = "label_holds"
    queue: ClassVar[str] = RETENTION
    vault: VaultKey
    instance_name: str
    after: str = ""
    whole_vault: bool = False
    deferrals: int = 0
    attempts: int = 0
    doubts: int = 0
    version: int = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRestore:
    kind: ClassVar[str] = "start_restore"
    queue: ClassVar[str] = REQUESTS
    vault: VaultKey
    instance_name: str
    job_id: str
    turn: int = 0
    deferrals: int = 0
    attempts: int = 0
    doubts: int = 0
    version: int = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserveRestore:
    kind: ClassVar[str] = "observe_restore"
    queue: ClassVar[str] = REQUESTS
    vault: VaultKey
    instance_name: str
    job_id: str
    operation_url: str = ""
    looks: int = 0
    turn: int = 0
    deferrals: int = 0
    attempts: int = 0
    doubts: int = 0
    version: int = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreTogether:
    """Go on with the job that restores several disks: look at all of them, begin their restores, or look how those
    stand."""

    kind: ClassVar[str] = "restore_together"
    queue: ClassVar[str] = REQUESTS
    vault: VaultKey
    instance_name: str
    job_id: str
    looks: int = 0
    turn: int = 0
    deferrals: int = 0
    attempts: int = 0
    doubts: int = 0
    version: int = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapDisks:
    """Go on with swapping disks of a virtual machine, or with putting them back, as the job says."""

    kind: ClassVar[str] = "swap_disks"
    queue: ClassVar[str] = REQUESTS
    vault: VaultKey
    instance_name: str
    job_id: str
    operation_url: str = ""
    looks: int = 0
    turn: int = 0
    deferrals: int = 0
    attempts: int = 0
    doubts: int = 0
    version: int = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigureProtection:
    """Bring an instance to the state that its row asks for: look at the disk, then put it on the agenda."""

    kind: ClassVar[str] = "configure_protection"
    queue: ClassVar[str] = REQUESTS
    vault: VaultKey
    instance_name: str
    job_id: str
    turn: int = 0
    deferrals: int = 0
    attempts: int = 0
    doubts: int = 0
    version: int = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveInstances:
    """Go on moving instances over from Azure Backup, back there, or out of it, as the job says."""

    kind: ClassVar[str] = "move_instances"
    queue: ClassVar[str] = REQUESTS
    vault: VaultKey
    instance_name: str
    job_id: str
    turn: int = 0
    deferrals: int = 0
    attempts: int = 0
    doubts: int = 0
    version: int = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginRestoreTests:
    """Begin the run of a restore-test plan that became due at `slot`. Nobody waits for it."""

    kind: ClassVar[str] = "begin_restore_tests"
    queue: ClassVar[str] = RETENTION
    vault: VaultKey
    plan_name: str
    slot: datetime
    version: int = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class GoOnTesting:
    """Go on with a restore test where its job says that it is. `looks` are those since it came there."""

    kind: ClassVar[str] = "go_on_testing"
    queue: ClassVar[str] = RETENTION
    vault: VaultKey
    instance_name: str
    job_id: str
    looks: int = 0
    turn: int = 0
    deferrals: int = 0
    attempts: int = 0
    doubts: int = 0
    version: int = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearUpTests:
    """Look whether restore tests of the vault left a disk behind, or access to data."""

    kind: ClassVar[str] = "clear_up_tests"
    queue: ClassVar[str] = RETENTION
    vault: VaultKey
    looks: int = 0
    version: int = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverEvents:
    """Deliver what the vault's outbox holds, a moment after another delivery. Beside the backups, which most events
    tell of: who takes those is awake."""

    kind: ClassVar[str] = "deliver_events"
    queue: ClassVar[str] = BACKUP
    vault: VaultKey
    version: int = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """Asks for nothing: whoever takes it looks into its queue again at once, and again soon, before what is due soon
    comes (workflows/knocking.py)."""

    kind: ClassVar[str] = "knock"
    queue: ClassVar[str] = BACKUP
    version: int = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAtResource:
    """Something changed in Azure, or somebody says that it did: go and look at `resource_id`.

    `change` is written, deleted, absent: a snapshot was not found a while ago; or ruled: a protection rule of the scope
    `resource_id` changed. Names no vault: whose
    the resource is, the step finds out. Its queue takes Event Grid's own events too (domain/resource_event.py).
    """

    kind: ClassVar[str] = "look_at_resource"
    queue: ClassVar[str] = RESOURCE_EVENTS
    change: str
    resource_id: str
    deferrals: int = 0
    attempts: int = 0
    doubts: int = 0
    version: int = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class GoOnReconciling:
    """Go on with the pass of the reconciler that began at `began_at`: with its `part`, behind what `after` names there
    (workflows/reconcile.py). `failed` parts of it are behind. Is of no vault; nobody waits for it."""

    kind: ClassVar[str] = "go_on_reconciling"
    queue: ClassVar[str] = RETENTION
    began_at: datetime
    part: str
    after: str
    failed: int = 0
    version: int = VERSION


Message = (
    StartBackup
    | ObserveBackup
    | ExpirePoints
    | StartCopy
    | ObserveCopy
    | ExpireCopies
    | BindPoint
    | LabelHolds
    | StartRestore
    | ObserveRestore
    | RestoreTogether
    | SwapDisks
    | ConfigureProtection
    | MoveInstances
    | GoOnTesting
)
Sendable = Message | DeliverEvents | Knock | LookAtResource | GoOnReconciling | BeginRestoreTests | ClearUpTests

M = TypeVar("M")


def encode(message: Sendable) -> str:
    """A message as JSON: its kind, its fields by name, times as ISO 8601, its vault as three names."""
    known = _fields(cast("Any", type(message)))  # mypy takes these classes for unhashable
    return _ENCODER.encode({"kind": message.kind, **{name: getattr(message, name) for name, _, _ in known}})


def decode(text: str | bytes, among: Iterable[type[M]]) -> M:
    """The message that `encode` wrote, of one of the types `among`. Raises MessageMalformed that names every fault."""
    try:
        raw = json.loads(text)
    except (ValueError, UnicodeDecodeError, RecursionError) as error:
        raise MessageMalformed(f"A message is not JSON: {error}") from error
    if not isinstance(raw, dict):
        raise MessageMalformed(f"A message must be a JSON object, not {type(raw).__name__}.")
    found: Any = next((each for each in among if getattr(each, "kind", None) == raw.get("kind")), None)
    faults = [] if raw.get("version") == VERSION else [f"version {raw.get('version')!r:.80} is not {VERSION}"]
    faults += [] if found is not None else [f"kind {raw.get('kind')!r:.80} is unknown"]
    values: dict[str, Any] = {}
    for name, kind, is_needed in _fields(found) if found is not None else ():
        if name not in raw or name == "version":
            if is_needed:
                faults.append(f"{name} is missing")
            continue
        try:
            values[name] = _READERS[kind](raw[name])
        except (TypeError, ValueError, KeyError, AttributeError, OverflowError):
            faults.append(f"{name} is not a {kind}: {raw[name]!r:.80}")
    if found is None or faults:
        name = found.kind if found is not None else "queue"
        raise MessageMalformed(f"A {name} message is malformed: {'; '.join(faults)}")
    message: M = found(**values)
    return message


@cache  # by name, with the type as it is annotated and whether a message must have it
def _fields(kind: type[Any]) -> tuple[tuple[str, str, bool], ...]:
    return tuple((field.name, str(field.type), field.default is MISSING) for field in fields(kind))


def _plain(value: datetime | VaultKey) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return {"subscription": value.subscription, "group": value.group, "name": value.name}


_ENCODER = json.JSONEncoder(default=_plain)


def _read(kind: type[M], raw: Any) -> M:
    if not isinstance(raw, kind):
        raise TypeError(raw)
    return raw


def _read_count(raw: Any) -> int:
    if not isinstance(raw, int) or isinstance(raw, bool) or raw < 0:
        raise TypeError(raw)
    return raw


def _read_instant(raw: Any) -> datetime:
    instant = datetime.fromisoformat(raw)
    if instant.tzinfo is None:
        raise ValueError(raw)
    return instant


def _read_vault(raw: Any) -> VaultKey:
    return VaultKey(**{part: _read(str, raw[part]) for part in ("subscription", "group", "name")})


_READERS: dict[str, Callable[[Any], Any]] = {  # by the annotation as it stands above
    "str": partial(_read, str),
    "int": _read_count,
    "bool": partial(_read, bool),
    "datetime": _read_instant,
    "datetime | None": lambda raw: None if raw is None else _read_instant(raw),
    "tuple[datetime, ...]": lambda raw: tuple(_read_instant(item) for item in raw),
    "VaultKey": _read_vault,
}

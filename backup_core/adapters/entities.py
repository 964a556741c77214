"""Records and agenda rows as table entities, and back: keys, JSON in string columns, validation field by field.

Leaves to others: talking to the table (table_store.py). The in-memory store of the tests uses the same functions, so
that a value that does not survive the round trip shows there too.

How rows age. Each carries `v`, the version of its shape. A field may be added with a default without a new version:
rows without it read as the default, and a release that does not know it drops it when it next writes the row. A field
whose loss would matter, or a change of meaning, needs a new version: rows of a newer version are refused, never guessed
at, and never overwritten, since nothing can be replaced that was not read. So a row with legal holds is of a version
of its own: a release that knows nothing of them must not let go what it describes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import types
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from functools import cache, lru_cache
from typing import Any, NamedTuple, Union, cast, get_args, get_origin, get_type_hints

from backup_core.domain.agenda import AgendaKind, AgendaRow
from backup_core.domain.alert import Alert
from backup_core.domain.brake import Brake
from backup_core.domain.copying import CopyLane, LaneWait, PointCopy
from backup_core.domain.errors import Fault, InvalidInput, RecordCorrupt
from backup_core.domain.guard import GuardMapping, ResourceGuard, Unlock
from backup_core.domain.health import CopyGlance, InstanceGlance, JobGlance, PointGlance
from backup_core.domain.heartbeat import Heartbeat
from backup_core.domain.installation import Installation
from backup_core.domain.instance import BackupInstance, DiskClaim
from backup_core.domain.job import Job
from backup_core.domain.outbox import DigestItem, OutboxEvent, RefusedEvent
from backup_core.domain.pacing import Pace
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.protection_rule import ProtectionRule
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.restore_test_plan import RestoreTestPlaces, RestoreTestPlan
from backup_core.domain.restore_together import KnownRequest
from backup_core.domain.snapshot_group import SnapshotGroup
from backup_core.domain.storage_day import StorageDay
from backup_core.domain.vault import Vault
from backup_core.ports import Change, G, Glance, R, Record, Remove, Replace

VERSION = 1
HELD_VERSION = 2  # of a row with legal holds
VAULTS_PARTITION = "vaults"
DISKS_PARTITION = "disks"
DIGESTS_PARTITION = "digests"
RULES_PARTITION = "rules"
HEARTBEAT_PARTITION = "heartbeat"
INSTALLATION_PARTITION = "installation"
GROUPS_PARTITION = "groups"
PACES_PARTITION = "paces"
GUARDS_PARTITION = "guards"
STORAGE_PARTITION = "storage"
LANES_PARTITION = "lanes"
MAX_CHANGES = 100  # an entity group transaction takes no more
# An agenda row's shard is a hash of its instance. Each shard costs a tick one read, due or not; a partition serves
# about 2,000 rows a second (Azure's scalability targets), so four carry some 8,000 writes a second: ample for 5,000 due
# rows a minute, at four reads.
SHARDS = 4

Entity = Mapping[str, Any]
_COLUMN_CHARACTERS = 32_000  # a string column holds 32 Ki UTF-16 units; ours are ASCII
_RECORD_CHARACTERS = 450_000  # an entity holds 1 MiB at two bytes a character: refused here, 10 % before Azure would
_KEY_CHARACTERS = 500  # a key holds 1 KiB
_FORBIDDEN = frozenset("/\\#?|%") | {chr(code) for code in (*range(32), *range(127, 160))}
_KINDS: Mapping[type[Record], str] = {
    Vault: "vault",
    BackupPolicy: "policy",
    BackupInstance: "instance",
    Job: "job",
    RecoveryPoint: "point",
    DiskClaim: "claim",
    Alert: "alert",
    OutboxEvent: "event",
    DigestItem: "digest",
    RefusedEvent: "refused",
    ProtectionRule: "rule",
    Heartbeat: "heartbeat",
    Installation: "installation",
    SnapshotGroup: "group",
    Pace: "pace",
    ResourceGuard: "guard",
    GuardMapping: "mapping",
    Unlock: "unlock",
    KnownRequest: "request",
    Brake: "brake",
    StorageDay: "storage",
    RestoreTestPlan: "testplan",
    RestoreTestPlaces: "testplaces",
    PointCopy: "copy",
    CopyLane: "lane",
    LaneWait: "wait",
}
# What a record's key is made of, in order.
_KEYS: Mapping[type[Record], tuple[str, ...]] = {
    Vault: (),
    BackupPolicy: ("name",),
    BackupInstance: ("name",),
    Job: ("job_id",),
    RecoveryPoint: ("instance_name", "point_id"),
    DiskClaim: ("key",),
    Alert: ("alert_id",),
    OutboxEvent: ("key",),
    DigestItem: ("group", "key"),
    RefusedEvent: ("key",),
    ProtectionRule: ("key",),
    Heartbeat: (),
    Installation: (),
    SnapshotGroup: ("key",),
    Pace: ("subscription",),
    ResourceGuard: ("key",),
    GuardMapping: ("key",),
    Unlock: ("subject", "by"),
    KnownRequest: ("request_id",),
    Brake: (),
    StorageDay: ("key",),
    RestoreTestPlan: ("name",),
    RestoreTestPlaces: (),
    PointCopy: ("instance_name", "copy_id"),
    CopyLane: ("key",),
    LaneWait: ("lane", "key"),
}
# Records that lie together, whatever vault they are of.
_SHARED: Mapping[type[Record], str] = {
    DiskClaim: DISKS_PARTITION,
    DigestItem: DIGESTS_PARTITION,
    ProtectionRule: RULES_PARTITION,
    Heartbeat: HEARTBEAT_PARTITION,
    Installation: INSTALLATION_PARTITION,
    SnapshotGroup: GROUPS_PARTITION,
    Pace: PACES_PARTITION,
    ResourceGuard: GUARDS_PARTITION,
    GuardMapping: GUARDS_PARTITION,
    StorageDay: STORAGE_PARTITION,
    CopyLane: LANES_PARTITION,
    LaneWait: LANES_PARTITION,
}
GLANCED: Mapping[type[Glance], type[BackupInstance | Job | RecoveryPoint | PointCopy]] = {
    InstanceGlance: BackupInstance,
    JobGlance: Job,
    PointGlance: RecoveryPoint,
    CopyGlance: PointCopy,
}
GLANCE_COLUMNS = ("PartitionKey", "RowKey", "glance")


class NewerVersion(RecordCorrupt):
    """A row that a newer release wrote: sound, but not for this one to read or to clear away."""

    recommended_action = "Run one release of the app: a newer one has written this row."


class Address(NamedTuple):
    """Where an entity lives."""

    partition: str
    row: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRange:
    """Row keys from `start` on, up to `end`: without it, or with it when `closed`. No `end`: to the last.

    `after` leaves out the head up to and with that key.
    """

    start: str
    end: str | None = None
    closed: bool = False
    after: str | None = None

    def __contains__(self, row: str) -> bool:
        if row < self.start or (self.after is not None and row <= self.after):
            return False
        return self.end is None or row < self.end or (self.closed and row == self.end)


def record_address(record: type[Record], vault: VaultKey, *key: str) -> Address:
    """Raises InvalidInput for names that a key cannot hold, ValueError for a key of the wrong length."""
    if len(key) != len(_KEYS[record]):
        raise ValueError(f"a {record.__name__} has a key of {len(_KEYS[record])} parts, not {key!r}")
    if record is Vault:
        return Address(partition=VAULTS_PARTITION, row=vault_partition(vault))
    return Address(partition=record_partition(record, vault), row=_join(_KINDS[record], *map(_key_part, key)))


def record_partition(record: type[Record], vault: VaultKey) -> str:
    return _SHARED.get(record) or vault_partition(vault)


def record_range(record: type[Record], *key_prefix: str, first: str | None = None, last: str | None = None) -> RowRange:
    """The rows of one kind under `key_prefix`; `first` and `last` (inclusive) bound the final key part."""
    bounded = first is not None or last is not None
    length = len(_KEYS[record])
    if len(key_prefix) > length - bounded or (bounded and len(key_prefix) != length - 1):
        raise ValueError(f"{key_prefix!r} with bounds does not fit the key of a {record.__name__}")
    stem = _join(_KINDS[record], *map(_key_part, key_prefix), "")
    start = stem + _key_part(first) if first is not None else stem
    if last is None:
        return RowRange(start=start, end=_after_all(stem))
    return RowRange(start=start, end=stem + _key_part(last), closed=True)


def span(record: type[Record], among: Collection[str]) -> RowRange:
    """The rows from the first to the last of those whose keys begin with one of `among`, with what lies between."""
    stems = [_join(_KINDS[record], _key_part(name), "") for name in among]
    return RowRange(start=min(stems), end=_after_all(max(stems)))


def vault_range(subscription: str | None, group: str | None) -> RowRange:
    """The vault rows of a subscription, of a group in it, or all."""
    if subscription is None:
        return RowRange(start="")
    stem = _join(*(_key_part(part) for part in (subscription, group) if part is not None), "")
    return RowRange(start=stem, end=_after_all(stem))


def changed_addresses(vault: VaultKey, changes: Sequence[Change]) -> list[Address]:
    """Where each change applies. Raises ValueError when the changes cannot be one transaction."""
    addresses = [record_address(type(value), vault, *record_key(value)) for value in map(_value, changes)]
    if not 1 <= len(changes) <= MAX_CHANGES:
        raise ValueError(f"a commit holds 1 to {MAX_CHANGES} changes, not {len(changes)}")
    if len(set(addresses)) != len(addresses):
        raise ValueError("a commit changes a record once")
    if len({address.partition for address in addresses}) > 1:
        raise ValueError("a vault's own record is committed alone, and so is a claim")
    if any(isinstance(value, Vault) and value.key != vault for value in map(_value, changes)):
        raise ValueError("a commit belongs to one vault")
    if any(_moves(change) for change in changes):
        raise ValueError("a replacement keeps its record's key")
    return addresses


def record_key(record: Record) -> tuple[str, ...]:
    return tuple([getattr(record, name) for name in _KEYS[type(record)]])


def record_entity(record: Record) -> dict[str, Any]:
    """The columns of a record: its JSON in `body0`, `body1`, ..., what is seen of it at a glance, and a few that help a
    human who looks at the table.

    Raises InvalidInput (EntityTooLarge) for a record that Azure's tables would refuse.
    """
    columns = _columns(_json(record), _KINDS[type(record)])
    return {"v": _version(record), **columns, **_glance(record), **_hints(record)}


def _version(record: Record) -> int:
    return HELD_VERSION if isinstance(record, RecoveryPoint | BackupInstance | Vault) and record.holds else VERSION


def read_glance(glance: type[G], entity: Entity) -> G | None:
    """What `record_entity` wrote for a glance; None where it is missing or of another shape: then the record tells."""
    text = entity.get("glance")
    try:
        return cast("G", _reader(cast("Any", glance))(json.loads(text), "")) if isinstance(text, str) else None
    except (_FieldError, ValueError, RecursionError):
        return None


def read_record(record: type[R], entity: Entity) -> R:
    """The record that `record_entity` wrote. Raises RecordCorrupt that names the row and the field, NewerVersion."""
    row = _row_name(entity)
    try:
        return cast("R", _reader(cast("Any", record))(_body(entity), ""))
    except _FieldError as error:
        raise _corrupt(row, error) from error


def page_token(last_row: str) -> str:
    """A token to go on behind `last_row`: opaque to clients, and good as long as the keys are."""
    return base64.urlsafe_b64encode(last_row.encode()).decode()


def read_page_token(token: str) -> str:
    """The row key in a token. Raises InvalidInput."""
    try:
        row = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True).decode()
    except ValueError:
        row = ""
    if not row or not _FORBIDDEN.isdisjoint(row.replace("|", "")):
        raise InvalidInput([Fault(target="$skipToken", message="this is not a token of an earlier answer")])
    return row


def agenda_address(row: AgendaRow) -> Address:
    """The row key starts with the due time, so that what is due is the partition's head."""
    vault, instance = vault_partition(row.vault), _key_part(row.instance_name)
    subject = _key_part(row.subject) if row.subject else ""
    return Address(
        partition=agenda_partition(row.kind, _shard(vault, instance)),
        row=_join(_seconds(row.due_at), vault, instance, subject),
    )


@lru_cache(maxsize=4096)
def _shard(vault: str, instance: str) -> int:
    return hashlib.sha256(f"{vault}\n{instance}".encode()).digest()[0] % SHARDS


@cache
def agenda_partition(kind: AgendaKind, shard: int) -> str:
    return _join(kind.value, str(shard))


def aside_partition(kind: AgendaKind) -> str:
    """Where rows of the agenda go that cannot be read."""
    return _join("unreadable", kind.value)


def due_before(until: datetime) -> str:
    """The row key before which all rows are due at `until`."""
    return f"{int(_seconds(until)) + 1:011d}"


def agenda_entity(row: AgendaRow) -> dict[str, Any]:
    return {
        "v": VERSION,
        **_columns(_json(row.content), "agenda row"),
        "subscription": row.vault.subscription,
        "group": row.vault.group,
        "vault": row.vault.name,
        "instance": row.instance_name,
        "subject": row.subject,
        "due": row.due_at.astimezone(UTC).isoformat(),
    }


def read_agenda_row(kind: AgendaKind, entity: Entity) -> AgendaRow:
    """The row that `agenda_entity` wrote, due at the whole second of its key. Raises RecordCorrupt, NewerVersion."""
    try:
        names = ("subscription", "group", "vault", "instance", "subject")
        subscription, group, vault, instance, subject = (_read_text(entity.get(name), name) for name in names)
        row = AgendaRow(
            kind=kind,
            due_at=_due_at(str(entity.get("RowKey"))),
            vault=VaultKey(subscription=subscription, group=group, name=vault),
            instance_name=instance,
            subject=subject,
            content=_read_object(_body(entity), "content"),
        )
        if agenda_address(row).row != entity.get("RowKey"):
            raise _FieldError("RowKey", "the key of the row's own columns")
    except (_FieldError, InvalidInput) as error:
        raise _corrupt(_row_name(entity), error) from error
    return row


# Keys: parts in small letters, joined by "|", which no name contains.


def _join(*parts: str) -> str:
    return "|".join(parts)


def _after_all(stem: str) -> str:
    """The smallest row key after all those that start with `stem`, which ends with the separator."""
    return stem[:-1] + chr(ord(stem[-1]) + 1)


def vault_partition(vault: VaultKey) -> str:
    """The partition of all records of a vault but its own. Raises InvalidInput."""
    return _partition_of(vault.subscription, vault.group, vault.name)


@lru_cache(maxsize=1024)
def _partition_of(*names: str) -> str:
    return _join(*map(_key_part, names))


@lru_cache(maxsize=4096)  # the same few names stand in nearly every key of a step
def _key_part(name: str) -> str:
    """Azure answers 400 to such names, Azurite 500: so they are refused here."""
    if not name or len(name) > _KEY_CHARACTERS or not _FORBIDDEN.isdisjoint(name):
        allowed = f"1 to {_KEY_CHARACTERS} characters without / \\ # ? | % and control characters"
        raise InvalidInput([Fault(target="name", message=f"{name[:80]!r} is not a valid name: use {allowed}")])
    return name.lower()


def _seconds(instant: datetime) -> str:
    if instant.tzinfo is None:
        raise ValueError(f"an instant needs its offset from UTC: {instant}")
    return f"{max(0, int(instant.timestamp() // 1)):011d}"


def _due_at(row_key: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(row_key[:11]), UTC)
    except (ValueError, OverflowError) as error:
        raise _FieldError("RowKey", "a due time first") from error


def _value(change: Change) -> Record:
    return cast("Record", change.stored.value if isinstance(change, Remove) else change.value)


def _moves(change: Change) -> bool:
    if not isinstance(change, Replace):
        return False
    if type(change.stored.value) is not type(change.value):
        return True
    before, after = record_key(change.stored.value), record_key(change.value)
    return before != after and [part.lower() for part in before] != [part.lower() for part in after]


# Columns.


def _columns(body: str, what: str) -> dict[str, str]:
    if len(body) > _RECORD_CHARACTERS:
        message = (
            f"the {what} takes {len(body):,} characters as JSON; a table row holds {_RECORD_CHARACTERS:,}. "
            "Shorten its properties or tags."
        )
        raise InvalidInput([Fault(target="properties", message=message, code="EntityTooLarge")])
    starts = range(0, len(body), _COLUMN_CHARACTERS)
    return {f"body{index}": body[start : start + _COLUMN_CHARACTERS] for index, start in enumerate(starts)}


def _body(entity: Entity) -> Any:
    version = entity.get("v")
    if not isinstance(version, int) or isinstance(version, bool):
        raise _FieldError("v", "a version")
    if version > HELD_VERSION:
        raise _NewerError("v", f"at most {HELD_VERSION}, the version that this release reads")
    chunks: list[str] = []
    while (chunk := entity.get(f"body{len(chunks)}")) is not None:
        chunks.append(_read_text(chunk, f"body{len(chunks)}"))
    try:
        return json.loads("".join(chunks))
    except (ValueError, RecursionError) as error:
        raise _FieldError("body", "JSON") from error


def _json(value: Any) -> str:
    return _ENCODER.encode(value)


def _glance(record: Record) -> dict[str, str]:
    match record:
        case BackupInstance():
            return {"glance": _json(InstanceGlance.of(record))}
        case Job():
            return {"glance": _json(JobGlance.of(record))}
        case RecoveryPoint():
            return {"glance": _json(PointGlance.of(record))}
        case PointCopy():
            return {"glance": _json(CopyGlance.of(record))}
        case _:
            return {}


def _hints(record: Record) -> dict[str, str]:
    match record:
        case Vault():
            return {"name": record.key.name, "location": record.location}
        case BackupPolicy():
            return {"name": record.name}
        case BackupInstance():
            return {"name": record.name, "state": record.state.value, "disk": record.disk_id}
        case Job():
            status = f"{record.operation.value} {record.status.value}"
            return {"status": status, "instance": record.instance_name}
        case RecoveryPoint():
            return {"state": record.state.value, "instance": record.instance_name, "snapshot": record.snapshot_id}
        case PointCopy():
            return {"state": record.state.value, "instance": record.instance_name, "snapshot": record.snapshot_id}
        case CopyLane():
            return {"tickets": str(len(record.tickets))}
        case LaneWait():
            return {"vault": record.vault.resource_id, "instance": record.instance_name}
        case DiskClaim():
            return {"vault": record.vault.resource_id, "instance": record.instance_name}
        case Alert():
            return {"state": record.state.value, "cause": record.cause, "instance": record.instance_name}
        case ProtectionRule():
            return {"vault": record.vault.resource_id, "name": record.name, "scope": record.scope}
        case Heartbeat():
            return {"ticked": record.ticked_at.isoformat()}
        case SnapshotGroup():
            return {"group": record.group_id, "vault": record.vault.resource_id}
        case ResourceGuard():
            return {"guard": record.resource_id}
        case GuardMapping():
            return {"vault": record.vault.resource_id, "guard": record.guard_id}
        case Unlock():
            return {
                "operation": record.operation.value,
                "resource": record.resource_id,
                "until": record.until.isoformat(),
            }
        case KnownRequest():
            return {"job": record.job_id}
        case Brake():
            return {"batch": record.batch.name if record.batch else ""}
        case RestoreTestPlan():
            return {"name": record.name, "enabled": str(record.enabled)}
        case RestoreTestPlaces():
            return {"disks": str(len(record.places))}
        case Installation():
            return {"name": record.installation_id}
        case Pace():
            return {"subscription": record.subscription}
        case StorageDay():
            return {"vault": record.vault.resource_id}
        case OutboxEvent() | DigestItem() | RefusedEvent():
            return {"type": record.event.type, "event": record.event.id}


def _row_name(entity: Entity) -> str:
    return f"{entity.get('PartitionKey', '')}/{entity.get('RowKey', '')}"


# Values to JSON and back, driven by the annotations of the domain's dataclasses.


class _FieldError(Exception):
    def __init__(self, path: str, expected: str) -> None:
        super().__init__(f"{path or 'the row'} is not {expected}")


class _NewerError(_FieldError):
    pass


def _corrupt(row: str, error: Exception) -> RecordCorrupt:
    kind = NewerVersion if isinstance(error, _NewerError) else RecordCorrupt
    return kind(f"Row '{row}' cannot be read: {error}.", target=row)


def _plain(value: Any) -> Any:
    """What JSON has no form for, a step nearer to it: what is within is asked for in turn. A policy is stored as the
    client's properties, which is what is parsed again."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, BackupPolicy):
        changed = {"changed_at": value.changed_at} if value.changed_at else {}
        return {"name": value.name, "properties": value.properties, **changed}
    if is_dataclass(value):
        return {name: getattr(value, name) for name in _field_names(cast("Any", type(value)))}
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a record cannot hold a {type(value).__name__}: {value!r:.80}")


_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=_plain)


@cache
def _field_names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(item.name for item in fields(kind))


Reader = Callable[[Any, str], Any]  # JSON and its path -> the domain's value; raises _FieldError


@cache
def _reader(kind: Any) -> Reader:
    if kind is BackupPolicy:
        return _read_policy
    if is_dataclass(kind):
        return _dataclass_reader(cast("type[Any]", kind))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum_reader(kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _optional_reader(_reader(next(part for part in arguments if part is not type(None))))
    if origin is tuple:
        return _tuple_reader(_reader(arguments[0]))
    if origin is not None and issubclass(origin, Mapping):
        return _mapping_reader(_reader(arguments[1]))
    return _SIMPLE_READERS[kind]


def _dataclass_reader(kind: type[Any]) -> Reader:
    hints = get_type_hints(kind)
    readers = {item.name: _reader(hints[item.name]) for item in fields(kind)}
    needed = {item.name for item in fields(kind) if item.default is MISSING and item.default_factory is MISSING}

    def read(raw: Any, path: str) -> Any:
        known = _read_object(raw, path)
        missing = needed - known.keys()
        if missing:
            raise _FieldError(_inside(path, min(missing)), "there")
        values = {name: reader(known[name], _inside(path, name)) for name, reader in readers.items() if name in known}
        return kind(**values)

    return read


def _enum_reader(kind: type[Enum]) -> Reader:
    def read(raw: Any, path: str) -> Enum:
        try:
            return kind(raw)
        except ValueError as error:
            raise _FieldError(path, f"a {kind.__name__}") from error

    return read


def _optional_reader(reader: Reader) -> Reader:
    return lambda raw, path: None if raw is None else reader(raw, path)


def _tuple_reader(reader: Reader) -> Reader:
    def read(raw: Any, path: str) -> tuple[Any, ...]:
        if not isinstance(raw, list):
            raise _FieldError(path, "a list")
        return tuple(reader(item, f"{path}[{index}]") for index, item in enumerate(raw))

    return read


def _mapping_reader(reader: Reader) -> Reader:
    return lambda raw, path: {name: reader(item, _inside(path, name)) for name, item in _read_object(raw, path).items()}


def _read_object(raw: Any, path: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise _FieldError(path, "an object")
    return raw


def _read_policy(raw: Any, path: str) -> BackupPolicy:
    stored = _read_object(raw, path)
    name = _read_text(stored.get("name"), _inside(path, "name"))
    properties = _read_object(stored.get("properties"), _inside(path, "properties"))
    changed = stored.get("changed_at")  # missing in what older releases wrote
    changed_at = None if changed is None else _read_instant(changed, _inside(path, "changed_at"))
    try:
        policy = _parsed_policy(name, _json(properties))
    except InvalidInput as error:
        raise _FieldError(_inside(path, "properties"), f"a policy ({error.message})") from error
    return replace(policy, changed_at=changed_at)


@lru_cache(maxsize=256)
def _parsed_policy(name: str, properties: str) -> BackupPolicy:
    """Each step reads its instance a few times, and thousands of instances share a policy."""
    return BackupPolicy.parse(name, json.loads(properties), check_limits=False)


def _read_text(raw: Any, path: str) -> str:
    if not isinstance(raw, str):
        raise _FieldError(path, "a text")
    return raw


def _read_count(raw: Any, path: str) -> int:
    if not isinstance(raw, int) or isinstance(raw, bool):
        raise _FieldError(path, "a whole number")
    return raw


def _read_number(raw: Any, path: str) -> float:
    if not isinstance(raw, int | float) or isinstance(raw, bool):
        raise _FieldError(path, "a number")
    return float(raw)


def _read_flag(raw: Any, path: str) -> bool:
    if not isinstance(raw, bool):
        raise _FieldError(path, "true or false")
    return raw


def _read_instant(raw: Any, path: str) -> datetime:
    try:
        instant = datetime.fromisoformat(_read_text(raw, path))
    except ValueError as error:
        raise _FieldError(path, "a time") from error
    if instant.tzinfo is None:
        raise _FieldError(path, "a time with its offset")
    return instant.astimezone(UTC)


_SIMPLE_READERS: Mapping[Any, Reader] = {
    str: _read_text,
    int: _read_count,
    float: _read_number,
    bool: _read_flag,
    datetime: _read_instant,
    Any: lambda raw, _: raw,
}


def _inside(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name

"""The seven ports in memory, with a clock that only tests move and faults that only tests switch on.

They keep the contracts of backup_core/ports.py (tests/contract runs the same suites over them and over the real
adapters) and pass values through the real codecs, so that what does not survive a round trip fails here too.

    world = World()
    world.cloud.add_disk(disk_json())
    world.faults.fail("cloud.start_snapshot", Throttled("busy", retry_after_seconds=3))
    start_backup(world.ports, message)
"""

from __future__ import annotations

import hashlib
import itertools
import json
import uuid
from collections import Counter, UserDict, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy, deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast, get_args

from jsonschema import Draft202012Validator, FormatChecker
from sortedcontainers import SortedDict

from backup_core.adapters import audit_table, entities
from backup_core.adapters.azure_errors import Absent, Answer, Call, CallKind, error_for
from backup_core.adapters.compute import read_snapshot
from backup_core.adapters.entities import RowRange
from backup_core.adapters.storage_queue import LONGEST_DELAY
from backup_core.domain.acting import OWN, Bound, not_held
from backup_core.domain.agenda import AgendaKind, AgendaRow
from backup_core.domain.audit import AuditRecord, AuditScope
from backup_core.domain.binding import LONGEST_DAYS
from backup_core.domain.data_sample import ByteRange
from backup_core.domain.disk import Disk, OperationState, Snapshot
from backup_core.domain.disk_skus import BACKGROUND_COPY_SKUS
from backup_core.domain.errors import (
    BackupError,
    CloudUnavailable,
    CredentialRefused,
    DiskNotFound,
    IdentityNotHeld,
    NotAllowedNow,
    PermissionMissing,
    RecordCorrupt,
    RequestRefused,
    RestoreGroupNotFound,
    ScopeLocked,
    SnapshotGroupNotFound,
    SnapshotLimitReached,
    SnapshotNotFound,
)
from backup_core.domain.events import KINDS, Event, data_schema
from backup_core.domain.messages import Sendable, decode, encode
from backup_core.domain.origin import (
    OriginInstance,
    OriginPoint,
    OriginPolicy,
    OriginVault,
    read_instance,
    read_point,
    read_policy,
    read_vault,
)
from backup_core.domain.pacing import News
from backup_core.domain.permissions import READ_PERMISSIONS, Grant, Permissions
from backup_core.domain.reach import Scope
from backup_core.domain.resource_ids import (
    DISK,
    ENCRYPTION_SET,
    SNAPSHOT,
    GroupId,
    VaultKey,
    parse_resource_id,
    plain_location,
)
from backup_core.domain.restored_disk import access_of
from backup_core.domain.surroundings import (
    DISK_COUNTERS,
    SNAPSHOT_COUNTERS,
    BilledDay,
    EncryptionSet,
    Group,
    Identity,
    Lock,
    Offer,
    Usage,
)
from backup_core.domain.swap import DataDisk, Machine, MachineRefused
from backup_core.domain.vault import Promises, Vault
from backup_core.ports import (
    AuditPage,
    AzureBackup,
    Change,
    Clock,
    DiskCloud,
    G,
    GlancePage,
    Insert,
    Memory,
    Page,
    PoisonMessage,
    Ports,
    R,
    Record,
    Refusal,
    Remove,
    Replace,
    StateConflict,
    Stored,
)

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday; where a test's clock stands unless told otherwise

HOME = GroupId(subscription="11111111-1111-4111-8111-111111111111", group="backup-rg")  # of the vault that tests use
FAKE_CLIENT = "99999999-9999-4999-8999-0000000000cc"
FAKE_TENANT = "99999999-9999-4999-8999-0000000000ee"
FAKE_PRINCIPAL = "99999999-9999-4999-8999-0000000000ff"

P = ParamSpec("P")
T = TypeVar("T")


class FakeClock:
    """Stands still until a test moves it."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def set(self, now: datetime) -> None:
        assert now.tzinfo is not None, "the clock is aware"
        self._now = now.astimezone(UTC)

    def advance(self, step: timedelta | None = None, **units: float) -> datetime:
        """Move on by `step`, or by units as timedelta names them: `advance(minutes=5)`."""
        self._now += step if step is not None else timedelta(**units)
        return self._now


class SlowClock:
    """Moves a clock on whenever it is looked at: for a run that takes its time."""

    def __init__(self, clock: FakeClock, step: timedelta) -> None:
        self._clock = clock
        self._step = step

    def now(self) -> datetime:
        return self._clock.advance(self._step)


@dataclass(frozen=True, slots=True)
class OtherClock:
    """A host's clock that differs from the true time."""

    clock: Clock
    ahead: timedelta

    def now(self) -> datetime:
        return self.clock.now() + self.ahead


class Faults:
    """The log of all port calls ("store.commit", "cloud.get_disk", ...) and the errors that some of them get.

    An error comes before the call has its effect, or with `after=True` once it has: an answer that got lost.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self._planned: dict[str, list[tuple[BaseException, bool]]] = {}
        self._at: dict[int, tuple[BaseException, bool]] = {}
        self._interruptions: dict[int, Callable[[], None]] = {}
        self._paused = False

    def __deepcopy__(self, memo: dict[int, Any]) -> Faults:
        memo[id(self)] = made = copy(self)
        made.calls, made._at, made._interruptions = list(self.calls), dict(self._at), dict(self._interruptions)
        made._planned = {call: list(planned) for call, planned in self._planned.items()}
        return made

    def fail(self, call: str, error: Exception, *, times: int = 1, after: bool = False) -> None:
        """Fail the next `times` calls of that name, after those planned earlier."""
        self._planned.setdefault(call, []).extend([(error, after)] * times)

    def fail_nth(self, nth: int, error: BaseException, *, after: bool = False) -> None:
        """Fail the `nth` port call from now (0 is the next one), whatever it is."""
        self._at[len(self.calls) + nth] = (error, after)

    def interrupt_nth(self, nth: int, what: Callable[[], None]) -> None:
        """Let `what` happen elsewhere when the `nth` port call from now is made and has not had its effect yet."""
        self._interruptions[len(self.calls) + nth] = what

    @property
    def are_paused(self) -> bool:
        return self._paused

    @property
    def are_planned(self) -> bool:
        return bool(self._at or self._interruptions or any(self._planned.values()))

    def clear(self) -> None:
        self._planned.clear()
        self._at.clear()
        self._interruptions.clear()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Look at the fakes without being logged or hit."""
        self._paused, before = True, self._paused
        try:
            yield
        finally:
            self._paused = before

    def count(self, prefix: str) -> int:
        return sum(call.startswith(prefix) for call in self.calls)

    def lets_pass(self, call: str) -> bool:
        """Whether nothing is planned, as mostly; then the call is in the log."""
        if self._paused:
            return True
        if self._at or self._interruptions or self._planned:
            return False
        self.calls.append(call)
        return True

    def around(self, call: str, act: Callable[[], T]) -> T:
        planned, interruption = self._take(call), self._interruptions.pop(len(self.calls), None)
        self.calls.append(call)
        if interruption is not None:
            with self.paused():
                interruption()
        if planned is None:
            return act()
        error, after = planned
        if after:
            act()
        raise error

    def _take(self, call: str) -> tuple[BaseException, bool] | None:
        if (at := self._at.pop(len(self.calls), None)) is not None:
            return at
        waiting = self._planned.get(call)
        return waiting.pop(0) if waiting else None


class _Port:
    """A copy of one shares what never changes: rows, messages and records are replaced, and values are values. Proofs
    copy whole worlds, thousands of them."""

    name = ""

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        made = copy(self)
        memo[id(self)] = made
        for name, value in vars(self).items():
            setattr(made, name, self._copied(name, value, memo))
        return made

    def _copied(self, name: str, value: Any, memo: dict[int, Any]) -> Any:
        return deepcopy(value, memo)


Self = TypeVar("Self", bound=_Port)


def _call(method: Callable[Concatenate[Self, P], T]) -> Callable[Concatenate[Self, P], T]:
    """A port method: logged, and failed when planned."""

    names: dict[str, str] = {}  # of the call, by the port's

    @wraps(method)
    def call(self: Self, *args: P.args, **kwargs: P.kwargs) -> T:
        name = names.get(self.name) or names.setdefault(self.name, f"{self.name}.{method.__name__}")
        if self.faults.lets_pass(name):
            return method(self, *args, **kwargs)
        return self.faults.around(name, lambda: method(self, *args, **kwargs))

    return cast("Callable[Concatenate[Self, P], T]", call)


class FakeStore(_Port):
    """Tables as dictionaries of entities, each partition in the order of its row keys, so that a read costs what it
    answers and not what exists. `corrupt_record` and `corrupt_agenda_row` spoil what is stored."""

    name = "store"

    def __init__(self, faults: Faults | None = None) -> None:
        super().__init__(faults)
        self._records: defaultdict[str, SortedDict[str, dict[str, Any]]] = defaultdict(SortedDict)
        self._agenda: defaultdict[str, SortedDict[str, dict[str, Any]]] = defaultdict(SortedDict)
        self.checked = True  # whether what is read is what its row holds as JSON; without, what was written
        self.agenda_checked = True  # the same of the rows of the agenda
        self._etags = itertools.count(1)
        self._read: dict[str, Stored[Any]] = {}  # rows that were read once, by ETag: values do not change

    def _copied(self, name: str, value: Any, memo: dict[int, Any]) -> Any:
        if name in ("_records", "_agenda"):
            return _tables(value)
        return dict(value) if name == "_read" else super()._copied(name, value, memo)

    @_call
    def get(self, record: type[R], vault: VaultKey, *key: str) -> Stored[R] | None:
        address = entities.record_address(cast("Any", record), vault, *key)
        entity = self._records.get(address.partition, {}).get(address.row)
        return None if entity is None else self._stored(record, entity)

    @_call
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
        if record is Vault:
            raise ValueError("vaults are listed by vaults()")
        kind = cast("Any", record)
        rows = entities.record_range(kind, *key_prefix, first=first, last=last)
        rows = entities.span(kind, among) if among else rows
        return self._page(record, entities.record_partition(kind, vault), rows, token, limit)

    @_call
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
        record = entities.GLANCED[cast("Any", glance)]
        rows = entities.record_range(record, *key_prefix, first=first, last=last)
        rows = entities.span(record, among) if among else rows
        wanted = replace(rows, after=entities.read_page_token(token)) if token else rows
        table = self._records[entities.record_partition(record, vault)]
        keys = list(itertools.islice(_keys_within(table, wanted), limit + 1))
        seen = [entities.read_glance(glance, table[key]) for key in keys[:limit]]
        if any(each is None for each in seen):
            page = self._page(record, entities.record_partition(record, vault), rows, token, limit)
            whole = tuple(glance.of(stored.value) for stored in page.items)  # type: ignore[arg-type]
            return GlancePage(items=whole, next_token=page.next_token, corrupt=page.corrupt)  # type: ignore[arg-type]
        more = entities.page_token(keys[limit - 1]) if len(keys) > limit else None
        return GlancePage(items=tuple(each for each in seen if each is not None), next_token=more)

    @_call
    def vaults(
        self, *, subscription: str | None = None, group: str | None = None, token: str | None = None, limit: int = 1000
    ) -> Page[Vault]:
        rows = entities.vault_range(subscription, group)
        return self._page(Vault, entities.VAULTS_PARTITION, rows, token, limit)

    @_call
    def commit(self, vault: VaultKey, changes: Sequence[Change]) -> tuple[str, ...]:
        addresses = entities.changed_addresses(vault, changes)
        write = entities.record_entity if self.checked else _unread
        written = [_entity(change, address, write) for change, address in zip(changes, addresses, strict=True)]
        table = self._records[addresses[0].partition]  # a commit is of one
        before = [table.get(address.row) for address in addresses]
        for change, address, present in zip(changes, addresses, before, strict=True):
            _compare(change, address, present)
        etags = []
        for change, address, present, entity in zip(changes, addresses, before, written, strict=True):
            if present is not None:
                self._read.pop(present["etag"], None)
            etag = ""
            if entity is None:
                del table[address.row]
            else:
                etag = entity["etag"] = f'W/"{next(self._etags)}"'
                table[address.row] = entity
                if not self.checked and not isinstance(change, Remove):
                    self._read[etag] = Stored(value=change.value, etag=etag)
            etags.append(etag)
        return tuple(etags)

    @_call
    def due(self, kind: AgendaKind, *, until: datetime, limit: int) -> tuple[AgendaRow, ...]:
        end = entities.due_before(until)
        heads = [
            table[row]
            for partition in _shards(kind)
            if (table := self._agenda.get(partition)) and next(iter(table)) < end
            for row in table.irange(None, end, (True, False))
        ]
        if not heads:
            return ()
        heads.sort(key=lambda entity: str(entity["RowKey"]))
        rows = (self._read_agenda(kind, entity) for entity in heads)
        return tuple(itertools.islice((row for row in rows if row is not None), limit))

    @_call
    def agenda(self, kind: AgendaKind) -> Iterator[AgendaRow]:
        rows = [
            self._read_agenda(kind, entity)
            for shard in range(entities.SHARDS)
            for entity in list(self._agenda.get(entities.agenda_partition(kind, shard), {}).values())
        ]
        return iter([row for row in rows if row is not None])

    @_call
    def schedule(self, rows: Sequence[AgendaRow], *, instead_of: Sequence[AgendaRow] = ()) -> None:
        write = entities.agenda_entity if self.agenda_checked else _kept
        written = [entities.agenda_address(row) for row in rows]
        for row, address in zip(rows, written, strict=True):
            keys = {"PartitionKey": address.partition, "RowKey": address.row}
            self._agenda[address.partition][address.row] = write(row) | keys
        for address in {entities.agenda_address(row) for row in instead_of}.difference(written):
            self._agenda.get(address.partition, {}).pop(address.row, None)

    @_call
    def unschedule(self, rows: Sequence[AgendaRow]) -> None:
        for row in rows:
            address = entities.agenda_address(row)
            self._agenda.get(address.partition, {}).pop(address.row, None)

    def corrupt_record(self, record: type[Record], vault: VaultKey, *key: str, **columns: Any) -> None:
        """Spoil a stored row: its body is no JSON any more, or `columns` replace its own."""
        address = entities.record_address(record, vault, *key)
        rows = self._records[address.partition]
        self._read.pop(rows[address.row]["etag"], None)
        rows[address.row] = rows[address.row] | (columns or {"body0": "{"})

    def corrupt_agenda_row(self, row: AgendaRow, **columns: Any) -> None:
        address = entities.agenda_address(row)
        rows = self._agenda[address.partition]
        rows[address.row] = rows[address.row] | (columns or {"body0": "{"})

    def next_due_at(self) -> datetime | None:
        """When the first row of the agenda is due, of whatever kind."""
        partitions = (entities.agenda_partition(kind, shard) for kind in AgendaKind for shard in range(entities.SHARDS))
        heads = [table.peekitem(0)[0] for name in partitions if (table := self._agenda.get(name))]
        return datetime.fromtimestamp(int(min(heads)[:11]), UTC) if heads else None

    def set_aside(self, kind: AgendaKind) -> int:
        """How many unreadable rows of the agenda were moved out of the way."""
        return len(self._agenda.get(entities.aside_partition(kind), {}))

    def copy(self) -> object:
        """The tables as they are now, for `go_back`."""
        return _tables(self._records), _tables(self._agenda)

    def go_back(self, to: Any) -> None:
        """Set the tables back to a copy, as a restore of the account would. ETags of the time after it are as good as
        any other: the numbering goes on."""
        self._records, self._agenda = map(_tables, to)
        self._read.clear()

    def forget_everything(self) -> None:
        """Lose all tables, as `catalogue rebuild` must survive."""
        self._records.clear()
        self._agenda.clear()

    def _page(self, record: type[R], partition: str, rows: entities.RowRange, token: str | None, limit: int) -> Page[R]:
        wanted = replace(rows, after=entities.read_page_token(token)) if token else rows
        table = self._records[partition]
        keys = list(itertools.islice(_keys_within(table, wanted), limit + 1))
        more = entities.page_token(keys[limit - 1]) if len(keys) > limit else None
        known = tuple([self._read.get(table[key]["etag"]) for key in keys[:limit]])
        if all(known):  # as mostly: thousands of rows
            return Page(items=cast("tuple[Stored[R], ...]", known), next_token=more)
        items: list[Stored[R]] = []
        corrupt: list[str] = []
        for entity in map(table.__getitem__, keys[:limit]):
            try:
                items.append(self._stored(record, entity))
            except RecordCorrupt as error:
                corrupt.append(error.target or entity["RowKey"])
        return Page(items=tuple(items), next_token=more, corrupt=tuple(corrupt))

    def _stored(self, record: type[R], entity: Mapping[str, Any]) -> Stored[R]:
        etag = entity["etag"]
        known = self._read.get(etag)
        if known is None:
            known = self._read[etag] = Stored(value=entities.read_record(record, entity), etag=etag)
        return known

    def _read_agenda(self, kind: AgendaKind, entity: dict[str, Any]) -> AgendaRow | None:
        if "row" in entity:
            return cast("AgendaRow", entity["row"])
        try:
            return entities.read_agenda_row(kind, entity)
        except entities.NewerVersion:
            return None
        except RecordCorrupt:
            self._agenda[entities.aside_partition(kind)][entity["RowKey"]] = entity
            del self._agenda[entity["PartitionKey"]][entity["RowKey"]]
            return None


@cache
def _shards(kind: AgendaKind) -> tuple[str, ...]:
    return tuple(entities.agenda_partition(kind, shard) for shard in range(entities.SHARDS))


def _tables(tables: Mapping[str, SortedDict[str, Any]]) -> defaultdict[str, SortedDict[str, dict[str, Any]]]:
    """A copy that goes its own ways; rows are replaced and never changed."""
    return defaultdict(SortedDict, {partition: rows.copy() for partition, rows in tables.items()})


def _compare(change: Change, address: entities.Address, present: Mapping[str, Any] | None) -> None:
    if isinstance(change, Insert) and present is not None:
        raise StateConflict(f"{address.row} exists already")
    if isinstance(change, Replace | Remove) and (present is None or present["etag"] != change.stored.etag):
        raise StateConflict(f"{address.row} changed")


def _keys_within(table: SortedDict[str, dict[str, Any]], rows: RowRange) -> Iterator[str]:
    """In order."""
    if rows.after is not None and rows.after >= rows.start:
        return iter(table.irange(rows.after, rows.end, (False, rows.closed)))
    return iter(table.irange(rows.start, rows.end, (True, rows.closed)))


def _entity(
    change: Change, address: entities.Address, write: Callable[[Any], Mapping[str, Any]]
) -> dict[str, Any] | None:
    if isinstance(change, Remove):
        return None
    return {"PartitionKey": address.partition, "RowKey": address.row, **write(change.value)}


def _unread(record: Record) -> Mapping[str, Any]:
    """Columns of a row that nobody reads."""
    del record
    return {}


def _kept(row: AgendaRow) -> dict[str, Any]:
    """A row of the agenda as it will be read: its key holds whole seconds."""
    return {"row": replace(row, due_at=row.due_at.replace(microsecond=0)) if row.due_at.microsecond else row}


_KINDS = {each.kind: each.__name__ for each in get_args(Sendable)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A message on its way: as text, as the queue holds it."""

    number: int
    queue: str
    text: str
    visible_at: datetime

    @property
    def kind(self) -> str:
        """What it says that it is; "" for what is no message of ours."""
        try:
            raw = json.loads(self.text)
        except ValueError:
            return ""
        return _KINDS.get(raw.get("kind"), "") if isinstance(raw, dict) else ""

    @property
    def message(self) -> Sendable:
        message: Sendable = decode(self.text, get_args(Sendable))
        return message


HELD = timedelta(minutes=5)  # a poison message that somebody looks at


def poison_queue(queue: str) -> str:
    return f"{queue}-poison"


class FakeQueue(_Port):
    """All queues in one. A message stays until a test deletes it, as a step that died would leave it. `wait` is how
    long each lies there once it is visible, because others stand before it."""

    name = "queue"

    def __init__(self, clock: FakeClock, faults: Faults | None = None) -> None:
        super().__init__(faults)
        self._clock = clock
        self._envelopes: dict[int, Envelope] = {}
        self._numbers = itertools.count(1)
        self.sent: list[Sendable] = []
        self.wait = timedelta(0)
        self.mark: str | None = None

    def _copied(self, name: str, value: Any, memo: dict[int, Any]) -> Any:
        return copy(value) if name in ("_envelopes", "sent") else super()._copied(name, value, memo)

    @_call
    def send(self, message: Sendable, *, delay: timedelta = timedelta(0)) -> None:
        if not timedelta(0) <= delay <= LONGEST_DELAY:
            raise ValueError(f"no message can be put off by {delay}")
        self.sent.append(message)
        self._put(message.queue, encode(message), self._clock.now() + delay + self.wait)

    def send_all(self, messages: Sequence[tuple[Sendable, timedelta]]) -> None:
        """Each is a call of `send` to whoever plans a fault."""
        errors = []
        for message, delay in messages:
            try:
                self.send(message, delay=delay)
            except BackupError as error:
                errors.append(error)
        if errors:
            raise errors[0]

    @_call
    def poisoned(self, queue: str) -> tuple[PoisonMessage, ...]:
        found = [each for each in self.due() if each.queue == poison_queue(queue)][:32]
        until = self._clock.now() + HELD
        for each in found:
            self.hide(each, until)
        return tuple(
            PoisonMessage(
                queue=queue,
                text=each.text if isinstance(each.text, bytes) else each.text.encode(errors="replace"),
                message_id=str(each.number),
                receipt=until.isoformat(),
            )
            for each in found
        )

    @_call
    def forget(self, message: PoisonMessage) -> None:
        held = self._envelopes.get(int(message.message_id))
        if held is not None and held.visible_at.isoformat() == message.receipt:
            self.delete(held)

    @_call
    def leave_mark(self, text: str) -> None:
        text.encode("ascii")
        self.mark = text

    @_call
    def read_mark(self) -> str | None:
        return self.mark

    def due(self, now: datetime | None = None) -> list[Envelope]:
        """The visible messages, in the order in which they became visible."""
        until = now or self._clock.now()
        visible = (envelope for envelope in self._envelopes.values() if envelope.visible_at <= until)
        return sorted(visible, key=lambda envelope: (envelope.visible_at, envelope.number))

    def waiting(self) -> list[Envelope]:
        """All messages, visible or not yet."""
        return sorted(self._envelopes.values(), key=lambda envelope: (envelope.visible_at, envelope.number))

    def next_visible_at(self) -> datetime | None:
        return min((envelope.visible_at for envelope in self._envelopes.values()), default=None)

    def delete(self, envelope: Envelope) -> None:
        """What the host does when a step succeeded; also how a test loses a message."""
        self._envelopes.pop(envelope.number, None)

    def hide(self, envelope: Envelope, until: datetime) -> None:
        """Give a message back later, as after a step that failed or a host that died."""
        if envelope.number in self._envelopes:
            self._envelopes[envelope.number] = replace(envelope, visible_at=until)

    def duplicate(self, envelope: Envelope) -> None:
        """Deliver a message twice."""
        self._put(envelope.queue, envelope.text, envelope.visible_at)

    def poison(self, envelope: Envelope) -> None:
        """What the host does with a message that failed five times."""
        self.delete(envelope)
        self._put(poison_queue(envelope.queue), envelope.text, self._clock.now())

    def put_text(self, queue: str, text: str) -> None:
        """A message that someone else wrote."""
        self._put(queue, text, self._clock.now())

    def _put(self, queue: str, text: str, visible_at: datetime) -> None:
        number = next(self._numbers)
        self._envelopes[number] = Envelope(number=number, queue=queue, text=text, visible_at=visible_at)


@dataclass(slots=True, kw_only=True)
class _Resource:
    """A disk or snapshot that exists; `raw` is ARM's JSON of it once ready."""

    raw: dict[str, Any]
    ready_at: datetime
    copied_at: datetime  # when the copy in the background reaches 100 percent
    created_at: datetime
    failed: bool = False
    deleted_at: datetime | None = None  # when the deletion that was accepted is done
    bound: tuple[datetime, datetime] | None = None  # since when and until when it is immutable
    content: str = ""  # what its bytes follow from
    access_until: datetime | None = None  # how long somebody may read them
    access_url: str = ""  # the operation that granted it
    copied_from: str = ""  # the snapshot in another region, by its id in small letters
    copy_of: str = ""  # the unique id of that one's disk
    broken: bool = False  # its source went before it was whole

    def __deepcopy__(self, memo: dict[int, Any]) -> _Resource:
        return replace(self, raw=_json_copy(self.raw))


def _json_copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _json_copy(inner) for key, inner in value.items()}
    return [_json_copy(inner) for inner in value] if isinstance(value, list) else value


class _Snapshots(UserDict[str, _Resource]):
    """By id in small letters. `of_source` counts those of a disk, by its id in small letters: a limit asks for it."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock
        self._copying: dict[str, _Resource] = {}
        self.of_source: Counter[str] = Counter()

    def copying(self) -> list[_Resource]:
        """What is being copied from another region."""
        now = self._clock.now()
        under_way = {
            key: each
            for key, each in self._copying.items()
            if now < each.copied_at and not each.failed and not each.broken and self.get(key) is each
        }
        self._copying = under_way
        return list(under_way.values())

    def __setitem__(self, key: str, resource: _Resource) -> None:
        if key in self:
            del self[key]
        super().__setitem__(key, resource)
        self.of_source[_source_of(resource.raw)] += 1
        if resource.copied_from:
            self._copying[key] = resource

    def __delitem__(self, key: str) -> None:
        for each in self.copying() if self._copying else ():
            each.broken = each.broken or each.copied_from == key
        self.of_source[_source_of(self[key].raw)] -= 1
        super().__delitem__(key)


@dataclass(slots=True, kw_only=True)
class _Operation:
    resource_id: str
    ready_at: datetime
    error: tuple[str, str] | None = None


@dataclass(slots=True, kw_only=True)
class _Machine:
    """A virtual machine; a change that was accepted is made when its time has come."""

    raw: dict[str, Any]
    power: str
    ready_at: datetime
    pending: dict[str, Any] | None = None  # its storage profile, once the change is made

    @property
    def profile(self) -> dict[str, Any]:
        found: dict[str, Any] = self.raw["properties"]["storageProfile"]
        return found

    def shown(self, now: datetime) -> dict[str, Any]:
        shown = deepcopy(self.raw)
        shown["properties"]["provisioningState"] = "Updating" if now < self.ready_at else "Succeeded"
        shown["properties"]["instanceView"] = {"statuses": [{"code": f"PowerState/{self.power}"}]}
        return shown


def _disks_of(machine: _Machine) -> list[str]:
    found = Machine(raw=machine.raw)
    return [*filter(None, [found.os_disk_id]), *(each.disk_id for each in found.data_disks)]


def data_disk_json(disk: DataDisk) -> dict[str, Any]:
    """A data disk as a machine's GET shows it."""
    return {
        "lun": disk.lun,
        "name": disk.disk_id.rpartition("/")[2],
        "createOption": "Attach",
        "caching": disk.caching,
        "writeAcceleratorEnabled": disk.write_accelerated,
        "deleteOption": disk.delete_option or "Detach",
        "managedDisk": {"id": disk.disk_id, "storageAccountType": "Premium_LRS"},
    }


class _Acting:
    """A fake of Azure, with calls made as an identity. What a list holds is read as whoever asked for it."""

    def __init__(self, azure: FakeCloud | FakeAzureBackup, identity: str) -> None:
        self._azure = azure
        self._identity = identity

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._azure, name)
        if name in ("acting_as", "holds", "identity", "news", "snapshot_of", "read_data") or not callable(method):
            return method

        def call(*args: Any, **named: Any) -> Any:
            if self._identity != OWN and self._identity not in self._azure.user_identities:
                raise IdentityNotHeld(f"{not_held(self._identity)}.", target=self._identity)
            before, self._azure.acting = self._azure.acting, self._identity
            try:
                answer = method(*args, **named)
                return iter(list(answer)) if isinstance(answer, Iterator) else answer
            finally:
                self._azure.acting = before

        return call


class FakeCloud(_Port):
    """Disks and snapshots whose operations take as long as `snapshot_time` and `disk_time` say, by the clock.

    A group exists once something was put into it by `add_group` or `add_disk`. `locks` holds scopes (ids in small
    letters) under which nothing is deleted. `guard(call, target)` may raise what roles or policies would. `grants` says
    what the app may do, by scope (ids in small letters), as `permissions_at` tells it; the scopes above count too.
    `acting` is the identity whose call `guard` sees.
    `taken` and `removed` are the ledger: ids of snapshots physically taken, and of those whose deletion was accepted,
    in order, doubles included. A deletion takes `deletion_time`, in which the snapshot is still there. A snapshot that
    is younger than `read_lag` is not seen by those who look for it or list its group.
    """

    name = "cloud"

    def __init__(self, clock: FakeClock, faults: Faults | None = None) -> None:
        super().__init__(faults)
        self._clock = clock
        self._disks: dict[str, _Resource] = {}
        self._snapshots = _Snapshots(clock)
        self._leaving: set[str] = set()  # snapshots whose deletion was accepted
        self._machines: dict[str, _Machine] = {}
        self._operations: dict[str, _Operation] = {}
        self._numbers = itertools.count(1)
        self._late_errors: list[tuple[str, str]] = []
        self._late_deletions: list[tuple[str, str]] = []
        self.groups: set[str] = {HOME.key}
        self.region_names = frozenset({"westeurope", "northeurope", "eastus", "centraluseuap"})
        self.zonal_regions = frozenset({"westeurope", "northeurope", "eastus"})
        self.locks: set[str] = set()
        self.lock_levels: dict[str, str] = {}  # where it is not CanNotDelete
        self.guard: Callable[[str, str], None] = lambda call, target: None
        self.denied: dict[str, str] = {}
        self.grants: dict[str, list[Grant]] = {"": [Grant(actions=("*",))]}
        self.encryption_sets: dict[str, EncryptionSet] = {}
        self.usage_limits: dict[str, int] = {}  # of counters, where they are not Azure's own
        self.principal = FAKE_PRINCIPAL
        self.has_token = True
        self.user_identities: dict[str, Identity] = {}  # what the app holds besides its own, by id in small letters
        self.snapshot_time = timedelta(seconds=1)
        self.copy_time = timedelta(minutes=10)  # of Premium SSD v2 and Ultra
        self.disk_time = timedelta(seconds=2)
        self.machine_time = timedelta(seconds=3)
        self.deletion_time = timedelta(0)
        self.access_time = timedelta(seconds=1)
        self.read_lag = timedelta(0)
        self.ignores_bindings = False  # whether what is asked of a snapshot's immutability is accepted and not done
        self.failed_deletion_shows = False  # whether a snapshot whose deletion failed is in state Failed
        self.snapshot_limit = 500
        self.region_copy_time = timedelta(minutes=3)  # of copies to another region
        self.span_of_copy: Callable[[str], timedelta] | None = None  # by its id, where they differ
        self.copies_at_once = 0  # the most that there were
        self.region_copy_times: dict[str, timedelta] = {}  # what each took, by its id
        self.region_copies: list[str] = []  # ids of copies to other regions, in the order in which they were begun
        self._newest_copied: dict[tuple[str, str], datetime] = {}  # by disk and region: when it was taken
        self.untold: list[News] = []  # what answers told of budgets
        self.taken: list[str] = []
        self.removed: list[str] = []
        self.made_disks: list[str] = []
        self.deleted_disks: list[str] = []
        self.spoil_disk: Callable[[dict[str, Any]], None] = lambda raw: None  # what befalls each new disk
        self.contents: dict[str, str] = {}  # of disks and snapshots whose bytes are not those of their source, by id
        self.unreadable: set[str] = set()  # ids of disks and snapshots whose bytes cannot be read
        self.acting = OWN  # whose call is being made

    def _copied(self, name: str, value: Any, memo: dict[int, Any]) -> Any:
        return copy(value) if name in _OF_VALUES else super()._copied(name, value, memo)

    def acting_as(self, identity: str) -> DiskCloud:
        return cast("DiskCloud", _Acting(self, identity.lower()))

    def holds(self, identity: str) -> bool:
        return identity.lower() in self.user_identities

    def _meet(self, kind: CallKind, name: str, target: str) -> None:
        """Raise what stands in the call's way. Raises Absent where Azure denies the thing itself."""
        self.guard(name, target)
        code = next((code for scope, code in self.denied.items() if _covers(scope, target)), None)
        if code is not None:
            raise error_for(Call(kind=kind, target=target), Answer(status=404, code=code))

    def _is_denied(self, kind: CallKind, name: str, target: str) -> bool:
        """As `_meet`, where the thing's own absence is an answer."""
        try:
            self._meet(kind, name, target)
        except Absent:
            return True
        return False

    @_call
    def get_disk(self, disk_id: str) -> Disk:
        self._meet(CallKind.GET_DISK, "get_disk", disk_id)
        self._settle_disks()
        found = self._disks.get(disk_id.lower())
        if found is None:
            raise DiskNotFound(f"The Resource '{disk_id}' was not found.", target=disk_id)
        return Disk(raw=self._shown(found))

    @_call
    def find_disk(self, disk_id: str) -> Disk | None:
        if self._is_denied(CallKind.FIND_DISK, "find_disk", disk_id):
            return None
        if self._group(disk_id, DISK).key not in self.groups:
            raise RestoreGroupNotFound(f"The resource group of '{disk_id}' could not be found.", target=disk_id)
        self._settle_disks()
        self._settle_machines()
        found = self._disks.get(disk_id.lower())
        return Disk(raw=self._shown(found)) if found else None

    @_call
    def start_snapshot(self, snapshot_id: str, *, source: Disk, tags: Mapping[str, str]) -> str:
        self._meet(CallKind.START_SNAPSHOT, "start_snapshot", snapshot_id)
        self._need_snapshot_group(snapshot_id)
        present = self._snapshots.get(snapshot_id.lower())
        if present is not None and not self._has_failed(present):
            if _source_of(present.raw) != source.id.lower():
                raise RequestRefused("Changing property 'sourceResourceId' is not allowed.", code="BadRequest")
            present.raw["tags"] = dict(tags)
            return self._operation(snapshot_id, present.ready_at)
        disk = self._disks.get(source.id.lower())
        if disk is None:
            raise DiskNotFound(f"The Resource '{source.id}' was not found.", target=source.id)
        if self._snapshots.of_source[source.id.lower()] >= self.snapshot_limit:
            raise SnapshotLimitReached(f"'{source.id}' has {self.snapshot_limit} snapshots.")
        return self._take_snapshot(snapshot_id, Disk(raw=disk.raw), tags)

    @_call
    def start_copy(
        self, snapshot_id: str, *, source: Snapshot, location: str, tags: Mapping[str, str], encryption_set_id: str = ""
    ) -> str:
        self._meet(CallKind.START_COPY, "start_copy", snapshot_id)
        self._need_snapshot_group(snapshot_id)
        present, now = self._snapshots.get(snapshot_id.lower()), self._clock.now()
        if present is not None and not self._has_failed(present):
            if _source_of(present.raw) != source.id.lower():
                raise RequestRefused("Changing property 'sourceResourceId' is not allowed.", code="BadRequest")
            return self._operation(snapshot_id, present.ready_at)
        found = self._snapshots.get(source.id.lower())
        if found is None:
            raise SnapshotNotFound(f"Snapshot '{source.id}' is not found.", target=source.id)
        if found.copied_at > now:
            raise NotAllowedNow(f"'{source.id}' is not ready to be copied.", target=source.id)
        disk = found.raw["properties"]["creationData"]["sourceUniqueId"]
        busy = self._snapshots.copying()
        if any(each.copy_of == disk for each in busy):
            raise NotAllowedNow(f"Another snapshot of '{disk}' is being copied.", target=snapshot_id)
        subscription = snapshot_id.split("/")[2]
        if (
            sum((each.raw["location"], each.raw["id"].split("/")[2]) == (location, subscription) for each in busy)
            >= 100
        ):
            raise NotAllowedNow("The CopyStart requests limit of 100 is reached.", target=snapshot_id)
        before = self._newest_copied.get((disk, location))
        if before is not None and found.created_at < before:
            raise NotAllowedNow("Snapshots of one disk must be copied in the order of their creation.")
        raw = self._snapshot_json(snapshot_id, Disk(raw=found.raw), tags)
        raw["location"] = location
        raw["properties"]["creationData"]["createOption"] = "CopyStart"
        raw["properties"]["encryption"] = {"type": "EncryptionAtRestWithPlatformKey"}
        if encryption_set_id:
            raw["properties"]["encryption"] = {"diskEncryptionSetId": encryption_set_id}
        ready_at, span = now + self.snapshot_time, self.region_copy_time
        if self.span_of_copy is not None:
            span = self.span_of_copy(snapshot_id)
        self.region_copy_times[snapshot_id] = span
        resource = _Resource(raw=raw, ready_at=ready_at, copied_at=ready_at + span, created_at=now)
        resource.copy_of, resource.copied_from = disk, source.id.lower()
        self._snapshots[snapshot_id.lower()] = resource
        self._newest_copied[disk, location] = found.created_at
        self.region_copies.append(snapshot_id)
        self.copies_at_once = max(self.copies_at_once, 1 + len(busy))
        return self._operation(snapshot_id, ready_at, resource)

    @_call
    def find_snapshot(self, snapshot_id: str) -> Snapshot | None:
        self._settle_deletions()
        if self._is_denied(CallKind.FIND_SNAPSHOT, "find_snapshot", snapshot_id):
            return None
        self._need_snapshot_group(snapshot_id)
        found = self._snapshots.get(snapshot_id.lower())
        return read_snapshot(self._shown(found)) if found and self._is_seen(found) else None

    @_call
    def get_operation(self, url: str) -> OperationState | None:
        operation = self._operations.get(url)
        if operation is None:
            return None
        if operation.ready_at > self._clock.now():
            return OperationState(status="InProgress")
        if operation.error:
            return OperationState(status="Failed", error_code=operation.error[0], error_message=operation.error[1])
        key = operation.resource_id.lower()
        resource = self._snapshots.get(key) or self._disks.get(key)
        if resource is not None and resource.access_url == url:
            return OperationState(status="Succeeded", output={"accessSAS": f"https://data/{url}"})
        return OperationState(status="Succeeded", output=self._shown(resource) if resource else None)

    def snapshot_of(self, operation: OperationState) -> Snapshot | None:
        return read_snapshot(operation.output) if operation.output and "id" in operation.output else None

    @_call
    def delete_snapshot(self, snapshot_id: str) -> str:
        self._settle_deletions()
        if self._is_denied(CallKind.DELETE_SNAPSHOT, "delete_snapshot", snapshot_id):
            return ""
        self._need_snapshot_group(snapshot_id)
        if snapshot_id.lower() not in self._snapshots:
            return ""
        for scope in self.locks:
            if f"{snapshot_id.lower()}/".startswith(f"{scope.rstrip('/')}/"):
                raise ScopeLocked(f"The scope '{snapshot_id}' is locked at '{scope}'.", target=scope)
        bound = self._snapshots[snapshot_id.lower()].bound
        if bound is not None and self._clock.now() < bound[1]:
            raise RequestRefused(f"'{snapshot_id}' is immutable until {bound[1]}.", code="OperationNotAllowed")
        error = self._late_deletions.pop(0) if self._late_deletions else None
        ready_at = self._clock.now() + self.deletion_time
        resource = self._snapshots[snapshot_id.lower()]
        resource.deleted_at = ready_at if error is None else None
        self._leaving.add(snapshot_id.lower())
        resource.failed = resource.failed or (error is not None and self.failed_deletion_shows)
        self._settle_deletions()
        self.removed.append(snapshot_id)
        return self._watched(snapshot_id, ready_at, error)

    @_call
    def bind_snapshot(self, snapshot_id: str, *, days: int) -> None:
        self._meet(CallKind.BIND_SNAPSHOT, "bind_snapshot", snapshot_id)
        self._need_snapshot_group(snapshot_id)
        found = self._snapshots.get(snapshot_id.lower())
        if found is None:
            raise SnapshotNotFound(f"The Resource '{snapshot_id}' was not found.", target=snapshot_id)
        now = self._clock.now()
        since, until = found.bound if found.bound is not None and now < found.bound[1] else (now, now)
        if not 1 <= days <= LONGEST_DAYS or since + timedelta(days=days) < until:
            raise RequestRefused(f"An immutability policy cannot have {days} days.", code="InvalidParameter")
        if not self.ignores_bindings:
            found.bound = since, since + timedelta(days=days)

    @_call
    def tag_snapshot(self, snapshot_id: str, tags: Mapping[str, str]) -> None:
        if self._is_denied(CallKind.TAG_SNAPSHOT, "tag_snapshot", snapshot_id):
            return
        self._need_snapshot_group(snapshot_id)
        if snapshot_id.lower() in self._snapshots:
            self.retag(snapshot_id, tags)

    @_call
    def list_snapshots(self, group: GroupId) -> Iterator[Snapshot]:
        self._settle_deletions()
        self._meet(CallKind.LIST_SNAPSHOTS, "list_snapshots", group.text)
        if group.key not in self.groups:
            raise SnapshotGroupNotFound(f"Resource group '{group.group}' could not be found.", target=group.text)
        snapshots = sorted(self._snapshots.items())
        found = [each for key, each in snapshots if key.startswith(f"{group.key}/") and self._is_seen(each)]
        return iter([read_snapshot(self._shown(each)) for each in found])

    @_call
    def list_all_snapshots(self, subscription: str) -> Iterator[Snapshot]:
        self._settle_deletions()
        scope = f"/subscriptions/{subscription}"
        self._meet(CallKind.LIST_SNAPSHOTS, "list_all_snapshots", scope)
        snapshots = sorted(self._snapshots.items())
        found = [each for key, each in snapshots if _covers(scope, key) and self._is_seen(each)]
        return iter([read_snapshot(self._shown(each)) for each in found])

    @_call
    def list_disks(self, scope: str) -> Iterator[Disk]:
        if self._is_denied(CallKind.LIST_DISKS, "list_disks", scope):
            return iter(())
        return iter([Disk(raw=self._shown(each)) for key, each in sorted(self._disks.items()) if _covers(scope, key)])

    @_call
    def start_disk(self, disk_id: str, body: Mapping[str, Any]) -> str:
        self._meet(CallKind.START_DISK, "start_disk", disk_id)
        if self._group(disk_id, DISK).key not in self.groups:
            raise RestoreGroupNotFound(f"The resource group of '{disk_id}' could not be found.", target=disk_id)
        source_id = _source_of(body)
        present = self._disks.get(disk_id.lower())
        if present is not None and not self._has_failed(present):
            if _source_of(present.raw) != source_id:
                raise RequestRefused("Changing property 'sourceResourceId' is not allowed.", code="BadRequest")
            return self._operation(disk_id, present.ready_at)
        source = self._snapshots.get(source_id)
        if source is None:
            raise SnapshotNotFound(f"The Resource '{source_id}' was not found.", target=source_id)
        if plain_location(source.raw["location"]) != plain_location(body["location"]):
            raise RequestRefused(f"'{source_id}' lies in {source.raw['location']}.", code="OperationNotAllowed")
        return self._make_disk(disk_id, body, source)

    @_call
    def delete_disk(self, disk_id: str) -> str:
        if self._is_denied(CallKind.DELETE_DISK, "delete_disk", disk_id):
            return ""
        self._settle_disks()
        found = self._disks.get(disk_id.lower())
        if found is None:
            return ""
        for scope in self.locks:
            if _covers(scope, disk_id):
                raise ScopeLocked(f"The scope '{disk_id}' is locked at '{scope}'.", target=scope)
        if found.raw.get("managedBy") or self._is_open(found):
            raise NotAllowedNow(f"Disk '{disk_id}' is attached, or access to it is granted.", target=disk_id)
        ready_at = self._clock.now() + self.deletion_time
        found.deleted_at = ready_at
        self.deleted_disks.append(disk_id)
        self._settle_disks()
        return self._watched(disk_id, ready_at, None)

    @_call
    def start_access(self, resource_id: str, *, lasts: timedelta) -> str:
        kind = CallKind.OPEN_DISK if _is_disk(resource_id) else CallKind.OPEN_SNAPSHOT
        self._meet(kind, "start_access", resource_id)
        found = self._found(resource_id)
        if found is None:
            gone = DiskNotFound if _is_disk(resource_id) else SnapshotNotFound
            raise gone(f"The Resource '{resource_id}' was not found.", target=resource_id)
        now = self._clock.now()
        found.access_until = now + lasts
        found.access_url = self._watched(resource_id, now + self.access_time, None)
        return found.access_url

    @_call
    def end_access(self, resource_id: str) -> str:
        kind = CallKind.CLOSE_DISK if _is_disk(resource_id) else CallKind.CLOSE_SNAPSHOT
        if self._is_denied(kind, "end_access", resource_id):
            return ""
        found = self._found(resource_id)
        if found is None:
            return ""
        found.access_until = None
        return self._watched(resource_id, self._clock.now() + self.access_time, None)

    @_call
    def read_data(self, operation: OperationState, resource_id: str, ranges: Sequence[ByteRange]) -> Iterator[bytes]:
        self.guard("read_data", resource_id)
        output = operation.output or {}
        found = self._found(resource_id)
        signed = found is not None and output.get("accessSAS") == f"https://data/{found.access_url}"
        if found is None or not signed or not self._is_open(found) or resource_id.lower() in self.unreadable:
            raise RequestRefused(f"Azure refused to read the data of '{resource_id}'.", code="AuthenticationFailed")
        content, size = self.contents.get(resource_id.lower(), found.content), found.raw["properties"]["diskSizeBytes"]
        if any(each.offset + each.length > size for each in ranges):
            raise RequestRefused(f"'{resource_id}' is shorter.", code="InvalidRange")
        return iter([bytes_of(content, each) for each in ranges])

    def blank(self, snapshot_id: str) -> None:
        """A snapshot of a disk that nobody wrote to."""
        self._snapshots[snapshot_id.lower()].content = ""

    def open_access(self) -> list[str]:
        """The disks and snapshots whose bytes somebody may read."""
        found = [*self._disks.values(), *self._snapshots.values()]
        return [str(each.raw["id"]) for each in found if self._is_open(each)]

    def _found(self, resource_id: str) -> _Resource | None:
        self._settle_disks()
        return self._disks.get(resource_id.lower()) or self._snapshots.get(resource_id.lower())

    def _is_open(self, resource: _Resource) -> bool:
        return resource.access_until is not None and self._clock.now() < resource.access_until

    def _settle_disks(self) -> None:
        now = self._clock.now()
        for key in [key for key, each in self._disks.items() if each.deleted_at and each.deleted_at <= now]:
            del self._disks[key]

    @_call
    def find_machine(self, machine_id: str) -> Machine | None:
        if self._is_denied(CallKind.FIND_MACHINE, "find_machine", machine_id):
            return None
        self._settle_machines()
        found = self._machines.get(machine_id.lower())
        return None if found is None else Machine(raw=found.shown(self._clock.now()))

    @_call
    def detach_disks(self, machine_id: str, disk_ids: Sequence[str]) -> str:
        machine = self._changed_machine("detach_disks", machine_id)
        gone = {each.lower() for each in disk_ids}
        if not gone <= {each.disk_id.lower() for each in Machine(raw=machine.raw).data_disks}:
            raise MachineRefused(f"A disk to detach is not attached to '{machine_id}'.", target=machine_id)
        kept = [each for each in machine.profile["dataDisks"] if each["managedDisk"]["id"].lower() not in gone]
        return self._change_machine(machine, {**machine.profile, "dataDisks": kept})

    @_call
    def attach_disks(self, machine_id: str, disks: Sequence[DataDisk]) -> str:
        machine = self._changed_machine("attach_disks", machine_id)
        taken = {each.lun for each in Machine(raw=machine.raw).data_disks}
        for disk in disks:
            present = self._disks.get(disk.disk_id.lower())
            if present is None or present.raw.get("managedBy") or disk.lun in taken:
                raise MachineRefused(f"Disk '{disk.disk_id}' cannot be attached at LUN {disk.lun}.", target=machine_id)
        attached = [*machine.profile["dataDisks"], *map(data_disk_json, disks)]
        return self._change_machine(machine, {**machine.profile, "dataDisks": attached})

    @_call
    def replace_os_disk(self, machine: Machine, disk_id: str) -> str:
        present = self._changed_machine("replace_os_disk", machine.id)
        disk = self._disks.get(disk_id.lower())
        if machine.raw["etag"] != present.raw["etag"] or disk is None or disk.raw.get("managedBy"):
            raise MachineRefused(f"The OS disk of '{machine.id}' cannot be replaced.", target=machine.id)
        return self._change_machine(present, machine.with_os_disk(disk_id)["properties"]["storageProfile"])

    def add_machine(self, raw: Mapping[str, Any], *, power: str = "deallocated") -> str:
        """A virtual machine with its disks, which have to be there; and its group."""
        made = _Machine(raw=deepcopy({**raw, "etag": '"1"'}), power=power, ready_at=self._clock.now())
        self._machines[str(raw["id"]).lower()] = made
        self._hold_disks(made)
        return str(raw["id"])

    def machine(self, machine_id: str) -> _Machine:
        """As it is, to be changed by somebody else's hand."""
        self._settle_machines()
        return self._machines[machine_id.lower()]

    def _changed_machine(self, call: str, machine_id: str) -> _Machine:
        self._meet(CallKind.CHANGE_MACHINE, call, machine_id)
        self._settle_machines()
        found = self._machines.get(machine_id.lower())
        if found is None:
            raise MachineRefused(f"The Resource '{machine_id}' was not found.", target=machine_id)
        if self._clock.now() < found.ready_at:
            raise CloudUnavailable(f"Another operation is under way on '{machine_id}'.", target=machine_id)
        return found

    def _change_machine(self, machine: _Machine, profile: Mapping[str, Any]) -> str:
        error = self._late_errors.pop(0) if self._late_errors else None
        machine.ready_at = self._clock.now() + self.machine_time
        machine.pending = None if error else deepcopy(dict(profile))
        return self._watched(str(machine.raw["id"]), machine.ready_at, error)

    def _settle_machines(self) -> None:
        """Make the changes whose time has come."""
        for machine in self._machines.values():
            if machine.pending is None or self._clock.now() < machine.ready_at:
                continue
            for disk_id in _disks_of(machine):
                self._hold(disk_id, None)
            machine.raw["properties"]["storageProfile"], machine.pending = machine.pending, None
            machine.raw["etag"] = f'"{next(self._numbers)}"'
            self._hold_disks(machine)

    def _hold_disks(self, machine: _Machine) -> None:
        for disk_id in _disks_of(machine):
            self._hold(disk_id, str(machine.raw["id"]))

    def _hold(self, disk_id: str, machine_id: str | None) -> None:
        held = self._disks.get(disk_id.lower())
        if held is None:
            return
        state = {"diskState": "Reserved" if machine_id else "Unattached"}
        own = {name: value for name, value in held.raw.items() if name != "managedBy"}
        own |= {"managedBy": machine_id} if machine_id else {}
        held.raw = {**own, "properties": {**own["properties"], **state}}

    @_call
    def find_group(self, group: GroupId) -> Group | None:
        if self._is_denied(CallKind.FIND_GROUP, "find_group", group.text):
            return None
        return Group(id=group.text, location="westeurope") if group.key in self.groups else None

    @_call
    def locks_at(self, group: GroupId) -> tuple[Lock, ...]:
        if self._is_denied(CallKind.READ_LOCKS, "locks_at", group.text):
            return ()
        if group.key not in self.groups:
            return ()
        related = [scope for scope in sorted(self.locks) if _covers(scope, group.key) or _covers(group.key, scope)]
        levels = {scope: self.lock_levels.get(scope, "CanNotDelete") for scope in related}
        return tuple(Lock(name="keep", level=level, scope=scope) for scope, level in levels.items())

    @_call
    def permissions_at(self, scope: str) -> Permissions:
        if self._is_denied(CallKind.READ_PERMISSIONS, "permissions_at", scope):
            return Permissions()
        held = [grant for above, grants in self.grants.items() if _covers(above, scope) for grant in grants]
        found = Permissions(grants=tuple(held))
        if not found.allows(READ_PERMISSIONS):
            raise PermissionMissing(f"no role at '{scope}'", scope=scope, role="Reader")
        group = GroupId(subscription=scope.split("/")[2], group=scope.split("/")[4])
        return found if group.key in self.groups else Permissions()

    @_call
    def regions(self, subscription: str) -> frozenset[str]:
        self.guard("regions", f"/subscriptions/{subscription}")
        return self.region_names

    @_call
    def find_encryption_set(self, set_id: str) -> EncryptionSet | None:
        if self._is_denied(CallKind.FIND_ENCRYPTION_SET, "find_encryption_set", set_id):
            return None
        return self.encryption_sets.get(parse_resource_id(set_id, ENCRYPTION_SET).key)

    @_call
    def usage(self, subscription: str, location: str) -> Mapping[str, Usage]:
        self._meet(CallKind.READ_USAGE, "usage", f"/subscriptions/{subscription}")
        return {
            counter: Usage(
                current=sum(_is_in(each.raw, kind, subscription, location) for each in resources.values()),
                limit=self.usage_limits.get(counter, limit),
            )
            for counters, resources, limit in (
                (DISK_COUNTERS, self._disks, 50_000),
                (SNAPSHOT_COUNTERS, self._snapshots, 75_000),
            )
            for kind, counter in counters.items()
        }

    @_call
    def offered_disks(self, subscription: str, location: str) -> Offer:
        self._meet(CallKind.READ_OFFER, "offered_disks", f"/subscriptions/{subscription}")
        zones = frozenset({"1", "2", "3"}) if plain_location(location) in self.zonal_regions else frozenset[str]()
        zonal_only = ("PremiumV2_LRS", "StandardSSD_ZRS", "Premium_ZRS")
        return {
            sku: frozenset() if sku.endswith("_ZRS") else zones
            for sku in DISK_COUNTERS
            if zones or sku not in zonal_only
        }

    @_call
    def billed(self, scope: str, tags: Mapping[str, str], first: date, last: date) -> tuple[BilledDay, ...]:
        """At five cents, of snapshots as large as their disks, of which a month is 31 days."""
        self._meet(CallKind.READ_COST, "billed", scope)
        found: Counter[date] = Counter()
        for snapshot_id, each in self._snapshots.items():
            if _covers(scope, snapshot_id) and tags.items() <= dict(each.raw.get("tags") or {}).items():
                begin = max(first, each.created_at.date())
                for number in range((last - begin).days + 1):
                    found[begin + timedelta(days=number)] += each.raw["properties"]["diskSizeBytes"]
        return tuple(
            BilledDay(day=day, gib_months=size / 2**30 / 31, cost=size / 2**30 / 31 * 0.05, currency="USD")
            for day, size in sorted(found.items())
        )

    def news(self) -> Sequence[News]:
        told, self.untold = tuple(self.untold), []
        return told

    def identity(self, resource_id: str = "") -> Identity:
        if not self.has_token:
            raise CredentialRefused("no token", target=resource_id)
        if not resource_id:
            return Identity(principal_id=self.principal, client_id=FAKE_CLIENT, tenant_id=FAKE_TENANT)
        if resource_id.lower() not in self.user_identities:
            raise CredentialRefused(f"The app has no identity '{resource_id}'.", target=resource_id)
        return self.user_identities[resource_id.lower()]

    def add_encryption_set(self, set_id: str, **changes: Any) -> EncryptionSet:
        """A disk encryption set with a key that works, and its group."""
        self.groups.add(self._group(set_id, ENCRYPTION_SET).key)
        key_url = "https://keys.vault.azure.net/keys/disks/1"
        made = EncryptionSet(id=set_id, location="westeurope", provisioning_state="Succeeded", key_url=key_url)
        self.encryption_sets[set_id.lower()] = replace(made, **changes)
        return self.encryption_sets[set_id.lower()]

    def add_group(self, group: GroupId) -> None:
        self.groups.add(group.key)

    def remove_group(self, group: GroupId) -> None:
        """Delete a group and all that is in it."""
        self.groups.discard(group.key)
        for resources in (self._disks, self._snapshots):
            for key in [key for key in resources if key.startswith(f"{group.key}/")]:
                del resources[key]

    def add_disk(self, raw: Mapping[str, Any]) -> Disk:
        """A disk that has always been there, and its group."""
        self.groups.add(self._group(str(raw["id"]), DISK).key)
        past = self._clock.now() - timedelta(days=30)
        resource = _Resource(raw=dict(raw), ready_at=past, copied_at=past, created_at=past)
        self._disks[str(raw["id"]).lower()] = resource
        return Disk(raw=raw)

    def remove_disk(self, disk_id: str) -> None:
        self._disks.pop(disk_id.lower(), None)

    def add_snapshot(
        self, snapshot_id: str, *, source: Disk, tags: Mapping[str, str] | None = None, at: datetime | None = None
    ) -> Snapshot:
        """A usable snapshot that someone took, now or `at`; without ownership tags it is a stranger's."""
        self.groups.add(self._group(snapshot_id, SNAPSHOT).key)
        now = at or self._clock.now()
        raw = self._snapshot_json(snapshot_id, source, tags or {})
        self._snapshots[snapshot_id.lower()] = _Resource(raw=raw, ready_at=now, copied_at=now, created_at=now)
        return read_snapshot(self._shown(self._snapshots[snapshot_id.lower()]))

    def retag(self, snapshot_id: str, tags: Mapping[str, str]) -> None:
        """Somebody writes tags: all that are not in `tags` are gone."""
        self._snapshots[snapshot_id.lower()].raw["tags"] = dict(tags)

    def move_snapshot(self, snapshot_id: str, group: GroupId) -> str:
        """Somebody moves a snapshot to another group; answers its new id. What else it is, stays."""
        moved = self._snapshots.pop(snapshot_id.lower())
        self.add_group(group)
        moved.raw["id"] = f"{group.text}/providers/{SNAPSHOT}/{moved.raw['name']}"
        self._snapshots[moved.raw["id"].lower()] = moved
        return str(moved.raw["id"])

    def lose_snapshot(self, snapshot_id: str) -> None:
        """Someone else deletes a snapshot: not in the ledger, which is ours."""
        self._snapshots.pop(snapshot_id.lower(), None)

    def fail_late(self, code: str = "InternalExecutionError", message: str = "An internal execution error.") -> None:
        """Let the next operation that is accepted end as Failed."""
        self._late_errors.append((code, message))

    def fail_deletion_late(self, code: str = "InternalExecutionError", message: str = "An internal error.") -> None:
        """Let the next deletion that is accepted end as Failed: the snapshot stays as it was."""
        self._late_deletions.append((code, message))

    def forget_operations(self) -> None:
        self._operations.clear()

    def shown(self, resource_id: str) -> dict[str, Any] | None:
        """A disk or snapshot as a GET would show it now; no call of a port."""
        key = resource_id.lower()
        found = self._disks.get(key) or self._snapshots.get(key)
        return self._shown(found) if found is not None else None

    def snapshot_ids(self) -> list[str]:
        """The snapshots that exist."""
        self._settle_deletions()
        return [str(each.raw["id"]) for each in self._snapshots.values()]

    def disk_ids(self) -> list[str]:
        return [str(each.raw["id"]) for each in self._disks.values()]

    def _take_snapshot(self, snapshot_id: str, disk: Disk, tags: Mapping[str, str]) -> str:
        now = self._clock.now()
        ready_at = now + self.snapshot_time
        copied_at = now + self.copy_time if disk.sku in BACKGROUND_COPY_SKUS else ready_at
        raw = self._snapshot_json(snapshot_id, disk, tags)
        resource = _Resource(raw=raw, ready_at=ready_at, copied_at=copied_at, created_at=now)
        resource.content = f"{disk.id.lower()} at {now.isoformat()}"
        self._snapshots[snapshot_id.lower()] = resource
        self.taken.append(snapshot_id)
        return self._operation(snapshot_id, ready_at, resource)

    def _make_disk(self, disk_id: str, body: Mapping[str, Any], source: _Resource) -> str:
        now = self._clock.now()
        ready_at = now + self.disk_time
        own = dict(body.get("properties", {}))
        if "securityProfile" in own:
            raise RequestRefused("Security Type is not supported for CreateOption 'Copy'.", code="BadRequest")
        own = {name: source.raw["properties"][name] for name in _INHERITED if name in source.raw["properties"]} | own
        size_gb = int(own.get("diskSizeGB") or source.raw["properties"]["diskSizeGB"])
        late = ("InvalidParameter", "Disks or snapshot cannot be resized down.")
        if size_gb < source.raw["properties"]["diskSizeGB"]:
            self._late_errors.insert(0, late)
        properties = {"diskSizeGB": size_gb, "diskSizeBytes": size_gb << 30, "diskState": "Unattached", **own}
        properties["uniqueId"] = str(uuid.UUID(int=next(self._numbers)))
        properties["creationData"] = {
            **properties.get("creationData", {}),
            "sourceUniqueId": source.raw["properties"].get("uniqueId", ""),
        }
        raw = {"id": disk_id, "name": disk_id.rsplit("/", 1)[1], "type": DISK, **body, "properties": properties}
        self.spoil_disk(raw)
        resource = _Resource(raw=raw, ready_at=ready_at, copied_at=ready_at, created_at=now, content=source.content)
        self._disks[disk_id.lower()] = resource
        self.made_disks.append(disk_id)
        return self._operation(disk_id, ready_at, resource)

    def _operation(self, resource_id: str, ready_at: datetime, new: _Resource | None = None) -> str:
        error = self._late_errors.pop(0) if new is not None and self._late_errors else None
        if new is not None and error:
            new.failed = True
        return self._watched(resource_id, ready_at, error)

    def _is_seen(self, resource: _Resource) -> bool:
        return not self.read_lag or resource.created_at + self.read_lag <= self._clock.now()

    def _settle_deletions(self) -> None:
        now = self._clock.now()
        for key in list(self._leaving):
            resource = self._snapshots.get(key)
            if resource is None or resource.deleted_at is None:
                self._leaving.discard(key)
            elif resource.deleted_at <= now:
                del self._snapshots[key]
                self._leaving.discard(key)

    def _watched(self, resource_id: str, ready_at: datetime, error: tuple[str, str] | None) -> str:
        subscription = resource_id.split("/")[2]
        url = f"https://management.azure.com/subscriptions/{subscription}/DiskOperations/{next(self._numbers)}"
        self._operations[url] = _Operation(resource_id=resource_id, ready_at=ready_at, error=error)
        return url

    def _has_failed(self, resource: _Resource) -> bool:
        """A PUT of the same name makes a failed resource anew, as ARM asks of its providers."""
        return resource.failed and resource.ready_at <= self._clock.now()

    def _shown(self, resource: _Resource) -> dict[str, Any]:
        """The resource as a GET would show it now."""
        now = self._clock.now()
        state = "Updating" if now < resource.ready_at else "Failed" if resource.failed else "Succeeded"
        state = "Failed" if resource.broken else state
        state = "Deleting" if resource.deleted_at else state
        error = {"errorCode": "CopySourceNotFound", "errorMessage": "The copy source was not found."}
        properties = {
            **resource.raw.get("properties", {}),
            **({"copyCompletionError": error} if resource.broken else {}),
            "provisioningState": state,
            "timeCreated": resource.created_at.isoformat(),
        }
        if resource.bound is not None:
            since, until = resource.bound
            properties["immutabilityPolicy"] = {
                "immutabilityDurationDays": (until - since).days if now < until else 0,
                "type": "Unlocked",
                "policyStartTime": since.isoformat(),
                "policyExpirationTime": until.isoformat(),
                "isPolicyExpired": now >= until,
            }
        if self._is_open(resource):
            properties["diskState"] = "ActiveSAS"
        if resource.copied_at > resource.ready_at:
            share = (now - resource.created_at) / (resource.copied_at - resource.created_at)
            properties["completionPercent"] = round(100.0 * min(max(share, 0.0), 1.0), 1)
        return {**resource.raw, "properties": properties}

    def _snapshot_json(self, snapshot_id: str, source: Disk, tags: Mapping[str, str]) -> dict[str, Any]:
        size_gb = source.size_bytes >> 30
        return {
            "id": snapshot_id,
            "name": snapshot_id.rsplit("/", 1)[1],
            "type": SNAPSHOT,
            "location": source.location,
            "tags": dict(tags),
            "sku": {"name": "Standard_LRS", "tier": "Standard"},
            "properties": {
                **{name: source.raw["properties"][name] for name in _INHERITED if name in source.raw["properties"]},
                "networkAccessPolicy": "AllowAll",
                "publicNetworkAccess": "Enabled",
                **access_of(source.raw["properties"]),
                "creationData": {
                    "createOption": "Copy",
                    "sourceResourceId": source.id,
                    "sourceUniqueId": source.unique_id,
                },
                "diskSizeGB": size_gb,
                "diskSizeBytes": size_gb << 30,
                "incremental": True,
                "uniqueId": str(uuid.UUID(int=next(self._numbers))),
            },
        }

    def _need_snapshot_group(self, snapshot_id: str) -> None:
        if self._group(snapshot_id, SNAPSHOT).key not in self.groups:
            raise SnapshotGroupNotFound(f"The resource group of '{snapshot_id}' could not be found.")

    @staticmethod
    def _group(resource_id: str, kind: str) -> GroupId:
        return parse_resource_id(resource_id, kind).group_id


_OF_VALUES = frozenset(
    (
        *("_leaving", "_operations", "_late_errors", "_late_deletions", "groups", "locks", "lock_levels", "denied"),
        *("encryption_sets", "usage_limits", "user_identities", "untold", "taken", "removed", "made_disks"),
    )
)
_INHERITED = (
    "osType",
    "hyperVGeneration",
    "purchasePlan",
    "supportedCapabilities",
    "securityProfile",
    "encryption",
)


def _is_disk(resource_id: str) -> bool:
    return f"/{DISK}/".lower() in resource_id.lower()


@lru_cache(maxsize=32)  # a disk's are read and then its snapshot's, range by range
def bytes_of(content: str, wanted: ByteRange) -> bytes:
    """What a disk holds there, as it follows from `content`; the first range begins with a partition
    table. All zeros of none."""
    if not content:
        return bytes(wanted.length)
    whole = hashlib.shake_256(f"{content}/{wanted.offset}".encode()).digest(wanted.length)
    return whole[:510] + b"\x55\xaaEFI PART" + whole[520:] if wanted.offset == 0 else whole


def _covers(outer: str, inner: str) -> bool:
    """Whether `inner` is `outer` or lies below it."""
    return f"{inner.rstrip('/').lower()}/".startswith(f"{outer.rstrip('/').lower()}/")


def _is_in(raw: Mapping[str, Any], sku: str, subscription: str, location: str) -> bool:
    is_there = raw["location"] == location and _covers(f"/subscriptions/{subscription}", raw["id"])
    return is_there and raw["sku"]["name"] == sku


def _source_of(body: Mapping[str, Any]) -> str:
    return str(body.get("properties", {}).get("creationData", {}).get("sourceResourceId", "")).lower()


_SCHEMAS = {
    event_type: Draft202012Validator(data_schema(kind), format_checker=FormatChecker())
    for event_type, kind in KINDS.items()
}


class FakeAzureBackup(_Port):
    """Vaults of Azure Disk Backup, in ARM's JSON as recorded. `guard(call, target)` may raise what roles would."""

    name = "azure_backup"

    def __init__(self, cloud: FakeCloud, faults: Faults | None = None) -> None:
        super().__init__(faults)
        self.user_identities = cloud.user_identities
        self.acting = OWN  # whose call is being made
        self.guard: Callable[[str, str], None] = lambda call, target: None
        self.vaults: dict[str, dict[str, Any]] = {}
        self.policies: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)  # by vault and name
        self.instances: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)  # by vault and name
        self.points: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)  # by instance and name
        self.change_time = timedelta(seconds=45)  # until protection is stopped or resumed, or an instance gone
        self.deleted: list[str] = []
        self._cloud = cloud
        self._clock = cloud._clock
        self._changes: dict[str, tuple[datetime, str]] = {}

    def acting_as(self, identity: str) -> AzureBackup:
        return cast("AzureBackup", _Acting(self, identity.lower()))

    @_call
    def find_vault(self, vault_id: str) -> OriginVault | None:
        self.guard("find_vault", vault_id)
        raw = self.vaults.get(vault_id.lower())
        return None if raw is None else read_vault(raw)

    @_call
    def list_policies(self, vault_id: str) -> Iterator[OriginPolicy]:
        return map(read_policy, self._of_vault("list_policies", vault_id, self.policies))

    @_call
    def list_instances(self, vault_id: str) -> Iterator[OriginInstance]:
        return map(read_instance, self._of_vault("list_instances", vault_id, self.instances))

    @_call
    def find_instance(self, instance_id: str) -> OriginInstance | None:
        self.guard("find_instance", instance_id)
        raw = self._instance(instance_id)
        return None if raw is None else read_instance(raw)

    @_call
    def list_points(self, instance_id: str) -> Iterator[OriginPoint]:
        """Without the metadata, which a list does not tell (recorded)."""
        self.guard("list_points", instance_id)
        if self._instance(instance_id) is None:
            raise RequestRefused(f"'{instance_id}' was not found.", code="ResourceNotFound", target=instance_id)
        return map(read_point, [_without_metadata(raw) for raw in self.points[instance_id.lower()].values()])

    @_call
    def find_point(self, instance_id: str, name: str) -> OriginPoint | None:
        self.guard("find_point", instance_id)
        raw = self.points[instance_id.lower()].get(name)
        return None if raw is None else read_point(raw)

    @_call
    def stop_protection(self, instance_id: str) -> None:
        self._begin("stop_protection", instance_id, "ProtectionStopped")

    @_call
    def resume_protection(self, instance_id: str) -> None:
        self._begin("resume_protection", instance_id, "ProtectionConfigured")

    @_call
    def delete_instance(self, instance_id: str) -> None:
        """What is accepted is in `deleted`, doubles included. Its points' snapshots go with it."""
        self.guard("delete_instance", instance_id)
        if self._instance(instance_id) is not None:
            self.deleted.append(instance_id)
            self._changes[instance_id.lower()] = (self._clock.now() + self.change_time, "")

    def _begin(self, call: str, instance_id: str, state: str) -> None:
        self.guard(call, instance_id)
        if self._instance(instance_id) is None:
            raise RequestRefused(f"'{instance_id}' was not found.", code="ResourceNotFound", target=instance_id)
        self._changes[instance_id.lower()] = (self._clock.now() + self.change_time, state)

    def _settle(self) -> None:
        now = self._clock.now()
        for key in [key for key, (at, _) in self._changes.items() if at <= now]:
            _, state = self._changes.pop(key)
            vault, _, name = key.rpartition("/backupinstances/")
            if state:
                properties = self.instances[vault][name]["properties"]
                self.instances[vault][name]["properties"] = {**properties, "currentProtectionState": state}
                continue
            del self.instances[vault][name]
            for raw in self.points.pop(key, {}).values():
                self._cloud.lose_snapshot(read_point(raw).snapshot_id)

    def _of_vault(
        self, call: str, vault_id: str, found: Mapping[str, dict[str, dict[str, Any]]]
    ) -> list[dict[str, Any]]:
        self.guard(call, vault_id)
        self._settle()
        if vault_id.lower() not in self.vaults:
            raise RequestRefused(f"'{vault_id}' was not found.", code="ResourceNotFound", target=vault_id)
        return list(found.get(vault_id.lower(), {}).values())

    def _instance(self, instance_id: str) -> dict[str, Any] | None:
        self._settle()
        vault, _, name = instance_id.lower().rpartition("/backupinstances/")
        return self.instances[vault].get(name)

    def add(self, raw: Mapping[str, Any]) -> str:
        """Something that has always been there, in ARM's JSON; answers its id."""
        key = str(raw["id"]).lower()
        parts = key.split("/")
        if len(parts) == 9:
            self.vaults[key] = dict(raw)
        elif len(parts) == 11:
            kept = self.policies if parts[9] == "backuppolicies" else self.instances
            kept["/".join(parts[:9])][parts[10]] = dict(raw)
        else:
            self.points["/".join(parts[:11])][parts[12]] = dict(raw)
        return str(raw["id"])


def _without_metadata(raw: Mapping[str, Any]) -> dict[str, Any]:
    properties = raw["properties"]
    stores = [{**store, "metaData": None} for store in properties["recoveryPointDataStoresDetails"]]
    return {**raw, "properties": {**properties, "recoveryPointDataStoresDetails": stores}}


class FakeSink(_Port):
    """Keeps every event that was published, doubles included."""

    name = "events"

    def __init__(self, faults: Faults | None = None) -> None:
        super().__init__(faults)
        self.published: list[Event] = []
        self.refused_types: set[str] = set()
        self.checked = False  # whether each event must be as its type's schema has it

    def _copied(self, name: str, value: Any, memo: dict[int, Any]) -> Any:
        return copy(value) if name in ("published", "refused_types") else super()._copied(name, value, memo)

    @_call
    def publish(self, events: Sequence[Event]) -> tuple[Refusal, ...]:
        if self.checked:
            for event in events:
                _SCHEMAS[event.type].validate(event.content)
        self.published.extend(event for event in events if event.type not in self.refused_types)
        return tuple(
            Refusal(event=event, code="BadRequest", message="the topic does not take it")
            for event in events
            if event.type in self.refused_types
        )

    @property
    def distinct(self) -> list[Event]:
        """What a receiver keeps that drops doubles by their id."""
        return list({event.id: event for event in reversed(self.published)}.values())[::-1]

    def types(self) -> list[str]:
        return [event.type for event in self.distinct]


class FakeAudit(_Port):
    """The audit log as dictionaries of entities. `records` is all of it, oldest first, for tests to look at."""

    name = "audit"

    def __init__(self, faults: Faults | None = None) -> None:
        super().__init__(faults)
        self._rows: dict[str, dict[str, dict[str, Any]]] = {}
        self.records: list[AuditRecord] = []

    def _copied(self, name: str, value: Any, memo: dict[int, Any]) -> Any:
        if name == "_rows":
            return {partition: dict(rows) for partition, rows in value.items()}
        return list(value) if name == "records" else super()._copied(name, value, memo)

    @_call
    def append(self, record: AuditRecord) -> None:
        partition, row = audit_table.partition_of(record.scope), audit_table.row_key(record)
        rows = self._rows.setdefault(partition, {})
        if row not in rows:
            keys = {"PartitionKey": partition, "RowKey": row}
            rows[row] = {**audit_table.record_entity(record), **keys}
            self.records.append(audit_table.read_record(rows[row]))

    @_call
    def page(self, scope: AuditScope, *, token: str | None = None, limit: int = 100) -> AuditPage:
        after = entities.read_page_token(token) if token else ""
        rows = sorted(self._rows.get(audit_table.partition_of(scope), {}).items())
        return audit_table.page_of([entity for row, entity in rows if row > after][: limit + 1], limit)

    @_call
    def purge(self, *, before: datetime, limit: int) -> int:
        old = [record for record in self.records if record.at < before][:limit]
        for record in old:
            del self._rows[audit_table.partition_of(record.scope)][audit_table.row_key(record)]
            self.records.remove(record)
        return len(old)

    def corrupt(self, record: AuditRecord, **columns: Any) -> None:
        """Spoil a stored row."""
        rows, key = self._rows[audit_table.partition_of(record.scope)], audit_table.row_key(record)
        rows[key] = rows[key] | columns


@dataclass(slots=True)
class World:
    """The seven fakes with one clock and one log of calls."""

    clock: FakeClock = field(default_factory=FakeClock)
    faults: Faults = field(default_factory=Faults)
    store: FakeStore = field(init=False)
    queue: FakeQueue = field(init=False)
    cloud: FakeCloud = field(init=False)
    azure_backup: FakeAzureBackup = field(init=False)
    events: FakeSink = field(init=False)
    audit: FakeAudit = field(init=False)
    memory: Memory = field(default_factory=Memory)
    scopes: tuple[Scope, ...] = ()
    bounds: tuple[Bound, ...] = ()
    swaps_disks: bool = False
    promises: Promises = field(default_factory=Promises)

    def __post_init__(self) -> None:
        self.store = FakeStore(self.faults)
        self.queue = FakeQueue(self.clock, self.faults)
        self.cloud = FakeCloud(self.clock, self.faults)
        self.azure_backup = FakeAzureBackup(self.cloud, self.faults)
        self.events = FakeSink(self.faults)
        self.events.checked = True
        self.audit = FakeAudit(self.faults)

    @property
    def ports(self) -> Ports:
        return Ports(
            clock=self.clock,
            store=self.store,
            queue=self.queue,
            cloud=self.cloud,
            azure_backup=self.azure_backup,
            events=self.events,
            audit=self.audit,
            memory=self.memory,
            scopes=self.scopes,
            bounds=self.bounds,
            swaps_disks=self.swaps_disks,
            promises=self.promises,
        )

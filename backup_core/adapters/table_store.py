"""The state store in Azure's Table Storage: one table of records, one of the agenda.

Records of a vault share a partition, so that what changes together is one transaction. Agenda rows lie in a few
partitions (shards) in order of their due time, so that a tick reads the head of each and nothing else. The cost of each
call in storage transactions depends on what it is given, never on what else exists.

Leaves to others: what the rows look like (entities.py) and what errors mean (azure_errors.py).
"""

from __future__ import annotations

import heapq
import itertools
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from backup_core.adapters import entities
from backup_core.adapters.entities import Address, Entity, RowRange
from backup_core.adapters.tables import CLIENT_OPTIONS, Operation, Table, flat, keyed
from backup_core.domain.agenda import AgendaKind, AgendaRow
from backup_core.domain.errors import RecordCorrupt
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.vault import Vault
from backup_core.ports import Change, G, GlancePage, Insert, Page, Put, R, Remove, Stored

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

log = logging.getLogger("diskbackup.store")

T = TypeVar("T")

_PAGE = 1000  # the most that a query answers at once
_BATCH = 100  # the most that a transaction takes


class TableStore:
    """See ports.StateStore. Reached by a connection string, or by an endpoint with a credential.

    Tables are made when they are first missed. `per_call_policies` go into the SDK's pipeline (to count or log calls).
    """

    def __init__(
        self,
        *,
        prefix: str,
        connection_string: str | None = None,
        endpoint: str = "",
        credential: TokenCredential | None = None,
        per_call_policies: Sequence[Any] = (),
    ) -> None:
        from azure.data.tables import TableClient

        options = {**CLIENT_OPTIONS, "per_call_policies": list(per_call_policies)}

        def table(name: str) -> Table:
            if connection_string:
                return Table(TableClient.from_connection_string(connection_string, name, **options))
            return Table(TableClient(endpoint=endpoint, table_name=name, credential=credential, **options))

        self._records = table(f"{prefix}records")
        self._agenda = table(f"{prefix}agenda")
        # For the shards of one call: they are read or written side by side.
        self._threads = ThreadPoolExecutor(max_workers=entities.SHARDS, thread_name_prefix="diskbackup-tables")

    def get(self, record: type[R], vault: VaultKey, *key: str) -> Stored[R] | None:
        entity = self._records.get(entities.record_address(cast("Any", record), vault, *key))
        return None if entity is None else _stored(record, entity)

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

    def glance(
        self,
        glance: type[G],
        vault: VaultKey,
        *key_prefix: str,
        first: str | None = None,
        last: str | None = None,
        among: Collection[str] = (),
        token: str | None = None,
        limit: int = _PAGE - 1,
    ) -> GlancePage[G]:
        record: Any = entities.GLANCED[cast("Any", glance)]
        rows = entities.record_range(record, *key_prefix, first=first, last=last)
        rows = entities.span(record, among) if among else rows
        wanted = replace(rows, after=entities.read_page_token(token)) if token else rows
        partition, size = entities.record_partition(record, vault), min(limit + 1, _PAGE)
        pages = self._records.query(partition, wanted, size, select=entities.GLANCE_COLUMNS)
        found = list(itertools.islice(flat(pages), limit + 1))
        items = [seen for entity in found[:limit] if (seen := entities.read_glance(glance, entity)) is not None]
        if len(items) < len(found[:limit]):
            page: Page[Any] = self._page(record, partition, rows, token, limit)
            whole = tuple(cast("G", glance.of(stored.value)) for stored in page.items)
            return GlancePage(items=whole, next_token=page.next_token, corrupt=page.corrupt)
        more = entities.page_token(str(found[limit - 1]["RowKey"])) if len(found) > limit else None
        return GlancePage(items=tuple(items), next_token=more)

    def vaults(
        self, *, subscription: str | None = None, group: str | None = None, token: str | None = None, limit: int = 1000
    ) -> Page[Vault]:
        rows = entities.vault_range(subscription, group)
        return self._page(Vault, entities.VAULTS_PARTITION, rows, token, limit)

    def commit(self, vault: VaultKey, changes: Sequence[Change]) -> tuple[str, ...]:
        addresses = entities.changed_addresses(vault, changes)
        return self._records.transact([_operation(*pair) for pair in zip(changes, addresses, strict=True)])

    def due(self, kind: AgendaKind, *, until: datetime, limit: int) -> tuple[AgendaRow, ...]:
        """Costs one read per shard, and one more for each further thousand rows due in it, up to `limit`.

        A row that cannot be read would be at the head for ever: it is moved to a partition of its own, once, for two
        transactions, and kept there as evidence; the reconciler writes a sound row in its place. A row of a newer
        release is left where it is, for that release to take.
        """
        rows = RowRange(start="", end=entities.due_before(until))
        size = min(limit, _PAGE)
        partitions = [entities.agenda_partition(kind, shard) for shard in range(entities.SHARDS)]
        heads = [self._agenda.query(partition, rows, size) for partition in partitions]
        first_pages = self._at_once([partial(next, head, []) for head in heads])
        streams = [itertools.chain(page, flat(head)) for page, head in zip(first_pages, heads, strict=True)]
        merged = heapq.merge(*streams, key=lambda entity: str(entity["RowKey"]))
        readable = (row for entity in merged if (row := self._agenda_row(kind, entity)) is not None)
        return tuple(itertools.islice(readable, limit))

    def agenda(self, kind: AgendaKind) -> Iterator[AgendaRow]:
        for shard in range(entities.SHARDS):
            for entity in flat(self._agenda.query(entities.agenda_partition(kind, shard), RowRange(start=""), _PAGE)):
                row = self._agenda_row(kind, entity)
                if row is not None:
                    yield row

    def schedule(self, rows: Sequence[AgendaRow], *, instead_of: Sequence[AgendaRow] = ()) -> None:
        """Costs one transaction per shard and hundred rows, and one more for each of `instead_of` that is not there."""
        written = {entities.agenda_address(row): row for row in rows}  # a transaction takes each row once
        by_partition = defaultdict[str, list[Address]](list)
        # Each once; what is written before what is deleted, in each partition.
        for address in dict.fromkeys((*written, *map(entities.agenda_address, instead_of))):
            by_partition[address.partition].append(address)
        self._at_once([partial(self._write, addresses, written) for addresses in by_partition.values()])

    def unschedule(self, rows: Sequence[AgendaRow]) -> None:
        """Costs as `schedule` does."""
        self.schedule((), instead_of=rows)

    def _write(self, addresses: Sequence[Address], written: Mapping[Address, AgendaRow]) -> None:
        for batch in (addresses[start : start + _BATCH] for start in range(0, len(addresses), _BATCH)):
            self._agenda.write_and_delete(
                [_upsert(each, entities.agenda_entity(written[each])) for each in batch if each in written],
                [each for each in batch if each not in written],
            )

    def _page(self, record: type[R], partition: str, rows: RowRange, token: str | None, limit: int) -> Page[R]:
        wanted = replace(rows, after=entities.read_page_token(token)) if token else rows
        items: list[Stored[R]] = []
        corrupt: list[str] = []
        # One more than asked for tells whether there is more.
        found = list(itertools.islice(flat(self._records.query(partition, wanted, min(limit + 1, _PAGE))), limit + 1))
        for entity in found[:limit]:
            try:
                items.append(_stored(record, entity))
            except RecordCorrupt as error:
                log.error("record.corrupt %s", error)
                corrupt.append(error.target or str(entity["RowKey"]))
        more = entities.page_token(str(found[limit - 1]["RowKey"])) if len(found) > limit else None
        return Page(items=tuple(items), next_token=more, corrupt=tuple(corrupt))

    def _agenda_row(self, kind: AgendaKind, entity: Entity) -> AgendaRow | None:
        try:
            return entities.read_agenda_row(kind, entity)
        except entities.NewerVersion as error:
            log.warning("agenda.newer %s", error)
        except RecordCorrupt as error:
            log.error("agenda.corrupt %s; it is set aside", error)
            aside = Address(partition=entities.aside_partition(kind), row=str(entity["RowKey"]))
            self._agenda.transact([_upsert(aside, entity)])
            self._agenda.write_and_delete((), [Address(partition=str(entity["PartitionKey"]), row=aside.row)])
        return None

    def _at_once(self, calls: Sequence[Callable[[], T]]) -> list[T]:
        """The results in order; raises the first error once all have ended."""
        if len(calls) <= 1:
            return [call() for call in calls]
        futures = [self._threads.submit(call) for call in calls]
        errors = [error for error in (future.exception() for future in futures) if error is not None]
        if errors:
            raise errors[0]
        return [future.result() for future in futures]


_REPLACE: Mapping[str, Any] = {"mode": "replace"}


def _operation(change: Change, address: Address) -> Operation:
    if isinstance(change, Remove):
        return "delete", keyed(address, {}), _if_match(change.stored)
    entity = entities.record_entity(change.value)
    if isinstance(change, Put):
        return _upsert(address, entity)
    if isinstance(change, Insert):
        return "create", keyed(address, entity), {}
    return "update", keyed(address, entity), {**_REPLACE, **_if_match(change.stored)}


def _upsert(address: Address, entity: Entity) -> Operation:
    return "upsert", keyed(address, entity), _REPLACE


def _if_match(stored: Stored[Any]) -> dict[str, Any]:
    from azure.core import MatchConditions

    return {"etag": stored.etag, "match_condition": MatchConditions.IfNotModified}


def _stored(record: type[R], entity: Any) -> Stored[R]:
    return Stored(value=entities.read_record(record, entity), etag=str(entity.metadata["etag"]))

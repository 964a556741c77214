"""The audit log in Azure's Table Storage: a table of its own, whose rows are added, never changed, and go by their age.

Rows of a vault share a partition, newest first, so that a page costs one read whatever else was recorded. The columns
are plain, for people who look at the table with other tools. To keep even the app's own identity from removing rows,
deny it deletion on this table: then the purge of old ones fails, and nothing else.
"""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from backup_core.adapters import entities
from backup_core.adapters.entities import Address, RowRange
from backup_core.adapters.tables import CLIENT_OPTIONS, Table, flat
from backup_core.domain.audit import MAX_PATH, AuditRecord, AuditScope, Outcome
from backup_core.domain.errors import RecordCorrupt
from backup_core.ports import AuditPage, StateConflict

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

log = logging.getLogger("diskbackup.audit")

VERSION = 1
UNSCOPED = "-"  # the partition of requests that name no subscription; no subscription is called so
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_END_OF_TIME = 10**17  # in microseconds: row keys count down to it, so that the newest row comes first
_TEXTS: Mapping[str, str] = {
    "requestId": "request_id",
    "correlationId": "correlation_id",
    "callerId": "caller_id",
    "callerName": "caller_name",
    "callerKind": "caller_kind",
    "ip": "ip",
    "method": "method",
    "action": "action",
    "path": "path",
    "errorCode": "error_code",
}


class AuditTable:
    """See ports.AuditLog. Reached like the table store; the table is made when it is first missed."""

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

        name, options = f"{prefix}audit", {**CLIENT_OPTIONS, "per_call_policies": list(per_call_policies)}
        self._table = Table(
            TableClient.from_connection_string(connection_string, name, **options)
            if connection_string
            else TableClient(endpoint=endpoint, table_name=name, credential=credential, **options)
        )

    def append(self, record: AuditRecord) -> None:
        """Costs one transaction."""
        keys = {"PartitionKey": partition_of(record.scope), "RowKey": row_key(record)}
        try:
            self._table.transact([("create", {**record_entity(record), **keys}, {})])
        except StateConflict:
            log.debug("audit.present record=%s", record.name)  # ours: the answer to the first try was lost

    def page(self, scope: AuditScope, *, token: str | None = None, limit: int = 100) -> AuditPage:
        """Costs one read."""
        rows = RowRange(start="", after=entities.read_page_token(token) if token else None)
        found = itertools.islice(flat(self._table.query(partition_of(scope), rows, limit + 1)), limit + 1)
        return page_of(list(found), limit)

    def purge(self, *, before: datetime, limit: int) -> int:
        """Reads the keys of all rows that old; deletes up to a hundred with a transaction."""
        oldest_kept = f"{_age(before) + 1:017d}"  # of rows exactly as old the keys go on behind this
        found = itertools.islice(flat(self._table.across(oldest_kept)), limit)
        count = 0
        for partition, rows in itertools.groupby(found, key=lambda row: str(row["PartitionKey"])):
            addresses = [Address(partition=partition, row=str(row["RowKey"])) for row in rows]
            for start in range(0, len(addresses), entities.MAX_CHANGES):
                self._table.write_and_delete((), addresses[start : start + entities.MAX_CHANGES])
            count += len(addresses)
        return count


def partition_of(scope: AuditScope) -> str:
    if scope.vault is not None:
        return scope.vault.partition
    return scope.subscription.lower() or UNSCOPED


def row_key(record: AuditRecord) -> str:
    """Newest first; a request's outcome before its attempt, should both bear one time."""
    return f"{_age(record.at):017d}|{record.request_id}|{int(record.outcome is Outcome.ATTEMPTED)}"


def _age(at: datetime) -> int:
    return _END_OF_TIME - (at - _EPOCH) // timedelta(microseconds=1)


def record_entity(record: AuditRecord) -> dict[str, Any]:
    texts = {column: getattr(record, name) for column, name in _TEXTS.items()}
    return {
        **texts,
        "v": VERSION,
        "path": record.path[:MAX_PATH],
        "at": record.at.astimezone(UTC).isoformat(),
        "outcome": record.outcome.value,
        "status": record.status,
        "leftOut": record.left_out,
        **({"changes": json.dumps(record.changes)} if record.changes else {}),
    }


def read_record(entity: Mapping[str, Any]) -> AuditRecord:
    """What `record_entity` wrote. Raises RecordCorrupt, also for a row of a newer version."""
    try:
        if entity["v"] > VERSION:
            raise ValueError(f"version {entity['v']} is newer than this release")
        return AuditRecord(
            **{name: _text(entity[column]) for column, name in _TEXTS.items()},
            at=_instant(entity["at"]),
            outcome=Outcome(entity["outcome"]),
            status=int(entity["status"]),
            left_out=int(entity["leftOut"]),
            changes=tuple(map(_text, json.loads(entity.get("changes", "[]")))),
        )
    except (KeyError, TypeError, ValueError) as error:
        row = f"{entity.get('PartitionKey', '')}/{entity.get('RowKey', '')}"
        raise RecordCorrupt(f"The audit row {row} cannot be read: {error!r}", target=row) from error


def page_of(found: Sequence[Mapping[str, Any]], limit: int) -> AuditPage:
    """A page from one row more than it takes: the last one tells that there is more."""
    items: list[AuditRecord] = []
    corrupt: list[str] = []
    for entity in found[:limit]:
        try:
            items.append(read_record(entity))
        except RecordCorrupt as error:
            log.error("audit.corrupt %s", error)
            corrupt.append(error.target or str(entity.get("RowKey")))
    more = entities.page_token(str(found[limit - 1]["RowKey"])) if len(found) > limit else None
    return AuditPage(items=tuple(items), next_token=more, corrupt=tuple(corrupt))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _instant(value: Any) -> datetime:
    at = datetime.fromisoformat(_text(value))
    if at.tzinfo is None:
        raise ValueError(f"{value} has no offset from UTC")
    return at.astimezone(UTC)

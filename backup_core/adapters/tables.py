"""One table: SDK calls with errors translated, pages read when asked for, the table made when a write misses it.

Leaves to others: which rows (entities.py) and what for (table_store.py, audit_table.py).
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from backup_core.adapters.azure_errors import Call, CallKind, answer_of, translated
from backup_core.adapters.entities import Address, Entity, RowRange
from backup_core.ports import StateConflict

if TYPE_CHECKING:
    from azure.data.tables import TableClient

log = logging.getLogger("diskbackup.store")

T = TypeVar("T")
Operation = tuple[str, Mapping[str, Any], Mapping[str, Any]]  # as TableClient.submit_transaction takes it
# Two short retries take up a dropped connection or a busy partition; anything longer is for the step to come back.
CLIENT_OPTIONS: Mapping[str, Any] = {
    "retry_total": 2,
    "retry_backoff_factor": 0.1,
    "retry_backoff_max": 1,
    "connection_timeout": 5,
    "read_timeout": 20,
}


class Table:
    """One table: SDK calls with their errors translated, and the table made when a write misses it."""

    def __init__(self, client: TableClient) -> None:
        self._client = client
        self._call = Call(kind=CallKind.TABLES, target=self._client.url)
        self._making = threading.Lock()

    def get(self, address: Address) -> Any | None:
        from azure.core.exceptions import ResourceNotFoundError

        with translated(self._call):
            try:
                return self._client.get_entity(address.partition, address.row)
            except ResourceNotFoundError:
                return None

    def query(
        self, partition: str, rows: RowRange, page_size: int, *, select: Sequence[str] = ()
    ) -> Iterator[list[Any]]:
        """Pages in key order, each read when it is asked for; only the columns of `select` when there are any."""
        from azure.core.exceptions import ResourceNotFoundError

        query, parameters = _filter(partition, rows)
        found = self._client.query_entities(
            query, parameters=parameters, results_per_page=page_size, select=list(select) or None
        ).by_page()
        while True:
            with translated(self._call):
                try:
                    page = list(next(found))
                except (StopIteration, ResourceNotFoundError):  # a table that nobody wrote to yet holds nothing
                    return
            yield page

    def across(self, start: str) -> Iterator[list[Any]]:
        """The keys of all rows of the table from row key `start` on, partition by partition, in pages."""
        from azure.core.exceptions import ResourceNotFoundError

        found = self._client.query_entities(
            "RowKey ge @start", parameters={"start": start}, select=["PartitionKey", "RowKey"]
        ).by_page()
        while True:
            with translated(self._call):
                try:
                    page = list(next(found))
                except (StopIteration, ResourceNotFoundError):
                    return
            yield page

    def transact(self, operations: Sequence[Operation]) -> tuple[str, ...]:
        """All operations or none; answers each row's new ETag. Raises StateConflict when a row is not as expected."""
        from azure.core.exceptions import HttpResponseError

        with translated(self._call):
            try:
                return tuple(str(written.get("etag") or "") for written in self._submit(operations))
            except HttpResponseError as error:
                if _says_changed(error):
                    raise StateConflict(f"a row of '{self._client.table_name}' is not as it was read") from error
                raise

    def write_and_delete(self, written: Sequence[Operation], deleted: Sequence[Address]) -> None:
        """Write rows and delete others in one transaction. A row to delete that is not there fails the whole of it,
        which names it: the rest is sent again."""
        from azure.data.tables import TableTransactionError

        left = list(deleted)
        with translated(self._call):
            while written or left:
                deletions: list[Operation] = [("delete", keyed(address, {}), {}) for address in left]
                try:
                    self._submit([*written, *deletions], make=bool(written))
                except TableTransactionError as error:
                    has_no_table = _says_no_table(error)
                    if has_no_table and not written:
                        return
                    if has_no_table or error.status_code != 404 or not left:
                        raise
                    del left[min(max(error.index - len(written), 0), len(left) - 1)]
                else:
                    return

    def _submit(self, operations: Sequence[Operation], *, make: bool = True) -> Sequence[Mapping[str, Any]]:
        from azure.core.exceptions import HttpResponseError

        try:
            return self._send(operations)
        except HttpResponseError as error:
            if not make or not _says_no_table(error):
                raise
            self._make()
            return self._send(operations)

    def _send(self, operations: Sequence[Operation]) -> Sequence[Mapping[str, Any]]:
        """A single row that is written whatever it was needs no batch, which costs twice the CPU (measured). One that
        must be as it was read does: the SDK never sends a batch twice, after which it would seem to have changed."""
        kind, entity, options = operations[0]
        if len(operations) == 1 and kind == "upsert":
            return [self._client.upsert_entity(entity, **options)]
        return self._client.submit_transaction(operations)

    def _make(self) -> None:
        from azure.core.exceptions import ResourceExistsError

        with self._making:
            try:
                self._client.create_table()
                log.info("table.created table=%s", self._client.table_name)
            except ResourceExistsError:
                log.debug("table.present table=%s", self._client.table_name)


def _says_no_table(error: Exception) -> bool:
    answer = answer_of(error)
    return answer.status == 404 and answer.code == "TableNotFound"


def _says_changed(error: Exception) -> bool:
    """Whether a row was there that should not be, was not there that should be, or had another ETag."""
    answer = answer_of(error)
    return (answer.status, answer.code) in _CHANGED


_CHANGED = {
    (404, "ResourceNotFound"),
    (404, "EntityNotFound"),
    (409, "EntityAlreadyExists"),
    (412, "UpdateConditionNotSatisfied"),
    (412, "ConditionNotMet"),
}


def _filter(partition: str, rows: RowRange) -> tuple[str, dict[str, str]]:
    clauses, parameters = ["PartitionKey eq @partition"], {"partition": partition}
    for clause, name, value in (
        ("RowKey ge @start", "start", rows.start or None),
        ("RowKey gt @after", "after", rows.after),
        (f"RowKey {'le' if rows.closed else 'lt'} @end", "end", rows.end),
    ):
        if value is not None:
            clauses.append(clause)
            parameters[name] = value
    return " and ".join(clauses), parameters


def flat(pages: Iterator[Iterable[T]]) -> Iterator[T]:
    return itertools.chain.from_iterable(pages)


def keyed(address: Address, entity: Entity) -> dict[str, Any]:
    return {**entity, "PartitionKey": address.partition, "RowKey": address.row}

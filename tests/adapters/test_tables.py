"""A table that is not there: rows to delete from it are gone already, rows to write are never taken for written."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NoReturn, cast

import pytest
from azure.data.tables import TableTransactionError

from backup_core.adapters.entities import Address
from backup_core.adapters.tables import Operation, Table
from backup_core.domain.errors import BackupError

ROWS = [Address(partition="p", row=name) for name in ("one", "two")]
WRITTEN: list[Operation] = [("upsert", {"PartitionKey": "p", "RowKey": name}, {}) for name in ("three", "four")]


class Gone:
    """The client of a table that is deleted again as soon as it is made."""

    url, table_name = "https://account.table.example/agenda", "agenda"

    def __init__(self) -> None:
        self.made = 0

    def create_table(self) -> None:
        self.made += 1

    def submit_transaction(self, operations: Any) -> NoReturn:
        response = SimpleNamespace(status_code=404, reason="Not Found", headers={"x-ms-error-code": "TableNotFound"})
        error = TableTransactionError(message="0:The table does not exist.", response=cast("Any", response))
        error.error_code = cast("Any", "TableNotFound")
        raise error


@pytest.mark.parametrize("deleted", [[], ROWS], ids=["alone", "beside others to delete"])
def test_rows_that_no_table_took_are_not_taken_for_written(deleted: list[Address]) -> None:
    client = Gone()
    with pytest.raises(BackupError):
        Table(cast("Any", client)).write_and_delete(WRITTEN, deleted)
    assert client.made == 1


def test_rows_to_delete_are_gone_with_their_table_and_none_is_made_for_it() -> None:
    client = Gone()
    Table(cast("Any", client)).write_and_delete((), ROWS)
    assert client.made == 0

"""What the port suites run over: each port once in memory and once as the real adapter on the local target."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from backup_core.adapters import entities
from backup_core.adapters.table_store import TableStore
from backup_core.domain.agenda import AgendaKind, AgendaRow
from backup_core.ports import Record, StateStore
from tests.builders import VAULT
from tests.fakes import FakeStore

PREFIX = "contract"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreBench:
    """A store, and ways to spoil what it holds behind its back."""

    store: StateStore
    spoil: Callable[..., None]  # (record type, *key, **columns)
    spoil_agenda: Callable[..., None]  # (row, **columns)
    set_aside: Callable[[AgendaKind], int]


@pytest.fixture(params=["fake", pytest.param("tables", marks=pytest.mark.local_target)])
def bench(request: pytest.FixtureRequest) -> StoreBench:
    return _fake_bench() if request.param == "fake" else _table_bench(request.getfixturevalue("azurite"))


@pytest.fixture
def store(bench: StoreBench) -> StateStore:
    return bench.store


def _fake_bench() -> StoreBench:
    fake = FakeStore()
    return StoreBench(
        store=fake,
        spoil=lambda record, *key, **columns: fake.corrupt_record(record, VAULT, *key, **columns),
        spoil_agenda=fake.corrupt_agenda_row,
        set_aside=fake.set_aside,
    )


def _table_bench(connection_string: str) -> StoreBench:
    from azure.data.tables import TableServiceClient

    service = TableServiceClient.from_connection_string(connection_string)
    records, agenda = (service.get_table_client(f"{PREFIX}{name}") for name in ("records", "agenda"))

    def spoil(record: type[Record], *key: str, **columns: Any) -> None:
        _overwrite(records, entities.record_address(record, VAULT, *key), columns)

    def spoil_agenda(row: AgendaRow, **columns: Any) -> None:
        _overwrite(agenda, entities.agenda_address(row), columns)

    def set_aside(kind: AgendaKind) -> int:
        partition = entities.aside_partition(kind)
        return len(list(agenda.query_entities("PartitionKey eq @p", parameters={"p": partition})))

    store = TableStore(prefix=PREFIX, connection_string=connection_string)
    return StoreBench(store=store, spoil=spoil, spoil_agenda=spoil_agenda, set_aside=set_aside)


def _overwrite(table: Any, address: entities.Address, columns: dict[str, Any]) -> None:
    keys = {"PartitionKey": address.partition, "RowKey": address.row}
    table.update_entity({**keys, **(columns or {"body0": "{"})}, mode="merge")


@pytest.fixture(autouse=True)
def _quiet_sdk() -> Iterator[None]:
    """The SDKs log each request at INFO; a failed test should show ours."""
    logger = logging.getLogger("azure")
    before = logger.level
    logger.setLevel(logging.WARNING)
    yield
    logger.setLevel(before)

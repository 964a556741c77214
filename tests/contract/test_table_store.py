"""What only the real store has: a price for each call, lazily made tables, and storage that may not answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from azure.core.pipeline.policies import SansIOHTTPPolicy

from backup_core.adapters.table_store import TableStore
from backup_core.domain.agenda import AgendaKind, AgendaRow
from backup_core.domain.errors import CloudUnavailable
from backup_core.domain.instance import BackupInstance
from backup_core.ports import Insert, Put, Replace
from infra.local.parts import free_ports
from tests.builders import NOW, VAULT, instance, job, point

pytestmark = pytest.mark.local_target


class Counter(SansIOHTTPPolicy):
    """Counts requests: each is one storage transaction (an entity group transaction too)."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[str] = []

    def on_request(self, request: Any) -> None:
        self.requests.append(f"{request.http_request.method} {request.http_request.url}")

    def spent(self) -> int:
        spent, self.requests = len(self.requests), []
        return spent


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def store(azurite: str, counter: Counter) -> TableStore:
    store = TableStore(prefix="costs", connection_string=azurite, per_call_policies=[counter])
    store.schedule([row("first", NOW + timedelta(days=999))])
    store.commit(VAULT, [Insert(instance("first"))])
    counter.spent()
    return store


def row(name: str, due_at=NOW, kind: AgendaKind = AgendaKind.BACKUP) -> AgendaRow:
    return AgendaRow(kind=kind, due_at=due_at, vault=VAULT, instance_name=name)


def test_tables_are_made_by_the_first_write_and_not_by_a_read(azurite, counter):
    store = TableStore(prefix="lazy", connection_string=azurite, per_call_policies=[counter])
    assert store.get(BackupInstance, VAULT, "nobody") is None
    assert counter.spent() == 1
    store.commit(VAULT, [Insert(instance())])
    assert counter.spent() == 3  # refused, made, written
    store.commit(VAULT, [Insert(job())])
    assert counter.spent() == 1
    again = TableStore(prefix="lazy", connection_string=azurite, per_call_policies=[counter])
    assert again.get(BackupInstance, VAULT, "instance-1") is not None
    assert counter.spent() == 1


def test_a_commit_of_job_point_and_instance_is_one_transaction(store, counter):
    before = store.get(BackupInstance, VAULT, "first")
    assert counter.spent() == 1
    store.commit(VAULT, [Replace(before, before.value), Insert(job()), Put(point())])
    assert counter.spent() == 1


@pytest.mark.parametrize("others", [0, 600])
def test_the_price_of_a_tick_depends_on_what_is_due_alone(store, counter, others):
    store.schedule([row(f"later-{n}", NOW + timedelta(hours=1)) for n in range(others)])
    due = [row(f"due-{n}") for n in range(100)]
    store.schedule(due)
    counter.spent()
    assert len(store.due(AgendaKind.BACKUP, until=NOW, limit=5000)) == 100
    assert counter.spent() == 4
    store.schedule([row(each.instance_name, NOW + timedelta(hours=4)) for each in due])
    assert counter.spent() == 4
    store.unschedule(due)
    assert counter.spent() == 4
    assert store.due(AgendaKind.BACKUP, until=NOW, limit=5000) == ()
    assert counter.spent() == 4


def test_a_tick_reads_no_further_than_its_limit(store, counter):
    store.schedule([row(f"due-{n}") for n in range(200)])
    counter.spent()
    assert len(store.due(AgendaKind.BACKUP, until=NOW, limit=10)) == 10
    assert counter.spent() == 4


def test_one_row_is_one_transaction(store, counter):
    store.schedule([row("one")])
    store.unschedule([row("one")])
    assert counter.spent() == 2
    store.unschedule([row("one")])
    assert counter.spent() == 1


def test_to_move_a_row_is_one_transaction(store, counter):
    store.schedule([row("one")])
    counter.spent()
    store.schedule([row("one", NOW + timedelta(hours=1))], instead_of=[row("one")])
    assert counter.spent() == 1
    store.schedule([row("one", NOW + timedelta(hours=2))], instead_of=[row("one")])
    assert counter.spent() == 2  # refused, for the old one is gone; then written


def test_each_absent_row_costs_one_transaction_more_and_no_read(store, counter):
    present = [row(f"disk-{n}") for n in range(50)]
    store.schedule(present)
    counter.spent()
    store.unschedule([*present, row("absent-1"), row("absent-2"), row("absent-3")])
    assert counter.spent() == 4 + 3
    assert store.due(AgendaKind.BACKUP, until=NOW, limit=100) == ()


def test_a_storage_that_does_not_answer_is_unavailable():
    (port,) = free_ports(1)
    endpoint = f"http://127.0.0.1:{port}/test0"
    store = TableStore(
        prefix="absent",
        connection_string=f"AccountName=test0;AccountKey=c2VjcmV0;TableEndpoint={endpoint};",
    )
    for attempt in (
        lambda: store.get(BackupInstance, VAULT, "x"),
        lambda: store.commit(VAULT, [Insert(instance())]),
        lambda: store.due(AgendaKind.BACKUP, until=NOW, limit=1),
        lambda: store.schedule([row("x")]),
        lambda: store.unschedule([row("x")]),
        lambda: store.page(BackupInstance, VAULT),
    ):
        with pytest.raises(CloudUnavailable) as refusal:
            attempt()
        assert "c2VjcmV0" not in str(refusal.value)

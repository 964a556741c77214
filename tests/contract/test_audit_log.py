"""The contract of ports.AuditLog, over the fake and over the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from backup_core.adapters import audit_table
from backup_core.adapters.audit_table import AuditTable
from backup_core.domain.audit import AuditRecord, AuditScope, Outcome, scope_of
from backup_core.domain.errors import CloudUnavailable, InvalidInput
from backup_core.domain.resource_ids import VaultKey
from backup_core.ports import AuditLog
from tests.builders import NOW, SUBSCRIPTION, VAULT
from tests.contract.conftest import PREFIX
from tests.fakes import FakeAudit

OF_VAULT = AuditScope(subscription=SUBSCRIPTION, vault=VAULT)
OF_SUBSCRIPTION = AuditScope(subscription=SUBSCRIPTION)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditBench:
    log: AuditLog
    spoil: Callable[..., None]  # (record, **columns)
    requests: Callable[[], int]


class _Counter:
    """A policy of the SDK's pipeline that counts requests."""

    def __init__(self) -> None:
        self.count = 0

    def on_request(self, _: Any) -> None:
        self.count += 1


@pytest.fixture(params=["fake", pytest.param("table", marks=pytest.mark.local_target)])
def bench(request: pytest.FixtureRequest) -> AuditBench:
    if request.param == "fake":
        fake = FakeAudit()
        return AuditBench(log=fake, spoil=fake.corrupt, requests=lambda: len(fake.faults.calls))
    return _table_bench(request.getfixturevalue("azurite"))


def _table_bench(storage: str) -> AuditBench:
    from azure.core.pipeline.policies import SansIOHTTPPolicy
    from azure.data.tables import TableClient

    class Counter(_Counter, SansIOHTTPPolicy[Any, Any]):
        pass

    counter = Counter()
    table = TableClient.from_connection_string(storage, f"{PREFIX}audit")

    def spoil(record: AuditRecord, **columns: Any) -> None:
        keys = {"PartitionKey": audit_table.partition_of(record.scope), "RowKey": audit_table.row_key(record)}
        table.update_entity({**keys, **columns}, mode="merge")

    log = AuditTable(prefix=PREFIX, connection_string=storage, per_call_policies=[counter])
    return AuditBench(log=log, spoil=spoil, requests=lambda: counter.count)


def record(number: int = 1, **changes: Any) -> AuditRecord:
    made = AuditRecord(
        at=NOW + timedelta(seconds=number, microseconds=number),
        request_id=f"00000000-0000-4000-8000-{number:012}",
        correlation_id="3f1c8a52-95a8-4c44-9d0b-0e5f3a1b2c3d",
        caller_id="aaaaaaaa-0000-4000-8000-000000000001",
        caller_name="Ada Ünal <ada@example.com>",
        caller_kind="user",
        ip="2001:db8::1",
        method="PUT",
        action="Microsoft.DataProtection/backupVaults/backupPolicies/write",
        path=f"{VAULT.resource_id}/backupPolicies/policy-{number}",
        outcome=Outcome.SUCCEEDED,
        status=200,
        left_out=3,
    )
    return replace(made, **changes)


def test_a_log_that_nobody_wrote_to_is_empty(bench):
    assert bench.log.page(OF_VAULT).items == ()
    assert bench.log.page(OF_SUBSCRIPTION).next_token is None


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"outcome": Outcome.ATTEMPTED, "status": 0},
        {"outcome": Outcome.REFUSED, "status": 403, "error_code": "AuthorizationFailed"},
        {"outcome": Outcome.FAILED, "status": 500},
        {"caller_id": "", "caller_name": "", "ip": "", "correlation_id": ""},
        {"path": f"{VAULT.resource_id}/backupInstances/{'ä' * 1000}"},
    ],
)
def test_a_record_comes_back_as_it_was(bench, changes):
    bench.log.append(record(**changes))
    assert bench.log.page(OF_VAULT).items == (record(**changes),)


def test_the_newest_comes_first(bench):
    for number in (2, 5, 1, 4, 3):
        bench.log.append(record(number))
    assert [each.request_id[-1] for each in bench.log.page(OF_VAULT).items] == ["5", "4", "3", "2", "1"]


def test_the_outcome_comes_before_an_attempt_of_the_same_instant(bench):
    for outcome in (Outcome.ATTEMPTED, Outcome.SUCCEEDED):
        bench.log.append(record(outcome=outcome))
    assert [each.outcome for each in bench.log.page(OF_VAULT).items] == [Outcome.SUCCEEDED, Outcome.ATTEMPTED]


def test_adding_the_same_record_again_changes_nothing(bench):
    bench.log.append(record())
    bench.log.append(record())
    bench.log.append(record(caller_name="someone else"))
    assert bench.log.page(OF_VAULT).items == (record(),), "what is written stays as it was written"


def test_pages_go_on_where_the_last_one_ended_also_when_records_come_in_between(bench):
    for number in range(1, 8):
        bench.log.append(record(number))
    seen, token = [], None
    while True:
        page = bench.log.page(OF_VAULT, token=token, limit=3)
        seen += [each.request_id[-1] for each in page.items]
        token = page.next_token
        bench.log.append(record(9, request_id=f"00000000-0000-4000-8000-9{len(seen):011}"))
        if token is None:
            break
    assert seen == ["7", "6", "5", "4", "3", "2", "1"]


def test_a_page_that_holds_exactly_the_rest_is_the_last(bench):
    for number in (1, 2, 3):
        bench.log.append(record(number))
    assert bench.log.page(OF_VAULT, limit=3).next_token is None
    assert bench.log.page(OF_VAULT, limit=2).next_token is not None


@pytest.mark.parametrize("token", ["x", "%%%", "ä", "Zm9v/"])
def test_a_token_that_the_log_did_not_make_is_refused(bench, token):
    with pytest.raises(InvalidInput):
        bench.log.page(OF_VAULT, token=token)


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        (VAULT.resource_id, OF_VAULT),
        (VAULT.resource_id.upper(), OF_VAULT),
        (f"{VAULT.resource_id}/a/b/c", OF_VAULT),
        (f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g", OF_SUBSCRIPTION),
        (f"/subscriptions/{SUBSCRIPTION}", OF_SUBSCRIPTION),
        ("/providers/Microsoft.DataProtection/operations", AuditScope()),
        ("/subscriptions", AuditScope()),
        ("/subscriptions/a%2Fb#c/x", AuditScope()),
        (f"/subscriptions/{'x' * 91}", AuditScope()),
        (f"{VAULT.resource_id}|x", OF_SUBSCRIPTION),
    ],
)
def test_a_record_is_kept_where_its_path_belongs(bench, path, scope):
    bench.log.append(record(path=path))
    assert bench.log.page(scope).items == (record(path=path),)
    for other in {OF_VAULT, OF_SUBSCRIPTION, AuditScope()} - {scope}:
        assert bench.log.page(other).items == ()


def test_two_vaults_do_not_mix(bench):
    other = VaultKey(subscription=VAULT.subscription, group=VAULT.group, name=f"{VAULT.name}2")
    bench.log.append(record(1))
    bench.log.append(record(2, path=other.resource_id))
    assert [each.request_id[-1] for each in bench.log.page(scope_of(other.resource_id)).items] == ["2"]


@pytest.mark.parametrize("columns", [{"outcome": "Other"}, {"at": "soon"}, {"status": "x"}, {"v": 2}, {"path": 5}])
def test_a_row_that_cannot_be_read_is_named_and_the_rest_comes(bench, columns):
    for number in (1, 2, 3):
        bench.log.append(record(number))
    bench.spoil(record(2), **columns)
    page = bench.log.page(OF_VAULT)
    assert [each.request_id[-1] for each in page.items] == ["3", "1"]
    assert len(page.corrupt) == 1


def test_a_path_beyond_all_measure_is_cut(bench):
    bench.log.append(record(path=f"{VAULT.resource_id}/{'x' * 100_000}"))
    (kept,) = bench.log.page(OF_VAULT).items
    assert kept.path.startswith(f"{VAULT.resource_id}/xxx")
    assert len(kept.path) == 2048


def test_each_call_costs_one_transaction(bench):
    bench.log.append(record(1))
    before = bench.requests()
    bench.log.append(record(2))
    assert bench.requests() == before + 1
    bench.log.page(OF_VAULT)
    assert bench.requests() == before + 2


@pytest.mark.local_target
def test_storage_that_does_not_answer_is_told():
    storage = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=c2VjcmV0;TableEndpoint=http://127.0.0.1:9/a;"
    log = AuditTable(prefix=PREFIX, connection_string=storage)
    with pytest.raises(CloudUnavailable):
        log.append(record())
    with pytest.raises(CloudUnavailable):
        log.page(OF_VAULT)


def test_what_is_old_enough_goes_whoever_it_is_of(bench):
    log = bench.log
    old = [
        replace(record(number), at=NOW - timedelta(days=500, seconds=number), path=path)
        for number, path in enumerate((VAULT.resource_id, f"/subscriptions/{SUBSCRIPTION}", "/providers"))
    ]
    kept = [replace(record(7), at=NOW - timedelta(days=400)), record(8)]
    for each in (*old, *kept):
        log.append(each)
    before = NOW - timedelta(days=400)
    assert log.purge(before=before, limit=2) == 2
    assert log.purge(before=before, limit=100) == 1
    assert log.purge(before=before, limit=100) == 0
    assert [each.request_id for each in log.page(OF_VAULT).items] == [kept[1].request_id, kept[0].request_id]
    assert log.page(OF_SUBSCRIPTION).items == ()

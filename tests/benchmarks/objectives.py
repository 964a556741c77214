"""What a check of recovery-point objectives costs with 100 instances near their limit among 1,000, 10,000 and 100,000.

The check runs as it is, over the real adapters on Azurite, with all instances and their backups' agenda rows in the
tables. The hundred had a backup that failed; their rows are due, they are younger than their objective and still in
trouble: each is read and put off. A bare read of one row and a bare query for the head of one shard stand beside it:
how Azurite itself scales, which reads the whole table for each query. Both the whole time and the time that the check
does not wait for storage are held to the bar.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from azure.data.tables import TableClient

from backup_core.adapters import entities
from backup_core.domain.agenda import AgendaKind, AgendaRow, backup_row
from backup_core.domain.instance import BackupInstance, PointSummary, ProtectionState
from backup_core.domain.objective import ObjectiveState, standing_of
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.resource_ids import VaultKey
from backup_core.ports import Insert, Ports
from backup_core.workflows.objectives import check_objectives, objective_row
from tests.benchmarks.counting import RequestCounter
from tests.benchmarks.figures import Figure, median
from tests.benchmarks.tables import (
    ROUNDS,
    SIZES,
    WARM_UP,
    Cost,
    cost_figures,
    growth_figures,
    head_seconds,
    in_memory_azurite,
    patiently,
    ports_on,
)
from tests.builders import disk_id, policy_properties

NEAR = 100
NOW = datetime(2026, 3, 2, 16, 30, tzinfo=UTC)  # half an hour after a slot
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PREFIX = "objectives"
VAULTS = 10
_FILL = 4_000  # instances between two lines of progress
_TOGETHER = 40  # rows of one transaction: while Azurite works at a long one, it drops the connections of others
_ROWS = 100  # of the agenda at once
_POLICY = BackupPolicy.parse("policy", policy_properties(intervals=("R/2026-03-01T00:00:00+00:00/PT4H",)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cost(Cost):
    row_seconds: float  # of a bare read beside it


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    ports: Ports
    counter: RequestCounter
    agenda: TableClient
    records: TableClient


def measure() -> list[Figure]:
    with in_memory_azurite() as storage:
        bench = _bench(storage)
        _write(bench, [_instance(number, failed=True) for number in range(NEAR)])
        costs, filled = [], NEAR
        for size in SIZES:
            _fill(bench, filled, size)
            filled = size
            costs.append(_cost(bench, size))
    return [figure for cost in costs for figure in _figures(cost, costs[0])]


def _figures(cost: _Cost, smallest: _Cost) -> Iterator[Figure]:
    among = f"{NEAR} near their limit among {cost.size:,}"
    yield from cost_figures(among, "check", cost)
    yield Figure(name=f"{among}: bare read of one instance", value=cost.row_seconds * 1000, unit="ms")
    if cost is not smallest:
        note = f", bare read: {cost.row_seconds / smallest.row_seconds:.2f} times"
        yield from growth_figures(among, cost, smallest, note=note)


def _bench(storage: str) -> _Bench:
    ports, counter = ports_on(storage, prefix=PREFIX, now=NOW)
    agenda, records = (TableClient.from_connection_string(storage, f"{PREFIX}{name}") for name in ("agenda", "records"))
    return _Bench(ports=ports, counter=counter, agenda=agenda, records=records)


def _vault(number: int) -> VaultKey:
    return VaultKey(
        subscription="00000000-0000-4000-8000-000000000001", group="backup", name=f"vault-{number % VAULTS}"
    )


def _instance(number: int, *, failed: bool = False) -> BackupInstance:
    """Backed up at 16:00, or, when that failed, last at noon."""
    slot = NOON + timedelta(hours=4)
    point_at = NOON if failed else slot
    return BackupInstance(
        name=f"instance-{number:06d}",
        generation="g",
        revision=1,
        friendly_name=f"disk-{number:06d}",
        disk_id=disk_id(f"disk-{number:06d}"),
        disk_location="westeurope",
        snapshot_group_id=disk_id().partition("/providers")[0],
        policy=_POLICY,
        state=ProtectionState.CONFIGURED,
        created_at=NOON - timedelta(days=9),
        due_from=NOON - timedelta(days=8),
        newest_slot=slot,
        last_success_slot=point_at,
        newest_point=PointSummary(point_id="0" * 32, created_at=point_at + timedelta(seconds=5), expires_at=None),
    )


def _fill(bench: _Bench, first: int, last: int) -> None:
    """Healthy instances, whose next backup is on the agenda."""
    for start in range(first, last, _FILL):
        end = min(start + _FILL, last)
        _write(bench, [_instance(number) for number in range(start, end)])
        print(f"  {end:,} instances are written", file=sys.stderr, flush=True)


def _write(bench: _Bench, instances: list[BackupInstance]) -> None:
    by_vault: dict[VaultKey, list[BackupInstance]] = {}
    for instance in instances:
        by_vault.setdefault(_vault(int(instance.name[-6:])), []).append(instance)
    for vault, of_vault in by_vault.items():
        for start in range(0, len(of_vault), _TOGETHER):
            inserts = [Insert(instance) for instance in of_vault[start : start + _TOGETHER]]
            patiently(partial(bench.ports.store.commit, vault, inserts))
    next_slot = NOON + timedelta(hours=8)
    rows = [backup_row(vault, each, next_slot) for vault, of_vault in by_vault.items() for each in of_vault]
    for start in range(0, len(rows), _ROWS):
        patiently(partial(bench.ports.store.schedule, rows[start : start + _ROWS]))


def _cost(bench: _Bench, size: int) -> _Cost:
    """Medians over several checks; before each, the same rows are due again."""
    near = [_instance(number, failed=True) for number in range(NEAR)]
    assert {standing_of(each, NOW).state for each in near} == {ObjectiveState.AT_RISK}
    due = [_due(number) for number in range(NEAR)]
    later = [objective_row(_vault(number), each) for number, each in enumerate(near)]
    checks, own, heads, rows, transactions = [], [], [], [], []
    for _ in range(WARM_UP + ROUNDS):
        bench.ports.store.unschedule(later)
        bench.ports.store.schedule(due)
        bench.counter.take()
        began = time.perf_counter()
        summary = check_objectives(bench.ports)
        checks.append(time.perf_counter() - began)
        taken = bench.counter.take()
        own.append(checks[-1] - taken.waited_seconds)
        transactions.append(taken.counts.total())
        assert (summary.checked, summary.breached) == (NEAR, 0), summary
        heads.append(head_seconds(bench.agenda, AgendaKind.OBJECTIVE, NOW))
        rows.append(_row_seconds(bench))
    moved = list(bench.ports.store.due(AgendaKind.OBJECTIVE, until=NOW + timedelta(days=1), limit=2 * NEAR))
    assert len(moved) == NEAR, f"{len(moved)} rows are on the agenda"
    return _Cost(
        size=size,
        transactions=median(transactions[WARM_UP:]),
        seconds=median(checks[WARM_UP:]),
        own_seconds=median(own[WARM_UP:]),
        head_seconds=median(heads[WARM_UP:]),
        row_seconds=median(rows[WARM_UP:]),
    )


def _due(number: int) -> AgendaRow:
    name = f"instance-{number:06d}"
    return AgendaRow(kind=AgendaKind.OBJECTIVE, due_at=NOW, vault=_vault(number), instance_name=name)


def _row_seconds(bench: _Bench) -> float:
    """One read of one instance by its key: past the adapter."""
    address = entities.record_address(BackupInstance, _vault(0), "instance-000000")
    began = time.perf_counter()
    bench.records.get_entity(address.partition, address.row)
    return time.perf_counter() - began

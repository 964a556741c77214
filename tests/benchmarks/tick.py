"""What one dispatch costs with 100 instances due among 1,000, 10,000 and 100,000: storage transactions and time.

Dispatch runs as it is, over the real adapters on Azurite; the agenda is filled through the store adapter. A bare query
for the head of one shard stands beside it: how Azurite itself scales, which reads the whole table for each query. Both
are held to the bar: the whole time, which Azurite's own growth makes miss it among 100,000, and the time that the tick
does not wait for storage.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from azure.data.tables import TableClient
from azure.storage.queue import QueueServiceClient

from backup_core.domain.agenda import AgendaKind, AgendaRow
from backup_core.domain.errors import CloudUnavailable
from backup_core.domain.messages import BACKUP
from backup_core.domain.resource_ids import VaultKey
from backup_core.ports import Ports
from backup_core.workflows.dispatch import dispatch
from tests.benchmarks.counting import RequestCounter, shown
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

DUE = 100
HERD, HERD_SUBSCRIPTIONS = 5_000, 10
HERD_SECONDS = 26.0  # what it took while one message was sent after another
INTERVAL = "R/2026-01-01T00:00:00+00:00/P1D"
NOW = datetime(2026, 3, 2, tzinfo=UTC)
PREFIX = "tick"
_FILL = 8_000  # rows between two lines of progress
_HERDS = 4  # tries at a herd


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    ports: Ports
    counter: RequestCounter
    queue: Any  # a client of the queue that dispatch fills
    head: TableClient


def measure() -> list[Figure]:
    with in_memory_azurite() as storage:
        bench = _bench(storage)
        herd = list(_herd(bench))
        costs, filled = [], 0
        for size in SIZES:
            _fill(bench, filled, size - DUE)
            filled = size - DUE
            costs.append(_cost(bench, size))
    return [*herd, *(figure for cost in costs for figure in _figures(cost, costs[0]))]


def _herd(bench: _Bench) -> Iterator[Figure]:
    """One tick with thousands due, in as many subscriptions as lets them all be enqueued at once. Azurite may close a
    connection while it is busy with itself; then a herd in other subscriptions is as good."""
    for tries_left in reversed(range(_HERDS)):
        due = [_herd_row(number, tries_left) for number in range(HERD)]
        patiently(partial(bench.ports.store.schedule, due))
        bench.counter.take()
        began = time.perf_counter()
        try:
            summary = dispatch(bench.ports)
        except CloudUnavailable:
            if not tries_left:
                raise
            continue
        break
    seconds, taken = time.perf_counter() - began, bench.counter.take()
    assert summary.enqueued >= HERD, f"{summary.enqueued} of {HERD} were enqueued"
    yield Figure(name=f"{HERD:,} due: time of a tick", value=seconds, unit="s", at_most=HERD_SECONDS)
    yield Figure(name=f"{HERD:,} due: of it not waiting for storage", value=seconds - taken.waited_seconds, unit="s")
    each = taken.counts.total() / HERD
    yield Figure(name=f"{HERD:,} due: storage transactions for each", value=each, note=shown(taken.counts, HERD))
    bench.ports.store.unschedule([replace(row, due_at=NOW + timedelta(days=1)) for row in due])
    watches = bench.ports.store.due(AgendaKind.WATCH, until=NOW + timedelta(days=1), limit=4 * HERD)
    bench.ports.store.unschedule(list(watches))
    bench.queue.clear_messages()


def _herd_row(number: int, tries_left: int) -> AgendaRow:
    subscription = f"subscription-{tries_left}-{number % HERD_SUBSCRIPTIONS}"
    return _with_disk_in(subscription, _row(f"herd-{tries_left}-{number:04d}", NOW))


def _with_disk_in(subscription: str, row: AgendaRow) -> AgendaRow:
    return replace(row, content={**row.content, "subscription": subscription})


def _figures(cost: Cost, smallest: Cost) -> Iterator[Figure]:
    among = f"{DUE} due among {cost.size:,}"
    yield from cost_figures(among, "tick", cost)
    if cost is not smallest:
        yield from growth_figures(among, cost, smallest)


def _bench(storage: str) -> _Bench:
    ports, counter = ports_on(storage, prefix=PREFIX, now=NOW)
    queue = QueueServiceClient.from_connection_string(storage).get_queue_client(BACKUP)
    queue.create_queue()
    head = TableClient.from_connection_string(storage, f"{PREFIX}agenda")
    return _Bench(ports=ports, counter=counter, queue=queue, head=head)


def _fill(bench: _Bench, first: int, last: int) -> None:
    """Instances whose next slot lies within the coming day, none of them due."""
    for start in range(first, last, _FILL):
        rows = [
            _row(f"instance-{number:06d}", NOW + timedelta(seconds=60 + number % 86_000))
            for number in range(start, min(start + _FILL, last))
        ]
        patiently(partial(bench.ports.store.schedule, rows))
        print(f"  {min(start + _FILL, last):,} rows of the agenda are written", file=sys.stderr, flush=True)


def _row(instance: str, due_at: datetime, kind: AgendaKind = AgendaKind.BACKUP, subject: str = "") -> AgendaRow:
    vault = VaultKey(subscription="00000000-0000-4000-8000-000000000001", group="backup", name="vault")
    content = {"intervals": [INTERVAL], "time_zone": "UTC", "revision": 1, "generation": "g"}
    return AgendaRow(kind=kind, due_at=due_at, vault=vault, instance_name=instance, subject=subject, content=content)


def _cost(bench: _Bench, size: int) -> Cost:
    """Medians over several ticks; before each, the same instances are due again, with disks in another subscription:
    the clock stands still, so that one subscription's budgets would be used up after a few."""
    due = [_row(f"due-{number:03d}", NOW) for number in range(DUE)]
    ticks, own, heads, transactions = [], [], [], []
    for number in range(WARM_UP + ROUNDS):
        bench.ports.store.schedule([_with_disk_in(f"subscription-{size}-{number}", row) for row in due])
        bench.counter.take()
        began = time.perf_counter()
        summary = dispatch(bench.ports)
        ticks.append(time.perf_counter() - began)
        taken = bench.counter.take()
        own.append(ticks[-1] - taken.waited_seconds)
        transactions.append(taken.counts.total())
        assert summary.enqueued == DUE, f"{summary.enqueued} of {DUE} were enqueued"
        _tidy(bench)
        heads.append(head_seconds(bench.head, AgendaKind.BACKUP, NOW))
    return Cost(
        size=size,
        transactions=median(transactions[WARM_UP:]),
        seconds=median(ticks[WARM_UP:]),
        own_seconds=median(own[WARM_UP:]),
        head_seconds=median(heads[WARM_UP:]),
    )


def _tidy(bench: _Bench) -> None:
    """Take away what the tick wrote: the next slots, the watch rows, the messages."""
    store = bench.ports.store
    store.unschedule([_row(f"due-{number:03d}", NOW + timedelta(days=1)) for number in range(DUE)])
    store.unschedule(list(store.due(AgendaKind.WATCH, until=NOW + timedelta(days=1), limit=2 * DUE)))
    bench.queue.clear_messages()

"""Tables for the benchmarks that ask how costs grow with what is stored: an Azurite of their own, filled patiently."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from azure.data.tables import TableClient

from backup_core.adapters import entities
from backup_core.adapters.storage_queue import StorageQueue
from backup_core.adapters.table_store import TableStore
from backup_core.domain.agenda import AgendaKind
from backup_core.domain.errors import CloudUnavailable
from backup_core.ports import Ports, StateConflict
from infra.local.parts import Part, Recipe, free_ports
from infra.local.storage import StoragePorts, azurite_command, connection_string
from tests.benchmarks.counting import RequestCounter
from tests.benchmarks.figures import Figure
from tests.fakes import FakeAudit, FakeAzureBackup, FakeClock, FakeCloud, FakeSink

SIZES = (1_000, 10_000, 100_000)
WARM_UP = 3
ROUNDS = 11
TRANSACTIONS_DEVIATION = 5.0  # per cent
TIME_RATIO = 1.3
_TRIES = 12


@contextmanager
def in_memory_azurite() -> Iterator[str]:
    """The connection string of an Azurite of its own."""
    with tempfile.TemporaryDirectory() as folder:
        ports = StoragePorts(**dict(zip(("blob", "queue", "table"), free_ports(3), strict=True)))
        part = Part(
            Recipe(
                name="azurite",
                command=_in_memory(azurite_command(Path(folder), ports)),
                environment=os.environ,
                log=Path(folder) / "azurite.log",
                directory=Path(folder),
                ready_ports=ports.all,
            )
        )
        try:
            part.wait_ready(until=time.monotonic() + 60)
            yield connection_string(ports)
        finally:
            part.send(signal.SIGTERM)
            part.wait_ended(20)


def _in_memory(command: list[str]) -> list[str]:
    """Kept on disk, Azurite would write all of it anew every five seconds: as long a stop as there are rows."""
    place = command.index("--location")
    return [*command[:place], *command[place + 2 :], "--inMemoryPersistence"]


def ports_on(storage: str, *, prefix: str, now: datetime) -> tuple[Ports, RequestCounter]:
    """The real adapters of tables and queues, whose requests are counted; all else in memory."""
    counter, clock = RequestCounter(), FakeClock(now)
    cloud = FakeCloud(clock)
    ports = Ports(
        clock=clock,
        store=TableStore(prefix=prefix, connection_string=storage, per_call_policies=[counter]),
        queue=StorageQueue(connection_string=storage, per_call_policies=[counter]),
        cloud=cloud,
        azure_backup=FakeAzureBackup(cloud),
        events=FakeSink(),
        audit=FakeAudit(),
    )
    return ports, counter


def patiently(write: Callable[[], object]) -> None:
    """Azurite answers nobody while it sorts in rows; a connection that it closes meanwhile is no reason to give up."""
    for tries_left in reversed(range(_TRIES)):
        try:
            write()
        except CloudUnavailable:
            if not tries_left:
                raise
            continue
        except StateConflict:
            return  # written by the try before, whose answer got lost
        return


def head_seconds(agenda: TableClient, kind: AgendaKind, now: datetime) -> float:
    """One query for what is due in one shard, when nothing is: past the adapter."""
    parameters = {"partition": entities.agenda_partition(kind, 0), "end": entities.due_before(now)}
    began = time.perf_counter()
    rows = list(agenda.query_entities("PartitionKey eq @partition and RowKey lt @end", parameters=parameters))
    seconds = time.perf_counter() - began
    assert not rows, f"{len(rows)} rows are still due"
    return seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of one run among `size` rows: medians of ROUNDS."""

    size: int
    transactions: float
    seconds: float
    own_seconds: float  # without the time in which storage was asked and had not answered
    head_seconds: float  # of a bare query beside it


def cost_figures(among: str, run: str, cost: Cost) -> Iterator[Figure]:
    yield Figure(name=f"{among}: storage transactions", value=cost.transactions)
    yield Figure(name=f"{among}: time of a {run}", value=cost.seconds * 1000, unit="ms")
    yield Figure(name=f"{among}: of it not waiting for storage", value=cost.own_seconds * 1000, unit="ms")
    yield Figure(name=f"{among}: bare head query of one shard", value=cost.head_seconds * 1000, unit="ms")


def growth_figures(among: str, cost: Cost, smallest: Cost, *, note: str = "") -> Iterator[Figure]:
    """Held to the bars. `note` tells more of how the storage itself grew."""
    deviation = abs(cost.transactions - smallest.transactions) / smallest.transactions * 100
    against = f"against among {smallest.size:,}"
    yield Figure(
        name=f"{among}: transactions {against}, deviation", value=deviation, unit="%", at_most=TRANSACTIONS_DEVIATION
    )
    yield Figure(
        name=f"{among}: time {against}",
        value=cost.seconds / smallest.seconds,
        unit="times",
        at_most=TIME_RATIO,
        note=f"bare head query: {cost.head_seconds / smallest.head_seconds:.2f} times{note}",
    )
    yield Figure(
        name=f"{among}: time not waiting for storage {against}",
        value=cost.own_seconds / smallest.own_seconds,
        unit="times",
        at_most=TIME_RATIO,
    )

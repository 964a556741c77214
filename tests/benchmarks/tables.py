"""Tables for the benchmarks that ask how costs grow with what is stored: an Azurite of their own, filled patiently."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from tests.fakes import FakeAudit, FakeClock, FakeCloud, FakeSink

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
    ports = Ports(
        clock=clock,
        store=TableStore(prefix=prefix, connection_string=storage, per_call_policies=[counter]),
        queue=StorageQueue(connection_string=storage, per_call_policies=[counter]),
        cloud=FakeCloud(clock),
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

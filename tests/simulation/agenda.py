"""What a minute of ticks costs in storage transactions among few disks and among many: the same, for a tick reads what
is due. Disks are daily and spread over the day; as many are due in either case."""

from __future__ import annotations

import random
from datetime import timedelta

from backup_core.domain.agenda import AgendaRow, backup_row, expiry_row
from backup_core.workflows.tick import tick
from tests.benchmarks.figures import Figure
from tests.builders import VAULT, instance, policy
from tests.fakes import World
from tests.simulation.azure import Azure, Process
from tests.simulation.scene import SLOT

SIZES = (1_000, 100_000)
DUE = 70  # of 100,000 in a minute
DAY_SECONDS = 24 * 3600
TICKS = (0, 15, 30, 45)  # seconds
DEVIATION_PER_CENT = 5.0


def transactions_of_a_minute(disks: int) -> int:
    world = World()
    azure = Azure(world, random.Random(0))
    world.clock.set(SLOT)
    world.store.schedule(list(_rows(disks)))
    process = Process(azure)
    for second in TICKS:
        world.clock.set(SLOT + timedelta(seconds=second))
        tick(process.ports)
    assert len(world.queue.sent) >= DUE, "what is due is sent"
    return sum(azure.transactions.values())


def _rows(disks: int) -> list[AgendaRow]:
    """All but those that are due become so later in the day."""
    daily = policy(intervals=(f"R/{SLOT.isoformat()}/P1D",))
    rows = []
    for number in range(disks):
        one = instance(f"disk-{number:06d}", policy=daily)
        later = 0 if number < DUE else 61 + number * (DAY_SECONDS - 122) // disks
        rows.append(backup_row(VAULT, one, SLOT + timedelta(seconds=later)))
        rows.append(expiry_row(VAULT, one.name, SLOT + timedelta(days=1, seconds=later)))
    return rows


def figures(seed: int) -> list[Figure]:
    """The seed changes nothing."""
    del seed
    few, many = (transactions_of_a_minute(size) for size in SIZES)
    deviation = abs(many - few) / few * 100
    among = f"{DUE} due of {SIZES[1]:,}"
    return [
        Figure(name=f"{DUE} due of {SIZES[0]:,}: storage transactions of a minute's ticks", value=few),
        Figure(name=f"{among}: the same", value=many),
        Figure(name=f"{among}: deviation", value=deviation, unit="%", at_most=DEVIATION_PER_CENT),
    ]

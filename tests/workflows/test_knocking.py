"""The knock before a slot: sent when something is due in the next minute, never otherwise, and harmless."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from backup_core.domain.agenda import AgendaKind, AgendaRow
from backup_core.domain.messages import Knock
from backup_core.domain.resource_ids import VaultKey
from backup_core.workflows.knocking import BEFORE, FOR_A_HOST, knock
from tests.builders import VAULT
from tests.fakes import World
from tests.workflows.platform import Platform
from tests.workflows.scenes import HOUR, SLOT, protected


def before(slot: datetime, seconds: float) -> Platform:
    """An hourly disk, so long before `slot`; the noon slot is the next on the agenda."""
    platform = protected()
    platform.world.clock.set(slot - timedelta(seconds=seconds))
    return platform


def knocks(platform: Platform) -> int:
    return sum(isinstance(message, Knock) for message in platform.world.queue.sent)


def test_it_comes_a_few_times_within_the_last_seconds_before_the_slot() -> None:
    platform = before(SLOT, 15)
    assert knock(platform.world.ports)
    heard = [each.visible_at for each in platform.world.queue.waiting() if each.kind == "Knock"]
    assert heard == sorted(SLOT - each for each in BEFORE)


@pytest.mark.parametrize("seconds", [61, 75, 3000])
def test_nothing_due_in_the_next_minute_means_no_knock_and_one_look(seconds: float) -> None:
    platform = before(SLOT, seconds)
    calls = len(platform.world.faults.calls)
    assert not knock(platform.world.ports)
    assert platform.world.faults.calls[calls:] == ["store.due"]
    assert knocks(platform) == 0


def herd(*counts: int) -> World:
    """So many disks of each subscription are due at the next full minute."""
    world = World()
    slot = world.clock.now() + timedelta(minutes=1)
    for number, count in enumerate(counts):
        key = VaultKey(subscription=str(uuid.UUID(int=number + 1)), group="backup-rg", name="vault-1")
        rows = [replace(DUE, due_at=slot, vault=key, instance_name=f"disk-{each}") for each in range(count)]
        world.store.schedule(rows)
    world.clock.advance(seconds=45)
    return world


DUE = AgendaRow(kind=AgendaKind.BACKUP, due_at=SLOT, vault=VAULT, instance_name="disk-1")


@pytest.mark.parametrize(
    ("counts", "hosts"),
    [((100,), 1), ((101,), 4), ((5_000,), 4), ((101, 50), 7), ((1_000,) * 5, 16), ((101, 2, 2), 5)],
)
def test_a_herd_is_knocked_for_by_as_many_messages_as_start_the_hosts_that_it_needs(
    counts: tuple[int, ...], hosts: int
) -> None:
    """What a subscription's budgets let begin each second is what its hosts must take."""
    world = herd(*counts)
    assert knock(world.ports)
    first = [each for each in world.queue.waiting() if each.visible_at <= world.clock.now()]
    assert len(first) == (FOR_A_HOST * hosts if hosts > 1 else 1)
    assert len(world.queue.sent) == len(first) + 2


def test_a_herd_that_waits_for_its_places_has_its_hosts() -> None:
    world = herd(1_000)
    world.clock.advance(minutes=1)
    assert knock(world.ports)
    assert len(world.queue.sent) == len(BEFORE)


def test_an_instance_is_run_for_as_many_messages_as_the_host_takes_at_once() -> None:
    host = json.loads((Path(__file__).parents[2] / "host.json").read_text())
    assert host["extensions"]["queues"]["batchSize"] == FOR_A_HOST


def test_a_late_tick_knocks_at_once_with_what_is_left() -> None:
    platform = before(SLOT, 4)
    knock(platform.world.ports)
    waits = [each.visible_at - platform.world.clock.now() for each in platform.world.queue.waiting()]
    assert sorted(waits) == [timedelta(0), timedelta(0), timedelta(seconds=2)]


def test_an_hourly_disk_has_a_knock_for_each_slot_and_no_more() -> None:
    platform = before(SLOT, 125)
    platform.run(hours=2)
    assert knocks(platform) == 2 * len(BEFORE)
    assert SLOT + HOUR in {point.slot for point in platform.points()}
    assert platform.failures == []

"""Events leave whatever the hosts' clocks say, however long a commit takes, and though a host freezes: what a process
remembers and the rows it wrote are hints, never the only cause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from backup_core.domain.agenda import AgendaKind
from backup_core.domain.alert import Alert
from backup_core.domain.errors import CloudUnavailable
from backup_core.domain.events import Event
from backup_core.domain.outbox import DigestItem, OutboxEvent
from backup_core.ports import Insert, Memory, Ports, StateStore, every
from backup_core.workflows import announcements, outbox
from backup_core.workflows.job_kinds import run, watch
from backup_core.workflows.reconcile import reconcile
from tests.builders import VAULT, vault
from tests.fakes import OtherClock, World


class SlowStore:
    """A store whose calls take their time: `before` runs ahead of those that it is given."""

    def __init__(self, store: StateStore, before: Callable[[str, Any], None]) -> None:
        self._store, self._before = store, before

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._before(name, args)
            return method(*args, **kwargs)

        return call


def world() -> World:
    made = World()
    made.store.commit(VAULT, [Insert(vault())])
    return made


def host(world: World, *, ahead: float = 0) -> Ports:
    """Another process on the same tables, with a clock and a memory of its own."""
    return replace(world.ports, memory=Memory(), clock=OtherClock(world.clock, timedelta(seconds=ahead)))


def alert(number: int, at: datetime) -> Event:
    raised = Alert(
        alert_id=f"{number:032x}",
        cause="RpoBreached",
        instance_name=f"disk-{number}",
        fired_type="DiskBackup.Rpo.Breached",
        raised_at=at,
        told_at=at,
        severity="Sev1",
    )
    return announcements.alert_fired(VAULT, raised)


def plain(number: int, at: datetime) -> Event:
    return announcements.scheduler_stalled(VAULT, at, number, at)


def tick(world: World, *hosts: Ports, seconds: int) -> None:
    """Let time pass; each host looks every 20 seconds, and messages arrive when they are visible."""
    for _ in range(seconds):
        world.clock.advance(seconds=1)
        for envelope in world.queue.due():
            world.queue.delete(envelope)
            run(hosts[0], envelope.text)
        if world.clock.now().second % 20 == 5:
            for each in hosts:
                watch(each)


def told(world: World) -> list[str]:
    """Names that were told, doubles of one event once."""
    return [name for event in world.events.distinct for name in event.content["affectedItems"]]


def left(world: World) -> int:
    items = [stored for stored in every(world.ports, DigestItem, VAULT) if stored.value.told_at is None]
    return len(items) + len(list(every(world.ports, OutboxEvent, VAULT)))


@pytest.mark.parametrize("ahead", [-40, -9, 9, 15, 40])
def test_clocks_that_differ_leave_no_alert_untold(ahead: int) -> None:
    made = world()
    ours, other = host(made), host(made, ahead=ahead)
    for number in range(12):
        outbox.record(ours if number % 2 else other, VAULT, [alert(number, made.clock.now())])
        tick(made, other, ours, seconds=7)
    tick(made, other, ours, seconds=180)
    assert left(made) == 0
    assert sorted(told(made)) == sorted(f"disk-{number}" for number in range(12))


def test_a_commit_that_takes_21_seconds_before_a_topic_that_is_down_is_told_when_it_is_back() -> None:
    made = world()
    other = host(made)

    def before(name: str, args: Any) -> None:
        if name == "commit" and len(args[1]) == 1 and made.store.faults.count("events.publish") == 0:
            for _ in range(21):
                made.clock.advance(seconds=1)
                watch(other)

    slow = replace(host(made), store=SlowStore(made.store, before))
    made.faults.fail("events.publish", CloudUnavailable("503"), times=2)
    outbox.record(slow, VAULT, [plain(1, made.clock.now())])
    assert left(made) == 1
    tick(made, other, seconds=150)
    assert left(made) == 0
    assert made.events.types() == ["DiskBackup.Scheduler.Stalled"]


@pytest.mark.parametrize("call", range(1, 12))
def test_an_alert_is_told_once_though_a_host_freezes_for_eleven_minutes_at_any_call(call: int) -> None:
    made = world()
    other, calls = host(made), 0

    def before(name: str, args: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == call:
            outbox.record(other, VAULT, [alert(2, made.clock.now())])
            tick(made, other, seconds=11 * 60)

    frozen = replace(host(made), store=SlowStore(made.store, before))
    outbox.record(frozen, VAULT, [alert(1, made.clock.now())])
    tick(made, frozen, seconds=60)
    tick(made, other, seconds=30 * 60)
    assert left(made) == 0
    assert list(every(made.ports, DigestItem, VAULT)) == []
    assert sorted(told(made)) == (["disk-1", "disk-2"] if calls >= call else ["disk-1"])


def test_what_is_skipped_is_told_within_seconds_and_a_single_event_costs_no_more() -> None:
    made = world()
    ours = host(made)
    outbox.record(ours, VAULT, [plain(1, made.clock.now())])
    assert made.queue.waiting() == []
    for number in (2, 3, 4):
        outbox.record(ours, VAULT, [plain(number, made.clock.now() + timedelta(milliseconds=number))])
    assert len(made.events.distinct) == 1
    assert len(made.queue.waiting()) == 1
    tick(made, ours, seconds=7)
    assert len(made.events.distinct) == 4


def test_events_whose_rows_are_all_lost_are_found_by_the_reconciler() -> None:
    made = world()
    made.faults.fail("events.publish", CloudUnavailable("503"), times=2)
    outbox.record(host(made), VAULT, [alert(1, made.clock.now())])
    outbox.record(host(made), VAULT, [plain(1, made.clock.now())])
    made.store.unschedule(list(made.store.agenda(AgendaKind.WATCH)))
    made.clock.advance(minutes=5)
    reconcile(made.ports)
    tick(made, host(made), seconds=120)
    assert left(made) == 0
    assert len(made.events.distinct) == 2


def test_a_topic_that_is_down_does_not_multiply_the_looks() -> None:
    made = world()
    ours = host(made)
    made.faults.fail("events.publish", CloudUnavailable("503"), times=10_000)
    for number in range(60):
        outbox.record(ours, VAULT, [plain(number, made.clock.now())])
        tick(made, ours, seconds=10)
    assert len(list(made.store.agenda(AgendaKind.WATCH))) <= 3

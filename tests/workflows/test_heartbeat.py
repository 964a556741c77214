"""The scheduler's heartbeat: each tick notes itself, a silence is told once to those whose slots fell into it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from backup_core.domain.errors import CloudUnavailable
from backup_core.domain.heartbeat import ALLOWED, RECONCILE, Heartbeat
from backup_core.domain.job import JobStatus
from backup_core.domain.messages import StartBackup
from backup_core.domain.resource_ids import ANYWHERE, VaultKey
from backup_core.ports import Memory, StateConflict
from backup_core.workflows.heartbeat import is_alive, note, recent_beat
from backup_core.workflows.installations import installation_id
from backup_core.workflows.tick import DutiesFailed, tick
from tests.builders import OTHER_SUBSCRIPTION, VAULT
from tests.fakes import World
from tests.workflows.platform import HostDied, Platform
from tests.workflows.scenes import (
    EVERY_MINUTE,
    HOUR,
    HOURLY,
    MINUTE,
    SLOT,
    backed_up,
    events,
    go_to,
    jobs,
    protected,
    sent,
)


def noted(platform: Platform) -> Heartbeat:
    return platform.stored(Heartbeat, vault=ANYWHERE).value


def after_silence(minutes: int = 30, *names: str) -> Platform:
    """Disks that are backed up hourly, whose 13:00 slot fell into a silence that is over `minutes` after it."""
    platform = backed_up(*names)
    platform.run(minutes=50)
    go_to(platform, SLOT + HOUR + minutes * MINUTE, minutes=1)
    return platform


def test_each_tick_notes_itself_for_one_read_and_one_write_and_does_the_same_beside_the_queues() -> None:
    platform = protected()
    platform.run(minutes=5)
    at = SLOT + 5 * MINUTE
    platform.world.clock.set(at)
    installation_id(platform.world.ports)  # which a process reads once a minute
    before = len(platform.world.faults.calls)
    assert tick(platform.world.ports) == {"dispatch": at, "watch": at}
    asked = [call for call in platform.world.faults.calls[before:] if call != "store.due"]
    assert asked == ["store.get", "queue.read_mark", "store.commit", "queue.leave_mark"]
    assert noted(platform).ticked_at == at


def test_a_tick_keeps_what_was_noted_since_it_read_the_heartbeat() -> None:
    platform = protected()
    platform.run(minutes=5)
    at = SLOT + 5 * MINUTE
    platform.world.clock.set(at)
    ports = platform.world.ports
    elsewhere = at + timedelta(seconds=1)
    platform.world.faults.interrupt_nth(1, lambda: note(ports, {RECONCILE: elsewhere}))  # behind its own read
    assert tick(ports) == {"dispatch": at, "watch": at}
    assert (noted(platform).ticked_at, noted(platform).last(RECONCILE)) == (at, elsewhere)


def test_each_duty_is_done_once_in_its_period_and_dispatch_at_the_full_minute() -> None:
    platform = protected()
    platform.run(minutes=1)
    done: list[tuple[int, str]] = []
    for second in (0, 15, 30, 45):
        platform.world.clock.set(SLOT + 5 * MINUTE + timedelta(seconds=second, milliseconds=30))
        done += [(second, duty) for duty in tick(platform.world.ports)]
    at_first = [(0, duty) for duty in ("dispatch", "watch", "sweep", "objectives", "poison", "knock")]
    later = [(15, "watch"), (15, "sweep"), (30, "watch"), (30, "objectives"), (30, "poison")]
    later += [(45, "watch"), (45, "knock")]
    assert done == [*at_first, *later]


def test_a_tick_that_fires_a_little_early_leaves_out_no_duty() -> None:
    platform = protected()
    platform.run(minutes=1)
    seen: Counter[str] = Counter()
    for number in range(30):
        at = SLOT + 10 * MINUTE + timedelta(seconds=15 * number) - timedelta(milliseconds=300 if number % 2 else 0)
        platform.world.clock.set(at)
        seen.update(list(tick(platform.world.ports)))
    assert all(count >= 7 for count in seen.values())
    assert seen["watch"] == 30


def test_a_duty_that_fails_keeps_no_other_from_its_turn_and_comes_again_with_the_next_tick() -> None:
    platform = protected()
    platform.run(minutes=1)
    platform.world.clock.set(SLOT + HOUR)
    platform.world.faults.fail("store.due", RuntimeError("broken"))
    with pytest.raises(DutiesFailed, match="dispatch"):
        tick(platform.world.ports)
    assert noted(platform).last("watch") == SLOT + HOUR
    platform.world.clock.set(SLOT + HOUR + timedelta(seconds=15))
    assert "dispatch" in tick(platform.world.ports)


@pytest.mark.parametrize("duty", ["dispatch", "watch", "sweep", "objectives", "reconcile"])
def test_a_duty_that_is_never_done_is_told(duty: str) -> None:
    world = World()
    for minute in range(60):
        note(world.ports, {name: world.clock.now() for name in ALLOWED if name != duty})
        world.clock.advance(minutes=1)
        world.memory = Memory()
        assert is_alive(world.ports) is (minute + 1 <= ALLOWED[duty].total_seconds() / 60)
    beat = recent_beat(world.ports)
    assert beat.stalled(world.clock.now()) == (duty,)


def test_two_ticks_side_by_side_both_note_what_they_did() -> None:
    world = World()
    note(world.ports, {"dispatch": SLOT})
    world.faults.fail("store.commit", StateConflict("the other host was faster"))
    note(world.ports, {"reconcile": SLOT + MINUTE})
    beat = recent_beat(world.ports)
    assert (beat.last("dispatch"), beat.last("reconcile")) == (SLOT, SLOT + MINUTE)


def test_a_silence_is_told_with_its_beginning_and_its_slots_and_that_it_is_over() -> None:
    platform = after_silence()
    (stalled,) = events(platform, "Scheduler.Stalled")
    assert stalled.content["severity"] == "Sev0"
    assert stalled.content["missedSlots"] == 1
    assert stalled.content["since"] == (SLOT + 50 * MINUTE).isoformat()
    assert len(events(platform, "Scheduler.Recovered")) == 1
    assert jobs(platform)[-1].status is JobStatus.COMPLETED, "the slot is caught up"
    platform.run(minutes=5)
    assert len(events(platform, "Scheduler.Stalled")) == 1


def test_every_slot_of_the_silence_counts() -> None:
    platform = protected("disk-1", "disk-2", **EVERY_MINUTE)
    platform.run(minutes=2)
    go_to(platform, SLOT + 12 * MINUTE, minutes=1)
    (stalled,) = events(platform, "Scheduler.Stalled")
    assert stalled.content["missedSlots"] == 2 * 10, "12:02 to 12:11; that of 12:12 is on time"


@pytest.mark.parametrize("minutes", [1, 4])
def test_a_tick_that_is_a_little_late_is_no_silence(minutes: int) -> None:
    platform = backed_up()
    platform.run(minutes=58)
    go_to(platform, SLOT + (58 + minutes) * MINUTE, minutes=1)
    assert events(platform, "Scheduler.Stalled") == []


def test_a_silence_in_which_nothing_was_due_is_told_to_nobody() -> None:
    platform = backed_up()
    go_to(platform, SLOT + 40 * MINUTE, minutes=1)
    assert events(platform, "Scheduler.Stalled") == []
    assert noted(platform).ticked_at > SLOT + 39 * MINUTE


def test_a_first_tick_of_all_has_nothing_to_tell() -> None:
    world = World()
    tick(world.ports)
    assert world.events.published == []


def test_each_vault_hears_of_its_own_slots() -> None:
    platform = after_silence(30, "disk-1", "disk-2")
    told = events(platform, "Scheduler.Stalled")
    assert [(event.source, event.content["missedSlots"]) for event in told] == [(VAULT.resource_id, 2)]
    other = VaultKey(subscription=OTHER_SUBSCRIPTION, group="g", name="v")
    assert not any(event.source == other.resource_id for event in told)


def test_a_tick_that_dies_after_telling_is_followed_by_one_that_tells_the_same() -> None:
    platform = backed_up()
    platform.run(minutes=50)
    platform.world.clock.set(SLOT + HOUR + 30 * MINUTE)
    platform.world.faults.fail("queue.send", HostDied())
    with pytest.raises(HostDied):
        tick(platform.world.ports)
    platform.world.clock.advance(minutes=1)
    tick(platform.world.ports)
    platform.run(minutes=1)
    told = events(platform, "Scheduler.Stalled")
    assert len({event.id for event in told}) == 1


def test_trouble_with_the_heartbeat_keeps_no_tick_from_its_work() -> None:
    platform = protected()
    platform.run(seconds=2)
    for call, error in (("store.get", CloudUnavailable("503")), ("store.commit", CloudUnavailable("503"))):
        platform.world.clock.set(platform.world.clock.now() + HOUR)
        platform.world.faults.fail(call, error)
        before = {message.slot for message in sent(platform, StartBackup)}
        tick(platform.world.ports)
        assert len({message.slot for message in sent(platform, StartBackup)} - before) == 1


def test_a_heartbeat_that_cannot_be_read_is_written_over() -> None:
    platform = protected()
    platform.run(seconds=5)
    platform.world.store.corrupt_record(Heartbeat, ANYWHERE)
    platform.world.clock.advance(minutes=1)
    tick(platform.world.ports)
    assert noted(platform).ticked_at == platform.world.clock.now()


def test_a_silence_that_cannot_be_told_is_no_longer_for_it() -> None:
    platform = backed_up()
    platform.run(minutes=50)
    platform.world.clock.set(SLOT + HOUR + 30 * MINUTE)
    before = len(sent(platform, StartBackup))
    platform.world.faults.fail("store.schedule", CloudUnavailable("503"))
    tick(platform.world.ports)
    assert len(sent(platform, StartBackup)) == before + 1


# Whether it is alive.


def test_it_is_alive_as_long_as_the_last_tick_is_recent() -> None:
    platform = protected()
    ports = platform.world.ports
    platform.run(seconds=5)
    assert is_alive(ports)
    platform.world.clock.set(SLOT + 4 * MINUTE)
    assert is_alive(ports)
    platform.world.clock.set(SLOT + 9 * MINUTE)
    assert not is_alive(ports)


def test_it_is_not_alive_before_its_first_tick_nor_without_its_storage() -> None:
    world = World()
    assert not is_alive(world.ports)
    assert recent_beat(world.ports) is None
    tick(world.ports)
    assert is_alive(world.ports)
    world.memory = Memory()
    world.faults.fail("store.get", CloudUnavailable("503"))
    assert not is_alive(world.ports)


def test_strangers_who_ask_often_cost_one_read_in_a_quarter_of_a_minute() -> None:
    platform = protected(**HOURLY)
    platform.run(minutes=1)
    before = platform.world.faults.count("store.get")
    for _ in range(100):
        assert is_alive(platform.world.ports)
    assert platform.world.faults.count("store.get") == before + 1

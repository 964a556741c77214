"""The tick: what is due is enqueued, once, whatever else exists and however late the tick comes."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from backup_core.domain.agenda import AgendaKind, AgendaRow, backup_row
from backup_core.domain.errors import CloudUnavailable
from backup_core.domain.messages import StartBackup
from backup_core.domain.outbox import OUTBOX, OutboxEvent
from backup_core.domain.pacing import News
from backup_core.ports import Memory, every
from backup_core.workflows import outbox, pacing
from backup_core.workflows.dispatch import AHEAD, DELIVERS, FEW, DispatchSummary, dispatch
from backup_core.workflows.job_kinds import watch
from tests.builders import VAULT, instance, policy
from tests.fakes import World
from tests.workflows.platform import Platform
from tests.workflows.scenes import HALF_PAST, HOUR, SLOT, events, go_to, jobs, protected, sent


def with_rows(count: int) -> World:
    """A world whose agenda has so many rows due at noon."""
    world = World()
    world.clock.set(SLOT)
    first = backup_row(VAULT, instance("disk"), SLOT)
    world.store.schedule([replace(first, instance_name=f"disk-{number}") for number in range(count)])
    world.faults.calls.clear()
    return world


def test_only_what_is_due_is_enqueued_and_watched_and_stands_at_its_next_slot() -> None:
    platform = protected("disk-1")
    platform.protect("disk-2", **HALF_PAST)
    platform.world.clock.set(SLOT)
    summary = dispatch(platform.world.ports)
    assert [(message.instance_name, message.slot) for message in sent(platform, StartBackup)] == [("disk-1", SLOT)]
    assert summary == DispatchSummary(enqueued=1, waiting=0, missed_slots=0, unreadable=0, limited=False)
    (message,) = sent(platform, StartBackup)
    watched = [(row.subject, row.due_at) for row in platform.agenda(AgendaKind.WATCH)]
    assert watched == [(message.job_id, message.watch_due_at)]
    next_ones = {row.instance_name: row.due_at for row in platform.agenda(AgendaKind.BACKUP)}
    assert next_ones == {"disk-1": SLOT + HOUR, "disk-2": SLOT + HOUR / 2}


def test_a_dispatch_with_nothing_due_only_reads_the_agenda() -> None:
    platform = protected("disk-1", "disk-2")
    platform.world.faults.calls.clear()
    assert dispatch(platform.world.ports).enqueued == 0
    assert platform.world.faults.calls == ["store.due"]


def test_a_slot_is_due_at_its_second_and_not_before() -> None:
    platform = protected()
    platform.world.clock.set(SLOT - timedelta(milliseconds=1))
    assert dispatch(platform.world.ports).enqueued == 0
    platform.world.clock.set(SLOT)
    assert dispatch(platform.world.ports).enqueued == 1
    assert dispatch(platform.world.ports).enqueued == 0


def test_two_hosts_that_read_the_same_row_take_one_snapshot() -> None:
    platform = protected()
    row = platform.agenda(AgendaKind.BACKUP)[0]
    platform.world.clock.set(SLOT)
    dispatch(platform.world.ports)
    platform.world.store.schedule([row])  # the other host had read it before this one moved it
    dispatch(platform.world.ports)
    assert len(sent(platform, StartBackup)) == 2
    platform.run(seconds=90)
    assert len(platform.world.cloud.taken) == 1
    platform.check_invariants(slots=[SLOT])


def test_more_than_a_tick_takes_waits_for_the_next_one() -> None:
    world = with_rows(503)
    first = dispatch(world.ports, limit=500)
    assert (first.enqueued, first.limited) == (500, True)
    second = dispatch(world.ports, limit=500)
    assert (second.enqueued, second.limited) == (3, False)
    named = {message.instance_name for message in world.queue.sent if isinstance(message, StartBackup)}
    assert len(named) == 503
    assert dispatch(world.ports).enqueued == 0


def test_a_herd_that_fills_what_a_tick_takes_is_enqueued_whole_for_others_may_wait_behind_it() -> None:
    platform = herd(2000)
    assert dispatch(platform.world.ports, limit=1500).enqueued == 1500
    assert max(released(platform)) > AHEAD.total_seconds()


def test_the_storage_calls_of_a_tick_do_not_grow_with_what_is_due() -> None:
    few, many = with_rows(20), with_rows(300)
    dispatch(few.ports)
    dispatch(many.ports)
    assert many.faults.count("store.") == few.faults.count("store.") + 1, "a herd has one more, for its events"
    assert many.faults.count("queue.send") == 300


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"intervals": ["every hour"], "time_zone": "UTC", "revision": 1, "generation": "g"},
        {"intervals": ["R/2026-03-01T00:00:00+00:00/PT1H"], "time_zone": "Mars", "revision": 1, "generation": "g"},
        {"intervals": ["R/2026-03-01T00:00:00+00:00/PT1H"], "time_zone": "UTC", "revision": "x", "generation": "g"},
        {"intervals": [[1]], "time_zone": "UTC", "revision": 1, "generation": "g"},
    ],
)
def test_a_row_that_makes_no_sense_is_reported_and_the_rest_goes_on(
    content: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    platform = protected()
    broken = AgendaRow(kind=AgendaKind.BACKUP, due_at=SLOT - HOUR, vault=VAULT, instance_name="broken", content=content)
    platform.world.store.schedule([broken])
    platform.world.clock.set(SLOT)
    with caplog.at_level(logging.ERROR):
        summary = dispatch(platform.world.ports)
    assert (summary.enqueued, summary.unreadable) == (1, 1)
    assert "agenda.unreadable instance=broken" in caplog.text
    assert dispatch(platform.world.ports).unreadable == 0, "it must not be due for ever"


def test_a_row_whose_json_is_spoilt_does_not_stop_the_others() -> None:
    platform = protected("disk-1", "disk-2")
    spoilt = next(row for row in platform.agenda(AgendaKind.BACKUP) if row.instance_name == "disk-1")
    platform.world.store.corrupt_agenda_row(spoilt)
    platform.run(seconds=30)
    assert [point.slot for point in platform.points("disk-2")] == [SLOT]
    assert platform.world.store.set_aside(AgendaKind.BACKUP) == 1


def test_an_outage_of_hours_ends_with_one_backup_of_the_newest_slot_and_the_missed_ones_on_record() -> None:
    platform = protected()
    go_to(platform, SLOT + 5 * HOUR + timedelta(minutes=10), minutes=2)
    missed = tuple(SLOT + hours * HOUR for hours in range(5))
    assert [point.slot for point in platform.points()] == [SLOT + 5 * HOUR]
    (job,) = jobs(platform)
    assert (job.missed_slots, job.missed_count) == (missed, 5)
    assert (platform.instance().missed_slots, platform.instance().missed_count) == (missed, 5)
    go_to(platform, SLOT + 6 * HOUR)
    assert len(platform.points()) == 2
    assert jobs(platform)[-1].missed_count == 0
    platform.check_invariants(slots=[SLOT + hours * HOUR for hours in range(7)])


def test_of_a_long_outage_the_newest_fifty_slots_are_named_and_all_are_counted() -> None:
    platform = protected()
    go_to(platform, SLOT + 100 * HOUR, minutes=1)
    assert len(platform.world.cloud.taken) == 1
    instance = platform.instance()
    assert instance.missed_count == 100
    assert instance.missed_slots == tuple(SLOT + hours * HOUR for hours in range(50, 100))
    assert jobs(platform)[0].missed_count == 100


def test_missed_slots_are_on_record_though_the_message_that_named_them_was_lost() -> None:
    platform = protected()
    platform.world.clock.set(SLOT + 3 * HOUR)
    dispatch(platform.world.ports)
    for envelope in platform.world.queue.waiting():
        platform.world.queue.delete(envelope)
    platform.run(minutes=2)
    assert len(platform.points()) == 1
    assert (jobs(platform)[0].missed_count, platform.instance().missed_count) == (3, 3)


def test_a_clock_that_jumps_back_takes_no_slot_twice() -> None:
    platform = protected()
    platform.run(seconds=30)
    platform.world.clock.set(SLOT - timedelta(minutes=1))
    platform.run(minutes=2)
    assert len(platform.world.cloud.taken) == 1


# A herd.


def released(platform: Platform) -> list[float]:
    """When the starts that wait become visible, in seconds after the slot."""
    waiting = [each for each in platform.world.queue.waiting() if each.kind == "StartBackup"]
    return [(each.visible_at - SLOT).total_seconds() for each in waiting]


def herd(count: int, *, subscriptions: int = 1, at: datetime = SLOT) -> Platform:
    """Agenda rows of so many instances, due at once."""
    platform = protected()
    platform.world.clock.set(at)
    (row,) = platform.agenda(AgendaKind.BACKUP)
    rows = [
        replace(
            row,
            due_at=at,
            instance_name=f"disk-{number}",
            content={**row.content, "subscription": f"sub-{number % subscriptions}"},
        )
        for number in range(count)
    ]
    platform.world.store.unschedule([row])
    platform.world.store.schedule(rows)
    return platform


def test_a_herd_is_released_as_its_subscriptions_budget_refills() -> None:
    platform = herd(1000)
    dispatch(platform.world.ports)
    times = released(platform)
    assert len(times) == 1000
    for seconds in range(0, 90, 5):
        assert sum(at <= seconds for at in times) <= 200 + 10 * seconds, "what Azure Resource Manager takes by then"
    assert max(times) <= 1.05 * (1000 - 200) / 10 + 1


def test_each_subscription_has_a_budget_of_its_own() -> None:
    platform = herd(1000, subscriptions=10)
    dispatch(platform.world.ports)
    assert max(released(platform)) == 0


def test_a_herd_that_comes_while_another_is_released_stands_behind_it() -> None:
    platform = herd(400)
    dispatch(platform.world.ports)
    first = max(released(platform))
    rows = platform.agenda(AgendaKind.BACKUP)
    others = [replace(row, due_at=SLOT, instance_name=f"other-{row.instance_name}") for row in rows]
    platform.world.store.schedule(others)
    dispatch(platform.world.ports)
    assert sorted(released(platform))[400] >= first


def test_no_disk_is_always_the_last_of_its_herd() -> None:
    last = set()
    for hour in range(8):
        platform = herd(300, at=SLOT + hour * HOUR)
        dispatch(platform.world.ports)
        late = max(platform.world.queue.waiting(), key=lambda each: (each.visible_at, each.number))
        last.add(late.message.instance_name)
    assert len(last) >= 6


def test_what_can_not_begin_before_the_next_tick_stays_on_the_agenda() -> None:
    platform = herd(3000)
    first = dispatch(platform.world.ports)
    assert first.enqueued + first.waiting == 3000
    assert max(released(platform)) <= AHEAD.total_seconds()
    assert len([row for row in platform.agenda(AgendaKind.BACKUP) if row.due_at == SLOT]) == first.waiting
    platform.world.clock.advance(minutes=1)
    second = dispatch(platform.world.ports)
    assert second.enqueued + second.waiting == first.waiting


def test_a_herd_that_ticks_of_several_minutes_release_goes_through_whole() -> None:
    platform = herd(3000)
    for _ in range(15):
        dispatch(platform.world.ports)
        platform.world.clock.advance(minutes=1)
    started = [message.instance_name for message in sent(platform, StartBackup)]
    assert len(started) == len(set(started)) == 3000
    assert dispatch(platform.world.ports).waiting == 0


def test_a_herd_larger_than_its_interval_takes_turns_and_says_what_it_misses() -> None:
    """A thousand disks each minute, of which Azure lets six hundred begin: all get as much, and every slot is either
    started or named as missed by the start that stands for it."""
    world, minutes = with_rows(0), 12
    every_minute = instance("disk", policy=policy(intervals=("R/2026-03-01T00:00:00+00:00/PT1M",), retention="PT5H"))
    first = backup_row(VAULT, every_minute, SLOT)
    world.store.schedule([replace(first, instance_name=f"disk-{number}") for number in range(1000)])
    for _ in range(minutes):
        dispatch(world.ports)
        world.clock.advance(minutes=1)
    starts = [message for message in world.queue.sent if isinstance(message, StartBackup)]
    for envelope in world.queue.waiting():
        assert isinstance(envelope.message, StartBackup)
        assert envelope.visible_at < envelope.message.slot + timedelta(minutes=2), "at most one slot has come meanwhile"
    by_disk = Counter(message.instance_name for message in starts)
    assert len(by_disk) == 1000
    assert max(by_disk.values()) - min(by_disk.values()) <= 2
    told = [(each.instance_name, slot) for each in starts for slot in (*each.missed_slots, each.slot)]
    assert len(told) == len(set(told)), "no slot is started or missed twice"
    newest = {name: max(slot for disk, slot in told if disk == name and slot) for name in ("disk-1", "disk-2")}
    for name, slot in newest.items():
        assert sum(disk == name for disk, _ in told) == (slot - SLOT) // timedelta(minutes=1) + 1, "none is left out"


def test_a_short_interval_goes_before_a_long_one_that_can_wait() -> None:
    platform = herd(3000)
    wide = News(subscription="sub-0", meter="HighCostSnapshotCreateHydrate westeurope", size=10_000)
    platform.world.cloud.untold.append(wide)
    pacing.tell(platform.world.ports)
    dispatch(platform.world.ports)
    platform.world.clock.advance(minutes=1)
    each_minute = instance("quick", policy=policy(intervals=("R/2026-03-01T00:00:00+00:00/PT1M",), retention="PT5H"))
    platform.world.store.schedule([backup_row(VAULT, each_minute, SLOT + timedelta(minutes=1))])
    (row,) = [row for row in platform.agenda(AgendaKind.BACKUP) if row.instance_name == "quick"]
    platform.world.store.schedule([replace(row, content={**row.content, "subscription": "sub-0"})])
    dispatch(platform.world.ports)
    assert "quick" in {message.instance_name for message in sent(platform, StartBackup)}


def test_one_subscriptions_herd_keeps_nobody_waiting_in_another() -> None:
    platform = herd(5000)
    rows = platform.agenda(AgendaKind.BACKUP)[:500]
    others = [
        replace(row, instance_name=f"other-{row.instance_name}", content={**row.content, "subscription": "sub-1"})
        for row in rows
    ]
    platform.world.store.schedule(others)
    dispatch(platform.world.ports)
    names = [message.instance_name for message in sent(platform, StartBackup)]
    assert sum(name.startswith("other-") for name in names) == 500
    assert any(name.startswith("other-") for name in names[:300]), "what may begin at once is sent first"


def test_two_ticks_at_once_do_not_both_spend_the_bucket() -> None:
    platform = herd(400)
    ports = platform.world.ports
    rows = platform.agenda(AgendaKind.BACKUP)
    other = replace(ports, memory=Memory())
    platform.world.faults.interrupt_nth(2, lambda: dispatch(other))  # the first has read, and not written
    dispatch(ports)
    times = released(platform)
    assert len(times) == 2 * len(rows), "both had read the same rows"
    for seconds in range(0, 60, 5):
        assert sum(at <= seconds for at in times) <= 200 + 10 * seconds


def test_a_tick_that_died_before_it_sent_anything_is_made_up_for() -> None:
    platform = herd(400)
    platform.world.faults.fail("queue.send", CloudUnavailable("no answer"))
    with pytest.raises(CloudUnavailable):
        dispatch(platform.world.ports)
    for _ in range(3):
        platform.world.clock.advance(minutes=1)
        dispatch(platform.world.ports)
    assert len({message.instance_name for message in sent(platform, StartBackup)}) == 400


def test_a_chunk_that_fails_keeps_the_others_of_its_herd_from_nothing() -> None:
    platform = herd(900)
    platform.world.faults.fail("queue.send", CloudUnavailable("no answer"))
    with pytest.raises(CloudUnavailable):
        dispatch(platform.world.ports)
    waiting = [row for row in platform.agenda(AgendaKind.BACKUP) if row.due_at == SLOT]
    assert len(waiting) == 400, "the first chunk is due again"


def test_storage_that_does_not_answer_at_all_is_not_asked_for_every_chunk() -> None:
    platform = herd(900)
    platform.world.faults.fail("store.schedule", CloudUnavailable("no answer"), times=100)
    with pytest.raises(CloudUnavailable):
        dispatch(platform.world.ports)
    assert platform.world.faults.count("store.schedule") <= 4


# Its events.


def disks(count: int) -> Platform:
    """So many protected disks, three seconds before their slot."""
    return protected(*(f"disk-{number}" for number in range(count)))


def starts(platform: Platform) -> list[StartBackup]:
    return sent(platform, StartBackup)


def test_of_a_herd_every_fifteenth_backup_delivers_and_before_the_others_a_look_is_on_the_agenda() -> None:
    platform = herd(400)
    platform.world.faults.calls.clear()
    dispatch(platform.world.ports)
    calls = platform.world.faults.calls
    quiet_until = {message.quiet_until for message in starts(platform)}
    assert sum(message.quiet_until is None for message in starts(platform)) == 400 // DELIVERS
    (last,) = quiet_until - {None}
    rows = platform.world.store.agenda(AgendaKind.WATCH)
    assert max(row.due_at for row in rows if row.instance_name == OUTBOX) - last == outbox.WAKE_MARGIN
    assert last >= SLOT + timedelta(seconds=max(released(platform)) + 10)
    assert calls.index("store.schedule") < calls.index("queue.send"), "before anything is sent that counts on it"


@pytest.mark.parametrize(("count", "failures"), [(FEW, 0), (150, 1)], ids=["few", "whose look cannot be written"])
def test_a_few_backups_or_those_of_which_no_look_tells_deliver_each_for_itself(count: int, failures: int) -> None:
    platform = herd(count)
    platform.world.faults.fail("store.schedule", CloudUnavailable("no answer"), times=failures)
    dispatch(platform.world.ports)
    assert [message.quiet_until for message in starts(platform)] == [None] * count


@pytest.mark.parametrize("slow", [False, True], ids=["in time", "longer than anybody is quiet"])
def test_all_that_a_herd_has_to_tell_is_told_soon_after_its_last(slow: bool) -> None:
    """Whoever ends when the look at the outbox may be over delivers by itself."""
    platform = disks(120)
    platform.world.cloud.snapshot_time = timedelta(minutes=4) if slow else timedelta(seconds=1)
    platform.run(minutes=1 + 5 * slow)
    assert len(events(platform, "RecoveryPoint.Created")) == 120
    assert len(events(platform, "Job.Completed")) == 120
    assert list(every(platform.world.ports, OutboxEvent, VAULT)) == []
    told = sum(call == "events.publish" for call in platform.world.faults.calls)
    assert told <= 120 / DELIVERS + 3 if not slow else told <= 240


def test_no_start_is_sent_again_before_it_is_due() -> None:
    platform = herd(900)
    dispatch(platform.world.ports)
    due = {each.message.job_id: each.visible_at for each in platform.world.queue.waiting()}
    again: dict[str, datetime] = {}
    for _ in range(150):
        now = platform.world.clock.advance(seconds=1)
        before = len(platform.world.queue.sent)
        watch(platform.world.ports)
        again |= {each.job_id: now for each in platform.world.queue.sent[before:] if isinstance(each, StartBackup)}
    assert again.keys() == due.keys(), "nobody took them up, so each is missed in the end"
    assert all(again[job_id] >= due[job_id] + timedelta(seconds=40) for job_id in due)


def test_a_start_that_is_put_off_is_watched_from_when_it_can_begin() -> None:
    platform = herd(1000)
    dispatch(platform.world.ports)
    for envelope in platform.world.queue.waiting():
        watch_due_at = envelope.message.watch_due_at
        assert watch_due_at >= envelope.visible_at + timedelta(seconds=40)


def test_an_agenda_row_of_an_earlier_release_is_paced_by_its_vaults_subscription() -> None:
    platform = protected()
    platform.world.clock.set(SLOT)
    (row,) = platform.agenda(AgendaKind.BACKUP)
    content = {name: value for name, value in row.content.items() if name != "subscription"}
    platform.world.store.schedule([replace(row, content=content)])
    assert dispatch(platform.world.ports).enqueued == 1

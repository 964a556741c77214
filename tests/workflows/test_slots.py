"""Every slot that became due has one end, an ended job stays ended, and a job has one live chain of messages.

What these mean in full is in tests/invariants.py; the seeded runs at the end try everything at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from backup_core.domain.agenda import AgendaKind, backup_row
from backup_core.domain.alert import Cause
from backup_core.domain.errors import PASSING_FAILURES, OperationFailed, SnapshotLimitReached, Throttled
from backup_core.domain.instance import BackupInstance, MissedSlot, ProtectionState
from backup_core.domain.job import TAKEN_AGAIN, Job, JobOperation, JobStatus
from backup_core.domain.messages import ObserveBackup, ObserveRestore, StartBackup, StartRestore
from backup_core.ports import Put
from backup_core.workflows.backup import start_backup
from backup_core.workflows.dispatch import dispatch
from backup_core.workflows.lifecycle import delete_instance, stop_protection, suspend_backups, undelete_instance
from backup_core.workflows.poison_queues import empty_poison_queues
from backup_core.workflows.protection import configure_instance, resume_protection
from backup_core.workflows.turns import OPERATIONS_AT_MOST
from backup_core.workflows.vaults import put_policy, put_vault
from tests.builders import VAULT, disk_json, policy, vault, vault_properties
from tests.builders import job as a_job
from tests.invariants import End, Endings, Records, ends_of, faults_of_slots
from tests.workflows.interleavings import Interleaving
from tests.workflows.platform import Platform, request
from tests.workflows.scenes import (
    DAILY_AT_NOON,
    EVERY_MINUTE,
    HOUR,
    SLOT,
    ask_for_backup,
    ask_for_restore,
    backed_up,
    change_instance,
    events,
    go_to,
    jobs,
    protected,
    refuse,
    sent,
)

MINUTE = timedelta(minutes=1)
HALF_PAST = {"intervals": ("R/2026-03-01T00:30:00+00:00/PT1H",), "retention": "P7D"}
CAUGHT_UP = tuple(SLOT + hours * HOUR for hours in range(3))  # the slots that a tick at 15:00 stands for
ALL = (*CAUGHT_UP, SLOT + 3 * HOUR)


def records(platform: Platform) -> Records:
    instance = platform.instance() if platform.has_instance("disk-1") else None
    return Records(jobs=jobs(platform), points=platform.points(), instance=instance)


def ends(platform: Platform, *slots: object) -> list[set[End]]:
    return [ends_of(slot, records(platform)) for slot in slots]  # type: ignore[arg-type]


def catching_up() -> Platform:
    """No tick ran from noon on; that of 15:00 has just sent one message, which stands for four slots."""
    platform = protected()
    platform.world.clock.set(SLOT + 3 * HOUR)
    dispatch(platform.world.ports)
    return platform


def throttled(platform: Platform, *, times: int = 1, seconds: float = 100) -> None:
    platform.world.faults.fail("cloud.get_disk", Throttled("later", retry_after_seconds=seconds), times=times)


def reschedule(platform: Platform) -> None:
    put_policy(platform.world.ports, VAULT, policy("policy-disk-1", **HALF_PAST))


def stop(platform: Platform) -> None:
    stop_protection(platform.world.ports, VAULT, "disk-1")


def suspend(platform: Platform) -> None:
    suspend_backups(platform.world.ports, VAULT, "disk-1")


def soft_delete(platform: Platform) -> None:
    put_vault(platform.world.ports, vault(properties=vault_properties(soft_delete="On")))
    delete_instance(platform.world.ports, VAULT, "disk-1")


def soft_delete_and_back(platform: Platform) -> None:
    soft_delete(platform)
    undelete_instance(platform.world.ports, VAULT, "disk-1")


# --- What comes between a message and its step ---

PAUSES: dict[str, tuple[Callable[[Platform], None], str]] = {
    "another schedule": (reschedule, "the schedule was changed"),
    "stop": (stop, "protection was stopped"),
    "suspend": (suspend, "backups were suspended"),
    "soft delete": (soft_delete, "the backup instance was deleted"),
    "soft delete and back": (soft_delete_and_back, "protection was stopped"),
}


@pytest.mark.parametrize("waits", [False, True], ids=["in the queue", "on a 429"])
@pytest.mark.parametrize("what", PAUSES)
def test_all_slots_of_a_message_are_on_record_with_their_reason_when_it_comes_too_late(what: str, waits: bool) -> None:
    pause, because = PAUSES[what]
    platform = catching_up()
    if waits:
        throttled(platform)
        platform.deliver()
    pause(platform)
    platform.run(minutes=5)
    missed = platform.instance().missed
    assert tuple(each.slot for each in missed) == ALL
    assert all(because in each.because for each in missed), missed
    assert platform.instance().missed_count == len(ALL)
    assert platform.world.cloud.taken == []
    assert events(platform, "Alert.Fired") == [], "who asked for it needs no alert"
    assert faults_of_slots(ALL, records(platform)) == []


@pytest.mark.parametrize("waits", [False, True], ids=["in the queue", "on a 429"])
def test_a_stop_that_is_taken_back_at_once_loses_nothing(waits: bool) -> None:
    platform = catching_up()
    if waits:
        throttled(platform)
        platform.deliver()
    stop(platform)
    resume_protection(platform.world.ports, VAULT, "disk-1")
    platform.run(minutes=5)
    assert ends(platform, *ALL) == [*[{End.MISSED}] * 3, {End.TAKEN}]


def test_the_slots_of_a_deleted_instance_end_as_a_cancelled_job() -> None:
    platform = catching_up()
    throttled(platform)
    platform.deliver()
    delete_instance(platform.world.ports, VAULT, "disk-1")
    platform.run(minutes=5)
    assert not platform.has_instance("disk-1")
    (job,) = jobs(platform)
    assert (job.status, job.slot, job.missed_slots) == (JobStatus.CANCELLED, ALL[-1], CAUGHT_UP)
    assert job.error.code == "BackupCancelled"
    assert len(events(platform, "Job.Cancelled")) == 1


def test_the_slots_of_an_earlier_instance_of_the_name_are_not_the_new_ones() -> None:
    platform = catching_up()
    throttled(platform, seconds=400)
    platform.deliver()
    delete_instance(platform.world.ports, VAULT, "disk-1")
    platform.run(minutes=2)
    configure_instance(platform.world.ports, VAULT, request("disk-1"))
    platform.run(minutes=8)
    assert platform.instance().missed == ()
    assert [job.status for job in jobs(platform)] == [JobStatus.CANCELLED]


def test_what_the_agenda_still_held_of_an_earlier_instance_is_looked_after_no_more() -> None:
    platform = backed_up()
    (row,) = platform.agenda(AgendaKind.BACKUP)
    delete_instance(platform.world.ports, VAULT, "disk-1")
    platform.run(minutes=2)
    configure_instance(platform.world.ports, VAULT, request("disk-1"))
    platform.run(seconds=2)
    platform.world.store.schedule([row])
    go_to(platform, SLOT + HOUR, minutes=5)
    assert [point.slot for point in platform.points()] == [SLOT + HOUR]
    assert platform.agenda(AgendaKind.WATCH) == []


def test_a_late_message_of_an_earlier_instance_leaves_the_present_ones_agenda_alone() -> None:
    platform = protected()
    platform.world.clock.set(SLOT)
    dispatch(platform.world.ports)
    (late,) = sent(platform, StartBackup)
    platform.lose_messages()
    platform.world.store.unschedule(platform.agenda(AgendaKind.WATCH))
    delete_instance(platform.world.ports, VAULT, "disk-1")
    platform.run(minutes=2)
    configure_instance(platform.world.ports, VAULT, request("disk-1"))
    platform.run(minutes=2)
    assert late.next_due_at == SLOT + HOUR, "the present instance is due at the same instant"
    start_backup(platform.world.ports, late)
    go_to(platform, SLOT + HOUR, minutes=2)
    assert [point.slot for point in platform.points()] == [SLOT + HOUR]


@pytest.mark.parametrize("pause", [stop, suspend, soft_delete, reschedule])
def test_a_slot_after_the_pause_was_never_due_and_is_not_missed(pause: Callable[[Platform], None]) -> None:
    platform = backed_up()
    pause(platform)
    go_to(platform, SLOT + HOUR, minutes=2)
    assert SLOT + HOUR not in platform.instance().missed_slots
    assert [job.slot for job in jobs(platform) if job.slot == SLOT + HOUR] == []


def test_of_a_message_that_stands_for_slots_before_and_after_a_stop_only_those_before_are_missed() -> None:
    platform = protected()
    platform.world.clock.set(SLOT + 1.5 * HOUR)
    stop(platform)
    go_to(platform, SLOT + 3 * HOUR, minutes=2)
    assert platform.instance().missed_slots == (SLOT, SLOT + HOUR)
    assert platform.instance().missed_count == 2


@pytest.mark.parametrize("pause", [stop, suspend, reschedule, soft_delete])
def test_a_slot_that_no_tick_saw_is_not_cleared_away_by_the_message_before_it(
    pause: Callable[[Platform], None],
) -> None:
    """The next slot was due before the pause, and no tick ran; then the message of the slot before clears up."""
    platform = protected()
    throttled(platform, seconds=3700)
    platform.run(seconds=5)
    platform.world.clock.set(SLOT + HOUR + MINUTE)
    pause(platform)
    platform.deliver()
    platform.run(minutes=3)
    assert platform.instance().missed_slots == (SLOT, SLOT + HOUR)
    assert faults_of_slots([SLOT, SLOT + HOUR], records(platform)) == []


@pytest.mark.parametrize("pause", [stop, soft_delete])
def test_a_start_that_is_lost_and_then_not_wanted_is_on_record(pause: Callable[[Platform], None]) -> None:
    platform = catching_up()
    platform.lose_messages()
    pause(platform)
    platform.run(minutes=3)
    assert platform.instance().missed_slots == ALL
    assert platform.agenda(AgendaKind.WATCH) == []


def test_an_on_demand_backup_that_nobody_wants_any_more_says_why() -> None:
    platform = protected()
    ask_for_backup(platform)
    stop(platform)
    platform.run(seconds=2)
    (job,) = jobs(platform)
    assert (job.status, job.error.code) == (JobStatus.CANCELLED, "BackupCancelled")
    assert "protection was stopped" in job.error.message


# --- Two messages for one job, and lists that say what is not so ---


@pytest.mark.parametrize("first_runs", ["ended", "running", "put off"])
def test_the_list_of_a_message_that_comes_second_is_not_lost(first_runs: str) -> None:
    platform = catching_up()
    (listed,) = sent(platform, StartBackup)
    bare = replace(listed, missed_slots=(), missed_count=0)
    platform.lose_messages()
    if first_runs == "running":
        platform.world.cloud.snapshot_time = timedelta(minutes=2)
    if first_runs == "put off":
        throttled(platform)
    start_backup(platform.world.ports, bare)
    platform.run(seconds=30 if first_runs == "ended" else 5)
    platform.world.queue.send(listed)
    platform.run(minutes=5)
    assert ends(platform, *ALL) == [*[{End.MISSED}] * 3, {End.TAKEN}]
    assert platform.instance().missed_count == 3
    assert len(platform.world.cloud.taken) == 1


@pytest.mark.parametrize("lost", ["the fuller", "the other", "both"])
def test_of_two_rows_that_ask_for_one_backup_either_message_may_be_lost(lost: str) -> None:
    """One row is of before an outage, the other was written for the newest slot alone, as by a change of schedule."""
    platform = protected(**EVERY_MINUTE)
    platform.run(seconds=20)
    newest = SLOT + timedelta(minutes=4)
    platform.world.store.schedule([backup_row(VAULT, platform.instance(), newest)])
    platform.world.clock.set(newest)
    platform.fire_timers()
    waiting = [each for each in platform.world.queue.waiting() if isinstance(each.message, StartBackup)]
    assert len(waiting) == 2
    for number, envelope in enumerate(waiting):
        if lost == "both" or number == ("the fuller", "the other").index(lost):
            platform.world.queue.delete(envelope)
    platform.run(seconds=50)
    instance = platform.instance()
    assert (instance.missed_count, len(instance.missed_slots)) == (3, 3)
    assert newest in {point.slot for point in platform.points()}


def test_rows_of_two_schedules_that_ask_for_one_backup_tell_of_the_slots_of_both() -> None:
    """Neither list holds the other: that of the longer one was taken for all, and a slot left no trace."""
    platform = protected(**EVERY_MINUTE)
    platform.run(seconds=20)
    other = backup_row(VAULT, platform.instance(), SLOT + 2 * MINUTE)
    every_two = {**other.content, "intervals": ["R/2026-03-01T00:00:00+00:00/PT2M"]}
    platform.world.store.unschedule(platform.agenda(AgendaKind.BACKUP))
    late = backup_row(VAULT, platform.instance(), SLOT + 3 * MINUTE)
    platform.world.store.schedule([late, replace(other, content=every_two)])
    platform.world.clock.set(SLOT + 6 * MINUTE)
    platform.fire_timers()
    told = {message.missed_slots for message in sent(platform, StartBackup) if message.slot == SLOT + 6 * MINUTE}
    assert told == {tuple(SLOT + number * MINUTE for number in (2, 3, 4, 5))}


def test_a_slot_that_was_taken_is_not_missed_because_a_later_message_stands_for_it() -> None:
    """A tick died before it removed its row: the next one, a slot later, takes the row for two."""
    platform = protected(**EVERY_MINUTE)
    (row,) = platform.agenda(AgendaKind.BACKUP)
    platform.run(seconds=30)
    platform.world.store.schedule([row])
    platform.run(seconds=60)
    assert ends(platform, SLOT, SLOT + MINUTE) == [{End.TAKEN}, {End.TAKEN}]
    assert platform.instance().missed_count == 0
    assert [job.missed_slots for job in jobs(platform)] == [(), ()]


def test_the_same_slots_are_counted_once_however_many_messages_name_them() -> None:
    platform = catching_up()
    for _ in range(3):
        platform.world.queue.send(sent(platform, StartBackup)[0])
    platform.run(minutes=2)
    assert (platform.instance().missed_slots, platform.instance().missed_count) == (CAUGHT_UP, 3)


def test_a_row_that_the_reconciler_adds_after_a_pause_asks_for_no_slot_of_the_pause() -> None:
    platform = backed_up()
    stop(platform)
    platform.world.clock.set(SLOT + 5.5 * HOUR)
    resume_protection(platform.world.ports, VAULT, "disk-1")
    platform.run(seconds=5)
    platform.world.store.unschedule(platform.agenda(AgendaKind.BACKUP))
    platform.settle()
    go_to(platform, SLOT + 6 * HOUR)
    assert platform.instance().missed == ()
    assert SLOT + 6 * HOUR in {point.slot for point in platform.points()}


# --- Missed for want of anything but the operator's will: an alert, once, until the next success ---


def alert_causes(platform: Platform) -> list[str]:
    return [opened.cause for opened in platform.instance().alerts]


def test_slots_that_give_way_to_their_successors_raise_one_alert_that_the_next_success_ends() -> None:
    platform = protected(**EVERY_MINUTE)
    throttled(platform, times=30, seconds=9)
    platform.run(minutes=4)
    missed = platform.instance().missed
    assert len(missed) >= 3
    assert all("TooManyRequests" in each.because for each in missed)
    assert alert_causes(platform).count(Cause.SLOTS) == 1
    platform.world.faults.clear()
    platform.run(minutes=3)
    assert Cause.SLOTS not in alert_causes(platform)
    told = [event for event in platform.world.events.distinct if event.content.get("cause") == Cause.SLOTS]
    assert [event.type.rsplit(".", 1)[1] for event in told] == ["Fired", "Resolved"]
    assert told[0].content["error"]["code"] == "SlotMissed"


def test_slots_missed_because_the_disk_has_no_room_for_snapshots_raise_the_alert() -> None:
    platform = protected(**EVERY_MINUTE)
    platform.world.cloud.guard = refuse("start_snapshot", SnapshotLimitReached("500 snapshots"))
    platform.run(minutes=5)
    assert Cause.SLOTS in alert_causes(platform)


def test_slots_of_an_outage_that_one_backup_catches_up_raise_none() -> None:
    platform = protected()
    go_to(platform, SLOT + 3 * HOUR, minutes=1)
    assert events(platform, "Alert.Fired") == []
    assert platform.instance().missed[0] == MissedSlot(
        slot=SLOT, because="it was not started in its time; the backup of 2026-03-02T15:00:00Z stands for it"
    )


# --- An ended job stays ended ---


def test_a_job_cannot_be_written_over_unread() -> None:
    with pytest.raises(TypeError, match="replaced as it was read"):
        Put(a_job())


@pytest.mark.parametrize("kind", [StartBackup, ObserveBackup])
def test_of_two_copies_of_a_message_one_is_given_up_and_the_other_stands_down(
    kind: type[StartBackup] | type[ObserveBackup],
) -> None:
    platform = protected()
    platform.world.cloud.snapshot_time = timedelta(minutes=1)
    seen = Endings()
    platform.run(seconds=2)
    while not any(envelope.kind == kind.__name__ for envelope in platform.world.queue.waiting()):
        platform.world.clock.set(SLOT)
        dispatch(platform.world.ports)
        if kind is ObserveBackup:
            platform.deliver()
    copy = next(envelope for envelope in platform.world.queue.waiting() if envelope.kind == kind.__name__)
    platform.world.queue.duplicate(copy)
    platform.give_up(copy)
    empty_poison_queues(platform.world.ports)
    faults = list(seen.look(platform.jobs()))
    for _ in range(200):
        platform.run(seconds=1)
        faults += seen.look(platform.jobs())
    assert faults == []
    assert [job.status for job in jobs(platform)] == [JobStatus.FAILED]
    assert len(events(platform, "Job.Failed")) == 1
    assert events(platform, "Job.Completed") == []
    assert platform.instance().active is None
    assert platform.agenda(AgendaKind.WATCH) == []


def test_a_message_given_up_after_its_copy_ended_the_job_still_leaves_its_list() -> None:
    platform = catching_up()
    (listed,) = platform.world.queue.waiting()
    platform.world.queue.duplicate(listed)
    platform.world.queue.delete(listed)
    start_backup(platform.world.ports, replace(sent(platform, StartBackup)[0], missed_slots=(), missed_count=0))
    later = next(each for each in platform.world.queue.waiting() if each.kind == "StartBackup")
    platform.world.queue.hide(later, SLOT + 4 * HOUR)
    platform.run(seconds=30)
    platform.give_up(later)
    empty_poison_queues(platform.world.ports)
    assert ends(platform, *ALL) == [*[{End.MISSED}] * 3, {End.TAKEN}]


@pytest.mark.parametrize("kind", [StartRestore, ObserveRestore])
def test_a_restore_that_was_given_up_is_not_ended_again_by_a_copy(
    kind: type[StartRestore] | type[ObserveRestore],
) -> None:
    platform = backed_up()
    ask_for_restore(platform)
    if kind is ObserveRestore:
        platform.deliver()
    copy = next(envelope for envelope in platform.world.queue.waiting() if envelope.kind == kind.__name__)
    platform.world.queue.duplicate(copy)
    platform.give_up(copy)
    empty_poison_queues(platform.world.ports)
    platform.run(minutes=3)
    assert [job.status for job in jobs(platform, JobOperation.RESTORE)] == [JobStatus.FAILED]
    assert len(events(platform, "Restore.Failed")) == 1
    assert events(platform, "Restore.Completed") == []
    assert platform.points()[0].restoring == ()


def test_a_configuration_that_was_given_up_is_not_ended_again_by_a_copy() -> None:
    platform = protected("disk-2")
    platform.world.cloud.add_disk(disk_json("disk-1"))
    configure_instance(platform.world.ports, VAULT, request("disk-1", policy_name="policy-disk-2"))
    copy = next(each for each in platform.world.queue.waiting() if each.kind == "ConfigureProtection")
    platform.world.queue.duplicate(copy)
    platform.give_up(copy)
    empty_poison_queues(platform.world.ports)
    platform.run(minutes=2)
    assert [job.status for job in jobs(platform, JobOperation.CONFIGURE)] == [JobStatus.FAILED]
    assert platform.instance().state is ProtectionState.ERROR


def test_a_hold_of_a_job_that_has_ended_is_let_go() -> None:
    """The instance could not be read when its job was given up, and was mended since."""
    platform = protected()
    platform.world.cloud.snapshot_time = timedelta(minutes=2)
    platform.run(seconds=10)
    held = platform.instance().active
    observing = sent(platform, ObserveBackup)[0]
    with platform.world.faults.paused():
        platform.give_up(next(iter(platform.world.queue.waiting())))
    change_instance(platform, active=held)
    platform.world.queue.send(replace(observing, job_etag="", turn=held.job.turn))
    platform.run(minutes=4)
    assert [job.status for job in jobs(platform)] == [JobStatus.FAILED]
    assert platform.instance().active is None


# --- One live chain of messages, whatever the queue's wait ---

FORTY_MINUTES = timedelta(minutes=40)
WAITS = [0, 20, 44, 46, 50, 60, 90, 200, 600]


@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize("call", ["get_disk", "start_snapshot", "get_operation"])
def test_a_slow_queue_and_a_long_throttling_make_no_storm(call: str, wait: int) -> None:
    platform = protected(**DAILY_AT_NOON)
    platform.world.queue.wait = timedelta(seconds=wait)
    until, asked = SLOT + FORTY_MINUTES, 0

    def guard(called: str, target: str) -> None:
        nonlocal asked
        if called == call:
            asked += 1
            if platform.world.clock.now() < until:
                raise Throttled("the limit is reached", retry_after_seconds=10)

    platform.world.cloud.guard = guard
    if call == "get_operation":
        limit = 1 + int(FORTY_MINUTES.total_seconds() / (10 + wait))
        busy = Throttled("the limit is reached", retry_after_seconds=10)
        platform.world.faults.fail("cloud.get_operation", busy, times=limit)
    most = 0
    while platform.world.clock.now() < until:
        platform.run(seconds=1)
        most = max(most, len(platform.world.queue.waiting()))
    turns = FORTY_MINUTES.total_seconds() / (10 + wait) + 2
    tried = asked if call != "get_operation" else platform.world.faults.count("cloud.get_operation")
    assert tried <= 1.2 * turns + 2, "no more calls than one chain makes"
    assert most <= 6, "copies of a message do not pile up"
    platform.run(minutes=10, seconds=5 * wait)
    assert [job.status for job in jobs(platform)] == [JobStatus.COMPLETED]
    assert len(platform.world.cloud.taken) == 1


@pytest.mark.parametrize("wait", [50, 60, 200])
def test_restores_and_configurations_make_no_storm_either(wait: int) -> None:
    platform = backed_up()
    platform.world.cloud.add_disk(disk_json("disk-2"))
    platform.world.queue.wait = timedelta(seconds=wait)
    busy = Throttled("the limit is reached", retry_after_seconds=10)
    for call in ("cloud.find_disk", "cloud.get_disk"):
        platform.world.faults.fail(call, busy, times=1000)
    ask_for_restore(platform)
    configure_instance(platform.world.ports, VAULT, request("disk-2", policy_name="policy-disk-1"))
    before = platform.world.faults.count("cloud.")
    platform.run(minutes=40)
    turns = FORTY_MINUTES.total_seconds() / (10 + wait) + 2
    assert platform.world.faults.count("cloud.") - before <= 2 * (1.2 * turns + 2)
    assert len(platform.world.queue.waiting()) <= 10


def test_a_lost_turn_is_made_good_by_the_watch() -> None:
    platform = protected()
    throttled(platform, times=3, seconds=5)
    platform.run(seconds=9)
    platform.lose_messages()
    platform.run(minutes=3)
    assert [point.slot for point in platform.points()] == [SLOT]


def test_a_quiet_backup_does_not_read_its_jobs_row_once() -> None:
    """That it is replaced as it was read costs nothing: the claim's ETag travels with the first observation."""
    platform, read = backed_up(), list[type]()
    get = platform.world.store.get

    def noted(record: type, *key: object) -> object:
        read.append(record)
        return get(record, *key)  # type: ignore[arg-type]

    platform.world.clock.set(SLOT + HOUR)
    dispatch(platform.world.ports)
    platform.world.store.get = noted  # type: ignore[method-assign, assignment]
    for _ in range(10):
        platform.world.clock.advance(seconds=1)
        platform.deliver()
    assert len(platform.points()) == 2
    assert read.count(BackupInstance) <= 3, "start, observation, and this test's look"
    assert Job not in read


# --- Operations that Azure gave up for a reason that passes ---


def test_a_limit_that_azure_finds_out_late_ends_with_the_advice_for_limits() -> None:
    error = OperationFailed("The snapshot count was exceeded for a disk.", code="SnapshotsLimitReached")
    assert (error.transient, error.recommended_action) == (True, SnapshotLimitReached.recommended_action)


@pytest.mark.parametrize("code", PASSING_FAILURES)
def test_an_operation_that_azure_calls_temporary_is_asked_for_anew_within_the_slot(code: str) -> None:
    platform = protected(**DAILY_AT_NOON)
    for _ in range(3):
        platform.world.cloud.fail_late(code, "Please retry later.")
    platform.run(minutes=5)
    (job,) = jobs(platform)
    assert (job.status, job.error, job.retry_count) == (JobStatus.COMPLETED, None, 3)
    assert code in job.details[TAKEN_AGAIN]
    assert [point.slot for point in platform.points()] == [SLOT]
    assert len(platform.world.cloud.snapshot_ids()) == 1
    assert events(platform, "Job.Failed") == []


def test_what_azure_cannot_do_for_hours_ends_as_a_failed_job_that_says_so() -> None:
    platform = protected(**DAILY_AT_NOON)
    for _ in range(OPERATIONS_AT_MOST + 1):
        platform.world.cloud.fail_late("InternalExecutionError", "Please retry later.")
    platform.run(hours=3)
    (job,) = jobs(platform)
    assert (job.status, job.error.code, job.error.transient) == (JobStatus.FAILED, "InternalExecutionError", True)
    assert platform.world.cloud.snapshot_ids() == []


def test_a_slot_whose_successor_is_due_is_not_asked_for_anew() -> None:
    platform = protected(**EVERY_MINUTE)
    for _ in range(4):
        platform.world.cloud.fail_late("InternalExecutionError", "Please retry later.")
    platform.run(minutes=3)
    first, second, *_ = jobs(platform)
    assert (first.slot, first.status) == (SLOT, JobStatus.FAILED)
    assert second.status is JobStatus.COMPLETED
    assert faults_of_slots([SLOT, SLOT + MINUTE], records(platform)) == []


def test_an_operation_that_failed_for_good_is_not_asked_for_anew() -> None:
    platform = protected(**DAILY_AT_NOON)
    platform.world.cloud.fail_late("InvalidParameter", "No.")
    platform.run(minutes=5)
    assert [job.status for job in jobs(platform)] == [JobStatus.FAILED]
    assert len(platform.world.cloud.taken) == 1


def test_a_backup_that_was_stopped_meanwhile_is_not_asked_for_anew() -> None:
    platform = protected(**DAILY_AT_NOON)
    platform.world.cloud.fail_late("InternalExecutionError", "Please retry later.")
    platform.run(seconds=4)
    stop(platform)
    platform.run(minutes=5)
    assert [job.status for job in jobs(platform)] == [JobStatus.FAILED]
    assert len(platform.world.cloud.taken) == 1


def test_a_restore_that_azure_calls_temporary_is_asked_for_anew() -> None:
    platform = backed_up()
    for _ in range(2):
        platform.world.cloud.fail_late("InternalExecutionError", "Please retry later.")
    ask_for_restore(platform)
    platform.run(minutes=3)
    (job,) = jobs(platform, JobOperation.RESTORE)
    assert (job.status, job.retry_count, job.failed_operations) == (JobStatus.COMPLETED, 2, 2)


# --- Everything at once ---


@pytest.mark.parametrize("seed", range(6))
def test_whatever_comes_together_every_due_slot_has_one_end_and_ended_jobs_stay_ended(seed: int) -> None:
    assert Interleaving(seed).run() == []

"""The watch: a lost message costs two minutes at most; a job that waits by plan is left alone; rows do not pile up."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from backup_core.domain.agenda import AgendaKind
from backup_core.domain.instance import BackupInstance, ProtectionState
from backup_core.domain.job import Job, JobOperation, JobStatus
from backup_core.domain.messages import (
    ConfigureProtection,
    Message,
    ObserveBackup,
    ObserveRestore,
    RestoreTogether,
    StartBackup,
    StartRestore,
    SwapDisks,
)
from backup_core.domain.naming import scheduled_job_id
from backup_core.domain.restore import RestoreRequest
from backup_core.domain.restore_together import TogetherRequest
from backup_core.ports import Insert
from backup_core.workflows.dispatch import FEW, dispatch
from backup_core.workflows.job_kinds import watch
from backup_core.workflows.protection import configure_instance
from backup_core.workflows.restore_together import request_restore_together
from backup_core.workflows.tick import tick
from backup_core.workflows.watching import LONGEST_STALL, STALL_AFTER, sent_again, watch_row
from tests.builders import VAULT, disk_json, job
from tests.workflows import test_swap
from tests.workflows.platform import HostDied, Platform, request
from tests.workflows.scenes import (
    EVERY_MINUTE,
    RESTORED,
    SLOT,
    ask_for_backup,
    ask_for_restore,
    backed_up,
    change_instance,
    jobs,
    protected,
    sent,
)

TWO_MINUTES = 120


def lose_first(platform: Platform, kind: type[Message]) -> None:
    """Lose the first message of that kind as soon as it is there."""
    for _ in range(40):
        lost = [envelope for envelope in platform.world.queue.waiting() if envelope.kind == kind.__name__]
        if lost:
            platform.world.queue.delete(lost[0])
            return
        platform.run(seconds=1)
    raise AssertionError(f"no {kind.__name__} was sent")


def at_the_slot(platform: Platform) -> None:
    platform.world.clock.set(SLOT - timedelta(seconds=1))


def restore_together(platform: Platform) -> None:
    wanted = RestoreRequest(point_id=None, target_disk_id=RESTORED)
    asked = TogetherRequest(wanted=(("disk-1", wanted),), slot=SLOT)
    request_restore_together(platform.world.ports, VAULT, asked)


def configure(platform: Platform) -> None:
    platform.world.cloud.add_disk(disk_json("disk-2"))
    configure_instance(platform.world.ports, VAULT, request("disk-2", policy_name="policy-disk-1"))


LOSSES: dict[str, tuple[Callable[[], Platform], Callable[[Platform], object], type[Message], JobOperation]] = {
    "start of an on-demand backup": (backed_up, ask_for_backup, StartBackup, JobOperation.BACKUP),
    "observation of a backup": (protected, at_the_slot, ObserveBackup, JobOperation.BACKUP),
    "start of a restore": (backed_up, ask_for_restore, StartRestore, JobOperation.RESTORE),
    "observation of a restore": (backed_up, ask_for_restore, ObserveRestore, JobOperation.RESTORE),
    "restore of several": (backed_up, restore_together, RestoreTogether, JobOperation.RESTORE_TOGETHER),
    "swap of disks": (test_swap.with_machine, test_swap.swap, SwapDisks, JobOperation.SWAP),
    "configuration": (backed_up, configure, ConfigureProtection, JobOperation.CONFIGURE),
}


@pytest.mark.parametrize("what", LOSSES)
def test_a_lost_message_is_made_good_within_two_minutes(what: str) -> None:
    prepare, act, kind, operation = LOSSES[what]
    platform = prepare()
    act(platform)
    lose_first(platform, kind)
    platform.run(seconds=TWO_MINUTES)
    assert [each.status for each in platform.jobs() if each.operation is operation and not each.is_ended] == []
    platform.run(minutes=2)
    assert platform.agenda(AgendaKind.WATCH) == []


def test_a_slot_whose_message_was_lost_is_taken_within_two_minutes() -> None:
    platform = protected()
    platform.world.queue._put = lambda *args, **kwargs: None  # type: ignore[method-assign]
    platform.run(seconds=5)
    del platform.world.queue._put
    platform.run(seconds=TWO_MINUTES)
    assert [point.slot for point in platform.points()] == [SLOT]


def test_a_job_whose_host_died_is_taken_up_within_two_minutes() -> None:
    platform = protected()
    platform.world.faults.fail("cloud.start_snapshot", HostDied(), after=True)  # type: ignore[arg-type]
    platform.run(seconds=5 + TWO_MINUTES)
    assert [each.status for each in jobs(platform)] == [JobStatus.COMPLETED]
    platform.run(minutes=12)  # the platform gives the dead host's message back
    assert len(platform.world.cloud.taken) == 1


def test_a_job_that_waits_by_plan_is_not_sent_again() -> None:
    platform = protected()
    platform.world.cloud.snapshot_time = timedelta(hours=1)
    platform.run(minutes=50)
    assert len(sent(platform, StartBackup)) == 1
    assert len(platform.agenda(AgendaKind.WATCH)) == 1


def test_a_job_that_waits_by_plan_and_does_not_come_back_is_sent_again() -> None:
    platform = protected()
    platform.world.cloud.snapshot_time = timedelta(minutes=20)
    platform.run(minutes=5)
    platform.lose_messages()
    platform.run(minutes=8)
    assert len(sent(platform, StartBackup)) >= 2
    platform.run(minutes=20)
    assert [point.slot for point in platform.points()] == [SLOT]


def test_nothing_is_sent_before_a_job_was_silent_for_long_enough() -> None:
    platform = protected()
    platform.run(seconds=3)
    lose_first(platform, ObserveBackup)
    touched = jobs(platform)[0].touched_at
    assert touched is not None
    platform.world.clock.set(touched + STALL_AFTER - timedelta(seconds=2))
    assert watch(platform.world.ports) == 0
    platform.world.clock.set(touched + STALL_AFTER + timedelta(seconds=2))
    assert watch(platform.world.ports) == 1
    assert watch(platform.world.ports) == 0, "once a stall, not at every look"


def test_the_rows_of_an_ended_job_and_of_one_that_nobody_knows_go_by_themselves() -> None:
    platform = backed_up()
    for job_id, step in ((jobs(platform)[0].job_id, "backup"), (job().job_id, "restore")):
        platform.world.store.schedule([watch_row(VAULT, "disk-1", job_id, step, SLOT)])
        assert watch(platform.world.ports) == 0
        assert platform.agenda(AgendaKind.WATCH) == []


@pytest.mark.parametrize("state", [ProtectionState.STOPPED, ProtectionState.SUSPENDED, ProtectionState.SOFT_DELETED])
def test_a_slot_nobody_wants_any_more_is_sent_until_it_is_on_record_and_then_no_more(state: ProtectionState) -> None:
    platform = protected()
    platform.world.clock.set(SLOT)
    dispatch(platform.world.ports)
    lose_first(platform, StartBackup)
    change_instance(platform, state=state)
    platform.run(minutes=1, seconds=30)
    assert [missed.slot for missed in platform.instance().missed] == [SLOT]
    copies = len(sent(platform, StartBackup))
    platform.run(minutes=5)
    assert len(sent(platform, StartBackup)) == copies == 2
    assert platform.agenda(AgendaKind.WATCH) == []


def test_rows_that_are_not_due_cost_one_read() -> None:
    platform = protected()
    platform.world.store.schedule([watch_row(VAULT, "disk-1", job().job_id, "backup", SLOT + timedelta(hours=1))])
    platform.world.faults.calls.clear()
    watch(platform.world.ports)
    assert platform.world.faults.calls[0] == "store.due"
    assert platform.world.faults.count("store.get") == platform.world.faults.count("queue.") == 0


@pytest.mark.parametrize("record", [Job, BackupInstance])
def test_a_record_that_cannot_be_read_is_reported_and_the_other_jobs_are_looked_after(
    record: type[Job] | type[BackupInstance], caplog: pytest.LogCaptureFixture
) -> None:
    platform = protected("disk-1", "disk-2")
    spoilt = replace(job("disk-1"), status=JobStatus.IN_PROGRESS)
    if record is Job:
        platform.world.store.commit(VAULT, [Insert(spoilt)])
        platform.world.store.corrupt_record(Job, VAULT, spoilt.job_id)
    else:
        platform.world.store.corrupt_record(BackupInstance, VAULT, "disk-1")
    slot = {"slot": SLOT.isoformat(), "revision": 1}
    platform.world.store.schedule([watch_row(VAULT, "disk-1", spoilt.job_id, "backup", SLOT, slot)])
    platform.world.clock.set(SLOT)
    with caplog.at_level(logging.ERROR):
        watch(platform.world.ports)
    assert "watch.unreadable" in caplog.text
    platform.world.clock.set(SLOT - timedelta(seconds=2))
    platform.run(seconds=2)
    lose_first(platform, ObserveBackup)
    platform.run(seconds=TWO_MINUTES)
    assert len(platform.points("disk-2")) == 1


@pytest.mark.parametrize(
    "content", [{"slot": "noon"}, {"slot": 12}, {"revision": "x"}, {"missed_slots": ["never"]}, {"missed_slots": 3}]
)
def test_a_row_that_makes_no_sense_is_reported_and_the_rest_goes_on(
    content: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    platform = protected()
    ask_for_backup(platform)
    lose_first(platform, StartBackup)
    platform.world.store.schedule([watch_row(VAULT, "disk-1", "0-broken", "backup", SLOT - STALL_AFTER, content)])
    platform.world.clock.advance(STALL_AFTER + timedelta(seconds=1))
    with caplog.at_level(logging.ERROR):
        assert watch(platform.world.ports) == 1
    assert "watch.unreadable job_id=0-broken" in caplog.text
    assert "0-broken" not in {row.subject for row in platform.agenda(AgendaKind.WATCH)}


def test_a_slot_that_is_missed_on_record_is_not_sent_again() -> None:
    platform = protected()
    instance = change_instance(platform, newest_slot=SLOT, missed_slots=(SLOT,), missed_count=1)
    slot = {"slot": SLOT.isoformat(), "revision": 1}
    own = scheduled_job_id(VAULT, "disk-1", instance.generation, SLOT)
    platform.world.store.schedule([watch_row(VAULT, "disk-1", own, "backup", SLOT, slot)])
    platform.world.clock.set(SLOT + timedelta(minutes=1))
    assert watch(platform.world.ports) == 0
    assert platform.agenda(AgendaKind.WATCH) == []


def test_a_job_that_was_sent_again_and_must_wait_stays_one_chain_of_messages() -> None:
    platform = protected()
    platform.world.cloud.snapshot_time = timedelta(minutes=30)
    platform.run(seconds=10)
    ask_for_backup(platform)
    lose_first(platform, StartBackup)
    before = len(sent(platform, StartBackup))
    platform.run(minutes=20)
    assert len(sent(platform, StartBackup)) - before <= 20 * 4, "one each quarter of a minute"


def test_a_start_that_is_lost_and_overtaken_by_the_next_slot_is_recorded_as_missed() -> None:
    """The watch, late itself, finds no job of the slot, only a newer one: that must not pass for done."""
    platform = protected(**EVERY_MINUTE)
    platform.world.queue._put = lambda *args, **kwargs: None  # type: ignore[method-assign]
    platform.run(seconds=5)
    del platform.world.queue._put
    (row,) = platform.agenda(AgendaKind.WATCH)
    platform.world.store.unschedule([row])
    platform.world.store.schedule([replace(row, due_at=SLOT + timedelta(seconds=75))])
    platform.run(minutes=3)
    instance = platform.instance()
    assert (instance.missed_slots, instance.missed_count) == ((SLOT,), 1)
    assert SLOT not in {point.slot for point in platform.points()}
    assert SLOT + timedelta(minutes=1) in {point.slot for point in platform.points()}
    assert row.subject not in {each.subject for each in platform.agenda(AgendaKind.WATCH)}


def test_a_start_whose_message_was_lost_with_its_host_is_sent_again_within_a_quarter_of_a_minute() -> None:
    platform = protected()
    platform.world.clock.set(SLOT)
    tick(platform.world.ports)
    for envelope in platform.world.queue.due():
        platform.world.queue.hide(envelope, SLOT + timedelta(minutes=10))
    platform.run(seconds=20)
    assert [point.slot for point in platform.points()] == [SLOT]
    assert platform.points()[0].created_at - SLOT <= timedelta(seconds=17)


def test_a_herd_waits_for_its_turn_and_is_not_sent_again_meanwhile() -> None:
    names = [f"disk-{number}" for number in range(FEW + 1)]
    platform = protected(*names)
    platform.world.clock.set(SLOT)
    tick(platform.world.ports)
    platform.world.clock.set(SLOT + timedelta(seconds=30))
    tick(platform.world.ports)
    assert len(sent(platform, StartBackup)) == len(names)


def test_a_row_that_was_sent_for_in_vain_for_days_still_comes_again() -> None:
    now = SLOT
    row = watch_row(VAULT, "disk-1", "a job", "restore", now, {"sent": 200})
    assert sent_again(row, now).due_at == now + LONGEST_STALL

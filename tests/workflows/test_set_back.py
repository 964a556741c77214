"""Tables that go back by hours while the world goes on: nothing is deleted, run again or called lost for that."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backup_core.domain.agenda import AgendaKind
from backup_core.domain.errors import CloudUnavailable
from backup_core.domain.heartbeat import HELD_AT_MOST, Heartbeat, Mark, read_mark, write_mark
from backup_core.domain.hold import Hold
from backup_core.domain.instance import ProtectionState
from backup_core.domain.job import JobOperation, JobStatus
from backup_core.domain.recovery_point import PointState
from backup_core.domain.resource_ids import ANYWHERE
from backup_core.workflows.holds import Place, set_hold
from backup_core.workflows.lifecycle import delete_instance, stop_protection
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.set_back import go_on, set_back
from tests.builders import NOW, VAULT
from tests.workflows.platform import Platform
from tests.workflows.scenes import (
    DAILY_AT_NOON,
    HOUR,
    HOURLY,
    RESTORED,
    SLOT,
    ask_for_restore,
    backed_up,
    doubt,
    events,
    go_to,
    jobs,
)

SHORT = {"intervals": HOURLY["intervals"], "retention": "PT90M"}


def hours(platform: Platform, count: int) -> None:
    """Hours with every slot of them, the reconciler included."""
    for _ in range(count):
        platform.run(minutes=60)
        reconcile(platform.world.ports)


def beat(platform: Platform) -> Heartbeat:
    return platform.stored(Heartbeat, vault=ANYWHERE).value


def test_tables_that_were_not_set_back_are_not_suspected() -> None:
    platform = backed_up()
    hours(platform, 2)
    assert set_back(platform.world.ports) is None
    assert not beat(platform).is_held


def test_an_outage_is_no_set_back() -> None:
    platform = backed_up()
    go_to(platform, SLOT + 5 * HOUR, minutes=2)
    assert set_back(platform.world.ports) is None
    assert events(platform, "Tables.SetBack") == []
    assert events(platform, "Scheduler.Stalled")


def test_a_tick_after_an_outage_in_the_midst_of_whoever_looks_is_no_set_back() -> None:
    """It writes the heartbeat and then the mark, after the heartbeat was read and before the mark is."""
    platform = backed_up()
    platform.world.clock.set(SLOT + 5 * HOUR)
    platform.world.faults.interrupt_nth(1, lambda: platform.run(seconds=15))
    assert set_back(platform.world.ports) is None
    assert platform.world.faults.calls[-3:] == ["store.get", "queue.read_mark", "store.get"]


def test_tables_of_before_the_first_tick_are_seen_too() -> None:
    """They hold what was asked for until then, and no heartbeat. The mark beside the queues knows of a later one."""
    platform = backed_up()
    platform.remove(Heartbeat, vault=ANYWHERE)
    assert set_back(platform.world.ports) is not None
    platform.run(minutes=2)
    assert beat(platform).is_held
    assert len(events(platform, "Tables.SetBack")) == 1


def test_tables_that_begin_anew_are_not_suspected() -> None:
    platform = backed_up()
    platform.world.store.forget_everything()
    platform.run(minutes=2)
    assert not beat(platform).is_held


def test_a_set_back_is_seen_by_the_next_tick_noted_and_told_once() -> None:
    platform = backed_up()
    tables, then = platform.world.store.copy(), platform.world.clock.now()
    hours(platform, 2)
    platform.world.store.go_back(tables)
    platform.run(minutes=40)
    (told,) = events(platform, "Tables.SetBack")
    assert told.content["severity"] == "Sev1"
    held = beat(platform).set_back
    assert abs(held.tables_at - then) < timedelta(minutes=1)
    assert events(platform, "Scheduler.Stalled") == [], "nothing was silent"


def test_a_set_back_is_seen_though_the_tick_could_not_read_the_heartbeat() -> None:
    """Else that tick would write over the traces."""
    platform = backed_up()
    tables = platform.world.store.copy()
    hours(platform, 2)
    platform.world.store.go_back(tables)
    platform.world.faults.fail("store.get", CloudUnavailable("no answer"))
    platform.run(seconds=15)
    assert beat(platform).is_held


def test_a_restore_that_had_ended_does_not_make_again_the_disk_that_its_owner_deleted() -> None:
    platform = backed_up()
    ask_for_restore(platform)
    tables = platform.world.store.copy()
    platform.run(minutes=5)
    assert platform.world.cloud.made_disks == [RESTORED]
    platform.world.cloud.remove_disk(RESTORED)
    hours(platform, 2)
    platform.world.store.go_back(tables)
    hours(platform, 1)
    assert platform.world.cloud.made_disks == [RESTORED]
    (restore,) = jobs(platform, JobOperation.RESTORE)
    assert restore.status is JobStatus.FAILED
    assert restore.error.code == "TablesSetBack"
    go_on(platform.world.ports)
    hours(platform, 1)
    assert platform.world.cloud.made_disks == [RESTORED]
    assert all(not each.restoring for each in platform.points())


def test_a_restore_whose_disk_is_there_ends_as_it_did() -> None:
    platform = backed_up()
    ask_for_restore(platform)
    tables = platform.world.store.copy()
    platform.run(minutes=10)
    platform.world.store.go_back(tables)
    platform.run(minutes=10)
    (restore,) = jobs(platform, JobOperation.RESTORE)
    assert restore.status is JobStatus.COMPLETED
    assert platform.world.cloud.made_disks == [RESTORED]


def test_a_restore_that_is_asked_for_afterwards_runs() -> None:
    platform = backed_up()
    tables = platform.world.store.copy()
    platform.run(minutes=10)
    platform.world.store.go_back(tables)
    platform.run(minutes=1)
    ask_for_restore(platform)
    platform.run(minutes=2)
    assert platform.world.cloud.made_disks == [RESTORED]


def test_the_points_of_an_instance_that_was_stopped_meanwhile_stay() -> None:
    platform = backed_up(**SHORT)
    go_to(platform, SLOT + HOUR)
    tables = platform.world.store.copy()
    stop_protection(platform.world.ports, VAULT, "disk-1")
    there = platform.world.cloud.snapshot_ids()
    hours(platform, 2)
    platform.world.store.go_back(tables)
    hours(platform, 3)
    assert platform.world.cloud.removed == []
    assert set(there) <= set(platform.world.cloud.snapshot_ids())
    stop_protection(platform.world.ports, VAULT, "disk-1")  # the operator does it again
    go_on(platform.world.ports)
    hours(platform, 2)
    assert platform.world.cloud.removed == []


def test_a_message_that_outlived_the_tables_deletes_nothing_before_the_first_tick() -> None:
    platform = backed_up(**SHORT)
    tables = platform.world.store.copy()
    hours(platform, 2)
    removed = list(platform.world.cloud.removed)
    platform.world.store.go_back(tables)
    delete_instance(platform.world.ports, VAULT, "disk-1")
    platform.deliver()
    assert platform.world.cloud.removed == removed
    go_on(platform.world.ports)


def test_after_the_operators_word_what_is_due_is_deleted() -> None:
    platform = backed_up(**SHORT)
    tables = platform.world.store.copy()
    platform.run(minutes=10)
    platform.world.store.go_back(tables)
    hours(platform, 3)
    assert platform.world.cloud.removed == []
    assert go_on(platform.world.ports) is not None
    assert go_on(platform.world.ports) is None
    hours(platform, 2)
    assert platform.world.cloud.removed
    assert len(events(platform, "Tables.Resumed")) == 1


def test_slots_that_have_their_points_are_not_missed_and_not_taken_twice() -> None:
    platform = backed_up()
    tables = platform.world.store.copy()
    hours(platform, 3)
    taken = list(platform.world.cloud.taken)
    slots = {each.slot for each in platform.points()}
    assert len(slots) == 4
    platform.world.store.go_back(tables)
    platform.run(minutes=5)
    report = reconcile(platform.world.ports)
    assert len(report.adopted_points) == 3
    platform.run(minutes=5)
    assert {each.slot for each in platform.points()} == slots
    assert platform.instance().missed_count == 0
    assert platform.world.cloud.taken == taken
    hours(platform, 1)
    assert len(platform.points()) == 5, "backups go on before the operator's word"
    assert sum(event.content["missedSlots"] for event in events(platform, "Job.Completed")) == 0


def test_a_slot_between_that_has_no_point_is_missed() -> None:
    platform = backed_up()
    tables = platform.world.store.copy()
    hours(platform, 3)
    platform.world.cloud.lose_snapshot(platform.points()[1].snapshot_id)
    platform.world.store.go_back(tables)
    platform.run(minutes=5)
    reconcile(platform.world.ports)
    assert platform.instance().missed_slots == (SLOT + 2 * HOUR,)


def test_points_that_expired_meanwhile_are_not_told_as_lost() -> None:
    platform = backed_up(**SHORT)
    go_to(platform, SLOT + HOUR)
    tables = platform.world.store.copy()
    hours(platform, 3)
    assert platform.world.cloud.removed
    platform.world.store.go_back(tables)
    hours(platform, 2)
    assert events(platform, "RecoveryPoint.Lost") == []
    go_on(platform.world.ports)
    reconcile(platform.world.ports)
    hours(platform, 3)
    assert events(platform, "RecoveryPoint.Lost") == []
    assert not [each for each in platform.points() if each.state is PointState.LOST]


@pytest.mark.parametrize("place", [Place(vault=VAULT), Place(vault=VAULT, instance="disk-1")])
def test_a_point_that_expired_meanwhile_is_lost_where_a_hold_keeps_it_from_expiring_now(place: Place) -> None:
    """Its expiry would have found out, and does not come while the hold stands: nobody is offered it for a restore."""
    platform = backed_up(**SHORT)
    tables = platform.world.store.copy()
    hours(platform, 3)
    gone = set(platform.world.cloud.removed)
    assert gone
    platform.world.store.go_back(tables)
    hours(platform, 1)
    set_hold(platform.world.ports, place, Hold(name="case-7", reason="a lawsuit", set_at=NOW))
    go_on(platform.world.ports)
    hours(platform, 1)
    reconcile(platform.world.ports)
    platform.run(minutes=6)
    assert {each.snapshot_id for each in platform.points() if each.is_good} & gone == set()


def test_a_point_that_is_gone_and_will_never_expire_is_lost_once_the_operator_says_go_on() -> None:
    platform = Platform()
    platform.protect(**SHORT)
    hours(platform, 2)
    tables = platform.world.store.copy()
    hours(platform, 3)
    platform.world.store.go_back(tables)
    stop_protection(platform.world.ports, VAULT, "disk-1")
    platform.run(minutes=2)
    reconcile(platform.world.ports)
    go_on(platform.world.ports)
    reconcile(platform.world.ports)
    platform.run(minutes=6)
    there = {each.lower() for each in platform.world.cloud.snapshot_ids()}
    good = {point.snapshot_id.lower() for point in platform.points() if point.is_good}
    assert good == there, "a point that reads Completed can be restored"


def test_a_point_that_is_gone_and_had_time_left_is_lost_once_the_operator_says_go_on() -> None:
    platform = backed_up(**DAILY_AT_NOON)
    tables = platform.world.store.copy()
    platform.run(minutes=10)
    platform.world.cloud.lose_snapshot(platform.points()[0].snapshot_id)
    platform.world.store.go_back(tables)
    platform.run(minutes=1)
    assert reconcile(platform.world.ports).lost_points == []
    go_on(platform.world.ports)
    doubt(platform, *platform.points())
    assert len(reconcile(platform.world.ports).lost_points) == 1


def test_without_the_mark_a_snapshot_of_an_unknown_job_tells_it() -> None:
    """An account that failed over has its queues of an earlier hour, too."""
    platform = backed_up()
    tables, mark = platform.world.store.copy(), platform.world.queue.mark
    hours(platform, 2)
    platform.world.store.go_back(tables)
    platform.world.queue.mark = mark
    report = reconcile(platform.world.ports)
    assert len(report.adopted_points) == 2
    assert beat(platform).is_held
    platform.run(minutes=1)
    assert len(events(platform, "Tables.SetBack")) == 1
    go_on(platform.world.ports)
    reconcile(platform.world.ports)
    hours(platform, 1)
    assert len(events(platform, "Tables.SetBack")) == 1


def test_backups_do_not_wait_for_ever_for_a_reconciler_that_does_not_come() -> None:
    platform = backed_up(**DAILY_AT_NOON)
    tables = platform.world.store.copy()
    go_to(platform, SLOT + timedelta(hours=23))
    platform.world.store.go_back(tables)
    platform.run(seconds=HELD_AT_MOST.total_seconds() + 3600)
    assert [each.slot for each in platform.points()] == [SLOT + timedelta(days=1), SLOT]


def test_a_tick_that_cannot_tell_does_its_work_and_hides_nothing() -> None:
    platform = backed_up()
    tables = platform.world.store.copy()
    platform.run(minutes=50)
    platform.world.store.go_back(tables)
    platform.world.faults.fail("queue.read_mark", CloudUnavailable("503"), times=100)
    platform.run(minutes=1)
    assert not beat(platform).is_held
    platform.world.faults.clear()
    platform.run(minutes=1)
    assert beat(platform).is_held


def test_tables_that_are_lost_altogether_are_rebuilt_not_held() -> None:
    platform = backed_up()
    hours(platform, 1)
    platform.rebuild()
    hours(platform, 1)
    assert not beat(platform).is_held
    assert platform.instance().state is ProtectionState.STOPPED
    assert platform.agenda(AgendaKind.BACKUP) == []


@pytest.mark.parametrize("text", ["", "nonsense", "id", "id 2026-03-02", "id 2026-03-02T09:00:00"])
def test_a_mark_that_no_tick_wrote_tells_nothing(text: str) -> None:
    assert read_mark(text) is None
    assert read_mark(write_mark("id", NOW)) == Mark(installation_id="id", at=NOW)

"""Recovery-point objectives looked after: who gets a row on the agenda, what a check tells, and what it costs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from backup_core.domain.agenda import AgendaKind
from backup_core.domain.alert import Cause
from backup_core.domain.errors import CloudUnavailable, InvalidInput, OperationFailed, SnapshotLimitReached
from backup_core.domain.instance import PointSummary, ProtectionState
from backup_core.domain.objective import TAG, ObjectiveState, standing_of
from backup_core.ports import Memory, StateConflict
from backup_core.workflows.lifecycle import delete_instance, stop_protection, suspend_backups
from backup_core.workflows.objectives import check_objective_later, check_objectives, objective_row
from backup_core.workflows.outbox import deliver
from backup_core.workflows.protection import configure_instance, resume_protection
from backup_core.workflows.reconcile import reconcile
from tests.builders import VAULT, disk_json
from tests.workflows.platform import HostDied, Platform, request
from tests.workflows.proofs import unchecked
from tests.workflows.scenes import (
    HOUR,
    MINUTE,
    SLOT,
    ask_for_backup,
    backed_up,
    change_instance,
    events,
    go_to,
    jobs,
    lose,
    protected,
    refuse,
)

OBJECTIVE = 75 * MINUTE  # of what is backed up hourly
BROKEN = OperationFailed("Azure ended the snapshot as Failed.", code="DiskSnapshotOperationFailed")


def rows(platform: Platform) -> list[Any]:
    return platform.agenda(AgendaKind.OBJECTIVE)


def break_azure(platform: Platform) -> None:
    platform.world.cloud.guard = refuse("start_snapshot", BROKEN)


def mend_azure(platform: Platform) -> None:
    platform.world.cloud.guard = lambda call, target: None


def state(platform: Platform, name: str = "disk-1") -> ObjectiveState:
    return standing_of(platform.instance(name), platform.world.clock.now()).state


def told(platform: Platform, what: str = "Breached") -> list[dict[str, Any]]:
    return [dict(event.content) for event in events(platform, f"Rpo.{what}")]


def breached(*names: str) -> Platform:
    """Disks with a point of noon whose backups fail since, just after the check that told of it."""
    platform = backed_up(*names)
    break_azure(platform)
    go_to(platform, SLOT + HOUR)
    go_to(platform, SLOT + OBJECTIVE, seconds=90)
    return platform


# Who gets a row.


def test_a_new_instance_is_looked_at_when_its_first_point_would_be_too_late() -> None:
    platform = protected()
    (row,) = rows(platform)
    assert row.due_at == SLOT + OBJECTIVE
    platform.run(minutes=2)
    assert state(platform) is ObjectiveState.PROTECTED
    go_to(platform, SLOT + HOUR)
    go_to(platform, SLOT + OBJECTIVE, seconds=60)
    assert rows(platform) == []
    assert told(platform) == []


def test_a_healthy_instance_has_no_row_and_costs_nothing() -> None:
    platform = backed_up()
    go_to(platform, SLOT + HOUR)
    go_to(platform, SLOT + OBJECTIVE, seconds=60)
    for hours in range(2, 6):
        go_to(platform, SLOT + hours * HOUR, minutes=2)
        assert rows(platform) == []
    before = len(platform.world.faults.calls)
    check_objectives(platform.world.ports)
    assert platform.world.faults.calls[before:] == ["store.due"]


def test_a_failed_backup_puts_its_instance_on_the_agenda() -> None:
    platform = backed_up()
    go_to(platform, SLOT + HOUR)
    go_to(platform, SLOT + OBJECTIVE, minutes=1)
    assert rows(platform) == []
    break_azure(platform)
    go_to(platform, SLOT + 2 * HOUR)
    (row,) = rows(platform)
    newest = platform.instance().newest_point
    assert newest.created_at + OBJECTIVE <= row.due_at < newest.created_at + OBJECTIVE + timedelta(seconds=1)
    assert state(platform) is ObjectiveState.AT_RISK
    assert told(platform) == []


def test_the_row_is_there_before_the_failure_is_recorded() -> None:
    platform = backed_up()
    go_to(platform, SLOT + OBJECTIVE, minutes=1)
    platform.world.clock.set(SLOT + 2 * HOUR - timedelta(seconds=1))

    def guard(call: str, target: str) -> None:
        if call == "start_snapshot":
            platform.world.faults.fail("store.commit", HostDied())
            raise BROKEN

    platform.world.cloud.guard = guard
    platform.run(seconds=5)
    assert jobs(platform)[-1].error is None, "the failure could not be recorded"
    assert rows(platform)


def test_a_backup_that_does_not_end_puts_its_instance_on_the_agenda_before_it_breaches() -> None:
    platform = backed_up()
    platform.run(hours=1, minutes=20)
    assert rows(platform) == []
    platform.world.cloud.snapshot_time = timedelta(days=1)
    go_to(platform, SLOT + 2 * HOUR, minutes=14)
    assert len(rows(platform)) == 1
    platform.run(minutes=3)
    assert len(told(platform)) == 1, "told before the next slot came"


def test_a_slot_that_finds_the_instance_busy_puts_it_on_the_agenda() -> None:
    platform = backed_up()
    go_to(platform, SLOT + OBJECTIVE)
    platform.world.cloud.snapshot_time = timedelta(days=1)
    ask_for_backup(platform)
    platform.run(seconds=10)
    for row in rows(platform):
        platform.world.store.unschedule([row])
    platform.world.memory = Memory()
    go_to(platform, SLOT + 2 * HOUR, seconds=5)
    assert len(rows(platform)) == 1


def test_a_start_that_azure_puts_off_again_and_again_puts_its_instance_on_the_agenda() -> None:
    platform = backed_up()
    platform.run(hours=1, minutes=20)
    platform.world.cloud.guard = refuse("start_snapshot", SnapshotLimitReached("500 snapshots"))
    go_to(platform, SLOT + 2 * HOUR, minutes=12)
    assert len(rows(platform)) == 1


def test_a_row_is_not_written_again_and_again() -> None:
    platform = backed_up()
    instance = platform.instance()
    before = platform.world.faults.count("store.schedule")
    for _ in range(5):
        check_objective_later(platform.world.ports, VAULT, instance)
    assert platform.world.faults.count("store.schedule") == before + 1


def test_what_slipped_through_is_found_by_the_reconciler() -> None:
    platform = backed_up()
    platform.run(hours=1, minutes=20)
    platform.world.clock.set(SLOT + 2 * HOUR + 10 * MINUTE)
    report = reconcile(platform.world.ports)
    assert report.agenda_rows == ["objective disk-1"]
    assert reconcile(platform.world.ports).agenda_rows == []


def test_the_reconciler_leaves_the_healthy_and_the_paused_alone() -> None:
    platform = backed_up("disk-1", "disk-2")
    platform.run(hours=1, minutes=20)
    stop_protection(platform.world.ports, VAULT, "disk-2")
    assert reconcile(platform.world.ports).agenda_rows == []


def test_a_point_that_is_lost_puts_its_instance_on_the_agenda() -> None:
    platform = backed_up()
    platform.run(hours=1, minutes=20)
    lose(platform, platform.points()[0])
    reconcile(platform.world.ports)
    platform.run(minutes=1)
    assert len(told(platform)) == 1, "the point before it is older than the objective"


# What a check tells.


def test_a_breach_is_told_once_with_its_reason_and_the_last_error() -> None:
    platform = breached()
    (content,) = told(platform)
    assert content["severity"] == "Sev1"
    assert content["affectedItems"] == ["disk-1"]
    message = content["error"]["message"]
    assert "The newest recovery point is 1 h 15 min old; the objective is 1 h 15 min" in message
    assert BROKEN.message in message
    for hours in range(2, 6):
        go_to(platform, SLOT + hours * HOUR, minutes=2)
    assert len(told(platform)) == 1
    assert state(platform) is ObjectiveState.BREACHED


def test_a_breach_that_lasts_is_told_again_once_a_day() -> None:
    platform = breached()
    (row,) = rows(platform)
    go_to(platform, row.due_at, minutes=2)
    assert [each["occurrences"] for each in told(platform)] == [1, 2]
    assert len(rows(platform)) == 1


def test_recovery_is_told_by_the_backup_that_brings_it() -> None:
    platform = breached()
    mend_azure(platform)
    go_to(platform, SLOT + 2 * HOUR, minutes=1)
    (recovered,) = told(platform, "Recovered")
    assert recovered["affectedItems"] == ["disk-1"]
    assert state(platform) is ObjectiveState.PROTECTED
    (row,) = rows(platform)
    go_to(platform, row.due_at, minutes=1)
    assert len(told(platform)) >= 1


def test_a_disk_without_any_point_breaches_too() -> None:
    platform = protected()
    break_azure(platform)
    platform.run(seconds=30)
    go_to(platform, SLOT + OBJECTIVE, seconds=90)
    (content,) = told(platform)
    assert content["error"]["message"].startswith("There is no recovery point; the objective is 1 h 15 min")


def test_who_is_younger_than_the_objective_but_still_in_trouble_is_looked_at_later() -> None:
    platform = backed_up()
    break_azure(platform)
    go_to(platform, SLOT + HOUR)
    newest = PointSummary(point_id="0" * 32, created_at=SLOT + 30 * MINUTE, expires_at=None)
    change_instance(platform, newest_point=newest)
    go_to(platform, SLOT + OBJECTIVE, seconds=90)
    assert [row.due_at for row in rows(platform)] == [SLOT + 30 * MINUTE + OBJECTIVE]
    assert told(platform) == []


@pytest.mark.parametrize("pause", [stop_protection, suspend_backups, delete_instance])
def test_what_is_paused_or_gone_is_dropped_in_silence(pause: Any) -> None:
    platform = backed_up()
    break_azure(platform)
    go_to(platform, SLOT + HOUR)
    assert rows(platform)
    pause(platform.world.ports, VAULT, "disk-1")
    go_to(platform, SLOT + OBJECTIVE, seconds=90)
    assert rows(platform) == []
    assert told(platform) == []


def test_a_row_that_cannot_be_judged_goes_until_the_reconciler_writes_another() -> None:
    platform = backed_up()
    break_azure(platform)
    go_to(platform, SLOT + HOUR)
    platform.world.store.corrupt_record(type(platform.instance()), VAULT, "disk-1")
    platform.world.clock.set(SLOT + 2 * HOUR)
    check_objectives(platform.world.ports)
    assert rows(platform) == []


def test_what_changes_meanwhile_is_looked_at_by_the_next_check() -> None:
    platform = backed_up("disk-1", "disk-2")
    break_azure(platform)
    go_to(platform, SLOT + HOUR)
    platform.world.clock.set(SLOT + OBJECTIVE + MINUTE)
    platform.world.faults.fail("store.commit", StateConflict("changed"), times=2)
    check_objectives(platform.world.ports)
    alerted = [name for name in ("disk-1", "disk-2") if platform.instance(name).alerts[-1].cause == Cause.RPO]
    assert len(alerted) == 1
    check_objectives(platform.world.ports)
    assert all(platform.instance(name).alerts[-1].cause == Cause.RPO for name in ("disk-1", "disk-2"))
    platform.run(minutes=1)
    (content,) = told(platform)
    assert content["affectedItemCount"] == 2


def test_a_check_that_fails_is_made_good_by_the_next() -> None:
    platform = backed_up()
    break_azure(platform)
    go_to(platform, SLOT + HOUR)
    platform.world.clock.set(SLOT + OBJECTIVE + MINUTE)
    platform.world.faults.fail("store.commit", CloudUnavailable("the answer got lost"), after=True)
    with pytest.raises(CloudUnavailable):
        check_objectives(platform.world.ports)
    deliver(platform.world.ports, VAULT)  # what is written to the agenda from now on is the check's own
    for after in (False, True):
        platform.world.faults.fail("store.schedule", CloudUnavailable("the answer got lost"), after=after)
        with pytest.raises(CloudUnavailable):
            check_objectives(platform.world.ports)
    check_objectives(platform.world.ports)
    platform.run(minutes=2)
    assert len(told(platform)) == 1
    assert [row.due_at > platform.world.clock.now() for row in rows(platform)] == [True]


def test_five_hundred_that_breach_at_once_are_one_digest_within_a_minute_and_their_recovery_is_two() -> None:
    """Their backups are spread over half a minute (dispatch), and each digest waits for twenty seconds."""
    names = [f"many-{number}" for number in range(500)]
    platform = unchecked(protected())
    with platform.world.faults.paused():
        for name in names:
            platform.world.cloud.add_disk(disk_json(name))
            configure_instance(platform.world.ports, VAULT, request(name, policy_name="policy-disk-1"))
        platform.deliver()
    stop_protection(platform.world.ports, VAULT, "disk-1")
    platform.run(seconds=30)
    break_azure(platform)
    go_to(platform, SLOT + HOUR)
    go_to(platform, SLOT + OBJECTIVE - MINUTE, seconds=55)
    assert told(platform) == []
    go_to(platform, SLOT + OBJECTIVE + 25 * timedelta(seconds=1), seconds=65)
    (content,) = told(platform)
    assert (content["affectedItemCount"], set(content["affectedItems"])) == (500, set(names))
    mend_azure(platform)
    go_to(platform, SLOT + 2 * HOUR, seconds=70)
    recovered = told(platform, "Recovered")
    assert sum(each["affectedItemCount"] for each in recovered) == 500
    assert {name for each in recovered for name in each["affectedItems"]} == set(names)
    assert len(recovered) <= 2


# Objectives of their own, and changes of configuration.


def test_an_objective_that_cannot_be_read_is_refused_when_it_is_configured() -> None:
    platform = protected()
    with pytest.raises(InvalidInput) as refusal:
        configure_instance(platform.world.ports, VAULT, request(tags={TAG: "soon"}))
    assert [fault.target for fault in refusal.value.faults] == [f"tags.{TAG}"]


def test_an_objective_that_an_older_release_took_keeps_nobody_from_protection() -> None:
    platform = backed_up()
    change_instance(platform, tags={TAG: "soon"}, state=ProtectionState.STOPPED)
    assert resume_protection(platform.world.ports, VAULT, "disk-1") is not None


def test_who_asks_for_more_than_the_schedule_gives_is_told_of_each_breach() -> None:
    platform = backed_up()
    configure_instance(platform.world.ports, VAULT, request(tags={TAG: "PT30M"}))
    go_to(platform, SLOT + HOUR, minutes=33)
    assert len(told(platform)) == 1
    go_to(platform, SLOT + 2 * HOUR, minutes=33)
    assert len(told(platform, "Recovered")) == 1
    assert len(told(platform)) == 2


def test_protection_that_is_resumed_is_held_to_its_objective_from_its_first_slot_on() -> None:
    platform = backed_up()
    stop_protection(platform.world.ports, VAULT, "disk-1")
    platform.world.clock.set(SLOT + 20 * HOUR + MINUTE)
    resume_protection(platform.world.ports, VAULT, "disk-1")
    platform.run(minutes=3)
    assert told(platform) == []
    assert platform.instance().due_from == SLOT + 21 * HOUR
    assert [row.due_at for row in rows(platform)] == [SLOT + 21 * HOUR + OBJECTIVE]


def test_configuring_the_same_again_does_not_put_a_breach_off() -> None:
    platform = breached()
    first = platform.instance().due_from
    configure_instance(platform.world.ports, VAULT, request())
    platform.run(seconds=10)
    assert platform.instance().due_from == first
    assert state(platform) is ObjectiveState.BREACHED


def test_a_row_comes_due_no_sooner_than_its_instance_breaches() -> None:
    platform = backed_up()
    row = objective_row(VAULT, platform.instance())
    assert standing_of(platform.instance(), row.due_at).state is ObjectiveState.BREACHED

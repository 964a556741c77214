"""Restore tests: a temporary disk of a recovery point, held against its snapshot, and gone again with all traces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backup_core.domain.agenda import AgendaKind
from backup_core.domain.alert import Cause
from backup_core.domain.data_sample import RANGES
from backup_core.domain.errors import CloudUnavailable, InvalidInput, PermissionMissing, ResourceInUse, TablesSetBack
from backup_core.domain.job import Job, JobOperation, JobStatus
from backup_core.domain.messages import BeginRestoreTests, GoOnTesting
from backup_core.domain.permissions import Grant
from backup_core.domain.restore_test import TEST_INSTALLATION_TAG, TEST_JOB_TAG
from backup_core.domain.restore_test_plan import PointChoice, RestoreTestPlaces, RestoreTestPlan
from backup_core.ports import Insert, Replace
from backup_core.workflows.job_kinds import give_up
from backup_core.workflows.poison import StepGivenUp
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.restore_test_plans import delete_plan, estimate, put_plan, run_now
from backup_core.workflows.set_back import go_on
from backup_core.workflows.vaults import put_vault
from tests.builders import DISK_GROUP, TARGET_GROUP, VAULT, disk_json, vault
from tests.workflows.platform import Platform
from tests.workflows.proofs import (
    TROUBLES,
    Scenario,
    prove_failures_everywhere,
    prove_messages_lost_and_doubled,
    prove_steps_run_twice,
)
from tests.workflows.scenes import HOUR, SLOT, backed_up, change_instance, events, go_to, jobs, refuse

EACH_HOUR = ("R/2026-03-02T12:30:00+00:00/PT1H",)
DUE = SLOT + timedelta(minutes=30)


def plan(**changes: Any) -> RestoreTestPlan:
    values: dict[str, Any] = {
        "name": "weekly",
        "intervals": EACH_HOUR,
        "target_group_id": TARGET_GROUP.text,
        "seed": "",
    }
    return RestoreTestPlan(**(values | changes))


def planned(*names: str, disk: dict[str, Any] | None = None, **changes: Any) -> Platform:
    """Disks with a point each and a plan, three seconds before its run."""
    platform = backed_up(*names, disk=disk)
    with platform.world.faults.paused():
        put_plan(platform.world.ports, VAULT, plan(**changes))
    platform.world.clock.set(DUE - timedelta(seconds=3))
    return platform


def outcome(platform: Platform, **run: float) -> Job:
    """The test of the run that is due now."""
    platform.run(**(run or {"minutes": 2}))
    (job,) = made_tests(platform)
    assert job.is_ended, job
    return job


def made_tests(platform: Platform, name: str = "disk-1") -> list[Job]:
    return jobs(platform, JobOperation.RESTORE_TEST, name)


def disks_of_tests(platform: Platform) -> list[str]:
    return [each for each in platform.world.cloud.disk_ids() if "/diskbackup-test-" in each]


def most_disks(platform: Platform, *, seconds: int) -> int:
    """The most that there are at once."""
    most = 0
    for _ in range(seconds):
        platform.run(seconds=1)
        most = max(most, len(disks_of_tests(platform)))
    return most


def nothing_is_left(platform: Platform) -> None:
    platform.world.cloud._settle_disks()
    assert disks_of_tests(platform) == []
    assert platform.world.cloud.open_access() == []
    with platform.world.faults.paused():
        stored = platform.world.store.get(RestoreTestPlaces, VAULT)
    assert stored is None or stored.value.places == ()
    assert all(point.restoring == () for point in platform.points())


def test_a_whole_point_passes_and_the_job_is_the_evidence() -> None:
    platform = planned()
    job = outcome(platform)
    assert job.status is JobStatus.COMPLETED, job.error
    details, (point,) = job.details, platform.points()
    assert job.point_id == point.point_id
    assert details["point_time"] == point.created_at.isoformat()
    assert details["signature"] == "GPT"
    assert len(details["ranges"]) == RANGES
    assert details["ranges"][0]["offset"] == 0
    assert details["ranges"][-1]["offset"] == (128 << 30) - (64 << 10)
    assert all(row["disk"] == row["snapshot"] for row in details["ranges"])
    assert len(details["digest"]) == 64
    assert len(events(platform, "RestoreTest.Passed")) == 1
    assert platform.instance().alerts == ()
    assert platform.world.cloud.made_disks == platform.world.cloud.deleted_disks
    nothing_is_left(platform)


def test_the_signed_urls_are_kept_nowhere() -> None:
    platform = planned()
    outcome(platform)
    assert "https://data/" not in repr(platform.world.store.copy())
    assert "https://data/" not in repr(platform.world.queue.sent)


def wrong_size(raw: dict[str, Any]) -> None:
    raw["properties"] |= {"diskSizeGB": 64, "diskSizeBytes": 64 << 30}


def wrong_sku(raw: dict[str, Any]) -> None:
    raw["sku"] = {"name": "Standard_LRS"}


def wrong_encryption(raw: dict[str, Any]) -> None:
    raw["properties"]["encryption"] = {
        "type": "EncryptionAtRestWithCustomerKey",
        "diskEncryptionSetId": f"{DISK_GROUP.text}/providers/Microsoft.Compute/diskEncryptionSets/others",
    }


def wrong_source(raw: dict[str, Any]) -> None:
    raw["properties"]["creationData"] |= {"sourceUniqueId": "another"}


def spoil(change: Callable[[dict[str, Any]], None]) -> Callable[[Platform], None]:
    def seed(platform: Platform) -> None:
        platform.world.cloud.spoil_disk = change

    return seed


def other_data(platform: Platform) -> None:
    platform.world.cloud.contents[platform.points()[0].snapshot_id.lower()] = "another disk"


def unreadable(platform: Platform) -> None:
    platform.world.cloud.unreadable.add(platform.points()[0].snapshot_id.lower())


def snapshot_gone(platform: Platform) -> None:
    platform.world.cloud.lose_snapshot(platform.points()[0].snapshot_id)


def snapshot_replaced(platform: Platform) -> None:
    """Somebody deletes it and takes another of another disk under its name."""
    cloud, snapshot_id = platform.world.cloud, platform.points()[0].snapshot_id
    cloud.lose_snapshot(snapshot_id)
    cloud.add_snapshot(snapshot_id, source=cloud.add_disk(disk_json("other")))


DAMAGES: dict[str, tuple[Callable[[Platform], None], str]] = {
    "wrong size": (spoil(wrong_size), "wrong size"),
    "wrong SKU": (spoil(wrong_sku), "wrong SKU"),
    "wrong encryption": (spoil(wrong_encryption), "wrong encryption"),
    "made from another snapshot": (spoil(wrong_source), "wrong source"),
    "another disk's data": (other_data, "other data: 16 of 16 ranges"),
    "unreadable": (unreadable, "unreadable"),
    "snapshot gone": (snapshot_gone, "is gone"),
    "another snapshot of its name": (snapshot_replaced, "not the one that was recorded"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_damage_is_found_told_and_cleared_up(damage: str) -> None:
    platform = planned()
    seed, words = DAMAGES[damage]
    seed(platform)
    job = outcome(platform, minutes=5)
    assert job.status is JobStatus.FAILED
    assert words in job.error.message
    assert len(events(platform, "RestoreTest.Failed")) == 1
    (alert,) = [each for each in platform.instance().alerts if each.cause.startswith(Cause.RESTORE_TEST)]
    assert alert.occurrences == 1
    nothing_is_left(platform)


def test_the_next_test_that_passes_ends_the_alert() -> None:
    platform = planned()
    other_data(platform)
    outcome(platform)
    platform.world.cloud.contents.clear()
    go_to(platform, DUE + HOUR, minutes=3)
    assert made_tests(platform)[-1].status is JobStatus.COMPLETED
    assert platform.instance().alerts == ()
    assert len(events(platform, "Alert.Resolved")) == 1


def test_an_operating_system_disk_must_begin_with_a_partition_table() -> None:
    platform = planned(disk=disk_json(osType="Linux"))
    platform.world.cloud.blank(platform.points()[0].snapshot_id)
    job = outcome(platform)
    assert "no partition table" in job.error.message


def test_a_data_disk_that_says_nothing_passes_with_a_warning() -> None:
    platform = planned()
    platform.world.cloud.blank(platform.points()[0].snapshot_id)
    job = outcome(platform)
    assert job.status is JobStatus.COMPLETED_WITH_WARNINGS
    assert [each.code for each in job.warnings] == ["RestoreTestNothingRecognised"]


@pytest.mark.parametrize(
    "closed",
    [
        {"networkAccessPolicy": "DenyAll"},
        {"publicNetworkAccess": "Disabled"},
        {"dataAccessAuthMode": "AzureActiveDirectory"},
    ],
)
def test_a_closed_disk_is_not_opened_for_a_test(closed: dict[str, str]) -> None:
    platform = planned(disk=disk_json(**closed))
    job = outcome(platform)
    assert job.status is JobStatus.COMPLETED_WITH_WARNINGS
    assert [each.code for each in job.warnings] == ["RestoreTestDataNotRead"]
    assert platform.world.faults.count("cloud.start_access") == 0
    nothing_is_left(platform)


def test_access_that_somebody_else_has_to_the_snapshot_is_left_to_them() -> None:
    platform = planned()
    snapshot_id = platform.points()[0].snapshot_id
    platform.world.cloud.start_access(snapshot_id, lasts=HOUR)
    job = outcome(platform)
    assert [each.code for each in job.warnings] == ["RestoreTestDataNotRead"]
    assert platform.world.cloud.open_access() == [snapshot_id]


@pytest.mark.parametrize("minutes", [0, 5])
def test_slow_reading_goes_on_in_further_runs_and_with_access_granted_anew(minutes: int) -> None:
    """`minutes` is how long each message lies in the queue."""
    platform = planned(intervals=("R/2026-03-02T12:30:00+00:00/P1D",))
    read = platform.world.cloud.read_data

    def slowly(*args: Any) -> Any:
        for data in read(*args):
            platform.world.clock.advance(seconds=25)
            yield data

    platform.world.cloud.read_data = slowly  # type: ignore[method-assign]
    platform.world.queue.wait = timedelta(minutes=minutes)
    job = outcome(platform, hours=3)
    assert job.status is JobStatus.COMPLETED, job.error
    assert len(job.details["ranges"]) == RANGES
    assert platform.world.faults.count("cloud.read_data") > 4
    assert (job.details["grants"] > 1) is bool(minutes)
    nothing_is_left(platform)


# ---------------------------------------------------------------- whose disk it is


def on_disk(platform: Platform, change: Callable[[dict[str, Any]], None]) -> str:
    """Runs until the test's disk is being looked at, and changes it as somebody else would."""
    cloud = platform.world.cloud
    while not cloud.made_disks:
        platform.run(seconds=1)
    change(cloud._disks[cloud.made_disks[0].lower()].raw)
    return cloud.made_disks[0]


TAKEN: dict[str, Callable[[dict[str, Any]], None]] = {
    "attached": lambda raw: raw.update(managedBy="/subscriptions/s/vm"),
    "attached once": lambda raw: raw["properties"].update(LastOwnershipUpdateTime="2026-03-02T12:30:05+00:00"),
    "its tag removed": lambda raw: raw["tags"].pop(TEST_JOB_TAG),
    "its tag of another test": lambda raw: raw["tags"].update({TEST_JOB_TAG: "another"}),
    "made anew": lambda raw: raw["properties"].update(uniqueId="another", creationData={"createOption": "Empty"}),
}


@pytest.mark.parametrize("how", TAKEN)
def test_a_disk_that_somebody_took_over_is_never_deleted(how: str) -> None:
    platform = planned()
    disk = on_disk(platform, TAKEN[how])
    job = outcome(platform, minutes=5)
    assert disk in platform.world.cloud.disk_ids()
    assert platform.world.cloud.deleted_disks == []
    assert job.status is JobStatus.FAILED
    assert "is kept" in job.error.message
    assert platform.stored(RestoreTestPlaces).value.places == ()


def test_a_disk_of_the_name_that_was_there_before_is_nobody_elses() -> None:
    platform = planned()
    foreign: list[str] = []

    def put(disk_id: str, body: Any) -> str:
        foreign.append(disk_id)
        name = disk_id.rsplit("/", 1)[1]
        platform.world.cloud.add_disk(disk_json(name, group=TARGET_GROUP))
        raise CloudUnavailable("no answer")

    platform.world.cloud.start_disk = put  # type: ignore[method-assign]
    job = outcome(platform, minutes=5)
    assert job.error is not None
    assert foreign[0] in platform.world.cloud.disk_ids()
    assert platform.world.cloud.deleted_disks == []


def test_a_disk_that_cannot_be_deleted_is_told_of_and_tried_again_until_it_is_gone() -> None:
    platform = planned()
    platform.world.cloud.locks.add(TARGET_GROUP.key)
    platform.run(minutes=10)
    (job,) = made_tests(platform)
    assert not job.is_ended
    assert [each.cause for each in platform.instance().alerts] == [Cause.TEST_LEFTOVER]
    platform.world.cloud.locks.clear()
    platform.run(hours=2)
    assert made_tests(platform)[0].status is JobStatus.COMPLETED
    assert Cause.TEST_LEFTOVER not in {each.cause for each in platform.instance().alerts}
    nothing_is_left(platform)


@pytest.mark.parametrize("steps", [3, 5, 6])
def test_what_a_test_that_was_given_up_left_behind_is_cleared_within_minutes(steps: int) -> None:
    platform = planned(intervals=("R/2026-03-02T12:30:00+00:00/P7D",))
    while sum(isinstance(each, GoOnTesting) for each in platform.world.queue.sent) < steps:
        platform.run(seconds=1)
    envelope = next(each for each in platform.world.queue.waiting() if each.kind == "GoOnTesting")
    platform.world.queue.delete(envelope)
    give_up(platform.world.ports, envelope.queue, envelope.text)
    (job,) = made_tests(platform)
    assert job.error.code == StepGivenUp.code
    platform.run(minutes=10)
    nothing_is_left(platform)


# ---------------------------------------------------------------- plans and runs


def test_a_run_takes_the_instances_in_turn() -> None:
    names = [f"disk-{number}" for number in range(1, 6)]
    platform = planned(*names, tests_per_run=2, disks_at_once=2)
    for hour in range(3):
        go_to(platform, DUE + hour * HOUR, minutes=5)
    counts = sorted(len(made_tests(platform, name)) for name in names)
    assert counts == [1, 1, 1, 1, 2]


def test_no_more_disks_exist_at_once_than_the_plan_allows() -> None:
    names = [f"disk-{number}" for number in range(1, 6)]
    platform = planned(*names, tests_per_run=5, disks_at_once=2)
    assert most_disks(platform, seconds=1200) == 2
    assert all(job.status is JobStatus.COMPLETED for name in names for job in made_tests(platform, name))


def test_an_instance_has_one_test_at_a_time_whatever_plan_it_is_of() -> None:
    platform = planned()
    with platform.world.faults.paused():
        put_plan(platform.world.ports, VAULT, plan(name="another"))
    assert most_disks(platform, seconds=600) == 1
    assert [job.status for job in made_tests(platform)] == [JobStatus.COMPLETED] * 2


def test_a_test_that_found_no_place_until_the_next_run_is_cancelled() -> None:
    platform = planned("disk-1", "disk-2", tests_per_run=2)
    platform.world.cloud.locks.add(TARGET_GROUP.key)  # so that the first keeps its place
    platform.run(minutes=70)
    statuses = [job.status for name in ("disk-1", "disk-2") for job in made_tests(platform, name)]
    assert JobStatus.CANCELLED in statuses
    assert len(platform.world.cloud.made_disks) == 1


def test_a_random_point_is_one_of_the_window_and_the_same_for_a_doubled_message() -> None:
    platform = backed_up()
    for hour in range(1, 6):
        go_to(platform, SLOT + hour * HOUR)
    with platform.world.faults.paused():
        put_plan(platform.world.ports, VAULT, plan(choice=PointChoice.RANDOM, window_days=1))
    platform.twice = True
    go_to(platform, SLOT + 5.5 * HOUR, minutes=3)
    (job,) = made_tests(platform)
    assert job.point_id in {point.point_id for point in platform.points()}
    assert job.status is JobStatus.COMPLETED
    assert len(platform.world.cloud.made_disks) == 1


def test_an_instance_without_a_point_in_the_window_fails_its_test() -> None:
    platform = planned(choice=PointChoice.RANDOM, window_days=1, intervals=("R/2026-03-09T12:30:00+00:00/P7D",))
    with platform.world.faults.paused():
        change_instance(platform, paused_at=SLOT)
    ports = platform.world.ports
    platform.world.clock.set(SLOT + timedelta(days=3))
    run_now(ports, VAULT, "weekly")
    platform.run(minutes=2)
    (job,) = made_tests(platform)
    assert job.error.code == "NoRecoveryPointToTest"


def test_a_run_that_is_asked_for_at_the_very_instant_of_the_plans_own_is_another_run() -> None:
    platform = planned()
    while not made_tests(platform):
        platform.run(seconds=1)
    assert made_tests(platform)[0].created_at == platform.world.clock.now()
    run_now(platform.world.ports, VAULT, "weekly")
    assert [job.user_triggered for job in made_tests(platform)].count(True) == 1
    assert len({job.job_id for job in made_tests(platform)}) == 2


@pytest.mark.parametrize("steps", [0, 1], ids=["waits", "has a place"])
def test_a_test_that_stood_open_when_tables_were_set_back_is_no_alarm_of_its_disk(steps: int) -> None:
    """The set-back is told for itself, once; nothing would end an alert of each disk before its plan comes round."""
    platform = planned()
    while not made_tests(platform) or made_tests(platform)[0].turn < steps:
        platform.run(seconds=1)
    tables = platform.world.store.copy()
    platform.run(minutes=30)
    assert [each.status for each in made_tests(platform)] == [JobStatus.COMPLETED]
    platform.world.store.go_back(tables)
    platform.run(minutes=5)
    (job,) = made_tests(platform)
    assert job.error.code == TablesSetBack.code
    assert platform.instance().alerts == ()
    assert len(events(platform, "Tables.SetBack")) == 1
    go_on(platform.world.ports)
    nothing_is_left(platform)


def test_the_point_under_test_is_held() -> None:
    platform = planned()
    while not platform.world.cloud.made_disks:
        platform.run(seconds=1)
    (job,) = made_tests(platform)
    assert platform.points()[0].restoring == (job.job_id,)


def test_a_run_whose_message_is_lost_is_begun_all_the_same() -> None:
    platform = planned()
    while not (waiting := [each for each in platform.world.queue.waiting() if each.kind == "BeginRestoreTests"]):
        platform.world.clock.advance(seconds=1)
        platform.fire_timers()
    platform.world.queue.delete(waiting[0])
    platform.run(minutes=5)
    assert len(made_tests(platform)) == 1


def test_after_an_outage_one_run_is_made_up_for() -> None:
    platform = planned()
    go_to(platform, DUE + 5 * HOUR, minutes=10)
    assert len(made_tests(platform)) == 1


def test_a_plan_that_is_gone_or_disabled_begins_nothing_and_leaves_the_agenda() -> None:
    for change in (
        lambda ports: delete_plan(ports, VAULT, "weekly"),
        lambda ports: put_plan(ports, VAULT, plan(enabled=False)),
    ):
        platform = planned()
        change(platform.world.ports)
        platform.run(minutes=3)
        assert made_tests(platform) == []
        assert not [row for row in platform.agenda(AgendaKind.WATCH) if "plan" in row.content]


def test_a_changed_schedule_counts_from_then_on_and_one_row_is_left() -> None:
    platform = planned()
    put_plan(platform.world.ports, VAULT, plan(intervals=("R/2026-03-02T14:00:00+00:00/PT4H",)))
    platform.run(minutes=5)
    assert made_tests(platform) == []
    assert [row.due_at for row in platform.agenda(AgendaKind.WATCH) if "plan" in row.content] == [SLOT + 2 * HOUR]


def test_an_idle_vault_pays_nothing_for_plans() -> None:
    platform = backed_up()
    platform.run(minutes=5)
    before = len(platform.world.faults.calls)
    platform.every_tick = True
    platform.run(minutes=1)
    without = platform.world.faults.calls[before:]
    with platform.world.faults.paused():
        put_plan(platform.world.ports, VAULT, plan(intervals=("R/2026-03-09T12:30:00+00:00/P7D",)))
    before = len(platform.world.faults.calls)
    platform.run(minutes=1)
    assert sorted(platform.world.faults.calls[before:]) == sorted(without)


def test_all_faults_and_missing_roles_are_told_before_anything_is_stored() -> None:
    platform = backed_up()
    cloud, ports = platform.world.cloud, platform.world.ports
    cloud.grants = {"": [Grant(actions=("*/read",))]}
    cloud.locks.add(TARGET_GROUP.key)
    with pytest.raises(InvalidInput) as refused:
        put_plan(ports, VAULT, plan(instances=("disk-1", "nobody")))
    told = str(refused.value)
    for words in (
        "'nobody' was not found",
        "Microsoft.Compute/disks/delete",
        "az role assignment create --role 'Disk Restore Tester'",
        "Microsoft.Compute/snapshots/endGetAccess/action",
        "--role 'Disk Snapshot Contributor'",
        "az lock delete",
    ):
        assert words in told
    assert platform.world.store.get(RestoreTestPlan, VAULT, "weekly") is None
    with pytest.raises(InvalidInput, match="nowhere-rg"):
        put_plan(ports, VAULT, plan(target_group_id=TARGET_GROUP.text.replace("restored-rg", "nowhere-rg")))


def test_the_cost_of_a_plan_is_told_beforehand() -> None:
    platform = backed_up("disk-1", "disk-2")
    told = estimate(platform.world.ports, VAULT, plan(seed="s", intervals=("R/2026-03-02T12:30:00+00:00/P1D",)))
    assert told.testable == 2
    assert len(told.next_run) == 1
    assert told.runs == 30
    assert told.disk_hours == {"P10 LRS Disk": 30.0}
    assert told.gib_hours == 128 * 30


def test_a_role_that_is_taken_away_stops_the_test_and_says_so() -> None:
    platform = planned()
    missing = PermissionMissing("no", scope=TARGET_GROUP.text, role="Disk Restore Tester")
    platform.world.cloud.guard = refuse("start_disk", missing)
    job = outcome(platform, minutes=5)
    assert job.error.code == PermissionMissing.code
    nothing_is_left(platform)


def test_a_plan_that_changes_all_the_time_says_so() -> None:
    platform = planned()
    ports, store = platform.world.ports, platform.world.store
    commit = store.commit

    def changed(vault: Any, changes: Any) -> Any:
        stored = store.get(RestoreTestPlan, VAULT, "weekly")
        commit(VAULT, [Replace(stored, replace(stored.value, cursor="x"))])
        return commit(vault, changes)

    store.commit = changed  # type: ignore[method-assign]
    with pytest.raises(ResourceInUse, match="changing too often"):
        put_plan(ports, VAULT, plan())


# ---------------------------------------------------------------- the three proofs


def it_was_made_whatever_happened(platform: Platform) -> None:
    found = made_tests(platform)
    assert found, "the run was lost"
    assert len({job.job_id for job in found}) == len(found)
    assert all(job.is_ended for job in found)
    assert JobStatus.COMPLETED in {job.status for job in found}
    assert len(platform.world.cloud.made_disks) <= len(found)
    nothing_is_left(platform)


SCENARIO = Scenario(prepare=planned, act=lambda platform: platform.run(seconds=75), check=it_was_made_whatever_happened)


def test_a_step_that_runs_twice_does_what_it_does_once() -> None:
    prove_steps_run_twice(SCENARIO)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_failure_at_any_call_leaves_no_disk_and_no_access(trouble: str) -> None:
    assert prove_failures_everywhere(SCENARIO, trouble) >= (10 if trouble == "death before" else 40)


def test_a_message_lost_or_doubled_changes_nothing_in_the_end() -> None:
    assert prove_messages_lost_and_doubled(SCENARIO) >= 8


def test_a_run_is_begun_once_for_its_slot() -> None:
    platform = planned()
    platform.run(minutes=1)
    message = next(each for each in platform.world.queue.sent if isinstance(each, BeginRestoreTests))
    platform.world.queue.send(message)
    platform.run(minutes=5)
    assert len(made_tests(platform)) == 1


# ---------------------------------------------------------------- against what exists


def plan_rows(platform: Platform) -> list[Any]:
    return [row for row in platform.agenda(AgendaKind.WATCH) if row.content.get("step") == "restore-test-plan"]


def test_a_plan_whose_row_on_the_agenda_cannot_be_read_comes_back_with_the_reconciler() -> None:
    platform = planned()
    (row,) = plan_rows(platform)
    platform.world.store.corrupt_agenda_row(row, body0="{")
    platform.world.clock.set(DUE + timedelta(seconds=1))
    platform.run(seconds=5)
    assert plan_rows(platform) == []
    assert reconcile(platform.world.ports).agenda_rows == ["plan weekly"]
    assert reconcile(platform.world.ports).agenda_rows == []
    assert outcome(platform).status is JobStatus.COMPLETED, "the run that was due is made"
    nothing_is_left(platform)


def test_a_plan_that_is_switched_off_gets_no_row_and_plans_of_two_vaults_may_have_one_name() -> None:
    platform = planned()
    other = replace(VAULT, name="vault-2")
    put_vault(platform.world.ports, vault(other))
    with platform.world.faults.paused():
        platform.world.store.commit(other, [Insert(plan(seed="s"))])
        platform.world.store.commit(other, [Insert(plan(name="off", seed="s", enabled=False))])
    assert reconcile(platform.world.ports).agenda_rows == ["plan weekly"]
    assert {row.vault for row in plan_rows(platform)} == {VAULT, other}


def test_a_disk_of_a_test_whose_records_are_gone_is_told_of_once_a_day_and_never_deleted() -> None:
    platform = planned()
    platform.run(seconds=8)
    (disk,) = disks_of_tests(platform)
    forget_tests(platform)
    report = reconcile(platform.world.ports)
    assert report.orphans == [disk]
    (told,) = events(platform, "RestoreTest.DiskOrphaned")
    assert told.content["diskId"] == disk
    assert reconcile(platform.world.ports).orphans == []
    assert disk in platform.world.cloud.disk_ids()


@pytest.mark.parametrize("tags", [{}, {TEST_JOB_TAG: "x"}, {TEST_JOB_TAG: "../x", TEST_INSTALLATION_TAG: "another"}])
def test_disks_of_others_in_the_target_group_are_no_affair_of_ours(tags: dict[str, str]) -> None:
    platform = planned()
    platform.world.cloud.add_disk(disk_json("diskbackup-test-1", group=TARGET_GROUP, tags=tags))
    assert reconcile(platform.world.ports).orphans == []


def test_a_disk_of_a_test_under_way_is_accounted_for() -> None:
    platform = planned()
    platform.run(seconds=8)
    assert disks_of_tests(platform)
    assert reconcile(platform.world.ports).orphans == []


def forget_tests(platform: Platform) -> None:
    platform.remove(RestoreTestPlaces)
    for job in made_tests(platform):
        platform.remove(Job, job.job_id)

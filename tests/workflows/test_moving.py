"""Moving a vault of Azure Backup over, back, and out of it: complete, in the safe order, whatever interrupts it, and
without a snapshot deleted before its time.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from backup_core.domain.agenda import AgendaKind
from backup_core.domain.disk import Disk
from backup_core.domain.errors import CloudUnavailable, OperationUnderWay, PermissionMissing
from backup_core.domain.guard import Critical, GuardLocked
from backup_core.domain.instance import MoveStep, ProtectionState
from backup_core.domain.job import Job, JobStatus
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.reach import Author
from backup_core.domain.recovery_point import PointState
from backup_core.domain.restore import RestoreRequest
from backup_core.settings import AccessScope
from backup_core.workflows.guards import put_guard, unlock
from backup_core.workflows.job_kinds import run
from backup_core.workflows.lifecycle import stop_protection
from backup_core.workflows.moving import request_finish, request_import, request_undo
from backup_core.workflows.rebuild import rebuild_catalogue
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.restore import request_restore
from backup_core.workflows.vaults import put_vault
from tests.builders import SNAPSHOT_GROUP, TARGET_GROUP, VAULT, disk_id, disk_json, hold, vault, vault_properties
from tests.origins import HOUR, OLD, back_up, stock
from tests.workflows.platform import HostDied, Platform
from tests.workflows.proofs import (
    TROUBLES,
    Scenario,
    prove_failures_everywhere,
    prove_messages_lost_and_doubled,
    prove_steps_run_twice,
)
from tests.workflows.scenes import change_point, events, job_of, lose, refuse
from tests.workflows.test_guards import ADA, BEN, GUARD, map_

DISKS, POINTS = 20, 10  # of the big vault
ANYBODY = Author(has_full_access=True)
NO_STOP = refuse("stop_protection", PermissionMissing("403", scope=OLD.resource_id, role="Backup Contributor"))
Request = Callable[..., Job]


def old_vault(*, disks: int = 2, points: int = 2, **policy: Any) -> Platform:
    platform = Platform()
    stock(platform.world, disks=disks, points=points, **policy)
    return platform


def names_of(platform: Platform) -> list[str]:
    return sorted(platform.world.azure_backup.instances[OLD.resource_id.lower()])


def ask(platform: Platform, request: Request) -> Job:
    with platform.world.faults.paused():
        return request(platform.world.ports, VAULT, OLD.resource_id, author=ANYBODY)


def moved(platform: Platform, request: Request = request_import) -> Job:
    """The job of a request, once it has ended."""
    job = ask(platform, request)
    platform.run(minutes=5)
    return job_of(platform, job)


def over(*, points: int = 2) -> tuple[Platform, str]:
    """A vault of one disk that came over, and the name of its instance."""
    platform = old_vault(disks=1, points=points)
    moved(platform)
    return platform, names_of(platform)[0]


def states_there(platform: Platform) -> set[str]:
    raws = platform.world.azure_backup.instances[OLD.resource_id.lower()].values()
    return {raw["properties"]["currentProtectionState"] for raw in raws}


def old_snapshots(platform: Platform) -> list[str]:
    return [each for each in platform.world.cloud.snapshot_ids() if "/AzureBackup_" in each]


def step_of(platform: Platform, name: str) -> MoveStep | None:
    origin = platform.instance(name).origin
    return origin.step if origin else None


def assert_is_over(platform: Platform, *, points: int) -> None:
    """All came over, nothing twice, nothing was deleted anywhere."""
    for name in names_of(platform):
        instance = platform.instance(name)
        assert (instance.state, step_of(platform, name)) == (ProtectionState.CONFIGURED, MoveStep.DONE)
        adopted = [point for point in platform.points(name) if point.adopted_from]
        assert len(adopted) == len({point.snapshot_id for point in adopted}) == points
        for point in adopted:
            tags = platform.tags(point.snapshot_id)
            assert tags["CreatedBy"] == "AzureBackup"
            assert tags["diskbackup-point"] == point.point_id
            assert point.state is PointState.COMPLETED
    assert states_there(platform) == {"ProtectionStopped"}
    assert platform.world.azure_backup.deleted == []
    assert platform.world.cloud.removed == []
    scheduled = {row.instance_name for row in platform.agenda(AgendaKind.BACKUP)}
    assert set(names_of(platform)) <= scheduled


# ---------------------------------------------------------------- over


def test_a_vault_comes_over_whole() -> None:
    platform = old_vault(disks=3, points=4)
    job = moved(platform)
    assert (job.status, job.warnings) == (JobStatus.COMPLETED, ())
    assert_is_over(platform, points=4)
    assert [event.content["operation"] for event in events(platform, "Import.Completed")] == ["ImportVault"]


def test_a_point_keeps_the_expiry_that_it_was_promised() -> None:
    platform = old_vault(disks=1, points=1, retention="P3D")
    moved(platform)
    (point,) = platform.points(names_of(platform)[0])
    assert point.expires_at == point.created_at + timedelta(days=30, seconds=20)
    assert (point.tag_name, point.retention, point.policy_name) == ("Default", "P3D", "diskpolicy")
    assert point.disk["properties"]["uniqueId"] == disk_json("old-0")["properties"]["uniqueId"]


def test_records_come_first_then_the_stop_then_the_tags_then_our_schedule() -> None:
    platform = old_vault(disks=1, points=2)
    before = len(platform.world.faults.calls)
    job = request_import(platform.world.ports, VAULT, OLD.resource_id, author=ANYBODY)
    platform.run(minutes=5)
    assert job_of(platform, job).status is JobStatus.COMPLETED
    calls = platform.world.faults.calls[before:]
    stop, tag = calls.index("azure_backup.stop_protection"), calls.index("cloud.tag_snapshot")
    looked = [at for at, call in enumerate(calls) if call == "cloud.find_snapshot"]
    assert max(at for at in looked if at < stop) < stop < tag
    assert calls.count("azure_backup.stop_protection") == 1
    assert calls.count("cloud.tag_snapshot") == 2
    assert "azure_backup.delete_instance" not in calls


def test_what_azure_backs_up_before_it_stops_comes_over_too() -> None:
    platform = old_vault(disks=1, points=1)
    ask(platform, request_import)
    platform.run(seconds=5)  # its points are recorded, and the stop is under way
    (name,) = names_of(platform)
    assert [len(platform.points(name)), platform.instance(name).state] == [1, ProtectionState.STOPPED]
    raw = platform.world.azure_backup.instances[OLD.resource_id.lower()][name]
    back_up(platform.world, raw["id"], Disk(raw=disk_json("old-0")), at=platform.world.clock.now())
    platform.run(minutes=5)
    assert_is_over(platform, points=2)


def test_until_it_has_stopped_there_nothing_is_deleted_or_scheduled_here() -> None:
    platform = old_vault(disks=1, points=2, retention="PT2H")
    platform.world.azure_backup.change_time = timedelta(hours=2)
    ask(platform, request_import)
    platform.run(minutes=90)
    (name,) = names_of(platform)
    assert (platform.instance(name).state, step_of(platform, name)) == (ProtectionState.STOPPED, MoveStep.RECORDING)
    assert platform.world.cloud.removed == []
    assert platform.agenda(AgendaKind.BACKUP) == []
    assert all("diskbackup-owner" not in platform.tags(each) for each in old_snapshots(platform))
    assert events(platform, "Snapshot.TagsChanged") == []


def test_what_comes_over_can_be_restored_and_expires_in_its_time() -> None:
    platform, name = over(points=2)
    _, oldest = platform.points(name)
    wanted = RestoreRequest(point_id=oldest.point_id, target_disk_id=disk_id("restored", TARGET_GROUP))
    request_restore(platform.world.ports, VAULT, name, wanted)
    platform.run(minutes=2)
    assert platform.world.cloud.made_disks == [wanted.target_disk_id]
    platform.world.clock.set(oldest.expires_at - timedelta(minutes=30))
    platform.run(minutes=20)
    assert platform.world.cloud.removed == []
    platform.run(minutes=20)
    assert platform.world.cloud.removed == [oldest.snapshot_id]


def test_a_snapshot_under_an_adopted_points_name_that_is_another_is_not_deleted_and_not_restored() -> None:
    platform, name = over(points=2)
    _, oldest = platform.points(name)
    tags = platform.tags(oldest.snapshot_id)
    platform.world.cloud.add_snapshot(
        oldest.snapshot_id, source=Disk(raw=disk_json("old-0")), tags=tags, at=oldest.created_at
    )
    platform.world.clock.set(oldest.expires_at + HOUR)
    platform.run(minutes=30)
    assert oldest.snapshot_id not in platform.world.cloud.removed
    assert oldest.snapshot_id in platform.world.cloud.snapshot_ids()


@pytest.mark.parametrize("lost", ["uniqueId", "diskbackup-owner"])
def test_without_its_unique_id_or_our_tag_an_adopted_snapshot_is_not_deleted(lost: str) -> None:
    platform, name = over(points=2)
    _, oldest = platform.points(name)
    raw = platform.world.cloud._snapshots[oldest.snapshot_id.lower()].raw
    raw["properties"].pop(lost, None)
    raw["tags"].pop(lost, None)
    platform.world.clock.set(oldest.expires_at + HOUR)
    platform.run(minutes=30)
    assert oldest.snapshot_id not in platform.world.cloud.removed
    assert events(platform, "RecoveryPoint.ExpiryBlocked")


def test_policies_come_over_unchanged_also_those_that_nothing_uses() -> None:
    platform = old_vault(disks=1, points=1, tags={"Daily": ("FirstOfDay", "P12D")})
    (raw,) = platform.world.azure_backup.policies[OLD.resource_id.lower()].values()
    unused = {**raw, "id": raw["id"].replace("diskpolicy", "unused"), "name": "unused"}
    platform.world.azure_backup.add(unused)
    moved(platform)
    instance = platform.instance(names_of(platform)[0])
    assert instance.policy.properties == raw["properties"]
    assert platform.world.store.get(BackupPolicy, VAULT, "unused") is not None


def test_what_cannot_come_over_is_a_warning_and_stops_nothing_else() -> None:
    platform = old_vault(disks=2, points=1)
    first, second = names_of(platform)
    platform.world.azure_backup.instances[OLD.resource_id.lower()][first]["properties"]["currentProtectionState"] = "?"
    job = moved(platform)
    assert job.status is JobStatus.COMPLETED_WITH_WARNINGS
    (warning,) = job.warnings
    assert (warning.code, str(warning.target).rpartition("/")[2]) == ("UserErrorImportNotSettled", first)
    assert not platform.has_instance(first)
    assert step_of(platform, second) is MoveStep.DONE
    assert events(platform, "Import.CompletedWithWarnings")


def test_a_point_that_cannot_come_over_is_a_warning_of_its_instance() -> None:
    platform = old_vault(disks=1, points=3)
    platform.world.cloud.lose_snapshot(old_snapshots(platform)[0])
    job = moved(platform)
    assert [(each.code, each.message[:35]) for each in job.warnings] == [
        ("UserErrorDiskSnapshotNotFound", "1 recovery points do not come over;")
    ]
    assert len(platform.points(names_of(platform)[0])) == 2


def test_a_missing_role_is_told_and_another_try_goes_on_where_it_stands() -> None:
    platform = old_vault(disks=2, points=2)
    platform.world.azure_backup.guard = NO_STOP
    job = moved(platform)
    assert job.status is JobStatus.COMPLETED_WITH_WARNINGS
    assert {each.code for each in job.warnings} == {"UserErrorMissingRequiredPermissions"}
    assert "Backup Contributor" in job.warnings[0].recommended_action
    assert {len(platform.points(name)) for name in names_of(platform)} == {2}
    platform.world.azure_backup.guard = lambda call, target: None
    platform.run(minutes=10)  # it was asked a moment ago
    assert moved(platform).status is JobStatus.COMPLETED
    assert_is_over(platform, points=2)


@pytest.mark.parametrize("state", ["ProtectionStopped", "BackupsSuspended"])
def test_what_was_not_protected_there_is_not_protected_here(state: str) -> None:
    platform = old_vault(disks=1, points=1)
    (name,) = names_of(platform)
    platform.world.azure_backup.instances[OLD.resource_id.lower()][name]["properties"]["currentProtectionState"] = state
    assert moved(platform).status is JobStatus.COMPLETED
    assert (platform.instance(name).state, step_of(platform, name)) == (ProtectionState.STOPPED, MoveStep.DONE)
    assert len(platform.points(name)) == 1
    assert states_there(platform) == {"ProtectionStopped"}


def test_of_a_disk_that_is_gone_the_points_come_over_and_can_be_restored() -> None:
    platform = old_vault(disks=1, points=1)
    platform.world.cloud.remove_disk(disk_id("old-0"))
    assert moved(platform).status is JobStatus.COMPLETED
    (name,) = names_of(platform)
    assert platform.instance(name).state is ProtectionState.STOPPED
    wanted = RestoreRequest(point_id=None, target_disk_id=disk_id("restored", TARGET_GROUP))
    request_restore(platform.world.ports, VAULT, name, wanted)
    platform.run(minutes=2)
    assert platform.world.cloud.made_disks == [wanted.target_disk_id]


def test_a_second_import_changes_nothing_and_reads_no_point_again() -> None:
    platform = old_vault(disks=2, points=3)
    moved(platform)
    before = len(platform.world.faults.calls)
    job = request_import(platform.world.ports, VAULT, OLD.resource_id, author=ANYBODY)
    platform.run(seconds=20)
    assert job_of(platform, job).status is JobStatus.COMPLETED
    calls = platform.world.faults.calls[before:]
    assert "azure_backup.find_point" not in calls
    assert_is_over(platform, points=3)


def test_what_is_stopped_here_by_hand_stays_so() -> None:
    platform, name = over(points=1)
    stop_protection(platform.world.ports, VAULT, name)
    moved(platform)
    assert platform.instance(name).state is ProtectionState.STOPPED


def test_one_such_job_at_a_time() -> None:
    platform = old_vault()
    first = ask(platform, request_import)
    for request in (request_import, request_undo, request_finish):
        with pytest.raises(OperationUnderWay, match=first.job_id):
            ask(platform, request)
    platform.run(minutes=5)
    assert moved(platform, request_import).status is JobStatus.COMPLETED


def test_what_whoever_asks_may_not_reach_stays_where_it_is() -> None:
    platform = old_vault(disks=2, points=1)
    platform.world.scopes = (AccessScope(path=disk_id("old-1"), object_ids=frozenset({"somebody-else"})),)
    job = request_import(platform.world.ports, VAULT, OLD.resource_id, author=Author(object_id="me"))
    platform.run(minutes=5)
    assert job_of(platform, job).status is JobStatus.COMPLETED
    first, second = names_of(platform)
    assert (platform.has_instance(first), platform.has_instance(second)) == (True, False)
    assert states_there(platform) == {"ProtectionStopped", "ProtectionConfigured"}


@pytest.mark.parametrize("request_", [request_undo, request_finish])
def test_what_whoever_asks_may_not_reach_neither_goes_back_nor_is_finished_with(request_: Request) -> None:
    platform = _run_out() if request_ is request_finish else over()[0]
    (name,) = names_of(platform)
    platform.world.scopes = (AccessScope(path=disk_id("old-0"), object_ids=frozenset({"somebody-else"})),)
    step = step_of(platform, name)
    job = request_(platform.world.ports, VAULT, OLD.resource_id, author=Author(object_id="me"))
    platform.run(minutes=5)
    assert job_of(platform, job).status is JobStatus.COMPLETED
    assert (step_of(platform, name), platform.world.azure_backup.deleted) == (step, [])


def test_a_long_import_may_meet_any_number_of_passing_troubles() -> None:
    platform = old_vault(disks=8, points=2)
    fails = iter(range(1000))

    def guard(call: str, target: str) -> None:
        if call == "find_point" and next(fails) % 3 == 0:
            raise CloudUnavailable("503")

    platform.world.azure_backup.guard = guard
    job = ask(platform, request_import)
    platform.run(minutes=30)
    assert job_of(platform, job).status is JobStatus.COMPLETED
    assert_is_over(platform, points=2)


def test_a_vault_that_azure_never_lets_us_read_fails_the_job() -> None:
    platform = old_vault()
    job = ask(platform, request_import)
    platform.world.azure_backup.vaults.clear()
    platform.run(minutes=5)
    ended = job_of(platform, job)
    assert ended.status is JobStatus.FAILED
    assert ended.error is not None
    assert events(platform, "Import.Failed")


# ---------------------------------------------------------------- both run for a while


def test_a_point_that_azure_expires_meanwhile_is_expired_elsewhere_and_not_lost() -> None:
    platform = old_vault(disks=1, points=2)
    platform.world.azure_backup.change_time = timedelta(days=40)
    ask(platform, request_import)
    platform.run(minutes=1)
    (name,) = names_of(platform)
    newest, oldest = platform.points(name)
    platform.world.clock.set(oldest.expires_at + timedelta(minutes=1))
    platform.world.cloud.lose_snapshot(oldest.snapshot_id)
    report = reconcile(platform.world.ports)
    assert (report.expired_elsewhere, report.lost_points) == ([oldest.point_id], [])
    assert [each.point_id for each in platform.points(name)] == [newest.point_id]
    assert events(platform, "RecoveryPoint.Expired")
    assert events(platform, "RecoveryPoint.Lost") == []


def test_a_point_that_goes_before_its_time_is_lost_wherever_it_came_from() -> None:
    platform, name = over(points=2)
    _, oldest = platform.points(name)
    lose(platform, oldest)
    report = reconcile(platform.world.ports)
    assert (report.expired_elsewhere, report.lost_points) == ([], [oldest.point_id])


# ---------------------------------------------------------------- tables that were lost


def test_without_records_an_adopted_snapshot_is_nobodys_until_it_is_imported_again() -> None:
    platform, name = over(points=2)
    adopted = old_snapshots(platform)
    platform.world.store.forget_everything()
    put_vault(platform.world.ports, vault())
    report = rebuild_catalogue(platform.world.ports, [SNAPSHOT_GROUP])
    assert report.adopted_points == []
    assert sorted(report.foreign) == sorted(adopted)
    reconcile(platform.world.ports)
    assert platform.world.cloud.removed == []
    platform.run(minutes=1)
    assert moved(platform).warnings == ()
    assert len(platform.points(name)) == 2
    assert {platform.tags(each)["diskbackup-instance"] for each in adopted} == {name}


# ---------------------------------------------------------------- back


def assert_is_back(platform: Platform) -> None:
    assert states_there(platform) == {"ProtectionConfigured"}
    for snapshot in old_snapshots(platform):
        assert platform.tags(snapshot) == {"CreatedBy": "AzureBackup"}
    assert platform.world.azure_backup.deleted == []
    assert platform.world.cloud.removed == []


def test_an_import_can_be_undone() -> None:
    platform = old_vault(disks=2, points=2)
    moved(platform)
    snapshots = old_snapshots(platform)
    job = moved(platform, request_undo)
    assert (job.status, job.warnings) == (JobStatus.COMPLETED, ())
    assert_is_back(platform)
    assert old_snapshots(platform) == snapshots
    assert not any(platform.has_instance(name) for name in names_of(platform))
    assert events(platform, "Import.Undone")
    platform.run(minutes=5)
    assert reconcile(platform.world.ports).foreign == []
    moved(platform)
    assert_is_over(platform, points=2)


def test_what_was_backed_up_here_since_stays_here() -> None:
    platform, name = over(points=1)
    platform.run(hours=4)
    own = [each for each in platform.points(name) if not each.adopted_from]
    assert own
    moved(platform, request_undo)
    assert platform.points(name) == own
    instance = platform.instance(name)
    assert (instance.state, instance.origin) == (ProtectionState.STOPPED, None)
    assert states_there(platform) == {"ProtectionConfigured"}


def test_an_import_that_has_not_ended_well_can_be_undone() -> None:
    platform = old_vault(disks=1, points=2)
    platform.world.azure_backup.guard = NO_STOP
    moved(platform)
    assert moved(platform, request_undo).status is JobStatus.COMPLETED
    assert_is_back(platform)
    assert not platform.has_instance(names_of(platform)[0])


@pytest.mark.parametrize("kept", ["held", "immutable"])
def test_what_is_held_or_promised_to_stay_does_not_go_back(kept: str) -> None:
    platform, name = over(points=1)
    if kept == "held":
        change_point(platform, platform.points(name)[0].point_id, name, holds=(hold(),))
    else:
        put_vault(platform.world.ports, vault(properties=vault_properties(immutability="Unlocked")))
    job = moved(platform, request_undo)
    assert [each.code for each in job.warnings] == ["UserErrorImportNotSettled"]
    assert step_of(platform, name) is MoveStep.DONE
    assert platform.instance(name).state is ProtectionState.CONFIGURED


def test_in_a_guarded_vault_nobody_takes_an_instance_back_alone() -> None:
    platform, name = over()
    ports = platform.world.ports
    put_guard(ports, GUARD, [], BEN)
    map_(ports)
    ada = Author(object_id=ADA)
    job = request_undo(ports, VAULT, OLD.resource_id, author=ada)
    platform.run(minutes=5)
    assert [each.code for each in job_of(platform, job).warnings] == [GuardLocked.code]
    assert (step_of(platform, name), platform.instance(name).state) == (MoveStep.DONE, ProtectionState.CONFIGURED)
    unlock(ports, VAULT, [(Critical.STOP, f"{VAULT.resource_id}/backupInstances/{name}")], BEN)
    job = request_undo(ports, VAULT, OLD.resource_id, author=ada)
    platform.run(minutes=5)
    assert job_of(platform, job).warnings == ()
    assert_is_back(platform)


# ---------------------------------------------------------------- done with


def expired(platform: Platform) -> None:
    """All that came over has expired, and newer points of our own are there."""
    platform.world.clock.advance(days=31)
    platform.run(hours=5)


def test_the_old_instance_goes_only_when_none_of_its_snapshots_is_left() -> None:
    platform, name = over(points=2)
    job = moved(platform, request_finish)
    assert [each.code for each in job.warnings] == ["UserErrorImportStillNeeded"]
    assert platform.world.azure_backup.deleted == []
    expired(platform)
    assert old_snapshots(platform) == []
    before = set(platform.world.cloud.snapshot_ids())
    assert platform.world.azure_backup.deleted == []
    assert moved(platform, request_finish).status is JobStatus.COMPLETED
    assert len(platform.world.azure_backup.deleted) == 1
    assert names_of(platform) == []
    assert platform.instance(name).origin is None
    assert before <= set(platform.world.cloud.snapshot_ids())
    assert events(platform, "Import.Finished")
    assert moved(platform, request_undo).status is JobStatus.COMPLETED
    assert platform.instance(name).state is ProtectionState.CONFIGURED


def test_a_snapshot_that_never_came_over_keeps_the_old_instance() -> None:
    platform = old_vault(disks=1, points=2)
    (name,) = names_of(platform)
    points = platform.world.azure_backup.points[f"{OLD.resource_id}/backupInstances/{name}".lower()]
    next(iter(points.values()))["properties"]["recoveryPointState"] = "Partial"
    moved(platform)
    expired(platform)
    assert len(old_snapshots(platform)) == 1
    job = moved(platform, request_finish)
    assert [each.code for each in job.warnings] == ["UserErrorImportStillNeeded"]
    assert platform.world.azure_backup.deleted == []


def test_what_has_not_come_over_is_not_finished_with() -> None:
    platform = old_vault(disks=1, points=1)
    platform.world.azure_backup.guard = NO_STOP
    moved(platform)
    expired(platform)
    job = moved(platform, request_finish)
    assert [each.code for each in job.warnings] == ["BadRequest"]
    assert platform.world.azure_backup.deleted == []


# ---------------------------------------------------------------- proofs


def in_the_end(platform: Platform, request: Callable[[], Job]) -> None:
    """Whoever asked asks again until it is done: an operator's way out of every trouble."""
    for _ in range(3):
        try:
            job = request()
        except OperationUnderWay:
            platform.run(minutes=15)
            continue
        platform.run(minutes=15)
        assert job_of(platform, job).status is JobStatus.COMPLETED, job_of(platform, job)
        return
    raise AssertionError("a job that never ends")


def _asked(request: Request) -> Callable[[Platform], None]:
    def act(platform: Platform) -> None:
        platform.ask(lambda: request(platform.world.ports, VAULT, OLD.resource_id, author=ANYBODY))
        platform.run(minutes=3)

    return act


def _is_over(platform: Platform) -> None:
    in_the_end(platform, lambda: ask(platform, request_import))
    assert_is_over(platform, points=2)


def _is_back(platform: Platform) -> None:
    in_the_end(platform, lambda: ask(platform, request_undo))
    assert_is_back(platform)
    assert not platform.has_instance(names_of(platform)[0])


def _is_finished(platform: Platform) -> None:
    in_the_end(platform, lambda: ask(platform, request_finish))
    assert names_of(platform) == []
    assert platform.world.cloud.removed == []


def _run_out() -> Platform:
    """What came over is gone, by hand and in its time; nothing of our own is there."""
    platform, name = over()
    stop_protection(platform.world.ports, VAULT, name)
    platform.world.clock.advance(days=31)
    for snapshot in old_snapshots(platform):
        platform.world.cloud.lose_snapshot(snapshot)
    reconcile(platform.world.ports)
    assert platform.points(name) == []
    return platform


SCENARIOS = {
    "import": Scenario(prepare=lambda: old_vault(disks=1, points=2), act=_asked(request_import), check=_is_over),
    "undo": Scenario(prepare=lambda: over()[0], act=_asked(request_undo), check=_is_back),
    "finish": Scenario(prepare=_run_out, act=_asked(request_finish), check=_is_finished),
}
each_scenario = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())


@each_scenario
def test_every_step_may_run_twice(scenario: Scenario) -> None:
    prove_steps_run_twice(scenario)


@each_scenario
@pytest.mark.parametrize("trouble", TROUBLES)
def test_whatever_fails_wherever_the_end_is_the_same(scenario: Scenario, trouble: str) -> None:
    assert prove_failures_everywhere(scenario, trouble) >= (1 if trouble == "death before" else 10)


@each_scenario
def test_a_message_may_be_lost_or_doubled(scenario: Scenario) -> None:
    assert prove_messages_lost_and_doubled(scenario) > 2


# ---------------------------------------------------------------- big, and killed all the time


class Killing:
    """Azure, to which every request that is made kills its host once: every other time when it has had its effect."""

    def __init__(self, azure: Any, killed: set[tuple[Any, ...]]) -> None:
        self._azure = azure
        self._killed = killed

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._azure, name)
        if name == "acting_as":
            return lambda identity: Killing(method(identity), self._killed)
        if name in ("holds", "news", "identity") or not callable(method):
            return method

        def call(*args: Any, **named: Any) -> Any:
            key = (name, *map(str, args), *sorted(named))
            if key in self._killed:
                return method(*args, **named)
            self._killed.add(key)
            if len(self._killed) % 2:
                method(*args, **named)
            raise HostDied(name)

        return call


def killed_at_every_request(platform: Platform, request: Callable[[Platform], Job], *, rounds: int = 2000) -> int:
    """The job of a request ends although each call to Azure killed its host once; and how many did."""
    killed: set[tuple[Any, ...]] = set()
    azure, old = Killing(platform.world.cloud, killed), Killing(platform.world.azure_backup, killed)
    ports = replace(platform.world.ports, cloud=cast("Any", azure), azure_backup=cast("Any", old))
    job = request(platform)
    for _ in range(rounds):
        if job_of(platform, job).is_ended:
            assert job_of(platform, job).status is JobStatus.COMPLETED
            return len(killed)
        for envelope in platform.world.queue.due():
            with suppress(HostDied):
                run(ports, envelope.text)
                platform.world.queue.delete(envelope)
        if not platform.world.queue.due():
            platform.world.clock.advance(seconds=30)
    raise AssertionError(f"it never ends: {job_of(platform, job)}")


def test_a_big_vault_comes_over_whole_though_every_request_kills_its_host_once() -> None:
    platform = old_vault(disks=DISKS, points=POINTS)
    killed = killed_at_every_request(platform, lambda platform: ask(platform, request_import), rounds=3000)
    assert killed > 3 * DISKS * POINTS
    platform.run(minutes=2)
    assert_is_over(platform, points=POINTS)
    assert len({point.snapshot_id for name in names_of(platform) for point in platform.points(name)}) == DISKS * POINTS

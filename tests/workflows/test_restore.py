"""From a recovery point to a new disk: as the source was, never over another disk, and told whatever comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from backup_core.domain.errors import (
    BackupError,
    CloudUnavailable,
    InvalidInput,
    NotFound,
    PermissionMissing,
    ResourceInUse,
    Throttled,
)
from backup_core.domain.instance import ProtectionState
from backup_core.domain.job import Job, JobOperation, JobStatus
from backup_core.domain.messages import ObserveRestore, StartRestore
from backup_core.domain.recovery_point import PointState
from backup_core.domain.restore import RESTORE_JOB_TAG, RESTORED_FROM_TAG, RestoreRequest
from backup_core.workflows.restore import observe_restore, request_restore, start_restore
from backup_core.workflows.turns import MAX_ATTEMPTS
from tests.builders import DISK_GROUP, TARGET_GROUP, VAULT, disk_id, disk_json
from tests.workflows.platform import Platform
from tests.workflows.scenes import (
    DAILY_AT_NOON,
    HOUR,
    SLOT,
    add_point,
    backed_up,
    change_instance,
    change_point,
    events,
    jobs,
    other_group,
    protected,
    refuse,
    sent,
)

TARGET = disk_id("restored", TARGET_GROUP)


def ask(platform: Platform, **changes: Any) -> Job:
    values: dict[str, Any] = {"point_id": None, "target_disk_id": TARGET}
    return request_restore(platform.world.ports, VAULT, "disk-1", RestoreRequest(**(values | changes)))


def restored(platform: Platform, **changes: Any) -> Mapping[str, Any]:
    """Restore, and answer the new disk's description."""
    ask(platform, **changes)
    platform.run(seconds=40)
    return disk_at(platform, changes.get("target_disk_id", TARGET))


def disk_at(platform: Platform, target: str) -> Mapping[str, Any]:
    with platform.world.faults.paused():
        return platform.world.cloud.get_disk(target).raw


def only_job(platform: Platform) -> Job:
    (job,) = jobs(platform, JobOperation.RESTORE)
    return job


def assert_failed(platform: Platform, code: str) -> None:
    job = only_job(platform)
    assert job.error is not None
    assert (job.status, job.error.code) == (JobStatus.FAILED, code)
    assert job.error.recommended_action
    assert len(events(platform, "Restore.Failed")) == 1
    assert all(point.restoring == () for point in platform.points()), "the point must not be held for ever"


def assert_nothing_was_begun(platform: Platform) -> None:
    assert jobs(platform, JobOperation.RESTORE) == []
    assert sent(platform, StartRestore) == []
    assert all(point.restoring == () for point in platform.points())


RICH = disk_json(
    "disk-1",
    zones=("3",),
    size_gb=1024,
    tags={"cost": "42"},
    tier="P40",
    burstingEnabled=True,
    maxShares=2,
    networkAccessPolicy="AllowPrivate",
    publicNetworkAccess="Disabled",
    diskAccessId="/subscriptions/x/resourceGroups/g/providers/Microsoft.Compute/diskAccesses/a",
    osType="Linux",
    hyperVGeneration="V2",
    purchasePlan={"name": "plan", "publisher": "someone", "product": "thing"},
    supportedCapabilities={"architecture": "Arm64"},
    encryption={
        "type": "EncryptionAtRestWithCustomerKey",
        "diskEncryptionSetId": f"{DISK_GROUP.text}/providers/Microsoft.Compute/diskEncryptionSets/k",
    },
    securityProfile={"securityType": "TrustedLaunch"},
)


# --- What the new disk is like ---


def test_the_new_disk_is_as_the_source_was_when_it_was_backed_up() -> None:
    platform = backed_up(disk=RICH)
    platform.world.cloud.add_disk(disk_json("disk-1", sku="Standard_LRS", tags={"cost": "0"}))  # changed since
    disk = restored(platform)
    assert (disk["sku"]["name"], disk["zones"], disk["location"]) == ("Premium_LRS", ["3"], "westeurope")
    assert disk["tags"]["cost"] == "42"
    carried = (
        "tier",
        "burstingEnabled",
        "maxShares",
        "networkAccessPolicy",
        "publicNetworkAccess",
        "diskAccessId",
        "osType",
        "hyperVGeneration",
        "purchasePlan",
        "supportedCapabilities",
        "securityProfile",
        "encryption",
        "diskSizeGB",
    )
    source = RICH["properties"]
    assert {name: disk["properties"][name] for name in carried} == {name: source[name] for name in carried}


def test_provisioned_performance_comes_back_with_an_ultra_disk() -> None:
    ultra = disk_json("disk-1", sku="UltraSSD_LRS", zones=("1",), diskIOPSReadWrite=9000, diskMBpsReadWrite=400)
    platform = protected(disk=ultra, **DAILY_AT_NOON)
    platform.run(minutes=16)
    own = restored(platform)["properties"]
    assert (own["diskIOPSReadWrite"], own["diskMBpsReadWrite"]) == (9000, 400)


def test_another_kind_zone_and_size_can_be_asked_for() -> None:
    platform = backed_up(disk=RICH)
    disk = restored(platform, sku="StandardSSD_LRS", zones=("1",), size_gb=2048, tags={"why": "test"})
    assert (disk["sku"]["name"], disk["zones"], disk["properties"]["diskSizeGB"]) == ("StandardSSD_LRS", ["1"], 2048)
    assert disk["tags"]["why"] == "test"
    assert "tier" not in disk["properties"]
    assert "burstingEnabled" not in disk["properties"]


@pytest.mark.parametrize(
    "kind", ["TrustedLaunch", "ConfidentialVM_DiskEncryptedWithPlatformKey", "ConfidentialVM_NonPersistedTPM"]
)
def test_an_os_disk_keeps_its_security_type_by_its_snapshot(kind: str) -> None:
    platform = backed_up(disk=disk_json("disk-1", osType="Linux", securityProfile={"securityType": kind}))
    assert restored(platform)["properties"]["securityProfile"] == {"securityType": kind}
    assert only_job(platform).status is JobStatus.COMPLETED


def test_a_larger_disk_than_its_tier_is_for_has_the_tier_of_its_size() -> None:
    platform = backed_up(disk=disk_json("disk-1", size_gb=128, tier="P10"))
    assert "tier" not in restored(platform, size_gb=256)["properties"]


@pytest.mark.parametrize("count", [49, 50])
def test_a_disk_with_as_many_tags_as_azure_allows_is_restored_and_the_job_names_those_left_behind(count: int) -> None:
    tags = {f"tag-{number:02}": "" for number in range(count)}
    platform = backed_up(disk=disk_json("disk-1", tags=tags))
    assert len(restored(platform)["tags"]) == 50
    job = only_job(platform)
    assert job.status is JobStatus.COMPLETED_WITH_WARNINGS
    (warning,) = job.warnings
    assert (warning.code, warning.target) == ("RestoredDiskDiffers", TARGET)
    assert f"'tag-{count - 1}'" in warning.message
    assert len(events(platform, "Restore.Completed")) == 1


def test_performance_plus_that_another_kind_cannot_have_is_named_by_the_job() -> None:
    plus = disk_json("disk-1", size_gb=1_024, creationData={"createOption": "Empty", "performancePlus": True})
    platform = backed_up(disk=plus)
    assert restored(platform)["properties"]["creationData"]["performancePlus"] is True
    restored(platform, sku="UltraSSD_LRS", zones=("1",), target_disk_id=disk_id("second", TARGET_GROUP))
    (warned,) = [job for job in jobs(platform, JobOperation.RESTORE) if job.warnings]
    assert "performance plus" in warned.warnings[0].message


def test_no_zone_can_be_asked_for() -> None:
    platform = backed_up(disk=RICH)
    assert "zones" not in restored(platform, zones=())


def test_its_tags_say_what_it_was_restored_from() -> None:
    platform = backed_up()
    disk = restored(platform)
    (point,) = platform.points()
    assert disk["tags"][RESTORED_FROM_TAG] == point.snapshot_id
    assert disk["tags"][RESTORE_JOB_TAG] == only_job(platform).job_id
    source = {key: disk["properties"]["creationData"][key] for key in ("createOption", "sourceResourceId")}
    assert source == {"createOption": "Copy", "sourceResourceId": point.snapshot_id}


def test_any_point_can_be_chosen_and_the_newest_is_the_default() -> None:
    platform = backed_up()
    old = add_point(platform, SLOT - HOUR)
    disk = restored(platform, point_id=old.point_id)
    assert disk["tags"][RESTORED_FROM_TAG] == old.snapshot_id
    newest = restored(platform, target_disk_id=disk_id("second", TARGET_GROUP))
    assert newest["tags"][RESTORED_FROM_TAG] != old.snapshot_id


def test_a_target_in_another_subscription_goes_through() -> None:
    platform = backed_up()
    group = other_group()
    platform.world.cloud.add_group(group)
    target = disk_id("restored", group)
    assert restored(platform, target_disk_id=target)["id"] == target
    assert only_job(platform).target_disk_id == target


def test_a_restore_leaves_a_completed_job_an_event_and_a_free_point() -> None:
    platform = backed_up()
    asked = ask(platform)
    assert (asked.status, asked.user_triggered, asked.target_disk_id) == (JobStatus.QUEUED, True, TARGET)
    assert platform.points()[0].restoring == (asked.job_id,)
    platform.run(seconds=40)
    job = only_job(platform)
    assert (job.status, job.retry_count, job.subtasks[0].progress_percent) == (JobStatus.COMPLETED, 0, 100)
    assert platform.points()[0].restoring == ()
    assert len(events(platform, "Restore.Completed")) == 1
    assert platform.world.queue.waiting() == []


def test_a_stopped_disk_can_be_restored() -> None:
    platform = backed_up()
    change_instance(platform, state=ProtectionState.STOPPED)
    assert restored(platform)["id"] == TARGET


def test_a_disk_that_is_deleted_at_the_source_can_be_restored_under_its_name() -> None:
    platform = backed_up()
    platform.world.cloud.remove_disk(disk_id("disk-1"))
    assert restored(platform, target_disk_id=disk_id("disk-1"))["id"] == disk_id("disk-1")


# --- Refused at the door ---


@pytest.mark.parametrize(
    ("wish", "target"),
    [
        ({"size_gb": 64}, "restoreTargetInfo.targetDisk.sizeGB"),
        ({"sku": "Golden_LRS"}, "restoreTargetInfo.targetDisk.sku"),
        ({"zones": ("1", "2")}, "restoreTargetInfo.targetDisk.zones"),
        ({"sku": "Premium_ZRS", "zones": ("1",)}, "restoreTargetInfo.targetDisk.zones"),
        ({"size_gb": 40_000}, "restoreTargetInfo.targetDisk.sizeGB"),
        ({"sku": "PremiumV2_LRS"}, "restoreTargetInfo.targetDisk.zones"),
        ({"tags": {"a/b": ""}}, "restoreTargetInfo.targetDisk.tags.a/b"),
        ({"tags": {"q?": ""}}, "restoreTargetInfo.targetDisk.tags.q?"),
        ({"tags": {"env": "", "ENV": ""}}, "restoreTargetInfo.targetDisk.tags.ENV"),
        ({"tags": {RESTORE_JOB_TAG: "mine"}}, f"restoreTargetInfo.targetDisk.tags.{RESTORE_JOB_TAG}"),
        ({"tags": {f"t{n}": "" for n in range(49)}}, "restoreTargetInfo.targetDisk.tags"),
        ({"target_disk_id": disk_id("a.b", TARGET_GROUP)}, "restoreTargetInfo.datasourceInfo.resourceID"),
        ({"location": "northeurope"}, "restoreTargetInfo.restoreLocation"),
        ({"target_disk_id": "restored"}, "restoreTargetInfo.datasourceInfo.resourceID"),
    ],
)
def test_a_wish_that_azure_cannot_grant_is_refused_and_nothing_is_begun(wish: dict[str, Any], target: str) -> None:
    platform = backed_up()
    with pytest.raises(InvalidInput) as refused:
        ask(platform, **wish)
    assert [fault.target for fault in refused.value.faults] == [target]
    assert_nothing_was_begun(platform)


def test_every_fault_of_a_wish_is_named() -> None:
    platform = backed_up()
    with pytest.raises(InvalidInput) as refused:
        ask(platform, size_gb=1, sku="Golden_LRS", location="northeurope")
    assert len(refused.value.faults) == 3


def test_the_same_size_is_no_shrinking() -> None:
    assert restored(backed_up(), size_gb=128)["properties"]["diskSizeGB"] == 128


@pytest.mark.parametrize("state", [PointState.LOST, PointState.EXPIRING])
def test_a_point_that_is_lost_or_on_its_way_out_is_refused(state: PointState) -> None:
    platform = backed_up()
    change_point(platform, platform.points()[0].point_id, state=state)
    with pytest.raises(InvalidInput, match=state.value):
        ask(platform)
    assert_nothing_was_begun(platform)


def test_a_point_or_instance_that_is_not_there_is_not_found() -> None:
    platform = backed_up()
    with pytest.raises(NotFound, match="Recovery point"):
        ask(platform, point_id="0" * 32)
    with pytest.raises(NotFound, match="disk-9"):
        request_restore(platform.world.ports, VAULT, "disk-9", RestoreRequest(point_id=None, target_disk_id=TARGET))
    assert_nothing_was_begun(platform)


def test_a_disk_without_any_point_has_nothing_to_restore() -> None:
    with pytest.raises(NotFound, match="no recovery point"):
        ask(protected())


def test_a_disk_that_is_being_deleted_is_not_restored() -> None:
    platform = backed_up()
    change_instance(platform, state=ProtectionState.DELETING)
    with pytest.raises(ResourceInUse):
        ask(platform)
    assert_nothing_was_begun(platform)


# --- Refused by what is there ---


def test_a_strangers_disk_of_that_name_is_left_untouched() -> None:
    platform = backed_up()
    stranger = disk_json("restored", group=TARGET_GROUP, size_gb=1024, tags={"owner": "someone"})
    platform.world.cloud.add_disk(stranger)
    ask(platform)
    platform.run(seconds=40)
    assert_failed(platform, "UserErrorSameNameDiskAlreadyExists")
    assert platform.world.cloud.made_disks == []
    assert disk_at(platform, TARGET)["tags"] == {"owner": "someone"}
    assert disk_at(platform, TARGET)["properties"]["diskSizeGB"] == 1024


def test_the_disk_of_an_earlier_restore_is_not_taken_for_this_ones() -> None:
    platform = backed_up()
    restored(platform)
    ask(platform)
    platform.run(seconds=40)
    assert [job.status for job in jobs(platform, JobOperation.RESTORE)] == [JobStatus.COMPLETED, JobStatus.FAILED]
    assert platform.world.cloud.made_disks == [TARGET]


def test_a_missing_target_group_fails_the_job() -> None:
    platform = backed_up()
    platform.world.cloud.remove_group(TARGET_GROUP)
    ask(platform)
    platform.run(seconds=40)
    assert_failed(platform, "UserErrorRestoreTargetRGNotFound")


def test_a_snapshot_that_is_gone_fails_the_job() -> None:
    platform = backed_up()
    ask(platform)
    platform.world.cloud.lose_snapshot(platform.points()[0].snapshot_id)
    platform.run(seconds=40)
    assert_failed(platform, "UserErrorDiskSnapshotNotFound")


def test_a_missing_role_at_the_target_fails_the_job_naming_role_and_scope() -> None:
    platform = backed_up()
    error = PermissionMissing("403", scope=TARGET_GROUP.text, role="Disk Restore Operator")
    platform.world.cloud.guard = refuse("start_disk", error)
    ask(platform)
    platform.run(seconds=40)
    assert_failed(platform, "UserErrorMissingRequiredPermissions")
    assert "Disk Restore Operator" in str(events(platform, "Restore.Failed")[0].content["error"])


def test_an_operation_that_fails_late_fails_the_job_with_azures_code() -> None:
    platform = backed_up()
    platform.world.cloud.fail_late("SkuNotAvailable", "No room in zone 1.")
    ask(platform)
    platform.run(seconds=40)
    assert_failed(platform, "SkuNotAvailable")
    error = only_job(platform).error
    assert error is not None
    assert "No room in zone 1." in error.message
    assert "half made" in error.message


def test_a_late_failure_that_azure_forgot_is_seen_at_the_disk() -> None:
    platform = backed_up()
    platform.world.cloud.fail_late()
    ask(platform)
    platform.run(seconds=2)
    platform.world.cloud.forget_operations()
    platform.run(seconds=40)
    assert_failed(platform, "OperationFailed")


def test_a_disk_that_vanishes_while_it_is_made_fails_the_job() -> None:
    platform = backed_up()
    ask(platform)
    platform.run(seconds=2)
    platform.world.cloud.remove_disk(TARGET)
    platform.run(minutes=2)
    assert_failed(platform, "OperationFailed")


# --- Waiting, twice, late ---


def test_a_disk_that_still_fills_in_the_background_is_watched_until_it_is_full() -> None:
    platform = backed_up()
    ask(platform, sku="PremiumV2_LRS", zones=("1",))
    platform.run(seconds=1)
    made = platform.world.cloud._disks[TARGET.lower()]
    made.copied_at = made.created_at + timedelta(minutes=30)
    platform.run(minutes=20)
    job = only_job(platform)
    assert job.status is JobStatus.IN_PROGRESS
    assert 30 < (job.subtasks[0].progress_percent or 0) < 100
    assert platform.points()[0].restoring == (job.job_id,)
    platform.run(minutes=16)
    assert only_job(platform).status is JobStatus.COMPLETED
    assert len(sent(platform, StartRestore)) == 1, "waiting by plan is no stall"


@pytest.mark.parametrize("call", ["cloud.find_disk", "cloud.start_disk", "cloud.get_operation"])
def test_a_long_throttled_restore_stays_one_chain_of_messages_and_counts_no_retry(call: str) -> None:
    platform = backed_up()
    platform.world.faults.fail(call, Throttled("later", retry_after_seconds=100), times=8)
    ask(platform)
    platform.run(minutes=20)
    assert (only_job(platform).status, only_job(platform).retry_count) == (JobStatus.COMPLETED, 0)
    assert len(sent(platform, StartRestore)) + len(sent(platform, ObserveRestore)) <= 8 + 3
    assert platform.world.cloud.made_disks == [TARGET]


def test_faults_that_pass_are_retries() -> None:
    platform = backed_up()
    platform.world.faults.fail("cloud.start_disk", CloudUnavailable("503"), times=2)
    ask(platform)
    platform.run(minutes=1)
    assert (only_job(platform).status, only_job(platform).retry_count) == (JobStatus.COMPLETED, 2)


def test_faults_that_do_not_pass_fail_the_job() -> None:
    platform = backed_up()
    platform.world.faults.fail("cloud.start_disk", CloudUnavailable("503"), times=MAX_ATTEMPTS + 1)
    ask(platform)
    platform.run(minutes=40)
    assert_failed(platform, "CloudInternalError")


@pytest.mark.parametrize("error", [CloudUnavailable("the answer got lost"), Throttled("b", retry_after_seconds=1)])
def test_an_answer_that_got_lost_makes_no_second_disk(error: BackupError) -> None:
    platform = backed_up()
    platform.world.faults.fail("cloud.start_disk", error, after=True)
    assert restored(platform)["id"] == TARGET
    assert platform.world.cloud.made_disks == [TARGET]


def test_every_step_twice_makes_one_disk() -> None:
    platform = backed_up()
    platform.twice = True
    restored(platform)
    assert platform.world.cloud.made_disks == [TARGET]
    assert len(events(platform, "Restore.Completed")) == 1


def test_steps_that_arrive_after_the_end_only_tell_again() -> None:
    platform = backed_up()
    restored(platform)
    platform.world.cloud.remove_disk(TARGET)
    before, told = platform.jobs(), len(platform.world.events.distinct)
    start_restore(platform.world.ports, sent(platform, StartRestore)[0])
    observe_restore(platform.world.ports, sent(platform, ObserveRestore)[0])
    platform.run(seconds=20)
    assert platform.jobs() == before
    assert len(platform.world.events.distinct) == told
    assert platform.world.cloud.made_disks == [TARGET]


def test_a_restore_of_a_job_nobody_knows_does_nothing() -> None:
    platform = backed_up()
    calls = platform.world.faults.count("cloud.")
    stranger = StartRestore(vault=VAULT, instance_name="disk-1", job_id="00000000-0000-4000-8000-000000000000")
    start_restore(platform.world.ports, stranger)
    assert platform.world.faults.count("cloud.") == calls


def test_two_restores_of_one_point_both_hold_it_until_each_has_ended() -> None:
    platform = backed_up()
    first = ask(platform)
    platform.world.clock.advance(seconds=1)
    platform.world.cloud.disk_time = timedelta(minutes=2)
    second = ask(platform, target_disk_id=disk_id("second", TARGET_GROUP))
    assert platform.points()[0].restoring == (first.job_id, second.job_id)
    platform.run(minutes=6)
    assert platform.points()[0].restoring == ()
    assert len(platform.world.cloud.made_disks) == 2


# --- A role that restores lack ---


def open_causes(platform: Platform) -> list[str]:
    return [opened.cause for opened in platform.instance().alerts]


def test_a_restore_that_succeeds_ends_the_alert_of_one_that_lacked_a_role() -> None:
    platform = backed_up()
    error = PermissionMissing("403", scope=TARGET_GROUP.text, role="Disk Restore Operator")
    platform.world.cloud.guard = refuse("start_disk", error)
    ask(platform)
    platform.run(seconds=40)
    assert open_causes(platform) == [f"RestorePermissionLost.DiskRestoreOperator@{TARGET_GROUP.key}"]
    platform.world.cloud.guard = lambda call, target: None
    ask(platform)
    platform.run(minutes=1)
    assert open_causes(platform) == []
    assert "DiskBackup.Permission.Regained" in platform.world.events.types()


def test_a_backup_that_succeeds_does_not_end_the_alert_of_a_restore_that_lacks_a_role() -> None:
    platform = backed_up()
    error = PermissionMissing("403", scope=TARGET_GROUP.text, role="Disk Restore Operator")
    platform.world.cloud.guard = refuse("start_disk", error)
    ask(platform)
    platform.run(hours=4, minutes=2)
    assert len(platform.points()) > 1
    assert "DiskBackup.Permission.Regained" not in platform.world.events.types()
    assert len(open_causes(platform)) == 1

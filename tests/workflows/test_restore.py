"""From a recovery point to a new disk: as the source was, never over another disk, and told whatever comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from backup_core.domain.errors import (
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
from backup_core.domain.restore import RESTORE_JOB_TAG, RESTORED_FROM_TAG
from backup_core.workflows.restore import observe_restore, start_restore
from backup_core.workflows.turns import MAX_ATTEMPTS
from tests.builders import DISK_GROUP, TARGET_GROUP, VAULT, disk_id, disk_json
from tests.workflows.platform import Platform
from tests.workflows.scenes import (
    DAILY_AT_NOON,
    HOUR,
    RESTORED,
    SLOT,
    add_point,
    ask_for_restore,
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


def restored(platform: Platform, **changes: Any) -> Mapping[str, Any]:
    """Restore, and answer the new disk's description."""
    ask_for_restore(platform, **changes)
    platform.run(seconds=40)
    return disk_at(platform, changes.get("target_disk_id", RESTORED))


def disk_at(platform: Platform, target: str) -> Mapping[str, Any]:
    return platform.world.cloud.get_disk(target).raw


def only_job(platform: Platform) -> Job:
    (job,) = jobs(platform, JobOperation.RESTORE)
    return job


def assert_failed(platform: Platform, code: str) -> None:
    job = only_job(platform)
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


@pytest.mark.parametrize("count", [49, 50])
def test_a_disk_with_as_many_tags_as_azure_allows_is_restored_and_the_job_names_those_left_behind(count: int) -> None:
    tags = {f"tag-{number:02}": "" for number in range(count)}
    platform = backed_up(disk=disk_json("disk-1", tags=tags))
    assert len(restored(platform)["tags"]) == 50
    job = only_job(platform)
    assert job.status is JobStatus.COMPLETED_WITH_WARNINGS
    (warning,) = job.warnings
    assert (warning.code, warning.target) == ("RestoredDiskDiffers", RESTORED)
    assert f"'tag-{count - 1}'" in warning.message
    assert len(events(platform, "Restore.Completed")) == 1


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
    asked = ask_for_restore(platform)
    assert (asked.status, asked.user_triggered, asked.target_disk_id) == (JobStatus.QUEUED, True, RESTORED)
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
    assert restored(platform)["id"] == RESTORED


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
        ask_for_restore(platform, **wish)
    assert [fault.target for fault in refused.value.faults] == [target]
    assert_nothing_was_begun(platform)


def test_every_fault_of_a_wish_is_named() -> None:
    platform = backed_up()
    with pytest.raises(InvalidInput) as refused:
        ask_for_restore(platform, size_gb=1, sku="Golden_LRS", location="northeurope")
    assert len(refused.value.faults) == 3


def test_the_same_size_is_no_shrinking() -> None:
    assert restored(backed_up(), size_gb=128)["properties"]["diskSizeGB"] == 128


@pytest.mark.parametrize("state", [PointState.LOST, PointState.EXPIRING])
def test_a_point_that_is_lost_or_on_its_way_out_is_refused(state: PointState) -> None:
    platform = backed_up()
    change_point(platform, platform.points()[0].point_id, state=state)
    with pytest.raises(InvalidInput, match=state.value):
        ask_for_restore(platform)
    assert_nothing_was_begun(platform)


def test_a_point_or_instance_that_is_not_there_is_not_found() -> None:
    platform = backed_up()
    with pytest.raises(NotFound, match="Recovery point"):
        ask_for_restore(platform, point_id="0" * 32)
    with pytest.raises(NotFound, match="disk-9"):
        ask_for_restore(platform, "disk-9")
    assert_nothing_was_begun(platform)


def test_a_disk_without_any_point_has_nothing_to_restore() -> None:
    with pytest.raises(NotFound, match="no recovery point"):
        ask_for_restore(protected())


def test_a_disk_that_is_being_deleted_is_not_restored() -> None:
    platform = backed_up()
    change_instance(platform, state=ProtectionState.DELETING)
    with pytest.raises(ResourceInUse):
        ask_for_restore(platform)
    assert_nothing_was_begun(platform)


# --- Refused by what is there ---


def test_a_strangers_disk_of_that_name_is_left_untouched() -> None:
    platform = backed_up()
    stranger = disk_json("restored", group=TARGET_GROUP, size_gb=1024, tags={"owner": "someone"})
    platform.world.cloud.add_disk(stranger)
    ask_for_restore(platform)
    platform.run(seconds=40)
    assert_failed(platform, "UserErrorSameNameDiskAlreadyExists")
    assert platform.world.cloud.made_disks == []
    assert disk_at(platform, RESTORED)["tags"] == {"owner": "someone"}
    assert disk_at(platform, RESTORED)["properties"]["diskSizeGB"] == 1024


def test_the_disk_of_an_earlier_restore_is_not_taken_for_this_ones() -> None:
    platform = backed_up()
    restored(platform)
    ask_for_restore(platform)
    platform.run(seconds=40)
    assert [job.status for job in jobs(platform, JobOperation.RESTORE)] == [JobStatus.COMPLETED, JobStatus.FAILED]
    assert platform.world.cloud.made_disks == [RESTORED]


GONE = CloudUnavailable("503")


def lose_the_snapshot(platform: Platform) -> None:
    platform.world.cloud.lose_snapshot(platform.points()[0].snapshot_id)


def lack_a_role(platform: Platform) -> None:
    error = PermissionMissing("403", scope=TARGET_GROUP.text, role="Disk Restore Operator")
    platform.world.cloud.guard = refuse("start_disk", error)


@pytest.mark.parametrize(
    ("spoil", "code", "words"),
    [
        (lambda platform: platform.world.cloud.remove_group(TARGET_GROUP), "UserErrorRestoreTargetRGNotFound", ()),
        (lose_the_snapshot, "UserErrorDiskSnapshotNotFound", ()),
        (lack_a_role, "UserErrorMissingRequiredPermissions", ("Disk Restore Operator",)),
        (
            lambda platform: platform.world.cloud.fail_late("SkuNotAvailable", "No room in zone 1."),
            "SkuNotAvailable",
            ("No room in zone 1.", "half made"),
        ),
        (lambda platform: platform.world.faults.fail("cloud.start_disk", GONE, times=MAX_ATTEMPTS + 1), GONE.code, ()),
    ],
    ids=["no target group", "snapshot gone", "role missing", "operation fails late", "Azure gone for long"],
)
def test_what_stands_in_the_way_fails_the_job_and_is_told(
    spoil: Callable[[Platform], object], code: str, words: tuple[str, ...]
) -> None:
    platform = backed_up()
    spoil(platform)
    ask_for_restore(platform)
    platform.run(minutes=40)
    assert_failed(platform, code)
    told = str(events(platform, "Restore.Failed")[0].content["error"])
    assert all(each in told for each in words)


def test_a_late_failure_that_azure_forgot_is_seen_at_the_disk() -> None:
    platform = backed_up()
    platform.world.cloud.fail_late()
    ask_for_restore(platform)
    platform.run(seconds=2)
    platform.world.cloud.forget_operations()
    platform.run(seconds=40)
    assert_failed(platform, "OperationFailed")


def test_a_disk_that_vanishes_while_it_is_made_fails_the_job() -> None:
    platform = backed_up()
    ask_for_restore(platform)
    platform.run(seconds=2)
    platform.world.cloud.remove_disk(RESTORED)
    platform.run(minutes=2)
    assert_failed(platform, "OperationFailed")


# --- Waiting, twice, late ---


def test_a_disk_that_still_fills_in_the_background_is_watched_until_it_is_full() -> None:
    platform = backed_up()
    ask_for_restore(platform, sku="PremiumV2_LRS", zones=("1",))
    platform.run(seconds=1)
    made = platform.world.cloud._disks[RESTORED.lower()]
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
    ask_for_restore(platform)
    platform.run(minutes=20)
    assert (only_job(platform).status, only_job(platform).retry_count) == (JobStatus.COMPLETED, 0)
    assert len(sent(platform, StartRestore)) + len(sent(platform, ObserveRestore)) <= 8 + 3
    assert platform.world.cloud.made_disks == [RESTORED]


def test_faults_that_pass_are_retries() -> None:
    platform = backed_up()
    platform.world.faults.fail("cloud.start_disk", CloudUnavailable("503"), times=2)
    ask_for_restore(platform)
    platform.run(minutes=1)
    assert (only_job(platform).status, only_job(platform).retry_count) == (JobStatus.COMPLETED, 2)


def test_steps_that_arrive_after_the_end_only_tell_again() -> None:
    platform = backed_up()
    restored(platform)
    platform.world.cloud.remove_disk(RESTORED)
    before, told = platform.jobs(), len(platform.world.events.distinct)
    start_restore(platform.world.ports, sent(platform, StartRestore)[0])
    observe_restore(platform.world.ports, sent(platform, ObserveRestore)[0])
    platform.run(seconds=20)
    assert platform.jobs() == before
    assert len(platform.world.events.distinct) == told
    assert platform.world.cloud.made_disks == [RESTORED]


def test_a_restore_of_a_job_nobody_knows_does_nothing() -> None:
    platform = backed_up()
    calls = platform.world.faults.count("cloud.")
    stranger = StartRestore(vault=VAULT, instance_name="disk-1", job_id="00000000-0000-4000-8000-000000000000")
    start_restore(platform.world.ports, stranger)
    assert platform.world.faults.count("cloud.") == calls


def test_two_restores_of_one_point_both_hold_it_until_each_has_ended() -> None:
    platform = backed_up()
    first = ask_for_restore(platform)
    platform.world.clock.advance(seconds=1)
    platform.world.cloud.disk_time = timedelta(minutes=2)
    second = ask_for_restore(platform, target_disk_id=disk_id("second", TARGET_GROUP))
    assert platform.points()[0].restoring == (first.job_id, second.job_id)
    platform.run(minutes=6)
    assert platform.points()[0].restoring == ()
    assert len(platform.world.cloud.made_disks) == 2


# --- A role that restores lack ---


def open_causes(platform: Platform) -> list[str]:
    return [opened.cause for opened in platform.instance().alerts]


def test_a_restore_that_succeeds_ends_the_alert_of_one_that_lacked_a_role() -> None:
    platform = backed_up()
    lack_a_role(platform)
    ask_for_restore(platform)
    platform.run(seconds=40)
    assert open_causes(platform) == [f"RestorePermissionLost.DiskRestoreOperator@{TARGET_GROUP.key}"]
    platform.world.cloud.guard = lambda call, target: None
    ask_for_restore(platform)
    platform.run(minutes=1)
    assert open_causes(platform) == []
    assert "DiskBackup.Permission.Regained" in platform.world.events.types()


def test_a_backup_that_succeeds_does_not_end_the_alert_of_a_restore_that_lacks_a_role() -> None:
    platform = backed_up()
    lack_a_role(platform)
    ask_for_restore(platform)
    platform.run(hours=4, minutes=2)
    assert len(platform.points()) > 1
    assert "DiskBackup.Permission.Regained" not in platform.world.events.types()
    assert len(open_causes(platform)) == 1

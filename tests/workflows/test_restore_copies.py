"""Restores from copies in other regions: which copy is read, what it is like there, and what stands in the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backup_core.domain.agenda import AgendaKind
from backup_core.domain.copying import CopyState
from backup_core.domain.errors import CloudUnavailable, Fault, InvalidInput, NotFound, PermissionMissing
from backup_core.domain.job import COPY_ID, COPY_LOCATION, COPY_SNAPSHOT, Job, JobOperation, JobStatus
from backup_core.domain.recovery_point import PointState, RecoveryPoint
from backup_core.domain.resource_ids import ENCRYPTION_SET
from backup_core.domain.restore import RESTORE_JOB_TAG, RESTORED_FROM_TAG, RestoreRequest
from backup_core.domain.restore_together import TogetherRequest
from backup_core.workflows import validation
from backup_core.workflows.catalogue import get_vault
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.restore_source import find_source
from backup_core.workflows.restore_together import preview_restore_together, request_restore_together
from tests.builders import TARGET_GROUP, VAULT, disk_id, disk_json
from tests.workflows.platform import Platform
from tests.workflows.scenes import (
    DAILY_AT_NOON,
    HOURLY,
    RESTORED,
    SLOT,
    ask_for_restore,
    change_copy,
    change_instance,
    change_point,
    events,
    go_to,
    job_of,
    jobs,
    protected,
    refuse,
)
from tests.workflows.test_copying import COPIES, copied, copies

NORTH = "northeurope"
HOUR = timedelta(hours=1)
KEY = f"{COPIES.text}/providers/{ENCRYPTION_SET}/north"


def with_a_copy(**disk: Any) -> Platform:
    platform = copied(protected(**({"disk": disk_json("disk-1", **disk)} if disk else {})))
    platform.run(minutes=10)
    assert [copy.is_whole for copy in copies(platform)] == [True]
    return platform


def hours_later(platform: Platform, hours: int) -> Platform:
    """With a point of each hour, and its copy."""
    platform.run(minutes=20)
    for hour in range(1, hours + 1):
        go_to(platform, SLOT + hour * HOUR, minutes=20)
    return platform


def wish(**changes: Any) -> RestoreRequest:
    return RestoreRequest(**({"point_id": None, "target_disk_id": RESTORED, "location": NORTH} | changes))


def ask(platform: Platform, **changes: Any) -> Job:
    return ask_for_restore(platform, **({"location": NORTH} | changes))


def refused(platform: Platform, **changes: Any) -> list[Fault]:
    before = len(platform.world.queue.sent)
    with pytest.raises(InvalidInput) as caught:
        ask(platform, **changes)
    assert jobs(platform, JobOperation.RESTORE) == []
    assert len(platform.world.queue.sent) == before
    assert all(copy.restoring == () for copy in copies(platform))
    return list(caught.value.faults)


def looked_at(platform: Platform, **changes: Any) -> list[Fault]:
    """What the validation of the same restore finds."""
    ports, request = platform.world.ports, wish(**changes)
    instance, source = find_source(ports, VAULT, "disk-1", request)
    vault = get_vault(ports, VAULT)
    return validation.check_restore_target(ports, vault, instance.value, source.point, request, found=source.faults)


def only_job(platform: Platform) -> Job:
    (job,) = jobs(platform, JobOperation.RESTORE)
    return job


def source_of(platform: Platform, disk: str = RESTORED) -> str:
    """The snapshot that the disk was made from."""
    made: str = platform.world.cloud.get_disk(disk).raw["properties"]["creationData"]["sourceResourceId"]
    return made


# --- From the copy ---


def test_a_restore_in_the_region_of_a_copy_reads_the_copy() -> None:
    platform = with_a_copy(zones=("2",), tags={"cost": "42"})
    (copy,) = copies(platform)
    ask(platform)
    assert [each.restoring for each in copies(platform)] == [(only_job(platform).job_id,)]
    assert all(point.restoring == () for point in platform.points())
    platform.run(seconds=40)
    job = only_job(platform)
    disk = platform.world.cloud.get_disk(RESTORED).raw
    assert (job.status, job.point_id) == (JobStatus.COMPLETED, copy.point_id)
    assert disk["location"] == NORTH
    assert "zones" not in disk, "zones are of a region"
    assert source_of(platform) == copy.snapshot_id
    assert (disk["tags"]["cost"], disk["tags"][RESTORED_FROM_TAG]) == ("42", copy.snapshot_id)
    assert disk["tags"][RESTORE_JOB_TAG] == job.job_id
    noted = {name: job.details[name] for name in (COPY_ID, COPY_LOCATION, COPY_SNAPSHOT)}
    assert noted == {COPY_ID: copy.copy_id, COPY_LOCATION: NORTH, COPY_SNAPSHOT: copy.snapshot_id}
    assert [each.restoring for each in copies(platform)] == [()]
    assert (len(events(platform, "Restore.Started")), len(events(platform, "Restore.Completed"))) == (1, 1)


def test_a_restore_without_a_region_or_at_home_reads_the_point_itself() -> None:
    for number, location in enumerate((None, "West Europe")):
        platform = with_a_copy()
        (point,) = platform.points()
        ask(platform, location=location, target_disk_id=disk_id(f"restored-{number}", TARGET_GROUP))
        assert COPY_ID not in only_job(platform).details
        assert platform.points()[0].restoring
        platform.run(seconds=40)
        assert source_of(platform, disk_id(f"restored-{number}", TARGET_GROUP)) == point.snapshot_id


def test_the_copy_of_a_point_that_is_gone_at_home_is_restored() -> None:
    platform = hours_later(copied(protected(intervals=HOURLY["intervals"], retention="PT1H")), 3)
    oldest = copies(platform)[0]
    assert oldest.point_id not in {point.point_id for point in platform.points()}
    ask(platform, point_id=oldest.point_id)
    platform.run(seconds=40)
    assert source_of(platform) == oldest.snapshot_id


def test_the_newest_copy_is_meant_and_an_older_one_by_its_time() -> None:
    platform = hours_later(copied(protected()), 2)
    found = copies(platform)
    assert [copy.is_whole for copy in found] == [True] * 3
    for request, copy in ((wish(), found[2]), (wish(at=SLOT + HOUR + timedelta(minutes=30)), found[1])):
        _, source = find_source(platform.world.ports, VAULT, "disk-1", request)
        assert source.copy == copy


def test_a_customers_key_is_that_of_the_copys_region() -> None:
    home = f"{TARGET_GROUP.text}/providers/{ENCRYPTION_SET}/home"
    platform = protected(disk=disk_json("disk-1", encryption={"diskEncryptionSetId": home}))
    platform.world.cloud.add_encryption_set(home)
    platform.world.cloud.add_encryption_set(KEY, location=NORTH)
    copied(platform, encryption_set_id=KEY)
    platform.run(minutes=10)
    ask(platform)
    platform.run(seconds=40)
    disk = platform.world.cloud.get_disk(RESTORED).raw
    assert disk["properties"]["encryption"]["diskEncryptionSetId"] == KEY


def test_two_requests_make_two_disks_and_a_third_under_the_same_name_fails() -> None:
    platform = with_a_copy()
    for name in ("one", "two"):
        ask(platform, target_disk_id=disk_id(name, TARGET_GROUP))
    platform.run(seconds=40)
    assert {job.status for job in jobs(platform, JobOperation.RESTORE)} == {JobStatus.COMPLETED}
    ask(platform, target_disk_id=disk_id("two", TARGET_GROUP))
    platform.run(seconds=40)
    assert len(platform.world.cloud.made_disks) == 2
    assert [each.restoring for each in copies(platform)] == [()]


# --- While it is read ---


def test_a_copy_that_is_read_does_not_expire() -> None:
    platform = hours_later(copied(protected(), retention="PT90M"), 1)
    first, _ = copies(platform)
    platform.world.cloud.disk_time = timedelta(hours=6)
    ask(platform, point_id=first.point_id)
    go_to(platform, SLOT + 5 * HOUR, minutes=10)
    assert first.snapshot_id not in platform.world.cloud.removed
    go_to(platform, SLOT + 9 * HOUR, minutes=5)
    go_to(platform, SLOT + 11 * HOUR, minutes=5)
    assert only_job(platform).status is JobStatus.COMPLETED
    assert first.snapshot_id in platform.world.cloud.removed, "then it does"


def test_what_bears_the_name_of_the_copy_and_is_not_it_is_never_restored() -> None:
    platform = with_a_copy()
    change_copy(platform, copies(platform)[0].copy_id, snapshot_unique_id="another")
    ask(platform)
    platform.run(seconds=40)
    job = only_job(platform)
    assert (job.status, job.error.code) == (JobStatus.FAILED, "SnapshotNotOurs")
    assert platform.world.cloud.made_disks == []
    assert len(events(platform, "Restore.Failed")) == 1
    assert platform.instance().alerts


def test_a_copy_that_somebody_deletes_before_it_is_read_fails_the_restore() -> None:
    platform = with_a_copy()
    (copy,) = copies(platform)
    ask(platform)
    platform.world.cloud.lose_snapshot(copy.snapshot_id)
    platform.run(minutes=2)
    job = only_job(platform)
    assert (job.status, job.error.code) == (JobStatus.FAILED, "UserErrorDiskSnapshotNotFound")
    assert [each.restoring for each in copies(platform)] == [()]


def test_a_restore_whose_message_and_watch_are_lost_is_found_by_the_reconciler() -> None:
    platform = with_a_copy()
    ask(platform)
    platform.lose_messages()
    (watch,) = [row for row in platform.agenda(AgendaKind.WATCH) if row.subject == only_job(platform).job_id]
    platform.world.store.unschedule([watch])
    reconcile(platform.world.ports)
    platform.run(minutes=5)
    assert only_job(platform).status is JobStatus.COMPLETED


# --- What stands in the way ---


def test_a_region_without_a_copy_is_refused_with_what_can_be_had_instead() -> None:
    platform = with_a_copy()
    (fault,) = refused(platform, location="eastus")
    assert fault.target == "restoreTargetInfo.restoreLocation"
    assert "no whole copy in eastus" in fault.message
    assert "northeurope or westeurope" in fault.message


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (CopyState.COPYING, "is being made"),
        (CopyState.WAITING, "waits to be made"),
        (CopyState.EXPIRING, "is being deleted"),
        (CopyState.LOST, "somebody deleted its snapshot"),
    ],
)
def test_a_copy_that_is_not_whole_is_refused_and_says_how_it_stands(state: CopyState, words: str) -> None:
    platform = with_a_copy()
    (copy,) = copies(platform)
    change_copy(platform, copy.copy_id, state=state)
    (fault,) = refused(platform, point_id=copy.point_id)
    assert words in fault.message
    assert "it can be restored in westeurope" in fault.message


def test_all_faults_are_told_at_once_beside_a_copy_that_is_missing() -> None:
    platform = with_a_copy()
    told = refused(platform, location="eastus", sku="Floppy", size_gb=1)
    assert [fault.target.rpartition(".")[2] for fault in told] == ["restoreLocation", "sku", "sizeGB"]


def test_an_absent_point_has_no_copy_either() -> None:
    platform = with_a_copy()
    (fault,) = refused(platform, point_id="0" * 32)
    (copy,) = copies(platform)
    assert "has no copy in northeurope" in fault.message
    assert copy.point_id in fault.message, "the newest that there is"
    with pytest.raises(NotFound):
        ask(platform, point_id="0" * 32, location=None)


def test_a_point_that_is_gone_at_home_is_told_with_the_region_of_its_copy() -> None:
    platform = hours_later(copied(protected(intervals=HOURLY["intervals"], retention="PT1H")), 3)
    oldest = copies(platform)[0]
    with pytest.raises(NotFound, match="A whole copy lies in northeurope: name that region as restoreLocation"):
        ask(platform, point_id=oldest.point_id, location=None)


def test_a_point_whose_snapshot_was_lost_is_told_with_the_region_of_its_copy() -> None:
    platform = with_a_copy()
    (point,) = platform.points()
    change_point(platform, point.point_id, state=PointState.LOST)
    (fault,) = refused(platform, point_id=point.point_id, location=None)
    assert "Lost" in fault.message
    assert "name that region as restoreLocation" in fault.message


@pytest.mark.parametrize("known", ["", NORTH])
def test_an_instance_that_came_back_from_its_copies_alone_is_restored_from_them(known: str) -> None:
    """Where its disk was nobody may know, or the region of its copies was taken for that."""
    platform = with_a_copy()
    (copy,) = copies(platform)
    (point,) = platform.points()
    platform.remove(RecoveryPoint, "disk-1", point.point_id)
    change_instance(platform, disk_location=known, newest_point=None)
    ask(platform)
    platform.run(seconds=40)
    assert source_of(platform) == copy.snapshot_id


def test_a_premium_v2_disk_needs_a_zone_of_the_other_region() -> None:
    disk = disk_json("disk-1", sku="PremiumV2_LRS", zones=("2",))
    platform = copied(protected(disk=disk, **DAILY_AT_NOON))
    platform.run(minutes=40)
    assert copies(platform)[0].is_whole
    (fault,) = refused(platform)
    assert fault.target == "restoreTargetInfo.targetDisk.zones"
    assert NORTH in fault.message
    ask(platform, zones=("1",))
    platform.run(minutes=40)
    assert platform.world.cloud.get_disk(RESTORED).raw["zones"] == ["1"]


@pytest.mark.parametrize(
    ("wanted", "target", "words"),
    [
        ({"sku": "Premium_ZRS"}, "targetDisk.sku", "choose Standard_LRS, StandardSSD_LRS, Premium_LRS or UltraSSD_LRS"),
        ({"zones": ("1",)}, "targetDisk.zones", "northeurope has no zones for Premium_LRS disks; choose [] for none"),
    ],
)
def test_a_kind_or_zone_that_the_region_has_not_is_told_with_those_that_it_has(
    wanted: dict[str, Any], target: str, words: str
) -> None:
    platform = with_a_copy()
    platform.world.cloud.zonal_regions = frozenset({"westeurope"})
    (fault,) = looked_at(platform, **wanted)
    assert fault.target == f"restoreRequestObject.restoreTargetInfo.{target}"
    assert words in fault.message
    assert refused(platform, **wanted) == [replace(fault, target=f"restoreTargetInfo.{target}")], "so is the request"


def test_a_source_of_a_kind_that_the_other_region_has_not_is_told_without_any_wish() -> None:
    platform = with_a_copy(sku="StandardSSD_ZRS")
    platform.world.cloud.zonal_regions = frozenset({"westeurope"})
    (fault,) = looked_at(platform)
    assert "StandardSSD_ZRS disks are not offered in northeurope" in fault.message


def test_at_home_a_zone_that_is_not_there_is_told_too() -> None:
    platform = with_a_copy()
    platform.world.cloud.zonal_regions = frozenset()
    (fault,) = looked_at(platform, location=None, zones=("1",))
    assert "westeurope has no zones" in fault.message
    assert looked_at(platform, location=None) == [], "as the source is"


def test_what_a_region_offers_is_asked_once_and_missing_the_right_stops_nothing() -> None:
    platform = with_a_copy()
    calls = platform.world.faults.calls
    for _ in range(3):
        assert looked_at(platform) == []
    assert calls.count("cloud.offered_disks") == 1

    platform = with_a_copy()
    platform.world.cloud.guard = refuse(
        "offered_disks", PermissionMissing("no", scope="/subscriptions/x", role="Reader")
    )
    assert looked_at(platform, sku="Premium_ZRS") == []
    assert ask(platform, sku="Premium_ZRS").status is JobStatus.QUEUED


def test_rights_are_asked_where_the_copy_and_the_new_disk_lie() -> None:
    platform = with_a_copy()
    platform.world.cloud.grants = {}
    told = {fault.target: fault.message for fault in looked_at(platform)}
    assert {COPIES.text, TARGET_GROUP.text} <= set(told)
    assert "Disk Restore Operator" in told[TARGET_GROUP.text]
    assert "az role assignment create" in told[TARGET_GROUP.text]


def test_a_key_of_another_region_than_the_copys_is_told() -> None:
    platform = with_a_copy()
    platform.world.cloud.add_encryption_set(KEY)
    change_copy(platform, copies(platform)[0].copy_id, encryption_set_id=KEY)
    (fault,) = looked_at(platform)
    assert (fault.target, fault.code) == (KEY, "UserErrorDESKeyVaultKeyNotAvailable")
    assert "lies in westeurope" in fault.message


def test_a_region_that_does_not_answer_is_no_answer() -> None:
    platform = with_a_copy()
    platform.world.cloud.guard = refuse("offered_disks", CloudUnavailable("no"))
    with pytest.raises(CloudUnavailable):
        looked_at(platform)
    assert ask(platform).status is JobStatus.QUEUED, "a restore does not wait for it"


# --- Several together ---


def together(*names: str, **changes: Any) -> TogetherRequest:
    wanted = tuple((name, wish(target_disk_id=disk_id(f"new-{name}", TARGET_GROUP), **changes)) for name in names)
    return TogetherRequest(wanted=wanted, at=wanted[0][1].at)


def test_several_disks_are_restored_from_their_copies_of_one_region() -> None:
    platform = with_a_copy()
    (copy,) = copies(platform)
    request = together("disk-1", at=SLOT + HOUR)
    preview = preview_restore_together(platform.world.ports, VAULT, request)
    assert preview.faults == ()
    assert [each.copy for each in preview.chosen] == [copy]
    job = request_restore_together(platform.world.ports, VAULT, request)
    platform.run(minutes=2)
    ended = job_of(platform, job)
    assert ended.status is JobStatus.COMPLETED, ended.error
    disk = platform.world.cloud.get_disk(disk_id("new-disk-1", TARGET_GROUP)).raw
    assert (disk["location"], disk["properties"]["creationData"]["sourceResourceId"]) == (NORTH, copy.snapshot_id)
    assert [each.restoring for each in copies(platform)] == [()]


def test_the_copy_of_a_slot_is_meant_though_its_point_is_gone() -> None:
    platform = hours_later(copied(protected(intervals=HOURLY["intervals"], retention="PT1H")), 3)
    request = replace(together("disk-1"), slot=SLOT)
    preview = preview_restore_together(platform.world.ports, VAULT, request)
    assert preview.faults == ()
    assert [each.copy.slot for each in preview.chosen if each.copy] == [SLOT]


def test_a_disk_without_a_copy_there_stops_all_and_is_named() -> None:
    platform = with_a_copy()
    request = together("disk-1", location="eastus", at=SLOT + HOUR)
    with pytest.raises(InvalidInput) as caught:
        request_restore_together(platform.world.ports, VAULT, request)
    (fault,) = caught.value.faults
    assert fault.target == "restores[0].restoreTargetInfo.restoreLocation"
    assert jobs(platform, JobOperation.RESTORE_TOGETHER) == []

"""Several disks to one moment: looked at together before anything is made, one job that names what became of each."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from backup_core.domain.errors import CloudUnavailable, InvalidInput, RequestRefused, Throttled
from backup_core.domain.job import OF_VAULT, PART_OF, Job, JobOperation, JobStatus
from backup_core.domain.messages import REQUESTS, RestoreTogether, StartRestore, encode
from backup_core.domain.recovery_point import PointState
from backup_core.domain.restore import RESTORED_FROM_TAG, RestoreRequest
from backup_core.domain.restore_together import DISKS_AT_MOST, VALIDATE, KnownRequest, TogetherRequest, parts_of
from backup_core.domain.surroundings import DISK_COUNTERS
from backup_core.ports import every
from backup_core.workflows.job_kinds import give_up
from backup_core.workflows.restore_together import preview_restore_together, request_restore_together
from tests.builders import SUBSCRIPTION, TARGET_GROUP, VAULT, disk_id, disk_json
from tests.workflows.platform import Platform
from tests.workflows.scenes import HOUR, SLOT, add_point, backed_up, change_point, events, jobs, refuse, sent

NAMES = ("disk-1", "disk-2", "disk-3")
LATER = SLOT + HOUR
KEY = "0f0e0d0c-0b0a-4000-8000-000000000001"


def wish(name: str, **changes: Any) -> tuple[str, RestoreRequest]:
    return name, RestoreRequest(**({"point_id": None, "target_disk_id": target(name), "at": LATER} | changes))


def target(name: str) -> str:
    return disk_id(f"{name}-again", TARGET_GROUP)


def request(*names: str, **changes: Any) -> TogetherRequest:
    wanted = tuple(wish(name) for name in names or NAMES)
    return TogetherRequest(**({"wanted": wanted, "at": LATER} | changes))


def ask(platform: Platform, asked: TogetherRequest | None = None) -> Job:
    return request_restore_together(platform.world.ports, VAULT, asked or request())


def whole(platform: Platform) -> Job:
    (job,) = jobs(platform, JobOperation.RESTORE_TOGETHER, OF_VAULT)
    return job


def parts(platform: Platform) -> list[Job]:
    return [job for job in platform.jobs() if job.operation is JobOperation.RESTORE]


def faults(platform: Platform, asked: TogetherRequest) -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        ask(platform, asked)
    assert platform.jobs() == [job for job in platform.jobs() if job.operation is not JobOperation.RESTORE_TOGETHER]
    assert sent(platform, RestoreTogether) == []
    return [fault.target for fault in refused.value.faults]


def steps(job: Job) -> dict[str, str]:
    return {task.name: task.status for task in job.subtasks}


# --- What is restored ---


def test_of_each_disk_the_newest_point_that_is_not_later_is_restored() -> None:
    platform = backed_up(*NAMES)
    newer = add_point(platform, SLOT + timedelta(minutes=30), name="disk-2")
    add_point(platform, SLOT + timedelta(minutes=90), name="disk-3")
    asked = ask(platform)
    platform.run(minutes=2)
    assert sorted(platform.world.cloud.made_disks) == sorted(map(target, NAMES))
    made = platform.world.cloud.get_disk(target("disk-2"))
    assert made.tags[RESTORED_FROM_TAG] == newer.snapshot_id
    job = whole(platform)
    assert (job.job_id, job.status, job.error) == (asked.job_id, JobStatus.COMPLETED, None)
    assert steps(job) == {"Validate Restores": "Completed", **{f"Restore {name}": "Completed" for name in NAMES}}
    assert {each.job_id for each in parts(platform)} == {part.job_id for part in parts_of(job)}
    assert all(each.details[PART_OF] == job.job_id and each.status is JobStatus.COMPLETED for each in parts(platform))
    assert len(events(platform, "RestoreTogether.Completed")) == 1
    assert len(events(platform, "Restore.Completed")) == 3


def test_the_row_of_the_job_says_how_far_the_points_lie_apart() -> None:
    platform = backed_up("disk-1", "disk-2")
    newer = add_point(platform, SLOT + timedelta(minutes=30), name="disk-2")
    details = ask(platform, request("disk-1", "disk-2")).details
    oldest = platform.points("disk-1")[0].created_at
    assert (datetime.fromisoformat(details["oldest"]), datetime.fromisoformat(details["newest"])) == (
        oldest,
        newer.created_at,
    )


def test_the_points_of_one_slot_can_be_asked_for_and_a_disk_without_one_is_named() -> None:
    platform = backed_up("disk-1", "disk-2")
    add_point(platform, LATER, name="disk-2")
    names = ("disk-1", "disk-2")
    of_slot = TogetherRequest(wanted=tuple(wish(name, at=None) for name in names), slot=SLOT)
    assert faults(platform, replace(of_slot, slot=SLOT + 2 * HOUR)) == [
        "restores[0].backupInstanceName",
        "restores[1].backupInstanceName",
    ]
    assert {part.point_id for part in parts_of(ask(platform, of_slot))} == {
        next(point.point_id for point in platform.points(name) if point.slot == SLOT) for name in names
    }


def test_disks_of_a_machine_are_told_with_how_far_their_points_lie_apart() -> None:
    machine = f"{TARGET_GROUP.text}/providers/Microsoft.Compute/virtualMachines/vm-1"
    platform = backed_up("disk-1", disk={**disk_json("disk-1"), "managedBy": machine})
    found = preview_restore_together(platform.world.ports, VAULT, request("disk-1"))
    assert [each.point.disk["managedBy"] for each in found.chosen if each.point] == [machine]


# --- Refused, and nothing made ---


def test_every_fault_of_every_disk_is_told_at_once() -> None:
    platform = backed_up("disk-1", "disk-2")
    lost = platform.points("disk-2")[0]
    change_point(platform, lost.point_id, "disk-2", created_at=LATER + HOUR)
    wanted = (wish("disk-1", size_gb=1, sku="Golden_LRS"), wish("disk-2"), wish("nobody"), wish("disk-1"))
    assert faults(platform, request(wanted=wanted)) == [
        "restores[3].backupInstanceName",
        "restores[3].restoreTargetInfo.datasourceInfo.resourceID",
        "restores[0].restoreTargetInfo.targetDisk.sku",
        "restores[0].restoreTargetInfo.targetDisk.sizeGB",
        "restores[1].backupInstanceName",
        "restores[2].backupInstanceName",
    ]


def spoil_names(platform: Platform) -> None:
    platform.world.cloud.add_disk(disk_json("disk-2-again", group=TARGET_GROUP))


def spoil_snapshots(platform: Platform) -> None:
    platform.world.cloud.lose_snapshot(platform.points("disk-2")[0].snapshot_id)


def spoil_both(platform: Platform) -> None:
    spoil_names(platform)
    platform.world.cloud.lose_snapshot(platform.points("disk-3")[0].snapshot_id)


@pytest.mark.parametrize(
    ("spoil", "codes"),
    [
        (spoil_names, ["UserErrorSameNameDiskAlreadyExists"]),
        (spoil_snapshots, ["UserErrorDiskSnapshotNotFound"]),
        (spoil_both, ["UserErrorSameNameDiskAlreadyExists", "UserErrorDiskSnapshotNotFound"]),
        (lambda platform: platform.world.cloud.remove_group(TARGET_GROUP), ["UserErrorRestoreTargetRGNotFound"]),
    ],
    ids=["name taken", "snapshot gone", "both", "group gone"],
)
def test_what_azure_has_in_the_way_of_one_stops_all_before_anything_is_made(spoil: Any, codes: list[str]) -> None:
    platform = backed_up(*NAMES)
    spoil(platform)
    previewed = preview_restore_together(platform.world.ports, VAULT, request())
    assert [fault.code for fault in previewed.faults] == codes
    ask(platform)
    platform.run(minutes=1)
    job = whole(platform)
    assert (job.status, job.error.code) == (JobStatus.FAILED, "RestoreTogetherRefused")
    assert [warning.code for warning in job.warnings] == codes
    assert all(warning.message in job.error.message for warning in job.warnings)
    assert platform.world.cloud.made_disks == []
    assert parts(platform) == []
    assert steps(job) == {"Validate Restores": "Failed", **{f"Restore {name}": "Skipped" for name in NAMES}}
    assert len(events(platform, "RestoreTogether.Failed")) == 1


def test_what_all_have_in_common_is_asked_and_told_once() -> None:
    platform = backed_up(*NAMES)
    calls = platform.world.faults
    before = {name: calls.count(f"cloud.{name}") for name in ("find_group", "find_snapshot", "find_disk", "usage")}
    assert preview_restore_together(platform.world.ports, VAULT, request()).faults == ()
    asked = {name: calls.count(f"cloud.{name}") - count for name, count in before.items()}
    assert asked == {"find_group": 1, "find_snapshot": 3, "find_disk": 3, "usage": 1}


def test_a_preview_of_many_lists_the_names_of_a_group_at_once() -> None:
    names = tuple(f"disk-{number}" for number in range(1, 23))
    platform = backed_up(*names)
    platform.world.cloud.add_disk(disk_json("disk-9-again", group=TARGET_GROUP))
    before = platform.world.faults.count("cloud.")
    found = preview_restore_together(platform.world.ports, VAULT, request(*names))
    assert [fault.target for fault in found.faults] == ["restores[8].restoreTargetInfo.datasourceInfo.resourceID"]
    assert platform.world.faults.count("cloud.") - before < 10


def test_a_region_without_room_for_all_of_them_is_told() -> None:
    platform = backed_up(*NAMES)
    usage = platform.world.cloud.usage(SUBSCRIPTION, "westeurope")
    counter = DISK_COUNTERS["Premium_LRS"]
    platform.world.cloud.usage_limits[counter] = usage[counter].current + 2
    (fault,) = preview_restore_together(platform.world.ports, VAULT, request()).faults
    assert "3 more cannot be created" in fault.message


# --- Half of it ---


def test_what_was_made_stays_and_is_named_and_so_is_what_was_not() -> None:
    platform = backed_up(*NAMES)
    platform.world.cloud.guard = refuse("start_disk", RequestRefused("No."), at=target("disk-2"))
    ask(platform)
    platform.run(minutes=2)
    job = whole(platform)
    assert (job.status, job.error.code) == (JobStatus.FAILED, "RestoredInPart")
    assert job.error.message == (
        "2 of 3 disks were restored and stay (disk-1-again, disk-3-again); 1 were not: disk-2-again."
    )
    assert [(each.target, each.code) for each in job.warnings] == [(target("disk-2"), "RequestRefused")]
    assert sorted(platform.world.cloud.made_disks) == [target("disk-1"), target("disk-3")]
    assert steps(job)["Restore disk-2"] == "Failed"
    assert all(point.restoring == () for name in NAMES for point in platform.points(name))


def test_a_point_that_went_between_the_look_and_the_restore_fails_its_disk_alone() -> None:
    platform = backed_up("disk-1", "disk-2")
    asked = ask(platform, request("disk-1", "disk-2"))
    platform.deliver()
    (part,) = [each for each in parts_of(asked) if each.instance_name == "disk-2"]
    change_point(platform, part.point_id, "disk-2", state=PointState.LOST)
    platform.run(minutes=2)
    assert whole(platform).status is JobStatus.FAILED
    assert [warning.code for warning in whole(platform).warnings] == ["UserErrorDiskSnapshotNotFound"]
    assert platform.world.cloud.made_disks == [target("disk-1")]


# --- Slow, twice, late ---


def test_a_look_that_azure_slows_down_goes_on_where_it_was() -> None:
    platform = backed_up(*NAMES)
    ask(platform)
    before = platform.world.faults.count("cloud.find_snapshot")
    platform.world.faults.fail("cloud.find_disk", Throttled("later", retry_after_seconds=5))
    platform.run(minutes=3)
    assert whole(platform).status is JobStatus.COMPLETED
    looked = platform.world.faults.count("cloud.find_snapshot") - before
    assert looked == 2 * 3 + 1, "each disk's is looked at by all, and by its own restore; one of them twice"


def test_the_same_request_leads_to_the_same_job_and_another_under_its_id_is_refused() -> None:
    platform = backed_up(*NAMES)
    first = ask(platform, request(request_id=KEY))
    platform.world.clock.advance(seconds=5)
    assert ask(platform, request(request_id=KEY)).job_id == first.job_id
    platform.run(minutes=2)
    assert ask(platform, request(request_id=KEY)).status is JobStatus.COMPLETED
    assert len(platform.world.cloud.made_disks) == 3
    with pytest.raises(InvalidInput, match="the id of another request"):
        ask(platform, request("disk-1", request_id=KEY))


def test_what_is_known_of_requests_is_forgotten_after_a_day() -> None:
    platform = backed_up(*NAMES)
    ask(platform, request("disk-1", request_id=KEY))
    platform.world.clock.advance(hours=25)
    ask(platform, request("disk-2", request_id=KEY.replace("1", "2")))
    known = [each.value.request_id for each in every(platform.world.ports, KnownRequest, VAULT)]
    assert known == [KEY.replace("1", "2")]


def test_without_an_id_a_doubled_request_finds_its_disks_made() -> None:
    platform = backed_up(*NAMES)
    ask(platform)
    platform.run(minutes=2)
    ask(platform)
    platform.run(minutes=2)
    assert len(platform.world.cloud.made_disks) == 3
    codes = [job.error.code if job.error else "" for job in jobs(platform, JobOperation.RESTORE_TOGETHER, OF_VAULT)]
    assert codes == ["", "RestoreTogetherRefused"]


def test_an_ended_job_stays_as_it_ended() -> None:
    platform = backed_up(*NAMES)
    asked = ask(platform)
    platform.run(minutes=2)
    before = platform.jobs()
    platform.world.queue.send(RestoreTogether(vault=VAULT, instance_name=OF_VAULT, job_id=asked.job_id, turn=99))
    platform.run(minutes=1)
    assert platform.jobs() == before


def test_a_hundred_disks_are_one_job_and_nothing_of_them_is_sent_twice() -> None:
    names = tuple(f"disk-{number}" for number in range(1, DISKS_AT_MOST + 1))
    platform = backed_up(*names)
    ask(platform, request(*names))
    platform.run(minutes=5)
    assert whole(platform).status is JobStatus.COMPLETED
    assert len(platform.world.cloud.made_disks) == DISKS_AT_MOST
    assert len(sent(platform, StartRestore)) == DISKS_AT_MOST
    assert len(sent(platform, RestoreTogether)) < 15


def test_a_job_that_is_given_up_says_which_restores_go_on_and_they_do() -> None:
    platform = backed_up(*NAMES)
    platform.world.cloud.guard = refuse("start_disk", RequestRefused("No."), at=target("disk-2"))
    platform.world.cloud.disk_time = timedelta(minutes=2)
    ask(platform)
    platform.run(seconds=30)
    give_up(platform.world.ports, REQUESTS, encode(sent(platform, RestoreTogether)[-1]))
    job = whole(platform)
    assert job.error is not None
    assert (job.status, job.error.code) == (JobStatus.FAILED, "StepGivenUp")
    assert steps(job) == {
        VALIDATE: "Completed",
        "Restore disk-1": "InProgress",
        "Restore disk-2": "Failed",
        "Restore disk-3": "InProgress",
    }
    told = [(each.target, each.code) for each in job.warnings]
    codes = ("RestoreGoesOn", "RequestRefused", "RestoreGoesOn")
    assert told == [(target(name), code) for name, code in zip(NAMES, codes, strict=True)]
    first = next(each for each in parts(platform) if each.instance_name == "disk-1")
    assert job.warnings[0].message == f"disk-1: The restore goes on by itself, as job '{first.job_id}'."
    platform.run(minutes=5)
    assert sorted(platform.world.cloud.made_disks) == [target("disk-1"), target("disk-3")]
    assert whole(platform) == job


def test_a_job_that_is_given_up_once_all_its_restores_have_ended_ends_as_they_did() -> None:
    platform = backed_up(*NAMES)
    ask(platform)
    while not all(part.is_ended for part in parts(platform)) or len(parts(platform)) < len(NAMES):
        platform.run(seconds=1)
    assert not whole(platform).is_ended
    give_up(platform.world.ports, REQUESTS, encode(sent(platform, RestoreTogether)[-1]))
    assert (whole(platform).status, whole(platform).error) == (JobStatus.COMPLETED, None)
    assert set(steps(whole(platform)).values()) == {"Completed"}


def test_a_job_that_is_given_up_before_it_began_a_restore_tells_of_none() -> None:
    platform = backed_up(*NAMES)
    ask(platform)
    give_up(platform.world.ports, REQUESTS, encode(sent(platform, RestoreTogether)[-1]))
    assert (whole(platform).status, whole(platform).warnings) == (JobStatus.FAILED, ())
    platform.run(minutes=5)
    assert platform.world.cloud.made_disks == []


def test_faults_that_do_not_pass_fail_the_job() -> None:
    platform = backed_up(*NAMES)
    platform.world.faults.fail("cloud.find_group", CloudUnavailable("503"), times=20)
    ask(platform)
    platform.run(minutes=40)
    job = whole(platform)
    assert (job.status, job.error.code) == (JobStatus.FAILED, "CloudInternalError")
    assert platform.world.cloud.made_disks == []

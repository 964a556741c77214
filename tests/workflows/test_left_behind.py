"""No snapshot is orphaned without being reported, and none is believed lost that was only moved."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta

import pytest

from backup_core.domain.disk import Disk
from backup_core.domain.errors import PermissionMissing
from backup_core.domain.job import JobStatus
from backup_core.domain.messages import LookAtResource
from backup_core.domain.recovery_point import PointState
from backup_core.domain.resource_event import DELETED
from backup_core.domain.resource_ids import ANYWHERE, GroupId
from backup_core.domain.restore import RestoreRequest
from backup_core.domain.snapshot_group import SnapshotGroup
from backup_core.ports import every
from backup_core.workflows.lifecycle import delete_instance
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.restore import request_restore
from tests.builders import SNAPSHOT_GROUP, SUBSCRIPTION, TARGET_GROUP, VAULT, disk_id, disk_json
from tests.workflows.platform import Platform
from tests.workflows.scenes import (
    DAILY_AT_NOON,
    SLOT,
    backed_up,
    change_instance,
    doubt,
    events,
    go_to,
    jobs,
    protected,
    refuse,
)

SECOND_GROUP = GroupId(subscription=SUBSCRIPTION, group="snapshots-2-rg")


def remembered(platform: Platform) -> set[str]:
    with platform.world.faults.paused():
        return {each.value.group_id for each in every(platform.world.ports, SnapshotGroup, ANYWHERE)}


def pass_time(platform: Platform, minutes: int = 60) -> None:
    for _ in range(0, minutes, 15):
        platform.run(minutes=15)
        reconcile(platform.world.ports)


def end_with_the_instance(platform: Platform, name: str = "disk-1") -> None:
    delete_instance(platform.world.ports, VAULT, name)
    pass_time(platform)
    assert not platform.has_instance(name)


# --- What is left behind ---


def failed_and_forbidden(platform: Platform) -> None:
    """A backup fails late, and the app may not delete what Azure left half made."""
    error = PermissionMissing("403", scope=SNAPSHOT_GROUP.text, role="Disk Snapshot Contributor")
    platform.world.cloud.guard = refuse("delete_snapshot", error)
    platform.world.cloud.fail_late("InvalidParameter")
    go_to(platform, SLOT + timedelta(days=1), minutes=3)
    assert jobs(platform)[-1].status is JobStatus.FAILED
    assert len(platform.world.cloud.snapshot_ids()) == 2
    (whole,) = platform.points()
    platform.world.cloud.guard = lambda call, target: None
    assert whole.is_good


def never_whole(platform: Platform) -> None:
    """A copy in the background that never ends, of a backup that nobody knows any more."""
    (mine,) = platform.points()
    held = platform.world.cloud._snapshots[mine.snapshot_id.lower()]
    forged = f"{mine.snapshot_id[:-12]}0123456789ab"
    with platform.world.faults.paused():
        tags = dict(held.raw["tags"])
    platform.world.cloud.add_snapshot(forged, source=Disk(raw=disk_json("disk-1")), tags=tags)
    platform.world.cloud._snapshots[forged.lower()].copied_at = SLOT + timedelta(days=900)


def without_tags(platform: Platform) -> None:
    (mine,) = platform.points()
    name = f"{mine.snapshot_id[:-12]}0123456789ab"
    platform.world.cloud.add_snapshot(name, source=Disk(raw=disk_json("disk-1")), tags={})


LEFT: dict[str, Callable[[Platform], None]] = {
    "a failed backup's, which could not be deleted": failed_and_forbidden,
    "one that is never whole": never_whole,
    "one whose tags somebody took away": without_tags,
}


@pytest.mark.parametrize("leave", LEFT.values(), ids=LEFT.keys())
def test_what_is_left_behind_is_reported_though_the_groups_last_instance_goes(
    leave: Callable[[Platform], None],
) -> None:
    platform = backed_up(**DAILY_AT_NOON)
    leave(platform)
    mine = {each.snapshot_id for each in platform.points()}
    end_with_the_instance(platform)
    left = set(platform.world.cloud.snapshot_ids()) - mine
    assert len(left) == 1
    assert set(reconcile(platform.world.ports).orphans) == left
    kinds = ("Snapshot.Orphaned", "Snapshot.Foreign")
    assert left <= {event.content["snapshotId"] for kind in kinds for event in events(platform, kind)}
    assert left <= set(platform.world.cloud.snapshot_ids()), "named, never deleted"


def test_a_deletion_that_fails_late_behind_the_last_instance_is_reported() -> None:
    platform = backed_up(**DAILY_AT_NOON)
    (mine,) = platform.points()
    held = deepcopy(platform.world.cloud._snapshots[mine.snapshot_id.lower()])
    delete_instance(platform.world.ports, VAULT, "disk-1")
    platform.run(minutes=5)
    assert not platform.has_instance("disk-1")
    platform.world.cloud._snapshots[mine.snapshot_id.lower()] = held  # Azure said yes, and then did not
    assert reconcile(platform.world.ports).orphans == [mine.snapshot_id]
    assert len(events(platform, "Snapshot.Orphaned")) == 1


def test_a_snapshot_that_shows_only_after_its_group_was_left_is_found_while_anything_else_lies_there() -> None:
    platform = backed_up("disk-1", "disk-2", **DAILY_AT_NOON)
    kept = {each.snapshot_id for each in platform.points("disk-2")}
    held = deepcopy(platform.world.cloud._snapshots)
    end_with_the_instance(platform, "disk-1")
    platform.world.cloud._snapshots.update(held)
    assert len(reconcile(platform.world.ports).orphans) == 1
    assert kept <= set(platform.world.cloud.snapshot_ids())


def test_a_group_is_remembered_from_the_first_configuration_until_it_is_seen_empty() -> None:
    platform = protected()
    assert remembered(platform) == {SNAPSHOT_GROUP.text}
    platform.run(minutes=1)
    platform.world.cloud.locks.add(SNAPSHOT_GROUP.key)
    reconcile(platform.world.ports)
    assert remembered(platform) == {SNAPSHOT_GROUP.text}
    platform.world.cloud.locks.clear()
    delete_instance(platform.world.ports, VAULT, "disk-1")
    pass_time(platform)
    assert remembered(platform) == set()
    assert platform.world.cloud.snapshot_ids() == []


def test_a_group_that_cannot_be_read_is_not_forgotten() -> None:
    platform = backed_up()
    (mine,) = platform.points()
    held = deepcopy(platform.world.cloud._snapshots[mine.snapshot_id.lower()])
    delete_instance(platform.world.ports, VAULT, "disk-1")
    platform.run(minutes=5)
    platform.world.cloud._snapshots[mine.snapshot_id.lower()] = held
    error = PermissionMissing("403", scope=SNAPSHOT_GROUP.text, role="Reader")
    platform.world.cloud.guard = refuse("list_snapshots", error)
    assert reconcile(platform.world.ports).unreadable_groups == [SNAPSHOT_GROUP.text]
    platform.world.cloud.guard = lambda call, target: None
    assert reconcile(platform.world.ports).orphans == [mine.snapshot_id]


# --- What was moved ---


def moved() -> tuple[Platform, str]:
    """A point whose snapshot was moved into another group that the app uses, too."""
    platform = backed_up("disk-1", **DAILY_AT_NOON)
    with platform.world.faults.paused():
        platform.world.cloud.add_group(SECOND_GROUP)
    platform.protect("disk-2", **DAILY_AT_NOON)
    change_instance(platform, "disk-2", snapshot_group_id=SECOND_GROUP.text)
    reconcile(platform.world.ports)
    return platform, platform.world.cloud.move_snapshot(platform.points()[0].snapshot_id, SECOND_GROUP)


def test_the_record_follows_a_snapshot_that_was_moved_once() -> None:
    platform, there = moved()
    (before,) = platform.points()
    assert reconcile(platform.world.ports).moved_points == [before.point_id]
    for _ in range(4):
        platform.run(minutes=15)
        report = reconcile(platform.world.ports)
        assert (report.moved_points, report.lost_points, report.adopted_points, report.foreign) == ([], [], [], [])
    (after,) = platform.points()
    assert (after.snapshot_id, after.state, after.expires_at) == (there, PointState.COMPLETED, before.expires_at)
    assert events(platform, "RecoveryPoint.Lost") == []
    assert len(events(platform, "RecoveryPoint.Created")) == len(platform.points("disk-1") + platform.points("disk-2"))


def test_azures_word_of_a_deletion_is_seen_through_where_the_snapshot_was_moved() -> None:
    platform, there = moved()
    (before,) = platform.points()
    platform.world.queue.send(LookAtResource(change=DELETED, resource_id=before.snapshot_id))
    platform.run(minutes=2)
    assert platform.points()[0].snapshot_id == there
    assert events(platform, "RecoveryPoint.Lost") == []


def test_a_point_that_was_moved_is_restored_and_expires_like_any_other() -> None:
    platform, there = moved()
    reconcile(platform.world.ports)
    target = disk_id("restored", TARGET_GROUP)
    request_restore(platform.world.ports, VAULT, "disk-1", RestoreRequest(point_id=None, target_disk_id=target))
    platform.run(minutes=2)
    assert platform.world.cloud.made_disks == [target]
    go_to(platform, SLOT + timedelta(days=1), minutes=2)
    go_to(platform, SLOT + timedelta(days=7), minutes=10)
    assert there in platform.world.cloud.removed


def test_a_point_that_was_called_lost_is_good_again_where_its_snapshot_lies_now() -> None:
    platform = backed_up(**DAILY_AT_NOON)
    (mine,) = platform.points()
    elsewhere = platform.world.cloud.move_snapshot(mine.snapshot_id, SECOND_GROUP)
    doubt(platform, mine)
    assert reconcile(platform.world.ports).lost_points == [mine.point_id], "nobody looks into that group"
    platform.protect("disk-2", **DAILY_AT_NOON)
    change_instance(platform, "disk-2", snapshot_group_id=SECOND_GROUP.text)
    assert reconcile(platform.world.ports).moved_points == [mine.point_id]
    (after,) = platform.points()
    assert (after.snapshot_id, after.state) == (elsewhere, PointState.COMPLETED)
    assert reconcile(platform.world.ports).moved_points == []

"""Whoever may write tags on snapshots, or make some, gains nothing: no point, no deletion, no restore, no silence.

Each row does what a stranger with Disk Snapshot Contributor on the snapshot group can do, and more often than needed
looks whether the true points, and the stranger's own snapshots, are untouched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from backup_core.domain.disk import Disk, Snapshot
from backup_core.domain.durations import parse_duration
from backup_core.domain.job import JobOperation, JobStatus
from backup_core.domain.naming import Seal, point_id, promise_text, scheduled_job_id, snapshot_id
from backup_core.domain.recovery_point import PointState, RecoveryPoint, SnapshotLabel, read_label
from backup_core.domain.resource_ids import GroupId, VaultKey, parse_group_id
from backup_core.domain.restore import RestoreRequest
from backup_core.ports import Remove
from backup_core.workflows.rebuild import rebuild_catalogue
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.restore import request_restore
from backup_core.workflows.vaults import put_vault
from tests.builders import SNAPSHOT_GROUP, SUBSCRIPTION, TARGET_GROUP, VAULT, disk_id, disk_json, vault
from tests.workflows.platform import Platform
from tests.workflows.scenes import DAILY_AT_NOON, SLOT, backed_up, change_instance, events, go_to, jobs

STOLEN = VaultKey(subscription=SUBSCRIPTION, group="strangers-rg", name="strangers-vault")
TAG = "diskbackup-"


def one_point(*disks: str) -> tuple[Platform, RecoveryPoint]:
    """A point of each disk, and that of the first."""
    platform = backed_up(*disks, **DAILY_AT_NOON)
    (mine,) = platform.points()
    return platform, mine


def snapshot_of(platform: Platform, point: RecoveryPoint) -> Snapshot:
    with platform.world.faults.paused():
        found = platform.world.cloud.find_snapshot(point.snapshot_id)
    assert found is not None
    return found


def put(
    platform: Platform,
    name: str,
    *,
    tags: Mapping[str, str],
    disk: Mapping[str, Any] | None = None,
    group: GroupId = SNAPSHOT_GROUP,
    age: timedelta = timedelta(0),
) -> str:
    """A stranger's snapshot, of `disk` or of the protected one, with any tags under any name."""
    target = f"{group.text}/providers/Microsoft.Compute/snapshots/{name}"
    platform.world.cloud.add_snapshot(target, source=Disk(raw=disk or disk_json("disk-1")), tags=tags)
    platform.world.cloud._snapshots[target.lower()].created_at -= age
    return target


def name_of(snapshot: str) -> str:
    return snapshot.rsplit("/", 1)[1]


def settle(platform: Platform) -> None:
    """Days in which everything that could go wrong has the time to."""
    for _ in range(3):
        reconcile(platform.world.ports)
        platform.run(minutes=20)


def assert_untouched(platform: Platform, points: list[RecoveryPoint], *strangers: str) -> None:
    there = set(platform.world.cloud.snapshot_ids())
    assert {point.snapshot_id for point in points} <= there, "a true snapshot is gone"
    assert set(strangers) <= there, "the stranger's own snapshot was deleted"
    assert not platform.world.cloud.removed
    known = {point.point_id: point for point in platform.points()}
    assert {point.point_id for point in points} <= known.keys()
    assert all(known[point.point_id].expires_at == point.expires_at for point in points)
    assert not {stranger.lower() for stranger in strangers} & {each.snapshot_id.lower() for each in known.values()}


Retagged = Callable[[Mapping[str, str]], dict[str, str]]
RETAGGED: dict[str, Retagged] = {
    "to another vault": lambda tags: {**tags, f"{TAG}vault": STOLEN.resource_id},
    "to another instance": lambda tags: {**tags, f"{TAG}instance": "disk-2"},
    "to another vault with a short retention": lambda tags: {
        **tags,
        f"{TAG}vault": STOLEN.resource_id,
        f"{TAG}retention": "PT1M",
    },
    "to a short retention": lambda tags: {**tags, f"{TAG}retention": "PT1M", f"{TAG}retention-tag": "Short"},
    "to another point": lambda tags: {**tags, f"{TAG}point": "0" * 32},
    "to another installation": lambda tags: {**tags, f"{TAG}installation": "somebody-else"},
    "to nothing": lambda tags: {},
    "to the ownership tag alone": lambda tags: {f"{TAG}owner": "diskbackup/1"},
    "to nonsense": lambda tags: dict.fromkeys(tags, "[" * 256) | {f"{TAG}owner": "diskbackup/1"},
    "to a disk of nonsense": lambda tags: {**tags, f"{TAG}disk": "[1]", f"{TAG}vault": "/a/b/c/d/e/f/g/h/\\?#"},
}


@pytest.mark.parametrize("change", RETAGGED.values(), ids=RETAGGED.keys())
def test_a_points_snapshot_with_other_tags_stays_its_points(change: Retagged) -> None:
    platform, mine = one_point("disk-1", "disk-2")
    put_vault(platform.world.ports, vault(STOLEN))
    platform.world.cloud.retag(mine.snapshot_id, change(snapshot_of(platform, mine).tags))
    settle(platform)
    assert_untouched(platform, [mine])
    assert platform.points("disk-2")[0].snapshot_id != mine.snapshot_id
    assert len(events(platform, "Snapshot.TagsChanged")) == 1
    assert events(platform, "RecoveryPoint.Lost") == []


@pytest.mark.parametrize("change", RETAGGED.values(), ids=RETAGGED.keys())
def test_an_unrecorded_snapshot_with_other_tags_is_nobodys_and_reported(change: Retagged) -> None:
    """Its record is gone, so nothing but its name says whose it was."""
    platform, mine = one_point("disk-1", "disk-2")
    put_vault(platform.world.ports, vault(STOLEN))
    forget(platform, mine)
    platform.world.cloud.retag(mine.snapshot_id, change(snapshot_of(platform, mine).tags))
    settle(platform)
    assert platform.world.cloud.removed == []
    assert mine.snapshot_id in platform.world.cloud.snapshot_ids()
    assert platform.points("disk-1") == []
    assert len(platform.points("disk-2")) == 1
    told = events(platform, "Snapshot.Foreign") + events(platform, "Snapshot.Orphaned")
    is_anothers = snapshot_of(platform, mine).tags.get(f"{TAG}installation") == "somebody-else"
    assert len(told) == (0 if is_anothers else 1)


def forget(platform: Platform, point: RecoveryPoint) -> None:
    with platform.world.faults.paused():
        stored = platform.world.store.get(RecoveryPoint, VAULT, point.instance_name, point.point_id)
        assert stored is not None
        platform.world.store.commit(VAULT, [Remove(stored)])
    change_instance(platform, point.instance_name, newest_point=None)


@pytest.mark.parametrize("age", [timedelta(0), timedelta(hours=-1), timedelta(days=20)], ids=["now", "later", "before"])
@pytest.mark.parametrize("disk", ["disk-1", "strangers-disk"])
def test_a_snapshot_with_a_points_tags_and_another_name_is_no_point(disk: str, age: timedelta) -> None:
    platform, mine = one_point()
    tags = snapshot_of(platform, mine).tags
    copy = put(platform, "copy", tags=tags, disk=disk_json(disk), age=age)
    settle(platform)
    assert_untouched(platform, [mine], copy)
    assert platform.instance().newest_point is not None
    assert platform.instance().newest_point.point_id == mine.point_id  # type: ignore[union-attr]
    (told,) = events(platform, "Snapshot.Foreign")
    assert told.content["snapshotId"] == copy


@pytest.mark.parametrize("disk", ["disk-1", "strangers-disk"])
def test_the_very_name_in_another_group_is_no_point_either(disk: str) -> None:
    platform, mine = one_point()
    elsewhere = parse_group_id(f"/subscriptions/{SUBSCRIPTION}/resourceGroups/elsewhere-rg")
    platform.protect("disk-2")
    change_instance(platform, "disk-2", snapshot_group_id=elsewhere.text)
    copy = put(
        platform,
        name_of(mine.snapshot_id),
        tags=snapshot_of(platform, mine).tags,
        disk=disk_json(disk),
        group=elsewhere,
    )
    settle(platform)
    assert_untouched(platform, [mine], copy)
    assert [event.content["snapshotId"] for event in events(platform, "Snapshot.Foreign")] == [copy]


def test_tags_that_name_a_newer_point_do_not_make_it_the_newest() -> None:
    """The foreign disk's data would be what the next restore builds the disk from."""
    platform, mine = one_point()
    label = read_label(snapshot_of(platform, mine).tags)
    assert label is not None
    at = SLOT + timedelta(minutes=30)
    job = scheduled_job_id(VAULT, "disk-1", platform.instance().generation, at)
    newer = forged(platform, label, at=at, job_id=job, point_id=point_id(VAULT, "disk-1", job, at), slot=at)
    stranger = put(platform, newer[0], tags=newer[1].tags(), disk=disk_json("strangers-disk"))
    settle(platform)
    target = disk_id("restored", TARGET_GROUP)
    request_restore(platform.world.ports, VAULT, "disk-1", RestoreRequest(point_id=None, target_disk_id=target))
    platform.run(minutes=2)
    assert platform.world.cloud._disks[target.lower()].raw["properties"]["creationData"]["sourceResourceId"] == (
        mine.snapshot_id
    )
    assert_untouched(platform, [mine], stranger)


def forged(platform: Platform, label: SnapshotLabel, **changes: Any) -> tuple[str, SnapshotLabel]:
    """All that a stranger who knows the code can work out: the name that we would have given."""
    at = changes.pop("at")
    values = {name: getattr(label, name) for name in label.__dataclass_fields__} | changes
    said = SnapshotLabel(**(values | {"disk": disk_json("disk-1")}))
    seal = Seal(
        installation_id=said.installation_id,
        promise=promise_text(said.tag_name, said.retention.iso() if said.retention else ""),
        disk_id=disk_id("disk-1"),
        disk_unique_id=disk_json("disk-1")["properties"]["uniqueId"],
    )
    return name_of(snapshot_id(VAULT, "disk-1", "disk-1", SNAPSHOT_GROUP, said.job_id, at, seal)), said


def test_a_snapshot_that_waits_under_the_next_backups_name_becomes_no_point() -> None:
    """Azure answers a PUT on a name that is taken with success, and takes nothing new."""
    platform, mine = one_point()
    label = read_label(snapshot_of(platform, mine).tags)
    assert label is not None
    at = SLOT + timedelta(days=1)
    job = scheduled_job_id(VAULT, "disk-1", platform.instance().generation, at)
    name, said = forged(platform, label, at=at, job_id=job, point_id=point_id(VAULT, "disk-1", job, at), slot=at)
    early = put(platform, name, tags=said.tags())
    go_to(platform, at, minutes=2)
    assert [each.point_id for each in platform.points()] == [mine.point_id]
    (_, failed) = jobs(platform)
    assert failed.status is JobStatus.FAILED
    assert failed.error is not None
    assert failed.error.code == "SnapshotNotOurs"
    settle(platform)
    assert_untouched(platform, [mine], early)
    assert events(platform, "Snapshot.Foreign")


@pytest.mark.parametrize("disk", ["disk-1", "strangers-disk"])
def test_a_snapshot_made_anew_under_a_points_name_is_not_restored(disk: str) -> None:
    platform, mine = one_point()
    tags = snapshot_of(platform, mine).tags
    platform.world.cloud.lose_snapshot(mine.snapshot_id)
    put(platform, name_of(mine.snapshot_id), tags=tags, disk=disk_json(disk))
    target = disk_id("restored", TARGET_GROUP)
    wanted = RestoreRequest(point_id=mine.point_id, target_disk_id=target)
    request_restore(platform.world.ports, VAULT, "disk-1", wanted)
    platform.run(minutes=2)
    assert platform.world.cloud.made_disks == []
    (restore,) = jobs(platform, JobOperation.RESTORE)
    assert restore.status is JobStatus.FAILED
    assert restore.error is not None
    assert restore.error.code == "SnapshotNotOurs"


def test_a_snapshot_made_anew_under_a_points_name_is_a_loss_and_is_never_deleted() -> None:
    platform, mine = one_point()
    tags = snapshot_of(platform, mine).tags
    platform.world.cloud.lose_snapshot(mine.snapshot_id)
    platform.run(seconds=5)
    stranger = put(platform, name_of(mine.snapshot_id), tags=tags)
    settle(platform)
    assert [each.state for each in platform.points()] == [PointState.LOST]
    assert len(events(platform, "RecoveryPoint.Lost")) == 1
    assert [event.content["snapshotId"] for event in events(platform, "Snapshot.Foreign")] == [stranger]
    forget(platform, platform.points()[0])  # as when its time is over
    settle(platform)
    assert platform.points() == []
    assert stranger in platform.world.cloud.snapshot_ids()


@pytest.mark.parametrize("change", RETAGGED.values(), ids=RETAGGED.keys())
def test_after_a_rebuild_what_the_tags_were_made_to_say_is_not_believed(change: Retagged) -> None:
    platform, mine = one_point()
    platform.world.cloud.retag(mine.snapshot_id, change(snapshot_of(platform, mine).tags))
    platform.world.store.forget_everything()
    report = rebuild_catalogue(platform.world.ports, [SNAPSHOT_GROUP])
    assert report.adopted_points == []
    assert platform.world.cloud.removed == []


@pytest.mark.parametrize("age", [timedelta(0), timedelta(days=20)], ids=["younger", "older"])
@pytest.mark.parametrize("disk", ["disk-1", "strangers-disk"])
def test_after_a_rebuild_the_strangers_snapshot_does_not_replace_the_true_one(disk: str, age: timedelta) -> None:
    platform, mine = one_point()
    copy = put(platform, "copy", tags=snapshot_of(platform, mine).tags, disk=disk_json(disk), age=age)
    platform.world.store.forget_everything()
    report = rebuild_catalogue(platform.world.ports, [SNAPSHOT_GROUP])
    assert [each.snapshot_id for each in platform.points()] == [mine.snapshot_id]
    assert report.foreign == [copy]
    assert platform.instance().disk_id == disk_id("disk-1")


def test_a_strangers_retention_does_not_shorten_a_rebuilt_points_promise() -> None:
    platform, mine = one_point()
    shorter = {**snapshot_of(platform, mine).tags, f"{TAG}retention": parse_duration("PT1M").iso()}
    platform.world.cloud.retag(mine.snapshot_id, shorter)
    platform.world.store.forget_everything()
    rebuild_catalogue(platform.world.ports, [SNAPSHOT_GROUP])
    go_to(platform, SLOT + timedelta(days=2), minutes=5)
    assert mine.snapshot_id in platform.world.cloud.snapshot_ids()

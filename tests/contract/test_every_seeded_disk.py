"""Every disk that the simulator is seeded with is backed up and restored, by an identity with the app's roles only."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from backup_core.domain.disk import Disk
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import GroupId
from backup_core.domain.restore import RestoreRequest, check_restore, disk_to_be
from backup_core.domain.tags import TAGS_AT_MOST, is_hidden_link
from backup_core.ports import DiskCloud
from infra.local.arm.seed import APP, FIRST, FIRST_DISKS, SECOND, SECOND_DISKS
from tests.builders import disk_id, point, snapshot_id
from tests.conftest import Arm
from tests.contract.test_disk_cloud import arm_cloud, quick_arm

__all__ = ["quick_arm"]  # the fixture

SEEDED = [(FIRST, *row[:2]) for row in FIRST_DISKS] + [(SECOND, *row[:2]) for row in SECOND_DISKS]
# What makes a copy another disk, and what comes with its size or its key.
OWN = {"creationData", "diskState", "timeCreated", "uniqueId", "burstingEnabledTime", "completionPercent"}


def test_every_seeded_disk_comes_back_as_it_was(quick_arm: Arm) -> None:
    cloud = arm_cloud(quick_arm, APP)
    with ThreadPoolExecutor(4) as threads:
        pairs = list(threads.map(lambda row: restored(cloud, *row), SEEDED))
    different = [f"{before.id}: {what}" for before, after in pairs for what in differences(before, after)]
    assert different == []


def restored(cloud: DiskCloud, subscription: str, name: str, region: str) -> tuple[Disk, Disk]:
    disk = cloud.get_disk(disk_id(name, GroupId(subscription=subscription, group=f"apps-{region}")))
    taken = snapshot_id(f"{name}-copy", GroupId(subscription=subscription, group=f"snapshots-{region}"))
    settle(cloud, cloud.start_snapshot(taken, source=disk, tags={}))
    while not (snapshot := cloud.find_snapshot(taken)) or not snapshot.is_usable:
        time.sleep(0.2)
    kept: RecoveryPoint = replace(
        point(),
        snapshot_id=taken,
        disk=disk.raw,
        disk_id=disk.id,
        disk_size_bytes=snapshot.size_bytes,
        location=disk.location,
    )
    target = disk_id(f"{name}-restored", GroupId(subscription=subscription, group=f"restores-{region}"))
    request = RestoreRequest(point_id=None, target_disk_id=target)
    assert check_restore(request, kept) == []
    settle(cloud, cloud.start_disk(target, disk_to_be("job", kept, request.as_json()).body))
    return disk, cloud.get_disk(target)


def settle(cloud: DiskCloud, url: str) -> None:
    while (state := cloud.get_operation(url)) is not None and state.status == "InProgress":
        time.sleep(0.2)
    assert state.status == "Succeeded", state


def differences(before: Disk, after: Disk) -> Iterator[str]:
    for name in ("location", "zones", "sku"):
        if before.raw.get(name) != after.raw.get(name):
            yield f"{name} {after.raw.get(name)}, was {before.raw.get(name)}"
    old, new = before.raw["properties"], after.raw["properties"]
    for name in sorted((set(old) | set(new)) - OWN):
        if old.get(name) != new.get(name):
            yield f"{name} {new.get(name)}, was {old.get(name)}"
    if old["creationData"].get("performancePlus") != new["creationData"].get("performancePlus"):
        yield "performance plus"
    inherited = {name: value for name, value in before.tags.items() if not is_hidden_link(name)}
    for name in sorted(inherited)[: TAGS_AT_MOST - 2]:
        if after.tags.get(name) != inherited[name]:
            yield f"tag {name}"

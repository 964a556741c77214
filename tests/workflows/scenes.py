"""Prepared platforms and short questions about them, shared by the behaviour tests of the workflows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from backup_core.domain.copying import PointCopy
from backup_core.domain.disk import Disk, Snapshot
from backup_core.domain.durations import parse_duration
from backup_core.domain.events import Event
from backup_core.domain.instance import BackupInstance, InstanceRequest
from backup_core.domain.job import Job, JobOperation
from backup_core.domain.messages import Message
from backup_core.domain.recovery_point import RecoveryPoint, SnapshotLabel
from backup_core.domain.resource_ids import GroupId
from backup_core.domain.restore import RestoreRequest
from backup_core.ports import Insert, Replace, Stored
from backup_core.workflows.absence import DOUBTED_FOR
from backup_core.workflows.on_demand import request_backup
from backup_core.workflows.protection import configure_instance
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.restore import request_restore
from backup_core.workflows.vaults import put_policy, put_vault
from tests.builders import (
    OTHER_SUBSCRIPTION,
    SUBSCRIPTION,
    TARGET_GROUP,
    VAULT,
    disk_id,
    disk_json,
    point,
    policy,
    vault,
)
from tests.workflows.platform import Platform, request

SLOT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
HOURLY: dict[str, Any] = {"intervals": ("R/2026-03-01T00:00:00+00:00/PT1H",), "retention": "P7D"}
HALF_PAST: dict[str, Any] = {"intervals": ("R/2026-03-01T00:30:00+00:00/PT1H",), "retention": "P7D"}
EVERY_MINUTE: dict[str, Any] = {"intervals": ("R/2026-03-01T00:00:00+00:00/PT1M",), "retention": "PT30M"}
DAILY_AT_NOON: dict[str, Any] = {"intervals": ("R/2026-03-01T12:00:00+00:00/P1D",), "retention": "P7D"}

RESTORED = disk_id("restored", TARGET_GROUP)

M = TypeVar("M", bound=Message)


def protected(*names: str, disk: dict[str, Any] | None = None, **policy_properties: Any) -> Platform:
    """Disks that are protected (hourly, unless told otherwise), three seconds before the noon slot."""
    platform = Platform()
    platform.world.clock.set(SLOT - timedelta(seconds=10 + len(names)))
    for name in names or ("disk-1",):
        platform.protect(name, disk=disk, **(policy_properties or HOURLY))
    platform.world.clock.set(SLOT - timedelta(seconds=3))
    return platform


def backed_up(*names: str, **more: Any) -> Platform:
    """As `protected`, with the noon slot's recovery point."""
    platform = protected(*names, **more)
    platform.run(seconds=30)
    assert platform.points(names[0] if names else "disk-1")
    return platform


def go_to(platform: Platform, at: datetime, **run: float) -> None:
    """Skip to just before `at`, as in an outage; then let time pass."""
    platform.world.clock.set(at - timedelta(seconds=1))
    platform.run(**(run or {"seconds": 30}))


def ask_for_backup(
    platform: Platform, name: str = "disk-1", *, rule: str = "BackupHourly", tag: str | None = None
) -> Job:
    return request_backup(platform.world.ports, VAULT, name, rule_name=rule, retention_tag=tag)


def ask_for_restore(platform: Platform, name: str = "disk-1", **changes: Any) -> Job:
    """Of the newest point, to a disk `restored`."""
    values: dict[str, Any] = {"point_id": None, "target_disk_id": RESTORED}
    return request_restore(platform.world.ports, VAULT, name, RestoreRequest(**(values | changes)))


def configure_anew(platform: Platform, instance: InstanceRequest | None = None, **policy_properties: Any) -> bool:
    """As an operator does after a rebuild: the vault, the policy of disk-1 and its instance are written again. Answers
    whether the instance is new."""
    put_vault(platform.world.ports, vault())
    put_policy(platform.world.ports, VAULT, policy("policy-disk-1", **(policy_properties or HOURLY)))
    return configure_instance(platform.world.ports, VAULT, instance or request("disk-1"))[2]


def job_of(platform: Platform, job: Job) -> Job:
    """As it is by now."""
    return next(each for each in platform.jobs() if each.job_id == job.job_id)


def jobs(platform: Platform, operation: JobOperation = JobOperation.BACKUP, name: str = "disk-1") -> list[Job]:
    """Oldest first."""
    return [job for job in platform.jobs()[::-1] if job.operation is operation and job.instance_name == name]


def events(platform: Platform, kind: str) -> list[Event]:
    """What a receiver kept of the events `DiskBackup.<kind>`."""
    return [event for event in platform.world.events.distinct if event.type == f"DiskBackup.{kind}"]


def sent(platform: Platform, kind: type[M]) -> list[M]:
    return [message for message in platform.world.queue.sent if isinstance(message, kind)]


def change_instance(platform: Platform, name: str = "disk-1", **changes: Any) -> BackupInstance:
    """What another request or a hand in the table would do."""
    stored = platform.stored(BackupInstance, name)
    changed = replace(stored.value, **changes)
    with platform.world.faults.paused():
        platform.world.store.commit(VAULT, [Replace(stored, changed)])
    return changed


def change_point(platform: Platform, point_id: str, name: str = "disk-1", **changes: Any) -> None:
    _change_with_instance(platform, platform.stored(RecoveryPoint, name, point_id), name, changes)


def change_copy(platform: Platform, copy_id: str, name: str = "disk-1", **changes: Any) -> None:
    _change_with_instance(platform, platform.stored(PointCopy, name, copy_id), name, changes)


def _change_with_instance(platform: Platform, stored: Stored[Any], name: str, changes: Mapping[str, Any]) -> None:
    instance = platform.stored(BackupInstance, name)
    changed = Replace(stored, replace(stored.value, **changes))
    with platform.world.faults.paused():
        platform.world.store.commit(VAULT, [Replace(instance, instance.value), changed])


def lose(platform: Platform, gone: RecoveryPoint | PointCopy) -> None:
    """Its snapshot is gone, past the app, and was not found before, some minutes ago: the next look believes it."""
    platform.world.cloud.lose_snapshot(gone.snapshot_id)
    doubt(platform, gone)


def doubt(platform: Platform, *gone: RecoveryPoint | PointCopy) -> None:
    """They were not found some minutes ago."""
    since = platform.world.clock.now() - DOUBTED_FOR
    for each in gone:
        if isinstance(each, PointCopy):
            change_copy(platform, each.copy_id, each.instance_name, absent_since=since)
        else:
            change_point(platform, each.point_id, each.instance_name, absent_since=since)


def label_of(made: RecoveryPoint, **changes: Any) -> SnapshotLabel:
    values: dict[str, Any] = {
        "vault": VAULT,
        "instance_name": made.instance_name,
        "point_id": made.point_id,
        "job_id": made.job_id,
        "tag_name": made.tag_name,
        "retention": parse_duration("P7D"),
        "policy_name": made.policy_name,
        "slot": made.slot,
        "disk": made.disk,
    }
    return SnapshotLabel(**(values | changes))


def add_point(platform: Platform, at: datetime, *, name: str = "disk-1", **changes: Any) -> RecoveryPoint:
    """A recovery point with its snapshot, taken at `at`."""
    made = point(name, at=at, **changes)
    add_snapshot(platform, made)
    with platform.world.faults.paused():
        platform.world.store.commit(VAULT, [Insert(made)])
    return made


def add_snapshot(platform: Platform, made: RecoveryPoint, *, tags: dict[str, str] | None = None) -> Snapshot:
    """The snapshot of `made`, which may have no record."""
    own = label_of(made).tags() if tags is None else tags
    disk = Disk(raw=disk_json(made.instance_name))
    platform.world.cloud.add_snapshot(made.snapshot_id, source=disk, tags=own)
    platform.world.cloud._snapshots[made.snapshot_id.lower()].created_at = made.created_at
    with platform.world.faults.paused():
        snapshot = platform.world.cloud.find_snapshot(made.snapshot_id)
    assert snapshot is not None
    return snapshot


def asked_each_hour(platform: Platform, call: str) -> list[int]:
    """How often in each of six hours, in which the reconciler comes by every quarter."""
    counts = []
    for _ in range(6):
        before = platform.world.faults.count(call)
        for _ in range(4):
            platform.run(minutes=15)
            reconcile(platform.world.ports)
        counts.append(platform.world.faults.count(call) - before)
    return counts


def refuse(call: str, error: Exception, *, at: str | None = None) -> Callable[[str, str], None]:
    """A guard that refuses one kind of call to Azure, of one target with all in it or of all."""

    def guard(called: str, target: str) -> None:
        if called == call and f"{target}/".lower().startswith(f"{at}/".lower() if at else ""):
            raise error

    return guard


def other_group(name: str = "elsewhere-rg") -> GroupId:
    assert OTHER_SUBSCRIPTION != SUBSCRIPTION
    return GroupId(subscription=OTHER_SUBSCRIPTION, group=name)

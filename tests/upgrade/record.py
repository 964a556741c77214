"""Writes what a release leaves behind when it is stopped in the middle of everything: rows, messages, snapshots.

Runs with the code and the fakes of that release, not with today's:

    git worktree add /tmp/release 8fe830f && cd /tmp/release
    PYTHONPATH=. <this tree>/.venv/bin/python <this tree>/tests/upgrade/record.py \
        > <this tree>/tests/golden/upgrade/8fe830f.json

One instance for each thing that can be under way; its name says which. Leaves to others: what a later release makes of
it (test_upgrade.py).
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from backup_core.domain.errors import CloudUnavailable, Throttled
from backup_core.domain.restore import RestoreRequest
from backup_core.workflows.dispatch import dispatch
from backup_core.workflows.on_demand import request_backup
from backup_core.workflows.protection import configure_instance
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.restore import request_restore
from backup_core.workflows.retention import sweep
from tests.builders import TARGET_GROUP, VAULT, disk_id, disk_json
from tests.workflows.platform import Platform, request

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOURLY: dict[str, Any] = {"intervals": ("R/2026-03-01T00:00:00+00:00/PT1H",), "retention": "P7D"}
PROTECTED = (
    "quiet", "starting", "observing", "throttled", "demanded", "telling", "failed", "lost", "expiring", "restoring",
    "restored", "deleting",
)  # fmt: skip


def main() -> None:
    platform = Platform()
    an_hour_of_backups(platform)
    a_slot_half_answered(platform)
    requests_half_answered(platform)
    a_guarded_vault(platform)
    sys.stdout.write(written(left_behind(platform)))


def an_hour_of_backups(platform: Platform) -> None:
    """A point of the eleven o'clock slot for each; then a second, a lost and an orphaned one."""
    clock, cloud = platform.world.clock, platform.world.cloud
    clock.set(NOON - timedelta(minutes=70))
    for name in PROTECTED:
        platform.protect(name, **{**HOURLY, "retention": "PT60M" if name == "expiring" else "P7D"})
    clock.set(NOON - timedelta(minutes=60, seconds=3))
    platform.run(seconds=40)
    clock.set(NOON - timedelta(minutes=30))
    demand(platform, "expiring")
    platform.run(seconds=30)
    (lost,) = platform.points("lost")
    cloud.lose_snapshot(lost.snapshot_id)
    reconcile(platform.world.ports)
    cloud.remove_disk(disk_id("failed"))


def a_slot_half_answered(platform: Platform) -> None:
    """The noon slot: each instance is left where its name says."""
    world = platform.world
    world.clock.set(NOON)
    dispatch(world.ports)
    world.cloud.guard = guard("start_snapshot", Throttled("Too many requests.", retry_after_seconds=30), "throttled")
    deliver(platform, lambda name: name != "starting")
    world.clock.advance(seconds=3)
    deliver(platform, lambda name: name not in ("starting", "observing", "throttled", "telling"))
    world.faults.fail("events.publish", CloudUnavailable("The topic did not answer."), times=3)
    deliver(platform, lambda name: name == "telling")
    world.faults.clear()
    world.clock.advance(seconds=20)
    sweep(world.ports)
    world.cloud.guard = guard("delete_snapshot", CloudUnavailable("Azure did not answer."), "expiring")
    deliver(platform, lambda name: name == "expiring")
    world.cloud.guard = lambda call, target: None


def requests_half_answered(platform: Platform) -> None:
    ports, cloud = platform.world.ports, platform.world.cloud
    demand(platform, "demanded")
    for name in ("restoring", "restored"):
        target = disk_id(f"{name}-copy", TARGET_GROUP)
        request_restore(ports, VAULT, name, RestoreRequest(point_id=None, target_disk_id=target))
    deliver(platform, lambda name: name == "restored")
    cloud.add_disk(disk_json("configuring"))
    configure_instance(ports, VAULT, request("configuring", policy_name="policy-quiet"))
    delete_instance()(ports, VAULT, "deleting")


def a_guarded_vault(platform: Platform) -> None:
    """Of releases that have resource guards."""
    try:
        domain = importlib.import_module("backup_core.domain.guard")
        workflow = importlib.import_module("backup_core.workflows.guards")
    except ModuleNotFoundError:
        return
    ports, critical = platform.world.ports, domain.Critical
    guard = domain.ResourceGuard(
        subscription=VAULT.subscription, group=VAULT.group, name="guard-1", location="westeurope", created_at=NOON
    )
    workflow.put_guard(ports, guard, [critical.RESTORE.value], "somebody")
    workflow.map_guard(ports, VAULT, guard.resource_id, "somebody")
    workflow.unlock(ports, VAULT, [(critical.UNMAP, domain.proxy_id(VAULT))], "somebody")


def delete_instance() -> Callable[..., object]:
    """Where releases have it."""
    for place in ("lifecycle", "protection"):
        try:
            found = getattr(importlib.import_module(f"backup_core.workflows.{place}"), "delete_instance", None)
        except ModuleNotFoundError:
            continue
        if found is not None:
            return found  # type: ignore[no-any-return]
    raise LookupError("this release has no delete_instance where it is looked for")


def demand(platform: Platform, name: str) -> None:
    request_backup(platform.world.ports, VAULT, name, rule_name="BackupHourly", retention_tag=None)


def deliver(platform: Platform, wanted: Callable[[str], bool]) -> None:
    for envelope in platform.world.queue.due():
        if wanted(getattr(envelope.message, "instance_name", "")):
            platform._deliver(envelope)


def guard(call: str, error: Exception, name: str) -> Callable[[str, str], None]:
    def refuse(called: str, target: str) -> None:
        if called == call and name in target:
            raise error

    return refuse


def left_behind(platform: Platform) -> dict[str, Any]:
    world = platform.world
    assert not platform.failures, platform.failures
    assert not platform.poisoned, platform.poisoned
    return {
        "at": world.clock.now().isoformat(),
        "records": entities(world.store._records),
        "agenda": entities(world.store._agenda),
        "messages": [
            {"queue": each.queue, "text": each.text, "visibleAt": each.visible_at.isoformat()}
            for each in world.queue.waiting()
        ],
        "disks": {key: resource(each) for key, each in world.cloud._disks.items()},
        "snapshots": {key: resource(each) for key, each in world.cloud._snapshots.items()},
        "operations": {
            url: {"resourceId": each.resource_id, "readyAt": each.ready_at.isoformat()}
            for url, each in world.cloud._operations.items()
        },
        "groups": sorted(world.cloud.groups),
    }


def written(content: dict[str, Any]) -> str:
    """JSON with a line for each row."""
    parts = []
    for name, value in content.items():
        if isinstance(value, list):
            rows = [json.dumps(item) for item in value]
            text = "[\n" + ",\n".join(rows) + "\n]"
        elif isinstance(value, dict):
            rows = [f"{json.dumps(key)}: {json.dumps(item)}" for key, item in value.items()]
            text = "{\n" + ",\n".join(rows) + "\n}"
        else:
            text = json.dumps(value)
        parts.append(f"{json.dumps(name)}: {text}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def entities(table: dict[str, dict[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """As Table Storage holds them; its ETags are made anew."""
    return [
        {
            "PartitionKey": partition,
            "RowKey": row,
            **{k: v for k, v in columns.items() if k not in ("etag", "PartitionKey", "RowKey")},
        }
        for partition, rows in table.items()
        for row, columns in rows.items()
    ]


def resource(each: Any) -> dict[str, Any]:
    times = {"readyAt": each.ready_at, "copiedAt": each.copied_at, "createdAt": each.created_at}
    return {"raw": each.raw, **{name: at.isoformat() for name, at in times.items()}}


if __name__ == "__main__":
    main()

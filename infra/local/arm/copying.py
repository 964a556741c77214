"""Background copies: how many may run, when they run, and what makes one fail. Percentages are in `resources`."""

from __future__ import annotations

from infra.local.arm import errors
from infra.local.arm.resources import is_copying
from infra.local.arm.wire import Json
from infra.local.arm.world import Resource, World


def planned(world: World, starts: float) -> Json:
    """A copy that begins at `starts`, the end of the operation that ordered it [recorded: the operation ends first]."""
    return {"from": starts, "until": starts + world.settings.background_copy_seconds * world.settings.time_scale}


def check_room(world: World, subscription: str, now: float) -> None:
    """At most 50 background copies at a time in a subscription [documented]."""
    limit = world.settings.background_copies_per_subscription
    if sum(1 for _ in running(world, subscription, now)) >= limit:
        raise errors.not_allowed(
            f"The subscription already runs {limit} background copies. Try again when one is complete."
        )


def running(world: World, subscription: str, now: float) -> list[Resource]:
    """But for copies to other regions, which are counted by themselves."""
    return [
        resource
        for kind in ("disk", "snapshot")
        for resource in world.collections[kind]
        if is_copying(resource, now)
        and resource.subscription == subscription
        and resource.properties["creationData"]["createOption"] != "CopyStart"
    ]


def pending_snapshots(world: World, disk_unique_id: str, now: float) -> list[Resource]:
    """Snapshots of one disk whose background copy is not complete, oldest first."""
    family = (world.snapshots.find(key) for key in world.family.get(disk_unique_id, ()))
    return [snapshot for snapshot in family if snapshot is not None and is_copying(snapshot, now)]


def break_off(world: World, snapshot: Resource, now: float, error: Json) -> None:
    """Ends a copy for good: the snapshot stays incomplete and shows why in copyCompletionError."""
    snapshot.hidden["copy"] = {**snapshot.hidden["copy"], "stopped": now, "error": error}
    snapshot.properties["provisioningState"] = "Failed"
    snapshot.hidden["unmade"] = True
    world.keep(snapshot)
    world.write_down("snapshot.copy_failed", now, id=snapshot.id, reason=error["errorCode"])


def break_off_dependants(world: World, source: Resource, now: float) -> None:
    """What was still being copied from a disk or snapshot that is deleted cannot be completed any more."""
    error = {"errorCode": "CopySourceNotFound", "errorMessage": f"The copy source '{source.id}' was not found."}
    dependants = pending_snapshots(world, source.properties["uniqueId"], now)
    if source.kind == "snapshot":
        dependants = list(world.snapshots)
    for snapshot in dependants:
        creation = snapshot.properties["creationData"]
        if is_copying(snapshot, now) and creation.get("sourceUniqueId") == source.properties["uniqueId"]:
            break_off(world, snapshot, now, error)

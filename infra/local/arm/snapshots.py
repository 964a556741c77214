"""Snapshots: create (of a disk, or as a copy of a snapshot elsewhere), update, delete, and the limits on them.

Repeating a PUT on an existing name with the same source takes no new snapshot and succeeds [reported].
"""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from infra.local.arm import churn, copying, data, disks, errors, immutability, resources, skus, usages
from infra.local.arm.operations import accepted
from infra.local.arm.paths import parse
from infra.local.arm.wire import Answer, Call, Json, stamp
from infra.local.arm.world import Operation, Resource, World

INHERITED = (
    "osType",
    "hyperVGeneration",
    "purchasePlan",
    "supportedCapabilities",
    "securityProfile",
    "supportsHibernation",
)
OPTIONS = ("Copy", "CopyStart")


def register(world: World) -> None:
    world.settlers["snapshot.create"] = lambda operation: _settle_create(world, operation)
    world.settlers["snapshot.update"] = lambda operation: _settle_update(world, operation)
    world.settlers["snapshot.delete"] = lambda operation: _settle_delete(world, operation)


def put(world: World, call: Call) -> Answer:
    """Takes a snapshot; on an existing name with the same source nothing new is taken. Always 202 [recorded]."""
    resources.check_name(call.route.name, resources.SNAPSHOT_NAME)
    body = call.json()
    location = resources.location_of(body)
    creation = resources.creation_of(resources.properties_of(body))
    if creation["createOption"] not in OPTIONS:
        raise errors.not_imitated(f"snapshots with createOption '{creation['createOption']}'")
    if not creation.get("sourceResourceId"):
        raise errors.missing_parameter("creationData.sourceResourceId")
    present = world.snapshots.find(call.route.scope)
    if present is None:
        return _create(world, call, body, location)
    _check_same(present, body, location)
    if present.hidden.get("unmade") and world.settings.failed_is_made_anew:
        _vanish(world, present)
        return _create(world, call, body, location)
    return _update(world, call, present, body)


def patch(world: World, call: Call) -> Answer:
    return _update(world, call, resources.found_or_raise(world, call), call.json())


def delete(world: World, call: Call) -> Answer:
    """202; 204 when there is none. Refused while access is granted [documented of a disk restore point]."""
    world.group_or_raise(call.route.subscription, call.route.group)
    snapshot = world.snapshots.find(call.route.scope)
    if snapshot is None:
        return Answer(status=204)
    if snapshot.hidden.get("access_until", 0.0) > call.now:
        raise errors.access_granted("snapshot", snapshot.name)
    immutability.check_deletable(snapshot, call.now)
    operation = resources.begin(world, call, snapshot, "delete", world.settings.delete_seconds)
    snapshot.properties["provisioningState"] = "Deleting"
    world.keep(snapshot)
    world.write_down(
        "snapshot.deleted",
        call.now,
        id=snapshot.id,
        source=snapshot.properties["creationData"]["sourceResourceId"],
        principal=call.principal,
        tags=snapshot.body["tags"],
        timeCreated=snapshot.properties["timeCreated"],
        used_bytes=snapshot.hidden["used"],
        operation=operation.id,
    )
    return accepted(world, call, operation, None)


def remove(world: World, snapshot: Resource, at: float) -> None:
    """Takes the snapshot away at once; what only it held is merged into the next one of its disk [documented]."""
    _merge_into_next(world, snapshot)
    copying.break_off_dependants(world, snapshot, at)
    _vanish(world, snapshot)


def _check_same(present: Resource, body: Json, location: str) -> None:
    asked = body["properties"]["creationData"]["sourceResourceId"]
    if present.properties["provisioningState"] == "Deleting":
        raise errors.not_allowed(f"Snapshot {present.name} is being deleted.")
    if location != present.location:
        raise errors.location_changed(present.name, present.location, present.group, location)
    if asked.lower() != present.properties["creationData"]["sourceResourceId"].lower():
        raise errors.source_changed(present.name)


def _create(world: World, call: Call, body: Json, location: str) -> Answer:
    wishes = body["properties"]
    source = _source(world, call, wishes["creationData"], location)
    snapshot = _built(world, call, body, location, source)
    _check_limits(world, call, snapshot, source)
    operation = resources.begin(world, call, snapshot, "create", world.settings.snapshot_seconds)
    if snapshot.hidden["background"] or wishes["creationData"]["createOption"] == "CopyStart":
        snapshot.hidden["copy"] = copying.planned(world, operation.ends)
    _join_family(world, snapshot, source, call.now)
    world.keep(snapshot)
    world.write_down(
        "snapshot.created",
        call.now,
        id=snapshot.id,
        source=source.id,
        source_unique_id=source.properties["uniqueId"],
        principal=call.principal,
        tags=snapshot.body["tags"],
        timeCreated=snapshot.properties["timeCreated"],
        used_bytes=snapshot.hidden["used"],
        operation=operation.id,
    )
    return accepted(world, call, operation, resources.echo(call, body))


def _source(world: World, call: Call, creation: Json, location: str) -> Resource:
    """The disk of a Copy, the snapshot of a CopyStart; ArmError when it is missing, elsewhere or not ready."""
    source_id = creation["sourceResourceId"]
    route = parse(source_id)
    if route.kind not in ("disk", "snapshot") or not route.name:
        raise errors.invalid_parameter("sourceResourceId", f"The id '{source_id}' is not of a disk or snapshot.")
    source = world.collections[route.kind].find(source_id)
    if source is None:
        raise errors.source_not_found(route.kind, route.name)
    copies = creation["createOption"] == "CopyStart"
    if source.subscription != call.route.subscription and not copies:
        raise errors.not_allowed(f"{source.name} is in another subscription; its snapshot must be in the same one.")
    if source.properties["provisioningState"] not in ("Succeeded", "Updating") or (
        source.kind == "snapshot" and resources.is_copying(source, call.now)
    ):
        raise errors.not_allowed(f"{source.name} is not ready to be copied.")
    if copies:
        _check_copy_start(world, call, source, location)
    elif source.location != location:
        raise errors.wrong_place()
    return source


def _check_copy_start(world: World, call: Call, source: Resource, location: str) -> None:
    """Incremental snapshots only, into another region; one at a time per disk, in creation order; 100 at once per
    subscription and region [documented]."""
    if source.kind != "snapshot":
        raise errors.wrong_place()
    if not source.properties["incremental"] or not (call.json().get("properties") or {}).get("incremental"):
        raise errors.not_allowed("CopyStart copies incremental snapshots only.")
    if source.location == location:
        raise errors.not_allowed(f"CopyStart copies to another region; {source.name} lies in {location}.")
    busy = [
        snapshot
        for snapshot in world.snapshots
        if resources.is_copying(snapshot, call.now)
        and snapshot.properties["creationData"]["createOption"] == "CopyStart"
    ]
    family = _copied_family(source, location)
    disk = source.hidden["family"]
    if any(snapshot.hidden["family"].rpartition("@")[0] == disk for snapshot in busy):
        raise errors.not_allowed("A snapshot of the same disk is still being copied. Try again when it is complete.")
    limit = world.settings.copy_starts_per_region
    if (
        sum(1 for entry in busy if entry.location == location and entry.subscription == call.route.subscription)
        >= limit
    ):
        raise errors.copy_starts_limit(limit, location)
    _check_order(world, source, family)


def _check_order(world: World, source: Resource, family: str) -> None:
    copied = [world.snapshots.find(key) for key in world.family.get(family, ())]
    newest = max((entry.hidden["source_accepted"] for entry in copied if entry is not None), default=0.0)
    if source.hidden["accepted"] < newest:
        raise errors.not_allowed("Snapshots of one disk must be copied in the order of their creation.")


def _built(world: World, call: Call, body: Json, location: str, source: Resource) -> Resource:
    wishes = body["properties"]
    sku = (body.get("sku") or {}).get("name") or _usual_sku(world, source, location)
    if sku not in skus.SNAPSHOT_SKUS:
        raise errors.unknown_sku(sku)
    incremental = wishes.get("incremental", False)
    if not isinstance(incremental, bool):
        raise errors.invalid_parameter(
            "incremental", f"The value '{incremental}' of parameter 'incremental' is invalid."
        )
    hidden = _hidden(call, source, location, incremental=incremental)
    _check_instant_access(world, call, wishes["creationData"], source, hidden)
    shown = {
        "name": call.route.name,
        "id": call.route.scope,
        "type": "Microsoft.Compute/snapshots",
        "location": location,
        "tags": resources.tags_of(body),
        "sku": {"name": sku, "tier": skus.SNAPSHOT_SKUS[sku]},
        "properties": {
            **{name: source.properties[name] for name in INHERITED if name in source.properties},
            "creationData": _shown_creation(wishes["creationData"], source),
            "diskSizeGB": source.properties["diskSizeGB"],
            "encryption": _encryption(world, call, wishes, source, location),
            "incremental": incremental,
            **_network(world, wishes, location),
            "timeCreated": stamp(call.now),
            "provisioningState": "Updating",
            "diskState": "Unattached",
            "diskSizeBytes": source.properties["diskSizeBytes"],
            "uniqueId": world.new_guid(),
            **({"incrementalSnapshotFamilyId": str(uuid5(NAMESPACE_URL, hidden["family"]))} if incremental else {}),
        },
    }
    return Resource("snapshot", shown, hidden)


def _usual_sku(world: World, source: Resource, location: str) -> str:
    """As the disk's newest snapshot; the first is zone-redundant where the region has it [documented]."""
    earlier = world.family.get(source.properties["uniqueId"])
    newest = world.snapshots.find(earlier[-1]) if earlier else None
    if newest is not None:
        return newest.sku
    return "Standard_ZRS" if location in skus.ZONAL_REGIONS else "Standard_LRS"


def _hidden(call: Call, source: Resource, location: str, *, incremental: bool) -> Json:
    copied = source.kind == "snapshot"
    content = data.content_of(source) if copied else f"{data.content_of(source)} at {stamp(call.now)}"
    family = _copied_family(source, location) if copied else source.properties["uniqueId"]
    return {
        "accepted": call.now,
        "source_accepted": source.hidden.get("accepted", call.now),
        "principal": call.principal,
        "content": content,
        "family": family if incremental else f"full {call.route.scope.lower()} {call.now}",
        "background": source.hidden["background"] if copied else skus.is_background_copied(source.sku),
    }


def _copied_family(source: Resource, location: str) -> str:
    return f"{source.hidden.get('family', source.properties['uniqueId'])}@{location}"


def _shown_creation(creation: Json, source: Resource) -> Json:
    names = ("createOption", "sourceResourceId", "instantAccessDurationMinutes", "provisionedBandwidthCopySpeed")
    shown = {name: creation[name] for name in names if creation.get(name) is not None}
    shown["sourceUniqueId"] = source.properties["uniqueId"]
    sector = source.properties["creationData"].get("logicalSectorSize")
    return {**shown, "logicalSectorSize": sector} if sector is not None else shown


def _encryption(world: World, call: Call, wishes: Json, source: Resource, location: str) -> Json:
    """The disk's own: a disk and its incremental snapshots share one disk encryption set [documented]. A set lives in
    one region [documented]: a copy elsewhere that names none has the platform's key [remembered]."""
    present = source.properties["encryption"]
    asked = wishes.get("encryption")
    if asked is None and wishes["creationData"]["createOption"] == "CopyStart":
        return {"type": "EncryptionAtRestWithPlatformKey"}
    if asked is None:
        return dict(present)
    stored = disks.check_encryption(world, asked, subscription=call.route.subscription, location=location)
    same = stored.get("diskEncryptionSetId", "").lower() == present.get("diskEncryptionSetId", "").lower()
    if wishes.get("incremental") and source.kind == "disk" and not same:
        raise errors.not_allowed("An incremental snapshot must have the disk encryption set of its disk.")
    return stored


def _network(world: World, wishes: Json, location: str) -> Json:
    asked = {
        name: wishes[name]
        for name in ("networkAccessPolicy", "publicNetworkAccess", "diskAccessId", "dataAccessAuthMode")
        if wishes.get(name)
    }
    disks.check_access(world, asked, location)
    return {"networkAccessPolicy": "AllowAll", "publicNetworkAccess": "Enabled", **asked}


def _check_instant_access(world: World, call: Call, creation: Json, source: Resource, hidden: Json) -> None:
    minutes = creation.get("instantAccessDurationMinutes")
    if minutes is None:
        return
    if not hidden["background"] or source.kind != "disk":
        raise errors.invalid_parameter(
            "instantAccessDurationMinutes", "Instant access is for Premium SSD v2 and Ultra only."
        )
    if not isinstance(minutes, int) or not 60 <= minutes <= 300:
        raise errors.invalid_parameter("instantAccessDurationMinutes", f"Value '{minutes}' must be between 60 and 300.")
    if resources.is_copying(source, call.now):
        raise errors.not_allowed(f"Disk {source.name} is still being filled: no instant access yet.")
    hidden["instant_until"] = call.now + minutes * 60 * world.settings.time_scale


def _check_limits(world: World, call: Call, snapshot: Resource, source: Resource) -> None:
    settings = world.settings
    limit = settings.snapshots_per_region
    # Counted only when there can be so many at all: counting walks through the subscription.
    if len(world.snapshots) >= limit and _alike(world, call, snapshot) >= limit:
        raise errors.over_quota(usages.SNAPSHOTS[snapshot.sku][0], snapshot.location, limit)
    if snapshot.hidden["background"] and not snapshot.properties["incremental"]:
        raise errors.not_allowed(f"Only incremental snapshots can be taken of disk {source.name}.")
    if source.kind == "disk" and snapshot.properties["incremental"]:
        _check_disk_limits(world, call, source)
    copies = snapshot.properties["creationData"]["createOption"] == "CopyStart"  # has a limit of its own
    if not copies and (snapshot.hidden["background"] or source.kind == "snapshot"):
        copying.check_room(world, call.route.subscription, call.now)


def _alike(world: World, call: Call, snapshot: Resource) -> int:
    return usages.count(world.snapshots, call.route.subscription, snapshot.location, snapshot.sku)


def _check_disk_limits(world: World, call: Call, disk: Resource) -> None:
    """500 at a time, 7 in 5 minutes, 3 incomplete of Premium SSD v2 and Ultra [documented]; the code is reported for
    the first, and taken for the others too."""
    settings = world.settings
    unique = disk.properties["uniqueId"]
    recent = [at for at in world.taken.get(unique, ()) if at > call.now - settings.snapshot_window_seconds]
    if (
        len(world.family.get(unique, ())) >= settings.incremental_snapshots_per_disk
        or len(recent) >= settings.snapshots_per_window
        or len(copying.pending_snapshots(world, unique, call.now)) >= settings.pending_snapshots_per_disk
    ):
        raise errors.too_many_snapshots()


def _join_family(world: World, snapshot: Resource, source: Resource, now: float) -> None:
    """Adds the snapshot to those of its disk and decides how many bytes it holds."""
    family = world.family.setdefault(snapshot.hidden["family"], [])
    newest = world.snapshots.find(family[-1]) if family else None
    snapshot.hidden.update(_sizes(source, newest, now))
    family.append(snapshot.key)
    if source.kind == "disk" and snapshot.properties["incremental"]:
        unique = source.properties["uniqueId"]
        since = now - world.settings.snapshot_window_seconds
        world.taken[unique] = [*(at for at in world.taken.get(unique, ()) if at > since), now]
        world.store.put("taken", unique, {"disk": unique, "at": world.taken[unique]})


def _sizes(source: Resource, newest: Resource | None, now: float) -> Json:
    """First: all that is used on the disk. Later: what changed since the one before."""
    if source.kind == "snapshot":
        used = source.hidden["disk_used"]
        return {"disk_used": used, "used": used if newest is None else source.hidden["used"]}
    used = source.hidden["used"]
    if newest is None:
        return {"disk_used": used, "used": used}
    hours = (now - newest.hidden["accepted"]) / 3_600
    sector = source.properties["creationData"].get("logicalSectorSize", 512)
    changed = churn.changed_bytes(used=used, rate_per_hour=source.hidden["rate"], hours=hours, sector_size=sector)
    return {"disk_used": used, "used": changed}


def _update(world: World, call: Call, snapshot: Resource, body: Json) -> Answer:
    """Tags, SKU and network access; everything else of a snapshot is fixed."""
    if snapshot.properties["provisioningState"] == "Deleting":
        raise errors.not_allowed(f"Snapshot {snapshot.name} is being deleted.")
    wishes = body.get("properties") or {}
    tags = resources.tags_of(body) if body.get("tags") is not None else snapshot.body["tags"]
    network = _network(world, {**snapshot.properties, **wishes}, snapshot.location)
    sku = (body.get("sku") or {}).get("name") or snapshot.sku
    if sku not in skus.SNAPSHOT_SKUS:
        raise errors.unknown_sku(sku)
    operation = resources.begin(world, call, snapshot, "update", world.settings.update_seconds)
    if operation.fails is None:
        named = {"name": sku, "tier": skus.SNAPSHOT_SKUS[sku]}
        snapshot.body = {**snapshot.body, "tags": tags, "sku": named}
        snapshot.properties.update(network)
    resources.show_update(snapshot)
    world.keep(snapshot)
    what = "snapshot.repeated" if call.method == "PUT" else "snapshot.updated"
    world.write_down(what, call.now, id=snapshot.id, principal=call.principal, tags=snapshot.body["tags"])
    return accepted(world, call, operation, resources.echo(call, {"location": snapshot.location, **body}))


def _settle_create(world: World, operation: Operation) -> None:
    snapshot = resources.settle_write(world, operation)
    if operation.fails is None or snapshot is None:
        return
    world.write_down("snapshot.failed", operation.ends, id=snapshot.id, reason=operation.fails["code"])


def _settle_update(world: World, operation: Operation) -> None:
    resources.settle_write(world, operation)


def _settle_delete(world: World, operation: Operation) -> None:
    snapshot = world.snapshots.find(operation.target)
    if snapshot is None:
        return
    if operation.fails is None:
        remove(world, snapshot, operation.ends)
        return
    resources.settle_failed_delete(world, snapshot)
    world.write_down("snapshot.delete_failed", operation.ends, id=snapshot.id, reason=operation.fails["code"])


def _vanish(world: World, snapshot: Resource) -> None:
    family = world.family.get(snapshot.hidden["family"], [])
    if snapshot.key in family:
        family.remove(snapshot.key)
    if not family:
        world.family.pop(snapshot.hidden["family"], None)
    world.forget(snapshot)


def _merge_into_next(world: World, snapshot: Resource) -> None:
    family: list[Any] = world.family.get(snapshot.hidden["family"], [])
    after = family.index(snapshot.key) + 1 if snapshot.key in family else len(family)
    following = world.snapshots.find(family[after]) if after < len(family) else None
    if following is None:
        return
    used = following.hidden["disk_used"]
    following.hidden["used"] = churn.merged_bytes(
        used=used, older=snapshot.hidden["used"], newer=following.hidden["used"]
    )
    world.keep(following)

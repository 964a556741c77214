"""Managed disks: create (empty or as a copy), update, delete, and the rules by which Azure refuses.

Lists, lookups and what a GET shows are in `resources`; snapshots have their own file.
"""

from __future__ import annotations

from typing import Any

from infra.local.arm import copying, data, errors, resources, skus, usages
from infra.local.arm.operations import accepted
from infra.local.arm.paths import parse
from infra.local.arm.wire import Answer, ArmError, Call, Json, stamp
from infra.local.arm.world import Operation, Resource, World

SETTABLE = (
    "osType",
    "hyperVGeneration",
    "purchasePlan",
    "supportedCapabilities",
    "securityProfile",
    "supportsHibernation",
    "diskIOPSReadWrite",
    "diskMBpsReadWrite",
    "diskIOPSReadOnly",
    "diskMBpsReadOnly",
    "tier",
    "maxShares",
    "burstingEnabled",
    "networkAccessPolicy",
    "publicNetworkAccess",
    "diskAccessId",
    "dataAccessAuthMode",
    "optimizedForFrequentAttach",
    "availabilityPolicy",
    "encryption",
)
INHERITED = (
    "osType",
    "hyperVGeneration",
    "purchasePlan",
    "supportedCapabilities",
    "securityProfile",
    "supportsHibernation",
    "encryption",
    "diskSizeGB",
)
NETWORK_POLICIES = ("AllowAll", "AllowPrivate", "DenyAll")
AUTH_MODES = ("None", "AzureActiveDirectory")
RESIZED_DOWN = {"code": "InvalidParameter", "message": "Disks or snapshot cannot be resized down."}


def register(world: World) -> None:
    world.settlers["disk.create"] = lambda operation: _settle_create(world, operation)
    world.settlers["disk.update"] = lambda operation: _settle(world, operation)
    world.settlers["disk.delete"] = lambda operation: _settle_delete(world, operation)


def put(world: World, call: Call) -> Answer:
    """Creates a disk or updates the one of that name: always 202 [recorded]."""
    resources.check_name(call.route.name)
    body = call.json()
    present = world.disks.find(call.route.scope)
    if present is None or (present.hidden.get("unmade") and world.settings.failed_is_made_anew):
        return _create(world, call, body)
    return _update(world, call, present, body)


def patch(world: World, call: Call) -> Answer:
    return _update(world, call, resources.found_or_raise(world, call), call.json())


def delete(world: World, call: Call) -> Answer:
    """202; 204 when there is none; 409 at once when a machine holds it [recorded]."""
    world.group_or_raise(call.route.subscription, call.route.group)
    disk = world.disks.find(call.route.scope)
    if disk is None:
        return Answer(status=204)
    if disk.body.get("managedBy"):
        raise errors.attached(disk.name, disk.body["managedBy"])
    if disk.hidden.get("access_until", 0.0) > call.now:
        raise errors.access_granted("disk", disk.name)
    operation = resources.begin(world, call, disk, "delete", world.settings.delete_seconds)
    disk.properties["provisioningState"] = "Deleting"
    world.keep(disk)
    world.write_down("disk.deleted", call.now, id=disk.id, principal=call.principal, operation=operation.id)
    return accepted(world, call, operation, None)


def remove(world: World, disk: Resource, at: float) -> None:
    """Takes the disk away at once. Its complete snapshots stay; those still being copied from it fail [documented]."""
    copying.break_off_dependants(world, disk, at)
    world.forget(disk)


def check_encryption(world: World, encryption: Any, *, subscription: str, location: str) -> Json:
    """The encryption as stored; a disk encryption set must exist in the same subscription and region [documented]."""
    if not isinstance(encryption, dict):
        raise errors.invalid_parameter("encryption", "Parameter 'encryption' is invalid.")
    set_id = encryption.get("diskEncryptionSetId")
    if set_id is None:
        return {"type": "EncryptionAtRestWithPlatformKey", **encryption}
    found = world.collections["encryption_set"].find(set_id)
    if found is None:
        raise errors.source_not_found("disk encryption set", set_id.rsplit("/", 1)[-1])
    if found.subscription != subscription or found.location != location:
        raise errors.not_allowed(
            f"Disk encryption set {found.name} is in another subscription or region than the disk."
        )
    return {"type": encryption.get("type", "EncryptionAtRestWithCustomerKey"), "diskEncryptionSetId": set_id}


def _create(world: World, call: Call, body: Json) -> Answer:
    location = resources.location_of(body)
    wishes = resources.properties_of(body)
    creation = resources.creation_of(wishes)
    _check_security(wishes, creation)
    source = _source(world, creation, location)
    disk = _built(world, call, body, source)
    _check_region_room(world, disk)
    fails = _check_copy(world, call, disk, source) if source is not None else None
    operation = resources.begin(world, call, disk, "create", world.settings.disk_seconds, fails)
    if source is not None and source.kind == "snapshot" and skus.is_background_copied(disk.sku):
        disk.hidden["copy"] = copying.planned(world, operation.ends)
    if source is not None and source.kind == "snapshot" and world.damages:
        data.damage(disk, world.damages.pop(0))
    world.keep(disk)
    world.write_down(
        "disk.created",
        call.now,
        id=disk.id,
        source=creation.get("sourceResourceId"),
        principal=call.principal,
        tags=disk.body["tags"],
        timeCreated=disk.properties["timeCreated"],
        operation=operation.id,
    )
    return accepted(world, call, operation, resources.echo(call, body))


def _check_security(wishes: Json, creation: Json) -> None:
    """The security type is the source's; none can be set with the ways to create that are imitated [reported:
    Azure/azure-cli#22561]."""
    wanted = (wishes.get("securityProfile") or {}).get("securityType")
    if wanted is not None:
        message = (
            f"Security Type '{wanted}' is not supported for CreateOption '{creation['createOption']}'. Supported "
            "create options are FromImage, Import, ImportSecure, UploadPreparedSecure."
        )
        raise errors.bad_request(message)


def _built(world: World, call: Call, body: Json, source: Resource | None) -> Resource:
    wishes = body["properties"]
    location = resources.location_of(body)
    sku = (body.get("sku") or {}).get("name") or "Standard_LRS"
    skus.check_sku(sku, location)
    inherited = _inherited(source)
    size = wishes.get("diskSizeGB", inherited.pop("diskSizeGB", None))
    if size is None:
        raise errors.missing_parameter("disk.diskSizeGB")
    skus.check_size(sku, size)
    if wishes["creationData"].get("performancePlus"):
        skus.check_performance_plus(sku, size)
    zones = body.get("zones") or []
    skus.check_zones(sku, location, zones)
    properties = {
        **inherited,
        "creationData": _shown_creation(wishes["creationData"], source, sku),
        "diskSizeGB": size,
        **_checked(world, call, sku, location, size, wishes, inherited),
        **_fresh(world, size, call.now),
    }
    if sku == "PremiumV2_LRS" and properties.get("osType"):
        raise errors.not_allowed("A Premium SSD v2 disk cannot be an OS disk.")
    shown = {
        "name": call.route.name,
        "id": call.route.scope,
        "type": "Microsoft.Compute/disks",
        "location": location,
        **({"zones": zones} if zones else {}),
        "tags": resources.tags_of(body),
        "sku": {"name": sku, "tier": skus.DISK_SKUS[sku]},
        "properties": properties,
    }
    return Resource("disk", shown, _hidden(world, source, size, call.now))


def _fresh(world: World, size: int, now: float) -> Json:
    return {
        "timeCreated": stamp(now),
        "provisioningState": "Updating",
        "diskState": "Unattached",
        "diskSizeBytes": size * skus.GIB,
        "uniqueId": world.new_guid(),
    }


def _checked(world: World, call: Call, sku: str, location: str, size: int, wishes: Json, inherited: Json) -> Json:
    """The settable properties as stored: those asked for, checked, on top of the SKU's defaults."""
    asked = {name: wishes[name] for name in SETTABLE if wishes.get(name) is not None}
    tier = asked.get("tier")
    if tier is not None:
        skus.check_tier(sku, size, tier)
    own: Json = skus.performance(sku, size, tier)
    if skus.is_background_copied(sku):
        own = {
            **own,
            "readOnly": False,
            "diskIOPSReadOnly": own["diskIOPSReadWrite"],
            "diskMBpsReadOnly": own["diskMBpsReadWrite"],
            "maxShares": 1,
        }
        skus.check_provisioned(sku, size, {**own, **asked})
    elif {"diskIOPSReadWrite", "diskMBpsReadWrite"} & set(asked):
        asked = {name: value for name, value in asked.items() if name not in ("diskIOPSReadWrite", "diskMBpsReadWrite")}
    if "maxShares" in asked:
        skus.check_shares(sku, size, asked["maxShares"])
    if asked.get("burstingEnabled"):
        skus.check_bursting(sku, size)
    check_access(world, asked, location)
    encryption = asked.get("encryption", inherited.get("encryption", {}))
    asked["encryption"] = check_encryption(world, encryption, subscription=call.route.subscription, location=location)
    return {"networkAccessPolicy": "AllowAll", "publicNetworkAccess": "Enabled", **own, **asked}


def check_access(world: World, asked: Json, location: str) -> None:
    """The disk access goes with AllowPrivate only [reported: Azure/azure-cli#28510], and lies in the region of the disk
    [documented: a policy of Azure's own names one for each region; the refusal is remembered]."""
    policy = asked.get("networkAccessPolicy")
    if policy is not None and policy not in NETWORK_POLICIES:
        raise errors.invalid_parameter("networkAccessPolicy", f"The value '{policy}' is not supported.")
    if policy == "AllowPrivate" and not asked.get("diskAccessId"):
        raise errors.missing_parameter("diskAccessId")
    if asked.get("dataAccessAuthMode") not in (None, *AUTH_MODES):
        message = f"The value '{asked['dataAccessAuthMode']}' is not supported."
        raise errors.invalid_parameter("dataAccessAuthMode", message)
    access_id = asked.get("diskAccessId")
    if not access_id:
        return
    if policy != "AllowPrivate":
        message = "Disk Access is only supported for disks with NetworkAccessPolicy AllowPrivate"
        raise ArmError(400, "ConflictingUserInput", message)
    found = world.collections["disk_access"].find(access_id)
    if found is None:
        raise errors.source_not_found("disk access", access_id.rsplit("/", 1)[-1])
    if found.location != location:
        message = f"Disk access '{access_id}' is in {found.location}; it must be in {location}, as the disk is."
        raise errors.invalid_parameter("diskAccessId", message)


def _inherited(source: Resource | None) -> Json:
    """What a disk takes from its source when the caller does not say otherwise [SDK-read]; the generation without
    being named [recorded], the security type too [reported: Azure/azure-sdk-for-python#30479]."""
    if source is None:
        return {}
    return {name: source.properties[name] for name in INHERITED if name in source.properties}


def _shown_creation(creation: Json, source: Resource | None, sku: str) -> Json:
    kept = {name: value for name, value in creation.items() if value is not None and name != "sourceUniqueId"}
    if source is not None:
        kept["sourceUniqueId"] = source.properties["uniqueId"]
        inherited = source.properties["creationData"].get("logicalSectorSize")
        if inherited is not None:
            kept["logicalSectorSize"] = inherited
    if skus.is_background_copied(sku):
        kept.setdefault("logicalSectorSize", 512 if source is not None else 4_096)
    return kept


def _hidden(world: World, source: Resource | None, size: int, now: float) -> Json:
    """Used bytes are the source's; 0.1 to 1 % of them, or of a fiftieth of the disk, are written per hour."""
    hidden = {} if source is None else source.hidden
    used = int(hidden.get("disk_used", hidden.get("used", 0)))
    rate = max(used, size * skus.GIB // 50) * world.random.uniform(0.001, 0.01)
    copied = {} if source is None else {"content": data.content_of(source)}
    return {"used": used, "rate": rate, "since": now, **copied}


def _source(world: World, creation: Json, location: str) -> Resource | None:
    """The snapshot or disk to copy; None for an empty disk. Other ways to create are not imitated."""
    option = creation["createOption"]
    if option == "Empty":
        return None
    if option != "Copy":
        raise errors.not_imitated(f"disks with createOption '{option}'")
    source_id = creation.get("sourceResourceId")
    if not source_id:
        raise errors.missing_parameter("creationData.sourceResourceId")
    route = parse(source_id)
    if route.kind not in ("snapshot", "disk"):
        raise errors.invalid_parameter("sourceResourceId", f"The id '{source_id}' is not of a disk or snapshot.")
    source = world.collections[route.kind].find(source_id)
    if source is None:
        raise errors.source_not_found(route.kind, route.name)
    if source.location != location:
        raise errors.not_allowed(f"{source.name} is in {source.location}; a disk copied from it must be there too.")
    if source.properties["provisioningState"] != "Succeeded":
        raise errors.not_allowed(
            f"{source.name} is in state {source.properties['provisioningState']} and cannot be copied."
        )
    return source


def _check_copy(world: World, call: Call, disk: Resource, source: Resource) -> Json | None:
    """Refuses what cannot be restored; returns the error with which the operation will fail, if any."""
    background = skus.is_background_copied(disk.sku)
    if source.properties["creationData"].get("logicalSectorSize") == 4_096 and not background:
        raise errors.not_allowed(f"{source.name} has a sector size of 4096 and needs a Premium SSD v2 or Ultra disk.")
    if resources.is_copying(source, call.now):
        _check_unfinished(world, call, disk, source)
    if background and source.kind == "snapshot":
        copying.check_room(world, call.route.subscription, call.now)
        _check_siblings(world, call, source)
    return RESIZED_DOWN if disk.properties["diskSizeGB"] < source.properties["diskSizeGB"] else None


def _check_unfinished(world: World, call: Call, disk: Resource, source: Resource) -> None:
    """An incomplete snapshot can be restored only by instant access, to the same kind, not larger [documented]."""
    if source.hidden.get("instant_until", 0.0) <= call.now:
        percent = resources.percent(source, call.now)
        raise errors.not_allowed(f"{source.name} is not complete ({percent} %): it cannot be copied yet.")
    if not skus.is_background_copied(disk.sku) or disk.properties["diskSizeGB"] > source.properties["diskSizeGB"]:
        raise errors.not_allowed("Instant access restores to Premium SSD v2 or Ultra only, and not to a larger disk.")
    restored = sum(1 for entry in _restored_from(world, source) if resources.is_copying(entry, call.now))
    if restored >= world.settings.instant_access_disks:
        raise errors.not_allowed(f"{source.name} already serves {restored} disks by instant access.")


def _check_siblings(world: World, call: Call, source: Resource) -> None:
    limit = world.settings.disks_at_once_per_snapshot
    busy = sum(1 for disk in _restored_from(world, source) if resources.is_copying(disk, call.now))
    if busy >= limit:
        raise errors.not_allowed(f"{limit} disks are being created from {source.name}. Try again when one is complete.")


def _restored_from(world: World, source: Resource) -> list[Resource]:
    unique = source.properties["uniqueId"]
    return [disk for disk in world.disks if disk.properties["creationData"].get("sourceUniqueId") == unique]


def _check_region_room(world: World, disk: Resource) -> None:
    limit = world.settings.disks_per_region
    if len(world.disks) >= limit and usages.count(world.disks, disk.subscription, disk.location, disk.sku) >= limit:
        raise errors.over_quota(usages.DISKS[disk.sku][0], disk.location, limit)


def _update(world: World, call: Call, disk: Resource, body: Json) -> Answer:
    if disk.properties["provisioningState"] == "Deleting":
        raise errors.not_allowed(f"Disk {disk.name} is being deleted.")
    _check_unchanged(disk, body)
    changed, fails = _changed(world, call, disk, body)
    operation = resources.begin(world, call, disk, "update", world.settings.update_seconds, fails)
    if operation.fails is None:
        if changed.properties["diskSizeGB"] > disk.properties["diskSizeGB"]:
            _fail_pending(world, disk, call.now)
        disk.body = changed.body
    resources.show_update(disk)
    world.keep(disk)
    world.write_down("disk.updated", call.now, id=disk.id, principal=call.principal, tags=disk.body["tags"])
    return accepted(world, call, operation, resources.echo(call, {"location": disk.location, **body}))


def _check_unchanged(disk: Resource, body: Json) -> None:
    """What an update may not change: source and security type [reported], location and zones [remembered]."""
    creation = (body.get("properties") or {}).get("creationData") or {}
    present = disk.properties["creationData"]
    asked = creation.get("sourceResourceId") or ""
    if asked.lower() != present.get("sourceResourceId", asked).lower() or (
        creation and asked and "sourceResourceId" not in present
    ):
        raise errors.source_changed(disk.name)
    profile = (body.get("properties") or {}).get("securityProfile")
    if profile is not None and profile != disk.properties.get("securityProfile"):
        message = "Changing property 'securityProfile.securityType' is not allowed."
        raise ArmError(409, "PropertyChangeNotAllowed", message, target="securityProfile.securityType")
    option = creation.get("createOption", present["createOption"])
    if option != present["createOption"]:
        message = "Changing property 'creationData.createOption' is not allowed."
        raise ArmError(409, "PropertyChangeNotAllowed", message, target="creationData.createOption")
    if body.get("location") and resources.location_of(body) != disk.location:
        raise errors.location_changed(disk.name, disk.location, disk.group, body["location"])
    if body.get("zones") and body["zones"] != disk.body.get("zones", []):
        raise ArmError(409, "PropertyChangeNotAllowed", "Changing property 'zones' is not allowed.", target="zones")


def _changed(world: World, call: Call, disk: Resource, body: Json) -> tuple[Resource, Json | None]:
    """The disk as it will be, and the error with which the operation will fail instead, if any."""
    wishes = body.get("properties") or {}
    sku = (body.get("sku") or {}).get("name") or disk.sku
    size = wishes.get("diskSizeGB") or disk.properties["diskSizeGB"]
    _check_sku_change(disk, sku)
    skus.check_size(sku, size)
    _check_encryption_change(world, call, disk, wishes)
    kept = {
        name: disk.properties[name] for name in SETTABLE if name in disk.properties and not _follows_size(disk, name)
    }
    checked = _checked(world, call, sku, disk.location, size, {**kept, **_news(disk, wishes)}, {})
    properties = {**disk.properties, **checked, "diskSizeGB": size, "diskSizeBytes": size * skus.GIB}
    if "tier" not in checked:
        properties.pop("tier", None)
    if wishes.get("burstingEnabled") and not disk.properties.get("burstingEnabled"):
        properties["burstingEnabledTime"] = stamp(call.now)
    tags = resources.tags_of(body) if body.get("tags") is not None else disk.body["tags"]
    named = {"name": sku, "tier": skus.DISK_SKUS[sku]}
    changed = Resource("disk", {**disk.body, "tags": tags, "sku": named, "properties": properties}, disk.hidden)
    return changed, RESIZED_DOWN if size < disk.properties["diskSizeGB"] else None


def _news(disk: Resource, wishes: Json) -> Json:
    """What an update says anew. Clients send the whole disk back: a tier that nobody raised and that only repeats
    what a GET showed follows size and SKU, also down to a SKU without tiers [recorded]."""
    repeated = _follows_size(disk, "tier") and wishes.get("tier") == disk.properties.get("tier")
    return {name: value for name, value in wishes.items() if not (repeated and name == "tier")}


def _follows_size(disk: Resource, name: str) -> bool:
    """Performance that nobody set follows size and SKU; a raised tier or set IOPS stay."""
    if name == "tier":
        return "tier" in disk.properties and bool(
            disk.properties["tier"] == skus.performance(disk.sku, disk.properties["diskSizeGB"]).get("tier")
        )
    return name in ("diskIOPSReadWrite", "diskMBpsReadWrite") and not skus.is_background_copied(disk.sku)


def _check_sku_change(disk: Resource, sku: str) -> None:
    if sku == disk.sku:
        return
    skus.check_sku(sku, disk.location)
    skus.check_zones(sku, disk.location, disk.body.get("zones", []))
    if disk.body.get("managedBy"):
        raise errors.not_allowed(f"The SKU of disk {disk.name} cannot change while it is attached to a running VM.")
    if skus.is_background_copied(sku) or skus.is_background_copied(disk.sku):
        raise errors.not_allowed(f"Disk {disk.name} cannot change from {disk.sku} to {sku}; copy it by a snapshot.")


def _check_encryption_change(world: World, call: Call, disk: Resource, wishes: Json) -> None:
    asked = wishes.get("encryption")
    present = disk.properties["encryption"].get("diskEncryptionSetId")
    if not isinstance(asked, dict) or asked.get("diskEncryptionSetId") == present:
        return
    if world.family.get(disk.properties["uniqueId"]):
        raise errors.not_allowed(f"The encryption of disk {disk.name} cannot change: it has incremental snapshots.")
    if resources.is_copying(disk, call.now):
        raise errors.not_allowed(f"The encryption of disk {disk.name} cannot change while it is being filled.")


def _fail_pending(world: World, disk: Resource, now: float) -> None:
    """Growing a Premium SSD v2 or Ultra disk fails its snapshots that are still copied [documented]."""
    for snapshot in copying.pending_snapshots(world, disk.properties["uniqueId"], now):
        error = {"errorCode": "CopySourceNotFound", "errorMessage": f"Disk {disk.name} was resized during the copy."}
        copying.break_off(world, snapshot, now, error)


def _settle(world: World, operation: Operation) -> None:
    resources.settle_write(world, operation)


def _settle_create(world: World, operation: Operation) -> None:
    disk = resources.settle_write(world, operation)
    if operation.fails is None or disk is None:
        return
    world.write_down("disk.failed", operation.ends, id=disk.id, reason=operation.fails["code"])


def _settle_delete(world: World, operation: Operation) -> None:
    disk = world.disks.find(operation.target)
    if disk is None:
        return
    if operation.fails is not None:
        resources.settle_failed_delete(world, disk)
        world.write_down("disk.delete_failed", operation.ends, id=disk.id, reason=operation.fails["code"])
        return
    remove(world, disk, operation.ends)

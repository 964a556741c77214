"""Virtual machines, as far as swapping their disks needs them: GET with the instance view, PUT that replaces the OS
disk, attachDetachDataDisks, deallocate and start. None is created here by ARM: the control API puts them there.

What is refused, and in which words, is reported or documented as COVERAGE.md says; texts of our own are marked there.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from infra.local.arm import errors, resources
from infra.local.arm.operations import accepted
from infra.local.arm.paths import TYPE_NAMES, parse
from infra.local.arm.wire import Answer, ArmError, Call, Json
from infra.local.arm.world import Operation, Resource, World

MOST_DATA_DISKS = 16
CACHINGS = ("None", "ReadOnly", "ReadWrite")
LARGEST_CACHED_GIB = 4_095


def register(world: World) -> None:
    for verb in ("update", "power"):
        world.settlers[f"machine.{verb}"] = lambda operation: _settle(world, operation)


def read(world: World, call: Call) -> Answer:
    machine = resources.found_or_raise(world, call)
    return Answer(status=200, body=_shown(machine, with_view=call.query.get("$expand", "").lower() == "instanceview"))


def put(world: World, call: Call) -> Answer:
    """An update of the one that is there: of all that could change, another OS disk alone is imitated."""
    machine = resources.found_or_raise(world, call)
    body = call.json()
    _check_etag(machine, call)
    wished = ((body.get("properties") or {}).get("storageProfile") or {}).get("osDisk") or {}
    present = machine.properties["storageProfile"]["osDisk"]
    for name in ("createOption", "osType"):
        if wished.get(name) != present.get(name):
            message = f"Changing property 'osDisk.{name}' is not allowed."
            raise ArmError(409, "PropertyChangeNotAllowed", message, target=f"osDisk.{name}")
    managed = wished.get("managedDisk") or {}
    kind = managed.get("storageAccountType")
    if kind is not None and kind != (present.get("managedDisk") or {}).get("storageAccountType"):
        message = "Managed disk storage account type change through Virtual Machine is not allowed."
        raise errors.not_allowed(message)
    old, new = (present.get("managedDisk") or {}).get("id", ""), managed.get("id", "")
    if new.lower() == old.lower():
        return accepted(world, call, _begin(world, call, machine), _shown(machine))
    disk = _check_os_disk(world, machine, wished, old, new)

    def swap() -> None:
        profile = machine.properties["storageProfile"]
        os_disk = {**present, "name": disk.name, "managedDisk": {"id": disk.id, "storageAccountType": disk.sku}}
        machine.properties["storageProfile"] = {**profile, "osDisk": os_disk}
        _release(world, old)
        _hold(world, machine, disk)

    return _changed(world, call, machine, swap)


def attach_detach(world: World, call: Call) -> Answer:
    """Both lists at once are taken, but not at one LUN: that is not documented, and refused here."""
    machine = resources.found_or_raise(world, call)
    body = call.json()
    off = [str(each.get("diskId", "")).lower() for each in body.get("dataDisksToDetach") or ()]
    listed = machine.properties["storageProfile"]["dataDisks"]
    known = {each["managedDisk"]["id"].lower() for each in listed}
    for disk_id in off:
        if disk_id not in known:
            raise errors.invalid_parameter("dataDisksToDetach", f"Disk {disk_id} is not attached to {machine.name}.")
    taken = {each["lun"] for each in listed}
    added = [_check_data_disk(world, machine, each, taken) for each in body.get("dataDisksToAttach") or ()]
    if len(listed) - len(off) + len(added) > MOST_DATA_DISKS:
        message = f"The maximum number of data disks allowed to be attached to a VM of this size is {MOST_DATA_DISKS}."
        raise errors.not_allowed(message)

    def exchange() -> None:
        kept = [each for each in listed if each["managedDisk"]["id"].lower() not in off]
        profile = machine.properties["storageProfile"]
        machine.properties["storageProfile"] = {**profile, "dataDisks": [*kept, *(entry for _, entry in added)]}
        for disk_id in off:
            _release(world, disk_id)
        for disk, _ in added:
            _hold(world, machine, disk)

    return _changed(world, call, machine, exchange)


def deallocate(world: World, call: Call) -> Answer:
    return _powered(world, call, "deallocated")


def start(world: World, call: Call) -> Answer:
    return _powered(world, call, "running")


def add(world: World, wish: Mapping[str, Any]) -> Resource:
    """A machine that has always been there: `id`, `osDiskId` (absent: an ephemeral one), `dataDisks` (LUN to disk id),
    `power`, `zones`. Its disks have to be there and be free, or be held by it already."""
    route = parse(str(wish["id"]))
    if route.kind != "machine" or not route.name:
        raise ValueError(f"'{wish['id']}' is not the id of a virtual machine")
    world.group_or_raise(route.subscription, route.group)
    os_disk = _free(world, wish["osDiskId"], route.scope) if wish.get("osDiskId") else None
    held = {int(lun): _free(world, disk, route.scope) for lun, disk in (wish.get("dataDisks") or {}).items()}
    first = os_disk or next(iter(held.values()), None)
    if first is None:
        raise ValueError("a machine has an OS disk or a data disk at least")
    body: Json = {
        "name": route.name,
        "id": route.scope,
        "type": TYPE_NAMES["machine"],
        "location": first.location,
        **({"zones": wish["zones"]} if wish.get("zones") else {}),
        "tags": {},
        "etag": '"1"',
        "properties": {
            "vmId": str(uuid.uuid4()),
            "hardwareProfile": {"vmSize": "Standard_D4s_v5"},
            "storageProfile": {
                "osDisk": _os_entry(os_disk),
                "dataDisks": [_entry(disk, lun, "ReadOnly") for lun, disk in sorted(held.items())],
            },
            "provisioningState": "Succeeded",
        },
    }
    machine = Resource("machine", body, {"power": str(wish.get("power", "running"))})
    world.keep(machine)
    for disk in filter(None, (os_disk, *held.values())):
        _hold(world, machine, disk)
    return machine


def _free(world: World, disk_id: str, machine_id: str) -> Resource:
    disk = world.disks.find(str(disk_id))
    if disk is None:
        raise ValueError(f"there is no disk {disk_id}")
    if disk.body.get("managedBy", machine_id).lower() != machine_id.lower():
        raise ValueError(f"disk {disk_id} is attached to {disk.body['managedBy']}")
    return disk


def _os_entry(disk: Resource | None) -> Json:
    shared: Json = {"osType": "Linux", "createOption": "FromImage", "caching": "ReadWrite", "deleteOption": "Detach"}
    if disk is None:
        return {**shared, "name": "os", "caching": "ReadOnly", "diffDiskSettings": {"option": "Local"}}
    managed = {"id": disk.id, "storageAccountType": disk.sku}
    return {**shared, "osType": disk.properties.get("osType", "Linux"), "name": disk.name, "managedDisk": managed}


def _entry(disk: Resource, lun: int, caching: str, delete_option: str = "Detach") -> Json:
    return {
        "lun": lun,
        "name": disk.name,
        "createOption": "Attach",
        "caching": caching,
        "managedDisk": {"id": disk.id, "storageAccountType": disk.sku},
        "deleteOption": delete_option,
        "toBeDetached": False,
    }


# ---------------------------------------------------------------- what is refused


def _check_etag(machine: Resource, call: Call) -> None:
    wanted = call.if_match
    if wanted and wanted != machine.body["etag"]:
        message = f"The condition '{wanted}' in the If-Match header was not satisfied."
        raise ArmError(412, "PreconditionFailed", message)


def _check_os_disk(world: World, machine: Resource, wished: Json, old: str, new: str) -> Resource:
    if machine.properties["storageProfile"]["osDisk"].get("diffDiskSettings"):
        raise errors.not_allowed(f"The OS disk of {machine.name} is ephemeral and cannot be changed.")
    disk = _check_attachable(world, machine, new)
    if wished.get("name") != disk.name:
        message = "Changing property 'osDisk.name' is not allowed."
        raise ArmError(409, "PropertyChangeNotAllowed", message, target="osDisk.name")
    if machine.hidden["power"] != "deallocated":
        raise errors.not_allowed(f"The OS disk of {machine.name} cannot be changed while it is not deallocated.")
    before = world.disks.find(old)
    if before is None:
        return disk
    if disk.properties["diskSizeGB"] != before.properties["diskSizeGB"]:
        raise errors.not_allowed(f"OS disk {disk.name} has another size than the present one.")
    security = [(each.properties.get("securityProfile") or {}).get("securityType") for each in (before, disk)]
    same_generation = disk.properties.get("hyperVGeneration") == before.properties.get("hyperVGeneration")
    if security[0] != security[1] or not same_generation:
        message = "Security type of VM is not compatible with the security type of attached OS Disk."
        raise errors.bad_request(message)
    keys = [each.properties["encryption"].get("diskEncryptionSetId") for each in (before, disk)]
    if keys[0] != keys[1]:
        raise errors.not_allowed(f"OS disk {disk.name} has another disk encryption set than the present one.")
    return disk


def _check_data_disk(world: World, machine: Resource, wish: Json, taken: set[int]) -> tuple[Resource, Json]:
    disk = _check_attachable(world, machine, str(wish.get("diskId", "")))
    lun = wish.get("lun")
    if not isinstance(lun, int) or not 0 <= lun < 64:
        raise errors.invalid_parameter("lun", f"The value '{lun}' of parameter 'lun' is out of range.")
    if lun in taken:
        message = f"Cannot attach data disk '{disk.name}' to VM '{machine.name}' because the LUN {lun} is in use."
        raise ArmError(409, "OperationNotAllowed", message)
    taken.add(lun)
    caching = str(wish.get("caching") or "None")
    if caching not in CACHINGS:
        raise errors.invalid_parameter("caching", f"The value '{caching}' of parameter 'caching' is invalid.")
    uncached = disk.sku in ("PremiumV2_LRS", "UltraSSD_LRS") or disk.properties["diskSizeGB"] > LARGEST_CACHED_GIB
    if uncached and caching != "None":
        raise errors.not_allowed(f"Disk {disk.name} does not support caching '{caching}'.")
    return disk, _entry(disk, lun, caching, str(wish.get("deleteOption") or "Detach"))


def _check_attachable(world: World, machine: Resource, disk_id: str) -> Resource:
    disk = world.disks.find(disk_id)
    if disk is None:
        raise errors.source_not_found("disk", disk_id.rsplit("/", 1)[-1])
    holder = disk.body.get("managedBy")
    if holder:
        raise ArmError(409, "AttachDiskWhileBeingDetached", f"Disk {disk.name} is attached to VM {holder}.")
    if disk.location != machine.location:
        raise errors.bad_request(f"Disk {disk.name} lies in {disk.location}, VM {machine.name} in {machine.location}.")
    zones = [each.body.get("zones") or [] for each in (disk, machine)]
    if not disk.sku.endswith("_ZRS") and zones[0] != zones[1]:
        message = f"Disk {disk.name} cannot be attached to the VM because it is not in the same zone as the VM."
        raise errors.bad_request(message)
    return disk


# ---------------------------------------------------------------- changes


def _changed(world: World, call: Call, machine: Resource, change: Callable[[], None]) -> Answer:
    """What changes shows at once; that the operation is not over, in the state."""
    operation = _begin(world, call, machine)
    if operation.fails is None:
        change()
    machine.body["etag"] = f'"{uuid.uuid4()}"'
    world.keep(machine)
    world.write_down("machine.changed", call.now, id=machine.id, principal=call.principal, operation=operation.id)
    return accepted(world, call, operation, _shown(machine))


def _begin(world: World, call: Call, machine: Resource) -> Operation:
    if machine.hidden.get("busy_until", 0.0) > call.now:
        message = f"Another operation is in progress on VM {machine.name}."
        raise ArmError(409, "AnotherOperationInProgress", message)
    operation = resources.begin(world, call, machine, "update", world.settings.disk_seconds)
    machine.properties["provisioningState"] = "Updating"
    world.keep(machine)
    return operation


def _powered(world: World, call: Call, state: str) -> Answer:
    machine = resources.found_or_raise(world, call)
    operation = _begin(world, call, machine)
    if operation.fails is None:
        machine.hidden["power"] = state
        for disk_id in _disk_ids(machine):
            disk = world.disks.find(disk_id)
            if disk is not None:
                _hold(world, machine, disk)
    world.keep(machine)
    return accepted(world, call, operation, None)


def _settle(world: World, operation: Operation) -> None:
    machine = world.collections["machine"].find(operation.target)
    if machine is None:
        return
    machine.properties["provisioningState"] = "Succeeded"
    if operation.fails is None:
        operation.output = _shown(machine)
    world.keep(machine)


def _disk_ids(machine: Resource) -> list[str]:
    profile = machine.properties["storageProfile"]
    own = (profile["osDisk"].get("managedDisk") or {}).get("id")
    return [*([own] if own else []), *(each["managedDisk"]["id"] for each in profile["dataDisks"])]


def _hold(world: World, machine: Resource, disk: Resource) -> None:
    disk.body["managedBy"] = machine.id
    disk.properties["diskState"] = "Reserved" if machine.hidden["power"] == "deallocated" else "Attached"
    world.keep(disk)


def _release(world: World, disk_id: str) -> None:
    disk = world.disks.find(disk_id)
    if disk is not None:
        disk.body.pop("managedBy", None)
        disk.properties["diskState"] = "Unattached"
        world.keep(disk)


def _shown(machine: Resource, *, with_view: bool = False) -> Json:
    if not with_view:
        return machine.body
    codes = ("ProvisioningState/succeeded", f"PowerState/{machine.hidden['power']}")
    view = {"statuses": [{"code": code, "level": "Info"} for code in codes]}
    return {**machine.body, "properties": {**machine.properties, "instanceView": view}}

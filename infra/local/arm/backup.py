"""Azure Disk Backup, as far as a vault can be moved out of it: vaults, policies, instances and recovery points are
read, protection is stopped and resumed, an instance is deleted with its snapshots.

What there is the control API puts there, in the shapes that were recorded; nothing is backed up or expired by itself.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from infra.local.arm import errors, snapshots
from infra.local.arm.wire import Answer, ArmError, Call, Json, stamp
from infra.local.arm.world import Operation, World

KIND = "azure_backup"  # of documents in the store
NEVER = "0001-01-01T00:00:00Z"
TYPE = "Microsoft.DataProtection/backupVaults"
TYPES = {
    "backup_vault": TYPE,
    "backup_policy": f"{TYPE}/backupPolicies",
    "backup_instance": f"{TYPE}/backupInstances",
    "backup_point": f"{TYPE}/backupInstances/recoveryPoints",
}
_STATES = {"stopProtection": "ProtectionStopped", "resumeProtection": "ProtectionConfigured"}


def register(world: World) -> None:
    world.settlers["azure_backup.stopProtection"] = lambda operation: _settle_state(world, operation)
    world.settlers["azure_backup.resumeProtection"] = lambda operation: _settle_state(world, operation)
    world.settlers["azure_backup.delete"] = lambda operation: _settle_delete(world, operation)


def keep(world: World, documents: list[Json]) -> int:
    """Put resources there, as if they had always been; answers how many there are now."""
    for document in documents:
        key = str(document["id"]).lower()
        world.azure_backup[key] = document
        world.store.put(KIND, key, document)
    return len(world.azure_backup)


def read(world: World, call: Call) -> Answer:
    return Answer(status=200, body=_found_or_raise(world, call))


def listed(world: World, call: Call) -> Answer:
    """A page in the order of ids. A list of points leaves out what only one alone tells [recorded]."""
    _parent_or_raise(world, call)
    after = call.query.get("$skipToken", "")
    below = [each for each in _below(world, call.route.scope) if str(each["id"]).lower() > after]
    page = below[: world.settings.page_size]
    value = [_without_metadata(each) if call.route.kind == "backup_point" else each for each in page]
    body: Json = {"value": value}
    if len(page) < len(below):
        query = {**call.query, "$skipToken": str(page[-1]["id"]).lower()}
        body["nextLink"] = f"{call.base_url}{call.path}?{urlencode(query, safe='$')}"
    return Answer(status=200, body=body)


def act(world: World, call: Call) -> Answer:
    """202 with both URLs, and an operation that takes a while [recorded: 41 to 157 seconds]. Resuming what is protected
    is 200 at once [recorded]."""
    instance = _found_or_raise(world, call)
    wanted = _STATES[call.route.action]
    if call.route.action == "resumeProtection" and instance["properties"]["currentProtectionState"] == wanted:
        return Answer(status=200)
    return _accepted(world, call, call.route.action)


def delete(world: World, call: Call) -> Answer:
    """204 for what is not there, else 202 with both URLs [recorded]. Its snapshots go with it [documented]; soft delete
    is not imitated."""
    if call.route.scope.lower() not in world.azure_backup:
        return Answer(status=204)
    return _accepted(world, call, "delete")


def poll(world: World, call: Call) -> Answer:
    """Always 200, with the service's own words [recorded: `Inprogress`]."""
    name = base64.b64decode(call.route.name).decode("ascii", "replace").partition(";")[2]
    operation = world.operations.get(name)
    if operation is None:
        raise errors.operation_not_found()
    status = "Succeeded" if operation.settled and operation.fails is None else "Failed"
    body: Json = {
        "id": call.path,
        "name": call.route.name,
        "status": status if operation.settled else "Inprogress",
        "startTime": stamp(operation.started),
        "endTime": stamp(operation.ends) if operation.settled else NEVER,
    }
    if operation.fails is not None and operation.settled:
        body["error"] = operation.fails
    return Answer(status=200, body=body)


def _accepted(world: World, call: Call, verb: str) -> Answer:
    now = call.now
    fails = {"code": call.fail_late[0], "message": call.fail_late[1]} if call.fail_late else None
    operation = world.start(
        Operation(
            id=world.new_guid(),
            kind=KIND,
            verb=verb,
            target=call.route.scope,
            subscription=call.route.subscription,
            location="",
            started=now,
            ends=now + world.duration(world.settings.azure_backup_seconds),
            principal=call.principal,
            fails=fails,
        )
    )
    world.write_down(f"azure_backup.{verb}", now, id=call.route.scope, principal=call.principal)
    vault = "/".join(call.route.scope.split("/")[:9])
    name = base64.b64encode(f"{world.new_guid()};{operation.id}".encode()).decode()
    version = f"api-version={call.api_version}"
    results = f"/subscriptions/{call.route.subscription}/providers/Microsoft.DataProtection/locations"
    location = world.azure_backup[vault.lower()]["location"] if vault.lower() in world.azure_backup else "unknown"
    return Answer(
        status=202,
        headers={
            "Azure-AsyncOperation": f"{call.base_url}{vault}/operationStatus/{quote(name)}?{version}",
            "Location": f"{call.base_url}{results}/{location}/operationResults/{quote(name)}?{version}",
        },
    )


def _settle_state(world: World, operation: Operation) -> None:
    instance = world.azure_backup.get(operation.target.lower())
    if instance is None or operation.fails is not None:
        return
    state = _STATES[operation.verb]
    properties = {**instance["properties"], "protectionStatus": {"status": state}, "currentProtectionState": state}
    keep(world, [{**instance, "properties": properties}])


def _settle_delete(world: World, operation: Operation) -> None:
    if operation.fails is not None:
        return
    for point in list(_below(world, f"{operation.target}/recoveryPoints")):
        snapshot = world.snapshots.find(_snapshot_of(point))
        if snapshot is not None:
            snapshots.remove(world, snapshot, operation.ends)
            world.write_down("snapshot.deleted_by_azure_backup", operation.ends, id=snapshot.id)
        _forget(world, str(point["id"]))
    _forget(world, operation.target)


def _forget(world: World, resource_id: str) -> None:
    world.azure_backup.pop(resource_id.lower(), None)
    world.store.remove(KIND, resource_id.lower())


def _snapshot_of(point: Mapping[str, Any]) -> str:
    (disk,) = json.loads(point["properties"]["recoveryPointDataStoresDetails"][0]["metaData"])
    group = f"/subscriptions/{disk['snapshotSubscriptionId']}/resourceGroups/{disk['snapshotRGName']}"
    return f"{group}/providers/Microsoft.Compute/snapshots/{disk['snapshotName']}"


def _found_or_raise(world: World, call: Call) -> Json:
    world.group_or_raise(call.route.subscription, call.route.group)
    found = world.azure_backup.get(call.route.scope.lower())
    if found is None:
        raise errors.resource_not_found(TYPES[call.route.kind], call.route.name, call.route.group)
    return found


def _parent_or_raise(world: World, call: Call) -> None:
    """What lies in something that is not there [code remembered: ARM's own for a missing parent]."""
    world.group_or_raise(call.route.subscription, call.route.group)
    parent = call.route.scope.rpartition("/")[0]
    if parent.lower() not in world.azure_backup:
        message = f"Can not perform requested operation on nested resource. Parent resource '{parent}' not found."
        raise ArmError(404, "ParentResourceNotFound", message, gateway=True)


def _below(world: World, scope: str) -> Iterator[Json]:
    prefix = f"{scope.lower()}/"
    for key in sorted(world.azure_backup):
        if key.startswith(prefix) and "/" not in key[len(prefix) :]:
            yield world.azure_backup[key]


def _without_metadata(point: Json) -> Json:
    properties = point["properties"]
    stores = [{**store, "metaData": None} for store in properties["recoveryPointDataStoresDetails"]]
    return {**point, "properties": {**properties, "recoveryPointDataStoresDetails": stores}}

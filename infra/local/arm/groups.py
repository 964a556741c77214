"""What lies around disks: subscriptions, resource groups, regions, resource providers, disk encryption sets."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping

from infra.local.arm import errors, resources, skus, snapshots
from infra.local.arm.paths import group_id
from infra.local.arm.wire import Answer, ArmError, Call, Json
from infra.local.arm.world import GROUP_TYPE, Operation, World

GROUP_NAME = re.compile(r"[\w\-.()]{1,90}")
# The resource types of each provider with their api versions: clients that are not told a version choose one of them.
PROVIDERS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "Microsoft.Compute": {
        **dict.fromkeys(("disks", "snapshots", "diskEncryptionSets"), ("2025-01-02", "2024-03-02", "2023-04-02")),
        "locations/usages": ("2024-07-01",),
        "skus": ("2021-07-01",),
        "locations/diskOperations": ("2025-01-02", "2024-03-02", "2023-04-02"),
    },
    "Microsoft.Authorization": {
        "locks": ("2020-05-01", "2016-09-01"),
        **dict.fromkeys(("roleAssignments", "roleDefinitions", "permissions"), ("2022-04-01", "2018-07-01")),
    },
    "Microsoft.Resources": dict.fromkeys(
        ("subscriptions", "resourceGroups", "resources", "providers", "tags", "tenants", "locations"),
        ("2022-09-01", "2021-04-01"),
    ),
}


def register(world: World) -> None:
    world.settlers["group.delete"] = lambda operation: _settle_delete(world, operation)


def subscriptions(world: World, call: Call) -> Answer:
    """One subscription, or those in which the caller holds any role."""
    if call.route.name:
        return Answer(status=200, body=world.subscriptions[call.route.name.lower()])
    seen = [
        entry
        for name, entry in world.subscriptions.items()
        if world.assignments.sees_subscription(call.principal, name, call.now)
    ]
    return Answer(status=200, body={"value": seen, "count": {"type": "Total", "value": len(seen)}})


def tenants(world: World, _call: Call) -> Answer:
    """The tenants of the subscriptions, which is one here."""
    known = sorted({entry["tenantId"] for entry in world.subscriptions.values()})
    value = [{"id": f"/tenants/{tenant}", "tenantId": tenant, "tenantCategory": "Home"} for tenant in known]
    return Answer(status=200, body={"value": value})


def locations(_world: World, call: Call) -> Answer:
    value = [
        {
            "id": f"/subscriptions/{call.route.subscription}/locations/{name}",
            "name": name,
            "type": "Region",
            "displayName": name,
        }
        for name in skus.REGIONS
    ]
    return Answer(status=200, body={"value": value})


def providers(_world: World, call: Call) -> Answer:
    """Every provider the simulator has is registered."""
    if not call.route.name:
        return Answer(status=200, body={"value": [_provider(call, name) for name in PROVIDERS]})
    known = {name.lower(): name for name in PROVIDERS}
    if call.route.name.lower() not in known:
        message = f"The resource namespace '{call.route.name}' is invalid."
        raise ArmError(404, "InvalidResourceNamespace", message, gateway=True)
    return Answer(status=200, body=_provider(call, known[call.route.name.lower()]))


def read(world: World, call: Call) -> Answer:
    route = call.route
    if route.name:
        return Answer(status=200, body=world.group_or_raise(route.subscription, route.name))
    prefix = f"/subscriptions/{route.subscription}/".lower()
    action = "Microsoft.Resources/subscriptions/resourceGroups/read"
    visible = [
        world.groups[key]
        for key in sorted(world.groups)
        if key.startswith(prefix) and world.assignments.allow(call.principal, action, key, call.now)
    ]
    return Answer(status=200, body=_page(call, visible, world.settings.page_size))


def head(world: World, call: Call) -> Answer:
    """204 when it exists, 404 when not [documented]."""
    found = world.find_group(call.route.subscription, call.route.name)
    return Answer(status=204 if found is not None else 404)


def patch(world: World, call: Call) -> Answer:
    """The tags, all of them, where the body names any [documented]."""
    group = world.group_or_raise(call.route.subscription, call.route.name)
    body = call.json()
    if "location" in body and resources.location_of(body) != group["location"]:
        message = f"The resource group '{group['name']}' lies in '{group['location']}' and cannot be moved."
        raise ArmError(409, "InvalidResourceGroupLocation", message, gateway=True)
    changed = {**group, "tags": resources.tags_of(body)} if "tags" in body else group
    world.keep_group(changed)
    world.write_down("group.updated", call.now, id=group["id"], principal=call.principal)
    world.tell("write", group["id"], GROUP_TYPE, call.now, principal=call.principal)
    return Answer(status=200, body=changed)


def put(world: World, call: Call) -> Answer:
    """201 for a new group, 200 for one whose tags change; its location cannot [documented]."""
    route = call.route
    if not GROUP_NAME.fullmatch(route.name) or route.name.endswith("."):
        raise ArmError(
            400, "InvalidResourceGroup", f"The provided resource group name '{route.name}' is invalid.", gateway=True
        )
    body = call.json()
    location = resources.location_of(body)
    present = world.find_group(route.subscription, route.name)
    if present is not None and present["location"] != location:
        message = (
            f"Invalid resource group location '{location}'. The Resource group already exists in location "
            f"'{present['location']}'."
        )
        raise ArmError(409, "InvalidResourceGroupLocation", message, gateway=True)
    group = group_json(
        route.subscription, route.name if present is None else present["name"], location, resources.tags_of(body)
    )
    world.keep_group(group)
    world.write_down(
        "group.created" if present is None else "group.updated", call.now, id=group["id"], principal=call.principal
    )
    world.tell("write", group["id"], GROUP_TYPE, call.now, principal=call.principal)
    return Answer(status=201 if present is None else 200, body=group)


def delete(world: World, call: Call) -> Answer:
    """202 with Location only: 202 until it is gone, then 200 [recorded for the Location of a group's deletion]."""
    group = world.group_or_raise(call.route.subscription, call.route.name)
    operation = world.start(
        Operation(
            id=_job_id(world, group),
            kind="group",
            verb="delete",
            target=group["id"].lower(),
            subscription=call.route.subscription,
            location=group["location"],
            started=call.now,
            ends=call.now + world.duration(world.settings.group_delete_seconds),
            principal=call.principal,
        )
    )
    group["properties"]["provisioningState"] = "Deleting"
    world.keep_group(group)
    world.write_down("group.deleted", call.now, id=group["id"], principal=call.principal)
    url = f"{call.base_url}/subscriptions/{call.route.subscription}/operationresults/{operation.id}"
    return Answer(status=202, headers={"Location": f"{url}?api-version={call.api_version}", "Retry-After": "15"})


def poll(world: World, call: Call) -> Answer:
    operation = world.operations.get(call.route.name)
    if operation is None:
        raise errors.operation_not_found()
    if operation.settled:
        return Answer(status=200)
    url = f"{call.base_url}{call.path}?api-version={call.api_version}"
    return Answer(status=202, headers={"Location": url, "Retry-After": "15"})


def group_json(subscription: str, name: str, location: str, tags: dict[str, str]) -> Json:
    return {
        "id": group_id(subscription, name),
        "name": name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": location,
        "tags": tags,
        "properties": {"provisioningState": "Succeeded"},
    }


def _settle_delete(world: World, operation: Operation) -> None:
    scope = operation.target
    for snapshot in list(world.snapshots.below(scope)):
        snapshots.remove(world, snapshot, operation.ends)
    for kind in ("machine", "disk", "encryption_set", "disk_access"):
        for resource in list(world.collections[kind].below(scope)):
            world.forget(resource)
    if scope in world.groups:
        world.forget_group(world.groups[scope])


def _job_id(world: World, group: Json) -> str:
    job = {
        "jobId": f"RESOURCEGROUPDELETIONJOB-{group['name'].upper()}-{world.new_guid()}",
        "jobLocation": group["location"],
    }
    return base64.urlsafe_b64encode(json.dumps(job).encode()).decode().rstrip("=")


def _provider(call: Call, name: str) -> Json:
    return {
        "id": f"{f'/subscriptions/{call.route.subscription}' if call.route.subscription else ''}/providers/{name}",
        "namespace": name,
        "registrationState": "Registered",
        "registrationPolicy": "RegistrationRequired",
        "resourceTypes": [_resource_type(kind, versions) for kind, versions in PROVIDERS[name].items()],
    }


def _resource_type(kind: str, versions: tuple[str, ...]) -> Json:
    return {"resourceType": kind, "locations": [], "apiVersions": list(versions), "defaultApiVersion": versions[0]}


def _page(call: Call, entries: list[Json], size: int) -> Json:
    start = int(call.query.get("$skiptoken", "0") or 0) if call.query.get("$skiptoken", "0").isdigit() else 0
    body: Json = {"value": entries[start : start + size]}
    if start + size < len(entries):
        url = f"{call.base_url}{call.path}?api-version={call.api_version}&$skiptoken={start + size}"
        body["nextLink"] = url
    return body

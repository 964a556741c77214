"""What disks and snapshots have in common: names, lookup, lists, echoes, and the fields that change with time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from infra.local.arm import errors, skus
from infra.local.arm.paths import TYPE_NAMES
from infra.local.arm.wire import Answer, ArmError, Call, Json, stamp
from infra.local.arm.world import Operation, Resource, World

NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
SNAPSHOT_NAME = re.compile(r"[A-Za-z0-9_.-]{1,80}")
COPY_DETAIL = 10.0


def check_name(name: str, form: re.Pattern[str] = NAME) -> None:
    """At most 80 of a-z A-Z 0-9 _ - [documented], of a snapshot also . [recorded: those that Azure Backup takes]; the
    words are reported of a disk."""
    if not form.fullmatch(name):
        raise errors.invalid_parameter("disk.name", "The value of parameter disk.name is invalid.")


def location_of(body: Mapping[str, Any]) -> str:
    """The location as Azure stores it; ArmError 400 when it is missing [remembered] or unknown [reported]."""
    location = body.get("location")
    if not isinstance(location, str) or not location:
        raise ArmError(400, "LocationRequired", "The location property is required for this definition.", gateway=True)
    normal = location.replace(" ", "").lower()
    if normal not in skus.REGIONS:
        regions = ",".join(sorted(skus.REGIONS))
        message = (
            f"The provided location '{location}' is not available for resource type. List of available regions for the "
            f"resource type is '{regions}'."
        )
        raise ArmError(400, "LocationNotAvailableForResourceType", message, gateway=True)
    return normal


def tags_of(body: Mapping[str, Any]) -> dict[str, str]:
    """The tags; ArmError 400 when there are more than 50 or Azure does not take one [codes: of the characters
    documented, of lengths and number as the cmdlets of Az.Migrate repeat them]."""
    tags = body.get("tags") or {}
    if not isinstance(tags, dict) or not all(isinstance(value, str) for value in tags.values()):
        raise ArmError(400, "InvalidRequestContent", "Tags must be an object of strings.", gateway=True)
    if len(tags) > 50:
        message = (
            f"Too many tags specified. Requested tag count - '{len(tags)}'. Maximum number of tags allowed - '50'."
        )
        raise ArmError(400, "InvalidTags", message, gateway=True)
    if len({name.casefold() for name in tags}) < len(tags):
        message = "The tags hold one name twice: names are compared without case."
        raise ArmError(400, "InvalidRequestContent", message, gateway=True)
    for name, value in tags.items():
        _check_tag(name, value)
    return dict(tags)


def _check_tag(name: str, value: str) -> None:
    if re.search(r"[<>%&\\?/]", name) and not name.lower().startswith("hidden-link:"):
        message = f"The tag names '{name}' have reserved characters '<,>,%,&,\\,?,/' or control characters."
        raise ArmError(400, "InvalidTagNameCharacters", message, gateway=True)
    if not 0 < len(name) <= 512:
        message = f"Tag key '{name}' is empty or too large. Maximum allowed length for tag name - '512' characters."
        raise ArmError(400, "InvalidTagName", message, gateway=True)
    if len(value) > 256:
        message = f"Tag value of '{name}' is too large. Maximum allowed length for tag value - '256' characters."
        raise ArmError(400, "InvalidTagValueLength", message, gateway=True)


def properties_of(body: Mapping[str, Any]) -> Json:
    properties = body.get("properties")
    if not isinstance(properties, dict):
        raise errors.missing_parameter("properties")
    return properties


def creation_of(properties: Mapping[str, Any]) -> Json:
    creation = properties.get("creationData")
    if not isinstance(creation, dict) or not isinstance(creation.get("createOption"), str):
        raise errors.missing_parameter("creationData.createOption")
    return creation


def found_or_raise(world: World, call: Call) -> Resource:
    """The resource that the call names; ARM's own 404 when there is none [recorded]."""
    world.group_or_raise(call.route.subscription, call.route.group)
    found = world.collections[call.route.kind].find(call.route.scope)
    if found is None:
        raise errors.resource_not_found(TYPE_NAMES[call.route.kind], call.route.name, call.route.group)
    return found


def read(world: World, call: Call) -> Answer:
    return Answer(status=200, body=shown(found_or_raise(world, call), call.now))


def listed(world: World, call: Call) -> Answer:
    """One page of the resources of a group or subscription, in the order of their ids.

    Across a subscription a caller sees what lies in groups that it may read [documented of other lists, COVERAGE.md].
    """
    route = call.route
    after = call.query.get("$skiptoken", "")
    visible: dict[str, bool] = {}
    page: list[Resource] = []
    more = False
    for resource in world.collections[route.kind].below(route.scope, after=after):
        if not route.group and not _is_visible(world, call, resource, visible):
            continue
        if len(page) >= world.settings.page_size:
            more = True
            break
        page.append(resource)
    body: Json = {"value": [shown(resource, call.now) for resource in page]}
    if more:
        body["nextLink"] = f"{call.base_url}{call.path}?{_next_query(call, page[-1].key)}"
    return Answer(status=200, body=body)


def shown(resource: Resource, now: float) -> Json:
    """The resource as a GET shows it at an instant; what is absent is left out, never null [recorded]."""
    properties = dict(resource.properties)
    if resource.hidden.get("access_until", 0.0) > now:
        properties["diskState"] = "ActiveSAS"
    copy = resource.hidden.get("copy")
    if copy is not None:
        properties["completionPercent"] = percent(resource, now)
        if copy.get("error"):
            properties["copyCompletionError"] = copy["error"]
    if "immutability" in resource.hidden:
        properties["immutabilityPolicy"] = _immutability(resource, now)
    state = _access_state(resource, now)
    if state is not None:
        properties["snapshotAccessState"] = state
    return {**resource.body, "properties": properties}


def immutable_until(resource: Resource) -> float:
    """When the last immutability policy that was set ends; 0.0 without one."""
    policy = resource.hidden.get("immutability")
    return float(policy["start"] + policy["days"] * 86_400) if policy is not None else 0.0


def _immutability(resource: Resource, now: float) -> Json:
    """One that expired stays visible, with no days left [documented]."""
    policy, ends = resource.hidden["immutability"], immutable_until(resource)
    return {
        "immutabilityDurationDays": policy["days"] if now < ends else 0,
        "type": policy["type"],
        "policyStartTime": stamp(policy["start"]),
        "policyExpirationTime": stamp(ends),
        "isPolicyExpired": now >= ends,
    }


def percent(resource: Resource, now: float) -> float:
    """How much of the background copy is there, 0.0 to 100.0; 100.0 for what needs none."""
    copy = resource.hidden.get("copy")
    if copy is None or (now >= copy["until"] and not copy.get("error")):
        return 100.0
    seen = min(now, copy.get("stopped", now))
    span = max(copy["until"] - copy["from"], 0.001)
    reached = max(0.0, (seen - copy["from"]) / span) * 100.0
    return min(99.9, int(reached * COPY_DETAIL) / COPY_DETAIL)


def is_copying(resource: Resource, now: float) -> bool:
    copy = resource.hidden.get("copy")
    return copy is not None and not copy.get("error") and now < copy["until"]


def echo(call: Call, body: Json, **properties: Any) -> Json:
    """The body of the 202: the request again, with `provisioningState: Updating` and no more [recorded]."""
    route = call.route
    asked = body.get("properties")
    return {
        "name": route.name,
        "id": route.scope,
        "type": TYPE_NAMES[route.kind],
        **{name: value for name, value in body.items() if name != "properties" and value is not None},
        "properties": {**(asked if isinstance(asked, dict) else {}), **properties, "provisioningState": "Updating"},
    }


def begin(
    world: World, call: Call, resource: Resource, verb: str, span: tuple[float, float], fails: Json | None = None
) -> Operation:
    """Starts an operation on a resource, to end after the one that is under way; a fault can make it fail late."""
    late = {"code": call.fail_late[0], "message": call.fail_late[1]} if call.fail_late else None
    ends = max(call.now + world.duration(span), resource.hidden.get("busy_until", 0.0))
    resource.hidden["busy_until"] = ends
    return world.start(
        Operation(
            id=world.new_guid(),
            kind=resource.kind,
            verb=verb,
            target=resource.key,
            subscription=resource.subscription,
            location=resource.location,
            started=call.now,
            ends=ends,
            principal=call.principal,
            base_url=call.base_url,
            fails=fails or late,
        )
    )


def settle_write(world: World, operation: Operation) -> Resource | None:
    """Ends a create or update. A failed create leaves the resource as Failed [reported]; whether a failed update shows
    is a setting. Returns the resource unless it has vanished meanwhile."""
    resource = world.collections[operation.kind].find(operation.target)
    if resource is None:
        return None
    shows = operation.verb == "create" or world.settings.failed_change_shows
    failed = operation.fails is not None and shows
    if operation.verb == "create" or resource.properties["provisioningState"] == "Updating":
        resource.properties["provisioningState"] = "Failed" if failed else "Succeeded"
    if operation.verb == "create" and failed:
        resource.hidden["unmade"] = True
    if operation.fails is None:
        operation.output = shown(resource, operation.ends)
    world.keep(resource)
    return resource


def show_update(resource: Resource) -> None:
    """Updating, but for what was never made: no update makes it good."""
    if not resource.hidden.get("unmade"):
        resource.properties["provisioningState"] = "Updating"


def settle_failed_delete(world: World, resource: Resource) -> None:
    """What could not be deleted stays; whether its state tells is a setting."""
    resource.properties["provisioningState"] = "Failed" if world.settings.failed_change_shows else "Succeeded"
    world.keep(resource)


def _access_state(resource: Resource, now: float) -> str | None:
    """snapshotAccessState of snapshots that are copied in the background; others show none [recorded 2023]."""
    if resource.kind != "snapshot" or not resource.hidden.get("background"):
        return None
    instant = resource.hidden.get("instant_until", 0.0) > now
    if is_copying(resource, now):
        return "InstantAccess" if instant else "Pending"
    return "AvailableWithInstantAccess" if instant else "Available"


def _is_visible(world: World, call: Call, resource: Resource, seen: dict[str, bool]) -> bool:
    group = resource.id.rsplit("/providers/", 1)[0].lower()
    if group not in seen:
        action = f"{TYPE_NAMES[resource.kind]}/read"
        seen[group] = world.assignments.allow(call.principal, action, group, call.now)
    return seen[group] or world.assignments.allow(
        call.principal, f"{TYPE_NAMES[resource.kind]}/read", resource.id, call.now
    )


def _next_query(call: Call, token: str) -> str:
    kept = {**call.query, "api-version": call.api_version, "$skiptoken": token}
    return "&".join(f"{quote(name, safe='$')}={quote(value, safe='')}" for name, value in kept.items())

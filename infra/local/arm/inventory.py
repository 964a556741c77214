"""What ARM answers of all resources alike: lists of resources with a filter, and tags as a resource of their own.

Knows no rules of disks: a tag that is set here is there at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from infra.local.arm import errors, resources
from infra.local.arm.paths import TYPE_NAMES, parse
from infra.local.arm.wire import Answer, ArmError, Call, Json
from infra.local.arm.world import GROUP_TYPE, Resource, World

TAGS_TYPE = "Microsoft.Resources/tags"
OPERATIONS = ("merge", "replace", "delete")
_CLAUSE = re.compile(
    r"\s*(resourceType|name|location|resourceGroup|tagName|tagValue)\s+(eq|ne)\s+'((?:[^']|'')*)'\s*", re.IGNORECASE
)
_SUBSTRING = re.compile(r"\s*substringof\(\s*'((?:[^']|'')*)'\s*,\s*(name|resourceGroup)\s*\)\s*", re.IGNORECASE)
_FIELD = re.compile(
    r"(resourceType|name|location|resourceGroup|tagName|tagValue)(?=\s+(?:eq|ne)\s|\s*\))", re.IGNORECASE
)
Takes = Callable[[Resource], bool]


def listed(world: World, call: Call) -> Answer:
    """The resources of a group or subscription that the caller may read, in one page [documented; pages are ours]."""
    if call.route.group:
        world.group_or_raise(call.route.subscription, call.route.group)
    takes = read_filter(call.query.get("$filter", ""))
    found = [_shown(each) for each in _visible(world, call) if takes(each)]
    return Answer(status=200, body={"value": found})


def read_filter(text: str) -> Takes:
    """Clauses joined by `and`, or alternatives by `or` [documented]; ArmError 400 for anything else, and for tags
    together with other fields [reported: Azure/azure-cli#7674, Azure/azure-rest-api-specs#21324]."""
    if not text.strip():
        return lambda _: True
    fields = {field.lower().startswith("tag") for field in _FIELD.findall(text)}
    if len(fields) > 1:
        raise _invalid_filter(text)
    word = "or" if re.search(r"['\)]\s+or\s+", text, re.IGNORECASE) else "and"
    clauses = [_clause(part) for part in re.split(rf"(?<=['\)])\s+{word}\s+(?=\w)", text.strip(), flags=re.IGNORECASE)]
    return lambda resource: (any if word == "or" else all)(takes(resource) for takes in clauses)


def _clause(text: str) -> Takes:
    if match := _SUBSTRING.fullmatch(text):
        part, field = match[1].lower(), match[2].lower()
        return lambda resource: any(part in value for value in _values(resource, field))
    match = _CLAUSE.fullmatch(text)
    if match is None:
        raise _invalid_filter(text)
    field, wanted, is_equal = match[1].lower(), match[3].replace("''", "'").lower(), match[2].lower() == "eq"
    return lambda resource: (wanted in _values(resource, field)) is is_equal


def _invalid_filter(text: str) -> ArmError:
    message = f"Invalid $filter '{text}' specified in the query string."
    return ArmError(400, "InvalidFilterInQueryString", message, gateway=True)


def _values(resource: Resource, field: str) -> list[str]:
    tags: Mapping[str, str] = resource.body.get("tags") or {}
    known = {
        "resourcetype": [TYPE_NAMES[resource.kind]],
        "name": [resource.name],
        "location": [resource.location],
        "resourcegroup": [resource.group],
        "tagname": list(tags),
        "tagvalue": list(tags.values()),
    }
    return [value.lower() for value in known[field]]


def _visible(world: World, call: Call) -> Iterator[Resource]:
    for kind, collection in world.collections.items():
        for resource in collection.below(call.route.scope):
            if world.assignments.allow(call.principal, f"{TYPE_NAMES[kind]}/read", resource.id, call.now):
                yield resource


def _shown(resource: Resource) -> Json:
    names = ("id", "name", "type", "location", "tags", "sku", "zones", "managedBy", "identity")
    shown = {name: resource.body[name] for name in names if name in resource.body}
    return {**shown, "type": TYPE_NAMES[resource.kind], "provisioningState": resource.properties["provisioningState"]}


# ---------------------------------------------------------------- tags


def read_tags(world: World, call: Call) -> Answer:
    return _answer(call, _tagged(world, call).get("tags") or {})


def put_tags(world: World, call: Call) -> Answer:
    return _changed(world, call, lambda _: _given(call))


def patch_tags(world: World, call: Call) -> Answer:
    """Merge, Replace or Delete [documented]: names are compared without case, values with it."""
    operation = str(call.json().get("operation", "")).lower()
    if operation not in OPERATIONS:
        message = f"The tags patch operation '{operation}' is not one of Merge, Replace, Delete."
        raise ArmError(400, "InvalidTagsPatchOperation", message, gateway=True)
    given = _given(call)
    if operation == "replace":
        return _changed(world, call, lambda _: given)
    if operation == "merge":
        return _changed(world, call, lambda present: {**_without(present, dict.fromkeys(given, "")), **given})
    return _changed(world, call, lambda present: _without(present, given))


def delete_tags(world: World, call: Call) -> Answer:
    _changed(world, call, lambda _: {})
    return Answer(status=200)


def _given(call: Call) -> dict[str, str]:
    properties = call.json().get("properties")
    if not isinstance(properties, dict) or not isinstance(properties.get("tags"), dict):
        raise ArmError(400, "InvalidRequestContent", "The request needs properties.tags.", gateway=True)
    return resources.tags_of(properties)


def _without(present: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    named = {name.lower(): value for name, value in given.items()}
    return {
        name: value
        for name, value in present.items()
        if name.lower() not in named or named[name.lower()] not in ("", value)
    }


def _changed(world: World, call: Call, change: Callable[[Mapping[str, str]], dict[str, str]]) -> Answer:
    body = _tagged(world, call)
    tags = resources.tags_of({"tags": change(body.get("tags") or {})})
    body["tags"] = tags
    route = parse(call.route.scope)
    if route.kind in world.collections:
        found = resources_at(world, route.scope)
        world.keep(found)
        world.tell("write", found.id, TYPE_NAMES[found.kind], call.now, principal=call.principal)
    elif route.kind == "group":
        world.keep_group(body)
        world.tell("write", body["id"], GROUP_TYPE, call.now, principal=call.principal)
    else:
        world.keep_subscription(body)
    world.write_down("tags.updated", call.now, id=call.route.scope, principal=call.principal, tags=tags)
    return _answer(call, tags)


def resources_at(world: World, scope: str) -> Resource:
    route = parse(scope)
    found = world.collections[route.kind].find(route.scope)
    if found is None:
        raise errors.resource_not_found(TYPE_NAMES[route.kind], route.name, route.group)
    return found


def _tagged(world: World, call: Call) -> Json:
    """The body of what the tags are of: a resource, a resource group or a subscription."""
    route = parse(call.route.scope)
    if route.kind in world.collections and route.name:
        world.group_or_raise(route.subscription, route.group)
        return resources_at(world, route.scope).body
    if route.kind == "group" and route.name:
        return world.group_or_raise(route.subscription, route.name)
    if route.kind == "subscription" and route.name:
        return world.subscriptions[route.name.lower()]
    raise errors.unknown_type("tags", "Microsoft.Resources", call.api_version)


def _answer(call: Call, tags: Mapping[str, str]) -> Answer:
    body = {
        "id": f"{call.route.scope}/providers/{TAGS_TYPE}/default",
        "name": "default",
        "type": TAGS_TYPE,
        "properties": {"tags": dict(tags)},
    }
    return Answer(status=200, body=body)

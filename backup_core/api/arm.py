"""What a generic client asks ARM of our resources: the provider with its api versions, lists of resources, tags.

Azure's management endpoint answers these for all providers. Where this app is a cloud's only endpoint it answers them
for its own; behind another front door, its share.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from backup_core.api.call import Answer, Call
from backup_core.api.wire import body_of, list_answer, read_optional_body, skip_token
from backup_core.domain.errors import Fault, InvalidInput
from backup_core.domain.reading import Node, raise_faults
from backup_core.domain.resource_ids import VAULT
from backup_core.domain.tags import TAGS_AT_MOST
from backup_core.domain.vault import Vault
from backup_core.ports import Page, Ports
from backup_core.workflows import catalogue
from backup_core.workflows import vaults as workflow

PROVIDER = "Microsoft.DataProtection"
VERSIONS = (
    "2026-06-01",
    "2026-03-01",
    "2025-07-01",
    "2024-04-01",
    "2023-01-01",
)  # any is taken; clients take the first
TYPES = (
    "backupVaults",
    "backupVaults/backupPolicies",
    "backupVaults/backupInstances",
    "backupVaults/backupInstances/recoveryPoints",
    "backupVaults/backupJobs",
    "backupVaults/deletedBackupInstances",
    "backupVaults/protectionRules",
    "backupVaults/copyRules",
    "backupVaults/backupResourceGuardProxies",
    "resourceGuards",
    "locations",
    "operations",
)
_TAGS = "Microsoft.Resources/tags"
TAG_OPERATIONS = ("Merge", "Replace", "Delete")
_CLAUSE = re.compile(
    r"\s*(resourceType|name|location|resourceGroup|tagName|tagValue)\s+(eq|ne)\s+'((?:[^']|'')*)'\s*", re.IGNORECASE
)
_SUBSTRING = re.compile(r"\s*substringof\(\s*'((?:[^']|'')*)'\s*,\s*(name|resourceGroup)\s*\)\s*", re.IGNORECASE)
Takes = Callable[[Vault], bool]


# ---------------------------------------------------------------- the provider


def get_provider(ports: Ports, call: Call) -> Answer:
    del ports
    return Answer(status=200, body=_provider(call))


def register(ports: Ports, call: Call) -> Answer:
    """There is nothing to register. What a client says of consent is read as any body, and needed for nothing."""
    read_optional_body(call)
    return get_provider(ports, call)


def list_providers(ports: Ports, call: Call) -> Answer:
    del ports
    return Answer(status=200, body={"value": [_provider(call)]})


def _provider(call: Call) -> dict[str, Any]:
    """It is always registered: there is nothing in a subscription to be prepared."""
    scope = f"/subscriptions/{call.names['subscription']}" if "subscription" in call.names else ""
    types = [
        {"resourceType": name, "locations": [], "apiVersions": list(VERSIONS), "defaultApiVersion": VERSIONS[0]}
        for name in TYPES
    ]
    return {
        "id": f"{scope}/providers/{PROVIDER}",
        "namespace": PROVIDER,
        "resourceTypes": types,
        "registrationState": "Registered",
        "registrationPolicy": "RegistrationRequired",
    }


# ---------------------------------------------------------------- lists of resources


def list_in_subscription(ports: Ports, call: Call) -> Answer:
    takes = read_filter(call.parameter("$filter") or "")
    page = catalogue.list_vaults(ports, subscription=call.subscription, token=skip_token(call))
    return list_answer(call, _taken(call, page, takes), _resource)


def list_in_group(ports: Ports, call: Call) -> Answer:
    takes = read_filter(call.parameter("$filter") or "")
    group = call.group
    page = catalogue.list_vaults(ports, subscription=group.subscription, group=group.group, token=skip_token(call))
    return list_answer(call, _taken(call, page, takes), _resource)


def read_filter(text: str) -> Takes:
    """ARM's filter of resources: clauses joined by `and`, or alternatives by `or` (documented; not both, as ARM's).

    Raises InvalidInput for what is not understood: a filter that is ignored answers what was not asked for.
    """
    if not text.strip():
        return lambda _: True
    word = "or" if re.search(r"'\s+or\s+|\)\s+or\s+", text, re.IGNORECASE) else "and"
    parts = re.split(rf"(?<=['\)])\s+{word}\s+(?=\w)", text.strip(), flags=re.IGNORECASE)
    clauses = [_read_clause(part) for part in parts]
    return lambda vault: (any if word == "or" else all)(takes(vault) for takes in clauses)


def _read_clause(text: str) -> Takes:
    if match := _SUBSTRING.fullmatch(text):
        part, field = match[1].lower(), match[2].lower()
        return lambda vault: part in _FIELDS[field](vault)
    match = _CLAUSE.fullmatch(text)
    if match is None:
        fields = "resourceType, name, location, resourceGroup, tagName or tagValue"
        message = f"{text!r} is not understood; use {fields} eq '...'"
        raise InvalidInput([Fault(target="$filter", message=message, code="InvalidFilterInQueryString")])
    field, wanted = match[1].lower(), match[3].replace("''", "'").lower()
    is_equal = match[2].lower() == "eq"
    return lambda vault: (wanted in _FIELDS[field](vault).split("\n")) is is_equal


_FIELDS: Mapping[str, Callable[[Vault], str]] = {
    "resourcetype": lambda _: VAULT.lower(),
    "name": lambda vault: vault.key.name.lower(),
    "location": lambda vault: vault.location.lower(),
    "resourcegroup": lambda vault: vault.key.group.lower(),
    "tagname": lambda vault: "\n".join(name.lower() for name in vault.tags),
    "tagvalue": lambda vault: "\n".join(value.lower() for value in vault.tags.values()),
}


def _taken(call: Call, page: Page[Vault], takes: Takes) -> Page[Vault]:
    items = (stored for stored in page.items if call.may_see(stored.value.key) and takes(stored.value))
    return replace(page, items=tuple(items))


def _resource(vault: Vault) -> dict[str, Any]:
    tags = {"tags": dict(vault.tags)} if vault.tags else {}
    return {
        "id": vault.key.resource_id,
        "name": vault.key.name,
        "type": VAULT,
        "location": vault.location,
        **tags,
        "provisioningState": "Succeeded",
    }


# ---------------------------------------------------------------- tags of a vault


def get_tags(ports: Ports, call: Call) -> Answer:
    return _tags(catalogue.get_vault(ports, call.vault))


def put_tags(ports: Ports, call: Call) -> Answer:
    """All tags of the vault."""
    wanted = _read_tags(body_of(call))
    return _tags(workflow.tag_vault(ports, call.vault, lambda _: wanted))


def patch_tags(ports: Ports, call: Call) -> Answer:
    """Tags added or replaced, all replaced, or some taken away: by name, or by name and value where one is given."""
    node = body_of(call)
    operation = node.choice("operation", TAG_OPERATIONS, required=True)
    given = _read_tags(node)
    changes: Mapping[str, Callable[[Mapping[str, str]], dict[str, str]]] = {
        "Replace": lambda _: given,
        "Merge": lambda present: {**_without(present, given), **given},
        "Delete": lambda present: _without(present, given, by_value=True),
    }
    return _tags(workflow.tag_vault(ports, call.vault, lambda present: _checked(changes[operation](present))))


def delete_tags(ports: Ports, call: Call) -> Answer:
    workflow.tag_vault(ports, call.vault, lambda _: {})
    return Answer(status=200)


def _read_tags(node: Node) -> dict[str, str]:
    properties = node.child("properties", required=True)
    properties.child("tags", required=True)
    tags = properties.tags("tags")
    raise_faults(node)
    return tags


def _without(present: Mapping[str, str], given: Mapping[str, str], *, by_value: bool = False) -> dict[str, str]:
    """Names of tags are compared without case (documented), values with it."""
    named = {name.lower(): value for name, value in given.items()}
    return {
        name: value
        for name, value in present.items()
        if name.lower() not in named or (by_value and named[name.lower()] not in ("", value))
    }


def _checked(tags: dict[str, str]) -> dict[str, str]:
    if len(tags) > TAGS_AT_MOST:
        message = f"would have {len(tags)} tags; at most {TAGS_AT_MOST} are allowed"
        raise InvalidInput([Fault(target="properties.tags", message=message)])
    return tags


def _tags(vault: Vault) -> Answer:
    body = {
        "id": f"{vault.key.resource_id}/providers/{_TAGS}/default",
        "name": "default",
        "type": _TAGS,
        "properties": {"tags": dict(vault.tags)},
    }
    return Answer(status=200, body=body)

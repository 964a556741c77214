"""Backup vaults: create, change, read, list, delete. A vault is ready at once; its operations say Succeeded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from backup_core.api.call import Answer, Call
from backup_core.api.operation_ids import Operation, group_headers, status_header
from backup_core.api.reading import Node, check_name, plain_location, raise_faults, root
from backup_core.api.wire import list_answer, read_body, skip_token
from backup_core.domain.resource_ids import VAULT
from backup_core.domain.vault import Vault
from backup_core.ports import Ports
from backup_core.workflows import overview, protection

# What a client may set, and the words allowed there (specification). Everything else in `properties` is the service's.
_SETTINGS: Mapping[str, tuple[str, ...]] = {
    "monitoringSettings.azureMonitorAlertSettings.alertsForAllJobFailures": ("Enabled", "Disabled"),
    "securitySettings.softDeleteSettings.state": ("Off", "On", "AlwaysOn"),
    "securitySettings.immutabilitySettings.state": ("Disabled", "Unlocked", "Locked"),
    "featureSettings.crossSubscriptionRestoreSettings.state": ("Disabled", "PermanentlyDisabled", "Enabled"),
    "featureSettings.crossRegionRestoreSettings.state": ("Disabled", "Enabled"),
    "costManagementSettings.granularityLevel": ("VaultLevel", "ProtectedItemLevel", "ProtectedItemWithParentTag"),
}
_GROUPS = ("monitoringSettings", "securitySettings", "featureSettings", "costManagementSettings")
_STORES = ("OperationalStore", "VaultStore", "ArchiveStore")
_REDUNDANCIES = ("LocallyRedundant", "ZoneRedundant", "GeoRedundant")
_IDENTITIES = ("None", "SystemAssigned", "UserAssigned", "SystemAssigned,UserAssigned")
SOFT_DELETE_DAYS = (14, 180)  # documented


def get(ports: Ports, call: Call) -> Answer:
    return Answer(status=200, body=render(overview.get_vault(ports, call.vault)))


def list_in_group(ports: Ports, call: Call) -> Answer:
    group = call.group
    page = overview.list_vaults(ports, subscription=group.subscription, group=group.group, token=skip_token(call))
    return list_answer(call, page, render)


def list_in_subscription(ports: Ports, call: Call) -> Answer:
    page = overview.list_vaults(ports, subscription=call.subscription, token=skip_token(call))
    return list_answer(call, page, render)


def put(ports: Ports, call: Call) -> Answer:
    """201 for a new vault and for a changed one (recorded), with the operation's URL."""
    node = root(read_body(call))
    check_name(node, "vault", call.names["vault"])
    location = plain_location(node.text("location", required=True))
    tags, identity = node.tags("tags"), _read_identity(node)
    settings = _read_settings(node.child("properties", required=True))
    raise_faults(node)
    now = ports.clock.now()
    vault = Vault(key=call.vault, location=location, created_at=now, tags=tags, identity=identity, properties=settings)
    stored, created = protection.put_vault(ports, vault)
    body = render(stored, provisioning_state="Provisioning" if created else "Updating")
    return Answer(status=201, body=body, headers=status_header(call, Operation(vault=call.vault, done_at=now)))


def patch(ports: Ports, call: Call) -> Answer:
    """Tags are replaced as a whole, settings one by one; 200 at once."""
    node = root(read_body(call))
    tags, identity = node.tags("tags"), _read_identity(node)
    settings = _read_settings(node.child("properties"))
    raise_faults(node)
    vault = overview.get_vault(ports, call.vault)
    changed = replace(
        vault,
        tags=tags if node.has("tags") else vault.tags,
        identity=identity or vault.identity,
        properties=_merged(vault.properties, settings),
    )
    stored, _ = protection.put_vault(ports, changed)
    return Answer(status=200, body=render(stored))


def delete(ports: Ports, call: Call) -> Answer:
    """202 with both URLs; 204 when there is no such vault."""
    vault = overview.find_vault(ports, call.vault)
    if vault is None or not protection.delete_vault(ports, call.vault):
        return Answer(status=204)
    operation = Operation(vault=call.vault, done_at=ports.clock.now())
    return Answer(status=202, headers=group_headers(call, operation, vault.location))


def render(vault: Vault, *, provisioning_state: str = "Succeeded") -> dict[str, Any]:
    """The resource as the service writes it. Its two scores are not ours to give: both say so."""
    properties: dict[str, Any] = {"provisioningState": provisioning_state}
    stored = vault.properties
    properties |= {name: stored[name] for name in ("storageSettings",) if name in stored}
    properties["isVaultProtectedByResourceGuard"] = False
    properties |= {name: stored[name] for name in _GROUPS if name in stored}
    properties |= {"secureScore": "NotSupported", "bcdrSecurityLevel": "NotSupported", "replicatedRegions": []}
    return {
        **({"tags": dict(vault.tags)} if vault.tags else {}),
        "location": vault.location,
        **({"identity": dict(vault.identity)} if vault.identity else {}),
        "properties": properties,
        "id": vault.key.resource_id,
        "name": vault.key.name,
        "type": VAULT,
    }


def _read_identity(node: Node) -> dict[str, Any] | None:
    identity = node.child("identity")
    kind = identity.choice("type", _IDENTITIES, required=node.has("identity"))
    return {"type": kind} if kind else None


def _read_settings(node: Node) -> dict[str, Any]:
    """What a client may set, in the service's spelling and order."""
    settings: dict[str, Any] = {}
    stores = [_read_store(item) for item in node.children("storageSettings")]
    if stores:
        settings["storageSettings"] = stores
    for path, words in _SETTINGS.items():
        *parents, name = path.split(".")
        here = node
        for parent in parents:
            here = here.child(parent)
        word = here.choice(name, words)
        if word:
            _nested(settings, parents)[name] = word
    days = _read_days(node.child("securitySettings").child("softDeleteSettings"))
    if days is not None:
        _nested(settings, ["securitySettings", "softDeleteSettings"])["retentionDurationInDays"] = days
    return settings


def _read_store(item: Node) -> dict[str, str]:
    return {
        "datastoreType": item.choice("datastoreType", _STORES, required=True),
        "type": item.choice("type", _REDUNDANCIES, required=True),
    }


def _read_days(node: Node) -> float | None:
    days = node.raw("retentionDurationInDays")
    if days is None:
        return None
    least, most = SOFT_DELETE_DAYS
    if isinstance(days, bool) or not isinstance(days, int | float) or not least <= days <= most:
        node.fault("retentionDurationInDays", f"must be a number from {least} to {most}")
        return None
    return float(days)


def _nested(settings: dict[str, Any], parents: list[str]) -> dict[str, Any]:
    for parent in parents:
        settings = settings.setdefault(parent, {})
    return settings


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """`new` over `old`, object by object; a list replaces a list."""
    merged = dict(old)
    for name, value in new.items():
        before = merged.get(name)
        merged[name] = _merged(before, value) if isinstance(before, Mapping) and isinstance(value, Mapping) else value
    return merged

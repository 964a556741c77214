"""Backup vaults: create, change, read, list, delete. A vault is ready at once; its operations say Succeeded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from backup_core.api.call import Answer, Call
from backup_core.api.linked import refuse_closed
from backup_core.api.operation_ids import Operation, group_headers, status_header
from backup_core.api.questions import answered
from backup_core.api.reading import check_name
from backup_core.api.wire import body_of, instant, list_answer, skip_token
from backup_core.domain.acting import acting_identity
from backup_core.domain.audit import differences
from backup_core.domain.errors import NotFound
from backup_core.domain.reading import Node, raise_faults
from backup_core.domain.resource_ids import VAULT, VaultKey, parse_resource_id, plain_location
from backup_core.domain.vault import SOFT_DELETE_DAYS, Vault, merged_identity, merged_settings, weakenings
from backup_core.ports import Page, Ports
from backup_core.workflows import catalogue
from backup_core.workflows import vaults as workflow
from backup_core.workflows.guards import find_mapping, guarded_vaults
from backup_core.workflows.surroundings import check_place

# What a client may set, and the words allowed there (specification). Everything else in `properties` is the service's.
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "monitoringSettings.azureMonitorAlertSettings.alertsForAllJobFailures": ("Enabled", "Disabled"),
    "securitySettings.softDeleteSettings.state": ("Off", "On", "AlwaysOn"),
    "securitySettings.immutabilitySettings.state": ("Disabled", "Unlocked", "Locked"),
    "featureSettings.crossSubscriptionRestoreSettings.state": ("Disabled", "PermanentlyDisabled", "Enabled"),
    "featureSettings.crossRegionRestoreSettings.state": ("Disabled", "Enabled"),
    "costManagementSettings.granularityLevel": ("VaultLevel", "ProtectedItemLevel", "ProtectedItemWithParentTag"),
}
_GROUPS = ("monitoringSettings", "securitySettings", "featureSettings", "costManagementSettings")
# What Azure answers for a vault whose client said nothing of it (recorded).
_UNSAID = {"securitySettings": {"softDeleteSettings": {"state": "On", "retentionDurationInDays": SOFT_DELETE_DAYS}}}
# Azure takes no vault without (documented). Snapshots lie in the operational store, and a client that compares what it
# wants with what is there (Terraform, after an import) must not find nothing.
_UNSAID_STORES = [{"datastoreType": "OperationalStore", "type": "LocallyRedundant"}]
STORES = ("OperationalStore", "VaultStore", "ArchiveStore")
REDUNDANCIES = ("LocallyRedundant", "ZoneRedundant", "GeoRedundant")
IDENTITIES = ("None", "SystemAssigned", "UserAssigned", "SystemAssigned,UserAssigned")
USER_IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
_CHECK_NAME = "Microsoft.DataProtection/locations/checkNameAvailability/action"
SOFT_DELETE_RANGE = (14, 180)  # days (documented)
SHARE_RANGE = (0, 100)  # percent of a vault's backup instances; 100: no deletion brake (ours)


def get(ports: Ports, call: Call) -> Answer:
    return Answer(status=200, body=render_one(ports, catalogue.get_vault(ports, call.vault)))


def list_in_group(ports: Ports, call: Call) -> Answer:
    group = call.group
    page = catalogue.list_vaults(ports, subscription=group.subscription, group=group.group, token=skip_token(call))
    return _list_answer(ports, call, page)


def list_in_subscription(ports: Ports, call: Call) -> Answer:
    page = catalogue.list_vaults(ports, subscription=call.subscription, token=skip_token(call))
    return _list_answer(ports, call, page)


def _list_answer(ports: Ports, call: Call, page: Page[Vault]) -> Answer:
    guarded = guarded_vaults(ports)
    return list_answer(call, _seen(call, page), lambda vault: render(ports, vault, is_guarded=vault.key in guarded))


def list_deleted(ports: Ports, call: Call) -> Answer:
    """Vaults are deleted only when they are empty, and then for good: there is never one to undelete."""
    del ports, call
    return Answer(status=200, body={"value": []})


def get_deleted(ports: Ports, call: Call) -> Answer:
    del ports
    raise NotFound(f"The deleted vault '{call.names['vault']}' was not found: an empty vault is deleted for good.")


def check_name_availability(ports: Ports, call: Call) -> Answer:
    """Whether a vault may be created under a name in this resource group."""
    node = body_of(call)
    name = node.text("name", required=True)
    node.choice("type", (VAULT,), required=True)
    raise_faults(node)
    check_name(node, "vault", name)
    group = call.group
    if node.faults:
        return _availability("Invalid", node.faults[0].message)
    vault = VaultKey(subscription=group.subscription, group=group.group, name=name)
    refuse_closed(call, vault.resource_id, target="name", action=_CHECK_NAME)
    if answered(ports, call, lambda: catalogue.find_vault(ports, vault)) is not None:
        return _availability("AlreadyExists", f"Resource group '{group.group}' has a vault '{name}' already.")
    return _availability("", "")


def _availability(reason: str, message: str) -> Answer:
    return Answer(status=200, body={"nameAvailable": not reason, "reason": reason or None, "message": message or None})


def _seen(call: Call, page: Page[Vault]) -> Page[Vault]:
    """The page without the vaults that the caller may not see."""
    return replace(page, items=tuple(stored for stored in page.items if call.may_see(stored.value.key)))


def put(ports: Ports, call: Call) -> Answer:
    """201 for a new vault and for a changed one (recorded), with the operation's URL."""
    node = body_of(call)
    check_name(node, "vault", call.names["vault"])
    location = node.location("location", required=True)
    tags, identity = node.tags("tags"), _read_identity(node)
    settings = _read_settings(node.child("properties", required=True))
    raise_faults(node)
    now = ports.clock.now()
    vault = Vault(
        key=call.vault,
        location=location,
        created_at=now,
        tags=tags,
        identity=identity and merged_identity(None, identity),
        properties=settings,
    )
    if catalogue.find_vault(ports, vault.key) is None:
        check_place(ports, vault)
    change = workflow.put_vault(ports, vault, keeps_identity=identity is None, by=call.caller.object_id)
    body = render_one(ports, change.after, provisioning_state="Provisioning" if change.is_new else "Updating")
    headers = status_header(call, Operation(vault=call.vault, done_at=now))
    return Answer(status=201, body=body, headers=headers, changes=_changes(change))


def patch(ports: Ports, call: Call) -> Answer:
    """Tags are replaced as a whole, settings one by one; 200 at once."""
    node = body_of(call)
    tags, identity = node.tags("tags"), _read_identity(node)
    settings = _read_settings(node.child("properties"))
    raise_faults(node)
    change = workflow.patch_vault(
        ports,
        call.vault,
        tags=tags if node.has("tags") else None,
        identity=identity,
        settings=settings,
        by=call.caller.object_id,
    )
    return Answer(status=200, body=render_one(ports, change.after), changes=_changes(change))


def _changes(change: workflow.VaultChange) -> tuple[str, ...]:
    return differences(_content(change.before), _content(change.after)) if change.before is not None else ()


def _content(vault: Vault) -> dict[str, Any]:
    return {"tags": vault.tags, "identity": vault.identity, "properties": vault.properties, **_pending(vault)}


def _pending(vault: Vault) -> dict[str, Any]:
    """Ours: the settings that are to become weaker, and from when on. What is in force stands where Azure has it, so
    that a client that compares sees what it asked for once that is so, and one that writes back what it read takes the
    weakening back."""
    if vault.weaker_from is None:
        return {}
    changes = [str(each) for each in weakenings(vault, vault.at(vault.weaker_from))]
    return {"pendingWeakening": {"effectiveTime": instant(vault.weaker_from), "changes": changes}}


def delete(ports: Ports, call: Call) -> Answer:
    """202 with both URLs; 204 when there is no such vault."""
    vault = catalogue.find_vault(ports, call.vault)
    if vault is None or not workflow.delete_vault(ports, call.vault):
        return Answer(status=204)
    operation = Operation(vault=call.vault, done_at=ports.clock.now())
    return Answer(status=202, headers=group_headers(call, operation, vault.location))


def render_one(ports: Ports, vault: Vault, *, provisioning_state: str = "Succeeded") -> dict[str, Any]:
    is_guarded = find_mapping(ports, vault.key) is not None
    return render(ports, vault, is_guarded=is_guarded, provisioning_state=provisioning_state)


def render(ports: Ports, vault: Vault, *, is_guarded: bool, provisioning_state: str = "Succeeded") -> dict[str, Any]:
    """The resource as the service writes it."""
    properties: dict[str, Any] = {"provisioningState": provisioning_state}
    stored = vault.properties
    properties["storageSettings"] = stored.get("storageSettings") or _UNSAID_STORES
    properties["isVaultProtectedByResourceGuard"] = is_guarded
    told = merged_settings(_UNSAID, stored)
    properties |= {name: told[name] for name in _GROUPS if name in told} | _pending(vault)
    score, level = vault.security_score(is_guarded=is_guarded)
    properties |= {"secureScore": score, "bcdrSecurityLevel": level, "replicatedRegions": _copied_to(vault)}
    return {
        **({"tags": dict(vault.tags)} if vault.tags else {}),
        "location": vault.location,
        **({"identity": _identity(ports, vault.identity or {})} if vault.has_identity else {}),
        "properties": properties,
        "id": vault.key.resource_id,
        "name": vault.key.name,
        "type": VAULT,
    }


def _copied_to(vault: Vault) -> list[str]:
    """The regions that copies are made in, by the vault's rules."""
    return sorted({plain_location(rule.location) for rule in vault.copy_rules})


def _identity(ports: Ports, identity: Mapping[str, Any]) -> dict[str, Any]:
    """With the ids by which roles are assigned to whoever acts for the vault (recorded): a system-assigned identity is
    the app's own, but for a vault that names another beside it, which then acts; roles that are assigned to the vault
    hit that one."""
    shown = dict(identity)
    own, acts = catalogue.find_identity(ports), catalogue.find_identity(ports, acting_identity(identity))
    if "SystemAssigned" in identity["type"] and acts.principal_id:
        shown["principalId"] = acts.principal_id
    if "userAssignedIdentities" in identity:
        named = {name: catalogue.find_identity(ports, name) for name in identity["userAssignedIdentities"]}
        shown["userAssignedIdentities"] = {
            name: {"clientId": found.client_id, "principalId": found.principal_id} if found.principal_id else {}
            for name, found in named.items()
        }
    return shown | ({"tenantId": own.tenant_id} if own.tenant_id else {})


def _read_identity(node: Node) -> dict[str, Any] | None:
    """As the client wrote it: what is null among user-assigned ones is to be taken away."""
    identity = node.child("identity")
    if isinstance(identity.raw("type"), str):  # "SystemAssigned, UserAssigned" is how other providers write it
        plain = {name: value for name, value in identity.value.items() if name.lower() != "type"}
        identity = replace(identity, value={**plain, "type": identity.raw("type").replace(" ", "")})
    kind = identity.choice("type", IDENTITIES, required=True)
    named = identity.child("userAssignedIdentities")
    for name in named.value:
        try:
            parse_resource_id(name, USER_IDENTITY)
        except ValueError as error:
            named.fault("", str(error)[:500])
    if not kind:
        return None
    given: dict[str, Any] = {name: None if value is None else {} for name, value in named.value.items()}
    return {"type": kind, "userAssignedIdentities": given}


def _read_settings(node: Node) -> dict[str, Any]:
    """What a client may set, in the service's spelling and order."""
    if node.child("securitySettings").has("encryptionSettings"):
        node.fault(
            "securitySettings.encryptionSettings",
            "a vault has no store of its own here: encrypt snapshots by their disks' encryption sets, and the records "
            "by the customer-managed key of the app's storage account",
            "UserErrorEncryptionSettingsNotSupported",
        )
    settings: dict[str, Any] = {}
    stores = [_read_store(item) for item in node.children("storageSettings")]
    if len({store["datastoreType"] for store in stores}) < len(stores):
        node.fault("storageSettings", "names a datastoreType twice")
    if stores:
        settings["storageSettings"] = stores
    for path, words in SETTINGS.items():
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
    share = node.child("securitySettings").child("deletionBrakeSettings").decimal("sharePercent", *SHARE_RANGE)
    if share is not None:
        _nested(settings, ["securitySettings", "deletionBrakeSettings"])["sharePercent"] = share
    return settings


def _read_store(item: Node) -> dict[str, str]:
    return {
        "datastoreType": item.choice("datastoreType", STORES, required=True),
        "type": item.choice("type", REDUNDANCIES, required=True),
    }


def _read_days(node: Node) -> float | None:
    days = node.raw("retentionDurationInDays")
    if days is None:
        return None
    least, most = SOFT_DELETE_RANGE
    if isinstance(days, bool) or not isinstance(days, int | float) or not least <= days <= most:
        node.fault("retentionDurationInDays", f"must be a number from {least} to {most}")
        return None
    return float(days)


def _nested(settings: dict[str, Any], parents: list[str]) -> dict[str, Any]:
    for parent in parents:
        settings = settings.setdefault(parent, {})
    return settings

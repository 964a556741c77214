"""Which backup instance, or vault, a request for another region means: its body names one of the resource group that
the URL names.

Leaves to others: whether it is there, and what is asked of it (cross_region.py).
"""

from __future__ import annotations

from dataclasses import replace

from backup_core.api.call import Call
from backup_core.api.reading import is_name
from backup_core.api.wire import readable_body
from backup_core.domain.reading import node_of
from backup_core.domain.resource_ids import VAULT, VaultKey, is_safe_name

DETAILS = "crossRegionRestoreDetails"
INSTANCE_ID = "sourceBackupInstanceId"
VAULT_ID = "sourceBackupVaultId"
_RESTORE = "/crossregionrestore"


def vault_in(call: Call, text: str) -> VaultKey | None:
    """The vault of an id, None for what is no vault's id in the group of the URL."""
    start = f"{call.group.text}/providers/{VAULT}/"
    name = text[len(start) :].rstrip("/")
    if not text.lower().startswith(start.lower()) or not is_safe_name(name):
        return None
    return VaultKey(subscription=call.subscription, group=call.names["group"], name=name)


def instance_in(call: Call, text: str) -> tuple[VaultKey, str] | None:
    """The vault and the name of an instance, None for what is no instance's id in the group of the URL."""
    *_, kind, name = ["", *text.rstrip("/").rsplit("/", 2)]
    if kind.lower() != "backupinstances" or not is_name(name):
        return None
    vault = vault_in(call, text.rstrip("/")[: -len(f"/{kind}/{name}")])
    return None if vault is None else (vault, name)


def in_instance(call: Call, vault: VaultKey, name: str) -> Call:
    """The call as if it lay in the instance: a restore of it."""
    resource = f"{vault.resource_id}/backupInstances/{name}/restore"
    return replace(call, names={**call.names, "vault": vault.name, "instance": name}, resource=resource)


def as_audited(call: Call) -> Call:
    """The call as its audit record tells of it: a restore is looked for with the vault that it is out of."""
    if not call.resource.lower().endswith(_RESTORE):
        return call
    found = instance_in(call, node_of(readable_body(call)).child(DETAILS).text(INSTANCE_ID))
    return call if found is None else replace(call, resource=in_instance(call, *found).resource)

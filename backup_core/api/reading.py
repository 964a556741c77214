"""What several bodies have in common: names of our resources, and ids of what they refer to.

Leaves to others: how fields are read and faults gather (domain/reading.py), and what is in one body alone.
"""

from __future__ import annotations

import re

from backup_core.domain.acting import OWN
from backup_core.domain.errors import Fault
from backup_core.domain.reading import Node
from backup_core.domain.resource_ids import DISK, GroupId, VaultKey, parse_group_id, parse_resource_id

# Lengths of Azure's naming rules for these resource types (remembered; the specification has none for disks). An
# instance is named `<disk>-<disk>-<guid>` by the clients, so that its limit follows from a disk's 80 letters.
NAME_LENGTHS = {
    "vault": (2, 50),
    "policy": (3, 150),
    "instance": (2, 200),
    "rule": (1, 150),
    "guard": (2, 90),
    "plan": (1, 150),
}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-_.]*")


def is_name(text: str) -> bool:
    """Whether a resource of ours may be called so, whatever its length."""
    return NAME.fullmatch(text) is not None


def check_name(node: Node, kind: str, name: str) -> None:
    """Note a fault when a resource may not be created under `name`. `kind` is a key of NAME_LENGTHS."""
    least, most = NAME_LENGTHS[kind]
    if not least <= len(name) <= most or not is_name(name):
        message = (
            f"{name!r}: the name of {'an' if kind == 'instance' else 'a'} {kind} has {least} to {most} letters, "
            "digits, '-', '_' or '.', and begins with a letter or digit"
        )
        node.faults.append(Fault(target="name", message=message, code="InvalidResourceName"))


def read_policy_name(node: Node, vault: VaultKey) -> str:
    """The name in `policyId`, which has to lie in the vault."""
    text = node.text("policyId", required=True)
    start = f"{vault.resource_id}/backupPolicies/"
    name = text[len(start) :]
    if text and (not text.lower().startswith(start.lower()) or not is_name(name)):
        node.fault("policyId", f"must name a policy of this vault: {start}<name>")
    return name


def read_snapshot_group(node: Node, key: str, subscription: str, whose: str, code: str = "BadRequest") -> str:
    """The resource group that takes the snapshots; it has to lie in the subscription of the disks (documented).

    `subscription` is that one, "" where it is not known; `whose` says what it is the subscription of.
    """
    group: GroupId | None = node.parsed(key, parse_group_id, required=True, code=code)
    if group is None:
        return ""
    if subscription and group.subscription.lower() != subscription.lower():
        message = f"the snapshot resource group must lie in the subscription of the {whose}"
        node.fault(key, message, "UserErrorSnapshotRGSubscriptionMismatch")
    return group.text


def read_disk_id(source: Node, *, kind_needed: bool = False) -> str:
    """The disk that a datasource names; "" when it names none."""
    source.choice("datasourceType", (DISK,), required=kind_needed)
    source.choice("resourceType", (DISK,))
    source.choice("objectType", ("Datasource",))
    disk = source.parsed("resourceID", lambda text: parse_resource_id(text, DISK), required=True)
    return disk.text if disk else ""


def read_identity(node: Node) -> str | None:
    """The identity that `identityDetails` chooses: a user-assigned one by its id, OWN for the vault's system-assigned
    one, which is the app's own here; None where nothing is chosen."""
    details = node.child("identityDetails")
    is_own, named = details.flag("useSystemAssignedIdentity"), details.text("userAssignedIdentityArmUrl")
    if is_own and named:
        details.fault("userAssignedIdentityArmUrl", "must be absent where useSystemAssignedIdentity is true")
    return OWN if is_own else named or None

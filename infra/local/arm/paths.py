"""Reads ARM paths: which kind of thing a path names, in which subscription and group, and on which scope.

Paths are matched without regard to case; the caller's own spelling is kept in what is returned.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

COMPUTE_TYPES = {
    "disks": "disk",
    "snapshots": "snapshot",
    "diskencryptionsets": "encryption_set",
    "diskaccesses": "disk_access",
    "virtualmachines": "machine",
}
TYPE_NAMES = {
    "disk": "Microsoft.Compute/disks",
    "snapshot": "Microsoft.Compute/snapshots",
    "encryption_set": "Microsoft.Compute/diskEncryptionSets",
    "disk_access": "Microsoft.Compute/diskAccesses",
    "machine": "Microsoft.Compute/virtualMachines",
}
BACKUP_TYPES = {"backuppolicies": "backup_policy", "backupinstances": "backup_instance"}
BACKUP_ACTIONS = {"stopprotection": "stopProtection", "resumeprotection": "resumeProtection"}
ACTIONS = {
    "begingetaccess": "beginGetAccess",
    "endgetaccess": "endGetAccess",
    "updateimmutabilitypolicy": "updateImmutabilityPolicy",
    "updateimmutabilitypolicylock": "updateImmutabilityPolicyLock",
    "attachdetachdatadisks": "attachDetachDataDisks",
    "deallocate": "deallocate",
    "start": "start",
}
EXTENSION_TYPES = {
    "locks": "lock",
    "roleassignments": "role_assignment",
    "roledefinitions": "role_definition",
    "permissions": "permission",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What a path names.

    kind: 'disk', 'snapshot', 'encryption_set', 'disk_access', 'machine', 'group', 'subscription', 'operation',
    'group_operation', 'lock', 'role_assignment', 'role_definition', 'permission', 'provider', 'location', 'usage',
    'sku', 'tenant', 'resource', 'tags', 'cost', 'backup_vault', 'backup_policy', 'backup_instance', 'backup_point',
    'backup_operation' or 'unknown'.
    name: empty when the path names the collection; of an unknown kind, its resource type. action: 'beginGetAccess'
    and the like. scope: the id on which roles and locks are looked up. namespace: of an unknown resource type.
    """

    kind: str
    scope: str = ""
    subscription: str = ""
    group: str = ""
    name: str = ""
    location: str = ""
    action: str = ""
    namespace: str = ""

    @property
    def label(self) -> str:
        """One word for counts and faults: 'disk', 'disk.list', 'snapshot.beginGetAccess'..."""
        if self.action:
            return f"{self.kind}.{self.action}"
        return self.kind if self.name or self.kind == "unknown" else f"{self.kind}.list"


def parse(path: str) -> Route:
    """Reads one path (still percent-encoded, without query). Never raises: what is not known is 'unknown'."""
    parts = [unquote(part) for part in path.strip("/").split("/") if part]
    lowered = [part.lower() for part in parts]
    if "providers" in lowered:
        at = len(lowered) - 1 - lowered[::-1].index("providers")
        return _in_provider(parts, lowered, at)
    return _in_resources(parts, lowered)


def resource_id(subscription: str, group: str, kind: str, name: str) -> str:
    """The id of a compute resource, spelled as Azure spells it."""
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{TYPE_NAMES[kind]}/{name}"


def group_id(subscription: str, group: str) -> str:
    return f"/subscriptions/{subscription}/resourceGroups/{group}"


def _in_resources(parts: list[str], lowered: list[str]) -> Route:
    match lowered:
        case ["subscriptions"]:
            return Route(kind="subscription")
        case ["subscriptions", _]:
            return Route(kind="subscription", name=parts[1], **_place(parts))
        case ["subscriptions", _, "resourcegroups"]:
            return Route(kind="group", **_place(parts[:2]))
        case ["subscriptions", _, "resourcegroups", _]:
            return Route(kind="group", name=parts[3], **_place(parts))
        case ["tenants"]:
            return Route(kind="tenant")
        case ["subscriptions", _, "resources"]:
            return Route(kind="resource", **_place(parts[:2]))
        case ["subscriptions", _, "resourcegroups", _, "resources"]:
            return Route(kind="resource", **_place(parts[:4]))
        case ["subscriptions", _, "locations"]:
            return Route(kind="location", **_place(parts[:2]))
        case ["subscriptions", _, "operationresults", _]:
            return Route(kind="group_operation", name=parts[3], **_place(parts[:2]))
    return Route(kind="unknown", scope="/" + "/".join(parts))


def _in_provider(parts: list[str], lowered: list[str], at: int) -> Route:
    place = _place(parts[:at])
    namespace, rest = (lowered[at + 1] if at + 1 < len(parts) else ""), lowered[at + 2 :]
    if not rest or rest == ["register"]:
        name = parts[at + 1] if namespace else ""
        return Route(kind="provider", name=name, action="register" if rest else "", **place)
    if namespace == "microsoft.authorization" and rest[0] in EXTENSION_TYPES and len(rest) <= 2:
        return Route(kind=EXTENSION_TYPES[rest[0]], name=parts[-1] if len(rest) == 2 else "", **place)
    if namespace == "microsoft.resources" and rest == ["tags", "default"]:
        return Route(kind="tags", name="default", **place)
    if namespace == "microsoft.costmanagement" and rest == ["query"] and place["subscription"]:
        return Route(kind="cost", name="query", action="query", **place)
    if namespace == "microsoft.compute":
        return _in_compute(parts, lowered, at, place)
    if namespace == "microsoft.dataprotection" and place["group"]:
        return _in_azure_backup(parts, lowered, at, place)
    return Route(kind="unknown", namespace=parts[at + 1], name="".join(parts[at + 2 : at + 3]), **place)


def _in_compute(parts: list[str], lowered: list[str], at: int, place: dict[str, str]) -> Route:
    match lowered[at + 2 :]:
        case ["locations", _, "diskoperations", _]:
            return Route(kind="operation", name=parts[-1], location=lowered[at + 3], **place)
        case ["locations", _, "usages"] if not place["group"]:
            return Route(kind="usage", location=lowered[at + 3], **place)
        case ["skus"] if not place["group"]:
            return Route(kind="sku", **place)
        case [kind] if kind in COMPUTE_TYPES:
            return Route(kind=COMPUTE_TYPES[kind], **place)
        case [kind, _, *rest] if kind in COMPUTE_TYPES and place["group"] and (not rest or rest[0] in ACTIONS):
            known = COMPUTE_TYPES[kind]
            scope = resource_id(place["subscription"], place["group"], known, parts[at + 3])
            action = ACTIONS[rest[0]] if rest else ""
            return Route(kind=known, name=parts[at + 3], action=action, **{**place, "scope": scope})
    return Route(kind="unknown", namespace=parts[at + 1], name="".join(parts[at + 2 : at + 3]), **place)


def _in_azure_backup(parts: list[str], lowered: list[str], at: int, place: dict[str, str]) -> Route:
    named = {**place, "scope": "/" + "/".join(parts), "name": parts[-1]}
    match lowered[at + 2 :]:
        case ["backupvaults", _]:
            return Route(kind="backup_vault", **named)
        case ["backupvaults", _, "operationstatus", _]:
            return Route(kind="backup_operation", **named)
        case ["backupvaults", _, kind, *rest] if kind in BACKUP_TYPES and len(rest) <= 1:
            return Route(kind=BACKUP_TYPES[kind], **{**named, "name": parts[-1] if rest else ""})
        case ["backupvaults", _, "backupinstances", _, "recoverypoints", *rest] if len(rest) <= 1:
            return Route(kind="backup_point", **{**named, "name": parts[-1] if rest else ""})
        case ["backupvaults", _, "backupinstances", _, action] if action in BACKUP_ACTIONS:
            scope = "/" + "/".join(parts[:-1])
            return Route(
                kind="backup_instance", action=BACKUP_ACTIONS[action], **{**place, "scope": scope, "name": parts[-2]}
            )
    return Route(kind="unknown", namespace=parts[at + 1], name="".join(parts[at + 2 : at + 3]), **place)


def _place(parts: list[str]) -> dict[str, str]:
    lowered = [part.lower() for part in parts[:3:2]]
    subscription = parts[1] if lowered[:1] == ["subscriptions"] and len(parts) > 1 else ""
    group = parts[3] if lowered[1:] == ["resourcegroups"] and len(parts) > 3 else ""
    return {"scope": "/" + "/".join(parts) if parts else "", "subscription": subscription, "group": group}

"""Who may: roles with their actions, and assignments that take a while to work and to stop working."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cache

from infra.local.arm.wire import Json, stamp

AUTHORIZATION = "/providers/Microsoft.Authorization"


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    guid: str
    name: str
    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()
    built_in: bool = True

    def permits(self, action: str) -> bool:
        return _matches(self.actions, action) and not _matches(self.not_actions, action)

    def as_permission(self) -> Json:
        return {
            "actions": list(self.actions),
            "notActions": list(self.not_actions),
            "dataActions": [],
            "notDataActions": [],
        }


OWNER = Role(guid="8e3af657-a8ff-443c-a75c-2fe8c4bcb635", name="Owner", actions=("*",))
CONTRIBUTOR = Role(
    guid="b24988ac-6180-42a0-ab88-20f7382dd24c",
    name="Contributor",
    actions=("*",),
    not_actions=(
        "Microsoft.Authorization/*/Delete",
        "Microsoft.Authorization/*/Write",
        "Microsoft.Authorization/elevateAccess/Action",
    ),
)
READER = Role(guid="acdd72a7-3385-48ef-bd42-f606fba81ae7", name="Reader", actions=("*/read",))
DISK_BACKUP_READER = Role(
    guid="3e5e47e6-65f7-47ef-90b5-e5dd4d455f24",
    name="Disk Backup Reader",
    actions=(
        "Microsoft.Authorization/*/read",
        "Microsoft.Compute/disks/read",
        "Microsoft.Compute/disks/beginGetAccess/action",
    ),
)
DISK_SNAPSHOT_CONTRIBUTOR = Role(
    guid="7efff54f-a5b4-42b5-a1c5-5411624893ce",
    name="Disk Snapshot Contributor",
    actions=(
        "Microsoft.Authorization/*/read",
        "Microsoft.Resources/subscriptions/resourceGroups/read",
        "Microsoft.Compute/snapshots/delete",
        "Microsoft.Compute/snapshots/write",
        "Microsoft.Compute/snapshots/read",
        "Microsoft.Compute/snapshots/beginGetAccess/action",
        "Microsoft.Compute/snapshots/endGetAccess/action",
        "Microsoft.Compute/disks/beginGetAccess/action",
        "Microsoft.Storage/storageAccounts/listkeys/action",
        "Microsoft.Storage/storageAccounts/write",
        "Microsoft.Storage/storageAccounts/read",
        "Microsoft.Storage/storageAccounts/delete",
    ),
)
DISK_RESTORE_OPERATOR = Role(
    guid="b50d9833-a0cb-478e-945f-707fcc997c13",
    name="Disk Restore Operator",
    actions=(
        "Microsoft.Authorization/*/read",
        "Microsoft.Resources/subscriptions/resourceGroups/read",
        "Microsoft.Compute/disks/write",
        "Microsoft.Compute/disks/read",
    ),
)
BACKUP_READER = Role(
    guid="a795c7a0-d4a2-40c1-ae25-d81f01202912",
    name="Backup Reader",
    actions=(
        "Microsoft.Authorization/*/read",
        "Microsoft.DataProtection/backupVaults/read",
        "Microsoft.DataProtection/backupVaults/backupInstances/read",
        "Microsoft.DataProtection/backupVaults/backupInstances/recoveryPoints/read",
        "Microsoft.DataProtection/backupVaults/backupPolicies/read",
        "Microsoft.DataProtection/backupVaults/operationStatus/read",
    ),
)
BACKUP_CONTRIBUTOR = Role(
    guid="5e467623-bb1f-42f4-a55d-6e525e11384b",
    name="Backup Contributor",
    actions=("Microsoft.Authorization/*/read", "Microsoft.DataProtection/backupVaults/*"),
)
# No built-in role but Reader and those above it lets usages and SKUs be read; a deployment makes one that lets nothing
# else.
COMPUTE_USAGE_READER = Role(
    guid="5f5ac09d-3f0c-4d77-8b0a-6a2f4d1c9e21",
    name="Compute Usage Reader",
    actions=(
        "Microsoft.Compute/locations/usages/read",
        "Microsoft.Compute/skus/read",
        "Microsoft.Resources/subscriptions/resourceGroups/read",
        "Microsoft.Resources/subscriptions/locations/read",
        "Microsoft.Authorization/locks/read",
    ),
    built_in=False,
)
# Nor does any of those for backups let a snapshot be made immutable; this one lets that be prolonged, and never ended.
SNAPSHOT_IMMUTABILITY_WRITER = Role(
    guid="2f6e0c5b-9c0a-4f57-8a55-4b1f6d7f3c18",
    name="Snapshot Immutability Writer",
    actions=("Microsoft.Compute/snapshots/updateImmutabilityPolicy/action",),
    built_in=False,
)
# Of Azure's roles for backups none lets a disk be deleted and its data be read, as a test of a restore must.
DISK_RESTORE_TESTER = Role(
    guid="6c1e7a52-93c4-4a7e-9d3b-0f4a1b8c5e27",
    name="Disk Restore Tester",
    actions=(
        "Microsoft.Authorization/*/read",
        "Microsoft.Resources/subscriptions/resourceGroups/read",
        "Microsoft.Compute/disks/read",
        "Microsoft.Compute/disks/write",
        "Microsoft.Compute/disks/delete",
        "Microsoft.Compute/disks/beginGetAccess/action",
        "Microsoft.Compute/disks/endGetAccess/action",
        "Microsoft.Compute/locations/diskOperations/read",
    ),
    built_in=False,
)
# The one for virtual machines lets everything be done with them; this one lets their disks be exchanged.
DISK_SWAP_OPERATOR = Role(
    guid="6d1f3c52-7f0e-4b0c-9a53-0c9e8b1a7d44",
    name="Disk Swap Operator",
    actions=(
        "Microsoft.Compute/virtualMachines/read",
        "Microsoft.Compute/virtualMachines/write",
        "Microsoft.Compute/virtualMachines/attachDetachDataDisks/action",
        "Microsoft.Compute/disks/read",
        "Microsoft.Compute/disks/write",
        "Microsoft.Network/networkInterfaces/join/action",
    ),
    built_in=False,
)
COST_MANAGEMENT_READER = Role(
    guid="72fafb9e-0641-4937-9268-a91bfd8191a3",
    name="Cost Management Reader",
    actions=("Microsoft.CostManagement/*/read", "Microsoft.CostManagement/query/action"),
)
ROLES = {
    role.guid: role
    for role in (
        OWNER,
        CONTRIBUTOR,
        READER,
        DISK_BACKUP_READER,
        DISK_SNAPSHOT_CONTRIBUTOR,
        DISK_RESTORE_OPERATOR,
        DISK_RESTORE_TESTER,
        BACKUP_READER,
        BACKUP_CONTRIBUTOR,
        COMPUTE_USAGE_READER,
        SNAPSHOT_IMMUTABILITY_WRITER,
        DISK_SWAP_OPERATOR,
        COST_MANAGEMENT_READER,
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """`works_from` and `works_until` (None: open) are when the assignment has arrived and has gone everywhere."""

    id: str
    scope: str
    role: str
    principal: str
    principal_type: str
    created: float
    works_from: float
    works_until: float | None = None

    def holds(self, scope: str, now: float) -> bool:
        ended = self.works_until is not None and now >= self.works_until
        return now >= self.works_from and not ended and covers(self.scope, scope)

    def as_json(self) -> Json:
        subscription = "/".join(self.scope.split("/")[:3])
        return {
            "properties": {
                "roleDefinitionId": f"{subscription}{AUTHORIZATION}/roleDefinitions/{self.role}",
                "principalId": self.principal,
                "principalType": self.principal_type,
                "scope": self.scope,
                "createdOn": stamp(self.created),
                "updatedOn": stamp(self.created),
            },
            "id": self.id,
            "type": "Microsoft.Authorization/roleAssignments",
            "name": self.id.rsplit("/", 1)[-1],
        }


class Assignments:
    """All role assignments, those being removed included until the removal has reached every corner."""

    def __init__(self) -> None:
        self._by_id: dict[str, Assignment] = {}
        self._by_principal: dict[str, dict[str, Assignment]] = {}

    def keep(self, assignment: Assignment) -> None:
        key = assignment.id.lower()
        self._by_id[key] = assignment
        self._by_principal.setdefault(assignment.principal.lower(), {})[key] = assignment

    def find(self, assignment_id: str) -> Assignment | None:
        """The assignment as its own API shows it: one that is being removed is gone."""
        found = self._by_id.get(assignment_id.lower())
        return found if found is not None and found.works_until is None else None

    def around(self, scope: str) -> Iterator[Assignment]:
        """Assignments at, above and below a scope, as a list of them shows."""
        for assignment in self._by_id.values():
            related = covers(assignment.scope, scope) or covers(scope, assignment.scope)
            if related and assignment.works_until is None:
                yield assignment

    def held(self, principal: str, scope: str, now: float) -> Iterator[Role]:
        """The roles that work for a principal on a scope at this instant."""
        for assignment in self._by_principal.get(principal.lower(), {}).values():
            if assignment.holds(scope, now):
                yield ROLES[assignment.role]

    def allow(self, principal: str, action: str, scope: str, now: float) -> bool:
        return any(role.permits(action) for role in self.held(principal, scope, now))

    def sees_subscription(self, principal: str, subscription: str, now: float) -> bool:
        scope = f"/subscriptions/{subscription}"
        own = self._by_principal.get(principal.lower(), {}).values()
        return any(covers(scope, entry.scope) and entry.holds(entry.scope, now) for entry in own)

    def removed(self, assignment: Assignment, *, works_until: float) -> Assignment:
        fading = replace(assignment, works_until=works_until)
        self.keep(fading)
        return fading


def covers(outer: str, inner: str) -> bool:
    """True when `inner` is `outer` or lies below it."""
    above, below = outer.lower().rstrip("/"), inner.lower().rstrip("/")
    return below == above or below.startswith(above + "/")


def as_document(assignment: Assignment) -> Json:
    return asdict(assignment)


def from_document(document: Json) -> Assignment:
    return Assignment(**document)


@cache
def _pattern(action: str) -> re.Pattern[str]:
    return re.compile(re.escape(action).replace(r"\*", ".*"), re.IGNORECASE)


@cache
def _matches(patterns: tuple[str, ...], action: str) -> bool:
    return any(_pattern(pattern).fullmatch(action) for pattern in patterns)

"""What the app's identity may do at a scope, as ARM tells it, and which actions each built-in role is needed for.

Leaves to others: asking ARM (adapters/compute.py), and what follows from a missing action (domain/validation.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One entry of ARM's answer: what one role that holds at the scope allows, and what of that it takes away again."""

    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()

    def allows(self, action: str) -> bool:
        return _any_matches(self.actions, action) and not _any_matches(self.not_actions, action)


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """All entries together. An exclusion holds within its own entry only: what another role allows stays allowed
    (documented: role definitions)."""

    grants: tuple[Grant, ...] = ()

    def allows(self, action: str) -> bool:
        """Whether `action` (`Microsoft.Compute/disks/read`) is allowed; case is ignored, `*` stands for anything."""
        return any(grant.allows(action) for grant in self.grants)

    def missing(self, actions: Sequence[str]) -> tuple[str, ...]:
        return tuple(action for action in actions if not self.allows(action))


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Actions that a step cannot do without, and the built-in role that grants them."""

    role: str
    actions: tuple[str, ...]


READ_PERMISSIONS = "Microsoft.Authorization/permissions/read"
READ_LOCKS = "Microsoft.Authorization/locks/read"
READ_GROUP = "Microsoft.Resources/subscriptions/resourceGroups/read"
READ_DISK = "Microsoft.Compute/disks/read"
READ_SNAPSHOT = "Microsoft.Compute/snapshots/read"
READ_ENCRYPTION_SET = "Microsoft.Compute/diskEncryptionSets/read"
READ_USAGE = "Microsoft.Compute/locations/usages/read"
READ_OFFER = "Microsoft.Compute/skus/read"

# What we call of that which Azure's roles hold (roles recorded 2024, the last one documented 2023).
BACK_UP_DISK = Need(role="Disk Backup Reader", actions=(READ_DISK, "Microsoft.Compute/disks/beginGetAccess/action"))
KEEP_SNAPSHOTS = Need(
    role="Disk Snapshot Contributor",
    actions=(
        READ_GROUP,
        READ_SNAPSHOT,
        "Microsoft.Compute/snapshots/write",
        "Microsoft.Compute/snapshots/delete",
        # For the restore: a backup that cannot be restored is none.
        "Microsoft.Compute/snapshots/beginGetAccess/action",
    ),
)
READ_SNAPSHOTS = Need(
    role="Disk Snapshot Contributor", actions=(READ_SNAPSHOT, "Microsoft.Compute/snapshots/beginGetAccess/action")
)
RESTORE_DISKS = Need(role="Disk Restore Operator", actions=(READ_GROUP, READ_DISK, "Microsoft.Compute/disks/write"))
# Of Azure's own roles only those of whole machines let a disk be deleted and its data be read; this one, which the
# templates make, holds no more than a test of a restore takes. What it holds beyond these, the right to watch
# operations, counts only at the subscription; at a group the signature in an operation's URL has to do.
TEST_RESTORES = Need(
    role="Disk Restore Tester",
    actions=(
        READ_GROUP,
        READ_DISK,
        "Microsoft.Compute/disks/write",
        "Microsoft.Compute/disks/delete",
        "Microsoft.Compute/disks/beginGetAccess/action",
        "Microsoft.Compute/disks/endGetAccess/action",
    ),
)
READ_SNAPSHOT_DATA = Need(
    role="Disk Snapshot Contributor",
    actions=(
        READ_SNAPSHOT,
        "Microsoft.Compute/snapshots/beginGetAccess/action",
        "Microsoft.Compute/snapshots/endGetAccess/action",
    ),
)
# None of Azure's disk roles holds these two.
USE_ENCRYPTION_SET = Need(role="Reader", actions=(READ_ENCRYPTION_SET,))
USE_DISK_ACCESS = Need(role="Reader", actions=("Microsoft.Compute/diskAccesses/read",))
# No role of Azure's has this but Contributor and Owner, which can also end what they set. One of our own, which the
# templates make, can only prolong.
BIND_SNAPSHOTS = Need(
    role="Snapshot Immutability Writer", actions=("Microsoft.Compute/snapshots/updateImmutabilityPolicy/action",)
)
# No role for disks lets a machine be changed, and the one for machines also runs commands in them. One of our own,
# which the templates make where a deployment says so, changes what they have.
CHANGE_MACHINES = Need(
    role="Disk Swap Operator",
    actions=(
        "Microsoft.Compute/virtualMachines/read",
        "Microsoft.Compute/virtualMachines/write",
        "Microsoft.Compute/virtualMachines/attachDetachDataDisks/action",
    ),
)
# Attaching and detaching write the disks too.
ATTACH_DISKS = Need(role="Disk Restore Operator", actions=(READ_DISK, "Microsoft.Compute/disks/write"))


def _any_matches(patterns: tuple[str, ...], action: str) -> bool:
    return any(_pattern(pattern).fullmatch(action) for pattern in patterns)


@lru_cache(maxsize=512)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*"), re.IGNORECASE)

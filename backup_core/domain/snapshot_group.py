"""A resource group that holds snapshots of ours, or once held some.

Leaves to others: writing it down and forgetting it (workflows/snapshot_groups.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from backup_core.domain.resource_ids import GroupId, VaultKey, parse_group_id


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotGroup:
    """One row for each group, whatever vaults use it; `vault` is the first that did."""

    group_id: str
    vault: VaultKey

    @property
    def group(self) -> GroupId:
        return parse_group_id(self.group_id)

    @property
    def key(self) -> str:
        """`<subscription>:<group>` in small letters: a name that a table's key can hold."""
        return f"{self.group.subscription}:{self.group.group}".lower()

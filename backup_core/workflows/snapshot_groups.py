"""The resource groups that hold snapshots of ours, or once held some: looked at until they are seen empty.

A group is written down before the first snapshot is asked for in it, and stays when its last backup instance goes: what
a failed backup or a late deletion left behind there is still found and reported.
"""

from __future__ import annotations

from backup_core.domain.resource_ids import ANYWHERE, GroupId, VaultKey
from backup_core.domain.snapshot_group import SnapshotGroup
from backup_core.ports import Insert, Ports, Remove, StateConflict, Stored, every


def remember_group(ports: Ports, vault: VaultKey, group: GroupId) -> None:
    """`vault` is where what is found in it is told, should nobody know better. One read where it is known."""
    wanted = SnapshotGroup(group_id=group.text, vault=vault)
    if ports.store.get(SnapshotGroup, ANYWHERE, wanted.key) is not None:
        return
    try:
        ports.store.commit(ANYWHERE, [Insert(wanted)])
    except StateConflict:
        return  # another wrote it down at the same moment


def remembered_groups(ports: Ports) -> list[Stored[SnapshotGroup]]:
    return list(every(ports, SnapshotGroup, ANYWHERE))


def forget_group(ports: Ports, stored: Stored[SnapshotGroup]) -> None:
    """It is empty and nobody's. Raises StateConflict."""
    ports.store.commit(ANYWHERE, [Remove(stored)])

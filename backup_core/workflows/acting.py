"""Acting for a vault: its cloud makes calls as the vault's identity and takes or makes nothing outside of its bounds.

Whoever does something in Azure for a vault asks for its ports here first: the steps (job_kinds.py), the API's
routes of a vault (api/answering.py), and what looks after many vaults for each of them. So what a request is refused is
not done later either, when a setting changed between.

Leaves to others: what a vault's identity and bounds are (domain/acting.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

from backup_core.domain.acting import OWN, Bound, Place, is_outside, outside
from backup_core.domain.disk import Disk, Snapshot
from backup_core.domain.errors import OutsideVaultScopes
from backup_core.domain.resource_ids import DISK, VaultKey
from backup_core.domain.swap import DataDisk, Machine
from backup_core.domain.vault import Vault
from backup_core.ports import DiskCloud, Ports

KEPT_FOR = timedelta(seconds=30)  # until a process notices that a vault acts with another identity


def acting_for(ports: Ports, vault: VaultKey) -> Ports:
    """The ports with the vault's cloud. Costs one read of the vault's row in 30 seconds."""
    identity = acts_as(ports, vault)
    cloud = ports.cloud.acting_as(identity)
    if ports.bounds:
        cloud = cast("DiskCloud", _BoundCloud(cloud, vault, ports.bounds))
    return replace(ports, cloud=cloud, azure_backup=ports.azure_backup.acting_as(identity))


def as_identity(ports: Ports, identity: str) -> Ports:
    """The ports with a cloud that looks as an identity, for what is looked at for several vaults at once."""
    return replace(ports, cloud=ports.cloud.acting_as(identity))


def identities_of(ports: Ports, vaults: Iterable[VaultKey]) -> list[str]:
    """The identities that any of the vaults acts with, each once."""
    return list(dict.fromkeys(acts_as(ports, vault).lower() for vault in vaults))


def acts_as(ports: Ports, vault: VaultKey) -> str:
    """The identity that a vault acts with, OWN for the app's own and for a vault that is not there."""
    now, name = ports.clock.now(), _name(vault)
    known = ports.memory.kept(name, str, now=now)
    if known is None:
        stored = ports.store.get(Vault, vault)
        known = stored.value.acts_as if stored else OWN
        ports.memory.keep(name, known, until=now + KEPT_FOR)
    return known


def note_identity(ports: Ports, vault: Vault) -> None:
    """The vault acts so from now on, in this process at once."""
    ports.memory.keep(_name(vault.key), vault.acts_as, until=ports.clock.now() + KEPT_FOR)


def _name(vault: VaultKey) -> str:
    return f"acts as {vault.partition}"


class _BoundCloud:
    """A cloud that reads what it may and makes only what the vault's bounds allow."""

    def __init__(self, cloud: DiskCloud, vault: VaultKey, bounds: tuple[Bound, ...]) -> None:
        self._cloud = cloud
        self._vault = vault
        self._bounds = bounds

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cloud, name)

    def start_snapshot(self, snapshot_id: str, *, source: Disk, tags: Mapping[str, str]) -> str:
        self._check(Place.SOURCE, source.id)
        self._check(Place.SNAPSHOTS, snapshot_id)
        return self._cloud.start_snapshot(snapshot_id, source=source, tags=tags)

    def start_copy(
        self, snapshot_id: str, *, source: Snapshot, location: str, tags: Mapping[str, str], encryption_set_id: str = ""
    ) -> str:
        self._check(Place.SNAPSHOTS, source.id)
        self._check(Place.SNAPSHOTS, snapshot_id)
        return self._cloud.start_copy(
            snapshot_id, source=source, location=location, tags=tags, encryption_set_id=encryption_set_id
        )

    def start_disk(self, disk_id: str, body: Mapping[str, Any]) -> str:
        self._check(Place.TARGET, disk_id)
        return self._cloud.start_disk(disk_id, body)

    def delete_disk(self, disk_id: str) -> str:
        self._check(Place.TARGET, disk_id)
        return self._cloud.delete_disk(disk_id)

    def start_access(self, resource_id: str, *, lasts: timedelta) -> str:
        is_disk = f"/{DISK}/".lower() in resource_id.lower()
        self._check(Place.TARGET if is_disk else Place.SNAPSHOTS, resource_id)
        return self._cloud.start_access(resource_id, lasts=lasts)

    def detach_disks(self, machine_id: str, disk_ids: Sequence[str]) -> str:
        self._check(Place.TARGET, machine_id)
        return self._cloud.detach_disks(machine_id, disk_ids)

    def attach_disks(self, machine_id: str, disks: Sequence[DataDisk]) -> str:
        self._check(Place.TARGET, machine_id)
        return self._cloud.attach_disks(machine_id, disks)

    def replace_os_disk(self, machine: Machine, disk_id: str) -> str:
        self._check(Place.TARGET, machine.id)
        return self._cloud.replace_os_disk(machine, disk_id)

    def _check(self, place: Place, resource_id: str) -> None:
        if is_outside(self._bounds, self._vault, place, resource_id):
            raise OutsideVaultScopes(f"{outside(self._vault, place, resource_id)}.", target=resource_id)

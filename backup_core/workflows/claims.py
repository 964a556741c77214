"""One disk, one backup instance: whoever protects a disk holds the claim on it.

The claim is written before the instance and looked at again when the instance is configured, so that of two requests
at once exactly one protects the disk: a claim whose instance is not there (its request died, or is not that far yet)
may be taken over, and the one that lost it is refused when its turn to be configured comes.
"""

from __future__ import annotations

import logging

from backup_core.domain.errors import Fault, InvalidInput
from backup_core.domain.instance import BackupInstance, DiskClaim, disk_key
from backup_core.domain.resource_ids import VaultKey
from backup_core.ports import Insert, Ports, Remove, Replace, StateConflict, until_committed
from backup_core.workflows.catalogue import FoundInstance, holder_of

log = logging.getLogger("diskbackup.claims")

ALREADY = "UserErrorDppDatasourceAlreadyHasBackupInstance"


def take_claim(ports: Ports, vault: VaultKey, instance_name: str, disk_id: str) -> None:
    """Make the disk this instance's. Raises InvalidInput when another instance protects it."""
    mine = DiskClaim(disk_id=disk_id, vault=vault, instance_name=instance_name)

    def attempt() -> None:
        stored = ports.store.get(DiskClaim, vault, mine.key)
        if stored is not None and _names(stored.value, vault, instance_name):
            return
        holder = None if stored is None else holder_of(ports, stored.value)
        if holder is not None and not holder.instance.is_in_vain:
            raise InvalidInput([taken(disk_id, holder, vault)])
        ports.store.commit(vault, [Replace(stored, mine) if stored else Insert(mine)])

    until_committed(f"Who protects disk '{disk_id}'", attempt)


def release_claim(ports: Ports, vault: VaultKey, instance: BackupInstance) -> None:
    """Let go of the disk. Nothing depends on it: a claim without its instance counts for nothing."""
    stored = ports.store.get(DiskClaim, vault, disk_key(instance.disk_id))
    if stored is None or not _names(stored.value, vault, instance.name):
        return
    try:
        ports.store.commit(vault, [Remove(stored)])
    except StateConflict:
        log.info("claim.taken_over disk=%s", instance.disk_id)


def taken(disk_id: str, holder: FoundInstance, asking: VaultKey) -> Fault:
    """Azure's refusal of a second instance for one disk. It names an instance of the `asking` vault only: another vault
    may be closed to whoever reads this, and the disk's own list of instances knows to whom."""
    named = (
        f"by backup instance '{holder.instance.name}' of this vault"
        if holder.vault == asking
        else f"from another vault: GET {disk_id}/providers/Microsoft.DataProtection/backupInstances tells which"
    )
    message = f"disk '{disk_id}' is protected already, {named}"
    return Fault(target="properties.dataSourceInfo.resourceID", message=message, code=ALREADY)


def _names(claim: DiskClaim, vault: VaultKey, instance_name: str) -> bool:
    return claim.vault == vault and claim.instance_name.lower() == instance_name.lower()

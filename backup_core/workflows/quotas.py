"""Limits that come near: an alert while there is still time to do something.

Leaves to others: being at the limit (validations refuse, a backup that meets it retries and fails).
"""

from __future__ import annotations

from backup_core.domain.alert import Cause
from backup_core.domain.errors import SnapshotLimitReached
from backup_core.domain.instance import BackupInstance
from backup_core.domain.job import JobError
from backup_core.domain.resource_ids import VaultKey
from backup_core.ports import Ports, Replace
from backup_core.workflows import outbox
from backup_core.workflows.alarms import fire, resolve

SNAPSHOTS_OF_DISK = f"{Cause.QUOTA}.SnapshotsOfDisk"
SNAPSHOTS_LIMIT = 500  # incremental snapshots of one disk (documented)
SNAPSHOTS_NEAR_LIMIT = 450


def watch_snapshots(ports: Ports, vault: VaultKey, name: str, count: int) -> None:
    """An alert when a disk has nine tenths of the snapshots that Azure allows. Ours are counted: whoever takes others
    of the same disk has less room. Raises StateConflict."""
    stored = ports.store.get(BackupInstance, vault, name)
    if stored is None:
        return
    if count >= SNAPSHOTS_NEAR_LIMIT:
        near = SnapshotLimitReached(
            f"Disk '{stored.value.disk_id}' has {count} snapshots of ours; {SNAPSHOTS_LIMIT} are the most."
        )
        alarm = fire(ports, vault, stored.value, SNAPSHOTS_OF_DISK, error=JobError.of(near))
    else:
        alarm = resolve(ports, vault, stored.value, Cause.QUOTA)
    if alarm.changes:
        outbox.commit(ports, vault, [Replace(stored, alarm.instance), *alarm.changes], alarm.events)

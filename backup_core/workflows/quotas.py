"""Limits that come near: an alert while there is still time to do something.

Of a region the snapshots are asked of Azure, if our identity may read its usages: none of Azure's three disk roles may.

Leaves to others: being at the limit (validations refuse, a backup that meets it retries and fails).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from backup_core.domain.alert import Cause
from backup_core.domain.errors import BackupError, SnapshotLimitReached
from backup_core.domain.instance import BackupInstance
from backup_core.domain.job import JobError
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.surroundings import SNAPSHOT_COUNTERS, Usage
from backup_core.domain.validation import SNAPSHOTS_OF_DISK_LIMIT
from backup_core.ports import Ports, Replace
from backup_core.workflows import announcements, once_a_day, outbox
from backup_core.workflows.acting import acting_for
from backup_core.workflows.alerts import fire, resolve

log = logging.getLogger("diskbackup.quotas")

SNAPSHOTS_OF_DISK = f"{Cause.QUOTA}.SnapshotsOfDisk"
NEAR = 0.9
SNAPSHOTS_NEAR_LIMIT = int(NEAR * SNAPSHOTS_OF_DISK_LIMIT)


def check_regions(ports: Ports, places: Mapping[tuple[str, str], VaultKey]) -> None:
    """An event, once a day for each process, when a region of a subscription holds nine tenths of the snapshots that
    Azure allows there. `places` are subscription and location of protected disks, each with a vault to tell it of."""
    for (subscription, location), vault in places.items():
        try:
            usage = acting_for(ports, vault).cloud.usage(subscription, location)
        except BackupError as error:
            log.info("quota.unread subscription=%s location=%s code=%s", subscription, location, error.code)
            continue
        for counter in SNAPSHOT_COUNTERS.values():
            seen = usage.get(counter)
            if seen is not None and seen.current >= NEAR * seen.limit:
                _tell_once_a_day(ports, vault, f"{location}.{counter}", subscription, seen)


def _tell_once_a_day(ports: Ports, vault: VaultKey, what: str, subscription: str, usage: Usage) -> None:
    full = SnapshotLimitReached(f"{what} of subscription {subscription}: {usage.current} of {usage.limit} are there.")
    event = announcements.quota_near(vault, f"{Cause.QUOTA}.{what}", subscription, full, ports.clock.now())
    once_a_day.tell(ports, vault, event, name=f"quota {subscription} {what}")


def check_snapshots(ports: Ports, vault: VaultKey, instance: BackupInstance, count: int) -> None:
    """An alert when a disk has nine tenths of the snapshots that Azure allows. Ours are counted: whoever takes others
    of the same disk has less room. Costs nothing where all is well. Raises StateConflict."""
    is_near = count >= SNAPSHOTS_NEAR_LIMIT
    if not is_near and not any(opened.cause.startswith(Cause.QUOTA) for opened in instance.alerts):
        return
    stored = ports.store.get(BackupInstance, vault, instance.name)
    if stored is None:
        return
    if is_near:
        near = SnapshotLimitReached(
            f"Disk '{stored.value.disk_id}' has {count} snapshots of ours; {SNAPSHOTS_OF_DISK_LIMIT} are the most."
        )
        alerted = fire(ports, vault, stored.value, SNAPSHOTS_OF_DISK, error=JobError.of(near))
    else:
        alerted = resolve(ports, vault, stored.value, Cause.QUOTA)
    if alerted.changes:
        outbox.commit(ports, vault, [Replace(stored, alerted.instance), *alerted.changes], alerted.events)

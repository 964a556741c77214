"""That something is not there is believed when a second look agrees: later, and another way.

Azure answers 404 for what is there, too: while a subscription changes its tenant, while a part of it is behind, or
because a proxy between has an opinion of its own. So the look by name is held against the list of what lies beside.
*Later* is the caller's: steps come back some times before they believe an absence (`BackupError.doubts`), and the
snapshot of a record is called lost when it was not found twice, so far apart (`DOUBTED_FOR`), or Azure told of its
deletion.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from backup_core.domain.disk import Snapshot
from backup_core.domain.errors import BackupError, CloudUnavailable, DiskNotFound, SnapshotGroupNotFound
from backup_core.domain.messages import Message
from backup_core.domain.resource_ids import DISK, SNAPSHOT, parse_resource_id
from backup_core.ports import Ports

log = logging.getLogger("diskbackup.absence")

DOUBTED_FOR = timedelta(minutes=5)

M = TypeVar("M", bound=Message)


def is_believed(absent_since: datetime | None, now: datetime) -> bool:
    """Whether a snapshot that was first not found then, and is not found now, is called lost."""
    return absent_since is not None and now >= absent_since + DOUBTED_FOR


def find_snapshot_surely(ports: Ports, snapshot_id: str) -> Snapshot | None:
    """A snapshot, or None where neither its name nor the list of its group shows one.

    Raises SnapshotGroupNotFound when ARM contradicts itself about the group, and what the cloud raises.
    """
    group = parse_resource_id(snapshot_id, SNAPSHOT).group_id
    try:
        found = ports.cloud.find_snapshot(snapshot_id)
        if found is not None:
            return found
        listed = ports.cloud.list_snapshots(group)
        return next((each for each in listed if each.id.lower() == snapshot_id.lower()), None)
    except SnapshotGroupNotFound:
        if ports.cloud.find_group(group) is not None:
            raise
        return None


def weigh(ports: Ports, message: M, error: BackupError, *, is_known: bool) -> tuple[M, BackupError]:
    """Message and error as the step should take its turn with them: an absence that `is_known`, or on which nothing
    hangs, needs no later look."""
    if is_known:
        message = replace(message, doubts=max(message.doubts, error.doubts))
    return message, believed(ports, error, message.doubts)


def believed(ports: Ports, error: BackupError, doubts: int) -> BackupError:
    """What a step that met `error` should make of it after `doubts` looks that found nothing. The last look at a disk
    asks another way: where that shows the disk, or does not answer, this is another trouble than its absence."""
    if not isinstance(error, DiskNotFound) or error.target is None or doubts < error.doubts:
        return error
    try:
        shown = _is_listed(ports, error.target)
    except BackupError as other:
        return other
    if not shown:
        return error
    log.error("disk.contradicted disk=%s: it is listed, and not found by its name", error.target)
    return CloudUnavailable(f"Azure lists disk '{error.target}' and does not find it by its name.", target=error.target)


def _is_listed(ports: Ports, disk_id: str) -> bool:
    """By the list of its group, or, where that shows nothing at all, by that of its subscription: an empty list is also
    what an absent group gives."""
    disk = parse_resource_id(disk_id, DISK)
    for scope in (disk.group_id.text, f"/subscriptions/{disk.subscription}"):
        listed = [each.id.lower() for each in ports.cloud.list_disks(scope)]
        if listed:
            return disk_id.lower() in listed
    return False

"""Names that a step derives, never invents: run twice, it names the same snapshot, job, point and event."""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime

from backup_core.domain.job import JobOperation, job_id, time_ordered_hex
from backup_core.domain.resource_ids import SNAPSHOT, GroupId, ResourceId, VaultKey

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "diskbackup:events")


def scheduled_job_id(vault: VaultKey, instance_name: str, generation: str, slot: datetime) -> str:
    return job_id(slot, JobOperation.BACKUP, vault.partition, instance_name, generation)


def point_id(vault: VaultKey, instance_name: str, job: str, at: datetime) -> str:
    """`at` is the slot, or the creation time of an on-demand job."""
    return time_ordered_hex(at, vault.partition, instance_name, job, "point")


def snapshot_id(vault: VaultKey, instance_name: str, disk_name: str, group: GroupId, job: str, at: datetime) -> str:
    """A name of at most 80 characters (ARM's limit), readable first, unique by its hash of the job."""
    digest = hashlib.sha256(f"{vault.partition}\n{instance_name.lower()}\n{job}".encode()).hexdigest()[:12]
    stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    name = f"bk-{_plain(disk_name)[:40]}-{stamp}-{digest}"
    return ResourceId(subscription=group.subscription, group=group.group, type=SNAPSHOT, name=name).text


def event_id(*identity: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, "\n".join(identity)))


def spread(*identity: str | int) -> float:
    """A number in [0, 1) that differs between jobs and rounds but is the same when a step runs again."""
    digest = hashlib.sha256("\n".join(map(str, identity)).encode()).digest()
    return int.from_bytes(digest[:6], "big") / (1 << 48)


def _plain(name: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "-" for c in name)

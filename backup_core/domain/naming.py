"""Names that a step derives, never invents: run twice, it names the same snapshot, job, point and event."""

from __future__ import annotations

import hashlib
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from backup_core.domain.job import JobOperation, job_id, time_ordered_hex
from backup_core.domain.resource_ids import SNAPSHOT, GroupId, ResourceId, VaultKey

_STAMP = "%Y%m%dT%H%M%SZ"
_DISK_LETTERS = 40
_SNAPSHOT_NAME = re.compile(
    r"bk-(?P<disk>[\w\-]{1,40})-(?P<stamp>\d{8}T\d{6}Z)-(?P<seal>[0-9a-f]{12})", re.ASCII | re.IGNORECASE
)
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "diskbackup:events")


def scheduled_job_id(vault: VaultKey, instance_name: str, generation: str, slot: datetime) -> str:
    return job_id(slot, JobOperation.BACKUP, vault.partition, instance_name, generation)


def point_id(vault: VaultKey, instance_name: str, job: str, at: datetime) -> str:
    """`at` is the slot, or the creation time of an on-demand job."""
    return time_ordered_hex(at, vault.partition, instance_name, job, "point")


def adopted_point_id(vault: VaultKey, instance_name: str, origin: str, at: datetime) -> str:
    """Of a point that was another's: `origin` is its name there, `at` when its snapshot was created."""
    return time_ordered_hex(at, vault.partition, instance_name, origin, "adopted")


def is_point_id(text: str, *, vault: VaultKey, instance_name: str, job: str) -> bool:
    """Whether `text` is the id of that job's point: both begin with the digits of one instant."""
    digits = job.replace("-", "")[:12]
    return text == digits + point_id(vault, instance_name, job, _ANY_TIME)[12:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """What a snapshot's name seals beside vault, instance and job. A name cannot be changed, so what the tags only say
    can be held against it. Names of the time before the installation id seal none of it.

    `promise`: see `promise_text`. `disk_id` and `disk_unique_id` are the source disk's.
    """

    installation_id: str = ""
    promise: str = ""
    disk_id: str = ""
    disk_unique_id: str = ""


NO_SEAL = Seal()


def snapshot_id(
    vault: VaultKey,
    instance_name: str,
    disk_name: str,
    group: GroupId,
    job: str,
    at: datetime,
    seal: Seal = NO_SEAL,
) -> str:
    """A name of at most 80 characters (ARM's limit), readable first, unique by its hash of installation and job."""
    stamp = at.astimezone(UTC).strftime(_STAMP)
    name = f"bk-{short_disk_name(disk_name)}-{stamp}-{_hash(vault, instance_name, job, seal)}"
    return ResourceId(subscription=group.subscription, group=group.group, type=SNAPSHOT, name=name).text


def is_snapshot_name(name: str, *, vault: VaultKey, instance_name: str, job: str, seal: Seal) -> bool:
    """Whether `name` is what `snapshot_id` gave the snapshot of that job, whenever that was."""
    match = _SNAPSHOT_NAME.fullmatch(name)
    return match is not None and match["seal"].lower() == _hash(vault, instance_name, job, seal)


def promise_text(tag_name: str, retention: str) -> str:
    """What a recovery point was promised when its snapshot was asked for; `retention` in ISO 8601."""
    return f"{tag_name}\n{retention}"


def _hash(vault: VaultKey, instance_name: str, job: str, seal: Seal) -> str:
    parts = [vault.partition, instance_name.lower(), job]
    if seal.installation_id:
        parts += [seal.installation_id, seal.promise, seal.disk_id.lower(), seal.disk_unique_id.lower()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotName:
    """What the name of a snapshot of ours tells: `disk` as `short_disk_name` has it, in small letters; `at` to the
    second, the slot or the creation time of the job."""

    disk: str
    at: datetime


def read_snapshot_name(name: str) -> SnapshotName | None:
    """None for a name that we never give; anybody may give one that we might."""
    match = _SNAPSHOT_NAME.fullmatch(name)
    try:
        at = datetime.strptime(match["stamp"].upper(), _STAMP).replace(tzinfo=UTC) if match else None
    except ValueError:
        return None
    return SnapshotName(disk=match["disk"].lower(), at=at) if match and at else None


def short_disk_name(disk_name: str) -> str:
    """As much of a disk's name as its snapshots' names hold."""
    return _plain(disk_name)[:_DISK_LETTERS]


def event_id(*identity: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, "\n".join(identity)))


def spread(*identity: str | int) -> float:
    """A number in [0, 1) that differs between jobs and rounds but is the same when a step runs again."""
    digest = hashlib.sha256("\n".join(map(str, identity)).encode()).digest()
    return int.from_bytes(digest[:6], "big") / (1 << 48)


def _plain(name: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "-" for c in name)

"""One restore test: what its job keeps of it, the temporary disk, the proof that this disk is ours, and the verdict.

A test is a job. All that a later step, or an auditor, needs stands in the job's details, written before Azure is asked
for anything. Leaves to others: what is asked of Azure and when (workflows/restore_tests.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from backup_core.domain.data_sample import PARTITION_TABLES
from backup_core.domain.disk import Disk, Snapshot, unique_id_of
from backup_core.domain.errors import BackupError
from backup_core.domain.job import Job
from backup_core.domain.recovery_point import TAG_PREFIX, RecoveryPoint
from backup_core.domain.resource_ids import DISK, ResourceId, VaultKey, parse_group_id
from backup_core.domain.restored_disk import RestoredDisk, Wishes, encryption_sets_of, restored_disk, sku_of
from backup_core.domain.tags import LONGEST_VALUE

TEST_JOB_TAG = f"{TAG_PREFIX}restore-test-job"
TEST_INSTALLATION_TAG = f"{TAG_PREFIX}installation"
TESTED_FROM_TAG = f"{TAG_PREFIX}restored-from"
ACCESS_LASTS = timedelta(minutes=30)  # of a signature, should nobody be left to end it
GRANTS_AT_MOST = 3  # of one test, where reading takes longer than that
_NAME = "diskbackup-test-"
_MADE_BEFORE = timedelta(minutes=5)  # by another clock than ours
_LARGE_SECTOR = 4_096


class Phase(Enum):
    """How far a test is. Each is recorded before what it says is begun, so that what may exist is on record."""

    WAITING = "Waiting"  # for a place; its point is not chosen
    MAKING = "Making"  # the disk may be asked for
    OBSERVING = "Observing"
    GRANTING = "Granting"  # access to disk and snapshot may be asked for
    READING = "Reading"
    ENDING = "Ending"  # the access
    DELETING = "Deleting"  # the disk


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreTest:
    """A job's details as values of JSON; times are ISO 8601. `faults` are findings, `unread` says why no data was read.
    `access` are the operations that grant access, or end it, by "disk" and "snapshot"; "" where Azure named none."""

    plan: str
    seed: str
    target_group_id: str
    at_once: int
    choice: str
    window_days: int
    sku: str = ""
    begin_by: str = ""
    installation_id: str = ""
    phase: str = Phase.WAITING.value
    point_time: str = ""
    snapshot_id: str = ""
    snapshot_unique_id: str = ""
    disk_unique_id: str = ""
    disk_url: str = ""
    wanted: Mapping[str, Any] = field(default_factory=dict)  # size_bytes, sku and encryption sets of the disk
    access: Mapping[str, str] = field(default_factory=dict)
    access_until: str = ""
    grants: int = 0
    ended_access: bool = False
    faults: tuple[str, ...] = ()
    code: str = ""  # of the error that stopped the test, where one did
    unread: str = ""
    signature: str = ""
    ranges: tuple[Mapping[str, Any], ...] = ()  # offset, length, disk and snapshot: the hashes
    digest: str = ""

    @classmethod
    def of(cls, job: Job) -> RestoreTest:
        known = {each.name for each in fields(cls)}
        values = {name: value for name, value in job.details.items() if name in known}
        for name in ("faults", "ranges"):
            values[name] = tuple(values.get(name, ()))
        return cls(**values)

    def into(self, job: Job) -> Job:
        return replace(job, details={name: _plain(value) for name, value in asdict(self).items()})

    @property
    def is_at(self) -> Phase:
        return Phase(self.phase)

    def at(self, phase: Phase, **changes: Any) -> RestoreTest:
        return replace(self, phase=phase.value, **changes)

    def found(self, *faults: str) -> RestoreTest:
        return replace(self, faults=(*self.faults, *(each for each in faults if each not in self.faults)))

    def stopped(self, error: BackupError) -> RestoreTest:
        return replace(self.found(error.message), code=self.code or error.code)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def disk_id_of_test(vault: VaultKey, job: Job, target_group_id: str) -> str:
    """The same for the same job, and of no other: nobody else's disk has it by chance."""
    group = parse_group_id(target_group_id)
    digest = hashlib.sha256("\n".join([vault.partition, job.instance_name.lower(), job.job_id]).encode()).hexdigest()
    return ResourceId(subscription=group.subscription, group=group.group, type=DISK, name=f"{_NAME}{digest[:24]}").text


def disk_of_test(job_id: str, test: RestoreTest, point: RecoveryPoint) -> RestoredDisk:
    """As a restore would make it, but without the source's tags, which might have somebody act on it."""
    own = {
        TEST_JOB_TAG: job_id,
        TEST_INSTALLATION_TAG: test.installation_id,
        TESTED_FROM_TAG: point.snapshot_id[:LONGEST_VALUE],
    }
    wishes = Wishes(sku=test.sku or None, tags={}, own_tags=own, keeps_source_tags=False)
    return restored_disk(
        point.disk,
        wishes,
        snapshot_id=point.snapshot_id,
        snapshot_bytes=point.disk_size_bytes,
        location=point.location,
    )


def wanted_of(body: Mapping[str, Any], point: RecoveryPoint) -> dict[str, Any]:
    """What the new disk is held against, as noted before it is made."""
    size_gb = int((body.get("properties") or {}).get("diskSizeGB") or 0)
    return {
        "size_bytes": max(size_gb << 30, point.disk_size_bytes),
        "sku": sku_of(body),
        "encryption_sets": sorted(each.lower() for each in encryption_sets_of(point.disk)),
        "os_disk": bool((point.disk.get("properties") or {}).get("osType")),
    }


def faults_of_disk(test: RestoreTest, disk: Disk) -> Iterator[str]:
    """What of the restored disk's description is not as it must be."""
    wanted = test.wanted
    if disk.size_bytes != wanted["size_bytes"]:
        yield f"wrong size: the disk has {disk.size_bytes} bytes, {wanted['size_bytes']} are expected"
    if wanted["sku"] and disk.sku != wanted["sku"]:
        yield f"wrong SKU: the disk is {disk.sku}, {wanted['sku']} is expected"
    sets = sorted(each.lower() for each in encryption_sets_of(disk.raw))
    if sets != wanted["encryption_sets"]:
        named, expected = ", ".join(sets) or "none", ", ".join(wanted["encryption_sets"]) or "none"
        yield f"wrong encryption: the disk's encryption sets are {named}, those of its source were {expected}"
    made_from = (disk.raw.get("properties") or {}).get("creationData") or {}
    source, unique = str(made_from.get("sourceResourceId") or ""), str(made_from.get("sourceUniqueId") or "")
    if source.lower() != test.snapshot_id.lower():
        yield f"wrong source: the disk was made from '{source}', not from '{test.snapshot_id}'"
    elif unique and test.snapshot_unique_id and unique.lower() != test.snapshot_unique_id.lower():
        yield "wrong source: the disk was made from another snapshot that bore the name"


def faults_of_snapshot(snapshot: Snapshot, point: RecoveryPoint) -> Iterator[str]:
    if snapshot.size_bytes != point.disk_size_bytes:
        message = f"the snapshot has {snapshot.size_bytes} bytes, {point.disk_size_bytes} were recorded"
        yield f"wrong size: {message}"
    if not snapshot.is_usable:
        yield f"the snapshot is {snapshot.provisioning_state}, {snapshot.completion_percent:g} % complete"


def faults_of_signature(test: RestoreTest, signature: str) -> Iterator[str]:
    if test.wanted.get("os_disk") and signature not in PARTITION_TABLES:
        found = f"begins with {signature}" if signature else "begins with nothing that is known"
        yield f"no partition table: the operating system disk {found}"


def why_unreadable(disk: Disk, snapshot: Snapshot) -> str:
    """Why its bytes are not to be read; "" when they are. A copy is as closed to the network as its source, and is not
    opened for a test."""
    for what, raw in (("disk", disk.raw), ("snapshot", snapshot.raw)):
        properties = raw.get("properties") or {}
        if properties.get("networkAccessPolicy", "AllowAll") != "AllowAll":
            return f"the {what}'s network access policy is {properties['networkAccessPolicy']}"
        if properties.get("publicNetworkAccess", "Enabled") != "Enabled":
            return f"the {what} is closed to public networks"
        if properties.get("dataAccessAuthMode", "None") != "None":
            return f"the {what}'s data is read with {properties['dataAccessAuthMode']} only"
        if (properties.get("creationData") or {}).get("logicalSectorSize") == _LARGE_SECTOR:
            return f"the {what} has sectors of {_LARGE_SECTOR} bytes, which are exported in another format"
    if (snapshot.raw.get("properties") or {}).get("diskState") == "ActiveSAS":
        return "somebody else has access to the snapshot, which ending ours would end"
    return ""


def against_deletion(test: RestoreTest, job: Job, disk: Disk) -> tuple[str, ...]:
    """Why the disk at the test's id is not to be deleted; empty when it is proven to be the test's own: its name and
    our row are of before it, its tags, its source and its unique id are the recorded ones, and nobody attached it."""
    return tuple(_against_deletion(test, job, disk))


def _against_deletion(test: RestoreTest, job: Job, disk: Disk) -> Iterator[str]:
    properties = disk.raw.get("properties") or {}
    if disk.id.lower() != job.target_disk_id.lower():
        yield f"it is not '{job.target_disk_id}', which the test asked for"
    if disk.tags.get(TEST_JOB_TAG) != job.job_id or disk.tags.get(TEST_INSTALLATION_TAG) != test.installation_id:
        yield f"its tags {TEST_JOB_TAG} and {TEST_INSTALLATION_TAG} do not name this test"
    made_from = properties.get("creationData") or {}
    if str(made_from.get("sourceResourceId") or "").lower() != test.snapshot_id.lower():
        yield "it was not made from the snapshot that was tested"
    unique = unique_id_of(disk.raw)
    if test.disk_unique_id and unique.lower() != test.disk_unique_id.lower():
        yield "its unique id is another: the disk was deleted and another made under its name"
    created = _instant(properties.get("timeCreated"))
    if created is not None and created < job.created_at - _MADE_BEFORE:
        yield "it is older than the test"
    if disk.raw.get("managedBy") or disk.raw.get("managedByExtended"):
        yield "it is attached to a machine"
    if properties.get("LastOwnershipUpdateTime") or properties.get("lastOwnershipUpdateTime"):
        yield "it was attached to a machine"


def _instant(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)) if text else None
    except ValueError:
        return None

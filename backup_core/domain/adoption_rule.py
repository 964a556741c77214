"""Snapshots that scripts took become recovery points by a rule: which ones, of whose disks, and how long they are kept.

A rule is an operator's explicit word for one adoption: where to look, which names or tags, and the retention, counted
from each snapshot's own creation. What it finds is judged one by one, with all reasons at once: only what is whole,
incremental, of the very disk that a backup instance of the vault protects, and nobody else's comes over. What would be
over by now is kept for another day (GRACE), so that a rule that says too little can be undone.

Leaves to others: looking (workflows/adopting.py), and what then proves such a snapshot (docs/decisions).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from fnmatch import translate
from functools import lru_cache
from typing import Any

from backup_core.domain import validation as rules
from backup_core.domain.acting import Bound, Place, check_bounds
from backup_core.domain.disk import Disk, Snapshot
from backup_core.domain.durations import Duration, parse_duration
from backup_core.domain.errors import DiskNotFound, Fault, ScopeLocked, SnapshotNotOurs
from backup_core.domain.importing import NOT_SETTLED
from backup_core.domain.instance import BackupInstance, ProtectionState
from backup_core.domain.naming import adopted_point_id
from backup_core.domain.points import label_of_point
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.protection_rule import TagCondition
from backup_core.domain.recovery_point import FOUND, RecoveryPoint, is_ours, read_label
from backup_core.domain.resource_ids import SNAPSHOT, VaultKey, lies_in, parse_resource_id
from backup_core.domain.surroundings import Lock
from backup_core.domain.tags import TAGS_AT_MOST, find, united

GRACE = timedelta(days=1)
NO_INSTANCE = "UserErrorAdoptionNoInstance"
NOT_INCREMENTAL = "UserErrorAdoptionNotIncremental"
NO_RETENTION = "UserErrorAdoptionNoRetention"
OF_OTHERS = "UserErrorAdoptionOfOthers"
VAULT_IS_THERE = "UserErrorAdoptionVaultIsThere"
_GONE = (ProtectionState.DELETING, ProtectionState.SOFT_DELETED)
_AZURE_BACKUPS_NAME = "azurebackup_"  # recorded
_VM_BACKUPS_TAGS = ("RSVaultBackup", "BackupVaultName")  # of vaults of Recovery Services (reported)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptionRule:
    """Snapshots in `scope` (id of a subscription or resource group) whose whole name is like `name_pattern` (`*` for
    anything, `?` for a letter, whatever the case), that meet all `conditions`, were created from `created_from` to
    `created_until` (both included), and of one of the disks `disk_ids`. What is empty or None asks for nothing.

    Each goes to the instance `instance_name`, "": to the one that protects its disk. It is kept `retention` from its
    creation on, or as `retention_tag` of its instance's policy says. `former_vault_id`: the vault of Azure Backup that
    left snapshots behind when it was deleted."""

    scope: str
    name_pattern: str = ""
    conditions: tuple[TagCondition, ...] = ()
    created_from: datetime | None = None
    created_until: datetime | None = None
    disk_ids: tuple[str, ...] = ()
    instance_name: str = ""
    retention_tag: str = ""
    retention: Duration | None = None
    former_vault_id: str = ""

    def wants(self, snapshot_id: str, disk_id: str, created_at: datetime, tags: Mapping[str, str] | None) -> bool:
        """Whether it is meant, come over or not; `tags` None: they are not known, and not asked about."""
        disks = {each.lower() for each in self.disk_ids}
        return (
            lies_in(snapshot_id, self.scope)
            and (not self.name_pattern or _is_like(self.name_pattern, snapshot_id.rpartition("/")[2]))
            and (self.created_from is None or self.created_from <= created_at)
            and (self.created_until is None or created_at <= self.created_until)
            and (not disks or disk_id.lower() in disks)
            and (tags is None or all(each.holds(tags) for each in self.conditions))
        )

    def as_json(self) -> dict[str, Any]:
        """For the job that works by it; `rule_of` reads it back."""
        return {
            "scope": self.scope,
            "name_pattern": self.name_pattern,
            "conditions": [[each.name, list(each.values)] for each in self.conditions],
            "created_from": self.created_from.isoformat() if self.created_from else None,
            "created_until": self.created_until.isoformat() if self.created_until else None,
            "disk_ids": list(self.disk_ids),
            "instance_name": self.instance_name,
            "retention_tag": self.retention_tag,
            "retention": self.retention.iso() if self.retention else None,
            "former_vault_id": self.former_vault_id,
        }


def rule_of(raw: Mapping[str, Any]) -> AdoptionRule:
    """What AdoptionRule.as_json wrote."""
    return AdoptionRule(
        scope=raw["scope"],
        name_pattern=raw["name_pattern"],
        conditions=tuple(TagCondition(name=name, values=tuple(values)) for name, values in raw["conditions"]),
        created_from=datetime.fromisoformat(raw["created_from"]) if raw["created_from"] else None,
        created_until=datetime.fromisoformat(raw["created_until"]) if raw["created_until"] else None,
        disk_ids=tuple(raw["disk_ids"]),
        instance_name=raw["instance_name"],
        retention_tag=raw["retention_tag"],
        retention=parse_duration(raw["retention"]) if raw["retention"] else None,
        former_vault_id=raw["former_vault_id"],
    )


@lru_cache(maxsize=64)
def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern.lower().replace("[", "[[]")))


def _is_like(pattern: str, name: str) -> bool:
    return _form(pattern).match(name.lower()) is not None


# ---------------------------------------------------------------- judging


class SnapshotAction(Enum):
    """What becomes of a snapshot that a rule finds."""

    ADOPT = "Adopt"
    KEEP = "Keep"  # it is a recovery point already
    NONE = "None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What is known of a resource group that snapshots lie in: locks on it, above it and in it, and rights that the
    vault's identity lacks there, each with its fault."""

    locks: Sequence[Lock] = ()
    lacking: Sequence[Fault] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """What is known of where the snapshots of a disk go: the instance with its points, or the faults of why there is
    none; the disk as it is now (None: gone); the vault, its region and its bounds; which installations are ours."""

    vault: VaultKey
    location: str
    installations: Collection[str]
    instance: BackupInstance | None = None
    disk: Disk | None = None
    points: Mapping[str, RecoveryPoint] | None = None  # by the unique id of their snapshots, in small letters
    faults: Sequence[Fault] = ()
    bounds: Sequence[Bound] = ()

    def point_of(self, snapshot: Snapshot) -> RecoveryPoint | None:
        return (self.points or {}).get(snapshot.unique_id.lower()) if snapshot.unique_id else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotJudgement:
    """`point` is the record that it gets, or has. `is_overdue`: by the rule it would be over by now, and it is kept for
    another day all the same."""

    snapshot: Snapshot
    action: SnapshotAction
    point: RecoveryPoint | None = None
    is_overdue: bool = False
    faults: tuple[Fault, ...] = ()


def judge_snapshot(
    rule: AdoptionRule, snapshot: Snapshot, to: Receiver, around: Ground, *, installation_id: str, now: datetime
) -> SnapshotJudgement:
    """Whether the snapshot can come over, with every reason why not."""
    known = to.point_of(snapshot)
    if known is not None:
        return SnapshotJudgement(snapshot=snapshot, action=SnapshotAction.KEEP, point=known)
    faults = tuple(_against(rule, snapshot, to, around))
    if faults or to.instance is None or to.disk is None:
        return SnapshotJudgement(snapshot=snapshot, action=SnapshotAction.NONE, faults=faults)
    kept = _retention(rule, to.instance.policy)
    assert kept is not None, "without one it does not come over"
    point = found_point(snapshot, to, kept, installation_id=installation_id, now=now)
    wanted = label_of_point(to.vault, point).tags()
    if len(united(snapshot.tags, wanted)) > TAGS_AT_MOST:
        message = f"has {len(snapshot.tags)} tags, so that there is no room for ours: {TAGS_AT_MOST} are allowed"
        return SnapshotJudgement(
            snapshot=snapshot, action=SnapshotAction.NONE, faults=(_fault(snapshot, message, "BadRequest"),)
        )
    is_overdue = kept.duration.after(snapshot.created_at) < now + GRACE
    return SnapshotJudgement(snapshot=snapshot, action=SnapshotAction.ADOPT, point=point, is_overdue=is_overdue)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How long, and by which retention tag."""

    tag: str
    duration: Duration


def _retention(rule: AdoptionRule, policy: BackupPolicy) -> Kept | None:
    tag = rule.retention_tag or policy.default_tag
    duration = rule.retention or policy.retention_duration(tag)
    return Kept(tag=tag, duration=duration) if duration is not None else None


def found_point(snapshot: Snapshot, to: Receiver, kept: Kept, *, installation_id: str, now: datetime) -> RecoveryPoint:
    """The record of a snapshot that a script took. It expires its retention after its creation, not within a day."""
    assert to.instance is not None, "without one it does not come over"
    assert to.disk is not None, "of a disk that is gone it does not come over"
    origin = found_origin(snapshot)
    return RecoveryPoint(
        instance_name=to.instance.name,
        point_id=adopted_point_id(to.vault, to.instance.name, origin, snapshot.created_at),
        snapshot_id=snapshot.id,
        created_at=snapshot.created_at,
        completed_at=snapshot.created_at,
        expires_at=max(kept.duration.after(snapshot.created_at), now + GRACE),
        tag_name=kept.tag,
        policy_name=to.instance.policy.name,
        disk_id=snapshot.source_id,
        disk_size_bytes=snapshot.size_bytes,
        location=snapshot.location,
        disk=to.disk.raw,
        snapshot_unique_id=snapshot.unique_id,
        installation_id=installation_id,
        retention=kept.duration.iso(),
        adopted_from=origin,
    )


def found_origin(snapshot: Snapshot) -> str:
    """What a record and a tag say that the snapshot was before: itself, by what nobody can give to another."""
    return f"{FOUND}{snapshot.unique_id.lower()}"


def _against(rule: AdoptionRule, snapshot: Snapshot, to: Receiver, around: Ground) -> Iterator[Fault]:
    yield from check_bounds(to.bounds, to.vault, {snapshot.id: (Place.SNAPSHOTS, snapshot.id)})
    yield from to.faults
    yield from _against_itself(snapshot, to.location)
    yield from _against_source(snapshot, to)
    yield from _against_owner(rule, snapshot, to)
    for lock in around.locks:
        if lies_in(snapshot.id, lock.scope):
            message = f"lock '{lock.name}' ({lock.level}) at {lock.scope} keeps it from being changed or deleted"
            yield _fault(snapshot, message, ScopeLocked.code)
    yield from around.lacking
    if to.instance is not None and _retention(rule, to.instance.policy) is None:
        message = f"policy '{to.instance.policy.name}' has no retention tag '{rule.retention_tag}'"
        yield _fault(snapshot, message, NO_RETENTION)


def _against_itself(snapshot: Snapshot, location: str) -> Iterator[Fault]:
    if snapshot.raw.get("properties", {}).get("incremental") is not True:
        yield _fault(snapshot, "is a full snapshot; only incremental ones come over", NOT_INCREMENTAL)
    if snapshot.location.lower() != location.lower():
        message = f"is in {snapshot.location}, the vault in {location}"
        yield _fault(snapshot, message, "InvalidResourceLocation")
    if not snapshot.is_usable:
        yield _fault(snapshot, "is not whole (yet): adopt again when it is", NOT_SETTLED)
    if not (snapshot.unique_id and snapshot.source_unique_id):
        message = "Azure gives it no unique id, so that it could not be told from another of its name"
        yield _fault(snapshot, message, SnapshotNotOurs.code)


def _against_source(snapshot: Snapshot, to: Receiver) -> Iterator[Fault]:
    if to.instance is None:
        return
    if snapshot.source_id.lower() != to.instance.disk_id.lower():
        message = f"is of '{snapshot.source_id}', backup instance '{to.instance.name}' protects '{to.instance.disk_id}'"
        yield _fault(snapshot, message, SnapshotNotOurs.code)
    elif to.disk is None:
        message = f"its disk '{snapshot.source_id}' is gone: nothing tells whether it is of the one that is protected"
        yield _fault(snapshot, message, DiskNotFound.code)
    elif snapshot.source_unique_id.lower() != to.disk.unique_id.lower():
        message = f"its source is another disk that bore the name of '{snapshot.source_id}'"
        yield _fault(snapshot, message, SnapshotNotOurs.code)


def _against_owner(rule: AdoptionRule, snapshot: Snapshot, to: Receiver) -> Iterator[Fault]:
    if is_ours(snapshot.tags) and not _was_begun(snapshot, to):
        label = read_label(snapshot.tags)
        whose = f"installation {label.installation_id}" if label and label.installation_id else "an installation"
        message = f"carries the tags of {whose} of disk-backup, and is not of this adoption"
        yield _fault(snapshot, message, SnapshotNotOurs.code)
    if any(find(snapshot.tags, name) is not None for name in _VM_BACKUPS_TAGS):
        yield _fault(snapshot, "is of Azure's backup of virtual machines, as its tags say", OF_OTHERS)
    elif is_azure_backups(snapshot) and not rule.former_vault_id:
        message = (
            "is of Azure Disk Backup, as its name or tags say: import its vault, or name the one that was deleted "
            "(deletedVaultId)"
        )
        yield _fault(snapshot, message, OF_OTHERS)


def is_azure_backups(snapshot: Snapshot) -> bool:
    """By the tag (reported) or the name (recorded) that Azure Disk Backup gives."""
    by = (find(snapshot.tags, "CreatedBy") or "").lower()
    return by == "azurebackup" or snapshot.id.rpartition("/")[2].lower().startswith(_AZURE_BACKUPS_NAME)


def _was_begun(snapshot: Snapshot, to: Receiver) -> bool:
    """Whether our tags say that it came over to this very instance, and only its record is missing: an adoption was
    interrupted, or the tables were lost. A copy of such tags names another snapshot."""
    label = read_label(snapshot.tags)
    return (
        label is not None
        and to.instance is not None
        and label.adopted_from == found_origin(snapshot)
        and (label.vault, label.instance_name.lower()) == (to.vault, to.instance.name.lower())
        and label.installation_id in to.installations
    )


def check_receiver(instance: BackupInstance, snapshots_of: str) -> Iterator[Fault]:
    """Whether an instance can take snapshots at all."""
    if instance.state in _GONE:
        message = f"backup instance '{instance.name}' is deleted, or being deleted"
        yield Fault(target=snapshots_of, message=message, code=NO_INSTANCE)
    if instance.is_moving:
        message = f"backup instance '{instance.name}' is being moved over from Azure Backup, or back: finish that first"
        yield Fault(target=snapshots_of, message=message, code=NOT_SETTLED)


def no_instance(disk_id: str) -> Fault:
    message = f"no backup instance of this vault protects '{disk_id}': protect the disk first, or name the instance"
    return Fault(target=disk_id, message=message, code=NO_INSTANCE)


def not_there(name: str) -> Fault:
    message = f"backup instance '{name}' is not in the vault"
    return Fault(target="backupInstanceName", message=message, code=rules.NO_SUCH_RESOURCE)


def _fault(snapshot: Snapshot, message: str, code: str) -> Fault:
    return Fault(target=parse_resource_id(snapshot.id, SNAPSHOT).text, message=message, code=code)

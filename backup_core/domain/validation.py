"""Why a disk could not be backed up, or a recovery point not be restored: each rule a question to what was read.

Every function answers the faults that it finds, with Azure Backup's own codes where one is documented (disk backup
troubleshooting), ARM's otherwise. Targets are paths in the body of Azure's validate requests; those of rights and locks
are the scopes that they are missing or set at.
Leaves to others: reading what is judged here (workflows/validation.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from backup_core.domain import restore as restore_rules
from backup_core.domain.acting import Bound, Place, check_bounds, check_choice
from backup_core.domain.copying import CopyRule
from backup_core.domain.disk import Disk, Snapshot
from backup_core.domain.disk_skus import BACKGROUND_COPY_SKUS
from backup_core.domain.errors import (
    DiskNotFound,
    Fault,
    PermissionMissing,
    RestoreGroupNotFound,
    ScopeLocked,
    SnapshotGroupNotFound,
    SnapshotLimitReached,
    SnapshotNotFound,
    TargetDiskExists,
    assignment_advice,
)
from backup_core.domain.instance import BackupInstance, InstanceRequest
from backup_core.domain.permissions import USE_ENCRYPTION_SET, Need
from backup_core.domain.policy import SCHEDULED_POINTS_LIMIT, BackupPolicy, check_background_copy, points_kept_at_most
from backup_core.domain.recovery_point import RecoveryPoint, read_label
from backup_core.domain.resource_ids import DISK, GroupId, VaultKey, parse_resource_id, plain_location
from backup_core.domain.restore import RestoreRequest
from backup_core.domain.restored_disk import encryption_sets_of
from backup_core.domain.surroundings import DISK_COUNTERS, SNAPSHOT_COUNTERS, EncryptionSet, Group, Lock, Offer, Usage
from backup_core.domain.vault import Vault

_BODY = "backupInstance"
SOURCE = f"{_BODY}.dataSourceInfo.resourceID"
POLICY = f"{_BODY}.policyInfo.policyId"
SNAPSHOT_GROUP = f"{_BODY}.policyInfo.policyParameters.dataStoreParametersList[0].resourceGroupId"
RESTORE = "restoreRequestObject"
POINT = f"{RESTORE}.recoveryPointId"
TARGET = f"{RESTORE}.restoreTargetInfo.datasourceInfo.resourceID"

TEST_TARGET = "properties.targetResourceGroupId"

NOT_SUPPORTED = "UserErrorDiskBackupDiskTypeNotSupported"
NO_SUCH_RESOURCE = "UserErrorGenericResourceNotFound"
WRONG_REGION = "InvalidResourceLocation"
DISKS_FULL = "UserErrorSubscriptionDiskQuotaLimitReached"
KEY_MISSING = "UserErrorDESKeyVaultKeyNotAvailable"
KEY_UNREADABLE = "UserErrorMSIPermissionsNotPresentOnDES"
SNAPSHOTS_OF_DISK_LIMIT = 500  # incremental ones at a time (documented)
_FIRST_SKUS = ("Standard_LRS", "Standard_ZRS")  # zone-redundant where the region has zones (documented)
_FILLING = ("ReadyToUpload", "ActiveUpload")


# --- Rights. ---


def missing_right(need: Need, scope: str, actions: Iterable[str], principal: str) -> Fault:
    """One role that is missing at one scope: what for, and the command that assigns it."""
    code = KEY_UNREADABLE if need is USE_ENCRYPTION_SET else PermissionMissing.code
    message = (
        f"the app's identity may not {', '.join(sorted(actions))} at {scope}. "
        f"{assignment_advice(need.role, scope, principal)}"
    )
    return Fault(target=scope, message=message, code=code)


# --- Backup. ---


def check_policy(policy: BackupPolicy | None, name: str) -> Iterator[Fault]:
    if policy is None:
        message = f"policy '{name}' was not found in the vault; create it first"
        yield Fault(target=POLICY, message=message, code=NO_SUCH_RESOURCE)


def check_source(vault: Vault, disk: Disk | None, disk_id: str) -> Iterator[Fault]:
    """Whether the disk is there, of a kind that Azure Disk Backup takes (documented: support matrix) and in the vault's
    region."""
    if disk is None:
        yield Fault(target=SOURCE, message=f"disk '{disk_id}' was not found", code=DiskNotFound.code)
        return
    if plain_location(disk.location) != plain_location(vault.location):
        message = f"the disk lies in {disk.location}, the vault in {vault.location}; they must lie in one region"
        yield Fault(target=SOURCE, message=message, code=WRONG_REGION)
    properties = disk.raw.get("properties", {})
    if (properties.get("encryptionSettingsCollection") or {}).get("enabled"):
        message = "the disk is encrypted by Azure Disk Encryption inside its machine; such disks cannot be backed up"
        yield Fault(target=SOURCE, message=message, code=NOT_SUPPORTED)
    if disk.sku and disk.sku not in DISK_COUNTERS:
        message = f"disks of the kind {disk.sku} cannot be backed up; {', '.join(DISK_COUNTERS)} can"
        yield Fault(target=SOURCE, message=message, code=NOT_SUPPORTED)
    if properties.get("diskState") in _FILLING:
        message = f"the disk is still being uploaded (state {properties['diskState']}); finish the upload first"
        yield Fault(target=SOURCE, message=message, code=NOT_SUPPORTED)


def check_rules(
    vault: Vault, request: InstanceRequest, policy: BackupPolicy | None, bounds: Sequence[Bound]
) -> Iterator[Fault]:
    """What holds of a request by our own records alone, whatever Azure says."""
    yield from check_policy(policy, request.policy_name)
    asked = {SOURCE: (Place.SOURCE, request.disk_id), SNAPSHOT_GROUP: (Place.SNAPSHOTS, request.snapshot_group_id)}
    yield from check_bounds(bounds, vault.key, asked)
    yield from check_choice(request.acts_as, vault.acts_as, f"{_BODY}.identityDetails")


def in_instance(faults: Iterable[Fault]) -> list[Fault]:
    """The same faults with their paths in the body of an instance, where a validation has it as a part of its own."""
    return [replace(fault, target=f"properties.{fault.target.removeprefix(f'{_BODY}.')}") for fault in faults]


def check_interval(policy: BackupPolicy | None, disk: Disk) -> Iterator[Fault]:
    """Whether the policy leaves enough time between two backups of this kind of disk."""
    fault = check_background_copy(policy) if policy is not None and disk.sku in BACKGROUND_COPY_SKUS else None
    if fault is not None:
        yield replace(fault, target=POLICY, message=f"{disk.sku} disk: {fault.message}")


def check_unchanged(instance: BackupInstance, request: InstanceRequest) -> Iterator[Fault]:
    """What an existing instance cannot change: its disk and its snapshot group."""
    if instance.disk_id.lower() != request.disk_id.lower():
        message = f"the instance protects {instance.disk_id}; protect another disk by another instance"
        yield Fault(target=SOURCE, message=message)
    if instance.snapshot_group_id.lower() != request.snapshot_group_id.lower():
        message = f"the snapshots lie in {instance.snapshot_group_id}; the group cannot be changed"
        yield Fault(target=SNAPSHOT_GROUP, message=message)


def check_snapshot_group(group: GroupId, found: Group | None, disk_id: str) -> Iterator[Fault]:
    if found is None:
        message = f"resource group '{group.text}' was not found; create it first"
        yield Fault(target=SNAPSHOT_GROUP, message=message, code=SnapshotGroupNotFound.code)
    if parse_resource_id(disk_id, DISK).subscription.lower() != group.subscription.lower():
        message = "the snapshot resource group must lie in the subscription of the disk"
        yield Fault(target=SNAPSHOT_GROUP, message=message, code="UserErrorSnapshotRGSubscriptionMismatch")


def check_snapshot_locks(group: GroupId, locks: Iterable[Lock]) -> Iterator[Fault]:
    """Locks under which no expired snapshot could be deleted, and under ReadOnly none be taken."""
    for lock in locks:
        if lock.holds(group):
            stops = "taken or deleted" if lock.level == "ReadOnly" else "deleted, so that expired ones stay for ever"
            message = (
                f"lock '{lock.name}' ({lock.level}) at {lock.scope}: no snapshot in {group.text} can be {stops}. "
                f"Remove it (az lock delete --ids '{lock.id}'), or choose another snapshot resource group"
            )
            yield Fault(target=lock.scope, message=message, code=ScopeLocked.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotCount:
    """Incremental snapshots of one disk: `own` are the instance's, `kept` what its policy keeps at most."""

    own: int
    others: int
    kept: int

    @property
    def at_most(self) -> int:
        """Points that were promised a longer life than the policy gives stay as long as promised."""
        return self.others + max(self.own, self.kept)

    @property
    def to_come(self) -> int:
        return max(self.kept - self.own, 0)


def count_snapshots(
    policy: BackupPolicy, disk: Disk, snapshots: Iterable[Snapshot], own: tuple[VaultKey, str] | None
) -> SnapshotCount:
    """`own` names the vault and the instance whose snapshots are not counted twice; None for an instance to be."""
    found = [snapshot for snapshot in snapshots if _is_of(snapshot, disk)]
    mine = sum(own is not None and _is_labelled(snapshot, own) for snapshot in found)
    retention = {tag.tag_name: rule.duration for tag in policy.criteria if (rule := policy.retention_of(tag.tag_name))}
    kept = points_kept_at_most(policy.schedule, policy.criteria, retention)
    return SnapshotCount(own=mine, others=len(found) - mine, kept=kept)


def check_disk_room(count: SnapshotCount) -> Iterator[Fault]:
    """Whether the disk's snapshots stay within Azure's limit, of which scheduled backups may use a part only."""
    if count.kept > SCHEDULED_POINTS_LIMIT or count.at_most > SNAPSHOTS_OF_DISK_LIMIT:
        message = (
            f"the policy keeps up to {count.kept} snapshots of the disk at once, and {count.own + count.others} are "
            f"there already, {count.others} of them not of this instance; Azure keeps {SNAPSHOTS_OF_DISK_LIMIT} "
            f"incremental snapshots of a disk, {SCHEDULED_POINTS_LIMIT} of them by schedule: shorten the retention, "
            "lengthen the interval, or delete snapshots that nobody needs"
        )
        yield Fault(target=POLICY, message=message, code=SnapshotLimitReached.code)


def check_snapshot_room(usage: Mapping[str, Usage], location: str, to_come: int, sku: str | None) -> Iterator[Fault]:
    """Whether the region takes `to_come` more snapshots: 75,000 of each kind in a region and subscription (reported).

    `sku` is that of the disk's snapshots so far, None before the first: then it will be one of two, as Azure chooses.
    """
    for name in {SNAPSHOT_COUNTERS.get(kind, "") for kind in (_FIRST_SKUS if sku is None else (sku,))}:
        seen = usage.get(name)
        if seen is not None and to_come > seen.room:
            message = (
                f"{seen.current} of {seen.limit} snapshots ({name}) are used in {location}; the policy needs room for "
                f"{to_come} more: delete snapshots, or ask Azure for a higher limit"
            )
            yield Fault(target=POLICY, message=message, code=SnapshotLimitReached.code)


# --- The key. ---


def check_encryption_set(set_id: str, found: EncryptionSet | None) -> Iterator[Fault]:
    """Whether the set can be used, as far as ARM tells: whether its key is enabled only the key vault knows."""
    if found is None:
        message = f"disk encryption set '{set_id}' was not found; a disk with its key cannot be restored"
        yield Fault(target=set_id, message=message, code=KEY_MISSING)
    elif found.key_error or not found.key_url or found.provisioning_state in ("Failed", "Deleting"):
        state = found.key_error or f"its state is {found.provisioning_state}, its key {found.key_url or 'not set'}"
        message = f"disk encryption set '{set_id}' has no key that can be used: {state}"
        yield Fault(target=set_id, message=message, code=KEY_MISSING)


def check_key_place(set_id: str, found: EncryptionSet | None, location: str) -> Iterator[Fault]:
    """A disk encryption set serves the disks of its own region only (documented)."""
    if found is not None and plain_location(found.location) != plain_location(location):
        message = (
            f"disk encryption set '{set_id}' lies in {found.location}, and a disk is to be made in {location}: restore "
            "from a copy that was made with a set of that region"
        )
        yield Fault(target=set_id, message=message, code=KEY_MISSING)


def key_needed(disk_id: str, location: str, target: str) -> Fault:
    """A disk encryption set lives in one region (documented)."""
    message = (
        f"disk '{disk_id}' is encrypted with a customer's key, which stays in its region: name a disk encryption set "
        f"in {location} for its copies (diskEncryptionSetId of the copy rule)"
    )
    return Fault(target=target, message=message, code=KEY_MISSING)


def check_copy_keys(disk: Disk, rules: Iterable[CopyRule]) -> Iterator[Fault]:
    """Whether the disk can be copied by the copy rules of its policy: found here, not at night."""
    if encryption_sets_of(disk.raw):
        for rule in rules:
            if not rule.encryption_set_id:
                yield key_needed(disk.id, rule.location, POLICY)


# --- Restore. ---


def check_point(point: RecoveryPoint | None, request: RestoreRequest) -> Iterator[Fault]:
    if point is None:
        until = f" of {request.at} or before" if request.at else ""
        wanted = f"recovery point '{request.point_id}' was not found"
        message = wanted if request.point_id else f"there is no recovery point{until}"
        yield Fault(target=POINT, message=message, code=NO_SUCH_RESOURCE)
    elif not point.is_good:
        message = f"recovery point '{point.point_id}' is {point.state.value}; choose another one"
        yield Fault(target=POINT, message=message, code=SnapshotNotFound.code)


def check_wishes(request: RestoreRequest, point: RecoveryPoint, *, is_copy: bool) -> list[Fault]:
    """What a restore would refuse too."""
    return in_body(restore_rules.check_restore(request, point, is_copy=is_copy))


def check_offer(request: RestoreRequest, point: RecoveryPoint, offered: Offer) -> list[Fault]:
    return in_body(restore_rules.check_offer(request, point, offered))


def in_body(faults: Iterable[Fault]) -> list[Fault]:
    """Faults of a restore, with their paths in a validation's body."""
    return [replace(fault, target=f"{RESTORE}.{fault.target}") for fault in faults]


def check_snapshot(point: RecoveryPoint, snapshot: Snapshot | None) -> Iterator[Fault]:
    if snapshot is None:
        message = f"snapshot '{point.snapshot_id}' is gone; restore from another recovery point"
        yield Fault(target=POINT, message=message, code=SnapshotNotFound.code)
    elif not snapshot.is_usable:
        message = (
            f"snapshot '{snapshot.id}' cannot be restored from now: state {snapshot.provisioning_state}, "
            f"{snapshot.completion_percent} percent copied"
        )
        yield Fault(target=POINT, message=message, code=SnapshotNotFound.code)


def check_subscription(
    vault: Vault, source_id: str, request: RestoreRequest, set_ids: Iterable[str]
) -> Iterator[Fault]:
    """Another subscription than the source disk's needs the vault's leave, and a key that can be used there: a disk
    encryption set serves its own subscription only (documented)."""
    allowed = vault.allows_cross_subscription_restore
    yield from in_body(restore_rules.check_subscription(request, source_id, allowed=allowed))
    yield from in_body(restore_rules.check_keys(set_ids, request))


def check_target_group(group: GroupId, found: Group | None) -> Iterator[Fault]:
    if found is None:
        message = f"resource group '{group.text}' was not found; create it first"
        yield Fault(target=TARGET, message=message, code=RestoreGroupNotFound.code)


def check_target_locks(group: GroupId, locks: Iterable[Lock]) -> Iterator[Fault]:
    for lock in locks:
        if lock.level == "ReadOnly" and lock.holds(group):
            message = (
                f"lock '{lock.name}' (ReadOnly) at {lock.scope}: no disk can be created in {group.text}. "
                f"Remove it (az lock delete --ids '{lock.id}'), or choose another target resource group"
            )
            yield Fault(target=lock.scope, message=message, code=ScopeLocked.code)


def check_test_locks(group: GroupId, locks: Iterable[Lock]) -> Iterator[Fault]:
    """Locks under which no test could delete its disk, and under ReadOnly none make one."""
    for lock in locks:
        if lock.holds(group):
            message = (
                f"lock '{lock.name}' ({lock.level}) at {lock.scope}: the disk of a test in {group.text} could not be "
                f"deleted. Remove it (az lock delete --ids '{lock.id}'), or choose another resource group"
            )
            yield Fault(target=lock.scope, message=message, code=ScopeLocked.code)


def check_test_subscriptions(vault: Vault, group: GroupId, disk_ids: Iterable[str]) -> Iterator[Fault]:
    """Data leaves the subscription of its disk only when the vault allows it, for a test as for a restore."""
    if vault.allows_cross_subscription_restore:
        return
    others = {parse_resource_id(each, DISK).subscription.lower() for each in disk_ids} - {group.subscription.lower()}
    for subscription in sorted(others):
        message = (
            f"the vault does not allow a restore out of subscription {subscription}, where disks of the plan lie; "
            "choose a resource group in it, or set featureSettings.crossSubscriptionRestoreSettings to Enabled"
        )
        yield Fault(target=TEST_TARGET, message=message, code="UserErrorCrossSubscriptionRestoreNotAllowed")


def check_name_free(target_id: str, *, is_free: bool) -> Iterator[Fault]:
    if not is_free:
        message = f"disk '{target_id}' exists already; a restore never overwrites: choose another name"
        yield Fault(target=TARGET, message=message, code=TargetDiskExists.code)


def check_room_for_disks(usage: Mapping[str, Usage], location: str, skus: Mapping[str, int]) -> Iterator[Fault]:
    """Whether the region takes so many more disks of each kind (documented: 50,000; fewer of some kinds, reported)."""
    wanted: Counter[str] = Counter()
    for sku, count in skus.items():
        wanted[DISK_COUNTERS.get(sku, "")] += count
    for name, count in wanted.items():
        seen = usage.get(name)
        if seen is not None and seen.room < count:
            more = "no more can" if seen.room < 1 else f"{count} more cannot"
            message = f"{seen.current} of {seen.limit} disks ({name}) are used in {location}; {more} be created there"
            yield Fault(target=TARGET, message=message, code=DISKS_FULL)


def sku_of(snapshots: Sequence[Snapshot], disk: Disk) -> str | None:
    """The kind of the disk's snapshots so far: Azure keeps to it (documented), None when there is none."""
    return next((_sku(snapshot) for snapshot in snapshots if _is_of(snapshot, disk)), None)


def _sku(snapshot: Snapshot) -> str:
    return str((snapshot.raw.get("sku") or {}).get("name", ""))


def _is_of(snapshot: Snapshot, disk: Disk) -> bool:
    """Whether it is an incremental snapshot of this disk, and not of an earlier one of the same id (documented)."""
    properties = snapshot.raw.get("properties") or {}
    source_unique_id = (properties.get("creationData") or {}).get("sourceUniqueId")
    unique_id = disk.raw.get("properties", {}).get("uniqueId")
    is_same = not source_unique_id or not unique_id or source_unique_id == unique_id
    return bool(properties.get("incremental")) and is_same and snapshot.source_id.lower() == disk.id.lower()


def _is_labelled(snapshot: Snapshot, own: tuple[VaultKey, str]) -> bool:
    label = read_label(snapshot.tags)
    return label is not None and label.vault == own[0] and label.instance_name.lower() == own[1].lower()

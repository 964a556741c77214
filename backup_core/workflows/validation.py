"""Look before it is too late: would a backup, or a restore, of this disk work? Nothing is changed by looking.

Every question is asked of ARM now, one call each, and every fault is told at once. What the app's identity may not
read cannot be judged: that right is then itself among the faults. Throttled and CloudUnavailable are no answer to the
question, and are raised.
Leaves to others: the rules (domain/validation.py).
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import Any, Generic, TypeVar, cast

from backup_core.domain import permissions as rights
from backup_core.domain import validation as rules
from backup_core.domain.acting import Bound, Place, check_bounds, check_choice
from backup_core.domain.disk import Disk, Snapshot
from backup_core.domain.errors import BackupError, DiskNotFound, Fault, PermissionMissing
from backup_core.domain.instance import BackupInstance, InstanceRequest
from backup_core.domain.permissions import Need
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import (
    DISK,
    SNAPSHOT,
    GroupId,
    VaultKey,
    parse_group_id,
    parse_resource_id,
    plain_location,
)
from backup_core.domain.restore import RestoreRequest, wanted_sku
from backup_core.domain.restore_together import PLACE, Chosen
from backup_core.domain.restored_copy import lies_elsewhere
from backup_core.domain.restored_disk import access_of, encryption_sets_of
from backup_core.domain.surroundings import Offer, Usage
from backup_core.domain.vault import Vault
from backup_core.ports import DiskCloud, Ports
from backup_core.workflows import catalogue
from backup_core.workflows.claims import taken

log = logging.getLogger("diskbackup.validation")

SNAPSHOTS_READ = 5_000  # of a group, for those of one disk
GROUPS_CHECKED = 20  # snapshot groups whose rights are asked for
OFFER_KEPT = timedelta(hours=6)
UNREAD_KEPT = timedelta(minutes=1)  # what a region offers, where that could not be read

T = TypeVar("T")


def check_backup(ports: Ports, vault: Vault, request: InstanceRequest, policy: BackupPolicy | None) -> list[Fault]:
    """Why a new instance could not protect its disk as asked; empty when it could. `policy` None: there is none.

    7 ARM calls: the disk, our rights at it, the snapshot group, its locks, our rights there, its snapshots, and the
    region's usage. One more each for the disk encryption set of a customer's key, for the disk access of a private
    disk, and for each further page of snapshots, of which at most SNAPSHOTS_READ are looked at.
    Raises Throttled, CloudUnavailable.
    """
    holder = catalogue.find_protection(ports, request.disk_id)
    findings = Findings(ports.cloud, vault.acts_as)
    if holder is not None and not holder.instance.is_in_vain:
        findings.note([_taken(request, holder, vault.key)])
    _check_backup(findings, vault, request, policy, own=None, bounds=ports.bounds)
    return findings.faults()


def check_modify(
    ports: Ports, vault: Vault, instance: BackupInstance, request: InstanceRequest, policy: BackupPolicy | None
) -> list[Fault]:
    """Why `instance` could not go on as `request` has it; ARM calls and errors as those of `check_backup`."""
    holder = catalogue.find_protection(ports, request.disk_id)
    findings = Findings(ports.cloud, vault.acts_as)
    findings.note(rules.check_unchanged(instance, request))
    own = (vault.key, instance.name)
    if holder is not None and not _is(own, holder):
        findings.note([_taken(request, holder, vault.key)])
    _check_backup(findings, vault, request, policy, own=own, bounds=ports.bounds)
    return findings.faults()


def check_restore_target(
    ports: Ports,
    vault: Vault,
    instance: BackupInstance,
    point: RecoveryPoint | None,
    request: RestoreRequest,
    *,
    found: Sequence[Fault] = (),
) -> list[Fault]:
    """Why `point` could not be restored as asked; empty when it could. `point` None: it was not found, for what is
    `found` against it, if anything is. One that lies in another region than its disk stands for its copy.

    7 ARM calls: the snapshot, our rights in its group, the target group, its locks, our rights there, the new disk's
    name, the region's usage. One more each for the disk encryption set of a customer's key, for the disk access of a
    private disk, and for what the region offers where that was not asked lately and the disk is to be otherwise than
    its source, or elsewhere.
    Raises Throttled, CloudUnavailable.
    """
    findings = Findings(ports.cloud, vault.acts_as)
    findings.note(check_choice(request.acts_as, vault.acts_as, "restoreRequestObject.identityDetails"))
    findings.note(rules.in_body(found))
    if found:
        request = replace(request, location=None)
    _check_restore(findings, ports, vault, instance, point, request, is_told=bool(found))
    if point is not None:
        _check_disk_room(findings, [(point, request)])
    return findings.faults()


def check_restores(
    ports: Ports, vault: Vault, chosen: Sequence[Chosen], *, first: int = 0, sparing: bool = False
) -> Iterator[list[Fault]]:
    """Why several disks could not be restored as asked: of each in turn, from the `first` on, what is found at it, with
    its place in the body of all. What several have in common (a group, a right, a key) is looked at and told once.

    Two ARM calls a disk, its snapshot and the new disk's name, and those of check_restore_target for what they have in
    common. `sparing`: the names of all disks of a group by one call, and no snapshots, of which our records tell.
    Raises Throttled, CloudUnavailable: what was found before is not lost by it.
    """
    findings = Findings(ports.cloud, vault.acts_as, sparing=sparing)
    for index in range(first, len(chosen)):
        each = chosen[index]
        findings.place = f"{PLACE}[{index}]"
        if each.instance is not None:
            _check_restore(findings, ports, vault, each.instance, each.point, each.request)
        if index == len(chosen) - 1:
            findings.place = PLACE
            _check_disk_room(findings, [(one.point, one.request) for one in chosen if one.point is not None])
        yield findings.take()


def _check_restore(
    findings: Findings,
    ports: Ports,
    vault: Vault,
    instance: BackupInstance,
    point: RecoveryPoint | None,
    request: RestoreRequest,
    *,
    is_told: bool = False,
) -> None:
    """`is_told`: why there is no point to restore, or not that one."""
    if not is_told:
        findings.note(rules.check_point(point, request))
    set_ids = [] if point is None else encryption_sets_of(point.disk)
    try:
        target_id = parse_resource_id(request.target_disk_id, DISK)
    except ValueError as error:
        findings.note([Fault(target=rules.TARGET, message=str(error))])
        return
    findings.note(rules.check_subscription(vault, instance.disk_id, request, set_ids))
    findings.note(check_bounds(ports.bounds, vault.key, {rules.TARGET: (Place.TARGET, request.target_disk_id)}))
    if point is not None and point.is_good:
        is_copy = lies_elsewhere(replace(request, location=point.location), instance.disk_location)
        findings.note(rules.check_wishes(request, point, is_copy=is_copy))
        _check_offer(findings, ports, point, request, is_copy=is_copy)
        if not findings.sparing:
            _check_snapshot(findings, point)
    for set_id in set_ids:
        check = partial(_check_key, findings, set_id, point.location if point is not None else "")
        findings.once(("key", set_id.lower()), check)
    if point is not None:
        _check_disk_access(findings, point.disk)
    group = target_id.group_id
    if findings.once(("target", group.key), partial(_check_target, findings, group)):
        _check_name(findings, group, request.target_disk_id)


def check_offer(
    ports: Ports, vault: Vault, point: RecoveryPoint, request: RestoreRequest, *, is_copy: bool
) -> list[Fault]:
    """What the region of a requested restore does not offer, as a validation tells it. Where that cannot be read now,
    the restore goes on without. One ARM call, where it was not asked lately."""
    findings = Findings(ports.cloud, vault.acts_as)
    try:
        _check_offer(findings, ports, point, request, is_copy=is_copy)
    except BackupError as error:
        log.warning("restore.offer_unread location=%s code=%s", point.location, error.code)
    return [replace(each, target=each.target.removeprefix(f"{rules.RESTORE}.")) for each in findings.faults()]


def _check_offer(
    findings: Findings, ports: Ports, point: RecoveryPoint, request: RestoreRequest, *, is_copy: bool
) -> None:
    if is_copy or request.sku or request.zones is not None:
        subscription = parse_resource_id(request.target_disk_id, DISK).subscription
        offered = _read_offer(findings, ports, subscription, point.location)
        findings.note(rules.check_offer(request, point, offered))


def check_restore_tests(
    ports: Ports, vault: Vault, target_group_id: str, disk_ids: Iterable[str], snapshot_group_ids: Iterable[str]
) -> list[Fault]:
    """Why restore tests of these disks could not be made in a resource group; empty when they could.

    3 ARM calls for the group, one more for each of the snapshot groups, of which the first GROUPS_CHECKED are asked.
    Raises Throttled, CloudUnavailable.
    """
    findings = Findings(ports.cloud, vault.acts_as)
    group = parse_group_id(target_group_id)
    bounds = check_bounds(ports.bounds, vault.key, {rules.TEST_TARGET: (Place.TARGET, group.text)})
    findings.note(bounds)
    findings.note(rules.check_test_subscriptions(vault, group, disk_ids))
    need, cloud = rights.TEST_RESTORES, findings.cloud
    found = findings.ask(lambda: cloud.find_group(group), need, group.text, rights.READ_GROUP)
    if found is not None:
        findings.note(replace(each, target=rules.TEST_TARGET) for each in rules.check_target_group(group, found.value))
    if found is None or found.value is not None:
        locks = findings.ask(lambda: cloud.locks_at(group), need, group.text, rights.READ_LOCKS)
        if locks is not None:
            findings.note(rules.check_test_locks(group, locks.value))
        findings.require(need, group.text)
    named = dict.fromkeys(parse_group_id(each).text for each in snapshot_group_ids)
    for scope in islice(named, GROUPS_CHECKED):
        findings.require(rights.READ_SNAPSHOT_DATA, scope)
    return findings.faults()


@dataclass(frozen=True, slots=True)
class _Seen(Generic[T]):
    """An answer, which may be that there is nothing."""

    value: T


class Findings:
    """Faults as they come up. Missing rights are gathered, so that each role is named once for each scope."""

    def __init__(self, cloud: DiskCloud, acts_as: str, *, sparing: bool = False) -> None:
        self.cloud = cloud
        self.sparing = sparing
        self._acts_as = acts_as
        self.place = ""  # in the body of several restores, of that which is looked at
        self._faults: list[Fault] = []
        self._missing: dict[tuple[str, str], tuple[Need, str, set[str]]] = {}
        self._told: set[tuple[str, str]] = set()
        self._seen: dict[tuple[str, str], object] = {}

    def note(self, faults: Iterable[Fault]) -> None:
        if self.place:
            faults = [replace(each, target=self._within(each.target)) for each in faults]
        self._faults += faults

    def _within(self, target: str) -> str:
        start = f"{rules.RESTORE}."
        return f"{self.place}.{target.removeprefix(start)}" if target.startswith(start) else target

    def once(self, what: tuple[str, str], check: Callable[[], T]) -> T:
        """What `look` answers, which is made the first time only."""
        if what not in self._seen:
            self._seen[what] = check()
        return cast("T", self._seen[what])

    def lack(self, need: Need, scope: str, actions: Iterable[str]) -> None:
        self._missing.setdefault((need.role, scope.lower()), (need, scope, set()))[2].update(actions)

    def ask(self, read: Callable[[], T], need: Need, scope: str, *actions: str) -> _Seen[T] | None:
        """What `read` answers; None when it was refused, which is noted. `actions` are then missing of `need`."""
        try:
            return _Seen(read())
        except PermissionMissing:
            self.lack(need, scope, actions)
        except BackupError as error:
            if error.transient:
                raise
            self.note([Fault(target=error.target or scope, message=error.message, code=error.code)])
        return None

    def require(self, need: Need, scope: str) -> None:
        """Note what of `need` our identity may not do at `scope`. Who may not even ask may do nothing of it."""
        asked = (rights.READ_PERMISSIONS, *need.actions)
        seen = self.ask(lambda: self.cloud.permissions_at(scope), need, scope, *asked)
        missing = seen.value.missing(need.actions) if seen else ()
        if missing:
            self.lack(need, scope, missing)

    def faults(self) -> list[Fault]:
        untold = {key: each for key, each in self._missing.items() if key not in self._told}
        principal = self.cloud.identity(self._acts_as).principal_id if untold else ""
        lacking = [rules.missing_right(*each, principal) for each in untold.values()]
        return list(dict.fromkeys([*self._faults, *lacking]))

    def take(self) -> list[Fault]:
        """The faults since they were last taken."""
        found = self.faults()
        self._faults = []
        self._told |= set(self._missing)
        return found


def _check_backup(
    findings: Findings,
    vault: Vault,
    request: InstanceRequest,
    policy: BackupPolicy | None,
    *,
    own: tuple[VaultKey, str] | None,
    bounds: tuple[Bound, ...],
) -> None:
    findings.note(rules.check_rules(vault, request, policy, bounds))
    disk = _check_source(findings, vault, request.disk_id)
    snapshots = _check_snapshot_group(findings, parse_group_id(request.snapshot_group_id), request.disk_id)
    if disk is not None:
        findings.note(rules.check_interval(policy, disk))
        copied_by = (rule for rule in vault.copy_rules if rule.is_of(request.policy_name))
        findings.note(rules.check_copy_keys(disk, copied_by))
        for set_id in encryption_sets_of(disk.raw):
            _check_key(findings, set_id)
        _check_disk_access(findings, disk.raw)
    _check_room(findings, request.disk_id, disk, policy, snapshots, own=own, location=vault.location)


def _check_source(findings: Findings, vault: Vault, disk_id: str) -> Disk | None:
    need = rights.BACK_UP_DISK
    seen = findings.ask(lambda: _find_disk(findings.cloud, disk_id), need, disk_id, rights.READ_DISK)
    if seen is not None:
        findings.note(rules.check_source(vault, seen.value, disk_id))
    if seen is None or seen.value is not None:
        findings.require(need, disk_id)
    return seen.value if seen else None


def _find_disk(cloud: DiskCloud, disk_id: str) -> Disk | None:
    try:
        return cloud.get_disk(disk_id)
    except DiskNotFound:
        return None


def _check_snapshot_group(findings: Findings, group: GroupId, disk_id: str) -> list[Snapshot] | None:
    """Its snapshots; None when they could not be seen."""
    need, scope, cloud = rights.KEEP_SNAPSHOTS, group.text, findings.cloud
    found = findings.ask(lambda: cloud.find_group(group), need, scope, rights.READ_GROUP)
    if found is not None:
        findings.note(rules.check_snapshot_group(group, found.value, disk_id))
        if found.value is None:
            return None
    locks = findings.ask(lambda: cloud.locks_at(group), need, scope, rights.READ_LOCKS)
    if locks is not None:
        findings.note(rules.check_snapshot_locks(group, locks.value))
    findings.require(need, scope)
    snapshots = findings.ask(lambda: _list_snapshots(cloud, group), need, scope, rights.READ_SNAPSHOT)
    return snapshots.value if snapshots else None


def _list_snapshots(cloud: DiskCloud, group: GroupId) -> list[Snapshot]:
    """As many as one request has the time for; ARM cannot be asked for those of one disk."""
    seen = list(islice(cloud.list_snapshots(group), SNAPSHOTS_READ))
    if len(seen) == SNAPSHOTS_READ:
        log.warning("validation.snapshots_uncounted group=%s: only the first %d were looked at", group.text, len(seen))
    return seen


def _check_room(
    findings: Findings,
    disk_id: str,
    disk: Disk | None,
    policy: BackupPolicy | None,
    snapshots: list[Snapshot] | None,
    *,
    own: tuple[VaultKey, str] | None,
    location: str,
) -> None:
    """Room for what the policy keeps."""
    subscription = parse_resource_id(disk_id, DISK).subscription
    usage = _ask_usage(findings, subscription, disk.location if disk else location)
    if disk is None or policy is None or snapshots is None:
        return
    count = rules.count_snapshots(policy, disk, snapshots, own)
    findings.note(rules.check_disk_room(count))
    if usage is not None:
        sku = rules.sku_of(snapshots, disk)
        findings.note(rules.check_snapshot_room(usage.value, disk.location, count.to_come, sku))


def _ask_usage(findings: Findings, subscription: str, location: str) -> _Seen[Mapping[str, Usage]] | None:
    """The region's usage, if we may read it. None of Azure's three disk roles may, and no backup needs that right:
    whoever grants it is told of a full region beforehand, for others the validation goes on without."""
    try:
        return _Seen(findings.cloud.usage(subscription, location))
    except PermissionMissing:
        log.warning("validation.usage_unread subscription=%s needs=%s", subscription, rights.READ_USAGE)
    except BackupError as error:
        if error.transient:
            raise
        findings.note([Fault(target=error.target or subscription, message=error.message, code=error.code)])
    return None


def _check_key(findings: Findings, set_id: str, location: str = "") -> None:
    """`location`: where it is to be used, if that is not where it is."""
    need = rights.USE_ENCRYPTION_SET
    found = findings.ask(lambda: findings.cloud.find_encryption_set(set_id), need, set_id, rights.READ_ENCRYPTION_SET)
    if found is not None:
        findings.note(rules.check_encryption_set(set_id, found.value))
        if location:
            findings.note(rules.check_key_place(set_id, found.value, location))


def _read_offer(findings: Findings, ports: Ports, subscription: str, location: str) -> Offer:
    """The kinds of disk that a region offers; nothing where that may not be read: as with the usage, no restore needs
    that right, and for others the validation goes on without."""
    name, now = f"offer {subscription.lower()} {plain_location(location)}", ports.clock.now()
    known = ports.memory.kept(name, dict, now=now)
    if known is not None:
        return known
    offered: Offer = {}
    try:
        offered = findings.cloud.offered_disks(subscription, location)
    except PermissionMissing:
        log.warning("validation.offer_unread subscription=%s needs=%s", subscription, rights.READ_OFFER)
    except BackupError as error:
        if error.transient:
            raise
        findings.note([Fault(target=error.target or subscription, message=error.message, code=error.code)])
    ports.memory.keep(name, dict(offered), until=now + (OFFER_KEPT if offered else UNREAD_KEPT))
    return offered


def _check_disk_access(findings: Findings, disk: Mapping[str, Any]) -> None:
    """The disk access that snapshots and copies of a private disk name too."""
    access_id = access_of(disk.get("properties") or {}).get("diskAccessId")
    if access_id is not None:
        check = partial(findings.require, rights.USE_DISK_ACCESS, access_id)
        findings.once(("access", access_id.lower()), check)


def _check_snapshot(findings: Findings, point: RecoveryPoint) -> None:
    group = parse_resource_id(point.snapshot_id, SNAPSHOT).group_id.text
    need = rights.READ_SNAPSHOTS
    found = findings.ask(lambda: findings.cloud.find_snapshot(point.snapshot_id), need, group, rights.READ_SNAPSHOT)
    if found is not None:
        findings.note(rules.check_snapshot(point, found.value))
    findings.once(("snapshots", group.lower()), partial(findings.require, need, group))


def _check_target(findings: Findings, group: GroupId) -> bool:
    """Whether the group is there, or may be: then names in it can be asked for."""
    need, scope, cloud = rights.RESTORE_DISKS, group.text, findings.cloud
    found = findings.ask(lambda: cloud.find_group(group), need, scope, rights.READ_GROUP)
    if found is not None:
        findings.note(rules.check_target_group(group, found.value))
        if found.value is None:
            return False
    locks = findings.ask(lambda: cloud.locks_at(group), need, scope, rights.READ_LOCKS)
    if locks is not None:
        findings.note(rules.check_target_locks(group, locks.value))
    findings.require(need, scope)
    return True


def _check_name(findings: Findings, group: GroupId, target_id: str) -> None:
    need, scope = rights.RESTORE_DISKS, group.text
    if findings.sparing:
        listed = findings.once(
            ("names", group.key), lambda: findings.ask(lambda: _names_in(findings.cloud, scope), need, scope)
        )
        is_free = listed is None or target_id.lower() not in listed.value
    else:
        there = findings.ask(lambda: findings.cloud.find_disk(target_id), need, scope, rights.READ_DISK)
        is_free = there is None or there.value is None
    findings.note(rules.check_name_free(target_id, is_free=is_free))


def _names_in(cloud: DiskCloud, scope: str) -> frozenset[str]:
    return frozenset(disk.id.lower() for disk in cloud.list_disks(scope))


def _check_disk_room(findings: Findings, wanted: Sequence[tuple[RecoveryPoint, RestoreRequest]]) -> None:
    """Room for all of them, by subscription, region and kind of disk."""
    skus: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for point, request in wanted:
        try:
            subscription = parse_resource_id(request.target_disk_id, DISK).subscription.lower()
        except ValueError:
            continue  # told by _check_restore
        skus[subscription, point.location][wanted_sku(request, point)] += 1
    for (subscription, location), counts in skus.items():
        usage = _ask_usage(findings, subscription, location)
        if usage is not None:
            findings.note(rules.check_room_for_disks(usage.value, location, counts))


def _taken(request: InstanceRequest, holder: catalogue.FoundInstance, asking: VaultKey) -> Fault:
    return replace(taken(request.disk_id, holder, asking), target=rules.SOURCE)


def _is(own: tuple[VaultKey, str], found: catalogue.FoundInstance) -> bool:
    return found.vault == own[0] and found.instance.name.lower() == own[1].lower()

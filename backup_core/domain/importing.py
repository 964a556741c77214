"""What of a vault of Azure Disk Backup can come over, and why what cannot does not. Pure: what was read is judged.

A policy comes over unchanged, as long as ours can say the same. An instance comes over with its name, its disk and its
snapshot group. A recovery point comes over if its snapshot is there, whole, of the instance's disk, and can be told
from every other by what nobody can change (docs/decisions).

Leaves to others: reading it (workflows/importing.py), and what the JSON means (domain/origin.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from typing import Any

from backup_core.domain import validation as rules
from backup_core.domain.acting import Bound, Place, check_bounds
from backup_core.domain.disk import Disk, Snapshot
from backup_core.domain.errors import Fault, InvalidInput, SnapshotNotFound, SnapshotNotOurs
from backup_core.domain.instance import BackupInstance, InstanceRequest, MoveStep
from backup_core.domain.origin import CONFIGURED, STOPPED, SUSPENDED, OriginInstance, OriginPoint, OriginPolicy
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.recovery_point import is_ours, read_label
from backup_core.domain.resource_ids import DISK, VaultKey, parse_group_id, parse_resource_id
from backup_core.domain.snapshot_tags import GIVEN_TAGS_AT_MOST
from backup_core.domain.vault import Vault

NAME_TAKEN = "UserErrorImportNameTaken"
POLICY_DIFFERS = "UserErrorImportPolicyDiffers"
NOT_SETTLED = "UserErrorImportNotSettled"
UNREADABLE = "UserErrorImportUnreadable"
ALREADY_PROTECTED = "UserErrorDppDatasourceAlreadyHasBackupInstance"
NO_PARAMETERS = "UserErrorOperationalStoreParametersNotProvided"
EARLIER, LATER = timedelta(days=1), timedelta(hours=1)  # of a snapshot than of its point: 20 s earlier (recorded)
_SETTLED = (CONFIGURED, STOPPED, SUSPENDED)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-_.]{1,199}")


class PolicyAction(Enum):
    WRITE = "Write"
    KEEP = "Keep"  # the vault has it already
    NONE = "None"


class InstanceAction(Enum):
    """What becomes of an instance that is imported."""

    IMPORT = "Import"
    KEEP = "Keep"  # it came over already
    POINTS_ONLY = "ImportRecoveryPointsOnly"  # its disk is gone
    NONE = "None"


class PointAction(Enum):
    ADOPT = "Adopt"
    KEEP = "Keep"  # it came over already
    NONE = "None"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyJudgement:
    """`policy` is None where ours cannot say the same. `is_there`: the vault has it already, just so."""

    name: str
    policy: BackupPolicy | None
    faults: tuple[Fault, ...] = ()
    is_there: bool = False

    @property
    def action(self) -> PolicyAction:
        if self.policy is None:
            return PolicyAction.NONE
        return PolicyAction.KEEP if self.is_there else PolicyAction.WRITE


@dataclass(frozen=True, slots=True, kw_only=True)
class PointJudgement:
    """`snapshot` as it was seen, None where there is none; it comes over unless there are faults. One that `is_here`
    came over before, and was not looked at."""

    point: OriginPoint
    snapshot: Snapshot | None
    faults: tuple[Fault, ...] = ()
    is_here: bool = False

    @property
    def action(self) -> PointAction:
        if self.is_here:
            return PointAction.KEEP
        return PointAction.NONE if self.faults else PointAction.ADOPT


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceJudgement:
    origin: OriginInstance
    action: InstanceAction
    faults: tuple[Fault, ...] = ()
    points: tuple[PointJudgement, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is known beside an instance: the vault that it comes to, its policy, its disk (None: gone), the instance of
    its name there, and whether an instance of another name protects its disk."""

    vault: Vault
    policy: PolicyJudgement | None
    disk: Disk | None
    existing: BackupInstance | None
    is_protected_elsewhere: bool
    bounds: Sequence[Bound] = ()


def judge_policy(origin: OriginPolicy, existing: BackupPolicy | None) -> PolicyJudgement:
    """Whether the vault can have the policy. One of its name that says something else is not touched."""
    try:
        policy = BackupPolicy.parse(origin.name, origin.properties)
    except InvalidInput as error:
        return PolicyJudgement(name=origin.name, policy=None, faults=error.faults)
    if existing is None:
        return PolicyJudgement(name=origin.name, policy=policy)
    if existing.properties == policy.properties:
        return PolicyJudgement(name=origin.name, policy=existing, is_there=True)
    message = f"the vault has another policy '{existing.name}', which says something else: rename or change one of them"
    return PolicyJudgement(
        name=origin.name,
        policy=None,
        faults=(Fault(target="properties", message=message, code=POLICY_DIFFERS),),
    )


def judge_instance(origin: OriginInstance, request: InstanceRequest, around: Surroundings) -> InstanceJudgement:
    """Whether the instance can come over, without its points."""
    if around.existing is not None and around.existing.origin is not None:
        is_over = around.existing.origin.step is MoveStep.DONE
        return InstanceJudgement(origin=origin, action=InstanceAction.KEEP if is_over else InstanceAction.IMPORT)
    faults = tuple(_against(origin, request, around))
    action = (
        InstanceAction.NONE
        if faults
        else InstanceAction.IMPORT
        if around.disk is not None
        else InstanceAction.POINTS_ONLY
    )
    return InstanceJudgement(origin=origin, action=action, faults=faults)


def judge_unreadable(origin: OriginInstance) -> InstanceJudgement:
    """Of an instance that `request_of` makes nothing of."""
    return InstanceJudgement(origin=origin, action=InstanceAction.NONE, faults=tuple(_unreadable(origin)))


def request_of(origin: OriginInstance) -> InstanceRequest | None:
    """What a hand would ask for to protect the disk just so; None where the origin does not tell enough."""
    try:
        disk, group = parse_resource_id(origin.disk_id, DISK), parse_group_id(origin.group_id)
    except ValueError:
        return None
    if not (origin.is_of_disk and origin.policy_name and _NAME.fullmatch(origin.name)):
        return None
    return InstanceRequest(
        name=origin.name,
        friendly_name=origin.friendly_name or disk.name,
        disk_id=disk.text,
        disk_location=origin.disk_location,
        snapshot_group_id=group.text,
        policy_name=origin.policy_name,
        tags=origin.tags,
        request=_asked(origin, disk.name, group.text),
    )


def _asked(origin: OriginInstance, disk_name: str, group_id: str) -> Mapping[str, Any]:
    """An instance's properties as a client of the API would have written them."""
    store = {
        "dataStoreType": "OperationalStore",
        "objectType": "AzureOperationalStoreParameters",
        "resourceGroupId": group_id,
    }
    source = {
        "resourceID": origin.disk_id,
        "resourceUri": origin.disk_id,
        "datasourceType": DISK,
        "resourceName": disk_name,
        "resourceType": DISK,
        "resourceLocation": origin.disk_location,
        "objectType": "Datasource",
    }
    return {
        "friendlyName": origin.friendly_name or disk_name,
        "dataSourceInfo": source,
        "policyInfo": {"policyParameters": {"dataStoreParametersList": [store]}},
    }


def _unreadable(origin: OriginInstance) -> Iterator[Fault]:
    if not origin.is_of_disk:
        kind = origin.kind or "something unnamed"
        yield _fault("properties.dataSourceInfo", f"holds {kind}; only {DISK} come over", rules.NOT_SUPPORTED)
        return
    if not _NAME.fullmatch(origin.name):
        yield _fault("name", f"{origin.name!r:.80} is no name that an instance can have here", UNREADABLE)
    try:
        parse_resource_id(origin.disk_id, DISK)
    except ValueError as error:
        yield _fault("properties.dataSourceInfo.resourceID", str(error), UNREADABLE)
    try:
        parse_group_id(origin.group_id)
    except ValueError:
        message = "names no resource group for its snapshots"
        yield _fault("properties.policyInfo.policyParameters", message, NO_PARAMETERS)
    if not origin.policy_name:
        yield _fault("properties.policyInfo.policyId", "names no policy", UNREADABLE)


def _against(origin: OriginInstance, request: InstanceRequest, around: Surroundings) -> Iterator[Fault]:
    if origin.state not in _SETTLED:
        message = f"is in state {origin.state or 'unknown'}: wait until Azure Backup is done with it, or mend it there"
        yield _fault("properties.currentProtectionState", message, NOT_SETTLED)
    if len(origin.tags) > GIVEN_TAGS_AT_MOST:
        message = f"has {len(origin.tags)} tags; at most {GIVEN_TAGS_AT_MOST} are allowed"
        yield _fault("tags", message, "BadRequest")
    policy = around.policy.policy if around.policy is not None else None
    found = [*rules.check_rules(around.vault, request, policy, around.bounds)]
    if around.policy is not None and policy is None:  # there is one, and what is wrong with it says more
        found = [each for each in found if each.target != rules.POLICY]
        message = f"its policy '{request.policy_name}' cannot come over: {around.policy.faults[0].message}"
        found.append(Fault(target=rules.POLICY, message=message, code=around.policy.faults[0].code))
    if around.disk is not None:
        found += [*rules.check_source(around.vault, around.disk, request.disk_id)]
        found += [*rules.check_interval(policy, around.disk)]
    yield from rules.in_instance(found)
    if around.existing is not None and [*rules.check_unchanged(around.existing, request)]:
        message = "the vault has an instance of this name for another disk or snapshot group"
        yield _fault("name", message, NAME_TAKEN)
    if around.is_protected_elsewhere:
        message = "another backup instance of this installation protects the disk"
        yield _fault("properties.dataSourceInfo.resourceID", message, ALREADY_PROTECTED)


def check_place(point: OriginPoint, vault: VaultKey, bounds: Sequence[Bound]) -> list[Fault]:
    """Whether the point's snapshot lies within the vault's bounds: where it does not, it is not looked at."""
    return check_bounds(bounds, vault, {point.name: (Place.SNAPSHOTS, point.snapshot_id)})


def judge_point(
    point: OriginPoint, snapshot: Snapshot | None, *, origin: OriginInstance, vault: VaultKey
) -> PointJudgement:
    """Whether the recovery point can come over with the snapshot that it names."""
    faults = tuple(replace(each, target=point.name) for each in _against_point(point, snapshot, origin, vault))
    return PointJudgement(point=point, snapshot=snapshot, faults=faults)


def _against_point(
    point: OriginPoint, snapshot: Snapshot | None, origin: OriginInstance, vault: VaultKey
) -> Iterator[Fault]:
    if not point.snapshot_id or point.created_at is None:
        yield _fault("", "does not say which snapshot it is, or of when", UNREADABLE)
        return
    if not point.is_whole:
        yield _fault("", "is not whole", NOT_SETTLED)
    if snapshot is None:
        yield _fault("", f"its snapshot {point.snapshot_id} is not there", SnapshotNotFound.code)
    else:
        yield from _against_snapshot(point, snapshot, origin, vault)


def _against_snapshot(
    point: OriginPoint, snapshot: Snapshot, origin: OriginInstance, vault: VaultKey
) -> Iterator[Fault]:
    if not snapshot.is_usable:
        yield _fault("", "its snapshot is not whole yet: import again when it is", NOT_SETTLED)
    if is_ours(snapshot.tags) and not _came_over_before(snapshot, point, origin, vault):
        yield _fault("", "its snapshot carries the tags of an installation of disk-backup", SnapshotNotOurs.code)
    if snapshot.source_id.lower() != origin.disk_id.lower():
        yield _fault("", f"its snapshot is of '{snapshot.source_id}', not of the disk", SnapshotNotOurs.code)
    if not (snapshot.unique_id and snapshot.source_unique_id):
        message = "Azure gives its snapshot no unique id, so that it could not be told from another of its name"
        yield _fault("", message, SnapshotNotOurs.code)
    assert point.created_at is not None, "one without is refused before"
    if not point.created_at - EARLIER <= snapshot.created_at <= point.created_at + LATER:
        message = (
            f"its snapshot was created at {snapshot.created_at:%Y-%m-%dT%H:%M:%SZ}, the point at "
            f"{point.created_at:%Y-%m-%dT%H:%M:%SZ}: another snapshot bears the name by now"
        )
        yield _fault("", message, SnapshotNotOurs.code)


def _came_over_before(snapshot: Snapshot, point: OriginPoint, origin: OriginInstance, vault: VaultKey) -> bool:
    """Whether our tags say that it was this very point: the tables that knew were lost. Azure Backup still says so."""
    label = read_label(snapshot.tags)
    return label is not None and (label.adopted_from, label.vault, label.instance_name.lower()) == (
        point.name,
        vault,
        origin.name.lower(),
    )


def _fault(target: str, message: str, code: str) -> Fault:
    return Fault(target=target, message=message, code=code)

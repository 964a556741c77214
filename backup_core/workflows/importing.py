"""What would come over from a vault of Azure Disk Backup, instance by instance, and why what would not. A dry run:
nothing is changed, neither here nor there.

Reads as the identity that the importing vault acts with, within its bounds. Costs a list of the origin's policies and
instances for each page, and two reads for each recovery point: one tells its snapshot, one looks at that.

Leaves to others: the judgement (domain/importing.py).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from backup_core.domain.acting import Place, check_bounds
from backup_core.domain.disk import Snapshot
from backup_core.domain.errors import DiskNotFound, Fault, InvalidInput, SnapshotGroupNotFound, Throttled
from backup_core.domain.importing import (
    InstanceJudgement,
    PointJudgement,
    PolicyJudgement,
    Surroundings,
    check_place,
    judge_instance,
    judge_point,
    judge_policy,
    judge_unreadable,
    request_of,
)
from backup_core.domain.instance import BackupInstance, InstanceRequest
from backup_core.domain.origin import OriginInstance, OriginPoint, OriginVault
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import VAULT, VaultKey, parse_resource_id
from backup_core.domain.validation import NO_SUCH_RESOURCE
from backup_core.domain.vault import Vault
from backup_core.ports import Ports, every
from backup_core.workflows.catalogue import find_protection, get_vault

SOURCE = "sourceVaultId"
LOOKS_A_PAGE = 50  # at instances and points, two calls each; a page has at least one instance

MaySee = Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPage:
    """`policies` are told with the first page. `total` instances are in the origin; `next_name` is the last of this
    page where there are more."""

    origin: OriginVault
    policies: tuple[PolicyJudgement, ...]
    items: tuple[InstanceJudgement, ...]
    total: int
    next_name: str | None


def dry_run_import(ports: Ports, vault: VaultKey, origin_id: str, *, after: str, may_see: MaySee) -> ImportPage:
    """The instances behind the name `after`, in the order of their names, of those whose disk and snapshots the asker
    `may_see`. A page ends early where Azure asks for patience. Raises NotFound (vault), InvalidInput."""
    settings = get_vault(ports, vault)
    origin = find_origin(ports, settings, origin_id)
    policies = judge_policies(ports, vault, origin)
    instances = sorted(ports.azure_backup.list_instances(origin.id), key=lambda each: each.name.lower())
    seen = [each for each in instances if is_seen(each, may_see)]
    left = [each for each in seen if each.name.lower() > after.lower()]
    items: list[InstanceJudgement] = []
    for each in left:
        try:
            items.append(_judge(ports, settings, each, policies, may_see))
        except Throttled:
            if not items:
                raise
            break
        if sum(1 + len(item.points) for item in items) >= LOOKS_A_PAGE:
            break
    return ImportPage(
        origin=origin,
        policies=() if after else tuple(policies.values()),
        items=tuple(items),
        total=len(seen),
        next_name=items[-1].origin.name if len(items) < len(left) else None,
    )


def find_origin(ports: Ports, settings: Vault, origin_id: str) -> OriginVault:
    """The vault to import from. Raises InvalidInput that says why it cannot be that one."""
    parsed = parse_resource_id(origin_id, VAULT)
    key = VaultKey(subscription=parsed.subscription, group=parsed.group, name=parsed.name)
    refused = check_bounds(ports.bounds, settings.key, {SOURCE: (Place.ORIGIN, key.resource_id)})
    if refused:
        raise InvalidInput(refused)
    found = ports.azure_backup.find_vault(key.resource_id)
    if found is None:
        message = f"Azure Backup has no vault '{key.resource_id}'"
        raise InvalidInput([Fault(target=SOURCE, message=message, code=NO_SUCH_RESOURCE)])
    return replace(found, id=key.resource_id)  # in our spelling, whatever the answer said


def is_seen(origin: OriginInstance, may_see: MaySee) -> bool:
    """Of what is no id nothing is hidden: it names nothing."""
    return all(map(may_see, filter(None, (origin.disk_id, origin.group_id))))


def judge_policies(ports: Ports, vault: VaultKey, origin: OriginVault) -> Mapping[str, PolicyJudgement]:
    """By name in small letters. Those of other kinds of data source nobody asks for."""
    ours = {stored.value.name.lower(): stored.value for stored in every(ports, BackupPolicy, vault)}
    listed = (each for each in ports.azure_backup.list_policies(origin.id) if each.is_for_disks)
    return {each.name.lower(): judge_policy(each, ours.get(each.name.lower())) for each in listed}


def _judge(
    ports: Ports,
    settings: Vault,
    origin: OriginInstance,
    policies: Mapping[str, PolicyJudgement],
    may_see: MaySee,
) -> InstanceJudgement:
    request = request_of(origin)
    if request is None:
        return judge_unreadable(origin)
    around = surroundings_of(ports, settings, request, policies)
    judged = judge_instance(origin, request, around)
    listed = sorted(ports.azure_backup.list_points(origin.id), key=_age)
    known = _known_points(ports, settings.key, around.existing)
    points = (
        PointJudgement(point=each, snapshot=None, is_here=True)
        if each.name in known
        else judge_origin_point(ports, settings.key, origin, each.name, may_see)
        for each in listed
    )
    return replace(judged, points=tuple(each for each in points if each is not None))


def _known_points(ports: Ports, vault: VaultKey, existing: BackupInstance | None) -> Collection[str]:
    """The names that points which came over had in Azure Backup."""
    if existing is None or existing.origin is None:
        return ()
    return {each.value.adopted_from for each in every(ports, RecoveryPoint, vault, existing.name)}


def _age(point: OriginPoint) -> tuple[float, str]:
    """Newest first, and what does not tell its time last."""
    return (-point.created_at.timestamp() if point.created_at else 0.0), point.name


def surroundings_of(
    ports: Ports, settings: Vault, request: InstanceRequest, policies: Mapping[str, PolicyJudgement]
) -> Surroundings:
    existing = ports.store.get(BackupInstance, settings.key, request.name)
    held = find_protection(ports, request.disk_id)
    is_mine = held is not None and held.vault == settings.key and held.instance.name.lower() == request.name.lower()
    try:
        disk = ports.cloud.get_disk(request.disk_id)
    except DiskNotFound:
        disk = None
    return Surroundings(
        vault=settings,
        policy=policies.get(request.policy_name.lower()),
        disk=disk,
        existing=existing.value if existing else None,
        is_protected_elsewhere=held is not None and not is_mine,
        bounds=ports.bounds,
    )


def judge_origin_point(
    ports: Ports, vault: VaultKey, origin: OriginInstance, name: str, may_see: MaySee
) -> PointJudgement | None:
    """None for one that Azure expired since the list was made, and where the asker may not look."""
    point = ports.azure_backup.find_point(origin.id, name)
    if point is None or (point.snapshot_id and not may_see(point.snapshot_id)):
        return None
    refused = check_place(point, vault, ports.bounds)
    if refused:
        return PointJudgement(point=point, snapshot=None, faults=tuple(refused))
    return judge_point(point, _find_snapshot(ports, point.snapshot_id), origin=origin, vault=vault)


def _find_snapshot(ports: Ports, snapshot_id: str) -> Snapshot | None:
    try:
        return ports.cloud.find_snapshot(snapshot_id) if snapshot_id else None
    except SnapshotGroupNotFound:
        return None

"""What is done with one instance that comes over from Azure Backup, goes back there, or is let go of.

Over: its row and its points are recorded, its protection here stopped, so that nothing of it is ever deleted meanwhile;
then Azure Backup is asked to stop, which from then on keeps its data for ever; then what it took meanwhile is recorded,
and the snapshots get our tags; then our schedule starts. Back: protection here is stopped, our tags are taken off, the
records of what came over go, and Azure Backup protects again. Let go of: only once no snapshot is left that Azure
Backup would delete with its instance.

In each, whatever is not known to be done is done again. Nothing here deletes a snapshot.

Leaves to others: which instances, and when to come again (moving.py).
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from backup_core.domain.disk import Disk
from backup_core.domain.errors import BackupError, Fault, InvalidInput, TablesSetBack
from backup_core.domain.guard import Critical
from backup_core.domain.hold import standing
from backup_core.domain.importing import (
    NOT_SETTLED,
    InstanceAction,
    PointJudgement,
    PolicyJudgement,
    Surroundings,
    judge_instance,
    judge_unreadable,
    request_of,
)
from backup_core.domain.instance import BackupInstance, InstanceRequest, MoveStep, Origin, PointCount, ProtectionState
from backup_core.domain.job import JobError
from backup_core.domain.origin import CONFIGURED, STOPPED, OriginInstance
from backup_core.domain.ownership import Proven, prove_point
from backup_core.domain.points import adopted_point, label_of_point
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import VaultKey, parse_group_id
from backup_core.domain.vault import Vault
from backup_core.ports import Insert, Ports, Remove, Replace, Stored, every
from backup_core.workflows.absence import find_snapshot_surely
from backup_core.workflows.adopted_points import (
    TOGETHER,
    Done,
    Outcome,
    Refused,
    Waits,
    forget_points,
    is_in_use,
    take_off_tags,
    write_points,
)
from backup_core.workflows.catalogue import open_vault
from backup_core.workflows.claims import release_claim, take_claim
from backup_core.workflows.deletion import DeletionUnderWay
from backup_core.workflows.guards import ask_leave
from backup_core.workflows.importing import (
    MaySee,
    find_origin,
    is_seen,
    judge_origin_point,
    judge_policies,
    surroundings_of,
)
from backup_core.workflows.installations import installation_id
from backup_core.workflows.lifecycle import stop_protection
from backup_core.workflows.protection import configure_instance
from backup_core.workflows.protection import request_of as as_asked
from backup_core.workflows.run_time import Time
from backup_core.workflows.set_back import set_back
from backup_core.workflows.snapshot_groups import remember_group
from backup_core.workflows.vaults import put_policy

log = logging.getLogger("diskbackup.moving")

ASK_AGAIN_AFTER = timedelta(minutes=10)  # what Azure Backup was asked for and did not do
STILL_NEEDED = "UserErrorImportStillNeeded"
_SET_BACK = "the app's tables were set back: whether it is still to be gone is not known"
_NEVER_HERE = (ProtectionState.DELETING, ProtectionState.SOFT_DELETED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What a run knows of the origin: its instances that whoever asked may see, by name, and its policies."""

    vault: Vault
    instances: Mapping[str, OriginInstance]
    policies: Mapping[str, PolicyJudgement]
    may_see: MaySee

    @classmethod
    def of(cls, ports: Ports, vault: VaultKey, origin_id: str, *, may_see: MaySee) -> Arrival:
        """Policies come over at once. Raises NotFound, ResourceInUse, InvalidInput (also where the bounds were narrowed
        since), and what Azure raises."""
        settings = open_vault(ports, vault)
        origin = find_origin(ports, settings, origin_id)
        policies = judge_policies(ports, vault, origin)
        for judged in policies.values():
            if judged.policy is not None and not judged.is_there:
                put_policy(ports, vault, judged.policy)
        listed = ports.azure_backup.list_instances(origin.id)
        return cls(
            vault=settings,
            instances={each.name: each for each in listed if is_seen(each, may_see)},
            policies=policies,
            may_see=may_see,
        )

    @property
    def names(self) -> list[str]:
        return sorted(self.instances, key=str.lower)


# ---------------------------------------------------------------- over


def bring_over(ports: Ports, arrival: Arrival, name: str, time: Time) -> Outcome:
    """Take an instance as far as it comes now. Raises InvalidInput, StateConflict, and what Azure raises."""
    vault, listed = arrival.vault.key, arrival.instances.get(name)
    if listed is None:
        return Done()  # it went there meanwhile: what came over before stays as it is
    request = request_of(listed)
    if request is None:
        return Refused(faults=judge_unreadable(listed).faults)
    stored = ports.store.get(BackupInstance, vault, name)
    around = surroundings_of(ports, arrival.vault, request, arrival.policies)
    if stored is None or stored.value.origin is None:
        judged = judge_instance(listed, request, around)
        if judged.action is InstanceAction.NONE:
            return Refused(faults=judged.faults)
        stored = _enter(ports, arrival.vault, request, listed, around, stored)
    origin = stored.value.origin
    if origin is None or origin.step in (MoveStep.GOING_BACK, MoveStep.LETTING_GO):
        return Refused(faults=(_fault(name, "is on its way out: finish that first"),))
    return _go_on(ports, arrival, stored, listed, around.disk, time)


def _enter(
    ports: Ports,
    vault: Vault,
    request: InstanceRequest,
    listed: OriginInstance,
    around: Surroundings,
    stored: Stored[BackupInstance] | None,
) -> Stored[BackupInstance]:
    """The row, written before anything is asked of Azure Backup. A new one is stopped: it keeps every point."""
    origin = Origin(instance_id=listed.id, state=listed.state, step=MoveStep.RECORDING)
    if stored is not None:
        if stored.value.state in _NEVER_HERE:
            raise InvalidInput([_fault(request.name, "an instance of this name is deleted, or being deleted, here")])
        changed = replace(stored.value, origin=origin)
        (etag,) = ports.store.commit(vault.key, [Replace(stored, changed)])
        return Stored(changed, etag)
    policy = around.policy.policy if around.policy is not None else None
    assert policy is not None, "without one it does not come over"
    remember_group(ports, vault.key, parse_group_id(request.snapshot_group_id))
    take_claim(ports, vault.key, request.name, request.disk_id)
    instance = _new_instance(request, policy, around.disk, origin, ports.clock.now())
    (etag,) = ports.store.commit(vault.key, [Insert(instance)])
    entered = Stored(instance, etag)
    try:
        open_vault(ports, vault.key)  # whoever deletes a vault looks for instances after having closed it
    except BackupError:
        ports.store.commit(vault.key, [Remove(entered)])
        release_claim(ports, vault.key, instance)
        raise
    log.info("move.entered instance=%s origin=%s", instance.name, listed.id)
    return entered


def _new_instance(
    request: InstanceRequest, policy: BackupPolicy, disk: Disk | None, origin: Origin, now: datetime
) -> BackupInstance:
    return BackupInstance(
        name=request.name,
        generation=uuid.uuid5(uuid.NAMESPACE_URL, f"{origin.instance_id} {now.isoformat()}").hex[:12],
        revision=1,
        friendly_name=request.friendly_name,
        disk_id=request.disk_id,
        disk_location=disk.location if disk is not None else request.disk_location,
        disk_sku=disk.sku if disk is not None else "",
        snapshot_group_id=request.snapshot_group_id,
        policy=policy,
        state=ProtectionState.STOPPED,
        created_at=now,
        paused_at=now,
        tags=request.tags,
        request=request.request,
        origin=origin,
        point_count=PointCount(count=0),
    )


def _go_on(
    ports: Ports,
    arrival: Arrival,
    stored: Stored[BackupInstance],
    listed: OriginInstance,
    disk: Disk | None,
    time: Time,
) -> Outcome:
    """Its state there is read before its points: what is listed of one that is stopped is all that there will be."""
    vault, name = arrival.vault.key, stored.value.name
    there = ports.azure_backup.find_instance(listed.id)
    if there is None:
        return Done()
    recorded = _record_points(ports, arrival, stored.value, there, disk, time)
    if not recorded.is_all:
        return Waits(points=recorded.count)
    stored = _again(ports, vault, name)
    if there.state != STOPPED:
        _ask(ports, vault, stored, ports.azure_backup.stop_protection)
        return Waits(points=recorded.count)
    if not _tag_points(ports, vault, name, time):
        return Waits(points=recorded.count)
    stored = _at_step(ports, vault, _again(ports, vault, name), MoveStep.ADOPTED)
    _protect(ports, vault, stored.value, disk)
    _at_step(ports, vault, _again(ports, vault, name), MoveStep.DONE)
    return Done(points=recorded.count, left=recorded.left)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recorded:
    count: int
    is_all: bool
    left: tuple[JobError, ...] = ()


def _record_points(
    ports: Ports, arrival: Arrival, instance: BackupInstance, there: OriginInstance, disk: Disk | None, time: Time
) -> _Recorded:
    """Records of the points that have none. Two calls of Azure for each of these, none for the others."""
    vault = arrival.vault.key
    known = {each.value.adopted_from for each in every(ports, RecoveryPoint, vault, instance.name)}
    wanted = [each.name for each in ports.azure_backup.list_points(there.id) if each.name not in known]
    judged: list[PointJudgement] = []
    count, refused = 0, []
    for position, name in enumerate(sorted(wanted)):
        if time.is_up:
            break
        point = judge_origin_point(ports, vault, there, name, arrival.may_see)
        if point is not None and point.faults:
            refused.append(point)
        elif point is not None:
            judged.append(point)
        if len(judged) == TOGETHER or position == len(wanted) - 1:
            count += _write_points(ports, vault, instance.name, judged, disk)
            judged = []
    else:
        return _Recorded(count=count, is_all=True, left=tuple(_left_behind(refused)))
    count += _write_points(ports, vault, instance.name, judged, disk)
    return _Recorded(count=count, is_all=False)


def _left_behind(refused: Sequence[PointJudgement]) -> Iterable[JobError]:
    """One word for all points of an instance: a dry run tells of each."""
    if refused:
        first = refused[0]
        error = JobError.of(InvalidInput(first.faults))
        yield replace(error, message=f"{len(refused)} recovery points do not come over; one of them, {error.message}.")


def _write_points(ports: Ports, vault: VaultKey, name: str, judged: Sequence[PointJudgement], disk: Disk | None) -> int:
    """Points and instance in one transaction; the expiry agenda is told first. Raises StateConflict."""
    if not judged:
        return 0
    stored, points = _again(ports, vault, name), []
    for each in judged:
        assert each.snapshot is not None, "without one it does not come over"
        points.append(
            adopted_point(
                vault, stored.value, each.point, each.snapshot, installation_id=installation_id(ports), disk=disk
            )
        )
    write_points(ports, vault, stored, points)
    return len(points)


def _ask(ports: Ports, vault: VaultKey, stored: Stored[BackupInstance], ask: Callable[[str], None]) -> None:
    """Ask Azure Backup for something that takes a while, unless it was asked a moment ago. That it is about to be asked
    is written first."""
    origin, now = stored.value.origin, ports.clock.now()
    assert origin is not None, "only what came over is asked about"
    if origin.asked_at is not None and now < origin.asked_at + ASK_AGAIN_AFTER:
        return
    asked = replace(stored.value, origin=replace(origin, asked_at=now))
    ports.store.commit(vault, [Replace(stored, asked)])
    ask(origin.instance_id)


def _tag_points(ports: Ports, vault: VaultKey, name: str, time: Time) -> bool:
    """Whether every snapshot that came over was seen with our tags; those without get them, beside what they have."""
    are_all = True
    for point in _adopted(ports, vault, name):
        if time.is_up:
            return False
        snapshot = ports.cloud.find_snapshot(point.snapshot_id)
        if snapshot is None or not isinstance(prove_point(point, snapshot, vault=vault), Proven):
            continue  # gone, or another: the reconciler says so
        wanted = label_of_point(vault, point).tags()
        if not wanted.items() <= snapshot.tags.items():
            ports.cloud.tag_snapshot(snapshot.id, {**snapshot.tags, **wanted})
            are_all = False
    return are_all


def _protect(ports: Ports, vault: VaultKey, instance: BackupInstance, disk: Disk | None) -> None:
    """Start our schedule where Azure Backup's ran. What was not protected there, or has no disk, stays stopped."""
    origin = instance.origin
    if origin is None or origin.state != CONFIGURED or instance.state is not ProtectionState.STOPPED or disk is None:
        return
    if origin.step is MoveStep.DONE:
        return  # it was stopped since, by hand
    configure_instance(ports, vault, as_asked(instance))


def _adopted(ports: Ports, vault: VaultKey, name: str) -> list[RecoveryPoint]:
    return [each.value for each in every(ports, RecoveryPoint, vault, name) if each.value.came_over]


def _again(ports: Ports, vault: VaultKey, name: str) -> Stored[BackupInstance]:
    stored = ports.store.get(BackupInstance, vault, name)
    if stored is None or stored.value.origin is None:
        raise InvalidInput([_fault(name, "was deleted here meanwhile")])
    return stored


def _at_step(ports: Ports, vault: VaultKey, stored: Stored[BackupInstance], step: MoveStep) -> Stored[BackupInstance]:
    """The row at a step, unless it is there or further. Raises StateConflict."""
    origin = stored.value.origin
    if origin is None or origin.step in (step, MoveStep.DONE):
        return stored
    changed = replace(stored.value, origin=replace(origin, step=step))
    (etag,) = ports.store.commit(vault, [Replace(stored, changed)])
    return Stored(changed, etag)


def _fault(target: str, message: str) -> Fault:
    return Fault(target=target, message=message, code=NOT_SETTLED)


# ---------------------------------------------------------------- back


def take_back(ports: Ports, vault: VaultKey, name: str, time: Time, by: str) -> Outcome:
    """Give an instance back to Azure Backup: what came over is forgotten here and stays there. What was backed up here
    since stays here, stopped. In a guarded vault this takes the leave of stopping protection, for `by`, the object id
    of whoever asked. Raises as bring_over, GuardLocked."""
    stored = ports.store.get(BackupInstance, vault, name)
    if stored is None or stored.value.origin is None:
        return Done()
    if stored.value.origin.step is MoveStep.LETTING_GO:
        return Refused(
            faults=(_fault(name, "Azure Backup is being told to forget it: there is nothing to go back to"),)
        )
    points = _adopted(ports, vault, name)
    if stored.value.origin.step is not MoveStep.GOING_BACK:
        faults = tuple(_against_going_back(ports, vault, name, points))
        if faults:
            return Refused(faults=faults)
        ask_leave(ports, vault, Critical.STOP, f"{vault.resource_id}/backupInstances/{name}", by)
        _mark(ports, vault, stored, MoveStep.GOING_BACK)
    try:
        stop_protection(ports, vault, name)
    except DeletionUnderWay:
        return Waits()
    if any(map(is_in_use, points)) or not _untag_points(ports, vault, points, time):
        return Waits()
    forget_points(ports, vault, name, {point.point_id for point in points})
    stored = _again(ports, vault, name)
    if not _is_protected_there(ports, vault, stored):
        return Waits()
    _leave(ports, vault, _again(ports, vault, name))
    return Done(points=len(points))


def _against_going_back(ports: Ports, vault: VaultKey, name: str, points: Sequence[RecoveryPoint]) -> Iterable[Fault]:
    held = [point.point_id for point in points if standing(point.holds, ports.clock.now())]
    if held:
        yield _fault(name, f"{len(held)} of its recovery points are held: release them first")
    if points and open_vault(ports, vault).is_immutable:
        yield _fault(name, "the vault is immutable, and its recovery points were promised to stay")


def _untag_points(ports: Ports, vault: VaultKey, points: Sequence[RecoveryPoint], time: Time) -> bool:
    """Whether every snapshot that came over was seen without our tags."""
    are_all = True
    for point in points:
        if time.is_up:
            return False
        snapshot = ports.cloud.find_snapshot(point.snapshot_id)
        if snapshot is None or not isinstance(prove_point(point, snapshot, vault=vault), Proven):
            continue
        if take_off_tags(ports, snapshot):
            are_all = False
    return are_all


def _is_protected_there(ports: Ports, vault: VaultKey, stored: Stored[BackupInstance]) -> bool:
    """Whether it stands there as it did; Azure Backup is asked where it does not."""
    origin = stored.value.origin
    assert origin is not None, "only what came over goes back"
    there = ports.azure_backup.find_instance(origin.instance_id)
    if there is None or origin.state != CONFIGURED or there.state == CONFIGURED:
        return True
    _ask(ports, vault, stored, ports.azure_backup.resume_protection)
    return False


def _leave(ports: Ports, vault: VaultKey, stored: Stored[BackupInstance]) -> None:
    """The row goes, unless something of our own hangs on it. Raises StateConflict."""
    instance = stored.value
    is_empty = instance.active is None and not any(every(ports, RecoveryPoint, vault, instance.name))
    if not is_empty:
        ports.store.commit(vault, [Replace(stored, replace(instance, origin=None))])
        return
    ports.store.commit(vault, [Remove(stored)])
    release_claim(ports, vault, instance)
    log.info("move.gone_back instance=%s", instance.name)


# ---------------------------------------------------------------- let go of


def let_go(ports: Ports, vault: VaultKey, name: str, time: Time) -> Outcome:
    """Have Azure Backup forget an instance, which deletes every snapshot that its points name: so only when none of
    them is there any more. Raises as bring_over."""
    stored = ports.store.get(BackupInstance, vault, name)
    origin = stored.value.origin if stored is not None else None
    if stored is None or origin is None:
        return Done()
    there = ports.azure_backup.find_instance(origin.instance_id)
    if there is None:
        ports.store.commit(vault, [Replace(stored, replace(stored.value, origin=None))])
        return Done()
    if set_back(ports) is not None:
        return Refused(faults=(Fault(target=name, message=_SET_BACK, code=TablesSetBack.code),))
    if origin.step is not MoveStep.LETTING_GO:
        faults = tuple(_against_letting_go(ports, vault, stored.value, there, time))
        if faults:
            return Refused(faults=faults)
        stored = _mark(ports, vault, stored, MoveStep.LETTING_GO)
    _ask(ports, vault, stored, ports.azure_backup.delete_instance)
    return Waits()


def _against_letting_go(
    ports: Ports, vault: VaultKey, instance: BackupInstance, there: OriginInstance, time: Time
) -> Iterable[Fault]:
    name, origin = instance.name, instance.origin
    if origin is None or origin.step is not MoveStep.DONE:
        yield _fault(name, "has not come over yet, or is on its way back")
    elif there.state != STOPPED:
        yield _fault(name, f"is in state {there.state} in Azure Backup: import again, which stops it there")
    needed = list(_needed(ports, vault, name, there, time))
    if needed:
        message = (
            f"{len(needed)} of the snapshots that Azure Backup would delete with it are still there, such as "
            f"{needed[0]}: ask again when they have expired"
        )
        yield Fault(target=name, message=message, code=STILL_NEEDED)


def _needed(ports: Ports, vault: VaultKey, name: str, there: OriginInstance, time: Time) -> Iterable[str]:
    """What would be lost: the snapshots of our points, and those of points that did not come over. One is enough."""
    ours = [point.snapshot_id for point in _adopted(ports, vault, name)]
    if ours:
        yield from ours
        return
    for listed in ports.azure_backup.list_points(there.id):
        point = ports.azure_backup.find_point(there.id, listed.name)
        if point is None:
            continue
        if not point.snapshot_id or time.is_up or find_snapshot_surely(ports, point.snapshot_id) is not None:
            yield point.snapshot_id or f"that of recovery point {point.name}"
            return


def _mark(ports: Ports, vault: VaultKey, stored: Stored[BackupInstance], step: MoveStep) -> Stored[BackupInstance]:
    """The row on another way. Raises StateConflict."""
    origin = stored.value.origin
    assert origin is not None, "only what came over is on a way"
    changed = replace(stored.value, origin=replace(origin, step=step, asked_at=None))
    (etag,) = ports.store.commit(vault, [Replace(stored, changed)])
    return Stored(changed, etag)

"""Snapshots that scripts took, adopted by a rule: what would come over, and what is done for the snapshots of one disk.

Over: the group is written down, our tags are merged into those that the snapshot has, and only once they are seen on
the very snapshot that is recorded does a record say when it expires. Back: our tags are taken off, and only once they
are seen gone does the record go. Nothing here deletes a snapshot; whatever is not known to be done is done again.

Costs the list of the scope for each page and each run; for each disk a read of it, for each group its locks and our
rights there, and for each snapshot that comes over three calls.

Leaves to others: the judgement (domain/adoption_rule.py), which disk comes when (moving.py).
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from backup_core.domain.acting import Place, check_bounds
from backup_core.domain.adoption_rule import (
    GRACE,
    VAULT_IS_THERE,
    AdoptionRule,
    Ground,
    Receiver,
    SnapshotAction,
    SnapshotJudgement,
    check_receiver,
    judge_snapshot,
    no_instance,
    not_there,
)
from backup_core.domain.disk import Disk, Snapshot
from backup_core.domain.errors import (
    DiskNotFound,
    Fault,
    InvalidInput,
    PermissionMissing,
    SnapshotGroupNotFound,
    SubscriptionNotFound,
    Throttled,
)
from backup_core.domain.guard import Critical
from backup_core.domain.hold import all_holds, standing
from backup_core.domain.importing import NOT_SETTLED
from backup_core.domain.installation import Installation
from backup_core.domain.instance import BackupInstance
from backup_core.domain.job import JobError
from backup_core.domain.ownership import Proven, prove_point
from backup_core.domain.permissions import KEEP_SNAPSHOTS
from backup_core.domain.points import label_of_point
from backup_core.domain.recovery_point import RecoveryPoint, is_ours
from backup_core.domain.resource_ids import DISK, SNAPSHOT, GroupId, VaultKey, parse_group_id, parse_resource_id
from backup_core.domain.tags import united
from backup_core.domain.validation import NO_SUCH_RESOURCE, missing_right
from backup_core.domain.vault import Vault
from backup_core.ports import Ports, StateConflict, every
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
from backup_core.workflows.catalogue import find_protection, open_vault
from backup_core.workflows.guards import ask_leave
from backup_core.workflows.importing import MaySee
from backup_core.workflows.installations import installation
from backup_core.workflows.run_time import Time
from backup_core.workflows.snapshot_groups import remember_group

log = logging.getLogger("diskbackup.adopting")

SCOPE = "sourceScope"
FORMER_VAULT = "deletedVaultId"
SNAPSHOTS_A_PAGE = 200
DISKS_A_PAGE = 25
_OF_NO_DISK = "(of no disk)"  # stands for the disk of a snapshot that names none


@dataclass(slots=True, kw_only=True)
class Arrival:
    """What a run knows: the snapshots that the rule finds and whoever asked may reach, by their disk in small letters;
    and what it learns of disks and groups, each once."""

    ports: Ports
    vault: Vault
    rule: AdoptionRule
    may_see: MaySee
    installation: Installation
    found: Mapping[str, Sequence[Snapshot]]
    grounds: dict[str, Ground] = field(default_factory=dict)

    @classmethod
    def of(cls, ports: Ports, vault: VaultKey, rule: AdoptionRule, *, may_see: MaySee) -> Arrival:
        """Raises NotFound, InvalidInput (the scope, the instance or the former vault is not as the rule says), and what
        Azure raises."""
        settings = open_vault(ports, vault)
        check_rule(ports, vault, rule)
        found: dict[str, list[Snapshot]] = defaultdict(list)
        for snapshot in _listed(ports, rule.scope):
            if not rule.wants(snapshot.id, snapshot.source_id, snapshot.created_at, snapshot.tags):
                continue
            if may_see(snapshot.id) and may_see(snapshot.source_id):
                found[snapshot.source_id.lower() or _OF_NO_DISK].append(snapshot)
        return cls(
            ports=ports,
            vault=settings,
            rule=rule,
            may_see=may_see,
            installation=installation(ports),
            found={disk: sorted(of_it, key=lambda each: each.id.lower()) for disk, of_it in found.items()},
        )

    @property
    def disks(self) -> list[str]:
        return sorted(self.found)

    def judge(self, snapshot: Snapshot, to: Receiver) -> SnapshotJudgement:
        return judge_snapshot(
            self.rule,
            snapshot,
            to,
            self.ground_of(snapshot),
            installation_id=self.installation.installation_id,
            now=self.ports.clock.now(),
        )

    def ground_of(self, snapshot: Snapshot) -> Ground:
        group = parse_resource_id(snapshot.id, SNAPSHOT).group_id
        if group.key not in self.grounds:
            self.grounds[group.key] = _read_ground(self.ports, self.vault, group)
        return self.grounds[group.key]

    def receiver_of(self, disk_id: str) -> Receiver:
        """Where the snapshots of a disk go."""
        found = self._instance_of(disk_id)
        instance = found if isinstance(found, BackupInstance) else None
        points = every(self.ports, RecoveryPoint, self.vault.key, instance.name) if instance is not None else ()
        return Receiver(
            vault=self.vault.key,
            location=self.vault.location,
            installations=self.installation.ids,
            instance=instance,
            disk=_find_disk(self.ports, instance.disk_id) if instance is not None else None,
            points={each.value.snapshot_unique_id.lower(): each.value for each in points},
            faults=[found] if isinstance(found, Fault) else [*check_receiver(found, disk_id)],
            bounds=self.ports.bounds,
        )

    def _instance_of(self, disk_id: str) -> BackupInstance | Fault:
        if self.rule.instance_name:
            stored = self.ports.store.get(BackupInstance, self.vault.key, self.rule.instance_name)
            found = stored.value if stored is not None else None
            if found is None or not self._may_see_all_of(found):
                return not_there(self.rule.instance_name)
            return found
        try:
            held = find_protection(self.ports, parse_resource_id(disk_id, DISK).text)
        except ValueError:
            held = None
        if held is None or held.vault != self.vault.key or not self._may_see_all_of(held.instance):
            return no_instance(disk_id)
        return held.instance

    def _may_see_all_of(self, instance: BackupInstance) -> bool:
        return self.may_see(instance.disk_id) and self.may_see(instance.snapshot_group_id)


def check_rule(ports: Ports, vault: VaultKey, rule: AdoptionRule) -> None:
    """Raises InvalidInput that says all that keeps the rule from being begun with."""
    asked = {FORMER_VAULT: (Place.ORIGIN, rule.former_vault_id)}
    faults = check_bounds(ports.bounds, vault, asked)
    if rule.instance_name and ports.store.get(BackupInstance, vault, rule.instance_name) is None:
        faults.append(not_there(rule.instance_name))
    if rule.former_vault_id and not faults and ports.azure_backup.find_vault(rule.former_vault_id) is not None:
        message = f"'{rule.former_vault_id}' is there, and deletes its snapshots in its time: import it instead"
        faults.append(Fault(target=FORMER_VAULT, message=message, code=VAULT_IS_THERE))
    if faults:
        raise InvalidInput(faults)


def _listed(ports: Ports, scope: str) -> Iterator[Snapshot]:
    """Raises InvalidInput where nothing is to be looked into."""
    try:
        group = parse_group_id(scope)
    except ValueError:
        group = None
    try:
        listed = (
            ports.cloud.list_snapshots(group)
            if group is not None
            else ports.cloud.list_all_snapshots(scope.rpartition("/")[2])
        )
        yield from listed
    except (SnapshotGroupNotFound, SubscriptionNotFound) as error:
        raise InvalidInput([Fault(target=SCOPE, message=f"'{scope}' is not there", code=NO_SUCH_RESOURCE)]) from error


def _find_disk(ports: Ports, disk_id: str) -> Disk | None:
    try:
        return ports.cloud.get_disk(disk_id)
    except DiskNotFound:
        return None


def _read_ground(ports: Ports, vault: Vault, group: GroupId) -> Ground:
    """Two calls. Who may not even ask for rights has none."""
    try:
        missing = ports.cloud.permissions_at(group.text).missing(KEEP_SNAPSHOTS.actions)
        locks = ports.cloud.locks_at(group)
    except PermissionMissing:
        missing, locks = KEEP_SNAPSHOTS.actions, ()
    principal = ports.cloud.identity(vault.acts_as).principal_id if missing else ""
    lacking = [missing_right(KEEP_SNAPSHOTS, group.text, missing, principal)] if missing else []
    return Ground(locks=locks, lacking=lacking)


# ---------------------------------------------------------------- a dry run


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptionPage:
    """`total` snapshots are found by the rule; `next_key` is that of the last of this page where there are more."""

    items: tuple[SnapshotJudgement, ...]
    total: int
    next_key: str | None


def dry_run_adoption(ports: Ports, vault: VaultKey, rule: AdoptionRule, *, after: str, may_see: MaySee) -> AdoptionPage:
    """The snapshots behind the key `after`, disk by disk, of those whose disk the asker `may_see`. A page ends early
    where Azure asks for patience. Raises as Arrival.of."""
    arrival = Arrival.of(ports, vault, rule, may_see=may_see)
    items: list[SnapshotJudgement] = []
    disks, last, is_more = 0, "", False
    for disk in arrival.disks:
        left = [each for each in arrival.found[disk] if _key(disk, each) > after]
        if not left:
            continue
        is_more = disks == DISKS_A_PAGE or len(items) == SNAPSHOTS_A_PAGE
        try:
            to = None if is_more else arrival.receiver_of(left[0].source_id)
            judged = [] if to is None else [arrival.judge(each, to) for each in left[: SNAPSHOTS_A_PAGE - len(items)]]
        except Throttled:
            if not items:
                raise
            is_more = True
            break
        if is_more:
            break
        items, disks, last = [*items, *judged], disks + 1, _key(disk, judged[-1].snapshot)
        is_more = len(judged) < len(left)
    total = sum(map(len, arrival.found.values()))
    return AdoptionPage(items=tuple(items), total=total, next_key=last if is_more else None)


def _key(disk: str, snapshot: Snapshot) -> str:
    return f"{disk}#{snapshot.id.lower()}"


# ---------------------------------------------------------------- over


def adopt_of_disk(ports: Ports, arrival: Arrival, disk: str, time: Time) -> Outcome:
    """Adopt the snapshots of a disk of `arrival.disks`, as many as there is time for. Raises StateConflict, and what
    Azure raises."""
    found = arrival.found.get(disk, ())
    if not found:
        return Done()  # they went meanwhile
    to = arrival.receiver_of(found[0].source_id)
    refused: list[SnapshotJudgement] = []
    tagged: list[RecoveryPoint] = []
    count, are_all = 0, True
    for listed in found:
        if time.is_up:
            are_all = False
            break
        judged = arrival.judge(listed, to)
        if judged.action is SnapshotAction.NONE:
            refused.append(judged)
        elif not _is_tagged(ports, arrival, to, judged):
            are_all = False
        elif judged.action is SnapshotAction.ADOPT and judged.point is not None:
            tagged.append(judged.point)
        if len(tagged) == TOGETHER:
            count += _record(ports, to, tagged)
            tagged = []
    count += _record(ports, to, tagged)
    return Done(points=count, left=tuple(_left_behind(refused))) if are_all else Waits(points=count)


def _is_tagged(ports: Ports, arrival: Arrival, to: Receiver, judged: SnapshotJudgement) -> bool:
    """Whether the snapshot that the point is recorded of was seen with our tags; one without gets them, beside its own.
    What is a point of Azure Backup, or of our own, is not ours to tag here."""
    point = judged.point
    if point is None or not point.was_found:
        return True
    wanted = label_of_point(to.vault, point).tags()
    if wanted.items() <= judged.snapshot.tags.items():
        return True
    seen = ports.cloud.find_snapshot(point.snapshot_id)
    if seen is None or not _is_still(arrival, to, judged, seen):
        return False  # it changed since it was listed: the next look decides anew
    remember_group(ports, to.vault, parse_resource_id(seen.id, SNAPSHOT).group_id)
    ports.cloud.tag_snapshot(seen.id, united(wanted, seen.tags))
    seen = ports.cloud.find_snapshot(point.snapshot_id)
    return seen is not None and _is_still(arrival, to, judged, seen) and wanted.items() <= seen.tags.items()


def _is_still(arrival: Arrival, to: Receiver, judged: SnapshotJudgement, seen: Snapshot) -> bool:
    if judged.point is None or not isinstance(prove_point(judged.point, seen, vault=to.vault), Proven):
        return False
    return arrival.judge(seen, to).action is judged.action


def _record(ports: Ports, to: Receiver, points: Sequence[RecoveryPoint]) -> int:
    if not points:
        return 0
    stored = ports.store.get(BackupInstance, to.vault, points[0].instance_name)
    if stored is None or [*check_receiver(stored.value, stored.value.disk_id)]:
        raise StateConflict(f"{points[0].instance_name} was changed meanwhile")
    soonest = ports.clock.now() + GRACE  # from the moment on that they are ours
    kept = [replace(each, expires_at=max(each.expires_at or soonest, soonest)) for each in points]
    write_points(ports, to.vault, stored, kept)
    log.info("adopting.recorded instance=%s points=%d", points[0].instance_name, len(points))
    return len(points)


def _left_behind(refused: Sequence[SnapshotJudgement]) -> Iterator[JobError]:
    """One word for all snapshots of a disk: a dry run tells of each."""
    if refused:
        error = JobError.of(InvalidInput(refused[0].faults))
        yield replace(error, message=f"{len(refused)} snapshots do not come over; one of them, {error.message}")


# ---------------------------------------------------------------- back


def let_go_of_found(
    ports: Ports, vault: VaultKey, name: str, rule: AdoptionRule, *, may_see: MaySee, time: Time, by: str
) -> Outcome:
    """Let go of the snapshots of an instance that were adopted and that the rule means: they lose our tags, then their
    records. In a guarded vault this takes the leave of stopping protection, for `by`, the object id of whoever asked.
    Raises as adopt_of_disk, GuardLocked."""
    stored = ports.store.get(BackupInstance, vault, name)
    meant = [
        each.value
        for each in (every(ports, RecoveryPoint, vault, name) if stored is not None else ())
        if each.value.was_found
        and may_see(each.value.snapshot_id)
        and rule.wants(each.value.snapshot_id, each.value.disk_id, each.value.created_at, None)
    ]
    if stored is None or not meant:
        return Done()
    faults = tuple(_against_taking_off(ports, vault, stored.value, meant))
    if faults:
        return Refused(faults=faults)
    ask_leave(ports, vault, Critical.STOP, f"{vault.resource_id}/backupInstances/{name}", by)
    free: list[str] = []
    are_all = True
    for point in meant:
        if time.is_up or is_in_use(point):
            are_all = False
            continue
        is_free = _is_free(ports, vault, point, rule)
        are_all = are_all and is_free is not False
        free += [point.point_id] if is_free else []
    count = forget_points(ports, vault, name, free)
    return Done(points=count) if are_all and count == len(free) else Waits(points=count)


def _against_taking_off(
    ports: Ports, vault: VaultKey, instance: BackupInstance, points: Sequence[RecoveryPoint]
) -> Iterator[Fault]:
    settings = open_vault(ports, vault)
    held = standing(all_holds(instance, settings, *points), ports.clock.now())
    if held:
        message = f"{', '.join(sorted({each.name for each in held}))} holds its recovery points: clear that first"
        yield Fault(target=instance.name, message=message, code=NOT_SETTLED)
    if settings.is_immutable:
        message = "the vault is immutable, and its recovery points were promised to stay"
        yield Fault(target=instance.name, message=message, code=NOT_SETTLED)


def _is_free(ports: Ports, vault: VaultKey, point: RecoveryPoint, rule: AdoptionRule) -> bool | None:
    """Whether the point's snapshot was seen without our tags, or is not there; None where the rule does not mean it."""
    try:
        snapshot = ports.cloud.find_snapshot(point.snapshot_id)
    except SnapshotGroupNotFound:
        snapshot = None
    if snapshot is None or not isinstance(prove_point(point, snapshot, vault=vault), Proven):
        return None if rule.conditions else True  # what its tags were, nobody can tell
    if not rule.wants(snapshot.id, snapshot.source_id, snapshot.created_at, snapshot.tags):
        return None
    if not take_off_tags(ports, snapshot):
        return True
    seen = ports.cloud.find_snapshot(point.snapshot_id)
    return seen is None or not is_ours(seen.tags)

"""One snapshot group against the records, both ways, disk by disk: a disk's instances with their points, and what else
was taken of it and lies there.

The disk is what goes together: which one a snapshot was taken of is Azure's word, and nobody can change it. So whatever
tags say, the snapshots of a disk and the points that account for them are looked at by one run, and a run may end
behind any disk. Each instance is looked after in its own group, which cannot be changed; a point whose snapshot was
moved to another is found there.

Leaves to others: what a point's fate is (points_seen.py), what becomes of snapshots without a record (adoption.py), and
which group comes when (reconcile.py).
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from backup_core.domain.acting import OWN
from backup_core.domain.agenda import COPIES, AgendaKind, AgendaRow, backup_row, expiry_row
from backup_core.domain.binding import is_unbound
from backup_core.domain.copying import copy_alerts, is_copy
from backup_core.domain.disk import Snapshot
from backup_core.domain.errors import BackupError, DiskNotFound, PermissionMissing, SnapshotGroupNotFound
from backup_core.domain.expiry import expiry_due_at
from backup_core.domain.hold import Hold, all_holds, standing, strange_holds
from backup_core.domain.installation import Installation
from backup_core.domain.instance import BackupInstance, ProtectionState, disk_key
from backup_core.domain.messages import LabelHolds
from backup_core.domain.naming import read_snapshot_name
from backup_core.domain.ownership import is_foreign, is_same_snapshot
from backup_core.domain.points import count_of
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.recovery_point import PointState, RecoveryPoint, held_by_tag, is_ours, read_label
from backup_core.domain.resource_ids import SNAPSHOT, VaultKey, parse_group_id, parse_resource_id
from backup_core.domain.snapshot_group import SnapshotGroup
from backup_core.domain.vault import Vault
from backup_core.ports import Ports, Replace, Stored, every
from backup_core.workflows import announcements, once_a_day
from backup_core.workflows.acting import acting_for, as_identity, identities_of
from backup_core.workflows.adopted_points import is_moving_now
from backup_core.workflows.adoption import Adopter, move_agenda_on
from backup_core.workflows.binding import AT_ONCE, asks_of, bind_later, end_alert
from backup_core.workflows.catalogue import find_vault
from backup_core.workflows.claims import take_claim
from backup_core.workflows.holds import LABELLED_AT_ONCE, is_labelled
from backup_core.workflows.lifecycle import is_ended_by_absence, resume_if_back
from backup_core.workflows.objectives import is_in_trouble, objective_row
from backup_core.workflows.points_seen import Fate, Found, Sightings, check_point
from backup_core.workflows.protection import reconfigure
from backup_core.workflows.quotas import check_snapshots
from backup_core.workflows.read_together import Read, read_alone, read_together
from backup_core.workflows.reconcile_report import ReconcileReport
from backup_core.workflows.run_time import Time
from backup_core.workflows.snapshot_groups import forget_group
from backup_core.workflows.watching import watch_row

log = logging.getLogger("diskbackup.reconcile")

# For the disks of a group, however long its list took: else a run would list it and come no further.
AT_LEAST = timedelta(seconds=15)
TOGETHER = 20  # disks whose records are read together, where they lie together

_IN_DISK = "#"  # between a disk's id and a snapshot's, of which neither holds it

Key = tuple[VaultKey, str]  # vault and instance name in lower case


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """A backup instance, and where it keeps the snapshots of which disk; both ids in small letters."""

    vault: VaultKey
    name: str
    disk_id: str
    disk_location: str
    group: str
    has_copies: bool

    @classmethod
    def of(cls, vault: VaultKey, instance: BackupInstance) -> Keeping:
        return cls(
            vault=vault,
            name=instance.name,
            disk_id=instance.disk_id.lower(),
            disk_location=instance.disk_location,
            group=parse_group_id(instance.snapshot_group_id).key,
            has_copies=bool(instance.copy_standings or instance.copying or copy_alerts(instance)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """The agenda's rows by what they are for, read before any snapshot is listed and any record read: what is begun
    meanwhile is looked at singly."""

    backups: Mapping[Key, Sequence[AgendaRow]]
    expiries: frozenset[Key]
    copies: frozenset[Key]  # whose copies in other regions are looked at for expiry
    objectives: frozenset[Key]
    watches: frozenset[str]
    woken: frozenset[tuple[VaultKey, str]]  # as `watches`, with the vault: plans are told apart by it

    @classmethod
    def read(cls, ports: Ports) -> Agenda:
        backups: dict[Key, list[AgendaRow]] = defaultdict(list)
        for row in ports.store.agenda(AgendaKind.BACKUP):
            backups[row.vault, row.instance_name.lower()].append(row)
        expiries = list(ports.store.agenda(AgendaKind.EXPIRY))
        watches = [(row.vault, row.subject) for row in ports.store.agenda(AgendaKind.WATCH)]
        return cls(
            backups=backups,
            expiries=frozenset((row.vault, row.instance_name.lower()) for row in expiries if row.subject != COPIES),
            copies=frozenset((row.vault, row.instance_name.lower()) for row in expiries if row.subject == COPIES),
            objectives=frozenset(
                (row.vault, row.instance_name.lower()) for row in ports.store.agenda(AgendaKind.OBJECTIVE)
            ),
            watches=frozenset(subject for _, subject in watches),
            woken=frozenset(watches),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What a run reads of all records before it looks into a group: no point, and of instances what stays as it is."""

    groups: Sequence[Stored[SnapshotGroup]]
    kept: Sequence[Keeping]
    claimed: Collection[str]  # the keys of disks that are claimed
    agenda: Agenda
    installation: Installation
    copied_to: Collection[str]  # the keys of groups that copy rules name
    policies: dict[VaultKey, Mapping[str, BackupPolicy]] = field(default_factory=dict)  # filled as they are needed
    vaults: dict[VaultKey, Vault | None] = field(default_factory=dict)  # likewise

    def keepers(self, group: SnapshotGroup) -> list[VaultKey]:
        """The vaults that keep snapshots in a group, or once did."""
        return [group.vault, *(each.vault for each in self.kept if each.group == group.group.key)]

    def vault(self, ports: Ports, key: VaultKey) -> Vault | None:
        if key not in self.vaults:
            self.vaults[key] = find_vault(ports, key)
        return self.vaults[key]

    def binding_vault(self, ports: Ports, key: VaultKey) -> Vault | None:
        """The vault as it is in force, where Azure is to keep what it or a hold asks for."""
        vault = self.vault(ports, key) if ports.promises.binds_snapshots else None
        return vault.at(ports.clock.now()) if vault is not None else None

    def policy(self, ports: Ports, vault: VaultKey, name: str) -> BackupPolicy | None:
        if vault not in self.policies:
            found = (stored.value for stored in every(ports, BackupPolicy, vault))
            self.policies[vault] = {policy.name.lower(): policy for policy in found}
        return self.policies[vault].get(name.lower())


def reconcile_group(
    ports: Ports, group: Stored[SnapshotGroup], records: Records, report: ReconcileReport, time: Time, after: str
) -> str | None:
    """Look after the disks of a group, in the order of their ids, behind what `after` names ("": from the first on).
    Answers None, or behind what another run is to go on."""
    begun, _, behind = after.partition(_IN_DISK)
    sight = GroupSight(ports, group.value, records, report, after)
    time = time.at_least(AT_LEAST)
    instances = defaultdict(list)
    for each in records.kept:
        instances[each.disk_id].append(each)
    here = {each.disk_id for each in records.kept if each.group == group.value.group.key} | sight.of_disk.keys()
    last = None
    disks = sorted(disk for disk in here if disk > begun or (disk == begun and behind))
    read: Mapping[Key, Read] = {}
    for number, disk in enumerate(disks):
        if sight.end is not None and disk >= sight.end:
            break
        if time.is_up and last is not None:
            return last
        if number % TOGETHER == 0:  # behind the list of snapshots, as all records that it is held against
            next_ones = [each for one in disks[number : number + TOGETHER] for each in instances[one]]
            read = _read_together(ports, [each for each in next_ones if each.group == group.value.group.key])
        reconciled = _Disk(ports, group.value, records, report, time, sight, read)
        stopped_at = reconciled.reconcile_disk(disk, instances[disk], behind=behind if disk == begun else "")
        if stopped_at is not None:
            return f"{disk}{_IN_DISK}{stopped_at}"
        last = disk
    if sight.end is not None:
        return last
    is_kept = any(each.group == group.value.group.key for each in records.kept)
    if sight.is_readable and not sight.holds_ours and not is_kept:
        with report.postponing(f"group {group.value.key}"):
            forget_group(ports, group)
    return None


def _read_together(ports: Ports, kept: Iterable[Keeping]) -> Mapping[Key, Read]:
    names: dict[VaultKey, list[str]] = defaultdict(list)
    for each in kept:
        names[each.vault].append(each.name)
    found = {vault: read_together(ports, vault, of_vault) for vault, of_vault in names.items()}
    return {(vault, name): read for vault, of_vault in found.items() for name, read in of_vault.items()}


def _is_others(snapshot: Snapshot, installations: Collection[str]) -> bool:
    label = read_label(snapshot.tags)
    return label is not None and is_foreign(label, installations)


def _seems_ours(snapshot: Snapshot) -> bool:
    """By its tags, or by its name where somebody took them away. It may still be anybody's."""
    return is_ours(snapshot.tags) or read_snapshot_name(snapshot.id.rsplit("/", 1)[-1]) is not None


def _group_of(snapshot_id: str) -> str:
    return parse_resource_id(snapshot_id, SNAPSHOT).group_id.key


class GroupSight(Sightings):
    """What lies in a group of what looks like ours, as far as a run can hold it in memory: `of_disk` has the snapshots
    of the first disks behind `after`, by the id of their disk and by their own; those of the disks from `end` on wait
    for another run. Other groups are looked into as soon as a point's snapshot may be there."""

    def __init__(
        self, ports: Ports, group: SnapshotGroup, records: Records, report: ReconcileReport, after: str
    ) -> None:
        super().__init__()
        self._ports = ports
        self._records = records
        self._done, _, self._is_begun = after.partition(_IN_DISK)
        self._here: dict[str, Snapshot] = {}
        self._unlisted = {stored.value.group.key: stored.value for stored in records.groups}
        self._readable: set[str] = set()
        self._ids: dict[str, str] = {}  # of all that was seen, by the unique id
        self._elsewhere: dict[str, Ports] = {}  # ids in other groups, with who sees them
        self._has_rule = group.group.key in records.copied_to
        self.end: str | None = None
        self.of_disk: dict[str, dict[str, Snapshot]] = {}
        self.holds_ours = False
        self._read(group.group.key, report)
        self.is_readable = group.group.key in self._readable

    def covers(self, snapshot_id: str) -> bool:
        """Whether we could look where it lies."""
        group = _group_of(snapshot_id)
        self._read(group)
        return group in self._readable

    def at(self, snapshot_id: str) -> Snapshot | None:
        key = snapshot_id.lower()
        if key in self._elsewhere:
            return self._elsewhere[key].cloud.find_snapshot(snapshot_id)
        return self._here.get(key)

    def has_listed(self, snapshot_id: str) -> bool:
        return _group_of(snapshot_id) in self._readable

    def moved(self, point: RecoveryPoint) -> Snapshot | None:
        unique_id = point.snapshot_unique_id.lower()
        for group in [*self._unlisted] if unique_id and unique_id not in self._ids else ():
            self._read(group)
            if unique_id in self._ids:
                break
        found = self.at(self._ids[unique_id]) if unique_id in self._ids else None
        return found if found is not None and is_same_snapshot(point, found) else None

    def _read(self, key: str, report: ReconcileReport | None = None) -> None:
        """`report` is of the run that is about the group."""
        group = self._unlisted.pop(key, None)
        if group is None:
            return
        try:
            for ports, snapshot in _list_snapshots(self._ports, group, self._records.keepers(group)):
                if _seems_ours(snapshot):
                    self._note(snapshot, None if report is not None else ports)
        except SnapshotGroupNotFound:
            log.error("reconcile.group_gone group=%s", group.group_id)
            # It holds nothing: each point is asked for once more before it is called lost.
        except BackupError as error:
            log.error("reconcile.group_unreadable group=%s code=%s %s", group.group_id, error.code, error.message)
            if report is not None:
                report.unreadable_groups.append(group.group_id)
            return
        self._readable.add(key)

    def _note(self, snapshot: Snapshot, elsewhere: Ports | None) -> None:
        key, disk = snapshot.id.lower(), snapshot.source_id.lower()
        if snapshot.unique_id:
            self._ids[snapshot.unique_id.lower()] = snapshot.id
        if elsewhere is not None:
            self._elsewhere[key] = elsewhere
            return
        self.holds_ours = self.holds_ours or not _is_others(snapshot, self._records.installation.ids)
        if self._has_rule and is_copy(snapshot.tags):
            return  # of copies in other regions reconcile_copies.py sees to, as far as rules name their group
        is_done = disk < self._done or (disk == self._done and not self._is_begun)
        if is_done or (self.end is not None and disk >= self.end):
            return
        self._here[key] = self.of_disk.setdefault(disk, {})[key] = snapshot
        while len(self._here) > self._ports.limits.snapshots_at_once and len(self.of_disk) > 1:
            self.end = max(self.of_disk)
            for gone in self.of_disk.pop(self.end):
                del self._here[gone]


def _list_snapshots(
    ports: Ports, group: SnapshotGroup, keepers: Iterable[VaultKey]
) -> Iterator[tuple[Ports, Snapshot]]:
    """As the first identity of the keepers that may see them; as the app's own where nobody keeps any."""
    identities = identities_of(ports, keepers) or [OWN]
    for identity in identities:
        acting = as_identity(ports, identity)
        try:
            yield from ((acting, each) for each in acting.cloud.list_snapshots(group.group))
        except PermissionMissing:
            if identity == identities[-1]:
                raise
            log.info("reconcile.group_unseen group=%s by=%s", group.group_id, identity)
        else:
            return


@dataclass(frozen=True, slots=True)
class _Disk:
    """Looks after a disk in a group."""

    ports: Ports
    group: SnapshotGroup
    records: Records
    report: ReconcileReport
    time: Time
    sight: GroupSight
    read: Mapping[Key, Read]  # of the instances of this disk and of the next ones, where that could be

    def reconcile_disk(self, disk_id: str, instances: Sequence[Keeping], *, behind: str) -> str | None:
        """The disk's instances, then the snapshots of it that they do not account for, behind the one `behind`. Answers
        None, or the last one's id (in small letters) when the time was up before all were looked at."""
        accounted: set[str] = set()
        for each in instances:
            if each.group == self.group.group.key:
                with self.report.postponing(f"instance {each.name}"):
                    self._reconcile_instance(each, accounted)
        left = self.sight.of_disk.get(disk_id, {}).keys() - accounted
        for each in instances if left else ():
            if each.group != self.group.group.key:  # its points may have been moved here
                stored = every(self.ports, RecoveryPoint, each.vault, each.name)
                accounted |= _snapshots_of(point.value for point in stored)
        strange = sorted(key for key in left - accounted if key > behind)
        return self._account_for({key: self.sight.of_disk[disk_id][key] for key in strange})

    def _account_for(self, strange: Mapping[str, Snapshot]) -> str | None:
        adopter = Adopter(vault=self.group.vault, installation=self.records.installation, report=self.report)
        stopped_at = None
        for key, snapshot in strange.items():
            with self.report.postponing(f"snapshot {snapshot.id}"):
                adopter.account_for(self.ports, snapshot)
            if self.time.is_up and key != max(strange):
                stopped_at = key
                break
        for (vault, name), slots in adopter.slots.items():
            with self.report.postponing(f"agenda of {name}"):
                rows = self.records.agenda.backups.get((vault, name.lower()), ())
                move_agenda_on(self.ports, vault, name, rows, slots)
        return stopped_at

    def _reconcile_instance(self, kept: Keeping, accounted: set[str]) -> None:
        """Adds to `accounted` the snapshots that the instance's points, or its running backup, account for."""
        ports, vault, name = acting_for(self.ports, kept.vault), kept.vault, kept.name
        read = self.read.get((vault, name.lower()))
        is_well = read is not None and self._is_as_seen(read)
        if not is_well:
            read = read_alone(ports, vault, name)
        if read is None:
            return
        stored, instance, points = read.stored, read.stored.value, read.points
        if instance.holds_disk and disk_key(instance.disk_id) not in self.records.claimed:
            with self.report.postponing(f"claim of {name}"):
                take_claim(ports, vault, name, instance.disk_id)
                self.report.claims.append(name)
        if instance.point_count != count_of(points):
            with self.report.postponing(f"count of {name}"):
                ports.store.commit(vault, [Replace(stored, replace(instance, point_count=count_of(points)))])
                self.report.counted.append(name)
        accounted |= _snapshots_of(points)
        if instance.active is not None:
            accounted.add(instance.active.snapshot_id.lower())
        holds = all_holds(instance, self.records.vault(ports, vault))
        count = self._reconcile_points(ports, vault, instance, points, holds, accounted)
        if self.sight.is_readable:
            check_snapshots(ports, vault, instance, count)
        self._mend_agenda(ports, vault, instance, points, standing(holds, ports.clock.now()), is_well=is_well)
        policy = self.records.policy(ports, vault, instance.policy.name)
        is_behind = policy is None or policy.properties != instance.policy.properties
        if is_behind and reconfigure(ports, vault, name) is not None:
            self.report.reconfigured.append(name)
        if is_ended_by_absence(instance) and _is_back(ports, vault, instance):
            self.report.resumed.append(name)

    def _is_as_seen(self, read: Read) -> bool:
        """Whether the records that were read together are no other than what lies in the group. Where they are, they
        are read again: nothing is decided by records that others may have changed since."""
        instance, here = read.stored.value, self.sight.of_disk.get(read.stored.value.disk_id.lower(), {})
        recorded = {point.snapshot_id.lower() for point in read.points}
        running = {instance.active.snapshot_id.lower()} if instance.active is not None else set()
        return (
            recorded <= here.keys() <= recorded | running
            and all(point.is_good and is_same_snapshot(point, here[point.snapshot_id.lower()]) for point in read.points)
            and instance.point_count == count_of(read.points)
        )

    def _reconcile_points(
        self,
        ports: Ports,
        vault: VaultKey,
        instance: BackupInstance,
        points: Sequence[RecoveryPoint],
        holds: Sequence[Hold],
        accounted: set[str],
    ) -> int:
        """Every point that is good, or was called lost, and lies where we could look; answers how many are whole.
        `holds`: those on instance and vault."""
        binding, asked = self.records.binding_vault(ports, vault), False
        unbound: list[RecoveryPoint] = []
        good = {point.point_id: point for point in points if point.is_good}
        report = self.report
        unlabelled: list[str] = []
        told = {
            Fate.LOST: report.lost_points,
            Fate.MOVED: report.moved_points,
            Fate.REGAINED: report.adopted_points,
            Fate.EXPIRED: report.expired_elsewhere,
        }
        for point in points:
            if point.state is PointState.EXPIRING or not self.sight.covers(point.snapshot_id):
                continue
            found = check_point(ports, vault, point, list(good.values()), self.sight)
            if found.fate in (Fate.LOST, Fate.STILL_LOST, Fate.EXPIRED):
                good.pop(point.point_id, None)
                accounted.discard(point.snapshot_id.lower())  # what bears its id now is another
            if found.snapshot is not None:
                accounted.add(found.snapshot.id.lower())
            known = (*found.point.holds, *holds)
            strange = _strange_holds(found, known)
            is_strange = bool(found.disagreements or strange) and not instance.is_moving
            if is_strange and not (point.was_found and is_moving_now(ports, vault)):
                self._report_retagged(ports, vault, point, (*found.disagreements, *strange))
            if found.snapshot is not None and not is_labelled(found.snapshot, known, ports.clock.now()):
                unlabelled.append(point.instance_name)
            if found.fate in told:
                told[found.fate].append(point.point_id)
            whole = found.snapshot if found.fate is Fate.WHOLE else None
            asks = asks_of(binding, instance, point, ports.clock.now()) if binding is not None else None
            asked = asked or (asks is not None and asks.anything)
            if whole is not None and asks and is_unbound(point, whole.immutability, asks, ports.clock.now()):
                unbound.append(point)
        if asked:
            self._bind(ports, vault, instance, unbound)
        else:
            end_alert(ports, vault, instance)
        if unlabelled and len(report.unlabelled) < LABELLED_AT_ONCE:
            ports.queue.send(LabelHolds(vault=vault, instance_name=unlabelled[0]))
            report.unlabelled += unlabelled[:1]
        return len(good)

    def _bind(self, ports: Ports, vault: VaultKey, instance: BackupInstance, unbound: Sequence[RecoveryPoint]) -> None:
        """The newest points first, as many as are left of what one run sends."""
        sent = len(self.report.unbound)
        chosen = unbound[: max(0, AT_ONCE - sent)]
        bind_later(ports, vault, chosen, sent=sent)
        self.report.unbound += [point.point_id for point in chosen]
        if len(chosen) < len(unbound):
            log.warning("reconcile.unbound_left instance=%s points=%d", instance.name, len(unbound) - len(chosen))

    def _report_retagged(self, ports: Ports, vault: VaultKey, point: RecoveryPoint, because: Sequence[str]) -> None:
        event = announcements.tags_changed(vault, point, "; ".join(because), ports.clock.now())
        if once_a_day.tell(ports, vault, event):
            log.warning("snapshot.retagged snapshot=%s: %s", point.snapshot_id, "; ".join(because))
        self.report.retagged.append(point.snapshot_id)

    def _mend_agenda(
        self,
        ports: Ports,
        vault: VaultKey,
        instance: BackupInstance,
        points: Sequence[RecoveryPoint],
        held: Sequence[Hold],
        *,
        is_well: bool,
    ) -> None:
        """Index entries that are missing. A row too many does no harm: it is cleared when it comes due. `is_well`: the
        points are as they were read, for there was nothing to be done about them."""
        key, now, agenda = (vault, instance.name.lower()), ports.clock.now(), self.records.agenda
        told = self.report.agenda_rows
        if instance.state is ProtectionState.CONFIGURED and key not in agenda.backups:
            ports.store.schedule([backup_row(vault, instance, instance.next_due_at)])
            told.append(f"backup {instance.name}")
        if key not in agenda.objectives and is_in_trouble(instance, now):
            ports.store.schedule([objective_row(vault, instance)])
            told.append(f"objective {instance.name}")
        wants_expiry = not is_well or _expiry_of(instance, points, held, now) is not None
        if key not in agenda.expiries and wants_expiry and _mend_expiry(ports, vault, instance.name, held, now):
            told.append(f"expiry {instance.name}")
        for job_id, step in _open_jobs(instance, points):
            if job_id not in agenda.watches:
                ports.store.schedule([watch_row(vault, instance.name, job_id, step, now)])
                told.append(f"watch {instance.name}")


def _strange_holds(found: Found, known: Iterable[Hold]) -> Sequence[str]:
    """What the snapshot's tag says of holds that are not `known`, in words."""
    claims = strange_holds(held_by_tag(found.snapshot.tags), known) if found.snapshot is not None else ()
    return [f"its tags tell of a hold that no record knows, {label.name}: it is kept" for label in claims]


def _snapshots_of(points: Iterable[RecoveryPoint]) -> set[str]:
    return {point.snapshot_id.lower() for point in points if point.state is not PointState.LOST}


def _is_back(ports: Ports, vault: VaultKey, instance: BackupInstance) -> bool:
    """Whether a disk whose absence ended its protection is seen again, and protected."""
    try:
        disk = ports.cloud.get_disk(instance.disk_id)
    except DiskNotFound:
        return False
    return resume_if_back(ports, vault, instance, disk)


def _open_jobs(instance: BackupInstance, points: Iterable[RecoveryPoint]) -> Iterator[tuple[str, str]]:
    """The running jobs that instance and points name, each with the step that its watch sends again."""
    if instance.active is not None:
        yield instance.active.job.job_id, "backup"
    if instance.state in (ProtectionState.CONFIGURING, ProtectionState.UPDATING):
        yield instance.config_job_id, "configure"
    for point in points:
        for job_id in point.restoring:
            yield job_id, "restore"


def _expiry_of(
    instance: BackupInstance, points: Sequence[RecoveryPoint], held: Sequence[Hold], now: datetime
) -> datetime | None:
    if instance.state is ProtectionState.DELETING:
        return now
    return expiry_due_at(instance, points, now, held=held)


def _mend_expiry(ports: Ports, vault: VaultKey, name: str, held: Sequence[Hold], now: datetime) -> bool:
    """Write the row if the instance, as it is by now, wants one. Raises StateConflict."""
    read = read_alone(ports, vault, name)
    due_at = _expiry_of(read.stored.value, read.points, held, now) if read is not None else None
    if read is None or due_at is None:
        return False
    stored, due_at = read.stored, due_at.replace(microsecond=0)
    ports.store.schedule([expiry_row(vault, name, due_at)])
    if stored.value.expiry_due_at != due_at:
        ports.store.commit(vault, [Replace(stored, replace(stored.value, expiry_due_at=due_at))])
    return True

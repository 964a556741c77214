"""Copies in other regions against what exists, both ways: copies that are owed and not recorded, records whose
snapshots are gone, snapshots that no record tells of, and what the newest copy of each region is behind.

Costs nothing where a vault has neither copy rules nor copies.

Leaves to others: copying itself (copying.py), and the snapshots of recovery points (reconcile_group.py).
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from backup_core.domain.agenda import copies_row
from backup_core.domain.alert import Cause
from backup_core.domain.binding import is_unbound
from backup_core.domain.copying import (
    CopyLane,
    CopyState,
    LaneWait,
    PointCopy,
    as_point,
    behind,
    claimed_instance,
    copy_alerts,
    copy_from_label,
    find_rule,
    is_copy,
    is_overtaken,
    missing_copies,
    newest_whole,
    next_copy_expiry,
    prove_copy,
    read_copy_label,
    standings_of,
    stays_of,
    with_new_copies,
)
from backup_core.domain.disk import Snapshot
from backup_core.domain.errors import BackupError, PermissionMissing, SnapshotGroupNotFound
from backup_core.domain.events import Event
from backup_core.domain.hold import all_holds, strange_holds, united_holds
from backup_core.domain.installation import Installation
from backup_core.domain.instance import BackupInstance
from backup_core.domain.job import Job, JobError
from backup_core.domain.messages import LabelHolds
from backup_core.domain.ownership import NotProven, Proven, is_foreign
from backup_core.domain.recovery_point import RecoveryPoint, held_by_tag
from backup_core.domain.resource_ids import ANYWHERE, SNAPSHOT, VaultKey, parse_group_id, parse_resource_id
from backup_core.domain.vault import Vault
from backup_core.ports import Change, Insert, Ports, Replace, Stored, every
from backup_core.workflows import announcements, once_a_day, outbox
from backup_core.workflows.absence import find_snapshot_surely, is_believed
from backup_core.workflows.acting import acting_for
from backup_core.workflows.alerts import fire, resolve
from backup_core.workflows.binding import AT_ONCE, asks_of, bind_later, end_alert
from backup_core.workflows.catalogue import find_vault
from backup_core.workflows.copying import again, enlist_next, let_go, read_copies
from backup_core.workflows.holds import LABELLED_AT_ONCE, is_labelled
from backup_core.workflows.reconcile_group import Agenda
from backup_core.workflows.reconcile_report import ReconcileReport
from backup_core.workflows.run_time import Time
from backup_core.workflows.snapshot_groups import remember_group
from backup_core.workflows.watching import watch_row

log = logging.getLogger("diskbackup.reconcile")

_TOGETHER = 80  # of 100 rows that a transaction takes: beside the instance, alerts and events


@dataclass(slots=True, kw_only=True)
class _Seen:
    """Copies that lie in the groups of a vault's rules, by id in small letters; `unread` groups could not be listed.
    `claimed`: those that say they are an instance's, by its name in small letters. `of_subscription`: all that lie in
    one, by unique id in small letters, once one was missed."""

    copies: dict[str, Snapshot] = field(default_factory=dict)
    of_subscription: dict[str, dict[str, Snapshot]] = field(default_factory=dict)
    claimed: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    listed: set[str] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)
    accounted: set[str] = field(default_factory=set)


def reconcile_copies(
    ports: Ports,
    vault: VaultKey,
    names: Sequence[str],
    agenda: Agenda,
    installation: Installation,
    report: ReconcileReport,
    time: Time,
    after: str,
) -> str | None:
    """Look after the copies of a vault's instances, of the `names` behind `after`. Answers None, or behind which
    another run is to go on."""
    settings = find_vault(ports, vault)
    if settings is None:
        return None
    acting = acting_for(ports, vault)
    seen = _Seen()
    for rule in settings.copy_rules:
        _list(acting, vault, rule.snapshot_group_id, seen, report)
    enlisted = _enlisted(ports, {rule.lane for rule in settings.copy_rules})
    ordered = sorted(names, key=str.lower)
    for position, name in enumerate(ordered):
        if after and name.lower() <= after:
            _note_accounted(acting, vault, name, seen)
            continue
        with report.postponing(f"copies of {name}"):
            _reconcile_instance(acting, settings, name, seen, installation, enlisted, agenda, report)
        if time.is_up and position + 1 < len(ordered):
            return name.lower()
    for key in sorted(seen.copies.keys() - seen.accounted):
        with report.postponing(f"copy {key}"):
            _tell_of(acting, settings, seen.copies[key], installation, report)
    return None


def _list(ports: Ports, vault: VaultKey, group_id: str, seen: _Seen, report: ReconcileReport) -> None:
    group = parse_group_id(group_id)
    if group.key in seen.listed | seen.unread:
        return
    try:
        found = [each for each in ports.cloud.list_snapshots(group) if is_copy(each.tags)]
        for snapshot in found:
            seen.copies[snapshot.id.lower()] = snapshot
            seen.claimed[claimed_instance(snapshot.tags)].append(snapshot.id.lower())
        if found:
            remember_group(ports, vault, group)  # seen empty before the first copy lay there, it was forgotten
    except SnapshotGroupNotFound:
        log.error("reconcile.copy_group_gone group=%s", group.text)  # each copy is asked for once more
    except BackupError as error:
        log.error("reconcile.copy_group_unreadable group=%s code=%s %s", group.text, error.code, error.message)
        report.unreadable_groups.append(group.text)
        seen.unread.add(group.key)
        return
    seen.listed.add(group.key)


def _enlisted(ports: Ports, lanes: Iterable[str]) -> set[tuple[str, str]]:
    """Who waits for a ticket or has one in any of the lanes."""
    holders = set()
    for lane in lanes:
        stored = ports.store.get(CopyLane, ANYWHERE, lane)
        holders |= {each.holder for each in stored.value.tickets} if stored is not None else set()
        holders |= {wait.value.holder for wait in every(ports, LaneWait, ANYWHERE, lane)}
    return holders


def _note_accounted(ports: Ports, vault: VaultKey, name: str, seen: _Seen) -> None:
    for stored in read_copies(ports, vault, name):
        seen.accounted |= {each.lower() for each in (stored.value.snapshot_id, *stored.value.left_behind)}


def _reconcile_instance(
    ports: Ports,
    settings: Vault,
    name: str,
    seen: _Seen,
    installation: Installation,
    enlisted: set[tuple[str, str]],
    agenda: Agenda,
    report: ReconcileReport,
) -> None:
    """Raises StateConflict where the instance changes meanwhile: the next pass looks again."""
    vault = settings.key
    stored = ports.store.get(BackupInstance, vault, name)
    copies = read_copies(ports, vault, name)
    if stored is None:
        return
    points = list(every(ports, RecoveryPoint, vault, name))
    mended = _Mended(ports, settings, stored, {each.value.copy_id: each for each in copies}, points)
    found: dict[str, Snapshot | bool | None] = {}
    for each in copies:
        seen.accounted |= {name.lower() for name in (each.value.snapshot_id, *each.value.left_behind)}
        there = found[each.value.copy_id] = _find(ports, vault, each.value, seen, report)
        seen.accounted |= {there.id.lower()} if isinstance(there, Snapshot) else set()
        mended.check(each, there)
    mended.let_go_of_dead_job()
    for key in sorted({*seen.claimed[name.lower()]} - seen.accounted):
        mended.adopt(_proven(ports, settings, seen.copies[key].id, installation))
    mended.follow_holds()
    mended.add_missing()
    mended.commit()
    seen.accounted |= mended.adopted
    report.copies += mended.told
    now = mended.after()
    _bind(ports, settings, now, mended.copies, found, report)
    _check_tags(ports, settings, now, mended.copies, found, report)
    if (vault.partition, now.name.lower()) not in enlisted:
        enlist_next(ports, vault, now, mended.copies)
    expiries = agenda.copies - {(vault, name.lower())} if mended.left_behind else agenda.copies
    _mend_expiry(ports, settings, now, mended.copies, [each.value for each in points], expiries)
    _watch_restores(ports, now, vault, mended.copies, agenda, report)


def _watch_restores(
    ports: Ports,
    instance: BackupInstance,
    vault: VaultKey,
    copies: Iterable[PointCopy],
    agenda: Agenda,
    report: ReconcileReport,
) -> None:
    """A restore that reads a copy, and that nothing looks after, is looked after again."""
    for job_id in {job_id for copy in copies for job_id in copy.restoring} - agenda.watches:
        ports.store.schedule([watch_row(vault, instance.name, job_id, "restore", ports.clock.now())])
        report.agenda_rows.append(f"watch {instance.name}")


def _find(
    ports: Ports, vault: VaultKey, copy: PointCopy, seen: _Seen, report: ReconcileReport
) -> Snapshot | bool | None:
    """The copy's snapshot, None where two looks show none, False where it cannot be told."""
    if not copy.snapshot_id or copy.state not in (CopyState.COMPLETED, CopyState.LOST):
        return False
    _list(ports, vault, copy.group_id, seen, report)
    found = seen.copies.get(copy.snapshot_id.lower())
    if found is not None or parse_resource_id(copy.snapshot_id, SNAPSHOT).group_id.key in seen.unread:
        return found or False
    found = find_snapshot_surely(ports, copy.snapshot_id) if copy.state is CopyState.COMPLETED else None
    return found or _moved(ports, vault, copy, seen)


def _moved(ports: Ports, vault: VaultKey, copy: PointCopy, seen: _Seen) -> Snapshot | None:
    """The copy's snapshot where somebody moved it to another group of its subscription, as far as we may see that."""
    subscription = parse_group_id(copy.group_id).subscription
    if subscription not in seen.of_subscription:
        seen.of_subscription[subscription] = {}
        with suppress(PermissionMissing):
            lying = ports.cloud.list_all_snapshots(subscription)
            seen.of_subscription[subscription] = {each.unique_id.lower(): each for each in lying if is_copy(each.tags)}
    found = seen.of_subscription[subscription].get(copy.snapshot_unique_id.lower())
    if found is None or isinstance(prove_copy(replace(copy, snapshot_id=found.id), found, vault=vault), NotProven):
        return None
    remember_group(ports, vault, parse_resource_id(found.id, SNAPSHOT).group_id)
    return found


def _bind(
    ports: Ports,
    settings: Vault,
    instance: BackupInstance,
    copies: Sequence[PointCopy],
    found: Mapping[str, Snapshot | bool | None],
    report: ReconcileReport,
) -> None:
    """Have Azure keep whole copies that it does not keep as long as it could, the newest first, as many as are left of
    what one run sends. Where nothing asks for it any more, its alerts end."""
    if not ports.promises.binds_snapshots:
        return
    now = ports.clock.now()
    in_force = settings.at(now)
    asks = {copy.copy_id: asks_of(in_force, instance, copy, now) for copy in copies}
    if not any(each.anything for each in asks.values()):
        end_alert(ports, settings.key, instance, Cause.COPY_BINDING)
        return
    unbound = []
    for copy in sorted(copies, key=lambda copy: copy.copy_id):
        seen = found.get(copy.copy_id)
        if copy.is_whole and isinstance(seen, Snapshot):
            unbound += [copy] if is_unbound(copy, seen.immutability, asks[copy.copy_id], now) else []
    sent = len(report.unbound)
    chosen = unbound[: max(0, AT_ONCE - sent)]
    bind_later(ports, settings.key, chosen, sent=sent)
    report.unbound += [copy.copy_id for copy in chosen]
    if len(chosen) < len(unbound):
        log.warning("reconcile.unbound_left instance=%s copies=%d", instance.name, len(unbound) - len(chosen))


def _check_tags(
    ports: Ports,
    settings: Vault,
    instance: BackupInstance,
    copies: Sequence[PointCopy],
    found: Mapping[str, Snapshot | bool | None],
    report: ReconcileReport,
) -> None:
    """Have the tags of whole copies follow their holds, as points' do, and tell of holds that somebody wrote."""
    now, over, unlabelled = ports.clock.now(), all_holds(instance, settings), False
    for copy in copies:
        seen, known = found.get(copy.copy_id), (*copy.holds, *over)
        if not copy.is_whole or not isinstance(seen, Snapshot):
            continue
        unlabelled = unlabelled or not is_labelled(seen, known, now)
        strange = strange_holds(held_by_tag(seen.tags), known)
        if strange:
            names = ", ".join(label.name for label in strange)
            because = f"its tags tell of a hold that no record knows, {names}: it is kept"
            told = announcements.tags_changed(settings.key, as_point(copy), because, now)
            if once_a_day.tell(ports, settings.key, told):
                log.warning("snapshot.retagged snapshot=%s: %s", copy.snapshot_id, because)
            report.retagged.append(copy.snapshot_id)
    if unlabelled and len(report.unlabelled) < LABELLED_AT_ONCE and instance.name not in report.unlabelled:
        ports.queue.send(LabelHolds(vault=settings.key, instance_name=instance.name))
        report.unlabelled.append(instance.name)


class _Mended:
    """What is to be written of one instance, gathered for one transaction."""

    def __init__(
        self,
        ports: Ports,
        settings: Vault,
        stored: Stored[BackupInstance],
        copies: Mapping[str, Stored[PointCopy]],
        points: Sequence[Stored[RecoveryPoint]],
    ) -> None:
        self._ports, self._settings, self._stored = ports, settings, stored
        self._before = copies
        self._points = {each.value.point_id: each for each in points}
        self._after = {key: each.value for key, each in copies.items()}
        self._instance = stored.value
        self._events: list[Event] = []
        self._certain: set[str] = set()  # copies whose snapshots were just seen and proven
        self.told: list[str] = []
        self.adopted: set[str] = set()  # ids of snapshots in small letters
        self.left_behind = False  # whether one of them is to go

    @property
    def copies(self) -> list[PointCopy]:
        return list(self._after.values())

    def after(self) -> BackupInstance:
        return self._instance

    def check(self, stored: Stored[PointCopy], found: Snapshot | bool | None) -> None:
        copy, vault, now = stored.value, self._settings.key, self._ports.clock.now()
        if found is False:
            return
        if isinstance(found, Snapshot) and found.id.lower() != copy.snapshot_id.lower():
            self.told.append(f"moved {copy.snapshot_id}")
            log.warning("copy.moved snapshot=%s to=%s", copy.snapshot_id, found.id)
            group = parse_resource_id(found.id, SNAPSHOT).group_id.text
            copy = replace(copy, snapshot_id=found.id, group_id=group)
        is_there = isinstance(found, Snapshot) and isinstance(prove_copy(copy, found, vault=vault), Proven)
        if copy.is_whole and found is None and not is_believed(copy.absent_since, now):
            self._after[copy.copy_id] = replace(copy, absent_since=copy.absent_since or now)
        elif copy.is_whole and is_there:
            self._certain.add(copy.copy_id)
            self._after[copy.copy_id] = replace(copy, absent_since=None)
        elif copy.is_whole:
            self._events.append(announcements.copy_lost(vault, copy, now))
            self._after[copy.copy_id] = self._made_anew(copy) or replace(copy, state=CopyState.LOST, absent_since=None)
            self.told.append(f"lost {copy.snapshot_id}")
            log.error("copy.lost instance=%s snapshot=%s", copy.instance_name, copy.snapshot_id)
        elif copy.state is CopyState.LOST and is_there:
            self._certain.add(copy.copy_id)
            self._after[copy.copy_id] = replace(copy, state=CopyState.COMPLETED)
            self.told.append(f"regained {copy.snapshot_id}")

    def follow_holds(self) -> None:
        """A copy has the holds of its point, and those that only it knows of: in doubt it is held."""
        for key, copy in self._after.items():
            point = self._points.get(copy.point_id)
            if point is not None:
                self._after[key] = replace(copy, holds=united_holds(point.value.holds, copy.holds))

    def _made_anew(self, copy: PointCopy) -> PointCopy | None:
        """The newest that was begun in its region is owed again while its point is there."""
        point = self._points.get(copy.point_id)
        has_rule = find_rule(self._settings.copy_rules, copy.rule_name) is not None
        wanted = has_rule and copy.expires_at > self._ports.clock.now()
        if not wanted or point is None or not point.value.is_good or is_overtaken(copy, self.copies):
            return None
        return replace(again(copy, self._ports.clock.now(), "its snapshot is gone"), left_behind=copy.left_behind)

    def let_go_of_dead_job(self) -> None:
        """An instance whose copy's job has ended, or is not there, copies nothing."""
        if not self._instance.copying:
            return
        copy = self._after.get(self._instance.copying)
        job = self._ports.store.get(Job, self._settings.key, copy.job_id) if copy is not None and copy.job_id else None
        if job is not None and not job.value.is_ended:
            return
        self._instance = replace(self._instance, copying="")
        self.told.append(f"freed {self._instance.name}")
        if copy is not None and copy.state is CopyState.COPYING:
            self._after[copy.copy_id] = again(copy, self._ports.clock.now(), "its job was lost")

    def adopt(self, copy: PointCopy | None) -> None:
        """A copy of this instance that no record tells of, or one that is to be made or was lost, as after tables that
        were set back: there is no second one to be made. `copy`: what a whole and proven snapshot tells of itself."""
        if copy is None or copy.instance_name.lower() != self._instance.name.lower():
            return
        known = self._after.get(copy.copy_id)
        found = replace(copy, completed_at=self._ports.clock.now(), disk_id=self._instance.disk_id)
        if known is not None and known.is_whole:
            adopted = self._beside(known, found) if known.copy_id in self._certain else None
        elif known is None or known.state in (CopyState.WAITING, CopyState.LOST):
            adopted = found if known is None else _instead_of(known, found)
        else:
            adopted = None
        if adopted is None:
            return  # the next pass looks again
        self._after[copy.copy_id] = adopted
        self._certain.add(copy.copy_id)
        self.adopted.add(copy.snapshot_id.lower())
        self.told.append(f"adopted {copy.snapshot_id}")

    def _beside(self, known: PointCopy, found: PointCopy) -> PointCopy | None:
        """Two attempts at a copy that are both whole: the latest is the copy, as its name must be for what it left
        behind to be proven. None while the other is read."""
        self.left_behind = True
        if found.attempt < known.attempt:
            return replace(known, left_behind=(*known.left_behind, found.snapshot_id))
        if known.restoring:
            return None
        return replace(_instead_of(known, found), left_behind=(*known.left_behind, known.snapshot_id))

    def add_missing(self) -> None:
        points = [each.value for each in self._points.values()]
        if not self._instance.takes_scheduled_backups:
            return
        news = list(missing_copies(self._settings.key, self._instance, points, self.copies, self._settings.copy_rules))
        self._instance = with_new_copies(self._instance, news)
        self._after |= {copy.copy_id: copy for copy in news}
        self.told += [f"owed {copy.point_id}" for copy in news]

    def commit(self) -> None:
        """In as many transactions as it takes: what copies are made of is kept before they are recorded, and let go of
        last, lest the end of this run between two of them leave a copy that nothing waits for."""
        kept, freed = self._marks()
        changes: list[Change] = list(kept)
        for key, copy in self._after.items():
            before = self._before.get(key)
            if before is None:
                changes.append(Insert(copy))
            elif copy != before.value:
                changes.append(Replace(before, copy))
        changes += freed
        standings = standings_of(self.copies)
        instance = replace(self._instance, copy_standings=standings)
        owed = {each.lane for each in self.copies if each.is_wanted}
        instance, alerts, events = _behind(self._ports, self._settings, instance, owed)
        self._instance, stored = instance, self._stored
        first, told = [*alerts, *changes[:_TOGETHER]], [*self._events, *events]
        if not first and instance == stored.value:
            return
        etags = outbox.commit(self._ports, self._settings.key, [Replace(stored, instance), *first], told)
        for start in range(_TOGETHER, len(changes), _TOGETHER):
            stored = Stored(instance, etags[0])
            more = [Replace(stored, instance), *changes[start : start + _TOGETHER]]
            etags = outbox.commit(self._ports, self._settings.key, more, [])

    def _marks(self) -> tuple[list[Change], list[Change]]:
        """Points whose snapshots are needed for copies say so, and no others."""
        lanes = {rule.lane for rule in self._settings.copy_rules if rule.is_of(self._instance.policy.name)}
        needed: dict[str, set[str]] = {}
        for copy in self.copies:
            newest = newest_whole(self.copies, copy.lane)
            is_base = newest is not None and newest.copy_id == copy.copy_id and copy.lane in lanes
            if copy.is_wanted or is_base:
                needed.setdefault(copy.point_id, set()).add(copy.lane)
        kept, freed = list[Change](), list[Change]()
        for point_id, stored in self._points.items():
            wanted, marked = needed.get(point_id, set()), set(stored.value.copying)
            if wanted - marked:  # what it is needed for no more goes with the next pass
                kept.append(Replace(stored, replace(stored.value, copying=tuple(sorted(wanted | marked)))))
            elif marked - wanted:  # another lane's with the next pass
                lane = min(marked - wanted)
                self._instance, changes = let_go(self._ports, self._settings.key, self._instance, [stored], lane)
                freed += changes
        return kept, freed


def _instead_of(known: PointCopy, found: PointCopy) -> PointCopy:
    holds = united_holds(known.holds, found.holds)
    return replace(found, left_behind=known.left_behind, holds=holds, restoring=known.restoring)


def _behind(
    ports: Ports, settings: Vault, instance: BackupInstance, owed: Container[str]
) -> tuple[BackupInstance, list[Change], list[Event]]:
    """The alerts of regions whose newest copy is older than it may be, and the end of those where it is not. Where
    nothing is `owed` any more, no copy will end the alert of one that failed."""
    changes, events = list[Change](), list[Event]()
    late = {each.lane: each for each in behind(instance, settings.copy_rules, ports.clock.now())}
    for lane, found in late.items():
        error = JobError(
            code=Cause.COPY_BEHIND,
            message=found.words,
            recommended_action="Look at the newest copy jobs of the instance, and at why its copies wait.",
        )
        alerted = fire(ports, settings.key, instance, f"{Cause.COPY_BEHIND}.{lane}", error=error)
        instance, changes = alerted.instance, [*changes, *alerted.changes]
        events += alerted.events
    over = [each for each in copy_alerts(instance, Cause.COPY_BEHIND) if each.partition(".")[2] not in late]
    over += [each for each in copy_alerts(instance, Cause.COPY) if each.split(".")[1] not in owed]
    if over:
        alerted = resolve(ports, settings.key, instance, *over)
        instance, changes = alerted.instance, [*changes, *alerted.changes]
        events += alerted.events
    return instance, changes, events


def _mend_expiry(
    ports: Ports,
    settings: Vault,
    instance: BackupInstance,
    copies: Sequence[PointCopy],
    points: Sequence[RecoveryPoint],
    expiries: frozenset[tuple[VaultKey, str]],
) -> None:
    if (settings.key, instance.name.lower()) in expiries or not copies:
        return
    now = ports.clock.now()
    holds, immutable = all_holds(instance, settings), settings.at(now).is_immutable
    due_at = next_copy_expiry(copies, stays_of(instance, points, holds, now, immutable=immutable))
    left = any(copy.left_behind for copy in copies)
    if due_at is not None or left:
        ports.store.schedule([copies_row(settings.key, instance.name, now if left or due_at is None else due_at)])


def _proven(ports: Ports, settings: Vault, snapshot_id: str, installation: Installation) -> PointCopy | None:
    """The copy that a snapshot tells of, if that is there and whole, and proven to be one of this vault's."""
    seen = ports.cloud.find_snapshot(snapshot_id)  # the list is older, and what it has may have expired meanwhile
    label = read_copy_label(seen.tags) if seen is not None else None
    if seen is None or label is None or label.vault != settings.key or is_foreign(label, installation.ids):
        return None
    copy = copy_from_label(label, seen.tags, seen)
    if copy is None or not seen.is_usable or seen.copy_error:
        return None
    return copy if isinstance(prove_copy(copy, seen, vault=settings.key), Proven) else None


def _tell_of(
    ports: Ports, settings: Vault, snapshot: Snapshot, installation: Installation, report: ReconcileReport
) -> None:
    """A copy of ours without a record, that was not adopted: told of once a day and never touched, unless it may be."""
    label, vault = read_copy_label(snapshot.tags), settings.key
    if label is not None and _sees_to_its_own(ports, vault, label.vault):
        return
    if label is not None and is_foreign(label, installation.ids):
        report.foreign.append(snapshot.id)
        return
    seen = ports.cloud.find_snapshot(snapshot.id)
    if seen is None:
        return
    copy = copy_from_label(label, seen.tags, seen) if label is not None and label.vault == vault else None
    stored = ports.store.get(BackupInstance, vault, copy.instance_name) if copy is not None else None
    known = ports.store.get(PointCopy, vault, copy.instance_name, copy.copy_id) if copy is not None else None
    if copy is not None and stored is not None and isinstance(prove_copy(copy, seen, vault=vault), Proven):
        if known is not None and known.value.is_wanted:
            return  # it is owed, and this may be what is asked for next, under the same name
        if not seen.copy_error:
            return  # it is looked at again, once it is whole or the instance changes no more
    name = label.instance_name if label is not None else "unknown"
    given_up = f", and Azure gave it up: {seen.copy_error}" if seen.copy_error else ""
    reason = f"no record tells of this copy in another region{given_up}"
    event = announcements.orphan_found(vault, name, seen.id, reason, ports.clock.now())
    if once_a_day.tell(ports, vault, event):
        report.orphans.append(seen.id)


def _sees_to_its_own(ports: Ports, vault: VaultKey, named: VaultKey) -> bool:
    """Whether a copy is of another vault that is there."""
    return named != vault and find_vault(ports, named) is not None

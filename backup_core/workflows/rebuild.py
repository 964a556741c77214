"""The catalogue written back from the snapshots, whose tags are its second copy: for an operator who lost the tables.

What the tags say is believed where it is proven (domain/ownership.py); what is not, is reported and never touched.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from backup_core.domain.agenda import copies_row
from backup_core.domain.copying import (
    PointCopy,
    copied_disk_of,
    copy_from_label,
    home_of,
    prove_copy,
    read_copy_label,
    standings_of,
)
from backup_core.domain.disk import Snapshot
from backup_core.domain.errors import BackupError
from backup_core.domain.hold import INSTANCE, MOST_HOLDS, VAULT, Hold, HoldLabel, find_hold, from_labels
from backup_core.domain.installation import Installation
from backup_core.domain.instance import BackupInstance, PointCount, ProtectionState, described
from backup_core.domain.ownership import Home, NotProven, is_foreign, prove_label
from backup_core.domain.points import point_from_label
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.recovery_point import RecoveryPoint, SnapshotLabel, read_label
from backup_core.domain.resource_ids import SNAPSHOT, GroupId, VaultKey, parse_resource_id
from backup_core.domain.vault import Vault
from backup_core.ports import Change, Insert, Ports, Replace, Stored, every
from backup_core.workflows import announcements, outbox
from backup_core.workflows.catalogue import list_vault_keys
from backup_core.workflows.copying import read_copies, schedule_expiry
from backup_core.workflows.guards import find_mapping
from backup_core.workflows.installations import installation, take_over
from backup_core.workflows.points_seen import write_point
from backup_core.workflows.reconcile_report import ReconcileReport
from backup_core.workflows.run_time import Time
from backup_core.workflows.snapshot_groups import remember_group

log = logging.getLogger("diskbackup.rebuild")

_TOGETHER = 40  # copies of one transaction
Labelled = tuple[SnapshotLabel, Snapshot]


def rebuild_catalogue(
    ports: Ports, groups: Sequence[GroupId], *, take_over_others: bool | None = None
) -> ReconcileReport:
    """Write back the records that the snapshots in `groups` tell of: points, their copies in other regions, and stopped
    instances and vaults to hold them, of copies alone where the home region is gone. Existing records stay as they are.
    Protection starts again when the instance is configured anew.

    Somebody waits for the answer: `left` says for how many snapshots there was no time; another call goes on with them.

    Tables that were lost had another installation's id. Its snapshots are taken over when `take_over_others` says so,
    or, where it says nothing, when these tables hold no backup instance of their own. So is what is still being copied,
    which the reconciler adopts once it is whole.
    """
    report, time = ReconcileReport(), Time.of_run(ports)
    own = installation(ports)
    found, copies = _labelled(ports, groups, report)
    if take_over_others is None:
        take_over_others = not _has_instances(ports)
    strangers = {label.installation_id for label, _ in (*found, *copies) if is_foreign(label, own.ids)}
    if take_over_others and strangers:
        own = take_over(ports, strangers)
        report.taken_over += sorted(strangers)
        log.warning("installation.taken_over %s", ", ".join(sorted(strangers)))
    for (vault, name), several in _by_instance(found):
        if time.is_up:
            report.left += len(several)
        else:
            _write_all_back(ports, vault, name, several, own, report, time)
    for (vault, name), several in _by_instance(copies):  # behind all points, whose records say more
        if time.is_up or report.left:
            report.left += len(several)
        else:
            with report.postponing(f"copies of {name}"):
                _write_copies_back(ports, vault, name, several, own, report)
    log.info(
        "catalogue.rebuilt points=%d copies=%d left=%d", len(report.adopted_points), len(report.copies), report.left
    )
    return report


def _by_instance(found: Iterable[Labelled]) -> Iterable[tuple[tuple[VaultKey, str], list[Labelled]]]:
    """What is whole: what is not yet, or never will be, the reconciler sees to."""
    of_instance: dict[tuple[VaultKey, str], list[Labelled]] = defaultdict(list)
    for label, snapshot in found:
        if snapshot.is_usable and not snapshot.copy_error:
            of_instance[label.vault, label.instance_name.lower()].append((label, snapshot))
    return of_instance.items()


def _labelled(
    ports: Ports, groups: Iterable[GroupId], report: ReconcileReport
) -> tuple[list[Labelled], list[Labelled]]:
    """The snapshots that say they are recovery points, and those that say they are copies."""
    points, copies = list[Labelled](), list[Labelled]()
    for group in groups:
        try:
            listed = list(ports.cloud.list_snapshots(group))
        except BackupError as error:
            log.error("rebuild.group_unreadable group=%s code=%s %s", group.text, error.code, error.message)
            report.unreadable_groups.append(group.text)
            continue
        points += [(label, each) for each in listed if (label := read_label(each.tags))]
        copies += [(label, each) for each in listed if (label := read_copy_label(each.tags))]
    return points, copies


def _has_instances(ports: Ports) -> bool:
    return any(ports.store.page(BackupInstance, vault, limit=1).items for vault in list_vault_keys(ports))


def _write_all_back(
    ports: Ports,
    vault: VaultKey,
    name: str,
    found: Sequence[Labelled],
    own: Installation,
    report: ReconcileReport,
    time: Time,
) -> None:
    """`found` of one instance, oldest first."""
    recorded = {stored.value.snapshot_id.lower() for stored in every(ports, RecoveryPoint, vault, name)}
    news = [one for one in found if one[1].id.lower() not in recorded]
    for position, (label, snapshot) in enumerate(sorted(news, key=lambda one: one[1].created_at)):
        if time.is_up:
            report.left += len(news) - position
            return
        with report.postponing(f"snapshot {snapshot.id}"):
            _write_back(ports, label, snapshot, own, report)


def _write_back(
    ports: Ports, label: SnapshotLabel, snapshot: Snapshot, own: Installation, report: ReconcileReport
) -> None:
    group = parse_resource_id(snapshot.id, SNAPSHOT).group_id
    stored = ports.store.get(BackupInstance, label.vault, label.instance_name)
    home = Home(
        vault=label.vault,
        instance_name=label.instance_name,
        disk_id=stored.value.disk_id if stored else snapshot.source_id,
        groups=(group,),
        installations=own.ids,
    )
    judgement = prove_label(label, snapshot, home=home)
    record = ports.store.get(RecoveryPoint, label.vault, label.instance_name, label.point_id)
    if record is not None or isinstance(judgement, NotProven):
        log.warning("snapshot.foreign snapshot=%s", snapshot.id)
        report.foreign.append(snapshot.id)
        return
    remember_group(ports, label.vault, group)
    ensure_vault(ports, label.vault, snapshot.location)
    _hold_vault(ports, label)
    point = point_from_label(label, snapshot, completed_at=ports.clock.now())
    instance = stored or _new_instance(ports, label, snapshot.source_id, snapshot.location, group)
    write_point(ports, label.vault, _held(instance, label, ports.clock.now()), point)
    report.adopted_points.append(point.point_id)


# ---------------------------------------------------------------- copies in other regions


def _write_copies_back(
    ports: Ports,
    vault: VaultKey,
    name: str,
    found: Sequence[Labelled],
    own: Installation,
    report: ReconcileReport,
) -> None:
    """Those of one instance, in few transactions. Raises StateConflict where the instance changes meanwhile."""
    recorded = {stored.value.copy_id for stored in read_copies(ports, vault, name)}
    believed: dict[str, list[tuple[PointCopy, SnapshotLabel, Snapshot]]] = defaultdict(list)
    for label, snapshot in found:
        copy = copy_from_label(label, snapshot.tags, snapshot)
        if copy is not None and copy.copy_id in recorded:
            continue
        is_own = copy is not None and not is_foreign(label, own.ids)
        if copy is None or not is_own or isinstance(prove_copy(copy, snapshot, vault=vault), NotProven):
            log.warning("copy.foreign snapshot=%s", snapshot.id)
            report.foreign.append(snapshot.id)
            continue
        believed[copy.copy_id].append((copy, label, snapshot))
    news = sorted((_latest(several) for several in believed.values()), key=lambda one: one[0].point_at)
    for start in range(0, len(news), _TOGETHER):
        _write_some_back(ports, vault, news[start : start + _TOGETHER], report)


def _latest(
    attempts: Sequence[tuple[PointCopy, SnapshotLabel, Snapshot]],
) -> tuple[PointCopy, SnapshotLabel, Snapshot]:
    """Of several attempts at a copy the latest; the others are what it left behind."""
    copy, label, snapshot = max(attempts, key=lambda each: each[0].attempt)
    others = tuple(each.snapshot_id for each, _, _ in attempts if each is not copy)
    return replace(copy, left_behind=others), label, snapshot


def _write_some_back(
    ports: Ports,
    vault: VaultKey,
    news: Sequence[tuple[PointCopy, SnapshotLabel, Snapshot]],
    report: ReconcileReport,
) -> None:
    now = ports.clock.now()
    stored = ports.store.get(BackupInstance, vault, news[0][0].instance_name)
    if stored is None:
        stored = _instance_of_copies(ports, *news[0][1:])
    if stored is None:
        report.foreign += [snapshot.id for _, _, snapshot in news]
        return
    disk_id, instance = stored.value.disk_id, stored.value
    points = {each.value.point_id for each in every(ports, RecoveryPoint, vault, instance.name)}
    copies = [replace(copy, disk_id=disk_id, completed_at=now) for copy, _, _ in news]
    for _, label, snapshot in news:
        remember_group(ports, vault, parse_resource_id(snapshot.id, SNAPSHOT).group_id)
        if instance.rebuilt:
            instance = _held_by_copy(ports, instance, label, points, now)
    after = [*(each.value for each in read_copies(ports, vault, instance.name)), *copies]
    instance = replace(instance, copy_standings=standings_of(after))
    schedule_expiry(ports, vault, instance, after)
    if any(copy.left_behind for copy in copies):
        ports.store.schedule([copies_row(vault, instance.name, now)])
    changes: list[Change] = [Replace(stored, instance), *map(Insert, copies)]
    ports.store.commit(vault, changes)
    report.copies += [copy.copy_id for copy in copies]


def _held_by_copy(
    ports: Ports,
    instance: BackupInstance,
    label: SnapshotLabel,
    points: Collection[str],
    now: datetime,
) -> BackupInstance:
    """The rebuilt instance with its holds as a copy tells of them, where no point does. Those of its point are the
    copy's own."""
    if points:
        return instance
    _hold_vault(ports, label)
    return replace(instance, holds=(*instance.holds, *_unknown(label.holds, INSTANCE, instance.holds, now)))


def _instance_of_copies(ports: Ports, label: SnapshotLabel, snapshot: Snapshot) -> Stored[BackupInstance] | None:
    """A stopped instance, and its vault, for copies whose points at home are gone; None where no disk is certain."""
    disk = copied_disk_of(snapshot.tags, snapshot)
    if disk is None:
        return None
    location = home_of(snapshot.tags) or snapshot.location
    ensure_vault(ports, label.vault, location)
    home = parse_resource_id(snapshot.source_id, SNAPSHOT).group_id
    return _new_instance(ports, label, disk.text, location, home)


# ---------------------------------------------------------------- holds, vaults, instances


def _hold_vault(ports: Ports, label: SnapshotLabel) -> None:
    """Write back the holds on the vault that a snapshot tells of. Raises StateConflict."""
    stored = ports.store.get(Vault, label.vault)
    news = _unknown(label.holds, VAULT, stored.value.holds, ports.clock.now()) if stored is not None else ()
    if stored is not None and news:
        held = replace(stored.value, holds=(*stored.value.holds, *news))
        ports.store.commit(label.vault, [Replace(stored, held)])


def _held(stored: Stored[BackupInstance], label: SnapshotLabel, now: datetime) -> Stored[BackupInstance]:
    """The instance with the holds on it that a snapshot tells of, to be written with its point."""
    news = _unknown(label.holds, INSTANCE, stored.value.holds, now)
    return replace(stored, value=replace(stored.value, holds=(*stored.value.holds, *news))) if news else stored


def _unknown(said: Sequence[HoldLabel], scope: str, known: Sequence[Hold], now: datetime) -> tuple[Hold, ...]:
    """What a record is written back of: a hold that it knows, as standing or as ended, stays as it is."""
    found = [one for one in said if one.scope == scope and find_hold(known, one.name) is None]
    return from_labels(found[: MOST_HOLDS - len(known)], now)


def ensure_vault(ports: Ports, key: VaultKey, location: str) -> None:
    """Write a vault that is not there, with the settings that it has when nobody says, which is told first. Raises
    StateConflict."""
    if ports.store.get(Vault, key) is not None:
        return
    now = ports.clock.now()
    outbox.record(ports, key, [announcements.vault_rebuilt(key, find_mapping(ports, key), now)])
    ports.store.commit(key, [Insert(Vault(key=key, location=location, created_at=now))])


def _new_instance(
    ports: Ports, label: SnapshotLabel, disk_id: str, location: str, group: GroupId
) -> Stored[BackupInstance]:
    instance = BackupInstance(
        name=label.instance_name,
        generation=label.point_id[:12],
        revision=1,
        friendly_name=disk_id.rsplit("/", 1)[-1],
        disk_id=disk_id,
        disk_location=location,
        snapshot_group_id=group.text,
        policy=BackupPolicy.standing_in(label.policy_name, label.retention),
        state=ProtectionState.STOPPED,
        created_at=ports.clock.now(),
        request=described(disk_id, location, group.text),
        rebuilt=True,
        point_count=PointCount(count=0),
    )
    (etag,) = ports.store.commit(label.vault, [Insert(instance)])
    return Stored(instance, etag)

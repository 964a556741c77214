"""Hold the records against what exists: snapshots against recovery points both ways, instances against the agenda.

Free of input and safe to repeat: whatever a crash, a lost message or a hand at the portal left behind is found here.
`rebuild_catalogue` uses the same eyes when the tables are lost: the snapshots' tags are the catalogue's second copy.
"""

from __future__ import annotations

import logging
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from backup_core.domain.agenda import AgendaKind
from backup_core.domain.disk import Snapshot
from backup_core.domain.errors import BackupError, SnapshotGroupNotFound
from backup_core.domain.instance import BackupInstance, DiskClaim, PointSummary, ProtectionState, disk_key
from backup_core.domain.job import Job, first_id_at
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.recovery_point import PointState, RecoveryPoint, SnapshotLabel, is_ours, read_label
from backup_core.domain.resource_ids import GroupId, VaultKey, parse_group_id
from backup_core.domain.vault import Vault
from backup_core.ports import Change, Insert, Ports, Put, Remove, Replace, StateConflict, Stored, every
from backup_core.workflows import alerts, outbox
from backup_core.workflows.absence import find_snapshot_surely
from backup_core.workflows.backup import expiry_row, summary_of, with_point
from backup_core.workflows.claims import take_claim
from backup_core.workflows.dispatch import backup_row
from backup_core.workflows.objectives import is_in_trouble, look_later, objective_row
from backup_core.workflows.protection import reconfigure
from backup_core.workflows.quotas import watch_regions, watch_snapshots
from backup_core.workflows.retention import next_look
from backup_core.workflows.watching import watch_row

log = logging.getLogger("diskbackup.reconcile")

JOBS_KEPT = timedelta(days=90)
JOBS_PURGED_PER_VAULT = 500
ORPHANS_TOLD_EVERY = timedelta(hours=24)
SETTLING = timedelta(minutes=15)  # a snapshot whose time ended that lately may still be on its way out

_Key = tuple[VaultKey, str]  # vault and instance name in lower case


@dataclass(slots=True, kw_only=True)
class ReconcileReport:
    """What a run found and mended; each list names things by id."""

    lost_points: list[str] = field(default_factory=list)
    adopted_points: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    agenda_rows: list[str] = field(default_factory=list)
    claims: list[str] = field(default_factory=list)
    reconfigured: list[str] = field(default_factory=list)
    purged_jobs: int = 0
    unreadable_groups: list[str] = field(default_factory=list)
    postponed: list[str] = field(default_factory=list)  # what could not be looked at now, and why


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sight:
    """What is there: our snapshots by instance, the groups that could be read, the agenda's rows by instance."""

    snapshots: Mapping[_Key, Mapping[str, Snapshot]]
    groups: frozenset[str]
    backups: frozenset[_Key]
    expiries: frozenset[_Key]
    objectives: frozenset[_Key]
    watches: frozenset[str]


def reconcile(ports: Ports) -> ReconcileReport:
    """One pass over everything. Costs what exists: meant for every few minutes to hours, not for every tick."""
    report = ReconcileReport()
    vaults = [stored.value.key for stored in _vaults(ports)]
    instances = [(vault, stored.value) for vault in vaults for stored in every(ports, BackupInstance, vault)]
    groups = {instance.snapshot_group_id.lower(): instance.snapshot_group_id for _, instance in instances}
    sight = _look(ports, groups, report)
    known = {(vault, instance.name.lower()) for vault, instance in instances}
    _mend_claims(ports, instances, report)
    for vault, instance in instances:
        with _postponing(report, f"instance {instance.name}"):
            _reconcile_instance(ports, vault, instance.name, sight, report)
    for owner, snapshots in sight.snapshots.items():
        with _postponing(report, f"snapshots of {owner[1]}"):
            if owner not in known:
                _report_orphans(ports, owner, snapshots.values(), report)
    with _postponing(report, "quotas of regions"):
        watch_regions(ports, _places(instances))
    for vault in vaults:
        with _postponing(report, f"jobs of {vault.name}"):
            report.purged_jobs += _purge_jobs(ports, vault)
    log.info("reconcile.done %s", report)
    return report


def _places(instances: Sequence[tuple[VaultKey, BackupInstance]]) -> dict[tuple[str, str], VaultKey]:
    """Where protected disks lie: subscription and location, each with one of the vaults that protect there."""
    return {
        (parse_group_id(instance.snapshot_group_id).subscription.lower(), instance.disk_location): vault
        for vault, instance in instances
        if instance.disk_location
    }


def _mend_claims(ports: Ports, instances: Sequence[tuple[VaultKey, BackupInstance]], report: ReconcileReport) -> None:
    """Every protected disk is claimed by the instance that protects it: those of a lost or older catalogue are not."""
    if not instances:
        return
    claimed = {stored.value.key for stored in every(ports, DiskClaim, instances[0][0])}
    for vault, instance in instances:
        if instance.holds_disk and disk_key(instance.disk_id) not in claimed:
            with _postponing(report, f"claim of {instance.name}"):
                take_claim(ports, vault, instance.name, instance.disk_id)
                report.claims.append(instance.name)


@contextmanager
def _postponing(report: ReconcileReport, what: str) -> Iterator[None]:
    """What cannot be mended now (unreadable, changing, throttled) waits for the next run; the rest goes on."""
    try:
        yield
    except (BackupError, StateConflict) as error:
        log.warning("reconcile.postponed %s: %s", what, error)
        report.postponed.append(f"{what}: {error}")


def _vaults(ports: Ports) -> Iterator[Stored[Vault]]:
    token: str | None = None
    while True:
        page = ports.store.vaults(token=token)
        yield from page.items
        token = page.next_token
        if token is None:
            return


def _look(ports: Ports, groups: Mapping[str, str], report: ReconcileReport) -> _Sight:
    """The agenda is read before the snapshots, both before any record: what is begun meanwhile is looked at singly."""
    backups = frozenset((row.vault, row.instance_name.lower()) for row in ports.store.agenda(AgendaKind.BACKUP))
    expiries = frozenset((row.vault, row.instance_name.lower()) for row in ports.store.agenda(AgendaKind.EXPIRY))
    objectives = frozenset((row.vault, row.instance_name.lower()) for row in ports.store.agenda(AgendaKind.OBJECTIVE))
    watches = frozenset(row.subject for row in ports.store.agenda(AgendaKind.WATCH))
    found: dict[_Key, dict[str, Snapshot]] = {}
    readable = set()
    for key, group in groups.items():
        try:
            for snapshot in ports.cloud.list_snapshots(parse_group_id(group)):
                label = read_label(snapshot.tags)
                if label is not None:
                    owner = (label.vault, label.instance_name.lower())
                    found.setdefault(owner, {})[snapshot.id.lower()] = snapshot
                elif is_ours(snapshot.tags):
                    _report_unreadable(ports, snapshot, report)
            readable.add(key)
        except SnapshotGroupNotFound:
            log.error("reconcile.group_gone group=%s", group)
            readable.add(key)  # it holds nothing: each point is asked for once more before it is called lost
        except BackupError as error:
            log.error("reconcile.group_unreadable group=%s code=%s %s", group, error.code, error.message)
            report.unreadable_groups.append(group)
    return _Sight(
        snapshots=found,
        groups=frozenset(readable),
        backups=backups,
        expiries=expiries,
        objectives=objectives,
        watches=watches,
    )


def _reconcile_instance(ports: Ports, vault: VaultKey, name: str, sight: _Sight, report: ReconcileReport) -> None:
    stored = ports.store.get(BackupInstance, vault, name)
    if stored is None:
        return
    points = list(every(ports, RecoveryPoint, vault, name))
    snapshots = sight.snapshots.get((vault, name.lower()), {})
    if stored.value.snapshot_group_id.lower() in sight.groups:
        mark_lost(ports, vault, name, points, snapshots, report)
        _adopt(ports, vault, name, points, snapshots.values(), report)
        watch_snapshots(ports, vault, name, len(snapshots))
    _mend_agenda(ports, vault, name, points, sight, report)
    if reconfigure(ports, vault, name) is not None:
        report.reconfigured.append(name)


def mark_lost(
    ports: Ports,
    vault: VaultKey,
    name: str,
    points: Sequence[Stored[RecoveryPoint]],
    snapshots: Container[str],
    report: ReconcileReport,
) -> None:
    """Good points whose snapshot is gone, and not by us: each is asked for once more before it is called lost."""
    good = {stored.value.point_id: stored.value for stored in points if stored.value.is_good}
    for stored in points:
        point = stored.value
        if not point.is_good or point.snapshot_id.lower() in snapshots:
            continue
        if find_snapshot_surely(ports, point.snapshot_id) is not None:
            continue
        now = ports.clock.now()
        fresh = ports.store.get(RecoveryPoint, vault, name, point.point_id)
        instance = ports.store.get(BackupInstance, vault, name)
        if fresh is None or instance is None or not fresh.value.is_good:
            continue
        lost = replace(fresh.value, state=PointState.LOST)
        del good[point.point_id]
        changed = replace(instance.value, newest_point=_newest(instance.value, point, good.values()))
        if is_in_trouble(changed, now):
            look_later(ports, vault, changed)
        told = alerts.point_lost(vault, lost, now)
        outbox.commit(ports, vault, [Replace(instance, changed), Replace(fresh, lost)], [told])
        log.error("point.lost instance=%s snapshot=%s", name, point.snapshot_id)
        report.lost_points.append(point.point_id)


def _newest(instance: BackupInstance, lost: RecoveryPoint, good: Iterable[RecoveryPoint]) -> PointSummary | None:
    if instance.newest_point is None or instance.newest_point.point_id != lost.point_id:
        return instance.newest_point
    newest = max(good, key=lambda point: point.created_at, default=None)
    return None if newest is None else summary_of(newest)


def _adopt(
    ports: Ports,
    vault: VaultKey,
    name: str,
    points: Sequence[Stored[RecoveryPoint]],
    snapshots: Iterable[Snapshot],
    report: ReconcileReport,
) -> None:
    """Snapshots of this instance without a point get one, from their own tags; one that was lost is there again."""
    known = {stored.value.snapshot_id.lower() for stored in points if stored.value.state is not PointState.LOST}
    for snapshot in snapshots:
        label = read_label(snapshot.tags)
        if label is None or snapshot.id.lower() in known:
            continue
        if snapshot.provisioning_state == "Failed":
            _report_orphan(ports, vault, name, snapshot, "Azure failed to make it whole", report)
        if not snapshot.is_usable:
            continue
        instance = ports.store.get(BackupInstance, vault, name)
        record = ports.store.get(RecoveryPoint, vault, name, label.point_id)
        if instance is None or not _is_adoptable(ports, instance.value, record, label, snapshot):
            continue
        point = point_from_label(label, snapshot, completed_at=ports.clock.now())
        if record is not None:
            point = replace(record.value, state=PointState.COMPLETED)
        _write_point(ports, vault, instance, point)
        log.warning("point.adopted instance=%s snapshot=%s", name, snapshot.id)
        report.adopted_points.append(point.point_id)


def _is_adoptable(
    ports: Ports,
    instance: BackupInstance,
    record: Stored[RecoveryPoint] | None,
    label: SnapshotLabel,
    snapshot: Snapshot,
) -> bool:
    """Not one that a running backup will record, that was recorded meanwhile, or that is just being deleted."""
    if instance.state is ProtectionState.DELETING:
        return False
    if instance.active is not None and instance.active.snapshot_id.lower() == snapshot.id.lower():
        return False
    if record is not None and record.value.state is not PointState.LOST:
        return False
    expires_at = label.retention.after(snapshot.created_at) if label.retention else None
    now = ports.clock.now()
    if expires_at is not None and expires_at <= now < expires_at + SETTLING:
        return False
    return ports.cloud.find_snapshot(snapshot.id) is not None


def point_from_label(label: SnapshotLabel, snapshot: Snapshot, *, completed_at: datetime) -> RecoveryPoint:
    """The record as the snapshot itself tells it. Of the disk it knows only what fits into a tag."""
    return RecoveryPoint(
        instance_name=label.instance_name,
        point_id=label.point_id,
        snapshot_id=snapshot.id,
        created_at=snapshot.created_at,
        completed_at=completed_at,
        expires_at=label.retention.after(snapshot.created_at) if label.retention else None,
        tag_name=label.tag_name,
        policy_name=label.policy_name,
        slot=label.slot,
        job_id=label.job_id,
        disk_id=snapshot.source_id,
        disk_size_bytes=snapshot.size_bytes,
        location=snapshot.location,
        disk=label.description(snapshot),
    )


def _write_point(ports: Ports, vault: VaultKey, stored: Stored[BackupInstance], point: RecoveryPoint) -> None:
    """Point and instance in one transaction; the expiry agenda is told first."""
    instance = with_point(stored.value, point)
    due_at = point.expires_at.replace(microsecond=0) if point.expires_at else None
    if due_at is not None and (instance.expiry_due_at is None or due_at < instance.expiry_due_at):
        ports.store.schedule([expiry_row(vault, instance.name, due_at)])
        instance = replace(instance, expiry_due_at=due_at)
    changes: list[Change] = [Replace(stored, instance), Put(point)]
    outbox.commit(ports, vault, changes, [alerts.point_created(vault, point)])


def _mend_agenda(
    ports: Ports,
    vault: VaultKey,
    name: str,
    points: Iterable[Stored[RecoveryPoint]],
    sight: _Sight,
    report: ReconcileReport,
) -> None:
    """Index entries that are missing. A row too many does no harm: it is cleared when it comes due."""
    stored = ports.store.get(BackupInstance, vault, name)
    if stored is None:
        return
    instance, key, now = stored.value, (vault, name.lower()), ports.clock.now()
    if instance.state is ProtectionState.CONFIGURED and key not in sight.backups:
        since = instance.newest_slot or instance.created_at
        ports.store.schedule([backup_row(vault, instance, instance.policy.schedule.next_slot(since))])
        report.agenda_rows.append(f"backup {name}")
    if key not in sight.objectives and is_in_trouble(instance, now):
        ports.store.schedule([objective_row(vault, instance)])
        report.agenda_rows.append(f"objective {name}")
    if key not in sight.expiries:
        _mend_expiry(ports, vault, stored, now, report)
    jobs = list(_open_jobs(instance, points))
    unwatched = [(job_id, step) for job_id, step in jobs if job_id not in sight.watches]
    ports.store.schedule([watch_row(vault, instance.name, job_id, step, now) for job_id, step in unwatched])
    report.agenda_rows += [f"watch {name}" for _ in unwatched]


def _open_jobs(instance: BackupInstance, points: Iterable[Stored[RecoveryPoint]]) -> Iterator[tuple[str, str]]:
    """The running jobs that instance and points name, each with the step that its watch sends again."""
    if instance.active is not None:
        yield instance.active.job.job_id, "backup"
    if instance.state in (ProtectionState.CONFIGURING, ProtectionState.UPDATING):
        yield instance.config_job_id, "configure"
    for point in points:
        for job_id in point.value.restoring:
            yield job_id, "restore"


def _mend_expiry(
    ports: Ports, vault: VaultKey, stored: Stored[BackupInstance], now: datetime, report: ReconcileReport
) -> None:
    instance = stored.value
    points = [point.value for point in every(ports, RecoveryPoint, vault, instance.name)]
    due_at = now if instance.state is ProtectionState.DELETING else next_look(instance, points, now)
    if due_at is None:
        return
    due_at = due_at.replace(microsecond=0)
    ports.store.schedule([expiry_row(vault, instance.name, due_at)])
    if instance.expiry_due_at != due_at:
        ports.store.commit(vault, [Replace(stored, replace(instance, expiry_due_at=due_at))])
    report.agenda_rows.append(f"expiry {instance.name}")


def _report_orphans(ports: Ports, key: _Key, snapshots: Iterable[Snapshot], report: ReconcileReport) -> None:
    """Snapshots of ours whose instance is gone: named, never deleted."""
    vault, name = key
    if ports.store.get(BackupInstance, vault, name) is not None:
        return
    for snapshot in snapshots:
        if ports.cloud.find_snapshot(snapshot.id) is None:
            continue
        reason = f"backup instance '{name}' is not in vault '{vault.name}'"
        _report_orphan(ports, vault, name, snapshot, reason, report)


def _report_unreadable(ports: Ports, snapshot: Snapshot, report: ReconcileReport) -> None:
    parts = snapshot.id.split("/")
    vault = VaultKey(subscription=parts[2], group=parts[4], name="unknown")
    _report_orphan(ports, vault, "unknown", snapshot, "its diskbackup- tags are incomplete", report)


def _report_orphan(
    ports: Ports, vault: VaultKey, name: str, snapshot: Snapshot, reason: str, report: ReconcileReport
) -> None:
    log.warning("snapshot.orphaned snapshot=%s instance=%s: %s", snapshot.id, name, reason)
    if _is_news(ports, snapshot):
        event = alerts.orphan_found(vault, name, snapshot.id, reason, ports.clock.now())
        outbox.record(ports, vault, [event])
    report.orphans.append(snapshot.id)


def _is_news(ports: Ports, snapshot: Snapshot) -> bool:
    """Told once a day by each process: an orphan stays until somebody deletes it."""
    now, name = ports.clock.now(), f"orphan {snapshot.id.lower()}"
    told_at = ports.memory.recall(name)
    if told_at is not None and now < told_at + ORPHANS_TOLD_EVERY:
        return False
    ports.memory.note(name, now)
    return True


def _purge_jobs(ports: Ports, vault: VaultKey) -> int:
    """Jobs that ended long ago are forgotten, a bounded number a run: ids sort newest first, so they stand last."""
    until = ports.clock.now() - JOBS_KEPT
    old = ports.store.page(Job, vault, first=first_id_at(until), limit=JOBS_PURGED_PER_VAULT)
    purged = 0
    for stored in old.items:
        if stored.value.is_ended:
            ports.store.commit(vault, [Remove(stored)])
            purged += 1
    return purged


def rebuild_catalogue(ports: Ports, groups: Sequence[GroupId]) -> ReconcileReport:
    """Write back the records that the snapshots in `groups` tell of: points, and stopped instances and vaults to hold
    them. Existing records stay as they are. Protection starts again when the instance is configured anew."""
    report = ReconcileReport()
    sight = _look(ports, {group.key: group.text for group in groups}, report)
    for snapshots in sight.snapshots.values():
        for snapshot in sorted(snapshots.values(), key=lambda snapshot: snapshot.created_at):
            label = read_label(snapshot.tags)
            with _postponing(report, f"snapshot {snapshot.id}"):
                if label is not None and snapshot.is_usable:
                    _write_back(ports, label, snapshot, report)
    log.info("catalogue.rebuilt points=%d", len(report.adopted_points))
    return report


def _write_back(ports: Ports, label: SnapshotLabel, snapshot: Snapshot, report: ReconcileReport) -> None:
    _ensure_vault(ports, label.vault, snapshot.location)
    instance = _ensure_instance(ports, label, snapshot)
    if ports.store.get(RecoveryPoint, label.vault, instance.value.name, label.point_id) is None:
        point = point_from_label(label, snapshot, completed_at=ports.clock.now())
        _write_point(ports, label.vault, instance, point)
        report.adopted_points.append(point.point_id)


def _ensure_vault(ports: Ports, key: VaultKey, location: str) -> None:
    if ports.store.get(Vault, key) is None:
        ports.store.commit(key, [Insert(Vault(key=key, location=location, created_at=ports.clock.now()))])


def _ensure_instance(ports: Ports, label: SnapshotLabel, snapshot: Snapshot) -> Stored[BackupInstance]:
    stored = ports.store.get(BackupInstance, label.vault, label.instance_name)
    if stored is not None:
        return stored
    parts = snapshot.id.split("/")
    group = GroupId(subscription=parts[2], group=parts[4])
    instance = BackupInstance(
        name=label.instance_name,
        generation=label.point_id[:12],
        revision=1,
        friendly_name=snapshot.source_id.rsplit("/", 1)[-1],
        disk_id=snapshot.source_id,
        disk_location=snapshot.location,
        snapshot_group_id=group.text,
        policy=BackupPolicy.standing_in(label.policy_name, label.retention),
        state=ProtectionState.STOPPED,
        created_at=ports.clock.now(),
    )
    ports.store.commit(label.vault, [Insert(instance)])
    written = ports.store.get(BackupInstance, label.vault, label.instance_name)
    assert written is not None, "inserted just now, and nothing deletes a stopped instance without its points"
    return written

"""Hold the records against what exists: snapshots against recovery points both ways, instances against the agenda.

Free of input and safe to repeat: whatever a crash, a lost message or a hand at the portal left behind is found here.
`rebuild_catalogue` uses the same eyes when the tables are lost: the snapshots' tags are the catalogue's second copy.
What the tags say is believed where it is proven (domain/ownership.py); what is not, is reported and never touched.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from backup_core.domain.acting import OWN
from backup_core.domain.agenda import AgendaKind, AgendaRow, backup_row, expiry_row
from backup_core.domain.disk import Snapshot
from backup_core.domain.errors import BackupError, DiskNotFound, PermissionMissing, SnapshotGroupNotFound
from backup_core.domain.events import Event
from backup_core.domain.installation import Installation
from backup_core.domain.instance import MISSED_SLOTS_KEPT, BackupInstance, DiskClaim, Misses, ProtectionState, disk_key
from backup_core.domain.job import Job, first_id_at
from backup_core.domain.naming import read_snapshot_name
from backup_core.domain.ownership import Home, NotProven, is_foreign, prove_claim
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.recovery_point import PointState, RecoveryPoint, SnapshotLabel, is_ours, read_label
from backup_core.domain.resource_ids import SNAPSHOT, GroupId, VaultKey, parse_group_id, parse_resource_id
from backup_core.domain.snapshot_group import SnapshotGroup
from backup_core.domain.vault import Vault
from backup_core.ports import Insert, Ports, Remove, Replace, StateConflict, Stored, every
from backup_core.workflows import announcements, outbox
from backup_core.workflows.acting import acting_for, as_identity, identities_of
from backup_core.workflows.backup import SNAPSHOT_UNIQUE_ID
from backup_core.workflows.claims import take_claim
from backup_core.workflows.installations import installation, take_over
from backup_core.workflows.lifecycle import is_ended_by_absence, resume_if_back
from backup_core.workflows.objectives import is_in_trouble, objective_row
from backup_core.workflows.points_seen import Fate, Sightings, look_after_point, write_point
from backup_core.workflows.protection import reconfigure
from backup_core.workflows.quotas import watch_regions, watch_snapshots
from backup_core.workflows.retention import next_look
from backup_core.workflows.set_back import note_reconciled, notice_unknown_job
from backup_core.workflows.snapshot_groups import forget_group, remember_group, remembered_groups
from backup_core.workflows.watching import watch_row

log = logging.getLogger("diskbackup.reconcile")

JOBS_KEPT = timedelta(days=90)
JOBS_SURELY_KEPT = timedelta(days=80)
JOBS_PURGED_PER_VAULT = 500
TOLD_EVERY = timedelta(hours=24)  # what stays until somebody sees to it
SETTLING = timedelta(minutes=15)  # a snapshot whose time ended that lately may still be on its way out
UNFINISHED_AFTER = timedelta(days=1)  # a snapshot that is not whole by then, and of no backup, is left over

_Key = tuple[VaultKey, str]  # vault and instance name in lower case


@dataclass(slots=True, kw_only=True)
class ReconcileReport:
    """What a run found and mended; each list names things by id."""

    lost_points: list[str] = field(default_factory=list)
    moved_points: list[str] = field(default_factory=list)  # whose snapshot was moved to another group
    adopted_points: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)  # snapshots that say they are ours and are not proven to be
    retagged: list[str] = field(default_factory=list)  # snapshots of points whose tags say otherwise than their record
    taken_over: list[str] = field(default_factory=list)  # installations whose snapshots count as ours from now on
    agenda_rows: list[str] = field(default_factory=list)
    claims: list[str] = field(default_factory=list)
    reconfigured: list[str] = field(default_factory=list)
    vaults: list[str] = field(default_factory=list)  # that were gone though they held an instance
    resumed: list[str] = field(default_factory=list)  # whose disk was called gone, and is there
    purged_jobs: int = 0
    overdue_outboxes: int = 0  # and groups of alerts, whose events had waited long
    unreadable_groups: list[str] = field(default_factory=list)
    postponed: list[str] = field(default_factory=list)  # what could not be looked at now, and why


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sight:
    """What is there: snapshots, the groups that could be read, the agenda's rows by instance, and who we are."""

    snapshots: Sightings
    groups: frozenset[str]
    backups: Mapping[_Key, Sequence[AgendaRow]]
    expiries: frozenset[_Key]
    objectives: frozenset[_Key]
    watches: frozenset[str]
    installation: Installation
    adopted_slots: dict[_Key, set[datetime]] = field(default_factory=dict)  # filled by the pass


def reconcile(ports: Ports) -> ReconcileReport:
    """One pass over everything. Costs what exists: meant for every few minutes to hours, not for every tick."""
    report = ReconcileReport()
    vaults = [stored.value.key for stored in _vaults(ports)]
    vaults += _mend_vaults(ports, set(vaults), report)
    instances = [(vault, stored.value) for vault in vaults for stored in every(ports, BackupInstance, vault)]
    for vault, instance in instances:
        remember_group(ports, vault, parse_group_id(instance.snapshot_group_id))
    groups = remembered_groups(ports)
    sight = _look(ports, [stored.value.group for stored in groups], report, _keepers(groups, instances))
    _mend_claims(ports, instances, report)
    accounted: set[str] = set()
    for vault, instance in instances:
        with _postponing(report, f"instance {instance.name}"):
            _reconcile_instance(ports, vault, instance.name, sight, report, accounted)
    left = [each for each in sight.snapshots.all() if each.id.lower() not in accounted and _looks_ours(each)]
    homes = {stored.value.key: stored.value.vault for stored in groups}
    for snapshot in left:
        with _postponing(report, f"snapshot {snapshot.id}"):
            _account_for(ports, snapshot, homes, sight, report)
    _move_agenda_on(ports, sight, report)
    note_reconciled(ports)
    _forget_empty_groups(ports, groups, instances, sight, report)
    with _postponing(report, "quotas of regions"):
        watch_regions(ports, _places(instances))
    with _postponing(report, "events"):
        report.overdue_outboxes = outbox.mend(ports, vaults)
    for vault in vaults:
        with _postponing(report, f"jobs of {vault.name}"):
            report.purged_jobs += _purge_jobs(ports, vault)
    log.info("reconcile.done %s", report)
    return report


def _keepers(
    groups: Sequence[Stored[SnapshotGroup]], instances: Sequence[tuple[VaultKey, BackupInstance]]
) -> dict[str, list[VaultKey]]:
    """The vaults that keep snapshots in a group, or once did, by the group's key."""
    keepers = {stored.value.group.key: [stored.value.vault] for stored in groups}
    for vault, instance in instances:
        keepers.setdefault(parse_group_id(instance.snapshot_group_id).key, []).append(vault)
    return keepers


def _looks_ours(snapshot: Snapshot) -> bool:
    """By its tags, or by its name where somebody took them away. It may still be anybody's."""
    return is_ours(snapshot.tags) or read_snapshot_name(_name_of(snapshot)) is not None


def _is_others(snapshot: Snapshot, installations: Collection[str]) -> bool:
    label = read_label(snapshot.tags)
    return label is not None and is_foreign(label, installations)


def _name_of(snapshot: Snapshot) -> str:
    return snapshot.id.rsplit("/", 1)[-1]


def _places(instances: Sequence[tuple[VaultKey, BackupInstance]]) -> dict[tuple[str, str], VaultKey]:
    """Where protected disks lie: subscription and location, each with one of the vaults that protect there."""
    return {
        (parse_group_id(instance.snapshot_group_id).subscription.lower(), instance.disk_location): vault
        for vault, instance in instances
        if instance.disk_location
    }


def _mend_vaults(ports: Ports, known: Collection[VaultKey], report: ReconcileReport) -> list[VaultKey]:
    """Vaults that are gone though an instance of theirs holds a disk: without one it could neither be seen nor deleted.
    They are written again with the settings that a vault has when nobody says."""
    mended: list[VaultKey] = []
    for stored in every(ports, DiskClaim, outbox.ANY_VAULT):
        claim = stored.value
        if claim.vault in known or claim.vault in mended:
            continue
        with _postponing(report, f"vault {claim.vault.name}"):
            held = ports.store.get(BackupInstance, claim.vault, claim.instance_name)
            if held is not None:
                _ensure_vault(ports, claim.vault, held.value.disk_location)
                log.error("vault.written_again vault=%s instance=%s", claim.vault.resource_id, claim.instance_name)
                mended.append(claim.vault)
    report.vaults += [key.name for key in mended]
    return mended


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


def _look(
    ports: Ports,
    groups: Iterable[GroupId],
    report: ReconcileReport,
    keepers: Mapping[str, Sequence[VaultKey]] = MappingProxyType({}),
) -> _Sight:
    """The agenda is read before the snapshots, both before any record: what is begun meanwhile is looked at singly."""
    backups: dict[_Key, list[AgendaRow]] = {}
    for row in ports.store.agenda(AgendaKind.BACKUP):
        backups.setdefault((row.vault, row.instance_name.lower()), []).append(row)
    expiries = frozenset((row.vault, row.instance_name.lower()) for row in ports.store.agenda(AgendaKind.EXPIRY))
    objectives = frozenset((row.vault, row.instance_name.lower()) for row in ports.store.agenda(AgendaKind.OBJECTIVE))
    watches = frozenset(row.subject for row in ports.store.agenda(AgendaKind.WATCH))
    found = Sightings()
    readable = set()
    for group in groups:
        try:
            for snapshot in _list_snapshots(ports, group, keepers.get(group.key, ())):
                found.add(snapshot)
            readable.add(group.key)
        except SnapshotGroupNotFound:
            log.error("reconcile.group_gone group=%s", group.text)
            readable.add(group.key)  # it holds nothing: each point is asked for once more before it is called lost
        except BackupError as error:
            log.error("reconcile.group_unreadable group=%s code=%s %s", group.text, error.code, error.message)
            report.unreadable_groups.append(group.text)
    return _Sight(
        snapshots=found,
        groups=frozenset(readable),
        backups=backups,
        expiries=expiries,
        objectives=objectives,
        watches=watches,
        installation=installation(ports),
    )


def _list_snapshots(ports: Ports, group: GroupId, keepers: Iterable[VaultKey]) -> list[Snapshot]:
    """As the first identity of the keepers that may see them; as the app's own where nobody keeps any."""
    *others, last = identities_of(ports, keepers) or [OWN]
    for identity in others:
        try:
            return list(as_identity(ports, identity).cloud.list_snapshots(group))
        except PermissionMissing:
            log.info("reconcile.group_unseen group=%s by=%s", group.text, identity)
    return list(as_identity(ports, last).cloud.list_snapshots(group))


def _reconcile_instance(
    ports: Ports, vault: VaultKey, name: str, sight: _Sight, report: ReconcileReport, accounted: set[str]
) -> None:
    """Adds to `accounted` the snapshots that the instance's points account for."""
    ports = acting_for(ports, vault)
    stored = ports.store.get(BackupInstance, vault, name)
    if stored is None:
        return
    points = list(every(ports, RecoveryPoint, vault, name))
    accounted |= {stored.value.snapshot_id.lower() for stored in points if stored.value.state is not PointState.LOST}
    if stored.value.active is not None:
        accounted.add(stored.value.active.snapshot_id.lower())
    count = _look_after_points(ports, vault, [point.value for point in points], sight, report, accounted)
    if stored.value.snapshot_group_id.lower() in sight.groups:
        watch_snapshots(ports, vault, name, count)
    _mend_agenda(ports, vault, name, points, sight, report)
    if reconfigure(ports, vault, name) is not None:
        report.reconfigured.append(name)
    if is_ended_by_absence(stored.value) and _is_back(ports, vault, stored.value):
        report.resumed.append(name)


def _is_back(ports: Ports, vault: VaultKey, instance: BackupInstance) -> bool:
    """Whether a disk whose absence ended its protection is seen again, and protected."""
    try:
        disk = ports.cloud.get_disk(instance.disk_id)
    except DiskNotFound:
        return False
    return resume_if_back(ports, vault, instance, disk)


def _look_after_points(
    ports: Ports,
    vault: VaultKey,
    points: Sequence[RecoveryPoint],
    sight: _Sight,
    report: ReconcileReport,
    accounted: set[str],
) -> int:
    """Every point that is good, or was called lost, and lies where we could look; answers how many are whole."""
    good = {point.point_id: point for point in points if point.is_good}
    for point in points:
        if point.state is PointState.EXPIRING or _group_of(point.snapshot_id).key not in sight.groups:
            continue
        found = look_after_point(ports, vault, point, list(good.values()), sight.snapshots)
        if found.fate in (Fate.LOST, Fate.STILL_LOST):
            good.pop(point.point_id, None)
            accounted.discard(point.snapshot_id.lower())  # what bears its id now is another
        if found.snapshot is not None:
            accounted.add(found.snapshot.id.lower())
        if found.disagreements:
            _report_retagged(ports, vault, point, found.disagreements, report)
        told = {Fate.LOST: report.lost_points, Fate.MOVED: report.moved_points, Fate.REGAINED: report.adopted_points}
        if found.fate in told:
            told[found.fate].append(point.point_id)
    return len(good)


def _group_of(snapshot_id: str) -> GroupId:
    return parse_resource_id(snapshot_id, SNAPSHOT).group_id


def _account_for(
    ports: Ports, snapshot: Snapshot, homes: Mapping[str, VaultKey], sight: _Sight, report: ReconcileReport
) -> None:
    """A snapshot that looks like ours and that no record knows: another installation's, a point to be adopted, a copy
    or a forgery, or an orphan. None but the first two passes unseen."""
    ports = acting_for(ports, _vault_of(snapshot, homes))
    label = read_label(snapshot.tags)
    if label is None:
        reason = "its diskbackup- tags are incomplete" if is_ours(snapshot.tags) else "its tags were taken away"
        _report_orphan(ports, _vault_of(snapshot, homes), "unknown", snapshot, reason, report)
        return
    if is_foreign(label, sight.installation.ids):
        log.info("snapshot.foreign snapshot=%s installation=%s", snapshot.id, label.installation_id)
        report.foreign.append(snapshot.id)
        return
    instance = ports.store.get(BackupInstance, label.vault, label.instance_name)
    if instance is None:
        reason = f"backup instance '{label.instance_name}' is not in vault '{label.vault.name}'"
        _report_orphan(ports, label.vault, label.instance_name, snapshot, reason, report)
        return
    judgement = prove_claim(label, snapshot, home=_home(label.vault, instance.value, sight.installation))
    if isinstance(judgement, NotProven):
        _report_foreign(ports, label, snapshot, judgement.because, report)
    else:
        _adopt(ports, label, snapshot, instance, sight, report)


def _vault_of(snapshot: Snapshot, homes: Mapping[str, VaultKey]) -> VaultKey:
    group = _group_of(snapshot.id)
    unknown = VaultKey(subscription=group.subscription, group=group.group, name="unknown")
    return homes.get(SnapshotGroup(group_id=group.text, vault=unknown).key, unknown)


def _home(vault: VaultKey, instance: BackupInstance, own: Installation) -> Home:
    return Home(
        vault=vault,
        instance_name=instance.name,
        disk_id=instance.disk_id,
        groups=(parse_group_id(instance.snapshot_group_id),),
        installations=own.ids,
    )


def _adopt(
    ports: Ports,
    label: SnapshotLabel,
    snapshot: Snapshot,
    stored: Stored[BackupInstance],
    sight: _Sight,
    report: ReconcileReport,
) -> None:
    """A proven snapshot without a point gets one, from its own tags."""
    if snapshot.provisioning_state == "Failed" or _is_left_unfinished(ports, snapshot):
        _report_orphan(ports, label.vault, label.instance_name, snapshot, "Azure failed to make it whole", report)
    if not snapshot.is_usable or stored.value.state is ProtectionState.DELETING:
        return
    record = ports.store.get(RecoveryPoint, label.vault, stored.value.name, label.point_id)
    job = ports.store.get(Job, label.vault, label.job_id)
    if record is not None and not _is_of(record.value, snapshot):
        _report_foreign(ports, label, snapshot, (f"its point is that of '{record.value.snapshot_id}'",), report)
    elif job is not None and _is_of_another(job.value, snapshot):
        _report_foreign(ports, label, snapshot, ("its job recorded another that bore its name",), report)
    elif record is None:
        own = sight.installation.installation_id
        is_unknown = job is None and label.installation_id == own
        _adopt_now(ports, label, snapshot, stored, sight, report, is_unknown=is_unknown)


def _is_of(point: RecoveryPoint, snapshot: Snapshot) -> bool:
    """Whether the point, which was recorded meanwhile, is the snapshot's."""
    return point.state is not PointState.LOST and point.snapshot_id.lower() == snapshot.id.lower()


def _is_of_another(job: Job, snapshot: Snapshot) -> bool:
    """Whether the job ended with another snapshot: it remembers that for longer than the point lives."""
    noted = job.details.get(SNAPSHOT_UNIQUE_ID)
    return noted is not None and str(noted).lower() != snapshot.unique_id.lower()


def _adopt_now(
    ports: Ports,
    label: SnapshotLabel,
    snapshot: Snapshot,
    stored: Stored[BackupInstance],
    sight: _Sight,
    report: ReconcileReport,
    *,
    is_unknown: bool,
) -> None:
    """`is_unknown`: these tables never knew of the job that made it, which was written before the snapshot was asked
    for."""
    if not _is_adoptable(ports, stored.value, label, snapshot):
        return
    if is_unknown and snapshot.created_at > ports.clock.now() - JOBS_SURELY_KEPT:
        notice_unknown_job(ports, snapshot.created_at)
    point = point_from_label(label, snapshot, completed_at=ports.clock.now())
    write_point(ports, label.vault, stored, point)
    log.warning("point.adopted instance=%s snapshot=%s", stored.value.name, snapshot.id)
    report.adopted_points.append(point.point_id)
    if point.slot is not None:
        sight.adopted_slots.setdefault((label.vault, stored.value.name.lower()), set()).add(point.slot)


def _move_agenda_on(ports: Ports, sight: _Sight, report: ReconcileReport) -> None:
    """Slots whose points came back are not due any more. Those between them that have none were missed, for all that
    these tables know."""
    for (vault, name), slots in sight.adopted_slots.items():
        newest = max(slots)
        passed = [row for row in sight.backups.get((vault, name), ()) if row.due_at <= newest]
        stored = ports.store.get(BackupInstance, vault, name)
        if not passed or stored is None:
            continue
        with _postponing(report, f"agenda of {name}"):
            schedule = stored.value.policy.schedule
            before = min(row.due_at for row in passed) - timedelta(seconds=1)
            between = schedule.slots_between(before, newest, MISSED_SLOTS_KEPT)
            missed = tuple(slot for slot in between if slot not in slots)
            ports.store.schedule([backup_row(vault, stored.value, schedule.next_slot(newest))])
            misses = Misses(slots=missed, count=len(missed), because="these tables know of no backup of it")
            if missed:
                ports.store.commit(vault, [Replace(stored, stored.value.miss(misses))])
            ports.store.unschedule(passed)


def _is_left_unfinished(ports: Ports, snapshot: Snapshot) -> bool:
    return not snapshot.is_usable and snapshot.created_at < ports.clock.now() - UNFINISHED_AFTER


def _is_adoptable(ports: Ports, instance: BackupInstance, label: SnapshotLabel, snapshot: Snapshot) -> bool:
    """Not one that a running backup will record, or that is just being deleted."""
    if instance.active is not None and instance.active.snapshot_id.lower() == snapshot.id.lower():
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
        snapshot_unique_id=snapshot.unique_id,
        installation_id=label.installation_id,
        retention=label.retention.iso() if label.retention else "",
    )


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
        ports.store.schedule([backup_row(vault, instance, instance.next_due_at)])
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


def _report_orphan(
    ports: Ports, vault: VaultKey, name: str, snapshot: Snapshot, reason: str, report: ReconcileReport
) -> None:
    """A snapshot of ours that nothing accounts for: named, never deleted."""
    event = announcements.orphan_found(vault, name, snapshot.id, reason, ports.clock.now())
    if _tell_of(ports, vault, snapshot, event):
        log.warning("snapshot.orphaned snapshot=%s instance=%s: %s", snapshot.id, name, reason)
        report.orphans.append(snapshot.id)


def _report_foreign(
    ports: Ports, label: SnapshotLabel, snapshot: Snapshot, because: Sequence[str], report: ReconcileReport
) -> None:
    """A copy, or a snapshot with tags that somebody wrote: named, never touched."""
    reason = "; ".join(because)
    event = announcements.foreign_found(label.vault, label.instance_name, snapshot.id, reason, ports.clock.now())
    if _tell_of(ports, label.vault, snapshot, event):
        log.warning("snapshot.foreign snapshot=%s: %s", snapshot.id, reason)
        report.foreign.append(snapshot.id)


def _report_retagged(
    ports: Ports, vault: VaultKey, point: RecoveryPoint, because: Sequence[str], report: ReconcileReport
) -> None:
    event = announcements.tags_changed(vault, point, "; ".join(because), ports.clock.now())
    if _is_news(ports, event.id):
        log.warning("snapshot.retagged snapshot=%s: %s", point.snapshot_id, "; ".join(because))
        outbox.record(ports, vault, [event])
    report.retagged.append(point.snapshot_id)


def _tell_of(ports: Ports, vault: VaultKey, snapshot: Snapshot, event: Event) -> bool:
    """Whether it is still there; told once a day by each process, for it stays until somebody deletes it."""
    if ports.cloud.find_snapshot(snapshot.id) is None:
        return False
    if _is_news(ports, event.id):
        outbox.record(ports, vault, [event])
    return True


def _is_news(ports: Ports, name: str) -> bool:
    now = ports.clock.now()
    told_at = ports.memory.recall(name)
    if told_at is not None and now < told_at + TOLD_EVERY:
        return False
    ports.memory.note(name, now)
    return True


def _forget_empty_groups(
    ports: Ports,
    groups: Iterable[Stored[SnapshotGroup]],
    instances: Iterable[tuple[VaultKey, BackupInstance]],
    sight: _Sight,
    report: ReconcileReport,
) -> None:
    """Groups without an instance in which nothing looks like ours any more."""
    used = {instance.snapshot_group_id.lower() for _, instance in instances}
    mine = (each for each in sight.snapshots.all() if not _is_others(each, sight.installation.ids))
    used |= {_group_of(each.id).key for each in mine if _looks_ours(each)}
    for stored in groups:
        key = stored.value.group.key
        if key in sight.groups and key not in used:
            with _postponing(report, f"group {key}"):
                forget_group(ports, stored)


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


def rebuild_catalogue(
    ports: Ports, groups: Sequence[GroupId], *, take_over_others: bool | None = None
) -> ReconcileReport:
    """Write back the records that the snapshots in `groups` tell of: points, and stopped instances and vaults to hold
    them. Existing records stay as they are. Protection starts again when the instance is configured anew.

    Tables that were lost had another installation's id. Its snapshots are taken over when `take_over_others` says so,
    or, where it says nothing, when these tables hold no backup instance of their own.
    """
    report = ReconcileReport()
    sight = _look(ports, groups, report)
    claims = [(label, each) for each in sight.snapshots.all() if (label := read_label(each.tags)) is not None]
    if take_over_others is None:
        take_over_others = not _has_instances(ports)
    strangers = {label.installation_id for label, _ in claims if is_foreign(label, sight.installation.ids)}
    if take_over_others and strangers:
        sight = replace(sight, installation=take_over(ports, strangers))
        report.taken_over += sorted(strangers)
        log.warning("installation.taken_over %s", ", ".join(sorted(strangers)))
    for label, snapshot in sorted(claims, key=lambda claim: claim[1].created_at):
        with _postponing(report, f"snapshot {snapshot.id}"):
            if snapshot.is_usable:
                _write_back(ports, label, snapshot, sight.installation, report)
    log.info("catalogue.rebuilt points=%d", len(report.adopted_points))
    return report


def _has_instances(ports: Ports) -> bool:
    return any(ports.store.page(BackupInstance, stored.value.key, limit=1).items for stored in _vaults(ports))


def _write_back(
    ports: Ports, label: SnapshotLabel, snapshot: Snapshot, own: Installation, report: ReconcileReport
) -> None:
    group = _group_of(snapshot.id)
    stored = ports.store.get(BackupInstance, label.vault, label.instance_name)
    home = Home(
        vault=label.vault,
        instance_name=label.instance_name,
        disk_id=stored.value.disk_id if stored else snapshot.source_id,
        groups=(group,),
        installations=own.ids,
    )
    judgement = prove_claim(label, snapshot, home=home)
    record = ports.store.get(RecoveryPoint, label.vault, label.instance_name, label.point_id)
    if record is not None and record.value.snapshot_id.lower() == snapshot.id.lower():
        return
    if record is not None or isinstance(judgement, NotProven):
        log.warning("snapshot.foreign snapshot=%s", snapshot.id)
        report.foreign.append(snapshot.id)
        return
    remember_group(ports, label.vault, group)
    _ensure_vault(ports, label.vault, snapshot.location)
    point = point_from_label(label, snapshot, completed_at=ports.clock.now())
    write_point(ports, label.vault, stored or _new_instance(ports, label, snapshot), point)
    report.adopted_points.append(point.point_id)


def _ensure_vault(ports: Ports, key: VaultKey, location: str) -> None:
    if ports.store.get(Vault, key) is None:
        ports.store.commit(key, [Insert(Vault(key=key, location=location, created_at=ports.clock.now()))])


def _new_instance(ports: Ports, label: SnapshotLabel, snapshot: Snapshot) -> Stored[BackupInstance]:
    instance = BackupInstance(
        name=label.instance_name,
        generation=label.point_id[:12],
        revision=1,
        friendly_name=snapshot.source_id.rsplit("/", 1)[-1],
        disk_id=snapshot.source_id,
        disk_location=snapshot.location,
        snapshot_group_id=_group_of(snapshot.id).text,
        policy=BackupPolicy.standing_in(label.policy_name, label.retention),
        state=ProtectionState.STOPPED,
        created_at=ports.clock.now(),
        rebuilt=True,
    )
    ports.store.commit(label.vault, [Insert(instance)])
    written = ports.store.get(BackupInstance, label.vault, label.instance_name)
    assert written is not None, "inserted just now, and nothing deletes a stopped instance without its points"
    return written

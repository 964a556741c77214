"""Snapshots that look like ours and of which there is no record: another installation's, a point to be adopted, a copy
or a forgery, or an orphan. What is not adopted is reported once a day, and never touched.

Leaves to others: which snapshots these are (reconcile_group.py), and what is proven (domain/ownership.py).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from backup_core.domain.agenda import AgendaRow, backup_row
from backup_core.domain.copying import PointCopy, copy_from_label, is_copy, read_copy_label
from backup_core.domain.disk import Snapshot
from backup_core.domain.events import Event
from backup_core.domain.installation import Installation
from backup_core.domain.instance import MISSED_SLOTS_KEPT, BackupInstance, Misses, ProtectionState
from backup_core.domain.job import SNAPSHOT_UNIQUE_ID, Job
from backup_core.domain.ownership import Home, NotProven, is_foreign, prove_label
from backup_core.domain.points import point_from_label
from backup_core.domain.recovery_point import PointState, RecoveryPoint, SnapshotLabel, is_ours, read_label
from backup_core.domain.resource_ids import VaultKey, parse_group_id
from backup_core.ports import Ports, Replace, Stored
from backup_core.workflows import announcements, once_a_day
from backup_core.workflows.acting import acting_for
from backup_core.workflows.adopted_points import is_moving_now
from backup_core.workflows.points_seen import write_point
from backup_core.workflows.reconcile_report import ReconcileReport
from backup_core.workflows.set_back import notice_unknown_job

log = logging.getLogger("diskbackup.adoption")

JOBS_SURELY_KEPT = timedelta(days=80)
SETTLING = timedelta(minutes=15)  # a snapshot whose time ended that lately may still be on its way out
UNFINISHED_AFTER = timedelta(days=1)  # a snapshot that is not whole by then, and of no backup, is left over


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopter:
    """Accounts for the snapshots of one disk in one group. `vault` is where is told what names no vault itself;
    `slots` are those of the points that were adopted, by their instance."""

    vault: VaultKey
    installation: Installation
    report: ReconcileReport
    slots: dict[tuple[VaultKey, str], set[datetime]] = field(default_factory=dict)

    def account_for(self, ports: Ports, snapshot: Snapshot) -> None:
        """None but another installation's and a point that is adopted passes unseen. Raises BackupError,
        StateConflict."""
        ports = acting_for(ports, self.vault)
        if is_copy(snapshot.tags):
            self._account_for_copy(ports, snapshot)
            return
        label = read_label(snapshot.tags)
        if label is None:
            reason = "its diskbackup- tags are incomplete" if is_ours(snapshot.tags) else "its tags were taken away"
            self._report_orphan(ports, self.vault, "unknown", snapshot, reason)
            return
        if is_foreign(label, self.installation.ids):
            log.info("snapshot.foreign snapshot=%s installation=%s", snapshot.id, label.installation_id)
            self.report.foreign.append(snapshot.id)
            return
        if label.adopted_from and is_moving_now(ports, label.vault):
            log.info("snapshot.arriving snapshot=%s", snapshot.id)
            return  # its tags come first, its record follows
        instance = ports.store.get(BackupInstance, label.vault, label.instance_name)
        if instance is None:
            reason = f"backup instance '{label.instance_name}' is not in vault '{label.vault.name}'"
            self._report_orphan(ports, label.vault, label.instance_name, snapshot, reason)
            return
        judgement = prove_label(label, snapshot, home=self._home(label.vault, instance.value))
        if isinstance(judgement, NotProven):
            self._report_foreign(ports, label, snapshot, judgement.because)
        else:
            self._adopt(ports, label, snapshot, instance)

    def _account_for_copy(self, ports: Ports, snapshot: Snapshot) -> None:
        """A copy in a group that no copy rule names any more, and that only its record would find."""
        label = read_copy_label(snapshot.tags)
        if label is not None and is_foreign(label, self.installation.ids):
            self.report.foreign.append(snapshot.id)
            return
        copy = copy_from_label(label, snapshot.tags, snapshot) if label is not None else None
        vault, name = (label.vault, label.instance_name) if label is not None else (self.vault, "unknown")
        known = ports.store.get(PointCopy, vault, name, copy.copy_id) if copy is not None else None
        is_moved = known is not None and known.value.snapshot_unique_id == snapshot.unique_id  # the record will follow
        if known is None or not (is_moved or known.value.accounts_for(snapshot.id)):
            reason = "no record tells of this copy in another region, nor does a copy rule name its group"
            self._report_orphan(ports, vault, name, snapshot, reason)

    def _home(self, vault: VaultKey, instance: BackupInstance) -> Home:
        return Home(
            vault=vault,
            instance_name=instance.name,
            disk_id=instance.disk_id,
            groups=(parse_group_id(instance.snapshot_group_id),),
            installations=self.installation.ids,
        )

    def _adopt(self, ports: Ports, label: SnapshotLabel, snapshot: Snapshot, stored: Stored[BackupInstance]) -> None:
        """A proven snapshot without a point gets one, from its own tags."""
        if snapshot.provisioning_state == "Failed" or _is_left_unfinished(ports, snapshot):
            reason = "Azure failed to make it whole"
            self._report_orphan(ports, label.vault, label.instance_name, snapshot, reason)
        if not snapshot.is_usable or stored.value.state is ProtectionState.DELETING:
            return
        record = ports.store.get(RecoveryPoint, label.vault, stored.value.name, label.point_id)
        job = ports.store.get(Job, label.vault, label.job_id)
        if record is not None and not _is_of(record.value, snapshot):
            self._report_foreign(ports, label, snapshot, (f"its point is that of '{record.value.snapshot_id}'",))
        elif job is not None and _is_of_another(job.value, snapshot):
            self._report_foreign(ports, label, snapshot, ("its job recorded another that bore its name",))
        elif record is None and _is_adoptable(ports, stored.value, label, snapshot):
            if job is None and label.installation_id == self.installation.installation_id:
                _notice_unknown_job(ports, snapshot)
            point = point_from_label(label, snapshot, completed_at=ports.clock.now())
            write_point(ports, label.vault, stored, point)
            log.warning("point.adopted instance=%s snapshot=%s", stored.value.name, snapshot.id)
            self.report.adopted_points.append(point.point_id)
            if point.slot is not None:
                self.slots.setdefault((label.vault, stored.value.name), set()).add(point.slot)

    def _report_orphan(self, ports: Ports, vault: VaultKey, name: str, snapshot: Snapshot, reason: str) -> None:
        """A snapshot of ours that nothing accounts for: named, never deleted."""
        event = announcements.orphan_found(vault, name, snapshot.id, reason, ports.clock.now())
        if _tell_of(ports, vault, snapshot, event):
            log.warning("snapshot.orphaned snapshot=%s instance=%s: %s", snapshot.id, name, reason)
            self.report.orphans.append(snapshot.id)

    def _report_foreign(self, ports: Ports, label: SnapshotLabel, snapshot: Snapshot, because: Sequence[str]) -> None:
        """A copy, or a snapshot with tags that somebody wrote: named, never touched."""
        reason = "; ".join(because)
        event = announcements.foreign_found(label.vault, label.instance_name, snapshot.id, reason, ports.clock.now())
        if _tell_of(ports, label.vault, snapshot, event):
            log.warning("snapshot.foreign snapshot=%s: %s", snapshot.id, reason)
            self.report.foreign.append(snapshot.id)


def _is_of(point: RecoveryPoint, snapshot: Snapshot) -> bool:
    """Whether the point, which was recorded meanwhile, is the snapshot's."""
    return point.state is not PointState.LOST and point.snapshot_id.lower() == snapshot.id.lower()


def _is_of_another(job: Job, snapshot: Snapshot) -> bool:
    """Whether the job ended with another snapshot: it remembers that for longer than the point lives."""
    noted = job.details.get(SNAPSHOT_UNIQUE_ID)
    return noted is not None and str(noted).lower() != snapshot.unique_id.lower()


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


def _notice_unknown_job(ports: Ports, snapshot: Snapshot) -> None:
    """These tables never knew of the job that made the snapshot, which was written before that was asked for."""
    if snapshot.created_at > ports.clock.now() - JOBS_SURELY_KEPT:
        notice_unknown_job(ports, snapshot.created_at)


def move_agenda_on(ports: Ports, vault: VaultKey, name: str, rows: Iterable[AgendaRow], slots: set[datetime]) -> None:
    """Slots whose points came back are not due any more. Those between them that have none were missed, for all that
    these tables know. Raises StateConflict."""
    newest = max(slots)
    passed = [row for row in rows if row.due_at <= newest]
    stored = ports.store.get(BackupInstance, vault, name)
    if not passed or stored is None:
        return
    schedule = stored.value.policy.schedule
    before = min(row.due_at for row in passed) - timedelta(seconds=1)
    between = schedule.slots_between(before, newest, MISSED_SLOTS_KEPT)
    missed = tuple(slot for slot in between if slot not in slots)
    ports.store.schedule([backup_row(vault, stored.value, schedule.next_slot(newest))])
    misses = Misses(slots=missed, count=len(missed), because="these tables know of no backup of it")
    if missed:
        ports.store.commit(vault, [Replace(stored, stored.value.miss(misses))])
    ports.store.unschedule(passed)


def _tell_of(ports: Ports, vault: VaultKey, snapshot: Snapshot, event: Event) -> bool:
    """Whether it is still there; told once a day by each process, for it stays until somebody deletes it."""
    if ports.cloud.find_snapshot(snapshot.id) is None:
        return False
    once_a_day.tell(ports, vault, event)
    return True

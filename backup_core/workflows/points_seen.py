"""Recovery points against the snapshots that are there: whole, moved to another group, gone, or replaced by another.

What a record tells of is found by its id, or, where it was moved, by its unique id. A snapshot that only bears the id
is not the recorded one (domain/ownership.py), and the point is as lost as if nothing were there.

Leaves to others: which snapshots there are (reconcile.py, resource_events.py), and what no record knows (reconcile.py).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from backup_core.domain.agenda import expiry_row
from backup_core.domain.disk import Snapshot
from backup_core.domain.errors import SnapshotGroupNotFound
from backup_core.domain.heartbeat import Heartbeat
from backup_core.domain.hold import all_holds, standing
from backup_core.domain.instance import BackupInstance
from backup_core.domain.messages import LookAtResource
from backup_core.domain.ownership import NotProven, Proven, is_same_snapshot, prove_point
from backup_core.domain.points import with_point, with_slot, without_point
from backup_core.domain.recovery_point import PointState, RecoveryPoint
from backup_core.domain.resource_event import ABSENT
from backup_core.domain.resource_ids import ANYWHERE, VaultKey
from backup_core.ports import Change, Ports, Put, Remove, Replace, Stored
from backup_core.workflows import announcements, outbox
from backup_core.workflows.absence import DOUBTED_FOR, find_snapshot_surely, is_believed
from backup_core.workflows.catalogue import find_vault
from backup_core.workflows.objectives import check_objective_later, is_in_trouble

log = logging.getLogger("diskbackup.points")


class Sightings:
    """The snapshots that were seen, to be found by id or by unique id."""

    def __init__(self, snapshots: Iterable[Snapshot] = ()) -> None:
        self._by_id: dict[str, Snapshot] = {}
        self._by_unique_id: dict[str, Snapshot] = {}
        for snapshot in snapshots:
            self.add(snapshot)

    def add(self, snapshot: Snapshot) -> None:
        self._by_id[snapshot.id.lower()] = snapshot
        if snapshot.unique_id:
            self._by_unique_id[snapshot.unique_id.lower()] = snapshot

    def all(self) -> Sequence[Snapshot]:
        return list(self._by_id.values())

    def at(self, snapshot_id: str) -> Snapshot | None:
        return self._by_id.get(snapshot_id.lower())

    def has_listed(self, _snapshot_id: str) -> bool:
        """Whether all that lies in its group was seen."""
        return False

    def moved(self, point: RecoveryPoint) -> Snapshot | None:
        """The point's snapshot where it lies under another id."""
        found = self._by_unique_id.get(point.snapshot_unique_id.lower()) if point.snapshot_unique_id else None
        return found if found is not None and is_same_snapshot(point, found) else None


class Fate(Enum):
    WHOLE = "whole"
    REGAINED = "regained"  # it was called lost, and is there
    MOVED = "moved"
    LOST = "lost"
    STILL_LOST = "still lost"
    EXPIRED = "expired elsewhere"  # it was adopted, its time was over, and Azure Backup deleted it
    DOUBTED = "doubted"  # not found, and not for long enough to be called lost
    UNKNOWN = "unknown"  # gone, and perhaps by us, in a time that the tables do not know of
    CHANGED = "changed"  # the record changed meanwhile: the next look tells


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What became of a point; `disagreements` are what its snapshot's tags say otherwise than its record."""

    fate: Fate
    point: RecoveryPoint
    snapshot: Snapshot | None = None
    disagreements: tuple[str, ...] = ()


def check_point(
    ports: Ports,
    vault: VaultKey,
    point: RecoveryPoint,
    others: Iterable[RecoveryPoint],
    seen: Sightings,
    *,
    is_told: bool = False,
) -> Found:
    """Compare one point with what was seen, and have its record follow. `others` are the points of its instance;
    `is_told`: Azure told that its snapshot was deleted. Else it is lost when it is not found twice, minutes apart.

    What is gone in a time of which the tables know nothing is not called lost: it may have been deleted in its time."""
    snapshot = seen.at(point.snapshot_id) or _unlisted(ports, point, seen)
    judgement = prove_point(point, snapshot, vault=vault) if snapshot is not None else None
    if isinstance(judgement, Proven):
        if point.is_good and point.absent_since is not None:
            _note_absence(ports, vault, point, None)
        fate = Fate.WHOLE if point.is_good else _regain(ports, vault, point)
        return Found(fate=fate, point=point, snapshot=snapshot, disagreements=judgement.disagreements)
    moved = seen.moved(point)
    if moved is not None and isinstance(prove_point(replace(point, snapshot_id=moved.id), moved, vault=vault), Proven):
        return Found(fate=_follow(ports, vault, point, moved), point=point, snapshot=moved)
    if judgement is None and _went_in_its_time(ports, point):
        return Found(fate=_forget_expired(ports, vault, point, others), point=point)
    if not point.is_good:
        return Found(fate=Fate.STILL_LOST, point=point)
    if _may_have_gone_unseen(ports, vault, point):
        return Found(fate=Fate.UNKNOWN, point=point)
    if isinstance(judgement, NotProven):
        log.error("point.replaced snapshot=%s: %s", point.snapshot_id, "; ".join(judgement.because))
    elif not is_told and not is_believed(point.absent_since, ports.clock.now()):
        return Found(fate=_doubt(ports, vault, point), point=point)
    return Found(fate=_lose(ports, vault, point, others), point=point)


def _went_in_its_time(ports: Ports, point: RecoveryPoint) -> bool:
    """Whether it was promised no longer: as long as Azure Backup is not stopped, it expires what we adopted, too."""
    expires_at = point.may_expire_at(ports.clock.now())
    return bool(point.adopted_from) and expires_at is not None and expires_at <= ports.clock.now()


def _forget_expired(ports: Ports, vault: VaultKey, point: RecoveryPoint, others: Iterable[RecoveryPoint]) -> Fate:
    fresh, instance = _fresh(ports, vault, point)
    if fresh is None or instance is None or fresh.value.restoring:
        return Fate.CHANGED
    told = announcements.point_expired(vault, point, ports.clock.now())
    changes: list[Change] = [Replace(instance, without_point(instance.value, point, others)), Remove(fresh)]
    outbox.commit(ports, vault, changes, [told])
    log.info("point.expired_elsewhere instance=%s snapshot=%s", point.instance_name, point.snapshot_id)
    return Fate.EXPIRED


def _may_have_gone_unseen(ports: Ports, vault: VaultKey, point: RecoveryPoint) -> bool:
    """While tables that were set back are not settled, of any point; afterwards, of those that expired meanwhile, which
    expiry sees to, unless they are held or their instance keeps all its points."""
    stored = ports.store.get(Heartbeat, ANYWHERE)
    last = stored.value.set_back if stored is not None else None
    if last is None:
        return False
    if last.resumed_at is None:
        return True
    if point.expires_at is None or not last.covers(point.expires_at):
        return False
    stored_instance = ports.store.get(BackupInstance, vault, point.instance_name)
    instance = stored_instance.value if stored_instance is not None else None
    held = standing(all_holds(point, instance, find_vault(ports, vault)), ports.clock.now())
    return not held and (instance is None or not instance.keeps_all_points)


def _unlisted(ports: Ports, point: RecoveryPoint, seen: Sightings) -> Snapshot | None:
    """A list may leave something out: a good point is looked for once more, by its name, before it is called lost. Its
    group is listed for it only where that was not done: with thousands in a group, each list takes long."""
    if not point.is_good:
        return None
    if seen.has_listed(point.snapshot_id):
        with suppress(SnapshotGroupNotFound):
            return ports.cloud.find_snapshot(point.snapshot_id)
    return find_snapshot_surely(ports, point.snapshot_id)


def _regain(ports: Ports, vault: VaultKey, point: RecoveryPoint) -> Fate:
    back = replace(point, state=PointState.COMPLETED, absent_since=None)
    return Fate.REGAINED if _write(ports, vault, point, back) else Fate.CHANGED


def _follow(ports: Ports, vault: VaultKey, point: RecoveryPoint, moved: Snapshot) -> Fate:
    """The record follows its snapshot; where it had been called lost, it is good again."""
    there = replace(point, snapshot_id=moved.id, state=PointState.COMPLETED, absent_since=None)
    if not _write(ports, vault, point, there, is_news=not point.is_good):
        return Fate.CHANGED
    log.warning("point.moved snapshot=%s to=%s", point.snapshot_id, moved.id)
    return Fate.MOVED


def _write(ports: Ports, vault: VaultKey, before: RecoveryPoint, after: RecoveryPoint, *, is_news: bool = True) -> bool:
    """Replace a record that is still as it was read. Raises StateConflict."""
    fresh, instance = _fresh(ports, vault, before)
    if fresh is None or instance is None:
        return False
    write_point(ports, vault, instance, after, Replace(fresh, after), is_news=is_news)
    return True


def write_point(
    ports: Ports,
    vault: VaultKey,
    stored: Stored[BackupInstance],
    point: RecoveryPoint,
    change: Change | None = None,
    *,
    is_news: bool = True,
) -> None:
    """Point and instance in one transaction; the expiry agenda is told first. Raises StateConflict."""
    instance = with_slot(with_point(stored.value, point, is_new=is_news), point)
    due_at = point.expires_at.replace(microsecond=0) if point.expires_at else None
    if due_at is not None and (instance.expiry_due_at is None or due_at < instance.expiry_due_at):
        ports.store.schedule([expiry_row(vault, instance.name, due_at)])
        instance = replace(instance, expiry_due_at=due_at)
    changes: list[Change] = [Replace(stored, instance), change or Put(point)]
    outbox.commit(ports, vault, changes, [announcements.point_created(vault, point)] if is_news else [])


def _doubt(ports: Ports, vault: VaultKey, point: RecoveryPoint) -> Fate:
    """Its first absence is noted, and looked at again when it would be believed; else the reconciler comes by."""
    now = ports.clock.now()
    if point.absent_since is None and _note_absence(ports, vault, point, now):
        log.warning("point.not_found instance=%s snapshot=%s", point.instance_name, point.snapshot_id)
        look = LookAtResource(change=ABSENT, resource_id=point.snapshot_id)
        ports.queue.send(look, delay=DOUBTED_FOR + timedelta(seconds=5))
    return Fate.DOUBTED


def _note_absence(ports: Ports, vault: VaultKey, point: RecoveryPoint, since: datetime | None) -> bool:
    """Raises StateConflict."""
    fresh, instance = _fresh(ports, vault, point)
    if fresh is None or instance is None:
        return False
    noted = replace(fresh.value, absent_since=since)
    ports.store.commit(vault, [Replace(instance, instance.value), Replace(fresh, noted)])
    return True


def _lose(ports: Ports, vault: VaultKey, point: RecoveryPoint, others: Iterable[RecoveryPoint]) -> Fate:
    now = ports.clock.now()
    fresh, instance = _fresh(ports, vault, point)
    if fresh is None or instance is None:
        return Fate.CHANGED
    lost = replace(fresh.value, state=PointState.LOST, absent_since=None)
    changed = without_point(instance.value, point, others)
    if is_in_trouble(changed, now):
        check_objective_later(ports, vault, changed)
    told = announcements.point_lost(vault, lost, now)
    outbox.commit(ports, vault, [Replace(instance, changed), Replace(fresh, lost)], [told])
    log.error("point.lost instance=%s snapshot=%s", point.instance_name, point.snapshot_id)
    return Fate.LOST


def _fresh(
    ports: Ports, vault: VaultKey, point: RecoveryPoint
) -> tuple[Stored[RecoveryPoint] | None, Stored[BackupInstance] | None]:
    """Both records as they are now; no point where it changed since it was judged."""
    fresh = ports.store.get(RecoveryPoint, vault, point.instance_name, point.point_id)
    instance = ports.store.get(BackupInstance, vault, point.instance_name)
    same = fresh is not None and (fresh.value.state, fresh.value.snapshot_id) == (point.state, point.snapshot_id)
    return (fresh if same else None), instance

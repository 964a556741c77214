"""The one way to the deletion of a snapshot: nothing else in the product calls the cloud's `delete_snapshot`.

Before each call it asks, in this order, for

- the proof of ownership: the snapshot is looked at, and must be the one that is meant;
- its tag: one that tells of a legal hold which no record knows keeps the snapshot, whoever wrote it;
- its successor: the newer point for whose sake the expired one may go is looked at too: there, proven and whole;
- the tables: they must be as new as the world (set_back.py). Asked once in each run, after its permit was written: as
  long as that permit is found in the row again, these are the tables that were asked about;
- the promise: vault and instance are read again, in this order, and the points too if the instance changed, and
  decided by the rules of domain/retention.py;
- the permit: it still stands in the instance's row, and by this host's clock it is not over.

*After the answer, no deletion.* A host may freeze between its last look and its call, so looking alone closes no gap.
Therefore a run first writes a permit with an end into the instance's row, by its ETag. Who stops protection,
soft-deletes or undeletes changes the same row: no permit is given from then on, and the run that has one sees the
change before its next call. If a permit stands in the row at that moment, one call may be on its way. The change is
made all the same, but told as DeletionUnderWay until the run has taken its permit from the row or the permit is over:
twenty seconds after it was given, and thirty more (`STRAGGLING`) for clocks that differ and for the call itself (five
seconds to connect, and a token). So what is promised holds unless clocks differ by, or a host freezes inside that one
call for, more than those thirty seconds: Azure has no deletion that could be fenced off. A legal hold on a vault
changes no instance's row: it is sure once all permits are over that may have been given before (holds.py).
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from backup_core.domain.copying import (
    CopyState,
    PointCopy,
    Stays,
    copy_successor,
    prove_copy,
    reasons_to_keep,
    stays_of,
)
from backup_core.domain.disk import Snapshot
from backup_core.domain.errors import BackupError, NewerPointUncertain, ResourceInUse, SnapshotHeld, SnapshotNotOurs
from backup_core.domain.expiry import Asked
from backup_core.domain.hold import Hold, all_holds, standing, strange_holds
from backup_core.domain.instance import ActiveBackup, BackupInstance, DeletionPermit, ProtectionState
from backup_core.domain.ownership import NotProven, Proven, prove_backup, prove_point
from backup_core.domain.recovery_point import HOLD_TAG, RecoveryPoint, held_by_tag, is_ours
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.retention import RetentionDecision, decide_retention, going, may_delete_snapshot, successor
from backup_core.domain.vault import Vault
from backup_core.ports import Ports, Replace, StateConflict, Stored, every
from backup_core.workflows.absence import find_snapshot_surely
from backup_core.workflows.catalogue import find_vault
from backup_core.workflows.set_back import set_back

log = logging.getLogger("diskbackup.deletion")

PERMIT_LASTS = timedelta(seconds=20)
POINTS_READ = 1000  # Azure keeps at most 500 incremental snapshots of a disk


class DeletionUnderWay(ResourceInUse):
    """The instance is changed as was asked, and no deletion begins any more; but one may be on its way until `over_at`.
    Asked again then, the answer is yes."""

    recommended_action = "None: the change is made. Ask again to be told that nothing is on its way any more."

    def __init__(self, instance: BackupInstance, over_at: datetime) -> None:
        super().__init__(
            f"Backup instance '{instance.name}' is changed as asked. A deletion of an expired snapshot that was begun "
            f"before may still reach Azure until {over_at:%H:%M:%S} UTC."
        )
        self.instance = instance
        self.over_at = over_at


def ensure_none_under_way(ports: Ports, instance: BackupInstance) -> None:
    """Raises DeletionUnderWay while a deletion that was permitted before may yet reach Azure."""
    over_at = instance.deletes_until(ports.clock.now())
    if over_at is not None:
        raise DeletionUnderWay(instance, over_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """Nothing was asked of Azure. `may_go`: only the permit is gone or over; another run may ask. `bound_until`: when
    Azure's own immutability of the snapshot ends, if that is why."""

    because: str
    may_go: bool = False
    bound_until: datetime | None = None


_SET_BACK = Withheld(because="the tables are older than the world", may_go=True)
_UNCERTAIN = "is not there, not whole, or not proven to be ours"


@dataclass(slots=True, kw_only=True)
class DeletionRun:
    """A permit in use, and the points as they were when the instance's row last changed: every change to a point goes
    with a change to that row (design decision 13), which `etag` tells. Without a permit, as in a run that only
    observes, nothing goes. `is_protected`: whether the newest good point must stay. `holds`: those on instance and
    vault, those that have ended included."""

    vault: VaultKey
    instance_name: str
    is_protected: bool
    permit: DeletionPermit | None
    points: Sequence[RecoveryPoint]
    etag: str
    holds: Sequence[Hold] = ()
    proven: str = ""  # the point that was looked at as a successor
    is_current: bool = False  # whether the tables were found to be as new as the world


def new_permit(now: datetime) -> DeletionPermit:
    return DeletionPermit(holder=uuid.uuid4().hex, until=now + PERMIT_LASTS)


def delete_point(ports: Ports, run: DeletionRun, point: RecoveryPoint) -> Asked | Withheld | None:
    """Ask Azure to delete the snapshot of a marked point; None when there is no such snapshot.

    Raises SnapshotNotOurs, NewerPointUncertain, and what the cloud raises.
    """
    snapshot = find_snapshot_surely(ports, point.snapshot_id)
    if snapshot is None:
        return None
    _check_owner(point, snapshot, run.vault)
    _check_hold_tag(run, point, snapshot)
    bound = _bound(snapshot, ports.clock.now())
    if bound is not None:
        return bound
    if run.is_protected:
        _check_successor(ports, run, point)
    return _ask(ports, run.permit, snapshot, lambda: _against_point(ports, run, point.point_id))


def is_certain(ports: Ports, point: RecoveryPoint, vault: VaultKey) -> bool | None:
    """Whether the point's snapshot is there, whole and proven to be the recorded one; None when there is none."""
    snapshot = find_snapshot_surely(ports, point.snapshot_id)
    if snapshot is None:
        return None
    return snapshot.is_usable and isinstance(prove_point(point, snapshot, vault=vault), Proven)


@dataclass(slots=True, kw_only=True)
class CopyRun:
    """As DeletionRun, of the copies of an instance in other regions. `stays` decides over them all."""

    vault: VaultKey
    instance_name: str
    is_protected: bool
    permit: DeletionPermit | None
    copies: Sequence[PointCopy]
    etag: str
    stays: Stays
    holds: Sequence[Hold] = ()
    proven: frozenset[str] = frozenset()  # the copies that were looked at as successors
    is_current: bool = False


def delete_copy(ports: Ports, run: CopyRun, copy: PointCopy) -> Asked | Withheld | None:
    """Ask Azure to delete the snapshot of a marked copy, as delete_point does; None when there is none.

    Raises SnapshotNotOurs, SnapshotHeld, NewerPointUncertain, and what the cloud raises.
    """
    snapshot = find_snapshot_surely(ports, copy.snapshot_id)
    if snapshot is None:
        return None
    judgement = prove_copy(copy, snapshot, vault=run.vault)
    against = judgement.because if isinstance(judgement, NotProven) else judgement.disagreements
    if against:
        raise SnapshotNotOurs(f"Copy '{copy.snapshot_id}' is kept: {'; '.join(against)}.")
    _refuse_strange_holds(snapshot, (*copy.holds, *run.holds))
    bound = _bound(snapshot, ports.clock.now())
    if bound is not None:
        return bound
    if run.is_protected:
        _check_newer_copy(ports, run, copy)
    return _ask(ports, run.permit, snapshot, lambda: _against_copy(ports, run, copy.copy_id))


def _bound(snapshot: Snapshot, now: datetime) -> Withheld | None:
    until = snapshot.immutability.until if snapshot.immutability is not None else now
    because = f"Azure keeps its snapshot immutable until {until:%Y-%m-%dT%H:%M:%SZ}"
    return Withheld(because=because, bound_until=until) if now < until else None


def delete_left_behind(ports: Ports, run: CopyRun, copy: PointCopy, name: str) -> bool:
    """Ask for the deletion of what an attempt at a copy, which has ended, left under `name`; answers whether nothing is
    there any more. Raises SnapshotNotOurs, SnapshotHeld, and what the cloud raises."""
    snapshot = find_snapshot_surely(ports, name)
    if snapshot is None or name.lower() == copy.snapshot_id.lower():
        return True
    if snapshot.provisioning_state == "Deleting":
        return False
    judgement = prove_copy(replace(copy, snapshot_unique_id="", created_at=None), snapshot, vault=run.vault)
    if isinstance(judgement, NotProven) or not is_ours(snapshot.tags):
        reasons = judgement.because if isinstance(judgement, NotProven) else ("it does not carry our ownership tag",)
        raise SnapshotNotOurs(f"'{name}', which a copy left behind, is kept: {'; '.join(reasons)}.")
    _refuse_strange_holds(snapshot, (*copy.holds, *run.holds))
    if copy.is_whole and snapshot.is_usable and not _is_certain(ports, run, copy):
        raise NewerPointUncertain(f"'{name}' is kept: '{copy.snapshot_id}', of the same point, {_UNCERTAIN}.")
    _ask(ports, run.permit, snapshot, lambda: _against_leftover(ports, run, copy.copy_id, name))
    return False


def _check_newer_copy(ports: Ports, run: CopyRun, copy: PointCopy) -> None:
    """Raises NewerPointUncertain unless the newer copy in its region is certain; one look at it in each run."""
    newer = copy_successor(copy, run.copies)
    if newer is None:
        raise NewerPointUncertain(f"Copy '{copy.snapshot_id}' is kept: there is no newer one in {copy.location}.")
    if newer.copy_id in run.proven:
        return
    if not _is_certain(ports, run, newer):
        raise NewerPointUncertain(
            f"Copy '{copy.snapshot_id}' is kept: '{newer.snapshot_id}', the newer one for whose sake it may go, "
            f"{_UNCERTAIN}."
        )
    run.proven |= {newer.copy_id}


def _is_certain(ports: Ports, run: CopyRun, copy: PointCopy) -> bool:
    snapshot = find_snapshot_surely(ports, copy.snapshot_id)
    if snapshot is None or not snapshot.is_usable:
        return False
    return isinstance(prove_copy(copy, snapshot, vault=run.vault), Proven)


def _against_copy(ports: Ports, run: CopyRun, copy_id: str) -> Withheld | None:
    """What is against the deletion, by what the tables say now."""
    found = _copy_now(ports, run, copy_id)
    if isinstance(found, Withheld):
        return found
    if found.state is not CopyState.EXPIRING:
        return Withheld(because="another run took over", may_go=True)
    reasons = reasons_to_keep(found, run.copies, run.stays)
    return Withheld(because="; ".join(reasons)) if reasons else None


def _against_leftover(ports: Ports, run: CopyRun, copy_id: str, name: str) -> Withheld | None:
    found = _copy_now(ports, run, copy_id)
    if isinstance(found, Withheld):
        return found
    if run.stays.keep_all:
        return Withheld(because="protection is stopped or the instance soft-deleted: nothing is deleted")
    is_left = name in found.left_behind and all(each.snapshot_id.lower() != name.lower() for each in run.copies)
    return None if is_left else Withheld(because="it is recorded as a copy", may_go=True)


def _copy_now(ports: Ports, run: CopyRun, copy_id: str) -> PointCopy | Withheld:
    run.is_current = run.is_current or set_back(ports) is None
    if not run.is_current:
        return _SET_BACK
    settings = find_vault(ports, run.vault)
    stored = ports.store.get(BackupInstance, run.vault, run.instance_name)
    if stored is None or stored.value.deletion != run.permit:
        return Withheld(because="another run took over", may_go=True)
    if stored.etag != run.etag:
        run.copies = [each.value for each in every(ports, PointCopy, run.vault, run.instance_name)]
        run.etag = stored.etag
    now, holds = ports.clock.now(), all_holds(stored.value, settings)
    points = [each.value for each in read_points(ports, run.vault, run.instance_name)]
    immutable = settings is not None and settings.at(now).is_immutable
    run.stays = stays_of(stored.value, points, holds, now, immutable=immutable)
    found = next((each for each in run.copies if each.copy_id == copy_id), None)
    return found or Withheld(because="another run took over", may_go=True)


def _refuse_strange_holds(snapshot: Snapshot, known: Sequence[Hold]) -> None:
    """Raises SnapshotHeld."""
    strange = strange_holds(held_by_tag(snapshot.tags), known)
    if strange:
        names = "; ".join(label.name for label in strange)
        raise SnapshotHeld(f"Copy '{snapshot.id}' is kept, for its tag {HOLD_TAG} says that it is held: {names}")


def _check_owner(point: RecoveryPoint, snapshot: Snapshot, vault: VaultKey) -> None:
    """Raises SnapshotNotOurs unless the snapshot is proven to be the recorded one and its tags say nothing else. Where
    they do the record is right, and yet nobody deletes what somebody may have claimed."""
    judgement = prove_point(point, snapshot, vault=vault)
    claim = may_delete_snapshot(point, snapshot.tags, vault=vault)
    against = judgement.because if isinstance(judgement, NotProven) else () if claim.allowed else (claim.because,)
    if against:
        raise SnapshotNotOurs(f"Snapshot '{point.snapshot_id}' is kept: {'; '.join(against)}.")


def _check_hold_tag(run: DeletionRun, point: RecoveryPoint, snapshot: Snapshot) -> None:
    """Raises SnapshotHeld for a snapshot whose tag tells of a hold that no record knows."""
    strange = strange_holds(held_by_tag(snapshot.tags), (*point.holds, *run.holds))
    if strange:
        told = "; ".join(f"{label.name}: {label.reason}" if label.reason else label.name for label in strange)
        raise SnapshotHeld(
            f"Snapshot '{point.snapshot_id}' is kept, for its tag {HOLD_TAG} says that it is held: {told}"
        )


def decide(
    instance: BackupInstance,
    vault: Vault | None,
    points: Sequence[RecoveryPoint],
    now: datetime,
    *,
    of: Sequence[RecoveryPoint] | None = None,
) -> RetentionDecision:
    """The rules of domain/retention.py on what instance and vault are; `of` some of the points only."""
    return decide_retention(
        points,
        now=now,
        protected=instance.is_protected,
        keep_all=instance.keeps_all_points,
        discard_all=_discards_all(instance, vault),
        held=standing(all_holds(instance, vault), now),
        of=of,
    )


def expired(
    instance: BackupInstance, vault: Vault | None, points: Sequence[RecoveryPoint], now: datetime
) -> frozenset[str]:
    """The ids of the points that may go by the same rules."""
    return going(
        points,
        now=now,
        protected=instance.is_protected,
        keep_all=instance.keeps_all_points,
        discard_all=_discards_all(instance, vault),
        held=standing(all_holds(instance, vault), now),
    )


def read_points(ports: Ports, vault: VaultKey, instance_name: str) -> tuple[Stored[RecoveryPoint], ...]:
    page = ports.store.page(RecoveryPoint, vault, instance_name, limit=POINTS_READ)
    for row in page.corrupt:
        log.error("record.corrupt %s: the point is kept and the rest goes on", row)
    return page.items


def _discards_all(instance: BackupInstance, vault: Vault | None) -> bool:
    """Whether points go before their time: when their instance is being deleted, and then only if the vault is not
    immutable. It may have become so since the deletion was accepted."""
    return instance.state is ProtectionState.DELETING and (vault is None or not vault.is_immutable)


def _check_successor(ports: Ports, run: DeletionRun, point: RecoveryPoint) -> None:
    """Raises NewerPointUncertain unless the newer point is certain; one look at it in each run."""
    newer = successor(run.points, point)
    if newer is None:
        raise NewerPointUncertain(f"Snapshot '{point.snapshot_id}' is kept: there is no newer recovery point.")
    if newer.point_id != run.proven and not is_certain(ports, newer, run.vault):
        raise NewerPointUncertain(
            f"Snapshot '{point.snapshot_id}' is kept: '{newer.snapshot_id}', the newer one for whose sake it may go, "
            f"{_UNCERTAIN}."
        )
    run.proven = newer.point_id


def _against_point(ports: Ports, run: DeletionRun, point_id: str) -> Withheld | None:
    """What is against the deletion, by what the tables say now."""
    run.is_current = run.is_current or set_back(ports) is None
    if not run.is_current:
        return _SET_BACK
    settings = find_vault(ports, run.vault)  # at each look, for a hold on it changes no row of the instance's
    stored = ports.store.get(BackupInstance, run.vault, run.instance_name)  # last: who changes it sees the permit
    if stored is None or stored.value.deletion != run.permit:
        return Withheld(because="another run took over", may_go=True)
    if stored.etag != run.etag:
        run.points = [point.value for point in read_points(ports, run.vault, run.instance_name)]
        run.etag = stored.etag
    marked = [point for point in run.points if point.point_id == point_id and point.expiry_job_id]
    if not marked:
        return Withheld(because="another run took over", may_go=True)
    kept = decide(stored.value, settings, run.points, ports.clock.now(), of=marked).kept
    return Withheld(because="; ".join(kept[0].because)) if kept else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Discarded:
    """The instance's row to go on with, which no longer holds the permit, and whether the name is free again, or will
    be as far as we know: False where somebody else's snapshot bears it, or protection is stopped."""

    instance: Stored[BackupInstance]
    is_clear: bool


def discard_half_made(ports: Ports, vault: VaultKey, stored: Stored[BackupInstance]) -> Discarded:
    """Ask for the deletion of what Azure left half made of the backup that holds the instance. What cannot or must not
    be deleted stays, and the reconciler reports it."""
    active = stored.value.active
    assert active is not None, "only what holds the instance can be half made"
    if stored.value.deletes_until(ports.clock.now()) is not None:
        return Discarded(instance=stored, is_clear=False)  # an expiry is at it; the permit in the row is not ours
    try:
        found = ports.cloud.find_snapshot(active.snapshot_id)
        if found is None or found.is_usable:
            return Discarded(instance=stored, is_clear=found is None or _is_made_by(active, found))
        permitted = _permitted(ports, vault, stored)
    except (BackupError, StateConflict) as error:  # after a conflict, the caller meets it too and begins anew
        log.warning("backup.leftover snapshot=%s: %s; the reconciler reports it", active.snapshot_id, error)
        return Discarded(instance=stored, is_clear=True)
    is_clear = True
    try:
        left = _ask(ports, permitted.value.deletion, found, lambda: _against_half_made(ports, vault, permitted, found))
        if isinstance(left, Withheld):
            is_clear = False
            log.warning("backup.leftover snapshot=%s: %s", found.id, left.because)
    except BackupError as error:
        log.warning("backup.leftover snapshot=%s code=%s; the reconciler reports it", found.id, error.code)
    returned = replace(permitted, value=replace(permitted.value, deletion=None))
    return Discarded(instance=returned, is_clear=is_clear)


def _is_made_by(active: ActiveBackup, snapshot: Snapshot) -> bool:
    return isinstance(prove_backup(active, snapshot), Proven) and is_ours(snapshot.tags)


def _permitted(ports: Ports, vault: VaultKey, stored: Stored[BackupInstance]) -> Stored[BackupInstance]:
    """The row with a permit in it. Raises StateConflict."""
    permitted = replace(stored.value, deletion=new_permit(ports.clock.now()))
    ports.store.commit(vault, [Replace(stored, permitted)])
    written = ports.store.get(BackupInstance, vault, permitted.name)
    if written is None or written.value.deletion != permitted.deletion:
        raise StateConflict(f"{permitted.name} was changed meanwhile")
    return written


def _against_half_made(
    ports: Ports, vault: VaultKey, permitted: Stored[BackupInstance], snapshot: Snapshot
) -> Withheld | None:
    if set_back(ports) is not None:
        return _SET_BACK
    name, active = permitted.value.name, permitted.value.active
    stored = ports.store.get(BackupInstance, vault, name)
    if stored is None or active is None or stored.value.deletion != permitted.value.deletion:
        return Withheld(because="its instance was changed meanwhile")
    if stored.value.keeps_all_points:
        return Withheld(because="protection is stopped or the instance soft-deleted: nothing is deleted")
    if not _is_made_by(active, snapshot):
        return Withheld(because="it is not proven to be of this backup, or does not carry our ownership tag")
    if ports.store.get(RecoveryPoint, vault, name, active.job.point_id) is not None:
        return Withheld(because="a recovery point was recorded of it")
    return None


def _ask(
    ports: Ports, permit: DeletionPermit | None, snapshot: Snapshot, against: Callable[[], Withheld | None]
) -> Asked | Withheld:
    """The call itself. The tables are asked last, and after them only the clock."""
    withheld = against()
    if withheld is not None:
        return withheld
    if permit is None or ports.clock.now() >= permit.until:
        return Withheld(because="the permit is over", may_go=True)
    return Asked(url=ports.cloud.delete_snapshot(snapshot.id))

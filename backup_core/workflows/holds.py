"""Legal holds are set and cleared here, and written into the tags of the snapshots that they keep.

The record counts: it is changed in one transaction with its instance's row, which is what a deletion looks at last
(workflows/deletion.py). Then a message asks for the tag, the record's second copy; the reconciler sees to what was
lost or written by somebody else. Leaves to others: what a hold is and what a tag claims (domain/hold.py).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime

from backup_core.domain.agenda import expiry_row
from backup_core.domain.disk import Snapshot
from backup_core.domain.errors import BackupError, NotFound, ResourceInUse
from backup_core.domain.hold import (
    Hold,
    HoldClaim,
    cleared_at,
    find_hold,
    standing,
    strange_claims,
    with_hold,
    without_hold,
    write_claims,
)
from backup_core.domain.instance import BackupInstance
from backup_core.domain.messages import LabelHolds
from backup_core.domain.ownership import Proven, prove_point
from backup_core.domain.recovery_point import HOLD_TAG, RecoveryPoint, held_by_tag, hold_tag
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.tags import find
from backup_core.ports import Change, Ports, Replace, Stored, asking, until_committed
from backup_core.workflows import announcements, outbox
from backup_core.workflows.deletion import ensure_none_under_way, read_points
from backup_core.workflows.turns import next_turn, note_deferral

log = logging.getLogger("diskbackup.holds")

LABELS_A_ROUND = 40  # a look and a write each: below a function's minute


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldChange:
    """A hold before a request, None where there was none, and after it."""

    before: Hold | None
    after: Hold


def set_point_hold(ports: Ports, vault: VaultKey, name: str, point_id: str, hold: Hold) -> HoldChange:
    """Hold a recovery point, of whatever instance: one that is stopped, soft-deleted or being deleted, too.

    Setting it again changes nothing, but takes back that it was cleared. Raises NotFound, InvalidInput, ResourceInUse
    for a point whose snapshot Azure is deleting, and DeletionUnderWay where it is held from now on, but a deletion that
    was begun before may still reach Azure: who asks again then knows.
    """

    def attempt() -> HoldChange:
        found, now = _Found.of(ports, vault, name, point_id), ports.clock.now()
        point, before = found.point.value, find_hold(found.point.value.holds, hold.name)
        if point.deletion_asked_at is not None:
            raise ResourceInUse(f"Recovery point '{point_id}' cannot be held: Azure is deleting its snapshot.")
        held = replace(point, holds=with_hold(point.holds, hold, now))
        after = find_hold(held.holds, hold.name)
        assert after is not None, "it was just set"
        if held != point:
            told = announcements.hold_set(vault, name, point, after, now)
            changes: list[Change] = [Replace(found.instance, found.instance.value), Replace(found.point, held)]
            outbox.commit(ports, vault, changes, [told])
            log.warning("hold.set instance=%s point=%s hold=%s", name, point_id, after.name)
        ports.queue.send(LabelHolds(vault=vault, instance_name=name))
        if point.expiry_job_id:
            ensure_none_under_way(ports, found.instance.value)
        return HoldChange(before=before, after=after)

    return until_committed(f"Backup instance '{name}'", attempt)


def clear_point_hold(
    ports: Ports, vault: VaultKey, name: str, point_id: str, hold_name: str, *, by: str = "", by_name: str = ""
) -> HoldChange | None:
    """Have a hold end, once a weakening has waited; None when there is no such hold. Raises NotFound."""

    def attempt() -> HoldChange | None:
        found, now = _Found.of(ports, vault, name, point_id), ports.clock.now()
        point, before = found.point.value, find_hold(found.point.value.holds, hold_name)
        if before is None or before.ends_at is not None:
            return None if before is None else HoldChange(before=before, after=before)
        ends_at = cleared_at(now, ports.promises.weakening_delay)
        holds = without_hold(point.holds, hold_name, ends_at=ends_at, by=by, by_name=by_name)
        after = find_hold(holds, hold_name)
        assert after is not None, "it is on record until long after its end"
        told = announcements.hold_cleared(vault, name, point, after, now)
        changed = replace(point, holds=holds)
        instance = _looked_at(ports, vault, found.instance.value, ends_at)
        outbox.commit(ports, vault, [Replace(found.instance, instance), Replace(found.point, changed)], [told])
        log.warning("hold.cleared instance=%s point=%s hold=%s ends_at=%s", name, point_id, after.name, ends_at)
        return HoldChange(before=before, after=after)

    return until_committed(f"Backup instance '{name}'", attempt)


def point_holds(ports: Ports, vault: VaultKey, name: str, point_id: str) -> tuple[Hold, ...]:
    """Those that have ended included. Raises NotFound."""
    return _Found.of(ports, vault, name, point_id).point.value.holds


def _looked_at(ports: Ports, vault: VaultKey, instance: BackupInstance, due_at: datetime) -> BackupInstance:
    """The instance as it is once the expiry's agenda looks at it at `due_at`, too. The row is written first: one that
    finds nothing due moves itself on."""
    known = instance.expiry_due_at
    if known is not None and ports.clock.now() <= known <= due_at:
        return instance
    row = expiry_row(vault, instance.name, due_at)
    ports.store.schedule([row])
    return replace(instance, expiry_due_at=row.due_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    instance: Stored[BackupInstance]
    point: Stored[RecoveryPoint]

    @classmethod
    def of(cls, ports: Ports, vault: VaultKey, name: str, point_id: str) -> _Found:
        """Raises NotFound."""
        instance = ports.store.get(BackupInstance, vault, name)
        point = ports.store.get(RecoveryPoint, vault, name, point_id)
        if instance is None or point is None:
            raise NotFound(f"Recovery point '{point_id}' of '{name}' was not found.")
        return cls(instance=instance, point=point)


# The snapshot's tag.


def label_holds(ports: Ports, message: LabelHolds) -> None:
    """A round of it, in the order of the points' ids. What cannot be written for good is left to the reconciler, which
    tries each time that it comes by."""
    points = sorted(read_points(ports, message.vault, message.instance_name), key=lambda each: each.value.point_id)
    wanted = [each.value for each in points if each.value.holds and each.value.point_id > message.after]
    for point in wanted[:LABELS_A_ROUND]:
        try:
            with asking():  # no work waits for it, and backups need the same calls
                snapshot = ports.cloud.find_snapshot(point.snapshot_id)
                if snapshot is not None:
                    _label(ports, message.vault, point, snapshot)
        except BackupError as error:
            turn = next_turn(message, error, point.point_id)
            if turn is not None:
                note_deferral(turn, error, point.point_id)
                ports.queue.send(turn.message, delay=turn.delay)
                return
            log.error("hold.unlabelled snapshot=%s code=%s %s", point.snapshot_id, error.code, error.message)
        message = LabelHolds(vault=message.vault, instance_name=message.instance_name, after=point.point_id)
    if len(wanted) > LABELS_A_ROUND:
        ports.queue.send(message)


def _label(ports: Ports, vault: VaultKey, point: RecoveryPoint, snapshot: Snapshot) -> None:
    """What is not proven to be the point's is never touched. Raises what the cloud raises."""
    if is_labelled(point, snapshot, ports.clock.now()) or not isinstance(
        prove_point(point, snapshot, vault=vault), Proven
    ):
        return
    others = {name: value for name, value in snapshot.tags.items() if name.casefold() != HOLD_TAG}
    claims = _claims(point, ports.clock.now())
    ports.cloud.tag_snapshot(snapshot.id, {**others, **hold_tag(claims)})
    log.info("hold.labelled snapshot=%s holds=%d", snapshot.id, len(claims))


def is_labelled(point: RecoveryPoint, snapshot: Snapshot, now: datetime) -> bool:
    """Whether the tag of a point's snapshot tells of the holds that stand on it, or of another that no record knows:
    such a tag stays as it is."""
    told = write_claims(_claims(point, now)) == (find(snapshot.tags, HOLD_TAG) or "")
    return told or bool(strange_holds(point, snapshot))


def strange_holds(point: RecoveryPoint, snapshot: Snapshot) -> tuple[HoldClaim, ...]:
    """What the tag of a point's snapshot claims of holds, and no record knows."""
    return strange_claims(held_by_tag(snapshot.tags), point.holds)


def _claims(point: RecoveryPoint, now: datetime) -> list[HoldClaim]:
    return [HoldClaim.of(hold) for hold in standing(point.holds, now)]

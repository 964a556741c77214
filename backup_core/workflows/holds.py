"""Legal holds are set and cleared here, and written into the tags of the snapshots that they keep.

A hold is set on a recovery point, on a backup instance or on a vault, with all that is in it now and later. The record
counts. That of a point or an instance is changed together with the instance's row, which is what a deletion looks at
last; the vault's own is looked at last, too (workflows/deletion.py). Then a message asks for the tags, the record's
second copy; the reconciler sees to what was lost or written by somebody else.

The copies of a point in other regions have its holds in their own records, changed with the point's: they may outlive
it. Its holds are set and cleared under its name as long as it, or a copy of it, is there.

Leaves to others: what a hold is and what a tag says (domain/hold.py).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

from backup_core.domain.agenda import copies_row, expiry_row
from backup_core.domain.copying import CopyState, PointCopy, as_point, prove_copy
from backup_core.domain.disk import Snapshot
from backup_core.domain.errors import BackupError, NotFound, ResourceInUse, Throttled
from backup_core.domain.events import Event
from backup_core.domain.hold import (
    INSTANCE,
    POINT,
    VAULT,
    Hold,
    HoldLabel,
    all_holds,
    cleared_at,
    find_hold,
    standing,
    strange_holds,
    united_holds,
    with_hold,
    without_hold,
    write_labels,
)
from backup_core.domain.instance import STRAGGLING, BackupInstance
from backup_core.domain.messages import LabelHolds
from backup_core.domain.ownership import Proven, prove_point
from backup_core.domain.recovery_point import HOLD_TAG, RecoveryPoint, held_by_tag, hold_tag
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.tags import find
from backup_core.domain.vault import Vault
from backup_core.ports import Change, Ports, Replace, Stored, asking, every, until_committed
from backup_core.workflows import announcements, outbox
from backup_core.workflows.catalogue import find_vault, stored_vault
from backup_core.workflows.deletion import PERMIT_LASTS, ensure_none_under_way, read_points
from backup_core.workflows.turns import next_turn, note_deferral

log = logging.getLogger("diskbackup.holds")

LABELS_A_ROUND = 40  # a look and a write each: below a function's minute
LABELLED_AT_ONCE = 20  # instances of a run of the reconciler: the others are found by the next


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldChange:
    """A hold before a request, None where there was none, and after it."""

    before: Hold | None
    after: Hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a hold is set on: a vault; with `instance`, a backup instance; with `point`, too, a recovery point."""

    vault: VaultKey
    instance: str = ""
    point: str = ""

    @property
    def scope(self) -> str:
        return POINT if self.point else INSTANCE if self.instance else VAULT

    def __str__(self) -> str:
        if self.point:
            return f"Recovery point '{self.point}' of '{self.instance}'"
        return f"Backup instance '{self.instance}'" if self.instance else f"Vault '{self.vault.name}'"


def set_hold(ports: Ports, place: Place, hold: Hold) -> HoldChange:
    """Hold what is at `place`: also what is stopped, soft-deleted or being deleted. The hold's scope is the place's.

    Setting it again changes nothing, but takes back that it was cleared. Raises NotFound, InvalidInput, ResourceInUse
    for a point whose snapshot Azure is deleting and a vault that is being deleted, and DeletionUnderWay where it is
    held from now on, but a deletion that was begun before may still reach Azure: who asks again then knows. Of a vault
    that is always so for a while, and not told: see `sure_at`.
    """

    def attempt() -> HoldChange:
        found, now = _Found.at(ports, place), ports.clock.now()
        found.refuse_late()
        holds = with_hold(found.holds, replace(hold, scope=place.scope), now)
        change = _change(found.holds, holds, hold.name)
        if holds != found.holds:
            found.commit(ports, holds, announcements.hold_set(place.vault, found.thing, change.after, now))
            log.warning("hold.set at=%s hold=%s", place, change.after.name)
        ports.queue.send(
            LabelHolds(vault=place.vault, instance_name=place.instance, whole_vault=not place.instance),
        )
        if found.instance is not None and found.may_be_going:
            ensure_none_under_way(ports, found.instance.value)
        return change

    return until_committed(str(place), attempt)


def sure_at(now: datetime) -> datetime:
    """From when on no deletion reaches Azure any more that had been permitted when a vault's hold was set: a permit
    lasts as long, and each that is given later finds the hold."""
    return now + PERMIT_LASTS + STRAGGLING


def clear_hold(ports: Ports, place: Place, name: str, *, by: str = "", by_name: str = "") -> HoldChange | None:
    """Have a hold end, once a weakening has waited; None when there is no such hold. Raises NotFound."""

    def attempt() -> HoldChange | None:
        found, now = _Found.at(ports, place), ports.clock.now()
        before = find_hold(found.holds, name)
        if before is None:
            return None
        ends_at = cleared_at(now, ports.promises.weakening_delay)
        holds = without_hold(found.holds, name, ends_at=ends_at, by=by, by_name=by_name)
        change = _change(found.holds, holds, name)
        if holds != found.holds:
            told = announcements.hold_cleared(place.vault, found.thing, change.after, now)
            if found.vault is not None:
                _wake(ports, place.vault, ends_at)
            found.commit(ports, holds, told, expiry_due_at=ends_at)
            log.warning("hold.cleared at=%s hold=%s ends_at=%s", place, change.after.name, ends_at)
        return change

    return until_committed(str(place), attempt)


def holds_at(ports: Ports, place: Place) -> tuple[Hold, ...]:
    """Those that were set there, those that have ended included. Raises NotFound."""
    return _Found.at(ports, place).holds


def _change(before: Sequence[Hold], after: Sequence[Hold], name: str) -> HoldChange:
    now_is = find_hold(after, name)
    assert now_is is not None, "a hold stays on record until long after its end"
    return HoldChange(before=find_hold(before, name), after=now_is)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The rows of a place. `instance` is there for a point, too; a point that is gone has `copies` still."""

    place: Place
    vault: Stored[Vault] | None = None
    instance: Stored[BackupInstance] | None = None
    point: Stored[RecoveryPoint] | None = None
    copies: Sequence[Stored[PointCopy]] = ()

    @classmethod
    def at(cls, ports: Ports, place: Place) -> _Found:
        """Raises NotFound."""
        if not place.instance:
            return cls(place=place, vault=stored_vault(ports, place.vault))
        instance = ports.store.get(BackupInstance, place.vault, place.instance)
        point = ports.store.get(RecoveryPoint, place.vault, place.instance, place.point) if place.point else None
        copies: list[Stored[PointCopy]] = []
        if place.point and instance is not None and instance.value.copy_standings:
            every_copy = every(ports, PointCopy, place.vault, place.instance)
            copies = [each for each in every_copy if each.value.point_id == place.point]
        if instance is None or (place.point and point is None and not copies):
            raise NotFound(f"{place} was not found.")
        return cls(place=place, instance=instance, point=point, copies=copies)

    @property
    def thing(self) -> Vault | BackupInstance | RecoveryPoint:
        found = self.point or self.instance or self.vault
        assert found is not None, "a place has one"
        if self.place.point and self.point is None:
            return as_point(self.copies[0].value)
        return found.value

    @property
    def holds(self) -> tuple[Hold, ...]:
        if not self.place.point:
            return self.thing.holds
        own = self.point.value.holds if self.point is not None else ()
        return united_holds(own, *(each.value.holds for each in self.copies))

    @property
    def may_be_going(self) -> bool:
        """Whether a deletion of it, or of a copy of it, may have been begun."""
        if not self.place.point:
            return True
        is_marked = self.point is not None and bool(self.point.value.expiry_job_id)
        return is_marked or any(each.value.state is CopyState.EXPIRING for each in self.copies)

    def refuse_late(self) -> None:
        """Raises ResourceInUse for what cannot be held any more."""
        if self.point is not None:
            is_going = self.point.value.deletion_asked_at is not None
        else:
            is_going = bool(self.copies) and all(each.value.deletion_asked_at is not None for each in self.copies)
        if is_going:
            raise ResourceInUse(f"{self.place} cannot be held: Azure is deleting its snapshot.")
        if self.vault is not None and self.vault.value.closing:
            raise ResourceInUse(f"{self.place} is being deleted; to keep it, write it again.")

    def commit(
        self, ports: Ports, holds: tuple[Hold, ...], told: Event, *, expiry_due_at: datetime | None = None
    ) -> None:
        """Write the holds with the event that tells of them. A vault's event is written first, for it lies in another
        partition and none may be lost. `expiry_due_at`: when the expiry is to look at the instance, too. Raises
        StateConflict."""
        if self.vault is not None:
            outbox.record(ports, self.place.vault, [told])
            ports.store.commit(self.place.vault, [Replace(self.vault, replace(self.vault.value, holds=holds))])
            return
        assert self.instance is not None, "a place has one"
        instance = self.instance.value if self.place.point else replace(self.instance.value, holds=holds)
        if expiry_due_at is not None:
            instance = _due(ports, self.place.vault, instance, expiry_due_at)
        changes: list[Change] = [Replace(self.instance, instance)]
        if self.point is not None:
            changes.append(Replace(self.point, replace(self.point.value, holds=holds)))
        changes += [Replace(each, replace(each.value, holds=holds)) for each in self.copies]
        outbox.commit(ports, self.place.vault, changes, [told])


def _wake(ports: Ports, vault: VaultKey, ends_at: datetime) -> None:
    """What the vault's hold kept is looked at as soon as it ends, lest an instance that is being deleted wait on."""
    instances = [stored.value for stored in every(ports, BackupInstance, vault)]
    due_at = ends_at + timedelta(seconds=1)
    rows = [expiry_row(vault, each.name, due_at) for each in instances]
    ports.store.schedule([*rows, *(copies_row(vault, each.name, due_at) for each in instances if each.copy_standings)])


def _due(ports: Ports, vault: VaultKey, instance: BackupInstance, due_at: datetime) -> BackupInstance:
    """The instance as it is once the expiry's agenda looks at it and its copies at `due_at`, too. The rows are written
    first: one that finds nothing due moves itself on."""
    if instance.copy_standings:
        ports.store.schedule([copies_row(vault, instance.name, due_at)])
    known = instance.expiry_due_at
    if known is not None and ports.clock.now() <= known <= due_at:
        return instance
    row = expiry_row(vault, instance.name, due_at)
    ports.store.schedule([row])
    return replace(instance, expiry_due_at=row.due_at)


# The snapshot's tag.


def label_holds(ports: Ports, message: LabelHolds) -> None:
    """A round of it, in the order of the points' ids, then of their copies'. What cannot be written for good is left to
    the reconciler, which tries each time that it comes by."""
    stored = ports.store.get(BackupInstance, message.vault, message.instance_name) if message.instance_name else None
    over = all_holds(stored.value, find_vault(ports, message.vault)) if stored is not None else ()
    bearers = _bearers(ports, message.vault, stored.value) if stored is not None else ()
    wanted = [each for each in bearers if (over or each.holds) and _place_of(each) > message.after]
    for each in wanted[:LABELS_A_ROUND]:
        try:
            _label(ports, message.vault, each, (*each.holds, *over))
        except BackupError as error:
            turn = next_turn(message, error, _place_of(each), is_sent_anew=not message.whole_vault)
            if turn is not None:
                note_deferral(turn, error, _place_of(each))
                ports.queue.send(turn.message, delay=turn.delay)
                return
            if isinstance(error, Throttled):
                log.warning("hold.put_off instance=%s: the reconciler looks after it", message.instance_name)
                return
            log.error("hold.unlabelled snapshot=%s code=%s %s", each.snapshot_id, error.code, error.message)
            if error.transient:  # the next has one try, in a run of its own: calls take long where all is down
                ports.queue.send(replace(message, after=_place_of(each)))
                return
        message = replace(message, after=_place_of(each), attempts=0, deferrals=0, doubts=0)
    if len(wanted) > LABELS_A_ROUND:
        ports.queue.send(message)
    elif message.whole_vault:
        _go_on(ports, message)


def _bearers(ports: Ports, vault: VaultKey, instance: BackupInstance) -> list[RecoveryPoint | PointCopy]:
    """What has a snapshot that tells of holds, in the order in which it is labelled. One that is being copied has the
    tags of its start: it is looked at when it is whole."""
    found: list[RecoveryPoint | PointCopy] = [each.value for each in read_points(ports, vault, instance.name)]
    if instance.copy_standings:
        copies = every(ports, PointCopy, vault, instance.name)
        found += [each.value for each in copies if each.value.state in (CopyState.COMPLETED, CopyState.EXPIRING)]
    return sorted(found, key=_place_of)


def _place_of(bearer: RecoveryPoint | PointCopy) -> str:
    """Copies come behind all points, whose ids are hexadecimal."""
    return f"~{bearer.copy_id}" if isinstance(bearer, PointCopy) else bearer.point_id


def label_later(ports: Ports, vault: VaultKey, copy: PointCopy, snapshot: Snapshot, over: Sequence[Hold]) -> None:
    """Of a copy that was just found whole: what came to hold it since its copying began, and `over` all, is written."""
    if not is_labelled(snapshot, (*copy.holds, *over), ports.clock.now()):
        ports.queue.send(LabelHolds(vault=vault, instance_name=copy.instance_name))


def _go_on(ports: Ports, message: LabelHolds) -> None:
    """With the vault's next instance, one after another: there is no hurry, and backups need the same calls."""
    page = ports.store.page(BackupInstance, message.vault, first=message.instance_name or None, limit=2)
    names = [each.value.name for each in page.items if each.value.name.lower() > message.instance_name.lower()]
    if names:
        ports.queue.send(replace(message, instance_name=names[0], after=""))


def _label(ports: Ports, vault: VaultKey, bearer: RecoveryPoint | PointCopy, known: Sequence[Hold]) -> None:
    """What is not proven to be the point's, or its copy, is never touched. Raises what the cloud raises."""
    with asking():  # no work waits for it
        snapshot = ports.cloud.find_snapshot(bearer.snapshot_id)
        if snapshot is None or is_labelled(snapshot, known, ports.clock.now()):
            return
        prove = prove_copy if isinstance(bearer, PointCopy) else prove_point
        if isinstance(prove(cast("Any", bearer), snapshot, vault=vault), Proven):
            others = {name: value for name, value in snapshot.tags.items() if name.casefold() != HOLD_TAG}
            labels = _labels(known, ports.clock.now())
            ports.cloud.tag_snapshot(snapshot.id, {**others, **hold_tag(labels)})
            log.info("hold.labelled snapshot=%s holds=%d", snapshot.id, len(labels))


def is_labelled(snapshot: Snapshot, known: Sequence[Hold], now: datetime) -> bool:
    """Whether the tag of a point's snapshot tells of those of the `known` holds that stand, or of another that no
    record knows: such a tag stays as it is."""
    told = write_labels(_labels(known, now)) == (find(snapshot.tags, HOLD_TAG) or "")
    return told or bool(strange_holds(held_by_tag(snapshot.tags), known))


def _labels(known: Sequence[Hold], now: datetime) -> list[HoldLabel]:
    return [HoldLabel.of(hold) for hold in standing(known, now)]

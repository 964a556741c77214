"""Delete copies that have expired in their region, and what attempts to make them left behind.

As retention.py does for recovery points: mark (one transaction, with a permit in the instance's row) -> ask Azure, by
deletion.py, which asks all rules again -> observe -> forget. A run that dies anywhere is finished by the next one,
which the agenda's row brings.

Leaves to others: what may go (domain/copying.py).
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count

from backup_core.domain.alert import Cause
from backup_core.domain.brake import Going
from backup_core.domain.copying import (
    CopyState,
    PointCopy,
    Stays,
    going_copies,
    next_copy_expiry,
    prove_copy,
    reasons_to_keep,
    standings_of,
    stays_of,
)
from backup_core.domain.errors import BackupError, OperationFailed, SnapshotNotOurs
from backup_core.domain.events import Event
from backup_core.domain.expiry import BLOCKED_RETRY, Asked
from backup_core.domain.hold import Hold, all_holds
from backup_core.domain.instance import BackupInstance, ProtectionState
from backup_core.domain.job import JobError
from backup_core.domain.messages import ExpireCopies
from backup_core.domain.ownership import Proven
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.vault import Vault
from backup_core.ports import Change, Ports, Remove, Replace, StateConflict, Stored, again_on_conflict
from backup_core.workflows import announcements, outbox
from backup_core.workflows.absence import DOUBTED_FOR, find_snapshot_surely, is_believed
from backup_core.workflows.alerts import Alerted, fire, resolve
from backup_core.workflows.brake import Asked as BrakeAsked
from backup_core.workflows.brake import ask_brake
from backup_core.workflows.catalogue import find_vault
from backup_core.workflows.copying import enlist_next, read_copies, without_copy
from backup_core.workflows.deletion import (
    CopyRun,
    delete_copy,
    delete_left_behind,
    expired,
    new_permit,
    read_points,
)
from backup_core.workflows.expiry_rows import come_back, move_row, row_at, row_of, stands_down, with_row
from backup_core.workflows.heartbeat import recent_beat
from backup_core.workflows.running_backup import hurry_deletion
from backup_core.workflows.turns import commit, look_delay, next_turn, note_deferral

log = logging.getLogger("diskbackup.copy_expiry")

COPIES_A_ROUND = 20
BUSY_RETRY = timedelta(seconds=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sight:
    """What one look at an instance shows."""

    instance: Stored[BackupInstance]
    copies: Sequence[Stored[PointCopy]]
    points: Sequence[Stored[RecoveryPoint]]
    settings: Vault | None
    holds: Sequence[Hold]
    stays: Stays

    @property
    def plain(self) -> list[PointCopy]:
        return [each.value for each in self.copies]


def expire_copies(ports: Ports, message: ExpireCopies) -> None:
    """Delete what has expired of one instance's copies, as much as one round takes."""
    sight, now = _look(ports, message), ports.clock.now()
    if sight is None:
        ports.store.unschedule([row_of(message)])
        return
    if stands_down(ports, message, sight.instance.value):
        return
    beat = recent_beat(ports)
    if beat is not None and beat.is_held:
        move_row(ports, message, now + BLOCKED_RETRY)  # nothing goes before an operator says go on
        return
    busy_until = sight.instance.value.deletes_until(now)
    if busy_until is not None:
        move_row(ports, message, busy_until + timedelta(seconds=1))
        return
    is_going = sight.instance.value.state is ProtectionState.DELETING and not sight.points
    if is_going and _forget_unmade(ports, message, sight):
        return
    asked = _ask_brake(ports, message, sight)
    if asked is None:
        return
    sight = replace(sight, instance=asked.stored)
    ready = [each for each in sight.copies if _is_ready(each.value, sight, now)]
    work = [each for each in ready if each.value.copy_id not in asked.stopped or each.value.left_behind]
    if work:
        _round(ports, message, sight, _in_turn(work)[:COPIES_A_ROUND])
    else:
        _rest(ports, message, sight, is_stopped=bool(asked.stopped))


def _in_turn(work: Sequence[Stored[PointCopy]]) -> list[Stored[PointCopy]]:
    """One of each region after another, lest those of one that is down are all that a round tries."""
    places = defaultdict[str, Iterator[int]](count)
    return sorted(work, key=lambda each: next(places[each.value.lane]))


def _ask_brake(ports: Ports, message: ExpireCopies, sight: _Sight) -> BrakeAsked | None:
    """What the deletion brake says of the copies that are to be begun, and of the points that may go beside them; None
    when another was faster: then this comes again, as it was sent."""
    instance, settings, now = sight.instance.value, sight.settings, ports.clock.now()
    if instance.is_deleted:  # of its purge the expiry of its points asks
        return BrakeAsked(stored=sight.instance, stopped=frozenset())
    points = [each.value for each in sight.points]
    due = going_copies(sight.plain, sight.stays)

    def beside() -> list[Going]:
        may_go = expired(instance, settings, points, now)
        left = () if instance.state is ProtectionState.DELETING else points  # its copies go once its points went
        immutable = settings is not None and settings.at(now).is_immutable
        stays = stays_of(instance, left, sight.holds, now, immutable=immutable)
        later = [copy for copy in going_copies(sight.plain, stays) if copy not in due]
        return [*(each for each in points if each.point_id in may_go and not each.expiry_job_id), *later]

    try:
        return ask_brake(ports, message.vault, sight.instance, settings, due, beside)
    except StateConflict:
        ports.queue.send(message, delay=timedelta(seconds=1))
        return None


def _look(ports: Ports, message: ExpireCopies) -> _Sight | None:
    instance = ports.store.get(BackupInstance, message.vault, message.instance_name)
    if instance is None:
        return None
    settings, now = find_vault(ports, message.vault), ports.clock.now()
    points = read_points(ports, message.vault, message.instance_name)
    holds = all_holds(instance.value, settings)
    immutable = settings is not None and settings.at(now).is_immutable
    return _Sight(
        instance=instance,
        copies=read_copies(ports, message.vault, message.instance_name),
        points=points,
        settings=settings,
        holds=holds,
        stays=stays_of(instance.value, [each.value for each in points], holds, now, immutable=immutable),
    )


def _is_ready(copy: PointCopy, sight: _Sight, now: datetime) -> bool:
    if copy.blocked_until is not None and now < copy.blocked_until:
        return False
    if copy.left_behind:
        return not sight.stays.keep_all
    return copy.state is CopyState.EXPIRING or _may_go(copy, sight)


def _may_go(copy: PointCopy, sight: _Sight) -> bool:
    return not copy.is_wanted and not reasons_to_keep(copy, sight.plain, sight.stays)


def _forget_unmade(ports: Ports, message: ExpireCopies, sight: _Sight) -> bool:
    """An instance that is being deleted owes no copies: one that waits is forgotten, one that is being made ends first.
    Whether anything was done or is waited for."""
    if sight.instance.value.copying:
        move_row(ports, message, ports.clock.now() + BUSY_RETRY)
        return True
    waiting = [each for each in sight.copies if each.value.is_wanted]
    if not waiting:
        return False
    point = ports.store.get(RecoveryPoint, message.vault, message.instance_name, waiting[0].value.point_id)
    left = [each.value for each in sight.copies if each is not waiting[0]]
    try:
        ports.store.commit(message.vault, without_copy(ports, message.vault, sight.instance, waiting[0], left, point))
    except StateConflict:
        log.info("copy.changed instance=%s", message.instance_name)
    ports.queue.send(message, delay=timedelta(seconds=1))
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    """What became of a copy: `gone`, or its record as it is now. `error` is why it stays."""

    stored: Stored[PointCopy]
    after: PointCopy | None
    error: BackupError | None = None


def _round(ports: Ports, message: ExpireCopies, sight: _Sight, work: Sequence[Stored[PointCopy]]) -> None:
    """Mark, ask, observe, record; then look again, or see to the rest."""
    message = with_row(ports, message)
    marked = _mark(ports, message, sight, work)
    if marked is None:
        return
    instance, copies = marked
    run = CopyRun(
        vault=message.vault,
        instance_name=instance.value.name,
        is_protected=instance.value.is_protected,
        permit=instance.value.deletion,
        copies=[next((m.value for m in copies if m.value.copy_id == c.copy_id), c) for c in sight.plain],
        etag=instance.etag,
        holds=sight.holds,
        stays=sight.stays,
    )
    results: list[_Result] = []
    passing: dict[str, BackupError] = {}  # by lane: a region that is down holds up no other
    for stored in copies:
        try:
            if stored.value.lane not in passing:
                results.append(_settle(ports, run, stored))
        except BackupError as error:
            passing[stored.value.lane] = error
    if not _record(ports, message, instance, results):
        return
    if passing:
        _pause(ports, message, next(iter(passing.values())))
    else:
        looks = message.looks + 1 if any(each.after is not None for each in results) else 0
        come_back(ports, replace(message, looks=looks, attempts=0, deferrals=0, doubts=0), look_delay(looks))


def _mark(
    ports: Ports, message: ExpireCopies, sight: _Sight, work: Sequence[Stored[PointCopy]]
) -> tuple[Stored[BackupInstance], list[Stored[PointCopy]]] | None:
    permitted = replace(sight.instance.value, deletion=new_permit(ports.clock.now()))
    marks = [_marked(each.value) for each in work]
    changes: list[Change] = [Replace(sight.instance, permitted)]
    changes += [Replace(before, after) for before, after in zip(work, marks, strict=True)]
    try:
        etags = ports.store.commit(message.vault, changes)
    except StateConflict:
        ports.queue.send(message, delay=timedelta(seconds=1))
        return None
    copies = [Stored(mark, etag) for mark, etag in zip(marks, etags[1:], strict=True)]
    return Stored(permitted, etags[0]), copies


def _marked(copy: PointCopy) -> PointCopy:
    """One that is only to be rid of what it left behind stays as it is."""
    is_going = copy.state is CopyState.COMPLETED and not copy.left_behind
    return replace(copy, state=CopyState.EXPIRING) if is_going else copy


def _settle(ports: Ports, run: CopyRun, stored: Stored[PointCopy]) -> _Result:
    """Raises only what may pass by itself."""
    copy = stored.value
    try:
        if copy.left_behind:
            return _Result(stored=stored, after=_without_leftover(ports, run, copy))
        if copy.state is CopyState.LOST:
            return _Result(stored=stored, after=None)
        if copy.deletion_asked_at is not None:
            return _Result(stored=stored, after=_observed(ports, copy))
        answer = delete_copy(ports, run, copy)
    except BackupError as error:
        if error.transient and not isinstance(error, OperationFailed):
            raise
        return _Result(stored=stored, after=_blocked(ports, run, copy, error), error=error)
    if answer is None:
        return _Result(stored=stored, after=_unseen(ports, copy))
    if isinstance(answer, Asked):
        asked = replace(copy, deletion_asked_at=ports.clock.now(), deletion_url=answer.url, absent_since=None)
        return _Result(stored=stored, after=asked)
    return _Result(stored=stored, after=copy if answer.may_go else _withheld(ports, run, copy, answer.because))


def _without_leftover(ports: Ports, run: CopyRun, copy: PointCopy) -> PointCopy:
    """The copy without the first of what it left behind, once that is gone: it is not found, and was not minutes ago.
    What was just asked for may not be seen yet, so that is not believed before the next attempt may begin."""
    (name, *others), now = copy.left_behind, ports.clock.now()
    if not delete_left_behind(ports, run, copy, name):
        return replace(copy, blocked_until=None, expiry_blocked=None)
    if copy.blocked_until is None or copy.expiry_blocked is not None:
        until = max(now + DOUBTED_FOR, copy.not_before or now)
        return replace(copy, blocked_until=until, expiry_blocked=None)
    return replace(copy, left_behind=tuple(others), blocked_until=None, expiry_blocked=None)


def _unseen(ports: Ports, copy: PointCopy) -> PointCopy | None:
    """A copy that is not found is looked at again when that is believed; None then."""
    now = ports.clock.now()
    if is_believed(copy.absent_since, now):
        return None
    since, asked_at = copy.absent_since or now, copy.deletion_asked_at or now
    return replace(copy, deletion_asked_at=asked_at, absent_since=since, blocked_until=since + DOUBTED_FOR)


def _observed(ports: Ports, copy: PointCopy) -> PointCopy | None:
    """None once the deletion has ended well. Raises OperationFailed."""
    operation = ports.cloud.get_operation(copy.deletion_url) if copy.deletion_url else None
    if operation is not None and operation.status in ("Failed", "Canceled"):
        raise OperationFailed(
            f"Azure ended the deletion of '{copy.snapshot_id}' as {operation.status}: {operation.error_message}",
            code=operation.error_code or None,
        )
    if operation is not None:
        return None if operation.status == "Succeeded" else copy
    snapshot = find_snapshot_surely(ports, copy.snapshot_id)
    if snapshot is None:
        return _unseen(ports, copy)
    there = replace(copy, absent_since=None, blocked_until=None)
    is_going = snapshot.provisioning_state == "Deleting"
    return there if is_going else replace(there, deletion_asked_at=None, deletion_url="")


def _kept(ports: Ports, run: CopyRun, copy: PointCopy) -> PointCopy:
    """It is to be kept after all: a good one again if its snapshot is certain."""
    snapshot = find_snapshot_surely(ports, copy.snapshot_id)
    if snapshot is None:
        return replace(copy, deletion_asked_at=ports.clock.now(), deletion_url="")
    is_certain = snapshot.is_usable and isinstance(prove_copy(copy, snapshot, vault=run.vault), Proven)
    state = CopyState.COMPLETED if is_certain else copy.state
    kept = replace(copy, state=state, deletion_asked_at=None, deletion_url="", absent_since=None)
    bound = snapshot.immutability if is_certain else None
    return kept if bound is None else replace(kept, immutable_until=bound.until)


def _withheld(ports: Ports, run: CopyRun, copy: PointCopy, because: str) -> PointCopy:
    """It is to be kept. One that is in doubt is looked at again later: until then no round takes it."""
    kept = _kept(ports, run, copy)
    if kept.state is not CopyState.EXPIRING or kept.deletion_asked_at is not None:
        return kept
    return replace(kept, blocked_until=ports.clock.now() + BLOCKED_RETRY, expiry_blocked=because[:1000])


def _blocked(ports: Ports, run: CopyRun, copy: PointCopy, error: BackupError) -> PointCopy:
    """Azure, or a doubt, keeps it: looked at again later."""
    until = ports.clock.now() + BLOCKED_RETRY
    try:
        back = copy if copy.left_behind or isinstance(error, SnapshotNotOurs) else _kept(ports, run, copy)
    except BackupError as unknown:
        log.warning("copy.unseen snapshot=%s code=%s", copy.snapshot_id, unknown.code)
        back = copy
    because = f"{error.code}: {error.message} {error.recommended_action}"
    return replace(back, deletion_asked_at=None, deletion_url="", blocked_until=until, expiry_blocked=because[:1000])


def _record(ports: Ports, message: ExpireCopies, instance: Stored[BackupInstance], results: Sequence[_Result]) -> bool:
    """Write what became of them and take the permit from the row, on what is true now; False when another run has
    taken over, which then knows better."""
    permit = instance.value.deletion

    def attempt() -> bool:
        stored = ports.store.get(BackupInstance, message.vault, message.instance_name)
        if stored is None or stored.value.deletion != permit:
            return False
        copies = {each.value.copy_id: each for each in read_copies(ports, message.vault, message.instance_name)}
        changes, after, events = list[Change](), {key: each.value for key, each in copies.items()}, list[Event]()
        for result in results:
            known = copies.get(result.stored.value.copy_id)
            if known is None or known.etag != result.stored.etag:
                continue
            if result.after is None:
                changes.append(Remove(known))
                events.append(announcements.copy_expired(message.vault, known.value, ports.clock.now()))
                del after[known.value.copy_id]
            elif result.after != known.value:
                changes.append(Replace(known, result.after))
                after[known.value.copy_id] = result.after
        free = replace(stored.value, deletion=None, copy_standings=standings_of(list(after.values())))
        alerted = _alerted(ports, message, free, results)
        written = [Replace(stored, alerted.instance), *changes, *alerted.changes]
        outbox.commit(ports, message.vault, written, [*events, *alerted.events])
        log.info("copy_expiry.round instance=%s gone=%d", message.instance_name, len(events))
        return True

    try:
        is_recorded = again_on_conflict(attempt)
    except StateConflict:
        is_recorded = False
    if not is_recorded:
        log.warning("copy_expiry.overtaken instance=%s", message.instance_name)
    return is_recorded


def _alerted(ports: Ports, message: ExpireCopies, instance: BackupInstance, results: Sequence[_Result]) -> Alerted:
    error = next((each.error for each in results if each.error is not None), None)
    if error is not None:
        cause = f"{Cause.COPY_EXPIRY}.{error.code}"
        return fire(ports, message.vault, instance, cause, error=JobError.of(error))
    if any(each.after is None for each in results):
        return resolve(ports, message.vault, instance, Cause.COPY_EXPIRY)
    return Alerted(instance=instance)


def _rest(ports: Ports, message: ExpireCopies, sight: _Sight, *, is_stopped: bool) -> None:
    """Nothing to delete now: the row moves to when there will be, or the brake may let go what it stopped, or goes.
    Whatever is owed waits for a ticket. An instance that is being deleted is gone with its last copy: nobody waits for
    the next sweep."""
    if not _quieten(ports, message, sight):
        return
    instance = sight.instance.value
    if not sight.copies:
        hurry_deletion(ports, message.vault, instance)
    enlist_next(ports, message.vault, instance, sight.plain)
    coming = next_copy_expiry(sight.plain, sight.stays)
    blocked = [each.blocked_until for each in sight.plain if each.blocked_until is not None]
    looks = [at for at in (coming, *blocked) if at is not None and at > ports.clock.now()]
    if is_stopped:
        move_row(ports, message, min([*looks, ports.clock.now() + BLOCKED_RETRY]))
    else:
        ports.store.schedule([row_at(message, min(looks))] if looks else [], instead_of=[row_of(message)])


def _quieten(ports: Ports, message: ExpireCopies, sight: _Sight) -> bool:
    """What was refused is gone, or is to be kept by now: that ends its alert. False when the instance was changed
    meanwhile; the message comes again then."""
    left = [each for each in sight.plain if each.left_behind and not sight.stays.keep_all]
    if left or any(each.deletion_asked_at is not None or _may_go(each, sight) for each in sight.plain):
        return True
    alerted = resolve(ports, message.vault, sight.instance.value, Cause.COPY_EXPIRY)
    if not alerted.changes:
        return True
    changes = [Replace(sight.instance, alerted.instance), *alerted.changes]
    return commit(ports, message, changes, alerted.events)


def _pause(ports: Ports, message: ExpireCopies, error: BackupError) -> None:
    turn = next_turn(message, error, message.instance_name, is_patient=True)
    if turn is not None:  # else the sweep brings it again
        note_deferral(turn, error, message.instance_name)
        come_back(ports, turn.message, turn.delay)

"""Delete what has expired: the sweep finds the instances, `expire_points` deletes step by step.

Mark (one transaction) -> ask Azure to delete (workflows/deletion.py, which asks all rules again) -> observe the
deletion to its end -> forget the record. A run that dies anywhere is finished by the next one, which the agenda's row
brings: marked points go on, or come back where they are to be kept by now. A point comes back as a good one only when
its snapshot was looked at: there, whole and proven; its record goes only when Azure ended the deletion well, or when
looks minutes apart did not find the snapshot. The sweep moves an instance's agenda row a little into the future, so
that a lost message only delays; of several messages one goes on (expiry_rows.py).
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from backup_core.domain.agenda import COPIES, AgendaKind, AgendaRow, copies_row
from backup_core.domain.alert import Cause
from backup_core.domain.brake import Going
from backup_core.domain.copying import PointCopy, Stays, going_copies, next_copy_expiry, stays_of
from backup_core.domain.errors import BackupError, OperationFailed, SnapshotNotOurs
from backup_core.domain.events import Event
from backup_core.domain.expiry import (
    BLOCKED_RETRY,
    Asked,
    Back,
    Fate,
    Gone,
    Unseen,
    Untouched,
    ended,
    expiry_due_at,
    expiry_job,
    marked_state,
    ready,
    record_after,
    settle,
)
from backup_core.domain.hold import all_holds, standing
from backup_core.domain.instance import BackupInstance, ProtectionState
from backup_core.domain.job import Job, JobError, JobStatus
from backup_core.domain.messages import ExpireCopies, ExpirePoints
from backup_core.domain.points import count_of
from backup_core.domain.recovery_point import PointState, RecoveryPoint
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.retention import held_until
from backup_core.domain.vault import Vault
from backup_core.ports import Change, Insert, Ports, Remove, Replace, StateConflict, Stored, every
from backup_core.workflows import announcements, outbox
from backup_core.workflows.absence import DOUBTED_FOR, find_snapshot_surely, is_believed
from backup_core.workflows.alerts import Alerted, fire, resolve
from backup_core.workflows.brake import Asked as BrakeAsked
from backup_core.workflows.brake import ask_brake
from backup_core.workflows.catalogue import config_job_of, find_vault, recent_vault
from backup_core.workflows.claims import release_claim
from backup_core.workflows.deletion import (
    DeletionRun,
    decide,
    delete_point,
    expired,
    is_certain,
    new_permit,
    read_points,
)
from backup_core.workflows.expiry_rows import LOST_AFTER, come_back, move_row, row_at, row_of, stands_down, with_row
from backup_core.workflows.heartbeat import recent_beat
from backup_core.workflows.lifecycle import begin_deletion
from backup_core.workflows.pacing import is_herd_waiting
from backup_core.workflows.turns import commit, look_delay, next_turn, note_deferral
from backup_core.workflows.watching import sent_again, times_sent

log = logging.getLogger("diskbackup.retention")

SWEEP_LIMIT = 20_000  # rows one sweep reads; the rest is still the agenda's head at the next
SWEEP_EVERY = timedelta(minutes=1)
EXPIRIES_AT_ONCE = 40  # of a subscription: few hosts take as many at once, for which no more than a second is billed
# An expiry reads some four times, and Azure Resource Manager lets a subscription read 25 times a second (remembered):
# a fifth of that beside a herd of backups, most of it otherwise.
EXPIRIES_A_SECOND = 5.0
EXPIRIES_BESIDE_BACKUPS = 1.0
BUSY_RETRY = timedelta(seconds=10)
POINTS_PER_ROUND = 40  # two rows each and an ARM call or two: below a transaction's 100 and a function's minute

_TRIES = 5


def sweep(ports: Ports) -> int:
    """Send every instance whose expiry is due to be looked at. Answers how many were sent.

    Many of one subscription are spread, and as many wait for the next sweep as Azure would only put off: nobody waits
    for an expiry, and backups need the same reads.
    """
    now = ports.clock.now()
    rows = ports.store.due(AgendaKind.EXPIRY, until=now, limit=SWEEP_LIMIT)
    if not rows:
        return 0
    together = defaultdict[tuple[VaultKey, str, str], list[AgendaRow]](list)  # rows of one expiry, which is sent once
    for row in rows:
        together[row.vault, row.instance_name, row.subject].append(row)
    places = _places(ports, [_most_sent(each) for each in together.values()])
    moved = [sent_again(row, now + delay, LOST_AFTER) for row, delay in places]
    messages = [_message(row) for row in moved]
    ports.queue.send_all([(message, delay) for message, (_, delay) in zip(messages, places, strict=True)])
    swept = [each for row in moved for each in together[row.vault, row.instance_name, row.subject]]
    ports.store.schedule(moved, instead_of=swept)
    if len(rows) == SWEEP_LIMIT:
        log.warning("sweep.limited limit=%d", SWEEP_LIMIT)
    return len(places)


def _most_sent(rows: Sequence[AgendaRow]) -> AgendaRow:
    """That which was sent most often in vain, of rows of one expiry."""
    return max(rows, key=times_sent)


def _message(row: AgendaRow) -> ExpirePoints | ExpireCopies:
    kind = ExpireCopies if row.subject == COPIES else ExpirePoints
    return kind(vault=row.vault, instance_name=row.instance_name, due_at=row.due_at)


def _places(ports: Ports, rows: Sequence[AgendaRow]) -> list[tuple[AgendaRow, timedelta]]:
    """The rows that this sweep sends, each with its delay. Those that are due longest go first."""
    herds = defaultdict[str, list[AgendaRow]](list)
    for row in rows:
        herds[row.vault.subscription.lower()].append(row)
    places = []
    for subscription, herd in herds.items():
        if len(herd) <= EXPIRIES_AT_ONCE:
            places += [(row, timedelta(0)) for row in herd]
            continue
        a_second = EXPIRIES_BESIDE_BACKUPS if _is_busy(ports, subscription) else EXPIRIES_A_SECOND
        sent = herd[: int(a_second * SWEEP_EVERY.total_seconds())]
        pause = timedelta(seconds=EXPIRIES_AT_ONCE / a_second)
        places += [(row, number // EXPIRIES_AT_ONCE * pause) for number, row in enumerate(sent)]
    return places


def _is_busy(ports: Ports, subscription: str) -> bool:
    """Whether backups of the subscription wait for their places. Where that cannot be told, they might."""
    try:
        return is_herd_waiting(ports, subscription)
    except BackupError as error:
        log.warning("sweep.pace_unknown subscription=%s code=%s", subscription, error.code)
        return True


def expire_points(ports: Ports, message: ExpirePoints) -> None:
    """Delete what has expired of one instance, as much as one round takes; then it is due again when there is more."""
    stored = ports.store.get(BackupInstance, message.vault, message.instance_name)
    if stored is None:
        ports.store.unschedule([row_of(message)])
        return
    instance, now = stored.value, ports.clock.now()
    if stands_down(ports, message, instance):
        return
    if _is_held(ports):
        move_row(ports, message, now + BLOCKED_RETRY)  # nothing goes before an operator says go on
        return
    busy_until = instance.deletes_until(now)
    if busy_until is not None:  # another run is at it, or died: the agenda comes again, not this message
        move_row(ports, message, busy_until + timedelta(seconds=1))
        return
    points = read_points(ports, message.vault, message.instance_name)
    settings = recent_vault(ports, message.vault)  # before anything is deleted the vault is read anew (deletion.py)
    plain = [point.value for point in points]
    begun = [point for point in points if point.value.expiry_job_id]
    stopped: Collection[str] = ()
    if begun or instance.is_deleted:
        work = begun
    else:
        may_go = expired(instance, settings, plain, now)
        going = [point for point in plain if point.point_id in may_go]
        beside = partial(_copies_beside, ports, message, instance, settings, plain)
        asked = _ask_brake(ports, message, stored, settings, going, beside)
        if asked is None:
            return
        stored, instance, stopped = asked.stored, asked.stored.value, asked.stopped
        chosen = ready(plain, may_go, now).difference(stopped)
        work = [point for point in points if point.value.point_id in chosen]
    if instance.state is ProtectionState.DELETING and (instance.active or instance.copying) and not begun:
        # Its backup ends first, and its copy; its snapshot is then deleted like the others. The sweep comes again, not
        # this message: a copy in the background may take hours, and a message for each sweep would pile up meanwhile.
        move_row(ports, message, now + BUSY_RETRY)
    elif work:
        kept = _kept(instance, settings, now, points=work, everything=plain)
        _round(ports, message, stored, _Work(points=work, everything=plain, kept=kept, settings=settings))
    elif stopped:
        others = [point for point in plain if point.point_id not in stopped]
        _come_again(ports, message, instance, settings, others)
    elif instance.is_deleted:
        _purge_when_due(ports, message, stored, plain)
    elif instance.state is ProtectionState.DELETING and not points and instance.copy_standings:
        _wait_for_copies(ports, message, instance, settings)
    elif instance.state is ProtectionState.DELETING and not points:
        _remove_instance(ports, message, stored)
    else:
        _nothing_to_delete(ports, message, stored, plain, settings)


def _ask_brake(
    ports: Ports,
    message: ExpirePoints,
    stored: Stored[BackupInstance],
    settings: Vault | None,
    going: Sequence[Going],
    beside: Callable[[], Sequence[Going]] = tuple,
) -> BrakeAsked | None:
    """What the deletion brake says of those that are to be begun, and of the copies `beside` them; None when another
    was faster: then this comes again, as it was sent."""
    try:
        return ask_brake(ports, message.vault, stored, settings, going, beside)
    except StateConflict:
        ports.queue.send(message, delay=timedelta(seconds=1))
        return None


def _come_again(
    ports: Ports,
    message: ExpirePoints,
    instance: BackupInstance,
    settings: Vault | None,
    others: Sequence[RecoveryPoint],
) -> None:
    """Come again in a while, for somebody may have said go on; sooner where another point expires."""
    now = ports.clock.now()
    due_at = expiry_due_at(instance, others, now, held=standing(all_holds(instance, settings), now))
    move_row(ports, message, min(due_at or now + BLOCKED_RETRY, now + BLOCKED_RETRY))


def _copies(ports: Ports, message: ExpirePoints, instance: BackupInstance) -> list[PointCopy]:
    """The instance's copies in other regions; asks for none where it has none."""
    if not instance.copy_standings:
        return []
    return [stored.value for stored in every(ports, PointCopy, message.vault, instance.name)]


def _copies_beside(
    ports: Ports,
    message: ExpirePoints,
    instance: BackupInstance,
    settings: Vault | None,
    points: Sequence[RecoveryPoint],
) -> list[PointCopy]:
    """The copies that go, too; of an instance that is being deleted, those that will once its points went."""
    left = () if instance.state is ProtectionState.DELETING else points
    return going_copies(_copies(ports, message, instance), _stays(instance, settings, left, ports.clock.now()))


def _stays(instance: BackupInstance, settings: Vault | None, points: Sequence[RecoveryPoint], now: datetime) -> Stays:
    immutable = settings is not None and settings.at(now).is_immutable
    return stays_of(instance, points, all_holds(instance, settings), now, immutable=immutable)


def _wait_for_copies(ports: Ports, message: ExpirePoints, instance: BackupInstance, settings: Vault | None) -> None:
    """The copies of an instance that is being deleted go first, and not with the next sweep if they may; what keeps
    them may last."""
    now, copies = ports.clock.now(), _copies(ports, message, instance)
    due_at = next_copy_expiry(copies, _stays(instance, settings, (), now)) or now
    if instance.brake is not None and instance.brake.waits:
        due_at = max(due_at, now + BLOCKED_RETRY)
    under_way_until = instance.copies_row_at or now
    if under_way_until <= now:
        row = copies_row(message.vault, message.instance_name, max(due_at, now))
        ports.store.schedule([row])
        if due_at <= now:
            ports.queue.send(ExpireCopies(vault=message.vault, instance_name=message.instance_name, due_at=row.due_at))
    move_row(ports, message, max(due_at, now, under_way_until) + BUSY_RETRY)


def _kept(
    instance: BackupInstance,
    settings: Vault | None,
    now: datetime,
    *,
    points: Sequence[Stored[RecoveryPoint]],
    everything: Sequence[RecoveryPoint],
) -> Mapping[str, str]:
    """What is against the deletion of those that Azure was not asked to delete yet, by point."""
    unasked = [point.value for point in points if point.value.deletion_asked_at is None]
    if not unasked:
        return {}
    decided = decide(instance, settings, everything, now, of=unasked)
    return {item.point.point_id: "; ".join(item.because) for item in decided.kept}


def _is_held(ports: Ports) -> bool:
    """Whether tables that were set back wait for an operator, as was known a moment ago. Before anything is deleted it
    is asked anew (deletion.py)."""
    beat = recent_beat(ports)
    return beat is not None and beat.is_held


def _purge_when_due(
    ports: Ports, message: ExpirePoints, stored: Stored[BackupInstance], points: Sequence[RecoveryPoint]
) -> None:
    """A soft-deleted instance keeps everything until its purge, and until no hold stands on any of it; from then on it
    is deleted like any other."""
    now, settings = ports.clock.now(), find_vault(ports, message.vault)  # as it is now: a purge is not undone
    purge_at = stored.value.purge_at
    is_due = purge_at is not None and now >= purge_at
    copies = [copy for copy in _copies(ports, message, stored.value) if not copy.is_wanted] if is_due else []
    held = standing(all_holds(stored.value, settings, *points, *copies), now)
    asked = _ask_brake(ports, message, stored, settings, [*points, *copies] if is_due and not held else ())
    if asked is None:
        return
    stored = asked.stored
    if not is_due:
        due_at = expiry_due_at(stored.value, points, now, held=standing(all_holds(stored.value, settings), now))
        move_row(ports, message, due_at or now + BLOCKED_RETRY)
        return
    if held:  # it can be undeleted until the last hold ends
        log.info("instance.purge_put_off instance=%s holds=%d", stored.value.name, len(held))
        move_row(ports, message, held_until(held, now))
        return
    if asked.stopped:  # and can be undeleted until somebody says go on
        move_row(ports, message, now + BLOCKED_RETRY)
        return
    deleting, job = begin_deletion(message.vault, stored.value, now)
    if commit(ports, message, [Replace(stored, deleting), Insert(job)]):
        log.info("instance.purging instance=%s", stored.value.name)
        ports.queue.send(replace(message, attempts=0, deferrals=0, doubts=0, looks=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What one look at an instance finds to do: points to settle, newest first. `kept` says what is against a deletion,
    by point, `settings` are those of its vault."""

    points: Sequence[Stored[RecoveryPoint]]
    everything: Sequence[RecoveryPoint]
    kept: Mapping[str, str]
    settings: Vault | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What became of points, by id; one not named waits. `error` passes by itself, and ended the round early."""

    fates: Mapping[str, Fate]
    error: BackupError | None


def _round(ports: Ports, message: ExpirePoints, stored: Stored[BackupInstance], work: _Work) -> None:
    """Mark what is not marked, delete, observe what Azure is deleting, record; then look again, or see to the rest."""
    message = with_row(ports, message)
    rows = _marked(ports, message, _begun(ports, message, stored, work))
    if rows is None:
        return
    outcome = _settle_points(ports, message.vault, rows, work)
    if not outcome.fates and outcome.error is None and rows.instance.value.deletion is None:
        _look_again(ports, message, rows.points, outcome.fates)
        return
    recorded = _record(ports, message, rows, outcome, work.settings)
    if recorded is None:
        return
    if outcome.error is not None:
        _pause(ports, message, outcome.error, rows.job_id)
    elif ended(outcome.fates) < len(rows.points):
        _look_again(ports, message, rows.points, outcome.fates)
    elif recorded.is_more:
        ports.queue.send(replace(message, attempts=0, deferrals=0, doubts=0, looks=0))
    else:
        _replace_row(ports, message, recorded.instance.expiry_due_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """The rows that a round changes, as they were last read or written: the instance, the job (None: it is gone), all
    points of the instance, and of those the job's, oldest first."""

    instance: Stored[BackupInstance]
    job: Stored[Job] | None
    everything: Sequence[RecoveryPoint]
    points: Sequence[Stored[RecoveryPoint]]

    @property
    def job_id(self) -> str:
        return self.job.value.job_id if self.job is not None else ""


def _begun(ports: Ports, message: ExpirePoints, stored: Stored[BackupInstance], work: _Work) -> _Rows:
    """Points that one job left unsettled in an earlier round, with that job as it is, or new ones without a job."""
    unsettled = work.points[-1].value.expiry_job_id
    chosen = [point for point in reversed(work.points) if point.value.expiry_job_id == unsettled][:POINTS_PER_ROUND]
    known = ports.store.get(Job, message.vault, unsettled) if unsettled else None
    job = None if known is None or known.value.is_ended else known
    return _Rows(instance=stored, job=job, everything=work.everything, points=chosen)


def _marked(ports: Ports, message: ExpirePoints, rows: _Rows) -> _Rows | None:
    """The rows once all points are marked for a job of theirs, and a permit stands in the instance's if anything is
    still to be asked of Azure; None when another was faster."""
    if rows.job is not None and all(point.value.deletion_asked_at is not None for point in rows.points):
        return rows
    now, instance = ports.clock.now(), replace(rows.instance.value, deletion=new_permit(ports.clock.now()))
    if rows.job is not None:
        retries = max(rows.job.value.retry_count, message.attempts)
        job = replace(rows.job.value, retry_count=retries, touched_at=now)
    else:
        job = expiry_job(message, instance, [point.value for point in rows.points], now)
    marks = [replace(point.value, state=marked_state(point.value), expiry_job_id=job.job_id) for point in rows.points]
    changes: list[Change] = [Replace(rows.instance, instance), Replace(rows.job, job) if rows.job else Insert(job)]
    changes += [Replace(before, after) for before, after in zip(rows.points, marks, strict=True)]
    try:
        etags = ports.store.commit(message.vault, changes)
    except StateConflict:
        ports.queue.send(message, delay=timedelta(seconds=1))
        return None
    marked = {mark.point_id: mark for mark in marks}
    return _Rows(
        instance=Stored(instance, etags[0]),
        job=Stored(job, etags[1]),
        everything=[marked.get(point.point_id, point) for point in rows.everything],
        points=[Stored(mark, etag) for mark, etag in zip(marks, etags[2:], strict=True)],
    )


def _settle_points(ports: Ports, vault: VaultKey, rows: _Rows, work: _Work) -> _Outcome:
    instance = rows.instance.value
    run = DeletionRun(
        vault=vault,
        instance_name=instance.name,
        is_protected=instance.is_protected,
        permit=instance.deletion,
        points=rows.everything,
        etag=rows.instance.etag,
        holds=all_holds(instance, work.settings),
    )
    fates: dict[str, Fate] = {}
    for point in (stored.value for stored in rows.points):
        try:
            fate = _fate(ports, run, point, work.kept.get(point.point_id))
        except BackupError as error:
            return _Outcome(fates=fates, error=error)
        if fate is not None:
            fates[point.point_id] = fate
    return _Outcome(fates=fates, error=None)


def _fate(ports: Ports, run: DeletionRun, point: RecoveryPoint, kept: str | None) -> Fate | None:
    """What becomes of a point; None while it waits. Raises only what may pass by itself."""
    try:
        if point.deletion_asked_at is not None:
            return _observe(ports, point)
        if kept is not None:
            return _back(ports, run.vault, point, kept, None)
        answer = delete_point(ports, run, point)
    except BackupError as error:
        if error.transient and not isinstance(error, OperationFailed):  # an operation that ended does not end again
            raise
        return _back(ports, run.vault, point, f"{error.code}: {error.message} {error.recommended_action}", error)
    if answer is None:
        return _unseen(ports, point)
    if isinstance(answer, Asked):
        return answer
    if answer.may_go:
        return None
    back = _back(ports, run.vault, point, answer.because, None)
    return replace(back, bound_until=answer.bound_until) if isinstance(back, Back) else back


def _observe(ports: Ports, point: RecoveryPoint) -> Fate | None:
    """One look at a deletion that Azure accepted; None while it goes on. Raises OperationFailed."""
    operation = ports.cloud.get_operation(point.deletion_url) if point.deletion_url else None
    if operation is not None and operation.status in ("Failed", "Canceled"):
        raise OperationFailed(
            f"Azure ended the deletion of '{point.snapshot_id}' as {operation.status}: {operation.error_message}",
            code=operation.error_code or None,
        )
    if operation is not None:
        return Gone() if operation.status == "Succeeded" else None
    if _is_doubted(ports, point):
        return None
    snapshot = find_snapshot_surely(ports, point.snapshot_id)
    if snapshot is None:
        return _unseen(ports, point)
    if snapshot.provisioning_state != "Deleting":
        return Untouched()
    return None if point.absent_since is None else Asked(url=point.deletion_url)


def _unseen(ports: Ports, point: RecoveryPoint) -> Fate:
    """What becomes of a point whose snapshot is not found; of a lost one that is known."""
    is_gone = point.state is PointState.LOST or is_believed(point.absent_since, ports.clock.now())
    return Gone() if is_gone else Unseen()


def _is_doubted(ports: Ports, point: RecoveryPoint) -> bool:
    """Whether it was not found, and the look that would be believed is still to come."""
    return point.absent_since is not None and not is_believed(point.absent_since, ports.clock.now())


def _back(ports: Ports, vault: VaultKey, point: RecoveryPoint, because: str, error: BackupError | None) -> Fate:
    """A point that is not deleted now: what its snapshot is decides whether it is a good one again."""
    try:
        certain = is_certain(ports, point, vault)
    except BackupError as unknown:
        if unknown.transient:
            raise
        error, certain = error or unknown, False
    if certain is None:
        return _unseen(ports, point)
    if not certain and error is None:
        error = SnapshotNotOurs(f"Snapshot '{point.snapshot_id}' is not whole, or not proven to be this point's.")
    return Back(because=because, error=error, certain=certain)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recorded:
    """The instance as a round left it, and whether another one finds something to do at once."""

    instance: BackupInstance
    is_more: bool


def _record(
    ports: Ports, message: ExpirePoints, rows: _Rows, outcome: _Outcome, settings: Vault | None
) -> _Recorded | None:
    """Forget what is gone, bring back what is not, settle the job, take the permit from the row and note when the
    instance is looked at next: one transaction on what is true now. None when another run has taken over, which then
    knows better."""
    permit, job_id = rows.instance.value.deletion, rows.job_id
    for _ in range(_TRIES):
        recorded, changes, events = _news(ports, message, rows, outcome, settings)
        try:
            outbox.commit(ports, message.vault, changes, events)
        except StateConflict:
            again = _read_again(ports, message, job_id)
            if again is None or again.instance.value.deletion != permit:
                break
            rows = again
        else:
            return recorded
    log.warning("expiry.overtaken instance=%s job=%s", message.instance_name, job_id)
    return None


def _read_again(ports: Ports, message: ExpirePoints, job_id: str) -> _Rows | None:
    stored = ports.store.get(BackupInstance, message.vault, message.instance_name)
    if stored is None:
        return None
    job = ports.store.get(Job, message.vault, job_id)
    points = read_points(ports, message.vault, message.instance_name)
    return _Rows(
        instance=stored,
        job=job,
        everything=[point.value for point in points],
        points=[point for point in reversed(points) if point.value.expiry_job_id == job_id],
    )


def _news(
    ports: Ports, message: ExpirePoints, rows: _Rows, outcome: _Outcome, settings: Vault | None
) -> tuple[_Recorded, list[Change], list[Event]]:
    """What the fates of the points make of the rows, the changes that write it, and the events that tell of it. An
    ended job stays as it is."""
    now, job = ports.clock.now(), rows.job
    mine = {point.value.point_id: point for point in rows.points}
    fates = {point_id: fate for point_id, fate in outcome.fates.items() if point_id in mine}
    after = {point_id: record_after(mine[point_id].value, fate, now) for point_id, fate in fates.items()}
    changes: list[Change] = [
        Remove(mine[point_id]) if point is None else Replace(mine[point_id], point) for point_id, point in after.items()
    ]
    gone = [mine[point_id].value for point_id, point in after.items() if point is None]
    events = [announcements.point_expired(message.vault, point, now) for point in gone]
    if job is not None and not job.value.is_ended:
        settled = settle(job.value, fates, attempts=message.attempts, unsettled=len(mine) - ended(fates), now=now)
        changes.append(Replace(job, settled))
        if settled.details["deleted"] and settled.is_ended:
            events.append(announcements.job_ended(message.vault, settled))
    alerted = _alerted(ports, message, rows.instance.value, rows.job_id, fates)
    blocked = sum(isinstance(fate, Back) for fate in fates.values())
    log.info("expiry.round instance=%s deleted=%d blocked=%d", message.instance_name, len(gone), blocked)
    left = [now_is for point in rows.everything if (now_is := after.get(point.point_id, point)) is not None]
    due_at, is_more = _next_look(alerted.instance, settings, left, now)
    counted = replace(alerted.instance, deletion=None, point_count=count_of(left), expiry_due_at=due_at)
    recorded = _Recorded(instance=counted, is_more=is_more)
    changes = [Replace(rows.instance, recorded.instance), *changes, *alerted.changes]
    return recorded, changes, [*events, *alerted.events]


def _next_look(
    instance: BackupInstance, settings: Vault | None, points: Sequence[RecoveryPoint], now: datetime
) -> tuple[datetime | None, bool]:
    """When the agenda must look at the instance again, once nothing is to do at once any more; and whether something
    is, before which that does not change. One that is deleted, or on its way out, is looked at again in any case."""
    is_going = instance.state is ProtectionState.DELETING or instance.is_deleted
    if is_going or any(point.expiry_job_id for point in points):
        return instance.expiry_due_at, True
    if ready(points, expired(instance, settings, points, now), now):
        return instance.expiry_due_at, True
    return expiry_due_at(instance, points, now, held=standing(all_holds(instance, settings), now)), False


def _alerted(
    ports: Ports, message: ExpirePoints, instance: BackupInstance, job_id: str, fates: Mapping[str, Fate]
) -> Alerted:
    """What cannot be deleted raises an alert, which the first deletion that succeeds ends."""
    errors = [fate.error for fate in fates.values() if isinstance(fate, Back) and fate.error is not None]
    if errors:
        cause = f"{Cause.EXPIRY}.{errors[0].code}"
        return fire(ports, message.vault, instance, cause, error=JobError.of(errors[0]), job_id=job_id)
    if any(isinstance(fate, Gone) for fate in fates.values()):
        return resolve(ports, message.vault, instance, Cause.EXPIRY)
    return Alerted(instance=instance)


def _pause(ports: Ports, message: ExpirePoints, error: BackupError, identity: str) -> None:
    """Go on later with the same job, before the sweep sends for it again; without another turn, when the sweep does."""
    turn = next_turn(message, error, identity, is_patient=True)
    if turn is None:
        return
    note_deferral(turn, error, identity)
    come_back(ports, turn.message, turn.delay)


def _look_again(
    ports: Ports, message: ExpirePoints, points: Sequence[Stored[RecoveryPoint]], fates: Mapping[str, Fate]
) -> None:
    """Come back while Azure deletes, before the sweep sends for it; where nothing was found, when that is believed."""
    looks, now = 0 if fates else message.looks + 1, ports.clock.now()
    left = [each.value for each in points if not isinstance(fates.get(each.value.point_id), Gone | Back)]
    after = [record_after(point, fates[point.point_id], now) if point.point_id in fates else point for point in left]
    doubts = [each.absent_since + DOUBTED_FOR - now for each in after if each and each.absent_since]
    delay = max(look_delay(looks), min(doubts)) if len(doubts) == len(left) else look_delay(looks)
    come_back(ports, replace(message, looks=looks, attempts=0, deferrals=0, doubts=0), delay)


def _replace_row(ports: Ports, message: ExpirePoints, due_at: datetime | None) -> None:
    """Nothing more to delete now: the agenda's row moves to when there will be, or goes."""
    rows = [] if due_at is None else [row_at(message, due_at)]
    ports.store.schedule(rows, instead_of=[row_of(message)])


def _nothing_to_delete(
    ports: Ports,
    message: ExpirePoints,
    stored: Stored[BackupInstance],
    points: Sequence[RecoveryPoint],
    settings: Vault | None,
) -> None:
    """Nothing to delete now. The row that stands goes last: until then it looks after what is not done."""
    now = ports.clock.now()
    due_at = expiry_due_at(stored.value, points, now, held=standing(all_holds(stored.value, settings), now))
    quiet = Alerted(instance=replace(stored.value, expiry_due_at=due_at))
    is_in_doubt = any(point.state is PointState.EXPIRING for point in points)
    if not is_in_doubt and not expired(stored.value, settings, points, now):  # what was refused is to be kept by now
        quiet = resolve(ports, message.vault, quiet.instance, Cause.EXPIRY)
    if quiet.instance == stored.value or commit(
        ports, message, [Replace(stored, quiet.instance), *quiet.changes], quiet.events
    ):
        _replace_row(ports, message, due_at)


def _remove_instance(ports: Ports, message: ExpirePoints, stored: Stored[BackupInstance]) -> None:
    """The last point is gone: the instance goes, its deletion job ends, and so does what its alerts tell of."""
    alerted = resolve(ports, message.vault, stored.value)
    changes: list[Change] = [Remove(stored), *alerted.changes]
    job = config_job_of(ports, message.vault, stored.value)
    ended = None
    if job is not None and not job.value.is_ended:
        ended = job.value.advance(JobStatus.COMPLETED, at=ports.clock.now())
        changes.append(Replace(job, ended))
    events = [announcements.job_ended(message.vault, ended)] if ended is not None else []
    if not commit(ports, message, changes, [*events, *alerted.events]):
        return
    log.info("instance.deleted instance=%s", stored.value.name)
    release_claim(ports, message.vault, stored.value)
    ports.store.unschedule([row_of(message)])

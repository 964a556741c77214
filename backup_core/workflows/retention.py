"""Delete what has expired: the sweep finds the instances, `expire_points` deletes in two phases.

Mark (one transaction) -> read again what the snapshot says of itself -> delete the snapshot -> forget the record. A run
that dies anywhere is finished by the next one: marked points are candidates again, a missing snapshot counts as
deleted. The sweep moves an instance's agenda row a little into the future, so that a lost message only delays.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from backup_core.domain.agenda import AgendaKind, AgendaRow
from backup_core.domain.alert import Cause
from backup_core.domain.errors import BackupError, SnapshotNotOurs
from backup_core.domain.instance import BackupInstance, ProtectionState
from backup_core.domain.job import Job, JobError, JobOperation, JobStatus, job_id
from backup_core.domain.messages import ExpirePoints
from backup_core.domain.recovery_point import PointState, RecoveryPoint
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.retention import decide_retention, may_delete_snapshot, next_look_at
from backup_core.ports import Change, Ports, Put, Remove, Replace, Stored
from backup_core.workflows import alerts
from backup_core.workflows.absence import find_snapshot_surely
from backup_core.workflows.alarms import Alarm, fire, resolve
from backup_core.workflows.backup import expiry_row
from backup_core.workflows.claims import release_claim
from backup_core.workflows.lifecycle import begin_deletion
from backup_core.workflows.overview import find_vault
from backup_core.workflows.turns import commit, next_turn, note_deferral

log = logging.getLogger("diskbackup.retention")

SWEEP_LIMIT = 2000  # instances one sweep takes; the rest is still the agenda's head at the next
LOST_AFTER = timedelta(seconds=90)  # when an expiry whose message was lost is due again
BLOCKED_RETRY = timedelta(minutes=30)  # when a lock or a missing role is looked at again
BUSY_RETRY = timedelta(seconds=10)
POINTS_PER_ROUND = 40  # two rows each and an ARM call or two: below a transaction's 100 and a function's minute
POINTS_READ = 1000  # Azure keeps at most 500 incremental snapshots of a disk

DELETE_SNAPSHOTS = "Delete expired snapshots"


def sweep(ports: Ports) -> int:
    """Send every instance whose expiry is due to be looked at. Answers how many were sent."""
    now = ports.clock.now()
    rows = ports.store.due(AgendaKind.EXPIRY, until=now, limit=SWEEP_LIMIT)
    again_at = (now + LOST_AFTER).replace(microsecond=0)
    messages = [ExpirePoints(vault=row.vault, instance_name=row.instance_name, due_at=again_at) for row in rows]
    ports.queue.send_all([(message, timedelta(0)) for message in messages])
    ports.store.schedule([replace(row, due_at=again_at) for row in rows])
    ports.store.unschedule(rows)
    if len(rows) == SWEEP_LIMIT:
        log.warning("sweep.limited limit=%d", SWEEP_LIMIT)
    return len(rows)


def expire_points(ports: Ports, message: ExpirePoints) -> None:
    """Delete what has expired of one instance, as much as one round takes, and set the next look on the agenda."""
    stored = ports.store.get(BackupInstance, message.vault, message.instance_name)
    if stored is None:
        ports.store.unschedule([_row(message)])
        return
    if stored.value.is_deleted:
        _purge_when_due(ports, message, stored)
        return
    if stored.value.state is ProtectionState.DELETING and stored.value.active is not None:
        # Its backup ends first; its snapshot is then deleted like the others. The sweep comes again, not this message:
        # a copy in the background may take hours, and a message for each sweep would pile up meanwhile.
        _move_row(ports, message, ports.clock.now() + BUSY_RETRY)
        return
    points = _points(ports, message)
    discard_all = _discards_all(ports, message.vault, stored.value)
    expired = _expired(stored.value, points, ports.clock.now(), discard_all=discard_all)
    if expired:
        _expire(ports, message, stored, expired)
    elif stored.value.state is ProtectionState.DELETING and not points:
        _remove_instance(ports, message, stored)
    else:
        _set_next_look(ports, message, stored, [point.value for point in points])


def _purge_when_due(ports: Ports, message: ExpirePoints, stored: Stored[BackupInstance]) -> None:
    """A soft-deleted instance keeps everything until its purge; from then on it is deleted like any other."""
    now = ports.clock.now()
    purge_at = stored.value.purge_at
    if purge_at is None or now < purge_at:
        _move_row(ports, message, purge_at or now + BLOCKED_RETRY)
        return
    deleting, job = begin_deletion(message.vault, stored.value, now)
    if commit(ports, message, [Replace(stored, deleting), Put(job)]):
        log.info("instance.purging instance=%s", stored.value.name)
        ports.queue.send(replace(message, attempts=0, deferrals=0))


def _discards_all(ports: Ports, vault: VaultKey, instance: BackupInstance) -> bool:
    """Whether points go before their time: when their instance is being deleted, and then only if the vault is not
    immutable. It is asked at every look, for the vault may have become so since the deletion was accepted."""
    if instance.state is not ProtectionState.DELETING:
        return False
    settings = find_vault(ports, vault)
    return settings is None or not settings.is_immutable


def _points(ports: Ports, message: ExpirePoints) -> tuple[Stored[RecoveryPoint], ...]:
    page = ports.store.page(RecoveryPoint, message.vault, message.instance_name, limit=POINTS_READ)
    for row in page.corrupt:
        log.error("record.corrupt %s: the point is kept and the rest goes on", row)
    return page.items


def _expired(
    instance: BackupInstance, points: Sequence[Stored[RecoveryPoint]], now: datetime, *, discard_all: bool
) -> list[Stored[RecoveryPoint]]:
    """What may go, oldest first. Points whose deletion was refused lately rest until they are looked at again."""
    decision = decide_retention(
        [stored.value for stored in points],
        now=now,
        protected=instance.is_protected,
        keep_all=instance.keeps_all_points,
        discard_all=discard_all,
    )
    going = {item.point.point_id for item in decision.expired}
    return [stored for stored in reversed(points) if stored.value.point_id in going and not _rests(stored.value, now)]


def _rests(point: RecoveryPoint, now: datetime) -> bool:
    return point.blocked_until is not None and now < point.blocked_until


def _expire(
    ports: Ports, message: ExpirePoints, stored: Stored[BackupInstance], expired: Sequence[Stored[RecoveryPoint]]
) -> None:
    """One round: mark, delete, forget; then this round's successor or the next look."""
    job, chosen = _round(ports, message, stored.value, expired)
    marked = [replace(point.value, state=_marked_state(point.value), expiry_job_id=job.job_id) for point in chosen]
    news: list[Change] = [Put(point) for point in marked]
    if not commit(ports, message, [Replace(stored, stored.value), Put(job), *news]):
        return
    outcome = _delete_snapshots(ports, message, marked)
    if not _record(ports, message, job, outcome):
        return
    if outcome.error is None:
        ports.queue.send(replace(message, attempts=0, deferrals=0))  # what is left, and the next look
    else:
        _pause(ports, message, outcome.error, job.job_id)


def _pause(ports: Ports, message: ExpirePoints, error: BackupError, identity: str) -> None:
    """Go on later with the same job, before the sweep sends for it again; without another turn, when the sweep does."""
    turn = next_turn(message, error, identity)
    if turn is None:
        return
    note_deferral(turn, error, identity)
    row_at = _move_row(ports, message, ports.clock.now() + turn.delay + LOST_AFTER)
    ports.queue.send(replace(turn.message, due_at=row_at), delay=turn.delay)


def _move_row(ports: Ports, message: ExpirePoints, due_at: datetime) -> datetime:
    row = expiry_row(message.vault, message.instance_name, due_at)
    ports.store.schedule([row])
    if row.due_at != message.due_at:
        ports.store.unschedule([_row(message)])
    return row.due_at


def _round(
    ports: Ports, message: ExpirePoints, instance: BackupInstance, expired: Sequence[Stored[RecoveryPoint]]
) -> tuple[Job, list[Stored[RecoveryPoint]]]:
    """The job and its points: first what an earlier round marked and did not settle, else the oldest expired."""
    now = ports.clock.now()
    unsettled = next((point.value.expiry_job_id for point in expired if point.value.expiry_job_id), "")
    chosen = [point for point in expired if point.value.expiry_job_id == unsettled][:POINTS_PER_ROUND]
    if unsettled:
        job = ports.store.get(Job, message.vault, unsettled)
        if job is not None and not job.value.is_ended:
            retries = max(job.value.retry_count, message.attempts)
            return replace(job.value, retry_count=retries, touched_at=now), chosen
    return _new_job(message, instance, len(chosen), now), chosen


def _new_job(message: ExpirePoints, instance: BackupInstance, count: int, now: datetime) -> Job:
    job = Job(
        job_id=job_id(now, JobOperation.EXPIRE, message.vault.partition, message.instance_name, instance.generation),
        operation=JobOperation.EXPIRE,
        instance_name=instance.name,
        created_at=now,
        policy_name=instance.policy.name,
        disk_id=instance.disk_id,
        disk_location=instance.disk_location,
        friendly_name=instance.friendly_name,
        details={"points": count, "deleted": []},
    )
    return job.step(DELETE_SNAPSHOTS, "InProgress", at=now, progress_percent=0).advance(JobStatus.IN_PROGRESS, at=now)


def _marked_state(point: RecoveryPoint) -> PointState:
    return point.state if point.state is PointState.LOST else PointState.EXPIRING


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What became of the marked points, by id; `error` is a passing one that ended the round early."""

    deleted: tuple[str, ...]
    blocked: Mapping[str, BackupError]
    error: BackupError | None


def _delete_snapshots(ports: Ports, message: ExpirePoints, points: Sequence[RecoveryPoint]) -> _Outcome:
    deleted: list[str] = []
    blocked: dict[str, BackupError] = {}
    for point in points:
        try:
            _delete_snapshot(ports, message, point)
        except BackupError as error:
            if error.transient:
                return _Outcome(deleted=tuple(deleted), blocked=blocked, error=error)
            blocked[point.point_id] = error
        else:
            deleted.append(point.point_id)
    return _Outcome(deleted=tuple(deleted), blocked=blocked, error=None)


def _delete_snapshot(ports: Ports, message: ExpirePoints, point: RecoveryPoint) -> None:
    """Delete a point's snapshot if it is there and says itself that it is this point's."""
    snapshot = find_snapshot_surely(ports, point.snapshot_id)
    if snapshot is None:
        return
    verdict = may_delete_snapshot(point, snapshot.tags, vault=message.vault)
    if not verdict.allowed:
        raise SnapshotNotOurs(f"Snapshot '{point.snapshot_id}' is kept: {verdict.because}")
    ports.cloud.delete_snapshot(point.snapshot_id)


def _record(ports: Ports, message: ExpirePoints, job: Job, outcome: _Outcome) -> bool:
    """Forget the deleted points, explain the blocked ones, settle the job: one transaction on what is true now."""
    stored = ports.store.get(BackupInstance, message.vault, message.instance_name)
    if stored is None:
        return False
    now = ports.clock.now()
    mine = [point for point in _points(ports, message) if point.value.expiry_job_id == job.job_id]
    gone = [point for point in mine if point.value.point_id in outcome.deleted]
    stuck = [point for point in mine if point.value.point_id in outcome.blocked]
    blocked = [_blocked(point.value, outcome.blocked[point.value.point_id], now) for point in stuck]
    settled = _settle(job, outcome, unsettled=len(mine) - len(gone) - len(stuck), now=now)
    changes: list[Change] = [Remove(point) for point in gone]
    changes += [Replace(point, news) for point, news in zip(stuck, blocked, strict=True)]
    events = [alerts.point_expired(message.vault, point.value, now) for point in gone]
    if settled.details["deleted"] and settled.is_ended:
        events.append(alerts.job_ended(message.vault, settled))
    alarm = _alarm(ports, message, stored.value, settled, outcome)
    changes = [Replace(stored, alarm.instance), Put(settled), *changes, *alarm.changes]
    if not commit(ports, message, changes, [*events, *alarm.events]):
        return False
    level = logging.WARNING if blocked else logging.INFO
    log.log(level, "expiry.round instance=%s deleted=%d blocked=%d", stored.value.name, len(gone), len(blocked))
    return True


def _alarm(ports: Ports, message: ExpirePoints, instance: BackupInstance, job: Job, outcome: _Outcome) -> Alarm:
    """What cannot be deleted raises an alert, which the first deletion that succeeds ends."""
    if outcome.blocked:
        error = next(iter(outcome.blocked.values()))
        cause = f"{Cause.EXPIRY}.{error.code}"
        return fire(ports, message.vault, instance, cause, error=JobError.of(error), job_id=job.job_id)
    return resolve(ports, message.vault, instance, Cause.EXPIRY) if outcome.deleted else Alarm(instance=instance)


def _blocked(point: RecoveryPoint, error: BackupError, now: datetime) -> RecoveryPoint:
    """Back among the good points, with the reason; looked at again later."""
    state = PointState.LOST if point.state is PointState.LOST else PointState.COMPLETED
    reason = f"{error.code}: {error.message} {error.recommended_action}"
    return replace(point, state=state, expiry_job_id="", expiry_blocked=reason, blocked_until=now + BLOCKED_RETRY)


def _settle(job: Job, outcome: _Outcome, *, unsettled: int, now: datetime) -> Job:
    """The job ends when none of its points waits any more; a passing error leaves it in progress."""
    deleted = [*job.details.get("deleted", []), *outcome.deleted]
    warnings = (*job.warnings, *(JobError.of(error) for error in outcome.blocked.values()))
    job = replace(job, details={**job.details, "deleted": deleted}, warnings=warnings, touched_at=now)
    if unsettled:
        return job
    status = JobStatus.COMPLETED_WITH_WARNINGS if warnings else JobStatus.COMPLETED
    return job.step(DELETE_SNAPSHOTS, "Completed", at=now, progress_percent=100).advance(status, at=now)


def _set_next_look(
    ports: Ports, message: ExpirePoints, stored: Stored[BackupInstance], points: Sequence[RecoveryPoint]
) -> None:
    """Nothing more to delete now: the agenda's row moves to when there will be."""
    due_at = next_look(stored.value, points, ports.clock.now())
    if due_at is not None:
        ports.store.schedule([expiry_row(message.vault, message.instance_name, due_at)])
    if stored.value.expiry_due_at != due_at:
        changed = replace(stored.value, expiry_due_at=due_at)
        if not commit(ports, message, [Replace(stored, changed)]):
            return
    if due_at != message.due_at:
        ports.store.unschedule([_row(message)])


def next_look(instance: BackupInstance, points: Sequence[RecoveryPoint], now: datetime) -> datetime | None:
    """When the agenda must look at the instance again: the next expiry, or the end of a blocked point's rest."""
    if instance.is_deleted:
        return instance.purge_at
    if instance.keeps_all_points:
        return None
    resting = [point.blocked_until for point in points if point.blocked_until is not None and now < point.blocked_until]
    if instance.state is ProtectionState.DELETING:
        return min(resting, default=now + BLOCKED_RETRY).replace(microsecond=0)
    free = [point for point in points if not _rests(point, now)]
    expiry = next_look_at(free, now=now, protected=instance.is_protected)
    candidates = [at for at in (*resting, expiry) if at is not None]
    return max(min(candidates), now + timedelta(seconds=1)).replace(microsecond=0) if candidates else None


def _remove_instance(ports: Ports, message: ExpirePoints, stored: Stored[BackupInstance]) -> None:
    """The last point is gone: the instance's record goes, and its deletion job ends."""
    changes: list[Change] = [Remove(stored)]
    job = ports.store.get(Job, message.vault, stored.value.config_job_id) if stored.value.config_job_id else None
    ended = None
    if job is not None and not job.value.is_ended:
        ended = job.value.advance(JobStatus.COMPLETED, at=ports.clock.now())
        changes.append(Replace(job, ended))
    events = [alerts.job_ended(message.vault, ended)] if ended is not None else []
    if not commit(ports, message, changes, events):
        return
    log.info("instance.deleted instance=%s", stored.value.name)
    release_claim(ports, message.vault, stored.value)
    ports.store.unschedule([_row(message)])


def _row(message: ExpirePoints) -> AgendaRow:
    return expiry_row(message.vault, message.instance_name, message.due_at)

"""Copy recovery points to other regions: give tickets, start a copy, observe it until it is whole.

A copy is recorded as waiting in the transaction that records its point; from then on it is owed. Its instance waits
in the lane of its region, gets one of the lane's tickets, and copies its oldest waiting point there; whoever ends
a copy gives its ticket to the next. A ticket whose holder died is found by the lane's own row on the agenda, which is
there as long as anything waits or runs: an installation without copies pays nothing.

A copy that fails, or is gone, begins anew under another name. What it left behind is deleted by copy_expiry.py.

Leaves to others: which copies are wanted and in which order (domain/copying.py).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import assert_never

from backup_core.domain.agenda import AgendaKind, AgendaRow, copies_row, expiry_row
from backup_core.domain.alert import Cause
from backup_core.domain.copying import (
    COPYING_AT_MOST,
    CopyLane,
    CopyState,
    LaneWait,
    PointCopy,
    Ticket,
    copies_of,
    copy_alerts,
    copy_job_id,
    copy_snapshot_id,
    copy_tags,
    find_rule,
    is_overtaken,
    look_delay,
    newest_whole,
    next_copy_expiry,
    next_in_lane,
    next_of_all,
    prove_copy,
    retry_delay,
    standings_of,
    stays_of,
)
from backup_core.domain.disk import OperationState, Snapshot
from backup_core.domain.errors import (
    BackupError,
    CopyKeyMissing,
    CopyMissed,
    NotAllowedNow,
    OperationFailed,
    ResourceInUse,
    SnapshotNotFound,
    SnapshotNotOurs,
)
from backup_core.domain.events import Event
from backup_core.domain.hold import all_holds, standing
from backup_core.domain.instance import BackupInstance, ProtectionState
from backup_core.domain.job import SNAPSHOT_UNIQUE_ID, Job, JobError, JobOperation, JobStatus, job_id
from backup_core.domain.messages import ObserveCopy, StartCopy
from backup_core.domain.naming import spread
from backup_core.domain.observation import GivenUp, Missing, Running, Usable
from backup_core.domain.outbox import COPIES
from backup_core.domain.ownership import NotProven, prove_point
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import ANYWHERE, VaultKey
from backup_core.domain.restored_disk import encryption_sets_of
from backup_core.domain.snapshot_tags import snapshot_tags
from backup_core.domain.vault import Vault
from backup_core.ports import Change, Insert, Ports, Remove, Replace, StateConflict, Stored, every, until_committed
from backup_core.workflows import announcements, outbox
from backup_core.workflows.alerts import fire, resolve
from backup_core.workflows.binding import bind_soon
from backup_core.workflows.catalogue import find_vault
from backup_core.workflows.holds import label_later
from backup_core.workflows.turns import FIRST_LOOK, come_back, go_on_later, look, open_job
from backup_core.workflows.watching import STALL_AFTER, watch_row

log = logging.getLogger("diskbackup.copying")

COPY = "Copy snapshot"
ENLISTED_AHEAD = timedelta(seconds=20)  # longer than the commit takes that the wait is for
PUMP_EVERY = timedelta(seconds=20)
CHECK_EVERY = timedelta(minutes=5)  # whether the holders of tickets are alive
WAITS_READ = 300  # those of who has a ticket already are among them
DROPPED_AT_ONCE = 20
OWED_NO_MORE = (ProtectionState.DELETING, ProtectionState.SOFT_DELETED)
RELEASES_TRIED = 10


# ---------------------------------------------------------------- what is owed


def wanted_of(ports: Ports, vault: VaultKey, instance: BackupInstance, point: RecoveryPoint) -> tuple[PointCopy, ...]:
    """The copies that are to be recorded with a new point; that they wait is recorded first, for what is owed must
    not be forgotten. Raises CloudUnavailable."""
    settings = find_vault(ports, vault)
    news = copies_of(vault, instance, point, settings.copy_rules) if settings is not None else ()
    for lane in {copy.lane for copy in news}:
        enlist(ports, vault, instance.name, lane, ports.clock.now() + ENLISTED_AHEAD)
    return news


def enlist(ports: Ports, vault: VaultKey, instance_name: str, lane: str, ready_at: datetime) -> None:
    """Have the instance wait in a lane for a ticket, from when it is `ready_at`. Raises CloudUnavailable."""
    wait = LaneWait(lane=lane, vault=vault, instance_name=instance_name, ready_at=ready_at.replace(microsecond=0))
    _ensure_pump(ports, lane)
    try:
        ports.store.commit(ANYWHERE, [Insert(wait)])
    except StateConflict:
        log.debug("copy.enlisted_twice instance=%s lane=%s", instance_name, lane)


def enlist_next(ports: Ports, vault: VaultKey, instance: BackupInstance, copies: Sequence[PointCopy]) -> bool:
    """Have an instance without a copy under way wait for a ticket for what it owes next; False when it owes nothing."""
    coming = next_of_all(copies)
    if coming is None or instance.copying or instance.state in OWED_NO_MORE:
        return False
    enlist(ports, vault, instance.name, coming.lane, max(coming.ready_at, ports.clock.now()))
    return True


# ---------------------------------------------------------------- tickets


def _ensure_pump(ports: Ports, lane: str) -> None:
    now, name = ports.clock.now(), f"pump {lane}"
    due_at = ports.memory.recall(name)
    if due_at is None or due_at <= now:
        row = _lane_row(lane, _next_round(now))
        ports.store.schedule([row])
        ports.memory.note(name, row.due_at)


def _lane_row(lane: str, due_at: datetime, checked_at: str = "") -> AgendaRow:
    return AgendaRow(
        kind=AgendaKind.WATCH,
        due_at=due_at,
        vault=ANYWHERE,
        instance_name=COPIES,
        subject=lane,
        content={"step": COPIES, "checked": checked_at},
    )


def _next_round(now: datetime) -> datetime:
    """The same for all who ask at about the same time: their rows are one."""
    every_seconds = PUMP_EVERY.total_seconds()
    rounds = ceil((now + PUMP_EVERY / 2).timestamp() / every_seconds)
    return datetime.fromtimestamp(rounds * every_seconds, UTC)


def pump(ports: Ports, row: AgendaRow) -> AgendaRow | None:
    """Give what tickets there are, and look now and then whether their holders live; answers the row that takes this
    one's place while anything waits or runs."""
    lane, now = row.subject, ports.clock.now()
    checked = str(row.content.get("checked") or "")
    if not checked or datetime.fromisoformat(checked) + CHECK_EVERY <= now:
        _check_holders(ports, lane)
        checked = now.isoformat()
    return _lane_row(lane, _next_round(now), checked) if give_tickets(ports, lane) else None


def give_tickets(ports: Ports, lane: str, *freed: Ticket) -> bool:
    """Take back the `freed` tickets and give all that are left to those who wait longest. Answers whether anything
    waits or runs in the lane. Raises CloudUnavailable, ResourceInUse (the lane's row alone tells then)."""

    def attempt() -> tuple[bool, tuple[Ticket, ...]]:
        stored = ports.store.get(CopyLane, ANYWHERE, lane)
        known = stored.value if stored is not None else CopyLane(key=lane)
        page = ports.store.page(LaneWait, ANYWHERE, lane, limit=WAITS_READ)
        after, fresh = known.without(*freed).given([each.value for each in page.items], ports.clock.now())
        changes: list[Change] = []
        if after != known:
            changes.append(Insert(after) if stored is None else Replace(stored, after))
        holders, taken = {each.holder for each in fresh}, list[Stored[LaneWait]]()
        for wait in page.items:
            if wait.value.holder in holders:
                holders.discard(wait.value.holder)
                taken.append(wait)
        # A transaction takes 100 rows: a lane that fills at once is written in two, tickets first.
        changes += [Remove(wait) for wait in taken[:99]]
        if changes:
            ports.store.commit(ANYWHERE, changes)
        return bool(after.tickets or page.items), fresh

    is_busy, fresh = until_committed(f"Lane '{lane}'", attempt)
    ports.queue.send_all([(_start(lane, ticket), timedelta(0)) for ticket in fresh])
    return is_busy


def _start(lane: str, ticket: Ticket) -> StartCopy:
    job = copy_job_id(ticket.vault, ticket.instance_name, lane, ticket.given_at)
    return StartCopy(vault=ticket.vault, instance_name=ticket.instance_name, job_id=job, lane=lane)


def _check_holders(ports: Ports, lane: str) -> None:
    """A ticket whose job has ended is free; one whose job never began has lost its message."""
    stored, now = ports.store.get(CopyLane, ANYWHERE, lane), ports.clock.now()
    old = [each for each in stored.value.tickets if each.given_at + STALL_AFTER <= now] if stored is not None else []
    freed = []
    for ticket in old:
        start = _start(lane, ticket)
        job = ports.store.get(Job, ticket.vault, start.job_id)
        if job is None:
            ports.queue.send(start)
        elif job.value.is_ended:
            freed.append(ticket)
    if freed:
        log.warning("copy.tickets_found lane=%s count=%d", lane, len(freed))
        give_tickets(ports, lane, *freed)


def _release(ports: Ports, message: StartCopy | ObserveCopy) -> None:
    """Give the message's ticket to the next. What fails here the lane's own row sees to."""
    try:
        ticket = _ticket(ports, message)
        if ticket is not None:
            give_tickets(ports, message.lane, ticket)
    except ResourceInUse as error:  # many end at once
        log.warning("copy.ticket_kept lane=%s code=%s", message.lane, error.code)
        if message.attempts < RELEASES_TRIED:
            wait = timedelta(seconds=1 + 5 * spread(message.job_id, message.attempts))
            ports.queue.send(replace(message, attempts=message.attempts + 1), delay=wait)


def _ticket(ports: Ports, message: StartCopy | ObserveCopy) -> Ticket | None:
    """The ticket that the message's job is of, if it is still held."""
    stored = ports.store.get(CopyLane, ANYWHERE, message.lane)
    ticket = stored.value.ticket_of(message.vault, message.instance_name) if stored is not None else None
    return ticket if ticket is not None and _start(message.lane, ticket).job_id == message.job_id else None


# ---------------------------------------------------------------- starting


def start_copy(ports: Ports, message: StartCopy) -> None:
    """Claim the instance for its next copy in the lane and ask Azure for it, or let the ticket go to another."""
    row = ports.store.get(Job, message.vault, message.job_id)
    if row is not None:
        _resume(ports, message, row)
        return
    if _ticket(ports, message) is None:
        log.info("copy.no_ticket instance=%s lane=%s", message.instance_name, message.lane)
        return
    stored = ports.store.get(BackupInstance, message.vault, message.instance_name)
    if stored is None or stored.value.state in OWED_NO_MORE or stored.value.copying:
        _release(ports, message)  # whoever ends the copy under way waits for the next ticket
        return
    copies = read_copies(ports, message.vault, message.instance_name)
    copy = next_in_lane((each.value for each in copies), message.lane)
    found = next((each for each in copies if copy is not None and each.value.copy_id == copy.copy_id), None)
    if found is None or found.value.ready_at > ports.clock.now():
        enlist_next(ports, message.vault, stored.value, [each.value for each in copies])
        _release(ports, message)
        return
    settings = find_vault(ports, message.vault)
    point = ports.store.get(RecoveryPoint, message.vault, message.instance_name, found.value.point_id)
    because = _against(found.value, [each.value for each in copies], point, settings, ports.clock.now())
    if because is not None:
        _drop(ports, message, stored, copies, found, point, because)
        return
    assert point is not None, "said by _against"
    begun = _begin(ports, message, stored, _by_rule(found, settings), point.value)
    if begun is not None:
        _issue(ports, message, begun[0], begun[1], settings)


def read_copies(ports: Ports, vault: VaultKey, instance_name: str) -> list[Stored[PointCopy]]:
    return list(every(ports, PointCopy, vault, instance_name))


def _by_rule(found: Stored[PointCopy], settings: Vault | None) -> Stored[PointCopy]:
    """Where a copy goes, and with which key, its rule says when it begins: it may have been mended since."""
    rule = find_rule(settings.copy_rules, found.value.rule_name) if settings is not None else None
    if rule is None or rule.lane != found.value.lane:
        return found
    changed = replace(found.value, group_id=rule.snapshot_group_id, encryption_set_id=rule.encryption_set_id)
    return replace(found, value=changed)


def _against(
    copy: PointCopy,
    copies: Sequence[PointCopy],
    point: Stored[RecoveryPoint] | None,
    settings: Vault | None,
    now: datetime,
) -> CopyMissed | str | None:
    """Why a copy is not made any more: somebody took that back, or it was missed."""
    if settings is None or find_rule(settings.copy_rules, copy.rule_name) is None:
        return f"copy rule '{copy.rule_name}' is gone"
    what = f"The copy in {copy.location} of the recovery point of {copy.point_at:%Y-%m-%dT%H:%M:%SZ} was not made"
    if copy.expires_at <= now:
        return CopyMissed(f"{what} before it would have expired.")
    if point is None or not point.value.is_good:
        return CopyMissed(f"{what} before its recovery point was gone.")
    if is_overtaken(copy, copies):
        return CopyMissed(f"{what} before a newer one was begun, and Azure keeps to the order of creation.")
    return None


def _drop(
    ports: Ports,
    message: StartCopy,
    stored: Stored[BackupInstance],
    copies: Sequence[Stored[PointCopy]],
    dropped: Stored[PointCopy],
    point: Stored[RecoveryPoint] | None,
    because: CopyMissed | str,
) -> None:
    """Forget a copy that is not owed any more, and go on with the next by the same ticket. One that left something
    behind stays on record until that is deleted. What was due and is not made is a job that failed."""
    left = [each.value for each in copies if each is not dropped]
    changes, events = without_copy(ports, message.vault, stored, dropped, left, point), list[Event]()
    if isinstance(because, CopyMissed):
        missed = _missed(ports, message, stored.value, dropped.value, because)
        changes.append(Insert(missed))
        events.append(announcements.job_ended(message.vault, missed))
    try:
        outbox.commit(ports, message.vault, changes, events)
    except StateConflict:
        ports.queue.send(message, delay=timedelta(seconds=1))
        return
    log.warning("copy.dropped instance=%s point=%s: %s", message.instance_name, dropped.value.point_id, because)
    ports.queue.send(message)


def _missed(ports: Ports, message: StartCopy, instance: BackupInstance, copy: PointCopy, error: CopyMissed) -> Job:
    now = ports.clock.now()
    identity = (message.vault.partition, instance.name, copy.lane, copy.copy_id)
    job = _job_of(job_id(now, JobOperation.COPY, *identity), instance, copy, now, isMissed=True)
    return job.advance(JobStatus.FAILED, at=now, error=error)


def _job_of(job_id: str, instance: BackupInstance, copy: PointCopy, now: datetime, **details: object) -> Job:
    return Job(
        job_id=job_id,
        operation=JobOperation.COPY,
        instance_name=instance.name,
        created_at=now,
        policy_name=copy.policy_name,
        disk_id=instance.disk_id,
        disk_location=instance.disk_location,
        friendly_name=instance.friendly_name,
        retention_tag=copy.tag_name,
        point_id=copy.point_id,
        details={"copy": copy.copy_id, "lane": copy.lane, "location": copy.location, **details},
    )


def without_copy(
    ports: Ports,
    vault: VaultKey,
    stored: Stored[BackupInstance],
    dropped: Stored[PointCopy],
    left: Sequence[PointCopy],
    point: Stored[RecoveryPoint] | None,
) -> list[Change]:
    """The changes that forget a copy that was never made. `point`: its own, which is let go of."""
    lost = replace(dropped.value, state=CopyState.LOST, snapshot_id="")
    rest = [*left, lost] if dropped.value.left_behind else list(left)
    instance = replace(stored.value, copy_standings=standings_of(rest))
    freed = [] if point is None else [point]
    instance, changes = let_go(ports, vault, instance, freed, dropped.value.lane)
    if dropped.value.left_behind:
        ports.store.schedule([copies_row(vault, instance.name, ports.clock.now())])
        changes.append(Replace(dropped, lost))
    else:
        changes.append(Remove(dropped))
    return [Replace(stored, instance), *changes]


def let_go(
    ports: Ports, vault: VaultKey, instance: BackupInstance, points: Iterable[Stored[RecoveryPoint]], lane: str
) -> tuple[BackupInstance, list[Change]]:
    """Points whose snapshots a lane needs no more, and the instance, whose expiry is looked at in time: the agenda is
    told first."""
    changes: list[Change] = []
    for point in points:
        if lane not in point.value.copying:
            continue
        free = replace(point.value, copying=tuple(each for each in point.value.copying if each != lane))
        changes.append(Replace(point, free))
        if free.expires_at is None or free.copying:
            continue
        due_at = max(free.expires_at, ports.clock.now()).replace(microsecond=0)
        if instance.expiry_due_at is None or due_at < instance.expiry_due_at:
            ports.store.schedule([expiry_row(vault, instance.name, due_at)])
            instance = replace(instance, expiry_due_at=due_at)
    return instance, changes


def _begin(
    ports: Ports,
    message: StartCopy,
    stored: Stored[BackupInstance],
    found: Stored[PointCopy],
    point: RecoveryPoint,
) -> tuple[Stored[Job], PointCopy] | None:
    """Write the job, the copy under its new name, and the instance that it claims, in one transaction; None when
    another was faster."""
    instance, now = stored.value, ports.clock.now()
    attempt = found.value.attempt + 1
    copy = replace(
        found.value, source_id=point.snapshot_id, attempt=attempt, state=CopyState.COPYING, job_id=message.job_id
    )
    copy = replace(copy, snapshot_id=copy_snapshot_id(message.vault, copy, attempt), because="", not_before=None)
    job = _job_of(message.job_id, instance, copy, now, snapshot=copy.snapshot_id, attempt=attempt)
    job = job.step(COPY, "InProgress", at=now, progress_percent=0, to=JobStatus.IN_PROGRESS)
    ports.store.schedule([copy_watch(message, now + STALL_AFTER)])
    claimed = replace(instance, copying=copy.copy_id)
    try:
        etags = ports.store.commit(message.vault, [Replace(stored, claimed), Replace(found, copy), Insert(job)])
    except StateConflict:
        ports.queue.send(message, delay=timedelta(seconds=1))
        return None
    return Stored(job, etags[2]), copy


def copy_watch(message: StartCopy | ObserveCopy, due_at: datetime) -> AgendaRow:
    content = {"lane": message.lane}
    return watch_row(message.vault, message.instance_name, message.job_id, "copy", due_at, content)


def _resume(ports: Ports, message: StartCopy, row: Stored[Job]) -> None:
    """A copy of the message, from the watch or the queue. Asking twice copies once: the name is the attempt's."""
    if row.value.is_ended:
        _release(ports, message)
        return
    if message.turn < row.value.turn:
        return
    copy = ports.store.get(PointCopy, message.vault, message.instance_name, str(row.value.details["copy"]))
    if copy is None or copy.value.job_id != message.job_id:
        _end_unowed(ports, message, row)
        return
    _issue(ports, message, row, copy.value, find_vault(ports, message.vault))


def _issue(ports: Ports, message: StartCopy, row: Stored[Job], copy: PointCopy, settings: Vault | None) -> None:
    try:
        source = _source(ports, message.vault, copy)
        url = ports.cloud.start_copy(
            copy.snapshot_id,
            source=source,
            location=copy.location,
            tags=_tags(ports, message.vault, copy, settings),
            encryption_set_id=copy.encryption_set_id,
        )
    except BackupError as error:
        _retreat(ports, message, row, error)
        return
    observe = ObserveCopy(
        vault=message.vault,
        instance_name=message.instance_name,
        job_id=message.job_id,
        lane=message.lane,
        operation_url=url,
        turn=row.value.turn,
    )
    ports.queue.send(observe, delay=FIRST_LOOK)


def _source(ports: Ports, vault: VaultKey, copy: PointCopy) -> Snapshot:
    """The point's own snapshot, whole: one of a Premium SSD v2 or Ultra disk is copied from then on only (documented).
    Raises SnapshotNotFound, SnapshotNotOurs, NotAllowedNow."""
    source = ports.cloud.find_snapshot(copy.source_id)
    point = ports.store.get(RecoveryPoint, vault, copy.instance_name, copy.point_id)
    if source is None or point is None:
        raise SnapshotNotFound(f"Snapshot '{copy.source_id}', which was to be copied, is gone.", target=copy.source_id)
    judgement = prove_point(point.value, source, vault=vault)
    if isinstance(judgement, NotProven):
        reasons = "; ".join(judgement.because)
        raise SnapshotNotOurs(f"Snapshot '{source.id}' is not the one that was recorded: {reasons}.", target=source.id)
    if encryption_sets_of(source.raw) and not copy.encryption_set_id:
        message = f"Snapshot '{source.id}' is encrypted with a customer's key, and its copy would not be."
        raise CopyKeyMissing(message, target=source.id)
    if not source.is_usable:
        raise NotAllowedNow(f"Snapshot '{source.id}' is not whole yet; until then Azure does not copy it.")
    return source


def _tags(ports: Ports, vault: VaultKey, copy: PointCopy, settings: Vault | None) -> dict[str, str]:
    stored = ports.store.get(BackupInstance, vault, copy.instance_name)
    instance = stored.value if stored is not None else None
    held = standing(all_holds(copy, instance, settings), ports.clock.now())
    return snapshot_tags(
        copy_tags(vault, copy, held),
        instance=instance.tags if instance is not None else {},
        vault=settings.tags if settings is not None else {},
        disk=copy.disk.get("tags") or {},
    )


def _retreat(ports: Ports, message: StartCopy | ObserveCopy, row: Stored[Job], error: BackupError) -> None:
    if not come_back(ports, message, row, error):
        _fail(ports, message, row, error)


# ---------------------------------------------------------------- observing


def observe_copy(ports: Ports, message: ObserveCopy) -> None:
    """Look once whether the copy is whole: record it, or look again later, or begin anew under another name."""
    row = open_job(ports, message)
    if row is None:
        stored = ports.store.get(Job, message.vault, message.job_id)
        if stored is not None and stored.value.is_ended:
            _release(ports, message)
        return
    copy = ports.store.get(PointCopy, message.vault, message.instance_name, str(row.value.details["copy"]))
    if copy is None or copy.value.job_id != message.job_id:
        _end_unowed(ports, message, row)
        return
    try:
        seen = _look(ports, message, copy.value)
    except BackupError as error:
        _retreat(ports, message, row, error)
        return
    match seen:
        case Usable(snapshot):
            _complete_if_own(ports, message, row, snapshot)
        case Running(percent):
            _look_again(ports, message, row, percent)
        case GivenUp(failure):
            _fail(ports, message, row, failure)
        case Missing():
            gone = SnapshotNotFound(f"The copy '{copy.value.snapshot_id}' is not there after Azure accepted it.")
            _fail(ports, message, row, gone)
        case _:
            assert_never(seen)


def _look(ports: Ports, message: ObserveCopy, copy: PointCopy) -> Running | Usable[Snapshot] | Missing | GivenUp:
    seen: list[Snapshot] = []

    def find(_operation: OperationState | None) -> Snapshot | None:
        found = ports.cloud.find_snapshot(copy.snapshot_id)  # the operation ends before the copy has begun
        seen.extend([found] if found is not None else [])
        return found

    result = look(ports, message.operation_url, message.looks, f"copy '{copy.snapshot_id}'", find)
    if seen and seen[0].copy_error:
        return GivenUp(OperationFailed(f"Azure gave up copying to '{copy.snapshot_id}': {seen[0].copy_error}"))
    return result


def _look_again(ports: Ports, message: ObserveCopy, row: Stored[Job], percent: int | None) -> None:
    now, job = ports.clock.now(), row.value
    elapsed = now - (job.started_at or job.created_at)
    if elapsed > COPYING_AT_MOST:
        _fail(ports, message, row, OperationFailed(f"The copy is not whole after {COPYING_AT_MOST.days} days."))
        return
    job = job.step(COPY, "InProgress", at=now, progress_percent=percent)
    delay = FIRST_LOOK * 2 if percent is None else look_delay(elapsed, percent)
    again = replace(message, looks=message.looks + 1, attempts=0, deferrals=0, doubts=0)
    again = again if percent is None else replace(again, operation_url="")
    go_on_later(ports, again, row, job, delay)


def _complete_if_own(ports: Ports, message: ObserveCopy, row: Stored[Job], snapshot: Snapshot) -> None:
    whole = _whole(ports, message, row, snapshot)
    if isinstance(whole, BackupError):
        _fail(ports, message, row, whole)
        return
    try:
        outbox.commit(ports, message.vault, whole.changes, whole.events)
    except StateConflict:
        ports.queue.send(message, delay=timedelta(seconds=1))
        return
    log.info("copy.completed job_id=%s instance=%s lane=%s", message.job_id, message.instance_name, message.lane)
    bind_soon(ports, message.vault, whole.instance, whole.copy)
    label_later(ports, message.vault, whole.copy, snapshot, all_holds(whole.instance, whole.settings))
    _go_on(ports, message)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Whole:
    """A copy that is whole and its instance, as they are to be written, and with what. `settings` are the vault's."""

    copy: PointCopy
    instance: BackupInstance
    settings: Vault | None
    changes: Sequence[Change]
    events: Sequence[Event]


def _whole(ports: Ports, message: ObserveCopy, row: Stored[Job], snapshot: Snapshot) -> _Whole | BackupError:
    """What is to be written of a copy that is whole: of it and the newest before, the snapshot of the older one is
    needed no more, and that copy may expire."""
    vault, name, now = message.vault, message.instance_name, ports.clock.now()
    stored = ports.store.get(BackupInstance, vault, name)
    copies = read_copies(ports, vault, name)
    mine = next((each for each in copies if each.value.job_id == message.job_id), None)
    if stored is None or mine is None:
        return SnapshotNotFound(f"Nothing is recorded any more of the copy '{snapshot.id}'.", target=snapshot.id)
    judgement = prove_copy(mine.value, snapshot, vault=vault)
    if isinstance(judgement, NotProven):
        reasons = "; ".join(judgement.because)
        return SnapshotNotOurs(f"Snapshot '{snapshot.id}' is not this copy: {reasons}.", target=snapshot.id)
    whole = replace(
        mine.value,
        state=CopyState.COMPLETED,
        job_id="",
        snapshot_unique_id=snapshot.unique_id,
        created_at=snapshot.created_at,
        completed_at=now,
    )
    before = newest_whole((each.value for each in copies), whole.lane)
    after = [whole if each is mine else each.value for each in copies]
    # The older one's: after tables were set back, a newer copy may be found whole while this one is made once more.
    spare = next((each for each in (before, whole) if each is not newest_whole(after, whole.lane)), None)
    former = ports.store.get(RecoveryPoint, vault, name, spare.point_id) if spare is not None else None
    instance = replace(stored.value, copying="", copy_standings=standings_of(after))
    instance, changes = let_go(ports, vault, instance, [] if former is None else [former], whole.lane)
    schedule_expiry(ports, vault, instance, after)
    causes = _causes(instance, whole)
    cleared = resolve(ports, vault, instance, *causes) if causes else None
    if cleared is not None:
        instance, changes = cleared.instance, [*changes, *cleared.changes]
    job = row.value.step(COPY, "Completed", at=now, progress_percent=100, to=JobStatus.COMPLETED)
    job = replace(job, details={**job.details, SNAPSHOT_UNIQUE_ID: snapshot.unique_id})
    told = [announcements.job_ended(vault, job), *(cleared.events if cleared is not None else ())]
    written: list[Change] = [Replace(stored, instance), Replace(mine, whole), Replace(row, job), *changes]
    return _Whole(copy=whole, instance=instance, settings=find_vault(ports, vault), changes=written, events=told)


def _causes(instance: BackupInstance, copy: PointCopy) -> list[str]:
    """The causes of open alerts that a whole copy ends: failures of copies there."""
    return [each for each in copy_alerts(instance, Cause.COPY) if each.startswith(f"{Cause.COPY}.{copy.lane}.")]


def schedule_expiry(ports: Ports, vault: VaultKey, instance: BackupInstance, copies: Sequence[PointCopy]) -> None:
    """When copies are to be looked at for expiry, by their dates alone: whoever looks knows better. A row too many
    does no harm."""
    now = ports.clock.now()
    due_at = next_copy_expiry(copies, stays_of(instance, (), (), now, immutable=False))
    if due_at is not None:
        ports.store.schedule([copies_row(vault, instance.name, max(due_at, now + timedelta(seconds=1)))])


def _fail(ports: Ports, message: StartCopy | ObserveCopy, row: Stored[Job], error: BackupError) -> None:
    """The attempt has failed. The copy is still owed: it waits for a while, then begins under another name."""
    vault, name = message.vault, message.instance_name
    stored = ports.store.get(BackupInstance, vault, name)
    copy = ports.store.get(PointCopy, vault, name, str(row.value.details["copy"]))
    if stored is None or copy is None or copy.value.job_id != message.job_id:
        _end_unowed(ports, message, row)
        return
    now = ports.clock.now()
    waiting = again(copy.value, now, f"{error.code}: {error.message}")
    failed = row.value.advance(JobStatus.FAILED, at=now, error=error)
    cause = f"{Cause.COPY}.{copy.value.lane}.{error.code}"
    alerted = fire(
        ports, vault, replace(stored.value, copying=""), cause, error=JobError.of(error), job_id=failed.job_id
    )
    changes = [Replace(stored, alerted.instance), Replace(copy, waiting), Replace(row, failed), *alerted.changes]
    if not copy.value.left_behind:  # else it is on the agenda, and a second row would have it looked at twice as often
        ports.store.schedule([copies_row(vault, name, now + timedelta(seconds=1))])  # it is in the next one's way
    try:
        outbox.commit(ports, vault, changes, [announcements.job_ended(vault, failed), *alerted.events])
    except StateConflict:
        ports.queue.send(message, delay=timedelta(seconds=1))
        return
    log.error("copy.failed job_id=%s instance=%s code=%s %s", failed.job_id, name, error.code, error.message)
    _go_on(ports, message)


def again(copy: PointCopy, now: datetime, because: str) -> PointCopy:
    """A copy that failed or is gone, to be made anew under another name after a while."""
    return replace(
        copy,
        state=CopyState.WAITING,
        job_id="",
        snapshot_id="",
        snapshot_unique_id="",
        created_at=None,
        completed_at=None,
        absent_since=None,
        left_behind=(*copy.left_behind, copy.snapshot_id)[-10:] if copy.snapshot_id else copy.left_behind,
        not_before=now + retry_delay(copy.attempt - 1),
        because=because[:1000],
    )


def _end_unowed(ports: Ports, message: StartCopy | ObserveCopy, row: Stored[Job]) -> None:
    """Nothing is recorded any more of what the job was for."""
    ended = row.value.advance(JobStatus.CANCELLED, at=ports.clock.now())
    try:
        outbox.commit(ports, message.vault, [Replace(row, ended)], [announcements.job_ended(message.vault, ended)])
    except StateConflict:
        ports.queue.send(message, delay=timedelta(seconds=1))
        return
    _go_on(ports, message)


def _go_on(ports: Ports, message: StartCopy | ObserveCopy) -> None:
    """After the end of a copy: the instance waits for its next one, its ticket goes to another."""
    stored = ports.store.get(BackupInstance, message.vault, message.instance_name)
    if stored is not None and not stored.value.copying:
        copies = read_copies(ports, message.vault, message.instance_name)
        enlist_next(ports, message.vault, stored.value, [each.value for each in copies])
    _release(ports, message)

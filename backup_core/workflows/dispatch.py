"""The tick: find the backups that are due, enqueue them, move the agenda forward. Costs what is due, not what exists.

A herd is spread by what Azure allows its subscription (pacing.py): each start is visible when its budget is there. What
cannot begin before the next tick stays on the agenda, where it costs nothing, follows what is known by then, and is
caught up with by its next slot should that come first.

Order of writes, per chunk: messages first, then the rows that watch over them, then the next rows instead of the old
(design decision 4). A tick that dies in between leaves rows that will be due again; their messages name the same jobs,
so nothing is taken twice.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import count

from backup_core.domain.agenda import AgendaKind, AgendaRow
from backup_core.domain.errors import BackupError
from backup_core.domain.instance import MISSED_SLOTS_KEPT
from backup_core.domain.messages import StartBackup
from backup_core.domain.naming import scheduled_job_id, spread
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.schedule import Schedule
from backup_core.ports import Ports
from backup_core.workflows import outbox, pacing
from backup_core.workflows.heartbeat import count_by_vault, tell_of_silence
from backup_core.workflows.watching import STALL_AFTER, backup_watch

log = logging.getLogger("diskbackup.dispatch")

DISPATCH_LIMIT = 20_000  # rows a tick takes; the rest is still the agenda's head at the next tick
CHUNK = 400
TICK_EVERY = timedelta(minutes=1)
AHEAD = timedelta(seconds=90)  # how far starts are enqueued: until the next tick, though another host must take it over
# Few messages are taken up within seconds: one that is not was lost with its host. A herd waits for its turn.
FEW = 100
FEW_STALL_AFTER = timedelta(seconds=15)
DELIVERS = 15  # of so many backups of a herd one delivers events: two of each, as many as one delivery takes


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchSummary:
    """`waiting` are due, and stay on the agenda: no budget allows them to begin before the next tick."""

    enqueued: int
    waiting: int
    missed_slots: int
    unreadable: int
    limited: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    row: AgendaRow
    message: StartBackup
    next_row: AgendaRow
    at: datetime  # when it may begin

    @property
    def subscription(self) -> str:
        """Whose budgets it needs. Rows of an earlier release do not say; then their vault's."""
        return str(self.row.content.get("subscription") or self.row.vault.subscription).lower()

    @property
    def region(self) -> str:
        return str(self.row.content.get("region") or "")

    def overrun(self, at: datetime) -> int:
        """How many of its slots will have become due by then on top of the one that it is due for."""
        interval = self.next_row.due_at - (self.message.slot or self.row.due_at)
        return (at - self.row.due_at) // interval


def dispatch(ports: Ports, *, silent_since: datetime | None = None, limit: int = DISPATCH_LIMIT) -> DispatchSummary:
    """Enqueue the newest due slot of every instance whose row is due. Safe to run on many hosts at once.

    `silent_since` is when the last dispatch was, if that is so long ago that those who had slots meanwhile are told.
    """
    now = ports.clock.now()
    rows = ports.store.due(AgendaKind.BACKUP, until=now, limit=limit)
    if silent_since is not None:
        tell_of_silence(ports, silent_since, count_by_vault(_slots_in_silence(row, now) for row in rows))
    planned = [_plan(row, now) for row in rows]
    due = _agreed([each for each in planned if each is not None])
    limited = len(rows) == limit  # then others may wait behind these, which must go, however far ahead
    starts = _placed(ports, due, until=datetime.max.replace(tzinfo=UTC) if limited else now + AHEAD)
    is_herd = len(starts) > FEW
    stall_after = STALL_AFTER if is_herd else FEW_STALL_AFTER
    starts = _quietened(ports, starts) if is_herd else starts
    failed: BackupError | None = None
    for chunk in _chunks(starts):
        try:
            _enqueue(ports, chunk, stall_after)
        except BackupError as error:  # such as a dropped connection: the others keep their places
            if failed is not None:
                raise
            failed = error
    # A row that cannot be read would be due for ever; without it the reconciler writes a sound one.
    unreadable = [row for row, plan in zip(rows, planned, strict=True) if plan is None]
    if unreadable:
        ports.store.unschedule(unreadable)
    if limited:
        log.warning("dispatch.limited limit=%d", limit)
    summary = DispatchSummary(
        enqueued=len(starts),
        waiting=len(due) - len(starts),
        missed_slots=sum({each.message.job_id: each.message.missed_count for each in starts}.values()),
        unreadable=len(unreadable),
        limited=limited,
    )
    # The one line that is kept of what goes well (host.json): the scheduler's sign of life, for which an alert waits.
    log.info(
        "dispatch.done enqueued=%d missed=%d unreadable=%d waiting=%d",
        summary.enqueued,
        summary.missed_slots,
        summary.unreadable,
        summary.waiting,
    )
    if failed is not None:
        raise failed
    return summary


def _agreed(due: Sequence[_Due]) -> list[_Due]:
    """Of rows that ask for one backup, as after a change of schedule, each tells of slots that it stands for. Then each
    message tells of them all: any may be the one that is lost, or comes second."""
    asking = defaultdict[str, list[StartBackup]](list)
    for each in due:
        asking[each.message.job_id].append(each.message)
    return [
        each
        if len(others := asking[each.message.job_id]) == 1
        else replace(each, message=_telling_all(each.message, others))
        for each in due
    ]


def _telling_all(message: StartBackup, others: Sequence[StartBackup]) -> StartBackup:
    slots = sorted({slot for other in others for slot in other.missed_slots})
    unnamed = max(other.missed_count - len(other.missed_slots) for other in others)  # beyond those that are named
    kept = slots[-MISSED_SLOTS_KEPT:]
    return replace(message, missed_slots=tuple(kept), missed_count=len(slots) + unnamed)


def _enqueue(ports: Ports, starts: Sequence[_Due], stall_after: timedelta) -> None:
    now = ports.clock.now()
    watched = [
        replace(each.message, watch_due_at=(max(each.at, now) + stall_after).replace(microsecond=0)) for each in starts
    ]
    delays = [max(each.at - now, timedelta(0)) for each in starts]
    ports.queue.send_all(list(zip(watched, delays, strict=True)))
    ports.store.schedule([_watch_of(message) for message in watched])
    ports.store.schedule([each.next_row for each in starts], instead_of=[each.row for each in starts])


def _plan(row: AgendaRow, now: datetime) -> _Due | None:
    try:
        schedule = _schedule(tuple(row.content["intervals"]), row.content["time_zone"])
        revision, generation = int(row.content["revision"]), str(row.content["generation"])
        slot = schedule.newest_slot(now) or row.due_at
        next_due_at = schedule.next_slot(now)
    except (KeyError, TypeError, ValueError) as error:
        log.error("agenda.unreadable instance=%s vault=%s %r", row.instance_name, row.vault.resource_id, error)
        return None
    slot = max(slot, row.due_at)
    missed, count = _missed(schedule, row.due_at, slot)
    message = StartBackup(
        vault=row.vault,
        instance_name=row.instance_name,
        job_id=scheduled_job_id(row.vault, row.instance_name, generation, slot),
        revision=revision,
        slot=slot,
        missed_slots=missed,
        missed_count=count,
        next_due_at=next_due_at,
    )
    return _Due(row=row, message=message, next_row=replace(row, due_at=next_due_at), at=now)


def _placed(ports: Ports, due: Sequence[_Due], *, until: datetime) -> list[_Due]:
    """Those that may begin by `until`, each with when, soonest first."""
    herds = defaultdict[str, list[_Due]](list)
    for each in _in_order(due, ports.clock.now()):
        herds[each.subscription].append(each)
    starts = []
    for subscription, herd in herds.items():
        places = pacing.places(ports, subscription, [each.region for each in herd], until=until)
        starts += [replace(each, at=at) for each, at in zip(herd, places, strict=True) if at is not None]
    return sorted(starts, key=lambda each: each.at)


def _quietened(ports: Ports, starts: list[_Due]) -> list[_Due]:
    """Most of a herd only record their events: hosts that take a few backups of a vault each, and deliver after each,
    would do so more often than there is anything new."""
    last = {each.row.vault: each.at for each in starts}  # they are in order
    try:
        quiet_until = outbox.wake_after(ports, last)
    except BackupError as error:
        log.warning("dispatch.loud code=%s", error.code)
        return starts
    numbers = defaultdict[VaultKey, Iterator[int]](lambda: count(1))
    return [
        each
        if next(numbers[each.row.vault]) % DELIVERS == 0
        else replace(each, message=replace(each.message, quiet_until=quiet_until[each.row.vault]))
        for each in starts
    ]


def _in_order(due: Sequence[_Due], now: datetime) -> list[_Due]:
    """First what would miss a slot by waiting for the next tick, then what has been due longest; among equals by lot,
    another at each slot, so that no disk is always the last of its herd."""

    def order(each: _Due) -> tuple[int, datetime, float]:
        row = each.row
        lot = spread(row.vault.partition, row.instance_name, row.due_at.isoformat())
        return -each.overrun(now + TICK_EVERY), row.due_at, lot

    return sorted(due, key=order)


def _slots_in_silence(row: AgendaRow, now: datetime) -> tuple[VaultKey, int]:
    """How many of the row's slots should have been started by an earlier tick."""
    planned = _plan(row, now)
    if planned is None or planned.message.slot is None:
        return row.vault, 0
    return row.vault, planned.message.missed_count + (planned.message.slot <= now - TICK_EVERY)


def _missed(schedule: Schedule, first: datetime, newest: datetime) -> tuple[tuple[datetime, ...], int]:
    """The slots from `first` up to, not including, `newest`: those that one catch-up backup stands for."""
    if first >= newest:
        return (), 0
    before = first - timedelta(seconds=1)
    until = newest - timedelta(seconds=1)
    return schedule.slots_between(before, until, MISSED_SLOTS_KEPT), schedule.count_between(before, until)


def _watch_of(message: StartBackup) -> AgendaRow:
    assert message.watch_due_at is not None, "dispatch sets it"
    return backup_watch(message, message.watch_due_at)


@lru_cache(maxsize=1024)
def _schedule(intervals: tuple[str, ...], time_zone: str) -> Schedule:
    return Schedule.parse(intervals, time_zone)


def _chunks(starts: Sequence[_Due]) -> Iterator[Sequence[_Due]]:
    for first in range(0, len(starts), CHUNK):
        yield starts[first : first + CHUNK]

"""The tick: find the backups that are due, enqueue them, move the agenda forward. Costs what is due, not what exists.

Order of writes, per chunk: messages first, then the rows that watch over them, then the next rows instead of the old
(design decision 4). A tick that dies in between leaves rows that will be due again; their messages name the same jobs,
so nothing is taken twice.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from backup_core.domain.agenda import AgendaKind, AgendaRow
from backup_core.domain.instance import MISSED_SLOTS_KEPT, BackupInstance
from backup_core.domain.messages import StartBackup
from backup_core.domain.naming import scheduled_job_id, spread
from backup_core.domain.pacing import Budget
from backup_core.domain.resource_ids import VaultKey, parse_group_id
from backup_core.domain.schedule import Schedule
from backup_core.ports import Ports
from backup_core.workflows.heartbeat import count_by_vault, tell_of_silence
from backup_core.workflows.watching import STALL_AFTER, backup_watch

log = logging.getLogger("diskbackup.dispatch")

DISPATCH_LIMIT = 5000  # rows a tick takes; the rest is still the agenda's head at the next tick
CHUNK = 400
TICK_EVERY = timedelta(minutes=1)
# Few messages are taken up within seconds: one that is not was lost with its host. A herd waits for its turn.
FEW = 100
# Starts of one subscription: what Azure Resource Manager's bucket of writes takes at once and refills (documented: 200,
# and 10 a second), less a little for restores and requests beside them.
BURST = 180
STARTS_A_SECOND = 9.8
PACE_REMEMBERED = timedelta(hours=1)
FEW_STALL_AFTER = timedelta(seconds=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchSummary:
    enqueued: int
    missed_slots: int
    unreadable: int
    limited: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    row: AgendaRow
    message: StartBackup
    next_row: AgendaRow
    delay: timedelta = timedelta(0)


def dispatch(ports: Ports, *, silent_since: datetime | None = None) -> DispatchSummary:
    """Enqueue the newest due slot of every instance whose row is due. Safe to run on many hosts at once.

    `silent_since` is when the last dispatch was, if that is so long ago that those who had slots meanwhile are told.
    """
    now = ports.clock.now()
    rows = ports.store.due(AgendaKind.BACKUP, until=now, limit=DISPATCH_LIMIT)
    if silent_since is not None:
        tell_of_silence(ports, silent_since, count_by_vault(_slots_in_silence(row, now) for row in rows))
    enqueued = missed = unreadable = 0
    stall_after = FEW_STALL_AFTER if len(rows) <= FEW else STALL_AFTER
    for chunk in _chunks(_shuffled(rows)):
        due = [planned for row in chunk if (planned := _plan(row, now, stall_after)) is not None]
        due = _paced(ports, due, now)
        ports.queue.send_all([(planned.message, planned.delay) for planned in due])
        ports.store.schedule([_watch_of(planned.message) for planned in due])
        # A row that cannot be read would be due for ever; without it the reconciler writes a sound one.
        ports.store.schedule([planned.next_row for planned in due], instead_of=chunk)
        enqueued += len(due)
        missed += sum(planned.message.missed_count for planned in due)
        unreadable += len(chunk) - len(due)
    limited = len(rows) == DISPATCH_LIMIT
    if limited:
        log.warning("dispatch.limited limit=%d", DISPATCH_LIMIT)
    # The one line that is kept of what goes well (host.json): the scheduler's sign of life, for which an alert waits.
    log.info("dispatch.done enqueued=%d missed=%d unreadable=%d", enqueued, missed, unreadable)
    return DispatchSummary(enqueued=enqueued, missed_slots=missed, unreadable=unreadable, limited=limited)


def backup_row(vault: VaultKey, instance: BackupInstance, due_at: datetime) -> AgendaRow:
    """The agenda row that makes `instance` due at `due_at`."""
    schedule = instance.policy.schedule
    return AgendaRow(
        kind=AgendaKind.BACKUP,
        due_at=due_at,
        vault=vault,
        instance_name=instance.name,
        content={
            "intervals": list(schedule.texts),
            "time_zone": schedule.time_zone,
            "revision": instance.revision,
            "generation": instance.generation,
            "subscription": parse_group_id(instance.snapshot_group_id).subscription,
        },
    )


def _plan(row: AgendaRow, now: datetime, stall_after: timedelta = STALL_AFTER) -> _Due | None:
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
        watch_due_at=(now + stall_after).replace(microsecond=0),
    )
    return _Due(row=row, message=message, next_row=replace(row, due_at=next_due_at))


def _shuffled(rows: Sequence[AgendaRow]) -> list[AgendaRow]:
    """In another order at each slot, so that no disk is always the last of its herd."""
    return sorted(rows, key=lambda row: spread(row.vault.partition, row.instance_name, row.due_at.isoformat()))


def _paced(ports: Ports, due: Sequence[_Due], now: datetime) -> list[_Due]:
    """Each start when its subscription's budget of writes allows it: whoever enqueues a herd spreads it. What this
    process remembers of a budget is a hint; the meters of each process stand behind it (adapters/meters.py)."""
    paced = []
    for planned in due:
        name = f"pace {planned.row.content.get('subscription') or planned.row.vault.subscription}".lower()
        full = Budget.full(size=BURST, refill=STARTS_A_SECOND, at=now.timestamp())
        budget, wait = (ports.memory.kept(name, Budget, now=now) or full).ask(now.timestamp())
        ports.memory.keep(name, budget, until=now + PACE_REMEMBERED)
        delay = timedelta(seconds=math.ceil(wait))  # queues count in whole seconds
        watch_due_at = (planned.message.watch_due_at or now) + delay
        paced.append(replace(planned, message=replace(planned.message, watch_due_at=watch_due_at), delay=delay))
    return paced


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


def _chunks(rows: Sequence[AgendaRow]) -> Iterator[Sequence[AgendaRow]]:
    for start in range(0, len(rows), CHUNK):
        yield rows[start : start + CHUNK]

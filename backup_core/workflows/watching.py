"""Looking after jobs: a watch row per job on the agenda, so that a lost message or a dead host costs two minutes, not a
backup.

A backup leaves its row where it is when it ends: of many rows that come due together, those whose jobs have ended are
found by one read and go together, which costs less than to remove each by itself.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from backup_core.domain.agenda import AgendaKind, AgendaRow
from backup_core.domain.errors import RecordCorrupt
from backup_core.domain.health import JobGlance
from backup_core.domain.instance import BackupInstance, PutOff
from backup_core.domain.job import Job
from backup_core.domain.messages import (
    ConfigureProtection,
    GoOnTesting,
    Message,
    MoveInstances,
    RestoreTogether,
    StartBackup,
    StartCopy,
    StartRestore,
    SwapDisks,
)
from backup_core.domain.outbox import OUTBOX
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.starting import is_own_job
from backup_core.ports import Ports
from backup_core.workflows import outbox

log = logging.getLogger("diskbackup.watching")

STALL_AFTER = timedelta(seconds=45)
LONGEST_STALL = timedelta(minutes=30)  # between two copies of a message of which no sign comes
WATCH_LIMIT = 2000  # rows one tick looks at; the rest waits for the next tick


def watch_row(
    vault: VaultKey,
    instance_name: str,
    job_id: str,
    step: str,
    due_at: datetime,
    content: Mapping[str, Any] | None = None,
) -> AgendaRow:
    """The row that will look after `job_id` at `due_at` (cut to the second). `step` is what job_kinds.py calls it."""
    return AgendaRow(
        kind=AgendaKind.WATCH,
        due_at=due_at.replace(microsecond=0),
        vault=vault,
        instance_name=instance_name,
        subject=job_id,
        content={"step": step, **(content or {})},
    )


def backup_watch(message: StartBackup, due_at: datetime) -> AgendaRow:
    content: dict[str, Any] = {
        "slot": message.slot.isoformat() if message.slot else None,
        "revision": message.revision,
    }
    if message.missed_count:
        content |= {"missed_slots": [slot.isoformat() for slot in message.missed_slots]}
        content |= {"missed_count": message.missed_count}
    return watch_row(message.vault, message.instance_name, message.job_id, "backup", due_at, content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What a row looks after, as it stands: when its silence is a stall, and which turn a message for it would be."""

    stalls_at: datetime
    turn: int = 0
    waiting: PutOff | None = None


Again = Callable[[AgendaRow, Charge, datetime], Message]  # the message of a stalled job, and when it counts as lost
Wake = Callable[[Ports, AgendaRow], AgendaRow | None]  # what a row of no job is due for; answers the row as it goes on


def watch(ports: Ports, steps: Mapping[str, Again], wakes: Mapping[str, Wake]) -> int:
    """Look at the jobs whose watch is due; send the step of each stalled one again. Answers how many were sent. What
    else has its time on the agenda, is woken."""
    now = ports.clock.now()
    rows = ports.store.due(AgendaKind.WATCH, until=now, limit=WATCH_LIMIT)
    if not rows:
        return 0
    ended = _ended(ports, [row for row in rows if row.content.get("step") not in wakes])
    moved: list[AgendaRow] = []
    sent = 0
    for row in rows:
        if (row.vault, row.subject) in ended:
            continue
        if row.instance_name == OUTBOX:
            again = outbox.wake(ports, row)
            moved += [again] if again is not None else []
            continue
        if row.content.get("step") in wakes:
            moved += _woken(ports, row, wakes[row.content["step"]], now)
            continue
        try:
            charge, again = _charge(ports, row), sent_again(row, now)
            message = steps[row.content["step"]](row, charge or Charge(stalls_at=now), again.due_at)
        except (RecordCorrupt, AttributeError, KeyError, TypeError, ValueError) as error:
            log.error("watch.unreadable job_id=%s instance=%s %s", row.subject, row.instance_name, error)
            continue
        if charge is None:
            continue
        if charge.stalls_at <= now:
            ports.queue.send(message)
            moved.append(again)
            log.warning("job.resent job_id=%s instance=%s", row.subject, row.instance_name)
            sent += 1
        else:
            content = {name: value for name, value in row.content.items() if name != "sent"}
            moved.append(replace(row, due_at=charge.stalls_at.replace(microsecond=0), content=content))
    ports.store.schedule(moved, instead_of=rows)
    if len(rows) == WATCH_LIMIT:
        log.warning("watch.limited limit=%d", WATCH_LIMIT)
    return sent


def _woken(ports: Ports, row: AgendaRow, wake: Wake, now: datetime) -> list[AgendaRow]:
    """The row as it goes on; later, where it could not be looked at."""
    try:
        again = wake(ports, row)
    except RecordCorrupt as error:
        log.error("watch.asleep subject=%s %s", row.subject, error)
        return [sent_again(row, now)]
    return [again] if again is not None else []


def _ended(ports: Ports, rows: Sequence[AgendaRow]) -> frozenset[tuple[VaultKey, str]]:
    """The rows' jobs that are seen to have ended: at one glance for each vault that has several, for jobs of one time
    lie together. It shows a thousand, the newest; the others are looked at one by one."""
    subjects: dict[VaultKey, list[str]] = defaultdict(list)
    for row in rows:
        if row.instance_name != OUTBOX:
            subjects[row.vault].append(row.subject)
    glances = (
        (vault, ports.store.glance(JobGlance, vault, first=min(jobs), last=max(jobs)))
        for vault, jobs in subjects.items()
        if len(jobs) > 1
    )
    return frozenset((vault, job.job_id) for vault, seen in glances for job in seen.items if job.status.is_terminal)


def _charge(ports: Ports, row: AgendaRow) -> Charge | None:
    """None when there is nothing to look after any more: the job has ended, or its slot is on record as missed."""
    stored = ports.store.get(Job, row.vault, row.subject)
    if stored is None:
        return _unbegun(ports, row)
    job = stored.value
    if job.is_ended:
        return None
    last_sign = max(job.touched_at or job.created_at, job.look_again_at or job.created_at)
    return Charge(stalls_at=last_sign + STALL_AFTER, turn=job.turn)


def _unbegun(ports: Ports, row: AgendaRow) -> Charge | None:
    """A slot without a job. Is it still to be had, or overtaken, or not wanted any more: its step finds out, and leaves
    the trace of it."""
    slot = _slot(row.content.get("slot"))
    if slot is None:
        return None
    stored = ports.store.get(BackupInstance, row.vault, row.instance_name)
    if stored is None:
        return Charge(stalls_at=row.due_at)
    instance = stored.value
    if instance.has_missed(slot) and is_own_job(row.vault, instance, row.subject, slot):
        return None
    waiting = instance.put_off
    if waiting is not None and waiting.job_id == row.subject:
        return Charge(stalls_at=waiting.until + STALL_AFTER, turn=waiting.turn, waiting=waiting)
    return Charge(stalls_at=row.due_at)


def sent_again(row: AgendaRow, now: datetime, lost_after: timedelta = STALL_AFTER) -> AgendaRow:
    """The row until the message that is sent now counts as lost too: each time twice as long, for what lies in a long
    queue only lengthens it."""
    times = times_sent(row)
    due_at = now + min(lost_after * 2 ** min(times, 20), LONGEST_STALL)
    return replace(row, due_at=due_at.replace(microsecond=0), content={**row.content, "sent": times + 1})


def times_sent(row: AgendaRow) -> int:
    """Since a sign came of what it looks after."""
    return int(row.content.get("sent") or 0)


def backup_again(row: AgendaRow, charge: Charge, watch_due_at: datetime) -> StartBackup:
    return StartBackup(
        vault=row.vault,
        instance_name=row.instance_name,
        job_id=row.subject,
        slot=_slot(row.content.get("slot")),
        revision=int(row.content.get("revision") or 0),
        missed_slots=tuple(datetime.fromisoformat(text) for text in row.content.get("missed_slots", ())),
        missed_count=int(row.content.get("missed_count") or 0),
        watch_due_at=watch_due_at,
        turn=charge.turn,
        attempts=charge.waiting.attempts if charge.waiting else 0,
        doubts=charge.waiting.doubts if charge.waiting else 0,
    )


def copy_again(row: AgendaRow, charge: Charge, _watch_due_at: datetime) -> StartCopy:
    return StartCopy(
        vault=row.vault,
        instance_name=row.instance_name,
        job_id=row.subject,
        lane=str(row.content["lane"]),
        turn=charge.turn,
    )


def job_again(
    message: type[StartRestore | RestoreTogether | SwapDisks | ConfigureProtection | MoveInstances | GoOnTesting],
) -> Again:
    """Of a job that its row names with all that its message needs."""
    return lambda row, charge, _: message(
        vault=row.vault, instance_name=row.instance_name, job_id=row.subject, turn=charge.turn
    )


def _slot(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if text is not None else None

"""Looking after jobs: a watch row per job on the agenda, so that a lost message or a dead host costs two minutes, not a
backup.

A step that ends a job removes its row; a row that outlives its job removes itself when it comes due.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from backup_core.domain.agenda import AgendaKind, AgendaRow
from backup_core.domain.errors import RecordCorrupt
from backup_core.domain.instance import BackupInstance
from backup_core.domain.job import Job
from backup_core.domain.messages import ConfigureProtection, Message, StartBackup, StartRestore
from backup_core.domain.outbox import OUTBOX
from backup_core.domain.resource_ids import VaultKey
from backup_core.ports import Ports
from backup_core.workflows import outbox

log = logging.getLogger("diskbackup.watching")

STALL_AFTER = timedelta(seconds=45)
WATCH_LIMIT = 2000  # rows one tick looks at; the rest waits for the next tick


def watch_row(
    vault: VaultKey,
    instance_name: str,
    job_id: str,
    step: str,
    due_at: datetime,
    content: Mapping[str, Any] | None = None,
) -> AgendaRow:
    """The row that will look after `job_id` at `due_at` (cut to the second). `step` is backup, restore or configure."""
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


def watch(ports: Ports) -> int:
    """Look at the jobs whose watch is due; send the step of each stalled one again. Answers how many were sent."""
    now = ports.clock.now()
    rows = ports.store.due(AgendaKind.WATCH, until=now, limit=WATCH_LIMIT)
    moved: list[AgendaRow] = []
    sent = 0
    for row in rows:
        if row.instance_name == OUTBOX:
            again = outbox.wake(ports, row)
            moved += [again] if again is not None else []
            continue
        try:
            look_at, message = _stall_time(ports, row), _step_again(row, now + STALL_AFTER)
        except (RecordCorrupt, AttributeError, TypeError, ValueError) as error:
            log.error("watch.unreadable job_id=%s instance=%s %s", row.subject, row.instance_name, error)
            continue
        if look_at is None:
            continue
        if look_at <= now:
            ports.queue.send(message)
            log.warning("job.resent job_id=%s instance=%s", row.subject, row.instance_name)
            sent += 1
            look_at = now + STALL_AFTER
        moved.append(replace(row, due_at=look_at.replace(microsecond=0)))
    ports.store.schedule(moved)
    kept = {(row.due_at, row.subject, row.instance_name.lower(), row.vault) for row in moved}
    ports.store.unschedule(
        [row for row in rows if (row.due_at, row.subject, row.instance_name.lower(), row.vault) not in kept]
    )
    if len(rows) == WATCH_LIMIT:
        log.warning("watch.limited limit=%d", WATCH_LIMIT)
    return sent


def _stall_time(ports: Ports, row: AgendaRow) -> datetime | None:
    """When silence of the row's job counts as a stall; None when there is nothing to look after any more."""
    stored = ports.store.get(Job, row.vault, row.subject)
    if stored is None:
        return row.due_at if _is_unclaimed_slot(ports, row) else None
    job = stored.value
    if job.is_ended:
        return None
    last_sign = job.touched_at or job.created_at
    return max(last_sign + STALL_AFTER, job.look_again_at + STALL_AFTER if job.look_again_at else last_sign)


def _is_unclaimed_slot(ports: Ports, row: AgendaRow) -> bool:
    """Whether the row's slot, of which no job came, is still owed: its message may be lost.

    A slot that a later one overtook meanwhile is owed too, if not a backup then the record that it was missed.
    """
    slot = _slot(row.content.get("slot"))
    if slot is None:
        return False
    stored = ports.store.get(BackupInstance, row.vault, row.instance_name)
    if stored is None or not stored.value.takes_scheduled_backups:
        return False
    return not stored.value.has_missed(slot)


def _step_again(row: AgendaRow, watch_due_at: datetime) -> Message:
    step = row.content.get("step")
    if step == "restore":
        return StartRestore(vault=row.vault, instance_name=row.instance_name, job_id=row.subject)
    if step == "configure":
        return ConfigureProtection(vault=row.vault, instance_name=row.instance_name, job_id=row.subject)
    return StartBackup(
        vault=row.vault,
        instance_name=row.instance_name,
        job_id=row.subject,
        slot=_slot(row.content.get("slot")),
        revision=int(row.content.get("revision") or 0),
        missed_slots=tuple(datetime.fromisoformat(text) for text in row.content.get("missed_slots", ())),
        missed_count=int(row.content.get("missed_count") or 0),
        watch_due_at=watch_due_at.replace(microsecond=0),
    )


def _slot(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if text is not None else None

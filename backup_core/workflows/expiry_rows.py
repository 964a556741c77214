"""The agenda rows over an instance's expiry, and over that of its copies: they bring what a lost message would leave
undone, and tell the one message that goes on from its copies.

A message names its row. When it is to come back after that would be due, its row moves on, and the instance notes where
to: a message of an earlier row stands down, whoever sent it. One that comes when its row is due already leaves that
where it is: the sweep has another message for it, or will. So a row has one message, however long the queue is.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from backup_core.domain.agenda import COPIES, AgendaRow, copies_row, expiry_row
from backup_core.domain.instance import BackupInstance
from backup_core.domain.messages import ExpireCopies, ExpirePoints
from backup_core.ports import Ports, Replace, StateConflict, again_on_conflict

log = logging.getLogger("diskbackup.expiry_rows")

LOST_AFTER = timedelta(seconds=90)  # when an expiry whose message was lost is due again
ROW_MARGIN = timedelta(seconds=30)  # by how much a message must come before the sweep, lest both do

M = TypeVar("M", ExpirePoints, ExpireCopies)


def row_of(message: ExpirePoints | ExpireCopies) -> AgendaRow:
    return row_at(message, message.due_at)


def row_at(message: ExpirePoints | ExpireCopies, due_at: datetime) -> AgendaRow:
    row = copies_row if isinstance(message, ExpireCopies) else expiry_row
    return row(message.vault, message.instance_name, due_at)


def stands_down(ports: Ports, message: ExpirePoints | ExpireCopies, instance: BackupInstance) -> bool:
    """Whether another message goes on, which then has this one's row, too."""
    goes_on = instance.copies_row_at if isinstance(message, ExpireCopies) else instance.expiry_row_at
    if goes_on is None or message.due_at >= goes_on:
        return False
    log.info("expiry.stands_down step=%s instance=%s", type(message).__name__, instance.name)
    move_row(ports, message, goes_on)
    return True


def move_row(ports: Ports, message: ExpirePoints | ExpireCopies, due_at: datetime) -> None:
    """Let the sweep send for it at `due_at`, and not this message again."""
    if ports.clock.now() < message.due_at:
        ports.store.schedule([row_at(message, due_at)], instead_of=[row_of(message)])


def with_row(ports: Ports, message: M) -> M:
    """Before anything is begun: with a row of its own, lest the run's death leaves what nobody looks after. It is due
    so soon that whoever comes back moves it on, and notes that."""
    now = ports.clock.now()
    return message if now < message.due_at else _moved(ports, message, row_at(message, now + ROW_MARGIN))


def come_back(ports: Ports, message: M, delay: timedelta) -> None:
    """Send the message again, before the sweep does. Its row moves only where the message might find it due."""
    back_at = ports.clock.now() + delay
    if message.due_at < back_at + ROW_MARGIN:
        row = row_at(message, back_at + LOST_AFTER)
        if not _note(ports, message, row):
            return
        message = _moved(ports, message, row)
    ports.queue.send(message, delay=delay)


def _moved(ports: Ports, message: M, row: AgendaRow) -> M:
    ports.store.schedule([row], instead_of=[row_of(message)])
    return replace(message, due_at=row.due_at)


def _note(ports: Ports, message: ExpirePoints | ExpireCopies, row: AgendaRow) -> bool:
    """Note that the message goes on with `row`; False when another does, or the instance is gone or changes all the
    time: then the row that stands brings it again."""

    def attempt() -> bool:
        stored = ports.store.get(BackupInstance, message.vault, message.instance_name)
        if stored is None or stands_down(ports, message, stored.value):
            return False
        ports.store.commit(message.vault, [Replace(stored, _noted(stored.value, row))])
        return True

    try:
        return again_on_conflict(attempt)
    except StateConflict:
        return False


def _noted(instance: BackupInstance, row: AgendaRow) -> BackupInstance:
    if row.subject == COPIES:
        return replace(instance, copies_row_at=row.due_at)
    return replace(instance, expiry_row_at=row.due_at)

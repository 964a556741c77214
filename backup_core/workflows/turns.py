"""What all steps share: coming back later, giving up in order, and committing with what is to be told.

A step that cannot go on sends its own message again with a delay and ends well: neither throttling nor a passing fault
spends one of the queue's five tries, which are kept for the unforeseen.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from backup_core.domain.errors import BackupError, SnapshotLimitReached, Throttled
from backup_core.domain.events import Event
from backup_core.domain.messages import Message, PublishEvents
from backup_core.domain.naming import spread
from backup_core.ports import Change, Ports, StateConflict
from backup_core.workflows import outbox
from backup_core.workflows.alerts import read_events

log = logging.getLogger("diskbackup.turns")

MAX_ATTEMPTS = 16  # rounds a step spends on transient errors: about twenty-five minutes in all
SPREAD_SECONDS = 1.0  # on top of the place in line that the cloud's port gives: processes do not know of each other
FIRST_LOOK = timedelta(seconds=2)
LONGEST_LOOK = timedelta(minutes=5)

M = TypeVar("M", bound=Message)


def look_delay(looks: int) -> timedelta:
    """2 s, then half as long again each time, up to five minutes."""
    return min(FIRST_LOOK * (1.5 ** min(looks, 20)), LONGEST_LOOK)


def throttle_delay(error: Throttled, identity: str, rounds: int) -> timedelta:
    """What Azure asks for, and a spread that differs from job to job so that a herd does not come back as one."""
    return timedelta(seconds=error.retry_after_seconds + SPREAD_SECONDS * spread(identity, rounds))


def attempt_delay(error: BackupError, attempts: int) -> timedelta:
    if isinstance(error, SnapshotLimitReached):
        return timedelta(seconds=60)
    return min(timedelta(seconds=3 * 2**attempts), timedelta(minutes=2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn(Generic[M]):
    """A step's message as it is to come back, and after how long."""

    message: M
    delay: timedelta


def next_turn(message: M, error: BackupError, identity: str) -> Turn[M] | None:
    """How the step of `message` comes back when `error` may pass by itself, or is an absence that is not to be believed
    yet; None when it is time to give up."""
    if isinstance(error, Throttled):
        rounds = message.deferrals
        return Turn(message=replace(message, deferrals=rounds + 1), delay=throttle_delay(error, identity, rounds))
    if message.doubts < error.doubts:
        again = replace(message, doubts=message.doubts + 1)
        return Turn(message=again, delay=attempt_delay(error, message.doubts))
    if error.transient and message.attempts < MAX_ATTEMPTS:
        again = replace(message, attempts=message.attempts + 1)
        return Turn(message=again, delay=attempt_delay(error, message.attempts))
    return None


def come_back(ports: Ports, message: M, error: BackupError, identity: str) -> datetime | None:
    """Send `message` for its next turn; answers when that is. None when there is none: the step must give up in order.

    The step's job must then say until when its silence is no stall, lest the watch starts a second chain of messages.
    """
    turn = next_turn(message, error, identity)
    if turn is None:
        return None
    ports.queue.send(turn.message, delay=turn.delay)
    note_deferral(turn, error, identity)
    return ports.clock.now() + turn.delay


def note_deferral(turn: Turn[Any], error: BackupError, identity: str) -> None:
    log.info(
        "step.deferred step=%s job=%s delay=%.1fs code=%s",
        type(turn.message).__name__,
        identity,
        turn.delay.total_seconds(),
        error.code,
    )


def commit(ports: Ports, message: Message, changes: Sequence[Change], events: Sequence[Event] = ()) -> bool:
    """Commit with the events that tell of it, or send the message again when another step changed the record first: it
    decides anew."""
    try:
        outbox.commit(ports, message.vault, changes, events)
    except StateConflict:
        ports.queue.send(message, delay=timedelta(seconds=1))
        return False
    return True


def publish_events(ports: Ports, message: PublishEvents) -> None:
    """Events that an earlier release put into a queue when the topic refused them: they go into the outbox now.

    Raises MessageMalformed: what no release wrote is for the poison queue, not for another try.
    """
    outbox.record(ports, message.vault, read_events(message.events))

"""What all steps share: coming back later, giving up in order, and committing with what is to be told.

A job has one live chain of messages. Whoever records that it waits, by the record's ETag, sends its next turn; a copy,
from the watch or from the queue, finds an earlier turn than the record's and stands down (domain/messages.py).

A step that cannot go on sends its own message again with a delay and ends well: neither throttling nor a passing fault
spends one of the queue's five tries, which are kept for the unforeseen.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Generic, TypeVar

from backup_core.domain.disk import OperationState
from backup_core.domain.errors import BackupError, SnapshotLimitReached, Throttled
from backup_core.domain.events import Event
from backup_core.domain.job import Job
from backup_core.domain.messages import (
    ConfigureProtection,
    GoOnTesting,
    Message,
    MoveInstances,
    ObserveBackup,
    ObserveCopy,
    ObserveRestore,
    RestoreTogether,
    StartBackup,
    StartCopy,
    StartRestore,
    SwapDisks,
)
from backup_core.domain.naming import spread
from backup_core.domain.observation import GivenUp, Made, Missing, Running, Usable, by_itself, by_operation
from backup_core.ports import Change, Ports, Replace, StateConflict, Stored
from backup_core.workflows import outbox

log = logging.getLogger("diskbackup.turns")

MAX_ATTEMPTS = 16  # rounds a step spends on transient errors: about twenty-five minutes in all
MAX_DEFERRALS = 16  # of what the reconciler sends anew
LONGEST_ATTEMPT_DELAY = timedelta(minutes=2)
LONGEST_PATIENCE = timedelta(minutes=15)  # of what nobody waits for, and what never gives up
SPREAD_SECONDS = 1.0  # on top of the place in line that the cloud's port gives: processes do not know of each other
FIRST_LOOK = timedelta(seconds=2)
LONGEST_LOOK = timedelta(minutes=5)
OPERATIONS_AT_MOST = 10  # operations of one job that Azure may give up before the job does: over two hours
FIRST_OPERATION_DELAY = timedelta(seconds=15)
LONGEST_OPERATION_DELAY = timedelta(minutes=30)

M = TypeVar("M", bound=Message)
T = TypeVar("T", bound=Made)


def look_delay(looks: int) -> timedelta:
    """2 s, then half as long again each time, up to five minutes."""
    return min(FIRST_LOOK * (1.5 ** min(looks, 20)), LONGEST_LOOK)


def throttle_delay(error: Throttled, identity: str, rounds: int) -> timedelta:
    """What Azure asks for, and a spread that differs from job to job so that a herd does not come back as one."""
    return timedelta(seconds=error.retry_after_seconds + SPREAD_SECONDS * spread(identity, rounds))


def attempt_delay(error: BackupError, attempts: int, longest: timedelta = LONGEST_ATTEMPT_DELAY) -> timedelta:
    if isinstance(error, SnapshotLimitReached):
        return timedelta(seconds=60)
    return min(timedelta(seconds=3 * 2 ** min(attempts, 20)), longest)


def operation_delay(failed: int) -> timedelta:
    """Before an operation that Azure gave up is asked for anew: what failed inside Azure needs longer than a call."""
    return min(FIRST_OPERATION_DELAY * (2.0**failed), LONGEST_OPERATION_DELAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn(Generic[M]):
    """A step's message as it is to come back, and after how long."""

    message: M
    delay: timedelta


def next_turn(
    message: M, error: BackupError, identity: str, *, is_patient: bool = False, is_sent_anew: bool = False
) -> Turn[M] | None:
    """How the step of `message` comes back when `error` may pass by itself, or is an absence that is not to be believed
    yet; None when it is time to give up. One that `is_patient` does not, and comes back more and more seldom. One that
    `is_sent_anew` by each pass of the reconciler gives up being throttled too, lest it joins those of later passes."""
    if isinstance(error, Throttled):
        rounds = message.deferrals
        if is_sent_anew and rounds == MAX_DEFERRALS:
            return None
        return Turn(message=replace(message, deferrals=rounds + 1), delay=throttle_delay(error, identity, rounds))
    if message.doubts < error.doubts:
        again = replace(message, doubts=message.doubts + 1)
        return Turn(message=again, delay=attempt_delay(error, message.doubts))
    if error.transient and (is_patient or message.attempts < MAX_ATTEMPTS):
        again = replace(message, attempts=message.attempts + 1)
        longest = LONGEST_PATIENCE if is_patient else LONGEST_ATTEMPT_DELAY
        return Turn(message=again, delay=attempt_delay(error, message.attempts, longest))
    return None


JobMessage = (
    StartRestore
    | ObserveRestore
    | RestoreTogether
    | SwapDisks
    | ConfigureProtection
    | MoveInstances
    | GoOnTesting
    | StartCopy
    | ObserveCopy
)
J = TypeVar("J", bound=JobMessage)


def open_job(ports: Ports, message: JobMessage) -> Stored[Job] | None:
    """The job of a message that has its own row alone, if the message is of its present turn; None when the job has
    ended, which its end told, or another message goes on with it."""
    stored = ports.store.get(Job, message.vault, message.job_id)
    if stored is None:
        log.warning("step.unknown step=%s job_id=%s", type(message).__name__, message.job_id)
        return None
    return None if stored.value.is_ended or message.turn < stored.value.turn else stored


def come_back(ports: Ports, message: J, stored: Stored[Job], error: BackupError) -> bool:
    """Let the job wait and its step come back, if `error` may pass; False when the step must give up in order."""
    turn = next_turn(message, error, message.job_id)
    if turn is None:
        return False
    note_deferral(turn, error, message.job_id)
    go_on_later(ports, turn.message, stored, _counted(stored.value, turn.message.attempts), turn.delay)
    return True


def _counted(job: Job, attempts: int) -> Job:
    return replace(job, retry_count=max(job.retry_count, attempts))


def go_on_later(ports: Ports, message: J, stored: Stored[Job], job: Job, delay: timedelta) -> None:
    """Record `job` and until when its silence is no stall, then send its next turn. Whoever records first sends."""
    now = ports.clock.now()
    waiting = replace(job, turn=stored.value.turn + 1, touched_at=now, look_again_at=now + delay)
    try:
        ports.store.commit(message.vault, [Replace(stored, waiting)])
    except StateConflict:
        log.info("step.turn_taken step=%s job_id=%s", type(message).__name__, message.job_id)
        return
    ports.queue.send(replace(message, turn=waiting.turn), delay=delay)


def look(
    ports: Ports, operation_url: str, looks: int, what: str, find: Callable[[OperationState | None], T | None]
) -> Running | Usable[T] | Missing | GivenUp:
    """One look at what Azure was asked to make: at the operation, while it runs, then at the thing itself. `find` is
    told how the operation ended, if that is known. Raises what the cloud raises."""
    operation = ports.cloud.get_operation(operation_url) if operation_url else None
    return by_operation(operation, what) or by_itself(find(operation), what, looks)


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
    quiet_until = message.quiet_until if isinstance(message, StartBackup | ObserveBackup) else None
    try:
        outbox.commit(ports, message.vault, changes, events, quiet_until=quiet_until)
    except StateConflict:
        ports.queue.send(message, delay=timedelta(seconds=1))
        return False
    return True

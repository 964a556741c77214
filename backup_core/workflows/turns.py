"""What all steps share: coming back later, giving up in order, and telling of it.

A step that cannot go on sends its own message again with a delay and ends well: neither throttling nor a passing fault
spends one of the queue's five tries, which are kept for the unforeseen.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from backup_core.domain.errors import BackupError, SnapshotLimitReached, Throttled
from backup_core.domain.messages import (
    ConfigureProtection,
    ExpirePoints,
    Message,
    ObserveBackup,
    ObserveRestore,
    StartBackup,
    StartRestore,
)
from backup_core.domain.naming import spread
from backup_core.ports import Event, Ports

log = logging.getLogger("diskbackup.turns")

MAX_ATTEMPTS = 6  # rounds a step spends on transient errors: about five minutes in all
SPREAD_SECONDS = 6.0  # over which throttled steps come back: a bucket of 10 a second serves 60 of them meanwhile
FIRST_LOOK = timedelta(seconds=2)
LONGEST_LOOK = timedelta(minutes=5)

M = TypeVar("M", StartBackup, ObserveBackup, ExpirePoints, StartRestore, ObserveRestore, ConfigureProtection)


def look_delay(looks: int) -> timedelta:
    """2 s, then half as long again each time, up to five minutes."""
    return min(FIRST_LOOK * (1.5 ** min(looks, 20)), LONGEST_LOOK)


def throttle_delay(error: Throttled, identity: str, rounds: int) -> timedelta:
    """What Azure asks for, and a spread that differs from job to job so that a herd does not come back as one."""
    wide = SPREAD_SECONDS * min(1 + rounds, 5)
    return timedelta(seconds=error.retry_after_seconds + wide * spread(identity, rounds))


def attempt_delay(error: BackupError, attempts: int) -> timedelta:
    if isinstance(error, SnapshotLimitReached):
        return timedelta(seconds=60)
    return min(timedelta(seconds=3 * 2**attempts), timedelta(minutes=2))


def come_back(ports: Ports, message: M, error: BackupError, identity: str) -> timedelta | None:
    """Send `message` again when `error` may pass by itself; answers the delay, or None when it is time to give up."""
    if isinstance(error, Throttled):
        rounds = getattr(message, "deferrals", message.attempts)
        delay = throttle_delay(error, identity, rounds)
        again = replace(message, deferrals=rounds + 1) if hasattr(message, "deferrals") else message
    elif error.transient and message.attempts < MAX_ATTEMPTS:
        delay = attempt_delay(error, message.attempts)
        again = replace(message, attempts=message.attempts + 1)
    else:
        return None
    ports.queue.send(again, delay=delay)
    log.info("step.deferred step=%s job=%s delay=%.1fs code=%s", type(message).__name__, identity, delay.total_seconds(), error.code)
    return delay


def tell(ports: Ports, message: Message, events: Sequence[Event]) -> None:
    """Publish what a committed change tells. When the topic refuses, the step's own message comes back to tell again:
    the steps publish anew for a job that has ended."""
    try:
        ports.events.publish(events)
    except BackupError as error:
        log.warning("events.deferred count=%d code=%s", len(events), error.code)
        ports.queue.send(message, delay=timedelta(minutes=1))

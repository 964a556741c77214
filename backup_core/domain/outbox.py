"""Events on their way out: rows that are written in the transaction of the change that they tell of.

An event's key sorts by when it happened, so that a vault's events leave in order. What belongs into a digest waits a
moment beside others of its cause; what the topic refuses for good is kept where people can read it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from backup_core.domain.events import Event

COPIES = "(copies)"  # as OUTBOX, of a lane's tickets
OUTBOX = "(outbox)"  # stands for an instance's name on the agenda; no instance can be called so


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEvent:
    """`cause` is set for an alert: it is told in a digest with others of its cause."""

    key: str
    event: Event
    cause: str = ""

    @property
    def recorded_at(self) -> datetime:
        return _recorded_at(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestItem:
    """One alert that waits for its digest: `group` names subscription, type and cause.

    `digest` is the id of the event that is to tell of it, fixed before that is sent: whoever sends it again, however
    late, sends the same. Once told it stays for a while, so that a host that froze does not set it aside anew.
    """

    group: str
    key: str
    cause: str
    event: Event
    digest: str = ""
    told_at: datetime | None = None

    @property
    def recorded_at(self) -> datetime:
        return _recorded_at(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedEvent:
    """An event that the topic will never take, with its refusal."""

    key: str
    event: Event
    code: str
    message: str
    refused_at: datetime


def outbox_key(at: datetime, position: int, event: Event) -> str:
    """`position` orders the events of one transaction. The same event told again has another key and the same id."""
    milliseconds = int(at.timestamp() * 1000)
    return f"{milliseconds:013d}-{position:03d}-{hashlib.sha256(event.id.encode()).hexdigest()[:12]}"


def _recorded_at(key: str) -> datetime:
    return datetime.fromtimestamp(int(key.partition("-")[0]) / 1000, UTC)


def digest_group(subscription: str, event_type: str, cause: str) -> str:
    """A short name that a table's key can hold, whatever the cause is called."""
    text = "\n".join((subscription.lower(), event_type, cause))
    return hashlib.sha256(text.encode()).hexdigest()[:24]

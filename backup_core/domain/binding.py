"""Binding immutability: Azure itself keeps a snapshot, so that whoever has the app's identity cannot delete it either.
So it does with a copy in another region, for the time that the copy was promised.

A snapshot's immutability policy counts days from a start that Azure sets, 90 at most, and the plain action on it only
extends (documented: Set-AzSnapshotImmutabilityPolicy; 90 days reported: Azure/azure-rest-api-specs#43397). So a promise
of up to 90 days is bound once and for all. A longer one is bound for 90 days, and anew once these have passed: between
the two it is kept by this app only, for as long as the reconciler takes to come by.

A hold has no end that is known, and may be cleared: a held point is bound a week ahead, anew each day.

Leaves to others: which call says so to Azure (workflows/binding.py), and what an immutable snapshot means for the
expiry of its point (domain/retention.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from backup_core.domain.disk import Immutability

DAY = timedelta(days=1)
LONGEST_DAYS = 90
# What is kept without an end is bound so far ahead, and anew each day: what is to be kept for ever today may not be so
# tomorrow, and what is bound cannot be taken back.
AHEAD_WITHOUT_END = timedelta(days=7)


class Bindable(Protocol):
    """What has a snapshot that Azure may keep: a recovery point, or a copy of one."""

    @property
    def is_good(self) -> bool: ...

    @property
    def expires_at(self) -> datetime | None: ...

    @property
    def immutable_until(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asks:
    """What asks that Azure keeps a snapshot: its vault, which is immutable, and holds that stand."""

    immutable: bool = False
    held: bool = False

    @property
    def anything(self) -> bool:
        return self.immutable or self.held


def is_unbound(point: Bindable, present: Immutability | None, asks: Asks, now: datetime) -> bool:
    """Whether there is anything to ask of Azure, or to note of what its snapshot shows."""
    shows = present.until if present is not None and now < present.until else None
    unnoted = shows is not None and shows != point.immutable_until
    return (unnoted and point.is_good) or days_wanted(point, present, asks, now) is not None


def days_wanted(point: Bindable, present: Immutability | None, asks: Asks, now: datetime) -> int | None:
    """How many days the immutability policy of a good point's snapshot, or a copy's, is to have, from its start on:
    until it expires, for an immutable vault; while it is held, or never expires, always a week ahead. None where the
    `present` policy does, or nothing is wanted."""
    if not point.is_good or not asks.anything:
        return None
    if asks.immutable and point.expires_at is not None:
        days = days_to_bind(point.expires_at, present, now)
        if days is not None or not asks.held:
            return days
    enough = present is not None and present.until - now >= AHEAD_WITHOUT_END - DAY
    return None if enough else days_to_bind(now + AHEAD_WITHOUT_END, present, now)


def days_to_bind(until: datetime, present: Immutability | None, now: datetime) -> int | None:
    """How many days a policy needs to last until `until`, or as near as Azure allows; None where the `present` one
    lasts as long, or cannot last longer before it has ended. Whole days: it ends up to a day later."""
    if now >= until:
        return None
    active = present if present is not None and now < present.until else None
    since = now if active is None else active.since
    days = min(-((since - until) // DAY), LONGEST_DAYS)
    return days if active is None or since + days * DAY > active.until else None

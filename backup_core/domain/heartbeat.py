"""The heartbeat: when each duty of the scheduler was last done, so that the next tick, and anybody outside, can tell
which is not.

A duty is what a timer's run does: dispatch, watch, sweep, objectives, poison, knock; and reconcile, which has a timer
of its own. One that the platform leaves out, or that fails each time, is told by nothing else.

Leaves to others: noting it and telling of a silence (workflows/heartbeat.py), and what a tick does (workflows/tick.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

DISPATCH, WATCH, SWEEP, OBJECTIVES, RECONCILE = "dispatch", "watch", "sweep", "objectives", "reconcile"
POISON, KNOCK = "poison", "knock"
RECONCILING = "reconciling"  # no duty, but when a pass of the reconciler was last seen to go on
STALLED_AFTER = timedelta(minutes=5)
MARK_MARGIN = timedelta(minutes=2)
HELD_AT_MOST = timedelta(minutes=30)  # how long backups wait for a reconciler that does not come
# How long a duty may not be done. The reconciler comes each quarter of an hour.
ALLOWED: Mapping[str, timedelta] = {
    **dict.fromkeys((DISPATCH, WATCH, SWEEP, OBJECTIVES, POISON, KNOCK), STALLED_AFTER),
    RECONCILE: timedelta(minutes=45),
}


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLY = timedelta(milliseconds=500)  # a host's clock may fire a little before the second


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Due once in each `period`, from `offset` after its beginning on."""

    name: str
    period: timedelta = timedelta(minutes=1)
    offset: timedelta = timedelta(0)

    def is_due(self, last: datetime | None, now: datetime) -> bool:
        """Whether a period has begun since it was last done."""
        if last is None:
            return True
        at = now + _EARLY
        into = (at - self.offset - _EPOCH) % self.period
        return last < at - into


@dataclass(frozen=True, slots=True, kw_only=True)
class SetBack:
    """Tables that are of `tables_at`, though the world knows of `world_at`: seen, reconciled, settled by an operator.
    The last one is remembered: what it left behind is found for as long as points live."""

    seen_at: datetime
    tables_at: datetime
    world_at: datetime
    reconciled_at: datetime | None = None
    resumed_at: datetime | None = None

    def lets_backups_start(self, now: datetime) -> bool:
        """Once the points are back that the tables had forgotten; not much later, should nobody bring them back."""
        return self.reconciled_at is not None or now - self.seen_at > HELD_AT_MOST

    def covers(self, instant: datetime) -> bool:
        """Whether what happened then may be unknown to these tables."""
        return instant >= self.tables_at and (self.resumed_at is None or instant <= self.resumed_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What a tick leaves beside the queues: whose tables were how new."""

    installation_id: str
    at: datetime


def write_mark(installation_id: str, at: datetime) -> str:
    return f"{installation_id} {at.isoformat()}"


def read_mark(text: str) -> Mark | None:
    """None for what no tick of ours wrote."""
    owner, _, at = text.partition(" ")
    try:
        instant = datetime.fromisoformat(at)
    except ValueError:
        return None
    return Mark(installation_id=owner, at=instant) if instant.tzinfo is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """One row for the whole app. `ticked_at` is when the last dispatch was, `duties` when each duty last ended well,
    `began_at` when the first of all was noted: a duty that was never done is silent since then."""

    ticked_at: datetime
    duties: Mapping[str, datetime] = field(default_factory=dict)
    began_at: datetime | None = None
    set_back: SetBack | None = None  # the last one, settled or not

    @property
    def is_held(self) -> bool:
        """Whether the tables are known to be older than the world, and nobody has said go on."""
        return self.set_back is not None and self.set_back.resumed_at is None

    @property
    def noted_at(self) -> datetime:
        """The newest instant that the row knows of."""
        return max((self.ticked_at, *self.duties.values()))

    def was_set_back(self) -> bool:
        """Whether the last dispatch that the row knows of is of the time before a set-back: no sign of silence."""
        return self.set_back is not None and self.ticked_at < self.set_back.seen_at

    def is_older_than(self, world_at: datetime) -> bool:
        """Whether these tables were set back: a mark is written after the row, so that only two ticks at once, or a
        clock that was put right, make it a little newer."""
        return world_at - self.noted_at > MARK_MARGIN

    def is_recent(self, now: datetime) -> bool:
        return now - self.ticked_at <= STALLED_AFTER

    def last(self, duty: str) -> datetime | None:
        """When a duty was last done; rows of an earlier release know of dispatch only."""
        return self.duties.get(duty, self.ticked_at if duty == DISPATCH else None)

    def stalled(self, now: datetime) -> tuple[str, ...]:
        """The duties that have not been done for longer than they may."""
        begun = self.began_at or self.ticked_at
        return tuple(duty for duty, allowed in ALLOWED.items() if now - (self.last(duty) or begun) > allowed)

    def noting(self, done: Mapping[str, datetime]) -> Heartbeat:
        """With what was done meanwhile. Of two notes of one duty the later counts."""
        duties = {**self.duties, **{duty: max(at, self.duties.get(duty, at)) for duty, at in done.items()}}
        ticked_at = max(self.ticked_at, done.get(DISPATCH, self.ticked_at))
        return replace(self, ticked_at=ticked_at, duties=duties, began_at=self.began_at or self.ticked_at)

"""The heartbeat: when each duty of the scheduler was last done, so that the next tick, and anybody outside, can tell
which is not.

A duty is what a timer's run does: dispatch, watch, sweep, objectives; and reconcile, which has a timer of its own. One
that the platform leaves out, or that fails each time, is told by nothing else.

Leaves to others: noting it and telling of a silence (workflows/heartbeat.py), and what a tick does (workflows/tick.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

DISPATCH, WATCH, SWEEP, OBJECTIVES, RECONCILE = "dispatch", "watch", "sweep", "objectives", "reconcile"
STALLED_AFTER = timedelta(minutes=5)
# How long a duty may not be done. The reconciler comes each quarter of an hour.
ALLOWED: Mapping[str, timedelta] = {
    **dict.fromkeys((DISPATCH, WATCH, SWEEP, OBJECTIVES), STALLED_AFTER),
    RECONCILE: timedelta(minutes=45),
}


_EARLY = timedelta(milliseconds=500)  # a host's clock may fire a little before the second


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Due once in each `period`, from `offset` after its beginning on."""

    name: str
    period: timedelta = timedelta(minutes=1)
    offset: timedelta = timedelta(0)

    def is_due(self, last: datetime | None, now: datetime) -> bool:
        """Whether a period has begun since it was last done."""
        at = now + _EARLY
        into = timedelta(seconds=(at - self.offset).timestamp() % self.period.total_seconds())
        return last is None or last < at - into


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """One row for the whole app. `ticked_at` is when the last dispatch was, `duties` when each duty last ended well,
    `began_at` when the first of all was noted: a duty that was never done is silent since then."""

    ticked_at: datetime
    duties: Mapping[str, datetime] = field(default_factory=dict)
    began_at: datetime | None = None

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
        return Heartbeat(ticked_at=ticked_at, duties=duties, began_at=self.began_at or self.ticked_at)

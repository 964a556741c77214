"""The heartbeat: when the last tick was, so that the next one, and anybody outside, can tell that some are missing.

Leaves to others: noting it and telling of a silence (workflows/heartbeat.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

STALLED_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """One row for the whole app. A tick notes itself once it has done its work."""

    ticked_at: datetime

    def is_recent(self, now: datetime) -> bool:
        return now - self.ticked_at <= STALLED_AFTER

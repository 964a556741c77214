"""What snapshots cost: how many bytes a set of recovery points takes, and the price of them.

Azure bills an incremental snapshot for the blocks that changed since the one before it; the oldest one holds all that
is used. When a point is deleted, the blocks that only it had pass to the next one (documented: compute, incremental
snapshots). So a set costs what its oldest point holds and, for each gap between neighbours that are kept, the blocks
that changed in that gap, whatever was taken and deleted in between, in whatever order.

How much changes in a gap follows from the changed blocks of one day: writes that fall evenly on what is used hit blocks
that have changed already the more often, the longer the gap. A disk that writes the same few blocks over and over, a
database's log for example, costs less; none that uses this much and changes this much a day costs more than the upper
bound. The part of a month is by the day: 31 of them make a month on Azure's invoices (documented: usage details).

Leaves to others: which points will be there (domain/forecast.py), and what was billed in truth.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

GIB = 1 << 30
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskUse:
    """`used_bytes` hold data; `changed_a_day` are the bytes of the blocks that differ after a day, each counted once.

    Raises ValueError when less than nothing is used, or more changes than is used.
    """

    used_bytes: float
    changed_a_day: float

    def __post_init__(self) -> None:
        if not 0 <= self.changed_a_day <= self.used_bytes:
            raise ValueError("the blocks that change in a day are a part of those that are used")

    def changed_in(self, gap: timedelta) -> float:
        """Bytes of the blocks that differ after `gap`: a write hits a block that has not changed yet with the share
        that is left of those."""
        if not self.used_bytes:
            return 0.0
        unchanged_after_a_day = 1 - self.changed_a_day / self.used_bytes
        return self.used_bytes * (1 - float(unchanged_after_a_day ** (gap / _DAY)))

    def changed_at_most(self, gap: timedelta) -> float:
        """The same if no write ever hits a block twice, until none is left."""
        return min(self.used_bytes, self.changed_a_day * max(1.0, gap / _DAY))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Bytes that Azure bills for the points of one disk: as expected, and at most."""

    expected: float = 0.0
    at_most: float = 0.0

    def __add__(self, other: Stored) -> Stored:
        return Stored(expected=self.expected + other.expected, at_most=self.at_most + other.at_most)


def stored(use: DiskUse, kept: Iterable[datetime]) -> Stored:
    """What the points taken at the instants `kept` hold together; nothing without points."""
    instants = sorted(kept)
    if not instants:
        return Stored()
    gaps = [later - earlier for earlier, later in pairwise(instants)]
    return Stored(
        expected=use.used_bytes + sum(map(use.changed_in, gaps)),
        at_most=use.used_bytes + sum(map(use.changed_at_most, gaps)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Of one GiB and month in a region, by redundancy (`LRS`, `ZRS`), as read on `read_on`."""

    region: str
    redundancy: str
    currency: str
    a_gib_month: float
    read_on: date

    def a_month(self, stored_bytes: float) -> float:
        """What that many bytes cost a month, in the price's currency."""
        return stored_bytes / GIB * self.a_gib_month

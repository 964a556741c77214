"""What a vault holds on a day: one small row, so that a trend can be drawn of what no record tells any more.

Azure tells nobody how much of a disk is used, and of snapshots what they hold only by the bill. So what is held is an
estimate that supposes something, and says so: it is for a trend and for what is large beside what is small, not for a
budget. Bounds, and an estimate by what somebody knows of a disk, are domain/cost.py's, whose formula this is.

Leaves to others: when it is counted (workflows/storage_days.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from backup_core.domain.copying import CopyState
from backup_core.domain.cost import GIB, Churn
from backup_core.domain.health import CopyGlance, InstanceGlance
from backup_core.domain.prices import Meter, find_price
from backup_core.domain.resource_ids import VaultKey, plain_location

CHANGED_A_DAY = 0.02  # of a disk
CURRENCY = "USD"
_METER = Meter.SNAPSHOTS_ZRS
SUPPOSED = (
    f"Disks are full, and {CHANGED_A_DAY:.0%} of each changes a day, all of it alike: Azure tells neither.",
    "So it is an estimate, good for a trend; estimateCost has the bounds, and takes what you know of a disk.",
    "The recovery points of a disk lie evenly between the oldest and the newest: they hold no more however they lie.",
    f"Cost is for a month at the list price of a GiB of {_METER.value} snapshots in each disk's region in {CURRENCY}.",
    "Copies in other regions are counted for themselves, at the price of their region; their transfer is in no sum.",
    "There is no discount in it, and none is told where nobody has read the price of a region.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What one instance, or several, hold: of points, and of their copies in other regions. `monthly_cost` is in
    CURRENCY; None where a price is not known."""

    instances: int = 0
    points: int = 0
    gib: float = 0.0
    monthly_cost: float | None = 0.0
    copies: int = 0
    copies_gib: float = 0.0
    copies_monthly_cost: float | None = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageDay:
    """What a vault held on a day of UTC, as `YYYY-MM-DD`, when it was counted."""

    vault: VaultKey
    day: str
    holding: Holding

    @property
    def key(self) -> str:
        """By days first: those of a period lie together, whatever vaults they are of."""
        return f"{self.day}:{self.vault.subscription}:{self.vault.group}:{self.vault.name}".lower()


def first_key(day: date) -> str:
    """The key before which all rows are of earlier days."""
    return day.isoformat()


def holding_of(instance: InstanceGlance) -> Holding | None:
    """None while nobody has counted the instance's points, or knows how large its disk is."""
    known, newest_at = instance.point_count, instance.marks.point_at
    if known is None or (known.count and not instance.disk_bytes):
        return None
    span = newest_at - known.oldest_at if newest_at and known.oldest_at else timedelta(0)
    gib = held_bytes(instance.disk_bytes, known.count, span) / GIB
    price = find_price(_METER, plain_location(instance.location), CURRENCY)
    cost = gib * price.of_one if price else None
    return Holding(instances=1, points=known.count, gib=gib, monthly_cost=cost if gib else 0.0)


class CopiesHeld:
    """What copies hold, as they are read: those of each disk in each region are a chain of their own."""

    def __init__(self) -> None:
        self._chains: dict[tuple[str, str], _Chain] = {}

    def add(self, copy: CopyGlance) -> None:
        if copy.state not in (CopyState.COMPLETED, CopyState.EXPIRING):
            return
        key = (copy.instance_name.lower(), copy.lane)
        known = self._chains.get(key) or _Chain(oldest_at=copy.point_at, newest_at=copy.point_at)
        self._chains[key] = _Chain(
            location=copy.location,
            disk_bytes=max(known.disk_bytes, copy.disk_bytes),
            count=known.count + 1,
            oldest_at=min(known.oldest_at, copy.point_at),
            newest_at=max(known.newest_at, copy.point_at),
        )

    def holding(self) -> Holding:
        return together(map(_holding_of_chain, self._chains.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chain:
    oldest_at: datetime
    newest_at: datetime
    location: str = ""
    disk_bytes: int = 0
    count: int = 0


def _holding_of_chain(chain: _Chain) -> Holding:
    gib = held_bytes(chain.disk_bytes, chain.count, chain.newest_at - chain.oldest_at) / GIB
    price = find_price(_METER, plain_location(chain.location), CURRENCY)
    cost = gib * price.of_one if price else None
    return Holding(copies=chain.count, copies_gib=gib, copies_monthly_cost=cost if gib else 0.0)


def held_bytes(disk_bytes: int, points: int, span: timedelta) -> float:
    """What so many snapshots of a disk hold, as is supposed: the first all of it, each later one what changed since.
    Evenly over `span` is the most that they can hold: what changes in a gap grows ever more slowly with it."""
    if points < 2 or span <= timedelta(0):
        return float(disk_bytes if points else 0)
    churn = Churn(used_bytes=disk_bytes, changed_bytes=round(disk_bytes * CHANGED_A_DAY))
    return disk_bytes + (points - 1) * churn.between(span / (points - 1))


def together(parts: Iterable[Holding]) -> Holding:
    found = tuple(parts)
    return Holding(
        instances=sum(part.instances for part in found),
        points=sum(part.points for part in found),
        gib=sum(part.gib for part in found),
        monthly_cost=_sum(part.monthly_cost for part in found),
        copies=sum(part.copies for part in found),
        copies_gib=sum(part.copies_gib for part in found),
        copies_monthly_cost=_sum(part.copies_monthly_cost for part in found),
    )


def _sum(costs: Iterable[float | None]) -> float | None:
    known = tuple(costs)
    return None if None in known else sum(cost for cost in known if cost is not None)

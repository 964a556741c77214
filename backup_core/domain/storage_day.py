"""What a vault holds on a day: one small row, so that a trend can be drawn of what no record tells any more.

Azure tells nobody how much of a disk is used, and of snapshots what they hold only by the bill. So what is held is an
estimate that supposes something, and says so: it is for a trend and for what is large beside what is small, not for a
budget. Bounds, and an estimate by what somebody knows of a disk, are domain/cost.py's, whose formula this is.

Leaves to others: when it is counted (workflows/storage_days.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from backup_core.domain.cost import GIB, Churn
from backup_core.domain.health import InstanceGlance
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
    "There is no discount in it, and none is told where nobody has read the price of a region.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What one instance, or several, hold. `monthly_cost` is in CURRENCY; None where a price is not known."""

    instances: int = 0
    points: int = 0
    gib: float = 0.0
    monthly_cost: float | None = 0.0


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


def held_bytes(disk_bytes: int, points: int, span: timedelta) -> float:
    """What so many snapshots of a disk hold, as is supposed: the first all of it, each later one what changed since.
    Evenly over `span` is the most that they can hold: what changes in a gap grows ever more slowly with it."""
    if points < 2 or span <= timedelta(0):
        return float(disk_bytes if points else 0)
    churn = Churn(used_bytes=disk_bytes, changed_bytes=round(disk_bytes * CHANGED_A_DAY))
    return disk_bytes + (points - 1) * churn.between(span / (points - 1))


def together(parts: Iterable[Holding]) -> Holding:
    found = tuple(parts)
    costs = [part.monthly_cost for part in found]
    return Holding(
        instances=sum(part.instances for part in found),
        points=sum(part.points for part in found),
        gib=sum(part.gib for part in found),
        monthly_cost=None if None in costs else sum(cost for cost in costs if cost is not None),
    )

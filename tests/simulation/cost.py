"""What the control plane costs a month at list prices: hourly disks in the steady state, where each backup comes with
a point that expires. Counted in one simulated hour, the 730th part of a month: executions, gigabyte-seconds as they are
billed, storage transactions of app and host, and what Application Insights takes in.

Left out, for it is not counted here: snapshots, alert rules, events (two for a backup) and private endpoints.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from backup_core.domain.prices import Meter, find_price
from tests.benchmarks.figures import Figure
from tests.simulation.platform import Plan, Platform
from tests.simulation.scene import REGIONS, SLOT, new_platform, protect, subscriptions

SIZES = (100, 1_000, 5_000)
BAR_FROM = 1_000
BAR_USD = 0.002  # a disk and month
HOURS_A_MONTH = 730
HOUR = timedelta(hours=1)
LOG_GIGABYTE = 2.76  # USD, remembered in November 2026, to be looked up by who needs it exactly
# What each subscription has free each month.
FREE_EXECUTIONS, FREE_GIGABYTE_SECONDS, FREE_LOG_GIGABYTES = 250_000, 100_000, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    executions: float
    gigabyte_seconds: float
    transactions: float
    log_gigabytes: float

    @classmethod
    def so_far(cls, platform: Platform) -> Use:
        bill = platform.bill
        return cls(
            executions=bill.executions.total(),
            gigabyte_seconds=bill.seconds * platform.plan.memory_mb / 1024,
            transactions=platform.azure.transactions.total(),
            log_gigabytes=bill.log_bytes / 1e9,
        )

    def month_since(self, before: Use) -> Use:
        """Of the hour since `before`, taken 730 times."""
        return Use(
            executions=(self.executions - before.executions) * HOURS_A_MONTH,
            gigabyte_seconds=(self.gigabyte_seconds - before.gigabyte_seconds) * HOURS_A_MONTH,
            transactions=(self.transactions - before.transactions) * HOURS_A_MONTH,
            log_gigabytes=(self.log_gigabytes - before.log_gigabytes) * HOURS_A_MONTH,
        )

    @property
    def usd(self) -> float:
        """At list prices, with nothing free."""
        return (
            self.executions * _of_one(Meter.EXECUTIONS)
            + self.gigabyte_seconds * _of_one(Meter.EXECUTION_TIME)
            + self.transactions * _of_one(Meter.TABLE_OPERATIONS)
            + self.log_gigabytes * LOG_GIGABYTE
        )

    @property
    def usd_beyond_free(self) -> float:
        return Use(
            executions=max(0.0, self.executions - FREE_EXECUTIONS),
            gigabyte_seconds=max(0.0, self.gigabyte_seconds - FREE_GIGABYTE_SECONDS),
            transactions=self.transactions,
            log_gigabytes=max(0.0, self.log_gigabytes - FREE_LOG_GIGABYTES),
        ).usd


def _of_one(meter: Meter) -> float:
    """The list price in East US, in dollars."""
    price = find_price(meter, "eastus", "USD")
    assert price is not None, "it is in the list that ships"
    return price.of_one


def month(disks: int, plan: Plan, *, seed: int = 0) -> Use:
    """Points are kept for an hour, so that as many go as come in the second hour, which is counted."""
    platform = new_platform(plan, seed=seed)
    (subscription,) = subscriptions(1)
    protect(platform, subscription, disks, regions=REGIONS, retention="PT1H")
    platform.start()
    platform.run(SLOT + HOUR - timedelta(seconds=30))
    before = Use.so_far(platform)
    platform.run(SLOT + 2 * HOUR - timedelta(seconds=30))
    cloud = platform.azure.world.cloud
    assert len(cloud.taken) == 2 * disks, f"{len(cloud.taken)} snapshots of {2 * disks}"
    assert len(cloud.removed) >= disks, f"{len(cloud.removed)} of {disks} points went"
    return Use.so_far(platform).month_since(before)


def figures(disks: int, memory_mb: int, seed: int) -> list[Figure]:
    used = month(disks, Plan(memory_mb=memory_mb), seed=seed)
    return list(_figures(f"{disks:,} hourly disks, {memory_mb} MB", disks, used))


def _figures(name: str, disks: int, used: Use) -> Iterator[Figure]:
    backups = disks * HOURS_A_MONTH
    yield Figure(name=f"{name}: executions a backup", value=used.executions / backups)
    yield Figure(name=f"{name}: storage transactions a backup", value=used.transactions / backups)
    yield Figure(name=f"{name}: GB-seconds a backup", value=used.gigabyte_seconds / backups)
    yield Figure(name=f"{name}: log bytes a backup", value=used.log_gigabytes * 1e9 / backups)
    bar = BAR_USD if disks >= BAR_FROM else None
    yield Figure(name=f"{name}: USD a disk and month", value=used.usd / disks, at_most=bar)
    yield Figure(name=f"{name}: the same beyond what is free", value=used.usd_beyond_free / disks)

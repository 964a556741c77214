"""Thousands of disks with one slot: what Azure's budgets allow, and how near to it the fleet of hosts comes.

Budgets as documented (ARM's buckets) and recorded (the disk provider's windows: a thousand snapshots in three minutes
of a region and subscription). The disks of a subscription lie in four regions, so that ARM's bucket of writes is the
narrowest, as the bar has it; with all in one region the provider's window is, and the floor another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from backup_core.adapters.azure_errors import CallKind
from backup_core.domain.job import JobStatus
from infra.local.arm.settings import Settings
from tests.benchmarks.figures import Figure
from tests.simulation.platform import Plan, Platform
from tests.simulation.scene import REGIONS, SLOT, Subscription, jobs, new_platform, protect, subscriptions

LAST_PUT_RATIO = 1.05
REFUSED_PER_CENT = 1.0
EXECUTIONS = 2.1
TRANSACTIONS = 8.0
READS_A_BACKUP = 2
WINDOW_SECONDS = 180
HOSTS = (10, 40, 100)  # at most, of each scale group
DISKS = 5_000
RECONCILING = ("reconcile", "retention")  # no point expires here: what the queue has is the pass going on


def one_subscription(hosts: int, seed: int) -> list[Figure]:
    outcome = run(DISKS, plan=Plan(most_hosts=hosts), seed=seed)
    return figures(f"{DISKS:,} disks, {hosts} hosts", outcome, floor_seconds(DISKS, len(REGIONS)))


def one_region(seed: int) -> list[Figure]:
    """Where the provider's window is the narrowest: no bar but that floor's own."""
    outcome = run(DISKS, regions=REGIONS[:1], plan=Plan(most_hosts=HOSTS[0]), seed=seed)
    return figures(f"{DISKS:,} disks, one region", outcome, floor_seconds(DISKS, 1))


def many_subscriptions(seed: int) -> list[Figure]:
    """Each as if it were alone: all to the same bars."""
    outcome = run(1_000, count=20, plan=Plan(most_hosts=HOSTS[-1]), seed=seed)
    return figures("20 subscriptions of 1,000", outcome, floor_seconds(1_000, len(REGIONS)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`last_put` and `first_put` are seconds after the slot, by subscription."""

    platform: Platform
    first_put: dict[str, float]
    last_put: dict[str, float]
    refused: int
    calls: int
    executions: float  # a backup, timers left out
    transactions: float  # a backup, the app's own
    reconciling: float  # transactions a disk of the passes that came in between
    host_transactions: float
    unfinished: int
    hosts: int


def run(
    disks: int, *, regions: Sequence[str] = REGIONS, count: int = 1, plan: Plan | None = None, seed: int = 0
) -> Outcome:
    """`count` subscriptions of `disks` each, due at once, until all is quiet."""
    platform = new_platform(plan or Plan(), seed=seed)
    chosen = subscriptions(count)
    for subscription in chosen:
        protect(platform, subscription, disks, regions=regions)
    platform.start()
    until = SLOT + timedelta(seconds=2 * floor_seconds(disks, len(regions)) + 120)
    platform.run(until, unless=lambda: _is_over(platform, count * disks))
    platform.run(platform.timeline.clock.now() + timedelta(seconds=30))
    return _outcome(platform, chosen, count * disks)


def floor_seconds(disks: int, regions: int) -> float:
    """Until the last snapshot is asked for, at best, from the first on."""
    limits = Settings()
    writes = (disks - limits.writes_bucket) / limits.writes_per_second
    reads = (READS_A_BACKUP * disks - limits.reads_bucket) / limits.reads_per_second
    of_window, _ = limits.policies["HighCostSnapshotCreateHydrate"]
    in_region = -(-disks // regions)
    full, rest = divmod(in_region - 1, of_window)
    windows = full * WINDOW_SECONDS + (
        max(0.0, rest + 1 - limits.writes_bucket) / limits.writes_per_second if full else 0
    )
    return max(0.0, writes, reads, windows)


def _is_over(platform: Platform, backups: int) -> bool:
    return len(platform.azure.world.cloud.taken) >= backups and not any(
        platform.queues.count(group.function.queue) for group in platform.groups if group.function.queue
    )


def _outcome(platform: Platform, chosen: Sequence[Subscription], backups: int) -> Outcome:
    azure, bill = platform.azure, platform.bill
    puts: dict[str, list[float]] = {each.id: [] for each in chosen}
    for call in azure.calls:
        if call.kind is CallKind.START_SNAPSHOT and not call.refused:
            puts[call.subscription].append((call.at - SLOT).total_seconds())
    steps = {group.function.name for group in platform.groups if group.function.queue}
    by = Counter[str]()
    for (who, _), count in azure.transactions.items():
        by[who] += count
    reconciling = sum(by[name] for name in RECONCILING)
    ended = [job for each in chosen for job in jobs(platform, each) if job.status is JobStatus.COMPLETED]
    return Outcome(
        platform=platform,
        first_put={name: min(at, default=float("inf")) for name, at in puts.items()},
        last_put={name: max(at, default=float("inf")) for name, at in puts.items()},
        refused=sum(call.refused for call in azure.calls),
        calls=len(azure.calls),
        executions=sum(count for name, count in bill.executions.items() if name in steps) / backups,
        transactions=(by.total() - by["host"] - reconciling) / backups,
        reconciling=reconciling / backups,
        host_transactions=by["host"] / backups,
        unfinished=backups - len(ended),
        hosts=len(platform.hosts),
    )


def figures(name: str, outcome: Outcome, floor: float) -> list[Figure]:
    last = max(outcome.last_put[each] - outcome.first_put[each] for each in outcome.last_put)
    refused = 100 * outcome.refused / outcome.calls
    return [
        Figure(name=f"{name}: slot to the first PUT", value=max(outcome.first_put.values()), unit="s"),
        Figure(name=f"{name}: what the budgets allow at best", value=floor, unit="s"),
        Figure(name=f"{name}: first PUT to the last", value=last, unit="s", at_most=floor * LAST_PUT_RATIO),
        Figure(name=f"{name}: calls answered 429", value=refused, unit="%", at_most=REFUSED_PER_CENT),
        Figure(name=f"{name}: executions a backup", value=outcome.executions, at_most=EXECUTIONS),
        Figure(name=f"{name}: storage transactions a backup", value=outcome.transactions, at_most=TRANSACTIONS),
        Figure(name=f"{name}: the reconciler's a disk", value=outcome.reconciling),
        Figure(name=f"{name}: the host's own a backup", value=outcome.host_transactions),
        Figure(name=f"{name}: jobs that did not complete", value=outcome.unfinished, at_most=0),
        Figure(name=f"{name}: hosts that were started", value=outcome.hosts),
        Figure(name=f"{name}: seconds billed", value=outcome.platform.bill.seconds, unit="s"),
    ]

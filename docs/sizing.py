"""The sizing tables of operations.md: what follows for many disks from what was counted for one backup.

Leaves to others: counting (`make bench`; the counts stand in backup_core/domain/counted_work.py), and prices.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from backup_core.adapters.entities import SHARDS
from backup_core.domain.counted_work import EXPIRED_POINT, SCHEDULED_BACKUP
from backup_core.domain.heartbeat import POISON
from backup_core.domain.messages import QUEUES
from backup_core.triggers import timers
from backup_core.workflows.tick import DUTIES

SNAPSHOTS_OF_REGION = 75_000  # of a kind, in a region and subscription (reported)
HOST_LOCK_A_MINUTE = 5  # measured on the real host
# The worked example: every disk backed up every four hours, each point kept for a week.
EXAMPLE_DISKS = (100, 1000, 5000)
BACKUPS_A_DAY = 6
DAYS_KEPT = 7
_MINUTES = 24 * 60


def runs_a_day(schedule: str) -> int:
    """How often a timer with lists or single numbers for second and minute, and `*` for the rest, fires in a day."""
    seconds, minutes, *rest = schedule.split()
    if rest != ["*"] * 4:
        raise ValueError(f"{schedule!r} is no schedule of this kind")
    return len(seconds.split(",")) * (_MINUTES if minutes == "*" else len(minutes.split(",")) * 24)


def idle() -> dict[str, int]:
    """What a day costs without any disk: the duties, each of which reads the head of each shard of its agenda or each
    poison queue; the heartbeat and the mark, each of which a tick reads and writes. The reconciler, which reads what
    exists, is left out."""
    ticks = runs_a_day(timers.TICK)
    looks = sum(
        round(timedelta(days=1) / duty.period) * (len(QUEUES) if duty.name == POISON else SHARDS) for duty in DUTIES
    )
    return {"executions": ticks + runs_a_day(timers.RECONCILE), "storage": looks + ticks * 4}


def host_idle_a_minute() -> float:
    """Storage requests of one instance of the host that runs every function and has nothing to do: the looks into its
    queues, renewals of the timers' leases at half-time, statuses of the timers, and its own lock."""
    host = json.loads((Path(__file__).parents[1] / "host.json").read_text())
    longest_pause = _seconds(host["extensions"]["queues"]["maxPollingInterval"])
    schedules = (timers.TICK, timers.RECONCILE)
    leases = len(schedules) * 60 / (_seconds(host["singleton"]["listenerLockPeriod"]) / 2)
    statuses = sum(map(runs_a_day, schedules)) / _MINUTES
    return len(QUEUES) * 60 / longest_pause + leases + statuses + HOST_LOCK_A_MINUTE


def _seconds(text: str) -> int:
    hours, minutes, seconds = map(int, text.split(":"))
    return (hours * 60 + minutes) * 60 + seconds


def day_of(disks: int) -> dict[str, float]:
    """A day of the worked example, once the first points expire: as many points go as come."""
    backups = disks * BACKUPS_A_DAY
    both = (SCHEDULED_BACKUP, EXPIRED_POINT)
    snapshots = backups * DAYS_KEPT
    return {
        "backups": backups,
        "executions": backups * sum(work.executions for work in both) + idle()["executions"],
        "storage": backups * sum(work.storage + work.host_storage for work in both) + idle()["storage"],
        "arm": backups * sum(work.arm for work in both),
        "snapshots": snapshots,
        "subscriptions": -(-snapshots // SNAPSHOTS_OF_REGION),
    }

"""The sizing tables of operations.md: what was measured for one backup, and what follows for many disks.

Leaves to others: measuring (`make bench`, tests/benchmarks) and Azure's prices, which are the reader's to fill in.
"""

from __future__ import annotations

import json
import tomllib
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from backup_core.adapters.entities import SHARDS
from backup_core.domain.heartbeat import POISON
from backup_core.domain.messages import QUEUES
from backup_core.triggers import timers
from backup_core.workflows.tick import DUTIES

SNAPSHOTS_OF_REGION = 75_000  # of a kind, in a region and subscription (reported)
HOST_LOCK_A_MINUTE = 5  # measured on the real host
_MINUTES = 24 * 60


@cache
def measured() -> dict[str, Any]:
    with (Path(__file__).parent / "measured.toml").open("rb") as file:
        return tomllib.load(file)


def runs_a_day(schedule: str) -> int:
    """How often a timer with lists or single numbers for second and minute, and `*` for the rest, fires in a day."""
    seconds, minutes, *rest = schedule.split()
    if rest != ["*"] * 4:
        raise ValueError(f"{schedule!r} is no schedule of this kind")
    return len(seconds.split(",")) * (_MINUTES if minutes == "*" else len(minutes.split(",")) * 24)


def idle() -> dict[str, int]:
    """What a day costs without any disk: the duties, each of which reads the head of each shard of its agenda or each
    poison queue; the heartbeat, which each tick reads, reads again and writes; the mark, which it reads and writes. The
    reconciler reads what exists, and is left out."""
    ticks = runs_a_day(timers.TICK)
    looks = sum(
        round(timedelta(days=1) / duty.period) * (len(QUEUES) if duty.name == POISON else SHARDS) for duty in DUTIES
    )
    return {"executions": ticks + runs_a_day(timers.RECONCILE), "storage": looks + ticks * 5}


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
    work = {each["name"]: each for each in measured()["work"]}
    backup, expiry = work["scheduled backup"], work["expired recovery point, one in a round"]
    example = measured()["example"]
    backups = disks * example["backups_a_day"]
    both = {key: backups * (backup[key] + expiry[key]) for key in ("executions", "storage", "arm")}
    host = backups * (backup["executions"] + expiry["executions"]) * backup["host"] / backup["executions"]
    snapshots = backups * example["days_kept"]
    return {
        "backups": backups,
        "executions": both["executions"] + idle()["executions"],
        "storage": both["storage"] + host + idle()["storage"],
        "arm": both["arm"],
        "snapshots": snapshots,
        "subscriptions": -(-snapshots // SNAPSHOTS_OF_REGION),
    }

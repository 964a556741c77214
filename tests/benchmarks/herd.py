"""300 disks due at once against ARM's token buckets: everything is taken, nothing fails, and little budget is wasted.

At best the buckets allow, from the first call on: `PUTs / refill` seconds for what the write bucket does not hold at
once, and likewise for reads, of which a backup needs two (the disk, the operation); the slower of the two counts.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from backup_core.domain.job import Job, JobStatus
from tests.benchmarks.figures import Figure
from tests.benchmarks.scene import Entry, Scene, local_target, policy_at, slots_ahead, wait_for, wait_until

DISKS = 300
HOSTS = 2
READS_PER_BACKUP = 2
RATIO_AT_MOST = 1.3
_PATIENCE_SECONDS = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Herd:
    """What was left when all was over. Times count from the first snapshot that Azure accepted."""

    slot: datetime
    accepted: list[Entry]
    jobs: list[Job]
    poisoned: int
    arm_calls: dict[str, int]
    best_seconds: float
    peak_memory_mib: dict[str, float]

    @property
    def first_accepted_at(self) -> datetime:
        return min(entry.at for entry in self.accepted)

    def seconds_to(self, moment: datetime) -> float:
        return (moment - self.first_accepted_at).total_seconds()


def measure() -> list[Figure]:
    herd = run()
    at_most = herd.best_seconds * RATIO_AT_MOST
    last_put = herd.seconds_to(max(entry.at for entry in herd.accepted))
    last_job = herd.seconds_to(max(job.ended_at for job in herd.jobs if job.ended_at))
    statuses = Counter(job.status for job in herd.jobs)
    twice = len(herd.accepted) - len({entry.tag("job") for entry in herd.accepted})
    refused = sum(count for call, count in herd.arm_calls.items() if call.endswith(" 429"))
    calls = sum(herd.arm_calls.values())
    delay = (herd.first_accepted_at - herd.slot).total_seconds()
    return [
        Figure(name="disks without a snapshot", value=DISKS - len(herd.accepted) + twice, at_most=0),
        Figure(name="jobs that are not Completed", value=DISKS - statuses[JobStatus.COMPLETED], at_most=0),
        Figure(name="messages in poison queues", value=herd.poisoned, at_most=0),
        Figure(name="slot to the first PUT accepted", value=delay, unit="s"),
        Figure(name="what the buckets allow at best", value=herd.best_seconds, unit="s"),
        Figure(name="first PUT accepted to the last one", value=last_put, unit="s", at_most=at_most),
        Figure(name="first PUT accepted to the last job completed", value=last_job, unit="s", at_most=at_most),
        Figure(name="ARM calls per backup, refused ones included", value=calls / DISKS),
        Figure(name="ARM calls refused (429)", value=refused),
    ]


@cache
def run() -> Herd:
    """The herd, once for all benchmarks that look at it."""
    with local_target(instances=HOSTS) as scene:
        settings = scene.control("GET", "settings")
        (slot,) = slots_ahead(1)
        scene.protect(scene.add_disks(DISKS), policy_at("at-once", [slot]), first_slot=slot)
        wait_until(slot)
        scene.control("DELETE", "counts")
        jobs = wait_for(lambda: _ended(scene), seconds=_PATIENCE_SECONDS, pause=1.0)
        return Herd(
            slot=slot,
            accepted=scene.ledger("snapshot.created"),
            jobs=jobs,
            poisoned=sum(scene.poisoned().values()),
            arm_calls=scene.arm_calls(),
            best_seconds=_best_seconds(settings),
            peak_memory_mib=scene.peak_memory_mib(),
        )


def _ended(scene: Scene) -> list[Job]:
    """All jobs once each has ended; before that, an empty list. ARM is asked first: it costs the storage nothing."""
    if len(scene.ledger("snapshot.created")) < DISKS:
        return []
    jobs = scene.jobs()
    return jobs if len(jobs) >= DISKS and all(job.is_ended for job in jobs) else []


def _best_seconds(settings: dict[str, float]) -> float:
    writes = (DISKS - settings["writes_bucket"]) / settings["writes_per_second"]
    reads = (DISKS * READS_PER_BACKUP - settings["reads_bucket"]) / settings["reads_per_second"]
    return max(writes, reads)

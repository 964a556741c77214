"""300 and 1,000 disks due at once against ARM's token buckets: everything is taken, nothing fails, and little of the
budget is wasted.

At best the buckets allow, from the first call on: `PUTs / refill` seconds for what the write bucket does not hold at
once, and likewise for reads, of which a backup needs two (the disk, the operation); the slower of the two counts: reads
for 300, writes for 1,000. The provider's window holds 1,000.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial

from backup_core.domain.job import Job, JobStatus
from infra.local.demo.clients import Entry, sleep_until
from tests.benchmarks.figures import Figure
from tests.benchmarks.scene import Scene, local_target, policy_at, slots_ahead, wait_for

HOSTS = 2
READS_PER_BACKUP = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """So many disks, and how near to the best the last job must come. With 300 the two seconds of the
    first look weigh."""

    disks: int
    ratio_at_most: float
    refused_at_most: int | None = None


FEW, MANY = Size(disks=300, ratio_at_most=1.3), Size(disks=1_000, ratio_at_most=1.15, refused_at_most=0)
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
    executions: int  # of steps, from the slot on
    peak_memory_mib: dict[str, float]

    @property
    def first_accepted_at(self) -> datetime:
        return min(entry.at for entry in self.accepted)

    def seconds_to(self, moment: datetime) -> float:
        return (moment - self.first_accepted_at).total_seconds()


def measure() -> list[Figure]:
    return [figure for size in (FEW, MANY) for figure in _figures(size)]


def _figures(size: Size) -> Iterator[Figure]:
    herd, disks = run(size.disks), size.disks
    at_most = herd.best_seconds * size.ratio_at_most
    last_put = herd.seconds_to(max(entry.at for entry in herd.accepted))
    last_job = herd.seconds_to(max(job.ended_at for job in herd.jobs if job.ended_at))
    statuses = Counter(job.status for job in herd.jobs)
    twice = len(herd.accepted) - len({entry.tag("job") for entry in herd.accepted})
    refused = sum(count for call, count in herd.arm_calls.items() if call.endswith(" 429"))
    calls = sum(herd.arm_calls.values())
    delay = (herd.first_accepted_at - herd.slot).total_seconds()
    figure = partial(_named, f"{disks:,} due")
    yield figure("disks without a snapshot", disks - len(herd.accepted) + twice, at_most=0)
    yield figure("jobs that are not Completed", disks - statuses[JobStatus.COMPLETED], at_most=0)
    yield figure("messages in poison queues", herd.poisoned, at_most=0)
    yield figure("slot to the first PUT accepted", delay, unit="s")
    yield figure("what the buckets allow at best", herd.best_seconds, unit="s")
    yield figure("first PUT accepted to the last one", last_put, unit="s", at_most=at_most)
    yield figure("first PUT accepted to the last job completed", last_job, unit="s", at_most=at_most)
    yield figure("ARM calls per backup, refused ones included", calls / disks)
    yield figure("ARM calls refused (429)", refused, at_most=size.refused_at_most)
    yield figure("executions per backup", herd.executions / disks)


def _named(what: str, name: str, value: float, *, unit: str = "", at_most: float | None = None) -> Figure:
    return Figure(name=f"{what}: {name}", value=value, unit=unit, at_most=at_most)


@cache
def run(disks: int = FEW.disks) -> Herd:
    """The herd, once for all benchmarks that look at it."""
    with local_target(instances=HOSTS) as scene:
        settings = scene.control("GET", "settings")
        (slot,) = slots_ahead(1)
        scene.protect(scene.add_disks(disks), policy_at("at-once", [slot]), first_slot=slot)
        sleep_until(slot)
        scene.control("DELETE", "counts")
        jobs = wait_for(lambda: _ended(scene, disks), seconds=_PATIENCE_SECONDS, pause=1.0)
        return Herd(
            slot=slot,
            accepted=scene.ledger("snapshot.created"),
            jobs=jobs,
            poisoned=sum(scene.poisoned().values()),
            arm_calls=scene.arm_calls(),
            executions=sum(run.is_step for run in scene.runs(since=slot)),
            best_seconds=_best_seconds(settings, disks),
            peak_memory_mib=scene.peak_memory_mib(),
        )


def _ended(scene: Scene, disks: int) -> list[Job]:
    """All jobs once each has ended; before that, an empty list. ARM is asked first: it costs the storage nothing."""
    if len(scene.ledger("snapshot.created")) < disks:
        return []
    jobs = scene.jobs()
    return jobs if len(jobs) >= disks and all(job.is_ended for job in jobs) else []


def _best_seconds(settings: dict[str, float], disks: int) -> float:
    writes = (disks - settings["writes_bucket"]) / settings["writes_per_second"]
    reads = (disks * READS_PER_BACKUP - settings["reads_bucket"]) / settings["reads_per_second"]
    return max(writes, reads)

"""One disk, hourly, for a year, in zones whose clocks change at other times, by other steps, or never: every slot is
taken once, and each is kept as long as its tag says.

What is expected is reckoned here by the calendar alone. Time between what is due is skipped: ticks come in the minute
of the slot and once before the next, so that none is silent for longer than it may.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from backup_core.domain.job import Job, JobOperation, JobStatus
from tests.benchmarks.figures import Figure
from tests.workflows.platform import Platform

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
SLOTS = 8_760
FIRST = datetime.fromisoformat("2026-02-27T09:00:00+00:00")
HOUR = timedelta(hours=1)
# Of an hour: at the slot for the dispatch, and in time before the next for all others.
TICKS = (timedelta(0), timedelta(minutes=56))
SECONDS_AT_MOST = 30
KEPT = {"Yearly": 3650, "Monthly": 365, "Weekly": 84, "Daily": 30, "Default": 2}  # days
CRITERIA = {"Yearly": "FirstOfYear", "Monthly": "FirstOfMonth", "Weekly": "FirstOfWeek", "Daily": "FirstOfDay"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """`jobs` and `points` are counts by tag."""

    platform: Platform
    jobs: Counter[str]
    points: Counter[str]
    unfinished: int
    seconds: float


def run(zone: str, slots: int = SLOTS) -> Year:
    began, platform = time.process_time(), Platform()
    # Schemas of events, and what rows hold as JSON, are held to elsewhere; here they would cost half of the time.
    platform.world.events.checked = platform.world.store.checked = platform.world.store.agenda_checked = False
    platform.world.clock.set(FIRST - timedelta(seconds=30))
    tags = {name: (criterion, f"P{KEPT[name]}D") for name, criterion in CRITERIA.items()}
    intervals = (f"R/{FIRST.isoformat()}/PT1H",)
    platform.protect("disk-1", intervals=intervals, time_zone=zone, retention=f"P{KEPT['Default']}D", tags=tags)
    for number in range(slots):
        _hour(platform, FIRST + number * HOUR)
    seconds = time.process_time() - began
    taken = [job for job in platform.jobs() if job.operation is JobOperation.BACKUP]
    return Year(
        platform=platform,
        jobs=Counter(job.retention_tag for job in taken if job.status is JobStatus.COMPLETED),
        points=Counter(point.tag_name for point in platform.points()),
        unfinished=sum(not _is_good(job) for job in taken),
        seconds=seconds,
    )


def _is_good(job: Job) -> bool:
    return job.status is JobStatus.COMPLETED and not job.missed_slots


def _hour(platform: Platform, slot: datetime) -> None:
    for tick in TICKS:
        tick_at(platform, slot + tick)
    deliver(platform, slot + timedelta(minutes=59))


def tick_at(platform: Platform, at: datetime) -> None:
    """What becomes visible before it is delivered first."""
    deliver(platform, at)
    platform.world.clock.set(max(at, platform.world.clock.now()))
    platform.fire_timers()


def deliver(platform: Platform, until: datetime) -> None:
    """What becomes visible by then, at its instant."""
    queue, clock = platform.world.queue, platform.world.clock
    while (at := queue.next_visible_at()) is not None and at <= until:
        clock.set(max(at, clock.now()))
        platform.deliver()


def expected_tags(zone: str, slots: int = SLOTS) -> Iterator[tuple[datetime, str]]:
    """Each slot and its tag: that of the longest period of which it is the first."""
    seen: set[object] = set()
    for number in range(slots):
        slot = FIRST + number * HOUR
        day = slot.astimezone(ZoneInfo(zone)).date()
        periods = {"Yearly": day.year, "Monthly": (day.year, day.month), "Weekly": day.isocalendar()[:2], "Daily": day}
        fresh = [name for name, period in periods.items() if (name, period) not in seen]
        seen |= set(periods.items())
        yield slot, fresh[0] if fresh else "Default"


def expected(zone: str, slots: int = SLOTS) -> tuple[Counter[str], Counter[str]]:
    """How many are taken by tag, and how many of them are still kept: what expires soon after the last slot, as it was
    taken soon after its own, the last sweep has taken."""
    tags = list(expected_tags(zone, slots))
    last = tags[-1][0]
    kept = (tag for slot, tag in tags if slot + timedelta(days=KEPT[tag]) > last)
    return Counter(tag for _, tag in tags), Counter(kept)


def figures(zone: str, seed: int) -> list[Figure]:
    """The seed changes nothing."""
    del seed
    year = run(zone)
    jobs, points = expected(zone)
    wrong_jobs, wrong_points = (jobs - year.jobs) + (year.jobs - jobs), (points - year.points) + (year.points - points)
    calls = len(year.platform.world.faults.calls)
    return [
        Figure(
            name=f"{zone}: slots without their one job", value=SLOTS - year.jobs.total() + year.unfinished, at_most=0
        ),
        Figure(
            name=f"{zone}: jobs of another tag than reckoned",
            value=wrong_jobs.total(),
            at_most=0,
            note=_told(year.jobs),
        ),
        Figure(
            name=f"{zone}: points more or less than reckoned",
            value=wrong_points.total(),
            at_most=0,
            note=_told(year.points),
        ),
        Figure(name=f"{zone}: port calls a slot", value=calls / SLOTS),
        Figure(name=f"{zone}: time it took", value=year.seconds, unit="s CPU", at_most=SECONDS_AT_MOST),
    ]


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {counts[name]}" for name in KEPT)

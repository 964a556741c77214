"""Restore-test plans: which instances of a vault are tested, how often, from which of their points, and where.

A run takes so many instances and goes on behind those of the run before, in an order that the plan's seed makes: after
enough runs each was tested, and no row has to remember when. The seed also draws the point of each test, so that a
message that comes twice tests the same. Leaves to others: the test itself (restore_test.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from backup_core.domain.reach import UNKNOWN_AUTHOR, Author, Scope, is_within
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.schedule import Schedule, ScheduleFaults

TESTS_PER_RUN = (1, 40)  # all jobs of a run begin in one transaction, with the plan's row
DISKS_AT_ONCE = (1, 10)
WINDOW_DAYS = (1, 365)
INSTANCES_AT_MOST = 500  # that a plan names
SHORTEST_INTERVAL = timedelta(hours=1)


class PointChoice(Enum):
    NEWEST = "Newest"
    RANDOM = "Random"


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreTestPlan:
    """`instances` are names; none stands for all of the vault. `window_days` bounds a random point's age. `sku` "" is
    that of the source disk. `cursor` is the place in the order behind which the next run begins, `last_slot` the newest
    slot that a run was begun for."""

    name: str
    intervals: tuple[str, ...]
    target_group_id: str
    seed: str
    time_zone: str = "UTC"
    instances: tuple[str, ...] = ()
    choice: PointChoice = PointChoice.NEWEST
    window_days: int = 30
    tests_per_run: int = 1
    disks_at_once: int = 1
    sku: str = ""
    enabled: bool = True
    author: Author | None = None  # whose reach bounds what is tested
    changed_at: datetime | None = None
    last_slot: datetime | None = None
    cursor: str = ""

    @property
    def schedule(self) -> Schedule:
        return Schedule.parse(self.intervals, self.time_zone)

    def may_test(self, ids: Iterable[str], scopes: Iterable[Scope]) -> bool:
        """Whether the author may reach what a test reads and makes, by the scopes of today."""
        closed = (self.author or UNKNOWN_AUTHOR).closed(scopes)
        return not any(is_within(each, closed) for each in (*ids, self.target_group_id))

    def due_slot(self, now: datetime) -> datetime | None:
        """The newest slot that has come and that no run was begun for. Slots of before the plan's last change are not
        made up for."""
        slot = self.schedule.newest_slot(now)
        passed = [each for each in (self.last_slot, self.changed_at) if each is not None]
        return slot if slot is not None and all(slot > each for each in passed) else None

    def chosen(self, names: Iterable[str]) -> tuple[str, ...]:
        """Of the instances that can be tested, those of the next run."""
        places = sorted((self._place(name), name) for name in names)
        ahead = [each for each in places if each[0] > self.cursor]
        behind = [each for each in places if each[0] <= self.cursor]
        return tuple(name for _, name in [*ahead, *behind][: self.tests_per_run])

    def behind(self, chosen: Sequence[str]) -> RestoreTestPlan:
        """The plan once a run has taken these."""
        return replace(self, cursor=self._place(chosen[-1])) if chosen else self

    def _place(self, name: str) -> str:
        return hashlib.sha256(f"{self.seed}\n{name.lower()}".encode()).hexdigest()


def check_schedule(intervals: Sequence[str], time_zone: str) -> list[tuple[int | None, str]]:
    """What is wrong with a plan's schedule: (index of the interval, or None for the time zone; what)."""
    try:
        schedule = Schedule.parse(intervals, time_zone)
    except ScheduleFaults as error:
        return list(error.faults)
    if schedule.min_gap < SHORTEST_INTERVAL:
        return [(0, f"tests may begin {schedule.min_gap} after one another; at least an hour lies between two runs")]
    return []


def drawn(points: Sequence[RecoveryPoint], seed: str, job_id: str) -> RecoveryPoint | None:
    """One of the points by lot: of the same points, seed and job always the same one. None of none."""
    if not points:
        return None
    number = int.from_bytes(hashlib.sha256(f"{seed}\n{job_id}".encode()).digest()[:8], "big")
    return points[number % len(points)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreTestPlace:
    """A test under way: from before its disk is asked for until its disk is known to be gone."""

    job_id: str
    instance_name: str
    plan: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreTestPlaces:
    """The tests of a vault that are under way, in one row: so an instance has one at a time, and a plan no more than it
    may, whoever asks at once."""

    places: tuple[RestoreTestPlace, ...] = ()

    def holds(self, job_id: str) -> bool:
        return any(place.job_id == job_id for place in self.places)

    def room_for(self, place: RestoreTestPlace, at_once: int) -> str | None:
        """Why there is none, or None."""
        if any(each.instance_name.lower() == place.instance_name.lower() for each in self.places):
            return "another test of the instance is under way"
        running = sum(each.plan.lower() == place.plan.lower() for each in self.places)
        return None if running < at_once else f"{running} disks of the plan exist, as many as it may have at once"

    def with_place(self, place: RestoreTestPlace) -> RestoreTestPlaces:
        return replace(self, places=(*self.places, place))

    def without(self, job_id: str) -> RestoreTestPlaces:
        return replace(self, places=tuple(each for each in self.places if each.job_id != job_id))


def plan_subject(name: str) -> str:
    """What the agenda calls a plan."""
    return f"plan {name.lower()}"

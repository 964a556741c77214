"""What a policy will do: its next slots, the points that will exist on any day and why, and how many at most and when.

Made by the functions that decide in earnest: the schedule's slots, the tag's choice, the promise of its retention rule
and the decision which points may go. It supposes what a policy can promise: every slot is backed up, at once.

Leaves to others: what exists already (domain/previews.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import islice, pairwise, takewhile, tee
from operator import itemgetter

from backup_core.domain.durations import Duration
from backup_core.domain.policy import SNAPSHOTS_IN_WINDOW_LIMIT, SNAPSHOTS_WINDOW_SECONDS, BackupPolicy
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.retention import Kept, decide_retention
from backup_core.domain.schedule import Schedule
from backup_core.domain.tagging import choose_tags


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastSlot:
    """`at` in UTC, `local` on the clocks of the policy's zone. `clocks` is by how much they were moved since the slot
    before: forward by more than nothing, back by less."""

    at: datetime
    local: datetime
    clocks: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastPoint:
    """The point of one slot. `because` is why it gets its tag."""

    slot: datetime
    tag_name: str
    because: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """The most points that exist at one time, and since when."""

    count: int = 0
    at: datetime | None = None


def next_slots(schedule: Schedule, after: datetime, count: int) -> tuple[ForecastSlot, ...]:
    """The first `count` slots later than `after`."""
    before = (schedule.newest_slot(after) or after).astimezone(schedule.zone)
    slots = []
    for at in islice(schedule.slots_after(after), count):
        local = at.astimezone(schedule.zone)
        slots.append(ForecastSlot(at=at, local=local, clocks=_offset(local) - _offset(before)))
        before = local
    return tuple(slots)


def forecast_points(
    policy: BackupPolicy, after: datetime, until: datetime, *, last_success_slot: datetime | None = None
) -> Iterator[ForecastPoint]:
    """The points of all slots later than `after` and not later than `until`, oldest first, those that expire meanwhile
    among them. `last_success_slot` is that of the newest backup there is before."""
    kept = _kept_by_tag(policy)
    slots, same = tee(takewhile(lambda slot: slot <= until, policy.schedule.slots_after(after)))
    choices = choose_tags(policy.criteria, same, last_success_slot, policy.schedule.zone)
    for slot, choice in zip(slots, choices, strict=True):
        tag = choice.tag_name
        yield ForecastPoint(slot=slot, tag_name=tag, because=choice.because, expires_at=kept[tag].after(slot))


def existing_at(points: Iterable[ForecastPoint], at: datetime) -> tuple[Kept, ...]:
    """Those of `points` that exist at the instant `at`, oldest first, each with the reasons that keep it."""
    taken = [point for point in points if point.slot <= at]
    # What expired before there was a newer one is gone for certain: the decision is asked of the others.
    open_cases = [point for point in taken[:-1] if point.expires_at > at] + taken[-1:]
    return decide_retention([_as_point(point) for point in open_cases], now=at, protected=True).kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """When a point is taken and when it goes; None: it stays, or nothing newer is known to come."""

    taken_at: datetime
    goes_at: datetime | None


def lifetimes(points: Iterable[tuple[datetime, datetime | None]]) -> Iterator[Lifetime]:
    """Of points given oldest first, each as the instants at which it is taken and expires; None: it never does. One
    goes when it has expired, the newest when a newer one has come."""
    older: tuple[datetime, datetime | None] | None = None
    for point in points:
        if older is not None:
            taken_at, expires_at = older
            yield Lifetime(taken_at=taken_at, goes_at=None if expires_at is None else max(expires_at, point[0]))
        older = point
    if older is not None:
        yield Lifetime(taken_at=older[0], goes_at=None)


def counts_at_slots(
    points: Iterable[ForecastPoint], there: Iterable[datetime | None] = ()
) -> tuple[tuple[datetime, int], ...]:
    """How many points exist at each slot: `points`, given oldest first, beside those that are there already, which go
    at the instants `there`, or never. One goes when it has expired, the newest when a newer one has come."""
    dates = list(there)
    left = sorted(at for at in dates if at is not None)  # a heap
    lasting = len(dates) - len(left)
    counts = []
    for point in points:
        while left and left[0] <= point.slot:
            heappop(left)
        heappush(left, point.expires_at)
        counts.append((point.slot, lasting + len(left)))
    return tuple(counts)


def peak(counts: Sequence[tuple[datetime, int]]) -> Peak:
    """The most points, and the first slot at which there are so many."""
    if not counts:
        return Peak()
    at, count = max(counts, key=itemgetter(1))
    return Peak(count=count, at=at)


def first_over(limit: int, counts: Sequence[tuple[datetime, int]]) -> datetime | None:
    """The slot at which there are more points than `limit` for the first time; None when there never are."""
    return next((at for at, count in counts if count > limit), None)


def crowded(slots: Sequence[datetime]) -> int:
    """How many of `slots`, given oldest first, Azure would refuse: 7 snapshots of a disk in five minutes are taken
    (documented: compute, incremental snapshots)."""
    window = timedelta(seconds=SNAPSHOTS_WINDOW_SECONDS)
    taken: list[datetime] = []
    refused = 0
    for slot in slots:
        taken = [one for one in taken if one > slot - window]
        if len(taken) < SNAPSHOTS_IN_WINDOW_LIMIT:
            taken.append(slot)
        else:
            refused += 1
    return refused


def slots_too_close(slots: Sequence[datetime], gap: timedelta) -> int:
    """How many of `slots`, given oldest first, come sooner after the one before than `gap`."""
    return sum(later - earlier < gap for earlier, later in pairwise(slots))


def _kept_by_tag(policy: BackupPolicy) -> Mapping[str, Duration]:
    """How long the points of each tag are kept that a backup can get."""
    rules = {criterion.tag_name: policy.retention_of(criterion.tag_name) for criterion in policy.criteria}
    assert None not in rules.values(), "a tag without a retention rule is a fault"
    return {name: rule.duration for name, rule in rules.items() if rule is not None}


def _offset(local: datetime) -> timedelta:
    offset = local.utcoffset()
    assert offset is not None, "a local time knows its zone"
    return offset


def _as_point(point: ForecastPoint) -> RecoveryPoint:
    return RecoveryPoint(
        instance_name="forecast",
        point_id=f"{point.slot:%Y%m%dT%H%M%SZ}",
        snapshot_id="",
        created_at=point.slot,
        completed_at=point.slot,
        expires_at=point.expires_at,
        tag_name=point.tag_name,
        slot=point.slot,
    )

"""What would be: a policy by itself, a change of it for what exists, and why each existing point is kept until when.

A change of a policy counts for the points to come. Those that exist keep what they were promised; all that a change can
move of them is the end of the newest one, which stays until a newer one comes.

Leaves to others: reading what exists (workflows/previews.py), and the forecast itself (domain/forecast.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from backup_core.domain.forecast import (
    ForecastPoint,
    ForecastSlot,
    Peak,
    counts_at_slots,
    crowded,
    existing_at,
    first_over,
    forecast_points,
    next_slots,
    peak,
    slots_too_close,
)
from backup_core.domain.policy import (
    BACKGROUND_COPY_GAP,
    SCHEDULED_POINTS_LIMIT,
    BackupPolicy,
    shortened_rules,
)
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.retention import Kept, RetentionDecision
from backup_core.domain.validation import SNAPSHOTS_OF_DISK_LIMIT


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitMet:
    """A limit of snapshots of one disk, and the slot at which there are more for the first time; None: there never
    are, within what was looked at."""

    limit: int
    what: str
    on: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsOn:
    """The points that exist at an instant, oldest first, each with why it got its tag and what keeps it."""

    at: datetime
    kept: tuple[tuple[str, Kept], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyPreview:
    """From `begin` to `end`. `tags` counts the slots that get each; `refused` are slots that lie closer together than
    Azure takes snapshots of a disk, `too_close_to_copy` than those of a disk can be copied in the background."""

    begin: datetime
    end: datetime
    slots: tuple[ForecastSlot, ...]
    slot_count: int
    tags: Counter[str]
    days: tuple[PointsOn, ...]
    peak: Peak
    limits: tuple[LimitMet, ...]
    refused: int
    too_close_to_copy: int


def preview_policy(
    policy: BackupPolicy, begin: datetime, span: timedelta, *, slots: int, days: Sequence[datetime]
) -> PolicyPreview:
    """What `policy` does for a disk that it begins to protect at `begin`."""
    end = begin + span
    points = list(forecast_points(policy, begin, end))
    counts, instants = counts_at_slots(points), [point.slot for point in points]
    because = {point.slot: point.because for point in points}
    return PolicyPreview(
        begin=begin,
        end=end,
        slots=next_slots(policy.schedule, begin, slots),
        slot_count=len(points),
        tags=Counter(point.tag_name for point in points),
        days=tuple(
            PointsOn(at=day, kept=tuple((because[each.point.created_at], each) for each in existing_at(points, day)))
            for day in days
        ),
        peak=peak(counts),
        limits=_limits(counts, counts),
        refused=crowded(instants),
        too_close_to_copy=slots_too_close(instants, BACKGROUND_COPY_GAP),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Existing:
    """When the points that exist of one disk expire, None: never; those of its schedule, and those on demand. `newest`
    is when the newest was taken, and when it expires."""

    scheduled: Sequence[datetime | None] = ()
    on_demand: Sequence[datetime | None] = ()
    newest: tuple[datetime, datetime | None] | None = None

    @property
    def all(self) -> Sequence[datetime | None]:
        return [*self.scheduled, *self.on_demand]


def limits_met(points: Sequence[ForecastPoint], there: Existing) -> tuple[LimitMet, ...]:
    """Azure's limits for one disk, of which `there` exists."""
    scheduled = counts_at_slots(points, there.scheduled)
    return _limits(scheduled, counts_at_slots(points, there.all) if there.on_demand else scheduled)


def _limits(scheduled: Sequence[tuple[datetime, int]], every: Sequence[tuple[datetime, int]]) -> tuple[LimitMet, ...]:
    return (
        LimitMet(
            limit=SCHEDULED_POINTS_LIMIT,
            what="scheduled recovery points of a disk",
            on=first_over(SCHEDULED_POINTS_LIMIT, scheduled),
        ),
        LimitMet(
            limit=SNAPSHOTS_OF_DISK_LIMIT,
            what="snapshots of a disk",
            on=first_over(SNAPSHOTS_OF_DISK_LIMIT, every),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a point is there, and when it is next decided whether it goes; None: not before something else changes, such
    as a hold."""

    point: RecoveryPoint
    because: tuple[str, ...]
    goes: bool  # with the next look at its instance
    decided_at: datetime | None


def explain(
    decision: RetentionDecision, now: datetime, next_slot: datetime | None, *, keeps_all: bool = False
) -> tuple[Explanation, ...]:
    """Each point of one instance, newest first. `next_slot` is when its newest point can have a successor; with
    `keeps_all` nothing expires, as of an instance whose protection is stopped."""
    found = [_why_kept(item, now, next_slot, keeps_all=keeps_all) for item in decision.kept]
    found += [
        Explanation(point=item.point, because=item.because, goes=True, decided_at=now) for item in decision.expired
    ]
    return tuple(sorted(found, key=lambda each: each.point.point_id))


def _why_kept(item: Kept, now: datetime, next_slot: datetime | None, *, keeps_all: bool) -> Explanation:
    until = item.point.may_expire_at(now)
    if keeps_all or until is None or (item.is_needed and next_slot is None):
        decided_at = None
    else:
        decided_at = max(until, next_slot) if item.is_needed and next_slot is not None else until
    return Explanation(point=item.point, because=item.because, goes=False, decided_at=decided_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The points to come of a policy, for every instance whose newest backup is of the same slot: reckoned once for
    all of them. `counts` are of the points that exist on each of the days that were asked for, `most` of those that
    ever do."""

    policy: BackupPolicy
    next_slot: datetime
    points: tuple[ForecastPoint, ...]
    counts: tuple[int, ...]
    most: int


def outlook(
    policy: BackupPolicy, now: datetime, days: Sequence[datetime], last_success_slot: datetime | None
) -> Outlook:
    points = tuple(
        forecast_points(policy, now, max(days, default=now), last_success_slot=last_success_slot),
    )
    counts = tuple(len(existing_at(points, day)) for day in days)
    return Outlook(
        policy=policy,
        next_slot=policy.schedule.next_slot(now),
        points=points,
        counts=counts,
        most=peak(counts_at_slots(points)).count,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many points exist at an instant, as things are and after the change."""

    at: datetime
    before: int
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestMoved:
    """The newest point, the only one whose end a change of the policy can move: it stays until a newer one comes. None:
    it stays until something else changes."""

    created_at: datetime
    before: datetime | None
    after: datetime | None

    @property
    def because(self) -> str:
        if self.before == self.after:
            return "it goes as it would without the change"
        return "the newest point stays until a newer one comes, and the change moves the next slot"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePreview:
    """Of one instance. `shortened` are promises that points to come no longer get."""

    newest: NewestMoved | None
    shortened: tuple[str, ...]
    counts: tuple[Counts, ...]
    limits: tuple[LimitMet, ...]


def preview_change(before: Outlook, after: Outlook, there: Existing, days: Sequence[datetime]) -> ChangePreview:
    """What `after` in place of `before` means for an instance of which `there` exists."""
    expiries = there.all
    return ChangePreview(
        newest=_newest(before, after, there),
        shortened=tuple(shortened_rules(before.policy, after.policy)),
        counts=tuple(
            Counts(at=day, before=_beside(before, index, expiries, day), after=_beside(after, index, expiries, day))
            for index, day in enumerate(days)
        ),
        limits=limits_met(after.points, there) if after.most + len(expiries) > SCHEDULED_POINTS_LIMIT else _NOT_MET,
    )


def _newest(before: Outlook, after: Outlook, there: Existing) -> NewestMoved | None:
    if there.newest is None:
        return None
    created_at, expires_at = there.newest
    ends = [None if expires_at is None else max(expires_at, seen.next_slot) for seen in (before, after)]
    return NewestMoved(created_at=created_at, before=ends[0], after=ends[1])


def _beside(seen: Outlook, index: int, there: Sequence[datetime | None], day: datetime) -> int:
    """The points of an outlook and those that exist already; the last of these stays until there is another."""
    left = sum(expires_at is None or expires_at > day for expires_at in there)
    return seen.counts[index] + left or min(1, len(there))


_NOT_MET = limits_met((), Existing())

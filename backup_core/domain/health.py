"""Health: what of a record is enough to tell how things stand, and the sum of it for a vault or many.

A glance is a record cut down to that; the store keeps it beside the record in a column of its own, so that a summary
reads a few hundred bytes of each. A field may be added to one with or without a default: a row whose glance cannot be
read is read whole.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from backup_core.domain.alert import Cause, fired_type
from backup_core.domain.copying import CopyState, PointCopy
from backup_core.domain.events import kind_of
from backup_core.domain.instance import BackupInstance, PointCount
from backup_core.domain.job import Job, JobOperation, JobStatus
from backup_core.domain.objective import Marks, ObjectiveState, Standing, judge, marks_of
from backup_core.domain.recovery_point import PointState, RecoveryPoint
from backup_core.domain.resource_ids import VaultKey, parse_group_id

_EARLIEST = datetime.min.replace(tzinfo=UTC)
MOST_NAMED = 10  # instances that a summary names: the worst, and those that are due next


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceGlance:
    """`next_at` is the first slot that no backup was started for; `severities` are those of its open alerts.
    `subscription` (in small letters) and `location` are of its snapshots."""

    name: str
    friendly_name: str
    disk_id: str
    snapshot_group_id: str
    marks: Marks
    next_at: datetime
    policy_name: str
    last_success_slot: datetime | None
    subscription: str
    location: str
    disk_sku: str
    disk_bytes: int = 0  # the size of the disk when its newest good point was taken; 0 without one
    severities: tuple[str, ...] = ()
    is_unbound: bool = False  # Azure does not let us make its snapshots immutable
    unbound_in: tuple[str, ...] = ()  # regions where Azure does not let us make its copies immutable
    is_braked: bool = False  # the deletion brake keeps points of it from going
    point_count: PointCount | None = None

    @classmethod
    def of(cls, instance: BackupInstance) -> InstanceGlance:
        return cls(
            name=instance.name,
            friendly_name=instance.friendly_name,
            disk_id=instance.disk_id,
            snapshot_group_id=instance.snapshot_group_id,
            marks=marks_of(instance),
            next_at=instance.next_due_at,
            policy_name=instance.policy.name,
            last_success_slot=instance.last_success_slot,
            subscription=parse_group_id(instance.snapshot_group_id).subscription.lower(),
            location=instance.disk_location,
            disk_sku=instance.disk_sku,
            disk_bytes=instance.newest_point.disk_bytes if instance.newest_point else 0,
            severities=tuple(kind_of(fired_type(opened.cause)).severity.value for opened in instance.alerts),
            is_unbound=any(opened.cause == Cause.BINDING for opened in instance.alerts),
            unbound_in=tuple(_unbound_in(instance)),
            is_braked=instance.brake is not None and instance.brake.waits,
            point_count=instance.point_count,
        )


def _unbound_in(instance: BackupInstance) -> list[str]:
    lanes = {each.lane: each.location for each in instance.copy_standings}
    causes = {opened.cause for opened in instance.alerts}
    return sorted({location for lane, location in lanes.items() if f"{Cause.COPY_BINDING}.{lane}" in causes})


@dataclass(frozen=True, slots=True, kw_only=True)
class JobGlance:
    """Of a copy: `lane` is where to, and `is_missed` says that it was due and will not be made any more."""

    job_id: str
    instance_name: str
    operation: JobOperation
    status: JobStatus
    created_at: datetime
    slot: datetime | None = None
    started_at: datetime | None = None
    lane: str = ""
    is_missed: bool = False

    @classmethod
    def of(cls, job: Job) -> JobGlance:
        return cls(
            job_id=job.job_id,
            instance_name=job.instance_name,
            operation=job.operation,
            status=job.status,
            created_at=job.created_at,
            slot=job.slot,
            started_at=job.started_at,
            lane=str(job.details.get("lane") or ""),
            is_missed=bool(job.details.get("isMissed")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PointGlance:
    """A point that is held until nobody knows when has no `expires_at`; one on demand has no `slot`. `held_until` is
    when the last of its holds ends that were cleared."""

    instance_name: str
    job_id: str
    state: PointState
    created_at: datetime
    expires_at: datetime | None
    slot: datetime | None
    is_held: bool = False  # by a hold that nobody cleared
    held_until: datetime | None = None

    def is_held_at(self, now: datetime) -> bool:
        return self.is_held or (self.held_until is not None and now < self.held_until)

    @classmethod
    def of(cls, point: RecoveryPoint) -> PointGlance:
        """A hold that is being cleared counts to its end, whenever that is: a glance is not taken anew then."""
        return cls(
            instance_name=point.instance_name,
            job_id=point.job_id,
            state=point.state,
            created_at=point.created_at,
            expires_at=point.may_expire_at(_EARLIEST),
            slot=point.slot,
            is_held=any(hold.ends_at is None for hold in point.holds),
            held_until=max((hold.ends_at for hold in point.holds if hold.ends_at is not None), default=None),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyGlance:
    """`is_blocked`: it is due to go, and Azure or a doubt keeps it."""

    instance_name: str
    copy_id: str
    lane: str
    location: str
    state: CopyState
    point_at: datetime
    expires_at: datetime
    completed_at: datetime | None = None
    is_blocked: bool = False
    disk_bytes: int = 0  # the size of the disk

    @classmethod
    def of(cls, copy: PointCopy) -> CopyGlance:
        return cls(
            instance_name=copy.instance_name,
            copy_id=copy.copy_id,
            lane=copy.lane,
            location=copy.location,
            state=copy.state,
            point_at=copy.point_at,
            expires_at=copy.expires_at,
            completed_at=copy.completed_at,
            is_blocked=copy.expiry_blocked is not None,
            disk_bytes=copy.disk_size_bytes,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """An instance that a summary names. `share` is how much of its objective is used up: 1 when it breaches."""

    vault: VaultKey
    name: str
    standing: Standing
    point_at: datetime | None
    next_at: datetime
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The sum of some vaults. `jobs` counts by operation and status since `jobs_since`; of `waiting` and `refused`
    events no vault counts more than the first thousand."""

    jobs_since: datetime
    vaults: int = 0
    left_out: int = 0  # vaults that were not looked at, for want of time
    states: Counter[ObjectiveState] = field(default_factory=Counter)
    jobs: Counter[tuple[JobOperation, JobStatus]] = field(default_factory=Counter)
    severities: Counter[str] = field(default_factory=Counter)
    worst: tuple[Ranked, ...] = ()
    next_due: tuple[Ranked, ...] = ()
    with_points: int = 0  # instances that have a good point
    disk_bytes: int = 0  # the sizes of their disks
    unbound: int = 0  # instances whose snapshots Azure does not let us make immutable
    copies_unbound: Counter[str] = field(default_factory=Counter)  # the same of their copies, by region
    braked: int = 0  # instances of which the deletion brake keeps points from going, soft-deleted ones included
    waiting: int = 0
    refused: int = 0
    unreadable: int = 0  # rows that could not be read


def rank(vault: VaultKey, glance: InstanceGlance, now: datetime) -> Ranked:
    marks = glance.marks
    share = 1 + (now - marks.breaches_at).total_seconds() / max(marks.objective_seconds, 1)
    return Ranked(
        vault=vault,
        name=glance.name,
        standing=judge(marks, now),
        point_at=marks.point_at,
        next_at=glance.next_at,
        share=share,
    )


def worst_of(ranked: Iterable[Ranked]) -> tuple[Ranked, ...]:
    """Those of whose objective most is used up, the worst first; what is paused is held to none."""
    held = (each for each in ranked if each.standing.state is not ObjectiveState.PAUSED)
    return tuple(heapq.nlargest(MOST_NAMED, held, key=lambda each: each.share))


def next_due_of(ranked: Iterable[Ranked]) -> tuple[Ranked, ...]:
    """Those whose slot comes next, or is overdue; what is paused or in error has none."""
    resting = (ObjectiveState.PAUSED, ObjectiveState.ERROR)
    due = (each for each in ranked if each.standing.state not in resting)
    return tuple(heapq.nsmallest(MOST_NAMED, due, key=lambda each: each.next_at))


def merged(parts: Iterable[Health], *, jobs_since: datetime, left_out: int = 0) -> Health:
    """The sum; where some parts count jobs from later than others, they count from `jobs_since` on at best."""
    known = list(parts)
    return Health(
        jobs_since=max((part.jobs_since for part in known), default=jobs_since),
        vaults=sum(part.vaults for part in known),
        left_out=left_out + sum(part.left_out for part in known),
        states=sum((part.states for part in known), Counter()),
        jobs=sum((part.jobs for part in known), Counter()),
        severities=sum((part.severities for part in known), Counter()),
        worst=worst_of(each for part in known for each in part.worst),
        next_due=next_due_of(each for part in known for each in part.next_due),
        with_points=sum(part.with_points for part in known),
        disk_bytes=sum(part.disk_bytes for part in known),
        unbound=sum(part.unbound for part in known),
        copies_unbound=sum((part.copies_unbound for part in known), Counter()),
        braked=sum(part.braked for part in known),
        waiting=sum(part.waiting for part in known),
        refused=sum(part.refused for part in known),
        unreadable=sum(part.unreadable for part in known),
    )

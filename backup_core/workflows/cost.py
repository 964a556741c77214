"""When recovery points come and go, for an estimate of what they cost; and what Azure has billed for them, which each
process asks at most once a day for an instance. Records are read, nothing is changed.

Leaves to others: what points hold together (domain/cost.py), and what that costs (api/cost.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from backup_core.domain.forecast import Lifetime, forecast_points, lifetimes
from backup_core.domain.instance import BackupInstance
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.recovery_point import TAG_PREFIX, PointState
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.surroundings import BilledDay
from backup_core.ports import Ports
from backup_core.workflows.once_a_day import A_DAY
from backup_core.workflows.previews import explained, points_of

BILLED_DAYS = 30


def points_of_instance(
    ports: Ports, vault: VaultKey, instance: BackupInstance, policy: BackupPolicy, until: datetime
) -> tuple[Lifetime, ...]:
    """Of the points that exist and of those to come, oldest first, as if the instance followed `policy` from now on.
    One that takes no backups gets no more."""
    told = explained(ports, vault, instance, points_of(ports, vault, instance), policy)
    there = [
        Lifetime(taken_at=each.point.created_at, goes_at=each.decided_at)
        for each in told
        if each.point.state is not PointState.LOST
    ]
    now, last = ports.clock.now(), instance.last_success_slot
    to_come = points_to_come(policy, now, until, last_success_slot=last) if instance.state.will_be_backed_up else ()
    return (*sorted(there, key=lambda point: point.taken_at), *to_come)


def points_to_come(
    policy: BackupPolicy, after: datetime, until: datetime, *, last_success_slot: datetime | None = None
) -> tuple[Lifetime, ...]:
    """Of all points that a policy takes in that time, if every backup succeeds."""
    points = forecast_points(policy, after, until, last_success_slot=last_success_slot)
    return tuple(lifetimes((point.slot, point.expires_at) for point in points))


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """From `first` to `last`, as far as Azure knew when it was asked."""

    first: date
    last: date
    days: tuple[BilledDay, ...]
    asked_at: datetime


def billed_for(ports: Ports, vault: VaultKey, instance: BackupInstance) -> Billed:
    """For the instance's snapshots in its snapshot resource group, on the last full days. Raises what the cloud does;
    an error is asked again."""
    now, name = ports.clock.now(), f"billed {vault.partition} {instance.name.lower()}"
    known = ports.memory.kept(name, Billed, now=now)
    if known is None:
        last = now.date() - timedelta(days=1)
        first = last - timedelta(days=BILLED_DAYS - 1)
        tags = {f"{TAG_PREFIX}vault": vault.resource_id, f"{TAG_PREFIX}instance": instance.name}
        days = ports.cloud.billed(instance.snapshot_group_id, tags, first, last)
        known = Billed(first=first, last=last, days=days, asked_at=now)
        ports.memory.keep(name, known, until=now + A_DAY)
    return known

"""When recovery points come and go, for an estimate of what they cost. Records are read, nothing is changed.

Leaves to others: what points hold together (domain/cost.py), and what that costs (api/cost.py).
"""

from __future__ import annotations

from datetime import datetime

from backup_core.domain.forecast import Lifetime, forecast_points, lifetimes
from backup_core.domain.instance import BackupInstance
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.recovery_point import PointState
from backup_core.domain.resource_ids import VaultKey
from backup_core.ports import Ports
from backup_core.workflows.previews import explained, points_of


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

"""Whether a recovery point may go before its time because a contributor asks: only one that no promise holds.

What is promised is what immutability, a hold, a running restore, stopped protection and the need of a newest good point
promise. A plain retention is a wish of those who may change it, and soft delete still gives time to think again.
Leaves to others: the deletion itself, which asks all rules again (workflows/retention.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from backup_core.domain.hold import all_holds, standing
from backup_core.domain.instance import BackupInstance
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.retention import decide_retention
from backup_core.domain.vault import Vault


def promises(
    point: RecoveryPoint, points: Sequence[RecoveryPoint], instance: BackupInstance, vault: Vault, now: datetime
) -> tuple[str, ...]:
    """What speaks against the deletion of `point`, one of `points`; nothing when it may go."""
    until = point.expires_at
    if vault.is_immutable and (until is None or now < until):
        return (f"vault '{vault.key.name}' is immutable, and the point has not expired",)
    expired = [replace(each, expires_at=now) if each.point_id == point.point_id else each for each in points]
    decision = decide_retention(
        expired,
        now=now,
        protected=instance.is_protected,
        keep_all=instance.keeps_all_points,
        held=standing(all_holds(instance, vault), now),
    )
    return next((kept.because for kept in decision.kept if kept.point.point_id == point.point_id), ())


def released(point: RecoveryPoint, vault: Vault, now: datetime, *, by: str) -> RecoveryPoint:
    """The point as it is once `by` (an object id) asked for its deletion: it goes when soft delete ends, and not later
    than it would have. Asking again changes nothing."""
    if point.promised_until is not None:
        return point
    goes_at = (now + timedelta(days=vault.soft_delete_days)).replace(microsecond=0)
    until = point.expires_at
    return replace(
        point,
        promised_until=until or goes_at,
        expires_at=min(until, goes_at) if until else goes_at,
        released_by=by,
    )


def taken_back(point: RecoveryPoint) -> RecoveryPoint:
    """The point with the expiry that it had before its deletion was asked for."""
    if point.promised_until is None:
        return point
    return replace(point, expires_at=point.promised_until, promised_until=None, released_by="")

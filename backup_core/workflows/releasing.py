"""A recovery point goes before its time because a contributor asks, or stays after all.

Asking only brings its expiry forward: the deletion is the expiry's own, with all its rules and proofs, when soft delete
has given its time. Leaves to others: whether a promise holds it (domain/releasing.py).
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime

from backup_core.domain.agenda import expiry_row
from backup_core.domain.errors import NotFound, ResourceInUse
from backup_core.domain.instance import BackupInstance
from backup_core.domain.recovery_point import PointState, RecoveryPoint
from backup_core.domain.releasing import promises, released, taken_back
from backup_core.domain.resource_ids import VaultKey
from backup_core.ports import Ports, Replace, Stored, every, until_committed
from backup_core.workflows.catalogue import get_vault
from backup_core.workflows.protection import present_instance

log = logging.getLogger("diskbackup.releasing")


def release_point(ports: Ports, vault: VaultKey, name: str, point_id: str, *, by: str = "") -> RecoveryPoint:
    """Have a recovery point go: now, or when the vault's soft delete ends. `by` is who asks. Raises NotFound, and
    ResourceInUse that names every promise that holds it."""
    settings = get_vault(ports, vault)

    def attempt() -> RecoveryPoint:
        instance, point = present_instance(ports, vault, name), _point(ports, vault, name, point_id)
        now = ports.clock.now()
        points = [stored.value for stored in every(ports, RecoveryPoint, vault, name)]
        against = promises(point.value, points, instance.value, settings, now)
        if against:
            raise ResourceInUse(f"Recovery point '{point_id}' is kept: {'; '.join(against)}.")
        news = released(point.value, settings, now, by=by)
        _commit(ports, vault, instance, point, news, now)
        log.warning("point.released instance=%s point=%s goes_at=%s", name, point_id, news.expires_at)
        return news

    return until_committed(f"Backup instance '{name}'", attempt)


def keep_point(ports: Ports, vault: VaultKey, name: str, point_id: str) -> RecoveryPoint:
    """Take `release_point` back, as long as the deletion has not begun. Raises NotFound, ResourceInUse."""

    def attempt() -> RecoveryPoint:
        instance, point = present_instance(ports, vault, name), _point(ports, vault, name, point_id)
        news = taken_back(point.value)
        _commit(ports, vault, instance, point, news, ports.clock.now())
        return news

    return until_committed(f"Backup instance '{name}'", attempt)


def _point(ports: Ports, vault: VaultKey, name: str, point_id: str) -> Stored[RecoveryPoint]:
    stored = ports.store.get(RecoveryPoint, vault, name, point_id)
    if stored is None or stored.value.state is PointState.EXPIRING:
        raise NotFound(f"Recovery point '{point_id}' of '{name}' was not found.")
    return stored


def _commit(
    ports: Ports,
    vault: VaultKey,
    instance: Stored[BackupInstance],
    point: Stored[RecoveryPoint],
    news: RecoveryPoint,
    now: datetime,
) -> None:
    """The row of the agenda first: one that finds nothing due moves itself on. Raises StateConflict."""
    if news == point.value or news.expires_at is None:
        return
    known = instance.value.expiry_due_at
    due_at = news.expires_at if known is None else min(news.expires_at, known)
    row = expiry_row(vault, instance.value.name, max(due_at, now))
    ports.store.schedule([row])
    looked_at = replace(instance.value, expiry_due_at=row.due_at)
    ports.store.commit(vault, [Replace(instance, looked_at), Replace(point, news)])

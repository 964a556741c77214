"""Alerts as part of a change: raised once for each cause and instance, told again once a day, resolved once.

The functions here decide; what they answer belongs into the transaction of the change that gave cause.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from backup_core.domain.alert import (
    RAISE_AGAIN_AFTER,
    Alert,
    AlertState,
    OpenAlert,
    alert_id,
    fired_type,
)
from backup_core.domain.events import Event, kind_of
from backup_core.domain.instance import BackupInstance
from backup_core.domain.job import JobError
from backup_core.domain.resource_ids import VaultKey
from backup_core.ports import Change, Ports, Put, Replace, until_committed
from backup_core.workflows import announcements
from backup_core.workflows.catalogue import get_alert

MOST_OPEN = 20  # alerts that one instance remembers: each is a cause of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerted:
    """The instance with its open alerts as they now are, and what must be committed and told with it."""

    instance: BackupInstance
    changes: tuple[Change, ...] = ()
    events: tuple[Event, ...] = ()


def fire(
    ports: Ports,
    vault: VaultKey,
    instance: BackupInstance,
    cause: str,
    *,
    error: JobError | None = None,
    job_id: str = "",
) -> Alerted:
    """Raise the alert of `cause`, unless it is open and was told of within a day."""
    now = ports.clock.now()
    known = next((each for each in instance.alerts if each.cause == cause), None)
    if known is None:
        return _raise(vault, instance, cause, error, job_id, now)
    if now < known.told_at + RAISE_AGAIN_AFTER:
        return Alerted(instance=instance)
    again = replace(known, told_at=now, occurrences=known.occurrences + 1)
    alert = _alert(ports, vault, instance, known)
    alert = replace(alert, told_at=now, occurrences=again.occurrences, error=error or alert.error)
    return Alerted(
        instance=replace(instance, alerts=tuple(again if each is known else each for each in instance.alerts)),
        changes=(Put(alert),),
        events=(announcements.alert_fired(vault, alert),),
    )


def resolve(ports: Ports, vault: VaultKey, instance: BackupInstance, *causes: str) -> Alerted:
    """End the open alerts of `causes` and of what they begin with; without causes, all."""
    now = ports.clock.now()
    ended = [
        each
        for each in instance.alerts
        if not causes or {each.cause, each.cause.partition(".")[0]}.intersection(causes)
    ]
    if not ended:
        return Alerted(instance=instance)
    rows = [replace(_alert(ports, vault, instance, each), state=AlertState.RESOLVED, resolved_at=now) for each in ended]
    return Alerted(
        instance=replace(instance, alerts=tuple(each for each in instance.alerts if each not in ended)),
        changes=tuple(Put(alert) for alert in rows),
        events=tuple(announcements.alert_resolved(vault, alert, now) for alert in rows),
    )


def acknowledge(ports: Ports, vault: VaultKey, alert_name: str, *, by: str) -> Alert:
    """Note who looks after an alert. Raises NotFound, ResourceInUse."""

    def attempt() -> Alert:
        alert = get_alert(ports, vault, alert_name)
        stored = ports.store.get(Alert, vault, alert_name)
        if stored is None or stored.value.acknowledged_at is not None:
            return alert
        noted = replace(stored.value, acknowledged_at=ports.clock.now(), acknowledged_by=by)
        ports.store.commit(vault, [Replace(stored, noted)])
        return noted

    return until_committed(f"Alert '{alert_name}'", attempt)


def _raise(
    vault: VaultKey, instance: BackupInstance, cause: str, error: JobError | None, job_id: str, now: datetime
) -> Alerted:
    opened = OpenAlert(cause=cause, raised_at=now, told_at=now)
    alert = _new_alert(vault, instance, opened, error, job_id)
    return Alerted(
        instance=replace(instance, alerts=(*instance.alerts, opened)[-MOST_OPEN:]),
        changes=(Put(alert),),
        events=(announcements.alert_fired(vault, alert),),
    )


def _alert(ports: Ports, vault: VaultKey, instance: BackupInstance, known: OpenAlert) -> Alert:
    """The alert's row, which may say that somebody acknowledged it; made anew if it is gone."""
    stored = ports.store.get(Alert, vault, alert_id(vault.partition, instance.name, known.cause, known.raised_at))
    return stored.value if stored else _new_alert(vault, instance, known, None, "")


def _new_alert(
    vault: VaultKey, instance: BackupInstance, opened: OpenAlert, error: JobError | None, job_id: str
) -> Alert:
    told_by = fired_type(opened.cause)
    return Alert(
        alert_id=alert_id(vault.partition, instance.name, opened.cause, opened.raised_at),
        cause=opened.cause,
        instance_name=instance.name,
        fired_type=told_by,
        raised_at=opened.raised_at,
        told_at=opened.told_at,
        severity=kind_of(told_by).severity.value,
        disk_id=instance.disk_id,
        occurrences=opened.occurrences,
        error=error,
        job_id=job_id,
    )

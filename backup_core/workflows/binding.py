"""Have Azure keep the snapshots of immutable vaults and of held points: one step for one point, from its recording on,
and again from the reconciler for whatever is not bound as long as it could be.

A request that Azure accepted proves nothing: the point is noted as bound once its snapshot shows it. What Azure does
not let us bind (the feature is not there, or the right) is kept by this app only, and an alert says so.

Leaves to others: for how long (domain/binding.py), and what a bound point is kept from (domain/retention.py).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from backup_core.domain.alert import Cause
from backup_core.domain.binding import Asks, days_wanted
from backup_core.domain.disk import Snapshot
from backup_core.domain.errors import BackupError, SnapshotNotBound
from backup_core.domain.hold import all_holds, standing
from backup_core.domain.instance import BackupInstance
from backup_core.domain.job import JobError
from backup_core.domain.messages import BindPoint
from backup_core.domain.ownership import NotProven, prove_point
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.vault import Vault
from backup_core.ports import Ports, Replace, again_on_conflict
from backup_core.workflows import outbox
from backup_core.workflows.alerts import Alerted, fire, resolve
from backup_core.workflows.catalogue import find_vault
from backup_core.workflows.turns import look_delay, next_turn, note_deferral

log = logging.getLogger("diskbackup.binding")

LOOKS_AT_MOST = 8  # about two minutes, after which what Azure accepted should be seen
AT_ONCE = 300  # points of one run of the reconciler
PAUSE = timedelta(seconds=0.5)  # between two of them: a fifth of the writes that Azure Resource Manager grants


def binding_vault(ports: Ports, vault: VaultKey) -> Vault | None:
    """The vault as it is in force, for what asks that Azure keeps its snapshots; None where the deployment does not
    bind. Costs a read where it does."""
    if not ports.promises.binds_snapshots:
        return None
    found = find_vault(ports, vault)
    return found.at(ports.clock.now()) if found is not None else None


def asks_of(vault: Vault, instance: BackupInstance | None, point: RecoveryPoint, now: datetime) -> Asks:
    """`vault` as it is in force."""
    return Asks(immutable=vault.is_immutable, held=bool(standing(all_holds(point, instance, vault), now)))


def bind_soon(ports: Ports, vault: VaultKey, instance: BackupInstance, point: RecoveryPoint) -> None:
    """Of a point that was just recorded, once that is committed. What a dead host leaves out, the reconciler sends."""
    found = binding_vault(ports, vault)
    if found is not None and asks_of(found, instance, point, ports.clock.now()).anything:
        ports.queue.send(_message(vault, point))


def bind_later(ports: Ports, vault: VaultKey, points: Sequence[RecoveryPoint], *, sent: int) -> None:
    """Of points that were found not to be bound, behind `sent` others."""
    ports.queue.send_all([(_message(vault, point), (sent + number) * PAUSE) for number, point in enumerate(points)])


def bind_point(ports: Ports, message: BindPoint) -> None:
    """Look at the point's snapshot once: note that it is bound, or ask for that and come back."""
    stored = ports.store.get(RecoveryPoint, message.vault, message.instance_name, message.point_id)
    vault = binding_vault(ports, message.vault) if stored is not None else None
    if stored is None or vault is None:
        return
    instance = ports.store.get(BackupInstance, message.vault, message.instance_name)
    asks = asks_of(vault, instance.value if instance is not None else None, stored.value, ports.clock.now())
    try:
        is_done = _bind(ports, message, stored.value, asks)
    except BackupError as error:
        _come_back_or_tell(ports, message, error)
        return
    if not is_done:
        ports.queue.send(replace(message, looks=message.looks + 1, attempts=0), delay=look_delay(message.looks))


def end_alert(ports: Ports, vault: VaultKey, instance: BackupInstance) -> None:
    """Of an instance of which nothing asks for binding any more."""
    if any(opened.cause == Cause.BINDING for opened in instance.alerts):
        _record(ports, vault, instance.name, lambda found: resolve(ports, vault, found, Cause.BINDING))


def _bind(ports: Ports, message: BindPoint, point: RecoveryPoint, asks: Asks) -> bool:
    """Answers whether there is nothing left to do."""
    snapshot = ports.cloud.find_snapshot(point.snapshot_id)
    if snapshot is None or isinstance(prove_point(point, snapshot, vault=message.vault), NotProven):
        log.warning("binding.no_snapshot snapshot=%s: the reconciler looks after it", point.snapshot_id)
        return True
    days = days_wanted(point, snapshot.immutability, asks, ports.clock.now())
    if days is None:
        _note_bound(ports, message, snapshot)
        return True
    if message.looks == LOOKS_AT_MOST:
        raise SnapshotNotBound(f"Azure accepted to make '{snapshot.id}' immutable, and does not show it.")
    ports.cloud.bind_snapshot(snapshot.id, days=days)
    return False


def _message(vault: VaultKey, point: RecoveryPoint) -> BindPoint:
    return BindPoint(vault=vault, instance_name=point.instance_name, point_id=point.point_id)


def _note_bound(ports: Ports, message: BindPoint, snapshot: Snapshot) -> None:
    until = snapshot.immutability.until if snapshot.immutability is not None else None

    def note(found: BackupInstance) -> Alerted:
        stored = ports.store.get(RecoveryPoint, message.vault, message.instance_name, message.point_id)
        alerted = resolve(ports, message.vault, found, Cause.BINDING)
        if stored is None or stored.value.immutable_until == until:
            return alerted
        bound = Replace(stored, replace(stored.value, immutable_until=until))
        return replace(alerted, changes=(bound, *alerted.changes))

    _record(ports, message.vault, message.instance_name, note)


def _come_back_or_tell(ports: Ports, message: BindPoint, error: BackupError) -> None:
    turn = next_turn(message, error, message.point_id)
    if turn is not None:
        note_deferral(turn, error, message.point_id)
        ports.queue.send(turn.message, delay=turn.delay)
        return
    log.error("binding.refused instance=%s code=%s %s", message.instance_name, error.code, error.message)
    told = JobError.of(error)
    _record(
        ports,
        message.vault,
        message.instance_name,
        lambda found: fire(ports, message.vault, found, Cause.BINDING, error=told),
    )


def _record(ports: Ports, vault: VaultKey, name: str, decide: Callable[[BackupInstance], Alerted]) -> None:
    """What `decide` answers of the instance as it is by now. Raises StateConflict when it changes all the time."""

    def attempt() -> None:
        stored = ports.store.get(BackupInstance, vault, name)
        if stored is None:
            return
        alerted = decide(stored.value)
        if alerted.changes:
            outbox.commit(ports, vault, [Replace(stored, alerted.instance), *alerted.changes], alerted.events)

    again_on_conflict(attempt)

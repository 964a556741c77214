"""Have Azure keep the snapshots of immutable vaults and of held points, and their copies in other regions: one step for
one point from its recording on, for one copy from when it is whole on, and again from the reconciler for whatever is
not bound as long as it could be.

A request that Azure accepted proves nothing: the point is noted as bound once its snapshot shows it. What Azure does
not let us bind (the feature is not there, or the right) is kept by this app only, and an alert says so: one for the
points of an instance, and one for each region that they are copied to.

Leaves to others: for how long (domain/binding.py), and what a bound point is kept from (domain/retention.py).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from backup_core.domain.alert import Cause
from backup_core.domain.binding import Asks, days_wanted
from backup_core.domain.copying import PointCopy, prove_copy
from backup_core.domain.disk import Snapshot
from backup_core.domain.errors import BackupError, SnapshotNotBound, Throttled
from backup_core.domain.hold import all_holds, standing
from backup_core.domain.instance import BackupInstance
from backup_core.domain.job import JobError
from backup_core.domain.messages import BindPoint
from backup_core.domain.ownership import Judgement, NotProven, prove_point
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.vault import Vault
from backup_core.ports import Change, Ports, Replace, Stored, again_on_conflict
from backup_core.workflows import outbox
from backup_core.workflows.alerts import Alerted, fire, resolve
from backup_core.workflows.catalogue import find_vault
from backup_core.workflows.turns import look_delay, next_turn, note_deferral

log = logging.getLogger("diskbackup.binding")

Kept = RecoveryPoint | PointCopy

LOOKS_AT_MOST = 8  # about two minutes, after which what Azure accepted should be seen
AT_ONCE = 300  # points and copies of one run of the reconciler
FIRST_OF_VAULT = 100  # instances that are bound as soon as their vault is immutable: the reconciler binds the rest
PAUSE = timedelta(seconds=0.5)  # between two of them: a fifth of the writes that Azure Resource Manager grants


def binding_vault(ports: Ports, vault: VaultKey) -> Vault | None:
    """The vault as it is in force, for what asks that Azure keeps its snapshots; None where the deployment does not
    bind. Costs a read where it does."""
    if not ports.promises.binds_snapshots:
        return None
    found = find_vault(ports, vault)
    return found.at(ports.clock.now()) if found is not None else None


def asks_of(vault: Vault, instance: BackupInstance | None, kept: Kept, now: datetime) -> Asks:
    """`vault` as it is in force."""
    return Asks(immutable=vault.is_immutable, held=bool(standing(all_holds(kept, instance, vault), now)))


def bind_soon(ports: Ports, vault: VaultKey, instance: BackupInstance, kept: Kept) -> None:
    """Of a point that was just recorded, or a copy that is whole, once that is committed. What a dead host leaves out,
    the reconciler sends."""
    found = binding_vault(ports, vault)
    if found is not None and asks_of(found, instance, kept, ports.clock.now()).anything:
        ports.queue.send(_message(vault, kept))


def bind_later(ports: Ports, vault: VaultKey, unbound: Sequence[Kept], *, sent: int) -> None:
    """Of what was found not to be bound, behind `sent` others."""
    ports.queue.send_all([(_message(vault, kept), (sent + number) * PAUSE) for number, kept in enumerate(unbound)])


def bind_newest(ports: Ports, vault: VaultKey) -> None:
    """Of a vault that has just become immutable, bind the newest point of each instance, and its newest copy in each
    region: so it is told at once where Azure does not let us. The reconciler sends the others."""
    if not ports.promises.binds_snapshots:
        return
    messages = []
    for stored in ports.store.page(BackupInstance, vault, limit=FIRST_OF_VAULT).items:
        name, newest = stored.value.name, stored.value.newest_point
        if newest is not None:
            messages.append(BindPoint(vault=vault, instance_name=name, point_id=newest.point_id))
        copied = [each.newest_id for each in stored.value.copy_standings if each.newest_id]
        messages += [BindPoint(vault=vault, instance_name=name, point_id="", copy_id=copy_id) for copy_id in copied]
    ports.queue.send_all([(message, number * PAUSE) for number, message in enumerate(messages)])


def bind_point(ports: Ports, message: BindPoint) -> None:
    """Look at the snapshot of the point, or of its copy, once: note that it is bound, or ask for that and come back."""
    stored = _stored(ports, message)
    vault = binding_vault(ports, message.vault) if stored is not None else None
    if stored is None or vault is None:
        return
    instance = ports.store.get(BackupInstance, message.vault, message.instance_name)
    asks = asks_of(vault, instance.value if instance is not None else None, stored.value, ports.clock.now())
    try:
        is_done = _bind(ports, message, stored.value, asks)
    except BackupError as error:
        _come_back_or_tell(ports, message, cause_of(stored.value), error)
        return
    if not is_done:
        ports.queue.send(replace(message, looks=message.looks + 1, attempts=0), delay=look_delay(message.looks))


def cause_of(kept: Kept) -> str:
    """Of the alert that Azure does not let us bind it."""
    return f"{Cause.COPY_BINDING}.{kept.lane}" if isinstance(kept, PointCopy) else Cause.BINDING


def end_alert(ports: Ports, vault: VaultKey, instance: BackupInstance, cause: str = Cause.BINDING) -> None:
    """Of an instance of which nothing asks for binding any more: of its points, or of its copies."""
    if any(opened.cause.partition(".")[0] == cause for opened in instance.alerts):
        _record(ports, vault, instance.name, lambda found: resolve(ports, vault, found, cause))


def _stored(ports: Ports, message: BindPoint) -> Stored[RecoveryPoint] | Stored[PointCopy] | None:
    if message.copy_id:
        return ports.store.get(PointCopy, message.vault, message.instance_name, message.copy_id)
    return ports.store.get(RecoveryPoint, message.vault, message.instance_name, message.point_id)


def _prove(kept: Kept, snapshot: Snapshot, vault: VaultKey) -> Judgement:
    if isinstance(kept, PointCopy):
        return prove_copy(kept, snapshot, vault=vault)
    return prove_point(kept, snapshot, vault=vault)


def _bind(ports: Ports, message: BindPoint, kept: Kept, asks: Asks) -> bool:
    """Answers whether there is nothing left to do."""
    if isinstance(kept, PointCopy) and not kept.is_whole:
        return True  # when it is, it is bound
    snapshot = ports.cloud.find_snapshot(kept.snapshot_id)
    if snapshot is None or isinstance(_prove(kept, snapshot, message.vault), NotProven):
        log.warning("binding.no_snapshot snapshot=%s: the reconciler looks after it", kept.snapshot_id)
        return True
    days = days_wanted(kept, snapshot.immutability, asks, ports.clock.now())
    if days is None:
        _note_bound(ports, message, kept, snapshot)
        return True
    if message.looks == LOOKS_AT_MOST:
        raise SnapshotNotBound(f"Azure accepted to make '{snapshot.id}' immutable, and does not show it.")
    ports.cloud.bind_snapshot(snapshot.id, days=days)
    return False


def _message(vault: VaultKey, kept: Kept) -> BindPoint:
    copy_id = kept.copy_id if isinstance(kept, PointCopy) else ""
    return BindPoint(vault=vault, instance_name=kept.instance_name, point_id=kept.point_id, copy_id=copy_id)


def _note_bound(ports: Ports, message: BindPoint, kept: Kept, snapshot: Snapshot) -> None:
    until = snapshot.immutability.until if snapshot.immutability is not None else None

    def note(found: BackupInstance) -> Alerted:
        stored = _stored(ports, message)
        alerted = resolve(ports, message.vault, found, cause_of(kept))
        if stored is None or stored.value.snapshot_id != kept.snapshot_id or stored.value.immutable_until == until:
            return alerted
        return replace(alerted, changes=(_noted(stored, until), *alerted.changes))

    _record(ports, message.vault, message.instance_name, note)


def _noted(stored: Stored[Any], until: datetime | None) -> Change:
    return Replace(stored, replace(stored.value, immutable_until=until))


def _come_back_or_tell(ports: Ports, message: BindPoint, cause: str, error: BackupError) -> None:
    identity = message.copy_id or message.point_id
    turn = next_turn(message, error, identity, is_sent_anew=True)
    if turn is not None:
        note_deferral(turn, error, identity)
        ports.queue.send(turn.message, delay=turn.delay)
        return
    if isinstance(error, Throttled):
        log.warning("binding.put_off instance=%s: the reconciler looks after it", message.instance_name)
        return
    log.error("binding.refused instance=%s code=%s %s", message.instance_name, error.code, error.message)
    told = JobError.of(error)
    _record(
        ports,
        message.vault,
        message.instance_name,
        lambda found: fire(ports, message.vault, found, cause, error=told),
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

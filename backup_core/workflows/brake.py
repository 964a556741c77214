"""The deletion brake is asked before what goes early is marked for its deletion, and let go by a second person.

Brake and instance are written in one transaction, by the ETags of both: many hosts that delete side by side count one
after another, and what was counted is not counted again by who does it twice. Plain expiry asks nothing and writes
nothing here. The vault's instances are counted once an hour at most, and only where more go than may go in any case.

Leaves to others: the decision (domain/brake.py), and that what was stopped is looked at again (retention.py).
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from backup_core.domain.alert import Cause
from backup_core.domain.brake import Asking, Brake, Early, Going, GoOn, Judged, early_of, judge, let_go, share_of
from backup_core.domain.errors import ResourceInUse
from backup_core.domain.events import Event
from backup_core.domain.health import InstanceGlance
from backup_core.domain.instance import BackupInstance
from backup_core.domain.job import JobError
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.vault import BRAKE_OFF, Vault
from backup_core.ports import Change, Insert, Ports, Replace, StateConflict, Stored, pages, until_committed
from backup_core.workflows import announcements, outbox
from backup_core.workflows.alerts import Alerted, fire, resolve

log = logging.getLogger("diskbackup.brake")

_TRIES = 5
GO_ON = (
    "If these deletions are meant, have another contributor, who caused none of them, let the batch go: POST "
    "deletionBrake/goOn of the vault. If they are not, undelete what can be, or set a legal hold on the vault."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The instance's row to go on with, and the points and copies that wait."""

    stored: Stored[BackupInstance]
    stopped: frozenset[str]


def ask_brake(
    ports: Ports,
    vault: VaultKey,
    stored: Stored[BackupInstance],
    settings: Vault | None,
    going: Sequence[Going],
    beside: Callable[[], Sequence[Going]] = tuple,
) -> Asked:
    """Count an instance of which `going` are about to be deleted, or stop what goes early. `settings` are the vault's.
    `beside` tells what else of it is about to go, by its other expiry: an instance is judged by all of that, and asked
    for it only where something goes early or waits. Raises StateConflict when the instance was changed meanwhile, or
    the brake is changing too often."""
    early, mark = early_of(stored.value, settings, going, ports.clock.now()), stored.value.brake
    if not early.points and (mark is None or not mark.waits):
        return Asked(stored=stored, stopped=frozenset())
    early = early_of(stored.value, settings, [*going, *beside()], ports.clock.now())
    for _ in range(_TRIES):
        try:
            return _ask(ports, vault, stored, settings, early)
        except StateConflict:
            now_is = ports.store.get(BackupInstance, vault, stored.value.name)
            if now_is is None or now_is.etag != stored.etag:
                raise
    raise StateConflict(f"the deletion brake of {vault.name} is changing too often")


def _ask(ports: Ports, vault: VaultKey, stored: Stored[BackupInstance], settings: Vault | None, early: Early) -> Asked:
    row, instance, now = ports.store.get(Brake, vault), stored.value, ports.clock.now()
    share, unbraked = share_of(settings), ports.promises.unbraked_instances
    brake = row.value if row is not None else Brake()
    if early.points and share < BRAKE_OFF and brake.needs_total(unbraked, now):
        brake = replace(brake, total=_count_instances(ports, vault), total_at=now)
    asking = Asking(early=early, mark=instance.brake, revision=instance.revision, batch_name=uuid.uuid4().hex[:12])
    judged = judge(brake, asking, share_percent=share, unbraked=unbraked, now=now)
    alerted = _alerted(ports, vault, replace(instance, brake=judged.mark), judged)
    changes: list[Change] = [*_change(row, judged.brake), *alerted.changes]
    if not changes and alerted.instance == instance:
        return Asked(stored=stored, stopped=judged.stopped)
    told: list[Event] = [*alerted.events]
    if judged.begins and judged.brake.batch is not None:
        told.append(announcements.deletions_stopped(vault, judged.brake.batch))
        log.warning("brake.stopped vault=%s batch=%s", vault.resource_id, judged.brake.batch.name)
    etags = outbox.commit(ports, vault, [Replace(stored, alerted.instance), *changes], told)
    return Asked(stored=Stored(alerted.instance, etags[0]), stopped=judged.stopped)


def _change(row: Stored[Brake] | None, brake: Brake) -> list[Change]:
    if row is None:
        return [Insert(brake)] if brake != Brake() else []
    return [Replace(row, brake)] if brake != row.value else []


def _count_instances(ports: Ports, vault: VaultKey) -> int:
    """Those that have a good point: one that protects nothing yet adds nothing to what may go."""
    found = pages(lambda token: ports.store.glance(InstanceGlance, vault, token=token))
    return sum(glance.marks.point_at is not None for page in found for glance in page.items)


def _alerted(ports: Ports, vault: VaultKey, instance: BackupInstance, judged: Judged) -> Alerted:
    """Each instance of which something waits has its alert, which ends when nothing does any more."""
    if not judged.stopped or judged.brake.batch is None:
        return resolve(ports, vault, instance, Cause.BRAKE)
    message = (
        f"The deletion of {len(judged.stopped)} recovery points, or copies of them, waits until a second person says "
        f"go on: {judged.brake.batch.said}."
    )
    error = JobError(code=Cause.BRAKE, message=message, recommended_action=GO_ON)
    return fire(ports, vault, instance, Cause.BRAKE, error=error)


def find_brake(ports: Ports, vault: VaultKey) -> Brake:
    """As it is, which is at rest where nothing ever asked it."""
    stored = ports.store.get(Brake, vault)
    return stored.value if stored is not None else Brake()


def say_go_on(ports: Ports, vault: VaultKey, batch_id: str, *, by: str, by_name: str, reason: str) -> GoOn:
    """Let what waits go, as `batch_id` names it; said again by the same person, it is answered as before. Raises
    ResourceInUse when that is not what waits now, SecondPersonNeeded."""

    def attempt() -> GoOn:
        stored, now = ports.store.get(Brake, vault), ports.clock.now()
        brake = stored.value if stored is not None else Brake()
        said = next((each for each in brake.go_ons if each.batch.batch_id == batch_id and each.by == by), None)
        if said is not None:
            return said
        if stored is None or brake.batch is None or brake.batch.batch_id != batch_id:
            waits = f"is '{brake.batch.batch_id}': look at it" if brake.batch is not None else "is none"
            raise ResourceInUse(f"Batch '{batch_id}' does not wait in vault '{vault.name}'. What waits now {waits}.")
        changed = let_go(brake, by=by, by_name=by_name, reason=reason, now=now)
        said = changed.go_ons[-1]
        outbox.commit(ports, vault, [Replace(stored, changed)], [announcements.deletions_let_go(vault, said)])
        log.warning("brake.let_go vault=%s batch=%s by=%s", vault.resource_id, batch_id, by)
        return said

    return until_committed(f"The deletion brake of vault '{vault.name}'", attempt)

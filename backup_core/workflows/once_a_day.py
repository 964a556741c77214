"""What stays until somebody sees to it is told once a day, and what costs much is done once a day: by each process, as
long as it lives. So a host that starts anew tells again; nothing else depends on it."""

from __future__ import annotations

from datetime import timedelta

from backup_core.domain.events import Event
from backup_core.domain.resource_ids import VaultKey
from backup_core.ports import Ports
from backup_core.workflows import outbox

A_DAY = timedelta(hours=24)


def is_done(ports: Ports, name: str) -> bool:
    """Whether `name` was noted within a day."""
    done_at = ports.memory.recall(name)
    return done_at is not None and ports.clock.now() < done_at + A_DAY


def note(ports: Ports, name: str) -> None:
    ports.memory.note(name, ports.clock.now())


def tell(ports: Ports, vault: VaultKey, event: Event, *, name: str = "") -> bool:
    """Record an event, unless that was done within a day under its id, or under `name`; answers whether it was. Raises
    CloudUnavailable, and then it is told the next time."""
    name = name or event.id
    if is_done(ports, name):
        return False
    outbox.record(ports, vault, [event])
    note(ports, name)
    return True

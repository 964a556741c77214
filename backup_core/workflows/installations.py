"""The id of this installation: made by whoever first asks for it, and the same for as long as the tables live."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import timedelta

from backup_core.domain.installation import Installation
from backup_core.domain.resource_ids import ANYWHERE
from backup_core.ports import Insert, Ports, Replace, Stored, until_committed

_ANSWERED_FOR = timedelta(minutes=1)  # how long a process answers for the id without reading it again
_NAME = "installation"


def installation_id(ports: Ports) -> str:
    """The id, as of a minute ago: it changes only when all tables are lost."""
    now = ports.clock.now()
    known = ports.memory.kept(_NAME, Installation, now=now)
    if known is None:
        known = installation(ports)
        ports.memory.keep(_NAME, known, until=now + _ANSWERED_FOR)
    return known.installation_id


def installation(ports: Ports) -> Installation:
    """As the tables have it now. Of two that make it at once, one is heard."""
    return _stored(ports).value


def take_over(ports: Ports, others: Iterable[str]) -> Installation:
    """Count the snapshots of `others` as ours from now on: for an operator to decide."""
    wanted = tuple(others)

    def attempt() -> Installation:
        stored = _stored(ports)
        changed = stored.value.take_over(wanted)
        if changed == stored.value:
            return changed
        ports.store.commit(ANYWHERE, [Replace(stored, changed)])
        return changed

    return until_committed("Which installations count as ours", attempt)


def _stored(ports: Ports) -> Stored[Installation]:
    def attempt() -> Stored[Installation]:
        stored = ports.store.get(Installation, ANYWHERE)
        if stored is not None:
            return stored
        made = Installation(installation_id=str(uuid.uuid4()))
        (etag,) = ports.store.commit(ANYWHERE, [Insert(made)])
        return Stored(made, etag)

    return until_committed("This installation's id", attempt)

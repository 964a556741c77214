"""The heartbeat of the scheduler: each tick notes what it did, and one that comes after a silence tells of it.

Leaves to others: what a tick does (tick.py), and the ping to a dead-man service (adapters/heartbeat_ping.py).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from backup_core.domain.errors import BackupError, RecordCorrupt
from backup_core.domain.heartbeat import DISPATCH, Heartbeat
from backup_core.domain.resource_ids import ANYWHERE, VaultKey
from backup_core.ports import Insert, Ports, Put, Replace, Stored, until_committed
from backup_core.workflows import announcements, outbox

log = logging.getLogger("diskbackup.heartbeat")

ANSWERED_FOR = timedelta(seconds=15)  # how long a process answers for the last tick without reading it again
_NAME = "heartbeat"


def last_beat(ports: Ports) -> Heartbeat | None:
    """The heartbeat as it stands; None when there is none, or when nobody knows. One read.

    Never raises, and nor do the functions below: no trouble with the heartbeat may keep a tick from its work.
    """
    stored = read_beat(ports)
    return None if stored is None else stored.value


def read_beat(ports: Ports) -> Stored[Heartbeat] | None:
    """As last_beat, for who will note in it."""
    try:
        return ports.store.get(Heartbeat, ANYWHERE)
    except BackupError as error:
        log.warning("heartbeat.unread code=%s", error.code)
        return None


def tell_of_silence(ports: Ports, since: datetime, missed: Mapping[VaultKey, int]) -> None:
    """Record, for each vault that had slots in the silence, that it was and that it is over. Before those slots are
    taken off the agenda: a tick that dies in between is followed by one that tells the same under the same ids."""
    now = ports.clock.now()
    log.error("scheduler.stalled since=%s vaults=%d slots=%d", since.isoformat(), len(missed), sum(missed.values()))
    for vault, count in missed.items():
        events = [
            announcements.scheduler_stalled(vault, since, count, now),
            announcements.scheduler_recovered(vault, since, now),
        ]
        try:
            outbox.record(ports, vault, events)
        except BackupError as error:
            log.error("scheduler.untold vault=%s code=%s", vault.resource_id, error.code)


def count_by_vault(slots: Iterable[tuple[VaultKey, int]]) -> Mapping[VaultKey, int]:
    """The vaults that have any, with how many."""
    counts: Counter[VaultKey] = Counter()
    for vault, count in slots:
        counts[vault] += count
    return {vault: count for vault, count in counts.items() if count}


def note(ports: Ports, done: Mapping[str, datetime], *, known: Stored[Heartbeat] | None = None) -> Heartbeat | None:
    """Note when duties were done; answers the heartbeat as noted, None when it could not be. Two hosts at once both get
    their say: whoever comes second reads again, and so does who has no row that is `known`."""
    tries = [known]

    def attempt() -> Heartbeat:
        change = _noting(ports, done, tries.pop() if tries else None)
        ports.store.commit(ANYWHERE, [change])
        return change.value

    try:
        return until_committed("The heartbeat's row", attempt)
    except BackupError as error:
        log.warning("heartbeat.unnoted code=%s", error.code)
        return None


def _noting(
    ports: Ports, done: Mapping[str, datetime], known: Stored[Heartbeat] | None
) -> Insert[Heartbeat] | Put[Heartbeat] | Replace[Heartbeat]:
    first = min(done.values())
    new = Heartbeat(ticked_at=done.get(DISPATCH, first), duties=done, began_at=first)
    try:
        stored = known or ports.store.get(Heartbeat, ANYWHERE)
    except RecordCorrupt:
        return Put(new)
    return Insert(new) if stored is None else Replace(stored, stored.value.noting(done))


def recent_beat(ports: Ports) -> Heartbeat | None:
    """The heartbeat, as of a few seconds ago: strangers may ask as often as they like. Raises CloudUnavailable."""
    now = ports.clock.now()
    known = ports.memory.kept(_NAME, Heartbeat, now=now)
    if known is None:
        stored = ports.store.get(Heartbeat, ANYWHERE)
        if stored is None:
            return None
        known = stored.value
        ports.memory.keep(_NAME, known, until=now + ANSWERED_FOR)
    return known


def is_alive(ports: Ports) -> bool:
    """Whether every duty was done lately. An app that has never ticked is not alive; nor is one without its storage."""
    try:
        beat = recent_beat(ports)
    except BackupError as error:
        log.warning("heartbeat.unread code=%s", error.code)
        return False
    return beat is not None and not beat.stalled(ports.clock.now())

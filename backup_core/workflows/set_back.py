"""Whether the tables are older than the world: restored from a copy, or failed over to an account that lags behind.

Two witnesses outlive the tables. Each tick leaves its time beside the queues (the mark); tables whose heartbeat is
older than the mark were set back. And the reconciler finds snapshots that we made and of whose job nothing is known.

From then on nothing is deleted, nothing is restored that was asked for before, and nothing is called lost, until an
operator has looked and says go on. Backups go on once the reconciler has brought the points back that are missing:
until then a slot that has its point would be taken for due.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from backup_core.domain.errors import BackupError, CloudUnavailable, RecordCorrupt
from backup_core.domain.heartbeat import MARK_MARGIN, Heartbeat, SetBack, read_mark, write_mark
from backup_core.domain.resource_ids import ANYWHERE, VaultKey
from backup_core.ports import Insert, Ports, Replace, StateConflict, T, again_on_conflict
from backup_core.workflows import announcements, outbox
from backup_core.workflows.catalogue import list_vault_keys
from backup_core.workflows.installations import installation, installation_id

log = logging.getLogger("diskbackup.set_back")


def set_back(ports: Ports) -> SetBack | None:
    """The set-back that nobody has settled yet, noted or just seen; None when the tables are as new as the world.

    For whoever is about to do what cannot be undone: a few reads. Raises CloudUnavailable: then nobody knows.
    """
    stored = ports.store.get(Heartbeat, ANYWHERE)
    return _seen(ports, stored.value if stored else None)


def notice(ports: Ports, beat: Heartbeat | None) -> SetBack | None:
    """As `set_back`, for a tick; what is just seen is noted and told of, before the tick writes over the traces."""
    found = _seen(ports, beat)
    if found is not None and not (beat is not None and beat.is_held):
        _note_and_tell(ports, found)
    return found


def notice_unknown_job(ports: Ports, snapshot_created_at: datetime) -> None:
    """A snapshot of ours of whose job these tables know nothing. Told once: what was made before the last set-back was
    settled is of its doing."""
    stored = ports.store.get(Heartbeat, ANYWHERE)
    last = stored.value.set_back if stored else None
    if last is not None and (last.resumed_at is None or snapshot_created_at <= last.resumed_at):
        return
    now = ports.clock.now()
    _note_and_tell(ports, SetBack(seen_at=now, tables_at=snapshot_created_at, world_at=now))


def leave_mark(ports: Ports, beat: Heartbeat) -> None:
    """Note beside the queues how new the tables are, once their heartbeat says so. Never raises: the next tick comes
    soon."""
    if beat.is_held:
        return
    try:
        ports.queue.leave_mark(write_mark(installation_id(ports), beat.noted_at))
    except BackupError as error:
        log.warning("mark.unwritten code=%s", error.code)


def note_reconciled(ports: Ports, *, began_at: datetime) -> None:
    """Points that were missing are back: backups go on. The tables were looked through from `began_at` on; what was
    looked through before they were set back says nothing."""

    def change(known: SetBack) -> SetBack | None:
        is_news = known.reconciled_at is None and known.seen_at <= began_at
        return replace(known, reconciled_at=ports.clock.now()) if is_news else None

    _change(ports, change)


def go_on(ports: Ports) -> SetBack | None:
    """An operator has looked: deletions and restores go on. Answers what was settled; None when nothing was held."""
    settled = _change(ports, lambda known: None if known.resumed_at else replace(known, resumed_at=ports.clock.now()))
    if settled is not None:
        log.warning("tables.resumed set_back_seen_at=%s", settled.seen_at.isoformat())
        for vault in list_vault_keys(ports):
            _tell(ports, vault, settled)
    return settled


def _seen(ports: Ports, beat: Heartbeat | None) -> SetBack | None:
    """Whether the mark is newer than the heartbeat. That was read as `beat`; None where there is none, as in a copy of
    before the first tick, or where it could not be read. What begins anew has another id, and nothing to delete."""
    if beat is not None and beat.is_held:
        return beat.set_back
    text = ports.queue.read_mark()
    mark = read_mark(text) if text else None
    if mark is None or (beat is not None and not beat.is_older_than(mark.at)):
        return None
    try:
        stored = ports.store.get(Heartbeat, ANYWHERE)
    except RecordCorrupt:
        return None  # to be written over
    if stored is not None and stored.value.is_held:
        return stored.value.set_back
    if stored is not None and not stored.value.is_older_than(mark.at):
        return None  # another tick was between: a mark is left after its heartbeat, so that one read later is as new
    if mark.installation_id != installation(ports).installation_id:
        return None
    tables_at = mark.at - MARK_MARGIN if stored is None else stored.value.noted_at
    return SetBack(seen_at=ports.clock.now(), tables_at=tables_at, world_at=mark.at)


def _note_and_tell(ports: Ports, found: SetBack) -> None:
    """Raises CloudUnavailable when it cannot be noted: then nothing may go on that would make it unseen."""

    def attempt() -> bool:
        stored = ports.store.get(Heartbeat, ANYWHERE)
        if stored is not None and stored.value.is_held:
            return False
        value = stored.value if stored else Heartbeat(ticked_at=found.tables_at)
        noted = replace(value, set_back=found)
        ports.store.commit(ANYWHERE, [Replace(stored, noted) if stored else Insert(noted)])
        return True

    if _committed(attempt):
        log.error("tables.set_back tables_at=%s world_at=%s", found.tables_at.isoformat(), found.world_at.isoformat())
        for vault in list_vault_keys(ports):
            _tell(ports, vault, found)


def _committed(attempt: Callable[[], T]) -> T:
    """Nothing goes on before it is. Raises CloudUnavailable."""
    try:
        return again_on_conflict(attempt)
    except StateConflict as conflict:
        raise CloudUnavailable("The heartbeat's row is changing too often; try again.") from conflict


def _tell(ports: Ports, vault: VaultKey, found: SetBack) -> None:
    try:
        outbox.record(ports, vault, [announcements.tables_set_back(vault, found)])
    except BackupError as error:
        log.error("tables.untold vault=%s code=%s", vault.resource_id, error.code)


def _change(ports: Ports, change: Callable[[SetBack], SetBack | None]) -> SetBack | None:
    """Change what is held; None when nothing is, or nothing is to be changed. Raises CloudUnavailable."""

    def attempt() -> SetBack | None:
        stored = ports.store.get(Heartbeat, ANYWHERE)
        held = stored.value.set_back if stored is not None and stored.value.is_held else None
        changed = change(held) if held is not None else None
        if stored is None or changed is None:
            return None
        ports.store.commit(ANYWHERE, [Replace(stored, replace(stored.value, set_back=changed))])
        return changed

    return _committed(attempt)

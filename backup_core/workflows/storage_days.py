"""A row a day for each vault with what it holds, for a trend: counted from the instances' rows, which know it already.

What it costs: one query a day and process; of each vault that protects anything, a read for each 999 instances, and as
many copies in other regions, and a write, once a day. A vault that protects nothing has no row. The trend of all vaults
is one query for each 1,000 rows. A row is written once and never changed: who comes second finds it there, and one that
dies before is done again.

Leaves to others: what an instance holds (domain/storage_day.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta

from backup_core.domain.health import CopyGlance, InstanceGlance
from backup_core.domain.resource_ids import ANYWHERE, VaultKey
from backup_core.domain.storage_day import CopiesHeld, Holding, StorageDay, first_key, holding_of, together
from backup_core.ports import Insert, Ports, Remove, StateConflict, every, pages
from backup_core.workflows.run_time import Time

KEPT_DAYS = 400
FORGOTTEN_A_DAY = 2000  # rows: as many as vaults make in a day
_TOGETHER = 100  # rows of one transaction
_NAME = "storage noted"


def note_storage(ports: Ports, vaults: Iterable[VaultKey], time: Time, after: str) -> str | None:
    """Note what each vault holds today, behind the one whose partition is `after`. Answers None once all are noted, or
    behind which another run is to go on. Raises CloudUnavailable."""
    now = ports.clock.now()
    if ports.memory.kept(_NAME, bool, now=now):
        return None
    today, last = now.date(), after
    noted = {row.vault for row in storage_days(ports, today, today)}
    for vault in sorted(vaults, key=lambda each: each.partition):
        if vault.partition <= after or vault in noted:
            continue
        if time.is_up and last != after:
            return last
        _note(ports, vault, today)
        last = vault.partition
    _forget(ports, today - timedelta(days=KEPT_DAYS))
    ports.memory.keep(_NAME, True, until=_next_midnight(now))
    return None


def storage_days(ports: Ports, first: date, last: date) -> Iterator[StorageDay]:
    """Rows of all vaults from `first` to `last`, oldest first. Raises CloudUnavailable."""
    bounds = {"first": first_key(first), "last": first_key(last + timedelta(days=1))}
    return (stored.value for stored in every(ports, StorageDay, ANYWHERE, **bounds))


def _note(ports: Ports, vault: VaultKey, today: date) -> None:
    holding = _holding(ports, vault)
    if not holding.instances:
        return
    with suppress(StateConflict):  # another run was faster
        ports.store.commit(ANYWHERE, [Insert(StorageDay(vault=vault, day=today.isoformat(), holding=holding))])


def _holding(ports: Ports, vault: VaultKey) -> Holding:
    """One sum for each page: a vault may have a hundred thousand instances."""
    sums = [
        together(filter(None, map(holding_of, page.items)))
        for page in pages(lambda token: ports.store.glance(InstanceGlance, vault, token=token))
    ]
    return together([*sums, _holding_of_copies(ports, vault)])


def _holding_of_copies(ports: Ports, vault: VaultKey) -> Holding:
    held = CopiesHeld()
    for page in pages(lambda token: ports.store.glance(CopyGlance, vault, token=token)):
        for copy in page.items:
            held.add(copy)
    return held.holding()


def _forget(ports: Ports, before: date) -> None:
    """Rows of earlier days, oldest first; what is left, or was being removed by another run, goes on another day."""
    old = ports.store.page(StorageDay, ANYWHERE, last=first_key(before), limit=FORGOTTEN_A_DAY).items
    for start in range(0, len(old), _TOGETHER):
        with suppress(StateConflict):
            ports.store.commit(ANYWHERE, [Remove(stored) for stored in old[start : start + _TOGETHER]])


def _next_midnight(now: datetime) -> datetime:
    return (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)

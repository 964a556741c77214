"""Instances with their points, of many by few reads: for the reconciler, which costs what exists.

Rows of a vault lie in the order of names, and so mostly lie the disks that are reconciled one after another. Where
names lie far apart, most of what is read is others': then no more is read so, and each is read by itself.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from backup_core.domain.errors import BackupError
from backup_core.domain.instance import BackupInstance
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import VaultKey
from backup_core.ports import Ports, Stored, every, pages

log = logging.getLogger("diskbackup.reconcile")

PAGE = 1000  # the most that Table Storage gives in one answer
ROOM = 4  # rows of instances that are read for each that is wanted, at most
WORTH = 2  # instances that a page of points must bring, to be worth another


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """An instance's row, and all its points as they were a moment later."""

    stored: Stored[BackupInstance]
    points: Sequence[RecoveryPoint]


def read_alone(ports: Ports, vault: VaultKey, name: str) -> Read | None:
    """One instance, as it is now: a read, and one for its points. Raises RecordCorrupt."""
    stored = ports.store.get(BackupInstance, vault, name)
    if stored is None:
        return None
    return Read(stored=stored, points=[point.value for point in every(ports, RecoveryPoint, vault, name)])


def read_together(ports: Ports, vault: VaultKey, names: Collection[str], *, limit: int = PAGE) -> Mapping[str, Read]:
    """Those instances of a vault that few reads show, by their names in small letters. Of the others nothing is said:
    they are gone, or unreadable, or to be read alone. `limit`: rows of a page. Never raises BackupError: who reads
    alone meets it, too."""
    wanted = {name.lower() for name in names}
    try:
        page = ports.store.page(
            BackupInstance, vault, first=min(wanted), last=max(wanted), limit=min(ROOM * len(wanted), limit)
        )
        found = {stored.value.name.lower(): stored for stored in page.items if stored.value.name.lower() in wanted}
        points = _points_of(ports, vault, found, limit) if found else {}
    except BackupError as error:
        log.warning("reconcile.not_together vault=%s code=%s", vault.resource_id, error.code)
        return {}
    return {name: Read(stored=found[name], points=of_one) for name, of_one in points.items()}


def _points_of(
    ports: Ports, vault: VaultKey, names: Collection[str], limit: int
) -> Mapping[str, Sequence[RecoveryPoint]]:
    """All points of each instance of which all were read."""
    found: dict[str, list[RecoveryPoint]] = defaultdict(list)
    read = pages(lambda token: ports.store.page(RecoveryPoint, vault, among=names, token=token, limit=limit))
    for number, page in enumerate(read, start=1):
        for row in page.corrupt:
            log.error("record.corrupt %s", row)
        for stored in page.items:
            found[stored.value.instance_name.lower()].append(stored.value)
        if page.next_token is None:
            break
        last = _in_order(page.items[-1].value.instance_name.lower()) if page.items else ""
        whole = [name for name in names if _in_order(name) < last]
        if len(whole) < WORTH * number:
            return {name: found[name] for name in whole}
    return {name: found[name] for name in names}


def _in_order(name: str) -> str:
    """As the rows of its points lie: a name that begins another's comes behind it where the other goes on with what
    sorts before the separator of keys."""
    return f"{name}|"

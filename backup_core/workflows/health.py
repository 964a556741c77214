"""Health of vaults at a glance, for a page that is looked at each minute.

What it costs: of each vault one read for each 999 instances and one for each 999 jobs of the last day (20 at most), and
two for its events; only the rows' glances are read. A process answers from what it read within the last 45 seconds.
So a page that is open all day costs a vault of 1,000 instances that are backed up four times a day about nine reads a
minute; a hundred pages cost no more.

Leaves to others: who may see which vault (api/health.py).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from backup_core.domain.health import (
    Health,
    InstanceGlance,
    JobGlance,
    merged,
    next_due_of,
    rank,
    worst_of,
)
from backup_core.domain.instance import ProtectionState
from backup_core.domain.job import last_id_at
from backup_core.domain.outbox import OutboxEvent, RefusedEvent
from backup_core.domain.resource_ids import VaultKey
from backup_core.ports import Ports, pages

log = logging.getLogger("diskbackup.health")

KEPT_FOR = timedelta(seconds=45)
JOBS_OF = timedelta(hours=24)
JOB_PAGES = 20  # of 999 jobs: of more, the newest are counted, and the summary says since when
VAULTS_READ = 200  # that one summary reads anew; of more, those that this process has not read lately are left out
EVENTS_COUNTED = 999


def health_of(ports: Ports, vaults: Iterable[VaultKey]) -> Health:
    """The sum of `vaults`. Raises CloudUnavailable."""
    now = ports.clock.now()
    parts: list[Health] = []
    left_out = read = 0
    for vault in vaults:
        part = ports.memory.kept(_name(vault), Health, now=now)
        if part is None and read == VAULTS_READ:
            left_out += 1
            continue
        if part is None:
            read += 1
            part = _read(ports, vault, now)
            ports.memory.keep(_name(vault), part, until=now + KEPT_FOR)
        parts.append(part)
    return merged(parts, jobs_since=now - JOBS_OF, left_out=left_out)


def _name(vault: VaultKey) -> str:
    return f"health {vault.partition}"


def _read(ports: Ports, vault: VaultKey, now: datetime) -> Health:
    """A page is summed up and let go before the next is read."""
    events = Health(
        vaults=1,
        jobs_since=now - JOBS_OF,
        waiting=len(ports.store.page(OutboxEvent, vault, limit=EVENTS_COUNTED).items),
        refused=len(ports.store.page(RefusedEvent, vault, limit=EVENTS_COUNTED).items),
    )
    parts = [events, *_instances(ports, vault, now), *_jobs(ports, vault, now)]
    whole = merged(parts, jobs_since=now - JOBS_OF)
    if whole.unreadable:
        log.error("health.unreadable vault=%s rows=%d", vault.resource_id, whole.unreadable)
    return whole


def _instances(ports: Ports, vault: VaultKey, now: datetime) -> Iterator[Health]:
    for page in pages(lambda token: ports.store.glance(InstanceGlance, vault, token=token)):
        glances = [glance for glance in page.items if glance.marks.state is not ProtectionState.SOFT_DELETED]
        ranked = [rank(vault, glance, now) for glance in glances]
        yield Health(
            jobs_since=now - JOBS_OF,
            states=Counter(each.standing.state for each in ranked),
            severities=Counter(severity for glance in glances for severity in glance.severities),
            worst=worst_of(ranked),
            next_due=next_due_of(ranked),
            with_points=sum(glance.marks.point_at is not None for glance in glances),
            disk_bytes=sum(glance.disk_bytes for glance in glances),
            unbound=sum(glance.is_unbound for glance in glances),
            copies_unbound=Counter(location for glance in glances for location in glance.unbound_in),
            braked=sum(glance.is_braked for glance in page.items),
            unreadable=len(page.corrupt),
        )


def _jobs(ports: Ports, vault: VaultKey, now: datetime) -> Iterator[Health]:
    since, last = now - JOBS_OF, last_id_at(now - JOBS_OF)
    for number, page in enumerate(pages(lambda token: ports.store.glance(JobGlance, vault, last=last, token=token)), 1):
        is_cut = number == JOB_PAGES and page.next_token is not None
        yield Health(
            jobs_since=max([since, *(job.created_at for job in page.items[-1:])]) if is_cut else since,
            jobs=Counter((job.operation, job.status) for job in page.items),
            unreadable=len(page.corrupt),
        )
        if is_cut:
            return

"""The compliance report of vaults for a period, from their jobs, points, copies and schedules.

Read page by page; kept in memory are a few numbers and the points' times of each instance. Bounded: of one report at
most 200,000 jobs, 200,000 points and as many copies of each vault, and 20,000 instances. Jobs are kept for 90 days, so
that no report reaches further back; instances that are deleted are in none.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from backup_core.domain.compliance import InstanceReport, Period, RestoreEvidence, Tally, report_of
from backup_core.domain.errors import Fault, InvalidInput
from backup_core.domain.health import CopyGlance, JobGlance, PointGlance
from backup_core.domain.hold import all_holds
from backup_core.domain.instance import BackupInstance, ProtectionState
from backup_core.domain.job import Job, first_id_at, last_id_at
from backup_core.domain.recovery_point import PointState
from backup_core.domain.resource_ids import VaultKey
from backup_core.ports import GlancePage, Ports, every, pages
from backup_core.workflows.catalogue import find_vault
from backup_core.workflows.reconcile import JOBS_KEPT

log = logging.getLogger("diskbackup.compliance")

JOB_PAGES = 200  # of 999 jobs
POINT_PAGES = 200
POINTS_AT_ONCE = 999
INSTANCES = 20_000
TESTS_READ = 2_000  # of whose newest tests all is told; of more, the verdict
LEAST = timedelta(minutes=1)
_GONE = (ProtectionState.DELETING, ProtectionState.SOFT_DELETED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplianceReport:
    """`period` begins no earlier than jobs are known from. Of the vaults in `by_jobs_alone`, which hold too many points
    or copies to be read, gaps are told by jobs only; lost and held points are not counted, nor are copies that wait,
    are kept, lost or cannot go."""

    period: Period
    rows: tuple[InstanceReport, ...]
    by_jobs_alone: tuple[VaultKey, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Budget:
    """What may still be read for one report."""

    job_pages: int
    instances: int
    tests: int = TESTS_READ


def compliance_report(ports: Ports, vaults: Iterable[VaultKey], begin: datetime, end: datetime) -> ComplianceReport:
    """Raises InvalidInput for a period that holds nothing that is known, or more than a report can."""
    now = ports.clock.now()
    period = Period(begin=max(begin, now - JOBS_KEPT), end=min(end, now))
    if period.end - period.begin < LEAST:
        message = f"the period must end after it begins, and reach into the last {JOBS_KEPT.days} days"
        raise InvalidInput([Fault(target="from", message=message)])
    budget, rows, by_jobs_alone = (
        _Budget(job_pages=JOB_PAGES, instances=INSTANCES),
        list[InstanceReport](),
        list[VaultKey](),
    )
    for vault in vaults:
        tallies: defaultdict[str, Tally] = defaultdict(Tally)
        lost = _add_points(ports, vault, period, tallies)
        if not _add_copies(ports, vault, period, tallies) or lost is None:
            by_jobs_alone.append(vault)
            for tally in tallies.values():
                tally.forget_records()
        _add_jobs(ports, vault, period, tallies, lost or frozenset(), budget)
        rows += _rows(ports, vault, period, tallies, budget)
    return ComplianceReport(period=period, rows=tuple(rows), by_jobs_alone=tuple(by_jobs_alone))


def _add_points(
    ports: Ports, vault: VaultKey, period: Period, tallies: defaultdict[str, Tally]
) -> frozenset[str] | None:
    """The jobs whose points are lost; None when the vault holds too many points. Then what was added is too little,
    which jobs make good."""
    lost, now = set[str](), ports.clock.now()
    for number, page in enumerate(pages(lambda token: _points(ports, vault, token)), 1):
        for point in page.items:
            tallies[point.instance_name.lower()].add_point(point, period, now)
            if point.state is PointState.LOST:
                lost.add(point.job_id)
        if number == POINT_PAGES and page.next_token is not None:
            log.warning("compliance.too_many_points vault=%s", vault.resource_id)
            return None
    return frozenset(lost)


def _points(ports: Ports, vault: VaultKey, token: str | None) -> GlancePage[PointGlance]:
    return ports.store.glance(PointGlance, vault, token=token, limit=POINTS_AT_ONCE)


def _add_copies(ports: Ports, vault: VaultKey, period: Period, tallies: defaultdict[str, Tally]) -> bool:
    """False when the vault holds too many copies; then what was added is too little."""
    read = pages(lambda token: ports.store.glance(CopyGlance, vault, token=token, limit=POINTS_AT_ONCE))
    for number, page in enumerate(read, 1):
        for copy in page.items:
            tallies[copy.instance_name.lower()].add_copy(copy, period)
        if number == POINT_PAGES and page.next_token is not None:
            log.warning("compliance.too_many_copies vault=%s", vault.resource_id)
            return False
    return True


def _add_jobs(
    ports: Ports,
    vault: VaultKey,
    period: Period,
    tallies: defaultdict[str, Tally],
    lost: frozenset[str],
    budget: _Budget,
) -> None:
    first, last = first_id_at(period.end), last_id_at(period.begin)
    for page in pages(lambda token: ports.store.glance(JobGlance, vault, first=first, last=last, token=token)):
        if budget.job_pages == 0:
            _refuse(f"the period holds more than {JOB_PAGES * 999:,} jobs")
        budget.job_pages -= 1
        for job in page.items:
            tallies[job.instance_name.lower()].add_job(job, period, is_lost=job.job_id in lost)


def _rows(
    ports: Ports, vault: VaultKey, period: Period, tallies: defaultdict[str, Tally], budget: _Budget
) -> Iterator[InstanceReport]:
    settings = find_vault(ports, vault)
    rules = settings.copy_rules if settings is not None else ()
    for stored in every(ports, BackupInstance, vault):
        instance = stored.value
        if instance.state in _GONE:
            continue
        if budget.instances == 0:
            _refuse(f"there are more than {INSTANCES:,} instances")
        budget.instances -= 1
        tally = tallies.get(instance.name.lower()) or Tally()
        test = _last_test(ports, vault, tally.newest_test, budget)
        yield report_of(vault, instance, tally, period, ports.clock.now(), all_holds(settings), test, rules)


def _last_test(ports: Ports, vault: VaultKey, seen: JobGlance | None, budget: _Budget) -> RestoreEvidence | None:
    if seen is None:
        return None
    stored = ports.store.get(Job, vault, seen.job_id) if budget.tests > 0 else None
    budget.tests -= 1
    return RestoreEvidence.at_a_glance(seen) if stored is None else RestoreEvidence.of(stored.value)


def _refuse(what: str) -> None:
    message = f"{what}; ask for a shorter period, or for one vault at a time"
    raise InvalidInput([Fault(target="from", message=message, code="ReportTooLarge")])

"""Restore tests against what exists: plans that nothing would wake any more, and temporary disks of which no record
tells. The first get their row on the agenda back; the second are told of, and left alone: of what made them nothing is
known any more, and a disk is deleted only if it is proven to be a test's (restore_tests.py).

What it costs: a query for each vault and pass; of a vault with plans, a list of the disks in their target groups once a
day and process.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence

from backup_core.domain.installation import Installation
from backup_core.domain.job import Job
from backup_core.domain.resource_ids import GUID, GroupId, VaultKey, parse_group_id
from backup_core.domain.restore_test import TEST_INSTALLATION_TAG, TEST_JOB_TAG
from backup_core.domain.restore_test_plan import RestoreTestPlaces, RestoreTestPlan, plan_subject
from backup_core.ports import Ports, every
from backup_core.workflows import announcements, once_a_day
from backup_core.workflows.acting import acting_for
from backup_core.workflows.reconcile_report import ReconcileReport
from backup_core.workflows.restore_test_plans import plan_row

log = logging.getLogger("diskbackup.reconcile")


def reconcile_restore_tests(
    ports: Ports,
    vault: VaultKey,
    vaults: Sequence[VaultKey],
    woken: Collection[tuple[VaultKey, str]],
    installation: Installation,
    report: ReconcileReport,
) -> None:
    """Look after the plans of a vault. `vaults`: all, for a group of test disks may be that of several. `woken`: vaults
    and subjects of the agenda's rows that watch, as they were before any record was read."""
    groups: dict[str, GroupId] = {}
    for stored in every(ports, RestoreTestPlan, vault):
        plan = stored.value
        group = parse_group_id(plan.target_group_id)
        groups[group.key] = group
        if plan.enabled and (vault, plan_subject(plan.name)) not in woken:
            with report.postponing(f"restore-test plan {plan.name}"):
                now = ports.clock.now()
                is_due = plan.due_slot(now) is not None
                ports.store.schedule([plan_row(vault, plan.name, now if is_due else plan.schedule.next_slot(now))])
                report.agenda_rows.append(f"plan {plan.name}")
    for group in groups.values():
        name = f"test disks {vault.partition} {group.key}"
        if not once_a_day.is_done(ports, name):
            with report.postponing(f"test disks in {group.text}"):
                _tell_of_unknown_disks(ports, vault, vaults, group, installation, report)
                once_a_day.note(ports, name)


def _tell_of_unknown_disks(
    ports: Ports,
    vault: VaultKey,
    vaults: Iterable[VaultKey],
    group: GroupId,
    installation: Installation,
    report: ReconcileReport,
) -> None:
    for disk in acting_for(ports, vault).cloud.list_disks(group.text):
        job_id, made_by = disk.tags.get(TEST_JOB_TAG), disk.tags.get(TEST_INSTALLATION_TAG)
        if not job_id or made_by not in installation.ids or _is_accounted(ports, vaults, job_id):
            continue
        event = announcements.test_disk_orphaned(vault, disk.id, job_id, ports.clock.now())
        if once_a_day.tell(ports, vault, event):
            log.warning("restore_test.disk_orphaned disk=%s job_id=%s", disk.id, job_id)
            report.orphans.append(disk.id)


def _is_accounted(ports: Ports, vaults: Iterable[VaultKey], job_id: str) -> bool:
    """Whether a job or a place of any vault tells of a test. A tag may hold anything."""
    for vault in vaults:
        places = ports.store.get(RestoreTestPlaces, vault)
        if places is not None and places.value.holds(job_id):
            return True
        if _is_id(job_id) and ports.store.get(Job, vault, job_id) is not None:
            return True
    return False


def _is_id(text: str) -> bool:
    return GUID.fullmatch(text) is not None

"""Restore-test plans as records, what they would test and cost, and the runs that they begin when they are due.

A plan has one row on the agenda, which is due at its next slot: nothing else looks for plans. The row stays due until
the run is on record. Leaves to others: the tests (restore_tests.py).
"""

from __future__ import annotations

import logging
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from backup_core.domain.agenda import AgendaKind, AgendaRow
from backup_core.domain.disk_skus import meter_of
from backup_core.domain.errors import Fault, InvalidInput, NotFound
from backup_core.domain.guard import Critical
from backup_core.domain.health import InstanceGlance
from backup_core.domain.instance import BackupInstance, ProtectionState
from backup_core.domain.job import OF_VAULT, Job, JobOperation, job_id
from backup_core.domain.messages import BeginRestoreTests, GoOnTesting
from backup_core.domain.resource_ids import VAULT, VaultKey
from backup_core.domain.restore_test import RestoreTest
from backup_core.domain.restore_test_plan import RestoreTestPlan, plan_subject
from backup_core.ports import (
    Change,
    Insert,
    Page,
    Ports,
    Remove,
    Replace,
    StateConflict,
    Stored,
    again_on_conflict,
    pages,
    until_committed,
)
from backup_core.workflows import catalogue
from backup_core.workflows.catalogue import get_vault, open_vault
from backup_core.workflows.guards import ask_leave
from backup_core.workflows.restore_tests import watch_of_test
from backup_core.workflows.validation import check_restore_tests
from backup_core.workflows.watching import sent_again

log = logging.getLogger("diskbackup.restore_tests")

WOKEN_AS = "restore-test-plan"  # the step of a plan's agenda row
_GONE = (ProtectionState.DELETING, ProtectionState.SOFT_DELETED)
_A_MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An instance that has a point to test."""

    name: str
    disk_id: str
    snapshot_group_id: str
    disk_sku: str
    disk_bytes: int

    @property
    def size_gb(self) -> int:
        return -(-self.disk_bytes // (1 << 30))


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a plan would do and cost. `next_run` are the instances that the next run tests; `disk_hours` are those of
    thirty days by meter, each disk counted as one hour: tests take minutes, and Azure bills begun hours."""

    testable: int
    next_run: tuple[Candidate, ...]
    next_slot: datetime | None
    runs: int
    disk_hours: Mapping[str, float]
    gib_hours: float


# ---------------------------------------------------------------- plans as records


def get_plan(ports: Ports, vault: VaultKey, name: str) -> RestoreTestPlan:
    """Raises NotFound."""
    get_vault(ports, vault)
    stored = ports.store.get(RestoreTestPlan, vault, name)
    if stored is None:
        raise NotFound(
            f"The Resource '{VAULT}/restoreTestPlans/{vault.name}/{name}' under resource group '{vault.group}' was not "
            "found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"
        )
    return stored.value


def list_plans(ports: Ports, vault: VaultKey, *, token: str | None = None) -> Page[RestoreTestPlan]:
    """By name. Raises NotFound when there is no such vault."""
    get_vault(ports, vault)
    return ports.store.page(RestoreTestPlan, vault, token=token, limit=catalogue.PAGE_SIZE)


def check_plan(ports: Ports, vault: VaultKey, plan: RestoreTestPlan) -> None:
    """Whether tests could be made as planned, asked of Azure now. Raises NotFound (vault), InvalidInput that names
    every fault and missing role, Throttled, CloudUnavailable."""
    record = open_vault(ports, vault)
    found = _candidates(ports, vault, plan)
    faults = list(_missing(ports, vault, plan))
    faults += check_restore_tests(
        ports,
        record,
        plan.target_group_id,
        [each.disk_id for each in found],
        [each.snapshot_group_id for each in found],
    )
    if faults:
        raise InvalidInput(faults)


def _missing(ports: Ports, vault: VaultKey, plan: RestoreTestPlan) -> Iterator[Fault]:
    for number, name in enumerate(plan.instances):
        stored = ports.store.get(BackupInstance, vault, name)
        if stored is None or stored.value.is_deleted:
            message = f"backup instance '{name}' was not found in the vault"
            yield Fault(target=f"properties.backupInstances[{number}]", message=message, code=NotFound.code)


def put_plan(ports: Ports, vault: VaultKey, plan: RestoreTestPlan, *, by: str | None = None) -> RestoreTestPlan:
    """Store a plan, and put it on the agenda. A changed one keeps its seed and its place among the instances. `by` is
    who asks (see guards.ask_leave). Raises as check_plan, ResourceInUse, and GuardLocked, for a plan makes restores."""
    check_plan(ports, vault, plan)
    ask_leave(ports, vault, Critical.RESTORE, f"{vault.resource_id}/restoreTestPlans/{plan.name}", by)

    def attempt() -> RestoreTestPlan:
        stored, now = ports.store.get(RestoreTestPlan, vault, plan.name), ports.clock.now()
        written = replace(plan, seed=uuid.uuid4().hex, changed_at=now)
        if stored is not None:
            kept = stored.value
            written = replace(written, name=kept.name, seed=kept.seed, cursor=kept.cursor, last_slot=kept.last_slot)
        if written.enabled:
            ports.store.schedule([plan_row(vault, written.name, written.schedule.next_slot(now))])
        ports.store.commit(vault, [Replace(stored, written) if stored else Insert(written)])
        return written

    return until_committed(f"Restore-test plan '{plan.name}'", attempt)


def delete_plan(ports: Ports, vault: VaultKey, name: str) -> bool:
    """Forget a plan; answers whether there was one. Tests that have begun go on to their end. Raises NotFound (vault),
    ResourceInUse."""
    get_vault(ports, vault)

    def attempt() -> bool:
        stored = ports.store.get(RestoreTestPlan, vault, name)
        if stored is None:
            return False
        ports.store.commit(vault, [Remove(stored)])
        return True

    return until_committed(f"Restore-test plan '{name}'", attempt)


def estimate(ports: Ports, vault: VaultKey, plan: RestoreTestPlan) -> Estimate:
    """What a plan would test next, and what a month of it would cost. Reads our own rows only."""
    now = ports.clock.now()
    found = {each.name: each for each in _candidates(ports, vault, plan)}
    next_run = tuple(found[name] for name in plan.chosen(found))
    schedule = plan.schedule
    runs = schedule.count_between(now, now + _A_MONTH) if plan.enabled else 0
    tests = min(plan.tests_per_run, len(found)) * runs
    disk_hours: Counter[str] = Counter()
    for each in found.values():  # each has its turn as often as any other
        disk_hours[meter_of(plan.sku or each.disk_sku, each.size_gb)] += 1
    share = tests / len(found) if found else 0.0
    return Estimate(
        testable=len(found),
        next_run=next_run,
        next_slot=schedule.next_slot(now) if plan.enabled else None,
        runs=runs,
        disk_hours={meter: round(count * share, 3) for meter, count in sorted(disk_hours.items())},
        gib_hours=round(sum(each.size_gb for each in found.values()) * share, 3),
    )


# ---------------------------------------------------------------- runs


def plan_row(vault: VaultKey, name: str, due_at: datetime) -> AgendaRow:
    return AgendaRow(
        kind=AgendaKind.WATCH,
        due_at=due_at.replace(microsecond=0),
        vault=vault,
        instance_name=OF_VAULT,
        subject=plan_subject(name),
        content={"step": WOKEN_AS, "plan": name},
    )


def wake_plan(ports: Ports, row: AgendaRow) -> AgendaRow | None:
    """Have a plan's run begun, until it is on record; then wait for the next slot. None for a plan that is gone."""
    name, now = str(row.content.get("plan") or ""), ports.clock.now()
    stored = ports.store.get(RestoreTestPlan, row.vault, name) if name else None
    if stored is None or not stored.value.enabled:
        return None
    slot = stored.value.due_slot(now)
    if slot is None:
        return plan_row(row.vault, name, stored.value.schedule.next_slot(now))
    ports.queue.send(BeginRestoreTests(vault=row.vault, plan_name=name, slot=slot))
    return sent_again(row, now)


def begin_restore_tests(ports: Ports, message: BeginRestoreTests) -> None:
    """Begin the run of a slot, once however often the message comes."""

    def attempt() -> tuple[Job, ...]:
        stored = ports.store.get(RestoreTestPlan, message.vault, message.plan_name)
        if stored is None or not stored.value.enabled:
            return ()
        if stored.value.last_slot is not None and message.slot <= stored.value.last_slot:
            return ()
        return _begin(ports, message.vault, stored, last_slot=message.slot)

    try:
        begun = again_on_conflict(attempt)
    except StateConflict:
        log.warning("restore_tests.unbegun plan=%s: its row is changing too often", message.plan_name)
        return
    _send(ports, message.vault, begun)


def run_now(ports: Ports, vault: VaultKey, name: str, *, correlation_id: str = "") -> tuple[Job, ...]:
    """Begin a run that nobody scheduled: its instances are those that the next one would have tested. Raises NotFound,
    ResourceInUse, and as check_plan."""
    check_plan(ports, vault, get_plan(ports, vault, name))

    def attempt() -> tuple[Job, ...]:
        stored = ports.store.get(RestoreTestPlan, vault, name)
        if stored is None:
            raise NotFound(f"Restore-test plan '{name}' was not found in vault '{vault.name}'.")
        return _begin(
            ports, vault, stored, last_slot=stored.value.last_slot, by_hand=True, correlation_id=correlation_id
        )

    begun = until_committed(f"Restore-test plan '{name}'", attempt)
    _send(ports, vault, begun)
    return begun


def _begin(
    ports: Ports,
    vault: VaultKey,
    stored: Stored[RestoreTestPlan],
    *,
    last_slot: datetime | None,
    by_hand: bool = False,
    correlation_id: str = "",
) -> tuple[Job, ...]:
    """Record the run: its jobs, and in the plan that it was begun. The rows that watch over the jobs come first."""
    plan, now = stored.value, ports.clock.now()
    chosen = plan.chosen(each.name for each in _candidates(ports, vault, plan))
    instances = [ports.store.get(BackupInstance, vault, name) for name in chosen]
    found = [each.value for each in instances if each is not None]
    jobs = tuple(_job(vault, plan, each, now, by_hand=by_hand, correlation_id=correlation_id) for each in found)
    ports.store.schedule([watch_of_test(vault, job) for job in jobs])
    changes: list[Change] = [Replace(stored, replace(plan.behind(chosen), last_slot=last_slot))]
    ports.store.commit(vault, [*changes, *map(Insert, jobs)])
    log.info("restore_tests.begun plan=%s tests=%d", plan.name, len(jobs))
    return jobs


def _job(
    vault: VaultKey,
    plan: RestoreTestPlan,
    instance: BackupInstance,
    now: datetime,
    *,
    by_hand: bool,
    correlation_id: str,
) -> Job:
    # A run that somebody asks for at the very instant of the plan's own is another one.
    by = ("by hand",) if by_hand else ()
    test = RestoreTest(
        plan=plan.name,
        seed=plan.seed,
        target_group_id=plan.target_group_id,
        at_once=plan.disks_at_once,
        choice=plan.choice.value,
        window_days=plan.window_days,
        sku=plan.sku,
        begin_by=plan.schedule.next_slot(now).isoformat(),
    )
    job = Job(
        job_id=job_id(now, JobOperation.RESTORE_TEST, vault.partition, instance.name, plan.name, *by),
        operation=JobOperation.RESTORE_TEST,
        instance_name=instance.name,
        created_at=now,
        touched_at=now,
        user_triggered=by_hand,
        policy_name=instance.policy.name,
        disk_id=instance.disk_id,
        disk_location=instance.disk_location,
        friendly_name=instance.friendly_name,
        correlation_id=correlation_id,
    )
    return test.into(job)


def _send(ports: Ports, vault: VaultKey, jobs: Sequence[Job]) -> None:
    messages = [GoOnTesting(vault=vault, instance_name=job.instance_name, job_id=job.job_id) for job in jobs]
    if messages:
        ports.queue.send_all([(message, timedelta(0)) for message in messages])


def _candidates(ports: Ports, vault: VaultKey, plan: RestoreTestPlan) -> list[Candidate]:
    """The plan's instances that have a point to test, and that its author may reach: those that it names, else all of
    the vault, at a glance."""
    wanted = {name.lower() for name in plan.instances}
    first, last = (min(wanted), max(wanted)) if wanted else (None, None)
    read = pages(lambda token: ports.store.glance(InstanceGlance, vault, first=first, last=last, token=token))
    return [
        Candidate(
            name=glance.name,
            disk_id=glance.disk_id,
            snapshot_group_id=glance.snapshot_group_id,
            disk_sku=glance.disk_sku,
            disk_bytes=glance.disk_bytes,
        )
        for page in read
        for glance in page.items
        if glance.marks.point_at is not None
        and glance.marks.state not in _GONE
        and (not wanted or glance.name.lower() in wanted)
    ]

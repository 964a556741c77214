"""Put restored disks in the place of those that a virtual machine has, and put those back.

Off unless the deployment switches it on. The request looks at the machine, at every disk and at what the app's identity
may do, and tells every fault at once; then the job's row says, before anything is written, which disk is in which place
and how, so that the way back is known whatever happens. No disk is ever deleted.

The step looks at the machine, does the one thing that comes next, and comes back: what it may have done before, the
machine shows. Undoing is the same step with old and new exchanged.

Leaves to others: what comes next, and what fits (domain/swap.py).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, assert_never

from backup_core.domain import permissions as rights
from backup_core.domain.acting import Place, check_bounds
from backup_core.domain.disk import Disk
from backup_core.domain.errors import (
    BackupError,
    Fault,
    InvalidInput,
    OperationFailed,
    OperationUnderWay,
    PermissionMissing,
    RestoreGroupNotFound,
)
from backup_core.domain.guard import Critical
from backup_core.domain.job import OF_VAULT, Job, JobOperation, JobStatus, job_id
from backup_core.domain.messages import SwapDisks
from backup_core.domain.observation import GIVEN_UP
from backup_core.domain.permissions import Need
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.restore import RESTORE_JOB_TAG
from backup_core.domain.swap import (
    STEP_STATUS,
    Attach,
    Changed,
    Detach,
    Done,
    Exchange,
    Machine,
    MachineChanged,
    MachineNotFound,
    ReplaceOs,
    check_exchange,
    check_machine,
    exchange_for,
    exchanges_of,
    next_move,
    stands,
    told_places,
)
from backup_core.domain.validation import NO_SUCH_RESOURCE, missing_right
from backup_core.ports import DiskCloud, Insert, Ports, Replace, Stored, pages, until_committed
from backup_core.workflows import announcements
from backup_core.workflows.catalogue import JobFilter, get_job, get_vault, list_jobs
from backup_core.workflows.guards import ask_leave_of_all
from backup_core.workflows.turns import (
    FIRST_LOOK,
    OPERATIONS_AT_MOST,
    come_back,
    commit,
    go_on_later,
    look_delay,
    open_job,
    operation_delay,
)
from backup_core.workflows.watching import STALL_AFTER, watch_row

log = logging.getLogger("diskbackup.swap")

MACHINE_ID = "virtualMachineId"
SWITCHED_OFF = "DiskSwapSwitchedOff"
NOT_FITTING = "DiskSwapNotPossible"
_CHANGING = frozenset({JobOperation.SWAP, JobOperation.UNDO_SWAP})
LOOKED_BACK = timedelta(hours=6)  # longer than a swap takes that is given up in the end
_MADE = (JobStatus.COMPLETED, JobStatus.COMPLETED_WITH_WARNINGS)
_RESTORE_TAG = RESTORE_JOB_TAG


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapRequest:
    """`disks` are the new ones, each with the id of the one that it replaces: "" for the one that it was restored from.
    `while_running`: data disks may be taken off a machine that is not deallocated."""

    machine_id: str
    disks: tuple[tuple[str, str], ...]
    while_running: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would be exchanged, where that is known, and every reason why it would not. `instances` are those from which
    the new disks were restored."""

    machine: Machine | None
    exchanges: tuple[Exchange, ...]
    faults: tuple[Fault, ...]
    instances: tuple[str, ...] = ()


def plan_swap(ports: Ports, vault: VaultKey, request: SwapRequest) -> Plan:
    """Look at all that is asked for. Nothing is changed. Raises NotFound (vault), Throttled, CloudUnavailable."""
    record = get_vault(ports, vault)
    faults = _check_leave(ports, vault, request.machine_id)
    if faults:
        return Plan(machine=None, exchanges=(), faults=tuple(faults))
    findings = _Findings(ports.cloud, record.acts_as)
    machine = findings.machine(request.machine_id)
    if machine is None:
        return Plan(machine=None, exchanges=(), faults=tuple(findings.told()))
    exchanges: list[Exchange] = []
    instances: list[str] = []
    for index, (new_id, replaced_id) in enumerate(request.disks):
        target = f"disks[{index}].diskId"
        new = findings.disk(new_id, target)
        restored = _restore_of(ports, vault, new)
        if new is not None and restored is None:
            findings.fault(target, f"disk '{new_id}' is none that this vault has restored", NOT_FITTING)
        if restored is not None:
            instances.append(restored.instance_name)
        old_id = replaced_id or (restored.disk_id if restored is not None else "")
        exchange = exchange_for(machine, old_id, new_id) if old_id else None
        if exchange is None:
            if old_id:
                message = f"the machine has no disk '{old_id}' that could be replaced; name one that it has (replaces)"
                findings.fault(f"disks[{index}].replaces", message, NOT_FITTING)
            continue
        if any(each.old_id == exchange.old_id for each in exchanges):
            findings.fault(target, f"disk '{old_id}' is replaced by another one of the list already", NOT_FITTING)
        exchanges.append(exchange)
        old = findings.disk(exchange.old_id, target)
        for reason in check_exchange(machine, exchange, old, new) if new is not None else ():
            findings.fault(target, f"{new_id.rpartition('/')[2]}: {reason}", NOT_FITTING)
    findings.note(check_machine(machine, exchanges, while_running=request.while_running))
    return Plan(
        machine=machine,
        exchanges=tuple(exchanges),
        faults=tuple(findings.told()),
        instances=tuple(dict.fromkeys(instances)),
    )


def request_swap(
    ports: Ports,
    vault: VaultKey,
    request: SwapRequest,
    *,
    plan: Plan | None = None,
    by: str | None = None,
    correlation_id: str = "",
) -> Job:
    """Begin to swap, as `plan` has it where one was just made; `by` is who asks (see guards.ask_leave). Raises as
    plan_swap, InvalidInput naming every fault, GuardLocked."""
    plan = plan or plan_swap(ports, vault, request)
    if plan.faults or plan.machine is None:
        raise InvalidInput(plan.faults)
    _ask_leave(ports, vault, plan.instances, by)
    details = {"while_running": request.while_running, "instances": list(plan.instances)}
    return _begin(ports, vault, JobOperation.SWAP, plan.machine, plan.exchanges, details, correlation_id)


def request_undo(
    ports: Ports, vault: VaultKey, swap_id: str, *, by: str | None = None, correlation_id: str = ""
) -> Job:
    """Begin to put back what a swap took off, however far that came. Raises NotFound, InvalidInput, OperationUnderWay
    (the swap runs), GuardLocked."""
    swap = get_job(ports, vault, swap_id)
    if swap.operation is not JobOperation.SWAP:
        message = f"job '{swap.job_id}' swapped no disks; it is a {swap.operation.value}"
        raise InvalidInput([Fault(target="job", message=message, code=NOT_FITTING)])
    if not swap.is_ended:
        raise OperationUnderWay(f"Job '{swap.job_id}' still swaps disks; they are put back once it has ended.")
    machine_id = str(swap.details["machine"])
    refused = _check_leave(ports, vault, machine_id)
    if refused:
        raise InvalidInput(refused)
    findings = _Findings(ports.cloud, get_vault(ports, vault).acts_as)
    machine = findings.machine(machine_id)
    exchanges = tuple(each.reversed() for each in exchanges_of(swap))
    while_running = bool(swap.details.get("while_running"))
    if machine is not None:
        _check_undo(findings, machine, exchanges, swap, while_running=while_running)
    faults = findings.told()
    if faults or machine is None:
        raise InvalidInput(faults)
    _ask_leave(ports, vault, swap.details["instances"], by)
    details = {"while_running": while_running, "instances": list(swap.details["instances"]), "undoes": swap.job_id}
    return _begin(ports, vault, JobOperation.UNDO_SWAP, machine, exchanges, details, correlation_id)


def _check_undo(
    findings: _Findings, machine: Machine, exchanges: Sequence[Exchange], swap: Job, *, while_running: bool
) -> None:
    """Whether the old disks are there, and nothing but the new ones in their places."""
    left = [each for each in exchanges if stands(machine, each) != "new"]
    for each in left:
        disk = findings.disk(each.new_id, MACHINE_ID)
        if disk is not None and disk.raw.get("managedBy"):
            findings.fault(MACHINE_ID, f"disk '{each.new_id}' is attached to '{disk.raw['managedBy']}'", NOT_FITTING)
    moved = next_move(machine, exchanges, unique_id=str(swap.details["unique_id"]), while_running=while_running)
    if isinstance(moved, Changed):
        for reason in moved.because:
            findings.fault(MACHINE_ID, reason, NOT_FITTING)


def _check_leave(ports: Ports, vault: VaultKey, machine_id: str) -> list[Fault]:
    if not ports.swaps_disks:
        message = (
            "this deployment changes no virtual machines: set swapDisks of main.bicep (DISKBACKUP_SWAP_DISKS), and "
            "name the machines' resource groups in swapGroups of access.bicep"
        )
        return [Fault(target=MACHINE_ID, message=message, code=SWITCHED_OFF)]
    return check_bounds(ports.bounds, vault, {MACHINE_ID: (Place.TARGET, machine_id)})


def _ask_leave(ports: Ports, vault: VaultKey, instances: Sequence[str], by: str | None) -> None:
    ids = [f"{vault.resource_id}/backupInstances/{name}" for name in instances]
    ask_leave_of_all(ports, vault, Critical.RESTORE, ids, by)


def _restore_of(ports: Ports, vault: VaultKey, new: Disk | None) -> Job | None:
    """The restore of this vault that made the disk. Its tag proves nothing; the job's own record is held against it."""
    name = new.tags.get(_RESTORE_TAG, "") if new is not None else ""
    stored = ports.store.get(Job, vault, name.lower()) if name and "/" not in name else None
    if new is None or stored is None:
        return None
    job = stored.value
    is_its = job.operation is JobOperation.RESTORE and job.target_disk_id.lower() == new.id.lower()
    return job if is_its and job.status in _MADE else None


class _Findings:
    """Faults as they come up, with what may not be read among them."""

    def __init__(self, cloud: DiskCloud, acts_as: str) -> None:
        self._cloud = cloud
        self._acts_as = acts_as
        self._faults: list[Fault] = []
        self._asked: set[str] = set()

    def fault(self, target: str, message: str, code: str) -> None:
        self._faults.append(Fault(target=target, message=message, code=code))

    def note(self, faults: Any) -> None:
        self._faults += [replace(each, code=NOT_FITTING) for each in faults]

    def told(self) -> list[Fault]:
        return list(dict.fromkeys(self._faults))

    def machine(self, machine_id: str) -> Machine | None:
        self._require(rights.CHANGE_MACHINES, machine_id)
        try:
            found = self._cloud.find_machine(machine_id)
        except PermissionMissing:
            return None  # told by _require
        if found is None:
            self.fault(MACHINE_ID, f"virtual machine '{machine_id}' was not found", NO_SUCH_RESOURCE)
        return found

    def disk(self, disk_id: str, target: str) -> Disk | None:
        """None where it is not there, or may not be read: that is a fault."""
        group = "/".join(disk_id.split("/")[:5])
        self._require(rights.ATTACH_DISKS, group)
        try:
            found = self._cloud.find_disk(disk_id)
        except (PermissionMissing, RestoreGroupNotFound) as error:
            self.fault(target, error.message, error.code)
            return None
        if found is None:
            self.fault(target, f"disk '{disk_id}' was not found", NO_SUCH_RESOURCE)
        return found

    def _require(self, need: Need, scope: str) -> None:
        if scope.lower() in self._asked:
            return
        self._asked.add(scope.lower())
        try:
            missing = self._cloud.permissions_at(scope).missing(need.actions)
        except PermissionMissing:
            missing = need.actions
        if missing:
            principal = self._cloud.identity(self._acts_as).principal_id
            self._faults.append(missing_right(need, scope, missing, principal))


def _begin(
    ports: Ports,
    vault: VaultKey,
    operation: JobOperation,
    machine: Machine,
    exchanges: Sequence[Exchange],
    details: dict[str, Any],
    correlation_id: str,
) -> Job:
    """The row says what is where, before anything is written. Raises OperationUnderWay."""
    _check_alone(ports, vault, machine, exchanges)

    def attempt() -> Job:
        job = _new_job(ports, vault, operation, machine, exchanges, details, correlation_id)
        ports.store.schedule([_watch(vault, job)])
        ports.store.commit(vault, [Insert(job)])
        return job

    job = until_committed(f"Virtual machine '{machine.id}'", attempt)
    ports.queue.send(SwapDisks(vault=vault, instance_name=OF_VAULT, job_id=job.job_id))
    return job


def _check_alone(ports: Ports, vault: VaultKey, machine: Machine, exchanges: Sequence[Exchange]) -> None:
    """Two that change one machine would leave each other half done. The same once more, as after a lost answer, does no
    harm. Raises OperationUnderWay."""
    lately = JobFilter(operations=_CHANGING, since=ports.clock.now() - LOOKED_BACK)
    for page in pages(lambda token: list_jobs(ports, vault, narrowed=lately, token=token)):
        for job in (each.value for each in page.items if not each.value.is_ended):
            if str(job.details["machine"]).lower() == machine.id.lower() and exchanges_of(job) != tuple(exchanges):
                raise OperationUnderWay(f"Job '{job.job_id}' still swaps disks of '{machine.id}'.")


def _new_job(
    ports: Ports,
    vault: VaultKey,
    operation: JobOperation,
    machine: Machine,
    exchanges: Sequence[Exchange],
    details: dict[str, Any],
    correlation_id: str,
) -> Job:
    now = ports.clock.now()
    new_ids = [each.new_id for each in exchanges]
    return Job(
        job_id=job_id(now, operation, vault.partition, machine.id, *new_ids),
        operation=operation,
        instance_name=OF_VAULT,
        created_at=now,
        touched_at=now,
        user_triggered=True,
        friendly_name=machine.id.rpartition("/")[2],
        subtasks=tuple(each.subtask() for each in exchanges),
        details={
            "machine": machine.id,
            "unique_id": machine.unique_id,
            "exchanges": [each.as_json() for each in exchanges],
            **details,
        },
        correlation_id=correlation_id,
    )


def _watch(vault: VaultKey, job: Job) -> Any:
    return watch_row(vault, OF_VAULT, job.job_id, "swap", job.created_at + STALL_AFTER)


# ---------------------------------------------------------------- the step


def swap_disks(ports: Ports, message: SwapDisks) -> None:
    """Look at the machine, do what comes next, and come back; or end the job."""
    stored = open_job(ports, message)
    if stored is None:
        return
    work = _Work(ports=ports, message=message, stored=stored, job=stored.value)
    try:
        work.run()
    except OperationFailed as error:
        work.try_again_or_fail(error)
    except BackupError as error:
        if not come_back(ports, message, Stored(work.job, stored.etag), error):
            work.end(JobStatus.FAILED, error)


_UNSEEN = (
    "What the machine has could not be seen at the end, and a place of it may be empty: look at it, then undo the "
    "swap, or swap again."
)


@dataclass(slots=True, kw_only=True)
class _Work:
    ports: Ports
    message: SwapDisks
    stored: Stored[Job]
    job: Job
    machine: Machine | None = None

    def run(self) -> None:
        """Raises OperationFailed for what Azure accepted and gave up."""
        if self.message.operation_url and self._is_running():
            self._look_again()
            return
        machine = self.ports.cloud.find_machine(str(self.job.details["machine"]))
        if machine is None:
            raise MachineNotFound(f"Virtual machine '{self.job.details['machine']}' was not found.")
        self.machine = machine
        self._note(machine)
        if not machine.is_settled:
            self._look_again()
            return
        move = next_move(
            machine,
            exchanges_of(self.job),
            unique_id=str(self.job.details["unique_id"]),
            while_running=bool(self.job.details["while_running"]),
        )
        match move:
            case Done():
                self.end(JobStatus.COMPLETED, None)
            case Detach(disk_ids):
                self._observe_operation(self.ports.cloud.detach_disks(machine.id, disk_ids))
            case Attach(disks):
                self._observe_operation(self.ports.cloud.attach_disks(machine.id, disks))
            case ReplaceOs(disk_id):
                self._observe_operation(self.ports.cloud.replace_os_disk(machine, disk_id))
            case Changed(because):
                self.end(JobStatus.FAILED, MachineChanged(f"Nothing more was changed: {'; '.join(because)}."))
            case _:
                assert_never(move)

    def _is_running(self) -> bool:
        state = self.ports.cloud.get_operation(self.message.operation_url)
        if state is not None and state.status in GIVEN_UP:
            said = f"Azure ended a change of the machine as {state.status}: {state.error_message}"
            raise OperationFailed(said, code=state.error_code or None)
        return state is not None and state.status != "Succeeded"

    def _note(self, machine: Machine) -> None:
        """How far it is, as the machine shows it."""
        now = self.ports.clock.now()
        if self.job.status is JobStatus.QUEUED:
            self.job = self.job.advance(JobStatus.IN_PROGRESS, at=now)
        for each in exchanges_of(self.job):
            status = STEP_STATUS[stands(machine, each)]
            if status != next(task.status for task in self.job.subtasks if task.name == each.step):
                self.job = self.job.step(each.step, status, at=now)

    def _observe_operation(self, url: str) -> None:
        self._go_on(replace(self.message, operation_url=url, looks=0, attempts=0, deferrals=0, doubts=0), FIRST_LOOK)

    def _look_again(self) -> None:
        again = replace(self.message, looks=self.message.looks + 1, attempts=0, deferrals=0)
        self._go_on(again, look_delay(again.looks))

    def _go_on(self, message: SwapDisks, delay: Any) -> None:
        go_on_later(self.ports, message, self.stored, self.job, delay)

    def try_again_or_fail(self, error: OperationFailed) -> None:
        """What failed inside Azure for a reason that passes is asked for anew, by what the machine then shows."""
        failed = self.job.failed_operations
        if not error.transient or failed >= OPERATIONS_AT_MOST:
            self.machine = self._seen()
            self.end(JobStatus.FAILED, error)
            return
        self.job = replace(self.job, failed_operations=failed + 1, retry_count=self.job.retry_count + 1)
        self._go_on(replace(self.message, operation_url="", looks=0), operation_delay(failed))

    def _seen(self) -> Machine | None:
        """For what is told; whatever stands in its way."""
        try:
            return self.ports.cloud.find_machine(str(self.job.details["machine"]))
        except BackupError as error:
            log.warning("swap.unseen job_id=%s code=%s", self.job.job_id, error.code)
            return None

    def end(self, status: JobStatus, error: BackupError | None) -> None:
        now = self.ports.clock.now()
        if error is not None and self.machine is not None:
            places = told_places(self.machine, exchanges_of(self.job))
            error.message = f"{error.message} All disks are kept. The machine has: {places}."
        elif error is not None and self.job.status is not JobStatus.QUEUED:
            error.message = f"{error.message} All disks are kept. {_UNSEEN}"
        job = self.job if self.job.status is not JobStatus.QUEUED else self.job.advance(JobStatus.IN_PROGRESS, at=now)
        job = job.advance(status, at=now, error=error)
        told = announcements.job_ended(self.message.vault, job)
        if not commit(self.ports, self.message, [Replace(self.stored, job)], [told]):
            return
        log.log(logging.ERROR if error else logging.INFO, "swap.ended job_id=%s status=%s", job.job_id, status.value)
        self.ports.store.unschedule([_watch(self.message.vault, job)])

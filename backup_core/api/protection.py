"""Stop, suspend, resume and sync: requests on an instance that carry no body of ours.

What the service takes in a body (`resourceGuardOperationRequests`, `syncType`) does not change what is done.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from backup_core.api.call import Answer, Call
from backup_core.api.operation_ids import Operation, both_headers, of_job
from backup_core.api.wire import read_optional_body
from backup_core.domain.instance import BackupInstance
from backup_core.domain.job import Job
from backup_core.ports import Ports
from backup_core.workflows import lifecycle
from backup_core.workflows import protection as workflow
from backup_core.workflows.deletion import DeletionUnderWay


def stop(ports: Ports, call: Call) -> Answer:
    """202 with both URLs of an operation that is over (recorded but for that: the service takes its time)."""
    read_optional_body(call)
    name, correlation_id = call.names["instance"], call.correlation_id
    return changed(
        ports, call, lambda: lifecycle.stop_protection(ports, call.vault, name, correlation_id=correlation_id)
    )


def suspend(ports: Ports, call: Call) -> Answer:
    """202 with both URLs of an operation that is over."""
    read_optional_body(call)
    name, correlation_id = call.names["instance"], call.correlation_id
    return changed(
        ports, call, lambda: lifecycle.suspend_backups(ports, call.vault, name, correlation_id=correlation_id)
    )


def resume(ports: Ports, call: Call) -> Answer:
    """202 with both URLs of the job that looks at the disk; 200 when protection is not paused (recorded)."""
    read_optional_body(call)
    job = workflow.resume_protection(ports, call.vault, call.names["instance"], correlation_id=call.correlation_id)
    return Answer(status=200) if job is None else _begun(call, job)


def sync(ports: Ports, call: Call) -> Answer:
    """202 with both URLs of the job that looks at the disk; 200 when protection is paused."""
    read_optional_body(call)
    job = workflow.sync_instance(ports, call.vault, call.names["instance"], correlation_id=call.correlation_id)
    return Answer(status=200) if job is None else _begun(call, job)


def _begun(call: Call, job: Job) -> Answer:
    return Answer(status=202, headers=both_headers(call, of_job(call.vault, job), job.disk_location))


def changed(ports: Ports, call: Call, change: Callable[[], BackupInstance]) -> Answer:
    """202 with both URLs of an operation that is over once no deletion can be on its way any more: mostly at once."""
    now = ports.clock.now()
    try:
        instance, operation = change(), Operation(vault=call.vault, done_at=now)
    except DeletionUnderWay as late:
        return changed_late(call, late, now)
    return Answer(status=202, headers=both_headers(call, operation, instance.disk_location))


def changed_late(call: Call, late: DeletionUnderWay, now: datetime) -> Answer:
    """The change is made; its operation lasts until no deletion can be on its way any more."""
    operation = Operation(vault=call.vault, begun_at=now, done_at=late.over_at)
    return Answer(status=202, headers=both_headers(call, operation, late.instance.disk_location))

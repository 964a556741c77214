"""Stop, suspend, resume and sync: requests on an instance that carry no body of ours.

What the service takes in a body (`resourceGuardOperationRequests`, `syncType`) does not change what is done.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from backup_core.api.call import Answer, Call
from backup_core.api.operation_ids import Operation, accepted, begun
from backup_core.api.wire import read_optional_body
from backup_core.domain.instance import BackupInstance
from backup_core.domain.job import Job
from backup_core.ports import Ports
from backup_core.workflows import lifecycle
from backup_core.workflows import protection as workflow
from backup_core.workflows.deletion import DeletionUnderWay


def stop(ports: Ports, call: Call) -> Answer:
    """202 with both URLs of an operation that is over (recorded but for that: the service takes its time)."""
    return _paused(ports, call, lifecycle.stop_protection)


def suspend(ports: Ports, call: Call) -> Answer:
    """202 with both URLs of an operation that is over."""
    return _paused(ports, call, lifecycle.suspend_backups)


def resume(ports: Ports, call: Call) -> Answer:
    """202 with both URLs of the job that checks the disk; 200 when protection is not paused (recorded)."""
    return _configured(ports, call, partial(workflow.resume_protection, by=call.caller.object_id))


def sync(ports: Ports, call: Call) -> Answer:
    """202 with both URLs of the job that checks the disk; 200 when protection is paused."""
    return _configured(ports, call, workflow.sync_instance)


def _paused(ports: Ports, call: Call, pause: Callable[..., BackupInstance]) -> Answer:
    """Over once no deletion can be on its way any more: mostly at once."""
    read_optional_body(call)
    now = ports.clock.now()
    try:
        instance = pause(ports, call.vault, call.names["instance"], correlation_id=call.correlation_id)
    except DeletionUnderWay as late:
        return changed_late(call, late, now)
    return accepted(call, Operation(vault=call.vault, done_at=now), instance.disk_location)


def _configured(ports: Ports, call: Call, configure: Callable[..., Job | None]) -> Answer:
    read_optional_body(call)
    job = configure(ports, call.vault, call.names["instance"], correlation_id=call.correlation_id)
    return Answer(status=200) if job is None else begun(call, job)


def changed_late(call: Call, late: DeletionUnderWay, now: datetime) -> Answer:
    """The change is made; its operation lasts until no deletion can be on its way any more."""
    operation = Operation(vault=call.vault, begun_at=now, done_at=late.over_at)
    return accepted(call, operation, late.instance.disk_location)

"""Status and result of long-running operations, in the URL forms that the service uses (recorded).

An on-demand backup's or restore's operation is the *triggering*: it has succeeded as soon as its job exists, and the
job goes on (recorded: one second against three minutes). A configuration's or deletion's lasts as long as its job.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NoReturn

from backup_core.api import instances, vaults
from backup_core.api.call import Answer, Call
from backup_core.api.errors import Refused, user_facing
from backup_core.api.operation_ids import Operation, decode, location_path, result_header
from backup_core.api.wire import NEVER, instant, second
from backup_core.domain.job import Job, JobError, JobOperation, JobStatus
from backup_core.ports import Ports
from backup_core.workflows import catalogue

RETRY_AFTER = {"Retry-After": "1"}  # without it both clients sleep 30 s between two polls (measured)
_TRIGGERS = (JobOperation.BACKUP, JobOperation.RESTORE, JobOperation.RESTORE_TOGETHER)
_CANCELLED = JobError(
    code="OperationCanceled",
    message="A later request took the place of this one.",
    recommended_action="Look at the resource and at its newest job.",
)


def status_in_vault(ports: Ports, call: Call) -> Answer:
    return _status(ports, call, _of_vault(call))


def status_in_group(ports: Ports, call: Call) -> Answer:
    operation = _named(call)
    if operation.vault.group.lower() != call.names["group"].lower():
        _refuse_unknown(call)
    return _status(ports, call, operation)


def status_in_subscription(ports: Ports, call: Call) -> Answer:
    return _status(ports, call, _named(call))


def result_in_vault(ports: Ports, call: Call) -> Answer:
    """The vault (specification), or 202 while the operation runs."""
    operation = _of_vault(call)
    unfinished = _unfinished(ports, call, operation, _job(ports, call, operation))
    return unfinished or Answer(status=200, body=vaults.render_one(ports, catalogue.get_vault(ports, call.vault)))


def result_of_instance(ports: Ports, call: Call) -> Answer:
    """The instance (specification), or 202 while the operation runs."""
    operation = _of_vault(call)
    job = _job(ports, call, operation)
    if job is None or job.instance_name.lower() != call.names["instance"].lower():
        _refuse_unknown(call)
    unfinished = _unfinished(ports, call, operation, job)
    if unfinished is not None:
        return unfinished
    instance = catalogue.get_instance(ports, call.vault, job.instance_name)
    return Answer(status=200, body=instances.render(call.vault, instance))


def result_in_subscription(ports: Ports, call: Call) -> Answer:
    """The job's id for what triggers one, else only the kind of the answer (recorded)."""
    operation = _named(call)
    job = _job(ports, call, operation)
    unfinished = _unfinished(ports, call, operation, job)
    if unfinished is not None:
        return unfinished
    status_path = location_path(operation, call.names["location"], "operationStatus")
    return Answer(
        status=200, body=_job_body(operation, job), headers={"Azure-AsyncOperation": call.url_of(status_path)}
    )


def _named(call: Call) -> Operation:
    """The operation that the URL names. Raises Refused (404), also for one of a vault that the caller may not see: its
    URL need not name the vault."""
    operation = decode(call.names["operation"], call.subscription)
    if operation is None or not call.may_see(operation.vault):
        _refuse_unknown(call)
    return operation


def _of_vault(call: Call) -> Operation:
    operation = _named(call)
    if operation.vault != call.vault:
        _refuse_unknown(call)
    return operation


def _job(ports: Ports, call: Call, operation: Operation) -> Job | None:
    """The operation's job; None for one that was over at once. Raises Refused (404) when the job is gone."""
    if not operation.job_id:
        return None
    job = catalogue.find_job(ports, operation.vault, operation.job_id)
    if job is None:
        _refuse_unknown(call)
    return job


def _refuse_unknown(call: Call) -> NoReturn:
    raise Refused(404, "ResourceNotFound", f"The operation '{call.names['operation']}' was not found.")


def _status(ports: Ports, call: Call, operation: Operation) -> Answer:
    job = _job(ports, call, operation)
    status = _status_word(ports, operation, job)
    ended = operation.done_at if job is None else job.ended_at
    started = (operation.begun_at or operation.done_at) if job is None else job.created_at
    assert started is not None, "an operation without a job knows when it is over"
    body: dict[str, Any] = {
        "id": call.path,
        "name": call.names["operation"],
        "status": status,
        "startTime": instant(started),
        "endTime": NEVER if status == "Inprogress" else second(_ended(job, ended, started)),
    }
    if job is not None and job.operation in _TRIGGERS:
        body["properties"] = _job_body(operation, job)
    if status in ("Failed", "Canceled") and job is not None:
        body["error"] = _operation_error(job)
    return Answer(status=200, body=body, headers=RETRY_AFTER if status == "Inprogress" else {})


def _status_word(ports: Ports, operation: Operation, job: Job | None) -> str:
    """The service's words (recorded: `Inprogress`)."""
    if operation.begun_at and operation.done_at and ports.clock.now() < operation.done_at:
        return "Inprogress"
    if job is None or job.operation in _TRIGGERS:
        return "Succeeded"
    words = {JobStatus.FAILED: "Failed", JobStatus.CANCELLED: "Canceled"}
    return words.get(job.status, "Succeeded") if job.is_ended else "Inprogress"


def _ended(job: Job | None, ended: datetime | None, started: datetime) -> datetime:
    """When the operation ended; a trigger ends as it starts."""
    is_trigger = job is not None and job.operation in _TRIGGERS
    return started if is_trigger else ended or started


def _unfinished(ports: Ports, call: Call, operation: Operation, job: Job | None) -> Answer | None:
    """The answer of a result that is not there: 202 while the operation runs, the error when it failed."""
    status = _status_word(ports, operation, job)
    if status == "Inprogress":
        location = call.names.get("location", "") if job is None else job.disk_location
        return Answer(status=202, headers={**result_header(call, operation, location), **RETRY_AFTER})
    if status == "Succeeded" or job is None:
        return None
    return Answer(status=400, body={"error": _operation_error(job)})


def _job_body(operation: Operation, job: Job | None) -> dict[str, Any]:
    body = {"objectType": "OperationJobExtendedInfo"}
    if job is None or job.operation not in _TRIGGERS:
        return body
    return {"jobId": f"{operation.vault.resource_id}/backupJobs/{job.job_id}", **body}


def _operation_error(job: Job) -> dict[str, Any]:
    """Why an operation did not succeed, in ARM's form."""
    error = job.error or _CANCELLED
    return {
        "additionalInfo": [{"type": "UserFacingError", "info": user_facing(error)}],
        "code": error.code,
        "message": error.message,
        "target": error.target,
        "details": None,
    }

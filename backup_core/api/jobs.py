"""Jobs: list, newest first, and get. What Azure has no field for stands as text in `extendedInfo.additionalDetails`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from backup_core.api.call import Answer, Call
from backup_core.api.errors import user_facing
from backup_core.api.wire import NEVER, clock_duration, instant, iso_duration, list_answer, skip_token
from backup_core.domain.job import Job, JobOperation, JobStatus, Subtask
from backup_core.domain.resource_ids import DISK, VAULT, ResourceId, VaultKey, parse_resource_id
from backup_core.ports import Ports
from backup_core.workflows import overview

TYPE = f"{VAULT}/backupJobs"


def get(ports: Ports, call: Call) -> Answer:
    job = overview.get_job(ports, call.vault, call.names["job"].lower())
    return Answer(status=200, body=render(call.vault, job, duration=iso_duration(_length(job))))


def list_in_vault(ports: Ports, call: Call) -> Answer:
    """Durations in a list are written as a clock shows them, and nextLink is always there (both recorded)."""
    page = overview.list_jobs(ports, call.vault, token=skip_token(call))
    answer = list_answer(call, page, lambda job: render(call.vault, job, duration=clock_duration(_length(job))))
    return replace(answer, body={"nextLink": None, **(answer.body or {})})


def render(vault: VaultKey, job: Job, *, duration: str) -> dict[str, Any]:
    """The resource as the service writes it."""
    disk = _disk(job.disk_id)
    user_triggered = job.user_triggered
    properties: dict[str, Any] = {
        "activityID": job.job_id,
        "subscriptionId": vault.subscription,
        "backupInstanceId": f"{vault.resource_id}/backupInstances/{job.instance_name}",
        "policyId": f"{vault.resource_id}/backupPolicies/{job.policy_name}" if job.policy_name else None,
        "dataSourceId": job.disk_id,
        "vaultName": vault.name,
        "backupInstanceFriendlyName": job.friendly_name or job.instance_name,
        "policyName": job.policy_name or None,
        "sourceResourceGroup": disk.group if disk else "",
        "dataSourceSetName": None,
        "dataSourceName": disk.name if disk else "",
        "sourceDataStoreName": None,
        "sourceDataStoreType": None,
        "destinationDataStoreName": "OperationalTierStore" if _has_backed_up(job) else None,
        "progressEnabled": False,
        "etag": _etag(job),
        "sourceSubscriptionID": disk.subscription if disk else "",
        "dataSourceLocation": job.disk_location,
        "startTime": instant(job.started_at or job.created_at),
        "endTime": instant(job.ended_at),
        "dataSourceType": DISK,
        "operationCategory": job.operation.value,
        "operation": job.operation.value,
        "status": _status(job),
        "restoreType": None,
        "isUserTriggered": user_triggered,
        "rehydrationPriority": None,
        "supportedActions": [""] if user_triggered else [],
        "duration": duration,
        "progressUrl": None,
        "isCrossRegionRestore": None,
        "errorDetails": [user_facing(job.error)] if job.error else None,
        "extendedInfo": _extended(job),
    }
    return {
        "properties": properties,
        "id": f"{vault.resource_id}/backupJobs/{job.job_id}",
        "name": job.job_id,
        "type": TYPE,
    }


def _status(job: Job) -> str:
    """Azure has no word for a job that waits for its turn."""
    return JobStatus.IN_PROGRESS.value if job.status is JobStatus.QUEUED else job.status.value


def _length(job: Job) -> timedelta:
    """Zero as long as the job runs (recorded)."""
    if job.ended_at is None:
        return timedelta(0)
    return job.ended_at - (job.started_at or job.created_at)


def _disk(disk_id: str) -> ResourceId | None:
    try:
        return parse_resource_id(disk_id, DISK)
    except ValueError:
        return None  # a job about no disk


def _has_backed_up(job: Job) -> bool:
    done = (JobStatus.COMPLETED, JobStatus.COMPLETED_WITH_WARNINGS)
    return job.operation is JobOperation.BACKUP and job.status in done


def _etag(job: Job) -> str:
    changed = instant(job.touched_at or job.created_at) or ""
    return f"W/\"datetime'{quote(changed, safe='')}'\""


def _extended(job: Job) -> dict[str, Any]:
    is_restore = job.operation is JobOperation.RESTORE
    return {
        "backupInstanceState": None,
        "dataTransferredInBytes": None,
        "targetRecoverPoint": _point(job) if _has_backed_up(job) and job.point_id else None,
        "sourceRecoverPoint": _point(job) if is_restore else None,
        "recoveryDestination": job.target_disk_id or None,
        "subTasks": [_subtask(job, number, task) for number, task in enumerate(job.subtasks, 1)],
        "additionalDetails": _details(job),
        "warningDetails": [
            {"resourceName": warning.target or job.disk_id, "warning": user_facing(warning)} for warning in job.warnings
        ]
        or None,
    }


def _point(job: Job) -> dict[str, Any]:
    """The time of a restore's source; a backup's own point has none here (recorded)."""
    known = job.details.get("point_time")
    time = instant(datetime.fromisoformat(known)) if isinstance(known, str) else NEVER
    return {"recoveryPointID": job.point_id, "recoveryPointTime": time}


def _subtask(job: Job, number: int, task: Subtask) -> dict[str, Any]:
    details = {**task.details, "TaskId": job.job_id, "DatasourceType": DISK} if task.ended_at else dict(task.details)
    return {
        "taskId": number,
        "taskName": task.name,
        "taskStatus": task.status,
        "taskProgress": None if task.progress_percent is None else f"{task.progress_percent}%",
        "additionalDetails": details or None,
    }


def _details(job: Job) -> dict[str, str] | None:
    """Text only: the client's model has nothing else here. All but RetentionTag are ours."""
    details = {"RetentionTag": job.retention_tag} if job.retention_tag else {}
    if job.slot is not None:
        details["Slot"] = instant(job.slot) or ""
    if job.missed_count:
        details["MissedSlotCount"] = str(job.missed_count)
        details["MissedSlots"] = ",".join(instant(slot) or "" for slot in job.missed_slots)
    if job.retry_count:
        details["RetryCount"] = str(job.retry_count)
    if job.status is JobStatus.QUEUED:
        details["Waiting"] = "true"
    return details or None

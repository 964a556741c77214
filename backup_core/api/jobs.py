"""Jobs: list, newest first and narrowed by a filter, and get.

What Azure has no field for stands as text in `extendedInfo.additionalDetails`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote

from backup_core.api.call import Answer, Call
from backup_core.api.errors import Refused, user_facing
from backup_core.api.wire import NEVER, clock_duration, instant, iso_duration, list_answer, read_instant, skip_token
from backup_core.domain import starting
from backup_core.domain.errors import Fault, InvalidInput
from backup_core.domain.job import (
    COPY_ID,
    COPY_LOCATION,
    OF_VAULT,
    PART_OF,
    TAKEN_AGAIN,
    Job,
    JobOperation,
    JobStatus,
    Subtask,
    subtask_status,
)
from backup_core.domain.resource_ids import DISK, VAULT, ResourceId, VaultKey, parse_resource_id
from backup_core.domain.restore_test import RestoreTest
from backup_core.ports import Ports
from backup_core.workflows import catalogue, restore

TYPE = f"{VAULT}/backupJobs"
W = TypeVar("W", JobStatus, JobOperation)
_AND = re.compile(r"\s+and\s+", re.IGNORECASE)
_CLAUSE = re.compile(
    r"(status|operation|operationCategory|startTime|endTime)\s+(eq|ge|gt|le|lt)\s+'([^']*)'", re.IGNORECASE
)
_CLAUSES = "status eq '<status>', operation eq '<operation>', startTime ge '<time>' and endTime le '<time>'"
# A job that waits for its turn is in progress to Azure.
_STATUSES: Mapping[str, frozenset[JobStatus]] = {
    status.value: frozenset({status}) for status in JobStatus if status is not JobStatus.QUEUED
} | {JobStatus.IN_PROGRESS.value: frozenset({JobStatus.QUEUED, JobStatus.IN_PROGRESS})}
_FIRST_SUBTASKS = {JobOperation.BACKUP: starting.TRIGGER, JobOperation.RESTORE: restore.TRIGGER}
_MOVES = tuple(each for each in JobOperation if each.event == "Import")  # what comes over, or goes back
_COUNTS = {"": "total", "Done": "done", "Waiting": "waiting"}  # of instances that move, by how they are told
_OPERATIONS: Mapping[str, frozenset[JobOperation]] = {each.value: frozenset({each}) for each in JobOperation}


def get(ports: Ports, call: Call) -> Answer:
    job = catalogue.get_job(ports, call.vault, call.names["job"].lower())
    return Answer(status=200, body=render(call.vault, job, duration=iso_duration(length(job))))


def list_in_vault(ports: Ports, call: Call) -> Answer:
    """nextLink is always there (recorded)."""
    narrowed = read_filter(call.parameter("$filter") or "")
    page = catalogue.list_jobs(ports, call.vault, narrowed=narrowed, token=skip_token(call))
    answer = list_answer(call, page, lambda job: render_in_list(call.vault, job))
    return replace(answer, body={**(answer.body or {}), "nextLink": (answer.body or {}).get("nextLink")})


def export(ports: Ports, call: Call) -> Answer:
    """Azure writes the jobs into a storage account of its own and hands out a link with a key in it."""
    catalogue.get_vault(ports, call.vault)
    raise Refused(400, "OperationNotSupported", "Jobs are not exported to a blob here: list backupJobs with a $filter.")


def export_result(ports: Ports, call: Call) -> Answer:
    catalogue.get_vault(ports, call.vault)
    raise Refused(
        404, "ResourceNotFound", f"The export '{call.names['operation']}' was not found: nothing is exported."
    )


def read_filter(text: str) -> catalogue.JobFilter:
    """`<field> <eq|ge|gt|le|lt> '<value>'`, joined by `and`: status and operation with eq, startTime and endTime as
    bounds of when a job began (`startTime eq` begins and `endTime eq` ends the range, as for recovery points).

    Raises InvalidInput that names every clause that is not understood.
    """
    found: dict[str, Any] = {}
    faults: list[Fault] = []
    for clause in _AND.split(text.strip()) if text.strip() else []:
        try:
            name, value = _read_clause(clause)
            if name in found:
                raise ValueError(f"{clause!r} bounds the same a second time")
            found[name] = value
        except ValueError as error:
            faults.append(Fault(target="$filter", message=str(error)))
    if faults:
        raise InvalidInput(faults)
    return catalogue.JobFilter(**found)


def _read_clause(clause: str) -> tuple[str, Any]:
    match = _CLAUSE.fullmatch(clause)
    if match is None:
        raise ValueError(f"{clause!r} is not understood; use {_CLAUSES}")
    name, comparison, value = match[1].lower(), match[2].lower(), match[3]
    if name in ("starttime", "endtime"):
        is_start = comparison.startswith("g") or (comparison == "eq" and name == "starttime")
        return "since" if is_start else "until", read_instant(value)
    if comparison != "eq":
        raise ValueError(f"{clause!r}: {match[1]} is compared with eq")
    if name == "status":
        return "statuses", _words(_STATUSES, value)
    return "operations", _words(_OPERATIONS, value)


def _words(known: Mapping[str, frozenset[W]], value: str) -> frozenset[W]:
    found = next((words for word, words in known.items() if word.lower() == value.lower()), None)
    if found is None:
        raise ValueError(f"{value!r} is none of {', '.join(known)}")
    return found


def render_in_list(vault: VaultKey, job: Job) -> dict[str, Any]:
    """Where durations are written as a clock shows them (recorded)."""
    return render(vault, job, duration=clock_duration(length(job)))


def render(vault: VaultKey, job: Job, *, duration: str) -> dict[str, Any]:
    """The resource as the service writes it."""
    disk = _disk(job.disk_id)
    user_triggered, is_elsewhere = job.user_triggered, _is_elsewhere(job)
    properties: dict[str, Any] = {
        "activityID": job.job_id,
        "subscriptionId": vault.subscription,
        "backupInstanceId": _instance_id(vault, job),
        "policyId": f"{vault.resource_id}/backupPolicies/{job.policy_name}" if job.policy_name else None,
        "dataSourceId": job.disk_id,
        "vaultName": vault.name,
        "backupInstanceFriendlyName": job.friendly_name or job.instance_name,
        "policyName": job.policy_name or None,
        "sourceResourceGroup": disk.group if disk else "",
        "dataSourceSetName": None,
        "dataSourceName": disk.name if disk else "",
        "sourceDataStoreName": None,
        "sourceDataStoreType": "OperationalStore" if job.operation is JobOperation.RESTORE else None,
        "destinationDataStoreName": "OperationalTierStore" if _has_backed_up(job) else None,
        "progressEnabled": False,
        "etag": _etag(job),
        "sourceSubscriptionID": disk.subscription if disk else "",
        "dataSourceLocation": job.disk_location,
        "startTime": instant(job.created_at),
        "endTime": instant(job.ended_at),
        "dataSourceType": DISK,
        "operationCategory": "CrossRegionRestore" if is_elsewhere else job.operation.value,
        "operation": job.operation.value,
        "status": _status(job),
        "restoreType": None,
        "isUserTriggered": user_triggered,
        "rehydrationPriority": None,
        "supportedActions": [""] if user_triggered else [],
        "duration": duration,
        "progressUrl": None,
        "isCrossRegionRestore": is_elsewhere or None,
        "errorDetails": [user_facing(job.error)] if job.error else None,
        "extendedInfo": _extended(job),
    }
    return {
        "properties": properties,
        "id": f"{vault.resource_id}/backupJobs/{job.job_id}",
        "name": job.job_id,
        "type": TYPE,
    }


def _is_elsewhere(job: Job) -> bool:
    """Whether it restores from a copy in another region."""
    return job.operation is JobOperation.RESTORE and COPY_ID in job.details


def _instance_id(vault: VaultKey, job: Job) -> str:
    """Of a job of the whole vault, the vault's."""
    is_of_vault = job.instance_name == OF_VAULT
    return vault.resource_id if is_of_vault else f"{vault.resource_id}/backupInstances/{job.instance_name}"


def _status(job: Job) -> str:
    """Azure has no word for a job that waits for its turn."""
    return JobStatus.IN_PROGRESS.value if job.status is JobStatus.QUEUED else job.status.value


def length(job: Job) -> timedelta:
    """Zero as long as the job runs (recorded). It begins as the job does: a start that moved when the job's turn came
    would be another job to a client that compares two answers."""
    return timedelta(0) if job.ended_at is None else job.ended_at - job.created_at


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
    is_restore = job.operation in (JobOperation.RESTORE, JobOperation.RESTORE_TEST) and job.point_id
    return {
        "backupInstanceState": None,
        "dataTransferredInBytes": None,
        "targetRecoverPoint": _point(job) if _has_backed_up(job) and job.point_id else None,
        "sourceRecoverPoint": _point(job) if is_restore else None,
        "recoveryDestination": job.target_disk_id or None,
        "subTasks": [_subtask(job, number, task) for number, task in enumerate(_subtasks(job), 1)],
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


def _subtasks(job: Job) -> tuple[Subtask, ...]:
    """Azure shows the first one with the job itself (recorded), ours is written when the job's turn has come."""
    name = _FIRST_SUBTASKS.get(job.operation)
    if job.subtasks or name is None:
        return job.subtasks
    return (Subtask(name=name, status=subtask_status(job.status), ended_at=job.ended_at),)


def _subtask(job: Job, number: int, task: Subtask) -> dict[str, Any]:
    """Progress is told while there is any to come: of what has ended Azure tells none (recorded)."""
    percent = None if task.ended_at else task.progress_percent
    details = {**task.details, **(_ended_details(job) if task.ended_at else {})}
    return {
        "taskId": number,
        "taskName": task.name,
        "taskStatus": task.status,
        "taskProgress": None if percent is None else f"{percent}%",
        "additionalDetails": details or None,
    }


def _ended_details(job: Job) -> dict[str, str]:
    """The disk's size for a backup; for a restore what went through the service, which is nothing: the disk provider
    makes the disk from the snapshot by itself (both recorded)."""
    size = job.details.get("disk_size_bytes")
    known = {} if size is None else {"OriginalDatasourceSizeInBytes": str(size)}
    if job.operation is JobOperation.RESTORE:
        known = {"DataTransferredInBytes": "0"}
    return {**known, "TaskId": job.job_id, "DatasourceType": DISK}


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
    if TAKEN_AGAIN in job.details:
        details["RetriedBecause"] = str(job.details[TAKEN_AGAIN])
    if COPY_ID in job.details:
        details["CopyLocation"] = str(job.details[COPY_LOCATION])
    if PART_OF in job.details:
        details["PartOfJobId"] = str(job.details[PART_OF])
    details |= _together_details(job) | _swap_details(job)
    if job.operation in _MOVES:
        told = job.details.get("progress", {})
        details["SourceId"] = str(job.details.get("origin", ""))
        counted = "Disks" if job.operation is JobOperation.ADOPT else "BackupInstances"
        details |= {f"{counted}{name}": str(told.get(key, 0)) for name, key in _COUNTS.items()}
        details["RecoveryPoints"] = str(told.get("points", 0))
    if job.operation is JobOperation.RESTORE_TEST:
        details |= _of_test(job)
    if job.status is JobStatus.QUEUED:
        details["Waiting"] = "true"
    return details or None


def _swap_details(job: Job) -> dict[str, str]:
    """Whose disks are swapped, and which swap is undone."""
    told = {"VirtualMachineId": job.details.get("machine"), "UndoesJobId": job.details.get("undoes")}
    return {name: str(value) for name, value in told.items() if value}


def _together_details(job: Job) -> dict[str, str]:
    """How many disks are restored together, and how far their points lie apart."""
    if job.operation is not JobOperation.RESTORE_TOGETHER:
        return {}
    oldest, newest = (datetime.fromisoformat(job.details[name]) for name in ("oldest", "newest"))
    return {
        "Disks": str(len(job.details["parts"])),
        "OldestRecoveryPointTime": instant(oldest) or "",
        "NewestRecoveryPointTime": instant(newest) or "",
        "RecoveryPointsApart": iso_duration(newest - oldest),
    }


def _of_test(job: Job) -> dict[str, str]:
    """The evidence of a restore test: what was compared, and what was found."""
    test = RestoreTest.of(job)
    told = {
        "RestoreTestPlan": test.plan,
        "Phase": test.phase,
        "SnapshotId": test.snapshot_id,
        "SampledRanges": str(len(test.ranges)),
        "SampledBytes": str(sum(int(each["length"]) for each in test.ranges)),
        "DataHash": test.digest,
        "Signature": test.signature,
        "NotRead": test.unread,
        "Findings": "; ".join(test.faults),
    }
    hashes = {f"Range{each['offset']}": f"{each['disk']} {each['snapshot']}" for each in test.ranges}
    return {name: text for name, text in told.items() if text} | hashes

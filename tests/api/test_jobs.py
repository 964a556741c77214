"""Jobs: what the wire shows of them, in each state."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backup_core.domain.errors import DiskNotFound
from backup_core.domain.job import Job, JobError, JobOperation, JobStatus
from backup_core.ports import Insert, Replace
from tests.api.bodies import VAULT_PATH
from tests.api.front import VERSION, Front
from tests.builders import NOW, VAULT, active_backup, instance, job, point
from tests.workflows.platform import Platform

JOBS = f"{VAULT_PATH}/backupJobs"


def shown(front: Front, platform: Platform, stored: Job) -> dict[str, Any]:
    platform.world.store.commit(VAULT, [Insert(stored)])
    reply = front.get(f"{JOBS}/{stored.job_id.upper()}")
    assert reply.status == 200, reply.text
    properties: dict[str, Any] = reply.json["properties"]
    return properties


def test_a_waiting_job_is_in_progress_to_azure(front: Front, platform: Platform) -> None:
    properties = shown(front, platform, job(status=JobStatus.QUEUED))
    assert (properties["status"], properties["duration"], properties["endTime"]) == ("InProgress", "PT0S", None)
    assert properties["startTime"] == "2026-03-02T09:00:00.0000000Z"
    assert properties["extendedInfo"]["additionalDetails"]["Waiting"] == "true"


def test_a_finished_job_has_its_length_and_its_point(front: Front, platform: Platform) -> None:
    done = replace(
        job(point_id=point().point_id, retention_tag="Daily", slot=NOW, retry_count=2)
        .step("Trigger Backup", "InProgress", at=NOW, progress_percent=40)
        .advance(JobStatus.IN_PROGRESS, at=NOW)
        .advance(JobStatus.COMPLETED, at=NOW + timedelta(minutes=3, seconds=5, microseconds=583035)),
        missed_slots=(NOW - timedelta(hours=4),),
        missed_count=7,
    )
    properties = shown(front, platform, done)
    assert (properties["status"], properties["duration"]) == ("Completed", "PT3M5.583035S")
    assert properties["supportedActions"] == []
    assert properties["destinationDataStoreName"] == "OperationalTierStore"
    info = properties["extendedInfo"]
    assert info["targetRecoverPoint"]["recoveryPointID"] == point().point_id
    assert info["additionalDetails"] == {
        "RetentionTag": "Daily",
        "Slot": "2026-03-02T09:00:00.0000000Z",
        "MissedSlotCount": "7",
        "MissedSlots": "2026-03-02T05:00:00.0000000Z",
        "RetryCount": "2",
    }
    assert (info["subTasks"][0]["taskId"], info["subTasks"][0]["taskStatus"]) == (1, "Completed")
    [listed] = front.get(JOBS).json["value"]
    assert listed["properties"]["duration"] == "00:03:05.5830350"


def test_a_failed_job_says_why_and_what_to_do(front: Front, platform: Platform) -> None:
    failed = job(user_triggered=True).advance(JobStatus.FAILED, at=NOW, error=DiskNotFound("gone", target="/d"))
    properties = shown(front, platform, failed)
    [error] = properties["errorDetails"]
    assert (error["code"], error["message"], error["target"]) == ("UserErrorManagedDiskNotFound", "gone", "/d")
    assert error["recommendedAction"] == [DiskNotFound.recommended_action]
    assert properties["supportedActions"] == [""]
    assert properties["destinationDataStoreName"] is None


def test_warnings_are_shown_beside_success(front: Front, platform: Platform) -> None:
    warning = JobError(code="ScopeLocked", message="locked", recommended_action="unlock")
    running = job().advance(JobStatus.IN_PROGRESS, at=NOW)
    done = replace(running.advance(JobStatus.COMPLETED_WITH_WARNINGS, at=NOW), warnings=(warning,))
    info = shown(front, platform, done)["extendedInfo"]
    assert info["warningDetails"][0]["warning"]["code"] == "ScopeLocked"


def test_a_restore_names_its_source_and_its_destination(front: Front, platform: Platform) -> None:
    restore = job(
        operation=JobOperation.RESTORE,
        point_id=point().point_id,
        target_disk_id="/target",
        details={"point_time": NOW.isoformat()},
    )
    info = shown(front, platform, restore)["extendedInfo"]
    assert info["sourceRecoverPoint"] == {
        "recoveryPointID": point().point_id,
        "recoveryPointTime": "2026-03-02T09:00:00.0000000Z",
    }
    assert (info["recoveryDestination"], info["targetRecoverPoint"]) == ("/target", None)


def test_a_restore_is_shown_as_azure_shows_it_from_its_first_answer_to_its_last(
    front: Front, platform: Platform
) -> None:
    """Recorded of a disk's restore: Azure/azure-cli-extensions, test_dataprotection_backup_instance_restore_disk."""
    waiting = job(operation=JobOperation.RESTORE, point_id=point().point_id, target_disk_id="/target")
    first = shown(front, platform, waiting)
    task = {"taskId": 1, "taskName": "Trigger Restore", "taskProgress": None, "additionalDetails": None}
    assert first["sourceDataStoreType"] == "OperationalStore"
    assert first["destinationDataStoreName"] is None
    assert first["extendedInfo"]["subTasks"] == [{**task, "taskStatus": "InProgress"}]
    later = NOW + timedelta(minutes=7)
    running = waiting.step("Trigger Restore", "InProgress", at=later, progress_percent=30).advance(
        JobStatus.IN_PROGRESS, at=later
    )
    (stored,) = platform.world.store.page(Job, VAULT).items
    platform.world.store.commit(VAULT, [Replace(stored, running)])
    second = front.get(f"{JOBS}/{waiting.job_id}").json["properties"]
    assert second["startTime"] == first["startTime"], "a client that polls sees one job"
    assert second["extendedInfo"]["subTasks"][0]["taskProgress"] == "30%"
    (stored,) = platform.world.store.page(Job, VAULT).items
    done = running.advance(JobStatus.COMPLETED, at=later + timedelta(minutes=1))
    platform.world.store.commit(VAULT, [Replace(stored, done)])
    last = front.get(f"{JOBS}/{waiting.job_id}").json["properties"]
    details = {"DataTransferredInBytes": "0", "TaskId": waiting.job_id, "DatasourceType": "Microsoft.Compute/disks"}
    assert last["extendedInfo"]["subTasks"] == [{**task, "taskStatus": "Completed", "additionalDetails": details}]
    assert (last["startTime"], last["duration"]) == (first["startTime"], "PT8M")


@pytest.mark.parametrize(
    ("status", "word"),
    [(JobStatus.FAILED, "Failed"), (JobStatus.CANCELLED, "Skipped"), (JobStatus.QUEUED, "InProgress")],
)
def test_a_backup_that_never_had_its_turn_has_its_subtask_too(
    front: Front, platform: Platform, status: JobStatus, word: str
) -> None:
    made = job() if status is JobStatus.QUEUED else job().advance(status, at=NOW)
    (task,) = shown(front, platform, made)["extendedInfo"]["subTasks"]
    assert (task["taskName"], task["taskStatus"]) == ("Trigger Backup", word)


def test_a_running_backup_is_shown_as_its_instance_holds_it(front: Front, platform: Platform) -> None:
    stored = job(status=JobStatus.IN_PROGRESS)
    newer = stored.step("Trigger Backup", "InProgress", at=NOW, progress_percent=60)
    platform.world.store.commit(VAULT, [Insert(instance(active=active_backup(newer)))])
    info = shown(front, platform, stored)["extendedInfo"]
    assert info["subTasks"][0]["taskProgress"] == "60%"


def test_jobs_are_listed_newest_first(front: Front, platform: Platform) -> None:
    jobs = [job(at=NOW + timedelta(minutes=minute)) for minute in range(3)]
    platform.world.store.commit(VAULT, [Insert(each) for each in jobs])
    reply = front.get(JOBS).json
    assert [each["name"] for each in reply["value"]] == [each.job_id for each in reversed(jobs)]
    assert reply["nextLink"] is None


def at(hour: int, operation: JobOperation = JobOperation.BACKUP, status: JobStatus = JobStatus.COMPLETED) -> Job:
    started = NOW + timedelta(hours=hour)
    made = job(at=started, operation=operation)
    if status is JobStatus.QUEUED:
        return made
    running = made.advance(JobStatus.IN_PROGRESS, at=started)
    return running if status is JobStatus.IN_PROGRESS else running.advance(status, at=started)


def narrowed(front: Front, text: str) -> list[str]:
    reply = front.get(JOBS, query={**VERSION, "$filter": text})
    assert reply.status == 200, reply.text
    return [each["name"] for each in reply.json["value"]]


def test_jobs_are_narrowed_by_status_operation_and_time(front: Front, platform: Platform) -> None:
    waiting = at(4, status=JobStatus.QUEUED)
    running = at(3, status=JobStatus.IN_PROGRESS)
    failed = at(2, JobOperation.RESTORE, JobStatus.FAILED)
    done = at(1)
    every = [waiting, running, failed, done]
    platform.world.store.commit(VAULT, [Insert(each) for each in every])
    ids = [each.job_id for each in every]
    assert narrowed(front, "") == ids
    assert narrowed(front, "status eq 'inprogress'") == ids[:2]
    assert narrowed(front, "operation eq 'Restore' and status eq 'Failed'") == [failed.job_id]
    assert narrowed(front, "operation eq 'Restore' and status eq 'Completed'") == []
    assert narrowed(front, "startTime ge '2026-03-02T11:00:00Z'") == ids[:3]
    assert narrowed(front, "startTime ge '2026-03-02T10:00:00Z' and endTime le '2026-03-02T11:00:00Z'") == ids[2:]
    assert narrowed(front, "startTime eq '2026-03-02T12:00:00Z' and endTime eq '2026-03-02T12:00:00Z'") == ids[1:2]


@pytest.mark.parametrize(
    "text",
    [
        "status",
        "status eq Completed",
        "status eq 'Nonsense'",
        "operation ne 'Backup'",
        "operation gt 'Backup'",
        "startTime ge 'yesterday'",
        "status eq 'Failed' and status eq 'Completed'",
        "status eq 'Failed' or status eq 'Completed'",
        "size eq '1'",
    ],
)
def test_a_filter_that_is_not_understood_is_refused(front: Front, text: str) -> None:
    reply = front.get(JOBS, query={**VERSION, "$filter": text})
    assert (reply.status, reply.error["target"]) == (400, "$filter")


def test_jobs_are_not_exported(front: Front) -> None:
    reply = front.post(f"{VAULT_PATH}/exportBackupJobs")
    assert (reply.status, reply.error["code"]) == (400, "OperationNotSupported")
    assert front.get(f"{JOBS}/operations/abc").status == 404

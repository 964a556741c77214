"""A job moves and its steps are noted, in one copy or one after the other."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from backup_core.domain.errors import CloudUnavailable
from backup_core.domain.job import Job, JobOperation, JobStatus, WrongTransition

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
JOB = Job(job_id="job-1", operation=JobOperation.BACKUP, instance_name="disk-1", created_at=NOW)


def test_a_step_moves_the_job_and_changes_it_as_one_after_the_other_would() -> None:
    begun = JOB.step("Trigger", "InProgress", at=NOW, progress_percent=0, to=JobStatus.IN_PROGRESS, turn=3)
    assert begun == replace(JOB, turn=3).step("Trigger", "InProgress", at=NOW, progress_percent=0).advance(
        JobStatus.IN_PROGRESS, at=NOW
    )
    later, error = NOW + timedelta(minutes=1), CloudUnavailable("gone")
    failed = begun.step("Trigger", "Failed", at=later, to=JobStatus.FAILED, error=error, retry_count=2)
    alone = replace(begun, retry_count=2).step("Trigger", "Failed", at=later)
    assert failed == alone.advance(JobStatus.FAILED, at=later, error=error)
    assert (failed.ended_at, failed.error is not None, failed.subtasks[0].started_at) == (later, True, NOW)


def test_a_step_that_is_known_keeps_its_place_and_a_new_one_comes_last() -> None:
    job = JOB.step("first", "InProgress", at=NOW).step("second", "InProgress", at=NOW)
    job = job.step("first", "Completed", at=NOW + timedelta(minutes=1)).step("third", "InProgress", at=NOW)
    assert [(task.name, task.status) for task in job.subtasks] == [
        ("first", "Completed"),
        ("second", "InProgress"),
        ("third", "InProgress"),
    ]


def test_a_step_takes_no_job_where_it_may_not_go() -> None:
    ended = JOB.advance(JobStatus.IN_PROGRESS, at=NOW).advance(JobStatus.COMPLETED, at=NOW)
    with pytest.raises(WrongTransition):
        ended.step("Trigger", "InProgress", at=NOW, to=JobStatus.IN_PROGRESS)

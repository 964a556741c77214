"""Compliance: what an instance's jobs and points add up to, held against its schedule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backup_core.domain.compliance import InstanceReport, Period, Tally, report_of
from backup_core.domain.health import JobGlance, PointGlance
from backup_core.domain.instance import ProtectionState
from backup_core.domain.job import JobOperation, JobStatus
from backup_core.domain.recovery_point import PointState
from tests.builders import VAULT, hold, instance, policy

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
PERIOD = Period(begin=MIDNIGHT, end=MIDNIGHT + 24 * HOUR)
NOW = MIDNIGHT + 30 * HOUR


def backup(slot: datetime | None, *, late: timedelta = timedelta(seconds=10), **changes: Any) -> JobGlance:
    at = slot or changes["created_at"]
    values: dict[str, Any] = {
        "job_id": f"{at:%H%M}",
        "instance_name": "instance-1",
        "operation": JobOperation.BACKUP,
        "status": JobStatus.COMPLETED,
        "created_at": at + late,
        "slot": slot,
        "started_at": at + late,
    }
    return JobGlance(**(values | changes))


def restore(**changes: Any) -> JobGlance:
    return backup(None, operation=JobOperation.RESTORE, **({"created_at": MIDNIGHT + HOUR} | changes))


def point(at: datetime, state: PointState = PointState.COMPLETED, **changes: Any) -> PointGlance:
    values = {"instance_name": "instance-1", "job_id": f"{at:%H%M}", "state": state, "created_at": at}
    return PointGlance(**(values | {"expires_at": None, "slot": at} | changes))


def test_points_count_as_held_whenever_they_were_taken_until_their_last_hold_has_ended() -> None:
    long_ago = MIDNIGHT - 999 * HOUR
    told = report(
        points=(
            point(long_ago, is_held=True),
            point(long_ago, held_until=NOW + HOUR),
            point(long_ago, held_until=NOW),
            point(MIDNIGHT),
        ),
        holds=(hold(name="of-the-disk", scope="instance"), hold(name="over", scope="instance", ends_at=NOW)),
    )
    assert (told.held, told.holds) == (2, ("of-the-disk",))


def report(
    *jobs: JobGlance, points: tuple[PointGlance, ...] = (), lost: set[str] | None = None, **changes: Any
) -> InstanceReport:
    """Of an instance that is backed up every four hours since long ago."""
    tally = Tally()
    for each in points:
        tally.add_point(each, PERIOD, NOW)
    for job in jobs:
        tally.add_job(job, PERIOD, is_lost=job.job_id in (lost or set()))
    values: dict[str, Any] = {
        "policy": policy(intervals=("R/2026-01-01T00:00:00+00:00/PT4H",)),
        "created_at": MIDNIGHT - 100 * HOUR,
        "newest_slot": MIDNIGHT + 28 * HOUR,
    }
    return report_of(VAULT, instance(**(values | changes)), tally, PERIOD, NOW)


def every_slot() -> list[JobGlance]:
    return [backup(MIDNIGHT + hours * HOUR) for hours in range(0, 24, 4)]


def test_a_day_on_which_all_went_well() -> None:
    found = report(*every_slot())
    assert (found.due, found.taken, found.late, found.missed, found.failed) == (6, 6, 0, 0, 0)
    assert found.longest_gap == 4 * HOUR
    assert (found.name, found.policy_name, found.objective) == ("instance-1", "policy-1", 5 * HOUR)


def test_the_period_takes_its_first_instant_and_not_its_last() -> None:
    edges = [backup(MIDNIGHT), backup(MIDNIGHT + 24 * HOUR), backup(MIDNIGHT - 4 * HOUR)]
    assert report(*edges).taken == 1


def test_a_backup_of_a_slot_in_the_period_counts_however_late_it_began() -> None:
    late = backup(MIDNIGHT + 20 * HOUR, late=5 * HOUR)
    found = report(late)
    assert (found.taken, found.late) == (1, 1)


@pytest.mark.parametrize(("late", "count"), [(5 * MINUTE, 0), (5 * MINUTE + timedelta(seconds=1), 1)])
def test_what_begins_more_than_five_minutes_after_its_slot_is_late(late: timedelta, count: int) -> None:
    assert report(backup(MIDNIGHT, late=late)).late == count


def test_a_slot_that_nobody_began_or_that_failed_was_missed() -> None:
    jobs = every_slot()
    jobs[2] = backup(MIDNIGHT + 8 * HOUR, status=JobStatus.FAILED)
    found = report(*jobs[:5])
    assert (found.due, found.taken, found.missed, found.failed) == (6, 4, 2, 1)
    assert found.longest_gap == 8 * HOUR


def test_a_slot_that_is_being_taken_is_not_missed() -> None:
    found = report(*every_slot()[:5], backup(MIDNIGHT + 20 * HOUR, status=JobStatus.IN_PROGRESS))
    assert (found.taken, found.missed) == (5, 0)


def test_backups_on_demand_answer_no_slot_but_make_gaps_shorter() -> None:
    found = report(backup(None, created_at=MIDNIGHT + 12 * HOUR))
    assert (found.taken, found.on_demand, found.missed) == (0, 1, 6)
    assert found.longest_gap <= 12 * HOUR + 10 * MINUTE


def test_restores_that_succeeded_are_restore_tests() -> None:
    statuses = (JobStatus.COMPLETED, JobStatus.COMPLETED_WITH_WARNINGS, JobStatus.FAILED, JobStatus.IN_PROGRESS)
    found = report(*(restore(status=status) for status in statuses), restore(created_at=MIDNIGHT - HOUR))
    assert found.restore_tests == 2
    assert found.on_demand == 0


def test_a_point_that_was_lost_closes_no_gap() -> None:
    jobs = every_slot()
    found = report(*jobs, points=(point(MIDNIGHT + 8 * HOUR, PointState.LOST),), lost={"0800"})
    assert (found.taken, found.lost) == (6, 1)
    assert found.longest_gap == 8 * HOUR


def test_a_point_without_a_job_closes_a_gap() -> None:
    jobs = every_slot()
    del jobs[2]
    assert report(*jobs, points=(point(MIDNIGHT + 8 * HOUR + MINUTE),)).longest_gap < 5 * HOUR


def test_without_any_point_the_gap_is_the_whole_period() -> None:
    found = report()
    assert (found.due, found.missed, found.longest_gap) == (6, 6, 24 * HOUR)


def test_what_was_before_the_instance_is_not_held_against_it() -> None:
    found = report(created_at=MIDNIGHT + 13 * HOUR)
    assert (found.due, found.longest_gap) == (2, 8 * HOUR)
    assert report(created_at=MIDNIGHT + 25 * HOUR).due == 0
    assert report(created_at=MIDNIGHT + 25 * HOUR).longest_gap == timedelta(0)


def test_what_is_still_to_come_is_not_held_against_it() -> None:
    tally = Tally()
    at_noon = MIDNIGHT + 12 * HOUR
    young = instance(policy=policy(intervals=("R/2026-01-01T00:00:00+00:00/PT4H",)), created_at=MIDNIGHT - HOUR)
    found = report_of(VAULT, young, tally, PERIOD, at_noon)
    assert (found.due, found.longest_gap) == (4, 12 * HOUR)


def test_an_instance_that_is_paused_now_is_asked_for_slots_up_to_the_last_that_was_begun() -> None:
    paused = {"state": ProtectionState.STOPPED, "newest_slot": MIDNIGHT + 8 * HOUR}
    found = report(*every_slot()[:3], **paused)
    assert (found.due, found.taken, found.missed) == (3, 3, 0)


def test_a_schedule_that_was_denser_before_makes_no_negative_number() -> None:
    found = report(*every_slot(), policy=policy(intervals=("R/2026-01-01T00:00:00+00:00/P1D",), retention="P7D"))
    assert (found.due, found.taken, found.missed) == (1, 6, 0)

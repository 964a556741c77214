"""How many backups on demand an instance may have, and whose room they may take."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from backup_core.domain.errors import OnDemandBackupsUsedUp, OperationUnderWay, SnapshotRoomReserved
from backup_core.domain.job import Job, JobOperation, JobStatus, job_id
from backup_core.domain.on_demand import recent, refusal, room_of
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.recovery_point import PointState
from tests.builders import instance, point, policy, policy_properties

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def asked_at(*instants):
    return tuple(job_id(at, JobOperation.BACKUP, "on-demand") for at in instants)


def job(status):
    return Job(job_id="j", operation=JobOperation.BACKUP, instance_name="disk-1", created_at=NOW, status=status)


def points(count, *, slot=None, state=PointState.COMPLETED):
    return [point(at=NOW - number * HOUR, slot=slot, state=state) for number in range(count)]


@pytest.mark.parametrize("status", [JobStatus.QUEUED, JobStatus.IN_PROGRESS])
def test_one_at_a_time(status):
    error = refusal(instance(), job(status), (), now=NOW, a_day=10)
    assert isinstance(error, OperationUnderWay)
    assert "job j" in error.message


@pytest.mark.parametrize("status", [JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED])
def test_one_that_has_ended_stands_in_nobodys_way(status):
    assert refusal(instance(), job(status), (), now=NOW, a_day=10) is None


def test_so_many_within_a_day_and_the_refusal_says_when_the_next_is_possible():
    busy = replace(instance(), on_demand=asked_at(*(NOW - hours * HOUR for hours in (23, 20, 1))))
    assert refusal(busy, None, (), now=NOW, a_day=4) is None
    error = refusal(busy, None, (), now=NOW, a_day=3)
    assert isinstance(error, OnDemandBackupsUsedUp)
    assert "3 backups on demand" in error.message
    assert "2026-03-02T13:00:00Z" in error.message
    assert refusal(busy, None, (), now=NOW + HOUR, a_day=3) is None


def test_none_a_day_is_none():
    assert isinstance(refusal(instance(), None, (), now=NOW, a_day=0), OnDemandBackupsUsedUp)


def test_what_is_older_than_a_day_is_forgotten():
    ids = asked_at(NOW - 30 * HOUR, NOW - 24 * HOUR, NOW - HOUR)
    assert recent(replace(instance(), on_demand=ids), NOW) == ids[2:]


def test_the_schedules_room_is_reserved_before_it_is_used():
    kept = policy(intervals=("R/2026-03-01T00:00:00+00:00/PT1H",), retention="P10D")
    reserved = room_of(kept, ()).reserved
    assert 240 <= reserved <= 242
    there = points(500 - reserved - 1)
    protected = replace(instance(), policy=kept)
    assert refusal(protected, None, there, now=NOW, a_day=10) is None
    error = refusal(protected, None, points(500 - reserved), now=NOW, a_day=10)
    assert isinstance(error, SnapshotRoomReserved)
    assert f"{500 - reserved} snapshots" in error.message
    assert f"{reserved} are reserved" in error.message


def test_scheduled_points_fill_what_is_reserved_for_them_and_more():
    kept = policy(intervals=("R/2026-03-01T00:00:00+00:00/PT1H",), retention="P10D")
    assert room_of(kept, points(10, slot=NOW)).left == room_of(kept, ()).left
    assert room_of(kept, points(300, slot=NOW)).left == 200


def test_a_policy_that_keeps_too_much_leaves_fifty():
    properties = policy_properties(intervals=("R/2026-03-01T00:00:00+00:00/PT1H",), retention="P60D")
    older = BackupPolicy.parse("of an older release", properties, check_limits=False)
    assert room_of(older, ()).left == 50


def test_lost_points_take_no_room():
    assert room_of(policy(), points(20, state=PointState.LOST)).on_demand == 0

"""Backups on demand: one at a time, so many a day, and never the room of the schedule."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest

from backup_core.domain.errors import OperationUnderWay, ResourceInUse, SnapshotRoomReserved
from backup_core.domain.instance import BackupInstance
from backup_core.domain.on_demand import room_of
from backup_core.ports import Insert, Replace, StateConflict
from tests.builders import VAULT, point
from tests.workflows.scenes import DAILY_AT_NOON, HOUR, SLOT, ask_for_backup, backed_up, go_to

SECOND = timedelta(seconds=1)


def test_a_second_backup_on_demand_is_refused_until_the_first_has_ended() -> None:
    platform = backed_up()
    first = ask_for_backup(platform)
    with pytest.raises(OperationUnderWay, match=first.job_id):
        ask_for_backup(platform)
    platform.run(seconds=30)
    assert ask_for_backup(platform).job_id != first.job_id
    platform.run(seconds=30)
    assert [point.slot for point in platform.points()].count(None) == 2


def test_of_eighty_backups_on_demand_ten_are_taken_and_the_next_day_ten_more() -> None:
    platform = backed_up(**DAILY_AT_NOON)
    for day in (1, 2):
        taken = 0
        for _ in range(40):
            with suppress(ResourceInUse):
                ask_for_backup(platform)
                taken += 1
            platform.run(seconds=20)
        assert taken == 10
        go_to(platform, SLOT + day * 25 * HOUR)


def test_backups_on_demand_never_take_the_room_of_the_schedule() -> None:
    platform = backed_up()
    reserved = room_of(platform.instance().policy, ()).reserved
    seeded = [point("disk-1", at=SLOT - HOUR - number * SECOND, slot=None) for number in range(500 - reserved)]
    for each in seeded:
        platform.world.store.commit(VAULT, [Insert(each)])
    with pytest.raises(SnapshotRoomReserved, match=f"{reserved} are reserved"):
        ask_for_backup(platform)
    assert not platform.instance().on_demand


def test_a_request_that_meets_a_step_of_the_instance_is_decided_anew() -> None:
    platform = backed_up()
    platform.world.faults.fail("store.commit", StateConflict(), times=2)
    ask_for_backup(platform)
    platform.run(seconds=30)
    assert [each.slot for each in platform.points()].count(None) == 1


def test_who_asks_at_once_with_another_gets_one_backup_between_them() -> None:
    """The instance's ETag is the claim: the second one reads the first one's job."""
    platform = backed_up()
    stale = platform.stored(BackupInstance, "disk-1")
    ask_for_backup(platform)
    with pytest.raises(StateConflict):
        platform.world.store.commit(VAULT, [Replace(stale, stale.value)])

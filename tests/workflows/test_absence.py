"""That something is not there: one answer is no proof, whatever its code. What follows for good waits for a second
look, later and another way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backup_core.domain.instance import ProtectionState
from backup_core.domain.job import JobStatus
from backup_core.domain.policy import BackupPolicy
from backup_core.workflows.lifecycle import delete_instance
from backup_core.workflows.protection import sync_instance
from backup_core.workflows.reconcile import reconcile
from tests.builders import SNAPSHOT_GROUP, VAULT, disk_id
from tests.workflows.platform import Platform

CODES = ("ResourceNotFound", "ResourceGroupNotFound", "SubscriptionNotFound", "NotFound", "")


def protected() -> Platform:
    platform = Platform()
    platform.protect("disk-1")
    return platform


def go_to_slot(platform: Platform) -> None:
    """To two seconds before the next slot."""
    policy: BackupPolicy = platform.instance().policy
    slot = policy.schedule.next_slot(platform.world.clock.now())
    platform.world.clock.set(slot - timedelta(seconds=2))


def deny(platform: Platform, scope: str, code: str) -> None:
    platform.world.cloud.denied[scope.lower()] = code


def deny_snapshots(platform: Platform, code: str) -> None:
    """All looks at them fail; where the group is said to be missing, ARM itself knows better."""
    scope = SNAPSHOT_GROUP.text
    deny(platform, f"{scope}/providers" if code == "ResourceGroupNotFound" else scope, code)


@pytest.mark.parametrize("code", CODES)
def test_a_disk_that_azure_denies_for_some_minutes_keeps_its_slot(code: str) -> None:
    platform = protected()
    go_to_slot(platform)
    deny(platform, disk_id("disk-1"), code)
    platform.run(minutes=4)
    assert platform.points() == []
    platform.world.cloud.denied.clear()
    platform.run(minutes=4)
    assert len(platform.points()) == 1
    assert platform.instance().state is ProtectionState.CONFIGURED
    assert platform.instance().alerts == ()


def test_a_disk_that_is_listed_and_not_found_by_its_name_is_not_called_gone() -> None:
    platform = protected()
    go_to_slot(platform)
    deny(platform, disk_id("disk-1"), "ResourceNotFound")
    platform.run(minutes=45)
    (job,) = (job for job in platform.jobs() if job.slot)
    assert job.error is not None
    assert (job.status, job.error.code) == (JobStatus.FAILED, "CloudInternalError")
    assert [alert.cause for alert in platform.instance().alerts] == ["BackupFailed.CloudInternalError"]


def test_a_disk_that_is_gone_fails_its_slot_and_the_next_ones_at_once() -> None:
    platform = protected()
    platform.world.cloud.remove_disk(disk_id("disk-1"))
    for seconds in (400, 30):
        go_to_slot(platform)
        platform.run(seconds=seconds)
        assert all(job.is_ended for job in platform.jobs())
    assert [alert.cause for alert in platform.instance().alerts] == ["SourceDiskDeleted"]


@pytest.mark.parametrize("code", CODES)
def test_a_change_of_policy_survives_a_disk_that_azure_denies_for_a_while(code: str) -> None:
    platform = protected()
    deny(platform, disk_id("disk-1"), code)
    platform.ask(lambda: sync_instance(platform.world.ports, VAULT, "disk-1"))
    platform.run(minutes=4)
    platform.world.cloud.denied.clear()
    platform.run(minutes=4)
    assert platform.instance().state is ProtectionState.CONFIGURED


@pytest.mark.parametrize("code", CODES)
def test_no_point_is_forgotten_and_none_called_lost_whose_snapshot_azure_denies(code: str) -> None:
    platform = Platform()
    platform.protect("disk-1", retention="P1D")
    for _ in range(8):
        go_to_slot(platform)
        platform.run(seconds=10)
    deny_snapshots(platform, code)
    platform.run(minutes=45)
    reconcile(platform.world.ports)
    assert {point.snapshot_id for point in platform.points()} >= set(platform.world.cloud.snapshot_ids())
    assert "DiskBackup.RecoveryPoint.Lost" not in platform.world.events.types()
    platform.world.cloud.denied.clear()
    platform.run(hours=1)
    assert {point.snapshot_id for point in platform.points()} == set(platform.world.cloud.snapshot_ids())


@pytest.mark.parametrize("code", CODES)
def test_an_instance_is_not_deleted_while_azure_denies_its_snapshots(code: str) -> None:
    platform = Platform()
    platform.protect("disk-1")
    go_to_slot(platform)
    platform.run(seconds=10)
    deny_snapshots(platform, code)
    delete_instance(platform.world.ports, VAULT, "disk-1")
    platform.run(minutes=45)
    assert platform.has_instance("disk-1")
    platform.world.cloud.denied.clear()
    platform.run(hours=1)
    assert not platform.has_instance("disk-1")
    assert platform.world.cloud.snapshot_ids() == []

"""That something is not there: one answer is no proof, whatever its code. What follows for good waits for a second
look, later and another way."""

from __future__ import annotations

import pytest

from backup_core.domain.instance import ProtectionState
from backup_core.domain.job import JobStatus
from backup_core.domain.resource_event import DELETED, ResourceHint
from backup_core.domain.resource_ids import DISK
from backup_core.workflows.lifecycle import delete_instance, stop_protection
from backup_core.workflows.protection import sync_instance
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.resource_events import notice
from tests.builders import DISK_GROUP, SNAPSHOT_GROUP, SUBSCRIPTION, VAULT, disk_id, disk_json
from tests.workflows.platform import Platform
from tests.workflows.scenes import HOUR, HOURLY, SLOT, backed_up, go_to, protected

CODES = ("ResourceNotFound", "ResourceGroupNotFound", "SubscriptionNotFound", "NotFound", "")


def deny(platform: Platform, scope: str, code: str) -> None:
    platform.world.cloud.denied[scope.lower()] = code


def gone_by_event(platform: Platform) -> None:
    """Told that the disk is gone, and time enough to believe it."""
    notice(platform.world.ports, ResourceHint(change=DELETED, type=DISK, resource_id=disk_id("disk-1")), platform.homes)
    platform.run(minutes=8)


@pytest.mark.parametrize("code", CODES)
def test_an_event_and_one_404_stop_no_protection(code: str) -> None:
    platform = backed_up()
    deny(platform, disk_id("disk-1"), code)
    notice(platform.world.ports, ResourceHint(change=DELETED, type=DISK, resource_id=disk_id("disk-1")), platform.homes)
    platform.run(minutes=4)
    platform.world.cloud.denied.clear()
    platform.run(minutes=10)
    assert platform.instance().state is ProtectionState.CONFIGURED


@pytest.mark.parametrize("scope", [disk_id("disk-1"), DISK_GROUP.text, f"/subscriptions/{SUBSCRIPTION}"])
@pytest.mark.parametrize("code", ["SubscriptionNotFound", ""])
def test_no_length_of_silence_about_a_subscription_stops_protection(code: str, scope: str) -> None:
    platform = backed_up()
    deny(platform, scope, code)
    gone_by_event(platform)
    platform.run(hours=1)
    assert platform.instance().state is ProtectionState.CONFIGURED


def stopped_by_mistake() -> Platform:
    """Azure denied the disk in every way for ten minutes."""
    platform = backed_up()
    deny(platform, DISK_GROUP.text, "ResourceGroupNotFound")
    deny(platform, f"/subscriptions/{SUBSCRIPTION}", "ResourceGroupNotFound")
    gone_by_event(platform)
    assert platform.instance().state is ProtectionState.STOPPED
    platform.world.cloud.denied.clear()
    return platform


def test_what_was_stopped_by_mistake_resumes_when_the_disk_is_seen_again() -> None:
    platform = stopped_by_mistake()
    reconcile(platform.world.ports)
    platform.run(minutes=1)
    assert platform.instance().state is ProtectionState.CONFIGURED
    assert platform.instance().alerts == ()


def test_another_disk_under_the_name_or_a_hand_that_stopped_it_keeps_it_stopped() -> None:
    platform = stopped_by_mistake()
    platform.world.cloud.add_disk(disk_json(uniqueId="aaaaaaaa-0000-4000-8000-000000000002"))
    reconcile(platform.world.ports)
    assert platform.instance().state is ProtectionState.STOPPED
    platform.world.cloud.add_disk(disk_json())
    stop_protection(platform.world.ports, VAULT, "disk-1")
    reconcile(platform.world.ports)
    assert platform.instance().state is ProtectionState.STOPPED


def deny_snapshots(platform: Platform, code: str) -> None:
    """All looks at them fail; where the group is said to be missing, ARM itself knows better."""
    scope = SNAPSHOT_GROUP.text
    deny(platform, f"{scope}/providers" if code == "ResourceGroupNotFound" else scope, code)


@pytest.mark.parametrize("code", CODES)
def test_a_disk_that_azure_denies_for_some_minutes_keeps_its_slot(code: str) -> None:
    platform = protected()
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
    deny(platform, disk_id("disk-1"), "ResourceNotFound")
    platform.run(minutes=45)
    (job,) = (job for job in platform.jobs() if job.slot)
    assert (job.status, job.error.code) == (JobStatus.FAILED, "CloudInternalError")
    assert [alert.cause for alert in platform.instance().alerts] == ["BackupFailed.CloudInternalError"]


def test_a_disk_that_is_gone_fails_its_slot_and_the_next_ones_at_once() -> None:
    platform = protected()
    platform.world.cloud.remove_disk(disk_id("disk-1"))
    for slot, seconds in ((SLOT, 400), (SLOT + HOUR, 30)):
        go_to(platform, slot, seconds=seconds)
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
    platform = protected(intervals=HOURLY["intervals"], retention="PT6H")
    for hours in range(8):
        go_to(platform, SLOT + hours * HOUR, seconds=10)
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
    platform = backed_up()
    deny_snapshots(platform, code)
    delete_instance(platform.world.ports, VAULT, "disk-1")
    platform.run(minutes=45)
    assert platform.has_instance("disk-1")
    platform.world.cloud.denied.clear()
    platform.run(hours=1)
    assert not platform.has_instance("disk-1")
    assert platform.world.cloud.snapshot_ids() == []

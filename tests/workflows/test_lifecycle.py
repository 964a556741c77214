"""The ways out of protection and back: what stops, what stays, what can be had back, and what goes for good."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backup_core.domain.agenda import AgendaKind
from backup_core.domain.alert import Alert, AlertState
from backup_core.domain.errors import InvalidInput, NotFound, ResourceInUse
from backup_core.domain.instance import ProtectionState
from backup_core.domain.job import JobOperation, JobStatus
from backup_core.ports import every
from backup_core.workflows.catalogue import find_protection, get_deleted_instance, get_instance, list_instances
from backup_core.workflows.lifecycle import delete_instance, stop_protection, suspend_backups, undelete_instance
from backup_core.workflows.protection import configure_instance, resume_protection, sync_instance
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.vaults import delete_policy, delete_vault, put_policy, put_vault
from tests.builders import VAULT, disk_id, disk_json, policy, vault, vault_properties
from tests.workflows.platform import Platform, request
from tests.workflows.scenes import (
    DAILY_AT_NOON,
    HOUR,
    HOURLY,
    SLOT,
    ask_for_backup,
    backed_up,
    change_instance,
    change_point,
    go_to,
    jobs,
    protected,
)

NAME = "disk-1"
WEEK = timedelta(days=8)


def settings(platform: Platform, **chosen: Any) -> None:
    put_vault(platform.world.ports, vault(properties=vault_properties(**chosen)))


def state(platform: Platform) -> ProtectionState:
    return platform.instance(NAME).state


def soft_deleted(**more: Any) -> Platform:
    platform = backed_up(**more)
    settings(platform, soft_delete="On", days=14)
    assert delete_instance(platform.world.ports, VAULT, NAME) is not None
    return platform


# Stop, suspend, resume.


@pytest.mark.parametrize("pause", [stop_protection, suspend_backups])
def test_a_paused_disk_is_not_backed_up_on_time_nor_on_demand(pause: Any) -> None:
    platform = backed_up()
    pause(platform.world.ports, VAULT, NAME)
    go_to(platform, SLOT + HOUR)
    assert len(platform.points()) == 1
    with pytest.raises(ResourceInUse):
        ask_for_backup(platform)
    assert reconcile(platform.world.ports).agenda_rows == []


def test_suspended_backups_let_points_expire_and_keep_the_newest() -> None:
    platform = backed_up()
    go_to(platform, SLOT + HOUR)
    suspend_backups(platform.world.ports, VAULT, NAME)
    go_to(platform, SLOT + WEEK, minutes=5)
    assert [point.slot for point in platform.points()] == [SLOT + HOUR]


def test_resumed_protection_takes_the_next_slot_and_expires_what_was_due_meanwhile() -> None:
    platform = backed_up()
    go_to(platform, SLOT + HOUR)
    stop_protection(platform.world.ports, VAULT, NAME)
    go_to(platform, SLOT + WEEK, minutes=5)
    assert len(platform.points()) == 2
    job = resume_protection(platform.world.ports, VAULT, NAME, correlation_id="c-1")
    assert job.correlation_id == "c-1"
    platform.run(minutes=3)
    assert state(platform) is ProtectionState.CONFIGURED
    assert [point.slot for point in platform.points()] == [SLOT + HOUR]
    go_to(platform, SLOT + WEEK + HOUR)
    assert platform.points()[0].slot == SLOT + WEEK + HOUR


def test_resuming_follows_the_policy_as_it_stands_by_then() -> None:
    platform = backed_up()
    stop_protection(platform.world.ports, VAULT, NAME)
    put_policy(platform.world.ports, VAULT, policy(f"policy-{NAME}", **DAILY_AT_NOON))
    resume_protection(platform.world.ports, VAULT, NAME)
    platform.run(seconds=5)
    assert platform.instance(NAME).policy.schedule.next_slot(SLOT) == SLOT + timedelta(days=1)


def test_a_backup_under_way_ends_and_counts_when_protection_stops() -> None:
    platform = protected()
    platform.run(seconds=4)
    assert platform.instance(NAME).active is not None
    stop_protection(platform.world.ports, VAULT, NAME)
    platform.run(seconds=30)
    assert len(platform.points()) == 1
    assert state(platform) is ProtectionState.STOPPED


def test_a_configuration_under_way_is_cancelled_by_a_stop() -> None:
    platform = Platform()
    platform.world.cloud.add_disk(disk_json(NAME))
    put_policy(platform.world.ports, VAULT, policy(f"policy-{NAME}", **HOURLY))
    configure_instance(platform.world.ports, VAULT, request(NAME))
    stop_protection(platform.world.ports, VAULT, NAME)
    platform.run(seconds=5)
    assert state(platform) is ProtectionState.STOPPED
    assert [each.status for each in jobs(platform, JobOperation.CONFIGURE)] == [JobStatus.CANCELLED]


def test_pausing_and_resuming_twice_change_nothing_more() -> None:
    platform = backed_up()
    first = stop_protection(platform.world.ports, VAULT, NAME)
    assert stop_protection(platform.world.ports, VAULT, NAME) == first
    resume_protection(platform.world.ports, VAULT, NAME)
    platform.run(seconds=5)
    assert resume_protection(platform.world.ports, VAULT, NAME) is None


def test_stopped_protection_is_not_weakened_to_suspended() -> None:
    platform = backed_up()
    stop_protection(platform.world.ports, VAULT, NAME)
    with pytest.raises(ResourceInUse, match="resume"):
        suspend_backups(platform.world.ports, VAULT, NAME)
    assert state(platform) is ProtectionState.STOPPED


@pytest.mark.parametrize("ask", [stop_protection, suspend_backups, resume_protection, sync_instance])
def test_what_is_absent_or_being_deleted_can_be_neither_paused_nor_resumed(ask: Any) -> None:
    platform = backed_up()
    with pytest.raises(NotFound):
        ask(platform.world.ports, VAULT, "disk-9")
    change_instance(platform, state=ProtectionState.DELETING)
    with pytest.raises(ResourceInUse):
        ask(platform.world.ports, VAULT, NAME)


def test_a_sync_mends_an_instance_whose_configuration_failed() -> None:
    platform = backed_up()
    change_instance(platform, state=ProtectionState.ERROR)
    assert sync_instance(platform.world.ports, VAULT, NAME) is not None
    platform.run(seconds=5)
    assert state(platform) is ProtectionState.CONFIGURED


def test_a_sync_of_paused_protection_has_nothing_to_look_after() -> None:
    platform = backed_up()
    stop_protection(platform.world.ports, VAULT, NAME)
    assert sync_instance(platform.world.ports, VAULT, NAME) is None
    assert state(platform) is ProtectionState.STOPPED


# Soft delete.


def test_a_soft_deleted_instance_leaves_the_list_and_keeps_every_point() -> None:
    platform = soft_deleted()
    ports = platform.world.ports
    with pytest.raises(NotFound):
        get_instance(ports, VAULT, NAME)
    assert list_instances(ports, VAULT).items == ()
    assert [stored.value.name for stored in list_instances(ports, VAULT, deleted=True).items] == [NAME]
    gone = get_deleted_instance(ports, VAULT, NAME)
    assert timedelta(days=14) - timedelta(seconds=1) <= gone.purge_at - gone.deleted_at <= timedelta(days=14)
    go_to(platform, SLOT + timedelta(days=13), minutes=5)
    assert len(platform.points()) == 1
    assert platform.world.cloud.removed == []


def test_deleting_what_is_soft_deleted_finds_nothing() -> None:
    platform = soft_deleted()
    assert delete_instance(platform.world.ports, VAULT, NAME) is None


def test_a_deleted_instance_leaves_no_alert_behind_not_even_of_a_backup_that_failed_meanwhile() -> None:
    platform = backed_up()
    settings(platform, soft_delete="Off")
    platform.world.cloud.fail_late("InvalidParameter")
    go_to(platform, SLOT + HOUR, seconds=1)
    assert platform.instance().active
    delete_instance(platform.world.ports, VAULT, NAME)
    platform.run(minutes=5)
    assert not platform.has_instance(NAME)
    alerts = [stored.value for stored in every(platform.world.ports, Alert, VAULT)]
    assert [alert.state for alert in alerts] == [AlertState.RESOLVED]


def test_an_undeleted_instance_is_back_with_its_protection_stopped_and_can_be_resumed() -> None:
    platform = soft_deleted()
    back = undelete_instance(platform.world.ports, VAULT, NAME)
    assert back.state is ProtectionState.STOPPED
    platform.run(minutes=3)
    assert len(platform.points()) == 1
    resume_protection(platform.world.ports, VAULT, NAME)
    platform.run(seconds=5)
    go_to(platform, SLOT + HOUR)
    assert [point.slot for point in platform.points()] == [SLOT + HOUR, SLOT]


def test_an_undeleted_instance_is_not_purged_when_its_old_purge_is_due() -> None:
    platform = soft_deleted()
    undelete_instance(platform.world.ports, VAULT, NAME)
    go_to(platform, SLOT + timedelta(days=20), minutes=5)
    assert state(platform) is ProtectionState.STOPPED
    assert len(platform.points()) == 1


def test_only_what_is_soft_deleted_can_be_undeleted() -> None:
    platform = backed_up()
    for name in (NAME, "disk-9"):
        with pytest.raises(NotFound) as caught:
            undelete_instance(platform.world.ports, VAULT, name)
        assert caught.value.code == "UserErrorGenericResourceNotFound"


def test_a_soft_deleted_instance_is_purged_when_due_with_its_points() -> None:
    platform = soft_deleted()
    go_to(platform, SLOT + timedelta(days=14, minutes=5), minutes=6)
    assert not platform.has_instance(NAME)
    assert len(platform.world.cloud.removed) == 1
    assert [job.status for job in jobs(platform, JobOperation.DELETE)] == [JobStatus.COMPLETED] * 2


def test_a_lost_agenda_does_not_keep_a_soft_deleted_instance_from_its_purge() -> None:
    platform = soft_deleted()
    platform.world.store.unschedule(platform.agenda(AgendaKind.EXPIRY))
    reconcile(platform.world.ports)
    go_to(platform, SLOT + timedelta(days=14, minutes=5), minutes=6)
    assert not platform.has_instance(NAME)


def test_a_name_that_is_soft_deleted_is_not_taken_by_another_request() -> None:
    platform = soft_deleted()
    with pytest.raises(ResourceInUse, match="undelete"):
        configure_instance(platform.world.ports, VAULT, request(NAME))


def test_a_soft_deleted_instance_keeps_its_policy_and_its_vault() -> None:
    platform = soft_deleted()
    with pytest.raises(ResourceInUse):
        delete_policy(platform.world.ports, VAULT, f"policy-{NAME}")
    with pytest.raises(ResourceInUse, match="Soft-deleted"):
        delete_vault(platform.world.ports, VAULT)


def test_a_disk_is_protected_anew_while_its_old_instance_is_soft_deleted_and_then_that_one_cannot_resume() -> None:
    platform = soft_deleted()
    again = replace(request(NAME), name="second")
    configure_instance(platform.world.ports, VAULT, again)
    platform.run(seconds=5)
    found = find_protection(platform.world.ports, disk_id(NAME))
    assert found.instance.name == "second"
    undelete_instance(platform.world.ports, VAULT, NAME)
    with pytest.raises(InvalidInput) as caught:
        resume_protection(platform.world.ports, VAULT, NAME)
    assert caught.value.code == "UserErrorDppDatasourceAlreadyHasBackupInstance"
    assert state(platform) is ProtectionState.STOPPED


# Immutability.


@pytest.mark.parametrize("word", ["Unlocked", "Locked"])
@pytest.mark.parametrize("soft_delete", ["On", "Off"])
def test_an_immutable_vault_lets_no_instance_go_whose_points_were_promised_to_stay(word: str, soft_delete: str) -> None:
    platform = backed_up()
    settings(platform, soft_delete=soft_delete, immutability=word)
    with pytest.raises(InvalidInput, match="immutable"):
        delete_instance(platform.world.ports, VAULT, NAME)
    assert state(platform) is ProtectionState.CONFIGURED


def test_an_immutable_vault_lets_an_instance_go_whose_points_have_expired() -> None:
    platform = backed_up()
    settings(platform, soft_delete="Off", immutability="Locked")
    suspend_backups(platform.world.ports, VAULT, NAME)
    go_to(platform, SLOT + WEEK, minutes=1)
    assert len(platform.points()) == 1, "the newest stays while it is protected"
    delete_instance(platform.world.ports, VAULT, NAME)
    platform.run(minutes=3)
    assert not platform.has_instance(NAME)


def test_a_vault_that_becomes_immutable_during_a_deletion_keeps_points_until_they_expire() -> None:
    platform = backed_up()
    settings(platform, soft_delete="Off")
    delete_instance(platform.world.ports, VAULT, NAME)
    settings(platform, soft_delete="Off", immutability="Locked")
    platform.run(minutes=10)
    assert len(platform.points()) == 1
    go_to(platform, SLOT + WEEK, minutes=35)
    assert not platform.has_instance(NAME)


def test_a_vault_that_became_immutable_purges_only_what_has_expired() -> None:
    platform = soft_deleted()
    for point in platform.points():
        change_point(platform, point.point_id, expires_at=SLOT + timedelta(days=30))
    settings(platform, immutability="Locked")
    go_to(platform, SLOT + timedelta(days=15), minutes=5)
    assert len(platform.points()) == 1
    go_to(platform, SLOT + timedelta(days=31), minutes=35)
    assert not platform.has_instance(NAME)


def test_a_policy_that_keeps_less_does_not_shorten_what_a_point_was_promised() -> None:
    platform = backed_up()
    (before,) = platform.points()
    put_policy(platform.world.ports, VAULT, policy(f"policy-{NAME}", intervals=HOURLY["intervals"], retention="P1D"))
    platform.run(seconds=5)
    go_to(platform, SLOT + timedelta(days=6), minutes=5)
    kept = [point for point in platform.points() if point.point_id == before.point_id]
    assert [point.expires_at for point in kept] == [before.expires_at]

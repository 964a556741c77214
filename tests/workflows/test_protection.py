"""Configuring vaults, policies and instances: what is accepted, what is refused, and what a change reaches."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backup_core.domain.agenda import AgendaKind
from backup_core.domain.errors import (
    BackupError,
    CloudUnavailable,
    InvalidInput,
    NotFound,
    PermissionMissing,
    ResourceInUse,
    Throttled,
)
from backup_core.domain.instance import BackupInstance, ProtectionState
from backup_core.domain.job import JobOperation, JobStatus
from backup_core.domain.messages import ConfigureProtection
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.vault import Vault
from backup_core.workflows.lifecycle import delete_instance
from backup_core.workflows.protection import configure_instance, configure_protection, reconfigure
from backup_core.workflows.vaults import delete_policy, delete_vault, put_policy, put_vault
from tests.builders import SUBSCRIPTION, TARGET_GROUP, VAULT, disk_id, disk_json, policy, vault
from tests.workflows.platform import Platform, request
from tests.workflows.scenes import (
    DAILY_AT_NOON,
    HOUR,
    HOURLY,
    SLOT,
    backed_up,
    change_instance,
    events,
    go_to,
    jobs,
    protected,
    refuse,
    sent,
)

NEW_VAULT = VaultKey(subscription=SUBSCRIPTION, group="backup-rg", name="vault-2")
TWICE_A_DAY = {"intervals": ("R/2026-03-01T00:00:00+00:00/PT12H",), "retention": "P7D"}


def configure(platform: Platform, **changes: Any) -> None:
    configure_instance(platform.world.ports, VAULT, request("disk-1", **changes))
    platform.run(seconds=2)


def unprotected(**policy_properties: Any) -> Platform:
    """A vault with the policy `policy-disk-1`, a disk, and no instance."""
    platform = Platform()
    platform.world.cloud.add_disk(disk_json("disk-1"))
    put_policy(platform.world.ports, VAULT, policy("policy-disk-1", **(policy_properties or HOURLY)))
    return platform


# --- Vaults ---


def test_a_vault_that_is_new_says_so_and_one_that_is_not_keeps_its_birth() -> None:
    platform = Platform()
    born = SLOT - timedelta(days=3)
    made = put_vault(platform.world.ports, vault(NEW_VAULT, created_at=born))
    assert (made.after.created_at, made.is_new) == (born, True)
    again = put_vault(platform.world.ports, vault(NEW_VAULT, created_at=SLOT, tags={"a": "b"}))
    assert (again.after.created_at, again.after.tags, again.is_new) == (born, {"a": "b"}, False)


def test_a_vault_cannot_be_moved() -> None:
    platform = Platform()
    with pytest.raises(InvalidInput, match="cannot be moved"):
        put_vault(platform.world.ports, vault(location="northeurope"))
    assert platform.stored(Vault).value.location == "westeurope"


def test_a_vault_with_instances_cannot_be_deleted() -> None:
    platform = protected()
    with pytest.raises(ResourceInUse):
        delete_vault(platform.world.ports, VAULT)
    assert platform.world.store.get(Vault, VAULT) is not None


def test_a_vault_whose_instance_row_cannot_be_read_is_not_empty() -> None:
    platform = protected()
    platform.world.store.corrupt_record(BackupInstance, VAULT, "disk-1")
    with pytest.raises(ResourceInUse):
        delete_vault(platform.world.ports, VAULT)


def test_an_empty_vault_goes_with_its_policies_and_a_second_time_there_is_none() -> None:
    platform = unprotected()
    assert delete_vault(platform.world.ports, VAULT) is True
    assert platform.world.store.get(BackupPolicy, VAULT, "policy-disk-1") is None
    assert delete_vault(platform.world.ports, VAULT) is False


# --- Policies ---


def test_a_policy_needs_its_vault() -> None:
    platform = Platform()
    with pytest.raises(NotFound, match="vault-2"):
        put_policy(platform.world.ports, NEW_VAULT, policy("policy-1"))
    assert platform.world.store.get(BackupPolicy, NEW_VAULT, "policy-1") is None


def test_the_same_policy_again_changes_nothing() -> None:
    platform = protected()
    commits, sends = platform.world.faults.count("store.commit"), len(platform.world.queue.sent)
    put_policy(platform.world.ports, VAULT, policy("policy-disk-1", **HOURLY))
    assert platform.world.faults.count("store.commit") == commits
    assert len(platform.world.queue.sent) == sends
    assert platform.instance().revision == 1


def test_a_changed_policy_reaches_its_instances_and_no_others() -> None:
    platform = protected("disk-1", "disk-2")
    put_policy(platform.world.ports, VAULT, policy("policy-disk-1", **TWICE_A_DAY))
    assert platform.instance("disk-1").state is ProtectionState.UPDATING
    platform.run(seconds=2)
    assert platform.instance("disk-1").state is ProtectionState.CONFIGURED
    assert platform.instance("disk-1").policy.schedule.texts == TWICE_A_DAY["intervals"]
    assert (platform.instance("disk-1").revision, platform.instance("disk-2").revision) == (2, 1)
    platform.run(seconds=30)
    go_to(platform, SLOT + HOUR, minutes=1)
    assert (len(platform.points("disk-1")), len(platform.points("disk-2"))) == (1, 2)


def test_a_changed_policy_never_shortens_the_points_that_exist() -> None:
    platform = backed_up()
    (point,) = platform.points()
    put_policy(platform.world.ports, VAULT, policy("policy-disk-1", intervals=HOURLY["intervals"], retention="P1D"))
    platform.run(seconds=2)
    go_to(platform, SLOT + HOUR)
    newer, older = platform.points()
    assert older.expires_at == point.expires_at == point.created_at + timedelta(days=7)
    assert newer.expires_at == newer.created_at + timedelta(days=1)


def test_a_changed_policy_of_a_stopped_instance_starts_nothing() -> None:
    platform = protected()
    change_instance(platform, state=ProtectionState.STOPPED)
    put_policy(platform.world.ports, VAULT, policy("policy-disk-1", **TWICE_A_DAY))
    platform.run(minutes=1)
    instance = platform.instance()
    assert (instance.state, instance.policy.schedule.texts) == (ProtectionState.STOPPED, TWICE_A_DAY["intervals"])
    assert platform.world.cloud.taken == []


def test_a_policy_in_use_cannot_be_deleted_and_its_users_are_named() -> None:
    platform = protected()
    with pytest.raises(ResourceInUse, match="disk-1"):
        delete_policy(platform.world.ports, VAULT, "POLICY-disk-1")
    assert platform.world.store.get(BackupPolicy, VAULT, "policy-disk-1") is not None


def test_a_policy_nobody_uses_goes_and_a_second_time_there_is_none() -> None:
    platform = unprotected()
    assert delete_policy(platform.world.ports, VAULT, "policy-disk-1") is True
    assert delete_policy(platform.world.ports, VAULT, "policy-disk-1") is False


def test_a_policy_too_frequent_for_the_kind_of_disk_that_uses_it_is_refused_and_not_stored() -> None:
    platform = protected(disk=disk_json("disk-1", sku="PremiumV2_LRS"), **DAILY_AT_NOON)
    with pytest.raises(InvalidInput, match="disk-1"):
        put_policy(platform.world.ports, VAULT, policy("policy-disk-1", **HOURLY))
    assert platform.stored(BackupPolicy, "policy-disk-1").value.schedule.texts == DAILY_AT_NOON["intervals"]


# --- Instances: accepted ---


def test_a_new_instance_is_looked_at_put_on_the_agenda_and_told_of() -> None:
    platform = unprotected()
    instance, job, new = configure_instance(platform.world.ports, VAULT, request("disk-1"))
    assert (instance.state, job.status, new) == (ProtectionState.CONFIGURING, JobStatus.QUEUED, True)
    assert platform.agenda(AgendaKind.BACKUP) == []
    platform.run(seconds=2)
    instance = platform.instance()
    assert (instance.state, instance.disk_sku, instance.error) == (ProtectionState.CONFIGURED, "Premium_LRS", None)
    (row,) = platform.agenda(AgendaKind.BACKUP)
    assert row.due_at == instance.policy.schedule.next_slot(platform.world.clock.now() - timedelta(seconds=1))
    assert jobs(platform, JobOperation.CONFIGURE)[0].status is JobStatus.COMPLETED
    assert len(events(platform, "Protection.Configured")) == 1
    assert platform.agenda(AgendaKind.WATCH) == []


def test_the_first_expiry_is_on_the_agenda_from_the_start_so_that_no_backup_need_write_it() -> None:
    platform = Platform()
    platform.protect(**HOURLY)
    (backup,), (expiry,) = platform.agenda(AgendaKind.BACKUP), platform.agenda(AgendaKind.EXPIRY)
    assert expiry.due_at == backup.due_at + timedelta(days=7)
    platform.world.clock.set(backup.due_at - timedelta(seconds=2))
    platform.run(seconds=30)
    assert len(platform.points()) == 1
    assert [row.due_at for row in platform.agenda(AgendaKind.EXPIRY)] == [expiry.due_at]


def test_the_same_instance_again_is_one_instance_with_its_history() -> None:
    platform = backed_up()
    before = platform.instance()
    configure(platform)
    after = platform.instance()
    assert (after.generation, after.created_at) == (before.generation, before.created_at)
    assert (after.newest_point, after.newest_slot) == (before.newest_point, before.newest_slot)
    assert after.state is ProtectionState.CONFIGURED
    assert len(platform.agenda(AgendaKind.BACKUP)) == 1
    go_to(platform, SLOT + HOUR)
    assert len(platform.points()) == 2


def test_a_second_request_takes_the_place_of_one_that_was_not_yet_looked_at() -> None:
    platform = unprotected()
    put_policy(platform.world.ports, VAULT, policy("other", **TWICE_A_DAY))
    configure_instance(platform.world.ports, VAULT, request("disk-1"))
    configure_instance(platform.world.ports, VAULT, request("disk-1", policy_name="other"))
    platform.run(seconds=3)
    assert platform.instance().policy.name == "other"
    assert sorted(job.status.value for job in jobs(platform, JobOperation.CONFIGURE)) == ["Cancelled", "Completed"]


def test_a_running_backup_survives_a_new_configuration() -> None:
    platform = protected()
    platform.world.cloud.snapshot_time = timedelta(seconds=20)
    platform.run(seconds=5)
    configure(platform)
    platform.run(minutes=2)
    assert len(platform.points()) == 1


# --- Instances: refused ---


def test_an_instance_needs_its_vault() -> None:
    platform = unprotected()
    with pytest.raises(NotFound):
        configure_instance(platform.world.ports, NEW_VAULT, request("disk-1"))


def test_an_instance_needs_its_policy_and_nothing_is_stored_without() -> None:
    platform = unprotected()
    with pytest.raises(InvalidInput, match="nowhere") as refused:
        configure_instance(platform.world.ports, VAULT, request("disk-1", policy_name="nowhere"))
    assert refused.value.faults[0].target == "properties.policyInfo.policyId"
    assert not platform.has_instance("disk-1")
    assert (platform.jobs(), sent(platform, ConfigureProtection), platform.agenda(AgendaKind.WATCH)) == ([], [], [])


def test_an_instance_changes_neither_its_disk_nor_its_snapshot_group_and_both_faults_are_named() -> None:
    platform = protected()
    before = platform.instance()
    wish = request("disk-1", disk_id=disk_id("disk-2"), snapshot_group_id=TARGET_GROUP.text)
    with pytest.raises(InvalidInput) as refused:
        configure_instance(platform.world.ports, VAULT, wish)
    assert len(refused.value.faults) == 2
    assert platform.instance() == before


def test_the_case_of_ids_is_no_change() -> None:
    platform = protected()
    wish = request("disk-1", disk_id=disk_id("disk-1").upper())
    configure_instance(platform.world.ports, VAULT, wish)
    platform.run(seconds=2)
    assert platform.instance().state is ProtectionState.CONFIGURED


def test_an_instance_that_is_being_deleted_is_not_configured() -> None:
    platform = protected()
    change_instance(platform, state=ProtectionState.DELETING)
    with pytest.raises(ResourceInUse):
        configure_instance(platform.world.ports, VAULT, request("disk-1"))


# --- Instances: refused by their disk ---


def assert_protection_error(platform: Platform, code: str) -> None:
    instance = platform.instance()
    assert (instance.state, instance.error.code) == (ProtectionState.ERROR, code)
    assert instance.error.recommended_action
    job = jobs(platform, JobOperation.CONFIGURE)[-1]
    assert (job.status, job.error.code) == (JobStatus.FAILED, code)
    assert len(events(platform, "Protection.Failed")) == 1
    assert platform.agenda(AgendaKind.BACKUP) == platform.agenda(AgendaKind.WATCH) == []


@pytest.mark.parametrize("sku", ["PremiumV2_LRS", "UltraSSD_LRS"])
def test_a_disk_that_copies_in_the_background_refuses_a_policy_that_is_too_frequent(sku: str) -> None:
    platform = unprotected()
    platform.world.cloud.add_disk(disk_json("disk-1", sku=sku))
    configure(platform)
    assert_protection_error(platform, "BadRequest")
    assert sku in platform.instance().error.message
    assert "12" in platform.instance().error.message
    platform.run(hours=1, minutes=1)
    assert platform.world.cloud.taken == []


def test_a_missing_role_on_the_disk_is_a_protection_error_that_says_which() -> None:
    platform = unprotected()
    missing = PermissionMissing("403", scope=disk_id(), role="Disk Backup Reader")
    platform.world.cloud.guard = refuse("get_disk", missing)
    configure(platform)
    assert_protection_error(platform, "UserErrorMissingRequiredPermissions")


def test_a_missing_disk_is_a_protection_error_that_configuring_anew_takes_back_once_it_is_there() -> None:
    platform = unprotected()
    platform.world.cloud.remove_disk(disk_id("disk-1"))
    configure(platform)
    assert_protection_error(platform, "UserErrorManagedDiskNotFound")
    platform.world.cloud.add_disk(disk_json("disk-1"))
    configure(platform)
    assert (platform.instance().state, platform.instance().error) == (ProtectionState.CONFIGURED, None)
    go_to(platform, SLOT)
    assert [point.slot for point in platform.points()] == [SLOT]


def test_a_stopped_instance_is_resumed_by_configuring_it_anew() -> None:
    platform = protected()
    change_instance(platform, state=ProtectionState.STOPPED)
    platform.run(minutes=1)
    assert platform.agenda(AgendaKind.BACKUP) == []
    configure(platform)
    go_to(platform, SLOT + HOUR)
    assert [point.slot for point in platform.points()] == [SLOT + HOUR]


def test_an_instance_in_error_takes_no_scheduled_backups() -> None:
    platform = protected()
    change_instance(platform, state=ProtectionState.ERROR)
    platform.run(minutes=1)
    assert platform.world.cloud.taken == []


# --- Passing trouble ---


@pytest.mark.parametrize(
    ("error", "minutes", "retries"),
    [(CloudUnavailable("503"), 1, 3), (Throttled("later", retry_after_seconds=100), 8, 0)],
)
def test_what_passes_delays_a_configuration_in_one_chain_of_messages_and_only_faults_are_counted(
    error: BackupError, minutes: float, retries: int
) -> None:
    platform = unprotected()
    platform.world.faults.fail("cloud.get_disk", error, times=3)
    configure(platform)
    platform.run(minutes=minutes)
    (job,) = jobs(platform, JobOperation.CONFIGURE)
    assert (platform.instance().state, job.retry_count) == (ProtectionState.CONFIGURED, retries)
    assert len(sent(platform, ConfigureProtection)) == 4


def test_a_configuration_that_arrives_twice_or_after_its_end_changes_nothing() -> None:
    platform = protected()
    before = platform.instance()
    message = sent(platform, ConfigureProtection)[0]
    configure_protection(platform.world.ports, message)
    configure_protection(platform.world.ports, replace(message, job_id="00000000-0000-4000-8000-000000000000"))
    assert platform.instance() == before
    assert len(events(platform, "Protection.Configured")) == 1


# --- Deletion and reconfiguring, as far as they are protection's ---


def test_deleting_a_stranger_answers_that_there_is_none() -> None:
    assert delete_instance(Platform().world.ports, VAULT, "disk-9") is None


def test_deleting_twice_answers_the_same_job() -> None:
    platform = backed_up()
    first = delete_instance(platform.world.ports, VAULT, "disk-1")
    second = delete_instance(platform.world.ports, VAULT, "disk-1")
    assert first is not None
    assert first == second
    assert len(jobs(platform, JobOperation.DELETE)) == 1


def test_a_deletion_cancels_a_configuration_that_is_under_way() -> None:
    platform = unprotected()
    configure_instance(platform.world.ports, VAULT, request("disk-1"))
    delete_instance(platform.world.ports, VAULT, "disk-1")
    platform.run(minutes=2)
    assert not platform.has_instance("disk-1")
    assert jobs(platform, JobOperation.CONFIGURE)[0].status is JobStatus.CANCELLED


def test_reconfiguring_what_is_up_to_date_gone_or_going_does_nothing() -> None:
    platform = protected()
    assert reconfigure(platform.world.ports, VAULT, "disk-1") is None
    assert reconfigure(platform.world.ports, VAULT, "disk-9") is None
    change_instance(platform, state=ProtectionState.DELETING, policy=policy("policy-disk-1", **TWICE_A_DAY))
    assert reconfigure(platform.world.ports, VAULT, "disk-1") is None


# ---------------------------------------------------------------- asked again while it is stopped


@pytest.mark.parametrize("state", [ProtectionState.STOPPED, ProtectionState.SUSPENDED])
def test_who_does_not_resume_changes_what_is_stopped_and_leaves_it_so(state: ProtectionState) -> None:
    platform = Platform()
    platform.protect()
    change_instance(platform, state=state, paused_at=platform.world.clock.now())
    put_policy(platform.world.ports, VAULT, policy("other"))
    wanted = request(policy_name="other", tags={"team": "blue"})
    _, job, is_new = configure_instance(platform.world.ports, VAULT, wanted, resumes=False)
    platform.run(minutes=5)
    instance = platform.instance("disk-1")
    assert (is_new, job.status, instance.state) == (False, JobStatus.COMPLETED, state)
    assert (instance.policy.name, instance.tags, instance.config_job_id) == ("other", {"team": "blue"}, job.job_id)
    assert events(platform, "Protection.Resumed") == []
    assert [each for each in platform.agenda(AgendaKind.WATCH) if each.subject == job.job_id] == []


def test_what_was_only_written_back_from_its_snapshots_is_protected_when_it_is_configured() -> None:
    platform = Platform()
    platform.protect()
    change_instance(platform, state=ProtectionState.STOPPED, rebuilt=True)
    configure_instance(platform.world.ports, VAULT, request(), resumes=False)
    platform.run(minutes=1)
    assert platform.instance("disk-1").state is ProtectionState.CONFIGURED

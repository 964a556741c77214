"""Azure's own client, unmodified and with its pollers at their defaults: the whole loop, sync and aio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.mgmt.dataprotection import models

from tests.api.bodies import backup_body, hard_deleting, instance_body, policy_body, restore_body, vault_body
from tests.api.front import Front, Naps, async_client, client
from tests.builders import OTHER_SUBSCRIPTION, SNAPSHOT_GROUP, VAULT, disk_id
from tests.workflows.platform import Platform

RG, V = VAULT.group, VAULT.name


@pytest.fixture
def sdk(front: Front, naps: Naps) -> Any:
    return client(front, naps)


@pytest.fixture
def protected(sdk: Any) -> str:
    """A vault, a policy and an instance, all made by the client; the instance's name."""
    sdk.backup_vaults.begin_create_or_update(RG, V, hard_deleting(vault_body())).result()
    sdk.backup_policies.create_or_update(RG, V, "policy-1", policy_body())
    sdk.backup_instances.begin_create_or_update(RG, V, "instance-1", instance_body()).result()
    return "instance-1"


def finish(platform: Platform) -> None:
    platform.run(minutes=2)


def test_a_vault_is_created_read_listed_changed_and_deleted(sdk: Any, naps: Naps) -> None:
    vault = sdk.backup_vaults.begin_create_or_update(RG, "vault-2", vault_body()).result()
    assert (vault.name, vault.location, vault.tags) == ("vault-2", "westeurope", {"Team": "Storage"})
    assert vault.properties.provisioning_state == "Succeeded"
    assert vault.properties.security_settings.soft_delete_settings.retention_duration_in_days == 14.0

    changed = sdk.backup_vaults.begin_update(
        RG,
        "vault-2",
        models.PatchResourceRequestInput(
            tags={"Team": "Net"},
            properties=models.PatchBackupVaultInput(
                security_settings=models.SecuritySettings(
                    immutability_settings=models.ImmutabilitySettings(state="Unlocked")
                )
            ),
        ),
    ).result()
    assert changed.tags == {"Team": "Net"}
    assert changed.properties.security_settings.immutability_settings.state == "Unlocked"
    assert changed.properties.security_settings.soft_delete_settings.state == "On"

    assert {each.name for each in sdk.backup_vaults.get_in_resource_group(RG)} == {V, "vault-2"}
    assert {each.name for each in sdk.backup_vaults.get_in_subscription()} == {V, "vault-2"}
    sdk.backup_vaults.begin_delete(RG, "vault-2").result()
    with pytest.raises(ResourceNotFoundError):
        sdk.backup_vaults.get(RG, "vault-2")
    assert not naps.seconds, "an operation that is over at once costs no sleep"


def test_a_policy_is_written_at_once_read_listed_and_deleted(sdk: Any) -> None:
    written = sdk.backup_policies.create_or_update(RG, V, "policy-1", policy_body())
    read = sdk.backup_policies.get(RG, V, "policy-1")
    assert read.as_dict() == written.as_dict()
    assert read.properties.policy_rules[0].trigger.schedule.repeating_time_intervals == [
        "R/2026-03-01T00:00:00+00:00/PT4H"
    ]
    assert [each.name for each in sdk.backup_policies.list(RG, V)] == ["policy-1"]
    sdk.backup_policies.delete(RG, V, "policy-1")
    sdk.backup_policies.delete(RG, V, "policy-1")
    assert list(sdk.backup_policies.list(RG, V)) == []


def test_protecting_a_disk_ends_configured(sdk: Any, protected: str, naps: Naps) -> None:
    instance = sdk.backup_instances.get(RG, V, protected)
    assert instance.properties.current_protection_state == "ProtectionConfigured"
    assert instance.properties.provisioning_state == "Succeeded"
    assert instance.properties.data_source_info.resource_id == disk_id()
    assert instance.tags == {"Owner": "ops"}
    assert [each.name for each in sdk.backup_instances.list(RG, V)] == [protected]
    assert set(naps.seconds) <= {1}


def test_protection_that_fails_raises_the_jobs_error(sdk: Any, protected: str) -> None:
    poller = sdk.backup_instances.begin_create_or_update(RG, V, "instance-2", instance_body(disk_id("no-such-disk")))
    with pytest.raises(HttpResponseError) as caught:
        poller.result()
    assert caught.value.error.code == "UserErrorManagedDiskNotFound"
    shown = sdk.backup_instances.get(RG, V, "instance-2").properties
    assert shown.current_protection_state == "ProtectionError"
    assert shown.protection_error_details.code == "UserErrorManagedDiskNotFound"
    assert shown.protection_error_details.recommended_action


def test_a_backup_on_demand_gives_its_job_and_then_a_point(sdk: Any, protected: str, platform: Platform) -> None:
    triggered = sdk.backup_instances.begin_adhoc_backup(RG, V, protected, backup_body()).result()
    job_id = triggered.job_id.rsplit("/", 1)[1]
    assert triggered.job_id == f"{VAULT.resource_id}/backupJobs/{job_id}"
    running = sdk.jobs.get(RG, V, job_id)
    assert (running.properties.status, running.properties.duration) == ("InProgress", "PT0S")

    finish(platform)
    done = sdk.jobs.get(RG, V, job_id).properties
    assert (done.status, done.operation_category, done.is_user_triggered) == ("Completed", "Backup", True)
    assert done.extended_info.sub_tasks[0].task_name == "Trigger Backup"
    points = list(sdk.recovery_points.list(RG, V, protected))
    assert [point.name for point in points] == [done.extended_info.target_recover_point.recovery_point_id]
    point = sdk.recovery_points.get(RG, V, protected, points[0].name).properties
    assert point.expiry_time - point.recovery_point_time == timedelta(days=7)
    assert point.retention_tag_name == "Default"
    assert job_id in [each.name for each in sdk.jobs.list(RG, V)]


def test_a_restore_makes_a_new_disk(sdk: Any, protected: str, platform: Platform) -> None:
    sdk.backup_instances.begin_adhoc_backup(RG, V, protected, backup_body()).result()
    finish(platform)
    [point] = sdk.recovery_points.list(RG, V, protected)
    body = restore_body(point.name, targetDisk={"sku": "StandardSSD_LRS", "sizeGB": 256, "tags": {"why": "drill"}})
    triggered = sdk.backup_instances.begin_trigger_restore(RG, V, protected, body).result()
    finish(platform)
    job = sdk.jobs.get(RG, V, triggered.job_id.rsplit("/", 1)[1]).properties
    assert (job.status, job.operation) == ("Completed", "Restore")
    target = body["restoreTargetInfo"]["datasourceInfo"]["resourceID"]
    assert job.extended_info.recovery_destination == target
    assert job.extended_info.source_recover_point.recovery_point_id == point.name
    assert job.extended_info.source_recover_point.recovery_point_time == point.properties.recovery_point_time
    disk = platform.world.cloud.get_disk(target)
    assert (disk.sku, disk.size_bytes, disk.tags["why"]) == ("StandardSSD_LRS", 256 << 30, "drill")


def test_deleting_an_instance_waits_until_it_is_gone(sdk: Any, protected: str, platform: Platform) -> None:
    sdk.backup_instances.begin_adhoc_backup(RG, V, protected, backup_body()).result()
    finish(platform)
    with pytest.raises(ResourceExistsError):
        sdk.backup_vaults.begin_delete(RG, V).result()
    with pytest.raises(ResourceExistsError):
        sdk.backup_policies.delete(RG, V, "policy-1")
    sdk.backup_instances.begin_delete(RG, V, protected).result()
    with pytest.raises(ResourceNotFoundError):
        sdk.backup_instances.get(RG, V, protected)
    sdk.backup_instances.begin_delete(RG, V, protected).result()
    sdk.backup_vaults.begin_delete(RG, V).result()


def test_what_protects_a_disk_is_found_by_the_disk(sdk: Any, protected: str) -> None:
    assert [each.name for each in sdk.backup_instances_extension_routing.list(disk_id())] == [protected]
    assert list(sdk.backup_instances_extension_routing.list(disk_id("stranger"))) == []


def test_every_fault_of_a_request_reaches_the_caller(sdk: Any, protected: str) -> None:
    body = instance_body(group=SNAPSHOT_GROUP.text.replace(SNAPSHOT_GROUP.subscription, OTHER_SUBSCRIPTION))
    body["properties"]["policyInfo"]["policyId"] = "/subscriptions/x"
    with pytest.raises(HttpResponseError) as caught:
        sdk.backup_instances.begin_create_or_update(RG, V, "instance-2", body)
    assert caught.value.status_code == 400
    details = {detail.target: detail.code for detail in caught.value.error.details}
    store = "properties.policyInfo.policyParameters.dataStoreParametersList[0].resourceGroupId"
    assert details == {
        "properties.policyInfo.policyId": "BadRequest",
        store: "UserErrorSnapshotRGSubscriptionMismatch",
    }


def test_operations_can_be_asked_for_in_every_form(sdk: Any, front: Front, protected: str, platform: Platform) -> None:
    reply = front.post(f"{VAULT.resource_id}/backupInstances/{protected}/backup", backup_body())
    operation = reply.headers["Azure-AsyncOperation"].split("/operationStatus/")[1].split("?")[0]
    forms = (
        sdk.operation_status.get("westeurope", operation),
        sdk.operation_status_backup_vault_context.get(RG, V, operation),
        sdk.operation_status_resource_group_context.get(RG, operation),
    )
    assert {form.status for form in forms} == {"Succeeded"}
    assert len({form.properties.job_id for form in forms}) == 1
    assert sdk.operation_result.get(operation, "westeurope").job_id == forms[0].properties.job_id
    assert sdk.backup_vault_operation_results.get(RG, V, operation).name == V
    finish(platform)
    instance = sdk.backup_instances.get_backup_instance_operation_result(RG, V, protected, operation)
    assert instance.name == protected


def test_the_whole_loop_works_without_blocking(front: Front, naps: Naps, platform: Platform) -> None:
    async def loop() -> None:
        async with async_client(front, naps) as sdk:
            vault = hard_deleting(vault_body())
            await (await sdk.backup_vaults.begin_create_or_update(RG, V, vault)).result()
            await sdk.backup_policies.create_or_update(RG, V, "policy-1", policy_body())
            poller = await sdk.backup_instances.begin_create_or_update(RG, V, "instance-1", instance_body())
            assert (await poller.result()).properties.current_protection_state == "ProtectionConfigured"
            poller = await sdk.backup_instances.begin_adhoc_backup(RG, V, "instance-1", backup_body())
            assert "/backupJobs/" in (await poller.result()).job_id
            finish(platform)
            points = await _collect(sdk.recovery_points.list(RG, V, "instance-1"))
            body = restore_body(points[0].name)
            poller = await sdk.backup_instances.begin_trigger_restore(RG, V, "instance-1", body)
            assert "/backupJobs/" in (await poller.result()).job_id
            finish(platform)
            jobs = await _collect(sdk.jobs.list(RG, V))
            assert {job.properties.status for job in jobs} == {"Completed"}
            await (await sdk.backup_instances.begin_delete(RG, V, "instance-1")).result()
            await (await sdk.backup_vaults.begin_delete(RG, V)).result()

    asyncio.run(loop())


async def _collect(pages: AsyncIterator[Any]) -> list[Any]:
    return [each async for each in pages]

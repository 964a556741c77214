"""Every method of the official client, sync and aio, at the front door of a local target; pollers at their defaults.

The steps below are one walk through the life of a vault, taken once by each client at the same time; each step is then
a test of its own. What is not offered for disks stands in a table and is refused in words. A method that is in neither
(a new release of the client) fails the test of completeness.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ODataV4Format, ResourceNotFoundError
from azure.core.rest import HttpRequest
from azure.mgmt.dataprotection import DataProtectionMgmtClient

from backup_core.domain.guard import OPERATIONS, PROXY
from infra.local.demo import wanted
from infra.local.demo.clients import Clients, LocalCredential, at_front_door, instant
from infra.local.up import LocalTarget
from tests.e2e.methods import (
    CALL_SECONDS,
    KINDS,
    LONGEST_SLEEP,
    Outcome,
    Sdk,
    Step,
    methods_of,
    open_sdk,
    unused_client,
    walk,
)
from tests.e2e.stage import described, names, until

# The first test waits for the target and for both walks: under two minutes alone, more on a busy machine.
pytestmark = [pytest.mark.local_target, pytest.mark.timeout(600)]

GROUP, LOCATION, ELSEWHERE = "e2e-methods", "westeurope", "northeurope"
DISK = "Microsoft.Compute/disks"
TAKEN = "UserErrorDppDatasourceAlreadyHasBackupInstance"
DAILY, HOURLY, SPARE = "daily", "hourly", "spare"
PATIENCE = 60.0  # seconds for a job to end
Call = Callable[..., Any]

STEPS: list[Step] = []


def step(method: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The function calls `method`, as its `call`, and looks at what comes of it. Steps go in the file's order."""

    def keep(act: Callable[..., None]) -> Callable[..., None]:
        STEPS.append(Step(method=method, act=act))
        return act

    return keep


class Scene:
    """One client's vault and its three disks, each protected by an instance of its own name; and what was seen."""

    def __init__(self, kind: str, endpoints: Mapping[str, Any]) -> None:
        self.sdk: Sdk = open_sdk(kind, endpoints)
        self.vault = f"{kind}-vault"
        self.subscription: str = endpoints["subscription_id"]
        self.clients = Clients(endpoints)
        self.clients.make_group(GROUP)
        made = self.clients.control("POST", "disks", {"prefix": kind, "count": 3, "size_gib": 32})["ids"]
        self.disks: dict[str, str] = {disk.rsplit("/", 1)[1]: disk for disk in made}
        self.first, self.second, self.third = self.disks
        self.vault_operation = self.backup_operation = ""
        self.backup_job = self.point = self.restored_elsewhere = ""
        self.guard = f"{kind}-guard"
        credential = LocalCredential(endpoints, "security")
        self.second_person = DataProtectionMgmtClient(credential, self.subscription, **at_front_door(endpoints))

    @property
    def vault_id(self) -> str:
        group = f"/subscriptions/{self.subscription}/resourceGroups/{GROUP}"
        return f"{group}/providers/Microsoft.DataProtection/backupVaults/{self.vault}"

    @property
    def guard_id(self) -> str:
        return f"{self.vault_id.partition('/backupVaults/')[0]}/resourceGuards/{self.guard}"

    @property
    def unmapping(self) -> dict[str, Any]:
        request = f"{self.guard_id}/deleteResourceGuardProxyRequests/default"
        return {"resourceGuardOperationRequests": [request]}

    def wish(self, instance: str, policy: str = DAILY) -> dict[str, Any]:
        """The body that protects the disk of that name."""
        return wanted.instance(described(self.disks[instance]), f"{self.vault_id}/backupPolicies/{policy}")

    def protect(self, instance: str) -> None:
        self.sdk("backup_instances.begin_create_or_update", GROUP, self.vault, instance, self.wish(instance))

    def state(self, instance: str) -> Any:
        return self.sdk("backup_instances.get", GROUP, self.vault, instance).properties.current_protection_state

    def job(self, job_id: str) -> Any:
        """The job once it has ended."""
        return until(
            lambda: self.sdk("jobs.get", GROUP, self.vault, job_id.rsplit("/", 1)[1]).properties,
            lambda job: job.status != "InProgress",
            seconds=PATIENCE,
        )

    def target(self, name: str) -> str:
        """Id of a disk that a restore makes."""
        group = f"/subscriptions/{self.subscription}/resourceGroups/restores-{LOCATION}"
        return f"{group}/providers/{DISK}/{self.vault}-{name}"

    def copy_from_now_on(self) -> None:
        """By a copy rule, for which Azure's client has no method."""
        group = f"/subscriptions/{self.subscription}/resourceGroups/snapshots-{ELSEWHERE}"
        properties = {
            "policyId": f"{self.vault_id}/backupPolicies/{HOURLY}",
            "targetLocation": ELSEWHERE,
            "snapshotResourceGroupId": group,
            "retentions": [{"tagName": "Default", "duration": "P30D"}],
        }
        self._send("PUT", f"{self.vault_id}/copyRules/elsewhere", json={"properties": properties})

    def copy_no_more(self) -> None:
        self._send("DELETE", f"{self.vault_id}/copyRules/elsewhere")

    def _send(self, method: str, path: str, **body: Any) -> None:
        request = HttpRequest(method, path, params={"api-version": "2026-06-01"}, **body)
        self.clients.backup.send_request(request).raise_for_status()

    @property
    def elsewhere(self) -> dict[str, Any]:
        """A restore of the copy of the point, in its region."""
        target = self.target("elsewhere").replace(f"restores-{LOCATION}", f"restores-{ELSEWHERE}")
        details = {"sourceBackupInstanceId": f"{self.vault_id}/backupInstances/{self.first}", "sourceRegion": LOCATION}
        return {
            "restoreRequestObject": wanted.restore(self.point, target, ELSEWHERE),
            "crossRegionRestoreDetails": details,
        }

    @property
    def restores_elsewhere(self) -> dict[str, Any]:
        """What the jobs of such restores are asked for by."""
        return {"sourceBackupVaultId": self.vault_id, "sourceRegion": LOCATION}

    def is_gone(self, kind: str, *arguments: str) -> bool:
        try:
            self.sdk(f"{kind}.get", GROUP, *arguments)
        except ResourceNotFoundError:
            return True
        return False


def refused(call: Call, *arguments: Any) -> ODataV4Format:
    """The error of ARM's kind that the call is answered with: code, message, and each fault in details."""
    with pytest.raises(HttpResponseError) as raised:
        call(*arguments)
    assert raised.value.error is not None, raised.value
    return raised.value.error


# ---------------------------------------------------------------- the provider


@step("data_protection_operations.list")
def names_what_roles_can_grant(scene: Scene, call: Call) -> None:
    operations = {operation.name: operation for operation in call()}
    assert {"Microsoft.DataProtection/backupVaults/read", "Microsoft.DataProtection/backupVaults/write"} <= set(
        operations
    )
    assert all(operation.display.provider == "Microsoft.DataProtection" for operation in operations.values())


@step("data_protection.check_feature_support")
def says_that_disks_are_supported_and_databases_are_not(scene: Scene, call: Call) -> None:
    def status(feature: str) -> Any:
        body = {"objectType": "FeatureValidationRequest", "featureType": "DataSourceType", "featureName": feature}
        return call(LOCATION, body).features[0].support_status

    assert status(DISK) == "GenerallyAvailable"
    assert status("Microsoft.DBforPostgreSQL/servers/databases") == "NotSupported"


# ---------------------------------------------------------------- vaults


def _name_check(scene: Scene) -> dict[str, str]:
    return {"name": scene.vault, "type": "Microsoft.DataProtection/backupVaults"}


@step("backup_vaults.check_name_availability")
def a_new_name_is_free(scene: Scene, call: Call) -> None:
    answer = call(GROUP, LOCATION, _name_check(scene))
    assert answer.name_available is True


@step("backup_vaults.begin_create_or_update")
def makes_a_vault(scene: Scene, call: Call) -> None:
    vault = call(GROUP, scene.vault, wanted.vault())
    scene.vault_operation = scene.sdk.journal.operation
    assert vault.id == scene.vault_id
    assert vault.location == LOCATION
    assert vault.properties.provisioning_state == "Succeeded"
    assert vault.properties.security_settings.soft_delete_settings.state == "On"


@step("backup_vaults.check_name_availability")
def a_taken_name_is_not_free(scene: Scene, call: Call) -> None:
    answer = call(GROUP, LOCATION, _name_check(scene))
    assert (answer.name_available, answer.reason) == (False, "AlreadyExists")
    assert scene.vault in answer.message


@step("backup_vault_operation_results.get")
def answers_the_vault_that_was_made(scene: Scene, call: Call) -> None:
    assert call(GROUP, scene.vault, scene.vault_operation).id == scene.vault_id


@step("backup_vaults.begin_update")
def changes_tags_and_a_setting_and_leaves_the_others(scene: Scene, call: Call) -> None:
    alerts = {"azureMonitorAlertSettings": {"alertsForAllJobFailures": "Enabled"}}
    changed = call(GROUP, scene.vault, {"tags": {"Team": "storage"}, "properties": {"monitoringSettings": alerts}})
    assert changed.tags == {"Team": "storage"}
    settings = changed.properties.monitoring_settings.azure_monitor_alert_settings
    assert settings.alerts_for_all_job_failures == "Enabled"
    assert changed.properties.storage_settings[0].datastore_type == "OperationalStore"


@step("backup_vaults.get")
def reads_the_vault_as_changed(scene: Scene, call: Call) -> None:
    vault = call(GROUP, scene.vault)
    assert (vault.name, vault.tags) == (scene.vault, {"Team": "storage"})


@step("backup_vaults.get_in_resource_group")
def lists_the_vaults_of_the_group_alone(scene: Scene, call: Call) -> None:
    assert scene.vault in names(call(GROUP))
    assert call("another-group") == []


@step("backup_vaults.get_in_subscription")
def lists_the_vaults_of_the_subscription(scene: Scene, call: Call) -> None:
    assert scene.vault_id in {vault.id for vault in call()}


@step("deleted_backup_vaults.list_by_location")
def no_deleted_vault_is_kept(scene: Scene, call: Call) -> None:
    assert call(LOCATION) == []


@step("deleted_backup_vaults.get")
def no_deleted_vault_is_found(scene: Scene, call: Call) -> None:
    with pytest.raises(ResourceNotFoundError) as raised:
        call(LOCATION, scene.vault)
    assert raised.value.error is not None
    assert raised.value.error.code == "ResourceNotFound"
    assert scene.vault in str(raised.value.error.message)


# ---------------------------------------------------------------- policies


@step("backup_policies.create_or_update")
def makes_policies(scene: Scene, call: Call) -> None:
    for name, interval in ((DAILY, "P1D"), (HOURLY, "PT1H"), (SPARE, "PT12H")):
        policy = call(GROUP, scene.vault, name, _policy(interval))
        assert policy.id == f"{scene.vault_id}/backupPolicies/{name}"
        rule = policy.properties.policy_rules[0]
        assert rule.trigger.schedule.repeating_time_intervals[0].endswith(f"/{interval}")


def _policy(interval: str) -> dict[str, Any]:
    """Its first slot lies behind, its next one far enough ahead that no scheduled backup joins the walk."""
    body = wanted.policy(interval, "P7D")
    begun = datetime.now(UTC) - timedelta(minutes=5)
    schedule = body["properties"]["policyRules"][0]["trigger"]["schedule"]
    schedule["repeatingTimeIntervals"] = [f"R/{begun:%Y-%m-%dT%H:%M:00}+00:00/{interval}"]
    return body


@step("backup_policies.get")
def reads_a_policy(scene: Scene, call: Call) -> None:
    policy = call(GROUP, scene.vault, HOURLY)
    assert policy.name == HOURLY
    assert policy.properties.datasource_types == [DISK]
    assert policy.properties.policy_rules[1].lifecycles[0].delete_after.duration == "P7D"


@step("backup_policies.list")
def lists_the_policies(scene: Scene, call: Call) -> None:
    assert names(call(GROUP, scene.vault)) == {DAILY, HOURLY, SPARE}


@step("backup_policies.delete")
def deletes_a_policy_that_nothing_uses(scene: Scene, call: Call) -> None:
    assert call(GROUP, scene.vault, SPARE) is None
    assert scene.is_gone("backup_policies", scene.vault, SPARE)


# ---------------------------------------------------------------- instances


@step("backup_instances.begin_validate_for_backup")
def a_disk_that_can_be_protected_has_no_fault(scene: Scene, call: Call) -> None:
    body = {"backupInstance": scene.wish(scene.first)["properties"]}
    assert call(GROUP, scene.vault, body).object_type == "OperationJobExtendedInfo"


@step("backup_instances.begin_create_or_update")
def protects_a_disk(scene: Scene, call: Call) -> None:
    instance = call(GROUP, scene.vault, scene.first, scene.wish(scene.first))
    assert instance.name == scene.first
    assert instance.properties.data_source_info.resource_id == scene.disks[scene.first]
    assert instance.properties.current_protection_state == "ProtectionConfigured"
    assert instance.properties.protection_status.status == "ProtectionConfigured"


@step("backup_instances.begin_validate_for_backup")
def a_disk_that_is_protected_already_is_a_fault(scene: Scene, call: Call) -> None:
    body = {"backupInstance": scene.wish(scene.first)["properties"]}
    error = refused(call, GROUP, scene.vault, body)
    assert error.code == TAKEN
    assert scene.first in str(error.message)


@step("backup_instances.get")
def reads_the_instance(scene: Scene, call: Call) -> None:
    instance = call(GROUP, scene.vault, scene.first)
    assert instance.properties.friendly_name == scene.first
    assert instance.properties.policy_info.policy_id == f"{scene.vault_id}/backupPolicies/{DAILY}"


@step("backup_instances.list")
def lists_the_instances(scene: Scene, call: Call) -> None:
    scene.protect(scene.second)
    scene.protect(scene.third)
    assert names(call(GROUP, scene.vault)) == set(scene.disks)


@step("backup_instances_extension_routing.list")
def lists_what_protects_a_disk(scene: Scene, call: Call) -> None:
    (found,) = call(scene.disks[scene.first])
    assert found.id == f"{scene.vault_id}/backupInstances/{scene.first}"
    assert call(scene.target("never")) == []


@step("backup_instances.begin_validate_for_modify_backup")
def another_policy_would_be_fine_and_another_disk_would_not(scene: Scene, call: Call) -> None:
    body = {"backupInstance": scene.wish(scene.first, HOURLY)["properties"]}
    assert call(GROUP, scene.vault, scene.first, body) is None
    other = {"backupInstance": scene.wish(scene.second, HOURLY)["properties"]}
    error = refused(call, GROUP, scene.vault, scene.first, other)
    assert TAKEN in {fault.code for fault in error.details}
    assert scene.disks[scene.first] in str(error.message)


@step("backup_instances.begin_create_or_update")
def moves_the_instance_to_another_policy(scene: Scene, call: Call) -> None:
    moved = call(GROUP, scene.vault, scene.first, scene.wish(scene.first, HOURLY))
    assert moved.properties.policy_info.policy_id.endswith(f"/backupPolicies/{HOURLY}")
    assert moved.properties.current_protection_state == "ProtectionConfigured"


# ---------------------------------------------------------------- backup, its operation, its job, its recovery point


@step("backup_instances.begin_adhoc_backup")
def backs_up_now(scene: Scene, call: Call) -> None:
    scene.copy_from_now_on()
    begun = call(GROUP, scene.vault, scene.first, wanted.on_demand())
    scene.backup_operation = scene.sdk.journal.operation
    assert begun.job_id.startswith(f"{scene.vault_id}/backupJobs/")
    scene.backup_job = begun.job_id
    assert scene.job(scene.backup_job).status == "Completed"


@step("operation_status_backup_vault_context.get")
def tells_of_the_operation_within_the_vault(scene: Scene, call: Call) -> None:
    _look_at_status(scene, call(GROUP, scene.vault, scene.backup_operation))


@step("operation_status_resource_group_context.get")
def tells_of_the_operation_within_the_group(scene: Scene, call: Call) -> None:
    _look_at_status(scene, call(GROUP, scene.backup_operation))


@step("operation_status.get")
def tells_of_the_operation_within_the_subscription(scene: Scene, call: Call) -> None:
    _look_at_status(scene, call(LOCATION, scene.backup_operation))


def _look_at_status(scene: Scene, operation: Any) -> None:
    assert (operation.name, operation.status) == (scene.backup_operation, "Succeeded")
    assert operation.properties.job_id == scene.backup_job
    assert operation.end_time >= operation.start_time.replace(microsecond=0)  # an end has whole seconds (recorded)


@step("operation_result.get")
def answers_the_job_that_was_begun(scene: Scene, call: Call) -> None:
    assert call(operation_id=scene.backup_operation, location=LOCATION).job_id == scene.backup_job


@step("backup_instances.get_backup_instance_operation_result")
def answers_the_instance_that_was_backed_up(scene: Scene, call: Call) -> None:
    instance = call(GROUP, scene.vault, scene.first, scene.backup_operation)
    assert instance.id == f"{scene.vault_id}/backupInstances/{scene.first}"


@step("jobs.get")
def reads_the_job(scene: Scene, call: Call) -> None:
    job = call(GROUP, scene.vault, scene.backup_job.rsplit("/", 1)[1])
    assert job.id == scene.backup_job
    assert (job.properties.operation, job.properties.status) == ("Backup", "Completed")
    assert job.properties.extended_info.sub_tasks[0].task_status == "Completed"


@step("jobs.list")
def lists_jobs_and_those_that_a_filter_leaves(scene: Scene, call: Call) -> None:
    listed = call(GROUP, scene.vault)
    assert scene.backup_job in {job.id for job in listed}
    assert {job.properties.backup_instance_friendly_name for job in listed} == set(scene.disks)
    backups = call(GROUP, scene.vault, params={"$filter": "operation eq 'Backup'"})
    assert [job.id for job in backups] == [scene.backup_job]


@step("recovery_points.list")
def lists_the_recovery_point_within_its_time_alone(scene: Scene, call: Call) -> None:
    (point,) = call(GROUP, scene.vault, scene.first)
    scene.point = point.name
    time = point.properties.recovery_point_time
    around = _filter(time - timedelta(minutes=1), time + timedelta(minutes=1))
    assert names(call(GROUP, scene.vault, scene.first, filter=around)) == {scene.point}
    before = _filter(time - timedelta(minutes=2), time - timedelta(minutes=1))
    assert call(GROUP, scene.vault, scene.first, filter=before) == []


def _filter(start: datetime, end: datetime) -> str:
    return f"startDate eq '{start:%Y-%m-%dT%H:%M:%SZ}' and endDate eq '{end:%Y-%m-%dT%H:%M:%SZ}'"


@step("recovery_points.get")
def reads_the_recovery_point(scene: Scene, call: Call) -> None:
    point = call(GROUP, scene.vault, scene.first, scene.point).properties
    assert (point.recovery_point_id, point.policy_name) == (scene.point, HOURLY)
    kept = point.expiry_time - point.recovery_point_time
    assert abs(kept - timedelta(days=7)) < timedelta(minutes=2)
    assert point.recovery_point_data_stores_details[0].type == "OperationalStore"


@step("restorable_time_ranges.find")
def a_disk_has_recovery_points_and_no_range_between_them(scene: Scene, call: Call) -> None:
    body = {
        "sourceDataStoreType": "OperationalStore",
        "startTime": f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}",
        "endTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }
    found = call(GROUP, scene.vault, scene.first, body)
    assert found.id == scene.first
    assert found.properties.restorable_time_ranges == []


# ---------------------------------------------------------------- restore


@step("backup_instances.begin_validate_for_restore")
def a_new_disk_is_a_fine_target_and_an_existing_one_is_not(scene: Scene, call: Call) -> None:
    def body(target_id: str) -> dict[str, Any]:
        request = wanted.restore(scene.point, target_id, LOCATION)
        return {"objectType": "ValidateRestoreRequestObject", "restoreRequestObject": request}

    fine = call(GROUP, scene.vault, scene.first, body(scene.target("by-point")))
    assert fine.object_type == "OperationJobExtendedInfo"
    taken = scene.disks[scene.second]
    faults = {fault.code for fault in refused(call, GROUP, scene.vault, scene.first, body(taken)).details}
    assert faults == {"UserErrorSameNameDiskAlreadyExists", "UserErrorMissingRequiredPermissions"}  # both at once


@step("backup_instances.begin_trigger_restore")
def restores_by_recovery_point(scene: Scene, call: Call) -> None:
    body = wanted.restore(scene.point, scene.target("by-point"), LOCATION)
    _look_at_restore(scene, call(GROUP, scene.vault, scene.first, body).job_id, scene.target("by-point"))


@step("backup_instances.begin_trigger_restore")
def restores_by_time(scene: Scene, call: Call) -> None:
    body = wanted.restore(scene.point, scene.target("by-time"), LOCATION)
    del body["recoveryPointId"]
    body["objectType"] = "AzureBackupRecoveryTimeBasedRestoreRequest"
    body["recoveryPointTime"] = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    _look_at_restore(scene, call(GROUP, scene.vault, scene.first, body).job_id, scene.target("by-time"))


@step("fetch_secondary_recovery_points.list")
def tells_of_copies_in_another_region_once_they_are_whole(scene: Scene, call: Call) -> None:
    source = scene.elsewhere["crossRegionRestoreDetails"]
    (point,) = until(lambda: call(GROUP, ELSEWHERE, source), bool, seconds=PATIENCE * 2, pause=2)
    assert point.name == scene.point
    scene.copy_no_more()


@step("backup_instances.begin_validate_cross_region_restore")
def a_copy_can_be_restored_where_it_lies(scene: Scene, call: Call) -> None:
    assert call(GROUP, ELSEWHERE, scene.elsewhere).object_type == "OperationJobExtendedInfo"
    nowhere = scene.elsewhere["restoreRequestObject"]["restoreTargetInfo"] | {"restoreLocation": "eastus"}
    body = scene.elsewhere | {
        "restoreRequestObject": scene.elsewhere["restoreRequestObject"] | {"restoreTargetInfo": nowhere}
    }
    assert f"{ELSEWHERE} or {LOCATION}" in str(refused(call, GROUP, "eastus", body).message)


@step("backup_instances.begin_trigger_cross_region_restore")
def restores_a_copy(scene: Scene, call: Call) -> None:
    body = scene.elsewhere
    target = body["restoreRequestObject"]["restoreTargetInfo"]["datasourceInfo"]["resourceID"]
    scene.restored_elsewhere = call(GROUP, ELSEWHERE, body).job_id
    _look_at_restore(scene, scene.restored_elsewhere, target)
    assert scene.clients.disk(target)["location"] == ELSEWHERE


@step("fetch_cross_region_restore_jobs.list")
def lists_restores_of_copies(scene: Scene, call: Call) -> None:
    (job,) = call(GROUP, ELSEWHERE, scene.restores_elsewhere)
    assert job.id == scene.restored_elsewhere
    assert job.properties.operation_category == "CrossRegionRestore"


@step("fetch_cross_region_restore_job.get")
def tells_of_a_restore_of_a_copy(scene: Scene, call: Call) -> None:
    name = scene.restored_elsewhere.rsplit("/", 1)[1]
    assert call(GROUP, ELSEWHERE, {**scene.restores_elsewhere, "jobId": name}).properties.status == "Completed"


def _look_at_restore(scene: Scene, job_id: str, target_id: str) -> None:
    job = scene.job(job_id)
    assert (job.operation, job.status) == ("Restore", "Completed")
    assert job.extended_info.source_recover_point.recovery_point_id == scene.point
    restored = scene.clients.disk(target_id)
    assert restored["properties"]["creationData"]["createOption"] == "Copy"
    assert restored["properties"]["diskSizeGB"] == 32


# ---------------------------------------------------------------- out of protection and back


@step("backup_instances.begin_suspend_backups")
def suspends_backups(scene: Scene, call: Call) -> None:
    assert call(GROUP, scene.vault, scene.second) is None
    assert scene.state(scene.second) == "BackupsSuspended"


@step("backup_instances.begin_resume_backups")
def resumes_backups(scene: Scene, call: Call) -> None:
    assert call(GROUP, scene.vault, scene.second) is None
    assert scene.state(scene.second) == "ProtectionConfigured"


@step("backup_instances.begin_stop_protection")
def stops_protection_and_keeps_the_recovery_points(scene: Scene, call: Call) -> None:
    assert call(GROUP, scene.vault, scene.first) is None
    assert scene.state(scene.first) == "ProtectionStopped"
    assert len(scene.sdk("recovery_points.list", GROUP, scene.vault, scene.first)) == 1


@step("backup_instances.begin_resume_protection")
def resumes_protection(scene: Scene, call: Call) -> None:
    assert call(GROUP, scene.vault, scene.first) is None
    assert scene.state(scene.first) == "ProtectionConfigured"


@step("backup_instances.begin_sync_backup_instance")
def looks_at_the_disk_again(scene: Scene, call: Call) -> None:
    before = len(scene.sdk("jobs.list", GROUP, scene.vault))
    assert call(GROUP, scene.vault, scene.second, {"syncType": "Default"}) is None
    assert len(scene.sdk("jobs.list", GROUP, scene.vault)) == before + 1
    assert scene.state(scene.second) == "ProtectionConfigured"


@step("backup_instances.begin_delete")
def deletes_an_instance_softly(scene: Scene, call: Call) -> None:
    assert call(GROUP, scene.vault, scene.third) is None
    assert scene.is_gone("backup_instances", scene.vault, scene.third)


@step("deleted_backup_instances.list")
def lists_what_was_deleted(scene: Scene, call: Call) -> None:
    assert names(call(GROUP, scene.vault)) == {scene.third}


@step("deleted_backup_instances.get")
def tells_until_when_it_can_be_had_back(scene: Scene, call: Call) -> None:
    deleted = call(GROUP, scene.vault, scene.third).properties
    assert deleted.data_source_info.resource_id == scene.disks[scene.third]
    deletion = deleted.deletion_info
    kept = instant(deletion.scheduled_purge_time) - instant(deletion.deletion_time)
    assert abs(kept - timedelta(days=14)) < timedelta(minutes=1)


@step("deleted_backup_instances.begin_undelete")
def has_the_instance_back_with_its_protection_stopped(scene: Scene, call: Call) -> None:
    assert call(GROUP, scene.vault, scene.third) is None
    assert scene.state(scene.third) == "ProtectionStopped"
    assert scene.sdk("deleted_backup_instances.list", GROUP, scene.vault) == []


# ---------------------------------------------------------------- two people


@step("resource_guards.put")
def makes_a_resource_guard(scene: Scene, call: Call) -> None:
    guard = call(GROUP, scene.guard, {"location": LOCATION})
    assert guard.id == scene.guard_id
    assert {each.vault_critical_operation for each in guard.properties.resource_guard_operations} == set(OPERATIONS)


@step("resource_guards.get")
def sees_what_it_guards(scene: Scene, call: Call) -> None:
    assert call(GROUP, scene.guard).properties.vault_critical_operation_exclusion_list == []


@step("resource_guards.patch")
def tags_the_guard(scene: Scene, call: Call) -> None:
    assert call(GROUP, scene.guard, {"tags": {"team": "security"}}).tags == {"team": "security"}


@step("resource_guards.get_resources_in_subscription")
def finds_the_guard_in_the_subscription(scene: Scene, call: Call) -> None:
    assert scene.guard in [guard.name for guard in call()]


@step("resource_guards.get_resources_in_resource_group")
def finds_the_guard_in_its_group(scene: Scene, call: Call) -> None:
    assert scene.guard_id in [guard.id for guard in call(GROUP)]


def _requests(method: str, *, one: bool) -> None:
    @step(method)
    def finds_the_request_of_a_kind(scene: Scene, call: Call) -> None:
        found = call(GROUP, scene.guard, "default") if one else call(GROUP, scene.guard)[0]
        assert (found.name, found.id.rpartition("/")[0].startswith(scene.guard_id)) == ("default", True)


for what in (
    "backup_security_pin",
    "delete_protected_item",
    "delete_resource_guard_proxy",
    "disable_soft_delete",
    "update_protected_item",
    "update_protection_policy",
):
    _requests(f"resource_guards.get_{what}_requests_objects", one=False)
    _requests(f"resource_guards.get_default_{what}_requests_object", one=True)


@step("dpp_resource_guard_proxy.list")
def no_guard_looks_after_the_vault(scene: Scene, call: Call) -> None:
    assert call(GROUP, scene.vault) == []


@step("dpp_resource_guard_proxy.create_or_update")
def has_the_guard_look_after_the_vault(scene: Scene, call: Call) -> None:
    mapping = call(GROUP, scene.vault, PROXY, {"properties": {"resourceGuardResourceId": scene.guard_id}})
    assert mapping.properties.resource_guard_resource_id == scene.guard_id
    assert scene.sdk("backup_vaults.get", GROUP, scene.vault).properties.is_vault_protected_by_resource_guard


@step("dpp_resource_guard_proxy.get")
def sees_which_guard_it_is(scene: Scene, call: Call) -> None:
    assert call(GROUP, scene.vault, PROXY).properties.resource_guard_resource_id == scene.guard_id


@step("dpp_resource_guard_proxy.unlock_delete")
def what_the_vaults_contributor_unlocks_opens_nothing_to_the_same(scene: Scene, call: Call) -> None:
    given = call(GROUP, scene.vault, PROXY, scene.unmapping)
    assert given.unlock_delete_expiry_time
    error = refused(scene.sdk, "dpp_resource_guard_proxy.delete", GROUP, scene.vault, PROXY)
    assert error.code == "LinkedAuthorizationFailed"
    assert "another person" in str(error.message)


@step("resource_guards.delete")
def a_guard_that_looks_after_a_vault_is_not_deleted(scene: Scene, call: Call) -> None:
    assert refused(call, GROUP, scene.guard).code == "Conflict"


@step("dpp_resource_guard_proxy.delete")
def ends_the_mapping_once_a_second_person_has_unlocked_that(scene: Scene, call: Call) -> None:
    scene.second_person.dpp_resource_guard_proxy.unlock_delete(GROUP, scene.vault, PROXY, scene.unmapping)
    call(GROUP, scene.vault, PROXY)
    assert scene.is_gone("dpp_resource_guard_proxy", scene.vault, PROXY)


@step("resource_guards.delete")
def deletes_the_guard(scene: Scene, call: Call) -> None:
    assert call(GROUP, scene.guard) is None
    assert scene.is_gone("resource_guards", scene.guard)


# ---------------------------------------------------------------- jobs to a blob


@step("export_jobs.begin_trigger")
def jobs_are_not_exported_and_the_error_says_what_to_use(scene: Scene, call: Call) -> None:
    error = refused(call, GROUP, scene.vault)
    assert error.code == "OperationNotSupported"
    assert "backupJobs" in str(error.message)


@step("export_jobs_operation_result.get")
def no_export_is_found(scene: Scene, call: Call) -> None:
    error = refused(call, GROUP, scene.vault, scene.backup_operation)
    assert error.code == "ResourceNotFound"
    assert scene.backup_operation in str(error.message)


# ---------------------------------------------------------------- the end


@step("backup_vaults.begin_delete")
def a_vault_that_holds_instances_is_not_deleted(scene: Scene, call: Call) -> None:
    assert refused(call, GROUP, scene.vault).code == "UserErrorVaultNotEmpty"
    assert not scene.is_gone("backup_vaults", scene.vault)


@step("backup_vaults.begin_update")
def switches_soft_delete_off(scene: Scene, call: Call) -> None:
    off = {"securitySettings": {"softDeleteSettings": {"state": "Off"}}}
    changed = call(GROUP, scene.vault, {"properties": off})
    assert changed.properties.security_settings.soft_delete_settings.state == "Off"


@step("backup_instances.begin_delete")
def deletes_instances_for_good_with_their_snapshots(scene: Scene, call: Call) -> None:
    for instance in scene.disks:
        assert call(GROUP, scene.vault, instance) is None
    assert scene.sdk("backup_instances.list", GROUP, scene.vault) == []
    assert scene.sdk("deleted_backup_instances.list", GROUP, scene.vault) == []
    sources = {snapshot["properties"]["creationData"].get("sourceResourceId") for snapshot in scene.clients.snapshots()}
    assert not {str(source).lower() for source in sources} & {disk.lower() for disk in scene.disks.values()}


@step("backup_vaults.begin_delete")
def deletes_the_empty_vault(scene: Scene, call: Call) -> None:
    assert call(GROUP, scene.vault) is None
    assert scene.is_gone("backup_vaults", scene.vault)


# ---------------------------------------------------------------- what is not offered for disks

Arguments = tuple[Any, ...]

NOT_OFFERED: dict[str, Arguments] = {
    "backup_instances.begin_trigger_rehydrate": (GROUP, "vault", "instance", {}),
}


# ---------------------------------------------------------------- the tests


@pytest.fixture(scope="module")
def scenes(guarded: LocalTarget) -> Iterator[dict[str, Scene]]:
    opened = {kind: Scene(kind, guarded.endpoints) for kind in KINDS}
    yield opened
    for scene in opened.values():
        scene.sdk.close()


@pytest.fixture(scope="module")
def walks(scenes: dict[str, Scene]) -> dict[str, dict[str, Outcome]]:
    """What every step came to, by kind of client and step; both clients walk at the same time."""
    with ThreadPoolExecutor(len(scenes)) as threads:
        outcomes = threads.map(lambda scene: walk(scene.sdk, scene, STEPS), scenes.values())
        return dict(zip(scenes, outcomes, strict=True))


@pytest.mark.parametrize("each", STEPS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_the_method_works_and_its_poller_sleeps_briefly(
    walks: dict[str, dict[str, Outcome]], kind: str, each: Step
) -> None:
    outcome = walks[kind][str(each)]
    if outcome.error is not None:
        raise outcome.error
    assert outcome.calls, "the step has not called its method"
    assert max(max(called.sleeps, default=0.0) for called in outcome.calls) <= LONGEST_SLEEP
    assert max(called.seconds for called in outcome.calls) < CALL_SECONDS


@pytest.mark.parametrize("method", NOT_OFFERED)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_offered_for_disks_is_refused_at_once_and_says_so(
    scenes: dict[str, Scene], kind: str, method: str
) -> None:
    sdk = scenes[kind].sdk
    error = refused(sdk, method, *NOT_OFFERED[method])
    assert error.code == "OperationNotSupported"
    assert str(error.message).startswith("Not offered for managed disks: ")
    called = sdk.journal.calls[-1]
    assert (called.method, called.sleeps) == (method, ())
    assert called.seconds < CALL_SECONDS


@pytest.mark.parametrize("kind", KINDS)
def test_no_method_of_the_client_is_forgotten(kind: str) -> None:
    offered = {each.method for each in STEPS}
    assert not offered & set(NOT_OFFERED)
    assert methods_of(unused_client(kind)) == offered | set(NOT_OFFERED)


def test_the_pauses_of_both_clients_were_seen(scenes: dict[str, Scene], walks: dict[str, dict[str, Outcome]]) -> None:
    """Else their being short would say nothing."""
    for scene in scenes.values():
        assert scene.sdk.journal.sleeps
        assert max(scene.sdk.journal.sleeps) <= LONGEST_SLEEP

"""Request bodies as Azure's clients send them, and the paths they go to."""

from __future__ import annotations

from typing import Any

from tests.builders import SNAPSHOT_GROUP, SUBSCRIPTION, TARGET_GROUP, VAULT, disk_id, policy_properties

GROUP_PATH = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{VAULT.group}/providers/Microsoft.DataProtection"
VAULT_PATH = VAULT.resource_id
POLICY_PATH = f"{VAULT_PATH}/backupPolicies/policy-1"
RULE_PATH = f"{VAULT_PATH}/protectionRules/rule-1"
PLAN_PATH = f"{VAULT_PATH}/restoreTestPlans/plan-1"
COPY_RULE_PATH = f"{VAULT_PATH}/copyRules/north"
INSTANCE_PATH = f"{VAULT_PATH}/backupInstances/instance-1"


def vault_body(**changes: Any) -> dict[str, Any]:
    body = {
        "location": "westeurope",
        "identity": {"type": "SystemAssigned"},
        "tags": {"Team": "Storage"},
        "properties": {
            "storageSettings": [{"datastoreType": "OperationalStore", "type": "LocallyRedundant"}],
            "securitySettings": {"softDeleteSettings": {"state": "On", "retentionDurationInDays": 14.0}},
        },
    }
    return body | changes


def copy_rule_body(**changes: Any) -> dict[str, Any]:
    body = {
        "policyId": POLICY_PATH,
        "targetLocation": "northeurope",
        "snapshotResourceGroupId": TARGET_GROUP.text,
        "retentions": [{"tagName": "Default", "duration": "P30D"}],
    }
    return {"properties": body | changes}


def elsewhere_body(point_id: str = "latest", **changes: Any) -> dict[str, Any]:
    """A restore from a copy, as Azure's request for another region has it."""
    request = restore_body(point_id, **{"restoreLocation": "northeurope"} | changes)
    details = {"sourceBackupInstanceId": INSTANCE_PATH, "sourceRegion": "westeurope"}
    return {"restoreRequestObject": request, "crossRegionRestoreDetails": details}


def hard_deleting(body: dict[str, Any]) -> dict[str, Any]:
    """The vault's body with soft delete off."""
    security = {"softDeleteSettings": {"state": "Off", "retentionDurationInDays": 14.0}}
    return {**body, "properties": {**body["properties"], "securitySettings": security}}


def policy_body(**properties: Any) -> dict[str, Any]:
    return {"properties": {"name": "named by its URL", **policy_properties(**properties)}}


def instance_body(
    disk: str | None = None, *, policy: str = "policy-1", group: str = SNAPSHOT_GROUP.text, **changes: Any
) -> dict[str, Any]:
    disk = disk or disk_id()
    name = disk.rsplit("/", 1)[1]
    return {
        "tags": {"Owner": "ops"},
        "properties": {
            "friendlyName": name,
            "objectType": "BackupInstance",
            "dataSourceInfo": {
                "objectType": "Datasource",
                "datasourceType": "Microsoft.Compute/disks",
                "resourceID": disk,
                "resourceLocation": "westeurope",
                "resourceName": name,
                "resourceType": "Microsoft.Compute/disks",
                "resourceUri": disk,
            },
            "policyInfo": {
                "policyId": f"{VAULT_PATH}/backupPolicies/{policy}",
                "policyParameters": {
                    "dataStoreParametersList": [
                        {
                            "objectType": "AzureOperationalStoreParameters",
                            "dataStoreType": "OperationalStore",
                            "resourceGroupId": group,
                        }
                    ]
                },
            },
            **changes,
        },
    }


def plan_body(**properties: Any) -> dict[str, Any]:
    wanted = {
        "backupInstances": ["instance-1"],
        "schedule": {"repeatingTimeIntervals": ["R/2026-03-02T12:30:00+00:00/P1W"], "timeZone": "UTC"},
        "targetResourceGroupId": TARGET_GROUP.text,
    }
    return {"properties": wanted | properties}


def rule_body(**properties: Any) -> dict[str, Any]:
    wanted = {
        "scope": f"/subscriptions/{SUBSCRIPTION}",
        "tagConditions": [{"name": "backup", "values": ["daily"]}],
        "policyId": POLICY_PATH,
        "snapshotResourceGroupId": SNAPSHOT_GROUP.text,
        "priority": 100,
    }
    return {"properties": wanted | properties}


def backup_body(rule: str = "BackupHourly", tag: str | None = None) -> dict[str, Any]:
    return {"backupRuleOptions": {"ruleName": rule, "triggerOption": {"retentionTagOverride": tag} if tag else {}}}


def restore_body(point_id: str, *, target: str | None = None, **target_info: Any) -> dict[str, Any]:
    target = target or disk_id("restored-1", TARGET_GROUP)
    return {
        "objectType": "AzureBackupRecoveryPointBasedRestoreRequest",
        "sourceDataStoreType": "OperationalStore",
        "recoveryPointId": point_id,
        "restoreTargetInfo": {
            "objectType": "RestoreTargetInfo",
            "recoveryOption": "FailIfExists",
            "restoreLocation": "westeurope",
            "datasourceInfo": {
                "objectType": "Datasource",
                "datasourceType": "Microsoft.Compute/disks",
                "resourceID": target,
                "resourceLocation": "westeurope",
                "resourceName": target.rsplit("/", 1)[1],
                "resourceType": "Microsoft.Compute/disks",
                "resourceUri": target,
            },
            **target_info,
        },
    }


def together_body(*names: str, **more: Any) -> dict[str, Any]:
    """Of each instance its disk, under its name and `-again`."""
    restores = [
        {
            "backupInstanceName": name,
            "restoreTargetInfo": restore_body("", target=disk_id(f"{name}-again", TARGET_GROUP))["restoreTargetInfo"],
        }
        for name in names or ("instance-1",)
    ]
    return {"recoveryPointTime": "2036-01-01T00:00:00Z", "restores": restores, **more}


def disk_path(name: str = "disk-1") -> str:
    return f"{disk_id(name)}/providers/Microsoft.DataProtection/backupInstances"

"""What demo and walk ask of the product, as Azure Backup's API words it: policies, instances, restores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

RULE = "BackupRule"
_STORE = {"dataStoreType": "OperationalStore", "objectType": "DataStoreInfoBase"}
_VAULT_BODY: dict[str, Any] = {
    "location": "westeurope",
    "properties": {"storageSettings": [{"datastoreType": "OperationalStore", "type": "LocallyRedundant"}]},
}


def vault(*, soft_delete: str = "On") -> dict[str, Any]:
    security = {"softDeleteSettings": {"state": soft_delete, "retentionDurationInDays": 14.0}}
    return {**_VAULT_BODY, "properties": {**_VAULT_BODY["properties"], "securitySettings": security}}


def policy(
    interval: str,
    retention: str,
    tags: Mapping[str, tuple[str, str]] | None = None,
    *,
    rule: str = RULE,
    start: str = "2026-01-01T00:00:00+00:00",
) -> dict[str, Any]:
    """One backup rule every `interval` from `start` on; `tags` maps a tag to its criterion and retention (Daily:
    FirstOfDay, P7D)."""
    chosen = dict(tags or {})
    criteria: list[dict[str, Any]] = [
        {
            "isDefault": False,
            "taggingPriority": 20 + place,
            "tagInfo": {"id": f"{tag}_", "tagName": tag},
            "criteria": [{"objectType": "ScheduleBasedBackupCriteria", "absoluteCriteria": [criterion]}],
        }
        for place, (tag, (criterion, _)) in enumerate(chosen.items())
    ]
    default = {"isDefault": True, "taggingPriority": 99, "tagInfo": {"id": "Default_", "tagName": "Default"}}
    schedule = {"repeatingTimeIntervals": [f"R/{start}/{interval}"], "timeZone": "UTC"}
    backup_rule = {
        "objectType": "AzureBackupRule",
        "name": rule,
        "backupParameters": {"objectType": "AzureBackupParams", "backupType": "Incremental"},
        "dataStore": _STORE,
        "trigger": {
            "objectType": "ScheduleBasedTriggerContext",
            "schedule": schedule,
            "taggingCriteria": [*criteria, default],
        },
    }
    kept = {"Default": retention, **{tag: duration for tag, (_, duration) in chosen.items()}}
    rules = [backup_rule, *(_retention_rule(tag, duration) for tag, duration in kept.items())]
    return {
        "properties": {
            "objectType": "BackupPolicy",
            "datasourceTypes": ["Microsoft.Compute/disks"],
            "policyRules": rules,
        }
    }


def _retention_rule(tag: str, duration: str) -> dict[str, Any]:
    lifecycle = {"deleteAfter": {"objectType": "AbsoluteDeleteOption", "duration": duration}, "sourceDataStore": _STORE}
    return {"objectType": "AzureRetentionRule", "name": tag, "isDefault": tag == "Default", "lifecycles": [lifecycle]}


def instance(disk: Mapping[str, Any], policy_id: str, group: str = "") -> dict[str, Any]:
    """Protection of `disk`; its snapshots go to `group`, or to that of its own subscription and region."""
    subscription = str(disk["id"]).split("/")[2]
    group = group or f"/subscriptions/{subscription}/resourceGroups/snapshots-{disk['location']}"
    store = {
        "objectType": "AzureOperationalStoreParameters",
        "dataStoreType": "OperationalStore",
        "resourceGroupId": group,
    }
    return {
        "properties": {
            "objectType": "BackupInstance",
            "friendlyName": disk["name"],
            "dataSourceInfo": datasource(disk["id"], disk["location"]),
            "policyInfo": {"policyId": policy_id, "policyParameters": {"dataStoreParametersList": [store]}},
        }
    }


def datasource(disk_id: str, location: str) -> dict[str, Any]:
    return {
        "objectType": "Datasource",
        "datasourceType": "Microsoft.Compute/disks",
        "resourceID": disk_id,
        "resourceName": disk_id.rsplit("/", 1)[1],
        "resourceType": "Microsoft.Compute/disks",
        "resourceUri": disk_id,
        "resourceLocation": location,
    }


def on_demand() -> dict[str, Any]:
    return {"backupRuleOptions": {"ruleName": RULE, "triggerOption": {}}}


def restore(point_id: str, target_id: str, location: str) -> dict[str, Any]:
    return {
        "objectType": "AzureBackupRecoveryPointBasedRestoreRequest",
        "recoveryPointId": point_id,
        "sourceDataStoreType": "OperationalStore",
        "restoreTargetInfo": {
            "objectType": "RestoreTargetInfo",
            "recoveryOption": "FailIfExists",
            "restoreLocation": location,
            "datasourceInfo": datasource(target_id, location),
        },
    }

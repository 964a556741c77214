"""Vaults, instances and jobs as rows of Azure Resource Graph: types in small letters, columns that are null where the
resource has no such thing, lengths of time as .NET writes them (all recorded).

Leaves to others: which rows are asked for (graph_query.py), how many at a time (resource_graph.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from backup_core.api import instances, jobs, vaults
from backup_core.api.graph_query import Table
from backup_core.api.wire import clock_duration
from backup_core.domain.instance import BackupInstance, ProtectionState
from backup_core.domain.job import Job, JobOperation
from backup_core.domain.objective import longest_gap
from backup_core.domain.resource_ids import DISK, VAULT, VaultKey, plain_location
from backup_core.domain.vault import Vault
from backup_core.ports import Ports
from backup_core.workflows import catalogue

NEVER = "0001-01-01T00:00:00.0000000Z"
_UNKNOWN = "-10675199.02:48:05.4775808"  # .NET's shortest TimeSpan
_BASE = (
    *("id", "name", "type", "tenantId", "kind", "location", "resourceGroup", "subscriptionId", "managedBy"),
    *("sku", "plan", "properties", "tags", "identity", "zones", "extendedLocation"),
)
COLUMNS: Mapping[Table, tuple[str, ...]] = {
    Table.VAULTS: _BASE,
    Table.INSTANCES: (*_BASE, "vaultName", "protectionState", "datasourceId"),
    Table.JOBS: (*_BASE, "vaultName", "status", "operation", "datasourceId"),
}
OBJECTS = frozenset({"sku", "plan", "properties", "tags", "identity", "zones", "extendedLocation"})
# What may be done in each state, in Azure's words (recorded of a protected one); the others allow nothing.
_ALLOWED: Mapping[ProtectionState, tuple[str, ...]] = {
    ProtectionState.CONFIGURED: ("BackupNow", "Restore", "ChangePolicy", "StopBackup", "Delete"),
    ProtectionState.UPDATING: ("BackupNow", "Restore", "ChangePolicy", "StopBackup", "Delete"),
    ProtectionState.STOPPED: ("Restore", "Delete"),
    ProtectionState.SUSPENDED: ("Restore", "Delete"),
    ProtectionState.ERROR: ("Delete",),
}
_SOURCE_UNSAID = {
    "resourceLocation": None,
    "datasourceType": DISK,
    "objectType": None,
    "resourceID": None,
    "resourceType": DISK,
    "resourceProperties": None,
    "resourceName": None,
    "resourceUri": "",
    "baseUri": None,
}
_INSTANCE_UNSAID = (
    *("resourceGuardOperationRequests", "datasourceAuthCredentials", "protectionErrorDetails"),
    *("dataSourceProperties", "identityDetails", "validationType"),
)


def of_vault(ports: Ports, vault: Vault, *, is_guarded: bool) -> dict[str, Any]:
    shown = vaults.render(ports, vault, is_guarded=is_guarded)
    properties = dict(shown["properties"])
    security = dict(properties["securitySettings"])
    soft_delete = security.get("softDeleteSettings", {})
    if soft_delete.get("state") == "Off":  # a time that counts for nothing is none (recorded)
        security["softDeleteSettings"] = {**soft_delete, "retentionDurationInDays": 0.0}
        properties["securitySettings"] = security
    own = {"tags": shown.get("tags"), "identity": shown.get("identity"), "location": vault.location}
    # Azure itself spells the type with a capital letter here (recorded).
    id_ = vault.key.resource_id.replace("/backupVaults/", "/BackupVaults/")
    return _row(ports, vault.key, id_, VAULT, properties) | own


def of_instance(ports: Ports, vault: Vault, instance: BackupInstance) -> dict[str, Any]:
    shown = instances.render(vault.key, instance)
    properties = dict.fromkeys(_INSTANCE_UNSAID) | shown["properties"]
    source = _SOURCE_UNSAID | {"resourceName": instance.disk_id.rpartition("/")[2]} | properties["dataSourceInfo"]
    policy = properties["policyInfo"]
    parameters = {"backupDatasourceParametersList": None, "tags": None, **policy["policyParameters"]}
    properties |= {
        "protectionStatus": {"errorDetails": None, **properties["protectionStatus"]},
        "dataSourceSetInfo": {**source, "objectType": "DatasourceSet"},
        "dataSourceInfo": source,
        "policyInfo": {**policy, "policyParameters": parameters, "policyVersion": None},
        "backupInstanceExtendedProperties": _extended(vault, instance),
    }
    row = _row(ports, vault.key, shown["id"], instances.TYPE, properties)
    return row | {
        "location": instance.disk_location,
        "tags": shown.get("tags"),
        "vaultName": vault.key.name,
        "protectionState": properties["currentProtectionState"],
        "datasourceId": instance.disk_id,
    }


def _extended(vault: Vault, instance: BackupInstance) -> dict[str, Any]:
    """The times of recovery points are left untold, as Azure leaves them for disks that have some (recorded)."""
    every = longest_gap(instance.policy.schedule, instance.created_at.year)
    copied_to = _copied_to(instance)
    kept = max(rule.duration.approximate_seconds for rule in instance.policy.retention_rules)
    return {
        "allowedOperations": list(_ALLOWED.get(instance.state, ())),
        "protectionStateInSecondaryRegion": "ProtectionConfigured" if copied_to else "NotProtected",
        "protectedPrimaryRegion": vault.location,
        "vaultId": vault.key.resource_id,
        "protectedSecondaryRegion": copied_to,
        "dataSourceExtendedInfo": {"dataSourceId": instance.friendly_name},
        "policyExtendedInfo": {
            "configuredRPGenerationFrequencyInSecondaryRegion": _UNKNOWN,
            "configuredMaximumRetentionInSecondaryRegion": _UNKNOWN,
            "rpoWarningThresholdInSecondaryRegion": _UNKNOWN,
            "rpoWarningThresholdInPrimaryRegion": clock_duration(every * 3 / 2),
            "configuredRPGenerationFrequency": clock_duration(every),
            "configuredMaximumRetention": clock_duration(timedelta(seconds=kept)),
        },
        "recoveryPointInfo": dict.fromkeys(
            (
                "oldestRecoveryPointInSecondaryRegion",
                "latestRecoveryPointInSecondaryRegion",
                "latestRecoveryPointInPrimaryRegion",
                "oldestRecoveryPointInPrimaryRegion",
            ),
            NEVER,
        ),
    }


def _copied_to(instance: BackupInstance) -> str:
    """The region that `az dataprotection` restores in for `--use-secondary-region`: it knows of one. Of several, the
    first by name that has a whole copy."""
    known = sorted((each.newest_at is None, plain_location(each.location)) for each in instance.copy_standings)
    return known[0][1] if known else ""


def of_job(ports: Ports, vault: Vault, job: Job) -> dict[str, Any]:
    shown = jobs.render_in_list(vault.key, job)
    properties = shown["properties"]
    told = properties["extendedInfo"]
    if told["targetRecoverPoint"] is not None:
        told["targetRecoverPoint"]["recoveryPointTime"] = NEVER
    row = _row(ports, vault.key, shown["id"], jobs.TYPE, properties)
    return row | {
        "vaultName": vault.key.name,
        "status": properties["status"],
        "operation": _operation(job),
        "datasourceId": job.disk_id,
    }


def _operation(job: Job) -> str:
    """What the query's `case` makes of a job."""
    by = ("OnDemand" if job.user_triggered else "Scheduled") if job.operation is JobOperation.BACKUP else ""
    return f"{by}{job.operation.value}"


def _row(ports: Ports, vault: VaultKey, id_: str, type_: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    return dict.fromkeys(_BASE) | {
        "id": id_,
        "name": id_.rpartition("/")[2],
        "type": type_.lower(),
        "tenantId": catalogue.find_identity(ports).tenant_id,
        "kind": "",
        "location": "",
        "resourceGroup": vault.group,
        "subscriptionId": vault.subscription,
        "managedBy": "",
        "properties": properties,
    }

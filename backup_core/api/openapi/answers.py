"""Schemas of what is answered: every field that an endpoint writes, and none besides (a test holds them to it).

Leaves to others: what clients send (bodies.py), and which endpoint answers what (routes.py).
"""

from __future__ import annotations

from typing import Any

from backup_core.api.guards import EXCLUSIONS
from backup_core.api.openapi import bodies
from backup_core.api.openapi.schema import (
    NULL,
    TEXT,
    TIME,
    Schema,
    all_of,
    answered,
    list_of,
    object_of,
    one_of,
    optional,
    ref,
)
from backup_core.domain.adoption_rule import SnapshotAction
from backup_core.domain.alert import AlertState
from backup_core.domain.audit import Outcome
from backup_core.domain.copying import CopyState
from backup_core.domain.events import Severity
from backup_core.domain.guard import OPERATIONS
from backup_core.domain.heartbeat import ALLOWED
from backup_core.domain.importing import InstanceAction, PointAction, PolicyAction
from backup_core.domain.instance import MISSED_SLOTS_KEPT, ProtectionState
from backup_core.domain.job import JobOperation, JobStatus
from backup_core.domain.objective import ObjectiveState
from backup_core.domain.protection_gaps import GapKind
from backup_core.domain.protection_rule import Action
from backup_core.domain.recovery_point import PointState

_NULL_TEXT = optional(TEXT)
_FLAG: Schema = {"type": "boolean"}
_NUMBER: Schema = {"type": "integer"}
_DECIMAL: Schema = {"type": "number"}
_OBJECTIVE_STATE = one_of([state.value for state in ObjectiveState])
_PAGED = (
    "BackupVaultResource",
    "BaseBackupPolicyResource",
    "BackupInstanceResource",
    "DeletedBackupInstanceResource",
    "AzureBackupRecoveryPointResource",
    "AuditRecord",
    "BackupAlert",
    "RefusedEvent",
    "ProtectionRule",
    "RestoreTestPlan",
    "GenericResource",
    "BackupInstanceStanding",
    "ResourceGuardResource",
    "RecoveryPointCopy",
)
_WHOLE = (
    *("Subscription", "BackupInstanceResource", "Tenant", "Provider", "LegalHold", "CopyRule"),
    *("AzureBackupRecoveryPointResource", "AzureBackupJobResource"),
)


def schemas() -> dict[str, Schema]:
    """Every answer by its name: Azure's, where Azure has it."""
    return {
        "BackupVaultResource": _resource(_vault(), tags=True, location=True),
        "DeletedBackupVaultList": all_of({"value": list_of({}, at_most=0)}),
        "CheckNameAvailabilityResult": _name_availability(),
        "BaseBackupPolicyResource": _resource(answered(bodies.policy_properties())),
        "BackupInstanceResource": _resource(_instance("BackupInstance"), tags=True),
        "DeletedBackupInstanceResource": _resource(_deleted_instance()),
        "AzureBackupRecoveryPointResource": _resource(_point()),
        "AzureBackupFindRestorableTimeRangesResponseResource": _time_ranges(),
        "AzureBackupJobResource": _resource(_job()),
        "AzureBackupJobResourceList": all_of(
            {"value": list_of(ref("AzureBackupJobResource")), "nextLink": optional(_link())}
        ),
        "AuditRecord": _resource(_audit_record()),
        "BackupAlert": _resource(_alert()),
        "RefusedEvent": _resource(_refused_event()),
        "PolicyPreview": _policy_preview(),
        "PolicyChangePreview": _change_preview(),
        "CostEstimate": _cost_estimate(),
        "QuotaForecast": _quota_forecast(),
        "UnprotectedDiskList": _unprotected_disks(),
        "ProtectionGapList": _protection_gaps(),
        "ImportDryRun": _import_dry_run(),
        "RestoreTogetherPreview": _restore_together_preview(),
        "AdoptionDryRun": _adoption_dry_run(),
        "SwapDisksPreview": _swap_preview(),
        "ProtectionRule": _resource(_rule()),
        "RestoreTestPlan": _resource(_test_plan()),
        "RestoreTestEstimate": _test_estimate(),
        "RestoreTestRun": all_of({"jobIds": list_of(TEXT)}),
        "LegalHold": _resource(_legal_hold()),
        "DeletionBrake": _resource(_brake()),
        "CopyRule": _resource(_copy_rule()),
        "RecoveryPointCopy": _resource(_point_copy()),
        "ProtectionRuleDryRun": all_of({"value": list_of(_rule_decision()), "left": _NUMBER}),
        "SignOfLife": all_of({"status": one_of(("ok", "stalled"))}),
        "Health": _resource(_health()),
        "BackupInstanceStanding": _standing(),
        "StorageHistory": _storage_history(),
        "ComplianceReport": _compliance_report(),
        "OperationResource": _operation(),
        "OperationJobExtendedInfo": _job_reference(),
        "ClientDiscovery": _provider_operations(),
        "FeatureValidationResponse": _features(),
        "Subscription": _subscription(),
        "Tenant": all_of(dict.fromkeys(("id", "tenantId", "tenantCategory"), TEXT)),
        "Provider": _provider(),
        "GenericResource": _generic(),
        "TagsResource": all_of(
            {**dict.fromkeys(("id", "name", "type"), TEXT), "properties": all_of({"tags": answered(bodies.tags())})}
        ),
        "QueryResponse": _query_response(),
        "ResourceGuardResource": _guard(),
        "DppBaseResource": all_of(dict.fromkeys(("id", "name", "type"), TEXT)),
        "DppBaseResourceList": all_of({"value": list_of(ref("DppBaseResource"), at_least=1, at_most=1)}),
        "ResourceGuardProxyBaseResource": _resource(_guard_proxy()),
        "ResourceGuardProxyBaseResourceList": all_of(
            {"value": list_of(ref("ResourceGuardProxyBaseResource"), at_most=1)}
        ),
        "UnlockDeleteResponse": all_of({"unlockDeleteExpiryTime": TIME}),
        "Nothing": {"type": "object", "maxProperties": 0},
        **{f"{name}List": _page(name) for name in _PAGED},
        **{f"All{name}List": all_of({"value": list_of(ref(name))}) for name in _WHOLE},
        "CloudError": all_of({"error": ref("Error")}),
        "Error": _error(),
        "ErrorDetail": all_of({"code": TEXT, "message": TEXT, "target": _NULL_TEXT}),
        "UserFacingError": _user_facing(),
        "OpenApi": all_of({"openapi": TEXT, "info": {"type": "object"}, "paths": {"type": "object"}}),
    }


def _page(name: str) -> Schema:
    return object_of({"value": list_of(ref(name)), "nextLink": _link()}, required=("value",))


def _link() -> Schema:
    return {"type": "string", "format": "uri"}


def _resource(properties: Schema, *, tags: bool = False, location: bool = False) -> Schema:
    fields: dict[str, Schema] = {"properties": properties, "id": TEXT, "name": TEXT, "type": TEXT}
    needed = [*fields, *(("location",) if location else ())]
    if location:
        fields |= {"location": TEXT, "identity": _identity()}
    return object_of(fields | ({"tags": answered(bodies.tags())} if tags else {}), required=needed)


# ---------------------------------------------------------------- vaults


def _vault() -> Schema:
    settings = answered(bodies.vault_settings())["properties"]
    own: dict[str, Schema] = {
        "provisioningState": one_of(("Succeeded", "Provisioning", "Updating")),
        "isVaultProtectedByResourceGuard": _FLAG,
        "secureScore": one_of(("None", "Minimum", "Adequate", "Maximum")),
        "bcdrSecurityLevel": one_of(("Poor", "Fair", "Good", "Excellent")),
        "replicatedRegions": list_of(TEXT),
    }
    pending = all_of({"effectiveTime": TIME, "changes": list_of(TEXT)})
    fields = {**settings, **own, "pendingWeakening": pending}
    return object_of(fields, required=(*own, "securitySettings"))


def _guard() -> Schema:
    operation = all_of(dict.fromkeys(("vaultCriticalOperation", "requestResourceType"), TEXT))
    properties: dict[str, Schema] = {
        "provisioningState": one_of(("Succeeded",)),
        "resourceGuardOperations": list_of(operation, at_least=1),
        EXCLUSIONS: list_of(one_of(OPERATIONS)),
        "allowAutoApprovals": _FLAG,
    }
    needed = {"properties": all_of(properties), **dict.fromkeys(("id", "name", "type", "location"), TEXT)}
    return object_of({**needed, "tags": answered(bodies.tags())}, required=needed)


def _guard_proxy() -> Schema:
    detail = all_of(dict.fromkeys(("vaultCriticalOperation", "defaultResourceRequest"), TEXT))
    return all_of(
        {
            "resourceGuardResourceId": TEXT,
            "resourceGuardOperationDetails": list_of(detail, at_least=1),
            "lastUpdatedTime": TIME,
        }
    )


def _identity() -> Schema:
    identity: Schema = answered(bodies.identity())
    ids: Schema = {"type": "object", "properties": {"clientId": TEXT, "principalId": TEXT}}
    named = {"type": "object", "additionalProperties": ids}
    identity["properties"] |= {"userAssignedIdentities": named, "principalId": TEXT, "tenantId": TEXT}
    return identity


def _name_availability() -> Schema:
    reason = optional(one_of(("Invalid", "AlreadyExists")))
    return all_of({"nameAvailable": _FLAG, "reason": reason, "message": _NULL_TEXT})


# ---------------------------------------------------------------- instances


def _instance(kind: str, **more: Schema) -> Schema:
    error = ref("UserFacingError")
    fields: dict[str, Schema] = {
        **more,
        "friendlyName": TEXT,
        "dataSourceInfo": answered(bodies.data_source()),
        "policyInfo": answered(bodies.policy_info()),
        "identityDetails": answered(bodies.identity_details()),
        "protectionStatus": object_of(
            {"status": one_of(_protection_words()), "errorDetails": error}, required=("status",)
        ),
        "protectionErrorDetails": error,
        "currentProtectionState": one_of([state.value for state in ProtectionState]),
        "provisioningState": one_of(("Succeeded", "Provisioning", "Failed", "Deleting")),
        "missedSlots": list_of(all_of({"slot": TIME, "reason": TEXT}), at_most=MISSED_SLOTS_KEPT),
        "missedSlotCount": _NUMBER,
        "objectType": one_of((kind,)),
    }
    seldom = {"protectionErrorDetails", "identityDetails", "missedSlots", "missedSlotCount"}
    return object_of(fields, required=fields.keys() - seldom)


def _protection_words() -> list[str]:
    """A failed configuration is called otherwise here than as a state (specification)."""
    return [state.value for state in ProtectionState if state is not ProtectionState.ERROR] + [
        "ConfiguringProtectionFailed"
    ]


def _deleted_instance() -> Schema:
    """What was wrong with it is over with its deletion."""
    times = dict.fromkeys(("deletionTime", "billingEndDate", "scheduledPurgeTime"), TIME)
    schema = _instance("DeletedBackupInstance", deletionInfo=all_of(times | {"deleteActivityID": TEXT}))
    del schema["properties"]["protectionErrorDetails"]
    del schema["properties"]["protectionStatus"]["properties"]["errorDetails"]
    return schema


# ---------------------------------------------------------------- previews


def _policy_preview() -> Schema:
    slot = {"time": TIME, "localTime": TIME, "clockChange": _NULL_TEXT}
    kept = {**_kept_point(), "retentionTagReason": TEXT}
    date = {"time": TIME, "count": _NUMBER, "recoveryPoints": list_of(all_of(kept))}
    return all_of(
        {
            "policyName": TEXT,
            "timeZone": TEXT,
            "startTime": TIME,
            "endTime": TIME,
            "slots": list_of(all_of(slot)),
            "slotCount": _NUMBER,
            "tags": list_of(all_of({"tagName": TEXT, "count": _NUMBER, "duration": TEXT})),
            "dates": list_of(all_of(date)),
            "peak": all_of({"count": _NUMBER, "time": optional(TIME)}),
            "limits": _limits(),
            "slotsTooCloseForAzure": _NUMBER,
            "slotsTooCloseForBackgroundCopies": _NUMBER,
            "assumptions": list_of(TEXT),
            "faults": list_of(ref("ErrorDetail")),
        }
    )


def _kept_point() -> dict[str, Schema]:
    return {
        "recoveryPointTime": TIME,
        "retentionTagName": TEXT,
        "expiryTime": optional(TIME),
        "reasons": list_of(TEXT),
    }


def _limits() -> Schema:
    return list_of(all_of({"limit": _NUMBER, "of": TEXT, "exceededOn": optional(TIME)}))


def _change_preview() -> Schema:
    ends = ("goesBefore", "goesAfter")
    moved = {"name": TEXT, **_kept_point(), **dict.fromkeys(ends, optional(TIME))}
    told = {
        "backupInstanceId": TEXT,
        "newestRecoveryPoint": optional(
            all_of({"recoveryPointTime": TIME, **dict.fromkeys(ends, optional(TIME)), "reason": TEXT})
        ),
        "shortenedRetention": list_of(TEXT),
        "counts": list_of(all_of({"time": TIME, "before": _NUMBER, "after": _NUMBER})),
        "limits": _limits(),
    }
    instance = object_of({**told, "recoveryPoints": list_of(all_of(moved))}, required=told)
    needed = {"value": list_of(instance), "assumptions": list_of(TEXT), "faults": list_of(ref("ErrorDetail"))}
    return object_of({**needed, "nextLink": _link()}, required=needed)


def _quota_forecast() -> Schema:
    limit = {"of": TEXT, "limit": _NUMBER, "current": optional(_NUMBER), "most": _NUMBER, "exceededOn": optional(TIME)}
    disk = {
        **dict.fromkeys(("backupInstanceId", "dataSourceId"), _NULL_TEXT),
        "of": TEXT,
        "limit": _NUMBER,
        "exceededOn": TIME,
    }
    return all_of(
        {
            **dict.fromkeys(("subscriptionId", "location"), TEXT),
            **dict.fromkeys(("startTime", "endTime"), TIME),
            **dict.fromkeys(("backupInstances", "recoveryPoints", "disksThatReachALimit"), _NUMBER),
            "limits": list_of(all_of(limit)),
            "worstMinute": all_of({"time": optional(TIME), "backups": _NUMBER, "lastBeginsAfterSeconds": _NUMBER}),
            "copiesFromOtherRegions": all_of(
                {
                    **dict.fromkeys(("recoveryPointCopies", "mostDueInADay", "canBeMadeInADay"), _NUMBER),
                    "fallBehindOn": optional(TIME),
                }
            ),
            "firstDisks": list_of(all_of(disk)),
            **dict.fromkeys(("assumptions", "unknown"), list_of(TEXT)),
        }
    )


def _cost_estimate() -> Schema:
    between = all_of({"least": _DECIMAL, "estimate": optional(_DECIMAL), "most": _DECIMAL})
    held = {"gibMonths": between, "cost": optional(between)}
    read = dict.fromkeys(("readOn", "origin"), _NULL_TEXT)
    part = {"of": TEXT, "count": _NUMBER, "price": optional(_DECIMAL), "for": optional(_NUMBER), **read}
    control = {
        **dict.fromkeys(("backups", "expiredRecoveryPoints", "armCalls", "memoryMB"), _NUMBER),
        **dict.fromkeys(("countedOn", "currency"), TEXT),
        "parts": list_of(all_of({**part, "cost": optional(_DECIMAL)})),
        "cost": optional(_DECIMAL),
    }
    course: dict[str, Schema] = {
        "dates": list_of(all_of({"time": TIME, "recoveryPoints": _NUMBER, "gib": between})),
        "months": list_of(all_of({**dict.fromkeys(("startTime", "endTime"), TIME), **held})),
        "total": all_of(held),
        "price": all_of({**dict.fromkeys(("redundancy", "currency"), TEXT), "perGibMonth": optional(_DECIMAL), **read}),
    }
    copies: dict[str, Schema] = {
        "copyRuleName": _NULL_TEXT,
        "location": TEXT,
        "recoveryPointCopies": _NUMBER,
        **course,
        "transfer": all_of({"gib": between, "cost": optional(between), "perGib": optional(_DECIMAL), **read}),
    }
    day = {"day": TEXT, "gibMonths": _DECIMAL, "cost": _DECIMAL}
    billed = {
        **dict.fromkeys(("from", "to"), TEXT),
        **dict.fromkeys(("gibMonths", "cost"), _DECIMAL),
        "currency": _NULL_TEXT,
        "days": list_of(all_of(day)),
        "askedTime": TIME,
    }
    return all_of(
        {
            "billed": optional(all_of(billed)),
            **dict.fromkeys(("policyName", "location"), TEXT),
            "backupInstanceId": _NULL_TEXT,
            **dict.fromkeys(("disks", "recoveryPoints"), _NUMBER),
            **dict.fromkeys(("startTime", "endTime"), TIME),
            "inputs": list_of(all_of({"name": TEXT, "value": optional(_NUMBER), "source": TEXT})),
            **course,
            "copies": list_of(all_of(copies)),
            "longerAtHome": all_of(held),
            "controlPlane": all_of(control),
            **dict.fromkeys(("formula", "assumptions", "unknown"), list_of(TEXT)),
            "faults": list_of(ref("ErrorDetail")),
        }
    )


# ---------------------------------------------------------------- what is not protected


def _unprotected_disks() -> Schema:
    disk = {
        **dict.fromkeys(("dataSourceId", "location", "sku", "reason"), TEXT),
        "sizeBytes": _NUMBER,
        **dict.fromkeys(("lastOwnershipUpdateTime", "backupInstanceId"), _NULL_TEXT),
    }
    needed = {
        "value": list_of(all_of(disk)),
        **dict.fromkeys(("count", "sizeBytes"), _NUMBER),
        "unknown": list_of(TEXT),
    }
    return object_of({**needed, "nextLink": _link()}, required=needed)


def _protection_gaps() -> Schema:
    gap = all_of({"kind": one_of([kind.value for kind in GapKind]), "reason": TEXT})
    told = {
        **dict.fromkeys(("backupInstanceId", "dataSourceId"), TEXT),
        "recoveryPoints": _NUMBER,
        "gaps": list_of(gap, at_least=1),
    }
    return object_of({"value": list_of(all_of(told)), "nextLink": _link()}, required=("value",))


def _restore_together_preview() -> Schema:
    spread = {"oldestRecoveryPointTime": optional(TIME), "newestRecoveryPointTime": optional(TIME), "apart": TEXT}
    one = {
        "backupInstanceId": TEXT,
        "targetDiskId": TEXT,
        **dict.fromkeys(("dataSourceId", "recoveryPointId"), _NULL_TEXT),
        "recoveryPointTime": optional(TIME),
        "restoreLocation": _NULL_TEXT,
    }
    machine = {"virtualMachineId": TEXT, "diskCount": _NUMBER, **spread}
    return all_of(
        {
            "restores": list_of(all_of(one)),
            **spread,
            "virtualMachines": list_of(all_of(machine)),
            "faults": list_of(all_of(dict.fromkeys(("code", "message", "target"), TEXT))),
        }
    )


def _swap_preview() -> Schema:
    one = {
        "oldDiskId": TEXT,
        "newDiskId": TEXT,
        "lun": optional({"type": "integer", "minimum": 0}),
        "caching": _NULL_TEXT,
    }
    return all_of(
        {
            "virtualMachineId": TEXT,
            "powerState": _NULL_TEXT,
            "swaps": list_of(all_of(one)),
            "faults": list_of(all_of(dict.fromkeys(("code", "message", "target"), TEXT))),
        }
    )


def _import_dry_run() -> Schema:
    faults = list_of(all_of(dict.fromkeys(("code", "message", "target"), TEXT)))
    policy = {"name": TEXT, "action": one_of([action.value for action in PolicyAction]), "faults": faults}
    point = {
        **dict.fromkeys(("name", "retentionTagName", "snapshotId"), TEXT),
        **dict.fromkeys(("creationTime", "expiryTime"), optional(TIME)),
        "action": one_of([action.value for action in PointAction]),
        "faults": faults,
    }
    told = {
        **dict.fromkeys(("sourceInstanceId", "name", "dataSourceId", "snapshotResourceGroupId"), TEXT),
        **dict.fromkeys(("policyName", "sourceProtectionState"), TEXT),
        "action": one_of([action.value for action in InstanceAction]),
        "faults": faults,
        "recoveryPoints": list_of(all_of(point)),
    }
    needed: dict[str, Schema] = {
        "sourceVaultId": TEXT,
        "location": TEXT,
        "instanceCount": _NUMBER,
        "policies": list_of(all_of(policy)),
        "value": list_of(all_of(told)),
    }
    return object_of({**needed, "nextLink": _link()}, required=needed)


def _adoption_dry_run() -> Schema:
    told = {
        **dict.fromkeys(("snapshotId", "dataSourceId"), TEXT),
        **dict.fromkeys(("backupInstanceName", "retentionTagName"), _NULL_TEXT),
        "creationTime": TIME,
        "expiryTime": optional(TIME),
        "isOverdue": _FLAG,
        "action": one_of([action.value for action in SnapshotAction]),
        "faults": list_of(all_of(dict.fromkeys(("code", "message", "target"), TEXT))),
    }
    needed: dict[str, Schema] = {"sourceScope": TEXT, "snapshotCount": _NUMBER, "value": list_of(all_of(told))}
    return object_of({**needed, "nextLink": _link()}, required=needed)


# ---------------------------------------------------------------- recovery points


def _point() -> Schema:
    store: dict[str, Schema] = {
        "id": TEXT,
        "type": one_of(("OperationalStore",)),
        "creationTime": TIME,
        "expiryTime": optional(TIME),
        "metaData": _NULL_TEXT,
        "visible": _FLAG,
        "state": one_of(("COMMITTED", "LOST")),
        "rehydrationExpiryTime": NULL,
        "rehydrationStatus": NULL,
    }
    retention = {
        "reasons": list_of(TEXT),
        **dict.fromkeys(("keptUntil", "nextDecision"), optional(TIME)),
        "isGoing": _FLAG,
    }
    needed: dict[str, Schema] = {
        "objectType": one_of(("AzureBackupDiscreteRecoveryPoint",)),
        "recoveryPointId": TEXT,
        "recoveryPointTime": TIME,
        "recoveryPointType": one_of(("Incremental",)),
        "friendlyName": TEXT,
        "recoveryPointDataStoresDetails": list_of(all_of(store), at_least=1),
        "retentionTagName": TEXT,
        "retentionTagVersion": _NULL_TEXT,
        "policyName": TEXT,
        "policyVersion": NULL,
        "expiryTime": optional(TIME),
        "recoveryPointState": one_of([state.value for state in PointState]),
    }
    return object_of({**needed, "retention": all_of(retention)}, required=needed)


def _time_ranges() -> Schema:
    kind = one_of(("AzureBackupFindRestorableTimeRangesResponse",))
    ranges = {"restorableTimeRanges": list_of({}, at_most=0), "objectType": kind}
    return all_of({"properties": all_of(ranges), "id": TEXT, "type": TEXT})


# ---------------------------------------------------------------- jobs and operations


def _job() -> Schema:
    operation = one_of([each.value for each in JobOperation])
    return all_of(
        {
            **dict.fromkeys(_JOB_TEXTS, TEXT),
            **dict.fromkeys(_JOB_NULLS, NULL),
            "policyId": _NULL_TEXT,
            "policyName": _NULL_TEXT,
            "sourceDataStoreType": optional(one_of(("OperationalStore",))),
            "destinationDataStoreName": optional(one_of(("OperationalTierStore",))),
            "progressEnabled": _FLAG,
            "startTime": TIME,
            "endTime": optional(TIME),
            "operationCategory": one_of([each.value for each in JobOperation] + ["CrossRegionRestore"]),
            "isCrossRegionRestore": optional({"const": True}),
            "operation": operation,
            "status": one_of([each.value for each in JobStatus if each is not JobStatus.QUEUED]),
            "isUserTriggered": _FLAG,
            "supportedActions": list_of(TEXT),
            "errorDetails": optional(list_of(ref("UserFacingError"))),
            "extendedInfo": _job_details(),
        }
    )


_JOB_TEXTS = (
    "activityID",
    "subscriptionId",
    "backupInstanceId",
    "dataSourceId",
    "vaultName",
    "backupInstanceFriendlyName",
    "sourceResourceGroup",
    "dataSourceName",
    "etag",
    "sourceSubscriptionID",
    "dataSourceLocation",
    "dataSourceType",
    "duration",
)
_JOB_NULLS = (
    "dataSourceSetName",
    "sourceDataStoreName",
    "restoreType",
    "rehydrationPriority",
    "progressUrl",
)


def _job_details() -> Schema:
    point = optional(all_of({"recoveryPointID": TEXT, "recoveryPointTime": TIME}))
    more: Schema = {"type": ["object", "null"], "additionalProperties": TEXT}
    task: dict[str, Schema] = {
        "taskId": _NUMBER,
        "taskName": TEXT,
        "taskStatus": TEXT,
        "taskProgress": _NULL_TEXT,
        "additionalDetails": more,
    }
    warning = all_of({"resourceName": TEXT, "warning": ref("UserFacingError")})
    return all_of(
        {
            "backupInstanceState": NULL,
            "dataTransferredInBytes": NULL,
            "targetRecoverPoint": point,
            "sourceRecoverPoint": point,
            "recoveryDestination": _NULL_TEXT,
            "subTasks": list_of(all_of(task)),
            "additionalDetails": more,
            "warningDetails": optional(list_of(warning)),
        }
    )


def _operation() -> Schema:
    needed: dict[str, Schema] = {
        "id": TEXT,
        "name": TEXT,
        "status": one_of(("Inprogress", "Succeeded", "Failed", "Canceled")),
        "startTime": TIME,
        "endTime": TIME,
    }
    more = {"properties": ref("OperationJobExtendedInfo"), "error": ref("Error")}
    return object_of(needed | more, required=needed)


def _job_reference() -> Schema:
    fields = {"jobId": TEXT, "objectType": one_of(("OperationJobExtendedInfo",))}
    return object_of(fields, required=("objectType",))


# ---------------------------------------------------------------- protection rules


def _rule() -> Schema:
    asked = answered(bodies.rule_properties())["properties"]
    return all_of({**asked, "lastModifiedTime": TIME})


def _legal_hold() -> Schema:
    asked = answered(bodies.hold_properties())["properties"]
    return all_of(
        {
            **asked,
            "setTime": TIME,
            **dict.fromkeys(("setBy", "setByName", "clearedBy", "clearedByName"), _NULL_TEXT),
            "endTime": optional(TIME),
            "isStanding": _FLAG,
        }
    )


def _brake() -> Schema:
    batch = all_of(
        {
            **dict.fromkeys(("batchId", "reason"), TEXT),
            "since": TIME,
            **dict.fromkeys(("backupInstances", "recoveryPoints"), _NUMBER),
            "causedBy": list_of(TEXT),
        }
    )
    said = {**dict.fromkeys(("reason", "saidBy", "saidByName"), TEXT), "saidTime": TIME, "effectiveUntil": TIME}
    return all_of(
        {
            "isStopped": _FLAG,
            **dict.fromkeys(("sharePercent", "unbrakedInstances", "countedInstances"), _NUMBER),
            "batch": optional(batch),
            "goOns": list_of(all_of({"batch": batch, **said})),
        }
    )


def _copy_rule() -> Schema:
    asked = answered(bodies.copy_rule_properties())["properties"]
    return all_of({**asked, "diskEncryptionSetId": optional(asked["diskEncryptionSetId"]), "sinceTime": TIME})


def _point_copy() -> Schema:
    return all_of(
        {
            **dict.fromkeys(("recoveryPointId", "location", "retentionTagName", "copyRuleName"), TEXT),
            "state": one_of([state.value for state in CopyState]),
            **dict.fromkeys(("snapshotId", "waitsBecause", "expiryBlocked"), _NULL_TEXT),
            **dict.fromkeys(("recoveryPointTime", "expiryTime"), TIME),
            **dict.fromkeys(("completedTime", "notBeforeTime", "immutableUntilTime"), optional(TIME)),
            "attempts": _NUMBER,
            "legalHolds": list_of(TEXT),
        }
    )


def _rule_decision() -> Schema:
    return all_of(
        {
            "dataSourceId": TEXT,
            "action": one_of([action.value for action in Action]),
            **dict.fromkeys(("backupInstanceId", "policyId", "protectionRuleId"), _NULL_TEXT),
            "reasons": list_of(TEXT),
        }
    )


# ---------------------------------------------------------------- restore tests


def _test_plan() -> Schema:
    asked = answered(bodies.test_plan_properties())["properties"]
    return all_of({**asked, "diskSku": _NULL_TEXT, "lastModifiedTime": TIME, "lastRunTime": optional(TIME)})


def _evidence() -> Schema:
    return all_of(
        {
            "jobId": TEXT,
            "time": TIME,
            "verdict": one_of(("Passed", "PassedWithWarnings", "Failed")),
            "recoveryPointId": _NULL_TEXT,
            "recoveryPointTime": optional(TIME),
            "sampledBytes": _NUMBER,
            "dataHash": _NULL_TEXT,
            "findings": list_of(TEXT),
        }
    )


def _test_estimate() -> Schema:
    tested = all_of({**dict.fromkeys(("backupInstanceId", "dataSourceId", "diskSku"), TEXT), "diskSizeGB": _NUMBER})
    return all_of(
        {
            "backupInstanceCount": _NUMBER,
            "nextRunTime": optional(TIME),
            "nextRun": list_of(tested),
            "runsIn30Days": _NUMBER,
            "diskHours": list_of(all_of({"meter": TEXT, "hours": _DECIMAL})),
            "gibHours": _DECIMAL,
            "amount": optional(_DECIMAL),
        }
    )


# ---------------------------------------------------------------- health


def _health() -> Schema:
    job: dict[str, Schema] = {
        "operation": one_of([each.value for each in JobOperation]),
        "status": one_of([each.value for each in JobStatus]),
        "count": _NUMBER,
    }
    return all_of(
        {
            "time": TIME,
            "lastTick": optional(TIME),
            "duties": list_of(all_of({"name": one_of(list(ALLOWED)), "lastDone": optional(TIME), "isStalled": _FLAG})),
            "tables": all_of({"isSetBack": _FLAG, "isReconciled": _FLAG}),
            "immutability": all_of(
                {
                    "state": optional(one_of(["Disabled", "Unlocked", "Locked"])),
                    "keptBy": one_of(["Azure", "ThisAppOnly"]),
                    "instancesNotBound": _NUMBER,
                    "copiesNotBound": list_of(all_of({"location": TEXT, "instancesNotBound": _NUMBER})),
                }
            ),
            "deletionBrake": all_of({"instancesStopped": _NUMBER}),
            "vaults": _NUMBER,
            "vaultsLeftOut": _NUMBER,
            "backupInstances": all_of({state.value: _NUMBER for state in ObjectiveState}),
            "jobs": all_of({"since": TIME, "counts": list_of(all_of(job))}),
            "worst": list_of(_worst()),
            "nextDue": list_of(all_of({"backupInstanceId": TEXT, "slot": TIME})),
            "storage": all_of({"backupInstances": _NUMBER, "sourceDiskBytes": _NUMBER}),
            "activeAlerts": all_of({severity.value: _NUMBER for severity in Severity}),
            "events": all_of({"waiting": _NUMBER, "refused": _NUMBER}),
            "unreadableRecords": _NUMBER,
        }
    )


def _worst() -> Schema:
    return all_of(
        {
            "backupInstanceId": TEXT,
            "state": _OBJECTIVE_STATE,
            "reason": TEXT,
            "recoveryPointTime": optional(TIME),
            "ageSeconds": optional(_NUMBER),
            "objectiveSeconds": _NUMBER,
        }
    )


def _standing() -> Schema:
    texts = ("backupInstanceId", "friendlyName", "dataSourceId", "dataSourceLocation", "snapshotResourceGroupId")
    return all_of(
        {
            **dict.fromkeys((*texts, "policyName", "reason", "currency"), TEXT),
            "currentProtectionState": one_of([state.value for state in ProtectionState]),
            "state": _OBJECTIVE_STATE,
            **dict.fromkeys(("recoveryPointTime", "nextBackupTime"), optional(TIME)),
            **dict.fromkeys(("objectiveSeconds", "sizeBytes"), _NUMBER),
            "recoveryPoints": optional(_NUMBER),
            **dict.fromkeys(("estimatedGib", "estimatedMonthlyCost"), optional(_DECIMAL)),
            "activeAlerts": list_of(one_of([severity.value for severity in Severity])),
        }
    )


def _storage_history() -> Schema:
    counts = dict.fromkeys(("vaults", "backupInstances", "recoveryPoints", "recoveryPointCopies"), _NUMBER)
    held: dict[str, Schema] = dict.fromkeys(("estimatedGib", "estimatedCopiesGib"), _DECIMAL)
    costs = dict.fromkeys(("estimatedMonthlyCost", "estimatedCopiesMonthlyCost"), optional(_DECIMAL))
    day = {"day": TEXT, **counts, **held, **costs}
    told = {"currency": TEXT, "value": list_of(all_of(day)), "assumptions": list_of(TEXT)}
    return all_of({"from": TEXT, "to": TEXT, **told})


def _compliance_report() -> Schema:
    slots = ("slotsDue", "slotsTaken", "slotsLate", "slotsMissed", "slotsFailed")
    row: dict[str, Schema] = {
        **dict.fromkeys(("backupInstanceId", "dataSourceId", "policyName", "objective", "longestGap"), TEXT),
        **dict.fromkeys(
            (*slots, "onDemand", "pointsLost", "pointsHeld", "restoreTests", "restoreTestsFailed"), _NUMBER
        ),
        "lastRestoreTest": optional(_evidence()),
        "copies": list_of(_copies_of_region()),
        "state": _OBJECTIVE_STATE,
        "legalHolds": list_of(TEXT),
    }
    return all_of({"from": TIME, "to": TIME, "byJobsAlone": list_of(TEXT), "value": list_of(all_of(row))})


def _copies_of_region() -> Schema:
    counted = ("made", "late", "failed", "missed", "waiting", "kept", "lost", "expiryBlocked")
    return all_of(
        {
            "location": TEXT,
            "state": _OBJECTIVE_STATE,
            **dict.fromkeys(("copyRuleName", "objective", "age", "newestCopyId"), _NULL_TEXT),
            **dict.fromkeys(("newestRecoveryPointTime", "newestCompletedTime"), optional(TIME)),
            **dict.fromkeys(counted, _NUMBER),
        }
    )


# ---------------------------------------------------------------- the rest


def _audit_record() -> Schema:
    return all_of(
        {
            "time": TIME,
            **dict.fromkeys(("requestId", "correlationId", "ipAddress", "method", "action", "path"), TEXT),
            "caller": all_of({"objectId": TEXT, "name": TEXT, "kind": TEXT}),
            "outcome": one_of([each.value for each in Outcome]),
            "status": optional(_NUMBER),
            "errorCode": TEXT,
            "leftOut": _NUMBER,
            "changes": list_of(TEXT),
        }
    )


def _alert() -> Schema:
    times = ("firedDateTime", "lastToldDateTime", "resolvedDateTime", "acknowledgedDateTime")
    return all_of(
        {
            **dict.fromkeys(("alertRule", "eventType", "backupInstanceId"), TEXT),
            **dict.fromkeys(times, optional(TIME)),
            **dict.fromkeys(("dataSourceId", "jobId", "acknowledgedBy"), _NULL_TEXT),
            "monitorCondition": one_of([each.value for each in AlertState]),
            "severity": one_of([each.value for each in Severity]),
            "occurrenceCount": _NUMBER,
            "errorDetails": optional(ref("UserFacingError")),
        }
    )


def _refused_event() -> Schema:
    event = all_of(
        {**dict.fromkeys(("id", "type", "source", "subject"), TEXT), "time": TIME, "data": {"type": "object"}}
    )
    return all_of({"code": TEXT, "message": TEXT, "refusedDateTime": TIME, "event": event})


def _provider_operations() -> Schema:
    display = all_of(dict.fromkeys(("provider", "resource", "operation", "description"), TEXT))
    one = {"name": TEXT, "isDataAction": _FLAG, "display": display, "origin": TEXT, "properties": NULL}
    return all_of({"value": list_of(all_of(one)), "nextLink": NULL})


def _features() -> Schema:
    feature = {
        "featureName": TEXT,
        "supportStatus": one_of(("GenerallyAvailable", "NotSupported")),
        "exposureControlledFeatures": list_of({}, at_most=0),
    }
    kind = one_of(("FeatureValidationResponse",))
    return all_of({"objectType": kind, "featureType": TEXT, "features": list_of(all_of(feature), at_least=1)})


def _provider() -> Schema:
    version = {
        "resourceType": TEXT,
        "locations": list_of(TEXT),
        "apiVersions": list_of(TEXT),
        "defaultApiVersion": TEXT,
    }
    texts = dict.fromkeys(("id", "namespace", "registrationState", "registrationPolicy"), TEXT)
    return all_of({**texts, "resourceTypes": list_of(all_of(version), at_least=1)})


def _generic() -> Schema:
    texts = dict.fromkeys(("id", "name", "type", "location", "provisioningState"), TEXT)
    return object_of({**texts, "tags": answered(bodies.tags())}, required=texts)


def _query_response() -> Schema:
    """Of Azure Resource Graph: rows as objects, or as a table."""
    column = all_of({"name": TEXT, "type": TEXT})
    table = all_of({"columns": list_of(column), "rows": list_of({"type": "array"})})
    needed: dict[str, Schema] = {
        "totalRecords": _NUMBER,
        "count": _NUMBER,
        "data": {"anyOf": [list_of({"type": "object"}), table]},
        "facets": list_of({}, at_most=0),
        "resultTruncated": one_of(("false",)),
    }
    return object_of({**needed, "$skipToken": TEXT}, required=needed)


def _subscription() -> Schema:
    return all_of(dict.fromkeys(("id", "authorizationSource", "subscriptionId", "displayName", "state"), TEXT))


# ---------------------------------------------------------------- errors


def _error() -> Schema:
    info = all_of({"type": one_of(("UserFacingError",)), "info": ref("UserFacingError")})
    needed: dict[str, Any] = {
        "code": TEXT,
        "message": TEXT,
        "target": _NULL_TEXT,
        "details": optional(list_of(ref("ErrorDetail"))),
    }
    return object_of(needed | {"additionalInfo": list_of(info)}, required=needed)


def _user_facing() -> Schema:
    return all_of(
        {
            "message": TEXT,
            "recommendedAction": list_of(TEXT),
            "details": optional(list_of(ref("ErrorDetail"))),
            "code": TEXT,
            "target": TEXT,
            "innerError": NULL,
            "isRetryable": _FLAG,
            "isUserError": _FLAG,
            "properties": optional(all_of({"ActivityId": TEXT})),
        }
    )

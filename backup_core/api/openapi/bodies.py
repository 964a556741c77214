"""Schemas of what clients send. Limits and words are those by which bodies are read, taken from there.

A schema cannot say all: keys and words are compared without case, null is absent, and what depends on several fields is
told by the answer. What a schema forbids is not accepted. Leaves to others: what is answered (answers.py).
"""

from __future__ import annotations

import re

from backup_core.api import cost, quota_forecast
from backup_core.api.adoptions import LONGEST_PATTERN, MAX_DISKS
from backup_core.api.arm import TAG_OPERATIONS
from backup_core.api.copy_rules import MAX_TAGS
from backup_core.api.endpoints import FREE_BODY
from backup_core.api.graph_query import SERVED
from backup_core.api.guards import EXCLUSIONS
from backup_core.api.openapi.schema import (
    Schema,
    all_of,
    decimal,
    list_of,
    matching,
    object_of,
    one_of,
    optional,
    ref,
    tree,
    whole,
)
from backup_core.api.previews import DATES_AT_MOST, DAYS_AT_MOST, SLOTS_AT_MOST
from backup_core.api.protection_rules import MAX_CONDITIONS, MAX_EXCLUDED, MAX_VALUES
from backup_core.api.provider import DATA_SOURCE, FEATURE_REQUEST
from backup_core.api.quota_forecast import MORE_DISKS_AT_MOST
from backup_core.api.reading import NAME as INSTANCE_NAME
from backup_core.api.reading import NAME_LENGTHS
from backup_core.api.resource_graph import FORMATS, ROWS_AT_MOST, SCOPES, SKIP_AT_MOST, SUBSCRIPTIONS_AT_MOST
from backup_core.api.restore_test_plans import CHOICES, METERS_AT_MOST, MOST_EXPENSIVE
from backup_core.api.restores import BY_POINT, BY_TIME, LATEST, MAX_SIZE_GB, POINT_ID, ZONES
from backup_core.api.vaults import IDENTITIES, REDUNDANCIES, SETTINGS, SHARE_RANGE, SOFT_DELETE_RANGE, STORES
from backup_core.api.wire import INSTANT, TOKEN
from backup_core.domain import policy
from backup_core.domain.disk_skus import DISK_SKUS
from backup_core.domain.durations import FORM as DURATION
from backup_core.domain.guard import OPERATIONS, Critical
from backup_core.domain.hold import LONGEST_REASON
from backup_core.domain.protection_rule import PRIORITIES
from backup_core.domain.reading import MAX_TEXT
from backup_core.domain.resource_ids import DISK, GROUP_FORM, GUID, RESOURCE_FORM, SUBSCRIPTION_FORM, VAULT
from backup_core.domain.restore_test_plan import DISKS_AT_ONCE, INSTANCES_AT_MOST, TESTS_PER_RUN, WINDOW_DAYS
from backup_core.domain.restore_together import DISKS_AT_MOST
from backup_core.domain.schedule import INTERVALS_LIMIT
from backup_core.domain.schedule import START as INTERVAL_START
from backup_core.domain.swap import DISKS_AT_MOST as MOST_DISKS_OF_A_MACHINE
from backup_core.domain.tagging import ABSOLUTE_CRITERIA
from backup_core.domain.tags import LONGEST_NAME, LONGEST_VALUE, NAME_FORM, TAGS_AT_MOST

_PLAIN = {"type": "string", "maxLength": MAX_TEXT, "pattern": "^[^\\x00-\\x1f]*$"}
_TEXT = optional(_PLAIN)
_NEEDED = {**_PLAIN, "minLength": 1}
_SCOPE = re.compile(rf"^{SUBSCRIPTION_FORM.pattern}(/resourceGroups/[^/]+)?/?$")
_TIME = {"type": "string", "pattern": f"^(?:{INSTANT.pattern})$"}
_GUARD_ID = {**matching(RESOURCE_FORM, whole=False), "maxLength": MAX_TEXT}
_OPERATIONAL = one_of(("OperationalStore",))
_DISK_TYPE = one_of((DISK,))


def schemas() -> dict[str, Schema]:
    """Every body by its name. Names are Azure's, with `Input` where the answer is called so, too."""
    return {
        "BackupVaultInput": object_of(
            _vault_fields() | {"location": _NEEDED, "properties": ref("BackupVaultSettings")},
            required=("location", "properties"),
        ),
        "BackupVaultPatch": object_of(_vault_fields() | {"properties": optional(ref("BackupVaultSettings"))}),
        "BackupVaultSettings": vault_settings(),
        "ResourceGuardInput": object_of(
            {"location": _NEEDED, "tags": tags(), "properties": optional(_guard_properties())}, required=("location",)
        ),
        "ResourceGuardPatch": object_of({"tags": tags()}),
        "ResourceGuardProxyInput": all_of({"properties": all_of({"resourceGuardResourceId": _GUARD_ID})}),
        "UnlockDeleteRequest": _unlock(),
        "TagsInput": all_of({"properties": all_of({"tags": _tags_needed()})}),
        "TagsPatch": all_of({"operation": one_of(TAG_OPERATIONS), "properties": all_of({"tags": _tags_needed()})}),
        "CheckNameAvailabilityRequest": all_of({"name": _NEEDED, "type": one_of((VAULT,))}),
        "FeatureValidationRequest": object_of(
            {"objectType": one_of((FEATURE_REQUEST,)), "featureType": one_of((DATA_SOURCE,)), "featureName": _TEXT},
            required=("objectType", "featureType"),
        ),
        "BackupPolicyInput": all_of({"properties": policy_properties()}),
        "PolicyPreviewRequest": object_of(
            {
                "properties": optional(policy_properties()),
                "startTime": optional({"type": "string", "pattern": f"^(?:{INSTANT.pattern})?$"}),
                "days": optional(whole(1, DAYS_AT_MOST)),
                "slots": optional(whole(1, SLOTS_AT_MOST)),
                "dates": _dates(),
            }
        ),
        "PolicyChangePreviewRequest": object_of(
            {"properties": policy_properties(), "backupInstanceName": _TEXT, "dates": _dates()},
            required=("properties",),
        ),
        "QuotaRequest": object_of(_quota_fields()),
        "PolicyQuotaRequest": object_of(
            {
                **_quota_fields(),
                "properties": optional(policy_properties()),
                "subscriptionId": _TEXT,
                "moreDisks": optional(whole(0, MORE_DISKS_AT_MOST)),
            }
        ),
        "CostRequest": object_of({**_cost_fields(), "includeBilled": optional({"type": "boolean"})}),
        "PolicyCostRequest": object_of({**_cost_fields(), "disks": optional(whole(1, cost.DISKS_AT_MOST))}),
        "ImportRequest": all_of({"sourceVaultId": {**matching(RESOURCE_FORM, whole=False), "maxLength": MAX_TEXT}}),
        "AdoptionRequest": _adoption(adopts=True),
        "UndoAdoptionRequest": _adoption(adopts=False),
        "ProtectionRuleInput": all_of({"properties": rule_properties()}),
        "GoOnRequest": all_of({"batchId": _NEEDED, "reason": {**_NEEDED, "maxLength": LONGEST_REASON}}),
        "RestoreTestPlanInput": all_of({"properties": test_plan_properties()}),
        "RestoreTestEstimateRequest": object_of(
            {"properties": optional(test_plan_properties()), "hourlyPrices": optional(_prices())}
        ),
        "CopyRuleInput": all_of({"properties": copy_rule_properties()}),
        "LegalHoldInput": all_of({"properties": hold_properties()}),
        "BackupInstanceInput": object_of(
            {"tags": tags(), "properties": ref("BackupInstanceProperties")}, required=("properties",)
        ),
        "BackupInstanceProperties": instance_properties(),
        "ValidateForBackupRequest": all_of({"backupInstance": ref("BackupInstanceProperties")}),
        "ValidateForModifyBackupRequest": all_of({"backupInstance": ref("BackupInstanceProperties")}),
        "TriggerBackupRequest": _backup_request(),
        "RestoreRequest": {"anyOf": [_restore_by_point(), _restore_by_time()]},
        "ValidateRestoreRequest": all_of({"restoreRequestObject": ref("RestoreRequest")}),
        "CrossRegionRestoreRequest": _restore_elsewhere(),
        "FetchSecondaryRPsRequest": _source_instance(),
        "CrossRegionRestoreJobsRequest": all_of({"sourceBackupVaultId": _NEEDED, "sourceRegion": _NEEDED}),
        "CrossRegionRestoreJobRequest": all_of(
            dict.fromkeys(("sourceBackupVaultId", "sourceRegion", "jobId"), _NEEDED)
        ),
        "RestoreTogetherRequest": _restore_together(),
        "SwapDisksRequest": _swap_disks(),
        "FindRestorableTimeRangesRequest": object_of(
            {"sourceDataStoreType": _OPERATIONAL, "startTime": _bound(), "endTime": _bound()},
            required=("sourceDataStoreType",),
        ),
        "QueryRequest": _query_request(),
        FREE_BODY: {"type": "object", "description": "What Azure takes here changes nothing that is done."},
    }


def _quota_fields() -> dict[str, Schema]:
    return {
        "days": optional(whole(1, quota_forecast.DAYS_AT_MOST)),
        "copyHours": optional(whole(1, quota_forecast.COPY_HOURS_AT_MOST)),
    }


def _cost_fields() -> dict[str, Schema]:
    return {
        "properties": optional(policy_properties()),
        "days": optional(whole(1, DAYS_AT_MOST)),
        "dates": _dates(),
        **dict.fromkeys(("usedBytes", "changedBytes"), optional(whole(0, cost.BYTES_AT_MOST))),
        **dict.fromkeys(("changedWithin", "location", "currency"), _TEXT),
        "redundancy": optional(one_of(cost.REDUNDANCIES)),
        **dict.fromkeys(
            ("pricePerGibMonth", "copyPricePerGibMonth", "transferPricePerGib"),
            optional(decimal(0, cost.PRICE_AT_MOST)),
        ),
        "copyHours": optional(whole(1, cost.COPY_HOURS_AT_MOST)),
        "memoryMB": optional({"type": "integer", "enum": list(cost.MEMORIES)}),
    }


def _query_request() -> Schema:
    """Of Azure Resource Graph."""
    nothing = optional(list_of({}, at_most=0))
    options = {
        "$top": optional(whole(1, ROWS_AT_MOST)),
        "$skip": optional(whole(0, SKIP_AT_MOST)),
        "$skipToken": optional({"type": "string", "pattern": f"^(?:{TOKEN.pattern})?$"}),
        "resultFormat": optional(one_of(FORMATS)),
        "allowPartialScopes": optional({"type": "boolean"}),
        "authorizationScopeFilter": optional(one_of(SCOPES)),
    }
    subscriptions = list_of(matching(GUID), at_most=SUBSCRIPTIONS_AT_MOST)
    fields = {
        "query": {"type": "string", "minLength": 1, "examples": [served.opening for served in SERVED.values()]},
        "subscriptions": optional(subscriptions),
        "managementGroups": nothing,
        "facets": nothing,
        "options": optional(object_of(options)),
    }
    return object_of(fields, required=("query",))


def _tags_needed() -> Schema:
    return {**tags(), "type": "object"}


def tags() -> Schema:
    return {
        "type": ["object", "null"],
        "maxProperties": TAGS_AT_MOST,
        "propertyNames": {"minLength": 1, "maxLength": LONGEST_NAME, "pattern": NAME_FORM},
        "additionalProperties": {"type": "string", "maxLength": LONGEST_VALUE},
    }


# ---------------------------------------------------------------- vaults


def _vault_fields() -> dict[str, Schema]:
    return {"tags": tags(), "identity": identity()}


def identity() -> Schema:
    named = {"type": ["object", "null"], "description": "Ids of user-assigned identities; what each holds is ignored."}
    return optional(object_of({"type": one_of(IDENTITIES), "userAssignedIdentities": named}, required=("type",)))


def vault_settings() -> Schema:
    least, most = SOFT_DELETE_RANGE
    store = all_of({"datastoreType": one_of(STORES), "type": one_of(REDUNDANCIES)})
    days = {"type": ["number", "null"], "minimum": least, "maximum": most}
    share = {"type": ["number", "null"], "minimum": SHARE_RANGE[0], "maximum": SHARE_RANGE[1]}
    return tree(
        {
            "storageSettings": optional(list_of(store)),
            **{path: optional(one_of(words)) for path, words in SETTINGS.items()},
            "securitySettings.softDeleteSettings.retentionDurationInDays": days,
            "securitySettings.deletionBrakeSettings.sharePercent": share,
        }
    )


# ---------------------------------------------------------------- resource guards


def _guard_properties() -> Schema:
    optional_ones = [each for each in OPERATIONS if each != Critical.UNMAP.value]
    return object_of({EXCLUSIONS: optional(list_of(one_of(optional_ones)))})


def _unlock() -> Schema:
    requests = {"type": "string", "description": "An operation request as the vault's mapping lists it."}
    resource = _TEXT | {"description": "What it is unlocked for, unless the operation is on the vault or its mapping."}
    return object_of(
        {"resourceGuardOperationRequests": list_of(requests, at_least=1), "resourceToBeDeleted": resource},
        required=("resourceGuardOperationRequests",),
    )


# ---------------------------------------------------------------- policies


def policy_properties() -> Schema:
    rules = list_of({"anyOf": [_backup_rule(), _retention_rule()]}, at_least=1)
    kinds = list_of(_DISK_TYPE, at_least=1, at_most=1)
    return all_of({"policyRules": rules, "datasourceTypes": kinds, "objectType": one_of(("BackupPolicy",))})


def _backup_rule() -> Schema:
    parameters = {"backupType": one_of(("Incremental",)), "objectType": one_of(("AzureBackupParams",))}
    trigger = {
        "schedule": _schedule(),
        "taggingCriteria": list_of(_tagging(), at_least=1),
        "objectType": one_of(("ScheduleBasedTriggerContext",)),
    }
    return all_of(
        {
            "backupParameters": all_of(parameters),
            "trigger": all_of(trigger),
            "dataStore": _store(),
            "name": matching(policy.NAME),
            "objectType": one_of((policy.BACKUP_RULE,)),
        }
    )


def _schedule() -> Schema:
    start, period = (matching(each)["pattern"][1:-1] for each in (INTERVAL_START, DURATION))
    interval = {"type": "string", "pattern": f"^R/{start}/{period}$"}
    intervals = list_of(interval, at_least=1, at_most=INTERVALS_LIMIT)
    return object_of(
        {"repeatingTimeIntervals": intervals, "timeZone": optional({"type": "string"})},
        required=("repeatingTimeIntervals",),
    )


def _tagging() -> Schema:
    criterion = object_of(
        {
            "absoluteCriteria": optional(list_of(one_of(ABSOLUTE_CRITERIA))),
            **{name: optional(list_of({}, at_most=0)) for name in policy.RELATIVE_CRITERIA},
            "objectType": one_of(("ScheduleBasedBackupCriteria",)),
        },
        required=("objectType",),
    )
    tag_id = {"type": "string", "pattern": f"^(?: *|{policy.TAG_ID.pattern})$"}
    info = object_of({"tagName": matching(policy.NAME), "id": optional(tag_id)}, required=("tagName",))
    return object_of(
        {
            "tagInfo": info,
            "taggingPriority": {"type": "integer"},
            "isDefault": {"type": "boolean"},
            "criteria": optional(list_of(criterion)),
        },
        required=("tagInfo", "taggingPriority", "isDefault"),
    )


def _retention_rule() -> Schema:
    lifecycle = object_of(
        {
            "deleteAfter": all_of({"objectType": one_of(("AbsoluteDeleteOption",)), "duration": matching(DURATION)}),
            "sourceDataStore": _store(),
            "targetDataStoreCopySettings": optional(list_of({}, at_most=0)),
        },
        required=("deleteAfter", "sourceDataStore"),
    )
    return object_of(
        {
            "lifecycles": list_of(lifecycle, at_least=1, at_most=1),
            "isDefault": optional({"type": "boolean"}),
            "name": matching(policy.NAME),
            "objectType": one_of((policy.RETENTION_RULE,)),
        },
        required=("lifecycles", "name", "objectType"),
    )


def _store() -> Schema:
    return all_of({"dataStoreType": _OPERATIONAL, "objectType": one_of(("DataStoreInfoBase",))})


# ---------------------------------------------------------------- protection rules


def rule_properties() -> Schema:
    least, most = PRIORITIES
    condition = _tag_condition()
    identity = {**matching(GROUP_FORM, whole=False), "maxLength": MAX_TEXT}
    disk = {**matching(RESOURCE_FORM, whole=False), "maxLength": MAX_TEXT}
    fields: dict[str, Schema] = {
        "scope": {**matching(_SCOPE, whole=False), "maxLength": MAX_TEXT},
        "tagConditions": list_of(condition, at_least=1, at_most=MAX_CONDITIONS),
        "excludedTags": optional(list_of(condition, at_most=MAX_CONDITIONS)),
        "excludedIds": optional(list_of({"anyOf": [disk, identity]}, at_most=MAX_EXCLUDED)),
        "policyId": _NEEDED,
        "snapshotResourceGroupId": identity,
        "priority": {"type": "integer", "minimum": least, "maximum": most},
        "enabled": {"type": ["boolean", "null"]},
    }
    return object_of(fields, required=("scope", "tagConditions", "policyId", "snapshotResourceGroupId", "priority"))


def _tag_condition() -> Schema:
    return object_of(
        {
            "name": {**_NEEDED, "maxLength": LONGEST_NAME},
            "values": optional(list_of({"type": "string", "maxLength": LONGEST_VALUE}, at_most=MAX_VALUES)),
        },
        required=("name",),
    )


def _adoption(*, adopts: bool) -> Schema:
    """Who adopts says which snapshots, and how long they are kept, in one of two ways each."""
    pattern = {"type": "string", "minLength": 1, "maxLength": LONGEST_PATTERN}
    conditions = list_of(_tag_condition(), at_most=MAX_CONDITIONS)
    ways: tuple[dict[str, Schema], ...] = ({"namePattern": pattern}, {"tagConditions": conditions})
    kept: tuple[dict[str, Schema], ...] = ({"retentionTagName": _NEEDED}, {"retentionDuration": _NEEDED})
    resource = {**matching(RESOURCE_FORM, whole=False), "maxLength": MAX_TEXT}
    fields: dict[str, Schema] = {
        "sourceScope": {**matching(_SCOPE, whole=False), "maxLength": MAX_TEXT},
        "dataSourceIds": optional(list_of(resource, at_most=MAX_DISKS)),
        "deletedVaultId": optional(resource),
        "backupInstanceName": _TEXT,
        **dict.fromkeys(("createdFrom", "createdUntil"), optional(_TIME)),
    }
    for each in (*ways, *kept):
        fields |= {name: optional(schema) for name, schema in each.items()}
    schema = object_of(fields, required=("sourceScope",))
    if not adopts:
        return schema
    return schema | {
        "allOf": [
            {"anyOf": [object_of(each, required=tuple(each)) for each in ways]},
            {"oneOf": [object_of(each, required=tuple(each)) for each in kept]},
        ]
    }


def test_plan_properties() -> Schema:
    name = {**matching(INSTANCE_NAME), "maxLength": NAME_LENGTHS["instance"][1]}
    return object_of(
        {
            "backupInstances": optional(list_of(name, at_most=INSTANCES_AT_MOST)),
            "recoveryPoint": optional(one_of(CHOICES)),
            "windowDays": optional(whole(*WINDOW_DAYS)),
            "schedule": _schedule(),
            "targetResourceGroupId": {**matching(GROUP_FORM, whole=False), "maxLength": MAX_TEXT},
            "testsPerRun": optional(whole(*TESTS_PER_RUN)),
            "disksAtOnce": optional(whole(*DISKS_AT_ONCE)),
            "diskSku": optional(one_of(DISK_SKUS)),
            "enabled": {"type": ["boolean", "null"]},
        },
        required=("schedule", "targetResourceGroupId"),
    )


def _prices() -> Schema:
    price: Schema = {"type": "number", "minimum": 0, "maximum": MOST_EXPENSIVE}
    return {"type": "object", "maxProperties": METERS_AT_MOST, "additionalProperties": price}


def copy_rule_properties() -> Schema:
    kept = all_of({"tagName": _NEEDED, "duration": matching(DURATION)})
    fields: dict[str, Schema] = {
        "policyId": _NEEDED,
        "targetLocation": _NEEDED,
        "snapshotResourceGroupId": {**matching(GROUP_FORM, whole=False), "maxLength": MAX_TEXT},
        "retentions": list_of(kept, at_least=1, at_most=MAX_TAGS),
        "diskEncryptionSetId": optional({**matching(RESOURCE_FORM, whole=False), "maxLength": MAX_TEXT}),
    }
    return object_of(fields, required=("policyId", "targetLocation", "snapshotResourceGroupId", "retentions"))


def hold_properties() -> Schema:
    return all_of({"reason": {**_NEEDED, "maxLength": LONGEST_REASON}})


# ---------------------------------------------------------------- instances


def instance_properties() -> Schema:
    return object_of(
        {
            "friendlyName": _TEXT,
            "dataSourceInfo": data_source(),
            "policyInfo": policy_info(),
            "identityDetails": identity_details(),
            "objectType": optional(one_of(("BackupInstance", ""))),
        },
        required=("dataSourceInfo", "policyInfo"),
    )


def identity_details() -> Schema:
    fields = {"useSystemAssignedIdentity": {"type": ["boolean", "null"]}, "userAssignedIdentityArmUrl": _TEXT}
    return optional(object_of(fields)) | {"description": "Must choose what the vault acts with."}


def data_source(*, required: tuple[str, ...] = ("resourceID", "datasourceType")) -> Schema:
    fields: dict[str, Schema] = {
        "resourceID": {**matching(RESOURCE_FORM, whole=False), "maxLength": MAX_TEXT},
        "datasourceType": _DISK_TYPE if "datasourceType" in required else optional(_DISK_TYPE),
        "resourceUri": _TEXT,
        "resourceName": _TEXT,
        "resourceType": optional(_DISK_TYPE),
        "resourceLocation": _TEXT,
        "objectType": optional(one_of(("Datasource",))),
    }
    return object_of(fields, required=required)


def policy_info() -> Schema:
    store = object_of(
        {
            "dataStoreType": optional(_OPERATIONAL),
            "objectType": one_of(("AzureOperationalStoreParameters",)),
            "resourceGroupId": {**matching(GROUP_FORM, whole=False), "maxLength": MAX_TEXT},
        },
        required=("objectType", "resourceGroupId"),
    )
    parameters = all_of({"dataStoreParametersList": list_of(store, at_least=1)})
    return all_of({"policyId": _NEEDED, "policyParameters": parameters})


def _backup_request() -> Schema:
    trigger = optional(object_of({"retentionTagOverride": _TEXT}))
    options = object_of({"ruleName": _NEEDED, "triggerOption": trigger}, required=("ruleName",))
    return all_of({"backupRuleOptions": options})


# ---------------------------------------------------------------- restore


def _restore_by_point() -> Schema:
    point = {"anyOf": [matching(POINT_ID), one_of((LATEST,))]}
    return _restore(BY_POINT, {"recoveryPointId": point})


def _restore_by_time() -> Schema:
    return _restore(BY_TIME, {"recoveryPointTime": matching(INSTANT)})


def _restore(kind: str, which: dict[str, Schema]) -> Schema:
    needed = {
        "objectType": one_of((kind,)),
        **which,
        "sourceDataStoreType": _OPERATIONAL,
        "restoreTargetInfo": _restore_target(),
    }
    return object_of({**needed, "identityDetails": identity_details()}, required=needed)


def _restore_elsewhere() -> Schema:
    return all_of({"restoreRequestObject": ref("RestoreRequest"), "crossRegionRestoreDetails": _source_instance()})


def _source_instance() -> Schema:
    """Of the vault's resource group, and its region."""
    return all_of({"sourceBackupInstanceId": _NEEDED, "sourceRegion": _NEEDED})


def _restore_together() -> Schema:
    one = all_of({"backupInstanceName": _NEEDED, "restoreTargetInfo": _restore_target()})
    needed = {"restores": list_of(one, at_least=1, at_most=DISKS_AT_MOST)}
    moments = dict.fromkeys(("recoveryPointTime", "slot"), optional(matching(INSTANT)))
    fields = {**needed, **moments, "requestId": optional(matching(GUID)), "identityDetails": identity_details()}
    return object_of(fields, required=needed)


def _swap_disks() -> Schema:
    resource = {**matching(RESOURCE_FORM, whole=False), "maxLength": MAX_TEXT}
    one = object_of({"diskId": resource, "replaces": optional(resource)}, required=("diskId",))
    needed = {"virtualMachineId": resource, "disks": list_of(one, at_least=1, at_most=MOST_DISKS_OF_A_MACHINE)}
    return object_of({**needed, "whileRunning": optional({"type": "boolean"})}, required=needed)


def _restore_target() -> Schema:
    return object_of(
        {
            "objectType": one_of(("RestoreTargetInfo",)),
            "recoveryOption": one_of(("FailIfExists",)),
            "restoreLocation": _TEXT,
            "datasourceInfo": data_source(required=("resourceID",)),
            "targetDisk": _target_disk(),
        },
        required=("objectType", "recoveryOption", "datasourceInfo"),
    )


def _target_disk() -> Schema:
    size = {"type": ["integer", "null"], "minimum": 1, "maximum": MAX_SIZE_GB}
    fields = {
        "sku": _TEXT,
        "zones": optional(list_of(one_of(ZONES))),
        "sizeGB": size,
        "tags": tags(),
        "keepSourceTags": optional({"type": "boolean"}),
    }
    return optional(object_of(fields)) | {"description": "Ours: what the new disk has otherwise than its source."}


def _dates() -> Schema:
    return optional(list_of(_TIME, at_most=DATES_AT_MOST))


def _bound() -> Schema:
    """A time, with or without its offset; empty text is none."""
    without_offset = INSTANT.pattern.rpartition("(")[0]
    return optional({"type": "string", "pattern": f"^(?:{without_offset}(Z|[+-]\\d\\d:\\d\\d)?)?$"})

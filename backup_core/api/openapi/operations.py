"""What each method of each route is called, takes and answers. Ids are Azure's own where Azure has the operation.

Leaves to others: paths and methods (routes.py), the fields of bodies (bodies.py, answers.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

STATUS = "Azure-AsyncOperation"
RESULT = "Location"


@dataclass(frozen=True, slots=True, kw_only=True)
class Success:
    """`schema` is that of the body, "" for none; each of `headers` is always there. `text` is the media type of another
    form of the body, "" where there is none."""

    schema: str = ""
    headers: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`answers` are those of success, by status; `query` are parameters beside api-version."""

    id: str
    summary: str
    answers: Mapping[int, Success]
    body: str = ""
    body_needed: bool = True
    query: tuple[str, ...] = ()

    @property
    def tag(self) -> str:
        return self.id.partition("_")[0]

    @property
    def is_long_running(self) -> bool:
        """Whether it begins something that a client's poller waits for."""
        return any(STATUS in answer.headers for answer in self.answers.values()) and "Result" not in self.id

    @property
    def is_paged(self) -> bool:
        return "$skipToken" in self.query


def _get(name: str, summary: str, schema: str, *query: str) -> Operation:
    return Operation(id=name, summary=summary, answers={200: Success(schema=schema)}, query=query)


def _page(name: str, summary: str, schema: str, *query: str) -> Operation:
    return _get(name, summary, schema, *query, "$skipToken")


_BEGUN = Success(headers=(STATUS, RESULT))


def _begin(name: str, summary: str, body: str = "", *, needed: bool = True, at_once: int | None = None) -> Operation:
    """`at_once` is the status, if any, of an answer without a body when there is nothing to be done."""
    answers = {202: _BEGUN} | ({at_once: Success()} if at_once else {})
    return Operation(id=name, summary=summary, answers=answers, body=body, body_needed=needed)


def _do(name: str, summary: str, body: str = "", *, needed: bool = True) -> Operation:
    """Done at once, and answered without a body."""
    return Operation(id=name, summary=summary, answers={200: Success()}, body=body, body_needed=needed)


def _ask(name: str, summary: str, body: str, schema: str) -> Operation:
    return Operation(id=name, summary=summary, answers={200: Success(schema=schema)}, body=body)


def _result(name: str, summary: str, schema: str, *headers: str) -> Operation:
    running = Success(headers=(RESULT, "Retry-After"))
    return Operation(id=name, summary=summary, answers={200: Success(schema=schema, headers=headers), 202: running})


def _report(name: str, whose: str) -> Operation:
    return Operation(
        id=name,
        summary=f"What was due and what was done in a period, instance by instance {whose}",
        answers={200: Success(schema="ComplianceReport", text="text/csv")},
        query=("from", "to", "format"),
    )


_FREE_BODY = "NothingNeeded"
_VAULTS_SEEN = "The vaults that the caller may see"

OPERATIONS: Mapping[str, Operation] = {
    "GET api_description": _get("Description_Get", "This description", "OpenApi"),
    "GET api_subscriptions": _get(
        "Subscriptions_List", "The subscriptions in which the caller may see a vault", "AllSubscriptionList"
    ),
    "GET api_tenants": _get("Tenants_List", "The tenant whose tokens are taken", "AllTenantList"),
    "GET api_resources_of_subscription": _page(
        "Resources_List",
        "The vaults of a subscription, as generic resources",
        "GenericResourceList",
        "$filter of resources",
    ),
    "GET api_resources_of_group": _page(
        "Resources_ListByResourceGroup",
        "The vaults of a resource group, as generic resources",
        "GenericResourceList",
        "$filter of resources",
    ),
    "GET api_providers": _get("Providers_List", "The resource providers of this API: one", "AllProviderList"),
    "GET api_provider": _get("Providers_Get", "The resource provider with its api versions", "Provider"),
    "GET api_provider_anywhere": _get("Providers_GetAtTenantScope", "The resource provider", "Provider"),
    "POST api_provider_register": Operation(
        id="Providers_Register",
        summary="Nothing is to be done: the provider is registered",
        answers={200: Success(schema="Provider")},
        body=_FREE_BODY,
        body_needed=False,
    ),
    "GET api_provider_operations": _get(
        "DataProtectionOperations_List", "Every action that a role can grant", "ClientDiscovery"
    ),
    "POST api_feature_support": _ask(
        "DataProtection_CheckFeatureSupport",
        "Whether a kind of data source is supported",
        "FeatureValidationRequest",
        "FeatureValidationResponse",
    ),
    # ------------------------------------------------------------ vaults
    "POST api_vault_name_availability": _ask(
        "BackupVaults_CheckNameAvailability",
        "Whether a vault may be created under a name",
        "CheckNameAvailabilityRequest",
        "CheckNameAvailabilityResult",
    ),
    "GET api_vault_tags": _get("Tags_GetAtScope", "The tags of a vault", "TagsResource"),
    "PUT api_vault_tags": _ask(
        "Tags_CreateOrUpdateAtScope", "Replace all tags of a vault", "TagsInput", "TagsResource"
    ),
    "PATCH api_vault_tags": _ask("Tags_UpdateAtScope", "Change some tags of a vault", "TagsPatch", "TagsResource"),
    "DELETE api_vault_tags": _do("Tags_DeleteAtScope", "Take all tags off a vault"),
    "GET api_resource_guards_of_subscription": _get("ResourceGuards_List", "Always empty", "NothingList"),
    "GET api_resource_guards_of_group": _get("ResourceGuards_ListInGroup", "Always empty", "NothingList"),
    "GET api_resource_guard_proxies": _get("DppResourceGuardProxy_List", "Always empty", "NothingList"),
    "GET api_deleted_vaults": _get(
        "DeletedBackupVaults_List", "Always empty: an empty vault is deleted for good", "DeletedBackupVaultList"
    ),
    "GET api_deleted_vault": Operation(
        id="DeletedBackupVaults_Get", summary="Never found: an empty vault is deleted for good", answers={}
    ),
    "GET api_vaults_of_subscription": _page(
        "BackupVaults_GetInSubscription", f"{_VAULTS_SEEN} in a subscription", "BackupVaultResourceList"
    ),
    "GET api_vaults_of_group": _page(
        "BackupVaults_GetInResourceGroup", f"{_VAULTS_SEEN} in a resource group", "BackupVaultResourceList"
    ),
    "GET api_vault": _get("BackupVaults_Get", "A vault with its settings", "BackupVaultResource"),
    "PUT api_vault": Operation(
        id="BackupVaults_CreateOrUpdate",
        summary="Create a vault, or change its settings; those that are left out stay as they are",
        body="BackupVaultInput",
        answers={201: Success(schema="BackupVaultResource", headers=(STATUS,))},
    ),
    "PATCH api_vault": Operation(
        id="BackupVaults_Update",
        summary="Change a vault's tags and settings",
        body="BackupVaultPatch",
        answers={200: Success(schema="BackupVaultResource")},
    ),
    "DELETE api_vault": _begin("BackupVaults_Delete", "Delete an empty vault", at_once=204),
    # ------------------------------------------------------------ policies
    "GET api_policies": _page("BackupPolicies_List", "The policies of a vault", "BaseBackupPolicyResourceList"),
    "GET api_policy": _get("BackupPolicies_Get", "A policy", "BaseBackupPolicyResource"),
    "PUT api_policy": Operation(
        id="BackupPolicies_CreateOrUpdate",
        summary="Create a policy, or change what it says of future backups",
        body="BackupPolicyInput",
        answers={200: Success(schema="BaseBackupPolicyResource")},
    ),
    "DELETE api_policy": Operation(
        id="BackupPolicies_Delete",
        summary="Delete a policy that no instance uses",
        answers={200: Success(), 204: Success()},
    ),
    # ------------------------------------------------------------ protection rules
    "GET api_protection_rules": _page(
        "ProtectionRules_List", "The rules by which a vault protects disks by their tags", "ProtectionRuleList"
    ),
    "GET api_protection_rule": _get("ProtectionRules_Get", "A protection rule", "ProtectionRule"),
    "PUT api_protection_rule": Operation(
        id="ProtectionRules_CreateOrUpdate",
        summary="Protect the disks of a scope that have certain tags; applied within a minute",
        body="ProtectionRuleInput",
        answers={200: Success(schema="ProtectionRule")},
    ),
    "DELETE api_protection_rule": Operation(
        id="ProtectionRules_Delete",
        summary="Forget a rule; what it protected and no other wants is stopped with its recovery points kept",
        answers={200: Success(), 204: Success()},
    ),
    "POST api_protection_rule_dry_run": Operation(
        id="ProtectionRules_DryRun",
        summary="What the rule of the body, or the stored one, would do with each disk, and why",
        body="ProtectionRuleInput",
        body_needed=False,
        answers={200: Success(schema="ProtectionRuleDryRun")},
    ),
    # ------------------------------------------------------------ instances
    "GET api_instances": _page("BackupInstances_List", "The protected disks of a vault", "BackupInstanceResourceList"),
    "GET api_instance": _get("BackupInstances_Get", "A protected disk", "BackupInstanceResource"),
    "PUT api_instance": Operation(
        id="BackupInstances_CreateOrUpdate",
        summary="Protect a disk, or move it to another policy",
        body="BackupInstanceInput",
        answers={201: Success(schema="BackupInstanceResource", headers=(STATUS,))},
    ),
    "DELETE api_instance": _begin(
        "BackupInstances_Delete", "End a disk's protection; softly where the vault says so", at_once=204
    ),
    "POST api_backup_validation": _begin(
        "BackupInstances_ValidateForBackup", "Would this protection work?", "ValidateForBackupRequest"
    ),
    "POST api_instance_change_validation": _begin(
        "BackupInstances_ValidateForModifyBackup", "Would this change work?", "ValidateForModifyBackupRequest"
    ),
    "POST api_instance_restore_validation": _begin(
        "BackupInstances_ValidateForRestore", "Would this restore work?", "ValidateRestoreRequest"
    ),
    "POST api_instance_stop": _begin(
        "BackupInstances_StopProtection", "Keep all recovery points and take no more", _FREE_BODY, needed=False
    ),
    "POST api_instance_suspend": _begin(
        "BackupInstances_SuspendBackups", "Take no backups; points expire on", _FREE_BODY, needed=False
    ),
    "POST api_instance_resume_protection": _begin(
        "BackupInstances_ResumeProtection", "Back up and expire again", _FREE_BODY, needed=False, at_once=200
    ),
    "POST api_instance_resume_backups": _begin(
        "BackupInstances_ResumeBackups", "Back up and expire again", _FREE_BODY, needed=False, at_once=200
    ),
    "POST api_instance_sync": _begin(
        "BackupInstances_SyncBackupInstance", "Look at the disk again", _FREE_BODY, needed=False, at_once=200
    ),
    "POST api_instance_backup": _begin(
        "BackupInstances_AdhocBackup", "Back up now, beside the schedule", "TriggerBackupRequest"
    ),
    "POST api_instance_restore": _begin(
        "BackupInstances_TriggerRestore", "Restore a recovery point to a new disk", "RestoreRequest"
    ),
    "GET api_instances_of_disk": _get(
        "BackupInstancesExtensionRouting_List",
        "The instance that protects a disk, whatever vault it lies in",
        "AllBackupInstanceResourceList",
    ),
    "GET api_deleted_instances": _page(
        "DeletedBackupInstances_List", "Instances that can be had back", "DeletedBackupInstanceResourceList"
    ),
    "GET api_deleted_instance": _get(
        "DeletedBackupInstances_Get", "An instance that can be had back", "DeletedBackupInstanceResource"
    ),
    "POST api_deleted_instance_undelete": _begin(
        "DeletedBackupInstances_Undelete",
        "Have an instance back, with its protection stopped",
        _FREE_BODY,
        needed=False,
        at_once=200,
    ),
    # ------------------------------------------------------------ recovery points
    "GET api_recovery_points": _page(
        "RecoveryPoints_List",
        "Recovery points, newest first",
        "AzureBackupRecoveryPointResourceList",
        "$filter of points",
    ),
    "GET api_recovery_point": _get("RecoveryPoints_Get", "A recovery point", "AzureBackupRecoveryPointResource"),
    "DELETE api_recovery_point": _get(
        "RecoveryPoints_Delete",
        "Have a recovery point go, at once or when soft delete ends, if no promise holds it",
        "AzureBackupRecoveryPointResource",
    ),
    "POST api_recovery_point_undelete": Operation(
        id="RecoveryPoints_Undelete",
        summary="Keep a recovery point after all, as long as it was promised",
        answers={200: Success(schema="AzureBackupRecoveryPointResource")},
        body=_FREE_BODY,
        body_needed=False,
    ),
    "POST api_restorable_time_ranges": _ask(
        "RestorableTimeRanges_Find",
        "Always none: a disk can be restored at the times of its recovery points",
        "FindRestorableTimeRangesRequest",
        "AzureBackupFindRestorableTimeRangesResponseResource",
    ),
    # ------------------------------------------------------------ jobs
    "GET api_jobs": _page("Jobs_List", "Jobs, newest first", "AzureBackupJobResourceList", "$filter of jobs"),
    "GET api_job": _get("Jobs_Get", "A job with its steps", "AzureBackupJobResource"),
    "POST api_jobs_export": Operation(id="ExportJobs_Trigger", summary="Not offered: list the jobs", answers={}),
    "GET api_jobs_export_result": Operation(
        id="ExportJobsOperationResult_Get", summary="Never found: nothing is exported", answers={}
    ),
    # ------------------------------------------------------------ operations
    "GET api_operation_status_of_vault": _get(
        "OperationStatusBackupVaultContext_Get", "How an operation stands", "OperationResource"
    ),
    "GET api_operation_status_of_group": _get(
        "OperationStatusResourceGroupContext_Get", "How an operation stands", "OperationResource"
    ),
    "GET api_operation_status_of_group_location": _get(
        "OperationStatusResourceGroupLocation_Get", "How a vault's deletion stands", "OperationResource"
    ),
    "GET api_operation_status_of_location": _get("OperationStatus_Get", "How an operation stands", "OperationResource"),
    "GET api_operation_result_of_vault": _result(
        "BackupVaultOperationResults_Get", "The vault, when the operation is over", "BackupVaultResource"
    ),
    "GET api_operation_result_of_instance": _result(
        "BackupInstances_GetBackupInstanceOperationResult",
        "The instance, when the operation is over",
        "BackupInstanceResource",
    ),
    "GET api_operation_result_of_location": _result(
        "OperationResult_Get", "The job that the operation started, if any", "OperationJobExtendedInfo", STATUS
    ),
    # ------------------------------------------------------------ alerts
    "GET api_alerts": _page(
        "BackupAlerts_List", "The alerts of a vault, newest first", "BackupAlertList", "$filter of alerts"
    ),
    "GET api_alert": _get("BackupAlerts_Get", "An alert", "BackupAlert"),
    "POST api_alert_acknowledge": Operation(
        id="BackupAlerts_Acknowledge",
        summary="Note that somebody looks after an alert",
        body=_FREE_BODY,
        body_needed=False,
        answers={200: Success(schema="BackupAlert")},
    ),
    "GET api_refused_events": _page("RefusedEvents_List", "Events that the topic refused for good", "RefusedEventList"),
    # ------------------------------------------------------------ health
    "GET health_live": Operation(
        id="Health_Live",
        summary="Whether backups are being started: for load balancers and dead-man services",
        answers={200: Success(schema="SignOfLife"), 503: Success(schema="SignOfLife")},
    ),
    "GET api_health_of_vault": _get("Health_GetOfVault", "How a vault's backups stand, at a glance", "Health"),
    "GET api_health_of_subscription": _get(
        "Health_GetOfSubscription", f"{_VAULTS_SEEN} in a subscription, at a glance", "Health"
    ),
    "GET api_health": _get("Health_GetOfAll", f"{_VAULTS_SEEN}, at a glance", "Health"),
    "GET api_compliance_report_of_vault": _report("ComplianceReport_GetOfVault", "of a vault"),
    "GET api_compliance_report_of_subscription": _report(
        "ComplianceReport_GetOfSubscription", "of the vaults in a subscription that the caller may see"
    ),
    # ------------------------------------------------------------ audit
    "GET api_audit_records_of_vault": _page(
        "AuditRecords_ListInVault", "Who changed or tried what in a vault, newest first", "AuditRecordList"
    ),
    "GET api_audit_records_of_subscription": _page(
        "AuditRecords_ListInSubscription", "Who tried what in no vault, newest first", "AuditRecordList"
    ),
}

"""The table of routes: which function answers which URL, and which endpoint answers which method there.

The host tries routes in the order of their functions' names and takes the first that matches; it answers a method that
no function lists with an empty 404. So every route takes every method that is used anywhere (the wrong one is refused
as ARM does), and a test proves that no route shadows another. Endpoints are named as text, `module.function` of this
package, so that a cold start imports none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

METHODS = ("GET", "PUT", "PATCH", "POST", "DELETE", "HEAD")

_SUBSCRIPTION = "subscriptions/{subscription}"
_GROUP = f"{_SUBSCRIPTION}/resourceGroups/{{group}}"
_PROVIDER = "providers/Microsoft.DataProtection"
_LOCATION = f"{_SUBSCRIPTION}/{_PROVIDER}/locations/{{location}}"
_VAULTS = f"{_GROUP}/{_PROVIDER}/backupVaults"
_VAULT = f"{_VAULTS}/{{vault}}"
_INSTANCE = f"{_VAULT}/backupInstances/{{instance}}"
_DELETED = f"{_VAULT}/deletedBackupInstances"
_DISK = f"{_GROUP}/providers/Microsoft.Compute/disks/{{disk}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """`name` is the function's; `template` the host's route template, without a leading slash. `is_anonymous`: neither
    the host nor the API asks who is there, whatever the settings say."""

    name: str
    template: str
    endpoints: Mapping[str, str]
    is_anonymous: bool = False


def _route(name: str, template: str, **endpoints: str) -> Route:
    return Route(name=name, template=template, endpoints=endpoints)


ROUTES: tuple[Route, ...] = (
    _route("api_description", "openapi.json", GET="description.get"),
    _route("api_subscriptions", "subscriptions", GET="subscriptions.list_all"),
    _route("api_tenants", "tenants", GET="subscriptions.list_tenants"),
    _route("api_resources_of_subscription", f"{_SUBSCRIPTION}/resources", GET="arm.list_in_subscription"),
    _route("api_resources_of_group", f"{_GROUP}/resources", GET="arm.list_in_group"),
    _route("api_providers", f"{_SUBSCRIPTION}/providers", GET="arm.list_providers"),
    _route("api_provider", f"{_SUBSCRIPTION}/{_PROVIDER}", GET="arm.get_provider"),
    _route("api_provider_anywhere", _PROVIDER, GET="arm.get_provider"),
    _route("api_provider_register", f"{_SUBSCRIPTION}/{_PROVIDER}/register", POST="arm.register"),
    _route("api_provider_operations", f"{_PROVIDER}/operations", GET="provider.list_operations"),
    _route("api_feature_support", f"{_LOCATION}/checkFeatureSupport", POST="provider.check_feature_support"),
    _route(
        "api_vault_name_availability",
        f"{_GROUP}/{_PROVIDER}/locations/{{location}}/checkNameAvailability",
        POST="vaults.check_name_availability",
    ),
    _route("api_deleted_vaults", f"{_LOCATION}/deletedVaults", GET="vaults.list_deleted"),
    _route("api_deleted_vault", f"{_LOCATION}/deletedVaults/{{vault}}", GET="vaults.get_deleted"),
    _route(
        "api_vaults_of_subscription",
        f"{_SUBSCRIPTION}/{_PROVIDER}/backupVaults",
        GET="vaults.list_in_subscription",
    ),
    _route("api_vaults_of_group", _VAULTS, GET="vaults.list_in_group"),
    _route("api_vault", _VAULT, GET="vaults.get", PUT="vaults.put", PATCH="vaults.patch", DELETE="vaults.delete"),
    _route(
        "api_vault_tags",
        f"{_VAULT}/providers/Microsoft.Resources/tags/default",
        GET="arm.get_tags",
        PUT="arm.put_tags",
        PATCH="arm.patch_tags",
        DELETE="arm.delete_tags",
    ),
    _route(
        "api_resource_guards_of_subscription",
        f"{_SUBSCRIPTION}/{_PROVIDER}/resourceGuards",
        GET="not_offered.none",
    ),
    _route("api_resource_guards_of_group", f"{_GROUP}/{_PROVIDER}/resourceGuards", GET="not_offered.none"),
    _route("api_resource_guard_proxies", f"{_VAULT}/backupResourceGuardProxies", GET="not_offered.none_in_vault"),
    _route("api_policies", f"{_VAULT}/backupPolicies", GET="policies.list_in_vault"),
    _route(
        "api_policy",
        f"{_VAULT}/backupPolicies/{{policy}}",
        GET="policies.get",
        PUT="policies.put",
        DELETE="policies.delete",
    ),
    _route("api_protection_rules", f"{_VAULT}/protectionRules", GET="protection_rules.list_in_vault"),
    _route(
        "api_protection_rule",
        f"{_VAULT}/protectionRules/{{rule}}",
        GET="protection_rules.get",
        PUT="protection_rules.put",
        DELETE="protection_rules.delete",
    ),
    _route("api_protection_rule_dry_run", f"{_VAULT}/protectionRules/{{rule}}/dryRun", POST="protection_rules.dry_run"),
    _route("api_instances", f"{_VAULT}/backupInstances", GET="instances.list_in_vault"),
    _route("api_instance", _INSTANCE, GET="instances.get", PUT="instances.put", DELETE="instances.delete"),
    _route("api_backup_validation", f"{_VAULT}/validateForBackup", POST="validations.validate_for_backup"),
    _route(
        "api_instance_change_validation",
        f"{_INSTANCE}/validateForModifyBackup",
        POST="validations.validate_for_modify_backup",
    ),
    _route("api_instance_restore_validation", f"{_INSTANCE}/validateRestore", POST="validations.validate_restore"),
    _route("api_instance_stop", f"{_INSTANCE}/stopProtection", POST="protection.stop"),
    _route("api_instance_suspend", f"{_INSTANCE}/suspendBackups", POST="protection.suspend"),
    _route("api_instance_resume_protection", f"{_INSTANCE}/resumeProtection", POST="protection.resume"),
    _route("api_instance_resume_backups", f"{_INSTANCE}/resumeBackups", POST="protection.resume"),
    _route("api_instance_sync", f"{_INSTANCE}/sync", POST="protection.sync"),
    _route("api_deleted_instances", _DELETED, GET="deleted_instances.list_in_vault"),
    _route("api_deleted_instance", f"{_DELETED}/{{instance}}", GET="deleted_instances.get"),
    _route("api_deleted_instance_undelete", f"{_DELETED}/{{instance}}/undelete", POST="deleted_instances.undelete"),
    _route("api_instance_backup", f"{_INSTANCE}/backup", POST="instances.back_up"),
    _route("api_instance_restore", f"{_INSTANCE}/restore", POST="restores.restore"),
    _route("api_instances_of_disk", f"{_DISK}/{_PROVIDER}/backupInstances", GET="instances.list_of_disk"),
    _route("api_recovery_points", f"{_INSTANCE}/recoveryPoints", GET="recovery_points.list_of_instance"),
    _route(
        "api_recovery_point",
        f"{_INSTANCE}/recoveryPoints/{{point}}",
        GET="recovery_points.get",
        DELETE="recovery_points.delete",
    ),
    _route(
        "api_recovery_point_undelete",
        f"{_INSTANCE}/recoveryPoints/{{point}}/undelete",
        POST="recovery_points.undelete",
    ),
    _route(
        "api_restorable_time_ranges",
        f"{_INSTANCE}/findRestorableTimeRanges",
        POST="recovery_points.find_restorable_time_ranges",
    ),
    _route("api_jobs_export", f"{_VAULT}/exportBackupJobs", POST="jobs.export"),
    _route("api_jobs_export_result", f"{_VAULT}/backupJobs/operations/{{operation}}", GET="jobs.export_result"),
    _route("api_alerts", f"{_VAULT}/backupAlerts", GET="alerts.list_in_vault"),
    _route("api_alert", f"{_VAULT}/backupAlerts/{{alert}}", GET="alerts.get"),
    _route("api_alert_acknowledge", f"{_VAULT}/backupAlerts/{{alert}}/acknowledge", POST="alerts.acknowledge"),
    _route("api_refused_events", f"{_VAULT}/refusedEvents", GET="alerts.list_refused_events"),
    _route("api_audit_records_of_vault", f"{_VAULT}/auditRecords", GET="audit_records.list_in_vault"),
    _route(
        "api_audit_records_of_subscription",
        f"{_SUBSCRIPTION}/{_PROVIDER}/auditRecords",
        GET="audit_records.list_in_subscription",
    ),
    _route("api_jobs", f"{_VAULT}/backupJobs", GET="jobs.list_in_vault"),
    _route("api_job", f"{_VAULT}/backupJobs/{{job}}", GET="jobs.get"),
    _route(
        "api_operation_status_of_vault", f"{_VAULT}/operationStatus/{{operation}}", GET="operations.status_in_vault"
    ),
    _route(
        "api_operation_status_of_group",
        f"{_GROUP}/{_PROVIDER}/operationStatus/{{operation}}",
        GET="operations.status_in_group",
    ),
    _route(
        "api_operation_status_of_group_location",
        f"{_GROUP}/{_PROVIDER}/locations/{{location}}/operationStatus/{{operation}}",
        GET="operations.status_in_group",
    ),
    _route(
        "api_operation_status_of_location",
        f"{_SUBSCRIPTION}/{_PROVIDER}/locations/{{location}}/operationStatus/{{operation}}",
        GET="operations.status_in_subscription",
    ),
    _route(
        "api_operation_result_of_vault", f"{_VAULT}/operationResults/{{operation}}", GET="operations.result_in_vault"
    ),
    _route(
        "api_operation_result_of_instance",
        f"{_INSTANCE}/operationResults/{{operation}}",
        GET="operations.result_of_instance",
    ),
    _route(
        "api_operation_result_of_location",
        f"{_SUBSCRIPTION}/{_PROVIDER}/locations/{{location}}/operationResults/{{operation}}",
        GET="operations.result_in_subscription",
    ),
    _route("api_health_of_vault", f"{_VAULT}/health", GET="health.of_vault"),
    _route("api_health_of_subscription", f"{_SUBSCRIPTION}/{_PROVIDER}/health", GET="health.of_subscription"),
    _route("api_health", f"{_PROVIDER}/health", GET="health.of_all"),
    _route("api_compliance_report_of_vault", f"{_VAULT}/complianceReport", GET="reports.of_vault"),
    _route(
        "api_compliance_report_of_subscription",
        f"{_SUBSCRIPTION}/{_PROVIDER}/complianceReport",
        GET="reports.of_subscription",
    ),
    Route(name="health_live", template="health/live", endpoints={"GET": "health.live"}, is_anonymous=True),
    # Last by its name: what else a client of Azure Backup asks for gets ARM's answer instead of the host's empty one.
    _route("zz_api_not_offered", "subscriptions/{*rest}"),
    _route("zz_api_not_offered_by_provider", "providers/{*rest}"),
)

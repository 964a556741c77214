"""Access: every route, method and role in one table, and scopes that are for few."""

from __future__ import annotations

import re
from typing import Any

import pytest

from backup_core.api.access import Caller, action_of, closed_for, is_change, may, read_roles
from backup_core.api.call import Call
from backup_core.api.endpoints import METHODS, Role, Route
from backup_core.api.routes import ROUTES
from backup_core.settings import AccessScope
from tests.api.bodies import GROUP_PATH, INSTANCE_PATH, POLICY_PATH, VAULT_PATH, disk_path, policy_body, vault_body
from tests.api.front import Front
from tests.api.tenant import DROPPED, GROUP, PERSON, bearer, guarded
from tests.builders import SUBSCRIPTION, VAULT
from tests.cases import every_case
from tests.fakes import World
from tests.workflows.platform import Platform

READER, OPERATOR, CONTRIBUTOR = "Backup.Reader", "Backup.Operator", "Backup.Contributor"
DP = "Microsoft.DataProtection"
HOLDS = f"{DP}/backupVaults/backupInstances/recoveryPoints/legalHolds"

# Everything that is offered: function, method, the least role that may, and the action by which Azure's roles name it.
# A route or method that is not here fails the first test: whoever adds one decides who may.
TABLE: dict[tuple[str, str], tuple[str, str]] = {
    ("api_description", "GET"): ("anyone", ""),
    ("health_live", "GET"): ("anyone", ""),
    ("api_subscriptions", "GET"): (READER, "Microsoft.Resources/subscriptions/read"),
    ("api_tenants", "GET"): (READER, "Microsoft.Resources/tenants/read"),
    ("api_resources_of_subscription", "GET"): (READER, "Microsoft.Resources/subscriptions/resources/read"),
    ("api_resources_of_group", "GET"): (READER, "Microsoft.Resources/subscriptions/resourceGroups/resources/read"),
    ("api_providers", "GET"): (READER, "Microsoft.Resources/subscriptions/providers/read"),
    ("api_provider", "GET"): (READER, "Microsoft.Resources/subscriptions/providers/read"),
    ("api_provider_anywhere", "GET"): (READER, "Microsoft.Resources/subscriptions/providers/read"),
    ("api_provider_register", "POST"): (CONTRIBUTOR, f"{DP}/register/action"),
    ("api_vault_tags", "GET"): (READER, "Microsoft.Resources/tags/read"),
    ("api_vault_tags", "PUT"): (CONTRIBUTOR, "Microsoft.Resources/tags/write"),
    ("api_vault_tags", "PATCH"): (CONTRIBUTOR, "Microsoft.Resources/tags/write"),
    ("api_vault_tags", "DELETE"): (CONTRIBUTOR, "Microsoft.Resources/tags/delete"),
    ("api_resource_guards_of_subscription", "GET"): (READER, f"{DP}/resourceGuards/read"),
    ("api_resource_guards_of_group", "GET"): (READER, f"{DP}/resourceGuards/read"),
    ("api_resource_guard", "GET"): (READER, f"{DP}/resourceGuards/read"),
    ("api_resource_guard", "PUT"): (CONTRIBUTOR, f"{DP}/resourceGuards/write"),
    ("api_resource_guard", "PATCH"): (CONTRIBUTOR, f"{DP}/resourceGuards/write"),
    ("api_resource_guard", "DELETE"): (CONTRIBUTOR, f"{DP}/resourceGuards/delete"),
    ("api_resource_guard_requests", "GET"): (READER, f"{DP}/resourceGuards/read"),
    ("api_resource_guard_request", "GET"): (READER, f"{DP}/resourceGuards/read"),
    ("api_resource_guard_proxy", "GET"): (READER, f"{DP}/backupVaults/backupResourceGuardProxies/read"),
    ("api_resource_guard_proxy", "PUT"): (CONTRIBUTOR, f"{DP}/backupVaults/backupResourceGuardProxies/write"),
    ("api_resource_guard_proxy", "DELETE"): (CONTRIBUTOR, f"{DP}/backupVaults/backupResourceGuardProxies/delete"),
    ("api_resource_guard_unlock", "POST"): (
        CONTRIBUTOR,
        f"{DP}/backupVaults/backupResourceGuardProxies/unlockDelete/action",
    ),
    ("api_resource_guard_proxies", "GET"): (READER, f"{DP}/backupVaults/backupResourceGuardProxies/read"),
    ("api_provider_operations", "GET"): (READER, f"{DP}/operations/read"),
    ("api_resource_graph", "POST"): (READER, "Microsoft.ResourceGraph/resources/action"),
    ("api_feature_support", "POST"): (READER, f"{DP}/locations/checkFeatureSupport/action"),
    ("api_vault_name_availability", "POST"): (CONTRIBUTOR, f"{DP}/locations/checkNameAvailability/action"),
    ("api_deleted_vaults", "GET"): (READER, f"{DP}/locations/deletedVaults/read"),
    ("api_deleted_vault", "GET"): (READER, f"{DP}/locations/deletedVaults/read"),
    ("api_vaults_of_subscription", "GET"): (READER, f"{DP}/backupVaults/read"),
    ("api_vaults_of_group", "GET"): (READER, f"{DP}/backupVaults/read"),
    ("api_vault", "GET"): (READER, f"{DP}/backupVaults/read"),
    ("api_vault", "PUT"): (CONTRIBUTOR, f"{DP}/backupVaults/write"),
    ("api_vault", "PATCH"): (CONTRIBUTOR, f"{DP}/backupVaults/write"),
    ("api_vault", "DELETE"): (CONTRIBUTOR, f"{DP}/backupVaults/delete"),
    ("api_policies", "GET"): (READER, f"{DP}/backupVaults/backupPolicies/read"),
    ("api_policy", "GET"): (READER, f"{DP}/backupVaults/backupPolicies/read"),
    ("api_policy", "PUT"): (CONTRIBUTOR, f"{DP}/backupVaults/backupPolicies/write"),
    ("api_policy", "DELETE"): (CONTRIBUTOR, f"{DP}/backupVaults/backupPolicies/delete"),
    ("api_unprotected_disks", "GET"): (READER, f"{DP}/unprotectedDisks/read"),
    ("api_protection_gaps", "GET"): (READER, f"{DP}/backupVaults/protectionGaps/read"),
    ("api_protection_rules", "GET"): (READER, f"{DP}/backupVaults/protectionRules/read"),
    ("api_protection_rule", "GET"): (READER, f"{DP}/backupVaults/protectionRules/read"),
    ("api_protection_rule", "PUT"): (CONTRIBUTOR, f"{DP}/backupVaults/protectionRules/write"),
    ("api_protection_rule", "DELETE"): (CONTRIBUTOR, f"{DP}/backupVaults/protectionRules/delete"),
    ("api_restore_test_plans", "GET"): (READER, f"{DP}/backupVaults/restoreTestPlans/read"),
    ("api_restore_test_plan", "GET"): (READER, f"{DP}/backupVaults/restoreTestPlans/read"),
    ("api_restore_test_plan", "PUT"): (CONTRIBUTOR, f"{DP}/backupVaults/restoreTestPlans/write"),
    ("api_restore_test_plan", "DELETE"): (CONTRIBUTOR, f"{DP}/backupVaults/restoreTestPlans/delete"),
    ("api_restore_test_plan_estimate", "POST"): (OPERATOR, f"{DP}/backupVaults/restoreTestPlans/estimate/action"),
    ("api_restore_test_plan_run", "POST"): (OPERATOR, f"{DP}/backupVaults/restoreTestPlans/run/action"),
    ("api_copy_rules", "GET"): (READER, f"{DP}/backupVaults/copyRules/read"),
    ("api_copy_rule", "GET"): (READER, f"{DP}/backupVaults/copyRules/read"),
    ("api_copy_rule", "PUT"): (CONTRIBUTOR, f"{DP}/backupVaults/copyRules/write"),
    ("api_copy_rule", "DELETE"): (CONTRIBUTOR, f"{DP}/backupVaults/copyRules/delete"),
    ("api_recovery_point_copies", "GET"): (
        READER,
        f"{DP}/backupVaults/backupInstances/recoveryPointCopies/read",
    ),
    ("api_policy_preview", "POST"): (READER, f"{DP}/backupVaults/backupPolicies/preview/action"),
    ("api_policy_change_preview", "POST"): (READER, f"{DP}/backupVaults/backupPolicies/previewChange/action"),
    ("api_policy_quota_forecast", "POST"): (READER, f"{DP}/backupVaults/backupPolicies/forecastQuotas/action"),
    ("api_policy_cost", "POST"): (READER, f"{DP}/backupVaults/backupPolicies/estimateCost/action"),
    ("api_instance_cost", "POST"): (READER, f"{DP}/backupVaults/backupInstances/estimateCost/action"),
    ("api_quota_forecast", "POST"): (READER, f"{DP}/locations/forecastQuotas/action"),
    ("api_import", "POST"): (CONTRIBUTOR, f"{DP}/backupVaults/importVault/action"),
    ("api_import_undo", "POST"): (CONTRIBUTOR, f"{DP}/backupVaults/undoImport/action"),
    ("api_import_finish", "POST"): (CONTRIBUTOR, f"{DP}/backupVaults/finishImport/action"),
    ("api_import_dry_run", "POST"): (CONTRIBUTOR, f"{DP}/backupVaults/dryRunImport/action"),
    ("api_adoption", "POST"): (CONTRIBUTOR, f"{DP}/backupVaults/adoptSnapshots/action"),
    ("api_adoption_undo", "POST"): (CONTRIBUTOR, f"{DP}/backupVaults/undoAdoption/action"),
    ("api_adoption_dry_run", "POST"): (CONTRIBUTOR, f"{DP}/backupVaults/dryRunAdoption/action"),
    ("api_protection_rule_dry_run", "POST"): (OPERATOR, f"{DP}/backupVaults/protectionRules/dryRun/action"),
    ("api_instances", "GET"): (READER, f"{DP}/backupVaults/backupInstances/read"),
    ("api_instance_standings", "GET"): (READER, f"{DP}/backupVaults/backupInstanceStandings/read"),
    ("api_instance", "GET"): (READER, f"{DP}/backupVaults/backupInstances/read"),
    ("api_instance", "PUT"): (OPERATOR, f"{DP}/backupVaults/backupInstances/write"),
    ("api_instance", "DELETE"): (CONTRIBUTOR, f"{DP}/backupVaults/backupInstances/delete"),
    ("api_backup_validation", "POST"): (OPERATOR, f"{DP}/backupVaults/validateForBackup/action"),
    ("api_instance_change_validation", "POST"): (
        OPERATOR,
        f"{DP}/backupVaults/backupInstances/validateForModifyBackup/action",
    ),
    ("api_instance_restore_validation", "POST"): (
        OPERATOR,
        f"{DP}/backupVaults/backupInstances/validateRestore/action",
    ),
    ("api_instance_stop", "POST"): (CONTRIBUTOR, f"{DP}/backupVaults/backupInstances/stopProtection/action"),
    ("api_instance_suspend", "POST"): (CONTRIBUTOR, f"{DP}/backupVaults/backupInstances/suspendBackups/action"),
    ("api_instance_resume_protection", "POST"): (
        CONTRIBUTOR,
        f"{DP}/backupVaults/backupInstances/resumeProtection/action",
    ),
    ("api_instance_resume_backups", "POST"): (CONTRIBUTOR, f"{DP}/backupVaults/backupInstances/resumeBackups/action"),
    ("api_instance_sync", "POST"): (OPERATOR, f"{DP}/backupVaults/backupInstances/sync/action"),
    ("api_deleted_instances", "GET"): (READER, f"{DP}/backupVaults/deletedBackupInstances/read"),
    ("api_deleted_instance", "GET"): (READER, f"{DP}/backupVaults/deletedBackupInstances/read"),
    ("api_deleted_instance_undelete", "POST"): (
        CONTRIBUTOR,
        f"{DP}/backupVaults/deletedBackupInstances/undelete/action",
    ),
    ("api_instance_backup", "POST"): (OPERATOR, f"{DP}/backupVaults/backupInstances/backup/action"),
    ("api_instance_restore", "POST"): (OPERATOR, f"{DP}/backupVaults/backupInstances/restore/action"),
    ("api_cross_region_restore", "POST"): (OPERATOR, f"{DP}/locations/crossRegionRestore/action"),
    ("api_cross_region_validation", "POST"): (OPERATOR, f"{DP}/locations/validateCrossRegionRestore/action"),
    ("api_secondary_recovery_points", "POST"): (READER, f"{DP}/locations/fetchSecondaryRecoveryPoints/action"),
    ("api_cross_region_jobs", "POST"): (READER, f"{DP}/locations/fetchCrossRegionRestoreJobs/action"),
    ("api_cross_region_job", "POST"): (READER, f"{DP}/locations/fetchCrossRegionRestoreJob/action"),
    ("api_restore_together", "POST"): (OPERATOR, f"{DP}/backupVaults/restoreTogether/action"),
    ("api_restore_together_preview", "POST"): (OPERATOR, f"{DP}/backupVaults/previewRestoreTogether/action"),
    ("api_swap", "POST"): (CONTRIBUTOR, f"{DP}/backupVaults/swapDisks/action"),
    ("api_swap_preview", "POST"): (CONTRIBUTOR, f"{DP}/backupVaults/previewSwapDisks/action"),
    ("api_swap_undo", "POST"): (CONTRIBUTOR, f"{DP}/backupVaults/swapDisks/undo/action"),
    ("api_instances_of_disk", "GET"): (READER, f"{DP}/backupInstances/read"),
    ("api_recovery_points", "GET"): (READER, f"{DP}/backupVaults/backupInstances/recoveryPoints/read"),
    ("api_recovery_point", "GET"): (READER, f"{DP}/backupVaults/backupInstances/recoveryPoints/read"),
    ("api_recovery_point", "DELETE"): (CONTRIBUTOR, f"{DP}/backupVaults/backupInstances/recoveryPoints/delete"),
    ("api_deletion_brake", "GET"): (READER, f"{DP}/backupVaults/deletionBrake/read"),
    ("api_deletion_brake_go_on", "POST"): (CONTRIBUTOR, f"{DP}/backupVaults/deletionBrake/goOn/action"),
    ("api_legal_holds_of_vault", "GET"): (READER, f"{DP}/backupVaults/legalHolds/read"),
    ("api_legal_hold_of_vault", "GET"): (READER, f"{DP}/backupVaults/legalHolds/read"),
    ("api_legal_hold_of_vault", "PUT"): (OPERATOR, f"{DP}/backupVaults/legalHolds/write"),
    ("api_legal_hold_of_vault", "DELETE"): (CONTRIBUTOR, f"{DP}/backupVaults/legalHolds/delete"),
    ("api_legal_holds_of_instance", "GET"): (READER, f"{DP}/backupVaults/backupInstances/legalHolds/read"),
    ("api_legal_hold_of_instance", "GET"): (READER, f"{DP}/backupVaults/backupInstances/legalHolds/read"),
    ("api_legal_hold_of_instance", "PUT"): (OPERATOR, f"{DP}/backupVaults/backupInstances/legalHolds/write"),
    ("api_legal_hold_of_instance", "DELETE"): (CONTRIBUTOR, f"{DP}/backupVaults/backupInstances/legalHolds/delete"),
    ("api_legal_holds_of_point", "GET"): (READER, f"{HOLDS}/read"),
    ("api_legal_hold_of_point", "GET"): (READER, f"{HOLDS}/read"),
    ("api_legal_hold_of_point", "PUT"): (OPERATOR, f"{HOLDS}/write"),
    ("api_legal_hold_of_point", "DELETE"): (CONTRIBUTOR, f"{HOLDS}/delete"),
    ("api_recovery_point_undelete", "POST"): (
        CONTRIBUTOR,
        f"{DP}/backupVaults/backupInstances/recoveryPoints/undelete/action",
    ),
    ("api_restorable_time_ranges", "POST"): (
        READER,
        f"{DP}/backupVaults/backupInstances/findRestorableTimeRanges/action",
    ),
    ("api_jobs_export", "POST"): (READER, f"{DP}/backupVaults/exportBackupJobs/action"),
    ("api_jobs_export_result", "GET"): (READER, f"{DP}/backupVaults/backupJobs/operations/read"),
    ("api_alerts", "GET"): (READER, f"{DP}/backupVaults/backupAlerts/read"),
    ("api_alert", "GET"): (READER, f"{DP}/backupVaults/backupAlerts/read"),
    ("api_alert_acknowledge", "POST"): (OPERATOR, f"{DP}/backupVaults/backupAlerts/acknowledge/action"),
    ("api_refused_events", "GET"): (READER, f"{DP}/backupVaults/refusedEvents/read"),
    ("api_audit_records_of_vault", "GET"): (CONTRIBUTOR, f"{DP}/backupVaults/auditRecords/read"),
    ("api_audit_records_of_subscription", "GET"): (CONTRIBUTOR, f"{DP}/auditRecords/read"),
    ("api_health_of_vault", "GET"): (READER, f"{DP}/backupVaults/health/read"),
    ("api_health_of_subscription", "GET"): (READER, f"{DP}/health/read"),
    ("api_health", "GET"): (READER, f"{DP}/health/read"),
    ("api_storage_history_of_vault", "GET"): (READER, f"{DP}/backupVaults/storageHistory/read"),
    ("api_storage_history", "GET"): (READER, f"{DP}/storageHistory/read"),
    ("api_compliance_report_of_vault", "GET"): (READER, f"{DP}/backupVaults/complianceReport/read"),
    ("api_compliance_report_of_subscription", "GET"): (READER, f"{DP}/complianceReport/read"),
    ("api_jobs", "GET"): (READER, f"{DP}/backupVaults/backupJobs/read"),
    ("api_job", "GET"): (READER, f"{DP}/backupVaults/backupJobs/read"),
    ("api_operation_status_of_vault", "GET"): (READER, f"{DP}/backupVaults/operationStatus/read"),
    ("api_operation_status_of_group", "GET"): (READER, f"{DP}/operationStatus/read"),
    ("api_operation_status_of_group_location", "GET"): (READER, f"{DP}/locations/operationStatus/read"),
    ("api_operation_status_of_location", "GET"): (READER, f"{DP}/locations/operationStatus/read"),
    ("api_operation_result_of_vault", "GET"): (READER, f"{DP}/backupVaults/operationResults/read"),
    ("api_operation_result_of_instance", "GET"): (READER, f"{DP}/backupVaults/backupInstances/operationResults/read"),
    ("api_operation_result_of_location", "GET"): (READER, f"{DP}/locations/operationResults/read"),
}
ROLES = {READER: 1, OPERATOR: 2, CONTRIBUTOR: 3}
QUESTIONS = {
    "api_feature_support",
    "api_vault_name_availability",
    "api_backup_validation",
    "api_instance_change_validation",
    "api_instance_restore_validation",
    "api_restorable_time_ranges",
    "api_import_dry_run",
    "api_restore_together_preview",
    "api_cross_region_validation",
    "api_secondary_recovery_points",
    "api_cross_region_jobs",
    "api_cross_region_job",
    "api_adoption_dry_run",
    "api_swap_preview",
    "api_protection_rule_dry_run",
    "api_restore_test_plan_estimate",
    "api_policy_preview",
    "api_policy_change_preview",
    "api_policy_quota_forecast",
    "api_policy_cost",
    "api_instance_cost",
    "api_quota_forecast",
    "api_resource_graph",
}
BY_NAME = {route.name: route for route in ROUTES}
GUARDED = [row for row, (least, _) in TABLE.items() if least != "anyone"]


def test_every_route_and_method_has_its_row() -> None:
    assert set(TABLE) == {(route.name, method) for route in ROUTES for method in route.endpoints}


@pytest.fixture(scope="module")
def empty() -> Front:
    """Nothing exists, so that whoever is let in gets another answer than 403, and nothing is changed."""
    return guarded(World())


@every_case("row", GUARDED)
@every_case("role", [*ROLES, None])
def test_a_role_may_what_the_table_says(empty: Front, row: tuple[str, str], role: str | None) -> None:
    least, action = TABLE[row]
    path = "/" + re.sub(r"\{\*?\w+\}", "x-1", BY_NAME[row[0]].template)
    reply = empty.send(row[1], path, {}, headers=bearer(*([role] if role else [])))
    is_allowed = role is not None and ROLES[role] >= ROLES[least]
    assert (reply.status != 403) is is_allowed, reply.text
    assert reply.status != 401
    assert reply.status < 500
    if not is_allowed:
        assert reply.error["code"] == "AuthorizationFailed"
        assert f"'{action}'" in reply.error["message"]


@every_case("row", GUARDED)
def test_an_action_is_named_as_azure_names_it(row: tuple[str, str]) -> None:
    assert action_of(BY_NAME[row[0]], row[1]) == TABLE[row][1]


def test_an_action_is_for_the_same_roles_wherever_it_is_needed() -> None:
    needed: dict[str, set[str]] = {}
    for least, action in TABLE.values():
        needed.setdefault(action, set()).add(least)
    assert {action: roles for action, roles in needed.items() if len(roles) > 1} == {}


def test_each_role_may_all_that_the_lesser_one_may() -> None:
    held = [{row for row in TABLE if may(Caller(roles=frozenset({role})), BY_NAME[row[0]], row[1])} for role in Role]
    assert [ROLES[f"Backup.{role.name.title()}"] for role in Role] == [1, 2, 3]
    assert held[0] < held[1] < held[2] == set(TABLE)


def test_a_reader_can_change_nothing() -> None:
    changes = {row for row in TABLE if is_change(BY_NAME[row[0]], row[1])} - {("api_jobs_export", "POST")}
    assert {row for row in changes if TABLE[row][0] == READER} == set()


def test_what_could_change_something_is_told_from_questions() -> None:
    asked = {row for row in TABLE if row[1] in ("GET", "HEAD")} | {(name, "POST") for name in QUESTIONS}
    assert {row for row in TABLE if not is_change(BY_NAME[row[0]], row[1])} == asked


@every_case("route", [route for route in ROUTES if route.endpoints])
def test_a_method_that_does_not_exist_is_told_to_whoever_has_a_role(empty: Front, route: Route) -> None:
    path = "/" + re.sub(r"\{\*?\w+\}", "x-1", route.template)
    for method in set(METHODS) - set(route.endpoints):
        assert empty.send(method, path, {}, headers=bearer(READER)).status == 405
        expected = 405 if TABLE[route.name, next(iter(route.endpoints))][0] == "anyone" else 403
        assert empty.send(method, path, {}, headers=bearer()).status == expected


def test_what_is_not_offered_is_told_to_whoever_has_a_role(empty: Front) -> None:
    for path in (f"{INSTANCE_PATH}/rehydrate", "/providers/Microsoft.Compute/operations"):
        assert empty.send("PUT", path, {}, headers=bearer(READER)).status in (400, 404)
        assert empty.send("PUT", path, {}, headers=bearer()).status == 403


def test_access_is_decided_before_the_version_the_method_and_names(empty: Front) -> None:
    for path, query in ((VAULT_PATH, {}), (f"{VAULT_PATH}/a|b", {}), (f"{GROUP_PATH}/backupVaults/a|b", {"x": "y"})):
        assert empty.send("PUT", path, b"{", query=query, headers=bearer()).status == 403


@pytest.mark.parametrize(
    "spelled", ["Backup Reader", "Backup.Reader", "backup-reader", "BACKUPREADER", "backupReader", " Backup Reader "]
)
def test_roles_are_spelled_freely(spelled: str) -> None:
    assert read_roles([spelled]) == {Role.READER}


@pytest.mark.parametrize("spelled", ["", "Reader", "Backup", "Backup_Reader", "Backup Readers", "Backup/Reader", "*"])
def test_other_words_are_no_roles(spelled: str) -> None:
    assert read_roles([spelled]) == frozenset()


@pytest.mark.parametrize("roles", [DROPPED, None, "Backup.Contributor", {"Backup.Contributor": 1}, [["x"], 7]])
def test_a_roles_claim_of_another_shape_gives_no_role(empty: Front, roles: Any) -> None:
    assert empty.get(VAULT_PATH, headers=bearer(roles=roles)).status == 403


def test_two_roles_add_up(empty: Front) -> None:
    assert empty.put(f"{VAULT_PATH}/backupInstances/x-1", {}, headers=bearer(READER, OPERATOR)).status != 403


def test_nobody_may_anything() -> None:
    assert [row for row in GUARDED if may(Caller(), BY_NAME[row[0]], row[1])] == []


# ------------------------------------------------------------------ scopes

OTHER = "cccccccc-0000-4000-8000-000000000009"
GROUP_SCOPE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{VAULT.group}"


def asked(platform: Platform, scopes: dict[str, list[str]], path: str, **claims: Any) -> int:
    return guarded(platform.world, scopes=scopes).get(path, headers=bearer(CONTRIBUTOR, **claims)).status


@pytest.mark.parametrize("scope", [f"/subscriptions/{SUBSCRIPTION}", GROUP_SCOPE, VAULT_PATH])
@pytest.mark.parametrize("path", [VAULT_PATH, f"{VAULT_PATH}/backupJobs", INSTANCE_PATH, POLICY_PATH])
def test_a_scope_is_for_those_whom_it_lists(platform: Platform, scope: str, path: str) -> None:
    assert asked(platform, {scope: [OTHER]}, path) == 403
    assert asked(platform, {scope: [OTHER, PERSON]}, path) in (200, 404)
    assert asked(platform, {scope: [GROUP]}, path, groups=[GROUP.upper()]) in (200, 404)
    assert asked(platform, {scope.upper(): [OTHER]}, path) == 403
    assert asked(platform, {scope: [OTHER]}, path.upper()) == 403


def test_a_group_of_the_caller_counts(platform: Platform) -> None:
    assert asked(platform, {GROUP_SCOPE: [GROUP]}, VAULT_PATH, groups=[GROUP.upper()]) == 200
    assert asked(platform, {GROUP_SCOPE: [GROUP]}, VAULT_PATH, groups=["another"]) == 403
    assert asked(platform, {GROUP_SCOPE: [GROUP]}, VAULT_PATH, groups=GROUP) == 403, "no list of groups"


def test_too_many_groups_to_be_listed_count_as_none(platform: Platform) -> None:
    overage = {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://graph.example"}}}
    assert asked(platform, {GROUP_SCOPE: [GROUP]}, VAULT_PATH, **overage) == 403


def test_nested_scopes_must_all_list_the_caller(platform: Platform) -> None:
    assert asked(platform, {GROUP_SCOPE: [OTHER], VAULT_PATH: [PERSON]}, VAULT_PATH) == 403
    assert asked(platform, {GROUP_SCOPE: [PERSON], VAULT_PATH: [OTHER]}, VAULT_PATH) == 403
    assert asked(platform, {GROUP_SCOPE: [PERSON], VAULT_PATH: [PERSON]}, VAULT_PATH) == 200


def test_a_scope_gives_no_right_that_a_role_does_not(platform: Platform) -> None:
    front = guarded(platform.world, scopes={VAULT_PATH: [PERSON]})
    assert front.get(VAULT_PATH, headers=bearer()).status == 403
    assert front.put(POLICY_PATH, policy_body(), headers=bearer(OPERATOR)).status == 403


@pytest.mark.parametrize("path", [f"{VAULT_PATH}2", f"{VAULT_PATH}2/backupJobs", f"{GROUP_PATH}/backupVaults"])
def test_a_scope_ends_where_its_name_ends(platform: Platform, path: str) -> None:
    assert asked(platform, {VAULT_PATH: [OTHER]}, path) in (200, 404)


def test_what_lies_in_a_scope_is_refused_whether_it_exists_or_not(platform: Platform) -> None:
    front = guarded(platform.world, scopes={GROUP_SCOPE: [OTHER]})
    there = front.get(VAULT_PATH, headers=bearer(CONTRIBUTOR))
    absent = front.get(f"{VAULT_PATH}x", headers=bearer(CONTRIBUTOR))
    assert there.text == absent.text.replace(f"{VAULT_PATH}x", VAULT_PATH)
    assert (there.status, absent.status) == (403, 403)


@pytest.mark.parametrize("spelling", ["%2e%2e", "..", "%2F", "a%2F..%2F", "%5c"])
def test_no_spelling_of_a_path_leads_around_a_scope(platform: Platform, spelling: str) -> None:
    """Whatever the route makes of a spelling is what access is decided on, and names that are none are refused."""
    front = guarded(platform.world, scopes={GROUP_SCOPE: [OTHER]})
    before, after = VAULT_PATH.split(VAULT.group)
    for path in (f"{before}{spelling}{VAULT.group}{after}", f"{before}{VAULT.group}{spelling}{after}"):
        reply = front.get(f"https://backup.example{path}?api-version=2026-06-01", headers=bearer(CONTRIBUTOR))
        assert reply.status in (400, 403, 404)
        assert "westeurope" not in reply.text


def test_a_disk_is_reached_by_its_own_path(platform: Platform) -> None:
    path = disk_path()
    assert asked(platform, {path.split("/providers")[0]: [OTHER]}, path) == 403


def test_lists_ask_which_vaults_may_be_seen(platform: Platform) -> None:
    guarded(platform.world).put(f"{VAULT_PATH}2", vault_body(), headers=bearer(CONTRIBUTOR))
    front = guarded(platform.world, scopes={VAULT_PATH: [OTHER]})
    for path in (f"{GROUP_PATH}/backupVaults", f"/subscriptions/{SUBSCRIPTION}/providers/{DP}/backupVaults"):
        seen = [vault["name"] for vault in front.get(path, headers=bearer(READER)).json["value"]]
        assert seen == [f"{VAULT.name}2"]


def test_by_function_key_all_is_seen() -> None:
    everyone = Caller(kind="functionKey", has_full_access=True)
    assert closed_for(everyone, [AccessScope(path=VAULT_PATH.lower(), object_ids=frozenset({OTHER}))]) == ()


def test_a_call_that_nothing_restricts_may_see_every_vault() -> None:
    call = Call(method="GET", base_url="", path="", query={}, names={}, body=b"", request_id="", correlation_id="")
    assert call.may_see(VAULT)

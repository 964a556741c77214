"""Access: every route, method and role in one table, and scopes that are for few."""

from __future__ import annotations

import re
from typing import Any

import pytest

from backup_core.api.access import Caller, closed_for, is_change, may, read_roles
from backup_core.api.endpoints import METHODS, Role, Route
from backup_core.api.routes import ROUTES
from backup_core.settings import AccessScope
from tests.api.bodies import GROUP_PATH, INSTANCE_PATH, POLICY_PATH, VAULT_PATH, disk_path, policy_body, vault_body
from tests.api.front import Front, call_of
from tests.api.tenant import (
    CONTRIBUTOR,
    DROPPED,
    GROUP,
    OPERATOR,
    PERSON,
    READER,
    SOMEBODY_ELSE,
    bearer,
    guarded,
)
from tests.builders import SUBSCRIPTION, VAULT
from tests.cases import every_case
from tests.fakes import World
from tests.workflows.platform import Platform

ANYONE = "anyone"
DP = "Microsoft.DataProtection"
VAULTS = f"{DP}/backupVaults"
INSTANCES = f"{VAULTS}/backupInstances"
POINTS = f"{INSTANCES}/recoveryPoints"
VERBS = {"GET": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete", "POST": "action"}

# Everything that is offered: function, the resource by which Azure's roles name it, and the least role that may, by
# method. A route or method that is not here fails the first test: whoever adds one decides who may.
OFFERED: dict[str, tuple[str, dict[str, str]]] = {
    "api_description": ("", {"GET": ANYONE}),
    "health_live": ("", {"GET": ANYONE}),
    "api_subscriptions": ("Microsoft.Resources/subscriptions", {"GET": READER}),
    "api_tenants": ("Microsoft.Resources/tenants", {"GET": READER}),
    "api_resources_of_subscription": ("Microsoft.Resources/subscriptions/resources", {"GET": READER}),
    "api_resources_of_group": ("Microsoft.Resources/subscriptions/resourceGroups/resources", {"GET": READER}),
    "api_providers": ("Microsoft.Resources/subscriptions/providers", {"GET": READER}),
    "api_provider": ("Microsoft.Resources/subscriptions/providers", {"GET": READER}),
    "api_provider_anywhere": ("Microsoft.Resources/subscriptions/providers", {"GET": READER}),
    "api_provider_register": (f"{DP}/register", {"POST": CONTRIBUTOR}),
    "api_vault_tags": (
        "Microsoft.Resources/tags",
        {"GET": READER, "PUT": CONTRIBUTOR, "PATCH": CONTRIBUTOR, "DELETE": CONTRIBUTOR},
    ),
    "api_resource_guards_of_subscription": (f"{DP}/resourceGuards", {"GET": READER}),
    "api_resource_guards_of_group": (f"{DP}/resourceGuards", {"GET": READER}),
    "api_resource_guard": (
        f"{DP}/resourceGuards",
        {"GET": READER, "PUT": CONTRIBUTOR, "PATCH": CONTRIBUTOR, "DELETE": CONTRIBUTOR},
    ),
    "api_resource_guard_requests": (f"{DP}/resourceGuards", {"GET": READER}),
    "api_resource_guard_request": (f"{DP}/resourceGuards", {"GET": READER}),
    "api_resource_guard_proxy": (
        f"{VAULTS}/backupResourceGuardProxies",
        {"GET": READER, "PUT": CONTRIBUTOR, "DELETE": CONTRIBUTOR},
    ),
    "api_resource_guard_unlock": (f"{VAULTS}/backupResourceGuardProxies/unlockDelete", {"POST": CONTRIBUTOR}),
    "api_resource_guard_proxies": (f"{VAULTS}/backupResourceGuardProxies", {"GET": READER}),
    "api_provider_operations": (f"{DP}/operations", {"GET": READER}),
    "api_deleted_vaults": (f"{DP}/locations/deletedVaults", {"GET": READER}),
    "api_deleted_vault": (f"{DP}/locations/deletedVaults", {"GET": READER}),
    "api_vaults_of_subscription": (VAULTS, {"GET": READER}),
    "api_vaults_of_group": (VAULTS, {"GET": READER}),
    "api_vault": (VAULTS, {"GET": READER, "PUT": CONTRIBUTOR, "PATCH": CONTRIBUTOR, "DELETE": CONTRIBUTOR}),
    "api_policies": (f"{VAULTS}/backupPolicies", {"GET": READER}),
    "api_policy": (f"{VAULTS}/backupPolicies", {"GET": READER, "PUT": CONTRIBUTOR, "DELETE": CONTRIBUTOR}),
    "api_unprotected_disks": (f"{DP}/unprotectedDisks", {"GET": READER}),
    "api_protection_gaps": (f"{VAULTS}/protectionGaps", {"GET": READER}),
    "api_protection_rules": (f"{VAULTS}/protectionRules", {"GET": READER}),
    "api_protection_rule": (f"{VAULTS}/protectionRules", {"GET": READER, "PUT": CONTRIBUTOR, "DELETE": CONTRIBUTOR}),
    "api_restore_test_plans": (f"{VAULTS}/restoreTestPlans", {"GET": READER}),
    "api_restore_test_plan": (f"{VAULTS}/restoreTestPlans", {"GET": READER, "PUT": CONTRIBUTOR, "DELETE": CONTRIBUTOR}),
    "api_restore_test_plan_run": (f"{VAULTS}/restoreTestPlans/run", {"POST": OPERATOR}),
    "api_copy_rules": (f"{VAULTS}/copyRules", {"GET": READER}),
    "api_copy_rule": (f"{VAULTS}/copyRules", {"GET": READER, "PUT": CONTRIBUTOR, "DELETE": CONTRIBUTOR}),
    "api_recovery_point_copies": (f"{INSTANCES}/recoveryPointCopies", {"GET": READER}),
    "api_import": (f"{VAULTS}/importVault", {"POST": CONTRIBUTOR}),
    "api_import_undo": (f"{VAULTS}/undoImport", {"POST": CONTRIBUTOR}),
    "api_import_finish": (f"{VAULTS}/finishImport", {"POST": CONTRIBUTOR}),
    "api_adoption": (f"{VAULTS}/adoptSnapshots", {"POST": CONTRIBUTOR}),
    "api_adoption_undo": (f"{VAULTS}/undoAdoption", {"POST": CONTRIBUTOR}),
    "api_instances": (INSTANCES, {"GET": READER}),
    "api_instance_standings": (f"{VAULTS}/backupInstanceStandings", {"GET": READER}),
    "api_instance": (INSTANCES, {"GET": READER, "PUT": OPERATOR, "DELETE": CONTRIBUTOR}),
    "api_instance_stop": (f"{INSTANCES}/stopProtection", {"POST": CONTRIBUTOR}),
    "api_instance_suspend": (f"{INSTANCES}/suspendBackups", {"POST": CONTRIBUTOR}),
    "api_instance_resume_protection": (f"{INSTANCES}/resumeProtection", {"POST": CONTRIBUTOR}),
    "api_instance_resume_backups": (f"{INSTANCES}/resumeBackups", {"POST": CONTRIBUTOR}),
    "api_instance_sync": (f"{INSTANCES}/sync", {"POST": OPERATOR}),
    "api_deleted_instances": (f"{VAULTS}/deletedBackupInstances", {"GET": READER}),
    "api_deleted_instance": (f"{VAULTS}/deletedBackupInstances", {"GET": READER}),
    "api_deleted_instance_undelete": (f"{VAULTS}/deletedBackupInstances/undelete", {"POST": CONTRIBUTOR}),
    "api_instance_backup": (f"{INSTANCES}/backup", {"POST": OPERATOR}),
    "api_instance_restore": (f"{INSTANCES}/restore", {"POST": OPERATOR}),
    "api_cross_region_restore": (f"{DP}/locations/crossRegionRestore", {"POST": OPERATOR}),
    "api_restore_together": (f"{VAULTS}/restoreTogether", {"POST": OPERATOR}),
    "api_swap": (f"{VAULTS}/swapDisks", {"POST": CONTRIBUTOR}),
    "api_swap_undo": (f"{VAULTS}/swapDisks/undo", {"POST": CONTRIBUTOR}),
    "api_instances_of_disk": (f"{DP}/backupInstances", {"GET": READER}),
    "api_recovery_points": (POINTS, {"GET": READER}),
    "api_recovery_point": (POINTS, {"GET": READER, "DELETE": CONTRIBUTOR}),
    "api_deletion_brake": (f"{VAULTS}/deletionBrake", {"GET": READER}),
    "api_deletion_brake_go_on": (f"{VAULTS}/deletionBrake/goOn", {"POST": CONTRIBUTOR}),
    "api_legal_holds_of_vault": (f"{VAULTS}/legalHolds", {"GET": READER}),
    "api_legal_hold_of_vault": (f"{VAULTS}/legalHolds", {"GET": READER, "PUT": OPERATOR, "DELETE": CONTRIBUTOR}),
    "api_legal_holds_of_instance": (f"{INSTANCES}/legalHolds", {"GET": READER}),
    "api_legal_hold_of_instance": (f"{INSTANCES}/legalHolds", {"GET": READER, "PUT": OPERATOR, "DELETE": CONTRIBUTOR}),
    "api_legal_holds_of_point": (f"{POINTS}/legalHolds", {"GET": READER}),
    "api_legal_hold_of_point": (f"{POINTS}/legalHolds", {"GET": READER, "PUT": OPERATOR, "DELETE": CONTRIBUTOR}),
    "api_recovery_point_undelete": (f"{POINTS}/undelete", {"POST": CONTRIBUTOR}),
    "api_jobs_export": (f"{VAULTS}/exportBackupJobs", {"POST": READER}),
    "api_jobs_export_result": (f"{VAULTS}/backupJobs/operations", {"GET": READER}),
    "api_alerts": (f"{VAULTS}/backupAlerts", {"GET": READER}),
    "api_alert": (f"{VAULTS}/backupAlerts", {"GET": READER}),
    "api_alert_acknowledge": (f"{VAULTS}/backupAlerts/acknowledge", {"POST": OPERATOR}),
    "api_refused_events": (f"{VAULTS}/refusedEvents", {"GET": READER}),
    "api_audit_records_of_vault": (f"{VAULTS}/auditRecords", {"GET": CONTRIBUTOR}),
    "api_audit_records_of_subscription": (f"{DP}/auditRecords", {"GET": CONTRIBUTOR}),
    "api_health_of_vault": (f"{VAULTS}/health", {"GET": READER}),
    "api_health_of_subscription": (f"{DP}/health", {"GET": READER}),
    "api_health": (f"{DP}/health", {"GET": READER}),
    "api_storage_history_of_vault": (f"{VAULTS}/storageHistory", {"GET": READER}),
    "api_storage_history": (f"{DP}/storageHistory", {"GET": READER}),
    "api_compliance_report_of_vault": (f"{VAULTS}/complianceReport", {"GET": READER}),
    "api_compliance_report_of_subscription": (f"{DP}/complianceReport", {"GET": READER}),
    "api_jobs": (f"{VAULTS}/backupJobs", {"GET": READER}),
    "api_job": (f"{VAULTS}/backupJobs", {"GET": READER}),
    "api_operation_status_of_vault": (f"{VAULTS}/operationStatus", {"GET": READER}),
    "api_operation_status_of_group": (f"{DP}/operationStatus", {"GET": READER}),
    "api_operation_status_of_group_location": (f"{DP}/locations/operationStatus", {"GET": READER}),
    "api_operation_status_of_location": (f"{DP}/locations/operationStatus", {"GET": READER}),
    "api_operation_result_of_vault": (f"{VAULTS}/operationResults", {"GET": READER}),
    "api_operation_result_of_instance": (f"{INSTANCES}/operationResults", {"GET": READER}),
    "api_operation_result_of_location": (f"{DP}/locations/operationResults", {"GET": READER}),
}
# What is asked by a POST and changes nothing.
QUESTIONS: dict[str, tuple[str, str]] = {
    "api_resource_graph": ("Microsoft.ResourceGraph/resources", READER),
    "api_feature_support": (f"{DP}/locations/checkFeatureSupport", READER),
    "api_vault_name_availability": (f"{DP}/locations/checkNameAvailability", CONTRIBUTOR),
    "api_restore_test_plan_estimate": (f"{VAULTS}/restoreTestPlans/estimate", OPERATOR),
    "api_policy_preview": (f"{VAULTS}/backupPolicies/preview", READER),
    "api_policy_change_preview": (f"{VAULTS}/backupPolicies/previewChange", READER),
    "api_policy_quota_forecast": (f"{VAULTS}/backupPolicies/forecastQuotas", READER),
    "api_policy_cost": (f"{VAULTS}/backupPolicies/estimateCost", READER),
    "api_instance_cost": (f"{INSTANCES}/estimateCost", READER),
    "api_quota_forecast": (f"{DP}/locations/forecastQuotas", READER),
    "api_import_dry_run": (f"{VAULTS}/dryRunImport", CONTRIBUTOR),
    "api_adoption_dry_run": (f"{VAULTS}/dryRunAdoption", CONTRIBUTOR),
    "api_protection_rule_dry_run": (f"{VAULTS}/protectionRules/dryRun", OPERATOR),
    "api_backup_validation": (f"{VAULTS}/validateForBackup", OPERATOR),
    "api_instance_change_validation": (f"{INSTANCES}/validateForModifyBackup", OPERATOR),
    "api_instance_restore_validation": (f"{INSTANCES}/validateRestore", OPERATOR),
    "api_cross_region_validation": (f"{DP}/locations/validateCrossRegionRestore", OPERATOR),
    "api_secondary_recovery_points": (f"{DP}/locations/fetchSecondaryRecoveryPoints", READER),
    "api_cross_region_jobs": (f"{DP}/locations/fetchCrossRegionRestoreJobs", READER),
    "api_cross_region_job": (f"{DP}/locations/fetchCrossRegionRestoreJob", READER),
    "api_restore_together_preview": (f"{VAULTS}/previewRestoreTogether", OPERATOR),
    "api_swap_preview": (f"{VAULTS}/previewSwapDisks", CONTRIBUTOR),
    "api_restorable_time_ranges": (f"{INSTANCES}/findRestorableTimeRanges", READER),
}
ROWS = [*OFFERED.items(), *((name, (resource, {"POST": least})) for name, (resource, least) in QUESTIONS.items())]
# By function and method: the least role, and the action.
TABLE = {
    (name, method): (least, f"{resource}/{VERBS[method]}")
    for name, (resource, roles) in ROWS
    for method, least in roles.items()
}
ROLES = {READER: 1, OPERATOR: 2, CONTRIBUTOR: 3}
BY_NAME = {route.name: route for route in ROUTES}
GUARDED = [row for row, (least, _) in TABLE.items() if least != ANYONE]


def test_every_route_and_method_has_its_row() -> None:
    assert set(TABLE) == {(route.name, method) for route in ROUTES for method in route.endpoints}


def path_of(route: Route) -> str:
    """To what does not exist, in a subscription that there may be: what is let in reaches the handler."""
    return "/" + re.sub(r"\{\*?\w+\}", "x-1", route.template.replace("{subscription}", SUBSCRIPTION))


@pytest.fixture(scope="module")
def empty() -> Front:
    """Nothing exists, so that whoever is let in gets another answer than 403, and nothing is changed."""
    return guarded(World())


@every_case("row", GUARDED)
@every_case("role", [*ROLES, None])
def test_a_role_may_what_the_table_says(empty: Front, row: tuple[str, str], role: str | None) -> None:
    least, action = TABLE[row]
    reply = empty.send(row[1], path_of(BY_NAME[row[0]]), {}, headers=bearer(*([role] if role else [])))
    is_allowed = role is not None and ROLES[role] >= ROLES[least]
    assert (reply.status != 403) is is_allowed, reply.text
    assert reply.status != 401
    assert reply.status < 500
    if not is_allowed:
        assert reply.error["code"] == "AuthorizationFailed"
        assert f"'{action}'" in reply.error["message"]


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
    path = path_of(route)
    for method in set(METHODS) - set(route.endpoints):
        assert empty.send(method, path, {}, headers=bearer(READER)).status == 405
        expected = 405 if TABLE[route.name, next(iter(route.endpoints))][0] == ANYONE else 403
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


# ------------------------------------------------------------------ scopes

GROUP_SCOPE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{VAULT.group}"


def asked(platform: Platform, scopes: dict[str, list[str]], path: str, **claims: Any) -> int:
    return guarded(platform.world, scopes=scopes).get(path, headers=bearer(CONTRIBUTOR, **claims)).status


@pytest.mark.parametrize("scope", [f"/subscriptions/{SUBSCRIPTION}", GROUP_SCOPE, VAULT_PATH])
@pytest.mark.parametrize("path", [VAULT_PATH, f"{VAULT_PATH}/backupJobs", INSTANCE_PATH, POLICY_PATH])
def test_a_scope_is_for_those_whom_it_lists(platform: Platform, scope: str, path: str) -> None:
    assert asked(platform, {scope: [SOMEBODY_ELSE]}, path) == 403
    assert asked(platform, {scope: [SOMEBODY_ELSE, PERSON]}, path) in (200, 404)
    assert asked(platform, {scope: [GROUP]}, path, groups=[GROUP.upper()]) in (200, 404)
    assert asked(platform, {scope.upper(): [SOMEBODY_ELSE]}, path) == 403
    assert asked(platform, {scope: [SOMEBODY_ELSE]}, path.upper()) == 403


def test_a_group_of_the_caller_counts(platform: Platform) -> None:
    assert asked(platform, {GROUP_SCOPE: [GROUP]}, VAULT_PATH, groups=[GROUP.upper()]) == 200
    assert asked(platform, {GROUP_SCOPE: [GROUP]}, VAULT_PATH, groups=["another"]) == 403
    assert asked(platform, {GROUP_SCOPE: [GROUP]}, VAULT_PATH, groups=GROUP) == 403, "no list of groups"


def test_too_many_groups_to_be_listed_count_as_none(platform: Platform) -> None:
    overage = {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://graph.example"}}}
    assert asked(platform, {GROUP_SCOPE: [GROUP]}, VAULT_PATH, **overage) == 403


def test_nested_scopes_must_all_list_the_caller(platform: Platform) -> None:
    assert asked(platform, {GROUP_SCOPE: [SOMEBODY_ELSE], VAULT_PATH: [PERSON]}, VAULT_PATH) == 403
    assert asked(platform, {GROUP_SCOPE: [PERSON], VAULT_PATH: [SOMEBODY_ELSE]}, VAULT_PATH) == 403
    assert asked(platform, {GROUP_SCOPE: [PERSON], VAULT_PATH: [PERSON]}, VAULT_PATH) == 200


def test_a_scope_gives_no_right_that_a_role_does_not(platform: Platform) -> None:
    front = guarded(platform.world, scopes={VAULT_PATH: [PERSON]})
    assert front.get(VAULT_PATH, headers=bearer()).status == 403
    assert front.put(POLICY_PATH, policy_body(), headers=bearer(OPERATOR)).status == 403


@pytest.mark.parametrize("path", [f"{VAULT_PATH}2", f"{VAULT_PATH}2/backupJobs", f"{GROUP_PATH}/backupVaults"])
def test_a_scope_ends_where_its_name_ends(platform: Platform, path: str) -> None:
    assert asked(platform, {VAULT_PATH: [SOMEBODY_ELSE]}, path) in (200, 404)


def test_what_lies_in_a_scope_is_refused_whether_it_exists_or_not(platform: Platform) -> None:
    front = guarded(platform.world, scopes={GROUP_SCOPE: [SOMEBODY_ELSE]})
    there = front.get(VAULT_PATH, headers=bearer(CONTRIBUTOR))
    absent = front.get(f"{VAULT_PATH}x", headers=bearer(CONTRIBUTOR))
    assert there.text == absent.text.replace(f"{VAULT_PATH}x", VAULT_PATH)
    assert (there.status, absent.status) == (403, 403)


@pytest.mark.parametrize("spelling", ["%2e%2e", "..", "%2F", "a%2F..%2F", "%5c"])
def test_no_spelling_of_a_path_leads_around_a_scope(platform: Platform, spelling: str) -> None:
    """Whatever the route makes of a spelling is what access is decided on, and names that are none are refused."""
    front = guarded(platform.world, scopes={GROUP_SCOPE: [SOMEBODY_ELSE]})
    before, after = VAULT_PATH.split(VAULT.group)
    for path in (f"{before}{spelling}{VAULT.group}{after}", f"{before}{VAULT.group}{spelling}{after}"):
        reply = front.get(f"https://backup.example{path}?api-version=2026-06-01", headers=bearer(CONTRIBUTOR))
        assert reply.status in (400, 403, 404)
        assert "westeurope" not in reply.text


def test_a_disk_is_reached_by_its_own_path(platform: Platform) -> None:
    path = disk_path()
    assert asked(platform, {path.split("/providers")[0]: [SOMEBODY_ELSE]}, path) == 403


def test_lists_ask_which_vaults_may_be_seen(platform: Platform) -> None:
    guarded(platform.world).put(f"{VAULT_PATH}2", vault_body(), headers=bearer(CONTRIBUTOR))
    front = guarded(platform.world, scopes={VAULT_PATH: [SOMEBODY_ELSE]})
    for path in (f"{GROUP_PATH}/backupVaults", f"/subscriptions/{SUBSCRIPTION}/providers/{DP}/backupVaults"):
        seen = [vault["name"] for vault in front.get(path, headers=bearer(READER)).json["value"]]
        assert seen == [f"{VAULT.name}2"]


def test_by_function_key_all_is_seen() -> None:
    everyone = Caller(kind="functionKey", has_full_access=True)
    assert closed_for(everyone, [AccessScope(path=VAULT_PATH.lower(), object_ids=frozenset({SOMEBODY_ELSE}))]) == ()


def test_a_call_that_nothing_restricts_may_see_every_vault() -> None:
    assert call_of().may_see(VAULT)

"""Who may do what at the simulator: tokens, roles that take time, linked actions, locks, groups."""

from __future__ import annotations

import time
from typing import Any

import pytest

from infra.local.arm.roles import COMPUTE_USAGE_READER, DISK_BACKUP_READER, DISK_RESTORE_OPERATOR, READER
from infra.local.arm.seed import APP, FIRST, LOOKERS, OPERATOR
from tests.conftest import unsigned_token
from tests.local.arm.bodies import APPS, RESTORES, SNAPSHOTS, copy_of, disk_id, group_path, snapshot_id, snapshot_of
from tests.local.arm.conftest import Simulator

STRANGER = "33333333-3333-4333-8333-333333333333"
ASSIGNMENT = "44444444-4444-4444-8444-444444444444"


def assign(simulator: Simulator, scope: str, role: str, principal: str = STRANGER, name: str = ASSIGNMENT) -> str:
    path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"
    definition = f"/subscriptions/{FIRST}/providers/Microsoft.Authorization/roleDefinitions/{role}"
    body = {"properties": {"roleDefinitionId": definition, "principalId": principal}}
    assert simulator.call("PUT", path, body).status_code == 201
    return path


def lock(simulator: Simulator, scope: str, level: str, name: str = "guard") -> str:
    path = f"{scope}/providers/Microsoft.Authorization/locks/{name}"
    assert simulator.call("PUT", path, {"properties": {"level": level}}).status_code == 201
    return path


def error_code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "AuthenticationFailed"),
        ("Basic abc", "AuthenticationFailedInvalidHeader"),
        ("Bearer nonsense", "InvalidAuthenticationToken"),
        (f"Bearer {unsigned_token('')}", "InvalidAuthenticationToken"),
        (f"Bearer {unsigned_token(APP, exp=int(time.time()) - 1)}", "ExpiredAuthenticationToken"),
        (f"Bearer {unsigned_token(APP, audience='https://vault.azure.net')}", "InvalidAuthenticationTokenAudience"),
    ],
)
def test_a_token_that_is_none_is_401(simulator: Simulator, header: str, code: str) -> None:
    answer = simulator.call("GET", disk_id("web01-os"), principal=None, **({"Authorization": header} if header else {}))

    assert error_code(answer) == (401, code)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_a_token_for_the_simulators_own_address_is_taken(simulator: Simulator) -> None:
    header = f"Bearer {unsigned_token(APP, audience=simulator.base_url)}"

    assert simulator.call("GET", disk_id("web01-os"), principal=None, Authorization=header).status_code == 200


@pytest.mark.parametrize(
    ("version", "code"), [(None, "MissingApiVersionParameter"), ("7", "InvalidApiVersionParameter")]
)
def test_an_api_version_is_needed(simulator: Simulator, version: str | None, code: str) -> None:
    assert error_code(simulator.call("GET", disk_id("web01-os"), version=version)) == (400, code)


@pytest.mark.parametrize("version", ["2016-04-30-preview", "2024-03-02"])
def test_any_api_version_is_taken(simulator: Simulator, version: str) -> None:
    assert simulator.call("GET", disk_id("web01-os"), version=version).status_code == 200


def test_an_unknown_subscription_and_type_are_404(simulator: Simulator) -> None:
    nowhere = disk_id("d", subscription="00000000-0000-4000-8000-00000000dead")
    other = group_path(APPS) + "/providers/Microsoft.Compute/availabilitySets/one"

    assert error_code(simulator.call("GET", nowhere)) == (404, "SubscriptionNotFound")
    assert error_code(simulator.call("GET", other)) == (404, "InvalidResourceType")


def test_a_wrong_method_is_405(simulator: Simulator) -> None:
    assert simulator.call("PUT", f"/subscriptions/{FIRST}/providers/Microsoft.Compute/disks").status_code == 405
    assert simulator.call("GET", disk_id("web01-os") + "/beginGetAccess").status_code == 405
    assert simulator.call("POST", disk_id("web01-os") + "/selfDestruct").status_code == 404


def test_roles_are_asked_before_existence(simulator: Simulator) -> None:
    assert simulator.call("GET", disk_id("nobody", "no-such-group"), principal=STRANGER).status_code == 403


def test_a_new_role_works_after_a_while(simulator: Simulator) -> None:
    assign(simulator, group_path(APPS), READER.guid)

    assert simulator.call("GET", disk_id("web01-os"), principal=STRANGER).status_code == 403
    simulator.pass_time(5)
    assert simulator.call("GET", disk_id("web01-os"), principal=STRANGER).status_code == 200
    assert simulator.call("DELETE", disk_id("payroll-cmk"), principal=STRANGER).status_code == 403


def test_a_removed_role_works_for_a_while(simulator: Simulator) -> None:
    path = assign(simulator, group_path(APPS), READER.guid)
    simulator.pass_time(5)

    assert simulator.call("DELETE", path).status_code == 200
    assert simulator.call("GET", path).status_code == 404
    assert simulator.call("GET", disk_id("web01-os"), principal=STRANGER).status_code == 200
    simulator.pass_time(5)
    assert simulator.call("GET", disk_id("web01-os"), principal=STRANGER).status_code == 403
    assert simulator.call("DELETE", path).status_code == 204


def test_an_assignment_that_exists_under_another_name_is_409(simulator: Simulator) -> None:
    assign(simulator, group_path(APPS), READER.guid)
    path = f"{group_path(APPS)}/providers/Microsoft.Authorization/roleAssignments/{STRANGER}"
    body = {"properties": {"roleDefinitionId": READER.guid, "principalId": STRANGER}}

    assert error_code(simulator.call("PUT", path, body)) == (409, "RoleAssignmentExists")


def test_only_an_owner_assigns_roles(simulator: Simulator) -> None:
    path = f"{group_path(APPS)}/providers/Microsoft.Authorization/roleAssignments/{ASSIGNMENT}"

    assert simulator.call("PUT", path, {"properties": {}}, principal=APP).status_code == 403


def test_assignments_are_listed_around_a_scope(simulator: Simulator) -> None:
    path = f"{disk_id('web01-os')}/providers/Microsoft.Authorization/roleAssignments"
    every = simulator.call("GET", path).json()["value"]
    own = simulator.call("GET", f"{path}?$filter=principalId eq '{APP}'").json()["value"]

    assert {entry["properties"]["principalId"] for entry in every} == {APP, OPERATOR, *LOOKERS}
    roles = {entry["properties"]["roleDefinitionId"].rsplit("/", 1)[-1] for entry in own}
    assert roles == {DISK_BACKUP_READER.guid, COMPUTE_USAGE_READER.guid}


@pytest.mark.parametrize("kind", ["permissions", "locks"])
def test_permissions_and_locks_of_a_missing_group_are_not_found(simulator: Simulator, kind: str) -> None:
    path = f"{group_path('nowhere')}/providers/Microsoft.Authorization/{kind}"

    assert error_code(simulator.call("GET", path)) == (404, "ResourceGroupNotFound")


def test_locks_at_a_group_are_those_on_it_above_it_and_within(simulator: Simulator) -> None:
    for scope, name in (
        (f"/subscriptions/{FIRST}", "above"),
        (group_path(APPS), "on"),
        (disk_id("web01-os"), "within"),
        (group_path(RESTORES), "beside"),
    ):
        lock(simulator, scope, "CanNotDelete", name)
    listed = simulator.call("GET", f"{group_path(APPS)}/providers/Microsoft.Authorization/locks").json()["value"]

    assert {entry["name"] for entry in listed} == {"above", "on", "within"}
    assert {entry["properties"]["level"] for entry in listed} == {"CanNotDelete"}
    assert all(entry["id"].endswith(f"/providers/Microsoft.Authorization/locks/{entry['name']}") for entry in listed)


def test_a_role_of_ones_own_is_described_as_such(simulator: Simulator) -> None:
    path = f"/subscriptions/{FIRST}/providers/Microsoft.Authorization/roleDefinitions"
    listed = {entry["name"]: entry["properties"] for entry in simulator.call("GET", path).json()["value"]}

    assert listed[COMPUTE_USAGE_READER.guid]["type"] == "CustomRole"
    assert listed[DISK_RESTORE_OPERATOR.guid]["type"] == "BuiltInRole"


def test_a_restore_needs_access_to_its_snapshot(simulator: Simulator) -> None:
    simulator.wait_for(
        simulator.call(
            "PUT", snapshot_id("s1", "restores-eastus"), snapshot_of(disk_id("scratch03", "apps-eastus"), "eastus")
        )
    )
    body = {**copy_of(snapshot_id("s1", "restores-eastus")), "location": "eastus"}
    answer = simulator.call("PUT", disk_id("r1", "restores-eastus"), body, principal=APP)

    assert error_code(answer) == (403, "LinkedAuthorizationFailed")
    assert "Microsoft.Compute/snapshots/beginGetAccess/action" in answer.text


def test_a_list_across_a_subscription_shows_what_one_may_see(simulator: Simulator) -> None:
    path = f"/subscriptions/{FIRST}/providers/Microsoft.Compute/disks"
    assign(simulator, group_path("apps-eastus"), READER.guid)
    simulator.pass_time(5)

    assert len(simulator.call("GET", path, principal=STRANGER).json()["value"]) == 3
    assert len(simulator.call("GET", path).json()["value"]) == 25


def test_subscriptions_and_groups_are_listed_for_those_with_a_role(simulator: Simulator) -> None:
    assert simulator.call("GET", "/subscriptions", principal=STRANGER).json()["value"] == []
    assert len(simulator.call("GET", "/subscriptions", principal=APP).json()["value"]) == 2
    groups = f"/subscriptions/{FIRST}/resourceGroups"
    for principal in (OPERATOR, APP):
        seen = simulator.call("GET", groups, principal=principal).json()["value"]
        assert {group["name"].split("-")[0] for group in seen} == {"apps", "backup", "snapshots", "restores"}
    assert simulator.call("GET", groups, principal=STRANGER).json()["value"] == []


@pytest.mark.parametrize("scope", [snapshot_id("s1"), group_path(SNAPSHOTS), f"/subscriptions/{FIRST}"])
def test_a_read_only_lock_stops_every_change_below_it(simulator: Simulator, scope: str) -> None:
    simulator.wait_for(simulator.call("PUT", snapshot_id("s1"), snapshot_of(disk_id("web01-os"))))
    lock(simulator, scope, "ReadOnly")
    wish = {"access": "Read", "durationInSeconds": 60}

    assert error_code(simulator.call("PATCH", snapshot_id("s1"), {"tags": {}})) == (409, "ScopeLocked")
    assert error_code(simulator.call("POST", snapshot_id("s1") + "/beginGetAccess", wish)) == (409, "ScopeLocked")
    assert error_code(simulator.call("DELETE", snapshot_id("s1"))) == (409, "ScopeLocked")
    assert simulator.call("GET", snapshot_id("s1")).status_code == 200


def test_a_lock_on_a_snapshot_holds_its_group(simulator: Simulator) -> None:
    simulator.wait_for(simulator.call("PUT", snapshot_id("s1"), snapshot_of(disk_id("web01-os"))))
    lock(simulator, snapshot_id("s1"), "CanNotDelete")

    assert error_code(simulator.call("DELETE", group_path(SNAPSHOTS))) == (409, "ScopeLocked")


def test_a_group_is_made_found_and_deleted_with_all_in_it(simulator: Simulator) -> None:
    path = group_path("fresh")
    assert simulator.call("HEAD", path).status_code == 404
    assert simulator.call("PUT", path, {"location": "West Europe"}).status_code == 201
    assert simulator.call("PUT", path, {"location": "westeurope", "tags": {"a": "b"}}).status_code == 200
    assert error_code(simulator.call("PUT", path, {"location": "eastus"})) == (409, "InvalidResourceGroupLocation")
    assert simulator.call("HEAD", path).status_code == 204
    assert simulator.call("GET", path).json()["tags"] == {"a": "b"}
    simulator.wait_for(simulator.call("PUT", snapshot_id("s1", "fresh"), snapshot_of(disk_id("web01-os"))))

    simulator.stop_time()  # else the deletion may be over before it is looked at
    accepted = simulator.call("DELETE", path)
    assert accepted.status_code == 202
    assert simulator.call("GET", accepted.headers["Location"]).status_code == 202
    simulator.pass_time(10)
    assert simulator.call("GET", accepted.headers["Location"]).status_code == 200
    assert error_code(simulator.call("GET", path)) == (404, "ResourceGroupNotFound")
    assert error_code(simulator.call("DELETE", path)) == (404, "ResourceGroupNotFound")


def test_providers_are_registered(simulator: Simulator) -> None:
    path = f"/subscriptions/{FIRST}/providers/Microsoft.Compute"

    assert simulator.call("GET", path).json()["registrationState"] == "Registered"
    assert simulator.call("POST", path + "/register").status_code == 200
    assert simulator.call("GET", f"/subscriptions/{FIRST}/providers/Microsoft.Nothing").status_code == 404

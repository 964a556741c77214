"""Resource guards on Azure's wire: made, mapped, unlocked and used by two people; tests/attack has the escapes."""

from __future__ import annotations

from typing import Any

import pytest

from backup_core.domain.guard import GUARD, OPERATIONS, PROXY, Critical
from tests.api.bodies import GROUP_PATH, INSTANCE_PATH, POLICY_PATH, VAULT_PATH, instance_body, policy_body, vault_body
from tests.api.described import DescribedFront
from tests.api.front import Front, Naps, Reply, Services, client
from tests.api.tenant import PERSON, Tenant, bearer, sign_in
from tests.builders import SUBSCRIPTION
from tests.workflows.platform import Platform

GUARD_PATH = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/security-rg/providers/{GUARD}/guard-1"
PROXY_PATH = f"{VAULT_PATH}/backupResourceGuardProxies/{PROXY}"
SECOND = "aaaaaaaa-0000-4000-8000-000000000002"
ADA = bearer("Backup.Contributor")
BEN = bearer("Backup.Contributor", oid=SECOND)
DELETION = f"{GUARD_PATH}/deleteBackupInstanceRequests/default"


@pytest.fixture
def people(platform: Platform) -> Front:
    """The API of people who sign in, before a protected disk."""
    services = Services(platform.world, sign_in, Tenant().documents)
    front = DescribedFront(platform.world, services=services)
    assert front.put(POLICY_PATH, policy_body(), headers=ADA).status == 200
    assert front.put(INSTANCE_PATH, instance_body(), headers=ADA).status == 201
    platform.run(seconds=2)
    return front


def guard_vault(front: Front, excluded: list[str] | None = None) -> Reply:
    properties = {"properties": {"vaultCriticalOperationExclusionList": excluded}} if excluded else {}
    made = front.put(GUARD_PATH, {"location": "westeurope", **properties}, headers=BEN)
    assert made.status == 200, made.text
    mapped = front.put(PROXY_PATH, {"properties": {"resourceGuardResourceId": GUARD_PATH}}, headers=ADA)
    assert mapped.status == 200, mapped.text
    return mapped


def unlock(front: Front, request: str, resource: str = "", who: dict[str, str] = BEN) -> Reply:
    body: dict[str, Any] = {"resourceGuardOperationRequests": [f"{GUARD_PATH}/{request}/default"]}
    if resource:
        body["resourceToBeDeleted"] = resource
    return front.post(f"{PROXY_PATH}/unlockDelete", body, headers=who)


def test_a_new_guard_guards_everything(people: Front) -> None:
    assert people.get(GUARD_PATH, headers=ADA).status == 404
    made = people.put(GUARD_PATH, {"location": "West Europe", "tags": {"Team": "Security"}}, headers=BEN)
    assert (made.status, made.json["location"], made.json["tags"]) == (200, "westeurope", {"Team": "Security"})
    listed = [each["vaultCriticalOperation"] for each in made.json["properties"]["resourceGuardOperations"]]
    assert listed == list(OPERATIONS)
    assert made.json["properties"]["vaultCriticalOperationExclusionList"] == []
    assert people.get(GUARD_PATH, headers=ADA).json == made.json


def test_guards_are_listed_by_group_and_by_subscription(people: Front) -> None:
    paths = [GUARD_PATH, f"{GROUP_PATH}/resourceGuards/guard-2", f"{GROUP_PATH}/resourceGuards/another"]
    for path in paths:
        people.put(path, {"location": "westeurope"}, headers=BEN)
    own = people.get(f"{GROUP_PATH}/resourceGuards", headers=ADA).json["value"]
    assert [each["name"] for each in own] == ["another", "guard-2"]
    all_ = people.get(
        f"{GROUP_PATH.partition('/resourceGroups')[0]}/providers/Microsoft.DataProtection/resourceGuards", headers=ADA
    )
    assert {each["id"] for each in all_.json["value"]} == set(paths)


def test_what_a_guard_guards_is_changed_as_a_whole_and_its_tags_alone(people: Front) -> None:
    excluded = [Critical.RESTORE.value, Critical.SUSPEND.value]
    body = {"location": "westeurope", "properties": {"vaultCriticalOperationExclusionList": excluded}}
    changed = people.put(GUARD_PATH, body, headers=BEN).json["properties"]
    assert changed["vaultCriticalOperationExclusionList"] == excluded
    assert len(changed["resourceGuardOperations"]) == len(OPERATIONS) - 2
    tagged = people.send("PATCH", GUARD_PATH, {"tags": {"a": "b"}}, headers=BEN)
    assert (tagged.json["tags"], tagged.json["properties"]) == ({"a": "b"}, changed)
    assert people.send("PATCH", GUARD_PATH, {}, headers=BEN).json == tagged.json
    whole = people.put(GUARD_PATH, {"location": "westeurope"}, headers=BEN).json
    assert whole["properties"]["vaultCriticalOperationExclusionList"] == []
    assert "tags" not in whole


def test_every_fault_of_a_guard_is_named(people: Front) -> None:
    wrong = ["teapot", 5, Critical.UNMAP.value.upper()]
    body = {"location": "%", "properties": {"vaultCriticalOperationExclusionList": wrong}}
    refused = people.put(f"{GROUP_PATH}/resourceGuards/-", body, headers=BEN)
    assert refused.status == 400
    targets = [each["target"] for each in refused.error["details"]]
    field = "properties.vaultCriticalOperationExclusionList"
    assert targets == ["name", "location", f"{field}[0]", f"{field}[1]", field]


def test_a_guard_has_one_request_of_each_kind(people: Front) -> None:
    people.put(GUARD_PATH, {"location": "westeurope"}, headers=BEN)
    shown = people.get(f"{GUARD_PATH}/deleteresourceguardproxyrequests", headers=ADA).json["value"]
    path = f"{GUARD_PATH}/deleteResourceGuardProxyRequests/default"
    assert shown == [people.get(path, headers=ADA).json]
    assert shown[0]["id"] == path
    assert people.get(f"{GUARD_PATH}/teapots", headers=ADA).status == 404
    assert people.get(f"{GUARD_PATH}/deleteResourceGuardProxyRequests/other", headers=ADA).status == 404
    assert people.get(f"{GUARD_PATH}2/deleteResourceGuardProxyRequests", headers=ADA).status == 404


def test_a_guard_is_deleted_unless_it_guards_a_vault(people: Front) -> None:
    assert people.send("DELETE", GUARD_PATH, headers=BEN).status == 204
    guard_vault(people)
    refused = people.send("DELETE", GUARD_PATH, headers=BEN)
    assert (refused.status, refused.error["code"]) == (409, "Conflict")
    assert VAULT_PATH in refused.error["message"]
    unlock(people, "deleteResourceGuardProxyRequests")
    assert people.send("DELETE", PROXY_PATH, headers=ADA).status == 200
    assert people.send("DELETE", GUARD_PATH, headers=BEN).status == 200
    assert people.get(GUARD_PATH, headers=BEN).status == 404


def test_a_mapped_vault_says_so_everywhere(people: Front) -> None:
    people.put(VAULT_PATH, vault_body(), headers=ADA)
    proxies = f"{VAULT_PATH}/backupResourceGuardProxies"
    assert people.get(proxies, headers=ADA).json == {"value": []}
    assert people.get(PROXY_PATH, headers=ADA).status == 404
    mapped = guard_vault(people).json
    assert people.get(proxies, headers=ADA).json == {"value": [mapped]}
    assert people.get(PROXY_PATH, headers=ADA).json == mapped
    assert mapped["properties"]["resourceGuardResourceId"] == GUARD_PATH
    assert mapped["properties"]["resourceGuardOperationDetails"][0] == {
        "vaultCriticalOperation": Critical.DELETE_INSTANCE.value,
        "defaultResourceRequest": DELETION,
    }
    for path in (VAULT_PATH, f"{GROUP_PATH}/backupVaults"):
        shown = people.get(path, headers=ADA).json
        properties = (shown["value"][0] if "value" in shown else shown)["properties"]
        assert properties["isVaultProtectedByResourceGuard"] is True


def test_a_mapping_has_one_name_and_its_guard_is_there(people: Front) -> None:
    body = {"properties": {"resourceGuardResourceId": GUARD_PATH}}
    assert people.put(PROXY_PATH, body, headers=ADA).status == 404
    people.put(GUARD_PATH, {"location": "westeurope"}, headers=BEN)
    other = people.put(f"{VAULT_PATH}/backupResourceGuardProxies/other", body, headers=ADA)
    assert (other.status, other.error["code"]) == (400, "InvalidResourceName")
    wrong = people.put(PROXY_PATH, {"properties": {"resourceGuardResourceId": VAULT_PATH}}, headers=ADA)
    assert (wrong.status, wrong.error["target"]) == (400, "properties.resourceGuardResourceId")
    assert people.get(f"{VAULT_PATH}/backupResourceGuardProxies/other", headers=ADA).status == 404
    assert people.send("DELETE", PROXY_PATH, headers=ADA).status == 204


def test_a_guard_is_for_people_who_can_be_told_apart(front: Front) -> None:
    front.put(GUARD_PATH, {"location": "westeurope"})
    refused = front.put(PROXY_PATH, {"properties": {"resourceGuardResourceId": GUARD_PATH}})
    assert (refused.status, refused.error["code"]) == (400, "UserErrorSignInNeeded")


def test_deletion_takes_two_people(people: Front) -> None:
    guard_vault(people)
    refused = people.send("DELETE", INSTANCE_PATH, headers=ADA)
    assert (refused.status, refused.error["code"]) == (403, "LinkedAuthorizationFailed")
    assert DELETION in refused.error["message"]
    given = unlock(people, "deleteBackupInstanceRequests", INSTANCE_PATH)
    assert given.status == 200
    assert given.json["unlockDeleteExpiryTime"].startswith("2026-")
    own = people.send("DELETE", INSTANCE_PATH, headers=BEN)
    assert (own.status, "must be another person" in own.error["message"]) == (403, True)
    assert people.send("DELETE", INSTANCE_PATH, headers=ADA).status == 202


def test_an_unlock_names_what_it_is_for(people: Front) -> None:
    guard_vault(people)
    for body, target in (
        ({}, "resourceGuardOperationRequests"),
        ({"resourceGuardOperationRequests": [f"{GUARD_PATH}/teapots/default"]}, "resourceGuardOperationRequests[0]"),
        ({"resourceGuardOperationRequests": [DELETION]}, "resourceToBeDeleted"),
        ({"resourceGuardOperationRequests": [DELETION], "resourceToBeDeleted": VAULT_PATH}, "resourceToBeDeleted"),
    ):
        refused = people.post(f"{PROXY_PATH}/unlockDelete", body, headers=BEN)
        assert (refused.status, refused.error["target"]) == (400, target), refused.text


def test_nothing_is_unlocked_where_nothing_is_guarded(people: Front) -> None:
    assert unlock(people, "deleteBackupInstanceRequests", INSTANCE_PATH).status == 404


def test_a_request_of_another_guard_is_refused_and_that_of_the_vaults_is_fine(people: Front) -> None:
    guard_vault(people)
    unlock(people, "dppDisableStopProtectionRequests", INSTANCE_PATH)
    strange = {"resourceGuardOperationRequests": [f"{GUARD_PATH}2/dppDisableStopProtectionRequests/default"]}
    refused = people.post(f"{INSTANCE_PATH}/stopProtection", strange, headers=ADA)
    assert (refused.status, refused.error["target"]) == (400, "resourceGuardOperationRequests[0]")
    own = {"resourceGuardOperationRequests": [f"{GUARD_PATH}/dppDisableStopProtectionRequests/default"]}
    assert people.post(f"{INSTANCE_PATH}/stopProtection", own, headers=ADA).status == 202


def test_who_unlocked_and_who_used_it_are_on_record(people: Front, platform: Platform) -> None:
    guard_vault(people)
    unlock(people, "deleteBackupInstanceRequests", INSTANCE_PATH)
    people.send("DELETE", INSTANCE_PATH, headers=ADA)
    platform.run(minutes=1)
    told = {event.type: event.content for event in platform.world.events.distinct}
    assert told["DiskBackup.ResourceGuard.Mapped"]["resourceGuardId"] == GUARD_PATH
    assert told["DiskBackup.ResourceGuard.Unlocked"]["callerId"] == SECOND
    assert told["DiskBackup.ResourceGuard.UnlockUsed"]["callerId"] == PERSON
    records = people.get(f"{VAULT_PATH}/auditRecords", headers=ADA).json["value"]
    unlocked = [each["properties"] for each in records if each["properties"]["path"].endswith("/unlockDelete")]
    assert unlocked[0]["caller"]["objectId"] == SECOND
    assert unlocked[0]["changes"] == [f"{Critical.DELETE_INSTANCE.value} of {INSTANCE_PATH}: locked -> unlocked"]


def test_the_official_client_makes_maps_and_lists_guards(platform: Platform, front: Front) -> None:
    sdk = client(front, Naps(lambda _: None))
    guard = sdk.resource_guards.put("security-rg", "guard-1", {"location": "westeurope"})
    assert guard.properties.allow_auto_approvals
    assert len(guard.properties.resource_guard_operations) == len(OPERATIONS)
    assert [each.id for each in sdk.resource_guards.get_resources_in_subscription()] == [GUARD_PATH]
    assert [each.name for each in sdk.resource_guards.get_resources_in_resource_group("security-rg")] == ["guard-1"]
    (kind,) = sdk.resource_guards.get_disable_soft_delete_requests_objects("security-rg", "guard-1")
    assert (
        kind.id
        == sdk.resource_guards.get_default_disable_soft_delete_requests_object("security-rg", "guard-1", "default").id
    )
    assert list(sdk.dpp_resource_guard_proxy.list("backup-rg", "vault-1")) == []
    sdk.resource_guards.delete("security-rg", "guard-1")
    assert list(sdk.resource_guards.get_resources_in_resource_group("security-rg")) == []

"""What a generic client of ARM asks: the provider and its api versions, lists of resources, tags, empty lists."""

from __future__ import annotations

from typing import Any

import pytest

from backup_core.domain.resource_ids import GroupId
from tests.api.bodies import GROUP_PATH, VAULT_PATH, vault_body
from tests.api.front import VERSION, Front, Reply
from tests.builders import SUBSCRIPTION
from tests.fakes import FAKE_TENANT
from tests.workflows.platform import Platform

PROVIDER = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.DataProtection"
GROUP = GROUP_PATH.partition("/providers/")[0]
TAGS = f"{VAULT_PATH}/providers/Microsoft.Resources/tags/default"


def names(reply: Reply) -> list[str]:
    assert reply.status == 200, reply.text
    return sorted(each["name"] for each in reply.json["value"])


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", PROVIDER), ("GET", "/providers/Microsoft.DataProtection"), ("POST", f"{PROVIDER}/register")],
)
def test_the_provider_tells_its_types_with_versions_that_are_taken(front: Front, method: str, path: str) -> None:
    provider = front.send(method, path).json
    assert (provider["namespace"], provider["registrationState"]) == ("Microsoft.DataProtection", "Registered")
    versions = {each["resourceType"]: each["apiVersions"] for each in provider["resourceTypes"]}
    for version in versions["backupVaults"]:
        assert front.get(VAULT_PATH, query={"api-version": version}).status == 200


def test_the_only_provider_is_listed_and_others_are_not_there(front: Front) -> None:
    listed = front.get(PROVIDER.rpartition("/")[0]).json["value"]
    assert [each["namespace"] for each in listed] == ["Microsoft.DataProtection"]
    assert front.get(f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute").status == 404
    assert front.get("/tenants").json["value"][0]["tenantId"] == FAKE_TENANT


@pytest.fixture
def three(front: Front, platform: Platform) -> Front:
    platform.world.cloud.add_group(GroupId(subscription=SUBSCRIPTION, group="other-rg"))
    front.put(f"{GROUP_PATH}/backupVaults/blue", vault_body(tags={"Team": "Blue", "env": "prod"}))
    front.put(f"{GROUP_PATH}/backupVaults/green", vault_body(tags={"Team": "Green"}, location="northeurope"))
    front.put(VAULT_PATH.replace("/backup-rg/", "/other-rg/"), vault_body(tags={}))
    return front


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ("", ["blue", "green", "vault-1", "vault-1"]),
        ("resourceType eq 'Microsoft.DataProtection/backupVaults'", ["blue", "green", "vault-1", "vault-1"]),
        ("resourceType eq 'microsoft.dataprotection/BACKUPVAULTS'", ["blue", "green", "vault-1", "vault-1"]),
        ("resourceType eq 'Microsoft.Compute/disks'", []),
        ("resourceType ne 'Microsoft.Compute/disks' and name eq 'blue'", ["blue"]),
        ("name eq 'blue' or name eq 'GREEN'", ["blue", "green"]),
        ("tagName eq 'team' and tagValue eq 'blue'", ["blue"]),
        ("tagName eq 'env'", ["blue"]),
        ("location eq 'northeurope'", ["green"]),
        ("resourceGroup eq 'other-rg'", ["vault-1"]),
        ("substringof('ree', name)", ["green"]),
        ("substringof('ree', name) or name eq 'blue'", ["blue", "green"]),
    ],
)
def test_vaults_are_listed_as_resources_by_a_filter(three: Front, filter_: str, found: list[str]) -> None:
    listed = three.get(f"/subscriptions/{SUBSCRIPTION}/resources", query={**VERSION, "$filter": filter_})
    assert names(listed) == found


def test_the_resources_of_a_group_are_its_vaults(three: Front) -> None:
    listed = three.get(f"{GROUP}/resources")
    assert names(listed) == ["blue", "green", "vault-1"]
    assert {each["type"] for each in listed.json["value"]} == {"Microsoft.DataProtection/backupVaults"}
    assert three.get(listed.json["value"][0]["id"]).status == 200


@pytest.mark.parametrize("filter_", ["nonsense", "name like 'x'", "plan eq 'x'", "name eq 'a' and", "substringof('a')"])
def test_a_filter_that_is_not_understood_is_refused(front: Front, filter_: str) -> None:
    reply = front.get(f"/subscriptions/{SUBSCRIPTION}/resources", query={**VERSION, "$filter": filter_})
    assert (reply.status, reply.error["code"]) == (400, "InvalidFilterInQueryString")


def patched(front: Front, operation: str, **tags: str) -> Any:
    reply = front.send("PATCH", TAGS, {"operation": operation, "properties": {"tags": tags}})
    assert reply.status == 200, reply.text
    assert reply.json["properties"]["tags"] == front.get(VAULT_PATH).json.get("tags", {})
    return reply.json["properties"]["tags"]


def test_the_tags_of_a_vault_are_a_resource_of_their_own(front: Front) -> None:
    read = front.put(TAGS, {"properties": {"tags": {"Team": "blue", "env": "prod"}}}).json
    assert read == front.get(TAGS).json
    assert (read["id"], read["name"], read["type"]) == (TAGS, "default", "Microsoft.Resources/tags")
    assert patched(front, "Merge", TEAM="green", cost="7") == {"env": "prod", "TEAM": "green", "cost": "7"}
    assert patched(front, "Delete", env="other", COST="") == {"env": "prod", "TEAM": "green"}
    assert patched(front, "Delete", env="prod") == {"TEAM": "green"}
    assert patched(front, "Replace", a="b") == {"a": "b"}
    assert front.delete(TAGS).status == 200
    assert front.get(TAGS).json["properties"]["tags"] == {}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"operation": "Merge"},
        {"operation": "Invent", "properties": {"tags": {}}},
        {"operation": "Merge", "properties": {"tags": {"a": 1}}},
        {"operation": "Merge", "properties": {"tags": {f"t{number}": "" for number in range(50)}}},
    ],
)
def test_tags_that_cannot_be_are_refused_and_nothing_is_changed(front: Front, body: dict[str, Any]) -> None:
    before = front.get(VAULT_PATH).json
    assert before["tags"], "one more makes 51"
    assert front.send("PATCH", TAGS, body).status == 400
    assert front.get(VAULT_PATH).json == before

"""What ARM answers of all resources alike: providers, tenants, lists with filters, tags, roles by their names."""

from __future__ import annotations

from typing import Any

import pytest

from infra.local.arm.roles import DISK_BACKUP_READER
from infra.local.arm.seed import APP, FIRST, TENANT
from tests.local.arm.bodies import APPS, disk_id, group_path
from tests.local.arm.conftest import Simulator

SUBSCRIPTION = f"/subscriptions/{FIRST}"
DISK = disk_id("web01-os")
TAGS = "providers/Microsoft.Resources/tags/default"


def got(simulator: Simulator, path: str, **options: Any) -> Any:
    answer = simulator.call("GET", path, **options)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_provider_tells_the_api_versions_of_its_types(simulator: Simulator) -> None:
    types = {
        each["resourceType"]: each
        for each in got(simulator, f"{SUBSCRIPTION}/providers/Microsoft.Compute")["resourceTypes"]
    }
    version = types["disks"]["apiVersions"][0]
    assert simulator.call("GET", f"{DISK}?api-version={version}").status_code == 200


def test_the_tenant_is_that_of_the_subscriptions(simulator: Simulator) -> None:
    assert [each["tenantId"] for each in got(simulator, "/tenants")["value"]] == [TENANT]


def listed(simulator: Simulator, scope: str, filter_: str = "", **options: Any) -> set[str]:
    query = f"?$filter={filter_}" if filter_ else ""
    return {each["name"] for each in got(simulator, f"{scope}/resources{query}", **options)["value"]}


def test_resources_are_listed_by_group_type_and_tag(simulator: Simulator) -> None:
    disks = "resourceType eq 'Microsoft.Compute/disks'"
    all_disks = listed(simulator, SUBSCRIPTION, disks)
    in_group = listed(simulator, group_path(APPS), disks)
    assert "web01-os" in in_group < all_disks
    assert listed(simulator, SUBSCRIPTION, f"{disks} and name eq 'WEB01-OS'") == {"web01-os"}
    assert "web01-os" in listed(simulator, SUBSCRIPTION, "substringof('eb01-o', name)")
    simulator.call("PUT", f"{DISK}/{TAGS}", {"properties": {"tags": {"team": "blue"}}})
    assert listed(simulator, SUBSCRIPTION, "tagName eq 'TEAM' and tagValue eq 'blue'") == {"web01-os"}
    assert listed(simulator, SUBSCRIPTION, "resourceType eq 'Microsoft.DataProtection/backupVaults'") == set()
    for wrong in ("nonsense", f"{disks} and tagName eq 'team' and tagValue eq 'blue'"):
        refused = simulator.call("GET", f"{SUBSCRIPTION}/resources?$filter={wrong}")
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "InvalidFilterInQueryString")


def test_a_list_shows_what_the_caller_may_read(simulator: Simulator) -> None:
    assert "web01-os" in listed(simulator, SUBSCRIPTION, principal=APP)
    assert listed(simulator, SUBSCRIPTION, principal="33333333-3333-4333-8333-333333333333") == set()


@pytest.mark.parametrize("scope", [DISK, group_path(APPS), SUBSCRIPTION])
def test_tags_are_a_resource_of_whatever_has_them(simulator: Simulator, scope: str) -> None:
    def changed(operation: str, **tags: str) -> Any:
        answer = simulator.call("PATCH", f"{scope}/{TAGS}", {"operation": operation, "properties": {"tags": tags}})
        assert answer.status_code == 200, answer.text
        assert got(simulator, scope)["tags"] == answer.json()["properties"]["tags"]
        return answer.json()["properties"]["tags"]

    assert changed("Replace", Team="blue", env="prod") == {"Team": "blue", "env": "prod"}
    assert changed("Merge", TEAM="green") == {"env": "prod", "TEAM": "green"}
    assert changed("Delete", env="other", team="") == {"env": "prod"}
    assert simulator.call("DELETE", f"{scope}/{TAGS}").status_code == 200
    assert got(simulator, f"{scope}/{TAGS}")["properties"]["tags"] == {}
    assert simulator.call("PATCH", f"{scope}/{TAGS}", {"operation": "Invent"}).status_code == 400
    many = {f"t{number}": "" for number in range(51)}
    assert simulator.call("PUT", f"{scope}/{TAGS}", {"properties": {"tags": many}}).status_code == 400


def test_the_tags_of_what_is_not_there_are_not_found(simulator: Simulator) -> None:
    assert simulator.call("GET", f"{disk_id('absent')}/{TAGS}").status_code == 404
    assert simulator.call("GET", f"{SUBSCRIPTION}/resourceGroups/absent/{TAGS}").status_code == 404


def test_a_patch_of_a_group_replaces_its_tags_and_nothing_else(simulator: Simulator) -> None:
    before = got(simulator, group_path(APPS))
    answer = simulator.call("PATCH", group_path(APPS), {"tags": {"cost": "7"}})
    assert (answer.status_code, answer.json()) == (200, {**before, "tags": {"cost": "7"}})
    assert simulator.call("PATCH", group_path(APPS), {}).json()["tags"] == {"cost": "7"}
    assert simulator.call("PATCH", f"{SUBSCRIPTION}/resourceGroups/absent", {"tags": {}}).status_code == 404
    moved = simulator.call("PATCH", group_path(APPS), {"location": "eastus"})
    assert moved.status_code == 409


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ("roleName eq 'Disk Backup Reader'", [DISK_BACKUP_READER.name]),
        ("roleName eq 'disk backup reader' and type eq 'BuiltInRole'", [DISK_BACKUP_READER.name]),
        ("atScopeAndBelow() and roleName eq 'Disk Backup Reader'", [DISK_BACKUP_READER.name]),
        ("roleName eq 'Disk Backup Reader' and type eq 'CustomRole'", []),
        ("roleName eq 'None of these'", []),
    ],
)
def test_a_role_is_found_by_its_name(simulator: Simulator, filter_: str, found: list[str]) -> None:
    path = f"{group_path(APPS)}/providers/Microsoft.Authorization/roleDefinitions"
    value = got(simulator, f"{path}?$filter={filter_}")["value"]
    assert [each["properties"]["roleName"] for each in value] == found
    assert simulator.call("GET", f"{path}?$filter=roleNames eq 'x'").status_code == 400

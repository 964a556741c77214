"""Where a vault lies: its resource group, its region, and the locks there, as far as the app may ask ARM for them."""

from __future__ import annotations

import pytest

from backup_core.domain.errors import BackupError, CloudUnavailable, PermissionMissing, Throttled
from backup_core.domain.resource_ids import GroupId
from tests.api.bodies import GROUP_PATH, INSTANCE_PATH, POLICY_PATH, VAULT_PATH, backup_body, policy_body, vault_body
from tests.api.front import Front
from tests.builders import SUBSCRIPTION, VAULT
from tests.workflows.platform import Platform

GROUP = GroupId(subscription=SUBSCRIPTION, group=VAULT.group)
NEW = f"{GROUP_PATH}/backupVaults/new"
ELSEWHERE = NEW.replace(f"/{VAULT.group}/", "/nowhere-rg/")


def test_a_vault_in_a_group_that_is_not_there_is_refused(front: Front, platform: Platform) -> None:
    reply = front.put(ELSEWHERE, vault_body())
    assert (reply.status, reply.error["code"]) == (404, "ResourceGroupNotFound")
    assert front.get(ELSEWHERE).status == 404
    platform.world.cloud.add_group(GroupId(subscription=SUBSCRIPTION, group="nowhere-rg"))
    assert front.put(ELSEWHERE, vault_body()).status == 201


@pytest.mark.parametrize(
    ("location", "status"), [("nowhere", 400), ("mars1", 400), ("West Europe", 201), ("NORTHEUROPE", 201)]
)
def test_a_vault_lies_in_a_region_that_the_subscription_has(front: Front, location: str, status: int) -> None:
    reply = front.put(NEW, vault_body(location=location))
    assert reply.status == status
    if status == 400:
        assert reply.error["code"] == "LocationNotAvailableForResourceType"
        assert "westeurope" in reply.error["message"]


@pytest.mark.parametrize(
    "refusal",
    [
        PermissionMissing("no role", scope="/s", role="Reader"),
        CloudUnavailable("no answer"),
        Throttled("later", retry_after_seconds=9),
    ],
)
def test_where_the_app_may_not_ask_nothing_is_refused(front: Front, platform: Platform, refusal: BackupError) -> None:
    def refuse(call: str, target: str) -> None:
        raise refusal

    platform.world.cloud.guard = refuse
    assert front.put(ELSEWHERE, vault_body(location="nowhere")).status == 201
    assert front.send("PATCH", ELSEWHERE, {"tags": {}}).status == 200
    assert front.delete(ELSEWHERE).status == 202


def test_a_vault_outlives_its_group_until_it_is_deleted_itself(front: Front, platform: Platform) -> None:
    front.put(NEW, vault_body())
    platform.world.cloud.remove_group(GROUP)
    assert front.get(NEW).status == 200
    assert front.send("PATCH", NEW, {"tags": {"a": "b"}}).status == 200
    assert front.put(NEW, vault_body()).status == 201, "what is there is changed, not made"
    assert front.delete(NEW).status == 202


LOCKED = [VAULT_PATH, GROUP.text, f"/subscriptions/{SUBSCRIPTION}"]


@pytest.mark.parametrize("scope", LOCKED)
def test_what_is_locked_against_deletion_is_changed_but_not_deleted(
    front: Front, platform: Platform, scope: str
) -> None:
    front.put(POLICY_PATH, policy_body())
    platform.world.cloud.locks.add(scope.lower())
    for path in (VAULT_PATH, POLICY_PATH, INSTANCE_PATH, f"{VAULT_PATH}/providers/Microsoft.Resources/tags/default"):
        reply = front.delete(path)
        assert (reply.status, reply.error["code"]) == (409, "ScopeLocked"), path
        assert f"az lock delete --ids '{scope.lower()}" in reply.error["message"]
    assert front.put(VAULT_PATH, vault_body()).status == 201
    assert front.put(POLICY_PATH, policy_body(retention="P9D")).status == 200
    platform.world.cloud.locks.clear()
    assert front.delete(POLICY_PATH).status == 200, "a deletion asks anew"


@pytest.mark.parametrize("scope", LOCKED)
def test_what_is_locked_against_change_is_read_and_nothing_else(front: Front, platform: Platform, scope: str) -> None:
    platform.world.cloud.locks.add(scope.lower())
    platform.world.cloud.lock_levels[scope.lower()] = "ReadOnly"
    for method, path, body in (
        ("PUT", VAULT_PATH, vault_body()),
        ("PATCH", VAULT_PATH, {"tags": {}}),
        ("PUT", POLICY_PATH, policy_body()),
        ("POST", f"{INSTANCE_PATH}/backup", backup_body()),
        ("DELETE", VAULT_PATH, None),
    ):
        reply = front.send(method, path, body)
        assert (reply.status, reply.error["code"]) == (409, "ScopeLocked"), f"{method} {path}"
    assert front.get(VAULT_PATH).status == 200
    assert front.get(f"{VAULT_PATH}/backupJobs").status == 200


def test_a_lock_on_another_vault_of_the_group_locks_nothing_here(front: Front, platform: Platform) -> None:
    front.put(NEW, vault_body())
    platform.world.cloud.locks.add(f"{VAULT_PATH}".lower())
    assert front.delete(NEW).status == 202
    assert front.delete(VAULT_PATH).status == 409

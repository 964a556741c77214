"""What is closed to the attacker, and the attacker: a group of disks, a vault and a whole subscription are for others.

The attacker holds a role and may use the open vault, in which somebody else protects a closed disk too.
Every request meets a fresh copy of the world, so that what was refused is seen to have changed nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import quote

from backup_core.domain.resource_ids import GroupId
from tests.api.bodies import (
    PLAN_PATH,
    RULE_PATH,
    VAULT_PATH,
    backup_body,
    instance_body,
    plan_body,
    policy_body,
    rule_body,
    vault_body,
)
from tests.api.front import Front, Reply, Services
from tests.api.standing import StandingFront, copied, scene
from tests.api.tenant import CONTRIBUTOR, OPERATOR, READER, SOMEBODY_ELSE, Tenant, bearer, guarded, sign_in
from tests.builders import OTHER_SUBSCRIPTION, SUBSCRIPTION, disk_id, disk_json
from tests.fakes import World
from tests.workflows.platform import Platform

ROLES = (READER, OPERATOR, CONTRIBUTOR)

CLOSED_GROUP = GroupId(subscription=SUBSCRIPTION, group="closed-rg")
CLOSED_SUBSCRIPTION = f"/subscriptions/{OTHER_SUBSCRIPTION}"
CLOSED_DISK = disk_id("secret-disk", CLOSED_GROUP)
ABSENT_DISK = disk_id("no-such-disk", CLOSED_GROUP)
CLOSED_VAULT = f"{VAULT_PATH}-closed"
SECRET_INSTANCE = f"{VAULT_PATH}/backupInstances/secret-instance"
SHARED_DISK = disk_id("disk-4")  # open, but protected from the closed vault
SCOPES = {path: [SOMEBODY_ELSE] for path in (CLOSED_GROUP.text, CLOSED_SUBSCRIPTION, CLOSED_VAULT)}
# What may not be read in any answer to the attacker, beyond what the attacker's own request said.
SECRETS = ("secret-disk", "secret-instance", "secret-rule", "secret-policy", "vault-1-closed")


def somebody_else(world: World) -> Front:
    return guarded(world, scopes=SCOPES)


def as_somebody_else() -> dict[str, str]:
    return bearer(CONTRIBUTOR, oid=SOMEBODY_ELSE)


@cache
def attacked() -> World:
    """The scene of the API's tests, and beside it what is closed."""
    platform = Platform(copied(scene()))
    world = platform.world
    world.cloud.add_disk(disk_json("disk-4"))
    world.cloud.add_group(CLOSED_GROUP)
    world.cloud.add_disk({**disk_json("secret-disk"), "id": CLOSED_DISK})
    front, headers = somebody_else(world), as_somebody_else()
    assert front.put(CLOSED_VAULT, vault_body(), headers=headers).status == 201
    policy_path = f"{CLOSED_VAULT}/backupPolicies/secret-policy"
    assert front.put(policy_path, policy_body(), headers=headers).status == 200
    _protect(front, f"{CLOSED_VAULT}/backupInstances/secret-instance", SHARED_DISK, policy_path)
    _protect(front, SECRET_INSTANCE, CLOSED_DISK, f"{VAULT_PATH}/backupPolicies/policy-1")
    rule = rule_body(enabled=False, tagConditions=[{"name": "never"}])
    assert front.put(f"{VAULT_PATH}/protectionRules/secret-rule", rule, headers=headers).status == 200
    assert front.send("DELETE", RULE_PATH, headers=headers).status == 200
    assert front.put(RULE_PATH, rule_body(enabled=False), headers=bearer(CONTRIBUTOR)).status == 200
    assert front.send("DELETE", PLAN_PATH, headers=headers).status == 200
    assert front.put(PLAN_PATH, plan_body(enabled=False), headers=bearer(CONTRIBUTOR)).status == 200
    platform.run(seconds=2)
    assert front.post(f"{SECRET_INSTANCE}/backup", backup_body(), headers=headers).status == 202
    platform.run(minutes=2)
    return world


def _protect(front: Front, path: str, disk: str, policy_path: str) -> None:
    body = instance_body(disk)
    body["properties"]["policyInfo"]["policyId"] = policy_path
    assert front.put(path, body, headers=as_somebody_else()).status == 201


class AttackedFront(StandingFront):
    """The API as the attacker meets it. `scopes` are those that are for others."""

    def __init__(self, scopes: Mapping[str, list[str]] = SCOPES) -> None:
        world = attacked()
        super().__init__(world, Services(world, lambda: sign_in(scopes), Tenant().documents))

    def attack(self, method: str, path: str, body: Any = None, *, role: str = CONTRIBUTOR, **more: Any) -> Reply:
        return self.send(method, path, body, headers=bearer(role), **more)


def spellings(path: str) -> dict[str, str]:
    """An id as an attacker may write it, by what is done to it. Each of them may mean the same somewhere."""
    subscription, group = path.split("/")[2], path.split("/")[4] if path.count("/") >= 4 else ""
    other = "resourceGroups/open-rg/providers/Microsoft.Compute/disks/x"
    return {
        "as it is": path,
        "in capitals": path.upper(),
        "in small letters": path.lower(),
        "in swapped letters": path.swapcase(),
        "with a slash at its end": f"{path}/",
        "with doubled slashes": path.replace("/", "//"),
        "without its first slash": path[1:],
        "with backslashes": path.replace("/", "\\"),
        "between blanks": f"  {path} ",
        "before a line's end": f"{path}\n",
        "after a hard blank": f"\u00a0{path}",
        "escaped": quote(path, safe=""),
        "escaped twice": quote(quote(path, safe=""), safe=""),
        "with an escaped letter": path.replace("s", "%73"),
        "with a dot between": path.replace("/resourceGroups", "/./resourceGroups"),
        "around two dots": f"/subscriptions/{subscription}/{other}/../../../../../../" + "/".join(path.split("/")[3:]),
        "with a dot at the group's end": path.replace(group, f"{group}.") if group else f"{path}.",
        "with a host": f"https://management.azure.com{path}?api-version=2024-03-02",
        "with what lies below it": f"{path}/providers/Microsoft.Authorization/locks/x",
        "in wide letters": path.replace("o", "\uff4f").replace("e", "\uff45"),
        "behind another id": f"/subscriptions/{subscription}/{other}{path}",
        "within a sentence": f"see '{path}', please",
        "within JSON": f'{{"id": "{path}"}}',
    }

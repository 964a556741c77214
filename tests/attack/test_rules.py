"""A rule protects what its author may reach, whenever it does so, and nobody lesser may change it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backup_core.domain.instance import ProtectionState
from backup_core.domain.protection_rule import ProtectionRule
from backup_core.domain.reach import Author
from backup_core.ports import Replace, every
from backup_core.workflows.catalogue import find_protection
from backup_core.workflows.reconcile import reconcile
from tests.api.bodies import POLICY_PATH, RULE_PATH, VAULT_PATH, policy_body, rule_body, vault_body
from tests.api.front import Front
from tests.api.tenant import CONTRIBUTOR, GROUP, PERSON, SOMEBODY_ELSE, bearer, guarded
from tests.attack.closed import CLOSED_DISK, CLOSED_GROUP
from tests.builders import SNAPSHOT_GROUP, VAULT, disk_id, disk_json
from tests.workflows.platform import Platform

TAGGED = {"backup": "daily"}
CLOSED = {CLOSED_GROUP.text: [SOMEBODY_ELSE]}
ATTACKER, OTHER = bearer(CONTRIBUTOR), bearer(CONTRIBUTOR, oid=SOMEBODY_ELSE)


@pytest.fixture
def platform() -> Platform:
    """Two disks with the tag that rules look for, one of them closed."""
    platform = Platform()
    platform.world.cloud.add_group(CLOSED_GROUP)
    platform.world.cloud.add_disk({**disk_json("disk-1"), "tags": TAGGED})
    platform.world.cloud.add_disk({**disk_json("secret-disk"), "id": CLOSED_DISK, "tags": TAGGED})
    front = Front(platform.world)
    front.put(VAULT_PATH, vault_body())
    front.put(POLICY_PATH, policy_body())
    return platform


def protects(platform: Platform, disk: str) -> ProtectionState | None:
    found = find_protection(platform.world.ports, disk)
    return found.instance.state if found else None


def rule(platform: Platform, **changes: object) -> ProtectionRule:
    """The one rule that is stored, changed as its row might be."""
    ports = platform.world.ports
    (stored,) = every(ports, ProtectionRule, VAULT)
    changed = replace(stored.value, **changes)  # type: ignore[arg-type]
    if changes:
        ports.store.commit(VAULT, [Replace(stored, changed)])
    return changed


def test_a_rule_over_a_subscription_protects_only_what_its_author_may_reach(platform: Platform) -> None:
    front = guarded(platform.world, scopes=CLOSED)
    assert front.put(RULE_PATH, rule_body(), headers=ATTACKER).status == 200
    platform.run(seconds=5)
    reconcile(platform.world.ports)
    platform.run(seconds=5)
    assert protects(platform, disk_id()) is ProtectionState.CONFIGURED
    assert protects(platform, CLOSED_DISK) is None


@pytest.mark.parametrize("headers", [OTHER, bearer(CONTRIBUTOR, groups=[GROUP])])
def test_a_rule_of_whom_the_scope_lists_protects_all(platform: Platform, headers: dict[str, str]) -> None:
    front = guarded(platform.world, scopes={CLOSED_GROUP.text: [SOMEBODY_ELSE, GROUP]})
    assert front.put(RULE_PATH, rule_body(), headers=headers).status == 200
    platform.run(seconds=5)
    assert protects(platform, CLOSED_DISK) is ProtectionState.CONFIGURED


def test_a_disk_that_gets_the_tag_later_is_judged_by_the_authors_reach_too(platform: Platform) -> None:
    front = guarded(platform.world, scopes=CLOSED)
    front.put(RULE_PATH, rule_body(), headers=ATTACKER)
    platform.world.cloud.add_disk({**disk_json("late"), "id": disk_id("late", CLOSED_GROUP), "tags": TAGGED})
    reconcile(platform.world.ports)
    platform.run(seconds=5)
    assert protects(platform, disk_id("late", CLOSED_GROUP)) is None


@pytest.mark.parametrize("closed", [CLOSED_GROUP.text, SNAPSHOT_GROUP.text, VAULT_PATH])
def test_a_scope_that_is_closed_later_binds_the_rules_that_are_there(platform: Platform, closed: str) -> None:
    front = guarded(platform.world)
    front.put(RULE_PATH, rule_body(enabled=False), headers=ATTACKER)
    rule(platform, enabled=True)
    guarded(platform.world, scopes={closed: [SOMEBODY_ELSE]})
    reconcile(platform.world.ports)
    platform.run(seconds=5)
    assert protects(platform, CLOSED_DISK) is None


def test_what_a_rule_protected_before_its_author_was_kept_out_stays_protected(platform: Platform) -> None:
    front = guarded(platform.world)
    front.put(RULE_PATH, rule_body(), headers=ATTACKER)
    platform.run(seconds=5)
    guarded(platform.world, scopes=CLOSED)
    reconcile(platform.world.ports)
    platform.run(seconds=5)
    assert protects(platform, CLOSED_DISK) is ProtectionState.CONFIGURED


def test_a_rule_of_an_older_release_reaches_what_is_open_to_everybody(platform: Platform) -> None:
    front = guarded(platform.world)
    front.put(RULE_PATH, rule_body(enabled=False), headers=ATTACKER)
    rule(platform, enabled=True, author=None)
    guarded(platform.world, scopes=CLOSED)
    reconcile(platform.world.ports)
    platform.run(seconds=5)
    assert protects(platform, disk_id()) is ProtectionState.CONFIGURED
    assert protects(platform, CLOSED_DISK) is None


def test_the_author_is_who_wrote_the_rule_last(platform: Platform) -> None:
    front = guarded(platform.world)
    front.put(RULE_PATH, rule_body(), headers=OTHER)
    front.put(RULE_PATH, rule_body(), headers=bearer(CONTRIBUTOR, groups=[GROUP]))
    assert rule(platform).author == Author(object_id=PERSON, groups=(GROUP,))


def test_a_rule_that_reaches_further_than_the_caller_is_not_the_callers_to_change(platform: Platform) -> None:
    front = guarded(platform.world, scopes=CLOSED)
    assert front.put(RULE_PATH, rule_body(), headers=OTHER).status == 200
    platform.run(seconds=5)
    narrowed = rule_body(tagConditions=[{"name": "nothing"}])
    for method, body in (("PUT", narrowed), ("DELETE", None)):
        reply = front.send(method, RULE_PATH, body, headers=ATTACKER)
        assert (reply.status, reply.error["code"]) == (403, "LinkedAuthorizationFailed")
        assert "secret" not in reply.text
        assert CLOSED_GROUP.group not in reply.text
    platform.run(seconds=5)
    assert protects(platform, CLOSED_DISK) is ProtectionState.CONFIGURED
    assert front.get(RULE_PATH, headers=ATTACKER).status == 200


def test_ones_own_rule_may_be_changed(platform: Platform) -> None:
    front = guarded(platform.world, scopes=CLOSED)
    front.put(RULE_PATH, rule_body(), headers=ATTACKER)
    assert front.put(RULE_PATH, rule_body(priority=7), headers=ATTACKER).status == 200
    assert front.send("DELETE", RULE_PATH, headers=ATTACKER).status == 200


def test_the_mark_of_a_rule_on_an_instance_gives_it_no_reach(platform: Platform) -> None:
    """An operator may set the tag by which a rule knows its own: it still reaches only what its author may."""
    front = guarded(platform.world, scopes=CLOSED)
    front.put(RULE_PATH, rule_body(), headers=ATTACKER)
    decision = front.post(f"{RULE_PATH}/dryRun", headers=OTHER).json["value"]
    assert [each["action"] for each in decision if each["dataSourceId"] == CLOSED_DISK] == ["None"]

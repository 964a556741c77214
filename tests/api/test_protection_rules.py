"""Protection rules: written at once, every fault named, tried before they are trusted, seen by whom they concern."""

from __future__ import annotations

from typing import Any

import pytest

from backup_core.domain.messages import LookAtResource
from backup_core.domain.protection_rule import instance_name
from backup_core.workflows import catalogue
from tests.api.bodies import (
    INSTANCE_PATH,
    POLICY_PATH,
    RULE_PATH,
    VAULT_PATH,
    instance_body,
    policy_body,
    rule_body,
    vault_body,
)
from tests.api.front import Front
from tests.api.tenant import CONTRIBUTOR, OPERATOR, PERSON, SOMEBODY_ELSE, bearer, guarded
from tests.builders import DISK_GROUP, OTHER_SUBSCRIPTION, SNAPSHOT_GROUP, SUBSCRIPTION, disk_id, disk_json
from tests.workflows.platform import Platform
from tests.workflows.scenes import sent

RULES_PATH = f"{VAULT_PATH}/protectionRules"
DRY_RUN = f"{RULE_PATH}/dryRun"


@pytest.fixture(autouse=True)
def ready(front: Front, platform: Platform) -> None:
    """A policy, and a disk with the rule's tag."""
    front.put(POLICY_PATH, policy_body())
    platform.world.cloud.add_disk(disk_json(tags={"backup": "daily"}))


def test_a_rule_is_answered_as_it_was_asked_for(front: Front) -> None:
    excluded = {"excludedTags": [{"name": "no-backup"}], "excludedIds": [disk_id("disk-9"), DISK_GROUP.text]}
    reply = front.put(RULE_PATH, rule_body(**excluded))
    assert reply.status == 200
    assert list(reply.json) == ["properties", "id", "name", "type"]
    assert reply.json["type"] == "Microsoft.DataProtection/backupVaults/protectionRules"
    told = reply.json["properties"]
    assert told.pop("lastModifiedTime").startswith("2026-03-02T09:00:00")
    assert told == {
        **rule_body()["properties"],
        "excludedTags": [{"name": "no-backup", "values": []}],
        "excludedIds": excluded["excludedIds"],
        "enabled": True,
    }
    assert front.get(RULE_PATH.upper().replace("RULE-1", "rule-1")).json == reply.json


def test_a_rule_can_be_changed_and_what_is_left_out_is_gone(front: Front) -> None:
    front.put(RULE_PATH, rule_body(excludedTags=[{"name": "no-backup"}], enabled=False))
    changed = front.put(RULE_PATH, rule_body(priority=7)).json["properties"]
    assert (changed["priority"], changed["excludedTags"], changed["enabled"]) == (7, [], True)


def test_a_rule_is_applied_soon_and_so_is_its_end(front: Front, platform: Platform) -> None:
    front.put(RULE_PATH, rule_body())
    platform.run(seconds=5)
    instance = f"{VAULT_PATH}/backupInstances/{instance_name(disk_id())}"
    assert front.get(instance).json["properties"]["currentProtectionState"] == "ProtectionConfigured"
    assert front.get(instance).json["tags"] == {"diskbackup-rule": "rule-1"}
    assert front.delete(RULE_PATH).status == 200
    platform.run(seconds=5)
    stopped = front.get(instance).json["properties"]
    assert stopped["currentProtectionState"] == "ProtectionStopped"
    assert stopped["protectionErrorDetails"]["code"] == "NoProtectionRuleMatches"


def test_an_instance_of_a_rule_is_answered_in_the_shape_of_one_made_by_hand(front: Front, platform: Platform) -> None:
    front.put(INSTANCE_PATH, instance_body(disk_id("disk-2")))
    front.put(RULE_PATH, rule_body())
    platform.run(seconds=5)
    made = front.get(f"{VAULT_PATH}/backupInstances/{instance_name(disk_id())}").json["properties"]
    by_hand = front.get(INSTANCE_PATH).json["properties"]
    assert set(made["dataSourceInfo"]) == set(by_hand["dataSourceInfo"])
    assert list(made["policyInfo"]) == list(by_hand["policyInfo"])
    assert made["policyInfo"]["policyParameters"] == by_hand["policyInfo"]["policyParameters"]


def test_rules_are_listed_by_name_a_page_at_a_time(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "PAGE_SIZE", 2)
    for name in ("c", "a", "b"):
        front.put(f"{RULES_PATH}/{name}", rule_body())
    first = front.get(RULES_PATH).json
    assert [rule["name"] for rule in first["value"]] == ["a", "b"]
    second = front.get(first["nextLink"]).json
    assert ([rule["name"] for rule in second["value"]], "nextLink" in second) == (["c"], False)


def test_a_deleted_rule_is_gone_and_deleting_it_again_is_no_content(front: Front) -> None:
    front.put(RULE_PATH, rule_body())
    reply = front.delete(RULE_PATH)
    assert (reply.status, reply.text) == (200, "")
    assert front.get(RULE_PATH).status == 404
    assert front.delete(RULE_PATH).status == 204


def test_a_rule_of_no_vault_is_not_found(front: Front) -> None:
    absent = RULE_PATH.replace("vault-1", "vault-9")
    body = rule_body(policyId=POLICY_PATH.replace("vault-1", "vault-9"))
    replies = [front.get(absent), front.put(absent, body), front.delete(absent), front.post(f"{absent}/dryRun")]
    assert [reply.status for reply in replies] == [404] * 4
    assert front.get(absent.rpartition("/")[0]).status == 404
    assert front.post(DRY_RUN).status == 404


def test_every_fault_is_named_at_once(front: Front, platform: Platform) -> None:
    body = {
        "properties": {
            "scope": "everywhere",
            "tagConditions": [],
            "excludedTags": [{"values": "daily"}, 7],
            "excludedIds": ["disk-1"],
            "policyId": "policy-1",
            "snapshotResourceGroupId": "snapshots-rg",
            "priority": 0,
            "enabled": "yes",
        }
    }
    for send, path in ((front.put, f"{RULES_PATH}/-x"), (front.post, f"{RULES_PATH}/-x/dryRun")):
        reply = send(path, body)
        assert (reply.status, reply.error["code"]) == (400, "BadRequest")
        assert reply.faults.keys() >= {
            "name",
            "properties.scope",
            "properties.tagConditions",
            "properties.excludedTags[0].name",
            "properties.excludedTags[0].values",
            "properties.excludedTags[1]",
            "properties.excludedIds[0]",
            "properties.policyId",
            "properties.snapshotResourceGroupId",
            "properties.priority",
            "properties.enabled",
        }
    assert front.get(RULES_PATH).json == {"value": []}
    assert sent(platform, LookAtResource) == []


@pytest.mark.parametrize(
    ("change", "target"),
    [
        ({"scope": None}, "scope"),
        ({"scope": disk_id()}, "scope"),
        ({"scope": "/subscriptions/"}, "scope"),
        ({"tagConditions": None}, "tagConditions"),
        ({"tagConditions": {"name": "backup"}}, "tagConditions"),
        ({"tagConditions": [{"name": "x" * 513}]}, "tagConditions[0].name"),
        ({"tagConditions": [{"name": "a"}] * 21}, "tagConditions"),
        ({"tagConditions": [{"name": "a", "values": ["x" * 257]}]}, "tagConditions[0].values[0]"),
        ({"tagConditions": [{"name": "a", "values": ["x"] * 51}]}, "tagConditions[0].values"),
        ({"tagConditions": [{"name": "a", "values": [1]}]}, "tagConditions[0].values"),
        ({"excludedIds": [disk_id(group=DISK_GROUP).replace(SUBSCRIPTION, OTHER_SUBSCRIPTION)]}, "excludedIds[0]"),
        ({"excludedIds": [SNAPSHOT_GROUP.text] * 201}, "excludedIds"),
        ({"policyId": POLICY_PATH.replace("vault-1", "vault-2")}, "policyId"),
        ({"policyId": f"{POLICY_PATH}/x"}, "policyId"),
        ({"policyId": f"{VAULT_PATH}/backupPolicies/policy-9"}, "policyId"),
        ({"priority": None}, "priority"),
        ({"priority": 10_001}, "priority"),
        ({"priority": True}, "priority"),
        ({"priority": 1.5}, "priority"),
    ],
)
def test_a_rule_is_refused_for(front: Front, change: dict[str, Any], target: str) -> None:
    reply = front.put(RULE_PATH, rule_body(**change))
    assert reply.status == 400, reply.text
    assert reply.error["target"] == f"properties.{target}" or f"properties.{target}" in reply.faults
    assert front.get(RULE_PATH).status == 404


def test_a_snapshot_group_in_another_subscription_is_refused_in_azures_word(front: Front) -> None:
    group = SNAPSHOT_GROUP.text.replace(SUBSCRIPTION, OTHER_SUBSCRIPTION)
    reply = front.put(RULE_PATH, rule_body(snapshotResourceGroupId=group))
    told = (reply.status, reply.error["code"], reply.error["target"])
    assert told == (400, "UserErrorSnapshotRGSubscriptionMismatch", "properties.snapshotResourceGroupId")
    assert front.get(RULE_PATH).status == 404


# ---------------------------------------------------------------- dry run


def test_a_dry_run_tells_disk_by_disk_what_would_be_done_and_why(front: Front, platform: Platform) -> None:
    platform.world.cloud.add_disk(disk_json("disk-2"))
    reply = front.post(DRY_RUN, rule_body())
    assert reply.status == 200
    first, second = reply.json["value"]
    assert (first["action"], first["dataSourceId"]) == ("Protect", disk_id())
    assert first["backupInstanceId"] == f"{VAULT_PATH}/backupInstances/{instance_name(disk_id())}"
    assert (first["policyId"], first["protectionRuleId"]) == (POLICY_PATH, RULE_PATH)
    assert (second["action"], second["backupInstanceId"]) == ("None", None)
    assert "tag 'backup'" in second["reasons"][0]
    assert reply.json["left"] == 0


def test_without_a_body_the_stored_rule_is_tried_even_if_it_is_disabled(front: Front) -> None:
    front.put(RULE_PATH, rule_body(enabled=False))
    assert [each["action"] for each in front.post(DRY_RUN).json["value"]] == ["Protect"]


def test_a_dry_run_of_a_change_tells_what_it_would_let_go_of(front: Front, platform: Platform) -> None:
    front.put(RULE_PATH, rule_body())
    platform.run(seconds=5)
    reply = front.post(DRY_RUN, rule_body(tagConditions=[{"name": "other"}]))
    assert [each["action"] for each in reply.json["value"]] == ["StopProtection"]


# ---------------------------------------------------------------- who may


def test_a_scope_that_the_caller_may_not_reach_is_refused(platform: Platform) -> None:
    front = guarded(platform.world, scopes={DISK_GROUP.text: [SOMEBODY_ELSE]})
    contributor = bearer(CONTRIBUTOR)
    reply = front.put(RULE_PATH, rule_body(scope=DISK_GROUP.text), headers=contributor)
    assert (reply.status, reply.error["code"]) == (403, "LinkedAuthorizationFailed")
    assert [detail["target"] for detail in reply.error["details"]] == ["properties.scope"]
    assert front.post(DRY_RUN, rule_body(scope=DISK_GROUP.text), headers=contributor).status == 403
    run = front.post(DRY_RUN, rule_body(), headers=contributor)
    assert run.json["value"] == [], "disks of that group are not told of"


def test_of_a_vault_that_the_caller_may_not_see_nothing_is_told(front: Front, platform: Platform) -> None:
    hidden = VAULT_PATH.replace("vault-1", "vault-2")
    front.put(hidden, vault_body())
    front.put(f"{hidden}/backupPolicies/policy-1", policy_body())
    secret = rule_body(policyId=f"{hidden}/backupPolicies/policy-1", priority=1)
    front.put(f"{hidden}/protectionRules/secret", secret)
    before = front.post(DRY_RUN, rule_body())
    assert "secret" in before.text
    for _ in range(2):
        narrow = guarded(platform.world, scopes={hidden: [SOMEBODY_ELSE]})
        (seen,) = narrow.post(DRY_RUN, rule_body(), headers=bearer(OPERATOR)).json["value"]
        assert (seen["dataSourceId"], seen["reasons"], seen["protectionRuleId"]) == (disk_id(), [], None)
        platform.run(seconds=5)
    wide = guarded(platform.world, scopes={hidden: [PERSON]})
    assert "secret" in wide.post(DRY_RUN, rule_body(), headers=bearer(OPERATOR)).text

"""Policies: written at once, judged by the domain, kept while they are used."""

from __future__ import annotations

from tests.api.bodies import POLICY_PATH, VAULT_PATH, policy_body
from tests.api.front import Front


def test_a_policy_is_answered_in_azures_order_without_its_name_inside(front: Front) -> None:
    reply = front.put(POLICY_PATH, policy_body())
    assert reply.status == 200
    assert list(reply.json) == ["properties", "id", "name", "type"]
    assert list(reply.json["properties"]) == ["policyRules", "datasourceTypes", "objectType"]
    assert front.get(POLICY_PATH.upper().replace("POLICY-1", "policy-1")).json["name"] == "policy-1"


def test_every_fault_of_name_and_rules_is_named_at_once(front: Front) -> None:
    body = policy_body(time_zone="Middle-earth", retention="soon")
    body["properties"]["datasourceTypes"] = ["Microsoft.Sql/servers"]
    reply = front.put(f"{VAULT_PATH}/backupPolicies/-x", body)
    assert reply.error["code"] == "BadRequest"
    assert {"name", "properties.datasourceTypes"} <= reply.faults.keys()
    assert any(target.endswith("schedule.timeZone") for target in reply.faults)
    assert any(target.endswith("deleteAfter.duration") for target in reply.faults)
    assert front.get(f"{VAULT_PATH}/backupPolicies").json == {"value": []}


def test_a_body_without_properties_is_refused(front: Front) -> None:
    for body in ({}, {"properties": None}, {"properties": 1}):
        assert front.put(POLICY_PATH, body).status == 400


def test_a_policy_of_no_vault_is_not_found(front: Front) -> None:
    reply = front.put(POLICY_PATH.replace("vault-1", "vault-9"), policy_body())
    assert (reply.status, reply.error["code"]) == (404, "ResourceNotFound")


def test_a_deleted_policy_is_gone_and_deleting_it_again_is_no_content(front: Front) -> None:
    front.put(POLICY_PATH, policy_body())
    reply = front.delete(POLICY_PATH)
    assert (reply.status, reply.text) == (200, "")
    assert front.get(POLICY_PATH).status == 404
    assert front.delete(POLICY_PATH).status == 204

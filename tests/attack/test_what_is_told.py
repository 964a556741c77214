"""Answers tell nothing of what is closed: lists leave it out, refusals do not name it, questions do not betray it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from backup_core.api.endpoints import Route
from backup_core.api.linked import HIDDEN, without_closed
from backup_core.api.routes import ROUTES
from tests.api.bodies import GROUP_PATH, VAULT_PATH, instance_body, rule_body
from tests.api.standing import WORKING, filled
from tests.api.tenant import CONTRIBUTOR, SOMEBODY_ELSE
from tests.attack.closed import (
    CLOSED_DISK,
    CLOSED_GROUP,
    CLOSED_VAULT,
    ROLES,
    SECRET_INSTANCE,
    SHARED_DISK,
    AttackedFront,
    as_somebody_else,
    attacked,
    somebody_else,
)
from tests.builders import SUBSCRIPTION
from tests.cases import every_case

UNTOLD = (CLOSED_DISK, "secret-disk", "secret-instance", "secret-policy", CLOSED_VAULT, CLOSED_GROUP.text)
READS = [route for route in ROUTES if "GET" in route.endpoints and not route.is_anonymous]
# `METHOD path` of every question that takes a body, with the name of the body in the description.
ASKING = {
    f"{method} /{filled(route.template)}": endpoint.body
    for route in ROUTES
    for method, endpoint in route.endpoints.items()
    if endpoint.asks
}


@pytest.fixture(scope="module")
def front() -> Iterator[AttackedFront]:
    front = AttackedFront()
    yield front
    assert front.altered == []


@every_case("route", READS)
@every_case("role", ROLES)
def test_no_list_and_no_report_names_what_is_closed(front: AttackedFront, route: Route, role: str) -> None:
    path = f"/{filled(route.template)}"
    for query in ({"api-version": "2026-06-01"}, {"api-version": "2026-06-01", "format": "csv"}):
        reply = front.attack("GET", path, role=role, query=query)
        assert reply.status < 500, reply.text
        names = [name for name in UNTOLD if name in reply.text]
        assert names == (["secret-instance"] if _is_the_vaults_log(route, role) else [])


def _is_the_vaults_log(route: Route, role: str) -> bool:
    """It tells contributors what was asked of their vault, by paths, whoever asked."""
    return route.name == "api_audit_records_of_vault" and role == CONTRIBUTOR


def test_somebody_else_is_told() -> None:
    """The names that the test above looks for are in the lists of whoever may see them."""
    seen = somebody_else(attacked())
    told = "".join(
        seen.get(f"{VAULT_PATH}/{what}", headers=as_somebody_else()).text
        for what in ("backupInstances", "backupJobs", "health", "complianceReport")
    )
    assert "secret-disk" in told
    assert told.count("secret-instance") > 3


def test_who_protects_an_open_disk_from_a_closed_vault_is_not_told(front: AttackedFront) -> None:
    for method, path, body in (
        ("PUT", f"{VAULT_PATH}/backupInstances/mine", instance_body(SHARED_DISK)),
        ("POST", f"{VAULT_PATH}/validateForBackup", {"backupInstance": instance_body(SHARED_DISK)["properties"]}),
        ("GET", f"{SHARED_DISK}/providers/Microsoft.DataProtection/backupInstances", None),
    ):
        reply = front.attack(method, path, body)
        assert "vault-1-closed" not in reply.text
        assert "secret" not in reply.text


def test_a_vaults_name_is_available_to_those_who_may_reach_it_alone(front: AttackedFront) -> None:
    path = f"{GROUP_PATH}/locations/westeurope/checkNameAvailability"
    for name in ("vault-1-closed", "VAULT-1-CLOSED"):
        reply = front.attack("POST", path, {"name": name, "type": "Microsoft.DataProtection/backupVaults"})
        assert (reply.status, reply.error["code"]) == (403, "LinkedAuthorizationFailed")
    scopes = {f"{GROUP_PATH}/backupVaults/not-there": [SOMEBODY_ELSE]}
    absent = AttackedFront(scopes).attack(
        "POST", path, {"name": "not-there", "type": "Microsoft.DataProtection/backupVaults"}
    )
    assert absent.status == 403, "whether it is there or not"


def test_a_dry_run_shows_and_counts_open_disks_only(front: AttackedFront) -> None:
    rule = rule_body(scope=f"/subscriptions/{SUBSCRIPTION}", tagConditions=[{"name": "Team"}])
    reply = front.attack("POST", f"{VAULT_PATH}/protectionRules/mine/dryRun", rule)
    assert reply.status == 200
    assert "secret-disk" not in reply.text
    assert reply.json["left"] == 0


@every_case("line", ASKING)
@every_case("role", ROLES)
def test_no_question_with_a_body_is_answered_with_what_is_closed(front: AttackedFront, line: str, role: str) -> None:
    method, path = line.split(" ")
    reply = front.attack(method, path, WORKING[ASKING[line]], role=role)
    assert reply.status < 500, reply.text
    assert [name for name in UNTOLD if name in reply.text] == []


@pytest.mark.parametrize("role", ROLES)
def test_a_change_is_not_previewed_for_the_instance_of_a_closed_disk(front: AttackedFront, role: str) -> None:
    path, body = f"{VAULT_PATH}/backupPolicies/policy-1/previewChange", WORKING["PolicyChangePreviewRequest"]
    open_one, secret = (
        front.attack("POST", path, {**body, "backupInstanceName": name}, role=role)
        for name in ("instance-1", "Secret-Instance")
    )
    assert open_one.status == 200, open_one.text
    assert (secret.status, secret.error["code"]) == (403, "LinkedAuthorizationFailed")
    assert "secret-disk" not in secret.text
    told = somebody_else(attacked()).post(path, body, headers=as_somebody_else())
    assert "secret-instance" in told.text, "whoever may see it is shown it"


def test_every_question_about_a_closed_disk_gets_the_answer_of_one_that_does_not_exist(front: AttackedFront) -> None:
    for route in ROUTES:
        for method in route.endpoints:
            if "{disk}" not in route.template:
                continue
            there, absent = (
                front.attack(method, f"/{filled(route.template, group='closed-rg', disk=disk)}")
                for disk in ("secret-disk", "absent-disk")
            )
            assert there.text == absent.text.replace("absent-disk", "secret-disk")


def test_the_instance_of_a_closed_disk_cannot_be_taken_over_by_its_name(front: AttackedFront) -> None:
    reply = front.attack("PUT", SECRET_INSTANCE, instance_body())
    assert reply.status == 403
    assert "secret-disk" not in reply.text


def test_refusals_of_workflows_do_not_tell_ids_that_are_closed() -> None:
    closed = (CLOSED_GROUP.text.lower(),)
    told = {"error": {"message": f"disk '{CLOSED_DISK}' is gone.", "details": [{"target": CLOSED_DISK}]}}
    assert without_closed(told, closed) == {
        "error": {"message": f"disk '{HIDDEN}' is gone.", "details": [{"target": HIDDEN}]}
    }

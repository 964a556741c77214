"""The audit log through the API: what leaves a record, when, and who may read it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from backup_core.api import audit_records
from backup_core.api.access import Caller
from backup_core.api.auditing import REFUSALS_A_MINUTE, STRANGERS_A_MINUTE, Auditor
from backup_core.api.call import Answer, Call
from backup_core.domain.audit import Outcome
from backup_core.domain.errors import CloudUnavailable
from tests.api.bodies import GROUP_PATH, INSTANCE_PATH, POLICY_PATH, VAULT_PATH, policy_body, vault_body
from tests.api.front import Front, call_of
from tests.api.tenant import CONTRIBUTOR, PERSON, READER, bearer, guarded
from tests.builders import SUBSCRIPTION, VAULT
from tests.fakes import START, World
from tests.workflows.platform import Platform

GUID = "3f1c8a52-95a8-4c44-9d0b-0e5f3a1b2c3d"
VAULT_RECORDS = f"{VAULT_PATH}/auditRecords"
SUBSCRIPTION_RECORDS = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.DataProtection/auditRecords"
DOWN = CloudUnavailable("no answer")


@pytest.fixture
def front(platform: Platform) -> Front:
    return guarded(platform.world)


def put_policy(front: Front, *, role: str = CONTRIBUTOR, **headers: str) -> Any:
    return front.put(POLICY_PATH, policy_body(), headers={**bearer(role), **headers})


def outcomes(world: World) -> list[tuple[str, int]]:
    return [(record.outcome.value, record.status) for record in world.audit.records]


def test_a_change_leaves_its_attempt_and_its_outcome(front: Front, platform: Platform) -> None:
    extra = {"x-ms-correlation-request-id": GUID, "X-Forwarded-For": "203.0.113.7:1"}
    reply = put_policy(front, **extra)
    attempt, outcome = platform.world.audit.records
    assert (attempt.outcome, attempt.status) == (Outcome.ATTEMPTED, 0)
    assert (outcome.outcome, outcome.status) == (Outcome.SUCCEEDED, 200)
    for record in (attempt, outcome):
        assert record.at == START
        assert record.request_id == reply.headers["x-ms-request-id"]
        assert record.correlation_id == GUID
        assert (record.caller_id, record.caller_name, record.caller_kind) == (PERSON, "ada@example.com", "user")
        assert (record.ip, record.method, record.path) == ("203.0.113.7", "PUT", POLICY_PATH)
        assert record.action == "Microsoft.DataProtection/backupVaults/backupPolicies/write"
        assert record.error_code == ""


def test_the_attempt_is_safe_before_anything_is_looked_at(front: Front, platform: Platform) -> None:
    put_policy(front)
    calls = platform.world.faults.calls
    assert calls[0] == calls[-1] == "audit.append"
    assert calls.count("audit.append") == 2


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_without_a_record_nothing_is_changed(front: Front, platform: Platform, method: str) -> None:
    platform.world.faults.fail("audit.append", DOWN)
    path = f"{INSTANCE_PATH}/backup" if method == "POST" else POLICY_PATH
    reply = front.send(method, path, policy_body(), headers=bearer(CONTRIBUTOR))
    assert (reply.status, reply.error["code"]) == (503, "AuditLogUnavailable")
    assert reply.headers["Retry-After"] == "2", "nothing was begun, so that a POST may come again too"
    assert platform.world.faults.calls == ["audit.append"]


def test_an_outcome_that_cannot_be_kept_leaves_the_answer_and_a_log_line(
    front: Front, platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    platform.world.faults.fail_nth(-1 + 2 + _calls_of_a_put(), DOWN)
    reply = put_policy(front)
    assert reply.status == 200
    assert outcomes(platform.world) == [("Attempted", 0)]
    assert "audit.record_lost" in caplog.text
    assert reply.headers["x-ms-request-id"] in caplog.text


def _calls_of_a_put() -> int:
    """How many port calls a PUT of a policy makes between its two records."""
    counted = Platform()
    put_policy(guarded(counted.world))
    return len(counted.world.faults.calls) - 2


def test_a_change_that_the_resource_refuses_is_told_with_its_code(front: Front, platform: Platform) -> None:
    front.put(f"{VAULT_PATH}/backupInstances/absent", {"properties": {}}, headers=bearer(CONTRIBUTOR))
    assert [record.outcome.value for record in platform.world.audit.records] == ["Attempted", "Refused"]
    refused = platform.world.audit.records[-1]
    assert 400 <= refused.status < 500
    assert refused.error_code


def test_a_change_that_fails_is_told_as_failed(front: Front, platform: Platform) -> None:
    platform.world.faults.fail("store.commit", RuntimeError("the secret inside"))
    assert put_policy(front).status == 500
    assert outcomes(platform.world) == [("Attempted", 0), ("Failed", 500)]
    assert "secret" not in repr(platform.world.audit.records)


def test_reads_and_questions_leave_nothing_and_cost_nothing(front: Front, platform: Platform) -> None:
    for path in (VAULT_PATH, f"{VAULT_PATH}/backupJobs", f"{VAULT_PATH}x"):
        front.get(path, headers=bearer(READER))
    for name in ("validateForBackup", f"backupInstances/{'x'}/findRestorableTimeRanges"):
        front.post(f"{VAULT_PATH}/{name}", {}, headers=bearer(CONTRIBUTOR))
    assert platform.world.faults.count("audit.") == 0


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_what_no_endpoint_takes_leaves_nothing(front: Front, platform: Platform, method: str) -> None:
    front.send(method, f"{VAULT_PATH}/backupJobs", {}, headers=bearer(CONTRIBUTOR))
    front.send(method, f"{VAULT_PATH}/nothing/of/ours", {}, headers=bearer(CONTRIBUTOR))
    assert platform.world.faults.count("audit.") == 0


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_who_is_turned_away_is_told(front: Front, platform: Platform, method: str) -> None:
    reply = front.send(method, POLICY_PATH, policy_body(), headers=bearer())
    (record,) = platform.world.audit.records
    assert (record.outcome, record.status, record.error_code) == (Outcome.REFUSED, 403, "AuthorizationFailed")
    assert (record.caller_id, record.method, record.path) == (PERSON, method, POLICY_PATH)
    assert record.request_id == reply.headers["x-ms-request-id"]


def test_a_stranger_is_told_without_a_name(front: Front, platform: Platform) -> None:
    front.put(POLICY_PATH, policy_body(), headers={"X-Forwarded-For": "198.51.100.9:4"})
    (record,) = platform.world.audit.records
    assert (record.outcome, record.status, record.error_code) == (Outcome.REFUSED, 401, "AuthenticationFailed")
    assert (record.caller_id, record.caller_name, record.caller_kind) == ("", "", "unknown")
    assert record.ip == "198.51.100.9"


@pytest.mark.parametrize(("headers", "status"), [({}, 401), (bearer(), 403)])
def test_a_refusal_that_cannot_be_recorded_is_the_same_refusal(
    front: Front, platform: Platform, caplog: pytest.LogCaptureFixture, headers: dict[str, str], status: int
) -> None:
    platform.world.faults.fail("audit.append", DOWN)
    assert front.get(VAULT_PATH, headers=headers).status == status
    assert "audit.record_lost" in caplog.text


def test_by_function_key_the_record_says_so(platform: Platform) -> None:
    Front(platform.world).put(POLICY_PATH, policy_body())
    assert {record.caller_kind for record in platform.world.audit.records} == {"functionKey"}
    assert outcomes(platform.world) == [("Attempted", 0), ("Succeeded", 200)]


def request(number: int) -> Call:
    return call_of(path=VAULT_PATH, request_id=f"request-{number:05}", correlation_id=GUID, resource=VAULT_PATH)


def test_strangers_cannot_fill_the_table(platform: Platform) -> None:
    seconds = 1000.0
    auditor = Auditor(monotonic=lambda: seconds)
    world = platform.world
    for number in range(500):
        auditor.stranger_refused(lambda: world.ports, request(number), "read", Answer(status=401))
    assert len(world.audit.records) == STRANGERS_A_MINUTE
    assert {record.left_out for record in world.audit.records} == {0}
    seconds += 59
    auditor.stranger_refused(lambda: world.ports, request(500), "read", Answer(status=401))
    assert len(world.audit.records) == STRANGERS_A_MINUTE
    seconds += 1
    for number in (501, 502):
        auditor.stranger_refused(lambda: world.ports, request(number), "read", Answer(status=401))
    assert [record.left_out for record in world.audit.records[STRANGERS_A_MINUTE:]] == [441, 0]


def test_who_is_known_is_recorded_so_often_a_minute_and_then_counted(platform: Platform) -> None:
    seconds = 1000.0
    auditor = Auditor(monotonic=lambda: seconds)
    world = platform.world

    def turn_away(number: int, caller: str = "one") -> None:
        call = replace(request(number), caller=Caller(object_id=caller))
        auditor.refused(lambda: world.ports, call, "read", Answer(status=403))

    for number in range(500):
        turn_away(number)
    assert len(world.audit.records) == REFUSALS_A_MINUTE
    turn_away(500, "another")
    assert world.audit.records[-1].caller_id == "another", "one caller's flood hides nobody else"
    assert world.audit.records[-1].left_out == 0
    seconds += 60
    turn_away(501)
    assert world.audit.records[-1].left_out == 500 - REFUSALS_A_MINUTE


def test_changes_are_recorded_however_many_there_are(front: Front, platform: Platform) -> None:
    for _ in range(REFUSALS_A_MINUTE + 5):
        put_policy(front)
    assert len(platform.world.audit.records) == 2 * (REFUSALS_A_MINUTE + 5)


# ------------------------------------------------------------------ listing


def records(front: Front, path: str = VAULT_RECORDS, **claims: Any) -> list[dict[str, Any]]:
    reply = front.get(path, headers=bearer(CONTRIBUTOR, **claims))
    assert reply.status == 200, reply.text
    value: list[dict[str, Any]] = reply.json["value"]
    return value


def test_records_are_listed_newest_first(front: Front, platform: Platform) -> None:
    put_policy(front)
    platform.world.clock.advance(minutes=1)
    front.send("DELETE", POLICY_PATH, headers=bearer(CONTRIBUTOR))
    listed = [record["properties"] for record in records(front)]
    assert [(each["method"], each["outcome"]) for each in listed] == [
        ("DELETE", "Succeeded"),
        ("DELETE", "Attempted"),
        ("PUT", "Succeeded"),
        ("PUT", "Attempted"),
    ]
    assert [each["status"] for each in listed] == [200, None, 200, None]


def test_a_record_has_the_shape_of_a_resource(front: Front) -> None:
    reply = put_policy(front, **{"x-ms-correlation-request-id": GUID})
    newest = records(front)[0]
    request_id = reply.headers["x-ms-request-id"]
    assert newest == {
        "id": f"{VAULT_RECORDS}/{request_id}-outcome",
        "name": f"{request_id}-outcome",
        "type": "Microsoft.DataProtection/backupVaults/auditRecords",
        "properties": {
            "time": "2026-03-02T09:00:00.0000000Z",
            "requestId": request_id,
            "correlationId": GUID,
            "caller": {"objectId": PERSON, "name": "ada@example.com", "kind": "user"},
            "ipAddress": "",
            "method": "PUT",
            "action": "Microsoft.DataProtection/backupVaults/backupPolicies/write",
            "path": POLICY_PATH,
            "outcome": "Succeeded",
            "status": 200,
            "errorCode": "",
            "leftOut": 0,
            "changes": [],
        },
    }


def test_records_come_in_pages(front: Front, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_records, "PAGE_SIZE", 3)
    for _ in range(5):
        put_policy(front)
        platform.world.clock.advance(minutes=1)
    assert len(front.get(VAULT_RECORDS, headers=bearer(CONTRIBUTOR)).json["value"]) == 3
    names = [record["name"] for record in front.listed(VAULT_RECORDS, headers=bearer(CONTRIBUTOR))]
    assert names == [record.name for record in reversed(platform.world.audit.records)]


def test_records_outlive_their_vault_and_tell_of_what_never_was(front: Front, platform: Platform) -> None:
    path = f"{GROUP_PATH}/backupVaults/vault-9"
    front.put(path, vault_body(), headers=bearer(CONTRIBUTOR))
    front.send("DELETE", path, headers=bearer(CONTRIBUTOR))
    assert len(records(front, f"{path}/auditRecords")) == 4
    front.get(f"{VAULT_PATH}-never", headers=bearer())
    assert [each["properties"]["status"] for each in records(front, f"{VAULT_PATH}-never/auditRecords")] == [403]


def test_a_vault_has_its_own_records_whatever_the_case(front: Front) -> None:
    put_policy(front)
    front.put(f"{VAULT_PATH}2", vault_body(), headers=bearer(CONTRIBUTOR))
    assert len(records(front)) == len(records(front, VAULT_RECORDS.replace("vault-1", "VAULT-1"))) == 2
    assert records(front, SUBSCRIPTION_RECORDS) == []


def test_what_names_no_vault_is_listed_with_its_subscription(front: Front) -> None:
    front.get(f"{GROUP_PATH}/backupVaults", headers=bearer())
    (record,) = records(front, SUBSCRIPTION_RECORDS)
    assert record["type"] == "Microsoft.DataProtection/auditRecords"
    assert record["id"].startswith(f"{SUBSCRIPTION_RECORDS}/")
    assert record["properties"]["path"] == f"{GROUP_PATH}/backupVaults"


def test_a_subscriptions_list_leaves_out_what_lies_in_a_scope_of_others(platform: Platform) -> None:
    front = guarded(platform.world, scopes={f"{GROUP_PATH.partition('/providers')[0]}": [VAULT.subscription]})
    assert front.get(f"{GROUP_PATH}/backupVaults", headers=bearer(CONTRIBUTOR)).status == 403
    assert records(front, SUBSCRIPTION_RECORDS) == []


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH", "DELETE"])
def test_nobody_changes_or_removes_a_record(front: Front, platform: Platform, method: str) -> None:
    put_policy(front)
    name = platform.world.audit.records[0].name
    before = list(platform.world.audit.records)
    assert front.send(method, VAULT_RECORDS, {}, headers=bearer(CONTRIBUTOR)).status == 405
    assert front.send(method, f"{VAULT_RECORDS}/{name}", {}, headers=bearer(CONTRIBUTOR)).status == 404
    assert platform.world.audit.records == before


def test_a_vault_that_cannot_be_has_no_records(front: Front) -> None:
    front.get(f"{GROUP_PATH}/backupVaults", headers=bearer())  # one of the subscription
    assert records(front, f"{GROUP_PATH}/backupVaults/{'x' * 200}/auditRecords") == []


def test_a_spoilt_row_is_left_out_and_logged(
    front: Front, platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    put_policy(front)
    platform.world.audit.corrupt(platform.world.audit.records[0], outcome="Whatever")
    assert [record["properties"]["outcome"] for record in records(front)] == ["Succeeded"]
    assert "audit.corrupt" in caplog.text

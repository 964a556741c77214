"""What holds for every request: refusals, ids in headers, absolute URLs, bodies, paging, unexpected errors."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

import azure.functions as func
import pytest

from backup_core.api.call import MAX_BODY_BYTES, read_call
from backup_core.api.endpoints import Route
from backup_core.domain.errors import CloudUnavailable
from backup_core.workflows import catalogue
from tests.api.bodies import GROUP_PATH, INSTANCE_PATH, POLICY_PATH, VAULT_PATH, backup_body, policy_body, vault_body
from tests.api.front import BASE, VERSION, Front
from tests.builders import VAULT
from tests.workflows.platform import Platform

GUID = "3f1c8a52-95a8-4c44-9d0b-0e5f3a1b2c3d"


def test_a_request_without_api_version_is_refused(front: Front) -> None:
    for query in ({}, {"api-version": ""}):
        reply = front.get(VAULT_PATH, query=query)
        assert (reply.status, reply.error["code"]) == (400, "MissingApiVersionParameter")


@pytest.mark.parametrize("version", ["2026-06-01", "2023-01-01", "2099-12-31-preview"])
def test_any_api_version_is_taken_and_kept_in_urls(front: Front, version: str) -> None:
    reply = front.put(VAULT_PATH, vault_body(), query={"API-Version": version})
    assert reply.status == 201
    assert reply.headers["Azure-AsyncOperation"].endswith(f"?api-version={version}")


def test_every_answer_carries_its_ids(front: Front, platform: Platform) -> None:
    replies = [front.get(VAULT_PATH), front.get(f"{VAULT_PATH}x"), front.get(VAULT_PATH, query={})]
    assert len({reply.headers["x-ms-request-id"] for reply in replies}) == 3
    assert all(reply.headers["x-ms-correlation-request-id"] for reply in replies)


def test_a_correlation_id_is_echoed_to_header_error_and_log(front: Front, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="diskbackup.api"):
        reply = front.get(f"{VAULT_PATH}x", headers={"x-ms-correlation-request-id": GUID})
    assert reply.headers["x-ms-correlation-request-id"] == GUID
    assert reply.error["additionalInfo"][0]["info"]["properties"]["ActivityId"] == GUID
    assert GUID in caplog.text


@pytest.mark.parametrize("sent", ["", "not-a-guid", f"{GUID}\r\nX-Evil: 1", "x" * 9000])
def test_a_correlation_id_that_is_none_is_replaced(front: Front, sent: str) -> None:
    reply = front.get(VAULT_PATH, headers={"x-ms-correlation-request-id": sent})
    assert reply.headers["x-ms-correlation-request-id"] not in ("", sent)


@pytest.mark.parametrize(
    ("headers", "echoed"),
    [
        ({"x-ms-client-request-id": GUID, "x-ms-return-client-request-id": "true"}, GUID),
        ({"x-ms-client-request-id": GUID, "x-ms-return-client-request-id": "True"}, GUID),
        ({"x-ms-client-request-id": GUID, "x-ms-return-client-request-id": "false"}, None),
        ({"x-ms-client-request-id": GUID}, None),
        ({"x-ms-return-client-request-id": "true"}, None),
        ({"x-ms-client-request-id": "a\r\nX-Evil: 1", "x-ms-return-client-request-id": "true"}, None),
        ({"x-ms-client-request-id": "x" * 200, "x-ms-return-client-request-id": "true"}, None),
    ],
)
def test_a_clients_request_id_is_echoed_when_it_asks_for_it(
    front: Front, headers: dict[str, str], echoed: str | None
) -> None:
    reply = front.get(VAULT_PATH, headers=headers)
    assert reply.headers.get("x-ms-client-request-id") == echoed


@pytest.mark.parametrize(
    "template",
    [
        "subscriptions",
        "openapi.json",
        "providers/Microsoft.DataProtection/operations",
        "subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/disks/d/providers/Microsoft.DataProtection/x",
        "subscriptions/s/resourceGroups/providers/providers/Microsoft.DataProtection/backupVaults/subscriptions",
    ],
)
@pytest.mark.parametrize("prefix", ["", "/api", "/a/b"])
def test_what_comes_before_the_path_is_told_from_it(template: str, prefix: str) -> None:
    url = f"http://localhost:7071{prefix}/{template}?api-version=1"
    request = func.HttpRequest("GET", url, params={"api-version": "1"}, route_params={}, body=b"")
    call = read_call(request, Route(name="x", template=template, endpoints={}), public_url=None)
    assert (call.base_url, call.path) == (f"http://localhost:7071{prefix}", f"/{template}")
    assert call.next_link("t").startswith(f"http://localhost:7071{prefix}/{template}?")


def test_absolute_urls_follow_the_request(platform: Platform) -> None:
    front = Front(platform.world, prefix="/prefix")
    url = front.put(VAULT_PATH, vault_body(), base="http://localhost:7071/prefix").headers["Azure-AsyncOperation"]
    assert url.startswith(f"http://localhost:7071/prefix{VAULT_PATH}/operationStatus/")


def test_tls_that_ended_in_front_of_the_app_is_honoured(front: Front) -> None:
    headers = {"X-Forwarded-Proto": "https, http"}
    reply = front.put(VAULT_PATH, vault_body(), base="http://backup.example", headers=headers)
    assert reply.headers["Azure-AsyncOperation"].startswith("https://backup.example/")


def test_no_header_of_a_caller_moves_urls_elsewhere_or_off_tls(front: Front) -> None:
    headers = {"X-Forwarded-Host": "evil.example", "X-Original-Host": "evil.example", "X-Forwarded-Proto": "http"}
    reply = front.put(VAULT_PATH, vault_body(), headers=headers)
    assert reply.headers["Azure-AsyncOperation"].startswith(f"{BASE}/")


def test_a_configured_public_url_wins(platform: Platform) -> None:
    front = Front(platform.world, public_url="https://front.example/door/")
    url = front.put(VAULT_PATH, vault_body()).headers["Azure-AsyncOperation"]
    assert url.startswith(f"https://front.example/door{VAULT_PATH}/")


def test_a_long_body_is_read_of_nobody_and_on_no_route(platform: Platform) -> None:
    """A stranger's, too, and where a body means nothing."""
    front = Front(platform.world)
    body = b"x" * (MAX_BODY_BYTES + 1)
    for method, path in (
        ("GET", "/subscriptions"),
        ("PUT", VAULT_PATH),
        ("DELETE", "/subscriptions/x/y"),
        ("GET", "/health/live"),
    ):
        reply = front.send(method, path, body)
        assert (reply.status, reply.error["code"]) == (413, "RequestEntityTooLarge")
    assert platform.world.audit.records == []


@pytest.mark.parametrize("base", ["https://evil.example", "http://localhost.evil.example", "http://127.0.0.1.nip"])
def test_a_host_that_nobody_named_is_not_repeated(platform: Platform, base: str) -> None:
    front = Front(platform.world, any_host=False)
    reply = front.put(VAULT_PATH, vault_body(), base=base)
    assert (reply.status, reply.error["code"]) == (400, "InvalidHostName")
    assert urlsplit(base).netloc not in reply.text + str(reply.headers)
    reply = front.put(VAULT_PATH, vault_body(), base="http://localhost:7071")
    assert reply.headers["Azure-AsyncOperation"].startswith("http://localhost:7071/")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "JSON"),
        (b'{"properties": ', "JSON"),
        (b"[]", "object"),
        (b'"text"', "object"),
        (b"null", "object"),
        (b'{"location": NaN}', "NaN"),
        (b'{"location": "\xff"}', "JSON"),
        (b'{"location": "\\ud800"}', "JSON"),
        (b'{"location": "a", "Location": "b"}', "twice"),
        (b"[" * 60_000, "JSON"),
        (b'{"n": ' + b"9" * 5000 + b"}", "JSON"),
    ],
)
def test_a_body_that_is_no_sound_json_object_is_refused(front: Front, body: bytes, reason: str) -> None:
    reply = front.put(f"{GROUP_PATH}/backupVaults/vault-2", body)
    assert (reply.status, reply.error["code"]) == (400, "InvalidRequestContent")
    assert reason in reply.error["message"]
    assert front.get(f"{GROUP_PATH}/backupVaults/vault-2").status == 404


def test_lists_come_in_pages_that_keep_the_query(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "PAGE_SIZE", 2)
    for number in range(5):
        assert front.put(f"{VAULT_PATH}/backupPolicies/policy-{number}", policy_body()).status == 200
    first = front.get(f"{VAULT_PATH}/backupPolicies", query={**VERSION, "x": "a b&c", "code": "secret"})
    assert first.json["nextLink"].startswith(f"{BASE}{VAULT_PATH}/backupPolicies?")
    assert "x=a+b%26c" in first.json["nextLink"]
    assert "secret" not in first.text, "a key does not go into a body"
    names = [policy["name"] for policy in front.listed(f"{VAULT_PATH}/backupPolicies")]
    assert names == [f"policy-{number}" for number in range(5)]


@pytest.mark.parametrize("kind", ["backupJobs", "auditRecords"])
def test_a_skip_token_that_we_did_not_write_is_refused(front: Front, kind: str) -> None:
    for token in ("ä", "%%%", "x" * 3):
        reply = front.get(f"{VAULT_PATH}/{kind}", query={**VERSION, "$skipToken": token})
        assert (reply.status, reply.error["target"]) == (400, "$skipToken"), token


def test_a_corrupt_row_is_left_out_and_logged(
    front: Front, platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    front.put(POLICY_PATH, policy_body())
    front.put(f"{POLICY_PATH}2", policy_body())
    from backup_core.domain.policy import BackupPolicy

    platform.world.store.corrupt_record(BackupPolicy, VAULT, "policy-1")
    assert [each["name"] for each in front.get(f"{VAULT_PATH}/backupPolicies").json["value"]] == ["policy-12"]
    assert "catalogue.rows_skipped" in caplog.text
    reply = front.get(POLICY_PATH)
    assert (reply.status, reply.error["code"]) == (500, "RecordCorrupt")


def test_an_unexpected_error_is_a_500_without_a_trace(
    front: Front, platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    platform.world.faults.fail("store.get", RuntimeError("the secret inside"))
    reply = front.get(VAULT_PATH, headers={"x-ms-correlation-request-id": GUID})
    assert (reply.status, reply.error["code"]) == (500, "InternalServerError")
    assert GUID in reply.error["message"]
    assert "secret" not in reply.text
    assert "Traceback" not in reply.text
    assert "the secret inside" in caplog.text
    assert GUID in caplog.text


def test_storage_that_does_not_answer_is_a_503_that_only_safe_methods_repeat(front: Front, platform: Platform) -> None:
    platform.world.faults.fail("store.get", CloudUnavailable("no answer"), times=2)
    reply = front.get(VAULT_PATH)
    assert (reply.status, reply.headers["Retry-After"]) == (503, "2")
    reply = front.post(f"{INSTANCE_PATH}/backup", backup_body())
    assert reply.status == 503
    assert "Retry-After" not in reply.headers, "azure-core would repeat the POST and start a second job"


def test_an_error_has_every_field_that_the_service_gives(front: Front) -> None:
    error: dict[str, Any] = front.get(f"{VAULT_PATH}x").error
    assert list(error) == ["additionalInfo", "code", "message", "target", "details"]
    info = error["additionalInfo"][0]
    assert info["type"] == "UserFacingError"
    assert info["info"]["recommendedAction"] == ["Check the name and the vault."]
    assert (error["code"], error["details"]) == ("ResourceNotFound", None)

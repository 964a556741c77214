"""Sign-in and the front door: the official clients over TLS as contributor, operator, reader and stranger.

The API asks for tokens of the local issuer, as a deployed app asks for Entra's; azure-identity gets them there.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from azure.identity import ClientSecretCredential, ManagedIdentityCredential
from azure.mgmt.dataprotection import DataProtectionMgmtClient

from infra.local.demo import wanted
from infra.local.demo.clients import Clients, at_front_door
from infra.local.identity import tokens
from infra.local.up import LocalTarget
from tests.e2e.documented import example, examples
from tests.e2e.methods import credential
from tests.e2e.stage import until

pytestmark = pytest.mark.local_target

GROUP, VAULT = "e2e-door", "door-vault"
PRINCIPALS = {principal.name: principal for principal in tokens.PRINCIPALS}
VERSION = "2026-06-01"


class Visitor:
    """Who stands at the front door: clients and bare requests with one principal's tokens."""

    def __init__(self, endpoints: dict[str, Any], who: str) -> None:
        self.endpoints, self.who = endpoints, who
        self.subscription: str = endpoints["subscription_id"]

    @property
    def vault_id(self) -> str:
        group = f"/subscriptions/{self.subscription}/resourceGroups/{GROUP}"
        return f"{group}/providers/Microsoft.DataProtection/backupVaults/{VAULT}"

    def credential(self) -> Any:
        return credential(ClientSecretCredential, self.endpoints, PRINCIPALS[self.who])

    def sdk(self) -> DataProtectionMgmtClient:
        return DataProtectionMgmtClient(self.credential(), self.subscription, **at_front_door(self.endpoints))

    def token(self, *, audience: str = "") -> str:
        query = {"principal": self.who, "audience": audience or self.endpoints["front_door"]}
        url = f"{self.endpoints['issuer']}/_issuer/token"
        answer = requests.get(url, params=query, verify=self.endpoints["ca_file"], timeout=60)
        answer.raise_for_status()
        return answer.text

    def call(self, method: str, path: str, *, token: str | None = None, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token or self.token()}", **options.pop("headers", {})}
        return self.bare(method, path, headers=headers, **options)

    def bare(self, method: str, path: str, *, base: str = "", **options: Any) -> requests.Response:
        """Without a token."""
        return requests.request(
            method,
            f"{base or self.endpoints['front_door']}{path}",
            params={"api-version": VERSION},
            verify=self.endpoints["ca_file"],
            timeout=60,
            **options,
        )


@pytest.fixture(scope="module")
def visitor(guarded: LocalTarget) -> Callable[[str], Visitor]:
    return lambda who: Visitor(guarded.endpoints, who)


@pytest.fixture(scope="module")
def contributor(visitor: Callable[[str], Visitor]) -> Visitor:
    """The vault's maker: a vault is there from here on."""
    made = visitor("contributor")
    Clients(made.endpoints).make_group(GROUP)
    made.sdk().backup_vaults.begin_create_or_update(GROUP, VAULT, wanted.vault()).result()
    return made


@pytest.fixture(scope="module")
def reader(visitor: Callable[[str], Visitor], contributor: Visitor) -> Visitor:
    return visitor("reader")


@pytest.fixture(scope="module")
def stranger(visitor: Callable[[str], Visitor], contributor: Visitor) -> Visitor:
    return visitor("stranger")


# ---------------------------------------------------------------- one endpoint for all


def test_the_urls_in_answers_lead_back_to_the_front_door(contributor: Visitor) -> None:
    answer = contributor.call("PUT", f"{contributor.vault_id}-2", json=wanted.vault())
    assert answer.status_code == 201
    where = urlsplit(answer.headers["Azure-AsyncOperation"])
    assert f"{where.scheme}://{where.netloc}" == contributor.endpoints["front_door"]
    status = contributor.call("GET", where.path)
    assert status.json()["status"] in ("Inprogress", "Succeeded")


@pytest.mark.parametrize("door", ["front_door", "api"])
def test_no_header_of_the_caller_sends_its_client_elsewhere(contributor: Visitor, door: str) -> None:
    spoofed = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example", "X-Original-Host": "evil.example"}
    base = contributor.endpoints[door]
    answer = contributor.call("PUT", f"{contributor.vault_id}-3", base=base, headers=spoofed, json=wanted.vault())
    assert answer.ok
    assert "evil.example" not in answer.text + json.dumps(dict(answer.headers))


def test_a_machine_signs_in_with_its_managed_identity(contributor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", contributor.endpoints["identity"])
    monkeypatch.setenv("IDENTITY_HEADER", contributor.endpoints["identity_header"])
    options = at_front_door(contributor.endpoints)
    sdk = DataProtectionMgmtClient(ManagedIdentityCredential(), contributor.subscription, **options)
    assert sdk.backup_vaults.get(GROUP, VAULT).name == VAULT


# ---------------------------------------------------------------- as documented

PAGE = "use-with-sdk.md"


def folder_of(target: LocalTarget) -> Path:
    """Where `.local/endpoints.json` is found, as in the project's folder after `make up`."""
    return target.log_dir.parents[1]


def ran(command: list[str], target: LocalTarget) -> str:
    done = subprocess.run(command, cwd=folder_of(target), capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_documented_sdk_examples_run_as_they_stand(guarded: LocalTarget) -> None:
    said = ran([sys.executable, "-c", example(PAGE, "On this machine", "python")], guarded).splitlines()
    assert said[0] in ("Backup InProgress", "Backup Completed")
    assert said[1:] == ["web01-os ProtectionConfigured", "['by-sdk']", "403 AuthorizationFailed"]


def test_the_documented_curl_examples_run_as_they_stand(guarded: LocalTarget, tmp_path: Path) -> None:
    get, with_key, with_token = examples(PAGE, "With a function key", "sh")
    assert "value" in json.loads(ran(["bash", "-euc", get + with_token], guarded))
    refused = subprocess.run(["bash", "-euc", get + with_key], cwd=folder_of(guarded), capture_output=True, check=False)
    assert (refused.returncode, b"AuthenticationFailed" in refused.stdout) == (22, True), "this API asks for tokens"
    keys = {"DISKBACKUP_SIGN_IN": "function_key"}
    with LocalTarget.start(dir=tmp_path / ".local", env=keys) as target:
        assert json.loads(ran(["bash", "-euc", get + with_key], target)) == {"value": []}
        wrong = get + with_key.replace("$(get function_key)", "wrong")
        refused = subprocess.run(["bash", "-euc", wrong], cwd=folder_of(target), capture_output=True, check=False)
        assert refused.returncode == 22, "a wrong key is refused"
        key, client = examples(PAGE, "With a function key", "python")[0], DataProtectionMgmtClient
        names_in_it = {
            "DataProtectionMgmtClient": client,
            "subscription_id": target.endpoints["subscription_id"],
            "base_url": target.endpoints["api"],
            "function_key": target.endpoints["function_key"],
        }
        exec(key, names_in_it)
        assert list(names_in_it["client"].backup_vaults.get_in_subscription()) == []


# ---------------------------------------------------------------- roles


def test_a_refused_attempt_is_on_record_with_who_and_what(contributor: Visitor, stranger: Visitor) -> None:
    assert stranger.call("DELETE", stranger.vault_id).status_code == 403
    records = contributor.call("GET", f"{contributor.vault_id}/auditRecords").json()["value"]
    newest = next(record["properties"] for record in records if record["properties"]["method"] == "DELETE")
    assert newest["caller"]["objectId"] == PRINCIPALS["stranger"].object_id
    assert (newest["status"], newest["errorCode"]) == (403, "AuthorizationFailed")
    assert newest["ipAddress"] == "127.0.0.1", "as the front door saw it"


# ---------------------------------------------------------------- tokens


def raised(token: str) -> str:
    """A reader's token that somebody has made a contributor's; each other kind is in tests/api/test_sign_in.py."""
    head, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    raised_too = json.dumps({**claims, "roles": ["Backup.Contributor"]}).encode()
    return f"{head}.{base64.urlsafe_b64encode(raised_too).decode().rstrip('=')}.{signature}"


def test_a_token_that_was_tampered_with_is_refused_at_both_doors(contributor: Visitor, reader: Visitor) -> None:
    """Believed, it could delete the vault."""
    token = raised(reader.token())
    for method, path in (("GET", contributor.vault_id), ("DELETE", contributor.vault_id), ("GET", "/subscriptions")):
        base = contributor.endpoints["api"] if path == "/subscriptions" else ""
        answer = contributor.call(method, path, token=token, base=base)
        assert answer.status_code == 401, (method, path, answer.text)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
        assert answer.json()["error"]["code"]
        assert contributor.vault_id not in answer.text
    assert contributor.call("GET", contributor.vault_id).status_code == 200, "the vault is still there"


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("audience", ["front_door", "audience", "https://management.azure.com"])
def test_a_token_for_each_accepted_audience_is_believed(contributor: Visitor, audience: str, slash: str) -> None:
    resource = contributor.endpoints.get(audience, audience) + slash
    answer = contributor.call("GET", contributor.vault_id, token=contributor.token(audience=resource))
    assert answer.status_code == 200


def test_a_new_key_of_the_issuer_is_taken_up_without_a_restart(contributor: Visitor) -> None:
    """The app asks for the keys again when a token names another, though not more often than each half minute."""
    old = contributor.token()
    issuer, trusted = contributor.endpoints["issuer"], contributor.endpoints["ca_file"]
    assert requests.post(f"{issuer}/_issuer/keys", verify=trusted, timeout=60).status_code == 201
    new = contributor.token()
    until(
        lambda: contributor.call("GET", contributor.vault_id, token=new).status_code,
        lambda status: status == 200,
        seconds=90,
        pause=1,
    )
    assert contributor.call("GET", contributor.vault_id, token=old).status_code == 200, "the old one is still published"

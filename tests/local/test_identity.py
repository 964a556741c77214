"""The managed-identity endpoint, through azure-identity and by hand."""

from __future__ import annotations

import base64
import json
import time

import pytest
import requests

from infra.local.identity import APP, OPERATOR

pytestmark = pytest.mark.local_target

ARM = "https://management.azure.com"


def claims(token: str) -> dict:
    header, payload, signature = token.split(".")
    assert (json.loads(base64.urlsafe_b64decode(header + "=="))["alg"], signature) == ("none", "")
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


@pytest.fixture
def ask(target):
    """`ask(resource=..., ...)`: a request in the protocol of App Service; `header` is its secret."""

    def request(header="", **query):
        headers = {"X-IDENTITY-HEADER": header or target.endpoints["identity_header"]}
        return requests.get(target.endpoints["identity"], params=query, headers=headers, timeout=5)

    return request


def test_the_apps_own_credential_gets_a_token_for_what_it_asks(target, monkeypatch):
    from azure.identity import ManagedIdentityCredential

    monkeypatch.setenv("IDENTITY_ENDPOINT", target.endpoints["identity"])
    monkeypatch.setenv("IDENTITY_HEADER", target.endpoints["identity_header"])
    token = ManagedIdentityCredential().get_token(f"{ARM}/.default")
    found = claims(token.token)
    assert (found["oid"], found["appid"], found["aud"]) == (APP.object_id, APP.client_id, ARM)
    assert found["nbf"] <= time.time() < found["exp"] == token.expires_on


def test_the_operators_secret_gets_the_operators_token(ask, target):
    answer = ask(target.endpoints["operator_identity_header"], resource=ARM, **{"api-version": "2019-08-01"}).json()
    assert claims(answer["access_token"])["oid"] == OPERATOR.object_id
    assert isinstance(answer["expires_on"], str)
    assert answer["token_type"] == "Bearer"


def test_a_user_assigned_identity_is_asked_for_by_its_client_id(ask):
    answer = ask(resource=ARM, client_id=OPERATOR.client_id, **{"api-version": "2019-08-01"}).json()
    assert claims(answer["access_token"])["oid"] == OPERATOR.object_id


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"header": "wrong", "resource": ARM, "api-version": "2019-08-01"}, 401),
        ({"api-version": "2019-08-01"}, 400),
        ({"resource": ARM}, 400),
        ({"resource": ARM, "api-version": "2017-09-01"}, 400),
        ({"resource": ARM, "api-version": "2019-08-01", "client_id": "a stranger"}, 400),
    ],
)
def test_whom_and_what_it_refuses(ask, query, status):
    answer = ask(**query)
    assert answer.status_code == status
    assert "access_token" not in answer.json()

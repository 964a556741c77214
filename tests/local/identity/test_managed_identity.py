"""The managed-identity endpoint, through azure-identity and by hand."""

from __future__ import annotations

import jwt
import pytest
import requests

from infra.local.identity.tokens import APP, CONTRIBUTOR, PRINCIPALS, TEAM

pytestmark = pytest.mark.local_target

ARM = "https://management.azure.com"
VERSION = {"api-version": "2019-08-01"}


def claims(token):
    return jwt.decode(token, options={"verify_signature": False})


@pytest.fixture
def ask(target):
    """`ask(resource=..., ...)`: a request in the protocol of App Service; `header` is its secret."""

    def request(header="", **query):
        headers = {"X-IDENTITY-HEADER": header or target.endpoints["app_identity_header"]}
        return requests.get(target.endpoints["identity"], params=query, headers=headers, timeout=60)

    return request


@pytest.mark.parametrize("principal", PRINCIPALS, ids=lambda principal: principal.name)
def test_each_principal_has_a_secret_and_its_own_roles(ask, target, principal):
    answer = ask(target.endpoints[f"{principal.name}_identity_header"], resource=ARM, **VERSION).json()
    found = claims(answer["access_token"])
    assert (found["oid"], found.get("roles", [])) == (principal.object_id, list(principal.roles))
    assert isinstance(answer["expires_on"], str)
    assert answer["token_type"] == "Bearer"


def test_the_secret_without_a_name_is_the_contributors(ask, target):
    answer = ask(target.endpoints["identity_header"], resource=ARM, **VERSION).json()
    assert claims(answer["access_token"])["oid"] == CONTRIBUTOR.object_id


def test_an_identity_may_be_asked_for_by_its_client_id(ask):
    answer = ask(resource=ARM, client_id=APP.client_id, **VERSION).json()
    assert claims(answer["access_token"])["oid"] == APP.object_id


def test_a_further_identity_of_the_apps_machine_is_asked_for_by_its_client_id(ask, target):
    answer = ask(resource=ARM, client_id=TEAM.client_id, **VERSION).json()
    assert claims(answer["access_token"])["oid"] == TEAM.object_id
    elsewhere = ask(target.endpoints["reader_identity_header"], resource=ARM, client_id=TEAM.client_id, **VERSION)
    assert elsewhere.status_code == 400


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"header": "wrong", "resource": ARM, **VERSION}, 401),
        (VERSION, 400),
        ({"resource": ARM}, 400),
        ({"resource": ARM, "api-version": "2017-09-01"}, 400),
        ({"resource": ARM, **VERSION, "client_id": "nobody"}, 400),
        ({"resource": ARM, **VERSION, "client_id": CONTRIBUTOR.client_id}, 400),
    ],
    ids=["wrong secret", "no resource", "no version", "old version", "unknown client", "another's client"],
)
def test_whom_and_what_it_refuses(ask, query, status):
    answer = ask(**query)
    assert answer.status_code == status
    assert "access_token" not in answer.json()

"""The token issuer: what Entra has."""

from __future__ import annotations

import time

import jwt
import pytest
import requests

from infra.local.identity.tokens import API, PRINCIPALS, READER, TENANT

pytestmark = pytest.mark.local_target


class Issuer:
    def __init__(self, endpoints):
        self.url, self.endpoints = endpoints["issuer"], endpoints

    def get(self, path, **query):
        return requests.get(f"{self.url}{path}", params=query, verify=self.endpoints["ca_file"], timeout=60)

    def post(self, path, **form):
        return requests.post(f"{self.url}{path}", data=form, verify=self.endpoints["ca_file"], timeout=60)

    def metadata(self):
        return self.get(f"/{TENANT}/v2.0/.well-known/openid-configuration").json()

    def keys(self):
        found = requests.get(self.metadata()["jwks_uri"], verify=self.endpoints["ca_file"], timeout=60).json()
        return {key["kid"]: jwt.PyJWK(key) for key in found["keys"]}

    def believed(self, token):
        """The claims, checked as a careful API does."""
        key = self.keys()[jwt.get_unverified_header(token)["kid"]]
        wanted = {"require": ["exp", "aud", "iss", "oid"]}
        issuer = self.metadata()["issuer"]
        return jwt.decode(token, key, algorithms=["RS256"], audience=API, issuer=issuer, options=wanted)


@pytest.fixture
def issuer(target):
    return Issuer(target.endpoints)


def test_the_metadata_lead_to_the_keys_and_name_the_issuer(issuer):
    metadata = issuer.metadata()
    assert metadata["issuer"] == f"{issuer.url}/{TENANT}/v2.0"
    assert metadata["token_endpoint"].startswith(issuer.url)
    assert all(key.algorithm_name == "RS256" for key in issuer.keys().values())


def test_another_tenant_is_not_found(issuer):
    answer = issuer.get("/common/v2.0/.well-known/openid-configuration")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_tenant")


@pytest.mark.parametrize("principal", PRINCIPALS, ids=lambda principal: principal.name)
def test_a_good_token_is_believed_and_carries_the_roles(issuer, principal):
    token = issuer.get("/_issuer/token", principal=principal.name, audience=API).text
    found = issuer.believed(token)
    assert (found["oid"], found["tid"], found.get("roles", [])) == (principal.object_id, TENANT, list(principal.roles))
    assert found["nbf"] <= time.time() < found["exp"]


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_secret": ""}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": API}, 400, "invalid_scope"),
        ({"scope": ""}, 400, "invalid_scope"),
    ],
    ids=lambda value: str(value),
)
def test_who_gets_no_token(issuer, target, change, status, error):
    good = {
        "grant_type": "client_credentials",
        "client_id": READER.client_id,
        "client_secret": target.endpoints["reader_identity_header"],
        "scope": f"{API}/.default",
    }
    answer = issuer.post(f"/{TENANT}/oauth2/v2.0/token", **{**good, **change})
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert "access_token" not in answer.json()


@pytest.mark.parametrize("query", [{}, {"principal": "reader"}, {"principal": "nobody", "audience": API}])
def test_what_the_control_endpoint_does_not_understand_gets_no_token(issuer, query):
    answer = issuer.get("/_issuer/token", **query)
    assert answer.status_code == 400
    assert "error" in answer.json()

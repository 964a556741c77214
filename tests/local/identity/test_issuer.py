"""The token issuer: what Entra has, through azure-identity too, and every kind of token that must not be believed."""

from __future__ import annotations

import time

import jwt
import pytest
import requests

from infra.local.identity.tokens import API, FAULTS, PRINCIPALS, READER, TENANT

pytestmark = pytest.mark.local_target


class Issuer:
    def __init__(self, endpoints):
        self.url, self.endpoints = endpoints["issuer"], endpoints

    def get(self, path, **query):
        return requests.get(f"{self.url}{path}", params=query, verify=self.endpoints["ca_file"], timeout=60)

    def post(self, path, **form):
        return requests.post(f"{self.url}{path}", data=form, verify=self.endpoints["ca_file"], timeout=60)

    def metadata(self, infix="/v2.0"):
        return self.get(f"/{TENANT}{infix}/.well-known/openid-configuration").json()

    def keys(self):
        found = requests.get(self.metadata()["jwks_uri"], verify=self.endpoints["ca_file"], timeout=60).json()
        return {key["kid"]: jwt.PyJWK(key) for key in found["keys"]}

    def believed(self, token):
        """The claims, checked as a careful API does. Raises jwt.PyJWTError, or KeyError for a key nobody knows."""
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


def test_the_older_metadata_name_the_older_issuer(issuer):
    assert issuer.metadata(infix="")["issuer"] == f"https://sts.windows.net/{TENANT}/"
    token = issuer.get("/_issuer/token", principal="reader", audience=API, version="1.0").text
    found = jwt.decode(token, options={"verify_signature": False})
    assert (found["iss"], found["ver"], found["appid"]) == (
        f"https://sts.windows.net/{TENANT}/",
        "1.0",
        READER.client_id,
    )


def test_another_tenant_is_not_found(issuer):
    answer = issuer.get("/common/v2.0/.well-known/openid-configuration")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_tenant")


@pytest.mark.parametrize("principal", PRINCIPALS, ids=lambda principal: principal.name)
def test_a_good_token_is_believed_and_carries_the_roles(issuer, principal):
    token = issuer.get("/_issuer/token", principal=principal.name, audience=API).text
    found = issuer.believed(token)
    assert (found["oid"], found["tid"], found.get("roles", [])) == (principal.object_id, TENANT, list(principal.roles))
    assert found["nbf"] <= time.time() < found["exp"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_token_of_each_kind_is_not_believed(issuer, fault):
    answer = issuer.get("/_issuer/token", principal="contributor", audience=API, fault=fault)
    assert answer.status_code == 200
    with pytest.raises((jwt.PyJWTError, KeyError)):
        issuer.believed(answer.text)


def test_the_bad_tokens_differ_from_good_ones_only_in_their_fault(issuer):
    """Each tells of a contributor and of our audience, so that it is refused for nothing else."""
    for fault in FAULTS:
        token = issuer.get("/_issuer/token", principal="contributor", audience=API, fault=fault).text
        found = jwt.decode(token, options={"verify_signature": False})
        assert found["roles"] == ["Backup.Contributor"], fault
        assert found.get("aud") == (API if fault not in ("other_audience", "no_audience") else found.get("aud")), fault


def test_a_new_key_signs_and_the_old_one_stays_published(issuer, target):
    before = set(issuer.keys())
    added = issuer.post("/_issuer/keys").json()["kid"]
    assert set(issuer.keys()) == before | {added}
    token = issuer.get("/_issuer/token", principal="reader", audience=API).text
    assert jwt.get_unverified_header(token)["kid"] == added
    headers = {"X-IDENTITY-HEADER": target.endpoints["reader_identity_header"]}
    query = {"resource": API, "api-version": "2019-08-01"}
    given = requests.get(target.endpoints["identity"], params=query, headers=headers, timeout=60).json()["access_token"]
    assert jwt.get_unverified_header(given)["kid"] == added, "the identity endpoint signs with the new one too"


def test_azure_identity_signs_a_client_in_with_its_secret(issuer, target):
    from azure.identity import ClientSecretCredential

    credential = ClientSecretCredential(
        TENANT,
        READER.client_id,
        target.endpoints["reader_identity_header"],
        authority=issuer.url,
        disable_instance_discovery=True,
        connection_verify=target.endpoints["ca_file"],
    )
    found = issuer.believed(credential.get_token(f"{API}/.default").token)
    assert (found["oid"], found["roles"]) == (READER.object_id, ["Backup.Reader"])


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


def test_the_older_token_endpoint_takes_a_resource(issuer, target):
    secret = target.endpoints["reader_identity_header"]
    form = {"grant_type": "client_credentials", "client_id": READER.client_id, "client_secret": secret, "resource": API}
    token = issuer.post(f"/{TENANT}/oauth2/token", **form).json()["access_token"]
    found = jwt.decode(token, options={"verify_signature": False})
    assert (found["aud"], found["ver"]) == (API, "1.0")


@pytest.mark.parametrize("query", [{}, {"principal": "reader"}, {"principal": "nobody", "audience": API},
                                   {"principal": "reader", "audience": API, "fault": "odd"}])  # fmt: skip
def test_what_the_control_endpoint_does_not_understand_gets_no_token(issuer, query):
    answer = issuer.get("/_issuer/token", **query)
    assert answer.status_code == 400
    assert "error" in answer.json()


def test_it_counts_what_it_was_asked_for(issuer):
    path = f"/{TENANT}/discovery/v2.0/keys"
    before = issuer.get("/_issuer/requests").json().get(path, 0)
    issuer.keys()
    assert issuer.get("/_issuer/requests").json()[path] == before + 1

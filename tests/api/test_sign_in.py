"""Sign-in: which tokens are believed, what a stranger is told, and what keeps the API closed."""

from __future__ import annotations

import base64
import hmac
import json
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from backup_core.api import tokens
from backup_core.api.endpoints import METHODS
from backup_core.api.routes import ROUTES
from backup_core.api.sign_in import read_caller
from backup_core.api.tokens import KEYS_LAST_SECONDS, REFRESH_APART_SECONDS, KeysUnavailable, TokenCheck, TokenRefused
from backup_core.settings import SettingsInvalid, SignIn
from tests.api.bodies import INSTANCE_PATH, VAULT_PATH, policy_body, vault_body
from tests.api.front import Front, Reply, Services
from tests.api.tenant import (
    AUDIENCE,
    AUTHORITY,
    DROPPED,
    GROUP,
    ID,
    ISSUER,
    KEYS_URL,
    METADATA_URL,
    OTHER_ID,
    PERSON,
    Tenant,
    bearer,
    claims,
    guarded,
    jwk,
    private_key,
    sign_in,
    token,
)
from tests.workflows.platform import Platform

V1_ISSUER = f"https://sts.windows.net/{ID}/"


@pytest.fixture
def front(platform: Platform) -> Front:
    return guarded(platform.world)


def ask(front: Front, text: str) -> Reply:
    return front.get(VAULT_PATH, headers={"Authorization": f"Bearer {text}"})


def encoded(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def unsigned() -> str:
    return f"{encoded({'alg': 'none', 'typ': 'JWT', 'kid': 'key-1'})}.{encoded(claims('Backup.Contributor'))}."


def signed_with_the_public_key() -> str:
    """HS256 with what everyone can read as the secret; the library refuses to make it, so it is made by hand."""
    secret = private_key("key-1").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    text = f"{encoded({'alg': 'HS256', 'typ': 'JWT', 'kid': 'key-1'})}.{encoded(claims('Backup.Contributor'))}"
    signature = base64.urlsafe_b64encode(hmac.digest(secret, text.encode(), "sha256")).rstrip(b"=").decode()
    return f"{text}.{signature}"


def tampered_payload() -> str:
    head, _, signature = token("Backup.Reader").split(".")
    return f"{head}.{encoded(claims('Backup.Contributor'))}.{signature}"


def tampered_signature() -> str:
    head, payload, signature = token("Backup.Contributor").split(".")
    flipped = "A" if signature[10] != "A" else "B"
    return f"{head}.{payload}.{signature[:10]}{flipped}{signature[11:]}"


def with_header(**headers: Any) -> Callable[[], str]:
    return lambda: token("Backup.Contributor", headers=headers)


def with_key_of_its_own(**headers: Any) -> Callable[[], str]:
    return lambda: token("Backup.Contributor", key=private_key("strange"), headers=headers)


def with_claims(**changes: Any) -> Callable[[], str]:
    return lambda: token("Backup.Contributor", **changes)


INVALID = "InvalidAuthenticationToken"
EXPIRED = "ExpiredAuthenticationToken"
AUDIENCE_WRONG = "InvalidAuthenticationTokenAudience"
TENANT_WRONG = "InvalidAuthenticationTokenTenant"
MALFORMED = "AuthenticationFailedInvalidHeader"
WRONG: dict[str, tuple[Callable[[], str], str]] = {
    "expired": (with_claims(exp=timedelta(minutes=-2), nbf=timedelta(hours=-1), iat=timedelta(hours=-1)), EXPIRED),
    "without an end": (with_claims(exp=DROPPED), INVALID),
    "an end that is no time": (with_claims(exp="soon"), INVALID),
    "not yet valid": (with_claims(nbf=timedelta(seconds=900)), INVALID),
    "issued in the future": (with_claims(iat=timedelta(seconds=900)), INVALID),
    "wrong audience": (with_claims(aud="api://other"), AUDIENCE_WRONG),
    "an audience that begins like ours": (with_claims(aud=f"{AUDIENCE}-2"), AUDIENCE_WRONG),
    "no audience": (with_claims(aud=DROPPED), INVALID),
    "wrong issuer": (with_claims(iss="https://evil.example/v2.0"), TENANT_WRONG),
    "an issuer that begins like ours": (with_claims(iss=f"{ISSUER}.evil.example"), TENANT_WRONG),
    "the old issuer of another tenant": (with_claims(iss=f"https://sts.windows.net/{OTHER_ID}/"), TENANT_WRONG),
    "no issuer": (with_claims(iss=DROPPED), INVALID),
    "wrong tenant": (with_claims(tid=OTHER_ID), TENANT_WRONG),
    "alg none": (unsigned, INVALID),
    "alg none in odd case": (lambda: unsigned().replace(encoded("none"), encoded("nOnE")), INVALID),
    "HS256 with the public key": (signed_with_the_public_key, INVALID),
    "PS256 with the right key": (lambda: token("Backup.Contributor", algorithm="PS256"), INVALID),
    "signed with another key": (with_key_of_its_own(), INVALID),
    "signed with a key nobody published": (with_key_of_its_own(kid="strange"), INVALID),
    "its key in its header": (with_key_of_its_own(kid="strange", jwk=jwk("strange")), INVALID),
    "its key at a URL": (with_key_of_its_own(jku="https://evil.example/keys"), INVALID),
    "its certificate at a URL": (with_key_of_its_own(x5u="https://evil.example/cert"), INVALID),
    "a critical header that nobody knows": (with_header(crit=["mine"], mine=1), INVALID),
    "tampered payload": (tampered_payload, INVALID),
    "tampered signature": (tampered_signature, INVALID),
    "no signature": (lambda: token("Backup.Contributor").rpartition(".")[0] + ".", INVALID),
    "no kid": (with_header(kid=""), INVALID),
    "nobody": (with_claims(oid=DROPPED), INVALID),
    "somebody who is no object": (with_claims(oid="' or 1=1"), INVALID),
    "an ID token": (with_claims(scp=DROPPED), INVALID),
    "garbage": (lambda: "a.b.c", INVALID),
    "garbage of two parts": (lambda: "a.b", MALFORMED),
    "garbage with a header that is no object": (lambda: f"{encoded([1])}.{encoded({})}.x", INVALID),
    "garbage that nests": (lambda: f"{base64.urlsafe_b64encode(b'[' * 9000).decode().rstrip('=')}.e30.x", INVALID),
    "two tokens": (lambda: f"{token('Backup.Reader')}, Bearer {token('Backup.Contributor')}", MALFORMED),
    "five parts": (lambda: f"{token('Backup.Reader')}.a.b", MALFORMED),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_token_is_refused_and_not_repeated(front: Front, platform: Platform, kind: str) -> None:
    make, code = WRONG[kind]
    text = make()
    reply = ask(front, text)
    assert (reply.status, reply.error["code"]) == (401, code)
    assert f'Bearer authorization_uri="{AUTHORITY}/{ID}"' in reply.headers["WWW-Authenticate"]
    assert platform.world.faults.count("store.") == 0, "nobody looked at what exists"
    assert "evil" not in reply.text + str(reply.headers)
    assert not any(part in reply.text for part in text.split(".") if len(part) > 3)


def test_a_key_that_a_token_names_is_never_fetched(platform: Platform) -> None:
    tenant = Tenant()
    front = guarded(platform.world, tenant)
    for headers in ({"jku": "https://evil.example/keys"}, {"x5u": "https://evil.example/c"}, {"jwk": jwk("strange")}):
        ask(front, token("Backup.Contributor", key=private_key("strange"), headers={**headers, "kid": "strange"}))
    assert set(tenant.asked) == {METADATA_URL, KEYS_URL}


def test_a_good_token_beside_a_key_url_is_judged_by_its_signature(front: Front) -> None:
    assert ask(front, token("Backup.Reader", headers={"jku": "https://evil.example/keys"})).status == 200


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"iss": V1_ISSUER, "ver": "1.0"},
        {"tid": DROPPED},
        {"aud": f"{AUDIENCE}/"},
        {"exp": timedelta(seconds=-30), "iat": timedelta(seconds=-3600), "nbf": timedelta(seconds=-3600)},
        {"nbf": timedelta(seconds=30), "iat": timedelta(seconds=30)},
        {"nbf": DROPPED},
        {"scp": DROPPED, "idtyp": "app", "sub": PERSON},
        {"scp": DROPPED, "sub": PERSON},
    ],
)
def test_a_genuine_token_is_believed(front: Front, changes: dict[str, Any]) -> None:
    assert ask(front, token("Backup.Reader", **changes)).status == 200


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer "])
def test_the_schemes_case_and_blanks_are_free(front: Front, scheme: str) -> None:
    reply = front.get(VAULT_PATH, headers={"Authorization": f"{scheme} {token('Backup.Reader')}"})
    assert reply.status == 200


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "AuthenticationFailed"),
        ("", "AuthenticationFailed"),
        ("Bearer", MALFORMED),
        ("Bearer ", MALFORMED),
        ("Basic dXNlcjpwYXNz", MALFORMED),
        ("SharedKey x:y", MALFORMED),
    ],
)
def test_without_a_bearer_token_nobody_comes_in(front: Front, header: str | None, code: str) -> None:
    reply = front.get(VAULT_PATH, headers={} if header is None else {"Authorization": header})
    assert (reply.status, reply.error["code"]) == (401, code)
    assert reply.headers["WWW-Authenticate"].startswith("Bearer ")


def test_a_second_scheme_beside_the_token_is_refused(front: Front) -> None:
    for text in (
        f"Basic dXNlcjpwYXNz, Bearer {token('Backup.Reader')}",
        f"Bearer {token('Backup.Reader')}, Basic eA==",
    ):
        reply = front.get(VAULT_PATH, headers={"Authorization": text})
        assert (reply.status, reply.error["code"]) == (401, MALFORMED)


def test_header_identities_alone_are_nobody(front: Front) -> None:
    principal = base64.b64encode(
        json.dumps({"auth_typ": "aad", "claims": [{"typ": "roles", "val": "Backup.Contributor"}]}).encode()
    ).decode()
    headers = {
        "X-MS-CLIENT-PRINCIPAL": principal,
        "X-MS-CLIENT-PRINCIPAL-ID": PERSON,
        "X-MS-CLIENT-PRINCIPAL-NAME": "ada@example.com",
        "X-MS-CLIENT-PRINCIPAL-IDP": "aad",
        "X-MS-TOKEN-AAD-ACCESS-TOKEN": token("Backup.Contributor"),
        "X-Functions-Key": "key",
    }
    assert front.get(VAULT_PATH, headers=headers).status == 401


def test_header_identities_raise_nobody(front: Front) -> None:
    headers = bearer("Backup.Reader") | {"X-MS-CLIENT-PRINCIPAL-ID": PERSON, "X-MS-CLIENT-PRINCIPAL": "eyJ9"}
    assert front.put(f"{VAULT_PATH}2", vault_body(), headers=headers).status == 403


def test_a_missing_role_is_403(front: Front) -> None:
    for roles in ((), ("Reader",), ("Backup.Admin", "Contributor")):
        reply = ask(front, token(*roles))
        assert (reply.status, reply.error["code"]) == (403, "AuthorizationFailed")
        assert "WWW-Authenticate" not in reply.headers


# ------------------------------------------------------------------ what a stranger is told

EXISTING = [VAULT_PATH, f"{VAULT_PATH}/backupJobs", f"{VAULT_PATH}/validateForBackup", "/subscriptions"]
ABSENT = [
    f"{VAULT_PATH}x",
    f"{INSTANCE_PATH}/recoveryPoints/none",
    "/subscriptions/nowhere/x/y",
    "/providers/None/at/all",
]


def told(reply: Reply) -> tuple[Any, ...]:
    """An answer without the ids that are new each time."""
    headers = {name: value for name, value in reply.headers.items() if not name.endswith("request-id")}
    return reply.status, reply.text, tuple(sorted(headers.items()))


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer a.b.c"}], ids=["no token", "wrong token"])
def test_a_stranger_cannot_tell_what_exists(front: Front, headers: dict[str, str]) -> None:
    answers = {
        told(front.send(method, path, body, query=query, headers=headers))
        for method in METHODS
        for path in [*EXISTING, *ABSENT, f"{VAULT_PATH}/a|b"]
        for query in ({}, {"api-version": "2026-06-01"})
        for body in (None, b"{", policy_body())
    }
    assert len(answers) == 1


def test_every_route_but_the_description_and_the_sign_of_life_asks_who_is_there(front: Front) -> None:
    import re

    for route in ROUTES:
        reply = front.get("/" + re.sub(r"\{\*?\w+\}", "x-1", route.template))
        assert (reply.status == 401) is (route.name not in ("api_description", "health_live")), route.name


@pytest.mark.parametrize("path", [VAULT_PATH, f"{VAULT_PATH}x"])
def test_someone_without_the_right_hears_the_same_of_what_exists_and_what_does_not(front: Front, path: str) -> None:
    reply = front.send("DELETE", path, headers=bearer("Backup.Reader"))
    assert (reply.status, reply.error["code"]) == (403, "AuthorizationFailed")
    assert reply.error["message"] == (
        f"The client 'ada@example.com' with object id '{PERSON}' does not have authorization to perform action "
        f"'Microsoft.DataProtection/backupVaults/delete' over scope '{path}' or the scope is invalid. If access was "
        "recently granted, please refresh your credentials."
    )


# ------------------------------------------------------------------ faulty settings


def test_faulty_settings_close_the_api_and_the_log_says_what_to_set(
    platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    front = Front(platform.world, services=Services(platform.world, lambda: SignIn.from_env({})))
    for path in (VAULT_PATH, f"{VAULT_PATH}x", "/subscriptions", "/openapi.json"):
        for headers in ({}, bearer("Backup.Contributor"), {"x-functions-key": "key"}):
            reply = front.get(path, headers=headers)
            assert (reply.status, reply.error["code"]) == (500, "InternalServerError")
            assert "DISKBACKUP" not in reply.text, "strangers read this too"
    assert "DISKBACKUP_ENTRA_TENANT_ID" in caplog.text
    assert "DISKBACKUP_ENTRA_AUDIENCE" in caplog.text
    assert platform.world.faults.calls == []


def test_an_api_that_was_closed_opens_once_its_settings_are_right(platform: Platform) -> None:
    settings = [SettingsInvalid(["x"]), sign_in()]

    def read() -> SignIn:
        found = settings.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    front = Front(platform.world, services=Services(platform.world, read, Tenant().documents))
    assert ask(front, token("Backup.Reader")).status == 500
    assert ask(front, token("Backup.Reader")).status == 200
    assert ask(front, token("Backup.Reader")).status == 200, "the settings are read once"


def test_backups_go_on_while_the_api_is_closed(monkeypatch: pytest.MonkeyPatch, azurite: str) -> None:
    from backup_core.app import Services as AppServices

    monkeypatch.setenv("AzureWebJobsStorage", azurite)
    for name in ("DISKBACKUP_SIGN_IN", "DISKBACKUP_ENTRA_TENANT_ID", "DISKBACKUP_ENTRA_AUDIENCE"):
        monkeypatch.delenv(name, raising=False)
    services = AppServices()
    services.tick()
    with pytest.raises(SettingsInvalid):
        services.sign_in()


# ------------------------------------------------------------------ the issuer's keys


class Stopwatch:
    """Starts anywhere but at zero, as the machine's does."""

    def __init__(self) -> None:
        self.seconds = 5.0

    def __call__(self) -> float:
        return self.seconds


def check_of(tenant: Tenant) -> tuple[TokenCheck, Stopwatch]:
    watch = Stopwatch()
    return TokenCheck(sign_in(), tenant.documents, monotonic=watch), watch


def test_keys_are_read_once_for_a_day() -> None:
    tenant = Tenant()
    check, watch = check_of(tenant)
    for _ in range(5):
        check.claims(token())
    watch.seconds += KEYS_LAST_SECONDS - 1
    check.claims(token())
    assert tenant.asked == [METADATA_URL, KEYS_URL]
    watch.seconds += 1
    check.claims(token())
    assert len(tenant.asked) == 4


def test_a_new_key_is_found_when_a_token_names_it() -> None:
    tenant = Tenant()
    check, watch = check_of(tenant)
    check.claims(token())
    tenant.publish(jwk("key-1"), jwk("key-2"))
    watch.seconds += REFRESH_APART_SECONDS
    check.claims(token(key=private_key("key-2"), headers={"kid": "key-2"}))
    check.claims(token())


def test_a_token_that_comes_again_is_verified_once() -> None:
    check, _ = check_of(Tenant())
    one, other = token("Backup.Reader"), token("Backup.Operator")
    first, second = check.claims(one), check.claims(other)
    assert (first["roles"], second["roles"]) == (["Backup.Reader"], ["Backup.Operator"])
    for _ in range(2):
        assert check.claims(one) is first, "those of the first time"
        assert check.claims(other) is second


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_token_is_refused_each_time_beside_a_known_one(kind: str) -> None:
    check, _ = check_of(Tenant())
    check.claims(token("Backup.Contributor"))
    check.claims(token("Backup.Reader"))
    wrong = WRONG[kind][0]()
    for _ in range(2):
        with pytest.raises(TokenRefused):
            read_caller(check.claims(wrong), "")


def test_a_part_of_a_known_token_in_another_one_is_worth_nothing() -> None:
    check, _ = check_of(Tenant())
    reader, owner = token("Backup.Reader").split("."), token("Backup.Contributor").split(".")
    check.claims(".".join(reader))
    check.claims(".".join(owner))
    for mixed in ([reader[0], owner[1], reader[2]], [owner[0], reader[1], owner[2]], [*owner[:2], ""]):
        with pytest.raises(TokenRefused):
            check.claims(".".join(mixed))


@pytest.mark.parametrize("published", [jwk("key-2"), jwk("key-2", kid="key-1")], ids=["no more", "as another"])
def test_a_known_token_falls_with_its_key(published: dict[str, Any]) -> None:
    tenant = Tenant()
    check, watch = check_of(tenant)
    text = token()
    check.claims(text)
    tenant.publish(published)
    watch.seconds += KEYS_LAST_SECONDS
    for again in (text, token(jti="not known yet")):
        with pytest.raises(TokenRefused):
            check.claims(again)


def test_a_known_token_is_verified_again_by_a_key_that_was_read_again() -> None:
    check, watch = check_of(Tenant())
    text = token()
    known = check.claims(text)
    watch.seconds += KEYS_LAST_SECONDS
    assert check.claims(text) is not known
    assert check.claims(text) == known


def test_a_token_is_known_until_it_expires_and_not_for_the_skew() -> None:
    wall = Stopwatch()
    check = TokenCheck(sign_in(), Tenant().documents, now=wall)
    text = token()
    wall.seconds = check.claims(text)["exp"] - 1
    known = check.claims(text)
    assert check.claims(text) is known
    wall.seconds += 1
    assert check.claims(text) is not known
    assert check.claims(text) is not check.claims(text)


def test_an_expired_token_is_good_for_the_skew_by_verification_alone() -> None:
    check, _ = check_of(Tenant())
    text = token(exp=timedelta(seconds=-20))
    assert check.claims(text) is not check.claims(text)


def test_a_process_knows_so_many_tokens_and_forgets_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "KNOWN_TOKENS", 2)
    check, _ = check_of(Tenant())
    texts = [token(jti=str(number)) for number in range(3)]
    known = [check.claims(text) for text in texts]
    assert [check.claims(text) is claimed for text, claimed in zip(texts[::-1], known[::-1], strict=True)] == [
        True,
        True,
        False,
    ]


def test_tokens_with_random_key_ids_do_not_make_us_hammer_the_issuer() -> None:
    tenant = Tenant()
    check, watch = check_of(tenant)
    for number in range(300):  # a hundred seconds
        with pytest.raises(TokenRefused):
            check.claims(token(headers={"kid": f"random-{number}"}))
        watch.seconds += 1 / 3
    assert tenant.asked.count(METADATA_URL) == 4
    check.claims(token())


def test_a_refresh_that_fails_keeps_the_old_keys(caplog: pytest.LogCaptureFixture) -> None:
    tenant = Tenant()
    check, watch = check_of(tenant)
    check.claims(token())
    tenant.failing = True
    for _ in range(3):
        watch.seconds += KEYS_LAST_SECONDS
        check.claims(token())
        with pytest.raises(TokenRefused):
            check.claims(token(headers={"kid": "other"}))
    assert "sign_in.keys_unread" in caplog.text


def test_without_any_key_nobody_is_judged_and_the_issuer_is_not_hammered() -> None:
    tenant = Tenant(failing=True)
    check, watch = check_of(tenant)
    for _ in range(20):
        with pytest.raises(KeysUnavailable):
            check.claims(token())
        watch.seconds += 0.5
    assert len(tenant.asked) == 2
    tenant.failing = False
    watch.seconds += 5
    check.claims(token())


def test_without_any_key_the_answer_is_503(platform: Platform) -> None:
    front = guarded(platform.world, Tenant(failing=True))
    reply = ask(front, token("Backup.Reader"))
    assert (reply.status, reply.headers["Retry-After"]) == (503, "5")
    assert platform.world.audit.records == [], "nobody was found to be a stranger"


@pytest.mark.parametrize(
    "published",
    [
        {METADATA_URL: {"issuer": ISSUER, "jwks_uri": "https://evil.example/keys"}},
        {METADATA_URL: {"issuer": ISSUER, "jwks_uri": KEYS_URL.replace("https:", "http:")}},
        {METADATA_URL: {"issuer": ISSUER, "jwks_uri": KEYS_URL.replace(".example", ".example.evil")}},
        {METADATA_URL: {"issuer": ISSUER, "jwks_uri": KEYS_URL.replace("login.", "login.example@evil.")}},
        {METADATA_URL: {"issuer": ISSUER}},
        {METADATA_URL: {"issuer": ISSUER.replace(ID, OTHER_ID), "jwks_uri": KEYS_URL}},
        {METADATA_URL: {"issuer": f"{AUTHORITY}/{{tenantid}}/v2.0", "jwks_uri": KEYS_URL}},
        {METADATA_URL: {}},
        {KEYS_URL: {"keys": []}},
        {KEYS_URL: {"keys": [jwk("key-1", use="enc")]}},
        {KEYS_URL: {"keys": [{"kty": "oct", "kid": "key-1", "k": "c2VjcmV0"}]}},
        {KEYS_URL: {"keys": [{"kty": "RSA", "kid": "key-1", "n": "!", "e": "AQAB"}]}},
        {KEYS_URL: {"keys": [jwk("small", bits=1024, kid="key-1")]}},
        {KEYS_URL: {"keys": "none"}},
        {KEYS_URL: {}},
    ],
)
def test_what_is_published_is_not_believed_blindly(published: dict[str, Any]) -> None:
    tenant = Tenant()
    tenant.published |= published
    check, _ = check_of(tenant)
    with pytest.raises(KeysUnavailable):
        check.claims(token())
    assert not any("evil" in url for url in tenant.asked)


def test_a_key_that_cannot_be_read_does_not_take_the_others_with_it() -> None:
    tenant = Tenant()
    tenant.publish({"kty": "RSA", "kid": "odd", "n": "!", "e": "AQAB"}, {"kty": "EC", "kid": "ec"}, jwk("key-1"))
    check_of(tenant)[0].claims(token())


def test_threads_that_ask_at_once_make_one_question() -> None:
    from concurrent.futures import ThreadPoolExecutor

    tenant = Tenant()
    check, _ = check_of(tenant)
    text = token()
    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(check.claims, [text] * 32))) == 32
    assert tenant.asked == [METADATA_URL, KEYS_URL]


# ------------------------------------------------------------------ who the caller is, as the audit log has it


@pytest.mark.parametrize(
    ("changes", "kind", "name"),
    [
        ({}, "user", "ada@example.com"),
        ({"preferred_username": DROPPED, "upn": "ada@old.example"}, "user", "ada@old.example"),
        ({"preferred_username": "a\r\nb\x00c" + "x" * 500}, "user", "abc" + "x" * 125),
        ({"preferred_username": DROPPED, "idtyp": "app", "appid": "app-1"}, "servicePrincipal", "app-1"),
        ({"preferred_username": ["a"]}, "user", ""),
    ],
)
def test_callers_are_named_for_the_record(front: Front, platform: Platform, changes: Any, kind: str, name: str) -> None:
    ask(front, token(**changes))
    record = platform.world.audit.records[-1]
    assert (record.caller_kind, record.caller_name, record.caller_id) == (kind, name, PERSON)


@pytest.mark.parametrize(
    ("header", "ip"),
    [
        ("203.0.113.7:51234", "203.0.113.7"),
        ("6.6.6.6, 203.0.113.7:51234", "203.0.113.7"),
        ("203.0.113.7", "203.0.113.7"),
        ("[2001:db8::1]:51234", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("evil\n", ""),
        ("", ""),
    ],
)
def test_the_address_is_the_last_one_that_the_platform_added(
    front: Front, platform: Platform, header: str, ip: str
) -> None:
    front.get(VAULT_PATH, headers={**bearer(), "X-Forwarded-For": header})
    assert platform.world.audit.records[-1].ip == ip


def test_tokens_and_keys_get_into_no_log_and_no_record(
    front: Front, platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    good, bad = token("Backup.Contributor", groups=[GROUP]), tampered_signature()
    for text in (good, bad):
        headers = {"Authorization": f"Bearer {text}"}
        query = {"api-version": "2026-06-01", "code": "the-function-key"}
        front.send("PUT", f"{VAULT_PATH}2", vault_body(), query=query, headers=headers)
    assert len(platform.world.audit.records) == 3
    everything = caplog.text + repr(platform.world.audit.records)
    for secret in (*good.split("."), *bad.split("."), "the-function-key"):
        assert secret not in everything
    assert "Team" not in repr(platform.world.audit.records), "nothing of the body"


def test_the_log_line_of_a_request_tells_who_asked(front: Front, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="diskbackup.api"):
        reply = ask(front, token("Backup.Reader"))
    assert f"caller={PERSON}" in caplog.text
    assert f"request={reply.headers['x-ms-request-id']}" in caplog.text

"""Who there is in the local tenant, the keys that sign for it, and its access tokens: good ones and each kind of bad.

The tokens have the claims of Entra's own: for an application that signs in as itself (versions 1.0 and 2.0), and for a
person at the Backup Center. Leaves to others: giving them out (managed_identity.py to whoever holds a secret, issuer.py
to tests, browsers.py to pages).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

TENANT = "00000000-0000-4000-8000-0000000000ff"
OTHER_TENANT = "00000000-0000-4000-8000-0000000000ee"
API = "api://disk-backup"
CENTER = "77777777-aaaa-4aaa-8aaa-777777777777"  # the client id of the API's own registration, which its page uses too
LIFETIME_SECONDS = 24 * 3600
SECRETS = "IDENTITY_SECRETS"  # environment: a JSON object, the secret of each principal by its name
Claims = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who a token is for: role assignments name `object_id`, applications `client_id`; `roles` are those of the API."""

    name: str
    object_id: str
    client_id: str
    roles: tuple[str, ...] = ()


APP = Principal(
    name="app",
    object_id="11111111-1111-4111-8111-111111111111",
    client_id="11111111-aaaa-4aaa-8aaa-111111111111",
)
CONTRIBUTOR = Principal(
    name="contributor",
    object_id="22222222-2222-4222-8222-222222222222",
    client_id="22222222-aaaa-4aaa-8aaa-222222222222",
    roles=("Backup.Contributor",),
)
# The second person, who unlocks what a resource guard guards.
SECURITY = Principal(
    name="security",
    object_id="77777777-7777-4777-8777-777777777777",
    client_id="77777777-aaaa-4aaa-8aaa-777777777777",
    roles=("Backup.Contributor",),
)
OPERATOR = Principal(
    name="operator",
    object_id="55555555-5555-4555-8555-555555555555",
    client_id="55555555-aaaa-4aaa-8aaa-555555555555",
    roles=("Backup.Operator",),
)
READER = Principal(
    name="reader",
    object_id="44444444-4444-4444-8444-444444444444",
    client_id="44444444-aaaa-4aaa-8aaa-444444444444",
    roles=("Backup.Reader",),
)
STRANGER = Principal(
    name="stranger",
    object_id="33333333-3333-4333-8333-333333333333",
    client_id="33333333-aaaa-4aaa-8aaa-333333333333",
)
# A user-assigned identity that the app has beside its own, for vaults that name it. It holds no role to begin with.
TEAM = Principal(
    name="team",
    object_id="66666666-6666-4666-8666-666666666666",
    client_id="66666666-aaaa-4aaa-8aaa-666666666666",
)
PRINCIPALS = (APP, CONTRIBUTOR, SECURITY, OPERATOR, READER, STRANGER, TEAM)
ATTACHED = {APP.name: (TEAM,)}  # to whose machine further identities are attached


def principal_named(name: str) -> Principal | None:
    """By name, object id or client id."""
    wanted = name.lower()
    return next((p for p in PRINCIPALS if wanted in (p.name, p.object_id, p.client_id)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One RSA key with the name (`kid`) that tokens give it."""

    kid: str
    private: rsa.RSAPrivateKey

    @classmethod
    def new(cls) -> Key:
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return cls(kid=_kid(private), private=private)

    def as_jwk(self) -> dict[str, Any]:
        """The public half, as a JSON Web Key Set lists it."""
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.private.public_key()))
        return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "n": public["n"], "e": public["e"]}


class KeyFiles:
    """The tenant's keys in a directory that several processes share: the newest signs, all are published."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def add(self) -> Key:
        """Make a key; from now on it signs."""
        key = Key.new()
        self._directory.mkdir(parents=True, exist_ok=True)
        path = self._directory / f"{len(self._paths()) + 1:04d}.pem"
        path.touch(mode=0o600)
        path.write_bytes(key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return key

    def all(self) -> list[Key]:
        """Oldest first."""
        return [_read_key(path) for path in self._paths()]

    def newest(self) -> Key:
        return _read_key(self._paths()[-1])

    def ensure(self) -> None:
        """Make the first key if there is none."""
        if not self._paths():
            self.add()

    def _paths(self) -> list[Path]:
        return sorted(self._directory.glob("*.pem"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """The tenant as its tokens know it: `authority` is the issuer's address, without a slash at its end."""

    authority: str
    keys: KeyFiles

    def issuer(self, version: str) -> str:
        """Who a token says made it: of version 1.0 it is Entra's old name, whatever the authority [documented]."""
        return f"{self.authority}/{TENANT}/v2.0" if version == "2.0" else f"https://sts.windows.net/{TENANT}/"

    def token(self, principal: Principal, audience: str, *, now: int, version: str = "2.0") -> str:
        """A signed token for `audience`, valid for LIFETIME_SECONDS from `now` (Unix time)."""
        return _signed(self.claims(principal, audience, now=now, version=version), self.keys.newest())

    def user_token(self, person: Principal, audience: str, *, now: int, lifetime: int) -> str:
        """An access token for `person` at the page of the API, which `audience` names, valid for `lifetime` seconds."""
        claims = {"azp": audience, "azpacr": "0", "scp": "user_impersonation"}
        return _signed({**self._person(person, audience, now, lifetime), **claims}, self.keys.newest())

    def id_token(self, person: Principal, client: str, nonce: str, *, now: int, lifetime: int) -> str:
        """What the page learns of `person`: no access token, and made for the sign-in that sent `nonce`."""
        claims = {"nonce": nonce} if nonce else {}
        return _signed({**self._person(person, client, now, lifetime), **claims}, self.keys.newest())

    def _person(self, person: Principal, audience: str, now: int, lifetime: int) -> Claims:
        subject = hashlib.sha256(f"{person.object_id} {audience}".encode()).digest()  # another one for each client
        return {
            "aud": audience,
            "iss": self.issuer("2.0"),
            "iat": now,
            "nbf": now,
            "exp": now + lifetime,
            "name": person.name.capitalize(),
            "oid": person.object_id,
            "preferred_username": f"{person.name}@local.example",
            "roles": list(person.roles),
            "sub": _base64(subject),
            "tid": TENANT,
            "uti": uuid.uuid4().hex,
            "ver": "2.0",
        }

    def bad_token(self, fault: str, principal: Principal, audience: str, *, now: int) -> str:
        """A token that must not be believed, for the reason that `fault` (one of FAULTS) names."""
        return FAULTS[fault](self, self.claims(principal, audience, now=now, version="2.0"))

    def claims(self, principal: Principal, audience: str, *, now: int, version: str) -> Claims:
        client = {"azp": principal.client_id, "azpacr": "1"}
        if version == "1.0":
            client = {"appid": principal.client_id, "appidacr": "1", "idp": self.issuer("1.0")}
        return {
            "aud": audience,
            "iss": self.issuer(version),
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME_SECONDS,
            **client,
            "idtyp": "app",
            "oid": principal.object_id,
            **({"roles": list(principal.roles)} if principal.roles else {}),
            "sub": principal.object_id,
            "tid": TENANT,
            "uti": uuid.uuid4().hex,
            "ver": version,
        }


# ---------------------------------------------------------------- tokens that must not be believed


def _shifted(seconds: int) -> Callable[[Tenant, Claims], str]:
    def make(tenant: Tenant, claims: Claims) -> str:
        times = {name: claims[name] + seconds for name in ("iat", "nbf", "exp")}
        return _signed({**claims, **times}, tenant.keys.newest())

    return make


def _without(name: str) -> Callable[[Tenant, Claims], str]:
    def make(tenant: Tenant, claims: Claims) -> str:
        return _signed({key: value for key, value in claims.items() if key != name}, tenant.keys.newest())

    return make


def _other_audience(tenant: Tenant, claims: Claims) -> str:
    return _signed({**claims, "aud": "api://another-app"}, tenant.keys.newest())


def _other_issuer(tenant: Tenant, claims: Claims) -> str:
    other = {"iss": f"{tenant.authority}/{OTHER_TENANT}/v2.0", "tid": OTHER_TENANT}
    return _signed({**claims, **other}, tenant.keys.newest())


def _other_key(tenant: Tenant, claims: Claims) -> str:
    """It says that it is signed with the tenant's key and is not."""
    return _signed(claims, Key(kid=tenant.keys.newest().kid, private=_strange_key().private))


def _unknown_key(_: Tenant, claims: Claims) -> str:
    return _signed(claims, _strange_key())


def _key_brought_along(tenant: Tenant, claims: Claims) -> str:
    """It brings its own key, and names an address where to fetch it: the one and the other prove nothing."""
    key = _strange_key()
    return _signed(claims, key, jwk=key.as_jwk(), jku=f"{tenant.authority}/_issuer/strange-keys")


def _unsigned(_: Tenant, claims: Claims) -> str:
    return f"{_encoded({'alg': 'none', 'typ': 'JWT'})}.{_encoded(claims)}."


def _signature_cut_off(tenant: Tenant, claims: Claims) -> str:
    return _signed(claims, tenant.keys.newest()).rpartition(".")[0] + "."


def _public_key_as_secret(tenant: Tenant, claims: Claims) -> str:
    """HMAC with the published key as its secret: believed by whoever lets the token choose the algorithm."""
    key = tenant.keys.newest()
    secret = key.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    text = f"{_encoded({'alg': 'HS256', 'typ': 'JWT', 'kid': key.kid})}.{_encoded(claims)}"
    return f"{text}.{_base64(hmac.digest(secret, text.encode(), 'sha256'))}"


def _tampered(tenant: Tenant, claims: Claims) -> str:
    """Signed by the tenant, then raised to a contributor's."""
    head, _, signature = _signed(claims, tenant.keys.newest()).split(".")
    raised = {**claims, "roles": list(CONTRIBUTOR.roles), "uti": uuid.uuid4().hex}
    return f"{head}.{_encoded(raised)}.{signature}"


FAULTS: Mapping[str, Callable[[Tenant, Claims], str]] = {
    "expired": _shifted(-LIFETIME_SECONDS - 3600),
    "not_yet_valid": _shifted(3600),
    "no_expiry": _without("exp"),
    "no_audience": _without("aud"),
    "no_issuer": _without("iss"),
    "no_object_id": _without("oid"),
    "other_audience": _other_audience,
    "other_issuer": _other_issuer,
    "other_key": _other_key,
    "unknown_key": _unknown_key,
    "key_brought_along": _key_brought_along,
    "unsigned": _unsigned,
    "signature_cut_off": _signature_cut_off,
    "public_key_as_secret": _public_key_as_secret,
    "tampered": _tampered,
}


def strange_keys() -> dict[str, Any]:
    """What `key_brought_along` points at: a key set that nobody may ask for."""
    return {"keys": [_strange_key().as_jwk()]}


@cache
def _strange_key() -> Key:
    """A key that the tenant never published."""
    return Key.new()


@cache
def _read_key(path: Path) -> Key:
    private = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(private, rsa.RSAPrivateKey):
        raise TypeError(f"{path} holds no RSA key")
    return Key(kid=_kid(private), private=private)


def _kid(private: rsa.RSAPrivateKey) -> str:
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return _base64(hashlib.sha256(public).digest()[:20])


def _signed(claims: Claims, key: Key, **more_headers: Any) -> str:
    return jwt.encode(claims, key.private, algorithm="RS256", headers={"kid": key.kid, **more_headers})


def _encoded(content: Mapping[str, object]) -> str:
    return _base64(json.dumps(content).encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

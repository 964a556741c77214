"""Who there is in the local tenant, the keys that sign for it, and its access tokens.

The tokens have the claims of Entra's own: for an application that signs in as itself, and for a
person at the Backup Center. Leaves to others: giving them out (managed_identity.py to whoever holds a secret, issuer.py
to tests, browsers.py to pages).
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
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

    @property
    def issuer(self) -> str:
        """Who a token says made it."""
        return f"{self.authority}/{TENANT}/v2.0"

    def token(self, principal: Principal, audience: str, *, now: int) -> str:
        """A signed token for `audience`, valid for LIFETIME_SECONDS from `now` (Unix time)."""
        return _signed(self.claims(principal, audience, now=now), self.keys.newest())

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
            "iss": self.issuer,
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

    def claims(self, principal: Principal, audience: str, *, now: int) -> Claims:
        return {
            "aud": audience,
            "iss": self.issuer,
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME_SECONDS,
            "azp": principal.client_id,
            "azpacr": "1",
            "idtyp": "app",
            "oid": principal.object_id,
            **({"roles": list(principal.roles)} if principal.roles else {}),
            "sub": principal.object_id,
            "tid": TENANT,
            "uti": uuid.uuid4().hex,
            "ver": "2.0",
        }


@cache
def _read_key(path: Path) -> Key:
    private = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(private, rsa.RSAPrivateKey):
        raise TypeError(f"{path} holds no RSA key")
    return Key(kid=_kid(private), private=private)


def _kid(private: rsa.RSAPrivateKey) -> str:
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return _base64(hashlib.sha256(public).digest()[:20])


def _signed(claims: Claims, key: Key) -> str:
    return jwt.encode(claims, key.private, algorithm="RS256", headers={"kid": key.kid})


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

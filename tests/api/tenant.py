"""A tenant that signs tokens, in memory: what its sign-in service publishes, good tokens, and means for bad ones."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from backup_core.settings import AccessScope, SignIn, SignInMode
from tests.api.front import Front, Services
from tests.fakes import World

ID = "7a1f0c1e-0000-4000-8000-00000000000a"
OTHER_ID = "7a1f0c1e-0000-4000-8000-00000000000b"
AUTHORITY = "https://login.example"
AUDIENCE = "api://disk-backup"
PERSON = "aaaaaaaa-0000-4000-8000-000000000001"
SOMEBODY_ELSE = "cccccccc-0000-4000-8000-000000000009"
GROUP = "bbbbbbbb-0000-4000-8000-000000000001"
ISSUER = f"{AUTHORITY}/{ID}/v2.0"
METADATA_URL = f"{ISSUER}/.well-known/openid-configuration"
KEYS_URL = f"{AUTHORITY}/{ID}/discovery/v2.0/keys"
READER, OPERATOR, CONTRIBUTOR = "Backup.Reader", "Backup.Operator", "Backup.Contributor"
DROPPED = object()  # as a claim's value: the claim is left out


def private_key(name: str, bits: int = 2048) -> RSAPrivateKey:
    """Always the same for a name."""
    return _made(name, bits)


@cache
def _made(_: str, bits: int) -> RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def jwk(name: str, bits: int = 2048, **changes: Any) -> dict[str, Any]:
    """The public half of the key `name`, as it is published."""
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private_key(name, bits).public_key()))
    return {"kty": "RSA", "use": "sig", "kid": name, "n": public["n"], "e": public["e"]} | changes


@dataclass(slots=True)
class Tenant:
    """`published` is by URL; `failing` makes every question fail; `asked` are the URLs that were read."""

    published: dict[str, Any] = field(
        default_factory=lambda: {
            METADATA_URL: {"issuer": ISSUER, "jwks_uri": KEYS_URL},
            KEYS_URL: {"keys": [jwk("key-1")]},
        }
    )
    failing: bool = False
    asked: list[str] = field(default_factory=list)

    def documents(self, url: str) -> Mapping[str, Any]:
        self.asked.append(url)
        if self.failing:
            raise OSError("no answer")
        return dict(self.published[url])

    def publish(self, *keys: dict[str, Any]) -> None:
        self.published[KEYS_URL] = {"keys": list(keys)}


def claims(*roles: str, **changes: Any) -> dict[str, Any]:
    """Of a user who signed in through a client of ours. A length of time among `changes` is one from now."""
    now = int(time.time())
    made = {
        "aud": AUDIENCE,
        "iss": ISSUER,
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
        "oid": PERSON,
        "preferred_username": "ada@example.com",
        "roles": list(roles),
        "scp": "user_impersonation",
        "sub": "pairwise-of-ada",
        "tid": ID,
        "ver": "2.0",
    }
    chosen = {name: value for name, value in (made | changes).items() if value is not DROPPED}
    return {
        name: now + int(value.total_seconds()) if isinstance(value, timedelta) else value
        for name, value in chosen.items()
    }


def token(
    *roles: str, key: Any = None, algorithm: str = "RS256", headers: Mapping[str, Any] | None = None, **changes: Any
) -> str:
    """A good token unless told otherwise."""
    made = {"kid": "key-1", **(headers or {})}
    return jwt.encode(claims(*roles, **changes), key or private_key("key-1"), algorithm=algorithm, headers=made)


def bearer(*roles: str, **changes: Any) -> dict[str, str]:
    """One token serves for minutes, as it does for a client: a signature takes longer than most requests."""
    asked = (roles, repr(sorted(changes.items())))
    if (kept := _tokens.get(asked)) is None or kept[0] < time.monotonic():
        _tokens[asked] = kept = (time.monotonic() + 600, token(*roles, **changes))
    return {"Authorization": f"Bearer {kept[1]}"}


_tokens: dict[tuple[tuple[str, ...], str], tuple[float, str]] = {}  # with when another one is made


def sign_in(scopes: Mapping[str, Sequence[str]] | None = None) -> SignIn:
    listed = tuple(AccessScope(path=path.lower(), object_ids=frozenset(ids)) for path, ids in (scopes or {}).items())
    return SignIn(mode=SignInMode.ENTRA, tenant_id=ID, audiences=(AUDIENCE,), authority=AUTHORITY, scopes=listed)


def guarded(world: World, tenant: Tenant | None = None, scopes: Mapping[str, Sequence[str]] | None = None) -> Front:
    """The API behind sign-in by tokens, and the workflows behind it, which know of the same scopes."""
    documents = (tenant or Tenant()).documents
    world.scopes = sign_in(scopes).scopes
    return Front(world, services=Services(world, lambda: sign_in(scopes), documents))

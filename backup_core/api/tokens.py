"""Bearer tokens: who issued one, for whom, and whether it may still be used. The app checks them itself.

Trust starts at the configured authority alone: its OpenID metadata name the issuer and the place of the keys, and what
a token says about keys (jku, x5u, jwk) is not even read. Entra signs with RS256 only (its metadata list no other), so
that no other algorithm is accepted; more would only be more ways in.

Leaves to others: what the claims are good for (sign_in.py, access.py), and how a document is fetched (adapters).
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard
from urllib.parse import urlsplit

import jwt

from backup_core.settings import SignIn

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

log = logging.getLogger("diskbackup.sign_in")

ALGORITHMS = ("RS256",)
SKEW_SECONDS = 60
KEYS_LAST_SECONDS = 24 * 3600.0
# A token with an unknown key id makes us ask the issuer. Anyone can send one, so that this is asked seldom; Entra
# publishes a new key long before it signs with it (documented).
REFRESH_APART_SECONDS = 30.0
RETRY_WITHOUT_KEYS_SECONDS = 5.0  # nobody can sign in meanwhile
KNOWN_TOKENS = 1_000  # that a process remembers to have verified: a few MB
_LEAST_KEY_BITS = 2048
_V1_ISSUER = "https://sts.windows.net/{tenant}/"  # documented; the metadata name the issuer of v2 tokens only

ReadDocument = Callable[[str], Mapping[str, Any]]


class TokenRefused(Exception):
    """`code` and `message` in ARM's words (remembered). The message never repeats anything of the token."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class KeysUnavailable(Exception):
    """No key of the issuer could be had so far: no token can be judged."""


@dataclass(frozen=True, slots=True)
class _Published:
    """What the issuer published when it was last asked."""

    issuer: str
    keys: Mapping[str, RSAPublicKey]
    read_at: float


@dataclass(frozen=True, slots=True)
class _Known:
    """A token that was verified: with which key, as its issuer published it then, and until when it says to be good."""

    key_id: str
    key: RSAPublicKey
    issuer: str
    claims: Mapping[str, Any]
    until: float


class TokenCheck:
    """Checks tokens against the keys of one issuer. Thread-safe.

    A client sends one token with each request for an hour: its signature is verified once for the key that is published
    under its id, and again once that is another object, as it is whenever keys were read. It is known by a hash of all
    its letters, so that a token of which anything was changed is another; and only until it expires, without the skew:
    from then on it is verified each time, and refused when its time is over. Of the keys it is asked each time whether
    its own is still published.
    """

    def __init__(
        self,
        sign_in: SignIn,
        read_document: ReadDocument,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._sign_in = sign_in
        self._keys = IssuerKeys(sign_in, read_document, monotonic=monotonic)
        self._now = now
        self._lock = threading.Lock()
        self._known: dict[bytes, _Known] = {}  # what was verified longest ago first
        # A resource is asked for with or without a slash at its end, and the token repeats it (v1 tokens, reported).
        self._audiences = [each.rstrip("/") + end for each in sign_in.audiences for end in ("", "/")]

    def claims(self, token: str) -> Mapping[str, Any]:
        """The claims of a token that is genuine, ours, and in its time. Raises TokenRefused, KeysUnavailable."""
        name = hashlib.sha256(token.encode(errors="replace")).digest()
        known = self._known.get(name)
        if known is not None and self._is_still_good(known):
            return known.claims
        key_id, published = self._published_for(token)
        key, issuer = published.keys[key_id], published.issuer
        claims = self._verified(token, key, (issuer, _V1_ISSUER.format(tenant=self._sign_in.tenant_id)))
        if str(claims.get("tid", self._sign_in.tenant_id)).lower() != self._sign_in.tenant_id:
            raise _wrong_tenant()
        self._remember(name, _Known(key_id, key, issuer, claims, float(claims["exp"])))
        return claims

    def _is_still_good(self, known: _Known) -> bool:
        if self._now() >= known.until:
            return False
        published = self._keys.published(known.key_id)
        return published.keys.get(known.key_id) is known.key and published.issuer == known.issuer

    def _remember(self, name: bytes, known: _Known) -> None:
        with self._lock:
            self._known.pop(name, None)
            if len(self._known) >= KNOWN_TOKENS:
                del self._known[next(iter(self._known))]
            self._known[name] = known

    def _published_for(self, token: str) -> tuple[str, _Published]:
        """The id of the token's key, and what its issuer publishes, that key among it."""
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.InvalidTokenError, RecursionError) as error:
            raise _invalid("it is not a JSON Web Token") from error
        if header.get("alg") not in ALGORITHMS:
            raise _invalid("its algorithm is not accepted")
        key_id = header.get("kid")
        if not isinstance(key_id, str) or not key_id:
            raise _invalid("it names no key")
        published = self._keys.published(key_id)
        if key_id not in published.keys:
            raise _invalid("it is signed with a key that its issuer does not publish")
        return key_id, published

    def _verified(self, token: str, key: RSAPublicKey, issuers: tuple[str, str]) -> Mapping[str, Any]:
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=list(ALGORITHMS),
                audience=self._audiences,
                issuer=issuers,
                leeway=SKEW_SECONDS,
                options={"require": ["exp", "iss", "aud"]},
            )
        except jwt.ExpiredSignatureError as error:
            raise TokenRefused("ExpiredAuthenticationToken", "The access token expired.") from error
        except jwt.ImmatureSignatureError as error:
            raise _invalid("it is not valid yet") from error
        except jwt.InvalidAudienceError as error:
            message = "The access token has been obtained for wrong audience or resource."
            raise TokenRefused("InvalidAuthenticationTokenAudience", message) from error
        except jwt.InvalidIssuerError as error:
            raise _wrong_tenant() from error
        except (jwt.PyJWTError, RecursionError) as error:
            raise _invalid("its signature or one of its claims is wrong") from error
        return claims


class IssuerKeys:
    """The issuer's keys by their ids: kept for a day, asked for again when a token names another one."""

    def __init__(
        self, sign_in: SignIn, read_document: ReadDocument, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._sign_in = sign_in
        self._read_document = read_document
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._published: _Published | None = None
        self._asked_at: float | None = None

    def published(self, key_id: str) -> _Published:
        """The newest that is known, asked for anew if it is old or lacks `key_id`. Raises KeysUnavailable."""
        published = self._published
        if self._answers(published, key_id):
            return published
        has_key = published is not None and key_id in published.keys
        if self._lock.acquire(blocking=not has_key):  # who has an old key does not wait for another's question
            try:
                published = self._published if self._answers(self._published, key_id) else self._asked_again()
            finally:
                self._lock.release()
        if published is None:
            raise KeysUnavailable("the issuer's keys could not be read")
        return published

    def _answers(self, published: _Published | None, key_id: str) -> TypeGuard[_Published]:
        if published is None or key_id not in published.keys:
            return False
        return self._monotonic() - published.read_at < KEYS_LAST_SECONDS

    def _asked_again(self) -> _Published | None:
        """What the issuer publishes now; what it published before when it does not answer, or was asked just now."""
        before = self._published
        apart = RETRY_WITHOUT_KEYS_SECONDS if before is None else REFRESH_APART_SECONDS
        now = self._monotonic()
        if self._asked_at is not None and now - self._asked_at < apart:
            return before
        self._asked_at = now
        try:
            self._published = self._ask(now)
        except Exception:  # whatever it is, the keys that are known go on being good
            log.exception("sign_in.keys_unread authority=%s kept=%s", self._sign_in.authority, before is not None)
        return self._published

    def _ask(self, now: float) -> _Published:
        base = f"{self._sign_in.authority}/{self._sign_in.tenant_id}/v2.0"
        metadata = self._read_document(f"{base}/.well-known/openid-configuration")
        issuer, keys_url = str(metadata.get("issuer", "")), str(metadata.get("jwks_uri", ""))
        if self._sign_in.tenant_id not in urlsplit(issuer).path.lower().split("/"):
            raise ValueError(f"the metadata are of issuer {issuer!r}, not of tenant {self._sign_in.tenant_id}")
        if urlsplit(keys_url)[:2] != ("https", urlsplit(self._sign_in.authority).netloc):
            raise ValueError(f"the metadata send for keys to {keys_url!r}, which is not at the authority")
        keys = _read_keys(self._read_document(keys_url))
        if not keys:
            raise ValueError(f"{keys_url} publishes no key that can be used")
        log.info("sign_in.keys_read issuer=%s keys=%d", issuer, len(keys))
        return _Published(issuer, keys, now)


def _read_keys(document: Mapping[str, Any]) -> dict[str, RSAPublicKey]:
    """The RSA keys for signatures; others, and those that cannot be read, are passed over."""
    keys: dict[str, RSAPublicKey] = {}
    for raw in document.get("keys", []):
        if raw.get("kty") != "RSA" or raw.get("use", "sig") != "sig" or not isinstance(raw.get("kid"), str):
            continue
        try:
            key = jwt.PyJWK(raw, algorithm=ALGORITHMS[0]).key
        except jwt.PyJWTError as error:
            log.warning("sign_in.key_unreadable kid=%s reason=%s", raw["kid"], error)
            continue
        if key.key_size >= _LEAST_KEY_BITS:
            keys[raw["kid"]] = key
    return keys


def _invalid(reason: str) -> TokenRefused:
    return TokenRefused("InvalidAuthenticationToken", f"The access token is invalid: {reason}.")


def _wrong_tenant() -> TokenRefused:
    return TokenRefused("InvalidAuthenticationTokenTenant", "The access token is from the wrong issuer or tenant.")

"""Sign-in: from a request to its caller, or to ARM's 401.

In mode `entra` the Authorization header alone counts. Headers by which a platform in front may tell who is signed in
(X-MS-CLIENT-PRINCIPAL and its kin) are never read: anyone can send them to an app whose platform does not set them.
In mode `function_key` the host has checked its key before the app sees the request, and whoever has one may do all.

Leaves to others: whether a token is genuine (tokens.py), and what a caller may do (access.py).
"""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import azure.functions as func

from backup_core.api.access import Caller, read_roles
from backup_core.api.errors import Refused
from backup_core.settings import SignIn, SignInMode

if TYPE_CHECKING:
    from backup_core.api.tokens import ReadDocument, TokenCheck

log = logging.getLogger("diskbackup.sign_in")

_BEARER = re.compile(r"Bearer +([\w\-]+\.[\w\-]+\.[\w\-]*)", re.IGNORECASE | re.ASCII)
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NAMES = ("preferred_username", "upn", "unique_name", "email", "appid", "azp")
_MAX_NAME = 128
RETRY_AFTER_NO_KEYS = 5


class Gate(Protocol):
    def caller(self, request: func.HttpRequest) -> Caller:
        """Who asks. Raises Refused: 401 for a stranger, 503 when nobody can be told from a stranger now."""
        ...


def open_gate(sign_in: SignIn, read_document: ReadDocument) -> Gate:
    """The gate of this process. `read_document` fetches a JSON object by its URL."""
    if sign_in.mode is SignInMode.FUNCTION_KEY:
        return _KeyGate()
    from backup_core.api.tokens import TokenCheck

    return _TokenGate(sign_in, TokenCheck(sign_in, read_document))


class _KeyGate:
    def caller(self, request: func.HttpRequest) -> Caller:
        return Caller(name="function key", kind="functionKey", has_full_access=True, ip=client_ip(request))


class _TokenGate:
    def __init__(self, sign_in: SignIn, check: TokenCheck) -> None:
        self._sign_in = sign_in
        self._check = check

    def caller(self, request: func.HttpRequest) -> Caller:
        from backup_core.api.tokens import KeysUnavailable, TokenRefused

        token = self._token(request.headers.get("Authorization"))
        try:
            return read_caller(self._check.claims(token), client_ip(request))
        except TokenRefused as error:
            log.info("sign_in.refused code=%s reason=%s", error.code, error.message)
            raise self._unauthenticated(error.code, error.message) from error
        except KeysUnavailable as error:
            raise Refused(
                503,
                "AuthenticationServiceUnavailable",
                "Nobody can sign in now: the keys of the token's issuer could not be read. The app's log says why.",
                headers={"Retry-After": str(RETRY_AFTER_NO_KEYS)},
            ) from error

    def _token(self, header: str | None) -> str:
        """One token under one scheme; a header that was sent twice arrives joined by a comma, and is none."""
        if not header:
            message = "Authentication failed. The 'Authorization' header is missing."
            raise self._unauthenticated("AuthenticationFailed", message)
        match = _BEARER.fullmatch(header.strip())
        if match is None:
            message = "Authentication failed. The 'Authorization' header is provided in an invalid format."
            raise self._unauthenticated("AuthenticationFailedInvalidHeader", message)
        return match[1]

    def _unauthenticated(self, code: str, message: str) -> Refused:
        """ARM's 401 (remembered): the challenge tells a client where to sign in."""
        where = f"{self._sign_in.authority}/{self._sign_in.tenant_id}"
        challenge = f'Bearer authorization_uri="{where}", error="invalid_token", error_description="{message}"'
        return Refused(401, code, message, headers={"WWW-Authenticate": challenge})


def read_caller(claims: Mapping[str, Any], ip: str) -> Caller:
    """The caller that verified claims tell of. Raises TokenRefused.

    An ID token is signed by the same issuer and may name the same audience, but it was made for the client to read, not
    for us: an access token has scopes (scp) if it is a user's, and is its own subject if it is an app's (documented).
    """
    from backup_core.api.tokens import TokenRefused

    object_id = claims.get("oid")
    if not isinstance(object_id, str) or not _GUID.fullmatch(object_id):
        raise TokenRefused("InvalidAuthenticationToken", "The access token is missing the 'oid' claim.")
    is_app = claims.get("idtyp") == "app" or claims.get("sub") == object_id
    if not is_app and not claims.get("scp"):
        raise TokenRefused("InvalidAuthenticationToken", "The access token is invalid: it is no access token.")
    return Caller(
        object_id=object_id.lower(),
        name=_name(claims),
        kind="servicePrincipal" if is_app else "user",
        roles=read_roles(_texts(claims.get("roles"))),
        groups=frozenset(group.lower() for group in _texts(claims.get("groups"))),
        ip=ip,
    )


def client_ip(request: func.HttpRequest) -> str:
    """Where the request came from, as the platform in front saw it, or "".

    App Service adds the address that it sees to the end of X-Forwarded-For: the last entry is its own, all before it
    is what the client or proxies claim. An app that is reached past App Service would believe its callers here, so that
    the address is recorded and nothing depends on it.
    """
    last = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    address = re.sub(r"^\[([^\]]*)\](:\d+)?$|^([\d.]+):\d+$", r"\1\3", last)
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return ""


def _name(claims: Mapping[str, Any]) -> str:
    name = next((claims[key] for key in _NAMES if isinstance(claims.get(key), str) and claims[key]), "")
    return "".join(letter for letter in name if letter.isprintable())[:_MAX_NAME]


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []

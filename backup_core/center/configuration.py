"""How a browser signs in: what the page's sign-in library is to be told, of the settings by which the API knows tokens.

Who the caller is plays no part: none of it is secret. What is wrong with the settings goes to the log only.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from backup_core.settings import SettingsInvalid, SignIn, SignInMode

log = logging.getLogger("diskbackup.center")

_NETLOC = re.compile(r"[\w.\-]+(:\d+)?|\[[0-9a-f:]+\](:\d+)?", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """`document` is config.json, `origins` are where else than to the app the page may connect."""

    document: dict[str, Any]
    origins: tuple[str, ...] = ()


def configuration(sign_in: Callable[[], SignIn]) -> Configuration:
    try:
        chosen = sign_in()
    except SettingsInvalid as error:
        log.error("center.closed nobody can sign in: %s", error)
        return _closed("The app's sign-in is not configured. The app's log names what to set.")
    if chosen.mode is SignInMode.FUNCTION_KEY:
        return Configuration(document={"signIn": "functionKey"})
    if chosen.client_id is None:
        return _closed("DISKBACKUP_ENTRA_AUDIENCE names no client id: add that of the API's app registration.")
    return _entra(chosen, chosen.client_id)


def _closed(fault: str) -> Configuration:
    return Configuration(document={"signIn": "notConfigured", "faults": [fault]})


def _entra(sign_in: SignIn, client_id: str) -> Configuration:
    """For `msal-browser`: `msal.auth` is its configuration. Entra grants an app a token for itself only if the scope
    names it by its id (AADSTS90009)."""
    authority = f"{sign_in.authority}/{sign_in.tenant_id}"
    auth = {"clientId": client_id, "authority": authority, "knownAuthorities": [urlsplit(authority).netloc]}
    if sign_in.browser_url is not None:
        auth["authorityMetadata"] = json.dumps(_metadata(sign_in, sign_in.browser_url))
    origin = _origin(sign_in.browser_url or sign_in.authority)
    return Configuration(
        document={"signIn": "entra", "msal": {"auth": auth}, "scopes": [f"{client_id}/.default"]},
        origins=() if origin is None else (origin,),
    )


def _metadata(sign_in: SignIn, base: str) -> dict[str, str]:
    """The endpoints in Entra's paths, of the same issuer at another address."""
    tenant = f"{base}/{sign_in.tenant_id}"
    return {
        "issuer": f"{sign_in.authority}/{sign_in.tenant_id}/v2.0",
        "authorization_endpoint": f"{tenant}/oauth2/v2.0/authorize",
        "token_endpoint": f"{tenant}/oauth2/v2.0/token",
        "end_session_endpoint": f"{tenant}/oauth2/v2.0/logout",
        "jwks_uri": f"{tenant}/discovery/v2.0/keys",
    }


def _origin(url: str) -> str | None:
    """As a content security policy takes it; None for what could be read there as more than a host."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if _NETLOC.fullmatch(parts.netloc) else None

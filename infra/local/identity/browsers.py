"""How people sign in at the local tenant, as browsers do it at Entra: the authorization code flow with PKCE.

    GET  /{tenant}/oauth2/v2.0/authorize    a page with one button for each role; back to the caller with a code
    POST /{tenant}/oauth2/v2.0/token        grants `authorization_code` and `refresh_token`, to pages of other origins
    GET  /{tenant}/oauth2/v2.0/logout       back to the caller

For one client, whose redirect URIs are compared exactly. A code counts once, for a minute; a refresh token once, for a
day, and hands over its end to its successor, as those of single-page applications do [documented]. A code that comes
again ends what came of it. All is in memory: who starts anew signs in anew. There is no session, so `prompt=none` is
always refused.

Leaves to others: what the tokens say (tokens.py), and which listener this is on (issuer.py).
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from .tokens import CENTER, CONTRIBUTOR, OPERATOR, READER, TENANT, Principal, Tenant, principal_named

PEOPLE = (CONTRIBUTOR, OPERATOR, READER)
CODE_SECONDS = 60
REFRESH_SECONDS = 24 * 3600
ACCESS_SECONDS = 3600
_CHALLENGE = re.compile(r"[A-Za-z0-9_\-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9_\-.~]{43,128}")  # RFC 7636, 4.1
_ASKED = (
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
)
_MAY_DO = {
    CONTRIBUTOR.name: "may do everything",
    OPERATOR.name: "protects, backs up and restores",
    READER.name: "sees everything and changes nothing",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What somebody agreed to: who they are, for which page and scope. `family` is of all tokens of one sign-in."""

    principal: Principal
    redirect_uri: str
    scope: str
    nonce: str
    challenge: str
    family: str
    ends_at: float


@dataclass(slots=True)
class Desk:
    """Codes and refresh tokens that are out."""

    redirect_uris: frozenset[str]
    clock: Callable[[], float] = time.time
    codes: dict[str, Grant] = field(default_factory=dict)
    refresh_tokens: dict[str, Grant] = field(default_factory=dict)
    spent: dict[str, str] = field(default_factory=dict)  # the family of each code that was taken

    @property
    def origins(self) -> frozenset[str]:
        return frozenset(f"{urlsplit(uri).scheme}://{urlsplit(uri).netloc}" for uri in self.redirect_uris)

    def new_code(self, grant: Grant) -> str:
        code = secrets.token_urlsafe(32)
        self.codes[code] = replace(grant, ends_at=self.clock() + CODE_SECONDS)
        return code

    def take_code(self, code: str) -> Grant | None:
        """Once. Whoever comes with it again has it from somebody: then the first one's tokens end as well."""
        grant = self.codes.pop(code, None)
        if grant is None:
            self._end(self.spent.get(code, ""))
            return None
        self.spent[code] = grant.family
        return grant if self.clock() < grant.ends_at else None

    def new_refresh_token(self, grant: Grant) -> str:
        token = secrets.token_urlsafe(48)
        self.refresh_tokens[token] = grant
        return token

    def take_refresh_token(self, token: str) -> Grant | None:
        grant = self.refresh_tokens.pop(token, None)
        return grant if grant is not None and self.clock() < grant.ends_at else None

    def _end(self, family: str) -> None:
        for token in [token for token, grant in self.refresh_tokens.items() if grant.family == family]:
            del self.refresh_tokens[token]


class Refused(Exception):
    """Answered as RFC 6749 has it: an error with a description, in Entra's words where they are known."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error


# ---------------------------------------------------------------- signing in and out


def browser_routes(desk: Desk) -> list[web.RouteDef]:
    async def authorize(request: web.Request) -> web.Response:
        return _authorized(desk, request.match_info["tenant"], request.path, request.query)

    async def logout(request: web.Request) -> web.Response:
        target = request.query.get("post_logout_redirect_uri", "")
        if target in desk.redirect_uris:
            query = urlencode({"state": request.query["state"]}) if "state" in request.query else ""
            return _sent(f"{target}?{query}" if query else target)
        return _page("Signed out", "<p>You are signed out. This window can be closed.</p>")

    async def preflight(request: web.Request) -> web.Response:
        return web.Response(status=204, headers=cors(desk, request))

    return [
        web.get("/{tenant}/oauth2/v2.0/authorize", authorize),
        web.get("/{tenant}/oauth2/v2.0/logout", logout),
        web.options("/{tenant}/oauth2/v2.0/token", preflight),
    ]


def _authorized(desk: Desk, tenant: str, path: str, query: Mapping[str, str]) -> web.Response:
    """The page, or the way back with a code or an error. Where the way back is not ours to know, nobody is sent it."""
    if tenant.lower() != TENANT:
        return _page("No such tenant", f"<p>AADSTS90002: tenant '{html.escape(tenant)}' not found.</p>", status=400)
    if query.get("client_id", "").lower() != CENTER:
        return _page("Unknown application", "<p>AADSTS700016: the client_id is not known here.</p>", status=400)
    if query.get("redirect_uri", "") not in desk.redirect_uris:
        text = f"<p>AADSTS50011: this redirect URI is not registered: {html.escape(query.get('redirect_uri', ''))}</p>"
        return _page("Wrong address", text, status=400)
    try:
        _check_asked(query)
        principal = principal_named(query.get("principal", ""))
        if principal is None or principal not in PEOPLE:
            return _choice(path, query)
        answer = {"code": desk.new_code(_granted(principal, query))}
    except Refused as refusal:
        answer = {"error": refusal.error, "error_description": str(refusal)}
    return _sent(_way_back(query, answer))


def _check_asked(query: Mapping[str, str]) -> None:
    """Raises Refused."""
    if query.get("response_type") != "code":
        raise Refused("unsupported_response_type", "AADSTS700054: the response_type has to be code.")
    if query.get("response_mode", "query") not in ("query", "fragment"):
        raise Refused("invalid_request", "AADSTS90014: the response_mode has to be query or fragment.")
    if "openid" not in query.get("scope", "").split():
        raise Refused("invalid_scope", "AADSTS70011: the scope has to contain openid.")
    if _resource(query["scope"]) != CENTER:
        raise Refused("invalid_scope", f"AADSTS90009: the scope has to name the resource: {CENTER}/.default.")
    if query.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(query.get("code_challenge", "")):
        raise Refused("invalid_request", "AADSTS9002325: cross-origin redemption needs PKCE: a code_challenge by S256.")
    if "none" in query.get("prompt", "").split():
        raise Refused("login_required", "AADSTS50058: nobody is signed in.")


def _granted(principal: Principal, query: Mapping[str, str]) -> Grant:
    return Grant(
        principal=principal,
        redirect_uri=query["redirect_uri"],
        scope=query["scope"],
        nonce=query.get("nonce", ""),
        challenge=query["code_challenge"],
        family=secrets.token_hex(8),
        ends_at=0.0,
    )


def _way_back(query: Mapping[str, str], answer: Mapping[str, str]) -> str:
    state = {"state": query["state"]} if "state" in query else {}
    separator = "#" if query.get("response_mode") == "fragment" else "?"
    return f"{query['redirect_uri']}{separator}{urlencode({**answer, **state})}"


def _sent(target: str) -> web.Response:
    """As it is written: aiohttp's own redirects unquote what is quoted in a fragment."""
    return web.Response(status=302, headers={"Location": target, "Cache-Control": "no-store"})


def _choice(path: str, query: Mapping[str, str]) -> web.Response:
    asked = {name: query[name] for name in _ASKED if name in query}
    links = "".join(
        f'<li><a href="{html.escape(path)}?{html.escape(urlencode({**asked, "principal": person.name}))}">'
        f"<b>{person.name.capitalize()}</b> {_MAY_DO[person.name]}</a></li>"
        for person in PEOPLE
    )
    return _page("Sign in", f"<p>This is the sign-in of the local target. Who are you?</p><ul>{links}</ul>")


_STYLE = """
body { font: 1rem/1.5 "Segoe UI", system-ui, sans-serif; max-width: 28rem; margin: 12vh auto; padding: 0 1rem;
  color: #242424; background: #fff }
ul { padding: 0; list-style: none }
a { display: block; margin: .5rem 0; padding: .75rem 1rem; border: 1px solid #d1d1d1; border-radius: 4px;
  color: inherit; text-decoration: none }
a:hover, a:focus-visible { outline: 2px solid #0f6cbd }
b { display: block }
@media (prefers-color-scheme: dark) { body { color: #fff; background: #1f1f1f } a { border-color: #666 } }
"""


def _page(title: str, content: str, status: int = 200) -> web.Response:
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><main><h1>{title}</h1>{content}</main></body></html>"
    )
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)


# ---------------------------------------------------------------- tokens for a page


def cors(desk: Desk, request: web.Request) -> dict[str, str]:
    """For the pages that may come back from a sign-in, and no others."""
    origin = request.headers.get("Origin", "")
    if origin not in desk.origins:
        return {}
    allowed = {"Access-Control-Allow-Methods": "GET, POST", "Access-Control-Allow-Headers": "*"}
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin", **allowed}


def redeemed(tenant: Tenant, desk: Desk, form: Mapping[str, str]) -> dict[str, object]:
    """Tokens for a code or a refresh token. Raises Refused."""
    if form.get("client_id", "").lower() != CENTER:
        raise Refused("invalid_client", "AADSTS700016: the client_id is not known here.")
    if form["grant_type"] == "authorization_code":
        grant = desk.take_code(form.get("code", ""))
        if grant is None:
            raise Refused("invalid_grant", "AADSTS54005: the code is unknown, expired or was redeemed before.")
        _check_code(grant, form)
        grant = replace(grant, ends_at=desk.clock() + REFRESH_SECONDS)
    else:
        found = desk.take_refresh_token(form.get("refresh_token", ""))
        if found is None:
            raise Refused("invalid_grant", "AADSTS700084: the refresh token is unknown, expired or was used before.")
        grant = found
    return _tokens(tenant, desk, grant)


def _check_code(grant: Grant, form: Mapping[str, str]) -> None:
    """Raises Refused."""
    if form.get("redirect_uri") != grant.redirect_uri:
        raise Refused("invalid_grant", "AADSTS50011: the redirect URI is not that of the authorization request.")
    verifier = form.get("code_verifier", "")
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    if not _VERIFIER.fullmatch(verifier) or not secrets.compare_digest(digest, grant.challenge):
        raise Refused("invalid_grant", "AADSTS501481: the code_verifier does not match the code_challenge.")


def _tokens(tenant: Tenant, desk: Desk, grant: Grant) -> dict[str, object]:
    now = int(desk.clock())
    person = {"uid": grant.principal.object_id, "utid": TENANT}
    answer: dict[str, object] = {
        "token_type": "Bearer",
        "scope": grant.scope,
        "expires_in": ACCESS_SECONDS,
        "ext_expires_in": ACCESS_SECONDS,
        "access_token": tenant.user_token(grant.principal, CENTER, now=now, lifetime=ACCESS_SECONDS),
        "id_token": tenant.id_token(grant.principal, CENTER, grant.nonce, now=now, lifetime=ACCESS_SECONDS),
        "client_info": base64.urlsafe_b64encode(json.dumps(person).encode()).rstrip(b"=").decode(),
    }
    if "offline_access" in grant.scope.split():
        answer["refresh_token"] = desk.new_refresh_token(grant)
        answer["refresh_token_expires_in"] = int(grant.ends_at) - now
    return answer


def _resource(scope: str) -> str:
    named = (each.rpartition("/")[0].removeprefix("api://") for each in scope.split() if "/" in each)
    return next(named, "").lower()

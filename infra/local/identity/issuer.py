"""A small Entra: OpenID metadata, published keys and a token endpoint over HTTPS, in Entra's paths and shapes.

    GET  /{tenant}/v2.0/.well-known/openid-configuration
    GET  /{tenant}/discovery/v2.0/keys                      the key set
    POST /{tenant}/oauth2/v2.0/token                        client credentials, for a `scope`

and how people sign in, see browsers.py: over HTTP at a port of its own as well, for no browser trusts the certificate.

For tests, without any secret (it listens on the loopback address only):

    GET  /_issuer/token?principal=reader&audience=...       a token as text
    POST /_issuer/keys                                      a new key signs from now on; the older stay published

`python -m infra.local.identity.issuer --port N --browser-port N --redirect-uri URL... --cert F --key F --keys DIR`; the
clients' secrets are in IDENTITY_SECRETS.
"""

from __future__ import annotations

import argparse
import asyncio
import hmac
import json
import os
import signal
import ssl
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Middleware

from .browsers import Desk, Refused, browser_routes, cors, redeemed
from .tokens import LIFETIME_SECONDS, SECRETS, TENANT, KeyFiles, Principal, Tenant, principal_named

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


_BY_PEOPLE = ("authorization_code", "refresh_token")
_LOOPBACK = ("127.0.0.1", "localhost")


def issuer_app(tenant: Tenant, secrets: Mapping[str, str], desk: Desk) -> web.Application:
    """The issuer; `secrets` are the clients', by the principal's name."""
    application = web.Application(middlewares=[_readable_by_pages(desk)])
    application.add_routes(_entra_routes(tenant, secrets, desk))
    application.add_routes(_control_routes(tenant))
    return application


def browser_app(tenant: Tenant, desk: Desk) -> web.Application:
    """What browsers need of it, and no more: a page of any name that leads to this machine may ask over HTTP."""

    @web.middleware
    async def only_here(request: web.Request, handler: _Handler) -> web.StreamResponse:
        if request.url.host not in _LOOPBACK:
            return web.Response(status=421, text="This is the sign-in of a local target.")
        return await handler(request)

    application = web.Application(middlewares=[only_here, _readable_by_pages(desk)])
    application.add_routes(_entra_routes(tenant, {}, desk))
    return application


def _readable_by_pages(desk: Desk) -> Middleware:
    @web.middleware
    async def add_headers(request: web.Request, handler: _Handler) -> web.StreamResponse:
        response = await handler(request)
        response.headers.update(cors(desk, request))
        return response

    return add_headers


# ---------------------------------------------------------------- what Entra has


def _entra_routes(tenant: Tenant, secrets: Mapping[str, str], desk: Desk) -> list[web.RouteDef]:
    async def metadata(request: web.Request) -> web.Response:
        return _for_tenant(request, _metadata(tenant))

    async def keys(request: web.Request) -> web.Response:
        return _for_tenant(request, {"keys": [key.as_jwk() for key in tenant.keys.all()]})

    async def token(request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        if form.get("grant_type") in _BY_PEOPLE:
            return _redeemed(tenant, desk, request.match_info["tenant"], form)
        return _granted(tenant, secrets, request.match_info["tenant"], form)

    return [
        web.get("/{tenant}/v2.0/.well-known/openid-configuration", metadata),
        web.get("/{tenant}/discovery/v2.0/keys", keys),
        web.post("/{tenant}/oauth2/v2.0/token", token),
        *browser_routes(desk),
    ]


def _for_tenant(request: web.Request, content: Mapping[str, Any]) -> web.Response:
    name = request.match_info["tenant"]
    return web.json_response(content) if name.lower() == TENANT else _unknown_tenant(name)


def _metadata(tenant: Tenant) -> dict[str, Any]:
    base = f"{tenant.authority}/{TENANT}"
    return {
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "response_modes_supported": ["query", "fragment"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "profile", "offline_access"],
        "issuer": tenant.issuer,
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nbf", "oid", "tid", "roles", "ver"],
    }


def _granted(tenant: Tenant, secrets: Mapping[str, str], name: str, form: Mapping[str, str]) -> web.Response:
    """A token for a client that shows its secret; Entra's errors otherwise [codes remembered]."""
    if name.lower() != TENANT:
        return _unknown_tenant(name)
    if form.get("grant_type") != "client_credentials":
        return _refused(400, "unsupported_grant_type", "AADSTS70003: the grant type is not client_credentials.")
    principal = principal_named(form.get("client_id", ""))
    if principal is None or not _is_secret_of(principal, secrets, form.get("client_secret", "")):
        return _refused(401, "invalid_client", "AADSTS7000215: the client or its secret is not known.")
    scope = form.get("scope", "")
    audience = scope.removesuffix("/.default")
    if audience in ("", scope):
        return _refused(400, "invalid_scope", "AADSTS1002012: the scope must be '<resource>/.default'.")
    token = tenant.token(principal, audience, now=int(time.time()))
    lifetime = {"expires_in": LIFETIME_SECONDS, "ext_expires_in": LIFETIME_SECONDS}
    return web.json_response({"token_type": "Bearer", **lifetime, "access_token": token})


def _redeemed(tenant: Tenant, desk: Desk, name: str, form: Mapping[str, str]) -> web.Response:
    if name.lower() != TENANT:
        return _unknown_tenant(name)
    try:
        tokens = redeemed(tenant, desk, form)
    except Refused as refusal:
        return _refused(400, refusal.error, str(refusal))
    return web.json_response(tokens, headers={"Cache-Control": "no-store"})


def _is_secret_of(principal: Principal, secrets: Mapping[str, str], given: str) -> bool:
    secret = secrets.get(principal.name, "")
    return bool(secret) and hmac.compare_digest(secret.encode(), given.encode())


def _unknown_tenant(name: str) -> web.Response:
    return _refused(400, "invalid_tenant", f"AADSTS90002: tenant '{name}' not found.")


def _refused(status: int, error: str, description: str) -> web.Response:
    return web.json_response({"error": error, "error_description": description}, status=status)


# ---------------------------------------------------------------- what tests need


def _control_routes(tenant: Tenant) -> list[web.RouteDef]:
    async def token(request: web.Request) -> web.Response:
        return _asked_for(tenant, request.query)

    async def new_key(_: web.Request) -> web.Response:
        return web.json_response({"kid": tenant.keys.add().kid}, status=201)

    return [web.get("/_issuer/token", token), web.post("/_issuer/keys", new_key)]


def _asked_for(tenant: Tenant, query: Mapping[str, str]) -> web.Response:
    principal, audience = principal_named(query.get("principal", "")), query.get("audience", "")
    if principal is None or not audience:
        return web.json_response({"error": "ask with principal and audience"}, status=400)
    return web.Response(text=tenant.token(principal, audience, now=int(time.time())))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.local.identity.issuer", description=__doc__.split("\n\n")[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--browser-port", type=int, required=True, help="where browsers sign in, over HTTP")
    parser.add_argument("--redirect-uri", action="append", default=[], help="where they may be sent back; repeated")
    parser.add_argument("--cert", type=Path, required=True)
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("--keys", type=Path, required=True, help="the directory of the signing keys")
    arguments = parser.parse_args()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(arguments.cert, arguments.key)
    authority = f"https://127.0.0.1:{arguments.port}"
    keys = KeyFiles(arguments.keys)
    keys.ensure()
    tenant, desk = Tenant(authority=authority, keys=keys), Desk(redirect_uris=frozenset(arguments.redirect_uri))
    apps = (
        (issuer_app(tenant, json.loads(os.environ[SECRETS]), desk), arguments.port, tls),
        (browser_app(tenant, desk), arguments.browser_port, None),
    )
    asyncio.run(_serve(apps, f"issuer ready {authority}"))
    return 0


async def _serve(apps: Iterable[tuple[web.Application, int, ssl.SSLContext | None]], ready: str) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    runners = []
    for app, port, tls in apps:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls).start()
        runners.append(runner)
    print(ready, flush=True)
    await ended.wait()
    for runner in runners:
        await runner.cleanup()


if __name__ == "__main__":
    sys.exit(main())

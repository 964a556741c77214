"""App Service's managed-identity endpoint: gives the app tokens, so that its `azure-identity` code runs unchanged.

The tokens are real JWTs without a signature: they say who asks, and the local services believe them.
A second secret, or `client_id`, gets tokens of the operator: the person at the command line.

`python -m infra.local.identity --port N`, secrets in IDENTITY_HEADER and OPERATOR_IDENTITY_HEADER.
"""

from __future__ import annotations

import argparse
import base64
import hmac
import json
import os
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

TENANT = "00000000-0000-4000-8000-0000000000ff"
LIFETIME_SECONDS = 24 * 3600
PATH = "/msi/token"
_API_VERSION = "2019-08-01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who a token is for: `object_id` is what role assignments name."""

    object_id: str
    client_id: str


APP = Principal(object_id="11111111-1111-4111-8111-111111111111", client_id="11111111-aaaa-4aaa-8aaa-111111111111")
OPERATOR = Principal(object_id="22222222-2222-4222-8222-222222222222", client_id="22222222-aaaa-4aaa-8aaa-222222222222")
_BY_NAME = {name: principal for principal in (APP, OPERATOR) for name in (principal.object_id, principal.client_id)}


def access_token(principal: Principal, audience: str, *, now: int) -> str:
    """An unsigned JWT (`alg` none) for `audience`, valid for LIFETIME_SECONDS from `now` (Unix time)."""
    claims = {
        "aud": audience,
        "iss": f"https://sts.windows.net/{TENANT}/",
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME_SECONDS,
        "appid": principal.client_id,
        "idtyp": "app",
        "oid": principal.object_id,
        "sub": principal.object_id,
        "tid": TENANT,
        "uti": uuid.uuid4().hex,
        "ver": "1.0",
    }
    return f"{_encoded({'alg': 'none', 'typ': 'JWT'})}.{_encoded(claims)}."


def identity_app(*, app_secret: str, operator_secret: str) -> web.Application:
    """The endpoint; `app_secret` and `operator_secret` are what X-IDENTITY-HEADER may say."""
    defaults = {app_secret: APP, operator_secret: OPERATOR}

    async def token(request: web.Request) -> web.Response:
        default = _matching(request.headers.get("X-IDENTITY-HEADER", ""), defaults)
        if default is None:
            return _refused(401, "the X-IDENTITY-HEADER is missing or wrong")
        if request.query.get("api-version") != _API_VERSION:
            return _refused(400, f"api-version must be {_API_VERSION}")
        audience = request.query.get("resource", "")
        if not audience:
            return _refused(400, "resource is missing")
        wanted = next((request.query[n] for n in ("client_id", "principal_id", "object_id") if n in request.query), "")
        principal = _BY_NAME.get(wanted) if wanted else default
        if principal is None:
            return _refused(400, f"no identity has the id {wanted}")
        return _granted(principal, audience)

    application = web.Application()
    application.router.add_get(PATH, token)
    return application


def _matching(given: str, defaults: Mapping[str, Principal]) -> Principal | None:
    for secret, principal in defaults.items():
        if hmac.compare_digest(given.encode(), secret.encode()):
            return principal
    return None


def _granted(principal: Principal, audience: str) -> web.Response:
    now = int(time.time())
    return web.json_response(
        {
            "access_token": access_token(principal, audience, now=now),
            "client_id": principal.client_id,
            "expires_on": str(now + LIFETIME_SECONDS),
            "not_before": str(now),
            "resource": audience,
            "token_type": "Bearer",
        }
    )


def _refused(status: int, message: str) -> web.Response:
    return web.json_response({"statusCode": status, "message": message}, status=status)


def _encoded(content: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.local.identity", description=__doc__.split("\n\n")[0])
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    app = identity_app(app_secret=os.environ["IDENTITY_HEADER"], operator_secret=os.environ["OPERATOR_IDENTITY_HEADER"])
    ready = f"identity ready http://127.0.0.1:{port}{PATH}"
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=lambda _: print(ready, flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""App Service's managed-identity endpoint: gives tokens to whoever holds a principal's secret.

The app's `azure-identity` code and `az login --identity` run against it unchanged. Each principal of the local tenant
has a secret of its own, as if each ran on a machine of its own; the app's machine has further identities, which it asks
for by their client ids.

`python -m infra.local.identity.managed_identity --port N --authority URL --keys DIR`; the secrets are in
IDENTITY_SECRETS.
"""

from __future__ import annotations

import argparse
import hmac
import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

from .tokens import ATTACHED, LIFETIME_SECONDS, SECRETS, KeyFiles, Principal, Tenant, principal_named

PATH = "/msi/token"
_API_VERSION = "2019-08-01"


def identity_app(tenant: Tenant, secrets: Mapping[str, str]) -> web.Application:
    """The endpoint; `secrets` are what X-IDENTITY-HEADER may say, by the principal's name."""
    holders = {secret: principal_named(name) for name, secret in secrets.items()}

    async def token(request: web.Request) -> web.Response:
        principal = _holder(request.headers.get("X-IDENTITY-HEADER", ""), holders)
        if principal is None:
            return _refused(401, "the X-IDENTITY-HEADER is missing or wrong")
        if request.query.get("api-version") != _API_VERSION:
            return _refused(400, f"api-version must be {_API_VERSION}")
        audience = request.query.get("resource", "")
        if not audience:
            return _refused(400, "resource is missing")
        wanted = request.query.get("client_id", "")
        chosen = principal_named(wanted) if wanted else principal
        if chosen is None or chosen not in (principal, *ATTACHED.get(principal.name, ())):
            return _refused(400, f"this machine has no identity with the id {wanted}")
        return _granted(tenant, chosen, audience)

    application = web.Application()
    application.router.add_get(PATH, token)
    return application


def _holder(given: str, holders: Mapping[str, Principal | None]) -> Principal | None:
    for secret, principal in holders.items():
        if hmac.compare_digest(given.encode(), secret.encode()):
            return principal
    return None


def _granted(tenant: Tenant, principal: Principal, audience: str) -> web.Response:
    now = int(time.time())
    return web.json_response(
        {
            "access_token": tenant.token(principal, audience, now=now),
            "client_id": principal.client_id,
            "expires_on": str(now + LIFETIME_SECONDS),
            "not_before": str(now),
            "resource": audience,
            "token_type": "Bearer",
        }
    )


def _refused(status: int, message: str) -> web.Response:
    return web.json_response({"statusCode": status, "message": message}, status=status)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.identity.managed_identity", description=__doc__.split("\n\n")[0]
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--authority", required=True, help="the issuer that the tokens name")
    parser.add_argument("--keys", type=Path, required=True, help="the directory of the issuer's signing keys")
    arguments = parser.parse_args()
    tenant = Tenant(authority=arguments.authority, keys=KeyFiles(arguments.keys))
    tenant.keys.ensure()
    app = identity_app(tenant, json.loads(os.environ[SECRETS]))
    ready = f"managed_identity ready http://127.0.0.1:{arguments.port}{PATH}"
    web.run_app(app, host="127.0.0.1", port=arguments.port, access_log=None, print=lambda _: print(ready, flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""One HTTPS endpoint for everything, as Azure's single management endpoint is.

Requests whose last provider is Microsoft.DataProtection or Microsoft.ResourceGraph go to the function app, and so do
the tags of its resources;
lists of all resources and of all providers are made of both backends' answers; all others go to the disk simulator.
`/metadata/endpoints` is answered here. Bodies are streamed. The backends see the caller's Host header and
X-Forwarded-Proto, so that the URLs in their answers lead back here. Leaves to others: checking tokens (the app checks
them itself, the simulator reads them). Without a simulator everything goes to the app: then it is what App Service
is in front of a deployed one.

`python -m infra.local.front_door --port N --cert F --key F --ca F --app URL [--arm URL] --issuer URL`
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import ssl
import sys
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

Target = Literal["app", "arm", "both", "metadata", "nowhere"]

METADATA_VERSION = "2022-09-01"
_OURS = ("microsoft.dataprotection", "microsoft.resourcegraph")
# What concerns one connection only (RFC 9110, 7.6.1), and what a caller could say of itself and be believed.
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_SPOOFABLE = ("x-forwarded-", "x-original-", "forwarded", "x-real-ip", "x-client-ip", "client-ip", "x-arr-", "x-waws-")
_CHUNK = 64 * 1024
# A backend's own limits are shorter; this ends what nobody would ever answer.
_ANSWER_SECONDS = 230.0


def target_of(raw_path: str) -> Target:
    """Where a request goes by its path (still percent-encoded, without query); names are compared without case."""
    parts = [unquote(part).lower() for part in raw_path.split("/") if part]
    if parts == ["metadata", "endpoints"]:
        return "metadata"
    if parts[:1] == ["_simulator"]:
        return "nowhere"  # the simulator's control API is no part of Azure
    if parts[:1] == ["subscriptions"] and parts[2:] in (["resources"], ["providers"]):
        return "both"
    if parts[:1] == ["subscriptions"] and parts[2:3] == ["resourcegroups"] and parts[4:] == ["resources"]:
        return "both"
    providers = list(_providers(parts))
    if len(providers) > 1 and providers[-1] == ("microsoft.resources", ["tags", "default"]):
        providers.pop()  # tags are written by whoever has the resource
    return "app" if providers and providers[-1][0] in _OURS else "arm"


def _providers(parts: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Each provider with what follows it. A path is pairs of kind and name: a thing may be *named* 'providers'."""
    for at in range(0, len(parts) - 1, 2):
        if parts[at] == "providers":
            yield parts[at + 1], parts[at + 2 :]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backends:
    """Base URLs without a slash at their end; without `arm` the app has the whole door to itself."""

    app: str
    arm: str | None
    issuer: str


class FrontDoor:
    """Answers every request. Two sessions, for a host that is killed must not leave broken connections in a pool."""

    def __init__(self, backends: Backends, *, trusted: ssl.SSLContext) -> None:
        self._backends = backends
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=_ANSWER_SECONDS)
        plain: dict[str, Any] = {"auto_decompress": False, "timeout": timeout, "skip_auto_headers": _ADDED_BY_ITSELF}
        connectors = {
            "app": aiohttp.TCPConnector(force_close=True, limit=0),
            "arm": aiohttp.TCPConnector(ssl=trusted, limit=0),
        }
        self._sessions = {  # without a cookie jar: one caller's cookies are none of another's
            name: aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), **plain)
            for name, connector in connectors.items()
        }

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        target = target_of(request.rel_url.raw_path)
        if target == "app" or self._backends.arm is None:
            return await self._answer_of(request, self._sessions["app"], self._backends.app)
        if target == "both" and request.method == "GET":
            return await self._answer_of_both(request)
        if target == "metadata":
            return _metadata(request, self._backends)
        if target == "nowhere":
            return _error(404, "InvalidResourceNamespace", "There is nothing at this path.")
        return await self._answer_of(request, self._sessions["arm"], self._backends.arm)

    async def _answer_of_both(self, request: web.BaseRequest) -> web.StreamResponse:
        """A list of which each backend has its part: the app's behind the simulator's. Only the app's has pages."""
        assert self._backends.arm is not None
        if any(name.lower() == "$skiptoken" for name in request.query):
            return await self._answer_of(request, self._sessions["app"], self._backends.app)
        try:
            status, headers, listed = await self._read(request, "arm", self._backends.arm)
            if status != 200:
                return web.Response(status=status, headers=headers, body=listed)
            ours_status, _, ours = await self._read(request, "app", self._backends.app)
        except (aiohttp.ClientError, TimeoutError) as error:
            return _error(
                503, "ServiceUnavailable", f"A service behind this path gave no answer ({type(error).__name__})."
            )
        if ours_status != 200:  # who may not see vaults sees the rest
            return web.Response(status=status, headers=headers, body=listed)
        first, second = json.loads(listed), json.loads(ours)
        return web.json_response({**first, **second, "value": first["value"] + second["value"]})

    async def _read(self, request: web.BaseRequest, name: str, base: str) -> tuple[int, CIMultiDict[str], bytes]:
        headers = _sent_on(request)
        headers.popall("Accept-Encoding", None)
        url = URL(f"{base}{request.rel_url.raw_path_qs}", encoded=True)
        async with self._sessions[name].get(url, headers=headers, allow_redirects=False) as upstream:
            kept = _without_hops(upstream.headers)
            kept.popall("Content-Length", None)
            return upstream.status, kept, await upstream.read()

    async def _answer_of(
        self, request: web.BaseRequest, session: aiohttp.ClientSession, base: str
    ) -> web.StreamResponse:
        try:
            return await self._passed_on(request, session, base)
        except aiohttp.ClientConnectorError as error:
            message = f"The service behind this path cannot be reached ({type(error).__name__})."
            return _error(503, "ServiceUnavailable", message)
        except TimeoutError:
            return _error(504, "GatewayTimeout", "The service behind this path gave no answer in time.")
        except aiohttp.ClientError as error:
            return _error(502, "BadGateway", f"The service behind this path gave no answer: {type(error).__name__}.")

    async def _passed_on(
        self, request: web.BaseRequest, session: aiohttp.ClientSession, base: str
    ) -> web.StreamResponse:
        await _tell_to_go_on(request)
        url = URL(f"{base}{request.rel_url.raw_path_qs}", encoded=True)
        body = request.content.iter_chunked(_CHUNK) if request.body_exists else None
        headers = _sent_on(request)
        async with session.request(request.method, url, headers=headers, data=body, allow_redirects=False) as upstream:
            response = _Passed(upstream)
            await response.prepare(request)
            try:
                async for chunk in upstream.content.iter_chunked(_CHUNK):
                    await response.write(chunk)
            except aiohttp.ClientError:
                _cut(request)  # the head has gone out: only a cut connection can say that the rest is missing
                return response
            await response.write_eof()
            return response


class _Passed(web.StreamResponse):
    """An answer with the headers that the backend gave it and none of this server's own."""

    def __init__(self, upstream: aiohttp.ClientResponse) -> None:
        super().__init__(status=upstream.status, reason=upstream.reason, headers=_without_hops(upstream.headers))

    async def _prepare_headers(self) -> None:
        added = {"Content-Type", "Server"} - {name.title() for name in self.headers}
        await super()._prepare_headers()
        for name in added:
            self.headers.popall(name, None)


_ADDED_BY_ITSELF = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


async def _tell_to_go_on(request: web.BaseRequest) -> None:
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def _sent_on(request: web.BaseRequest) -> CIMultiDict[str]:
    """The caller's headers, its Host too, and what is known of the caller itself instead of what it says."""
    headers = _without_hops(request.headers)
    for name in [name for name in headers if name.lower().startswith(_SPOOFABLE)]:
        headers.popall(name, None)
    headers["X-Forwarded-Proto"] = "https"
    peer = request.transport.get_extra_info("peername") if request.transport is not None else None
    if peer:
        headers["X-Forwarded-For"] = f"{peer[0]}:{peer[1]}"
    return headers


def _without_hops(headers: Mapping[str, str]) -> CIMultiDict[str]:
    named = {name.strip().lower() for name in headers.get("Connection", "").split(",")}
    kept: CIMultiDict[str] = CIMultiDict()
    for name, value in headers.items():
        if name.lower() not in _HOP_BY_HOP | named:
            kept.add(name, value)
    return kept


def _cut(request: web.BaseRequest) -> None:
    if request.transport is not None:
        request.transport.abort()


def _metadata(request: web.BaseRequest, backends: Backends) -> web.Response:
    """What `az cloud register` and other tools ask a management endpoint for first; no sign-in is needed."""
    if request.method != "GET":
        return _error(405, "MethodNotAllowed", f"'{request.method}' is not supported here.")
    version = request.query.get("api-version", "")
    if version != METADATA_VERSION:
        message = f"The api-version '{version}' is invalid. The supported version is '{METADATA_VERSION}'."
        return _error(400, "InvalidApiVersionParameter", message)
    return web.json_response(_cloud(f"https://{request.host}", backends.issuer))


def _cloud(front_door: str, issuer: str) -> dict[str, Any]:
    """The cloud that this target is, in the shape of api-version 2022-09-01. There is no Graph and no other service."""
    return {
        "name": "DiskBackupLocal",
        "portal": front_door,
        "authentication": {
            "loginEndpoint": issuer,
            "audiences": [front_door, "https://management.azure.com/"],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "graphAudience": front_door,
        "graph": front_door,
        "microsoftGraphResourceId": front_door,
        "resourceManager": front_door,
        "suffixes": {},
    }


def _error(status: int, code: str, message: str) -> web.Response:
    request_id = str(uuid.uuid4())
    headers = {
        "x-ms-request-id": request_id,
        "x-ms-correlation-request-id": request_id,
        "x-ms-failure-cause": "gateway",
    }
    return web.json_response({"error": {"code": code, "message": message}}, status=status, headers=headers)


async def _serve(arguments: argparse.Namespace) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(arguments.cert, arguments.key)
    backends = Backends(app=arguments.app, arm=arguments.arm, issuer=arguments.issuer)
    door = FrontDoor(backends, trusted=ssl.create_default_context(cafile=arguments.ca))
    runner = web.ServerRunner(web.Server(door.answer), access_log=None, shutdown_timeout=2)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", arguments.port, ssl_context=tls, backlog=1024).start()
    print(f"front_door ready https://127.0.0.1:{arguments.port}", flush=True)
    await ended.wait()
    await runner.cleanup()
    await door.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.local.front_door", description=__doc__.split("\n\n")[0])
    parser.add_argument("--port", type=int, required=True)
    for name in ("cert", "key", "ca"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--app", required=True, help="base URL of the function app")
    parser.add_argument("--arm", help="base URL of the disk simulator; without it everything goes to the app")
    parser.add_argument("--issuer", required=True, help="base URL of the token issuer")
    asyncio.run(_serve(parser.parse_args()))
    return 0


if __name__ == "__main__":
    sys.exit(main())

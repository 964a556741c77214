"""The HTTPS server: reads requests, lets faults strike, hands them to the gateway or the control API."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

from aiohttp import web

from infra.local.arm import data
from infra.local.arm.control import Control
from infra.local.arm.faults import Fault
from infra.local.arm.gateway import Gateway, Incoming
from infra.local.arm.paths import parse
from infra.local.arm.wire import encode

CLOSING = (403, 503, 504)  # after these Azure closes the connection [recorded]
JSON_TYPE = "application/json; charset=utf-8"


class Server:
    """One listening simulator. `start` returns the base URL; `stop` closes the listener and keeps the state."""

    def __init__(self, gateway: Gateway, *, certificate: Path, key: Path) -> None:
        self._gateway = gateway
        self._control = Control(gateway)
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._tls.load_cert_chain(certificate, key)
        self._runner: web.ServerRunner | None = None

    async def start(self, host: str, port: int) -> str:
        self._runner = web.ServerRunner(web.Server(self._answer), access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port, ssl_context=self._tls, backlog=1_024).start()
        return f"https://{host}:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        self._gateway.world.store.close()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith("/_simulator/"):
            return await self._control.answer(request)
        if request.path.startswith(data.PREFIX):
            return self._data(request)
        incoming = await _read(request)
        fault = self._gateway.faults.strike(incoming.method, incoming.path, incoming.route, incoming.body)
        if fault is not None:
            await self._wait(fault)
        if fault is not None and fault.kind == "drop_before":
            self._gateway.counts[incoming.method, incoming.route.label, 0] += 1
            return _dropped(request)
        answer = self._gateway.answer(incoming, fault)
        if fault is not None and fault.kind == "drop_after":
            return _dropped(request)
        return _response(answer.status, encode(answer.body), answer.headers)

    def _data(self, request: web.BaseRequest) -> web.Response:
        """No call of ARM: whoever has the signature may read."""
        world, now = self._gateway.world, self._gateway.clock()
        world.settle(now)
        status, body, headers = data.answer(world, request.path, request.query, request.headers, now)
        self._gateway.counts[request.method, "data", status] += 1
        return web.Response(status=status, body=body, headers=headers)

    async def _wait(self, fault: Fault) -> None:
        if fault.kind == "delay":
            await asyncio.sleep(fault.detail["seconds"])


class BareResponse(web.Response):
    """A response without the library's own Server header and, when empty, without a content type."""

    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        self.headers.popall("Server", None)
        if not self.body:
            self.headers.popall("Content-Type", None)


async def _read(request: web.BaseRequest) -> Incoming:
    path = request.rel_url.raw_path
    return Incoming(
        method=request.method,
        path=path,
        route=parse(path),
        query=request.query,
        headers=request.headers,
        body=await request.read(),
        base_url=f"https://{request.host}",
    )


def _response(status: int, body: bytes, headers: dict[str, str]) -> web.Response:
    typed = {"Content-Type": JSON_TYPE, **({"Vary": "Accept-Encoding"} if status == 200 else {})} if body else {}
    response = BareResponse(status=status, body=body, headers={**headers, **typed})
    if status in CLOSING:
        response.force_close()
    return response


def _dropped(request: web.BaseRequest) -> web.Response:
    """Cuts the connection; the response that is returned finds nobody to read it."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)

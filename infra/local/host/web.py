"""The host's front door: function routes, key checks, the admin paths and the Event Grid webhook."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from multidict import CIMultiDict

from . import keys, payloads
from .invocations import Invocations
from .keys import HostKeys
from .payloads import Payload, TimerStatus
from .refusals import HostPlan
from .routes import RouteTable, decode_path, resolved
from .worker import Function

logger = logging.getLogger("host.web")

# Kestrel frames the answer itself.
_FRAMING = frozenset({"transfer-encoding", "connection"})
_PAGE = "<!doctype html><title>Azure Functions</title><p>Your Functions 4.0 app is up and running.</p>"


class FrontDoor:
    """Answers every request of one instance."""

    def __init__(
        self,
        plan: HostPlan,
        *,
        prefix: str,
        host_id: str,
        host_keys: HostKeys,
        calls: Invocations,
        body_limit: int,
    ) -> None:
        self._plan = plan
        self._host_id = host_id
        self._keys = host_keys
        self._calls = calls
        self._body_limit = body_limit
        self._routes = RouteTable(plan.routes, prefix=prefix)
        self._started = datetime.now(UTC)
        self._background: set[asyncio.Task[Any]] = set()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if (request.content_length or 0) > self._body_limit:
            return web.Response(status=500)  # measured: it is the host's own, and the worker sees nothing
        path = decode_path(_path(request)).lower().strip("/")
        if path == "admin" or path.startswith("admin/"):
            return await self._admin(request, path.removeprefix("admin").strip("/"))
        if path == "runtime/webhooks/eventgrid":
            return await self._event_grid(request)
        return await self._function(request)

    # ---------------------------------------------------------------- functions

    async def _function(self, request: web.BaseRequest) -> web.StreamResponse:
        found = self._routes.find(request.method, _path(request))
        if found is None:
            is_root = request.method == "GET" and _path(request) in ("", "/")
            return self._home() if is_root else web.Response(status=404)
        route, values = found
        function = self._plan.functions[route.function.lower()]
        given = _given_key(request)
        if not self._is_allowed(function, given):
            return web.Response(status=401)
        if function.name in self._plan.disabled and not keys.is_one_of(given, self._keys.master):
            return web.Response(status=404)
        payload = _http_payload(request, values, await _read_body(request))
        outcome = await self._calls.run(function, payload, reason="This function was programmatically called via HTTP")
        if not outcome.ok or outcome.returned is None:
            return web.Response(status=500)
        return _response(payloads.http_answer(outcome.returned))

    def _home(self) -> web.Response:
        """The host's own page, unless it is switched off (measured)."""
        if self._plan.has_home_page:
            return web.Response(text=_PAGE, content_type="text/html")
        return web.Response(status=204)

    def _is_allowed(self, function: Function, given: str) -> bool:
        level = str(function.trigger.get("authLevel") or "FUNCTION").upper()
        if level == "ANONYMOUS":
            return True
        if level == "ADMIN":
            return keys.is_one_of(given, self._keys.master)
        return keys.is_one_of(given, self._keys.master, self._keys.function)

    # ---------------------------------------------------------------- admin

    async def _admin(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        if path in ("warmup", "host/ping"):
            return web.Response(status=200)
        given = _given_key(request)
        if not keys.is_one_of(given, self._keys.master):
            is_known = keys.is_one_of(given, self._keys.function, self._keys.event_grid)
            return web.Response(status=403 if is_known else 401)
        if path == "host/status" and request.method == "GET":
            return web.json_response(self._status())
        if path == "functions" and request.method == "GET":
            return web.json_response([_described(function) for function in self._plan.functions.values()])
        area, _, name = path.partition("/")
        function = self._plan.functions.get(name) if area == "functions" else None
        if function is None:
            return web.Response(status=404)
        if request.method == "GET":
            return web.json_response(_described(function))
        return self._run_on_request(request, function) if request.method == "POST" else web.Response(status=404)

    def _status(self) -> dict[str, Any]:
        uptime = datetime.now(UTC) - self._started
        return {
            "id": self._host_id,
            "state": "Running",
            "version": "4.0.0-local",
            "processUptime": int(uptime.total_seconds() * 1000),
        }

    def _run_on_request(self, request: web.BaseRequest, function: Function) -> web.StreamResponse:
        """Run a timer once, in the background: the answer is 202 at once. Others have a queue or a route for that."""
        if request.content_type != "application/json":
            return web.Response(status=415)
        if function.trigger["type"] != "timerTrigger":
            return web.Response(status=400)
        now = datetime.now(UTC)
        payload = payloads.timer(
            TimerStatus(last=None, next=now, last_updated=now), past_due=False, zone=self._plan.zone
        )
        run = asyncio.create_task(
            self._calls.run(function, payload, reason="This function was programmatically called via the host APIs.")
        )
        self._background.add(run)
        run.add_done_callback(self._background.discard)
        return web.Response(status=202)

    # ---------------------------------------------------------------- Event Grid

    async def _event_grid(self, request: web.BaseRequest) -> web.StreamResponse:
        given = _given_key(request)
        if not keys.is_one_of(given, self._keys.event_grid, self._keys.master):
            return web.Response(status=403 if keys.is_one_of(given, self._keys.function) else 401)
        name = request.query.get("functionName", "")
        function = self._plan.functions.get(name.lower())
        is_meant = function is not None and function.name == name and function.trigger["type"] == "eventGridTrigger"
        if function is None or not is_meant or function.name in self._plan.disabled:
            return web.Response(status=404, text=f"cannot find function: '{name}'")
        origin = request.headers.get("WebHook-Request-Origin", "")
        if request.method == "OPTIONS" and origin:
            return web.Response(status=200, headers={"WebHook-Allowed-Origin": origin})
        kind = request.headers.get("aeg-event-type", "").lower()
        if kind == "unsubscribe":
            return web.Response(status=202)
        if request.method != "POST" or kind not in ("subscriptionvalidation", "notification"):
            return web.Response(status=400)
        try:
            content = json.loads(await request.read())
        except ValueError as error:
            return web.Response(status=500, text=repr(error))
        try:
            if kind == "subscriptionvalidation":
                return web.json_response({"validationResponse": _validation_code(content)})
            events = content if isinstance(content, list) else [content]
            wanted = [payloads.event(event) for event in events]
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            return web.Response(status=400, text=repr(error))
        outcomes = await asyncio.gather(*(self._calls.run(function, p, reason="EventGrid trigger") for p in wanted))
        errors = [outcome.error for outcome in outcomes if not outcome.ok]
        return web.Response(status=500, text=errors[0]) if errors else web.Response(status=202)


def _given_key(request: web.BaseRequest) -> str:
    return request.headers.get("x-functions-key") or request.query.get("code", "")


def _path(request: web.BaseRequest) -> str:
    return resolved(request.rel_url.raw_path)


async def _read_body(request: web.BaseRequest) -> bytes:
    """The body, empty without a Content-Length (as through the real host)."""
    return await request.content.read(-1) if request.content_length else b""


def _http_payload(request: web.BaseRequest, values: Mapping[str, str], body: bytes) -> Payload:
    query = request.raw_path[len(request.rel_url.raw_path) :]
    return payloads.http(
        method=request.method,
        url=f"{request.scheme}://{request.host}{_path(request)}{query}",
        headers=request.headers.items(),
        query=request.query.items(),
        route_values=values,
        body=body,
    )


def _response(answer: payloads.HttpAnswer) -> web.Response:
    # An app's own length contradicts Kestrel's, and a header must be ASCII: 500, empty (measured).
    if "content-length" in map(str.lower, answer.headers) or not str(answer.headers).isascii():
        return web.Response(status=500)
    headers: CIMultiDict[str] = CIMultiDict()
    for name, value in answer.headers.items():
        if name.lower() not in _FRAMING:
            headers.add(name, value)
    for cookie in answer.cookies:
        headers.add("Set-Cookie", cookie)
    return web.Response(status=answer.status, headers=headers, body=answer.body)


def _described(function: Function) -> dict[str, Any]:
    return {"name": function.name, "config": {"bindings": list(function.bindings)}, "language": "python"}


def _validation_code(content: Any) -> str:
    """From an Event Grid array or from a CloudEvent object, whose data may be JSON in a string."""
    event = content[0] if isinstance(content, list) else content
    details = event["data"]
    return str((json.loads(details) if isinstance(details, str) else details)["validationCode"])

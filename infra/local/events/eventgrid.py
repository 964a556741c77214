"""An Event Grid topic (CloudEvents schema) that records what it is sent, and can refuse it; and the topic of
Azure's resources, fed by the simulator. Both deliver to subscribers (delivery.py).

    POST /api/events       what a publisher calls: bearer token or aeg-sas-key
    POST /resources        an array of events in Event Grid's own schema, from the simulator: aeg-sas-key
    GET  /_topic/events    what was taken, oldest first: [{"received_at", "event"}]; ?type= and ?after=N select
    PUT  /_topic/mode      {"refuse": 503, "for": 3, "retry_after": 10}; {} ends it
    GET  /_topic/subscriptions          who gets events, with how many were delivered and how many wait
    PUT  /_topic/subscriptions/<name>   {"endpoint": URL or "queue:<name>", "source": "custom" or "resources", "schema",
                                        "types", "operations", "retry_seconds", "max_attempts"}; 400 when the endpoint
                                        is not validated
    DELETE /_topic/subscriptions/<name>

`python -m infra.local.events.eventgrid --port N --cert FILE --key FILE --events FILE`, the access key in EVENTGRID_KEY,
the storage account of subscribers that are queues in EVENTGRID_STORAGE.
"""

from __future__ import annotations

import argparse
import base64
import hmac
import json
import os
import ssl
import sys
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from .delivery import Deliveries, NotValidated, Subscription

AUDIENCE = "https://eventgrid.azure.net"
SIZE_LIMIT = 1024 * 1024
_SINGLE = "application/cloudevents+json"
_BATCH = "application/cloudevents-batch+json"
_REQUIRED = ("id", "source", "type", "specversion")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """What becomes of the next requests: answered `refuse` (for `remaining` more, None = until changed)."""

    refuse: int | None = None
    remaining: int | None = None
    retry_after: int | None = None

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Mode:
        """Raises ValueError for an unknown or senseless field."""
        strange = sorted(set(content) - {"refuse", "for", "retry_after"})
        if strange:
            raise ValueError(f"unknown: {', '.join(strange)}")
        mode = cls(
            refuse=_optional(int, content.get("refuse")),
            remaining=_optional(int, content.get("for")),
            retry_after=_optional(int, content.get("retry_after")),
        )
        if mode.refuse is not None and not 400 <= mode.refuse <= 599:
            raise ValueError("refuse must be a status from 400 to 599")
        return mode

    def after_one(self) -> Mode:
        """The mode for the request after this one."""
        if self.remaining is None:
            return self
        return Mode() if self.remaining <= 1 else replace(self, remaining=self.remaining - 1)


class Refused(Exception):
    """The topic does not take the request: `status` and Event Grid's error `code`."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Topic:
    """The events taken so far, kept in a file of JSON lines, and the present mode."""

    def __init__(self, events: Path, *, key: str, deliveries: Deliveries) -> None:
        self._path = events
        self._key = key
        self._mode = Mode()
        self._deliveries = deliveries
        self._taken = [json.loads(line) for line in events.read_text().splitlines()] if events.is_file() else []

    def application(self) -> web.Application:
        app = web.Application(client_max_size=2 * SIZE_LIMIT)
        app.router.add_post("/api/events", self._publish)
        app.router.add_get("/_topic/events", self._list)
        app.router.add_put("/_topic/mode", self._set_mode)
        app.router.add_post("/resources", self._take_resource_events)
        app.router.add_get("/_topic/subscriptions", self._list_subscriptions)
        app.router.add_put("/_topic/subscriptions/{name}", self._subscribe)
        app.router.add_delete("/_topic/subscriptions/{name}", self._unsubscribe)
        app.cleanup_ctx.append(self._delivering)
        return app

    async def _delivering(self, _: web.Application) -> AsyncIterator[None]:
        await self._deliveries.open()
        yield
        await self._deliveries.close()

    async def _publish(self, request: web.Request) -> web.Response:
        mode, self._mode = self._mode, self._mode.after_one()
        try:
            if mode.refuse is not None:
                raise Refused(mode.refuse, _CODES.get(mode.refuse, "Refused"), "This topic was told to refuse.")
            self._authorize(request.headers)
            events = _events(request.content_type, await _limited_body(request))
            self._keep(events)
            self._deliveries.offer("custom", events)
        except Refused as refusal:
            return _error_answer(refusal, mode.retry_after)
        return web.Response(status=200)

    async def _take_resource_events(self, request: web.Request) -> web.Response:
        if not hmac.compare_digest(request.headers.get("aeg-sas-key", "").encode(), self._key.encode()):
            return web.Response(status=401)
        self._deliveries.offer("resources", await request.json())
        return web.Response(status=200)

    def _authorize(self, headers: Mapping[str, str]) -> None:
        key = headers.get("aeg-sas-key")
        if key is not None and hmac.compare_digest(key.encode(), self._key.encode()):
            return
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise Refused(401, "Unauthorized", "Request must contain one of the following: aeg-sas-key, Authorization.")
        claims = _claims(token)
        if str(claims.get("aud", "")).rstrip("/") != AUDIENCE:
            raise Refused(401, "Unauthorized", f"The token is not for {AUDIENCE}.")
        if float(claims.get("exp", 0)) <= time.time():
            raise Refused(401, "Unauthorized", "The token has expired.")

    def _keep(self, events: list[dict[str, Any]]) -> None:
        received = datetime.now(UTC).isoformat()
        records = [{"received_at": received, "event": event} for event in events]
        with self._path.open("a") as file:
            file.writelines(json.dumps(record) + "\n" for record in records)
        self._taken += records

    async def _list(self, request: web.Request) -> web.Response:
        wanted, after = request.query.get("type"), int(request.query.get("after", "0"))
        chosen = [r for r in self._taken[after:] if wanted is None or r["event"]["type"] == wanted]
        return web.json_response(chosen)

    async def _set_mode(self, request: web.Request) -> web.Response:
        try:
            self._mode = Mode.from_json(await request.json())
        except (ValueError, TypeError, AttributeError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({})

    async def _list_subscriptions(self, _: web.Request) -> web.Response:
        return web.json_response(self._deliveries.as_json())

    async def _subscribe(self, request: web.Request) -> web.Response:
        try:
            await self._deliveries.subscribe(Subscription.from_json(request.match_info["name"], await request.json()))
        except (NotValidated, ValueError, KeyError, TypeError, AttributeError) as error:
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)
        return web.json_response({}, status=200)

    async def _unsubscribe(self, request: web.Request) -> web.Response:
        return web.Response(status=200 if await self._deliveries.unsubscribe(request.match_info["name"]) else 204)


_CODES = {401: "Unauthorized", 403: "Forbidden", 413: "PayloadTooLarge", 429: "TooManyRequests",
          500: "InternalServerError", 503: "ServiceUnavailable"}  # fmt: skip


async def _limited_body(request: web.Request) -> bytes:
    if (request.content_length or 0) > SIZE_LIMIT:
        raise Refused(413, "PayloadTooLarge", "The maximum size (1048576) has been exceeded.")
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        body = b" " * (SIZE_LIMIT + 1)
    if len(body) > SIZE_LIMIT:
        raise Refused(413, "PayloadTooLarge", "The maximum size (1048576) has been exceeded.")
    return body


def _events(content_type: str, body: bytes) -> list[dict[str, Any]]:
    if content_type not in (_SINGLE, _BATCH):
        raise Refused(415, "UnsupportedMediaType", f"Content-Type must be {_SINGLE} or {_BATCH}, not {content_type}.")
    try:
        content = json.loads(body)
    except ValueError as error:
        raise Refused(400, "BadRequest", "The request body is not JSON.") from error
    if isinstance(content, list) != (content_type == _BATCH):
        raise Refused(400, "BadRequest", f"{_BATCH} carries an array, {_SINGLE} one event.")
    events = content if isinstance(content, list) else [content]
    for event in events:
        _check(event)
    return events


def _check(event: Any) -> None:
    if not isinstance(event, dict):
        raise Refused(400, "BadRequest", "An event must be a JSON object.")
    missing = [name for name in _REQUIRED if not isinstance(event.get(name), str) or not event[name]]
    if missing:
        raise Refused(400, "BadRequest", f"This resource is configured for CloudEvents; missing: {', '.join(missing)}.")
    if event["specversion"] != "1.0":
        raise Refused(400, "BadRequest", f"The specversion '{event['specversion']}' is not supported.")


def _claims(token: str) -> Mapping[str, Any]:
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError) as error:
        raise Refused(401, "Unauthorized", "The bearer token is no JWT.") from error
    return claims if isinstance(claims, dict) else {}


def _error_answer(refusal: Refused, retry_after: int | None) -> web.Response:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    error = {
        "code": refusal.code,
        "message": str(refusal),
        "details": [{"code": refusal.code, "message": str(refusal)}],
    }
    return web.json_response({"error": error}, status=refusal.status, headers=headers)


def _optional(kind: type[int], value: Any) -> int | None:
    return None if value is None else kind(value)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.events.eventgrid", description=__doc__.split("\n\n")[0]
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--cert", type=Path, required=True)
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("--events", type=Path, required=True)
    parser.add_argument("--ca", type=Path, help="certificate authority that subscribers' endpoints are trusted by")
    arguments = parser.parse_args()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(arguments.cert, arguments.key)
    deliveries = Deliveries(authority=arguments.ca, storage=os.environ.get("EVENTGRID_STORAGE", ""))
    topic = Topic(arguments.events, key=os.environ["EVENTGRID_KEY"], deliveries=deliveries)
    ready = f"eventgrid ready https://127.0.0.1:{arguments.port}"
    web.run_app(
        topic.application(),
        host="127.0.0.1",
        port=arguments.port,
        ssl_context=context,
        access_log=None,
        print=lambda _: print(ready, flush=True),
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Subscriptions of the local topic: webhooks are validated, then get each event at least once, in no order to rely on.

As Event Grid does it (documented): a webhook proves that it wants the events before it gets any, by an echo of a code
(Event Grid's schema) or by answering OPTIONS (CloudEvents); what it does not take is sent again, ever later; what it
refuses for good (400, 401, 413), or never took, is given up. A storage queue gets one event a message, in base64, and
needs no proof. Waits are seconds here instead of up to hours, plain http is let pass on this machine, and what waits is
lost with this process: Event Grid's is not.

Leaves to others: taking events in (eventgrid.py).
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import secrets
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from infra.local.host.storage import Storage, StorageError, parse_connection_string

GRID, CLOUD = "EventGridSchema", "CloudEventSchemaV1_0"
ORIGIN = "eventgrid.azure.net"
_HOPELESS = frozenset({400, 401, 413})
_AT_ONCE = 8  # deliveries of one subscription
_QUEUE = "queue:"
_TIMEOUT = aiohttp.ClientTimeout(total=30)  # Event Grid waits as long for an answer (documented)
_VALIDATION = "Microsoft.EventGrid.SubscriptionValidationEvent"
_DEFAULT_WAITS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)

Event = Mapping[str, Any]


class NotValidated(Exception):
    """The endpoint did not prove that it wants to be subscribed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Who gets which events. `endpoint` is a webhook's URL, or `queue:<name>` in the storage. `source` names the topic:
    `custom` or `resources`. Empty `types` and `operations` (`data.operationName`) narrow nothing. `retry_seconds` are
    the waits before each further try, the last one repeated.
    """

    name: str
    endpoint: str
    source: str
    schema: str
    types: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    retry_seconds: tuple[float, ...] = _DEFAULT_WAITS
    max_attempts: int = 30

    @classmethod
    def from_json(cls, name: str, content: Mapping[str, Any]) -> Subscription:
        """Raises ValueError, KeyError or TypeError for what makes no sense."""
        endpoint, source = str(content["endpoint"]), str(content["source"])
        parts = urlsplit(endpoint)
        if endpoint.startswith(_QUEUE):
            parts = parts._replace(scheme="https")
        if parts.scheme != "https" and (parts.scheme, parts.hostname) != ("http", "127.0.0.1"):
            raise ValueError("endpoint must be https, http on 127.0.0.1, or queue:<name>")
        if source not in ("custom", "resources"):
            raise ValueError("source must be custom or resources")
        schema = str(content.get("schema", CLOUD if source == "custom" else GRID))
        if schema not in ((CLOUD,) if source == "custom" else (GRID, CLOUD)):
            raise ValueError(f"a {source} topic does not deliver {schema}")
        waits = tuple(float(each) for each in content.get("retry_seconds", _DEFAULT_WAITS))
        if not waits or min(waits) < 0:
            raise ValueError("retry_seconds must hold waits in seconds")
        return cls(
            name=name,
            endpoint=endpoint,
            source=source,
            schema=schema,
            types=tuple(map(str, content.get("types", ()))),
            operations=tuple(str(each).lower() for each in content.get("operations", ())),
            retry_seconds=waits,
            max_attempts=int(content.get("max_attempts", 30)),
        )

    def wants(self, event: Event) -> bool:
        details = event.get("data")
        operation = details.get("operationName", "") if isinstance(details, Mapping) else ""
        kind = event.get("type", event.get("eventType"))
        return (not self.types or kind in self.types) and (
            not self.operations or str(operation).lower() in self.operations
        )

    def as_json(self) -> dict[str, Any]:
        """Without the query of the endpoint, which holds its key."""
        return {
            "name": self.name,
            "endpoint": self.endpoint.partition("?")[0],
            "source": self.source,
            "schema": self.schema,
            "types": list(self.types),
            "operations": list(self.operations),
        }


class Deliveries:
    """All subscriptions and what is on its way to them."""

    def __init__(self, *, authority: Path | None = None, storage: str = "") -> None:
        self._authority = authority
        self._connection_string = storage
        self._session: aiohttp.ClientSession | None = None
        self._subscribers: dict[str, _Subscriber] = {}

    async def open(self) -> None:
        context = ssl.create_default_context(cafile=str(self._authority)) if self._authority else None
        connector = aiohttp.TCPConnector(ssl=context) if context else None
        self._session = aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT, trust_env=False)

    async def close(self) -> None:
        for name in list(self._subscribers):
            await self.unsubscribe(name)
        if self._session is not None:
            await self._session.close()

    async def subscribe(self, wanted: Subscription) -> None:
        """Replace the subscription of that name, once its endpoint is validated. Raises NotValidated."""
        assert self._session is not None, "opened with the application"
        send: _Send
        if wanted.endpoint.startswith(_QUEUE):
            send = await self._into_queue(self._session, wanted.endpoint.removeprefix(_QUEUE))
        else:
            await validate(self._session, wanted)
            send = partial(_to_webhook, self._session)
        await self.unsubscribe(wanted.name)
        self._subscribers[wanted.name] = _Subscriber(wanted, send)

    async def _into_queue(self, session: aiohttp.ClientSession, queue: str) -> _Send:
        """Raises NotValidated when there is no storage, or no such queue in it can be made."""
        if not self._connection_string:
            raise NotValidated("there is no storage account to deliver into")
        storage = Storage(parse_connection_string(self._connection_string), session)
        try:
            await storage.create_queue(queue)
        except StorageError as error:
            raise NotValidated(str(error)) from error

        async def send(subscription: Subscription, delivery: _Delivery) -> int:
            text = json.dumps(_shaped(subscription, delivery.event))
            try:
                await storage.put_message(queue, base64.b64encode(text.encode()).decode())
            except StorageError as error:
                delivery.last_error = str(error)
                return error.status
            return 200

        return send

    async def unsubscribe(self, name: str) -> bool:
        subscriber = self._subscribers.pop(name, None)
        if subscriber is not None:
            await subscriber.close()
        return subscriber is not None

    def offer(self, source: str, events: Sequence[Event]) -> None:
        """Have events delivered to whoever subscribed to them."""
        for subscriber in self._subscribers.values():
            for event in events:
                if subscriber.subscription.source == source and subscriber.subscription.wants(event):
                    subscriber.add(event)

    def as_json(self) -> list[dict[str, Any]]:
        return [{**each.subscription.as_json(), **each.counts()} for each in self._subscribers.values()]


@dataclass(slots=True)
class _Delivery:
    event: Event
    attempts: int = 0
    last_error: str = ""


_Send = Callable[[Subscription, _Delivery], Awaitable[int]]  # answers an HTTP status


class _Subscriber:
    """One subscription with what is on its way to it."""

    def __init__(self, subscription: Subscription, send: _Send) -> None:
        self.subscription = subscription
        self._send = send
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._under_way: set[asyncio.Task[None]] = set()
        self._delivered = self._waiting = 0

    def add(self, event: Event) -> None:
        self._waiting += 1
        task = asyncio.create_task(self._deliver(_Delivery(event)))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    def counts(self) -> dict[str, int]:
        return {"delivered": self._delivered, "waiting": self._waiting}

    async def close(self) -> None:
        tasks = list(self._under_way)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _deliver(self, delivery: _Delivery) -> None:
        """Until it is taken, refused for good, or was tried as often as is allowed."""
        waits = self.subscription.retry_seconds
        while delivery.attempts < self.subscription.max_attempts:
            if delivery.attempts:
                await asyncio.sleep(waits[min(delivery.attempts, len(waits)) - 1])
            status = await self._try(delivery)
            if 200 <= status < 300:
                self._delivered += 1
                self._waiting -= 1
                return
            if status in _HOPELESS:
                break
        self._waiting -= 1
        logging.warning("event.dead subscription=%s %s", self.subscription.name, delivery.last_error)

    async def _try(self, delivery: _Delivery) -> int:
        """The status that it was answered with; 0 when nobody answered."""
        delivery.attempts += 1
        try:
            async with self._room:
                return await self._send(self.subscription, delivery)
        except (aiohttp.ClientError, TimeoutError) as error:
            delivery.last_error = repr(error)
            return 0


async def _to_webhook(session: aiohttp.ClientSession, subscription: Subscription, delivery: _Delivery) -> int:
    headers = {
        "aeg-event-type": "Notification",
        "aeg-subscription-name": subscription.name.upper(),
        "aeg-delivery-count": str(delivery.attempts - 1),
    }
    body = _shaped(subscription, delivery.event)
    if subscription.schema == CLOUD:
        headers |= {"Content-Type": "application/cloudevents+json; charset=utf-8"}
    else:
        headers |= {"Content-Type": "application/json; charset=utf-8", "aeg-data-version": "2"}
        body = [body]
    async with session.post(subscription.endpoint, data=json.dumps(body), headers=headers) as answer:
        if answer.status >= 300:
            delivery.last_error = f"{answer.status} {(await answer.text())[:500]}"
        return answer.status


def _shaped(subscription: Subscription, event: Event) -> Any:
    return as_cloud_event(event) if subscription.schema == CLOUD else event


def as_cloud_event(event: Event) -> Event:
    """An event of Event Grid's own schema as a CloudEvent (documented mapping); a CloudEvent as it is."""
    if "specversion" in event:
        return event
    return {
        "specversion": "1.0",
        "id": event["id"],
        "source": event["topic"],
        "subject": event["subject"],
        "type": event["eventType"],
        "time": event["eventTime"],
        "data": event["data"],
    }


async def validate(session: aiohttp.ClientSession, wanted: Subscription) -> None:
    """The handshake of the subscription's schema. Raises NotValidated with what the endpoint answered."""
    try:
        if wanted.schema == CLOUD:
            await _ask_permission(session, wanted)
        else:
            await _ask_for_echo(session, wanted)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise NotValidated(f"the endpoint does not answer: {error!r}") from error


async def _ask_permission(session: aiohttp.ClientSession, wanted: Subscription) -> None:
    """CloudEvents' abuse protection: OPTIONS names who wants to send; the answer names who may."""
    headers = {"WebHook-Request-Origin": ORIGIN, "WebHook-Request-Rate": "120"}
    async with session.options(wanted.endpoint, headers=headers) as answer:
        allowed = answer.headers.get("WebHook-Allowed-Origin", "")
        if answer.status != 200 or allowed not in (ORIGIN, "*"):
            raise NotValidated(f"OPTIONS: {answer.status}, WebHook-Allowed-Origin: {allowed or 'none'}")


async def _ask_for_echo(session: aiohttp.ClientSession, wanted: Subscription) -> None:
    code = secrets.token_hex(16)
    event = {
        "id": secrets.token_hex(8),
        "topic": f"local/{wanted.source}",
        "subject": "",
        "data": {"validationCode": code},
        "eventType": _VALIDATION,
        "eventTime": datetime.now(UTC).isoformat(),
        "metadataVersion": "1",
        "dataVersion": "2",
    }
    headers = {"aeg-event-type": "SubscriptionValidation", "Content-Type": "application/json; charset=utf-8"}
    async with session.post(wanted.endpoint, data=json.dumps([event]), headers=headers) as answer:
        text = await answer.text()
        try:
            echoed = json.loads(text).get("validationResponse") if answer.status == 200 else None
        except (ValueError, AttributeError):
            echoed = None
        if echoed != code:
            raise NotValidated(f"the validation was answered {answer.status}: {text[:500]}")

"""Deliveries of the local topic: who may subscribe, that everything arrives, and what becomes of what nobody takes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from infra.local.events.delivery import (
    CLOUD,
    GRID,
    ORIGIN,
    Deliveries,
    NotValidated,
    Subscription,
)
from tests.local.conftest import until

KEY = "the key of this test"


@dataclass(slots=True)
class Hook:
    """A subscriber: what it got, and the statuses that it answers in turn (then 200)."""

    answers: list[int] = field(default_factory=list)
    echo: Callable[[str], Any] = lambda code: {"validationResponse": code}
    allowed: str | None = ORIGIN
    got: list[tuple[dict[str, str], Any]] = field(default_factory=list)
    options: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    @property
    def ids(self) -> list[str]:
        return [(body[0] if isinstance(body, list) else body)["id"] for _, body in self.got]

    async def answer(self, request: web.Request) -> web.Response:
        if request.method == "OPTIONS":
            self.options.append(dict(request.headers))
            return web.Response(headers={} if self.allowed is None else {"WebHook-Allowed-Origin": self.allowed})
        body = await request.json()
        if request.headers["aeg-event-type"] == "SubscriptionValidation":
            return web.json_response(self.echo(body[0]["data"]["validationCode"]))
        self.got.append((dict(request.headers), body))
        return web.Response(status=self.answers.pop(0) if self.answers else 200)


@asynccontextmanager
async def listening(hook: Hook) -> AsyncIterator[Hook]:
    app = web.Application()
    app.router.add_route("*", "/hook", hook.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook?code=secret"
    try:
        yield hook
    finally:
        await runner.cleanup()


def wanted(hook: Hook, **changes: Any) -> Subscription:
    values = {"endpoint": hook.url, "source": "resources", "schema": GRID, "retry_seconds": [0.01], "max_attempts": 3}
    return Subscription.from_json("test", values | changes)


def grid(number: int = 1, operation: str = "Microsoft.Compute/disks/write") -> dict[str, Any]:
    return {
        "id": str(number),
        "topic": "/subscriptions/s",
        "subject": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/disks/d",
        "eventType": "Microsoft.Resources.ResourceWriteSuccess",
        "eventTime": "2026-01-01T00:00:00Z",
        "dataVersion": "2",
        "data": {"operationName": operation},
    }


def cloud(number: int = 1, kind: str = "DiskBackup.Job.Failed") -> dict[str, Any]:
    return {"id": str(number), "source": "/s", "type": kind, "specversion": "1.0", "data": {"n": number}}


def run(act: Callable[[Deliveries, Hook], Awaitable[None]], hook: Hook | None = None) -> None:
    async def whole() -> None:
        deliveries = Deliveries()
        await deliveries.open()
        try:
            async with listening(hook or Hook()) as heard:
                await act(deliveries, heard)
        finally:
            await deliveries.close()

    asyncio.run(whole())


# ---------------------------------------------------------------- who is let subscribe


def test_an_endpoint_that_echoes_the_code_is_subscribed_and_gets_events_in_an_array() -> None:
    async def act(deliveries: Deliveries, hook: Hook) -> None:
        await deliveries.subscribe(wanted(hook))
        deliveries.offer("resources", [grid()])
        await until(lambda: bool(hook.got))
        ((headers, body),) = hook.got
        assert body == [grid()]
        assert headers["aeg-event-type"] == "Notification"
        assert (headers["aeg-subscription-name"], headers["aeg-delivery-count"]) == ("TEST", "0")

    run(act)


@pytest.mark.parametrize("echo", [lambda _: {"validationResponse": "guessed"}, lambda _: {}, lambda _: ["code"]])
def test_an_endpoint_that_does_not_echo_the_code_is_not(echo: Callable[[str], Any]) -> None:
    async def act(deliveries: Deliveries, hook: Hook) -> None:
        with pytest.raises(NotValidated):
            await deliveries.subscribe(wanted(hook))
        deliveries.offer("resources", [grid()])
        await asyncio.sleep(0.05)
        assert (hook.got, deliveries.as_json()) == ([], [])

    run(act, Hook(echo=echo))


@pytest.mark.parametrize(("allowed", "is_let"), [(ORIGIN, True), ("*", True), ("example.com", False), (None, False)])
def test_a_webhook_for_cloud_events_is_asked_by_options(allowed: str | None, is_let: bool) -> None:
    async def act(deliveries: Deliveries, hook: Hook) -> None:
        subscription = wanted(hook, source="custom", schema=CLOUD)
        if not is_let:
            with pytest.raises(NotValidated):
                await deliveries.subscribe(subscription)
            return
        await deliveries.subscribe(subscription)
        assert hook.options[0]["WebHook-Request-Origin"] == ORIGIN
        deliveries.offer("custom", [cloud()])
        await until(lambda: bool(hook.got))
        ((headers, body),) = hook.got
        assert body == cloud()
        assert headers["Content-Type"].startswith("application/cloudevents+json")

    run(act, Hook(allowed=allowed))


def test_an_endpoint_that_does_not_answer_is_not_subscribed() -> None:
    async def act(deliveries: Deliveries, hook: Hook) -> None:
        hook.url = "http://127.0.0.1:9/hook"
        with pytest.raises(NotValidated):
            await deliveries.subscribe(wanted(hook))

    run(act)


def test_a_queue_needs_a_storage_account() -> None:
    async def act(deliveries: Deliveries, hook: Hook) -> None:
        with pytest.raises(NotValidated):
            await deliveries.subscribe(wanted(hook, endpoint="queue:events"))

    run(act)


@pytest.mark.parametrize(
    "change",
    [
        {"endpoint": "http://example.com/hook"},
        {"endpoint": "ftp://127.0.0.1/hook"},
        {"source": "moon"},
        {"source": "custom", "schema": GRID},
        {"schema": "InputSchema"},
        {"retry_seconds": []},
        {"retry_seconds": [-1]},
        {"max_attempts": "many"},
    ],
)
def test_a_senseless_subscription_is_refused(change: dict[str, Any]) -> None:
    values = {"endpoint": "http://127.0.0.1:1/hook", "source": "resources"} | change
    with pytest.raises(ValueError):  # noqa: PT011 - each of them says something else
        Subscription.from_json("test", values)


def test_a_subscription_without_its_endpoint_is_refused() -> None:
    with pytest.raises(KeyError):
        Subscription.from_json("test", {"source": "custom"})


def test_what_is_listed_of_a_subscription_holds_no_key() -> None:
    async def act(deliveries: Deliveries, hook: Hook) -> None:
        await deliveries.subscribe(wanted(hook))
        assert "secret" in hook.url
        assert "secret" not in json.dumps(deliveries.as_json())

    run(act)


# ---------------------------------------------------------------- who gets what


def test_each_subscriber_gets_the_events_of_its_topic_types_and_operations() -> None:
    async def act(deliveries: Deliveries, hook: Hook) -> None:
        await deliveries.subscribe(
            wanted(
                hook,
                types=["Microsoft.Resources.ResourceWriteSuccess"],
                operations=["microsoft.compute/DISKS/write"],
            )
        )
        deliveries.offer("custom", [cloud(1)])
        deliveries.offer(
            "resources",
            [
                grid(2, "Microsoft.Compute/snapshots/write"),
                {**grid(3), "eventType": "Microsoft.Resources.ResourceActionSuccess"},
                {**grid(4), "data": None},
                grid(5),
            ],
        )
        await until(lambda: bool(hook.got))
        await asyncio.sleep(0.05)
        assert hook.ids == ["5"]

    run(act)


def test_events_of_azures_resources_can_be_had_as_cloud_events() -> None:
    async def act(deliveries: Deliveries, hook: Hook) -> None:
        await deliveries.subscribe(wanted(hook, schema=CLOUD))
        deliveries.offer("resources", [grid()])
        await until(lambda: bool(hook.got))
        told = hook.got[0][1]
        assert (told["specversion"], told["type"]) == ("1.0", grid()["eventType"])
        assert (told["subject"], told["source"]) == (grid()["subject"], grid()["topic"])

    run(act)


def test_who_unsubscribed_gets_no_more() -> None:
    async def act(deliveries: Deliveries, hook: Hook) -> None:
        await deliveries.subscribe(wanted(hook))
        assert await deliveries.unsubscribe("test")
        assert not await deliveries.unsubscribe("test")
        deliveries.offer("resources", [grid()])
        await asyncio.sleep(0.05)
        assert hook.got == []

    run(act)


# ---------------------------------------------------------------- at least once


def test_what_is_not_taken_is_sent_again_with_its_count() -> None:
    async def act(deliveries: Deliveries, hook: Hook) -> None:
        await deliveries.subscribe(wanted(hook))
        deliveries.offer("resources", [grid()])
        await until(lambda: len(hook.got) == 3)
        assert [headers["aeg-delivery-count"] for headers, _ in hook.got] == ["0", "1", "2"]
        await until(lambda: deliveries.as_json()[0]["delivered"] == 1)

    run(act, Hook(answers=[503, 429]))


def test_a_subscriber_that_was_away_gets_everything() -> None:
    async def act(deliveries: Deliveries, hook: Hook) -> None:
        await deliveries.subscribe(wanted(hook, max_attempts=100))
        hook.answers = [503] * 150
        deliveries.offer("resources", [grid(number) for number in range(50)])
        await until(lambda: deliveries.as_json()[0]["delivered"] == 50)
        assert set(hook.ids) == {str(number) for number in range(50)}
        assert deliveries.as_json()[0]["waiting"] == 0

    run(act)


def test_the_waits_grow_as_they_were_asked_for() -> None:
    async def act(deliveries: Deliveries, hook: Hook) -> None:
        await deliveries.subscribe(wanted(hook, retry_seconds=[0.01, 1]))
        deliveries.offer("resources", [grid()])
        loop = asyncio.get_running_loop()
        times = []
        for count in (1, 2, 3):
            await until(lambda count=count: len(hook.got) == count)  # type: ignore[misc]
            times.append(loop.time())
        assert times[1] - times[0] < 0.9 < times[2] - times[1]

    run(act, Hook(answers=[500, 500]))


@pytest.mark.parametrize(("answers", "tries"), [([400], 1), ([401], 1), ([413], 1), ([503] * 9, 3)])
def test_what_is_refused_for_good_or_too_often_is_given_up(answers: list[int], tries: int) -> None:
    async def act(deliveries: Deliveries, hook: Hook) -> None:
        await deliveries.subscribe(wanted(hook))
        deliveries.offer("resources", [grid()])
        await until(lambda: deliveries.as_json()[0]["waiting"] == 0)
        assert (len(hook.got), deliveries.as_json()[0]["delivered"]) == (tries, 0)

    run(act, Hook(answers=answers))


def test_one_event_that_is_refused_holds_up_no_other() -> None:
    async def act(deliveries: Deliveries, hook: Hook) -> None:
        await deliveries.subscribe(wanted(hook, retry_seconds=[5]))
        deliveries.offer("resources", [grid(number) for number in range(10)])
        await until(lambda: deliveries.as_json()[0]["delivered"] == 9)
        assert deliveries.as_json()[0]["waiting"] == 1

    run(act, Hook(answers=[503]))

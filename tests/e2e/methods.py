"""The official client, sync and aio, behind one way of calling; every call's time and every pause of it is noted.

Nothing about the client is changed: pollers and retries are at their defaults, the transports are the default ones and
only write down what passes. Also here: which methods the client has, and the walk over them, step by step.
Leaves to others: what is called and what has to come of it (test_every_method.py).
"""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from azure.core.paging import ItemPaged
from azure.core.pipeline.transport import AioHttpTransport, RequestsTransport
from azure.core.polling import AsyncLROPoller, LROPoller
from azure.identity import ClientSecretCredential
from azure.identity.aio import ClientSecretCredential as AsyncClientSecretCredential
from azure.mgmt.dataprotection import DataProtectionMgmtClient
from azure.mgmt.dataprotection.aio import DataProtectionMgmtClient as AsyncDataProtectionMgmtClient

from infra.local.demo.clients import at_front_door
from infra.local.identity.tokens import CONTRIBUTOR, Principal

KINDS = ("sync", "aio")
CALL_SECONDS = 60.0  # after which a call counts as hanging
LONGEST_SLEEP = 2.0  # seconds; a poller that is told no Retry-After sleeps 30


# ---------------------------------------------------------------- what is noted


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """One call of one method, from the first request to the poller's result; all times in seconds."""

    method: str
    seconds: float
    sleeps: tuple[float, ...]


@dataclass(slots=True)
class Journal:
    """What the transport of one client noted; one call runs at a time."""

    calls: list[Called] = field(default_factory=list)
    sleeps: list[float] = field(default_factory=list)
    operation: str = ""  # id of the operation that was begun last

    def note(self, headers: Mapping[str, str]) -> None:
        url = headers.get("Azure-AsyncOperation")
        if url:
            self.operation = url.partition("?")[0].rsplit("/", 1)[1]

    @contextmanager
    def timed(self, method: str) -> Iterator[None]:
        before, started = len(self.sleeps), time.monotonic()
        try:
            yield
        finally:
            seconds = time.monotonic() - started
            self.calls.append(Called(method=method, seconds=seconds, sleeps=tuple(self.sleeps[before:])))


class NotedTransport(RequestsTransport):  # type: ignore[misc]  # azure-core hides its type
    def __init__(self, journal: Journal, **options: Any) -> None:
        super().__init__(**options)
        self._journal = journal

    def send(self, request: Any, **options: Any) -> Any:
        response = super().send(request, **options)
        self._journal.note(response.headers)
        return response

    def sleep(self, duration: float) -> None:
        """Where azure-core's pollers and its retries pause, all of them."""
        self._journal.sleeps.append(duration)
        super().sleep(duration)


class NotedAsyncTransport(AioHttpTransport):  # type: ignore[misc]
    def __init__(self, journal: Journal, **options: Any) -> None:
        super().__init__(**options)
        self._journal = journal

    async def send(self, request: Any, **options: Any) -> Any:
        response = await super().send(request, **options)
        self._journal.note(response.headers)
        return response

    async def sleep(self, duration: float) -> None:
        self._journal.sleeps.append(duration)
        await super().sleep(duration)


# ---------------------------------------------------------------- the clients


class Sdk(Protocol):
    """`sdk("backup_vaults.get", group, name)`: the result, the poller's result, or the whole list."""

    journal: Journal

    def __call__(self, method: str, *arguments: Any, **options: Any) -> Any: ...

    def close(self) -> None: ...


def open_sdk(kind: str, endpoints: Mapping[str, Any]) -> Sdk:
    """A client of one of KINDS at the front door, signed in as a contributor."""
    return SyncSdk(endpoints) if kind == "sync" else AsyncSdk(endpoints)


class SyncSdk:
    def __init__(self, endpoints: Mapping[str, Any]) -> None:
        self.journal = Journal()
        transport = NotedTransport(self.journal, connection_verify=endpoints["ca_file"])
        self._client = DataProtectionMgmtClient(
            credential(ClientSecretCredential, endpoints),
            endpoints["subscription_id"],
            transport=transport,
            **at_front_door(endpoints),
        )

    def __call__(self, method: str, *arguments: Any, **options: Any) -> Any:
        with self.journal.timed(method):
            return _ended(_named(self._client, method)(*arguments, **options))

    def close(self) -> None:
        self._client.close()


def _ended(result: Any) -> Any:
    if isinstance(result, LROPoller):
        return result.result()
    return list(result) if isinstance(result, ItemPaged) else result


class AsyncSdk:
    """The client lives in an event loop of its own thread, so that the walk is the same for both kinds."""

    def __init__(self, endpoints: Mapping[str, Any]) -> None:
        self.journal = Journal()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._credential, self._client = self._run(self._open(endpoints))

    def __call__(self, method: str, *arguments: Any, **options: Any) -> Any:
        with self.journal.timed(method):
            return self._run(_ended_async(lambda: _named(self._client, method)(*arguments, **options)))

    def close(self) -> None:
        for part in (self._client, self._credential):
            self._run(part.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _open(self, endpoints: Mapping[str, Any]) -> tuple[Any, AsyncDataProtectionMgmtClient]:
        signed_in = credential(AsyncClientSecretCredential, endpoints)
        client = AsyncDataProtectionMgmtClient(
            signed_in,
            endpoints["subscription_id"],
            transport=NotedAsyncTransport(self.journal, connection_verify=endpoints["ca_file"]),
            **at_front_door(endpoints),
        )
        return signed_in, client

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(CALL_SECONDS)


async def _ended_async(begin: Callable[[], Any]) -> Any:
    result = begin()
    result = await result if inspect.iscoroutine(result) else result
    if isinstance(result, AsyncLROPoller):
        return await result.result()
    return [each async for each in result] if hasattr(result, "by_page") else result


def credential(kind: type[Any], endpoints: Mapping[str, Any], principal: Principal = CONTRIBUTOR) -> Any:
    return kind(
        endpoints["tenant_id"],
        principal.client_id,
        endpoints[f"{principal.name}_identity_header"],
        authority=endpoints["issuer"],
        disable_instance_discovery=True,
        connection_verify=endpoints["ca_file"],
    )


def _named(client: Any, method: str) -> Any:
    group, name = method.split(".")
    return getattr(getattr(client, group), name)


# ---------------------------------------------------------------- which methods there are


def methods_of(client: Any) -> set[str]:
    """Every public method of every operation group of a client, as `group.method`."""
    groups = {name: value for name, value in vars(client).items() if type(value).__name__.endswith("Operations")}
    return {f"{group}.{name}" for group, value in groups.items() for name in _public_methods(value)}


def _public_methods(group: Any) -> list[str]:
    return [name for name, _ in inspect.getmembers(type(group), inspect.isfunction) if not name.startswith("_")]


def unused_client(kind: str) -> Any:
    """The client as it is installed, to be looked at; it never sends anything."""
    client: Any = DataProtectionMgmtClient if kind == "sync" else AsyncDataProtectionMgmtClient
    return client(_Nobody(), "no-subscription")


class _Nobody:
    def get_token(self, *scopes: str, **options: Any) -> Any:
        raise AssertionError("this client is only looked at")


# ---------------------------------------------------------------- the walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One method called for one purpose. `act(scene, call)` calls it and looks at what came of it."""

    method: str
    act: Callable[..., None]

    def __str__(self) -> str:
        return f"{self.method}-{self.act.__name__}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a step came to: its error, if any, and its calls of the step's method."""

    error: Exception | None
    calls: tuple[Called, ...]


def walk(sdk: Sdk, scene: Any, steps: Sequence[Step]) -> dict[str, Outcome]:
    """Every step in turn, also after one that failed; outcomes by the steps' text."""
    return {str(step): _outcome(sdk, scene, step) for step in steps}


def _outcome(sdk: Sdk, scene: Any, step: Step) -> Outcome:
    before = len(sdk.journal.calls)
    error: Exception | None = None
    try:
        step.act(scene, partial(sdk, step.method))
    except Exception as raised:  # told by the step's own test
        error = raised
    made = tuple(called for called in sdk.journal.calls[before:] if called.method == step.method)
    return Outcome(error=error, calls=made)

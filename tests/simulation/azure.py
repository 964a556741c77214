"""Azure as the hosts of a fleet meet it: storage, Resource Manager with its budgets, and the topic, each in its time.

The state is that of the fakes; each host has ports of its own over it, with a memory and meters of its own, as separate
processes do. Modelled: how long each call takes, how many storage transactions it costs (as the adapters make them),
ARM's buckets and the disk provider's windows with their headers and refusals (those of the local simulator), a host
that dies between any two calls, and clocks that are apart.

Not modelled: a step's calls are made in one go, each at the instant at which it is due, before those of another step
that began a little later; so two steps never meet between two calls (tests/workflows/test_side_by_side.py has that),
and budgets see calls that are less than a second apart out of order. How long calls take is assumed."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial, wraps
from math import ceil
from typing import Any

from backup_core.adapters import entities
from backup_core.adapters.azure_errors import Answer, Call, CallKind, error_for
from backup_core.adapters.compute import LANES
from backup_core.adapters.meters import Meters
from backup_core.domain.errors import Throttled
from backup_core.domain.pacing import News
from backup_core.ports import Memory, Ports, is_asking
from infra.local.arm.buckets import FrontDoor, ProviderPolicies
from infra.local.arm.settings import Settings
from infra.local.arm.wire import ArmError
from tests.fakes import FakeClock, OtherClock, World

PRINCIPAL = "the app"
PAGE, BATCH = 1_000, 100  # rows of a query's page and of a transaction
AT_ONCE = 8  # messages that the adapter sends side by side
TABLE_SECONDS = (0.004, 0.012)
QUEUE_SECONDS = (0.004, 0.012)
TOPIC_SECONDS = (0.02, 0.06)
ARM_SECONDS = {"reads": (0.06, 0.20), "writes": (0.25, 0.60), "deletes": (0.15, 0.40)}
METHODS = {"reads": "GET", "writes": "PUT", "deletes": "DELETE"}
_CALLS = {
    "get_disk": CallKind.GET_DISK,
    "find_disk": CallKind.FIND_DISK,
    "start_snapshot": CallKind.START_SNAPSHOT,
    "start_copy": CallKind.START_COPY,
    "find_snapshot": CallKind.FIND_SNAPSHOT,
    "get_operation": CallKind.GET_OPERATION,
    "delete_snapshot": CallKind.DELETE_SNAPSHOT,
    "list_snapshots": CallKind.LIST_SNAPSHOTS,
    "list_all_snapshots": CallKind.LIST_SNAPSHOTS,
    "list_disks": CallKind.LIST_DISKS,
    "start_disk": CallKind.START_DISK,
    "find_group": CallKind.FIND_GROUP,
    "locks_at": CallKind.READ_LOCKS,
    "permissions_at": CallKind.READ_PERMISSIONS,
    "regions": CallKind.LIST_REGIONS,
    "find_encryption_set": CallKind.FIND_ENCRYPTION_SET,
    "usage": CallKind.READ_USAGE,
    "billed": CallKind.READ_COST,
}


class HostDied(BaseException):
    """The process is gone in the midst of a call: no handler of ours may see it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmCall:
    at: datetime
    kind: CallKind
    subscription: str
    refused: bool


@dataclass(slots=True)
class Azure:
    """What all hosts share. `transactions` counts requests to storage by who made them and what for; `calls` are those
    that reached ARM."""

    world: World
    random: random.Random
    settings: Settings = field(default_factory=Settings)
    transactions: Counter[tuple[str, str]] = field(default_factory=Counter)
    calls: list[ArmCall] = field(default_factory=list)
    _front: FrontDoor = field(default_factory=FrontDoor)
    _provider: ProviderPolicies = field(default_factory=ProviderPolicies)
    _newest: float = 0.0

    @property
    def clock(self) -> FakeClock:
        return self.world.clock

    def seconds(self) -> float:
        return self.clock.now().timestamp()

    def spend(self, seconds: float) -> None:
        self.clock.advance(seconds=seconds)

    def count(self, who: str, what: str, transactions: int = 1) -> None:
        self.transactions[who, what] += transactions

    def admit(self, kind: CallKind, subscription: str, location: str) -> dict[str, str]:
        """The headers of an answer. Raises ArmError when a budget is used up."""
        lane = LANES[kind]
        self._newest = now = max(self._newest, self.seconds())  # the budgets' clock does not go back
        try:
            headers = self._front.admit(
                subscription=subscription,
                principal=PRINCIPAL,
                method=METHODS[lane.front],
                now=now,
                settings=self.settings,
            )
            if lane.policy is not None:
                headers |= self._provider.admit(
                    lane.policy, subscription=subscription, location=location, now=now, settings=self.settings
                )
        except ArmError:
            self.calls.append(ArmCall(at=self.clock.now(), kind=kind, subscription=subscription, refused=True))
            raise
        self.calls.append(ArmCall(at=self.clock.now(), kind=kind, subscription=subscription, refused=False))
        return headers

    def location_of(self, resource_id: str) -> str:
        shown = self.world.cloud.shown(resource_id)
        return str(shown["location"]) if shown is not None else ""


@dataclass(slots=True)
class Process:
    """One process of the app: its ports, and when it dies. Requests are counted as those of the function it `runs`."""

    azure: Azure
    ahead: timedelta = timedelta(0)  # its clock, of the true time
    dies_at: datetime | None = None
    runs: str = "app"
    memory: Memory = field(default_factory=Memory)
    ports: Ports = field(init=False)

    def __post_init__(self) -> None:
        world, azure = self.azure.world, self.azure
        self.ports = replace(
            world.ports,
            clock=OtherClock(azure.clock, self.ahead),
            store=_Port(self, world.store, TABLE_SECONDS, _table_requests),
            queue=_Port(self, world.queue, QUEUE_SECONDS, _queue_requests),
            cloud=_Cloud(self, world.cloud, Meters(clock=azure.seconds)),
            events=_Port(self, world.events, TOPIC_SECONDS, _no_requests),
            audit=_Port(self, world.audit, TABLE_SECONDS, lambda *_: (1, 1)),
            memory=self.memory,
        )

    @contextmanager
    def lasting(self, seconds: float) -> Any:
        """Half of the time passes before the effect, half after it; the process may die in either."""
        self._pass(seconds / 2)
        yield
        self._pass(seconds / 2)

    def _pass(self, seconds: float) -> None:
        self.azure.spend(seconds)
        if self.dies_at is not None and self.azure.clock.now() >= self.dies_at:
            raise HostDied


# Requests that one call of a port makes: how many, and how many of them one after another.
Requests = Callable[[Any, str, Sequence[Any], Any], tuple[int, int]]


class _Port:
    """A port that is a service of storage, or the topic: each call lasts, and is counted."""

    def __init__(self, process: Process, port: Any, seconds: tuple[float, float], requests: Requests) -> None:
        self._process = process
        self._port = port
        self._seconds = seconds
        self._requests = requests

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        @wraps(method)
        def call(*args: Any, **named: Any) -> Any:
            azure = self._process.azure
            before = self._requests(self._port, name, args, None)
            with self._process.lasting(azure.random.uniform(*self._seconds) * before[1]):
                answer = method(*args, **named)
            total, _ = self._requests(self._port, name, args, answer) if name in _BY_ANSWER else before
            azure.count(self._process.runs, f"{self._port.name}.{name}", total)
            return answer

        setattr(self, name, call)
        return call


_BY_ANSWER = {"page", "glance", "vaults", "due", "agenda"}


def _table_requests(store: Any, name: str, args: Sequence[Any], answer: Any) -> tuple[int, int]:
    """As adapters/table_store.py makes them: side by side for several shards."""
    if name in ("schedule", "unschedule"):
        rows = {entities.agenda_address(row) for row in args[0]}
        shards = Counter(address.partition for address in rows)
        batches = sum(ceil(count / BATCH) for count in shards.values())
        absent = 0
        if name == "unschedule":
            absent = sum(each.row not in store._agenda.get(each.partition, {}) for each in rows)
        return batches + absent, max((ceil(count / BATCH) for count in shards.values()), default=0)
    if name in ("due", "agenda"):
        further = 0 if not isinstance(answer, tuple) else len(answer) // PAGE
        return entities.SHARDS + further, 1
    if name in ("page", "vaults"):
        return (1, 1) if answer is None else (max(1, ceil(len(answer.items) / PAGE)), 1)
    return 1, 1


def _queue_requests(queue: Any, name: str, args: Sequence[Any], answer: Any) -> tuple[int, int]:
    if name == "send_all":
        return len(args[0]), ceil(len(args[0]) / AT_ONCE)
    return 1, 1


def _no_requests(port: Any, name: str, args: Sequence[Any], answer: Any) -> tuple[int, int]:
    return 0, 1


class _Cloud:
    """ports.DiskCloud with meters, as adapters/compute.py has them, before an ARM with budgets."""

    def __init__(self, process: Process, cloud: Any, meters: Meters) -> None:
        self._process = process
        self._cloud = cloud
        self._meters = meters

    def acting_as(self, identity: str) -> _Cloud:
        return _Cloud(self._process, self._cloud.acting_as(identity), self._meters)

    def news(self) -> Sequence[News]:
        return self._meters.news()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._cloud, name)
        if name not in _CALLS:
            return method
        call = wraps(method)(partial(self._ask, _CALLS[name], method))
        setattr(self, name, call)
        return call

    def _ask(self, kind: CallKind, method: Callable[..., Any], *args: Any, **named: Any) -> Any:
        azure, asks = self._process.azure, is_asking()
        target = args[0] if isinstance(args[0], str) else args[0].text
        subscription = target.lower().partition("/subscriptions/")[2].partition("/")[0] or target.lower()
        location = named["source"].location if "source" in named else azure.location_of(target)
        lane = LANES[kind].in_region(named["source"].location if "source" in named else "")
        self._meters.enter(subscription, lane, asks=asks)
        headers: dict[str, str] = {}
        throttled = False
        try:
            with self._process.lasting(azure.random.uniform(*ARM_SECONDS[lane.front])):
                headers = azure.admit(kind, subscription, location)
                return method(*args, **named)
        except ArmError as refusal:
            throttled = True
            answer = Answer(
                status=429, code=str(refusal.code), message=str(refusal.error["message"]), headers=refusal.headers
            )
            error = error_for(Call(kind=kind, target=target), answer)
            assert isinstance(error, Throttled), error
            wait = self._meters.refused(
                subscription,
                lane,
                answer.headers,
                error.retry_after_seconds,
                asks=asks,
                body=json.dumps(refusal.error),
            )
            raise Throttled(error.message, retry_after_seconds=wait) from refusal
        finally:
            if not throttled:
                self._meters.answered(subscription, lane, headers)

"""All state of the simulator in memory, written through to the store: resources, operations, groups, locks, roles.

Time passes lazily: whatever ends at an instant is settled when the first call after that instant arrives, so that a
restart loses nothing. The rules of disks and snapshots live elsewhere.
"""

from __future__ import annotations

import bisect
import heapq
import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from infra.local.arm import errors, roles
from infra.local.arm.paths import TYPE_NAMES, group_id
from infra.local.arm.roles import Assignments
from infra.local.arm.settings import Settings
from infra.local.arm.store import Store
from infra.local.arm.wire import Json, stamp

FINISHED_OPERATIONS_KEPT_SECONDS = 86_400.0
GROUP_TYPE = "Microsoft.Resources/subscriptions/resourceGroups"  # as the events' operation names have it


@dataclass(slots=True)
class Resource:
    """A disk, snapshot or encryption set. `body` is its ARM JSON without what depends on the present instant;
    `hidden` is what Azure knows and does not show."""

    kind: str
    body: Json
    hidden: Json = field(default_factory=dict)

    @property
    def id(self) -> str:
        return str(self.body["id"])

    @property
    def key(self) -> str:
        return self.id.lower()

    @property
    def name(self) -> str:
        return str(self.body["name"])

    @property
    def location(self) -> str:
        return str(self.body["location"])

    @property
    def sku(self) -> str:
        return str(self.body["sku"]["name"])

    @property
    def properties(self) -> Json:
        properties: Json = self.body["properties"]
        return properties

    @property
    def subscription(self) -> str:
        return self.id.split("/")[2]

    @property
    def group(self) -> str:
        return self.id.split("/")[4]


class Collection:
    """Resources of one kind by id, with their keys in order so that a page is a slice."""

    def __init__(self) -> None:
        self._by_key: dict[str, Resource] = {}
        self._order: list[str] = []

    def __len__(self) -> int:
        return len(self._by_key)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._by_key.values())

    def find(self, resource_id: str) -> Resource | None:
        return self._by_key.get(resource_id.lower())

    def keep(self, resource: Resource) -> None:
        key = resource.key
        if key not in self._by_key:
            bisect.insort(self._order, key)
        self._by_key[key] = resource

    def forget(self, resource: Resource) -> None:
        if self._by_key.pop(resource.key, None) is not None:
            del self._order[bisect.bisect_left(self._order, resource.key)]

    def below(self, scope: str, *, after: str = "") -> Iterator[Resource]:
        """Resources below a scope in the order of their ids, from the first one past the key `after`."""
        prefix = scope.lower().rstrip("/") + "/"
        at = bisect.bisect_right(self._order, after) if after else bisect.bisect_left(self._order, prefix)
        while at < len(self._order) and self._order[at].startswith(prefix):
            yield self._by_key[self._order[at]]
            at += 1


@dataclass(slots=True, kw_only=True)
class Operation:
    """A long-running operation. `fails`: the error with which it will end; None when it will succeed."""

    id: str
    kind: str
    verb: str
    target: str
    subscription: str
    location: str
    started: float
    ends: float
    principal: str
    base_url: str = ""  # at which the simulator was asked
    fails: Json | None = None
    settled: bool = False
    output: Json | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Something that Event Grid is to hear: `what` is write or delete."""

    id: str
    what: str
    resource_id: str
    type: str
    at: float
    principal: str = ""


class World:
    """The state and the few ways to change it. Every change is in the store once `commit` was called."""

    def __init__(self, folder: Path, *, seed: int | None = None) -> None:
        self.store = Store(folder)
        self.random = random.Random(seed)
        self.settings = Settings()
        self.collections = {kind: Collection() for kind in TYPE_NAMES}
        self.subscriptions: dict[str, Json] = {}
        self.groups: dict[str, Json] = {}
        self.locks: dict[str, Json] = {}
        self.azure_backup: dict[str, Json] = {}  # vaults and what lies in them, by id in small letters
        self.assignments = Assignments()
        self.operations: dict[str, Operation] = {}
        self.family: dict[str, list[str]] = {}
        self.taken: dict[str, list[float]] = {}
        self.settlers: dict[str, Callable[[Operation], None]] = {}
        self.secret = ""
        self.damages: list[Json] = []  # of the next disks that are made from snapshots
        self.has_listener = False  # for Event Grid's events; without one, none are kept
        self._events: dict[str, Told] = {}
        self._due: list[tuple[float, str]] = []
        self._load()

    @property
    def disks(self) -> Collection:
        return self.collections["disk"]

    @property
    def snapshots(self) -> Collection:
        return self.collections["snapshot"]

    @property
    def is_empty(self) -> bool:
        return not self.subscriptions

    def commit(self) -> None:
        self.store.commit()

    def set(self, settings: Settings) -> None:
        self.settings = settings
        self.store.put("settings", "", settings.as_json())

    def keep(self, resource: Resource) -> None:
        self.collections[resource.kind].keep(resource)
        self.store.put(resource.kind, resource.key, {"body": resource.body, "hidden": resource.hidden})

    def forget(self, resource: Resource) -> None:
        self.collections[resource.kind].forget(resource)
        self.store.remove(resource.kind, resource.key)

    def find_group(self, subscription: str, group: str) -> Json | None:
        return self.groups.get(group_id(subscription, group).lower())

    def group_or_raise(self, subscription: str, group: str) -> Json:
        found = self.find_group(subscription, group)
        if found is None:
            raise errors.group_not_found(group)
        return found

    def keep_group(self, group: Json) -> None:
        self.groups[group["id"].lower()] = group
        self.store.put("group", group["id"].lower(), group)

    def forget_group(self, group: Json) -> None:
        self.groups.pop(group["id"].lower(), None)
        self.store.remove("group", group["id"].lower())

    def keep_subscription(self, subscription: Json) -> None:
        self.subscriptions[subscription["subscriptionId"]] = subscription
        self.store.put("subscription", subscription["subscriptionId"], subscription)

    def keep_assignment(self, assignment: roles.Assignment) -> None:
        self.assignments.keep(assignment)
        self.store.put("assignment", assignment.id.lower(), roles.as_document(assignment))

    def keep_lock(self, lock: Json) -> None:
        self.locks[lock["id"].lower()] = lock
        self.store.put("lock", lock["id"].lower(), lock)

    def forget_lock(self, lock: Json) -> None:
        self.locks.pop(lock["id"].lower(), None)
        self.store.remove("lock", lock["id"].lower())

    def write_down(self, what: str, at: float, **fields: object) -> None:
        """One ledger entry; fields that are None are left out."""
        shown = {name: value for name, value in fields.items() if value is not None}
        self.store.write_down({"at": stamp(at), "what": what, **shown})

    def start(self, operation: Operation) -> Operation:
        """Keeps a new operation and has it settled when its time has come."""
        self._track(operation)
        self._save(operation)
        return operation

    def settle(self, now: float) -> None:
        """Lets everything that ended by `now` have ended, in the order of its ends."""
        while self._due and self._due[0][0] <= now:
            operation = self.operations[heapq.heappop(self._due)[1]]
            operation.settled = True
            touched = self._touched_by(operation) if self.has_listener else []
            self.settlers[f"{operation.kind}.{operation.verb}"](operation)
            self._save(operation)
            if operation.fails is None:
                for resource_id, type_ in touched:
                    what = "delete" if operation.verb == "delete" else "write"
                    self.tell(what, resource_id, type_, operation.ends, principal=operation.principal)

    def tell(self, what: str, resource_id: str, type_: str, at: float, *, principal: str = "") -> None:
        """Keeps an event for the listener, if there is one. `what` is write or delete."""
        if not self.has_listener:
            return
        told = Told(id=self.new_guid(), what=what, resource_id=resource_id, type=type_, at=at, principal=principal)
        key = f"{at:017.6f} {told.id}"
        self._events[key] = told
        self.store.put("event", key, {name: getattr(told, name) for name in Told.__slots__})

    def waiting_events(self) -> list[tuple[str, Told]]:
        """What the listener has not taken, oldest first, with the key by which it is forgotten."""
        return sorted(self._events.items())

    def forget_events(self, keys: list[str]) -> None:
        for key in keys:
            del self._events[key]
            self.store.remove("event", key)

    def duration(self, span: tuple[float, float]) -> float:
        """A random length within the span, scaled."""
        return self.random.uniform(*span) * self.settings.time_scale

    def new_guid(self) -> str:
        return str(uuid.uuid4())

    def _touched_by(self, operation: Operation) -> list[tuple[str, str]]:
        """Id and type of what an operation writes or deletes; with a group, all that lies in it."""
        if operation.kind in TYPE_NAMES:
            found = self.collections[operation.kind].find(operation.target)
            return [] if found is None else [(found.id, TYPE_NAMES[found.kind])]
        if operation.target not in self.groups:
            return []
        inside = [
            (resource.id, TYPE_NAMES[kind])
            for kind, collection in self.collections.items()
            for resource in collection.below(operation.target)
        ]
        return [*inside, (self.groups[operation.target]["id"], GROUP_TYPE)]

    def _track(self, operation: Operation) -> None:
        self.operations[operation.id] = operation
        if not operation.settled:
            heapq.heappush(self._due, (operation.ends, operation.id))

    def _save(self, operation: Operation) -> None:
        document = {name: getattr(operation, name) for name in Operation.__slots__}
        self.store.put("operation", operation.id, document)

    def _load(self) -> None:
        for _, document in self.store.documents("settings"):
            self.settings = Settings().changed(document)
        for _, document in self.store.documents("secret"):
            self.secret = document["value"]
        if not self.secret:
            self.secret = uuid.uuid4().hex
            self.store.put("secret", "", {"value": self.secret})
        for kind, collection in self.collections.items():
            for _, document in self.store.documents(kind):
                collection.keep(Resource(kind, document["body"], document["hidden"]))
        self.subscriptions = dict(self.store.documents("subscription"))
        self.groups = dict(self.store.documents("group"))
        self.locks = dict(self.store.documents("lock"))
        self.azure_backup = dict(self.store.documents("azure_backup"))
        for _, document in self.store.documents("assignment"):
            self.assignments.keep(roles.from_document(document))
        self._events = {key: Told(**document) for key, document in self.store.documents("event")}
        self._load_operations()
        self._load_families()

    def _load_operations(self) -> None:
        loaded = [Operation(**document) for _, document in self.store.documents("operation")]
        newest = max((operation.ends for operation in loaded), default=0.0)
        for operation in loaded:
            if operation.settled and operation.ends < newest - FINISHED_OPERATIONS_KEPT_SECONDS:
                self.store.remove("operation", operation.id)
            else:
                self._track(operation)

    def _load_families(self) -> None:
        # The order in which snapshots were accepted decides into which one a deleted one is merged.
        for snapshot in sorted(self.snapshots, key=lambda entry: entry.hidden["accepted"]):
            self.family.setdefault(snapshot.hidden["family"], []).append(snapshot.key)
        for _, document in self.store.documents("taken"):
            self.taken[document["disk"]] = document["at"]

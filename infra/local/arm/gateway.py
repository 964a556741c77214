"""ARM's front door and what stands behind it: checks a call in ARM's order, passes it on, and dresses the answer.

Order: api-version, token, subscription, roles, locks, ARM's buckets, resource group and resource, the provider's
buckets, the provider. Knows no HTTP library; `server` does.
"""

from __future__ import annotations

import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from infra.local.arm import (
    access,
    authority,
    backup,
    costs,
    disks,
    errors,
    groups,
    immutability,
    inventory,
    machines,
    offers,
    operations,
    resources,
    snapshots,
    usages,
)
from infra.local.arm.buckets import FrontDoor, ProviderPolicies
from infra.local.arm.faults import Fault, Faults, error_of
from infra.local.arm.paths import Route
from infra.local.arm.wire import Answer, ArmError, Call
from infra.local.arm.world import World

API_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-[a-z]+)?")
Handler = Callable[[World, Call], Answer]

HANDLERS: dict[tuple[str, str], Handler] = {
    ("disk", "GET"): resources.read,
    ("disk", "PUT"): disks.put,
    ("disk", "PATCH"): disks.patch,
    ("disk", "DELETE"): disks.delete,
    ("disk.list", "GET"): resources.listed,
    ("snapshot", "GET"): resources.read,
    ("snapshot", "PUT"): snapshots.put,
    ("snapshot", "PATCH"): snapshots.patch,
    ("snapshot", "DELETE"): snapshots.delete,
    ("snapshot.list", "GET"): resources.listed,
    **{(f"{kind}.beginGetAccess", "POST"): access.begin_get_access for kind in ("disk", "snapshot")},
    **{(f"{kind}.endGetAccess", "POST"): access.end_get_access for kind in ("disk", "snapshot")},
    ("snapshot.updateImmutabilityPolicy", "POST"): immutability.update,
    ("snapshot.updateImmutabilityPolicyLock", "POST"): immutability.update_lock,
    ("machine", "GET"): machines.read,
    ("machine", "PUT"): machines.put,
    ("machine.list", "GET"): resources.listed,
    ("machine.attachDetachDataDisks", "POST"): machines.attach_detach,
    ("machine.deallocate", "POST"): machines.deallocate,
    ("machine.start", "POST"): machines.start,
    ("encryption_set", "GET"): resources.read,
    ("encryption_set.list", "GET"): resources.listed,
    ("disk_access", "GET"): resources.read,
    ("disk_access.list", "GET"): resources.listed,
    ("operation", "GET"): operations.poll,
    ("group_operation", "GET"): groups.poll,
    ("backup_vault", "GET"): backup.read,
    ("backup_policy", "GET"): backup.read,
    ("backup_policy.list", "GET"): backup.listed,
    ("backup_instance", "GET"): backup.read,
    ("backup_instance", "DELETE"): backup.delete,
    ("backup_instance.list", "GET"): backup.listed,
    ("backup_instance.stopProtection", "POST"): backup.act,
    ("backup_instance.resumeProtection", "POST"): backup.act,
    ("backup_point", "GET"): backup.read,
    ("backup_point.list", "GET"): backup.listed,
    ("backup_operation", "GET"): backup.poll,
    ("subscription", "GET"): groups.subscriptions,
    ("subscription.list", "GET"): groups.subscriptions,
    ("group", "GET"): groups.read,
    ("group", "HEAD"): groups.head,
    ("group", "PUT"): groups.put,
    ("group", "PATCH"): groups.patch,
    ("group", "DELETE"): groups.delete,
    ("group.list", "GET"): groups.read,
    ("tenant.list", "GET"): groups.tenants,
    ("resource.list", "GET"): inventory.listed,
    ("tags", "GET"): inventory.read_tags,
    ("tags", "PUT"): inventory.put_tags,
    ("tags", "PATCH"): inventory.patch_tags,
    ("tags", "DELETE"): inventory.delete_tags,
    ("location.list", "GET"): groups.locations,
    ("usage.list", "GET"): usages.read,
    ("sku.list", "GET"): offers.read,
    ("cost.query", "POST"): costs.query,
    ("provider", "GET"): groups.providers,
    ("provider.list", "GET"): groups.providers,
    ("provider.register", "POST"): groups.providers,
    ("lock", "GET"): authority.read_locks,
    ("lock", "PUT"): authority.put_lock,
    ("lock", "DELETE"): authority.delete_lock,
    ("lock.list", "GET"): authority.read_locks,
    ("role_assignment", "GET"): authority.read_assignments,
    ("role_assignment", "PUT"): authority.put_assignment,
    ("role_assignment", "DELETE"): authority.delete_assignment,
    ("role_assignment.list", "GET"): authority.read_assignments,
    ("role_definition", "GET"): authority.role_definitions,
    ("role_definition.list", "GET"): authority.role_definitions,
    ("permission.list", "GET"): authority.permissions,
}
POLICIES = {
    ("disk", "GET"): "LowCostGet",
    ("disk", "PUT"): "CreateUpdateDisks",
    ("disk", "PATCH"): "CreateUpdateDisks",
    ("disk", "DELETE"): "DeleteDisks",
    ("disk.list", "GET"): "HighCostGet",
    ("disk.beginGetAccess", "POST"): "HighCostDiskHydrate",
    ("disk.endGetAccess", "POST"): "HighCostDiskHydrate",
    ("snapshot", "GET"): "LowCostGet",
    ("snapshot", "PUT"): "HighCostSnapshotCreateHydrate",
    ("snapshot", "PATCH"): "HighCostSnapshotCreateHydrate",
    ("snapshot", "DELETE"): "DeleteDisks",
    ("snapshot.list", "GET"): "HighCostGet",
    ("snapshot.beginGetAccess", "POST"): "HighCostSnapshotCreateHydrate",
    ("snapshot.endGetAccess", "POST"): "HighCostSnapshotCreateHydrate",
    ("snapshot.updateImmutabilityPolicy", "POST"): "HighCostSnapshotCreateHydrate",
    ("snapshot.updateImmutabilityPolicyLock", "POST"): "HighCostSnapshotCreateHydrate",
    ("encryption_set", "GET"): "LowCostGet",
    ("encryption_set.list", "GET"): "HighCostGet",
    ("disk_access", "GET"): "LowCostGet",
    ("disk_access.list", "GET"): "HighCostGet",
    ("operation", "GET"): "GetOperation",
}
ALWAYS = {
    "Cache-Control": "no-cache",
    "Pragma": "no-cache",
    "Expires": "-1",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A request as the HTTP server read it. Header names are matched without case by the mapping itself."""

    method: str
    path: str
    route: Route
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    base_url: str


class Gateway:
    """Answers ARM calls against one world. `clock` gives seconds since 1970."""

    def __init__(self, world: World, *, issuer: str | None = None, clock: Callable[[], float] = time.time) -> None:
        self.world = world
        self.faults = Faults()
        self.counts: Counter[tuple[str, str, int]] = Counter()
        self.principals: Counter[str] = Counter()
        self.clock = clock
        self.front_door = FrontDoor()
        self.policies = ProviderPolicies()
        self._issuer = issuer
        self._served_by = f"{world.new_guid()}_132450471257270065"
        for module in (disks, snapshots, access, groups, immutability, backup, machines):
            module.register(world)

    def answer(self, incoming: Incoming, fault: Fault | None) -> Answer:
        """The answer with all its headers; what it changed is durable when this returns."""
        now = self.clock()
        headers: dict[str, str] = {}
        try:
            self.world.settle(now)
            answer = self._checked(incoming, fault, now, headers)
        except ArmError as error:
            answer = error.as_answer()
        except Exception:
            logging.exception("arm.failed on %s %s", incoming.method, incoming.path)
            answer = ArmError(500, "InternalServerError", "The simulator failed; see its log.").as_answer()
        self.world.commit()
        answer.headers = {**ALWAYS, **headers, **self._ids(incoming, answer, now), **answer.headers}
        if answer.headers.get("x-ms-failure-cause") == "gateway":
            answer.headers.pop("x-ms-ratelimit-remaining-resource", None)
        self.counts[incoming.method, incoming.route.label, answer.status] += 1
        agent = incoming.headers.get("User-Agent", "")
        return self.faults.altered(incoming.method, incoming.path, incoming.route, agent, answer)

    def _checked(self, incoming: Incoming, fault: Fault | None, now: float, headers: dict[str, str]) -> Answer:
        struck = error_of(fault, incoming.route, now) if fault is not None else None
        if struck is not None:
            raise struck
        call = self._call(incoming, fault, now)
        self._check_subscription(call)
        handler = self._handler(call)
        if not operations.may_poll(self.world, call):
            self._check_rights(call)
        headers.update(self._admitted(call))
        headers.update(self._counted(call))
        return handler(self.world, call)

    def _call(self, incoming: Incoming, fault: Fault | None, now: float) -> Call:
        version = incoming.query.get("api-version", "")
        if not API_VERSION.fullmatch(version):
            raise errors.missing_api_version(version)
        principal = authority.principal_of(
            incoming.headers.get("Authorization", ""), base_url=incoming.base_url, issuer=self._issuer, now=now
        )
        self.principals[principal] += 1
        late = (
            (fault.detail["code"], fault.detail["message"]) if fault is not None and fault.kind == "fail_late" else None
        )
        return Call(
            method=incoming.method,
            path=incoming.path,
            route=incoming.route,
            query=incoming.query,
            body=incoming.body,
            principal=principal,
            base_url=incoming.base_url,
            api_version=version,
            now=now,
            fail_late=late,
            if_match=incoming.headers.get("If-Match", ""),
        )

    def _check_subscription(self, call: Call) -> None:
        route = call.route
        if route.subscription and route.subscription.lower() not in self.world.subscriptions:
            raise errors.subscription_not_found(route.subscription)

    def _handler(self, call: Call) -> Handler:
        found = HANDLERS.get((call.route.label, call.method))
        if found is not None:
            return found
        if call.route.kind == "unknown":
            raise errors.unknown_type(call.route.name, call.route.namespace, call.api_version)
        raise errors.method_not_allowed(call.method)

    def _check_rights(self, call: Call) -> None:
        if call.route.kind == "group_operation":
            return
        authority.check_roles(self.world, call)
        authority.check_locks(self.world, call)

    def _admitted(self, call: Call) -> dict[str, str]:
        if not call.route.subscription:
            return {}
        return self.front_door.admit(
            subscription=call.route.subscription.lower(),
            principal=call.principal,
            method=call.method,
            now=call.now,
            settings=self.world.settings,
        )

    def _counted(self, call: Call) -> dict[str, str]:
        """Counts a call that reaches the provider. What does not exist ARM knows by itself [recorded]."""
        policy = POLICIES.get((call.route.label, call.method))
        if policy is None:
            return {}
        if call.route.group:
            self.world.group_or_raise(call.route.subscription, call.route.group)
        location = self._location(call)
        counted = self.policies.admit(
            policy,
            subscription=call.route.subscription.lower(),
            location=location,
            now=call.now,
            settings=self.world.settings,
        )
        return {**counted, "x-ms-served-by": self._served_by}

    def _location(self, call: Call) -> str:
        route = call.route
        if route.location or not route.name:
            return route.location
        if call.method in ("GET", "PATCH", "POST"):
            return resources.found_or_raise(self.world, call).location
        present = self.world.collections[route.kind].find(route.scope)
        if present is not None or call.method == "DELETE":
            return present.location if present is not None else ""
        return resources.location_of(call.json())

    def _ids(self, incoming: Incoming, answer: Answer, now: float) -> dict[str, str]:
        correlation = incoming.headers.get("x-ms-correlation-request-id") or self.world.new_guid()
        by_arm = answer.headers.get("x-ms-failure-cause") == "gateway"
        when = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        ids = {
            "x-ms-request-id": answer.request_id or (correlation if by_arm else self.world.new_guid()),
            "x-ms-correlation-request-id": correlation,
            "x-ms-routing-request-id": f"WESTEUROPE:{when}:{correlation}",
        }
        client = incoming.headers.get("x-ms-client-request-id")
        if client and incoming.headers.get("x-ms-return-client-request-id", "").lower() == "true":
            ids["x-ms-client-request-id"] = client
        return ids

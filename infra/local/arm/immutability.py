"""Immutability policies of snapshots: set, extended, locked; while one is active, nobody deletes its snapshot.

Days count from a start that the service sets with the first call, and that stays until the policy has expired. The
plain action extends only, the other one also locks, shortens and ends [all documented or reported, see COVERAGE.md].
"""

from __future__ import annotations

from infra.local.arm import errors, resources
from infra.local.arm.operations import accepted
from infra.local.arm.wire import Answer, Call, stamp
from infra.local.arm.world import Operation, Resource, World

TYPES = ("Unlocked", "Locked")


def register(world: World) -> None:
    world.settlers["snapshot.immutability"] = lambda operation: _settle(world, operation)


def update(world: World, call: Call) -> Answer:
    """Sets or extends an unlocked policy."""
    return _written(world, call, least_days=1)


def update_lock(world: World, call: Call) -> Answer:
    """As `update`; also locks one, and shortens or ends one that is not locked."""
    return _written(world, call, least_days=0)


def check_deletable(snapshot: Resource, now: float) -> None:
    """What Azure answers is not documented: the compute provider's code for what it does not allow is taken."""
    until = resources.immutable_until(snapshot)
    if now < until:
        message = f"Snapshot {snapshot.name} has an active immutability policy and cannot be deleted before "
        raise errors.not_allowed(f"{message}{stamp(until)}.")


def _written(world: World, call: Call, *, least_days: int) -> Answer:
    snapshot = resources.found_or_raise(world, call)
    days, kind = _wish(call, least_days, world.settings.immutability_days_at_most)
    active = snapshot.hidden.get("immutability") if call.now < resources.immutable_until(snapshot) else None
    if kind == "Locked" and least_days:
        raise errors.invalid_parameter("type", "Use updateImmutabilityPolicyLock to lock an immutability policy.")
    if active is not None and active["type"] == "Locked" and (kind != "Locked" or days < active["days"]):
        raise errors.not_allowed(f"The immutability policy of {snapshot.name} is locked: it can only be extended.")
    if active is not None and days < active["days"] and least_days:
        raise errors.not_allowed(f"The immutability policy of {snapshot.name} can only be extended.")
    operation = resources.begin(world, call, snapshot, "immutability", world.settings.update_seconds)
    if operation.fails is None:
        start = active["start"] if active is not None else call.now
        snapshot.hidden["immutability"] = {"days": days, "type": kind, "start": start}
    world.keep(snapshot)
    world.write_down("snapshot.immutability", call.now, id=snapshot.id, principal=call.principal, days=days, type=kind)
    return accepted(world, call, operation, None)


def _wish(call: Call, least_days: int, most_days: int) -> tuple[int, str]:
    body = call.json()
    days, kind = body.get("immutabilityDurationDays"), body.get("type")
    if kind not in TYPES:
        raise errors.invalid_parameter("type", f"The value '{kind}' of parameter 'type' is invalid.")
    if not isinstance(days, int) or isinstance(days, bool) or not least_days <= days <= most_days:
        raise errors.invalid_parameter(
            "immutabilityDurationDays",
            f"The value '{days}' of parameter 'immutabilityDurationDays' must be between {least_days} and {most_days}.",
        )
    return days, str(kind)


def _settle(world: World, operation: Operation) -> None:
    resources.settle_write(world, operation)

"""beginGetAccess and endGetAccess of disks and snapshots: a shared access signature for their data, for a while.

The URL has Azure's shape but for its host, which is the simulator's; what lies behind it is in data.py.
"""

from __future__ import annotations

from infra.local.arm import data, errors, resources
from infra.local.arm.operations import accepted
from infra.local.arm.wire import Answer, ArmError, Call, Json
from infra.local.arm.world import Operation, Resource, World


def register(world: World) -> None:
    for kind in ("disk", "snapshot"):
        world.settlers[f"{kind}.access"] = lambda operation: _settle_access(world, operation)
        world.settlers[f"{kind}.revoke"] = lambda _operation: None


def begin_get_access(world: World, call: Call) -> Answer:
    """202; the operation's output is `{"accessSAS": ...}` [recorded]. Durations of 1 s and more."""
    resource = resources.found_or_raise(world, call)
    body = call.json()
    seconds = body.get("durationInSeconds")
    if body.get("access") not in ("Read", "Write"):
        raise errors.invalid_parameter(
            "access", f"The value '{body.get('access')}' of parameter 'access' is not supported."
        )
    if not isinstance(seconds, int) or isinstance(seconds, bool) or seconds < 1:
        raise errors.missing_parameter("durationInSeconds")
    _check_grantable(world, call, resource, body)
    operation = resources.begin(world, call, resource, "access", world.settings.access_seconds)
    if operation.fails is None:
        resource.hidden["access_until"] = call.now + seconds
        resource.hidden.setdefault("signature", world.new_guid())
    world.keep(resource)
    world.write_down("access.granted", call.now, id=resource.id, principal=call.principal)
    return accepted(world, call, operation, None)


def end_get_access(world: World, call: Call) -> Answer:
    resource = resources.found_or_raise(world, call)
    operation = resources.begin(world, call, resource, "revoke", world.settings.access_seconds)
    if operation.fails is None:
        resource.hidden.pop("access_until", None)
        resource.hidden.pop("signature", None)
    world.keep(resource)
    world.write_down("access.revoked", call.now, id=resource.id, principal=call.principal)
    return accepted(world, call, operation, None)


def _check_grantable(world: World, call: Call, resource: Resource, body: Json) -> None:
    if resource.body.get("managedBy"):
        message = (
            f"Access not permitted because disk {resource.name} is currently attached to running VM "
            f"{resource.body['managedBy']}."
        )
        raise errors.not_allowed(message)
    if resource.properties.get("networkAccessPolicy") == "DenyAll":
        raise errors.not_allowed(f"The network access policy of {resource.name} denies all access.")
    if resources.is_copying(resource, call.now):
        raise errors.not_allowed(f"{resource.name} is not complete: no access yet.")
    if resource.properties["creationData"].get("logicalSectorSize") == 4_096 and body.get("fileFormat") != "VHDX":
        message = (
            "Accessing disk or snapshot with a logical sector size of 4096 requires specifying the file format. "
            "Set the fileFormat property to VHDX."
        )
        raise ArmError(400, "BadRequest", message)
    _check_family(world, call, resource)


def _check_family(world: World, call: Call, resource: Resource) -> None:
    """At most 5 snapshots of one family with a signature at a time [documented]."""
    limit = world.settings.sas_per_family
    family = (world.snapshots.find(key) for key in world.family.get(resource.hidden.get("family", ""), ()))
    open_ones = [
        s for s in family if s is not None and s is not resource and s.hidden.get("access_until", 0.0) > call.now
    ]
    if len(open_ones) >= limit:
        raise errors.not_allowed(f"{limit} snapshots of the same disk have an active shared access signature.")


def _settle_access(world: World, operation: Operation) -> None:
    if operation.fails is not None:
        return
    resource = world.collections[operation.kind].find(operation.target)
    signature = "" if resource is None else resource.hidden.get("signature", "")
    operation.output = {"accessSAS": data.url_of(operation.base_url, operation.id, signature)}

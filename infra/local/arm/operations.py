"""Long-running operations on the wire: how one is announced, how it is polled, what it shows when it has ended."""

from __future__ import annotations

import hmac
from hashlib import sha256
from urllib.parse import urlencode

from infra.local.arm import errors
from infra.local.arm.wire import Answer, Call, Json, stamp
from infra.local.arm.world import Operation, World


def accepted(world: World, call: Call, operation: Operation, body: Json | None) -> Answer:
    """202 with both operation headers and, for PUT and PATCH, the echo of the request [recorded]."""
    url = (
        f"{call.base_url}/subscriptions/{operation.subscription}/providers/Microsoft.Compute/locations/"
        f"{operation.location}/DiskOperations/{operation.id}?p={world.new_guid()}"
    )
    version = f"&api-version={call.api_version}&{signature(world, operation.id)}"
    headers = {"Location": f"{url}&monitor=true{version}", "Azure-AsyncOperation": f"{url}{version}", **_wait(world)}
    return Answer(status=202, body=body, headers=headers, request_id=operation.id)


def signature(world: World, operation_id: str) -> str:
    """The signature parameters that stand for the caller's right to poll (`t`, `c`, `s`, `h`; values of our own)."""
    digest = hmac.new(world.secret.encode(), operation_id.encode(), sha256).hexdigest()
    return f"t={operation_id[:8]}&c=simulator&s={digest[:32]}&h={digest[32:]}"


def may_poll(world: World, call: Call) -> bool:
    """Whether the URL's signature stands for a role. Documented is that polling needs one; the built-in disk roles,
    with which Azure's own backup works, have none."""
    return call.route.kind == "operation" and world.settings.signature_lets_poll and is_signed(world, call)


def is_signed(world: World, call: Call) -> bool:
    sent = "&".join(f"{name}={call.query.get(name, '')}" for name in ("t", "c", "s", "h"))
    return hmac.compare_digest(sent.encode(), signature(world, call.route.name.lower()).encode())


def poll(world: World, call: Call) -> Answer:
    """GET of an operation; `monitor=true` asks for the result instead of the state."""
    operation = world.operations.get(call.route.name.lower())
    if operation is None or operation.location != call.route.location:
        raise errors.operation_not_found()
    if call.query.get("monitor", "").lower() == "true":
        return _result(world, call, operation)
    return Answer(status=200, body=_state(operation), headers={} if operation.settled else _wait(world))


def _wait(world: World) -> dict[str, str]:
    """When to ask again: 2 seconds on a PUT [recorded 2019]. Here on every 202 and on what still runs, too, where it
    may be [documented], as a client that is told nothing waits 30."""
    seconds = world.settings.retry_after_on_accept
    return {} if seconds is None else {"Retry-After": str(seconds)}


def _state(operation: Operation) -> Json:
    if not operation.settled:
        return {"startTime": stamp(operation.started), "status": "InProgress", "name": operation.id}
    ended: Json = {"startTime": stamp(operation.started), "endTime": stamp(operation.ends)}
    if operation.fails is not None:
        return {**ended, "status": "Failed", "error": operation.fails, "name": operation.id}
    output = {} if operation.output is None else {"properties": {"output": operation.output}}
    return {**ended, "status": "Succeeded", **output, "name": operation.id}


def _result(world: World, call: Call, operation: Operation) -> Answer:
    """Running: 202 with the URL again [documented]. Ended: what the call would have answered at once [documented]: the
    result, perhaps empty, or the error, whose status is taken for 409."""
    if not operation.settled:
        query = urlencode({**call.query, "api-version": call.api_version})
        return Answer(status=202, headers={"Location": f"{call.base_url}{call.path}?{query}", **_wait(world)})
    if operation.fails is not None:
        return Answer(status=409, body={"error": operation.fails})
    return Answer(status=200, body=operation.output)

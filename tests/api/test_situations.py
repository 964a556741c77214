"""One situation, one status, whichever route meets it: what clients repeat must not depend on the resource."""

from __future__ import annotations

import pytest

from backup_core.api.endpoints import Route
from backup_core.api.routes import ROUTES
from backup_core.domain.errors import CloudUnavailable, RecordCorrupt, Throttled
from backup_core.ports import StateConflict
from tests.api.bodies import POLICY_PATH
from tests.api.front import Front
from tests.api.standing import WORKING, copied, path_of, scene
from tests.cases import every_case
from tests.workflows.proofs import silence

FOR_EVER = 50
NOT_REPEATED = {"POST", "PATCH"}  # azure-core would send it a second time, and nobody knows what the first one did
ASKED = [(route, method) for route in ROUTES for method in route.endpoints if not route.is_anonymous]
WITH_BODY = [(route, method) for route, method in ASKED if route.endpoints[method].body]
# What a call to the store meets, and how that is answered: status and code.
SITUATIONS = {
    "changed at the same time, again and again": ("store.commit", StateConflict("changed"), 409, "Conflict"),
    "storage does not answer": ("store.get", CloudUnavailable("no answer"), 503, "CloudInternalError"),
    "storage asks to wait": ("store.get", Throttled("later", retry_after_seconds=3), 429, "TooManyRequests"),
    "a record cannot be read": ("store.get", RecordCorrupt("unreadable"), 500, "RecordCorrupt"),
}


def name_of(value: object) -> str | None:
    return value.name if isinstance(value, Route) else None


@every_case("situation", SITUATIONS)
@pytest.mark.parametrize(("route", "method"), ASKED, ids=name_of)
def test_a_situation_has_its_status_at_every_route(route: Route, method: str, situation: str) -> None:
    """Where the route meets it at all: it may have nothing to write, or stop at what it looked at before."""
    call, error, status, code = SITUATIONS[situation]
    front = Front(copied(scene()))
    front.world.faults.fail(call, error, times=FOR_EVER)
    before = front.world.faults.count(call)
    with silence():
        reply = front.send(method, path_of(route), WORKING.get(route.endpoints[method].body))
    met = front.world.faults.count(call) - before
    assert met < FOR_EVER, "tried without end"
    if met:
        assert (reply.status, reply.error["code"]) == (status, code), reply.text
        assert ("Retry-After" in reply.headers) is (status == 429 or (status == 503 and method not in NOT_REPEATED))


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_situation_is_met_by_whoever_writes_a_policy(situation: str) -> None:
    """Else the test above would look at nothing."""
    call, error, status, _ = SITUATIONS[situation]
    front = Front(copied(scene()))
    front.world.faults.fail(call, error, times=FOR_EVER)
    assert front.put(POLICY_PATH, WORKING["BackupPolicyInput"]).status == status


@every_case(("route", "method"), WITH_BODY)
def test_a_body_in_chunks_is_asked_for_with_its_length(route: Route, method: str) -> None:
    """The platform hands on nothing of it, so that it must not pass for an empty one."""
    front = Front(copied(scene()))
    reply = front.send(method, path_of(route), b"", headers={"Transfer-Encoding": "chunked"})
    assert (reply.status, reply.error["code"]) == (411, "LengthRequired")
    assert "Content-Length" in reply.error["message"]

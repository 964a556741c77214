"""The app's identity itself in a thief's hands, against snapshots that Azure keeps: by the simulator's rules for roles,
locks and immutability, none of what it may do, and of what it may not, loses one.

What is tried past the app stands in Azure's activity log, not in ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import requests

from infra.local.arm.roles import OWNER, SNAPSHOT_IMMUTABILITY_WRITER
from infra.local.arm.seed import APP, FIRST, OPERATOR
from tests.local.arm.bodies import APPS, RESTORES, SNAPSHOTS, disk_id, group_path, snapshot_id, snapshot_of
from tests.local.arm.conftest import Simulator, simulator  # noqa: F401

NAME = "bound"
BOUND = snapshot_id(NAME)
DAY = 86_400.0
DAYS = 30
GUID = "99999999-0000-4000-8000-000000000001"
_OF_GROUP = f"{group_path(SNAPSHOTS)}/providers/Microsoft.Authorization"
_ROLES = f"/subscriptions/{FIRST}/providers/Microsoft.Authorization/roleDefinitions"


@pytest.fixture(params=["at home", "copy in another region"])
def bound(simulator: Simulator, request: pytest.FixtureRequest) -> Simulator:  # noqa: F811
    """A snapshot that the app took or copied, and bound, with the roles that `bindSnapshots` gives it."""
    assign(simulator, SNAPSHOT_IMMUTABILITY_WRITER.guid, by=OPERATOR)
    simulator.pass_time(600)  # until the assignment works
    made = snapshot_of(disk_id("web01-os"))
    if request.param != "at home":
        source = snapshot_id("source")
        simulator.wait_for(simulator.call("PUT", source, made, principal=APP))
        simulator.pass_time(600)
        made = snapshot_of(source, "northeurope", createOption="CopyStart")
    simulator.wait_for(simulator.call("PUT", BOUND, made, principal=APP))
    simulator.pass_time(3600)
    assert simulator.call("GET", BOUND).json()["properties"].get("completionPercent", 100) == 100
    simulator.wait_for(simulator.call("POST", f"{BOUND}/updateImmutabilityPolicy", lasting(DAYS), principal=APP))
    return simulator


def assign(simulator: Simulator, role: str, *, by: str) -> requests.Response:  # noqa: F811
    return simulator.call("PUT", f"{_OF_GROUP}/roleAssignments/{GUID}", assignment(role), principal=by)


def assignment(role: str) -> dict[str, Any]:
    return {"properties": {"roleDefinitionId": f"{_ROLES}/{role}", "principalId": APP}}


def lasting(days: int, kind: str = "Unlocked") -> dict[str, Any]:
    return {"immutabilityDurationDays": days, "type": kind}


Try = tuple[str, str, Mapping[str, Any] | None]
TRIES: Mapping[str, Try] = {
    "delete the snapshot": ("DELETE", BOUND, None),
    "delete its group": ("DELETE", group_path(SNAPSHOTS), None),
    "delete its subscription's other groups": ("DELETE", group_path(APPS), None),
    "delete its disk": ("DELETE", disk_id("web01-os"), None),
    "shorten": ("POST", f"{BOUND}/updateImmutabilityPolicy", lasting(1)),
    "end": ("POST", f"{BOUND}/updateImmutabilityPolicyLock", lasting(0)),
    "lock and end": ("POST", f"{BOUND}/updateImmutabilityPolicyLock", lasting(0, "Locked")),
    "end by the plain action": ("POST", f"{BOUND}/updateImmutabilityPolicy", lasting(0)),
    "write another disk over it": ("PUT", BOUND, snapshot_of(disk_id("web01-data"))),
    "take its tags": ("PATCH", BOUND, {"tags": {}}),
    "end the access to it": ("POST", f"{BOUND}/endGetAccess", None),
    "read it": ("POST", f"{BOUND}/beginGetAccess", {"access": "Read", "durationInSeconds": 600}),
    "move it": (
        "POST",
        f"{group_path(SNAPSHOTS)}/moveResources",
        {"resources": [BOUND], "targetResourceGroup": group_path(RESTORES)},
    ),
    "lock its group": ("PUT", f"{_OF_GROUP}/locks/own", {"properties": {"level": "ReadOnly"}}),
    "become owner": ("PUT", f"{_OF_GROUP}/roleAssignments/{GUID[:-1]}2", assignment(OWNER.guid)),
    "take the role that binds": ("DELETE", f"{_OF_GROUP}/roleAssignments/{GUID}", None),
}
PASSES = {"take its tags", "end the access to it", "read it"}  # what its roles allow: none of it loses the snapshot


def kept(simulator: Simulator) -> dict[str, Any]:  # noqa: F811
    """What must not change of it."""
    reply = simulator.call("GET", BOUND)
    assert reply.status_code == 200, reply.text
    properties = reply.json()["properties"]
    names = ("timeCreated", "uniqueId", "creationData", "diskSizeBytes", "provisioningState")
    return {name: properties.get(name) for name in names} | {
        "until": properties["immutabilityPolicy"]["policyExpirationTime"]
    }


def test_nothing_that_it_tries_loses_a_bound_snapshot(bound: Simulator) -> None:
    before = kept(bound)
    for _ in range(2):
        passed = set()
        for name, (method, path, body) in TRIES.items():
            reply = bound.call(method, path, body, principal=APP)
            assert reply.status_code < 500, (name, reply.text)
            passed |= {name} if reply.status_code < 300 else set()
            bound.pass_time(120)
            assert kept(bound) == before, name
        assert passed == PASSES
        bound.pass_time((DAYS - 5) * DAY / 2)
    assert bound.call("DELETE", BOUND, principal=APP).status_code == 409
    assert bound.ledger("snapshot.deleted") == []


def test_once_azure_keeps_it_no_more_it_goes_so_that_the_tries_prove_something(bound: Simulator) -> None:
    bound.pass_time((DAYS + 1) * DAY)
    assert bound.call("DELETE", BOUND, principal=APP).status_code == 202


def test_it_may_prolong_what_azure_keeps(bound: Simulator) -> None:
    until = kept(bound)["until"]
    bound.wait_for(bound.call("POST", f"{BOUND}/updateImmutabilityPolicy", lasting(DAYS + 9), principal=APP))
    assert kept(bound)["until"] > until

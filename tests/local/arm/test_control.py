"""The simulator's control API: faults, ledger, counts, settings, bulk disks, and what it refuses."""

from __future__ import annotations

import time

import pytest
import requests

from infra.local.arm.seed import APP, OPERATOR
from tests.local.arm.bodies import disk_id, snapshot_id, snapshot_of
from tests.local.arm.conftest import Simulator

WEB = disk_id("web01-os")


def put(simulator: Simulator, name: str = "s1", principal: str = OPERATOR) -> requests.Response:
    return simulator.call("PUT", snapshot_id(name), snapshot_of(WEB), principal=principal)


@pytest.mark.parametrize(
    ("wish", "code", "wait"),
    [
        ({}, "SubscriptionRequestsThrottled", "5"),
        ({"body": "arm", "retry_after": 302}, "SubscriptionRequestsThrottled", "302"),
        ({"body": "compute", "retry_after": 1_200}, "OperationNotAllowed", "1200"),
        ({"body": "compute", "retry_after": None}, "OperationNotAllowed", None),
        ({"body": "arm", "retry_after": None}, "SubscriptionRequestsThrottled", None),
    ],
)
def test_429_comes_in_both_kinds_with_and_without_retry_after(
    simulator: Simulator, wish: dict[str, object], code: str, wait: str | None
) -> None:
    simulator.fault("429", **wish)
    answer = put(simulator)

    assert (answer.status_code, answer.json()["error"]["code"]) == (429, code)
    assert answer.headers.get("Retry-After") == wait
    assert put(simulator).status_code == 202


def test_answers_can_be_slow(simulator: Simulator) -> None:
    simulator.fault("delay", seconds=0.3, what="disk")
    started = time.monotonic()
    assert simulator.call("GET", WEB).status_code == 200
    assert time.monotonic() - started >= 0.3


def test_a_fault_strikes_only_what_it_is_meant_for(simulator: Simulator) -> None:
    simulator.fault("status", method="DELETE")
    simulator.fault("status", what="snapshot.list")
    simulator.fault("status", path="/snapshots/other")

    assert put(simulator).status_code == 202
    assert simulator.call("GET", WEB).status_code == 200
    assert [fault["struck"] for fault in simulator.control("GET", "faults")["faults"]] == [0, 0, 0]
    assert put(simulator, "other-1").status_code == 503


def test_a_fault_strikes_as_often_as_wished(simulator: Simulator) -> None:
    simulator.fault("status", count=2)

    assert [put(simulator).status_code for _ in range(3)] == [503, 503, 202]


def test_a_fault_can_strike_at_a_rate_until_it_is_removed(simulator: Simulator) -> None:
    number = simulator.fault("status", rate=0.5, method="GET")
    statuses = [simulator.call("GET", WEB).status_code for _ in range(60)]
    assert 10 <= statuses.count(503) <= 50
    assert simulator.control("DELETE", f"faults/{number}") == {"removed": 1}
    assert simulator.call("GET", WEB).status_code == 200


def test_the_ledger_tells_every_accepted_change_in_order(simulator: Simulator) -> None:
    simulator.wait_for(put(simulator, principal=APP))
    simulator.wait_for(simulator.call("DELETE", snapshot_id("s1"), principal=APP))
    assert put(simulator, "s2", principal="33333333-3333-4333-8333-333333333333").status_code == 403
    created, deleted = simulator.ledger()

    assert (created["n"], created["what"], deleted["n"], deleted["what"]) == (
        1,
        "snapshot.created",
        2,
        "snapshot.deleted",
    )
    assert (created["id"], created["source"], created["principal"]) == (snapshot_id("s1"), WEB, APP)
    assert created["tags"] == {"made-by": "test"}
    assert created["used_bytes"] == 22 * 1024**3


def test_calls_are_counted_by_kind_and_by_principal(simulator: Simulator) -> None:
    put(simulator, principal=APP)
    simulator.call("GET", WEB)
    simulator.call("GET", disk_id("nobody"))
    counts = simulator.control("GET", "counts")

    rows = {(row["method"], row["what"], row["status"]): row["count"] for row in counts["calls"]}
    assert rows == {("GET", "disk", 200): 1, ("GET", "disk", 404): 1, ("PUT", "snapshot", 202): 1}
    assert counts["principals"] == {APP: 1, OPERATOR: 2}
    simulator.control("DELETE", "counts")
    assert simulator.control("GET", "counts")["total"] == 0


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "faults", {"kind": "earthquake"}),
        ("POST", "faults", {"kind": "429", "seconds": 3}),
        ("POST", "faults", {"kind": "status", "path": "("}),
        ("PUT", "settings", {"no_such": 1}),
        ("PUT", "settings", {"page_size": "many"}),
        ("PUT", "settings", {"disk_seconds": [1, 2, 3]}),
        ("PUT", "settings", {"policies": {"NoSuchPolicy": [1, 2]}}),
        ("POST", "disks", {"count": 0}),
        ("POST", "disks", {"sku": "Golden_LRS"}),
        ("POST", "disks", {"group": "no-such-group"}),
        ("POST", "disks", {"colour": "red"}),
        ("POST", "snapshots/delete-behind", {"id": "nobody"}),
        ("POST", "snapshots/delete-behind", {}),
        ("POST", "faults", []),
    ],
)
def test_a_wish_that_makes_no_sense_is_400_with_a_reason(
    simulator: Simulator, method: str, path: str, body: dict[str, object]
) -> None:
    url = f"{simulator.base_url}/_simulator/{path}"
    answer = requests.request(method, url, json=body, verify=str(simulator.trusted), timeout=60)

    assert answer.status_code == 400
    assert answer.json()["error"]

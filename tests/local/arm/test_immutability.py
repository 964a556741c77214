"""Immutability policies of snapshots at the simulator: who may set what, and what nobody can do meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from infra.local.arm.seed import APP
from tests.local.arm.bodies import code, disk_id, snapshot_id, snapshot_of
from tests.local.arm.conftest import Simulator

DAY = 86_400.0


@pytest.fixture
def taken(simulator: Simulator) -> Simulator:
    simulator.wait_for(simulator.call("PUT", snapshot_id("s1"), snapshot_of(disk_id("web01-os"))))
    return simulator


def ask(simulator: Simulator, days: Any, kind: Any = "Unlocked", *, lock: bool = False) -> requests.Response:
    action = "updateImmutabilityPolicyLock" if lock else "updateImmutabilityPolicy"
    body = {"immutabilityDurationDays": days, "type": kind}
    return simulator.call("POST", f"{snapshot_id('s1')}/{action}", body)


def policy(simulator: Simulator) -> dict[str, Any]:
    return dict(simulator.call("GET", snapshot_id("s1")).json()["properties"].get("immutabilityPolicy") or {})


def test_while_it_is_active_nobody_deletes_the_snapshot(taken: Simulator) -> None:
    taken.wait_for(ask(taken, 1))
    assert code(taken.call("DELETE", snapshot_id("s1"))) == "OperationNotAllowed"
    taken.pass_time(DAY)
    assert policy(taken)["isPolicyExpired"]
    assert policy(taken)["immutabilityDurationDays"] == 0
    assert taken.call("DELETE", snapshot_id("s1")).status_code == 202


def test_an_extension_keeps_the_start_and_a_policy_after_an_expired_one_has_its_own(taken: Simulator) -> None:
    taken.wait_for(ask(taken, 1))
    began = policy(taken)["policyStartTime"]
    taken.wait_for(ask(taken, 2))
    assert policy(taken)["policyStartTime"] == began
    taken.pass_time(3 * DAY)
    taken.wait_for(ask(taken, 1))
    assert policy(taken)["policyStartTime"] > began


def test_the_plain_action_only_extends_and_the_other_one_shortens_and_ends(taken: Simulator) -> None:
    taken.wait_for(ask(taken, 5))
    assert code(ask(taken, 4)) == "OperationNotAllowed"
    taken.wait_for(ask(taken, 0, lock=True))
    assert policy(taken)["isPolicyExpired"]


def test_a_locked_one_is_only_extended(taken: Simulator) -> None:
    taken.wait_for(ask(taken, 5, "Locked", lock=True))
    for answer in (ask(taken, 4, "Locked", lock=True), ask(taken, 6), ask(taken, 6, "Unlocked", lock=True)):
        assert code(answer) == "OperationNotAllowed"
    taken.wait_for(ask(taken, 6, "Locked", lock=True))
    assert policy(taken)["immutabilityDurationDays"] == 6


@pytest.mark.parametrize(
    ("days", "kind"),
    [(0, "Unlocked"), (91, "Unlocked"), (None, "Unlocked"), (True, "Unlocked"), (5, None), (5, "Locked")],
)
def test_nonsense_is_refused_and_changes_nothing(taken: Simulator, days: Any, kind: Any) -> None:
    assert code(ask(taken, days, kind)) == "InvalidParameter"
    assert policy(taken) == {}


def test_the_roles_for_backups_do_not_suffice(taken: Simulator) -> None:
    body = {"immutabilityDurationDays": 30, "type": "Unlocked"}
    for action in ("updateImmutabilityPolicy", "updateImmutabilityPolicyLock"):
        refused = taken.call("POST", f"{snapshot_id('s1')}/{action}", body, principal=APP)
        assert code(refused) == "AuthorizationFailed"

"""Questions: how many one caller may ask, what is answered from memory, and to whom."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from backup_core.api.access import Caller, is_change
from backup_core.api.call import Call
from backup_core.api.endpoints import Route
from backup_core.api.questions import answered, note_change, one_at_a_time
from backup_core.api.routes import ROUTES
from backup_core.domain.errors import CloudUnavailable, Throttled
from backup_core.ports import is_asking
from backup_core.workflows.vaults import put_policy
from tests.api.bodies import RULE_PATH, VAULT_PATH, instance_body, restore_body, rule_body
from tests.api.front import Front, call_of
from tests.api.standing import WORKING, SignedFront, at_a_point, kept, path_of, scene
from tests.builders import SUBSCRIPTION, VAULT, disk_id, policy
from tests.cases import every_case
from tests.workflows.platform import Platform
from tests.workflows.scenes import backed_up

ASKING = [(route, method) for route in ROUTES for method in route.endpoints if not is_change(route, method)]
PROTECTED = f"{VAULT_PATH}/backupInstances/disk-1"
ME = Caller(object_id="me")
CALL = call_of(method="POST", body=b"{}", resource="/v/validateForBackup", caller=ME)


@pytest.fixture(scope="module")
def scene_front() -> SignedFront:
    return SignedFront(scene())


def statuses(front: Front, path: str, bodies: list[Any]) -> Counter[int]:
    return Counter(front.post(path, body).status for body in bodies)


@every_case(("route", "method"), ASKING)
def test_whoever_only_asks_changes_nothing(scene_front: SignedFront, route: Route, method: str) -> None:
    reply = scene_front.send(method, at_a_point(path_of(route)), WORKING.get(route.endpoints[method].body))
    assert reply.status < 300 or "x-1" in path_of(route) or "deletedVaults" in route.template, reply.text
    assert scene_front.services is not None
    assert kept(scene_front.services.world) == kept(scene_front.world)


def test_a_look_is_told_to_be_a_question_and_nothing_else_is() -> None:
    seen: list[bool] = []
    answered(Platform().world.ports, CALL, lambda: seen.append(is_asking()))
    assert (seen, is_asking()) == ([True], False)


def test_the_first_few_of_a_minute_are_looked_into_and_repeated_ones_then_answered_from_memory() -> None:
    platform, looks = Platform(), list[int]()

    def look() -> int:
        looks.append(1)
        return len(looks)

    answers = [answered(platform.world.ports, CALL, look) for _ in range(40)]
    assert answers == [1, 2, 3, 4, 5] + [5] * 35
    platform.world.clock.advance(seconds=31)
    assert answered(platform.world.ports, CALL, look) == 6, "an answer lasts half a minute"


def test_what_was_answered_before_a_change_is_looked_into_anew() -> None:
    """A disk that is free, is protected, and is asked for again: the third answer is not the first."""
    platform, looks = Platform(), iter(range(100))
    before = [answered(platform.world.ports, CALL, lambda: next(looks)) for _ in range(7)]
    assert before == [0, 1, 2, 3, 4, 4, 4]
    platform.world.clock.advance(seconds=1)
    note_change(platform.world.ports)
    platform.world.clock.advance(seconds=1)
    assert [answered(platform.world.ports, CALL, lambda: next(looks)) for _ in range(2)] == [5, 5]


def test_what_nobody_asked_before_is_refused_beyond_the_limit_with_the_time_of_the_next() -> None:
    platform = Platform()
    for number in range(30):
        answered(platform.world.ports, replace(CALL, body=b"%d" % number), lambda: None)
    platform.world.clock.advance(seconds=20)
    with pytest.raises(Throttled, match="to you") as refusal:
        answered(platform.world.ports, replace(CALL, body=b"new"), lambda: None)
    assert refusal.value.retry_after_seconds == 40
    platform.world.clock.advance(seconds=40)
    answered(platform.world.ports, replace(CALL, body=b"new"), lambda: None)


def test_one_callers_limit_is_not_anothers_and_all_have_one_together() -> None:
    platform = Platform()
    taken = Counter[str]()
    for number in range(200):
        caller = replace(ME, object_id=f"caller-{number % 5}")
        try:
            answered(platform.world.ports, replace(CALL, caller=caller, body=b"%d" % number), lambda: None)
        except Throttled:
            continue
        taken[caller.object_id] += 1
    assert taken.total() == 60
    assert set(taken.values()) == {12}


@pytest.mark.parametrize(
    "other",
    [
        replace(CALL, caller=Caller(object_id="another")),
        replace(CALL, caller=replace(ME, groups=frozenset({"g"}))),
        replace(CALL, body=b"[]"),
        replace(CALL, resource="/w/validateForBackup"),
    ],
)
def test_nobody_is_answered_what_somebody_else_or_something_else_was(other: Call) -> None:
    platform = Platform()
    for _ in range(10):
        answered(platform.world.ports, CALL, lambda: "mine")
        assert answered(platform.world.ports, other, lambda: "theirs") == "theirs"


def test_an_error_is_not_kept() -> None:
    platform = Platform()

    def fail() -> None:
        raise CloudUnavailable("503")

    for _ in range(10):
        with pytest.raises(CloudUnavailable):
            answered(platform.world.ports, CALL, fail)
    assert answered(platform.world.ports, CALL, lambda: "well") == "well"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"{VAULT_PATH}/validateForBackup", {"backupInstance": instance_body(disk_id("disk-2"))["properties"]}),
        (f"{PROTECTED}/validateForModifyBackup", {"backupInstance": instance_body()["properties"]}),
        (f"{PROTECTED}/validateRestore", {"restoreRequestObject": restore_body("latest")}),
        (f"{RULE_PATH}/dryRun", rule_body()),
        (
            f"{VAULT_PATH.rpartition('/')[0].rpartition('/')[0]}/locations/westeurope/checkNameAvailability",
            {"name": "vault-2", "type": "Microsoft.DataProtection/backupVaults"},
        ),
    ],
    ids=lambda part: part.rpartition("/")[2] if isinstance(part, str) else "",
)
def test_each_question_has_its_limit_and_says_when_to_come_back(path: str, body: dict[str, Any]) -> None:
    platform = backed_up()
    put_policy(platform.world.ports, VAULT, policy("policy-1"))
    front = Front(platform.world)
    bodies = [{**body, "tried": number} for number in range(40)]
    replies = [front.post(path, each) for each in bodies]
    assert [reply.status == 429 for reply in replies] == [False] * 30 + [True] * 10
    assert {reply.headers["Retry-After"] for reply in replies[30:]} == {"60"}


def test_a_flood_of_the_same_validation_costs_few_calls() -> None:
    platform = backed_up()
    front = Front(platform.world)
    body = {"backupInstance": instance_body(disk_id("disk-2"))["properties"]}
    before = platform.world.faults.count("cloud.")
    assert statuses(front, f"{VAULT_PATH}/validateForBackup", [body] * 400).keys() <= {202, 400}
    assert platform.world.faults.count("cloud.") - before <= 5 * 8


# --- Reports ---


def test_a_report_on_a_vault_is_made_one_at_a_time() -> None:
    front = Front(backed_up().world)
    path = f"{VAULT_PATH}/complianceReport"
    with one_at_a_time([VAULT]):
        reply = front.get(path)
        assert (reply.status, reply.headers["Retry-After"]) == (429, "5")
        assert (
            front.get(f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.DataProtection/complianceReport").status
            == 429
        )
    assert front.get(path).status == 200


def test_a_report_that_fails_makes_way() -> None:
    platform = backed_up()
    platform.world.faults.fail("store.glance", CloudUnavailable("503"), times=3)
    platform.world.faults.fail("store.page", CloudUnavailable("503"), times=3)
    front = Front(platform.world)
    assert front.get(f"{VAULT_PATH}/complianceReport").status == 503
    platform.world.faults.clear()
    assert front.get(f"{VAULT_PATH}/complianceReport").status == 200

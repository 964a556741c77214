"""Names in URLs: whatever stands where a name belongs, nothing else is touched and nothing falls over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any
from urllib.parse import quote

import pytest

from backup_core.api.endpoints import Route
from backup_core.api.reading import NAME_LENGTHS
from backup_core.api.routes import ROUTES
from tests.api.bodies import VAULT_PATH, instance_body, policy_body, vault_body
from tests.api.front import BASE, Reply
from tests.api.standing import WORKING, StandingFront, check_refusal, filled, scene
from tests.builders import SUBSCRIPTION
from tests.cases import every_case

# As they stand in the URL. What a host leaves encoded, what it decodes once, and what somebody might decode twice.
IMPOSSIBLE = (
    "..%2F..%2Fetc",
    "%2e%2e%2f%2e%2e",
    "..%5C..%5C",
    "..%252f",
    "a%2Fb",
    "a%5Cb",
    "a%00b",
    "a%0d%0ab",
    "a%0ab",
    "a%7Cb",
    "a%23b",
    "a%3Fb",
    "a%20b",
    "%25",
    "%27%20or%201%20eq%201",
    "a%27b",
    "a%22b",
    "%3Cscript%3E",
    "%7Bvault%7D",
    "$filter",
    "*",
    "a%E2%80%AEb",
    "%F0%9F%92%BE",
    "%ff%fe",
    "a%E2%91%A1",  # a circled digit: a word's character to Python alone
    "x" * 261,
    "x" * 5000,
)
LEADING_ELSEWHERE = (".", "..", "...", "%2e", "%2E%2e")
STRANGE = (
    "-",
    "_",
    "(",
    "a..b",
    "%C3%A9t%C3%A9",
    "%E5%90%8D",
    "%D9%A3",
    "x" * 260,
    "NUL",
    "con",
)
NAMED = [route for route in ROUTES if route.endpoints and "{" in route.template]
each_route = every_case("route", NAMED)
EVERYWHERE = ("subscription", "group", "vault")  # these meet every third impossible value at each route: all at all
APART = 3


@pytest.fixture(scope="module")
def front() -> Iterator[StandingFront]:
    """Whatever was refused in these tests changed nothing."""
    front = StandingFront(scene())
    yield front
    assert front.altered == []


def names_in(route: Route) -> list[str]:
    return re.findall(r"\{(\w+)\}", route.template)


def ask(front: StandingFront, route: Route, method: str, **names: str) -> Reply:
    """As a client that does not mind what it sends: the URL goes out as it is."""
    path = filled(route.template, **names)
    body = WORKING.get(route.endpoints[method].body, {})
    return front.send(method, f"{BASE}/{path}?api-version=1", body)


@each_route
def test_a_name_that_nothing_can_have_is_refused(front: StandingFront, route: Route) -> None:
    for number, (name, method) in enumerate(product(names_in(route), route.endpoints), NAMED.index(route)):
        for value in IMPOSSIBLE[number % APART :: APART] if name in EVERYWHERE else IMPOSSIBLE:
            if name == "operation" and re.fullmatch(r"[\w\-=%.]{1,1024}|%25", value):
                continue  # a longer alphabet: it is decoded, and then unknown
            check_refusal_of_name(front, route, method, name, value)


@each_route
def test_no_name_is_nothing_but_dots(front: StandingFront, route: Route) -> None:
    """A host resolves those before it looks for a route; behind another one they would lead out of the vault."""
    for name, method, value in product(names_in(route), route.endpoints, LEADING_ELSEWHERE):
        check_refusal_of_name(front, route, method, name, value)


def check_refusal_of_name(front: StandingFront, route: Route, method: str, name: str, value: str) -> None:
    reply = ask(front, route, method, **{name: value})
    check_refusal(reply)
    code = "InvalidSubscriptionId" if name == "subscription" else "InvalidResourceName"
    assert (reply.status, reply.error["code"], reply.error["target"]) == (400, code, name), f"{value!r:.20}"


@every_case("route", [each for each in NAMED if "{subscription}" in each.template])
def test_a_subscription_is_a_guid(front: StandingFront, route: Route) -> None:
    for method, value in product(route.endpoints, ("1", "made-up", f"{SUBSCRIPTION}0", SUBSCRIPTION.replace("-", ""))):
        check_refusal_of_name(front, route, method, "subscription", value)


@each_route
def test_a_strange_name_is_a_name_like_others_or_none(front: StandingFront, route: Route) -> None:
    for name, method, value in product(names_in(route), route.endpoints, STRANGE):
        reply = ask(front, route, method, **{name: value})
        if reply.status >= 300:
            check_refusal(reply)


@each_route
def test_what_does_not_exist_is_not_found(front: StandingFront, route: Route) -> None:
    for name, method in product(names_in(route), route.endpoints):
        unknown = {"subscription": SUBSCRIPTION.replace("1", "9"), "operation": "b3BlcmF0aW9u"}.get(name, "unknown-1")
        reply = ask(front, route, method, **{name: unknown})
        if reply.status >= 300:
            check_refusal(reply)
        assert reply.status in ABSENT.get(f"{method} {route.name}", {204, 404} if method == "DELETE" else {404})


NOTHING_IS_AN_ANSWER = {200}
ABSENT: Mapping[str, set[int]] = {
    "GET api_audit_records_of_subscription": NOTHING_IS_AN_ANSWER,
    "GET api_audit_records_of_vault": NOTHING_IS_AN_ANSWER,
    "GET api_deleted_vaults": NOTHING_IS_AN_ANSWER,
    "POST api_feature_support": NOTHING_IS_AN_ANSWER,
    # Subscriptions and groups are ARM's: here they hold vaults, or none.
    **dict.fromkeys(
        (
            "GET api_resources_of_subscription",
            "GET api_resources_of_group",
            "GET api_providers",
            "GET api_provider",
            "POST api_provider_register",
            "GET api_resource_guards_of_subscription",
            "GET api_resource_guards_of_group",
        ),
        NOTHING_IS_AN_ANSWER,
    ),
    "DELETE api_vault_tags": {404},
    "GET api_compliance_report_of_subscription": NOTHING_IS_AN_ANSWER,
    "GET api_health_of_subscription": NOTHING_IS_AN_ANSWER,
    "GET api_instances_of_disk": NOTHING_IS_AN_ANSWER,
    "GET api_unprotected_disks": NOTHING_IS_AN_ANSWER,
    "POST api_quota_forecast": NOTHING_IS_AN_ANSWER,
    "POST api_vault_name_availability": NOTHING_IS_AN_ANSWER,
    "GET api_vaults_of_group": NOTHING_IS_AN_ANSWER,
    "GET api_vaults_of_subscription": NOTHING_IS_AN_ANSWER,
    # A vault is created, and a policy, but not in a vault that is not there; the others' bodies name what is elsewhere.
    "PUT api_vault": {201, 404},  # the resource group has to be there
    "PUT api_policy": {200, 404},
    "PUT api_instance": {400},
    "PUT api_protection_rule": {200, 400},
    "PUT api_copy_rule": {400},
    "POST api_protection_rule_dry_run": {200, 400},
    # The body names what lies in a group, and is refused in another one; a region without copies has none to list.
    "POST api_cross_region_restore": {400},
    "POST api_cross_region_validation": {400},
    "POST api_secondary_recovery_points": {200, 400},
    "POST api_cross_region_jobs": {200, 400},
    "POST api_cross_region_job": {400, 404},
    "PUT api_restore_test_plan": {200, 404},
    "POST api_restore_test_plan_estimate": {200, 404},
    # A hold is set under any name, on what is there.
    "PUT api_legal_hold_of_vault": {201, 404},
    "PUT api_legal_hold_of_instance": {201, 404},
    # A guard is created too, whatever lies in its group.
    "PUT api_resource_guard": {200},
    "PUT api_resource_guard_proxy": {400, 404},
}


# ---------------------------------------------------------------- names of what is created

CREATED: dict[str, Any] = {
    "vault": (f"{VAULT_PATH.rpartition('/')[0]}/", vault_body(), 201),
    "policy": (f"{VAULT_PATH}/backupPolicies/", policy_body(), 200),
    "instance": (f"{VAULT_PATH}/backupInstances/", instance_body(), 201),
    "guard": (f"{VAULT_PATH.partition('/backupVaults/')[0]}/resourceGuards/", {"location": "westeurope"}, 200),
}


@every_case("kind", CREATED)
@every_case(
    "name",
    ["..", "...", "-a1", ".a1", "_a1", "(a1)", "a(1", "a b", "été", "名名名", "٣٣٣", "a\u0301bc", "a/b", "a\x00b"],
)
def test_nothing_is_created_under_a_name_that_azure_would_not_take(front: StandingFront, kind: str, name: str) -> None:
    path, body, _ = CREATED[kind]
    reply = front.send("PUT", f"{BASE}{path}{quote(name, safe='')}?api-version=1", body)
    check_refusal(reply)
    assert (reply.status, reply.error["code"]) == (400, "InvalidResourceName")


@pytest.mark.parametrize("kind", CREATED)
def test_names_have_the_lengths_that_azure_gives_them(front: StandingFront, kind: str) -> None:
    path, body, status = CREATED[kind]
    if kind == "instance":
        body = WORKING["BackupInstanceInput"] | {"properties": WORKING["ValidateForBackupRequest"]["backupInstance"]}
    least, most = NAME_LENGTHS[kind]
    statuses = [front.put(f"{path}{'n' * length}", body).status for length in (least - 1, least, most, most + 1)]
    assert statuses == [400, status, status, 400]


def test_a_spelling_in_another_case_is_the_same_resource(front: StandingFront) -> None:
    for path in (VAULT_PATH, f"{VAULT_PATH}/backupPolicies/policy-1", f"{VAULT_PATH}/backupInstances/instance-1"):
        assert front.get(path.upper()).status == 200

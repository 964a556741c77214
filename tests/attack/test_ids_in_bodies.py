"""Whatever takes a body, wherever in it, however it is spelled, whoever asks: an id that is closed is refused."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from backup_core.api.openapi import bodies
from backup_core.api.routes import ROUTES
from backup_core.domain.reading import DEPTH_AT_MOST
from tests.api.bodies import RULE_PATH, VAULT_PATH, instance_body, rule_body
from tests.api.standing import WORKING, at_a_point, filled
from tests.api.tenant import CONTRIBUTOR, READER
from tests.attack.closed import (
    ABSENT_DISK,
    CLOSED_DISK,
    CLOSED_GROUP,
    CLOSED_SUBSCRIPTION,
    CLOSED_VAULT,
    ROLES,
    SECRETS,
    AttackedFront,
    spellings,
)
from tests.builders import SUBSCRIPTION
from tests.cases import every_case

CODE = "LinkedAuthorizationFailed"
# `METHOD path` of all that takes a body, with the name of the body in the description.
TAKING = {
    f"{method} /{filled(route.template)}": route.endpoints[method].body
    for route in ROUTES
    for method in route.endpoints
    if route.endpoints[method].body
}
NOTHING_NEEDED: dict[str, Any] = {}


@pytest.fixture(scope="module")
def front() -> Iterator[AttackedFront]:
    """Whatever was refused in these tests changed nothing."""
    front = AttackedFront()
    yield front
    assert front.altered == []


def send(front: AttackedFront, line: str, body: Any, role: str = CONTRIBUTOR) -> Any:
    method, path = line.split(" ")
    return front.attack(method, path, body, role=role)


def sound(name: str) -> Any:
    return WORKING.get(name, NOTHING_NEEDED)


@pytest.mark.parametrize("line", TAKING)
def test_an_id_is_not_hidden_by_depth(front: AttackedFront, line: str) -> None:
    """Whoever looks for ids reaches as deep as whoever reads the body: what is deeper is refused."""
    for levels in (10, 31, 200, 480, 900, 990):
        deep = '{"a": ' + "[" * levels + f'"{CLOSED_DISK}"' + "]" * levels + "}"
        reply = send(front, line, deep.encode())
        assert reply.status == (403 if levels < DEPTH_AT_MOST else 400), f"{levels}: {reply.text}"


Place = tuple[Any, ...]


def texts(schema: Any, place: Place = ()) -> Iterator[Place]:
    """Every place of a described body that holds text; the keys of a free object are one too."""
    if "$ref" in schema:
        schema = schemas()[schema["$ref"].rpartition("/")[2]]
    for part in (*schema.get("anyOf", ()), *schema.get("allOf", ()), *schema.get("oneOf", ())):
        yield from texts(part, place)
    for name, inner in schema.get("properties", {}).items():
        yield from texts(inner, (*place, name))
    if schema.get("items"):
        yield from texts(schema["items"], (*place, 0))
    kinds = schema.get("type", ())
    if "string" in ((kinds,) if isinstance(kinds, str) else kinds):
        yield place
    if "object" in ((kinds,) if isinstance(kinds, str) else kinds) and "properties" not in schema:
        yield (*place, "any key")


@cache
def schemas() -> dict[str, Any]:
    return bodies.schemas()


def put_in(value: Any, place: Place, what: Any) -> Any:
    """The value with `what` at a place, made where it is not there yet."""
    if not place:
        return what
    key, rest = place[0], place[1:]
    if isinstance(key, int):
        items = list(value) if isinstance(value, list) and value else [None]
        return [put_in(items[0], rest, what), *items[1:]]
    fields = dict(value) if isinstance(value, dict) else {}
    return {**fields, key: put_in(fields.get(key), rest, what)}


def test_every_body_is_attacked() -> None:
    assert {name for name in TAKING.values() if name not in WORKING} == {"NothingNeeded"}
    of_numbers = {name for name in TAKING.values() if not list(texts({"$ref": f"x/{name}"}))}
    assert of_numbers == {"QuotaRequest"}


@pytest.mark.parametrize("line", TAKING)
def test_a_closed_id_in_any_described_field_is_refused(front: AttackedFront, line: str) -> None:
    """A new field is attacked as soon as it is described."""
    for place in dict.fromkeys(texts({"$ref": f"x/{TAKING[line]}"})):
        for what in (CLOSED_DISK, {CLOSED_DISK: {}}):
            reply = send(front, line, put_in(sound(TAKING[line]), place, what))
            assert (reply.status, reply.error["code"]) == (403, CODE), f"{place}: {reply.text}"


@every_case("line", TAKING)
@every_case(
    "hidden",
    [
        {"dataSourceSetInfo": {"resourceID": CLOSED_DISK, "objectType": "DatasourceSet"}},
        {"properties": {"dataSourceSetInfo": {"resourceUri": CLOSED_DISK}}},
        {"identityDetails": {"userAssignedIdentityArmUrl": CLOSED_DISK, "useSystemAssignedIdentity": False}},
        {"restoreTargetInfo": {"targetDetails": {"url": CLOSED_DISK}}},
        {"tags": {"a": CLOSED_DISK}},
        {"tags": {CLOSED_DISK: "a"}},
        {"unknown": [[{"deep": [CLOSED_DISK]}]]},
    ],
)
def test_a_closed_id_where_nobody_reads_is_refused_too(front: AttackedFront, line: str, hidden: Any) -> None:
    body = sound(TAKING[line])
    for name, value in hidden.items():
        before = body.get(name)
        body = {**body, name: {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value}
    assert send(front, line, body).error["code"] == CODE


@pytest.mark.parametrize("line", TAKING)
def test_no_spelling_leads_around_it(front: AttackedFront, line: str) -> None:
    """Each spelling in each body, in one place after the other; which id is spelled so, and where, changes with the
    body."""
    places = [each for each in dict.fromkeys(texts({"$ref": f"x/{TAKING[line]}"})) if _is_worth_it(each)] or [("x",)]
    shift = list(TAKING).index(line)
    for number in range(max(len(places), len(HOW))):
        closed, how = CLOSED[(number + shift) % len(CLOSED)], HOW[number % len(HOW)]
        place = places[(number + shift) % len(places)]
        reply = send(front, line, put_in(sound(TAKING[line]), place, spellings(closed)[how]))
        assert (reply.status, reply.error["code"]) == (403, CODE), f"{how}, {place}: {reply.text}"


HOW = list(spellings(CLOSED_DISK))
CLOSED = [CLOSED_DISK, CLOSED_GROUP.text, CLOSED_SUBSCRIPTION, CLOSED_VAULT]


def _is_worth_it(place: Place) -> bool:
    """All spellings in the places that name something; elsewhere one is enough."""
    return str(place[-1]).lower().endswith(("id", "uri", "scope", "any key")) or 0 in place[-1:]


@every_case("line", TAKING)
@every_case("role", ROLES)
def test_no_role_is_enough(front: AttackedFront, line: str, role: str) -> None:
    body = {**sound(TAKING[line]), "x": CLOSED_DISK}
    reply = send(front, line, body, role)
    assert reply.status == 403
    assert reply.error["code"] in (CODE, "AuthorizationFailed")


@every_case("line", TAKING)
def test_what_is_there_and_what_is_not_are_refused_in_the_same_words(front: AttackedFront, line: str) -> None:
    there, absent = (send(front, line, {**sound(TAKING[line]), "x": each}) for each in (CLOSED_DISK, ABSENT_DISK))
    assert there.text == absent.text.replace(ABSENT_DISK, CLOSED_DISK)


@every_case("line", TAKING)
def test_the_words_are_arms_and_name_all_that_is_closed(front: AttackedFront, line: str) -> None:
    body = {**sound(TAKING[line]), "one": CLOSED_DISK, "more": [CLOSED_GROUP.text, CLOSED_SUBSCRIPTION]}
    reply = send(front, line, body)
    assert "has permission to perform action 'Microsoft." in reply.error["message"]
    assert f"on the linked scope(s) '{CLOSED_DISK},{CLOSED_GROUP.text},{CLOSED_SUBSCRIPTION}'" in reply.error["message"]
    actions = (
        "Microsoft.Compute/disks/read,Microsoft.Resources/subscriptions/resourceGroups/read,"
        "Microsoft.Resources/subscriptions/read"
    )
    assert f"does not have permission to perform action(s) '{actions}'" in reply.error["message"]
    assert [detail["target"] for detail in reply.error["details"]] == ["one", "more[0]", "more[1]"]


@every_case("line", TAKING)
def test_a_refusal_is_in_the_audit_log(line: str) -> None:
    front = AttackedFront()
    send(front, line, {**sound(TAKING[line]), "x": CLOSED_DISK})
    assert front.services is not None
    newest = front.services.world.audit.records[-1]
    assert (newest.status, newest.error_code, newest.outcome.value) == (403, CODE, "Refused")


def test_a_query_is_held_like_a_body(front: AttackedFront) -> None:
    query = {"api-version": "2026-06-01", "$filter": f"dataSourceId eq '{CLOSED_DISK}'"}
    reply = front.attack("GET", f"{VAULT_PATH}/backupJobs", query=query, role=READER)
    assert reply.error["code"] == CODE


@every_case("line", TAKING)
def test_what_is_open_works_as_before(front: AttackedFront, line: str) -> None:
    reply = send(front, at_a_point(line), sound(TAKING[line]))
    assert reply.status < 300 or (TAKING[line] == "NothingNeeded" and reply.status == 404), reply.text


def test_two_fields_that_disagree_are_both_held(front: AttackedFront) -> None:
    for field in ("resourceUri", "resourceID", "RESOURCEID", "resourceName"):
        body = instance_body()
        body["properties"]["dataSourceInfo"].pop("resourceID" if field == "RESOURCEID" else field)
        body["properties"]["dataSourceInfo"][field] = CLOSED_DISK
        assert front.attack("PUT", f"{VAULT_PATH}/backupInstances/mine", body).error["code"] == CODE


def test_a_scope_of_a_rule_may_lie_around_what_is_closed_but_not_in_it(front: AttackedFront) -> None:
    assert front.attack("PUT", RULE_PATH, rule_body(scope=CLOSED_GROUP.text)).error["code"] == CODE
    assert front.attack("PUT", RULE_PATH, rule_body(scope=f"/subscriptions/{SUBSCRIPTION}")).status == 200
    excluded = rule_body(excludedIds=[CLOSED_DISK])
    assert front.attack("PUT", RULE_PATH, excluded).error["code"] == CODE


def test_the_attacker_learns_no_name_that_the_request_did_not_hold(front: AttackedFront) -> None:
    for line, name in TAKING.items():
        reply = send(front, line, {**sound(name), "x": f"{CLOSED_SUBSCRIPTION}/resourceGroups/x"})
        assert not any(secret in reply.text for secret in SECRETS)

"""Whatever is sent to whatever takes a body: a 4xx with ARM's error and nothing changed, or an answer; never a 5xx."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backup_core.api.call import MAX_BODY_BYTES
from backup_core.api.routes import ROUTES
from backup_core.domain.reading import DEPTH_AT_MOST
from tests.api.bodies import INSTANCE_PATH, VAULT_PATH
from tests.api.standing import WORKING, SignedFront, StandingFront, at_a_point, check_refusal, filled, scene
from tests.cases import every_case

# `METHOD path` and what is described, for all that takes a body.
TAKING = {
    f"{method} /{filled(route.template)}": route.endpoints[method]
    for route in ROUTES
    for method in route.endpoints
    if route.endpoints[method].body
}
BODIES = {line: operation.body for line, operation in TAKING.items()}
SOUND = {line: WORKING[name] for line, name in BODIES.items() if name in WORKING}
OPTIONAL = {line for line, name in BODIES.items() if name == "NothingNeeded"}
# Of each type of JSON. A place meets one of each, and the next place the next ones.
WRONG: tuple[tuple[Any, ...], ...] = (
    (True,),
    (7, -1.5, 10**30),
    ("", "nonsense", "x" * 3000, "a\x00b"),
    ([], [[]], ["x"], [{}]),
    ({}, {"x": {}}),
)
UNREAD = ("properties", "name")  # of a policy: its URL names it
# What need not be there. (What a rule compares tags with, `values`, may be any text.)
FREE_TEXT = (
    "endTime",
    "featureName",
    "friendlyName",
    "id",
    "resourceLocation",
    "resourceName",
    "resourceUri",
    "restoreLocation",
    "retentionTagOverride",
    "sku",
    "startTime",
    "timeZone",
)
NONSENSE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def front() -> Iterator[StandingFront]:
    """Whatever was refused in these tests changed nothing."""
    front = SignedFront(scene())
    yield front
    assert front.altered == []


def send(front: StandingFront, line: str, body: Any) -> Any:
    method, path = at_a_point(line).split(" ")
    return front.send(method, path, body)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, inner in pairs for place in places(inner, (*path, key)))]


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def with_nonsense(value: Any, path: tuple[Any, ...], nonsense: Any) -> Any:
    if not path:
        return nonsense
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = with_nonsense(value[path[0]], path[1:], nonsense)
    return copy


def test_every_operation_that_takes_a_body_is_looked_at() -> None:
    assert set(SOUND) | OPTIONAL == set(BODIES)
    assert len(BODIES) == sum(bool(endpoint.body) for route in ROUTES for endpoint in route.endpoints.values())
    assert SOUND


@every_case("line", SOUND)
def test_the_sound_bodies_work(front: StandingFront, line: str) -> None:
    reply = send(front, line, SOUND[line])
    assert reply.status in TAKING[line].answers, reply.text


@pytest.mark.parametrize("line", SOUND)
def test_a_wrong_type_in_any_place_is_refused(front: StandingFront, line: str) -> None:
    sound = SOUND[line]
    for number, place in enumerate(places(sound)):
        for wrong in (kinds[number % len(kinds)] for kinds in WRONG):
            if type(wrong) is not type(at(sound, place)) and place != UNREAD:
                reply = send(front, line, with_nonsense(sound, place, wrong))
                assert reply.status == 400, f"{place} as {wrong!r:.40}: {reply.status} {reply.text}"
                check_refusal(reply)


@pytest.mark.parametrize("line", SOUND)
@every_case("blank", ["", "   ", "\t", "a\x00b", "\x1f", "x" * 3000])
def test_text_that_says_nothing_or_cannot_be_said_is_refused(front: StandingFront, line: str, blank: str) -> None:
    """But for text that need not be there: then it is not there."""
    sound = SOUND[line]
    for place in places(sound):
        if isinstance(at(sound, place), str) and place != UNREAD and "values" not in place:
            reply = send(front, line, with_nonsense(sound, place, blank))
            if _may_be_blank(sound, place) and blank in ("", "   "):
                assert reply.status < 300, f"{place}: {reply.text}"
                continue
            assert reply.status == 400, f"{place} as {blank!r:.9}: {reply.status} {reply.text}"
            check_refusal(reply)


def _may_be_blank(sound: Any, place: tuple[Any, ...]) -> bool:
    is_kind_of_instance = place[-1] == "objectType" and "dataSourceInfo" in at(sound, place[:-1])
    return is_kind_of_instance or place[-1] in FREE_TEXT or "tags" in place[:-1]


@every_case("line", SOUND)
def test_a_needed_field_that_is_missing_is_refused_and_named(front: StandingFront, line: str) -> None:
    sound = SOUND[line]
    for place in (place for place in places(sound) if place and place[-1] in NEEDED):
        reply = send(front, line, _without(sound, place))
        check_refusal(reply)
        assert place[-1].lower() in reply.text.lower(), f"{place}: {reply.text}"


NEEDED = (
    "backupInstance",
    "backupRuleOptions",
    "dataSourceInfo",
    "datasourceInfo",
    "featureType",
    "lifecycles",
    "location",
    "policyId",
    "policyRules",
    "recoveryPointId",
    "resourceGroupId",
    "resourceID",
    "restoreTargetInfo",
    "ruleName",
    "schedule",
    "sourceDataStoreType",
    "tagName",
)


def _without(value: Any, path: tuple[Any, ...]) -> Any:
    if len(path) == 1:
        return {key: inner for key, inner in value.items() if key != path[0]}
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _without(value[path[0]], path[1:])
    return copy


@pytest.mark.parametrize("line", SOUND)
def test_truncated_json_is_refused(front: StandingFront, line: str) -> None:
    whole = json.dumps(SOUND[line]).encode()
    for length in {*range(0, len(whole), 29), 1, len(whole) - 1} - ({0} if not TAKING[line].body_needed else set()):
        reply = send(front, line, whole[:length])
        check_refusal(reply)
        assert (reply.status, reply.error["code"]) == (400, "InvalidRequestContent")


@pytest.mark.parametrize("line", BODIES)
@every_case(
    "content",
    [
        b"{",
        b"[]",
        b"null",
        b"1",
        b'"x"',
        b"{}{}",
        b"\xff\xfe",
        b"{'a': 1}",
        b'{"a": NaN}',
        b'{"a": 1, "A": 2}',
        b'{"\\ud800": 1}',
    ],
)
def test_what_is_no_json_object_is_refused(front: StandingFront, line: str, content: bytes) -> None:
    reply = send(front, line, content)
    check_refusal(reply)
    assert (reply.status, reply.error["code"]) == (400, "InvalidRequestContent")


@pytest.mark.parametrize("line", BODIES)
def test_five_megabytes_are_refused_without_being_read(front: StandingFront, line: str) -> None:
    began = time.thread_time()
    reply = send(front, line, b'{"a": "' + b"x" * 5_000_000 + b'"}')
    check_refusal(reply)
    assert (reply.status, reply.error["code"]) == (413, "RequestEntityTooLarge")
    assert time.thread_time() - began < 1


@pytest.mark.parametrize("line", BODIES)
@every_case(("opens", "closes"), [(b"[", b"]"), (b'{"b":', b"}")])
def test_a_body_that_is_nested_deeper_than_any_of_ours_is_refused(
    front: StandingFront, line: str, opens: bytes, closes: bytes
) -> None:
    """However deep: some depths are too much for one reader and not yet for another."""
    for levels in (DEPTH_AT_MOST, 200, 480, 900, 990, MAX_BODY_BYTES // 7):
        reply = send(front, line, b'{"a": ' + opens * levels + b"1" + closes * levels + b"}")
        check_refusal(reply)
        assert (reply.status, reply.error["code"]) == (400, "InvalidRequestContent"), levels


@every_case("line", SOUND)
def test_a_body_that_is_nested_as_deep_as_may_be_is_read(front: StandingFront, line: str) -> None:
    deep = json.loads("[" * (DEPTH_AT_MOST - 1) + "]" * (DEPTH_AT_MOST - 1))
    assert send(front, line, {**SOUND[line], "unknown": deep}).status < 300


@every_case("line", SOUND)
def test_a_body_full_of_what_nobody_knows_is_read_for_what_is_known(front: StandingFront, line: str) -> None:
    stuffed = {**SOUND[line], "constructor": {"prototype": 1}, "__proto__": [], "__class__": "x", "\u202e": None}
    assert send(front, line, stuffed).status < 300


@pytest.mark.parametrize("line", SOUND)
@settings(max_examples=25, deadline=None)
@given(choice=st.data())
def test_nonsense_in_any_place_is_refused_or_taken_but_never_a_fault_of_ours(
    front: StandingFront, line: str, choice: st.DataObject
) -> None:
    sound = SOUND[line]
    reply = send(front, line, with_nonsense(sound, choice.draw(st.sampled_from(places(sound))), choice.draw(NONSENSE)))
    if reply.status >= 300:
        check_refusal(reply)


@pytest.mark.parametrize("content", [b"", b"   "])
def test_a_body_that_need_not_be_there_may_be_empty(front: StandingFront, content: bytes) -> None:
    assert front.send("POST", f"{INSTANCE_PATH}/stopProtection", content).status == 202


def test_a_body_on_what_takes_none_is_not_looked_at(front: StandingFront) -> None:
    assert front.send("GET", VAULT_PATH, b"{nonsense").status == 200

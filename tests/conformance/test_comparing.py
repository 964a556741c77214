"""The comparison with recorded answers finds what it is there to find; needs no recordings."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.dataprotection.comparing import NEVER, Comparison
from tests.conformance.dataprotection.excuses import Excuse
from tests.conformance.dataprotection.recorded import Exchange

ONE, TWO, THREE = (f"{number}{'0' * 7}-0000-4000-8000-000000000000" for number in "123")
TIME, LATER = "2024-05-07T12:02:21.8831308Z", "2026-05-07T12:02:21.0000000Z"


def exchange(response: Any = None, *, status: int = 200, headers: dict[str, str] | None = None) -> Exchange:
    return Exchange(
        scenario="made_up",
        number=1,
        method="GET",
        url="/subscriptions/s/resourceGroups/g/providers/Microsoft.DataProtection/backupVaults/v",
        request=None,
        status=status,
        headers=headers or {},
        response=response,
    )


def found(theirs: Any, ours: Any) -> list[tuple[str, str]]:
    comparison = Comparison()
    comparison.compare(exchange(theirs), 200, {}, ours)
    return [(difference.path, difference.what) for difference in comparison.differences]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ({"a": {"b": ["Succeeded", 1, True, None]}}, {"a": {"b": ["Succeeded", 1, True, None]}}),
        ({"id": ONE, "startTime": TIME}, {"id": TWO, "startTime": LATER}),
        ({"id": ONE, "again": f"/x/{ONE}"}, {"id": TWO, "again": f"/x/{TWO}"}),
        ({"duration": "PT3M5.5830357S"}, {"duration": "PT4M"}),
        ({"duration": "00:03:12.7189058"}, {"duration": "1.00:00:00"}),
    ],
)
def test_what_may_differ_is_no_difference(theirs: Any, ours: Any) -> None:
    assert found(theirs, ours) == []


@pytest.mark.parametrize(
    ("theirs", "ours", "expected"),
    [
        ({"a": 1}, {}, ("a", "is missing")),
        ({}, {"a": 1}, ("a", "was never sent")),
        ({"a": {"b": "x"}}, {"a": {"b": None}}, ("a.b", "str is null")),
        ({"a": 14.0}, {"a": 14}, ("a", "float is int")),
        ({"a": True}, {"a": 1}, ("a", "bool is int")),
        ({"a": "Inprogress"}, {"a": "InProgress"}, ("a", "'Inprogress' is 'InProgress'")),
        ({"a": [1, 2]}, {"a": [1]}, ("a", "number of elements 2 is 1")),
        ({"a": [{"b": 1}]}, {"a": [{}]}, ("a[].b", "is missing")),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, ("body", "order of fields a,b is b,a")),
        ({"endTime": NEVER}, {"endTime": "2024-05-07T12:02:21Z"}, ("endTime", f"'{NEVER}' is '2024-05-07T12:02:21Z'")),
        ({"t": TIME}, {"t": "2024-05-07T12:02:21Z"}, ("t", f"'{TIME}' is '2024-05-07T12:02:21Z'")),
        ({"id": ONE, "again": ONE}, {"id": TWO, "again": THREE}, ("again", f"'{TWO}' is '{THREE}'")),
        ({"id": "/a/b"}, {"id": "/a/b/c"}, ("id", "'/a/b' is '/a/b/c'")),
        ({"id": "/Disks/b"}, {"id": "/disks/b"}, ("id", "'/Disks/b' is '/disks/b'")),
        ({"a": '[{"b":1}]'}, {"a": '[{"b":2}]'}, ("a>[].b", "1 is 2")),
        (None, {}, ("body", "null is dict")),
    ],
)
def test_what_must_be_equal_is_a_difference(theirs: Any, ours: Any, expected: tuple[str, str]) -> None:
    assert expected in found(theirs, ours)


def test_operation_urls_have_the_recorded_shape_and_lead_to_the_same_operation() -> None:
    path, query = "/subscriptions/s/providers/Microsoft.DataProtection/locations/l", "?api-version=2024-04-01"
    theirs = {"location": f"https://management.azure.com{path}/operationResults/{'A' * 70}=={query}"}
    ours = {"location": f"https://backup.example{path}/operationResults/{'b' * 40}{query}"}
    comparison = Comparison()
    comparison.compare(exchange(None, headers=theirs), 200, ours, None)

    assert comparison.differences == []
    assert comparison.translated(f"/x/{'A' * 70}==") == f"/x/{'b' * 40}"


@pytest.mark.parametrize(
    ("name", "theirs", "ours", "what"),
    [
        ("location", "https://management.azure.com/a?api-version=1", None, "is missing"),
        ("retry-after", None, "1", "was never sent"),
        ("location", "https://management.azure.com/a?api-version=1", "/a?api-version=1", "is not absolute"),
        ("location", "https://management.azure.com/a?api-version=1", "https://x/a?api-version=2", "api-version=2"),
        ("location", "https://management.azure.com/a?api-version=1", "https://x/b?api-version=1", "'/a' is '/b'"),
        ("content-type", "application/json; charset=utf-8", "text/html", "'application/json' is 'text/html'"),
    ],
)
def test_a_header_that_is_not_as_recorded_is_a_difference(
    name: str, theirs: str | None, ours: str | None, what: str
) -> None:
    comparison = Comparison()
    comparison.compare(
        exchange(None, headers={name: theirs} if theirs else {}), 200, {name: ours} if ours else {}, None
    )

    (difference,) = comparison.differences
    assert difference.path.startswith(f"header {name}")
    assert what in difference.what


@pytest.mark.parametrize("body", [None, {}, {"error": "no"}, {"error": {"code": "", "message": "x"}}])
def test_a_refusal_without_arms_error_cannot_be_excused(body: Any) -> None:
    comparison = Comparison()
    comparison.compare(exchange({"a": 1}), 404, {}, body)

    assert comparison.unsound


def test_a_fault_of_ours_cannot_be_excused() -> None:
    comparison = Comparison()
    comparison.compare(exchange(None, status=500), 500, {}, {"error": {"code": "a", "message": "b"}})

    assert comparison.unsound


def test_an_excuse_covers_whole_texts_only() -> None:
    comparison = Comparison()
    comparison.compare(exchange({"a": 1}), 200, {}, {})
    (difference,) = comparison.differences

    assert Excuse(r"made_up 1 GET backupVaults/\* 200", "a", "is missing", "-").covers(difference)
    assert not Excuse(r"made_up 1 GET", "a", "is missing", "-").covers(difference)
    assert not Excuse(r".*", "b", "is missing", "-").covers(difference)

"""What counts as a difference of two runs, and what no two runs share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.verify import comparing
from infra.verify.exchanges import Exchange, Part

OF_ONE = "11111111-1111-4111-8111-111111111111"
OF_ANOTHER = "22222222-2222-4222-8222-222222222222"
NAMES = {"disk-backup-verify-one": "{group}"}


def exchange(body: Any = None, part: Part = Part.ASKED, **headers: str) -> Exchange:
    url = f"https://127.0.0.1:1/subscriptions/{OF_ONE}/resourceGroups/disk-backup-verify-one?api-version=1"
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return Exchange(step="a step", part=part, method="GET", url=url, request=None, status=200, headers=sent, body=body)


def found(one: list[Exchange], other: list[Exchange], **more: Any) -> list[str]:
    """Without the request that stands before each."""
    lines = comparing.differences(comparing.shapes(one, NAMES), comparing.shapes(other, NAMES), **more)
    return [line.partition("{group}")[2].lstrip(": ") for line in lines]


def test_what_belongs_to_one_run_is_no_difference() -> None:
    url = "https://{}/subscriptions/{}/providers/P/locations/l/operationStatus/{}?api-version=1&t={}&c=x"
    one = exchange(
        {"id": OF_ONE, "at": "2026-03-02T09:00:00.1234567Z", "took": "PT3.5S", "hex": "0" * 32, "name": "T3BlcmF0aW9u"},
        azure_asyncoperation=url.format("a.example", OF_ONE, "T3BlcmF0aW9u", "1"),
        x_ms_ratelimit_remaining_subscription_reads="11999",
        date="now",
    )
    other = exchange(
        {"id": OF_ANOTHER, "at": "2027-01-01T00:00:00Z", "took": "PT1M0.25S", "hex": "f" * 32, "name": "QW5vdGhlcg=="},
        azure_asyncoperation=url.format("b.example:8443", OF_ANOTHER, "QW5vdGhlcg%3D%3D", "2"),
        x_ms_ratelimit_remaining_subscription_reads="3",
        date="then",
    )
    assert found([one], [other]) == []


@pytest.mark.parametrize(
    ("one", "other", "line"),
    [
        ({"a": 1}, {"a": 2}, "body.a is 2, expected 1"),
        ({"a": 1}, {"a": "1"}, "body.a is '1', expected 1"),
        ({"a": True}, {"a": None}, "body.a is None, expected True"),
        ({"a": 1, "b": 1}, {"a": 1}, "body.b is missing, expected 1"),
        ({"a": 1}, {"a": 1, "b": {"c": 1}}, "body.b.c is not expected: 1"),
        ({"a": [1]}, {"a": [1, 2]}, "body.a[1] is not expected: 2"),
        ({"a": {}}, {"a": []}, "body.a is [], expected {}"),
        ({"keep": "P7D"}, {"keep": "P8D"}, "body.keep is 'P8D', expected 'P7D'"),
        ({"diskbackup-slot": "x"}, {"diskbackup-slots": "x"}, "body.diskbackup-slot is missing, expected '{label}'"),
    ],
)
def test_a_field_that_is_another_is_told(one: Any, other: Any, line: str) -> None:
    assert line in found([exchange(one)], [exchange(other)])


def test_a_label_of_a_snapshot_is_known_by_its_name_alone() -> None:
    assert found([exchange({"diskbackup-slot": "a"})], [exchange({"diskbackup-slot": "b"})]) == []


def test_a_status_and_a_header_that_are_others_are_told() -> None:
    one = exchange(retry_after="15", pragma="no-cache")
    other = replace(exchange(retry_after="1", expires="-1"), status=202)
    assert found([one], [other]) == [
        "status is 202, expected 200",
        "header pragma is missing, expected 'no-cache'",
        "header retry-after is '1', expected '15'",
        "header expires is not expected: '-1'",
    ]


def test_an_answer_of_the_app_is_held_to_its_status() -> None:
    vault = "https://a.example/subscriptions/s/resourceGroups/g/providers/Microsoft.DataProtection/backupVaults/v"
    one = replace(exchange({"a": 1}, retry_after="1"), url=vault)
    assert comparing.differences(comparing.shapes([one], {}), comparing.shapes([replace(one, body=None)], {})) == []
    assert comparing.differences(comparing.shapes([one], {}), comparing.shapes([replace(one, status=202)], {})) != []


def test_how_often_somebody_looked_and_what_was_there_so_far_is_no_difference() -> None:
    running, ended = exchange({"status": "InProgress"}, Part.RUNNING), exchange({"status": "Succeeded"}, Part.ENDED)
    later = replace(running, body={"status": "InProgress", "percentComplete": 50})
    assert found([running, running, ended], [ended]) == []
    assert found([ended], [running, later, ended]) == []
    assert found([running, ended], [later, ended]) == []
    assert found([running, ended], [replace(running, headers={"retry-after": "9"}), ended]) != []


def test_what_was_sent_in_vain_is_compared_with_nothing() -> None:
    assert found([exchange()], [exchange({"error": "busy"}, Part.VAIN), exchange()]) == []


def test_a_request_that_was_not_sent_is_missed_unless_the_run_was_cut_short() -> None:
    assert found([exchange()], []) == ["was never sent"]
    assert found([exchange()], [], is_whole=False) == []
    assert found([], [exchange()]) == ["is not expected (200)"]
    assert found([exchange(), exchange({"a": 1})], [exchange(), exchange({"a": 2})]) != [], "the same request twice"


def test_what_is_expected_survives_its_file(tmp_path: Path) -> None:
    shapes = comparing.shapes([exchange({"a": [1, None, "x"]}, retry_after="1"), exchange(None, Part.RUNNING)], NAMES)
    comparing.write(shapes, tmp_path / "expected.json")
    assert comparing.read(tmp_path / "expected.json") == shapes
    assert len(comparing.read()) > 50, "what the simulator answers is in the repository"

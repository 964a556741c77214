"""What is asked of Cost Management, and how its table is read: by the names of its columns, or not at all."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from backup_core.adapters.cost_query import days, next_link, question
from backup_core.domain.errors import RequestRefused
from backup_core.domain.surroundings import BilledDay

SCOPE = "/subscriptions/s/resourceGroups/g"


def table(columns: str, *rows: list[Any], link: str | None = None) -> dict[str, Any]:
    named = [{"name": name, "type": "Number"} for name in columns.split()]
    return {"properties": {"nextLink": link, "columns": named, "rows": list(rows)}}


def test_the_question_is_of_snapshots_with_all_the_tags_by_day() -> None:
    asked = question({"a": "1", "b": "2"}, date(2026, 11, 1), date(2026, 11, 30))
    assert asked["timePeriod"] == {"from": "2026-11-01T00:00:00Z", "to": "2026-11-30T23:59:59Z"}
    kind, *tags = asked["dataset"]["filter"]["and"]
    assert kind["dimensions"]["values"] == ["microsoft.compute/snapshots"]
    assert [(tag["tags"]["name"], tag["tags"]["values"]) for tag in tags] == [("a", ["1"]), ("b", ["2"])]
    assert asked["dataset"]["granularity"] == "Daily"
    assert len(asked["dataset"]["aggregation"]) == 2, "more Azure does not take"


def test_columns_may_come_in_any_order_and_spelling() -> None:
    body = table("Currency UsageDate Quantity COST", ["EUR", 20261101, 0.32, 0.0123])
    assert list(days(body, SCOPE)) == [
        BilledDay(day=date(2026, 11, 1), gib_months=0.32, cost=0.0123, currency="EUR"),
    ]
    assert list(days(table("cost quantity UsageDate Currency"), SCOPE)) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"properties": None},
        table("cost quantity Currency", [1, 2, "USD"]),
        table("cost quantity UsageDate Currency", [1, 2, 20261101]),
        table("cost quantity UsageDate Currency", [1, 2, "yesterday", "USD"]),
        table("cost quantity UsageDate Currency", [None, 2, 20261101, "USD"]),
        table("cost quantity UsageDate Currency", [1, 2, 20261399, "USD"]),
    ],
)
def test_a_table_that_cannot_be_read_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(RequestRefused, match="cannot be read"):
        list(days(body, SCOPE))


def test_there_may_be_more() -> None:
    assert next_link(table("", link="https://a/b")) == "https://a/b"
    assert next_link(table("")) is None

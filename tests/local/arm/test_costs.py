"""What the simulator says was billed: by day, for what exists, and nonsense is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.local.arm.seed import FIRST
from tests.local.arm.bodies import disk_id, snapshot_id, snapshot_of
from tests.local.arm.conftest import Simulator

SUBSCRIPTION = f"/subscriptions/{FIRST}"
KIND = {"dimensions": {"name": "ResourceType", "operator": "In", "values": ["Microsoft.Compute/snapshots"]}}
SUMS = {"qty": {"name": "UsageQuantity", "function": "Sum"}, "cost": {"name": "Cost", "function": "Sum"}}


def tagged(name: str, *values: str) -> dict[str, Any]:
    return {"tags": {"name": name, "operator": "In", "values": list(values)}}


def question(simulator: Simulator, **dataset: Any) -> dict[str, Any]:
    now = datetime.fromtimestamp(simulator.clock(), UTC)
    time = {"from": f"{now - timedelta(days=9):%Y-%m-%d}T00:00:00Z", "to": f"{now:%Y-%m-%d}T23:59:59Z"}
    asked = {"granularity": "Daily", "aggregation": SUMS, "filter": {"and": [KIND, tagged("team", "blue")]}, **dataset}
    return {"type": "ActualCost", "timeframe": "Custom", "timePeriod": time, "dataset": asked}


def ask(simulator: Simulator, scope: str = SUBSCRIPTION, **dataset: Any) -> Any:
    path = f"{scope}/providers/Microsoft.CostManagement/query"
    return simulator.call("POST", path, question(simulator, **dataset), version="2025-03-01")


@pytest.fixture
def taken(simulator: Simulator) -> Simulator:
    """A snapshot of three days ago."""
    body = {**snapshot_of(disk_id("web01-os")), "tags": {"Team": "blue"}}
    simulator.wait_for(simulator.call("PUT", snapshot_id("s1"), body))
    simulator.pass_time(3 * 86_400)
    return simulator


def test_a_day_is_known_a_day_later_with_the_31st_part_of_a_month(taken: Simulator) -> None:
    table = ask(taken).json()["properties"]
    assert [column["name"] for column in table["columns"]] == ["qty", "cost", "UsageDate", "Currency"]
    now = datetime.fromtimestamp(taken.clock(), UTC)
    assert [row[2] for row in table["rows"]] == [int(f"{now - timedelta(days=back):%Y%m%d}") for back in (3, 2, 1)]
    (stored,) = taken.control("GET", "storage")["snapshots"]
    for quantity, cost, _, currency in table["rows"]:
        assert quantity == pytest.approx(stored["used_bytes"] / 2**30 / 31)
        assert (cost, currency) == (pytest.approx(0.05 * quantity), "USD")
    taken.set(cost_known_after_days=0)
    assert len(ask(taken).json()["properties"]["rows"]) == 4


@pytest.mark.parametrize(
    ("wanted", "days"),
    [
        ({"and": [KIND, tagged("team", "red", "BLUE")]}, 3),
        ({"and": [KIND, tagged("team", "red")]}, 0),
        ({"or": [tagged("team", "red"), tagged("TEAM", "blue")]}, 3),
        ({"dimensions": {"name": "ResourceId", "operator": "In", "values": [snapshot_id("s1").lower()]}}, 3),
        ({"dimensions": {"name": "ResourceType", "operator": "In", "values": ["microsoft.compute/disks"]}}, 0),
    ],
)
def test_only_what_the_filter_lets_through_counts(taken: Simulator, wanted: dict[str, Any], days: int) -> None:
    assert len(ask(taken, filter=wanted).json()["properties"]["rows"]) == days


@pytest.mark.parametrize(
    "dataset",
    [
        {"filter": {"and": [KIND]}},
        {"filter": {"tags": {"name": "team", "operator": "Equals", "values": ["blue"]}}},
        {"filter": {"dimensions": {"name": "Weather", "operator": "In", "values": ["fine"]}}},
        {"granularity": "Hourly"},
        {"aggregation": {}},
        {"aggregation": {**SUMS, "more": SUMS["cost"]}},
        {"aggregation": {"x": {"name": "Weight", "function": "Sum"}}},
        {"grouping": [{"type": "Dimension", "name": "Meter"}]},
    ],
)
def test_a_question_that_azure_does_not_take_or_that_is_not_imitated_is_refused(
    taken: Simulator, dataset: dict[str, Any]
) -> None:
    answer = ask(taken, **dataset)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")

"""Cost Management's query, as far as it tells what snapshots were billed day by day.

Of each snapshot that exists: on every day since its creation what it holds now, the 31st part of a month's price
[documented: the daily quantity is GiB / 31]. Snapshots that were deleted are not remembered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from infra.local.arm.paths import TYPE_NAMES
from infra.local.arm.skus import GIB
from infra.local.arm.wire import Answer, ArmError, Call
from infra.local.arm.world import Resource, World

SUMMED = {"Cost": "cost", "UsageQuantity": "quantity"}
AGGREGATIONS_AT_MOST = 2
CURRENCY = "USD"
_DAYS = 31  # of a month, as it is billed


def query(world: World, call: Call) -> Answer:
    asked = call.json()
    try:
        dataset = asked["dataset"]
        summed = {name: SUMMED[each["name"]] for name, each in dataset["aggregation"].items()}
        first, last = (datetime.fromisoformat(asked["timePeriod"][end]).date() for end in ("from", "to"))
        chosen = _filter(dataset.get("filter"))
        is_known = (asked["type"], asked["timeframe"], dataset["granularity"]) == ("ActualCost", "Custom", "Daily")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _invalid(f"{error!r}") from error
    if not is_known or not summed or len(summed) > AGGREGATIONS_AT_MOST or dataset.get("grouping"):
        raise _invalid("only ActualCost by day of a time of one's own is imitated, without grouping")
    known_until = datetime.fromtimestamp(call.now, UTC).date() - timedelta(days=world.settings.cost_known_after_days)
    held: defaultdict[date, float] = defaultdict(float)
    for snapshot in world.snapshots.below(call.route.scope):
        if chosen(snapshot):
            for day in _days(max(first, _created(snapshot)), min(last, known_until)):
                held[day] += snapshot.hidden["used"] / GIB / _DAYS
    price = world.settings.price_per_gib_month
    rows = [
        [*(held[day] * (price if what == "cost" else 1) for what in summed.values()), int(f"{day:%Y%m%d}"), CURRENCY]
        for day in sorted(held)
    ]
    columns = [*((name, "Number") for name in summed), ("UsageDate", "Number"), ("Currency", "String")]
    table = {"nextLink": None, "columns": [{"name": name, "type": kind} for name, kind in columns], "rows": rows}
    name = world.new_guid()
    path = f"{call.route.scope}/providers/Microsoft.CostManagement/query/{name}".lstrip("/")
    kind = "Microsoft.CostManagement/query"
    return Answer(status=200, body={"id": path, "name": name, "type": kind, "properties": table})


def _filter(wanted: Mapping[str, Any] | None) -> Callable[[Resource], bool]:
    """`and` and `or` of two or more; dimensions ResourceType and ResourceId, and tags; the only operator is In."""
    if not wanted:
        return lambda _: True
    ((kind, inner),) = wanted.items()
    if kind in ("and", "or"):
        parts = [_filter(each) for each in inner]
        if len(parts) < 2:
            raise ValueError(f"'{kind}' takes two items or more")
        join = all if kind == "and" else any
        return lambda snapshot: join(part(snapshot) for part in parts)
    if inner["operator"] != "In":
        raise ValueError(f"operator {inner['operator']!r} is not In")
    name, values = inner["name"], {value.lower() for value in inner["values"]}
    if kind == "tags":
        return lambda snapshot: str(_tags(snapshot).get(name.lower())).lower() in values
    of = _DIMENSIONS[name]
    return lambda snapshot: of(snapshot).lower() in values


_DIMENSIONS: Mapping[str, Callable[[Resource], str]] = {
    "ResourceType": lambda snapshot: TYPE_NAMES[snapshot.kind],
    "ResourceId": lambda snapshot: snapshot.id,
}


def _tags(snapshot: Resource) -> dict[str, str]:
    return {name.lower(): value for name, value in (snapshot.body.get("tags") or {}).items()}


def _created(snapshot: Resource) -> date:
    return date.fromisoformat(str(snapshot.properties["timeCreated"])[:10])


def _days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def _invalid(why: str) -> ArmError:
    return ArmError(400, "BadRequest", f"Invalid query definition: {why}.")

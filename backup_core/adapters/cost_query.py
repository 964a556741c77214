"""Cost Management's query API: what is asked about snapshots, and how its table is read.

Of the answer only its form in the SDK is known (columns by name, rows of values, `nextLink`), no recorded traffic: what
cannot be read so is refused rather than guessed. Leaves to others: asking (compute.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from backup_core.domain.errors import RequestRefused
from backup_core.domain.surroundings import BilledDay

_COST, _QUANTITY, _DAY, _CURRENCY = "cost", "quantity", "usagedate", "currency"  # columns, in small letters


def question(tags: Mapping[str, str], first: date, last: date) -> dict[str, Any]:
    """What the snapshots with these tags have cost, day by day; quantities are in GiB-months. `and` takes two items or
    more, and the only operator is In (read in the SDK)."""
    wanted = [{"tags": {"name": name, "operator": "In", "values": [value]}} for name, value in tags.items()]
    kind = {"dimensions": {"name": "ResourceType", "operator": "In", "values": ["microsoft.compute/snapshots"]}}
    return {
        "type": "ActualCost",
        "timeframe": "Custom",
        "timePeriod": {"from": f"{first.isoformat()}T00:00:00Z", "to": f"{last.isoformat()}T23:59:59Z"},
        "dataset": {
            "granularity": "Daily",
            "aggregation": {
                _COST: {"name": "Cost", "function": "Sum"},
                _QUANTITY: {"name": "UsageQuantity", "function": "Sum"},
            },
            "filter": {"and": [kind, *wanted]},
        },
    }


def days(body: Mapping[str, Any], scope: str) -> Iterator[BilledDay]:
    """Raises RequestRefused for a table that cannot be read."""
    try:
        table = body["properties"]
        names = [str(column["name"]).lower() for column in table["columns"]]
        for values in table["rows"]:
            row = dict(zip(names, values, strict=True))
            yield BilledDay(
                day=_day(row[_DAY]),
                gib_months=float(row[_QUANTITY]),
                cost=float(row[_COST]),
                currency=str(row[_CURRENCY]),
            )
    except (KeyError, TypeError, ValueError) as error:
        message = f"What Cost Management answered for '{scope}' cannot be read ({error!r})."
        raise RequestRefused(message, target=scope) from error


def next_link(body: Mapping[str, Any]) -> str | None:
    """Where the question is asked again for what does not fit into one answer."""
    link = body["properties"].get("nextLink")
    return str(link) if link else None


def _day(value: Any) -> date:
    """Written as a number: 20261101."""
    return datetime.strptime(str(int(value)), "%Y%m%d").date()  # noqa: DTZ007 - a day has no zone

"""Azure's Retail Prices API, as far as the prices of snapshots, transfers, Flex Consumption and tables go.

In Azure a host of its own, prices.azure.com, and open to all; here a path of the simulator's. Prices are made up, but
for that of snapshots, which is the setting `price_per_gib_month`: they are there to be read, not to be believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote, urlencode

from infra.local.arm.skus import REGIONS
from infra.local.arm.wire import Answer, Json

PATH = "/api/retail/prices"
PAGE = 100
_TERM = re.compile(r"(\w+) eq '([^']*)'")
_USD = {"USD": 1.0, "EUR": 0.9}  # the rate is made up
_FILTERED = {"priceType": "type"}  # by this name in a filter, by that one in an item
# Service, product, SKU, meter, unit and price of the first tier and of the one from so many units on; for snapshots the
# price of the setting times that.
_Offer = tuple[str, str, str, str, str, Mapping[float, float]]
_HDD, _FLEX = "Standard HDD Managed Disks", "Flex Consumption"
SNAPSHOTS: tuple[_Offer, ...] = (
    ("Storage", _HDD, "Snapshots LRS", "LRS Snapshots", "1 GB/Month", {0: 1.0}),
    ("Storage", _HDD, "Snapshots ZRS", "ZRS Snapshots", "1 GB/Month", {0: 1.25}),
    ("Storage", "Standard SSD Managed Disks", "Snapshots LRS", "Snapshots LRS Snapshots", "1 GB/Month", {0: 2.64}),
    ("Storage", "Premium SSD Managed Disks", "Snapshots LRS", "LRS Snapshots", "1 GB/Month", {0: 2.64}),
)
OTHERS: tuple[_Offer, ...] = (
    ("Functions", _FLEX, "On Demand", "On Demand Execution Time", "1 GB Second", {0: 0.0, 100_000: 0.00002}),
    ("Functions", _FLEX, "On Demand", "On Demand Total Executions", "10", {0: 0.0, 25_000: 0.000003}),
    ("Storage", "Tables", "Standard LRS", "Write Operations", "10K", {0: 0.0005}),
    ("Bandwidth", "Inter-Region", "Inter-Region", "Intra Continent Data Transfer Out", "1 GB", {0: 0.02}),
    ("Bandwidth", "Inter-Region", "Inter-Region", "Inter Continent Data Transfer Out", "1 GB", {0: 0.05}),
)


def answer(query: Mapping[str, str], *, base_url: str, per_gib_month: float) -> Answer:
    """A page of what the filter lets through. Values are compared with their case, as from 2023-01-01-preview on."""
    currency = query.get("currencyCode", "USD").strip("'")
    text = query.get("$filter", "")
    terms = text.split(" and ") if text else []
    matches = [_TERM.fullmatch(term) for term in terms]
    skip = query.get("$skip", "0")
    if currency not in _USD or not skip.isdecimal() or None in matches:
        return Answer(
            status=400, body={"Error": {"Code": "BadRequest", "Message": "Invalid OData parameters supplied"}}
        )
    wanted = {_FILTERED.get(match[1], match[1]): match[2] for match in matches if match is not None}
    found = [item for item in _items(per_gib_month, currency) if all(item.get(k) == v for k, v in wanted.items())]
    page = found[int(skip) : int(skip) + PAGE]
    return Answer(
        status=200,
        body={
            "BillingCurrency": currency,
            "CustomerEntityId": "Default",
            "CustomerEntityType": "Retail",
            "Items": page,
            "NextPageLink": _next(query, base_url, int(skip) + PAGE) if int(skip) + PAGE < len(found) else None,
            "Count": len(page),
        },
    )


def _next(query: Mapping[str, str], base_url: str, skip: int) -> str:
    return f"{base_url}{PATH}?{urlencode({**query, '$skip': skip}, quote_via=quote)}"


def _items(per_gib_month: float, currency: str) -> Iterator[Json]:
    for offer in SNAPSHOTS:
        yield from _offered(offer, per_gib_month * _USD[currency], currency)
    for offer in OTHERS:
        yield from _offered(offer, _USD[currency], currency)


def _offered(offer: _Offer, rate: float, currency: str) -> Iterator[Json]:
    service, product, sku, meter, unit, tiers = offer
    for region in REGIONS:
        for least, price in tiers.items():
            for kind in ("Consumption", "DevTestConsumption"):
                yield {
                    "currencyCode": currency,
                    "tierMinimumUnits": float(least),
                    "retailPrice": round(price * rate, 9),
                    "unitPrice": round(price * rate, 9),
                    "armRegionName": region,
                    "location": region,
                    "effectiveStartDate": "2025-01-01T00:00:00Z",
                    "meterName": meter,
                    "productName": product,
                    "skuName": sku,
                    "serviceName": service,
                    "unitOfMeasure": unit,
                    "type": kind,
                    "isPrimaryMeterRegion": True,
                    "armSkuName": "",
                }

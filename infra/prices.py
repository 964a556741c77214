"""`make prices`: ask Azure's Retail Prices API for the prices that cost estimates use, and write them into the product.

For an operator, by hand: nothing in the product asks for prices. What the API answers for a region and currency takes
the place of what was known of it, all else stays. Then `make package` and deploy. No token is needed.

    python -m infra.prices [--region westeurope ...] [--currency EUR] [--url URL] [--ca FILE] [--list FILE]

Exit status 1 when the API cannot be asked, has no price, or answers what cannot be understood: then nothing is written.
"""

from __future__ import annotations

import argparse
import json
import re
import runpy
import sys
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

ROOT = Path(__file__).resolve().parents[1]
LIST = ROOT / "backup_core" / "domain" / "price_list.py"
URL = "https://prices.azure.com/api/retail/prices"
API_VERSION = "2023-01-01-preview"  # from this one on, values of a filter are compared with their case
PAGES_AT_MOST = 50  # of a meter; all regions of one fit into two
TRIES = 5
_ASK_AGAIN = (429, 500, 502, 503, 504)
_REGION, _CURRENCY = re.compile(r"[a-z0-9]{1,90}"), re.compile(r"[A-Z]{3}")

Row = tuple[str, str, str, float, int, str, str]


class Unreadable(Exception):
    """The API cannot be asked, or its answer cannot be understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A meter of the product as the API names it, and how many of its units one price is for. Without a product and a
    SKU, the names of service and meter are enough."""

    service: str
    product: str = ""
    sku: str = ""
    meter: str
    unit: str
    units: int

    @property
    def filter(self) -> str:
        wanted = {
            "serviceName": self.service,
            "productName": self.product,
            "skuName": self.sku,
            "meterName": self.meter,
            "priceType": "Consumption",
        }
        return " and ".join(f"{name} eq '{value}'" for name, value in wanted.items() if value)


_HDD, _FLEX = ("Storage", "Standard HDD Managed Disks"), ("Functions", "Flex Consumption")
# As public tools print the API's answers. A name that Azure has changed is told as a meter without any price.
METERS: Mapping[str, Asked] = {
    "Standard_LRS": Asked(
        service=_HDD[0], product=_HDD[1], sku="Snapshots LRS", meter="LRS Snapshots", unit="1 GB/Month", units=1
    ),
    "Standard_ZRS": Asked(
        service=_HDD[0], product=_HDD[1], sku="Snapshots ZRS", meter="ZRS Snapshots", unit="1 GB/Month", units=1
    ),
    "Executions": Asked(
        service=_FLEX[0], product=_FLEX[1], sku="On Demand", meter="On Demand Total Executions", unit="10", units=10
    ),
    "ExecutionTime": Asked(
        service=_FLEX[0],
        product=_FLEX[1],
        sku="On Demand",
        meter="On Demand Execution Time",
        unit="1 GB Second",
        units=1,
    ),
    "TableOperations": Asked(
        service="Storage", product="Tables", sku="Standard LRS", meter="Write Operations", unit="10K", units=10_000
    ),
    "TransferWithinContinent": Asked(
        service="Bandwidth", meter="Intra Continent Data Transfer Out", unit="1 GB", units=1
    ),
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.prices", description=__doc__.split("\n\n")[0])
    parser.add_argument("--region", nargs="+", type=_region, default=[], help="default: all that the API knows")
    parser.add_argument("--currency", type=_currency, default="USD", help="default: USD, Azure's own; others follow it")
    parser.add_argument("--url", default=URL)
    parser.add_argument("--ca", type=Path, help="certificates to trust, where they are not the system's")
    parser.add_argument("--list", type=Path, default=LIST, help="the file that is written")
    wanted = parser.parse_args(arguments)
    source = Source(url=wanted.url, trusted=str(wanted.ca) if wanted.ca else True)
    try:
        found = read_prices(source, wanted.region, wanted.currency, today=datetime.now(UTC).date().isoformat())
    except Unreadable as error:
        print(f"prices: {error}; nothing was written", file=sys.stderr)
        return 1
    known = read_list(wanted.list)
    merged = {row[:3]: row for row in (*known, *found)}
    wanted.list.write_text(written(sorted(merged.values())), encoding="utf-8")
    _tell(known, found, wanted.region)
    return 0 if found else 1


def _region(text: str) -> str:
    plain = text.replace(" ", "").lower()
    if not _REGION.fullmatch(plain):
        raise argparse.ArgumentTypeError(f"{text!r} is not the name of a region, like westeurope")
    return plain


def _currency(text: str) -> str:
    if not _CURRENCY.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a currency, like EUR")
    return text


def _tell(known: Sequence[Row], found: Sequence[Row], regions: Sequence[str]) -> None:
    before = {row[:3]: row for row in known}
    for row in found:
        old = before.get(row[:3])
        if old is None or (old[3], old[4]) != (row[3], row[4]):
            told = f"{old[3]:g} for {old[4]:,}" if old else "not known"
            print(f"{row[0]:<16} {row[1]:<20} {told} -> {row[3]:g} {row[2]} for {row[4]:,}")
    print(f"{len(found)} prices were read, {len(before.keys() - {row[:3] for row in found})} stay as they were")
    for meter in METERS:
        priced = {row[1] for row in found if row[0] == meter}
        if not priced or (regions and not priced.issuperset(regions)):
            where = ", ".join(sorted(set(regions) - priced)) or "any region"
            print(f"prices: the API has no price of {meter} in {where}", file=sys.stderr)


# ---------------------------------------------------------------- asking


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """`trusted` is a file of certificates; True takes those that requests trusts. `pause`: seconds until what was
    refused is asked once more, then twice as long, and so on, where the answer does not say how long."""

    url: str
    trusted: str | bool = True
    pause: float = 5.0

    def items(self, asked: str, currency: str) -> Iterator[Mapping[str, Any]]:
        """What the API has for a filter, page by page; links to the next page are followed as they came. Raises
        Unreadable."""
        query = {"api-version": API_VERSION, "currencyCode": f"'{currency}'", "$filter": asked}
        url: str | None = f"{self.url}?{urllib.parse.urlencode(query)}"
        for _ in range(PAGES_AT_MOST):
            page = self._page(str(url))
            yield from page["Items"]
            url = page.get("NextPageLink")
            if not url:
                return
            if urllib.parse.urlsplit(url).hostname != urllib.parse.urlsplit(self.url).hostname:
                raise Unreadable(f"the next page is said to be elsewhere, at {url[:200]}")
        raise Unreadable(f"more than {PAGES_AT_MOST} pages were answered to {asked}")

    def _page(self, url: str) -> dict[str, Any]:
        again = Retry(  # a connection that fails is told at once
            TRIES - 1, connect=0, read=0, status_forcelist=_ASK_AGAIN, backoff_factor=self.pause, raise_on_status=False
        )
        try:
            with requests.Session() as session:
                for scheme in ("https://", "http://"):
                    session.mount(scheme, HTTPAdapter(max_retries=again))
                answer = session.get(url, timeout=60, verify=self.trusted)
            answer.raise_for_status()
            page = answer.json()
        except requests.HTTPError as error:
            raise Unreadable(f"{self.url} answered {answer.status_code} {answer.reason}") from error
        except requests.JSONDecodeError as error:
            raise Unreadable(f"{self.url} answered no JSON ({error})") from error
        except requests.RequestException as error:
            raise Unreadable(f"{self.url} cannot be reached ({error})") from error
        if not isinstance(page, dict) or not isinstance(page.get("Items"), list):
            raise Unreadable(f"{self.url} answered no list of prices")
        return page


@dataclass(frozen=True, slots=True, kw_only=True)
class _Offer:
    """A price of the API: in force for so many units of a month and more."""

    region: str
    at_least: float
    is_primary: bool
    amount: float


def read_prices(source: Source, regions: Sequence[str], currency: str, *, today: str) -> list[Row]:
    """The prices of every meter in these regions, or in all. Raises Unreadable."""
    found: list[Row] = []
    for meter, asked in METERS.items():
        offers: dict[str, list[_Offer]] = {}
        for offer in _offers(asked, source.items(asked.filter, currency), currency, today):
            if not regions or offer.region in regions:
                offers.setdefault(offer.region, []).append(offer)
        for region, offered in offers.items():
            amount = _amount(offered)
            if amount is None:
                print(f"prices: several prices of {meter} in {region}, none of them is taken", file=sys.stderr)
            else:
                found.append((meter, region, currency, amount, asked.units, today, "READ"))
    return found


def _offers(asked: Asked, items: Iterable[Mapping[str, Any]], currency: str, today: str) -> Iterator[_Offer]:
    """Those in force that cost anything. Raises Unreadable."""
    for item in items:
        try:
            offer = _Offer(
                region=str(item["armRegionName"]),
                at_least=float(item["tierMinimumUnits"]),
                is_primary=bool(item.get("isPrimaryMeterRegion")),
                amount=float(item["retailPrice"]),
            )
            is_in_force = item["effectiveStartDate"][:10] <= today
            is_meant = (item["unitOfMeasure"], item["type"]) == (asked.unit, "Consumption")
            if item["currencyCode"] != currency:
                raise Unreadable(f"prices in {currency} were asked for, and {item['currencyCode']} was answered")
        except (KeyError, TypeError, ValueError) as error:
            raise Unreadable(f"a price of {asked.meter} lacks what is expected ({error!r})") from error
        if is_in_force and is_meant and offer.amount > 0 and _REGION.fullmatch(offer.region):
            yield offer


def _amount(offers: Sequence[_Offer]) -> float | None:
    """The price of the first unit that costs anything, for those before it are a free grant; of several the one of the
    region's primary meter. None where it is still not one."""
    first = [offer for offer in offers if offer.at_least == min(each.at_least for each in offers)]
    amounts = {offer.amount for offer in [each for each in first if each.is_primary] or first}
    return amounts.pop() if len(amounts) == 1 else None


# ---------------------------------------------------------------- the list


def read_list(path: Path) -> tuple[Row, ...]:
    return tuple(runpy.run_path(str(path))["ROWS"])


def written(rows: Sequence[Row]) -> str:
    """The file with these rows, as the formatter leaves it."""
    head = LIST.read_text(encoding="utf-8").partition("ROWS:")[0]
    lines = [f"    ({', '.join(json.dumps(field) for field in row)}),\n" for row in rows]
    return f"{head}ROWS: tuple[tuple[str, str, str, float, int, str, str], ...] = (\n{''.join(lines)})\n"


if __name__ == "__main__":
    sys.exit(main())

"""The operator's command that reads list prices: asked of a server over HTTPS, written into a list of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from backup_core.domain.prices import Meter, Origin, find_price, prices
from infra import prices as command
from tests.conftest import Authority
from tests.serving import Asked, Told, serving

ROOT = Path(__file__).resolve().parents[2]
TODAY = "2026-11-29"


# By the filter that asks for it: unit, and price of the first tier and of the one from so many units on. The names are
# those that public tools print of the API's answers; the prices, and euros at 0.9, are made up.
HDD, FLEX = ("serviceName eq 'Storage' and productName eq 'Standard HDD Managed Disks'", "serviceName eq 'Functions'")
ON_DEMAND = f"{FLEX} and productName eq 'Flex Consumption' and skuName eq 'On Demand'"
TABLES = "serviceName eq 'Storage' and productName eq 'Tables' and skuName eq 'Standard LRS'"
OFFERS: Mapping[str, tuple[str, Mapping[int, float]]] = {
    f"{HDD} and skuName eq 'Snapshots LRS' and meterName eq 'LRS Snapshots'": ("1 GB/Month", {0: 0.05}),
    f"{HDD} and skuName eq 'Snapshots ZRS' and meterName eq 'ZRS Snapshots'": ("1 GB/Month", {0: 0.0625}),
    f"{ON_DEMAND} and meterName eq 'On Demand Execution Time'": ("1 GB Second", {0: 0.0, 100_000: 0.00002}),
    f"{ON_DEMAND} and meterName eq 'On Demand Total Executions'": ("10", {0: 0.0, 25_000: 0.000003}),
    f"{TABLES} and meterName eq 'Write Operations'": ("10K", {0: 0.0005}),
    "serviceName eq 'Bandwidth' and meterName eq 'Intra Continent Data Transfer Out'": ("1 GB", {0: 0.02}),
}


def answered(asked: Asked) -> Told:
    """As the Retail Prices API answers, for two regions."""
    query = dict(parse_qsl(urlsplit(asked.path).query))
    currency, wanted = (
        query["currencyCode"].strip("'"),
        query["$filter"].removesuffix(" and priceType eq 'Consumption'"),
    )
    if currency not in ("USD", "EUR") or wanted == query["$filter"]:
        return Told(400)
    unit, tiers = OFFERS.get(wanted, ("", {}))
    rate = 0.9 if currency == "EUR" else 1.0
    items = [
        item(
            currencyCode=currency,
            tierMinimumUnits=float(least),
            retailPrice=round(price * rate, 9),
            armRegionName=region,
            unitOfMeasure=unit,
        )
        for region in ("eastus", "westeurope")
        for least, price in tiers.items()
    ]
    return Told(body=page(*items)[2])


@pytest.fixture(scope="module")
def where(authority: Authority) -> Iterator[list[str]]:
    """Options that tell the command whom to ask."""
    with serving(answered, certificate=authority.certificate, key=authority.key) as url:
        yield ["--url", f"{url}/api/retail/prices", "--ca", str(authority.trusted)]


def run(where: list[str], target: Path, *options: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "infra.prices", *where, "--list", str(target), *options]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=120)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    copy = tmp_path / "price_list.py"
    copy.write_bytes(command.LIST.read_bytes())
    return copy


# ---------------------------------------------------------------- what ships


def test_the_list_that_ships_is_as_the_command_writes_it() -> None:
    rows = command.read_list(command.LIST)
    assert command.written(sorted(rows)) == command.LIST.read_text()
    assert len({row[:3] for row in rows}) == len(rows)


def test_every_price_that_ships_says_when_and_how_it_was_come_by() -> None:
    assert {price.meter for price in prices().values()} == set(Meter) == {Meter(name) for name in command.METERS}
    for price in prices().values():
        assert 0 < price.of_one < 1
        assert price.read_on[:4] == "2026"
        assert price.origin.value


def test_a_price_that_nobody_has_read_is_none() -> None:
    known = find_price(Meter.SNAPSHOTS_ZRS, "eastus", "USD")
    assert known is not None
    assert (known.of_one, known.read_on, known.origin) == (0.05, "2026-07", Origin.REPORTED)
    assert find_price(Meter.SNAPSHOTS_ZRS, "westeurope", "USD") is None
    assert find_price(Meter.SNAPSHOTS_ZRS, "eastus", "EUR") is None
    executions = find_price(Meter.EXECUTIONS, "eastus", "USD")
    assert executions is not None
    assert executions.of_one == pytest.approx(0.4e-6)


# ---------------------------------------------------------------- the command


def test_the_prices_of_a_region_are_read_and_all_others_stay(where: list[str], target: Path) -> None:
    before = set(command.read_list(target))
    done = run(where, target, "--region", "West Europe", "--currency", "EUR")
    assert done.returncode == 0, done.stderr
    added = set(command.read_list(target)) - before
    assert {row[:5] for row in added} == {
        ("Standard_LRS", "westeurope", "EUR", 0.045, 1),
        ("Standard_ZRS", "westeurope", "EUR", 0.05625, 1),
        ("ExecutionTime", "westeurope", "EUR", 0.000018, 1),
        ("Executions", "westeurope", "EUR", 0.0000027, 10),
        ("TableOperations", "westeurope", "EUR", 0.00045, 10_000),
        ("TransferWithinContinent", "westeurope", "EUR", 0.018, 1),
    }
    assert {row[5:] for row in added} == {(datetime.now(UTC).date().isoformat(), "READ")}
    assert before < set(command.read_list(target))
    assert "Standard_ZRS     westeurope           not known -> 0.05625 EUR for 1" in done.stdout
    assert done.stdout.endswith("6 prices were read, 9 stay as they were\n")


def test_a_price_that_is_known_is_replaced_and_the_file_is_one_that_the_formatter_leaves(
    where: list[str], target: Path
) -> None:
    assert run(where, target).returncode == 0
    rows = {row[:3]: row for row in command.read_list(target)}
    assert rows["Standard_ZRS", "eastus", "USD"][3:] == (0.0625, 1, datetime.now(UTC).date().isoformat(), "READ")
    assert rows["Standard_LRS", "swedencentral", "USD"][6] == "REPORTED", "nothing is answered of that region"
    formatted = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--check", "--config", ROOT / "pyproject.toml", target]
    )
    assert formatted.returncode == 0


def test_a_region_that_has_no_prices_is_named(where: list[str], target: Path) -> None:
    before = target.read_bytes()
    done = run(where, target, "--region", "atlantis")
    assert "no price of Standard_ZRS in atlantis" in done.stderr
    assert (done.returncode, target.read_bytes()) == (1, before)


@pytest.mark.parametrize("options", [("--region", "a/b"), ("--currency", "euro")])
def test_what_is_no_region_or_currency_is_refused(where: list[str], target: Path, options: tuple[str, str]) -> None:
    assert run(where, target, *options).returncode == 2


def test_a_currency_that_the_api_refuses_writes_nothing(where: list[str], target: Path) -> None:
    before = target.read_bytes()
    done = run(where, target, "--currency", "XTS")
    assert (done.returncode, target.read_bytes()) == (1, before)
    assert "answered 400" in done.stderr


def test_make_hands_on_what_the_page_says() -> None:
    page = (ROOT / "docs" / "preview.md").read_text()
    (line,) = [line.strip() for line in page.splitlines() if line.startswith("    make prices")]
    dry = line.replace("make", "make --dry-run")
    shown = subprocess.run(["sh", "-c", dry], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "-m infra.prices --region westeurope northeurope --currency EUR" in shown.stdout


# ---------------------------------------------------------------- what the API may answer


def item(**fields: Any) -> dict[str, Any]:
    asked = command.METERS["Standard_LRS"]
    usual = {
        "currencyCode": "USD",
        "tierMinimumUnits": 0.0,
        "retailPrice": 0.05,
        "armRegionName": "eastus",
        "effectiveStartDate": "2025-01-01T00:00:00Z",
        "unitOfMeasure": asked.unit,
        "type": "Consumption",
        "isPrimaryMeterRegion": True,
    }
    return {key: value for key, value in {**usual, **fields}.items() if value is not None}


@contextmanager
def api(answers: list[tuple[int, Mapping[str, str], bytes]]) -> Iterator[str]:
    """A server that answers so, one after the other, and the last for ever."""

    def answer(_: Asked) -> Told:
        status, headers, body = answers.pop(0) if len(answers) > 1 else answers[0]
        return Told(status, body, headers)

    with serving(answer) as url:
        yield f"{url}/api/retail/prices"


def page(*items: Mapping[str, Any], following: str | None = None) -> tuple[int, Mapping[str, str], bytes]:
    return 200, {}, json.dumps({"Items": items, "NextPageLink": following}).encode()


def read(answers: list[tuple[int, Mapping[str, str], bytes]]) -> dict[str, float]:
    """The price of locally redundant snapshots by region."""
    with api([*answers, page()]) as url:
        source = command.Source(url=url, pause=0)
        rows = command.read_prices(source, [], "USD", today=TODAY)
    return {row[1]: row[3] for row in rows if row[0] == "Standard_LRS"}


@pytest.mark.parametrize(
    ("items", "amounts"),
    [
        ([item()], {"eastus": 0.05}),
        ([item(), item(armRegionName="westus", retailPrice=0.06)], {"eastus": 0.05, "westus": 0.06}),
        ([item(retailPrice=0.0), item(tierMinimumUnits=100.0, retailPrice=0.07)], {"eastus": 0.07}),
        ([item(tierMinimumUnits=100.0, retailPrice=0.04), item()], {"eastus": 0.05}),
        ([item(isPrimaryMeterRegion=False, retailPrice=0.09), item()], {"eastus": 0.05}),
        ([item(isPrimaryMeterRegion=None)], {"eastus": 0.05}),
        ([item(retailPrice=0.09), item()], {}),
        ([item(type="DevTestConsumption")], {}),
        ([item(unitOfMeasure="1 TB/Month")], {}),
        ([item(effectiveStartDate="2027-01-01T00:00:00Z")], {}),
        ([item(armRegionName="")], {}),
        ([], {}),
    ],
)
def test_the_price_of_a_region_is_the_first_that_is_paid_of_its_primary_meter(
    items: list[dict[str, Any]], amounts: dict[str, float]
) -> None:
    assert read([page(*items)]) == amounts


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([page(item(currencyCode="EUR"))], "EUR was answered"),
        ([page(item(retailPrice=None))], "lacks what is expected"),
        ([page(item(retailPrice="cheap"))], "lacks what is expected"),
        ([page(item(tierMinimumUnits=None))], "lacks what is expected"),
        ([page({})], "lacks what is expected"),
        ([(200, {}, b"<html>")], "answered no JSON"),
        ([(200, {}, b"[]")], "no list of prices"),
        ([(200, {}, b'{"Items": {}}')], "no list of prices"),
        ([(404, {}, b"")], "answered 404"),
        ([page(item(), following="https://elsewhere.example/api")], "elsewhere"),
        ([(429, {}, b"")] * command.TRIES, "answered 429"),
    ],
)
def test_an_answer_that_cannot_be_understood_is_said_to_be_one(
    answers: list[tuple[int, Mapping[str, str], bytes]], words: str
) -> None:
    with pytest.raises(command.Unreadable, match=words):
        read(answers)


def test_a_throttled_question_is_asked_again_and_links_are_followed() -> None:
    with api([page()]) as elsewhere_on_the_same_host:
        link = elsewhere_on_the_same_host
        amounts = read([(429, {}, b""), (503, {}, b""), page(item(), following=link)])
    assert amounts == {"eastus": 0.05}


def test_an_api_that_cannot_be_reached_is_said_to_be_so() -> None:
    source = command.Source(url="http://127.0.0.1:9/")
    with pytest.raises(command.Unreadable, match="cannot be reached"):
        command.read_prices(source, [], "USD", today=TODAY)

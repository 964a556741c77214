"""Which kinds of disk and snapshot a region has, and in which zones: Compute's list of SKUs, as far as it tells of
them. What is refused is held against the same table (skus.py)."""

from __future__ import annotations

import re

from infra.local.arm import errors, skus
from infra.local.arm.wire import Answer, Call, Json
from infra.local.arm.world import World

_FILTER = re.compile(r"location eq '([A-Za-z0-9 ]+)'")
_SIZES = ("P4", "P6", "P10")  # a kind stands once for each of its sizes [reported: a published answer for westus2]


def read(_world: World, call: Call) -> Answer:
    """`$filter=location eq '<region>'` is the only filter there is [documented]; without it all regions are told."""
    wanted = call.query.get("$filter", "")
    match = _FILTER.fullmatch(wanted)
    if wanted and match is None:
        raise errors.invalid_parameter("$filter", f"The filter '{wanted}' is not supported.")
    regions = skus.REGIONS if match is None else [name for name in skus.REGIONS if name == _plain(match[1])]
    return Answer(status=200, body={"value": [row for name in regions for row in _rows(name)]})


def _plain(location: str) -> str:
    return location.replace(" ", "").lower()


def _rows(location: str) -> list[Json]:
    zones = ["1", "2", "3"] if location in skus.ZONAL_REGIONS else []
    rows = [
        _row("disks", sku, location, [] if sku.endswith("_ZRS") else zones, size)
        for sku in skus.offered(location)
        for size in (_SIZES if sku.startswith("Premium_") else ("",))
    ]
    rows += [_row("snapshots", sku, location, [], "") for sku in skus.SNAPSHOT_SKUS]
    return [*rows, _row("virtualMachines", "Standard_B2s", location, zones, "B2s")]


def _row(kind: str, name: str, location: str, zones: list[str], size: str) -> Json:
    return {
        "resourceType": kind,
        "name": name,
        "tier": name.partition("_")[0],
        **({"size": size} if size else {}),
        "locations": [location],
        "locationInfo": [{"location": location, "zones": zones, "zoneDetails": []}],
        "capabilities": [],
        "restrictions": [],
    }

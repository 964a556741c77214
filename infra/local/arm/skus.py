"""Sizes, performance and the nonsense rules of disk SKUs.

Performance figures: recorded for the sizes in the recordings, else those of the published size tables (COVERAGE.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from infra.local.arm import errors
from infra.local.arm.wire import ArmError

GIB = 1_073_741_824
DISK_SKUS = {
    "Standard_LRS": "Standard",
    "StandardSSD_LRS": "Standard",
    "StandardSSD_ZRS": "Standard",
    "Premium_LRS": "Premium",
    "Premium_ZRS": "Premium",
    "PremiumV2_LRS": "Premium",
    "UltraSSD_LRS": "Ultra",
}
SNAPSHOT_SKUS = {"Standard_LRS": "Standard", "Premium_LRS": "Premium", "Standard_ZRS": "Standard"}
BACKGROUND_COPIED = ("PremiumV2_LRS", "UltraSSD_LRS")
ZONAL_REGIONS = ("westeurope", "northeurope", "eastus")
REGIONS = (*ZONAL_REGIONS, "eastus2", "eastus2euap", "centralus", "westus", "westus2", "uksouth", "francecentral")


@dataclass(frozen=True, slots=True)
class Size:
    gib: int
    tier: str | None
    iops: int
    mbps: int


PREMIUM = (
    Size(4, "P1", 120, 25),
    Size(8, "P2", 120, 25),
    Size(16, "P3", 120, 25),
    Size(32, "P4", 120, 25),
    Size(64, "P6", 240, 50),
    Size(128, "P10", 500, 100),
    Size(256, "P15", 1_100, 125),
    Size(512, "P20", 2_300, 150),
    Size(1_024, "P30", 5_000, 200),
    Size(2_048, "P40", 7_500, 250),
    Size(4_096, "P50", 7_500, 250),
    Size(8_192, "P60", 16_000, 500),
    Size(16_384, "P70", 18_000, 750),
    Size(32_767, "P80", 20_000, 900),
)
STANDARD_SSD = (
    Size(4_096, None, 500, 60),
    Size(8_192, None, 2_000, 400),
    Size(16_384, None, 4_000, 600),
    Size(32_767, None, 6_000, 750),
)
STANDARD = (Size(4_096, None, 500, 60), Size(8_192, None, 1_300, 300), Size(32_767, None, 2_000, 500))
LARGEST_GIB = {"PremiumV2_LRS": 65_536, "UltraSSD_LRS": 65_536}


def is_background_copied(sku: str) -> bool:
    """Premium SSD v2 and Ultra: snapshots and restored disks are filled in the background."""
    return sku in BACKGROUND_COPIED


def performance(sku: str, size_gib: int, tier: str | None = None) -> dict[str, Any]:
    """The performance fields a GET shows when the caller set none."""
    if sku == "UltraSSD_LRS":
        return {"diskIOPSReadWrite": max(100, size_gib), "diskMBpsReadWrite": max(13, math.ceil(size_gib / 256))}
    if sku == "PremiumV2_LRS":
        return {"diskIOPSReadWrite": 3_000, "diskMBpsReadWrite": 125}
    table = _table(sku)
    size = next((entry for entry in table if entry.gib >= size_gib), table[-1])
    if tier is not None:
        size = next(entry for entry in PREMIUM if entry.tier == tier)
    shown = {"diskIOPSReadWrite": size.iops, "diskMBpsReadWrite": size.mbps}
    return {**shown, "tier": size.tier} if size.tier else shown


def offered(location: str) -> list[str]:
    """The kinds of disk that a region has. Zone-redundant ones need zones [documented]; Premium SSD v2 is not in all
    regions [documented], here in those with zones."""
    has_zones = location in ZONAL_REGIONS
    return [sku for sku in DISK_SKUS if has_zones or not (sku.endswith("_ZRS") or sku == "PremiumV2_LRS")]


def check_sku(sku: str, location: str) -> None:
    if sku not in DISK_SKUS:
        raise errors.unknown_sku(sku)
    if sku not in offered(location):
        raise errors.sku_elsewhere(sku, offered(location))


def check_size(sku: str, size_gib: Any) -> None:
    largest = LARGEST_GIB.get(sku, 32_767)
    if not isinstance(size_gib, int) or isinstance(size_gib, bool) or not 1 <= size_gib <= largest:
        message = (
            f"Value '{size_gib}' of parameter 'disk.diskSizeGB' is out of range. Value must be between 1 and {largest}."
        )
        raise errors.invalid_parameter("disk.diskSizeGB", message)


def check_tier(sku: str, size_gib: int, tier: Any) -> None:
    known = {entry.tier: entry for entry in PREMIUM}
    if not sku.startswith("Premium_") or tier not in known:
        raise errors.invalid_parameter("tier", f"Tier '{tier}' is not supported for a disk of SKU '{sku}'.")
    if known[tier].iops < performance(sku, size_gib)["diskIOPSReadWrite"]:
        raise errors.invalid_parameter("tier", f"Tier '{tier}' is below the baseline tier of a {size_gib} GiB disk.")


def check_bursting(sku: str, size_gib: int) -> None:
    """Premium SSD of more than 512 GiB [documented; the refusal remembered]."""
    if not sku.startswith("Premium_") or size_gib <= 512:
        message = f"Bursting on demand is not supported for a {size_gib} GiB disk of SKU '{sku}'."
        raise errors.invalid_parameter("burstingEnabled", message)


def check_performance_plus(sku: str, size_gib: int) -> None:
    """The text is reported (kubernetes-sigs/cloud-provider-azure#4193); 513 GiB or more, and the kinds, documented."""
    if size_gib <= 512:
        raise errors.bad_request("The performancePlus flag can only be set on disks at least 512 GB in size.")
    if sku in BACKGROUND_COPIED:
        raise errors.bad_request(f"The performancePlus flag cannot be set on disks of SKU '{sku}'.")


def check_provisioned(sku: str, size_gib: int, wanted: dict[str, Any]) -> None:
    """Bounds of provisioned performance [documented; the refusal reported:
    kubernetes-sigs/azuredisk-csi-driver#1445]: Premium SSD v2 has 3,000 IOPS and 125 MB/s at least, Ultra one for each
    GiB, 100 at least; neither more than 0.25 MB/s for each."""
    iops, mbps = wanted["diskIOPSReadWrite"], wanted["diskMBpsReadWrite"]
    ultra = sku == "UltraSSD_LRS"
    least = max(100, size_gib) if ultra else 3_000
    most = min(400_000, max(least, 1_000 * size_gib)) if ultra else min(80_000, max(least, 500 * size_gib))
    if not least <= iops <= most:
        raise _out_of_range("diskIOPSReadWrite", iops, f"a {sku} disk of size {size_gib} GB", least, most)
    slowest = max(1, math.ceil(iops / 256)) if ultra else 125
    if not slowest <= mbps <= max(slowest, iops / 4):
        kind = f"a {sku} disk of {iops} IOPS"
        raise _out_of_range("diskMBpsReadWrite", mbps, kind, slowest, max(slowest, iops // 4))


def _out_of_range(name: str, value: int, kind: str, least: int, most: int) -> ArmError:
    message = f"The value {value} of parameter disk.{name} is not valid. The supported range for {kind} is between"
    return errors.bad_request(f"{message} {least} and {most}.")


def check_shares(sku: str, size_gib: int, shares: Any) -> None:
    if not isinstance(shares, int) or isinstance(shares, bool) or not 1 <= shares <= most_shares(sku, size_gib):
        message = f"Value '{shares}' of maxShares is not supported for a {size_gib} GiB disk of SKU '{sku}'."
        raise errors.invalid_parameter("maxShares", message)


def most_shares(sku: str, size_gib: int) -> int:
    """Limits of shared disks by SKU and size [documented: disks-shared]."""
    if sku in BACKGROUND_COPIED:
        return 15
    if sku == "Standard_LRS":
        return 1
    if sku.startswith("StandardSSD"):
        return 3 if size_gib <= 1_024 else 5 if size_gib <= 4_096 else 10
    return 3 if size_gib <= 512 else 5 if size_gib <= 4_096 else 10


def check_zones(sku: str, location: str, zones: list[str]) -> None:
    if len(zones) > 1 or any(zone not in ("1", "2", "3") for zone in zones):
        raise errors.invalid_parameter("zones", f"The zone(s) '{','.join(zones)}' are not supported for one disk.")
    if zones and location not in ZONAL_REGIONS:
        raise errors.invalid_parameter("zones", f"The location '{location}' does not support availability zones.")
    if zones and sku.endswith("_ZRS"):
        raise errors.not_allowed(f"A disk with sku '{sku}' cannot be created in an availability zone.")
    if sku == "PremiumV2_LRS" and not zones and location in ZONAL_REGIONS:
        raise errors.invalid_parameter("zones", f"A disk of SKU '{sku}' needs a zone in location '{location}'.")


def _table(sku: str) -> tuple[Size, ...]:
    if sku.startswith("Premium_"):
        return PREMIUM
    return STANDARD if sku == "Standard_LRS" else STANDARD_SSD

"""What Azure offers of each kind of managed disk: sizes, performance tiers, shares, performance plus.

Sources: the documentation of managed disks (disks-types, disks-change-performance, disks-shared, disk-bursting,
disks-enable-performance), unless a line says otherwise.
"""

from __future__ import annotations

BACKGROUND_COPY_SKUS = frozenset({"PremiumV2_LRS", "UltraSSD_LRS"})
PREMIUM_SKUS = frozenset({"Premium_LRS", "Premium_ZRS"})  # the only ones with tiers and bursting on demand
DISK_SKUS = (
    "Standard_LRS",
    "StandardSSD_LRS",
    "StandardSSD_ZRS",
    "Premium_LRS",
    "Premium_ZRS",
    "PremiumV2_LRS",
    "UltraSSD_LRS",
)
_TIERS = (
    (4, "P1"),
    (8, "P2"),
    (16, "P3"),
    (32, "P4"),
    (64, "P6"),
    (128, "P10"),
    (256, "P15"),
    (512, "P20"),
    (1_024, "P30"),
    (2_048, "P40"),
    (4_096, "P50"),
    (8_192, "P60"),
    (16_384, "P70"),
    (32_767, "P80"),
)
_RANK = {tier: rank for rank, (_, tier) in enumerate(_TIERS)}
_SHARES = {  # how many machines a disk serves: up to so many GB, so many
    "Premium": ((512, 3), (4_096, 5), (32_767, 10)),
    "StandardSSD": ((1_024, 3), (4_096, 5), (32_767, 10)),
}


_BILLED = {"Premium": ("P", 4), "StandardSSD": ("E", 4), "Standard": ("S", 32)}  # letter and smallest size in GB


def meter_of(sku: str, size_gb: int) -> str:
    """What Azure bills a disk by, as its price list names the meter: "P10 LRS Disk" (documented: managed disks are
    billed by the size that theirs is rounded up to). Premium SSD v2 and Ultra are billed by GB and what is
    provisioned: then the SKU itself."""
    kind, _, redundancy = sku.partition("_")
    if kind not in _BILLED:
        return sku
    letter, least = _BILLED[kind]
    tier = next((name for most, name in _TIERS if max(size_gb, least) <= most), _TIERS[-1][1])
    return f"{letter}{tier[1:]} {redundancy} Disk"


def largest_gb(sku: str) -> int:
    return 65_536 if sku in BACKGROUND_COPY_SKUS else 32_767


def is_raised_tier(tier: str, size_gb: int) -> bool:
    """Whether a Premium SSD of that size has `tier` because someone raised it; any other comes with the size, which
    Azure gives by itself, or lies below it, which Azure refuses."""
    baseline = next((rank for rank, (most, _) in enumerate(_TIERS) if size_gb <= most), len(_TIERS))
    return _RANK.get(tier, -1) > baseline


def most_shares(sku: str, size_gb: int) -> int:
    """The largest `maxShares`."""
    if sku in BACKGROUND_COPY_SKUS:
        return 15
    sizes = _SHARES.get(sku.partition("_")[0], ())
    return next((shares for most, shares in sizes if size_gb <= most), 1)


def takes_bursting(sku: str, size_gb: int) -> bool:
    return sku in PREMIUM_SKUS and size_gb > 512


def takes_performance_plus(sku: str, size_gb: int) -> bool:
    """513 GB or more, and neither Premium SSD v2 nor Ultra. Smaller ones are refused (reported:
    kubernetes-sigs/cloud-provider-azure#4193)."""
    return sku in DISK_SKUS and sku not in BACKGROUND_COPY_SKUS and size_gb > 512


def least_performance(sku: str, size_gb: int, iops: int, mbps: int) -> tuple[int, int]:
    """Provisioned IOPS and MB/s of a Premium SSD v2 or Ultra disk of that size, which a smaller one had: an Ultra disk
    has at least one for each GB, and 4 KB/s for each of them. What is the most only grows with the size."""
    if sku != "UltraSSD_LRS":
        return iops, mbps
    iops = max(iops, size_gb)
    return iops, max(mbps, -(-iops // 256))

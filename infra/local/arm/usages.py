"""How full a region is: Compute's usages, as far as they count disks and snapshots, with the limits enforced here."""

from __future__ import annotations

from infra.local.arm import skus
from infra.local.arm.wire import Answer, ArmError, Call, Json
from infra.local.arm.world import Collection, World

# SKU -> name of its counter, and its spelled-out name [reported: answers of this API in public repositories].
DISKS = {
    "Standard_LRS": ("StandardDiskCount", "Standard Storage Managed Disks"),
    "Premium_LRS": ("PremiumDiskCount", "Premium Storage Managed Disks"),
    "StandardSSD_LRS": ("StandardSSDDiskCount", "StandardSSDStorageDisks"),
    "StandardSSD_ZRS": ("StandardSSDZRSDiskCount", "StandardSSDZRSStorageDisks"),
    "Premium_ZRS": ("PremiumZRSDiskCount", "PremiumZRSStorageDisks"),
    "UltraSSD_LRS": ("UltraSSDDiskCount", "UltraSSDStorageDisks"),
    "PremiumV2_LRS": ("PremiumV2DiskCount", "PremiumV2StorageDisks"),
}
SNAPSHOTS = {
    "Standard_LRS": ("StandardSnapshotCount", "StandardStorageSnapshots"),
    "Premium_LRS": ("PremiumSnapshotCount", "PremiumStorageSnapshots"),
    "Standard_ZRS": ("ZRSSnapshotCount", "ZrsStorageSnapshots"),
}


def read(world: World, call: Call) -> Answer:
    route = call.route
    if route.location not in skus.REGIONS:
        message = (
            f"No registered resource provider found for location '{route.location}' and API version "
            f"'{call.api_version}' for type 'locations/usages'."
        )
        raise ArmError(400, "NoRegisteredProviderFound", message, gateway=True)
    counted = (
        (DISKS, world.disks, world.settings.disks_per_region),
        (SNAPSHOTS, world.snapshots, world.settings.snapshots_per_region),
    )
    value = [
        _usage(*names, count(resources, route.subscription, route.location, sku), limit)
        for kinds, resources, limit in counted
        for sku, names in kinds.items()
    ]
    return Answer(status=200, body={"value": value})


def count(resources: Collection, subscription: str, location: str, sku: str) -> int:
    """How many there are of one kind in a region and subscription: what its limit is held against."""
    return sum(
        each.sku == sku and each.location == location for each in resources.below(f"/subscriptions/{subscription}")
    )


def _usage(name: str, spelled_out: str, current: int, limit: int) -> Json:
    return {
        "limit": limit,
        "unit": "Count",
        "currentValue": current,
        "name": {"value": name, "localizedValue": spelled_out},
    }

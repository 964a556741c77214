"""What lies around a disk in Azure: who acts on it, groups, locks, disk encryption sets, how full a region is, and what
was billed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from backup_core.domain.resource_ids import GroupId

# The counters of Compute's usages, by the SKU that each counts (reported: published answers of the usages API and
# scripts that read them).
SNAPSHOT_COUNTERS: Mapping[str, str] = {
    "Standard_LRS": "StandardSnapshotCount",
    "Premium_LRS": "PremiumSnapshotCount",
    "Standard_ZRS": "ZRSSnapshotCount",
}
DISK_COUNTERS: Mapping[str, str] = {
    "Standard_LRS": "StandardDiskCount",
    "StandardSSD_LRS": "StandardSSDDiskCount",
    "StandardSSD_ZRS": "StandardSSDZRSDiskCount",
    "Premium_LRS": "PremiumDiskCount",
    "Premium_ZRS": "PremiumZRSDiskCount",
    "PremiumV2_LRS": "PremiumV2DiskCount",
    "UltraSSD_LRS": "UltraSSDDiskCount",
}

# The kinds of disk that a subscription may have in a region, each with the zones in which it may: none of a kind that
# is zone-redundant, or of a region without zones.
Offer = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A managed identity as its own token tells of it; "" where the token does not say."""

    principal_id: str = ""  # the object id, which role assignments name
    client_id: str = ""
    tenant_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    id: str
    location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """`level` is CanNotDelete or ReadOnly; `scope` the id of what is locked, with all that lies below it."""

    name: str
    level: str
    scope: str

    @property
    def id(self) -> str:
        return f"{self.scope}/providers/Microsoft.Authorization/locks/{self.name}"

    def holds(self, group: GroupId) -> bool:
        """Whether it locks the whole group: set on it, or above it."""
        return f"{group.key}/".startswith(f"{self.scope.rstrip('/').lower()}/")


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptionSet:
    """A disk encryption set as ARM tells it. Whether its key is enabled only the key vault knows; `key_error` is what
    Azure met when it last tried to rotate to a new key."""

    id: str
    location: str
    provisioning_state: str
    key_url: str
    key_error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How many there are of something in a region and subscription, and how many there may be."""

    current: int
    limit: int

    @property
    def room(self) -> int:
        return max(self.limit - self.current, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledDay:
    """What Azure has billed for some snapshots on one day, as Cost Management tells it: it knows of a day a day later.
    `gib_months` is the day's part of its month."""

    day: date
    gib_months: float
    cost: float
    currency: str

"""Managed disks, snapshots and what a restored disk is to look like, as ARM describes them.

`raw` is ARM's own JSON of the resource; the properties read the few fields that decisions need.
Sources: the field tables of the disk resource provider (api-version 2026-03-02).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

BACKGROUND_COPY_SKUS = frozenset({"PremiumV2_LRS", "UltraSSD_LRS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    raw: Mapping[str, Any]

    @property
    def id(self) -> str:
        return str(self.raw["id"])

    @property
    def location(self) -> str:
        return str(self.raw["location"])

    @property
    def sku(self) -> str:
        return str(self.raw.get("sku", {}).get("name", ""))

    @property
    def tags(self) -> Mapping[str, str]:
        return self.raw.get("tags") or {}

    @property
    def size_bytes(self) -> int:
        properties = self.raw.get("properties", {})
        return int(properties.get("diskSizeBytes") or int(properties.get("diskSizeGB") or 0) << 30)

    @property
    def unique_id(self) -> str:
        """Azure's own: a disk made anew under the same name has another."""
        return unique_id_of(self.raw)

    @property
    def provisioning_state(self) -> str:
        return str(self.raw.get("properties", {}).get("provisioningState", "Succeeded"))

    @property
    def completion_percent(self) -> float:
        """Of the copy in the background; absent means done (recorded for Premium SSD)."""
        percent = self.raw.get("properties", {}).get("completionPercent")
        return 100.0 if percent is None else float(percent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    id: str
    location: str
    tags: Mapping[str, str]
    created_at: datetime
    provisioning_state: str
    completion_percent: float
    source_id: str
    size_bytes: int
    raw: Mapping[str, Any] = field(default_factory=dict)

    @property
    def unique_id(self) -> str:
        """Azure's own: it stays when the snapshot is moved, and one made anew under the same name has another."""
        return unique_id_of(self.raw)

    @property
    def source_unique_id(self) -> str:
        """The source disk's unique id."""
        return str((self.raw.get("properties", {}).get("creationData") or {}).get("sourceUniqueId") or "")

    @property
    def is_usable(self) -> bool:
        """Operation success is not enough: a copy in the background must have reached 100 percent."""
        return self.provisioning_state == "Succeeded" and self.completion_percent >= 100


def unique_id_of(raw: Mapping[str, Any]) -> str:
    """Of a disk or snapshot in ARM's JSON; "" while Azure has not given one."""
    return str((raw.get("properties") or {}).get("uniqueId") or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationState:
    """An asynchronous ARM operation as last seen. `status` is InProgress, Succeeded, Failed or Canceled."""

    status: str
    error_code: str = ""
    error_message: str = ""
    output: Mapping[str, Any] | None = None  # the resource, once succeeded


# What a restore carries over from the description of the source; the rest is the snapshot's or Azure's to set.
_CARRIED = (
    "tier",
    "diskIOPSReadWrite",
    "diskMBpsReadWrite",
    "diskIOPSReadOnly",
    "diskMBpsReadOnly",
    "maxShares",
    "burstingEnabled",
    "optimizedForFrequentAttach",
    "networkAccessPolicy",
    "publicNetworkAccess",
    "diskAccessId",
    "dataAccessAuthMode",
    "osType",
    "hyperVGeneration",
    "purchasePlan",
    "supportedCapabilities",
    "securityProfile",
)
_PROVISIONED_PERFORMANCE = ("diskIOPSReadWrite", "diskMBpsReadWrite", "diskIOPSReadOnly", "diskMBpsReadOnly")


def restored_disk_body(
    source: Mapping[str, Any],
    *,
    snapshot_id: str,
    location: str,
    sku: str | None = None,
    zones: tuple[str, ...] | None = None,
    size_gb: int | None = None,
    tags: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The PUT body of a new disk from `snapshot_id`, as `source` (a disk's GET body) was unless told otherwise.

    Settings that depend on the kind of disk are dropped when the kind changes: provisioned IOPS and throughput belong
    to Premium SSD v2 and Ultra, the tier and bursting to Premium SSD (compute reference, restore rules).
    """
    old = dict(source.get("properties", {}))
    old_sku = str(source.get("sku", {}).get("name", ""))
    new_sku = sku or old_sku
    properties: dict[str, Any] = {"creationData": {"createOption": "Copy", "sourceResourceId": snapshot_id}}
    properties |= {name: old[name] for name in _CARRIED if old.get(name) is not None}
    if new_sku not in BACKGROUND_COPY_SKUS:
        for name in _PROVISIONED_PERFORMANCE:
            properties.pop(name, None)
    if new_sku != old_sku:
        for name in (*_PROVISIONED_PERFORMANCE, "tier", "burstingEnabled", "maxShares"):
            properties.pop(name, None)
    encryption = old.get("encryption") or {}
    if encryption.get("diskEncryptionSetId"):
        properties["encryption"] = {
            name: encryption[name] for name in ("type", "diskEncryptionSetId") if encryption.get(name)
        }
    properties["diskSizeGB"] = size_gb or old.get("diskSizeGB")
    body: dict[str, Any] = {
        "location": location,
        "tags": {**(source.get("tags") or {}), **(tags or {})},
        "properties": {name: value for name, value in properties.items() if value is not None},
    }
    if new_sku:
        body["sku"] = {"name": new_sku}
    new_zones = zones if zones is not None else tuple(source.get("zones") or ())
    if new_zones and not new_sku.endswith("_ZRS"):
        body["zones"] = list(new_zones)
    if source.get("extendedLocation"):
        body["extendedLocation"] = source["extendedLocation"]
    return body

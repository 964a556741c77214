"""What a restore asks for, and the tags by which the new disk says what it was restored from.

Leaves to others: the body of the new disk (domain/disk.py) and asking Azure for it (workflows/restore.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from backup_core.domain.disk import BACKGROUND_COPY_SKUS
from backup_core.domain.errors import Fault
from backup_core.domain.recovery_point import TAG_PREFIX, RecoveryPoint
from backup_core.domain.resource_ids import DISK, parse_resource_id

RESTORE_JOB_TAG = f"{TAG_PREFIX}restore-job"
RESTORED_FROM_TAG = f"{TAG_PREFIX}restored-from"
_DISK_SKUS = (
    "Standard_LRS",
    "StandardSSD_LRS",
    "StandardSSD_ZRS",
    "Premium_LRS",
    "Premium_ZRS",
    "PremiumV2_LRS",
    "UltraSSD_LRS",
)
_MAX_NAME = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreRequest:
    """Without `point_id` the newest good point is meant: of all, or of those taken until `at`.

    What is None is as the source disk was; `size_gb` only grows.
    """

    point_id: str | None
    target_disk_id: str
    at: datetime | None = None
    location: str | None = None
    sku: str | None = None
    zones: tuple[str, ...] | None = None
    size_gb: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "sku": self.sku,
            "zones": None if self.zones is None else list(self.zones),
            "size_gb": self.size_gb,
            "tags": dict(self.tags),
        }


def check_restore(request: RestoreRequest, point: RecoveryPoint) -> list[Fault]:
    """Every reason why `point` cannot be restored as asked; empty when it can (restore rules of managed disks)."""
    faults: list[Fault] = []
    target = "restoreTargetInfo"
    try:
        name = parse_resource_id(request.target_disk_id, DISK).name
        if len(name) > _MAX_NAME:
            faults.append(
                Fault(target=f"{target}.datasourceInfo.resourceID", message="a disk's name has at most 80 letters")
            )
    except ValueError as error:
        faults.append(Fault(target=f"{target}.datasourceInfo.resourceID", message=str(error)))
    if request.location and point.location and _plain(request.location) != _plain(point.location):
        message = f"the recovery point lies in {point.location}; a disk is restored in the region of its snapshot"
        faults.append(Fault(target=f"{target}.restoreLocation", message=message))
    if request.sku and request.sku not in _DISK_SKUS:
        faults.append(Fault(target=f"{target}.targetDisk.sku", message=f"must be one of {', '.join(_DISK_SKUS)}"))
    if request.zones and len(request.zones) > 1:
        faults.append(Fault(target=f"{target}.targetDisk.zones", message="a disk lies in at most one zone"))
    if request.zones and (request.sku or "").endswith("_ZRS"):
        faults.append(
            Fault(target=f"{target}.targetDisk.zones", message="a zone-redundant disk has no zone of its own")
        )
    if request.size_gb is not None and request.size_gb << 30 < point.disk_size_bytes:
        message = f"the recovery point holds {point.disk_size_bytes >> 30} GB; a restored disk can only be larger"
        faults.append(Fault(target=f"{target}.targetDisk.sizeGB", message=message))
    if request.sku in BACKGROUND_COPY_SKUS and point.disk.get("properties", {}).get("osType"):
        message = f"{request.sku} cannot be an operating system disk; the source is one"
        faults.append(Fault(target=f"{target}.targetDisk.sku", message=message))
    return faults


def check_subscription(request: RestoreRequest, disk_id: str, *, allowed: bool) -> list[Fault]:
    """Data leaves the subscription of its disk only when the vault allows it (documented: crossSubscriptionRestore)."""
    try:
        source, target = (parse_resource_id(text, DISK) for text in (disk_id, request.target_disk_id))
    except ValueError:
        return []  # told by check_restore
    if allowed or source.subscription.lower() == target.subscription.lower():
        return []
    message = (
        f"the vault does not allow a restore out of subscription {source.subscription}; choose a target in it, or set "
        "featureSettings.crossSubscriptionRestoreSettings of the vault to Enabled"
    )
    return [
        Fault(
            target="restoreTargetInfo.datasourceInfo.resourceID",
            message=message,
            code="UserErrorCrossSubscriptionRestoreNotAllowed",
        )
    ]


def restored_tags(job_id: str, point: RecoveryPoint, wanted: Mapping[str, str]) -> dict[str, str]:
    """Tags of the new disk on top of its source's own."""
    return {**wanted, RESTORE_JOB_TAG: job_id, RESTORED_FROM_TAG: point.snapshot_id[:256]}


def _plain(location: str) -> str:
    return location.replace(" ", "").lower()

"""What a restore asks for, which of that cannot be had, and the tags by which the new disk says where it is from.

Leaves to others: the body of the new disk (domain/restored_disk.py) and asking Azure for it (workflows/restore.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from backup_core.domain.disk_skus import BACKGROUND_COPY_SKUS, DISK_SKUS, largest_gb
from backup_core.domain.errors import Fault
from backup_core.domain.recovery_point import TAG_PREFIX, RecoveryPoint
from backup_core.domain.resource_ids import DISK, parse_resource_id, plain_location
from backup_core.domain.restored_disk import RestoredDisk, Wishes, restored_disk, restored_size_gb, sku_of
from backup_core.domain.surroundings import Offer
from backup_core.domain.tags import LONGEST_VALUE, TAGS_AT_MOST, faults_of

RESTORE_JOB_TAG = f"{TAG_PREFIX}restore-job"
RESTORED_FROM_TAG = f"{TAG_PREFIX}restored-from"
_OWN_TAGS = (RESTORE_JOB_TAG, RESTORED_FROM_TAG)
_TARGET = "restoreTargetInfo"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")  # documented: Disks - Create Or Update
_LARGE_SECTOR = 4_096
_ZONAL = "PremiumV2_LRS"


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreRequest:
    """Without `point_id` the newest good point is meant: of all, or of those taken until `at`.

    What is None is as the source disk was; `size_gb` only grows. `tags` go over those of the source, which come along
    as long as `keeps_source_tags`.
    """

    point_id: str | None
    target_disk_id: str
    at: datetime | None = None
    location: str | None = None
    sku: str | None = None
    zones: tuple[str, ...] | None = None
    size_gb: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    keeps_source_tags: bool = True
    acts_as: str | None = None  # the identity that the vault is expected to act with

    def as_json(self) -> dict[str, Any]:
        return {
            "sku": self.sku,
            "zones": None if self.zones is None else list(self.zones),
            "size_gb": self.size_gb,
            "tags": dict(self.tags),
            "keeps_source_tags": self.keeps_source_tags,
        }


def check_restore(request: RestoreRequest, point: RecoveryPoint, *, is_copy: bool = False) -> list[Fault]:
    """Every reason why `point` cannot be restored as asked; empty when it can (restore rules of managed disks).
    `is_copy`: it stands for its copy in another region, whose zones are not those of the source."""
    checks = (_check_place, _check_kind, _check_zones, _check_size, _check_tags)
    faults = [fault for check in checks for fault in check(request, point)]
    return [*faults, *_check_zone_of_copy(request, point)] if is_copy else faults


def check_offer(request: RestoreRequest, point: RecoveryPoint, offered: Offer) -> Iterator[Fault]:
    """Whether Azure offers the subscription such a disk in the point's region. What its source is in the same region is
    had there. Nothing is known of a region without any kind."""
    sku, zones = wanted_sku(request, point), wanted_zones(request, point)
    if not offered or sku not in DISK_SKUS:
        return  # what is no kind of disk check_restore tells
    if sku not in offered:
        others = [
            each for each in DISK_SKUS if each in offered and not [*_check_kind(replace(request, sku=each), point)]
        ]
        message = f"{sku} disks are not offered in {point.location}; choose {_one_of(others)}"
        yield Fault(target=f"{_TARGET}.targetDisk.sku", message=message)
        return
    has_zones, target = sorted(offered[sku]), f"{_TARGET}.targetDisk.zones"
    if not sku.endswith("_ZRS"):
        for zone in set(zones) - offered[sku]:
            choice = f"{_one_of(has_zones)}, or [] for none" if has_zones else "[] for none"
            what = f"{sku} disks are not offered in zone {zone} of {point.location}"
            missing = what if has_zones else f"{point.location} has no zones for {sku} disks"
            yield Fault(target=target, message=f"{missing}; choose {choice}")
    if sku == _ZONAL and request.zones == () and has_zones:
        message = f"a {_ZONAL} disk needs a zone in {point.location}; choose {_one_of(has_zones)}"
        yield Fault(target=target, message=message)


def _one_of(words: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(words[:-1]), *words[-1:]))) or "another region: none fits the source"


def wanted_sku(request: RestoreRequest, point: RecoveryPoint) -> str:
    return request.sku or sku_of(point.disk)


def wanted_zones(request: RestoreRequest, point: RecoveryPoint) -> tuple[str, ...]:
    return request.zones if request.zones is not None else tuple(point.disk.get("zones") or ())


def _check_place(request: RestoreRequest, point: RecoveryPoint) -> Iterator[Fault]:
    target = f"{_TARGET}.datasourceInfo.resourceID"
    try:
        name = parse_resource_id(request.target_disk_id, DISK).name
        if not _NAME.fullmatch(name):
            message = f"a disk's name has 1 to 80 letters of a-z, A-Z, 0-9, _ and -, which '{name:.100}' has not"
            yield Fault(target=target, message=message)
    except ValueError as error:
        yield Fault(target=target, message=str(error))
    if request.location and point.location and plain_location(request.location) != plain_location(point.location):
        message = f"the recovery point lies in {point.location}; a disk is restored in the region of its snapshot"
        yield Fault(target=f"{_TARGET}.restoreLocation", message=message)


def _check_kind(request: RestoreRequest, point: RecoveryPoint) -> Iterator[Fault]:
    target = f"{_TARGET}.targetDisk.sku"
    if request.sku and request.sku not in DISK_SKUS:
        yield Fault(target=target, message=f"must be one of {', '.join(DISK_SKUS)}")
        return
    sku = wanted_sku(request, point)
    properties = point.disk.get("properties") or {}
    if sku in BACKGROUND_COPY_SKUS and properties.get("osType"):
        yield Fault(target=target, message=f"{sku} cannot be an operating system disk; the source is one")
    sector = (properties.get("creationData") or {}).get("logicalSectorSize")
    if sector == _LARGE_SECTOR and sku and sku not in BACKGROUND_COPY_SKUS:
        kinds = " or ".join(sorted(BACKGROUND_COPY_SKUS))
        message = f"the source has sectors of {sector} bytes, which only {kinds} disks can have"
        yield Fault(target=target, message=message)


def _check_zones(request: RestoreRequest, point: RecoveryPoint) -> Iterator[Fault]:
    target = f"{_TARGET}.targetDisk.zones"
    if request.zones and len(request.zones) > 1:
        yield Fault(target=target, message="a disk lies in at most one zone")
    if request.zones and wanted_sku(request, point).endswith("_ZRS"):
        yield Fault(target=target, message="a zone-redundant disk has no zone of its own")
    if request.zones is None and request.sku == _ZONAL and not wanted_zones(request, point):
        message = (
            f"a {_ZONAL} disk needs a zone wherever the region has zones, and the source has none: name "
            "one, or [] in a region without zones"
        )
        yield Fault(target=target, message=message)


def _check_zone_of_copy(request: RestoreRequest, point: RecoveryPoint) -> Iterator[Fault]:
    if request.zones is None and request.sku is None and wanted_sku(request, point) == _ZONAL:
        message = (
            f"a {_ZONAL} disk needs a zone wherever the region has zones, and those of its source are of another "
            f"region: name one of {point.location}, or [] if that has none"
        )
        yield Fault(target=f"{_TARGET}.targetDisk.zones", message=message)


def _check_size(request: RestoreRequest, point: RecoveryPoint) -> Iterator[Fault]:
    target = f"{_TARGET}.targetDisk.sizeGB"
    if request.size_gb is not None and request.size_gb << 30 < point.disk_size_bytes:
        message = f"the recovery point holds {point.disk_size_bytes >> 30} GB; a restored disk can only be larger"
        yield Fault(target=target, message=message)
    sku = wanted_sku(request, point)
    size_gb = restored_size_gb(point.disk, point.disk_size_bytes, request.size_gb)
    if size_gb > largest_gb(sku):
        message = f"a {sku} disk has at most {largest_gb(sku)} GB, which {size_gb} GB are not"
        yield Fault(target=target, message=message)


def _check_tags(request: RestoreRequest, _point: RecoveryPoint) -> Iterator[Fault]:
    target = f"{_TARGET}.targetDisk.tags"
    for name, reason in faults_of(request.tags):
        yield Fault(target=f"{target}.{name:.100}", message=reason)
    for name in request.tags:
        if name.casefold() in _OWN_TAGS:
            yield Fault(target=f"{target}.{name}", message="is set by the restore itself; leave it out")
    room = TAGS_AT_MOST - len(_OWN_TAGS)
    if len(request.tags) > room:
        message = (
            f"has {len(request.tags)} tags; at most {room} are allowed, beside {len(_OWN_TAGS)} that the restore sets"
        )
        yield Fault(target=target, message=message)


def check_keys(set_ids: Iterable[str], request: RestoreRequest) -> Iterator[Fault]:
    """A disk encryption set serves the disks of its own subscription only (documented)."""
    try:
        target = parse_resource_id(request.target_disk_id, DISK).subscription.lower()
    except ValueError:
        return  # told by check_restore
    for set_id in set_ids:
        if not set_id.lower().startswith(f"/subscriptions/{target}/"):
            message = f"disk encryption set '{set_id}' lies in another subscription than the target: its key is no use"
            place = f"{_TARGET}.datasourceInfo.resourceID"
            yield Fault(target=place, message=message, code="UserErrorDESKeyVaultKeyNotAvailable")


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


def disk_to_be(job_id: str, point: RecoveryPoint, wanted: Mapping[str, Any]) -> RestoredDisk:
    """The new disk of a restore job. `wanted` is what `RestoreRequest.as_json` noted in it, in this release or an
    earlier one."""
    wishes = Wishes(
        sku=wanted["sku"],
        zones=None if wanted["zones"] is None else tuple(wanted["zones"]),
        size_gb=wanted["size_gb"],
        tags=wanted["tags"],
        own_tags={RESTORE_JOB_TAG: job_id, RESTORED_FROM_TAG: point.snapshot_id[:LONGEST_VALUE]},
        keeps_source_tags=wanted.get("keeps_source_tags", True),
    )
    return restored_disk(
        point.disk,
        wishes,
        snapshot_id=point.snapshot_id,
        snapshot_bytes=point.disk_size_bytes,
        location=point.location,
    )

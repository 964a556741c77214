"""What a restored disk is to be: the body that creates it from a snapshot, and what of its source it cannot have.

Field by field in tests/domain/test_disk_fields.py, each with its source. In short: what the snapshot itself carries
(operating system's capabilities, purchase plan, security type, sector size) is left out, as Azure refuses some of it
beside `createOption: Copy`; what the disk alone had is sent, where the new size and kind may have it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from backup_core.domain import disk_skus as skus
from backup_core.domain.tags import TAGS_AT_MOST, is_hidden_link, united

GIB = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoredDisk:
    """`losses` says, in words, what the source had and the new disk will not, though nobody asked for that."""

    body: Mapping[str, Any]
    losses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the new disk is to have otherwise than the source had; None is as it was."""

    sku: str | None = None
    zones: tuple[str, ...] | None = None
    size_gb: int | None = None
    tags: Mapping[str, str]  # of the request
    own_tags: Mapping[str, str]  # ours
    keeps_source_tags: bool = True


def restored_disk(
    source: Mapping[str, Any], wishes: Wishes, *, snapshot_id: str, snapshot_bytes: int, location: str
) -> RestoredDisk:
    """A new disk from `snapshot_id`, as `source` (a disk's GET body) was unless `wishes` have it otherwise."""
    old = source.get("properties") or {}
    old_sku = sku_of(source)
    sku = wishes.sku or old_sku
    size_gb = restored_size_gb(source, snapshot_bytes, wishes.size_gb)
    creation: dict[str, Any] = {"createOption": "Copy", "sourceResourceId": snapshot_id}
    losses: list[str] = []
    if (old.get("creationData") or {}).get("performancePlus"):
        if skus.takes_performance_plus(sku, size_gb):
            creation["performancePlus"] = True
        else:
            losses.append(f"performance plus: a {sku} disk of {size_gb} GB cannot have it")
    tags, lost_tags = _tags(source.get("tags") or {}, wishes)
    properties = {
        "creationData": creation,
        **({"diskSizeGB": size_gb} if size_gb else {}),
        **{name: old[name] for name in _CARRIED if old.get(name) is not None},
        **access_of(old),
        **_encryption(old),
        **_performance(old, old_sku, sku, size_gb, losses.append),
        **_shares(old, sku, size_gb, losses.append),
    }
    zones = wishes.zones if wishes.zones is not None else tuple(source.get("zones") or ())
    body = {
        "location": location,
        "tags": tags,
        **({"sku": {"name": sku}} if sku else {}),
        **({"zones": list(zones)} if zones and not sku.endswith("_ZRS") else {}),
        **({"extendedLocation": source["extendedLocation"]} if source.get("extendedLocation") else {}),
        "properties": properties,
    }
    return RestoredDisk(body=body, losses=(*losses, *lost_tags))


def sku_of(disk: Mapping[str, Any]) -> str:
    return str((disk.get("sku") or {}).get("name") or "")


def restored_size_gb(source: Mapping[str, Any], snapshot_bytes: int, wanted: int | None) -> int:
    """The size asked for; else the source's, or the snapshot's when the disk grew between the look at it and that."""
    if wanted is not None:
        return wanted
    known = int((source.get("properties") or {}).get("diskSizeGB") or 0)
    return max(known, -(-snapshot_bytes // GIB))


# What the disk says of itself and Azure takes beside `Copy`: the first two recorded, the others documented.
_CARRIED = ("osType", "hyperVGeneration", "optimizedForFrequentAttach", "availabilityPolicy")


def access_of(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Who may read the data over a network: what a copy must say, for no copy inherits it (documented).

    A disk access belongs to AllowPrivate alone (reported: Azure/azure-cli#28510, ConflictingUserInput).
    """
    names = ("networkAccessPolicy", "publicNetworkAccess", "dataAccessAuthMode")
    access = {name: properties[name] for name in names if properties.get(name) is not None}
    if access.get("networkAccessPolicy") == "AllowPrivate" and properties.get("diskAccessId"):
        access["diskAccessId"] = properties["diskAccessId"]
    return access


def closed_as(properties: Mapping[str, Any]) -> dict[str, Any]:
    """As `access_of`, for a copy in another region, where the disk access is not: then nobody may read it."""
    access = access_of(properties)
    if access.pop("diskAccessId", None) is not None or access.get("networkAccessPolicy") == "AllowPrivate":
        access |= {"networkAccessPolicy": "DenyAll", "publicNetworkAccess": "Disabled"}
    return access


def encryption_sets_of(body: Mapping[str, Any]) -> list[str]:
    """The ids of the disk encryption sets in a disk's description, each once: that of a customer's key, and that of a
    confidential machine's own, with which its guest encrypts. None of a disk without either."""
    properties = body.get("properties")
    named = []
    for part, name in (("encryption", "diskEncryptionSetId"), ("securityProfile", "secureVMDiskEncryptionSetId")):
        found = properties.get(part) if isinstance(properties, Mapping) else None
        named.append(found.get(name) if isinstance(found, Mapping) else None)
    return list(dict.fromkeys(str(each) for each in named if each))


def _encryption(old: Mapping[str, Any]) -> dict[str, Any]:
    """A customer's key is named; Azure's own needs no word."""
    encryption = old.get("encryption") or {}
    if not encryption.get("diskEncryptionSetId"):
        return {}
    return {"encryption": {name: encryption[name] for name in ("type", "diskEncryptionSetId") if encryption.get(name)}}


def _performance(
    old: Mapping[str, Any], old_sku: str, sku: str, size_gb: int, lose: Callable[[str], None]
) -> dict[str, Any]:
    """What was provisioned or raised by someone. A tier that came with the size is left to Azure, as is everything of
    a kind of disk that the new one is not."""
    kept: dict[str, Any] = {}
    if sku in skus.PREMIUM_SKUS:
        if skus.is_raised_tier(str(old.get("tier") or ""), size_gb):
            kept["tier"] = old["tier"]
        if old.get("burstingEnabled") and skus.takes_bursting(sku, size_gb):
            kept["burstingEnabled"] = True
    iops, mbps = old.get("diskIOPSReadWrite"), old.get("diskMBpsReadWrite")
    if sku not in skus.BACKGROUND_COPY_SKUS or iops is None or mbps is None:
        return kept
    if sku == old_sku:
        iops, mbps = skus.least_performance(sku, size_gb, int(iops), int(mbps))
        reads = {name: old[name] for name in ("diskIOPSReadOnly", "diskMBpsReadOnly") if old.get(name) is not None}
        kept |= {"diskIOPSReadWrite": iops, "diskMBpsReadWrite": mbps, **reads}
    elif old_sku in skus.BACKGROUND_COPY_SKUS:
        lose(f"provisioned performance: the {old_sku} disk had {iops} IOPS and {mbps} MB/s; set those of the {sku} one")
    return kept


def _shares(old: Mapping[str, Any], sku: str, size_gb: int, lose: Callable[[str], None]) -> dict[str, Any]:
    """How many machines share the disk."""
    shares = int(old.get("maxShares") or 1)
    most = skus.most_shares(sku, size_gb)
    if shares > most:
        lose(f"maxShares: the source had {shares}; a {sku} disk of {size_gb} GB has {most} at most")
    kept = min(shares, most)
    return {"maxShares": kept} if kept > 1 else {}


def _tags(source: Mapping[str, str], wishes: Wishes) -> tuple[dict[str, str], list[str]]:
    """Ours, then the request's, then as many of the source's as there is room for, in the order of their names.

    Links of the portal name another resource's tie to the source, and stay behind.
    """
    first = united(wishes.own_tags, wishes.tags)
    if not wishes.keeps_source_tags:
        return first, []
    inherited = {name: value for name, value in source.items() if not is_hidden_link(name)}
    taken = {name.casefold() for name in first}
    names = sorted((name for name in inherited if name.casefold() not in taken), key=str.casefold)
    room = TAGS_AT_MOST - len(first)
    kept = {name: inherited[name] for name in names[:room]}
    if not names[room:]:
        return united(first, kept), []
    lost = ", ".join(f"'{name}'" for name in names[room:])
    return united(first, kept), [f"tags: a disk has {TAGS_AT_MOST} at most, so that the source's {lost} stayed behind"]

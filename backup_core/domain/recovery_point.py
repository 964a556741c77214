"""A recovery point: our record of one snapshot, and the tags by which the snapshot carries that record itself.

The tags are what a rebuild of the catalogue reads (design decision 7). They prove nothing: what
proves a snapshot to be a point's is in domain/ownership.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from typing import Any

from backup_core.domain.disk import Snapshot
from backup_core.domain.durations import Duration, parse_duration
from backup_core.domain.hold import Hold, HoldLabel, ends_of, read_labels, standing, write_labels
from backup_core.domain.resource_ids import VAULT, VaultKey, parse_resource_id
from backup_core.domain.tags import LONGEST_VALUE, find

TAG_PREFIX = "diskbackup-"
OWNER_TAG = f"{TAG_PREFIX}owner"
OWNER_VALUE = "diskbackup/1"
HOLD_TAG = f"{TAG_PREFIX}hold"
FOUND = "snapshot:"  # begins what an adopted snapshot was before, if it was no recovery point
COPY_TAG = f"{TAG_PREFIX}copy"
COPIED_DISK_TAG = f"{TAG_PREFIX}copied-disk"
_POINT_ID = re.compile(r"[0-9a-f]{32}")
_NAME = re.compile(r"[^/\\#?|%\x00-\x1f\x7f-\x9f]{1,260}")  # of what a table's key can hold


class PointState(Enum):
    COMPLETED = "Completed"
    EXPIRING = "Expiring"  # marked for deletion: not offered for restore until its snapshot is known to be whole
    LOST = "Lost"  # its snapshot is gone, and not by us


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryPoint:
    """`point_id` is 32 hex digits that sort newest first. `disk` is the source disk's whole GET body at backup time."""

    instance_name: str
    point_id: str
    snapshot_id: str
    created_at: datetime  # the snapshot's timeCreated: the instant whose data it holds
    completed_at: datetime  # when it became usable
    expires_at: datetime | None
    tag_name: str
    state: PointState = PointState.COMPLETED
    policy_name: str = ""
    policy_version: str = ""  # of the policy that promised how long it is kept; "" where that is not known
    slot: datetime | None = None  # None: on demand
    job_id: str = ""
    disk_id: str = ""
    disk_size_bytes: int = 0
    location: str = ""
    disk: Mapping[str, Any] = field(default_factory=dict)
    holds: tuple[Hold, ...] = ()  # of itself, those that have ended included
    restoring: tuple[str, ...] = ()  # ids of the restore jobs that read its snapshot now
    expiry_job_id: str = ""  # the job that marked it as expiring and has yet to settle it
    deletion_asked_at: datetime | None = None  # since when Azure is deleting its snapshot, or it was first seen gone
    deletion_url: str = ""  # where that operation can be polled, if Azure named one
    expiry_blocked: str | None = None  # why the last attempt to delete it failed
    blocked_until: datetime | None = None  # when deleting it is tried again
    promised_until: datetime | None = None  # its expiry before its deletion was asked for; None: nobody asked
    released_by: str = ""  # the object id of who asked; "" where that is not known
    snapshot_unique_id: str = ""  # Azure's own of the snapshot; "" where an older release did not note it
    installation_id: str = ""  # which installation asked for the snapshot; "": of the time before there were ids
    immutable_until: datetime | None = None  # when Azure's own immutability of its snapshot ends, as last seen
    retention: str = ""  # as promised when the snapshot was asked for, in ISO 8601
    # The name of the point of Azure Backup that it was, FOUND and its own unique id of a script's; "": we took it.
    adopted_from: str = ""
    copying: tuple[str, ...] = ()  # where its snapshot is needed for copies: to be made, or what the next is told from
    absent_since: datetime | None = None  # when its snapshot was first not found, and is not called lost yet

    @property
    def was_found(self) -> bool:
        """Whether its snapshot is a script's, adopted by a rule."""
        return self.adopted_from.startswith(FOUND)

    @property
    def came_over(self) -> bool:
        """Whether it was a recovery point of Azure Backup."""
        return bool(self.adopted_from) and not self.was_found

    @property
    def is_good(self) -> bool:
        return self.state is PointState.COMPLETED

    def may_expire_at(self, now: datetime) -> datetime | None:
        """Its expiry, put off by what is held; None while nobody knows when that ends."""
        held = standing(self.holds, now)
        if self.expires_at is None or not held:
            return self.expires_at
        ends = ends_of(held)
        return None if ends is None else max(ends, self.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotLabel:
    """What a snapshot of ours says of itself through its tags."""

    vault: VaultKey
    instance_name: str
    point_id: str
    job_id: str
    tag_name: str
    retention: Duration | None
    policy_name: str
    slot: datetime | None
    disk: Mapping[str, Any]
    installation_id: str = ""  # "": of the time before there were ids
    holds: tuple[HoldLabel, ...] = ()
    adopted_from: str = ""  # as of the point

    def tags(self) -> dict[str, str]:
        """Tags of at most 256 characters each (ARM's limit)."""
        return {
            OWNER_TAG: OWNER_VALUE,
            f"{TAG_PREFIX}vault": self.vault.resource_id,
            f"{TAG_PREFIX}instance": self.instance_name,
            f"{TAG_PREFIX}point": self.point_id,
            f"{TAG_PREFIX}job": self.job_id,
            f"{TAG_PREFIX}retention-tag": self.tag_name,
            f"{TAG_PREFIX}retention": self.retention.iso() if self.retention else "",
            f"{TAG_PREFIX}policy": self.policy_name,
            f"{TAG_PREFIX}slot": _write_time(self.slot),
            f"{TAG_PREFIX}disk": _essentials(self.disk),
            f"{TAG_PREFIX}installation": self.installation_id,
            **hold_tag(self.holds),
            **({f"{TAG_PREFIX}adopted-from": self.adopted_from} if self.adopted_from else {}),
        }

    def description(self, snapshot: Snapshot) -> dict[str, Any]:
        """A disk's GET body as far as the tag and the snapshot's own body tell it: what a restore starts from."""
        kept = dict(self.disk)
        own = snapshot.raw.get("properties", {})
        properties = {name: own[name] for name in _ON_THE_SNAPSHOT if own.get(name) is not None}
        sku, zones = kept.pop("sku", None), kept.pop("zones", None)
        if kept.pop("performancePlus", None):
            properties["creationData"] = {"performancePlus": True}
        body: dict[str, Any] = {
            "id": snapshot.source_id,
            "location": snapshot.location,
            "properties": {**properties, **kept, "uniqueId": snapshot.source_unique_id},
        }
        return body | ({"sku": {"name": sku}} if sku else {}) | ({"zones": zones} if zones else {})


# What the snapshot itself has of its disk: inherited, or said when it was taken (network access).
_ON_THE_SNAPSHOT = (
    "osType",
    "hyperVGeneration",
    "purchasePlan",
    "supportedCapabilities",
    "encryption",
    "diskSizeGB",
    "networkAccessPolicy",
    "publicNetworkAccess",
    "dataAccessAuthMode",
    "diskAccessId",
)


def is_ours(tags: Mapping[str, str]) -> bool:
    """Whether a snapshot carries our ownership tag, of any version."""
    return tags.get(OWNER_TAG, "").startswith("diskbackup/")


def read_label(tags: Mapping[str, str]) -> SnapshotLabel | None:
    """The label that `SnapshotLabel.tags` wrote, or None when any needed tag is missing or unreadable."""
    if not is_ours(tags):
        return None
    try:
        vault = parse_resource_id(_tag(tags, "vault"), VAULT)
        disk = json.loads(tags.get(f"{TAG_PREFIX}disk") or "{}")
        if not (_POINT_ID.fullmatch(_tag(tags, "point")) and _NAME.fullmatch(_tag(tags, "instance"))):
            return None
        return SnapshotLabel(
            vault=VaultKey(subscription=vault.subscription, group=vault.group, name=vault.name),
            instance_name=_tag(tags, "instance"),
            point_id=_tag(tags, "point"),
            job_id=_tag(tags, "job"),
            tag_name=_tag(tags, "retention-tag"),
            retention=parse_duration(_tag(tags, "retention")) if _tag(tags, "retention") else None,
            policy_name=_tag(tags, "policy"),
            slot=_read_time(_tag(tags, "slot")),
            disk=disk if isinstance(disk, dict) else {},
            installation_id=tags.get(f"{TAG_PREFIX}installation", ""),
            holds=held_by_tag(tags),
            adopted_from=tags.get(f"{TAG_PREFIX}adopted-from", ""),
        )
    except (KeyError, ValueError):
        return None


def hold_tag(labels: Sequence[HoldLabel]) -> dict[str, str]:
    """The tag that tells of holds; none for none."""
    return {HOLD_TAG: write_labels(labels)} if labels else {}


def held_by_tag(tags: Mapping[str, str]) -> tuple[HoldLabel, ...]:
    """What a snapshot's tag says of holds, whoever wrote it."""
    return read_labels(find(tags, HOLD_TAG) or "")


def _tag(tags: Mapping[str, str], name: str) -> str:
    return tags[f"{TAG_PREFIX}{name}"]


def _write_time(instant: datetime | None) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if instant else "on-demand"


@lru_cache(maxsize=1024)  # a deletion reads the same label three times
def _read_time(text: str) -> datetime | None:
    if text == "on-demand":
        return None
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _essentials(disk: Mapping[str, Any]) -> str:
    """The properties a restore needs and a snapshot does not keep, most needed first, as JSON within one tag."""
    properties = disk.get("properties", {})
    wanted: dict[str, Any] = {"sku": disk.get("sku", {}).get("name"), "zones": disk.get("zones")}
    names = ("tier", "diskIOPSReadWrite", "diskMBpsReadWrite", "maxShares", "burstingEnabled")
    wanted |= {name: properties.get(name) for name in names}
    wanted["performancePlus"] = (properties.get("creationData") or {}).get("performancePlus") or None
    kept: dict[str, Any] = {}
    for name, value in wanted.items():
        attempt = kept | {name: value}
        if value is not None and len(json.dumps(attempt, separators=(",", ":"))) <= LONGEST_VALUE:
            kept = attempt
    return json.dumps(kept, separators=(",", ":"))

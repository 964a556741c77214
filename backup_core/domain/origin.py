"""A vault of Azure Disk Backup, which is moved in from: what lies in it, as its API tells (recorded, 2024-04-01).

Read from ARM's JSON as it comes, and never trusted to be whole: what is missing is empty here, and whoever judges it
says so. Leaves to others: what is made of it (domain/importing.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from backup_core.domain.reading import node_of
from backup_core.domain.resource_ids import DISK, SNAPSHOT, GroupId, ResourceId, is_safe_name, parse_group_id

CONFIGURED, STOPPED, SUSPENDED = "ProtectionConfigured", "ProtectionStopped", "BackupsSuspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginVault:
    id: str
    name: str
    location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginPolicy:
    """`properties` as Azure answers them."""

    name: str
    properties: Mapping[str, Any]

    @property
    def is_for_disks(self) -> bool:
        kinds = self.properties.get("datasourceTypes")
        return isinstance(kinds, list) and [str(kind).lower() for kind in kinds] == [DISK.lower()]


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginInstance:
    """`state` is Azure's word of `currentProtectionState`; `disk_id`, `policy_name` and `group_id`, where its snapshots
    lie, are "" where the answer does not name any."""

    id: str
    name: str
    friendly_name: str
    kind: str  # of its data source
    state: str
    disk_id: str
    disk_location: str
    policy_name: str
    group_id: str
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_of_disk(self) -> bool:
        return self.kind.lower() == DISK.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginPoint:
    """`snapshot_id` is known of a point that was read alone: a list does not tell it (recorded)."""

    name: str
    created_at: datetime | None
    expires_at: datetime | None
    tag_name: str
    policy_name: str
    is_whole: bool
    snapshot_id: str = ""


def read_vault(raw: Mapping[str, Any]) -> OriginVault:
    return OriginVault(id=_text(raw, "id"), name=_text(raw, "name"), location=_text(raw, "location"))


def read_policy(raw: Mapping[str, Any]) -> OriginPolicy:
    properties = raw.get("properties")
    return OriginPolicy(name=_text(raw, "name"), properties=properties if isinstance(properties, Mapping) else {})


def read_instance(raw: Mapping[str, Any]) -> OriginInstance:
    properties = node_of(raw).child("properties")
    source, policy = properties.child("dataSourceInfo"), properties.child("policyInfo")
    stores = policy.child("policyParameters").children("dataStoreParametersList")
    groups = (store.text("resourceGroupId") for store in stores if store.text("dataStoreType") == "OperationalStore")
    tags = raw.get("tags") or {}
    return OriginInstance(
        id=_text(raw, "id"),
        name=_text(raw, "name"),
        friendly_name=properties.text("friendlyName"),
        kind=source.text("datasourceType"),
        state=properties.text("currentProtectionState"),
        disk_id=source.text("resourceID"),
        disk_location=source.text("resourceLocation"),
        policy_name=policy.text("policyId").rpartition("/")[2],
        group_id=next(groups, ""),
        tags={str(name): str(value) for name, value in tags.items()},
    )


def read_point(raw: Mapping[str, Any]) -> OriginPoint:
    properties = node_of(raw).child("properties")
    details = [each for each in properties.children("recoveryPointDataStoresDetails") if each.has("creationTime")]
    store = next((each for each in details if each.text("type") == "OperationalStore"), node_of({}))
    state = properties.text("recoveryPointState")
    return OriginPoint(
        name=_text(raw, "name"),
        created_at=_instant(store.text("creationTime")),
        expires_at=_instant(store.text("expiryTime") or properties.text("expiryTime")),
        tag_name=properties.text("retentionTagName"),
        policy_name=properties.text("policyName"),
        is_whole=state in ("", "Completed") and store.text("state") in ("", "COMMITTED"),
        snapshot_id=_snapshot_in(store.raw("metaData")),
    )


def _snapshot_in(metadata: Any) -> str:
    """The snapshot that a point's metadata names: a list of disks as JSON within JSON, of which an instance has one."""
    try:
        disks = json.loads(metadata) if isinstance(metadata, str) else metadata
    except (ValueError, RecursionError):
        return ""
    if not isinstance(disks, Sequence) or len(disks) != 1 or not isinstance(disks[0], Mapping):
        return ""
    names = [disks[0].get(key) for key in ("snapshotSubscriptionId", "snapshotRGName", "snapshotName")]
    if not all(isinstance(name, str) and is_safe_name(name) for name in names):
        return ""
    subscription, group, name = map(str, names)
    return ResourceId(subscription=subscription, group=group, type=SNAPSHOT, name=name).text


def group_of(instance: OriginInstance) -> GroupId | None:
    try:
        return parse_group_id(instance.group_id)
    except ValueError:
        return None


def _text(raw: Mapping[str, Any], key: str) -> str:
    value = raw.get(key)
    return value if isinstance(value, str) else ""


def _instant(text: str) -> datetime | None:
    """Azure writes seven digits of a second, and the year 1 for never."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return at.astimezone(UTC) if at.year > 1 else None

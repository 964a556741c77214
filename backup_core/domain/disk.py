"""Managed disks and snapshots as ARM describes them.

`raw` is ARM's own JSON of the resource; the properties read the few fields that decisions need.
Sources: the field tables of the disk resource provider (api-version 2026-03-02).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


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

    @property
    def is_usable(self) -> bool:
        """As of a snapshot."""
        return self.provisioning_state == "Succeeded" and self.completion_percent >= 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Immutability:
    """A snapshot's immutability policy: until it ends, Azure lets nobody delete the snapshot. Its days count from
    `since` on, which the service sets."""

    since: datetime
    until: datetime


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
    def copy_error(self) -> str:
        """Why Azure gave up copying it from another region; "" unless it did (`CopySourceNotFound`, documented)."""
        error = self.raw.get("properties", {}).get("copyCompletionError") or {}
        return f"{error.get('errorCode')}: {error.get('errorMessage')}" if error else ""

    @property
    def immutability(self) -> Immutability | None:
        """As Azure shows it, expired or not; None where there never was one, or it cannot be read."""
        policy = self.raw.get("properties", {}).get("immutabilityPolicy") or {}
        try:
            since, until = (
                datetime.fromisoformat(policy[name]).astimezone(UTC)
                for name in ("policyStartTime", "policyExpirationTime")
            )
        except (KeyError, TypeError, ValueError):
            return None
        return Immutability(since=since, until=until)

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
    output: Mapping[str, Any] | None = field(default=None, repr=False)  # the resource, or a signed URL, once succeeded

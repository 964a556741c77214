"""A vault: the container of policies and backup instances, and the settings that bind all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from backup_core.domain.resource_ids import VaultKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """`properties` keeps what the client wrote (storageSettings, securitySettings, featureSettings, ...) as JSON."""

    key: VaultKey
    location: str
    created_at: datetime
    tags: Mapping[str, str] = field(default_factory=dict)
    identity: Mapping[str, Any] | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)

"""A vault: the container of policies and backup instances, and the settings that bind all of them.

Three settings only tighten (recorded): soft delete that is AlwaysOn, immutability that is Locked, cross-region restore
that is Enabled; and cross-subscription restore that is PermanentlyDisabled (documented).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from backup_core.domain.errors import Fault
from backup_core.domain.resource_ids import VaultKey

SOFT_DELETE_DAYS = 14.0  # what Azure sets when a client says nothing, with the state On (recorded)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """`properties` keeps what the client wrote (storageSettings, securitySettings, featureSettings, ...) as JSON."""

    key: VaultKey
    location: str
    created_at: datetime
    tags: Mapping[str, str] = field(default_factory=dict)
    identity: Mapping[str, Any] | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)

    @property
    def soft_delete_days(self) -> float:
        """How long a deleted backup instance can be had back; 0 when soft delete is off."""
        if self.setting("securitySettings", "softDeleteSettings", "state") == "Off":
            return 0
        days = self.setting("securitySettings", "softDeleteSettings", "retentionDurationInDays")
        return SOFT_DELETE_DAYS if days is None else float(days)

    @property
    def is_immutable(self) -> bool:
        """Whether nothing may shorten what a recovery point was promised."""
        return self.setting("securitySettings", "immutabilitySettings", "state") in ("Unlocked", "Locked")

    @property
    def allows_cross_subscription_restore(self) -> bool:
        """On unless switched off, as in Azure (documented)."""
        state = self.setting("featureSettings", "crossSubscriptionRestoreSettings", "state")
        return state not in ("Disabled", "PermanentlyDisabled")

    def setting(self, *path: str) -> Any:
        """A value within `properties`, or None."""
        value: Any = self.properties
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class _OneWay:
    """A setting that does not leave `state`; code and wording are Azure's where they were recorded."""

    path: tuple[str, ...]
    state: str
    code: str
    message: str


_ONE_WAY = (
    _OneWay(
        path=("securitySettings", "softDeleteSettings", "state"),
        state="AlwaysOn",
        code="UserErrorDisableSoftDeleteNotAllowed",
        message="Cannot disable soft delete once set to AlwaysOn",
    ),
    _OneWay(
        path=("securitySettings", "immutabilitySettings", "state"),
        state="Locked",
        code="UserErrorUnsupportedVaultImmutabilityStateChange",
        message="The immutable vault property for this vault is locked, hence, this setting cannot be disabled.",
    ),
    _OneWay(
        path=("featureSettings", "crossRegionRestoreSettings", "state"),
        state="Enabled",
        code="UserErrorCrossRegionRestoreStateChangeNotAllowed",
        message="CrossRegionRestore state cannot be changed from Enabled to Disabled.",
    ),
    _OneWay(
        path=("featureSettings", "crossSubscriptionRestoreSettings", "state"),
        state="PermanentlyDisabled",
        code="UserErrorCrossSubscriptionRestoreStateChangeNotAllowed",
        message="Cross-subscription restore is permanently disabled for this vault.",
    ),
)


def check_change(before: Vault, after: Vault) -> list[Fault]:
    """Every setting of `after` that may no longer be changed so, and a move to another region."""
    faults = [
        Fault(target="", message=rule.message, code=rule.code)
        for rule in _ONE_WAY
        if before.setting(*rule.path) == rule.state != after.setting(*rule.path)
    ]
    if before.location.lower() != after.location.lower():
        message = f"vault '{before.key.name}' lies in {before.location} and cannot be moved"
        faults.append(Fault(target="location", message=message, code="InvalidResourceLocation"))
    return faults


def merged_settings(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """`new` over `old`, object by object; a list replaces a list. What a client leaves out stays as it was: a request
    that does not speak of soft delete or immutability must not weaken them."""
    merged = dict(old)
    for name, value in new.items():
        before = merged.get(name)
        both = isinstance(before, Mapping) and isinstance(value, Mapping)
        merged[name] = merged_settings(cast("Mapping[str, Any]", before), value) if both else value
    return merged

"""A vault: the container of policies and backup instances, and the settings that bind all of them.

Three settings only tighten: soft delete that is AlwaysOn, immutability that is Locked (both recorded), and
cross-subscription restore that is PermanentlyDisabled (documented).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from backup_core.domain.errors import Fault
from backup_core.domain.resource_ids import VaultKey

_NAMED = "userAssignedIdentities"
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

    @property
    def has_identity(self) -> bool:
        """Earlier releases kept the kind None."""
        return self.identity is not None and self.identity["type"] != "None"

    @property
    def security_score(self) -> tuple[str, str]:
        """`secureScore` and `bcdrSecurityLevel`, by the rule that Azure's answers show (recorded for all combinations
        but On with Disabled): what nobody can switch off counts, and what can be counts less. Maximum takes a resource
        guard, which there is none of."""
        soft_delete = self.setting("securitySettings", "softDeleteSettings", "state") or "On"
        immutability = self.setting("securitySettings", "immutabilitySettings", "state")
        if soft_delete == "AlwaysOn" or (soft_delete == "On" and immutability == "Locked"):
            return "Adequate", "Good"
        return ("Minimum", "Fair") if soft_delete == "On" and immutability == "Unlocked" else ("None", "Poor")

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
        path=("featureSettings", "crossSubscriptionRestoreSettings", "state"),
        state="PermanentlyDisabled",
        code="UserErrorCrossSubscriptionRestoreStateChangeNotAllowed",
        message="Cross-subscription restore is permanently disabled for this vault.",
    ),
)


def check_wish(before: Vault | None, after: Vault) -> list[Fault]:
    """What no vault is given here. One that has it since an earlier release keeps it, for it does nothing."""
    path = ("featureSettings", "crossRegionRestoreSettings", "state")
    had = before is not None and before.setting(*path) == "Enabled"
    if had or after.setting(*path) != "Enabled":
        return []
    message = "cross-region restore is not offered: the snapshots of disks stay in their disk's region"
    return [Fault(target=".".join(("properties", *path)), message=message, code="OperationNotSupported")]


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


def merged_identity(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What a PATCH makes of a vault's identity: another kind leaves nothing of the old one; of one kind, identities are
    added, and those given as null taken away (ARM's rule for all resources). None for none."""
    if new["type"] == "None":
        return None
    named = dict(new.get(_NAMED, {}))
    if "UserAssigned" not in new["type"]:
        return {"type": new["type"]}
    kept = {name.lower(): name for name in (old or {}).get(_NAMED, {})}
    gone = {name.lower() for name, value in named.items() if value is None}
    added = {name.lower(): name for name in named}
    left = [name for key, name in {**added, **kept}.items() if key not in gone]
    return {"type": new["type"], _NAMED: {name: {} for name in left}}


def check_identity(identity: Mapping[str, Any] | None) -> list[Fault]:
    """ARM's refusal, in its words (reported: hashicorp/terraform-provider-azurerm 17082)."""
    if identity is None or "UserAssigned" not in identity["type"] or identity.get(_NAMED):
        return []
    message = f"The identity ids must not be null or empty for '{identity['type']}' identity type."
    return [Fault(target="", message=message, code="MissingIdentityIds")]


def merged_settings(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """`new` over `old`, object by object; a list replaces a list. What a client leaves out stays as it was: a request
    that does not speak of soft delete or immutability must not weaken them."""
    merged = dict(old)
    for name, value in new.items():
        before = merged.get(name)
        both = isinstance(before, Mapping) and isinstance(value, Mapping)
        merged[name] = merged_settings(cast("Mapping[str, Any]", before), value) if both else value
    return merged

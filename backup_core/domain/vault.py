"""A vault: the container of policies and backup instances, and the settings that bind all of them.

Three settings only tighten: soft delete that is AlwaysOn, immutability that is Locked (both recorded), and
cross-subscription restore that is PermanentlyDisabled (documented). What else makes a vault weaker waits (ours): it is
kept beside the settings in force, with the instant from which it counts, and can be taken back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

from backup_core.domain.copying import CopyRule
from backup_core.domain.errors import Fault
from backup_core.domain.hold import Hold
from backup_core.domain.resource_ids import VaultKey

_NAMED = "userAssignedIdentities"
SHARE_PERCENT = 10.0  # of a vault's backup instances, beyond which the deletion brake stops, unless it says otherwise
BRAKE_OFF = 100.0
SOFT_DELETE_DAYS = 14.0  # what Azure sets when a client says nothing, with the state On (recorded)

WEAKENING_REFUSED = "UserErrorWeakeningNotAllowed"
BELOW_LEAST = "UserErrorBelowLeastPromise"

_Path = tuple[str, ...]
_SOFT_DELETE: _Path = ("securitySettings", "softDeleteSettings", "state")
_SOFT_DELETE_DAYS: _Path = ("securitySettings", "softDeleteSettings", "retentionDurationInDays")
_IMMUTABILITY: _Path = ("securitySettings", "immutabilitySettings", "state")
_BRAKE_SHARE: _Path = ("securitySettings", "deletionBrakeSettings", "sharePercent")
_CROSS_SUBSCRIPTION: _Path = ("featureSettings", "crossSubscriptionRestoreSettings", "state")
# The words of each setting that protects, weakest first, and what it is when nobody said.
_STRENGTHS: Mapping[_Path, tuple[tuple[str, ...], str]] = {
    _SOFT_DELETE: (("Off", "On", "AlwaysOn"), "On"),
    _IMMUTABILITY: (("Disabled", "Unlocked", "Locked"), "Disabled"),
    _CROSS_SUBSCRIPTION: (("Enabled", "Disabled", "PermanentlyDisabled"), "Enabled"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Promises:
    """What this deployment asks of every vault: how long a weakening waits in one that holds recovery points, and the
    least that any may promise. `binds_snapshots`: what an immutable one keeps, Azure keeps as well.
    `unbraked_instances`: of so many within an hour points may go early, whatever share of a vault that is."""

    weakening_delay: timedelta = timedelta(hours=24)
    least_soft_delete_days: float = 0
    least_immutability: str = "Disabled"
    binds_snapshots: bool = False
    unbraked_instances: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """`properties` keeps what the client wrote (storageSettings, securitySettings, featureSettings, ...) as JSON.

    `weaker` are settings, by place (names with dots), that count from `weaker_from` on. Whoever asks what is in force
    asks `at(now)`.

    `identity` is as the client wrote it; `acts_as` is the user-assigned identity, by its id, that the app acts with for
    the vault, "" for the app's own. A row of an older release has none: it goes on as it was.
    """

    key: VaultKey
    location: str
    created_at: datetime
    tags: Mapping[str, str] = field(default_factory=dict)
    identity: Mapping[str, Any] | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    weaker: Mapping[str, Any] = field(default_factory=dict)
    weaker_from: datetime | None = None
    acts_as: str = ""
    copy_rules: tuple[CopyRule, ...] = ()
    holds: tuple[Hold, ...] = ()  # on all points of all its instances, those that have ended included
    closing: bool = False  # it is being deleted: nothing new is put into it
    move_job_id: str = ""  # the job that moves instances over from Azure Backup, or did so last

    def at(self, now: datetime) -> Vault:
        """The vault with the settings that are in force at `now`."""
        if self.weaker_from is None or now < self.weaker_from:
            return self
        return replace(self, properties=_with(self.properties, self.weaker), weaker={}, weaker_from=None)

    @property
    def immutability(self) -> str:
        """Disabled, Unlocked or Locked."""
        words, unsaid = _STRENGTHS[_IMMUTABILITY]
        state = self.setting(*_IMMUTABILITY)
        return str(state) if state in words else unsaid

    @property
    def is_locked(self) -> bool:
        """Whether immutability is there to stay, so that no promise of the vault may become weaker."""
        return bool(self.setting(*_IMMUTABILITY) == "Locked")

    @property
    def soft_delete_days(self) -> float:
        """How long a deleted backup instance can be undeleted; 0 when soft delete is off."""
        if self.setting(*_SOFT_DELETE) == "Off":
            return 0
        days = self.setting(*_SOFT_DELETE_DAYS)
        return SOFT_DELETE_DAYS if days is None else float(days)

    @property
    def brake_share_percent(self) -> float:
        """Of how many of its backup instances points may go early within an hour; 100 is all: no brake."""
        share = self.setting(*_BRAKE_SHARE)
        return SHARE_PERCENT if share is None else float(share)

    @property
    def is_immutable(self) -> bool:
        """Whether nothing may shorten what a recovery point was promised."""
        return self.setting(*_IMMUTABILITY) in ("Unlocked", "Locked")

    @property
    def allows_cross_subscription_restore(self) -> bool:
        """On unless switched off, as in Azure (documented)."""
        state = self.setting(*_CROSS_SUBSCRIPTION)
        return state not in ("Disabled", "PermanentlyDisabled")

    @property
    def has_identity(self) -> bool:
        """Earlier releases kept the kind None."""
        return self.identity is not None and self.identity["type"] != "None"

    def security_score(self, *, is_guarded: bool) -> tuple[str, str]:
        """`secureScore` and `bcdrSecurityLevel`, by the rule that Azure's answers show (recorded for all combinations
        but On with Disabled): what nobody can switch off counts, and what can be counts less. The highest takes a
        resource guard beside what nobody can switch off (remembered)."""
        soft_delete = self.setting(*_SOFT_DELETE) or "On"
        immutability = self.setting(*_IMMUTABILITY)
        if soft_delete == "AlwaysOn" or (soft_delete == "On" and immutability == "Locked"):
            return ("Maximum", "Excellent") if is_guarded else ("Adequate", "Good")
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
        path=_SOFT_DELETE,
        state="AlwaysOn",
        code="UserErrorDisableSoftDeleteNotAllowed",
        message="Cannot disable soft delete once set to AlwaysOn",
    ),
    _OneWay(
        path=_IMMUTABILITY,
        state="Locked",
        code="UserErrorUnsupportedVaultImmutabilityStateChange",
        message="The immutable vault property for this vault is locked, hence, this setting cannot be disabled.",
    ),
    _OneWay(
        path=_CROSS_SUBSCRIPTION,
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
    message = (
        "cross-region restore takes no setting here: a copy rule has recovery points copied to another region, and who "
        "may restore may restore them there; leave it out"
    )
    return [Fault(target=".".join(("properties", *path)), message=message, code="OperationNotSupported")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weakening:
    """A setting that would protect less than it does, with its value before and after."""

    place: str
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{self.place}: {self.before} -> {self.after}"


def weakenings(before: Vault, after: Vault) -> list[Weakening]:
    """What `after` promises less than `before` does: each setting by itself, whatever the others say."""
    found = []
    for path, (words, unsaid) in _STRENGTHS.items():
        old, new = (vault.setting(*path) or unsaid for vault in (before, after))
        if words.index(new) < words.index(old):
            found.append(Weakening(place=".".join(path), before=old, after=new))
    old_days, new_days = (vault.setting(*_SOFT_DELETE_DAYS) or SOFT_DELETE_DAYS for vault in (before, after))
    if new_days < old_days:
        found.append(Weakening(place=".".join(_SOFT_DELETE_DAYS), before=old_days, after=new_days))
    if after.brake_share_percent > before.brake_share_percent:
        old_share, new_share = before.brake_share_percent, after.brake_share_percent
        found.append(Weakening(place=".".join(_BRAKE_SHARE), before=old_share, after=new_share))
    return found


def plan_change(before: Vault, wanted: Vault, said: Mapping[str, Any], at: datetime) -> Vault:
    """The vault as it may be stored of one that is to become `wanted` by the settings `said`: what is weaker than what
    is in force (`before`) counts from `at`, the rest at once. What is said as it stands takes a waiting one back; what
    waits already goes on waiting, unless it is made weaker still."""
    weaker = {each.place: each.after for each in weakenings(before, wanted)}
    waiting = {place: value for place, value in before.weaker.items() if _said(said, place) is None}
    settings = _with(wanted.properties, {place: _said(before.properties, place) for place in weaker})
    planned = replace(wanted, properties=settings, weaker={}, weaker_from=None)
    weaker = {place: value for place, value in {**waiting, **weaker}.items() if not _is_forbidden(planned, place)}
    if not weaker:
        return planned
    goes_on = all(before.weaker.get(place) == value for place, value in weaker.items())
    return replace(planned, weaker=weaker, weaker_from=before.weaker_from if goes_on else at)


def news_of_weakening(before: Vault, after: Vault) -> list[Weakening]:
    """What a change makes weaker at once, or lets wait that did not wait before."""
    coming = after if after.weaker_from is None else after.at(after.weaker_from)
    return [each for each in weakenings(before, coming) if before.weaker.get(each.place) != each.after]


def _is_forbidden(vault: Vault, place: str) -> bool:
    """Whether the vault, as it is made now, takes no weakening of that setting any more, one that waited included."""
    is_soft_delete = place.startswith("securitySettings.softDeleteSettings.")
    return vault.is_locked or (is_soft_delete and vault.setting(*_SOFT_DELETE) == "AlwaysOn")


def _said(settings: Mapping[str, Any], place: str) -> Any:
    value: Any = settings
    for name in place.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _with(settings: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """`settings` with `values` by place; None takes a setting away."""
    changed = dict(settings)
    for place, value in values.items():
        name, _, rest = place.partition(".")
        if rest:
            changed[name] = _with(changed.get(name) or {}, {rest: value})
        elif value is None:
            changed.pop(name, None)
        else:
            changed[name] = value
    return changed


def check_shortening(vault: Vault, target: str, rules: Sequence[str]) -> list[Fault]:
    """Retention `rules` that are to become shorter, as they are no longer to be in an immutable vault: neither by
    changing a policy nor by choosing another (remembered of Azure's vaults that hold backup data; ours for disks)."""
    if not vault.is_immutable or not rules:
        return []
    message = f"vault '{vault.key.name}' is immutable, and points would be kept for less long: {'; '.join(rules)}"
    return [Fault(target=target, message=message, code=WEAKENING_REFUSED)]


def check_least(before: Vault | None, after: Vault, promises: Promises) -> list[Fault]:
    """Where `after`, once all that waits is in force, promises less than every vault of this deployment has to. What an
    older vault had all along it may keep."""
    words, unsaid = _STRENGTHS[_IMMUTABILITY]
    strength, least = words.index(after.setting(*_IMMUTABILITY) or unsaid), words.index(promises.least_immutability)
    faults = []
    if after.soft_delete_days < promises.least_soft_delete_days and _is_news(before, after, "soft_delete_days"):
        days = promises.least_soft_delete_days
        message = f"soft delete for {after.soft_delete_days:g} days is less than the {days:g}"
        faults.append(_least("softDeleteSettings", message, "DISKBACKUP_LEAST_SOFT_DELETE_DAYS"))
    if strength < least and (before is None or before.setting(*_IMMUTABILITY) != after.setting(*_IMMUTABILITY)):
        message = f"immutability {words[strength]} is less than {words[least]},"
        faults.append(_least("immutabilitySettings", message, "DISKBACKUP_LEAST_IMMUTABILITY"))
    return faults


def _is_news(before: Vault | None, after: Vault, name: str) -> bool:
    return before is None or getattr(before, name) != getattr(after, name)


def _least(group: str, message: str, setting: str) -> Fault:
    target = f"properties.securitySettings.{group}"
    return Fault(target=target, message=f"{message} that {setting} asks of every vault", code=BELOW_LEAST)


def check_change(before: Vault, after: Vault) -> list[Fault]:
    """Every setting of `after` that may no longer be changed so, and a move to another region."""
    faults = [
        Fault(target="", message=rule.message, code=rule.code)
        for rule in _ONE_WAY
        if before.setting(*rule.path) == rule.state != after.setting(*rule.path)
    ]
    one_way = {".".join(rule.path) for rule in _ONE_WAY if before.setting(*rule.path) == rule.state}
    faults += [
        Fault(target=f"properties.{each.place}", message=_kept(each, vault), code=WEAKENING_REFUSED)
        for each in weakenings(before, after)
        if each.place not in one_way
        for vault in (before, after)
        if _is_forbidden(vault, each.place)
    ]
    faults = list(dict.fromkeys(faults))
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


def _kept(weakening: Weakening, vault: Vault) -> str:
    why = "immutability is Locked" if vault.is_locked else "soft delete is AlwaysOn"
    return f"cannot go from {weakening.before} to {weakening.after}: in vault '{vault.key.name}' {why}"


def merged_settings(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """`new` over `old`, object by object; a list replaces a list. What a client leaves out stays as it was: a request
    that does not speak of soft delete or immutability must not weaken them."""
    merged = dict(old)
    for name, value in new.items():
        before = merged.get(name)
        both = isinstance(before, Mapping) and isinstance(value, Mapping)
        merged[name] = merged_settings(cast("Mapping[str, Any]", before), value) if both else value
    return merged

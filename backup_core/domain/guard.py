"""Resource guards: what destroys takes two people. A guard is mapped to a vault; from then on its critical operations
there need the leave of somebody else than who does them: an unlock, which lasts a short time.

Azure leaves it to role assignments on the guard who may unlock; here roles are the app's, so that the people themselves
are told apart. Whoever takes an operation off a guard gives leave for it too, to all but themselves.

Leaves to others: keeping guards, mappings and unlocks (workflows/guards.py), and what a request is (api/guarding.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from backup_core.domain.errors import BackupError, Fault
from backup_core.domain.resource_ids import GroupId, ResourceId, VaultKey, parse_resource_id
from backup_core.domain.vault import Weakening

GUARD = "Microsoft.DataProtection/resourceGuards"
PROXY = "DppResourceGuardProxy"  # the name of every mapping: a vault has one at most
UNLOCKED_FOR = timedelta(minutes=30)  # recorded
MANDATORY = "UserErrorCriticalOperationMandatory"
_VAULTS = "Microsoft.DataProtection/backupVaults"
_OTHER_VAULTS = "Microsoft.RecoveryServices/vaults"
_ITEMS = f"{_OTHER_VAULTS}/backupFabrics/protectionContainers/protectedItems"


class Critical(Enum):
    """What a guard can guard in a backup vault, in Azure's names and order (recorded)."""

    DELETE_INSTANCE = f"{_VAULTS}/backupInstances/delete"
    UNMAP = f"{_VAULTS}/backupResourceGuardProxies/delete"
    REDUCE_IMMUTABILITY = f"{_VAULTS}/write#reduceImmutabilityState"
    REDUCE_SOFT_DELETE = f"{_VAULTS}/write#reduceSoftDeleteSecurity"
    MODIFY_ENCRYPTION = f"{_VAULTS}/write#modifyEncryptionSettings"
    STOP = f"{_VAULTS}/backupInstances/stopProtection/action"
    SUSPEND = f"{_VAULTS}/backupInstances/suspendBackups/action"
    MODIFY_POLICY = f"{_VAULTS}/backupInstances/write"
    RESTORE = f"{_VAULTS}/backupInstances/restore/action"

    @property
    def request(self) -> str:
        """What it is called where leave is asked for: `<guard>/<request>/default` (recorded)."""
        return _REQUESTS[self]


_REQUESTS: Mapping[Critical, str] = {
    Critical.DELETE_INSTANCE: "deleteBackupInstanceRequests",
    Critical.UNMAP: "deleteResourceGuardProxyRequests",
    Critical.REDUCE_IMMUTABILITY: "dppReduceImmutabilityStateRequests",
    Critical.REDUCE_SOFT_DELETE: "dppReduceSoftDeleteSecurityRequests",
    Critical.MODIFY_ENCRYPTION: "dppModifyEncryptionSettingsRequests",
    Critical.STOP: "dppDisableStopProtectionRequests",
    Critical.SUSPEND: "dppDisableSuspendBackupsRequests",
    Critical.MODIFY_POLICY: "dppModifyPolicy",
    Critical.RESTORE: "dppTriggerRestoreRequests",
}
# A guard of Azure guards vaults of Recovery Services too. Clients expect their operations in its list (recorded), and
# take them off it; nothing here has any.
OTHER_REQUESTS: Mapping[str, str] = {
    f"{_ITEMS}/delete": "deleteProtectedItemRequests",
    f"{_ITEMS}/write": "updateProtectedItemRequests",
    f"{_OTHER_VAULTS}/backupPolicies/write": "updateProtectionPolicyRequests",
    f"{_OTHER_VAULTS}/backupResourceGuardProxies/delete": "deleteResourceGuardProxyRequests",
    f"{_OTHER_VAULTS}/backupSecurityPIN/action": "getBackupSecurityPINRequests",
    f"{_OTHER_VAULTS}/backupconfig/write": "disableSoftDeleteRequests",
    f"{_ITEMS}/write#stopProtectionWithRetainData": "stopProtectionWithRetainDataRequests",
    f"{_OTHER_VAULTS}/write#reduceImmutabilityState": "reduceImmutabilityStateRequests",
    f"{_ITEMS}/recoveryPoints/restore/action": "triggerRestoreRequests",
}
OPERATIONS = (*OTHER_REQUESTS, *(each.value for each in Critical))


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """An operation taken off a guard, when and by whom (object id)."""

    operation: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceGuard:
    subscription: str
    group: str
    name: str
    location: str
    created_at: datetime
    tags: Mapping[str, str] = field(default_factory=dict)
    excluded: tuple[Exclusion, ...] = ()
    closing: bool = False  # it is being deleted: no vault is mapped to it any more

    @property
    def key(self) -> str:
        return guard_key(GroupId(subscription=self.subscription, group=self.group), self.name)

    @property
    def resource_id(self) -> str:
        return guard_id(GroupId(subscription=self.subscription, group=self.group), self.name)

    @property
    def operations(self) -> tuple[str, ...]:
        """What it guards, in the order in which Azure lists it."""
        taken_off = {each.operation for each in self.excluded}
        return tuple(each for each in OPERATIONS if each not in taken_off)

    def exclusion_of(self, operation: Critical) -> Exclusion | None:
        return next((each for each in self.excluded if each.operation == operation.value), None)


def guard_id(group: GroupId, name: str) -> str:
    return f"{group.text}/providers/{GUARD}/{name}"


def guard_key(group: GroupId, name: str) -> str:
    """`<subscription>:<group>:<guard>`: guards of all groups lie together, those of one beside each other."""
    return f"{guard_prefix(group.subscription, group.group)}{name}".lower()


def guard_prefix(subscription: str, group: str | None = None) -> str:
    return f"{subscription}:{group}:".lower() if group is not None else f"{subscription}:".lower()


def parse_guard_id(text: str) -> ResourceId:
    """Raises ValueError that says what is expected."""
    return parse_resource_id(text, GUARD)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardMapping:
    """A vault's guard. `at` and `by` are of its first mapping: that it is sent again changes nothing."""

    vault: VaultKey
    guard_id: str
    at: datetime
    by: str = ""

    @property
    def key(self) -> str:
        return mapping_key(self.vault)

    @property
    def id(self) -> str:
        return proxy_id(self.vault)


def mapping_key(vault: VaultKey) -> str:
    return f"{vault.subscription}:{vault.group}:{vault.name}".lower()


def proxy_id(vault: VaultKey) -> str:
    return f"{vault.resource_id}/backupResourceGuardProxies/{PROXY}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlock:
    """Leave for one operation on one resource until `until`, given by `by` to the first other person who takes it."""

    operation: Critical
    resource_id: str
    by: str
    at: datetime
    until: datetime
    used_by: str = ""
    used_at: datetime | None = None

    @property
    def subject(self) -> str:
        return unlock_subject(self.operation, self.resource_id)


def unlock_subject(operation: Critical, resource_id: str) -> str:
    """What an unlock is for, as part of a key."""
    return hashlib.sha256(f"{operation.value}\n{resource_id.lower()}".encode()).hexdigest()[:32]


class GuardLocked(BackupError):
    """A critical operation that nobody else has unlocked. Azure's check is that of a linked resource, the guard's
    request, whose refusal bears this code (specification)."""

    code = "LinkedAuthorizationFailed"
    is_user_error = True
    recommended_action = (
        "Ask another person who is a Backup Contributor and may reach the resource guard to unlock it: POST "
        f"backupResourceGuardProxies/{PROXY}/unlockDelete of the vault, with the operation request and the resource of "
        "the message. Then send the request again within 30 minutes."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """Whether a person may do a critical operation, and by which unlock if it takes one."""

    granted: bool
    because: str
    unlock: Unlock | None = None


def judge(
    operation: Critical,
    by: str,
    *,
    guard: ResourceGuard | None,
    mapping: GuardMapping,
    unlocks: Sequence[Unlock],
    now: datetime,
) -> Leave:
    """Whether `by`, an object id, may do an operation in a vault that is mapped to `guard`, given the `unlocks` of that
    operation on that resource. A guard that is gone guards all: otherwise its loss would open what it closed."""
    exclusion = guard.exclusion_of(operation) if guard is not None else None
    if exclusion is not None and (exclusion.at <= mapping.at or (by and exclusion.by != by)):
        return Leave(granted=True, because="the guard does not guard it")
    if not by:
        return Leave(granted=False, because="callers with a function key cannot be told apart")
    for unlock in unlocks:
        if unlock.until > now and unlock.by != by and unlock.used_by in ("", by):
            return Leave(granted=True, because=f"'{unlock.by}' has unlocked it", unlock=unlock)
    return Leave(granted=False, because=_why_not(by, exclusion, unlocks, now))


def _why_not(by: str, exclusion: Exclusion | None, unlocks: Sequence[Unlock], now: datetime) -> str:
    if any(unlock.until > now and unlock.by == by for unlock in unlocks):
        return "who unlocks must be another person than who does it"
    if any(unlock.until > now for unlock in unlocks):
        return "the unlock was used by somebody else"
    if any(unlock.until <= now for unlock in unlocks):
        return "its unlock is over"
    if exclusion is not None:
        return "you took it off the guard yourself, after the vault was mapped"
    return "nobody has unlocked it"


def critical_weakenings(weaker: Iterable[Weakening]) -> list[Critical]:
    """What settings of a vault are about to be weakened, as a guard guards them; restores to other subscriptions it
    does not. The deletion brake, which Azure does not know, is guarded as soft delete is."""
    groups = {weakening.place.split(".")[1] for weakening in weaker}
    return list(dict.fromkeys(operation for group, operation in _WEAKENED.items() if group in groups))


_WEAKENED: Mapping[str, Critical] = {
    "softDeleteSettings": Critical.REDUCE_SOFT_DELETE,
    "immutabilitySettings": Critical.REDUCE_IMMUTABILITY,
    "deletionBrakeSettings": Critical.REDUCE_SOFT_DELETE,
}


def excluded_anew(
    before: Iterable[Exclusion], operations: Iterable[str], by: str, now: datetime
) -> tuple[Exclusion, ...]:
    """The exclusions of a guard that is to be without `operations`: who took one off first, stays on record."""
    known = {each.operation: each for each in before}
    return tuple(known.get(each) or Exclusion(operation=each, by=by, at=now) for each in dict.fromkeys(operations))


def check_exclusions(target: str, operations: Sequence[str]) -> list[Fault]:
    """What no guard can be without (documented)."""
    if Critical.UNMAP.value not in operations:
        return []
    message = f"{Critical.UNMAP.value} is always guarded: what ends a vault's guard takes two people, too"
    return [Fault(target=target, message=message, code=MANDATORY)]


def read_request(text: str, guard: str) -> Critical:
    """The operation that `<guard>/<request>/default` stands for. Raises ValueError that says what is expected."""
    given = text.rstrip("/").lower()
    for operation in Critical:
        if given == request_id(guard, operation).lower():
            return operation
    raise ValueError(f"{text[:300]!r} is no request of the vault's guard, such as {request_id(guard, Critical.STOP)}")


def request_id(guard: str, operation: Critical) -> str:
    return f"{guard}/{operation.request}/default"


# On what each operation is done, as words of a path in the vault; "" for the vault itself.
SUBJECTS: Mapping[Critical, tuple[str, ...]] = {
    Critical.DELETE_INSTANCE: ("backupInstances",),
    Critical.UNMAP: ("backupResourceGuardProxies",),
    Critical.REDUCE_IMMUTABILITY: ("",),
    Critical.REDUCE_SOFT_DELETE: ("",),
    Critical.MODIFY_ENCRYPTION: ("",),
    Critical.STOP: ("backupInstances", "protectionRules"),
    Critical.SUSPEND: ("backupInstances",),
    Critical.MODIFY_POLICY: ("backupInstances", "backupPolicies"),
    Critical.RESTORE: ("backupInstances", "restoreTestPlans"),
}


def subject_of(operation: Critical, vault: VaultKey, resource_id: str) -> str:
    """The resource that an unlock is for; one is enough to know for what there is one of in a vault. Raises ValueError
    that says what is expected."""
    words = SUBJECTS[operation]
    default = {"": vault.resource_id, "backupResourceGuardProxies": proxy_id(vault)}.get(words[0], "")
    given = resource_id.strip().rstrip("/") or default
    if default and given.lower() == default.lower():
        return default
    if not default and any(_is_named(given, f"{vault.resource_id}/{word}/") for word in words):
        return given
    forms = default or " or ".join(f"{vault.resource_id}/{word}/<name>" for word in words)
    raise ValueError(f"must name what {operation.value} is unlocked for: {forms}")


def _is_named(given: str, start: str) -> bool:
    name = given[len(start) :]
    return given.lower().startswith(start.lower()) and bool(name) and "/" not in name

"""Who may do what: a caller's roles against the action that each route and method needs, and scopes for the few.

Actions are named as Azure names them, derived from the route's template, so that a role says the same here and there.

Documented (Azure's built-in roles Backup Reader a795c7a0, Backup Operator 00c29273, Backup Contributor 5e467623, as
published in July 2026): all that stands under `_READ`, `_OPERATE` and `_CONTRIBUTE` without a note. Operators there may
neither suspend, resume nor undelete: only contributors. Up to 2024 Backup Reader also listed backupInstances/write and
restore/action; it never does here: who only looks must not change anything.

Ours, because Azure's roles leave them out: jobs and their export (Azure lists them for Recovery Services vaults only),
the instances of a disk, deleted vaults, operation status of a resource group, and the list of subscriptions are for
readers; sync, which changes nothing but what is known, is for operators; stopProtection and resumeBackups go with
their siblings to contributors. Azure's contributor cannot delete vaults, which takes an owner there; this API has no
owner, so contributors may, once the vault is empty. Audit records are for contributors only: they tell of all others.

Leaves to others: who the caller is (sign_in.py), and the words of a refusal (answering.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from backup_core.api.routes import Route
from backup_core.domain.reach import closed_to, is_within
from backup_core.settings import AccessScope

_PROVIDER = "Microsoft.DataProtection"
_VAULT = f"{_PROVIDER}/backupVaults"
_INSTANCE = f"{_VAULT}/backupInstances"
# What any role is enough for: the subscriptions, and to be told that there is no such method or resource.
ANY_ROLE = "Microsoft.Resources/subscriptions/read"

_READ = frozenset(
    {
        ANY_ROLE,  # ours
        "Microsoft.Resources/tenants/read",
        "Microsoft.Resources/subscriptions/providers/read",
        "Microsoft.Resources/subscriptions/resources/read",
        "Microsoft.Resources/subscriptions/resourceGroups/resources/read",
        "Microsoft.Resources/tags/read",
        f"{_PROVIDER}/resourceGuards/read",
        f"{_VAULT}/backupResourceGuardProxies/read",
        f"{_PROVIDER}/operations/read",
        f"{_PROVIDER}/locations/checkFeatureSupport/action",
        f"{_PROVIDER}/locations/operationStatus/read",
        f"{_PROVIDER}/locations/operationResults/read",
        f"{_PROVIDER}/locations/deletedVaults/read",  # ours
        f"{_PROVIDER}/operationStatus/read",  # ours
        f"{_PROVIDER}/backupInstances/read",  # ours: the instances of a disk
        f"{_PROVIDER}/health/read",  # ours
        f"{_PROVIDER}/complianceReport/read",  # ours
        f"{_VAULT}/read",
        f"{_VAULT}/operationStatus/read",
        f"{_VAULT}/operationResults/read",
        f"{_VAULT}/backupPolicies/read",
        f"{_VAULT}/deletedBackupInstances/read",
        f"{_VAULT}/backupJobs/read",  # ours
        f"{_VAULT}/backupJobs/operations/read",  # ours
        f"{_VAULT}/exportBackupJobs/action",  # ours
        f"{_VAULT}/health/read",  # ours
        f"{_VAULT}/complianceReport/read",  # ours
        f"{_VAULT}/backupAlerts/read",  # ours, and the next
        f"{_VAULT}/refusedEvents/read",
        f"{_VAULT}/protectionRules/read",  # ours, and the next of that name
        f"{_INSTANCE}/read",
        f"{_INSTANCE}/operationResults/read",
        f"{_INSTANCE}/recoveryPoints/read",
        f"{_INSTANCE}/findRestorableTimeRanges/action",
    }
)
_OPERATE = _READ | {
    f"{_VAULT}/validateForBackup/action",
    f"{_VAULT}/backupAlerts/acknowledge/action",  # ours
    f"{_VAULT}/protectionRules/dryRun/action",
    f"{_INSTANCE}/write",
    f"{_INSTANCE}/backup/action",
    f"{_INSTANCE}/restore/action",
    f"{_INSTANCE}/validateRestore/action",
    f"{_INSTANCE}/validateForModifyBackup/action",
    f"{_INSTANCE}/sync/action",  # ours
}
_CONTRIBUTE = _OPERATE | {
    "Microsoft.Resources/tags/write",
    "Microsoft.Resources/tags/delete",
    f"{_PROVIDER}/register/action",
    f"{_PROVIDER}/locations/checkNameAvailability/action",
    f"{_PROVIDER}/auditRecords/read",  # ours
    f"{_VAULT}/write",
    f"{_VAULT}/delete",  # ours
    f"{_VAULT}/auditRecords/read",  # ours
    f"{_VAULT}/backupPolicies/write",
    f"{_VAULT}/backupPolicies/delete",
    f"{_VAULT}/protectionRules/write",
    f"{_VAULT}/protectionRules/delete",
    f"{_VAULT}/deletedBackupInstances/undelete/action",
    f"{_INSTANCE}/delete",
    f"{_INSTANCE}/recoveryPoints/delete",  # ours, and the next
    f"{_INSTANCE}/recoveryPoints/undelete/action",
    f"{_INSTANCE}/stopProtection/action",  # ours
    f"{_INSTANCE}/suspendBackups/action",
    f"{_INSTANCE}/resumeProtection/action",
    f"{_INSTANCE}/resumeBackups/action",  # ours
}

_VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete", "POST": "action"}
_QUESTIONS = re.compile(r"(validate|check|find|dryRun)\w*", re.IGNORECASE)
_PUBLIC = frozenset({"api_description", "health_live"})


class Role(Enum):
    READER = "Backup Reader"
    OPERATOR = "Backup Operator"
    CONTRIBUTOR = "Backup Contributor"


ACTIONS: Mapping[Role, frozenset[str]] = {
    Role.READER: _READ,
    Role.OPERATOR: _OPERATE,
    Role.CONTRIBUTOR: _CONTRIBUTE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks. `kind` is user, servicePrincipal, functionKey or unknown; `name` is for people who read logs and
    decides nothing; `groups` are object ids in small letters; `ip` is "" when the platform does not tell."""

    object_id: str = ""
    name: str = ""
    kind: str = "unknown"
    roles: frozenset[Role] = frozenset()
    groups: frozenset[str] = frozenset()
    has_full_access: bool = False
    ip: str = ""


def read_roles(claims: Iterable[str]) -> frozenset[Role]:
    """The roles among a token's. Their values cannot hold blanks in Entra, so that spelling is free in this:
    `Backup.Reader`, `backup-reader` and `Backup Reader` are one. What is no role of ours is passed over."""
    known = {_plain(role.value): role for role in Role}
    return frozenset(known[word] for word in map(_plain, claims) if word in known)


def _plain(word: str) -> str:
    return re.sub(r"[ .\-]", "", word).lower()


def may(caller: Caller, action: str) -> bool:
    return caller.has_full_access or any(action in ACTIONS[role] for role in caller.roles)


def closed_for(caller: Caller, scopes: Iterable[AccessScope]) -> tuple[str, ...]:
    """The paths that list neither the caller nor one of the caller's groups. A token of someone in more than 200 groups
    names none (documented: group overage), so that such a person is kept out unless listed in person."""
    return () if caller.has_full_access else closed_to((caller.object_id, *caller.groups), scopes)


def may_reach(caller: Caller, scopes: Iterable[AccessScope], path: str) -> bool:
    """Whether every scope that `path` lies in lists the caller or one of the caller's groups."""
    return not is_within(path, closed_for(caller, scopes))


def is_public(route: Route) -> bool:
    """Whether the route tells nothing that is not for everybody."""
    return route.name in _PUBLIC


def action_of(route: Route, method: str) -> str:
    """Azure's name of what a method does on a route, such as `.../backupInstances/backup/action`. For a method that no
    endpoint takes any role is enough: nothing will happen."""
    if method not in route.endpoints:
        return ANY_ROLE
    provider, resource = _resource_of(route)
    return "/".join([provider, *resource, _VERBS[method]])


def scope_of(route: Route, method: str, resource: str) -> str:
    """What an action applies to: the resource's path, without the action at its end."""
    return resource.rpartition("/")[0] if method == "POST" and method in route.endpoints else resource


def is_change(route: Route, method: str) -> bool:
    """Whether a request could change anything: all but reads and pure questions."""
    if method not in route.endpoints or _VERBS[method] == "read":
        return False
    return method != "POST" or not _QUESTIONS.fullmatch(route.template.rpartition("/")[2])


def _resource_of(route: Route) -> tuple[str, list[str]]:
    """The provider and the words of the resource's type, without the names in between."""
    _, has_provider, rest = route.template.rpartition("providers/")
    words = [part for part in rest.split("/") if not part.startswith("{")]
    if not has_provider:
        return "Microsoft.Resources", words
    if words == [_PROVIDER]:  # the provider itself is read as any
        return "Microsoft.Resources", ["subscriptions", "providers"]
    return words[0], [word for word in words[1:] if word != "default"]

"""Who may do what: a caller's roles against the role that each endpoint needs, and scopes for the few.

Actions are named as Azure names them, derived from the route's template, so that a role says the same here and there.

Leaves to others: which endpoint needs which role (routes.py), who the caller is (sign_in.py), and the words of a
refusal (answering.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from backup_core.api.endpoints import Role, Route
from backup_core.domain.reach import closed_to
from backup_core.settings import AccessScope

_PROVIDER = "Microsoft.DataProtection"
# The name of what any role is enough for: to be told that there is no such method or resource.
ANY_ROLE = "Microsoft.Resources/subscriptions/read"
_VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete", "POST": "action"}


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


def may(caller: Caller, route: Route, method: str) -> bool:
    """Whether a role lets the caller use a method of a route; any does for a method that the route has not."""
    needed = route.endpoints[method].role if method in route.endpoints else Role.READER
    return caller.has_full_access or needed is None or any(role.includes(needed) for role in caller.roles)


def closed_for(caller: Caller, scopes: Iterable[AccessScope]) -> tuple[str, ...]:
    """The paths that list neither the caller nor one of the caller's groups. A token of someone in more than 200 groups
    names none (documented: group overage), so that such a person is kept out unless listed in person."""
    return () if caller.has_full_access else closed_to((caller.object_id, *caller.groups), scopes)


def is_public(route: Route) -> bool:
    """Whether the route tells nothing that is not for everybody."""
    return bool(route.endpoints) and all(endpoint.role is None for endpoint in route.endpoints.values())


def action_of(route: Route, method: str) -> str:
    """Azure's name of what a method does on a route, such as `.../backupInstances/backup/action`. For a method that no
    endpoint takes, where nothing will happen, ANY_ROLE."""
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
    return not route.endpoints[method].asks


def _resource_of(route: Route) -> tuple[str, list[str]]:
    """The provider and the words of the resource's type, without the names in between."""
    _, has_provider, rest = route.template.rpartition("providers/")
    words = [part for part in rest.split("/") if not part.startswith("{")]
    if not has_provider:
        return "Microsoft.Resources", words
    if words == [_PROVIDER]:  # the provider itself is read as any
        return "Microsoft.Resources", ["subscriptions", "providers"]
    return words[0], [word for word in words[1:] if word != "default"]

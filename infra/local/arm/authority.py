"""Who may do what: tokens, actions and linked actions, locks, and the API of Microsoft.Authorization.

Decides only; the gateway asks it in ARM's order.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator

import msgspec

from infra.local.arm import errors
from infra.local.arm.paths import TYPE_NAMES, Route, parse
from infra.local.arm.roles import ROLES, Assignment, Role, covers
from infra.local.arm.wire import Answer, ArmError, Call, Json, stamp
from infra.local.arm.world import World

AUDIENCES = ("https://management.azure.com", "https://management.core.windows.net")
WRITING = {"PUT": "write", "PATCH": "write", "DELETE": "delete", "GET": "read", "HEAD": "read"}
ACTION_ROOTS = {
    **TYPE_NAMES,
    "group": "Microsoft.Resources/subscriptions/resourceGroups",
    "subscription": "Microsoft.Resources/subscriptions",
    "location": "Microsoft.Resources/subscriptions/locations",
    "tenant": "Microsoft.Resources/tenants",
    "resource": "Microsoft.Resources/subscriptions/resources",
    "tags": "Microsoft.Resources/tags",
    "provider": "Microsoft.Resources/subscriptions/providers",
    "operation": "Microsoft.Compute/locations/diskOperations",
    "lock": "Microsoft.Authorization/locks",
    "role_assignment": "Microsoft.Authorization/roleAssignments",
    "role_definition": "Microsoft.Authorization/roleDefinitions",
    "permission": "Microsoft.Authorization/permissions",
    "usage": "Microsoft.Compute/locations/usages",
    "sku": "Microsoft.Compute/skus",
    "backup_vault": "Microsoft.DataProtection/backupVaults",
    "backup_policy": "Microsoft.DataProtection/backupVaults/backupPolicies",
    "backup_instance": "Microsoft.DataProtection/backupVaults/backupInstances",
    "backup_point": "Microsoft.DataProtection/backupVaults/backupInstances/recoveryPoints",
    "backup_operation": "Microsoft.DataProtection/backupVaults/operationStatus",
    "cost": "Microsoft.CostManagement",
}
LOCK_LEVELS = ("CanNotDelete", "ReadOnly")
PRINCIPAL_TYPES = ("ServicePrincipal", "User", "Group", "ForeignGroup", "Device")


def principal_of(header: str, *, base_url: str, issuer: str | None, now: float) -> str:
    """The object id in a bearer token. The signature is not checked (COVERAGE.md); shape, expiry, audience and,
    when one was given, issuer are. ArmError 401 with a WWW-Authenticate header [codes and texts reported]."""
    if not header:
        raise errors.unauthenticated(
            "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."
        )
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise errors.unauthenticated(
            "AuthenticationFailedInvalidHeader",
            "Authentication failed. The 'Authorization' header is provided in an invalid format.",
        )
    claims = _claims(token)
    principal = claims.get("oid")
    if not isinstance(principal, str) or not principal:
        raise errors.unauthenticated("InvalidAuthenticationToken", "The access token is missing the 'oid' claim.")
    _check_expiry(claims, now)
    _check_audience(claims, base_url)
    if issuer is not None and claims.get("iss") != issuer:
        raise errors.unauthenticated(
            "InvalidAuthenticationTokenTenant", f"The access token is from the wrong issuer '{claims.get('iss')}'."
        )
    return principal.lower()


def action_of(call: Call) -> str:
    """The action that a call needs on its scope, such as 'Microsoft.Compute/snapshots/write'."""
    root = ACTION_ROOTS[call.route.kind]
    if call.route.action:
        return f"{root}/{call.route.action}/action"
    return f"{root}/{WRITING[call.method]}"


def check_roles(world: World, call: Call) -> None:
    """ArmError 403 AuthorizationFailed, or LinkedAuthorizationFailed for what the body points at."""
    action = action_of(call)
    scope = call.route.scope
    if not _filtered(call.route) and not world.assignments.allow(call.principal, action, scope, call.now):
        raise errors.authorization_failed(call.principal, action, scope)
    for link, linked_scope in _links(world, call):
        if not world.assignments.allow(call.principal, link, linked_scope, call.now):
            raise errors.linked_authorization_failed(call.principal, action, scope, link, linked_scope)


def check_locks(world: World, call: Call) -> None:
    """ArmError 409 ScopeLocked: CanNotDelete stops DELETE, ReadOnly stops every change, POST actions included."""
    if call.method in ("GET", "HEAD") or call.route.kind == "lock" or not call.route.scope:
        return
    deleting = call.method == "DELETE"
    levels = LOCK_LEVELS if deleting else ("ReadOnly",)
    whole_group = deleting and call.route.kind == "group"
    for lock in world.locks.values():
        if lock["level"] not in levels:
            continue
        if covers(lock["scope"], call.route.scope) or (whole_group and covers(call.route.scope, lock["scope"])):
            raise errors.scope_locked(call.route.scope, "delete" if deleting else "write", lock["scope"])


def permissions(world: World, call: Call) -> Answer:
    _check_group(world, call)
    held = world.assignments.held(call.principal, call.route.scope, call.now)
    return Answer(status=200, body={"value": [role.as_permission() for role in held]})


def role_definitions(_world: World, call: Call) -> Answer:
    if not call.route.name:
        wanted = _filtered_names(call.query.get("$filter", ""))
        found = [_definition(call, guid) for guid, role in ROLES.items() if wanted(role)]
        return Answer(status=200, body={"value": found})
    if call.route.name.lower() not in ROLES:
        message = f"The role definition with ID '{call.route.name}' does not exist."
        raise ArmError(404, "RoleDefinitionDoesNotExist", message, gateway=True)
    return Answer(status=200, body=_definition(call, call.route.name.lower()))


_ROLE_CLAUSE = re.compile(
    r"\s*(?:(roleName|type)\s+eq\s+'((?:[^']|'')*)'|atScopeAndBelow\(\)|atScope\(\))\s*", re.IGNORECASE
)


def _filtered_names(text: str) -> Callable[[Role], bool]:
    """roleName eq '...', type eq 'BuiltInRole' or 'CustomRole', joined by `and` [documented]; ArmError 400 for what is
    not understood, instead of roles that were not asked for [remembered]."""
    wanted: dict[str, str] = {}
    for clause in re.split(r"\s+and\s+(?=\w+(?:\s+eq\s|\())", text, flags=re.IGNORECASE) if text.strip() else []:
        match = _ROLE_CLAUSE.fullmatch(clause)
        if match is None:
            message = (
                f"The filter '{text}' is not supported. Supported filters are roleName, type and atScopeAndBelow()."
            )
            raise ArmError(400, "UnsupportedQuery", message, gateway=True)
        if match[1]:
            wanted[match[1].lower()] = match[2].replace("''", "'").lower()
    kind = wanted.get("type")
    return lambda role: (
        wanted.get("rolename", role.name.lower()) == role.name.lower()
        and kind in (None, "builtinrole" if role.built_in else "customrole")
    )


def read_assignments(world: World, call: Call) -> Answer:
    """One assignment, or those at, above and below the scope; `$filter` knows atScope() and principalId eq '...'."""
    if call.route.name:
        return Answer(status=200, body=_assignment_or_raise(world, call).as_json())
    wanted = call.query.get("$filter", "")
    principal = wanted.partition("principalId eq '")[2].partition("'")[0].lower()
    value = [
        entry.as_json()
        for entry in world.assignments.around(call.route.scope)
        if ("atScope()" not in wanted or covers(entry.scope, call.route.scope))
        and (not principal or entry.principal == principal)
    ]
    return Answer(status=200, body={"value": value})


def put_assignment(world: World, call: Call) -> Answer:
    """201; the assignment works once it has spread. The same one under another name: 409 RoleAssignmentExists."""
    properties = call.json().get("properties") or {}
    role = str(properties.get("roleDefinitionId", "")).rsplit("/", 1)[-1].lower()
    principal = str(properties.get("principalId", "")).lower()
    if role not in ROLES:
        raise ArmError(
            404,
            "RoleDefinitionDoesNotExist",
            f"The specified role definition with ID '{role}' does not exist.",
            gateway=True,
        )
    if not principal:
        raise ArmError(400, "InvalidPrincipalId", "A principalId is needed.", gateway=True)
    assignment_id = _extension_id(call, "roleAssignments")
    for other in world.assignments.around(call.route.scope):
        same = (other.scope.lower(), other.role, other.principal) == (call.route.scope.lower(), role, principal)
        if same and other.id.lower() != assignment_id.lower():
            raise ArmError(409, "RoleAssignmentExists", "The role assignment already exists.", gateway=True)
    return Answer(status=201, body=_assigned(world, call, assignment_id, role, principal, properties).as_json())


def delete_assignment(world: World, call: Call) -> Answer:
    """200 with the removed assignment, 204 when there was none. It works until the removal has spread."""
    found = world.assignments.find(_extension_id(call, "roleAssignments"))
    if found is None:
        return Answer(status=204)
    world.keep_assignment(
        world.assignments.removed(found, works_until=call.now + world.settings.role_propagation_seconds)
    )
    world.write_down("role.removed", call.now, id=found.id, principal=call.principal)
    return Answer(status=200, body=found.as_json())


def read_locks(world: World, call: Call) -> Answer:
    if call.route.name:
        return Answer(status=200, body=_shown_lock(_lock_or_raise(world, call)))
    _check_group(world, call)
    scope = call.route.scope
    related = (lock for lock in world.locks.values() if covers(lock["scope"], scope) or covers(scope, lock["scope"]))
    return Answer(status=200, body={"value": [_shown_lock(lock) for lock in related]})


def put_lock(world: World, call: Call) -> Answer:
    properties = call.json().get("properties") or {}
    level = properties.get("level")
    if level not in LOCK_LEVELS:
        raise ArmError(400, "InvalidLockLevel", f"The lock level '{level}' is not supported.", gateway=True)
    lock_id = _extension_id(call, "locks")
    present = world.locks.get(lock_id.lower())
    lock = {
        "id": lock_id,
        "name": call.route.name,
        "scope": call.route.scope,
        "level": level,
        "notes": properties.get("notes"),
    }
    world.keep_lock(lock)
    world.write_down("lock.created", call.now, id=lock_id, principal=call.principal)
    return Answer(status=201 if present is None else 200, body=_shown_lock(lock))


def delete_lock(world: World, call: Call) -> Answer:
    """200, or 204 when there was none."""
    found = world.locks.get(_extension_id(call, "locks").lower())
    if found is None:
        return Answer(status=204)
    world.forget_lock(found)
    world.write_down("lock.removed", call.now, id=found["id"], principal=call.principal)
    return Answer(status=200)


def _check_group(world: World, call: Call) -> None:
    """What lies in no group that exists is not found."""
    if call.route.group:
        world.group_or_raise(call.route.subscription, call.route.group)


def _filtered(route: Route) -> bool:
    """Lists across a scope that show only what the caller may see, instead of a 403."""
    if route.kind in ("subscription", "tenant", "resource") or (route.kind == "group" and not route.name):
        return True
    return route.kind in TYPE_NAMES and not route.name and not route.group


def _links(world: World, call: Call) -> Iterator[tuple[str, str]]:
    """Actions needed on what a disk or snapshot is made from or tied to: its source and its disk encryption set
    [reported], its disk access [no source: a setting]; and on the disks that a machine is to get [remembered]."""
    if call.route.label == "machine.attachDetachDataDisks":
        for each in call.json().get("dataDisksToAttach") or ():
            yield "Microsoft.Compute/disks/write", str(each.get("diskId", ""))
        return
    if call.method not in ("PUT", "PATCH") or call.route.kind not in ("disk", "snapshot"):
        return
    properties = call.json().get("properties")
    if not isinstance(properties, dict):
        return
    source = (properties.get("creationData") or {}).get("sourceResourceId")
    if isinstance(source, str) and parse(source).kind in ("disk", "snapshot"):
        yield f"{TYPE_NAMES[parse(source).kind]}/beginGetAccess/action", source
    encryption_set = (properties.get("encryption") or {}).get("diskEncryptionSetId")
    if isinstance(encryption_set, str) and encryption_set:
        yield "Microsoft.Compute/diskEncryptionSets/read", encryption_set
    disk_access = properties.get("diskAccessId")
    if isinstance(disk_access, str) and disk_access and world.settings.disk_access_must_be_readable:
        yield "Microsoft.Compute/diskAccesses/read", disk_access


def _claims(token: str) -> Json:
    parts = token.split(".")
    try:
        claims = msgspec.json.decode(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, binascii.Error, ValueError, msgspec.DecodeError) as error:
        raise errors.unauthenticated("InvalidAuthenticationToken", "The access token is invalid.") from error
    if not isinstance(claims, dict):
        raise errors.unauthenticated("InvalidAuthenticationToken", "The access token is invalid.")
    return claims


def _check_expiry(claims: Json, now: float) -> None:
    expires = claims.get("exp")
    if not isinstance(expires, int | float):
        raise errors.unauthenticated("InvalidAuthenticationToken", "The access token is missing the 'exp' claim.")
    if expires <= now:
        message = (
            f"The access token expiry UTC time '{stamp(expires)}' is earlier than current UTC time '{stamp(now)}'."
        )
        raise errors.unauthenticated("ExpiredAuthenticationToken", message)


def _check_audience(claims: Json, base_url: str) -> None:
    audience = str(claims.get("aud", "")).rstrip("/").lower()
    if audience and audience not in (*AUDIENCES, base_url.lower()):
        message = f"The access token has been obtained for wrong audience or resource '{audience}'."
        raise errors.unauthenticated("InvalidAuthenticationTokenAudience", message)


def _definition(call: Call, guid: str) -> Json:
    role = ROLES[guid]
    return {
        "properties": {
            "roleName": role.name,
            "type": "BuiltInRole" if role.built_in else "CustomRole",
            "assignableScopes": ["/"] if role.built_in else [f"/subscriptions/{call.route.subscription}"],
            "permissions": [role.as_permission()],
        },
        "id": f"/subscriptions/{call.route.subscription}/providers/Microsoft.Authorization/roleDefinitions/{guid}",
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": guid,
    }


def _extension_id(call: Call, type_name: str) -> str:
    return f"{call.route.scope}/providers/Microsoft.Authorization/{type_name}/{call.route.name}"


def _assignment_or_raise(world: World, call: Call) -> Assignment:
    found = world.assignments.find(_extension_id(call, "roleAssignments"))
    if found is None:
        raise ArmError(
            404, "RoleAssignmentNotFound", f"The role assignment '{call.route.name}' is not found.", gateway=True
        )
    return found


def _assigned(world: World, call: Call, assignment_id: str, role: str, principal: str, properties: Json) -> Assignment:
    asked = properties.get("principalType")
    assignment = Assignment(
        id=assignment_id,
        scope=call.route.scope,
        role=role,
        principal=principal,
        principal_type=asked if asked in PRINCIPAL_TYPES else "ServicePrincipal",
        created=call.now,
        works_from=call.now + world.settings.role_propagation_seconds,
    )
    world.keep_assignment(assignment)
    world.write_down("role.assigned", call.now, id=assignment_id, principal=call.principal)
    return assignment


def _lock_or_raise(world: World, call: Call) -> Json:
    found = world.locks.get(_extension_id(call, "locks").lower())
    if found is None:
        raise ArmError(404, "LockNotFound", f"The lock '{call.route.name}' could not be found.", gateway=True)
    return found


def _shown_lock(lock: Json) -> Json:
    notes = {"notes": lock["notes"]} if lock.get("notes") else {}
    return {
        "properties": {"level": lock["level"], **notes},
        "id": lock["id"],
        "type": "Microsoft.Authorization/locks",
        "name": lock["name"],
    }

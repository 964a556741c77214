"""Resource guards, their mapping to vaults, and the unlocking of what they guard: on Azure's own wire.

Leaves to others: which requests a guard stops (guarding.py), and who may do what (domain/guard.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backup_core.api.call import Answer, Call
from backup_core.api.linked import HIDDEN
from backup_core.api.reading import check_name
from backup_core.api.wire import body_of, instant, list_answer, skip_token
from backup_core.domain.audit import differences
from backup_core.domain.errors import Fault, InvalidInput, NotFound
from backup_core.domain.guard import (
    GUARD,
    OPERATIONS,
    OTHER_REQUESTS,
    PROXY,
    Critical,
    GuardMapping,
    ResourceGuard,
    check_exclusions,
    guard_id,
    parse_guard_id,
    read_request,
    request_id,
    subject_of,
)
from backup_core.domain.reading import Node, find_word, raise_faults
from backup_core.ports import Ports
from backup_core.workflows import guards as workflow
from backup_core.workflows.catalogue import get_vault

PROXY_TYPE = "Microsoft.DataProtection/vaults/backupResourceGuardProxies"  # so Azure writes it (recorded)
SIGN_IN_NEEDED = "UserErrorSignInNeeded"
REQUESTS = "resourceGuardOperationRequests"
EXCLUSIONS = "vaultCriticalOperationExclusionList"
REQUEST = "default"  # the name of the one request of each kind
_KINDS = tuple(dict.fromkeys((*OTHER_REQUESTS.values(), *(each.request for each in Critical))))


def get(ports: Ports, call: Call) -> Answer:
    return Answer(status=200, body=render(workflow.get_guard(ports, call.group, call.names["guard"])))


def list_in_group(ports: Ports, call: Call) -> Answer:
    page = workflow.list_guards(ports, call.subscription, call.names["group"], token=skip_token(call))
    return list_answer(call, page, render)


def list_in_subscription(ports: Ports, call: Call) -> Answer:
    return list_answer(call, workflow.list_guards(ports, call.subscription, token=skip_token(call)), render)


def put(ports: Ports, call: Call) -> Answer:
    """200 for a new guard and for a changed one (recorded)."""
    node = body_of(call)
    check_name(node, "guard", call.names["guard"])
    group = call.group
    guard = ResourceGuard(
        subscription=group.subscription,
        group=group.group,
        name=call.names["guard"],
        location=node.location("location", required=True),
        created_at=ports.clock.now(),
        tags=node.tags("tags"),
    )
    excluded = _read_exclusions(node.child("properties"))
    raise_faults(node)
    before, after = workflow.put_guard(ports, guard, excluded, call.caller.object_id)
    changes = differences(_content(before), _content(after)) if before is not None else ()
    return Answer(status=200, body=render(after), changes=changes)


def patch(ports: Ports, call: Call) -> Answer:
    """Its tags, as a whole: nothing else can be patched (specification)."""
    node = body_of(call)
    tags = node.tags("tags")
    raise_faults(node)
    if not node.has("tags"):
        return get(ports, call)
    return Answer(status=200, body=render(workflow.tag_guard(ports, call.group, call.names["guard"], tags)))


def delete(ports: Ports, call: Call) -> Answer:
    """200 with an empty body (recorded); 204 when there is no such guard."""
    existed = workflow.delete_guard(ports, call.group, call.names["guard"])
    return Answer(status=200 if existed else 204)


def list_requests(ports: Ports, call: Call) -> Answer:
    """The one request of a kind: what is named where leave is asked for."""
    return Answer(status=200, body={"value": [_request(ports, call)]})


def get_request(ports: Ports, call: Call) -> Answer:
    if call.names["request"].lower() != REQUEST:
        raise NotFound(f"Each kind of request of a resource guard has one, which is called '{REQUEST}'.")
    return Answer(status=200, body=_request(ports, call))


def _request(ports: Ports, call: Call) -> dict[str, Any]:
    """Raises NotFound for a guard that is not there, and a kind that there is none of."""
    guard, kind = (
        workflow.get_guard(ports, call.group, call.names["guard"]),
        find_word(call.names["requests"], _KINDS),
    )
    if not kind:
        raise NotFound(f"A resource guard has no {call.names['requests']}; it has {', '.join(_KINDS)}.")
    return {"id": f"{guard.resource_id}/{kind}/{REQUEST}", "name": REQUEST, "type": f"{GUARD}/{kind}"}


def render(guard: ResourceGuard) -> dict[str, Any]:
    return {
        "location": guard.location,
        **({"tags": dict(guard.tags)} if guard.tags else {}),
        "properties": {
            "provisioningState": "Succeeded",
            "resourceGuardOperations": [_operation(each) for each in guard.operations],
            EXCLUSIONS: [each.operation for each in guard.excluded],
            "allowAutoApprovals": True,
        },
        "id": guard.resource_id,
        "name": guard.name,
        "type": GUARD,
    }


def _operation(name: str) -> dict[str, str]:
    """Azure names the request of a backup vault's operation by the operation itself (recorded)."""
    other = OTHER_REQUESTS.get(name)
    return {"vaultCriticalOperation": name, "requestResourceType": f"{GUARD}/{other}" if other else name}


def _content(guard: ResourceGuard) -> dict[str, Any]:
    excluded = {each.operation: each.by for each in guard.excluded}
    return {"tags": guard.tags, "location": guard.location, EXCLUSIONS: excluded}


def _read_exclusions(properties: Node) -> list[str]:
    found = []
    for index, item in enumerate(properties.items(EXCLUSIONS)):
        word = find_word(item.strip(" "), OPERATIONS) if isinstance(item, str) else ""
        if not word:
            properties.fault(f"{EXCLUSIONS}[{index}]", f"must be one of {', '.join(OPERATIONS)}")
        found.append(word)
    properties.faults.extend(check_exclusions(f"properties.{EXCLUSIONS}", found))
    return found


# ---------------------------------------------------------------- mappings


def list_proxies(ports: Ports, call: Call) -> Answer:
    """One or none."""
    try:
        found = workflow.get_mapping(ports, call.vault)
    except NotFound:
        get_vault(ports, call.vault)  # its absence is an error, that of a mapping is not
        return Answer(status=200, body={"value": []})
    return Answer(status=200, body={"value": [_render_proxy(call, *found)]})


def get_proxy(ports: Ports, call: Call) -> Answer:
    _check_proxy(call)
    return Answer(status=200, body=_render_proxy(call, *workflow.get_mapping(ports, call.vault)))


def put_proxy(ports: Ports, call: Call) -> Answer:
    """200 at once (recorded). The guard may lie anywhere that the caller may reach."""
    node = body_of(call)
    if call.names["proxy"].lower() != PROXY.lower():
        node.faults.append(
            Fault(target="name", message=f"a vault has one mapping: {PROXY}", code="InvalidResourceName")
        )
    properties = node.child("properties", required=True)
    guard = properties.parsed("resourceGuardResourceId", parse_guard_id, required=True)
    raise_faults(node)
    assert guard is not None, "its absence is a fault"
    _check_known(call)
    mapping, found = workflow.map_guard(ports, call.vault, guard_id(guard.group_id, guard.name), call.caller.object_id)
    return Answer(status=200, body=_render_proxy(call, mapping, found))


def delete_proxy(ports: Ports, call: Call) -> Answer:
    """200 with an empty object (recorded); 204 when no guard is mapped."""
    _check_proxy(call)
    if not workflow.unmap_guard(ports, call.vault, call.caller.object_id):
        return Answer(status=204)
    return Answer(status=200, body={})


def unlock(ports: Ports, call: Call) -> Answer:
    """Azure unlocks deletions only and takes other requests in the bodies that they are for, since it asks for roles on
    the guard. Here each operation is unlocked so, by another person."""
    _check_proxy(call)
    node = body_of(call)
    mapping, _ = workflow.get_mapping(ports, call.vault)
    operations = read_requests(node, mapping)
    if not operations and not node.faults:
        node.fault(REQUESTS, "must name what is to be unlocked, as the mapping lists it")
    named = node.text("resourceToBeDeleted")
    subjects = [(each, _subject(node, call, each, named)) for each in operations]
    raise_faults(node)
    _check_known(call)
    given = workflow.unlock(ports, call.vault, subjects, call.caller.object_id)
    body = {"unlockDeleteExpiryTime": instant(given[0].until)}
    changes = tuple(f"{each.operation.value} of {each.resource_id}: locked -> unlocked" for each in given)
    return Answer(status=200, body=body, changes=changes)


def read_requests(node: Node, mapping: GuardMapping) -> list[Critical]:
    """What `resourceGuardOperationRequests` names, all of it of the vault's guard. Faults are noted in the node."""
    found = []
    for index, item in enumerate(node.items(REQUESTS)):
        try:
            found.append(read_request(str(item), mapping.guard_id))
        except ValueError as error:
            node.fault(f"{REQUESTS}[{index}]", str(error))
    return list(dict.fromkeys(found))


def _subject(node: Node, call: Call, operation: Critical, named: str) -> str:
    try:
        return subject_of(operation, call.vault, named)
    except ValueError as error:
        node.fault("resourceToBeDeleted", str(error))
        return ""


def _check_known(call: Call) -> None:
    """Raises InvalidInput for a caller whom nothing tells from others: two of them may be one person."""
    if not call.caller.object_id:
        message = "needs callers who sign in: who has a function key cannot be told from another"
        raise InvalidInput([Fault(target="", message=f"A resource guard {message}.", code=SIGN_IN_NEEDED)])


def _check_proxy(call: Call) -> None:
    if call.names["proxy"].lower() != PROXY.lower():
        raise NotFound(f"Vault '{call.vault.name}' has no mapping '{call.names['proxy']}'; its one is called {PROXY}.")


def _render_proxy(call: Call, mapping: GuardMapping, guard: ResourceGuard | None) -> dict[str, Any]:
    """The guard's id is not told to who may not reach it."""
    shown = mapping.guard_id if call.may_reach(mapping.guard_id) else HIDDEN
    guarded = [each for each in Critical if guard is None or each.value in guard.operations]
    return {
        "properties": {
            "resourceGuardResourceId": shown,
            "resourceGuardOperationDetails": [_detail(shown, each) for each in guarded],
            "lastUpdatedTime": instant(mapping.at),
        },
        "id": mapping.id,
        "name": PROXY,
        "type": PROXY_TYPE,
    }


def _detail(guard: str, operation: Critical) -> Mapping[str, str]:
    return {"vaultCriticalOperation": operation.value, "defaultResourceRequest": request_id(guard, operation)}

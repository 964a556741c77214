"""Requests that a resource guard stops: asked centrally, before the endpoint, where its row says what it does. What
depends on how things stand (a setting made weaker, a policy that does less) the workflows ask for themselves, with what
they are about to write.

Leaves to others: which endpoints do what (routes.py), and whether leave is granted (domain/guard.py).
"""

from __future__ import annotations

from collections.abc import Mapping

from backup_core.api.call import Call
from backup_core.api.guards import REQUESTS, read_requests
from backup_core.api.wire import readable_body
from backup_core.domain.guard import Critical
from backup_core.domain.reading import node_of, raise_faults
from backup_core.ports import Ports
from backup_core.workflows.guards import ask_leave, find_mapping


def check_guarded(ports: Ports, call: Call, guarded: Critical | None) -> None:
    """Of a change in a vault, which is `guarded` as that. Raises GuardLocked for what is not unlocked, InvalidInput for
    operation requests of another guard."""
    if "proxy" not in call.names:  # whose endpoints read them themselves
        _check_requests(ports, call)
    if guarded is not None:
        ask_leave(ports, call.vault, guarded, _subject(call), call.caller.object_id)


def _subject(call: Call) -> str:
    """What it is done to, and unlocked for: deleting single points, or clearing what holds them, takes the leave of
    deleting their instance, deleting a rule that of stopping what it protects; a plan is unlocked for its restores."""
    kinds = {"rule": "protectionRules", "plan": "restoreTestPlans", "instance": "backupInstances"}
    for name, kind in kinds.items():
        if name in call.names:
            return f"{call.vault.resource_id}/{kind}/{call.names[name]}"
    return call.vault.resource_id


def _check_requests(ports: Ports, call: Call) -> None:
    """Azure has a guarded request name the guard's request that it is about. None has to here, for the unlock says it;
    one that is named has to be the vault's."""
    body = node_of(readable_body(call))
    properties = body.raw("properties")
    nodes = [body, *([body.child("properties")] if isinstance(properties, Mapping) else [])]
    named = [node for node in nodes if node.has(REQUESTS)]
    mapping = find_mapping(ports, call.vault) if named else None
    if mapping is not None:
        for node in named:
            read_requests(node, mapping)
        raise_faults(body)

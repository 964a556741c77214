"""Linked resources: what a request names besides the path that it is sent to, held against its caller's reach.

One place for all routes, before any endpoint: every id anywhere in the body or the query, read by an endpoint or not,
and what a name in the URL stands for (an instance for its disk and snapshot group, a rule for its scope, a job for the
disks that it reads and makes). What the app does with its own identity is so never more than its caller might name.

Answers are held too: lists leave out what names something closed (wire.py), errors do not tell its id.

Leaves to others: the path itself (answering.py), how ids are compared (domain/reach.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from backup_core.api.access import is_change
from backup_core.api.call import Call, check_names
from backup_core.api.endpoints import Route
from backup_core.api.errors import Refused
from backup_core.api.operation_ids import decode
from backup_core.api.wire import readable_body
from backup_core.domain.alert import Alert
from backup_core.domain.copying import PointCopy, find_rule
from backup_core.domain.errors import Fault, InvalidInput
from backup_core.domain.instance import BackupInstance
from backup_core.domain.job import COPY_SNAPSHOT, Job
from backup_core.domain.protection_rule import ProtectionRule, rule_key
from backup_core.domain.reach import Mention, folded, is_within, mentions, names_closed
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.restore import RestoreRequest
from backup_core.domain.restore_test_plan import RestoreTestPlan
from backup_core.domain.restore_together import parts_of
from backup_core.domain.restored_copy import LOCATION, copies_in
from backup_core.domain.swap import exchanges_of
from backup_core.domain.vault import Vault
from backup_core.ports import Ports, every

CODE = "LinkedAuthorizationFailed"
HIDDEN = "<a resource that you may not reach>"
_SHOWN = 300  # letters of an id in a refusal
_ID = re.compile(r"/subscriptions/[^\s'\"`<>,;|?#]+", re.IGNORECASE)
# Names in a URL that lie in its path, so that whoever reaches the path reaches them, and what is read of none.
IN_THE_PATH = frozenset(
    {
        *("subscription", "group", "vault", "policy", "disk", "point", "hold", "location", "rest"),
        *("guard", "proxy", "requests", "request"),
    }
)


class LinkedRefused(Refused):
    """403: the caller may do this, but not with what the request names. `named` are the ids, each with its place."""

    def __init__(self, call: Call, action: str, scope: str, named: Sequence[Mention]) -> None:
        caller = call.caller
        shown = list(dict.fromkeys(each.text[:_SHOWN] for each in named))
        super().__init__(
            403,
            CODE,
            f"The client '{caller.name or caller.object_id}' with object id '{caller.object_id}' has permission to "
            f"perform action '{action}' on scope '{scope}'; however, it does not have permission to perform "
            f"action(s) '{','.join(map(_linked_action, shown))}' on the linked scope(s) '{','.join(shown)}' "
            "(respectively) or the linked scope(s) are invalid.",
            details=[
                Fault(target=each.place, message="is not for you, or is not there", code=CODE)
                for each in dict.fromkeys(named)
                if each.place
            ],
        )


def check_named_in_request(call: Call, action: str, scope: str) -> None:
    """Raises LinkedRefused that names every id in body and query that the caller may not reach."""
    closed = call.closed
    if not closed:
        return
    named = [each for each in mentions([dict(call.query), readable_body(call)]) if names_closed(each.text, closed)]
    if named:
        raise LinkedRefused(call, action, scope, [Mention(_place(each.place), each.text) for each in named])


def _place(place: str) -> str:
    """The place within the body or the query, which were looked through together."""
    return place.partition("]")[2].removeprefix(".")


def check_named_by_url(ports: Ports, call: Call, route: Route, action: str, scope: str) -> None:
    """Raises LinkedRefused when a name in the URL stands for something that the caller may not reach. It tells the
    name and not what it stands for."""
    closed = call.closed
    if not closed or call.method not in route.endpoints or not _has_names(call):
        return
    for name, stands_for in STANDS_FOR.items():
        if name in call.names and any(is_within(each, closed) for each in stands_for(ports, call)):
            raise LinkedRefused(call, action, scope, [Mention("", scope)])
    if is_change(route, call.method) and (_reaches_further(ports, call) or _tests_further(ports, call)):
        raise LinkedRefused(call, action, scope, [Mention("", scope)])


def _has_names(call: Call) -> bool:
    try:
        check_names(call)
    except InvalidInput:
        return False  # the endpoint is not reached with such names
    return True


def _of_instance(ports: Ports, call: Call) -> Iterator[str]:
    stored = ports.store.get(BackupInstance, call.vault, call.names["instance"])
    return iter(()) if stored is None else touched_by(stored.value)


def touched_by(instance: BackupInstance) -> Iterator[str]:
    """What is read or written in Azure for an instance."""
    yield from (instance.disk_id, instance.snapshot_group_id)


def _of_job(ports: Ports, call: Call) -> Iterator[str]:
    return _touched_by_job(ports, call.vault, call.names["job"].lower())


def _of_operation(ports: Ports, call: Call) -> Iterator[str]:
    operation = decode(call.names["operation"], call.subscription)
    if operation is not None and operation.job_id and call.may_see(operation.vault):  # else it is not found
        yield from _touched_by_job(ports, operation.vault, operation.job_id)


def _touched_by_job(ports: Ports, vault: VaultKey, job_id: str) -> Iterator[str]:
    stored = ports.store.get(Job, vault, job_id)
    return iter(()) if stored is None else _touched_in_job(ports, vault, stored.value)


def _touched_in_job(ports: Ports, vault: VaultKey, job: Job) -> Iterator[str]:
    origin, copied = (str(job.details.get(name) or "") for name in ("origin", COPY_SNAPSHOT))
    yield from filter(None, (job.disk_id, job.target_disk_id, origin, copied))
    for part in parts_of(job):
        yield from filter(None, (part.disk_id, part.target_disk_id, part.snapshot_id))
    yield from filter(None, [job.details.get("machine")])
    for exchange in exchanges_of(job):
        yield from (exchange.old_id, exchange.new_id)
    instance = ports.store.get(BackupInstance, vault, job.instance_name)
    if instance is not None:
        yield from touched_by(instance.value)


def _of_alert(ports: Ports, call: Call) -> Iterator[str]:
    stored = ports.store.get(Alert, call.vault, call.names["alert"].lower())
    if stored is None:
        return
    yield from filter(None, (stored.value.disk_id,))
    instance = ports.store.get(BackupInstance, call.vault, stored.value.instance_name)
    if instance is not None:
        yield from touched_by(instance.value)


def _of_rule(ports: Ports, call: Call) -> Iterator[str]:
    stored = ports.store.get(ProtectionRule, call.vault, rule_key(call.vault, call.names["rule"]))
    if stored is not None:
        yield from (stored.value.scope, stored.value.snapshot_group_id)


def _of_copy_rule(ports: Ports, call: Call) -> Iterator[str]:
    stored = ports.store.get(Vault, call.vault)
    rule = find_rule(stored.value.copy_rules, call.names["copyrule"]) if stored is not None else None
    if rule is not None:
        yield from filter(None, (rule.snapshot_group_id, rule.encryption_set_id))


def _reaches_further(ports: Ports, call: Call) -> bool:
    """Whether a stored rule protects for its author what the caller may not reach: then its change is not the
    caller's, for it would end that protection."""
    if "rule" not in call.names:
        return False
    stored = ports.store.get(ProtectionRule, call.vault, rule_key(call.vault, call.names["rule"]))
    if stored is None:
        return False
    author, scope = stored.value.author, folded(stored.value.scope)
    held = {path for path in call.closed if is_within(path, (scope,))}
    return bool(held) and (author is None or not held <= set(author.closed(call.scopes)))


def _of_plan(ports: Ports, call: Call) -> Iterator[str]:
    stored = ports.store.get(RestoreTestPlan, call.vault, call.names["plan"])
    if stored is not None:
        yield stored.value.target_group_id


def _tests_further(ports: Ports, call: Call) -> bool:
    """Whether a stored plan restores for its author what the caller may not reach: then neither its change nor its run
    is the caller's."""
    stored = ports.store.get(RestoreTestPlan, call.vault, call.names["plan"]) if "plan" in call.names else None
    if stored is None:
        return False
    author = stored.value.author
    return author is not None and not set(call.closed) <= set(author.closed(call.scopes))


# What a name in a URL stands for, by the route's word for it.
STANDS_FOR: Mapping[str, Callable[[Ports, Call], Iterable[str]]] = {
    "instance": _of_instance,
    "job": _of_job,
    "operation": _of_operation,
    "alert": _of_alert,
    "rule": _of_rule,
    "plan": _of_plan,
    "copyrule": _of_copy_rule,
}


def refuse_closed(call: Call, resource_id: str, *, target: str, action: str) -> None:
    """For an id that an endpoint makes of a name in the body. Raises LinkedRefused unless the caller may reach it."""
    if not call.may_reach(resource_id):
        raise LinkedRefused(call, action, call.resource, [Mention(target, resource_id)])


def may_see_instance(ports: Ports, call: Call, vault: VaultKey, name: str) -> bool:
    """Whether an answer may name an instance, for answers that do not carry its disk."""
    if not call.closed:
        return True
    stored = ports.store.get(BackupInstance, vault, name)
    return stored is None or all(map(call.may_reach, touched_by(stored.value)))


def may_see_job(ports: Ports, call: Call, vault: VaultKey, job: Job) -> bool:
    """Whether an answer may tell of a job that the URL does not name."""
    return not call.closed or all(map(call.may_reach, _touched_in_job(ports, vault, job)))


def refuse_closed_instance(ports: Ports, call: Call, name: str, *, target: str, action: str) -> None:
    """For the name of an instance in the body. Raises LinkedRefused unless an answer may name it."""
    refuse_closed_instances(ports, call, {target: name}, action=action)


def refuse_closed_instances(ports: Ports, call: Call, named: Mapping[str, str], *, action: str) -> None:
    """As refuse_closed_instance, for several names by their places."""
    hidden = [
        Mention(place, f"{call.vault.resource_id}/backupInstances/{name}")
        for place, name in named.items()
        if not may_see_instance(ports, call, call.vault, name)
    ]
    if hidden:
        raise LinkedRefused(call, action, call.resource, hidden)


def refuse_closed_copies(
    ports: Ports, call: Call, wishes: Mapping[str, tuple[str, RestoreRequest]], *, action: str
) -> None:
    """For restores of instances, by their places in the body. Raises LinkedRefused for those whose copies in the region
    that they are to be restored in lie where the caller may not reach: it tells the instance and not where."""
    if not call.closed:
        return
    hidden = [
        Mention(".".join(filter(None, (place, LOCATION))), f"{call.vault.resource_id}/backupInstances/{name}")
        for place, (name, wish) in wishes.items()
        if wish.location and not all(map(call.may_reach, _copies_there(ports, call, name, wish.location)))
    ]
    if hidden:
        raise LinkedRefused(call, action, call.resource, hidden)


def _copies_there(ports: Ports, call: Call, name: str, location: str) -> Iterator[str]:
    copies = (stored.value for stored in every(ports, PointCopy, call.vault, name))
    return (each.snapshot_id or each.group_id for each in copies_in(copies, location))


def instances_seen(ports: Ports, call: Call, names: Collection[str]) -> Collection[str]:
    """Those of a page that an answer may name. All from the first to the last are read, where anything is closed."""
    if not call.closed or not names:
        return names
    ordered = sorted(names, key=str.lower)
    read = every(ports, BackupInstance, call.vault, first=ordered[0], last=ordered[-1])
    return {stored.value.name for stored in read if all(map(call.may_reach, touched_by(stored.value)))}


def without_closed(body: Any, closed: Sequence[str]) -> Any:
    """An error's body with the ids that are closed to its reader left untold."""
    if isinstance(body, str):
        return _ID.sub(lambda found: HIDDEN if names_closed(found[0], closed) else found[0], body)
    if isinstance(body, Mapping):
        return {key: without_closed(value, closed) for key, value in body.items()}
    if isinstance(body, list):
        return [without_closed(item, closed) for item in body]
    return body


def _linked_action(resource_id: str) -> str:
    """The right that is missing, as ARM names it: to read what the id names."""
    _, has_provider, rest = resource_id.rpartition("/providers/")
    words = rest.split("/")
    if has_provider:
        return "/".join([words[0], *words[1::2], "read"])
    kind = "/resourceGroups" if "/resourcegroups/" in resource_id.lower() else ""
    return f"Microsoft.Resources/subscriptions{kind}/read"

"""Azure's validate requests: would this backup, or this restore, work?

The service accepts such a request, looks, and tells the outcome through the operation (recorded); its caller polls two
or three times for it. Here the looking is a handful of reads of ARM and is made within the request: an operation would
need a message, a job and a row of its own to carry an answer that is old when it is read. So faults are answered at
once (400, all of them), as the service itself does for some of them (documented: a disk that is protected already), and
a request without faults is answered as recorded: 202 with the URLs of an operation, which is over already. Clients
that are at their defaults follow it without a pause.

Nothing is changed: a client may send the request again after any error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from backup_core.api import instances, restores
from backup_core.api.call import Answer, Call
from backup_core.api.linked import refuse_closed_copies
from backup_core.api.operation_ids import Operation, accepted
from backup_core.api.questions import answered
from backup_core.api.wire import body_of
from backup_core.domain.errors import Fault, InvalidInput, NotFound
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.reading import Node, raise_faults
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import VAULT
from backup_core.domain.restore import RestoreRequest
from backup_core.domain.validation import NO_SUCH_RESOURCE
from backup_core.domain.vault import Vault
from backup_core.ports import Ports
from backup_core.workflows import catalogue, validation
from backup_core.workflows.restore_source import find_source

_ACTION = f"{VAULT}/backupInstances/validateRestore/action"


def validate_for_backup(ports: Ports, call: Call) -> Answer:
    """`{"backupInstance": {properties of an instance}}`."""
    vault = catalogue.get_vault(ports, call.vault)
    properties = _instance_of(call)
    request = instances.read_properties(properties, call.vault, name="")
    raise_faults(properties)
    policy = _find_policy(ports, call, request.policy_name)
    return _answer(ports, call, vault, partial(validation.check_backup, ports, vault, request, policy))


def validate_for_modify_backup(ports: Ports, call: Call) -> Answer:
    """`{"backupInstance": {properties as they are to be}}`. Always 202 when there is no fault: the SDK takes nothing
    else."""
    vault = catalogue.get_vault(ports, call.vault)
    instance = catalogue.get_instance(ports, call.vault, call.names["instance"])
    properties = _instance_of(call)
    request = instances.read_properties(properties, call.vault, name=instance.name)
    raise_faults(properties)
    policy = _find_policy(ports, call, request.policy_name)
    check = partial(validation.check_modify, ports, vault, instance, request, policy)
    return _answer(ports, call, vault, check)


def validate_restore(ports: Ports, call: Call) -> Answer:
    """`{"restoreRequestObject": {body of a restore}}`."""
    vault = catalogue.get_vault(ports, call.vault)
    instance = catalogue.get_instance(ports, call.vault, call.names["instance"])
    node = body_of(call)
    wanted = node.child("restoreRequestObject", required=True)
    if not wanted.is_there:
        raise_faults(node)
    request = restores.read_request(wanted)
    refuse_closed_copies(ports, call, {"restoreRequestObject": (instance.name, request)}, action=_ACTION)
    point, found = _find_point(ports, call, request)
    check = partial(validation.check_restore_target, ports, vault, instance, point, request, found=found)
    return _answer(ports, call, vault, check)


def _instance_of(call: Call) -> Node:
    """The one object that the body is about. Raises InvalidInput when it is missing."""
    node = body_of(call)
    properties = node.child("backupInstance", required=True)
    if not properties.is_there:
        raise_faults(node)
    return properties


def _find_policy(ports: Ports, call: Call, name: str) -> BackupPolicy | None:
    try:
        return catalogue.get_policy(ports, call.vault, name)
    except NotFound:
        return None  # one fault among others


def _find_point(ports: Ports, call: Call, request: RestoreRequest) -> tuple[RecoveryPoint | None, Sequence[Fault]]:
    """The point that is meant, restorable or not, and what speaks against it; an absent one is a fault among others."""
    name = call.names["instance"]
    try:
        _, source = find_source(ports, call.vault, name, request)
    except NotFound as error:
        return None, [Fault(target="recoveryPointId", message=error.message, code=NO_SUCH_RESOURCE)]
    except InvalidInput as error:
        stored = ports.store.get(RecoveryPoint, call.vault, name, request.point_id) if request.point_id else None
        return stored.value if stored is not None else None, error.faults
    return source.point, source.faults


def _answer(ports: Ports, call: Call, vault: Vault, check: Callable[[], list[Fault]]) -> Answer:
    faults = answered(ports, call, check)
    if faults:
        raise InvalidInput(faults)
    done = Operation(vault=call.vault, done_at=ports.clock.now())
    return accepted(call, done, vault.location)

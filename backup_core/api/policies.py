"""Backup policies: written at once, as the service does. What a policy may say is the domain's to judge."""

from __future__ import annotations

from typing import Any

from backup_core.api.call import Answer, Call
from backup_core.api.reading import check_name
from backup_core.api.wire import body_of, list_answer, skip_token
from backup_core.domain.audit import differences
from backup_core.domain.errors import InvalidInput
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.reading import raise_faults
from backup_core.domain.resource_ids import VAULT, VaultKey
from backup_core.ports import Ports
from backup_core.workflows import catalogue, vaults

TYPE = f"{VAULT}/backupPolicies"


def get(ports: Ports, call: Call) -> Answer:
    return Answer(status=200, body=render(call.vault, catalogue.get_policy(ports, call.vault, call.names["policy"])))


def list_in_vault(ports: Ports, call: Call) -> Answer:
    page = catalogue.list_policies(ports, call.vault, token=skip_token(call))
    return list_answer(call, page, lambda policy: render(call.vault, policy))


def put(ports: Ports, call: Call) -> Answer:
    """200 at once (recorded), for a new policy and for a changed one."""
    policy = _read_policy(call)
    before = catalogue.find_policy(ports, call.vault, policy.name)
    stored = vaults.put_policy(ports, call.vault, policy, by=call.caller.object_id)
    changes = differences(before.properties, stored.properties) if before is not None else ()
    return Answer(status=200, body=render(call.vault, stored), changes=changes)


def delete(ports: Ports, call: Call) -> Answer:
    """200 with an empty body (recorded); 204 when there is no such policy."""
    existed = vaults.delete_policy(ports, call.vault, call.names["policy"])
    return Answer(status=200 if existed else 204)


def render(vault: VaultKey, policy: BackupPolicy) -> dict[str, Any]:
    return {
        "properties": dict(policy.properties),
        "id": f"{vault.resource_id}/backupPolicies/{policy.name}",
        "name": policy.name,
        "type": TYPE,
    }


def _read_policy(call: Call) -> BackupPolicy:
    """Raises InvalidInput that names every fault of the name and of the body."""
    node = body_of(call)
    check_name(node, "policy", call.names["policy"])
    properties = node.child("properties", required=True)
    if not properties.is_there:
        raise_faults(node)
    try:
        policy = BackupPolicy.parse(call.names["policy"], properties.value)
    except InvalidInput as error:
        raise InvalidInput([*node.faults, *error.faults]) from error
    raise_faults(node)
    return policy

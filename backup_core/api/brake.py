"""The deletion brake of a vault: how it stands, and a second person's go-on. Ours; Azure Backup has none.

Leaves to others: the share, which is a setting of the vault (vaults.py), and who is a second person (domain/brake.py).
"""

from __future__ import annotations

from typing import Any

from backup_core.api.call import Answer, Call
from backup_core.api.guards import SIGN_IN_NEEDED
from backup_core.api.wire import body_of, instant
from backup_core.domain.brake import LONGEST_REASON, Batch, Brake, GoOn
from backup_core.domain.errors import Fault, InvalidInput
from backup_core.domain.reading import raise_faults
from backup_core.domain.resource_ids import VAULT
from backup_core.ports import Ports
from backup_core.workflows import brake as workflow
from backup_core.workflows.catalogue import get_vault


def get(ports: Ports, call: Call) -> Answer:
    return Answer(status=200, body=_render(ports, call))


def go_on(ports: Ports, call: Call) -> Answer:
    """200 with the brake, which is off the batch that the body names."""
    node = body_of(call)
    batch = node.text("batchId", required=True)
    reason = node.text("reason", required=True)
    if len(reason) > LONGEST_REASON:
        node.fault("reason", f"must have at most {LONGEST_REASON} characters")
    raise_faults(node)
    get_vault(ports, call.vault)
    if not call.caller.object_id:
        message = "needs callers who sign in: who has a function key cannot be told from another"
        raise InvalidInput([Fault(target="", message=f"A second person {message}.", code=SIGN_IN_NEEDED)])
    name = call.caller.name or call.caller.kind
    said = workflow.say_go_on(ports, call.vault, batch, by=call.caller.object_id, by_name=name, reason=reason)
    changes = (f"batch {said.batch.batch_id}: stopped -> let go until {instant(said.until)}",)
    return Answer(status=200, body=_render(ports, call), changes=changes)


def _render(ports: Ports, call: Call) -> dict[str, Any]:
    vault = get_vault(ports, call.vault)
    return {
        "properties": _properties(ports, workflow.find_brake(ports, vault.key), vault.brake_share_percent),
        "id": f"{vault.key.resource_id}/deletionBrake",
        "name": "deletionBrake",
        "type": f"{VAULT}/deletionBrake",
    }


def _properties(ports: Ports, brake: Brake, share_percent: float) -> dict[str, Any]:
    return {
        "isStopped": brake.batch is not None,
        "sharePercent": share_percent,
        "unbrakedInstances": ports.promises.unbraked_instances,
        "countedInstances": brake.counted(ports.clock.now()),
        "batch": _batch(brake.batch) if brake.batch is not None else None,
        "goOns": [_go_on(each) for each in brake.go_ons],
    }


def _batch(batch: Batch) -> dict[str, Any]:
    return {
        "batchId": batch.batch_id,
        "since": instant(batch.since),
        "reason": batch.said,
        "backupInstances": batch.instances,
        "recoveryPoints": batch.points,
        "causedBy": list(batch.causes),
    }


def _go_on(said: GoOn) -> dict[str, Any]:
    return {
        "batch": _batch(said.batch),
        "reason": said.reason,
        "saidBy": said.by,
        "saidByName": said.by_name,
        "saidTime": instant(said.at),
        "effectiveUntil": instant(said.until),
    }

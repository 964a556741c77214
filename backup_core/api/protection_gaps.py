"""What is lost if nothing is done: disks that nothing backs up, and what is missing of those that are protected. Ours;
Azure Backup has none.

Nothing is told of what the caller may not reach, neither in lists nor in sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backup_core.api.call import Answer, Call
from backup_core.api.health import vaults_seen
from backup_core.api.linked import touched_by
from backup_core.api.questions import answered
from backup_core.api.wire import key_token, last_key, skip_token
from backup_core.domain.errors import Fault, InvalidInput
from backup_core.domain.instance import BackupInstance
from backup_core.domain.protection_gaps import Gap, last_ownership_change
from backup_core.ports import Ports
from backup_core.workflows import catalogue
from backup_core.workflows.protection_gaps import UnprotectedDisk, protection_gaps, unprotected_disks


def unprotected(ports: Ports, call: Call) -> Answer:
    """A page of the disks of a subscription."""
    after = last_key(call)
    if after and not after.startswith(f"{call.subscription.lower()}:"):
        raise InvalidInput([Fault(target="$skipToken", message="take it unchanged from a nextLink")])
    page = answered(
        ports,
        call,
        lambda: unprotected_disks(
            ports, call.subscription, after=after, vaults=vaults_seen(ports, call), may_see=call.may_reach
        ),
    )
    body: dict[str, Any] = {
        "value": [_render_disk(call, each) for each in page.items],
        "count": page.count,
        "sizeBytes": page.size_bytes,
        "unknown": list(page.unknown),
    }
    if page.next_key is not None:
        body["nextLink"] = call.next_link(key_token(page.next_key))
    return Answer(status=200, body=body)


def of_vault(ports: Ports, call: Call) -> Answer:
    """A page of the instances that something is missing of. Raises NotFound."""
    catalogue.get_vault(ports, call.vault)
    page = protection_gaps(ports, call.vault, token=skip_token(call))
    shown = [each for each in page.items if all(map(call.may_reach, touched_by(each[0])))]
    body: dict[str, Any] = {"value": [_render_gaps(call, *each) for each in shown]}
    if page.next_token is not None:
        body["nextLink"] = call.next_link(page.next_token)
    return Answer(status=200, body=body)


def _render_disk(call: Call, found: UnprotectedDisk) -> dict[str, Any]:
    """An instance is named to those who may see its vault and all that it touches."""
    held = found.held
    is_seen = held is not None and call.may_see(held.vault) and all(map(call.may_reach, touched_by(held.instance)))
    return {
        "dataSourceId": found.disk.id,
        "location": found.disk.location,
        "sku": found.disk.sku,
        "sizeBytes": found.disk.size_bytes,
        "lastOwnershipUpdateTime": last_ownership_change(found.disk) or None,
        "reason": found.because if held is None or is_seen else "nothing backs it up",
        "backupInstanceId": f"{held.vault.resource_id}/backupInstances/{held.instance.name}"
        if held is not None and is_seen
        else None,
    }


def _render_gaps(call: Call, instance: BackupInstance, points: int, gaps: Sequence[Gap]) -> dict[str, Any]:
    return {
        "backupInstanceId": f"{call.vault.resource_id}/backupInstances/{instance.name}",
        "dataSourceId": instance.disk_id,
        "recoveryPoints": points,
        "gaps": [{"kind": gap.kind.value, "reason": gap.because} for gap in gaps],
    }

"""Moving in from Azure Disk Backup: what would come over from a vault there, and having it come over, go back, or be
done with. Ours; Azure Backup has none.

The vault is read with the rights of the app, or of the identity that the importing vault acts with. So nothing is told
of disks, resource groups and vaults that are closed to the caller, and nothing outside of the vault's bounds is read.
"""

from __future__ import annotations

from typing import Any

from backup_core.api.call import Answer, Call
from backup_core.api.operation_ids import begun
from backup_core.api.previews import render_faults
from backup_core.api.questions import answered
from backup_core.api.wire import body_of, instant, key_token, last_key
from backup_core.domain.importing import InstanceJudgement, PointJudgement, PolicyJudgement
from backup_core.domain.reading import raise_faults
from backup_core.domain.resource_ids import VAULT, parse_resource_id
from backup_core.ports import Ports
from backup_core.workflows import catalogue
from backup_core.workflows.importing import SOURCE, dry_run_import
from backup_core.workflows.moving import request_finish, request_import, request_undo


def dry_run(ports: Ports, call: Call) -> Answer:
    """A page of the instances of the vault that the body names. Nothing is changed, here or there. Raises NotFound."""
    catalogue.get_vault(ports, call.vault)
    origin_id, after = _read_origin(call), last_key(call)
    page = answered(
        ports, call, lambda: dry_run_import(ports, call.vault, origin_id, after=after, may_see=call.may_reach)
    )
    body: dict[str, Any] = {
        "sourceVaultId": page.origin.id,
        "location": page.origin.location,
        "instanceCount": page.total,
        "policies": [_render_policy(each) for each in page.policies],
        "value": [_render_instance(each) for each in page.items],
    }
    if page.next_name is not None:
        body["nextLink"] = call.next_link(key_token(page.next_name))
    return Answer(status=200, body=body)


def begin_import(ports: Ports, call: Call) -> Answer:
    """202 with both URLs of the job, which asks Azure Backup to stop protecting each instance that comes over."""
    return begun(call, request_import(ports, call.vault, _read_origin(call), **_who(call)))


def undo(ports: Ports, call: Call) -> Answer:
    """202 with both URLs of the job, which gives back to Azure Backup what came over."""
    return begun(call, request_undo(ports, call.vault, _read_origin(call), **_who(call)))


def finish(ports: Ports, call: Call) -> Answer:
    """202 with both URLs of the job, which deletes in Azure Backup the instances that have no snapshot left."""
    return begun(call, request_finish(ports, call.vault, _read_origin(call), **_who(call)))


def _who(call: Call) -> dict[str, Any]:
    return {"author": call.author, "correlation_id": call.correlation_id}


def _read_origin(call: Call) -> str:
    """Raises InvalidInput."""
    node = body_of(call)
    origin = node.parsed(SOURCE, lambda text: parse_resource_id(text, VAULT), required=True)
    raise_faults(node)
    assert origin is not None, "it is required"
    return origin.text


def _render_policy(judged: PolicyJudgement) -> dict[str, Any]:
    return {"name": judged.name, "action": judged.action.value, "faults": render_faults(judged.faults)}


def _render_instance(judged: InstanceJudgement) -> dict[str, Any]:
    origin = judged.origin
    return {
        "sourceInstanceId": origin.id,
        "name": origin.name,
        "dataSourceId": origin.disk_id,
        "snapshotResourceGroupId": origin.group_id,
        "policyName": origin.policy_name,
        "sourceProtectionState": origin.state,
        "action": judged.action.value,
        "faults": render_faults(judged.faults),
        "recoveryPoints": [_render_point(each) for each in judged.points],
    }


def _render_point(judged: PointJudgement) -> dict[str, Any]:
    point = judged.point
    return {
        "name": point.name,
        "creationTime": instant(point.created_at),
        "expiryTime": instant(point.expires_at),
        "retentionTagName": point.tag_name,
        "snapshotId": point.snapshot_id,
        "action": judged.action.value,
        "faults": render_faults(judged.faults),
    }

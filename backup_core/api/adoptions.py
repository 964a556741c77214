"""Snapshots that scripts took, adopted by a rule: what would come over, having it come over, and letting go of it.
Ours; Azure Backup has none.

Snapshots are found with the rights of the app, or of the identity that the vault acts with. So nothing is told or
touched of disks and snapshots that are closed to the caller, and nothing outside of the vault's bounds comes over.
"""

from __future__ import annotations

from typing import Any

from backup_core.api.call import Answer, Call
from backup_core.api.linked import refuse_closed_instance
from backup_core.api.operation_ids import begun
from backup_core.api.previews import render_faults
from backup_core.api.protection_rules import parse_scope, read_conditions
from backup_core.api.questions import answered
from backup_core.api.wire import body_of, instant, key_token, last_key, read_instant
from backup_core.domain.adoption_rule import AdoptionRule, SnapshotAction, SnapshotJudgement
from backup_core.domain.policy import parse_retention
from backup_core.domain.reading import Node, raise_faults
from backup_core.domain.resource_ids import DISK, VAULT, parse_resource_id
from backup_core.ports import Ports
from backup_core.workflows import catalogue
from backup_core.workflows.adopting import dry_run_adoption
from backup_core.workflows.moving import request_adoption, request_undo_adoption

LONGEST_PATTERN = 80  # as a snapshot's name
MAX_DISKS = 50


def dry_run(ports: Ports, call: Call) -> Answer:
    """A page of the snapshots that the rule in the body finds. Nothing is changed. Raises NotFound, InvalidInput."""
    catalogue.get_vault(ports, call.vault)
    rule, after = _read_rule(ports, call), last_key(call)
    page = answered(ports, call, lambda: dry_run_adoption(ports, call.vault, rule, after=after, may_see=call.may_reach))
    body: dict[str, Any] = {
        "sourceScope": rule.scope,
        "snapshotCount": page.total,
        "value": [_render(each) for each in page.items],
    }
    if page.next_key is not None:
        body["nextLink"] = call.next_link(key_token(page.next_key))
    return Answer(status=200, body=body)


def begin_adoption(ports: Ports, call: Call) -> Answer:
    """202 with both URLs of the job. Raises NotFound, InvalidInput."""
    catalogue.get_vault(ports, call.vault)
    return begun(call, request_adoption(ports, call.vault, _read_rule(ports, call), **_who(call)))


def undo(ports: Ports, call: Call) -> Answer:
    """202 with both URLs of the job, which lets go of what was adopted. Raises NotFound, InvalidInput."""
    catalogue.get_vault(ports, call.vault)
    return begun(call, request_undo_adoption(ports, call.vault, _read_rule(ports, call, adopts=False), **_who(call)))


def _who(call: Call) -> dict[str, Any]:
    return {"author": call.author, "correlation_id": call.correlation_id}


def _read_rule(ports: Ports, call: Call, *, adopts: bool = True) -> AdoptionRule:
    """Of who only lets go neither a choice of snapshots nor a retention is asked. Raises InvalidInput that names every
    fault, LinkedRefused for an instance that is closed to the caller."""
    node = body_of(call)
    former = node.parsed("deletedVaultId", lambda text: parse_resource_id(text, VAULT))
    rule = AdoptionRule(
        scope=node.parsed("sourceScope", parse_scope, required=True) or "",
        name_pattern=node.parsed("namePattern", _parse_pattern) or "",
        conditions=read_conditions(node, "tagConditions"),
        created_from=node.parsed("createdFrom", read_instant),
        created_until=node.parsed("createdUntil", read_instant),
        disk_ids=_read_disks(node),
        instance_name=node.text("backupInstanceName"),
        retention_tag=node.text("retentionTagName"),
        retention=node.parsed("retentionDuration", parse_retention),
        former_vault_id=former.text if former is not None else "",
    )
    node.refuse_blank("namePattern", "createdFrom", "createdUntil", "backupInstanceName", "deletedVaultId")
    node.refuse_blank("retentionTagName", "retentionDuration")
    if adopts and not (node.has("namePattern") or node.has("tagConditions")):
        message = "say by namePattern or tagConditions which snapshots are meant; '*' as a pattern means all"
        node.fault("namePattern", message)
    if adopts and node.has("retentionTagName") == node.has("retentionDuration"):
        message = "say how long they are kept: by retentionTagName, a tag of their instance's policy, or else by this"
        node.fault("retentionDuration", message)
    raise_faults(node)
    if rule.instance_name:
        action = f"{VAULT}/backupInstances/write"
        refuse_closed_instance(ports, call, rule.instance_name, target="backupInstanceName", action=action)
    return rule


def _parse_pattern(text: str) -> str:
    if len(text) > LONGEST_PATTERN:
        raise ValueError(f"has {len(text)} letters; a snapshot's name has at most {LONGEST_PATTERN}")
    return text


def _read_disks(node: Node) -> tuple[str, ...]:
    found, items = [], node.items("dataSourceIds")
    if len(items) > MAX_DISKS:
        node.fault("dataSourceIds", f"has {len(items)} entries; at most {MAX_DISKS} are allowed")
    for position, item in enumerate(items[:MAX_DISKS]):
        try:
            found.append(parse_resource_id(item, DISK).text)
        except ValueError as error:
            node.fault(f"dataSourceIds[{position}]", str(error))
    return tuple(found)


def _render(judged: SnapshotJudgement) -> dict[str, Any]:
    """`expiryTime` is what it gets now, or has."""
    snapshot, point = judged.snapshot, judged.point
    return {
        "snapshotId": snapshot.id,
        "dataSourceId": snapshot.source_id,
        "creationTime": instant(snapshot.created_at),
        "action": judged.action.value,
        "backupInstanceName": point.instance_name if point else None,
        "retentionTagName": point.tag_name if point else None,
        "expiryTime": instant(point.expires_at) if point else None,
        "isOverdue": judged.is_overdue and judged.action is SnapshotAction.ADOPT,
        "faults": render_faults(judged.faults),
    }

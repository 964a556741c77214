"""Copy rules of a vault and the copies of its recovery points in other regions. Ours; Azure Disk Backup keeps snapshots
in their disk's region. A resource of its own beside policies and instances: no PUT of theirs by an official client can
take it away.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from backup_core.api.call import Answer, Call
from backup_core.api.reading import check_name, read_policy_name
from backup_core.api.wire import body_of, instant, list_answer, reached, skip_token
from backup_core.domain.audit import differences
from backup_core.domain.copying import CopyRule, KeptCopy, PointCopy
from backup_core.domain.durations import parse_duration
from backup_core.domain.hold import standing
from backup_core.domain.policy import SHORTEST_RETENTION_SECONDS
from backup_core.domain.reading import Node, raise_faults
from backup_core.domain.resource_ids import ENCRYPTION_SET, VAULT, VaultKey, parse_group_id, parse_resource_id
from backup_core.ports import Ports
from backup_core.workflows import catalogue, copy_rules

TYPE = f"{VAULT}/copyRules"
COPY_TYPE = f"{VAULT}/backupInstances/recoveryPointCopies"
MAX_TAGS = 20


def get(ports: Ports, call: Call) -> Answer:
    return Answer(status=200, body=render(call.vault, copy_rules.get_rule(ports, call.vault, call.names["copyrule"])))


def list_in_vault(ports: Ports, call: Call) -> Answer:
    found = copy_rules.list_rules(ports, call.vault)
    return Answer(status=200, body={"value": reached(call, (render(call.vault, rule) for rule in found))})


def put(ports: Ports, call: Call) -> Answer:
    """200 at once, for a new rule and for a changed one."""
    change = copy_rules.put_rule(ports, call.vault, _read(ports, call), by=call.caller.object_id)
    after = render(call.vault, change.after)
    before = render(call.vault, change.before)["properties"] if change.before is not None else {}
    return Answer(status=200, body=after, changes=differences(before, after["properties"]))


def delete(ports: Ports, call: Call) -> Answer:
    """200 with an empty body; 204 when there is no such rule. What was copied stays as long as it was promised."""
    existed = copy_rules.delete_rule(ports, call.vault, call.names["copyrule"])
    return Answer(status=200 if existed else 204)


def list_copies(ports: Ports, call: Call) -> Answer:
    """The copies of an instance's recovery points, newest first: those that wait, too."""
    page = catalogue.list_copies(ports, call.vault, call.names["instance"], token=skip_token(call))
    now = ports.clock.now()
    return list_answer(call, page, lambda copy: render_copy(call.vault, copy, now))


def render(vault: VaultKey, rule: CopyRule) -> dict[str, Any]:
    return {
        "properties": {
            "policyId": f"{vault.resource_id}/backupPolicies/{rule.policy_name}",
            "targetLocation": rule.location,
            "snapshotResourceGroupId": rule.snapshot_group_id,
            "retentions": [{"tagName": kept.tag_name, "duration": kept.retention} for kept in rule.kept],
            "diskEncryptionSetId": rule.encryption_set_id or None,
            "sinceTime": instant(rule.since),
        },
        "id": f"{vault.resource_id}/copyRules/{rule.name}",
        "name": rule.name,
        "type": TYPE,
    }


def render_copy(vault: VaultKey, copy: PointCopy, now: datetime) -> dict[str, Any]:
    """`legalHolds` are the names of those of its point; those of instance and vault hold it, too."""
    return {
        "properties": {
            "recoveryPointId": copy.point_id,
            "recoveryPointTime": instant(copy.point_at),
            "location": copy.location,
            "state": copy.state.value,
            "snapshotId": copy.snapshot_id or None,
            "retentionTagName": copy.tag_name,
            "expiryTime": instant(copy.expires_at),
            "completedTime": instant(copy.completed_at),
            "copyRuleName": copy.rule_name,
            "attempts": copy.attempt,
            "waitsBecause": copy.because or None,
            "notBeforeTime": instant(copy.not_before),
            "expiryBlocked": copy.expiry_blocked,
            "immutableUntilTime": instant(copy.immutable_until),
            "legalHolds": [hold.name for hold in standing(copy.holds, now)],
        },
        "id": f"{vault.resource_id}/backupInstances/{copy.instance_name}/recoveryPointCopies/{copy.copy_id}",
        "name": copy.copy_id,
        "type": COPY_TYPE,
    }


def _read(ports: Ports, call: Call) -> CopyRule:
    """Raises InvalidInput that names every fault of the name and the body."""
    node = body_of(call)
    check_name(node, "rule", call.names["copyrule"])
    properties = node.child("properties", required=True)
    group = properties.parsed("snapshotResourceGroupId", parse_group_id, required=True)
    properties.refuse_blank("diskEncryptionSetId")
    key = properties.parsed("diskEncryptionSetId", lambda text: parse_resource_id(text, ENCRYPTION_SET))
    rule = CopyRule(
        name=call.names["copyrule"],
        policy_name=read_policy_name(properties, call.vault),
        location=properties.text("targetLocation", required=True),
        snapshot_group_id=group.text if group is not None else "",
        kept=tuple(_read_retentions(properties)),
        since=ports.clock.now(),
        encryption_set_id=key.text if key is not None else "",
    )
    raise_faults(node)
    return rule


def _read_retentions(node: Node) -> Iterator[KeptCopy]:
    nodes = node.children("retentions", required=True)
    if len(nodes) > MAX_TAGS:
        node.fault("retentions", f"has {len(nodes)} entries; at most {MAX_TAGS} are allowed")
    seen: set[str] = set()
    for each in nodes[:MAX_TAGS]:
        tag = each.text("tagName", required=True)
        duration = each.parsed("duration", parse_duration, required=True)
        if tag and tag.casefold() in seen:
            each.fault("tagName", f"the tag {tag!r} is named before")
        if duration is not None and duration.approximate_seconds < SHORTEST_RETENTION_SECONDS:
            each.fault("duration", f"must be at least {SHORTEST_RETENTION_SECONDS} seconds")
        seen.add(tag.casefold())
        if tag and duration is not None:
            yield KeptCopy(tag_name=tag, retention=duration.iso())

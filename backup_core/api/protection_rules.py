"""Protection rules: which disks a vault protects by their tags. Ours; Azure Backup has none.

A rule is written at once and applied soon after. A dry run tells what applying it would do, disk by disk, and why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from backup_core.api.call import Answer, Call
from backup_core.api.questions import answered
from backup_core.api.reading import check_name, read_policy_name, read_snapshot_group
from backup_core.api.wire import body_of, instant, list_answer, reached, skip_token
from backup_core.domain.protection_rule import PRIORITIES, Decision, ProtectionRule, TagCondition
from backup_core.domain.reading import Node, raise_faults
from backup_core.domain.resource_ids import (
    DISK,
    SUBSCRIPTION_FORM,
    VAULT,
    lies_in,
    parse_group_id,
    parse_resource_id,
)
from backup_core.domain.tags import LONGEST_NAME, LONGEST_VALUE
from backup_core.ports import Ports
from backup_core.workflows import tag_rules

TYPE = f"{VAULT}/protectionRules"
MAX_CONDITIONS = 20
MAX_VALUES = 50
MAX_EXCLUDED = 200


def get(ports: Ports, call: Call) -> Answer:
    return Answer(status=200, body=render(tag_rules.get_rule(ports, call.vault, call.names["rule"])))


def list_in_vault(ports: Ports, call: Call) -> Answer:
    return list_answer(call, tag_rules.list_rules(ports, call.vault, token=skip_token(call)), render)


def put(ports: Ports, call: Call) -> Answer:
    """200 at once, for a new rule and for a changed one."""
    rule, _ = tag_rules.put_rule(ports, _read_rule(call), by=call.caller.object_id)
    return Answer(status=200, body=render(rule))


def delete(ports: Ports, call: Call) -> Answer:
    """200 with an empty body; 204 when there is no such rule. What it protected and no other rule wants is stopped."""
    existed = tag_rules.delete_rule(ports, call.vault, call.names["rule"])
    return Answer(status=200 if existed else 204)


def dry_run(ports: Ports, call: Call) -> Answer:
    """What the rule in the body would do, or without a body the stored one. Nothing is changed."""
    if call.body.strip():
        rule = _read_rule(call)
        tag_rules.check_rule(ports, rule)
    else:
        rule = tag_rules.get_rule(ports, call.vault, call.names["rule"])
    run = answered(ports, call, lambda: tag_rules.dry_run(ports, rule, may_see=call.may_reach))
    shown = reached(call, (_render_decision(call, each) for each in run.decisions))
    return Answer(status=200, body={"value": shown, "left": run.left})


def render(rule: ProtectionRule) -> dict[str, Any]:
    return {
        "properties": {
            "scope": rule.scope,
            "tagConditions": _render_conditions(rule.conditions),
            "excludedTags": _render_conditions(rule.excluded_tags),
            "excludedIds": list(rule.excluded_ids),
            "policyId": f"{rule.vault.resource_id}/backupPolicies/{rule.policy_name}",
            "snapshotResourceGroupId": rule.snapshot_group_id,
            "priority": rule.priority,
            "enabled": rule.enabled,
            "lastModifiedTime": instant(rule.changed_at),
        },
        "id": rule.id,
        "name": rule.name,
        "type": TYPE,
    }


def _render_conditions(conditions: Iterable[TagCondition]) -> list[dict[str, Any]]:
    return [{"name": condition.name, "values": list(condition.values)} for condition in conditions]


def _render_decision(call: Call, decision: Decision) -> dict[str, Any]:
    """Of a vault that the caller may not see nothing is told: not its instance, and no reason that speaks of it."""
    vault = decision.vault if decision.vault and call.may_see(decision.vault) else None
    named = f"{vault.resource_id}/backupInstances/{decision.instance_name}" if vault else None
    return {
        "dataSourceId": decision.disk_id,
        "action": decision.action.value,
        "backupInstanceId": named,
        "policyId": _policy_id(decision) if vault else None,
        "protectionRuleId": decision.rule.id if decision.rule and vault else None,
        "reasons": list(decision.because) if all(map(call.may_see, decision.told_of)) else [],
    }


def _policy_id(decision: Decision) -> str | None:
    rule = decision.rule
    return f"{rule.vault.resource_id}/backupPolicies/{rule.policy_name}" if rule else None


# ---------------------------------------------------------------- what is sent


def _read_rule(call: Call) -> ProtectionRule:
    """Raises InvalidInput that names every fault of the name and of the body."""
    node = body_of(call)
    check_name(node, "rule", call.names["rule"])
    properties = node.child("properties", required=True)
    scope = _read_scope(properties)
    rule = ProtectionRule(
        name=call.names["rule"],
        vault=call.vault,
        scope=scope,
        conditions=read_conditions(properties, "tagConditions", required=True),
        excluded_tags=read_conditions(properties, "excludedTags"),
        excluded_ids=_read_excluded_ids(properties, scope),
        policy_name=read_policy_name(properties, call.vault),
        snapshot_group_id=read_snapshot_group(properties, "snapshotResourceGroupId", _subscription_of(scope), "scope"),
        priority=properties.number("priority", *PRIORITIES, required=True) or 0,
        enabled=properties.flag("enabled") is not False,
        author=call.author,
    )
    raise_faults(node)
    return rule


def _read_scope(node: Node) -> str:
    """A subscription or resource group."""
    return node.parsed("scope", parse_scope, required=True) or ""


def parse_scope(text: str) -> str:
    """The id of a subscription or resource group. Raises ValueError."""
    if SUBSCRIPTION_FORM.fullmatch(text.rstrip("/")):
        return text.rstrip("/")
    try:
        return parse_group_id(text).text
    except ValueError as error:
        raise ValueError(f"{error}; the id of a subscription is possible, too") from error


def _subscription_of(scope: str) -> str:
    return scope.split("/")[2] if scope else ""


def read_conditions(node: Node, key: str, *, required: bool = False) -> tuple[TagCondition, ...]:
    """What tags must say, each condition by a tag's name and the values it may have."""
    nodes = node.children(key)
    if required and not nodes:
        node.fault(key, "must hold at least one condition: a rule without would protect every disk of its scope")
    if len(nodes) > MAX_CONDITIONS:
        node.fault(key, f"has {len(nodes)} conditions; at most {MAX_CONDITIONS} are allowed")
    return tuple(
        TagCondition(name=_read_tag_name(each), values=_texts(each, "values", MAX_VALUES, _check_tag_value))
        for each in nodes[:MAX_CONDITIONS]
    )


def _read_tag_name(node: Node) -> str:
    name = node.text("name", required=True)
    if len(name) > LONGEST_NAME:
        node.fault("name", f"a tag's name has at most {LONGEST_NAME} letters")
    return name


def _check_tag_value(value: str) -> str | None:
    return None if len(value) <= LONGEST_VALUE else f"a tag's value has at most {LONGEST_VALUE} letters"


def _read_excluded_ids(node: Node, scope: str) -> tuple[str, ...]:
    """Ids of disks and resource groups."""

    def check(text: str) -> str | None:
        if not _is_disk_or_group(text):
            return "must be the id of a disk or of a resource group"
        return None if not scope or lies_in(text, scope) else f"does not lie in {scope}, where the rule looks"

    return _texts(node, "excludedIds", MAX_EXCLUDED, check)


def _is_disk_or_group(text: str) -> bool:
    for parse in (lambda: parse_group_id(text), lambda: parse_resource_id(text, DISK)):
        try:
            parse()
        except ValueError:
            continue
        return True
    return False


def _texts(node: Node, key: str, most: int, check: Callable[[str], str | None]) -> tuple[str, ...]:
    """A list of texts; none is an empty one."""
    value = node.raw(key)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        node.fault(key, "must be a list of texts")
        return ()
    if len(value) > most:
        node.fault(key, f"has {len(value)} entries; at most {most} are allowed")
        return ()
    for position, item in enumerate(value):
        wrong = check(item)
        if wrong:
            node.fault(f"{key}[{position}]", wrong)
    return tuple(dict.fromkeys(value))

"""Restore-test plans: which recovery points of a vault are restored to a temporary disk and looked at, how often. Ours;
Azure Backup has none.

A plan is refused where a test could not be made, with every fault and every missing role at once. An estimate tells
what the plan would test next and what it would cost. Each test is a job, and its job is the evidence (jobs.py).
"""

from __future__ import annotations

from typing import Any

from backup_core.api.call import Answer, Call
from backup_core.api.linked import refuse_closed_instance
from backup_core.api.questions import answered
from backup_core.api.reading import NAME_LENGTHS, check_name, is_name
from backup_core.api.wire import body_of, instant, list_answer, reached, read_optional_body, skip_token
from backup_core.domain.disk_skus import DISK_SKUS
from backup_core.domain.reading import Node, node_of, raise_faults
from backup_core.domain.resource_ids import VAULT, parse_group_id
from backup_core.domain.restore_test_plan import (
    DISKS_AT_ONCE,
    INSTANCES_AT_MOST,
    TESTS_PER_RUN,
    WINDOW_DAYS,
    PointChoice,
    RestoreTestPlan,
    check_schedule,
)
from backup_core.ports import Ports
from backup_core.workflows import restore_test_plans as plans
from backup_core.workflows.restore_test_plans import Estimate

TYPE = f"{VAULT}/restoreTestPlans"
METERS_AT_MOST = 100
MOST_EXPENSIVE = 1_000_000
CHOICES = tuple(choice.value for choice in PointChoice)


def get(ports: Ports, call: Call) -> Answer:
    return Answer(status=200, body=render(call, plans.get_plan(ports, call.vault, call.names["plan"])))


def list_in_vault(ports: Ports, call: Call) -> Answer:
    page = plans.list_plans(ports, call.vault, token=skip_token(call))
    return list_answer(call, page, lambda plan: render(call, plan))


def put(ports: Ports, call: Call) -> Answer:
    """200 at once, for a new plan and for a changed one."""
    plan = _read_plan(ports, call, body_of(call))
    written = plans.put_plan(ports, call.vault, plan, by=call.caller.object_id)
    return Answer(status=200, body=render(call, written))


def delete(ports: Ports, call: Call) -> Answer:
    """200 with an empty body; 204 when there is no such plan. Tests that have begun go on to their end."""
    existed = plans.delete_plan(ports, call.vault, call.names["plan"])
    return Answer(status=200 if existed else 204)


def run(ports: Ports, call: Call) -> Answer:
    """Begin a run now, with the instances that the next one would have tested; the ids of its jobs."""
    read_optional_body(call)
    begun = plans.run_now(ports, call.vault, call.names["plan"], correlation_id=call.correlation_id)
    return Answer(status=200, body={"jobIds": [f"{call.vault.resource_id}/backupJobs/{job.job_id}" for job in begun]})


def estimate(ports: Ports, call: Call) -> Answer:
    """What the plan in the body, or without one the stored one, would test and cost. Nothing is changed, and the plan
    of a body is checked as if it were stored."""
    node = node_of(read_optional_body(call))
    prices = _read_prices(node)
    if node.has("properties"):
        plan = _read_plan(ports, call, node)
        answered(ports, call, lambda: plans.check_plan(ports, call.vault, plan))
    else:
        raise_faults(node)
        plan = plans.get_plan(ports, call.vault, call.names["plan"])
    return Answer(status=200, body=_render_estimate(call, plans.estimate(ports, call.vault, plan), prices))


def render(call: Call, plan: RestoreTestPlan) -> dict[str, Any]:
    return {
        "properties": {
            "backupInstances": list(plan.instances),
            "recoveryPoint": plan.choice.value,
            "windowDays": plan.window_days,
            "schedule": {"repeatingTimeIntervals": list(plan.intervals), "timeZone": plan.time_zone},
            "targetResourceGroupId": plan.target_group_id,
            "testsPerRun": plan.tests_per_run,
            "disksAtOnce": plan.disks_at_once,
            "diskSku": plan.sku or None,
            "enabled": plan.enabled,
            "lastModifiedTime": instant(plan.changed_at),
            "lastRunTime": instant(plan.last_slot),
        },
        "id": f"{call.vault.resource_id}/restoreTestPlans/{plan.name}",
        "name": plan.name,
        "type": TYPE,
    }


def _render_estimate(call: Call, found: Estimate, prices: dict[str, float]) -> dict[str, Any]:
    """Money only where the asker named the price of every meter: this app knows none of disks."""
    known = all(meter in prices for meter in found.disk_hours)
    amount = sum(hours * prices[meter] for meter, hours in found.disk_hours.items()) if known else None
    shown = (
        {
            "backupInstanceId": f"{call.vault.resource_id}/backupInstances/{each.name}",
            "dataSourceId": each.disk_id,
            "diskSku": each.disk_sku,
            "diskSizeGB": each.size_gb,
        }
        for each in found.next_run
    )
    return {
        "backupInstanceCount": found.testable,
        "nextRunTime": instant(found.next_slot),
        "nextRun": reached(call, shown),
        "runsIn30Days": found.runs,
        "diskHours": [{"meter": meter, "hours": hours} for meter, hours in found.disk_hours.items()],
        "gibHours": found.gib_hours,
        "amount": None if amount is None else round(amount, 2),
    }


# ---------------------------------------------------------------- what is sent


def _read_plan(ports: Ports, call: Call, node: Node) -> RestoreTestPlan:
    """Raises InvalidInput that names every fault of the name and of the body."""
    check_name(node, "plan", call.names["plan"])
    properties = node.child("properties", required=True)
    intervals, time_zone = _read_schedule(properties)
    choice = properties.choice("recoveryPoint", CHOICES) or PointChoice.NEWEST.value
    group = properties.parsed("targetResourceGroupId", parse_group_id, required=True)
    plan = RestoreTestPlan(
        name=call.names["plan"],
        intervals=intervals,
        time_zone=time_zone,
        target_group_id=group.text if group else "",
        seed="",
        instances=_read_instances(properties),
        choice=PointChoice(choice),
        window_days=properties.number("windowDays", *WINDOW_DAYS) or 30,
        tests_per_run=properties.number("testsPerRun", *TESTS_PER_RUN) or 1,
        disks_at_once=properties.number("disksAtOnce", *DISKS_AT_ONCE) or 1,
        sku=properties.choice("diskSku", DISK_SKUS),
        enabled=properties.flag("enabled") is not False,
        author=call.author,
    )
    raise_faults(node)
    for number, name in enumerate(plan.instances):
        target = f"properties.backupInstances[{number}]"
        refuse_closed_instance(ports, call, name, target=target, action=f"{VAULT}/backupInstances/read")
    return plan


def _read_schedule(properties: Node) -> tuple[tuple[str, ...], str]:
    node = properties.child("schedule", required=True)
    intervals = node.items("repeatingTimeIntervals", required=True)
    time_zone = node.text("timeZone") or "UTC"
    if not all(isinstance(each, str) for each in intervals):
        node.fault("repeatingTimeIntervals", "must be a list of texts")
        return (), time_zone
    for index, message in check_schedule(intervals, time_zone) if intervals else ():
        node.fault("timeZone" if index is None else f"repeatingTimeIntervals[{index}]", message)
    return tuple(intervals), time_zone


def _read_instances(properties: Node) -> tuple[str, ...]:
    """Names; none stands for all of the vault."""
    names = properties.items("backupInstances")
    if len(names) > INSTANCES_AT_MOST:
        properties.fault("backupInstances", f"has {len(names)} entries; at most {INSTANCES_AT_MOST} are allowed")
        return ()
    for number, name in enumerate(names):
        if not isinstance(name, str) or not is_name(name) or len(name) > NAME_LENGTHS["instance"][1]:
            properties.fault(f"backupInstances[{number}]", "must be the name of a backup instance of this vault")
            return ()
    return tuple(dict.fromkeys(names))


def _read_prices(node: Node) -> dict[str, float]:
    """Prices of an hour, by meter."""
    found = node.child("hourlyPrices")
    if len(found.value) > METERS_AT_MOST:
        node.fault("hourlyPrices", f"has {len(found.value)} entries; at most {METERS_AT_MOST} are allowed")
        return {}
    return {str(meter): found.decimal(str(meter), 0, MOST_EXPENSIVE) or 0.0 for meter in found.value}

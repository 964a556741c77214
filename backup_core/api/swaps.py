"""Swapping disks of a virtual machine for restored ones, and back; ours: Azure Backup restores to new disks only."""

from __future__ import annotations

from typing import Any

from backup_core.api.call import Answer, Call
from backup_core.api.linked import refuse_closed, without_closed
from backup_core.api.operation_ids import begun
from backup_core.api.previews import render_faults
from backup_core.api.questions import answered
from backup_core.api.wire import body_of, read_optional_body
from backup_core.domain.reading import raise_faults
from backup_core.domain.resource_ids import DISK, VAULT, parse_resource_id
from backup_core.domain.swap import DISKS_AT_MOST, MACHINE, Exchange
from backup_core.ports import Ports
from backup_core.workflows import swap as workflow
from backup_core.workflows.swap import Plan, SwapRequest

_ACTION = f"{VAULT}/swapDisks/action"
_PREVIEW = f"{VAULT}/previewSwapDisks/action"


def swap(ports: Ports, call: Call) -> Answer:
    """202 with both URLs of the job, whose subtasks name each place with its old and its new disk."""
    request = _read(call)
    plan = workflow.plan_swap(ports, call.vault, request)
    _check_reach(call, plan, _ACTION)
    job = workflow.request_swap(
        ports, call.vault, request, plan=plan, by=call.caller.object_id, correlation_id=call.correlation_id
    )
    return begun(call, job)


def preview(ports: Ports, call: Call) -> Answer:
    """What the same body would put where, and why it would not. Nothing is changed."""
    request = _read(call)
    plan = answered(ports, call, lambda: workflow.plan_swap(ports, call.vault, request))
    _check_reach(call, plan, _PREVIEW)
    body: dict[str, Any] = {
        "virtualMachineId": request.machine_id,
        "powerState": plan.machine.power_state if plan.machine else None,
        "swaps": [_render(each) for each in plan.exchanges],
        "faults": render_faults(plan.faults),
    }
    return Answer(status=200, body=without_closed(body, call.closed))


def undo(ports: Ports, call: Call) -> Answer:
    """202 with both URLs of the job that puts back what the swap of the URL took off."""
    read_optional_body(call)
    job = workflow.request_undo(
        ports,
        call.vault,
        call.names["job"].lower(),
        by=call.caller.object_id,
        correlation_id=call.correlation_id,
    )
    return begun(call, job)


def _read(call: Call) -> SwapRequest:
    """Raises InvalidInput that names every fault."""
    node = body_of(call)
    machine = node.parsed("virtualMachineId", lambda text: parse_resource_id(text, MACHINE), required=True)
    items = node.children("disks", required=True)
    if len(items) > DISKS_AT_MOST:
        node.fault("disks", f"names {len(items)} disks; a machine has {DISKS_AT_MOST} at most")
    while_running = node.flag("whileRunning")
    disks = []
    for item in items:
        item.refuse_blank("replaces")
        new, old = (
            item.parsed(name, lambda text: parse_resource_id(text, DISK), required=name == "diskId")
            for name in ("diskId", "replaces")
        )
        disks.append((new.text if new else "", old.text if old else ""))
    raise_faults(node)
    assert machine is not None, "it is required"
    return SwapRequest(machine_id=machine.text, disks=tuple(disks), while_running=bool(while_running))


def _check_reach(call: Call, plan: Plan, action: str) -> None:
    """What the request did not name itself: the disk that is replaced, where that was restored from. Raises
    LinkedRefused."""
    for index, each in enumerate(plan.exchanges):
        refuse_closed(call, each.old_id, target=f"disks[{index}].diskId", action=action)


def _render(exchange: Exchange) -> dict[str, Any]:
    return {
        "oldDiskId": exchange.old_id,
        "newDiskId": exchange.new_id,
        "lun": exchange.lun,
        "caching": None if exchange.is_os else exchange.caching,
    }

"""Restore of several disks to one moment, by one job; ours, as Azure Backup restores disks one by one.

Each of `restores` names a backup instance and says what is to become of it as a restore does (`restoreTargetInfo`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from backup_core.api.call import Answer, Call
from backup_core.api.linked import refuse_closed_copies, refuse_closed_instances, without_closed
from backup_core.api.operation_ids import begun
from backup_core.api.previews import render_faults
from backup_core.api.questions import answered
from backup_core.api.reading import is_name, read_identity
from backup_core.api.restores import read_target
from backup_core.api.wire import body_of, instant, iso_duration, read_instant
from backup_core.domain.reading import Node, raise_faults
from backup_core.domain.resource_ids import GUID, VAULT
from backup_core.domain.restore import RestoreRequest
from backup_core.domain.restore_together import (
    DISKS_AT_MOST,
    PLACE,
    Chosen,
    Spread,
    TogetherRequest,
    spread_of,
    spread_of_machines,
)
from backup_core.ports import Ports
from backup_core.workflows import restore_together as workflow

_ACTION = f"{VAULT}/restoreTogether/action"
_PREVIEW = f"{VAULT}/previewRestoreTogether/action"


def restore(ports: Ports, call: Call) -> Answer:
    """202 with both URLs; the job's id is in the operation's result, and its subtasks name the job of each disk."""
    request = _read(ports, call, _ACTION)
    job = workflow.request_restore_together(
        ports, call.vault, request, by=call.caller.object_id, correlation_id=call.correlation_id
    )
    return begun(call, job)


def preview(ports: Ports, call: Call) -> Answer:
    """What the same body would restore, and why it would not. Nothing is changed."""
    request = _read(ports, call, _PREVIEW)
    found = answered(ports, call, lambda: workflow.preview_restore_together(ports, call.vault, request))
    points = [each.point for each in found.chosen if each.point is not None]
    body = {
        "restores": [_render(call, each) for each in found.chosen],
        **_render_spread(spread_of(point.created_at for point in points)),
        "virtualMachines": [
            {"virtualMachineId": machine, "diskCount": count, **_render_spread(spread)}
            for machine, (count, spread) in spread_of_machines(points).items()
            if call.may_reach(machine)
        ],
        "faults": render_faults(found.faults),
    }
    return Answer(status=200, body=without_closed(body, call.closed))


def _read(ports: Ports, call: Call, action: str) -> TogetherRequest:
    """Raises InvalidInput that names every fault, LinkedRefused."""
    node = body_of(call)
    items = node.children(PLACE, required=True)
    if len(items) > DISKS_AT_MOST:
        message = f"names {len(items)} disks; at most {DISKS_AT_MOST} are restored by one request: send several"
        node.fault(PLACE, message)
    at, slot = _read_moment(node)
    node.refuse_blank("requestId", "recoveryPointTime", "slot")
    request_id = node.name("requestId", GUID, "a GUID", required=False)
    acts_as = read_identity(node)
    wanted = tuple((_read_name(item), _read_wish(item, at)) for item in items[:DISKS_AT_MOST])
    raise_faults(node)
    named = {f"{PLACE}[{index}].backupInstanceName": name for index, (name, _) in enumerate(wanted)}
    refuse_closed_instances(ports, call, named, action=action)
    asked = {f"{PLACE}[{index}]": each for index, each in enumerate(wanted)}
    refuse_closed_copies(ports, call, asked, action=action)
    return TogetherRequest(wanted=wanted, at=at, slot=slot, request_id=request_id.lower(), acts_as=acts_as)


def _read_moment(node: Node) -> tuple[datetime | None, datetime | None]:
    given = [name for name in ("recoveryPointTime", "slot") if str(node.raw(name) or "").strip()]
    if not given:
        message = "is required, unless slot is there: of each disk the newest recovery point until then is restored"
        node.fault("recoveryPointTime", message)
    if len(given) > 1:
        node.fault("slot", "must be absent where recoveryPointTime is there: a disk has one point")
    return node.parsed("recoveryPointTime", read_instant), node.parsed("slot", read_instant)


def _read_name(item: Node) -> str:
    name = item.text("backupInstanceName", required=True)
    if name and not is_name(name):
        item.fault("backupInstanceName", f"must be the name of a backup instance, not {name!r:.80}")
    return name


def _read_wish(item: Node, at: datetime | None) -> RestoreRequest:
    return replace(read_target(item.child("restoreTargetInfo", required=True)), at=at)


def _render(call: Call, chosen: Chosen) -> dict[str, Any]:
    point = chosen.point
    return {
        "backupInstanceId": f"{call.vault.resource_id}/backupInstances/{chosen.instance_name}",
        "dataSourceId": chosen.instance.disk_id if chosen.instance else None,
        "recoveryPointId": point.point_id if point else None,
        "recoveryPointTime": instant(point.created_at) if point else None,
        "restoreLocation": point.location if point else None,
        "targetDiskId": chosen.request.target_disk_id,
    }


def _render_spread(spread: Spread | None) -> Mapping[str, Any]:
    """How far points lie apart. No disk is consistent with another by that, however near they are."""
    return {
        "oldestRecoveryPointTime": instant(spread.oldest) if spread else None,
        "newestRecoveryPointTime": instant(spread.newest) if spread else None,
        "apart": iso_duration(spread.apart if spread else timedelta(0)),
    }

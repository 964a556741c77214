"""Legal holds on a recovery point: set, read, list, clear. Ours; Azure Backup has none.

Setting one is for operators, clearing for contributors: it is answered with the time at which the hold ends, until
which it can be set again.
"""

from __future__ import annotations

from typing import Any

from backup_core.api.call import Answer, Call
from backup_core.api.wire import body_of, instant
from backup_core.domain.audit import differences
from backup_core.domain.errors import NotFound
from backup_core.domain.hold import Hold, faults_of, find_hold
from backup_core.domain.reading import raise_faults
from backup_core.domain.resource_ids import VAULT
from backup_core.ports import Ports
from backup_core.workflows import holds
from backup_core.workflows.holds import HoldChange

TYPE = f"{VAULT}/backupInstances/recoveryPoints/legalHolds"


def list_of_point(ports: Ports, call: Call) -> Answer:
    """Those that have ended included, until others take their place."""
    found = holds.point_holds(ports, call.vault, *_point(call))
    return Answer(status=200, body={"value": [_render(call, hold, ports) for hold in found]})


def get_of_point(ports: Ports, call: Call) -> Answer:
    hold = find_hold(holds.point_holds(ports, call.vault, *_point(call)), call.names["hold"])
    if hold is None:
        raise NotFound(f"Legal hold '{call.names['hold']}' was not found on recovery point '{call.names['point']}'.")
    return Answer(status=200, body=_render(call, hold, ports))


def put_on_point(ports: Ports, call: Call) -> Answer:
    """200 with the hold, which may be as it was set before."""
    change = holds.set_point_hold(ports, call.vault, *_point(call), _read(ports, call))
    return _changed(ports, call, change)


def delete_of_point(ports: Ports, call: Call) -> Answer:
    """200 with the hold and when it ends; 204 when there is none."""
    change = holds.clear_point_hold(
        ports, call.vault, *_point(call), call.names["hold"], by=call.caller.object_id, by_name=_name_of(call)
    )
    return Answer(status=204) if change is None else _changed(ports, call, change)


def _point(call: Call) -> tuple[str, str]:
    return call.names["instance"], call.names["point"].lower()


def _read(ports: Ports, call: Call) -> Hold:
    """Raises InvalidInput that names every fault of the name and the body."""
    node = body_of(call)
    reason = node.child("properties", required=True).text("reason")
    node.faults.extend(faults_of(call.names["hold"], reason))
    raise_faults(node)
    return Hold(
        name=call.names["hold"],
        reason=reason,
        set_at=ports.clock.now(),
        set_by=call.caller.object_id,
        set_by_name=_name_of(call),
    )


def _name_of(call: Call) -> str:
    return call.caller.name or call.caller.kind


def _changed(ports: Ports, call: Call, change: HoldChange) -> Answer:
    before = {} if change.before is None else _properties(change.before, ports)
    after = _properties(change.after, ports)
    return Answer(status=200, body=_render(call, change.after, ports), changes=differences(before, after))


def _render(call: Call, hold: Hold, ports: Ports) -> dict[str, Any]:
    instance, point = _point(call)
    path = f"{call.vault.resource_id}/backupInstances/{instance}/recoveryPoints/{point}/legalHolds/{hold.name}"
    return {"properties": _properties(hold, ports), "id": path, "name": hold.name, "type": TYPE}


def _properties(hold: Hold, ports: Ports) -> dict[str, Any]:
    return {
        "reason": hold.reason,
        "setTime": instant(hold.set_at),
        "setBy": hold.set_by or None,
        "setByName": hold.set_by_name or None,
        "clearedBy": hold.cleared_by or None,
        "clearedByName": hold.cleared_by_name or None,
        "endTime": instant(hold.ends_at),
        "isStanding": hold.stands(ports.clock.now()),
    }

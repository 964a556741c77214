"""Legal holds on a recovery point, a backup instance or a vault: set, read, list, clear. Ours; Azure Backup has none.

Setting one is for operators, clearing for contributors: it is answered with the time at which the hold ends, until
which it can be set again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from backup_core.api.call import Answer, Call
from backup_core.api.operation_ids import Operation, status_header
from backup_core.api.wire import body_of, instant
from backup_core.domain.audit import differences
from backup_core.domain.errors import NotFound
from backup_core.domain.hold import INSTANCE, POINT, VAULT, Hold, faults_of, find_hold
from backup_core.domain.reading import raise_faults
from backup_core.domain.resource_ids import VAULT as VAULT_TYPE
from backup_core.ports import Ports
from backup_core.workflows import holds
from backup_core.workflows.deletion import DeletionUnderWay
from backup_core.workflows.holds import HoldChange, Place, sure_at

_PARENTS = {VAULT: "", INSTANCE: "/backupInstances", POINT: "/backupInstances/recoveryPoints"}


def list_all(ports: Ports, call: Call) -> Answer:
    """Those that were set there, those that have ended included until others take their place."""
    found = holds.holds_at(ports, _place(call))
    return Answer(status=200, body={"value": [_render(ports, call, hold) for hold in found]})


def get(ports: Ports, call: Call) -> Answer:
    place = _place(call)
    hold = find_hold(holds.holds_at(ports, place), call.names["hold"])
    if hold is None:
        raise NotFound(f"{place} has no legal hold '{call.names['hold']}'.")
    return Answer(status=200, body=_render(ports, call, hold))


def put_on_point(ports: Ports, call: Call) -> Answer:
    """200 with the hold, which may be as it was set before. A deletion that may be on its way is a conflict: the point
    is held, if it is still there."""
    return _changed(ports, call, holds.set_hold(ports, _place(call), _read(ports, call)))


def put(ports: Ports, call: Call) -> Answer:
    """201 with the hold and the URL of an operation, which is over once no deletion can be on its way any more."""
    begun_at, place = ports.clock.now(), _place(call)
    done_at = begun_at if place.instance else sure_at(begun_at)
    hold = _read(ports, call)
    try:
        change = holds.set_hold(ports, place, hold)
    except DeletionUnderWay as late:
        done_at = late.over_at
        found = find_hold(holds.holds_at(ports, place), hold.name)
        assert found is not None, "the change is made"
        change = HoldChange(before=None, after=found)
    return _changed(ports, call, change, begun_at, done_at)


def delete(ports: Ports, call: Call) -> Answer:
    """200 with the hold and when it ends; 204 when there is none."""
    change = holds.clear_hold(ports, _place(call), call.names["hold"], by=call.caller.object_id, by_name=_name_of(call))
    return Answer(status=204) if change is None else _changed(ports, call, change)


def _place(call: Call) -> Place:
    return Place(vault=call.vault, instance=call.names.get("instance", ""), point=call.names.get("point", "").lower())


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


def _changed(
    ports: Ports, call: Call, change: HoldChange, begun_at: datetime | None = None, done_at: datetime | None = None
) -> Answer:
    before = {} if change.before is None else _properties(ports, change.before)
    changes = differences(before, _properties(ports, change.after))
    body = _render(ports, call, change.after)
    if done_at is None:
        return Answer(status=200, body=body, changes=changes)
    operation = Operation(vault=call.vault, begun_at=begun_at if done_at != begun_at else None, done_at=done_at)
    return Answer(status=201, body=body, changes=changes, headers=status_header(call, operation))


def _render(ports: Ports, call: Call, hold: Hold) -> dict[str, Any]:
    place = _place(call)
    path = call.vault.resource_id
    path += f"/backupInstances/{place.instance}" if place.instance else ""
    path += f"/recoveryPoints/{place.point}" if place.point else ""
    return {
        "properties": _properties(ports, hold),
        "id": f"{path}/legalHolds/{hold.name}",
        "name": hold.name,
        "type": f"{VAULT_TYPE}{_PARENTS[place.scope]}/legalHolds",
    }


def _properties(ports: Ports, hold: Hold) -> dict[str, Any]:
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

"""Recovery points of an instance: list, newest first and between two times, get, and the ranges between them."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NoReturn

from backup_core.api.call import Answer, Call
from backup_core.api.wire import body_of, instant, list_answer, read_instant, read_optional_body, skip_token
from backup_core.domain.errors import Fault, InvalidInput
from backup_core.domain.previews import Explanation
from backup_core.domain.reading import Node, raise_faults
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import DISK, SNAPSHOT, VAULT, VaultKey, parse_resource_id
from backup_core.ports import Ports
from backup_core.workflows import catalogue, previews, releasing

TYPE = f"{VAULT}/backupInstances/recoveryPoints"
RETENTION = "retention"  # of `$expand`
_CLAUSE = re.compile(r"(startDate|endDate)\s+eq\s+'([^']*)'", re.IGNORECASE)
_OFFSET = re.compile(r"(Z|[+-]\d\d:\d\d)$")
_AND = re.compile(r"\s+and\s+", re.IGNORECASE)


def get(ports: Ports, call: Call) -> Answer:
    point = catalogue.get_point(ports, call.vault, call.names["instance"], call.names["point"].lower())
    return Answer(status=200, body=render(call.vault, point, meta_data=_meta_data(point)))


def delete(ports: Ports, call: Call) -> Answer:
    """Ours: Azure Backup deletes no point of a disk before its time. Answers the point, whose expiry says when it goes:
    now, or when soft delete ends."""
    name, point_id = call.names["instance"], call.names["point"].lower()
    point = releasing.release_point(ports, call.vault, name, point_id, by=call.caller.object_id)
    return Answer(status=200, body=render(call.vault, point))


def undelete(ports: Ports, call: Call) -> Answer:
    """Ours: 200 with the point and the expiry that it had."""
    read_optional_body(call)
    point = releasing.keep_point(ports, call.vault, call.names["instance"], call.names["point"].lower())
    return Answer(status=200, body=render(call.vault, point))


def list_of_instance(ports: Ports, call: Call) -> Answer:
    bounds = read_filter(call.parameter("$filter") or "")
    page = catalogue.list_points(
        ports,
        call.vault,
        call.names["instance"],
        since=bounds.get("startdate"),
        until=bounds.get("enddate"),
        token=skip_token(call),
    )
    if not _wants_retention(call):
        return list_answer(call, page, lambda point: render(call.vault, point))
    told = previews.explain_points(ports, call.vault, call.names["instance"])
    return list_answer(call, page, lambda point: _explained(render(call.vault, point), told.get(point.point_id)))


def find_restorable_time_ranges(ports: Ports, call: Call) -> Answer:
    """No range: a disk can be restored at the instants of its recovery points and at none between them, which is what
    a range would say. Shape and refusals as recorded; the service's answer for a disk was not."""
    node = body_of(call)
    node.choice("sourceDataStoreType", ("OperationalStore",), required=True)
    start, end = _read_bound(node, "startTime"), _read_bound(node, "endTime")
    raise_faults(node)
    if start is not None and end is not None and start > end:
        message = "The given time range is invalid"  # Azure's words (recorded)
        raise InvalidInput([Fault(target="", message=message, code="UserErrorInvalidRestorableTimeRange")])
    instance = catalogue.get_instance(ports, call.vault, call.names["instance"])
    body = {
        "properties": {"restorableTimeRanges": [], "objectType": "AzureBackupFindRestorableTimeRangesResponse"},
        "id": instance.name,
        "type": f"{VAULT}/backupInstances/findRestorableTimeRanges",
    }
    return Answer(status=200, body=body)


def _wants_retention(call: Call) -> bool:
    """Raises InvalidInput."""
    wanted = call.parameter("$expand") or ""
    if wanted and wanted.lower() != RETENTION:
        raise InvalidInput([Fault(target="$expand", message=f"{wanted!r} is not understood; use {RETENTION}")])
    return bool(wanted)


def _explained(rendered: dict[str, Any], told: Explanation | None) -> dict[str, Any]:
    """A field of our own beside Azure's, where it was asked for. A point that came meanwhile has none yet."""
    if told is None:
        return rendered
    retention = {
        "reasons": list(told.because),
        "keptUntil": instant(told.point.expires_at),
        "nextDecision": instant(told.decided_at),
        "isGoing": told.goes,
    }
    return rendered | {"properties": rendered["properties"] | {RETENTION: retention}}


def read_filter(text: str) -> Mapping[str, datetime]:
    """`startDate eq '<time>' and endDate eq '<time>'`, either or none (recorded; an empty one is legal).

    Keys of the answer are in lower case. Raises InvalidInput.
    """
    bounds: dict[str, datetime] = {}
    for clause in _AND.split(text.strip()) if text.strip() else []:
        match = _CLAUSE.fullmatch(clause)
        if match is None or match[1].lower() in bounds:
            _refuse(f"{clause!r} is not understood; use startDate eq '<time>' and endDate eq '<time>'")
        try:
            bounds[match[1].lower()] = read_instant(match[2])
        except ValueError as error:
            _refuse(str(error), error)
    return bounds


def _read_bound(node: Node, name: str) -> datetime | None:
    """A time without an offset is UTC here (recorded: it is taken)."""
    text = node.text(name)
    try:
        return read_instant(text if _OFFSET.search(text) else f"{text}Z") if text else None
    except ValueError as error:
        node.fault(name, str(error), "DppPluginInvalidInputParameters")
        return None


def _refuse(message: str, cause: Exception | None = None) -> NoReturn:
    raise InvalidInput([Fault(target="$filter", message=message)]) from cause


def _meta_data(point: RecoveryPoint) -> str:
    """What a point alone, not a list, tells of its disk and snapshot: JSON as text (recorded)."""
    disk = point.disk
    snapshot = parse_resource_id(point.snapshot_id, SNAPSHOT)
    properties = disk.get("properties", {})
    source = parse_resource_id(point.disk_id, DISK)
    told = {
        "diskName": source.name,
        "sizeBytes": point.disk_size_bytes,
        "diskSnapshotConsistency": "CrashConsistent",
        "subscriptionId": source.subscription,
        "location": point.location,
        "resourceGroupName": source.group,
        "skuName": disk.get("sku", {}).get("name"),
        "osType": properties.get("osType") or "",
        "managedBy": disk.get("managedBy"),
        "snapshotSubscriptionId": snapshot.subscription,
        "snapshotRGName": snapshot.group,
        "snapshotName": snapshot.name,
    }
    return json.dumps([told])


def render(vault: VaultKey, point: RecoveryPoint, *, meta_data: str | None = None) -> dict[str, Any]:
    """The resource as the service writes it. A point whose snapshot was lost is shown, but not as visible."""
    store = {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, vault.resource_id.lower())),
        "type": "OperationalStore",
        "creationTime": instant(point.created_at),
        "expiryTime": instant(point.expires_at),
        "metaData": meta_data,
        "visible": point.is_good,
        "state": "COMMITTED" if point.is_good else "LOST",
        "rehydrationExpiryTime": None,
        "rehydrationStatus": None,
    }
    properties = {
        "objectType": "AzureBackupDiscreteRecoveryPoint",
        "recoveryPointId": point.point_id,
        "recoveryPointTime": instant(point.created_at),
        "recoveryPointType": "Incremental",
        "friendlyName": point.point_id,
        "recoveryPointDataStoresDetails": [store],
        "retentionTagName": point.tag_name,
        "retentionTagVersion": point.policy_version or None,
        "policyName": point.policy_name,
        "policyVersion": None,
        "expiryTime": instant(point.expires_at),
        "recoveryPointState": point.state.value,
    }
    return {
        "properties": properties,
        "id": f"{vault.resource_id}/backupInstances/{point.instance_name}/recoveryPoints/{point.point_id}",
        "name": point.point_id,
        "type": TYPE,
    }

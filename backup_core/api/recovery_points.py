"""Recovery points of an instance: list, newest first and between two times, and get."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NoReturn

from backup_core.api.call import Answer, Call
from backup_core.api.wire import instant, list_answer, read_instant, skip_token
from backup_core.domain.errors import Fault, InvalidInput
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import VAULT, VaultKey
from backup_core.ports import Ports
from backup_core.workflows import overview

TYPE = f"{VAULT}/backupInstances/recoveryPoints"
_CLAUSE = re.compile(r"(startDate|endDate)\s+eq\s+'([^']*)'", re.IGNORECASE)
_AND = re.compile(r"\s+and\s+", re.IGNORECASE)


def get(ports: Ports, call: Call) -> Answer:
    point = overview.get_point(ports, call.vault, call.names["instance"], call.names["point"].lower())
    return Answer(status=200, body=render(call.vault, point))


def list_of_instance(ports: Ports, call: Call) -> Answer:
    bounds = read_filter(call.parameter("$filter") or "")
    page = overview.list_points(
        ports,
        call.vault,
        call.names["instance"],
        since=bounds.get("startdate"),
        until=bounds.get("enddate"),
        token=skip_token(call),
    )
    return list_answer(call, page, lambda point: render(call.vault, point))


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


def _refuse(message: str, cause: Exception | None = None) -> NoReturn:
    raise InvalidInput([Fault(target="$filter", message=message)]) from cause


def render(vault: VaultKey, point: RecoveryPoint) -> dict[str, Any]:
    """The resource as the service writes it. A point whose snapshot was lost is shown, but not as visible."""
    store = {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, vault.resource_id.lower())),
        "type": "OperationalStore",
        "creationTime": instant(point.created_at),
        "expiryTime": instant(point.expires_at),
        "metaData": None,
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
        "retentionTagVersion": None,
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

"""Alerts: list, get, acknowledge. Beside them the events that the topic refused for good. Both are ours, not Azure's.

Azure shows its backup alerts in Azure Monitor; the words here are those of its common alert schema.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NoReturn

from backup_core.api.call import Answer, Call
from backup_core.api.errors import user_facing
from backup_core.api.wire import instant, list_answer, read_optional_body, skip_token
from backup_core.domain.alert import Alert, AlertState
from backup_core.domain.errors import Fault, InvalidInput
from backup_core.domain.outbox import RefusedEvent
from backup_core.domain.resource_ids import VAULT, VaultKey
from backup_core.ports import Ports
from backup_core.workflows import alerts, catalogue

TYPE = f"{VAULT}/backupAlerts"
EVENT_TYPE = f"{VAULT}/refusedEvents"
STATES: Mapping[str, AlertState] = {state.value: state for state in AlertState}
_FILTER = re.compile(r"monitorCondition\s+eq\s+'([^']*)'", re.IGNORECASE)


def list_in_vault(ports: Ports, call: Call) -> Answer:
    """Newest first, those that are over among them; `$filter=monitorCondition eq 'Fired'` for the open ones."""
    state = _read_filter(call.parameter("$filter") or "")
    page = catalogue.list_alerts(ports, call.vault, state=state, token=skip_token(call))
    return list_answer(call, page, lambda alert: render(call.vault, alert))


def get(ports: Ports, call: Call) -> Answer:
    return Answer(
        status=200, body=render(call.vault, catalogue.get_alert(ports, call.vault, call.names["alert"].lower()))
    )


def acknowledge(ports: Ports, call: Call) -> Answer:
    """Somebody looks after it. It stays open until its cause is over; acknowledging again changes nothing."""
    read_optional_body(call)
    alert = alerts.acknowledge(ports, call.vault, call.names["alert"].lower(), by=call.caller.name)
    return Answer(status=200, body=render(call.vault, alert))


def list_refused_events(ports: Ports, call: Call) -> Answer:
    """Events that the topic will never take, oldest first, each as it was to be published."""
    page = catalogue.list_refused_events(ports, call.vault, token=skip_token(call))
    return list_answer(call, page, lambda refused: render_refused(call.vault, refused))


def render(vault: VaultKey, alert: Alert) -> dict[str, Any]:
    properties = {
        "alertRule": alert.cause,
        "monitorCondition": alert.state.value,
        "severity": alert.severity,
        "eventType": alert.fired_type,
        "firedDateTime": instant(alert.raised_at),
        "lastToldDateTime": instant(alert.told_at),
        "resolvedDateTime": instant(alert.resolved_at),
        "occurrenceCount": alert.occurrences,
        "backupInstanceId": f"{vault.resource_id}/backupInstances/{alert.instance_name}",
        "dataSourceId": alert.disk_id or None,
        "jobId": f"{vault.resource_id}/backupJobs/{alert.job_id}" if alert.job_id else None,
        "errorDetails": user_facing(alert.error) if alert.error else None,
        "acknowledgedDateTime": instant(alert.acknowledged_at),
        "acknowledgedBy": alert.acknowledged_by or None,
    }
    return {
        "properties": properties,
        "id": f"{vault.resource_id}/backupAlerts/{alert.alert_id}",
        "name": alert.alert_id,
        "type": TYPE,
    }


def render_refused(vault: VaultKey, refused: RefusedEvent) -> dict[str, Any]:
    event = refused.event
    properties = {
        "code": refused.code,
        "message": refused.message,
        "refusedDateTime": instant(refused.refused_at),
        "event": {
            "id": event.id,
            "type": event.type,
            "source": event.source,
            "subject": event.subject,
            "time": instant(event.at),
            "data": dict(event.content),
        },
    }
    return {
        "properties": properties,
        "id": f"{vault.resource_id}/refusedEvents/{refused.key}",
        "name": refused.key,
        "type": EVENT_TYPE,
    }


def _read_filter(text: str) -> AlertState | None:
    if not text.strip():
        return None
    match = _FILTER.fullmatch(text.strip())
    state = None if match is None else next((s for word, s in STATES.items() if word.lower() == match[1].lower()), None)
    if state is None:
        _refuse(f"{text!r} is not understood; use monitorCondition eq '<{'|'.join(STATES)}>'")
    return state


def _refuse(message: str) -> NoReturn:
    raise InvalidInput([Fault(target="$filter", message=message)])

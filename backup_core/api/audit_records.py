"""Audit records: who asked for what, listed newest first. They can only be read."""

from __future__ import annotations

from typing import Any

from backup_core.api.call import Answer, Call
from backup_core.api.wire import instant, skip_token
from backup_core.domain.audit import AuditRecord, AuditScope, scope_of
from backup_core.domain.resource_ids import VAULT
from backup_core.ports import Ports

PAGE_SIZE = 200
_PROVIDER = VAULT.partition("/")[0]


def list_in_vault(ports: Ports, call: Call) -> Answer:
    """The records of a vault, also of one that is gone or never was: attempts on it are told too."""
    scope = scope_of(call.vault.resource_id)
    if scope.vault is None:  # no vault can be called so
        return Answer(status=200, body={"value": []})
    return _answer(ports, call, scope, f"{call.vault.resource_id}/auditRecords", f"{VAULT}/auditRecords")


def list_in_subscription(ports: Ports, call: Call) -> Answer:
    """The records of a subscription that name no vault; a vault's own are listed with the vault."""
    parent = f"/subscriptions/{call.subscription}/providers/{_PROVIDER}/auditRecords"
    return _answer(ports, call, AuditScope(subscription=call.subscription), parent, f"{_PROVIDER}/auditRecords")


def _answer(ports: Ports, call: Call, scope: AuditScope, parent: str, kind: str) -> Answer:
    """What lies in a scope that is not the caller's is left out, so that a page may be shorter than others."""
    page = ports.audit.page(scope, token=skip_token(call), limit=PAGE_SIZE)
    body: dict[str, Any] = {
        "value": [_render(record, parent, kind) for record in page.items if call.may_reach(record.path)]
    }
    if page.next_token is not None:
        body["nextLink"] = call.next_link(page.next_token)
    return Answer(status=200, body=body)


def _render(record: AuditRecord, parent: str, kind: str) -> dict[str, Any]:
    """`status` is null while the outcome is open; `leftOut` counts strangers before this one who were not recorded."""
    return {
        "id": f"{parent}/{record.name}",
        "name": record.name,
        "type": kind,
        "properties": {
            "time": instant(record.at),
            "requestId": record.request_id,
            "correlationId": record.correlation_id,
            "caller": {"objectId": record.caller_id, "name": record.caller_name, "kind": record.caller_kind},
            "ipAddress": record.ip,
            "method": record.method,
            "action": record.action,
            "path": record.path,
            "outcome": record.outcome.value,
            "status": record.status or None,
            "errorCode": record.error_code,
            "leftOut": record.left_out,
            "changes": list(record.changes),
        },
    }

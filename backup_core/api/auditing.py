"""When a request leaves an audit record: before a change and after it, and whenever someone is turned away.

Leaves to others: what a record holds (domain/audit.py), keeping it (ports.AuditLog), listing it (audit_records.py).
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from backup_core.api.call import Answer, Call
from backup_core.api.errors import Refused
from backup_core.domain.audit import MAX_PATH, AuditRecord, Outcome

if TYPE_CHECKING:
    from backup_core.ports import Ports

log = logging.getLogger("diskbackup.audit")

STRANGERS_A_MINUTE = 60
REFUSALS_A_MINUTE = 20  # of one caller
CALLERS_KEPT = 1_000
_MINUTE = 60.0
RETRY_AFTER = 2


class Auditor:
    """Writes the records of one process. Thread-safe."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._strangers = _Quota(monotonic, STRANGERS_A_MINUTE)
        self._callers: OrderedDict[str, _Quota] = OrderedDict()
        self._lock = threading.Lock()

    def attempted(self, ports: Ports, call: Call, action: str) -> None:
        """Raises Refused (503) when the record cannot be kept: there is no change without one. Nothing was begun, so
        that any method, POST too, may be told to come back."""
        try:
            ports.audit.append(_record(ports, call, action, Outcome.ATTEMPTED))
        except Exception as error:
            log.exception("audit.attempt_lost request=%s correlation=%s", call.request_id, call.correlation_id)
            raise Refused(
                503,
                "AuditLogUnavailable",
                "Nothing was changed: the audit log did not take the record that has to come before a change.",
                headers={"Retry-After": str(RETRY_AFTER)},
            ) from error

    def ended(self, ports: Ports, call: Call, action: str, answer: Answer) -> None:
        """The outcome of an attempt. What was done cannot be undone for want of a record: the log tells of it."""
        self._keep(ports, call, action, answer)

    def refused(self, ports: Callable[[], Ports], call: Call, action: str, answer: Answer) -> None:
        """Someone who is known was turned away; whether that can be recorded does not change the answer. So many a
        minute of one caller are recorded; the caller's next record tells how many were not."""
        left_out = self._quota_of(call.caller.object_id or call.caller.ip).take()
        if left_out is not None:
            self._keep_anyway(ports, call, action, answer, left_out)

    def stranger_refused(self, ports: Callable[[], Ports], call: Call, action: str, answer: Answer) -> None:
        """Someone unknown was turned away. So many a minute are recorded; the next record tells how many were not."""
        left_out = self._strangers.take()
        if left_out is not None:
            self._keep_anyway(ports, call, action, answer, left_out)

    def _quota_of(self, caller: str) -> _Quota:
        with self._lock:
            quota = self._callers.pop(caller, None) or _Quota(self._monotonic, REFUSALS_A_MINUTE)
            self._callers[caller] = quota
            if len(self._callers) > CALLERS_KEPT:
                self._callers.popitem(last=False)
            return quota

    def _keep_anyway(
        self, ports: Callable[[], Ports], call: Call, action: str, answer: Answer, left_out: int = 0
    ) -> None:
        try:
            built = ports()
        except Exception:
            log.exception("audit.record_lost request=%s correlation=%s", call.request_id, call.correlation_id)
        else:
            self._keep(built, call, action, answer, left_out)

    def _keep(self, ports: Ports, call: Call, action: str, answer: Answer, left_out: int = 0) -> None:
        try:
            ports.audit.append(_record(ports, call, action, _outcome(answer), answer, left_out))
        except Exception:
            log.exception("audit.record_lost request=%s correlation=%s", call.request_id, call.correlation_id)


class _Quota:
    """Counts within minutes that begin with the first one who was turned away."""

    def __init__(self, monotonic: Callable[[], float], a_minute: int) -> None:
        self._monotonic = monotonic
        self._a_minute = a_minute
        self._lock = threading.Lock()
        self._began = float("-inf")
        self._taken = 0
        self._left_out = 0

    def take(self) -> int | None:
        """None when this minute's records are used up, else how many were left out since the last one."""
        with self._lock:
            now = self._monotonic()
            if now - self._began >= _MINUTE:
                self._began, self._taken = now, 0
            if self._taken >= self._a_minute:
                self._left_out += 1
                return None
            self._taken += 1
            left_out, self._left_out = self._left_out, 0
            return left_out


def _record(
    ports: Ports, call: Call, action: str, outcome: Outcome, answer: Answer | None = None, left_out: int = 0
) -> AuditRecord:
    return AuditRecord(
        at=ports.clock.now(),
        request_id=call.request_id,
        correlation_id=call.correlation_id,
        caller_id=call.caller.object_id,
        caller_name=call.caller.name,
        caller_kind=call.caller.kind,
        ip=call.caller.ip,
        method=call.method,
        action=action,
        path=call.resource[:MAX_PATH],
        outcome=outcome,
        status=answer.status if answer else 0,
        error_code=_error_code(answer),
        left_out=left_out,
        changes=answer.changes if answer else (),
    )


def _outcome(answer: Answer) -> Outcome:
    if answer.status >= 500:
        return Outcome.FAILED
    return Outcome.REFUSED if answer.status >= 400 else Outcome.SUCCEEDED


def _error_code(answer: Answer | None) -> str:
    error = (answer.body or {}).get("error") if answer and answer.status >= 400 else None
    return str(error.get("code", "")) if isinstance(error, dict) else ""

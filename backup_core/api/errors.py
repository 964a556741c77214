"""Errors on the wire: ARM's error body with Azure Backup's UserFacingError in it, and the status that goes with each.

One table for all endpoints; a stack trace never leaves the app.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from backup_core.api.call import Answer, Call
from backup_core.domain.brake import SecondPersonNeeded
from backup_core.domain.errors import (
    BackupError,
    CloudUnavailable,
    Fault,
    InvalidInput,
    NotFound,
    RecordCorrupt,
    ResourceInUse,
    ScopeLocked,
    SnapshotLimitReached,
    Throttled,
)
from backup_core.domain.guard import GuardLocked
from backup_core.domain.job import JobError
from backup_core.ports import StateConflict

STATUS: tuple[tuple[type[BackupError], int], ...] = (
    (InvalidInput, 400),
    (NotFound, 404),
    (ResourceInUse, 409),
    (GuardLocked, 403),
    (SecondPersonNeeded, 403),
    (ScopeLocked, 409),
    (SnapshotLimitReached, 409),
    (Throttled, 429),
    (CloudUnavailable, 503),
    (RecordCorrupt, 500),
    (BackupError, 400),  # what the operator has to put right: Azure Backup answers its UserErrors with 400 (recorded)
)
RETRY_AFTER_UNAVAILABLE = 2
_SAFE_TO_REPEAT = frozenset({"GET", "HEAD", "PUT", "DELETE"})


class Refused(Exception):
    """A request turned away before any workflow saw it, in the words of ARM's front door."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        details: Sequence[Fault] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})
        self.details = tuple(details)


def answer_error(error: Exception, call: Call) -> Answer:
    """The answer to any exception that an endpoint raised."""
    if isinstance(error, Refused):
        return Answer(status=error.status, body=refusal_body(error), headers=error.headers)
    if isinstance(error, StateConflict):
        error = ResourceInUse("The resource was changed at the same time by another request; nothing was changed here.")
    if isinstance(error, BackupError):
        status = next(status for kind, status in STATUS if isinstance(error, kind))
        return Answer(status=status, body=error_body(error, call), headers=_retry_header(error, call))
    return Answer(status=500, body=error_body(_unexpected(call), call))


def refusal_body(error: Refused) -> dict[str, Any]:
    details = [_fault(fault) for fault in error.details] or None
    return {"error": {"code": error.code, "message": error.message, "target": None, "details": details}}


def error_body(error: BackupError, call: Call) -> dict[str, Any]:
    """ARM's error with Azure Backup's UserFacingError; the order of fields is the service's (recorded)."""
    faults = error.faults if isinstance(error, InvalidInput) else ()
    target = error.target or (faults[0].target if len(faults) == 1 else None)
    details = [_fault(fault) for fault in faults] or None
    facing = user_facing(JobError.of(error)) | {
        "details": details,
        "target": target or "",
        "properties": {"ActivityId": call.correlation_id},
    }
    return {
        "error": {
            "additionalInfo": [{"type": "UserFacingError", "info": facing}],
            "code": error.code,
            "message": error.message,
            "target": target,
            "details": details,
        }
    }


def user_facing(error: JobError) -> dict[str, Any]:
    """A UserFacingError, as jobs, instances and failed operations carry it."""
    return {
        "message": error.message,
        "recommendedAction": [error.recommended_action],
        "details": None,
        "code": error.code,
        "target": error.target or "",
        "innerError": None,
        "isRetryable": error.transient,
        "isUserError": error.code.startswith("UserError") if error.user_error is None else error.user_error,
        "properties": None,
    }


def _fault(fault: Fault) -> dict[str, Any]:
    return {"code": fault.code, "message": fault.message, "target": fault.target}


def _retry_header(error: BackupError, call: Call) -> dict[str, str]:
    """azure-core repeats any error answer with Retry-After, a POST too. After a 503 the outcome is unknown, so a POST
    must not be told to come back: it would start a second job."""
    if isinstance(error, Throttled):
        return {"Retry-After": str(max(1, math.ceil(error.retry_after_seconds)))}
    if isinstance(error, CloudUnavailable) and call.method in _SAFE_TO_REPEAT:
        return {"Retry-After": str(RETRY_AFTER_UNAVAILABLE)}
    return {}


def _unexpected(call: Call) -> BackupError:
    return BackupError(
        f"An unexpected error stopped the request. The log has it under correlation id {call.correlation_id}.",
        code="InternalServerError",
    )

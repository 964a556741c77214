"""Operation ids and the headers that lead a client's poller to them.

An operation has no row of its own: it is the job it started, or nothing at all when it was over at once (a vault's PUT
and DELETE). Its id tells which, so that the URL forms without a vault find it too. It grants nothing: what it names is
looked up, and in time checked for access, as if it stood in the path.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from backup_core.api.call import Answer, Call
from backup_core.domain.job import Job
from backup_core.domain.resource_ids import VaultKey

VERSION = "1"
ANYWHERE = "global"  # the location of an operation whose resource has none
_JOB_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAME = re.compile(r"[\w().\-]{1,90}")
_STAMP = "%Y%m%dT%H%M%S.%fZ"
_UNTIL = "+"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One of `job_id` and `done_at` is set: the job that the operation started, or when it was over at once. One that
    has no job and is over a while later says in `begun_at` when it began.

    The instance is not part of it: the job names it, and a segment of a URL has to stay under 260 characters.
    """

    vault: VaultKey
    job_id: str = ""
    done_at: datetime | None = None
    begun_at: datetime | None = None


def encode(operation: Operation) -> str:
    """URL-safe base64 without padding."""
    begun = _stamp(operation.begun_at) + _UNTIL if operation.begun_at else ""
    subject = operation.job_id or begun + _stamp(operation.done_at)
    text = "\n".join((VERSION, operation.vault.group, operation.vault.name, subject))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(text: str, subscription: str) -> Operation | None:
    """The operation that `encode` named, or None for anything that `encode` would not have written."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
        version, group, vault_name, subject = raw.split("\n")
        vault = VaultKey(subscription=subscription, group=group, name=vault_name)
        if _JOB_ID.fullmatch(subject):
            operation = Operation(vault=vault, job_id=subject)
        else:
            since, _, until = subject.rpartition(_UNTIL)
            operation = Operation(vault=vault, done_at=_instant(until), begun_at=_instant(since) if since else None)
    except (ValueError, binascii.Error):
        return None
    named = version == VERSION and _NAME.fullmatch(group) and _NAME.fullmatch(vault_name)
    return operation if named and encode(operation) == text else None


def status_header(call: Call, operation: Operation) -> dict[str, str]:
    """The poller's way to the status: all that a PUT's answer carries (recorded)."""
    path = f"{operation.vault.resource_id}/operationStatus/{encode(operation)}"
    return {"Azure-AsyncOperation": call.url_of(path)}


def accepted(call: Call, operation: Operation, location: str) -> Answer:
    """202 with the URLs of status and result, as the answers to POST and DELETE carry them (recorded). Without the
    second a POST loses its job id (measured)."""
    headers = {**status_header(call, operation), **result_header(call, operation, location)}
    return Answer(status=202, headers=headers)


def begun(call: Call, job: Job) -> Answer:
    """202 with both URLs of a job; its id is in the operation's result."""
    return accepted(call, of_job(call.vault, job), job.disk_location)


def group_headers(call: Call, operation: Operation, location: str) -> dict[str, str]:
    """For a vault's DELETE: the status lies in the resource group, because the vault is gone (recorded)."""
    group = f"/subscriptions/{operation.vault.subscription}/resourceGroups/{operation.vault.group}"
    path = f"{group}/providers/Microsoft.DataProtection/locations/{location}/operationStatus/{encode(operation)}"
    return {"Azure-AsyncOperation": call.url_of(path), **result_header(call, operation, location)}


def result_header(call: Call, operation: Operation, location: str) -> dict[str, str]:
    return {"Location": call.url_of(location_path(operation, location, "operationResults"))}


def location_path(operation: Operation, location: str, kind: str) -> str:
    """`kind` is operationStatus or operationResults."""
    scope = f"/subscriptions/{operation.vault.subscription}/providers/Microsoft.DataProtection"
    return f"{scope}/locations/{location or ANYWHERE}/{kind}/{encode(operation)}"


def of_job(vault: VaultKey, job: Job) -> Operation:
    return Operation(vault=vault, job_id=job.job_id)


def _stamp(done_at: datetime | None) -> str:
    assert done_at is not None, "an operation without a job was over at once"
    return done_at.astimezone(UTC).strftime(_STAMP)


def _instant(stamp: str) -> datetime:
    return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)

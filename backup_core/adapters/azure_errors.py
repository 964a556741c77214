"""What Azure's refusals mean: one table from status, code and the call that was made to the errors of the domain.

Never decided on message text, which is worded anew each year, but for the two facts that are only there
(arm_messages.py). Codes: recorded and reported ones (compute reference);
where Azure's own is not known (snapshot limits), the code that the compute provider uses for limits in general.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum

from backup_core.adapters.arm_messages import NotAllowed, read_linked_access, read_not_allowed
from backup_core.domain.errors import (
    BackupError,
    CloudUnavailable,
    CredentialRefused,
    DenyAssignment,
    DisallowedByPolicy,
    DiskNotFound,
    Fault,
    InvalidInput,
    NotAllowedNow,
    PermissionMissing,
    QuotaReached,
    RequestRefused,
    RestoreGroupNotFound,
    ScopeLocked,
    SnapshotGroupNotFound,
    SnapshotLimitReached,
    SnapshotNotFound,
    SubscriptionNotFound,
    TargetDiskExists,
    Throttled,
)
from backup_core.domain.permissions import BIND_SNAPSHOTS, CHANGE_MACHINES, TEST_RESTORES
from backup_core.domain.swap import MachineRefused

DEFAULT_RETRY_AFTER_SECONDS = 10.0  # Azure's 429 does not always say (reported)
_COST_MANAGEMENT = "x-ms-ratelimit-microsoft.costmanagement-"


class Absent(BackupError):
    """What was asked for is itself not there, which is an answer and no failure: adapters turn it into None."""

    code = "ResourceNotFound"


class CallKind(Enum):
    GET_DISK = "read the disk"
    FIND_DISK = "look for the disk"
    START_SNAPSHOT = "create the snapshot"
    START_COPY = "copy a snapshot to"
    FIND_SNAPSHOT = "look for the snapshot"
    GET_OPERATION = "read the operation"
    DELETE_SNAPSHOT = "delete the snapshot"
    BIND_SNAPSHOT = "make immutable the snapshot"
    TAG_SNAPSHOT = "write the tags of the snapshot"
    LIST_SNAPSHOTS = "list the snapshots"
    LIST_DISKS = "list the disks of"
    START_DISK = "create the disk"
    DELETE_DISK = "delete the disk"
    OPEN_DISK = "grant access to the data of the disk"
    OPEN_SNAPSHOT = "grant access to the data of the snapshot"
    CLOSE_DISK = "end access to the data of the disk"
    CLOSE_SNAPSHOT = "end access to the data of the snapshot"
    READ_DATA = "read the data of"
    FIND_MACHINE = "read the virtual machine"
    CHANGE_MACHINE = "change the disks of the virtual machine"
    FIND_GROUP = "look for the resource group"
    READ_LOCKS = "read the locks of"
    LIST_REGIONS = "list the regions of"
    READ_PERMISSIONS = "read our permissions at"
    FIND_ENCRYPTION_SET = "look for the disk encryption set"
    READ_USAGE = "read the usage of the region"
    READ_OFFER = "read which disks are offered to"
    FIND_ORIGIN = "read from the backup vault"
    CHANGE_ORIGIN = "change the backup instance"
    LIST_ORIGIN = "list what lies in the backup vault"
    READ_COST = "read what was billed at"
    TABLES = "use the tables"
    QUEUES = "use the queues"
    EVENTS = "publish events to the topic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What was asked of Azure. `target` is the resource (or URL) acted on; `source` the one that it is made from."""

    kind: CallKind
    target: str
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Azure's refusal. `status` 0: there was no answer."""

    status: int
    code: str = ""
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def translated(call: Call) -> Iterator[None]:
    """Raise the domain's error for whatever an SDK raises within."""
    from azure.core.exceptions import AzureError

    try:
        yield
    except AzureError as error:
        raise error_for(call, answer_of(error)) from error


def answer_of(error: Exception) -> Answer:
    """Status, code and headers of an SDK's exception."""
    from azure.core.exceptions import ClientAuthenticationError

    response = getattr(error, "response", None)
    message = str(getattr(error, "message", "") or error)
    if response is None:
        # Without a response: no token could be had, or the connection failed or timed out.
        return Answer(status=401 if isinstance(error, ClientAuthenticationError) else 0, message=message)
    return Answer(
        status=int(response.status_code or 0), code=_code(error), message=message, headers=dict(response.headers)
    )


def error_for(call: Call, answer: Answer) -> BackupError:
    """The first row of the table that fits."""
    return next(rule.build(call, answer) for rule in _RULES if rule.fits(call, answer))


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds until Azure wants to be asked again, or None when it does not say. Reads seconds and HTTP dates. Cost
    Management counts in several ways, each with a header of its own, of which the longest counts (reported)."""
    lowered = {name.lower(): value for name, value in headers.items()}
    told = [_retry_after(lowered, now), *_of_cost_management(lowered)]
    return max((seconds for seconds in told if seconds is not None), default=None)


def _of_cost_management(lowered: Mapping[str, str]) -> Iterator[float]:
    for name, value in lowered.items():
        if name.startswith(_COST_MANAGEMENT) and name.endswith("-retry-after") and value.strip().isdecimal():
            yield float(value)


def _retry_after(lowered: Mapping[str, str], now: datetime | None) -> float | None:
    try:
        for name in ("retry-after-ms", "x-ms-retry-after-ms"):
            if name in lowered:
                return max(0.0, float(lowered[name]) / 1000)
        text = lowered["retry-after"].strip()
        if text.replace(".", "", 1).isdigit():
            return float(text)
        return max(0.0, (parsedate_to_datetime(text) - (now or datetime.now(UTC))).total_seconds())
    except (KeyError, ValueError, TypeError):
        return None


def _code(error: Exception) -> str:
    """ARM's code from the error's body; the storage SDKs name theirs `error_code`."""
    named = getattr(error, "error_code", None)
    if named:
        return str(getattr(named, "value", named))
    return str(getattr(getattr(error, "error", None), "code", None) or "")


# Builders: what each meaning is made of.

Build = Callable[[Call, Answer], BackupError]


def _text(call: Call, answer: Answer) -> str:
    said = answer.message.strip() or "no message"
    shown = f"{answer.status} {answer.code}".strip() if answer.status else "no answer"
    return f"Azure refused to {call.kind.value} '{call.target}' ({shown}): {said}"


def _throttled(call: Call, answer: Answer) -> BackupError:
    seconds = retry_after(answer.headers)
    return Throttled(
        _text(call, answer), retry_after_seconds=DEFAULT_RETRY_AFTER_SECONDS if seconds is None else seconds
    )


def _plain(kind: type[BackupError]) -> Build:
    return lambda call, answer: kind(_text(call, answer), target=call.target)


def _with_code(kind: type[BackupError]) -> Build:
    return lambda call, answer: kind(_text(call, answer), target=call.target, code=answer.code or None)


def _source_missing(kind: type[BackupError]) -> Build:
    return lambda call, answer: kind(_text(call, answer), target=call.source or call.target)


def _unavailable(call: Call, answer: Answer) -> BackupError:
    said = answer.message.strip() or "no message"
    shown = f"answered {answer.status} {answer.code}".strip() if answer.status else "did not answer"
    return CloudUnavailable(
        f"Azure {shown} when asked to {call.kind.value} '{call.target}': {said}", target=call.target
    )


def _too_large(call: Call, answer: Answer) -> BackupError:
    return InvalidInput([Fault(target=call.target, message=_text(call, answer), code="EntityTooLarge")])


def _permission(call: Call, answer: Answer) -> BackupError:
    role, is_group_scope = _ROLES[call.kind]
    scope = _group_of(call.target) if is_group_scope else call.target
    return PermissionMissing(_text(call, answer), scope=scope, role=role, target=call.target)


def _linked_permission(call: Call, answer: Answer) -> BackupError:
    """The target may be written, but not what it is made from or tied to: the disk of a snapshot, the snapshot of a
    disk, a disk encryption set, a disk access. Which one only the message says; else the source is the likeliest."""
    access = read_linked_access(answer.message)
    lacking = [_role_for(action, scope) for action, scope in access.missing]
    if lacking:
        (role, scope), *further = lacking
        return PermissionMissing(
            _text(call, answer), scope=scope, role=role, target=access.missing[0][1], further=further
        )
    if access.denied:
        return DenyAssignment(_text(call, answer), target=access.denied[0])
    if not call.source:
        return _permission(call, answer)
    action = f"{_DISKS if call.kind is CallKind.START_SNAPSHOT else _SNAPSHOTS}{_BEGIN_ACCESS}"
    role, scope = _role_for(action, call.source)
    return PermissionMissing(_text(call, answer), scope=scope, role=role, target=call.source)


_DISKS, _SNAPSHOTS, _BEGIN_ACCESS = "microsoft.compute/disks/", "microsoft.compute/snapshots/", "begingetaccess/action"


def _role_for(action: str, scope: str) -> tuple[str, str]:
    """The smallest built-in role that allows a linked action, and where it is assigned (documented: configure managed
    disk backup). Azure was seen to ask the disks' action of a snapshot (reported): what the scope is decides."""
    wanted = action.lower()
    if _BEGIN_ACCESS in wanted and _SNAPSHOTS in f"{scope}/".lower():
        return "Disk Snapshot Contributor", _group_of(scope)
    if _BEGIN_ACCESS in wanted and _DISKS in f"{scope}/".lower():
        return "Disk Backup Reader", scope
    return ("Reader" if wanted.endswith("/read") else "Contributor"), scope


def _denied(call: Call, answer: Answer) -> BackupError:
    return DenyAssignment(_text(call, answer), target=call.target)


def _policy(call: Call, answer: Answer) -> BackupError:
    return DisallowedByPolicy(_text(call, answer), target=call.target, advice=_COMPLYING.get(call.kind, ""))


_COMPLYING: Mapping[CallKind, str] = {
    CallKind.START_SNAPSHOT: (
        "If the policy asks for tags, give them to the backup instance, whose tags its snapshots carry, or set its "
        "tag 'diskbackup-inherit-tags' to the names of the disk's tags that they are to carry ('*' for all). If it "
        "asks for closed network access, close the disk: its snapshots are as closed as it is."
    ),
    CallKind.START_DISK: (
        "If the policy asks for tags, name them in the restore request (restoreTargetInfo.targetDisk.tags); if for a "
        "SKU, in targetDisk.sku."
    ),
}


def _not_allowed(call: Call, answer: Answer) -> BackupError:
    meaning = read_not_allowed(answer.message)
    if meaning is NotAllowed.QUOTA:
        return QuotaReached(_text(call, answer), target=call.target)
    if call.kind is CallKind.START_COPY and meaning is not NotAllowed.NEVER:
        return NotAllowedNow(_text(call, answer), target=call.target)  # 100 at once, one a disk: both pass
    is_snapshot = call.kind is CallKind.START_SNAPSHOT
    if is_snapshot and meaning is NotAllowed.SNAPSHOT_LIMIT:
        return SnapshotLimitReached(_text(call, answer), target=call.target)
    # Of a snapshot a backup may try again as long as its slot lasts; a restore has somebody who waits for it.
    if meaning is NotAllowed.PASSING or (is_snapshot and meaning is NotAllowed.UNKNOWN):
        return NotAllowedNow(_text(call, answer), target=call.target)
    return RequestRefused(_text(call, answer), target=call.target, code=answer.code)


def _group_of(resource_id: str) -> str:
    return "/".join(resource_id.split("/")[:5])


# The built-in role that grants each call, and whether it is assigned at the resource group (documented: configure
# managed disk backup) rather than at the resource itself.
_ROLES: Mapping[CallKind, tuple[str, bool]] = {
    CallKind.GET_DISK: ("Disk Backup Reader", False),
    CallKind.FIND_DISK: ("Disk Restore Operator", True),
    CallKind.START_SNAPSHOT: ("Disk Snapshot Contributor", True),
    CallKind.START_COPY: ("Disk Snapshot Contributor", True),
    CallKind.FIND_SNAPSHOT: ("Disk Snapshot Contributor", True),
    CallKind.GET_OPERATION: ("Disk Snapshot Contributor", False),
    CallKind.DELETE_SNAPSHOT: ("Disk Snapshot Contributor", True),
    CallKind.BIND_SNAPSHOT: (BIND_SNAPSHOTS.role, True),
    CallKind.TAG_SNAPSHOT: ("Disk Snapshot Contributor", True),
    CallKind.LIST_SNAPSHOTS: ("Disk Snapshot Contributor", True),
    CallKind.LIST_DISKS: ("Disk Backup Reader", False),
    CallKind.START_DISK: ("Disk Restore Operator", True),
    CallKind.DELETE_DISK: (TEST_RESTORES.role, True),
    CallKind.OPEN_DISK: (TEST_RESTORES.role, True),
    CallKind.CLOSE_DISK: (TEST_RESTORES.role, True),
    CallKind.READ_DATA: (TEST_RESTORES.role, True),
    CallKind.OPEN_SNAPSHOT: ("Disk Snapshot Contributor", True),
    CallKind.CLOSE_SNAPSHOT: ("Disk Snapshot Contributor", True),
    CallKind.FIND_MACHINE: (CHANGE_MACHINES.role, False),
    CallKind.CHANGE_MACHINE: (CHANGE_MACHINES.role, False),
    # The disk roles let these be read where they are assigned; which of them is meant only the caller knows.
    CallKind.FIND_GROUP: ("Reader", False),
    CallKind.READ_LOCKS: ("Reader", False),
    CallKind.READ_PERMISSIONS: ("Reader", False),
    CallKind.FIND_ENCRYPTION_SET: ("Reader", False),
    CallKind.READ_USAGE: ("Reader", False),
    CallKind.READ_OFFER: ("Reader", False),
    CallKind.READ_COST: ("Cost Management Reader", False),
    CallKind.LIST_REGIONS: ("Reader", False),
    CallKind.FIND_ORIGIN: ("Backup Reader", False),
    CallKind.LIST_ORIGIN: ("Backup Reader", False),
    CallKind.CHANGE_ORIGIN: ("Backup Contributor", False),
    CallKind.TABLES: ("Storage Table Data Contributor", False),
    CallKind.QUEUES: ("Storage Queue Data Contributor", False),
    CallKind.EVENTS: ("EventGrid Data Sender", False),
}


# The table.


@dataclass(frozen=True, slots=True)
class _Rule:
    """First match wins. An empty set of codes or calls stands for all."""

    statuses: range
    codes: frozenset[str]
    calls: frozenset[CallKind]
    build: Build

    def fits(self, call: Call, answer: Answer) -> bool:
        return (
            answer.status in self.statuses
            and (not self.codes or answer.code in self.codes)
            and (not self.calls or call.kind in self.calls)
        )


def _rule(status: int | range, codes: str, calls: tuple[CallKind, ...], build: Build) -> _Rule:
    statuses = status if isinstance(status, range) else range(status, status + 1)
    return _Rule(statuses, frozenset(codes.split()), frozenset(calls), build)


_ANY = ""
_ALL: tuple[CallKind, ...] = ()
_MAKING = (CallKind.START_SNAPSHOT, CallKind.START_COPY, CallKind.START_DISK)
_OF_ONE_SNAPSHOT = (CallKind.FIND_SNAPSHOT, CallKind.DELETE_SNAPSHOT, CallKind.TAG_SNAPSHOT)
_OF_MACHINES = (CallKind.FIND_MACHINE, CallKind.CHANGE_MACHINE)
_OF_GROUPS = (  # what is none of ours: whether it is there is all that we want to know
    CallKind.LIST_DISKS,
    CallKind.FIND_GROUP,
    CallKind.READ_LOCKS,
    CallKind.READ_PERMISSIONS,
    CallKind.FIND_ENCRYPTION_SET,
)
_OPENING = (CallKind.OPEN_DISK, CallKind.OPEN_SNAPSHOT)
_CLOSING = (CallKind.DELETE_DISK, CallKind.CLOSE_DISK, CallKind.CLOSE_SNAPSHOT)
_OF_TESTS = (*_OPENING, *_CLOSING)
_OF_COMPUTE = (
    CallKind.GET_DISK,
    CallKind.FIND_DISK,
    CallKind.START_SNAPSHOT,
    CallKind.START_COPY,
    CallKind.FIND_SNAPSHOT,
    CallKind.DELETE_SNAPSHOT,
    CallKind.BIND_SNAPSHOT,
    CallKind.TAG_SNAPSHOT,
    CallKind.LIST_SNAPSHOTS,
    CallKind.START_DISK,
    *_OF_TESTS,
    *_OF_GROUPS,
)
_RULES: tuple[_Rule, ...] = (
    # Not now.
    _rule(0, _ANY, _ALL, _unavailable),
    _rule(429, _ANY, _ALL, _throttled),
    _rule(408, _ANY, _ALL, _unavailable),
    _rule(range(500, 600), _ANY, _ALL, _unavailable),
    # What a signed URL does not let be read, no role and no later try makes readable.
    _rule(
        403,
        "AuthenticationFailed InvalidAuthenticationInfo AuthorizationFailure AuthorizationPermissionMismatch",
        (CallKind.READ_DATA,),
        _with_code(RequestRefused),
    ),
    # 409 that passes: another operation holds the resource.
    _rule(409, "Conflict AnotherOperationInProgress RetryableError", _ALL, _with_code(CloudUnavailable)),
    # Not you.
    _rule(401, _ANY, _ALL, _plain(CredentialRefused)),
    _rule(403, "AuthenticationFailed InvalidAuthenticationInfo", _ALL, _plain(CredentialRefused)),
    # An operation that we may not look at is as good as forgotten: the resource itself tells what became of it.
    _rule(403, "AuthorizationFailed DenyAssignmentAuthorizationFailed", (CallKind.GET_OPERATION,), _plain(Absent)),
    _rule(403, "LinkedAuthorizationFailed", _ALL, _linked_permission),
    _rule(403, "DenyAssignmentAuthorizationFailed", _ALL, _denied),
    _rule(403, "AuthorizationFailed AuthorizationFailure AuthorizationPermissionMismatch", _ALL, _permission),
    _rule(403, _ANY, (CallKind.EVENTS,), _permission),
    # Not here.
    _rule(403, "RequestDisallowedByPolicy", _ALL, _policy),
    _rule(409, "ScopeLocked", _ALL, _plain(ScopeLocked)),
    # Not there, by what the code says is missing (compute reference, 6). The subscription: that tells nothing of what
    # lies in it.
    _rule(404, "SubscriptionNotFound", _ALL, _plain(SubscriptionNotFound)),
    # Its group (ARM's gateway, recorded).
    _rule(
        404,
        "ResourceGroupNotFound",
        (
            *_OF_ONE_SNAPSHOT,
            CallKind.START_SNAPSHOT,
            CallKind.START_COPY,
            CallKind.LIST_SNAPSHOTS,
            CallKind.BIND_SNAPSHOT,
        ),
        _plain(SnapshotGroupNotFound),
    ),
    _rule(404, "ResourceGroupNotFound", (CallKind.FIND_DISK, CallKind.START_DISK), _plain(RestoreGroupNotFound)),
    _rule(404, "ResourceGroupNotFound", (CallKind.GET_DISK,), _plain(DiskNotFound)),
    _rule(404, "ResourceGroupNotFound", _OF_GROUPS, _plain(Absent)),
    _rule(404, "ResourceGroupNotFound", _CLOSING, _plain(Absent)),
    _rule(404, "ResourceNotFound", _CLOSING, _plain(Absent)),
    _rule(404, "ResourceGroupNotFound ResourceNotFound NotFound", (CallKind.OPEN_DISK,), _plain(DiskNotFound)),
    _rule(404, "ResourceGroupNotFound ResourceNotFound NotFound", (CallKind.OPEN_SNAPSHOT,), _plain(SnapshotNotFound)),
    # Itself (the gateway's ResourceNotFound, recorded; the provider's NotFound, recorded of a VM).
    _rule(404, "ResourceNotFound NotFound", (CallKind.GET_DISK,), _plain(DiskNotFound)),
    _rule(404, "ResourceNotFound", _OF_ONE_SNAPSHOT, _plain(Absent)),
    _rule(404, "ResourceNotFound NotFound", (CallKind.BIND_SNAPSHOT,), _plain(SnapshotNotFound)),
    _rule(404, "ResourceNotFound NotFound", (CallKind.FIND_DISK, *_OF_GROUPS), _plain(Absent)),
    _rule(404, "ResourceNotFound ResourceGroupNotFound NotFound", (CallKind.FIND_MACHINE,), _plain(Absent)),
    _rule(404, _ANY, (CallKind.GET_OPERATION,), _plain(Absent)),
    _rule(404, _ANY, (CallKind.FIND_ORIGIN,), _plain(Absent)),
    # 404 on a PUT means that its source is missing.
    _rule(404, "ResourceNotFound NotFound", (CallKind.START_SNAPSHOT,), _source_missing(DiskNotFound)),
    _rule(
        404, "ResourceNotFound NotFound", (CallKind.START_COPY, CallKind.START_DISK), _source_missing(SnapshotNotFound)
    ),
    # Any other: who answered so, and about what, we do not know.
    _rule(404, _ANY, _OF_COMPUTE, _with_code(CloudUnavailable)),
    # Not so many. A code of its own is reported for the snapshots of a disk (Azure/azure-sdk-for-python#14282); for
    # most limits and conflicts Compute has one code, and tells them apart in the text only.
    _rule(
        range(400, 410),
        "SnapshotsLimitReached TooManyRequests",
        (CallKind.START_SNAPSHOT,),
        _plain(SnapshotLimitReached),
    ),
    _rule(range(400, 410), "QuotaExceeded ResourceQuotaExceeded", _MAKING, _plain(QuotaReached)),
    _rule(409, "OperationNotAllowed", _MAKING, _not_allowed),
    _rule(409, "OperationNotAllowed", _OF_TESTS, _plain(NotAllowedNow)),  # somebody else has access, or attached it
    # Not again: a disk of that name has another source.
    _rule(range(400, 410), "PropertyChangeNotAllowed", (CallKind.START_DISK,), _plain(TargetDiskExists)),
    # Not so big.
    _rule(413, _ANY, (CallKind.TABLES,), _too_large),
    _rule(400, "EntityTooLarge PropertyValueTooLarge RequestBodyTooLarge", (CallKind.TABLES,), _too_large),
    _rule(range(400, 500), _ANY, _OF_MACHINES, _plain(MachineRefused)),
    # Anything else is Azure's to explain.
    _rule(range(1, 1000), _ANY, _ALL, _with_code(RequestRefused)),
)

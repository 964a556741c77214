"""Azure's refusals and what they mean: status, code and call decide, message texts never."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)

from backup_core.adapters.azure_errors import (
    Absent,
    Answer,
    Call,
    CallKind,
    CredentialRefused,
    error_for,
    retry_after,
    translated,
)
from backup_core.domain.errors import (
    CloudUnavailable,
    DenyAssignment,
    DisallowedByPolicy,
    DiskNotFound,
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
from backup_core.domain.swap import MachineRefused
from tests.builders import DISK_GROUP, SNAPSHOT_GROUP, SUBSCRIPTION, TARGET_GROUP, disk_id, machine_id, snapshot_id
from tests.cases import every_case

ENCRYPTION_SET = f"{SNAPSHOT_GROUP.text}/providers/Microsoft.Compute/diskEncryptionSets/keys"
CALLS = {
    CallKind.GET_DISK: Call(kind=CallKind.GET_DISK, target=disk_id()),
    CallKind.FIND_DISK: Call(kind=CallKind.FIND_DISK, target=disk_id("new", TARGET_GROUP)),
    CallKind.START_SNAPSHOT: Call(kind=CallKind.START_SNAPSHOT, target=snapshot_id(), source=disk_id()),
    CallKind.START_COPY: Call(kind=CallKind.START_COPY, target=snapshot_id("copy"), source=snapshot_id()),
    CallKind.FIND_SNAPSHOT: Call(kind=CallKind.FIND_SNAPSHOT, target=snapshot_id()),
    CallKind.GET_OPERATION: Call(kind=CallKind.GET_OPERATION, target="https://management.azure.com/x"),
    CallKind.DELETE_SNAPSHOT: Call(kind=CallKind.DELETE_SNAPSHOT, target=snapshot_id()),
    CallKind.BIND_SNAPSHOT: Call(kind=CallKind.BIND_SNAPSHOT, target=snapshot_id()),
    CallKind.TAG_SNAPSHOT: Call(kind=CallKind.TAG_SNAPSHOT, target=snapshot_id()),
    CallKind.LIST_SNAPSHOTS: Call(kind=CallKind.LIST_SNAPSHOTS, target=SNAPSHOT_GROUP.text),
    CallKind.LIST_DISKS: Call(kind=CallKind.LIST_DISKS, target=SNAPSHOT_GROUP.text),
    CallKind.START_DISK: Call(kind=CallKind.START_DISK, target=disk_id("new", TARGET_GROUP), source=snapshot_id()),
    CallKind.DELETE_DISK: Call(kind=CallKind.DELETE_DISK, target=disk_id("new", TARGET_GROUP)),
    CallKind.OPEN_DISK: Call(kind=CallKind.OPEN_DISK, target=disk_id("new", TARGET_GROUP)),
    CallKind.OPEN_SNAPSHOT: Call(kind=CallKind.OPEN_SNAPSHOT, target=snapshot_id()),
    CallKind.CLOSE_DISK: Call(kind=CallKind.CLOSE_DISK, target=disk_id("new", TARGET_GROUP)),
    CallKind.CLOSE_SNAPSHOT: Call(kind=CallKind.CLOSE_SNAPSHOT, target=snapshot_id()),
    CallKind.READ_DATA: Call(kind=CallKind.READ_DATA, target=snapshot_id()),
    CallKind.FIND_MACHINE: Call(kind=CallKind.FIND_MACHINE, target=machine_id()),
    CallKind.CHANGE_MACHINE: Call(kind=CallKind.CHANGE_MACHINE, target=machine_id()),
    CallKind.FIND_GROUP: Call(kind=CallKind.FIND_GROUP, target=SNAPSHOT_GROUP.text),
    CallKind.LIST_REGIONS: Call(kind=CallKind.LIST_REGIONS, target=f"/subscriptions/{SUBSCRIPTION}"),
    CallKind.READ_LOCKS: Call(kind=CallKind.READ_LOCKS, target=SNAPSHOT_GROUP.text),
    CallKind.READ_PERMISSIONS: Call(kind=CallKind.READ_PERMISSIONS, target=disk_id()),
    CallKind.FIND_ENCRYPTION_SET: Call(kind=CallKind.FIND_ENCRYPTION_SET, target=ENCRYPTION_SET),
    CallKind.READ_USAGE: Call(kind=CallKind.READ_USAGE, target="/subscriptions/s"),
    CallKind.READ_OFFER: Call(kind=CallKind.READ_OFFER, target="/subscriptions/s"),
    CallKind.FIND_ORIGIN: Call(kind=CallKind.FIND_ORIGIN, target="/v"),
    CallKind.LIST_ORIGIN: Call(kind=CallKind.LIST_ORIGIN, target="/v"),
    CallKind.CHANGE_ORIGIN: Call(kind=CallKind.CHANGE_ORIGIN, target="/v"),
    CallKind.READ_COST: Call(kind=CallKind.READ_COST, target="/subscriptions/s"),
    CallKind.TABLES: Call(kind=CallKind.TABLES, target="https://account.table.core.windows.net/t"),
    CallKind.QUEUES: Call(kind=CallKind.QUEUES, target="https://account.queue.core.windows.net/q"),
    CallKind.EVENTS: Call(kind=CallKind.EVENTS, target="https://topic.eventgrid.azure.net/api/events"),
}


def test_every_kind_of_call_is_tried_here():
    assert set(CALLS) == set(CallKind)


@every_case("call", CALLS.values())
@every_case(
    ("status", "code", "expected"),
    [
        (0, "", CloudUnavailable),
        (408, "", CloudUnavailable),
        (429, "OperationNotAllowed", Throttled),  # the provider's throttling bears this code (documented)
        (429, "SubscriptionRequestsThrottled", Throttled),
        (429, "", Throttled),
        (500, "InternalServerError", CloudUnavailable),
        (503, "ServerTimeout", CloudUnavailable),
        (504, "GatewayTimeout", CloudUnavailable),
        (409, "AnotherOperationInProgress", CloudUnavailable),
        (401, "InvalidAuthenticationToken", CredentialRefused),
        (403, "LinkedAuthorizationFailed", PermissionMissing),
        (409, "ScopeLocked", ScopeLocked),
        (404, "SubscriptionNotFound", SubscriptionNotFound),
        (400, "InvalidParameter", RequestRefused),
        (409, "MissingSubscriptionRegistration", RequestRefused),
        (418, "", RequestRefused),
    ],
)
def test_what_means_the_same_for_every_call(call, status, code, expected):
    error = error_for(call, Answer(status=status, code=code, message="in words that change each year"))
    of_machine = call.kind in (CallKind.FIND_MACHINE, CallKind.CHANGE_MACHINE)
    assert type(error) is (MachineRefused if of_machine and expected is RequestRefused else expected)
    assert call.target in error.message


@every_case(
    ("kind", "status", "code", "expected"),
    [
        (CallKind.GET_DISK, 404, "ResourceNotFound", DiskNotFound),
        (CallKind.DELETE_DISK, 404, "ResourceNotFound", Absent),
        (CallKind.DELETE_DISK, 404, "ResourceGroupNotFound", Absent),
        (CallKind.DELETE_DISK, 409, "OperationNotAllowed", NotAllowedNow),
        (CallKind.DELETE_DISK, 403, "AuthorizationFailed", PermissionMissing),
        (CallKind.OPEN_DISK, 404, "ResourceNotFound", DiskNotFound),
        (CallKind.OPEN_SNAPSHOT, 404, "ResourceNotFound", SnapshotNotFound),
        (CallKind.OPEN_SNAPSHOT, 409, "OperationNotAllowed", NotAllowedNow),
        (CallKind.CLOSE_SNAPSHOT, 404, "ResourceNotFound", Absent),
        (CallKind.READ_DATA, 403, "AuthenticationFailed", RequestRefused),
        (CallKind.READ_DATA, 403, "AuthorizationFailure", RequestRefused),
        (CallKind.READ_DATA, 404, "BlobNotFound", RequestRefused),
        (CallKind.READ_DATA, 416, "InvalidRange", RequestRefused),
        (CallKind.READ_DATA, 503, "ServerBusy", CloudUnavailable),
        (CallKind.GET_DISK, 404, "ResourceGroupNotFound", DiskNotFound),
        (CallKind.FIND_DISK, 404, "ResourceNotFound", Absent),
        (CallKind.FIND_DISK, 404, "ResourceGroupNotFound", RestoreGroupNotFound),
        (CallKind.START_SNAPSHOT, 404, "ResourceGroupNotFound", SnapshotGroupNotFound),
        (CallKind.BIND_SNAPSHOT, 404, "ResourceGroupNotFound", SnapshotGroupNotFound),
        (CallKind.BIND_SNAPSHOT, 404, "ResourceNotFound", SnapshotNotFound),
        (CallKind.START_SNAPSHOT, 404, "ResourceNotFound", DiskNotFound),
        (CallKind.START_SNAPSHOT, 404, "NotFound", DiskNotFound),
        (CallKind.START_SNAPSHOT, 409, "OperationNotAllowed", NotAllowedNow),
        (CallKind.START_SNAPSHOT, 409, "SnapshotsLimitReached", SnapshotLimitReached),
        (CallKind.START_SNAPSHOT, 400, "SnapshotsLimitReached", SnapshotLimitReached),
        (CallKind.START_SNAPSHOT, 409, "QuotaExceeded", QuotaReached),
        (CallKind.START_DISK, 409, "QuotaExceeded", QuotaReached),
        (CallKind.START_SNAPSHOT, 403, "DenyAssignmentAuthorizationFailed", DenyAssignment),
        (CallKind.GET_OPERATION, 403, "DenyAssignmentAuthorizationFailed", Absent),
        (CallKind.FIND_SNAPSHOT, 404, "ResourceNotFound", Absent),
        (CallKind.FIND_SNAPSHOT, 404, "ResourceGroupNotFound", SnapshotGroupNotFound),
        (CallKind.FIND_SNAPSHOT, 404, "NotFound", CloudUnavailable),
        (CallKind.FIND_SNAPSHOT, 404, "", CloudUnavailable),
        (CallKind.GET_DISK, 404, "NotFound", DiskNotFound),
        (CallKind.GET_DISK, 404, "InvalidResourceType", CloudUnavailable),
        (CallKind.LIST_DISKS, 404, "ResourceGroupNotFound", Absent),
        (CallKind.LIST_DISKS, 403, "AuthorizationFailed", PermissionMissing),
        (CallKind.GET_OPERATION, 404, "NotFound", Absent),
        (CallKind.GET_OPERATION, 403, "AuthorizationFailed", Absent),
        (CallKind.FIND_SNAPSHOT, 403, "AuthorizationFailed", PermissionMissing),
        (CallKind.FIND_DISK, 403, "AuthorizationFailed", PermissionMissing),
        (CallKind.DELETE_SNAPSHOT, 404, "ResourceGroupNotFound", SnapshotGroupNotFound),
        (CallKind.DELETE_SNAPSHOT, 404, "ResourceNotFound", Absent),
        (CallKind.TAG_SNAPSHOT, 404, "ResourceGroupNotFound", SnapshotGroupNotFound),
        (CallKind.TAG_SNAPSHOT, 404, "ResourceNotFound", Absent),
        (CallKind.FIND_GROUP, 404, "ResourceGroupNotFound", Absent),
        (CallKind.FIND_GROUP, 403, "AuthorizationFailed", PermissionMissing),
        (CallKind.READ_LOCKS, 404, "ResourceGroupNotFound", Absent),
        (CallKind.READ_PERMISSIONS, 404, "ResourceGroupNotFound", Absent),
        (CallKind.READ_PERMISSIONS, 403, "AuthorizationFailed", PermissionMissing),
        (CallKind.FIND_ENCRYPTION_SET, 404, "ResourceNotFound", Absent),
        (CallKind.READ_USAGE, 400, "NoRegisteredProviderFound", RequestRefused),
        (CallKind.DELETE_SNAPSHOT, 409, "OperationNotAllowed", RequestRefused),
        (CallKind.LIST_SNAPSHOTS, 404, "ResourceGroupNotFound", SnapshotGroupNotFound),
        (CallKind.START_DISK, 404, "ResourceGroupNotFound", RestoreGroupNotFound),
        (CallKind.START_DISK, 404, "ResourceNotFound", SnapshotNotFound),
        (CallKind.START_DISK, 409, "OperationNotAllowed", RequestRefused),
        (CallKind.START_DISK, 409, "PropertyChangeNotAllowed", TargetDiskExists),
        (CallKind.START_DISK, 403, "RequestDisallowedByPolicy", DisallowedByPolicy),
        (CallKind.TABLES, 413, "RequestBodyTooLarge", InvalidInput),
        (CallKind.TABLES, 400, "EntityTooLarge", InvalidInput),
        (CallKind.EVENTS, 403, "Forbidden", PermissionMissing),
        (CallKind.TABLES, 403, "AuthenticationFailed", CredentialRefused),
    ],
)
def test_what_depends_on_the_call(kind, status, code, expected):
    assert type(error_for(CALLS[kind], Answer(status=status, code=code))) is expected


@pytest.mark.parametrize(
    ("kind", "code", "role", "scope"),
    [
        (CallKind.GET_DISK, "AuthorizationFailed", "Disk Backup Reader", disk_id()),
        (CallKind.START_SNAPSHOT, "AuthorizationFailed", "Disk Snapshot Contributor", SNAPSHOT_GROUP.text),
        (CallKind.START_SNAPSHOT, "LinkedAuthorizationFailed", "Disk Backup Reader", disk_id()),
        (CallKind.DELETE_SNAPSHOT, "AuthorizationFailed", "Disk Snapshot Contributor", SNAPSHOT_GROUP.text),
        (CallKind.TAG_SNAPSHOT, "AuthorizationFailed", "Disk Snapshot Contributor", SNAPSHOT_GROUP.text),
        (CallKind.LIST_SNAPSHOTS, "AuthorizationFailed", "Disk Snapshot Contributor", SNAPSHOT_GROUP.text),
        (CallKind.START_DISK, "AuthorizationFailed", "Disk Restore Operator", TARGET_GROUP.text),
        (CallKind.START_DISK, "LinkedAuthorizationFailed", "Disk Snapshot Contributor", SNAPSHOT_GROUP.text),
        (CallKind.TABLES, "AuthorizationPermissionMismatch", "Storage Table Data Contributor", None),
        (CallKind.QUEUES, "AuthorizationPermissionMismatch", "Storage Queue Data Contributor", None),
        (CallKind.EVENTS, "Unauthorized", "EventGrid Data Sender", None),
    ],
)
def test_a_missing_permission_names_the_role_and_where_to_assign_it(kind, code, role, scope):
    error = error_for(CALLS[kind], Answer(status=403, code=code))
    assert isinstance(error, PermissionMissing)
    assert error.role == role
    assert error.scope == (scope or CALLS[kind].target)
    assert role in error.recommended_action


def test_other_refusals_keep_azures_own_code():
    error = error_for(CALLS[CallKind.START_DISK], Answer(status=409, code="SkuNotAvailable", message="not here"))
    assert error.code == "SkuNotAvailable"
    assert "not here" in error.message


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "17"}, 17.0),
        ({"retry-after": "0"}, 0.0),
        ({"RETRY-AFTER": "1.5"}, 1.5),
        ({"x-ms-retry-after-ms": "250"}, 0.25),
        ({"Retry-After": "Mon, 02 Mar 2026 09:00:30 GMT"}, 30.0),
        ({"Retry-After": "Mon, 02 Mar 2026 08:00:00 GMT"}, 0.0),
        ({"Retry-After": "5", "x-ms-ratelimit-microsoft.costmanagement-qpu-retry-after": "40"}, 40.0),
        ({"Retry-After": "50", "x-ms-ratelimit-microsoft.costmanagement-tenant-retry-after": "9"}, 50.0),
        ({"X-Ms-RateLimit-Microsoft.CostManagement-Entity-Retry-After": "7"}, 7.0),
        ({"Retry-After": "5", "x-ms-ratelimit-microsoft.costmanagement-qpu-retry-after": "soon"}, 5.0),
        ({"Retry-After": "5", "x-ms-ratelimit-microsoft.costmanagement-qpu-remaining": "40"}, 5.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": ""}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_seconds_and_as_a_date(headers, seconds):
    assert retry_after(headers, datetime(2026, 3, 2, 9, tzinfo=UTC)) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"), [({}, 10.0), ({"Retry-After": "0"}, 0.0), ({"Retry-After": "99"}, 99.0)]
)
def test_a_throttled_call_says_when_to_come_back(headers, seconds):
    error = error_for(CALLS[CallKind.GET_DISK], Answer(status=429, headers=headers))
    assert isinstance(error, Throttled)
    assert error.retry_after_seconds == seconds


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (ServiceRequestError("refused"), CloudUnavailable),
        (ServiceResponseError("read timed out"), CloudUnavailable),
        (ClientAuthenticationError("no managed identity endpoint"), CredentialRefused),
        (HttpResponseError("no response at all"), CloudUnavailable),
    ],
)
def test_sdk_errors_without_an_answer(raised, expected):
    with pytest.raises(expected) as refusal, translated(CALLS[CallKind.GET_DISK]):
        raise raised
    assert refusal.value.transient
    assert refusal.value.__cause__ is raised


def test_errors_of_our_own_pass_through():
    with pytest.raises(ZeroDivisionError), translated(CALLS[CallKind.GET_DISK]):
        _ = timedelta(1) / 0


# --- What only the text tells ---

SET = f"{DISK_GROUP.text}/providers/Microsoft.Compute/diskEncryptionSets/keys"
ACCESS = f"{DISK_GROUP.text}/providers/Microsoft.Compute/diskAccesses/private"
HAS = (
    "The client 'c' with object id 'o' has permission to perform action 'Microsoft.Compute/snapshots/write' on scope "
    "'/subscriptions/s/x'; however, it does not have permission to perform "
)
READ_SET, READ_ACCESS = "Microsoft.Compute/diskEncryptionSets/read", "Microsoft.Compute/diskAccesses/read"
TAKE_DISK, TAKE_SNAPSHOT = (f"Microsoft.Compute/{kind}/beginGetAccess/action" for kind in ("disks", "snapshots"))
INVALID = "or the linked scope(s) are invalid."


@pytest.mark.parametrize(
    ("kind", "said", "roles"),
    [
        (
            CallKind.START_DISK,
            f"action(s) '{READ_SET}' on the linked scope(s) '{SET}' (respectively) {INVALID}",
            [("Reader", SET)],
        ),
        (
            CallKind.START_SNAPSHOT,
            f"action '{READ_ACCESS}' on the linked scope(s) '{ACCESS}' {INVALID}",
            [("Reader", ACCESS)],
        ),
        (
            CallKind.START_SNAPSHOT,
            f"action '{TAKE_DISK}' on the linked scope(s) '{disk_id()}'.",
            [("Disk Backup Reader", disk_id())],
        ),
        (
            CallKind.START_DISK,
            f"action '{TAKE_SNAPSHOT}' on the linked scope(s) '{snapshot_id()}' {INVALID}",
            [("Disk Snapshot Contributor", SNAPSHOT_GROUP.text)],
        ),
        (
            CallKind.START_DISK,
            f"action '{TAKE_DISK}' on the linked scope(s) '{snapshot_id()}' {INVALID}",
            [("Disk Snapshot Contributor", SNAPSHOT_GROUP.text)],
        ),
        (
            CallKind.START_DISK,
            f"action(s) '{READ_SET},{READ_ACCESS}' on the linked scope(s) '{SET},{ACCESS}' (respectively) {INVALID}",
            [("Reader", SET), ("Reader", ACCESS)],
        ),
        (
            CallKind.START_DISK,
            f"action '{READ_SET}' on the '2' linked scope(s) '{SET}, {ACCESS}' {INVALID}",
            [("Reader", SET), ("Reader", ACCESS)],
        ),
    ],
)
def test_a_linked_refusal_advises_the_role_and_scope_that_its_message_means(kind, said, roles):
    error = error_for(CALLS[kind], Answer(status=403, code="LinkedAuthorizationFailed", message=HAS + said))
    assert isinstance(error, PermissionMissing)
    assert (error.role, error.scope) == roles[0]
    for role, scope in roles:
        assert f"--role '{role}' --scope '{scope}'" in error.recommended_action


def test_a_deny_assignment_on_a_linked_scope_is_no_missing_role():
    said = (
        f"action '{TAKE_DISK}' on the '0' linked scope(s) '' {INVALID[:-1]} and is blocked by deny assignments on "
        f"the '1' linked scope(s) '{disk_id()}'."
    )
    answer = Answer(status=403, code="LinkedAuthorizationFailed", message=HAS + said)
    error = error_for(CALLS[CallKind.START_SNAPSHOT], answer)
    assert isinstance(error, DenyAssignment)
    assert error.target == disk_id()
    assert "No role helps" in error.recommended_action


@pytest.mark.parametrize(
    "said", ["", "in other words altogether", "permission to perform action '' on the linked scope ''"]
)
def test_a_linked_refusal_in_other_words_falls_back_on_what_the_call_is_made_from(said):
    error = error_for(
        CALLS[CallKind.START_SNAPSHOT], Answer(status=403, code="LinkedAuthorizationFailed", message=said)
    )
    assert (error.role, error.scope) == ("Disk Backup Reader", disk_id())


@pytest.mark.parametrize(
    ("kind", "said", "expected"),
    [
        (
            CallKind.START_SNAPSHOT,
            "Operation could not be completed as it results in exceeding approved ZRSSnapshotCount quota. ...",
            QuotaReached,
        ),
        (CallKind.START_DISK, "Operation results in exceeding quota limits of Core. Maximum allowed: 10", QuotaReached),
        (CallKind.START_SNAPSHOT, "The snapshot count was exceeded for a disk.", SnapshotLimitReached),
        (
            CallKind.START_SNAPSHOT,
            "The maximum number of incremental snapshots (500) is reached.",
            SnapshotLimitReached,
        ),
        (CallKind.START_SNAPSHOT, "CopyStart creation is not supported for this subscription.", RequestRefused),
        (CallKind.START_DISK, "restoreDirectDriveDisk is not supported for this subscription", RequestRefused),
        (CallKind.START_SNAPSHOT, "Disk web01 is being updated: SKU change in progress.", NotAllowedNow),
        (CallKind.START_SNAPSHOT, "Disk d is attached to VM v.", NotAllowedNow),
        (CallKind.START_DISK, "Snapshot s is not complete (12 %): it cannot be copied yet.", NotAllowedNow),
        (CallKind.START_DISK, "A Premium SSD v2 disk cannot be an OS disk.", RequestRefused),
    ],
)
def test_not_every_operation_that_is_not_allowed_is_a_limit_on_snapshots(kind, said, expected):
    error = error_for(CALLS[kind], Answer(status=409, code="OperationNotAllowed", message=said))
    assert type(error) is expected
    assert said in error.message
    assert error.recommended_action


@pytest.mark.parametrize(
    ("kind", "way"), [(CallKind.START_SNAPSHOT, "diskbackup-inherit-tags"), (CallKind.START_DISK, "targetDisk.tags")]
)
def test_a_denial_by_policy_says_how_to_comply(kind, way):
    error = error_for(CALLS[kind], Answer(status=403, code="RequestDisallowedByPolicy", message="Policy: tags"))
    assert way in error.recommended_action
    assert "exempt" in error.recommended_action

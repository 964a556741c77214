"""The one error tree: every error says whether trying again can help and what the operator should do.

Codes are Azure Backup's own where one is documented (disk-backup-troubleshoot), ARM's otherwise.
Leaves to others: telling which SDK error is which (adapters/azure_errors.py) and the wire form (api/errors.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backup_core.domain.advice import ADVICE, CORRECT


class BackupError(Exception):
    """Something that stops a step. `code`, `transient`, `is_user_error` and `recommended_action` end up in the job's
    error; the third says whether it is for the operator, or whoever asks, to put right.

    `doubts`: how many looks more it takes until a step believes that something is not there. One 404 is no proof.
    """

    code: str = "InternalError"
    transient: bool = False
    is_user_error: bool = False
    doubts: int = 0
    recommended_action: str = "Look at the job's details and the function's log; then run the operation again."

    def __init__(self, message: str, *, target: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.target = target
        if code is not None:
            self.code = code
            self.recommended_action = ADVICE.get(code, self.recommended_action)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with an input: where (`properties.x.y`), what, and what to do.

    No `target` where the message says it all, as Azure's own sentences do.
    """

    target: str
    message: str
    code: str = "BadRequest"

    def __str__(self) -> str:
        return f"{self.target}: {self.message}" if self.target else self.message


class InvalidInput(BackupError):
    """A request with at least one fault; names every one of them. Nothing was stored."""

    code = "BadRequest"
    is_user_error = True
    recommended_action = CORRECT

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(str(fault) for fault in faults))
        self.faults = tuple(faults)
        self.code = faults[0].code if len({fault.code for fault in faults}) == 1 else "BadRequest"
        self.recommended_action = " ".join(dict.fromkeys(advice_for(fault.code) for fault in faults))


class NotFound(BackupError):
    """A resource of ours that does not exist."""

    code = "ResourceNotFound"
    is_user_error = True
    recommended_action = "Check the name and the vault."


class ResourceInUse(BackupError):
    """The request contradicts the present state of a resource of ours; nothing was changed."""

    code = "Conflict"
    is_user_error = True
    recommended_action = "Wait for the running operation or remove what stands in the way, then try again."


class OperationUnderWay(ResourceInUse):
    """A backup instance does one thing of a kind at a time (documented), and by our own rule a machine one swap."""

    code = "UserErrorMaxConcurrentOperationLimitReached"
    recommended_action = "Wait until the job named in the message has ended, then try again."


class OnDemandBackupsUsedUp(ResourceInUse):
    code = "UserErrorOnDemandBackupLimitReached"
    recommended_action = "Wait until the time named in the message, or have DISKBACKUP_ON_DEMAND_A_DAY raised."


class SnapshotRoomReserved(ResourceInUse):
    """A backup on demand would take room that scheduled ones need: they must never be missed for want of it."""

    code = "UserErrorSnapshotRoomReserved"
    recommended_action = (
        "Delete recovery points of on-demand backups that nobody needs, or shorten the policy's retention."
    )


class LegalHoldStands(ResourceInUse):
    """What was asked for would take recovery points that are held."""

    code = "UserErrorLegalHoldStands"
    recommended_action = (
        "Stop the protection instead, which keeps all recovery points, or switch the vault's soft delete on; to delete "
        "them, have a contributor clear the holds first."
    )


class Throttled(BackupError):
    """Azure asks to come back later. Never a failure: the step is put off by `retry_after_seconds` and a spread."""

    code = "TooManyRequests"
    transient = True
    recommended_action = "None: the step is repeated automatically."

    def __init__(self, message: str, *, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class CloudUnavailable(BackupError):
    """Azure did not answer, or answered 5xx: the outcome of the call is unknown; all our calls may be repeated."""

    code = "CloudInternalError"
    transient = True
    recommended_action = "None at first: the step is repeated. If it goes on, look at Azure's service health."


class SubscriptionNotFound(CloudUnavailable):
    """404 that is not about the resource but about the whole subscription, which says nothing of what lies in it: a
    subscription that changes its tenant, or a part of Azure that is behind, answers so for what is there."""

    code = "SubscriptionNotFound"
    is_user_error = True
    recommended_action = (
        "Check that the subscription is there, enabled, and in the tenant of the app's identity. Nothing in it counts "
        "as deleted as long as it cannot be read."
    )


class CredentialRefused(CloudUnavailable):
    """No token, or one that Azure does not accept. Transient: a new app's identity takes minutes to be known, and the
    backup must not be given up while someone repairs the identity."""

    code = "AuthenticationFailed"
    is_user_error = True
    recommended_action = (
        "Check that the app has a managed identity in the tenant of the subscription, and that "
        "DISKBACKUP_IDENTITY_CLIENT_ID, DISKBACKUP_ARM_AUDIENCE and the storage and topic keys in its settings are "
        "right."
    )


class IdentityNotHeld(CredentialRefused):
    """A vault names an identity that the app does not hold. Transient as long as the setting may be put right."""

    code = "UserErrorVaultIdentityNotHeld"
    recommended_action = (
        "List it in DISKBACKUP_VAULT_IDENTITIES and assign it to the app, or choose another identity for the vault."
    )


class OutsideVaultScopes(BackupError):
    """The deployment keeps a vault from where it was to act."""

    code = "UserErrorOutsideVaultScopes"
    recommended_action = (
        "Choose a disk, snapshot resource group or target within the vault's scopes, or have whoever deploys the app "
        "widen them in DISKBACKUP_VAULT_SCOPES."
    )


class SnapshotLimitReached(BackupError):
    """409 on creating a snapshot: 500 per disk, 7 in five minutes, or 3 pending ones of one disk."""

    code = "UserErrorSnapshotLimitReached"
    is_user_error = True
    transient = True
    recommended_action = (
        "Count the snapshots of the disk: at most 500 incremental ones, 7 new ones in five minutes and, for "
        "Premium SSD v2 and Ultra, 3 unfinished ones. Shorten the retention or lengthen the interval of the policy."
    )


class DiskNotFound(BackupError):
    """Five minutes of looks: what follows from it is that the disk's protection stops."""

    code = "UserErrorManagedDiskNotFound"
    is_user_error = True
    doubts = 7
    recommended_action = "The source disk was deleted or moved. Stop its protection, or restore it under its name."


class SnapshotNotFound(BackupError):
    code = "UserErrorDiskSnapshotNotFound"
    is_user_error = True
    doubts = 3
    recommended_action = "The snapshot was deleted outside of this product. Restore from another recovery point."


class TablesSetBack(BackupError):
    """Nobody knows whether what is asked for was done already: the tables are older than the world."""

    code = "TablesSetBack"
    recommended_action = (
        "Check whether it was done before the tables were set back; if it is still wanted, ask again. The runbook "
        "of this code says what to do before the app may delete again."
    )


class SnapshotNotOurs(BackupError):
    """A snapshot that cannot be proven to be the one that a record tells of. It is neither deleted nor restored."""

    code = "SnapshotNotOurs"
    is_user_error = True
    recommended_action = (
        "Find in the activity log who made the snapshot of that name. It is not touched: delete it by hand if nobody "
        "needs it."
    )


class SnapshotHeld(BackupError):
    """A snapshot's tag says that it is held, and no record knows of that hold: whoever wrote it wants it kept."""

    code = "SnapshotHeldByTag"
    is_user_error = True
    recommended_action = (
        "If the snapshot is to be kept, set a legal hold on its recovery point. If not, take the tag diskbackup-hold "
        "off the snapshot; its deletion is tried again every half hour."
    )


class NewerPointUncertain(BackupError):
    """An expired point goes for the sake of a newer one, and that one's snapshot is not certainly there."""

    code = "NewerPointUncertain"
    recommended_action = (
        "None at first: the older point is kept and looked at again. If the newer snapshot is gone, its point will be "
        "called lost and the next backup takes its place; if its tags were changed, put them right."
    )


class SnapshotGroupNotFound(BackupError):
    code = "UserErrorSnapshotRGNotFound"
    is_user_error = True
    doubts = 3
    recommended_action = "Create the snapshot resource group, or configure the backup instance with one that exists."


class RestoreGroupNotFound(BackupError):
    code = "UserErrorRestoreTargetRGNotFound"
    is_user_error = True
    doubts = 3
    recommended_action = "Create the target resource group, or name one that exists."


class SlotMissed(BackupError):
    """A scheduled backup that was not taken in its time, and no longer will be: a later slot took its place."""

    code = "SlotMissed"
    recommended_action = (
        "None if it happens once: the next slot is taken. If it goes on, lengthen the interval of the policy, make "
        "room for snapshots, or ask for a higher limit of requests, as the message says."
    )


class CopyMissed(BackupError):
    """A copy in another region that was due, and that will not be made any more."""

    code = "CopyMissed"
    recommended_action = (
        "Look at why copies to this region wait or fail (recoveryPointCopies of the instance says so), or keep copies "
        "for longer by its copy rule."
    )


class BackupCancelled(BackupError):
    """A backup that was asked for or due, and that nobody wants any more."""

    code = "BackupCancelled"
    recommended_action = "None. Resume protection if the disk is to be backed up again."


class TargetDiskExists(BackupError):
    code = "UserErrorSameNameDiskAlreadyExists"
    is_user_error = True
    recommended_action = "Choose another name for the restored disk; a restore never overwrites."


class RestoredOtherwise(BackupError):
    """A warning of a restore that went well: what the source disk had and the new one has not."""

    code = "RestoredDiskDiffers"
    recommended_action = "Set what is missing on the new disk, or restore again with another targetDisk."


class RestoreTestFailed(BackupError):
    """A restore test found a fault: a restore of this point would not give the disk back as it was."""

    code = "RestoreTestFailed"
    recommended_action = (
        "Look at the test's findings in the job. Restore another recovery point of the instance to see whether it is "
        "whole, and back the disk up now."
    )


class NoPointToTest(BackupError):
    """An instance that is to be tested has no good recovery point in the plan's window."""

    code = "NoRecoveryPointToTest"
    recommended_action = "See why the instance has no recovery point, or widen the plan's window."


class RestoreTestDiskTakenOver(BackupError):
    """A temporary disk that is not proven to be the test's any more is nobody's but its new owner's."""

    code = "RestoreTestDiskTakenOver"
    recommended_action = "None, if somebody wanted the disk. Else delete it: this app does not."


class RestoreTestDataNotRead(BackupError):
    """A warning of a test that found no fault but could not read data."""

    code = "RestoreTestDataNotRead"
    recommended_action = (
        "None: the disk was restored and its description checked. Its bytes can only be read where the network "
        "access of the source disk lets the app."
    )


class RestoreTestNothingRecognised(BackupError):
    """A warning of a test that read the same bytes from both, which begin with nothing that is known."""

    code = "RestoreTestNothingRecognised"
    recommended_action = "None, if the disk is used without a partition table and file system. Else look at the disk."


class RestoreTestNotBegun(BackupError):
    """A test that was still waiting for a place when the plan's next run came."""

    code = "RestoreTestNotBegun"
    recommended_action = "Let the plan have more disks at once, or fewer tests in a run."


class PermissionMissing(BackupError):
    """403 from ARM: the app's managed identity lacks a role at a scope. `role` names the built-in one that has it."""

    code = "UserErrorMissingRequiredPermissions"
    is_user_error = True

    def __init__(
        self,
        message: str,
        *,
        scope: str,
        role: str,
        target: str | None = None,
        further: Sequence[tuple[str, str]] = (),
    ) -> None:
        """`further` are pairs of role and scope that are missing as well."""
        super().__init__(message, target=target or scope)
        self.scope = scope
        self.role = role
        wanted = dict.fromkeys([(role, scope), *further])
        self.recommended_action = " ".join(assignment_advice(*each) for each in wanted)


def assignment_advice(role: str, scope: str, principal: str = "") -> str:
    """What to run so that the app's identity gets `role` at `scope`. `principal` is its object id, where known."""
    return (
        f"Assign the role '{role}' to the app's managed identity at {scope}: az role assignment create "
        f"--role '{role}' --scope '{scope}' --assignee-object-id {principal or '<principal id>'} "
        "--assignee-principal-type ServicePrincipal. New assignments take a few minutes to take effect."
    )


class DenyAssignment(BackupError):
    """403 from ARM: a deny assignment closes a scope to the app's identity, whatever roles it has there."""

    code = "DenyAssignmentAuthorizationFailed"
    is_user_error = True
    recommended_action = (
        "No role helps: a deny assignment goes before roles. Have its owner exclude the app's managed identity from "
        "it: the managed application, blueprint or deployment stack that the message names or that made the resource "
        "group. Or keep snapshots and restored disks in a resource group that has none."
    )


class ScopeLocked(BackupError):
    code = "ScopeLocked"
    is_user_error = True
    recommended_action = "Remove the resource lock named in the message; the step is tried again automatically."


class DisallowedByPolicy(BackupError):
    """`advice` says how what was asked for can be made to comply; without one only an exemption is left."""

    code = "RequestDisallowedByPolicy"
    is_user_error = True
    recommended_action = "Exempt the snapshot or target resource group from the Azure Policy named in the message."

    def __init__(self, message: str, *, target: str | None = None, advice: str = "") -> None:
        super().__init__(message, target=target)
        if advice:
            self.recommended_action = (
                f"{advice} Else: {self.recommended_action[0].lower()}{self.recommended_action[1:]}"
            )


class QuotaReached(BackupError):
    """A count of the subscription in that region is at its limit: nothing passes until somebody acts."""

    code = "UserErrorSubscriptionDiskQuotaLimitReached"
    is_user_error = True
    recommended_action = (
        "Delete disks or snapshots in that region that nobody needs, ask Azure for a higher quota, or restore with "
        "another SKU; then run the operation again."
    )


class CopyKeyMissing(BackupError):
    """A snapshot that a customer's key encrypts, and no disk encryption set in the region that it is copied to: Azure
    would encrypt the copy with its own key."""

    code = "UserErrorCopyEncryptionSetMissing"
    is_user_error = True
    recommended_action = (
        "Name a disk encryption set of the target region in the copy rule (diskEncryptionSetId): PUT the rule again."
    )


class NotAllowedNow(BackupError):
    """409 of a kind that may pass: Azure is busy with the disk or snapshot, or says no more than that it may not be."""

    code = "OperationNotAllowed"
    transient = True
    recommended_action = (
        "None at first: the step is repeated. If it goes on, read Azure's message: another operation holds the disk or "
        "the snapshot, or it is in a state in which Azure copies nothing."
    )


# Codes of operations that Azure ended as Failed for a reason of its own, which asking anew may get past; each with who
# says so. What the request is to blame for (InvalidParameter, ...) is not among them, nor the unknown.
PASSING_FAILURES: Mapping[str, str] = {
    "InternalExecutionError": "recorded; 'Please retry later' (reported of a disk: microsoft/MCW-SAP-HANA-on-Azure#26)",
    "InternalServerError": "HTTP's 500 by name; the disk driver calls it retriable while a snapshot is awaited "
    "(reported: cloudnative-pg/cloudnative-pg#6901)",
    "ServiceUnavailable": "HTTP's 503 by name, which every Azure client retries (SDK-read: azure-core's retry policy)",
    "ServerTimeout": "recorded as ARM's 503",
    "GatewayTimeout": "recorded as ARM's 504",
    "RetryableError": "says so itself (recorded, of the network provider)",
    "RetryableErrorDueToAnotherOperation": "says so itself (recorded, of the network provider)",
    "OperationPreempted": "a later operation on the resource took its place (remembered, of the compute provider)",
    "TooManyRequests": "throttling found out late (documented, as a detail of the compute provider's 429)",
    "SnapshotsLimitReached": "'retry the request after sometime' (reported: Azure/azure-sdk-for-python#14282)",
}


class SnapshotNotBound(BackupError):
    """Azure accepted to make a snapshot immutable, and minutes later the snapshot does not show it."""

    code = "SnapshotNotBound"
    recommended_action = (
        "See whether immutability policies of snapshots are offered in the region and subscription; the reconciler "
        "asks again. Until then the snapshot is kept by this app only."
    )


class OperationFailed(BackupError):
    """An operation that Azure accepted and later ended as Failed (HTTP 200, status Failed). Transient by its code."""

    code = "OperationFailed"
    recommended_action = "Read Azure's message; correct the cause and start a new backup or restore."

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.transient = self.code in PASSING_FAILURES
        if self.code == "SnapshotsLimitReached":
            self.recommended_action = SnapshotLimitReached.recommended_action


class RequestRefused(BackupError):
    """Any other 4xx of ARM, with ARM's own code."""

    code = "RequestRefused"
    is_user_error = True
    recommended_action = "Read Azure's message; correct the cause and start the operation again."


class MessageMalformed(BackupError):
    """A queue message that no version of this product wrote."""

    code = "MessageMalformed"
    recommended_action = "Find out who else writes to the queue; the message is kept in the poison queue."


class RecordCorrupt(BackupError):
    """A stored row that cannot be read; the rest goes on without it."""

    code = "RecordCorrupt"
    recommended_action = "Restore the row from a backup, or delete it and run 'catalogue rebuild'."


def advice_for(code: str) -> str:
    """What to do about a fault of that code: the advice of the error that bears it, where there is one."""
    borne = {kind.code: kind.recommended_action for kind in BackupError.__subclasses__()}
    return ADVICE.get(code) or borne.get(code, CORRECT)

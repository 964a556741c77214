"""What to do about a fault, by its code: what an error that names faults recommends.

Leaves to others: the advice of errors that are classes of their own (errors.py); faults of their code use it too.
"""

from __future__ import annotations

from collections.abc import Mapping

CORRECT = "Correct the named properties and send the request again."
ADVICE: Mapping[str, str] = {
    "DiskSwapNotPossible": "See to what the message names, or leave that disk out, then ask again.",
    "DiskSwapSwitchedOff": "Have whoever deploys the app switch it on, or swap the disks by hand.",
    "DppPluginInvalidInputParameters": "Write the time as ISO 8601, such as 2026-03-02T12:00:00Z.",
    "EntityTooLarge": "Shorten what was sent: its tags, its rules or its filter.",
    "InvalidFilterInQueryString": "Write the filter as the message describes it, or leave it out.",
    "InvalidQuery": "Send one of the three queries that the message shows, with their filters.",
    "InvalidRequestContent": "Send one valid JSON object in which no key occurs twice.",
    "InvalidResourceLocation": "Use a vault in the region of the disk; a vault cannot be moved.",
    "InvalidResourceName": "Choose another name, as the message describes it.",
    "InvalidSubscriptionId": "Name subscriptions by their ids, as 'az account list' shows them.",
    "LinkedAuthorizationFailed": (
        "Ask whoever manages the app's access scopes to list you there, or name another resource."
    ),
    "LocationNotAvailableForResourceType": "Name a region as 'az account list-locations' does, such as westeurope.",
    "MissingIdentityIds": "Name at least one user-assigned identity, or set another type of identity.",
    "OperationNotSupported": "Leave out what is not offered here.",
    "ReportTooLarge": "Ask for a shorter period, or vault by vault.",
    "ResourceGroupNotFound": "Create the resource group, or name one that exists.",
    "UserErrorAdoptionNoInstance": "Protect the disk in this vault first, then adopt again.",
    "UserErrorAdoptionNoRetention": "Name a retention tag of the policy, or say a retentionDuration.",
    "UserErrorAdoptionNotIncremental": (
        "Leave it where it is, or restore from it by hand: incremental snapshots are what recovery points are made of."
    ),
    "UserErrorAdoptionOfOthers": (
        "Import the vault of Azure Backup that the snapshot belongs to. If that was deleted, name it as deletedVaultId."
    ),
    "UserErrorAdoptionVaultIsThere": "Import the vault, or name the one that was really deleted.",
    "UserErrorBelowLeastPromise": "Set the vault to protect at least as much as the message says.",
    "UserErrorCrossSubscriptionRestoreNotAllowed": (
        "Restore into the subscription of the disk, or have cross-subscription restore enabled for the vault."
    ),
    "UserErrorCrossSubscriptionRestoreStateChangeNotAllowed": (
        "Leave the setting as it is, and restore into the subscription of the disk."
    ),
    "UserErrorCriticalOperationMandatory": "Leave the operation out of the guard's list of exclusions.",
    "UserErrorDESKeyVaultKeyNotAvailable": (
        "Enable the key of the disk encryption set in its key vault, or name another set."
    ),
    "UserErrorDisableSoftDeleteNotAllowed": "Leave soft delete as it is: AlwaysOn cannot be undone.",
    "UserErrorDiskBackupDiskTypeNotSupported": (
        "Protect another disk: Azure takes no incremental snapshots of this one."
    ),
    "UserErrorDppDatasourceAlreadyHasBackupInstance": (
        "Use the backup instance that protects the disk, or delete it first: a disk has one."
    ),
    "UserErrorEncryptionSettingsNotSupported": (
        "Leave out encryptionSettings; encrypt snapshots by the disks' encryption sets."
    ),
    "UserErrorGenericResourceNotFound": "Check the name and the vault.",
    "UserErrorImportNameTaken": (
        "Import into a vault that has no instance of that name, or delete that one if nobody needs it."
    ),
    "UserErrorImportNotSettled": "Wait until Azure Backup and Azure are done with it, then import again.",
    "UserErrorImportPolicyDiffers": "Import into another vault, or delete or rename the policy that is in the way.",
    "UserErrorImportStillNeeded": (
        "Wait until these snapshots have expired, or delete the recovery points that nobody needs, then finish again."
    ),
    "UserErrorImportUnreadable": "Leave it in Azure Backup, or protect the disk anew in a vault of this installation.",
    "UserErrorImmutableVaultOperationNotAllowed": (
        "Stop protection, which keeps the recovery points, and delete the instance when they have expired."
    ),
    "UserErrorInvalidOperationalStoreResourceGroup": "Write the group as /subscriptions/<id>/resourceGroups/<name>.",
    "UserErrorInvalidRestorableTimeRange": "Give a range whose start comes before its end.",
    "UserErrorMissingRequiredPermissions": (
        "Run the command in the message for each role that is missing, wait a few minutes, and try again."
    ),
    "UserErrorMSIPermissionsNotPresentOnDES": (
        "Give the app the role Reader on the disk encryption set, then validate again."
    ),
    "UserErrorOperationalStoreParametersNotProvided": (
        "Add an AzureOperationalStoreParameters with the snapshot resource group to"
        " policyParameters.dataStoreParametersList."
    ),
    "UserErrorSignInNeeded": "Have callers sign in (DISKBACKUP_SIGN_IN=entra), or do without a resource guard.",
    "UserErrorSnapshotRGSubscriptionMismatch": "Name a snapshot resource group in the subscription of the disk.",
    "UserErrorSubscriptionDiskQuotaLimitReached": (
        "Delete disks, have the quota of the region raised, or restore with another SKU."
    ),
    "UserErrorUnsupportedVaultImmutabilityStateChange": "Leave immutability as it is: Locked cannot be undone.",
    "UserErrorWeakeningNotAllowed": "Leave the promise as it is; other disks may have a policy or vault of their own.",
    "UserErrorVaultIdentityAmbiguous": "Name one user-assigned identity: a vault acts with one.",
    "UserErrorVaultIdentityMismatch": "Leave out identityDetails, or change the identity of the vault.",
    "UserErrorVaultNotEmpty": "Delete the backup instances of the vault, and wait until soft-deleted ones are purged.",
}

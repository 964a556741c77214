"""The events that this product publishes: one table of their types, each with what an operator needs to know of it.

An event's data mirrors Azure Backup's own alerts (category, severity, affectedItems, possibleCauses,
recommendedActions, jobId: real payloads of the common alert schema), so that rules and templates made for those fit.
Leaves to others: which change tells what (workflows/announcements.py) and delivery (workflows/outbox.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

PREFIX = "DiskBackup."
MOST_ITEMS = 500  # affected items that one digest names; Event Grid takes events of up to 1 MB (documented)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A CloudEvent in the making. The same `id` is the same event: receivers drop doubles by it."""

    id: str
    type: str  # DiskBackup.<Thing>.<What happened>
    source: str  # the vault's resource id
    subject: str  # backupInstances/<name>
    at: datetime
    content: Mapping[str, Any] = field(default_factory=dict)


class Severity(Enum):
    """Azure Monitor's words: Sev0 critical, Sev1 error, Sev2 warning, Sev3 informational, Sev4 verbose."""

    SEV0 = "Sev0"
    SEV1 = "Sev1"
    SEV2 = "Sev2"
    SEV3 = "Sev3"
    SEV4 = "Sev4"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventKind:
    """One type of event. `fields` are the names of its own data, each with its JSON schema."""

    name: str  # without the prefix
    severity: Severity
    category: str  # Jobs, RecoveryPoints, Protection, Health, Quota, Security, System
    says: str
    causes: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    fields: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def type(self) -> str:
        return f"{PREFIX}{self.name}"


def _text(says: str) -> dict[str, Any]:
    return {"type": ["string", "null"], "description": says}


def _time(says: str) -> dict[str, Any]:
    return {"type": ["string", "null"], "format": "date-time", "description": says}


def _count(says: str) -> dict[str, Any]:
    return {"type": "integer", "minimum": 0, "description": says}


_ERROR: Mapping[str, Any] = {
    "type": ["object", "null"],
    "description": "why it did not succeed",
    "properties": {
        "code": {"type": "string"},
        "message": {"type": "string"},
        "recommendedActions": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["code", "message", "recommendedActions"],
    "additionalProperties": False,
}
_JOB: Mapping[str, Mapping[str, Any]] = {
    "operation": _text("the job's operation"),
    "status": _text("how it ended, as Azure Backup calls it"),
    "startTime": _time("when it began"),
    "endTime": _time("when it ended"),
    "slot": _time("the scheduled instant that the job was for"),
    "missedSlots": _count("earlier slots that it also stood in for"),
    "error": _ERROR,
}
_POINT: Mapping[str, Mapping[str, Any]] = {
    "recoveryPointId": _text("the recovery point"),
    "snapshotId": _text("its snapshot's resource id"),
    "recoveryPointTime": _time("the instant whose data it holds"),
    "expiryTime": _time("until when it is kept, as promised when it was taken"),
    "retentionTagName": _text("the tag whose retention rule applies"),
}
_BATCH: Mapping[str, Mapping[str, Any]] = {
    "batchName": _text("what was stopped together"),
    "causedBy": {"type": "array", "items": {"type": "string"}, "description": "object ids of who caused it"},
}
# Data that every event carries, whatever its type.
COMMON: Mapping[str, Mapping[str, Any]] = {
    "severity": {"enum": [severity.value for severity in Severity]},
    "category": {"type": "string"},
    "description": {"type": "string"},
    "vaultId": {"type": "string", "description": "the vault's resource id"},
    "backupInstanceId": _text("the backup instance's resource id; null when several are affected"),
    "dataSourceId": _text("the disk's resource id"),
    "jobId": _text("the job's resource id"),
    "correlationId": _text("that of the request; for scheduled work, the job's id"),
    "affectedItems": {"type": "array", "items": {"type": "string"}, "description": "names of backup instances"},
    "affectedItemCount": _count("how many there are; the list may be shorter"),
    "possibleCauses": {"type": "array", "items": {"type": "string"}},
    "recommendedActions": {"type": "array", "items": {"type": "string"}},
}
_DIGEST: Mapping[str, Mapping[str, Any]] = {
    "cause": {"type": "string", "description": "what all affected items have in common"},
    "alertIds": {"type": "array", "items": {"type": "string"}, "description": "resource ids of the alerts"},
    "subscriptionId": {"type": "string"},
    "occurrences": _count("how often the alert of the first item was raised"),
}
_SET_BACK: Mapping[str, Mapping[str, Any]] = {
    "tablesTime": _time("the latest time in the tables"),
    "worldTime": _time("the latest time at which anything is known to have happened"),
}
_HOLD: Mapping[str, Mapping[str, Any]] = {
    "recoveryPointId": _text("the recovery point; null: all of the instance, or of the vault where that is null, too"),
    "holdName": _text("the hold's name"),
    "reason": _text("why it was set"),
    "setBy": _text("the object id of who set it; null: not known"),
    "setTime": _time("since when it stands"),
}
_UNLOCK: Mapping[str, Mapping[str, Any]] = {
    "operation": _text("the critical operation, as Azure names it"),
    "resourceId": _text("what it is unlocked for"),
    "callerId": _text("the object id of who unlocked it, or used it"),
    "unlockExpiryTime": _time("until when it is unlocked"),
}
_LOOK_AT_JOB = "Look at the job's error and its recommended action."


def _kind(
    name: str,
    severity: Severity,
    category: str,
    says: str,
    *,
    causes: tuple[str, ...] = (),
    actions: tuple[str, ...] = (),
    fields: Mapping[str, Mapping[str, Any]] | None = None,
) -> EventKind:
    return EventKind(
        name=name, severity=severity, category=category, says=says, causes=causes, actions=actions, fields=fields or {}
    )


_S0, _S1, _S2, _S3, _S4 = Severity.SEV0, Severity.SEV1, Severity.SEV2, Severity.SEV3, Severity.SEV4


_KINDS: tuple[EventKind, ...] = (
    _kind("Job.Completed", _S4, "Jobs", "A backup succeeded.", fields=_JOB),
    _kind("Job.Failed", _S1, "Jobs", "A backup failed.", actions=(_LOOK_AT_JOB,), fields=_JOB),
    _kind(
        "Job.Cancelled", _S3, "Jobs", "A backup was cancelled because protection was stopped meanwhile.", fields=_JOB
    ),
    _kind("Restore.Completed", _S3, "Jobs", "A restore succeeded.", fields=_JOB),
    _kind("Restore.Failed", _S1, "Jobs", "A restore failed.", actions=(_LOOK_AT_JOB,), fields=_JOB),
    _kind("RestoreTogether.Completed", _S3, "Jobs", "A restore of several disks succeeded.", fields=_JOB),
    _kind(
        "RestoreTogether.Failed",
        _S1,
        "Jobs",
        "Not all of several disks were restored; what was made stays.",
        actions=(_LOOK_AT_JOB,),
        fields=_JOB,
    ),
    _kind("RestoreTest.Passed", _S4, "Jobs", "A restore test found no fault.", fields=_JOB),
    _kind(
        "RestoreTest.CompletedWithWarnings",
        _S3,
        "Jobs",
        "A restore test found no fault, but could not look at all of it.",
        actions=("Look at the job's warnings.",),
        fields=_JOB,
    ),
    _kind(
        "RestoreTest.Failed",
        _S1,
        "Jobs",
        "A restore test found a fault, or could not be made.",
        actions=(_LOOK_AT_JOB, "Restore another recovery point of the instance to see whether it is whole."),
        fields=_JOB,
    ),
    _kind(
        "RestoreTest.Cancelled", _S3, "Jobs", "A restore test was not begun before the plan's next run.", fields=_JOB
    ),
    _kind("Swap.Completed", _S2, "Protection", "Restored disks took the place of a machine's own.", fields=_JOB),
    _kind("Swap.Undone", _S2, "Protection", "A machine has the disks again that it had before.", fields=_JOB),
    _kind(
        "Swap.Failed",
        _S1,
        "Protection",
        "Swapping a machine's disks, or putting them back, stopped; all disks are kept.",
        actions=(_LOOK_AT_JOB,),
        fields=_JOB,
    ),
    _kind("Expiry.Completed", _S4, "Jobs", "Expired recovery points were deleted.", fields=_JOB),
    _kind(
        "Expiry.CompletedWithWarnings",
        _S2,
        "Jobs",
        "Some expired recovery points were deleted, others could not be.",
        actions=("Look at the job's warnings; deletion is tried again every half hour.",),
        fields=_JOB,
    ),
    _kind("Copy.Completed", _S4, "Jobs", "A recovery point has a whole copy in another region.", fields=_JOB),
    _kind(
        "Copy.Failed",
        _S2,
        "Jobs",
        "An attempt to copy a recovery point to another region failed; it begins anew after a while.",
        actions=(_LOOK_AT_JOB,),
        fields=_JOB,
    ),
    _kind("Copy.Cancelled", _S3, "Jobs", "A copy was not wanted any more when it was to be made.", fields=_JOB),
    _kind("Copy.Expired", _S4, "RecoveryPoints", "A copy in another region expired and was deleted.", fields=_POINT),
    _kind(
        "Copy.Lost",
        _S1,
        "RecoveryPoints",
        "The snapshot of a copy in another region is gone, and this app did not delete it.",
        causes=("Somebody deleted the snapshot, or its resource group, by hand or by a script.",),
        actions=("Find in the activity log who deleted it; the newest point is copied anew if it is still there.",),
        fields=_POINT,
    ),
    _kind(
        "Import.Completed",
        _S3,
        "Protection",
        "A vault of Azure Backup, or scripts' snapshots, came over.",
        fields=_JOB,
    ),
    _kind(
        "Import.CompletedWithWarnings",
        _S2,
        "Protection",
        "What was to come over, to go back or to be finished with did, but not all of it.",
        actions=("Look at the job's warnings, and ask again when their causes are gone.",),
        fields=_JOB,
    ),
    _kind(
        "Import.Failed",
        _S1,
        "Protection",
        "Moving a vault of Azure Backup, or adopting snapshots, stopped; asking again goes on where it stands.",
        actions=(_LOOK_AT_JOB,),
        fields=_JOB,
    ),
    _kind("Import.Undone", _S2, "Protection", "What had come over went back to where it came from.", fields=_JOB),
    _kind("Import.Finished", _S3, "Protection", "Azure Backup forgot what had come over.", fields=_JOB),
    _kind(
        "Restore.Started",
        _S3,
        "Jobs",
        "A restore was accepted.",
        fields={**_JOB, "targetDiskId": _text("the new disk"), "recoveryPointId": _text("what is restored")},
    ),
    _kind("RecoveryPoint.Created", _S4, "RecoveryPoints", "A disk has a new recovery point.", fields=_POINT),
    _kind("RecoveryPoint.Expired", _S4, "RecoveryPoints", "A recovery point expired and was deleted.", fields=_POINT),
    _kind(
        "RecoveryPoint.Lost",
        _S1,
        "RecoveryPoints",
        "The snapshot of a recovery point is gone, and this app did not delete it.",
        causes=("Somebody deleted the snapshot, or its resource group, by hand or by a script.",),
        actions=(
            "Take a backup on demand, and find in the activity log who deleted the snapshot.",
            "Put a CanNotDelete lock only where expiry need not delete; restrict roles on the snapshot group instead.",
        ),
        fields=_POINT,
    ),
    _kind("Protection.Configured", _S3, "Protection", "A disk is protected.", fields=_JOB),
    _kind("Protection.Cancelled", _S4, "Protection", "A later request replaced this one.", fields=_JOB),
    _kind(
        "Protection.Failed",
        _S1,
        "Protection",
        "A disk could not be protected as asked.",
        actions=(_LOOK_AT_JOB,),
        fields=_JOB,
    ),
    _kind("Protection.Stopped", _S2, "Protection", "No more backups are taken; all recovery points are kept."),
    _kind("Protection.Suspended", _S2, "Protection", "No more backups are taken; recovery points still expire."),
    _kind("Protection.Resumed", _S3, "Protection", "Backups are taken again."),
    _kind("Protection.Undeleted", _S3, "Protection", "A soft-deleted backup instance was undeleted."),
    _kind("Protection.Deleted", _S2, "Protection", "A backup instance and its recovery points are gone.", fields=_JOB),
    _kind(
        "BackupData.Deleted",
        _S0,
        "Security",
        "Somebody asked to delete a backup instance with its recovery points.",
        causes=("A person or an automation deleted a backup instance.",),
        actions=("If this was not intended, undelete it before it is purged.",),
        fields={"scheduledPurgeTime": _time("until when it can be undeleted; null: it cannot")},
    ),
    _kind(
        "Vault.Weakened",
        _S1,
        "Security",
        "Somebody asked to weaken a vault: its soft delete, its immutability, its deletion brake or restores to other "
        "subscriptions.",
        causes=("A person or an automation changed the vault; its audit records name who.",),
        actions=(
            "If this was not intended, set the former value before the effective time: until then nothing changes.",
        ),
        fields={
            "changes": {"type": "array", "items": {"type": "string"}, "description": "each setting, before -> after"},
            "effectiveTime": _time("when it takes effect"),
        },
    ),
    _kind(
        "Deletions.Stopped",
        _S1,
        "Security",
        "More disks of a vault than its share allows were about to lose recovery points within an hour, otherwise than "
        "by expiry: the rest waits until a second person says go on.",
        causes=(
            "Somebody deletes backup instances or recovery points in great number, or cleared what had kept them.",
        ),
        actions=(
            "If it is meant, have another contributor, who caused none of it, let it go (deletionBrake of the vault).",
            "If not, undelete what can be, or set a legal hold on the vault.",
        ),
        fields={
            **_BATCH,
            "reason": _text("what made the brake stop"),
        },
    ),
    _kind(
        "Deletions.LetGo",
        _S1,
        "Security",
        "A second person let deletions go that the deletion brake had stopped.",
        causes=("A person said go on; the vault's audit records name who.",),
        actions=("If this was not intended, set a legal hold on the vault: it keeps what is still there.",),
        fields={
            **_BATCH,
            "backupInstances": _count("of so many, recovery points waited"),
            "recoveryPoints": _count("so many waited, copies of them counted by themselves"),
            "callerId": _text("the object id of who said go on"),
            "reason": _text("why, in the caller's words"),
            "effectiveUntil": _time("until when they may go; what is left then waits again"),
        },
    ),
    _kind(
        "LegalHold.Set",
        _S3,
        "Security",
        "A legal hold keeps a recovery point, or all of a backup instance or vault, whoever deletes them.",
        fields=_HOLD,
    ),
    _kind(
        "LegalHold.Cleared",
        _S1,
        "Security",
        "Somebody asked to clear a legal hold; it ends at the effective time.",
        causes=("A person or an automation cleared the hold; the vault's audit records name who.",),
        actions=("If this was not intended, set the hold again under its name before the effective time.",),
        fields={
            **_HOLD,
            "clearedBy": _text("the object id of who cleared it; null: not known"),
            "effectiveTime": _time("until when it still holds"),
        },
    ),
    _kind(
        "Vault.IdentityChanged",
        _S2,
        "Security",
        "A vault uses another identity, whose permissions may differ from the former one's.",
        causes=("A person or an automation changed the vault; its audit records name who.",),
        actions=("If this was not intended, set the former identity again; compare the permissions of the two.",),
        fields={
            "identityBefore": _text("the user-assigned identity's id; \"\" for the app's own"),
            "identityAfter": _text("the same, from now on"),
        },
    ),
    _kind(
        "Vault.Rebuilt",
        _S1,
        "Security",
        "A vault's record was gone and was written anew: it has none of the settings that it had.",
        causes=("Tables were lost or damaged, and the catalogue was rebuilt or mended.",),
        actions=("Set its soft delete and immutability again, map its resource guard, then configure its instances.",),
        fields={"resourceGuardId": _text("the guard that is mapped to it; null: none, or it was lost too")},
    ),
    _kind(
        "ResourceGuard.Mapped",
        _S3,
        "Security",
        "A resource guard guards a vault: what destroys takes two people there.",
        fields={"resourceGuardId": _text("the guard"), "callerId": _text("the object id of who did it")},
    ),
    _kind(
        "ResourceGuard.Unmapped",
        _S1,
        "Security",
        "A vault is guarded by its resource guard no more: one person may destroy there.",
        causes=("Two people wanted it: one unlocked the mapping, the other deleted or replaced it.",),
        actions=("If this was not intended, map the guard again; the vault's audit records name both.",),
        fields={"resourceGuardId": _text("the guard")},
    ),
    _kind(
        "ResourceGuard.Weakened",
        _S1,
        "Security",
        "The resource guard of a vault no longer guards some operations.",
        causes=("A person or an automation took them off the guard; the subscription's audit records name who.",),
        actions=("If this was not intended, put them back: write the guard without them in its list of exclusions.",),
        fields={
            "resourceGuardId": _text("the guard"),
            "operations": {"type": "array", "items": {"type": "string"}, "description": "what it guards no more"},
        },
    ),
    _kind(
        "ResourceGuard.Unlocked",
        _S1,
        "Security",
        "Somebody unlocked a critical operation of a guarded vault for another person.",
        actions=("If nobody asked for it, ask who did it; it is locked again after the time that the event says.",),
        fields=_UNLOCK,
    ),
    _kind(
        "ResourceGuard.UnlockUsed",
        _S1,
        "Security",
        "A critical operation of a guarded vault was asked for that another person had unlocked.",
        actions=("If it was not meant so, undo it: undelete, resume or set the former value.",),
        fields=_UNLOCK,
    ),
    _kind(
        "Policy.RetentionShortened",
        _S1,
        "Security",
        "New recovery points are kept for a shorter time than before; existing ones are kept as promised.",
        causes=("A policy was changed, or a backup instance was given another one.",),
        actions=("If this was not intended, restore the former policy; points taken meanwhile are kept as promised.",),
        fields={
            "policyName": _text("the policy"),
            "rules": {"type": "array", "items": {"type": "string"}, "description": "each rule, before -> after"},
        },
    ),
    _kind(
        "Snapshot.Orphaned",
        _S2,
        "RecoveryPoints",
        "A snapshot that this app made has no recovery point; it costs money and is never deleted automatically.",
        actions=("Rebuild the catalogue if it was lost; otherwise delete the snapshot by hand.",),
        fields={"snapshotId": _text("the snapshot"), "reason": _text("why it belongs to no recovery point")},
    ),
    _kind(
        "RestoreTest.DiskOrphaned",
        _S2,
        "Jobs",
        "A temporary disk of a restore test belongs to no test on record; it costs money and is never deleted "
        "automatically.",
        causes=("Tables were lost or set back while tests had disks.",),
        actions=("Look at what the disk is attached to and made from; then delete it by hand.",),
        fields={"diskId": _text("the disk"), "testJobId": _text("the job that the disk's tag names")},
    ),
    _kind(
        "Snapshot.Foreign",
        _S2,
        "RecoveryPoints",
        "A snapshot claims to be a recovery point but is not proven to be one; it is never touched.",
        causes=("Somebody copied a snapshot with its tags, or wrote these tags by hand.",),
        actions=("Find in the activity log who made it, and take the diskbackup- tags off or delete it.",),
        fields={"snapshotId": _text("the snapshot"), "reason": _text("what does not fit")},
    ),
    _kind(
        "Snapshot.TagsChanged",
        _S2,
        "Security",
        "The tags of a recovery point's snapshot differ from its record; the record counts.",
        causes=("Somebody changed the tags by hand or by a policy.",),
        actions=("Find in the activity log who changed them: a rebuild after a loss of tables needs them.",),
        fields={
            "snapshotId": _text("the snapshot"),
            "recoveryPointId": _text("its recovery point"),
            "reason": _text("what does not fit"),
        },
    ),
    _kind(
        "Message.Poisoned",
        _S1,
        "System",
        "A step failed five times for an unforeseen reason.",
        actions=("Look for the step in the function's log, fix the cause, and run the operation again.",),
        fields={"error": _ERROR},
    ),
    _kind(
        "Event.Refused",
        _S2,
        "System",
        "The topic refused an event permanently; it is kept and listed.",
        causes=("The event is larger than the topic accepts, or the topic has another input schema.",),
        actions=("Create the topic with the CloudEvents schema; read the kept event through the API.",),
        fields={"refusedEventId": _text("the event"), "refusedEventType": _text("its type"), "error": _ERROR},
    ),
    _kind(
        "ProtectionRule.Failed",
        _S1,
        "Protection",
        "A protection rule cannot be applied to a disk; it is tried again with each run.",
        causes=("The rule's policy or vault is gone, or the disk's instance is soft-deleted.",),
        actions=("Do as the error says, or change the rule; a dry run shows what it would do.",),
        fields={"protectionRuleName": _text("the rule; null if protection was to be stopped"), "error": _ERROR},
    ),
    # Alerts: raised once for each cause and instance, told as digests.
    _kind(
        "Alert.Fired",
        _S1,
        "Jobs",
        "Something is wrong that needs an operator.",
        actions=(_LOOK_AT_JOB,),
        fields={**_DIGEST, "error": _ERROR},
    ),
    _kind("Alert.Resolved", _S4, "Jobs", "What an alert reported is over.", fields=_DIGEST),
    _kind(
        "Rpo.Breached",
        _S1,
        "Health",
        "Disks have no recovery point as recent as their objective requires.",
        causes=("Backups fail, are throttled, or were not started in time.",),
        actions=("Look at the newest jobs of the affected items.", "Is the scheduler alive? See its health endpoint."),
        fields={**_DIGEST, "error": _ERROR},
    ),
    _kind("Rpo.Recovered", _S3, "Health", "Disks meet their objective again.", fields=_DIGEST),
    _kind(
        "Permission.Lost",
        _S1,
        "Security",
        "The app's identity lacks a role that backups need.",
        causes=("A role assignment was removed, or never made for a new disk or group.",),
        actions=("Assign the role named in the error, with the command it shows.",),
        fields={**_DIGEST, "error": _ERROR},
    ),
    _kind("Permission.Regained", _S3, "Security", "The app's identity has the missing role again.", fields=_DIGEST),
    _kind(
        "SourceDisk.Deleted",
        _S1,
        "Protection",
        "A protected disk is gone. Its recovery points are kept.",
        causes=("The disk was deleted or moved.",),
        actions=("Restore it under its name and resume its protection, or delete its backup instance.",),
        fields={**_DIGEST, "error": _ERROR},
    ),
    _kind(
        "RecoveryPoint.ExpiryBlocked",
        _S2,
        "RecoveryPoints",
        "Expired recovery points cannot be deleted; they are kept and cost money.",
        causes=("A lock on the snapshot group, or a missing role.", "The snapshot's tags were changed."),
        actions=("Do as the error says; deletion is tried again every half hour.",),
        fields={**_DIGEST, "error": _ERROR},
    ),
    _kind(
        "Quota.Near",
        _S2,
        "Quota",
        "A limit of Azure is nearly reached: 500 snapshots of a disk, or those of a region.",
        actions=("Shorten the retention, lengthen the interval, or ask Azure for more.",),
        fields={**_DIGEST, "error": _ERROR},
    ),
    _kind(
        "Scheduler.Stalled",
        _S0,
        "System",
        "No backups were started for more than a few minutes.",
        causes=("The app was stopped, out of quota, or could not reach its storage.",),
        actions=("Look at the app's health; missed slots are caught up by one backup for each disk.",),
        fields={"since": _time("the last tick before the silence"), "missedSlots": _count("slots that fell into it")},
    ),
    _kind(
        "Tables.SetBack",
        _S1,
        "System",
        "The app's tables are older than what they describe: nothing is deleted or restored until an operator resumes.",
        causes=("The storage account's tables were restored from a copy, or the account failed over to its copy.",),
        actions=(
            "Repeat what was stopped, deleted or changed since then; the audit log and the events list it.",
            "Then resume: POST diskbackup/catalogue/resume, with the master key.",
        ),
        fields=_SET_BACK,
    ),
    _kind("Tables.Resumed", _S3, "System", "An operator resumed after the tables had been set back.", fields=_SET_BACK),
    _kind("Scheduler.Recovered", _S2, "System", "Backups are started on time again.", fields={"since": _time("when")}),
)
KINDS: Mapping[str, EventKind] = {kind.type: kind for kind in _KINDS}


def kind_of(event_type: str) -> EventKind:
    """Raises KeyError for a type that the table does not list: a fault in this product."""
    return KINDS[event_type]


def data_schema(kind: EventKind) -> dict[str, Any]:
    """The JSON schema (2020-12) of the data of `kind`: closed, lest something is published that is not written down."""
    required = ["severity", "category", "description", "vaultId", "affectedItems", "affectedItemCount"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind.type,
        "type": "object",
        "properties": {**COMMON, **kind.fields},
        "required": [*required, "possibleCauses", "recommendedActions", *kind.fields],
        "additionalProperties": False,
    }

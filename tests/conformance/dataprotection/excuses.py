"""What differs from Azure's recorded answers, and why each difference is right or does no harm.

An excuse that excuses nothing fails the test.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tests.conformance.dataprotection.comparing import Difference

ANY = r".*"


class Excuse(NamedTuple):
    """Three patterns, each of a whole text: of an exchange's label, of a field's path, of what differs there."""

    exchange: str
    path: str
    what: str
    reason: str

    def covers(self, difference: Difference) -> bool:
        texts = (difference.label, difference.path, difference.what)
        return all(re.fullmatch(pattern, text) for pattern, text in zip(self[:3], texts, strict=True))


EXCUSES: tuple[Excuse, ...] = (
    # What is not offered: answered with ARM's error, which the test checks of every refusal.
    Excuse(
        r".* resourcegroups/\* 200",
        "status",
        "is 404 InvalidResourceType",
        "resource groups are ARM's own; an app at the end of one URL has none",
    ),
    # Azure Resource Graph.
    Excuse(
        r".* POST resources 200",
        ANY,
        "order of fields .*",
        "Resource Graph keeps no order of fields: two recorded rows of one query differ in theirs",
    ),
    Excuse(
        r"recovery_point_list \d+ POST resources 200",
        "data|count|totalRecords",
        "(number of elements )?1 is 0",
        "the instance of a database, recorded for its second region: only disks are backed up here",
    ),
    Excuse(
        r".* POST resources 200",
        r"data\[\]\.properties\.featureSettings",
        "is missing",
        "the switch for restores in another region, which needs none here: copies are made by copy rules",
    ),
    Excuse(
        r"job_list_and_show \d+ POST resources 200",
        r"count|totalRecords|data\[\]",
        r"\d+ is \d+|job of (ConfigureProtection|ExpireRecoveryPoints) was never listed|order of time .*",
        "what Azure does unseen is a job here too; newest first, where Azure promises no order",
    ),
    Excuse(
        r"job_list_and_show \d+ POST resources 200",
        r"data\[\]\.properties\.extendedInfo\.additionalDetails\.Slot",
        "was never sent",
        "which slot of the schedule the backup is of; clients show this object as it is",
    ),
    Excuse(
        r".* POST locations/\*/fetch(SecondaryRecoveryPoints|CrossRegionRestoreJob) 200",
        "status",
        "is 404 ResourceNotFound",
        "the instance and the restore of a database in its second region: only disks are backed up here",
    ),
    Excuse(
        r".* POST locations/\*/fetchCrossRegionRestoreJobs 200",
        "value",
        "number of elements 1 is 0",
        "the same restore of a database, in a list",
    ),
    Excuse(
        r"backup_policy_create_and_delete (5|7|9) PUT backupPolicies/\* 200",
        "status",
        "is 400 BadRequest",
        "policies of blobs, PostgreSQL and AKS: only disks are backed up here",
    ),
    Excuse(
        r"backup_policy_create_and_delete (6|8|10) DELETE backupPolicies/\* 200",
        "status",
        "is 204",
        "the same policies, deleted: they were refused, and what is not there answers 204, as Azure's does",
    ),
    Excuse(
        ANY,
        r"value\[\]",
        "Microsoft.Storage/storageAccounts is left out",
        "the recorded vault also held instances and jobs of storage accounts",
    ),
    # Vaults.
    Excuse(
        r".* backupVaults/\* 20[01]",
        r"identity\.userAssignedIdentities\..*\.(clientId|principalId)",
        "was never sent",
        "told in the first answer, too, which Azure leaves to the next",
    ),
    Excuse(
        r".* backupVaults(/\*)? 20[01]",
        r"(value\[\]\.)?properties\.featureSettings",
        "is missing",
        "the switch for restores in another region, which is refused here and left out of the requests: copies are "
        "made by copy rules, and can be restored without it",
    ),
    Excuse(
        r"backup_vault_update 31 PUT backupVaults/\* 400",
        "status",
        "is 201",
        "the switch for restores in another region does nothing here, so that it can always be switched off",
    ),
    Excuse(
        r".* backupVaults(/\*)? 20[01]",
        r"(value\[\]\.)?properties\.replicatedRegions",
        "number of elements 1 is 0",
        "where Azure keeps a copy of a geo-redundant vault; here the regions of its copy rules, of which it has none",
    ),
    Excuse(
        r".* locations/\*/operationStatus/\* 200",
        "status|endTime",
        r"'(Inprogress|0001-01-01T00:00:00Z)' is '.*'",
        "deleting a vault is over at once here",
    ),
    # Operations.
    Excuse(
        r".* operationStatus/\* 200",
        "header retry-after",
        "was never sent",
        "without it both of Azure's clients sleep 30 s between two polls (measured); Azure sent it in other years",
    ),
    Excuse(
        r"backup_instance_update_protection (2|10) GET operationStatus/\* 200",
        "status|endTime",
        r"'(Inprogress|0001-01-01T00:00:00Z)' is '.*'",
        "stopping and suspending is one write here, over at once",
    ),
    Excuse(
        r"backup_instance_create_(and_delete_disk (2|6)|backup_delete_disk (4|8)) GET operationStatus/\* 200",
        "status|endTime",
        r"'(Inprogress|0001-01-01T00:00:00Z)' is '.*'",
        "a validation has looked at everything before it is answered, so that no client waits for its next poll",
    ),
    # Instances.
    Excuse(
        r".* GET backupInstances(/\*)? 200",
        r"(value\[\]\.)?properties\.(currentProtectionState|protectionStatus\.status)",
        "'ConfiguringProtection' is 'ProtectionConfigured'",
        "Azure goes on configuring for a while after the operation has succeeded; here the two end together",
    ),
    Excuse(
        r"backup_instance_update_policy \d+ PUT backupInstances/\* 201",
        r"properties\.policyInfo\.policyId",
        r"'.*/(alt)?blobpolicy' is '.*/(alt)?blobpolicy'",
        "Azure answers with the old policy until the move is done; here the new one is written with the request",
    ),
    Excuse(
        r"backup_instance_create_and_delete_disk 0 GET backupInstances/\* 404",
        r"error\..*",
        ANY,
        "the group does not exist: ARM's front door says so before the service is asked, in a shorter error; an app "
        "knows no groups and misses the resource",
    ),
    # Recovery points.
    Excuse(
        r".* GET backupInstances/\*/recoveryPoints(/\*)? 200",
        r"(value\[\]\.)?properties\.recoveryPointState",
        "null is str",
        "Azure leaves it empty for disks; the word is one of its values, and what is being deleted is told by it",
    ),
    Excuse(
        r".* GET backupInstances/\*/recoveryPoints/\* 200",
        r"properties\.recoveryPointDataStoresDetails\[\]\.metaData>\[\]\.snapshotName",
        r"'AzureBackup_.*' is 'bk-.*'",
        "a snapshot of ours does not call itself Azure's",
    ),
    Excuse(
        r"restorable_time_range_find [0-8] POST .* 200",
        r"properties\.restorableTimeRanges",
        "number of elements 1 is 0",
        "recorded of blobs, which can be restored to any time; a disk has points, and no range between them",
    ),
    Excuse(
        r"restorable_time_range_find (9|10|11|12) POST .* (400|500)",
        "status",
        "is 200",
        "Azure stumbles over one bound without the other in some ways of writing a time (and not in others: exchange "
        "8); either bound may be left out here",
    ),
    # Jobs.
    Excuse(
        r".* GET backupJobs 200",
        r"value\[\]",
        r"job of (ConfigureProtection|ExpireRecoveryPoints) was never listed",
        "what Azure does unseen is a job here too, so that its failures are seen",
    ),
    Excuse(
        r".* GET backupJobs 200",
        r"value\[\]",
        "order of time up is down",
        "newest first, as the first page should hold what one looks for; Azure promises no order",
    ),
    Excuse(
        r".* GET backupJobs 200",
        r"value\[\]\.properties\.extendedInfo",
        "null is dict",
        "more than Azure shows in a list: why a job failed needs no second request",
    ),
    Excuse(
        r".* GET backupJobs/\* 200",
        r"properties\.extendedInfo\.additionalDetails\.RetentionTag",
        "'default' is 'Default'",
        "Azure writes the tag of an on-demand backup in small letters; here it is named as in the policy",
    ),
    Excuse(
        r".* GET backupJobs/\* 200",
        r"properties\.extendedInfo\.additionalDetails\.Slot",
        "was never sent",
        "which slot of the schedule the backup is of; clients show this object as it is",
    ),
    Excuse(
        r".* GET backupJobs/\* 200",
        r"properties\.extendedInfo\.subTasks\[\]\.taskProgress",
        "null is str",
        "the progress of the disk provider, where Azure has none",
    ),
    # Errors.
    Excuse(
        r".* 400",
        r"error\.additionalInfo\[\]\.info\.isUserError",
        "False is True",
        "Azure says of its UserErrors that they are none; no client looks at it, and a reader is better told the truth",
    ),
    Excuse(
        r".* 400",
        r"error\.(additionalInfo\[\]\.info\.)?(target|details)",
        r"(null|'') is .*",
        "Azure leaves unsaid which field is meant",
    ),
    Excuse(
        r".* 400",
        r"error\.additionalInfo\[\]\.info\.recommendedAction\[\]",
        ANY,
        "advice in our own words: there is no support to turn to",
    ),
)

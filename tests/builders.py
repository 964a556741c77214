"""Domain values for tests: sound by default, each field changed by name where a test is about it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from backup_core.domain.copying import PointCopy, copy_id, lane_key
from backup_core.domain.hold import Hold
from backup_core.domain.instance import ActiveBackup, BackupInstance, PointSummary, ProtectionState
from backup_core.domain.job import Job, JobOperation, job_id
from backup_core.domain.naming import point_id, scheduled_job_id
from backup_core.domain.naming import snapshot_id as name_of_snapshot
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import GroupId, VaultKey
from backup_core.domain.vault import Vault

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday
SUBSCRIPTION = "11111111-1111-4111-8111-111111111111"
OTHER_SUBSCRIPTION = "22222222-2222-4222-8222-222222222222"
VAULT = VaultKey(subscription=SUBSCRIPTION, group="backup-rg", name="vault-1")
SNAPSHOT_GROUP = GroupId(subscription=SUBSCRIPTION, group="snapshots-rg")
DISK_GROUP = GroupId(subscription=SUBSCRIPTION, group="disks-rg")
TARGET_GROUP = GroupId(subscription=SUBSCRIPTION, group="restored-rg")


def disk_id(name: str = "disk-1", group: GroupId = DISK_GROUP) -> str:
    return f"{group.text}/providers/Microsoft.Compute/disks/{name}"


def snapshot_id(name: str = "snapshot-1", group: GroupId = SNAPSHOT_GROUP) -> str:
    return f"{group.text}/providers/Microsoft.Compute/snapshots/{name}"


def disk_json(
    name: str = "disk-1",
    *,
    group: GroupId = DISK_GROUP,
    location: str = "westeurope",
    sku: str = "Premium_LRS",
    size_gb: int = 128,
    zones: Sequence[str] = (),
    tags: Mapping[str, str] | None = None,
    **properties: Any,
) -> dict[str, Any]:
    """A disk as ARM's GET shows it; `properties` are ARM's own."""
    raw: dict[str, Any] = {
        "id": disk_id(name, group),
        "name": name,
        "type": "Microsoft.Compute/disks",
        "location": location,
        "tags": dict(tags or {}),
        "sku": {"name": sku, "tier": sku.split("_")[0]},
        "properties": {
            "creationData": {"createOption": "Empty"},
            "diskSizeGB": size_gb,
            "diskSizeBytes": size_gb << 30,
            "diskIOPSReadWrite": 500,
            "diskMBpsReadWrite": 100,
            "encryption": {"type": "EncryptionAtRestWithPlatformKey"},
            "networkAccessPolicy": "AllowAll",
            "publicNetworkAccess": "Enabled",
            "timeCreated": "2026-01-05T08:30:15.1234567+00:00",
            "provisioningState": "Succeeded",
            "diskState": "Unattached",
            "uniqueId": str(uuid.uuid5(uuid.NAMESPACE_URL, disk_id(name, group))),
            **properties,
        },
    }
    if zones:
        raw["zones"] = list(zones)
    return raw


def machine_id(name: str = "vm-1", group: GroupId = DISK_GROUP) -> str:
    return f"{group.text}/providers/Microsoft.Compute/virtualMachines/{name}"


def machine_json(
    name: str = "vm-1",
    *,
    os_disk: str | None = None,
    data_disks: Mapping[int, str] | None = None,
    group: GroupId = DISK_GROUP,
    zones: Sequence[str] = (),
    **properties: Any,
) -> dict[str, Any]:
    """A virtual machine as ARM's GET shows it; disks by their ids, data disks by LUN."""
    managed = {"managedDisk": {"id": os_disk, "storageAccountType": "Premium_LRS"}} if os_disk else {}
    listed = [
        {
            "lun": lun,
            "name": disk.rpartition("/")[2],
            "createOption": "Attach",
            "caching": "ReadOnly",
            "deleteOption": "Detach",
            "managedDisk": {"id": disk, "storageAccountType": "Premium_LRS"},
        }
        for lun, disk in (data_disks or {}).items()
    ]
    os_profile = {
        "osType": "Linux",
        "name": (os_disk or "os").rpartition("/")[2],
        "createOption": "FromImage",
        "caching": "ReadWrite",
        "deleteOption": "Detach",
        **managed,
    }
    raw: dict[str, Any] = {
        "id": machine_id(name, group),
        "name": name,
        "type": "Microsoft.Compute/virtualMachines",
        "location": "westeurope",
        "properties": {
            "vmId": str(uuid.uuid5(uuid.NAMESPACE_URL, machine_id(name, group))),
            "hardwareProfile": {"vmSize": "Standard_D4s_v5"},
            "storageProfile": {"osDisk": os_profile, "dataDisks": listed},
            "provisioningState": "Succeeded",
            **properties,
        },
    }
    return raw | ({"zones": list(zones)} if zones else {})


def policy_properties(
    *,
    intervals: Sequence[str] = ("R/2026-03-01T00:00:00+00:00/PT4H",),
    time_zone: str = "UTC",
    retention: str = "P7D",
    tags: Mapping[str, tuple[str, str]] | None = None,
    rule_name: str = "BackupHourly",
) -> dict[str, Any]:
    """A policy's properties on Azure's wire; `tags` maps a tag to its criterion and duration."""
    chosen = dict(tags or {})
    priorities = {"Yearly": 10, "Monthly": 15, "Weekly": 20, "Daily": 25}
    criteria: list[dict[str, Any]] = [
        {
            "isDefault": False,
            "taggingPriority": priorities.get(name, 30 + place),
            "tagInfo": {"id": f"{name}_", "tagName": name},
            "criteria": [{"objectType": "ScheduleBasedBackupCriteria", "absoluteCriteria": [criterion]}],
        }
        for place, (name, (criterion, _)) in enumerate(chosen.items())
    ]
    default = {"isDefault": True, "taggingPriority": 99, "tagInfo": {"id": "Default_", "tagName": "Default"}}
    backup_rule = {
        "objectType": "AzureBackupRule",
        "name": rule_name,
        "backupParameters": {"objectType": "AzureBackupParams", "backupType": "Incremental"},
        "dataStore": {"dataStoreType": "OperationalStore", "objectType": "DataStoreInfoBase"},
        "trigger": {
            "objectType": "ScheduleBasedTriggerContext",
            "schedule": {"repeatingTimeIntervals": list(intervals), "timeZone": time_zone},
            "taggingCriteria": [*criteria, default],
        },
    }
    durations = {**{name: duration for name, (_, duration) in chosen.items()}, "Default": retention}
    return {
        "objectType": "BackupPolicy",
        "datasourceTypes": ["Microsoft.Compute/disks"],
        "policyRules": [backup_rule, *(_retention_rule(name, duration) for name, duration in durations.items())],
    }


def _retention_rule(name: str, duration: str) -> dict[str, Any]:
    return {
        "objectType": "AzureRetentionRule",
        "name": name,
        "isDefault": name == "Default",
        "lifecycles": [
            {
                "deleteAfter": {"objectType": "AbsoluteDeleteOption", "duration": duration},
                "sourceDataStore": {"dataStoreType": "OperationalStore", "objectType": "DataStoreInfoBase"},
            }
        ],
    }


def policy(name: str = "policy-1", **properties: Any) -> BackupPolicy:
    """See `policy_properties` for what can be chosen."""
    return BackupPolicy.parse(name, policy_properties(**properties))


def vault(key: VaultKey = VAULT, **changes: Any) -> Vault:
    values: dict[str, Any] = {
        "key": key,
        "location": "westeurope",
        "created_at": NOW,
        "tags": {"team": "storage"},
        "properties": vault_properties(soft_delete="Off"),
    }
    return Vault(**(values | changes))


def vault_properties(
    *, soft_delete: str = "On", days: float = 14, immutability: str = "Disabled", cross_subscription: str = "Enabled"
) -> dict[str, Any]:
    return {
        "storageSettings": [{"datastoreType": "OperationalStore", "type": "LocallyRedundant"}],
        "securitySettings": {
            "softDeleteSettings": {"state": soft_delete, "retentionDurationInDays": days},
            "immutabilitySettings": {"state": immutability},
        },
        "featureSettings": {"crossSubscriptionRestoreSettings": {"state": cross_subscription}},
    }


def instance(name: str = "instance-1", *, disk: str | None = None, **changes: Any) -> BackupInstance:
    values: dict[str, Any] = {
        "name": name,
        "generation": "g1",
        "revision": 1,
        "friendly_name": (disk or disk_id()).rsplit("/", 1)[1],
        "disk_id": disk or disk_id(),
        "disk_location": "westeurope",
        "snapshot_group_id": SNAPSHOT_GROUP.text,
        "state": ProtectionState.CONFIGURED,
        "created_at": NOW - timedelta(days=1),
    }
    if "policy" not in changes:
        values["policy"] = policy()
    return BackupInstance(**(values | changes))


def job(instance_name: str = "instance-1", *, at: datetime = NOW, **changes: Any) -> Job:
    operation = changes.get("operation", JobOperation.BACKUP)
    values: dict[str, Any] = {
        "job_id": job_id(at, operation, VAULT.partition, instance_name),
        "operation": operation,
        "instance_name": instance_name,
        "created_at": at,
        "touched_at": at,
        "policy_name": "policy-1",
        "disk_id": disk_id(),
        "disk_location": "westeurope",
    }
    return Job(**(values | changes))


def point(instance_name: str = "instance-1", *, at: datetime = NOW, **changes: Any) -> RecoveryPoint:
    """As a backup of the time before the installation id recorded it, of the disk of the instance's name."""
    disk = instance_name if instance_name.startswith("disk-") else "disk-1"
    own_job = scheduled_job_id(VAULT, instance_name, "g1", at)
    values: dict[str, Any] = {
        "instance_name": instance_name,
        "point_id": point_id(VAULT, instance_name, own_job, at),
        "snapshot_id": name_of_snapshot(VAULT, instance_name, disk, SNAPSHOT_GROUP, own_job, at),
        "created_at": at,
        "completed_at": at + timedelta(seconds=5),
        "expires_at": at + timedelta(days=7),
        "tag_name": "Default",
        "policy_name": "policy-1",
        "slot": at,
        "job_id": own_job,
        "disk_id": disk_id(disk),
        "disk_size_bytes": 128 << 30,
        "location": "westeurope",
        "disk": disk_json(disk),
    }
    return RecoveryPoint(**(values | changes))


def copy(instance_name: str = "instance-1", *, at: datetime = NOW, **changes: Any) -> PointCopy:
    """One that waits, of the point that was taken `at`, by a rule that keeps it for 30 days."""
    source = point(instance_name, at=at)
    lane = lane_key(SUBSCRIPTION, "northeurope")
    values: dict[str, Any] = {
        "instance_name": instance_name,
        "copy_id": copy_id(VAULT, instance_name, source.point_id, lane, at),
        "point_id": source.point_id,
        "lane": lane,
        "location": "northeurope",
        "group_id": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/copies-rg",
        "rule_name": "north",
        "tag_name": source.tag_name,
        "retention": "P30D",
        "source_id": source.snapshot_id,
        "source_unique_id": "",
        "point_at": at,
        "expires_at": at + timedelta(days=30),
        "disk_size_bytes": source.disk_size_bytes,
    }
    return PointCopy(**(values | changes))


def hold(reason: str = "a court asked for it", **changes: Any) -> Hold:
    values: dict[str, Any] = {"name": "case-1", "reason": reason, "set_at": NOW, "set_by": "an-officer"}
    return Hold(**(values | changes))


def active_backup(running: Job | None = None, **changes: Any) -> ActiveBackup:
    values: dict[str, Any] = {
        "job": running or job(),
        "snapshot_id": snapshot_id(),
        "disk": disk_json(),
        "watch_due_at": NOW + timedelta(seconds=45),
    }
    return ActiveBackup(**(values | changes))


def summary_of(newest: RecoveryPoint) -> PointSummary:
    return PointSummary(
        point_id=newest.point_id,
        created_at=newest.created_at,
        expires_at=newest.expires_at,
        disk_bytes=newest.disk_size_bytes,
    )

"""A vault of Azure Disk Backup in ARM's JSON, shaped as recorded (api-version 2024-04-01), for the fakes and for the
simulator: what it holds is made up, how it is written is not.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from backup_core.domain.disk import Disk, Snapshot
from backup_core.domain.resource_ids import SNAPSHOT, GroupId, VaultKey
from tests.builders import DISK_GROUP, SNAPSHOT_GROUP, SUBSCRIPTION, disk_json, policy_properties
from tests.fakes import World

TYPE = "Microsoft.DataProtection/backupVaults"
OLD = VaultKey(subscription=SUBSCRIPTION, group="azure-backup-rg", name="old-vault")
HOUR = timedelta(hours=1)


def vault_json(key: VaultKey = OLD, *, location: str = "westeurope") -> dict[str, Any]:
    return {
        "location": location,
        "identity": {
            "type": "SystemAssigned",
            "principalId": "1045fab6-7d26-430b-aa82-0379b7bba65d",
            "tenantId": "72f988bf-86f1-41af-91ab-2d7cd011db47",
        },
        "properties": {
            "provisioningState": "Succeeded",
            "storageSettings": [{"datastoreType": "VaultStore", "type": "LocallyRedundant"}],
            "isVaultProtectedByResourceGuard": False,
            "securitySettings": {"softDeleteSettings": {"state": "Off", "retentionDurationInDays": 14.0}},
            "secureScore": "None",
            "bcdrSecurityLevel": "Poor",
            "replicatedRegions": [],
        },
        "id": key.resource_id,
        "name": key.name,
        "type": TYPE,
    }


def policy_json(name: str = "diskpolicy", *, vault: VaultKey = OLD, **properties: Any) -> dict[str, Any]:
    return {
        "properties": policy_properties(**({"retention": "P30D"} | properties)),
        "id": f"{vault.resource_id}/backupPolicies/{name}",
        "name": name,
        "type": f"{TYPE}/backupPolicies",
    }


def instance_json(
    disk_id: str,
    *,
    vault: VaultKey = OLD,
    policy: str = "diskpolicy",
    group: GroupId = SNAPSHOT_GROUP,
    state: str = "ProtectionConfigured",
    kind: str = "Microsoft.Compute/disks",
    name: str | None = None,
) -> dict[str, Any]:
    disk = disk_id.rsplit("/", 1)[1]
    name = name or f"{disk}-{disk}-{uuid.uuid5(uuid.NAMESPACE_URL, disk_id)}"
    store = {
        "dataStoreType": "OperationalStore",
        "objectType": "AzureOperationalStoreParameters",
        "resourceGroupId": group.text,
    }
    return {
        "tags": {"Owner": "dppclitest"},
        "properties": {
            "friendlyName": disk,
            "dataSourceInfo": {
                "resourceID": disk_id,
                "resourceUri": "",
                "datasourceType": kind,
                "resourceName": disk,
                "resourceType": kind,
                "resourceLocation": "westeurope",
                "objectType": "Datasource",
            },
            "policyInfo": {
                "policyId": f"{vault.resource_id}/backupPolicies/{policy}",
                "policyParameters": {"dataStoreParametersList": [store]},
            },
            "protectionStatus": {"status": state},
            "currentProtectionState": state,
            "provisioningState": "Succeeded",
            "objectType": "BackupInstance",
        },
        "id": f"{vault.resource_id}/backupInstances/{name}",
        "name": name,
        "type": f"{TYPE}/backupInstances",
    }


def point_json(
    instance_id: str,
    snapshot: Snapshot,
    *,
    kept: timedelta = timedelta(days=30),
    tag: str = "Default",
    policy: str = "diskpolicy",
) -> dict[str, Any]:
    """As read alone. The point is 20 seconds younger than its snapshot, as recorded."""
    made = snapshot.created_at + timedelta(seconds=20)
    name = uuid.uuid5(uuid.NAMESPACE_URL, f"{instance_id} {snapshot.id}").hex
    parts = snapshot.id.split("/")
    disk = {
        "diskName": snapshot.source_id.rsplit("/", 1)[1],
        "sizeBytes": snapshot.size_bytes,
        "diskSnapshotConsistency": "CrashConsistent",
        "subscriptionId": snapshot.source_id.split("/")[2],
        "location": snapshot.location,
        "resourceGroupName": snapshot.source_id.split("/")[4],
        "skuName": "StandardSSD_LRS",
        "osType": "",
        "managedBy": None,
        "snapshotSubscriptionId": parts[2],
        "snapshotRGName": parts[4],
        "snapshotName": parts[8],
    }
    store = {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, OLD.resource_id)),
        "type": "OperationalStore",
        "creationTime": stamp(made),
        "expiryTime": stamp(made + kept),
        "metaData": json.dumps([disk]),
        "visible": True,
        "state": "COMMITTED",
        "rehydrationExpiryTime": None,
        "rehydrationStatus": None,
    }
    return {
        "properties": {
            "objectType": "AzureBackupDiscreteRecoveryPoint",
            "recoveryPointId": name,
            "recoveryPointTime": stamp(made + timedelta(seconds=70)),
            "recoveryPointType": "Incremental",
            "friendlyName": name,
            "recoveryPointDataStoresDetails": [store],
            "retentionTagName": tag,
            "retentionTagVersion": "638224851417049008",
            "policyName": policy,
            "policyVersion": None,
            "expiryTime": stamp(made + kept),
            "recoveryPointState": None,
        },
        "id": f"{instance_id}/recoveryPoints/{name}",
        "name": name,
        "type": f"{TYPE}/backupInstances/recoveryPoints",
    }


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def snapshot_name(disk_id: str, at: datetime) -> str:
    """As Azure Backup names its snapshots (recorded)."""
    return f"AzureBackup_{uuid.uuid5(uuid.NAMESPACE_URL, disk_id)}_{at:%Y-%m-%dT%H-%M-%S.%f}0"


def stock(world: World, *, disks: int = 2, points: int = 3, **policy: Any) -> list[str]:
    """A vault with a policy and instances of new disks, each with points of the last hours, the newest an hour old.
    Answers the instances' names."""
    world.azure_backup.add(vault_json())
    world.azure_backup.add(policy_json(**policy))
    names = []
    for number in range(disks):
        disk = world.cloud.add_disk(disk_json(f"old-{number}", group=DISK_GROUP))
        instance = instance_json(disk.id)
        names.append(instance["name"])
        world.azure_backup.add(instance)
        for age in range(points, 0, -1):
            back_up(world, instance["id"], disk, at=world.clock.now() - age * HOUR)
    return names


def back_up(world: World, instance_id: str, disk: Disk, *, at: datetime, **point: Any) -> Mapping[str, Any]:
    """Azure Backup takes a snapshot and records a point; answers the point."""
    name = f"{SNAPSHOT_GROUP.text}/providers/{SNAPSHOT}/{snapshot_name(disk.id, at)}"
    snapshot = world.cloud.add_snapshot(name, source=disk, tags={"CreatedBy": "AzureBackup"}, at=at)
    made = point_json(instance_id, snapshot, **point)
    world.azure_backup.add(made)
    return made

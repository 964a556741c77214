"""Every field of a managed disk in azure-mgmt-compute: does backup record it, does restore send it, why not, says who.

A field that Microsoft adds fails the first test until a row here says what becomes of it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints

import pytest
from azure.mgmt.compute import models
from azure.mgmt.compute._utils.model_base import Model

from backup_core.domain.restored_disk import Wishes, restored_disk
from tests.builders import disk_id
from tests.workflows.scenes import DAILY_AT_NOON, protected

SENT, CARRIED, NOT_SENT = "sent", "carried by the snapshot", "not sent"


@dataclass(frozen=True)
class Row:
    """Backup records every field, as it keeps the disk's whole GET body; `becomes` is what restore makes of it."""

    becomes: str
    why: str
    source: str


def sent(why: str, source: str) -> Row:
    return Row(SENT, why, source)


def carried(source: str) -> Row:
    return Row(CARRIED, "the new disk has it from the snapshot, which has it from the disk", source)


def not_sent(why: str, source: str = "models of azure-mgmt-compute 39: read only") -> Row:
    return Row(NOT_SENT, why, source)


READ_ONLY = not_sent("Azure's to set")
OTHER_WAY = not_sent("belongs to another way of creating a disk", "models: required for other values of createOption")
MODELS = "models of azure-mgmt-compute 39"
RECORDED = "recorded: Azure/azure-libraries-for-net, CreateVirtualMachineUsingSpecializedDiskFromSnapshotTest"
SECURITY = "reported: Azure/azure-cli#22561 (400 beside Copy), Azure/azure-sdk-for-python#30479 (inherited)"

FIELDS: Mapping[str, Row] = {
    "id": not_sent("the new disk's own, in the URL"),
    "name": not_sent("the new disk's own, in the URL"),
    "type": READ_ONLY,
    "systemData": READ_ONLY,
    "location": sent("that of the snapshot", "documented: a disk is created in its snapshot's region"),
    "tags": sent("as many as there is room for beside ours and the request's", "documented: tag-resources, 50"),
    "managedBy": READ_ONLY,
    "managedByExtended": READ_ONLY,
    "sku.name": sent("or the one asked for", RECORDED),
    "sku.tier": READ_ONLY,
    "zones": sent("or the one asked for; none for zone-redundant disks", "documented: Disks - Create Or Update"),
    "extendedLocation.name": sent("edge zones", "documented: Disks - Create Or Update"),
    "extendedLocation.type": sent("edge zones", "documented: Disks - Create Or Update"),
    "properties.timeCreated": READ_ONLY,
    "properties.osType": sent("accepted beside Copy", RECORDED),
    "properties.hyperVGeneration": sent("accepted beside Copy", "recorded: azure-cli, test_vm_managed_disk (2021)"),
    "properties.purchasePlan.name": carried(MODELS),
    "properties.purchasePlan.publisher": carried(MODELS),
    "properties.purchasePlan.product": carried(MODELS),
    "properties.purchasePlan.promotionCode": carried(MODELS),
    "properties.supportedCapabilities.diskControllerTypes": carried(MODELS),
    "properties.supportedCapabilities.acceleratedNetwork": carried(MODELS),
    "properties.supportedCapabilities.architecture": carried(MODELS),
    "properties.supportedCapabilities.supportedSecurityOption": carried(
        f"{MODELS}; Azure/azure-cli#31842: set with Import and Upload only"
    ),
    "properties.creationData.createOption": sent("Copy, whatever the source's was", RECORDED),
    "properties.creationData.sourceResourceId": sent("the snapshot", RECORDED),
    "properties.creationData.sourceUniqueId": READ_ONLY,
    "properties.creationData.storageAccountId": OTHER_WAY,
    "properties.creationData.imageReference": OTHER_WAY,
    "properties.creationData.galleryImageReference": OTHER_WAY,
    "properties.creationData.sourceUri": OTHER_WAY,
    "properties.creationData.uploadSizeBytes": OTHER_WAY,
    "properties.creationData.securityDataUri": OTHER_WAY,
    "properties.creationData.securityMetadataUri": OTHER_WAY,
    "properties.creationData.elasticSanResourceId": OTHER_WAY,
    "properties.creationData.provisionedBandwidthCopySpeed": OTHER_WAY,
    "properties.creationData.instantAccessDurationMinutes": not_sent("of snapshots only", MODELS),
    "properties.creationData.logicalSectorSize": carried("documented: inherited from the parent"),
    "properties.creationData.performancePlus": sent(
        "where size and kind allow, else the job says so", "documented: disks-enable-performance"
    ),
    "properties.diskSizeGB": sent("or a larger one", RECORDED),
    "properties.diskSizeBytes": READ_ONLY,
    "properties.uniqueId": READ_ONLY,
    "properties.encryptionSettingsCollection": not_sent(
        "Azure Disk Encryption; such disks are not backed up", "documented: Azure Disk Backup, support matrix"
    ),
    "properties.provisioningState": READ_ONLY,
    "properties.diskIOPSReadWrite": sent("Premium SSD v2 and Ultra; others have it by size", f"{MODELS}; documented"),
    "properties.diskMBpsReadWrite": sent("Premium SSD v2 and Ultra; others have it by size", f"{MODELS}; documented"),
    "properties.diskIOPSReadOnly": sent(
        "Premium SSD v2 and Ultra, shared or not", "recorded: azure-cli, test_vm_disk_max_shares_etc"
    ),
    "properties.diskMBpsReadOnly": sent(
        "Premium SSD v2 and Ultra, shared or not", "recorded: azure-cli, test_vm_disk_max_shares_etc"
    ),
    "properties.diskState": READ_ONLY,
    "properties.encryption.diskEncryptionSetId": sent(
        "a customer's key", "documented: disk-encryption; reported: kubernetes-sigs/azuredisk-csi-driver#2609"
    ),
    "properties.encryption.type": sent("with a customer's key", "documented: disk-encryption"),
    "properties.maxShares": sent("up to what size and kind allow, else the job says so", "documented: disks-shared"),
    "properties.shareInfo": READ_ONLY,
    "properties.networkAccessPolicy": sent("no copy inherits it", "recorded: AllowAll on copies; documented"),
    "properties.diskAccessId": sent("with AllowPrivate only", "reported: Azure/azure-cli#28510"),
    "properties.publicNetworkAccess": sent("no copy inherits it", "recorded: Enabled on copies; documented"),
    "properties.dataAccessAuthMode": sent("no copy inherits it", "documented: disks-secure-upload-download"),
    "properties.burstingEnabledTime": READ_ONLY,
    "properties.tier": sent("one that was raised above the new size's own", "documented: disks-change-performance"),
    "properties.burstingEnabled": sent(
        "Premium SSD above 512 GB", "reported: hashicorp/terraform-provider-azurerm#14137; documented: disk-bursting"
    ),
    "properties.propertyUpdatesInProgress": READ_ONLY,
    "properties.supportsHibernation": carried(MODELS),
    "properties.securityProfile.securityType": carried(SECURITY),
    "properties.securityProfile.secureVMDiskEncryptionSetId": carried(SECURITY),
    "properties.securityProfile.confidentialVMVersion": READ_ONLY,
    "properties.completionPercent": not_sent("Azure's account of the copy", MODELS),
    "properties.optimizedForFrequentAttach": sent("the disk's own", "documented: Disks - Create Or Update"),
    "properties.LastOwnershipUpdateTime": READ_ONLY,
    "properties.availabilityPolicy.actionOnDiskDelay": sent("the disk's own", f"{MODELS}; az disk create documents it"),
}


def fields_of(model: type, prefix: str = "") -> Iterator[str]:
    """Paths of all fields on the wire, down to values; below a field that is never sent as one nobody looks."""
    hints = get_type_hints(model, {**vars(models._models), "_models": models})
    for attribute, hint in hints.items():
        descriptor = inspect.getattr_static(model, attribute, None)
        if descriptor is None or not hasattr(descriptor, "_rest_name_input"):
            continue
        path = f"{prefix}{descriptor._rest_name_input or attribute}"
        inner = next((kind for kind in _kinds(hint) if issubclass(kind, Model)), None)
        is_list = "List" in str(hint) or "list" in str(hint)
        if inner is None or is_list or path in FIELDS:
            yield path
        else:
            yield from fields_of(inner, f"{path}.")


def _kinds(hint: Any) -> Iterator[type]:
    for part in get_args(hint) or (hint,):
        if isinstance(part, type):
            yield part
        elif get_args(part):
            yield from _kinds(part)


def test_every_field_of_a_disk_has_a_row_and_every_row_a_field() -> None:
    known = set(fields_of(models.Disk))
    assert "properties.supportedCapabilities.architecture" in known, "the reading of the models broke"
    assert known == set(FIELDS)


def test_every_row_names_its_source_and_what_is_not_sent_says_why() -> None:
    assert [path for path, row in FIELDS.items() if not (row.why and row.source)] == []
    marks = ("recorded:", "reported:", "documented:", "models of azure-mgmt-compute 39", "models: ")
    assert [path for path, row in FIELDS.items() if not row.source.startswith(marks)] == []


VALUES: Mapping[str, Any] = {
    "location": "westeurope",
    "zones": ["1"],
    "tags": {"team": "web"},
    "sku.name": "UltraSSD_LRS",
    "properties.diskSizeGB": 1_024,
    "properties.diskSizeBytes": 1_024 << 30,
    "properties.creationData.logicalSectorSize": 512,
    "properties.diskIOPSReadWrite": 5_000,
    "properties.diskMBpsReadWrite": 500,
    "properties.maxShares": 3,
    "properties.networkAccessPolicy": "AllowPrivate",
    "properties.creationData.performancePlus": True,
    "properties.burstingEnabled": True,
    "properties.optimizedForFrequentAttach": True,
    "properties.tier": "P60",
}


def disk_with_everything(**values: Any) -> dict[str, Any]:
    disk: dict[str, Any] = {}
    for path in FIELDS:
        *outer, name = path.split(".")
        place = disk
        for part in outer:
            place = place.setdefault(part, {})
        place[name] = values.get(path, VALUES.get(path, f"the {name}"))
    return disk


def paths_in(body: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in body.items():
        path = f"{prefix}{name}"
        if isinstance(value, Mapping) and path not in FIELDS:
            yield from paths_in(value, f"{path}.")
        else:
            yield path


@pytest.mark.parametrize("kind", ["UltraSSD_LRS", "PremiumV2_LRS", "Premium_LRS", "StandardSSD_ZRS", "Standard_LRS"])
def test_restore_sends_nothing_but_what_the_table_says(kind: str) -> None:
    assert _sent(kind) <= {path for path, row in FIELDS.items() if row.becomes == SENT}


def test_all_that_the_table_says_is_sent_for_some_kind_of_disk() -> None:
    seen = {path for kind in ("UltraSSD_LRS", "Premium_LRS") for path in _sent(kind)}
    assert seen == {path for path, row in FIELDS.items() if row.becomes == SENT}


def _sent(kind: str) -> set[str]:
    disk = disk_with_everything(**{"sku.name": kind})
    wishes = Wishes(tags={}, own_tags={})
    made = restored_disk(disk, wishes, snapshot_id="s", snapshot_bytes=1_024 << 30, location="westeurope")
    return set(paths_in(made.body))


def test_backup_records_the_whole_disk() -> None:
    whole = {**disk_with_everything(), "id": disk_id(), "type": "Microsoft.Compute/disks"}
    whole["properties"] |= {"provisioningState": "Succeeded", "timeCreated": "2026-01-05T08:30:15.1234567+00:00"}
    platform = protected(disk=whole, **DAILY_AT_NOON)
    platform.run(minutes=30)
    (point,) = platform.points()
    recorded = set(paths_in(point.disk))
    assert recorded == set(FIELDS)
    assert point.disk["properties"]["availabilityPolicy"] == whole["properties"]["availabilityPolicy"]

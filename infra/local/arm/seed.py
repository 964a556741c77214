"""What a new simulator holds: two subscriptions, three regions, disks of all kinds, roles for the app and an operator.

Also makes ready disks in bulk for benches.
"""

from __future__ import annotations

import random
import uuid
from typing import Any

from infra.local.arm import roles, skus
from infra.local.arm.groups import group_json
from infra.local.arm.paths import TYPE_NAMES, group_id, resource_id
from infra.local.arm.roles import Assignment, Role
from infra.local.arm.skus import GIB
from infra.local.arm.wire import Json, stamp
from infra.local.arm.world import Resource, World

FIRST = "00000000-0000-4000-8000-000000000001"
SECOND = "00000000-0000-4000-8000-000000000002"
TENANT = "00000000-0000-4000-8000-0000000000ff"
APP = "11111111-1111-4111-8111-111111111111"
OPERATOR = "22222222-2222-4222-8222-222222222222"
LOOKERS = ("44444444-4444-4444-8444-444444444444", "55555555-5555-4555-8555-555555555555")
DAY = 86_400.0
LARGEST_BULK = 20_000

# Share of the used bytes that is written per hour: busy databases more, archives hardly.
CHURN = {"os": 0.002, "data": 0.006, "database": 0.03, "archive": 0.0002, "shared": 0.015}

LINUX = {
    "osType": "Linux",
    "hyperVGeneration": "V2",
    "supportedCapabilities": {"acceleratedNetwork": True, "architecture": "x64"},
}
WINDOWS = {"osType": "Windows", "hyperVGeneration": "V1"}
SECURE = {"osType": "Windows", "hyperVGeneration": "V2"}
PLAN = {"name": "rockylinux-9", "publisher": "resf", "product": "rockylinux-x86_64"}


def _many_tags(count: int) -> dict[str, str]:
    return {f"tag-{number:02}": f"value {number}" for number in range(count)}


# name, region, SKU, GiB, used GiB, kind of use, then what is special about the disk.
FIRST_DISKS: tuple[tuple[str, str, str, int, int, str, Json], ...] = (
    ("web01-os", "westeurope", "Premium_LRS", 128, 22, "os", {**LINUX, "vm": "web01", "zones": ["1"]}),
    ("web01-data", "westeurope", "Premium_LRS", 256, 91, "data", {"vm": "web01", "zones": ["1"]}),
    ("sql01-os", "westeurope", "Premium_LRS", 127, 41, "os", {**WINDOWS, "vm": "sql01"}),
    (
        "sql01-data",
        "westeurope",
        "Premium_LRS",
        1024,
        512,
        "database",
        {"vm": "sql01", "tier": "P40", "burstingEnabled": True},
    ),
    (
        "sql01-log",
        "westeurope",
        "UltraSSD_LRS",
        128,
        37,
        "database",
        {"zones": ["2"], "diskIOPSReadWrite": 4000, "diskMBpsReadWrite": 200},
    ),
    (
        "orders-v2",
        "westeurope",
        "PremiumV2_LRS",
        512,
        198,
        "database",
        {"zones": ["1"], "diskIOPSReadWrite": 6000, "diskMBpsReadWrite": 250},
    ),
    (
        "cluster-shared",
        "westeurope",
        "Premium_LRS",
        1024,
        300,
        "shared",
        {"maxShares": 3, "shared_vms": ["node01", "node02"]},
    ),
    ("payroll-cmk", "westeurope", "Premium_LRS", 64, 18, "data", {"encrypted": True}),
    ("app02-os", "northeurope", "StandardSSD_LRS", 64, 15, "os", {**WINDOWS, "vm": "app02"}),
    ("files02", "northeurope", "Standard_LRS", 2048, 880, "archive", {}),
    ("logs02-zrs", "northeurope", "StandardSSD_ZRS", 256, 120, "data", {}),
    ("queue02-zrs", "northeurope", "Premium_ZRS", 512, 60, "shared", {"maxShares": 2}),
    ("batch03-os", "eastus", "StandardSSD_LRS", 30, 6, "os", {**LINUX, "purchasePlan": PLAN, "vm": "batch03"}),
    ("scratch03", "eastus", "Standard_LRS", 100, 3, "archive", {}),
    (
        "trusted01-os",
        "westeurope",
        "Premium_LRS",
        128,
        24,
        "os",
        {**SECURE, "vm": "trusted01", "security": "TrustedLaunch"},
    ),
    (
        "secret01-os",
        "westeurope",
        "Premium_LRS",
        128,
        20,
        "os",
        {**SECURE, "security": "ConfidentialVM_VMGuestStateOnlyEncryptedWithPlatformKey"},
    ),
    (
        "secret02-os",
        "westeurope",
        "Premium_LRS",
        128,
        21,
        "os",
        {**SECURE, "security": "ConfidentialVM_DiskEncryptedWithPlatformKey"},
    ),
    (
        "secret03-os",
        "westeurope",
        "Premium_LRS",
        128,
        19,
        "os",
        {**SECURE, "security": "ConfidentialVM_DiskEncryptedWithCustomerKey", "secureKey": True},
    ),
    (
        "secret04-os",
        "westeurope",
        "StandardSSD_LRS",
        64,
        9,
        "os",
        {**SECURE, "security": "ConfidentialVM_NonPersistedTPM"},
    ),
    ("video01-plus", "westeurope", "Premium_LRS", 1024, 310, "data", {"performancePlus": True}),
    ("ledger01-closed", "westeurope", "Premium_LRS", 64, 12, "data", {"closed": True}),
    ("tagged01-49", "westeurope", "StandardSSD_LRS", 32, 4, "data", {"tags": _many_tags(49)}),
    ("tagged01-50", "westeurope", "StandardSSD_LRS", 32, 4, "data", {"tags": _many_tags(50)}),
    (
        "portal01",
        "westeurope",
        "Standard_LRS",
        32,
        2,
        "archive",
        {
            "tags": {
                "hidden-link:/subscriptions/x/resourceGroups/g/providers/Microsoft.Web/sites/s": "Resource",
                "hidden-title": "Archive of 2019",
                "azsecpack": "nonprod",
                "platformsettings.host_environment.service.platform_optedin_for_rootcerts": "true",
            }
        },
    ),
    ("grid03-ultra", "eastus", "UltraSSD_LRS", 256, 100, "database", {"zones": ["3"], "sector": 4096}),
)
SECOND_DISKS: tuple[tuple[str, str, str, int, int, str, Json], ...] = (
    ("erp01-os", "westeurope", "Premium_LRS", 128, 33, "os", {**WINDOWS, "hyperVGeneration": "V2", "vm": "erp01"}),
    (
        "erp01-data",
        "westeurope",
        "PremiumV2_LRS",
        800,
        410,
        "database",
        {"zones": ["2"], "vm": "erp01", "sector": 4096},
    ),
    ("erp01-cmk", "westeurope", "StandardSSD_LRS", 128, 50, "data", {"encrypted": True}),
    ("archive02", "northeurope", "Standard_LRS", 4096, 1900, "archive", {}),
    ("lake03-private", "eastus", "Premium_LRS", 512, 220, "data", {"private": True}),
    ("ml03-v2", "eastus", "PremiumV2_LRS", 256, 77, "data", {"zones": ["1"]}),
)


def fill(world: World, *, now: float) -> None:
    """Fills an empty world."""
    chance = random.Random(20_240_401)
    for subscription, label, rows in ((FIRST, "Production", FIRST_DISKS), (SECOND, "Business", SECOND_DISKS)):
        world.keep_subscription(_subscription(subscription, label))
        for region in skus.ZONAL_REGIONS:
            _add_groups(world, subscription, region)
        _add_vault_group(world, subscription)
        world.keep(_encryption_set(subscription, "westeurope", now))
        for region in ("westeurope", "eastus"):
            world.keep(_disk_access(subscription, region, now))
        for row in rows:
            _add_row(world, subscription, row, now - chance.uniform(20, 400) * DAY)
        _assign_all(world, subscription, now)
    world.commit()


BULK_WISHES = (
    "count",
    "prefix",
    "sku",
    "subscription",
    "group",
    "location",
    "size_gib",
    "used_gib",
    "churn",
    "zones",
    "tags",
)


def add_disks(world: World, wish: Json, *, now: float) -> list[Resource]:
    """Ready disks in bulk: {count, prefix, sku, subscription, group, location, size_gib, used_gib, churn, zones, tags}.

    ValueError names what is missing, unknown or nonsense. Returns the disks, named <prefix>-0001 and on.
    """
    _check_bulk(wish)
    subscription = wish.get("subscription", FIRST)
    group = world.find_group(subscription, wish.get("group", "apps-westeurope"))
    if group is None:
        raise ValueError(f"there is no resource group {wish.get('group')} in {subscription}")
    disks = [
        _bulk_disk(wish, f"{wish.get('prefix', 'bulk')}-{number:04d}", subscription, group, now)
        for number in range(1, int(wish.get("count", 1)) + 1)
    ]
    for disk in disks:
        world.keep(disk)
    return disks


def _check_bulk(wish: Json) -> None:
    if set(wish) - set(BULK_WISHES):
        raise ValueError(f"unknown: {', '.join(sorted(set(wish) - set(BULK_WISHES)))}")
    if not 0 < int(wish.get("count", 1)) <= LARGEST_BULK:
        raise ValueError(f"count must be between 1 and {LARGEST_BULK}")
    if wish.get("sku", "Premium_LRS") not in skus.DISK_SKUS:
        raise ValueError(f"unknown sku {wish['sku']}")


def _bulk_disk(wish: Json, name: str, subscription: str, group: Json, now: float) -> Resource:
    sku = wish.get("sku", "Premium_LRS")
    size = int(wish.get("size_gib", 128))
    usual_zones = ["1"] if skus.is_background_copied(sku) else []
    return make_disk(
        name=name,
        subscription=subscription,
        group=group["name"],
        location=str(wish.get("location", group["location"])),
        sku=sku,
        size_gib=size,
        used_gib=float(wish.get("used_gib", size / 3)),
        churn=float(wish.get("churn", CHURN["data"])),
        created=now,
        special={"zones": wish.get("zones", usual_zones), "tags": wish.get("tags", {})},
    )


def make_disk(
    *,
    name: str,
    subscription: str,
    group: str,
    location: str,
    sku: str,
    size_gib: int,
    used_gib: float,
    churn: float,
    created: float,
    special: Json,
) -> Resource:
    """A disk as a GET would show it. `churn`: share of the used bytes written per hour. `special`: properties, and
    zones, tags, vm, shared_vms, sector (logical sector size), encrypted, private, closed, security (its type),
    secureKey, performancePlus."""
    machines = [_machine(subscription, group, vm) for vm in special.get("shared_vms", [special.get("vm")]) if vm]
    body = {
        "name": name,
        "id": resource_id(subscription, group, "disk", name),
        "type": TYPE_NAMES["disk"],
        "location": location,
        **({"zones": special["zones"]} if special.get("zones") else {}),
        "tags": special.get("tags", {}),
        **({"managedBy": machines[0]} if machines else {}),
        **({"managedByExtended": machines} if len(machines) > 1 else {}),
        "sku": {"name": sku, "tier": skus.DISK_SKUS[sku]},
        "properties": _properties(subscription, location, sku, size_gib, created, special, attached=bool(machines)),
    }
    used = int(used_gib * GIB)
    return Resource("disk", body, {"used": used, "rate": used * churn, "since": created})


def _properties(
    subscription: str, location: str, sku: str, size_gib: int, created: float, special: Json, *, attached: bool
) -> Json:
    background = skus.is_background_copied(sku)
    own: Json = skus.performance(sku, size_gib, special.get("tier"))
    asked = {name: special[name] for name in _SHOWN if name in special}
    own.update(asked)
    if background:
        reads = {"diskIOPSReadOnly": own["diskIOPSReadWrite"], "diskMBpsReadOnly": own["diskMBpsReadWrite"]}
        own.update({"readOnly": False, **reads, "maxShares": special.get("maxShares", 1)})
    bursting = {"burstingEnabledTime": stamp(created + 0.1)} if special.get("burstingEnabled") else {}
    return {
        "creationData": _creation(subscription, location, special, background=background),
        "diskSizeGB": size_gib,
        **own,
        **bursting,
        **_security(subscription, location, special),
        "encryption": _encryption(subscription, location, special),
        **_network(subscription, location, special),
        "timeCreated": stamp(created),
        "provisioningState": "Succeeded",
        "diskState": "Attached" if attached else "Unattached",
        "diskSizeBytes": size_gib * GIB,
        "uniqueId": str(uuid.uuid4()),
    }


_SHOWN = (
    "osType",
    "hyperVGeneration",
    "supportedCapabilities",
    "purchasePlan",
    "diskIOPSReadWrite",
    "diskMBpsReadWrite",
    "tier",
    "burstingEnabled",
    "maxShares",
)


def _creation(subscription: str, location: str, special: Json, *, background: bool) -> Json:
    if special.get("osType"):
        publisher = "Canonical" if special["osType"] == "Linux" else "MicrosoftWindowsServer"
        image = (
            f"/Subscriptions/{subscription}/Providers/Microsoft.Compute/Locations/{location}/Publishers/{publisher}/"
            "ArtifactTypes/VMImage/Offers/simulated/Skus/simulated/Versions/1.0.0"
        )
        return {"createOption": "FromImage", "imageReference": {"id": image}}
    plus = {"performancePlus": True} if special.get("performancePlus") else {}
    sector = {"logicalSectorSize": special.get("sector", 512)} if background else {}
    return {"createOption": "Empty", **sector, **plus}


def _security(subscription: str, location: str, special: Json) -> Json:
    if not special.get("security"):
        return {}
    key = {"secureVMDiskEncryptionSetId": encryption_set_id(subscription, location)} if special.get("secureKey") else {}
    return {"securityProfile": {"securityType": special["security"], **key}}


def _encryption(subscription: str, location: str, special: Json) -> Json:
    if not special.get("encrypted"):
        return {"type": "EncryptionAtRestWithPlatformKey"}
    return {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": encryption_set_id(subscription, location)}


def _network(subscription: str, location: str, special: Json) -> Json:
    if special.get("closed"):
        return {
            "networkAccessPolicy": "DenyAll",
            "publicNetworkAccess": "Disabled",
            "dataAccessAuthMode": "AzureActiveDirectory",
        }
    if not special.get("private"):
        return {"networkAccessPolicy": "AllowAll", "publicNetworkAccess": "Enabled"}
    access = disk_access_id(subscription, location)
    return {"networkAccessPolicy": "AllowPrivate", "publicNetworkAccess": "Disabled", "diskAccessId": access}


def disk_access_id(subscription: str, location: str) -> str:
    return resource_id(subscription, f"apps-{location}", "disk_access", "private-link")


def encryption_set_id(subscription: str, location: str) -> str:
    return resource_id(subscription, f"apps-{location}", "encryption_set", f"keys-{location}")


def _add_row(world: World, subscription: str, row: tuple[str, str, str, int, int, str, Json], created: float) -> None:
    name, region, sku, size, used, use, special = row
    tags = {"application": name.split("-")[0], "environment": "production" if subscription == FIRST else "business"}
    world.keep(
        make_disk(
            name=name,
            subscription=subscription,
            group=f"apps-{region}",
            location=region,
            sku=sku,
            size_gib=size,
            used_gib=used,
            churn=CHURN[use],
            created=created,
            special={"tags": {**tags, "use": use}, **special},
        )
    )


def _add_groups(world: World, subscription: str, region: str) -> None:
    for purpose in ("apps", "snapshots", "restores"):
        world.keep_group(group_json(subscription, f"{purpose}-{region}", region, {"purpose": purpose}))


def _add_vault_group(world: World, subscription: str) -> None:
    """Where vaults are to lie: they need a group that exists."""
    world.keep_group(group_json(subscription, "backup", "westeurope", {"purpose": "vaults"}))


def _assign_all(world: World, subscription: str, now: float) -> None:
    """The operator owns all; two others may look, so that who signs in as one sees the subscriptions.

    The app has Azure Backup's three roles, each where it belongs, and may see keys and usage.
    """
    whole = f"/subscriptions/{subscription}"
    _assign(world, OPERATOR, roles.OWNER, whole, "User", now)
    for looker in LOOKERS:
        _assign(world, looker, roles.READER, whole, "User", now)
    for region in skus.ZONAL_REGIONS:
        _assign(world, APP, roles.DISK_BACKUP_READER, group_id(subscription, f"apps-{region}"), "ServicePrincipal", now)
        _assign(
            world,
            APP,
            roles.DISK_SNAPSHOT_CONTRIBUTOR,
            group_id(subscription, f"snapshots-{region}"),
            "ServicePrincipal",
            now,
        )
        _assign(
            world,
            APP,
            roles.DISK_RESTORE_OPERATOR,
            group_id(subscription, f"restores-{region}"),
            "ServicePrincipal",
            now,
        )
    # Whether a region has room only its usage tells, which none of the three may read either.
    _assign(world, APP, roles.COMPUTE_USAGE_READER, whole, "ServicePrincipal", now)
    # None of the three may read a disk encryption set, which restoring a disk with a customer-managed key needs.
    _assign(world, APP, roles.READER, encryption_set_id(subscription, "westeurope"), "ServicePrincipal", now)
    # Nor a disk access, which snapshots of a disk that is open to it alone name too.
    for region in ("westeurope", "eastus"):
        _assign(world, APP, roles.READER, disk_access_id(subscription, region), "ServicePrincipal", now)


def _assign(world: World, principal: str, role: Role, scope: str, principal_type: str, now: float) -> None:
    name = uuid.uuid5(uuid.NAMESPACE_URL, f"{principal} {role.guid} {scope}")
    world.keep_assignment(
        Assignment(
            id=f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}",
            scope=scope,
            role=role.guid,
            principal=principal,
            principal_type=principal_type,
            created=now,
            works_from=now,
        )
    )


def _subscription(subscription: str, label: str) -> Json:
    return {
        "id": f"/subscriptions/{subscription}",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": subscription,
        "tenantId": TENANT,
        "displayName": label,
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    }


def _encryption_set(subscription: str, location: str, now: float) -> Resource:
    set_id = encryption_set_id(subscription, location)
    vault = f"{group_id(subscription, f'apps-{location}')}/providers/Microsoft.KeyVault/vaults/keys-{location}"
    body: dict[str, Any] = {
        "name": set_id.rsplit("/", 1)[-1],
        "id": set_id,
        "type": TYPE_NAMES["encryption_set"],
        "location": location,
        "tags": {},
        "identity": {"type": "SystemAssigned", "principalId": str(uuid.uuid4()), "tenantId": TENANT},
        "properties": {
            "activeKey": {
                "sourceVault": {"id": vault},
                "keyUrl": f"https://keys-{location}.vault.azure.net/keys/disks/1",
            },
            "encryptionType": "EncryptionAtRestWithCustomerKey",
            "provisioningState": "Succeeded",
            "lastKeyRotationTimestamp": stamp(now),
        },
    }
    return Resource("encryption_set", body)


def _disk_access(subscription: str, location: str, now: float) -> Resource:
    access_id = disk_access_id(subscription, location)
    body: dict[str, Any] = {
        "name": access_id.rsplit("/", 1)[-1],
        "id": access_id,
        "type": TYPE_NAMES["disk_access"],
        "location": location,
        "tags": {},
        "properties": {"provisioningState": "Succeeded", "timeCreated": stamp(now)},
    }
    return Resource("disk_access", body)


def _machine(subscription: str, group: str, name: str) -> str:
    return f"{group_id(subscription, group)}/providers/Microsoft.Compute/virtualMachines/{name}"

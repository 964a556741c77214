"""Validation: each reason against a backup or a restore alone, all at once, and what may not be looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from backup_core.domain.errors import BackupError, CloudUnavailable, Fault, PermissionMissing, RequestRefused, Throttled
from backup_core.domain.instance import InstanceRequest
from backup_core.domain.permissions import Grant
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.recovery_point import PointState, RecoveryPoint
from backup_core.domain.resource_ids import GroupId, VaultKey
from backup_core.domain.restore import RestoreRequest
from backup_core.domain.vault import Vault
from backup_core.workflows import validation
from tests.builders import (
    DISK_GROUP,
    OTHER_SUBSCRIPTION,
    SNAPSHOT_GROUP,
    SUBSCRIPTION,
    TARGET_GROUP,
    VAULT,
    disk_id,
    disk_json,
    instance,
    point,
    policy,
    snapshot_id,
    vault,
    vault_properties,
)
from tests.fakes import FAKE_PRINCIPAL, World
from tests.workflows.platform import Platform
from tests.workflows.scenes import label_of

KEY = f"{DISK_GROUP.text}/providers/Microsoft.Compute/diskEncryptionSets/keys"
CUSTOMER_KEY = {"encryption": {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": KEY}}
READ_AUTHORIZATION = "Microsoft.Authorization/*/read"
READ_GROUPS = "Microsoft.Resources/subscriptions/resourceGroups/read"
ROLES = {
    "Disk Backup Reader": (
        READ_AUTHORIZATION,
        "Microsoft.Compute/disks/read",
        "Microsoft.Compute/disks/beginGetAccess/action",
    ),
    "Disk Snapshot Contributor": (READ_AUTHORIZATION, READ_GROUPS, "Microsoft.Compute/snapshots/*"),
    "Disk Restore Operator": (
        READ_AUTHORIZATION,
        READ_GROUPS,
        "Microsoft.Compute/disks/read",
        "Microsoft.Compute/disks/write",
    ),
    "Reader": ("*/read",),
}
NEEDED = {
    "get_disk": "Microsoft.Compute/disks/read",
    "find_disk": "Microsoft.Compute/disks/read",
    "find_group": READ_GROUPS,
    "locks_at": "Microsoft.Authorization/locks/read",
    "permissions_at": "Microsoft.Authorization/permissions/read",
    "list_snapshots": "Microsoft.Compute/snapshots/read",
    "find_snapshot": "Microsoft.Compute/snapshots/read",
    "find_encryption_set": "Microsoft.Compute/diskEncryptionSets/read",
    "usage": "Microsoft.Compute/locations/usages/read",
}
POLICY, SOURCE = "backupInstance.policyInfo.policyId", "backupInstance.dataSourceInfo.resourceID"
GROUP = "backupInstance.policyInfo.policyParameters.dataStoreParametersList[0].resourceGroupId"
TARGET = "restoreRequestObject.restoreTargetInfo.datasourceInfo.resourceID"
SUBSCRIPTION_SCOPE = f"/subscriptions/{SUBSCRIPTION}"


@pytest.fixture
def world() -> World:
    """A disk, its snapshot group and a restore's target group, and an app that may do everything."""
    world = World()
    world.cloud.add_disk(disk_json())
    world.cloud.add_group(SNAPSHOT_GROUP)
    world.cloud.add_group(TARGET_GROUP)
    return world


def request(**changes: Any) -> InstanceRequest:
    values: dict[str, Any] = {
        "name": "",
        "friendly_name": "disk-1",
        "disk_id": disk_id(),
        "disk_location": "westeurope",
        "snapshot_group_id": SNAPSHOT_GROUP.text,
        "policy_name": "policy-1",
    }
    return InstanceRequest(**(values | changes))


def backup_faults(
    world: World, *, record: Vault | None = None, chosen: BackupPolicy | None = None, **changes: Any
) -> list[Fault]:
    return validation.check_backup(world.ports, record or vault(), request(**changes), chosen or policy())


def seen(faults: list[Fault]) -> dict[str, str]:
    """Code by target; two faults never share a target here."""
    assert len({fault.target for fault in faults}) == len(faults)
    return {fault.target: fault.code for fault in faults}


def assign(world: World, **roles: str) -> None:
    """Give the app these roles (by name, `_` for a blank) and nothing else."""
    world.cloud.grants = {}
    for role, scope in roles.items():
        world.cloud.grants.setdefault(scope.lower(), []).append(Grant(actions=ROLES[role.replace("_", " ")]))
    world.cloud.guard = lambda call, target: _refuse(world, call, target)


def _refuse(world: World, call: str, target: str) -> None:
    """As ARM: a read without the right to it is refused. The snapshot's and the new disk's group hold the right."""
    held = [
        grant
        for scope, grants in world.cloud.grants.items()
        if f"{target.lower()}/".startswith(f"{scope}/")
        for grant in grants
    ]
    if call in NEEDED and not any(grant.allows(NEEDED[call]) for grant in held):
        raise PermissionMissing(f"no {NEEDED[call]} at {target}", scope=target, role="some")


def backup_roles(**more: str) -> dict[str, str]:
    return {
        "Disk_Backup_Reader": disk_id(),
        "Disk_Snapshot_Contributor": SNAPSHOT_GROUP.text,
        "Reader": f"{SUBSCRIPTION_SCOPE}",
        **more,
    }


def calls(world: World) -> list[str]:
    return [call for call in world.faults.calls if call.startswith("cloud.")]


# A backup.


def test_a_sound_request_has_no_faults_and_costs_seven_calls(world: World) -> None:
    assert backup_faults(world) == []
    assert calls(world) == [
        "cloud.get_disk",
        "cloud.permissions_at",
        "cloud.find_group",
        "cloud.locks_at",
        "cloud.permissions_at",
        "cloud.list_snapshots",
        "cloud.usage",
    ]
    assert not [call for call in world.faults.calls if call in ("store.commit", "queue.send", "events.publish")]


def test_a_disk_that_is_gone_is_told_without_guessing_about_roles(world: World) -> None:
    world.cloud.remove_disk(disk_id())
    assert seen(backup_faults(world)) == {SOURCE: "UserErrorManagedDiskNotFound"}


@pytest.mark.parametrize(
    "changes",
    [
        {"encryptionSettingsCollection": {"enabled": True, "encryptionSettings": []}},
        {"diskState": "ReadyToUpload"},
        {"diskState": "ActiveUpload"},
        {"sku": "Holographic_LRS"},
    ],
)
def test_a_kind_of_disk_that_is_not_supported_is_refused(world: World, changes: dict[str, Any]) -> None:
    world.cloud.add_disk(disk_json(**changes))
    assert seen(backup_faults(world)) == {SOURCE: "UserErrorDiskBackupDiskTypeNotSupported"}


@pytest.mark.parametrize(
    "changes",
    [
        {"encryptionSettingsCollection": {"enabled": False}},
        {"diskState": "Attached", "maxShares": 3},
        {"networkAccessPolicy": "DenyAll"},
        *({"sku": sku} for sku in ("Standard_LRS", "StandardSSD_ZRS", "Premium_ZRS", "StandardSSD_LRS")),
    ],
)
def test_other_kinds_are_taken(world: World, changes: dict[str, Any]) -> None:
    world.cloud.add_disk(disk_json(**changes))
    assert backup_faults(world) == []


def test_vault_and_disk_must_lie_in_one_region(world: World) -> None:
    assert seen(backup_faults(world, record=vault(location="northeurope"))) == {SOURCE: "InvalidResourceLocation"}
    assert backup_faults(world, record=vault(location="West Europe")) == []


def test_a_snapshot_group_must_exist(world: World) -> None:
    gone = GroupId(subscription=SUBSCRIPTION, group="no-such-rg")
    assert seen(backup_faults(world, snapshot_group_id=gone.text)) == {GROUP: "UserErrorSnapshotRGNotFound"}


def test_a_snapshot_group_must_lie_in_the_disks_subscription(world: World) -> None:
    other = GroupId(subscription=OTHER_SUBSCRIPTION, group="snapshots-rg")
    world.cloud.add_group(other)
    faults = backup_faults(world, snapshot_group_id=other.text)
    assert seen(faults) == {GROUP: "UserErrorSnapshotRGSubscriptionMismatch"}


def test_a_policy_must_exist(world: World) -> None:
    faults = validation.check_backup(world.ports, vault(), request(), None)
    assert seen(faults) == {POLICY: "UserErrorGenericResourceNotFound"}


@pytest.mark.parametrize("sku", ["PremiumV2_LRS", "UltraSSD_LRS"])
def test_a_disk_that_is_copied_in_the_background_needs_twelve_hours(world: World, sku: str) -> None:
    world.cloud.add_disk(disk_json(sku=sku))
    (fault,) = backup_faults(world, chosen=policy(intervals=("R/2026-03-01T00:00:00+00:00/PT8H",)))
    assert (fault.target, sku in fault.message) == (POLICY, True)
    assert backup_faults(world, chosen=policy(intervals=("R/2026-03-01T00:00:00+00:00/PT12H",))) == []


def test_a_disk_is_protected_once_whatever_the_vault() -> None:
    platform = Platform()
    platform.protect("disk-1")
    (fault,) = backup_faults(platform.world)
    assert (fault.target, fault.code) == (SOURCE, "UserErrorDppDatasourceAlreadyHasBackupInstance")
    assert "instance 'disk-1' of this vault" in fault.message
    other = vault(VaultKey(subscription=SUBSCRIPTION, group="backup-rg", name="vault-2"))
    (fault,) = backup_faults(platform.world, record=other)
    assert VAULT.name not in fault.message, "it may be closed to whoever reads this"
    assert backup_faults(platform.world, disk_id=add_disk(platform.world, "disk-2")) == []


def add_disk(world: World, name: str, **changes: Any) -> str:
    return world.cloud.add_disk(disk_json(name, **changes)).id


@pytest.mark.parametrize("level", ["CanNotDelete", "ReadOnly"])
@pytest.mark.parametrize("scope", [SNAPSHOT_GROUP.text, SUBSCRIPTION_SCOPE])
def test_a_lock_that_stops_expiry_is_named_with_the_way_to_remove_it(world: World, level: str, scope: str) -> None:
    world.cloud.locks.add(scope.lower())
    world.cloud.lock_levels[scope.lower()] = level
    (fault,) = backup_faults(world)
    assert (fault.target, fault.code) == (scope.lower(), "ScopeLocked")
    assert f"az lock delete --ids '{scope.lower()}/providers/Microsoft.Authorization/locks/keep'" in fault.message


def test_a_lock_beside_or_within_the_group_is_no_fault(world: World) -> None:
    world.cloud.locks |= {f"{SNAPSHOT_GROUP.key}-2", snapshot_id("other").lower(), DISK_GROUP.key}
    assert backup_faults(world) == []


HOURLY_FOR_18_DAYS = {"intervals": ("R/2026-03-01T00:00:00+00:00/PT1H",), "retention": "P18D"}  # 432 at most


def test_what_the_policy_keeps_must_fit_beside_the_snapshots_that_are_there(world: World) -> None:
    fill(world, 60)
    assert backup_faults(world, chosen=policy(**HOURLY_FOR_18_DAYS)) == []
    fill(world, 80)
    (fault,) = backup_faults(world, chosen=policy(**HOURLY_FOR_18_DAYS))
    assert (fault.target, fault.code) == (POLICY, "UserErrorSnapshotLimitReached")
    assert "432" in fault.message
    assert "80 are there already" in fault.message
    assert backup_faults(world, chosen=policy()) == []


def test_only_incremental_snapshots_of_this_very_disk_count(world: World) -> None:
    fill(world, 80, incremental=False)
    assert backup_faults(world, chosen=policy(**HOURLY_FOR_18_DAYS)) == []
    fill(world, 80, sourceUniqueId="of-an-earlier-disk-of-this-name")
    assert backup_faults(world, chosen=policy(**HOURLY_FOR_18_DAYS)) == []
    add_disk(world, "disk-2")
    fill(world, 80, of="disk-2", incremental=True)
    assert backup_faults(world, chosen=policy(**HOURLY_FOR_18_DAYS)) == []


def fill(
    world: World, count: int, *, of: str = "disk-1", tags: dict[str, str] | None = None, **properties: Any
) -> None:
    """Snapshots `s0` to `s<count>` of a disk, with properties as ARM would show them."""
    disk = world.cloud.get_disk(disk_id(of))
    for number in range(count):
        taken = snapshot_id(f"s{number}")
        world.cloud.add_snapshot(taken, source=disk, tags=tags)
        own = world.cloud._snapshots[taken.lower()].raw["properties"]
        own["creationData"] |= {name: properties[name] for name in ("sourceUniqueId",) if name in properties}
        own |= {name: properties[name] for name in ("incremental",) if name in properties}


def test_a_limit_of_snapshots_in_the_region_is_held_against_what_is_to_come(world: World) -> None:
    world.cloud.usage_limits["ZRSSnapshotCount"] = 41  # a week of six a day is 42
    (fault,) = backup_faults(world)
    assert (fault.target, fault.code) == (POLICY, "UserErrorSnapshotLimitReached")
    assert "ZRSSnapshotCount" in fault.message
    fill(world, 1)  # from here on Azure stays with the kind of the first
    assert backup_faults(world) == []
    world.cloud.usage_limits["StandardSnapshotCount"] = 1
    assert len(backup_faults(world)) == 1


def test_premium_snapshots_are_not_ours(world: World) -> None:
    world.cloud.usage_limits["PremiumSnapshotCount"] = 0
    assert backup_faults(world) == []


def test_a_customers_key_is_looked_up(world: World) -> None:
    world.cloud.add_disk(disk_json(**CUSTOMER_KEY))
    assert seen(backup_faults(world)) == {KEY: "UserErrorDESKeyVaultKeyNotAvailable"}
    world.cloud.add_encryption_set(KEY)
    assert backup_faults(world) == []
    assert world.faults.count("cloud.find_encryption_set") == 2


def test_a_confidential_machines_own_key_is_looked_up_beside_the_disks(world: World) -> None:
    own = f"{KEY}-own"
    security = {"securityType": "ConfidentialVM_DiskEncryptedWithCustomerKey", "secureVMDiskEncryptionSetId": own}
    world.cloud.add_disk(disk_json(securityProfile=security, **CUSTOMER_KEY))
    world.cloud.add_encryption_set(KEY)
    assert seen(backup_faults(world)) == {own: "UserErrorDESKeyVaultKeyNotAvailable"}
    world.cloud.add_encryption_set(own)
    assert backup_faults(world) == []


@pytest.mark.parametrize(
    "changes", [{"key_error": "the key is disabled"}, {"key_url": ""}, {"provisioning_state": "Failed"}]
)
def test_a_key_that_cannot_be_used_is_told(world: World, changes: dict[str, str]) -> None:
    world.cloud.add_disk(disk_json(**CUSTOMER_KEY))
    world.cloud.add_encryption_set(KEY, **changes)
    (fault,) = backup_faults(world)
    assert fault.code == "UserErrorDESKeyVaultKeyNotAvailable"
    assert (next(iter(changes.values())) or "not set") in fault.message


# Rights.


def test_azures_roles_are_enough_and_a_full_region_is_seen_with_the_right_to_read_usage(world: World) -> None:
    assign(world, **backup_roles())
    world.cloud.usage_limits["StandardSnapshotCount"] = 1
    assert [fault.code for fault in backup_faults(world)] == ["UserErrorSnapshotLimitReached"]
    world.cloud.grants.pop(SUBSCRIPTION_SCOPE)
    assert backup_faults(world) == []


def test_an_app_without_any_role_is_told_each_one_with_its_command(world: World) -> None:
    assign(world)
    faults = backup_faults(world)
    assert [fault.code for fault in faults] == ["UserErrorMissingRequiredPermissions"] * 2
    commands = {fault.target: fault.message for fault in faults}
    for role, scope in (
        ("Disk Backup Reader", disk_id()),
        ("Disk Snapshot Contributor", SNAPSHOT_GROUP.text),
    ):
        assert (
            f"az role assignment create --role '{role}' --scope '{scope}' --assignee-object-id {FAKE_PRINCIPAL} "
            "--assignee-principal-type ServicePrincipal" in commands[scope]
        )
    assert "Microsoft.Compute/snapshots/delete" in commands[SNAPSHOT_GROUP.text]
    assert "Microsoft.Compute/disks/beginGetAccess/action" in commands[disk_id()]


@pytest.mark.parametrize(
    ("role", "scope"),
    [("Disk_Backup_Reader", disk_id()), ("Disk_Snapshot_Contributor", SNAPSHOT_GROUP.text)],
)
def test_one_missing_role_is_one_fault(world: World, role: str, scope: str) -> None:
    roles = {**backup_roles(), "Reader": SUBSCRIPTION_SCOPE}
    del roles[role]
    assign(world, **roles)
    (fault,) = backup_faults(world)
    assert (fault.target, f"'{role.replace('_', ' ')}'" in fault.message) == (scope, True)


def test_a_role_of_ones_own_lacks_only_what_it_lacks(world: World) -> None:
    assign(world, **backup_roles())
    world.cloud.grants[SNAPSHOT_GROUP.key] = [
        Grant(actions=("*",), not_actions=("Microsoft.Compute/snapshots/delete",))
    ]
    (fault,) = backup_faults(world)
    assert f"may not Microsoft.Compute/snapshots/delete at {SNAPSHOT_GROUP.text}" in fault.message


def test_a_key_that_may_not_be_read_has_azures_own_code(world: World) -> None:
    world.cloud.add_disk(disk_json(**CUSTOMER_KEY))
    world.cloud.add_encryption_set(KEY)
    world.cloud.guard = refusing("find_encryption_set")
    assert seen(backup_faults(world)) == {KEY: "UserErrorMSIPermissionsNotPresentOnDES"}


def test_a_private_disk_needs_its_disk_access_to_be_readable(world: World) -> None:
    access = f"{DISK_GROUP.text}/providers/Microsoft.Compute/diskAccesses/private"
    closed = {"networkAccessPolicy": "AllowPrivate", "diskAccessId": access}
    world.cloud.add_disk(disk_json(**closed))
    assign(world, **{name: scope for name, scope in backup_roles().items() if name != "Reader"})
    faults = {fault.target: fault.message for fault in backup_faults(world)}
    assert "Microsoft.Compute/diskAccesses/read" in faults[access]
    assign(world, **backup_roles(Reader=access))
    assert access not in {fault.target for fault in backup_faults(world)}


@pytest.mark.parametrize("call", ["get_disk", "permissions_at", "find_group", "locks_at", "list_snapshots"])
def test_what_may_not_be_read_is_a_fault_and_never_a_pass(world: World, call: str) -> None:
    world.cloud.guard = refusing(call)
    faults = backup_faults(world)
    assert faults
    assert {fault.code for fault in faults} == {"UserErrorMissingRequiredPermissions"}
    assert all(NEEDED[call] in fault.message for fault in faults)


@pytest.mark.parametrize("call", ["get_disk", "permissions_at", "find_group", "locks_at", "list_snapshots", "usage"])
def test_what_azure_refuses_otherwise_is_a_fault_with_azures_code(world: World, call: str) -> None:
    world.cloud.guard = refusing(call, RequestRefused("no", target="/x", code="NoRegisteredProviderFound"))
    assert {(fault.code, fault.message) for fault in backup_faults(world)} == {("NoRegisteredProviderFound", "no")}


@pytest.mark.parametrize("error", [Throttled("busy", retry_after_seconds=7), CloudUnavailable("gone")])
@pytest.mark.parametrize("call", ["get_disk", "permissions_at", "find_group", "locks_at", "list_snapshots", "usage"])
def test_what_passes_is_no_verdict(world: World, call: str, error: BackupError) -> None:
    world.cloud.guard = refusing(call, error)
    with pytest.raises(type(error)):
        backup_faults(world)


def refusing(call: str, error: BackupError | None = None) -> Callable[[str, str], None]:
    def guard(called: str, target: str) -> None:
        if called == call:
            raise error or PermissionMissing("no", scope=target, role="some")

    return guard


def test_all_faults_are_told_at_once(world: World) -> None:
    world.cloud.add_disk(disk_json(sku="UltraSSD_LRS", encryptionSettingsCollection={"enabled": True}, **CUSTOMER_KEY))
    world.cloud.locks.add(SNAPSHOT_GROUP.key)
    world.cloud.usage_limits["StandardSnapshotCount"] = 0
    world.cloud.grants = {SNAPSHOT_GROUP.key: [Grant(actions=ROLES["Disk Snapshot Contributor"])]}
    faults = backup_faults(world, record=vault(location="eastus"))
    assert [fault.code for fault in faults] == [
        "InvalidResourceLocation",
        "UserErrorDiskBackupDiskTypeNotSupported",
        "ScopeLocked",
        "BadRequest",  # the interval
        "UserErrorDESKeyVaultKeyNotAvailable",
        "UserErrorSnapshotLimitReached",
        "UserErrorMissingRequiredPermissions",  # at the disk
    ]


def test_a_group_with_more_snapshots_than_one_request_can_read_is_said_to_be_so(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    add_disk(world, "disk-2")
    fill(world, validation.SNAPSHOTS_READ - 1, of="disk-2")
    assert backup_faults(world) == []
    assert "validation.snapshots_uncounted" not in caplog.text
    fill(world, validation.SNAPSHOTS_READ + 1, of="disk-2")
    assert backup_faults(world) == []
    assert "validation.snapshots_uncounted" in caplog.text


# A change.


def modify_faults(platform: Platform, **changes: Any) -> list[Fault]:
    existing = platform.instance("disk-1")
    assert existing is not None
    return validation.check_modify(
        platform.world.ports, vault(), existing, request(name="disk-1", **changes), changes.pop("chosen", policy())
    )


@pytest.fixture
def platform() -> Platform:
    platform = Platform()
    platform.protect("disk-1")
    platform.world.faults.calls.clear()
    return platform


def test_an_instance_may_be_changed_and_does_not_stand_in_its_own_way(platform: Platform) -> None:
    assert modify_faults(platform) == []
    assert len(calls(platform.world)) == 7


def test_an_instance_keeps_its_disk_and_its_snapshot_group(platform: Platform) -> None:
    other = add_disk(platform.world, "disk-2")
    assert seen(modify_faults(platform, disk_id=other)) == {SOURCE: "BadRequest"}
    assert seen(modify_faults(platform, snapshot_group_id=TARGET_GROUP.text)) == {GROUP: "BadRequest"}
    assert (
        modify_faults(platform, disk_id=disk_id().upper().replace("MICROSOFT.COMPUTE/DISKS", "Microsoft.Compute/disks"))
        == []
    )


def test_a_disk_that_another_instance_holds_is_told(platform: Platform) -> None:
    platform.protect("disk-2")
    faults = modify_faults(platform, disk_id=disk_id("disk-2"))
    assert [fault.code for fault in faults] == ["BadRequest", "UserErrorDppDatasourceAlreadyHasBackupInstance"]


def test_its_own_snapshots_are_not_counted_twice(platform: Platform) -> None:
    own = label_of(point("disk-1")).tags()
    fill(platform.world, 430, tags=own)
    existing = platform.instance("disk-1")
    chosen = policy(**HOURLY_FOR_18_DAYS)
    ports = platform.world.ports
    assert validation.check_modify(ports, vault(), existing, request(name="disk-1"), chosen) == []
    fill(platform.world, 80, tags={})
    (fault,) = validation.check_modify(ports, vault(), existing, request(name="disk-1"), chosen)
    assert fault.code == "UserErrorSnapshotLimitReached"


# A restore.


@pytest.fixture
def restored(world: World) -> RecoveryPoint:
    """A recovery point with its snapshot."""
    made = point()
    disk = world.cloud.get_disk(disk_id())
    world.cloud.add_snapshot(made.snapshot_id, source=disk)
    world.faults.calls.clear()
    return made


def restore_faults(
    world: World,
    made: RecoveryPoint | None,
    *,
    record: Vault | None = None,
    target: str | None = None,
    **changes: Any,
) -> list[Fault]:
    wanted = RestoreRequest(
        point_id=made.point_id if made else "0" * 32,
        target_disk_id=target or disk_id("new", TARGET_GROUP),
        **changes,
    )
    return validation.check_restore_target(world.ports, record or vault(), instance(), made, wanted)


def test_a_sound_restore_has_no_faults_and_costs_seven_calls(world: World, restored: RecoveryPoint) -> None:
    assert restore_faults(world, restored) == []
    assert calls(world) == [
        "cloud.find_snapshot",
        "cloud.permissions_at",
        "cloud.find_group",
        "cloud.locks_at",
        "cloud.permissions_at",
        "cloud.find_disk",
        "cloud.usage",
    ]


def test_a_snapshot_that_is_gone_or_unfinished_is_told(world: World, restored: RecoveryPoint) -> None:
    world.cloud._snapshots[restored.snapshot_id.lower()].copied_at += world.cloud.copy_time
    (fault,) = restore_faults(world, restored)
    assert (fault.code, "percent" in fault.message) == ("UserErrorDiskSnapshotNotFound", True)
    world.cloud.lose_snapshot(restored.snapshot_id)
    (fault,) = restore_faults(world, restored)
    assert (fault.code, "gone" in fault.message) == ("UserErrorDiskSnapshotNotFound", True)


@pytest.mark.parametrize("state", [PointState.EXPIRING, PointState.LOST])
def test_a_point_that_is_not_good_is_told(world: World, restored: RecoveryPoint, state: PointState) -> None:
    faults = restore_faults(world, replace(restored, state=state))
    assert seen(faults) == {"restoreRequestObject.recoveryPointId": "UserErrorDiskSnapshotNotFound"}


def test_a_point_that_is_absent_leaves_the_target_to_be_looked_at(world: World) -> None:
    faults = restore_faults(world, None, target=disk_id())
    assert seen(faults) == {
        "restoreRequestObject.recoveryPointId": "UserErrorGenericResourceNotFound",
        TARGET: "UserErrorSameNameDiskAlreadyExists",
    }


def test_a_target_group_must_exist(world: World, restored: RecoveryPoint) -> None:
    gone = GroupId(subscription=SUBSCRIPTION, group="no-such-rg")
    faults = restore_faults(world, restored, target=disk_id("new", gone))
    assert seen(faults) == {TARGET: "UserErrorRestoreTargetRGNotFound"}


def test_a_restore_never_overwrites(world: World, restored: RecoveryPoint) -> None:
    assert seen(restore_faults(world, restored, target=disk_id())) == {TARGET: "UserErrorSameNameDiskAlreadyExists"}


def test_a_target_that_is_no_disk_is_told(world: World, restored: RecoveryPoint) -> None:
    (fault,) = restore_faults(world, restored, target="disk")
    assert fault.target == TARGET


def test_what_a_restore_would_refuse_is_told_with_the_bodys_paths(world: World, restored: RecoveryPoint) -> None:
    faults = restore_faults(world, restored, location="eastus", size_gb=1, sku="Premium_ZRS", zones=("1",))
    start = "restoreRequestObject.restoreTargetInfo"
    assert [fault.target for fault in faults] == [
        f"{start}.restoreLocation",
        f"{start}.targetDisk.zones",
        f"{start}.targetDisk.sizeGB",
    ]


@pytest.mark.parametrize(("state", "allowed"), [("Enabled", True), ("Disabled", False), ("PermanentlyDisabled", False)])
def test_another_subscription_needs_the_vaults_leave(
    world: World, restored: RecoveryPoint, state: str, allowed: bool
) -> None:
    elsewhere = GroupId(subscription=OTHER_SUBSCRIPTION, group="restored-rg")
    world.cloud.add_group(elsewhere)
    record = vault(properties=vault_properties(cross_subscription=state))
    faults = restore_faults(world, restored, record=record, target=disk_id("new", elsewhere))
    assert seen(faults) == ({} if allowed else {TARGET: "UserErrorCrossSubscriptionRestoreNotAllowed"})
    assert restore_faults(world, restored, record=record) == []


def test_a_customers_key_does_not_leave_its_subscription(world: World, restored: RecoveryPoint) -> None:
    world.cloud.add_encryption_set(KEY)
    elsewhere = GroupId(subscription=OTHER_SUBSCRIPTION, group="restored-rg")
    world.cloud.add_group(elsewhere)
    made = replace(restored, disk=disk_json(**CUSTOMER_KEY))
    assert restore_faults(world, made) == []
    faults = restore_faults(world, made, target=disk_id("new", elsewhere))
    assert seen(faults) == {TARGET: "UserErrorDESKeyVaultKeyNotAvailable"}


def test_a_key_that_is_gone_stops_a_restore(world: World, restored: RecoveryPoint) -> None:
    made = replace(restored, disk=disk_json(**CUSTOMER_KEY))
    assert seen(restore_faults(world, made)) == {KEY: "UserErrorDESKeyVaultKeyNotAvailable"}


@pytest.mark.parametrize(("level", "stops"), [("ReadOnly", True), ("CanNotDelete", False)])
def test_only_a_read_only_lock_stops_a_restore(world: World, restored: RecoveryPoint, level: str, stops: bool) -> None:
    world.cloud.locks.add(TARGET_GROUP.key)
    world.cloud.lock_levels[TARGET_GROUP.key] = level
    assert seen(restore_faults(world, restored)) == ({TARGET_GROUP.key: "ScopeLocked"} if stops else {})


def test_a_region_that_is_full_of_this_kind_of_disk_is_told(world: World, restored: RecoveryPoint) -> None:
    world.cloud.usage_limits["PremiumDiskCount"] = 1
    assert seen(restore_faults(world, restored)) == {TARGET: "UserErrorSubscriptionDiskQuotaLimitReached"}
    assert restore_faults(world, restored, sku="StandardSSD_LRS") == []


def test_a_restores_missing_roles_are_named(world: World, restored: RecoveryPoint) -> None:
    assign(world)
    faults = {fault.target: fault.message for fault in restore_faults(world, restored)}
    assert set(faults) == {SNAPSHOT_GROUP.text, TARGET_GROUP.text}
    assert "'Disk Snapshot Contributor'" in faults[SNAPSHOT_GROUP.text]
    assert "Microsoft.Compute/snapshots/beginGetAccess/action" in faults[SNAPSHOT_GROUP.text]
    assert "Microsoft.Compute/snapshots/write" not in faults[SNAPSHOT_GROUP.text]
    assert "'Disk Restore Operator'" in faults[TARGET_GROUP.text]
    assert "Microsoft.Compute/disks/write" in faults[TARGET_GROUP.text]


def test_azures_roles_are_enough_for_a_restore(world: World, restored: RecoveryPoint) -> None:
    assign(
        world,
        Disk_Snapshot_Contributor=SNAPSHOT_GROUP.text,
        Disk_Restore_Operator=TARGET_GROUP.text,
        Reader=SUBSCRIPTION_SCOPE,
    )
    assert restore_faults(world, restored) == []


@pytest.mark.parametrize("call", ["find_snapshot", "find_group", "locks_at", "permissions_at", "find_disk"])
def test_a_restore_that_may_not_be_looked_at_is_never_passed(world: World, restored: RecoveryPoint, call: str) -> None:
    world.cloud.guard = refusing(call)
    faults = restore_faults(world, restored)
    assert faults
    assert all(NEEDED[call] in fault.message for fault in faults)
    world.cloud.guard = refusing(call, Throttled("busy", retry_after_seconds=1))
    with pytest.raises(Throttled):
        restore_faults(world, restored)

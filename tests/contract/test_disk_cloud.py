"""The contract of ports.DiskCloud, over the fake and over the ARM adapter against the disk simulator."""

from __future__ import annotations

import re
import threading
import time
import traceback
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from backup_core.adapters.compute import ArmDiskCloud
from backup_core.domain.data_sample import ByteRange, sampled_ranges, signature_of
from backup_core.domain.disk import Disk, OperationState
from backup_core.domain.errors import (
    BackupError,
    CloudUnavailable,
    DisallowedByPolicy,
    DiskNotFound,
    NotAllowedNow,
    PermissionMissing,
    RequestRefused,
    RestoreGroupNotFound,
    ScopeLocked,
    SnapshotGroupNotFound,
    SnapshotLimitReached,
    SnapshotNotFound,
    SubscriptionNotFound,
    Throttled,
)
from backup_core.domain.permissions import Grant, Permissions
from backup_core.domain.resource_ids import GroupId
from backup_core.domain.swap import DataDisk, Machine, MachineRefused
from backup_core.ports import DiskCloud
from infra.local.arm.seed import APP as SEEDED_APP
from infra.local.arm.seed import FIRST, SECOND, disk_access_id
from tests.builders import SUBSCRIPTION, disk_id, disk_json, machine_id, machine_json, snapshot_id
from tests.conftest import Arm
from tests.fakes import FakeClock, FakeCloud

LOCATION = "westeurope"
APP = "99999999-9999-4999-8999-00000000000a"  # has the app's three roles on the whole subscription
STRANGER = "99999999-9999-4999-8999-00000000000b"
SNAPSHOT_WRITER = "99999999-9999-4999-8999-00000000000c"
UNTOLD = "99999999-9999-4999-8999-00000000000d"
ROLES = {
    "Disk Backup Reader": "3e5e47e6-65f7-47ef-90b5-e5dd4d455f24",
    "Disk Snapshot Contributor": "7efff54f-a5b4-42b5-a1c5-5411624893ce",
    "Disk Restore Operator": "b50d9833-a0cb-478e-945f-707fcc997c13",
    "Backup Reader": "a795c7a0-d4a2-40c1-ae25-d81f01202912",
    "Backup Contributor": "5e467623-bb1f-42f4-a55d-6e525e11384b",
    # Roles of our own: no built-in one is as small.
    "Disk Swap Operator": "6d1f3c52-7f0e-4b0c-9a53-0c9e8b1a7d44",
    "Compute Usage Reader": "5f5ac09d-3f0c-4d77-8b0a-6a2f4d1c9e21",
    "Snapshot Immutability Writer": "2f6e0c5b-9c0a-4f57-8a55-4b1f6d7f3c18",
    "Disk Restore Tester": "6c1e7a52-93c4-4a7e-9d3b-0f4a1b8c5e27",
}
APP_ROLES = tuple(role for role in ROLES if not role.startswith("Backup "))
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
COST_READER = "72fafb9e-0641-4937-9268-a91bfd8191a3"
ACTIONS = {  # some of each role's, for the fake
    "Disk Backup Reader": ("Microsoft.Authorization/*/read", "Microsoft.Compute/disks/read"),
    "Disk Snapshot Contributor": ("Microsoft.Authorization/*/read", "Microsoft.Compute/snapshots/write"),
    "Reader": ("*/read",),
    "Cost Management Reader": ("Microsoft.CostManagement/query/action",),
}
TAGS = {"diskbackup-owner": "diskbackup/1", "team": "Übergröße"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudBench:
    """A cloud with one empty group, and what an operator can do to it."""

    cloud: DiskCloud
    group: GroupId
    now: Callable[[], datetime]
    wait: Callable[[float], object]
    add_disk: Callable[..., str]  # (name, *, sku, size_gb) -> id
    remove_disk: Callable[[str], object]
    add_machine: Callable[..., str]  # (name, *, os_disk, data_disks, power) -> id
    lock: Callable[[], Callable[[], object]]  # the group, against deletion; answers how to unlock
    fail_late: Callable[[], object]
    fail_deletion_late: Callable[[], object]
    limit_snapshots: Callable[[int], object]
    holding: Callable[..., DiskCloud]  # (*(role, scope)) -> the same cloud for an identity with these roles only
    encryption_set: Callable[[], str]  # the id of one that exists and may be read
    unreadable: Callable[[], str]  # a subscription that Azure does not find
    principal: str

    @property
    def nowhere(self) -> GroupId:
        """A group that is not there."""
        return GroupId(subscription=self.group.subscription, group="no-such-rg")

    def settle(self, url: str) -> OperationState:
        """Wait for an operation to end."""
        for _ in range(100):
            state = self.cloud.get_operation(url)
            assert state is not None
            if state.status != "InProgress":
                return state
            self.wait(0.1)
        raise AssertionError(f"{url} did not end")

    def snapshot(self, name: str, disk: str) -> str:
        """A finished snapshot's id."""
        taken = snapshot_id(name, self.group)
        url = self.cloud.start_snapshot(taken, source=self.cloud.get_disk(disk), tags=TAGS)
        assert self.settle(url).status == "Succeeded"
        return taken


def becomes(
    cloud: DiskCloud, snapshot: str, wanted: Callable[[Any], bool], wait: Callable[[float], object] = time.sleep
) -> bool:
    for _ in range(600):
        if wanted(cloud.find_snapshot(snapshot)):
            return True
        wait(0.1)
    return False


def usable(found: Any) -> bool:
    return found is not None and found.is_usable


def gone(found: Any) -> bool:
    return found is None


class Identity:
    """A credential that shows the simulator a principal."""

    def __init__(self, arm: Arm, principal: str = APP) -> None:
        self._token = arm.token(principal)

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        return AccessToken(self._token, int(time.time()) + 3600)


def arm_cloud(arm: Arm, principal: str = APP, **options: Any) -> ArmDiskCloud:
    scope = f"{arm.endpoint}/.default"
    return ArmDiskCloud(endpoint=arm.endpoint, scope=scope, credential=Identity(arm, principal), **options)


@pytest.fixture
def quick_arm(arm: Arm) -> Iterator[Arm]:
    """The simulator with short operations and full buckets; as it was afterwards."""
    before = arm.control("GET", "settings")
    spans = ("snapshot_seconds", "disk_seconds", "delete_seconds", "update_seconds")
    quick = {name: [0.3, 0.4] for name in spans}
    at_once = {"role_propagation_seconds": 0.0, "cost_known_after_days": 0}
    arm.control("PUT", "settings", {**quick, **at_once, "background_copy_seconds": 1.5})
    arm.control("DELETE", "buckets")
    for role in APP_ROLES:
        assign(arm, APP, role, f"/subscriptions/{arm.subscription}")
    yield arm
    arm.control("DELETE", "faults")
    arm.control("PUT", "settings", before)
    arm.control("DELETE", "buckets")


def assign(arm: Arm, principal: str, role: str, scope: str) -> None:
    definitions = f"/subscriptions/{arm.subscription}/providers/Microsoft.Authorization/roleDefinitions"
    known = {**ROLES, "Cost Management Reader": COST_READER}
    definition = f"{definitions}/{known.get(role, READER)}"
    assignment = {"roleDefinitionId": definition, "principalId": principal, "principalType": "ServicePrincipal"}
    name = uuid.uuid5(uuid.NAMESPACE_OID, f"{principal} {role} {scope}")
    path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"
    arm.call("PUT", path, {"properties": assignment}, version="2022-04-01")


@pytest.fixture
def arm_group(quick_arm: Arm, group_name: str) -> GroupId:
    group = GroupId(subscription=quick_arm.subscription, group=group_name)
    quick_arm.call("PUT", group.text, {"location": LOCATION}, version="2021-04-01")
    return group


@pytest.fixture(params=["fake", pytest.param("arm", marks=pytest.mark.local_target)])
def bench(request: pytest.FixtureRequest) -> CloudBench:
    if request.param == "fake":
        return _fake_bench()
    return _arm_bench(request.getfixturevalue("quick_arm"), request.getfixturevalue("arm_group"))


def _fake_bench() -> CloudBench:
    clock = FakeClock()
    cloud = FakeCloud(clock)
    cloud.copy_time = timedelta(seconds=3)
    cloud.region_copy_time = timedelta(seconds=1)
    group = GroupId(subscription=SUBSCRIPTION, group="rg")
    cloud.add_group(group)

    def add_disk(name: str, *, sku: str = "Premium_LRS", size_gb: int = 64) -> str:
        return cloud.add_disk(disk_json(name, group=group, sku=sku, size_gb=size_gb)).id

    def add_machine(name: str, *, os_disk: str, data_disks: Mapping[int, str], power: str = "deallocated") -> str:
        raw = machine_json(name, os_disk=os_disk, data_disks=data_disks, group=group)
        return cloud.add_machine(raw, power=power)

    def lock() -> Callable[[], object]:
        cloud.locks.add(group.key)
        return lambda: cloud.locks.discard(group.key)

    def holding(*roles: tuple[str, str]) -> DiskCloud:
        cloud.grants = {scope.lower(): [Grant(actions=ACTIONS[role])] for role, scope in roles}
        return cloud

    return CloudBench(
        cloud=cloud,
        group=group,
        now=clock.now,
        wait=lambda seconds: clock.advance(seconds=seconds),
        add_disk=add_disk,
        remove_disk=cloud.remove_disk,
        add_machine=add_machine,
        lock=lock,
        fail_late=cloud.fail_late,
        fail_deletion_late=cloud.fail_deletion_late,
        limit_snapshots=lambda limit: setattr(cloud, "snapshot_limit", limit),
        holding=holding,
        encryption_set=lambda: cloud.add_encryption_set(encryption_set_id("keys", group)).id,
        unreadable=lambda: _deny(cloud),
        principal=cloud.principal,
    )


def _deny(cloud: FakeCloud) -> str:
    unknown = str(uuid.uuid4())
    cloud.denied[f"/subscriptions/{unknown}"] = "SubscriptionNotFound"
    return unknown


def _arm_bench(arm: Arm, group: GroupId) -> CloudBench:
    def add_disk(name: str, *, sku: str = "Premium_LRS", size_gb: int = 64) -> str:
        wish = {"prefix": name, "sku": sku, "size_gib": size_gb, "group": group.group}
        return arm.control("POST", "disks", {**wish, "subscription": group.subscription})["ids"][0]

    def add_machine(name: str, *, os_disk: str, data_disks: Mapping[int, str], power: str = "deallocated") -> str:
        wish = {"id": machine_id(name, group), "osDiskId": os_disk, "power": power}
        held = {str(lun): disk for lun, disk in data_disks.items()}
        return arm.control("POST", "machines", {**wish, "dataDisks": held})["id"]

    def lock() -> Callable[[], object]:
        path = f"{group.text}/providers/Microsoft.Authorization/locks/keep"
        arm.call("PUT", path, {"properties": {"level": "CanNotDelete"}}, version="2020-05-01")
        return lambda: arm.call("DELETE", path, version="2020-05-01")

    def holding(*roles: tuple[str, str]) -> DiskCloud:
        principal = str(uuid.uuid4())
        for role, scope in roles:
            assign(arm, principal, role, scope)
        return arm_cloud(arm, principal)

    def encryption_set() -> str:
        seeded = encryption_set_id(f"keys-{LOCATION}", GroupId(subscription=arm.subscription, group=f"apps-{LOCATION}"))
        assign(arm, APP, "Reader", seeded)
        return seeded

    return CloudBench(
        cloud=arm_cloud(arm),
        group=group,
        now=lambda: datetime.now(UTC),
        wait=time.sleep,
        add_disk=add_disk,
        remove_disk=lambda disk: arm.control("POST", "disks/delete-behind", {"id": disk}),
        add_machine=add_machine,
        lock=lock,
        fail_late=lambda: arm.control("POST", "faults", {"kind": "fail_late", "path": group.group, "method": "PUT"}),
        fail_deletion_late=lambda: arm.control(
            "POST", "faults", {"kind": "fail_late", "path": group.group, "method": "DELETE"}
        ),
        limit_snapshots=lambda limit: arm.control("PUT", "settings", {"incremental_snapshots_per_disk": limit}),
        holding=holding,
        encryption_set=encryption_set,
        unreadable=lambda: str(uuid.uuid4()),
        principal=APP,
    )


# Disks.


def test_a_disk_is_described_in_full(bench):
    disk = bench.cloud.get_disk(bench.add_disk("disk", size_gb=100))
    assert disk.sku == "Premium_LRS"
    assert disk.size_bytes == 100 << 30
    assert disk.location == LOCATION
    assert disk.raw["properties"]["diskSizeGB"] == 100
    assert disk.provisioning_state == "Succeeded"


def test_ids_are_compared_without_case(bench):
    disk = bench.add_disk("disk")
    assert bench.cloud.get_disk(disk.upper().replace("MICROSOFT.COMPUTE/DISKS", "Microsoft.Compute/disks")).id == disk
    assert bench.cloud.find_disk(disk.lower()) is not None


@pytest.mark.parametrize("group", ["same", "missing"])
def test_a_disk_that_is_gone_is_not_found(bench, group):
    where = bench.group if group == "same" else bench.nowhere
    with pytest.raises(DiskNotFound):
        bench.cloud.get_disk(disk_id("nobody", where))


def test_a_disk_that_may_be_absent_is_none(bench):
    assert bench.cloud.find_disk(disk_id("nobody", bench.group)) is None
    with pytest.raises(RestoreGroupNotFound):
        bench.cloud.find_disk(disk_id("nobody", bench.nowhere))


# Snapshots.


def test_a_snapshot_is_asked_for_and_becomes_usable(bench):
    disk, taken, before = bench.add_disk("disk"), snapshot_id("snap", bench.group), bench.now()
    url = bench.cloud.start_snapshot(taken, source=bench.cloud.get_disk(disk), tags=TAGS)
    assert bench.cloud.get_operation(url) == OperationState(status="InProgress")
    ended = bench.settle(url)
    assert ended.status == "Succeeded"
    snapshot = bench.cloud.find_snapshot(taken)
    assert bench.cloud.snapshot_of(ended) == snapshot
    assert snapshot.id == taken
    assert snapshot.is_usable
    assert snapshot.source_id == disk
    assert snapshot.size_bytes == 64 << 30
    assert snapshot.location == LOCATION
    assert {**snapshot.tags} == TAGS
    assert abs(snapshot.created_at - before) < timedelta(minutes=1)
    assert snapshot.raw["properties"]["incremental"] is True


def test_a_snapshot_under_way_is_not_usable(bench):
    disk, taken = bench.add_disk("disk"), snapshot_id("snap", bench.group)
    url = bench.cloud.start_snapshot(taken, source=bench.cloud.get_disk(disk), tags=TAGS)
    found = bench.cloud.find_snapshot(taken)
    assert found is None or not found.is_usable
    bench.settle(url)


@pytest.mark.parametrize(
    ("name", "group", "subscription"), [("ledger01-closed", "westeurope", FIRST), ("lake03-private", "eastus", SECOND)]
)
def test_no_one_reads_a_snapshot_over_the_network_who_may_not_read_its_disk(quick_arm, name, group, subscription):
    source = disk_id(name, GroupId(subscription=subscription, group=f"apps-{group}"))
    taken = snapshot_id(f"of-{name}", GroupId(subscription=subscription, group=f"snapshots-{group}"))
    cloud = arm_cloud(quick_arm, SEEDED_APP)
    disk = cloud.get_disk(source)
    cloud.start_snapshot(taken, source=disk, tags=TAGS)
    assert becomes(cloud, taken, usable)
    shown = cloud.find_snapshot(taken).raw["properties"]
    for field in ("networkAccessPolicy", "publicNetworkAccess", "dataAccessAuthMode", "diskAccessId"):
        assert shown.get(field) == disk.raw["properties"].get(field)
    cloud.delete_snapshot(taken)


def test_a_missing_right_to_the_disk_access_is_named(quick_arm):
    access = disk_access_id(FIRST, "westeurope")
    closed = {"networkAccessPolicy": "AllowPrivate", "diskAccessId": access}
    group = GroupId(subscription=FIRST, group="snapshots-westeurope")
    cloud = _with_disk_roles_only(quick_arm)
    disk = cloud.get_disk(disk_id("payroll-cmk", GroupId(subscription=FIRST, group="apps-westeurope")))
    private = Disk(raw={**disk.raw, "properties": {**disk.raw["properties"], **closed}})
    with pytest.raises(PermissionMissing) as missing:
        cloud.start_snapshot(snapshot_id("private", group), source=private, tags=TAGS)
    assert (missing.value.role, missing.value.scope) == ("Reader", access)
    elsewhere = access.replace("westeurope", "eastus")
    away = Disk(raw={**disk.raw, "properties": {**private.raw["properties"], "diskAccessId": elsewhere}})
    with pytest.raises(RequestRefused, match=elsewhere):
        arm_cloud(quick_arm, SEEDED_APP).start_snapshot(snapshot_id("private", group), source=away, tags=TAGS)


def test_a_policy_that_wants_tags_and_closed_snapshots_can_be_complied_with(quick_arm):
    wanted = {"kind": "policy", "what": "snapshot", "rate": 1.0, "tags": ["CostCenter"], "closed": True}
    quick_arm.control("POST", "faults", wanted)
    group = GroupId(subscription=FIRST, group="snapshots-westeurope")
    cloud = arm_cloud(quick_arm, SEEDED_APP)
    apps = GroupId(subscription=FIRST, group="apps-westeurope")
    closed, open_ = cloud.get_disk(disk_id("ledger01-closed", apps)), cloud.get_disk(disk_id("payroll-cmk", apps))
    for source, tags in ((closed, TAGS), (open_, {**TAGS, "CostCenter": "42"})):
        with pytest.raises(DisallowedByPolicy) as denied:
            cloud.start_snapshot(snapshot_id("policy", group), source=source, tags=tags)
        assert "diskbackup-inherit-tags" in denied.value.recommended_action
    assert cloud.start_snapshot(snapshot_id("policy", group), source=closed, tags={**TAGS, "costcenter": "42"})


def test_asking_again_under_the_same_name_takes_nothing_new(bench):
    disk = bench.add_disk("disk")
    taken = bench.snapshot("snap", disk)
    first = bench.cloud.find_snapshot(taken)
    bench.wait(0.2)
    url = bench.cloud.start_snapshot(taken, source=bench.cloud.get_disk(disk), tags=TAGS)
    assert bench.settle(url).status == "Succeeded"
    assert bench.cloud.find_snapshot(taken).created_at == first.created_at
    assert len(list(bench.cloud.list_snapshots(bench.group))) == 1


def test_a_name_that_another_disk_took_is_refused(bench):
    taken = bench.snapshot("snap", bench.add_disk("one"))
    other = bench.cloud.get_disk(bench.add_disk("other"))
    with pytest.raises(RequestRefused) as refusal:
        bench.cloud.start_snapshot(taken, source=other, tags=TAGS)
    assert refusal.value.code == "BadRequest"


def test_a_snapshot_needs_its_group_and_its_disk(bench):
    disk = bench.cloud.get_disk(bench.add_disk("disk"))
    with pytest.raises(SnapshotGroupNotFound):
        bench.cloud.start_snapshot(snapshot_id("snap", bench.nowhere), source=disk, tags=TAGS)
    bench.remove_disk(disk.id)
    with pytest.raises(DiskNotFound):
        bench.cloud.start_snapshot(snapshot_id("snap", bench.group), source=disk, tags=TAGS)
    assert bench.cloud.find_snapshot(snapshot_id("snap", bench.group)) is None


def test_a_disk_with_too_many_snapshots_gets_no_more(bench):
    disk = bench.add_disk("disk")
    bench.snapshot("first", disk)
    bench.limit_snapshots(1)
    with pytest.raises(SnapshotLimitReached):
        bench.cloud.start_snapshot(snapshot_id("second", bench.group), source=bench.cloud.get_disk(disk), tags=TAGS)
    assert bench.snapshot("first", disk)  # the one that exists may be asked for again


def test_a_background_copy_goes_on_after_the_operation_succeeded(bench):
    disk = bench.add_disk("disk", sku="PremiumV2_LRS")
    taken = bench.snapshot("snap", disk)
    copying = bench.cloud.find_snapshot(taken)
    assert copying.provisioning_state == "Succeeded"
    assert copying.completion_percent < 100
    assert not copying.is_usable
    assert becomes(bench.cloud, taken, usable, bench.wait)
    assert bench.cloud.find_snapshot(taken).completion_percent == 100


def test_a_copy_in_another_region_is_done_when_it_is_complete(bench):
    """Its operation has succeeded long before."""
    disk = bench.add_disk("disk")
    source = bench.cloud.find_snapshot(bench.snapshot("source", disk))
    copy_id = snapshot_id("copied", bench.group)
    url = bench.cloud.start_copy(copy_id, source=source, location="northeurope", tags=TAGS)
    assert bench.settle(url).status == "Succeeded"
    copied = bench.cloud.find_snapshot(copy_id)
    assert not copied.is_usable
    assert (copied.location, copied.source_id.lower()) == ("northeurope", source.id.lower())
    assert (copied.source_unique_id, copied.tags) == (source.unique_id, TAGS)
    assert copied.raw["properties"]["creationData"]["createOption"] == "CopyStart"
    assert becomes(bench.cloud, copy_id, usable, bench.wait)


def test_a_second_copy_of_a_disk_waits_and_a_lost_source_breaks_the_first(bench):
    disk = bench.add_disk("disk")
    first, second = (bench.cloud.find_snapshot(bench.snapshot(name, disk)) for name in ("first", "second"))
    copy_id, other_id = (snapshot_id(name, bench.group) for name in ("copied", "other"))
    bench.cloud.start_copy(copy_id, source=first, location="northeurope", tags=TAGS)
    with pytest.raises(NotAllowedNow):
        bench.cloud.start_copy(other_id, source=second, location="northeurope", tags=TAGS)
    bench.cloud.start_copy(copy_id, source=first, location="northeurope", tags=TAGS)
    bench.settle(bench.cloud.delete_snapshot(first.id))
    assert bench.cloud.find_snapshot(copy_id).copy_error.startswith("CopySourceNotFound")
    with pytest.raises(SnapshotNotFound):
        bench.cloud.start_copy(other_id, source=first, location="northeurope", tags=TAGS)


def test_an_operation_that_fails_late_says_why(bench):
    disk = bench.cloud.get_disk(bench.add_disk("disk"))
    bench.fail_late()
    ended = bench.settle(bench.cloud.start_snapshot(snapshot_id("snap", bench.group), source=disk, tags=TAGS))
    assert (ended.status, ended.error_code) == ("Failed", "InternalExecutionError")
    assert ended.error_message
    assert bench.cloud.snapshot_of(ended) is None
    left = bench.cloud.find_snapshot(snapshot_id("snap", bench.group))
    assert left is None or not left.is_usable


def test_a_snapshot_that_is_absent_is_none(bench):
    assert bench.cloud.find_snapshot(snapshot_id("nobody", bench.group)) is None


@pytest.mark.parametrize("call", ["find_snapshot", "delete_snapshot", "list_snapshots"])
def test_what_is_said_of_the_group_or_the_subscription_is_not_said_of_the_snapshot(bench, call):
    def ask(where: GroupId) -> object:
        target = where if call == "list_snapshots" else snapshot_id("nobody", where)
        return list(getattr(bench.cloud, call)(target) or ())

    with pytest.raises(SnapshotGroupNotFound):
        ask(bench.nowhere)
    with pytest.raises(SubscriptionNotFound) as refusal:
        ask(GroupId(subscription=bench.unreadable(), group="no-such-rg"))
    assert refusal.value.transient


def test_an_unreadable_subscription_tells_nothing_of_disks_and_groups(bench):
    group = GroupId(subscription=bench.unreadable(), group="no-such-rg")
    for ask in (
        lambda: bench.cloud.get_disk(disk_id("nobody", group)),
        lambda: bench.cloud.find_disk(disk_id("nobody", group)),
        lambda: list(bench.cloud.list_disks(group.text)),
        lambda: bench.cloud.find_group(group),
        lambda: bench.cloud.locks_at(group),
    ):
        with pytest.raises(SubscriptionNotFound):
            ask()


def test_a_deleted_snapshot_goes_and_deleting_it_again_is_fine(bench):
    taken = bench.snapshot("snap", bench.add_disk("disk"))
    url = bench.cloud.delete_snapshot(taken)
    assert becomes(bench.cloud, taken, gone, bench.wait)
    ended = bench.cloud.get_operation(url)
    assert ended.status == "Succeeded"
    assert bench.cloud.delete_snapshot(taken) == ""


def test_a_deletion_that_was_accepted_may_fail_later_and_leaves_the_snapshot_whole(bench):
    taken = bench.snapshot("snap", bench.add_disk("disk"))
    bench.fail_deletion_late()
    ended = bench.settle(bench.cloud.delete_snapshot(taken))
    assert (ended.status, ended.error_code) == ("Failed", "InternalExecutionError")
    left = bench.cloud.find_snapshot(taken)
    assert left.is_usable


def test_the_tags_of_a_snapshot_are_all_replaced(bench):
    taken = bench.snapshot("snap", bench.add_disk("disk"))
    before = bench.cloud.find_snapshot(taken)
    bench.cloud.tag_snapshot(taken, {"diskbackup-owner": "diskbackup/1", "diskbackup-hold": '[{"name":"größer"}]'})
    bench.wait(0.5)
    after = bench.cloud.find_snapshot(taken)
    assert after.tags == {"diskbackup-owner": "diskbackup/1", "diskbackup-hold": '[{"name":"größer"}]'}
    assert (after.unique_id, after.created_at, after.is_usable) == (before.unique_id, before.created_at, True)


def test_tagging_what_is_not_there_is_fine_and_in_no_group_is_not(bench):
    bench.cloud.tag_snapshot(snapshot_id("none", bench.group), TAGS)
    assert bench.cloud.find_snapshot(snapshot_id("none", bench.group)) is None
    with pytest.raises(SnapshotGroupNotFound):
        bench.cloud.tag_snapshot(snapshot_id("none", bench.nowhere), TAGS)


def test_a_locked_snapshot_stays_until_the_lock_goes(bench):
    taken = bench.snapshot("snap", bench.add_disk("disk"))
    unlock = bench.lock()
    with pytest.raises(ScopeLocked):
        bench.cloud.delete_snapshot(taken)
    assert bench.cloud.find_snapshot(taken) is not None
    unlock()
    bench.cloud.delete_snapshot(taken)
    assert becomes(bench.cloud, taken, gone, bench.wait)


def test_a_bound_snapshot_shows_until_when_and_is_not_deleted(bench):
    disk = bench.add_disk("bound")
    taken = bench.snapshot("bound-1", disk)
    assert bench.cloud.find_snapshot(taken).immutability is None
    bench.cloud.bind_snapshot(taken, days=2)
    first = bench.cloud.find_snapshot(taken).immutability
    assert first.until - first.since == timedelta(days=2)
    assert abs(first.since - bench.now()) < timedelta(minutes=1)
    with pytest.raises(RequestRefused):
        bench.cloud.delete_snapshot(taken)
    bench.cloud.bind_snapshot(taken, days=3)
    longer = bench.cloud.find_snapshot(taken).immutability
    assert (longer.since, longer.until) == (first.since, first.since + timedelta(days=3))
    assert {each.id for each in bench.cloud.list_snapshots(bench.group)} == {taken}


@pytest.mark.parametrize("days", [1, 91])
def test_what_azure_does_not_take_changes_no_binding(bench, days):
    taken = bench.snapshot("bound-1", bench.add_disk("bound"))
    bench.cloud.bind_snapshot(taken, days=2)
    bound = bench.cloud.find_snapshot(taken).immutability
    with pytest.raises(RequestRefused):
        bench.cloud.bind_snapshot(taken, days=days)
    assert bench.cloud.find_snapshot(taken).immutability == bound


def test_only_a_snapshot_that_is_there_is_bound(bench):
    with pytest.raises(SnapshotNotFound):
        bench.cloud.bind_snapshot(snapshot_id("nothing", bench.group), days=1)
    with pytest.raises(SnapshotGroupNotFound):
        bench.cloud.bind_snapshot(snapshot_id("nothing", bench.nowhere), days=1)


def test_a_group_lists_its_snapshots(bench):
    assert list(bench.cloud.list_snapshots(bench.group)) == []
    disk = bench.add_disk("disk")
    names = {bench.snapshot(f"snap-{number}", disk) for number in range(3)}
    listed = list(bench.cloud.list_snapshots(bench.group))
    assert {each.id for each in listed} == names
    assert all(each.is_usable and {**each.tags} == TAGS for each in listed)
    with pytest.raises(SnapshotGroupNotFound):
        list(bench.cloud.list_snapshots(bench.nowhere))


def test_a_subscription_lists_the_snapshots_of_all_its_groups(bench):
    before = {each.id for each in bench.cloud.list_all_snapshots(bench.group.subscription)}
    taken = bench.snapshot("snap-1", bench.add_disk("disk"))
    after = {each.id: each for each in bench.cloud.list_all_snapshots(bench.group.subscription)}
    assert after.keys() - before == {taken}
    assert after[taken] == bench.cloud.find_snapshot(taken), "a list shows as much of a snapshot as a look at it"


def test_a_group_and_a_subscription_list_their_disks(bench):
    scope = f"/subscriptions/{bench.group.subscription}"
    assert list(bench.cloud.list_disks(bench.group.text)) == []
    made = {bench.add_disk(f"disk-{number}") for number in range(3)}
    for spelled in (bench.group.text, bench.group.text.upper().replace("/SUBSCRIPTIONS/", "/subscriptions/")):
        listed = list(bench.cloud.list_disks(spelled))
        assert {each.id for each in listed} == made
    assert made <= {each.id for each in bench.cloud.list_disks(scope)}
    assert listed[0] == bench.cloud.get_disk(listed[0].id), "a list shows as much of a disk as a look at it"


def test_what_is_not_there_has_no_disks(bench):
    assert list(bench.cloud.list_disks(bench.nowhere.text)) == []


def test_a_disk_that_is_gone_is_not_listed(bench):
    disk = bench.add_disk("disk")
    bench.remove_disk(disk)
    assert list(bench.cloud.list_disks(bench.group.text)) == []


# Restored disks.


def _body(source: str, **properties: Any) -> Mapping[str, Any]:
    creation = {"createOption": "Copy", "sourceResourceId": source}
    return {
        "location": LOCATION,
        "sku": {"name": "StandardSSD_LRS"},
        "tags": {"from": "backup"},
        "properties": {"creationData": creation, **properties},
    }


def test_a_disk_is_made_from_a_snapshot(bench):
    source, target = bench.snapshot("snap", bench.add_disk("disk")), disk_id("restored", bench.group)
    ended = bench.settle(bench.cloud.start_disk(target, _body(source, diskSizeGB=128)))
    assert ended.status == "Succeeded"
    made = bench.cloud.find_disk(target)
    assert made.sku == "StandardSSD_LRS"
    assert made.size_bytes == 128 << 30
    assert made.tags == {"from": "backup"}
    assert made.provisioning_state == "Succeeded"
    assert made.completion_percent == 100


def test_a_disk_needs_its_group_and_its_snapshot(bench):
    source = bench.snapshot("snap", bench.add_disk("disk"))
    with pytest.raises(RestoreGroupNotFound):
        bench.cloud.start_disk(disk_id("restored", bench.nowhere), _body(source))
    with pytest.raises(SnapshotNotFound):
        bench.cloud.start_disk(disk_id("restored", bench.group), _body(snapshot_id("nobody", bench.group)))


def test_a_disk_smaller_than_its_snapshot_fails_late(bench):
    source = bench.snapshot("snap", bench.add_disk("disk"))
    ended = bench.settle(bench.cloud.start_disk(disk_id("small", bench.group), _body(source, diskSizeGB=32)))
    assert (ended.status, ended.error_code) == ("Failed", "InvalidParameter")


def restored(bench: CloudBench) -> tuple[str, str]:
    """A snapshot and a disk made from it."""
    taken = bench.snapshot("snap", bench.add_disk("disk"))
    made = disk_id("made", bench.group)
    assert bench.settle(bench.cloud.start_disk(made, _body(taken))).status == "Succeeded"
    return taken, made


RANGES = sampled_ranges(64 << 30, "seed")


def test_a_disk_holds_the_bytes_of_its_snapshot_and_they_are_read_by_a_signed_url_while_it_counts(bench):
    taken, made = restored(bench)
    granted = [bench.settle(bench.cloud.start_access(each, lasts=timedelta(minutes=5))) for each in (taken, made)]
    of_snapshot, of_disk = (
        list(bench.cloud.read_data(operation, each, RANGES))
        for operation, each in zip(granted, (taken, made), strict=True)
    )
    assert of_snapshot == of_disk
    assert [len(data) for data in of_disk] == [each.length for each in RANGES]
    assert len(set(of_disk)) == len(RANGES)
    assert signature_of(of_disk[0]) == "GPT"
    for each in (taken, made):
        bench.settle(bench.cloud.end_access(each))
    for operation, each in zip(granted, (taken, made), strict=True):
        with pytest.raises(RequestRefused):
            next(bench.cloud.read_data(operation, each, RANGES))


def test_what_lies_behind_the_end_of_a_disk_is_refused(bench):
    taken = bench.snapshot("snap", bench.add_disk("disk"))
    operation = bench.settle(bench.cloud.start_access(taken, lasts=timedelta(minutes=5)))
    with pytest.raises(RequestRefused):
        list(bench.cloud.read_data(operation, taken, [ByteRange(offset=64 << 30)]))
    bench.settle(bench.cloud.end_access(taken))


def test_a_disk_to_whose_data_access_is_granted_is_not_deleted_before_it_ends(bench):
    _, made = restored(bench)
    bench.settle(bench.cloud.start_access(made, lasts=timedelta(minutes=5)))
    with pytest.raises(NotAllowedNow):
        bench.cloud.delete_disk(made)
    bench.settle(bench.cloud.end_access(made))
    assert bench.settle(bench.cloud.delete_disk(made)).status == "Succeeded"
    assert bench.cloud.find_disk(made) is None


def test_what_is_absent_needs_no_deletion_and_no_end_of_access(bench):
    assert bench.cloud.delete_disk(disk_id("nobody", bench.group)) == ""
    assert bench.cloud.end_access(disk_id("nobody", bench.group)) == ""
    assert bench.cloud.end_access(snapshot_id("nobody", bench.group)) == ""


def test_there_is_no_access_to_what_is_not_there(bench):
    with pytest.raises(DiskNotFound):
        bench.cloud.start_access(disk_id("nobody", bench.group), lasts=timedelta(minutes=5))
    with pytest.raises(SnapshotNotFound):
        bench.cloud.start_access(snapshot_id("nobody", bench.group), lasts=timedelta(minutes=5))


def test_a_locked_disk_is_not_deleted(bench):
    _, made = restored(bench)
    unlock = bench.lock()
    with pytest.raises(ScopeLocked):
        bench.cloud.delete_disk(made)
    unlock()


def test_no_error_about_data_tells_the_signed_url(quick_arm, arm_group):
    bench = _arm_bench(quick_arm, arm_group)
    taken = bench.snapshot("snap", bench.add_disk("disk"))
    operation = bench.settle(bench.cloud.start_access(taken, lasts=timedelta(minutes=5)))
    url = str(operation.output["accessSAS"])
    secret = url.partition("sig=")[2]
    assert secret
    assert secret not in repr(operation)
    bench.settle(bench.cloud.end_access(taken))
    unreachable = url.replace(quick_arm.endpoint, "https://127.0.0.1:9")
    for output, error in ((url, RequestRefused), (unreachable, CloudUnavailable), ("http://x/?sig=1", RequestRefused)):
        with pytest.raises(error) as refused:
            next(bench.cloud.read_data(OperationState(status="Succeeded", output={"accessSAS": output}), taken, RANGES))
        shown = "".join(traceback.format_exception(refused.value))
        assert "sig=" not in shown
        assert secret not in shown


def test_an_operation_that_azure_forgot_is_none(bench):
    url = bench.cloud.start_snapshot(
        snapshot_id("snap", bench.group), source=bench.cloud.get_disk(bench.add_disk("disk")), tags=TAGS
    )
    bench.settle(url)
    unknown = re.sub(r"(DiskOperations/.*?)[0-9a-f-]{36}|$", rf"\g<1>{uuid.uuid4()}", url, count=1)
    assert unknown != url
    assert bench.cloud.get_operation(unknown) is None


# What lies around disks.


def encryption_set_id(name: str, group: GroupId) -> str:
    return f"{group.text}/providers/Microsoft.Compute/diskEncryptionSets/{name}"


def test_a_group_is_found_or_none(bench):
    found = bench.cloud.find_group(bench.group)
    assert (found.id.lower(), found.location) == (bench.group.key, LOCATION)
    shouted = GroupId(subscription=bench.group.subscription, group=bench.group.group.upper())
    assert bench.cloud.find_group(shouted) is not None
    assert bench.cloud.find_group(bench.nowhere) is None


def test_a_lock_on_a_group_is_seen_until_it_goes(bench):
    assert bench.cloud.locks_at(bench.group) == ()
    unlock = bench.lock()
    (lock,) = bench.cloud.locks_at(bench.group)
    assert (lock.name, lock.level, lock.scope.lower()) == ("keep", "CanNotDelete", bench.group.key)
    assert lock.holds(bench.group)
    assert not lock.holds(GroupId(subscription=bench.group.subscription, group=f"{bench.group.group}-2"))
    unlock()
    assert bench.cloud.locks_at(bench.group) == ()
    assert bench.cloud.locks_at(bench.nowhere) == ()


def test_permissions_are_those_of_all_roles_at_the_scope_and_above(bench):
    disk, subscription = bench.add_disk("disk"), f"/subscriptions/{bench.group.subscription}"
    cloud = bench.holding(("Disk Snapshot Contributor", bench.group.text), ("Disk Backup Reader", disk))
    at_group, at_disk = cloud.permissions_at(bench.group.text), cloud.permissions_at(disk)
    assert at_group.allows("Microsoft.Compute/snapshots/write")
    assert at_group.allows("microsoft.authorization/LOCKS/read")
    assert not at_group.allows("Microsoft.Compute/disks/read")
    assert at_disk.allows("Microsoft.Compute/disks/read")
    assert at_disk.allows("Microsoft.Compute/snapshots/write"), "inherited from the group"
    assert not at_disk.allows("Microsoft.Compute/disks/write")
    reader = bench.holding(("Reader", subscription))
    assert reader.permissions_at(disk).allows("Microsoft.Compute/disks/read")
    assert reader.permissions_at(bench.nowhere.text) == Permissions()


def test_who_holds_no_role_may_not_ask_for_permissions(bench):
    nobody = bench.holding()
    with pytest.raises(PermissionMissing):
        nobody.permissions_at(bench.group.text)


def test_an_encryption_set_is_found_or_none(bench):
    found = bench.cloud.find_encryption_set(bench.encryption_set())
    assert (found.location, found.provisioning_state, found.key_error) == (LOCATION, "Succeeded", "")
    assert found.key_url.startswith("https://")
    gone = encryption_set_id("nobody", bench.group)
    assert bench.holding(("Reader", bench.group.text)).find_encryption_set(gone) is None
    with pytest.raises(ValueError, match="diskEncryptionSets"):
        bench.cloud.find_encryption_set(disk_id("disk", bench.group))


def test_the_usage_of_a_region_counts_by_kind(bench):
    before = bench.cloud.usage(bench.group.subscription, "West Europe")
    bench.snapshot("snap", bench.add_disk("zonal", sku="Premium_ZRS"))
    after = bench.cloud.usage(bench.group.subscription, LOCATION)
    assert after["PremiumZRSDiskCount"].current == before["PremiumZRSDiskCount"].current + 1
    assert after["StandardSnapshotCount"].current + after["ZRSSnapshotCount"].current >= 1
    assert (after["StandardDiskCount"].limit, after["ZRSSnapshotCount"].limit) == (50_000, 75_000)
    assert bench.cloud.usage(bench.group.subscription, "northeurope")["PremiumV2DiskCount"].current == 0


def test_the_kinds_of_disk_that_a_region_has_are_told_with_their_zones(bench):
    subscription = bench.group.subscription
    here = bench.cloud.offered_disks(subscription, "West Europe")
    assert here["PremiumV2_LRS"] == here["Standard_LRS"] == {"1", "2", "3"}
    assert here["Premium_ZRS"] == frozenset(), "in all of them at once"
    assert "Standard_B2s" not in here
    assert "Standard_ZRS" not in here, "a kind of snapshot only"
    small = bench.cloud.offered_disks(subscription, "westus")
    assert "Premium_ZRS" not in small
    assert small["Premium_LRS"] == frozenset()


def test_what_was_billed_for_snapshots_is_told_by_day_and_by_their_tags(bench):
    bench.snapshot("snap", bench.add_disk("disk"))
    cloud = bench.holding(("Cost Management Reader", f"/subscriptions/{bench.group.subscription}"))
    today = bench.now().date()

    def billed(**tags):
        wanted = {**TAGS, **{name.replace("_", "-"): value for name, value in tags.items()}}
        return cloud.billed(bench.group.text, wanted, today - timedelta(days=3), today)

    told = billed()
    assert [each.day for each in told] == [today]
    assert told[0].currency == "USD"
    assert told[0].cost == pytest.approx(0.05 * told[0].gib_months)
    assert 0 < told[0].gib_months <= 64 / 31
    assert billed(team="nobody") == billed(diskbackup_owner="somebody") == ()
    assert cloud.billed(bench.nowhere.text, TAGS, today, today) == ()
    assert cloud.billed(bench.group.text, TAGS, today - timedelta(days=9), today - timedelta(days=5)) == ()


def test_the_regions_of_a_subscription_are_known_by_their_names(bench):
    assert LOCATION in bench.cloud.regions(bench.group.subscription)


def test_the_identity_that_makes_the_calls_is_known(bench):
    assert bench.cloud.identity().principal_id == bench.principal


# What only the real adapter meets.


@pytest.fixture
def disk(quick_arm: Arm, arm_group: GroupId) -> str:
    return _arm_bench(quick_arm, arm_group).add_disk("disk")


@pytest.mark.local_target
def test_whoever_may_not_read_operations_sees_how_they_end_by_what_they_were_for(quick_arm, arm_group, disk):
    quick_arm.control("PUT", "settings", {"signature_lets_poll": False})
    cloud = _without_operations(quick_arm)
    taken = snapshot_id("snap", arm_group)
    url = cloud.start_snapshot(taken, source=cloud.get_disk(disk), tags=TAGS)
    assert cloud.get_operation(url) is None
    assert becomes(cloud, taken, usable)
    assert cloud.get_operation(cloud.delete_snapshot(taken)) is None
    assert becomes(cloud, taken, gone)


@pytest.mark.parametrize("anew", [True, False])
def test_a_snapshot_that_failed_is_usable_only_where_azure_takes_it_anew(quick_arm, arm_group, disk, anew):
    quick_arm.control("PUT", "settings", {"failed_is_made_anew": anew})
    cloud = arm_cloud(quick_arm)
    taken = snapshot_id("snap", arm_group)
    quick_arm.control("POST", "faults", {"kind": "fail_late", "what": "snapshot", "method": "PUT"})
    for _ in range(2):
        cloud.start_snapshot(taken, source=cloud.get_disk(disk), tags=TAGS)
        assert becomes(cloud, taken, lambda found: found is not None and found.provisioning_state != "Updating")
    assert cloud.find_snapshot(taken).is_usable is anew
    cloud.delete_snapshot(taken)
    assert becomes(cloud, taken, gone), "what is left can be cleared away"


@pytest.mark.parametrize("shows", [True, False])
def test_a_snapshot_whose_deletion_failed_can_be_deleted_again_whatever_it_shows(quick_arm, arm_group, disk, shows):
    quick_arm.control("PUT", "settings", {"failed_change_shows": shows})
    cloud = arm_cloud(quick_arm)
    taken = snapshot_id("snap", arm_group)
    cloud.start_snapshot(taken, source=cloud.get_disk(disk), tags=TAGS)
    assert becomes(cloud, taken, usable)
    quick_arm.control("POST", "faults", {"kind": "fail_late", "what": "snapshot", "method": "DELETE"})
    url = cloud.delete_snapshot(taken)
    assert becomes(cloud, taken, lambda found: found is not None and found.provisioning_state != "Deleting")
    assert cloud.get_operation(url).status == "Failed"
    cloud.delete_snapshot(taken)
    assert becomes(cloud, taken, gone)


@pytest.mark.parametrize("seconds", [2, None])
def test_a_snapshot_is_taken_and_deleted_with_and_without_retry_after(quick_arm, arm_group, disk, seconds):
    quick_arm.control("PUT", "settings", {"retry_after_on_accept": seconds})
    cloud = arm_cloud(quick_arm)
    taken = snapshot_id("snap", arm_group)
    cloud.start_snapshot(taken, source=cloud.get_disk(disk), tags=TAGS)
    assert becomes(cloud, taken, usable)
    cloud.delete_snapshot(taken)
    assert becomes(cloud, taken, gone)


def test_a_private_disk_is_backed_up_where_its_disk_access_needs_no_right_of_ours(quick_arm):
    quick_arm.control("PUT", "settings", {"disk_access_must_be_readable": False})
    cloud = _with_disk_roles_only(quick_arm)
    disk = cloud.get_disk(disk_id("web01-data", GroupId(subscription=FIRST, group="apps-westeurope")))
    closed = {"networkAccessPolicy": "AllowPrivate", "diskAccessId": disk_access_id(FIRST, "westeurope")}
    private = Disk(raw={**disk.raw, "properties": {**disk.raw["properties"], **closed}})
    taken = snapshot_id("no-right", GroupId(subscription=FIRST, group="snapshots-westeurope"))
    cloud.start_snapshot(taken, source=private, tags=TAGS)
    assert becomes(cloud, taken, usable)


def _without_operations(arm: Arm) -> ArmDiskCloud:
    """For an identity with the three disk roles, of which none reads operations."""
    for role in ("Disk Backup Reader", "Disk Snapshot Contributor", "Disk Restore Operator"):
        assign(arm, UNTOLD, role, f"/subscriptions/{arm.subscription}")
    return arm_cloud(arm, UNTOLD)


def test_many_pages_are_read_as_one_list(quick_arm, arm_group, disk):
    bench = _arm_bench(quick_arm, arm_group)
    names = {bench.snapshot(f"snap-{number}", disk) for number in range(5)}
    quick_arm.control("PUT", "settings", {"page_size": 2})
    assert {each.id for each in bench.cloud.list_snapshots(arm_group)} == names
    disks = {disk, *(bench.add_disk(f"disk-{number}") for number in range(4))}
    assert {each.id for each in bench.cloud.list_disks(arm_group.text)} == disks


@pytest.mark.local_target
def test_a_stranger_is_told_which_role_is_missing_where(quick_arm, arm_group, disk):
    app, stranger = arm_cloud(quick_arm), arm_cloud(quick_arm, STRANGER)
    source, taken = app.get_disk(disk), snapshot_id("snap", arm_group)
    for attempt, role, scope in (
        (lambda: stranger.get_disk(disk), "Disk Backup Reader", disk),
        (lambda: stranger.start_snapshot(taken, source=source, tags={}), "Disk Snapshot Contributor", arm_group.text),
        (lambda: stranger.delete_snapshot(taken), "Disk Snapshot Contributor", arm_group.text),
        (lambda: list(stranger.list_snapshots(arm_group)), "Disk Snapshot Contributor", arm_group.text),
        (lambda: list(stranger.list_disks(arm_group.text)), "Disk Backup Reader", arm_group.text),
    ):
        with pytest.raises(PermissionMissing) as refusal:
            attempt()
        assert (refusal.value.role, refusal.value.scope) == (role, scope)
        assert not refusal.value.transient


@pytest.mark.local_target
def test_each_look_around_is_one_call_and_a_stranger_is_refused_each(quick_arm, arm_group):
    usage_scope = f"/subscriptions/{arm_group.subscription}"
    key, today = encryption_set_id("keys", arm_group), datetime.now(UTC).date()
    looks = {
        arm_group.text: (
            lambda cloud: cloud.billed(arm_group.text, TAGS, today, today),
            lambda cloud: cloud.find_group(arm_group),
            lambda cloud: cloud.locks_at(arm_group),
            lambda cloud: cloud.permissions_at(arm_group.text),
        ),
        usage_scope: (
            lambda cloud: cloud.usage(arm_group.subscription, LOCATION),
            lambda cloud: cloud.offered_disks(arm_group.subscription, LOCATION),
        ),
        key: (lambda cloud: cloud.find_encryption_set(key),),
    }
    for scope, reads in looks.items():
        for look in reads:
            quick_arm.control("DELETE", "counts")
            with pytest.raises(PermissionMissing) as refusal:
                look(arm_cloud(quick_arm, STRANGER))
            assert refusal.value.scope == scope
            assert quick_arm.control("GET", "counts")["total"] == 1


@pytest.mark.local_target
def test_a_throttled_question_for_what_was_billed_holds_back_nothing_else(quick_arm, arm_group, disk):
    cloud, today = arm_cloud(quick_arm), datetime.now(UTC).date()
    fault = {"kind": "429", "body": "arm", "retry_after": 60, "path": "CostManagement"}
    quick_arm.control("POST", "faults", fault)
    for _ in range(2):
        with pytest.raises(Throttled) as refusal:
            cloud.billed(arm_group.text, TAGS, today, today)
        assert 59 < refusal.value.retry_after_seconds <= 61
    assert cloud.start_snapshot(snapshot_id("snap", arm_group), source=cloud.get_disk(disk), tags={})


@pytest.mark.local_target
def test_a_throttled_look_around_holds_back_reads_only(quick_arm, arm_group, disk):
    cloud = arm_cloud(quick_arm)
    fault = {"kind": "429", "body": "arm", "retry_after": 3, "path": "permissions"}
    quick_arm.control("POST", "faults", fault)
    for _ in range(2):
        with pytest.raises(Throttled) as refusal:
            cloud.permissions_at(arm_group.text)
        assert 2 < refusal.value.retry_after_seconds <= 4
    source = arm_cloud(quick_arm).get_disk(disk)
    assert cloud.start_snapshot(snapshot_id("snap", arm_group), source=source, tags={})


@pytest.mark.local_target
def test_a_token_that_is_no_jwt_names_nobody(quick_arm):
    class Opaque:
        def get_token(self, *scopes: str, **_: Any) -> AccessToken:
            return AccessToken("opaque", int(time.time()) + 3600)

    cloud = ArmDiskCloud(endpoint=quick_arm.endpoint, scope="x/.default", credential=Opaque())
    assert cloud.identity().principal_id == ""


@pytest.mark.local_target
def test_who_may_write_the_snapshot_but_not_read_the_disk_is_told_so(quick_arm, arm_group, disk):
    assign(quick_arm, SNAPSHOT_WRITER, "Disk Snapshot Contributor", arm_group.text)
    elsewhere = GroupId(subscription=arm_group.subscription, group=f"{arm_group.group}-disks")
    quick_arm.call("PUT", elsewhere.text, {"location": LOCATION}, version="2021-04-01")
    other = _arm_bench(quick_arm, elsewhere).add_disk("elsewhere")
    source = arm_cloud(quick_arm).get_disk(other)
    with pytest.raises(PermissionMissing) as refusal:
        arm_cloud(quick_arm, SNAPSHOT_WRITER).start_snapshot(snapshot_id("snap", arm_group), source=source, tags={})
    assert (refusal.value.role, refusal.value.scope) == ("Disk Backup Reader", other)


@pytest.mark.local_target
def test_a_policy_that_forbids_is_named(quick_arm, arm_group, disk):
    cloud = arm_cloud(quick_arm)
    source = cloud.get_disk(disk)
    quick_arm.control("POST", "faults", {"kind": "policy", "path": arm_group.group, "method": "PUT"})
    with pytest.raises(DisallowedByPolicy):
        cloud.start_snapshot(snapshot_id("snap", arm_group), source=source, tags={})


@pytest.mark.local_target
@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_dropped_connection_leaves_the_outcome_open_and_asking_again_is_safe(quick_arm, arm_group, disk, kind):
    bench = _arm_bench(quick_arm, arm_group)
    source = bench.cloud.get_disk(disk)
    quick_arm.control("POST", "faults", {"kind": kind, "path": arm_group.group, "method": "PUT"})
    with pytest.raises(CloudUnavailable):
        bench.cloud.start_snapshot(snapshot_id("snap", arm_group), source=source, tags=TAGS)
    assert bench.cloud.find_snapshot(bench.snapshot("snap", disk)).is_usable
    assert len(list(bench.cloud.list_snapshots(arm_group))) == 1


@pytest.mark.local_target
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failing_gateway_is_unavailable_at_once_without_a_retry(quick_arm, arm_group, disk, status):
    cloud = arm_cloud(quick_arm)
    fault = {"kind": "status", "status": status, "retry_after": 600, "path": arm_group.group, "count": 5}
    quick_arm.control("POST", "faults", fault)
    quick_arm.control("DELETE", "counts")
    before = time.monotonic()
    with pytest.raises(CloudUnavailable):
        cloud.get_disk(disk)
    assert time.monotonic() - before < 60
    assert quick_arm.control("GET", "counts")["total"] == 1


@pytest.mark.local_target
def test_a_throttled_call_holds_back_the_next_without_asking(quick_arm, arm_group, disk):
    cloud = arm_cloud(quick_arm)
    quick_arm.control("POST", "faults", {"kind": "429", "body": "arm", "retry_after": 3, "path": arm_group.group})
    with pytest.raises(Throttled) as first:
        cloud.get_disk(disk)
    assert 2.5 < first.value.retry_after_seconds <= 4
    quick_arm.control("DELETE", "counts")
    with pytest.raises(Throttled) as second:
        cloud.get_disk(disk)
    assert quick_arm.control("GET", "counts")["total"] == 0
    assert 2 < second.value.retry_after_seconds <= 4
    # Writes have a bucket of their own.
    source = arm_cloud(quick_arm).get_disk(disk)
    assert cloud.start_snapshot(snapshot_id("snap", arm_group), source=source, tags={})


@pytest.mark.local_target
def test_a_policy_of_the_provider_holds_back_its_own_calls_only(quick_arm, arm_group, disk):
    cloud = arm_cloud(quick_arm)
    fault = {"kind": "429", "body": "compute", "policy": "HighCostGet3Min", "retry_after": 600, "path": arm_group.group}
    quick_arm.control("POST", "faults", fault)
    with pytest.raises(Throttled) as refusal:
        list(cloud.list_snapshots(arm_group))
    assert refusal.value.retry_after_seconds > 599
    with pytest.raises(Throttled):
        list(cloud.list_snapshots(arm_group))
    assert cloud.get_disk(disk)


@pytest.mark.local_target
def test_a_token_is_not_sent_to_a_stranger(quick_arm):
    cloud = arm_cloud(quick_arm)
    quick_arm.control("DELETE", "counts")
    for url in (
        f"https://evil.example/subscriptions/{SUBSCRIPTION}/x",
        f"{quick_arm.endpoint}.evil.example/subscriptions/{SUBSCRIPTION}/x",
        quick_arm.endpoint.replace("https", "http") + f"/subscriptions/{SUBSCRIPTION}/x",
        quick_arm.endpoint.replace("https://", "https://user@") + f"/subscriptions/{SUBSCRIPTION}/x",
    ):
        with pytest.raises(RequestRefused):
            cloud.get_operation(url)
    assert quick_arm.control("GET", "counts")["total"] == 0


@pytest.mark.local_target
def test_an_identity_without_a_token_may_come_right(quick_arm, disk):
    class Nobody:
        def get_token(self, *scopes: str, **_: Any) -> AccessToken:
            raise ClientAuthenticationError("no identity")

    class Expired:
        def get_token(self, *scopes: str, **_: Any) -> AccessToken:
            return AccessToken("e30.e30.", int(time.time()) + 3600)

    for credential in (Nobody(), Expired()):
        cloud = ArmDiskCloud(endpoint=quick_arm.endpoint, scope="x/.default", credential=credential)
        with pytest.raises(BackupError) as refusal:
            cloud.get_disk(disk)
        assert refusal.value.transient
        assert refusal.value.code == "AuthenticationFailed"


@pytest.mark.local_target
def test_two_processes_share_a_bucket_without_knowing_of_each_other(quick_arm, arm_group):
    """80 snapshots against a bucket of 20 that refills at 10 a second: 6 seconds at best, on a machine with time."""
    made = quick_arm.control("POST", "disks", {"prefix": "herd", "count": 80, "group": arm_group.group})["ids"]
    clouds = [arm_cloud(quick_arm), arm_cloud(quick_arm)]
    quick_arm.control("PUT", "settings", {"writes_bucket": 20})
    quick_arm.control("DELETE", "counts")
    waiting = deque((0.0, disk) for disk in made)
    ready, ended = threading.Lock(), []
    started = time.monotonic()

    def work(cloud: ArmDiskCloud) -> None:
        while True:
            with ready:
                due = next((item for item in waiting if item[0] <= time.monotonic()), None)
                if due is not None:
                    waiting.remove(due)
                elif len(ended) == len(made):
                    return
            if due is None:
                time.sleep(0.02)
                continue
            source = Disk(raw={"id": due[1], "location": LOCATION})
            try:
                cloud.start_snapshot(snapshot_id(f"s-{due[1][-4:]}", arm_group), source=source, tags={})
            except Throttled as error:
                with ready:
                    waiting.append((time.monotonic() + error.retry_after_seconds, due[1]))
            else:
                ended.append(due[1])

    threads = [threading.Thread(target=work, args=(cloud,)) for cloud in clouds for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    spent = time.monotonic() - started
    calls = quick_arm.control("GET", "counts")["calls"]
    refused = sum(row["count"] for row in calls if row["status"] == 429)
    assert sorted(ended) == sorted(made)
    assert spent < 60
    assert refused < 40


def test_a_missing_right_to_the_customers_key_is_advised_at_the_key(quick_arm):
    """A role that the app has is not advised, and none at a scope that is not meant."""
    apps = GroupId(subscription=FIRST, group="apps-westeurope")
    taken = snapshot_id("of-payroll", GroupId(subscription=FIRST, group="snapshots-westeurope"))
    app = arm_cloud(quick_arm, SEEDED_APP)
    source = app.get_disk(disk_id("payroll-cmk", apps))
    app.start_snapshot(taken, source=source, tags=TAGS)
    assert becomes(app, taken, usable)
    key = source.raw["properties"]["encryption"]
    body = {
        "location": LOCATION,
        "sku": {"name": "Premium_LRS"},
        "properties": {"creationData": {"createOption": "Copy", "sourceResourceId": taken}, "encryption": key},
    }
    restores = GroupId(subscription=FIRST, group="restores-westeurope")
    with pytest.raises(PermissionMissing) as missing:
        _with_disk_roles_only(quick_arm).start_disk(disk_id("payroll-back", restores), body)
    assert (missing.value.role, missing.value.scope) == ("Reader", key["diskEncryptionSetId"])
    assert app.start_disk(disk_id("payroll-back", restores), body)


def _with_disk_roles_only(arm):
    principal = "99999999-9999-4999-8999-00000000000f"
    for role in ("Disk Backup Reader", "Disk Snapshot Contributor", "Disk Restore Operator"):
        assign(arm, principal, role, f"/subscriptions/{FIRST}")
    return arm_cloud(arm, principal)


# --- Virtual machines ---


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineBench:
    """A machine with an OS disk and a data disk at LUN 2, and a free disk for each."""

    bench: CloudBench
    id: str
    old_os: str
    old_data: str
    new_os: str
    new_data: str

    def now(self) -> Machine:
        found = self.bench.cloud.find_machine(self.id)
        assert found is not None
        return found

    def done(self, url: str) -> Machine:
        assert self.bench.settle(url).status == "Succeeded"
        return self.now()

    def holder(self, disk: str) -> str:
        found = self.bench.cloud.find_disk(disk)
        return str(found.raw.get("managedBy") or "")


def machine_with(bench: CloudBench, *, power: str = "deallocated") -> MachineBench:
    old_os, old_data, new_os, new_data = (bench.add_disk(name) for name in ("os", "data", "os-new", "data-new"))
    made = bench.add_machine("vm", os_disk=old_os, data_disks={2: old_data}, power=power)
    return MachineBench(bench=bench, id=made, old_os=old_os, old_data=old_data, new_os=new_os, new_data=new_data)


def test_a_machine_shows_its_disks_and_whether_it_runs(bench):
    vm = machine_with(bench)
    machine = vm.now()
    assert (machine.os_disk_id, machine.is_deallocated, machine.is_settled) == (vm.old_os, True, True)
    (data,) = machine.data_disks
    assert (data.disk_id, data.lun, data.caching) == (vm.old_data, 2, "ReadOnly")
    assert machine.unique_id
    assert vm.holder(vm.old_data) == vm.id
    assert bench.cloud.find_machine(machine_id("absent", bench.group)) is None
    assert bench.cloud.find_machine(machine_id("vm", bench.nowhere)) is None


def test_a_data_disk_goes_and_another_comes_to_its_place_as_it_was(bench):
    vm = machine_with(bench)
    assert vm.done(bench.cloud.detach_disks(vm.id, [vm.old_data])).data_disks == ()
    assert vm.holder(vm.old_data) == ""
    wanted = DataDisk(disk_id=vm.new_data, lun=2, caching="ReadOnly", delete_option="Detach")
    assert vm.done(bench.cloud.attach_disks(vm.id, [wanted])).data_disks == (wanted,)
    assert vm.holder(vm.new_data) == vm.id


def test_another_os_disk_comes_in_the_place_of_the_old_one_which_is_free_then(bench):
    vm = machine_with(bench)
    before = vm.now()
    after = vm.done(bench.cloud.replace_os_disk(before, vm.new_os))
    assert after.os_disk_id == vm.new_os
    assert after.data_disks == before.data_disks
    assert after.properties["storageProfile"]["osDisk"]["name"] == vm.new_os.rpartition("/")[2]
    assert vm.holder(vm.old_os) == ""


def test_a_machine_that_was_changed_since_it_was_read_is_not_written_over(bench):
    vm = machine_with(bench)
    before = vm.now()
    vm.done(bench.cloud.detach_disks(vm.id, [vm.old_data]))
    with pytest.raises(MachineRefused):
        bench.cloud.replace_os_disk(before, vm.new_os)
    assert vm.now().data_disks == ()


def test_what_cannot_be_is_refused(bench):
    vm = machine_with(bench)
    with pytest.raises(MachineRefused):
        bench.cloud.detach_disks(vm.id, [vm.new_data])
    with pytest.raises(MachineRefused):
        bench.cloud.attach_disks(vm.id, [DataDisk(disk_id=vm.new_data, lun=2)])
    other = bench.add_machine("vm2", os_disk=bench.add_disk("os2"), data_disks={})
    with pytest.raises(MachineRefused):
        bench.cloud.attach_disks(other, [DataDisk(disk_id=vm.old_data, lun=0)])


def test_a_change_that_fails_late_leaves_the_machine_as_it_was(bench):
    vm = machine_with(bench)
    bench.fail_late()
    assert bench.settle(bench.cloud.replace_os_disk(vm.now(), vm.new_os)).status == "Failed"
    assert vm.now().os_disk_id == vm.old_os


@pytest.mark.local_target
def test_who_may_not_change_a_machine_is_told_the_role(quick_arm, arm_group):
    vm = machine_with(_arm_bench(quick_arm, arm_group))
    assign(quick_arm, STRANGER, "Reader", arm_group.text)
    with pytest.raises(PermissionMissing) as refusal:
        arm_cloud(quick_arm, STRANGER).detach_disks(vm.id, [vm.old_data])
    assert (refusal.value.role, refusal.value.scope) == ("Disk Swap Operator", vm.id)

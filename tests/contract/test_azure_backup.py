"""The contract of ports.AzureBackup, over the fake and over the ARM adapter against the simulator's Azure Backup."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backup_core.adapters.azure_backup import ArmBackup
from backup_core.domain.disk import Disk, Snapshot
from backup_core.domain.errors import PermissionMissing, RequestRefused, SubscriptionNotFound, Throttled
from backup_core.domain.resource_ids import GroupId, VaultKey
from backup_core.ports import AzureBackup
from tests.builders import SUBSCRIPTION, disk_json, snapshot_id
from tests.contract.test_disk_cloud import APP, Identity, arm_cloud, assign, quick_arm
from tests.fakes import FakeAzureBackup, FakeClock, FakeCloud
from tests.origins import instance_json, point_json, policy_json, snapshot_name, vault_json

__all__ = ["quick_arm"]

POINTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupBench:
    """A vault of Azure Backup with `instances`, the first of which has POINTS points, newest last."""

    backup: AzureBackup
    vault: VaultKey
    instances: Sequence[str]
    points: Sequence[Mapping[str, Any]]
    stranger: Callable[[], AzureBackup]  # who holds no role there
    settle: Callable[[], object]  # time enough for what was asked for

    @property
    def first(self) -> str:
        return self.instances[0]


@pytest.fixture(params=["fake", pytest.param("arm", marks=pytest.mark.local_target)])
def bench(request: pytest.FixtureRequest) -> BackupBench:
    if request.param == "fake":
        return _fake_bench()
    return _arm_bench(request.getfixturevalue("quick_arm"), request.getfixturevalue("group_name"))


def _documents(vault: VaultKey) -> tuple[list[dict[str, Any]], list[str], list[dict[str, Any]]]:
    group = GroupId(subscription=vault.subscription, group=vault.group)
    disks = [Disk(raw=disk_json(f"disk-{number}", group=group)) for number in range(3)]
    instances = [instance_json(disk.id, vault=vault, group=group) for disk in disks]
    first = instances[0]["id"]
    now = datetime(2026, 3, 2, 9, 0, 0, 412925, tzinfo=UTC)
    points = [point_json(first, _snapshot(disks[0], group, now - timedelta(hours=age))) for age in range(POINTS, 0, -1)]
    documents = [vault_json(vault), policy_json(vault=vault), policy_json("other", vault=vault), *instances, *points]
    return documents, [each["id"] for each in instances], points


def _snapshot(disk: Disk, group: GroupId, at: datetime) -> Snapshot:
    return Snapshot(
        id=snapshot_id(snapshot_name(disk.id, at), group),
        location=disk.location,
        tags={},
        created_at=at,
        provisioning_state="Succeeded",
        completion_percent=100,
        source_id=disk.id,
        size_bytes=disk.size_bytes,
    )


def _fake_bench() -> BackupBench:
    vault = VaultKey(subscription=SUBSCRIPTION, group="old-rg", name="old-vault")
    documents, instances, points = _documents(vault)
    clock = FakeClock()
    fake = FakeAzureBackup(FakeCloud(clock))
    for document in documents:
        fake.add(document)

    def stranger() -> AzureBackup:
        def guard(call: str, target: str) -> None:
            looks = call.startswith(("find_", "list_"))
            role = "Backup Reader" if looks else "Backup Contributor"
            raise PermissionMissing(f"may not {call}", scope=vault.resource_id, role=role)

        other = FakeAzureBackup(FakeCloud(FakeClock()))
        other.guard = guard
        return other

    return BackupBench(
        backup=fake,
        vault=vault,
        instances=instances,
        points=points,
        stranger=stranger,
        settle=lambda: clock.advance(minutes=3),
    )


def _arm_bench(arm: Any, group_name: str) -> BackupBench:
    vault = VaultKey(subscription=arm.subscription, group=group_name, name="old-vault")
    group = f"/subscriptions/{arm.subscription}/resourceGroups/{group_name}"
    arm.call("PUT", group, {"location": "westeurope"}, version="2021-04-01")
    documents, instances, points = _documents(vault)
    arm.control("POST", "azure-backup", {"value": documents})
    assign(arm, APP, "Backup Contributor", group)
    arm.control("PUT", "settings", {"page_size": 2, "azure_backup_seconds": [0.2, 0.3]})
    return BackupBench(
        backup=ArmBackup(arm_cloud(arm)),
        vault=vault,
        instances=instances,
        points=points,
        stranger=lambda: ArmBackup(arm_cloud(arm, str(uuid.uuid4()))),
        settle=lambda: time.sleep(0.5),
    )


def test_a_vault_is_read(bench: BackupBench) -> None:
    found = bench.backup.find_vault(bench.vault.resource_id)
    assert (found.id, found.name, found.location) == (bench.vault.resource_id, "old-vault", "westeurope")
    assert bench.backup.find_vault(f"{bench.vault.resource_id}-2") is None


def test_all_policies_are_listed_whatever_the_pages(bench: BackupBench) -> None:
    listed = list(bench.backup.list_policies(bench.vault.resource_id))
    assert sorted(each.name for each in listed) == ["diskpolicy", "other"]
    assert all(each.is_for_disks for each in listed)


def test_all_instances_are_listed_whatever_the_pages(bench: BackupBench) -> None:
    listed = list(bench.backup.list_instances(bench.vault.resource_id))
    assert sorted(each.id for each in listed) == sorted(bench.instances)
    first = next(each for each in listed if each.id == bench.first)
    assert first == bench.backup.find_instance(bench.first)
    assert (first.state, first.policy_name, first.is_of_disk) == ("ProtectionConfigured", "diskpolicy", True)
    assert first.disk_id.endswith("/disks/disk-0")
    assert first.group_id.endswith(f"/resourceGroups/{bench.vault.group}")
    assert first.tags == {"Owner": "dppclitest"}


def test_a_list_of_points_does_not_tell_their_snapshots_and_one_alone_does(bench: BackupBench) -> None:
    listed = sorted(bench.backup.list_points(bench.first), key=lambda each: str(each.created_at))
    assert [each.name for each in listed] == [each["name"] for each in bench.points]
    assert {each.snapshot_id for each in listed} == {""}
    alone = bench.backup.find_point(bench.first, listed[0].name)
    assert "/snapshots/AzureBackup_" in alone.snapshot_id
    assert (alone.created_at, alone.tag_name, alone.is_whole) == (
        datetime(2026, 3, 2, 4, 0, 20, 412925, tzinfo=UTC),
        "Default",
        True,
    )
    assert alone.created_at is not None
    assert alone.expires_at == alone.created_at + timedelta(days=30)


def test_what_is_not_there_is_told_apart_from_what_is_empty(bench: BackupBench) -> None:
    assert list(bench.backup.list_points(bench.instances[1])) == []
    assert bench.backup.find_point(bench.first, "0" * 32) is None
    assert bench.backup.find_instance(f"{bench.first}-2") is None
    with pytest.raises(RequestRefused):
        list(bench.backup.list_points(f"{bench.first}-2"))
    for listed in (bench.backup.list_policies, bench.backup.list_instances):
        with pytest.raises(RequestRefused):
            list(listed(f"{bench.vault.resource_id}-2"))


def test_who_holds_no_role_is_told_which(bench: BackupBench) -> None:
    stranger = bench.stranger()
    asked: tuple[Callable[[], object], ...] = (
        lambda: stranger.find_vault(bench.vault.resource_id),
        lambda: list(stranger.list_instances(bench.vault.resource_id)),
        lambda: list(stranger.list_points(bench.first)),
        lambda: stranger.find_point(bench.first, str(bench.points[0]["name"])),
    )
    for ask in asked:
        with pytest.raises(PermissionMissing) as refused:
            ask()
        assert (refused.value.role, refused.value.scope) == ("Backup Reader", bench.vault.resource_id)


def state_of(bench: BackupBench) -> str:
    found = bench.backup.find_instance(bench.first)
    return found.state


def test_protection_stops_and_is_resumed_a_while_after_it_was_asked_for(bench: BackupBench) -> None:
    bench.backup.stop_protection(bench.first)
    assert state_of(bench) == "ProtectionConfigured"
    bench.settle()
    assert state_of(bench) == "ProtectionStopped"
    assert len(list(bench.backup.list_points(bench.first))) == POINTS
    for _ in range(2):
        bench.backup.resume_protection(bench.first)
        bench.settle()
        assert state_of(bench) == "ProtectionConfigured"


def test_an_instance_is_deleted_a_while_after_it_was_asked_for_and_once_more_is_fine(bench: BackupBench) -> None:
    bench.backup.delete_instance(bench.first)
    assert state_of(bench) == "ProtectionConfigured"
    bench.settle()
    assert bench.backup.find_instance(bench.first) is None
    bench.backup.delete_instance(bench.first)
    assert bench.backup.find_instance(bench.instances[1]) is not None


def test_who_may_only_look_is_told_which_role_a_change_takes(bench: BackupBench) -> None:
    stranger = bench.stranger()
    for change in (stranger.stop_protection, stranger.resume_protection, stranger.delete_instance):
        with pytest.raises(PermissionMissing) as refused:
            change(bench.first)
        assert (refused.value.role, refused.value.scope) == ("Backup Contributor", bench.vault.resource_id)


@pytest.mark.local_target
def test_arm_that_is_busy_or_does_not_know_the_subscription_is_no_absence(quick_arm: Any, group_name: str) -> None:
    bench = _arm_bench(quick_arm, group_name)
    quick_arm.control("POST", "faults", {"kind": "429", "body": "arm", "retry_after": 9, "path": "backupVaults"})
    with pytest.raises(Throttled) as busy:
        bench.backup.find_vault(bench.vault.resource_id)
    assert busy.value.retry_after_seconds >= 9
    unknown = bench.vault.resource_id.replace(quick_arm.subscription, str(uuid.uuid4()))
    with pytest.raises(SubscriptionNotFound):
        bench.backup.find_vault(unknown)


@pytest.mark.local_target
def test_calls_are_made_as_the_identity_that_is_acted_as(quick_arm: Any, group_name: str) -> None:
    bench = _arm_bench(quick_arm, group_name)
    mover, principal = f"{bench.vault.resource_id}/ids/mover", str(uuid.uuid4())
    cloud = arm_cloud(quick_arm, str(uuid.uuid4()), identities={mover: lambda: Identity(quick_arm, principal)})
    assign(quick_arm, principal, "Backup Reader", bench.vault.resource_id)
    assert ArmBackup(cloud).acting_as(mover).find_vault(bench.vault.resource_id) is not None
    with pytest.raises(PermissionMissing):
        ArmBackup(cloud).find_vault(bench.vault.resource_id)

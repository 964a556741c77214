"""Validation against the disk simulator: what ARM really answers to an identity with this role and without that one."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from backup_core.domain.errors import CloudUnavailable, Fault, Throttled
from backup_core.domain.instance import InstanceRequest
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import GroupId
from backup_core.domain.restore import RestoreRequest
from backup_core.ports import Ports
from backup_core.workflows import validation
from tests.builders import disk_id, instance, point, policy, snapshot_id, vault
from tests.conftest import Arm
from tests.contract.test_disk_cloud import LOCATION, arm_cloud, assign
from tests.fakes import World

pytestmark = pytest.mark.local_target


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Groups for disks, snapshots and restores; an identity of its own, which holds no role yet."""

    arm: Arm
    ports: Ports
    principal: str
    disks: GroupId
    snapshots: GroupId
    restores: GroupId
    disk: str

    @property
    def scopes(self) -> dict[str, str]:
        """What a deployment assigns."""
        return {
            "Disk Backup Reader": self.disk,
            "Disk Snapshot Contributor": self.snapshots.text,
            "Disk Restore Operator": self.restores.text,
            "Compute Usage Reader": f"/subscriptions/{self.arm.subscription}",
        }

    def assign_all(self, *, but: str = "") -> None:
        for role, scope in self.scopes.items():
            if role != but:
                assign(self.arm, self.principal, role, scope)

    def backup_faults(self) -> list[Fault]:
        request = InstanceRequest(
            name="",
            friendly_name="disk",
            disk_id=self.disk,
            disk_location=LOCATION,
            snapshot_group_id=self.snapshots.text,
            policy_name="policy-1",
        )
        return validation.check_backup(self.ports, vault(), request, policy())

    def restore_faults(self, made: RecoveryPoint, name: str = "new") -> list[Fault]:
        wanted = RestoreRequest(point_id=made.point_id, target_disk_id=disk_id(name, self.restores))
        return validation.check_restore_target(self.ports, vault(), instance(disk=self.disk), made, wanted)

    def take(self) -> RecoveryPoint:
        """A finished snapshot, by someone who may."""
        operator = arm_cloud(self.arm, "22222222-2222-4222-8222-222222222222")
        taken, source = snapshot_id("taken", self.snapshots), operator.get_disk(self.disk)
        operator.start_snapshot(taken, source=source, tags={})
        for _ in range(1200):
            snapshot = operator.find_snapshot(taken)
            if snapshot is not None and snapshot.is_usable:
                return replace(point(), snapshot_id=taken, disk=source.raw, disk_size_bytes=source.size_bytes)
            time.sleep(0.05)
        raise AssertionError("the snapshot was not finished")


@pytest.fixture
def scene(arm: Arm, group_name: str) -> Iterator[Scene]:
    before = arm.control("GET", "settings")
    arm.control("PUT", "settings", {"role_propagation_seconds": 0.0, "snapshot_seconds": [0.1, 0.2]})
    groups = [GroupId(subscription=arm.subscription, group=f"{group_name}-{use}") for use in ("d", "s", "r")]
    for group in groups:
        arm.call("PUT", group.text, {"location": LOCATION}, version="2021-04-01")
    wish = {"prefix": "disk", "group": groups[0].group, "subscription": arm.subscription, "size_gib": 64}
    made = arm.control("POST", "disks", wish)["ids"][0]
    principal = str(uuid.uuid4())
    ports = replace(World().ports, cloud=arm_cloud(arm, principal))
    yield Scene(
        arm=arm,
        ports=ports,
        principal=principal,
        disks=groups[0],
        snapshots=groups[1],
        restores=groups[2],
        disk=made,
    )
    arm.control("DELETE", "faults")
    arm.control("PUT", "settings", before)


def test_the_roles_of_a_deployment_are_enough_and_a_look_costs_seven_calls(scene: Scene) -> None:
    scene.assign_all()
    made = scene.take()
    for faults in (scene.backup_faults, lambda: scene.restore_faults(made)):
        scene.arm.control("DELETE", "counts")
        assert faults() == []
        counts = scene.arm.control("GET", "counts")
        assert counts["total"] == 7
        assert {row["method"] for row in counts["calls"]} == {"GET"}


@pytest.mark.parametrize(
    ("role", "advised"),
    [
        ("Disk Backup Reader", "Disk Backup Reader"),
        ("Disk Snapshot Contributor", "Disk Snapshot Contributor"),
    ],
)
def test_a_role_that_is_missing_for_a_backup_is_named_where_it_is_missing(
    scene: Scene, role: str, advised: str
) -> None:
    scene.assign_all(but=role)
    (fault,) = scene.backup_faults()
    assert (fault.target, fault.code) == (scene.scopes[role], "UserErrorMissingRequiredPermissions")
    assert f"--role '{advised}' --scope '{scene.scopes[role]}' --assignee-object-id {scene.principal}" in fault.message
    assign(scene.arm, scene.principal, role, scene.scopes[role])
    assert scene.backup_faults() == []


@pytest.mark.parametrize("role", ["Disk Snapshot Contributor", "Disk Restore Operator"])
def test_a_role_that_is_missing_for_a_restore_is_named_where_it_is_missing(scene: Scene, role: str) -> None:
    scene.assign_all(but=role)
    (fault,) = scene.restore_faults(scene.take())
    assert (fault.target, fault.code) == (scene.scopes[role], "UserErrorMissingRequiredPermissions")
    assert f"--role '{role}' --scope '{scene.scopes[role]}'" in fault.message


def test_an_identity_without_any_role_is_told_all_of_them_at_once(scene: Scene) -> None:
    assert {fault.target for fault in scene.backup_faults()} == {
        scene.disk,
        scene.snapshots.text,
    }


def test_locks_are_seen_where_they_hold(scene: Scene) -> None:
    scene.assign_all()
    made = scene.take()
    locks = "providers/Microsoft.Authorization/locks"
    for group, level in ((scene.snapshots, "CanNotDelete"), (scene.restores, "ReadOnly")):
        body = {"properties": {"level": level}}
        scene.arm.call("PUT", f"{group.text}/{locks}/keep", body, version="2020-05-01")
    (at_snapshots,), (at_restores,) = scene.backup_faults(), scene.restore_faults(made)
    assert (at_snapshots.code, at_snapshots.target) == ("ScopeLocked", scene.snapshots.text)
    assert f"az lock delete --ids '{scene.snapshots.text}/{locks}/keep'" in at_snapshots.message
    assert (at_restores.code, at_restores.target) == ("ScopeLocked", scene.restores.text)


def test_what_is_not_there_is_told(scene: Scene) -> None:
    scene.assign_all()
    made = scene.take()
    scene.arm.control("POST", "snapshots/delete-behind", {"id": made.snapshot_id})
    assert [fault.code for fault in scene.restore_faults(made)] == ["UserErrorDiskSnapshotNotFound"]
    scene.arm.control("POST", "disks/delete-behind", {"id": scene.disk})
    assert [fault.code for fault in scene.backup_faults()] == ["UserErrorManagedDiskNotFound"]


def test_a_full_region_is_told(scene: Scene) -> None:
    scene.assign_all()
    made = scene.take()
    scene.arm.control("PUT", "settings", {"snapshots_per_region": 1, "disks_per_region": 1})
    assert [fault.code for fault in scene.backup_faults()] == ["UserErrorSnapshotLimitReached"]
    assert [fault.code for fault in scene.restore_faults(made)] == ["UserErrorSubscriptionDiskQuotaLimitReached"]


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        ({"kind": "429", "body": "arm", "retry_after": 1}, Throttled),
        ({"kind": "status", "status": 503}, CloudUnavailable),
        ({"kind": "drop_before"}, CloudUnavailable),
    ],
)
def test_what_passes_is_no_verdict(scene: Scene, fault: dict[str, object], raised: type[Exception]) -> None:
    scene.assign_all()
    scene.arm.control("POST", "faults", {**fault, "path": "usages"})
    with pytest.raises(raised):
        scene.backup_faults()

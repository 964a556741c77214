"""Vaults with identities of their own against the disk simulator: what one lacks, another's roles do not give it."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from backup_core.adapters.compute import ArmDiskCloud
from backup_core.domain.errors import IdentityNotHeld, PermissionMissing
from backup_core.domain.instance import InstanceRequest
from backup_core.domain.job import Job, JobStatus
from backup_core.domain.resource_ids import GroupId, VaultKey
from backup_core.ports import Ports
from backup_core.workflows import catalogue
from backup_core.workflows.acting import acting_for
from backup_core.workflows.job_kinds import run
from backup_core.workflows.on_demand import request_backup
from backup_core.workflows.protection import configure_instance
from backup_core.workflows.vaults import put_policy, put_vault
from tests.builders import SUBSCRIPTION, policy, vault
from tests.conftest import Arm
from tests.contract.test_disk_cloud import LOCATION, Identity, arm_cloud, assign, quick_arm
from tests.fakes import FakeClock, World

pytestmark = pytest.mark.local_target
__all__ = ["quick_arm"]

_PROVIDER = "Microsoft.ManagedIdentity"
IDENTITIES = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/ids/providers/{_PROVIDER}/userAssignedIdentities"
RICH, POOR = (VaultKey(subscription=SUBSCRIPTION, group="backup-rg", name=name) for name in ("rich", "poor"))


@pytest.fixture
def principals() -> dict[str, str]:
    """Whom the simulator knows by the names of the identities."""
    return {name: str(uuid.uuid4()) for name in ("rich", "poor")}


@pytest.fixture
def cloud(quick_arm: Arm, principals: dict[str, str]) -> ArmDiskCloud:
    """The app's own identity holds no role."""
    held = {f"{IDENTITIES}/{name}": lambda id_=id_: Identity(quick_arm, id_) for name, id_ in principals.items()}
    return arm_cloud(quick_arm, str(uuid.uuid4()), identities=held)


@pytest.fixture
def group(quick_arm: Arm, group_name: str) -> GroupId:
    group = GroupId(subscription=quick_arm.subscription, group=group_name)
    quick_arm.call("PUT", group.text, {"location": LOCATION}, version="2021-04-01")
    return group


def new_disk(arm: Arm, group: GroupId, name: str = "disk") -> str:
    wish = {"prefix": name, "group": group.group, "subscription": group.subscription, "size_gib": 8}
    made: str = arm.control("POST", "disks", wish)["ids"][0]
    return made


@pytest.fixture
def disk(quick_arm: Arm, group: GroupId) -> str:
    return new_disk(quick_arm, group)


def test_calls_are_made_as_the_identity_that_is_acted_as(
    cloud: ArmDiskCloud, quick_arm: Arm, principals: dict[str, str], disk: str
) -> None:
    assign(quick_arm, principals["rich"], "Disk Backup Reader", disk)
    rich = cloud.acting_as(f"{IDENTITIES}/RICH")
    assert rich.get_disk(disk).id.lower() == disk.lower()
    assert rich.identity(f"{IDENTITIES}/rich").principal_id == principals["rich"]
    for other in (
        cloud,
        cloud.acting_as(f"{IDENTITIES}/poor"),
        rich.acting_as(f"{IDENTITIES}/poor"),
        rich.acting_as(""),
    ):
        with pytest.raises(PermissionMissing):
            other.get_disk(disk)


def test_an_identity_that_is_not_held_is_nobody(cloud: ArmDiskCloud, disk: str) -> None:
    assert (cloud.holds(f"{IDENTITIES}/Rich"), cloud.holds(f"{IDENTITIES}/x")) == (True, False)
    with pytest.raises(IdentityNotHeld, match="does not hold"):
        cloud.acting_as(f"{IDENTITIES}/x").get_disk(disk)
    with pytest.raises(IdentityNotHeld):
        cloud.identity(f"{IDENTITIES}/x")


def test_a_vault_whose_identity_lacks_a_role_takes_no_snapshots_though_anothers_can(
    cloud: ArmDiskCloud, quick_arm: Arm, principals: dict[str, str], group: GroupId
) -> None:
    """From the request to the snapshot, through the workflows and the adapter, in an ARM that knows roles."""
    world = World(FakeClock(datetime.now(UTC)))
    ports = replace(world.ports, cloud=cloud)
    assign(quick_arm, principals["rich"], "Disk Snapshot Contributor", group.text)
    jobs = {}
    for key in (POOR, RICH):
        source = new_disk(quick_arm, group, key.name)
        assign(quick_arm, principals[key.name], "Disk Backup Reader", source)
        named = {"type": "UserAssigned", "userAssignedIdentities": {f"{IDENTITIES}/{key.name}": {}}}
        put_vault(ports, replace(vault(key), identity=named))
        put_policy(ports, key, policy())
        jobs[key.name] = _backed_up(world, ports, key, source, group)
    assert jobs["rich"].status is JobStatus.COMPLETED
    error = jobs["poor"].error
    assert (jobs["poor"].status, error.code) == (JobStatus.FAILED, "UserErrorMissingRequiredPermissions")
    (taken,) = acting_for(ports, RICH).cloud.list_snapshots(group)
    assert "rich" in taken.source_id


def _backed_up(world: World, ports: Ports, key: VaultKey, disk: str, group: GroupId) -> Job:
    """One backup of a disk, until its job has ended."""
    request = InstanceRequest(
        name="disk",
        friendly_name="disk",
        disk_id=disk,
        disk_location=LOCATION,
        snapshot_group_id=group.text,
        policy_name="policy-1",
    )
    configure_instance(ports, key, request)
    _deliver(world, ports)
    job = request_backup(ports, key, "disk", rule_name="BackupHourly", retention_tag=None)
    for _ in range(600):
        _deliver(world, ports)
        found = catalogue.find_job(ports, key, job.job_id)
        if found is not None and found.is_ended:
            return found
        time.sleep(0.1)
    raise AssertionError("the job did not end")


def _deliver(world: World, ports: Ports) -> None:
    """Every message, whether its time has come or not: the simulator's operations take a moment."""
    world.clock.set(datetime.now(UTC))
    for envelope in world.queue.waiting():
        run(ports, envelope.text)
        world.queue.delete(envelope)

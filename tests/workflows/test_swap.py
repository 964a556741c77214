"""Restored disks in the place of a machine's own, and back: nothing is deleted, nothing of others is written over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from backup_core.domain.errors import CloudUnavailable, InvalidInput, OperationUnderWay
from backup_core.domain.guard import Critical, GuardLocked, ResourceGuard
from backup_core.domain.job import OF_VAULT, Job, JobOperation, JobStatus
from backup_core.domain.messages import SwapDisks
from backup_core.domain.permissions import Grant
from backup_core.domain.restore import RestoreRequest
from backup_core.domain.swap import DataDisk, MachineRefused
from backup_core.settings import VaultScopes
from backup_core.workflows.guards import map_guard, put_guard, unlock
from backup_core.workflows.restore import request_restore
from backup_core.workflows.swap import SwapRequest, plan_swap, request_swap, request_undo
from tests.builders import TARGET_GROUP, VAULT, disk_id, disk_json, machine_id, machine_json
from tests.fakes import START, data_disk_json
from tests.workflows.platform import Platform
from tests.workflows.scenes import backed_up, events, jobs, refuse, sent

OS, DATA = "disk-1", "disk-2"
LINUX: dict[str, Any] = {"osType": "Linux", "hyperVGeneration": "V2"}


def resource_guard() -> ResourceGuard:
    return ResourceGuard(
        subscription=VAULT.subscription, group=VAULT.group, name="guard-1", location="westeurope", created_at=START
    )


def again(name: str) -> str:
    return disk_id(f"{name}-again", TARGET_GROUP)


def with_machine(*, power: str = "deallocated", **machine: Any) -> Platform:
    """A machine with an OS disk and two data disks, of which the OS disk and one data disk have been restored."""
    platform = backed_up(OS, DATA)
    cloud = platform.world.cloud
    cloud.add_disk(disk_json(OS, **LINUX))
    cloud.add_disk(disk_json("disk-3"))
    for point in platform.points(OS):
        cloud._snapshots[point.snapshot_id.lower()].raw["properties"] |= LINUX
    own = {"os_disk": disk_id(OS), "data_disks": {0: disk_id("disk-3"), 2: disk_id(DATA)}}
    cloud.add_machine(machine_json(**(own | machine)), power=power)
    platform.world.swaps_disks = True
    for name in (OS, DATA):
        wanted = RestoreRequest(point_id=None, target_disk_id=again(name))
        request_restore(platform.world.ports, VAULT, name, wanted)
    platform.run(minutes=1)
    assert sorted(cloud.made_disks) == [again(OS), again(DATA)]
    for name in (OS, DATA):
        disk = cloud._disks[again(name).lower()]
        disk.raw["properties"] = {**disk.raw["properties"], **(LINUX if name == OS else {})}
    return platform


def wish(*names: str, **changes: Any) -> SwapRequest:
    disks = tuple((again(name), "") for name in names or (OS, DATA))
    return SwapRequest(**({"machine_id": machine_id(), "disks": disks} | changes))


def swap(platform: Platform, asked: SwapRequest | None = None) -> Job:
    return request_swap(platform.world.ports, VAULT, asked or wish())


def undo(platform: Platform, job: Job) -> Job:
    return request_undo(platform.world.ports, VAULT, job.job_id)


def disks(platform: Platform) -> dict[str, str]:
    """By place, the names of the machine's disks."""
    with platform.world.faults.paused():
        machine = platform.world.cloud.find_machine(machine_id())
    places = {"os": machine.os_disk_id} | {str(each.lun): each.disk_id for each in machine.data_disks}
    return {place: each.rpartition("/")[2] for place, each in places.items()}


BEFORE = {"os": OS, "0": "disk-3", "2": DATA}
AFTER = {"os": f"{OS}-again", "0": "disk-3", "2": f"{DATA}-again"}


def newest(platform: Platform, operation: JobOperation = JobOperation.SWAP) -> Job:
    return jobs(platform, operation, OF_VAULT)[-1]


def faults(platform: Platform, asked: SwapRequest | None = None) -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        swap(platform, asked)
    assert jobs(platform, JobOperation.SWAP, OF_VAULT) == []
    assert sent(platform, SwapDisks) == []
    assert disks(platform) == BEFORE
    return [fault.message for fault in refused.value.faults]


# --- There and back ---


def test_restored_disks_take_the_place_of_the_old_ones_which_are_kept() -> None:
    platform = with_machine()
    before = platform.world.cloud.machine(machine_id()).profile["dataDisks"][1]
    swap(platform)
    platform.run(minutes=2)
    job = newest(platform)
    assert (job.status, job.error) == (JobStatus.COMPLETED, None)
    assert disks(platform) == AFTER
    machine = platform.world.cloud.machine(machine_id())
    after = next(each for each in machine.profile["dataDisks"] if each["lun"] == 2)
    assert {name: after[name] for name in ("lun", "caching", "deleteOption")} == {
        name: before[name] for name in ("lun", "caching", "deleteOption")
    }
    assert machine.profile["osDisk"]["createOption"] == "FromImage"
    assert machine.profile["osDisk"]["name"] == f"{OS}-again"
    for name in (OS, DATA):
        kept = platform.world.cloud.find_disk(disk_id(name))
        assert kept.raw["properties"]["diskState"] == "Unattached"
    assert [task.status for task in job.subtasks] == ["Completed", "Completed"]
    assert len(events(platform, "Swap.Completed")) == 1


def test_one_command_puts_back_what_was_there() -> None:
    platform = with_machine()
    job = swap(platform)
    platform.run(minutes=2)
    undo(platform, job)
    platform.run(minutes=2)
    assert disks(platform) == BEFORE
    assert newest(platform, JobOperation.UNDO_SWAP).status is JobStatus.COMPLETED
    assert newest(platform, JobOperation.UNDO_SWAP).details["undoes"] == job.job_id
    assert len(events(platform, "Swap.Undone")) == 1
    undo(platform, job)
    platform.run(minutes=1)
    assert disks(platform) == BEFORE, "twice is once"


def test_before_anything_is_written_the_row_says_what_is_where() -> None:
    platform = with_machine()
    job = swap(platform)
    assert disks(platform) == BEFORE
    assert [(each["old_id"], each["lun"], each["caching"]) for each in job.details["exchanges"]] == [
        (disk_id(OS), None, "None"),
        (disk_id(DATA), 2, "ReadOnly"),
    ]


def test_a_disk_can_be_named_whose_place_a_new_one_takes() -> None:
    platform = with_machine()
    swap(platform, wish(disks=((again(DATA), disk_id("disk-3")),)))
    platform.run(minutes=1)
    assert disks(platform) == {"os": OS, "0": f"{DATA}-again", "2": DATA}


def test_data_disks_of_a_running_machine_are_swapped_if_that_is_said() -> None:
    platform = with_machine(power="running")
    assert "unmount the disks" in faults(platform, wish(DATA))[0]
    swap(platform, wish(DATA, while_running=True))
    platform.run(minutes=1)
    assert disks(platform) == {**AFTER, "os": OS}


# --- Refused, and nothing changed ---


def test_where_it_is_not_switched_on_it_is_refused_with_what_to_switch_on() -> None:
    platform = with_machine()
    platform.world.swaps_disks = False
    before = platform.world.faults.count("cloud.")
    (message,) = faults(platform)
    assert "DISKBACKUP_SWAP_DISKS" in message
    assert "swapGroups" in message
    assert platform.world.faults.count("cloud.find_machine") - before <= 1


def change_new(name: str, **properties: Any) -> Callable[[Platform], None]:
    def change(platform: Platform) -> None:
        disk = platform.world.cloud._disks[again(name).lower()]
        disk.raw["properties"] = {**disk.raw["properties"], **properties}

    return change


def at(name: str, **fields: Any) -> Callable[[Platform], None]:
    return lambda platform: platform.world.cloud._disks[again(name).lower()].raw.update(fields)


def run_it(platform: Platform) -> None:
    platform.world.cloud.machine(machine_id()).power = "running"


def make_ephemeral(platform: Platform) -> None:
    platform.world.cloud.machine(machine_id()).profile["osDisk"]["diffDiskSettings"] = {"option": "Local"}


def attach_elsewhere(platform: Platform) -> None:
    platform.world.cloud.add_machine(machine_json("vm-2", data_disks={0: again(DATA)}))


CONFLICTS: Mapping[str, tuple[Callable[[Platform], None], str]] = {
    "running": (run_it, "az vm deallocate"),
    "ephemeral": (make_ephemeral, "ephemeral"),
    "attached elsewhere": (attach_elsewhere, "it is attached to"),
    "zone": (at(DATA, zones=["2"]), "it lies in zone 2, the machine in no zone"),
    "region": (at(DATA, location="northeurope"), "it lies in northeurope"),
    "size": (change_new(OS, diskSizeGB=256), "its size in GB is 256"),
    "system": (change_new(OS, osType="Windows"), "its operating system is Windows"),
    "generation": (change_new(OS, hyperVGeneration="V1"), "its generation is V1"),
    "security": (change_new(OS, securityProfile={"securityType": "TrustedLaunch"}), "its security type is Trusted"),
    "keys": (change_new(OS, encryption={"diskEncryptionSetId": "/x"}), "its disk encryption set is /x"),
    "kind of OS disk": (at(OS, sku={"name": "PremiumV2_LRS"}), "cannot be an OS disk"),
    "caching": (at(DATA, sku={"name": "PremiumV2_LRS"}), "takes no caching"),
    "ultra": (at(DATA, sku={"name": "UltraSSD_LRS"}), "takes no Ultra disks"),
    "system on a data disk": (change_new(DATA, osType="Linux"), "it is an OS disk"),
    "gone": (lambda platform: platform.world.cloud.remove_disk(again(DATA)), "was not found"),
}


@pytest.mark.parametrize("name", CONFLICTS)
def test_what_does_not_fit_is_told_beforehand(name: str) -> None:
    spoil, said = CONFLICTS[name]
    platform = with_machine()
    spoil(platform)
    assert any(said in message for message in faults(platform)), faults(platform)


def test_every_fault_is_told_at_once() -> None:
    platform = with_machine()
    for name in ("running", "size", "generation", "zone"):
        CONFLICTS[name][0](platform)
    assert len(faults(platform)) == 4


def test_a_disk_that_this_vault_has_not_restored_is_refused_whatever_its_tag_says() -> None:
    platform = with_machine()
    tags = dict(platform.world.cloud.get_disk(again(DATA)).tags)
    platform.world.cloud.add_disk(disk_json("stranger", group=TARGET_GROUP, tags=tags))
    asked = wish(disks=((disk_id("stranger", TARGET_GROUP), disk_id(DATA)),))
    assert any("none that this vault has restored" in message for message in faults(platform, asked))


def test_a_missing_role_is_told_with_the_command_that_assigns_it() -> None:
    platform = with_machine()
    platform.world.cloud.grants = {"": [Grant(actions=("*/read",))]}
    told = " ".join(faults(platform))
    assert "az role assignment create" in told
    assert "Disk Swap Operator" in told
    assert "attachDetachDataDisks" in told


def test_a_machine_or_place_that_is_not_there_is_told() -> None:
    platform = with_machine()
    assert "was not found" in faults(platform, wish(machine_id=machine_id("vm-9")))[0]
    assert any("has no disk" in message for message in faults(platform, wish(disks=((again(DATA), disk_id("x")),))))


def test_in_a_guarded_vault_a_swap_and_its_undoing_take_the_leave_of_restoring_each_instance() -> None:
    platform = with_machine()
    ports = platform.world.ports
    put_guard(ports, resource_guard(), [], "ada")
    map_guard(ports, VAULT, resource_guard().resource_id, "ada")
    with pytest.raises(GuardLocked) as refused:
        request_swap(ports, VAULT, wish(), by="ben")
    assert all(f"backupInstances/{name}" in refused.value.message for name in (OS, DATA))
    ids = [f"{VAULT.resource_id}/backupInstances/{name}" for name in (OS, DATA)]
    unlock(ports, VAULT, [(Critical.RESTORE, each) for each in ids], "ada")
    job = request_swap(ports, VAULT, wish(), by="ben")
    platform.run(minutes=2)
    assert disks(platform) == AFTER
    platform.world.clock.advance(minutes=31)
    with pytest.raises(GuardLocked):
        request_undo(ports, VAULT, job.job_id, by="ben")


def test_a_vault_that_is_bound_to_other_places_changes_no_machine() -> None:
    platform = with_machine()
    platform.world.bounds = (VaultScopes(path=VAULT.resource_id, targets=(TARGET_GROUP.text,)),)
    (message,) = faults(platform)
    assert "may not restore at" in message


# --- Interrupted ---


def test_what_somebody_changes_meanwhile_is_not_written_over_and_the_way_back_is_told() -> None:
    platform = with_machine()
    job = swap(platform)
    platform.run(seconds=1)
    platform.world.clock.advance(seconds=4)  # the old disk is off
    platform.world.cloud.add_disk(disk_json("hand"))
    profile = platform.world.cloud.machine(machine_id()).profile
    profile["dataDisks"].append(data_disk_json(DataDisk(disk_id=disk_id("hand"), lun=2)))
    platform.run(minutes=1)
    ended = newest(platform)
    assert (ended.status, ended.error.code) == (JobStatus.FAILED, "VirtualMachineChanged")
    assert "LUN 2: another disk" in ended.error.message
    with pytest.raises(InvalidInput, match="another disk than the old and the new one"):
        undo(platform, job)


def test_half_a_swap_says_what_is_where_and_is_undone_by_the_same_command() -> None:
    platform = with_machine()
    platform.world.cloud.guard = refuse("attach_disks", MachineRefused("No."))
    job = swap(platform)
    platform.run(minutes=5)
    ended = newest(platform)
    assert (ended.status, ended.error.code) == (JobStatus.FAILED, "SwapRefused")
    assert "OS disk: the old disk, LUN 2: no disk" in ended.error.message
    platform.world.cloud.guard = lambda call, target: None
    undo(platform, job)
    platform.run(minutes=2)
    assert disks(platform) == BEFORE


def test_half_a_swap_whose_machine_cannot_be_seen_any_more_says_so_and_is_undone_once_it_can() -> None:
    platform = with_machine()
    job = swap(platform)
    platform.run(seconds=1)
    platform.world.clock.advance(seconds=4)  # the old disk is off
    platform.world.cloud.guard = refuse("find_machine", CloudUnavailable("The region does not answer."))
    platform.run(minutes=40)
    ended = newest(platform)
    assert (ended.status, ended.error.code) == (JobStatus.FAILED, "CloudInternalError")
    assert "All disks are kept. What the machine has could not be seen" in ended.error.message
    platform.world.cloud.guard = lambda call, target: None
    assert "2" not in disks(platform)
    undo(platform, job)
    platform.run(minutes=2)
    assert disks(platform) == BEFORE


def test_a_change_that_azure_gives_up_is_told_with_its_words() -> None:
    platform = with_machine()
    platform.world.cloud.fail_late("AttachDiskFailed", "No room on the host.")
    swap(platform)
    platform.run(minutes=2)
    ended = newest(platform)
    assert "No room on the host." in ended.error.message
    assert disks(platform) == BEFORE


def test_a_swap_that_runs_is_not_undone_and_other_jobs_never() -> None:
    platform = with_machine()
    job = swap(platform)
    with pytest.raises(OperationUnderWay):
        undo(platform, job)
    with pytest.raises(InvalidInput, match="swapped no disks"):
        undo(platform, jobs(platform, JobOperation.RESTORE)[0])


def test_two_swaps_at_once_make_one() -> None:
    platform = with_machine()
    swap(platform, wish(DATA))
    platform.world.clock.advance(seconds=1)
    swap(platform, wish(DATA))
    platform.run(minutes=2)
    assert {job.status for job in jobs(platform, JobOperation.SWAP, OF_VAULT)} == {JobStatus.COMPLETED}
    assert disks(platform) == {**AFTER, "os": OS}


def test_while_one_changes_a_machine_another_is_refused() -> None:
    platform = with_machine()
    job = swap(platform, wish(DATA))
    platform.run(seconds=1)
    platform.world.clock.advance(seconds=4)  # the old disk is off, and in Azure nothing is under way
    with pytest.raises(OperationUnderWay, match=job.job_id):
        swap(platform, wish(OS))
    platform.run(minutes=2)
    swap(platform, wish(OS))
    with pytest.raises(OperationUnderWay):
        undo(platform, job)
    platform.run(minutes=2)
    assert disks(platform) == AFTER
    undo(platform, job)
    platform.run(minutes=2)
    assert disks(platform) == {**BEFORE, "os": again(OS).rpartition("/")[2]}


def test_the_plan_says_what_goes_where() -> None:
    platform = with_machine()
    plan = plan_swap(platform.world.ports, VAULT, wish())
    assert [(each.lun, each.old_id, each.new_id) for each in plan.exchanges] == [
        (None, disk_id(OS), again(OS)),
        (2, disk_id(DATA), again(DATA)),
    ]
    assert plan.faults == ()

"""Swaps of disks over the API: what is read, what is told, and who may name what."""

from __future__ import annotations

from typing import Any

import pytest

from backup_core.domain.job import JobOperation
from tests.api.bodies import VAULT_PATH
from tests.api.described import DescribedFront
from tests.api.front import Front
from tests.api.tenant import CONTRIBUTOR
from tests.attack.closed import CLOSED_DISK, AttackedFront
from tests.builders import disk_id, machine_id, machine_json
from tests.workflows import test_swap
from tests.workflows.platform import Platform

SWAP, PREVIEW = f"{VAULT_PATH}/swapDisks", f"{VAULT_PATH}/previewSwapDisks"


@pytest.fixture(scope="module")
def prepared() -> Platform:
    return test_swap.with_machine()


@pytest.fixture
def platform(prepared: Platform) -> Platform:
    return prepared.copy()


@pytest.fixture
def front(platform: Platform) -> Front:
    return DescribedFront(platform.world)


def body(*names: str, **more: Any) -> dict[str, Any]:
    disks = [{"diskId": test_swap.again(name)} for name in names or ("disk-1", "disk-2")]
    return {"virtualMachineId": machine_id(), "disks": disks, **more}


def test_there_and_back_with_jobs_that_name_every_disk(front: Front, platform: Platform) -> None:
    told = front.post(PREVIEW, body()).json
    assert (told["powerState"], told["faults"]) == ("deallocated", [])
    assert [(each["lun"], each["oldDiskId"]) for each in told["swaps"]] == [
        (None, disk_id("disk-1")),
        (2, disk_id("disk-2")),
    ]
    assert front.post(SWAP, body()).status == 202
    platform.run(minutes=2)
    assert test_swap.disks(platform) == test_swap.AFTER
    (job,) = [job for job in platform.jobs() if job.operation is JobOperation.SWAP]
    shown = front.get(f"{VAULT_PATH}/backupJobs/{job.job_id}").json["properties"]
    assert shown["status"] == "Completed"
    assert [each["additionalDetails"]["OldDiskId"] for each in shown["extendedInfo"]["subTasks"]] == [
        disk_id("disk-1"),
        disk_id("disk-2"),
    ]
    assert shown["extendedInfo"]["additionalDetails"]["VirtualMachineId"] == machine_id()
    assert front.post(f"{VAULT_PATH}/swapDisks/{job.job_id}/undo").status == 202
    platform.run(minutes=2)
    assert test_swap.disks(platform) == test_swap.BEFORE


def test_what_is_switched_off_is_refused_with_what_to_switch_on(front: Front, platform: Platform) -> None:
    platform.world.swaps_disks = False
    reply = front.post(SWAP, body())
    assert (reply.status, reply.error["code"]) == (400, "DiskSwapSwitchedOff")
    assert "DISKBACKUP_SWAP_DISKS" in reply.error["message"]


def test_every_fault_of_the_body_is_told_at_once(front: Front) -> None:
    reply = front.post(SWAP, {"virtualMachineId": disk_id("x"), "disks": [{"replaces": "y"}], "whileRunning": "no"})
    assert reply.faults.keys() == {
        "virtualMachineId",
        "disks[0].diskId",
        "disks[0].replaces",
        "whileRunning",
    }
    assert front.post(SWAP, {}).status == 400


def test_a_disk_that_is_closed_is_not_taken_off_a_machine_by_what_was_restored_from_it() -> None:
    """The request names the new disk alone; what it replaces is held, too."""
    front = AttackedFront()
    front.world.cloud.add_machine(machine_json("vm-2", data_disks={0: CLOSED_DISK}))
    wish = {"virtualMachineId": machine_id("vm-2"), "disks": [{"diskId": test_swap.again("instance-1")}]}
    named = {**wish, "disks": [{**wish["disks"][0], "replaces": CLOSED_DISK}]}
    for path in (SWAP, PREVIEW):
        assert front.attack("POST", path, named, role=CONTRIBUTOR).error["code"] == "LinkedAuthorizationFailed"
        assert "secret-disk" not in front.attack("POST", path, wish, role=CONTRIBUTOR).text

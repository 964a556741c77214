"""Several disks by one request: what is read, who may name what, and how its job is shown."""

from __future__ import annotations

from typing import Any

import pytest

from backup_core.domain.restore_together import DISKS_AT_MOST
from tests.api.bodies import VAULT_PATH, together_body
from tests.api.described import DescribedFront
from tests.api.front import Front
from tests.api.standing import copied
from tests.api.tenant import CONTRIBUTOR, OPERATOR, bearer, guarded
from tests.attack.closed import CLOSED_DISK, SCOPES, AttackedFront, as_somebody_else, attacked, somebody_else
from tests.builders import disk_id
from tests.workflows.platform import Platform
from tests.workflows.scenes import SLOT, backed_up

TOGETHER, PREVIEW = f"{VAULT_PATH}/restoreTogether", f"{VAULT_PATH}/previewRestoreTogether"
PAIR = ("disk-1", "disk-2")
REFUSED = "LinkedAuthorizationFailed"


@pytest.fixture(scope="module")
def protecting() -> Platform:
    return backed_up(*PAIR)


@pytest.fixture
def platform(protecting: Platform) -> Platform:
    return protecting.copy()


@pytest.fixture
def front(platform: Platform) -> Front:
    return DescribedFront(platform.world)


def faults(front: Front, body: dict[str, Any], path: str = TOGETHER) -> set[str]:
    reply = front.post(path, body)
    assert reply.status == 400, reply.text
    return {fault["target"] for fault in reply.error["details"]} or {reply.error["target"]}


def test_the_operation_leads_to_a_job_whose_subtasks_name_each_disks_own(front: Front, platform: Platform) -> None:
    reply = front.post(TOGETHER, together_body(*PAIR))
    assert reply.status == 202
    job_id = front.get(reply.headers["Location"]).json["jobId"]
    platform.run(minutes=2)
    properties = front.get(job_id).json["properties"]
    assert (properties["operation"], properties["status"]) == ("RestoreTogether", "Completed")
    assert properties["backupInstanceId"] == VAULT_PATH
    look, *parts = properties["extendedInfo"]["subTasks"]
    assert look["taskName"] == "Validate Restores"
    for name, part in zip(PAIR, parts, strict=True):
        own = front.get(f"{VAULT_PATH}/backupJobs/{part['additionalDetails']['JobId']}").json["properties"]
        assert own["dataSourceId"] == disk_id(name)
        assert own["extendedInfo"]["recoveryDestination"] == part["additionalDetails"]["TargetDiskId"]
        assert job_id.endswith(own["extendedInfo"]["additionalDetails"]["PartOfJobId"])
    details = properties["extendedInfo"]["additionalDetails"]
    assert (details["Disks"], details["RecoveryPointsApart"]) == ("2", apart(platform))


def apart(platform: Platform) -> str:
    first, second = (platform.points(name)[0].created_at for name in PAIR)
    seconds = abs((first - second).total_seconds())
    return f"PT{seconds:g}S" if seconds else "PT0S"


def test_the_preview_says_which_points_and_how_far_they_lie_apart(front: Front, platform: Platform) -> None:
    told = front.post(PREVIEW, together_body(*PAIR)).json
    assert [each["recoveryPointId"] for each in told["restores"]] == [platform.points(n)[0].point_id for n in PAIR]
    assert (told["faults"], told["apart"], told["virtualMachines"]) == ([], apart(platform), [])


def test_every_fault_of_the_body_is_told_at_once(front: Front) -> None:
    body = together_body("disk-1", "disk-2", slot="noon", requestId="mine")
    del body["restores"][0]["restoreTargetInfo"]["recoveryOption"]
    body["restores"][1]["backupInstanceName"] = "../x"
    assert faults(front, body) == {
        "restores[0].restoreTargetInfo.recoveryOption",
        "restores[1].backupInstanceName",
        "slot",
        "requestId",
    }
    assert faults(front, {}) == {"restores", "recoveryPointTime"}
    assert faults(front, together_body(slot="2026-03-02T12:00:00Z")) == {"slot"}


def test_more_disks_than_a_request_may_name_are_refused_saying_so(front: Front) -> None:
    body = together_body(*(f"disk-{number}" for number in range(DISKS_AT_MOST + 1)))
    reply = front.post(TOGETHER, body)
    assert (reply.status, reply.error["target"]) == (400, "restores")
    assert "101 disks; at most 100" in reply.error["message"]


def test_the_points_of_a_slot_are_restored(front: Front, platform: Platform) -> None:
    body = together_body(*PAIR, slot=SLOT.isoformat())
    del body["recoveryPointTime"]
    assert front.post(PREVIEW, body).json["faults"] == []


def test_a_request_that_comes_again_leads_to_the_job_that_it_led_to(front: Front, platform: Platform) -> None:
    body = together_body(*PAIR, requestId="0F0E0D0C-0B0A-4000-8000-000000000001")
    first, again = (front.get(front.post(TOGETHER, body).headers["Location"]).json["jobId"] for _ in range(2))
    assert first == again
    platform.run(minutes=2)
    assert len(platform.world.cloud.made_disks) == 2


@pytest.mark.parametrize("path", [TOGETHER, PREVIEW])
def test_neither_an_instance_nor_a_target_that_is_closed_can_be_named(path: str) -> None:
    front = AttackedFront()
    body = together_body("instance-1")
    body["restores"][0]["restoreTargetInfo"]["datasourceInfo"]["resourceID"] = CLOSED_DISK
    assert front.attack("POST", path, body, role=OPERATOR).error["code"] == REFUSED
    reply = front.attack("POST", path, together_body("instance-1", "secret-instance"), role=OPERATOR)
    assert (reply.status, reply.error["code"]) == (403, REFUSED)
    assert [fault["target"] for fault in reply.error["details"]] == ["restores[1].backupInstanceName"]
    assert front.altered == []


def test_a_job_of_several_is_hidden_with_any_of_its_disks() -> None:
    world = copied(attacked())
    owner = somebody_else(world)
    reply = owner.post(TOGETHER, together_body("instance-1", "secret-instance"), headers=as_somebody_else())
    job_id = owner.get(reply.headers["Location"], headers=as_somebody_else()).json["jobId"]
    attacker = guarded(world, scopes=SCOPES)
    assert attacker.get(job_id, headers=bearer(CONTRIBUTOR)).error["code"] == REFUSED
    assert job_id not in attacker.get(f"{VAULT_PATH}/backupJobs", headers=bearer(CONTRIBUTOR)).text
    assert owner.get(job_id, headers=as_somebody_else()).status == 200

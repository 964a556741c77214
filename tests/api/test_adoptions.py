"""Adopting snapshots by a rule over HTTP: what is asked for is read whole or refused whole, told page by page, and held
against the caller's reach.
"""

from __future__ import annotations

from typing import Any

import pytest

from backup_core.domain.disk import Disk
from backup_core.workflows import adopting
from tests.api.bodies import VAULT_PATH
from tests.api.front import Front
from tests.api.tenant import CONTRIBUTOR, SOMEBODY_ELSE, bearer, guarded
from tests.builders import SNAPSHOT_GROUP, SUBSCRIPTION, disk_id, disk_json
from tests.workflows.platform import Platform

BODY: dict[str, Any] = {"sourceScope": SNAPSHOT_GROUP.text, "namePattern": "nightly-*", "retentionDuration": "P30D"}
ACTIONS = ("dryRunAdoption", "adoptSnapshots", "undoAdoption")


@pytest.fixture
def platform() -> Platform:
    platform = Platform()
    platform.protect("disk-1")
    for number in range(3):
        snapshot = f"{SNAPSHOT_GROUP.text}/providers/Microsoft.Compute/snapshots/nightly-{number}"
        platform.world.cloud.add_snapshot(snapshot, source=Disk(raw=disk_json("disk-1")))
    return platform


def test_what_would_come_over_is_told_and_nothing_is_changed(platform: Platform) -> None:
    reply = Front(platform.world).post(f"{VAULT_PATH}/dryRunAdoption", BODY)
    assert (reply.status, reply.json["snapshotCount"], len(reply.json["value"])) == (200, 3, 3)
    told = reply.json["value"][0]
    assert (told["action"], told["backupInstanceName"], told["isOverdue"], told["faults"]) == (
        "Adopt",
        "disk-1",
        False,
        [],
    )
    assert told["dataSourceId"] == disk_id("disk-1")
    assert platform.world.faults.count("cloud.tag_snapshot") == 0
    assert not [each for each in platform.points("disk-1") if each.was_found]


def test_pages_lead_on(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adopting, "SNAPSHOTS_A_PAGE", 2)
    front = Front(platform.world)
    first = front.post(f"{VAULT_PATH}/dryRunAdoption", BODY).json
    second = front.post(first["nextLink"], BODY).json
    assert [len(each["value"]) for each in (first, second)] == [2, 1]
    assert "nextLink" not in second


def test_a_job_tells_how_far_it_is_and_what_came_over_can_go_back(platform: Platform) -> None:
    front = Front(platform.world)
    for action, told in (("adoptSnapshots", {"Disks": "1", "DisksDone": "1"}), ("undoAdoption", {})):
        assert front.post(f"{VAULT_PATH}/{action}", BODY).status == 202
        platform.run(minutes=3)
        job = front.get(f"{VAULT_PATH}/backupJobs").json["value"][0]["properties"]
        assert (job["status"], job["operation"].lower()) == ("Completed", action.lower())
        details = job["extendedInfo"]["additionalDetails"]
        assert told.items() <= details.items()
        assert (details["RecoveryPoints"], details["SourceId"]) == ("3", SNAPSHOT_GROUP.text)


def test_every_fault_of_a_rule_is_named_at_once(platform: Platform) -> None:
    body = {
        "sourceScope": "here",
        "tagConditions": [{"values": ["x"]}],
        "createdFrom": "yesterday",
        "dataSourceIds": [disk_id("disk-1"), "disk-2"],
        "retentionDuration": "PT1S",
        "deletedVaultId": "old",
    }
    front = Front(platform.world)
    for action in ("dryRunAdoption", "adoptSnapshots"):
        assert front.post(f"{VAULT_PATH}/{action}", body).faults.keys() == {
            "sourceScope",
            "tagConditions[0].name",
            "createdFrom",
            "dataSourceIds[1]",
            "retentionDuration",
            "deletedVaultId",
        }


@pytest.mark.parametrize(
    ("body", "target"),
    [
        ({"sourceScope": SNAPSHOT_GROUP.text, "retentionDuration": "P1D"}, "namePattern"),
        ({"sourceScope": SNAPSHOT_GROUP.text, "namePattern": "*"}, "retentionDuration"),
        ({**BODY, "retentionTagName": "Default"}, "retentionDuration"),
        ({**BODY, "namePattern": "x" * 81}, "namePattern"),
        ({**BODY, "dataSourceIds": [disk_id("disk-1")] * 51}, "dataSourceIds"),
    ],
)
def test_who_adopts_says_which_and_how_long_in_one_way(platform: Platform, body: dict[str, Any], target: str) -> None:
    front = Front(platform.world)
    assert front.post(f"{VAULT_PATH}/adoptSnapshots", body).error["target"] == target
    assert "AdoptSnapshots" not in front.get(f"{VAULT_PATH}/backupJobs").text


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    "named",
    [{"sourceScope": SNAPSHOT_GROUP.text}, {"dataSourceIds": [disk_id("disk-1")]}, {"backupInstanceName": "disk-1"}],
    ids=lambda named: next(iter(named)),
)
def test_what_is_closed_to_the_caller_is_not_adopted_for_them(
    platform: Platform, action: str, named: dict[str, Any]
) -> None:
    closed = SNAPSHOT_GROUP.text if "sourceScope" in named else disk_id("disk-1")
    front = guarded(platform.world, scopes={closed: [SOMEBODY_ELSE]})
    body = {**BODY, "sourceScope": f"/subscriptions/{SUBSCRIPTION}", **named}
    reply = front.post(f"{VAULT_PATH}/{action}", body, headers=bearer(CONTRIBUTOR))
    assert (reply.status, reply.error["code"]) == (403, "LinkedAuthorizationFailed")

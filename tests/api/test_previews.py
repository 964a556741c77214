"""Previews: a policy and its change are looked at before they count, every fault is named, and nothing is changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from backup_core.ports import Insert
from backup_core.workflows import previews
from tests.api.bodies import POLICY_PATH, VAULT_PATH, policy_body, vault_body
from tests.api.front import VERSION, Front
from tests.builders import NOW, VAULT, hold, instance, point, policy
from tests.workflows.platform import Platform
from tests.workflows.scenes import add_point, change_point

PREVIEW, CHANGE = f"{POLICY_PATH}/preview", f"{POLICY_PATH}/previewChange"
OF_THE_DISK = f"{VAULT_PATH}/backupPolicies/policy-disk-1"
DAY = timedelta(days=1)
NIGHTLY = ["R/2026-01-01T02:00:00+00:00/P1D"]


def test_the_stored_policy_is_previewed_without_a_body(front: Front) -> None:
    front.put(VAULT_PATH, vault_body())
    front.put(POLICY_PATH, policy_body(intervals=NIGHTLY))
    reply = front.post(PREVIEW)
    assert reply.status == 200, reply.text
    told = reply.json
    assert (told["policyName"], told["slotCount"], len(told["slots"])) == ("policy-1", 366, 10)
    assert told["slots"][0]["time"] == "2026-03-03T02:00:00.0000000Z"
    assert told["tags"] == [{"tagName": "Default", "count": 366, "duration": "P7D"}]
    assert [(date["count"], date["time"]) for date in told["dates"]] == [(7, told["endTime"])]
    assert told["dates"][0]["recoveryPoints"][0]["reasons"][-1].startswith("Default: expires at 2027-03-04T02:00:00Z")
    assert told["limits"][0] == {"limit": 450, "of": "scheduled recovery points of a disk", "exceededOn": None}
    assert told["dates"][0]["recoveryPoints"][0]["retentionTagReason"] == "no other tag's criteria were met"
    assert told["faults"] == []


def test_a_draft_is_previewed_where_no_policy_is_stored_with_the_nights_on_which_clocks_move(front: Front) -> None:
    front.put(VAULT_PATH, vault_body())
    asked = policy_body(intervals=["R/2026-01-01T02:30:00/P1D"], time_zone="W. Europe Standard Time")
    reply = front.post(PREVIEW, {**asked, "startTime": "2026-03-28T12:00:00Z", "days": 3, "slots": 2})
    assert [(slot["localTime"], slot["clockChange"]) for slot in reply.json["slots"]] == [
        ("2026-03-29T03:30:00+02:00", "PT1H"),
        ("2026-03-30T02:30:00+02:00", None),
    ]
    assert front.get(POLICY_PATH).status == 404


def test_a_draft_that_keeps_too_much_is_shown_with_the_day_on_which_it_would(front: Front) -> None:
    front.put(VAULT_PATH, vault_body())
    asked = policy_body(intervals=["R/2026-03-01T00:00:00+00:00/PT1H"], retention="P30D")
    reply = front.post(PREVIEW, {**asked, "startTime": "2026-03-01T00:00:00Z"})
    assert reply.status == 200, reply.text
    assert [met["exceededOn"] for met in reply.json["limits"]] == [
        "2026-03-19T19:00:00.0000000Z",
        "2026-03-21T21:00:00.0000000Z",
    ]
    assert reply.json["peak"] == {"count": 720, "time": "2026-03-31T00:00:00.0000000Z"}
    assert len(reply.json["faults"]) >= 1
    assert front.put(POLICY_PATH, asked).status == 400


@pytest.mark.parametrize(
    ("body", "targets"),
    [
        ({"slots": 0, "days": 4000}, {"slots", "days"}),
        ({"dates": ["soon", 7], "startTime": "x"}, {"dates[0]", "dates[1]", "startTime"}),
        ({"dates": ["2026-03-03T00:00:00Z"] * 13}, {"dates"}),
        ({"dates": ["2020-03-03T00:00:00Z"], "slots": 0}, {"dates[0]", "slots"}),
        ({"startTime": "9999-12-31T00:00:00Z", "days": 3660}, {"startTime"}),
        ({"startTime": "0001-01-01T00:00:00Z"}, {"startTime"}),
        ({**policy_body(intervals=["R/2026-03-01T00:00:00+00:00/PT1M"]), "slots": 0}, {"days", "slots"}),
        ({"properties": {"policyRules": []}}, {"properties.policyRules"}),
        (policy_body(intervals=["R/2026-03-01T00:00:00+00:00/PT1M"], retention="PT1H"), {"days"}),
    ],
)
def test_every_fault_of_a_preview_is_named(front: Front, body: dict[str, Any], targets: set[str]) -> None:
    front.put(VAULT_PATH, vault_body())
    front.put(POLICY_PATH, policy_body())
    assert targets <= front.post(PREVIEW, body).faults.keys()


def test_a_change_is_shown_for_a_disk_that_follows_the_policy(running: Front, protecting: Platform) -> None:
    add_point(protecting, NOW - 5 * DAY, expires_at=NOW + 2 * DAY)
    asked = {**policy_body(retention="P3D"), "dates": [f"{NOW + 20 * DAY:%Y-%m-%dT%H:%M:%SZ}"]}
    reply = running.post(f"{OF_THE_DISK}/previewChange", asked)
    assert reply.status == 200, reply.text
    (told,) = reply.json["value"]
    assert told["backupInstanceId"].endswith("/backupInstances/disk-1")
    assert told["shortenedRetention"] == ["Default: P7D -> P3D"]
    assert told["newestRecoveryPoint"]["goesBefore"] == told["newestRecoveryPoint"]["goesAfter"]
    assert [(count["before"], count["after"]) for count in told["counts"]] == [(168, 18)]
    assert "nextLink" not in reply.json


def test_one_disk_is_shown_with_each_of_its_points(running: Front, protecting: Platform) -> None:
    held = add_point(protecting, NOW - 5 * DAY, expires_at=NOW - 4 * DAY)
    change_point(protecting, held.point_id, holds=(hold("audit"),))
    reply = running.post(
        f"{OF_THE_DISK}/previewChange", {**policy_body(retention="P3D"), "backupInstanceName": "disk-1"}
    )
    points = reply.json["value"][0]["recoveryPoints"]
    assert [(each["name"] == held.point_id, each["goesAfter"] is None) for each in points] == [
        (False, False),
        (True, True),
    ]
    assert points[1]["reasons"] == ["held (case-1): audit"]
    nobody = running.post(f"{OF_THE_DISK}/previewChange", {**policy_body(), "backupInstanceName": "nobody"})
    assert nobody.status == 404


def test_a_disk_that_the_policy_does_not_govern_is_refused(running: Front) -> None:
    running.put(POLICY_PATH, policy_body())
    asked = {**policy_body(), "backupInstanceName": "disk-1"}
    assert running.post(CHANGE, asked).error["details"][0]["target"] == "backupInstanceName"
    running.post(f"{VAULT_PATH}/backupInstances/disk-1/suspendBackups")
    assert running.post(f"{OF_THE_DISK}/previewChange", policy_body()).json["value"] == []
    running.post(f"{VAULT_PATH}/backupInstances/disk-1/stopProtection")
    refused = running.post(f"{OF_THE_DISK}/previewChange", asked)
    assert refused.status == 400
    assert "ProtectionStopped" in refused.error["details"][0]["message"]


def test_a_stopped_disk_decides_nothing_about_its_points(running: Front) -> None:
    disk = f"{VAULT_PATH}/backupInstances/disk-1"
    running.post(f"{disk}/stopProtection")
    told = running.get(f"{disk}/recoveryPoints", query={**VERSION, "$expand": "retention"}).json["value"]
    assert [each["properties"]["retention"]["nextDecision"] for each in told] == [None]
    assert told[0]["properties"]["retention"]["keptUntil"] is not None


def test_pages_of_disks_go_on_where_the_last_one_ended(
    front: Front, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "INSTANCES_A_PAGE", 2)
    front.put(VAULT_PATH, vault_body())
    front.put(POLICY_PATH, policy_body())
    elsewhere = policy("policy-2")
    for name, more in (("disk-1", {}), ("disk-10", {}), ("disk-11", {"policy": elsewhere}), ("disk-2", {})):
        platform.world.store.commit(VAULT, [Insert(instance(name, **more)), Insert(point(name))])
    first = front.post(CHANGE, policy_body(retention="P3D"))
    rest = front.post(first.json["nextLink"], policy_body(retention="P3D"))
    told = [*first.json["value"], *rest.json["value"]]
    assert [each["backupInstanceId"].rsplit("/", 1)[1] for each in told] == ["disk-1", "disk-10", "disk-2"]
    assert {each["counts"][0]["before"] for each in told} == {1}
    assert "nextLink" not in rest.json


def test_points_say_why_they_are_kept_where_that_is_asked_for(running: Front, protecting: Platform) -> None:
    points = f"{VAULT_PATH}/backupInstances/disk-1/recoveryPoints"
    plain = running.get(points).json["value"][0]["properties"]
    told = running.get(points, query={**VERSION, "$expand": "Retention"}).json["value"][0]["properties"]
    retention = told.pop("retention")
    assert told == plain
    assert retention["reasons"][0] == "newest good point of a protected disk"
    assert retention["keptUntil"] == plain["expiryTime"]
    assert not retention["isGoing"]
    refused = running.get(points, query={**VERSION, "$expand": "everything"})
    assert (refused.status, refused.error["details"][0]["target"]) == (400, "$expand")

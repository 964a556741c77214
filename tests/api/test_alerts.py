"""Alerts over the wire: listed, looked at, acknowledged; and the events that the topic would not take."""

from __future__ import annotations

from typing import Any

import pytest

from backup_core.domain.errors import PermissionMissing
from tests.api.bodies import INSTANCE_PATH, POLICY_PATH, VAULT_PATH, backup_body, instance_body, policy_body
from tests.api.front import VERSION, Front
from tests.workflows.platform import Platform

ALERTS = f"{VAULT_PATH}/backupAlerts"


@pytest.fixture(autouse=True)
def _protected(front: Front, platform: Platform) -> None:
    front.put(POLICY_PATH, policy_body())
    front.put(INSTANCE_PATH, instance_body())
    platform.run(seconds=2)


def back_up(front: Front, platform: Platform, *, may: bool) -> None:
    def guard(call: str, target: str) -> None:
        if call == "start_snapshot" and not may:
            raise PermissionMissing("403", scope=target, role="Disk Snapshot Contributor")

    platform.world.cloud.guard = guard
    assert front.post(f"{INSTANCE_PATH}/backup", backup_body()).status == 202
    platform.run(seconds=30)


def listed(front: Front, text: str = "") -> list[dict[str, Any]]:
    reply = front.get(ALERTS, query={**VERSION, "$filter": text})
    assert reply.status == 200, reply.text
    return [each["properties"] for each in reply.json["value"]]


def test_a_failure_is_an_alert_with_what_to_do_and_is_over_when_a_backup_succeeds(
    front: Front, platform: Platform
) -> None:
    back_up(front, platform, may=False)
    back_up(front, platform, may=False)
    (alert,) = listed(front)
    assert (alert["monitorCondition"], alert["severity"]) == ("Fired", "Sev1")
    assert alert["alertRule"] == "PermissionLost.DiskSnapshotContributor"
    assert alert["backupInstanceId"] == INSTANCE_PATH
    assert "az role assignment create" in alert["errorDetails"]["recommendedAction"][0]
    assert front.get(alert["jobId"]).json["properties"]["status"] == "Failed"
    back_up(front, platform, may=True)
    (over,) = listed(front)
    assert (over["monitorCondition"], over["firedDateTime"]) == ("Resolved", alert["firedDateTime"])
    assert over["resolvedDateTime"] is not None


def test_alerts_are_narrowed_to_the_open_ones(front: Front, platform: Platform) -> None:
    back_up(front, platform, may=False)
    back_up(front, platform, may=True)
    back_up(front, platform, may=False)
    assert [alert["monitorCondition"] for alert in listed(front)] == ["Fired", "Resolved"]
    assert len(listed(front, "monitorCondition eq 'Fired'")) == 1
    assert front.get(ALERTS, query={**VERSION, "$filter": "severity eq 'Sev1'"}).status == 400
    assert front.get(ALERTS, query={**VERSION, "$filter": "monitorCondition eq 'Open'"}).status == 400


def test_an_acknowledged_alert_says_by_whom_and_stays_open_until_it_is_over(front: Front, platform: Platform) -> None:
    back_up(front, platform, may=False)
    path = front.get(ALERTS).json["value"][0]["id"]
    first = front.post(f"{path}/acknowledge").json["properties"]
    assert (first["monitorCondition"], bool(first["acknowledgedBy"])) == ("Fired", True)
    platform.run(minutes=1)
    assert front.post(f"{path}/acknowledge").json["properties"] == first
    back_up(front, platform, may=True)
    over = front.get(path).json["properties"]
    assert (over["monitorCondition"], over["acknowledgedDateTime"]) == ("Resolved", first["acknowledgedDateTime"])


def test_an_event_that_the_topic_will_never_take_can_be_read(front: Front, platform: Platform) -> None:
    platform.world.events.refused_types.add("DiskBackup.RecoveryPoint.Created")
    back_up(front, platform, may=True)
    (refused,) = front.get(f"{VAULT_PATH}/refusedEvents").json["value"]
    assert refused["properties"]["event"]["type"] == "DiskBackup.RecoveryPoint.Created"
    assert refused["properties"]["code"] == "BadRequest"

"""The forecast of Azure's limits over the API: what is counted, what is unknown, who is named, and nothing changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from backup_core.domain.errors import PermissionMissing
from backup_core.domain.instance import ProtectionState
from backup_core.domain.policy import BackupPolicy
from backup_core.ports import Insert
from tests.api.bodies import VAULT_PATH, vault_body
from tests.api.described import DescribedFront
from tests.api.front import Front
from tests.attack.closed import CONTRIBUTOR, READER, AttackedFront
from tests.builders import OTHER_SUBSCRIPTION, SUBSCRIPTION, VAULT, instance, point, policy_properties
from tests.workflows.platform import Platform

OF_REGION = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.DataProtection/locations/westeurope/forecastQuotas"
OF_POLICY = f"{VAULT_PATH}/backupPolicies/hourly/forecastQuotas"
DAY = timedelta(days=1)
HOURLY = ["R/2026-01-01T00:00:00+00:00/PT1H"]


def hourly(retention: str) -> BackupPolicy:
    return BackupPolicy.parse("hourly", policy_properties(intervals=HOURLY, retention=retention), check_limits=False)


@pytest.fixture
def front(platform: Platform) -> Front:
    """Three disks, hourly for ten days; one of them stopped; one has 300 points that stay for 60 days."""
    front = DescribedFront(platform.world)
    front.put(VAULT_PATH, vault_body())
    now = platform.world.clock.now()
    kept = hourly("P10D")
    states = {
        "disk-1": ProtectionState.CONFIGURED,
        "disk-2": ProtectionState.CONFIGURED,
        "old": ProtectionState.STOPPED,
    }
    platform.world.store.commit(VAULT, [Insert(kept)])
    for name, state in states.items():
        platform.world.store.commit(VAULT, [Insert(instance(name, policy=kept, state=state))])
    points = [point("disk-2", at=now - n * timedelta(minutes=5), expires_at=now + 60 * DAY) for n in range(300)]
    for start in range(0, 300, 100):
        platform.world.store.commit(VAULT, [Insert(each) for each in points[start : start + 100]])
    platform.world.store.commit(VAULT, [Insert(point("old", at=now - DAY, expires_at=now - timedelta(hours=1)))])
    return front


def limit(reply: Any, words: str) -> dict[str, Any]:
    (found,) = [each for each in reply.json["limits"] if words in each["of"]]
    return dict(found)


def test_a_region_is_forecast_with_the_disks_that_get_to_a_limit_first(front: Front, platform: Platform) -> None:
    platform.world.cloud.usage_limits["ZRSSnapshotCount"] = 450
    reply = front.post(OF_REGION, {"days": 40})
    assert reply.status == 200, reply.text
    assert (reply.json["backupInstances"], reply.json["recoveryPoints"]) == (3, 301)
    assert limit(reply, "zone-redundant")["most"] == 480
    assert limit(reply, "zone-redundant")["exceededOn"][:10] == "2026-03-12"
    assert limit(reply, "locally")["exceededOn"] is None
    assert reply.json["worstMinute"]["backups"] == 2
    assert reply.json["unknown"] == []
    assert reply.json["disksThatReachALimit"] == 1
    first = reply.json["firstDisks"]
    assert [each["limit"] for each in first] == [450, 500]
    assert {each["backupInstanceId"].rpartition("/")[2] for each in first} == {"disk-2"}


def test_what_may_not_be_asked_is_said_to_be_unknown(front: Front, platform: Platform) -> None:
    def guard(call: str, target: str) -> None:
        if call == "usage":
            raise PermissionMissing("no", scope=target, role="Reader")

    platform.world.cloud.guard = guard
    reply = front.post(OF_REGION)
    assert reply.status == 200
    assert "Microsoft.Compute/locations/usages/read" in reply.json["unknown"][0]
    assert [limit(reply, words)["limit"] for words in ("locally", "zone-redundant")] == [75_000, 75_000]


def test_a_policy_is_forecast_as_it_is_to_be_and_for_disks_to_come(front: Front) -> None:
    draft = {"properties": policy_properties(intervals=HOURLY, retention="P30D")}
    as_is, changed = front.post(OF_POLICY), front.post(OF_POLICY, {**draft, "moreDisks": 298})
    assert limit(as_is, "writes")["most"] == 2
    assert (limit(changed, "writes")["most"], limit(changed, "writes")["limit"]) == (300, 200)
    assert changed.json["worstMinute"]["lastBeginsAfterSeconds"] > 5
    assert changed.json["disksThatReachALimit"] == 3, "both that follow it, and those to come"
    assert None in [each["dataSourceId"] for each in changed.json["firstDisks"]]


def test_another_subscription_or_region_is_not_counted(front: Front) -> None:
    elsewhere = front.post(OF_REGION.replace("westeurope", "northeurope"))
    assert (elsewhere.json["backupInstances"], elsewhere.json["worstMinute"]["backups"]) == (0, 2)
    other = front.post(OF_POLICY, {"subscriptionId": OTHER_SUBSCRIPTION})
    assert (other.json["backupInstances"], other.json["worstMinute"]["time"]) == (0, None)
    in_capitals = front.post(OF_REGION.replace("westeurope", "WestEurope"))
    assert in_capitals.json["backupInstances"] == 3


@pytest.mark.parametrize(
    ("body", "targets"),
    [
        ({"days": 0, "copyHours": "x"}, {"days", "copyHours"}),
        ({"moreDisks": -1, "subscriptionId": "here", "days": 367}, {"moreDisks", "subscriptionId", "days"}),
        ({"properties": {"policyRules": []}, "days": 0}, {"properties.policyRules", "days"}),
        ({"properties": policy_properties(intervals=["R/2026-01-01T00:00:00Z/PT1M"]), "days": 366}, {"days"}),
    ],
)
def test_every_fault_is_named(front: Front, body: dict[str, Any], targets: set[str]) -> None:
    reply = front.post(OF_POLICY, body)
    assert reply.status == 400, reply.text
    assert targets <= {each["target"] for each in reply.error["details"]}


def test_a_policy_or_vault_that_is_not_there_is_not_found(front: Front) -> None:
    assert front.post(OF_POLICY.replace("hourly", "nobody")).status == 404
    assert front.post(OF_POLICY.replace(VAULT_PATH, f"{VAULT_PATH}-x")).status == 404


def test_nothing_is_changed(front: Front, platform: Platform) -> None:
    before, sent = platform.world.store.copy(), list(platform.world.queue.sent)
    assert front.post(OF_REGION).status == front.post(OF_POLICY, {"moreDisks": 5}).status == 200
    assert platform.world.store.copy() == before
    assert platform.world.queue.sent == sent


def test_no_subscription_that_is_closed_is_forecast() -> None:
    front = AttackedFront()
    for role in (READER, CONTRIBUTOR):
        path = f"{VAULT_PATH}/backupPolicies/policy-1/forecastQuotas"
        reply = front.attack("POST", path, {"subscriptionId": OTHER_SUBSCRIPTION.upper()}, role=role)
        assert (reply.status, reply.error["code"]) == (403, "LinkedAuthorizationFailed")


def test_disks_that_are_closed_are_counted_and_not_named() -> None:
    attacked = AttackedFront()
    draft = {"properties": policy_properties(intervals=["R/2026-03-01T00:00:00Z/PT1H"], retention="P40D")}
    path = f"{VAULT_PATH}/backupPolicies/policy-1/forecastQuotas"
    reply = attacked.attack("POST", path, draft, role=READER)
    assert reply.json["disksThatReachALimit"] == 2
    assert {each["backupInstanceId"].rpartition("/")[2] for each in reply.json["firstDisks"]} == {"instance-1"}

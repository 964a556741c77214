"""The forecast of Azure's limits over the API: what is counted, what is unknown, who is named, and nothing changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backup_core.domain.copying import CopyState
from backup_core.domain.errors import PermissionMissing
from backup_core.domain.instance import BackupInstance, CopyStanding, ProtectionState
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.vault import Vault
from backup_core.ports import Insert, Replace
from tests.api.bodies import VAULT_PATH, vault_body
from tests.api.described import DescribedFront
from tests.api.front import Front
from tests.api.tenant import CONTRIBUTOR, READER
from tests.attack.closed import AttackedFront
from tests.builders import OTHER_SUBSCRIPTION, SUBSCRIPTION, VAULT, copy, instance, point, policy_properties
from tests.workflows.platform import Platform
from tests.workflows.test_copying import rule

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


def deny_usage(call: str, target: str) -> None:
    if call == "usage":
        raise PermissionMissing("no", scope=target, role="Reader")


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
    platform.world.cloud.guard = deny_usage
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
    assert targets <= front.post(OF_POLICY, body).faults.keys()


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


# ---------------------------------------------------------------- copies from other regions

OF_NORTH = OF_REGION.replace("westeurope", "northeurope")
DAILY = ["R/2026-01-01T00:00:00+00:00/P1D"]


def copied_to_north(front: Front, *, retention: str = "P5D", policy_name: str = "hourly", more: int = 0) -> Front:
    """As if the rule had been written, and a copy made of each of the stopped disk's last four days."""
    world = front.world
    stored = world.store.get(Vault, VAULT)
    assert stored is not None
    made = rule(policy=policy_name, retention=retention)
    world.store.commit(VAULT, [Replace(stored, replace(stored.value, copy_rules=(made,)))])
    old = world.store.get(BackupInstance, VAULT, "old")
    assert old is not None
    now = world.clock.now()
    there = [copy("old", at=now - day * DAY, state=CopyState.COMPLETED, expires_at=now + DAY) for day in range(1, 5)]
    standing = CopyStanding(lane=there[0].lane, location="northeurope")
    world.store.commit(
        VAULT, [Replace(old, replace(old.value, copy_standings=(standing,))), *(Insert(each) for each in there)]
    )
    others = [instance(f"more-{number}", policy=hourly("P10D")) for number in range(more)]
    for start in range(0, more, 100):
        world.store.commit(VAULT, [Insert(each) for each in others[start : start + 100]])
    return front


def test_copies_count_in_the_region_that_they_go_to(front: Front, platform: Platform) -> None:
    platform.world.cloud.guard = deny_usage
    reply = copied_to_north(front).post(OF_NORTH, {"days": 40, "copyHours": 1})
    assert reply.status == 200, reply.text
    assert (reply.json["backupInstances"], reply.json["recoveryPoints"]) == (0, 0)
    told = reply.json["copiesFromOtherRegions"]
    assert (told["recoveryPointCopies"], told["mostDueInADay"], told["canBeMadeInADay"]) == (4, 48, 2400)
    assert told["fallBehindOn"] is None
    assert limit(reply, "zone-redundant")["most"] == 4 + 2 * 120, "those of stopped protection stay"
    assert limit(reply, "from other regions") == {
        "of": "copies from other regions under way or waiting, if each takes 1 h",
        "limit": 100,
        "current": None,
        "most": 2,
        "exceededOn": None,
    }
    at_home = front.post(OF_REGION, {"days": 40}).json
    assert at_home["copiesFromOtherRegions"]["recoveryPointCopies"] == 0
    assert not [each for each in at_home["limits"] if "from other regions" in each["of"]], "none go there"


def test_a_disk_whose_copies_take_longer_than_its_backups_lie_apart_falls_behind_by_itself(front: Front) -> None:
    told = copied_to_north(front).post(OF_NORTH, {"days": 10, "copyHours": 2}).json["copiesFromOtherRegions"]
    assert told["fallBehindOn"][:10] == "2026-03-03"
    assert told["mostDueInADay"] < told["canBeMadeInADay"], "the region itself has room"


def test_copies_that_a_region_cannot_make_in_a_day_fall_behind(front: Front) -> None:
    copied_to_north(front, more=160)
    draft = {"properties": policy_properties(intervals=DAILY, retention="P30D"), "moreDisks": 500}
    there = front.post(OF_NORTH, {"days": 10, "copyHours": 1}).json
    assert there["copiesFromOtherRegions"]["mostDueInADay"] == 162 * 24
    assert there["copiesFromOtherRegions"]["fallBehindOn"] is not None
    assert limit(front.post(OF_NORTH, {"days": 10, "copyHours": 1}), "from other regions")["exceededOn"] is not None
    assert front.post(OF_POLICY, draft).json["copiesFromOtherRegions"]["mostDueInADay"] == 0, "in another region"


def test_rules_of_another_policy_or_region_bring_no_copies(front: Front) -> None:
    copied_to_north(front, policy_name="another")
    assert front.post(OF_NORTH, {"days": 10}).json["copiesFromOtherRegions"]["mostDueInADay"] == 0
    east = front.post(OF_REGION.replace("westeurope", "eastus"), {"days": 10}).json
    assert east["copiesFromOtherRegions"]["recoveryPointCopies"] == 0

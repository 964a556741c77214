"""What if nothing is done: disks that nothing backs up, objectives that are missed, last copies; in pages, to those who
may see them.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backup_core.domain.errors import CloudUnavailable, DiskNotFound
from backup_core.domain.instance import PointSummary, ProtectionState
from backup_core.domain.job import JobError
from backup_core.domain.objective import TAG
from backup_core.domain.recovery_point import PointState
from backup_core.domain.vault import Vault
from backup_core.ports import Insert, Replace
from backup_core.workflows import protection_gaps
from tests.api.bodies import VAULT_PATH, vault_body
from tests.api.described import DescribedFront
from tests.api.front import Front
from tests.attack.closed import CLOSED_GROUP, CLOSED_VAULT, ROLES, AttackedFront
from tests.builders import OTHER_SUBSCRIPTION, SUBSCRIPTION, VAULT, disk_id, disk_json, instance, point, policy
from tests.workflows.platform import Platform

UNPROTECTED = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.DataProtection/unprotectedDisks"
GAPS = f"{VAULT_PATH}/protectionGaps"
DAY = timedelta(days=1)
SINCE = "2026-01-05T10:00:00+00:00"


@pytest.fixture
def front(platform: Platform) -> Front:
    front = DescribedFront(platform.world)
    front.put(VAULT_PATH, vault_body())
    platform.world.cloud.remove_disk(disk_id("disk-1"))
    platform.world.store.commit(VAULT, [Insert(policy("policy-1"))])
    return front


def protect(platform: Platform, name: str, **changes: Any) -> None:
    platform.world.cloud.add_disk(disk_json(name))
    platform.world.store.commit(VAULT, [Insert(instance(name, disk=disk_id(name), **changes))])


def names(front: Front, path: str = UNPROTECTED) -> list[str]:
    return [each["dataSourceId"].rpartition("/")[2] for each in front.listed(path)]


def test_disks_that_nothing_backs_up_are_listed_with_size_and_what_is_known(front: Front, platform: Platform) -> None:
    lonely = disk_json("lonely")
    lonely["properties"]["LastOwnershipUpdateTime"] = SINCE
    platform.world.cloud.add_disk(lonely)
    states = {"on": "CONFIGURED", "off": "STOPPED", "paused": "SUSPENDED", "wrong": "ERROR", "left": "SOFT_DELETED"}
    for name, state in states.items():
        protect(platform, name, state=ProtectionState[state])
    reply = front.get(UNPROTECTED)
    told = {each["dataSourceId"].rpartition("/")[2]: each for each in reply.json["value"]}
    assert list(told) == ["left", "lonely", "off", "paused", "wrong"]
    assert (reply.json["count"], reply.json["unknown"]) == (5, [])
    assert reply.json["sizeBytes"] == sum(each["sizeBytes"] for each in told.values()) > 0
    assert told["lonely"]["lastOwnershipUpdateTime"] == SINCE
    assert told["lonely"]["reason"] == told["left"]["reason"] == "no backup instance protects it"
    assert told["off"]["lastOwnershipUpdateTime"] is None
    assert told["off"]["backupInstanceId"].endswith("/backupInstances/off")
    assert [word in told[name]["reason"] for name, word in (("off", "stopped"), ("paused", "suspended"))] == [True] * 2


def test_pages_of_disks_follow_each_other_and_each_tells_the_whole_sum(
    front: Front, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protection_gaps, "DISKS_A_PAGE", 2)
    for number in range(5):
        platform.world.cloud.add_disk(disk_json(f"Disk-{number}"))
    assert names(front) == [f"Disk-{number}" for number in range(5)]
    first = front.get(UNPROTECTED).json
    assert (first["count"], len(first["value"]), front.get(first["nextLink"]).json["count"]) == (5, 2, 5)
    for token in ("_", "=", "abcde", "gICA", "YWJj"):
        refused = front.get(UNPROTECTED, query={"api-version": "2026-06-01", "$skipToken": token})
        assert refused.status == 400, token


def test_another_subscription_has_its_own_list(front: Front, platform: Platform) -> None:
    platform.world.cloud.add_disk(disk_json("disk-1"))
    assert names(front, UNPROTECTED.replace(SUBSCRIPTION, OTHER_SUBSCRIPTION)) == []
    assert names(front, UNPROTECTED.replace(SUBSCRIPTION, SUBSCRIPTION.upper())) == ["disk-1"]


def test_what_cannot_be_listed_is_said_to_be_unknown(front: Front, platform: Platform) -> None:
    platform.world.faults.fail("cloud.list_disks", CloudUnavailable("no answer"))
    reply = front.get(UNPROTECTED)
    assert reply.status == 200
    assert "no answer" in reply.json["unknown"][0]


def test_what_is_missing_of_protected_disks_is_told_with_its_reason(front: Front, platform: Platform) -> None:
    now = platform.world.clock.now()
    newest = PointSummary(point_id="0" * 32, created_at=now - DAY, expires_at=None)
    protect(platform, "fine", newest_point=newest)
    protect(platform, "hasty", newest_point=newest, tags={TAG: "PT1H"})
    protect(platform, "one", newest_point=newest)
    gone = JobError.of(DiskNotFound("gone", target=disk_id("gone")))
    protect(platform, "gone", newest_point=newest, state=ProtectionState.STOPPED, error=gone)
    for name, ages in {"fine": (1, 2), "hasty": (1, 2), "one": (1,), "gone": (1, 2)}.items():
        points = [point(name, at=now - age * DAY, expires_at=now + 9 * DAY) for age in ages]
        platform.world.store.commit(VAULT, [Insert(each) for each in points])
    lost = point("one", at=now - 3 * DAY, expires_at=now + 9 * DAY, state=PointState.LOST)
    platform.world.store.commit(VAULT, [Insert(lost)])
    told = {each["backupInstanceId"].rpartition("/")[2]: each for each in front.get(GAPS).json["value"]}
    assert {name: [gap["kind"] for gap in each["gaps"]] for name, each in told.items()} == {
        "gone": ["DiskGone"],
        "hasty": ["ObjectiveMissed"],
        "one": ["OnlyRecoveryPoint"],
    }
    assert "the objective is 1 h" in told["hasty"]["gaps"][0]["reason"]
    assert told["gone"]["recoveryPoints"] == 2


def test_pages_of_gaps_follow_each_other(front: Front, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protection_gaps, "INSTANCES_A_PAGE", 2)
    for number in range(5):
        protect(platform, f"disk-{number}", tags={TAG: "PT1H"} if number != 1 else {})
    assert names(front, GAPS) == ["disk-0", "disk-2", "disk-3", "disk-4"]


@pytest.mark.parametrize("role", ROLES)
def test_disks_that_are_closed_are_neither_listed_nor_counted(role: str) -> None:
    reply = AttackedFront().attack("GET", UNPROTECTED, role=role)
    assert reply.status == 200
    assert reply.json["count"] == len(reply.json["value"])
    assert "secret" not in reply.text
    assert "disk-4" not in reply.text, "it is protected, from a vault that is closed"


def test_a_closed_vaults_identity_is_neither_asked_nor_named() -> None:
    front = AttackedFront()
    closed = replace(VAULT, name=CLOSED_VAULT.rpartition("/")[2])
    identity = f"{CLOSED_GROUP.text}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/hidden"
    stored = front.world.store.get(Vault, closed)
    assert stored is not None
    front.world.store.commit(closed, [Replace(stored, replace(stored.value, acts_as=identity))])
    reply = front.attack("GET", UNPROTECTED, role="Backup.Reader")
    assert (reply.status, reply.json["unknown"]) == (200, [])
    assert "hidden" not in reply.text

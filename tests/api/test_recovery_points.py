"""Recovery points: newest first, between two times, and never one that is being deleted."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from backup_core.api.recovery_points import read_filter
from backup_core.domain.errors import InvalidInput
from backup_core.domain.recovery_point import PointState, RecoveryPoint
from backup_core.ports import Insert
from backup_core.workflows import catalogue
from tests.api.bodies import (
    INSTANCE_PATH,
    POLICY_PATH,
    VAULT_PATH,
    backup_body,
    instance_body,
    policy_body,
    vault_body,
)
from tests.api.front import VERSION, Front
from tests.builders import NOW, VAULT, disk_json, instance, point
from tests.workflows.platform import Platform
from tests.workflows.scenes import HOUR, SLOT, backed_up, change_point, go_to

POINTS = f"{INSTANCE_PATH}/recoveryPoints"


def store(platform: Platform, points: Sequence[RecoveryPoint]) -> None:
    platform.world.store.commit(VAULT, [Insert(instance()), *(Insert(each) for each in points)])


def listed(front: Front, filter_: str = "") -> list[str]:
    reply = front.get(POINTS, query={**VERSION, "$filter": filter_})
    assert reply.status == 200, reply.text
    return [each["name"] for each in reply.json["value"]]


def between(since: datetime, until: datetime) -> str:
    start, end = (each.strftime("%Y-%m-%dT%H:%M:%S.0000000Z") for each in (since, until))
    return f"startDate eq '{start}' and endDate eq '{end}'"


def test_points_are_listed_newest_first_in_pages(
    front: Front, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "PAGE_SIZE", 2)
    points = [point(at=NOW + timedelta(hours=number)) for number in range(5)]
    store(platform, points)
    assert len(front.get(POINTS).json["value"]) == 2
    assert [each["name"] for each in front.listed(POINTS)] == [each.point_id for each in reversed(points)]


def test_a_filter_bounds_the_time_that_the_point_holds(front: Front, platform: Platform) -> None:
    late = point(at=NOW, created_at=NOW + timedelta(days=2))  # its slot's snapshot was taken two days later
    early = point(at=NOW + timedelta(hours=1))
    store(platform, [late, early])
    assert listed(front) == [early.point_id, late.point_id]
    assert listed(front, between(NOW, NOW + timedelta(hours=1))) == [early.point_id]
    assert listed(front, between(NOW + timedelta(days=1), NOW + timedelta(days=2))) == [late.point_id]
    assert listed(front, between(NOW + timedelta(days=3), NOW + timedelta(days=9))) == []


@pytest.mark.parametrize(
    ("since", "until", "count"),
    [
        ("2033-06-16T00:00:00Z", "2023-06-16T00:00:00Z", 0),
        ("0001-01-01T00:00:00Z", "1900-01-01T00:00:00Z", 0),
        ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z", 1),
    ],
)
def test_an_odd_range_is_a_list_all_the_same(
    front: Front, platform: Platform, since: str, until: str, count: int
) -> None:
    store(platform, [point()])
    assert len(listed(front, f"startDate eq '{since}' and endDate eq '{until}'")) == count


def test_a_point_that_is_being_deleted_is_not_offered(front: Front, platform: Platform) -> None:
    gone = point(at=NOW, state=PointState.EXPIRING)
    lost = point(at=NOW + timedelta(hours=1), state=PointState.LOST)
    store(platform, [gone, lost])
    [shown] = front.get(POINTS).json["value"]
    assert (shown["name"], shown["properties"]["recoveryPointState"]) == (lost.point_id, "Lost")
    assert shown["properties"]["recoveryPointDataStoresDetails"][0]["visible"] is False
    assert front.get(f"{POINTS}/{gone.point_id}").status == 404


def test_a_point_says_when_it_was_taken_and_until_when_it_is_kept(front: Front, platform: Platform) -> None:
    store(platform, [point()])
    found = point()
    properties = front.get(f"{POINTS}/{found.point_id.upper()}").json["properties"]
    details = properties["recoveryPointDataStoresDetails"][0]
    assert properties["recoveryPointTime"] == details["creationTime"] == "2026-03-02T09:00:00.0000000Z"
    assert properties["expiryTime"] == details["expiryTime"] == "2026-03-09T09:00:00.0000000Z"


def test_a_point_names_the_version_of_what_promised_its_life(front: Front, platform: Platform) -> None:
    """Azure's are .NET's ticks of when the rule was written (recorded); a point of an older release knows none."""
    platform.world.cloud.add_disk(disk_json("disk-1"))
    front.put(VAULT_PATH, vault_body())
    front.put(POLICY_PATH, policy_body())
    front.put(INSTANCE_PATH, instance_body())
    platform.run(seconds=2)
    versions: list[str] = []
    for duration in ("P7D", "P7D", "P9D"):
        front.put(POLICY_PATH, policy_body(retention=duration))
        platform.run(seconds=2)
        front.post(f"{INSTANCE_PATH}/backup", backup_body())
        platform.run(minutes=2)
        versions.append(front.get(POINTS).json["value"][0]["properties"]["retentionTagVersion"])
    assert versions[0] == versions[1] < versions[2]
    assert all(re.fullmatch(r"\d{18}", each) for each in versions)
    platform.world.store.commit(VAULT, [Insert(point(at=NOW - timedelta(days=1)))])
    assert front.get(POINTS).json["value"][-1]["properties"]["retentionTagVersion"] is None


def test_a_filter_takes_either_bound_in_any_order_and_case() -> None:
    at = datetime(2023, 6, 16, 1, 0, 0, 123456, tzinfo=UTC)
    assert read_filter("") == read_filter("  ") == {}
    assert read_filter("ENDDATE eq '2023-06-16T03:00:00.1234567+02:00'") == {"enddate": at}
    both = read_filter("endDate eq '2023-06-16T01:00:00Z' AND startDate eq '2023-06-16T01:00:00Z'")
    assert set(both) == {"startdate", "enddate"}


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "startDate gt '2023-06-16T01:00:00Z'",
        "startDate eq 2023-06-16T01:00:00Z",
        "startDate eq '2023-06-16'",
        "startDate eq '2023-06-16T01:00:00'",
        "startDate eq '2023-02-30T01:00:00Z'",
        "startDate eq '0001-01-01T00:00:00+14:00'",
        "startDate eq '2023-06-16T01:00:00Z' or endDate eq '2023-06-16T01:00:00Z'",
        "startDate eq '2023-06-16T01:00:00Z' and startDate eq '2023-06-16T01:00:00Z'",
        "startDate eq '2023-06-16T01:00:00Z' and",
    ],
)
def test_a_filter_that_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_filter(text)
    assert caught.value.faults[0].target == "$filter"


RANGES = f"{INSTANCE_PATH}/findRestorableTimeRanges"


@pytest.mark.parametrize(
    "bounds",
    [
        {},
        {"startTime": "2026-03-01T00:00:00.0000000Z", "endTime": "2026-03-02T00:00:00.0000000Z"},
        {"startTime": "2026-03-01T00:00:00", "endTime": "2026-03-02T00:00:00"},
        {"startTime": "2026-03-01T00:00:00.00Z", "endTime": "2026-03-02T00:00:00+05:30"},
    ],
)
def test_a_disk_has_points_and_no_ranges_between_them(front: Front, platform: Platform, bounds: dict[str, str]) -> None:
    store(platform, [point()])
    reply = front.post(RANGES, {"sourceDataStoreType": "OperationalStore", **bounds})
    assert (reply.status, reply.json["id"]) == (200, "instance-1")
    assert reply.json["properties"]["restorableTimeRanges"] == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "BadRequest"),
        ({"sourceDataStoreType": "VaultStore"}, "BadRequest"),
        ({"startTime": "soon"}, "DppPluginInvalidInputParameters"),
        (
            {"startTime": "2026-03-02T00:00:00Z", "endTime": "2026-03-01T00:00:00Z"},
            "UserErrorInvalidRestorableTimeRange",
        ),
    ],
)
def test_a_range_that_cannot_be_is_refused(front: Front, platform: Platform, body: dict[str, str], code: str) -> None:
    store(platform, [point()])
    stores = {} if code == "BadRequest" else {"sourceDataStoreType": "OperationalStore"}
    reply = front.post(RANGES, stores | body)
    assert (reply.status, reply.error["code"]) == (400, code)


def test_a_single_point_names_its_disk_and_snapshot(front: Front, platform: Platform) -> None:
    store(platform, [point()])
    [store_details] = front.get(f"{POINTS}/{point().point_id}").json["properties"]["recoveryPointDataStoresDetails"]
    [told] = json.loads(store_details["metaData"])
    assert told["snapshotName"] == point().snapshot_id.rsplit("/", 1)[1]
    assert told["diskSnapshotConsistency"] == "CrashConsistent"
    assert front.get(POINTS).json["value"][0]["properties"]["recoveryPointDataStoresDetails"][0]["metaData"] is None


# --- Deleting one before its time ---


def test_a_point_is_deleted_and_kept_after_all_over_the_wire() -> None:
    platform = backed_up()
    go_to(platform, SLOT + HOUR)
    front, made = Front(platform.world), platform.points()[-1]
    path = f"{VAULT_PATH}/backupInstances/disk-1/recoveryPoints/{made.point_id}"
    change_point(platform, made.point_id, expires_at=SLOT + 10_000 * HOUR)
    deleted = front.delete(path)
    assert (deleted.status, deleted.json["name"]) == (200, made.point_id)
    assert deleted.json["properties"]["expiryTime"] < "2026-04"
    kept = front.post(f"{path}/undelete")
    assert (kept.status, kept.json["properties"]["expiryTime"] > "2027") == (200, True)


def test_the_newest_point_is_not_deleted_and_the_refusal_says_why() -> None:
    platform = backed_up()
    (made,) = platform.points()
    reply = Front(platform.world).delete(f"{VAULT_PATH}/backupInstances/disk-1/recoveryPoints/{made.point_id}")
    assert (reply.status, reply.error["code"]) == (409, "Conflict")
    assert "newest" in reply.error["message"]

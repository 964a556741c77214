"""Snapshots at the simulator: the copy in the background, families, sizes, limits, access."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from infra.local.arm.seed import APP, OPERATOR, SECOND
from tests.local.arm.bodies import APPS, RESTORES, SNAPSHOTS, copy_of, disk_id, empty_disk, snapshot_id, snapshot_of
from tests.local.arm.conftest import Simulator


def put(simulator: Simulator, name: str, source: str = "payroll-cmk", **creation: Any) -> requests.Response:
    return simulator.call("PUT", snapshot_id(name), snapshot_of(disk_id(source), **creation))


def take(simulator: Simulator, name: str, source: str = "payroll-cmk", **creation: Any) -> dict[str, Any]:
    ended = simulator.wait_for(put(simulator, name, source, **creation))
    return dict(ended["properties"]["output"])


def copy_elsewhere(simulator: Simulator, name: str) -> requests.Response:
    body = snapshot_of(snapshot_id(name), "eastus", createOption="CopyStart")
    return simulator.call("PUT", snapshot_id(f"{name}-copy", "snapshots-eastus"), body)


def shown(simulator: Simulator, name: str) -> dict[str, Any]:
    return dict(simulator.call("GET", snapshot_id(name)).json())


def is_refused(answer: requests.Response) -> bool:
    return (answer.status_code, answer.json()["error"]["code"]) == (409, "OperationNotAllowed")


def is_one_too_many(answer: requests.Response) -> bool:
    return (answer.status_code, answer.json()["error"]["code"]) == (409, "SnapshotsLimitReached")


def test_a_snapshot_of_a_premium_ssd_shows_no_completion_percent(simulator: Simulator) -> None:
    properties = take(simulator, "s1")["properties"]

    assert "completionPercent" not in properties
    assert "snapshotAccessState" not in properties
    assert properties["diskSizeGB"] == 64
    assert properties["diskSizeBytes"] == 64 * 1024**3


def test_its_time_is_that_of_the_accepted_request(simulator: Simulator) -> None:
    answer = put(simulator, "s1")
    created = shown(simulator, "s1")["properties"]["timeCreated"]

    assert simulator.ledger("snapshot.created")[0]["at"] == created
    ended = simulator.wait_for(answer)
    assert ended["startTime"] == created
    assert ended["properties"]["output"]["properties"]["timeCreated"] == created


def test_the_monitor_url_answers_202_and_itself_until_then(simulator: Simulator) -> None:
    simulator.set(snapshot_seconds=100, time_scale=1)
    url = put(simulator, "s1").headers["Location"]
    running = simulator.call("GET", url)
    assert (running.status_code, running.content) == (202, b"")
    simulator.pass_time(200)
    ended = simulator.call("GET", running.headers["Location"], principal=APP)
    assert (ended.status_code, ended.json()["name"]) == (200, "s1")


def test_an_operation_can_be_polled_with_its_signed_url_only(simulator: Simulator) -> None:
    url = put(simulator, "s1").headers["Azure-AsyncOperation"]
    unsigned = url.partition("?")[0] + "?api-version=2026-03-02"

    assert simulator.call("GET", url, principal=APP).status_code == 200
    assert simulator.call("GET", unsigned, principal=APP).status_code == 403
    assert simulator.call("GET", unsigned, principal=OPERATOR).status_code == 200
    simulator.set(signature_lets_poll=False)
    assert simulator.call("GET", url, principal=APP).status_code == 403
    assert simulator.call("GET", url, principal=OPERATOR).status_code == 200


def test_putting_the_same_while_it_is_made_ends_no_earlier(simulator: Simulator) -> None:
    simulator.set(snapshot_seconds=100, time_scale=1)
    put(simulator, "s1")
    put(simulator, "s1")
    simulator.pass_time(50)

    assert shown(simulator, "s1")["properties"]["provisioningState"] == "Updating"


def test_a_snapshot_must_be_in_the_region_and_subscription_of_its_disk(simulator: Simulator) -> None:
    elsewhere = simulator.call("PUT", snapshot_id("s1"), snapshot_of(disk_id("web01-os"), "eastus"))
    other = snapshot_id("s1", SNAPSHOTS, SECOND)

    assert (elsewhere.status_code, elsewhere.json()["error"]["code"]) == (400, "InvalidParameter")
    assert is_refused(simulator.call("PUT", other, snapshot_of(disk_id("web01-os"))))


def test_a_pending_snapshot_cannot_be_restored_or_opened(simulator: Simulator) -> None:
    simulator.set(background_copy_seconds=10_000)
    take(simulator, "s1", "sql01-log")

    assert is_refused(simulator.call("PUT", disk_id("r1", RESTORES), copy_of(snapshot_id("s1"), "UltraSSD_LRS")))
    opened = simulator.call("POST", snapshot_id("s1") + "/beginGetAccess", {"access": "Read", "durationInSeconds": 600})
    assert is_refused(opened)


def test_instant_access_restores_before_the_copy_is_complete(simulator: Simulator) -> None:
    simulator.set(background_copy_seconds=10_000)
    snapshot = take(simulator, "s1", "sql01-log", instantAccessDurationMinutes=300)

    assert snapshot["properties"]["snapshotAccessState"] == "InstantAccess"
    assert snapshot["properties"]["creationData"]["instantAccessDurationMinutes"] == 300
    ultra = copy_of(snapshot_id("s1"), "UltraSSD_LRS")
    assert simulator.call("PUT", disk_id("r1", RESTORES), ultra).status_code == 202
    assert is_refused(simulator.call("PUT", disk_id("r2", RESTORES), copy_of(snapshot_id("s1"))))


@pytest.mark.parametrize(("source", "minutes"), [("web01-os", 60), ("sql01-log", 59), ("sql01-log", 301)])
def test_instant_access_is_for_fast_disks_and_one_to_five_hours(
    simulator: Simulator, source: str, minutes: int
) -> None:
    answer = put(simulator, "s1", source, instantAccessDurationMinutes=minutes)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidParameter")


def test_fast_disks_take_incremental_snapshots_only(simulator: Simulator) -> None:
    body = snapshot_of(disk_id("sql01-log"))
    body["properties"]["incremental"] = False

    assert is_refused(simulator.call("PUT", snapshot_id("s1"), body))


def test_growing_a_fast_disk_fails_its_pending_snapshots(simulator: Simulator) -> None:
    simulator.set(background_copy_seconds=10_000)
    take(simulator, "s1", "sql01-log")
    simulator.wait_for(simulator.call("PATCH", disk_id("sql01-log"), {"properties": {"diskSizeGB": 256}}))
    properties = shown(simulator, "s1")["properties"]

    assert properties["provisioningState"] == "Failed"
    assert properties["completionPercent"] < 100
    assert "errorCode" in properties["copyCompletionError"]


def test_snapshots_of_one_disk_are_one_family_and_a_new_disk_begins_another(simulator: Simulator) -> None:
    simulator.wait_for(simulator.call("PUT", disk_id("d1"), empty_disk()))
    families = [_family(take(simulator, name, "d1")) for name in ("s1", "s2")]
    simulator.wait_for(simulator.call("DELETE", disk_id("d1")))
    simulator.wait_for(simulator.call("PUT", disk_id("d1"), empty_disk()))
    anew = take(simulator, "s3", "d1")

    assert families[0] == families[1] != _family(anew)
    assert shown(simulator, "s1")["properties"]["creationData"]["sourceResourceId"] == disk_id("d1")
    assert simulator.call("PUT", disk_id("r1", RESTORES), copy_of(snapshot_id("s1"))).status_code == 202


def test_seven_snapshots_of_a_disk_in_five_minutes_are_the_most(simulator: Simulator) -> None:
    for number in range(7):
        assert put(simulator, f"s{number}").status_code == 202
    assert is_one_too_many(put(simulator, "s7"))
    assert put(simulator, "other", "web01-data").status_code == 202
    assert put(simulator, "s0").status_code == 202  # nothing new is taken
    simulator.pass_time(301)
    assert put(simulator, "s7").status_code == 202


def test_three_pending_snapshots_of_a_fast_disk_are_the_most(simulator: Simulator) -> None:
    simulator.set(background_copy_seconds=10_000)
    for number in range(3):
        assert put(simulator, f"s{number}", "orders-v2").status_code == 202
    assert is_one_too_many(put(simulator, "s3", "orders-v2"))
    simulator.pass_time(10_000)
    assert put(simulator, "s3", "orders-v2").status_code == 202


def test_a_full_region_takes_no_more_snapshots(simulator: Simulator) -> None:
    simulator.set(snapshots_per_region=2)
    for number in range(2):
        assert put(simulator, f"s{number}").status_code == 202
    elsewhere = snapshot_of(disk_id("scratch03", "apps-eastus"), "eastus")

    assert is_refused(put(simulator, "s2"))
    assert simulator.call("PUT", snapshot_id("s2", "snapshots-eastus"), elsewhere).status_code == 202


def test_fifty_background_copies_in_a_subscription_are_the_most(simulator: Simulator) -> None:
    simulator.set(background_copies_per_subscription=2, background_copy_seconds=10_000)
    assert put(simulator, "s1", "orders-v2").status_code == 202
    assert put(simulator, "s2", "sql01-log").status_code == 202
    assert is_refused(put(simulator, "s3", "orders-v2"))
    assert put(simulator, "s3").status_code == 202


def test_copies_of_one_disk_go_one_at_a_time_and_in_order(simulator: Simulator) -> None:
    for name in ("s1", "s2"):
        take(simulator, name)
        simulator.pass_time(1)
    simulator.set(background_copy_seconds=10_000)

    assert copy_elsewhere(simulator, "s2").status_code == 202
    assert is_refused(copy_elsewhere(simulator, "s1"))
    simulator.pass_time(10_000)
    assert is_refused(copy_elsewhere(simulator, "s1"))


def test_a_disk_and_a_snapshot_of_the_region_itself_are_no_source_of_a_copy(simulator: Simulator) -> None:
    take(simulator, "s1")
    disk = shown(simulator, "s1")["properties"]["creationData"]["sourceResourceId"]
    target = snapshot_id("copied", "snapshots-eastus")
    of_disk = simulator.call("PUT", target, snapshot_of(disk, "eastus", createOption="CopyStart"))
    assert (of_disk.status_code, of_disk.json()["error"]["code"]) == (400, "InvalidParameter")
    home = shown(simulator, "s1")["location"]
    assert is_refused(simulator.call("PUT", target, snapshot_of(snapshot_id("s1"), home, createOption="CopyStart")))


def test_no_more_are_copied_at_once_than_a_region_takes_and_background_copies_do_not_count(
    simulator: Simulator,
) -> None:
    for name, disk in (("s1", "sql01-log"), ("s2", "orders-v2")):
        take(simulator, name, disk)
    simulator.pass_time(100)
    simulator.set(copy_starts_per_region=1, background_copies_per_subscription=0, background_copy_seconds=10_000)

    assert copy_elsewhere(simulator, "s1").status_code == 202
    refused = copy_elsewhere(simulator, "s2")
    assert is_refused(refused)
    assert "CopyStart requests limit" in refused.json()["error"]["message"]
    simulator.pass_time(10_001)
    assert copy_elsewhere(simulator, "s2").status_code == 202


def test_access_is_granted_shown_and_taken_back(simulator: Simulator) -> None:
    take(simulator, "s1")
    compute = simulator.client(APP)
    wish = {"access": "Read", "durationInSeconds": 600}
    signature = compute.snapshots.begin_grant_access(SNAPSHOTS, "s1", wish).result()

    assert "/md-" in signature.access_sas
    assert shown(simulator, "s1")["properties"]["diskState"] == "ActiveSAS"
    assert is_refused(simulator.call("DELETE", snapshot_id("s1")))
    compute.snapshots.begin_revoke_access(SNAPSHOTS, "s1").result()
    assert shown(simulator, "s1")["properties"]["diskState"] == "Unattached"


def test_access_ends_by_itself(simulator: Simulator) -> None:
    take(simulator, "s1")
    simulator.call("POST", snapshot_id("s1") + "/beginGetAccess", {"access": "Read", "durationInSeconds": 60})
    simulator.pass_time(61)

    assert shown(simulator, "s1")["properties"]["diskState"] == "Unattached"


def test_five_snapshots_of_a_family_may_be_open_at_a_time(simulator: Simulator) -> None:
    wish = {"access": "Read", "durationInSeconds": 6_000}
    for number in range(6):
        take(simulator, f"s{number}")
    answers = [simulator.call("POST", snapshot_id(f"s{number}") + "/beginGetAccess", wish) for number in range(6)]

    assert [answer.status_code for answer in answers] == [202] * 5 + [409]


def test_sectors_of_4096_bytes_are_read_as_vhdx_only(simulator: Simulator) -> None:
    body = snapshot_of(disk_id("grid03-ultra", "apps-eastus"), "eastus")
    target = snapshot_id("s1", "snapshots-eastus")
    simulator.wait_for(simulator.call("PUT", target, body))
    simulator.pass_time(60)
    wish = {"access": "Read", "durationInSeconds": 600}

    assert "VHDX" in simulator.call("POST", target + "/beginGetAccess", wish).text
    assert simulator.call("POST", target + "/beginGetAccess", {**wish, "fileFormat": "VHDX"}).status_code == 202


def test_the_first_snapshot_is_as_large_as_what_is_used_and_the_next_as_what_changed(simulator: Simulator) -> None:
    used = {}
    for name in ("s1", "s2", "s3"):
        take(simulator, name, "sql01-data")
        used = {
            row["id"].rsplit("/", 1)[-1]: row["used_bytes"] for row in simulator.control("GET", "storage")["snapshots"]
        }
        simulator.pass_time(3_600)

    assert used["s1"] == 512 * 1024**3
    assert 0 < used["s2"] < used["s1"] / 10
    # 3 % an hour of 512 GiB, some blocks hit twice.
    assert used["s3"] / 1024**3 == pytest.approx(512 * 0.0296, rel=0.02)


def test_a_deleted_snapshot_is_merged_into_the_next(simulator: Simulator) -> None:
    for name in ("s1", "s2"):
        take(simulator, name, "sql01-data")
        simulator.pass_time(3_600)
    simulator.wait_for(simulator.call("DELETE", snapshot_id("s1")))
    rows = simulator.control("GET", "storage")["snapshots"]

    assert [row["used_bytes"] for row in rows] == [512 * 1024**3]


def test_a_disk_and_its_snapshots_share_one_encryption_set(simulator: Simulator) -> None:
    body = snapshot_of(disk_id("payroll-cmk"))
    body["properties"]["encryption"] = {"type": "EncryptionAtRestWithPlatformKey"}
    take(simulator, "s1")

    assert is_refused(simulator.call("PUT", snapshot_id("s2"), body))
    off = {"properties": {"encryption": {"type": "EncryptionAtRestWithPlatformKey"}}}
    assert is_refused(simulator.call("PATCH", disk_id("payroll-cmk"), off))


def test_the_app_may_not_touch_the_source_disks(simulator: Simulator) -> None:
    assert simulator.call("DELETE", disk_id("payroll-cmk", APPS), principal=APP).status_code == 403


def _family(snapshot: dict[str, Any]) -> str:
    return str(snapshot["properties"]["incrementalSnapshotFamilyId"])

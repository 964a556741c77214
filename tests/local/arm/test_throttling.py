"""Both kinds of throttling at the simulator, with the headers that tell what is left."""

from __future__ import annotations

import json

import pytest

from infra.local.arm.seed import APP, FIRST, OPERATOR, SECOND
from infra.local.arm.settings import Settings
from tests.local.arm.bodies import SNAPSHOTS, disk_id, group_path, snapshot_id, snapshot_of
from tests.local.arm.conftest import Simulator

DISKS = f"/subscriptions/{FIRST}/providers/Microsoft.Compute/disks"


def left(headers: object, name: str) -> int:
    return int(headers[f"x-ms-ratelimit-remaining-subscription-{name}"])  # type: ignore[index]


def test_every_answer_tells_what_is_left_at_arm_and_at_the_provider(simulator: Simulator) -> None:
    written = simulator.call("PUT", snapshot_id("s1"), snapshot_of(disk_id("web01-os"))).headers
    read = simulator.call("GET", disk_id("web01-os")).headers
    listed = simulator.call("GET", DISKS).headers
    polled = simulator.call("GET", written["Azure-AsyncOperation"]).headers

    assert (left(written, "writes"), left(written, "global-writes")) == (199, 2_999)
    assert (left(read, "reads"), left(read, "global-reads")) == (249, 3_749)
    assert written["x-ms-ratelimit-remaining-resource"] == (
        "Microsoft.Compute/HighCostSnapshotCreateHydrate3Min;999,"
        "Microsoft.Compute/HighCostSnapshotCreateHydrate30Min;7999"
    )
    assert read["x-ms-ratelimit-remaining-resource"].startswith("Microsoft.Compute/LowCostGet3Min;14999,")
    assert listed["x-ms-ratelimit-remaining-resource"].startswith("Microsoft.Compute/HighCostGet3Min;239,")
    assert polled["x-ms-ratelimit-remaining-resource"].startswith("Microsoft.Compute/GetOperation3Min;49999,")


def test_deleting_and_opening_have_policies_of_their_own(simulator: Simulator) -> None:
    deleted = simulator.call("DELETE", disk_id("payroll-cmk")).headers
    wish = {"access": "Read", "durationInSeconds": 60}
    opened = simulator.call("POST", disk_id("scratch03", "apps-eastus") + "/beginGetAccess", wish).headers

    assert left(deleted, "deletes") == 199
    assert deleted["x-ms-ratelimit-remaining-resource"].startswith("Microsoft.Compute/DeleteDisks3Min;2999,")
    assert left(opened, "writes") == 199
    assert opened["x-ms-ratelimit-remaining-resource"].startswith("Microsoft.Compute/HighCostDiskHydrate3Min;999,")


def test_a_refusal_of_the_provider_still_tells_what_is_left(simulator: Simulator) -> None:
    refused = simulator.call("DELETE", disk_id("web01-os"))

    assert refused.status_code == 409
    assert "DeleteDisks3Min;2999" in refused.headers["x-ms-ratelimit-remaining-resource"]
    assert "x-ms-failure-cause" not in refused.headers


def test_the_writes_bucket_empties_and_refills_ten_a_second(simulator: Simulator) -> None:
    simulator.stop_time()
    path = group_path("throttled")
    accepted = [simulator.call("PUT", path, {"location": "westeurope"}).status_code for _ in range(200)]
    answer = simulator.call("PUT", path, {"location": "westeurope"})

    assert set(accepted) == {201, 200}
    assert answer.status_code == 429
    assert answer.json()["error"]["code"] == "SubscriptionRequestsThrottled"
    assert "Number of write requests for subscription" in answer.text
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["x-ms-failure-cause"] == "gateway"
    simulator.pass_time(1)
    refilled = [simulator.call("PUT", path, {"location": "westeurope"}).status_code for _ in range(11)]
    assert refilled == [200] * 10 + [429]


def test_a_refused_request_takes_nothing(simulator: Simulator) -> None:
    simulator.stop_time()
    simulator.set(writes_bucket=1, writes_per_second=0.5)
    path = group_path("throttled")
    assert simulator.call("PUT", path, {"location": "westeurope"}).status_code == 201
    for _ in range(5):
        assert simulator.call("PUT", path, {"location": "westeurope"}).status_code == 429
    simulator.pass_time(2)
    assert simulator.call("PUT", path, {"location": "westeurope"}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "principal"),
    [
        ("GET", DISKS, OPERATOR),
        ("PUT", f"/subscriptions/{SECOND}/resourceGroups/other", OPERATOR),
        ("PUT", snapshot_id("s1"), APP),
    ],
)
def test_verbs_subscriptions_and_principals_have_buckets_of_their_own(
    simulator: Simulator, method: str, path: str, principal: str
) -> None:
    simulator.set(writes_bucket=1, writes_per_second=0)
    body = snapshot_of(disk_id("web01-os"))
    assert simulator.call("PUT", group_path("throttled"), body).status_code == 201
    assert simulator.call("PUT", group_path("throttled"), body).status_code == 429

    assert simulator.call(method, path, body, principal=principal).status_code in (200, 201, 202)


def test_a_full_window_of_the_provider_is_429_in_computes_own_words(simulator: Simulator) -> None:
    simulator.set(policies={"HighCostGet": [2, 100]})
    for _ in range(2):
        assert simulator.call("GET", DISKS).status_code == 200
    answer = simulator.call("GET", DISKS)
    error = answer.json()["error"]
    counted = json.loads(error["details"][0]["message"])

    assert (answer.status_code, error["code"]) == (429, "OperationNotAllowed")
    assert (error["details"][0]["code"], error["details"][0]["target"]) == ("TooManyRequests", "HighCostGet3Min")
    assert counted["operationGroup"] == "HighCostGet3Min"
    assert (counted["allowedRequestCount"], counted["measuredRequestCount"]) == (2, 3)
    assert answer.headers["x-ms-ratelimit-remaining-resource"] == "Microsoft.Compute/HighCostGet3Min;0"
    assert 170 <= int(answer.headers["Retry-After"]) <= 180
    assert simulator.call("GET", disk_id("web01-os")).status_code == 200
    simulator.pass_time(180)
    assert simulator.call("GET", DISKS).status_code == 200


def test_the_longer_window_outlasts_the_shorter(simulator: Simulator) -> None:
    simulator.set(policies={"HighCostGet": [2, 3]})
    for _ in range(2):
        simulator.call("GET", DISKS)
    simulator.pass_time(180)

    assert simulator.call("GET", DISKS).status_code == 200
    assert simulator.call("GET", DISKS).json()["error"]["details"][0]["target"] == "HighCostGet30Min"


def test_regions_have_windows_of_their_own(simulator: Simulator) -> None:
    simulator.set(policies={"HighCostSnapshotCreateHydrate": [1, 100]})
    here, there = disk_id("web01-os"), disk_id("scratch03", "apps-eastus")
    simulator.call("PUT", snapshot_id("s1"), snapshot_of(here))

    assert simulator.call("PUT", snapshot_id("s2"), snapshot_of(here)).status_code == 429
    elsewhere = simulator.call("PUT", snapshot_id("s2", "snapshots-eastus"), snapshot_of(there, "eastus"))
    assert elsewhere.status_code == 202


def test_what_does_not_exist_costs_the_provider_nothing(simulator: Simulator) -> None:
    simulator.set(policies={"LowCostGet": [1, 100]})
    for _ in range(3):
        assert simulator.call("GET", snapshot_id("nobody", SNAPSHOTS)).status_code == 404
    assert simulator.call("GET", disk_id("web01-os")).status_code == 200
    assert simulator.call("GET", disk_id("web01-os")).status_code == 429


def test_an_accepted_request_and_a_running_operation_say_when_to_ask_again_until_told_not_to(
    simulator: Simulator,
) -> None:
    assert Settings().retry_after_on_accept == 2
    simulator.set(retry_after_on_accept=2, time_scale=1)
    accepted = simulator.call("PUT", snapshot_id("s1"), snapshot_of(disk_id("web01-os")))
    running = simulator.call("GET", accepted.headers["Azure-AsyncOperation"])
    assert running.json()["status"] == "InProgress"
    assert [answer.headers["Retry-After"] for answer in (accepted, running)] == ["2", "2"]
    simulator.set(retry_after_on_accept=None)
    assert "Retry-After" not in simulator.call("PUT", snapshot_id("s2"), snapshot_of(disk_id("web01-os"))).headers

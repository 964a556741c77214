"""How full a region is, as the simulator counts it, and that its limits are held to the same counts."""

from __future__ import annotations

from typing import Any

from infra.local.arm.seed import FIRST
from tests.local.arm.bodies import RESTORES, SNAPSHOTS, disk_id, empty_disk, snapshot_id, snapshot_of
from tests.local.arm.conftest import Simulator


def usages(simulator: Simulator, location: str = "westeurope", subscription: str = FIRST) -> dict[str, Any]:
    answer = simulator.call("GET", path(location, subscription))
    assert answer.status_code == 200, answer.text
    return {entry["name"]["value"]: entry for entry in answer.json()["value"]}


def path(location: str, subscription: str = FIRST) -> str:
    return f"/subscriptions/{subscription}/providers/Microsoft.Compute/locations/{location}/usages"


def test_a_snapshot_counts_from_its_acceptance_until_it_is_gone(simulator: Simulator) -> None:
    simulator.wait_for(simulator.call("PUT", snapshot_id("s1"), snapshot_of(disk_id("web01-os"))))
    zonal = {**snapshot_of(disk_id("web01-os")), "sku": {"name": "Standard_ZRS"}}
    simulator.wait_for(simulator.call("PUT", snapshot_id("s2"), zonal))

    assert usages(simulator)["StandardSnapshotCount"]["currentValue"] == 1
    assert usages(simulator)["ZRSSnapshotCount"]["currentValue"] == 1
    assert usages(simulator)["StandardSnapshotCount"]["limit"] == 75_000
    simulator.wait_for(simulator.call("DELETE", snapshot_id("s1")))
    assert usages(simulator)["StandardSnapshotCount"]["currentValue"] == 0


def test_the_limit_of_one_kind_leaves_the_others_alone(simulator: Simulator) -> None:
    simulator.set(disks_per_region=6, snapshots_per_region=1)
    full = simulator.call("PUT", disk_id("one-more", RESTORES), empty_disk())
    assert (full.status_code, full.json()["error"]["code"]) == (409, "OperationNotAllowed")
    assert simulator.call("PUT", disk_id("other", RESTORES), empty_disk(sku="Standard_LRS")).status_code == 202
    assert usages(simulator)["PremiumDiskCount"]["limit"] == 6

    assert simulator.call("PUT", snapshot_id("s1"), snapshot_of(disk_id("web01-os"))).status_code == 202
    assert simulator.call("PUT", snapshot_id("s2"), snapshot_of(disk_id("web01-os"))).status_code == 409
    zonal = {**snapshot_of(disk_id("web01-os")), "sku": {"name": "Standard_ZRS"}}
    assert simulator.call("PUT", snapshot_id("s2", SNAPSHOTS), zonal).status_code == 202


def test_a_region_that_is_none_is_refused(simulator: Simulator) -> None:
    answer = simulator.call("GET", path("atlantis"))

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "NoRegisteredProviderFound")
    assert simulator.call("POST", path("westeurope")).status_code == 405

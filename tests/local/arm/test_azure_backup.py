"""The simulator's Azure Backup: recorded shapes come back as they were put, protection stops late, a deleted instance
takes its snapshots along.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.local.arm.seed import FIRST
from tests.local.arm.bodies import APPS, SNAPSHOTS, disk_id, snapshot_id, snapshot_of
from tests.local.arm.conftest import Simulator

VERSION = "2024-04-01"
VAULT = f"/subscriptions/{FIRST}/resourceGroups/{APPS}/providers/Microsoft.DataProtection/backupVaults/old"
INSTANCE = f"{VAULT}/backupInstances/web01-data"
NAME = "AzureBackup_ef578737-4e98-44e1-a002-bc1c8bf0c953_2024-05-07T12-00-48.0412925"


def instance(state: str = "ProtectionConfigured") -> dict[str, Any]:
    properties = {
        "friendlyName": "web01-data",
        "protectionStatus": {"status": state},
        "currentProtectionState": state,
        "provisioningState": "Succeeded",
        "objectType": "BackupInstance",
    }
    return {"properties": properties, "id": INSTANCE, "name": "web01-data", "type": "x"}


def point(name: str, snapshot: str = NAME) -> dict[str, Any]:
    disk = {"snapshotSubscriptionId": FIRST, "snapshotRGName": SNAPSHOTS, "snapshotName": snapshot}
    store = {"type": "OperationalStore", "metaData": json.dumps([disk]), "state": "COMMITTED"}
    return {
        "properties": {"recoveryPointId": name, "recoveryPointDataStoresDetails": [store]},
        "id": f"{INSTANCE}/recoveryPoints/{name}",
        "name": name,
        "type": "x",
    }


@pytest.fixture
def stocked(simulator: Simulator) -> Simulator:
    vault = {"id": VAULT, "name": "old", "location": "westeurope", "properties": {}}
    points = [point(f"{number:032x}") for number in range(3)]
    simulator.control("POST", "azure-backup", {"value": [vault, instance(), *points]})
    return simulator


def call(simulator: Simulator, method: str, path: str) -> Any:
    return simulator.call(method, path, version=VERSION)


def state(simulator: Simulator) -> str:
    return str(call(simulator, "GET", INSTANCE).json()["properties"]["currentProtectionState"])


def test_an_operation_may_fail_and_then_nothing_changes(stocked: Simulator) -> None:
    stocked.fault("fail_late", path="stopProtection", code="UserErrorX", message="no")
    begun = call(stocked, "POST", f"{INSTANCE}/stopProtection")
    stocked.pass_time(200)
    ended = stocked.call("GET", begun.headers["Azure-AsyncOperation"]).json()
    assert (ended["status"], ended["error"]["code"]) == ("Failed", "UserErrorX")
    assert state(stocked) == "ProtectionConfigured"


def test_a_deleted_instance_takes_its_points_and_their_snapshots_along(stocked: Simulator) -> None:
    made = stocked.call("PUT", snapshot_id(NAME), snapshot_of(disk_id("web01-data")))
    stocked.wait_for(made)
    begun = call(stocked, "DELETE", INSTANCE)
    assert begun.status_code == 202
    assert stocked.call("GET", snapshot_id(NAME)).status_code == 200
    stocked.pass_time(200)
    assert stocked.call("GET", snapshot_id(NAME)).status_code == 404
    assert call(stocked, "GET", INSTANCE).status_code == 404
    assert call(stocked, "GET", f"{INSTANCE}/recoveryPoints").status_code == 404
    assert call(stocked, "DELETE", INSTANCE).status_code == 204

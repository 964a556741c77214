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


def test_what_was_put_comes_back_whole_and_a_list_of_points_leaves_out_the_snapshots(stocked: Simulator) -> None:
    assert call(stocked, "GET", INSTANCE).json() == instance()
    assert call(stocked, "GET", INSTANCE.upper().replace("/SUBSCRIPTIONS", "/subscriptions")).status_code == 200
    alone = call(stocked, "GET", f"{INSTANCE}/recoveryPoints/{0:032x}").json()
    assert alone == point(f"{0:032x}")
    listed = call(stocked, "GET", f"{INSTANCE}/recoveryPoints").json()["value"]
    assert [each["name"] for each in listed] == [f"{number:032x}" for number in range(3)]
    assert {each["properties"]["recoveryPointDataStoresDetails"][0]["metaData"] for each in listed} == {None}


def test_a_list_has_pages(stocked: Simulator) -> None:
    stocked.set(page_size=2)
    first = call(stocked, "GET", f"{INSTANCE}/recoveryPoints").json()
    rest = stocked.call("GET", first["nextLink"]).json()
    assert [len(page["value"]) for page in (first, rest)] == [2, 1]
    assert "nextLink" not in rest


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (f"{VAULT}-2", "ResourceNotFound"),
        (f"{INSTANCE}-2", "ResourceNotFound"),
        (f"{VAULT}-2/backupInstances", "ParentResourceNotFound"),
        (f"{INSTANCE}-2/recoveryPoints", "ParentResourceNotFound"),
        (f"{VAULT}/operationStatus/bm9uZTtub25l", "NotFound"),
        (VAULT.replace(APPS, "no-such-rg"), "ResourceGroupNotFound"),
    ],
)
def test_what_is_not_there_is_not_found(stocked: Simulator, path: str, code: str) -> None:
    answer = call(stocked, "GET", path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, code)


def test_protection_stops_and_is_resumed_when_its_operation_has_ended(stocked: Simulator) -> None:
    begun = call(stocked, "POST", f"{INSTANCE}/stopProtection")
    assert (begun.status_code, begun.content) == (202, b"")
    assert "/operationResults/" in begun.headers["Location"]
    status = begun.headers["Azure-AsyncOperation"]
    running = stocked.call("GET", status).json()
    assert (running["status"], running["endTime"]) == ("Inprogress", "0001-01-01T00:00:00Z")
    assert state(stocked) == "ProtectionConfigured"
    stocked.pass_time(200)
    assert stocked.call("GET", status).json()["status"] == "Succeeded"
    assert state(stocked) == "ProtectionStopped"
    assert call(stocked, "POST", f"{INSTANCE}/resumeProtection").status_code == 202
    stocked.pass_time(200)
    assert state(stocked) == "ProtectionConfigured"
    assert call(stocked, "POST", f"{INSTANCE}/resumeProtection").status_code == 200


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


def test_readers_may_look_and_no_more(stocked: Simulator) -> None:
    reader = "77777777-7777-4777-8777-777777777777"
    assignment = {"roleDefinitionId": "x/a795c7a0-d4a2-40c1-ae25-d81f01202912", "principalId": reader}
    path = f"{VAULT}/providers/Microsoft.Authorization/roleAssignments/11111111-1111-4111-8111-111111111112"
    stocked.call("PUT", path, {"properties": assignment}, version="2022-04-01")
    stocked.pass_time(10)
    assert stocked.call("GET", f"{INSTANCE}/recoveryPoints", principal=reader, version=VERSION).status_code == 200
    for method, where in (("POST", f"{INSTANCE}/stopProtection"), ("DELETE", INSTANCE)):
        refused = stocked.call(method, where, principal=reader, version=VERSION)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "AuthorizationFailed")

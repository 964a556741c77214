"""Restore requests: what is passed on, and every way to ask wrongly."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from backup_core.api.restores import read_request
from backup_core.domain.errors import InvalidInput
from backup_core.domain.reading import node_of
from backup_core.domain.restore import RestoreRequest
from tests.api.bodies import INSTANCE_PATH, POLICY_PATH, VAULT_PATH, instance_body, policy_body, restore_body
from tests.api.front import Front
from tests.builders import TARGET_GROUP, disk_id
from tests.workflows.platform import Platform

POINT = "0123456789abcdef0123456789abcdef"
TARGET = disk_id("restored-1", TARGET_GROUP)


def faults(body: dict[str, Any]) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        read_request(node_of(body))
    return [fault.target for fault in caught.value.faults]


def test_azures_request_is_read_as_it_is_meant() -> None:
    assert read_request(node_of(restore_body(POINT.upper()))) == RestoreRequest(
        point_id=POINT, target_disk_id=TARGET, location="westeurope"
    )


def test_the_newest_point_is_meant_by_latest_and_an_older_one_by_its_time() -> None:
    assert read_request(node_of(restore_body("Latest"))).point_id is None
    body = restore_body(POINT) | {"objectType": "AzureBackupRecoveryTimeBasedRestoreRequest"}
    del body["recoveryPointId"]
    assert faults(body) == ["recoveryPointTime"]
    assert faults(body | {"recoveryPointTime": "yesterday"}) == ["recoveryPointTime"]
    request = read_request(node_of(body | {"recoveryPointTime": "2026-03-02T10:00:00.0000000Z"}))
    assert (request.point_id, request.at) == (None, datetime(2026, 3, 2, 10, tzinfo=UTC))


def test_our_addition_says_what_the_new_disk_is_to_have() -> None:
    wanted = {"sku": "Premium_ZRS", "zones": [], "sizeGB": 512, "tags": {"Why": "drill"}}
    request = read_request(node_of(restore_body(POINT, targetDisk=wanted)))
    assert request.keeps_source_tags
    assert not read_request(
        node_of(restore_body(POINT, targetDisk={**wanted, "keepSourceTags": False}))
    ).keeps_source_tags
    assert (request.sku, request.zones, request.size_gb, request.tags) == ("Premium_ZRS", (), 512, {"Why": "drill"})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("objectType", "AzureBackupRestoreWithRehydrationRequest"),
        ("objectType", None),
        ("recoveryPointId", None),
        ("recoveryPointId", "../../x"),
        ("recoveryPointId", "newest"),
        ("sourceDataStoreType", "VaultStore"),
        ("restoreTargetInfo", []),
    ],
)
def test_a_faulty_request_is_refused_with_its_place(field: str, value: Any) -> None:
    assert faults(restore_body(POINT) | {field: value})[0] == field


@pytest.mark.parametrize(
    ("field", "value", "place"),
    [
        ("recoveryOption", "Overwrite", "recoveryOption"),
        ("objectType", "ItemLevelRestoreTargetInfo", "objectType"),
        ("restoreLocation", 1, "restoreLocation"),
        ("datasourceInfo", {"resourceID": "disk"}, "datasourceInfo.resourceID"),
        ("targetDisk", {"zones": "1"}, "targetDisk.zones"),
        ("targetDisk", {"zones": ["4"]}, "targetDisk.zones"),
        ("targetDisk", {"sizeGB": 0}, "targetDisk.sizeGB"),
        ("targetDisk", {"sizeGB": True}, "targetDisk.sizeGB"),
        ("targetDisk", {"sizeGB": 1.5}, "targetDisk.sizeGB"),
        ("targetDisk", {"tags": {"a": None}}, "targetDisk.tags.a"),
        ("targetDisk", {"tags": {"a/b": "x"}}, "targetDisk.tags.a/b"),
        ("targetDisk", {"tags": {"q?": "x"}}, "targetDisk.tags.q?"),
        ("targetDisk", {"tags": {"env": "x", "ENV": "x"}}, "targetDisk.tags.ENV"),
        ("targetDisk", {"tags": {"n" * 513: "x"}}, "targetDisk.tags." + "n" * 512),
        ("targetDisk", {"tags": {"n": "v" * 257}}, "targetDisk.tags.n"),
        ("targetDisk", {"keepSourceTags": "no"}, "targetDisk.keepSourceTags"),
        ("targetDisk", "big", "targetDisk"),
    ],
)
def test_a_faulty_target_is_refused_with_its_place(field: str, value: Any, place: str) -> None:
    assert faults(restore_body(POINT, **{field: value})) == [f"restoreTargetInfo.{place}"]


def test_an_empty_request_has_every_fault_at_once() -> None:
    assert faults({}) == ["objectType", "recoveryPointId", "sourceDataStoreType", "restoreTargetInfo"]
    assert faults(restore_body(POINT) | {"restoreTargetInfo": {}}) == [
        "restoreTargetInfo.objectType",
        "restoreTargetInfo.recoveryOption",
        "restoreTargetInfo.datasourceInfo",
    ]


def test_a_restore_of_an_absent_instance_or_point_is_not_found(front: Front, platform: Platform) -> None:
    assert front.post(f"{INSTANCE_PATH}/restore", restore_body(POINT)).status == 404
    front.put(POLICY_PATH, policy_body())
    front.put(INSTANCE_PATH, instance_body())
    reply = front.post(f"{INSTANCE_PATH}/restore", restore_body(POINT))
    assert (reply.status, reply.error["code"]) == (404, "ResourceNotFound")
    assert len(front.get(f"{VAULT_PATH}/backupJobs").json["value"]) == 1, "only the configuration"

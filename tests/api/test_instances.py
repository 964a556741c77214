"""Backup instances: protect, read, delete, back up on demand; and every way to ask for it wrongly."""

from __future__ import annotations

from typing import Any

import pytest

from backup_core.domain.instance import Misses
from backup_core.domain.snapshot_tags import GIVEN_TAGS_AT_MOST
from tests.api.bodies import (
    INSTANCE_PATH,
    POLICY_PATH,
    VAULT_PATH,
    backup_body,
    disk_path,
    instance_body,
    policy_body,
)
from tests.api.front import Front
from tests.builders import OTHER_SUBSCRIPTION, SNAPSHOT_GROUP, SUBSCRIPTION, disk_id
from tests.workflows.platform import Platform
from tests.workflows.scenes import SLOT, change_instance

POLICY_ID = "properties.policyInfo.policyId"
STORES = "properties.policyInfo.policyParameters.dataStoreParametersList"


@pytest.fixture(autouse=True)
def _policy(front: Front) -> None:
    assert front.put(POLICY_PATH, policy_body()).status == 200


def faults(front: Front, body: dict[str, Any], path: str = INSTANCE_PATH) -> dict[str, str]:
    """The faults that a PUT is refused with, after a look that nothing was stored."""
    reply = front.put(path, body)
    assert front.get(path).status == 404
    return reply.faults


def test_a_new_instance_is_configuring_until_its_job_is_done(front: Front, platform: Platform) -> None:
    reply = front.put(INSTANCE_PATH, instance_body())
    assert reply.status == 201
    assert list(reply.json) == ["tags", "properties", "id", "name", "type"]
    properties = reply.json["properties"]
    assert properties["protectionStatus"] == {"status": "ConfiguringProtection"}
    assert (properties["currentProtectionState"], properties["provisioningState"]) == (
        "ConfiguringProtection",
        "Provisioning",
    )
    status = front.get(reply.headers["Azure-AsyncOperation"])
    assert (status.status, status.json["status"], status.headers["Retry-After"]) == (200, "Inprogress", "1")
    assert status.json["endTime"] == "0001-01-01T00:00:00Z"
    platform.run(seconds=2)
    status = front.get(reply.headers["Azure-AsyncOperation"])
    assert status.json["status"] == "Succeeded"
    assert "properties" not in status.json
    assert front.get(INSTANCE_PATH).json["properties"]["currentProtectionState"] == "ProtectionConfigured"


def test_missed_slots_are_shown_with_their_reasons_and_only_where_there_are_any(
    front: Front, platform: Platform
) -> None:
    front.put(INSTANCE_PATH, instance_body())
    platform.run(seconds=2)
    assert "missedSlots" not in front.get(INSTANCE_PATH).json["properties"]
    because = "an earlier backup ran until the next slot was due"
    missed = platform.instance("instance-1").miss(Misses(slots=(SLOT,), count=1, because=because))
    change_instance(
        platform,
        "instance-1",
        missed_slots=missed.missed_slots,
        missed_count=missed.missed_count,
        missed_because=missed.missed_because,
    )
    properties = front.get(INSTANCE_PATH).json["properties"]
    assert properties["missedSlots"] == [{"slot": "2026-03-02T12:00:00.0000000Z", "reason": because}]
    assert properties["missedSlotCount"] == 1


def test_an_instance_has_as_many_tags_as_its_snapshots_can_carry(front: Front) -> None:
    body = instance_body() | {"tags": {f"tag-{number}": "" for number in range(GIVEN_TAGS_AT_MOST + 1)}}
    assert "tags" in front.put(INSTANCE_PATH, body).json["error"]["message"]
    del body["tags"]["tag-0"]
    assert front.put(INSTANCE_PATH, body).status == 201


def test_what_was_asked_is_answered_in_azures_spelling(front: Front) -> None:
    body = instance_body()
    source = body["properties"]["dataSourceInfo"]
    source["resourceId"] = source.pop("resourceID")
    body["properties"] = {key.upper(): value for key, value in body["properties"].items()} | {"unknown": 1}
    answered = front.put(INSTANCE_PATH, body).json["properties"]
    assert list(answered["dataSourceInfo"]) == [
        "resourceID",
        "resourceUri",
        "datasourceType",
        "resourceName",
        "resourceType",
        "resourceLocation",
        "objectType",
    ]
    assert answered["policyInfo"] == instance_body()["properties"]["policyInfo"]
    assert "unknown" not in answered


def test_a_move_to_another_policy_is_a_201_too(front: Front, platform: Platform) -> None:
    front.put(f"{VAULT_PATH}/backupPolicies/policy-2", policy_body(rule_name="BackupDaily"))
    front.put(INSTANCE_PATH, instance_body())
    platform.run(seconds=2)
    reply = front.put(INSTANCE_PATH, instance_body(policy="policy-2"))
    assert (reply.status, reply.json["properties"]["currentProtectionState"]) == (201, "UpdatingProtection")
    platform.run(seconds=2)
    properties = front.get(INSTANCE_PATH).json["properties"]
    assert properties["policyInfo"]["policyId"] == f"{VAULT_PATH}/backupPolicies/policy-2"


def test_the_policy_must_lie_in_the_same_vault_and_ids_ignore_case(front: Front) -> None:
    body = instance_body()
    info = body["properties"]["policyInfo"]
    for wrong in (
        f"{VAULT_PATH}x/backupPolicies/policy-1",
        f"{VAULT_PATH}/backupPolicies/",
        f"{POLICY_PATH}/x",
        "policy-1",
    ):
        info["policyId"] = wrong
        assert faults(front, body) == {POLICY_ID: "BadRequest"}
    info["policyId"] = POLICY_PATH.upper()
    assert front.put(INSTANCE_PATH, body).status == 201


def test_the_snapshot_group_must_be_given_sound_and_of_the_disks_subscription(front: Front) -> None:
    body = instance_body(group=SNAPSHOT_GROUP.text.replace(SUBSCRIPTION, OTHER_SUBSCRIPTION))
    assert faults(front, body) == {f"{STORES}[0].resourceGroupId": "UserErrorSnapshotRGSubscriptionMismatch"}
    body = instance_body(group="snapshots-rg")
    assert faults(front, body) == {f"{STORES}[0].resourceGroupId": "UserErrorInvalidOperationalStoreResourceGroup"}
    del body["properties"]["policyInfo"]["policyParameters"]
    assert faults(front, body) == {STORES: "UserErrorOperationalStoreParametersNotProvided"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("resourceID", None),
        ("resourceID", 7),
        ("resourceID", "disk-1"),
        ("resourceID", f"{disk_id()}/extra"),
        ("resourceID", disk_id().replace("disks/", "snapshots/")),
        ("datasourceType", "Microsoft.Storage/storageAccounts/blobServices"),
        ("datasourceType", None),
        ("objectType", "DatasourceSet"),
        ("resourceLocation", []),
        ("resourceName", {}),
    ],
)
def test_a_faulty_datasource_is_refused_with_its_place(front: Front, field: str, value: Any) -> None:
    body = instance_body()
    body["properties"]["dataSourceInfo"][field] = value
    assert list(faults(front, body)) == [f"properties.dataSourceInfo.{field}"]


def test_an_empty_instance_has_every_fault_at_once(front: Front) -> None:
    assert set(faults(front, {"properties": {}}, f"{VAULT_PATH}/backupInstances/-x")) == {
        "name",
        "properties.dataSourceInfo",
        "properties.policyInfo",
        STORES,
    }


def test_a_policy_that_does_not_exist_is_named(front: Front) -> None:
    assert list(faults(front, instance_body(policy="policy-9"))) == [POLICY_ID]


def test_an_instance_of_no_vault_is_not_found(front: Front) -> None:
    path = VAULT_PATH.replace("vault-1", "vault-9")
    body = instance_body()
    body["properties"]["policyInfo"]["policyId"] = f"{path}/backupPolicies/policy-1"
    assert front.put(f"{path}/backupInstances/instance-1", body).status == 404


def test_deleting_an_instance_gives_both_urls_and_absent_is_no_content(front: Front, platform: Platform) -> None:
    front.put(INSTANCE_PATH, instance_body())
    platform.run(seconds=2)
    reply = front.delete(INSTANCE_PATH)
    assert (reply.status, reply.text) == (202, "")
    assert "/locations/westeurope/operationResults/" in reply.headers["Location"]
    waiting = front.get(reply.headers["Location"])
    assert (waiting.status, waiting.headers["Retry-After"]) == (202, "1")
    platform.run(minutes=3)
    assert front.get(reply.headers["Azure-AsyncOperation"]).json["status"] == "Succeeded"
    assert front.get(reply.headers["Location"]).json == {"objectType": "OperationJobExtendedInfo"}
    assert front.get(INSTANCE_PATH).status == 404
    assert front.delete(INSTANCE_PATH).status == 204


def test_a_backup_on_demand_gives_its_job_through_both_urls(front: Front, platform: Platform) -> None:
    front.put(INSTANCE_PATH, instance_body())
    platform.run(seconds=2)
    reply = front.post(f"{INSTANCE_PATH}/backup", backup_body())
    assert (reply.status, reply.text) == (202, "")
    status = front.get(reply.headers["Azure-AsyncOperation"]).json
    assert status["status"] == "Succeeded"
    result = front.get(reply.headers["Location"])
    assert result.json == status["properties"]
    assert "/operationStatus/" in result.headers["Azure-AsyncOperation"]
    assert front.get(result.json["jobId"]).json["properties"]["status"] == "InProgress"


def test_a_backup_may_name_another_retention(front: Front, platform: Platform) -> None:
    front.put(POLICY_PATH, policy_body(tags={"Daily": ("FirstOfDay", "P14D")}))
    front.put(INSTANCE_PATH, instance_body())
    platform.run(seconds=2)
    assert front.post(f"{INSTANCE_PATH}/backup", backup_body(tag="Daily")).status == 202
    reply = front.post(f"{INSTANCE_PATH}/backup", backup_body(rule="Other", tag="Monthly"))
    assert [each["target"] for each in reply.error["details"]] == [
        "backupRuleOptions.ruleName",
        "backupRuleOptions.triggerOption.retentionTagOverride",
    ]


def test_a_backup_of_what_is_not_protected_is_refused(front: Front) -> None:
    assert front.post(f"{INSTANCE_PATH}/backup", backup_body()).status == 404
    front.put(INSTANCE_PATH, instance_body())
    assert front.post(f"{INSTANCE_PATH}/backup", backup_body()).status == 409


def test_the_instance_of_a_disk_is_found_in_whatever_vault_and_is_its_only_one(front: Front) -> None:
    other = VAULT_PATH.replace("vault-1", "vault-2")
    front.put(other, {"location": "westeurope", "properties": {}})
    front.put(f"{other}/backupPolicies/policy-1", policy_body())
    body = instance_body()
    body["properties"]["policyInfo"]["policyId"] = f"{other}/backupPolicies/policy-1"
    assert front.get(disk_path()).json == {"value": []}
    assert front.put(f"{other}/backupInstances/b-1", body).status == 201
    assert [each["id"] for each in front.get(disk_path().upper()).json["value"]] == [f"{other}/backupInstances/b-1"]
    code = "UserErrorDppDatasourceAlreadyHasBackupInstance"
    assert faults(front, instance_body()) == {"properties.dataSourceInfo.resourceID": code}

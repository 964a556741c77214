"""validateForBackup, validateForModifyBackup and validateRestore on the wire, and through Azure's own client."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from backup_core.domain.errors import CloudUnavailable, PermissionMissing, Throttled
from backup_core.domain.recovery_point import PointState
from tests.api.bodies import (
    INSTANCE_PATH,
    POLICY_PATH,
    VAULT_PATH,
    backup_body,
    instance_body,
    policy_body,
    restore_body,
)
from tests.api.front import Front, Naps, Reply, client
from tests.builders import SNAPSHOT_GROUP, TARGET_GROUP, VAULT, disk_id, disk_json
from tests.workflows.platform import Platform
from tests.workflows.scenes import change_point

RG, V = VAULT.group, VAULT.name
FOR_BACKUP = f"{VAULT_PATH}/validateForBackup"
FOR_CHANGE = f"{INSTANCE_PATH}/validateForModifyBackup"
FOR_RESTORE = f"{INSTANCE_PATH}/validateRestore"


@pytest.fixture(autouse=True)
def _policy(front: Front) -> None:
    assert front.put(POLICY_PATH, policy_body()).status == 200


def for_backup(**changes: Any) -> dict[str, Any]:
    return {"backupInstance": instance_body(**changes)["properties"]}


@pytest.fixture
def restorable(front: Front, platform: Platform) -> str:
    """A protected disk with one recovery point: the point's id."""
    assert front.put(INSTANCE_PATH, instance_body()).status == 201
    platform.run(seconds=5)
    assert front.post(f"{INSTANCE_PATH}/backup", backup_body()).status == 202
    platform.run(minutes=2)
    (point,) = front.get(f"{INSTANCE_PATH}/recoveryPoints").json["value"]
    return str(point["name"])


def follow(front: Front, reply: Reply) -> None:
    """The recorded way: 202 without a body, a status that has succeeded, and the kind of the result."""
    assert (reply.status, reply.text) == (202, "")
    status = front.get(reply.headers["Azure-AsyncOperation"])
    assert (status.status, status.json["status"]) == (200, "Succeeded")
    assert f"{VAULT_PATH}/operationStatus/" in reply.headers["Azure-AsyncOperation"]
    assert "/providers/Microsoft.DataProtection/locations/westeurope/operationResults/" in reply.headers["Location"]
    result = front.get(reply.headers["Location"])
    assert (result.status, result.json) == (200, {"objectType": "OperationJobExtendedInfo"})


# Backup.


def test_a_sound_instance_is_accepted_as_the_service_does(front: Front) -> None:
    follow(front, front.post(FOR_BACKUP, for_backup()))


def test_the_clis_spelling_is_understood(front: Front) -> None:
    """As recorded: `resourceId`, nulls for what is not given, an empty resourceUri."""
    body = for_backup()
    properties = body["backupInstance"]
    source = properties["dataSourceInfo"]
    source["resourceId"] = source.pop("resourceID")
    source["resourceUri"] = ""
    properties |= {"dataSourceSetInfo": None, "datasourceAuthCredentials": None}
    follow(front, front.post(FOR_BACKUP, {"BACKUPINSTANCE": properties}))


def test_all_faults_are_answered_together_with_azures_codes(front: Front, platform: Platform) -> None:
    cloud = platform.world.cloud
    cloud.add_disk(disk_json(location="eastus"))
    cloud.locks.add(SNAPSHOT_GROUP.key)
    reply = front.post(FOR_BACKUP, for_backup(policy="nobody"))
    assert reply.faults == {
        "backupInstance.policyInfo.policyId": "UserErrorGenericResourceNotFound",
        "backupInstance.dataSourceInfo.resourceID": "InvalidResourceLocation",
        SNAPSHOT_GROUP.key: "ScopeLocked",
    }
    assert reply.error["additionalInfo"][0]["info"]["details"] == reply.error["details"]


def test_one_fault_gives_the_error_its_code(front: Front) -> None:
    reply = front.post(FOR_BACKUP, for_backup(disk=disk_id("no-such-disk")))
    assert (reply.status, reply.error["code"]) == (400, "UserErrorManagedDiskNotFound")
    assert reply.error["target"] == "backupInstance.dataSourceInfo.resourceID"


def test_a_missing_role_is_named_with_its_command(front: Front, platform: Platform) -> None:
    platform.world.cloud.grants = {}
    reply = front.post(FOR_BACKUP, for_backup())
    assert reply.faults == dict.fromkeys((disk_id(), SNAPSHOT_GROUP.text), "UserErrorMissingRequiredPermissions")
    assert reply.error["code"] == "UserErrorMissingRequiredPermissions"
    for role, scope in (("Disk Backup Reader", disk_id()), ("Disk Snapshot Contributor", SNAPSHOT_GROUP.text)):
        assert f"az role assignment create --role '{role}' --scope '{scope}'" in reply.error["message"]


def test_a_body_that_cannot_be_read_is_refused_before_anything_is_looked_at(front: Front, platform: Platform) -> None:
    platform.world.faults.calls.clear()
    assert front.post(FOR_BACKUP, {}).faults == {"backupInstance": "BadRequest"}
    assert "backupInstance.dataSourceInfo" in front.post(FOR_BACKUP, {"backupInstance": {}}).faults
    assert front.post(FOR_BACKUP, {"backupInstance": []}).faults == {"backupInstance": "BadRequest"}
    body = for_backup(disk="no/disk-1")
    assert front.post(FOR_BACKUP, body).faults == {"backupInstance.dataSourceInfo.resourceID": "BadRequest"}
    assert front.post(FOR_BACKUP, b"{").status == 400
    assert platform.world.faults.count("cloud.") == 0


@pytest.mark.parametrize(
    ("error", "status"), [(Throttled("busy", retry_after_seconds=6.2), 429), (CloudUnavailable("gone"), 503)]
)
def test_what_passes_is_no_verdict(front: Front, platform: Platform, error: Exception, status: int) -> None:
    platform.world.faults.fail("cloud.locks_at", error)
    reply = front.post(FOR_BACKUP, for_backup())
    assert reply.status == status
    assert reply.headers.get("Retry-After") == ("7" if status == 429 else None)
    follow(front, front.post(FOR_BACKUP, for_backup()))


# A change.


def test_a_new_instance_for_the_same_disk_is_refused_and_a_change_of_it_is_not(front: Front, restorable: str) -> None:
    assert front.post(FOR_BACKUP, for_backup()).faults == {
        "backupInstance.dataSourceInfo.resourceID": "UserErrorDppDatasourceAlreadyHasBackupInstance"
    }
    follow(front, front.post(FOR_CHANGE, for_backup()))


def test_a_change_of_disk_or_group_is_refused(front: Front, platform: Platform, restorable: str) -> None:
    platform.world.cloud.add_disk(disk_json("disk-2"))
    group = "backupInstance.policyInfo.policyParameters.dataStoreParametersList[0].resourceGroupId"
    assert front.post(FOR_CHANGE, for_backup(disk=disk_id("disk-2"), group=TARGET_GROUP.text)).faults == {
        "backupInstance.dataSourceInfo.resourceID": "BadRequest",
        group: "BadRequest",
    }


# A restore.


def for_restore(point: str, **changes: Any) -> dict[str, Any]:
    return {"restoreRequestObject": restore_body(point, **changes)}


def test_a_sound_restore_is_accepted_and_nothing_is_begun(front: Front, platform: Platform, restorable: str) -> None:
    follow(front, front.post(FOR_RESTORE, for_restore(restorable)))
    follow(front, front.post(FOR_RESTORE, for_restore("latest")))
    assert platform.world.cloud.made_disks == []


def test_all_faults_of_a_restore_are_answered_together(front: Front, platform: Platform, restorable: str) -> None:
    platform.world.cloud.lose_snapshot(platform.world.cloud.taken[0])
    platform.world.cloud.usage_limits["PremiumDiskCount"] = 1
    body = for_restore(restorable, target=disk_id(), targetDisk={"sizeGB": 1})
    reply = front.post(FOR_RESTORE, body)
    assert [each["code"] for each in reply.error["details"]] == [
        "BadRequest",
        "UserErrorDiskSnapshotNotFound",
        "UserErrorSameNameDiskAlreadyExists",
        "UserErrorSubscriptionDiskQuotaLimitReached",
    ]
    assert reply.error["details"][0]["target"] == "restoreRequestObject.restoreTargetInfo.targetDisk.sizeGB"


def test_a_point_that_is_absent_is_a_fault_and_an_absent_instance_is_not_found(front: Front, restorable: str) -> None:
    assert front.post(FOR_RESTORE, for_restore("0" * 32)).faults == {
        "restoreRequestObject.recoveryPointId": "UserErrorGenericResourceNotFound"
    }
    other = FOR_RESTORE.replace("instance-1", "nobody")
    assert front.post(other, for_restore(restorable)).status == 404


def test_a_lost_point_is_told_as_such(front: Front, platform: Platform, restorable: str) -> None:
    change_point(platform, restorable, name="instance-1", state=PointState.LOST)
    (details,) = front.post(FOR_RESTORE, for_restore(restorable)).error["details"]
    assert (details["code"], "Lost" in details["message"]) == ("UserErrorDiskSnapshotNotFound", True)


def test_a_restore_request_that_cannot_be_read_is_refused(front: Front, restorable: str) -> None:
    assert front.post(FOR_RESTORE, {}).faults == {"restoreRequestObject": "BadRequest"}
    faults = front.post(FOR_RESTORE, {"restoreRequestObject": {"objectType": 7}}).faults
    assert "restoreRequestObject.objectType" in faults
    assert "restoreRequestObject.restoreTargetInfo" in faults


# Azure's own client.


def test_azures_client_validates_a_backup_a_change_and_a_restore(front: Front, naps: Naps, restorable: str) -> None:
    sdk = client(front, naps).backup_instances
    other = for_backup(disk=disk_id("disk-2"))
    with pytest.raises(HttpResponseError) as caught:
        sdk.begin_validate_for_backup(RG, V, other).result()
    assert caught.value.error.code == "UserErrorManagedDiskNotFound"
    front.world.cloud.add_disk(disk_json("disk-2"))
    assert sdk.begin_validate_for_backup(RG, V, other).result()["objectType"] == "OperationJobExtendedInfo"
    assert sdk.begin_validate_for_modify_backup(RG, V, "instance-1", for_backup()).result() is None
    validated = sdk.begin_validate_for_restore(RG, V, "instance-1", for_restore(restorable)).result()
    assert validated["objectType"] == "OperationJobExtendedInfo"
    with pytest.raises(ResourceNotFoundError):
        sdk.begin_validate_for_restore(RG, V, "nobody", for_restore(restorable))
    assert naps.seconds == [], "the operation is over when it is first asked"


def test_what_may_not_be_looked_at_is_told_to_the_client(front: Front, naps: Naps, platform: Platform) -> None:
    def guard(call: str, target: str) -> None:
        if call == "locks_at":
            raise PermissionMissing("no", scope=target, role="Reader")

    platform.world.cloud.guard = guard
    with pytest.raises(HttpResponseError) as caught:
        client(front, naps).backup_instances.begin_validate_for_backup(RG, V, for_backup())
    assert caught.value.error.code == "UserErrorMissingRequiredPermissions"
    assert "Microsoft.Authorization/locks/read" in caught.value.error.message

"""Stop, suspend, resume, sync, soft delete and undelete over the wire."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from backup_core.domain.instance import DeletionPermit
from tests.api.bodies import INSTANCE_PATH, POLICY_PATH, VAULT_PATH, instance_body, policy_body, vault_body
from tests.api.front import Front
from tests.workflows.platform import Platform
from tests.workflows.scenes import change_instance

DELETED = f"{VAULT_PATH}/deletedBackupInstances"


@pytest.fixture(autouse=True)
def _protected(front: Front, platform: Platform) -> None:
    front.put(VAULT_PATH, vault_body())
    front.put(POLICY_PATH, policy_body())
    assert front.put(INSTANCE_PATH, instance_body()).status == 201
    platform.run(seconds=2)


def state(front: Front) -> tuple[str, str]:
    properties = front.get(INSTANCE_PATH).json["properties"]
    return properties["currentProtectionState"], properties["protectionStatus"]["status"]


def ask(front: Front, action: str, path: str = INSTANCE_PATH, body: Any = None) -> str:
    """What the operation of an accepted request says now."""
    reply = front.post(f"{path}/{action}", body)
    assert (reply.status, reply.text) == (202, ""), reply.text
    assert front.get(reply.headers["Location"]).status in (200, 202)
    status: str = front.get(reply.headers["Azure-AsyncOperation"]).json["status"]
    return status


@pytest.mark.parametrize(
    ("action", "word"), [("stopProtection", "ProtectionStopped"), ("suspendBackups", "BackupsSuspended")]
)
@pytest.mark.parametrize("body", [None, {}, {"resourceGuardOperationRequests": []}])
def test_protection_is_paused_at_once_and_resumed_as_a_job(
    front: Front, platform: Platform, action: str, word: str, body: Any
) -> None:
    assert ask(front, action, body=body) == "Succeeded"
    assert state(front) == (word, word)
    assert front.get(INSTANCE_PATH).json["properties"]["provisioningState"] == "Succeeded"
    assert ask(front, "resumeProtection") == "Inprogress"
    assert state(front) == ("UpdatingProtection", "UpdatingProtection")
    platform.run(seconds=2)
    assert state(front) == ("ProtectionConfigured", "ProtectionConfigured")


@pytest.mark.parametrize("action", ["resumeProtection", "resumeBackups"])
def test_resuming_what_runs_is_over_at_once(front: Front, action: str) -> None:
    reply = front.post(f"{INSTANCE_PATH}/{action}")
    assert (reply.status, reply.text) == (200, "")


def test_a_sync_looks_at_the_disk_again(front: Front, platform: Platform) -> None:
    assert ask(front, "sync", body={"syncType": "ForceResync"}) == "Inprogress"
    platform.run(seconds=2)
    assert state(front)[0] == "ProtectionConfigured"


def test_a_deleted_instance_is_listed_among_the_deleted_and_can_be_had_back(front: Front) -> None:
    reply = front.delete(INSTANCE_PATH)
    assert reply.status == 202
    assert front.get(reply.headers["Azure-AsyncOperation"]).json["status"] == "Succeeded"
    assert front.get(INSTANCE_PATH).status == 404
    assert front.get(f"{VAULT_PATH}/backupInstances").json == {"value": []}
    [listed] = front.get(DELETED).json["value"]
    assert listed == front.get(f"{DELETED}/instance-1").json
    assert listed["id"] == f"{DELETED}/instance-1"
    properties = listed["properties"]
    assert properties["objectType"] == "DeletedBackupInstance"
    assert properties["currentProtectionState"] == "SoftDeleted"
    assert set(properties["deletionInfo"]) == {
        "deletionTime",
        "billingEndDate",
        "scheduledPurgeTime",
        "deleteActivityID",
    }
    assert front.delete(INSTANCE_PATH).status == 204
    deletion = properties["deletionInfo"]
    assert deletion["billingEndDate"] == deletion["deletionTime"] < deletion["scheduledPurgeTime"], "as recorded"
    undeleted = front.post(f"{DELETED}/instance-1/undelete")
    assert (undeleted.status, undeleted.text) == (200, "")
    assert state(front)[0] == "ProtectionStopped"
    assert front.get(DELETED).json == {"value": []}


def test_what_was_not_deleted_cannot_be_had_back(front: Front) -> None:
    assert front.get(f"{DELETED}/instance-1").status == 404
    for name in ("instance-1", "instance-9"):
        reply = front.post(f"{DELETED}/{name}/undelete")
        assert (reply.status, reply.error["code"]) == (404, "UserErrorGenericResourceNotFound")


def test_nothing_can_be_asked_of_a_soft_deleted_instance(front: Front) -> None:
    front.delete(INSTANCE_PATH)
    for action in ("backup", "stopProtection", "resumeProtection", "sync"):
        body = {"backupRuleOptions": {"ruleName": "BackupHourly", "triggerOption": {}}} if action == "backup" else None
        assert front.post(f"{INSTANCE_PATH}/{action}", body).status == 404, action
    assert front.put(INSTANCE_PATH, instance_body()).status == 409


def test_an_immutable_vault_refuses_to_delete_what_it_promised_to_keep(front: Front, platform: Platform) -> None:
    front.post(f"{INSTANCE_PATH}/backup", {"backupRuleOptions": {"ruleName": "BackupHourly", "triggerOption": {}}})
    platform.run(minutes=1)
    locked = {"properties": {"securitySettings": {"immutabilitySettings": {"state": "Locked"}}}}
    assert front.send("PATCH", VAULT_PATH, locked).status == 200
    reply = front.delete(INSTANCE_PATH)
    assert (reply.status, reply.error["code"]) == (400, "UserErrorImmutableVaultOperationNotAllowed")
    assert state(front)[0] == "ProtectionConfigured"


# A deletion on its way.


def deleting(platform: Platform) -> None:
    """An expiry has just begun to delete, on another host."""
    permit = DeletionPermit(holder="another", until=platform.world.clock.now() + timedelta(seconds=20))
    change_instance(platform, "instance-1", deletion=permit)


def test_a_stop_is_made_at_once_and_its_operation_lasts_until_no_deletion_can_be_on_its_way(
    front: Front, platform: Platform
) -> None:
    deleting(platform)
    begun = platform.world.clock.now()
    reply = front.post(f"{INSTANCE_PATH}/stopProtection")
    assert (reply.status, reply.text) == (202, "")
    assert state(front)[0] == "ProtectionStopped"
    operation, result = reply.headers["Azure-AsyncOperation"], reply.headers["Location"]
    status = front.get(operation)
    assert (status.json["status"], status.headers["Retry-After"]) == ("Inprogress", "1")
    assert front.get(result).status == 202
    platform.world.clock.advance(seconds=49)
    again = front.get(operation).json
    assert (again["status"], again["startTime"]) == ("Inprogress", status.json["startTime"])
    platform.world.clock.set(begun + timedelta(seconds=50))
    over = front.get(operation).json
    assert (over["status"], over["startTime"]) == ("Succeeded", status.json["startTime"])
    assert front.get(result).status == 200
    assert ask(front, "stopProtection") == "Succeeded"


def test_so_does_a_soft_deletion_and_what_undoes_it(front: Front, platform: Platform) -> None:
    deleting(platform)
    deleted = front.delete(INSTANCE_PATH)
    assert front.get(deleted.headers["Azure-AsyncOperation"]).json["status"] == "Inprogress"
    assert front.get(INSTANCE_PATH).status == 404
    assert front.delete(INSTANCE_PATH).status == 202, "still on its way"
    assert ask(front, "undelete", f"{DELETED}/instance-1") == "Inprogress"
    assert state(front)[0] == "ProtectionStopped"
    platform.world.clock.advance(seconds=50)
    assert front.get(deleted.headers["Azure-AsyncOperation"]).json["status"] == "Succeeded"


def test_suspended_backups_go_on_expiring_so_that_nobody_waits(front: Front, platform: Platform) -> None:
    deleting(platform)
    assert ask(front, "suspendBackups") == "Succeeded"

"""Moving in from Azure Disk Backup: what comes over is told, and why what does not; nothing is changed, and nobody sees
more than before.
"""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from backup_core.domain.disk import Disk
from backup_core.domain.errors import CloudUnavailable, PermissionMissing, Throttled
from backup_core.domain.surroundings import Identity
from backup_core.settings import VaultScopes
from backup_core.workflows import importing
from tests.api.bodies import POLICY_PATH, VAULT_PATH, instance_body, policy_body, vault_body
from tests.api.front import Front, Reply
from tests.api.tenant import CONTRIBUTOR, PERSON, READER, SOMEBODY_ELSE, bearer, guarded
from tests.builders import DISK_GROUP, SNAPSHOT_GROUP, VAULT, disk_id, disk_json
from tests.fakes import World
from tests.origins import HOUR, OLD, back_up, instance_json, policy_json, stock, vault_json
from tests.workflows.platform import Platform

DRY_RUN = f"{VAULT_PATH}/dryRunImport"
BODY = {"sourceVaultId": OLD.resource_id}
ELSEWHERE = "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/elsewhere-rg"


@pytest.fixture
def world(platform: Platform) -> World:
    return platform.world


def asked(front: Front, **more: Any) -> Any:
    reply = front.post(DRY_RUN, BODY, **more)
    assert reply.status == 200, reply.text
    return reply.json


def instance_of(world: World, number: int = 0) -> dict[str, Any]:
    return next(
        raw for raw in world.azure_backup.instances[OLD.resource_id.lower()].values() if f"/old-{number}" in str(raw)
    )


def point_of(world: World, instance: dict[str, Any]) -> dict[str, Any]:
    """The newest."""
    points = world.azure_backup.points[instance["id"].lower()].values()
    return max(points, key=lambda raw: raw["properties"]["recoveryPointTime"])


def store_of(point: dict[str, Any]) -> dict[str, Any]:
    (store,) = point["properties"]["recoveryPointDataStoresDetails"]
    return store


def codes(told: Any) -> list[str]:
    return [fault["code"] for fault in told["faults"]]


def test_a_vault_is_told_with_its_policies_instances_and_points(front: Front, world: World) -> None:
    names = stock(world, disks=2, points=3)
    told = asked(front)
    assert (told["sourceVaultId"], told["location"], told["instanceCount"]) == (OLD.resource_id, "westeurope", 2)
    assert told["policies"] == [{"name": "diskpolicy", "action": "Write", "faults": []}]
    assert [each["name"] for each in told["value"]] == sorted(names)
    first = told["value"][0]
    assert first["action"] == "Import"
    assert (first["dataSourceId"], first["policyName"]) == (disk_id("old-0"), "diskpolicy")
    assert (first["snapshotResourceGroupId"], first["sourceProtectionState"]) == (
        SNAPSHOT_GROUP.text,
        "ProtectionConfigured",
    )
    points = first["recoveryPoints"]
    assert [each["action"] for each in points] == ["Adopt"] * 3
    assert points == sorted(points, key=lambda each: each["creationTime"], reverse=True)
    assert points[0]["creationTime"] == "2026-03-02T08:00:20.0000000Z"
    assert points[0]["expiryTime"] == "2026-04-01T08:00:20.0000000Z"
    assert points[0]["snapshotId"].startswith(
        f"{SNAPSHOT_GROUP.text}/providers/Microsoft.Compute/snapshots/AzureBackup_"
    )
    assert "nextLink" not in told


def test_nothing_is_changed_here_or_there(front: Front, world: World) -> None:
    stock(world)
    before, there = len(world.faults.calls), deepcopy(world.azure_backup.instances)
    asked(front)
    calls = {call.partition(".")[2] for call in world.faults.calls[before:]}
    looks = {"get", "page", "get_disk", "find_snapshot", "find_vault", "find_point"}
    assert {call for call in calls if not call.startswith("list_")} <= looks
    assert world.azure_backup.instances == there
    assert not world.audit.records


def test_each_point_costs_two_reads_and_each_page_a_list_of_policies_and_instances(front: Front, world: World) -> None:
    stock(world, disks=3, points=4)
    before = len(world.faults.calls)
    asked(front)
    calls = world.faults.calls[before:]
    assert calls.count("azure_backup.list_instances") == calls.count("azure_backup.list_policies") == 1
    assert calls.count("azure_backup.list_points") == calls.count("cloud.get_disk") == 3
    assert calls.count("azure_backup.find_point") == calls.count("cloud.find_snapshot") == 12


# ---------------------------------------------------------------- pages


def test_a_big_vault_is_told_a_page_at_a_time_and_policies_once(
    front: Front, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "LOOKS_A_PAGE", 6)
    names = stock(world, disks=5, points=2)
    pages = [asked(front)]
    while "nextLink" in pages[-1]:
        reply = front.post(pages[-1]["nextLink"], BODY)
        assert reply.status == 200, reply.text
        pages.append(reply.json)
    assert [each["name"] for page in pages for each in page["value"]] == sorted(names)
    assert [len(page["value"]) for page in pages] == [2, 2, 1]
    assert [len(page["policies"]) for page in pages] == [1, 0, 0]
    assert {page["instanceCount"] for page in pages} == {5}


def test_a_page_ends_where_azure_asks_for_patience_and_the_next_goes_on(front: Front, world: World) -> None:
    names = sorted(stock(world, disks=3, points=1))
    busy = Throttled("busy", retry_after_seconds=5)

    def guard(call: str, target: str) -> None:
        if call == "list_points" and names[2] in target:
            raise busy

    world.azure_backup.guard = guard
    first = asked(front)
    assert [each["name"] for each in first["value"]] == names[:2]
    refused = front.post(first["nextLink"], BODY)
    assert (refused.status, refused.error["code"]) == (429, "TooManyRequests")
    world.azure_backup.guard = lambda call, target: None
    assert [each["name"] for each in front.post(first["nextLink"], BODY).json["value"]] == names[2:]


@pytest.mark.parametrize("token", ["x", "!", "a" * 3000, "w6k"])
def test_a_token_that_nobody_gave_is_refused_or_leads_nowhere(front: Front, world: World, token: str) -> None:
    stock(world)
    reply = front.post(DRY_RUN, BODY, query={"api-version": "2026-06-01", "$skipToken": token})
    assert reply.status in (200, 400)
    assert reply.status == 200 or reply.error["target"] == "$skipToken"


# ---------------------------------------------------------------- what does not come over, and why


def change_state(world: World) -> str:
    instance_of(world)["properties"]["currentProtectionState"] = "ConfiguringProtection"
    return "UserErrorImportNotSettled"


def be_of_a_blob(world: World) -> str:
    instance_of(world)["properties"]["dataSourceInfo"]["datasourceType"] = (
        "Microsoft.Storage/storageAccounts/blobServices"
    )
    return "UserErrorDiskBackupDiskTypeNotSupported"


def name_no_group(world: World) -> str:
    instance_of(world)["properties"]["policyInfo"]["policyParameters"] = {}
    return "UserErrorOperationalStoreParametersNotProvided"


def name_no_disk(world: World) -> str:
    instance_of(world)["properties"]["dataSourceInfo"]["resourceID"] = "/subscriptions/x"
    return "UserErrorImportUnreadable"


def lose_policy(world: World) -> str:
    world.azure_backup.policies.clear()
    return "UserErrorGenericResourceNotFound"


def lie_elsewhere(world: World) -> str:
    world.cloud.add_disk(disk_json("old-0", location="northeurope"))
    return "InvalidResourceLocation"


def have_its_name_taken(world: World) -> str:
    name = instance_of(world)["name"]
    front = Front(world)
    world.cloud.add_disk(disk_json("disk-7"))
    assert front.put(POLICY_PATH, policy_body()).status == 200
    assert front.put(f"{VAULT_PATH}/backupInstances/{name}", instance_body(disk_id("disk-7"))).status == 201
    return "UserErrorImportNameTaken"


def be_protected_here(world: World) -> str:
    front = Front(world)
    assert front.put(POLICY_PATH, policy_body()).status == 200
    assert front.put(f"{VAULT_PATH}/backupInstances/mine", instance_body(disk_id("old-0"))).status == 201
    return "UserErrorDppDatasourceAlreadyHasBackupInstance"


def be_out_of_bounds(world: World) -> str:
    world.bounds = (VaultScopes(path=VAULT.resource_id, sources=(ELSEWHERE,), origins=(OLD.resource_id,)),)
    return "UserErrorOutsideVaultScopes"


INSTANCE_STAYS = (
    change_state,
    be_of_a_blob,
    name_no_group,
    name_no_disk,
    lose_policy,
    lie_elsewhere,
    have_its_name_taken,
    be_protected_here,
    be_out_of_bounds,
)


@pytest.mark.parametrize("change", INSTANCE_STAYS, ids=lambda change: change.__name__)
def test_an_instance_that_does_not_come_over_says_why(front: Front, world: World, change: Any) -> None:
    stock(world, disks=1, points=1)
    code = change(world)
    (told,) = asked(front)["value"]
    assert (told["action"], codes(told)) == ("None", [code])
    assert all(fault["message"] and fault["target"] for fault in told["faults"])


def test_every_reason_is_told_at_once(front: Front, world: World) -> None:
    stock(world, disks=1, points=1)
    wanted = {change_state(world), lie_elsewhere(world), lose_policy(world)}
    assert set(codes(asked(front)["value"][0])) == wanted


def test_of_a_disk_that_is_gone_the_points_come_over(front: Front, world: World) -> None:
    stock(world, disks=1, points=2)
    world.cloud.remove_disk(disk_id("old-0"))
    (told,) = asked(front)["value"]
    assert (told["action"], told["faults"]) == ("ImportRecoveryPointsOnly", [])
    assert [each["action"] for each in told["recoveryPoints"]] == ["Adopt", "Adopt"]


@pytest.mark.parametrize("state", ["ProtectionStopped", "BackupsSuspended"])
def test_what_is_stopped_or_suspended_there_comes_over(front: Front, world: World, state: str) -> None:
    stock(world, disks=1)
    instance_of(world)["properties"]["currentProtectionState"] = state
    (told,) = asked(front)["value"]
    assert (told["action"], told["sourceProtectionState"]) == ("Import", state)


def test_a_policy_that_we_cannot_have_is_told_with_its_fault_and_so_are_its_instances(
    front: Front, world: World
) -> None:
    stock(world, disks=1)
    broken = policy_json()
    del broken["properties"]["policyRules"][-1]
    world.azure_backup.add(broken)
    told = asked(front)
    assert [(each["name"], each["action"]) for each in told["policies"]] == [("diskpolicy", "None")]
    assert told["policies"][0]["faults"]
    assert "its policy 'diskpolicy' cannot come over" in told["value"][0]["faults"][0]["message"]


def test_a_policy_that_is_here_just_so_is_kept_and_another_of_its_name_stands_in_the_way(
    front: Front, world: World
) -> None:
    stock(world, disks=1)
    path = f"{VAULT_PATH}/backupPolicies/diskpolicy"
    front.put(path, policy_body(retention="P30D"))
    assert asked(front)["policies"][0]["action"] == "Keep"
    front.put(path, policy_body(retention="P29D"))
    told = asked(front)
    assert (told["policies"][0]["action"], codes(told["policies"][0])) == ("None", ["UserErrorImportPolicyDiffers"])
    assert codes(told["value"][0]) == ["UserErrorImportPolicyDiffers"]


def test_policies_of_other_kinds_of_data_are_not_spoken_of(front: Front, world: World) -> None:
    stock(world, disks=1)
    blobs = policy_json("blobpolicy")
    blobs["properties"]["datasourceTypes"] = ["Microsoft.Storage/storageAccounts/blobServices"]
    world.azure_backup.add(blobs)
    assert [each["name"] for each in asked(front)["policies"]] == ["diskpolicy"]


def snapshot_is_gone(world: World, point: dict[str, Any], snapshot: str) -> str:
    world.cloud.lose_snapshot(snapshot)
    return "UserErrorDiskSnapshotNotFound"


def group_is_gone(world: World, point: dict[str, Any], snapshot: str) -> str:
    world.cloud.remove_group(SNAPSHOT_GROUP)
    return "UserErrorDiskSnapshotNotFound"


def snapshot_is_of_another_disk(world: World, point: dict[str, Any], snapshot: str) -> str:
    other = Disk(raw=disk_json("strangers"))
    world.cloud.add_snapshot(snapshot, source=other, at=world.clock.now() - HOUR)
    return "SnapshotNotOurs"


def snapshot_was_made_anew(world: World, point: dict[str, Any], snapshot: str) -> str:
    world.clock.advance(hours=2)
    world.cloud.add_snapshot(snapshot, source=Disk(raw=disk_json("old-0")))
    return "SnapshotNotOurs"


def snapshot_has_no_unique_id(world: World, point: dict[str, Any], snapshot: str) -> str:
    del world.cloud._snapshots[snapshot.lower()].raw["properties"]["uniqueId"]
    return "SnapshotNotOurs"


def snapshot_is_of_an_installation(world: World, point: dict[str, Any], snapshot: str) -> str:
    world.cloud.retag(snapshot, {"diskbackup-owner": "diskbackup/1"})
    return "SnapshotNotOurs"


def snapshot_is_not_whole(world: World, point: dict[str, Any], snapshot: str) -> str:
    world.cloud._snapshots[snapshot.lower()].copied_at = world.clock.now() + HOUR
    return "UserErrorImportNotSettled"


def point_is_partial(world: World, point: dict[str, Any], snapshot: str) -> str:
    point["properties"]["recoveryPointState"] = "Partial"
    return "UserErrorImportNotSettled"


def point_names_no_snapshot(world: World, point: dict[str, Any], snapshot: str) -> str:
    store_of(point)["metaData"] = "[{}]"
    return "UserErrorImportUnreadable"


def point_tells_no_time(world: World, point: dict[str, Any], snapshot: str) -> str:
    store_of(point)["creationTime"] = "yesterday"
    return "UserErrorImportUnreadable"


def snapshot_is_out_of_bounds(world: World, point: dict[str, Any], snapshot: str) -> str:
    text = store_of(point)["metaData"]
    store_of(point)["metaData"] = text.replace(SNAPSHOT_GROUP.group, "elsewhere-rg")
    world.bounds = (VaultScopes(path=VAULT.resource_id, snapshots=(SNAPSHOT_GROUP.text,)),)
    return "UserErrorOutsideVaultScopes"


POINT_STAYS = (
    snapshot_is_gone,
    group_is_gone,
    snapshot_is_of_another_disk,
    snapshot_was_made_anew,
    snapshot_has_no_unique_id,
    snapshot_is_of_an_installation,
    snapshot_is_not_whole,
    point_is_partial,
    point_names_no_snapshot,
    point_tells_no_time,
    snapshot_is_out_of_bounds,
)


@pytest.mark.parametrize("change", POINT_STAYS, ids=lambda change: change.__name__)
def test_a_point_that_does_not_come_over_says_why(front: Front, world: World, change: Any) -> None:
    stock(world, disks=1, points=1)
    point = point_of(world, instance_of(world))
    snapshot = asked(front)["value"][0]["recoveryPoints"][0]["snapshotId"]
    world.clock.advance(minutes=2)  # what was answered a moment ago is not looked into anew
    code = change(world, point, snapshot)
    (told,) = asked(front)["value"][0]["recoveryPoints"]
    assert (told["action"], codes(told)) == ("None", [code])
    assert told["faults"][0]["target"] == told["name"]


def test_a_point_that_azure_expired_since_it_was_listed_is_not_told(front: Front, world: World) -> None:
    stock(world, disks=1, points=2)
    instance = instance_of(world)
    points, gone = world.azure_backup.points[instance["id"].lower()], point_of(world, instance)["name"]

    def guard(call: str, target: str) -> None:
        if call == "find_point":
            points.pop(gone, None)

    world.azure_backup.guard = guard
    assert len(asked(front)["value"][0]["recoveryPoints"]) == 1


# ---------------------------------------------------------------- bad input, and trouble


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"sourceVaultId": ""},
        {"sourceVaultId": 7},
        {"sourceVaultId": "old-vault"},
        {"sourceVaultId": disk_id()},
        {"sourceVaultId": f"{OLD.resource_id}/backupInstances/x"},
    ],
)
def test_a_vault_that_is_none_is_refused(front: Front, body: Any) -> None:
    reply = front.post(DRY_RUN, body)
    assert (reply.status, reply.error["target"]) == (400, "sourceVaultId")


def test_a_vault_that_azure_does_not_have_is_refused(front: Front) -> None:
    reply = front.post(DRY_RUN, BODY)
    assert (reply.status, reply.error["code"], reply.error["target"]) == (
        400,
        "UserErrorGenericResourceNotFound",
        "sourceVaultId",
    )


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (CloudUnavailable("503"), 503, "CloudInternalError"),
        (Throttled("busy", retry_after_seconds=7), 429, "TooManyRequests"),
        (
            PermissionMissing("no", scope=OLD.resource_id, role="Backup Reader"),
            400,
            "UserErrorMissingRequiredPermissions",
        ),
    ],
)
def test_what_azure_refuses_is_told_with_what_to_do(
    front: Front, world: World, error: Exception, status: int, code: str
) -> None:
    stock(world)
    world.faults.fail("azure_backup.list_instances", error)
    reply = front.post(DRY_RUN, BODY)
    assert (reply.error["code"], reply.status) == (code, status)


# ---------------------------------------------------------------- over, back, done with


def ended(front: Front, platform: Platform, action: str) -> Any:
    """The job that an action begins, once it has ended, by the way that its answer shows."""
    reply = front.post(f"{VAULT_PATH}/{action}", BODY)
    assert reply.status == 202, reply.text
    assert front.get(reply.headers["Azure-AsyncOperation"]).json["status"] == "Inprogress"
    assert front.get(reply.headers["Location"]).status == 202
    platform.run(minutes=5)
    assert front.get(reply.headers["Azure-AsyncOperation"]).json["status"] == "Succeeded"
    assert front.get(reply.headers["Location"]).status == 200
    (newest, *_) = [
        each
        for each in front.get(f"{VAULT_PATH}/backupJobs").json["value"]
        if each["properties"]["backupInstanceId"] == VAULT_PATH
    ]
    return newest["properties"]


def test_a_vault_comes_over_goes_back_and_is_done_with(front: Front, platform: Platform) -> None:
    names = stock(platform.world, disks=2, points=2)
    job = ended(front, platform, "importVault")
    assert (job["operation"], job["status"]) == ("ImportVault", "Completed")
    assert job["backupInstanceFriendlyName"] == OLD.name
    assert job["extendedInfo"]["additionalDetails"] == {
        "SourceId": OLD.resource_id,
        "BackupInstances": "2",
        "BackupInstancesDone": "2",
        "BackupInstancesWaiting": "0",
        "RecoveryPoints": "4",
    }
    points = front.get(f"{VAULT_PATH}/backupInstances/{names[0]}/recoveryPoints").json["value"]
    assert [each["properties"]["expiryTime"] for each in points] == [
        "2026-04-01T08:00:20.0000000Z",
        "2026-04-01T07:00:20.0000000Z",
    ]
    told = asked(front)
    assert [each["action"] for each in told["value"]] == ["Keep", "Keep"]
    assert {each["action"] for each in told["value"][0]["recoveryPoints"]} == {"Keep"}
    finished = ended(front, platform, "finishImport")
    assert (finished["operation"], finished["status"]) == ("FinishImport", "CompletedWithWarnings")
    (warning, _) = finished["extendedInfo"]["warningDetails"]
    assert warning["resourceName"].startswith(f"{OLD.resource_id}/backupInstances/")
    assert warning["warning"]["code"] == "UserErrorImportStillNeeded"
    assert (ended(front, platform, "undoImport")["operation"], names) == ("UndoImport", names)
    assert front.get(f"{VAULT_PATH}/backupInstances").json["value"] == []


def test_progress_is_told_while_it_goes_on(front: Front, platform: Platform) -> None:
    stock(platform.world, disks=2, points=1)
    front.post(f"{VAULT_PATH}/importVault", BODY)
    platform.run(seconds=3)
    (job,) = front.get(f"{VAULT_PATH}/backupJobs").json["value"]
    assert job["properties"]["status"] == "InProgress"
    assert job["properties"]["extendedInfo"]["additionalDetails"]["BackupInstancesWaiting"] == "2"
    (task,) = job["properties"]["extendedInfo"]["subTasks"]
    assert (task["taskName"], task["taskProgress"]) == ("Move Backup Instances", "0%")


ACTIONS = ("importVault", "undoImport", "finishImport")


@pytest.mark.parametrize("action", ACTIONS)
def test_what_cannot_be_begun_is_refused_at_once(front: Front, platform: Platform, action: str) -> None:
    path = f"{VAULT_PATH}/{action}"
    assert front.post(path, {}).error["target"] == "sourceVaultId"
    assert front.post(path, BODY).error["code"] == "UserErrorGenericResourceNotFound"
    stock(platform.world)
    assert front.post(path.replace("vault-1", "vault-9"), BODY).status == 404
    platform.world.bounds = (VaultScopes(path=VAULT.resource_id, origins=()),)
    assert front.post(path, BODY).error["code"] == "UserErrorOutsideVaultScopes"
    platform.world.bounds = ()
    assert front.get(f"{VAULT_PATH}/backupJobs").json["value"] == []
    assert front.post(path, BODY).status == 202
    assert front.post(path, BODY).error["code"] == "UserErrorMaxConcurrentOperationLimitReached"


def test_the_job_of_an_import_is_for_those_who_may_see_the_old_vault(world: World, platform: Platform) -> None:
    stock(world, disks=1, points=1)
    front = guarded(world, scopes={OLD.resource_id: [PERSON]})
    begun = front.post(f"{VAULT_PATH}/importVault", BODY, headers=bearer(CONTRIBUTOR))
    assert begun.status == 202
    platform.run(minutes=3)
    jobs = front.get(f"{VAULT_PATH}/backupJobs", headers=bearer(READER)).json["value"]
    (job,) = [each for each in jobs if each["properties"]["operation"] == "ImportVault"]
    stranger = bearer(CONTRIBUTOR, oid=SOMEBODY_ELSE)
    seen = front.get(f"{VAULT_PATH}/backupJobs", headers=stranger).json["value"]
    assert job["name"] not in [each["name"] for each in seen]
    assert front.get(f"{VAULT_PATH}/backupJobs/{job['name']}", headers=stranger).status == 403
    assert front.get(begun.headers["Azure-AsyncOperation"], headers=stranger).status == 403


# ---------------------------------------------------------------- who may see what


def told_to(world: World, closed: str, action: str = "dryRunImport") -> Reply:
    """What a contributor is told to whom something is closed."""
    front = guarded(world, scopes={closed: [SOMEBODY_ELSE]})
    return front.post(f"{VAULT_PATH}/{action}", BODY, headers=bearer(CONTRIBUTOR))


@pytest.mark.parametrize("action", ["dryRunImport", *ACTIONS])
@pytest.mark.parametrize("closed", [OLD.resource_id, OLD.resource_id.partition("/providers")[0]])
def test_a_vault_that_is_for_others_is_neither_read_nor_touched(world: World, closed: str, action: str) -> None:
    stock(world)
    before = len(world.faults.calls)
    reply = told_to(world, closed, action)
    assert (reply.status, reply.error["code"]) == (403, "LinkedAuthorizationFailed")
    assert not [call for call in world.faults.calls[before:] if call.startswith("azure_backup")]


def test_instances_of_disks_that_are_for_others_are_neither_told_nor_counted(world: World) -> None:
    stock(world, disks=2)
    reply = told_to(world, disk_id("old-1"))
    assert [each["dataSourceId"] for each in reply.json["value"]] == [disk_id("old-0")]
    assert reply.json["instanceCount"] == 1
    assert "old-1" not in reply.text


def test_points_whose_snapshots_are_for_others_are_not_told(world: World) -> None:
    stock(world, disks=1, points=2)
    point = point_of(world, instance_of(world))
    store_of(point)["metaData"] = store_of(point)["metaData"].replace(SNAPSHOT_GROUP.group, "secret-rg")
    secret = SNAPSHOT_GROUP.text.replace(SNAPSHOT_GROUP.group, "secret-rg")
    reply = told_to(world, secret)
    assert len(reply.json["value"][0]["recoveryPoints"]) == 1
    assert "secret-rg" not in reply.text


def test_a_bound_vault_reads_no_vault_outside_of_its_bounds(front: Front, world: World) -> None:
    stock(world)
    world.bounds = (VaultScopes(path=VAULT.resource_id, sources=(DISK_GROUP.text,)),)
    reply = front.post(DRY_RUN, BODY)
    assert (reply.status, reply.error["code"]) == (400, "UserErrorOutsideVaultScopes")
    old_group = OLD.resource_id.partition("/providers")[0]
    world.bounds = (VaultScopes(path=VAULT.resource_id, sources=(DISK_GROUP.text,), origins=(old_group,)),)
    assert [each["action"] for each in asked(front)["value"]] == ["Import"] * 2


def test_the_old_vault_is_read_as_the_identity_that_the_vault_acts_with(front: Front, world: World) -> None:
    identity = f"{ELSEWHERE}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mover"
    world.cloud.user_identities[identity.lower()] = Identity(principal_id="p")
    stock(world, disks=1, points=1)
    body = vault_body(identity={"type": "UserAssigned", "userAssignedIdentities": {identity: {}}})
    assert front.put(VAULT_PATH, body).status in (200, 201)
    seen: set[str] = set()
    world.azure_backup.guard = lambda call, target: seen.add(world.azure_backup.acting)
    asked(front)
    assert seen == {identity.lower()}


def test_two_vaults_of_one_id_there_and_here_are_two(front: Front, world: World) -> None:
    """So that ids of instances stay as they were."""
    world.azure_backup.add(vault_json(VAULT))
    world.azure_backup.add(policy_json(vault=VAULT))
    disk = world.cloud.add_disk(disk_json("old-0"))
    instance = world.azure_backup.add(instance_json(disk.id, vault=VAULT))
    back_up(world, instance, disk, at=world.clock.now() - timedelta(hours=1))
    reply = front.post(DRY_RUN, {"sourceVaultId": VAULT.resource_id})
    assert [each["action"] for each in reply.json["value"]] == ["Import"]

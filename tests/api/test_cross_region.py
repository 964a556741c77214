"""Restores in another region over Azure's own requests, by Azure's own client and as `az` sends them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from backup_core.api.graph_query import SERVED, Table
from tests.api.bodies import (
    COPY_RULE_PATH,
    INSTANCE_PATH,
    POLICY_PATH,
    VAULT_PATH,
    backup_body,
    copy_rule_body,
    elsewhere_body,
    instance_body,
    policy_body,
    restore_body,
    together_body,
    vault_body,
)
from tests.api.front import Front, Naps, client
from tests.api.tenant import CONTRIBUTOR, SOMEBODY_ELSE, bearer, guarded
from tests.builders import TARGET_GROUP, VAULT, disk_id
from tests.workflows.platform import Platform

RG, V = VAULT.group, VAULT.name
NORTH = "northeurope"
HERE = f"{VAULT_PATH.partition('/backupVaults/')[0]}/locations"
SOURCE = {"sourceBackupInstanceId": INSTANCE_PATH, "sourceRegion": "westeurope"}
OF_VAULT = {"sourceBackupVaultId": VAULT_PATH, "sourceRegion": "westeurope"}
ACTIONS = {
    "crossRegionRestore": elsewhere_body(),
    "validateCrossRegionRestore": elsewhere_body(),
    "fetchSecondaryRecoveryPoints": SOURCE,
    "fetchCrossRegionRestoreJobs": OF_VAULT,
    "fetchCrossRegionRestoreJob": {**OF_VAULT, "jobId": "0" * 8},
}


@pytest.fixture
def copied(front: Front, platform: Platform) -> Front:
    """A protected disk with one recovery point, which has a whole copy in the north."""
    platform.world.cloud.region_copy_time = timedelta(seconds=5)
    for path, body in (
        (VAULT_PATH, vault_body()),
        (POLICY_PATH, policy_body()),
        (INSTANCE_PATH, instance_body()),
        (COPY_RULE_PATH, copy_rule_body()),
    ):
        assert front.put(path, body).status < 300
    platform.run(seconds=2)
    assert front.post(f"{INSTANCE_PATH}/backup", backup_body()).status == 202
    platform.run(minutes=3)
    assert [copy.is_whole for copy in platform.copies("instance-1")] == [True]
    return front


def test_the_whole_way_by_azures_own_client(copied: Front, platform: Platform, naps: Naps) -> None:
    sdk: Any = client(copied, naps)
    (copy,) = platform.copies("instance-1")
    (point,) = sdk.fetch_secondary_recovery_points.list(RG, NORTH, SOURCE)
    assert (point.name, point.properties.recovery_point_time) == (copy.point_id, copy.point_at)
    assert point.properties.expiry_time == copy.expires_at
    body = elsewhere_body(point.name)
    sdk.backup_instances.begin_validate_cross_region_restore(RG, NORTH, body).result()
    triggered = sdk.backup_instances.begin_trigger_cross_region_restore(RG, NORTH, body).result()
    platform.run(minutes=2)
    (job,) = sdk.fetch_cross_region_restore_jobs.list(RG, NORTH, OF_VAULT)
    assert triggered.job_id.endswith(job.name)
    one = sdk.fetch_cross_region_restore_job.get(RG, NORTH, {**OF_VAULT, "jobId": job.name})
    for shown in (job.properties, one.properties):
        assert (shown.status, shown.operation) == ("Completed", "Restore")
        assert shown.operation_category == "CrossRegionRestore"
        assert shown.data_source_location == "westeurope"
    assert one.properties.extended_info.source_recover_point.recovery_point_id == point.name
    assert one.properties.extended_info.additional_details["CopyLocation"] == NORTH
    target = body["restoreRequestObject"]["restoreTargetInfo"]["datasourceInfo"]["resourceID"]
    assert platform.world.cloud.get_disk(target).location == NORTH
    assert job.name in [each.name for each in sdk.jobs.list(RG, V)], "a job of the vault as any other"


def test_az_is_told_where_the_second_region_is(copied: Front) -> None:
    vault = copied.get(VAULT_PATH).json
    assert vault["properties"]["replicatedRegions"] == [NORTH]
    query = SERVED[Table.INSTANCES].opening
    reply = copied.post(
        "/providers/Microsoft.ResourceGraph/resources",
        {"subscriptions": [VAULT.subscription], "query": query, "options": {"resultFormat": "objectArray"}},
        query={"api-version": "2021-03-01"},
    )
    (row,) = reply.json["data"]
    told = row["properties"]["backupInstanceExtendedProperties"]
    assert (told["protectedPrimaryRegion"], told["protectedSecondaryRegion"]) == ("westeurope", NORTH)


def test_the_region_of_a_plain_restore_says_as_much(copied: Front, platform: Platform) -> None:
    assert copied.post(f"{INSTANCE_PATH}/restore", restore_body("latest", restoreLocation="North Europe")).status == 202
    platform.run(minutes=2)
    (job,) = copied.post(f"{HERE}/{NORTH}/fetchCrossRegionRestoreJobs", OF_VAULT).json["value"]
    assert job["properties"]["isCrossRegionRestore"] is True
    refused = copied.post(f"{INSTANCE_PATH}/restore", restore_body("latest", restoreLocation="eastus"))
    assert refused.status == 400
    assert "northeurope or westeurope" in refused.text


def test_several_are_restored_where_their_copies_lie(copied: Front, platform: Platform) -> None:
    body = together_body(recoveryPointTime="2036-01-01T00:00:00Z")
    for each in body["restores"]:
        each["restoreTargetInfo"]["restoreLocation"] = NORTH
    preview = copied.post(f"{VAULT_PATH}/previewRestoreTogether", body).json
    assert [each["restoreLocation"] for each in preview["restores"]] == [NORTH]
    assert preview["faults"] == []
    assert copied.post(f"{VAULT_PATH}/restoreTogether", body).status == 202
    platform.run(minutes=3)
    (made,) = [each for each in platform.world.cloud.made_disks if "again" in each]
    assert platform.world.cloud.get_disk(made).location == NORTH


def test_points_are_narrowed_by_time_and_only_whole_copies_are_told(copied: Front, platform: Platform) -> None:
    path = f"{HERE}/{NORTH}/fetchSecondaryRecoveryPoints"
    version = {"api-version": "2026-06-01"}
    for clause, count in (("startDate eq '2000-01-01T00:00:00Z'", 1), ("endDate eq '2000-01-01T00:00:00Z'", 0)):
        assert len(copied.post(path, SOURCE, query={**version, "$filter": clause}).json["value"]) == count
    assert copied.post(f"{HERE}/eastus/fetchSecondaryRecoveryPoints", SOURCE).json["value"] == []
    platform.world.cloud.region_copy_time = timedelta(hours=5)
    copied.post(f"{INSTANCE_PATH}/backup", backup_body())
    platform.run(minutes=3)
    assert len(platform.copies("instance-1")) == 2
    assert len(copied.post(path, SOURCE).json["value"]) == 1


@pytest.mark.parametrize("action", ACTIONS)
def test_every_fault_of_the_place_is_told(copied: Front, action: str) -> None:
    """Another group's vault, no such id, another region than the vault's, and the vault's own."""
    key = "sourceBackupVaultId" if "Job" in action else "sourceBackupInstanceId"
    inner = "crossRegionRestoreDetails." if "estore" in action and "Job" not in action else ""

    def sent(location: str = NORTH, **changes: Any) -> list[str]:
        body = dict(ACTIONS[action])
        if inner:
            body = elsewhere_body(restoreLocation=None)
            body["crossRegionRestoreDetails"] = {**SOURCE, **changes}
        else:
            body |= changes
        reply = copied.post(f"{HERE}/{location}/{action}", body)
        assert reply.status == 400, reply.text
        return [each["target"] for each in reply.error["details"] or [reply.error]]

    elsewhere = INSTANCE_PATH.replace(f"/resourceGroups/{RG}/", "/resourceGroups/another/")
    for wrong in (elsewhere, "web01", f"{INSTANCE_PATH}/recoveryPoints/x"):
        assert sent(**{key: wrong}) == [f"{inner}{key}"]
    assert sent(sourceRegion="eastus") == [f"{inner}sourceRegion"]
    assert sent(location="westeurope") == [f"{inner}sourceRegion"]
    assert set(sent(**{key: None, "sourceRegion": None})) == {f"{inner}{key}", f"{inner}sourceRegion"}


@pytest.mark.parametrize("action", ["crossRegionRestore", "validateCrossRegionRestore"])
def test_faults_of_the_restore_have_their_place_in_the_body(copied: Front, action: str) -> None:
    body = elsewhere_body("latest", targetDisk={"sku": "Floppy"}, recoveryOption="Overwrite")
    reply = copied.post(f"{HERE}/{NORTH}/{action}", body)
    start = "restoreRequestObject.restoreTargetInfo"
    assert [each["target"] for each in reply.error["details"]] == [f"{start}.recoveryOption"]
    reply = copied.post(f"{HERE}/{NORTH}/{action}", elsewhere_body("latest", targetDisk={"sku": "Floppy"}))
    assert [each["target"] for each in reply.error["details"]] == [f"{start}.targetDisk.sku"]
    reply = copied.post(f"{HERE}/{NORTH}/{action}", elsewhere_body("latest", restoreLocation="eastus"))
    assert [each["target"] for each in reply.error["details"]] == [f"{start}.restoreLocation"]
    reply = copied.post(f"{HERE}/{NORTH}/{action}", {"crossRegionRestoreDetails": SOURCE})
    assert reply.error["details"][0]["target"] == "restoreRequestObject"


@pytest.mark.parametrize("action", ACTIONS)
def test_what_is_not_there_is_not_found(copied: Front, action: str) -> None:
    absent = "sourceBackupVaultId" if "Job" in action else "sourceBackupInstanceId"
    gone = {absent: f"{VAULT_PATH}/backupInstances/none" if "Instance" in absent else f"{VAULT_PATH}-none"}
    body = dict(ACTIONS[action])
    if "crossRegionRestoreDetails" in body:
        body["crossRegionRestoreDetails"] = {**SOURCE, **gone}
    else:
        body |= gone
    assert copied.post(f"{HERE}/{NORTH}/{action}", body).status == 404
    if action == "fetchCrossRegionRestoreJob":
        home = copied.get(f"{VAULT_PATH}/backupJobs").json["value"][0]["name"]
        assert copied.post(f"{HERE}/{NORTH}/{action}", {**OF_VAULT, "jobId": home}).status == 404


def test_a_restore_that_azures_client_refuses_to_begin_says_why(copied: Front, naps: Naps) -> None:
    sdk: Any = client(copied, naps)
    with pytest.raises(HttpResponseError) as caught:
        sdk.backup_instances.begin_trigger_cross_region_restore(RG, "eastus", elsewhere_body(restoreLocation="eastus"))
    assert "no whole copy in eastus" in str(caught.value)


# --- Who may ---


@pytest.mark.parametrize("action", ACTIONS)
def test_nobody_reaches_by_the_body_what_is_closed_to_them(copied: Front, platform: Platform, action: str) -> None:
    """The disk that the instance protects, the group that its snapshots lie in, and that of its copies."""
    instance, (copy,) = platform.instance("instance-1"), platform.copies("instance-1")
    copied.post(f"{HERE}/{NORTH}/crossRegionRestore", elsewhere_body(target=disk_id("first", TARGET_GROUP)))
    platform.run(minutes=2)
    (job,) = copied.post(f"{HERE}/{NORTH}/fetchCrossRegionRestoreJobs", OF_VAULT).json["value"]
    body = {**ACTIONS[action], **({"jobId": job["name"]} if action.endswith("Job") else {})}
    sent = len(platform.world.queue.sent)
    for closed in (VAULT_PATH, instance.disk_id, instance.snapshot_group_id, copy.group_id):
        asked = guarded(platform.world, scopes={closed: [SOMEBODY_ELSE]})
        reply = asked.post(f"{HERE}/{NORTH}/{action}", body, headers=bearer(CONTRIBUTOR))
        hidden = reply.status == 200 and reply.json.get("value") == []
        assert hidden or reply.status in (403, 404), f"{closed}: {reply.text}"
        assert copy.snapshot_id not in reply.text
    assert len(platform.world.queue.sent) == sent


def test_a_plain_restore_and_several_do_not_reach_a_closed_copy_either(copied: Front, platform: Platform) -> None:
    (copy,) = platform.copies("instance-1")
    front = guarded(platform.world, scopes={copy.group_id: [SOMEBODY_ELSE]})
    target = disk_id("new", platform.instance("instance-1").snapshot_group_id and TARGET_GROUP)
    assert copy.group_id == TARGET_GROUP.text, "so another group takes the disks"
    elsewhere = target.replace(TARGET_GROUP.group, "open-rg")
    together = together_body(recoveryPointTime="2036-01-01T00:00:00Z")
    for each in together["restores"]:
        each["restoreTargetInfo"] |= {"restoreLocation": NORTH}
        each["restoreTargetInfo"]["datasourceInfo"]["resourceID"] = elsewhere
    request = restore_body("latest", target=elsewhere, restoreLocation=NORTH)
    for path, body in (
        (f"{INSTANCE_PATH}/restore", request),
        (f"{INSTANCE_PATH}/validateRestore", {"restoreRequestObject": request}),
        (f"{VAULT_PATH}/restoreTogether", together),
        (f"{VAULT_PATH}/previewRestoreTogether", together),
    ):
        reply = front.post(path, body, headers=bearer(CONTRIBUTOR))
        assert (reply.status, reply.error["code"]) == (403, "LinkedAuthorizationFailed"), f"{path}: {reply.text}"
        assert copy.snapshot_id not in reply.text
    home = restore_body("latest", target=elsewhere)
    assert front.post(f"{INSTANCE_PATH}/restore", home, headers=bearer(CONTRIBUTOR)).status == 202


def test_the_audit_log_of_the_vault_tells_of_it(copied: Front) -> None:
    copied.post(f"{HERE}/{NORTH}/crossRegionRestore", elsewhere_body())
    records = [each["properties"] for each in copied.get(f"{VAULT_PATH}/auditRecords").json["value"]]
    found = [each for each in records if each["action"].endswith("/crossRegionRestore/action")]
    assert [each["outcome"] for each in found] == ["Succeeded", "Attempted"]
    assert {each["path"] for each in found} == {f"{INSTANCE_PATH}/restore"}

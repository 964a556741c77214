"""The API's description: whole, valid, and true. That it is true of single answers, all other tests here prove too:
their client holds every answer to it (described.py). Here, that nothing is described that is never answered.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from backup_core.api import audit_records, standings
from backup_core.api.description import document
from backup_core.api.graph_query import SERVED, Table
from backup_core.api.openapi import bodies
from backup_core.api.routes import ROUTES
from backup_core.domain.alert import OpenAlert
from backup_core.domain.copying import CopyState, PointCopy, copies_of
from backup_core.domain.disk import Disk
from backup_core.domain.errors import CloudUnavailable
from backup_core.domain.guard import PROXY, Critical, request_id
from backup_core.domain.instance import DeletionPermit
from backup_core.domain.job import JobOperation
from backup_core.domain.policy import RELATIVE_CRITERIA
from backup_core.domain.surroundings import Identity
from backup_core.domain.vault import Vault
from backup_core.ports import Insert, Remove
from backup_core.workflows import adopting, catalogue, guards, importing, previews, protection_gaps
from backup_core.workflows.heartbeat import note
from backup_core.workflows.reconcile import reconcile
from tests.api.bodies import (
    COPY_RULE_PATH,
    GROUP_PATH,
    INSTANCE_PATH,
    PLAN_PATH,
    POLICY_PATH,
    RULE_PATH,
    VAULT_PATH,
    backup_body,
    copy_rule_body,
    disk_path,
    elsewhere_body,
    instance_body,
    plan_body,
    policy_body,
    restore_body,
    rule_body,
    together_body,
    vault_body,
)
from tests.api.described import ENDPOINTS, DescribedFront, described_places, validator
from tests.api.front import BASE, VERSION, Front, Services
from tests.api.standing import DAILY, GUARD_PATH, WORKING
from tests.api.tenant import Tenant, bearer, guarded, sign_in
from tests.api.test_brake import stopped as stopped_by_the_brake
from tests.builders import (
    SNAPSHOT_GROUP,
    SUBSCRIPTION,
    TARGET_GROUP,
    VAULT,
    disk_id,
    disk_json,
    machine_id,
    machine_json,
    point,
)
from tests.cases import every_case
from tests.fakes import World
from tests.origins import OLD, policy_json, stock
from tests.workflows.platform import Platform
from tests.workflows.scenes import SLOT, change_instance, change_point
from tests.workflows.test_copying import copied

SUBSCRIPTION_PATH = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.DataProtection"
LOCATION_PATH = f"{SUBSCRIPTION_PATH}/locations/westeurope"
FEATURE = {"objectType": "FeatureValidationRequest", "featureType": "DataSourceType"}
ALL_SETTINGS = {
    "monitoringSettings": {"azureMonitorAlertSettings": {"alertsForAllJobFailures": "Enabled"}},
    "securitySettings": {
        "softDeleteSettings": {"state": "On", "retentionDurationInDays": 14},
        "immutabilitySettings": {"state": "Disabled"},
    },
    "featureSettings": {
        "crossSubscriptionRestoreSettings": {"state": "Enabled"},
        "crossRegionRestoreSettings": {"state": "Disabled"},
    },
    "costManagementSettings": {"granularityLevel": "VaultLevel"},
    "storageSettings": [{"datastoreType": "OperationalStore", "type": "LocallyRedundant"}],
}
IDENTITY_ID = f"{SNAPSHOT_GROUP.text}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/backup"
NAMED_IDENTITY = {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY_ID: {}}}
_LISTED = (
    "backupAlerts",
    "refusedEvents",
    "backupPolicies",
    "backupInstances",
    "backupJobs",
    "auditRecords",
    "protectionRules",
    "restoreTestPlans",
)


# ---------------------------------------------------------------- the document


def test_it_is_served_with_the_address_that_it_was_asked_at() -> None:
    reply = Front(World()).send("GET", "/openapi.json", query={})
    assert reply.status == 200
    assert reply.json == {**document(), "servers": [{"url": BASE}]}


def test_it_is_served_to_anyone_since_it_tells_nothing_of_what_is_kept() -> None:
    assert guarded(World()).send("GET", "/openapi.json", query={}).status == 200


def test_it_is_valid_openapi() -> None:
    validate(dict(document()))


def test_every_method_of_every_route_is_described_and_nothing_more() -> None:
    described = {
        (path, method.upper())
        for path, item in document()["paths"].items()
        for method in item
        if method != "parameters"
    }
    assert described == {(f"/{route.template}", method) for route in ROUTES for method in route.endpoints}


def test_no_two_operations_have_one_id() -> None:
    ids = [endpoint.id for endpoint in ENDPOINTS.values()]
    assert len(set(ids)) == len(ids)


def test_every_name_in_a_path_is_a_parameter_and_the_api_version_is_needed() -> None:
    for path, item in document()["paths"].items():
        assert [each["name"] for each in item["parameters"]] == re.findall(r"\{(\w+)\}", path)
        for method in set(item) - {"parameters"}:
            queried = {each["name"]: each.get("required", False) for each in item[method]["parameters"]}
            assert queried.get("api-version") is (None if path in ("/openapi.json", "/health/live") else True)


def test_every_schema_is_used_and_every_one_that_is_used_is_there() -> None:
    used = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document())))
    assert used == set(document()["components"]["schemas"])


@every_case("name", document()["components"]["schemas"])
def test_every_schema_is_a_sound_schema(name: str) -> None:
    Draft202012Validator.check_schema(document()["components"]["schemas"][name])


def test_describing_needs_nothing_but_what_the_app_has_loaded_and_the_standard_library() -> None:
    code = (
        "import sys, backup_core.api.answering, backup_core.workflows.catalogue\n"
        "before = set(sys.modules)\n"
        "from backup_core.api.description import document\n"
        "assert document()['paths']\n"
        "print(*(name for name in set(sys.modules) - before))\n"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    foreign = {name.split(".")[0] for name in loaded} - set(sys.stdlib_module_names)
    assert foreign <= {"backup_core"}


# ---------------------------------------------------------------- what is sent

# Beside what works in the scene.
MORE: dict[str, Any] = {
    "BackupVaultInput": vault_body(properties=ALL_SETTINGS),
    "BackupVaultPatch": {"tags": None, "properties": {}},
    "ProtectionRuleInput": rule_body(excludedIds=[SNAPSHOT_GROUP.text], enabled=False),
    "RestoreTestPlanInput": plan_body(recoveryPoint="Random", windowDays=7, diskSku="Standard_LRS", enabled=False),
    "RestoreTestEstimateRequest": {**plan_body(), "hourlyPrices": {"P10 LRS Disk": 0.03}},
    "PolicyPreviewRequest": {**policy_body(), "days": 40, "slots": 3, "dates": ["2026-03-02T00:00:00Z"]},
    "PolicyChangePreviewRequest": {**policy_body(), "backupInstanceName": "instance-1"},
    "QuotaRequest": {"days": 30, "copyHours": 1},
    "PolicyQuotaRequest": {**policy_body(), "days": 30, "moreDisks": 2, "subscriptionId": SUBSCRIPTION},
    "CostRequest": {**policy_body(), "usedBytes": 1, "changedBytes": 0, "changedWithin": "PT1H", "includeBilled": True},
    "PolicyCostRequest": {"usedBytes": 1, "disks": 2, "pricePerGibMonth": 0.04, "redundancy": "Standard_LRS"},
    "RestoreRequest": restore_body("0" * 32, targetDisk={"sku": "Premium_LRS", "zones": ["1"], "sizeGB": 8}),
    "FeatureValidationRequest": FEATURE,
    "FindRestorableTimeRangesRequest": {"sourceDataStoreType": "OperationalStore", "startTime": "2033-06-16T01:00:00"},
    "NothingNeeded": {"resourceGuardOperationRequests": []},
}


@every_case(("name", "body"), [*WORKING.items(), *MORE.items()])
def test_what_clients_send_is_as_described(name: str, body: Any) -> None:
    components = {"schemas": bodies.schemas()}
    schema = Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": components})
    assert [error.message for error in schema.iter_errors(body)] == []


# ---------------------------------------------------------------- what is answered


@pytest.fixture(scope="module")
def told() -> DescribedFront:
    """A front that has answered everything once."""
    platform = Platform()
    platform.world.cloud.add_disk(disk_json())
    front = DescribedFront(platform.world)
    _configure(front, platform)
    assert front.put(COPY_RULE_PATH, copy_rule_body()).status == 200
    _back_up_and_restore(front, platform)
    _restore_elsewhere(front, platform)
    _test_restores(front, platform)
    _pause_and_validate(front, platform)
    _fail(front, platform)
    _move_in(front, platform)
    _adopt(front, platform)
    _expire_under_a_lock(front, platform)
    _rule(front)
    _copy(front, platform)
    _preview(front)
    with pytest.MonkeyPatch.context() as limits:
        for module in (catalogue, audit_records, standings):
            limits.setattr(module, "PAGE_SIZE", 1)
        for module in (previews, protection_gaps):
            limits.setattr(module, "INSTANCES_A_PAGE", 1)
        limits.setattr(protection_gaps, "DISKS_A_PAGE", 1)
        for path in (
            f"{SUBSCRIPTION_PATH}/unprotectedDisks",
            f"{VAULT_PATH}/protectionGaps",
            f"{VAULT_PATH}/backupInstanceStandings",
        ):
            while path:
                path = front.get(path).json.get("nextLink")
        front.post(f"{POLICY_PATH}/previewChange", policy_body(retention="P3D"))
        _list(front)
        _delete(front, platform)
    _ask_around(front)
    _ask_how_things_stand(front)
    _guard(front)
    _brake(front)
    return front


def _configure(front: DescribedFront, platform: Platform) -> None:
    identity = {"type": "None", "userAssignedIdentities": None}
    front.put(VAULT_PATH, vault_body(identity=identity, properties=ALL_SETTINGS))
    front.world.cloud.user_identities[IDENTITY_ID.lower()] = Identity()
    front.send("PATCH", VAULT_PATH, {"tags": {"a": "b"}, "identity": NAMED_IDENTITY})
    rich = policy_body(tags={"Daily": ("FirstOfDay", "P14D")}, time_zone="UTC")
    (backup, *_) = rich["properties"]["policyRules"]
    backup["trigger"]["taggingCriteria"][0]["criteria"][0] |= {name: [] for name in RELATIVE_CRITERIA}
    rich["properties"]["policyRules"][1]["lifecycles"][0]["targetDataStoreCopySettings"] = []
    front.put(POLICY_PATH, rich)
    front.get(POLICY_PATH)
    chosen = {"useSystemAssignedIdentity": False, "userAssignedIdentityArmUrl": IDENTITY_ID}
    reply = front.put(INSTANCE_PATH, instance_body(identityDetails=chosen))
    follow(front, reply)
    for kind in ("operationResults", "backupInstances/instance-1/operationResults"):
        front.get(f"{VAULT_PATH}/{kind}/{operation_of(reply)}")
    platform.run(seconds=2)
    follow(front, reply)
    for kind in ("operationResults", "backupInstances/instance-1/operationResults"):
        front.get(f"{VAULT_PATH}/{kind}/{operation_of(reply)}")
    for location in ("", "locations/westeurope/"):
        front.get(f"{GROUP_PATH}/{location}operationStatus/{operation_of(reply)}")
        front.get(f"{SUBSCRIPTION_PATH}/locations/westeurope/operationStatus/{operation_of(reply)}")


def _back_up_and_restore(front: DescribedFront, platform: Platform) -> None:
    change_instance(platform, "instance-1", missed_slots=(SLOT,), missed_count=1)
    follow(front, front.post(f"{INSTANCE_PATH}/backup", backup_body()))
    platform.run(minutes=2)
    (point,) = front.get(f"{INSTANCE_PATH}/recoveryPoints").json["value"]
    front.get(f"{INSTANCE_PATH}/recoveryPoints/{point['name']}")
    follow(front, front.post(f"{INSTANCE_PATH}/restore", restore_body(point["name"])))
    platform.run(minutes=2)
    _restore_together(front, platform)
    _swap(front, platform)
    for job in front.get(f"{VAULT_PATH}/backupJobs").json["value"]:
        front.get(f"{VAULT_PATH}/backupJobs/{job['name']}")
    front.post(f"{INSTANCE_PATH}/findRestorableTimeRanges", {"sourceDataStoreType": "OperationalStore"})


def _restore_together(front: DescribedFront, platform: Platform) -> None:
    """Of a machine two disks, and one whose name is taken."""
    (known,) = platform.points("instance-1")
    machine = {**known.disk, "managedBy": disk_id("vm-1").replace("/disks/", "/virtualMachines/")}
    change_point(platform, known.point_id, "instance-1", disk=machine)
    twice = together_body("instance-1", "instance-1")
    assert front.post(f"{VAULT_PATH}/previewRestoreTogether", twice).json["faults"]
    follow(front, front.post(f"{VAULT_PATH}/restoreTogether", together_body()))
    platform.run(minutes=2)


def _swap(front: DescribedFront, platform: Platform) -> None:
    """A data disk, there and back; and one of which much is wrong."""
    platform.world.swaps_disks = True
    platform.world.cloud.add_machine(machine_json(data_disks={0: disk_id("disk-1")}))
    new = {"diskId": disk_id("instance-1-again", TARGET_GROUP)}
    body = {"virtualMachineId": machine_id(), "disks": [new]}
    assert front.post(f"{VAULT_PATH}/previewSwapDisks", {**body, "disks": [{"diskId": disk_id("x")}]}).json["faults"]
    assert front.post(f"{VAULT_PATH}/previewSwapDisks", body).json["swaps"]
    begun = front.post(f"{VAULT_PATH}/swapDisks", body)
    follow(front, begun)
    platform.run(minutes=2)
    (job,) = [job for job in platform.jobs() if job.operation is JobOperation.SWAP]
    follow(front, front.post(f"{VAULT_PATH}/swapDisks/{job.job_id}/undo"))
    platform.run(minutes=2)
    front.get(f"{VAULT_PATH}/backupJobs/{job.job_id}")


def _pause_and_validate(front: DescribedFront, platform: Platform) -> None:
    for action in ("resumeProtection", "stopProtection", "resumeProtection", "suspendBackups", "sync", "resumeBackups"):
        follow(front, front.post(f"{INSTANCE_PATH}/{action}"))
        platform.run(seconds=2)
    front.post(f"{INSTANCE_PATH}/resumeBackups")
    front.post(f"{INSTANCE_PATH}/sync")
    platform.run(seconds=2)
    platform.world.cloud.add_disk(disk_json("disk-2"))
    properties = instance_body(disk_id("disk-2"))["properties"]
    assert front.post(f"{VAULT_PATH}/validateForBackup", {"backupInstance": properties}).status == 202
    change = {"backupInstance": instance_body()["properties"]}
    assert front.post(f"{INSTANCE_PATH}/validateForModifyBackup", change).status == 202
    restore = {
        "restoreRequestObject": restore_body("latest", target=f"{disk_id('new')}".replace("disks-rg", "restored-rg"))
    }
    assert front.post(f"{INSTANCE_PATH}/validateRestore", restore).status == 202


def _fail(front: DescribedFront, platform: Platform) -> None:
    """An instance that cannot be configured, a job that fails, and requests that are refused."""
    absent = f"{VAULT_PATH}/backupInstances/absent-1"
    reply = front.put(absent, instance_body(disk_id("absent")))
    platform.run(minutes=2)
    follow(front, reply)
    front.get(absent)
    front.get(f"{VAULT_PATH}/operationResults/{operation_of(reply)}")
    front.put(POLICY_PATH, {"properties": {}})
    front.get(f"{VAULT_PATH}/backupJobs")
    front.delete(POLICY_PATH)
    platform.world.faults.fail("store.get", CloudUnavailable("no answer"))
    front.get(VAULT_PATH)


def _expire_under_a_lock(front: DescribedFront, platform: Platform) -> None:
    path = f"{VAULT_PATH}/backupInstances/locked-1"
    front.put(f"{VAULT_PATH}/backupPolicies/short", policy_body(retention="PT2M", intervals=DAILY))
    platform.world.cloud.add_disk(disk_json("locked"))
    platform.world.events.refused_types.add("DiskBackup.Job.Completed")
    front.put(path, instance_body(disk_id("locked"), policy="short"))
    platform.run(seconds=2)
    for _ in range(2):
        front.post(f"{path}/backup", backup_body())
        platform.run(minutes=1)
    platform.world.cloud.locks.add(SNAPSHOT_GROUP.key)
    platform.run(minutes=30)
    platform.world.cloud.locks.clear()
    front.get(f"{VAULT_PATH}/backupJobs")
    for alert in front.get(f"{VAULT_PATH}/backupAlerts").json["value"]:
        front.get(alert["id"])
        front.post(f"{alert['id']}/acknowledge")
    platform.world.events.refused_types.clear()


def _rule(front: DescribedFront) -> None:
    excluded = {"excludedTags": [{"name": "no-backup"}], "excludedIds": [disk_id("disk-9")]}
    for name in ("rule-1", "rule-2"):
        front.put(f"{VAULT_PATH}/protectionRules/{name}", rule_body(**excluded))
    front.get(RULE_PATH)
    front.post(f"{RULE_PATH}/dryRun")


def _test_restores(front: DescribedFront, platform: Platform) -> None:
    for name in ("plan-1", "plan-2"):
        front.put(f"{VAULT_PATH}/restoreTestPlans/{name}", plan_body(diskSku="Standard_LRS"))
    front.get(PLAN_PATH)
    front.post(f"{PLAN_PATH}/estimate", {"hourlyPrices": {"S10 LRS Disk": 0.01}})
    front.post(f"{PLAN_PATH}/run")
    platform.run(minutes=2)
    for job in front.get(f"{VAULT_PATH}/backupJobs").json["value"]:
        front.get(f"{VAULT_PATH}/backupJobs/{job['name']}")


def _copy(front: DescribedFront, platform: Platform) -> None:
    key = f"{TARGET_GROUP.text}/providers/Microsoft.Compute/diskEncryptionSets/north-key"
    platform.world.cloud.add_encryption_set(key, location="northeurope")
    assert front.put(COPY_RULE_PATH, copy_rule_body(diskEncryptionSetId=key)).status == 200
    front.get(COPY_RULE_PATH)
    front.get(f"{VAULT_PATH}/copyRules")
    now = platform.world.clock.now()
    told: dict[str, Any] = {"because": "no", "not_before": now, "expiry_blocked": "no", "completed_at": now}
    newest = platform.points("instance-1")[0]
    (stored,) = [stored for stored in [platform.world.store.get(Vault, VAULT)] if stored is not None]
    instance = platform.instance("instance-1")
    (copy,) = copies_of(VAULT, instance, replace(newest, tag_name="Default", created_at=now), stored.value.copy_rules)
    other = replace(copy, copy_id="0" * 32, snapshot_id="/s", **told)
    platform.world.store.commit(VAULT, [Insert(other), Insert(replace(copy, state=CopyState.LOST))])
    copies = f"{INSTANCE_PATH}/recoveryPointCopies"
    front.get(copies)
    with pytest.MonkeyPatch.context() as limits:
        limits.setattr(catalogue, "PAGE_SIZE", 1)
        front.get(copies)
    assert [front.delete(COPY_RULE_PATH).status for _ in range(2)] == [200, 204]
    for each in (other, copy):
        found = platform.world.store.get(PointCopy, VAULT, "instance-1", each.copy_id)
        assert found is not None
        platform.world.store.commit(VAULT, [Remove(found)])


def _restore_elsewhere(front: DescribedFront, platform: Platform) -> None:
    platform.run(minutes=4)
    assert any(copy.is_whole for copy in platform.copies("instance-1"))
    here = f"{GROUP_PATH}/locations/northeurope"
    front.post(f"{here}/fetchSecondaryRecoveryPoints", WORKING["FetchSecondaryRPsRequest"])
    body = elsewhere_body(target=disk_id("elsewhere-1", TARGET_GROUP))
    for action in ("validateCrossRegionRestore", "crossRegionRestore"):
        assert front.post(f"{here}/{action}", body).status == 202
    platform.run(seconds=20)
    asked = WORKING["CrossRegionRestoreJobsRequest"]
    (job,) = front.post(f"{here}/fetchCrossRegionRestoreJobs", asked).json["value"]
    assert front.post(f"{here}/fetchCrossRegionRestoreJob", {**asked, "jobId": job["name"]}).status == 200
    assert front.delete(COPY_RULE_PATH).status == 200


def _preview(front: DescribedFront) -> None:
    keeps_too_much = policy_body(intervals=["R/2026-03-01T00:00:00/PT1H"], retention="P40D", time_zone="Europe/Berlin")
    front.post(f"{POLICY_PATH}/preview", {**keeps_too_much, "startTime": "2026-03-28T12:00:00Z", "slots": 20})
    for more in ({}, {"backupInstanceName": "instance-1"}):
        front.post(f"{POLICY_PATH}/previewChange", {**keeps_too_much, **more})
    front.get(f"{INSTANCE_PATH}/recoveryPoints", query={**VERSION, "$expand": "retention"})
    front.post(f"{SUBSCRIPTION_PATH}/locations/westeurope/forecastQuotas")
    front.post(f"{POLICY_PATH}/forecastQuotas", {**keeps_too_much, "moreDisks": 1})
    known = {"usedBytes": 1 << 36, "changedBytes": 1 << 30}
    for body in ({"usedBytes": 1}, {**keeps_too_much, **known, "location": "eastus", "disks": 2}):
        front.post(f"{POLICY_PATH}/estimateCost", body)
    for body in ({"includeBilled": True}, {**known, "pricePerGibMonth": 0.04}):
        front.post(f"{INSTANCE_PATH}/estimateCost", body)


def _move_in(front: DescribedFront, platform: Platform) -> None:
    """A vault in which not all can come over; first all of it, then a page that is not the last."""
    first, _ = stock(platform.world, disks=2, points=2)
    platform.world.azure_backup.add(policy_json("broken", intervals=()))
    platform.world.azure_backup.instances[OLD.resource_id.lower()][first]["properties"]["currentProtectionState"] = "?"
    platform.world.cloud.lose_snapshot(next(each for each in platform.world.cloud.snapshot_ids() if "AzureB" in each))
    assert front.post(f"{VAULT_PATH}/dryRunImport", {"sourceVaultId": OLD.resource_id}).status == 200
    for action in ("importVault", "finishImport", "undoImport"):
        follow(front, front.post(f"{VAULT_PATH}/{action}", {"sourceVaultId": OLD.resource_id}))
        platform.run(minutes=5)
    with pytest.MonkeyPatch.context() as limits:
        limits.setattr(importing, "LOOKS_A_PAGE", 1)
        front.post(f"{VAULT_PATH}/dryRunImport", {"sourceVaultId": OLD.resource_id.upper()})


def _adopt(front: DescribedFront, platform: Platform) -> None:
    """Two scripts' snapshots, of which one does not come over; first both, then a page that is not the last."""
    for number, name in enumerate(("disk-1", "disk-9")):
        snapshot = f"{SNAPSHOT_GROUP.text}/providers/Microsoft.Compute/snapshots/nightly-{number}"
        platform.world.cloud.add_snapshot(snapshot, source=Disk(raw=disk_json(name)))
    body = {"sourceScope": SNAPSHOT_GROUP.text, "namePattern": "nightly-*", "retentionDuration": "P30D"}
    assert front.post(f"{VAULT_PATH}/dryRunAdoption", body).status == 200
    for action in ("adoptSnapshots", "undoAdoption"):
        follow(front, front.post(f"{VAULT_PATH}/{action}", body))
        platform.run(minutes=3)
    with pytest.MonkeyPatch.context() as limits:
        limits.setattr(adopting, "DISKS_A_PAGE", 1)
        front.post(f"{VAULT_PATH}/dryRunAdoption", {**body, "createdFrom": "2020-01-01T00:00:00Z"})


def _list(front: DescribedFront) -> None:
    front.put(f"{VAULT_PATH}x", vault_body(identity=NAMED_IDENTITY))
    for path in (
        f"{GROUP_PATH}/backupVaults",
        f"{SUBSCRIPTION_PATH}/backupVaults",
        f"{SUBSCRIPTION_PATH}/auditRecords",
        f"{GROUP_PATH.partition('/providers/')[0]}/resources",
        *(f"{VAULT_PATH}/{kind}" for kind in _LISTED),
        f"{VAULT_PATH}/backupInstances/locked-1/recoveryPoints",
    ):
        front.get(path)


def _delete(front: DescribedFront, platform: Platform) -> None:
    for _ in range(2):
        front.delete(RULE_PATH)
        front.delete(PLAN_PATH)
    now = platform.world.clock.now()
    older = point("instance-1", at=now - timedelta(hours=5), expires_at=now + timedelta(days=9))
    platform.world.store.commit(VAULT, [Insert(older)])
    path = f"{INSTANCE_PATH}/recoveryPoints/{older.point_id}"
    assert [front.delete(path).status, front.post(f"{path}/undelete").status] == [200, 200]
    for place, made in ((path, 200), (INSTANCE_PATH, 201), (VAULT_PATH, 201)):
        holds = f"{place}/legalHolds"
        assert front.put(f"{holds}/case-17", {"properties": {"reason": "a court asked for it"}}).status == made
        assert [front.get(holds).status, front.get(f"{holds}/case-17").status] == [200, 200]
        assert [front.delete(f"{holds}/case-17").status, front.delete(f"{holds}/none").status] == [200, 204]
    platform.world.clock.advance(days=1)  # they have ended
    for name in ("absent-1", "locked-1", "instance-1", "never"):
        follow(front, front.delete(f"{VAULT_PATH}/backupInstances/{name}"))
        platform.run(minutes=1)
    off = {"securitySettings": {"softDeleteSettings": {"state": "Off"}}}
    assert "pendingWeakening" in front.send("PATCH", VAULT_PATH, {"properties": off}).json["properties"]
    front.get(f"{VAULT_PATH}/deletedBackupInstances")
    front.get(f"{VAULT_PATH}/deletedBackupInstances/instance-1")
    undelete, now = f"{VAULT_PATH}/deletedBackupInstances/instance-1/undelete", platform.world.clock.now()
    change_instance(platform, "instance-1", deletion=DeletionPermit(holder="another", until=now))
    assert front.post(undelete).status == 202
    platform.run(minutes=1)
    front.delete(f"{VAULT_PATH}/backupInstances/instance-1")
    assert front.post(undelete).status == 200
    front.put(f"{VAULT_PATH}/backupPolicies/unused", policy_body())
    for _ in range(2):
        front.delete(f"{VAULT_PATH}/backupPolicies/unused")
    other = VAULT_PATH.replace("vault-1", "vault-2")
    front.put(other, vault_body())
    follow(front, front.delete(other))
    front.delete(other)


def _ask_around(front: DescribedFront) -> None:
    tags = f"{VAULT_PATH}/providers/Microsoft.Resources/tags/default"
    front.put(tags, {"properties": {"tags": {"team": "blue"}}})
    front.send("PATCH", tags, {"operation": "Merge", "properties": {"tags": {"cost": "7"}}})
    subscription = SUBSCRIPTION_PATH.partition("/providers/")[0]
    group = GROUP_PATH.partition("/providers/")[0]
    for path in (
        VAULT_PATH,
        tags,
        "/tenants",
        f"{subscription}/resources",
        f"{group}/resources",
        f"{subscription}/providers",
        SUBSCRIPTION_PATH,
        "/providers/Microsoft.DataProtection",
        INSTANCE_PATH,
        f"{VAULT_PATH}/backupJobs/operations/x",
        f"{LOCATION_PATH}/deletedVaults",
        f"{LOCATION_PATH}/deletedVaults/vault-1",
        "/providers/Microsoft.DataProtection/operations",
        "/subscriptions",
        "/openapi.json",
        disk_path(),
    ):
        front.get(path)
    front.delete(tags)
    front.post(f"{SUBSCRIPTION_PATH}/register")
    front.post(f"{VAULT_PATH}/exportBackupJobs")
    front.post(f"{LOCATION_PATH}/checkFeatureSupport", FEATURE)
    _ask_resource_graph(front)
    for name in ("vault-1", "!", "new-vault"):
        body = {"name": name, "type": "Microsoft.DataProtection/backupVaults"}
        front.post(f"{GROUP_PATH}/locations/westeurope/checkNameAvailability", body)


def _ask_resource_graph(front: DescribedFront) -> None:
    """In pages, and as a table."""
    front.put(f"{VAULT_PATH}-2", vault_body())
    query = {"query": SERVED[Table.VAULTS].opening}
    for options in ({"$top": 1}, {"resultFormat": "table"}):
        front.post("/providers/Microsoft.ResourceGraph/resources", {**query, "options": options})


def _ask_how_things_stand(front: DescribedFront) -> None:
    """The scene's own vault is empty by now; this one has a disk with a backup of its own."""
    platform = Platform()
    other = DescribedFront(platform.world)
    other.get("/health/live", query={})
    platform.protect()
    copied(platform)
    platform.run(hours=4)
    note(platform.world.ports, {"reconcile": platform.world.clock.now()})
    other.get("/health/live", query={})
    other.put(PLAN_PATH, plan_body(backupInstances=["disk-1"], diskSku="Standard_LRS"))
    other.post(f"{PLAN_PATH}/run")
    platform.world.cloud.spoil_disk = lambda raw: raw.update(sku={"name": "Premium_LRS"})
    platform.run(minutes=2)
    before = platform.instance()
    unbound = OpenAlert(cause=f"CopyNotBound.{before.copy_standings[0].lane}", raised_at=SLOT, told_at=SLOT)
    change_instance(platform, alerts=(unbound,))
    for path in (VAULT_PATH, SUBSCRIPTION_PATH, "/providers/Microsoft.DataProtection"):
        other.get(f"{path}/health")
    change_instance(platform, alerts=before.alerts)
    for path in (VAULT_PATH, SUBSCRIPTION_PATH):
        other.get(f"{path}/complianceReport")
    reconcile(platform.world.ports)
    for path in (VAULT_PATH, "/providers/Microsoft.DataProtection"):
        other.get(f"{path}/storageHistory")
    platform.world.clock.advance(seconds=86_400)  # what was billed is known a day later
    other.post(f"{VAULT_PATH}/backupInstances/disk-1/estimateCost", {"includeBilled": True})
    known = {"usedBytes": 2, "changedBytes": 1, "copyPricePerGibMonth": 0.05, "transferPricePerGib": 0.02}
    other.post(f"{VAULT_PATH}/backupInstances/disk-1/estimateCost", known)
    front.seen |= other.seen
    front.met |= other.met


def _guard(front: DescribedFront) -> None:
    """Two people, in a vault of their own."""
    world = Platform().world
    other = DescribedFront(world, services=Services(world, sign_in, Tenant().documents))
    ada, ben = bearer("Backup.Contributor"), bearer("Backup.Contributor", oid=SUBSCRIPTION)
    proxy, lists = f"{VAULT_PATH}/backupResourceGuardProxies/{PROXY}", (SUBSCRIPTION_PATH, GROUP_PATH)
    unmapping = {"resourceGuardOperationRequests": [request_id(GUARD_PATH, Critical.UNMAP)]}
    other.put(GUARD_PATH, WORKING["ResourceGuardInput"], headers=ada)
    other.put(f"{GUARD_PATH}2", {"location": "westeurope"}, headers=ada)
    other.send("PATCH", GUARD_PATH, {"tags": {"team": "blue"}}, headers=ada)
    other.put(proxy, WORKING["ResourceGuardProxyInput"], headers=ada)
    kind = f"{GUARD_PATH}/{Critical.STOP.request}"
    with pytest.MonkeyPatch.context() as limits:
        limits.setattr(guards, "PAGE_SIZE", 1)
        for path in (*(f"{each}/resourceGuards" for each in lists), GUARD_PATH, kind, f"{kind}/default"):
            other.get(path, headers=ada)
    for path in (proxy, proxy.rpartition("/")[0], VAULT_PATH):
        other.get(path, headers=ada)
    assert other.send("DELETE", proxy, headers=ada).status == 403
    other.post(f"{proxy}/unlockDelete", unmapping, headers=ben)
    for path in (proxy, GUARD_PATH):
        for _ in range(2):
            other.send("DELETE", path, headers=ada)
    front.seen |= other.seen
    front.met |= other.met


def _brake(front: DescribedFront) -> None:
    """Two people, too: what one deletes waits, until the other lets it go."""
    platform = stopped_by_the_brake()
    world, path = platform.world, f"{VAULT_PATH}/deletionBrake"
    other = DescribedFront(world, services=Services(world, sign_in, Tenant().documents))
    ben = bearer("Backup.Contributor", oid=SUBSCRIPTION)
    batch = other.get(path, headers=ben).json["properties"]["batch"]["batchId"]
    other.post(f"{path}/goOn", {"batchId": batch, "reason": "the disk is gone"}, headers=ben)
    settings = {"deletionBrakeSettings": {"sharePercent": 5}}
    other.send("PATCH", VAULT_PATH, {"properties": {"securitySettings": settings}}, headers=ben)
    front.seen |= other.seen
    front.met |= other.met


def follow(front: Front, reply: Any) -> None:
    """Look where the answer's headers lead."""
    assert reply.status < 300, reply.text
    for name in ("Azure-AsyncOperation", "Location"):
        if name in reply.headers:
            front.get(reply.headers[name])


def operation_of(reply: Any) -> str:
    url: str = reply.headers["Azure-AsyncOperation"]
    return url.partition("?")[0].rpartition("/")[2]


def test_every_described_success_is_really_answered(told: DescribedFront) -> None:
    described = {f"{key} {status}" for key, endpoint in ENDPOINTS.items() for status in endpoint.answers}
    assert described - told.met == set()


def test_every_described_field_is_really_answered(told: DescribedFront) -> None:
    assert described_places() - told.seen == set()


# ---------------------------------------------------------------- the tests' own eyes


@pytest.mark.parametrize("change", ["more", "fewer", "other"])
def test_an_answer_that_is_not_as_described_is_found(told: DescribedFront, change: str) -> None:
    vault = told.get(VAULT_PATH).json
    assert list(validator("BackupVaultResource").iter_errors(vault)) == []
    if change == "more":
        vault["properties"]["securitySettings"]["invented"] = 1
    elif change == "fewer":
        del vault["properties"]["securitySettings"]
    else:
        vault["location"] = None
    assert len(list(validator("BackupVaultResource").iter_errors(vault))) == 1

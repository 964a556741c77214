"""A world that stands still: each request meets a copy of it, so that thousands of requests can be told apart, and one
that is refused shows whether it left everything as it was.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any

from backup_core.api.endpoints import Route
from backup_core.api.graph_query import SERVED, Table
from backup_core.domain.brake import Batch, Brake
from backup_core.domain.guard import OPERATIONS, PROXY, Critical, request_id
from backup_core.domain.job import JobOperation
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.ports import Insert, Memory, every
from backup_core.workflows.guards import map_guard
from tests.api.bodies import (
    COPY_RULE_PATH,
    INSTANCE_PATH,
    PLAN_PATH,
    POLICY_PATH,
    RULE_PATH,
    VAULT_PATH,
    backup_body,
    copy_rule_body,
    elsewhere_body,
    instance_body,
    plan_body,
    policy_body,
    restore_body,
    rule_body,
    together_body,
    vault_body,
)
from tests.api.front import Front, Reply, Services
from tests.api.tenant import Tenant, bearer, sign_in
from tests.builders import (
    SNAPSHOT_GROUP,
    SUBSCRIPTION,
    TARGET_GROUP,
    VAULT,
    disk_id,
    disk_json,
    machine_id,
    machine_json,
)
from tests.fakes import World
from tests.origins import OLD, stock
from tests.workflows.platform import Platform

# What the names in paths are, so that they lead to what exists in `scene`. Any other name does not exist there.
NAMES = {
    "subscription": SUBSCRIPTION,
    "group": VAULT.group,
    "vault": VAULT.name,
    "policy": "policy-1",
    "rule": "rule-1",
    "plan": "plan-1",
    "copyrule": "north",
    "instance": "instance-1",
    "location": "northeurope",
    "disk": "disk-1",
    "guard": "guard-1",
    "proxy": PROXY,
    "requests": Critical.STOP.request,
    "request": "default",
}
GUARD_PATH = f"{VAULT_PATH.partition('/backupVaults/')[0]}/resourceGuards/guard-1"
ALL_BUT_ITSELF = [each for each in OPERATIONS if each != Critical.UNMAP.value]
# The job of the restore from a copy in `scene`, where time is always the same.
RESTORED_ELSEWHERE = "fe635235-b42f-5c70-1132-989062c468dd"
DAILY = ("R/2026-03-01T00:00:00+00:00/P1D",)  # a forecast of a year takes its time for each slot
FEATURE = {"objectType": "FeatureValidationRequest", "featureType": "DataSourceType", "featureName": "x"}
# A body that works in `scene`, for every operation that takes one and by its name in the description.
WORKING: Mapping[str, Any] = {
    "BackupVaultInput": vault_body(),
    "BackupVaultPatch": {key: value for key, value in vault_body().items() if key != "location"},
    "BackupPolicyInput": policy_body(intervals=DAILY, tags={"Daily": ("FirstOfDay", "P14D")}),
    "BackupInstanceInput": instance_body(),
    "ValidateForBackupRequest": {"backupInstance": instance_body(disk_id("disk-2"))["properties"]},
    "ValidateForModifyBackupRequest": {"backupInstance": instance_body()["properties"]},
    "PolicyPreviewRequest": {"days": 40, "slots": 3, "startTime": "2026-03-02T00:00:00Z"},
    "PolicyChangePreviewRequest": {**policy_body(intervals=DAILY, retention="P3D"), "dates": ["2026-03-20T00:00:00Z"]},
    "QuotaRequest": {"days": 30},
    "PolicyQuotaRequest": {"days": 30, "moreDisks": 2, "copyHours": 1},
    "CostRequest": {"days": 30, "usedBytes": 1 << 36, "changedBytes": 1 << 30},
    "PolicyCostRequest": {"days": 30, "usedBytes": 1 << 36, "changedBytes": 1 << 30, "disks": 3},
    "TriggerBackupRequest": backup_body(tag="Default"),
    "RestoreRequest": restore_body("latest", targetDisk={"sku": "Premium_LRS", "zones": ["1"], "sizeGB": 128}),
    "ValidateRestoreRequest": {"restoreRequestObject": restore_body("latest")},
    "CrossRegionRestoreRequest": elsewhere_body(target=disk_id("elsewhere-2", TARGET_GROUP)),
    "FetchSecondaryRPsRequest": {"sourceBackupInstanceId": INSTANCE_PATH, "sourceRegion": "westeurope"},
    "CrossRegionRestoreJobsRequest": {"sourceBackupVaultId": VAULT_PATH, "sourceRegion": "westeurope"},
    "CrossRegionRestoreJobRequest": {
        "sourceBackupVaultId": VAULT_PATH,
        "sourceRegion": "westeurope",
        "jobId": RESTORED_ELSEWHERE,
    },
    "RestoreTogetherRequest": together_body(requestId="0f0e0d0c-0b0a-4000-8000-000000000001"),
    "SwapDisksRequest": {
        "virtualMachineId": machine_id(),
        "disks": [{"diskId": disk_id("again-1", TARGET_GROUP), "replaces": disk_id("disk-1")}],
    },
    "FeatureValidationRequest": FEATURE,
    "ProtectionRuleInput": rule_body(
        excludedTags=[{"name": "backup", "values": ["never"]}], excludedIds=[disk_id("x")]
    ),
    "RestoreTestPlanInput": plan_body(),
    "RestoreTestEstimateRequest": plan_body(),
    "CopyRuleInput": copy_rule_body(),
    "LegalHoldInput": {"properties": {"reason": "a court asked for it"}},
    "GoOnRequest": {"batchId": "0123456789ab-1-1", "reason": "the disks are gone"},
    "ImportRequest": {"sourceVaultId": OLD.resource_id},
    "AdoptionRequest": {
        "sourceScope": SNAPSHOT_GROUP.text,
        "namePattern": "nightly-*",
        "tagConditions": [{"name": "made-by", "values": ["cron"]}],
        "dataSourceIds": [disk_id("disk-1")],
        "retentionDuration": "P30D",
    },
    "UndoAdoptionRequest": {"sourceScope": SNAPSHOT_GROUP.text},
    "ResourceGuardInput": {
        "location": "westeurope",
        "tags": {"team": "blue"},
        "properties": {"vaultCriticalOperationExclusionList": ALL_BUT_ITSELF},
    },
    "ResourceGuardPatch": {"tags": {"team": "blue"}},
    "ResourceGuardProxyInput": {"properties": {"resourceGuardResourceId": GUARD_PATH}},
    "UnlockDeleteRequest": {
        "resourceGuardOperationRequests": [request_id(GUARD_PATH, Critical.STOP)],
        "resourceToBeDeleted": INSTANCE_PATH,
    },
    "TagsInput": {"properties": {"tags": {"team": "blue"}}},
    "TagsPatch": {"operation": "Merge", "properties": {"tags": {"team": "blue"}}},
    "QueryRequest": {
        "subscriptions": [SUBSCRIPTION],
        "query": SERVED[Table.INSTANCES].opening,
        "options": {"$top": 1, "resultFormat": "objectArray"},
    },
    "CheckNameAvailabilityRequest": {"name": "vault-2", "type": "Microsoft.DataProtection/backupVaults"},
    "FindRestorableTimeRangesRequest": {
        "sourceDataStoreType": "OperationalStore",
        "startTime": "2026-03-01T00:00:00Z",
        "endTime": "2026-03-02T00:00:00Z",
    },
}
COPY_LASTS = 100  # requests at most: what is written down of them slows it in time
_SOURCE_OF_OURS = ("Traceback", 'File "', ".py", "backup_core", "azure.", "<class", "object at 0x")


class StandingFront(Front):
    """`altered` are requests that were refused and changed something nevertheless."""

    def __init__(self, world: World, services: Services | None = None) -> None:
        super().__init__(world, services=services or Services(world))
        self.altered: list[str] = []
        self._left = 0  # requests that the present copy, still like the world, may meet

    def answer(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> Reply:
        assert self.services is not None
        if not self._left:
            self.services.world, self._left = copied(self.world), COPY_LASTS
        self._left -= 1
        reply = super().answer(method, url, headers, content)
        if kept(self.services.world) != kept(self.world):
            self._left = 0
            if reply.status >= 400:
                self.altered.append(f"{method} {url} {content!r:.500}: {reply.status} {reply.text}")
        return reply


class SignedFront(StandingFront):
    """As a contributor meets it, who can be told from others: a resource guard is for nobody else."""

    def __init__(self, world: World) -> None:
        super().__init__(world, Services(world, sign_in, Tenant().documents))
        self._signed = bearer("Backup.Contributor")

    def answer(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> Reply:
        return super().answer(method, url, {**self._signed, **headers}, content)


def copied(world: World) -> World:
    """Another world in which the same happened, and a process that remembers nothing."""
    return copy.deepcopy(world, {id(world.memory): Memory()})


def kept(world: World) -> tuple[Any, ...]:
    """All that a refused request must leave as it is. Audit records tell of the request itself."""
    records = {partition: rows for partition, rows in world.store._records.items() if rows}
    return (records, world.store._agenda, world.queue.sent, world.cloud.snapshot_ids())


def filled(template: str, **names: str) -> str:
    """A route's template with the names of `scene`, but for those given."""
    return re.sub(r"\{(\w+)\}", lambda part: {**NAMES, **names}.get(part[1], "x-1"), template)


def path_of(route: Route) -> str:
    """To what exists in `scene`, as far as its names are known beforehand."""
    return f"/{filled(route.template, instance='deleted-1' if 'deletedBackup' in route.template else 'instance-1')}"


def at_a_point(path: str) -> str:
    """A path that `filled` made, of the recovery point of `scene`: its name is known only once that was made."""
    return path.replace("/recoveryPoints/x-1", f"/recoveryPoints/{_point()}")


@cache
def _point() -> str:
    (point,) = every(scene().ports, RecoveryPoint, VAULT, NAMES["instance"])
    return point.value.point_id


@cache
def scene() -> World:
    """A protected disk with a recovery point and its copy, a free disk, an instance that is softly deleted, a resource
    guard that guards nothing of the vault but itself, and something that the deletion brake stopped."""
    platform = Platform()
    stock(platform.world, disks=1, points=1)
    for name in ("disk-1", "disk-2", "disk-3"):
        platform.world.cloud.add_disk(disk_json(name))
    front = Front(platform.world)
    deleted = f"{VAULT_PATH}/backupInstances/deleted-1"
    front.put(VAULT_PATH, vault_body())
    front.put(POLICY_PATH, policy_body(intervals=DAILY))
    front.put(RULE_PATH, rule_body(enabled=False))
    front.put(INSTANCE_PATH, instance_body())
    assert front.put(PLAN_PATH, plan_body(enabled=False)).status == 200
    assert front.put(COPY_RULE_PATH, copy_rule_body()).status == 200
    platform.world.cloud.region_copy_time = timedelta(seconds=5)
    front.put(deleted, instance_body(disk_id("disk-3")))
    platform.run(seconds=2)
    front.post(f"{INSTANCE_PATH}/backup", backup_body())
    platform.run(minutes=2)
    front.post(f"{INSTANCE_PATH}/restore", restore_body("latest", target=disk_id("again-1", TARGET_GROUP)))
    platform.run(minutes=2)
    platform.world.cloud.add_machine(machine_json(data_disks={0: disk_id("disk-1")}))
    platform.world.swaps_disks = True
    assert front.delete(deleted).status == 202
    _restore_elsewhere(front, platform)
    assert front.put(GUARD_PATH, WORKING["ResourceGuardInput"]).status == 200
    map_guard(platform.world.ports, VAULT, GUARD_PATH, "somebody")
    waiting = Batch(name="0123456789ab", since=platform.world.clock.now(), instances=1, points=1, causes=("somebody",))
    platform.world.store.commit(VAULT, [Insert(Brake(batch=waiting))])
    return platform.world


def _restore_elsewhere(front: Front, platform: Platform) -> None:
    path = f"{GUARD_PATH.rpartition('/resourceGuards/')[0]}/locations/northeurope/crossRegionRestore"
    body = elsewhere_body(target=disk_id("elsewhere-1", TARGET_GROUP))
    assert front.post(path, body).status == 202
    platform.run(minutes=2)
    jobs = [job.job_id for job in platform.jobs() if "copy" in job.details and job.operation is JobOperation.RESTORE]
    assert jobs == [RESTORED_ELSEWHERE]


def check_refusal(reply: Reply) -> None:
    """A refusal is ARM's error body, is our client's fault or nobody's, and tells nothing of our source."""
    assert 400 <= reply.status < 500, reply.text
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    assert set(reply.json) == {"error"}
    assert reply.error["code"]
    assert reply.error["message"]
    assert reply.headers["x-ms-error-code"] == reply.error["code"]
    told = [each for each in _SOURCE_OF_OURS if each in reply.text]
    assert told == [], reply.text

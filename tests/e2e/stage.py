"""What the end-to-end tests act with: the official clients, the operator's hand on the simulated Azure, the storage.

Leaves to others: what is tried (test_local_target.py) and what is begun before it (begun.py).
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import requests
from azure.core.credentials import AzureKeyCredential
from azure.core.pipeline.policies import AzureKeyCredentialPolicy
from azure.core.polling import LROPoller
from azure.data.tables import TableClient
from azure.mgmt.dataprotection import DataProtectionMgmtClient, models
from azure.storage.queue import QueueClient

from infra.local.demo import wanted
from infra.local.demo.clients import Clients, LocalCredential, job_of, json_of
from infra.local.up import LocalTarget

T = TypeVar("T")

GROUP, VAULT = "e2e-backup", "e2e-vault"
LOCATION = "westeurope"
TABLES = ("diskbackuprecords", "diskbackupagenda")
APP_PRINCIPAL = "11111111-1111-4111-8111-111111111111"
SNAPSHOT_CONTRIBUTOR = "7efff54f-a5b4-42b5-a1c5-5411624893ce"
_AUTHORIZATION = "providers/Microsoft.Authorization"


class Stage:
    """One running target and its clients. Names are of the vault GROUP/VAULT unless another is given."""

    def __init__(self, target: LocalTarget) -> None:
        self.target = target
        self.endpoints = target.endpoints
        self.subscription: str = target.endpoints["subscription_id"]
        self.clients = Clients(target.endpoints, backup=self.sdk_with_key(target.endpoints["function_key"]))
        self.clients.make_group(GROUP)
        self.operator = LocalCredential(target.endpoints)
        self.vault_id = (
            f"/subscriptions/{self.subscription}/resourceGroups/{GROUP}"
            f"/providers/Microsoft.DataProtection/backupVaults/{VAULT}"
        )

    @property
    def sdk(self) -> DataProtectionMgmtClient:
        return self.clients.backup

    def sdk_with_key(self, key: str) -> DataProtectionMgmtClient:
        nobody: Any = AzureKeyCredential("the key travels by the policy")
        return DataProtectionMgmtClient(
            credential=nobody,
            subscription_id=self.subscription,
            base_url=self.endpoints["api"],
            authentication_policy=AzureKeyCredentialPolicy(AzureKeyCredential(key), "x-functions-key"),
        )

    # ---------------------------------------------------------------- the product, through its API

    def protect(self, disk_id: str, policy: str, *, group: str | None = None) -> str:
        """Protect a disk under its own name; answers the state that came of it."""
        name = disk_id.rsplit("/", 1)[1]
        body = wanted.instance(described(disk_id), f"{self.vault_id}/backupPolicies/{policy}")
        if group is not None:
            stores = body["properties"]["policyInfo"]["policyParameters"]["dataStoreParametersList"]
            stores[0]["resourceGroupId"] = self.group_id(group)
        made = self.sdk.backup_instances.begin_create_or_update(
            GROUP, VAULT, name, models.BackupInstanceResource(body)
        ).result()
        return str(json_of(made.properties)["currentProtectionState"])

    def back_up(self, instance: str) -> str:
        """Ask for a backup now; answers its job's id."""
        return job_of(self.begin_backup(instance))

    def begin_backup(self, instance: str) -> LROPoller[models.OperationJobExtendedInfo]:
        """Ask for a backup now; answers once the request is taken."""
        body = models.TriggerBackupRequest(wanted.on_demand())
        return self.sdk.backup_instances.begin_adhoc_backup(GROUP, VAULT, instance, body)

    def restore(self, instance: str, point: str, target_id: str) -> str:
        """Ask for a restore; answers its job's id."""
        body = models.AzureBackupRestoreRequest(wanted.restore(point, target_id, LOCATION))
        begun = self.sdk.backup_instances.begin_trigger_restore(GROUP, VAULT, instance, body)
        return job_of(begun)

    def job(self, job_id: str) -> dict[str, Any]:
        return json_of(self.sdk.jobs.get(GROUP, VAULT, job_id).properties)

    def jobs(self) -> list[dict[str, Any]]:
        return [{"id": job.name, **json_of(job.properties)} for job in self.sdk.jobs.list(GROUP, VAULT)]

    def ended(self, job_id: str, *, seconds: float = 60) -> dict[str, Any]:
        """The job once it has ended."""
        return until(lambda: self.job(job_id), lambda job: job["status"] != "InProgress", seconds=seconds)

    def points(self, instance: str) -> list[dict[str, Any]]:
        """Newest first."""
        return [json_of(point.properties) for point in self.sdk.recovery_points.list(GROUP, VAULT, instance)]

    def visible_points(self, instance: str) -> list[str]:
        return [
            point["recoveryPointId"]
            for point in self.points(instance)
            if point["recoveryPointDataStoresDetails"][0]["visible"]
        ]

    def events(self, kind: str, instance: str | None = None) -> list[dict[str, Any]]:
        """What the topic took of `DiskBackup.<kind>`."""
        subject = None if instance is None else f"backupInstances/{instance}"
        return [
            event
            for event in self.clients.events()
            if event["type"] == f"DiskBackup.{kind}" and subject in (None, event["subject"])
        ]

    def call(self, method: str, path: str, *, key: str | None = None, **options: Any) -> requests.Response:
        """A request past the SDK."""
        headers = {"x-functions-key": key if key is not None else self.endpoints["function_key"]}
        return requests.request(method, f"{self.endpoints['api']}{path}", headers=headers, timeout=60, **options)

    # ---------------------------------------------------------------- Azure, past the product

    def make_disks(self, prefix: str, count: int = 1, **wishes: Any) -> list[str]:
        """Ready disks `<prefix>-0001` and on; answers their ids."""
        body = {"prefix": prefix, "count": count, "size_gib": 32, **wishes}
        return list(self.clients.control("POST", "disks", body)["ids"])

    def group_id(self, group: str) -> str:
        return f"/subscriptions/{self.subscription}/resourceGroups/{group}"

    def make_group(self, group: str, *, with_role: bool = True) -> None:
        """A snapshot resource group, with the app's role on it or without."""
        self.arm("PUT", self.group_id(group), "2021-04-01", {"location": LOCATION})
        if with_role:
            self.assign(SNAPSHOT_CONTRIBUTOR, self.group_id(group))

    def assign(self, role: str, scope: str) -> None:
        """Give the app a role, by the id of its definition, at a scope."""
        definition = f"/subscriptions/{self.subscription}/{_AUTHORIZATION}/roleDefinitions/{role}"
        properties = {
            "roleDefinitionId": definition,
            "principalId": APP_PRINCIPAL,
            "principalType": "ServicePrincipal",
        }
        path = f"{scope}/{_AUTHORIZATION}/roleAssignments/{uuid.uuid4()}"
        self.arm("PUT", path, "2022-04-01", {"properties": properties})

    def lock(self, group: str) -> None:
        path = f"{self.group_id(group)}/{_AUTHORIZATION}/locks/keep"
        self.arm("PUT", path, "2016-09-01", {"properties": {"level": "CanNotDelete"}})

    def arm(self, method: str, path: str, version: str, body: Mapping[str, Any] | None = None) -> Any:
        """An ARM call as the operator."""
        token = self.operator.get_token().token
        answer = requests.request(
            method,
            f"{self.endpoints['arm']}{path}",
            params={"api-version": version},
            json=body,
            headers={"Authorization": f"Bearer {token}"},
            verify=self.endpoints["ca_file"],
            timeout=60,
        )
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def fault(self, kind: str, path: str, **wishes: Any) -> int:
        """Let the simulator fail the calls whose path matches; answers the fault's id."""
        return int(self.clients.control("POST", "faults", {"kind": kind, "path": path, **wishes})["id"])

    def struck(self, fault: int) -> int:
        """How many calls a fault has struck."""
        faults = self.clients.control("GET", "faults")["faults"]
        return int(next(each["struck"] for each in faults if each["id"] == fault))

    def taken(self, prefix: str) -> list[str]:
        """Ids of the snapshots that the simulator's ledger says were created of disks named so."""
        created = [entry for entry in self.clients.ledger() if entry.what == "snapshot.created"]
        return [entry.id for entry in created if entry.source.rsplit("/", 1)[1].startswith(prefix)]

    # ---------------------------------------------------------------- storage, past the product

    def table(self, name: str) -> TableClient:
        return TableClient.from_connection_string(self.endpoints["storage_connection_string"], name)

    def queue(self, name: str) -> QueueClient:
        return QueueClient.from_connection_string(self.endpoints["storage_connection_string"], name)

    def waiting(self, queue: str) -> int:
        return int(self.queue(queue).get_queue_properties().approximate_message_count or 0)

    def put_message(self, queue: str, text: str) -> None:
        self.queue(queue).send_message(base64.b64encode(text.encode()).decode())

    # ---------------------------------------------------------------- the hosts

    def runs_of(self, host: int, function: str) -> int:
        """How many runs of a function a host has begun and not ended, as its log tells."""
        lines = (self.target.log_dir / f"host-{host}.log").read_text(errors="replace").splitlines()
        begun = sum(f"Executing '{function}'" in line for line in lines)
        return begun - sum(f"Executed '{function}'" in line for line in lines)

    def failed_runs(self, function: str, error: str) -> list[int]:
        """Which tries of a function failed so, over all hosts, in order."""
        lines = [
            json.loads(line)
            for log in self.target.log_dir.glob("invocations-*.jsonl")
            for line in log.read_text().splitlines()
        ]
        failed = [line for line in lines if line["function"] == function and error in (line["error"] or "")]
        return sorted(int(line["dequeue_count"]) for line in failed)


def until(look: Callable[[], T], good: Callable[[T], bool], *, seconds: float = 60, pause: float = 0.25) -> T:
    """What `look` sees once it is `good`."""
    limit = time.monotonic() + seconds
    while True:
        seen = look()
        if good(seen):
            return seen
        assert time.monotonic() < limit, f"it did not come to that within {seconds:.0f} s: {seen}"
        time.sleep(pause)


def described(disk_id: str) -> dict[str, str]:
    """A disk as far as protecting it needs to know it."""
    return {"id": disk_id, "name": disk_id.rsplit("/", 1)[1], "location": LOCATION}


def names(resources: Sequence[Any]) -> set[str]:
    return {str(resource.name) for resource in resources}

"""What there is to see: a vault with policies, and disks of which some are well, some at risk and some unprotected.

Made through the official clients, as the demo makes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from azure.core.rest import HttpRequest
from azure.mgmt.dataprotection import models

from infra.local.demo import wanted
from infra.local.demo.clients import GROUP, VAULT, Clients, job_of
from infra.local.up import LocalTarget
from tests.e2e.stage import until

POLICIES = {
    "hourly": wanted.policy("PT1H", "P7D", {"Daily": ("FirstOfDay", "P30D"), "Weekly": ("FirstOfWeek", "P84D")}),
    "twice-a-day": wanted.policy("PT12H", "P30D"),
}
PROTECTED = 6
BACKED_UP = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """`disks` are ARM's JSON of all disks; `protected` those with an instance, which bears the disk's name.
    `backup_job` is the id of the first one's backup."""

    clients: Clients
    vault_id: str
    disks: tuple[dict[str, Any], ...]
    protected: tuple[dict[str, Any], ...]
    backup_job: str

    def instance_id(self, disk: dict[str, Any]) -> str:
        return f"{self.vault_id}/backupInstances/{disk['name']}"

    def copy(self, disk: dict[str, Any], location: str) -> None:
        """Back a disk up, and have the point copied to another region, until the copy is whole."""
        subscription = self.vault_id.split("/")[2]
        rule = {
            "policyId": f"{self.vault_id}/backupPolicies/hourly",
            "targetLocation": location,
            "snapshotResourceGroupId": f"/subscriptions/{subscription}/resourceGroups/snapshots-{location}",
            "retentions": [{"tagName": "Default", "duration": "P30D"}],
        }
        self._send("PUT", f"{self.vault_id}/copyRules/elsewhere", json={"properties": rule})
        _back_up(self.clients, [disk])
        copies = f"{self.instance_id(disk)}/recoveryPointCopies"
        until(
            lambda: self._send("GET", copies).json()["value"],
            lambda found: [each["properties"]["state"] for each in found] == ["Completed"],
            seconds=180,
        )
        self._send("DELETE", f"{self.vault_id}/copyRules/elsewhere")

    def _send(self, method: str, path: str, **body: Any) -> Any:
        request = HttpRequest(method, path, params={"api-version": "2026-06-01"}, **body)
        answer = self.clients.backup.send_request(request)
        answer.raise_for_status()
        return answer

    @property
    def together(self) -> str:
        """The query that names the first two protected disks."""
        return urlencode([("of", self.instance_id(disk)) for disk in self.protected[:2]])


def play(target: LocalTarget) -> Scene:
    clients = Clients(target.endpoints)
    backup = clients.backup
    backup.backup_vaults.begin_create_or_update(GROUP, VAULT, models.BackupVaultResource(wanted.vault())).result()
    policies = {
        name: str(backup.backup_policies.create_or_update(GROUP, VAULT, name, models.BaseBackupPolicyResource(body)).id)
        for name, body in POLICIES.items()
    }
    disks = clients.disks()
    quick = [disk for disk in disks if disk["sku"]["name"] not in ("PremiumV2_LRS", "UltraSSD_LRS")]
    protected = quick[:PROTECTED]
    for disk in protected:
        body = models.BackupInstanceResource(wanted.instance(disk, policies["hourly"]))
        backup.backup_instances.begin_create_or_update(GROUP, VAULT, disk["name"], body).result()
    jobs = _back_up(clients, protected[:BACKED_UP])
    vault_id = f"/subscriptions/{target.endpoints['subscription_id']}/resourceGroups/{GROUP}"
    vault_id += f"/providers/Microsoft.DataProtection/backupVaults/{VAULT}"
    return Scene(
        clients=clients,
        vault_id=vault_id,
        disks=tuple(disks),
        protected=tuple(protected),
        backup_job=f"{vault_id}/backupJobs/{jobs[0].rpartition('/')[2]}",
    )


def _back_up(clients: Clients, disks: list[dict[str, Any]]) -> list[str]:
    body = models.TriggerBackupRequest(wanted.on_demand())
    jobs = [
        job_of(clients.backup.backup_instances.begin_adhoc_backup(GROUP, VAULT, disk["name"], body)) for disk in disks
    ]
    until(clients.jobs, lambda found: all(job["status"] != "InProgress" for job in found), seconds=120)
    states = {job["id"]: job["status"] for job in clients.jobs()}
    assert {states[job] for job in jobs} == {"Completed"}
    return jobs

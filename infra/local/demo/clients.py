"""The demo's eyes and hands: the official clients, and the simulator's own ledger to hold them against.

A client like any other: nothing here knows the product but by its API.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import requests
from azure.core.credentials import AccessToken
from azure.core.polling import LROPoller
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.dataprotection import DataProtectionMgmtClient, models

GROUP, VAULT = "backup", "demo-vault"
_SCOPE = "https://management.azure.com/.default"


class LocalCredential:
    """One of the local tenant's principals: tokens from the identity endpoint, as a machine in Azure gets them."""

    def __init__(self, endpoints: Mapping[str, Any], who: str = "contributor") -> None:
        self._url = endpoints["identity"]
        self._header = endpoints[f"{who}_identity_header"]

    def get_token(self, *scopes: str, **_options: Any) -> AccessToken:
        scope = scopes[0] if scopes else _SCOPE
        answer = requests.get(
            self._url,
            params={"resource": scope.removesuffix("/.default"), "api-version": "2019-08-01"},
            headers={"X-IDENTITY-HEADER": self._header},
            timeout=10,
        )
        answer.raise_for_status()
        body = answer.json()
        return AccessToken(body["access_token"], int(body["expires_on"]))


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the simulator's ledger."""

    raw: Mapping[str, Any]

    @property
    def what(self) -> str:
        return str(self.raw["what"])

    @property
    def id(self) -> str:
        return str(self.raw["id"]).lower()

    @property
    def source(self) -> str:
        return str(self.raw.get("source") or "").lower()

    @property
    def created_at(self) -> datetime:
        return instant(self.raw["timeCreated"])

    @property
    def at(self) -> datetime:
        return instant(self.raw["at"])

    @property
    def slot(self) -> datetime | None:
        """None: on demand."""
        text = self.tag("slot")
        return None if text == "on-demand" else instant(text)

    def tag(self, name: str) -> str:
        """One of the tags by which a snapshot carries its own record; empty when it is not there."""
        return str((self.raw.get("tags") or {}).get(f"diskbackup-{name}", ""))


class Clients:
    """The official clients, at the front door of the running local target and signed in as a contributor."""

    def __init__(self, endpoints: Mapping[str, Any], *, backup: DataProtectionMgmtClient | None = None) -> None:
        self.endpoints = endpoints
        self.backup = backup or DataProtectionMgmtClient(
            LocalCredential(endpoints), endpoints["subscription_id"], **at_front_door(endpoints)
        )
        self.compute = {
            subscription: ComputeManagementClient(LocalCredential(endpoints), subscription, **at_front_door(endpoints))
            for subscription in endpoints["subscription_ids"]
        }

    def disks(self) -> list[dict[str, Any]]:
        """Every disk of every subscription, as ARM's JSON."""
        return [disk.as_dict() for client in self.compute.values() for disk in client.disks.list()]

    def disk(self, disk_id: str) -> dict[str, Any]:
        parts = disk_id.split("/")
        return dict(self.compute[parts[2]].disks.get(parts[4], parts[8]).as_dict())

    def snapshots(self) -> list[dict[str, Any]]:
        return [snapshot.as_dict() for client in self.compute.values() for snapshot in client.snapshots.list()]

    def jobs(self) -> list[dict[str, Any]]:
        """The jobs' properties, with `id`."""
        return [{"id": job.name, **json_of(job.properties)} for job in self.backup.jobs.list(GROUP, VAULT)]

    def points(self, instance: str) -> list[dict[str, Any]]:
        return [json_of(point.properties) for point in self.backup.recovery_points.list(GROUP, VAULT, instance)]

    def instances(self) -> list[str]:
        return [str(instance.name) for instance in self.backup.backup_instances.list(GROUP, VAULT)]

    def make_group(self, name: str, location: str = "westeurope") -> None:
        """A resource group of the first subscription; one that is there stays as it is."""
        self.put(f"/subscriptions/{self.endpoints['subscription_id']}/resourceGroups/{name}", {"location": location})

    def lock(self, scope: str) -> None:
        properties = {"level": "CanNotDelete"}
        self.put(f"{scope}/providers/Microsoft.Authorization/locks/keep", {"properties": properties})

    def put(self, path: str, body: Mapping[str, Any], *, version: str = "2021-04-01") -> None:
        """What the official clients have no call for, at the front door: ARM's own, unless another version is named."""
        answer = requests.put(
            f"{self.endpoints['front_door']}{path}",
            params={"api-version": version},
            json=body,
            headers={"Authorization": f"Bearer {LocalCredential(self.endpoints).get_token().token}"},
            verify=self.endpoints["ca_file"],
            timeout=30,
        )
        answer.raise_for_status()

    def control(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The simulator's control API: what an Azure would do by itself, or keeps to itself."""
        url = f"{self.endpoints['arm']}/_simulator/{path}"
        answer = requests.request(method, url, json=body, verify=self.endpoints["ca_file"], timeout=30)
        answer.raise_for_status()
        return answer.json()

    def ledger(self) -> list[Entry]:
        return [Entry(raw) for raw in self.control("GET", "ledger")["entries"]]

    def events(self) -> list[dict[str, Any]]:
        """What the Event Grid topic took, doubles dropped by id as any receiver does."""
        url = f"{self.endpoints['eventgrid']}/_topic/events"
        answer = requests.get(url, verify=self.endpoints["ca_file"], timeout=30)
        answer.raise_for_status()
        return list({row["event"]["id"]: row["event"] for row in answer.json()}.values())

    def run_function(self, name: str) -> None:
        """What an operator does at the portal: run a timer function now."""
        answer = requests.post(
            f"{self.endpoints['api']}/admin/functions/{name}",
            json={"input": ""},
            headers={"x-functions-key": self.endpoints["master_key"]},
            timeout=30,
        )
        answer.raise_for_status()


class _Model(Protocol):
    def as_dict(self) -> dict[str, Any]: ...


def json_of(model: _Model | None) -> dict[str, Any]:
    """Azure's JSON of what a client read. The clients let a server leave any part out; this one is always there."""
    if model is None:
        raise LookupError("the answer has no properties")
    return model.as_dict()


def job_of(begun: LROPoller[models.OperationJobExtendedInfo]) -> str:
    """The id of the job of an operation, once that has ended."""
    return str(begun.result().job_id).rsplit("/", 1)[1]


def at_front_door(endpoints: Mapping[str, Any]) -> dict[str, Any]:
    """What tells any client of Azure's management endpoint to take the local one instead."""
    return {
        "base_url": endpoints["front_door"],
        "credential_scopes": [f"{endpoints['front_door']}/.default"],
        "connection_verify": endpoints["ca_file"],
    }


def instant(text: str) -> datetime:
    """Azure's times have up to seven digits of fraction; Python reads six."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))


def now() -> datetime:
    return datetime.now(UTC)


def sleep_until(moment: datetime) -> None:
    time.sleep(max(0.0, (moment - now()).total_seconds()))

"""Stands in for Terraform's azurerm provider, which is no Python: sends the requests of tests/golden/azurerm for its
three resources of disk backup, waits for their end as it waits, and reads the attributes that it reads.

Written after its documented schema and its published source (4.x: api-version 2025-07-01, and the pollers of
go-azure-sdk). What it takes amiss is a `Fault` here, as it is an error or a difference in a plan there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlsplit

import requests

VERSION = {"api-version": "2025-07-01"}
GOLDEN = Path(__file__).parents[1] / "golden" / "azurerm"
_ENDED = {"succeeded", "failed", "canceled", "cancelled"}
_LRO_SECONDS, _DELETE_SECONDS, _STATE_SECONDS = 10, 10, 60  # its own waits, where Retry-After says nothing
_PATIENCE_SECONDS = 30 * 60  # each resource's documented time-out
_BOTH = "SystemAssigned, UserAssigned"

Json = Mapping[str, Any]


class Fault(Exception):
    """What the provider would end an apply with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`request` is the body of its PUT; `configuration` are the attributes that a plan compares with what is read."""

    case: str
    name: str
    request: Json
    configuration: Json


def cases(kind: str, **names: str) -> list[Case]:
    """The golden requests for `vaults`, `policies` or `instances`, with the names that stand for `${...}` in them."""
    text = Template((GOLDEN / f"{kind}.json").read_text()).substitute(names)
    return [Case(**each) for each in json.loads(text)]


@dataclass(slots=True)
class Provider:
    """`get` and the like take paths; `sleep` lets time pass. `looked` are the states that it saw of an instance."""

    session: requests.Session
    base: str
    sleep: Callable[[float], None]
    looked: list[str] = field(default_factory=list)

    def create(self, path: str, body: Json) -> dict[str, Any]:
        """Raises Fault where it is there already, as the provider then wants it imported."""
        if self._get(path).status_code != 404:
            raise Fault(f"a resource with the ID {path} already exists - to be managed via Terraform: import it")
        return self.update(path, body)

    def update(self, path: str, body: Json) -> dict[str, Any]:
        self._wait(self._send("PUT", path, body))
        if "/backupInstances/" in path:
            self._wait_until_protected(path)
        return self.found(path)

    def found(self, path: str) -> dict[str, Any]:
        """Its attributes. Raises Fault where it is not there."""
        if (state := self.read(path)) is None:
            raise Fault(f"{path} is not there")
        return state

    def read(self, path: str) -> dict[str, Any] | None:
        """Its attributes, which is what an import finds, too; None where it is gone, so that a plan makes it anew."""
        answer = self._get(path)
        if answer.status_code == 404:
            return None
        properties = self._done(answer)["properties"]
        if "/backupInstances/" in path:
            return {**_named(path), **_instance(properties)}
        if "/backupPolicies/" in path:
            return {**_named(path), **_policy(properties)}
        return {**_named(path), **_vault(answer.json())}

    def delete(self, path: str) -> None:
        """Policies are deleted at once; others are gone when a look finds none."""
        self._done(self._send("DELETE", path))
        if "/backupPolicies/" in path:
            return
        for _ in range(_PATIENCE_SECONDS // _DELETE_SECONDS):
            answer = self._get(path)
            if answer.status_code == 404:
                return
            self._done(answer)
            self.sleep(_DELETE_SECONDS)
        raise Fault(f"{path} is still there after {_PATIENCE_SECONDS} s")

    def _wait(self, answer: requests.Response) -> None:
        """For the end of what a PUT began. A policy is written at once; the rest names the URL of its operation."""
        body = self._done(answer)
        url = answer.headers.get("Azure-AsyncOperation") or answer.headers.get("Location")
        if answer.status_code == 200 and not url:
            return
        if url is None:
            raise Fault(f"no polling URL in an answer {answer.status_code}: {body}")
        if urlsplit(url).netloc != urlsplit(self.base).netloc:
            raise Fault(f"unsupported polling URL {url}: client endpoint is different")
        for _ in range(_PATIENCE_SECONDS):
            polled = self.session.get(url, timeout=60)
            operation = self._done(polled)
            if "application/json" not in polled.headers.get("Content-Type", "").lower():
                raise Fault(f"polling support for the Content-Type {polled.headers.get('Content-Type')} is missing")
            status = str(operation.get("status") or "").lower()
            if status in _ENDED:
                break
            if status != "inprogress":
                raise Fault(f"expected `status` to be one of those that it knows, not {operation}")
            self.sleep(float(polled.headers.get("Retry-After", _LRO_SECONDS)))
        if status != "succeeded":
            raise Fault(f"polling after {answer.request.method}: {operation}")

    def _wait_until_protected(self, path: str) -> None:
        """The provider's own wait, after the operation's end: any state but these two ends the apply."""
        for _ in range(_PATIENCE_SECONDS // _STATE_SECONDS):
            state = self._done(self._get(path))["properties"]["protectionStatus"]["status"]
            self.looked.append(state)
            if state == "ProtectionConfigured":
                return
            if state != "ConfiguringProtection":
                raise Fault(f"unexpected state '{state}', wanted target 'ProtectionConfigured'")
            self.sleep(_STATE_SECONDS)
        raise Fault(f"timeout while waiting for state to become 'ProtectionConfigured': {self.looked}")

    def _get(self, path: str) -> requests.Response:
        return self._send("GET", path)

    def _send(self, method: str, path: str, body: Json | None = None) -> requests.Response:
        return self.session.request(method, f"{self.base}{path}", params=VERSION, json=body, timeout=60)

    @staticmethod
    def _done(answer: requests.Response) -> Any:
        """The answer's JSON; an empty object for none. Raises Fault with the error of any other status."""
        if answer.status_code not in (200, 201, 202, 204):
            raise Fault(f"unexpected status {answer.status_code} with error: {answer.text}")
        return answer.json() if answer.text else {}


def differences(case: Case, state: Json) -> dict[str, tuple[Any, Any]]:
    """What a plan would show after an apply: attributes with their values as configured and as read."""
    return {name: (wanted, state.get(name)) for name, wanted in case.configuration.items() if state.get(name) != wanted}


# ---------------------------------------------------------------- reading: JSON into the attributes of a resource


def _named(path: str) -> dict[str, Any]:
    parts = path.split("/")
    return {"id": path, "name": parts[-1]} | (
        {"resource_group_name": parts[4]} if len(parts) == 9 else {"vault_id": "/".join(parts[:9])}
    )


def _vault(body: Json) -> dict[str, Any]:
    properties = body["properties"]
    store = (properties.get("storageSettings") or [{}])[0]
    security, features = properties.get("securitySettings") or {}, properties.get("featureSettings") or {}
    soft_delete = security.get("softDeleteSettings") or {}
    return {
        "location": _region(body["location"]),
        "datastore_type": store.get("datastoreType", ""),
        "redundancy": store.get("type", ""),
        "immutability": (security.get("immutabilitySettings") or {}).get("state", "Disabled"),
        "soft_delete": soft_delete.get("state", ""),
        "retention_duration_in_days": soft_delete.get("retentionDurationInDays", 0.0),
        "cross_region_restore_enabled": (features.get("crossRegionRestoreSettings") or {}).get("state") == "Enabled",
        "identity": _identity(body.get("identity")),
        "tags": body.get("tags") or {},
    }


def _identity(identity: Json | None) -> list[dict[str, Any]]:
    """A block or none; the kind with both is read with and without a blank."""
    kind = str((identity or {}).get("type", "None"))
    kind = _BOTH if kind.replace(" ", "") == _BOTH.replace(" ", "") else kind
    if identity is None or kind not in ("SystemAssigned", "UserAssigned", _BOTH):
        return []
    return [
        {
            "type": kind,
            "identity_ids": sorted(identity.get("userAssignedIdentities") or ()),
            "principal_id": identity.get("principalId", ""),
            "tenant_id": identity.get("tenantId", ""),
        }
    ]


def _policy(properties: Json) -> dict[str, Any]:
    rules = properties["policyRules"]
    trigger = next(rule["trigger"] for rule in rules if rule["objectType"] == "AzureBackupRule")
    kept = [rule for rule in rules if rule["objectType"] == "AzureRetentionRule"]
    default = next(rule for rule in kept if rule.get("isDefault"))
    return {
        "backup_repeating_time_intervals": trigger["schedule"]["repeatingTimeIntervals"],
        "time_zone": trigger["schedule"].get("timeZone") or "",
        "default_retention_duration": _duration(default),
        "retention_rule": [
            _retention_rule(rule, trigger["taggingCriteria"]) for rule in kept if not rule.get("isDefault")
        ],
    }


def _retention_rule(rule: Json, tags: list[Json]) -> dict[str, Any]:
    tag = next(tag for tag in tags if tag["tagInfo"]["tagName"].lower() == rule["name"].lower())
    return {
        "name": rule["name"],
        "duration": _duration(rule),
        "criteria": [{"absolute_criteria": each["absoluteCriteria"][0]} for each in tag.get("criteria") or ()],
        "priority": tag["taggingPriority"],
    }


def _duration(rule: Json) -> str:
    return str(rule["lifecycles"][0]["deleteAfter"]["duration"])


def _instance(properties: Json) -> dict[str, Any]:
    source, policy = properties["dataSourceInfo"], properties["policyInfo"]
    group = policy["policyParameters"]["dataStoreParametersList"][0]["resourceGroupId"].split("/")
    return {
        "disk_id": source["resourceID"],
        "location": _region(source.get("resourceLocation", "")),
        "protection_state": properties["currentProtectionState"],
        "backup_policy_id": policy["policyId"],
        "snapshot_resource_group_name": group[4],
        "snapshot_subscription_id": group[2],
    }


def _region(text: str) -> str:
    return text.replace(" ", "").lower()

"""Azure's recorded exchanges, scenario by scenario, with what they name: vaults, policies, instances, disks.

Leaves to others: what must exist before a scenario (stage.py) and how answers are compared (comparing.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

RECORDINGS = Path(__file__).resolve().parents[4] / "shared" / "recordings" / "dataprotection"
SCENARIOS = 18
EXCHANGES = 189
CLOUD = "https://management.azure.com"
BLOBS = "Microsoft.Storage/storageAccounts"

# Scenarios on blob storage whose flow is that of disks too: the storage account is replaced by a disk of its name.
ON_BLOBS = frozenset({"backup_instance_update_policy", "restorable_time_range_find"})
GRAPH = "/providers/Microsoft.ResourceGraph/resources"
# The recorder made the subscription's id plain in URLs and ids, and left it elsewhere.
_SUBSCRIPTION, _PLAIN = "38304e13-357e-405e-9e9a-220351dcce8c", "00000000-0000-0000-0000-000000000000"
# A scenario on a vault with a key of the customer's own: all but the key is replayed.
WITH_KEYS = "backup_vault_create_with_cmk_update_and_delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """`url` has no host; `headers` have names in small letters. `response` is None for an empty body."""

    scenario: str
    number: int
    method: str
    url: str
    request: Any
    status: int
    headers: Mapping[str, str]
    response: Any

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def label(self) -> str:
        """`backup_vault_update 12 PUT backupVaults/* 400`: what excuses are matched with."""
        return f"{self.scenario} {self.number} {self.method} {route(self.path)} {self.status}"


def scenarios() -> list[str]:
    return sorted(file.stem.removeprefix("test_dataprotection_") for file in RECORDINGS.glob("*.json"))


def exchanges(scenario: str) -> list[Exchange]:
    """The scenario in its order, as far as it can be about disks: `as_disks`, `without_keys`."""
    text = _text(scenario)
    if scenario in ON_BLOBS:
        text = as_disks(text)
    if scenario == WITH_KEYS:
        text = without_keys(text)
    rows = [_of_one_subscription(row) for row in json.loads(text)]
    _keep_listed_jobs(rows)
    return [_exchange(scenario, number, row) for number, row in enumerate(rows)]


def _keep_listed_jobs(rows: list[dict[str, Any]]) -> None:
    """Resource Graph knew older jobs, too, than the list of jobs in the same scenario, which its world is made from."""
    lists = [row["response"]["value"] for row in rows if row["method"] == "GET" and "/backupJobs?" in row["url"]]
    listed = {job["name"] for jobs in lists for job in jobs}
    for row in rows:
        if GRAPH in row["url"] and "/backupjobs'" in row["request"]["query"]:
            kept = [job for job in row["response"]["data"] if job["name"] in listed]
            row["response"] |= {"data": kept, "count": len(kept), "totalRecords": len(kept)}


def _of_one_subscription(row: dict[str, Any]) -> dict[str, Any]:
    """A question to Resource Graph that asks of the subscription in which its rows lie."""
    if GRAPH not in row["url"]:
        return row
    made: dict[str, Any] = json.loads(json.dumps(row).replace(_SUBSCRIPTION, _PLAIN))
    return made


def as_recorded(scenario: str) -> list[Exchange]:
    """The scenario with nothing replaced."""
    return [_exchange(scenario, number, row) for number, row in enumerate(json.loads(_text(scenario)))]


def _text(scenario: str) -> str:
    return (RECORDINGS / f"test_dataprotection_{scenario}.json").read_text(encoding="utf-8")


def without_keys(text: str) -> str:
    """The scenario's text without the settings of a vault's encryption."""
    rows = json.loads(text)
    for row in rows:
        for body in (row["request"], row["response"]):
            ((body or {}).get("properties") or {}).get("securitySettings", {}).pop("encryptionSettings", None)
    return json.dumps(rows)


def as_disks(text: str) -> str:
    """The scenario's text with disks in the place of storage accounts, and the parameters that disks need."""
    text = text.replace(f"{BLOBS}/blobServices", "Microsoft.Compute/disks").replace(BLOBS, "Microsoft.Compute/disks")
    rows = json.loads(text)
    for row in rows:
        for body in (row["request"], row["response"]):
            policy = ((body or {}).get("properties") or {}).get("policyInfo")
            if policy is not None:
                group = re.match(r"/subscriptions/[^/]+/resourceGroups/[^/]+", policy["policyId"])
                assert group is not None, policy
                policy["policyParameters"] = {"dataStoreParametersList": [_store(group[0])]}
    return json.dumps(rows)


def _store(group: str) -> dict[str, str]:
    return {
        "dataStoreType": "OperationalStore",
        "objectType": "AzureOperationalStoreParameters",
        "resourceGroupId": group,
    }


def _exchange(scenario: str, number: int, row: Mapping[str, Any]) -> Exchange:
    return Exchange(
        scenario=scenario,
        number=number,
        method=row["method"],
        url=row["url"].removeprefix(CLOUD),
        request=row["request"],
        status=row["status"],
        headers={name.lower(): value for name, value in row["headers"].items()},
        response=row["response"],
    )


def route(path: str) -> str:
    """`backupInstances/*/backup`: a path without its provider and vault, and with `*` for names."""
    if "/providers/" not in path:
        return "resourcegroups/*"
    names = path.split("/providers/")[-1].split("/")[1:]
    shape = "/".join("*" if at % 2 else name for at, name in enumerate(names))
    return shape.removeprefix("backupVaults/*/")

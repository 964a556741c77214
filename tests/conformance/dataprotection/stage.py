"""A world in memory for one recorded scenario: what the scenario presupposes, made from the recording's own names, and
the API in front of it. Time passes between requests as the recorded answers need it.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from backup_core.domain.resource_ids import parse_group_id
from backup_core.domain.surroundings import Identity
from tests.api.front import BASE, Front, Reply
from tests.api.tenant import CONTRIBUTOR, SOMEBODY_ELSE, bearer, guarded
from tests.builders import policy_properties
from tests.conformance.dataprotection.comparing import Comparison
from tests.conformance.dataprotection.recorded import GRAPH, Exchange
from tests.fakes import FakeClock, World
from tests.workflows.platform import Platform

LOCATION = "centraluseuap"
ELSEWHERE = "eastus2euap"  # where the vault lies whose copies were recorded
DISK_BYTES = 4 << 30  # recorded
SNAPSHOT_TIME = timedelta(seconds=180)  # recorded: a backup takes three minutes
BEFORE_A_REQUEST = 5  # seconds
LONGEST_WAIT = 600
NOON = datetime(2024, 5, 1, 11, 59, 50, tzinfo=UTC)
# Recorded lists of points and jobs hold so many daily backups of the disk.
BACKUPS = {"recovery_point_list": 7, "recovery_point_show": 7, "job_list_and_show": 14}
_GROUP = r"/subscriptions/[0-9a-f-]{36}/resourceGroups/[^/\"]+"
_VAULT = rf"{_GROUP}/providers/Microsoft\.DataProtection/backupVaults/[^/?\"]+"
_IDENTITY = re.compile(rf"{_GROUP}/providers/Microsoft\.ManagedIdentity/userAssignedIdentities/[\w-]+", re.IGNORECASE)
_INSTANCE = re.compile(rf"(?P<vault>{_VAULT})/backupInstances/(?P<name>(?P<disk>[\w-]+)-(?P=disk)-[0-9a-f-]{{36}})")
_RUNNING = ("Inprogress", "InProgress", "Provisioning", "ConfiguringProtection", "UpdatingProtection")


@dataclass(slots=True)
class Stage:
    """The recordings were made by one person, who held the role on the guard, too. Here what a guard guards takes two,
    so that its mapping is replayed by people, and unlocked by another one than ends it."""

    platform: Platform
    front: Front
    comparison: Comparison = field(default_factory=Comparison)
    replayed: int = 0

    def replay(self, exchange: Exchange) -> Reply:
        """Send the recorded request, wait as its client did, and compare the answer."""
        if not _is_running(exchange.response):
            self.platform.run(seconds=BEFORE_A_REQUEST)
        reply = self._send(exchange)
        waited = 0
        while exchange.method == "GET" and _has_ended(exchange.response) and _is_running(_json(reply)):
            if waited >= LONGEST_WAIT:
                break
            self.platform.run(seconds=BEFORE_A_REQUEST)
            waited += BEFORE_A_REQUEST
            reply = self._send(exchange)
        self.replayed += 1
        headers = {name.lower(): value for name, value in reply.headers.items()}
        self.comparison.compare(exchange, reply.status, headers, _json(reply))
        return reply

    def _send(self, exchange: Exchange) -> Reply:
        url = f"{BASE}{self.comparison.translated(exchange.url)}"
        body = None
        if exchange.request is not None:
            body = _offered(json.loads(self.comparison.translated(json.dumps(exchange.request))))
        if "/backupResourceGuardProxies/" not in exchange.url:
            return self.front.send(exchange.method, url, body)
        people = guarded(self.platform.world)
        who = {"oid": SOMEBODY_ELSE} if exchange.url.partition("?")[0].endswith("/unlockDelete") else {}
        return people.send(exchange.method, url, body, headers=bearer(CONTRIBUTOR, **who))


def set_up(scenario: str, exchanges: list[Exchange]) -> Stage:
    """A world that holds what the scenario found when it began."""
    platform = Platform(World(clock=FakeClock(NOON)))
    platform.world.cloud.snapshot_time = SNAPSHOT_TIME
    platform.world.cloud.region_names |= {ELSEWHERE}
    stage = Stage(platform=platform, front=Front(platform.world))
    text = json.dumps([[each.url, each.request, each.response] for each in exchanges if each.status < 400])
    for group in sorted(set(re.findall(_GROUP, text))):
        platform.world.cloud.add_group(parse_group_id(group))
    for name in sorted(set(_IDENTITY.findall(text))):
        ids = Identity(principal_id=str(uuid.uuid4()), client_id=str(uuid.uuid4()), tenant_id=str(uuid.uuid4()))
        platform.world.cloud.user_identities[name.lower()] = ids
    made = {each.path for each in exchanges if each.method == "PUT"}
    instances = [match for match in _instances(text) if match["vault"] not in made]
    for vault in sorted({match["vault"] for match in instances}):
        _put(stage, vault, _vault_body())
        for policy in sorted({*_policies(text, vault)}):
            _put(stage, f"{vault}/backupPolicies/{policy}", {"properties": _policy_of(vault)})
    for row in _graph_vaults(exchanges):
        if stage.front.get(row["id"]).status == 404:
            _put_in_graph(stage, row)
    for match in instances:
        _add_disk(stage, match)
        if _is_there_at_first(match[0], exchanges):
            _put(stage, match[0], _instance_body(match, _policies(text, match["vault"])[0]))
    platform.run(seconds=BEFORE_A_REQUEST)
    _back_up_daily(stage, BACKUPS.get(scenario, 0))
    return stage


def _graph_vaults(exchanges: list[Exchange]) -> list[Any]:
    """The vaults that Resource Graph was recorded to know."""
    told = [each.response["data"] for each in exchanges if each.path == GRAPH]
    return [row for rows in told for row in rows if row["type"] == "microsoft.dataprotection/backupvaults"]


def _instances(text: str) -> list[re.Match[str]]:
    """The instances that a scenario names, each once, but for those of storage accounts."""
    found = {match[0]: match for match in _INSTANCE.finditer(text)}
    return [match for match in found.values() if f"storageAccounts/{match['disk']}" not in text]


def _policies(text: str, vault: str) -> list[str]:
    """The policies of a vault that a scenario names, in its order; an instance is protected by the first."""
    return re.findall(rf"{vault}/backupPolicies/([\w-]+)", text) or ["diskpolicy"]


def _is_there_at_first(path: str, exchanges: list[Exchange]) -> bool:
    """Whether the scenario finds the instance: it does not begin with making it."""
    first = next((each for each in exchanges if each.path.startswith(path) and each.status < 400), None)
    return first is None or first.method != "PUT"


def _put(stage: Stage, path: str, body: Mapping[str, Any]) -> None:
    reply = stage.front.put(path, body)
    assert reply.status in (200, 201), f"{path}: {reply.status} {reply.text}"


def _vault_body() -> dict[str, Any]:
    return {
        "location": LOCATION,
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "storageSettings": [{"datastoreType": "VaultStore", "type": "LocallyRedundant"}],
            "securitySettings": {"softDeleteSettings": {"state": "Off", "retentionDurationInDays": 14.0}},
        },
    }


def _put_in_graph(stage: Stage, row: Mapping[str, Any]) -> None:
    """The vault of a row of Resource Graph, with a rule for each region that it is replicated to."""
    path = row["id"].replace("/BackupVaults/", "/backupVaults/")
    regions = row["properties"]["replicatedRegions"]
    _put(stage, path, _vault_in_graph(row))
    for region in regions:
        _put(stage, f"{path}/backupPolicies/copied", {"properties": _policy_of(path)})
        rule = {
            "policyId": f"{path}/backupPolicies/copied",
            "targetLocation": region,
            "snapshotResourceGroupId": path.partition("/providers/")[0],
            "retentions": [{"tagName": "Default", "duration": "P30D"}],
        }
        _put(stage, f"{path}/copyRules/{region}", {"properties": rule})


def _vault_in_graph(row: Mapping[str, Any]) -> dict[str, Any]:
    """The vault of a row of Resource Graph."""
    told = {name: row[name] for name in ("tags", "identity") if row[name] is not None}
    properties = dict(row["properties"])
    soft_delete = properties["securitySettings"]["softDeleteSettings"]
    properties["securitySettings"] = {"softDeleteSettings": {**soft_delete, "retentionDurationInDays": 14.0}}
    kept = {name: properties[name] for name in ("storageSettings", "securitySettings")}
    return {"location": row["location"], **told, "properties": kept}


def _policy_of(vault: str) -> dict[str, Any]:
    """Daily at noon in the vault whose points were recorded; on demand by the rule that was recorded."""
    interval = "R/2020-04-05T12:00:00+00:00/P1D" if "persistent" in vault else "R/2020-04-05T13:00:00+00:00/PT4H"
    return policy_properties(intervals=(interval,), rule_name="BackupHourly")


def _add_disk(stage: Stage, match: re.Match[str]) -> None:
    group = match["vault"].split("/providers/")[0]
    stage.platform.world.cloud.add_group(parse_group_id(group))
    disk = {
        "id": _disk_id(match),
        "name": match["disk"],
        "type": "Microsoft.Compute/disks",
        "location": LOCATION,
        "sku": {"name": "StandardSSD_LRS", "tier": "Standard"},
        "properties": {
            "creationData": {"createOption": "Empty"},
            "diskSizeGB": DISK_BYTES >> 30,
            "diskSizeBytes": DISK_BYTES,
            "encryption": {"type": "EncryptionAtRestWithPlatformKey"},
            "provisioningState": "Succeeded",
            "diskState": "Unattached",
        },
    }
    stage.platform.world.cloud.add_disk(disk)


def _disk_id(match: re.Match[str]) -> str:
    return f"{match['vault'].split('/providers/')[0]}/providers/Microsoft.Compute/disks/{match['disk']}"


def _instance_body(match: re.Match[str], policy: str) -> dict[str, Any]:
    group = match["vault"].split("/providers/")[0]
    store = {"dataStoreType": "OperationalStore", "objectType": "AzureOperationalStoreParameters"}
    return {
        "properties": {
            "objectType": "BackupInstance",
            "friendlyName": match["disk"],
            "dataSourceInfo": {
                "objectType": "Datasource",
                "resourceID": _disk_id(match),
                "resourceUri": "",
                "datasourceType": "Microsoft.Compute/disks",
                "resourceName": match["disk"],
                "resourceType": "Microsoft.Compute/disks",
                "resourceLocation": LOCATION,
            },
            "policyInfo": {
                "policyId": f"{match['vault']}/backupPolicies/{policy}",
                "policyParameters": {"dataStoreParametersList": [{**store, "resourceGroupId": group}]},
            },
        }
    }


def _back_up_daily(stage: Stage, times: int) -> None:
    for day in range(times):
        stage.platform.world.clock.set(NOON + timedelta(days=day))
        stage.platform.run(minutes=5)


def _offered(request: Any) -> Any:
    """The request without the switch for restores in another region: it is refused here, and the rest of it is to be
    compared."""
    properties = request.get("properties") or {}
    features = properties.get("featureSettings") or {}
    features.pop("crossRegionRestoreSettings", None)
    if not properties or features:
        return request
    return {**request, "properties": _without(properties, "featureSettings")}


def _without(fields: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key != name}


def _json(reply: Reply) -> Any:
    return json.loads(reply.text) if reply.text else None


def _state(body: Any) -> str:
    """The word that tells how far an operation, a job or a resource is; empty for what has none."""
    if not isinstance(body, dict):
        return ""
    properties = body.get("properties") or {}
    words = [body.get("status"), properties.get("currentProtectionState"), properties.get("status")]
    return next((word for word in words if isinstance(word, str)), "")


def _is_running(body: Any) -> bool:
    return _state(body) in _RUNNING


def _has_ended(body: Any) -> bool:
    return _state(body) not in ("", *_RUNNING)

"""The walk: a disk from nothing to a restored copy and an expired recovery point, in a resource group of its own.

Each step says what it does before it does it. What Azure or the app answers otherwise than they should is `Unexpected`
and ends the walk; what they answer otherwise than the simulator is found afterwards (comparing.py). Vault, disk,
snapshots and restored disk lie in one group, so that removing the group removes them (sweeping.py).
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.local.demo import wanted
from infra.verify import sweeping
from infra.verify.api import AUTHORIZATION, COMPUTE, RESOURCES, Api, Unexpected
from infra.verify.exchanges import Exchange
from infra.verify.sweeping import is_gone

DISK, RESTORED = "verify-disk", "verify-restored"
SIZE_GB = 4
SAMPLE, SAMPLES, SECTOR = 64 << 10, 6, 512  # bytes of a sample, how many beside the first and the last, and of a sector
SIGNED_FOR = 600  # seconds
RULE = "BackupDaily"
RETENTION = "PT2M"  # of a point that is not the newest: the walk waits for it
# Azure's built-in roles by their ids (documented); the app's identity needs them on the group.
ROLES: Mapping[str, str] = {
    "Disk Backup Reader": "3e5e47e6-65f7-47ef-90b5-e5dd4d455f24",
    "Disk Snapshot Contributor": "7efff54f-a5b4-42b5-a1c5-5411624893ce",
    "Disk Restore Operator": "b50d9833-a0cb-478e-945f-707fcc997c13",
}
ROLES_TRIED = 60  # until roles have taken effect


@dataclass(slots=True)
class Walk:
    """`name` is the run's own part of its group's name; `say` prints. `names` are texts of this run with what stands
    for each, for the comparison."""

    api: Api
    name: str
    say: Callable[[str], None]
    names: dict[str, str] = field(default_factory=dict)
    snapshots: list[str] = field(default_factory=list)  # by id, oldest first

    def __post_init__(self) -> None:
        self.names |= {self.group_name: "{group}", self.name: "{run}", self.location: "{location}"}

    def run(self) -> None:
        """Raises Unexpected, sweeping.Foreign, and whatever a broken connection raises."""
        with self._step("a resource group of its own"):
            self._make_group()
        with self._step("a vault, without soft delete"):
            self._make_vault()
        with self._step("roles of the app's identity on the group"):
            self._assign_roles()
        with self._step(f"a disk of {SIZE_GB} GiB"):
            self._make_disk()
        with self._step("a policy"):
            self._make_policy()
        with self._step("is the disk ready to be protected"):
            self._validate()
        with self._step("the disk is protected"):
            self._protect()
        with self._step("a first backup"):
            self._back_up()
        with self._step("a second backup"):
            self._back_up()
        with self._step("their recovery points and snapshots"):
            points = self._points()
        with self._step("the newer one is restored to a new disk"):
            self._restore(points[0])
        with self._step("the restored disk is like the other"):
            self._compare()
        with self._step("the restored disk holds the snapshot's bytes"):
            self.compare_bytes(self.snapshots[-1], self.disk(RESTORED))
        with self._step("the older one expires, and its snapshot is deleted"):
            self._await_expiry(points)
        with self._step("protection ends: the instance, its points and snapshots are deleted"):
            self._unprotect()
        with self._step("policy and vault are deleted"):
            sweeping.empty(self.api, self.vault)

    # ---------------------------------------------------------------- names

    @property
    def group_name(self) -> str:
        return f"{sweeping.PREFIX}{self.name}"

    @property
    def subscription(self) -> str:
        return self.api.recorder.target.subscription

    @property
    def location(self) -> str:
        return self.api.recorder.target.location

    @property
    def group(self) -> str:
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.group_name}"

    @property
    def vault(self) -> str:
        return f"{self.group}/{sweeping.PROVIDER}/backupVaults/verify-vault"

    @property
    def policy(self) -> str:
        return f"{self.vault}/backupPolicies/verify-policy"

    @property
    def instance(self) -> str:
        return f"{self.vault}/backupInstances/{DISK}"

    def disk(self, name: str = DISK) -> str:
        return f"{self.group}/providers/Microsoft.Compute/disks/{name}"

    # ---------------------------------------------------------------- steps

    @contextmanager
    def _step(self, what: str) -> Iterator[None]:
        self.say(what)
        self.api.recorder.step = what
        yield

    def _make_group(self) -> None:
        if sweeping.check_own(self.api, self.subscription, self.group_name):
            raise Unexpected(f"resource group '{self.group_name}' is there already: remove what is left of that run")
        body = {"location": self.location, "tags": sweeping.tags_of(self.name, datetime.now(UTC))}
        self.api.arm("PUT", self.group, body, version=RESOURCES, expect=(201,))

    def _make_vault(self) -> None:
        body = {
            "location": self.location,
            "identity": {"type": "SystemAssigned"},
            "properties": {
                "storageSettings": [{"datastoreType": "OperationalStore", "type": "LocallyRedundant"}],
                "securitySettings": {"softDeleteSettings": {"state": "Off", "retentionDurationInDays": 14.0}},
            },
        }
        self.api.app_done("PUT", self.vault, body)

    def _assign_roles(self) -> None:
        """By the id that the vault tells, as role assignments for Azure's vaults are written."""
        identity = self.api.app("GET", self.vault, expect=(200,)).body.get("identity") or {}
        principal = identity.get("principalId")
        if not principal:
            raise Unexpected("the vault tells no principalId: the app gets no token, and its log says why")
        for role, guid in ROLES.items():
            name = uuid.uuid5(uuid.NAMESPACE_URL, f"{self.group}/{role}/{principal}")
            definition = f"/subscriptions/{self.subscription}/providers/Microsoft.Authorization/roleDefinitions/{guid}"
            body = {
                "properties": {
                    "roleDefinitionId": definition,
                    "principalId": principal,
                    "principalType": "ServicePrincipal",
                }
            }
            path = f"{self.group}/providers/Microsoft.Authorization/roleAssignments/{name}"
            self.api.arm("PUT", path, body, version=AUTHORIZATION, expect=(201,))

    def _make_disk(self) -> None:
        body = {
            "location": self.location,
            "sku": {"name": "Standard_LRS"},
            "tags": {sweeping.TAG: self.name},
            "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": SIZE_GB},
        }
        self.api.arm_done("PUT", self.disk(), body, version=COMPUTE)
        self.api.arm("GET", self.disk(), version=COMPUTE, expect=(200,))

    def _make_policy(self) -> None:
        """Its next slot is half a day off, so that no backup comes but those that are asked for."""
        start = (datetime.now(UTC) + timedelta(hours=12)).strftime("%Y-%m-%dT%H:00:00+00:00")
        self.names[start] = "{start}"
        body = wanted.policy("P1D", RETENTION, rule=RULE, start=start)
        self.api.app("PUT", self.policy, body, expect=(200,))
        self.api.app("GET", self.policy, expect=(200,))

    def _validate(self) -> None:
        """Role assignments take up to some minutes; until then the answer names those that are missing."""
        since = len(self.api.recorder.exchanges)
        for tried in range(ROLES_TRIED):
            self.api.recorder.in_vain(since)
            try:
                body = {"backupInstance": self._instance()["properties"]}
                self._result(self.api.app("POST", f"{self.vault}/validateForBackup", body, expect=(200, 202)))
                return
            except Unexpected:
                if tried + 1 == ROLES_TRIED:
                    raise
                self.api.recorder.pause(self.api.recorder.exchanges[-1])

    def _protect(self) -> None:
        self.api.app_done("PUT", self.instance, self._instance())
        self.api.look_at(self.instance, lambda looked: _state(looked) != "ConfiguringProtection")
        found = self.api.recorder.exchanges[-1]
        if _state(found) != "ProtectionConfigured":
            raise Unexpected(f"{self.instance} is in state {_state(found)}: {found.body}")

    def _back_up(self) -> None:
        body = {"backupRuleOptions": {"ruleName": RULE, "triggerOption": {}}}
        self._job(self.api.app("POST", f"{self.instance}/backup", body, expect=(202,)))

    def _points(self) -> list[dict[str, Any]]:
        """Newest first. Each snapshot is looked at by itself, too, as it stands in the list of its group."""
        points = list(self.api.app("GET", f"{self.instance}/recoveryPoints", expect=(200,)).body["value"])
        listed = self._snapshots()
        if (len(points), len(listed)) != (2, 2):
            raise Unexpected(f"two backups made {len(points)} recovery points and {len(listed)} snapshots")
        for number, snapshot in enumerate(listed, 1):
            self.names[snapshot["name"]] = f"{{snapshot {number}}}"
            self.snapshots.append(snapshot["id"])
            self.api.arm("GET", snapshot["id"], version=COMPUTE, expect=(200,))
            if not snapshot["properties"].get("incremental"):
                raise Unexpected(f"{snapshot['id']} is a full snapshot")
        for number, point in enumerate(reversed(points), 1):
            self.names[point["name"]] = f"{{point {number}}}"
            self.api.app("GET", point["id"], expect=(200,))
        return points

    def _restore(self, point: Mapping[str, Any]) -> None:
        request = wanted.restore(point["name"], self.disk(RESTORED), self.location)
        validated = {"restoreRequestObject": request}
        self._result(self.api.app("POST", f"{self.instance}/validateRestore", validated, expect=(200, 202)))
        self._job(self.api.app("POST", f"{self.instance}/restore", request, expect=(202,)))

    def _compare(self) -> None:
        """What a snapshot and its record keep of a disk."""
        one, other = (
            self.api.arm("GET", self.disk(name), version=COMPUTE, expect=(200,)).body for name in (DISK, RESTORED)
        )
        for path in ("sku.name", "location", "properties.diskSizeGB", "properties.diskSizeBytes"):
            if _at(one, path) != _at(other, path):
                raise Unexpected(f"{path} is {_at(other, path)} of the restored disk, and was {_at(one, path)}")
        created = other["properties"]["creationData"]
        if str(created.get("sourceResourceId", "")).rpartition("/")[2] not in self.names:
            raise Unexpected(f"the restored disk was made of {created}, which is no snapshot of this run")

    def compare_bytes(self, snapshot: str, disk: str) -> None:
        """Some ranges, the first and the last among them: others in each run."""
        with self._access(snapshot) as one, self._access(disk) as other:
            for first in samples(self.name):
                last = first + SAMPLE - 1
                if self.api.recorder.read(one, first, last) != self.api.recorder.read(other, first, last):
                    raise Unexpected(f"bytes {first} to {last} of {disk} are not those of {snapshot}")

    @contextmanager
    def _access(self, path: str) -> Iterator[str]:
        """A signed URL of a snapshot's or disk's data, as long as it is needed."""
        body = {"access": "Read", "durationInSeconds": SIGNED_FOR}
        given = self._result(self.api.arm("POST", f"{path}/beginGetAccess", body, version=COMPUTE, expect=(200, 202)))
        try:
            yield str((given or {}).get("accessSAS", ""))
        finally:
            self.api.arm_done("POST", f"{path}/endGetAccess", version=COMPUTE)

    def _await_expiry(self, points: list[dict[str, Any]]) -> None:
        """The newest point stays whatever its age, so that the older one must go alone."""
        newest, older = points
        self.api.look_at(older["id"], is_gone)
        self.api.look_at(self.snapshots[0], is_gone, version=COMPUTE)
        left = self.api.app("GET", f"{self.instance}/recoveryPoints", expect=(200,)).body["value"]
        snapshots = self._snapshots()
        if [point["name"] for point in left] != [newest["name"]] or len(snapshots) != 1:
            raise Unexpected(
                f"left are points {[each['name'] for each in left]} and {len(snapshots)} snapshots, not one"
            )

    def _unprotect(self) -> None:
        self.api.app_done("DELETE", self.instance)
        self.api.look_at(self.instance, is_gone)
        left = self._snapshots()
        if left:
            raise Unexpected(f"snapshots are left: {[snapshot['id'] for snapshot in left]}")

    # ---------------------------------------------------------------- bodies and results

    def _instance(self) -> dict[str, Any]:
        disk = {"id": self.disk(), "name": DISK, "location": self.location}
        return wanted.instance(disk, self.policy, self.group)

    def _snapshots(self) -> list[dict[str, Any]]:
        """Those of the group, oldest first."""
        path = f"{self.group}/providers/Microsoft.Compute/snapshots"
        listed = list(self.api.arm("GET", path, version=COMPUTE, expect=(200,)).body["value"])
        return sorted(listed, key=lambda snapshot: str(snapshot["properties"]["timeCreated"]))

    def _result(self, begun: Exchange) -> Any:
        """What an operation came to, by its Location."""
        self.api.end_of(begun)
        url = begun.headers.get("location")
        return None if url is None else self.api.look(url, lambda looked: looked.status != 202).body

    def _job(self, begun: Exchange) -> None:
        job = str(self._result(begun)["jobId"])
        done = self.api.look_at(job, lambda looked: _job_status(looked) != "InProgress")
        if _job_status(done) != "Completed":
            raise Unexpected(f"{job} ended so: {done.body}")


def samples(name: str) -> list[int]:
    """Where the samples of a run begin, in bytes: whole sectors of the disk."""
    end = (SIZE_GB << 30) - SAMPLE
    digests = (hashlib.sha256(f"{name} {number}".encode()).digest() for number in range(SAMPLES))
    return sorted({0, end, *(int.from_bytes(each[:8], "big") % end // SECTOR * SECTOR for each in digests)})


def _state(looked: Exchange) -> str:
    return str(looked.body["properties"]["currentProtectionState"])


def _job_status(looked: Exchange) -> str:
    return str(looked.body["properties"]["status"])


def _at(body: Any, path: str) -> Any:
    for name in path.split("."):
        body = body.get(name) if isinstance(body, Mapping) else None
    return body

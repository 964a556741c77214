"""A local target with disks of its own, protected as a benchmark needs them, and eyes for what happens there.

Vault, policy and instances are written through the store adapter: setting up is not what is measured. Leaves to others:
what to measure and what must hold.
"""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from azure.storage.queue import QueueServiceClient

from backup_core.adapters.table_store import TableStore
from backup_core.domain.agenda import backup_row, expiry_row
from backup_core.domain.instance import BackupInstance, ProtectionState
from backup_core.domain.job import Job
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import GroupId, VaultKey
from backup_core.domain.vault import Vault
from backup_core.ports import Insert, R, Stored
from backup_core.settings import Settings
from backup_core.workflows.protection import first_expiry
from infra.local.demo.clients import Entry
from infra.local.up import SUBSCRIPTION, LocalTarget
from tests.benchmarks.counting import Marked
from tests.builders import policy_properties

LOCATION = "westeurope"
VAULT = VaultKey(subscription=SUBSCRIPTION, group="backup", name="bench")
SNAPSHOT_GROUP = GroupId(subscription=SUBSCRIPTION, group=f"snapshots-{LOCATION}")
TARGET_GROUP = GroupId(subscription=SUBSCRIPTION, group=f"restores-{LOCATION}")
RULE = "BackupHourly"  # as the builder of policies names it
API_VERSION = {"api-version": "2026-06-01"}
TIMERS = ("tick", "reconcile")
_COMMIT = 100  # records in one transaction


@dataclass(slots=True, kw_only=True)
class Scene:
    """What a benchmark works with while the local target runs. Its own storage requests are marked as such."""

    target: LocalTarget
    store: TableStore
    session: requests.Session = field(default_factory=requests.Session)

    # ---------------------------------------------------------------- setting up

    def add_disks(self, count: int, prefix: str = "bench") -> list[str]:
        """Ids of new Premium SSDs."""
        wish = {"count": count, "prefix": prefix, "sku": "Premium_LRS", "size_gib": 64, "location": LOCATION}
        ids: list[str] = self.control("POST", "disks", wish)["ids"]
        return ids

    def protect(self, disks: Sequence[str], policy: BackupPolicy, *, first_slot: datetime | None = None) -> None:
        """Instances of `disks`, named as they are, configured and on the agenda."""
        if self.store.get(Vault, VAULT) is None:
            self.store.commit(VAULT, [Insert(Vault(key=VAULT, location=LOCATION, created_at=datetime.now(UTC)))])
        self.store.commit(VAULT, [Insert(policy)])
        slot = first_slot or policy.schedule.next_slot(datetime.now(UTC))
        expiry = first_expiry(policy, slot)
        instances = [replace(_instance(disk, policy), expiry_due_at=expiry) for disk in disks]
        for start in range(0, len(instances), _COMMIT):
            self.store.commit(VAULT, [Insert(instance) for instance in instances[start : start + _COMMIT]])
        self.store.schedule([backup_row(VAULT, instance, slot) for instance in instances])
        self.store.schedule([expiry_row(VAULT, instance.name, expiry) for instance in instances])

    # ---------------------------------------------------------------- acting

    def control(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The simulator's own API."""
        return self._json(method, f"{self.target.endpoints['arm']}/_simulator/{path}", body)

    def back_up(self, instance: str) -> requests.Response:
        body = {"backupRuleOptions": {"ruleName": RULE, "triggerOption": {}}}
        return self.api("POST", f"backupInstances/{instance}/backup", body)

    def api(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> requests.Response:
        """A call of the product's API below the vault. Each on a connection of its own, to whichever host answers."""
        return requests.request(
            method,
            f"{self.target.endpoints['api']}{VAULT.resource_id}/{path}",
            params=API_VERSION,
            json=body,
            headers={"x-functions-key": self.target.endpoints["function_key"], "Connection": "close"},
            timeout=30,
        )

    def run_function(self, name: str) -> None:
        """Run a timer function now, as an operator would, and wait until it has ended. Raises when it failed."""
        asked_at = datetime.now(UTC)
        answer = requests.post(
            f"{self.target.endpoints['api']}/admin/functions/{name}",
            json={},
            headers={"x-functions-key": self.target.endpoints["master_key"], "Connection": "close"},
            timeout=30,
        )
        answer.raise_for_status()
        runs: list[Run] = wait_for(lambda: self.runs(since=asked_at, function=name), seconds=60)
        assert all(run.ok for run in runs), f"{name} failed"

    # ---------------------------------------------------------------- seeing

    def all(self, record: type[R], *key: str) -> list[Stored[R]]:
        """All records of a kind. None of them may be unreadable."""
        found: list[Stored[R]] = []
        token: str | None = None
        while True:
            page = self.store.page(record, VAULT, *key, token=token)
            assert not page.corrupt, f"unreadable rows: {page.corrupt}"
            found += page.items
            token = page.next_token
            if token is None:
                return found

    def jobs(self) -> list[Job]:
        return [stored.value for stored in self.all(Job)]

    def instances(self) -> list[BackupInstance]:
        return [stored.value for stored in self.all(BackupInstance)]

    def points(self) -> list[RecoveryPoint]:
        return [stored.value for stored in self.all(RecoveryPoint)]

    def ledger(self, what: str | None = None) -> list[Entry]:
        """What the simulator wrote down, in order."""
        entries = self.control("GET", "ledger")["entries"]
        return [Entry(entry) for entry in entries if what is None or entry["what"] == what]

    def arm_calls(self) -> dict[str, int]:
        """Calls that ARM answered since the last `DELETE counts`: by method, kind of resource and status."""
        calls = self.control("GET", "counts")["calls"]
        return {f"{call['method']} {call['what']} {call['status']}": call["count"] for call in calls}

    def runs(self, *, since: datetime, function: str | None = None) -> list[Run]:
        """Function executions that began at or after `since`, of all hosts, dead ones too."""
        found = []
        for log in self.target.log_dir.glob("invocations-*.jsonl"):
            for line in log.read_text().splitlines():
                run = _run(line)
                if run is not None and run.started_at >= since and function in (None, run.function):
                    found.append(run)
        return found

    def messages(self) -> dict[str, int]:
        """Messages by queue, those that a host holds included; queues without any left out."""
        service = QueueServiceClient.from_connection_string(self.target.endpoints["storage_connection_string"])
        counts = {
            queue.name: service.get_queue_client(queue.name).get_queue_properties().approximate_message_count
            for queue in service.list_queues()
        }
        return {name: count for name, count in counts.items() if count}

    def logged(self, text: str) -> int:
        """How often the hosts wrote `text` to their logs."""
        return sum(log.read_text(errors="replace").count(text) for log in self.target.log_dir.glob("host-*.log"))

    def poisoned(self) -> dict[str, int]:
        return {name: count for name, count in self.messages().items() if name.endswith("-poison")}

    def peak_memory_mib(self) -> dict[str, float]:
        """The most that each living host has held at once."""
        living = {part.name: part.pid for part in self.target.hosts.values() if part.exit_code is None}
        return {name: memory_mib(Path(f"/proc/{pid}/status").read_text()) for name, pid in living.items()}

    def _json(self, method: str, url: str, body: Mapping[str, Any] | None) -> Any:
        trusted = self.target.endpoints["ca_file"]
        answer = self.session.request(method, url, json=body, verify=trusted, timeout=60)
        answer.raise_for_status()
        return answer.json()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of a function; `own_ms` leaves out the wait for a free thread."""

    function: str
    started_at: datetime
    own_ms: float
    ok: bool

    @property
    def is_step(self) -> bool:
        return self.function not in TIMERS and not self.function.startswith("api_")


@contextmanager
def local_target(*, instances: int = 1, azurite_log: bool = False) -> Iterator[Scene]:
    """Everything started in a folder of its own, ended and removed on leaving."""
    with tempfile.TemporaryDirectory(prefix="diskbackup-bench-", ignore_cleanup_errors=True) as folder:
        directory = Path(folder)
        arguments = ("--debug", str(directory / "azurite-debug.log")) if azurite_log else ()
        keys = {"DISKBACKUP_SIGN_IN": "function_key"}
        with LocalTarget.start(dir=directory, instances=instances, env=keys, azurite_args=arguments) as target:
            connection_string = target.endpoints["storage_connection_string"]
            settings = Settings(storage_connection_string=connection_string)
            store = TableStore(
                prefix=settings.table_prefix, connection_string=connection_string, per_call_policies=[Marked()]
            )
            yield Scene(target=target, store=store)


def slots_ahead(count: int, *, lead_seconds: float = 12.0) -> list[datetime]:
    """The next `count` full minutes, the first at least `lead_seconds` away."""
    soonest = datetime.now(UTC) + timedelta(seconds=lead_seconds)
    first = soonest.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return [first + timedelta(minutes=number) for number in range(count)]


def policy_at(name: str, slots: Sequence[datetime], *, retention: str = "P7D") -> BackupPolicy:
    """A policy whose only slots today are `slots`: one daily interval for each."""
    intervals = [f"R/{slot.isoformat()}/P1D" for slot in slots]
    return BackupPolicy.parse(name, policy_properties(intervals=intervals, retention=retention, rule_name=RULE))


def wait_for(condition: Callable[[], Any], *, seconds: float, pause: float = 0.5) -> Any:
    """The first true value of `condition`. Raises TimeoutError."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(pause)
    raise TimeoutError(f"it did not happen within {seconds:.0f} s")


def _instance(disk: str, policy: BackupPolicy) -> BackupInstance:
    name = disk.rsplit("/", 1)[1]
    return BackupInstance(
        name=name,
        generation="bench",
        revision=1,
        friendly_name=name,
        disk_id=disk,
        disk_location=LOCATION,
        snapshot_group_id=SNAPSHOT_GROUP.text,
        policy=policy,
        state=ProtectionState.CONFIGURED,
        created_at=datetime.now(UTC),
        disk_sku="Premium_LRS",
    )


def _run(line: str) -> Run | None:
    try:
        raw = json.loads(line)
    except json.JSONDecodeError:  # the host was killed while it wrote
        return None
    started_at = datetime.fromisoformat(raw["started_at"])
    return Run(function=raw["function"], started_at=started_at, own_ms=raw["own_ms"], ok=raw["ok"])


def memory_mib(status: str, field: str = "VmHWM") -> float:
    """What /proc/<pid>/status says of a process: the most that it has held at once, or holds now (VmRSS)."""
    found = re.search(rf"{field}:\s+(\d+) kB", status)
    assert found is not None, f"Linux tells {field}"
    return int(found[1]) / 1024

"""The API beside what it reads: 5,000 instances in one vault listed page by page in bounded memory, one of them read,
and 1,000 recovery points of one instance listed.

Each is asked of the app on the local target over one kept connection. Beside it the same rows are read straight from
the local table service with Azure's own client: that part is no work of ours, and no bar can lie below it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import requests
from azure.data.tables import TableClient

from backup_core.adapters import entities
from backup_core.adapters.entities import RowRange
from backup_core.domain.instance import BackupInstance, ProtectionState
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.vault import Vault
from backup_core.ports import Insert, Record
from backup_core.settings import Settings
from infra.local.up import SUBSCRIPTION
from tests.api.bodies import instance_body
from tests.benchmarks.figures import Figure, median, spread
from tests.benchmarks.scene import API_VERSION, LOCATION, SNAPSHOT_GROUP, VAULT, Scene, local_target, memory_mib
from tests.builders import disk_json, policy_properties

INSTANCES = 5000
POINTS = 1000
GETS = 200
LISTS = 30  # of the points
ROUNDS = 10  # through all pages
GET_P95_AT_MOST = 50.0  # ms
LIST_P95_AT_MOST = 500.0  # ms
# Some pages at a time are what the host may hold, however many there are and however often they are read.
PAGES_MEMORY_AT_MOST = 64.0  # MiB
LASTING_MEMORY_AT_MOST = 16.0  # MiB
_POLICY = BackupPolicy.parse(
    "daily", policy_properties(intervals=("R/2020-01-01T00:00:00+00:00/P1D",), retention="P1Y")
)
_COMMIT = 100
_NOW = datetime.now(UTC)


def measure() -> list[Figure]:
    with local_target() as scene:
        _fill(scene)
        reader = Reader.of(scene)
        for path in ("backupInstances", f"backupInstances/{_name(0)}/recoveryPoints"):
            reader.page(reader.url(path))  # a host's first answer waits for its imports: another benchmark has that
        return [*_memory(scene, reader), *_one_instance(reader), *_points(reader)]


def _memory(scene: Scene, reader: Reader) -> list[Figure]:
    (host,) = scene.target.hosts.values()
    status = Path(f"/proc/{host.pid}/status")
    before = memory_mib(status.read_text(), "VmRSS")
    Path(f"/proc/{host.pid}/clear_refs").write_text("5")  # the peak is to be that of what follows
    seconds, pages = _listed(reader)
    peak, after = memory_mib(status.read_text()) - before, memory_mib(status.read_text(), "VmRSS")
    more = [_listed(reader)[0] for _ in range(ROUNDS)]
    lasting = memory_mib(status.read_text(), "VmRSS") - after
    raw = [_timed(reader.raw_instances)[0] / 1000 for _ in range(ROUNDS)]
    return [
        Figure(name="pages of 5,000 instances", value=len(pages)),
        Figure(name="largest page", value=max(page.size for page in pages) / 2**20, unit="MiB"),
        Figure(name="listing 5,000 instances", value=median([seconds, *more]), unit="s"),
        Figure(name="  the raw read of their rows", value=median(raw), unit="s"),
        Figure(name="host's peak over what it held before", value=peak, unit="MiB", at_most=PAGES_MEMORY_AT_MOST),
        Figure(
            name=f"host's growth over {ROUNDS} more listings", value=lasting, unit="MiB", at_most=LASTING_MEMORY_AT_MOST
        ),
    ]


def _listed(reader: Reader) -> tuple[float, list[Page]]:
    """Seconds for all pages, and the pages."""
    milliseconds, pages = _timed(reader.list_all)
    assert sum(page.items for page in pages) == INSTANCES, "a page lost instances or told them twice"
    return milliseconds / 1000, pages


def _one_instance(reader: Reader) -> list[Figure]:
    names = [_name(number * 7919 % INSTANCES) for number in range(GETS)]
    raw = [_timed(partial(reader.raw_instance, name))[0] for name in names]
    asked = [_timed(partial(reader.get, f"backupInstances/{name}"))[0] for name in names]
    return [
        *spread("GET of one of 5,000 instances", asked, "ms", p95_at_most=GET_P95_AT_MOST),
        *spread("  the raw read of its row", raw, "ms"),
    ]


def _points(reader: Reader) -> list[Figure]:
    url = reader.url(f"backupInstances/{_name(0)}/recoveryPoints")
    raw, asked = [], []
    for _ in range(LISTS):
        milliseconds, rows = _timed(reader.raw_points)
        assert len(rows) == POINTS
        raw.append(milliseconds)
        milliseconds, page = _timed(lambda: reader.page(url))
        assert (page.items, page.next_link) == (POINTS, None)
        asked.append(milliseconds)
    return [
        *spread("list of 1,000 recovery points", asked, "ms", p95_at_most=LIST_P95_AT_MOST),
        *spread("  the raw read of their rows", raw, "ms"),
    ]


# ---------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    items: int
    size: int
    next_link: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Asks the app over one connection, and the table service with Azure's client."""

    base: str
    session: requests.Session
    table: TableClient

    @classmethod
    def of(cls, scene: Scene) -> Reader:
        session = requests.Session()
        session.headers["x-functions-key"] = scene.target.endpoints["function_key"]
        connection_string = scene.target.endpoints["storage_connection_string"]
        prefix = Settings(storage_connection_string=connection_string).table_prefix
        table = TableClient.from_connection_string(connection_string, f"{prefix}records")
        return cls(base=f"{scene.target.endpoints['api']}{VAULT.resource_id}", session=session, table=table)

    def url(self, path: str) -> str:
        return f"{self.base}/{path}?api-version={API_VERSION['api-version']}"

    def get(self, path: str) -> Any:
        return self._body(self.url(path)).json()

    def page(self, url: str) -> Page:
        answer = self._body(url)
        body = answer.json()
        return Page(items=len(body["value"]), size=len(answer.content), next_link=body.get("nextLink"))

    def list_all(self) -> list[Page]:
        """All pages of instances, as a client follows them."""
        pages: list[Page] = []
        url: str | None = self.url("backupInstances")
        while url is not None:
            pages.append(self.page(url))
            url = pages[-1].next_link
        return pages

    def _body(self, url: str) -> requests.Response:
        answer = self.session.get(url, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer

    def raw_instance(self, name: str) -> Any:
        address = entities.record_address(BackupInstance, VAULT, name)
        return self.table.get_entity(address.partition, address.row)

    def raw_instances(self) -> int:
        """Page by page, none kept."""
        return sum(1 for _ in self._rows(entities.record_range(BackupInstance), BackupInstance))

    def raw_points(self) -> list[Any]:
        return list(self._rows(entities.record_range(RecoveryPoint, _name(0)), RecoveryPoint))

    def _rows(self, rows: RowRange, record: type[Record]) -> Any:
        query = "PartitionKey eq @partition and RowKey ge @start and RowKey lt @end"
        bounds = {"partition": entities.record_partition(record, VAULT), "start": rows.start, "end": rows.end}
        return self.table.query_entities(query, parameters=bounds, results_per_page=1000)


def _timed(act: Callable[[], Any]) -> tuple[float, Any]:
    """Milliseconds, and what came of it."""
    began = time.perf_counter()
    result = act()
    return (time.perf_counter() - began) * 1000, result


# ---------------------------------------------------------------- what is read


def _fill(scene: Scene) -> None:
    """A vault as years of use would leave it, written through the store: that is not what is measured. None of it is on
    the agenda, so that no timer works while the API is asked."""
    _commit(scene, [Vault(key=VAULT, location=LOCATION, created_at=_NOW)])
    _commit(scene, [_POLICY])
    _commit(scene, [_instance(number) for number in range(INSTANCES)])
    _commit(scene, [_point(number) for number in range(POINTS)])


def _commit(scene: Scene, records: Sequence[Record]) -> None:
    for start in range(0, len(records), _COMMIT):
        scene.store.commit(VAULT, [Insert(record) for record in records[start : start + _COMMIT]])


def _name(number: int) -> str:
    """As clients name instances: `<disk>-<disk>-<guid>`."""
    disk = _disk_name(number)
    return f"{disk}-{disk}-00000000-0000-4000-8000-{number:012}"


def _disk_name(number: int) -> str:
    return f"data-disk-{number:05}"


def _disk_id(number: int) -> str:
    return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/disks/providers/Microsoft.Compute/disks/{_disk_name(number)}"


def _instance(number: int) -> BackupInstance:
    asked = instance_body(_disk_id(number), policy=_POLICY.name, group=SNAPSHOT_GROUP.text)["properties"]
    del asked["policyInfo"]["policyId"]
    return BackupInstance(
        name=_name(number),
        generation="bench",
        revision=1,
        friendly_name=_disk_name(number),
        disk_id=_disk_id(number),
        disk_location=LOCATION,
        snapshot_group_id=SNAPSHOT_GROUP.text,
        policy=_POLICY,
        state=ProtectionState.CONFIGURED,
        created_at=_NOW,
        disk_sku="Premium_LRS",
        tags={"team": "storage"},
        request=asked,
    )


def _point(number: int) -> RecoveryPoint:
    """Newest first, as ids sort."""
    created_at = _NOW - timedelta(hours=number)
    return RecoveryPoint(
        instance_name=_name(0),
        point_id=f"{number:032x}",
        snapshot_id=f"{SNAPSHOT_GROUP.text}/providers/Microsoft.Compute/snapshots/{_disk_name(0)}-{number:08x}",
        created_at=created_at,
        completed_at=created_at + timedelta(minutes=2),
        expires_at=created_at + timedelta(days=365),
        tag_name="Default",
        policy_name=_POLICY.name,
        slot=created_at,
        job_id=f"00000000-0000-4000-8000-{number:012}",
        disk_id=_disk_id(0),
        disk_size_bytes=128 << 30,
        location=LOCATION,
        disk=disk_json(_disk_name(0), tags={"team": "storage", "cost-center": "1234"}),
    )

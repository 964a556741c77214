"""What each piece of work costs in storage transactions, ARM calls and function executions, on a running local target.

All that the app asks of storage while the work goes on counts, its timers' idle looks at the agenda too, and of
scheduled backups what the watch asks of them a quarter of a minute after their end; Azurite's own log tells the app's
requests from those by which the host receives and deletes messages and keeps its locks.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from backup_core.domain.agenda import AgendaKind
from backup_core.domain.job import JobOperation, JobStatus
from backup_core.domain.outbox import OUTBOX
from infra.local.demo.clients import sleep_until
from tests.benchmarks.counting import AzuriteLog, shown
from tests.benchmarks.figures import Figure
from tests.benchmarks.scene import (
    LOCATION,
    TARGET_GROUP,
    Run,
    Scene,
    local_target,
    policy_at,
    slots_ahead,
    wait_for,
)

SCHEDULED = 50
OTHERS = 50  # on-demand backups, expired points, restores: as many, so that the timers' share of each is the same
TRANSACTIONS_AT_MOST = 8
ARM_CALLS_AT_MOST = 3
EXECUTIONS_AT_MOST = 3
OWN_MS_AT_MOST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cost:
    """Of `count` pieces of work."""

    count: int
    app: Counter[str]
    host: Counter[str]
    arm: dict[str, int]
    runs: list[Run]

    @property
    def transactions(self) -> float:
        return self.app.total() / self.count

    @property
    def arm_calls(self) -> float:
        return sum(self.arm.values()) / self.count

    @property
    def executions(self) -> float:
        return sum(run.is_step for run in self.runs) / self.count

    @property
    def slowest(self) -> Run:
        return max(self.runs, key=lambda run: run.own_ms)


@dataclass(slots=True, kw_only=True)
class _Meter:
    scene: Scene
    log: AzuriteLog

    def cost(self, count: int, work: Callable[[], None]) -> _Cost:
        """Start to end of `work`, and the two seconds after it in which the last messages are settled."""
        self.log.take()
        self.scene.control("DELETE", "counts")
        began = datetime.now(UTC)
        work()
        time.sleep(2)
        app, host = self.log.take()
        return _Cost(count=count, app=app, host=host, arm=self.scene.arm_calls(), runs=self.scene.runs(since=began))


def measure() -> list[Figure]:
    with local_target(azurite_log=True) as scene:
        meter = _Meter(scene=scene, log=AzuriteLog(Path(scene.target.log_dir.parent / "azurite-debug.log")))
        return [*_scheduled(meter), *_others(meter)]


def _scheduled(meter: _Meter) -> list[Figure]:
    """Two slots of the same disks: an instance's first backup, on a host that has made none, and the backups after."""
    scene, slots = meter.scene, slots_ahead(2)
    scene.protect(scene.add_disks(SCHEDULED, "scheduled"), policy_at("minutes", slots), first_slot=slots[0])
    costs = []
    for number, slot in enumerate(slots, start=1):
        sleep_until(slot - timedelta(seconds=1))
        costs.append(meter.cost(SCHEDULED, lambda: _await_slot(scene, SCHEDULED * number)))  # noqa: B023
    first, later = costs
    return [
        *_bounded("first scheduled backup", first),
        *_bounded("scheduled backup", later),
        Figure(name="host's own transactions per scheduled backup", value=later.host.total() / SCHEDULED),
    ]


def _bounded(name: str, cost: _Cost) -> list[Figure]:
    slowest = cost.slowest
    return [
        Figure(
            name=f"storage transactions per {name}",
            value=cost.transactions,
            at_most=TRANSACTIONS_AT_MOST,
            note=shown(cost.app, cost.count),
        ),
        Figure(name=f"ARM calls per {name}", value=cost.arm_calls, at_most=ARM_CALLS_AT_MOST, note=_named(cost)),
        Figure(name=f"executions per {name}", value=cost.executions, at_most=EXECUTIONS_AT_MOST),
        Figure(
            name=f"slowest execution's own time, {name}",
            value=slowest.own_ms,
            unit="ms",
            at_most=OWN_MS_AT_MOST,
            note=slowest.function,
        ),
    ]


def _others(meter: _Meter) -> list[Figure]:
    """On demand twice, so that the older points expire while the newer ones stay; then restores of those."""
    scene = meter.scene
    disks = scene.add_disks(OTHERS, "other")
    names = [disk.rsplit("/", 1)[1] for disk in disks]
    yesterday = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=1)
    scene.protect(disks, policy_at("short", [yesterday], retention="PT1M"))
    so_far = len(_ended(scene, JobOperation.BACKUP))
    on_demand = meter.cost(OTHERS, lambda: _back_up(scene, names, so_far + OTHERS))
    _back_up(scene, names, so_far + 2 * OTHERS)
    expired = meter.cost(OTHERS, lambda: _await_deletions(scene))
    restored = meter.cost(OTHERS, lambda: _restore(scene, names))
    return [
        *_plain("on-demand backup, its request included", on_demand),
        *_plain("expired point", expired),
        *_plain("restore, its request included", restored),
    ]


def _plain(name: str, cost: _Cost) -> list[Figure]:
    return [
        Figure(name=f"storage transactions per {name}", value=cost.transactions, note=shown(cost.app, cost.count)),
        Figure(name=f"ARM calls per {name}", value=cost.arm_calls, note=_named(cost)),
        Figure(name=f"executions per {name}", value=cost.executions),
    ]


def _named(cost: _Cost) -> str:
    return ", ".join(f"{call} {count / cost.count:.2f}" for call, count in cost.arm.items())


def _back_up(scene: Scene, names: list[str], expected: int) -> None:
    for name in names:
        scene.back_up(name).raise_for_status()
    _await_jobs(scene, JobOperation.BACKUP, expected)


def _await_deletions(scene: Scene) -> None:
    wait_for(lambda: len(scene.ledger("snapshot.deleted")) >= OTHERS, seconds=180)
    wait_for(lambda: sum(point.instance_name.startswith("other") for point in scene.points()) == OTHERS, seconds=60)


def _restore(scene: Scene, names: list[str]) -> None:
    points = {point.instance_name: point.point_id for point in scene.points()}
    for name in names:
        scene.api("POST", f"backupInstances/{name}/restore", _restore_body(name, points[name])).raise_for_status()
    _await_jobs(scene, JobOperation.RESTORE, OTHERS)


def _restore_body(name: str, point: str) -> dict[str, object]:
    target = f"{TARGET_GROUP.text}/providers/Microsoft.Compute/disks/{name}-restored"
    disk = "Microsoft.Compute/disks"
    return {
        "objectType": "AzureBackupRecoveryPointBasedRestoreRequest",
        "sourceDataStoreType": "OperationalStore",
        "recoveryPointId": point,
        "restoreTargetInfo": {
            "objectType": "RestoreTargetInfo",
            "recoveryOption": "FailIfExists",
            "restoreLocation": LOCATION,
            "datasourceInfo": {
                "objectType": "Datasource",
                "datasourceType": disk,
                "resourceID": target,
                "resourceLocation": LOCATION,
                "resourceName": f"{name}-restored",
                "resourceType": disk,
                "resourceUri": target,
            },
        },
    }


def _await_jobs(scene: Scene, operation: JobOperation, count: int) -> None:
    """Until `count` jobs of a kind have ended, all of them well."""
    wait_for(lambda: len(_ended(scene, operation)) >= count, seconds=180, pause=1.0)


def _await_slot(scene: Scene, count: int) -> None:
    """Until all backups so far have ended, and nobody watches over them any more."""
    _await_jobs(scene, JobOperation.BACKUP, count)
    wait_for(lambda: all(row.instance_name == OUTBOX for row in scene.store.agenda(AgendaKind.WATCH)), seconds=50)


def _ended(scene: Scene, operation: JobOperation) -> list[JobStatus]:
    ended = [job for job in scene.jobs() if job.operation is operation and job.is_ended]
    failed = [job.error for job in ended if job.status is not JobStatus.COMPLETED]
    assert not failed, f"jobs that did not complete: {failed}"
    return [job.status for job in ended]

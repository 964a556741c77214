"""What Application Insights would take in, by the levels of the host.json that ships: for a backup that goes well, and
for an hour in which nothing is due."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from backup_core.domain.job import JobOperation
from infra.local.demo.clients import sleep_until
from tests.benchmarks.figures import Figure
from tests.benchmarks.scene import Scene, local_target, policy_at, slots_ahead, wait_for

BACKUPS = 50
IDLE_MINUTES = 2
RECONCILES_AN_HOUR = 4
HOURS_A_MONTH = 730
BYTES_A_BACKUP_AT_MOST = 1_000
GIGABYTES_A_MONTH_AT_MOST = 0.3


def measure() -> list[Figure]:
    with local_target(instances=1) as scene:
        return [*_idle(scene), *_backups(scene)]


def _idle(scene: Scene) -> list[Figure]:
    """Minutes are counted from full minute to full minute, so that each holds every timer's runs once; the reconciler,
    which comes four times an hour, is run by hand."""
    sleep_until(slots_ahead(1)[0])
    minutes = _rows_of(scene, lambda: time.sleep(60 * IDLE_MINUTES))
    reconcile = _rows_of(scene, lambda: scene.run_function("reconcile"))
    rows = minutes["rows"] * 60 / IDLE_MINUTES + reconcile["rows"] * RECONCILES_AN_HOUR
    size = minutes["bytes"] * 60 / IDLE_MINUTES + reconcile["bytes"] * RECONCILES_AN_HOUR
    month = size * HOURS_A_MONTH / 1e9
    return [
        Figure(name="log rows of an idle hour", value=rows),
        Figure(name="log bytes of an idle hour", value=size),
        Figure(name="log GB of an idle month", value=month, at_most=GIGABYTES_A_MONTH_AT_MOST),
    ]


def _backups(scene: Scene) -> list[Figure]:
    """The scheduler's own line of that minute is the idle hour's."""
    (slot,) = slots_ahead(1)
    scene.protect(scene.add_disks(BACKUPS, "logged"), policy_at("minutes", [slot]), first_slot=slot)
    sleep_until(slot - timedelta(seconds=1))

    def work() -> None:
        wait_for(lambda: len(_completed(scene)) >= BACKUPS, seconds=120)
        time.sleep(2)

    seen = _rows_of(scene, work)
    return [
        Figure(name="log rows per successful backup", value=seen["rows"] / BACKUPS),
        Figure(name="log bytes per successful backup", value=seen["bytes"] / BACKUPS, at_most=BYTES_A_BACKUP_AT_MOST),
    ]


def _completed(scene: Scene) -> list[object]:
    return [job for job in scene.jobs() if job.operation is JobOperation.BACKUP and job.is_ended]


def _rows_of(scene: Scene, work: Callable[[], None]) -> Counter[str]:
    before = _rows(scene)
    work()
    return _rows(scene) - before


def _rows(scene: Scene) -> Counter[str]:
    found: Counter[str] = Counter()
    for file in scene.target.log_dir.glob("rows-*.jsonl"):
        for line in file.read_text().splitlines():
            found += Counter(rows=1, bytes=json.loads(line)["bytes"])
    return found

"""Previews: a year of an hourly policy, and a change of a policy that 5,000 disks with 100 points each follow.

The change is asked for in a process of its own, over the real adapters on an Azurite in memory, so that its memory is
that of the question. Written are the 500 instances and 50,000 points of one page, which is asked for ten times: what a
page costs does not depend on how many there are, but on Azurite, which is slower the more it holds.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from backup_core.domain.previews import preview_policy
from backup_core.ports import Insert, Ports
from backup_core.workflows.previews import INSTANCES_A_PAGE, preview_changes
from tests.benchmarks.cold_import import PROJECT
from tests.benchmarks.figures import Figure, median
from tests.benchmarks.scene import memory_mib
from tests.benchmarks.tables import in_memory_azurite, patiently, ports_on
from tests.builders import VAULT, instance, point, policy

NOW = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
POINTS = 100
STATUS = Path("/proc/self/status")
PAGES = 10
YEAR_AT_MOST = 100.0  # ms
CHANGE_AT_MOST = 10.0  # s
MEMORY_AT_MOST = 60.0  # MiB
PREFIX = "previews"
_ROUNDS = 21
_TOGETHER = 40
_POLICY = policy(retention="P17D")
_DAYS = tuple(NOW + days * DAY for days in (0, 1, 7, 30, 90, 365))


def measure() -> list[Figure]:
    with in_memory_azurite() as storage:
        _fill(ports_on(storage, prefix=PREFIX, now=NOW)[0])
        program = [sys.executable, "-m", "tests.benchmarks.previews", storage]
        printed = subprocess.run(program, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    asked = json.loads(printed)
    among = f"change for {PAGES * INSTANCES_A_PAGE:,} disks with {POINTS} points each"
    return [
        Figure(name="preview of a year, hourly", value=_year_ms(), unit="ms", at_most=YEAR_AT_MOST),
        Figure(name=f"{among}: time", value=asked["seconds"], unit="s", at_most=CHANGE_AT_MOST),
        Figure(name=f"{among}: of it not waiting for storage", value=asked["own_seconds"], unit="s"),
        Figure(name=f"{among}: storage transactions", value=asked["transactions"]),
        Figure(name=f"{among}: more memory", value=asked["mib"], unit="MiB", at_most=MEMORY_AT_MOST),
    ]


def _year_ms() -> float:
    hourly = policy(
        intervals=["R/2026-01-01T00:00:00/PT1H"],
        time_zone="Europe/Berlin",
        retention="P2D",
        tags={"Daily": ("FirstOfDay", "P30D"), "Weekly": ("FirstOfWeek", "P84D")},
    )
    taken = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        preview_policy(hourly, NOW, 365 * DAY, slots=10, days=[NOW + 365 * DAY])
        taken.append((time.perf_counter() - began) * 1000)
    return median(taken)


def _fill(ports: Ports) -> None:
    names = [f"disk-{number:05}" for number in range(INSTANCES_A_PAGE)]
    last = NOW - timedelta(hours=4)
    for inserts in _parts([Insert(instance(name, policy=_POLICY, last_success_slot=last)) for name in names]):
        patiently(partial(ports.store.commit, VAULT, inserts))
    for name in names:
        ages = (timedelta(hours=4 * number) for number in range(1, POINTS + 1))
        points = [Insert(point(name, at=NOW - age, expires_at=NOW - age + 17 * DAY)) for age in ages]
        for inserts in _parts(points):
            patiently(partial(ports.store.commit, VAULT, inserts))


def _parts(inserts: list[Insert[Any]]) -> Iterator[list[Insert[Any]]]:
    return (inserts[start : start + _TOGETHER] for start in range(0, len(inserts), _TOGETHER))


def _ask(storage: str) -> dict[str, float]:
    ports, counter = ports_on(storage, prefix=PREFIX, now=NOW)
    after = policy(retention="P3D")
    nobody = policy("nobody")
    preview_changes(ports, VAULT, nobody, nobody, _DAYS[:1])  # imports and connections, and no points
    before, began = memory_mib(STATUS.read_text(), "VmRSS"), time.perf_counter()
    counter.take()
    for _ in range(PAGES):
        page = preview_changes(ports, VAULT, _POLICY, after, _DAYS)
        assert len(page.items) == INSTANCES_A_PAGE, len(page.items)
    seconds, taken = time.perf_counter() - began, counter.take()
    return {
        "seconds": seconds,
        "own_seconds": seconds - taken.waited_seconds,
        "transactions": taken.counts.total(),
        "mib": memory_mib(STATUS.read_text()) - before,
    }


if __name__ == "__main__":
    print(json.dumps(_ask(sys.argv[1])))

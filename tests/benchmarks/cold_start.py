"""What the first caller of a host that has just started waits for, measured on the package as it is deployed.

Unpacked elsewhere, with its bytecode; without it for comparison. The host is the local one: what Azure adds before the
worker starts is not in these figures.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from backup_core.adapters.table_store import TableStore
from infra.local.up import LocalTarget
from infra.package import archive
from infra.package.build import build
from infra.package.interpreters import find
from infra.package.proof import PROJECT, copy_driver
from tests.benchmarks.figures import Figure, median
from tests.benchmarks.scene import Scene

ROUNDS = 7  # of fresh worker processes
RATIO_AT_MOST = 0.9  # else the bytecode that ships is not taken
HOSTS = 5  # fresh hosts for each of the two first calls
# Timers of their own would warm a host up before it is measured.
_QUIET = {f"AzureWebJobs.{timer}.Disabled": "true" for timer in ("tick", "reconcile")}
_INDEX = """
import asyncio, importlib, pathlib, pkgutil, sys
sys.path.insert(0, sys.argv[2])
from host import worker
functions = asyncio.run(worker.load(pathlib.Path(sys.argv[1])))
if sys.argv[3] == "everything":
    import backup_core
    for module in pkgutil.walk_packages(backup_core.__path__, "backup_core."):
        importlib.import_module(module.name)
print(len(functions))
"""


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="diskbackup-cold-", ignore_cleanup_errors=True) as text:
        folder = Path(text)
        app = _unpacked(folder)
        return [*_indexing(app, folder), *_first_calls(app, folder / "target")]


def _unpacked(folder: Path) -> Path:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    interpreter = find(version)
    assert interpreter is not None, f"no Python {version} to compile with"
    package = build(PROJECT, folder / "package", [interpreter])
    archive.unpack(package.archive, folder / "app")
    return folder / "app"


def _indexing(app: Path, folder: Path) -> list[Figure]:
    """From the start of a worker process to its answer which functions there are; the kinds in turn."""
    driver, bare = folder / "driver", folder / "without-bytecode"
    copy_driver(driver)
    shutil.copytree(app, bare, ignore=shutil.ignore_patterns("__pycache__"))
    kinds = {
        "worker start to functions indexed": (app, "functions"),
        "worker start to all our modules imported": (app, "everything"),
        "the same without our bytecode": (bare, "everything"),
    }
    seconds: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(ROUNDS + 1):
        for name, (place, what) in kinds.items():
            seconds[name].append(_index_seconds(place, driver, what))
    # The first round only warms the disk's cache up.
    medians = {name: median(taken[1:]) for name, taken in seconds.items()}
    _, compiled, bare_too = medians.values()
    return [
        *(Figure(name=name, value=value * 1000, unit="ms") for name, value in medians.items()),
        Figure(
            name="with our bytecode against without", value=compiled / bare_too, unit="times", at_most=RATIO_AT_MOST
        ),
    ]


def _index_seconds(app: Path, driver: Path, what: str) -> float:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTHONPATH", None)
    began = time.perf_counter()
    command = [sys.executable, "-c", _INDEX, str(app), str(driver), what]
    run = subprocess.run(command, cwd=app, env=environment, capture_output=True, text=True, check=True)
    assert int(run.stdout) > 0
    return time.perf_counter() - began


def _first_calls(app: Path, directory: Path) -> list[Figure]:
    keys = {"DISKBACKUP_SIGN_IN": "function_key", **_QUIET}
    with LocalTarget.start(dir=directory, app=app, env=keys) as target:
        store = TableStore(prefix="diskbackup", connection_string=target.endpoints["storage_connection_string"])
        scene = Scene(target=target, store=store)
        scene.run_function("tick")  # makes the tables, as an app's first host ever does
        starts: list[float] = []
        dispatches = [_first_dispatch(scene, starts) for _ in range(HOSTS)]
        answers = [_first_answers(scene, starts) for _ in range(HOSTS)]
    return [
        Figure(name="host start to listening", value=median(starts) * 1000, unit="ms"),
        Figure(name="first timer dispatch of a host", value=median(dispatches), unit="ms"),
        Figure(name="first API answer of a host", value=median([first for first, _ in answers]) * 1000, unit="ms"),
        Figure(name="second API answer of a host", value=median([second for _, second in answers]) * 1000, unit="ms"),
    ]


def _first_dispatch(scene: Scene, starts: list[float]) -> float:
    """Milliseconds that the function itself takes, all that it imports and connects to for the first time included."""
    with _fresh_host(scene, starts):
        _away_from_the_minute()
        asked_at = datetime.now(UTC)
        scene.run_function("tick")
        runs = scene.runs(since=asked_at)
        assert [run.function for run in runs] == ["tick"], f"the host ran {runs}"
        return runs[0].own_ms


def _first_answers(scene: Scene, starts: list[float]) -> tuple[float, float]:
    """Seconds from the request to the answer, of the first and of the second."""
    with _fresh_host(scene, starts):
        _away_from_the_minute()
        return _answer_seconds(scene), _answer_seconds(scene)


def _answer_seconds(scene: Scene) -> float:
    began = time.perf_counter()
    answer = scene.api("GET", "backupInstances")
    seconds = time.perf_counter() - began
    assert answer.status_code == 404, answer.text  # the vault is not there, which the table had to be asked
    return seconds


@contextmanager
def _fresh_host(scene: Scene, starts: list[float]) -> Iterator[None]:
    """One host that has just started, and no other."""
    for index, part in scene.target.hosts.items():
        if part.exit_code is None:
            scene.target.kill_host(index)
    began = time.perf_counter()
    scene.target.start_host()
    starts.append(time.perf_counter() - began)
    yield


def _away_from_the_minute() -> None:
    """At the full minute dispatch runs by itself."""
    second = datetime.now(UTC).second
    if second >= 57 or second < 2:
        time.sleep((62 - second) % 60)

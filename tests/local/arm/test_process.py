"""The simulator as a process: its one line, its clean end, and what survives a kill."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.local.arm.bodies import disk_id, group_path, snapshot_id, snapshot_of
from tests.local.arm.conftest import CertificateFiles, Simulator

ROOT = Path(__file__).resolve().parents[3]
Started = tuple[subprocess.Popen[str], Simulator]


@pytest.fixture
def start(authority: CertificateFiles, tmp_path: Path) -> Iterator[Callable[..., Started]]:
    processes: list[subprocess.Popen[str]] = []

    def begin(*options: str) -> Started:
        files = [
            "--state-dir",
            str(tmp_path / "arm"),
            "--cert",
            str(authority.certificate),
            "--key",
            str(authority.key),
        ]
        command = [sys.executable, "-m", "infra.local.arm", *files, "--port", "0", *options]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        assert process.stdout is not None
        line = process.stdout.readline().split()
        assert line[:2] == ["arm", "ready"]
        return process, Simulator(line[2], authority.trusted)

    yield begin
    for process in processes:
        process.kill()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


def test_it_ends_cleanly_on_sigterm(start: Callable[..., Started]) -> None:
    process, simulator = start()
    assert simulator.control("GET", "health")["disks"] == 31
    process.send_signal(signal.SIGTERM)

    assert process.wait(10) == 0


def test_what_was_accepted_survives_a_kill(start: Callable[..., Started]) -> None:
    process, simulator = start("--time-scale", "0.02")
    simulator.set(snapshots_per_window=100)
    for number in range(20):
        assert simulator.call("PUT", snapshot_id(f"s{number}"), snapshot_of(disk_id("web01-os"))).status_code == 202
    process.kill()
    process.wait(10)
    _, again = start()

    assert again.control("GET", "health")["snapshots"] == 20
    assert len(again.ledger("snapshot.created")) == 20
    assert again.control("GET", "settings")["snapshots_per_window"] == 100
    assert again.control("GET", "settings")["time_scale"] == 0.02


def test_an_operation_goes_on_over_a_restart(start: Callable[..., Started]) -> None:
    process, simulator = start()
    simulator.set(snapshot_seconds=2)
    answer = simulator.call("PUT", snapshot_id("s1"), snapshot_of(disk_id("web01-os")))
    before = simulator.call("GET", answer.headers["Azure-AsyncOperation"]).json()
    process.kill()
    process.wait(10)
    _, again = start()
    url = answer.headers["Azure-AsyncOperation"].replace(simulator.base_url, again.base_url)

    assert before["status"] == "InProgress"
    assert _until(lambda: again.call("GET", url).json()["status"], "Succeeded") == "Succeeded"
    assert again.call("GET", snapshot_id("s1")).json()["properties"]["provisioningState"] == "Succeeded"


def test_limits_roles_and_locks_are_kept_over_a_restart(start: Callable[..., Started]) -> None:
    process, simulator = start("--time-scale", "0.02")
    lock = f"{group_path('snapshots-westeurope')}/providers/Microsoft.Authorization/locks/guard"
    assert simulator.call("PUT", lock, {"properties": {"level": "CanNotDelete"}}).status_code == 201
    for number in range(7):
        simulator.call("PUT", snapshot_id(f"s{number}"), snapshot_of(disk_id("web01-os")))
    process.kill()
    process.wait(10)
    _, again = start()

    assert again.call("PUT", snapshot_id("s7"), snapshot_of(disk_id("web01-os"))).status_code == 409
    assert again.call("DELETE", snapshot_id("s0")).status_code == 409
    assert again.call("GET", snapshot_id("s0"), principal="33333333-3333-4333-8333-333333333333").status_code == 403


def test_the_seed_is_sown_once(start: Callable[..., Started]) -> None:
    process, simulator = start()
    before = simulator.call("GET", disk_id("web01-os")).json()
    process.kill()
    process.wait(10)
    _, again = start()

    assert again.call("GET", disk_id("web01-os")).json() == before


def test_it_imports_nothing_of_the_product() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "infra" / "local" / "arm").glob("*.py")]

    assert len(sources) > 10
    assert not [source for source in sources if "backup_core" in source]


def _until(read: Callable[[], Any], wanted: Any, *, seconds: float = 10) -> Any:
    until = time.monotonic() + seconds
    while (found := read()) != wanted and time.monotonic() < until:
        time.sleep(0.1)
    return found

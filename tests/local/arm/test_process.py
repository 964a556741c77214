"""The simulator as a process: its one line, its clean end, and what survives a kill."""

from __future__ import annotations

import signal
from collections.abc import Callable

from tests.local.arm.bodies import disk_id, group_path, snapshot_id, snapshot_of
from tests.local.arm.conftest import Started
from tests.local.conftest import wait_for


def test_it_ends_cleanly_on_sigterm(start_process: Callable[..., Started]) -> None:
    process, simulator = start_process()
    assert simulator.control("GET", "health")["disks"] == 31
    process.send_signal(signal.SIGTERM)

    assert process.wait(60) == 0


def test_what_was_accepted_survives_a_kill(start_process: Callable[..., Started]) -> None:
    process, simulator = start_process("--time-scale", "0.02")
    simulator.set(snapshots_per_window=100)
    for number in range(20):
        assert simulator.call("PUT", snapshot_id(f"s{number}"), snapshot_of(disk_id("web01-os"))).status_code == 202
    process.kill()
    process.wait(60)
    _, again = start_process()

    assert again.control("GET", "health")["snapshots"] == 20
    assert len(again.ledger("snapshot.created")) == 20
    assert again.control("GET", "settings")["snapshots_per_window"] == 100
    assert again.control("GET", "settings")["time_scale"] == 0.02


def test_an_operation_goes_on_over_a_restart(start_process: Callable[..., Started]) -> None:
    process, simulator = start_process()
    simulator.set(snapshot_seconds=2)
    answer = simulator.call("PUT", snapshot_id("s1"), snapshot_of(disk_id("web01-os")))
    before = simulator.call("GET", answer.headers["Azure-AsyncOperation"]).json()
    process.kill()
    process.wait(60)
    _, again = start_process()
    url = answer.headers["Azure-AsyncOperation"].replace(simulator.base_url, again.base_url)

    assert before["status"] == "InProgress"
    wait_for(lambda: again.call("GET", url).json()["status"] == "Succeeded")
    assert again.call("GET", snapshot_id("s1")).json()["properties"]["provisioningState"] == "Succeeded"


def test_limits_roles_and_locks_are_kept_over_a_restart(start_process: Callable[..., Started]) -> None:
    process, simulator = start_process("--time-scale", "0.02")
    lock = f"{group_path('snapshots-westeurope')}/providers/Microsoft.Authorization/locks/guard"
    assert simulator.call("PUT", lock, {"properties": {"level": "CanNotDelete"}}).status_code == 201
    for number in range(7):
        simulator.call("PUT", snapshot_id(f"s{number}"), snapshot_of(disk_id("web01-os")))
    process.kill()
    process.wait(60)
    _, again = start_process()

    assert again.call("PUT", snapshot_id("s7"), snapshot_of(disk_id("web01-os"))).status_code == 409
    assert again.call("DELETE", snapshot_id("s0")).status_code == 409
    assert again.call("GET", snapshot_id("s0"), principal="33333333-3333-4333-8333-333333333333").status_code == 403


def test_the_seed_is_sown_once(start_process: Callable[..., Started]) -> None:
    process, simulator = start_process()
    before = simulator.call("GET", disk_id("web01-os")).json()
    process.kill()
    process.wait(60)
    _, again = start_process()

    assert again.call("GET", disk_id("web01-os")).json() == before

"""What the simulator tells Event Grid: each success once it is one, nothing of failures, and nothing lost by a kill."""

from __future__ import annotations

import json
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.local.arm.bodies import SNAPSHOTS, disk_id, empty_disk, group_path, snapshot_id, snapshot_of
from tests.local.arm.conftest import CertificateFiles, Simulator, Started
from tests.local.conftest import wait_for
from tests.serving import Asked, Told, serving

KEY = "the key of this test"
DISK, SNAPSHOT = "Microsoft.Compute/disks", "Microsoft.Compute/snapshots"
GROUP = "Microsoft.Resources/subscriptions/resourceGroups"


class Listener:
    """Takes the simulator's events, unless it is told to be away."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.away = False
        self.keys: set[str] = set()
        self.url = ""

    def answer(self, asked: Asked) -> Told:
        if self.away:
            return Told(503)
        self.got += json.loads(asked.body)
        self.keys.add(asked.headers["aeg-sas-key"])
        return Told()

    @property
    def told(self) -> list[tuple[str, str]]:
        """Operation and name of the resource, in the order in which they came."""
        return [(each["data"]["operationName"], each["subject"].rsplit("/", 1)[1]) for each in self.got]


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    with serving(made.answer) as url:
        made.url = f"{url}/resources"
        yield made


Start = Callable[[], Started]


@pytest.fixture
def start(start_process: Callable[..., Started], listener: Listener, authority: CertificateFiles) -> Start:
    """Starts the simulator, twenty times as fast as by default, on the state that it has."""
    events = ["--events-url", listener.url, "--events-ca", str(authority.trusted)]
    return lambda: start_process(*events, "--time-scale", "0.05", EVENTGRID_KEY=KEY)


def test_a_success_is_told_in_event_grids_own_schema(start: Start, listener: Listener) -> None:
    _, simulator = start()
    assert simulator.call("PUT", disk_id("new"), empty_disk(tags={"a": "b"})).status_code == 202
    wait_for(lambda: bool(listener.got))
    (told,) = listener.got
    assert (told["eventType"], told["subject"]) == ("Microsoft.Resources.ResourceWriteSuccess", disk_id("new"))
    assert told["topic"] == "/".join(disk_id("new").split("/")[:3])
    assert (told["data"]["resourceUri"], told["data"]["status"]) == (disk_id("new"), "Succeeded")
    assert told["data"]["operationName"] == f"{DISK}/write"
    assert "tags" not in json.dumps(told), "no body of the resource is told"
    assert listener.keys == {KEY}


def test_writes_updates_and_deletions_are_told_when_their_operations_have_ended(
    start: Start, listener: Listener
) -> None:
    _, simulator = start()
    simulator.call("PUT", disk_id("d1"), empty_disk())
    wait_for(lambda: len(listener.got) == 1)
    simulator.call("PATCH", disk_id("d1"), {"tags": {"backup": "daily"}})
    wait_for(lambda: len(listener.got) == 2)
    simulator.call("PUT", snapshot_id("s1"), snapshot_of(disk_id("d1")))
    wait_for(lambda: len(listener.got) == 3)
    simulator.call("DELETE", snapshot_id("s1"))
    wait_for(lambda: len(listener.got) == 4)
    simulator.call("DELETE", disk_id("d1"))
    wait_for(lambda: len(listener.got) == 5)
    assert listener.told == [
        (f"{DISK}/write", "d1"),
        (f"{DISK}/write", "d1"),
        (f"{SNAPSHOT}/write", "s1"),
        (f"{SNAPSHOT}/delete", "s1"),
        (f"{DISK}/delete", "d1"),
    ]
    assert len({each["id"] for each in listener.got}) == 5


def test_an_operation_that_fails_is_not_told(start: Start, listener: Listener) -> None:
    _, simulator = start()
    simulator.fault("fail_late", method="PUT", path="disks/bad")
    simulator.call("PUT", disk_id("bad"), empty_disk())
    assert simulator.call("DELETE", disk_id("absent")).status_code == 204
    assert simulator.call("PUT", disk_id("odd"), empty_disk(location="nowhere")).status_code == 400
    simulator.call("PUT", disk_id("good"), empty_disk())
    wait_for(lambda: bool(listener.got))
    time.sleep(0.5)
    assert listener.told == [(f"{DISK}/write", "good")]


def test_a_deleted_group_is_told_with_all_that_lay_in_it(start: Start, listener: Listener) -> None:
    _, simulator = start()
    simulator.call("PUT", group_path("doomed"), {"location": "westeurope"}, version="2021-04-01")
    for number in range(3):
        simulator.call("PUT", disk_id(f"d{number}", "doomed"), empty_disk())
    wait_for(lambda: len(listener.got) == 4)
    assert listener.told[0] == (f"{GROUP}/write", "doomed")
    listener.got.clear()
    simulator.call("DELETE", group_path("doomed"), version="2021-04-01")
    wait_for(lambda: len(listener.got) == 4)
    assert sorted(listener.told) == [
        *((f"{DISK}/delete", f"d{number}") for number in range(3)),
        (f"{GROUP}/delete", "doomed"),
    ]


def test_what_is_deleted_behind_everyones_back_is_told_too_and_disks_made_so_are_not(
    start: Start, listener: Listener
) -> None:
    _, simulator = start()
    (made,) = simulator.control("POST", "disks", {"prefix": "bulk", "count": 1, "size_gib": 8})["ids"]
    simulator.call("PUT", snapshot_id("s1"), snapshot_of(made))
    wait_for(lambda: len(listener.got) == 1)
    simulator.control("POST", "snapshots/delete-behind", {"id": snapshot_id("s1")})
    simulator.control("POST", "disks/delete-behind", {"id": made})
    wait_for(lambda: len(listener.got) == 3)
    assert listener.told[1:] == [(f"{SNAPSHOT}/delete", "s1"), (f"{DISK}/delete", "bulk-0001")]


def test_a_listener_that_was_away_is_told_everything_once_it_is_back(start: Start, listener: Listener) -> None:
    _, simulator = start()
    listener.away = True
    for number in range(5):
        simulator.call("PUT", disk_id(f"d{number}"), empty_disk())
    time.sleep(1)
    listener.away = False
    wait_for(lambda: len(listener.got) == 5)
    assert len(set(listener.told)) == 5


def test_a_kill_loses_no_event(start: Start, listener: Listener, tmp_path: Path) -> None:
    process, simulator = start()
    listener.away = True
    simulator.call("PUT", disk_id("d1"), empty_disk())
    simulator.call("PUT", disk_id("d2"), empty_disk())
    wait_for(lambda: kept(tmp_path) == 2)
    process.send_signal(signal.SIGKILL)
    process.wait(60)
    assert kept(tmp_path) == 2
    listener.away = False
    start()
    wait_for(lambda: len(listener.got) == 2)
    assert sorted(listener.told) == [(f"{DISK}/write", "d1"), (f"{DISK}/write", "d2")]
    wait_for(lambda: kept(tmp_path) == 0)


def test_without_a_listener_nothing_is_kept(simulator: Simulator, tmp_path: Path) -> None:
    simulator.call("PUT", disk_id("d1"), empty_disk())
    simulator.call("PUT", group_path(f"{SNAPSHOTS}-2"), {"location": "westeurope"}, version="2021-04-01")
    simulator.pass_time(10)
    simulator.call("GET", disk_id("d1"))
    assert kept(tmp_path) == 0


def kept(folder: Path) -> int:
    """How many events the simulator's state holds."""
    with closing(sqlite3.connect(folder / "arm" / "arm.sqlite3")) as state:
        return int(state.execute("SELECT COUNT(*) FROM documents WHERE kind = 'event'").fetchone()[0])

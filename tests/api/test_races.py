"""Requests for the same resource at the same time: each is done as a whole or refused as a whole, and nothing is left
of those that lost.

The store in memory takes one call at a time, as a table's partition does; between two calls anything may happen.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import pytest

from backup_core.domain.agenda import AgendaKind
from backup_core.domain.instance import BackupInstance, ProtectionState
from tests.api.bodies import INSTANCE_PATH, POLICY_PATH, VAULT_PATH, backup_body, instance_body, policy_body, vault_body
from tests.api.described import DescribedFront
from tests.api.front import Front, Reply
from tests.api.standing import check_refusal
from tests.builders import VAULT, disk_id, disk_json
from tests.fakes import Faults, World
from tests.workflows.platform import Platform

AT_ONCE = 8
ROUNDS = 5
T = TypeVar("T")


class OneAtATime(Faults):
    """Port calls follow one another; each is a chance for another thread."""

    def __init__(self) -> None:
        super().__init__()
        self._turn = threading.RLock()

    def lets_pass(self, call: str) -> bool:
        """Nothing passes by the turn."""
        del call
        return False

    def around(self, call: str, act: Callable[[], T]) -> T:
        with self._turn:
            return act() if super().lets_pass(call) else super().around(call, act)


@pytest.fixture(autouse=True)
def _restless() -> Iterator[None]:
    """Threads give way to one another as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.fixture(params=range(ROUNDS))
def platform() -> Platform:
    platform = Platform(world=World(faults=OneAtATime()))
    for name in ("disk-1", "disk-2"):
        platform.world.cloud.add_disk(disk_json(name))
    return platform


@pytest.fixture
def front(platform: Platform) -> Front:
    front = DescribedFront(platform.world)
    front.put(POLICY_PATH, policy_body())
    return front


def at_once(requests: Sequence[Callable[[], Reply]]) -> list[Reply]:
    """The answers, in the order of the requests; all begin together."""
    gate = threading.Barrier(len(requests))
    replies: dict[int, Reply] = {}

    def run(number: int, request: Callable[[], Reply]) -> None:
        gate.wait(60)
        replies[number] = request()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(requests)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(replies) == len(requests), "a request broke or did not end"
    return [replies[number] for number in range(len(requests))]


def all_or_nothing(replies: Sequence[Reply], done: int) -> Counter[int]:
    """How many were answered how: what is not done is a conflict, in ARM's words. At least one is done."""
    for reply in replies:
        if reply.status != done:
            check_refusal(reply)
            assert (reply.status, reply.error["code"]) == (409, "Conflict")
    statuses = Counter(reply.status for reply in replies)
    assert statuses[done] >= 1
    return statuses


def puts(front: Front, path: str, bodies: Sequence[Any]) -> list[Reply]:
    return at_once([lambda body=body: front.put(path, body) for body in bodies])  # type: ignore[misc]


def test_a_vault_that_is_put_many_times_is_one_of_them(front: Front) -> None:
    path = f"{VAULT_PATH}-2"
    replies = puts(front, path, [vault_body(tags={"from": str(number)}) for number in range(AT_ONCE)])
    all_or_nothing(replies, 201)
    done = [reply.json["tags"] for reply in replies if reply.status == 201]
    assert front.get(path).json["tags"] in done


def test_settings_that_are_changed_at_once_do_not_undo_each_other(front: Front) -> None:
    """Each patch is of another setting: none of those that were accepted may be lost."""
    front.put(VAULT_PATH, vault_body(tags=None))
    changes = [
        {"monitoringSettings": {"azureMonitorAlertSettings": {"alertsForAllJobFailures": "Enabled"}}},
        {"securitySettings": {"immutabilitySettings": {"state": "Unlocked"}}},
        {"securitySettings": {"softDeleteSettings": {"retentionDurationInDays": 30}}},
        {"featureSettings": {"crossSubscriptionRestoreSettings": {"state": "Disabled"}}},
    ]
    replies = at_once([lambda change=each: front.send("PATCH", VAULT_PATH, {"properties": change}) for each in changes])  # type: ignore[misc]
    all_or_nothing(replies, 200)
    properties = front.get(VAULT_PATH).json["properties"]
    for change, reply in zip(changes, replies, strict=True):
        assert reply.status != 200 or _holds(properties, change), f"{change} was accepted and is lost"


def _holds(whole: Any, part: Any) -> bool:
    if isinstance(part, dict):
        return all(name in whole and _holds(whole[name], value) for name, value in part.items())
    return bool(whole == part)


def test_a_policy_that_is_put_many_times_is_one_of_them(front: Front) -> None:
    replies = puts(front, POLICY_PATH, [policy_body(retention=f"P{7 + number}D") for number in range(AT_ONCE)])
    all_or_nothing(replies, 200)
    done = [reply.json for reply in replies if reply.status == 200]
    assert front.get(POLICY_PATH).json in done


def test_an_instance_that_is_put_many_times_is_protected_once(front: Front, platform: Platform) -> None:
    bodies = [instance_body() | {"tags": {"from": str(number)}} for number in range(AT_ONCE)]
    replies = puts(front, INSTANCE_PATH, bodies)
    all_or_nothing(replies, 201)
    platform.run(seconds=5)
    instance = front.get(INSTANCE_PATH).json
    assert instance["properties"]["currentProtectionState"] == "ProtectionConfigured"
    assert instance["tags"] in [reply.json["tags"] for reply in replies if reply.status == 201]
    _check_agenda(platform, ["instance-1"])
    operations = [front.get(reply.headers["Azure-AsyncOperation"]) for reply in replies if reply.status == 201]
    assert {operation.json["status"] for operation in operations} <= {"Succeeded", "Canceled"}


def test_a_disk_that_two_instances_want_is_protected_by_one(front: Front, platform: Platform) -> None:
    paths = [f"{VAULT_PATH}/backupInstances/wish-{number}" for number in range(AT_ONCE)]
    replies = at_once([lambda path=path: front.put(path, instance_body()) for path in paths])  # type: ignore[misc]
    for reply in replies:
        if reply.status != 201:
            check_refusal(reply)
    platform.run(minutes=1)
    states = [(stored.name, stored.state) for stored in _instances(platform)]
    protected = [name for name, state in states if state is ProtectionState.CONFIGURED]
    assert len(protected) == 1, states
    assert {state for _, state in states} <= {ProtectionState.CONFIGURED, ProtectionState.ERROR}
    _check_agenda(platform, protected)


def test_instances_of_different_disks_do_not_get_in_each_others_way(front: Front, platform: Platform) -> None:
    paths = {f"{VAULT_PATH}/backupInstances/{name}": instance_body(disk_id(name)) for name in ("disk-1", "disk-2")}
    replies = at_once([lambda path=path: front.put(path, paths[path]) for path in paths])  # type: ignore[misc]
    assert [reply.status for reply in replies] == [201, 201]
    platform.run(seconds=5)
    assert {stored.state for stored in _instances(platform)} == {ProtectionState.CONFIGURED}


def test_of_many_backups_on_demand_at_once_one_runs(front: Front, platform: Platform) -> None:
    front.put(INSTANCE_PATH, instance_body())
    platform.run(seconds=2)
    replies = at_once([lambda: front.post(f"{INSTANCE_PATH}/backup", backup_body())] * AT_ONCE)
    refused = [reply for reply in replies if reply.status != 202]
    for reply in refused:
        check_refusal(reply)
    assert len(refused) == AT_ONCE - 1
    assert {reply.status for reply in refused} == {409}
    platform.run(minutes=3)
    jobs = [
        job for job in front.get(f"{VAULT_PATH}/backupJobs").json["value"] if job["properties"]["operation"] == "Backup"
    ]
    assert [job["properties"]["status"] for job in jobs] == ["Completed"]


def test_putting_and_deleting_an_instance_at_once_leaves_it_whole_or_gone(front: Front, platform: Platform) -> None:
    front.put(INSTANCE_PATH, instance_body())
    platform.run(seconds=2)
    requests = [lambda: front.put(INSTANCE_PATH, instance_body()), lambda: front.delete(INSTANCE_PATH)] * 4
    for reply in at_once(requests):
        if reply.status >= 300:
            check_refusal(reply)
    platform.run(minutes=5)
    reply = front.get(INSTANCE_PATH)
    if reply.status == 200:
        assert reply.json["properties"]["currentProtectionState"] == "ProtectionConfigured"
        _check_agenda(platform, ["instance-1"])
    else:
        assert reply.status == 404


def _instances(platform: Platform) -> list[BackupInstance]:
    return [stored.value for stored in platform.world.store.page(BackupInstance, VAULT).items]


def _check_agenda(platform: Platform, names: Sequence[str]) -> None:
    """Every protected instance is due once, and no other is."""
    due = Counter(row.instance_name for row in platform.agenda(AgendaKind.BACKUP))
    assert due == Counter(names)

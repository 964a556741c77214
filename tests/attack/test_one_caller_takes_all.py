"""One caller takes all: budgets, places in line, the disk's snapshots, sockets, rows, threads. Each flood is refused in
time, and what is backed up beside it is as punctual as without.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from backup_core.adapters.azure_errors import CallKind
from backup_core.adapters.compute import LANES
from backup_core.adapters.meters import Meters
from backup_core.api.auditing import REFUSALS_A_MINUTE
from backup_core.domain.alert import Cause
from backup_core.domain.on_demand import room_of
from backup_core.ports import Insert, is_asking
from backup_core.workflows.protection import configure_instance
from backup_core.workflows.vaults import put_policy
from tests.api.bodies import RULE_PATH, VAULT_PATH, backup_body, instance_body, rule_body, vault_body
from tests.api.standing import StandingFront, scene
from tests.api.tenant import CONTRIBUTOR, OPERATOR, READER, bearer, guarded
from tests.builders import SUBSCRIPTION, VAULT, disk_id, point, policy
from tests.workflows.platform import Platform, request
from tests.workflows.scenes import DAILY_AT_NOON, HOUR, HOURLY, SLOT, backed_up, go_to, protected

PROTECTED = f"{VAULT_PATH}/backupInstances/disk-1"
AS_OPERATOR = bearer(OPERATOR)
OTHER = {"oid": "dddddddd-0000-4000-8000-000000000004"}


# --- The budget of calls ---


@dataclass
class Metered:
    """The world's cloud behind Azure's meters, as the adapter asks them; their clock is the world's."""

    platform: Platform
    waits: list[float] = field(default_factory=list)  # of backups only

    def __post_init__(self) -> None:
        clock = self.platform.world.clock
        self.meters = Meters(lambda: clock.now().timestamp())
        self.platform.world.cloud.guard = self._guard

    def _guard(self, call: str, target: str) -> None:
        lane = LANES[_KINDS.get(call, CallKind.FIND_GROUP)]
        try:
            self.meters.enter(SUBSCRIPTION, lane, asks=is_asking())
        except Exception as error:
            if not is_asking():
                self.waits.append(getattr(error, "retry_after_seconds", 0.0))
            raise
        self.meters.answered(SUBSCRIPTION, lane, {})


_KINDS = {  # what is not here is ARM's own to answer
    "get_disk": CallKind.GET_DISK,
    "find_disk": CallKind.FIND_DISK,
    "find_snapshot": CallKind.FIND_SNAPSHOT,
    "list_snapshots": CallKind.LIST_SNAPSHOTS,
    "list_all_snapshots": CallKind.LIST_SNAPSHOTS,
    "list_disks": CallKind.LIST_DISKS,
    "get_operation": CallKind.GET_OPERATION,
    "start_snapshot": CallKind.START_SNAPSHOT,
    "start_copy": CallKind.START_COPY,
    "delete_snapshot": CallKind.DELETE_SNAPSHOT,
    "start_disk": CallKind.START_DISK,
}


def questions(number: int) -> list[tuple[str, dict[str, Any]]]:
    """None is like another, so that none is answered from memory."""
    names = f"disk-{number + 100}"
    return [
        (f"{VAULT_PATH}/validateForBackup", {"backupInstance": instance_body(disk_id(names))["properties"]}),
        (f"{RULE_PATH}/dryRun", rule_body(tagConditions=[{"name": names}])),
    ]


@pytest.mark.parametrize("callers", [1, 50])
def test_a_backup_beside_a_flood_of_questions_is_taken_as_soon_as_without(callers: int) -> None:
    platform = protected(**HOURLY)
    put_policy(platform.world.ports, VAULT, policy("policy-1"))
    metered, front = Metered(platform), guarded(platform.world)
    statuses: Counter[int] = Counter()
    for second in range(30):
        for number in range(20):
            caller = bearer(OPERATOR, oid=f"dddddddd-0000-4000-8000-{number % callers:012}")
            for path, body in questions(20 * second + number):
                statuses[front.post(path, body, headers=caller).status] += 1
        platform.run(seconds=1)
    assert statuses[429] > 1000
    assert statuses[500] == 0
    assert metered.waits == []
    (made,) = platform.points()
    assert made.created_at - SLOT <= timedelta(seconds=5)


def test_no_question_leaves_a_place_in_line_behind() -> None:
    platform = protected(**HOURLY)
    put_policy(platform.world.ports, VAULT, policy("policy-1"))
    metered, front = Metered(platform), guarded(platform.world)
    for number in range(300):
        for path, body in questions(number):
            front.post(path, body, headers=AS_OPERATOR)
    assert all(budget.line_end == 0 for budget in metered.meters._budgets.values())


# --- The disk's snapshots ---


def test_of_eighty_backups_on_demand_at_once_one_is_taken() -> None:
    platform = backed_up(**DAILY_AT_NOON)
    front = guarded(platform.world)
    replies = [front.post(f"{PROTECTED}/backup", backup_body(), headers=AS_OPERATOR) for _ in range(80)]
    assert Counter(reply.status for reply in replies) == {202: 1, 409: 79}
    assert {reply.error["code"] for reply in replies[1:]} == {"UserErrorMaxConcurrentOperationLimitReached"}


def test_no_patience_gets_more_than_ten_a_day() -> None:
    platform = backed_up(**DAILY_AT_NOON)
    front = guarded(platform.world)
    taken = 0
    for _ in range(60):
        taken += front.post(f"{PROTECTED}/backup", backup_body(), headers=AS_OPERATOR).status == 202
        platform.run(seconds=20)
    assert taken == 10


def test_on_demand_points_never_fill_the_room_of_the_schedule() -> None:
    platform = backed_up(**HOURLY)
    room = 500 - room_of(platform.instance().policy, ()).reserved
    for number in range(room):
        made = point("disk-1", at=SLOT - HOUR - timedelta(seconds=number), slot=None, expires_at=SLOT + 9000 * HOUR)
        platform.world.store.commit(VAULT, [Insert(made)])
    reply = guarded(platform.world).post(f"{PROTECTED}/backup", backup_body(), headers=AS_OPERATOR)
    assert (reply.status, reply.error["code"]) == (409, "UserErrorSnapshotRoomReserved")


def test_slots_that_are_missed_for_want_of_room_raise_an_alert() -> None:
    """Whoever filled the disk: past the API nothing keeps anybody from taking snapshots of it."""
    platform = backed_up(**HOURLY)
    platform.world.cloud.snapshot_limit = 1
    for hours in range(1, 4):
        go_to(platform, SLOT + hours * HOUR, minutes=59)
    assert len(platform.points()) == 1
    causes = {opened.cause.partition(".")[0] for opened in platform.instance().alerts}
    assert causes & {Cause.SLOTS, Cause.BACKUP}


def test_a_contributor_deletes_only_what_no_promise_holds() -> None:
    platform = backed_up(**HOURLY)
    go_to(platform, SLOT + HOUR)
    front, points = guarded(platform.world), platform.points()
    paths = [f"{PROTECTED}/recoveryPoints/{each.point_id}" for each in points]
    statuses = [front.send("DELETE", path, headers=bearer(CONTRIBUTOR)).status for path in paths]
    assert statuses == [409, 200]


# --- Claims ---


def test_naming_disks_that_do_not_exist_keeps_nobody_out() -> None:
    platform = Platform()
    put_policy(platform.world.ports, VAULT, policy("policy-disk-1", **HOURLY))
    configure_instance(platform.world.ports, VAULT, replace(request("disk-1"), name="squatter"))
    platform.run(minutes=30)
    platform.protect("disk-1")
    platform.run(minutes=2)
    assert platform.instance("disk-1").state.value == "ProtectionConfigured"


# --- Rows, memory and threads ---


def test_a_caller_without_a_role_leaves_few_audit_records() -> None:
    platform = backed_up()
    front = guarded(platform.world)
    for number in range(300):
        assert front.put(f"{VAULT_PATH}-{number}", vault_body(), headers=bearer()).status == 403
    assert len(platform.world.audit.records) == REFUSALS_A_MINUTE


@pytest.mark.parametrize("subscription", ["x", "..", "0", SUBSCRIPTION[:-1], "%2e%2e"])
def test_no_made_up_subscription_reaches_azure(subscription: str) -> None:
    front = StandingFront(scene())
    body = instance_body(f"/subscriptions/{subscription}/resourceGroups/g/providers/Microsoft.Compute/disks/d")
    before = front.world.faults.count("cloud.")
    reply = front.post(f"{VAULT_PATH}/validateForBackup", {"backupInstance": body["properties"]})
    assert reply.status == 400
    assert front.world.faults.count("cloud.") == before


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}])
def test_a_long_body_of_a_stranger_is_not_read(headers: dict[str, str]) -> None:
    platform = backed_up()
    front = guarded(platform.world)
    reply = front.send("PUT", VAULT_PATH, b"[" * 3_000_000, headers=headers)
    assert (reply.status, reply.error["code"]) == (413, "RequestEntityTooLarge")
    assert platform.world.audit.records == []


def test_one_report_at_a_time_however_many_ask() -> None:
    platform = backed_up()
    front = guarded(platform.world)
    entered, go_on = threading.Event(), threading.Event()
    with _slow_reports(platform, entered, go_on):
        first: list[int] = []
        path = f"{VAULT_PATH}/complianceReport"
        thread = threading.Thread(target=lambda: first.append(front.get(path, headers=bearer(READER)).status))
        thread.start()
        assert entered.wait(60)
        others = [front.get(path, headers=bearer(READER, oid=OTHER["oid"])).status for _ in range(20)]
        go_on.set()
        thread.join(60)
    assert (first, set(others)) == ([200], {429})


@contextmanager
def _slow_reports(platform: Platform, entered: threading.Event, go_on: threading.Event) -> Iterator[None]:
    """The first look at the jobs takes until somebody says go on."""
    store = platform.world.store
    glance = store.glance

    def slow(*args: Any, **named: Any) -> Any:
        entered.set()
        go_on.wait(60)
        return glance(*args, **named)

    store.glance = slow  # type: ignore[method-assign]
    yield
    store.glance = glance  # type: ignore[method-assign]

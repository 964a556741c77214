"""What expires in a region that is down waits for it, looks seldom, holds up nothing else, and is caught up with. Slow
queues and doubled messages do not have it looked at ever more often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from backup_core.domain.agenda import AgendaKind, expiry_row
from backup_core.domain.copying import CopyState
from backup_core.domain.errors import CloudUnavailable
from backup_core.domain.instance import ProtectionState
from backup_core.domain.messages import ExpireCopies, ExpirePoints
from backup_core.domain.resource_ids import GroupId
from backup_core.domain.vault import Promises
from backup_core.workflows.expiry_rows import LOST_AFTER, row_of
from backup_core.workflows.holds import Place, set_hold
from backup_core.workflows.retention import sweep
from tests.builders import SNAPSHOT_GROUP, SUBSCRIPTION, VAULT, hold
from tests.workflows.platform import Platform
from tests.workflows.scenes import HOUR, SLOT, add_point, backed_up, change_copy, change_instance, protected, sent
from tests.workflows.test_copying import COPIES, copied, copies

EAST = GroupId(subscription=SUBSCRIPTION, group="copies-east-rg")
SIX_HOURS = timedelta(hours=6)
ROUNDS_AT_MOST = 40  # in six hours: every quarter of an hour, and more often at first
AN_HOUR_AT_MOST = 120  # two for each sweep
ROWS_AT_MOST = 20


@dataclass
class Outage:
    """Of a group nothing answers until it is over; `calls` counts what was asked of it."""

    group: GroupId
    calls: list[str] = field(default_factory=list)
    is_over: bool = False

    def __call__(self, call: str, target: str) -> None:
        if not self.is_over and f"{target.lower()}/".startswith(f"{self.group.key}/"):
            self.calls.append(call)
            raise CloudUnavailable("The region is down.")


def with_expired_copies(*groups: GroupId) -> Platform:
    """A disk with a whole copy of two points in each of the groups, of which the older has expired."""
    platform = copied(protected(), since=SLOT - HOUR)
    if EAST in groups:
        copied(platform, name="east", location="eastus", group=EAST)
    platform.run(minutes=10)
    platform.world.clock.set(SLOT + HOUR - timedelta(seconds=1))
    platform.run(minutes=10)
    for copy in copies(platform)[: len(groups)]:
        change_copy(platform, copy.copy_id, expires_at=SLOT)
    return platform


def look(platform: Platform, kind: type[ExpirePoints | ExpireCopies], name: str = "disk-1") -> None:
    message = kind(vault=VAULT, instance_name=name, due_at=platform.world.clock.now() + LOST_AFTER)
    platform.world.store.schedule([row_of(message)])
    platform.world.queue.send(message)


def test_a_held_copy_in_doubt_is_looked_at_as_seldom_as_one_that_is_refused_and_its_alert_ends() -> None:
    platform = with_expired_copies(COPIES)
    cloud, ports = platform.world.cloud, platform.world.ports
    old = copies(platform)[0]
    cloud._snapshots[old.snapshot_id.lower()].broken = True
    cloud.locks.add(COPIES.key)
    look(platform, ExpireCopies)
    platform.run(minutes=2)
    assert [each.cause for each in platform.instance().alerts] == ["CopyExpiryBlocked.ScopeLocked"]
    cloud.locks.clear()
    set_hold(ports, Place(vault=VAULT, instance="disk-1"), hold(set_at=platform.world.clock.now()))
    platform.run(minutes=20)
    before = len(sent(platform, ExpireCopies))
    platform.run(hours=6)
    assert 10 < len(sent(platform, ExpireCopies)) - before < ROUNDS_AT_MOST
    kept = next(each for each in copies(platform) if each.copy_id == old.copy_id)
    assert kept.state is CopyState.EXPIRING
    assert "a court asked for it" in (kept.expiry_blocked or "")
    assert platform.instance().alerts == ()
    assert [each for each in platform.world.queue.waiting() if isinstance(each.message, ExpireCopies)] == []


@pytest.mark.parametrize("down", [COPIES, EAST])
def test_copies_elsewhere_expire_while_a_region_is_down(down: GroupId) -> None:
    platform = with_expired_copies(COPIES, EAST)
    old = {copy.group_id: copy.snapshot_id for copy in copies(platform)[:2]}
    assert len(old) == 2
    platform.world.cloud.guard = Outage(down)
    look(platform, ExpireCopies)
    platform.run(minutes=1)
    del old[down.text]
    assert platform.world.cloud.removed == list(old.values())


def test_other_disks_points_expire_while_a_region_is_down() -> None:
    platform = backed_up("disk-1", "disk-2")
    add_point(platform, SLOT - timedelta(days=30))
    old = add_point(platform, SLOT - timedelta(days=30), name="disk-2")

    def guard(call: str, target: str) -> None:
        if call == "find_snapshot" and "disk-1" in target:
            raise CloudUnavailable("Not of this one.")

    platform.world.cloud.guard = guard
    look(platform, ExpirePoints, "disk-1")
    platform.run(hours=3)
    look(platform, ExpirePoints, "disk-2")
    platform.run(seconds=5)
    assert platform.world.cloud.removed == [old.snapshot_id]


def points_down() -> Platform:
    platform = backed_up(intervals=("R/2026-03-01T12:00:00+00:00/P1D",))
    add_point(platform, SLOT - timedelta(days=30))
    look(platform, ExpirePoints)
    platform.world.cloud.guard = Outage(SNAPSHOT_GROUP)
    return platform


def copies_down() -> Platform:
    platform = with_expired_copies(COPIES)
    look(platform, ExpireCopies)
    platform.world.cloud.guard = Outage(COPIES)
    return platform


def deleted_with_copies_down() -> Platform:
    platform = with_expired_copies(COPIES)
    platform.world.cloud.guard = Outage(COPIES)
    change_instance(platform, state=ProtectionState.DELETING)
    look(platform, ExpirePoints)
    return platform


def deleted_while_its_backup_is_made() -> Platform:
    platform = protected()
    platform.world.cloud.snapshot_time = SIX_HOURS
    platform.run(seconds=30)
    change_instance(platform, state=ProtectionState.DELETING)
    look(platform, ExpirePoints)
    return platform


def deletion_that_takes_hours() -> Platform:
    platform = backed_up(intervals=("R/2026-03-01T12:00:00+00:00/P1D",))
    add_point(platform, SLOT - timedelta(days=30))
    platform.world.cloud.deletion_time = SIX_HOURS
    look(platform, ExpirePoints)
    return platform


def braked() -> Platform:
    platform = backed_up()
    platform.world.promises = Promises(unbraked_instances=0)
    change_instance(platform, state=ProtectionState.DELETING)
    look(platform, ExpirePoints)
    return platform


@pytest.mark.parametrize(
    ("waiting", "kind", "rounds"),
    [
        (points_down, ExpirePoints, ROUNDS_AT_MOST),
        (copies_down, ExpireCopies, 2 * ROUNDS_AT_MOST),  # what failed copies left is looked at, too
    ],
)
def test_what_lies_in_a_region_that_is_down_is_tried_ever_more_seldom_and_soon_when_it_is_back(
    waiting: Callable[[], Platform], kind: type[ExpirePoints | ExpireCopies], rounds: int
) -> None:
    platform = waiting()
    outage = platform.world.cloud.guard
    (old,) = [each.snapshot_id for each in (*platform.points(), *copies(platform)) if each.expires_at <= SLOT]
    before = len(sent(platform, kind))
    platform.run(hours=6)
    assert 10 < outage.calls.count("find_snapshot") < ROUNDS_AT_MOST
    assert 10 < len(sent(platform, kind)) - before < rounds
    outage.is_over = True
    platform.run(minutes=16)
    assert platform.world.cloud.removed == [old]


WAITING = (
    points_down,
    copies_down,
    deleted_with_copies_down,
    deleted_while_its_backup_is_made,
    deletion_that_takes_hours,
    braked,
)


def messages_an_hour(platform: Platform) -> list[int]:
    """Of the expiry of points or that of copies, whichever sends more, in six hours."""
    counts = []
    for _ in range(6):
        before = Counter(map(type, platform.world.queue.sent))
        platform.run(hours=1)
        news = Counter(map(type, platform.world.queue.sent)) - before
        counts.append(max(news[ExpirePoints], news[ExpireCopies]))
    return counts


@pytest.mark.parametrize("minutes", [2, 10, 30])
@pytest.mark.parametrize("waiting", WAITING)
def test_a_slow_queue_does_not_have_it_looked_at_ever_more_often(waiting: Callable[[], Platform], minutes: int) -> None:
    """Each message comes when its row was due; the sweep then has another for that row, and none beside."""
    platform = waiting()
    platform.world.queue.wait = timedelta(minutes=minutes)
    counts = messages_an_hour(platform)
    assert 0 < max(counts) < AN_HOUR_AT_MOST, counts
    assert len(platform.agenda(AgendaKind.EXPIRY)) < ROWS_AT_MOST


@pytest.mark.parametrize("waiting", WAITING)
def test_doubled_messages_do_not_have_it_looked_at_more_often(waiting: Callable[[], Platform]) -> None:
    """Every copy comes a while after the first; each third of an hour, in six."""
    once, doubled = waiting(), waiting()
    at = [doubled.world.clock.now()]

    def double(platform: Platform, _: datetime) -> None:
        if at[0] <= platform.world.clock.now():
            at[0] += timedelta(minutes=20)
            for envelope in platform.world.queue.waiting():
                platform.world.queue.duplicate(envelope)
                platform.world.queue.hide(envelope, envelope.visible_at + timedelta(seconds=50))

    doubled.before_second = double
    assert messages_an_hour(doubled)[-1] <= 2 * messages_an_hour(once)[-1]


def test_a_row_that_was_sent_for_in_vain_is_sent_for_ever_more_seldom() -> None:
    platform = points_down()
    platform.run(minutes=1)
    before = len(sent(platform, ExpirePoints))
    platform.world.queue.wait = timedelta(hours=24)
    platform.run(hours=20)
    assert 40 < len(sent(platform, ExpirePoints)) - before < 50, "every half an hour"


def test_rows_of_one_expiry_are_sent_as_one() -> None:
    platform = backed_up()
    now = platform.world.clock.now()
    platform.world.store.schedule([expiry_row(VAULT, "disk-1", now - timedelta(seconds=each)) for each in range(3)])
    before = len(sent(platform, ExpirePoints))
    assert sweep(platform.world.ports) == 1
    assert len(sent(platform, ExpirePoints)) - before == 1
    assert [row.due_at for row in platform.agenda(AgendaKind.EXPIRY) if row.due_at < now + HOUR] == [
        (now + LOST_AFTER).replace(microsecond=0)
    ]


def test_a_deletion_whose_last_copy_went_does_not_wait_for_a_sweep_though_it_was_looked_at_for_long_before() -> None:
    platform = with_expired_copies(COPIES)
    now = platform.world.clock.now()
    change_instance(platform, state=ProtectionState.DELETING, expiry_due_at=SLOT, expiry_row_at=now - HOUR)
    look(platform, ExpirePoints)
    while copies(platform):
        platform.run(seconds=1)
    platform.run(seconds=5)
    assert not platform.has_instance("disk-1")

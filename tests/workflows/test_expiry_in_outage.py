"""What expires in a region that is down waits for it, looks seldom, holds up nothing else, and is caught up with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from backup_core.domain.errors import CloudUnavailable
from backup_core.domain.messages import ExpireCopies, ExpirePoints
from backup_core.domain.resource_ids import GroupId
from backup_core.workflows.copy_rules import put_rule
from tests.builders import SNAPSHOT_GROUP, SUBSCRIPTION, VAULT
from tests.workflows.platform import Platform
from tests.workflows.scenes import HOUR, SLOT, add_point, backed_up, change_copy, protected, sent
from tests.workflows.test_copying import COPIES, copied, copies, rule

EAST = GroupId(subscription=SUBSCRIPTION, group="copies-east-rg")
SIX_HOURS = timedelta(hours=6)
ROUNDS_AT_MOST = 40  # in six hours: every quarter of an hour, and more often at first


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
    platform.world.cloud.add_group(EAST)
    if EAST in groups:
        put_rule(platform.world.ports, VAULT, rule("east", location="eastus", snapshot_group_id=EAST.text))
    platform.run(minutes=10)
    platform.world.clock.set(SLOT + HOUR - timedelta(seconds=1))
    platform.run(minutes=10)
    for copy in copies(platform)[: len(groups)]:
        change_copy(platform, copy.copy_id, expires_at=SLOT)
    return platform


def look(platform: Platform, kind: type[ExpirePoints | ExpireCopies], name: str = "disk-1") -> None:
    platform.world.queue.send(kind(vault=VAULT, instance_name=name, due_at=platform.world.clock.now()))


def test_points_of_a_region_that_is_down_are_tried_ever_more_seldom_and_soon_when_it_is_back() -> None:
    platform = backed_up(intervals=("R/2026-03-01T12:00:00+00:00/P1D",))
    old = add_point(platform, SLOT - timedelta(days=30))
    outage = platform.world.cloud.guard = Outage(SNAPSHOT_GROUP)
    look(platform, ExpirePoints)
    platform.run(hours=6)
    assert 10 < outage.calls.count("find_snapshot") < ROUNDS_AT_MOST
    assert len(sent(platform, ExpirePoints)) < ROUNDS_AT_MOST
    outage.is_over = True
    platform.run(minutes=16)
    assert platform.world.cloud.removed == [old.snapshot_id]


def test_copies_of_a_region_that_is_down_are_tried_ever_more_seldom_and_soon_when_it_is_back() -> None:
    platform = with_expired_copies(COPIES)
    old = copies(platform)[0]
    outage = platform.world.cloud.guard = Outage(COPIES)
    look(platform, ExpireCopies)
    before = len(sent(platform, ExpireCopies))
    platform.run(hours=6)
    assert 10 < len(sent(platform, ExpireCopies)) - before < 2 * ROUNDS_AT_MOST, (
        "what failed copies left is looked at, too"
    )
    outage.is_over = True
    platform.run(minutes=16)
    assert old.snapshot_id in platform.world.cloud.removed


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
    first = platform.points("disk-1")[0].snapshot_id

    def guard(call: str, target: str) -> None:
        if call == "find_snapshot" and "disk-1" in target:
            raise CloudUnavailable(f"Not of {first}.")

    platform.world.cloud.guard = guard
    look(platform, ExpirePoints, "disk-1")
    platform.run(hours=3)
    look(platform, ExpirePoints, "disk-2")
    platform.run(seconds=5)
    assert platform.world.cloud.removed == [old.snapshot_id]

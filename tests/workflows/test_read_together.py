"""Instances and their points, many by few reads: the same as each by itself, or nothing."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backup_core.domain.errors import CloudUnavailable
from backup_core.domain.instance import BackupInstance
from backup_core.domain.points import count_of, summary_of
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.ports import Insert
from backup_core.workflows.read_together import read_alone, read_together
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.reconcile_report import ReconcileReport
from tests.builders import NOW, VAULT, instance, point
from tests.fakes import World
from tests.workflows.platform import Platform
from tests.workflows.scenes import HOUR, HOURLY, SLOT, backed_up, go_to, lose

NAMES = st.text(alphabet="aAb-|.~1".replace("|", ""), min_size=1, max_size=4).filter(lambda name: name.strip("."))


def stocked(counts: dict[str, int]) -> World:
    """A vault with instances of these names, each with so many points."""
    world = World()
    for name, count in counts.items():
        world.store.commit(VAULT, [Insert(instance(name))])
        for number in range(count):
            taken = point(name, at=NOW - timedelta(hours=number))
            world.store.commit(VAULT, [Insert(taken)])
    return world


@given(
    st.dictionaries(NAMES, st.integers(0, 5), min_size=1, max_size=12).filter(
        lambda counts: len({name.lower() for name in counts}) == len(counts)
    ),
    st.data(),
)
@settings(max_examples=150, deadline=None)
def test_what_is_read_together_is_what_each_is_read_as_alone(counts: dict[str, int], data: st.DataObject) -> None:
    world = stocked(counts)
    asked = data.draw(st.lists(st.sampled_from([*counts, "gone"]), min_size=1, unique=True))
    found = read_together(world.ports, VAULT, asked, limit=data.draw(st.integers(1, 8)))
    assert found.keys() <= {name.lower() for name in asked if name in counts}
    for name, read in found.items():
        assert read == read_alone(world.ports, VAULT, name)


def test_neighbours_are_read_by_two_reads() -> None:
    world = stocked({f"disk-{number:02d}": 4 for number in range(30)})
    before = len(world.faults.calls)
    found = read_together(world.ports, VAULT, [f"DISK-{number:02d}" for number in range(5, 25)])
    assert world.faults.calls[before:] == ["store.page", "store.page"]
    assert [len(read.points) for read in found.values()] == [4] * 20


def test_what_lies_far_apart_is_left_after_a_page_that_brought_too_little() -> None:
    world = stocked({f"disk-{number:02d}": 10 for number in range(12)})
    before = len(world.faults.calls)
    assert read_together(world.ports, VAULT, ["disk-00", "disk-05"], limit=10).keys() == set()
    assert world.faults.calls[before:] == ["store.page", "store.page"]


def test_what_cannot_be_read_is_left_to_be_read_alone() -> None:
    world = stocked({"disk-1": 1, "disk-2": 1, "disk-3": 1})
    world.store.corrupt_record(BackupInstance, VAULT, "disk-2")
    assert read_together(world.ports, VAULT, ["disk-1", "disk-2", "disk-3"]).keys() == {"disk-1", "disk-3"}
    world.faults.fail("store.page", CloudUnavailable("no answer"))
    assert read_together(world.ports, VAULT, ["disk-1", "disk-3"]) == {}


def test_an_unreadable_point_is_left_out_as_when_read_alone() -> None:
    world = stocked({"disk-1": 3, "disk-2": 1})
    spoilt = point("disk-1", at=NOW - timedelta(hours=1))
    world.store.corrupt_record(RecoveryPoint, VAULT, "disk-1", spoilt.point_id)
    found = read_together(world.ports, VAULT, ["disk-1", "disk-2"])
    assert found["disk-1"] == read_alone(world.ports, VAULT, "disk-1")
    assert len(found["disk-1"].points) == 2


DISKS = [f"disk-{number:02d}" for number in range(45)]


@pytest.fixture(scope="module")
def many() -> Platform:
    """Forty-five disks of a vault, each with a point of the slot, which expires once the next is there."""
    return backed_up(*DISKS, intervals=HOURLY["intervals"], retention="PT1H")


def reads(platform: Platform) -> tuple[ReconcileReport, Counter[str]]:
    """What a pass reports, and its reads of records."""
    calls = platform.world.faults.calls
    before = len(calls)
    report = reconcile(platform.world.ports)
    return report, Counter(call for call in calls[before:] if call in ("store.get", "store.page"))


def test_a_pass_over_disks_that_are_well_reads_their_records_twenty_at_a_time(many: Platform) -> None:
    report, made = reads(many.copy())
    assert report == ReconcileReport()
    assert made["store.page"] <= 2 * 3 + 13, "instances and points of twenty disks each, and what a pass reads once"
    assert made["store.get"] <= 6


def test_only_what_is_not_as_it_was_seen_is_read_by_itself(many: Platform) -> None:
    platform = many.copy()
    _, well = reads(many.copy())
    lost = platform.points("disk-07")[0]
    lose(platform, lost)
    report, made = reads(platform)
    assert report.lost_points == [lost.point_id]
    assert platform.instance("disk-07").newest_point is None
    assert made.total() <= well.total() + 8


@pytest.mark.parametrize("call", range(0, 30, 2))
def test_what_changes_while_a_pass_goes_on_is_not_taken_for_trouble(many: Platform, call: int) -> None:
    """At some call of the pass, all disks get another point, and the first ones expire."""
    platform = many.copy()
    platform.world.faults.interrupt_nth(call, lambda: go_to(platform, SLOT + HOUR, minutes=10))
    report = reconcile(platform.world.ports)
    assert platform.world.cloud.removed, "points went meanwhile"
    again = reconcile(platform.world.ports)
    for found in (report, again):
        trouble = (found.lost_points, found.adopted_points, found.orphans, found.foreign, found.counted, found.failed)
        assert trouble == ([], [], [], [], [], [])
    for name in DISKS:
        points = platform.points(name)
        assert [point.slot for point in points] == [SLOT + HOUR]
        assert platform.instance(name).point_count == count_of(points)
        assert platform.instance(name).newest_point == summary_of(points[0])

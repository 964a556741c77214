"""A pass of the reconciler that no single run has the time for: run after run goes on behind the last, and together
they find what one run would."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from datetime import datetime, timedelta

import pytest

from backup_core.domain.agenda import AgendaKind
from backup_core.domain.disk import Disk
from backup_core.domain.heartbeat import Heartbeat, SetBack
from backup_core.domain.messages import GoOnReconciling
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import ANYWHERE
from backup_core.ports import Insert, Limits, Ports, Replace
from backup_core.workflows.heartbeat import last_beat
from backup_core.workflows.rebuild import rebuild_catalogue
from backup_core.workflows.reconcile import SILENT_FOR, PartsFailed, begin_pass, go_on_reconciling, reconcile
from backup_core.workflows.reconcile_group import AT_LEAST
from backup_core.workflows.reconcile_report import ReconcileReport
from backup_core.workflows.run_time import WORK_FOR
from tests.builders import SNAPSHOT_GROUP, disk_json, point
from tests.fakes import SlowClock
from tests.workflows.platform import HostDied, Platform
from tests.workflows.scenes import HOUR, SLOT, add_snapshot, backed_up, go_to, label_of, lose, sent

DISKS = tuple(f"disk-{number}" for number in range(1, 7))
MOST_RUNS = 60


def slow(platform: Platform, seconds: float = 4) -> Ports:
    return replace(platform.world.ports, clock=SlowClock(platform.world.clock, timedelta(seconds=seconds)))


def forget_point(platform: Platform, name: str) -> str:
    """Its record; the snapshot stays."""
    (recorded,) = platform.points(name)
    platform.remove(RecoveryPoint, name, recorded.point_id)
    return recorded.point_id


def much_is_wrong() -> Platform:
    """Of each kind of trouble some, among disks whose order is not that of the trouble."""
    platform = backed_up(*DISKS)
    world = platform.world
    lose(platform, platform.points("disk-1")[0])
    forget_point(platform, "disk-2")
    (copied,) = platform.points("disk-3")
    with world.faults.paused():
        tags = platform.tags(copied.snapshot_id)
        world.cloud.add_snapshot(f"{copied.snapshot_id}-copy", source=Disk(raw=disk_json("disk-3")), tags=tags)
        add_snapshot(platform, point("disk-9", at=SLOT))  # of no instance
        add_snapshot(platform, point("disk-4", at=SLOT - HOUR), tags={})  # whose tags somebody took away
        world.store.unschedule(platform.agenda(AgendaKind.BACKUP) + platform.agenda(AgendaKind.EXPIRY))
    return platform


def whole_pass(ports: Ports) -> tuple[int, ReconcileReport]:
    """How many runs a pass takes, and what they report together."""
    whole = reconcile(ports)
    runs = 1
    while whole.rest is not None:
        part = reconcile(ports, whole.rest)
        whole = merged(whole, part)
        runs += 1
        assert runs < MOST_RUNS, "the pass does not get further"
    return runs, whole


def merged(one: ReconcileReport, other: ReconcileReport) -> ReconcileReport:
    values = {}
    for each in fields(ReconcileReport):
        mine, its = getattr(one, each.name), getattr(other, each.name)
        values[each.name] = its if each.name == "rest" else mine + its
    return ReconcileReport(**values)


def in_order(report: ReconcileReport) -> dict[str, object]:
    """Without what differs between two installations."""
    found = {each.name: getattr(report, each.name) for each in fields(ReconcileReport)}
    return {name: sorted(map(plain, value)) if isinstance(value, list) else value for name, value in found.items()}


def plain(text: str) -> str:
    return re.sub(r"\b[0-9a-f]{12,32}\b", "...", text)


def states(platform: Platform) -> dict[str, list[tuple[str, str]]]:
    return {name: [(plain(each.snapshot_id), each.state.value) for each in platform.points(name)] for name in DISKS}


def test_a_pass_in_parts_finds_and_mends_what_one_run_would() -> None:
    quick, cut = much_is_wrong(), much_is_wrong()
    runs, wanted = whole_pass(quick.world.ports)
    assert runs == 1
    assert wanted.lost_points
    assert wanted.adopted_points
    assert len(wanted.orphans) == 2
    assert len(wanted.foreign) == 1
    assert {f"backup {name}" for name in DISKS} < set(wanted.agenda_rows)
    more_runs, found = whole_pass(slow(cut))
    assert more_runs >= 4
    assert in_order(found) == in_order(wanted)
    assert states(cut) == states(quick)
    _, again = whole_pass(slow(cut))
    assert (again.lost_points, again.adopted_points, again.agenda_rows) == ([], [], [])


@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_a_group_that_is_too_large_to_be_held_in_memory_is_looked_at_disk_by_disk(at_once: int) -> None:
    small, cut = much_is_wrong(), much_is_wrong()
    wanted = in_order(whole_pass(small.world.ports)[1])
    runs, found = whole_pass(replace(cut.world.ports, limits=Limits(snapshots_at_once=at_once)))
    assert runs >= len(DISKS) / at_once - 1
    assert runs > 1
    assert in_order(found) == wanted
    assert states(cut) == states(small)


def test_however_long_one_look_takes_each_run_gets_further() -> None:
    platform = much_is_wrong()
    runs, found = whole_pass(slow(platform, seconds=(WORK_FOR + AT_LEAST).total_seconds() + 1))
    assert runs > len(DISKS)
    assert found.lost_points
    assert found.adopted_points


def test_a_run_that_dies_anywhere_is_done_again_and_nothing_is_left_out() -> None:
    wanted = in_order(whole_pass(much_is_wrong().world.ports)[1])
    for nth in range(0, 120, 7):
        platform = much_is_wrong()
        ports = slow(platform)
        platform.world.faults.fail_nth(nth, HostDied())  # type: ignore[arg-type]
        begun: GoOnReconciling | None = None
        for _ in range(MOST_RUNS):
            try:
                rest = reconcile(ports, begun).rest
            except HostDied:
                continue
            begun = rest
            if rest is None:
                break
        whole_pass(ports)
        quiet = in_order(whole_pass(ports)[1])
        mended = ("lost_points", "adopted_points", "agenda_rows", "counted")
        assert quiet == wanted | {name: [] for name in mended}, f"died at call {nth}"


def test_the_rest_of_a_pass_comes_by_messages_until_it_is_done() -> None:
    platform = much_is_wrong()
    begin_pass(slow(platform))
    assert len(sent(platform, GoOnReconciling)) == 1
    assert last_beat(platform.world.ports).last("reconcile") is None, "no pass is done before its end"
    platform.run(minutes=1)
    assert platform.failures == []
    assert last_beat(platform.world.ports).last("reconcile") is not None
    assert whole_pass(platform.world.ports)[1].lost_points == []


def test_no_second_pass_is_begun_while_one_is_under_way() -> None:
    platform = much_is_wrong()
    begin_pass(slow(platform))
    begin_pass(platform.world.ports)
    assert len(sent(platform, GoOnReconciling)) == 1
    assert len(platform.agenda(AgendaKind.BACKUP)) < len(DISKS), "it would have mended all at once"


def test_a_pass_whose_message_got_lost_is_begun_anew() -> None:
    platform = much_is_wrong()
    begin_pass(slow(platform))
    platform.lose_messages()
    platform.world.clock.advance(SILENT_FOR)
    begin_pass(platform.world.ports)
    assert len(platform.agenda(AgendaKind.BACKUP)) == len(DISKS)


def test_a_pass_that_ended_keeps_no_other_from_beginning() -> None:
    platform = much_is_wrong()
    ports = slow(platform)
    begin_pass(ports)
    while (message := next((each.message for each in platform.world.queue.waiting()), None)) is not None:
        platform.world.queue.delete(platform.world.queue.waiting()[0])
        assert isinstance(message, GoOnReconciling)
        go_on_reconciling(ports, message)
    forget_point(platform, "disk-5")
    begin_pass(platform.world.ports)
    assert platform.points("disk-5") != []


def hold(platform: Platform, at: datetime) -> None:
    """The tables are seen to be set back."""
    with platform.world.faults.paused():
        stored = platform.world.store.get(Heartbeat, ANYWHERE)
        beat = stored.value if stored else Heartbeat(ticked_at=at)
        held = replace(beat, set_back=SetBack(seen_at=at, tables_at=at - HOUR, world_at=at))
        platform.world.store.commit(ANYWHERE, [Replace(stored, held) if stored else Insert(held)])


@pytest.mark.parametrize(
    ("when", "counts"),
    [("before the pass", True), ("in its midst", False)],
)
def test_a_pass_brings_all_points_back_only_if_it_began_after_the_tables_were_set_back(when: str, counts: bool) -> None:
    platform = much_is_wrong()
    ports = slow(platform)
    if counts:
        hold(platform, platform.world.clock.now())
    rest = reconcile(ports).rest
    assert rest is not None
    if not counts:
        hold(platform, platform.world.clock.now())
    while rest is not None:
        rest = reconcile(ports, rest).rest
    assert (last_beat(platform.world.ports).set_back.reconciled_at is not None) is counts


def test_a_snapshot_that_was_retagged_for_another_disk_is_still_its_points() -> None:
    """Its source disk says whose it is, and a run that looks at that disk looks at both."""
    platform = backed_up(*DISKS[:2])
    go_to(platform, SLOT + HOUR)
    mine, other = platform.points("disk-1")[0], platform.points("disk-2")[0]
    held = platform.world.cloud._snapshots[mine.snapshot_id.lower()]
    held.raw["tags"] = label_of(replace(other, point_id="0" * 32)).tags()
    _, found = whole_pass(slow(platform, seconds=70))
    assert found.retagged == [mine.snapshot_id]
    assert (found.foreign, found.orphans, found.lost_points) == ([], [], [])


def test_a_rebuilding_says_for_how_many_snapshots_it_had_no_time_and_another_call_goes_on() -> None:
    platform = backed_up(*DISKS)
    go_to(platform, SLOT + HOUR)
    every_point = {each.point_id for name in DISKS for each in platform.points(name)}
    platform.world.store.forget_everything()
    ports, found, left = slow(platform), list[str](), len(every_point)
    for _ in range(MOST_RUNS):
        report = rebuild_catalogue(ports, [SNAPSHOT_GROUP], take_over_others=True)
        found += report.adopted_points
        assert report.left == left - len(report.adopted_points)
        left = report.left
        if not left:
            break
    assert sorted(found) == sorted(every_point)
    assert 0 < len(report.adopted_points) < len(every_point)


def test_a_part_that_ends_in_an_error_keeps_no_other_from_being_done_and_the_pass_is_not_noted_as_done() -> None:
    platform = much_is_wrong()
    platform.world.faults.fail("audit.purge", ZeroDivisionError("a fault of ours"))
    with pytest.raises(PartsFailed):
        begin_pass(platform.world.ports)
    assert len(platform.agenda(AgendaKind.BACKUP)) == len(DISKS)
    beat = last_beat(platform.world.ports)
    assert beat is None or beat.last("reconcile") is None


def test_an_error_of_an_early_run_is_raised_by_the_last_one() -> None:
    platform = much_is_wrong()
    platform.world.faults.fail("audit.purge", ZeroDivisionError("a fault of ours"))
    report = reconcile(slow(platform))
    assert report.failed == ["audit"]
    assert report.rest is not None
    with pytest.raises(PartsFailed):
        go_on_reconciling(platform.world.ports, report.rest)

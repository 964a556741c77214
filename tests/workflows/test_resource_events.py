"""What Azure tells of its resources: each hint when it is true, when it is not, twice, out of order, and made up."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backup_core.domain.agenda import AgendaKind
from backup_core.domain.errors import CloudUnavailable, PermissionMissing, Throttled
from backup_core.domain.instance import ProtectionState
from backup_core.domain.job import JobOperation, JobStatus
from backup_core.domain.messages import RESOURCE_EVENTS, LookAtResource, encode
from backup_core.domain.protection_rule import instance_name
from backup_core.domain.recovery_point import PointState, RecoveryPoint
from backup_core.domain.resource_event import DELETED, WRITTEN, ResourceHint, read_event
from backup_core.workflows import resource_events
from backup_core.workflows.lifecycle import stop_protection
from backup_core.workflows.protection import resume_protection
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.resource_events import MAX_ROUNDS, SnapshotHomes, give_up, notice, take_message
from backup_core.workflows.snapshot_groups import remember_group
from backup_core.workflows.tag_rules import put_rule
from tests.builders import DISK_GROUP, SNAPSHOT_GROUP, VAULT, disk_id, disk_json, snapshot_id
from tests.domain.test_protection_rule import rule
from tests.domain.test_resource_event import cloud_event, grid_event
from tests.workflows.platform import Platform
from tests.workflows.scenes import (
    HOUR,
    HOURLY,
    SLOT,
    ask_for_backup,
    backed_up,
    events,
    go_to,
    jobs,
    other_group,
    protected,
    refuse,
    sent,
)

MINUTE = timedelta(minutes=1)
OTHER_VAULT = replace(VAULT, name="vault-2")


def hint(resource_id: str, what: str = "ResourceDeleteSuccess") -> ResourceHint:
    read = read_event(grid_event(resource_id, what))
    assert read is not None
    return read


def tell(platform: Platform, resource_id: str, what: str = "ResourceDeleteSuccess", *, times: int = 1) -> int:
    """Deliver an event; answers how many calls on the ports the last delivery took."""
    before = 0
    for _ in range(times):
        before = len(platform.world.faults.calls)
        notice(platform.world.ports, hint(resource_id, what), platform.homes)
    return len(platform.world.faults.calls) - before


def written(platform: Platform, resource_id: str) -> int:
    return tell(platform, resource_id, "ResourceWriteSuccess")


def state(platform: Platform, name: str = "disk-1") -> ProtectionState:
    return platform.instance(name).state


def lose_and_tell(platform: Platform) -> RecoveryPoint:
    """Somebody deletes the snapshot of the only point, and Azure tells of it."""
    (point,) = platform.points()
    platform.world.cloud.lose_snapshot(point.snapshot_id)
    tell(platform, point.snapshot_id)
    return point


def remove_and_tell(platform: Platform) -> None:
    """Somebody deletes the disk, and Azure tells of it."""
    platform.world.cloud.remove_disk(disk_id())
    tell(platform, disk_id())


def lost(platform: Platform, name: str = "disk-1") -> list[RecoveryPoint]:
    return [point for point in platform.points(name) if point.state is PointState.LOST]


# ---------------------------------------------------------------- a disk is gone


def test_the_loss_of_a_protected_disk_stops_its_protection_keeps_its_points_and_is_told() -> None:
    platform = backed_up()
    remove_and_tell(platform)
    assert state(platform) is ProtectionState.CONFIGURED, "one look is no proof"
    platform.run(minutes=6)
    stopped = platform.instance()
    assert stopped.state is ProtectionState.STOPPED
    assert stopped.error.code == "UserErrorManagedDiskNotFound"
    platform.run(minutes=1)
    (told,) = events(platform, "SourceDisk.Deleted")
    assert told.content["affectedItems"] == ["disk-1"]
    assert told.content["error"]["code"] == "UserErrorManagedDiskNotFound"
    platform.run(days=8)
    (kept,) = platform.points()
    assert kept.is_good
    assert platform.world.cloud.removed == []


def test_a_disk_that_is_said_to_be_gone_and_is_there_stays_protected() -> None:
    platform = backed_up()
    tell(platform, disk_id())
    assert state(platform) is ProtectionState.CONFIGURED
    assert events(platform, "SourceDisk.Deleted") == []


def test_the_loss_is_told_once_however_often_it_is_heard_of() -> None:
    platform = backed_up()
    platform.world.cloud.remove_disk(disk_id())
    tell(platform, disk_id(), times=3)
    tell(platform, DISK_GROUP.text, times=2)
    written(platform, disk_id())
    platform.run(minutes=8)
    assert len(events(platform, "SourceDisk.Deleted")) == 1
    assert len(events(platform, "Protection.Stopped")) == 1


def test_a_deletion_that_arrives_after_the_disk_was_made_anew_does_no_harm() -> None:
    platform = backed_up()
    platform.world.cloud.remove_disk(disk_id())
    platform.world.cloud.add_disk(disk_json())
    written(platform, disk_id())
    tell(platform, disk_id())
    assert state(platform) is ProtectionState.CONFIGURED


def test_a_disk_that_we_may_not_see_is_not_taken_for_gone() -> None:
    platform = backed_up()
    platform.world.cloud.remove_disk(disk_id())
    platform.world.cloud.guard = refuse("get_disk", PermissionMissing("403", scope="x", role="Disk Backup Reader"))
    tell(platform, disk_id())
    assert state(platform) is ProtectionState.CONFIGURED
    assert sent(platform, LookAtResource) == []


def test_protection_that_a_hand_stopped_is_not_told_of() -> None:
    platform = backed_up()
    stop_protection(platform.world.ports, VAULT, "disk-1")
    remove_and_tell(platform)
    platform.run(minutes=1)
    assert events(platform, "SourceDisk.Deleted") == []
    assert platform.instance().error is None


def test_the_alert_is_over_when_the_disk_is_back_and_protection_resumed() -> None:
    platform = backed_up()
    remove_and_tell(platform)
    platform.run(minutes=6)
    platform.world.cloud.add_disk(disk_json(uniqueId="aaaaaaaa-0000-4000-8000-000000000002"))
    written(platform, disk_id())
    assert state(platform) is ProtectionState.STOPPED, "another disk under that name: a hand resumes it"
    resume_protection(platform.world.ports, VAULT, "disk-1")
    platform.run(minutes=2)
    assert state(platform) is ProtectionState.CONFIGURED
    assert len(events(platform, "Alert.Resolved")) == 1


def test_a_backup_that_runs_while_its_disk_goes_still_ends() -> None:
    platform = backed_up()
    ask_for_backup(platform)
    platform.run(seconds=1)
    assert platform.instance().active is not None
    remove_and_tell(platform)
    platform.run(minutes=6)
    assert len(platform.points()) == 2
    assert state(platform) is ProtectionState.STOPPED


def test_a_stranger_disk_costs_one_read() -> None:
    platform = backed_up()
    looked = platform.world.faults.count("cloud.")
    assert tell(platform, disk_id("stranger")) == 1
    assert written(platform, disk_id("stranger")) == 2, "one more for the rules"
    assert platform.world.faults.count("cloud.") == looked


# ---------------------------------------------------------------- a disk has changed


def test_another_kind_of_disk_is_looked_at_again() -> None:
    platform = backed_up()
    platform.world.cloud.add_disk(disk_json(sku="StandardSSD_LRS"))
    written(platform, disk_id())
    platform.run(seconds=2)
    assert platform.instance().disk_sku == "StandardSSD_LRS"
    assert len(jobs(platform, JobOperation.CONFIGURE)) == 2


def test_a_kind_that_the_policy_is_too_quick_for_is_an_error_that_is_told() -> None:
    platform = backed_up()
    platform.world.cloud.add_disk(disk_json(sku="UltraSSD_LRS"))
    written(platform, disk_id())
    platform.run(minutes=1)
    assert state(platform) is ProtectionState.ERROR
    assert len(events(platform, "Protection.Failed")) == 1


@pytest.mark.parametrize(
    "change", [{"size_gb": 256}, {"tags": {"a": "b"}}, {"encryption": {"type": "EncryptionAtRestWithCustomerKey"}}, {}]
)
def test_what_each_backup_reads_anew_needs_no_look(change: Any) -> None:
    platform = backed_up()
    platform.world.cloud.add_disk(disk_json(**change))
    written(platform, disk_id())
    platform.run(seconds=2)
    assert len(jobs(platform, JobOperation.CONFIGURE)) == 1
    assert platform.instance().revision == 1


def test_a_disk_that_could_not_be_protected_is_looked_at_again_but_not_at_each_write() -> None:
    platform = backed_up()
    platform.world.cloud.add_disk(disk_json(sku="UltraSSD_LRS"))
    written(platform, disk_id())
    platform.run(seconds=5)
    for _ in range(3):
        written(platform, disk_id())
        platform.run(seconds=5)
    assert len(jobs(platform, JobOperation.CONFIGURE)) == 2
    platform.world.cloud.add_disk(disk_json())
    platform.world.clock.advance(minutes=10)
    written(platform, disk_id())
    platform.run(seconds=5)
    assert state(platform) is ProtectionState.CONFIGURED


# ---------------------------------------------------------------- tags


def tagged(**tags: str) -> Platform:
    platform = protected("other")
    put_rule(platform.world.ports, rule(policy_name="policy-other"))
    platform.run(seconds=1)
    platform.world.cloud.add_disk(disk_json(tags=tags))
    return platform


@pytest.mark.parametrize(
    "looks",
    [lambda platform: written(platform, disk_id()), lambda platform: resource_events.apply_all(platform.world.ports)],
    ids=["its event", "the reconciler, where the event got lost"],
)
def test_a_disk_that_is_tagged_is_protected_within_seconds(looks: Callable[[Platform], object]) -> None:
    platform = tagged(backup="daily")
    looks(platform)
    platform.run(seconds=5)
    assert state(platform, instance_name(disk_id())) is ProtectionState.CONFIGURED


def test_a_disk_that_loses_its_tag_is_stopped_and_the_old_event_does_not_start_it_again() -> None:
    platform = tagged(backup="daily")
    written(platform, disk_id())
    platform.run(seconds=10)
    platform.world.cloud.add_disk(disk_json())
    for _ in range(3):
        written(platform, disk_id())
        platform.run(seconds=2)
    assert state(platform, instance_name(disk_id())) is ProtectionState.STOPPED
    assert len(events(platform, "Protection.Stopped")) == 1


def test_a_disk_that_is_tagged_and_gone_again_is_not_protected() -> None:
    platform = tagged(backup="daily")
    platform.world.cloud.remove_disk(disk_id())
    written(platform, disk_id())
    assert not platform.has_instance(instance_name(disk_id()))


# ---------------------------------------------------------------- a snapshot is gone


def test_a_snapshot_deleted_behind_our_back_is_a_lost_point_at_once_and_a_backup_soon() -> None:
    platform = backed_up()
    point = lose_and_tell(platform)
    assert [each.point_id for each in lost(platform)] == [point.point_id]
    assert platform.instance().newest_point is None
    platform.run(minutes=2)
    assert len(events(platform, "RecoveryPoint.Lost")) == 1
    made = [each for each in platform.points() if each.is_good]
    assert len(made) == 1
    assert made[0].created_at < SLOT + 2 * MINUTE


@pytest.mark.parametrize("is_gone", [False, True], ids=["closed to us", "gone"])
def test_a_loss_is_answered_though_a_group_of_another_vault_cannot_be_read(is_gone: bool) -> None:
    platform = backed_up()
    remember_group(platform.world.ports, OTHER_VAULT, other_group())
    if not is_gone:
        closed = PermissionMissing("403", scope=other_group().text, role="Disk Snapshot Contributor")
        platform.world.cloud.guard = refuse("list_snapshots", closed, at=other_group().text)
    point = lose_and_tell(platform)
    platform.run(minutes=2)
    assert [each.point_id for each in lost(platform)] == [point.point_id]
    assert len([each for each in platform.points() if each.is_good]) == 1


def test_while_a_group_cannot_be_read_for_now_nobody_knows_whether_a_snapshot_was_moved_there() -> None:
    platform = backed_up()
    remember_group(platform.world.ports, OTHER_VAULT, other_group())
    platform.world.cloud.guard = refuse("list_snapshots", CloudUnavailable("503"), at=other_group().text)
    lose_and_tell(platform)
    assert lost(platform) == []
    assert len(sent(platform, LookAtResource)) == 1


def test_the_schedule_goes_on_as_before_after_the_extra_backup() -> None:
    platform = backed_up()
    lose_and_tell(platform)
    platform.run(minutes=2)
    go_to(platform, SLOT + HOUR)
    go_to(platform, SLOT + 2 * HOUR)
    taken = [job.slot for job in jobs(platform) if job.status is JobStatus.COMPLETED]
    assert taken == [SLOT, SLOT + MINUTE, SLOT + HOUR, SLOT + 2 * HOUR]
    assert platform.instance().missed_count == 0
    assert len([row for row in platform.agenda(AgendaKind.BACKUP) if row.instance_name == "disk-1"]) == 1


def test_a_loss_is_answered_by_one_backup_however_often_it_is_heard_of() -> None:
    platform = backed_up()
    point = lose_and_tell(platform)
    tell(platform, point.snapshot_id, times=2)
    platform.run(minutes=2)
    tell(platform, point.snapshot_id, times=3)
    reconcile(platform.world.ports)
    platform.run(minutes=5)
    assert len(jobs(platform)) == 2
    assert len(events(platform, "RecoveryPoint.Lost")) == 1


def test_points_lost_together_are_answered_by_one_backup() -> None:
    platform = backed_up()
    for hour in (1, 2, 3):
        go_to(platform, SLOT + hour * HOUR)
    for point in platform.points():
        platform.world.cloud.lose_snapshot(point.snapshot_id)
        tell(platform, point.snapshot_id)
    platform.run(minutes=5)
    assert len(lost(platform)) == 4
    assert len(jobs(platform)) == 5


def test_the_loss_of_an_older_point_needs_no_backup() -> None:
    platform = backed_up()
    go_to(platform, SLOT + HOUR)
    newest, older = platform.points()
    platform.world.cloud.lose_snapshot(older.snapshot_id)
    tell(platform, older.snapshot_id)
    platform.run(minutes=5)
    assert [each.point_id for each in lost(platform)] == [older.point_id]
    assert len(jobs(platform)) == 2
    assert platform.instance().newest_point.point_id == newest.point_id


def test_an_on_demand_point_is_found_by_its_snapshots_name_too() -> None:
    platform = backed_up()
    platform.world.clock.advance(timedelta(seconds=7, milliseconds=640))
    ask_for_backup(platform)
    platform.run(seconds=30)
    point = platform.points()[0]
    assert point.slot is None
    platform.world.cloud.lose_snapshot(point.snapshot_id)
    tell(platform, point.snapshot_id.upper())
    assert [each.point_id for each in lost(platform)] == [point.point_id]


def test_a_snapshot_that_is_said_to_be_gone_and_is_there_is_no_loss() -> None:
    platform = backed_up()
    (point,) = platform.points()
    tell(platform, point.snapshot_id)
    platform.run(minutes=2)
    assert lost(platform) == []
    assert len(jobs(platform)) == 1


def test_a_snapshot_that_we_deleted_ourselves_is_no_loss_and_costs_one_read() -> None:
    platform = backed_up()
    (expired,) = platform.points()
    go_to(platform, SLOT + 7 * 24 * HOUR - HOUR)
    go_to(platform, SLOT + 7 * 24 * HOUR, minutes=3)
    assert expired.snapshot_id in platform.world.cloud.removed
    tell(platform, expired.snapshot_id)
    assert tell(platform, expired.snapshot_id) == 1
    assert lost(platform) == []


def test_the_loss_of_a_stopped_disks_point_is_told_but_no_backup_is_taken() -> None:
    platform = backed_up()
    stop_protection(platform.world.ports, VAULT, "disk-1")
    lose_and_tell(platform)
    platform.run(minutes=3)
    assert len(lost(platform)) == 1
    assert len(jobs(platform)) == 1


@pytest.mark.parametrize(
    "name", ["a-snapshot", "bk-disk-1", "bk-disk-1-20260302T120000Z", "bk-disk-1-20269902T120000Z-0123456789ab"]
)
def test_a_snapshot_whose_name_is_none_of_ours_costs_nothing(name: str) -> None:
    platform = backed_up()
    assert tell(platform, snapshot_id(name)) == 0
    assert written(platform, snapshot_id("bk-disk-1-20260302T120000Z-0123456789ab")) == 0


def test_a_name_that_could_be_ours_costs_what_it_costs_once() -> None:
    platform = backed_up()
    forged = snapshot_id("bk-disk-1-20260302T120000Z-0123456789ab")
    tell(platform, forged)
    assert tell(platform, forged) == 1, "the points of that second are read; the snapshot's is not among them"
    unknown = snapshot_id("bk-stranger-20260302T120000Z-0123456789ab")
    tell(platform, unknown)
    assert tell(platform, unknown) == 0
    assert lost(platform) == []


def test_a_disk_protected_a_minute_ago_is_among_those_remembered() -> None:
    platform = backed_up()
    tell(platform, snapshot_id("bk-disk-2-20260302T120000Z-0123456789ab"))
    platform.protect("disk-2", **HOURLY)
    platform.world.clock.advance(minutes=1)
    ask_for_backup(platform, "disk-2")
    platform.run(seconds=30)
    (point,) = platform.points("disk-2")
    platform.world.cloud.lose_snapshot(point.snapshot_id)
    tell(platform, point.snapshot_id)
    assert len(lost(platform, "disk-2")) == 1


def test_the_cost_of_a_snapshots_event_does_not_follow_from_what_is_protected() -> None:
    costs = []
    for count in (1, 30):
        platform = protected(*(f"disk-{number}" for number in range(1, count + 1)))
        platform.run(seconds=30)
        forged = snapshot_id("bk-disk-1-20260302T110000Z-0123456789ab")
        tell(platform, forged)
        costs.append(tell(platform, forged))
    assert costs == [1, 1]


# ---------------------------------------------------------------- a group is gone


def test_the_loss_of_a_group_is_the_loss_of_its_disks() -> None:
    platform = backed_up("disk-1", "disk-2")
    platform.world.cloud.remove_group(DISK_GROUP)
    tell(platform, DISK_GROUP.text.upper())
    platform.run(minutes=6)
    assert {state(platform), state(platform, "disk-2")} == {ProtectionState.STOPPED}
    platform.run(minutes=1)
    told = events(platform, "SourceDisk.Deleted")
    assert sorted(name for each in told for name in each.content["affectedItems"]) == ["disk-1", "disk-2"]


def test_a_group_that_is_said_to_be_gone_and_is_there_costs_no_look_at_its_disks() -> None:
    platform = backed_up()
    assert tell(platform, DISK_GROUP.text) == 3
    assert state(platform) is ProtectionState.CONFIGURED


@pytest.mark.parametrize("group", [SNAPSHOT_GROUP.text, f"{DISK_GROUP.text}-2", DISK_GROUP.text[:-1]])
def test_a_group_without_protected_disks_costs_one_read(group: str) -> None:
    platform = backed_up()
    assert tell(platform, group) == 1


def test_a_group_that_is_written_costs_nothing() -> None:
    assert written(backed_up(), DISK_GROUP.text) == 0


# ---------------------------------------------------------------- coming back


@pytest.mark.parametrize(
    ("call", "error", "counted"),
    [
        ("cloud.get_disk", Throttled("429", retry_after_seconds=7), "deferrals"),
        ("cloud.get_disk", CloudUnavailable("503"), "attempts"),
        ("store.get", CloudUnavailable("storage"), "attempts"),
        ("store.commit", CloudUnavailable("storage"), "doubts"),
    ],
)
def test_what_cannot_be_looked_at_now_comes_back_by_itself(call: str, error: Exception, counted: str) -> None:
    platform = backed_up()
    platform.world.cloud.remove_disk(disk_id())
    platform.world.faults.fail(call, error)
    tell(platform, disk_id())
    (again,) = sent(platform, LookAtResource)
    assert (again.change, again.resource_id, getattr(again, counted)) == (DELETED, disk_id(), 1)
    platform.run(minutes=7)
    assert state(platform) is ProtectionState.STOPPED


def test_a_hint_is_given_up_in_the_end_and_left_to_the_reconciler() -> None:
    platform = backed_up()
    platform.world.cloud.guard = refuse("get_disk", CloudUnavailable("503"))
    tell(platform, disk_id())
    platform.run(minutes=40)
    assert len(sent(platform, LookAtResource)) == MAX_ROUNDS
    assert [each for each in platform.world.queue.waiting() if each.kind == "LookAtResource"] == []


def in_the_queue(event: dict[str, Any]) -> Callable[[Platform], object]:
    return lambda platform: platform.world.queue.put_text(RESOURCE_EVENTS, json.dumps(event))


@pytest.mark.parametrize(
    "tells",
    [
        lambda platform: written(platform, disk_id()),
        in_the_queue(grid_event(disk_id())),
        in_the_queue(cloud_event(disk_id())),
    ],
    ids=["a write that comes too late", "an event in the queue", "a cloud event in the queue"],
)
def test_a_disk_that_is_gone_is_found_gone_whatever_leads_to_the_look(tells: Callable[[Platform], object]) -> None:
    platform = backed_up()
    platform.world.cloud.remove_disk(disk_id())
    tells(platform)
    platform.run(minutes=6)
    assert state(platform) is ProtectionState.STOPPED


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "[]",
        "{}",
        json.dumps(grid_event("/elsewhere")),
        json.dumps(grid_event(disk_id(), "ResourceActionSuccess")),
        encode(LookAtResource(change="forged", resource_id=disk_id())),
    ],
)
def test_what_is_no_event_of_ours_is_let_go_without_a_call(text: str) -> None:
    platform = backed_up()
    before = len(platform.world.faults.calls)
    take_message(platform.world.ports, text, SnapshotHomes())
    take_message(platform.world.ports, text.encode() + b"\xff", SnapshotHomes())
    assert len(platform.world.faults.calls) == before


def test_a_forged_event_makes_nothing_but_reads() -> None:
    platform = backed_up()
    (point,) = platform.points()
    before = {call: platform.world.faults.count(call) for call in ("store.commit", "store.schedule", "queue.send")}
    for resource in (disk_id(), point.snapshot_id, DISK_GROUP.text, SNAPSHOT_GROUP.text, disk_id("stranger")):
        for what in ("ResourceDeleteSuccess", "ResourceWriteSuccess"):
            tell(platform, resource, what)
    assert {call: platform.world.faults.count(call) for call in before} == before


def test_the_same_events_in_any_order_end_alike() -> None:
    ends = set()
    told = [(DELETED, disk_id()), (WRITTEN, disk_id()), (DELETED, DISK_GROUP.text)]
    for order in (told, told[::-1], told[1:] + told[:1], told * 2):
        platform = backed_up()
        platform.world.cloud.remove_group(DISK_GROUP)
        for change, resource in order:
            what = "ResourceDeleteSuccess" if change == DELETED else "ResourceWriteSuccess"
            tell(platform, resource, what)
        platform.run(minutes=8)
        ends.add((state(platform), len(events(platform, "SourceDisk.Deleted")), len(platform.points())))
    assert ends == {(ProtectionState.STOPPED, 1, 1)}


def test_a_message_that_failed_five_times_is_told_of() -> None:
    platform = backed_up()
    give_up(platform.world.ports, json.dumps(grid_event(disk_id())))
    platform.run(seconds=30)
    (told,) = events(platform, "Message.Poisoned")
    assert told.content["error"]["code"] == "StepGivenUp"


# ---------------------------------------------------------------- trouble at any call


def troubled(begin: Callable[[], Platform], resource: Callable[[Platform], str], what: str) -> list[Platform]:
    """Platforms that heard of the same thing, each with trouble at another call, before its effect or after it. Event
    Grid tells again what was not taken."""
    with_trouble = []
    for after in (False, True):
        for nth in range(60):
            platform = begin()
            told = resource(platform)
            platform.world.faults.fail_nth(nth, CloudUnavailable("trouble"), after=after)
            calls = len(platform.world.faults.calls)
            try:
                tell(platform, told, what)
            except CloudUnavailable:
                tell(platform, told, what)
            is_over = nth >= len(platform.world.faults.calls) - calls
            platform.world.faults.clear()
            platform.run(minutes=7)
            with_trouble.append(platform)
            if is_over:
                break
        else:
            raise AssertionError("there were more calls than were tried")
    assert len(with_trouble) > 8
    return with_trouble


def test_trouble_at_any_call_keeps_no_loss_of_a_disk_from_being_seen_once() -> None:
    def begin() -> Platform:
        platform = backed_up()
        platform.world.cloud.remove_disk(disk_id())
        return platform

    for platform in troubled(begin, lambda _: disk_id(), "ResourceDeleteSuccess"):
        assert state(platform) is ProtectionState.STOPPED
        assert len(events(platform, "SourceDisk.Deleted")) == 1
        assert len(events(platform, "Protection.Stopped")) == 1
        assert len(platform.points()) == 1


def test_trouble_at_any_call_keeps_no_loss_of_a_snapshot_from_being_seen_once() -> None:
    def lose(platform: Platform) -> str:
        (point,) = platform.points()
        platform.world.cloud.lose_snapshot(point.snapshot_id)
        return point.snapshot_id

    for platform in troubled(backed_up, lose, "ResourceDeleteSuccess"):
        assert len(lost(platform)) == 1
        assert len(events(platform, "RecoveryPoint.Lost")) == 1
        good = [point for point in platform.points() if point.is_good]
        assert 1 <= len(good) <= 2, "trouble over a full minute may ask for a second backup"


def test_trouble_at_any_call_keeps_no_tagged_disk_from_being_protected_once() -> None:
    for platform in troubled(lambda: tagged(backup="daily"), lambda _: disk_id(), "ResourceWriteSuccess"):
        name = instance_name(disk_id())
        assert state(platform, name) is ProtectionState.CONFIGURED
        assert [each.status for each in jobs(platform, JobOperation.CONFIGURE, name)][-1] is JobStatus.COMPLETED
        rows = [row for row in platform.agenda(AgendaKind.BACKUP) if row.instance_name == name]
        assert len(rows) == 1


def test_a_snapshot_that_only_our_own_looks_do_not_find_is_looked_at_again_some_minutes_later() -> None:
    platform = backed_up()
    (point,) = platform.points()
    platform.world.cloud.lose_snapshot(point.snapshot_id)
    reconcile(platform.world.ports)
    platform.run(minutes=4)
    assert lost(platform) == []
    assert len(jobs(platform)) == 1
    platform.run(minutes=3)
    assert [each.point_id for each in lost(platform)] == [point.point_id]
    assert len(jobs(platform)) == 2, "a backup takes its place"


def test_what_was_not_found_and_is_deleted_in_the_eyes_of_azure_is_lost_at_once() -> None:
    platform = backed_up()
    (point,) = platform.points()
    platform.world.cloud.lose_snapshot(point.snapshot_id)
    reconcile(platform.world.ports)
    tell(platform, point.snapshot_id)
    assert len(lost(platform)) == 1
    platform.run(minutes=10)
    assert len(events(platform, "RecoveryPoint.Lost")) == 1

"""Copies of recovery points in other regions, from their point's recording to their expiry."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backup_core.domain.copying import (
    AT_ONCE,
    CopyLane,
    CopyRule,
    CopyState,
    KeptCopy,
    LaneWait,
    PointCopy,
    look_delay,
)
from backup_core.domain.errors import CloudUnavailable, InvalidInput, ResourceInUse
from backup_core.domain.instance import ProtectionState
from backup_core.domain.job import JobOperation, JobStatus
from backup_core.domain.messages import ExpireCopies, StartCopy
from backup_core.domain.resource_ids import ANYWHERE, GroupId
from backup_core.domain.vault import Vault
from backup_core.workflows.copy_rules import delete_rule, put_rule
from backup_core.workflows.holds import Place, set_hold
from backup_core.workflows.lifecycle import delete_instance
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.set_back import go_on
from backup_core.workflows.vaults import delete_policy, put_vault
from tests.builders import NOW, OTHER_SUBSCRIPTION, SUBSCRIPTION, VAULT, disk_json, hold, vault, vault_properties
from tests.workflows.platform import Platform
from tests.workflows.scenes import (
    HOUR,
    HOURLY,
    SLOT,
    add_point,
    change_copy,
    change_instance,
    change_point,
    events,
    go_to,
    jobs,
    lose,
    protected,
    refuse,
)

COPIES = GroupId(subscription=SUBSCRIPTION, group="copies-rg")
LANE = f"{SUBSCRIPTION}:northeurope"
REFUSE_COPIES = refuse("start_copy", CloudUnavailable("the region does not answer"))


def rule(name: str = "north", *, policy: str = "policy-disk-1", retention: str = "P30D", **changes: Any) -> CopyRule:
    values: dict[str, Any] = {
        "name": name,
        "policy_name": policy,
        "location": "northeurope",
        "snapshot_group_id": COPIES.text,
        "kept": (KeptCopy(tag_name="Default", retention=retention),),
        "since": NOW,
    }
    return CopyRule(**(values | changes))


def copied(platform: Platform, *, group: GroupId = COPIES, **changes: Any) -> Platform:
    with platform.world.faults.paused():
        platform.world.cloud.add_group(group)
        put_rule(platform.world.ports, VAULT, rule(snapshot_group_id=group.text, **changes))
    return platform


def copies(platform: Platform, name: str = "disk-1") -> list[PointCopy]:
    """Oldest first."""
    return platform.copies(name)


def with_two_copies(**changes: Any) -> Platform:
    """Of the points of noon and of an hour later."""
    platform = copied(protected(), **changes)
    platform.run(minutes=20)
    go_to(platform, SLOT + HOUR, minutes=20)
    assert [copy.state for copy in copies(platform)] == [CopyState.COMPLETED] * 2
    return platform


def lane(platform: Platform) -> CopyLane:
    stored = platform.world.store.get(CopyLane, ANYWHERE, LANE)
    return stored.value if stored is not None else CopyLane(key=LANE)


def test_a_point_is_copied_and_its_snapshot_is_needed_until_the_next_copy_is_whole() -> None:
    platform = copied(protected(intervals=HOURLY["intervals"], retention="PT90M"))
    platform.run(minutes=10)
    (copy,) = copies(platform)
    (point,) = platform.points()
    assert (copy.state, copy.point_id, copy.attempt) == (CopyState.COMPLETED, point.point_id, 1)
    assert copy.expires_at == point.created_at + timedelta(days=30)
    assert copy.snapshot_unique_id
    assert point.copying == (LANE,)
    (job,) = jobs(platform, JobOperation.COPY)
    assert (job.status, job.point_id) == (JobStatus.COMPLETED, point.point_id)
    assert job.subtasks[0].progress_percent == 100
    assert events(platform, "Copy.Completed")
    assert platform.instance().copy_standings[0].newest_at == point.created_at

    platform.world.cloud.region_copy_time = timedelta(hours=3)
    go_to(platform, SLOT + HOUR, hours=2)  # the noon point has expired at 13:30
    assert SLOT in {each.slot for each in platform.points()}, "the next copy is told from it"
    go_to(platform, SLOT + 5 * HOUR, minutes=40)
    assert SLOT not in {each.slot for each in platform.points()}
    assert len(platform.world.cloud.region_copies) >= 2
    assert [ticket.instance_name for ticket in lane(platform).tickets] == ["disk-1"], "for that of 17:00"


def test_an_installation_without_rules_asks_for_nothing_of_copies() -> None:
    platform = protected()
    platform.run(minutes=10)
    assert copies(platform) == []
    assert not any(isinstance(message, StartCopy) for message in platform.world.queue.sent)
    assert platform.world.store.get(CopyLane, ANYWHERE, LANE) is None


def test_copies_of_a_disk_keep_to_the_order_of_creation_and_go_one_at_a_time() -> None:
    platform = copied(protected())
    platform.world.cloud.region_copy_time = timedelta(hours=2, minutes=30)
    for hour in range(4):
        go_to(platform, SLOT + hour * HOUR, minutes=30)
    assert [copy.state for copy in copies(platform)].count(CopyState.COPYING) == 1
    platform.run(hours=12)
    assert {copy.state for copy in copies(platform)} == {CopyState.COMPLETED, CopyState.COPYING, CopyState.WAITING}
    whole = [copy for copy in copies(platform) if copy.is_whole]
    assert [copy.completed_at for copy in whole] == sorted(copy.completed_at for copy in whole if copy.completed_at)
    assert platform.world.cloud.copies_at_once == 1


def test_a_copy_that_fails_begins_anew_under_another_name_and_leaves_nothing_behind() -> None:
    platform = copied(protected())
    platform.run(seconds=12)
    platform.world.cloud.fail_late("InvalidParameter", "No.")
    platform.run(minutes=25)
    (copy,) = copies(platform)
    assert (copy.state, copy.attempt, copy.left_behind) == (CopyState.COMPLETED, 2, ())
    names = platform.world.cloud.region_copies
    assert len(set(names)) == 2
    lying = {each.lower() for each in platform.world.cloud.snapshot_ids()}
    assert names[0].lower() not in lying
    assert names[1].lower() in lying
    assert [job.status for job in jobs(platform, JobOperation.COPY)] == [JobStatus.FAILED, JobStatus.COMPLETED]
    assert platform.instance().alerts == ()
    assert events(platform, "Alert.Fired")
    assert events(platform, "Alert.Resolved")


def test_a_copy_that_vanishes_while_it_is_made_begins_anew() -> None:
    platform = copied(protected())
    platform.run(seconds=60)
    (name,) = platform.world.cloud.region_copies
    platform.world.cloud.lose_snapshot(name)
    platform.run(minutes=30)
    (copy,) = copies(platform)
    assert (copy.state, copy.attempt) == (CopyState.COMPLETED, 2)


def test_the_newest_whole_copy_that_somebody_deletes_is_told_and_made_anew() -> None:
    platform = copied(protected())
    platform.run(minutes=10)
    (copy,) = copies(platform)
    platform.world.cloud.lose_snapshot(copy.snapshot_id)
    reconcile(platform.world.ports)
    assert not events(platform, "Copy.Lost"), "a moment is not enough"
    platform.run(minutes=4)
    reconcile(platform.world.ports)
    assert copies(platform)[0].is_whole
    platform.run(minutes=2)
    reconcile(platform.world.ports)
    assert events(platform, "Copy.Lost")
    platform.run(minutes=15)
    (again,) = copies(platform)
    assert (again.state, again.attempt) == (CopyState.COMPLETED, 2)
    assert again.snapshot_id != copy.snapshot_id


def test_copies_expire_but_for_the_newest_of_their_region() -> None:
    platform = with_two_copies(retention="PT90M")
    first, second = [copy.snapshot_id for copy in copies(platform)]
    change_instance(platform, state=ProtectionState.SUSPENDED)
    go_to(platform, SLOT + 6 * HOUR, minutes=10)
    assert [copy.snapshot_id for copy in copies(platform)] == [second]
    assert platform.world.cloud.removed.count(first) == 1
    assert events(platform, "Copy.Expired")


def test_a_copy_that_is_not_found_for_some_minutes_is_not_forgotten_when_it_expires() -> None:
    platform = with_two_copies(retention="PT90M")
    first = copies(platform)[0]
    change_copy(platform, first.copy_id, expires_at=SLOT)
    platform.world.cloud.read_lag = timedelta(days=60)
    platform.world.queue.send(ExpireCopies(vault=VAULT, instance_name="disk-1", due_at=platform.world.clock.now()))
    platform.run(minutes=4)
    assert copies(platform)[0].absent_since is not None
    platform.world.cloud.read_lag = timedelta(0)
    platform.run(minutes=4)
    assert platform.world.cloud.removed == [first.snapshot_id]
    assert first.copy_id not in {copy.copy_id for copy in copies(platform)}


def test_what_an_attempt_left_behind_and_is_not_found_for_some_minutes_is_not_forgotten() -> None:
    platform = copied(protected())
    platform.run(seconds=12)
    platform.world.cloud.fail_late("InvalidParameter", "No.")
    platform.world.cloud.locks.add(COPIES.key)
    platform.run(minutes=15)
    (copy,) = copies(platform)
    assert (copy.state, len(copy.left_behind)) == (CopyState.COMPLETED, 1)
    platform.world.cloud.locks.clear()
    platform.world.cloud.read_lag = timedelta(days=1)
    platform.run(minutes=20)  # a lock is looked at again each half hour
    platform.world.cloud.read_lag = timedelta(0)
    assert copies(platform)[0].left_behind == copy.left_behind, "a moment is not enough"
    platform.run(minutes=20)
    assert platform.world.cloud.removed == list(copy.left_behind)
    assert copies(platform)[0].left_behind == ()


def test_an_instance_that_is_deleted_takes_its_copies_with_it_within_seconds() -> None:
    platform = copied(protected())
    platform.run(minutes=10)
    delete_instance(platform.world.ports, VAULT, "disk-1")
    platform.run(seconds=20)
    assert not platform.has_instance("disk-1"), "somebody may wait for it"
    assert copies(platform) == []
    assert platform.world.cloud.snapshot_ids() == []


def test_an_instance_that_is_deleted_while_it_copies_waits_for_the_copy() -> None:
    platform = copied(protected())
    platform.run(seconds=60)
    assert platform.instance().copying
    source = platform.points()[0].snapshot_id
    delete_instance(platform.world.ports, VAULT, "disk-1")
    platform.run(seconds=60)
    assert platform.world.cloud.shown(source) is not None, "never the source of a copy under way"
    platform.run(minutes=15)
    assert not platform.has_instance("disk-1")
    assert platform.world.cloud.snapshot_ids() == []


def test_copies_of_an_immutable_vault_stay_when_their_instance_is_deleted() -> None:
    platform = copied(protected())
    properties = vault_properties(soft_delete="Off", immutability="Unlocked")
    put_vault(platform.world.ports, vault(properties=properties))
    platform.run(minutes=10)
    for point in platform.points():  # expired at home: the copy is what is promised
        change_point(platform, point.point_id, expires_at=SLOT)
    with pytest.raises(InvalidInput, match="1 copies"):
        delete_instance(platform.world.ports, VAULT, "disk-1")
    platform.run(minutes=10)
    (copy,) = copies(platform)
    assert platform.world.cloud.shown(copy.snapshot_id) is not None


def test_what_a_rule_that_is_gone_asked_for_is_not_made_and_lets_go_of_its_points() -> None:
    platform = copied(protected())
    platform.world.cloud.region_copy_time = timedelta(hours=2)
    platform.run(minutes=10)
    go_to(platform, SLOT + HOUR, minutes=10)
    assert [copy.state for copy in copies(platform)] == [CopyState.COPYING, CopyState.WAITING]
    assert delete_rule(platform.world.ports, VAULT, "north")
    platform.run(hours=3)
    reconcile(platform.world.ports)
    assert [copy.state for copy in copies(platform)] == [CopyState.COMPLETED]
    assert all(point.copying == () for point in platform.points())
    assert not lane(platform).tickets


def test_points_that_no_record_of_a_copy_tells_of_are_found_by_the_reconciler() -> None:
    platform = copied(protected())
    platform.run(seconds=5)
    for copy in copies(platform):
        platform.remove(PointCopy, "disk-1", copy.copy_id)
    platform.run(minutes=5)
    reconcile(platform.world.ports)
    platform.run(minutes=10)
    assert [copy.state for copy in copies(platform)] == [CopyState.COMPLETED]


def test_of_more_copies_than_one_transaction_takes_none_is_ever_recorded_whose_point_may_go() -> None:
    platform = copied(protected(retention="P30D"), since=NOW - timedelta(days=9))
    platform.run(seconds=1)
    for number in range(90):
        add_point(platform, NOW - timedelta(days=8) + number * HOUR, tag_name="Default")
    seen, loose = set[int](), set[str]()

    def look() -> None:
        marked = {point.point_id for point in platform.points() if LANE in point.copying}
        owed = {copy.point_id for copy in copies(platform)}
        seen.add(len(owed))
        loose.update(owed - marked)

    for nth in range(1000):
        platform.world.faults.interrupt_nth(nth, look)
    reconcile(platform.world.ports)
    platform.world.faults.clear()
    assert not loose
    assert len(seen) > 2, "it takes several transactions, and was looked at between them"
    assert len(copies(platform)) == 90
    assert needed(platform) == [True] * 90


def test_a_point_that_another_region_needs_now_is_kept_for_it_in_the_same_pass() -> None:
    """Whatever it is said to be needed for, and is not any more."""
    platform = copied(protected())
    platform.run(minutes=10)
    (point,) = platform.points()
    change_point(platform, point.point_id, copying=(f"{SUBSCRIPTION}:eastus",))
    reconcile(platform.world.ports)
    assert needed(platform) == [True]
    reconcile(platform.world.ports)
    assert platform.points()[0].copying == (LANE,)


def test_two_regions_take_turns_and_both_get_their_copies() -> None:
    platform = copied(protected())
    copied(platform, name="east", location="eastus", group=GroupId(subscription=OTHER_SUBSCRIPTION, group="far-rg"))
    platform.run(minutes=20)
    assert {(copy.location, copy.state) for copy in copies(platform)} == {
        ("northeurope", CopyState.COMPLETED),
        ("eastus", CopyState.COMPLETED),
    }
    assert platform.world.cloud.copies_at_once == 1
    assert set(platform.points()[0].copying) == {LANE, f"{OTHER_SUBSCRIPTION}:eastus"}


def test_a_region_that_is_down_holds_up_no_other_and_is_caught_up_with() -> None:
    platform = copied(protected())
    copied(platform, name="east", location="eastus", group=GroupId(subscription=SUBSCRIPTION, group="east-rg"))
    platform.world.cloud.guard = refuse("start_copy", CloudUnavailable("the region does not answer"), at=COPIES.text)
    for hour in range(6):
        go_to(platform, SLOT + hour * HOUR, minutes=50)
    by_region = {(copy.location, copy.state) for copy in copies(platform)}
    assert ("eastus", CopyState.COMPLETED) in by_region
    assert ("northeurope", CopyState.COMPLETED) not in by_region
    assert [a.cause.split(".")[0] for a in platform.instance().alerts] == ["CopyFailed"]
    platform.world.cloud.guard = lambda call, target: None
    platform.run(hours=4)
    waiting = [copy for copy in copies(platform) if copy.is_wanted]
    assert len(waiting) <= 2
    assert platform.instance().alerts == ()


def test_a_copy_that_is_late_is_an_alert_until_it_is_there() -> None:
    platform = copied(protected())
    platform.run(minutes=20)
    platform.world.cloud.guard = REFUSE_COPIES
    platform.run(hours=16)
    reconcile(platform.world.ports)
    late = [alert for alert in platform.instance().alerts if alert.cause.startswith("CopyBehind.")]
    assert len(late) == 1
    platform.world.cloud.guard = lambda call, target: None
    platform.run(hours=3)
    reconcile(platform.world.ports)
    assert platform.instance().alerts == ()


def alerts(platform: Platform) -> list[str]:
    return [alert.cause.partition(".")[0] for alert in platform.instance().alerts]


def test_an_alert_of_what_an_attempt_left_behind_ends_once_that_is_gone() -> None:
    platform = copied(protected())
    platform.world.cloud.locks.add(COPIES.key)
    platform.run(seconds=12)
    platform.world.cloud.fail_late("InvalidParameter", "No.")
    platform.run(minutes=20)
    assert alerts(platform) == ["CopyExpiryBlocked"]
    platform.world.cloud.locks.clear()
    platform.run(minutes=40)
    assert not any(copy.left_behind for copy in copies(platform))
    assert alerts(platform) == []


def test_an_alert_of_a_copy_that_could_not_be_deleted_ends_when_it_is_to_be_kept() -> None:
    platform = with_two_copies(retention="PT90M")
    platform.world.cloud.locks.add(COPIES.key)
    platform.run(minutes=30)
    assert alerts(platform) == ["CopyExpiryBlocked"]
    set_hold(platform.world.ports, Place(vault=VAULT, instance="disk-1"), hold(set_at=platform.world.clock.now()))
    platform.run(minutes=40)
    assert alerts(platform) == []


def test_what_an_attempt_left_behind_is_not_forgotten_because_it_is_not_seen_yet() -> None:
    platform = copied(protected())
    platform.run(seconds=12)
    platform.world.cloud.read_lag = timedelta(minutes=3)
    platform.run(minutes=2)
    (copy,) = copies(platform)
    assert (copy.state, len(copy.left_behind)) == (CopyState.WAITING, 1), "it was not seen, and is given up"
    platform.world.cloud.read_lag = timedelta(0)
    platform.run(minutes=25)
    lying = [each.lower() for each in platform.world.cloud.snapshot_ids() if "/bc-" in each]
    assert lying == [each.snapshot_id.lower() for each in copies(platform)]
    assert reconcile(platform.world.ports).orphans == []
    assert not any(each.left_behind for each in copies(platform))


@pytest.mark.parametrize("is_made", [True, False])
def test_alerts_of_copies_end_with_the_rule_that_wanted_them(is_made: bool) -> None:
    platform = copied(protected())
    platform.run(minutes=20 if is_made else 0)
    platform.world.cloud.guard = REFUSE_COPIES
    platform.run(hours=20)
    reconcile(platform.world.ports)
    assert sorted(alerts(platform)) == ["CopyBehind", "CopyFailed"]
    delete_rule(platform.world.ports, VAULT, "north")
    platform.run(hours=2)
    reconcile(platform.world.ports)
    assert alerts(platform) == []


def test_no_more_tickets_are_given_than_azure_copies_at_once() -> None:
    turns = [
        LaneWait(lane=LANE, vault=VAULT, instance_name=f"disk-{number}", ready_at=NOW + timedelta(seconds=number))
        for number in range(150)
    ]
    given, fresh = CopyLane(key=LANE).given([*turns, turns[0]], NOW + HOUR)
    assert len(fresh) == len(given.tickets) == AT_ONCE
    assert [ticket.instance_name for ticket in fresh][:3] == ["disk-0", "disk-1", "disk-2"]
    again, more = given.without(fresh[0]).given(turns, NOW + HOUR)
    assert [ticket.instance_name for ticket in more] == ["disk-0"]
    assert again.given(turns, NOW)[1] == ()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"policy": "other"}, "policy 'other' was not found"),
        ({"location": "westeurope"}, "a copy goes to another region"),
        ({"location": "atlantis"}, "has no region 'atlantis'"),
        ({"kept": (KeptCopy(tag_name="Weekly", retention="P1Y"),)}, "has no tag 'Weekly'"),
        ({"snapshot_group_id": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/nowhere"}, "was not found"),
        ({"encryption_set_id": f"{COPIES.text}/providers/Microsoft.Compute/diskEncryptionSets/no"}, "was not found"),
    ],
)
def test_what_is_missing_is_found_when_a_rule_is_made(changes: dict[str, Any], told: str) -> None:
    platform = protected()
    platform.world.cloud.add_group(COPIES)
    with pytest.raises(InvalidInput) as refused:
        put_rule(platform.world.ports, VAULT, rule(**changes))
    assert told in str(refused.value.faults)
    assert platform.stored(Vault).value.copy_rules == ()


def test_customer_keys_need_a_set_of_the_region_when_the_rule_is_made() -> None:
    encryption = {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": "/des"}
    platform = protected(disk=disk_json(encryption=encryption))
    platform.run(minutes=1)
    with pytest.raises(InvalidInput, match="customer's key"):
        copied(platform)


def test_a_rule_keeps_its_policy_and_region_and_one_of_a_region_is_enough() -> None:
    platform = copied(protected())
    with pytest.raises(InvalidInput, match="stay: delete it"):
        put_rule(platform.world.ports, VAULT, rule(location="eastus"))
    with pytest.raises(InvalidInput, match="change that one"):
        put_rule(platform.world.ports, VAULT, rule("other"))
    with pytest.raises(ResourceInUse, match="copy rules"):
        delete_policy_unused(platform)


def delete_policy_unused(platform: Platform) -> None:
    change_instance(platform, policy=replace(platform.instance().policy, name="another"))
    delete_policy(platform.world.ports, VAULT, "policy-disk-1")


def test_what_the_first_seconds_of_a_copy_promise_is_hardly_believed() -> None:
    half_a_minute_ahead = timedelta(seconds=32)  # of a copy that has run for two seconds, and takes a minute
    assert look_delay(half_a_minute_ahead, 3.3) < timedelta(minutes=3)
    assert look_delay(timedelta(seconds=2), 0.3) == timedelta(minutes=1)
    assert look_delay(timedelta(minutes=-1), 3.3) == timedelta(seconds=10), "a host's clock may be behind"


@pytest.mark.parametrize(("minutes", "looks"), [(1, 4), (10, 6), (120, 13)])
def test_a_ticket_is_held_little_longer_than_its_copy_takes_and_few_looks_are_made(minutes: int, looks: int) -> None:
    span, at, made = timedelta(minutes=minutes), timedelta(seconds=2), 1
    while at < span:
        at += look_delay(at, 100 * (at / span))
        made += 1
    assert at <= span * 1.05 + timedelta(seconds=10)
    assert made <= looks


# --- Azure keeps to the order of creation ---


def test_a_lost_copy_is_not_owed_again_once_a_newer_one_was_begun() -> None:
    """It would be refused for ever, and what waits behind it would wait."""
    platform = copied(protected())
    platform.run(minutes=20)
    platform.world.cloud.region_copy_time = timedelta(minutes=30)
    go_to(platform, SLOT + HOUR, minutes=5)
    first, second = copies(platform)
    assert (first.state, second.state) == (CopyState.COMPLETED, CopyState.COPYING)
    lose(platform, first)
    reconcile(platform.world.ports)
    assert copies(platform)[0].state is CopyState.LOST
    go_to(platform, SLOT + 3 * HOUR, minutes=40)
    assert [copy.state for copy in copies(platform)][1:] == [CopyState.COMPLETED] * 2
    assert alerts(platform) == []


def test_a_point_that_was_recorded_late_is_not_owed_to_a_region_with_a_newer_copy_under_way() -> None:
    platform = copied(protected())
    platform.world.cloud.region_copy_time = timedelta(minutes=30)
    platform.run(minutes=20)
    add_point(platform, SLOT - HOUR, tag_name="Default")
    reconcile(platform.world.ports)
    assert [copy.point_at for copy in copies(platform)] == [platform.points()[0].created_at]


def test_a_copy_that_a_newer_one_overtook_is_missed_and_the_next_is_made() -> None:
    """As after tables that were set back, when the newer one is found again."""
    platform = copied(protected())
    platform.world.cloud.region_copy_time = timedelta(minutes=30)
    platform.run(minutes=10)
    go_to(platform, SLOT + HOUR, minutes=5)
    go_to(platform, SLOT + 2 * HOUR, minutes=40)
    first = copies(platform)[0]
    change_copy(platform, first.copy_id, state=CopyState.WAITING, job_id="", snapshot_id="", attempt=0)
    go_to(platform, SLOT + 4 * HOUR, minutes=45)
    assert first.copy_id not in {copy.copy_id for copy in copies(platform)}
    assert [copy.state for copy in copies(platform)] == [CopyState.COMPLETED] * 3
    (missed,) = [job for job in jobs(platform, JobOperation.COPY) if job.details.get("isMissed")]
    assert (missed.error.code, missed.point_id) == ("CopyMissed", first.point_id)


def set_back_while_the_first_is_copied(*, made: int) -> Platform:
    """The tables tell of two points, the first of which is being copied; in truth so many copies are whole."""
    platform = copied(protected(intervals=HOURLY["intervals"], retention="PT8H"))
    platform.world.cloud.region_copy_time = timedelta(minutes=65)
    platform.run(minutes=1)
    go_to(platform, SLOT + HOUR, minutes=2)
    assert [copy.state for copy in copies(platform)] == [CopyState.COPYING, CopyState.WAITING]
    tables = platform.world.store.copy()
    while sum(copy.is_whole for copy in copies(platform)) < made:
        platform.run(minutes=5)
    platform.world.store.go_back(tables)
    return platform


def needed(platform: Platform) -> list[bool]:
    """Whether the snapshot of each point is needed for a copy, oldest first."""
    return [LANE in point.copying for point in sorted(platform.points(), key=lambda point: point.created_at)]


def test_an_older_copy_that_is_seen_whole_after_a_newer_one_lets_go_of_its_own_point() -> None:
    """Tables that were set back say that it is still being made; the reconciler finds the newer one first."""
    platform = set_back_while_the_first_is_copied(made=2)
    reconcile(platform.world.ports)
    assert [copy.state for copy in copies(platform)][:2] == [CopyState.COPYING, CopyState.COMPLETED]
    assert needed(platform)[:2] == [True, True]
    platform.run(minutes=2)
    go_on(platform.world.ports)
    platform.run(minutes=2)
    assert [copy.state for copy in copies(platform)][:2] == [CopyState.COMPLETED, CopyState.COMPLETED]
    assert needed(platform)[:2] == [False, True]
    assert platform.instance().copy_standings[0].newest_id == copies(platform)[1].copy_id


def test_a_point_that_is_adopted_is_owed_in_the_same_pass_or_needed_for_the_newest_copy() -> None:
    """Its own time may be over: nothing else would keep it until the next pass."""
    platform = set_back_while_the_first_is_copied(made=3)
    platform.run(minutes=2)
    report = reconcile(platform.world.ports)
    assert len(report.adopted_points) == 2
    assert [copy.state for copy in copies(platform)] == [CopyState.COMPLETED] * 3 + [CopyState.WAITING]
    assert needed(platform) == [False, False, True, True]


@pytest.mark.parametrize("attempt", [None, 0, 1])
def test_a_copy_that_is_found_again_is_not_made_twice_and_keeps_what_it_was_made_of(attempt: int | None) -> None:
    """No record tells of it, or one of before it was made, after so many attempts."""
    platform = copied(protected(intervals=HOURLY["intervals"], retention="PT90M"))
    platform.run(seconds=12)
    platform.world.cloud.fail_late("InvalidParameter", "No.")
    platform.run(minutes=25)
    (copy,) = copies(platform)
    assert copy.attempt == 2
    if attempt is None:
        platform.remove(PointCopy, "disk-1", copy.copy_id)
    else:
        change_copy(platform, copy.copy_id, state=CopyState.WAITING, attempt=attempt)
        change_copy(platform, copy.copy_id, snapshot_id="", snapshot_unique_id="", created_at=None)
    change_point(platform, copy.point_id, copying=())
    change_instance(platform, copy_standings=())
    made = len(platform.world.cloud.region_copies)
    reconcile(platform.world.ports)
    assert [(each.state, each.snapshot_id) for each in copies(platform)] == [(CopyState.COMPLETED, copy.snapshot_id)]
    assert platform.points()[0].copying == (LANE,)
    assert platform.instance().copy_standings[0].newest_id == copy.copy_id
    platform.run(minutes=20)
    assert len(platform.world.cloud.region_copies) == made
    assert reconcile(platform.world.ports).orphans == []


def test_a_region_that_is_copied_to_is_told_of_before_it_is_full() -> None:
    platform = copied(protected())
    platform.run(minutes=20)
    platform.world.cloud.usage_limits["StandardSnapshotCount"] = 1
    reconcile(platform.world.ports)
    platform.run(minutes=1)
    told = {event.content["cause"] for event in platform.world.events.distinct if event.type.endswith("Quota.Near")}
    assert {cause.split(".")[1] for cause in told} == {"westeurope", "northeurope"}

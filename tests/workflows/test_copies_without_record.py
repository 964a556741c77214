"""Copies in other regions of which no record tells: adopted by the reconciler, or written back with the whole
catalogue, where they are proven to be ours; else told of, and never touched."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backup_core.domain.copying import CopyState, PointCopy
from backup_core.domain.disk import Disk
from backup_core.domain.errors import CloudUnavailable
from backup_core.domain.hold import INSTANCE
from backup_core.domain.installation import Installation
from backup_core.domain.instance import ProtectionState
from backup_core.domain.messages import ExpireCopies
from backup_core.domain.recovery_point import COPIED_DISK_TAG, COPY_TAG, TAG_PREFIX
from backup_core.domain.resource_ids import ANYWHERE, GroupId, VaultKey
from backup_core.domain.vault import Vault
from backup_core.ports import StateConflict
from backup_core.workflows.copy_rules import delete_rule, put_rule
from backup_core.workflows.holds import Place, clear_hold, set_hold
from backup_core.workflows.protection import configure_instance
from backup_core.workflows.rebuild import rebuild_catalogue
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.run_time import WORK_FOR
from backup_core.workflows.set_back import go_on
from backup_core.workflows.vaults import put_policy, put_vault
from tests.builders import SNAPSHOT_GROUP, SUBSCRIPTION, VAULT, disk_id, disk_json, hold, policy, vault
from tests.fakes import SlowClock
from tests.workflows.platform import Platform, request
from tests.workflows.scenes import HOUR, HOURLY, SLOT, change_copy, events, go_to, lose, protected
from tests.workflows.test_copying import COPIES, LANE, REFUSE_COPIES, copied, lane, rule, with_two_copies

OTHER_VAULT = VaultKey(subscription=SUBSCRIPTION, group="backup-rg", name="vault-2")


def forget(platform: Platform, *copies: PointCopy) -> None:
    """Rows are lost, and nothing else."""
    for copy in copies or platform.copies():
        platform.remove(PointCopy, "disk-1", copy.copy_id)


def told_of_orphans(platform: Platform) -> list[str]:
    return [str(event.content["snapshotId"]) for event in events(platform, "Snapshot.Orphaned")]


def with_two_attempts() -> tuple[Platform, PointCopy, PointCopy]:
    """The first at a copy was lost, and is there all the same: both are whole. The second is on record."""
    platform = copied(protected())
    platform.run(minutes=20)
    (first,) = platform.copies()
    lose(platform, first)
    reconcile(platform.world.ports)
    platform.run(minutes=15)
    (second,) = platform.copies()
    assert second.attempt == 2
    home = platform.world.cloud.shown(second.source_id)
    tags = platform.tags(second.snapshot_id)
    told = json.dumps(json.loads(tags[COPY_TAG]) | {"attempt": 1}, separators=(",", ":"))
    made = platform.world.cloud.add_snapshot(first.snapshot_id, source=Disk(raw=home), tags=tags | {COPY_TAG: told})
    raw = platform.world.cloud._snapshots[made.id.lower()].raw
    raw["location"] = "northeurope"
    first = replace(first, snapshot_unique_id=made.unique_id, created_at=made.created_at)
    return platform, first, second


# ---------------------------------------------------------------- adopted by the reconciler


def test_a_copy_of_ours_without_a_record_is_adopted_as_its_tags_tell_it() -> None:
    platform = with_two_copies()
    older, newest = platform.copies()
    forget(platform, older)
    report = reconcile(platform.world.ports)
    assert report.copies == [f"adopted {older.snapshot_id}"]
    again, _ = platform.copies()
    same = ("copy_id", "point_id", "lane", "snapshot_id", "snapshot_unique_id", "point_at", "expires_at", "tag_name")
    assert [getattr(again, name) for name in same] == [getattr(older, name) for name in same]
    assert (again.state, again.disk_id, again.attempt) == (CopyState.COMPLETED, older.disk_id, 1)
    assert platform.instance().copy_standings[0].newest_id == newest.copy_id
    assert reconcile(platform.world.ports).copies == []
    assert told_of_orphans(platform) == []


def test_an_adopted_copy_expires_in_its_time_as_if_it_had_never_been_forgotten() -> None:
    platform = copied(protected(), retention="PT90M")
    platform.run(minutes=20)
    go_to(platform, SLOT + HOUR, minutes=10)
    older, _ = platform.copies()
    forget(platform, older)
    reconcile(platform.world.ports)
    go_to(platform, SLOT + 2 * HOUR, minutes=5)
    assert platform.world.cloud.removed.count(older.snapshot_id) == 1
    assert older.copy_id not in {copy.copy_id for copy in platform.copies()}


ELSEWHERE = GroupId(subscription=SUBSCRIPTION, group="tidied-rg")


def test_the_record_follows_a_copy_that_somebody_moved_to_another_group() -> None:
    platform = with_two_copies()
    older, newest = platform.copies()
    platform.world.cloud.add_group(ELSEWHERE)
    there = platform.world.cloud.move_snapshot(older.snapshot_id, ELSEWHERE)
    report = reconcile(platform.world.ports)
    assert report.copies == [f"moved {older.snapshot_id}"]
    assert platform.copies() == [replace(older, snapshot_id=there, group_id=ELSEWHERE.text), newest]
    assert reconcile(platform.world.ports).copies == []
    assert told_of_orphans(platform) == []
    change_copy(platform, older.copy_id, expires_at=SLOT)
    due = ExpireCopies(vault=VAULT, instance_name="disk-1", due_at=platform.world.clock.now())
    platform.world.queue.send(due)
    platform.run(minutes=1)
    assert platform.world.cloud.removed == [there]
    platform.world.cloud.move_snapshot(newest.snapshot_id, ELSEWHERE)
    assert reconcile(platform.world.ports).copies == [f"moved {newest.snapshot_id}"]
    platform.run(minutes=1)
    assert told_of_orphans(platform) == []


def test_another_snapshot_with_a_moved_copys_tags_is_not_taken_for_it() -> None:
    platform = with_two_copies()
    older, _ = platform.copies()
    tags = platform.tags(older.snapshot_id)
    platform.world.cloud.add_group(ELSEWHERE)
    name = older.snapshot_id.rsplit("/", 1)[-1]
    forged = f"{ELSEWHERE.text}/providers/Microsoft.Compute/snapshots/{name}"
    platform.world.cloud.add_snapshot(forged, source=Disk(raw=disk_json("disk-1")), tags=tags)
    lose(platform, older)
    report = reconcile(platform.world.ports)
    assert report.copies == [f"lost {older.snapshot_id}"]


def other_time(tags: dict[str, str]) -> dict[str, str]:
    told = json.loads(tags[COPY_TAG])
    return tags | {COPY_TAG: json.dumps(told | {"at": (SLOT - 400 * 24 * HOUR).isoformat()})}


EDITS: dict[str, Callable[[dict[str, str]], dict[str, str]]] = {
    "retention": lambda tags: tags | {f"{TAG_PREFIX}retention": "P1D"},
    "tag": lambda tags: tags | {f"{TAG_PREFIX}retention-tag": "Weekly"},
    "point": lambda tags: tags | {f"{TAG_PREFIX}point": "0" * 32},
    "instance that is gone": lambda tags: tags | {f"{TAG_PREFIX}instance": "nobody"},
    "installation": lambda tags: tags | {f"{TAG_PREFIX}installation": ""},
    "attempt": lambda tags: tags | {COPY_TAG: '{"attempt": 7, "at": "2026-03-02T12:00:00+00:00", "rule": "north"}'},
    "unreadable": lambda tags: tags | {COPY_TAG: "no JSON"},
    "of another shape": lambda tags: tags | {COPY_TAG: "[]"},
    "time": other_time,
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_copy_whose_tags_somebody_edited_is_told_of_and_never_touched(edit: str) -> None:
    platform = with_two_copies()
    older, _ = platform.copies()
    platform.world.cloud.retag(older.snapshot_id, EDITS[edit](platform.tags(older.snapshot_id)))
    forget(platform, older)
    for _ in range(2):
        reconcile(platform.world.ports)
    platform.run(hours=1)
    assert told_of_orphans(platform) == [older.snapshot_id]
    assert older.copy_id not in {copy.copy_id for copy in platform.copies()}
    assert older.snapshot_id in platform.world.cloud.snapshot_ids()


def copied_by_hand(platform: Platform, copy: PointCopy, name: str) -> str:
    """Somebody makes a snapshot with the copy's tags, under another name."""
    home = platform.world.cloud.shown(copy.source_id)
    made = f"{COPIES.text}/providers/Microsoft.Compute/snapshots/{name}"
    platform.world.cloud.add_snapshot(made, source=Disk(raw=home), tags=platform.tags(copy.snapshot_id))
    return made


def test_a_snapshot_under_another_name_with_a_copys_tags_is_told_of_and_never_touched() -> None:
    platform = with_two_copies()
    older, _ = platform.copies()
    made = copied_by_hand(platform, older, "renamed")
    forget(platform, older)
    report = reconcile(platform.world.ports)
    assert report.copies == [f"adopted {older.snapshot_id}"]
    assert told_of_orphans(platform) == [made]
    assert made in platform.world.cloud.snapshot_ids()


def test_one_that_was_put_in_a_copys_place_is_told_of_and_never_touched() -> None:
    """Deleted, and made again under its name of another snapshot."""
    platform = with_two_copies()
    older, newest = platform.copies()
    tags = platform.tags(older.snapshot_id)
    platform.world.cloud.lose_snapshot(older.snapshot_id)
    home = platform.world.cloud.shown(newest.source_id)
    platform.world.cloud.add_snapshot(older.snapshot_id, source=Disk(raw=home), tags=tags)
    forget(platform, older)
    reconcile(platform.world.ports)
    assert told_of_orphans(platform) == [older.snapshot_id]
    assert [copy.copy_id for copy in platform.copies()] == [newest.copy_id]


def test_copies_of_another_vault_that_is_there_are_its_own_affair_and_of_one_that_is_gone_are_told() -> None:
    platform = with_two_copies()
    older, _ = platform.copies()
    put_vault(platform.world.ports, vault(OTHER_VAULT))
    said = platform.tags(older.snapshot_id) | {f"{TAG_PREFIX}vault": OTHER_VAULT.resource_id}
    platform.world.cloud.retag(older.snapshot_id, said)
    forget(platform, older)
    assert reconcile(platform.world.ports).copies == []
    assert told_of_orphans(platform) == []
    platform.remove(Vault, vault=OTHER_VAULT)
    reconcile(platform.world.ports)
    assert told_of_orphans(platform) == [older.snapshot_id]


def test_a_copy_in_a_group_that_no_rule_names_any_more_is_told_of_unless_a_record_knows_it() -> None:
    platform = with_two_copies()
    older, _ = platform.copies()
    delete_rule(platform.world.ports, VAULT, "north")
    forget(platform, older)
    for _ in range(2):
        reconcile(platform.world.ports)
    assert told_of_orphans(platform) == [older.snapshot_id]
    forget(platform)
    reconcile(platform.world.ports)
    platform.run(minutes=1)
    assert sorted(told_of_orphans(platform)) == sorted(platform.world.cloud.region_copies)
    put_rule(platform.world.ports, VAULT, rule())
    reconcile(platform.world.ports)
    assert len(platform.copies()) == 2, "a rule that names the group has them adopted"


@pytest.mark.parametrize("has_rule", [True, False])
def test_copies_of_another_installation_are_left_alone_and_named_to_whoever_asks_for_the_report(has_rule: bool) -> None:
    platform = with_two_copies()
    there = {copy.snapshot_id for copy in platform.copies()}
    platform.remove(Installation, vault=ANYWHERE)  # ours is another from now on, and theirs are whole and proven
    forget(platform)
    if not has_rule:
        delete_rule(platform.world.ports, VAULT, "north")
    report = reconcile(platform.world.ports)
    assert set(report.foreign) >= there
    assert not [told for told in report.copies if told.startswith("adopted")]
    assert there.isdisjoint(told_of_orphans(platform))
    assert there <= set(platform.world.cloud.snapshot_ids())


def test_one_that_is_still_made_is_adopted_once_it_is_whole() -> None:
    platform = copied(protected())
    platform.run(minutes=20)
    platform.world.cloud.region_copy_time = timedelta(hours=2)
    go_to(platform, SLOT + HOUR, minutes=10)
    _, half = platform.copies()
    assert half.state is CopyState.COPYING
    forget(platform, half)
    with platform.world.faults.paused():
        reconcile(platform.world.ports)
    known = [copy for copy in platform.copies() if copy.copy_id == half.copy_id]
    assert [copy.state for copy in known] == [CopyState.WAITING], "it is owed, and asked for under the same name"
    platform.run(hours=3)
    (whole,) = [copy for copy in platform.copies() if copy.copy_id == half.copy_id]
    assert (whole.state, whole.snapshot_id) == (CopyState.COMPLETED, half.snapshot_id)
    assert platform.world.cloud.region_copies.count(half.snapshot_id) == 1
    assert told_of_orphans(platform) == []


def test_one_that_azure_gave_up_is_told_of() -> None:
    platform = with_two_copies()
    older, _ = platform.copies()
    raw = platform.world.cloud._snapshots[older.snapshot_id.lower()].raw
    raw["properties"]["copyCompletionError"] = {"errorCode": "CopySourceNotFound", "errorMessage": "No."}
    forget(platform, older)
    assert reconcile(platform.world.ports).copies == []
    assert told_of_orphans(platform) == [older.snapshot_id]


def test_what_was_listed_and_is_gone_by_now_is_not_adopted() -> None:
    platform = with_two_copies()
    older, _ = platform.copies()
    forget(platform, older)
    cloud = platform.world.cloud

    def guard(call: str, target: str) -> None:
        if call == "find_snapshot" and target.lower() == older.snapshot_id.lower():
            cloud.lose_snapshot(older.snapshot_id)

    cloud.guard = guard
    assert reconcile(platform.world.ports).copies == []
    assert older.copy_id not in {copy.copy_id for copy in platform.copies()}


@pytest.mark.parametrize("known", ["none", "the later", "the earlier", "one that is lost", "one that is read"])
def test_of_two_attempts_that_are_both_whole_the_later_is_the_copy_and_the_other_goes(known: str) -> None:
    """As after tables that were lost or set back: what tells of the one knows nothing of the other."""
    platform, first, second = with_two_attempts()
    earlier = {name: getattr(first, name) for name in ("attempt", "snapshot_id", "snapshot_unique_id", "created_at")}
    changes: dict[str, dict[str, Any]] = {
        "the earlier": earlier,
        "one that is lost": earlier | {"state": CopyState.LOST, "snapshot_id": f"{first.snapshot_id}0"},
        "one that is read": earlier | {"restoring": ("a-restore",)},
    }
    if known == "none":
        forget(platform)
    elif known in changes:
        change_copy(platform, second.copy_id, **changes[known])
    reconcile(platform.world.ports)
    if known == "one that is read":
        assert platform.copies()[0].snapshot_id == first.snapshot_id
        change_copy(platform, second.copy_id, restoring=())
        reconcile(platform.world.ports)
    platform.run(minutes=10)
    (copy,) = platform.copies()
    assert (copy.state, copy.snapshot_id, copy.left_behind) == (CopyState.COMPLETED, second.snapshot_id, ())
    assert platform.world.cloud.removed.count(first.snapshot_id) == 1
    assert told_of_orphans(platform) == []
    assert reconcile(platform.world.ports).copies == []


def test_a_whole_attempt_stays_as_long_as_the_copy_itself_is_not_certain() -> None:
    platform, first, second = with_two_attempts()
    reconcile(platform.world.ports)
    platform.world.cloud.lose_snapshot(second.snapshot_id)
    platform.run(minutes=5)
    (copy,) = platform.copies()
    assert copy.left_behind == (first.snapshot_id,)
    assert "of the same point" in str(copy.expiry_blocked)
    assert first.snapshot_id in platform.world.cloud.snapshot_ids()


def test_an_attempt_beside_a_copy_whose_snapshot_is_not_seen_is_left_alone() -> None:
    platform, first, second = with_two_attempts()
    platform.world.cloud.lose_snapshot(second.snapshot_id)
    reconcile(platform.world.ports)
    platform.run(minutes=5)
    assert platform.copies()[0].left_behind == ()
    assert first.snapshot_id in platform.world.cloud.snapshot_ids()


# ---------------------------------------------------------------- with the whole catalogue


def lost(platform: Platform) -> Platform:
    platform.world.store.forget_everything()
    platform.world.faults.calls.clear()
    return platform


def configure_anew(platform: Platform) -> None:
    put_vault(platform.world.ports, vault())
    put_policy(platform.world.ports, VAULT, policy("policy-disk-1", **HOURLY))
    configure_instance(platform.world.ports, VAULT, request("disk-1"))


def test_copies_come_back_with_their_standing_and_stay_until_somebody_decided() -> None:
    platform = with_two_copies()
    before = platform.copies()
    report = rebuild_catalogue(lost(platform).world.ports, [SNAPSHOT_GROUP, COPIES])
    assert len(report.adopted_points) == 2
    assert report.copies == [copy.copy_id for copy in before]
    assert report.foreign == []
    after = platform.copies()
    same = ("copy_id", "point_id", "lane", "group_id", "snapshot_id", "snapshot_unique_id", "point_at", "expires_at")
    for old, new in zip(before, after, strict=True):
        assert [getattr(new, name) for name in same] == [getattr(old, name) for name in same]
        assert new.state is CopyState.COMPLETED
    (standing,) = platform.instance().copy_standings
    assert (standing.lane, standing.newest_id, standing.waiting_since) == (LANE, before[-1].copy_id, None)
    go_to(platform, SLOT + 40 * 24 * HOUR, minutes=30)
    assert platform.copies() == after
    assert platform.world.cloud.removed == []


def test_after_configuring_anew_copies_go_on_and_old_ones_expire() -> None:
    platform = with_two_copies()
    older, newest = platform.copies()
    rebuild_catalogue(lost(platform).world.ports, [SNAPSHOT_GROUP, COPIES])
    configure_anew(platform)
    put_rule(platform.world.ports, VAULT, rule())
    platform.run(minutes=20)
    reconcile(platform.world.ports)
    assert newest.point_id in {point.point_id for point in platform.points() if point.copying == (LANE,)}
    go_to(platform, SLOT + 2 * HOUR, minutes=30)
    assert [copy.state for copy in platform.copies()] == [CopyState.COMPLETED] * 3
    assert not lane(platform).tickets
    go_to(platform, older.expires_at + HOUR, minutes=40)
    assert older.copy_id not in {copy.copy_id for copy in platform.copies()}
    assert platform.world.cloud.removed.count(older.snapshot_id) == 1


def test_what_waits_is_owed_and_waits_again_where_rows_of_copies_alone_were_lost() -> None:
    platform = copied(protected())
    platform.run(minutes=20)
    platform.world.cloud.guard = REFUSE_COPIES
    go_to(platform, SLOT + HOUR, minutes=5)
    whole, waiting = platform.copies()
    forget(platform)
    report = rebuild_catalogue(platform.world.ports, [SNAPSHOT_GROUP, COPIES])
    assert report.copies == [whole.copy_id]
    platform.world.cloud.guard = lambda call, target: None
    reconcile(platform.world.ports)
    platform.run(minutes=40)
    assert [(copy.copy_id, copy.state) for copy in platform.copies()] == [
        (whole.copy_id, CopyState.COMPLETED),
        (waiting.copy_id, CopyState.COMPLETED),
    ]


def test_where_the_home_region_is_gone_the_copies_alone_bring_vault_and_instance_back() -> None:
    platform = with_two_copies()
    before = platform.copies()
    platform.world.cloud.remove_group(SNAPSHOT_GROUP)
    platform.world.cloud.remove_disk(disk_id("disk-1"))
    report = rebuild_catalogue(lost(platform).world.ports, [SNAPSHOT_GROUP, COPIES])
    assert report.unreadable_groups == [SNAPSHOT_GROUP.text]
    assert report.copies == [copy.copy_id for copy in before]
    instance = platform.instance()
    assert (instance.state, instance.disk_id, instance.disk_location) == (
        ProtectionState.STOPPED,
        disk_id("disk-1"),
        "westeurope",
    )
    assert instance.snapshot_group_id.lower() == SNAPSHOT_GROUP.key
    assert platform.stored(Vault).value.location == "westeurope"
    assert platform.points() == []
    reconcile(platform.world.ports)
    assert [copy.state for copy in platform.copies()] == [CopyState.COMPLETED] * 2


def test_holds_of_copies_whose_points_are_gone_come_back_with_them() -> None:
    platform = copied(protected())
    platform.run(minutes=20)
    (point,) = platform.points()
    at_instance = Place(vault=VAULT, instance="disk-1")
    at_point = replace(at_instance, point=point.point_id)
    wanted = hold(set_at=platform.world.clock.now(), reason="a court")
    for place, name in ((at_point, "of-point"), (at_instance, "of-instance"), (Place(vault=VAULT), "of-vault")):
        set_hold(platform.world.ports, place, replace(wanted, name=name))
    platform.run(minutes=1)
    platform.world.cloud.remove_group(SNAPSHOT_GROUP)
    rebuild_catalogue(lost(platform).world.ports, [COPIES])
    assert [each.name for each in platform.stored(Vault).value.holds] == ["of-vault"]
    assert [(each.name, each.scope) for each in platform.instance().holds] == [("of-instance", INSTANCE)]
    assert [[each.name for each in copy.holds] for copy in platform.copies()] == [["of-point"]]
    cleared = clear_hold(platform.world.ports, at_point, "of-point")
    assert platform.copies()[0].holds[0].ends_at == cleared.after.ends_at


UNPROVEN: dict[str, Callable[[dict[str, str]], dict[str, str]]] = {
    "retention": EDITS["retention"],
    "disk": lambda tags: tags | {COPIED_DISK_TAG: disk_id("another")},
    "no disk": lambda tags: tags | {COPIED_DISK_TAG: "no disk"},
    "without": lambda tags: {name: value for name, value in tags.items() if name != COPIED_DISK_TAG},
    "time": other_time,
}


@pytest.mark.parametrize("edit", UNPROVEN)
def test_what_is_not_proven_is_named_and_written_back_as_nothing(edit: str) -> None:
    platform = copied(protected())
    platform.run(minutes=20)
    (copy,) = platform.copies()
    platform.world.cloud.retag(copy.snapshot_id, UNPROVEN[edit](platform.tags(copy.snapshot_id)))
    platform.world.cloud.remove_group(SNAPSHOT_GROUP)
    report = rebuild_catalogue(lost(platform).world.ports, [COPIES])
    assert (report.copies, report.foreign) == ([], [copy.snapshot_id])
    assert not platform.has_instance("disk-1")
    assert platform.world.cloud.removed == []


def test_copies_of_another_installation_come_back_only_if_they_are_taken_over() -> None:
    platform = with_two_copies()
    before = platform.copies()
    lost(platform)
    report = rebuild_catalogue(platform.world.ports, [COPIES], take_over_others=False)
    assert (report.copies, len(report.foreign)) == ([], 2)
    report = rebuild_catalogue(platform.world.ports, [COPIES], take_over_others=True)
    assert report.copies == [copy.copy_id for copy in before]
    assert len(report.taken_over) == 1


def test_of_two_attempts_at_a_copy_the_later_one_counts_and_the_other_is_cleared_away() -> None:
    platform, copy, second = with_two_attempts()
    report = rebuild_catalogue(lost(platform).world.ports, [SNAPSHOT_GROUP, COPIES])
    assert report.copies == [second.copy_id]
    (back,) = platform.copies()
    assert (back.snapshot_id, back.left_behind) == (second.snapshot_id, (copy.snapshot_id,))
    go_on(platform.world.ports)
    platform.run(minutes=20)
    assert copy.snapshot_id in platform.world.cloud.snapshot_ids(), "nothing goes of stopped protection"
    configure_anew(platform)
    platform.run(minutes=1)
    reconcile(platform.world.ports)
    platform.run(minutes=15)
    assert copy.snapshot_id not in platform.world.cloud.snapshot_ids()
    assert second.snapshot_id in platform.world.cloud.snapshot_ids()
    assert platform.copies()[0].left_behind == ()


# ---------------------------------------------------------------- three proofs


def test_rebuilding_twice_is_rebuilding_once() -> None:
    platform = lost(with_two_copies())
    rebuild_catalogue(platform.world.ports, [SNAPSHOT_GROUP, COPIES])
    before = (platform.points(), platform.copies(), platform.instance())
    again = rebuild_catalogue(platform.world.ports, [SNAPSHOT_GROUP, COPIES])
    assert (again.copies, again.adopted_points, again.foreign) == ([], [], [])
    assert (platform.points(), platform.copies(), platform.instance()) == before


def test_rebuilding_leaves_sound_records_of_copies_as_they_are() -> None:
    platform = with_two_copies()
    change_copy(platform, platform.copies()[0].copy_id, restoring=("a-job",))
    before = (platform.copies(), platform.instance())
    report = rebuild_catalogue(platform.world.ports, [SNAPSHOT_GROUP, COPIES])
    assert (report.copies, report.foreign, report.postponed) == ([], [], [])
    assert (platform.copies(), platform.instance()) == before


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_rebuilding_that_dies_anywhere_is_finished_by_the_next(after: bool) -> None:
    scene = with_two_copies()
    scene.world.cloud.remove_group(SNAPSHOT_GROUP)  # of points alone the existing tests tell
    prepared = lost(scene)
    whole = prepared.copy()
    whole.world.faults.calls.clear()
    rebuild_catalogue(whole.world.ports, [COPIES])
    expected = (whole.copies(), whole.instance())
    calls = len(whole.world.faults.calls)
    assert calls > 5
    for nth in range(1, calls + 1):
        platform = prepared.copy()
        platform.world.faults.fail_nth(nth, CloudUnavailable("The host died."), after=after)
        with suppress(CloudUnavailable, StateConflict):
            rebuild_catalogue(platform.world.ports, [COPIES])
        platform.world.faults.clear()
        rebuild_catalogue(platform.world.ports, [COPIES])
        assert (platform.copies(), platform.instance()) == expected, f"call {nth}"


def test_a_rebuilding_without_time_says_how_much_is_left_and_goes_on() -> None:
    platform = lost(with_two_copies())
    slow = replace(platform.world.ports, clock=SlowClock(platform.world.clock, WORK_FOR / 10))
    assert rebuild_catalogue(slow, [SNAPSHOT_GROUP, COPIES]).left > 0
    assert rebuild_catalogue(platform.world.ports, [SNAPSHOT_GROUP, COPIES]).left == 0
    assert len(platform.copies()) == 2

"""Legal holds and the copies in other regions: a copy is held as its point is, its tags say so, and it stays held where
its point is gone."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from backup_core.domain import agenda
from backup_core.domain.agenda import AgendaKind
from backup_core.domain.copying import CopyState, PointCopy
from backup_core.domain.errors import NotFound, PermissionMissing, ResourceInUse
from backup_core.domain.hold import Hold
from backup_core.domain.instance import ProtectionState
from backup_core.domain.recovery_point import HOLD_TAG, RecoveryPoint
from backup_core.domain.vault import Promises
from backup_core.workflows.deletion import DeletionUnderWay, new_permit
from backup_core.workflows.holds import Place, clear_hold, holds_at, set_hold
from backup_core.workflows.lifecycle import delete_instance, stop_protection
from backup_core.workflows.protection import resume_protection
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.vaults import put_vault
from tests.builders import VAULT, hold, vault, vault_properties
from tests.workflows import test_copying as copying
from tests.workflows.platform import Platform
from tests.workflows.scenes import HOUR, SLOT, change_copy, change_instance, events, go_to, protected, refuse
from tests.workflows.test_copying import COPIES, copied, copies

SCOPES = ("point", "instance", "vault")


def with_two_copies(*, retention: str = "PT90M") -> Platform:
    """Of 12 and 13 o'clock; the older expires at 13:30. No more are made."""
    platform = copying.with_two_copies(retention=retention)
    change_instance(platform, state=ProtectionState.SUSPENDED)
    return platform


def place_of(copy: PointCopy, scope: str = "point") -> Place:
    if scope == "vault":
        return Place(vault=VAULT)
    return Place(vault=VAULT, instance="disk-1", point=copy.point_id if scope == "point" else "")


def hold_it(platform: Platform, place: Place) -> Hold:
    return set_hold(platform.world.ports, place, hold(set_at=platform.world.clock.now())).after


def tag(platform: Platform, snapshot_id: str) -> list[dict[str, str]]:
    return json.loads(platform.tags(snapshot_id).get(HOLD_TAG, "[]"))


def is_kept(platform: Platform, copy: PointCopy) -> bool:
    return copy.copy_id in {each.copy_id for each in copies(platform)}


def lose_point(platform: Platform, point_id: str) -> None:
    """As when it expired, or its row was lost, and its copy is still there."""
    platform.remove(RecoveryPoint, "disk-1", point_id)


@pytest.mark.parametrize("scope", SCOPES)
def test_a_hold_that_is_set_later_is_in_the_tags_of_the_copies_within_seconds_and_keeps_them(scope: str) -> None:
    platform = with_two_copies()
    first, second = copies(platform)
    held = hold_it(platform, place_of(first, scope))
    platform.run(seconds=30)
    assert [each["name"] for each in tag(platform, first.snapshot_id)] == [held.name]
    assert bool(tag(platform, second.snapshot_id)) is (scope != "point")
    go_to(platform, SLOT + 6 * HOUR, minutes=10)
    assert is_kept(platform, first)
    assert platform.world.cloud.removed.count(first.snapshot_id) == 0


@pytest.mark.parametrize("scope", SCOPES)
def test_copies_go_after_the_hold_was_cleared_and_a_day_has_passed_and_the_tags_of_others_are_taken(scope: str) -> None:
    platform = with_two_copies()
    first, second = copies(platform)
    place = place_of(first, scope)
    hold_it(platform, place)
    platform.run(seconds=30)
    cleared = clear_hold(platform.world.ports, place, "case-1")
    go_to(platform, cleared.after.ends_at - timedelta(minutes=5), minutes=4)
    assert is_kept(platform, first)
    platform.run(minutes=5)
    assert [each.copy_id for each in copies(platform)] == [second.copy_id]
    reconcile(platform.world.ports)
    platform.run(seconds=30)
    assert tag(platform, second.snapshot_id) == []


def test_an_instance_that_is_being_deleted_goes_when_the_hold_of_its_vault_ends() -> None:
    platform = with_two_copies(retention="P30D")
    platform.world.promises = Promises(weakening_delay=timedelta(0))
    delete_instance(platform.world.ports, VAULT, "disk-1")
    hold_it(platform, Place(vault=VAULT))
    platform.run(minutes=40)
    assert len(copies(platform)) == 2
    clear_hold(platform.world.ports, Place(vault=VAULT), "case-1")
    platform.run(minutes=3)
    assert not platform.has_instance("disk-1")


def test_copies_that_expired_while_protection_was_stopped_go_when_it_is_resumed() -> None:
    platform = with_two_copies()
    first, second = copies(platform)
    stop_protection(platform.world.ports, VAULT, "disk-1")
    platform.run(hours=3)
    assert copies(platform) == [first, second]
    resume_protection(platform.world.ports, VAULT, "disk-1")
    platform.run(minutes=2)
    assert not is_kept(platform, first)


def test_clearing_it_is_taken_back_for_the_copies_too() -> None:
    platform = with_two_copies()
    first, _ = copies(platform)
    hold_it(platform, place_of(first))
    clear_hold(platform.world.ports, place_of(first), "case-1")
    platform.run(minutes=1)
    hold_it(platform, place_of(first))
    platform.run(minutes=1)
    platform.world.clock.advance(days=3)
    platform.run(hours=2)
    assert is_kept(platform, first)


def test_a_held_copy_stays_held_where_its_point_is_gone_and_is_cleared_by_the_points_name() -> None:
    platform = with_two_copies()
    first, _ = copies(platform)
    hold_it(platform, place_of(first))
    platform.run(minutes=1)
    lose_point(platform, first.point_id)
    go_to(platform, SLOT + 9 * HOUR, minutes=30)
    assert is_kept(platform, first)
    assert [each.name for each in holds_at(platform.world.ports, place_of(first))] == ["case-1"]
    clear_hold(platform.world.ports, place_of(first), "case-1", by="someone")
    platform.world.clock.advance(days=1)
    platform.run(minutes=5)
    assert not is_kept(platform, first)
    assert events(platform, "LegalHold.Cleared")[0].content["recoveryPointId"] == first.point_id


def test_a_copy_whose_point_is_gone_can_be_held_and_one_of_nothing_cannot() -> None:
    platform = with_two_copies()
    first, _ = copies(platform)
    lose_point(platform, first.point_id)
    hold_it(platform, place_of(first))
    go_to(platform, SLOT + 6 * HOUR, minutes=10)
    assert is_kept(platform, first)
    with pytest.raises(NotFound):
        hold_it(platform, Place(vault=VAULT, instance="disk-1", point="f" * 32))


def test_a_stale_tag_of_a_hold_that_ended_keeps_no_copy_also_where_the_point_is_gone() -> None:
    platform = with_two_copies()
    platform.world.promises = Promises(weakening_delay=timedelta(0))
    first, _ = copies(platform)
    hold_it(platform, place_of(first))
    platform.run(seconds=30)
    platform.world.cloud.guard = refuse("tag_snapshot", PermissionMissing("403", scope=COPIES.text, role="Contributor"))
    clear_hold(platform.world.ports, place_of(first), "case-1")
    lose_point(platform, first.point_id)
    go_to(platform, SLOT + 9 * HOUR, minutes=30)
    assert not is_kept(platform, first)


def test_a_tag_that_somebody_wrote_keeps_a_copy_and_is_told() -> None:
    platform = with_two_copies()
    first, _ = copies(platform)
    platform.world.cloud.retag(first.snapshot_id, {**platform.tags(first.snapshot_id), HOLD_TAG: "me"})
    reconcile(platform.world.ports)
    platform.run(seconds=30)
    assert any(event.content["snapshotId"] == first.snapshot_id for event in events(platform, "Snapshot.TagsChanged"))
    go_to(platform, SLOT + 3 * HOUR, minutes=10)
    assert is_kept(platform, first)


def test_taking_the_tag_off_a_copy_lets_nothing_go_and_it_is_written_again() -> None:
    platform = with_two_copies()
    first, _ = copies(platform)
    hold_it(platform, place_of(first))
    platform.run(seconds=30)
    tags = platform.tags(first.snapshot_id)
    platform.world.cloud.retag(first.snapshot_id, {name: value for name, value in tags.items() if name != HOLD_TAG})
    go_to(platform, SLOT + 3 * HOUR, minutes=10)
    assert is_kept(platform, first)
    reconcile(platform.world.ports)
    platform.run(seconds=30)
    assert tag(platform, first.snapshot_id)


def test_a_hold_that_comes_while_a_copy_is_made_is_in_its_tags_once_it_is_whole() -> None:
    platform = copied(protected())
    platform.run(seconds=60)
    (copy,) = copies(platform)
    assert copy.state is CopyState.COPYING
    hold_it(platform, place_of(copy))
    platform.run(minutes=20)
    (copy,) = copies(platform)
    assert copy.is_whole
    assert [each["name"] for each in tag(platform, copy.snapshot_id)] == ["case-1"]


def test_a_copy_that_is_begun_while_its_point_is_held_says_so_from_its_start() -> None:
    platform = copied(protected())
    platform.world.cloud.guard = refuse("start_copy", PermissionMissing("403", scope=COPIES.text, role="Contributor"))
    platform.run(seconds=60)
    (copy,) = copies(platform)
    hold_it(platform, place_of(copy))
    platform.world.cloud.guard = lambda call, target: None
    platform.run(minutes=6)
    (copy,) = copies(platform)
    assert copy.state is CopyState.COPYING
    assert [each["name"] for each in tag(platform, copy.snapshot_id)] == ["case-1"]


def test_copies_of_an_older_release_get_the_holds_of_their_points_from_the_reconciler() -> None:
    platform = with_two_copies()
    first, _ = copies(platform)
    hold_it(platform, place_of(first))
    change_copy(platform, first.copy_id, holds=())
    reconcile(platform.world.ports)
    assert [each.name for each in copies(platform)[0].holds] == ["case-1"]


def test_a_copy_that_is_found_without_a_record_is_held_as_its_tag_says() -> None:
    platform = with_two_copies()
    first, _ = copies(platform)
    hold_it(platform, place_of(first))
    platform.run(seconds=30)
    lose_point(platform, first.point_id)
    platform.remove(PointCopy, "disk-1", first.copy_id)
    reconcile(platform.world.ports)
    back = next(each for each in copies(platform) if each.copy_id == first.copy_id)
    assert [each.name for each in back.holds] == ["case-1"]
    go_to(platform, SLOT + 6 * HOUR, minutes=10)
    assert is_kept(platform, first)


def test_a_hold_while_a_copy_may_be_going_says_so_and_keeps_it_if_azure_was_not_asked() -> None:
    platform = with_two_copies()
    first, _ = copies(platform)
    change_copy(platform, first.copy_id, state=CopyState.EXPIRING)
    change_instance(platform, deletion=new_permit(platform.world.clock.now()))
    with pytest.raises(DeletionUnderWay):
        hold_it(platform, place_of(first))
    go_to(platform, SLOT + 3 * HOUR, minutes=10)
    back = next(each for each in copies(platform) if each.copy_id == first.copy_id)
    assert back.is_whole
    lose_point(platform, first.point_id)
    change_copy(platform, first.copy_id, state=CopyState.EXPIRING, deletion_asked_at=platform.world.clock.now())
    with pytest.raises(ResourceInUse, match="is deleting"):
        hold_it(platform, place_of(first))


def test_a_held_copy_of_a_deleted_instance_keeps_the_purge_waiting() -> None:
    platform = with_two_copies()
    first, _ = copies(platform)
    hold_it(platform, place_of(first))
    lose_point(platform, first.point_id)
    put_vault(platform.world.ports, vault(properties=vault_properties(soft_delete="On", days=14)))
    delete_instance(platform.world.ports, VAULT, "disk-1")
    platform.world.clock.advance(days=15)
    platform.run(minutes=10)
    assert platform.instance().state is ProtectionState.SOFT_DELETED
    assert is_kept(platform, first)


def test_an_instance_with_held_copies_is_not_deleted_where_that_could_not_be_undone() -> None:
    platform = with_two_copies()
    first, _ = copies(platform)
    lose_point(platform, first.point_id)
    hold_it(platform, place_of(first))
    with pytest.raises(ResourceInUse, match="case-1"):
        delete_instance(platform.world.ports, VAULT, "disk-1")


def test_many_looks_at_held_copies_become_one_on_the_agenda() -> None:
    platform = copied(protected(), retention="PT90M")
    platform.run(minutes=20)
    hold_it(platform, Place(vault=VAULT, instance="disk-1"))
    for hour in range(1, 9):
        go_to(platform, SLOT + hour * HOUR, minutes=20)
    assert len(copies(platform)) == 9
    rows = [row for row in platform.agenda(AgendaKind.EXPIRY) if row.subject == agenda.COPIES]
    assert len(rows) == 1, rows

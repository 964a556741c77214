"""Legal holds: what is held stays, whatever becomes of its policy, its instance or the tables, until who may clears it
and a day has passed. Its snapshot's tag tells of it, and what a tag claims keeps a snapshot and lets none go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from backup_core.domain import hold as hold_scopes
from backup_core.domain.agenda import AgendaKind
from backup_core.domain.errors import (
    CloudUnavailable,
    LegalHoldStands,
    NotFound,
    PermissionMissing,
    ResourceInUse,
    Throttled,
)
from backup_core.domain.hold import INSTANCE
from backup_core.domain.instance import ProtectionState
from backup_core.domain.job import JobOperation
from backup_core.domain.messages import LabelHolds
from backup_core.domain.recovery_point import HOLD_TAG, RecoveryPoint, held_by_tag
from backup_core.domain.tags import find
from backup_core.workflows import holds
from backup_core.workflows.deletion import DeletionUnderWay
from backup_core.workflows.holds import LABELS_A_ROUND, HoldChange, Place
from backup_core.workflows.lifecycle import delete_instance, stop_protection, undelete_instance
from backup_core.workflows.protection import configure_instance, resume_protection
from backup_core.workflows.rebuild import rebuild_catalogue
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.vaults import delete_vault, put_policy, put_vault
from tests.builders import SNAPSHOT_GROUP, VAULT, hold, policy, vault, vault_properties
from tests.workflows.platform import Platform, request
from tests.workflows.proofs import moments
from tests.workflows.scenes import (
    DAY,
    HOUR,
    SLOT,
    add_point,
    add_snapshot,
    asked_each_hour,
    backed_up,
    change_point,
    events,
    go_to,
    jobs,
    refuse,
    sent,
)
from tests.workflows.test_proofs import SCENARIOS, with_two_old_points

NAME = "disk-1"
CASE = "case-1"


def oldest(platform: Platform) -> RecoveryPoint:
    return platform.points()[-1]


def place(point: RecoveryPoint) -> Place:
    return Place(vault=VAULT, instance=point.instance_name, point=point.point_id)


def set_hold(platform: Platform, point: RecoveryPoint, name: str = CASE) -> HoldChange:
    wanted = hold(name=name, set_at=platform.world.clock.now())
    return holds.set_hold(platform.world.ports, place(point), wanted)


def clear_hold(platform: Platform, point: RecoveryPoint, name: str = CASE) -> HoldChange | None:
    return holds.clear_hold(platform.world.ports, place(point), name, by="a-contributor")


def tag_of(platform: Platform, point: RecoveryPoint) -> str | None:
    return find(platform.tags(point.snapshot_id), HOLD_TAG)


def is_there(platform: Platform, point: RecoveryPoint) -> bool:
    return point.snapshot_id in platform.world.cloud.snapshot_ids()


def held() -> tuple[Platform, RecoveryPoint]:
    """Two points, of which the older has just expired and is held."""
    platform = with_two_old_points()
    point = oldest(platform)
    set_hold(platform, point)
    platform.run(minutes=3)
    return platform, oldest(platform)


def test_a_held_point_stays_after_its_expiry_and_its_snapshot_says_why() -> None:
    platform, point = held()
    assert is_there(platform, point)
    (claim,) = held_by_tag(platform.tags(point.snapshot_id))
    assert (claim.name, claim.reason, claim.set_by) == (CASE, "a court asked for it", "an-officer")
    assert claim.set_at == point.holds[0].set_at.replace(microsecond=0)
    (told,) = events(platform, "LegalHold.Set")
    assert (told.content["holdName"], told.content["setBy"]) == (CASE, "an-officer")
    assert told.content["recoveryPointId"] == point.point_id


def test_nobody_looks_at_a_held_point_again_and_again() -> None:
    platform, _ = held()
    assert platform.agenda(AgendaKind.EXPIRY) == []


def test_it_goes_soon_after_its_hold_was_cleared_and_a_day_has_passed() -> None:
    platform, point = held()
    change = clear_hold(platform, point)
    ends_at = change.after.ends_at
    assert ends_at == platform.world.clock.now() + DAY
    platform.run(minutes=2)
    (told,) = events(platform, "LegalHold.Cleared")
    assert (told.content["clearedBy"], told.content["effectiveTime"]) == ("a-contributor", ends_at.isoformat())
    platform.world.clock.set(ends_at - timedelta(seconds=30))
    platform.run(seconds=25)
    assert is_there(platform, point)
    platform.run(minutes=3)
    assert not is_there(platform, point)
    assert point.point_id not in {each.point_id for each in platform.points()}


def test_clearing_is_taken_back_by_setting_it_again() -> None:
    platform, point = held()
    clear_hold(platform, point)
    set_hold(platform, point)
    platform.world.clock.set(platform.world.clock.now() + 2 * DAY)
    platform.run(minutes=3)
    assert is_there(platform, point)
    assert holds.holds_at(platform.world.ports, place(point))[0].cleared_by == ""


def test_an_alert_of_what_could_not_be_deleted_ends_when_that_is_held() -> None:
    platform = with_two_old_points()
    platform.world.cloud.locks.add(SNAPSHOT_GROUP.key)
    platform.run(minutes=3)
    assert [alert.cause for alert in platform.instance().alerts] == ["ExpiryBlocked.ScopeLocked"]
    set_hold(platform, oldest(platform))
    platform.run(minutes=35)
    assert platform.instance().alerts == ()


def test_one_hold_of_two_is_enough() -> None:
    platform, point = held()
    set_hold(platform, point, "case-2")
    clear_hold(platform, point)
    platform.world.clock.set(platform.world.clock.now() + 2 * DAY)
    platform.run(minutes=3)
    assert is_there(platform, point)


def test_setting_or_clearing_it_twice_is_told_once() -> None:
    platform, point = held()
    assert set_hold(platform, point).before is not None
    first, second = clear_hold(platform, point), clear_hold(platform, point)
    assert first.after == second.after
    platform.run(minutes=1)
    assert [len(events(platform, f"LegalHold.{what}")) for what in ("Set", "Cleared")] == [1, 1]
    assert clear_hold(platform, point, "no-such-case") is None


def test_what_does_not_exist_cannot_be_held() -> None:
    platform, point = held()
    for name, point_id in (("disk-9", point.point_id), (NAME, "f" * 32)):
        with pytest.raises(NotFound):
            holds.set_hold(platform.world.ports, Place(vault=VAULT, instance=name, point=point_id), hold())
        with pytest.raises(NotFound):
            holds.clear_hold(platform.world.ports, Place(vault=VAULT, instance=name, point=point_id), CASE)


# ---------------------------------------------------------------- what a hold outlives


def test_a_policy_that_keeps_less_takes_nothing_that_is_held() -> None:
    platform, point = held()
    put_policy(platform.world.ports, VAULT, policy(f"policy-{NAME}", retention="PT1M"))
    platform.world.clock.set(platform.world.clock.now() + 3 * DAY)
    platform.run(minutes=3)
    assert is_there(platform, point)


def test_an_instance_with_held_points_is_not_deleted_where_that_could_not_be_undone() -> None:
    platform, _ = held()
    with pytest.raises(LegalHoldStands, match=r"1 of its recovery points is held \(case-1\)"):
        delete_instance(platform.world.ports, VAULT, NAME)
    assert platform.instance().state is ProtectionState.CONFIGURED
    stop_protection(platform.world.ports, VAULT, NAME)


def soft_deleted() -> tuple[Platform, RecoveryPoint]:
    platform, point = held()
    put_vault(platform.world.ports, vault(properties=vault_properties(soft_delete="On", days=14)))
    delete_instance(platform.world.ports, VAULT, NAME)
    platform.world.clock.set(platform.world.clock.now() + 15 * DAY)
    platform.run(minutes=3)
    return platform, point


def test_a_soft_deleted_instance_is_not_purged_while_a_point_of_it_is_held() -> None:
    platform, point = soft_deleted()
    assert platform.instance().is_deleted
    assert is_there(platform, point)
    (row,) = platform.agenda(AgendaKind.EXPIRY)
    assert row.due_at - platform.world.clock.now() > 5 * HOUR, "it is not looked at all the time"
    undelete_instance(platform.world.ports, VAULT, NAME)
    assert is_there(platform, point)


def test_a_soft_deleted_instance_is_purged_soon_after_its_last_hold_has_ended() -> None:
    platform, point = soft_deleted()
    change = clear_hold(platform, point)
    platform.world.clock.set(change.after.ends_at)
    platform.run(minutes=4)
    assert not platform.has_instance(NAME)
    assert platform.world.cloud.snapshot_ids() == []


def test_a_point_of_a_deleted_instance_can_still_be_held() -> None:
    platform = with_two_old_points()
    put_vault(platform.world.ports, vault(properties=vault_properties(soft_delete="On", days=14)))
    delete_instance(platform.world.ports, VAULT, NAME)
    point = oldest(platform)
    set_hold(platform, point)
    platform.world.clock.set(platform.world.clock.now() + 15 * DAY)
    platform.run(minutes=3)
    assert is_there(platform, point)


def lose_the_tables(platform: Platform) -> None:
    platform.world.store.forget_everything()
    put_vault(platform.world.ports, vault())
    rebuild_catalogue(platform.world.ports, [SNAPSHOT_GROUP])


def test_a_rebuild_of_the_catalogue_brings_a_hold_back_with_who_why_and_since_when() -> None:
    platform, point = held()
    lose_the_tables(platform)
    (before,), (after,) = point.holds, oldest(platform).holds
    assert after == replace(before, set_at=before.set_at.replace(microsecond=0), set_by_name="")
    assert [each.holds for each in platform.points()[:-1]] == [()]


def test_a_hold_that_was_brought_back_is_cleared_as_any_other() -> None:
    platform, point = held()
    lose_the_tables(platform)
    clear_hold(platform, point)
    platform.world.clock.set(platform.world.clock.now() + DAY)
    reconcile(platform.world.ports)
    platform.run(minutes=1)
    assert tag_of(platform, point) is None


# ---------------------------------------------------------------- tags


def test_a_tag_that_somebody_wrote_keeps_a_snapshot_and_is_told() -> None:
    platform = with_two_old_points()
    point = oldest(platform)
    tags = platform.tags(point.snapshot_id)
    platform.world.cloud.retag(point.snapshot_id, {**tags, "DiskBackup-Hold": "the auditors need this"})
    platform.run(minutes=3)
    assert is_there(platform, point)
    (alert,) = platform.instance().alerts
    assert alert.cause == "ExpiryBlocked.SnapshotHeldByTag"
    (job,) = jobs(platform, JobOperation.EXPIRE)
    assert "the auditors need this" in job.warnings[0].message
    assert reconcile(platform.world.ports).retagged == [point.snapshot_id]
    platform.run(minutes=1)
    (told,) = events(platform, "Snapshot.TagsChanged")
    assert "a hold that no record knows" in told.content["reason"]
    platform.world.cloud.retag(point.snapshot_id, tags)
    platform.run(minutes=40)
    assert not is_there(platform, point), "without the tag nothing holds it"


def test_taking_the_tag_off_lets_nothing_go_and_it_is_written_again() -> None:
    platform, point = held()
    tags = platform.tags(point.snapshot_id)
    before = tags.pop(HOLD_TAG)
    platform.world.cloud.retag(point.snapshot_id, tags)
    platform.run(minutes=3)
    assert is_there(platform, point)
    assert reconcile(platform.world.ports).unlabelled == [NAME]
    platform.run(minutes=1)
    assert tag_of(platform, point) == before


def test_a_stale_tag_brings_no_hold_back_that_was_cleared() -> None:
    """The expiry comes sooner than the reconciler that would take the tag off."""
    platform, point = held()
    before = tag_of(platform, point)
    clear_hold(platform, point)
    platform.world.clock.set(platform.world.clock.now() + DAY)
    assert tag_of(platform, point) == before
    platform.run(minutes=3)
    assert not is_there(platform, point)


def test_the_tag_goes_when_the_hold_has_ended_and_all_others_stay() -> None:
    platform, point = held()
    change_point(platform, point.point_id, expires_at=SLOT + 90 * DAY)
    tags = platform.tags(point.snapshot_id)
    platform.world.cloud.retag(point.snapshot_id, {**tags, "team": "blue"})
    clear_hold(platform, point)
    assert reconcile(platform.world.ports).unlabelled == [], "it stands until it ends"
    platform.world.clock.set(platform.world.clock.now() + DAY)
    reconcile(platform.world.ports)
    platform.run(minutes=1)
    tags.pop(HOLD_TAG)
    assert platform.tags(point.snapshot_id) == {**tags, "team": "blue"}


def test_what_is_not_the_points_snapshot_is_never_tagged() -> None:
    platform = with_two_old_points()
    point = oldest(platform)
    tags = platform.tags(point.snapshot_id)
    platform.world.cloud.lose_snapshot(point.snapshot_id)
    add_snapshot(platform, replace(point, created_at=point.created_at + HOUR), tags=tags)
    set_hold(platform, point)
    platform.run(minutes=1)
    assert tag_of(platform, point) is None


def test_many_points_are_labelled_in_rounds_and_only_those_that_need_it() -> None:
    platform = with_two_old_points()
    stop_protection(platform.world.ports, VAULT, NAME)
    made = [add_point(platform, SLOT - number * HOUR) for number in range(1, LABELS_A_ROUND + 6)]
    for point in made:
        change_point(platform, point.point_id, holds=(hold(),))
    platform.world.ports.queue.send(LabelHolds(vault=VAULT, instance_name=NAME))
    platform.run(seconds=5)
    assert [message.after != "" for message in sent(platform, LabelHolds)] == [False, True]
    assert all(tag_of(platform, point) for point in made)
    assert sum(tag_of(platform, point) is not None for point in platform.points()) == len(made)
    writes = platform.world.faults.count("cloud.tag_snapshot")
    platform.world.ports.queue.send(LabelHolds(vault=VAULT, instance_name=NAME))
    platform.run(seconds=5)
    assert platform.world.faults.count("cloud.tag_snapshot") == writes


def test_a_tag_that_azure_puts_off_is_written_later() -> None:
    platform = with_two_old_points()
    platform.world.faults.fail("cloud.tag_snapshot", Throttled("later", retry_after_seconds=40))
    set_hold(platform, oldest(platform))
    platform.run(minutes=2)
    assert tag_of(platform, oldest(platform))


def test_a_tag_that_azure_puts_off_for_hours_is_asked_for_no_more_often_for_each_pass_of_the_reconciler() -> None:
    platform = with_two_old_points()
    platform.world.faults.fail("cloud.tag_snapshot", Throttled("later", retry_after_seconds=20), times=10**6)
    set_hold(platform, oldest(platform))
    counts = asked_each_hour(platform, "cloud.tag_snapshot")
    assert max(counts) < 120, counts
    platform.world.faults.clear()
    platform.run(minutes=3)
    assert tag_of(platform, oldest(platform))


def test_in_a_region_that_is_down_the_tags_of_many_points_are_tried_no_longer_than_that_of_one() -> None:
    platform = with_two_old_points()
    for number in range(1, 11):
        add_point(platform, SLOT - number * HOUR)
    platform.world.faults.fail("cloud.find_snapshot", CloudUnavailable("The region is down."), times=10**6)
    holds.set_hold(platform.world.ports, Place(vault=VAULT, instance=NAME), hold())
    platform.run(hours=1)
    before = len(sent(platform, LabelHolds))
    platform.run(hours=5)
    assert len(sent(platform, LabelHolds)) == before
    platform.world.faults.clear()
    reconcile(platform.world.ports)
    platform.run(minutes=3)
    assert all(tag_of(platform, point) for point in platform.points())


def test_a_tag_that_nobody_may_write_keeps_no_other_from_being_written_nor_the_point_from_being_held() -> None:
    platform = with_two_old_points()
    older, newer = oldest(platform), platform.points()[0]
    refusal = PermissionMissing("no", scope=SNAPSHOT_GROUP.text, role="Disk Snapshot Contributor")
    platform.world.cloud.guard = refuse("tag_snapshot", refusal, at=older.snapshot_id)
    for point in (older, newer):
        set_hold(platform, point)
    platform.run(minutes=3)
    assert [tag_of(platform, point) is not None for point in (older, newer)] == [False, True]
    assert is_there(platform, older)


# ---------------------------------------------------------------- holds on instances and vaults

INSTANCE_PLACE, VAULT_PLACE = Place(vault=VAULT, instance=NAME), Place(vault=VAULT)
PLACES = {INSTANCE: INSTANCE_PLACE, hold_scopes.VAULT: VAULT_PLACE}
SCOPES = pytest.mark.parametrize("scope", PLACES)


def set_on(platform: Platform, scope: str, name: str = CASE) -> HoldChange:
    wanted = hold(name=name, set_at=platform.world.clock.now())
    with suppress(DeletionUnderWay):
        return holds.set_hold(platform.world.ports, PLACES[scope], wanted)
    return HoldChange(before=None, after=wanted)


def all_held(scope: str) -> tuple[Platform, RecoveryPoint]:
    """Two points, of which the older has just expired, and a hold on all."""
    platform = with_two_old_points()
    set_on(platform, scope)
    platform.run(minutes=3)
    return platform, oldest(platform)


@SCOPES
def test_a_hold_on_all_keeps_every_point_and_each_snapshot_says_so(scope: str) -> None:
    platform, point = all_held(scope)
    assert is_there(platform, point)
    for each in platform.points():
        (claim,) = held_by_tag(platform.tags(each.snapshot_id))
        assert (claim.name, claim.scope) == (CASE, scope)
    (told,) = events(platform, "LegalHold.Set")
    assert told.content["recoveryPointId"] is None
    assert (told.content["backupInstanceId"] is None) is (scope == hold_scopes.VAULT)


@SCOPES
def test_points_that_come_later_are_held_too_and_their_snapshots_say_so_from_the_start(scope: str) -> None:
    platform, _ = all_held(scope)
    writes = platform.world.faults.count("cloud.tag_snapshot")
    go_to(platform, SLOT + 2 * HOUR)
    newest = platform.points()[0]
    assert newest.slot == SLOT + 2 * HOUR
    assert tag_of(platform, newest)
    assert platform.world.faults.count("cloud.tag_snapshot") == writes
    platform.world.clock.set(SLOT + 2 * DAY)
    platform.run(minutes=3)
    assert is_there(platform, newest)


@SCOPES
def test_what_is_held_as_a_whole_is_looked_at_every_six_hours(scope: str) -> None:
    platform, _ = all_held(scope)
    (row,) = platform.agenda(AgendaKind.EXPIRY)
    assert timedelta(hours=5, minutes=50) < row.due_at - platform.world.clock.now() <= timedelta(hours=6)
    reads = platform.world.faults.count("store.get")
    platform.run(minutes=1)
    assert platform.instance().deletion is None
    assert platform.world.faults.count("store.get") - reads < 20


@SCOPES
def test_points_go_after_the_hold_on_all_was_cleared_and_a_day_has_passed(scope: str) -> None:
    platform, point = all_held(scope)
    stop_protection(platform.world.ports, VAULT, NAME)  # no backup comes meanwhile
    change = holds.clear_hold(platform.world.ports, PLACES[scope], CASE, by="a-contributor")
    platform.world.clock.set(change.after.ends_at - timedelta(minutes=1))
    resume_protection(platform.world.ports, VAULT, NAME)
    platform.run(seconds=50)
    assert is_there(platform, point)
    if scope == hold_scopes.VAULT:  # no instance is told of it
        platform.world.clock.set(change.after.ends_at + 6 * HOUR)
    platform.run(minutes=4)
    assert not is_there(platform, point)


@SCOPES
def test_a_rebuild_brings_a_hold_on_all_back_to_where_it_was(scope: str) -> None:
    platform, _ = all_held(scope)
    platform.world.store.forget_everything()
    rebuild_catalogue(platform.world.ports, [SNAPSHOT_GROUP])
    (back,) = holds.holds_at(platform.world.ports, PLACES[scope])
    assert (back.name, back.reason, back.set_by, back.scope) == (CASE, hold().reason, "an-officer", scope)
    assert [point.holds for point in platform.points()] == [(), ()]
    assert reconcile(platform.world.ports).retagged == []


@SCOPES
def test_tags_follow_the_end_of_a_hold_on_all(scope: str) -> None:
    platform, _ = all_held(scope)
    holds.clear_hold(platform.world.ports, PLACES[scope], CASE)
    platform.world.clock.set(platform.world.clock.now() + DAY)
    assert reconcile(platform.world.ports).unlabelled == [NAME]
    platform.run(minutes=1)
    assert [tag_of(platform, point) for point in platform.points()] == [None] * len(platform.points())


@SCOPES
def test_neither_an_instance_nor_a_vault_that_is_held_is_deleted_for_good(scope: str) -> None:
    platform, _ = all_held(scope)
    with pytest.raises(LegalHoldStands, match="2 of its recovery points are held"):
        delete_instance(platform.world.ports, VAULT, NAME)
    with pytest.raises((LegalHoldStands, ResourceInUse)):
        delete_vault(platform.world.ports, VAULT)


def test_an_empty_vault_is_not_deleted_while_it_is_held() -> None:
    platform = Platform()
    set_on(platform, hold_scopes.VAULT)
    with pytest.raises(LegalHoldStands, match=r"held \(case-1\)"):
        delete_vault(platform.world.ports, VAULT)


@SCOPES
def test_a_purge_waits_for_the_end_of_a_hold_on_all(scope: str) -> None:
    platform, point = all_held(scope)
    put_vault(platform.world.ports, vault(properties=vault_properties(soft_delete="On", days=14)))
    delete_instance(platform.world.ports, VAULT, NAME)
    platform.world.clock.set(platform.world.clock.now() + 15 * DAY)
    platform.run(minutes=3)
    assert platform.instance().is_deleted
    assert is_there(platform, point)


def test_writing_a_vault_anew_or_configuring_an_instance_anew_releases_nothing() -> None:
    platform, _ = all_held(hold_scopes.VAULT)
    set_on(platform, INSTANCE)
    put_vault(platform.world.ports, vault())
    configure_instance(platform.world.ports, VAULT, request(NAME))
    for at in PLACES.values():
        (left,) = holds.holds_at(platform.world.ports, at)
        assert left.stands(platform.world.clock.now())


def test_all_instances_of_a_vault_are_labelled_one_after_another() -> None:
    platform = backed_up("disk-1", "disk-2", "disk-3")
    set_on(platform, hold_scopes.VAULT)
    platform.run(seconds=10)
    assert [message.instance_name for message in sent(platform, LabelHolds)] == ["", "disk-1", "disk-2", "disk-3"]
    assert all(tag_of(platform, point) for name in ("disk-1", "disk-2", "disk-3") for point in platform.points(name))


def test_the_chain_that_was_lost_is_taken_up_by_the_reconciler() -> None:
    platform = backed_up("disk-1", "disk-2")
    set_on(platform, hold_scopes.VAULT)
    for envelope in platform.world.queue.waiting():
        platform.world.queue.delete(envelope)
    assert reconcile(platform.world.ports).unlabelled == ["disk-1", "disk-2"]
    platform.run(minutes=1)
    assert all(tag_of(platform, point) for name in ("disk-1", "disk-2") for point in platform.points(name))


def hold_and_watch(platform: Platform) -> tuple[Callable[[], None], list[str]]:
    """Who holds the vault when asked to, and what Azure is asked to delete from when that is sure."""
    sure_at, too_late = list[datetime](), list[str]()

    def ask() -> None:
        set_on(platform, hold_scopes.VAULT)
        sure_at.append(holds.sure_at(platform.world.clock.now()))

    def note(call: str, target: str) -> None:
        if call == "delete_snapshot" and sure_at and platform.world.clock.now() >= sure_at[0]:
            too_late.append(target)

    platform.world.cloud.guard = note
    return ask, too_late


def test_a_hold_on_a_vault_at_any_moment_of_an_expiry_is_found_by_every_later_permit() -> None:
    """Whoever waits until `sure_at` knows: nothing goes from then on."""
    tried = moments(SCENARIOS["expiry"].prepare(), SCENARIOS["expiry"].act, with_quiet_ticks=True)
    for moment in tried:
        platform = moment.platform()
        ask, too_late = hold_and_watch(platform)
        platform.world.faults.interrupt_nth(moment.nth, ask)
        moment.rest(platform)
        platform.world.clock.set(holds.sure_at(platform.world.clock.now()))
        platform.run(minutes=3)
        assert holds.holds_at(platform.world.ports, VAULT_PLACE), f"call {moment.number}"
        assert not too_late, f"call {moment.number}"
        assert all(point.is_good for point in platform.points()), f"call {moment.number}"
    assert len(tried) > 10


# ---------------------------------------------------------------- a hold that comes while a deletion is under way


def test_a_hold_at_any_moment_of_an_expiry_keeps_the_point_or_says_that_it_came_late() -> None:
    """At each call of it: after the answer that it is held, nothing of the point is deleted."""
    seen = Counter[str]()
    for moment in moments(SCENARIOS["expiry"].prepare(), SCENARIOS["expiry"].act, with_quiet_ticks=True):
        platform, answers = moment.platform(), list[str]()
        point = oldest(platform)

        def ask(platform: Platform = platform, point: RecoveryPoint = point, answers: list[str] = answers) -> None:
            try:
                set_hold(platform, point)
            except DeletionUnderWay:
                answers.append("under way")
            except (ResourceInUse, NotFound):
                answers.append("no")
            else:
                answers.append("held")

        platform.world.faults.interrupt_nth(moment.nth, ask)
        moment.rest(platform)
        platform.run(minutes=3)
        (answer,) = answers
        if answer == "held":
            assert is_there(platform, point), f"call {moment.number}"
            assert oldest(platform).is_good, f"call {moment.number}"
        elif answer == "no":
            assert not is_there(platform, point), f"call {moment.number}"
        elif is_there(platform, point):
            set_hold(platform, point)  # asked again: now it is known
        seen[answer] += 1
    assert seen["held"]
    assert seen["under way"]


def test_a_held_point_comes_back_from_the_deletion_that_was_begun() -> None:
    platform = with_two_old_points()
    point = oldest(platform)
    change_point(platform, point.point_id, expiry_job_id="a-job-that-died")
    set_hold(platform, point)
    platform.run(minutes=3)
    back = oldest(platform)
    assert (back.point_id, back.is_good, back.expiry_job_id) == (point.point_id, True, "")

"""Two installations look after the disks of one subscription, even under equal names: neither touches the other's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backup_core.domain.instance import BackupInstance
from backup_core.domain.recovery_point import PointState, read_label
from backup_core.domain.resource_ids import VaultKey
from backup_core.workflows.installations import installation, take_over
from backup_core.workflows.lifecycle import delete_instance
from backup_core.workflows.protection import configure_instance
from backup_core.workflows.rebuild import rebuild_catalogue
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.vaults import put_policy, put_vault
from tests.builders import SNAPSHOT_GROUP, SUBSCRIPTION, VAULT, policy, vault
from tests.fakes import World
from tests.workflows.platform import Platform, request
from tests.workflows.scenes import HOUR, HOURLY, SLOT, backed_up, configure_anew, events, protected

OTHER_VAULT = VaultKey(subscription=SUBSCRIPTION, group="backup-rg", name="vault-of-the-other")


def beside(first: Platform) -> Platform:
    """A second installation: tables and queues of its own, the same Azure and the same time."""
    world = World(clock=first.world.clock)
    world.cloud = first.world.cloud
    return Platform(world=world)


def together(platforms: list[Platform], **units: float) -> None:
    """Let time pass for all of them, with their reconcilers."""
    clock = platforms[0].world.clock
    until, passed = clock.now() + timedelta(**units), 0
    while clock.now() < until:
        clock.advance(seconds=1)
        passed += 1
        for platform in platforms:
            platform.fire_timers()
            platform.deliver()
            if passed % 900 == 0:
                reconcile(platform.world.ports)


def equal_names() -> tuple[Platform, Platform]:
    """Both protect disk-1 by an instance of one name, in a vault of one name, by one schedule, into one group."""
    old = protected()
    new = beside(old)
    put_policy(new.world.ports, VAULT, policy("policy-disk-1", **HOURLY))
    configure_instance(new.world.ports, VAULT, request("disk-1"))
    new.deliver()
    return old, new


def snapshots(platform: Platform) -> set[str]:
    return {each.snapshot_id for each in platform.points()}


def test_each_slot_gives_each_of_them_a_snapshot_of_its_own() -> None:
    old, new = equal_names()
    together([old, new], hours=2, minutes=5)
    assert len(snapshots(old)) == len(snapshots(new)) == 3
    assert not snapshots(old) & snapshots(new)
    assert len(old.world.cloud.taken) == len(set(old.world.cloud.taken)) == 6


def test_neither_adopts_loses_reports_or_deletes_what_is_the_others() -> None:
    old, new = equal_names()
    together([old, new], hours=3)
    for platform in (old, new):
        assert {each.state for each in platform.points()} == {PointState.COMPLETED}
        for kind in ("Snapshot.Orphaned", "Snapshot.Foreign", "RecoveryPoint.Lost", "Tables.SetBack"):
            assert events(platform, kind) == []
    kept = snapshots(old)
    delete_instance(new.world.ports, VAULT, "disk-1")
    together([old, new], minutes=40)
    assert not new.has_instance("disk-1")
    assert kept <= set(old.world.cloud.snapshot_ids())
    assert snapshots(old) >= kept
    assert set(old.world.cloud.removed).isdisjoint(kept)


def test_with_other_names_they_are_not_told_of_each_other() -> None:
    old = backed_up()
    new = beside(old)
    put_vault(new.world.ports, vault(OTHER_VAULT))
    put_policy(new.world.ports, OTHER_VAULT, policy("policy-mine", **HOURLY))
    configure_instance(new.world.ports, OTHER_VAULT, request("mine", disk_id=request("disk-1").disk_id))
    together([old, new], hours=1, minutes=5)
    for platform in (old, new):
        report = reconcile(platform.world.ports)
        assert report.foreign
        assert report.orphans == report.adopted_points == []
        assert events(platform, "Snapshot.Orphaned") == []


def test_generations_that_are_equal_after_two_rebuilds_give_no_common_name() -> None:
    """Both were told to take over the same snapshots, so that both name their jobs alike."""
    old = backed_up()
    new = beside(old)
    for platform in (old, new):
        platform.rebuild()
    assert old.instance().generation == new.instance().generation
    for platform in (old, new):
        configure_anew(platform)
    together([old, new], hours=1, minutes=5)
    slots = [next(each for each in platform.points() if each.slot == SLOT + HOUR) for platform in (old, new)]
    assert slots[0].snapshot_id != slots[1].snapshot_id


@pytest.mark.parametrize("wanted", [None, False])
def test_an_installation_that_has_instances_takes_over_nothing_unasked(wanted: bool | None) -> None:
    old, new = equal_names()
    together([old, new], minutes=5)
    report = rebuild_catalogue(new.world.ports, [SNAPSHOT_GROUP], take_over_others=wanted)
    assert (report.adopted_points, report.taken_over) == ([], [])
    assert set(report.foreign) == snapshots(old)


def test_an_operators_word_makes_the_others_snapshots_ours_and_the_report_says_whose_they_were() -> None:
    old, new = equal_names()
    together([old, new], minutes=5)
    theirs = snapshots(old)
    report = rebuild_catalogue(new.world.ports, [SNAPSHOT_GROUP], take_over_others=True)
    assert report.taken_over == [installation(old.world.ports).installation_id]
    assert len(report.adopted_points) == len(theirs)
    assert theirs <= snapshots(new)


def test_tables_that_hold_nothing_take_over_what_a_rebuild_names() -> None:
    platform = backed_up()
    before = installation(platform.world.ports).installation_id
    report = platform.rebuild()
    assert report.taken_over == [before]
    assert installation(platform.world.ports).taken_over == (before,)
    assert len(platform.points()) == 1
    again = rebuild_catalogue(platform.world.ports, [SNAPSHOT_GROUP])
    assert (again.taken_over, again.foreign) == ([], [])


def test_what_was_being_copied_when_the_tables_were_lost_is_a_point_once_it_is_whole() -> None:
    """The only one of its installation, it is no stranger's for that."""
    platform = protected()
    before = installation(platform.world.ports).installation_id
    platform.world.cloud.snapshot_time = timedelta(minutes=5)
    platform.run(seconds=30)
    report = platform.rebuild()
    assert (report.adopted_points, report.taken_over) == ([], [before])
    configure_anew(platform)
    platform.run(minutes=10)
    assert reconcile(platform.world.ports).foreign == []
    assert [point.slot for point in platform.points()] == [SLOT]


def test_a_rebuild_that_is_told_not_to_takes_over_nothing() -> None:
    platform = backed_up()
    platform.world.store.forget_everything()
    report = rebuild_catalogue(platform.world.ports, [SNAPSHOT_GROUP], take_over_others=False)
    assert (report.adopted_points, report.taken_over) == ([], [])
    assert platform.world.store.get(BackupInstance, VAULT, "disk-1") is None


def test_the_id_is_made_once_whoever_asks_first_and_stands_on_every_snapshot() -> None:
    platform = backed_up("disk-1", "disk-2")
    own = installation(platform.world.ports)
    assert installation(platform.world.ports) == own
    with platform.world.faults.paused():
        listed = list(platform.world.cloud.list_snapshots(SNAPSHOT_GROUP))
    labels = [read_label(snapshot.tags) for snapshot in listed]
    assert [label.installation_id for label in labels if label is not None] == [own.installation_id] * 2


def test_two_that_take_over_at_once_both_have_their_say() -> None:
    world = World()
    own = installation(world.ports)
    take_over(world.ports, ["b"])
    assert take_over(world.ports, ["a", own.installation_id]).taken_over == ("a", "b")
    assert take_over(world.ports, ["a"]).ids == (own.installation_id, "a", "b")

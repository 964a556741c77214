"""Backup, expiry, restore, configuration and deletion under every trouble that the platform can make."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from backup_core.domain.agenda import AgendaKind
from backup_core.domain.alert import Cause
from backup_core.domain.copying import CopyState, PointCopy
from backup_core.domain.job import OF_VAULT, JobOperation, JobStatus
from backup_core.domain.recovery_point import PointState, RecoveryPoint, held_by_tag
from backup_core.domain.restore import RestoreRequest
from backup_core.domain.restore_together import TogetherRequest
from backup_core.domain.vault import Promises
from backup_core.workflows.brake import find_brake, say_go_on
from backup_core.workflows.holds import Place, clear_hold, holds_at, set_hold
from backup_core.workflows.lifecycle import delete_instance, stop_protection, undelete_instance
from backup_core.workflows.protection import configure_instance, resume_protection
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.releasing import release_point
from backup_core.workflows.restore_together import request_restore_together
from backup_core.workflows.swap import request_swap
from backup_core.workflows.vaults import put_vault
from tests.builders import TARGET_GROUP, VAULT, disk_id, disk_json, hold, vault, vault_properties
from tests.workflows import test_swap
from tests.workflows.platform import Platform, request
from tests.workflows.proofs import (
    TROUBLES,
    Scenario,
    prove_failures_everywhere,
    prove_messages_lost_and_doubled,
    prove_steps_run_twice,
)
from tests.workflows.scenes import (
    HOUR,
    HOURLY,
    RESTORED,
    SLOT,
    ask_for_backup,
    ask_for_restore,
    backed_up,
    events,
    go_to,
    protected,
)
from tests.workflows.test_copying import copied, copies, lane

PAIR = ("disk-1", "disk-2")


def on_a_slow_day() -> Platform:
    """Ticks come and go while Azure takes its time."""
    platform = protected()
    platform.world.cloud.snapshot_time = timedelta(seconds=50)
    return platform


def in_an_immutable_vault(prepare: Callable[[], Platform]) -> Platform:
    platform = prepare()
    with platform.world.faults.paused():
        platform.world.promises = Promises(binds_snapshots=True)
        properties = vault_properties(soft_delete="Off", immutability="Unlocked")
        put_vault(platform.world.ports, vault(properties=properties))
    return platform


def backup_is_whole_and_azure_keeps_it(platform: Platform) -> None:
    backup_is_whole(platform)
    azure_keeps(platform, platform.points())


def azure_keeps(platform: Platform, kept: Sequence[RecoveryPoint | PointCopy]) -> None:
    for each in kept:
        until = platform.immutable_until(each.snapshot_id)
        assert until >= each.expires_at
        assert each.immutable_until == until
    assert platform.instance().alerts == ()


def backup_is_whole(platform: Platform) -> None:
    platform.check_invariants(slots=[SLOT])
    assert SLOT in {point.slot for point in platform.points()}, "the noon slot has no recovery point"
    assert "DiskBackup.RecoveryPoint.Created" in platform.world.events.types()
    assert platform.instance().newest_point.created_at >= SLOT


def with_two_old_points() -> Platform:
    """Two points of which the older one has just expired."""
    platform = backed_up(intervals=HOURLY["intervals"], retention="PT90M")
    go_to(platform, SLOT + HOUR)
    assert len(platform.points()) == 2
    platform.world.clock.set(SLOT + timedelta(minutes=90, seconds=3))
    return platform


def the_older_is_gone(platform: Platform) -> None:
    platform.check_invariants(slots=[])
    assert [point.slot for point in platform.points()] == [SLOT + HOUR]
    assert len(platform.world.cloud.removed) == 1
    assert all(job.is_ended for job in platform.jobs() if job.operation is JobOperation.EXPIRE)


def restore(platform: Platform, **wish: Any) -> None:
    platform.ask(lambda: ask_for_restore(platform, **wish))
    platform.run(seconds=60)


def disk_is_restored(platform: Platform) -> None:
    jobs = [job for job in platform.jobs() if job.operation is JobOperation.RESTORE]
    assert all(point.restoring == () for point in platform.points())
    if platform.refused and not jobs:
        assert platform.world.cloud.made_disks == []
        return
    assert [job.status for job in jobs] == [JobStatus.COMPLETED]
    assert platform.world.cloud.made_disks == [RESTORED]


def restore_copy(platform: Platform) -> None:
    restore(platform, location="northeurope")


def disk_is_restored_from_the_copy(platform: Platform) -> None:
    disk_is_restored(platform)
    assert all(copy.restoring == () for copy in platform.copies("disk-1"))
    (copy,) = platform.copies("disk-1")
    for made in platform.world.cloud.made_disks:
        shown = platform.world.cloud.shown(made)
        assert shown["properties"]["creationData"]["sourceResourceId"] == copy.snapshot_id


def restore_together(platform: Platform) -> None:
    wanted = tuple((name, RestoreRequest(point_id=None, target_disk_id=_again(name))) for name in PAIR)
    asked = TogetherRequest(wanted=wanted, slot=SLOT, request_id="0f0e0d0c-0b0a-4000-8000-000000000001")
    for _ in range(2):  # a client that was told no asks again
        platform.ask(lambda: request_restore_together(platform.world.ports, VAULT, asked))
    platform.run(seconds=90)


def both_disks_are_restored(platform: Platform) -> None:
    jobs = [job for job in platform.jobs() if job.operation in (JobOperation.RESTORE, JobOperation.RESTORE_TOGETHER)]
    assert all(point.restoring == () for name in PAIR for point in platform.points(name))
    assert [job.status for job in jobs] == [JobStatus.COMPLETED] * 3
    assert sorted(platform.world.cloud.made_disks) == sorted(map(_again, PAIR))
    assert platform.world.events.types().count("DiskBackup.RestoreTogether.Completed") >= 1


def _again(name: str) -> str:
    return disk_id(f"{name}-again", TARGET_GROUP)


def swap(platform: Platform) -> None:
    platform.ask(lambda: request_swap(platform.world.ports, VAULT, test_swap.wish()))
    platform.run(seconds=60)


def disks_are_swapped_if_it_was_accepted(platform: Platform) -> None:
    made = test_swap.jobs(platform, JobOperation.SWAP, OF_VAULT)
    assert made or platform.refused
    assert {job.status for job in made} <= {JobStatus.COMPLETED}
    assert test_swap.disks(platform) == (test_swap.AFTER if made else test_swap.BEFORE)


def swapped() -> Platform:
    platform = test_swap.with_machine()
    test_swap.swap(platform)
    platform.run(minutes=2)
    return platform


def undo_swap(platform: Platform) -> None:
    (job,) = test_swap.jobs(platform, JobOperation.SWAP, OF_VAULT)
    platform.ask(lambda: test_swap.undo(platform, job))
    platform.run(seconds=60)


def disks_are_back_if_it_was_accepted(platform: Platform) -> None:
    made = test_swap.jobs(platform, JobOperation.UNDO_SWAP, OF_VAULT)
    assert made or platform.refused
    assert {job.status for job in made} <= {JobStatus.COMPLETED}
    assert test_swap.disks(platform) == (test_swap.BEFORE if made else test_swap.AFTER)


def unprotected() -> Platform:
    platform = Platform()
    platform.protect("disk-2", **HOURLY)
    platform.world.cloud.add_disk(disk_json("disk-1"))
    return platform


def configure(platform: Platform) -> None:
    wanted = request("disk-1", policy_name="policy-disk-2")
    platform.ask(lambda: configure_instance(platform.world.ports, VAULT, wanted))
    platform.run(seconds=30)


def disk_is_protected(platform: Platform) -> None:
    if platform.refused and not platform.has_instance("disk-1"):
        assert [row.instance_name for row in platform.agenda(AgendaKind.BACKUP)] == ["disk-2"]
        return
    assert platform.instance("disk-1").state.value == "ProtectionConfigured"
    platform.check_invariants(slots=[])


def delete(platform: Platform) -> None:
    platform.ask(lambda: delete_instance(platform.world.ports, VAULT, "disk-1"))
    platform.run(seconds=60)


def nothing_is_left(platform: Platform) -> None:
    if platform.refused and platform.has_instance("disk-1"):
        platform.check_invariants(slots=[])
        return
    assert platform.world.cloud.snapshot_ids() == []
    assert platform.points() == []
    job = next(job for job in platform.jobs() if job.operation is JobOperation.DELETE)
    assert job.status is JobStatus.COMPLETED, job


def stopped() -> Platform:
    platform = backed_up()
    with platform.world.faults.paused():
        stop_protection(platform.world.ports, VAULT, "disk-1")
        platform.world.clock.set(SLOT + timedelta(minutes=90))
    return platform


def resume(platform: Platform) -> None:
    platform.ask(lambda: resume_protection(platform.world.ports, VAULT, "disk-1"))
    platform.run(seconds=30)


def disk_is_protected_again(platform: Platform) -> None:
    if platform.refused and platform.instance().state.value == "ProtectionStopped":
        assert len(platform.points()) == 1
        return
    assert platform.instance().state.value == "ProtectionConfigured"
    platform.check_invariants(slots=[])


def with_soft_delete() -> Platform:
    platform = backed_up()
    with platform.world.faults.paused():
        put_vault(platform.world.ports, vault(properties=vault_properties(soft_delete="On", days=14)))
    return platform


def it_can_be_had_back(platform: Platform) -> None:
    if platform.refused and not platform.instance().is_deleted:
        platform.check_invariants(slots=[])
        return
    assert len(platform.points()) == 1
    assert platform.agenda(AgendaKind.EXPIRY), "nobody would purge it"
    undelete_instance(platform.world.ports, VAULT, "disk-1")
    assert platform.instance().state.value == "ProtectionStopped"


def about_to_be_purged() -> Platform:
    platform = with_soft_delete()
    with platform.world.faults.paused():
        delete_instance(platform.world.ports, VAULT, "disk-1")
        platform.run(minutes=2)
        platform.world.clock.set(SLOT + timedelta(days=14, minutes=1))
    return platform


def with_two_points() -> Platform:
    """Two points that are promised a week, in a vault without soft delete."""
    platform = backed_up()
    put_vault(platform.world.ports, vault())
    go_to(platform, SLOT + HOUR)
    assert len(platform.points()) == 2
    return platform


def release(platform: Platform) -> None:
    older = platform.points()[-1].point_id
    platform.ask(lambda: release_point(platform.world.ports, VAULT, "disk-1", older))
    platform.run(seconds=150)


def the_older_is_gone_if_it_was_accepted(platform: Platform) -> None:
    platform.check_invariants(slots=[])
    slots = [point.slot for point in platform.points()]
    assert slots[0] == SLOT + HOUR
    assert len(slots) == 1 or platform.refused


def on_demand(platform: Platform) -> None:
    platform.ask(lambda: ask_for_backup(platform))
    platform.run(seconds=30)


def one_more_point(platform: Platform) -> None:
    platform.check_invariants(slots=[])
    if platform.refused and not [job for job in platform.jobs() if job.user_triggered and job.point_id]:
        return
    assert [point.slot for point in platform.points()].count(None) == 1


def hold_the_older(platform: Platform) -> None:
    """Nine seconds before the sweep that would find it expired."""
    older = platform.points()[-1].point_id
    wanted = hold(set_at=platform.world.clock.now())
    platform.ask(lambda: set_hold(platform.world.ports, Place(vault=VAULT, instance="disk-1", point=older), wanted))
    platform.run(seconds=40)


def hold_the_vault(platform: Platform) -> None:
    wanted = hold(scope="vault", set_at=platform.world.clock.now())
    platform.ask(lambda: set_hold(platform.world.ports, Place(vault=VAULT), wanted))
    platform.run(seconds=40)


def all_are_held_if_it_was_accepted(platform: Platform) -> None:
    platform.check_invariants(slots=[])
    held = bool(holds_at(platform.world.ports, Place(vault=VAULT)))
    assert held or platform.refused
    for point in platform.points():
        assert bool(held_by_tag(platform.tags(point.snapshot_id))) is held, "the tag says otherwise than the record"
    assert SLOT in {point.slot for point in platform.points()} or not held


def the_older_is_held_if_it_was_accepted(platform: Platform) -> None:
    platform.check_invariants(slots=[])
    older = [point for point in platform.points() if point.slot == SLOT]
    assert older or platform.refused
    for point in older:
        assert point.is_good
        is_told = bool(held_by_tag(platform.tags(point.snapshot_id)))
        assert is_told is bool(point.holds), "the tag says otherwise than the record"


def about_to_be_free() -> Platform:
    """As `with_two_old_points`, and the older one's hold was cleared a day ago, but for a few seconds."""
    platform = with_two_old_points()
    ports, older = platform.world.ports, platform.points()[-1].point_id
    set_hold(ports, Place(vault=VAULT, instance="disk-1", point=older), hold())
    platform.run(seconds=30)
    cleared = clear_hold(ports, Place(vault=VAULT, instance="disk-1", point=older), "case-1")
    platform.run(seconds=30)
    stop_protection(ports, VAULT, "disk-1")  # no backup comes meanwhile
    platform.world.clock.set(cleared.after.ends_at - timedelta(seconds=3))
    resume_protection(ports, VAULT, "disk-1")
    platform.run(seconds=2)
    assert len(platform.points()) == 2
    return platform


def the_older_is_gone_with_its_hold(platform: Platform) -> None:
    assert SLOT not in {point.slot for point in platform.points()}
    assert sum(f"{SLOT:%Y%m%dT%H%M%SZ}" in removed for removed in platform.world.cloud.removed) == 1


def in_a_vault_where_all_that_goes_early_waits() -> Platform:
    platform = backed_up()
    platform.world.promises = Promises(unbraked_instances=0)
    return platform


def it_waits_and_is_counted_once(platform: Platform) -> None:
    if platform.refused and platform.instance().state.value != "SoftDeleting":
        platform.check_invariants(slots=[])
        return
    assert len(platform.points()) == 1
    assert platform.world.cloud.removed == []
    batch = find_brake(platform.world.ports, VAULT).batch
    assert (batch.instances, batch.points) == (1, 1)
    assert [each.cause for each in platform.instance().alerts] == [Cause.BRAKE]
    assert platform.agenda(AgendaKind.EXPIRY), "nobody would come back to it"


def stopped_by_the_brake() -> Platform:
    """A few seconds before what waits is looked at again."""
    platform = in_a_vault_where_all_that_goes_early_waits()
    with platform.world.faults.paused():
        delete_instance(platform.world.ports, VAULT, "disk-1", by="one")
        platform.run(seconds=60)
        row = min(platform.agenda(AgendaKind.EXPIRY), key=lambda row: row.due_at)
        platform.world.clock.set(row.due_at - timedelta(seconds=5))
    return platform


def let_it_go(platform: Platform) -> None:
    def ask() -> None:
        batch = find_brake(platform.world.ports, VAULT).batch
        asked = {"by": "another", "by_name": "", "reason": "it is meant"}
        say_go_on(platform.world.ports, VAULT, batch.batch_id, **asked)

    platform.ask(ask)
    platform.run(seconds=75)


def it_is_gone_if_somebody_said_go_on(platform: Platform) -> None:
    brake = find_brake(platform.world.ports, VAULT)
    if platform.refused and not brake.go_ons:
        it_waits_and_is_counted_once(platform)
        return
    assert (brake.batch, len(brake.go_ons)) == (None, 1)
    nothing_is_left(platform)


def with_a_snapshot_deleted_past_the_app() -> Platform:
    platform = backed_up()
    platform.world.cloud.lose_snapshot(platform.points()[0].snapshot_id)
    return platform


def look_twice(platform: Platform) -> None:
    platform.ask(lambda: reconcile(platform.world.ports))
    platform.run(minutes=6)


def it_is_lost_and_told_of_once(platform: Platform) -> None:
    for _ in range(2):  # what died, or whose message was lost, is found again
        with platform.world.faults.paused():
            reconcile(platform.world.ports)
        platform.run(minutes=6)
    assert [point.state for point in platform.points() if point.slot == SLOT] == [PointState.LOST]
    assert len(events(platform, "RecoveryPoint.Lost")) == 1
    assert all(job.is_ended for job in platform.jobs())


def with_a_copy_rule() -> Platform:
    """With a rule that copies to another region, where a copy takes twenty seconds."""
    platform = protected()
    with platform.world.faults.paused():
        platform.world.cloud.region_copy_time = timedelta(seconds=20)
        copied(platform, retention="PT90M")
    return platform


def copies_are_whole_and_azure_keeps_them(platform: Platform) -> None:
    copies_are_whole(platform)
    azure_keeps(platform, copies(platform))


def with_an_expired_copy_whose_hold_is_sure() -> Platform:
    """As `with_an_expired_copy`, a quarter of a minute before its expiry."""
    platform = with_an_expired_copy()
    platform.world.clock.set(SLOT + timedelta(minutes=89, seconds=45))
    return platform


def hold_the_copy(platform: Platform) -> None:
    older = copies(platform)[0].point_id
    wanted = hold(set_at=platform.world.clock.now())
    platform.ask(lambda: set_hold(platform.world.ports, Place(vault=VAULT, instance="disk-1", point=older), wanted))
    platform.run(minutes=2)


def the_copy_is_held_if_it_was_accepted(platform: Platform) -> None:
    older = [copy for copy in copies(platform) if copy.slot == SLOT]
    assert older or platform.refused
    for copy in older:
        assert copy.is_whole
        (point,) = [point for point in platform.points() if point.slot == SLOT]
        assert [each.name for each in copy.holds] == [each.name for each in point.holds] == ["case-1"]
        assert held_by_tag(platform.tags(copy.snapshot_id)), "the tag says otherwise than the record"
    nothing_is_left_of_copies(platform)


def copies_are_whole(platform: Platform) -> None:
    platform.run(minutes=20)  # a copy that failed begins anew after a while
    with platform.world.faults.paused():
        reconcile(platform.world.ports)
    platform.run(minutes=2)
    backup_is_whole(platform)
    points = platform.points()
    assert [copy.state for copy in copies(platform)] == [CopyState.COMPLETED]
    assert {copy.point_id for copy in copies(platform)} == {point.point_id for point in points}
    nothing_is_left_of_copies(platform)
    assert points[0].copying == (copies(platform)[0].lane,)


def nothing_is_left_of_copies(platform: Platform) -> None:
    lying = {each.lower() for each in platform.world.cloud.snapshot_ids() if "/bc-" in each}
    assert lying == {copy.snapshot_id.lower() for copy in copies(platform)}, "what an attempt left behind stays"
    assert lane(platform).tickets == ()
    assert platform.instance().copying == ""
    assert all(copy.left_behind == () for copy in copies(platform))
    assert all(job.is_ended for job in platform.jobs())


def with_an_expired_copy() -> Platform:
    """Two copies, of which the older has just expired."""
    platform = with_copies()
    go_to(platform, SLOT + HOUR, minutes=3)
    assert [copy.state for copy in copies(platform)] == [CopyState.COMPLETED] * 2
    platform.world.clock.set(SLOT + timedelta(minutes=90, seconds=3))
    return platform


def with_copies() -> Platform:
    platform = with_a_copy_rule()
    platform.run(minutes=3)
    assert [copy.state for copy in copies(platform)] == [CopyState.COMPLETED]
    return platform


def the_older_copy_is_gone(platform: Platform) -> None:
    assert [copy.slot for copy in copies(platform) if copy.slot != SLOT] == [copy.slot for copy in copies(platform)]
    nothing_is_left_of_copies(platform)
    assert sum("/bc-" in each and f"{SLOT:%Y%m%dT%H%M%SZ}" in each for each in platform.world.cloud.removed) == 1


SCENARIOS = {
    "backup": Scenario(prepare=protected, act=lambda platform: platform.run(seconds=30), check=backup_is_whole),
    "a slow backup": Scenario(
        prepare=on_a_slow_day,
        act=lambda platform: platform.run(seconds=75),
        check=backup_is_whole,
        with_quiet_ticks=True,
    ),
    "binding": Scenario(
        prepare=lambda: in_an_immutable_vault(protected),
        act=lambda platform: platform.run(seconds=60),
        check=backup_is_whole_and_azure_keeps_it,
    ),
    "on-demand": Scenario(prepare=backed_up, act=on_demand, check=one_more_point),
    "expiry": Scenario(
        prepare=with_two_old_points, act=lambda platform: platform.run(seconds=40), check=the_older_is_gone
    ),
    "release": Scenario(prepare=with_two_points, act=release, check=the_older_is_gone_if_it_was_accepted),
    "hold": Scenario(prepare=with_two_old_points, act=hold_the_older, check=the_older_is_held_if_it_was_accepted),
    "hold of a vault": Scenario(prepare=with_two_old_points, act=hold_the_vault, check=all_are_held_if_it_was_accepted),
    "end of a hold": Scenario(
        prepare=about_to_be_free, act=lambda platform: platform.run(seconds=150), check=the_older_is_gone_with_its_hold
    ),
    "restore together": Scenario(prepare=lambda: backed_up(*PAIR), act=restore_together, check=both_disks_are_restored),
    "swap": Scenario(prepare=test_swap.with_machine, act=swap, check=disks_are_swapped_if_it_was_accepted),
    "undo of a swap": Scenario(prepare=swapped, act=undo_swap, check=disks_are_back_if_it_was_accepted),
    "restore": Scenario(prepare=backed_up, act=restore, check=disk_is_restored),
    "restore a copy": Scenario(prepare=with_copies, act=restore_copy, check=disk_is_restored_from_the_copy),
    "configure": Scenario(prepare=unprotected, act=configure, check=disk_is_protected),
    "delete": Scenario(prepare=backed_up, act=delete, check=nothing_is_left),
    "copy": Scenario(prepare=with_a_copy_rule, act=lambda platform: platform.run(seconds=100), check=copies_are_whole),
    "a second look": Scenario(
        prepare=with_a_snapshot_deleted_past_the_app, act=look_twice, check=it_is_lost_and_told_of_once
    ),
    "binding of copies": Scenario(
        prepare=lambda: in_an_immutable_vault(with_a_copy_rule),
        act=lambda platform: platform.run(seconds=130),
        check=copies_are_whole_and_azure_keeps_them,
    ),
    "hold of copies": Scenario(
        prepare=with_an_expired_copy_whose_hold_is_sure, act=hold_the_copy, check=the_copy_is_held_if_it_was_accepted
    ),
    "expiry of copies": Scenario(
        prepare=with_an_expired_copy, act=lambda platform: platform.run(seconds=40), check=the_older_copy_is_gone
    ),
    "delete with copies": Scenario(prepare=with_copies, act=delete, check=nothing_is_left),
    "resume": Scenario(prepare=stopped, act=resume, check=disk_is_protected_again),
    "soft-delete": Scenario(prepare=with_soft_delete, act=delete, check=it_can_be_had_back),
    "brake": Scenario(
        prepare=in_a_vault_where_all_that_goes_early_waits, act=delete, check=it_waits_and_is_counted_once
    ),
    "go on": Scenario(prepare=stopped_by_the_brake, act=let_it_go, check=it_is_gone_if_somebody_said_go_on),
    "purge": Scenario(
        prepare=about_to_be_purged, act=lambda platform: platform.run(seconds=150), check=nothing_is_left
    ),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_step_that_runs_twice_does_what_it_does_once(name: str) -> None:
    prove_steps_run_twice(SCENARIOS[name])


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_failure_at_any_call_loses_and_leaves_nothing(name: str, trouble: str) -> None:
    assert prove_failures_everywhere(SCENARIOS[name], trouble) >= (1 if trouble == "death before" else 5)


def test_a_soft_deletion_needs_no_message() -> None:
    """So that there is none to be lost: the agenda alone leads to its purge."""
    platform = with_soft_delete()
    before = len(platform.world.queue.sent)
    delete_instance(platform.world.ports, VAULT, "disk-1")
    assert len(platform.world.queue.sent) == before


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name != "soft-delete"])
def test_a_message_lost_or_doubled_changes_nothing_in_the_end(name: str) -> None:
    assert prove_messages_lost_and_doubled(SCENARIOS[name]) >= 1

"""Records against what exists: found, mended, reported; never guessed at, and nothing the second time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from backup_core.domain.agenda import AgendaKind
from backup_core.domain.disk import Disk
from backup_core.domain.errors import CloudUnavailable, InvalidInput, PermissionMissing
from backup_core.domain.instance import BackupInstance, DiskClaim, InstanceRequest, ProtectionState, disk_key
from backup_core.domain.job import JobOperation, JobStatus
from backup_core.domain.messages import ConfigureProtection
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.recovery_point import OWNER_TAG, PointState, RecoveryPoint
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.vault import Vault
from backup_core.ports import Insert, Replace
from backup_core.workflows.catalogue import find_protection
from backup_core.workflows.lifecycle import delete_instance
from backup_core.workflows.protection import configure_instance
from backup_core.workflows.rebuild import rebuild_catalogue
from backup_core.workflows.reconcile import JOBS_KEPT, reconcile
from backup_core.workflows.reconcile_report import ReconcileReport
from backup_core.workflows.vaults import put_policy, put_vault
from tests.builders import (
    SNAPSHOT_GROUP,
    VAULT,
    disk_id,
    disk_json,
    job,
    point,
    policy,
    snapshot_id,
    vault,
    vault_properties,
)
from tests.workflows.platform import Platform, request
from tests.workflows.scenes import (
    DAILY_AT_NOON,
    HOUR,
    HOURLY,
    RESTORED,
    SLOT,
    add_point,
    add_snapshot,
    ask_for_restore,
    backed_up,
    change_instance,
    change_point,
    configure_anew,
    doubt,
    events,
    go_to,
    jobs,
    label_of,
    lose,
    protected,
    refuse,
    sent,
)

NOTHING = ReconcileReport()


def run(platform: Platform) -> ReconcileReport:
    return reconcile(platform.world.ports)


def point_ids(platform: Platform, name: str = "disk-1") -> set[str]:
    return {each.point_id for each in platform.points(name)}


def lose_rows(platform: Platform, kind: AgendaKind) -> None:
    platform.world.store.unschedule(platform.agenda(kind))


# --- Nothing to do ---


def test_where_all_is_well_nothing_is_found_and_nothing_is_written() -> None:
    platform = backed_up("disk-1", "disk-2")
    assert run(platform) == NOTHING  # and what is held today is noted, once
    platform.world.faults.calls.clear()
    assert run(platform) == NOTHING
    assert platform.world.faults.count("store.commit") == platform.world.faults.count("queue.") == 0
    assert platform.world.faults.count("events.") == 0


def test_a_running_backup_is_nothing_to_mend() -> None:
    platform = protected()
    platform.world.cloud.snapshot_time = timedelta(minutes=5)
    platform.run(seconds=30)
    assert run(platform) == NOTHING


# --- Points whose snapshot is gone ---


def test_a_point_whose_snapshot_is_gone_is_marked_and_told_of_once() -> None:
    platform = backed_up()
    (gone,) = platform.points()
    lose(platform, gone)
    assert run(platform).lost_points == [gone.point_id]
    assert platform.points()[0].state is PointState.LOST
    assert platform.instance().newest_point is None
    assert [event.content["recoveryPointId"] for event in events(platform, "RecoveryPoint.Lost")] == [gone.point_id]
    assert run(platform) == NOTHING


def test_the_newest_point_falls_back_to_the_newest_good_one() -> None:
    platform = backed_up()
    go_to(platform, SLOT + HOUR)
    go_to(platform, SLOT + 2 * HOUR)
    newest, middle, oldest = platform.points()
    for each in (newest, middle):
        lose(platform, each)
    assert set(run(platform).lost_points) == {newest.point_id, middle.point_id}
    assert platform.instance().newest_point.point_id == oldest.point_id


def test_an_older_lost_point_leaves_the_newest_as_it_is() -> None:
    platform = backed_up()
    go_to(platform, SLOT + HOUR)
    newest, oldest = platform.points()
    platform.world.cloud.lose_snapshot(oldest.snapshot_id)
    run(platform)
    assert platform.instance().newest_point.point_id == newest.point_id


def test_a_list_that_leaves_a_snapshot_out_does_not_make_it_lost() -> None:
    platform = backed_up()
    platform.world.cloud.list_snapshots = lambda group: iter(())  # type: ignore[method-assign]
    assert run(platform).lost_points == []
    assert platform.points()[0].state is PointState.COMPLETED


def test_a_snapshot_that_is_there_again_makes_its_lost_point_good_with_all_it_knew() -> None:
    platform = backed_up()
    (before,) = platform.points()
    change_point(platform, before.point_id, state=PointState.LOST)
    change_instance(platform, newest_point=None)
    assert run(platform).adopted_points == [before.point_id]
    assert platform.points() == [before]
    assert platform.instance().newest_point is not None


def test_a_group_that_cannot_be_read_is_reported_and_its_points_are_not_called_lost() -> None:
    platform = backed_up()
    (point,) = platform.points()
    platform.world.cloud.lose_snapshot(point.snapshot_id)
    error = PermissionMissing("403", scope=SNAPSHOT_GROUP.text, role="Reader")
    platform.world.cloud.guard = refuse("list_snapshots", error)
    report = run(platform)
    assert (report.unreadable_groups, report.lost_points) == ([SNAPSHOT_GROUP.text], [])
    assert platform.points()[0].state is PointState.COMPLETED


def test_trouble_in_the_middle_postpones_one_disk_and_not_the_others() -> None:
    platform = backed_up("disk-1", "disk-2")
    for name in ("disk-1", "disk-2"):
        lose(platform, platform.points(name)[0])
    platform.world.faults.fail("cloud.find_snapshot", CloudUnavailable("503"))
    report = run(platform)
    assert (len(report.lost_points), len(report.postponed)) == (1, 1)
    assert len(run(platform).lost_points) == 1


# --- Snapshots without a point ---


def test_a_snapshot_with_whole_tags_and_no_point_is_adopted() -> None:
    platform = backed_up()
    (recorded,) = platform.points()
    platform.remove(RecoveryPoint, "disk-1", recorded.point_id)
    change_instance(platform, newest_point=None)
    assert run(platform).adopted_points == [recorded.point_id]
    (adopted,) = platform.points()
    same = ("point_id", "snapshot_id", "created_at", "expires_at", "tag_name", "slot", "job_id", "disk_id", "location")
    assert [getattr(adopted, name) for name in same] == [getattr(recorded, name) for name in same]
    assert adopted.disk["sku"] == {"name": "Premium_LRS"}
    assert platform.instance().newest_point is not None
    assert run(platform) == NOTHING


def test_an_adopted_point_expires_like_any_other() -> None:
    platform = backed_up()
    made = point("disk-1", at=SLOT - HOUR)
    add_snapshot(platform, made)
    run(platform)
    assert made.point_id in point_ids(platform)
    go_to(platform, SLOT + timedelta(days=7, minutes=-30), minutes=5)
    assert made.point_id not in point_ids(platform)
    assert platform.world.cloud.removed == [made.snapshot_id]


def test_the_snapshot_of_a_running_backup_is_left_to_it() -> None:
    platform = protected(disk=disk_json("disk-1", sku="PremiumV2_LRS"), **DAILY_AT_NOON)
    platform.run(minutes=8)
    platform.world.clock.set(SLOT + timedelta(minutes=10, seconds=1))  # whole, and not yet looked at
    assert run(platform) == NOTHING
    assert platform.points() == []
    platform.run(minutes=6)
    assert len(platform.points()) == 1


def test_nothing_is_adopted_for_an_instance_that_is_being_deleted() -> None:
    platform = backed_up()
    platform.world.cloud.locks.add(SNAPSHOT_GROUP.key)
    delete_instance(platform.world.ports, VAULT, "disk-1")
    made = point("disk-1", at=SLOT - HOUR)
    add_snapshot(platform, made)
    assert run(platform).adopted_points == []
    assert made.point_id not in point_ids(platform)


def test_a_snapshot_that_is_just_being_deleted_is_not_adopted() -> None:
    platform = protected()
    made = point("disk-1", at=SLOT)
    add_snapshot(platform, made)
    platform.world.clock.advance(days=7, minutes=5)  # it expired five minutes ago
    assert run(platform).adopted_points == []
    platform.world.clock.advance(minutes=30)  # and is still there: it was not on its way out
    assert run(platform).adopted_points == [made.point_id]


def test_a_snapshot_that_is_not_whole_yet_is_not_adopted() -> None:
    platform = protected()
    made = point("disk-1", at=SLOT)
    add_snapshot(platform, made)
    held = platform.world.cloud._snapshots[made.snapshot_id.lower()]
    held.copied_at = platform.world.clock.now() + timedelta(hours=1)
    assert run(platform) == NOTHING
    platform.world.clock.advance(hours=2)
    assert made.point_id in run(platform).adopted_points


def test_a_snapshot_that_azure_failed_to_make_is_reported_and_kept() -> None:
    platform = backed_up()
    made = point("disk-1", at=SLOT - HOUR)
    add_snapshot(platform, made)
    platform.world.cloud._snapshots[made.snapshot_id.lower()].failed = True
    assert run(platform).orphans == [made.snapshot_id]
    assert made.snapshot_id in platform.world.cloud.snapshot_ids()


# --- Orphans ---


def test_a_snapshot_of_an_instance_that_is_gone_is_reported_and_never_deleted() -> None:
    platform = backed_up()
    made = point("disk-9", at=SLOT)
    platform.world.cloud.add_disk(disk_json("disk-9"))
    add_snapshot(platform, made)
    assert run(platform).orphans == [made.snapshot_id]
    (told,) = events(platform, "Snapshot.Orphaned")
    assert told.content["snapshotId"] == made.snapshot_id
    assert "disk-9" in told.content["reason"]
    platform.run(days=1)
    assert run(platform).orphans == [made.snapshot_id]
    assert len(events(platform, "Snapshot.Orphaned")) == 1, "one event, however often it is seen"
    assert made.snapshot_id in platform.world.cloud.snapshot_ids()


@pytest.mark.parametrize(
    ("tags", "reason"),
    [({OWNER_TAG: "diskbackup/1", "diskbackup-instance": "disk-1"}, "incomplete"), ({}, "taken away")],
)
def test_a_snapshot_of_our_name_without_tags_that_can_be_read_is_reported(tags: dict[str, str], reason: str) -> None:
    platform = backed_up()
    made = point("disk-1", at=SLOT - HOUR)
    add_snapshot(platform, made, tags=tags)
    assert run(platform).orphans == [made.snapshot_id]
    assert reason in events(platform, "Snapshot.Orphaned")[0].content["reason"]
    assert made.point_id not in point_ids(platform)


@pytest.mark.parametrize("tags", [{}, {"owner": "someone"}, {"diskbackup-instance": "disk-1"}])
def test_a_strangers_snapshot_is_nothing_to_us(tags: dict[str, str]) -> None:
    platform = backed_up()
    add_snapshot(platform, point("disk-1", at=SLOT - HOUR, snapshot_id=snapshot_id("mine")), tags=tags)
    assert run(platform) == NOTHING


def test_a_snapshot_of_another_vaults_instance_of_that_name_is_no_point_of_this_one() -> None:
    platform = backed_up()
    made = point("disk-1", at=SLOT - HOUR)
    other = VaultKey(subscription=VAULT.subscription, group=VAULT.group, name="other-vault")
    add_snapshot(platform, made, tags=label_of(made, vault=other).tags())
    report = run(platform)
    assert (report.adopted_points, report.orphans) == ([], [made.snapshot_id])


def test_an_instance_row_that_cannot_be_read_stops_nothing_and_orphans_nothing() -> None:
    platform = backed_up("disk-1", "disk-2")
    platform.world.store.corrupt_record(BackupInstance, VAULT, "disk-1")
    lose(platform, platform.points("disk-2")[0])
    report = run(platform)
    assert len(report.lost_points) == 1
    assert report.orphans == []
    assert len(report.postponed) == 1


# --- The agenda ---


def test_a_missing_backup_row_is_written_and_the_missed_slot_then_taken() -> None:
    platform = protected()
    lose_rows(platform, AgendaKind.BACKUP)
    platform.run(minutes=5)
    assert platform.points() == []
    assert run(platform).agenda_rows == ["backup disk-1"]
    platform.run(minutes=2)
    assert [each.slot for each in platform.points()] == [SLOT]
    assert run(platform) == NOTHING


def test_a_row_that_made_no_sense_is_replaced_by_a_sound_one() -> None:
    platform = protected()
    (row,) = platform.agenda(AgendaKind.BACKUP)
    platform.world.store.schedule([replace(row, content={})])
    platform.run(minutes=2)
    assert platform.agenda(AgendaKind.BACKUP) == []
    run(platform)
    platform.run(minutes=2)
    assert [each.slot for each in platform.points()] == [SLOT]


def test_a_missing_row_of_a_stopped_instance_is_not_missing() -> None:
    platform = protected()
    change_instance(platform, state=ProtectionState.STOPPED)
    lose_rows(platform, AgendaKind.BACKUP)
    assert run(platform) == NOTHING


def test_a_missing_expiry_row_is_written() -> None:
    platform = backed_up()
    expired = add_point(platform, SLOT - timedelta(days=20))
    lose_rows(platform, AgendaKind.EXPIRY)
    assert run(platform).agenda_rows == ["expiry disk-1"]
    platform.run(minutes=3)
    assert platform.world.cloud.removed == [expired.snapshot_id]
    assert run(platform) == NOTHING


def test_a_missing_expiry_row_of_a_deletion_is_written() -> None:
    platform = backed_up()
    delete_instance(platform.world.ports, VAULT, "disk-1")
    platform.lose_messages()
    lose_rows(platform, AgendaKind.EXPIRY)
    run(platform)
    platform.run(minutes=3)
    assert not platform.has_instance("disk-1")


def backing_up() -> Platform:
    platform = protected()
    platform.world.cloud.snapshot_time = timedelta(seconds=10)
    platform.run(seconds=4)
    return platform


def restoring() -> Platform:
    platform = backed_up()
    ask_for_restore(platform)
    return platform


def configuring() -> Platform:
    platform = protected("disk-2")
    platform.world.cloud.add_disk(disk_json("disk-1"))
    configure_instance(platform.world.ports, VAULT, request("disk-1", policy_name="policy-disk-2"))
    return platform


@pytest.mark.parametrize(
    ("begun", "operation"),
    [(backing_up, JobOperation.BACKUP), (restoring, JobOperation.RESTORE), (configuring, JobOperation.CONFIGURE)],
)
def test_a_missing_watch_is_written_and_takes_up_again_what_runs(
    begun: Callable[[], Platform], operation: JobOperation
) -> None:
    platform = begun()
    lose_rows(platform, AgendaKind.WATCH)
    platform.lose_messages()
    assert run(platform).agenda_rows == ["watch disk-1"]
    platform.run(minutes=2)
    assert jobs(platform, operation)[-1].status is JobStatus.COMPLETED


def test_a_copy_of_the_policy_that_is_behind_is_brought_up_to_date() -> None:
    platform = protected()
    newer = policy("policy-disk-1", intervals=HOURLY["intervals"], retention="P3D")
    stored = platform.stored(BackupPolicy, "policy-disk-1")
    platform.world.store.commit(VAULT, [Replace(stored, newer)])  # and the host died before it told the instance
    assert run(platform).reconfigured == ["disk-1"]
    platform.run(seconds=2)
    assert platform.instance().policy.retention_rules == newer.retention_rules
    assert len(sent(platform, ConfigureProtection)) == 2
    assert run(platform) == NOTHING


# --- Old jobs ---


def test_jobs_that_ended_long_ago_are_forgotten_and_running_or_young_ones_are_not() -> None:
    platform = backed_up()
    now = platform.world.clock.now()
    old, young = now - JOBS_KEPT - timedelta(hours=1), now - JOBS_KEPT + timedelta(hours=1)
    ended = [job("disk-1", at=at, status=JobStatus.COMPLETED, ended_at=at) for at in (old, young)]
    running = job("disk-2", at=old, status=JobStatus.IN_PROGRESS)
    platform.world.store.commit(VAULT, [Insert(each) for each in (*ended, running)])
    assert run(platform).purged_jobs == 1
    left = {each.job_id for each in platform.jobs()}
    assert {ended[1].job_id, running.job_id} <= left
    assert ended[0].job_id not in left
    assert run(platform) == NOTHING


def test_old_jobs_of_a_vault_without_instances_are_forgotten_too() -> None:
    platform = Platform()
    old = platform.world.clock.now() - JOBS_KEPT - timedelta(hours=1)
    ended = job("disk-1", at=old, status=JobStatus.FAILED, ended_at=old)
    platform.world.store.commit(VAULT, [Insert(ended)])
    assert run(platform).purged_jobs == 1


# --- All tables lost ---


def test_after_the_loss_of_all_tables_points_vault_and_a_stopped_instance_come_back() -> None:
    platform = backed_up("disk-1", "disk-2")
    go_to(platform, SLOT + HOUR)
    before = {each.point_id: each for each in platform.points()}
    platform.world.store.forget_everything()
    platform.world.faults.calls.clear()
    report = rebuild_catalogue(platform.world.ports, [SNAPSHOT_GROUP])
    assert len(report.adopted_points) == 4
    assert platform.world.store.get(Vault, VAULT) is not None
    instance = platform.instance()
    assert (instance.state, instance.disk_id) == (ProtectionState.STOPPED, disk_id("disk-1"))
    assert instance.snapshot_group_id.lower() == SNAPSHOT_GROUP.key
    after = {each.point_id: each for each in platform.points()}
    assert after.keys() == before.keys()
    same = ("snapshot_id", "created_at", "expires_at", "tag_name", "slot", "job_id", "policy_name", "disk_size_bytes")
    for point_id, old in before.items():
        assert [getattr(after[point_id], name) for name in same] == [getattr(old, name) for name in same]
    assert after[instance.newest_point.point_id].slot == SLOT + HOUR
    assert platform.world.cloud.removed == []


def rebuilt() -> Platform:
    platform = backed_up()
    platform.rebuild()
    return platform


def with_a_ghost() -> tuple[Platform, InstanceRequest]:
    """The disk's first instance is softly deleted, and another one, `living`, protects it."""
    platform = backed_up()
    put_vault(platform.world.ports, vault(properties=vault_properties(soft_delete="On")))
    delete_instance(platform.world.ports, VAULT, "disk-1")
    living = request("living", disk_id=disk_id("disk-1"), policy_name="policy-disk-1")
    configure_instance(platform.world.ports, VAULT, living)
    platform.run(minutes=1)
    assert platform.instance("living").state is ProtectionState.CONFIGURED
    return platform, living


def test_rebuilding_twice_is_rebuilding_once() -> None:
    platform = rebuilt()
    before = (platform.points(), platform.instance())
    assert rebuild_catalogue(platform.world.ports, [SNAPSHOT_GROUP]).adopted_points == []
    assert (platform.points(), platform.instance()) == before


def test_rebuilding_leaves_sound_records_as_they_are() -> None:
    platform = backed_up()
    before = (platform.points(), platform.instance(), platform.jobs())
    assert rebuild_catalogue(platform.world.ports, [SNAPSHOT_GROUP]) == NOTHING
    assert (platform.points(), platform.instance(), platform.jobs()) == before


def test_a_rebuilt_point_can_be_restored() -> None:
    platform = rebuilt()
    ask_for_restore(platform)
    platform.run(minutes=1)
    assert platform.world.cloud.made_disks == [RESTORED]
    disk = platform.world.cloud.get_disk(RESTORED)
    assert (disk.sku, disk.raw["properties"]["diskSizeGB"]) == ("Premium_LRS", 128)


def test_a_rebuilt_instance_backs_up_nothing_until_it_is_configured_anew() -> None:
    platform = rebuilt()
    go_to(platform, SLOT + HOUR, minutes=1)
    assert len(platform.world.cloud.taken) == 1
    assert configure_anew(platform) is False
    platform.run(seconds=2)
    go_to(platform, SLOT + 2 * HOUR)
    assert [each.slot for each in platform.points()] == [SLOT + 2 * HOUR, SLOT]


def test_a_rebuilt_instance_keeps_every_point_until_it_is_configured_anew() -> None:
    """Nobody knows whether its points were kept for ever when the tables were lost."""
    platform = backed_up()
    go_to(platform, SLOT + HOUR)
    platform.rebuild()
    go_to(platform, SLOT + timedelta(days=8), minutes=5)
    assert [each.slot for each in platform.points()] == [SLOT + HOUR, SLOT]
    configure_anew(platform, **DAILY_AT_NOON)
    platform.run(minutes=3)
    assert [each.slot for each in platform.points()] == [SLOT + HOUR]


def test_a_disk_that_is_protected_without_a_claim_is_claimed() -> None:
    platform = protected()
    platform.remove(DiskClaim, disk_key(disk_id("disk-1")))
    assert run(platform).claims == ["disk-1"]
    assert run(platform).claims == []
    assert find_protection(platform.world.ports, disk_id("disk-1")).instance.name == "disk-1"


def test_the_points_of_a_snapshot_group_that_is_gone_are_lost() -> None:
    platform = backed_up()
    platform.world.cloud.remove_group(SNAPSHOT_GROUP)
    doubt(platform, *platform.points())
    report = run(platform)
    assert report.lost_points == [each.point_id for each in platform.points()]
    assert [each.state for each in platform.points()] == [PointState.LOST]
    assert run(platform).lost_points == []


FIRST_OF_DAY = {"intervals": HOURLY["intervals"], "tags": {"Daily": ("FirstOfDay", "P30D")}, "retention": "P7D"}


def test_what_a_point_was_promised_when_its_snapshot_was_asked_for_stands_whatever_becomes_of_the_policy() -> None:
    platform = protected()
    platform.world.cloud.snapshot_time = timedelta(seconds=40)
    platform.run(seconds=10)
    put_policy(platform.world.ports, VAULT, policy("policy-disk-1", intervals=HOURLY["intervals"], retention="P1D"))
    platform.run(minutes=3)
    (promised,) = platform.points()
    assert promised.expires_at == promised.created_at + timedelta(days=7)
    platform.rebuild()
    (rebuilt_point,) = platform.points()
    assert (rebuilt_point.point_id, rebuilt_point.expires_at) == (promised.point_id, promised.expires_at)
    assert run(platform).retagged == []


def test_after_configuring_anew_the_days_first_point_is_known() -> None:
    platform = backed_up(**FIRST_OF_DAY)
    go_to(platform, SLOT + HOUR)
    assert [each.tag_name for each in platform.points()] == ["Default", "Daily"]
    platform.rebuild()
    configure_anew(platform, **FIRST_OF_DAY)
    platform.run(seconds=2)
    go_to(platform, SLOT + 2 * HOUR)
    assert [each.tag_name for each in platform.points()] == ["Default", "Default", "Daily"]


def test_an_adopted_point_is_the_days_first_too() -> None:
    """The record of the newest backup is lost in a crash, and with it that it was the first of the day."""
    platform = backed_up(**FIRST_OF_DAY)
    (recorded,) = platform.points()
    platform.remove(RecoveryPoint, "disk-1", recorded.point_id)
    change_instance(platform, newest_point=None, last_success_slot=None)
    assert run(platform).adopted_points == [recorded.point_id]
    go_to(platform, SLOT + HOUR)
    assert [each.tag_name for each in platform.points()] == ["Default", "Daily"]


def test_the_ghost_of_a_soft_deleted_instance_does_not_bar_the_disks_living_one() -> None:
    platform, living = with_a_ghost()
    platform.rebuild()
    run(platform)
    assert platform.instance("disk-1").state is ProtectionState.STOPPED
    configure_anew(platform, living)
    platform.run(minutes=1)
    assert platform.instance("living").state is ProtectionState.CONFIGURED
    assert len(platform.points("disk-1")) == 1, "what the ghost holds stays"


def test_of_two_rebuilt_instances_of_a_disk_either_may_be_configured_but_not_both() -> None:
    platform, living = with_a_ghost()
    go_to(platform, SLOT + HOUR)
    assert platform.points("living")
    platform.rebuild()
    run(platform)
    configure_anew(platform, living)
    with pytest.raises(InvalidInput, match="protected already"):
        configure_instance(platform.world.ports, VAULT, request("disk-1"))


def test_a_copy_is_told_of_once_a_day() -> None:
    platform = backed_up(**DAILY_AT_NOON)
    (mine,) = platform.points()
    copy, tags = f"{mine.snapshot_id}-copy", platform.tags(mine.snapshot_id)
    platform.world.cloud.add_snapshot(copy, source=Disk(raw=disk_json("disk-1")), tags=tags)
    for _ in range(4):
        assert run(platform).foreign == [copy]
        platform.run(minutes=15)
    assert len(events(platform, "Snapshot.Foreign")) == 1
    go_to(platform, SLOT + timedelta(days=1, hours=2))
    run(platform)
    assert len(events(platform, "Snapshot.Foreign")) == 2


# --- What is not found for a moment ---


HIDDEN = timedelta(days=3650)  # Azure shows no snapshot, neither by its name nor in a list


def test_what_azure_shows_again_within_minutes_was_never_lost() -> None:
    platform = backed_up()
    platform.world.cloud.read_lag = HIDDEN
    for _ in range(2):
        assert run(platform).lost_points == []
        platform.run(minutes=2)
    assert platform.points()[0].absent_since is not None
    platform.world.cloud.read_lag = timedelta(0)
    platform.run(minutes=2)
    assert run(platform).lost_points == []
    (point,) = platform.points()
    assert (point.state, point.absent_since) == (PointState.COMPLETED, None)
    assert events(platform, "RecoveryPoint.Lost") == []
    platform.world.cloud.read_lag = HIDDEN
    platform.run(minutes=10)
    assert run(platform).lost_points == [], "the minutes are counted anew"


def test_what_is_gone_is_told_some_minutes_after_it_was_first_not_found_without_another_pass() -> None:
    platform = backed_up()
    platform.world.cloud.lose_snapshot(platform.points()[0].snapshot_id)
    run(platform)
    platform.run(minutes=4)
    assert events(platform, "RecoveryPoint.Lost") == []
    platform.run(minutes=2)
    assert len(events(platform, "RecoveryPoint.Lost")) == 1


def test_a_snapshot_that_took_the_place_of_a_points_is_no_doubt() -> None:
    platform = backed_up()
    (point,) = platform.points()
    platform.world.cloud.lose_snapshot(point.snapshot_id)
    platform.world.cloud.add_snapshot(point.snapshot_id, source=platform.world.cloud.get_disk(point.disk_id))
    assert run(platform).lost_points == [point.point_id]

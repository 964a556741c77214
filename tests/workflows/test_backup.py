"""One backup from its slot to its recovery point, and everything that can come between."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from backup_core.domain.agenda import AgendaKind
from backup_core.domain.errors import (
    BackupError,
    CloudUnavailable,
    DisallowedByPolicy,
    InvalidInput,
    NotFound,
    OperationFailed,
    PermissionMissing,
    RequestRefused,
    ResourceInUse,
    ScopeLocked,
    Throttled,
)
from backup_core.domain.instance import BackupInstance, ProtectionState
from backup_core.domain.job import Job, JobStatus
from backup_core.domain.messages import ExpirePoints, ObserveBackup, StartBackup
from backup_core.domain.naming import scheduled_job_id
from backup_core.domain.recovery_point import HOLD_TAG, PointState, read_label
from backup_core.workflows.backup import start_backup
from backup_core.workflows.backup_observation import observe_backup
from backup_core.workflows.dispatch import dispatch
from backup_core.workflows.lifecycle import delete_instance
from backup_core.workflows.protection import configure_instance
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.turns import LONGEST_LOOK, MAX_ATTEMPTS, SPREAD_SECONDS, look_delay
from backup_core.workflows.vaults import patch_vault, put_policy
from tests.builders import SNAPSHOT_GROUP, VAULT, disk_id, disk_json, policy
from tests.workflows.platform import Platform, request
from tests.workflows.scenes import (
    DAILY_AT_NOON,
    EVERY_MINUTE,
    HALF_PAST,
    HOUR,
    HOURLY,
    MINUTE,
    SLOT,
    ask_for_backup,
    backed_up,
    change_instance,
    events,
    go_to,
    job_of,
    jobs,
    protected,
    refuse,
    sent,
)

BUSY = Throttled("The limit of reads is reached.", retry_after_seconds=1)
DOWN = CloudUnavailable("503")


def only_job(platform: Platform) -> Job:
    (job,) = jobs(platform)
    return job


# --- What a backup leaves behind ---


def test_a_backup_leaves_a_point_a_completed_job_and_two_events_and_nothing_that_waits() -> None:
    platform = backed_up()
    (point,) = platform.points()
    job = only_job(platform)
    assert (job.status, job.slot, job.point_id, job.error) == (JobStatus.COMPLETED, SLOT, point.point_id, None)
    assert job.subtasks[0].progress_percent == 100
    assert (point.slot, point.job_id, point.state) == (SLOT, job.job_id, PointState.COMPLETED)
    assert len(events(platform, "Job.Completed")) == len(events(platform, "RecoveryPoint.Created")) == 1
    assert platform.instance().newest_point.point_id == point.point_id
    assert platform.instance().last_success_slot == SLOT
    assert platform.world.queue.waiting() == []
    assert platform.agenda(AgendaKind.WATCH) == []


def test_the_whole_description_of_the_disk_is_kept_with_the_point() -> None:
    disk = disk_json(
        "disk-1",
        sku="UltraSSD_LRS",
        zones=("2",),
        size_gb=512,
        tags={"cost": "42"},
        tier="P50",
        maxShares=3,
        diskIOPSReadWrite=7000,
        purchasePlan={"name": "plan", "publisher": "someone", "product": "thing"},
        encryption={"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": "/subscriptions/x/des"},
    )
    platform = protected(disk=disk, **DAILY_AT_NOON)
    platform.run(minutes=16)
    (point,) = platform.points()
    assert {name: point.disk[name] for name in ("id", "sku", "zones", "tags", "location")} == {
        name: disk[name] for name in ("id", "sku", "zones", "tags", "location")
    }
    kept, own = point.disk["properties"], disk["properties"]
    assert {name: kept[name] for name in own if name != "timeCreated"} == {
        name: own[name] for name in own if name != "timeCreated"
    }


def test_the_snapshot_carries_its_own_record_in_its_tags() -> None:
    platform = backed_up()
    (point,) = platform.points()
    label = read_label(platform.tags(point.snapshot_id))
    assert (label.vault, label.instance_name, label.point_id) == (VAULT, "disk-1", point.point_id)
    assert (label.job_id, label.tag_name, label.policy_name) == (point.job_id, "Default", "policy-disk-1")
    assert (label.slot, label.disk["sku"]) == (SLOT, "Premium_LRS")
    assert label.retention.after(point.created_at) == point.expires_at


@pytest.mark.parametrize(
    "access",
    [
        {"networkAccessPolicy": "DenyAll", "publicNetworkAccess": "Disabled"},
        {"networkAccessPolicy": "AllowPrivate", "publicNetworkAccess": "Disabled", "diskAccessId": "/access"},
        {"networkAccessPolicy": "AllowAll", "dataAccessAuthMode": "AzureActiveDirectory"},
    ],
)
def test_a_snapshot_is_as_closed_as_its_disk(access: dict[str, str]) -> None:
    platform = backed_up(disk=disk_json("disk-1", **access))
    (point,) = platform.points()
    assert access.items() <= platform.world.cloud.shown(point.snapshot_id)["properties"].items()


def test_a_snapshot_carries_the_tags_that_a_policy_of_its_owner_may_ask_for() -> None:
    platform = protected(disk=disk_json("disk-1", tags={"CostCenter": "42", "env": "test"}))
    change_instance(platform, tags={"team": "db", "diskbackup-inherit-tags": "costcenter"})
    platform.run(seconds=30)
    (point,) = platform.points()
    tags = platform.tags(point.snapshot_id)
    assert read_label(tags) is not None
    others = {name: value for name, value in tags.items() if not name.startswith("diskbackup-")}
    assert others == {"team": "db", "CostCenter": "42"}


def test_all_disks_of_a_vault_can_hand_their_tags_on() -> None:
    platform = protected(disk=disk_json("disk-1", tags={"CostCenter": "42", "env": "test"}))
    patch_vault(platform.world.ports, VAULT, tags={"diskbackup-inherit-tags": "*"}, identity=None, settings={})
    platform.run(seconds=30)
    (point,) = platform.points()
    assert {"CostCenter": "42", "env": "test"}.items() <= platform.tags(point.snapshot_id).items()


def test_the_first_backup_of_a_day_is_kept_longer_than_its_second() -> None:
    daily = {"Daily": ("FirstOfDay", "P30D")}
    platform = protected(**HOURLY, tags=daily)
    platform.run(seconds=30)
    go_to(platform, SLOT + HOUR)
    second, first = platform.points()
    assert (first.tag_name, second.tag_name) == ("Daily", "Default")
    assert first.expires_at == first.created_at + timedelta(days=30)
    assert second.expires_at == second.created_at + timedelta(days=7)
    assert "first successful backup" in jobs(platform)[0].details["tag_because"]


def test_a_failed_first_backup_of_the_day_leaves_the_longer_tag_to_the_next() -> None:
    platform = protected(**HOURLY, tags={"Daily": ("FirstOfDay", "P30D")})
    platform.world.cloud.guard = refuse("start_snapshot", DisallowedByPolicy("no snapshots here"))
    platform.run(seconds=30)
    platform.world.cloud.guard = lambda call, target: None
    go_to(platform, SLOT + HOUR)
    assert [point.tag_name for point in platform.points()] == ["Daily"]


# --- Looking until it is usable ---


def test_looks_come_ever_later_up_to_five_minutes() -> None:
    delays = [look_delay(looks) for looks in range(60)]
    assert delays == sorted(delays)
    assert delays[0] == timedelta(seconds=2)
    assert delays[-1] == LONGEST_LOOK == timedelta(minutes=5)


def test_a_copy_in_the_background_is_no_backup_before_it_is_complete() -> None:
    platform = protected(disk=disk_json("disk-1", sku="PremiumV2_LRS"), **DAILY_AT_NOON)
    platform.run(minutes=9)
    assert platform.points() == []
    job = only_job(platform)
    assert job.status is JobStatus.IN_PROGRESS
    assert 50 < (job.subtasks[0].progress_percent or 0) < 100
    assert events(platform, "RecoveryPoint.Created") == []
    platform.run(minutes=6)
    (point,) = platform.points()
    assert point.completed_at >= point.created_at + platform.world.cloud.copy_time
    assert only_job(platform).status is JobStatus.COMPLETED


def test_a_long_copy_is_looked_at_seldom_and_by_one_chain_of_messages() -> None:
    platform = protected(disk=disk_json("disk-1", sku="UltraSSD_LRS"), **DAILY_AT_NOON)
    platform.world.cloud.copy_time = timedelta(hours=2)
    platform.run(hours=2, minutes=6)
    assert len(platform.points()) == 1
    assert len(sent(platform, StartBackup)) == 1, "the watch must not take waiting for a stall"
    assert len(sent(platform, ObserveBackup)) < 45


def test_an_operation_that_azure_forgot_is_no_obstacle() -> None:
    platform = protected()
    platform.world.clock.set(SLOT)
    dispatch(platform.world.ports)
    platform.deliver()
    platform.world.cloud.forget_operations()
    platform.run(seconds=30)
    assert len(platform.points()) == 1


def test_a_snapshot_that_vanishes_before_it_was_seen_fails_the_job() -> None:
    platform = protected()
    platform.run(seconds=4)
    (snapshot,) = platform.world.cloud.snapshot_ids()
    platform.world.cloud.lose_snapshot(snapshot)
    platform.run(minutes=2)
    job = only_job(platform)
    assert (job.status, job.error.code) == (JobStatus.FAILED, "UserErrorDiskSnapshotNotFound")
    assert (platform.points(), platform.instance().active) == ([], None)
    assert platform.world.cloud.taken == [snapshot], "a second one would hold the data of another time"


# --- Throttling is no failure ---


@pytest.mark.parametrize("call", ["cloud.get_disk", "cloud.start_snapshot", "cloud.get_operation"])
def test_fifty_refusals_for_lack_of_budget_count_as_nothing(call: str) -> None:
    platform = protected()
    platform.world.faults.fail(call, BUSY, times=50)
    platform.run(minutes=25)
    job = only_job(platform)
    assert (job.status, job.retry_count, job.error) == (JobStatus.COMPLETED, 0, None)
    assert len(platform.world.cloud.taken) == 1
    assert events(platform, "Job.Failed") == []
    assert platform.failures == []
    assert all(message.attempts == 0 for message in platform.world.queue.sent)


@pytest.mark.parametrize("call", ["cloud.get_disk", "cloud.start_snapshot", "cloud.get_operation"])
def test_a_step_told_to_wait_long_stays_one_chain_of_messages(call: str) -> None:
    platform = protected()
    platform.world.faults.fail(call, Throttled("later", retry_after_seconds=100), times=8)
    platform.run(minutes=20)
    assert only_job(platform).status is JobStatus.COMPLETED
    starts, looks = len(sent(platform, StartBackup)), len(sent(platform, ObserveBackup))
    assert (starts - 1) + (looks - 1) == 8, "every refusal brings one message back, the watch none"


def test_a_herd_that_was_refused_comes_back_spread() -> None:
    names = [f"disk-{number}" for number in range(20)]
    platform = protected(*names)
    platform.world.faults.fail("cloud.start_snapshot", BUSY, times=20)
    platform.world.clock.set(SLOT)
    dispatch(platform.world.ports)
    platform.deliver()
    back_at = [envelope.visible_at for envelope in platform.world.queue.waiting()]
    assert len(back_at) == len(set(back_at)) == 20
    assert min(back_at) >= SLOT + timedelta(seconds=1), "not before Azure asks for it"
    assert max(back_at) - min(back_at) > timedelta(seconds=SPREAD_SECONDS / 2)


# --- Passing faults: some attempts, then a failed job ---


@pytest.mark.parametrize(
    ("call", "times"),
    [("cloud.start_snapshot", 3), ("cloud.start_snapshot", MAX_ATTEMPTS), ("cloud.get_operation", 2)],
    ids=["of the start", "as many as the limit allows", "of the observation"],
)
def test_passing_faults_are_counted_as_retries_of_a_job_that_completes(call: str, times: int) -> None:
    platform = protected()
    platform.world.faults.fail(call, DOWN, times=times)
    platform.run(minutes=40)
    job = only_job(platform)
    assert (job.status, job.retry_count) == (JobStatus.COMPLETED, times)
    assert len(platform.world.cloud.taken) == 1


@pytest.mark.parametrize("call", ["cloud.get_disk", "cloud.start_snapshot"])
def test_a_fault_that_does_not_pass_ends_in_a_failed_job_that_says_what_to_do(call: str) -> None:
    platform = protected()
    platform.world.faults.fail(call, DOWN, times=MAX_ATTEMPTS + 1)
    platform.run(minutes=40)
    job = only_job(platform)
    assert (job.status, job.retry_count) == (JobStatus.FAILED, MAX_ATTEMPTS)
    assert (job.error.code, job.error.transient) == ("CloudInternalError", True)
    assert "service health" in job.error.recommended_action
    assert len(events(platform, "Job.Failed")) == 1
    assert platform.instance().active is None


def test_a_snapshot_whose_observation_was_given_up_is_adopted_in_the_end() -> None:
    platform = protected()
    platform.world.faults.fail("cloud.get_operation", DOWN, times=MAX_ATTEMPTS + 1)
    platform.run(minutes=40)
    assert only_job(platform).status is JobStatus.FAILED
    reconcile(platform.world.ports)
    assert [point.slot for point in platform.points()] == [SLOT]


# --- Faults that stay ---

SCOPE = SNAPSHOT_GROUP.text
STAYING: dict[str, tuple[str, BackupError, str]] = {
    "no role on the disk": (
        "get_disk",
        PermissionMissing("403", scope=disk_id(), role="Disk Backup Reader"),
        "UserErrorMissingRequiredPermissions",
    ),
    "no role on the group": (
        "start_snapshot",
        PermissionMissing("403", scope=SCOPE, role="Disk Snapshot Contributor"),
        "UserErrorMissingRequiredPermissions",
    ),
    "read-only lock": ("start_snapshot", ScopeLocked("locked"), "ScopeLocked"),
    "Azure Policy": ("start_snapshot", DisallowedByPolicy("denied"), "RequestDisallowedByPolicy"),
    "any other refusal": ("start_snapshot", RequestRefused("no", code="SkuNotAvailable"), "SkuNotAvailable"),
}


@pytest.mark.parametrize("situation", STAYING)
def test_a_refusal_that_stays_fails_this_slot_at_once_and_not_the_next(situation: str) -> None:
    call, error, code = STAYING[situation]
    platform = protected()
    platform.world.cloud.guard = refuse(call, error)
    platform.run(minutes=3)
    job = only_job(platform)
    assert (job.status, job.slot, job.retry_count) == (JobStatus.FAILED, SLOT, 0)
    assert (job.error.code, job.error.transient) == (code, False)
    assert job.error.recommended_action == error.recommended_action
    (told,) = events(platform, "Job.Failed")
    assert told.content["error"]["recommendedActions"] == [error.recommended_action]
    assert (platform.points(), platform.world.cloud.taken) == ([], [])
    assert platform.instance().active is None
    assert platform.agenda(AgendaKind.WATCH) == []
    platform.world.cloud.guard = lambda called, target: None
    go_to(platform, SLOT + HOUR)
    assert [point.slot for point in platform.points()] == [SLOT + HOUR]


def test_a_deleted_disk_fails_each_slot_and_stops_no_other_disk() -> None:
    platform = protected("disk-1", "disk-2")
    platform.world.cloud.remove_disk(disk_id("disk-1"))
    platform.run(minutes=6)
    (job,) = jobs(platform, name="disk-1")
    assert job.error.code == "UserErrorManagedDiskNotFound"
    assert len(platform.points("disk-2")) == 1
    go_to(platform, SLOT + HOUR)
    assert [job.status for job in jobs(platform, name="disk-1")] == [JobStatus.FAILED] * 2


def test_a_missing_snapshot_group_fails_the_job_until_it_is_there() -> None:
    platform = protected()
    platform.world.cloud.remove_group(SNAPSHOT_GROUP)
    platform.run(minutes=1)
    job = only_job(platform)
    assert job.error.code == "UserErrorSnapshotRGNotFound"
    platform.world.cloud.add_group(SNAPSHOT_GROUP)
    go_to(platform, SLOT + HOUR)
    assert len(platform.points()) == 1


def test_a_full_disk_of_snapshots_is_tried_again_each_minute_before_the_job_fails() -> None:
    platform = protected()
    platform.world.cloud.snapshot_limit = 0
    platform.run(minutes=15)
    assert only_job(platform).status is JobStatus.IN_PROGRESS
    platform.run(minutes=5)
    job = only_job(platform)
    assert (job.status, job.error.code) == (JobStatus.FAILED, "UserErrorSnapshotLimitReached")
    assert job.retry_count == MAX_ATTEMPTS


def test_room_for_a_snapshot_that_comes_in_time_saves_the_job() -> None:
    platform = protected()
    platform.world.cloud.snapshot_limit = 0
    platform.run(minutes=2)
    platform.world.cloud.snapshot_limit = 500
    platform.run(minutes=2)
    assert only_job(platform).status is JobStatus.COMPLETED


def test_an_operation_that_fails_late_fails_the_job_with_azures_code_and_clears_what_is_half_made() -> None:
    platform = protected()
    platform.world.cloud.fail_late("DiskSnapshotOperationFailed", "The disk was busy.")
    platform.run(minutes=1)
    job = only_job(platform)
    assert (job.status, job.error.code) == (JobStatus.FAILED, "DiskSnapshotOperationFailed")
    assert "The disk was busy." in job.error.message
    assert job.error.recommended_action == OperationFailed.recommended_action
    assert platform.world.cloud.snapshot_ids() == []
    assert len(events(platform, "Job.Failed")) == 1
    go_to(platform, SLOT + HOUR)
    assert len(platform.points()) == 1


def test_a_half_made_snapshot_that_does_not_say_it_is_ours_is_left_alone() -> None:
    platform = protected()
    platform.world.cloud.fail_late()
    platform.run(seconds=4)
    (held,) = platform.world.cloud._snapshots.values()
    held.raw["tags"] = {"owner": "someone else"}
    platform.run(minutes=1)
    assert only_job(platform).status is JobStatus.FAILED
    assert len(platform.world.cloud.snapshot_ids()) == 1


# --- One at a time ---


def test_slots_that_come_while_a_backup_runs_are_missed_on_record_and_never_run_together() -> None:
    platform = protected(**EVERY_MINUTE)
    platform.world.cloud.snapshot_time = timedelta(minutes=10)
    platform.run(minutes=10, seconds=30)
    platform.world.cloud.snapshot_time = timedelta(seconds=1)
    platform.run(minutes=4, seconds=25)
    slots = [SLOT + minute * MINUTE for minute in range(14)]
    instance = platform.instance()
    assert set(instance.missed_slots) >= {SLOT + minute * MINUTE for minute in range(1, 9)}
    assert instance.missed_count == len(instance.missed_slots)
    taken = {point.slot for point in platform.points()}
    assert taken.isdisjoint(instance.missed_slots)
    assert taken | set(instance.missed_slots) >= set(slots)


def test_a_slot_put_off_until_a_later_one_was_taken_is_missed_on_record_once_however_often_it_comes() -> None:
    platform = protected(**EVERY_MINUTE)
    platform.world.faults.fail("cloud.get_disk", Throttled("later", retry_after_seconds=70))
    platform.run(minutes=3)
    assert {point.slot for point in platform.points()} & {SLOT, SLOT + MINUTE} == {SLOT + MINUTE}
    late = next(message for message in sent(platform, StartBackup) if message.slot == SLOT)
    for _ in range(3):
        assert (platform.instance().missed_slots, platform.instance().missed_count) == ((SLOT,), 1)
        start_backup(platform.world.ports, late)


def test_an_on_demand_backup_waits_for_the_running_one_and_then_runs() -> None:
    platform = protected()
    platform.world.cloud.snapshot_time = timedelta(minutes=4)
    platform.run(seconds=10)
    job = ask_for_backup(platform)
    platform.run(minutes=3)
    assert len(platform.world.cloud.taken) == 1
    assert job_of(platform, job).status is JobStatus.QUEUED
    starts = [message for message in sent(platform, StartBackup) if message.job_id == job.job_id]
    assert len(starts) <= 14, "it comes back each quarter of a minute, and the watch adds none"
    platform.world.cloud.snapshot_time = timedelta(seconds=1)
    platform.run(minutes=4)
    assert sorted(point.slot is None for point in platform.points()) == [False, True]
    assert all(each.status is JobStatus.COMPLETED for each in jobs(platform))


def test_an_on_demand_backup_gives_up_behind_one_that_runs_for_more_than_an_hour() -> None:
    platform = protected(disk=disk_json("disk-1", sku="PremiumV2_LRS"), **DAILY_AT_NOON)
    platform.world.cloud.copy_time = timedelta(hours=3)
    platform.run(seconds=10)
    asked = ask_for_backup(platform)
    platform.run(minutes=65)
    ended = job_of(platform, asked)
    assert (ended.status, ended.error.code) == (JobStatus.FAILED, "Conflict")
    assert platform.instance().active is not None, "the running one goes on"


# --- Twice, late, and after its time ---


def test_a_snapshot_that_is_asked_for_again_keeps_what_its_tag_says_of_holds() -> None:
    """Of tables that were set back since its point was held, only the tag still knows."""
    platform = protected()
    platform.world.cloud.snapshot_time = timedelta(minutes=10)
    platform.run(seconds=5)
    (snapshot,) = platform.world.cloud.snapshot_ids()
    held = {**platform.tags(snapshot), HOLD_TAG: '[{"name":"case-1","why":"a court asked for it"}]'}
    platform.world.cloud.retag(snapshot, held)
    for envelope in platform.world.queue.waiting():
        platform.world.queue.delete(envelope)
    platform.run(minutes=4)
    assert platform.world.faults.calls.count("cloud.start_snapshot") == 2
    assert platform.tags(snapshot) == held


def test_a_start_that_arrives_long_after_its_point_has_expired_takes_nothing() -> None:
    platform = protected(intervals=HOURLY["intervals"], retention="PT90M")
    platform.run(seconds=30)
    first = sent(platform, StartBackup)[0]
    for hours in (1, 2, 3):
        go_to(platform, SLOT + hours * HOUR, minutes=2)
    assert SLOT not in {point.slot for point in platform.points()}
    taken, recorded = list(platform.world.cloud.taken), jobs(platform)
    start_backup(platform.world.ports, first)
    platform.run(minutes=1)
    assert platform.world.cloud.taken == taken
    assert jobs(platform) == recorded
    assert platform.instance().missed_count == 0


@pytest.mark.parametrize("changes", [{}, {"job_id": "0" * 32}], ids=["ended", "unknown"])
def test_an_observation_of_a_job_that_has_ended_or_that_nobody_knows_does_nothing(changes: dict[str, str]) -> None:
    platform = backed_up()
    faults, told = platform.world.faults, len(platform.world.events.published)
    before = faults.count("cloud."), faults.count("store.commit")
    observe_backup(platform.world.ports, replace(sent(platform, ObserveBackup)[0], **changes))
    assert (faults.count("cloud."), faults.count("store.commit")) == before
    assert len(platform.world.events.published) == told


# --- The instance changes meanwhile ---


def dispatched() -> Platform:
    """The noon slot's message waits in the queue."""
    platform = protected()
    platform.world.clock.set(SLOT)
    dispatch(platform.world.ports)
    return platform


def test_a_start_whose_instance_is_gone_ends_as_cancelled_and_clears_the_agenda() -> None:
    platform = dispatched()
    platform.remove(BackupInstance, "disk-1")
    platform.run(minutes=2)
    assert platform.world.cloud.taken == []
    assert platform.agenda(AgendaKind.BACKUP) == platform.agenda(AgendaKind.WATCH) == []
    job = only_job(platform)
    assert (job.status, job.slot) == (JobStatus.CANCELLED, SLOT)
    assert "the backup instance was deleted" in job.error.message


@pytest.mark.parametrize(
    "state", [ProtectionState.STOPPED, ProtectionState.SUSPENDED, ProtectionState.ERROR, ProtectionState.DELETING]
)
def test_a_start_whose_instance_takes_no_backups_any_more_takes_nothing(state: ProtectionState) -> None:
    platform = dispatched()
    change_instance(platform, state=state)
    platform.run(minutes=2)
    assert platform.world.cloud.taken == []
    assert platform.agenda(AgendaKind.BACKUP) == platform.agenda(AgendaKind.WATCH) == []


@pytest.mark.parametrize("state", [ProtectionState.STOPPED, ProtectionState.DELETING])
def test_an_on_demand_backup_of_an_instance_that_was_stopped_meanwhile_is_cancelled(state: ProtectionState) -> None:
    platform = protected()
    job = ask_for_backup(platform)
    change_instance(platform, state=state)
    platform.run(seconds=2)
    assert [(each.job_id, each.status) for each in jobs(platform)] == [(job.job_id, JobStatus.CANCELLED)]
    assert len(events(platform, "Job.Cancelled")) == 1
    assert platform.world.cloud.taken == []


def test_a_policy_changed_between_tick_and_start_decides() -> None:
    platform = dispatched()
    put_policy(platform.world.ports, VAULT, policy("policy-disk-1", **HALF_PAST))
    platform.run(seconds=30)
    assert platform.world.cloud.taken == [], "noon is no slot of the new policy"
    assert [row.due_at for row in platform.agenda(AgendaKind.BACKUP)] == [SLOT + HOUR / 2]
    go_to(platform, SLOT + HOUR / 2)
    assert [point.slot for point in platform.points()] == [SLOT + HOUR / 2]
    go_to(platform, SLOT + HOUR, minutes=1)
    assert len(platform.points()) == 1


def test_a_changed_policy_that_keeps_the_slot_takes_it_once() -> None:
    platform = dispatched()
    put_policy(platform.world.ports, VAULT, policy("policy-disk-1", intervals=HOURLY["intervals"], retention="P3D"))
    platform.run(seconds=30)
    (point,) = platform.points()
    assert point.slot == SLOT
    assert point.expires_at == point.created_at + timedelta(days=3)


def test_the_agenda_of_an_earlier_instance_of_the_name_does_not_back_up_the_new_one() -> None:
    platform = protected()
    platform.run(seconds=30)
    delete_instance(platform.world.ports, VAULT, "disk-1")
    platform.run(minutes=3)
    assert not platform.has_instance("disk-1")
    put_policy(platform.world.ports, VAULT, policy("half-past", **HALF_PAST))
    configure_instance(platform.world.ports, VAULT, request("disk-1", policy_name="half-past"))
    platform.run(seconds=2)
    assert len(platform.agenda(AgendaKind.BACKUP)) == 2, "the old row is still there"
    taken = len(platform.world.cloud.taken)
    go_to(platform, SLOT + HOUR / 2, seconds=20)
    go_to(platform, SLOT + HOUR, minutes=2)
    assert [point.slot for point in platform.points()] == [SLOT + HOUR / 2]
    assert len(platform.world.cloud.taken) == taken + 1
    assert [row.due_at for row in platform.agenda(AgendaKind.BACKUP)] == [SLOT + 1.5 * HOUR]


# --- On demand ---


def test_an_on_demand_backup_gets_the_tag_that_was_asked_for() -> None:
    platform = protected(**HOURLY, tags={"Weekly": ("FirstOfWeek", "P60D")})
    job = ask_for_backup(platform, tag="Weekly")
    assert (job.status, job.user_triggered) == (JobStatus.QUEUED, True)
    platform.run(seconds=40)
    point = next(point for point in platform.points() if point.slot is None)
    assert (point.tag_name, point.expires_at) == ("Weekly", point.created_at + timedelta(days=60))
    assert [point.tag_name for point in platform.points() if point.slot] == ["Weekly"]


def test_an_on_demand_backup_without_a_tag_gets_the_default() -> None:
    platform = protected()
    ask_for_backup(platform)
    platform.run(seconds=40)
    assert next(point for point in platform.points() if point.slot is None).tag_name == "Default"


def test_an_on_demand_backup_with_unknown_rule_and_tag_is_refused_naming_both_and_stores_nothing() -> None:
    platform = protected()
    messages, recorded = len(platform.world.queue.sent), platform.jobs()
    with pytest.raises(InvalidInput) as refused:
        ask_for_backup(platform, rule="Nightly", tag="Forever")
    assert [fault.target for fault in refused.value.faults] == [
        "backupRuleOptions.ruleName",
        "backupRuleOptions.triggerOption.retentionTagOverride",
    ]
    assert "BackupHourly" in refused.value.faults[0].message
    assert (len(platform.world.queue.sent), platform.jobs()) == (messages, recorded)
    assert platform.agenda(AgendaKind.WATCH) == []


def test_an_on_demand_backup_of_a_stranger_is_not_found() -> None:
    platform = protected()
    with pytest.raises(NotFound):
        ask_for_backup(platform, "disk-9")


@pytest.mark.parametrize("state", [ProtectionState.STOPPED, ProtectionState.ERROR, ProtectionState.DELETING])
def test_an_on_demand_backup_of_an_instance_that_takes_none_is_refused(state: ProtectionState) -> None:
    platform = protected()
    change_instance(platform, state=state)
    with pytest.raises(ResourceInUse, match=state.value):
        ask_for_backup(platform)
    assert jobs(platform) == []


def test_an_on_demand_job_that_ended_is_not_run_again() -> None:
    platform = backed_up()
    ask_for_backup(platform)
    platform.run(seconds=30)
    again = sent(platform, StartBackup)[-1]
    taken = len(platform.world.cloud.taken)
    start_backup(platform.world.ports, again)
    platform.run(seconds=30)
    assert len(platform.world.cloud.taken) == taken


# --- What the newest point and the expiry agenda learn ---


def test_an_older_expired_point_is_looked_at_as_soon_as_a_newer_one_exists() -> None:
    platform = protected(intervals=HOURLY["intervals"], retention="PT30M")
    platform.run(seconds=30)
    go_to(platform, SLOT + timedelta(minutes=40), minutes=2)
    assert len(platform.points()) == 1, "the newest one stays though expired"
    go_to(platform, SLOT + HOUR, minutes=1)
    assert [point.slot for point in platform.points()] == [SLOT + HOUR]
    assert sent(platform, ExpirePoints)


def test_a_start_delivered_again_after_its_snapshot_was_deleted_outside_takes_no_second_one() -> None:
    platform = backed_up()
    before = jobs(platform)
    platform.world.cloud.lose_snapshot(platform.points()[0].snapshot_id)
    start_backup(platform.world.ports, sent(platform, StartBackup)[0])
    platform.run(minutes=1)
    assert len(platform.world.cloud.taken) == 1, "it would hold the data of another time"
    assert jobs(platform) == before


def test_a_late_observation_of_an_ended_job_leaves_the_running_one_alone() -> None:
    platform = backed_up()
    late = sent(platform, ObserveBackup)[0]
    platform.world.cloud.snapshot_time = timedelta(minutes=5)
    go_to(platform, SLOT + HOUR, seconds=5)
    looks = len(sent(platform, ObserveBackup))
    observe_backup(platform.world.ports, late)
    assert len(sent(platform, ObserveBackup)) == looks
    assert platform.instance().active is not None


def test_a_failure_that_azure_forgot_is_seen_at_the_snapshot() -> None:
    platform = protected()
    platform.world.cloud.fail_late()
    platform.run(seconds=4)
    platform.world.cloud.forget_operations()
    platform.run(minutes=1)
    job = only_job(platform)
    assert (job.status, job.error.code) == (JobStatus.FAILED, "OperationFailed")
    assert platform.world.cloud.snapshot_ids() == []


def test_an_on_demand_backup_between_two_slots_does_not_renew_the_first_of_the_day() -> None:
    platform = protected(**HOURLY, tags={"Daily": ("FirstOfDay", "P30D")})
    platform.run(seconds=30)
    ask_for_backup(platform)
    platform.run(seconds=30)
    go_to(platform, SLOT + HOUR)
    assert [point.tag_name for point in platform.points() if point.slot] == ["Default", "Daily"]


def test_a_slot_that_failed_is_not_taken_when_its_message_comes_again() -> None:
    platform = protected()
    platform.world.cloud.guard = refuse("get_disk", DisallowedByPolicy("no reads"))
    platform.run(seconds=10)
    before = jobs(platform)
    platform.world.cloud.guard = lambda call, target: None
    start_backup(platform.world.ports, sent(platform, StartBackup)[0])
    platform.run(seconds=30)
    assert (platform.world.cloud.taken, jobs(platform)) == ([], before)


def test_a_slot_that_was_given_up_for_its_successor_is_not_taken_when_its_message_comes_again() -> None:
    platform = protected(**EVERY_MINUTE)
    platform.world.cloud.snapshot_time = timedelta(minutes=30)
    platform.run(minutes=2, seconds=20)
    assert platform.instance().missed_slots == (SLOT + MINUTE,)
    change_instance(platform, active=None)
    late = next(message for message in sent(platform, StartBackup) if message.slot == SLOT + MINUTE)
    start_backup(platform.world.ports, late)
    assert len(platform.world.cloud.taken) == 1
    assert platform.instance().missed_count == 1


def test_a_missed_slot_too_old_to_be_named_is_not_counted_again() -> None:
    platform = protected()
    go_to(platform, SLOT + 100 * HOUR, minutes=1)
    old = SLOT + 10 * HOUR
    late = StartBackup(
        vault=VAULT,
        instance_name="disk-1",
        job_id=scheduled_job_id(VAULT, "disk-1", platform.instance().generation, old),
        revision=1,
        slot=old,
    )
    start_backup(platform.world.ports, late)
    assert platform.instance().missed_count == 100


def test_a_cancelled_on_demand_job_whose_message_comes_again_is_told_of_again_and_no_more() -> None:
    platform = backed_up()
    ask_for_backup(platform)
    change_instance(platform, state=ProtectionState.STOPPED)
    platform.run(seconds=2)
    change_instance(platform, state=ProtectionState.CONFIGURED)
    platform.world.queue.send(sent(platform, StartBackup)[-1])
    platform.run(seconds=2)
    assert platform.failures == []
    assert [job.status for job in jobs(platform)] == [JobStatus.COMPLETED, JobStatus.CANCELLED]
    assert len(platform.world.cloud.taken) == 1

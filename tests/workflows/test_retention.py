"""Expiry: what goes, what stays although its time is over, and what a deletion leaves behind that was struck down."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from backup_core.domain.agenda import AgendaKind, expiry_row
from backup_core.domain.errors import BackupError, CloudUnavailable, PermissionMissing, ScopeLocked, Throttled
from backup_core.domain.expiry import BLOCKED_RETRY
from backup_core.domain.instance import ProtectionState
from backup_core.domain.job import JobOperation, JobStatus
from backup_core.domain.messages import ExpirePoints
from backup_core.domain.pacing import BELIEVED_AHEAD, Pace
from backup_core.domain.recovery_point import PointState, RecoveryPoint
from backup_core.domain.resource_ids import ANYWHERE
from backup_core.ports import Insert
from backup_core.workflows.deletion import DeletionUnderWay
from backup_core.workflows.lifecycle import delete_instance, stop_protection
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.retention import POINTS_PER_ROUND, sweep
from tests.builders import OTHER_SUBSCRIPTION, SNAPSHOT_GROUP, VAULT, disk_json, hold
from tests.workflows.platform import HostDied, Platform
from tests.workflows.scenes import (
    DAILY_AT_NOON,
    HOUR,
    SLOT,
    add_point,
    ask_for_restore,
    backed_up,
    change_instance,
    change_point,
    events,
    go_to,
    jobs,
    label_of,
    protected,
    refuse,
    sent,
)

LONG_AGO = SLOT - timedelta(days=30)


def with_expired(count: int = 1) -> tuple[Platform, list[RecoveryPoint]]:
    """A disk with a good new point, and so many old ones that expired three weeks ago."""
    platform = backed_up()
    old = [add_point(platform, LONG_AGO + number * HOUR) for number in range(count)]
    return platform, old


def expire(platform: Platform, **run: float) -> None:
    """Let the expiry agenda look at the disk now."""
    message = ExpirePoints(vault=VAULT, instance_name="disk-1", due_at=platform.world.clock.now())
    platform.world.queue.send(message)
    platform.run(**(run or {"seconds": 5}))


def ids(platform: Platform) -> set[str]:
    return {point.point_id for point in platform.points()}


def point_now(platform: Platform, point: RecoveryPoint) -> RecoveryPoint:
    return next(each for each in platform.points() if each.point_id == point.point_id)


def state_of(platform: Platform, point: RecoveryPoint) -> PointState:
    return point_now(platform, point).state


# --- What goes ---


def test_an_expired_point_goes_with_its_snapshot_and_is_told_of() -> None:
    platform, (old,) = with_expired()
    expire(platform)
    assert old.point_id not in ids(platform)
    assert platform.world.cloud.removed == [old.snapshot_id]
    (job,) = jobs(platform, JobOperation.EXPIRE)
    assert (job.status, job.details["deleted"], job.error) == (JobStatus.COMPLETED, [old.point_id], None)
    assert [event.content["recoveryPointId"] for event in events(platform, "RecoveryPoint.Expired")] == [old.point_id]
    assert len(events(platform, "Expiry.Completed")) == 1


def test_the_sweep_finds_what_expires_by_itself() -> None:
    platform = protected(intervals=("R/2026-03-01T00:00:00+00:00/PT1H",), retention="PT90M")
    platform.run(seconds=30)
    go_to(platform, SLOT + HOUR)
    platform.world.clock.set(SLOT + timedelta(minutes=89, seconds=30))
    platform.run(seconds=30)
    assert len(platform.points()) == 2
    platform.run(seconds=40)
    assert [point.slot for point in platform.points()] == [SLOT + HOUR]


def test_the_sweep_sends_nothing_for_what_is_not_due() -> None:
    platform = backed_up()
    platform.world.faults.calls.clear()
    assert sweep(platform.world.ports) == 0
    assert sent(platform, ExpirePoints) == []


def due_expiries(platform: Platform, count: int, subscription: str = VAULT.subscription) -> None:
    vault = replace(VAULT, subscription=subscription)
    now = platform.world.clock.now()
    rows = [expiry_row(vault, f"disk-{number}", now - timedelta(minutes=1)) for number in range(count)]
    platform.world.store.schedule(rows)


def delays(platform: Platform) -> list[float]:
    """Of the waiting messages, in seconds."""
    now = platform.world.clock.now()
    return sorted((envelope.visible_at - now).total_seconds() for envelope in platform.world.queue.waiting())


def left(platform: Platform) -> int:
    now = platform.world.clock.now()
    return len(platform.world.store.due(AgendaKind.EXPIRY, until=now, limit=10_000))


def test_a_few_expiries_go_at_once() -> None:
    platform = Platform()
    due_expiries(platform, 40)
    assert sweep(platform.world.ports) == 40
    assert delays(platform) == [0.0] * 40


def test_many_expiries_are_spread_and_what_azure_would_put_off_waits_for_the_next_sweep() -> None:
    platform = Platform()
    due_expiries(platform, 500)
    due_expiries(platform, 10, OTHER_SUBSCRIPTION)
    assert sweep(platform.world.ports) == 310
    spread = delays(platform)
    assert spread[:10] == [0.0] * 10
    assert spread[10:] == pytest.approx([number // 40 * 8 for number in range(300)])
    assert left(platform) == 200
    platform.world.clock.advance(seconds=60)
    assert sweep(platform.world.ports) == 200
    assert left(platform) == 0


@pytest.mark.parametrize(
    ("seconds", "waits"),
    [(80, [0] * 40 + [40] * 20), (2 * BELIEVED_AHEAD, [number // 40 * 8 for number in range(300)])],
    ids=["whose end is believed", "whose end a clock gone wrong has told"],
)
def test_expiries_leave_the_reads_to_a_herd_of_backups(seconds: float, waits: list[float]) -> None:
    platform = Platform()
    end = platform.world.clock.now().timestamp() + seconds
    platform.world.store.commit(ANYWHERE, [Insert(Pace(subscription=VAULT.subscription.lower(), end=end))])
    due_expiries(platform, 500)
    assert sweep(platform.world.ports) == len(waits)
    assert delays(platform) == pytest.approx(waits)


def test_expiries_go_on_beside_a_pace_that_cannot_be_read() -> None:
    platform = Platform()
    due_expiries(platform, 500)
    platform.world.faults.fail("store.get", CloudUnavailable("no answer"))
    assert sweep(platform.world.ports) == 60


def test_a_message_that_waits_its_turn_is_not_sent_again_meanwhile() -> None:
    platform = Platform()
    due_expiries(platform, 300)
    sweep(platform.world.ports)
    platform.world.clock.advance(seconds=75)
    assert sweep(platform.world.ports) == 0


def test_a_lost_expiry_message_only_delays() -> None:
    platform, (old,) = with_expired()
    platform.world.clock.set(SLOT + timedelta(days=7, minutes=30))
    platform.world.clock.advance(seconds=20)
    assert sweep(platform.world.ports) == 1
    platform.lose_messages()
    platform.run(minutes=3)
    assert old.point_id not in ids(platform)


def test_a_snapshot_that_is_gone_already_counts_as_deleted() -> None:
    platform, (old,) = with_expired()
    platform.world.cloud.lose_snapshot(old.snapshot_id)
    expire(platform)
    looks = platform.world.faults.count("cloud.find_snapshot")
    platform.run(minutes=4)
    assert old.point_id in ids(platform), "a moment is not enough"
    assert platform.world.faults.count("cloud.find_snapshot") == looks, "nor is it asked for meanwhile"
    platform.run(minutes=2)
    assert old.point_id not in ids(platform)
    assert platform.world.cloud.removed == []
    assert jobs(platform, JobOperation.EXPIRE)[0].status is JobStatus.COMPLETED


def test_a_lost_points_record_goes_when_its_time_is_over() -> None:
    platform, (old,) = with_expired()
    platform.world.cloud.lose_snapshot(old.snapshot_id)
    change_point(platform, old.point_id, state=PointState.LOST)
    expire(platform)
    assert old.point_id not in ids(platform)


def test_more_than_one_round_holds_goes_in_several() -> None:
    platform, old = with_expired(POINTS_PER_ROUND + 5)
    expire(platform, seconds=10)
    assert len(platform.points()) == 1
    assert len(platform.world.cloud.removed) == len(set(platform.world.cloud.removed)) == len(old)
    rounds = jobs(platform, JobOperation.EXPIRE)
    assert sorted(len(job.details["deleted"]) for job in rounds) == [5, POINTS_PER_ROUND]


def test_the_oldest_go_first() -> None:
    platform, old = with_expired(3)
    expire(platform)
    assert platform.world.cloud.removed == [point.snapshot_id for point in old]


# --- What stays ---


def test_the_newest_good_point_of_a_protected_disk_stays_however_long_ago_it_expired() -> None:
    platform = protected(**DAILY_AT_NOON)
    newest = add_point(platform, LONG_AGO)
    expire(platform)
    platform.run(minutes=5)
    assert ids(platform) >= {newest.point_id}
    assert platform.world.cloud.removed == []
    assert jobs(platform, JobOperation.EXPIRE) == []


def test_it_goes_once_a_newer_one_exists() -> None:
    platform = protected(intervals=("R/2026-03-01T00:00:00+00:00/PT1H",), retention="PT20M")
    platform.run(seconds=30)
    (kept,) = platform.points()
    go_to(platform, SLOT + timedelta(minutes=50), minutes=9)
    assert ids(platform) == {kept.point_id}
    platform.run(minutes=2)
    assert [point.slot for point in platform.points()] == [SLOT + HOUR]
    assert platform.world.cloud.removed == [kept.snapshot_id]


def test_a_stopped_disk_keeps_its_newest_point_too() -> None:
    platform = protected()
    good = add_point(platform, LONG_AGO)
    change_instance(platform, state=ProtectionState.STOPPED)
    expire(platform)
    assert good.point_id in ids(platform)


@pytest.mark.parametrize("doubt", [{"expires_at": None}, {"tag_name": ""}, {"holds": (hold("a court asked for it"),)}])
def test_in_doubt_or_on_hold_a_point_stays(doubt: dict[str, object]) -> None:
    platform, (old,) = with_expired()
    change_point(platform, old.point_id, **doubt)
    expire(platform)
    assert old.point_id in ids(platform)
    assert platform.world.cloud.removed == []


def test_a_released_hold_lets_the_point_go() -> None:
    platform, (old,) = with_expired()
    change_point(platform, old.point_id, holds=(hold("a court asked for it"),))
    expire(platform)
    change_point(platform, old.point_id, holds=())
    expire(platform)
    assert old.point_id not in ids(platform)


def test_a_hold_put_on_between_mark_and_deletion_keeps_the_point() -> None:
    platform, (old,) = with_expired()
    platform.world.faults.fail("cloud.delete_snapshot", CloudUnavailable("503"))
    expire(platform, seconds=2)
    assert state_of(platform, old) is PointState.EXPIRING
    change_point(platform, old.point_id, holds=(hold("a court asked for it"),))
    platform.run(minutes=5)
    assert old.point_id in ids(platform)
    assert platform.world.cloud.removed == []


def test_of_a_point_that_is_held_since_its_mark_no_newer_one_is_asked_for() -> None:
    """It is kept for the hold alone: that its successor is lost meanwhile raises no alert about it."""
    platform, (old,) = with_expired()
    newest = max(platform.points(), key=lambda point: point.created_at)
    platform.world.faults.fail("cloud.find_snapshot", HostDied())  # type: ignore[arg-type]
    expire(platform)
    platform.world.cloud.lose_snapshot(newest.snapshot_id)
    change_point(platform, old.point_id, holds=(hold("a court asked for it"),))
    platform.run(minutes=5)
    kept = point_now(platform, old)
    assert (kept.state, kept.expiry_blocked) == (PointState.COMPLETED, None)
    assert events(platform, "RecoveryPoint.ExpiryBlocked") == []


def test_a_point_that_is_being_restored_stays_until_the_restore_has_ended() -> None:
    platform, (old,) = with_expired()
    platform.world.cloud.disk_time = timedelta(minutes=3)
    ask_for_restore(platform, point_id=old.point_id)
    expire(platform, minutes=2)
    assert point_now(platform, old).restoring
    assert platform.world.cloud.removed == []
    platform.run(minutes=12)
    assert jobs(platform, JobOperation.RESTORE)[0].status is JobStatus.COMPLETED
    assert old.point_id not in ids(platform)
    assert platform.world.cloud.removed == [old.snapshot_id]


@pytest.mark.parametrize("strange", [{}, {"owner": "someone"}, {"diskbackup-owner": "diskbackup/1"}])
def test_a_snapshot_whose_tags_do_not_say_that_it_is_ours_is_kept(strange: dict[str, str]) -> None:
    platform, (old,) = with_expired()
    platform.world.cloud.retag(old.snapshot_id, strange)
    expire(platform)
    assert platform.world.cloud.removed == []
    assert "SnapshotNotOurs" in (point_now(platform, old).expiry_blocked or "")
    platform.run(minutes=1)
    assert len(events(platform, "RecoveryPoint.ExpiryBlocked")) == 1


@pytest.mark.parametrize("other", [{"instance_name": "disk-9"}, {"point_id": "0" * 32}])
def test_a_snapshot_of_ours_that_is_another_points_is_kept(other: dict[str, str]) -> None:
    platform, (old,) = with_expired()
    platform.world.cloud.retag(old.snapshot_id, label_of(old, **other).tags())
    expire(platform)
    assert platform.world.cloud.removed == []
    kept = point_now(platform, old)
    assert (kept.state, kept.expiry_job_id) == (PointState.COMPLETED, ""), "what cannot be changed proves it"
    assert "SnapshotNotOurs" in (kept.expiry_blocked or "")


def test_a_point_row_that_cannot_be_read_is_reported_and_the_rest_expires(caplog: pytest.LogCaptureFixture) -> None:
    platform, (spoilt, old) = with_expired(2)
    platform.world.store.corrupt_record(RecoveryPoint, VAULT, "disk-1", spoilt.point_id)
    with caplog.at_level(logging.ERROR):
        expire(platform)
    assert platform.world.cloud.removed == [old.snapshot_id]
    assert spoilt.point_id in caplog.text
    assert platform.failures == []


# --- Locks and missing roles ---


LOCKED = ScopeLocked("409")
ROLE_MISSING = PermissionMissing("403", scope=SNAPSHOT_GROUP.text, role="Disk Snapshot Contributor")


def blocked(refusal: BackupError = LOCKED) -> tuple[Platform, RecoveryPoint]:
    platform, (old,) = with_expired()
    platform.world.cloud.guard = refuse("delete_snapshot", refusal)
    expire(platform)
    return platform, old


@pytest.mark.parametrize("refusal", [LOCKED, ROLE_MISSING], ids=["a lock", "a missing role"])
def test_a_refused_deletion_leaves_a_good_point_with_the_reason_and_tells_once(refusal: BackupError) -> None:
    platform, old = blocked(refusal)
    kept, reason = point_now(platform, old), refusal.code
    assert (kept.state, kept.expiry_job_id) == (PointState.COMPLETED, "")
    assert reason in (kept.expiry_blocked or "")
    assert timedelta(0) <= platform.world.clock.now() + BLOCKED_RETRY - kept.blocked_until <= timedelta(seconds=5)
    assert jobs(platform, JobOperation.EXPIRE)[0].status is JobStatus.COMPLETED_WITH_WARNINGS
    assert jobs(platform, JobOperation.EXPIRE)[0].warnings[0].code == reason
    platform.run(hours=2)
    told = [event.type for event in platform.world.events.published]
    assert told.count("DiskBackup.RecoveryPoint.ExpiryBlocked") == 1, "not even told again under the same id"
    assert events(platform, "Expiry.CompletedWithWarnings") == []
    assert old.point_id in ids(platform)


def test_a_point_that_azure_keeps_and_whose_record_does_not_say_so_is_not_tried_and_goes_in_its_time() -> None:
    platform, (bound, old) = with_expired(2)
    platform.world.cloud.bind_snapshot(bound.snapshot_id, days=3)
    until = platform.world.clock.now() + timedelta(days=3)
    expire(platform)
    assert platform.world.cloud.removed == [old.snapshot_id]
    assert platform.world.faults.count("cloud.delete_snapshot") == 1
    kept = point_now(platform, bound)
    assert (kept.state, kept.immutable_until, kept.expiry_blocked) == (PointState.COMPLETED, until, None)
    assert events(platform, "RecoveryPoint.ExpiryBlocked") == []
    platform.run(hours=1)
    assert len(jobs(platform, JobOperation.EXPIRE)) == 1
    go_to(platform, until, minutes=2)
    assert bound.point_id not in ids(platform)


def test_a_refused_deletion_is_tried_again_each_half_hour_and_no_sooner() -> None:
    platform, _ = blocked()
    before = platform.world.faults.count("cloud.delete_snapshot")
    platform.run(minutes=29)
    assert platform.world.faults.count("cloud.delete_snapshot") == before
    platform.run(minutes=3)
    assert platform.world.faults.count("cloud.delete_snapshot") == before + 1


def test_it_goes_when_the_lock_is_gone() -> None:
    platform, old = blocked()
    platform.world.cloud.guard = lambda call, target: None
    platform.run(minutes=33)
    assert old.point_id not in ids(platform)
    assert platform.world.cloud.removed == [old.snapshot_id]
    assert jobs(platform, JobOperation.EXPIRE)[-1].status is JobStatus.COMPLETED


def test_one_locked_snapshot_does_not_keep_the_others() -> None:
    platform, (locked, other) = with_expired(2)
    platform.world.cloud.locks.add(locked.snapshot_id.lower())
    expire(platform)
    assert platform.world.cloud.removed == [other.snapshot_id]
    (job,) = jobs(platform, JobOperation.EXPIRE)
    assert (job.status, job.details["deleted"]) == (JobStatus.COMPLETED_WITH_WARNINGS, [other.point_id])


# --- For whose sake it goes ---


def without(platform: Platform, point: RecoveryPoint) -> None:
    platform.world.cloud.lose_snapshot(point.snapshot_id)


def made_anew(platform: Platform, point: RecoveryPoint) -> None:
    """Deleted, and another made under its name with its tags."""
    platform.world.cloud._snapshots[point.snapshot_id.lower()].created_at = platform.world.clock.now()


def half_copied(platform: Platform, point: RecoveryPoint) -> None:
    snapshot = platform.world.cloud._snapshots[point.snapshot_id.lower()]
    snapshot.copied_at = platform.world.clock.now() + timedelta(days=1)


@pytest.mark.parametrize("spoil", [without, made_anew, half_copied])
def test_an_expired_point_stays_while_the_newer_ones_snapshot_is_not_certain(spoil: object) -> None:
    platform, (old,) = with_expired()
    newest = max(platform.points(), key=lambda point: point.created_at)
    spoil(platform, newest)  # type: ignore[operator]
    expire(platform)
    assert platform.world.cloud.removed == []
    kept = point_now(platform, old)
    assert kept.state is PointState.COMPLETED, "it was looked at, and is whole"
    assert "NewerPointUncertain" in (kept.expiry_blocked or "")
    assert len(events(platform, "RecoveryPoint.ExpiryBlocked")) == 0
    platform.run(minutes=1)
    assert len(events(platform, "RecoveryPoint.ExpiryBlocked")) == 1


def test_the_newer_point_is_looked_at_once_a_round() -> None:
    platform, old = with_expired(5)
    before = platform.world.faults.count("cloud.find_snapshot")
    expire(platform, seconds=1)
    assert platform.world.faults.count("cloud.find_snapshot") - before == len(old) + 1


def test_a_point_that_came_back_does_not_take_the_place_of_the_newest_certain_one() -> None:
    """Azure refuses to delete the newer of two old points; then the good one that let both go is lost."""
    platform, (certain, refused) = with_expired(2)
    newest = max(platform.points(), key=lambda point: point.created_at)
    platform.world.cloud.locks.add(refused.snapshot_id.lower())
    change_point(platform, certain.point_id, holds=(hold("a court asked for it"),))
    expire(platform)
    assert point_now(platform, refused).state is PointState.COMPLETED
    platform.world.cloud.lose_snapshot(newest.snapshot_id)
    change_point(platform, newest.point_id, state=PointState.LOST)
    change_point(platform, certain.point_id, holds=())
    expire(platform)
    assert ids(platform) >= {certain.point_id, refused.point_id}
    assert platform.world.cloud.removed == []


# --- Observed to its end ---


def test_a_point_is_forgotten_when_azure_has_deleted_its_snapshot_and_no_sooner() -> None:
    platform, (old,) = with_expired()
    platform.world.cloud.deletion_time = timedelta(seconds=20)
    expire(platform, seconds=15)
    assert (state_of(platform, old), point_now(platform, old).deletion_url != "") == (PointState.EXPIRING, True)
    assert jobs(platform, JobOperation.EXPIRE)[0].status is JobStatus.IN_PROGRESS
    assert events(platform, "RecoveryPoint.Expired") == []
    platform.run(seconds=25)
    assert old.point_id not in ids(platform)
    assert jobs(platform, JobOperation.EXPIRE)[0].status is JobStatus.COMPLETED
    assert platform.world.cloud.removed == [old.snapshot_id], "asked once"


def test_a_deletion_that_fails_late_brings_its_point_back_with_the_reason_and_an_alert() -> None:
    platform, (old,) = with_expired()
    platform.world.cloud.fail_deletion_late("InternalExecutionError", "Something went wrong.")
    expire(platform, minutes=1)
    kept = point_now(platform, old)
    assert (kept.state, kept.expiry_job_id, kept.deletion_url) == (PointState.COMPLETED, "", "")
    assert "Something went wrong" in (kept.expiry_blocked or "")
    (job,) = jobs(platform, JobOperation.EXPIRE)
    assert (job.status, job.warnings[0].code) == (JobStatus.COMPLETED_WITH_WARNINGS, "InternalExecutionError")
    assert len(events(platform, "RecoveryPoint.ExpiryBlocked")) == 1
    platform.run(minutes=32)
    assert old.point_id not in ids(platform), "tried again, and well this time"


def test_a_snapshot_that_shows_its_failed_deletion_is_no_good_point_and_is_deleted_later() -> None:
    platform, (old,) = with_expired()
    platform.world.cloud.failed_deletion_shows = True
    platform.world.cloud.fail_deletion_late()
    expire(platform, minutes=1)
    kept = point_now(platform, old)
    assert (kept.state, bool(kept.expiry_blocked)) == (PointState.EXPIRING, True)
    platform.run(minutes=32)
    assert old.point_id not in ids(platform)
    assert platform.world.cloud.removed == [old.snapshot_id] * 2


def test_a_deletion_that_fails_late_keeps_the_instance_that_is_being_deleted() -> None:
    platform = backed_up()
    platform.world.cloud.fail_deletion_late()
    delete(platform)
    platform.run(minutes=5)
    assert platform.has_instance("disk-1")
    assert [job.status for job in jobs(platform, JobOperation.DELETE)] == [JobStatus.IN_PROGRESS]
    platform.run(minutes=32)
    assert (platform.has_instance("disk-1"), platform.world.cloud.snapshot_ids()) == (False, [])
    assert [job.status for job in jobs(platform, JobOperation.DELETE)] == [JobStatus.COMPLETED]


@pytest.mark.parametrize("seconds", [1, 20])
def test_an_operation_that_azure_has_forgotten_is_told_by_the_snapshot(seconds: int) -> None:
    platform, (old,) = with_expired()
    platform.world.cloud.deletion_time = timedelta(seconds=20)
    expire(platform, seconds=seconds)
    platform.world.cloud.forget_operations()
    platform.run(minutes=7)
    assert old.point_id not in ids(platform)
    assert platform.world.cloud.removed == [old.snapshot_id]


@pytest.mark.parametrize("shows", [False, True])
def test_a_deletion_that_azure_forgot_to_make_is_asked_for_again(shows: bool) -> None:
    platform, (old,) = with_expired()
    platform.world.cloud.failed_deletion_shows = shows
    platform.world.cloud.fail_deletion_late()
    expire(platform, seconds=1)
    platform.world.cloud.forget_operations()
    platform.run(minutes=1)
    assert old.point_id not in ids(platform)
    assert platform.world.cloud.removed == [old.snapshot_id] * 2


def test_a_snapshot_that_is_not_found_for_some_minutes_does_not_let_its_point_be_forgotten() -> None:
    platform, (old,) = with_expired()
    platform.world.cloud.read_lag = timedelta(days=60)
    expire(platform, minutes=4)
    assert point_now(platform, old).absent_since is not None
    platform.world.cloud.read_lag = timedelta(0)
    platform.run(minutes=2)
    assert old.point_id not in ids(platform)
    assert platform.world.cloud.removed == [old.snapshot_id]


def test_a_subscription_that_cannot_be_read_lets_no_point_be_forgotten() -> None:
    platform, (old,) = with_expired()
    platform.world.cloud.denied[SNAPSHOT_GROUP.key] = "SubscriptionNotFound"
    expire(platform, minutes=20)
    assert old.point_id in ids(platform)
    platform.world.cloud.denied.clear()
    platform.run(minutes=16)
    assert old.point_id not in ids(platform)
    assert platform.world.cloud.snapshot_ids() == [point.snapshot_id for point in platform.points()]


# --- What comes back ---


def test_a_stop_between_mark_and_deletion_brings_every_point_back_and_cancels_the_job() -> None:
    platform, old = with_expired(2)
    platform.world.faults.fail("cloud.delete_snapshot", Throttled("busy", retry_after_seconds=60))
    expire(platform)
    assert {point.state for point in platform.points()} == {PointState.COMPLETED, PointState.EXPIRING}
    stop_protection(platform.world.ports, VAULT, "disk-1")
    platform.run(minutes=3)
    assert {point.state for point in platform.points()} == {PointState.COMPLETED}
    (job,) = jobs(platform, JobOperation.EXPIRE)
    assert (job.status, {warning.code for warning in job.warnings}) == (JobStatus.CANCELLED, {"RecoveryPointKept"})
    assert all(point_now(platform, point).expiry_blocked is None for point in old)
    assert platform.world.cloud.removed == []
    assert events(platform, "RecoveryPoint.ExpiryBlocked") == []


def test_a_stop_after_a_host_died_over_a_deletion_tells_what_went_and_keeps_the_rest() -> None:
    platform, old = with_expired(3)
    platform.world.faults.fail("cloud.delete_snapshot", HostDied(), after=True)  # type: ignore[arg-type]
    expire(platform)
    with pytest.raises(DeletionUnderWay):
        stop_protection(platform.world.ports, VAULT, "disk-1")
    platform.run(minutes=7)
    stop_protection(platform.world.ports, VAULT, "disk-1")
    (job,) = jobs(platform, JobOperation.EXPIRE)
    assert (job.status, job.details["deleted"]) == (JobStatus.COMPLETED_WITH_WARNINGS, [old[0].point_id])
    assert {point.state for point in platform.points()} == {PointState.COMPLETED}
    assert len(platform.world.cloud.removed) == 1
    assert [event.content["recoveryPointId"] for event in events(platform, "RecoveryPoint.Expired")] == [
        old[0].point_id
    ]


@pytest.mark.parametrize("spoil", [made_anew, half_copied])
def test_a_marked_point_whose_snapshot_is_not_certain_does_not_come_back_as_a_good_one(spoil: object) -> None:
    platform, (old,) = with_expired()
    platform.world.faults.fail("cloud.delete_snapshot", Throttled("busy", retry_after_seconds=60))
    expire(platform)
    spoil(platform, old)  # type: ignore[operator]
    stop_protection(platform.world.ports, VAULT, "disk-1")
    platform.run(minutes=3)
    kept = point_now(platform, old)
    assert (kept.state, kept.expiry_job_id, bool(kept.expiry_blocked)) == (PointState.EXPIRING, "", True)
    assert [job.is_ended for job in jobs(platform, JobOperation.EXPIRE)] == [True]
    snapshot = platform.world.cloud._snapshots[old.snapshot_id.lower()]
    snapshot.created_at, snapshot.copied_at = old.created_at, snapshot.ready_at
    platform.run(minutes=33)
    assert state_of(platform, old) is PointState.COMPLETED, "looked at again, and sound by now"
    assert platform.world.cloud.removed == []


def test_points_that_an_earlier_release_left_marked_under_a_stopped_instance_come_back() -> None:
    platform, (old,) = with_expired()
    change_instance(platform, state=ProtectionState.STOPPED)
    change_point(platform, old.point_id, state=PointState.EXPIRING, expiry_job_id="long-gone")
    platform.world.store.unschedule(platform.agenda(AgendaKind.EXPIRY))
    reconcile(platform.world.ports)
    platform.run(minutes=3)
    assert (state_of(platform, old), point_now(platform, old).expiry_job_id) == (PointState.COMPLETED, "")
    assert all(job.is_ended for job in jobs(platform, JobOperation.EXPIRE))


def test_an_expiry_that_nobody_scheduled_is_looked_after_all_the_same() -> None:
    """Its message is lost with its host: the agenda's row was written before the first mark."""
    platform, (old,) = with_expired()
    platform.world.store.unschedule(platform.agenda(AgendaKind.EXPIRY))
    platform.world.faults.fail("cloud.delete_snapshot", HostDied())  # type: ignore[arg-type]
    expire(platform, seconds=1)
    platform.lose_messages()
    platform.run(minutes=4)
    assert old.point_id not in ids(platform)


def test_a_run_that_froze_past_the_end_of_its_permit_asks_for_nothing_more() -> None:
    platform, old = with_expired(3)
    seen = []

    def freeze(call: str, target: str) -> None:
        if call == "find_snapshot" and target == old[1].snapshot_id and not seen:
            seen.append(target)
            platform.world.clock.advance(minutes=11)
            stop_protection(platform.world.ports, VAULT, "disk-1")

    platform.world.cloud.guard = freeze
    expire(platform, seconds=1)
    assert seen
    assert platform.world.cloud.removed == [old[0].snapshot_id]
    platform.run(minutes=3)
    assert platform.world.cloud.removed == [old[0].snapshot_id]
    assert {point.state for point in platform.points()} == {PointState.COMPLETED}
    assert all(job.is_ended for job in jobs(platform, JobOperation.EXPIRE))


# --- Struck down in the middle ---


def test_throttled_in_mid_round_the_same_job_goes_on() -> None:
    platform, _ = with_expired(6)
    platform.world.faults.fail("cloud.find_snapshot", Throttled("busy", retry_after_seconds=400), times=3)
    lookout = expiry_row(VAULT, "disk-1", platform.world.clock.now())
    platform.world.store.schedule([lookout])
    platform.run(minutes=25)
    (job,) = jobs(platform, JobOperation.EXPIRE)
    assert (job.status, job.retry_count, len(job.details["deleted"])) == (JobStatus.COMPLETED, 0, 6)
    assert len(platform.world.cloud.removed) == 6
    assert len(sent(platform, ExpirePoints)) == 5, "the sweep must not add to a wait that was planned"
    assert len(events(platform, "Expiry.Completed")) == 1


def test_a_round_that_was_cut_short_tells_what_it_deleted_when_the_rest_is_locked() -> None:
    platform, old = with_expired(2)
    platform.world.faults.fail("cloud.delete_snapshot", CloudUnavailable("503"), after=True)
    platform.world.cloud.locks.add(old[1].snapshot_id.lower())
    expire(platform, minutes=7)
    assert len(events(platform, "Expiry.CompletedWithWarnings")) == 1


def test_faults_that_pass_count_as_retries_of_the_job() -> None:
    platform, _ = with_expired(2)
    platform.world.faults.fail("cloud.delete_snapshot", CloudUnavailable("503"), times=2)
    expire(platform, minutes=1)
    (job,) = jobs(platform, JobOperation.EXPIRE)
    assert (job.status, job.retry_count) == (JobStatus.COMPLETED, 2)


@pytest.mark.parametrize("call", ["store.commit", "cloud.delete_snapshot"])
@pytest.mark.parametrize("after", [False, True])
def test_a_death_between_mark_and_deletion_or_deletion_and_forgetting_is_made_good(call: str, after: bool) -> None:
    platform, (old,) = with_expired()
    platform.world.faults.fail(call, HostDied(), after=after)  # type: ignore[arg-type]
    expire(platform, minutes=12)
    assert old.point_id not in ids(platform)
    assert platform.world.cloud.removed == [old.snapshot_id]
    assert [job.status for job in jobs(platform, JobOperation.EXPIRE)] == [JobStatus.COMPLETED]
    assert len(events(platform, "RecoveryPoint.Expired")) == 1


def test_a_death_between_deletion_and_forgetting_leaves_a_point_that_nobody_can_restore() -> None:
    platform, (old,) = with_expired()
    platform.world.faults.fail("cloud.delete_snapshot", HostDied(), after=True)  # type: ignore[arg-type]
    expire(platform)
    assert state_of(platform, old) is PointState.EXPIRING


def test_an_expiry_of_an_instance_that_is_gone_clears_its_row() -> None:
    platform = protected()
    platform.world.store.schedule([expiry_row(VAULT, "disk-9", SLOT)])
    platform.run(minutes=3)
    assert platform.agenda(AgendaKind.EXPIRY) == [
        row for row in platform.agenda(AgendaKind.EXPIRY) if row.instance_name == "disk-1"
    ]
    assert platform.world.cloud.removed == []


# --- The whole instance goes ---


def delete(platform: Platform) -> None:
    assert delete_instance(platform.world.ports, VAULT, "disk-1") is not None


def test_a_deleted_instance_takes_all_its_points_with_it_the_newest_too() -> None:
    platform, _ = with_expired(3)
    delete(platform)
    platform.run(seconds=40)
    assert (platform.has_instance("disk-1"), platform.points(), platform.world.cloud.snapshot_ids()) == (False, [], [])
    (job,) = jobs(platform, JobOperation.DELETE)
    assert job.status is JobStatus.COMPLETED
    assert len(events(platform, "Protection.Deleted")) == 1


@pytest.mark.parametrize(("takes", "soon"), [(30, 15), (20 * 60, 10 * 60)])
def test_a_deletion_waits_for_the_running_backup_takes_its_point_too_and_comes_soon_after(
    takes: float, soon: float
) -> None:
    platform = protected()
    platform.world.cloud.snapshot_time = timedelta(seconds=takes)
    platform.run(seconds=10)
    delete(platform)
    platform.run(seconds=0.7 * takes)
    assert platform.has_instance("disk-1")
    assert len(sent(platform, ExpirePoints)) < 20, "waiting must not breed messages"
    platform.run(seconds=0.3 * takes + soon)
    assert (platform.has_instance("disk-1"), platform.world.cloud.snapshot_ids()) == (False, [])
    assert [job.status for job in jobs(platform)] == [JobStatus.COMPLETED]


def test_a_deletion_with_a_locked_snapshot_stays_open_until_the_lock_is_gone() -> None:
    platform = backed_up()
    platform.world.cloud.locks.add(SNAPSHOT_GROUP.key)
    delete(platform)
    platform.run(hours=2)
    assert platform.has_instance("disk-1")
    assert [job.status for job in jobs(platform, JobOperation.DELETE)] == [JobStatus.IN_PROGRESS]
    platform.world.cloud.locks.clear()
    platform.run(minutes=35)
    assert not platform.has_instance("disk-1")
    assert [job.status for job in jobs(platform, JobOperation.DELETE)] == [JobStatus.COMPLETED]


def test_a_deletion_keeps_what_is_held() -> None:
    """One that had been accepted before."""
    platform, (old,) = with_expired()
    delete(platform)
    change_point(platform, old.point_id, holds=(hold("a court asked for it"),))
    platform.run(hours=1)
    assert platform.has_instance("disk-1")
    assert ids(platform) == {old.point_id}
    assert old.snapshot_id in platform.world.cloud.snapshot_ids()


def test_a_deletion_touches_no_other_disk() -> None:
    platform = backed_up("disk-1", "disk-2")
    stranger = platform.world.cloud.add_snapshot(
        f"{SNAPSHOT_GROUP.text}/providers/Microsoft.Compute/snapshots/mine",
        source=platform.world.cloud.add_disk(disk_json("disk-3")),
    )
    delete(platform)
    platform.run(minutes=1)
    assert len(platform.points("disk-2")) == 1
    assert {stranger.id, platform.points("disk-2")[0].snapshot_id} == set(platform.world.cloud.snapshot_ids())


def test_a_deleted_instance_is_due_no_more() -> None:
    platform = backed_up()
    delete(platform)
    go_to(platform, SLOT + HOUR, minutes=1)
    assert platform.agenda(AgendaKind.BACKUP) == []
    go_to(platform, SLOT + timedelta(days=8), minutes=1)
    assert platform.agenda(AgendaKind.EXPIRY) == []
    assert len(platform.world.cloud.taken) == 1


def test_what_an_earlier_turn_deleted_is_told_though_the_last_one_deleted_nothing() -> None:
    platform, (first, second) = with_expired(2)
    platform.world.cloud.guard = refuse("delete_snapshot", CloudUnavailable("503"), at=second.snapshot_id)
    expire(platform, seconds=2)
    platform.world.cloud.guard = refuse("delete_snapshot", LOCKED, at=second.snapshot_id)
    platform.run(minutes=2)
    (job,) = jobs(platform, JobOperation.EXPIRE)
    assert (job.status, job.details["deleted"]) == (JobStatus.COMPLETED_WITH_WARNINGS, [first.point_id])
    assert len(events(platform, "Expiry.CompletedWithWarnings")) == 1

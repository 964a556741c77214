"""After the answer, no deletion: whatever is configured in the midst of whatever call of an expiry.

An expiry of three points is interrupted at each of its port calls in turn by each configuration. A client that is told
that a deletion is under way asks again, as its poller would. Once it is told yes, nothing more may be asked of the
cloud; and nothing stays marked, no job without an end.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache

import pytest

from backup_core.domain.errors import BackupError, CloudUnavailable, ResourceInUse, Throttled
from backup_core.domain.instance import ProtectionState
from backup_core.domain.job import Job, JobOperation
from backup_core.domain.messages import ExpirePoints
from backup_core.domain.recovery_point import PointState
from backup_core.domain.restore import RestoreRequest
from backup_core.workflows.deletion import DeletionUnderWay
from backup_core.workflows.holds import Place, set_hold
from backup_core.workflows.lifecycle import delete_instance, stop_protection, suspend_backups, undelete_instance
from backup_core.workflows.protection import resume_protection
from backup_core.workflows.restore import request_restore
from backup_core.workflows.retention import expire_points
from backup_core.workflows.vaults import put_vault
from tests.builders import TARGET_GROUP, VAULT, disk_id, hold, vault, vault_properties
from tests.workflows.platform import HostDied, Platform
from tests.workflows.proofs import Moment, moments
from tests.workflows.scenes import HOUR, SLOT, add_point, backed_up, events, jobs

NAME = "disk-1"
LONG_AGO = SLOT - timedelta(days=30)
ABSENCE_IS_BELIEVED = 8  # minutes: what a lost answer deleted is believed gone after two looks, five minutes apart


def expiring() -> Platform:
    return _prepared().copy()


@cache
def _prepared() -> Platform:
    """A disk with a good point and three that expired long ago, in a vault with soft delete; an expiry is due."""
    platform = backed_up()
    for number in range(3):
        add_point(platform, LONG_AGO + number * HOUR)
    with platform.world.faults.paused():
        put_vault(platform.world.ports, vault(properties=vault_properties(soft_delete="On", days=14)))
        platform.world.queue.send(ExpirePoints(vault=VAULT, instance_name=NAME, due_at=platform.world.clock.now()))
    return platform


def stop(platform: Platform) -> None:
    stop_protection(platform.world.ports, VAULT, NAME)


def soft_delete(platform: Platform) -> None:
    delete_instance(platform.world.ports, VAULT, NAME)


def soft_delete_and_undelete(platform: Platform) -> None:
    if not platform.instance().is_deleted and platform.instance().state is not ProtectionState.STOPPED:
        with suppress(DeletionUnderWay):  # deleted as asked
            soft_delete(platform)
    if platform.instance().is_deleted:
        undelete_instance(platform.world.ports, VAULT, NAME)
    else:
        stop(platform)  # asks again


def suspend_and_stop(platform: Platform) -> None:
    if platform.instance().state is not ProtectionState.STOPPED:
        suspend_backups(platform.world.ports, VAULT, NAME)
    stop(platform)


def stop_resume_and_stop(platform: Platform) -> None:
    if platform.instance().state is not ProtectionState.STOPPED:
        with suppress(DeletionUnderWay):  # stopped as asked
            stop(platform)
        resume_protection(platform.world.ports, VAULT, NAME)
    stop(platform)


PROMISES: dict[str, Callable[[Platform], None]] = {
    "stop": stop,
    "soft delete": soft_delete,
    "soft delete, undelete": soft_delete_and_undelete,
    "suspend, stop": suspend_and_stop,
    "stop, resume, stop": stop_resume_and_stop,
}


def nothing_happens(platform: Platform) -> None:
    """All goes well."""


def throttled(platform: Platform) -> None:
    platform.world.faults.fail("cloud.delete_snapshot", Throttled("busy", retry_after_seconds=20))


def answer_lost(platform: Platform) -> None:
    platform.world.faults.fail("cloud.delete_snapshot", CloudUnavailable("timed out"), after=True)


def host_dies(platform: Platform) -> None:
    platform.world.faults.fail("cloud.delete_snapshot", HostDied(), after=True)  # type: ignore[arg-type]


def slow(platform: Platform) -> None:
    platform.world.cloud.deletion_time = timedelta(seconds=25)


def fails_late(platform: Platform) -> None:
    platform.world.cloud.fail_deletion_late()


TROUBLES = [throttled, answer_lost, host_dies, slow, fails_late]


@dataclass
class Client:
    """Asks for a change until it is told yes; notes what had been asked of the cloud by then, and when it first asked.

    What it asks for is made the first time it asks: from then on at most the one deletion goes that is on its way.
    """

    platform: Platform
    change: Callable[[Platform], None]
    removed: list[str] | None = None
    removed_before: list[str] | None = None
    refusals: list[BackupError] = field(default_factory=list)

    def ask(self) -> None:
        if self.removed is not None:
            return
        with self.platform.world.faults.paused():
            if self.removed_before is None:
                self.removed_before = list(self.platform.world.cloud.removed)
            try:
                self.change(self.platform)
            except DeletionUnderWay as late:
                self.refusals.append(late)
            else:
                self.removed = list(self.platform.world.cloud.removed)


@cache
def moments_of(trouble: Callable[[Platform], None]) -> list[Moment]:
    platform = expiring()
    trouble(platform)
    found = moments(platform, run)
    assert any(each.call == "cloud.delete_snapshot" for each in found), "an expiry that deletes nothing is none"
    return found


def run(platform: Platform) -> None:
    platform.run(seconds=45)


def told_yes(client: Client) -> None:
    """Asks every second."""
    for _ in range(140):
        client.ask()
        if client.removed is not None:
            return
        client.platform.run(seconds=1)


CASES = [(promise, nothing_happens) for promise in PROMISES]
CASES += [(promise, trouble) for promise in ("stop", "soft delete, undelete") for trouble in TROUBLES]


@pytest.mark.parametrize(("promise", "trouble"), CASES)
def test_after_the_answer_nothing_is_deleted(promise: str, trouble: Callable[[Platform], None]) -> None:
    late = 0
    for moment in moments_of(trouble):
        platform = moment.platform()
        client = Client(platform, PROMISES[promise])
        platform.world.faults.interrupt_nth(moment.nth, client.ask)
        platform.run(seconds=1)
        told_yes(client)
        platform.run(minutes=2)
        platform.world.faults.clear()
        platform.run(minutes=ABSENCE_IS_BELIEVED)
        where = f"interrupted at call {moment.number}, {moment.call}"
        assert client.removed is not None, f"never told yes: {where}"
        assert platform.world.cloud.removed == client.removed, f"deleted after the answer: {where}"
        assert len(client.removed) - len(client.removed_before or []) <= 1, f"more than one was on its way: {where}"
        check_nothing_is_stranded(platform, where)
        late += bool(client.refusals)
    assert late, "no interruption fell between a permit and its end"


def check_nothing_is_stranded(platform: Platform, where: str) -> None:
    snapshots = {snapshot.lower() for snapshot in platform.world.cloud.snapshot_ids()}
    for point in platform.points():
        assert point.state is PointState.COMPLETED, f"{point.state}: {where}"
        assert (point.expiry_job_id, point.deletion_asked_at) == ("", None), f"still marked: {where}"
        assert point.snapshot_id.lower() in snapshots, f"a point without its snapshot: {where}"
    assert len(snapshots) == len(platform.points()), f"a snapshot without its point: {where}"
    assert all(job.is_ended for job in jobs(platform, JobOperation.EXPIRE)), f"a job without an end: {where}"
    assert platform.failures == [], where
    assert platform.instance().deletes_until(platform.world.clock.now()) is None, where


def test_a_hold_that_was_answered_keeps_its_point() -> None:
    """At each call of an expiry; asked again until nothing is on its way."""
    for moment in moments_of(nothing_happens):
        platform = moment.platform()
        held = LONG_AGO + HOUR

        def keep(platform: Platform) -> None:
            for each in [point for point in platform.points() if point.created_at == held]:  # noqa: B023
                try:
                    set_hold(
                        platform.world.ports, Place(vault=VAULT, instance=NAME, point=each.point_id), hold("a court")
                    )
                except DeletionUnderWay:
                    raise
                except ResourceInUse:  # told no: Azure is deleting it
                    continue

        client = Client(platform, keep)
        platform.world.faults.interrupt_nth(moment.nth, client.ask)
        platform.run(seconds=1)
        told_yes(client)
        platform.run(minutes=2)
        assert client.removed is not None
        gone = len(platform.world.cloud.removed) - len(client.removed)
        wanted = [point for point in platform.points() if point.created_at == held]
        assert all(point.state is PointState.COMPLETED for point in wanted), f"call {moment.number}"
        assert gone == 0 or wanted, f"deleted after the hold: call {moment.number}"


@pytest.mark.parametrize("trouble", [nothing_happens, throttled, answer_lost, slow, fails_late])
def test_two_expiry_messages_at_once_do_what_one_does(trouble: Callable[[Platform], None]) -> None:
    """An ended job stays ended and keeps its list; each point is told once, and no alert is raised for one gone."""
    for moment in moments_of(trouble):
        platform, where = moment.platform(), f"call {moment.number}, {moment.call}"
        message = ExpirePoints(vault=VAULT, instance_name=NAME, due_at=platform.world.clock.now())
        ended: dict[str, Job] = {}

        def another(platform: Platform = platform, message: ExpirePoints = message) -> None:
            expire_points(platform.world.ports, message)

        platform.world.faults.interrupt_nth(moment.nth, another)
        for _ in range(45):
            platform.run(seconds=3)
            now = {job.job_id: job for job in jobs(platform, JobOperation.EXPIRE) if job.is_ended}
            assert {job_id: now.get(job_id) for job_id in ended} == ended, f"an ended job changed: {where}"
            ended = now
        platform.run(minutes=35)
        deleted = [point_id for job in jobs(platform, JobOperation.EXPIRE) for point_id in job.details["deleted"]]
        assert len(deleted) == len(set(deleted)) == 3, where
        assert len(events(platform, "RecoveryPoint.Expired")) == 3, where
        blocked = events(platform, "RecoveryPoint.ExpiryBlocked")
        assert len(blocked) == (1 if trouble is fails_late else 0), where
        check_nothing_is_stranded(platform, where)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_what_a_stop_leaves_can_be_restored(trouble: Callable[[Platform], None]) -> None:
    platform = expiring()
    trouble(platform)
    platform.run(seconds=1)
    told_yes(Client(platform, stop))
    platform.run(minutes=ABSENCE_IS_BELIEVED)
    check_nothing_is_stranded(platform, trouble.__name__)
    for number, point in enumerate(platform.points()):
        wanted = RestoreRequest(point_id=point.point_id, target_disk_id=disk_id(f"restored-{number}", TARGET_GROUP))
        request_restore(platform.world.ports, VAULT, NAME, wanted)
    platform.run(minutes=1)
    assert len(platform.world.cloud.made_disks) == len(platform.points()) >= 1

"""Messages that nobody can read, and steps that fail for no foreseen reason: five tries, an event, and no storm."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backup_core.domain.agenda import AgendaKind
from backup_core.domain.errors import CloudUnavailable
from backup_core.domain.instance import BackupInstance, ProtectionState
from backup_core.domain.job import Job, JobOperation, JobStatus
from backup_core.domain.messages import (
    BACKUP,
    QUEUES,
    REQUESTS,
    RETENTION,
    ConfigureProtection,
    ExpirePoints,
    Message,
    ObserveBackup,
    ObserveRestore,
    StartBackup,
    StartRestore,
    encode,
)
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.workflows.job_kinds import give_up
from backup_core.workflows.protection import configure_instance
from tests.builders import VAULT, disk_json
from tests.fakes import World
from tests.workflows.platform import TRIES, Platform, request
from tests.workflows.scenes import (
    HOUR,
    SLOT,
    ask_for_backup,
    ask_for_restore,
    backed_up,
    events,
    go_to,
    jobs,
    protected,
    sent,
)

NONSENSE = [
    "",
    "nonsense",
    "[]",
    "null",
    "{}",
    '{"version": 99}',
    '{"version": 1, "vault": "x", "instance_name": 3}',
    "\ud800",
    b"\xff\xfe\x00",
]


@pytest.mark.parametrize("queue", QUEUES)
@pytest.mark.parametrize("text", NONSENSE)
def test_what_nobody_can_read_becomes_an_event_and_no_job(queue: str, text: str | bytes) -> None:
    world = World()
    give_up(world.ports, queue, text)
    assert world.events.types() == ["DiskBackup.Message.Poisoned"]
    assert queue in world.events.published[0].subject
    assert world.queue.sent == []


def test_two_unreadable_messages_are_two_events_and_one_twice_is_one() -> None:
    world = World()
    for text in ("one", "two", "two"):
        give_up(world.ports, BACKUP, text)
        world.clock.advance(seconds=10)
    assert len(world.events.distinct) == 2


def test_giving_up_waits_for_no_topic() -> None:
    platform = Platform()
    platform.world.faults.fail("events.publish", CloudUnavailable("503"))
    give_up(platform.world.ports, BACKUP, "nonsense")
    assert platform.world.events.types() == []
    platform.run(minutes=2)
    assert platform.world.events.types() == ["DiskBackup.Message.Poisoned"]


def assert_failed(job: Job) -> None:
    assert (job.status, job.error.code) == (JobStatus.FAILED, "StepGivenUp")
    assert job.error.recommended_action


@pytest.mark.parametrize("kind", [StartBackup, ObserveBackup])
def test_a_running_backup_that_was_given_up_is_failed_and_frees_its_instance(kind: type[Message]) -> None:
    platform = protected()
    platform.world.cloud.snapshot_time = timedelta(minutes=2)
    platform.run(seconds=10)
    assert platform.instance().active is not None
    give_up(platform.world.ports, BACKUP, encode(sent(platform, kind)[0]))
    assert platform.instance().active is None
    assert_failed(jobs(platform)[0])
    platform.run(seconds=30)
    assert len(events(platform, "Job.Failed")) == len(events(platform, "Message.Poisoned")) == 1
    platform.world.cloud.snapshot_time = timedelta(seconds=1)
    go_to(platform, SLOT + HOUR)
    assert SLOT + HOUR in {point.slot for point in platform.points()}


def test_a_scheduled_backup_that_never_began_leaves_a_failed_job_for_its_slot() -> None:
    platform = protected()
    platform.world.faults.fail("cloud.get_disk", RuntimeError("a fault of ours"), times=2 * TRIES)  # the watch's too
    platform.run(minutes=10)
    (job,) = jobs(platform)
    assert_failed(job)
    assert job.slot == SLOT
    assert platform.agenda(AgendaKind.WATCH) == []
    go_to(platform, SLOT + HOUR)
    assert [point.slot for point in platform.points()] == [SLOT + HOUR]


def test_a_fault_of_ours_that_stays_makes_no_storm() -> None:
    platform = protected()
    platform.world.faults.fail("cloud.get_disk", RuntimeError("a fault of ours"), times=1000)
    platform.run(minutes=50)
    assert len(platform.failures) <= 2 * TRIES
    assert len(platform.poisoned) <= 2


def test_a_fault_that_passes_within_five_tries_gives_nothing_up() -> None:
    platform = protected()
    platform.world.faults.fail("cloud.get_disk", RuntimeError("a fault of ours"), times=TRIES - 1)
    platform.run(minutes=2)
    assert platform.poisoned == []
    assert [point.slot for point in platform.points()] == [SLOT]


@pytest.mark.parametrize("kind", [StartRestore, ObserveRestore])
def test_a_restore_that_was_given_up_is_failed_and_lets_go_of_its_point(kind: type[Message]) -> None:
    platform = backed_up()
    platform.world.cloud.disk_time = timedelta(minutes=2)
    ask_for_restore(platform)
    platform.run(seconds=5)
    give_up(platform.world.ports, BACKUP, encode(sent(platform, kind)[0]))
    assert_failed(jobs(platform, JobOperation.RESTORE)[0])
    assert platform.points()[0].restoring == ()
    platform.run(minutes=5)
    assert len(events(platform, "Restore.Failed")) == 1


def test_a_configuration_that_was_given_up_leaves_an_instance_in_error() -> None:
    platform = protected("disk-2")
    platform.world.cloud.add_disk(disk_json("disk-1"))
    configure_instance(platform.world.ports, VAULT, request("disk-1", policy_name="policy-disk-2"))
    give_up(platform.world.ports, REQUESTS, encode(sent(platform, ConfigureProtection)[-1]))
    instance = platform.instance("disk-1")
    assert (instance.state, instance.error.code) == (ProtectionState.ERROR, "StepGivenUp")
    assert_failed(jobs(platform, JobOperation.CONFIGURE)[-1])
    assert platform.instance("disk-2").state is ProtectionState.CONFIGURED


@pytest.mark.parametrize("kind", [StartBackup, ObserveBackup])
def test_a_job_that_ended_meanwhile_stays_as_it_ended(kind: type[Message]) -> None:
    platform = backed_up()
    give_up(platform.world.ports, BACKUP, encode(sent(platform, kind)[0]))
    assert [job.status for job in jobs(platform)] == [JobStatus.COMPLETED]
    assert len(platform.points()) == 1
    assert events(platform, "Job.Failed") == []


def test_another_jobs_hold_on_the_instance_is_left_alone() -> None:
    platform = backed_up()
    old = sent(platform, StartBackup)[0]
    platform.world.cloud.snapshot_time = timedelta(minutes=2)
    go_to(platform, SLOT + HOUR, seconds=5)
    give_up(platform.world.ports, BACKUP, encode(old))
    assert platform.instance().active is not None


def test_an_expiry_that_was_given_up_is_told_of_and_comes_again_by_itself() -> None:
    platform = backed_up()
    message = ExpirePoints(vault=VAULT, instance_name="disk-1", due_at=SLOT)
    give_up(platform.world.ports, RETENTION, encode(message))
    assert platform.world.events.types()[-1] == "DiskBackup.Message.Poisoned"
    assert jobs(platform, JobOperation.EXPIRE) == []
    assert platform.agenda(AgendaKind.EXPIRY)


@pytest.mark.parametrize("kind", [StartBackup, ObserveBackup, ExpirePoints, ConfigureProtection])
def test_giving_up_over_a_record_that_cannot_be_read_raises_nothing(kind: type[Message]) -> None:
    platform = protected()
    platform.world.cloud.snapshot_time = timedelta(minutes=2)
    platform.run(seconds=10)
    for job in platform.jobs():
        platform.world.store.corrupt_record(Job, VAULT, job.job_id)
    platform.world.store.corrupt_record(BackupInstance, VAULT, "disk-1")
    message = (
        sent(platform, kind)[0]
        if kind is not ExpirePoints
        else ExpirePoints(vault=VAULT, instance_name="disk-1", due_at=SLOT)
    )
    give_up(platform.world.ports, BACKUP, encode(message))
    assert platform.world.events.types()[-1] == "DiskBackup.Message.Poisoned"


def test_giving_up_a_restore_whose_point_cannot_be_read_still_fails_the_job() -> None:
    platform = backed_up()
    (point,) = platform.points()
    ask_for_restore(platform)
    platform.world.store.corrupt_record(RecoveryPoint, VAULT, "disk-1", point.point_id)
    give_up(platform.world.ports, REQUESTS, encode(sent(platform, StartRestore)[0]))
    assert_failed(jobs(platform, JobOperation.RESTORE)[0])


def test_a_corrupt_instance_gets_five_tries_a_failed_job_and_an_event_and_the_others_go_on() -> None:
    platform = protected("disk-1", "disk-2")
    platform.world.store.corrupt_record(BackupInstance, VAULT, "disk-1")
    platform.run(minutes=30)
    (poisoned,) = platform.poisoned
    assert poisoned.message.instance_name == "disk-1"
    assert sum(failure.startswith("StartBackup") for failure in platform.failures) == TRIES
    (job,) = jobs(platform, name="disk-1")
    assert_failed(job)
    assert job.slot == SLOT
    assert len(events(platform, "Message.Poisoned")) == 1
    assert [point.slot for point in platform.points("disk-2")] == [SLOT]
    go_to(platform, SLOT + HOUR, minutes=1)
    assert len(platform.points("disk-2")) == 2


def test_a_message_that_a_stranger_wrote_reaches_the_poison_queue_and_the_others_go_on() -> None:
    platform = Platform()
    platform.world.clock.set(SLOT - timedelta(seconds=10))
    platform.protect("disk-1", intervals=("R/2026-03-01T00:00:00+00:00/PT1H",))
    platform.world.queue.put_text(BACKUP, "nonsense")
    platform.run(minutes=2)
    assert [envelope.text for envelope in platform.poisoned] == ["nonsense"]
    assert len(events(platform, "Message.Poisoned")) == 1
    assert [point.slot for point in platform.points()] == [SLOT]


def test_a_waiting_job_that_was_given_up_does_not_free_the_instance_from_the_running_one() -> None:
    platform = protected()
    platform.world.cloud.snapshot_time = timedelta(minutes=5)
    platform.run(seconds=10)
    waiting = ask_for_backup(platform)
    give_up(platform.world.ports, BACKUP, encode(sent(platform, StartBackup)[-1]))
    assert_failed(next(job for job in jobs(platform) if job.job_id == waiting.job_id))
    assert platform.instance().active.job.slot == SLOT


def test_an_earlier_configuration_that_was_given_up_does_not_spoil_the_later_one() -> None:
    platform = protected("disk-2")
    platform.world.cloud.add_disk(disk_json("disk-1"))
    configure_instance(platform.world.ports, VAULT, request("disk-1", policy_name="policy-disk-2"))
    earlier = sent(platform, ConfigureProtection)[-1]
    configure_instance(platform.world.ports, VAULT, request("disk-1", policy_name="policy-disk-2"))
    give_up(platform.world.ports, REQUESTS, encode(earlier))
    assert platform.instance("disk-1").state is ProtectionState.UPDATING
    platform.run(seconds=3)
    assert platform.instance("disk-1").state is ProtectionState.CONFIGURED

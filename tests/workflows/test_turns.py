"""Telling of what happened: an event that the topic refuses waits, is told later under its id, and stops nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from backup_core.domain.errors import BackupError, CloudUnavailable, MessageMalformed, PermissionMissing, Throttled
from backup_core.domain.instance import BackupInstance
from backup_core.domain.job import JobStatus
from backup_core.domain.messages import ConfigureProtection, PublishEvents, StartBackup
from backup_core.ports import Event, Replace
from backup_core.workflows.alerts import read_events, write_events
from backup_core.workflows.turns import (
    EVENTS_PER_MESSAGE,
    LONGEST_TELL_AGAIN,
    MAX_ATTEMPTS,
    commit,
    next_turn,
    publish,
    publish_events,
)
from tests.builders import VAULT
from tests.fakes import World
from tests.workflows.scenes import HOUR, SLOT, change_instance, go_to, jobs, protected, sent

REFUSALS: list[BackupError] = [
    CloudUnavailable("503"),
    Throttled("429", retry_after_seconds=5),
    PermissionMissing("403", scope="topic", role="EventGrid Data Sender"),
]


def event(number: int = 1) -> Event:
    return Event(id=f"e{number}", type="DiskBackup.Job.Completed", source="v", subject="s", at=SLOT, content={"n": 1})


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: error.code)
def test_an_event_the_topic_refuses_waits_and_is_told_later_under_its_id(error: BackupError) -> None:
    world = World()
    world.faults.fail("events.publish", error)
    publish(world.ports, VAULT, "disk-1", [event()])
    (waiting,) = world.queue.waiting()
    assert world.events.published == []
    assert waiting.visible_at >= world.clock.now() + timedelta(seconds=30)
    assert isinstance(waiting.message, PublishEvents)
    publish_events(world.ports, waiting.message)
    assert world.events.published == [event()]


def test_backups_go_on_while_the_topic_refuses_and_all_is_told_in_the_end() -> None:
    platform = protected()
    platform.world.faults.fail("events.publish", CloudUnavailable("503"), times=8)
    platform.run(seconds=30)
    go_to(platform, SLOT + HOUR)
    assert [job.status for job in jobs(platform)] == [JobStatus.COMPLETED] * 2
    assert platform.failures == []
    platform.run(hours=1)
    told = platform.world.events.types()
    assert told.count("DiskBackup.Job.Completed") == told.count("DiskBackup.RecoveryPoint.Created")
    assert told.count("DiskBackup.Job.Completed") >= 2
    assert len({event.id for event in platform.world.events.published}) == len(told)


def test_the_tries_come_ever_later_and_never_end() -> None:
    world = World()
    message = PublishEvents(vault=VAULT, instance_name="disk-1", events=write_events([event()]))
    delays = []
    for _ in range(30):
        world.faults.fail("events.publish", CloudUnavailable("503"))
        publish_events(world.ports, message)
        (waiting,) = world.queue.waiting()
        delays.append(waiting.visible_at - world.clock.now())
        message = waiting.message
        world.queue.delete(waiting)
    assert delays == sorted(delays)
    assert delays[-1] == LONGEST_TELL_AGAIN
    publish_events(world.ports, message)
    assert world.events.published == [event()]


def test_many_events_wait_in_messages_that_a_queue_takes() -> None:
    world = World()
    many = [event(number) for number in range(2 * EVENTS_PER_MESSAGE + 1)]
    world.faults.fail("events.publish", CloudUnavailable("503"), times=3)
    publish(world.ports, VAULT, "disk-1", many)
    assert len(world.queue.waiting()) == 3
    for envelope in world.queue.waiting():
        publish_events(world.ports, envelope.message)  # type: ignore[arg-type]
    assert {each.id for each in world.events.published} == {each.id for each in many}


def test_no_events_are_no_call() -> None:
    world = World()
    publish(world.ports, VAULT, "disk-1", [])
    assert world.faults.calls == []


def test_events_survive_their_way_through_a_queue() -> None:
    many = [event(number) for number in range(3)]
    assert read_events(write_events(many)) == many


@pytest.mark.parametrize("text", ["", "nonsense", "{}", "[1]", '[{"id": "1"}]', '[{"at": "never"}]'])
def test_a_message_that_holds_no_events_is_given_up_and_not_tried_for_ever(text: str) -> None:
    world = World()
    with pytest.raises(MessageMalformed):
        publish_events(world.ports, PublishEvents(vault=VAULT, instance_name="disk-1", events=text))
    assert world.queue.waiting() == []


def test_throttled_is_no_attempt_whatever_the_round() -> None:
    message = StartBackup(vault=VAULT, instance_name="disk-1", job_id="j", deferrals=500, attempts=MAX_ATTEMPTS)
    turn = next_turn(message, Throttled("busy", retry_after_seconds=7), "j")
    assert turn is not None
    assert (turn.message.attempts, turn.message.deferrals) == (MAX_ATTEMPTS, 501)
    assert turn.delay >= timedelta(seconds=7)


def test_two_jobs_do_not_come_back_at_one_instant_and_one_job_always_at_the_same() -> None:
    error = Throttled("busy", retry_after_seconds=1)
    message = StartBackup(vault=VAULT, instance_name="disk-1", job_id="j")
    delays = {next_turn(message, error, f"job-{number}").delay for number in range(50)}  # type: ignore[union-attr]
    assert len(delays) == 50
    assert next_turn(message, error, "job-1") == next_turn(message, error, "job-1")


def test_passing_faults_end_after_the_last_attempt_and_staying_ones_at_once() -> None:
    message = ConfigureProtection(vault=VAULT, instance_name="disk-1", job_id="j", attempts=MAX_ATTEMPTS)
    assert next_turn(message, CloudUnavailable("503"), "j") is None
    first = ConfigureProtection(vault=VAULT, instance_name="disk-1", job_id="j")
    assert next_turn(first, PermissionMissing("403", scope="s", role="r"), "j") is None
    assert next_turn(first, CloudUnavailable("503"), "j") is not None


def test_an_event_that_is_told_twice_has_one_id() -> None:
    platform = protected()
    platform.twice = True
    platform.run(seconds=30)
    kinds = [each.type for each in platform.world.events.published]
    assert kinds.count("DiskBackup.RecoveryPoint.Created") >= 2
    assert platform.world.events.types().count("DiskBackup.RecoveryPoint.Created") == 1
    assert sent(platform, PublishEvents) == []


def test_a_step_that_meets_a_changed_record_decides_anew_a_second_later_and_writes_nothing() -> None:
    platform = protected()
    world = platform.world
    stored = world.store.get(BackupInstance, VAULT, "disk-1")
    assert stored is not None
    change_instance(platform, friendly_name="changed meanwhile")
    message = StartBackup(vault=VAULT, instance_name="disk-1", job_id="j")
    assert commit(world.ports, message, [Replace(stored, replace(stored.value, friendly_name="late"))]) is False
    assert platform.instance().friendly_name == "changed meanwhile"
    (again,) = world.queue.waiting()
    assert (again.message, again.visible_at) == (message, world.clock.now() + timedelta(seconds=1))

"""The tick empties the poison queues: each message is given up, then deleted, whatever dies in between."""

from __future__ import annotations

import pytest

from backup_core.domain.errors import CloudUnavailable
from backup_core.domain.messages import BACKUP, QUEUES
from backup_core.workflows.poison_queues import NotGivenUp, empty_poison_queues
from tests.fakes import World, poison_queue
from tests.workflows.platform import HostDied, Platform
from tests.workflows.scenes import events


def poisoned(*texts: str, queue: str = BACKUP) -> World:
    world = World()
    for text in texts:
        world.queue.put_text(poison_queue(queue), text)
    return world


def left(world: World) -> int:
    return len([each for each in world.queue.waiting() if each.queue not in QUEUES])


@pytest.mark.parametrize("queue", QUEUES)
def test_what_lies_in_any_of_them_is_told_and_gone(queue: str) -> None:
    world = poisoned("nonsense", queue=queue)
    assert empty_poison_queues(world.ports) == 1
    (told,) = world.events.published
    assert (told.type, told.subject) == ("DiskBackup.Message.Poisoned", f"backupInstances/{queue}")
    assert left(world) == 0


def test_empty_ones_cost_a_request_each() -> None:
    world = World()
    assert empty_poison_queues(world.ports) == 0
    assert world.faults.calls == ["queue.poisoned"] * len(QUEUES)


def test_many_are_taken_in_a_few_requests_and_the_rest_is_left_for_the_next_run() -> None:
    world = poisoned(*(f"nonsense {number}" for number in range(100)))
    assert [empty_poison_queues(world.ports) for _ in range(3)] == [96, 4, 0]


def test_one_that_cannot_be_given_up_keeps_nobody_from_the_others_and_comes_again() -> None:
    world = poisoned("one", "two", "three")
    world.faults.fail("store.commit", CloudUnavailable("503"))
    with pytest.raises(NotGivenUp, match="1 messages"):
        empty_poison_queues(world.ports)
    assert left(world) == 1
    world.clock.advance(minutes=5)
    assert empty_poison_queues(world.ports) == 1


@pytest.mark.parametrize("call", ["queue.poisoned", "store.commit", "events.publish", "queue.forget"])
@pytest.mark.parametrize("after", [False, True])
def test_a_tick_that_dies_in_between_is_followed_by_one_that_comes_to_the_same_end(call: str, after: bool) -> None:
    platform = Platform()
    platform.world.queue.put_text(poison_queue(BACKUP), "nonsense")
    platform.world.faults.fail(call, HostDied(), after=after)  # type: ignore[arg-type]
    platform.run(minutes=12)
    assert len(platform.failures) == 1
    assert len(events(platform, "Message.Poisoned")) == 1
    assert left(platform.world) == 0


def test_what_another_tick_was_given_meanwhile_is_left_to_it() -> None:
    world = poisoned("nonsense")
    (first,) = world.queue.poisoned(BACKUP)
    assert world.queue.poisoned(BACKUP) == ()
    world.clock.advance(minutes=5)
    (second,) = world.queue.poisoned(BACKUP)
    world.queue.forget(first)
    assert left(world) == 1
    world.queue.forget(second)
    assert left(world) == 0

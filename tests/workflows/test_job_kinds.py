"""A kind of work is one row: whoever adds one has it dispatched, watched and given up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, get_args

import pytest

from backup_core.domain.errors import MessageMalformed
from backup_core.domain.job import Job, JobOperation, JobStatus
from backup_core.domain.messages import REQUESTS, VERSION, Knock, LookAtResource, Sendable, encode
from backup_core.domain.resource_ids import VaultKey
from backup_core.ports import Change, Insert, Ports
from backup_core.workflows.job_kinds import KINDS, JobKind, give_up, run, watch
from backup_core.workflows.poison import LettingGo
from backup_core.workflows.watching import STALL_AFTER, job_again, watch_row
from tests.builders import VAULT
from tests.fakes import World


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveDisk:
    """A kind of message that the product does not have."""

    kind: ClassVar[str] = "move_disk"
    queue: ClassVar[str] = REQUESTS
    vault: VaultKey
    instance_name: str
    job_id: str
    turn: int = 0
    version: int = VERSION


MESSAGE: Any = MoveDisk(vault=VAULT, instance_name="disk-1", job_id="job-1")


class Mover:
    """What a new kind of work brings along: its step, and what it lets go of."""

    def __init__(self) -> None:
        self.moved: list[str] = []
        self.let_go: list[str] = []
        self.kinds = (
            *KINDS,
            JobKind(
                message=MoveDisk,
                step=self._move,
                watched_as="move",
                again=job_again(MoveDisk),  # type: ignore[arg-type]
                letting_go=LettingGo(others=self._let_go),
            ),
        )

    def _move(self, ports: Ports, message: MoveDisk) -> None:
        self.moved.append(message.job_id)

    def _let_go(self, ports: Ports, message: MoveDisk, failed: Job) -> list[Change]:
        self.let_go.append(failed.job_id)
        return []


@pytest.fixture
def mover() -> Mover:
    return Mover()


@pytest.fixture
def world() -> World:
    """With a job of that kind, which its watch looks after."""
    made = World()
    now = made.clock.now()
    job = Job(job_id="job-1", operation=JobOperation.RESTORE, instance_name="disk-1", created_at=now, touched_at=now)
    made.store.commit(VAULT, [Insert(job)])
    made.store.schedule([watch_row(VAULT, "disk-1", "job-1", "move", now + STALL_AFTER)])
    return made


def test_it_is_dispatched_to_its_step(world: World, mover: Mover) -> None:
    world.queue.send(MESSAGE)
    (envelope,) = world.queue.due()
    run(world.ports, envelope.text, mover.kinds)
    assert (envelope.queue, mover.moved) == (REQUESTS, ["job-1"])


def test_it_is_sent_again_when_its_job_stalls(world: World, mover: Mover) -> None:
    assert watch(world.ports, mover.kinds) == 0
    world.clock.advance(seconds=STALL_AFTER.total_seconds())
    assert watch(world.ports, mover.kinds) == 1
    assert world.queue.sent == [MESSAGE]


def test_it_is_given_up_with_a_failed_job_and_an_event(world: World, mover: Mover) -> None:
    give_up(world.ports, REQUESTS, encode(MESSAGE), mover.kinds)
    stored = world.store.get(Job, VAULT, "job-1")
    assert (stored.value.status, mover.let_go) == (JobStatus.FAILED, ["job-1"])
    assert world.events.types()[0] == "DiskBackup.Restore.Failed"


def test_without_the_row_nobody_knows_it(world: World) -> None:
    with pytest.raises(MessageMalformed, match="kind 'move_disk' is unknown"):
        run(world.ports, encode(MESSAGE))
    world.clock.advance(seconds=STALL_AFTER.total_seconds())
    assert watch(world.ports) == 0


def test_every_message_that_can_be_sent_has_a_row() -> None:
    assert {kind.message for kind in KINDS} == set(get_args(Sendable)) - {LookAtResource}


def test_no_two_rows_are_watched_under_one_name() -> None:
    watched = [kind.watched_as for kind in KINDS if kind.again is not None]
    assert len(watched) == len(set(watched))


def test_a_knock_does_nothing() -> None:
    world = World()
    run(world.ports, encode(Knock()))
    assert world.faults.calls == []

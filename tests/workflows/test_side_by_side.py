"""Two runs of one timer function side by side, as two hosts make them while the storage is silent for longer than a
lease: together they do what one does.

A run is interrupted at each of its port calls in turn by a whole second run, as another process would make it. In the
other half of the cases the first is frozen there for longer than a minute, while the platform lives on, and then goes
on with what it knew. What is left in the end is held against what one run alone leaves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from backup_core.app import Services
from backup_core.domain.agenda import AgendaKind, expiry_row
from backup_core.domain.errors import CloudUnavailable, OperationFailed
from backup_core.domain.messages import StartBackup
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.ports import Memory, Ports
from backup_core.triggers.timers import timer_blueprint
from backup_core.workflows import announcements, outbox
from backup_core.workflows.dispatch import dispatch
from backup_core.workflows.job_kinds import watch
from backup_core.workflows.objectives import check_objectives
from backup_core.workflows.poison_queues import empty_poison_queues
from backup_core.workflows.retention import sweep
from backup_core.workflows.tag_rules import put_rule
from backup_core.workflows.tick import tick
from backup_core.workflows.vaults import put_policy
from tests.builders import VAULT, disk_json, point, policy
from tests.domain.test_protection_rule import rule
from tests.fakes import poison_queue
from tests.invariants import Endings, Records, faults_of_slots
from tests.workflows.platform import Platform
from tests.workflows.proofs import unchecked
from tests.workflows.scenes import HOUR, HOURLY, SLOT, add_point, add_snapshot, backed_up, lose, protected, refuse

BOTH = ("disk-1", "disk-2")
LONG_AGO = SLOT - timedelta(days=30)
FROZEN = timedelta(seconds=70)  # longer than a lease, and than a minute: the next tick has been meanwhile
BROKEN = OperationFailed("Azure ended the snapshot as Failed.", code="DiskSnapshotOperationFailed")
OBJECTIVE = timedelta(minutes=75)  # of what is backed up hourly


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """`prepare` leaves the clock where `duty` is due, with something to do for it. `slots` is what the two disks
    owe by then. `is_done` tells whether what the scene is made for has happened in the end."""

    prepare: Callable[[], Platform]
    duty: Callable[[Ports], object]
    slots: tuple[datetime, ...]
    is_done: Callable[[Platform], bool]


@dataclass(slots=True)
class Outcome:
    """What is left when all is quiet, free of ids and of what depends on the second of a run."""

    points: Counter[tuple[str, Any, str]] = field(default_factory=Counter)
    jobs: Counter[tuple[str, str, str, Any]] = field(default_factory=Counter)
    told: Counter[tuple[str, str]] = field(default_factory=Counter)
    agenda: Counter[tuple[str, str]] = field(default_factory=Counter)
    snapshots: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)
    missed: Counter[tuple[str, datetime]] = field(default_factory=Counter)


def reconciler(ports: Ports) -> None:
    """The timer function itself."""
    services = SimpleNamespace(ports=lambda: ports, observe=lambda function: function, tick=lambda: None)
    functions = {each.get_function_name(): each for each in _functions(cast("Services", services))}
    functions["reconcile"].get_user_function()(timer=None)


def _functions(services: Services) -> Iterator[Any]:
    for builder in timer_blueprint(services)._function_builders:
        yield builder._function


# ---------------------------------------------------------------- scenes


def at(platform: Platform, now: datetime) -> Platform:
    platform.world.clock.set(now)
    return platform


def backups_are_due() -> Platform:
    return at(protected(*BOTH), SLOT)


def messages_are_lost() -> Platform:
    """One backup that was never begun, one that stands in its midst, and events that the topic did not take."""
    platform = backups_are_due()
    dispatch(platform.world.ports)
    never_begun = next(each for each in platform.world.queue.due() if isinstance(each.message, StartBackup))
    platform.world.faults.fail("events.publish", CloudUnavailable("the topic is down"))
    outbox.record(platform.world.ports, VAULT, [announcements.scheduler_recovered(VAULT, SLOT - HOUR, SLOT)])
    platform.world.queue.delete(never_begun)
    platform.deliver()
    platform.world.faults.clear()
    platform.lose_messages()
    return at(platform, SLOT + timedelta(seconds=50))


def messages_have_failed_five_times() -> Platform:
    """The start of one backup, and something that nobody can read, lie in their poison queue."""
    platform = backups_are_due()
    dispatch(platform.world.ports)
    failing = next(each for each in platform.world.queue.due() if isinstance(each.message, StartBackup))
    platform.world.queue.delete(failing)
    platform.world.queue.put_text(poison_queue(failing.queue), failing.text)
    platform.world.queue.put_text(poison_queue(failing.queue), "nonsense")
    platform.world.store.unschedule(platform.agenda(AgendaKind.WATCH))  # else it begins the backup anew meanwhile
    return at(platform, SLOT + timedelta(seconds=31))


def points_are_expired() -> Platform:
    platform = backed_up(*BOTH)
    expire(platform, LONG_AGO, LONG_AGO + HOUR)
    return platform


def expire(platform: Platform, *taken_at: datetime) -> None:
    """Each disk has points of that time, which the agenda knows to be expired."""
    for name in BOTH:
        for each in taken_at:
            add_point(platform, each, name=name)
        with platform.world.faults.paused():
            platform.world.store.schedule([expiry_row(VAULT, name, platform.world.clock.now())])


def in_vain(platform: Platform, **units: float) -> None:
    """Let time pass in which no snapshot can be taken."""
    platform.world.cloud.guard = refuse("start_snapshot", BROKEN)
    platform.run(**units)
    platform.world.cloud.guard = lambda call, target: None


def objectives_are_breached() -> Platform:
    """Two disks that are backed up in vain, when their newest points get too old."""
    platform = at(backed_up(*BOTH), SLOT + HOUR - timedelta(seconds=1))
    in_vain(platform, minutes=1)
    return at(platform, SLOT + OBJECTIVE + timedelta(seconds=32))


def alerts_wait_for_their_digest() -> Platform:
    platform = protected(*BOTH)
    in_vain(platform, seconds=8)
    return at(platform, SLOT + timedelta(seconds=50))


def records_and_world_disagree() -> Platform:
    """A point without its snapshot, a snapshot without its point, an orphan, an agenda that lost rows, and a disk that
    a rule protects."""
    platform = backed_up(*BOTH)
    world = platform.world
    with world.faults.paused():
        lose(platform, platform.points("disk-1")[0])
        (recorded,) = platform.points("disk-2")
        platform.remove(RecoveryPoint, "disk-2", recorded.point_id)
        world.cloud.add_disk(disk_json("disk-9"))
        add_snapshot(platform, point("disk-9", at=SLOT))
        world.store.unschedule(platform.agenda(AgendaKind.BACKUP) + platform.agenda(AgendaKind.EXPIRY))
        put_policy(world.ports, VAULT, policy("policy-1", **HOURLY))
        put_rule(world.ports, rule())
        platform.lose_messages()
        world.cloud.add_disk(disk_json("disk-4", tags={"backup": "daily"}))
    return at(platform, SLOT + timedelta(minutes=7, seconds=50))


def all_is_due() -> Platform:
    """The first tick after a silence: a slot is due, points are expired, objectives are breached."""
    platform = objectives_are_breached()
    expire(platform, LONG_AGO)
    return at(platform, SLOT + 2 * HOUR)


def removed(count: int) -> Callable[[Platform], bool]:
    return lambda platform: len(platform.world.cloud.removed) == count


def told(*kinds: str) -> Callable[[Platform], bool]:
    return lambda platform: set(kinds) <= {kind.removeprefix("DiskBackup.") for kind in platform.world.events.types()}


SCENES = {
    "dispatch": Scene(prepare=backups_are_due, duty=dispatch, slots=(SLOT,), is_done=told("RecoveryPoint.Created")),
    "watch": Scene(prepare=messages_are_lost, duty=watch, slots=(SLOT,), is_done=told("RecoveryPoint.Created")),
    "digests": Scene(prepare=alerts_wait_for_their_digest, duty=watch, slots=(SLOT,), is_done=told("Alert.Fired")),
    "sweep": Scene(prepare=points_are_expired, duty=sweep, slots=(SLOT,), is_done=removed(4)),
    "objectives": Scene(
        prepare=objectives_are_breached,
        duty=check_objectives,
        slots=(SLOT, SLOT + HOUR),
        is_done=told("Rpo.Breached"),
    ),
    "poison": Scene(
        prepare=messages_have_failed_five_times,
        duty=empty_poison_queues,
        slots=(SLOT,),
        is_done=told("Message.Poisoned", "Job.Failed"),
    ),
    "reconcile": Scene(
        prepare=records_and_world_disagree,
        duty=reconciler,
        slots=(SLOT,),
        is_done=told("RecoveryPoint.Lost", "RecoveryPoint.Created", "Snapshot.Orphaned"),
    ),
    "tick": Scene(prepare=all_is_due, duty=tick, slots=(SLOT, SLOT + HOUR, SLOT + 2 * HOUR), is_done=removed(2)),
}


# ---------------------------------------------------------------- proof


def another_process(platform: Platform) -> Ports:
    return replace(platform.world.ports, memory=Memory())


def end(platform: Platform, scene: Scene) -> Outcome:
    """Live on for three quarters of an hour, whoever reconciles in it; then look."""
    endings, faults = Endings(), list[str]()
    for minutes in (12, 4, 10):
        platform.run(minutes=minutes)
        faults += endings.look(platform.jobs())
        reconciler(another_process(platform))
    platform.run(minutes=16)
    faults += endings.look(platform.jobs())
    assert faults == []
    assert platform.failures == []
    return outcome_of(platform, scene)


def name_of(snapshot_id: str) -> str:
    """Without what is drawn by lot."""
    return snapshot_id.rsplit("/", 1)[1].rsplit("-", 1)[0]


def outcome_of(platform: Platform, scene: Scene) -> Outcome:
    """Raises AssertionError for what must never be, whether one run leaves it or two."""
    cloud, jobs = platform.world.cloud, platform.jobs()
    assert len(set(cloud.taken)) == len(cloud.taken), "a snapshot was taken twice"
    assert platform.world.queue.waiting() == [], "a message is left for ever"
    found = Outcome(
        jobs=Counter((job.operation.value, job.instance_name, job.status.value, job.slot) for job in jobs),
        told=Counter((event.type, event.subject) for event in platform.world.events.distinct),
        agenda=Counter((kind.value, row.instance_name) for kind in AgendaKind for row in platform.agenda(kind)),
        snapshots=Counter(map(name_of, cloud.snapshot_ids())),
        removed=Counter(map(name_of, cloud.removed)),
        taken=Counter(map(name_of, cloud.taken)),
    )
    for name in BOTH:
        instance, points = platform.instance(name), platform.points(name)
        own = [job for job in jobs if job.instance_name == name]
        assert faults_of_slots(scene.slots, Records(jobs=own, points=points, instance=instance)) == []
        found.points.update((name, each.slot, each.state.value) for each in points)
        found.missed.update((name, slot) for slot in instance.missed_slots)
    return found


def differences(found: Outcome, wanted: Outcome) -> dict[str, tuple[Any, Any]]:
    """What is left too much, and what is missing, by what it is."""
    both = ((each.name, getattr(found, each.name), getattr(wanted, each.name)) for each in fields(Outcome))
    return {name: (one - other, other - one) for name, one, other in both if one != other}


def alone(scene: Scene, platform: Platform) -> tuple[int, Outcome]:
    """How many calls a run makes, and what it leaves."""
    before = len(platform.world.faults.calls)
    scene.duty(another_process(platform))
    calls = len(platform.world.faults.calls) - before
    outcome = end(platform, scene)
    assert scene.is_done(platform), platform.world.events.types()
    return calls, outcome


@pytest.mark.parametrize("frozen", [timedelta(0), FROZEN], ids=["at once", "frozen"])
@pytest.mark.parametrize("name", SCENES)
def test_two_runs_side_by_side_do_what_one_does(name: str, frozen: timedelta) -> None:
    scene = SCENES[name]
    prepared = scene.prepare()
    calls, wanted = alone(scene, prepared.copy())
    assert calls >= 4, "a run that does nothing proves nothing"
    for nth in range(calls):
        platform = unchecked(prepared.copy())

        def second_run(platform: Platform = platform) -> None:
            scene.duty(another_process(platform))
            if frozen:
                platform.run(seconds=frozen.total_seconds())

        platform.world.faults.interrupt_nth(nth, second_run)
        scene.duty(another_process(platform))
        try:
            outcome = end(platform, scene)
        except AssertionError as failed:
            raise AssertionError(f"interrupted at call {nth} of {calls}") from failed
        assert differences(outcome, wanted) == {}, f"interrupted at call {nth} of {calls}"

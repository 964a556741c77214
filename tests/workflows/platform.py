"""The platform in memory: fires the timers, delivers the messages, gives a failed one back, and kills hosts on request.

platform = Platform()
platform.protect("disk-1", intervals=(...,))
platform.run(minutes=10)
platform.check_invariants()
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from backup_core.adapters.compute import read_snapshot
from backup_core.domain.agenda import AgendaKind
from backup_core.domain.copying import PointCopy
from backup_core.domain.errors import CloudUnavailable
from backup_core.domain.heartbeat import STALLED_AFTER, Heartbeat
from backup_core.domain.instance import BackupInstance, InstanceRequest
from backup_core.domain.job import Job, JobStatus
from backup_core.domain.messages import QUEUES, RESOURCE_EVENTS
from backup_core.domain.outbox import OUTBOX
from backup_core.domain.points import count_of
from backup_core.domain.recovery_point import PointState, RecoveryPoint
from backup_core.domain.resource_ids import ANYWHERE, VaultKey
from backup_core.ports import Memory, Record, Remove, Stored, every
from backup_core.triggers.timers import TICK
from backup_core.workflows.job_kinds import run
from backup_core.workflows.protection import configure_instance
from backup_core.workflows.rebuild import rebuild_catalogue
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.reconcile_report import ReconcileReport
from backup_core.workflows.resource_events import SnapshotHomes, take_message
from backup_core.workflows.tick import tick
from backup_core.workflows.vaults import put_policy, put_vault
from tests.builders import SNAPSHOT_GROUP, TARGET_GROUP, VAULT, disk_id, disk_json, policy, vault
from tests.fakes import Envelope, World

TRIES = 5
HOLD_OF_A_DEAD_HOST = timedelta(minutes=10)
TICKS = tuple(int(second) for second in TICK.split(" ")[0].split(","))
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
R = TypeVar("R", bound=Record)


class HostDied(BaseException):
    """The process is gone in mid-step: no handler of ours may see it, and its message is invisible for ten minutes."""


@dataclass(slots=True)
class Platform:
    world: World = field(default_factory=World)
    twice: bool = False  # deliver every message a second time
    failures: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    poisoned: list[Envelope] = field(default_factory=list)
    homes: SnapshotHomes = field(default_factory=SnapshotHomes)
    every_tick: bool = False  # also those that find nothing: for who counts calls
    before_second: Callable[[Platform, datetime], None] = lambda platform, until: None  # of a run until then
    begun: list[tuple[int, str]] = field(default_factory=list)  # each function's first port call, and what it is
    _dequeues: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        with self.world.faults.paused():
            put_vault(self.world.ports, vault())
            self.world.cloud.add_group(SNAPSHOT_GROUP)
            self.world.cloud.add_group(TARGET_GROUP)

    def copy(self) -> Platform:
        """Another platform to which the same happened, in a process that remembers the same."""
        remembered, memory = self.world.memory, Memory()
        memory._instants, memory._kept = dict(remembered._instants), dict(remembered._kept)
        return deepcopy(self, {id(remembered): memory})

    def protect(self, name: str = "disk-1", *, disk: dict[str, Any] | None = None, **policy_properties: Any) -> str:
        """Configure an instance of the disk's name, through the workflows, and run until it is protected."""
        with self.world.faults.paused():
            self.world.cloud.add_disk(disk or disk_json(name))
            put_policy(self.world.ports, VAULT, policy(f"policy-{name}", **policy_properties))
            configure_instance(self.world.ports, VAULT, request(name))
            self.run(seconds=1)
        return name

    def ask(self, request: Callable[[], object]) -> None:
        """A client's request, which may meet trouble too: then the client was told no, whatever was begun."""
        self._begin("request")
        try:
            request()
        except (HostDied, CloudUnavailable) as error:
            self.refused.append(repr(error))

    def run(self, **units: float) -> None:
        """Let time pass second by second: timers at their seconds, messages when they are visible. Seconds and ticks in
        which nothing can happen are left out."""
        self.run_until(self.world.clock.now() + timedelta(**units))

    def run_until(self, until: datetime) -> None:
        clock = self.world.clock
        while (now := clock.now()) < until:
            self.before_second(self, until)
            clock.advance(SECOND * min(_seconds(until - now), self._idle_for(now, until)))
            self.fire_timers()
            self.deliver()

    def _idle_for(self, now: datetime, until: datetime) -> int:
        """How many seconds it is to the next in which a message is visible or a tick finds something."""
        visible = self.world.queue.next_visible_at()
        tick = _first_tick(max(now + SECOND, self._quiet_until(until)))
        return max(1, _seconds(min(visible or tick, tick) - now))

    def _quiet_until(self, until: datetime) -> datetime:
        """No tick before it would do more than note itself: nothing is due, or to be knocked for, and nothing lies in a
        poison queue. One comes often enough that there is no silence to be told of, and at the end of all."""
        now, visible = self.world.clock.now(), self.world.queue.next_visible_at()
        if self.every_tick or self.world.faults.are_planned or (visible is not None and visible <= now):
            return now
        with self.world.faults.paused():
            stored = self.world.store.get(Heartbeat, ANYWHERE)
        if stored is None or stored.value.is_held:
            return now
        knocked_for = (self.world.store.next_due_at() or until + 2 * MINUTE) - 2 * MINUTE
        silent = stored.value.ticked_at + STALLED_AFTER - MINUTE
        return min(knocked_for, silent, until).replace(second=0, microsecond=0)

    def tags(self, snapshot_id: str) -> dict[str, str]:
        """As Azure shows them."""
        shown = self.world.cloud.shown(snapshot_id)
        assert shown is not None, f"no {snapshot_id}"
        return dict(shown["tags"])

    def immutable_until(self, snapshot_id: str) -> datetime | None:
        """When Azure's own immutability of a snapshot ends."""
        shown = self.world.cloud.shown(snapshot_id)
        found = read_snapshot(shown).immutability if shown is not None else None
        return found.until if found is not None else None

    def settle(self) -> ReconcileReport:
        """Time enough for what was lost to be found, then reconcile, then time for what that started."""
        self.run(minutes=12)
        reconcile(self.world.ports)
        self.run(minutes=4)
        return reconcile(self.world.ports)

    def deliver(self) -> None:
        """Deliver what is visible now, each message once (or twice). Nobody listens to a poison queue."""
        for envelope in self.world.queue.due():
            if envelope.queue not in QUEUES:
                continue
            for _ in range(2 if self.twice else 1):
                self._deliver(envelope)

    def _deliver(self, envelope: Envelope) -> None:
        if envelope.queue == RESOURCE_EVENTS:
            self._begin(RESOURCE_EVENTS)
            try:
                take_message(self.world.ports, envelope.text, self.homes)
            except HostDied:
                self.world.queue.hide(envelope, self.world.clock.now() + HOLD_OF_A_DEAD_HOST)
            else:
                self.world.queue.delete(envelope)
            return
        self._dequeues[envelope.number] += 1
        self._begin(envelope.kind)
        try:
            run(self.world.ports, envelope.text)
        except HostDied:
            self.world.queue.hide(envelope, self.world.clock.now() + HOLD_OF_A_DEAD_HOST)
        except Exception as error:
            self.failures.append(f"{envelope.kind}: {error!r}")
            self._give_back(envelope)
        else:
            self.world.queue.delete(envelope)

    def _give_back(self, envelope: Envelope) -> None:
        if self._dequeues[envelope.number] < TRIES:
            self.world.queue.hide(envelope, self.world.clock.now() + timedelta(seconds=5))
            return
        self.give_up(envelope)

    def give_up(self, envelope: Envelope) -> None:
        """What the platform does with a message that failed five times. A tick finds it there."""
        self.world.queue.poison(envelope)
        self.poisoned.append(envelope)

    def fire_timers(self) -> None:
        second = self.world.clock.now().second
        if second not in TICKS:
            return
        self._begin("tick")
        try:
            tick(self.world.ports)
        except (HostDied, Exception) as error:
            self.failures.append(f"tick at {second}: {error!r}")

    def _begin(self, what: str) -> None:
        self.begun.append((len(self.world.faults.calls), what))

    def stored(self, record: type[R], *key: str, vault: VaultKey = VAULT) -> Stored[R]:
        """The row of that key, which is there."""
        with self.world.faults.paused():
            found = self.world.store.get(record, vault, *key)
        assert found is not None, f"no {record.__name__} {key}"
        return found

    def remove(self, record: type[Record], *key: str, vault: VaultKey = VAULT) -> None:
        """The row is lost, and nothing else, as by a hand in the table."""
        row = self.stored(record, *key, vault=vault)
        with self.world.faults.paused():
            self.world.store.commit(vault, [Remove(row)])

    def lose_messages(self) -> None:
        """All that wait in the queues."""
        for envelope in self.world.queue.waiting():
            self.world.queue.delete(envelope)

    def rebuild(self) -> ReconcileReport:
        """All tables are lost, and the catalogue is rebuilt from the tags of the snapshots."""
        self.world.store.forget_everything()
        return rebuild_catalogue(self.world.ports, [SNAPSHOT_GROUP])

    def has_instance(self, name: str) -> bool:
        with self.world.faults.paused():
            return self.world.store.get(BackupInstance, VAULT, name) is not None

    def instance(self, name: str = "disk-1") -> BackupInstance:
        return self.stored(BackupInstance, name).value

    def points(self, name: str = "disk-1") -> list[RecoveryPoint]:
        with self.world.faults.paused():
            return [stored.value for stored in every(self.world.ports, RecoveryPoint, VAULT, name)]

    def jobs(self) -> list[Job]:
        with self.world.faults.paused():
            return [stored.value for stored in every(self.world.ports, Job, VAULT)]

    def agenda(self, kind: AgendaKind) -> list[Any]:
        with self.world.faults.paused():
            rows = self.world.store.agenda(kind)
            return [row for row in rows if row.instance_name != OUTBOX]  # the outbox's rows are no job's

    def copies(self, name: str = "disk-1") -> list[PointCopy]:
        """Of the instance's points in other regions, oldest first."""
        with self.world.faults.paused():
            found = [stored.value for stored in every(self.world.ports, PointCopy, VAULT, name)]
        return sorted(found, key=lambda copy: copy.point_at)

    def check_invariants(self, *, slots: list[datetime], name: str = "disk-1") -> None:
        """What must hold whatever happened: no due slot lost, one snapshot a slot, nothing left over."""
        points = self.points(name)
        taken = Counter(self.world.cloud.taken)
        assert all(count == 1 for count in taken.values()), f"a snapshot was taken twice: {taken}"
        by_slot = Counter(job.slot for job in self.jobs() if job.slot and job.instance_name == name)
        assert all(count == 1 for count in by_slot.values()), f"two jobs for one slot: {by_slot}"
        kept = {point.slot for point in points if point.slot}
        answered = (
            kept
            | set(self.instance(name).missed_slots)
            | {job.slot for job in self.jobs() if job.status is JobStatus.FAILED}
        )
        expired = {job.slot for job in self.jobs() if job.status is JobStatus.COMPLETED} - {None}
        lost = [slot for slot in slots if slot not in answered | expired]
        assert not lost, f"slots without a trace: {lost}"
        assert self.instance(name).active is None, "the instance is still held"
        assert self.instance(name).point_count == count_of(points), "the row counts other points than there are"
        assert all(job.is_ended for job in self.jobs()), [job for job in self.jobs() if not job.is_ended]
        live = {snapshot.lower() for snapshot in self.world.cloud.snapshot_ids()}
        recorded = {point.snapshot_id.lower() for point in points if point.state is not PointState.LOST}
        recorded |= {copy.snapshot_id.lower() for copy in self.copies(name) if copy.is_whole}
        assert live == recorded, f"orphans {live - recorded}, points without snapshot {recorded - live}"
        assert [row for row in self.agenda(AgendaKind.BACKUP) if row.instance_name == name], "never due again"


def _first_tick(at: datetime) -> datetime:
    """At that second or later."""
    return next(tick for wait in range(60) if (tick := at + wait * SECOND).second in TICKS)


def _seconds(time: timedelta) -> int:
    """A begun second counts."""
    return -(-time // SECOND)


def request(name: str = "disk-1", **changes: Any) -> InstanceRequest:
    values: dict[str, Any] = {
        "name": name,
        "friendly_name": name,
        "disk_id": disk_id(name),
        "disk_location": "westeurope",
        "snapshot_group_id": SNAPSHOT_GROUP.text,
        "policy_name": f"policy-{name}",
        "tags": {"team": "storage"},
        "request": {"objectType": "BackupInstance"},
    }
    return InstanceRequest(**(values | changes))

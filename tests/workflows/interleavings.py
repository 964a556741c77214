"""One disk under everything at once: a schedule with a slot every few minutes, requests that change its protection,
ticks that do not run, slow queues, doubled, lost and poisonous messages, and an Azure that throttles and fails.

A run is a seed: the same seed does the same. Slots that became due are noted as they do; when all is quiet, what is on
record is held against tests/invariants.py.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from backup_core.domain.agenda import backup_row
from backup_core.domain.errors import BackupError, CloudUnavailable, Throttled
from backup_core.domain.instance import BackupInstance
from backup_core.ports import StateConflict
from backup_core.workflows.lifecycle import delete_instance, stop_protection, suspend_backups, undelete_instance
from backup_core.workflows.on_demand import request_backup
from backup_core.workflows.protection import configure_instance, resume_protection, sync_instance
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.vaults import put_policy, put_vault
from tests.builders import VAULT, policy, vault, vault_properties
from tests.invariants import Due, Endings, Records, faults_of_slots
from tests.workflows.platform import HostDied, Platform, request
from tests.workflows.scenes import SLOT

NAME = "disk-1"
SCHEDULES = (
    ("R/2026-03-01T00:00:00+00:00/PT1M",),
    ("R/2026-03-01T00:00:00+00:00/PT2M",),
    ("R/2026-03-01T00:01:00+00:00/PT3M",),
    ("R/2026-03-01T00:00:00+00:00/PT5M",),
)
TROUBLES = 45  # of one run, spread over it


@dataclass(slots=True)
class Interleaving:
    seed: int
    due: Due = field(default_factory=Due)
    endings: Endings = field(default_factory=Endings)
    faults: list[str] = field(default_factory=list)
    ticks_stand_still: int = 0  # seconds
    resumed_in: int = 0  # seconds, after protection was paused
    random: random.Random = field(init=False)
    platform: Platform = field(init=False)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.platform = self._new_platform()
        self.platform.world.clock.set(SLOT - timedelta(seconds=10))
        self.platform.protect(NAME, intervals=SCHEDULES[0], retention="PT4H")

    def _new_platform(self) -> Platform:
        return Platform()

    def run(self, *, minutes: int = 30) -> list[str]:
        """Every fault that was found; none is what we want."""
        seconds = minutes * 60
        at = sorted(self.random.sample(range(seconds), TROUBLES))
        for second in range(seconds):
            for _ in range(at.count(second)):
                self.random.choice(self._troubles())()
            self._note_due()
            self._second()
        self._calm_down()
        return [*self.faults, *self._judge()]

    def _note_due(self) -> None:
        """What is due in the second that begins now."""
        self._note_due_of(NAME, self.due)

    def _note_due_of(self, name: str, due: Due) -> None:
        now = self.platform.world.clock.now() + timedelta(seconds=1)
        if now.second == 0:  # no schedule of ours has a slot at another
            with self.platform.world.faults.paused():
                stored = self.platform.world.store.get(BackupInstance, VAULT, name)
            due.note(now, stored.value if stored is not None else None)

    def _second(self) -> None:
        world = self.platform.world
        self.resumed_in -= 1
        if self.resumed_in == 0:
            self._resume()
        if self.ticks_stand_still:
            self.ticks_stand_still -= 1
            world.clock.advance(seconds=1)
            self.platform.deliver()
        else:
            self.platform.run(seconds=1)
        if world.clock.now().second % 10 == 0:
            self.faults += self.endings.look(self.platform.jobs())

    def _end_troubles(self) -> None:
        world = self.platform.world
        world.faults.clear()
        world.cloud._late_errors.clear()
        world.cloud.snapshot_time = timedelta(seconds=1)
        world.queue.wait = timedelta(0)
        self.ticks_stand_still = 0

    def _calm_down(self) -> None:
        world = self.platform.world
        self._end_troubles()
        with world.faults.paused():
            self._ask(lambda: stop_protection(world.ports, VAULT, NAME))
        for _ in range(3):
            self.platform.run(minutes=12)
            self._ask(lambda: reconcile(world.ports))
        self.faults += self.endings.look(self.platform.jobs())

    def _judge(self) -> list[str]:
        open_jobs = [job for job in self.platform.jobs() if not job.is_ended]
        return [*self._faults_of_slots(NAME, self.due), *(f"{job.operation} is {job.status}" for job in open_jobs)]

    def _faults_of_slots(self, name: str, due: Due) -> Iterator[str]:
        platform = self.platform
        instance = platform.instance(name) if platform.has_instance(name) else None
        every = Records(jobs=platform.jobs(), points=platform.points(name), instance=instance)
        for generation, slots in due.by_generation().items():
            yield from faults_of_slots(slots, Records.of_generation(VAULT, name, generation, every))

    def _troubles(self) -> tuple[Callable[[], None], ...]:
        return (
            self._throttle,
            self._throttle,
            self._fail_calls,
            self._fail_late,
            self._slow_queue,
            self._busy_queue,
            self._double,
            self._lose,
            self._poison,
            self._stop_ticks,
            self._stop_ticks,
            self._kill,
            self._slow_snapshots,
            self._add_row,
            self._stop,
            self._resume,
            self._resume,
            self._suspend,
            self._reschedule,
            self._reschedule,
            self._soft_delete_and_back,
            self._delete_and_anew,
            self._on_demand,
            self._sync,
        )

    def _ask(self, request: Callable[[], object]) -> None:
        """A client's request; that it is told no is an interleaving, too."""
        with suppress(BackupError, StateConflict, HostDied):
            request()

    def _throttle(self) -> None:
        call = self.random.choice(("get_disk", "start_snapshot", "get_operation"))
        error = Throttled("later", retry_after_seconds=self.random.choice((1, 20, 70, 200)))
        self.platform.world.faults.fail(f"cloud.{call}", error, times=self.random.randint(1, 6))

    def _fail_calls(self) -> None:
        call = self.random.choice(("cloud.get_disk", "cloud.start_snapshot", "store.commit", "queue.send", "store.get"))
        after = self.random.random() < 0.5
        self.platform.world.faults.fail(call, CloudUnavailable("503"), times=self.random.randint(1, 3), after=after)

    def _fail_late(self) -> None:
        self.platform.world.cloud.fail_late(self.random.choice(("InternalExecutionError", "InvalidParameter")))

    def _slow_queue(self) -> None:
        """What waits now is seen much later."""
        queue, now = self.platform.world.queue, self.platform.world.clock.now()
        for envelope in queue.waiting():
            late = timedelta(seconds=self.random.choice((30, 60, 150, 400)))
            queue.hide(envelope, max(envelope.visible_at, now) + late)

    def _busy_queue(self) -> None:
        """Every message lies there for a while, from now until the next time."""
        self.platform.world.queue.wait = timedelta(seconds=self.random.choice((0, 0, 50, 120)))

    def _double(self) -> None:
        for envelope in self.platform.world.queue.waiting():
            self.platform.world.queue.duplicate(envelope)

    def _lose(self) -> None:
        waiting = self.platform.world.queue.waiting()
        if waiting:
            self.platform.world.queue.delete(self.random.choice(waiting))

    def _poison(self) -> None:
        """One copy of a message fails until it is given up, the other comes later."""
        waiting = [each for each in self.platform.world.queue.waiting() if not each.queue.endswith("-poison")]
        if waiting:
            chosen = self.random.choice(waiting)
            self.platform.world.queue.duplicate(chosen)
            self.platform.give_up(chosen)

    def _stop_ticks(self) -> None:
        self.ticks_stand_still = self.random.choice((70, 200, 500))

    def _kill(self) -> None:
        nth, after = self.random.randint(0, 12), self.random.random() < 0.5
        self.platform.world.faults.fail_nth(nth, HostDied(), after=after)

    def _slow_snapshots(self) -> None:
        self.platform.world.cloud.snapshot_time = timedelta(seconds=self.random.choice((1, 1, 100, 300)))

    def _add_row(self) -> None:
        """What a reconciler adds that does not see the row on its way from one place to another."""
        with self.platform.world.faults.paused():
            stored = self.platform.world.store.get(BackupInstance, VAULT, NAME)
            if stored is not None and stored.value.takes_scheduled_backups and stored.value.due_from is not None:
                self.platform.world.store.schedule([backup_row(VAULT, stored.value, stored.value.next_due_at)])

    def _stop(self) -> None:
        self.resumed_in = self.random.choice((1, 20, 90, 300))
        self._ask(lambda: stop_protection(self.platform.world.ports, VAULT, NAME))

    def _resume(self) -> None:
        self._ask(lambda: resume_protection(self.platform.world.ports, VAULT, NAME))

    def _suspend(self) -> None:
        self.resumed_in = self.random.choice((1, 20, 90, 300))
        self._ask(lambda: suspend_backups(self.platform.world.ports, VAULT, NAME))

    def _sync(self) -> None:
        self._ask(lambda: sync_instance(self.platform.world.ports, VAULT, NAME))

    def _reschedule(self) -> None:
        changed = policy(f"policy-{NAME}", intervals=self.random.choice(SCHEDULES), retention="PT4H")
        self._ask(lambda: put_policy(self.platform.world.ports, VAULT, changed))

    def _soft_delete_and_back(self) -> None:
        self._with_soft_delete("On")
        self._ask(lambda: delete_instance(self.platform.world.ports, VAULT, NAME))
        if self.random.random() < 0.5:
            self._second()
        self._ask(lambda: undelete_instance(self.platform.world.ports, VAULT, NAME))
        self._resume()

    def _delete_and_anew(self) -> None:
        self._with_soft_delete("Off")
        self._ask(lambda: delete_instance(self.platform.world.ports, VAULT, NAME))
        for _ in range(self.random.choice((5, 60, 200))):
            self._note_due()
            self._second()
        self._ask(lambda: configure_instance(self.platform.world.ports, VAULT, request(NAME)))

    def _with_soft_delete(self, state: str) -> None:
        with self.platform.world.faults.paused():
            properties = vault_properties(soft_delete=state)
            self._ask(lambda: put_vault(self.platform.world.ports, vault(properties=properties)))

    def _on_demand(self) -> None:
        ports = self.platform.world.ports
        self._ask(lambda: request_backup(ports, VAULT, NAME, rule_name="BackupHourly", retention_tag=None))
